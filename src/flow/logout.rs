//! Signing out: start, and whatever arrives at the single logout service.

use std::fmt;

use chrono::{DateTime, Utc};

use super::{FlowError, of_issuer, of_organization};
use crate::binding::Parameter;
use crate::connection::Connection;
use crate::error::{Binding, Logout, Profile, Reason, Rejection};
use crate::events;
use crate::login::Send;
use crate::logout::{
    self, ConcludedLogout, FinishedLogout, LogoutStart, ReceivedLogout, ReceivedLogoutRequest, ReceivedLogoutResponse,
    StartedLogout,
};
use crate::session::SamlSession;
use crate::sp::ServiceProvider;
use crate::storage::{SessionStore, TakenLogout};

/// What the browser brought to the single logout service, whoever began. Its cookies are not needed.
#[derive(Clone, Copy)]
pub enum LogoutArrival<'a> {
    /// GET: the raw query string, without the `?`, exactly as it came over the wire.
    Redirect(&'a str),
    /// POST: the form fields.
    Post {
        /// The field `SAMLRequest`.
        saml_request: Option<&'a str>,
        /// The field `SAMLResponse`.
        saml_response: Option<&'a str>,
        /// The field `RelayState`.
        relay_state: Option<&'a str>,
    },
}

/// What it was.
#[derive(Debug)]
#[must_use]
pub enum LogoutArrived {
    /// The identity provider asked, the store has ended what it could, and this is to be sent back; nothing if the
    /// identity provider takes no answer.
    Asked {
        /// What was asked, and how it went.
        logout: Box<ConcludedLogout>,
        /// What the browser gets.
        send: Option<Send>,
    },
    /// The identity provider answered a logout that was started here.
    Finished(FinishedLogout),
}

/// Ends a session of the host first, and then starts the logout at the identity provider that it came from, if that has one.
///
/// Call it from a POST with the host's protection against forged requests: a link or an image must log nobody out.
///
/// # Errors
/// [`FlowError::Start`]: the session here has ended, and the identity provider can't be told. [`FlowError::Store`]:
/// repeat the step.
pub async fn start_logout<S: SessionStore>(
    store: &S,
    sp: &ServiceProvider,
    connection: &Connection,
    session: &SamlSession,
    start: LogoutStart,
    now: DateTime<Utc>,
) -> Result<StartedLogout, FlowError<S::Error>> {
    store.close(session.id()).await.map_err(FlowError::Store)?;
    let started = logout::start_logout(sp, connection, session, start, now)?;
    if let StartedLogout::Sent { keep, .. } = &started {
        store.keep_logout(keep).await.map_err(FlowError::Store)?;
    }
    Ok(started)
}

/// Receives a logout request or response, for one of the connections of the organization whose endpoint received it.
///
/// # Errors
/// [`FlowError::Rejected`] with the private report in it: nothing is sent to anybody. [`FlowError::Store`]: repeat
/// the step. [`FlowError::Start`] if the sessions have ended and the answer can't be made.
pub async fn receive_logout<S: SessionStore>(
    store: &S,
    sp: &ServiceProvider,
    connections: &[Connection],
    arrival: LogoutArrival<'_>,
    now: DateTime<Utc>,
) -> Result<LogoutArrived, FlowError<S::Error>> {
    let outcome = match arrival.read(sp) {
        Ok(ReceivedLogout::Request(request)) => end_sessions(store, sp, connections, request, now).await,
        Ok(ReceivedLogout::Response(response)) => finish_logout(store, sp, connections, response, now).await,
        Err(rejection) => Err(rejection.into()),
    };
    if let Err(FlowError::Rejected(rejection)) = &outcome {
        events::report_rejection(rejection);
    }
    outcome
}

async fn end_sessions<S: SessionStore>(
    store: &S,
    sp: &ServiceProvider,
    connections: &[Connection],
    request: ReceivedLogoutRequest,
    now: DateTime<Utc>,
) -> Result<LogoutArrived, FlowError<S::Error>> {
    let connection = of_issuer(connections, request.issuer().as_ref()).map_err(in_logout)?;
    let verified = request.verify(sp, connection, now)?;
    let ended = store.end(verified.target()).await.map_err(FlowError::Store)?;
    let logout = verified.ended(ended)?;
    let send = logout.answer(sp, connection, now)?;
    Ok(LogoutArrived::Asked { logout: Box::new(logout), send })
}

async fn finish_logout<S: SessionStore>(
    store: &S,
    sp: &ServiceProvider,
    connections: &[Connection],
    response: ReceivedLogoutResponse,
    now: DateTime<Utc>,
) -> Result<LogoutArrived, FlowError<S::Error>> {
    let request = response.in_response_to()?;
    let pending = match store.take_logout(request.for_lookup()).await.map_err(FlowError::Store)? {
        TakenLogout::Pending(pending) => pending,
        TakenLogout::Used => return Err(response.refuse_used().into()),
        TakenLogout::Unknown => return Err(response.refuse_unknown().into()),
    };
    let connection = of_organization(connections, pending.connection())?;
    Ok(LogoutArrived::Finished(response.verify(sp, connection, &pending, now)?))
}

/// The same failure in the words of this profile.
fn in_logout(rejection: Rejection) -> Rejection {
    match rejection.reason() {
        Reason::Profile(Profile::Issuer) => rejection.recast(Logout::Issuer),
        _ => rejection,
    }
}

impl LogoutArrival<'_> {
    fn read(self, sp: &ServiceProvider) -> Result<ReceivedLogout, Rejection> {
        let (parameter, value, relay_state) = match self {
            Self::Redirect(query) => return ReceivedLogout::from_redirect(query, sp.limits()),
            Self::Post { saml_request: Some(_), saml_response: Some(_), .. } => {
                return Err(Rejection::new(Binding::AmbiguousMessage));
            }
            Self::Post { saml_request: Some(value), relay_state, .. } => (Parameter::Request, value, relay_state),
            Self::Post { saml_response: Some(value), relay_state, .. } => (Parameter::Response, value, relay_state),
            Self::Post { .. } => {
                return Err(Rejection::new(Binding::MissingParam).expecting("SAMLRequest or SAMLResponse"));
            }
        };
        ReceivedLogout::from_post(parameter, value, relay_state, sp.limits())
    }
}

/// Shows how it came, and nothing of it.
impl fmt::Debug for LogoutArrival<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Redirect(_) => "Redirect(..)",
            Self::Post { .. } => "Post { .. }",
        })
    }
}
