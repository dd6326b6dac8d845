//! From a received response to a verified login. READ THIS for the order of the work.

use chrono::{DateTime, Utc};

use super::rules::Facts;
use super::signatures::require_coverage;
use super::verified::VerifiedLogin;
use crate::assertion::Assertion;
use crate::connection::Connection;
use crate::error::{Checks, Deviations, Flow, Profile, Rejection, Rule};
use crate::pending::{BoundLogin, PendingLogin};
use crate::policy::{Relaxation, Unsolicited};
use crate::protocol::Response;
use crate::sp::ServiceProvider;
use crate::time::ClockSkew;
use crate::xml::Document;

/// What the response has to be.
pub(crate) enum Expectation {
    /// The answer to this login.
    Answer(BoundLogin),
    /// An answer to nothing.
    Nothing,
}

/// Everything that the rules compare with.
pub(super) struct Context<'c> {
    pub(super) sp: &'c ServiceProvider,
    pub(super) connection: &'c Connection,
    pub(super) expectation: &'c Expectation,
    pub(super) now: DateTime<Utc>,
}

impl Context<'_> {
    pub(super) fn pending(&self) -> Option<&PendingLogin> {
        match self.expectation {
            Expectation::Answer(bound) => Some(bound.pending()),
            Expectation::Nothing => None,
        }
    }

    pub(super) fn skew(&self) -> ClockSkew {
        self.sp.clock_skew()
    }

    /// An InResponseTo attribute as the policy of the connection reads it.
    pub(super) fn answered<'d>(&self, in_response_to: Option<&'d str>) -> Option<&'d str> {
        in_response_to.filter(|id| !(id.is_empty() && self.connection.policy().has(Relaxation::EmptyInResponseTo)))
    }
}

/// Applies every rule and keeps every outcome.
///
/// # Errors
/// The first failure in the order of the work; of the rules on a proven assertion, which are all
/// applied, the first in the order of [`Facts::judge`].
pub(crate) fn verify(
    document: &Document,
    sp: &ServiceProvider,
    connection: &Connection,
    expectation: &Expectation,
    now: DateTime<Utc>,
) -> Result<VerifiedLogin, Rejection> {
    let context = Context { sp, connection, expectation, now };
    let mut checks = Checks::default();
    match apply(document, &context, &mut checks) {
        Ok(verified) => Ok(verified.with_checks(checks)),
        Err(rejection) => Err(rejection.with_checks(checks)),
    }
}

fn apply(document: &Document, context: &Context<'_>, checks: &mut Checks) -> Result<VerifiedLogin, Rejection> {
    checks.note(Rule::Readable, Ok(()))?;
    let mut deviations = Deviations::default();
    let response = checks.note(Rule::ResponseElement, Response::read(document, &mut deviations))?;
    checks.note(Rule::Correlation, correlate(&response, context))?;
    checks.note(Rule::Status, require_success(&response))?;
    let asserted = checks.note(Rule::OneAssertion, response.the_assertion())?;
    let covered = require_coverage(&response, asserted, context.connection, checks)?;
    let assertion = checks.note(Rule::AssertionElement, Assertion::read(covered.assertion, &mut deviations))?;
    let facts =
        Facts { context, response: &response, assertion: &assertion, response_signature: covered.response_signature };
    let bearer = facts.judge(checks, &mut deviations)?;
    VerifiedLogin::new(context, assertion, bearer, deviations)
}

/// The response belongs to this login and this connection, before anything else is done with it.
fn correlate(response: &Response<'_>, context: &Context<'_>) -> Result<(), Rejection> {
    let answered = context.answered(response.in_response_to);
    let Some(pending) = context.pending() else {
        return match (answered, context.connection.policy().unsolicited()) {
            (Some(id), _) => Err(Rejection::new(Flow::UnknownRequest).expecting("no InResponseTo").finding(id)),
            (None, Unsolicited::Refuse | Unsolicited::Convert) => Err(Rejection::new(Profile::Unsolicited)),
            (None, Unsolicited::Accept) => Ok(()),
        };
    };
    if pending.key().connection() != context.connection.id() {
        let mismatch = Rejection::new(Flow::ConnectionMismatch);
        return Err(mismatch.expecting(pending.key().connection().as_str()).finding(context.connection.id().as_str()));
    }
    if context.now >= pending.expires_at() {
        return Err(Rejection::new(Flow::RequestExpired));
    }
    match answered {
        Some(id) if id != pending.key().request().as_str() => {
            Err(Rejection::new(Profile::InResponseTo).expecting(pending.key().request().as_str()).finding(id))
        }
        _ => Ok(()),
    }
}

/// SAML Core 3.2.2. Judged before signatures: an error response is often unsigned, and what it says
/// is refused either way.
fn require_success(response: &Response<'_>) -> Result<(), Rejection> {
    match &response.status {
        Some(status) => status.require_success(),
        None => Err(Rejection::new(Profile::Status).expecting("a Status").finding("none")),
    }
}
