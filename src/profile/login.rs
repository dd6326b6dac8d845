//! From a received response to a verified login. READ THIS for the order of the work.

use chrono::{DateTime, Utc};

use super::rules::Facts;
#[cfg(feature = "xmlsec")]
use super::second_opinion::confirm;
use super::signatures::{Covered, Presence, cover, verify_assertion, verify_signature};
use super::verified::VerifiedLogin;
use crate::assertion::Assertion;
use crate::connection::Connection;
use crate::dsig::Signed;
use crate::error::{Checks, Decryption, Deviations, Flow, Outcome, Profile, Rejection, Rule, Signature};
use crate::keys::Answers;
use crate::names::SAML;
use crate::pending::{BoundLogin, PendingLogin};
use crate::policy::{Ciphertext, EncryptionRule, Relaxation, Unsolicited};
use crate::protocol::{Asserted, Response};
use crate::sp::ServiceProvider;
use crate::time::ClockSkew;
use crate::xml::{Document, Node};
use crate::xmlenc::{Decrypted, Recipient};

type Verdict = Result<VerifiedLogin, Rejection>;

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
    answers: &'c Answers<'c>,
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

    fn recipient(&self, ciphertext: Ciphertext) -> Recipient<'_> {
        recipient(self.sp, self.connection, ciphertext, self.answers)
    }

    /// An InResponseTo attribute as the policy of the connection reads it.
    pub(super) fn answered<'d>(&self, in_response_to: Option<&'d str>) -> Option<&'d str> {
        let policy = self.connection.policy();
        let is_none = |id: &str| {
            (id.is_empty() && policy.has(Relaxation::EmptyInResponseTo))
                || policy.in_response_to_placeholder() == Some(id)
        };
        in_response_to.filter(|id| !is_none(id))
    }
}

/// Whoever decrypts what the identity provider of a connection encrypted for this service provider.
pub(super) fn recipient<'c>(
    sp: &'c ServiceProvider,
    connection: &Connection,
    ciphertext: Ciphertext,
    answers: &'c Answers<'c>,
) -> Recipient<'c> {
    Recipient {
        keys: sp.decryption_keys(),
        entity_id: sp.entity_id().as_str(),
        ciphers: connection.policy().ciphers(ciphertext),
        limits: sp.limits(),
        answers,
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
    answers: &Answers<'_>,
) -> Result<VerifiedLogin, Rejection> {
    let context = Context { sp, connection, expectation, now, answers };
    let mut checks = Checks::default();
    match apply(document, &context, &mut checks) {
        Ok(verified) => Ok(verified.with_checks(checks)),
        Err(rejection) => Err(rejection.with_checks(checks)),
    }
}

fn apply(document: &Document, context: &Context<'_>, checks: &mut Checks) -> Verdict {
    checks.note(Rule::Readable, Ok(()))?;
    let mut deviations = Deviations::default();
    let response = checks.note(Rule::ResponseElement, Response::read(document, &mut deviations))?;
    checks.note(Rule::Correlation, correlate(&response, context))?;
    checks.note(Rule::Status, require_success(&response))?;
    let asserted = checks.note(Rule::OneAssertion, response.the_assertion())?;
    let on_response = checks.note(Rule::Signatures, verify_signature(response.signature, context.connection))?;
    let ciphertext = match (on_response, context.expectation) {
        (Some(_), _) => Ciphertext::Signed,
        (None, Expectation::Answer(_)) => Ciphertext::UnsignedAnswer,
        (None, Expectation::Nothing) => Ciphertext::UnsignedUnsolicited,
    };
    match asserted {
        Asserted::Plain(node) => {
            checks.note(Rule::Decryption, may_be_plain(node, context))?;
            let by_response = on_response.and_then(|signed| signed.part(node));
            let covered = prove(node, by_response, context, checks)?;
            conclude(&response, &covered, context, checks, deviations)
        }
        Asserted::Encrypted(node) => {
            let sealed = checks.clone();
            let plaintext = checks.note(Rule::Decryption, context.recipient(ciphertext).decrypt(node))?;
            let opened = open(&plaintext, node, on_response, context, checks);
            let covered = opened.map_err(|_| veil(checks, &sealed))?;
            let outcome = conclude(&response, &covered, context, checks, deviations);
            outcome.map_err(|rejection| if may_be_told(&covered, checks) { rejection } else { veil(checks, &sealed) })
        }
    }
}

