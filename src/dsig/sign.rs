//! Signing what we send: an enveloped signature over the element with a given ID.

use std::borrow::Cow;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::c14n::{Method, canonicalize};
use super::signature::Position;
use super::verify::digest_of;
use super::{DS, ENVELOPED_SIGNATURE, EXCLUSIVE_C14N};
use crate::crypto::DigestAlgorithm;
use crate::error::{Rejection, SigningError};
use crate::keys::SigningKey;
use crate::limits::Limits;
use crate::xml::{Document, Node, Profile, Writer};

/// Puts a signature into the element with that ID and gives the whole text back.
///
/// # Errors
/// [`SigningError`]; the text is never returned unsigned.
pub(crate) fn sign_enveloped(
    xml: &str,
    id: &str,
    position: Position,
    key: &SigningKey,
) -> Result<String, SigningError> {
    let xml = &*with_normal_line_ends(xml);
    let document = Document::parse(xml.as_bytes().to_vec(), Profile::Metadata, &Limits::metadata())?;
    let target = document.root().subtree().find(|node| node.attribute("ID") == Some(id)).ok_or(SigningError::Target)?;
    let algorithm = key.algorithm();
    let digest = digest_of(target, None, &Method::exclusive(), algorithm.digest())?;
    let signed_info = signed_info(id, key, digest.as_ref());
    let value = key.sign(&canonical(&signed_info)?)?;
    let signature = signature(&signed_info, &value, key);
    insert(xml, insertion_point(target, position), &signature).ok_or(SigningError::Target)
}

/// `ds:SignedInfo` as a document of its own: in exclusive canonical form that is what it is in place.
fn signed_info(id: &str, key: &SigningKey, digest: &[u8]) -> String {
    let algorithm = key.algorithm();
    let mut xml = Writer::new();
    xml.start("ds:SignedInfo").attribute("xmlns:ds", DS);
    xml.start("ds:CanonicalizationMethod").attribute("Algorithm", EXCLUSIVE_C14N).end();
    xml.start("ds:SignatureMethod").attribute("Algorithm", algorithm.uri()).end();
    xml.start("ds:Reference").attribute("URI", &format!("#{id}")).start("ds:Transforms");
    xml.start("ds:Transform").attribute("Algorithm", ENVELOPED_SIGNATURE).end();
    xml.start("ds:Transform").attribute("Algorithm", EXCLUSIVE_C14N).end().end();
    xml.start("ds:DigestMethod").attribute("Algorithm", digest_uri(algorithm.digest())).end();
    xml.element("ds:DigestValue", &BASE64_STANDARD.encode(digest));
    xml.finish()
}

/// SHA-384 has two names; that of XML Signature 1.1 §6.2.3 is the one that libxmlsec1 1.2 knows.
pub(crate) fn digest_uri(algorithm: DigestAlgorithm) -> &'static str {
    match algorithm {
        DigestAlgorithm::Sha384 => "http://www.w3.org/2001/04/xmldsig-more#sha384",
        other => other.uri(),
    }
}

fn canonical(xml: &str) -> Result<Vec<u8>, Rejection> {
    let document = Document::parse(xml.as_bytes().to_vec(), Profile::Message, &Limits::message())?;
    let mut octets = Vec::new();
    canonicalize(document.root(), None, &Method::exclusive(), &mut octets)?;
    Ok(octets)
}

/// KeyInfo carries the certificate if there is one: AD FS refuses signatures without it.
fn signature(signed_info: &str, value: &[u8], key: &SigningKey) -> String {
    let mut xml = Writer::new();
    xml.start("ds:Signature").attribute("xmlns:ds", DS).raw(signed_info);
    xml.element("ds:SignatureValue", &BASE64_STANDARD.encode(value));
    if let Some(certificate) = key.certificate() {
        xml.start("ds:KeyInfo").start("ds:X509Data").element("ds:X509Certificate", &certificate.to_base64());
    }
    xml.finish()
}

/// Where in the text the signature goes.
fn insertion_point(target: Node<'_>, position: Position) -> Option<usize> {
    let first = target.elements().next()?;
    match position {
        Position::After(namespace, name) if first.is(namespace, name) => first.source_end(),
        Position::After(..) | Position::First => Some(first.offset()),
    }
}

/// As every reader of XML sees them (XML 1.0 §2.11): the offsets of the tree are those of that text.
fn with_normal_line_ends(xml: &str) -> Cow<'_, str> {
    if xml.contains('\r') { xml.replace("\r\n", "\n").replace('\r', "\n").into() } else { xml.into() }
}

fn insert(xml: &str, at: Option<usize>, signature: &str) -> Option<String> {
    let (head, tail) = xml.split_at_checked(at?)?;
    Some([head, signature, tail].concat())
}
