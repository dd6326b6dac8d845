//! The drivers over the host's store. READ THIS FIRST: each function names its steps in order.

use std::fmt;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use chrono::{DateTime, Utc};

use crate::browser::BrowserCookie;
use crate::connection::Connection;
use crate::error::{Flow, Profile, Rejection};
use crate::events;
use crate::keys::{UnwrapFailed, WrappedKey};
use crate::login::{self, Finished, LoginStart, RESTARTED, StartError, Started};
use crate::names::{ConnectionId, EntityId, Unverified};
use crate::pending::Purpose;
use crate::policy::Unsolicited;
use crate::profile::{Received, SolicitedResponse, UnsolicitedResponse, Verification, VerifiedLogin};
use crate::sp::ServiceProvider;
use crate::storage::{LoginStore, Peeked};

/// Why a step of the flow did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlowError<E> {
    /// The message was refused.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// No request could be made.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The store failed. Nothing is lost: repeat the step with the same input.
    #[error("the store failed, repeat the step: {0}")]
    Store(#[source] E),
}

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

/// The service in the network that holds decryption keys, see [`DecryptionKey::held_by_service`].
///
/// [`DecryptionKey::held_by_service`]: crate::DecryptionKey::held_by_service
pub trait KeyService {
    /// Unwraps a content key. An answer of any length is fine: what does not fit fails like everything else.
    ///
    /// # Errors
    /// [`UnwrapFailed`], whatever the reason, and also when the service can't be reached: the login is over then, and the
    /// user is told what is told of damaged content. Write what the service said to a log of yours.
    fn unwrap_key(&self, wrapped: &WrappedKey) -> impl Future<Output = Result<Vec<u8>, UnwrapFailed>> + Send;
}

/// There is none.
enum NoKeyService {}

impl KeyService for NoKeyService {
    async fn unwrap_key(&self, _: &WrappedKey) -> Result<Vec<u8>, UnwrapFailed> {
        match *self {}
    }
}

/// What a host brings along.
struct Host<'h, S, K> {
    store: &'h S,
    /// Without it verification never stops.
    keys: Option<&'h K>,
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
    finish(Host { store, keys: None::<&NoKeyService> }, sp, connections, arrival, now).await
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
    let outcome = match Received::from_post(arrival.saml_response, sp.limits())? {
        Received::Solicited(response) => finish_solicited(host, sp, connections, response, arrival, now).await,
        Received::Unsolicited(response) => finish_unsolicited(host, sp, connections, response, arrival, now).await,
    };
    match &outcome {
        Ok(Arrived::Finished(finished)) => events::report_login(finished.login()),
        Err(FlowError::Rejected(rejection)) => events::report_rejection(rejection),
        _ => {}
    }
    outcome
}

async fn finish_solicited<S: LoginStore, K: KeyService>(
    host: Host<'_, S, K>,
    sp: &ServiceProvider,
    connections: &[Connection],
    response: SolicitedResponse,
    arrival: Arrival<'_>,
    now: DateTime<Utc>,
) -> Result<Arrived, FlowError<S::Error>> {
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
    let host_state = bound.pending().host_state().map(str::to_owned);
    let carried = bound.pending().relay_state().map(str::to_owned);
    let verification = response.verify_stepwise(sp, connection, bound, now);
    match ask(keys, verification).await {
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

async fn finish_unsolicited<S: LoginStore, K: KeyService>(
    host: Host<'_, S, K>,
    sp: &ServiceProvider,
    connections: &[Connection],
    response: UnsolicitedResponse,
    arrival: Arrival<'_>,
    now: DateTime<Utc>,
) -> Result<Arrived, FlowError<S::Error>> {
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
        return start_login(store, sp, connection, start, now).await.map(Arrived::Restarted);
    }
    let verified = ask(keys, response.verify_stepwise(sp, connection, now)).await?;
    let claim = store.claim(verified.replay_key()).await.map_err(FlowError::Store)?;
    let login = verified.claimed(claim)?;
    Ok(Arrived::Finished(Finished::new(login, Purpose::Login, None, arrival.relay_state)))
}

/// Goes on with a verification until it needs nothing more.
async fn ask<K: KeyService>(
    keys: Option<&K>,
    verification: Result<Verification<'_>, Rejection>,
) -> Result<VerifiedLogin, Rejection> {
    let mut verification = verification?;
    loop {
        let unwrapping = match verification {
            Verification::Verified(verified) => return Ok(verified),
            Verification::Unwrap(unwrapping) => unwrapping,
        };
        let Some(keys) = keys else { return Err(unwrapping.refuse()) };
        let mut answers = Vec::new();
        for wrapped in unwrapping.wanted() {
            answers.push(keys.unwrap_key(wrapped).await);
        }
        let mut answers = answers.into_iter();
        verification = unwrapping.resume(|_| answers.next().unwrap_or(Err(UnwrapFailed)))?;
    }
}

/// A login that was started for a connection of another organization is not finished here.
fn of_organization<'c>(connections: &'c [Connection], id: &ConnectionId) -> Result<&'c Connection, Rejection> {
    let found = connections.iter().find(|connection| connection.id() == id);
    found.ok_or_else(|| {
        Rejection::new(Flow::ConnectionMismatch).expecting("a connection of this organization").finding(id.as_str())
    })
}

/// The issuer, not verified yet, chooses among this organization's connections only, and exactly one of them.
fn of_issuer<'c>(
    connections: &'c [Connection],
    issuer: Option<&Unverified<EntityId>>,
) -> Result<&'c Connection, Rejection> {
    let issuer = issuer.map(Unverified::for_lookup);
    let entity_id = |connection: &'c Connection| connection.identity_provider().entity_id();
    let mut matching = connections.iter().filter(|connection| Some(entity_id(connection)) == issuer);
    match (matching.next(), matching.next()) {
        (Some(connection), None) => Ok(connection),
        (Some(_), Some(_)) => {
            let mismatch = Rejection::new(Flow::ConnectionMismatch)
                .expecting("one connection of that entityID in the organization");
            Err(mismatch.finding("several"))
        }
        (None, _) => {
            let known: Vec<_> = connections.iter().map(|connection| entity_id(connection).as_str()).collect();
            let found = issuer.map_or("no Issuer", EntityId::as_str);
            Err(Rejection::new(Profile::Issuer).expecting(known.join(" or ")).finding(found))
        }
    }
}

/// Runs one of these drivers on the calling thread, for hosts without an async runtime: their stores
/// block in the bodies of their `async fn`s.
pub fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}
