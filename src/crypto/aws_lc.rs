//! The provider on `aws-lc-rs` (feature `aws-lc-rs`): per operation where that library can, `rustcrypto` for the rest.
//!
//! | operation | by aws-lc-rs | by RustCrypto |
//! |---|---|---|
//! | reading and checking keys, randomness | | all |
//! | digests | all | |
//! | RSASSA-PKCS1-v1_5, verifying | all but: | SHA-384 below 2048 bits |
//! | RSASSA-PKCS1-v1_5, signing | SHA-256, SHA-384, SHA-512 from 2048 bits | SHA-1, smaller keys |
//! | RSASSA-PSS | SHA-256, SHA-384, SHA-512 with a salt as long, from 2048 bits | SHA-1, other salts, smaller keys |
//! | ECDSA | all | |
//! | RSAES-OAEP | one hash function for padding and MGF1, from 2048 bits | two hash functions, smaller keys |
//! | RSAES-PKCS1-v1_5 | | all: implicit rejection |
//! | AES-GCM | all | |
//! | AES-CBC, Triple DES | | all: the padding of XML Encryption |
//!
//! They agree on everything but the first octet of a padding of RSAES-OAEP, which has to be 0: RustCrypto doesn't look at it.
//!
//! The first five functions say the same in code: `None` is RustCrypto. The rules on keys are RustCrypto's for both, so that
//! a key that is refused is refused with the same reason; a key that only aws-lc-rs refuses stays with RustCrypto.

use aws_lc_rs::aead::{self, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use aws_lc_rs::digest;
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OAEP_SHA256_MGF1SHA256, OAEP_SHA384_MGF1SHA384, OAEP_SHA512_MGF1SHA512, OaepAlgorithm,
    OaepPrivateDecryptingKey, PrivateDecryptingKey,
};
use aws_lc_rs::signature::{
    self, EcdsaKeyPair, EcdsaSigningAlgorithm, EcdsaVerificationAlgorithm, ParsedPublicKey, RsaKeyPair, RsaParameters,
    RsaSignatureEncoding,
};
use rsa::pkcs8::EncodePrivateKey as _;

use super::cipher::{ContentCipher, KeyTransport};
use super::{DigestAlgorithm, KeyType, RsaPssParameters, SignatureAlgorithm, UnusableKey};
use super::{rustcrypto, rustcrypto_cipher};

pub(super) use super::rustcrypto::{Refused, fill_random};

