//! The provider on `aws-lc-rs` (feature `aws-lc-rs`): per operation where that library can, `rustcrypto` for the rest.
//!
//! | operation | by aws-lc-rs | by RustCrypto |
//! |---|---|---|
//! | reading and checking keys | | all |
//! | randomness, digests | all | |
//! | RSASSA-PKCS1-v1_5, verifying | all but: | SHA-384 below 2048 bits |
//! | RSASSA-PKCS1-v1_5, signing | SHA-256, SHA-384, SHA-512 from 2048 bits | SHA-1, smaller keys |
//! | RSASSA-PSS | SHA-256, SHA-384, SHA-512 with a salt as long, from 2048 bits | SHA-1, other salts, smaller keys |
//! | ECDSA | P-256 with SHA-256, P-384 with SHA-384, P-521 with SHA-256, SHA-384, SHA-512 | other hash functions |
//! | RSAES-OAEP | one hash function for padding and MGF1, from 2048 bits | two hash functions, smaller keys |
//! | RSAES-PKCS1-v1_5 | | all: implicit rejection |
//! | AES-GCM | all | |
//! | AES-CBC, Triple DES | | all: the padding of XML Encryption |
//!
//! They agree on everything but the first octet of a padding of RSAES-OAEP, which has to be 0: RustCrypto doesn't look at it.
//!
//! The first functions say the same in code: `None` is RustCrypto. The rules on keys are RustCrypto's for both, so that
//! a key that is refused is refused with the same reason; a key that only aws-lc-rs refuses stays with RustCrypto.
//!
//! Signatures are made and verified over octets, never over a digest: over a digest the validated module of the feature
//! `fips` does it, but not as an approved service. Under that feature what stands in the right column is refused, and so
//! is what the module does without approval: [`provides_signature`] and its siblings say it beforehand, and
//! [`rustcrypto_instead`] holds it.

use std::sync::OnceLock;

use aws_lc_rs::aead::{self, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512, OaepAlgorithm,
    OaepPrivateDecryptingKey, PrivateDecryptingKey,
};
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, ParsedPublicKey, RsaKeyPair, RsaSignatureEncoding, VerificationAlgorithm,
};
use aws_lc_rs::{digest, rand};
use rsa::pkcs8::EncodePrivateKey as _;

use super::cipher::{ContentCipher, KeyTransport};
use super::{DigestAlgorithm, KeyType, RsaPssParameters, SignatureAlgorithm, UnusableKey};
use super::{rustcrypto, rustcrypto_cipher};
use rustcrypto::CheckedKey;

pub(super) use super::rustcrypto::Refused;

/// What verifies; the lower bounds of the modulus are in the names and hold at each verification.
fn verifying(key: KeyType, algorithm: SignatureAlgorithm) -> Option<&'static dyn VerificationAlgorithm> {
    Some(match (algorithm, key) {
        (SignatureAlgorithm::RsaPkcs1(digest), KeyType::Rsa { bits }) => match digest {
            DigestAlgorithm::Sha1 => &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
            DigestAlgorithm::Sha256 => &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            DigestAlgorithm::Sha384 if bits >= 2048 => &signature::RSA_PKCS1_2048_8192_SHA384,
            DigestAlgorithm::Sha384 => return None,
            DigestAlgorithm::Sha512 => &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        },
        (SignatureAlgorithm::RsaPss(pss), KeyType::Rsa { bits: 2048.. }) if has_usual_salt(pss) => match pss.digest() {
            DigestAlgorithm::Sha1 => return None,
            DigestAlgorithm::Sha256 => &signature::RSA_PSS_2048_8192_SHA256,
            DigestAlgorithm::Sha384 => &signature::RSA_PSS_2048_8192_SHA384,
            DigestAlgorithm::Sha512 => &signature::RSA_PSS_2048_8192_SHA512,
        },
        (SignatureAlgorithm::Ecdsa(digest), curve) => match (curve, digest) {
            (KeyType::P256, DigestAlgorithm::Sha256) => &signature::ECDSA_P256_SHA256_FIXED,
            (KeyType::P384, DigestAlgorithm::Sha384) => &signature::ECDSA_P384_SHA384_FIXED,
            (KeyType::P521, DigestAlgorithm::Sha256) => &signature::ECDSA_P521_SHA256_FIXED,
            (KeyType::P521, DigestAlgorithm::Sha384) => &signature::ECDSA_P521_SHA384_FIXED,
            (KeyType::P521, DigestAlgorithm::Sha512) => &signature::ECDSA_P521_SHA512_FIXED,
            _ => return None,
        },
        _ => return None,
    })
}

