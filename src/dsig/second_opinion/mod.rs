//! What libxmlsec1 says of a signature that has verified here. It can refuse and nothing else.
//!
//! It is asked about the same octets, the same `ds:Signature` by its position, the same key and the algorithms of this
//! one signature; and libxml2 has to find the same canonical form. Alone it would be no SAML verifier: see the tests.

mod ffi;
#[cfg(test)]
mod tests;

use libxml::parser::{Parser, ParserOptions};
use libxml::tree::{Document, Node as Xml2Node};
use xmlsec::{XmlSecKey, XmlSecKeyFormat, XmlSecSignatureContext};

use super::DS;
use super::c14n::canonicalize;
use super::signature::SignatureElement;
use super::verify::{Algorithms, check_target, verifying_key};
use crate::error::{Rejection, SecondEngine};
use crate::keys::VerifyingKey;
use crate::xml::Node;

/// What the second engine says, unless it disagrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Opinion {
    /// The signature verifies, over the octets that this crate's engine digested.
    Agrees,
    /// It does not know an algorithm of the signature: RSA-PSS, in libxmlsec1 1.2.
    CannotJudge,
}

/// Has a signature that [`verify`](super::verify()) accepted with these keys verified by the second engine.
///
/// # Errors
/// `dsig.engines_disagree`; those of [`verify`](super::verify()) for a signature that it does not accept.
pub(crate) fn second_opinion(
    signature: Node<'_>,
    keys: &[VerifyingKey],
    algorithms: &Algorithms,
) -> Result<Opinion, Rejection> {
    let signature = SignatureElement::read(signature, algorithms)?;
    let target = check_target(&signature)?;
    let key = verifying_key(&signature, keys, algorithms)?;
    let mut ours = Vec::new();
    canonicalize(target, Some(signature.node), &signature.reference.method, &mut ours)?;
    match Question::about(&signature, key).ask() {
        Ok(theirs) if theirs == ours => Ok(Opinion::Agrees),
        Ok(_) => Err(Objection::CanonicalForm),
        Err(Objection::UnknownAlgorithm) => Ok(Opinion::CannotJudge),
        Err(objection) => Err(objection),
    }
    .map_err(|objection| Rejection::new(SecondEngine::Disagree).at(signature.node.place()).finding(objection.text()))
}

/// Why the second engine doesn't agree. Its own words would quote the message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Objection {
    UnknownAlgorithm,
    Document,
    Position,
    Id,
    Key,
    Signature,
    References,
    CanonicalForm,
}

impl Objection {
    fn text(self) -> &'static str {
        match self {
            Self::UnknownAlgorithm => "libxmlsec1 does not know an algorithm",
            Self::Document => "libxml2 finds fault with the document",
            Self::Position => "libxml2 finds another element in the place of the signature",
            Self::Id => "libxml2 does not find the ID of the signed element, or finds it twice",
            Self::Key => "libxmlsec1 can't read the key",
            Self::Signature => "libxmlsec1 does not verify the signature",
            Self::References => "libxmlsec1 does not find exactly one reference",
            Self::CanonicalForm => "libxml2 has another canonical form of the signed element",
        }
    }
}

/// Everything that the second engine gets to know.
struct Question<'q> {
    octets: &'q [u8],
    /// Where the signature is: which child element to take, from the document element down.
    position: Vec<usize>,
    /// SubjectPublicKeyInfo.
    key: &'q [u8],
    /// Allowed for SignedInfo: its canonicalization and the signature.
    signature_algorithms: Vec<&'q str>,
    /// Allowed for the Reference: its transforms and the digest.
    reference_algorithms: Vec<&'q str>,
}

impl<'q> Question<'q> {
    fn about(signature: &SignatureElement<'q>, key: &'q VerifyingKey) -> Self {
        let parts = || signature.signed_info.elements();
        let algorithm = |node: Node<'q>| node.attribute("Algorithm");
        let references = parts().filter(|part| part.is(DS, "Reference"));
        Self {
            octets: signature.node.document().octets(),
            position: position(signature.node),
            key: key.public_key().spki_der(),
            signature_algorithms: parts().filter_map(algorithm).collect(),
            reference_algorithms: references.flat_map(|reference| reference.subtree()).filter_map(algorithm).collect(),
        }
    }

    /// The octets that libxmlsec1 digested, if it says yes.
    fn ask(&self) -> Result<Vec<u8>, Objection> {
        let libraries = ffi::Libraries::enter();
        let document = parse(self.octets)?;
        // Declared after the document, and so gone before it: it keeps pointers to its nodes.
        let mut context = XmlSecSignatureContext::new();
        ffi::restrict(&mut context, &self.signature_algorithms, &self.reference_algorithms)
            .ok_or(Objection::UnknownAlgorithm)?;
        let signature = find(&document, &self.position).ok_or(Objection::Position)?;
        let target = signature.get_parent().ok_or(Objection::Position)?;
        ffi::register_id(&document, &target).ok_or(Objection::Id)?;
        let key = XmlSecKey::from_memory(self.key, XmlSecKeyFormat::Der, None).map_err(|_| Objection::Key)?;
        // With a key set, KeyInfo is not looked at.
        context.insert_key(key);
        // `Ok(false)` is a signature that does not verify, `Err` one that could not be processed.
        match context.verify_node(&signature) {
            Ok(true) if libraries.complained() => Err(Objection::Document),
            Ok(true) => ffi::digested(&mut context).ok_or(Objection::References),
            _ => Err(Objection::Signature),
        }
    }
}

fn position(node: Node<'_>) -> Vec<usize> {
    let ancestors = std::iter::successors(Some(node), Node::parent);
    let index = |node: Node<'_>| node.parent()?.elements().position(|sibling| sibling == node);
    let mut position: Vec<usize> = ancestors.filter_map(index).collect();
    position.reverse();
    position
}

/// Every diagnostic counts, and there is nothing but one element: no DTD.
fn parse(octets: &[u8]) -> Result<Document, Objection> {
    let options = ParserOptions {
        recover: false,
        no_net: true,
        // Reported to whoever collects them, and to nobody else.
        no_error: false,
        no_warning: false,
        ..ParserOptions::default()
    };
    let parsed = Parser::default().parse_string_with_diagnostics(octets, options);
    let (document, diagnostics) = parsed.map_err(|_| Objection::Document)?;
    let is_alone = matches!(document.as_node().get_child_nodes().as_slice(), [root] if root.is_element_node());
    if diagnostics.is_empty() && is_alone { Ok(document) } else { Err(Objection::Document) }
}

fn find(document: &Document, position: &[usize]) -> Option<Xml2Node> {
    let root = document.get_root_element()?;
    let down = |node: Xml2Node, at: &usize| node.get_child_elements().into_iter().nth(*at);
    let found = position.iter().try_fold(root, down)?;
    let is_signature = found.get_name() == "Signature" && found.get_namespace().is_some_and(|it| it.get_href() == DS);
    is_signature.then_some(found)
}
