//! Which signatures there are, that they verify, and that they cover the assertion.

use crate::connection::Connection;
use crate::dsig::{self, DS, Position, Signed, signature_of};
use crate::error::{Profile, Rejection, Signature};
use crate::names::{SAML, SAMLP};
use crate::policy::SignatureRule;
use crate::xml::Node;

/// Where the signature of an assertion stands.
pub(super) const ON_ASSERTION: Position = Position::After(SAML, "Issuer");

/// An assertion that is proven, and whether the response around it is, too.
pub(super) struct Covered<'d> {
    pub(super) assertion: Signed<'d>,
    pub(super) response_signature: Presence,
    pub(super) assertion_signature: Presence,
}

/// Whether there is a signature; if there is, it was verified.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Presence {
    Verified,
    Absent,
}

/// Verifies the signature of the response or the assertion, if there is one, with the keys of the connection.
pub(super) fn verify_signature<'d>(
    signature: Option<Node<'d>>,
    connection: &Connection,
) -> Result<Option<Signed<'d>>, Rejection> {
    let keys = connection.identity_provider().signing_keys();
    signature.map(|node| dsig::verify(node, keys, connection.policy().algorithms())).transpose()
}

/// The signature of the assertion itself.
pub(super) fn verify_assertion<'d>(
    assertion: Node<'d>,
    connection: &Connection,
) -> Result<Option<Signed<'d>>, Rejection> {
    verify_signature(signature_of(assertion, ON_ASSERTION)?, connection)
}

/// The proof of the assertion that the connection demands (SAML Profiles 4.1.4.3). `by_response` is the proof that
/// the assertion lies in, or was encrypted in, a signed response.
pub(super) fn cover<'d>(
    assertion: Node<'d>,
    by_response: Option<Signed<'d>>,
    on_assertion: Option<Signed<'d>>,
    rule: SignatureRule,
) -> Result<Covered<'d>, Rejection> {
    let covering = match rule {
        SignatureRule::Either => on_assertion.or(by_response),
        SignatureRule::Assertion => on_assertion,
        SignatureRule::Response => by_response,
        SignatureRule::Both => on_assertion.filter(|_| by_response.is_some()),
    };
    let presence = |proof: Option<Signed<'_>>| if proof.is_some() { Presence::Verified } else { Presence::Absent };
    let (response_signature, assertion_signature) = (presence(by_response), presence(on_assertion));
    match covering {
        Some(assertion) => Ok(Covered { assertion, response_signature, assertion_signature }),
        None => Err(uncovered(assertion, rule)),
    }
}

/// A signature in an illegal place says more than that there is none in a legal one.
fn uncovered(assertion: Node<'_>, rule: SignatureRule) -> Rejection {
    let signable = |node: Node<'_>| node.is(SAML, "Assertion") || node.is(SAMLP, "Response");
    let stray = |node: &Node<'_>| node.is(DS, "Signature") && node.parent().is_some_and(|parent| !signable(parent));
    match assertion.document().root().subtree().find(stray) {
        Some(node) => Rejection::new(Signature::Misplaced).at(node.place()),
        None => Rejection::new(Profile::Unsigned).at(assertion.place()).expecting(match rule {
            SignatureRule::Either => "a signature on the assertion or the response",
            SignatureRule::Assertion => "a signature on the assertion",
            SignatureRule::Response => "a signature on the response",
            SignatureRule::Both => "signatures on the assertion and the response",
        }),
    }
}
