//! The provider in pure Rust: the crates of the RustCrypto project.

use getrandom::SysRng;
use p256::elliptic_curve::ALGORITHM_OID as EC_OID;
use rsa::pkcs1::{self, RsaPrivateKeyRef, RsaPublicKeyRef};
use rsa::pkcs8::der::asn1::{BitStringRef, UintRef};
use rsa::pkcs8::der::{Decode, Encode};
use rsa::pkcs8::spki::{AlgorithmIdentifierRef, SubjectPublicKeyInfoRef};
use rsa::pkcs8::{AssociatedOid, DecodePrivateKey, EncodePublicKey, ObjectIdentifier, PrivateKeyInfoRef};
use rsa::signature::{
    self, SignatureEncoding,
    hazmat::{PrehashVerifier, RandomizedPrehashSigner},
};
use rsa::traits::PublicKeyParts;
use rsa::{BoxedUint, Pkcs1v15Sign, Pss};
use sha1::Sha1;
use sha2::digest::{Digest, FixedOutputReset};
use sha2::{Sha256, Sha384, Sha512};

#[cfg(not(feature = "aws-lc-rs"))]
use super::cipher::ContentCipher;
use super::cipher::KeyTransport;
use super::rustcrypto_cipher;
use super::{DigestAlgorithm, KeyType, RsaPssParameters, SignatureAlgorithm, UnusableKey, check_rsa};

pub(crate) use p256::elliptic_curve::zeroize::Zeroizing;

#[cfg(not(feature = "aws-lc-rs"))]
pub(super) use super::rustcrypto_cipher::decrypt;

/// The operation was refused or failed: deliberately without a reason.
pub(super) struct Refused;

/// Everything that has a name here is provided.
#[cfg(not(feature = "aws-lc-rs"))]
pub(super) fn provides_signature(_: KeyType, _: SignatureAlgorithm) -> bool {
    true
}

/// As for signatures.
#[cfg(not(feature = "aws-lc-rs"))]
pub(super) fn provides_transport(_: &KeyTransport) -> bool {
    true
}

/// As for signatures.
#[cfg(not(feature = "aws-lc-rs"))]
pub(super) fn provides_cipher(_: ContentCipher) -> bool {
    true
}

/// Fills `octets` with randomness of the operating system.
#[cfg(not(feature = "aws-lc-rs"))]
pub(super) fn fill_random(octets: &mut [u8]) -> Result<(), Refused> {
    getrandom::fill(octets).map_err(|_| Refused)
}

/// A running hash.
pub(super) enum HashState {
    Sha1(Sha1),
    Sha256(Sha256),
    Sha384(Sha384),
    Sha512(Sha512),
}

impl HashState {
    pub(super) fn new(algorithm: DigestAlgorithm) -> Self {
        match algorithm {
            DigestAlgorithm::Sha1 => Self::Sha1(Sha1::new()),
            DigestAlgorithm::Sha256 => Self::Sha256(Sha256::new()),
            DigestAlgorithm::Sha384 => Self::Sha384(Sha384::new()),
            DigestAlgorithm::Sha512 => Self::Sha512(Sha512::new()),
        }
    }

    pub(super) fn update(&mut self, octets: &[u8]) {
        match self {
            Self::Sha1(state) => state.update(octets),
            Self::Sha256(state) => state.update(octets),
            Self::Sha384(state) => state.update(octets),
            Self::Sha512(state) => state.update(octets),
        }
    }

    /// The digest, at the left of the array.
    pub(super) fn finish(self) -> [u8; 64] {
        match self {
            Self::Sha1(state) => at_the_left(&state.finalize()),
            Self::Sha256(state) => at_the_left(&state.finalize()),
            Self::Sha384(state) => at_the_left(&state.finalize()),
            Self::Sha512(state) => at_the_left(&state.finalize()),
        }
    }
}

