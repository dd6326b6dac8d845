//! Cryptography behind one interface: the rest of the crate names no cryptography crate.
//!
//! This file holds what is true for every provider (the shape of keys and digests, the rules on lengths and key strength);
//! `rustcrypto` does the arithmetic, or with the feature `aws-lc-rs` its sibling `aws_lc`, which implements the same
//! functions and leaves to `rustcrypto` what it can't do: its first lines say which operation is whose.

mod algorithm;
#[cfg(feature = "aws-lc-rs")]
mod aws_lc;
mod cipher;
mod rustcrypto;
mod rustcrypto_cipher;

use std::fmt;
use std::sync::Arc;

use subtle::ConstantTimeEq;

use crate::error::UnusableKey;

pub use algorithm::{DigestAlgorithm, KeyFamily, KeyType, RsaPssParameters, SignatureAlgorithm};
pub use cipher::KeyTransport;
pub(crate) use cipher::{ContentCipher, DecryptionFailed};
pub(crate) use rustcrypto::Zeroizing;

#[cfg(feature = "aws-lc-rs")]
use aws_lc as provider;
use provider::Refused;
#[cfg(not(feature = "aws-lc-rs"))]
use rustcrypto as provider;
use rustcrypto::CheckedKey;

/// Moduli that are accepted at all, in bits: below is breakable, above is a denial of service.
/// The policy of a connection asks for more than the minimum (2048 by default).
const RSA_MODULUS_BITS: std::ops::RangeInclusive<usize> = 1024..=8192;

/// A running hash.
pub(crate) struct Hasher {
    algorithm: DigestAlgorithm,
    state: provider::HashState,
}

impl Hasher {
    /// A hash of nothing yet.
    pub(crate) fn new(algorithm: DigestAlgorithm) -> Self {
        let state = provider::HashState::new(algorithm);
        Self { algorithm, state }
    }

    /// Appends octets to what is hashed.
    pub(crate) fn update(&mut self, octets: &[u8]) {
        self.state.update(octets);
    }

    /// The digest of everything appended.
    pub(crate) fn finish(self) -> DigestValue {
        DigestValue { algorithm: self.algorithm, octets: self.state.finish() }
    }
}

/// A digest that was computed here, together with the algorithm that made it.
#[derive(Clone, Copy)]
pub(crate) struct DigestValue {
    algorithm: DigestAlgorithm,
    octets: [u8; 64],
}

impl DigestValue {
    /// The digest of `octets`.
    pub(crate) fn of(algorithm: DigestAlgorithm, octets: &[u8]) -> Self {
        let mut hasher = Hasher::new(algorithm);
        hasher.update(octets);
        hasher.finish()
    }

    /// The digest of the empty string: never a legitimate `ds:DigestValue`, but what a failed canonicalization looks like.
    pub(crate) fn of_nothing(algorithm: DigestAlgorithm) -> Self {
        Hasher::new(algorithm).finish()
    }

    /// Whether a claimed value is this digest, in full length and in constant time.
    pub(crate) fn matches(&self, claimed: &[u8]) -> bool {
        self.as_ref().ct_eq(claimed).into()
    }
}

impl AsRef<[u8]> for DigestValue {
    fn as_ref(&self) -> &[u8] {
        self.octets.get(..self.algorithm.output_len()).unwrap_or_default()
    }
}

/// A checked public key: RSA, or a point of P-256, P-384 or P-521. Clones share one key.
#[derive(Clone)]
pub(crate) struct PublicKey(Arc<PublicKeyParts>);

struct PublicKeyParts {
    checked: CheckedKey,
    handle: provider::PublicKey,
}

impl PublicKey {
    /// Reads a DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) with nothing after it.
    ///
    /// # Errors
    /// What is wrong with the key, see [`UnusableKey`].
    pub(crate) fn from_spki_der(der: &[u8]) -> Result<Self, UnusableKey> {
        Self::new(CheckedKey::from_spki_der(der)?)
    }

    /// Takes the big-endian numbers of an RSA key, e.g. of `ds:RSAKeyValue`.
    ///
    /// # Errors
    /// What is wrong with the key, see [`UnusableKey`].
    pub(crate) fn from_rsa_components(modulus: &[u8], exponent: &[u8]) -> Result<Self, UnusableKey> {
        Self::new(CheckedKey::from_rsa_components(modulus, exponent)?)
    }

    fn new(checked: CheckedKey) -> Result<Self, UnusableKey> {
        let handle = provider::PublicKey::new(&checked)?;
        Ok(Self(Arc::new(PublicKeyParts { checked, handle })))
    }

    /// The kind and size of the key.
    pub(crate) fn key_type(&self) -> KeyType {
        self.0.checked.key_type()
    }