/// What signs with an RSA key of 2048 bits or more.
fn rsa_signing(algorithm: SignatureAlgorithm) -> Option<&'static RsaSignatureEncoding> {
    Some(match algorithm {
        SignatureAlgorithm::RsaPkcs1(digest) => match digest {
            DigestAlgorithm::Sha1 => return None,
            DigestAlgorithm::Sha256 => &signature::RSA_PKCS1_SHA256,
            DigestAlgorithm::Sha384 => &signature::RSA_PKCS1_SHA384,
            DigestAlgorithm::Sha512 => &signature::RSA_PKCS1_SHA512,
        },
        SignatureAlgorithm::RsaPss(pss) if has_usual_salt(pss) => match pss.digest() {
            DigestAlgorithm::Sha1 => return None,
            DigestAlgorithm::Sha256 => &signature::RSA_PSS_SHA256,
            DigestAlgorithm::Sha384 => &signature::RSA_PSS_SHA384,
            DigestAlgorithm::Sha512 => &signature::RSA_PSS_SHA512,
        },
        SignatureAlgorithm::RsaPss(_) | SignatureAlgorithm::Ecdsa(_) => return None,
    })
}

/// What signs with an EC key, and with which hash functions.
fn ecdsa_signing(curve: KeyType) -> &'static [(DigestAlgorithm, &'static EcdsaSigningAlgorithm)] {
    match curve {
        KeyType::Rsa { .. } => &[],
        KeyType::P256 => &[(DigestAlgorithm::Sha256, &signature::ECDSA_P256_SHA256_FIXED_SIGNING)],
        KeyType::P384 => &[(DigestAlgorithm::Sha384, &signature::ECDSA_P384_SHA384_FIXED_SIGNING)],
        KeyType::P521 => &[
            (DigestAlgorithm::Sha256, &signature::ECDSA_P521_SHA256_FIXED_SIGNING),
            (DigestAlgorithm::Sha384, &signature::ECDSA_P521_SHA384_FIXED_SIGNING),
            (DigestAlgorithm::Sha512, &signature::ECDSA_P521_SHA512_FIXED_SIGNING),
        ],
    }
}

/// What decrypts a content key with an RSA key of 2048 bits or more.
fn oaep(transport: &KeyTransport) -> Option<(&'static OaepAlgorithm, &[u8])> {
    match transport {
        KeyTransport::RsaOaep { digest, mgf1, label } if digest == mgf1 => Some(match digest {
            DigestAlgorithm::Sha1 => (&OAEP_SHA1_MGF1SHA1, label),
            DigestAlgorithm::Sha256 => (&OAEP_SHA256_MGF1SHA256, label),
            DigestAlgorithm::Sha384 => (&OAEP_SHA384_MGF1SHA384, label),
            DigestAlgorithm::Sha512 => (&OAEP_SHA512_MGF1SHA512, label),
        }),
        KeyTransport::RsaOaep { .. } | KeyTransport::RsaPkcs1 => None,
    }
}

