//! Keys and certificates: what an IdP signs with, and what this SP signs with.
//!
//! A certificate is only a container here: the key in it is pinned, nobody asks who issued it, and its dates are for reports
//! (SAML V2.0 Metadata Interoperability Profile section 2.6.1).

mod held;

use std::fmt;
use std::sync::Arc;

use base64::Engine as _;
use base64::{decoded_len_estimate, engine::general_purpose::STANDARD};
use chrono::{DateTime, Utc};
use x509_parser::prelude::{ASN1Time, FromDer as _, X509Certificate};

use crate::crypto::{DigestValue, PrivateKey, PublicKey, Zeroizing};
use crate::error::SigningError;

pub(crate) use held::{Answers, Unwrapped};
pub use held::{Decryptor, Signer, UnwrapFailed, WrappedKey};

pub use crate::crypto::{DigestAlgorithm, KeyFamily, KeyTransport, KeyType, RsaPssParameters, SignatureAlgorithm};
pub use crate::error::{KeyError, UnusableKey};

/// An X.509 certificate with a key that this crate can use. Clones are cheap.
#[derive(Clone, PartialEq, Eq)]
pub struct Certificate(Arc<CertificateParts>);

#[derive(PartialEq, Eq)]
struct CertificateParts {
    der: Vec<u8>,
    key: PublicKey,
    subject: String,
    not_before: DateTime<Utc>,
    not_after: DateTime<Utc>,
}

impl Certificate {
    /// Reads exactly one certificate from text, as tolerantly as [`all_from_text`](Self::all_from_text).
    ///
    /// # Errors
    /// [`KeyError::NotOne`] for several certificates, otherwise as for [`all_from_text`](Self::all_from_text).
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        exactly_one(Self::all_from_text(text)?)
    }

    /// Reads the certificates that people paste and metadata contains: one or several PEM blocks (RFC 7468) with anything around
    /// them, also on one line, or one certificate as bare base64. Whitespace within the base64 and character references
    /// left over from XML (`&#13;`) are ignored; everything else is strict. The result is in the order of the text and never empty.
    ///
    /// # Errors
    /// What is wrong with the text or with one of the certificates, see [`KeyError`].
    pub fn all_from_text(text: &str) -> Result<Vec<Self>, KeyError> {
        if text.contains("PRIVATE KEY-----") {
            return Err(KeyError::PrivateKeyPasted);
        }
        let text = without_line_end_references(text);
        let blocks = pem_blocks(&text)?;
        if blocks.is_empty() {
            return Ok(vec![Self::from_bare_base64(&text)?]);
        }
        let certificate = |block: &PemBlock<'_>| match block.label {
            "CERTIFICATE" | "X509 CERTIFICATE" => Self::from_der(&decode_base64(block.body)?),
            _ => Err(KeyError::OtherPem { expected: "CERTIFICATE" }),
        };
        blocks.iter().map(certificate).collect()
    }

    fn from_bare_base64(text: &str) -> Result<Self, KeyError> {
        let der = decode_base64(text)?;
        match Self::from_der(&der) {
            Err(KeyError::Certificate) if PrivateKey::from_der(&der).is_ok() => Err(KeyError::PrivateKeyPasted),
            read => read,
        }
    }

    /// Reads a DER certificate (RFC 5280 section 4.1) of any version, with nothing after it.
    ///
    /// # Errors
    /// [`KeyError::Certificate`] when it is none, [`KeyError::TrailingOctets`], or [`KeyError::Unusable`] for its key.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let (rest, parsed) = X509Certificate::from_der(der).map_err(|_| KeyError::Certificate)?;
        if !rest.is_empty() {
            return Err(KeyError::TrailingOctets);
        }
        Ok(Self(Arc::new(CertificateParts {
            der: der.to_vec(),
            key: PublicKey::from_spki_der(parsed.public_key().raw)?,
            subject: parsed.subject().to_string(),
            not_before: date(parsed.validity().not_before)?,
            not_after: date(parsed.validity().not_after)?,
        })))
    }

    /// The certificate in DER.
    #[must_use]
    pub fn der(&self) -> &[u8] {
        &self.0.der
    }

    /// The certificate in base64 without line breaks, as `ds:X509Certificate` wants it.
    #[must_use]
    pub fn to_base64(&self) -> String {
        STANDARD.encode(self.der())
    }

    /// The distinguished name of the subject, for display only: nobody vouches for it.
    #[must_use]
    pub fn subject(&self) -> &str {
        &self.0.subject
    }

    /// When the certificate starts to be valid.
    #[must_use]
    pub fn not_before(&self) -> DateTime<Utc> {
        self.0.not_before
    }

    /// When the certificate stops to be valid.
    #[must_use]
    pub fn not_after(&self) -> DateTime<Utc> {
        self.0.not_after
    }

    /// The SHA-256 fingerprint of the certificate, the one that consoles and `openssl x509 -fingerprint -sha256` show.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.der())
    }

    /// The kind and size of the key in the certificate.
    #[must_use]
    pub fn key_type(&self) -> KeyType {
        self.public_key().key_type()
    }

    /// The key in the certificate.
    pub(crate) fn public_key(&self) -> &PublicKey {
        &self.0.key
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.fingerprint())
    }
}