    /// The SubjectPublicKeyInfo, always in the one canonical form (DER, uncompressed point).
    pub(crate) fn spki_der(&self) -> &[u8] {
        self.0.checked.spki_der()
    }

    /// Checks the `SignatureValue` of XML Signature over octets: for ECDSA, r and s side by side.
    ///
    /// # Errors
    /// Why the signature does not stand, see [`VerifyError`].
    pub(crate) fn verify(
        &self,
        algorithm: SignatureAlgorithm,
        octets: &[u8],
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        self.check_fit(algorithm)?;
        let expected = self.key_type().signature_len();
        if signature.len() != expected {
            let found = signature.len();
            return Err(VerifyError::Length { expected, found });
        }
        let verdict = self.0.handle.verify(algorithm, octets, signature);
        verdict.map_err(|Refused| VerifyError::Invalid)
    }

    /// Checks an ECDSA signature in the DER form `Ecdsa-Sig-Value` (RFC 3279 section 2.2.3), which some peers
    /// send over HTTP-Redirect.
    ///
    /// # Errors
    /// Why the signature does not stand; RSA has no such form, so it is always refused.
    pub(crate) fn verify_der(
        &self,
        algorithm: SignatureAlgorithm,
        octets: &[u8],
        signature: &[u8],
    ) -> Result<(), VerifyError> {
        self.check_fit(algorithm)?;
        let raw = rustcrypto::ecdsa_from_der(self.key_type(), signature);
        let raw = raw.map_err(|Refused| VerifyError::Invalid)?;
        self.verify(algorithm, octets, &raw)
    }

    fn check_fit(&self, algorithm: SignatureAlgorithm) -> Result<(), VerifyError> {
        if algorithm.family() == self.key_type().family() { Ok(()) } else { Err(VerifyError::KeyFamily) }
    }
}

impl PartialEq for PublicKey {
    fn eq(&self, other: &Self) -> bool {
        self.spki_der() == other.spki_der()
    }
}

impl Eq for PublicKey {}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.key_type().fmt(f)
    }
}

/// A private key; its memory is wiped when it is dropped.
pub(crate) struct PrivateKey {
    public: PublicKey,
    handle: provider::PrivateKey,
}

impl PrivateKey {
    /// Reads PKCS#8 (RFC 5958), PKCS#1 `RSAPrivateKey` (RFC 8017 appendix A.1.2) or SEC1 `ECPrivateKey` (RFC 5915), all unencrypted DER.
    ///
    /// # Errors
    /// What is wrong with the key, see [`UnusableKey`].
    pub(crate) fn from_der(der: &[u8]) -> Result<Self, UnusableKey> {
        let handle = provider::PrivateKey::from_der(der)?;
        let public = PublicKey::new(handle.public_key()?)?;
        Ok(Self { public, handle })
    }

    /// The public half.
    pub(crate) fn public_key(&self) -> &PublicKey {
        &self.public
    }

    /// Signs octets; ECDSA gives r and s side by side. Randomness of the operating system blinds RSA, salts PSS and hedges ECDSA.
    ///
    /// # Errors
    /// See [`SignError`].
    pub(crate) fn sign(&self, algorithm: SignatureAlgorithm, octets: &[u8]) -> Result<Vec<u8>, SignError> {
        self.public.check_fit(algorithm).map_err(|_| SignError::Algorithm)?;
        let signature = self.handle.sign(algorithm, octets);
        signature.map_err(|Refused| SignError::Failed)
    }
}

impl PrivateKey {
    /// Decrypts a content key that was encrypted for this key.
    ///
    /// # Errors
    /// [`DecryptionFailed`], whatever the reason.
    pub(crate) fn unwrap_key(
        &self,
        transport: &KeyTransport,
        octets: &[u8],
    ) -> Result<Zeroizing<Vec<u8>>, DecryptionFailed> {
        self.handle.unwrap_key(transport, octets).map_err(|Refused| DecryptionFailed)
    }
}

/// Whether a signature of that algorithm by such a key can be verified here. With the feature `fips` the answer is no
/// for what the validated module does not do as an approved service; without it everything that has a name here can.
pub(crate) fn provides_signature(key: KeyType, algorithm: SignatureAlgorithm) -> bool {
    provider::provides_signature(key, algorithm)
}

/// Whether octets that are signed can be digested so here. SHA-1 is a legacy use that `fips` leaves out.
pub(crate) fn provides_digest(digest: DigestAlgorithm) -> bool {
    !cfg!(feature = "fips") || digest != DigestAlgorithm::Sha1
}

/// Whether content keys that were encrypted so can be decrypted here.
pub(crate) fn provides_transport(transport: &KeyTransport) -> bool {
    provider::provides_transport(transport)
}