/// Octets at the left of an array, zeros behind them.
pub(super) fn at_the_left(digest: &[u8]) -> [u8; 64] {
    let mut octets = [0; 64];
    for (to, from) in octets.iter_mut().zip(digest) {
        *to = *from;
    }
    octets
}

fn digest_of(algorithm: SignatureAlgorithm, octets: &[u8]) -> Vec<u8> {
    let mut state = HashState::new(algorithm.digest());
    state.update(octets);
    state.finish().into_iter().take(algorithm.digest().output_len()).collect()
}

/// The one canonical SubjectPublicKeyInfo (DER, uncompressed point) of a public key that passed the rules of the interface.
#[derive(Clone)]
pub(super) struct CheckedKey {
    key_type: KeyType,
    spki: Vec<u8>,
}

impl CheckedKey {
    pub(super) fn from_spki_der(der: &[u8]) -> Result<Self, UnusableKey> {
        let spki = SubjectPublicKeyInfoRef::from_der(der).map_err(malformed)?;
        let key = spki.subject_public_key.as_bytes().ok_or(UnusableKey::Malformed)?;
        match spki.algorithm.oid {
            // RFC 3279 section 2.3.1 wants NULL; OpenSSL also takes keys that leave it out.
            pkcs1::ALGORITHM_OID if spki.algorithm.parameters.is_none_or(|parameters| parameters.is_null()) => {
                let key = RsaPublicKeyRef::from_der(key).map_err(malformed)?;
                Self::from_rsa_components(key.modulus.as_bytes(), key.public_exponent.as_bytes())
            }
            pkcs1::ALGORITHM_OID => Err(UnusableKey::Malformed),
            EC_OID => Self::from_point(&spki.algorithm, key),
            other => Err(unsupported(other)),
        }
    }

    pub(super) fn from_rsa_components(modulus: &[u8], exponent: &[u8]) -> Result<Self, UnusableKey> {
        let key_type = check_rsa(modulus, exponent)?;
        let number = |octets| UintRef::new(without_leading_zeros(octets)).map_err(malformed);
        let key = RsaPublicKeyRef { modulus: number(modulus)?, public_exponent: number(exponent)? };
        let key = key.to_der().map_err(malformed)?;
        let subject_public_key = BitStringRef::from_bytes(&key).map_err(malformed)?;
        let spki = SubjectPublicKeyInfoRef { algorithm: pkcs1::ALGORITHM_ID, subject_public_key };
        Ok(Self { key_type, spki: spki.to_der().map_err(malformed)? })
    }

    fn from_point(algorithm: &AlgorithmIdentifierRef<'_>, point: &[u8]) -> Result<Self, UnusableKey> {
        // SEC1 section 2.3.4 knows these tags; the others are infinity, and forms that the standards do not use.
        if !matches!(point.first(), Some(2..=4)) {
            return Err(UnusableKey::Point);
        }
        let unusable = |_| UnusableKey::Point;
        match Curve::of(algorithm)? {
            Curve::P256 => {
                Self::ec(KeyType::P256, &p256::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(unusable)?)
            }
            Curve::P384 => {
                Self::ec(KeyType::P384, &p384::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(unusable)?)
            }
            Curve::P521 => {
                Self::ec(KeyType::P521, &p521::ecdsa::VerifyingKey::from_sec1_bytes(point).map_err(unusable)?)
            }
        }
    }

    fn ec(key_type: KeyType, key: &impl EncodePublicKey) -> Result<Self, UnusableKey> {
        let spki = key.to_public_key_der().map_err(malformed)?.into_vec();
        Ok(Self { key_type, spki })
    }

    pub(super) fn key_type(&self) -> KeyType {
        self.key_type
    }

    pub(super) fn spki_der(&self) -> &[u8] {
        &self.spki
    }
}

/// A public key that is ready to be calculated with.
pub(super) enum PublicKey {
    Rsa(rsa::PublicKey),
    P256(p256::ecdsa::VerifyingKey),
    P384(p384::ecdsa::VerifyingKey),
    P521(p521::ecdsa::VerifyingKey),
}