/// Whether the connection takes an assertion that is not encrypted.
fn may_be_plain(assertion: Node<'_>, context: &Context<'_>) -> Result<(), Rejection> {
    match context.connection.policy().encryption_rule() {
        EncryptionRule::Either => Ok(()),
        EncryptionRule::Encrypted => Err(Rejection::new(Decryption::Required)
            .at(assertion.place())
            .expecting("EncryptedAssertion")
            .finding("Assertion")),
    }
}

/// The assertion in a plaintext, proven by a signature in it or by the one over the ciphertext.
fn open<'d, 'p>(
    plaintext: &'p Decrypted,
    ciphertext: Node<'d>,
    on_response: Option<Signed<'d>>,
    context: &Context<'_>,
    checks: &mut Checks,
) -> Result<Covered<'p>, Rejection> {
    let node = plaintext.element(SAML, "Assertion")?;
    if node.document().shares_an_id_with(ciphertext.document()) {
        return Err(Rejection::new(Signature::DuplicateId));
    }
    let by_response = on_response.and_then(|signed| signed.plaintext(ciphertext, node));
    prove(node, by_response, context, checks)
}

/// The assertion with every signature on it verified, and covered as the connection demands.
fn prove<'d>(
    node: Node<'d>,
    by_response: Option<Signed<'d>>,
    context: &Context<'_>,
    checks: &mut Checks,
) -> Result<Covered<'d>, Rejection> {
    let on_assertion = checks.note(Rule::Signatures, verify_assertion(node, context.connection))?;
    let rule = context.connection.policy().signature_rule();
    checks.note(Rule::Coverage, cover(node, by_response, on_assertion, rule))
}

/// Reads and judges a proven assertion.
fn conclude(
    response: &Response<'_>,
    covered: &Covered<'_>,
    context: &Context<'_>,
    checks: &mut Checks,
    mut deviations: Deviations,
) -> Verdict {
    // What is encrypted in a proven assertion was signed as ciphertext.
    let recipient = context.recipient(Ciphertext::Signed);
    let assertion =
        checks.note(Rule::AssertionElement, Assertion::read(covered.assertion, &recipient, &mut deviations))?;
    let facts = Facts { context, response, assertion: &assertion, response_signature: covered.response_signature };
    let bearer = facts.judge(checks, &mut deviations)?;
    #[cfg(feature = "xmlsec")]
    confirm(response.signature, covered.assertion.element(), context.connection, checks)?;
    VerifiedLogin::new(context, assertion, bearer, deviations)
}

/// What went wrong with a plaintext is told only if it is proven to be the identity provider's: by its own
/// signature, or by the response's if it is also meant for us. Otherwise answers would tell whoever alters or
/// replays ciphertext of the plaintext.
fn may_be_told(covered: &Covered<'_>, checks: &Checks) -> bool {
    let passed = |rule: Rule| checks.outcome(rule) == Some(&Outcome::Passed);
    covered.assertion_signature == Presence::Verified
        || [Rule::AssertionIssuer, Rule::Audience, Rule::Recipient].into_iter().all(passed)
}

/// The one answer to everything that can go wrong from the decryption on: the checks are what they were before it,
/// and say what they say when the decryption itself fails.
fn veil(checks: &mut Checks, sealed: &Checks) -> Rejection {
    *checks = sealed.clone();
    let failed = Rejection::new(Decryption::Failed);
    // Kept in the checks; the caller gets it as well.
    let _ = checks.note(Rule::Decryption, Err::<(), _>(failed.clone()));
    failed
}

/// The response belongs to this login and this connection, before anything else is done with it.
fn correlate(response: &Response<'_>, context: &Context<'_>) -> Result<(), Rejection> {
    let purpose = context.pending().map(PendingLogin::purpose).unwrap_or_default();
    context.connection.admit(context.sp.organization(), purpose)?;
    context.connection.in_force(context.now)?;
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
