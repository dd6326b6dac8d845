//! `md:KeyDescriptor` (SAML Metadata 2.4.1.1) and the part of `ds:KeyInfo` that holds keys.

use std::collections::HashSet;

use super::identity_provider::{IdentityProvider, Parts};
use super::warning::{MetadataWarning, Warnings};
use super::{MD, check_children, read_certificates};
use crate::crypto::PublicKey;
use crate::dsig::{DS, DS11};
use crate::error::{Metadata, Rejection, Schema};
use crate::keys::{Certificate, KeyError, UnusableKey, VerifyingKey};
use crate::xml::{Node, base64_binary};

/// Adds the keys of a descriptor to what they are for.
///
/// A signing certificate that can't be read is an error, since its messages would be refused later; a key of
/// a kind that this crate does not know is left out with a warning, and so is whatever is wrong with an encryption key.
///
/// # Errors
/// `metadata.key`, `schema.*`.
pub(super) fn read<'d>(
    descriptor: Node<'d>,
    last: &mut Option<LastCertificate<'d>>,
    parts: &mut Parts,
) -> Result<(), Rejection> {
    let usage = Usage::of(descriptor)?;
    let found = keys_of(key_info(descriptor)?, last, &mut parts.warnings)?;
    parts.warnings.extend(number_warning(&found, usage));
    for Found { element, key } in found {
        match key {
            Ok(key) => usage.add(key, parts),
            Err(error) if usage == Usage::Encryption => {
                parts.warnings.push(MetadataWarning::EncryptionKeyNotUsed { error });
            }
            Err(error @ KeyError::Unusable(_)) => parts.warnings.push(MetadataWarning::SigningKeyNotUsed { error }),
            Err(error) => return Err(refuse(element).finding(error.to_string())),
        }
        if parts.keys() > IdentityProvider::MOST_KEYS {
            break;
        }
    }
    Ok(())
}

/// The certificate that was read last: most publishers give one twice, for signing and for encryption.
pub(super) struct LastCertificate<'d> {
    text: &'d str,
    certificate: Certificate,
}

/// A `ds:KeyInfo` is about one key (XML Signature 1.1 section 4.5), but nothing says which of several.
fn number_warning(found: &[Found<'_>], usage: Usage) -> Option<MetadataWarning> {
    let keys = found.iter().filter_map(|found| found.key.as_ref().ok());
    let distinct: HashSet<&[u8]> = keys.map(|key| key.public_key().spki_der()).collect();
    match distinct.len() {
        _ if found.is_empty() => Some(MetadataWarning::KeyDescriptorWithoutKey),
        0 | 1 => None,
        _ if usage == Usage::Encryption => None,
        keys => Some(MetadataWarning::SeveralKeysInOneKeyInfo { keys }),
    }
}

/// What a key is for. One without `use` is for both (SAML Metadata 2.4.1.1).
#[derive(Clone, Copy, PartialEq, Eq)]
enum Usage {
    Signing,
    Encryption,
    Both,
}

impl Usage {
    fn of(descriptor: Node<'_>) -> Result<Self, Rejection> {
        match descriptor.attribute("use") {
            None => Ok(Self::Both),
            Some("signing") => Ok(Self::Signing),
            Some("encryption") => Ok(Self::Encryption),
            Some(other) => Err(refuse(descriptor).expecting("use=\"signing\", \"encryption\" or none").finding(other)),
        }
    }

    fn add(self, key: VerifyingKey, parts: &mut Parts) {
        if self != Self::Signing
            && let Some(certificate) = key.certificate()
        {
            parts.add_encryption_certificate(certificate.clone());
        }
        if self != Self::Encryption {
            parts.add_signing_key(key);
        }
    }
}

struct Found<'d> {
    element: Node<'d>,
    key: Result<VerifyingKey, KeyError>,
}

fn key_info(descriptor: Node<'_>) -> Result<Node<'_>, Rejection> {
    check_children(descriptor, &[MD, DS])?;
    let mut infos = descriptor.elements().filter(|child| child.is(DS, "KeyInfo"));
    match (infos.next(), infos.next()) {
        (Some(info), None) => Ok(info),
        (_, Some(second)) => Err(Rejection::new(Schema::Cardinality).at(second.place()).finding("KeyInfo")),
        (None, None) => Err(Rejection::new(Schema::Missing).at(descriptor.place()).expecting("ds:KeyInfo")),
    }
}

/// The first certificate of each X509Data, or the key values if there is no certificate.
fn keys_of<'d>(
    info: Node<'d>,
    last: &mut Option<LastCertificate<'d>>,
    warnings: &mut Warnings,
) -> Result<Vec<Found<'d>>, Rejection> {
    refuse_look_alikes(info, &["X509Data", "KeyValue"])?;
    if let Some(stray) = info.elements().find(|child| child.local_name() == "X509Certificate") {
        return Err(refuse(stray).expecting("ds:X509Certificate within ds:X509Data"));
    }
    let mut found = Vec::new();
    for data in info.elements().filter(|child| child.is(DS, "X509Data")) {
        refuse_look_alikes(data, &["X509Certificate"])?;
        found.extend(first_certificate(data, last, warnings)?);
    }
    if found.is_empty() {
        let values = info.elements().filter(|child| child.is(DS, "KeyValue"));
        found.extend(values.filter_map(|element| Some(Found { element, key: key_value(element)? })));
    }
    Ok(found)
}

