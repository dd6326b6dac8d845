//! Verifying, and the proof that it happened.

use super::c14n::{Method, Sink, canonicalize};
use super::signature::SignatureElement;
use crate::crypto::{DigestAlgorithm, DigestValue, Hasher, KeyType, provides_digest, provides_signature};
use crate::error::{Reference, Rejection, Signature};
use crate::keys::VerifyingKey;
use crate::xml::{Document, Node};

/// Shortest RSA modulus of the strict profile, in bits.
const RSA_BITS: usize = 2048;

/// Whether a connection lets something weak pass.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Permission {
    #[default]
    Refused,
    Allowed,
}

/// What a connection allows beyond the strict profile.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Algorithms {
    /// SHA-1, in signatures and digests.
    pub(crate) sha1: Permission,
    /// RSA keys from 1024 bits.
    pub(crate) rsa1024: Permission,
    /// Canonicalizations other than exclusive without comments.
    pub(crate) inclusive_c14n: Permission,
}

impl Algorithms {
    /// The strict profile.
    pub(crate) fn strict() -> Self {
        Self::default()
    }

    pub(crate) fn permit_digest(&self, digest: DigestAlgorithm) -> bool {
        provides_digest(digest) && (digest != DigestAlgorithm::Sha1 || self.sha1 == Permission::Allowed)
    }

    /// Whether the key is long enough.
    pub(crate) fn permit_key(&self, key: KeyType) -> bool {
        match key {
            KeyType::Rsa { bits } => bits >= RSA_BITS || self.rsa1024 == Permission::Allowed,
            KeyType::P256 | KeyType::P384 | KeyType::P521 => true,
        }
    }
}

/// Proof that a pinned key signed this element: everything in it but the signature itself.
///
/// There is no other way to make one than [`verify`] and [`Detached::verify`](super::Detached::verify), and no host can name it:
/// ```compile_fail
/// use saml_sp::dsig::Signed;
/// ```
/// ```
/// use saml_sp::Login;
/// ```
#[derive(Clone, Copy)]
pub(crate) struct Signed<'d> {
    element: Node<'d>,
    /// Stands inside what is covered without being covered; not in what came out of a decryption.
    signature: Option<Node<'d>>,
}

impl<'d> Signed<'d> {
    /// The proof for a message by a signature over the octets that it was decoded from.
    pub(super) fn whole(message: &'d Document) -> Self {
        Self { element: message.root(), signature: None }
    }

    /// The element that the signature covers, or a part of it.
    pub(crate) fn element(&self) -> Node<'d> {
        self.element
    }

    /// The proof for a part of what is covered; nothing for what isn't.
    pub(crate) fn part(&self, node: Node<'d>) -> Option<Signed<'d>> {
        let covered = node.is_element()
            && node.is_within(self.element)
            && !self.signature.is_some_and(|signature| node.is_within(signature));
        covered.then_some(Self { element: node, signature: self.signature })
    }

    /// The proof for the plaintext of ciphertext that is covered.
    pub(crate) fn plaintext<'p>(&self, ciphertext: Node<'d>, plaintext: Node<'p>) -> Option<Signed<'p>> {
        self.part(ciphertext).map(|_| Signed { element: plaintext, signature: None })
    }
}

/// Verifies a `ds:Signature` over the element that it stands in, with one of the keys.
///
/// The order is that of the cost: structure, target, algorithms and key, then SignatureValue over
/// SignedInfo, and only then the digest of the target.
///
/// # Errors
/// Codes `dsig.*` and `c14n.*`.
pub(crate) fn verify<'d>(
    signature: Node<'d>,
    keys: &[VerifyingKey],
    algorithms: &Algorithms,
) -> Result<Signed<'d>, Rejection> {
    let signature = SignatureElement::read(signature, algorithms)?;
    let target = check_target(&signature)?;
    verifying_key(&signature, keys, algorithms)?;
    verify_digest(&signature, target)?;
    Ok(Signed { element: target, signature: Some(signature.node) })
}

/// The target is the parent, and the Reference has to say so: nothing is looked up.
pub(super) fn check_target<'d>(signature: &SignatureElement<'d>) -> Result<Node<'d>, Rejection> {
    let refused = || Rejection::new(Reference::ReferenceTarget).at(signature.node.place());
    let parent = signature.node.parent().ok_or_else(refused)?;
    let id = parent.attribute("ID").unwrap_or_default();
    if id != signature.reference.target {
        return Err(refused().expecting(format!("#{id}")).finding(format!("#{}", signature.reference.target)));
    }
    Ok(parent)
}

