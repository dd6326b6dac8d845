//! Reading `ds:Signature` strictly: what isn't in the profile is refused before any cryptography.

use super::c14n::{Method, Rule};
use super::verify::{Algorithms, Permission};
use super::{DS, DS11, ENVELOPED_SIGNATURE, EXCLUSIVE_C14N};
use crate::crypto::{DigestAlgorithm, RsaPssParameters, SignatureAlgorithm};
use crate::error::{Limit, Reason, Reference, Rejection, Signature};
use crate::xml::{Cursor, Node, base64_binary, is_ncname, trim};

/// Most prefixes of an InclusiveNamespaces list; each costs time on every element.
const MOST_PREFIXES: usize = 32;
/// RSAPSSParams and MGF1 (RFC 9231 §2.3.9).
const MORE: &str = "http://www.w3.org/2007/05/xmldsig-more#";

/// Where a signature has to stand among the children of the element that it signs.
#[derive(Clone, Copy)]
pub(crate) enum Position {
    /// Before every other child: metadata.
    First,
    /// Directly after a leading child of that namespace and name, or first where that is absent: messages and assertions.
    After(&'static str, &'static str),
}

/// The one signature that is a child of the element, if there is any.
///
/// # Errors
/// `dsig.multiple`, `dsig.misplaced`.
pub(crate) fn signature_of<'d>(element: Node<'d>, position: Position) -> Result<Option<Node<'d>>, Rejection> {
    let mut signatures = element.elements().filter(|child| child.is(DS, "Signature"));
    let Some(signature) = signatures.next() else { return Ok(None) };
    if let Some(second) = signatures.next() {
        return Err(Rejection::new(Signature::Multiple).at(second.place()));
    }
    let leads = |child: &Node<'_>| matches!(position, Position::After(namespace, name) if child.is(namespace, name));
    let leader = element.elements().find(leads);
    let mut before = element.elements().take_while(|child| *child != signature);
    if before.next() != leader || before.next().is_some() {
        return Err(Rejection::new(Signature::Misplaced).at(signature.place()));
    }
    Ok(Some(signature))
}

/// A signature whose structure has been checked, and nothing else.
pub(crate) struct SignatureElement<'d> {
    /// `ds:Signature`.
    pub(crate) node: Node<'d>,
    /// `ds:SignedInfo`.
    pub(crate) signed_info: Node<'d>,
    /// How SignedInfo is canonicalized.
    pub(crate) method: Method<'d>,
    pub(crate) algorithm: SignatureAlgorithm,
    pub(crate) reference: ReferenceElement<'d>,
    /// The octets of SignatureValue.
    pub(crate) value: Vec<u8>,
}

/// The one `ds:Reference`.
pub(crate) struct ReferenceElement<'d> {
    /// The ID after the `#`.
    pub(crate) target: &'d str,
    /// How the target is canonicalized, without the signature.
    pub(crate) method: Method<'d>,
    pub(crate) digest_algorithm: DigestAlgorithm,
    /// The octets of DigestValue.
    pub(crate) digest: Vec<u8>,
}

impl<'d> SignatureElement<'d> {
    /// # Errors
    /// Codes `dsig.*` for structure, algorithms that do not exist here, and encodings.
    pub(crate) fn read(node: Node<'d>, algorithms: &Algorithms) -> Result<Self, Rejection> {
        refuse_extra_parts(node)?;
        let mut cursor = structured(Cursor::new(node))?;
        cursor.attribute("Id");
        let signed_info = structured(cursor.expect(DS, "SignedInfo"))?;
        let value = structured(cursor.expect(DS, "SignatureValue"))?;
        let key_info = cursor.take(DS, "KeyInfo");
        structured(cursor.finish())?;
        if let Some(key_info) = key_info {
            check_key_info(key_info)?;
        }
        let (method, algorithm, reference) = read_signed_info(signed_info, algorithms)?;
        let value = read_base64(value, Signature::SignatureEncoding.into())?;
        Ok(Self { node, signed_info, method, algorithm, reference, value })
    }
}