impl PublicKey {
    pub(super) fn new(checked: &CheckedKey) -> Result<Self, UnusableKey> {
        let spki = SubjectPublicKeyInfoRef::from_der(&checked.spki).map_err(malformed)?;
        let octets = spki.subject_public_key.raw_bytes();
        match checked.key_type {
            KeyType::Rsa { .. } => Self::rsa(octets),
            KeyType::P256 => p256::ecdsa::VerifyingKey::from_sec1_bytes(octets).map(Self::P256).map_err(malformed),
            KeyType::P384 => p384::ecdsa::VerifyingKey::from_sec1_bytes(octets).map(Self::P384).map_err(malformed),
            KeyType::P521 => p521::ecdsa::VerifyingKey::from_sec1_bytes(octets).map(Self::P521).map_err(malformed),
        }
    }

    fn rsa(der: &[u8]) -> Result<Self, UnusableKey> {
        let key = RsaPublicKeyRef::from_der(der).map_err(malformed)?;
        // BoxedUint is as wide as what it is read from, and all arithmetic with it: in DER no zeros lead.
        let number = |number: UintRef<'_>| BoxedUint::from_be_slice_vartime(number.as_bytes());
        rsa::PublicKey::new(number(key.modulus), number(key.public_exponent)).map(Self::Rsa).map_err(malformed)
    }

    /// Verifies a signature value of the right length. For ECDSA, the leftmost bits of the digest count when it is
    /// longer than the order of the curve (FIPS 186-5 section 6.4.2); a shorter one is a smaller number.
    pub(super) fn verify(&self, algorithm: SignatureAlgorithm, octets: &[u8], signature: &[u8]) -> Result<(), Refused> {
        let digest = &*digest_of(algorithm, octets);
        match self {
            Self::Rsa(key) => verify_rsa(key, algorithm, digest, signature).map_err(refused),
            Self::P256(key) => verify_ecdsa(key, digest, p256::ecdsa::Signature::from_slice(signature)),
            Self::P384(key) => verify_ecdsa(key, digest, p384::ecdsa::Signature::from_slice(signature)),
            Self::P521(key) => verify_ecdsa(key, digest, p521::ecdsa::Signature::from_slice(signature)),
        }
    }
}

/// r and s side by side, from the DER form.
pub(super) fn ecdsa_from_der(key_type: KeyType, signature: &[u8]) -> Result<Vec<u8>, Refused> {
    match key_type {
        KeyType::Rsa { .. } => Err(Refused),
        KeyType::P256 => p256::ecdsa::Signature::from_der(signature).map(|s| s.to_vec()).map_err(refused),
        KeyType::P384 => p384::ecdsa::Signature::from_der(signature).map(|s| s.to_vec()).map_err(refused),
        KeyType::P521 => p521::ecdsa::Signature::from_der(signature).map(|s| s.to_vec()).map_err(refused),
    }
}

fn verify_ecdsa<S>(
    key: &impl PrehashVerifier<S>,
    digest: &[u8],
    signature: signature::Result<S>,
) -> Result<(), Refused> {
    key.verify_prehash(digest, &signature.map_err(refused)?).map_err(refused)
}

/// The `rsa` crate checks the length and range of the signature and compares the whole encoded message.
fn verify_rsa(key: &rsa::PublicKey, algorithm: SignatureAlgorithm, digest: &[u8], signature: &[u8]) -> rsa::Result<()> {
    match algorithm {
        SignatureAlgorithm::RsaPkcs1(hash) => key.verify(pkcs1v15(hash), digest, signature),
        SignatureAlgorithm::RsaPss(parameters) => match parameters.digest() {
            DigestAlgorithm::Sha1 => key.verify(pss::<Sha1>(parameters), digest, signature),
            DigestAlgorithm::Sha256 => key.verify(pss::<Sha256>(parameters), digest, signature),
            DigestAlgorithm::Sha384 => key.verify(pss::<Sha384>(parameters), digest, signature),
            DigestAlgorithm::Sha512 => key.verify(pss::<Sha512>(parameters), digest, signature),
        },
        SignatureAlgorithm::Ecdsa(_) => Err(rsa::Error::InvalidPaddingScheme),
    }
}