/// What verifies with an RSA key; the lower bounds of the modulus are in the names and hold at each verification.
fn rsa_verifying(algorithm: SignatureAlgorithm, bits: usize) -> Option<&'static RsaParameters> {
    Some(match algorithm {
        SignatureAlgorithm::RsaPkcs1(digest) => match digest {
            DigestAlgorithm::Sha1 => &signature::RSA_PKCS1_1024_8192_SHA1_FOR_LEGACY_USE_ONLY,
            DigestAlgorithm::Sha256 => &signature::RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
            DigestAlgorithm::Sha384 if bits >= 2048 => &signature::RSA_PKCS1_2048_8192_SHA384,
            DigestAlgorithm::Sha384 => return None,
            DigestAlgorithm::Sha512 => &signature::RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
        },
        SignatureAlgorithm::RsaPss(pss) if bits >= 2048 && has_usual_salt(pss) => match pss.digest() {
            DigestAlgorithm::Sha1 => return None,
            DigestAlgorithm::Sha256 => &signature::RSA_PSS_2048_8192_SHA256,
            DigestAlgorithm::Sha384 => &signature::RSA_PSS_2048_8192_SHA384,
            DigestAlgorithm::Sha512 => &signature::RSA_PSS_2048_8192_SHA512,
        },
        SignatureAlgorithm::RsaPss(_) | SignatureAlgorithm::Ecdsa(_) => return None,
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

/// What works with the keys of a curve, whatever the hash function: see [`Ecdsa::digest`].
fn ecdsa(curve: KeyType) -> Option<Ecdsa> {
    Some(match curve {
        KeyType::Rsa { .. } => return None,
        KeyType::P256 => Ecdsa {
            verifying: &signature::ECDSA_P256_SHA256_FIXED,
            signing: &signature::ECDSA_P256_SHA256_FIXED_SIGNING,
            digest: &digest::SHA256,
        },
        KeyType::P384 => Ecdsa {
            verifying: &signature::ECDSA_P384_SHA384_FIXED,
            signing: &signature::ECDSA_P384_SHA384_FIXED_SIGNING,
            digest: &digest::SHA384,
        },
        KeyType::P521 => Ecdsa {
            verifying: &signature::ECDSA_P521_SHA512_FIXED,
            signing: &signature::ECDSA_P521_SHA512_FIXED_SIGNING,
            digest: &digest::SHA512,
        },
    })
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

struct Ecdsa {
    verifying: &'static EcdsaVerificationAlgorithm,
    signing: &'static EcdsaSigningAlgorithm,
    digest: &'static digest::Algorithm,
}

impl Ecdsa {
    /// A digest of any hash function in the length that the library insists on. The number that ECDSA signs is made of the
    /// leftmost bits of the digest, as many as the order of the curve has (FIPS 186-5 section 6.4.1): octets cut off
    /// behind them, and zeros before a shorter digest, leave it as it is.
    fn digest(&self, digest: &[u8]) -> Result<digest::Digest, Refused> {
        let len = self.digest.output_len();
        let mut octets = vec![0; len.saturating_sub(digest.len())];
        octets.extend(digest.iter().take(len));
        digest::Digest::import_less_safe(&octets, self.digest).map_err(refused)
    }
}

/// A public key that passed the rules of the interface.
pub(super) struct PublicKey {
    rustcrypto: rustcrypto::PublicKey,
    prepared: PreparedPublic,
}

enum PreparedPublic {
    /// The library ties each handle to one algorithm.
    Rsa(Vec<(SignatureAlgorithm, ParsedPublicKey)>),
    Ec(Ecdsa, ParsedPublicKey),
    /// The library refuses the key.
    Nothing,
}

impl PublicKey {
    pub(super) fn from_spki_der(der: &[u8]) -> Result<Self, UnusableKey> {
        Self::prepare(rustcrypto::PublicKey::from_spki_der(der)?)
    }

    pub(super) fn from_rsa_components(modulus: &[u8], exponent: &[u8]) -> Result<Self, UnusableKey> {
        Self::prepare(rustcrypto::PublicKey::from_rsa_components(modulus, exponent)?)
    }

    fn prepare(rustcrypto: rustcrypto::PublicKey) -> Result<Self, UnusableKey> {
        let spki = rustcrypto.to_spki_der()?;
        let prepared = match (rustcrypto.key_type(), ecdsa(rustcrypto.key_type())) {
            (KeyType::Rsa { bits }, _) => prepare_rsa(&spki, bits),
            (_, Some(ecdsa)) => match ParsedPublicKey::new(ecdsa.verifying, &spki) {
                Ok(key) => PreparedPublic::Ec(ecdsa, key),
                Err(_) => PreparedPublic::Nothing,
            },
            (_, None) => PreparedPublic::Nothing,
        };
        Ok(Self { rustcrypto, prepared })
    }

    pub(super) fn key_type(&self) -> KeyType {
        self.rustcrypto.key_type()
    }

    pub(super) fn to_spki_der(&self) -> Result<Vec<u8>, UnusableKey> {
        self.rustcrypto.to_spki_der()
    }

    pub(super) fn ecdsa_from_der(&self, signature: &[u8]) -> Result<Vec<u8>, Refused> {
        self.rustcrypto.ecdsa_from_der(signature)
    }

    /// Verifies a signature value of the right length.
    pub(super) fn verify(&self, algorithm: SignatureAlgorithm, digest: &[u8], signature: &[u8]) -> Result<(), Refused> {
        let by_rustcrypto = || self.rustcrypto.verify(algorithm, digest, signature);
        match self.verify_by_aws_lc(algorithm, digest, signature) {
            Some(verdict) => agreed(verdict, by_rustcrypto),
            None => by_rustcrypto(),
        }
    }

    /// `None` leaves it to RustCrypto.
    pub(super) fn verify_by_aws_lc(
        &self,
        algorithm: SignatureAlgorithm,
        digest: &[u8],
        signature: &[u8],
    ) -> Option<Result<(), Refused>> {
        let (key, digest) = match &self.prepared {
            PreparedPublic::Rsa(keys) => {
                let (_, key) = keys.iter().find(|(prepared, _)| *prepared == algorithm)?;
                (key, digest::Digest::import_less_safe(digest, digest_algorithm(algorithm.digest())).map_err(refused))
            }
            PreparedPublic::Ec(ecdsa, key) => (key, ecdsa.digest(digest)),
            PreparedPublic::Nothing => return None,
        };
        Some(digest.and_then(|digest| key.verify_digest_sig(&digest, signature).map_err(refused)))
    }
}

fn prepare_rsa(spki: &[u8], bits: usize) -> PreparedPublic {
    let digests = [DigestAlgorithm::Sha1, DigestAlgorithm::Sha256, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512];
    let algorithms = digests.into_iter().flat_map(|digest| {
        let pss = RsaPssParameters::with_default_salt(digest);
        [SignatureAlgorithm::RsaPkcs1(digest), SignatureAlgorithm::RsaPss(pss)]
    });
    let prepare = |algorithm| {
        let key = ParsedPublicKey::new(rsa_verifying(algorithm, bits)?, spki).ok()?;
        Some((algorithm, key))
    };
    PreparedPublic::Rsa(algorithms.filter_map(prepare).collect())
}

/// A private key; both libraries wipe their memory when it is dropped.
pub(super) struct PrivateKey {
    pub(super) rustcrypto: rustcrypto::PrivateKey,
    prepared: PreparedPrivate,
}

enum PreparedPrivate {
    Rsa(RsaKeyPair, OaepPrivateDecryptingKey),
    Ec(Ecdsa, EcdsaKeyPair),
    /// The library refuses the key.
    Nothing,
}

impl PrivateKey {
    pub(super) fn from_der(der: &[u8]) -> Result<Self, UnusableKey> {
        let rustcrypto = rustcrypto::PrivateKey::from_der(der)?;
        let prepared = prepare_private(&rustcrypto).unwrap_or(PreparedPrivate::Nothing);
        Ok(Self { rustcrypto, prepared })
    }

    pub(super) fn public_key(&self) -> Result<PublicKey, UnusableKey> {
        PublicKey::prepare(self.rustcrypto.public_key()?)
    }

    pub(super) fn sign(&self, algorithm: SignatureAlgorithm, digest: &[u8]) -> Result<Vec<u8>, Refused> {
        match &self.prepared {
            PreparedPrivate::Rsa(key, _) => match rsa_signing(algorithm) {
                Some(encoding) => sign_rsa(key, encoding, digest_algorithm(algorithm.digest()), digest),
                None => self.rustcrypto.sign(algorithm, digest),
            },
            PreparedPrivate::Ec(ecdsa, key) => {
                let signature = key.sign_digest(&ecdsa.digest(digest)?).map_err(refused)?;
                Ok(signature.as_ref().to_vec())
            }
            PreparedPrivate::Nothing => self.rustcrypto.sign(algorithm, digest),
        }
    }

    /// An EC key transports nothing here.
    pub(super) fn unwrap_key(&self, transport: &KeyTransport, octets: &[u8]) -> Result<Secret, Refused> {
        let by_rustcrypto = || self.rustcrypto.unwrap_key(transport, octets);
        match self.unwrap_by_aws_lc(transport, octets) {
            Some(answer) => agreed(answer, by_rustcrypto),
            None => by_rustcrypto(),
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
    let ecdsa = ecdsa(curve)?;
    let key = EcdsaKeyPair::from_pkcs8(ecdsa.signing, pkcs8.as_bytes()).ok()?;
    Some(PreparedPrivate::Ec(ecdsa, key))
}

fn sign_rsa(
    key: &RsaKeyPair,
    encoding: &'static RsaSignatureEncoding,
    algorithm: &'static digest::Algorithm,
    digest: &[u8],
) -> Result<Vec<u8>, Refused> {
    let digest = digest::Digest::import_less_safe(digest, algorithm).map_err(refused)?;
    let mut signature = vec![0; key.public_modulus_len()];
    key.sign_digest(encoding, &digest, &mut signature).map_err(refused)?;
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
pub(super) fn decrypt(cipher: ContentCipher, key: &[u8], octets: &[u8]) -> Result<Vec<u8>, Refused> {
    let by_rustcrypto = || rustcrypto_cipher::decrypt(cipher, key, octets);
    match gcm(cipher) {
        Some(algorithm) => agreed(open(algorithm, key, octets), by_rustcrypto),
        None => by_rustcrypto(),
    }
}

/// XML Encryption 1.1 section 5.2.4: a nonce of 96 bits comes first, and the tag of 128 bits last.
fn open(algorithm: &'static aead::Algorithm, key: &[u8], octets: &[u8]) -> Result<Vec<u8>, Refused> {
    let (nonce, sealed) = octets.split_at_checked(NONCE_LEN).ok_or(Refused)?;
    let key = LessSafeKey::new(UnboundKey::new(algorithm, key).map_err(refused)?);
    let nonce = Nonce::try_assume_unique_for_key(nonce).map_err(refused)?;
    let mut plain = sealed.to_vec();
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