/// The errors that say more than "structure": a second SignedInfo and an Object are the two classic
/// ways of hiding another document inside a signature.
fn refuse_extra_parts(node: Node<'_>) -> Result<(), Rejection> {
    if let Some(object) = node.elements().find(|child| child.is(DS, "Object")) {
        return Err(Rejection::new(Signature::ObjectForbidden).at(object.place()));
    }
    let count = node.elements().filter(|child| child.is(DS, "SignedInfo")).count();
    if count > 1 {
        return Err(Rejection::new(Signature::SignedInfoCount)
            .at(node.place())
            .expecting("1")
            .finding(count.to_string()));
    }
    Ok(())
}

/// KeyInfo is no source of keys; but it lies outside the digest, so nothing but key hints may hide in it.
fn check_key_info(key_info: Node<'_>) -> Result<(), Rejection> {
    let is_hint = |node: Node<'_>| match node.namespace() {
        DS => !matches!(node.local_name(), "Signature" | "SignedInfo" | "Object" | "Manifest" | "SignatureProperties"),
        DS11 => true,
        _ => false,
    };
    match key_info.subtree().find(|node| node.is_element() && !is_hint(*node)) {
        Some(node) => Err(Rejection::new(Signature::Structure).at(node.place()).finding(node.qualified_name())),
        None => Ok(()),
    }
}

type SignedInfo<'d> = (Method<'d>, SignatureAlgorithm, ReferenceElement<'d>);

fn read_signed_info<'d>(node: Node<'d>, algorithms: &Algorithms) -> Result<SignedInfo<'d>, Rejection> {
    let references = node.elements().filter(|child| child.is(DS, "Reference")).count();
    if references != 1 {
        return Err(Rejection::new(Reference::ReferenceCount)
            .at(node.place())
            .expecting("1")
            .finding(references.to_string()));
    }
    let mut cursor = structured(Cursor::new(node))?;
    cursor.attribute("Id");
    let c14n = structured(cursor.expect(DS, "CanonicalizationMethod"))?;
    let method = structured(cursor.expect(DS, "SignatureMethod"))?;
    let reference = structured(cursor.expect(DS, "Reference"))?;
    structured(cursor.finish())?;
    let c14n = read_c14n(c14n, algorithms, Signature::C14nMethod.into())?;
    let algorithm = read_signature_method(method, algorithms)?;
    Ok((c14n, algorithm, read_reference(reference, algorithms)?))
}

pub(super) fn read_signature_method(node: Node<'_>, algorithms: &Algorithms) -> Result<SignatureAlgorithm, Rejection> {
    let mut cursor = structured(Cursor::new(node))?;
    let uri = cursor.attribute("Algorithm").unwrap_or_default();
    let algorithm = if uri == SignatureAlgorithm::RSA_PSS_URI {
        read_pss_parameters(cursor.take(MORE, "RSAPSSParams"))?.map(SignatureAlgorithm::RsaPss)
    } else {
        SignatureAlgorithm::from_uri(uri)
    };
    let algorithm = algorithm.filter(|algorithm| algorithms.permit_digest(algorithm.digest()));
    let algorithm =
        algorithm.ok_or_else(|| Rejection::new(Signature::SignatureAlgorithm).at(node.place()).finding(uri))?;
    structured(cursor.finish())?;
    Ok(algorithm)
}