/// The key that the SignatureValue verifies with.
pub(super) fn verifying_key<'k>(
    signature: &SignatureElement<'_>,
    keys: &'k [VerifyingKey],
    algorithms: &Algorithms,
) -> Result<&'k VerifyingKey, Rejection> {
    let candidates = candidates(signature, keys, algorithms)?;
    let mut octets = Vec::new();
    canonicalize(signature.signed_info, None, &signature.method, &mut octets)?;
    if octets.is_empty() {
        return Err(Rejection::new(Reference::EmptyOutput).at(signature.signed_info.place()));
    }
    let verifies =
        |key: &&VerifyingKey| key.public_key().verify(signature.algorithm, &octets, &signature.value).is_ok();
    candidates.iter().copied().find(verifies).ok_or_else(|| {
        let tried: Vec<_> = candidates.iter().map(|key| key.fingerprint().to_string()).collect();
        let refused = Rejection::new(Signature::SignatureInvalid).at(signature.node.place());
        refused.expecting(format!("a signature by one of the keys {}", tried.join(", ")))
    })
}

fn candidates<'k>(
    signature: &SignatureElement<'_>,
    keys: &'k [VerifyingKey],
    algorithms: &Algorithms,
) -> Result<Vec<&'k VerifyingKey>, Rejection> {
    let refused =
        |reason: Signature| Rejection::new(reason).at(signature.node.place()).finding(signature.algorithm.uri());
    let fitting: Vec<_> = keys.iter().filter(|key| key.key_type().family() == signature.algorithm.family()).collect();
    if fitting.is_empty() {
        return Err(refused(Signature::KeyAlgorithmMismatch));
    }
    let strong: Vec<_> = fitting.into_iter().filter(|key| algorithms.permit_key(key.key_type())).collect();
    if strong.is_empty() {
        return Err(refused(Signature::WeakKey));
    }
    let provided = |key: &&VerifyingKey| provides_signature(key.key_type(), signature.algorithm);
    let provided: Vec<_> = strong.into_iter().filter(provided).collect();
    if provided.is_empty() { Err(refused(Signature::SignatureAlgorithm)) } else { Ok(provided) }
}

fn verify_digest<'d>(signature: &SignatureElement<'d>, target: Node<'d>) -> Result<(), Rejection> {
    let reference = &signature.reference;
    let refused = |reason: Reference| Err(Rejection::new(reason).at(target.place()));
    if DigestValue::of_nothing(reference.digest_algorithm).matches(&reference.digest) {
        return refused(Reference::EmptyOutput);
    }
    let digest = digest_of(target, Some(signature.node), &reference.method, reference.digest_algorithm)?;
    if digest.matches(&reference.digest) { Ok(()) } else { refused(Reference::DigestMismatch) }
}

/// The digest of a canonical form, which never exists as a whole.
pub(crate) fn digest_of<'d>(
    apex: Node<'d>,
    omit: Option<Node<'d>>,
    method: &Method<'d>,
    algorithm: DigestAlgorithm,
) -> Result<DigestValue, Rejection> {
    let mut sink = HashSink { hasher: Hasher::new(algorithm), buffer: Vec::with_capacity(HashSink::BLOCK), octets: 0 };
    canonicalize(apex, omit, method, &mut sink)?;
    if sink.octets == 0 {
        return Err(Rejection::new(Reference::EmptyOutput).at(apex.place()));
    }
    sink.hasher.update(&sink.buffer);
    Ok(sink.hasher.finish())
}

/// Gathers the many short writes of canonicalization into blocks worth hashing.
struct HashSink {
    hasher: Hasher,
    buffer: Vec<u8>,
    octets: usize,
}

impl HashSink {
    const BLOCK: usize = 4096;
}

impl Sink for HashSink {
    fn write(&mut self, octets: &[u8]) {
        self.octets = self.octets.saturating_add(octets.len());
        if self.buffer.len().saturating_add(octets.len()) > Self::BLOCK {
            self.hasher.update(&self.buffer);
            self.buffer.clear();
            self.hasher.update(octets);
        } else {
            self.buffer.extend_from_slice(octets);
        }
    }
}
