//! A login that every rule but one has passed, and the login itself.

use std::fmt;
use std::hash::{Hash, Hasher};

use chrono::{DateTime, Utc};

use super::login::Context;
use super::rules::Bearer;
use crate::assertion::{Assertion, Attribute, AuthnStatement, NameId};
use crate::error::{Checks, Deviation, Deviations, Flow, Rejection, Rule, Validity};
use crate::names::{AssertionId, ConnectionId, EntityId, SessionIndex};
use crate::time::ClockSkew;

/// A verified login whose assertion has not been claimed yet. The [`ReplayKey`] is all that can be seen of it.
#[must_use = "a verified login is no login before its replay key was claimed"]
pub struct VerifiedLogin {
    login: Login,
    replay_key: ReplayKey,
}

/// What makes an assertion, or a logout request, unique. The host's store keeps it until [`ReplayKey::keep_until`].
///
/// Two keys are equal when connection and assertion are: how long they are kept makes no difference.
#[derive(Clone, Debug)]
pub struct ReplayKey {
    connection: ConnectionId,
    assertion: AssertionId,
    keep_until: DateTime<Utc>,
}

/// What the host's store said when it was asked to note a [`ReplayKey`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Claim {
    /// It was not there before and is now, in one atomic step.
    First,
    /// It was there.
    Replayed,
    /// The pending login was used or given up in the meantime.
    RequestConsumed,
}

/// A login: what the identity provider of a connection said about a user, proven, fresh and used for
/// the first time.
///
/// It comes from [`VerifiedLogin::claimed`] and nowhere else:
/// ```compile_fail
/// let _ = saml_sp::Login {};
/// ```
/// ```
/// # fn twin(verified: saml_sp::VerifiedLogin) {
/// let _ = verified.claimed(saml_sp::Claim::First);
/// # }
/// ```
#[derive(Clone)]
pub struct Login {
    connection: ConnectionId,
    issuer: EntityId,
    assertion: AssertionId,
    name_id: Option<NameId>,
    attributes: Vec<Attribute>,
    authn_statements: Vec<AuthnStatement>,
    deviations: Deviations,
    checks: Checks,
}

impl VerifiedLogin {
    pub(super) fn new(
        context: &Context<'_>,
        assertion: Assertion<'_>,
        bearer: Bearer,
        deviations: Deviations,
    ) -> Result<Self, Rejection> {
        let connection = context.connection.id().clone();
        let keep_until = bearer
            .usable_until
            .checked_add_signed(ClockSkew::MOST.as_delta())
            .ok_or_else(|| Rejection::new(Validity::Expired))?;
        let id = AssertionId::new(assertion.id);
        let replay_key = ReplayKey { connection: connection.clone(), assertion: id.clone(), keep_until };
        let login = Login {
            connection,
            issuer: EntityId::new(assertion.issuer),
            assertion: id,
            name_id: assertion.subject.and_then(|subject| subject.name_id),
            attributes: assertion.attributes,
            authn_statements: assertion.authn_statements,
            deviations,
            checks: Checks::default(),
        };
        Ok(Self { login, replay_key })
    }

    pub(super) fn with_checks(mut self, checks: Checks) -> Self {
        self.login.checks = checks;
        self
    }

    /// What the store has to note before this becomes a login.
    #[must_use]
    pub fn replay_key(&self) -> &ReplayKey {
        &self.replay_key
    }

    /// What it will be, for the decision that is written together with the claim. Nothing of it leaves the crate before.
    pub(crate) fn unclaimed(&self) -> &Login {
        &self.login
    }

    /// The login, if the store noted the key for the first time. If the store failed, ask it again.
    ///
    /// # Errors
    /// `flow.replay`.
    pub fn claimed(self, claim: Claim) -> Result<Login, Rejection> {
        let mut login = self.login;
        let outcome = match claim {
            Claim::First => Ok(()),
            Claim::RequestConsumed => Err(Rejection::new(Flow::RequestConsumed)),
            Claim::Replayed => Err(Rejection::new(Flow::Replay).finding(self.replay_key.assertion.as_str())),
        };
        match login.checks.note(Rule::Replay, outcome) {
            Ok(()) => Ok(login),
            Err(rejection) => Err(rejection.with_checks(login.checks)),
        }
    }
}

impl PartialEq for ReplayKey {
    fn eq(&self, other: &Self) -> bool {
        (&self.connection, &self.assertion) == (&other.connection, &other.assertion)
    }
}

impl Eq for ReplayKey {}

impl Hash for ReplayKey {
    fn hash<H: Hasher>(&self, state: &mut H) {
        (&self.connection, &self.assertion).hash(state);
    }
}

impl ReplayKey {
    /// Puts a key together. Those of messages are made when the message is verified; this is for tests of stores.
    #[must_use]
    pub fn new(connection: ConnectionId, assertion: AssertionId, keep_until: DateTime<Utc>) -> Self {
        Self { connection, assertion, keep_until }
    }

    /// The connection; identity providers choose their IDs independently of each other.
    #[must_use]
    pub fn connection(&self) -> &ConnectionId {
        &self.connection
    }

    /// The ID of the assertion; of a logout request, its ID after `logout `.
    #[must_use]
    pub fn assertion(&self) -> &AssertionId {
        &self.assertion
    }

    /// Until when the assertion could be accepted under the largest tolerance for clocks, so that a change of the
    /// setting opens no gap: keep the key at least so long.
    #[must_use]
    pub fn keep_until(&self) -> DateTime<Utc> {
        self.keep_until
    }
}

impl Login {
    /// The connection whose identity provider said all this.
    #[must_use]
    pub fn connection(&self) -> &ConnectionId {
        &self.connection
    }

    /// The identity provider.
    #[must_use]
    pub fn issuer(&self) -> &EntityId {
        &self.issuer
    }

    /// The assertion, for the audit log.
    #[must_use]
    pub fn assertion(&self) -> &AssertionId {
        &self.assertion
    }

    /// The name identifier of the subject, if there is one.
    #[must_use]
    pub fn name_id(&self) -> Option<&NameId> {
        self.name_id.as_ref()
    }

    /// The attributes in document order, each name once for each name format.
    #[must_use]
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// How the user was authenticated. Empty only under [`Relaxation::NoAuthnStatement`](crate::Relaxation::NoAuthnStatement).
    #[must_use]
    pub fn authn_statements(&self) -> &[AuthnStatement] {
        &self.authn_statements
    }

    /// The identity provider's first name for its session.
    #[must_use]
    pub fn session_index(&self) -> Option<&SessionIndex> {
        self.authn_statements.iter().find_map(AuthnStatement::session_index)
    }

    /// When the session that the host makes of this must end at the latest.
    #[must_use]
    pub fn session_not_on_or_after(&self) -> Option<DateTime<Utc>> {
        self.authn_statements.iter().filter_map(AuthnStatement::session_not_on_or_after).min()
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

impl fmt::Debug for VerifiedLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedLogin").field("replay_key", &self.replay_key).finish_non_exhaustive()
    }
}

/// Shows who said it and about which assertion, and no claim.
impl fmt::Debug for Login {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut login = f.debug_struct("Login");
        login.field("connection", &self.connection).field("issuer", &self.issuer).field("assertion", &self.assertion);
        login.finish_non_exhaustive()
    }
}