fn sign_rsa(key: &rsa::PrivateKey, algorithm: SignatureAlgorithm, digest: &[u8]) -> rsa::Result<Vec<u8>> {
    match algorithm {
        SignatureAlgorithm::RsaPkcs1(hash) => key.sign_with_rng(&mut SysRng, pkcs1v15(hash), digest),
        SignatureAlgorithm::RsaPss(parameters) => match parameters.digest() {
            DigestAlgorithm::Sha1 => key.sign_with_rng(&mut SysRng, pss::<Sha1>(parameters), digest),
            DigestAlgorithm::Sha256 => key.sign_with_rng(&mut SysRng, pss::<Sha256>(parameters), digest),
            DigestAlgorithm::Sha384 => key.sign_with_rng(&mut SysRng, pss::<Sha384>(parameters), digest),
            DigestAlgorithm::Sha512 => key.sign_with_rng(&mut SysRng, pss::<Sha512>(parameters), digest),
        },
        SignatureAlgorithm::Ecdsa(_) => Err(rsa::Error::InvalidPaddingScheme),
    }
}

fn pkcs1v15(hash: DigestAlgorithm) -> Pkcs1v15Sign {
    match hash {
        DigestAlgorithm::Sha1 => Pkcs1v15Sign::new::<Sha1>(),
        DigestAlgorithm::Sha256 => Pkcs1v15Sign::new::<Sha256>(),
        DigestAlgorithm::Sha384 => Pkcs1v15Sign::new::<Sha384>(),
        DigestAlgorithm::Sha512 => Pkcs1v15Sign::new::<Sha512>(),
    }
}

fn pss<D: Digest + FixedOutputReset>(parameters: RsaPssParameters) -> Pss<D> {
    Pss::new_with_salt(parameters.salt_len())
}

/// A private key; all four wipe their memory when dropped.
pub(super) enum PrivateKey {
    Rsa(rsa::PrivateKey),
    P256(p256::ecdsa::SigningKey),
    P384(p384::ecdsa::SigningKey),
    P521(p521::ecdsa::SigningKey),
}

impl PrivateKey {
    pub(super) fn from_der(der: &[u8]) -> Result<Self, UnusableKey> {
        if let Ok(info) = PrivateKeyInfoRef::from_der(der) {
            return Self::from_pkcs8(&info, der);
        }
        if let Ok(key) = RsaPrivateKeyRef::from_der(der) {
            return Self::from_pkcs1(key);
        }
        Self::from_sec1(der)
    }

    fn from_pkcs8(info: &PrivateKeyInfoRef<'_>, der: &[u8]) -> Result<Self, UnusableKey> {
        match info.algorithm.oid {
            pkcs1::ALGORITHM_OID => {
                Self::from_pkcs1(RsaPrivateKeyRef::from_der(info.private_key.as_bytes()).map_err(malformed)?)
            }
            EC_OID => match Curve::of(&info.algorithm)? {
                Curve::P256 => p256::SecretKey::from_pkcs8_der(der).map(|key| Self::P256(key.into())),
                Curve::P384 => p384::SecretKey::from_pkcs8_der(der).map(|key| Self::P384(key.into())),
                Curve::P521 => p521::SecretKey::from_pkcs8_der(der).map(|key| Self::P521(key.into())),
            }
            .map_err(|_| UnusableKey::Inconsistent),
            other => Err(unsupported(other)),
        }
    }

    fn from_pkcs1(key: RsaPrivateKeyRef<'_>) -> Result<Self, UnusableKey> {
        // Before the costly check that the numbers belong together: its error would name no reason.
        check_rsa(key.modulus.as_bytes(), key.public_exponent.as_bytes())?;
        let key = rsa::PrivateKey::try_from(key).map_err(|_| UnusableKey::Inconsistent)?;
        Ok(Self::Rsa(key))
    }