fn first_certificate<'d>(
    data: Node<'d>,
    last: &mut Option<LastCertificate<'d>>,
    warnings: &mut Warnings,
) -> Result<Option<Found<'d>>, Rejection> {
    let mut elements = data.elements().filter(|child| child.is(DS, "X509Certificate"));
    let Some(element) = elements.next() else { return Ok(None) };
    let text = element.text_content()?;
    let read = match last {
        Some(last) if last.text == text => Ok(vec![last.certificate.clone()]),
        _ => read_certificates(text),
    };
    let beside = read.as_ref().map_or(0, |certificates| certificates.len().saturating_sub(1));
    if let Ok([certificate]) = read.as_deref() {
        *last = Some(LastCertificate { text, certificate: certificate.clone() });
    }
    let certificates = elements.count().saturating_add(beside);
    if certificates > 0 {
        warnings.push(MetadataWarning::ChainNotUsed { certificates });
    }
    let first = read.map(|certificates| certificates.into_iter().next());
    Ok(first.transpose().map(|first| Found { element, key: first.map(VerifyingKey::from) }))
}

/// An RSA or EC key without a certificate; none for other kinds.
fn key_value(value: Node<'_>) -> Option<Result<VerifyingKey, KeyError>> {
    let key = value.elements().next()?;
    match (key.namespace(), key.local_name()) {
        (DS, "RSAKeyValue") => Some(rsa_key(key)),
        (DS11, "ECKeyValue") => Some(ec_key(key)),
        _ => None,
    }
}

/// XML Signature 1.1 section 4.5.2.2.
fn rsa_key(value: Node<'_>) -> Result<VerifyingKey, KeyError> {
    let modulus = octets(value, DS, "Modulus")?;
    let exponent = octets(value, DS, "Exponent")?;
    Ok(VerifyingKey::from(PublicKey::from_rsa_components(&modulus, &exponent)?))
}

/// The named curves of XML Signature 1.1 section 4.5.2.3 and what stands before the uncompressed point in the
/// DER of a SubjectPublicKeyInfo (RFC 5480).
const CURVES: [(&str, &[u8]); 3] = [
    (
        "urn:oid:1.2.840.10045.3.1.7",
        b"\x30\x59\x30\x13\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01\x06\x08\x2A\x86\x48\xCE\x3D\x03\x01\x07\x03\x42\x00",
    ),
    (
        "urn:oid:1.3.132.0.34",
        b"\x30\x76\x30\x10\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01\x06\x05\x2B\x81\x04\x00\x22\x03\x62\x00",
    ),
    (
        "urn:oid:1.3.132.0.35",
        b"\x30\x81\x9B\x30\x10\x06\x07\x2A\x86\x48\xCE\x3D\x02\x01\x06\x05\x2B\x81\x04\x00\x23\x03\x81\x86\x00",
    ),
];

fn ec_key(value: Node<'_>) -> Result<VerifyingKey, KeyError> {
    let curve = child(value, DS11, "NamedCurve").and_then(|curve| curve.attribute("URI")).unwrap_or_default();
    let oid = || curve.strip_prefix("urn:oid:").map(str::to_owned);
    let known = CURVES.iter().find(|(uri, _)| *uri == curve);
    let (_, prefix) = known.ok_or_else(|| UnusableKey::Curve { oid: oid() })?;
    let point = octets(value, DS11, "PublicKey")?;
    VerifyingKey::from_spki_der(&[prefix, point.as_slice()].concat())
}

fn octets(value: Node<'_>, namespace: &str, name: &str) -> Result<Vec<u8>, KeyError> {
    // An error of text_content has a place, which takes a walk through the document, and this one may come often.
    let child = child(value, namespace, name).filter(|child| child.elements().next().is_none());
    let text = child.and_then(|child| child.text_content().ok());
    base64_binary(text.ok_or(UnusableKey::Malformed)?).ok_or(KeyError::Base64)
}

fn child<'d>(element: Node<'d>, namespace: &str, name: &str) -> Option<Node<'d>> {
    element.elements().find(|child| child.is(namespace, name))
}

/// Other namespaces may add to `ds:KeyInfo` and `ds:X509Data`, but not something that a careless reader takes for a key.
fn refuse_look_alikes(element: Node<'_>, names: &[&str]) -> Result<(), Rejection> {
    let is_look_alike = |child: &Node<'_>| names.contains(&child.local_name()) && child.namespace() != DS;
    match element.elements().find(is_look_alike) {
        Some(child) => Err(Rejection::new(Schema::ForeignNamespace).at(child.place()).finding(child.qualified_name())),
        None => Ok(()),
    }
}

fn refuse(element: Node<'_>) -> Rejection {
    Rejection::new(Metadata::Key).at(element.place())
}