/// Whether content can be decrypted here.
pub(crate) fn provides_cipher(cipher: ContentCipher) -> bool {
    provider::provides_cipher(cipher)
}

/// Decrypts content with a content key.
///
/// # Errors
/// [`DecryptionFailed`], whatever the reason.
pub(crate) fn decrypt(
    cipher: ContentCipher,
    key: &[u8],
    octets: &[u8],
) -> Result<Zeroizing<Vec<u8>>, DecryptionFailed> {
    if key.len() != cipher.key_len() {
        return Err(DecryptionFailed);
    }
    provider::decrypt(cipher, key, octets).map_err(|Refused| DecryptionFailed)
}

/// Encrypts a content key for the holder of a key.
///
/// # Errors
/// [`EncryptionFailed`] for a key that is not RSA, or too short for the algorithm.
#[cfg(feature = "testing")]
pub(crate) fn wrap_key(
    key: &PublicKey,
    transport: &KeyTransport,
    content_key: &[u8],
) -> Result<Vec<u8>, EncryptionFailed> {
    rustcrypto_cipher::wrap(&key.0.checked, transport, content_key).map_err(|Refused| EncryptionFailed)
}

/// Encrypts content with random nonce or IV, which stand before it. For CBC it comes padded.
///
/// # Errors
/// [`EncryptionFailed`] for lengths that do not fit the cipher.
#[cfg(feature = "testing")]
pub(crate) fn encrypt(cipher: ContentCipher, key: &[u8], plain: &[u8]) -> Result<Vec<u8>, EncryptionFailed> {
    let iv = random_bytes().map_err(|NoRandomness| EncryptionFailed)?;
    rustcrypto_cipher::encrypt(cipher, key, &iv, plain).map_err(|Refused| EncryptionFailed)
}

/// Something does not fit together.
#[cfg(feature = "testing")]
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("encryption failed")]
pub(crate) struct EncryptionFailed;

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PrivateKey").field(&self.public).finish()
    }
}

/// `N` random octets of the operating system.
///
/// # Errors
/// [`NoRandomness`] when it has none to give.
pub(crate) fn random_bytes<const N: usize>() -> Result<[u8; N], NoRandomness> {
    let mut octets = [0; N];
    provider::fill_random(&mut octets).map_err(|Refused| NoRandomness)?;
    Ok(octets)
}

/// The operating system gave no random octets.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the operating system gave no random octets")]
pub struct NoRandomness;

/// Why a signature does not stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum VerifyError {
    /// The algorithm is of another family than the key (RSA with an EC key, or the reverse).
    #[error("the signature algorithm does not fit the type of the key")]
    KeyFamily,
    /// The signature value has not the one length that the key allows.
    #[error("a signature by this key is {expected} octets long, not {found}")]
    Length {
        /// Octets of a signature by this key.
        expected: usize,
        /// Octets that came.
        found: usize,
    },
    /// The signature is not one by this key over these octets.
    #[error("the signature is not by this key over these octets")]
    Invalid,
}

/// Why nothing could be signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum SignError {
    /// Algorithm and key do not belong together.
    #[error("the signature algorithm does not fit the key")]
    Algorithm,
    /// No randomness, an RSA key too small for the algorithm, or an operation that the provider does not have.
    #[error("signing failed: no random octets, or an operation that the provider does not have with this key")]
    Failed,
}

/// The rules for RSA public keys, on big-endian numbers (NIST SP 800-56B section 6.2 without its lower bound for e,
/// since e = 3 is in use and safe where the whole padding is compared).
fn check_rsa(modulus: &[u8], exponent: &[u8]) -> Result<KeyType, UnusableKey> {
    let bits = bit_len(modulus);
    if !RSA_MODULUS_BITS.contains(&bits) {
        return Err(UnusableKey::RsaModulusSize { bits });
    }
    if modulus.last().is_none_or(|low| low % 2 == 0) {
        return Err(UnusableKey::RsaModulusEven);
    }
    if bit_len(exponent) > 32 {
        return Err(UnusableKey::RsaExponentTooLarge);
    }
    let exponent = exponent.iter().fold(0_u32, |sum, octet| sum << 8 | u32::from(*octet));
    if exponent < 3 || exponent % 2 == 0 {
        return Err(UnusableKey::RsaExponent { exponent });
    }
    Ok(KeyType::Rsa { bits })
}

fn bit_len(number: &[u8]) -> usize {
    let mut significant = number.iter().skip_while(|octet| **octet == 0);
    match significant.next() {
        Some(top) => (top.ilog2() as usize).saturating_add(1).saturating_add(significant.count().saturating_mul(8)),
        None => 0,
    }
}

#[cfg(test)]
mod tests;