/// A SHA-256 fingerprint; displayed as `AB:CD:..`.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Fingerprint([u8; 32]);

impl Fingerprint {
    fn of(octets: &[u8]) -> Self {
        let digest = DigestValue::of(DigestAlgorithm::Sha256, octets);
        // A SHA-256 digest always has 32 octets.
        Self(digest.as_ref().try_into().unwrap_or_default())
    }
}

impl AsRef<[u8]> for Fingerprint {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, octet) in self.0.iter().enumerate() {
            let separator = if position == 0 { "" } else { ":" };
            write!(f, "{separator}{octet:02X}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

/// A pinned public key that an IdP signs with. Two are equal when the keys are, whatever certificate they came in. Clones are cheap.
#[derive(Clone)]
pub struct VerifyingKey {
    key: PublicKey,
    certificate: Option<Certificate>,
}

impl VerifyingKey {
    /// Reads a `PUBLIC KEY` PEM block (RFC 7468 section 13).
    ///
    /// # Errors
    /// What is wrong with the text or the key, see [`KeyError`].
    pub fn from_spki_pem(text: &str) -> Result<Self, KeyError> {
        if text.contains("PRIVATE KEY-----") {
            return Err(KeyError::PrivateKeyPasted);
        }
        match exactly_one(pem_blocks(text)?)? {
            PemBlock { label: "PUBLIC KEY", body } => Self::from_spki_der(&decode_base64(body)?),
            _ => Err(KeyError::OtherPem { expected: "PUBLIC KEY" }),
        }
    }

    /// Reads a DER SubjectPublicKeyInfo (RFC 5280 section 4.1.2.7) with nothing after it.
    ///
    /// # Errors
    /// [`KeyError::Unusable`] with the reason.
    pub fn from_spki_der(der: &[u8]) -> Result<Self, KeyError> {
        Ok(Self::from(PublicKey::from_spki_der(der)?))
    }

    /// The certificate that the key came in, if it did.
    #[must_use]
    pub fn certificate(&self) -> Option<&Certificate> {
        self.certificate.as_ref()
    }

    /// The kind and size of the key.
    #[must_use]
    pub fn key_type(&self) -> KeyType {
        self.key.key_type()
    }

    /// The SHA-256 fingerprint of the SubjectPublicKeyInfo: it survives the renewal of a certificate with the same key.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint::of(self.key.spki_der())
    }

    /// The SubjectPublicKeyInfo in DER (RFC 5280 section 4.1.2.7).
    #[must_use]
    pub fn spki_der(&self) -> &[u8] {
        self.key.spki_der()
    }

    /// The key itself.
    pub(crate) fn public_key(&self) -> &PublicKey {
        &self.key
    }
}

impl From<Certificate> for VerifyingKey {
    fn from(certificate: Certificate) -> Self {
        let key = certificate.public_key().clone();
        Self { key, certificate: Some(certificate) }
    }
}

impl From<PublicKey> for VerifyingKey {
    fn from(key: PublicKey) -> Self {
        Self { key, certificate: None }
    }
}

impl PartialEq for VerifyingKey {
    fn eq(&self, other: &Self) -> bool {
        self.key == other.key
    }
}

impl Eq for VerifyingKey {}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({})", self.fingerprint())
    }
}

/// A private RSA key of this SP that content is encrypted for. It belongs to one SP entity. Clones share the key.
#[derive(Clone)]
pub struct DecryptionKey {
    public: VerifyingKey,
    holder: DecryptionHolder,
}

