//! Signing in: start, and finish at the assertion consumer service.

use std::fmt;

use chrono::{DateTime, Utc};

use super::key_service::{Host, KeyService, ask};
use super::{FlowError, of_issuer, of_organization};
use crate::browser::BrowserCookie;
use crate::connection::Connection;
use crate::error::{Flow, Profile, Rejection};
use crate::events;
use crate::login::{self, Finished, LoginStart, RESTARTED, Started};
use crate::names::AccountId;
use crate::pending::{PendingKey, Purpose};
use crate::policy::Unsolicited;
use crate::profile::{Claim, Login, Received, ReplayKey, SolicitedResponse, UnsolicitedResponse, VerifiedLogin};
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
    finish(Host::with_store(store), sp, connections, arrival, now).await
}

/// As [`finish_login`], for a service provider with a decryption key that a service in the network holds: the service is
/// asked where the key is needed, after everything that can be checked before.
///
/// # Errors
/// As [`finish_login`].
pub async fn finish_login_asking<S: LoginStore, K: KeyService>(
    store: &S,
    keys: &K,
    sp: &ServiceProvider,
    connections: &[Connection],
    arrival: Arrival<'_>,
    now: DateTime<Utc>,
) -> Result<Arrived, FlowError<S::Error>> {
    finish(Host { store, keys: Some(keys) }, sp, connections, arrival, now).await
}

async fn finish<S: LoginStore, K: KeyService>(
    host: Host<'_, S, K>,
    sp: &ServiceProvider,
    connections: &[Connection],
    arrival: Arrival<'_>,
    now: DateTime<Utc>,
) -> Result<Arrived, FlowError<S::Error>> {
    let store = host.store;
    let outcome = match verify_arrival(host, sp, connections, arrival, now).await {
        Ok(Verified::Answered(answered)) => answered.complete(store).await.map(Arrived::Finished),
        Ok(Verified::Restarted(started)) => Ok(Arrived::Restarted(*started)),
        Err(error) => Err(error),
    };
    match &outcome {
        Ok(Arrived::Finished(finished)) => events::report_login(finished.login()),
        Err(FlowError::Rejected(rejection)) => events::report_rejection(rejection),
        _ => {}
    }
    outcome
}

/// A response as far as it can be judged without using anything up.
pub(super) enum Verified {
    Answered(Box<Answered>),
    Restarted(Box<Started>),
}

/// A verified login, and what has to be used up before it is one.
pub(super) struct Answered {
    verified: VerifiedLogin,
    connection: Connection,
    /// The login that was pending, if it was asked for.
    pending: Option<PendingKey>,
    purpose: Purpose,
    account: Option<AccountId>,
    host_state: Option<String>,
    relay_state: Option<String>,
}

impl Answered {
    pub(super) fn login(&self) -> &Login {
        self.verified.unclaimed()
    }

    pub(super) fn replay_key(&self) -> &ReplayKey {
        self.verified.replay_key()
    }

    pub(super) fn pending(&self) -> Option<&PendingKey> {
        self.pending.as_ref()
    }

    pub(super) fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Who was signed in when it was started.
    pub(super) fn account(&self) -> Option<&AccountId> {
        self.account.as_ref()
    }

    pub(super) fn claimed(self, claim: Claim) -> Result<Finished, Rejection> {
        let login = self.verified.claimed(claim)?;
        let finished = Finished::new(login, self.connection, self.relay_state.as_deref());
        Ok(finished.with_start(self.purpose, self.host_state))
    }

    async fn complete<S: LoginStore>(self, store: &S) -> Result<Finished, FlowError<S::Error>> {
        let claim = match &self.pending {
            Some(key) => store.complete(key, self.replay_key()).await,
            None => store.claim(self.replay_key()).await,
        };
        let account = self.account.clone();
        Ok(self.claimed(claim.map_err(FlowError::Store)?)?.with_account(account))
    }
}

/// Verifies a response and, unless it is refused, leaves the store as it was.
pub(super) async fn verify_arrival<S: LoginStore, K: KeyService>(
    host: Host<'_, S, K>,
    sp: &ServiceProvider,
    connections: &[Connection],
    arrival: Arrival<'_>,
    now: DateTime<Utc>,
) -> Result<Verified, FlowError<S::Error>> {
    match received(arrival, sp, connections)? {
        Received::Solicited(response) => verify_solicited(host, sp, connections, response, arrival, now).await,
        Received::Unsolicited(response) => verify_unsolicited(host, sp, connections, response, arrival, now).await,
    }
}

/// What arrived, sorted; a constant that the identity provider puts in place of a request's ID makes no answer of it.
fn received(arrival: Arrival<'_>, sp: &ServiceProvider, connections: &[Connection]) -> Result<Received, Rejection> {
    Ok(match Received::from_post(arrival.saml_response, sp.limits())? {
        Received::Solicited(response) => {
            let connection = of_issuer(connections, response.issuer()).ok();
            response.into_unsolicited(connection)
        }
        unsolicited @ Received::Unsolicited(_) => unsolicited,
    })
}

async fn verify_solicited<S: LoginStore, K: KeyService>(
    host: Host<'_, S, K>,
    sp: &ServiceProvider,
    connections: &[Connection],
    response: SolicitedResponse,
    arrival: Arrival<'_>,
    now: DateTime<Utc>,
) -> Result<Verified, FlowError<S::Error>> {
    let Host { store, keys } = host;
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
    let account = bound.pending().account().cloned();
    let host_state = bound.pending().host_state().map(str::to_owned);
    let carried = bound.pending().relay_state().map(str::to_owned);
    let verification = response.verify_stepwise(sp, connection, bound, now);
    match ask(keys, verification).await {
        Ok(verified) => {
            let relay_state = match arrival.relay_state {
                Some(RESTARTED) => carried,
                relay_state => relay_state.map(str::to_owned),
            };
            let (connection, pending) = (connection.clone(), Some(key));
            Ok(Verified::Answered(Box::new(Answered {
                verified,
                connection,
                pending,
                purpose,
                account,
                host_state,
                relay_state,
            })))
        }
        Err(rejection) => {
            // From the right browser, so nobody else's: every attempt costs a new login.
            store.take(&key).await.map_err(FlowError::Store)?;
            Err(rejection.into())
        }
    }
}

async fn verify_unsolicited<S: LoginStore, K: KeyService>(
    host: Host<'_, S, K>,
    sp: &ServiceProvider,
    connections: &[Connection],
    response: UnsolicitedResponse,
    arrival: Arrival<'_>,
    now: DateTime<Utc>,
) -> Result<Verified, FlowError<S::Error>> {
    let Host { store, keys } = host;
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
        return start_login(store, sp, connection, start, now).await.map(Box::new).map(Verified::Restarted);
    }
    let verified = ask(keys, response.verify_stepwise(sp, connection, now)).await?;
    Ok(Verified::Answered(Box::new(Answered {
        verified,
        connection: connection.clone(),
        pending: None,
        purpose: Purpose::Login,
        account: None,
        host_state: None,
        relay_state: arrival.relay_state.map(str::to_owned),
    })))
}