/// What decrypts content.
fn gcm(cipher: ContentCipher) -> Option<&'static aead::Algorithm> {
    match cipher {
        ContentCipher::AesGcm { key_len: 16 } => Some(&aead::AES_128_GCM),
        ContentCipher::AesGcm { key_len: 24 } => Some(&aead::AES_192_GCM),
        ContentCipher::AesGcm { .. } => Some(&aead::AES_256_GCM),
        ContentCipher::AesCbc { .. } | ContentCipher::TripleDesCbc => None,
    }
}

fn has_usual_salt(pss: RsaPssParameters) -> bool {
    pss == RsaPssParameters::with_default_salt(pss.digest())
}

/// Whether a signature can be verified: everything, but under `fips` what is an approved service.
pub(super) fn provides_signature(key: KeyType, algorithm: SignatureAlgorithm) -> bool {
    let size = !matches!(key, KeyType::Rsa { bits } if !FIPS_RSA_BITS.contains(&bits));
    !FIPS || super::provides_digest(algorithm.digest()) && size && verifying(key, algorithm).is_some()
}

/// Whether a content key can be unwrapped.
pub(super) fn provides_transport(transport: &KeyTransport) -> bool {
    !FIPS || oaep(transport).is_some()
}

/// Whether content can be decrypted. The module decrypts AES-192-GCM without approval.
pub(super) fn provides_cipher(cipher: ContentCipher) -> bool {
    !FIPS || matches!(cipher, ContentCipher::AesGcm { key_len: 16 | 32 })
}

const FIPS: bool = cfg!(feature = "fips");

/// The RSA keys of FIPS 186-5 that the module was validated with.
const FIPS_RSA_BITS: [usize; 3] = [2048, 3072, 4096];

/// What aws-lc-rs does not do: under `fips` nobody does.
fn rustcrypto_instead<T>(operation: impl FnOnce() -> Result<T, Refused>) -> Result<T, Refused> {
    if FIPS { Err(Refused) } else { operation() }
}

/// Fills `octets` with randomness.
pub(super) fn fill_random(octets: &mut [u8]) -> Result<(), Refused> {
    rand::fill(octets).map_err(refused)
}

/// A running hash.
pub(super) struct HashState(digest::Context);

impl HashState {
    pub(super) fn new(algorithm: DigestAlgorithm) -> Self {
        Self(digest::Context::new(digest_algorithm(algorithm)))
    }

    pub(super) fn update(&mut self, octets: &[u8]) {
        self.0.update(octets);
    }

    /// The digest, at the left of the array.
    pub(super) fn finish(self) -> [u8; 64] {
        rustcrypto::at_the_left(self.0.finish().as_ref())
    }
}

fn digest_algorithm(algorithm: DigestAlgorithm) -> &'static digest::Algorithm {
    match algorithm {
        DigestAlgorithm::Sha1 => &digest::SHA1_FOR_LEGACY_USE_ONLY,
        DigestAlgorithm::Sha256 => &digest::SHA256,
        DigestAlgorithm::Sha384 => &digest::SHA384,
        DigestAlgorithm::Sha512 => &digest::SHA512,
    }
}

/// A public key and what aws-lc-rs can verify with it.
pub(super) struct PublicKey {
    checked: CheckedKey,
    /// The library ties each handle to one algorithm; few are ever asked for, so each is made at its first signature.
    /// Nothing is in it for a key that the library refuses.
    handles: Vec<(SignatureAlgorithm, OnceLock<Option<ParsedPublicKey>>)>,
}

impl PublicKey {
    /// It never fails: what is wrong with a key has been found.
    pub(super) fn new(checked: &CheckedKey) -> Result<Self, UnusableKey> {
        let digests =
            [DigestAlgorithm::Sha1, DigestAlgorithm::Sha256, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512];
        let algorithms = digests.into_iter().flat_map(SignatureAlgorithm::all_with);
        let provided = algorithms.filter(|algorithm| verifying(checked.key_type(), *algorithm).is_some());
        let handles = provided.map(|algorithm| (algorithm, OnceLock::new())).collect();
        Ok(Self { checked: checked.clone(), handles })
    }