    /// `ECPrivateKey` may leave the curve out: the length of the key tells it then.
    fn from_sec1(der: &[u8]) -> Result<Self, UnusableKey> {
        if let Ok(key) = p256::SecretKey::from_sec1_der(der) {
            return Ok(Self::P256(key.into()));
        }
        if let Ok(key) = p384::SecretKey::from_sec1_der(der) {
            return Ok(Self::P384(key.into()));
        }
        let key = p521::SecretKey::from_sec1_der(der).map_err(|_| UnusableKey::Malformed)?;
        Ok(Self::P521(key.into()))
    }

    pub(super) fn public_key(&self) -> Result<CheckedKey, UnusableKey> {
        match self {
            Self::Rsa(key) => CheckedKey::from_rsa_components(&key.n().to_be_bytes(), &key.e().to_be_bytes()),
            Self::P256(key) => CheckedKey::ec(KeyType::P256, key.verifying_key()),
            Self::P384(key) => CheckedKey::ec(KeyType::P384, key.verifying_key()),
            Self::P521(key) => CheckedKey::ec(KeyType::P521, key.verifying_key()),
        }
    }

    /// An EC key transports nothing here.
    pub(super) fn unwrap_key(&self, transport: &KeyTransport, octets: &[u8]) -> Result<Zeroizing<Vec<u8>>, Refused> {
        match self {
            Self::Rsa(key) => rustcrypto_cipher::unwrap(key, transport, octets),
            Self::P256(_) | Self::P384(_) | Self::P521(_) => Err(Refused),
        }
    }

    pub(super) fn sign(&self, algorithm: SignatureAlgorithm, octets: &[u8]) -> Result<Vec<u8>, Refused> {
        let digest = &*digest_of(algorithm, octets);
        match self {
            Self::Rsa(key) => sign_rsa(key, algorithm, digest).map_err(refused),
            Self::P256(key) => sign_ecdsa::<p256::ecdsa::Signature>(key, digest),
            Self::P384(key) => sign_ecdsa::<p384::ecdsa::Signature>(key, digest),
            Self::P521(key) => sign_ecdsa::<p521::ecdsa::Signature>(key, digest),
        }
    }
}

/// Hedged: the nonce of RFC 6979, with randomness mixed in (section 3.6 there).
fn sign_ecdsa<S: SignatureEncoding>(key: &impl RandomizedPrehashSigner<S>, digest: &[u8]) -> Result<Vec<u8>, Refused> {
    let signature = key.sign_prehash_with_rng(&mut SysRng, digest);
    signature.map(|signature| signature.to_vec()).map_err(refused)
}

enum Curve {
    P256,
    P384,
    P521,
}

impl Curve {
    /// The named curve of an `id-ecPublicKey` (RFC 5480 section 2.1.1).
    fn of(algorithm: &AlgorithmIdentifierRef<'_>) -> Result<Self, UnusableKey> {
        let oid = algorithm.parameters_oid().map_err(|_| UnusableKey::Curve { oid: None })?;
        match oid {
            p256::NistP256::OID => Ok(Self::P256),
            p384::NistP384::OID => Ok(Self::P384),
            p521::NistP521::OID => Ok(Self::P521),
            other => Err(UnusableKey::Curve { oid: Some(other.to_string()) }),
        }
    }
}

fn without_leading_zeros(mut number: &[u8]) -> &[u8] {
    while let Some(rest) = number.strip_prefix(&[0]) {
        number = rest;
    }
    number
}

fn unsupported(oid: ObjectIdentifier) -> UnusableKey {
    UnusableKey::Algorithm { oid: oid.to_string() }
}

fn malformed<E>(_: E) -> UnusableKey {
    UnusableKey::Malformed
}

fn refused<E>(_: E) -> Refused {
    Refused
}