/// RFC 9231 §2.3.9: everything is optional; the defaults are SHA-256, MGF1 with the same digest, a
/// salt as long as the digest, and trailer 1. `None` for parameters that no peer needs.
fn read_pss_parameters(node: Option<Node<'_>>) -> Result<Option<RsaPssParameters>, Rejection> {
    let Some(node) = node else { return Ok(Some(RsaPssParameters::with_default_salt(DigestAlgorithm::Sha256))) };
    let mut cursor = structured(Cursor::new(node))?;
    let digest = read_digest_method(cursor.take(DS, "DigestMethod"), DigestAlgorithm::Sha256)?;
    let mask = match cursor.take(MORE, "MaskGenerationFunction") {
        None => digest,
        Some(mask) => {
            let mut cursor = structured(Cursor::new(mask))?;
            if cursor.attribute("Algorithm").is_some_and(|uri| uri.strip_prefix(MORE) != Some("MGF1")) {
                return Ok(None);
            }
            let mask = read_digest_method(cursor.take(DS, "DigestMethod"), digest)?;
            structured(cursor.finish())?;
            mask
        }
    };
    let salt = match cursor.take(MORE, "SaltLength") {
        None => digest.output_len(),
        Some(salt) => match trim(structured(salt.text_content())?).parse() {
            Ok(salt) => salt,
            Err(_) => return Ok(None),
        },
    };
    if let Some(trailer) = cursor.take(MORE, "TrailerField")
        && trim(structured(trailer.text_content())?) != "1"
    {
        return Ok(None);
    }
    structured(cursor.finish())?;
    Ok(RsaPssParameters::new(digest, mask, salt))
}

fn read_digest_method(node: Option<Node<'_>>, absent: DigestAlgorithm) -> Result<DigestAlgorithm, Rejection> {
    let Some(node) = node else { return Ok(absent) };
    let mut cursor = structured(Cursor::new(node))?;
    let uri = cursor.attribute("Algorithm").unwrap_or_default();
    structured(cursor.finish())?;
    DigestAlgorithm::from_uri(uri)
        .ok_or_else(|| Rejection::new(Reference::DigestAlgorithm).at(node.place()).finding(uri))
}

fn read_reference<'d>(node: Node<'d>, algorithms: &Algorithms) -> Result<ReferenceElement<'d>, Rejection> {
    let mut cursor = structured(Cursor::new(node))?;
    cursor.attribute("Id");
    let uri = cursor.attribute("URI");
    let kind = cursor.attribute("Type").unwrap_or_default();
    let transforms = cursor.take(DS, "Transforms");
    let digest_method = structured(cursor.expect(DS, "DigestMethod"))?;
    let digest_value = structured(cursor.expect(DS, "DigestValue"))?;
    structured(cursor.finish())?;
    if kind.starts_with(DS) {
        return Err(Rejection::new(Signature::Structure).at(node.place()).finding(kind));
    }
    let target = uri.and_then(|uri| uri.strip_prefix('#')).filter(|id| is_fragment(id));
    let target = target.ok_or_else(|| {
        Rejection::new(Reference::ReferenceUri)
            .at(node.place())
            .expecting("#ID")
            .finding(uri.unwrap_or("no URI attribute"))
    })?;
    let transforms =
        transforms.ok_or_else(|| Rejection::new(Reference::Transform).at(node.place()).finding("no transforms"))?;
    let method = read_transforms(transforms, algorithms)?;
    let digest_algorithm = read_digest_method(Some(digest_method), DigestAlgorithm::Sha256)?;
    if !algorithms.permit_digest(digest_algorithm) {
        return Err(Rejection::new(Reference::DigestAlgorithm)
            .at(digest_method.place())
            .finding(digest_algorithm.uri()));
    }
    let digest = read_base64(digest_value, Reference::DigestEncoding.into())?;
    if digest.len() != digest_algorithm.output_len() {
        let lengths = Rejection::new(Reference::DigestEncoding).at(digest_value.place());
        return Err(lengths
            .expecting(format!("{} octets", digest_algorithm.output_len()))
            .finding(format!("{} octets", digest.len())));
    }
    Ok(ReferenceElement { target, method, digest_algorithm, digest })
}

/// A bare name, no XPointer and no escapes. IDs that are no NCName occur (they are a deviation of the
/// ID itself), so this refuses only what could be anything else than a bare name.
fn is_fragment(id: &str) -> bool {
    is_ncname(id)
        || !id.is_empty()
            && id.len() <= 256
            && id.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':'))
}