#[derive(Clone)]
enum DecryptionHolder {
    Here(Arc<PrivateKey>),
    Device(Arc<dyn Decryptor>),
    Service,
}

impl DecryptionKey {
    /// Reads the one private key in PEM text: `PRIVATE KEY` or `RSA PRIVATE KEY`. Other blocks are skipped.
    ///
    /// # Errors
    /// What is wrong with the text or the key; [`KeyError::Algorithm`] for a key that is not RSA.
    pub fn from_pem(text: &str) -> Result<Self, KeyError> {
        Self::from_der(&private_key_der(text)?)
    }

    /// Reads a private key in DER: PKCS#8 or PKCS#1 `RSAPrivateKey`.
    ///
    /// # Errors
    /// [`KeyError::Unusable`] with the reason; [`KeyError::Algorithm`] for a key that is not RSA.
    pub fn from_der(der: &[u8]) -> Result<Self, KeyError> {
        let key = Arc::new(PrivateKey::from_der(der)?);
        Self::new(VerifyingKey::from(key.public_key().clone()), DecryptionHolder::Here(key))
    }

    /// The key that a device holds, with its certificate or public key.
    ///
    /// # Errors
    /// [`KeyError::Algorithm`] for a key that is not RSA.
    pub fn held_by(decryptor: Arc<dyn Decryptor>, key: impl Into<VerifyingKey>) -> Result<Self, KeyError> {
        Self::new(key.into(), DecryptionHolder::Device(decryptor))
    }

    /// The key that a service in the network holds, with its certificate or public key. Verification stops where it is
    /// needed, see [`flow::finish_login_asking`](crate::flow::finish_login_asking) and
    /// [`SolicitedResponse::verify_stepwise`](crate::SolicitedResponse::verify_stepwise); everywhere else it is as if it were not there.
    ///
    /// # Errors
    /// [`KeyError::Algorithm`] for a key that is not RSA.
    pub fn held_by_service(key: impl Into<VerifyingKey>) -> Result<Self, KeyError> {
        Self::new(key.into(), DecryptionHolder::Service)
    }

    fn new(public: VerifyingKey, holder: DecryptionHolder) -> Result<Self, KeyError> {
        match public.key_type().family() {
            KeyFamily::Rsa => Ok(Self { public, holder }),
            KeyFamily::Ec => Err(KeyError::Algorithm),
        }
    }

    /// Adds the certificate, which is what identity providers take the public key from.
    ///
    /// # Errors
    /// [`KeyError::Mismatch`] when it is for another key.
    pub fn with_certificate(self, certificate: Certificate) -> Result<Self, KeyError> {
        let public = VerifyingKey::from(certificate);
        if public != self.public {
            return Err(KeyError::Mismatch);
        }
        Ok(Self { public, ..self })
    }

    /// The certificate to publish.
    #[must_use]
    pub fn certificate(&self) -> Option<&Certificate> {
        self.public.certificate()
    }

    /// The SHA-256 fingerprint of the SubjectPublicKeyInfo.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        self.public.fingerprint()
    }

    pub(crate) fn is_held_by_service(&self) -> bool {
        matches!(self.holder, DecryptionHolder::Service)
    }

    /// The content key in `octets`; `None` if a service has to be asked first.
    pub(crate) fn unwrap_key(
        &self,
        transport: &KeyTransport,
        octets: &[u8],
        answers: &Answers<'_>,
    ) -> Option<Unwrapped> {
        match &self.holder {
            DecryptionHolder::Here(key) => Some(key.unwrap_key(transport, octets).map_err(|_| UnwrapFailed)),
            DecryptionHolder::Device(device) => Some(device.unwrap_key(transport, octets).map(Zeroizing::new)),
            DecryptionHolder::Service => answers.find(self.fingerprint(), transport, octets),
        }
    }
}

impl fmt::Debug for DecryptionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "DecryptionKey({})", self.fingerprint())
    }
}

/// The private key of this SP for signing, with the certificate to publish, if there is one. Clones share the key.
#[derive(Clone)]
pub struct SigningKey {
    public: VerifyingKey,
    holder: SigningHolder,
    algorithm: SignatureAlgorithm,
}

