//! Which signatures there are, that they verify, and that they cover the assertion.

use crate::connection::Connection;
use crate::dsig::{self, DS, Position, Signed, signature_of};
use crate::error::{Checks, Decryption, Profile, Rejection, Rule, Signature};
use crate::names::{SAML, SAMLP};
use crate::policy::SignatureRule;
use crate::protocol::{Asserted, Response};
use crate::xml::Node;

/// An assertion that is proven, and whether the response around it is, too.
pub(super) struct Covered<'d> {
    pub(super) assertion: Signed<'d>,
    pub(super) response_signature: ResponseSignature,
}

/// Whether the attributes of the response itself are proven.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum ResponseSignature {
    Verified,
    Absent,
}

/// Every signature in place must verify with a key of the connection, and those that do must cover
/// the assertion as the connection demands (SAML Profiles 4.1.4.3).
pub(super) fn require_coverage<'d>(
    response: &Response<'d>,
    asserted: Asserted<'d>,
    connection: &Connection,
    checks: &mut Checks,
) -> Result<Covered<'d>, Rejection> {
    let (on_response, on_assertion) = checks.note(Rule::Signatures, verify_all(response, asserted, connection))?;
    let rule = connection.policy().signature_rule();
    checks.note(Rule::Coverage, cover(asserted, on_response, on_assertion, rule))
}

type Proofs<'d> = (Option<Signed<'d>>, Option<Signed<'d>>);

fn verify_all<'d>(
    response: &Response<'d>,
    asserted: Asserted<'d>,
    connection: &Connection,
) -> Result<Proofs<'d>, Rejection> {
    let on_assertion = match asserted {
        Asserted::Plain(node) => signature_of(node, Position::After(SAML, "Issuer"))?,
        Asserted::Encrypted(_) => None,
    };
    let keys = connection.identity_provider().signing_keys();
    let verify = |signature: Option<Node<'d>>| {
        signature.map(|node| dsig::verify(node, keys, connection.policy().algorithms())).transpose()
    };
    Ok((verify(response.signature)?, verify(on_assertion)?))
}

fn cover<'d>(
    asserted: Asserted<'d>,
    on_response: Option<Signed<'d>>,
    on_assertion: Option<Signed<'d>>,
    rule: SignatureRule,
) -> Result<Covered<'d>, Rejection> {
    let node = match asserted {
        Asserted::Plain(node) => node,
        Asserted::Encrypted(node) => return Err(Rejection::new(Decryption::NotConfigured).at(node.place())),
    };
    let covering = match rule {
        SignatureRule::Either => on_assertion.or_else(|| on_response.and_then(|signed| signed.part(node))),
        SignatureRule::Assertion => on_assertion,
        SignatureRule::Response => on_response.and_then(|signed| signed.part(node)),
        SignatureRule::Both => on_assertion.filter(|_| on_response.is_some()),
    };
    let response_signature =
        if on_response.is_some() { ResponseSignature::Verified } else { ResponseSignature::Absent };
    match covering {
        Some(assertion) => Ok(Covered { assertion, response_signature }),
        None => Err(uncovered(node, rule)),
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