/// Exactly two transforms: enveloped-signature, then a canonicalization.
fn read_transforms<'d>(node: Node<'d>, algorithms: &Algorithms) -> Result<Method<'d>, Rejection> {
    let refused = |found: &str| Rejection::new(Reference::Transform).at(node.place()).finding(found);
    let mut cursor = structured(Cursor::new(node))?;
    let (first, second) = match (cursor.take(DS, "Transform"), cursor.take(DS, "Transform")) {
        (Some(first), Some(second)) => (first, second),
        _ => return Err(refused("fewer than two transforms")),
    };
    if cursor.peek().is_some_and(|third| third.is(DS, "Transform")) {
        return Err(refused("more than two transforms"));
    }
    structured(cursor.finish())?;
    let mut enveloped = structured(Cursor::new(first))?;
    match enveloped.attribute("Algorithm") {
        Some(ENVELOPED_SIGNATURE) => structured(enveloped.finish())?,
        other => return Err(refused(other.unwrap_or("no Algorithm"))),
    }
    read_c14n(second, algorithms, Reference::Transform.into())
}

/// A canonicalization method. `unknown` is the reason to refuse others with, and those that the
/// connection does not permit.
pub(crate) fn read_c14n<'d>(node: Node<'d>, algorithms: &Algorithms, unknown: Reason) -> Result<Method<'d>, Rejection> {
    let mut cursor = structured(Cursor::new(node))?;
    let uri = cursor.attribute("Algorithm").unwrap_or_default();
    let rule = match uri {
        EXCLUSIVE_C14N => Some(Rule::Exclusive),
        _ if algorithms.inclusive_c14n == Permission::Refused => None,
        // The tree has no comments, so that "with comments" asks for nothing else.
        "http://www.w3.org/2001/10/xml-exc-c14n#WithComments" => Some(Rule::Exclusive),
        "http://www.w3.org/TR/2001/REC-xml-c14n-20010315"
        | "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments" => Some(Rule::Inclusive10),
        "http://www.w3.org/2006/12/xml-c14n11" | "http://www.w3.org/2006/12/xml-c14n11#WithComments" => {
            Some(Rule::Inclusive11)
        }
        _ => None,
    };
    let rule = rule.ok_or_else(|| Rejection::new(unknown).at(node.place()).expecting(EXCLUSIVE_C14N).finding(uri))?;
    let inclusive_prefixes = match cursor.take(EXCLUSIVE_C14N, "InclusiveNamespaces") {
        Some(list) if rule == Rule::Exclusive => read_prefix_list(list)?,
        Some(list) => return Err(Rejection::new(Signature::Structure).at(list.place())),
        None => Vec::new(),
    };
    structured(cursor.finish())?;
    Ok(Method { rule, inclusive_prefixes })
}

fn read_prefix_list(node: Node<'_>) -> Result<Vec<&str>, Rejection> {
    let mut cursor = structured(Cursor::new(node))?;
    let list = structured(cursor.required_attribute("PrefixList"))?;
    structured(cursor.finish())?;
    let prefixes: Vec<_> = list
        .split([' ', '\t', '\n', '\r'])
        .filter(|prefix| !prefix.is_empty())
        .take(MOST_PREFIXES.saturating_add(1))
        .collect();
    if prefixes.len() > MOST_PREFIXES {
        return Err(Rejection::new(Limit::Prefixes).at(node.place()).expecting(format!("at most {MOST_PREFIXES}")));
    }
    Ok(prefixes.into_iter().map(|prefix| if prefix == "#default" { "" } else { prefix }).collect())
}

fn read_base64(node: Node<'_>, bad: Reason) -> Result<Vec<u8>, Rejection> {
    let refused = || Rejection::new(bad).at(node.place());
    let (mut cursor, text) = Cursor::of_text(node).map_err(|_| refused())?;
    cursor.attribute("Id");
    structured(cursor.finish())?;
    base64_binary(text).filter(|octets| !octets.is_empty()).ok_or_else(refused)
}

/// Inside a signature every schema error is one of the signature.
fn structured<T>(result: Result<T, Rejection>) -> Result<T, Rejection> {
    result.map_err(|rejection| match rejection.reason() {
        Reason::Schema(_) => rejection.recast(Signature::Structure),
        _ => rejection,
    })
}