    /// Verifies a signature value of the right length.
    pub(super) fn verify(&self, algorithm: SignatureAlgorithm, octets: &[u8], signature: &[u8]) -> Result<(), Refused> {
        let by_rustcrypto =
            || rustcrypto::PublicKey::new(&self.checked).map_err(refused)?.verify(algorithm, octets, signature);
        match self.verify_by_aws_lc(algorithm, octets, signature) {
            Some(verdict) => agreed(verdict, by_rustcrypto),
            None => rustcrypto_instead(by_rustcrypto),
        }
    }

    /// `None` leaves it to RustCrypto.
    pub(super) fn verify_by_aws_lc(
        &self,
        algorithm: SignatureAlgorithm,
        octets: &[u8],
        signature: &[u8],
    ) -> Option<Result<(), Refused>> {
        let (_, handle) = self.handles.iter().find(|(provided, _)| *provided == algorithm)?;
        let parse =
            || ParsedPublicKey::new(verifying(self.checked.key_type(), algorithm)?, self.checked.spki_der()).ok();
        Some(handle.get_or_init(parse).as_ref()?.verify_sig(octets, signature).map_err(refused))
    }
}

/// A private key; both libraries wipe their memory when it is dropped.
pub(super) struct PrivateKey {
    pub(super) rustcrypto: rustcrypto::PrivateKey,
    prepared: PreparedPrivate,
}

enum PreparedPrivate {
    Rsa(RsaKeyPair, OaepPrivateDecryptingKey),
    /// The library ties each handle to one hash function.
    Ec(Vec<(DigestAlgorithm, EcdsaKeyPair)>),
    /// The library refuses the key.
    Nothing,
}

impl PrivateKey {
    pub(super) fn from_der(der: &[u8]) -> Result<Self, UnusableKey> {
        let rustcrypto = rustcrypto::PrivateKey::from_der(der)?;
        let prepared = prepare_private(&rustcrypto).unwrap_or(PreparedPrivate::Nothing);
        Ok(Self { rustcrypto, prepared })
    }

    pub(super) fn public_key(&self) -> Result<CheckedKey, UnusableKey> {
        self.rustcrypto.public_key()
    }

    pub(super) fn sign(&self, algorithm: SignatureAlgorithm, octets: &[u8]) -> Result<Vec<u8>, Refused> {
        let by_aws_lc = match &self.prepared {
            PreparedPrivate::Rsa(key, _) => rsa_signing(algorithm).map(|encoding| sign_rsa(key, encoding, octets)),
            PreparedPrivate::Ec(keys) => {
                let key = keys.iter().find(|(digest, _)| *digest == algorithm.digest());
                key.map(|(_, key)| key.sign(&SystemRandom::new(), octets).map_err(refused))
                    .map(|signature| signature.map(|signature| signature.as_ref().to_vec()))
            }
            PreparedPrivate::Nothing => None,
        };
        by_aws_lc.unwrap_or_else(|| rustcrypto_instead(|| self.rustcrypto.sign(algorithm, octets)))
    }

    /// An EC key transports nothing here.
    pub(super) fn unwrap_key(&self, transport: &KeyTransport, octets: &[u8]) -> Result<Secret, Refused> {
        let by_rustcrypto = || self.rustcrypto.unwrap_key(transport, octets);
        match self.unwrap_by_aws_lc(transport, octets) {
            Some(answer) => agreed(answer, by_rustcrypto),
            None => rustcrypto_instead(by_rustcrypto),
        }
    }

    /// `None` leaves it to RustCrypto.
    pub(super) fn unwrap_by_aws_lc(&self, transport: &KeyTransport, octets: &[u8]) -> Option<Result<Secret, Refused>> {
        let (PreparedPrivate::Rsa(_, key), Some((oaep, label))) = (&self.prepared, oaep(transport)) else {
            return None;
        };
        Some(unwrap_oaep(key, oaep, label, octets))
    }
}