#[derive(Clone)]
enum SigningHolder {
    Here(Arc<PrivateKey>),
    Device(Arc<dyn Signer>),
}

impl SigningKey {
    /// Reads the one private key in PEM text: `PRIVATE KEY`, `RSA PRIVATE KEY` or `EC PRIVATE KEY`. Other blocks are skipped.
    ///
    /// # Errors
    /// What is wrong with the text or the key; [`KeyError::Mismatch`] when the certificate is for another key.
    pub fn from_pem(text: &str, certificate: Option<&Certificate>) -> Result<Self, KeyError> {
        Self::from_der(&private_key_der(text)?, certificate)
    }

    /// Reads a private key in DER: PKCS#8, PKCS#1 `RSAPrivateKey` or SEC1 `ECPrivateKey`.
    ///
    /// # Errors
    /// [`KeyError::Unusable`] with the reason; [`KeyError::Mismatch`] when the certificate is for another key.
    pub fn from_der(der: &[u8], certificate: Option<&Certificate>) -> Result<Self, KeyError> {
        let key = PrivateKey::from_der(der)?;
        if certificate.is_some_and(|certificate| certificate.public_key() != key.public_key()) {
            return Err(KeyError::Mismatch);
        }
        let public = VerifyingKey { key: key.public_key().clone(), certificate: certificate.cloned() };
        Ok(Self::new(public, SigningHolder::Here(Arc::new(key))))
    }

    /// The key that a device holds, with its certificate, or its public key if none is published.
    ///
    /// ```
    /// use std::{error::Error, sync::Arc};
    /// use saml_sp::keys::{Certificate, SignatureAlgorithm, Signer, SigningKey};
    ///
    /// struct Module; // a session with the device, and the handle of the key in it
    ///
    /// impl Signer for Module {
    ///     fn sign(&self, algorithm: SignatureAlgorithm, octets: &[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
    ///         // C_SignInit with the mechanism for `algorithm`, C_Sign over `octets`.
    ///         # let _ = (algorithm, octets);
    ///         Err("the module is not connected".into())
    ///     }
    /// }
    ///
    /// # let pem = saml_sp::testing::TestKey::Rsa.certificate_pem();
    /// let key = SigningKey::held_by(Arc::new(Module), Certificate::from_pem(pem)?);
    /// # assert!(key.certificate().is_some());
    /// # Ok::<_, saml_sp::keys::KeyError>(())
    /// ```
    #[must_use]
    pub fn held_by(signer: Arc<dyn Signer>, key: impl Into<VerifyingKey>) -> Self {
        Self::new(key.into(), SigningHolder::Device(signer))
    }

    fn new(public: VerifyingKey, holder: SigningHolder) -> Self {
        Self { algorithm: public.key_type().default_algorithm(), public, holder }
    }

    /// Signs with another algorithm than the default (RSA-SHA256, or ECDSA with the digest that fits the curve).
    ///
    /// # Errors
    /// [`KeyError::Algorithm`] when the algorithm is for the other family of keys, [`KeyError::Sha1`], and
    /// [`KeyError::PssSalt`] when the salt is not as long as the digest.
    pub fn with_algorithm(self, algorithm: SignatureAlgorithm) -> Result<Self, KeyError> {
        if algorithm.family() != self.key_type().family() {
            return Err(KeyError::Algorithm);
        }
        if algorithm.digest() == DigestAlgorithm::Sha1 {
            return Err(KeyError::Sha1);
        }
        // What is sent is the URI alone, so the URI has to say it all.
        if SignatureAlgorithm::from_uri(algorithm.uri()) != Some(algorithm) {
            return Err(KeyError::PssSalt);
        }
        Ok(Self { algorithm, ..self })
    }

