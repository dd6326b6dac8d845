//! Signing in: start, and finish at the assertion consumer service.

use std::fmt;

use chrono::{DateTime, Utc};

use super::{FlowError, of_issuer, of_organization};
use crate::browser::BrowserCookie;
use crate::connection::Connection;
use crate::error::{Flow, Profile, Rejection};
use crate::events;
use crate::login::{self, Finished, LoginStart, RESTARTED, Started};
use crate::pending::Purpose;
use crate::policy::Unsolicited;
use crate::profile::{Received, SolicitedResponse, UnsolicitedResponse};
use crate::sp::ServiceProvider;
use crate::storage::{LoginStore, Peeked};

/// What the browser brought to the assertion consumer service.
#[derive(Clone, Copy)]
pub struct Arrival<'a> {
    /// The form field `SAMLResponse`.
    pub saml_response: &'a str,
    /// The form field `RelayState`.
    pub relay_state: Option<&'a str>,
    /// The value of the cookie [`BrowserCookie::NAME`].
    pub cookie: Option<&'a str>,
}

/// Shows nothing of it: the assertion and the cookie are in it.
impl fmt::Debug for Arrival<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Arrival(..)")
    }
}

/// How a login went on.
#[derive(Debug)]
#[must_use]
pub enum Arrived {
    /// It is finished.
    Finished(Finished),
    /// Nobody had asked for it, and the policy says to ask: send the browser on.
    Restarted(Started),
}

/// Starts a login at a connection's identity provider and keeps it in the store.
///
/// # Errors
/// [`FlowError::Start`], [`FlowError::Store`]; in both cases nothing may be sent.
pub async fn start_login<S: LoginStore>(
    store: &S,
    sp: &ServiceProvider,
    connection: &Connection,
    start: LoginStart,
    now: DateTime<Utc>,
) -> Result<Started, FlowError<S::Error>> {
    let started = login::start_login(sp, connection, start, now)?;
    store.keep(&started.keep).await.map_err(FlowError::Store)?;
    Ok(started)
}

/// Finishes a login, asked for or not, with one of the connections of the organization whose
/// endpoint received it.
///
/// # Errors
/// [`FlowError::Rejected`] with the private report in it, [`FlowError::Store`].
pub async fn finish_login<S: LoginStore>(
    store: &S,
    sp: &ServiceProvider,
    connections: &[Connection],
    arrival: Arrival<'_>,
    now: DateTime<Utc>,
) -> Result<Arrived, FlowError<S::Error>> {
    let outcome = match Received::from_post(arrival.saml_response, sp.limits())? {
        Received::Solicited(response) => finish_solicited(store, sp, connections, response, arrival, now).await,
        Received::Unsolicited(response) => finish_unsolicited(store, sp, connections, response, arrival, now).await,
    };
    match &outcome {
        Ok(Arrived::Finished(finished)) => events::report_login(finished.login()),
        Err(FlowError::Rejected(rejection)) => events::report_rejection(rejection),
        _ => {}
    }
    outcome
}

async fn finish_solicited<S: LoginStore>(
    store: &S,
    sp: &ServiceProvider,
    connections: &[Connection],
    response: SolicitedResponse,
    arrival: Arrival<'_>,
    now: DateTime<Utc>,
) -> Result<Arrived, FlowError<S::Error>> {
    let pending = match store.peek(response.in_response_to().for_lookup()).await.map_err(FlowError::Store)? {
        Peeked::Pending(pending) => pending,
        Peeked::Used => {
            let request = response.in_response_to().for_lookup().as_str();
            return Err(Rejection::new(Flow::RequestConsumed).finding(request).into());
        }
        Peeked::Unknown => return Err(response.refuse_unknown().into()),
    };
    let connection = of_organization(connections, pending.key().connection())?;
    let bound = pending.returned_by(arrival.cookie.and_then(BrowserCookie::from_value).as_ref())?;
    let (key, purpose) = (bound.pending().key().clone(), bound.pending().purpose());
    let host_state = bound.pending().host_state().map(str::to_owned);
    let carried = bound.pending().relay_state().map(str::to_owned);
    match response.verify(sp, connection, bound, now) {
        Ok(verified) => {
            let claim = store.complete(&key, verified.replay_key()).await.map_err(FlowError::Store)?;
            let login = verified.claimed(claim)?;
            let relay_state = match arrival.relay_state {
                Some(RESTARTED) => carried.as_deref(),
                relay_state => relay_state,
            };
            Ok(Arrived::Finished(Finished::new(login, purpose, host_state, relay_state)))
        }
        Err(rejection) => {
            // From the right browser, so nobody else's: every attempt costs a new login.
            store.take(&key).await.map_err(FlowError::Store)?;
            Err(rejection.into())
        }
    }
}

async fn finish_unsolicited<S: LoginStore>(
    store: &S,
    sp: &ServiceProvider,
    connections: &[Connection],
    response: UnsolicitedResponse,
    arrival: Arrival<'_>,
    now: DateTime<Utc>,
) -> Result<Arrived, FlowError<S::Error>> {
    let connection = of_issuer(connections, response.issuer())?;
    if connection.policy().unsolicited() == Unsolicited::Convert {
        if arrival.relay_state == Some(RESTARTED) {
            return Err(Rejection::new(Profile::Unsolicited)
                .expecting("an answer to our request")
                .finding("no InResponseTo")
                .into());
        }
        let cookie = arrival.cookie.and_then(BrowserCookie::from_value);
        let start = LoginStart::restarting(arrival.relay_state).with_cookie(cookie);
        return start_login(store, sp, connection, start, now).await.map(Arrived::Restarted);
    }
    let verified = response.verify(sp, connection, now)?;
    let claim = store.claim(verified.replay_key()).await.map_err(FlowError::Store)?;
    let login = verified.claimed(claim)?;
    Ok(Arrived::Finished(Finished::new(login, Purpose::Login, None, arrival.relay_state)))
}