type Secret = super::Zeroizing<Vec<u8>>;

fn prepare_private(key: &rustcrypto::PrivateKey) -> Option<PreparedPrivate> {
    let (pkcs8, curve) = match key {
        rustcrypto::PrivateKey::Rsa(key) => {
            let pkcs8 = key.to_pkcs8_der().ok()?;
            let signing = RsaKeyPair::from_pkcs8(pkcs8.as_bytes()).ok()?;
            let decrypting = PrivateDecryptingKey::from_pkcs8(pkcs8.as_bytes()).ok()?;
            return Some(PreparedPrivate::Rsa(signing, OaepPrivateDecryptingKey::new(decrypting).ok()?));
        }
        rustcrypto::PrivateKey::P256(key) => (key.to_pkcs8_der().ok()?, KeyType::P256),
        rustcrypto::PrivateKey::P384(key) => (key.to_pkcs8_der().ok()?, KeyType::P384),
        rustcrypto::PrivateKey::P521(key) => (key.to_pkcs8_der().ok()?, KeyType::P521),
    };
    let prepare = |(digest, signing): &(DigestAlgorithm, &'static EcdsaSigningAlgorithm)| {
        Some((*digest, EcdsaKeyPair::from_pkcs8(signing, pkcs8.as_bytes()).ok()?))
    };
    Some(PreparedPrivate::Ec(ecdsa_signing(curve).iter().filter_map(prepare).collect()))
}

fn sign_rsa(key: &RsaKeyPair, encoding: &'static RsaSignatureEncoding, octets: &[u8]) -> Result<Vec<u8>, Refused> {
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign(encoding, &SystemRandom::new(), octets, &mut signature).map_err(refused)?;
    Ok(signature)
}

fn unwrap_oaep(
    key: &OaepPrivateDecryptingKey,
    algorithm: &'static OaepAlgorithm,
    label: &[u8],
    octets: &[u8],
) -> Result<Secret, Refused> {
    let mut plain = Secret::new(vec![0; key.min_output_size()]);
    let len = key.decrypt(algorithm, octets, &mut plain, Some(label)).map_err(refused)?.len();
    plain.truncate(len);
    Ok(plain)
}

/// Decrypts content with a key of the right length.
pub(super) fn decrypt(cipher: ContentCipher, key: &[u8], octets: &[u8]) -> Result<Secret, Refused> {
    let by_rustcrypto = || rustcrypto_cipher::decrypt(cipher, key, octets);
    match gcm(cipher) {
        Some(algorithm) => agreed(open(algorithm, key, octets), by_rustcrypto),
        None => rustcrypto_instead(by_rustcrypto),
    }
}

/// XML Encryption 1.1 section 5.2.4: a nonce of 96 bits comes first, and the tag of 128 bits last.
fn open(algorithm: &'static aead::Algorithm, key: &[u8], octets: &[u8]) -> Result<Secret, Refused> {
    let (nonce, sealed) = octets.split_at_checked(NONCE_LEN).ok_or(Refused)?;
    let key = LessSafeKey::new(UnboundKey::new(algorithm, key).map_err(refused)?);
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(refused)?;
    let mut plain = Secret::new(sealed.to_vec());
    let len = key.open_in_place(nonce, Aad::empty(), &mut plain).map_err(refused)?.len();
    plain.truncate(len);
    Ok(plain)
}

/// The answer of aws-lc-rs. In the unit tests every one of them is held against what RustCrypto answers.
fn agreed<T: PartialEq>(
    answer: Result<T, Refused>,
    by_rustcrypto: impl FnOnce() -> Result<T, Refused>,
) -> Result<T, Refused> {
    if cfg!(test) {
        assert!(answer.as_ref().ok() == by_rustcrypto().as_ref().ok(), "the providers disagree");
    }
    answer
}

fn refused<E>(_: E) -> Refused {
    Refused
}