    /// Signs with SHA-1, for tests of what refuses it.
    #[cfg(any(test, feature = "testing"))]
    #[must_use]
    pub fn with_legacy_sha1(self) -> Self {
        let algorithm = match self.key_type().family() {
            KeyFamily::Rsa => SignatureAlgorithm::RsaPkcs1(DigestAlgorithm::Sha1),
            KeyFamily::Ec => SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha1),
        };
        Self { algorithm, ..self }
    }

    /// The algorithm that this key signs with.
    #[must_use]
    pub fn algorithm(&self) -> SignatureAlgorithm {
        self.algorithm
    }

    /// The certificate to publish.
    #[must_use]
    pub fn certificate(&self) -> Option<&Certificate> {
        self.public.certificate()
    }

    /// The kind and size of the key.
    #[must_use]
    pub fn key_type(&self) -> KeyType {
        self.public.key_type()
    }

    /// The public half, with the certificate: what a peer verifies with.
    #[must_use]
    pub fn verifying_key(&self) -> VerifyingKey {
        self.public.clone()
    }

    /// The signature value over `octets` with [`algorithm`](Self::algorithm).
    ///
    /// # Errors
    /// [`SigningError::Key`]; of a device [`SigningError::Signer`] and [`SigningError::Faulty`].
    pub(crate) fn sign(&self, octets: &[u8]) -> Result<Vec<u8>, SigningError> {
        match &self.holder {
            SigningHolder::Here(key) => key
                .sign(self.algorithm, octets)
                .map_err(|_| SigningError::Key("no randomness, or an algorithm that does not fit")),
            SigningHolder::Device(device) => {
                let signature = device.sign(self.algorithm, octets).map_err(SigningError::Signer)?;
                let verdict = self.public.public_key().verify(self.algorithm, octets, &signature);
                verdict.map(|()| signature).map_err(|_| SigningError::Faulty)
            }
        }
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SigningKey({})", self.verifying_key().fingerprint())
    }
}

fn date(time: ASN1Time) -> Result<DateTime<Utc>, KeyError> {
    DateTime::from_timestamp(time.timestamp(), 0).ok_or(KeyError::Certificate)
}

fn exactly_one<T>(items: Vec<T>) -> Result<T, KeyError> {
    let found = items.len();
    let mut items = items.into_iter();
    match (items.next(), items.next()) {
        (Some(item), None) => Ok(item),
        _ => Err(KeyError::NotOne { found }),
    }
}

struct PemBlock<'t> {
    label: &'t str,
    body: &'t str,
}

fn private_key_der(text: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let mut blocks = pem_blocks(text)?;
    blocks.retain(|block| block.label.ends_with("PRIVATE KEY"));
    let block = exactly_one(blocks)?;
    // RFC 1421 section 4.6.1.1 is how OpenSSL encrypts the two older forms.
    if block.label == "ENCRYPTED PRIVATE KEY" || block.body.contains("Proc-Type") {
        return Err(KeyError::Encrypted);
    }
    decode_base64(block.body)
}

/// The PEM blocks of a text, in order; the text between them is skipped (RFC 7468 section 2).
fn pem_blocks(text: &str) -> Result<Vec<PemBlock<'_>>, KeyError> {
    let mut blocks = Vec::new();
    let mut rest = text;
    while let Some((_, block)) = rest.split_once("-----BEGIN ") {
        let (label, block) = block.split_once("-----").ok_or(KeyError::Pem)?;
        let (body, end) = block.split_once("-----END ").ok_or(KeyError::Pem)?;
        let end = end.strip_prefix(label).ok_or(KeyError::Pem)?;
        rest = end.strip_prefix("-----").ok_or(KeyError::Pem)?;
        blocks.push(PemBlock { label, body });
    }
    Ok(blocks)
}

/// Strict base64 (RFC 4648 section 4) but for ASCII whitespace, which is ignored.
///
/// Not [`base64_binary`](crate::xml::base64_binary), since it may be a private key: both buffers are wiped, also when it
/// turns out to be no base64, and have room for everything from the start, so that none is left behind when it grows.
fn decode_base64(text: &str) -> Result<Zeroizing<Vec<u8>>, KeyError> {
    let mut dense = Zeroizing::new(Vec::with_capacity(text.len()));
    dense.extend(text.bytes().filter(|octet| !octet.is_ascii_whitespace()));
    let mut octets = Zeroizing::new(Vec::with_capacity(decoded_len_estimate(dense.len())));
    STANDARD.decode_vec(&*dense, &mut octets).map_err(|_| KeyError::Base64)?;
    Ok(octets)
}

/// What double escaping leaves of a CR or LF when a certificate was copied out of an XML file.
fn without_line_end_references(text: &str) -> String {
    ["&#13;", "&#xD;", "&#xd;", "&#10;", "&#xA;", "&#xa;"]
        .iter()
        .fold(text.to_owned(), |text, reference| text.replace(reference, ""))
}

#[cfg(test)]
mod tests;
