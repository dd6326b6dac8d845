//! What comes of logout messages that every rule has passed.

use std::fmt;

use super::received_logout::Message;
use crate::assertion::NameId;
use crate::binding::RelayState;
use crate::error::{Checks, Deviation, Deviations, Logout, Rejection, Rule};
use crate::names::{ConnectionId, SessionIndex};
use crate::protocol::{PARTIAL_LOGOUT, REQUESTER, RESPONDER, SUCCESS, UNKNOWN_PRINCIPAL};
use crate::session::{LogoutTarget, PendingLogout};

/// A verified logout request whose sessions have not been ended yet. The [`LogoutTarget`] is all that can be seen of it.
#[must_use = "nothing has ended before the store was asked to end it"]
pub struct VerifiedLogoutRequest {
    target: LogoutTarget,
    logout: ConcludedLogout,
}

/// What the host's store said when it was asked to end the sessions of a [`LogoutTarget`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// Every session that was named; some or all may have ended before.
    All,
    /// Some, and others are out of the host's reach.
    Some,
    /// None: they are out of the host's reach.
    None,
    /// No session of that user over that connection was ever noted, or not for a long time.
    UnknownSubject,
    /// The user has sessions there, and none with one of the indexes.
    UnknownSession,
    /// The request had been used before, and nothing was done.
    Replayed,
}

/// A logout that the identity provider asked for and that was carried out as far as it could be: answer it.
#[derive(Clone)]
pub struct ConcludedLogout {
    connection: ConnectionId,
    request: String,
    name_id: NameId,
    session_indexes: Vec<SessionIndex>,
    relay_state: Option<RelayState>,
    status: LogoutStatus,
    refusal: Option<Rejection>,
    deviations: Deviations,
    checks: Checks,
}

/// The status of our answer (SAML Core 3.2.2.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum LogoutStatus {
    /// Every session was ended.
    Success,
    /// Some were.
    PartialLogout,
    /// Nobody of that name signed in.
    UnknownPrincipal,
    /// The user has no such session.
    UnknownSession,
    /// The host could not end the sessions.
    Responder,
}

/// How far the identity provider carried a logout.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LogoutExtent {
    /// To every application that the user was signed in to.
    Complete,
    /// To some of them only: tell the user to close the browser (`PartialLogout`, SAML Core 3.7.3.2).
    Partial,
}

/// A logout that was started here and that the identity provider has answered.
#[derive(Clone)]
pub struct FinishedLogout {
    extent: LogoutExtent,
    host_state: Option<String>,
    relay_state: Option<RelayState>,
    deviations: Deviations,
    checks: Checks,
}

impl VerifiedLogoutRequest {
    pub(super) fn new(
        target: LogoutTarget,
        request: &str,
        name_id: NameId,
        session_indexes: Vec<SessionIndex>,
        message: &Message,
        deviations: Deviations,
    ) -> Self {
        let logout = ConcludedLogout {
            connection: target.connection().clone(),
            request: request.to_owned(),
            name_id,
            session_indexes,
            relay_state: message.relay_state().cloned(),
            status: LogoutStatus::Responder,
            refusal: None,
            deviations,
            checks: Checks::logout(),
        };
        Self { target, logout }
    }

    pub(super) fn with_checks(mut self, checks: Checks) -> Self {
        self.logout.checks = checks;
        self
    }

    /// What the store has to end.
    #[must_use]
    pub fn target(&self) -> &LogoutTarget {
        &self.target
    }

    /// What is to be answered, after the store ended what it could. If the store failed, ask it again.
    ///
    /// # Errors
    /// `slo.replay`: whoever sends a request again gets no answer.
    pub fn ended(self, ended: Ended) -> Result<ConcludedLogout, Rejection> {
        let mut logout = self.logout;
        let replay = match ended {
            Ended::Replayed => Err(Rejection::new(Logout::Replay).finding(&*logout.request)),
            _ => Ok(()),
        };
        if let Err(rejection) = logout.checks.note(Rule::LogoutReplay, replay) {
            return Err(rejection.with_checks(logout.checks));
        }
        let (status, found) = match ended {
            Ended::All => (LogoutStatus::Success, Ok(())),
            Ended::Some => (LogoutStatus::PartialLogout, Ok(())),
            Ended::UnknownSubject => (LogoutStatus::UnknownPrincipal, Err(Rejection::new(Logout::NameIdMismatch))),
            Ended::UnknownSession => (LogoutStatus::UnknownSession, Err(Rejection::new(Logout::SessionUnknown))),
            Ended::None | Ended::Replayed => (LogoutStatus::Responder, Ok(())),
        };
        logout.status = status;
        let refusal = logout.checks.note(Rule::LogoutSession, found).err();
        logout.refusal = refusal.map(|rejection| rejection.with_checks(logout.checks.clone()));
        Ok(logout)
    }
}

