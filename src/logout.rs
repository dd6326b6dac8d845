//! Single logout without a store: the pure steps that [`flow`](crate::flow) drives, and the messages that arrive.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

pub use crate::profile::{
    ConcludedLogout, Ended, FinishedLogout, LogoutExtent, LogoutStatus, ReceivedLogout, ReceivedLogoutRequest,
    ReceivedLogoutResponse, VerifiedLogoutRequest,
};
pub use crate::session::{LogoutTarget, PendingLogout, SessionDigest};

use crate::binding::{Parameter, RelayState};
use crate::browser::random_hex;
use crate::connection::{Connection, ConnectionStatus};
use crate::error::{ConfigError, Flow, Rejection};
use crate::keys::SigningKey;
use crate::login::{Send, StartError, Way, check_relay_state, send};
use crate::names::RequestId;
use crate::protocol::Outgoing;
use crate::session::SamlSession;
use crate::sp::ServiceProvider;

/// How long a logout may take, from the request to the response.
const LIFETIME: TimeDelta = TimeDelta::minutes(5);

/// What a logout is started with.
#[derive(Clone, Default)]
#[must_use]
pub struct LogoutStart {
    relay_state: Option<String>,
    host_state: Option<String>,
}

impl LogoutStart {
    /// A RelayState that the identity provider echoes, of at most 80 bytes. Nothing here needs one.
    pub fn with_relay_state(mut self, relay_state: impl Into<String>) -> Self {
        self.relay_state = Some(relay_state.into());
        self
    }

    /// Something to be had back when the logout is finished, such as the page to go on with.
    pub fn with_host_state(mut self, state: impl Into<String>) -> Self {
        self.host_state = Some(state.into());
        self
    }
}

/// A logout that has begun.
#[derive(Debug)]
#[must_use]
pub enum StartedLogout {
    /// The identity provider is told: keep the pending logout, then send the browser on.
    Sent {
        /// What the browser gets.
        send: Send,
        /// What the store gets, before the browser gets anything.
        keep: PendingLogout,
    },
    /// There is nobody to tell: the session here ends, and that is all.
    Local(LocalLogout),
}

/// Why a logout ends nothing but the session here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LocalLogout {
    /// The identity provider has no single logout endpoint over HTTP-Redirect or HTTP-POST.
    NoEndpoint,
    /// This service provider takes no part in single logout: it has no URL for it, or no key to sign with.
    NotTakingPart,
    /// The login had no name identifier, so the user can't be named.
    NoName,
    /// The connection is not in use.
    NotActive,
    /// The connection has another identity provider now than the one that the session came from.
    OtherIdentityProvider,
}

/// Makes a LogoutRequest for the identity provider that a session came from (SAML Profiles 4.4.3.1). It is signed.
///
/// # Errors
/// [`StartError`]; among them `flow.connection_mismatch` for a session of another connection or organization.
pub fn start_logout(
    sp: &ServiceProvider,
    connection: &Connection,
    session: &SamlSession,
    start: LogoutStart,
    now: DateTime<Utc>,
) -> Result<StartedLogout, StartError> {
    require_own(sp, connection, session)?;
    check_relay_state(start.relay_state.as_deref())?;
    let (endpoint, name_id) = match (connection.identity_provider().slo_endpoint(), session.name_id()) {
        _ if connection.status() != ConnectionStatus::Active => {
            return Ok(StartedLogout::Local(LocalLogout::NotActive));
        }
        _ if session.issuer() != connection.identity_provider().entity_id() => {
            return Ok(StartedLogout::Local(LocalLogout::OtherIdentityProvider));
        }
        _ if sp.sls_url().is_none() || sp.signing_key().is_none() => {
            return Ok(StartedLogout::Local(LocalLogout::NotTakingPart));
        }
        (None, _) => return Ok(StartedLogout::Local(LocalLogout::NoEndpoint)),
        (_, None) => return Ok(StartedLogout::Local(LocalLogout::NoName)),
        (Some(endpoint), Some(name_id)) => (endpoint, name_id),
    };
    let beyond = ConfigError::Value { field: "now", reason: "beyond the calendar" };
    let until = now.checked_add_signed(LIFETIME).ok_or(beyond)?;
    let id = RequestId::new(format!("_{}", random_hex()?));
    let outgoing = Outgoing { id: &id, issuer: sp.entity_id(), destination: endpoint.location(), now };
    let xml = outgoing.request(name_id, session.session_indexes(), until);
    let way = Way {
        binding: endpoint.binding(),
        to: endpoint.location(),
        parameter: Parameter::Request,
        relay_state: start.relay_state.as_deref(),
    };
    let send = send(&xml, &id, way, Some(signing_key(sp)?))?;
    let keep = PendingLogout::new(id, connection.id().clone(), until).with_host_state(start.host_state);
    Ok(StartedLogout::Sent { send, keep })
}

/// A session is told of to nobody but the identity provider that it came from.
fn require_own(sp: &ServiceProvider, connection: &Connection, session: &SamlSession) -> Result<(), Rejection> {
    let mismatch = || Rejection::new(Flow::ConnectionMismatch);
    if connection.organization() != sp.organization() {
        return Err(mismatch().expecting(sp.organization().as_str()).finding(connection.organization().as_str()));
    }
    if session.connection() != connection.id() {
        return Err(mismatch().expecting(session.connection().as_str()).finding(connection.id().as_str()));
    }
    Ok(())
}

impl ConcludedLogout {
    /// The LogoutResponse, signed, with the RelayState of the request, to where the identity provider takes responses
    /// (SAML Profiles 4.4.3.4). Nothing if it has no endpoint over HTTP-Redirect or HTTP-POST: show a page of your own.
    ///
    /// # Errors
    /// [`StartError`].
    pub fn answer(
        &self,
        sp: &ServiceProvider,
        connection: &Connection,
        now: DateTime<Utc>,
    ) -> Result<Option<Send>, StartError> {
        if connection.organization() != sp.organization() || connection.id() != self.connection() {
            let mismatch = Rejection::new(Flow::ConnectionMismatch);
            return Err(mismatch.expecting(self.connection().as_str()).finding(connection.id().as_str()).into());
        }
        let Some(endpoint) = connection.identity_provider().slo_endpoint() else { return Ok(None) };
        let id = RequestId::new(format!("_{}", random_hex()?));
        let to = endpoint.response_location();
        let outgoing = Outgoing { id: &id, issuer: sp.entity_id(), destination: to, now };
        let (code, sub_code) = self.status().codes();
        let xml = outgoing.response(self.request_id(), code, sub_code);
        let relay_state = self.relay_state().map(RelayState::as_untrusted);
        let way = Way { binding: endpoint.binding(), to, parameter: Parameter::Response, relay_state };
        Ok(Some(send(&xml, &id, way, Some(signing_key(sp)?))?))
    }
}

/// No logout message goes out unsigned (SAML Profiles 4.4.4).
fn signing_key(sp: &ServiceProvider) -> Result<&SigningKey, ConfigError> {
    let remedy = "logout messages have to be signed: give the service provider a signing key";
    sp.signing_key().ok_or(ConfigError::Missing { field: "signing_key", remedy })
}

/// Shows nothing that the host put in.
impl fmt::Debug for LogoutStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LogoutStart(..)")
    }
}
