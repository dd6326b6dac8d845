//! Signing text with exact control of every byte.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::{TestKey, TestingError};
use crate::crypto::DigestAlgorithm;
use crate::dsig::{
    Algorithms, DS, ENVELOPED_SIGNATURE, EXCLUSIVE_C14N, Method, Permission, Rule, canonicalize, digest_of, digest_uri,
    read_c14n,
};
use crate::error::Signature;
use crate::keys::SigningKey;
use crate::limits::Limits;
use crate::xml::{Document, Node, Profile};

/// Fills in the placeholders of a template, the innermost signatures first, and changes nothing else.
///
/// An element inside a `ds:Signature` may hold
/// - `{digest:ID}`: the digest of the element with that `ID`, `Id` or `id`, without the signature in which the
///   placeholder stands, by the DigestMethod and the canonicalization of the Reference around it;
/// - `{signature}`: the signature by the key over the first SignedInfo beside it.
///
/// Everything else is taken as it stands: that the structure is wrong, an algorithm unknown (then
/// SHA-256 and inclusive canonicalization are used) or the SignatureMethod another one than the key's
/// is the test's affair. Placeholders for a second key survive if they are spelled in another way,
/// and can be put in place for a second call. Line ends are `\n`.
///
/// # Errors
/// [`TestingError`] for a template that is no namespace-well-formed XML, or whose placeholders can't be filled in.
pub fn sign_template(template: &str, key: &SigningKey) -> Result<String, TestingError> {
    let mut text = template.to_owned();
    while let Some((from, placeholder, value)) = next_value(&text, key)? {
        let unfilled = || TestingError::Placeholder(placeholder.clone());
        let (before, after) = text.split_at_checked(from).ok_or_else(unfilled)?;
        text = [before, &after.replacen(&placeholder, &value, 1)].concat();
    }
    Ok(text)
}

/// A `ds:Signature` with placeholders, over the element with that ID, as the strict profile wants it.
/// It stands where it has to stand as soon as it is put into that element.
#[must_use]
pub fn signature_template(id: &str, key: &SigningKey) -> String {
    let (method, digest) = (key.algorithm().uri(), digest_uri(key.algorithm().digest()));
    let key_info = key.certificate().map_or(String::new(), |certificate| {
        let base64 = certificate.to_base64();
        format!("<ds:KeyInfo><ds:X509Data><ds:X509Certificate>{base64}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>")
    });
    format!(
        "<ds:Signature xmlns:ds=\"{DS}\"><ds:SignedInfo>\
         <ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE_C14N}\"/><ds:SignatureMethod Algorithm=\"{method}\"/>\
         <ds:Reference URI=\"#{id}\"><ds:Transforms><ds:Transform Algorithm=\"{ENVELOPED_SIGNATURE}\"/>\
         <ds:Transform Algorithm=\"{EXCLUSIVE_C14N}\"/></ds:Transforms><ds:DigestMethod Algorithm=\"{digest}\"/>\
         <ds:DigestValue>{{digest:{id}}}</ds:DigestValue></ds:Reference></ds:SignedInfo>\
         <ds:SignatureValue>{{signature}}</ds:SignatureValue>{key_info}</ds:Signature>"
    )
}

/// The signature over octets, in base64: what HTTP-Redirect has for a query. RSA-SHA256 or ECDSA-SHA256.
///
/// # Errors
/// [`TestingError::Signing`] without randomness.
pub fn sign_octets(key: TestKey, octets: &[u8]) -> Result<String, TestingError> {
    Ok(BASE64_STANDARD.encode(signed(octets, &key.signing_key()?)?))
}

/// A placeholder that can be filled in now: from where on to look for it, itself, and its value.
type Value = (usize, String, String);

fn next_value(text: &str, key: &SigningKey) -> Result<Option<Value>, TestingError> {
    if text.contains('\r') {
        return Err(TestingError::Placeholder("carriage return".to_owned()));
    }
    let document = Document::parse(text.as_bytes().to_vec(), Profile::Metadata, &Limits::metadata())?;
    let all: Vec<Node<'_>> = document.root().subtree().filter(|node| placeholder(*node).is_some()).collect();
    for node in &all {
        let waits_for = |part: Node<'_>, but: Node<'_>| all.iter().any(|n| n.is_within(part) && !n.is_within(but));
        let (Some(name), Some(element), Some(signature)) = (placeholder(*node), node.parent(), enclosing(*node)) else {
            break;
        };
        let octets = match name.strip_prefix("digest:") {
            Some(id) => match find(&document, id) {
                Some(target) if !waits_for(target, signature) => digest(*node, target, signature)?,
                _ => continue,
            },
            None => match signature.elements().find(|child| child.is(DS, "SignedInfo")) {
                Some(info) if !all.iter().any(|n| n.is_within(info)) => sign(info, key)?,
                _ => continue,
            },
        };
        return Ok(Some((element.offset(), format!("{{{name}}}"), BASE64_STANDARD.encode(octets))));
    }
    match all.first() {
        Some(node) => Err(TestingError::Placeholder(placeholder(*node).unwrap_or_default().to_owned())),
        None => Ok(None),
    }
}

/// The name of the placeholder that a run of text is.
fn placeholder(node: Node<'_>) -> Option<&str> {
    let name = node.as_text()?.trim().strip_prefix('{')?.strip_suffix('}')?;
    (name == "signature" || name.starts_with("digest:")).then_some(name)
}

fn ancestor<'d>(node: Node<'d>, name: &str) -> Option<Node<'d>> {
    std::iter::successors(node.parent(), Node::parent).find(|element| element.is(DS, name))
}

fn enclosing(node: Node<'_>) -> Option<Node<'_>> {
    ancestor(node, "Signature")
}

fn find<'d>(document: &'d Document, id: &str) -> Option<Node<'d>> {
    let has_id = |node: &Node<'_>| ["ID", "Id", "id"].iter().any(|name| node.attribute(name) == Some(id));
    document.root().subtree().find(has_id)
}

fn digest(node: Node<'_>, target: Node<'_>, signature: Node<'_>) -> Result<Vec<u8>, TestingError> {
    let reference = ancestor(node, "Reference").unwrap_or(signature);
    let named = |element: Node<'_>| DigestAlgorithm::from_uri(element.attribute("Algorithm")?);
    let algorithm = reference.subtree().filter(|element| element.is(DS, "DigestMethod")).find_map(named);
    let algorithm = algorithm.unwrap_or(DigestAlgorithm::Sha256);
    let digest = digest_of(target, Some(signature), &method(reference, "Transform"), algorithm)?;
    Ok(digest.as_ref().to_vec())
}

fn sign(info: Node<'_>, key: &SigningKey) -> Result<Vec<u8>, TestingError> {
    let mut octets = Vec::new();
    canonicalize(info, None, &method(info, "CanonicalizationMethod"), &mut octets)?;
    signed(&octets, key)
}

fn signed(octets: &[u8], key: &SigningKey) -> Result<Vec<u8>, TestingError> {
    Ok(key.sign(octets)?)
}

/// The first canonicalization named below an element; without one, the default of XML Signature 4.4.3.2.
fn method<'d>(within: Node<'d>, name: &str) -> Method<'d> {
    let all =
        Algorithms { sha1: Permission::Allowed, rsa1024: Permission::Allowed, inclusive_c14n: Permission::Allowed };
    let mut named = within.subtree().filter(|element| element.is(DS, name));
    named
        .find_map(|element| read_c14n(element, &all, Signature::C14nMethod.into()).ok())
        .unwrap_or(Method { rule: Rule::Inclusive10, inclusive_prefixes: Vec::new() })
}