impl ConcludedLogout {
    /// The connection whose identity provider asked.
    #[must_use]
    pub fn connection(&self) -> &ConnectionId {
        &self.connection
    }

    /// The ID of the request.
    #[must_use]
    pub fn request_id(&self) -> &str {
        &self.request
    }

    /// Who was to be logged out.
    #[must_use]
    pub fn name_id(&self) -> &NameId {
        &self.name_id
    }

    /// The sessions that the request named; empty for all.
    #[must_use]
    pub fn session_indexes(&self) -> &[SessionIndex] {
        &self.session_indexes
    }

    /// What is answered.
    #[must_use]
    pub fn status(&self) -> LogoutStatus {
        self.status
    }

    /// Why nothing was ended, if the user or the session is unknown here: for the log.
    #[must_use]
    pub fn refusal(&self) -> Option<&Rejection> {
        self.refusal.as_ref()
    }

    /// What was tolerated.
    #[must_use]
    pub fn deviations(&self) -> &[Deviation] {
        self.deviations.as_slice()
    }

    /// The outcome of every rule.
    #[must_use]
    pub fn checks(&self) -> &Checks {
        &self.checks
    }

    pub(crate) fn relay_state(&self) -> Option<&RelayState> {
        self.relay_state.as_ref()
    }
}

impl LogoutStatus {
    /// The status code, and the one inside it.
    pub(crate) fn codes(self) -> (&'static str, Option<&'static str>) {
        match self {
            Self::Success => (SUCCESS, None),
            Self::PartialLogout => (SUCCESS, Some(PARTIAL_LOGOUT)),
            Self::UnknownPrincipal => (REQUESTER, Some(UNKNOWN_PRINCIPAL)),
            Self::UnknownSession => (REQUESTER, None),
            Self::Responder => (RESPONDER, None),
        }
    }
}

impl FinishedLogout {
    pub(super) fn new(
        extent: LogoutExtent,
        pending: &PendingLogout,
        message: &Message,
        deviations: Deviations,
    ) -> Self {
        Self {
            extent,
            host_state: pending.host_state().map(str::to_owned),
            relay_state: message.relay_state().cloned(),
            deviations,
            checks: Checks::logout(),
        }
    }

    pub(super) fn with_checks(mut self, checks: Checks) -> Self {
        self.checks = checks;
        self
    }

    /// How far the identity provider carried it.
    #[must_use]
    pub fn extent(&self) -> LogoutExtent {
        self.extent
    }

    /// What the host kept when it started the logout.
    #[must_use]
    pub fn host_state(&self) -> Option<&str> {
        self.host_state.as_deref()
    }

    /// What came along. Anybody can have changed it.
    #[must_use]
    pub fn relay_state(&self) -> Option<&RelayState> {
        self.relay_state.as_ref()
    }

    /// What was tolerated.
    #[must_use]
    pub fn deviations(&self) -> &[Deviation] {
        self.deviations.as_slice()
    }

    /// The outcome of every rule.
    #[must_use]
    pub fn checks(&self) -> &Checks {
        &self.checks
    }
}

impl fmt::Debug for VerifiedLogoutRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedLogoutRequest").field("target", &self.target).finish_non_exhaustive()
    }
}

/// Shows what is answered, and not about whom.
impl fmt::Debug for ConcludedLogout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut logout = f.debug_struct("ConcludedLogout");
        logout.field("connection", &self.connection).field("request", &self.request).field("status", &self.status);
        logout.finish_non_exhaustive()
    }
}

/// Shows nothing that the host or a user put in.
impl fmt::Debug for FinishedLogout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FinishedLogout").field("extent", &self.extent).finish_non_exhaustive()
    }
}
