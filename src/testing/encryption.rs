//! XML Encryption with control of every part.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;

use super::TestingError;
use crate::crypto::{ContentCipher, DigestAlgorithm, KeyTransport, encrypt, random_bytes, wrap_key};
use crate::dsig::DS;
use crate::keys::Certificate;
use crate::names::SAML;

const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";

/// Where the EncryptedKey stands.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum KeyPlacement {
    /// In the KeyInfo of the EncryptedData.
    #[default]
    Inside,
    /// Behind the EncryptedData, which says nothing of it.
    Sibling,
    /// Behind the EncryptedData, which names it by a RetrievalMethod.
    Referenced,
}

/// How something is encrypted: AES-256-GCM and `rsa-oaep-mgf1p` unless it is said otherwise. Nothing is checked.
///
/// ```
/// use saml_sp::testing::{Encryption, TestKey};
/// let id = Encryption::new().wrapped("EncryptedID", "<a/>", TestKey::OtherRsa.certificate_pem())?;
/// assert!(id.starts_with("<saml:EncryptedID"));
/// # Ok::<_, saml_sp::testing::TestingError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct Encryption {
    cipher: String,
    transport: String,
    digest: Option<String>,
    mgf: Option<String>,
    label: Option<Vec<u8>>,
    placement: KeyPlacement,
    recipient: Option<String>,
    content_key: Option<Vec<u8>>,
    padding: Option<Vec<u8>>,
}

impl Default for Encryption {
    fn default() -> Self {
        Self::new()
    }
}

impl Encryption {
    /// The default.
    pub fn new() -> Self {
        Self {
            cipher: format!("{XENC11}aes256-gcm"),
            transport: format!("{XENC}rsa-oaep-mgf1p"),
            digest: None,
            mgf: None,
            label: None,
            placement: KeyPlacement::default(),
            recipient: None,
            content_key: None,
            padding: None,
        }
    }

    /// The cipher for the content, by its URI.
    pub fn cipher(mut self, uri: &str) -> Self {
        uri.clone_into(&mut self.cipher);
        self
    }

    /// The key transport, by its URI.
    pub fn transport(mut self, uri: &str) -> Self {
        uri.clone_into(&mut self.transport);
        self
    }

    /// The DigestMethod of OAEP (none, which means SHA-1).
    pub fn digest(mut self, uri: &str) -> Self {
        self.digest = Some(uri.to_owned());
        self
    }

    /// The MGF of OAEP (none, which means MGF1 with SHA-1).
    pub fn mgf(mut self, uri: &str) -> Self {
        self.mgf = Some(uri.to_owned());
        self
    }

    /// The OAEPparams.
    pub fn label(mut self, octets: &[u8]) -> Self {
        self.label = Some(octets.to_owned());
        self
    }

    /// Where the EncryptedKey stands.
    pub fn placement(mut self, placement: KeyPlacement) -> Self {
        self.placement = placement;
        self
    }

    /// For whom the EncryptedKey says it is.
    pub fn recipient(mut self, entity_id: &str) -> Self {
        self.recipient = Some(entity_id.to_owned());
        self
    }

    /// The content key that is sent (random). One that does not fit the cipher is cut or repeated to encrypt the content.
    pub fn content_key(mut self, octets: &[u8]) -> Self {
        self.content_key = Some(octets.to_owned());
        self
    }

    /// The padding for CBC (that of XML Encryption). Together with the content it has to fill blocks.
    pub fn padding(mut self, octets: &[u8]) -> Self {
        self.padding = Some(octets.to_owned());
        self
    }

    /// A SAML element of that name, such as `EncryptedAssertion`, around what [`Encryption::encrypt`] gives.
    ///
    /// # Errors
    /// As [`Encryption::encrypt`].
    pub fn wrapped(&self, name: &str, plain: impl AsRef<[u8]>, certificate_pem: &str) -> Result<String, TestingError> {
        let sealed = self.encrypt(plain, certificate_pem)?;
        Ok(format!("<saml:{name} xmlns:saml=\"{SAML}\">{sealed}</saml:{name}>"))
    }

    /// The EncryptedData and, where it is a sibling, the EncryptedKey, for the holder of a certificate in PEM.
    ///
    /// # Errors
    /// [`TestingError::Key`] for the certificate, [`TestingError::Encryption`] for algorithms that are unknown or do not fit.
    pub fn encrypt(&self, plain: impl AsRef<[u8]>, certificate_pem: &str) -> Result<String, TestingError> {
        let cipher = ContentCipher::from_uri(&self.cipher).ok_or(TestingError::Encryption)?;
        let sent = match &self.content_key {
            Some(octets) => octets.clone(),
            None => {
                let random: [u8; 32] = random_bytes().map_err(|_| TestingError::Encryption)?;
                random.into_iter().take(cipher.key_len()).collect()
            }
        };
        let used: Vec<u8> = sent.iter().copied().chain(sent.iter().copied().cycle()).take(cipher.key_len()).collect();
        let used = if sent.is_empty() { vec![0; cipher.key_len()] } else { used };
        let octets = encrypt(cipher, &used, &self.padded(cipher, plain.as_ref()));
        let octets = octets.map_err(|_| TestingError::Encryption)?;
        let key = self.encrypted_key(&sent, certificate_pem)?;
        let (inside, sibling) = match self.placement {
            KeyPlacement::Inside => (key, String::new()),
            KeyPlacement::Sibling => (String::new(), key),
            KeyPlacement::Referenced => {
                (format!("<ds:RetrievalMethod Type=\"{XENC}EncryptedKey\" URI=\"#_key\"/>"), key)
            }
        };
        Ok(format!(
            "<xenc:EncryptedData xmlns:xenc=\"{XENC}\" Type=\"{XENC}Element\">\
             <xenc:EncryptionMethod Algorithm=\"{cipher}\"/><ds:KeyInfo xmlns:ds=\"{DS}\">{inside}</ds:KeyInfo>\
             <xenc:CipherData><xenc:CipherValue>{value}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedData>{sibling}",
            cipher = self.cipher,
            value = BASE64_STANDARD.encode(octets),
        ))
    }

    fn padded(&self, cipher: ContentCipher, plain: &[u8]) -> Vec<u8> {
        let block: usize = match cipher {
            ContentCipher::AesGcm { .. } => return plain.to_owned(),
            ContentCipher::AesCbc { .. } => 16,
            ContentCipher::TripleDesCbc => 8,
        };
        let missing = block.saturating_sub(plain.len().checked_rem(block).unwrap_or_default());
        let mut padding = vec![0; missing.saturating_sub(1)];
        padding.push(u8::try_from(missing).unwrap_or_default());
        [plain, self.padding.as_ref().unwrap_or(&padding)].concat()
    }

    fn encrypted_key(&self, content_key: &[u8], certificate_pem: &str) -> Result<String, TestingError> {
        let certificate = Certificate::from_pem(certificate_pem)?;
        let octets = wrap_key(certificate.public_key(), &self.key_transport()?, content_key);
        let octets = octets.map_err(|_| TestingError::Encryption)?;
        let element = |start: &str, uri: &Option<String>| {
            uri.as_ref().map_or(String::new(), |uri| format!("<{start} Algorithm=\"{uri}\"/>"))
        };
        let label = self.label.as_ref().map_or(String::new(), |label| {
            format!("<xenc:OAEPparams>{}</xenc:OAEPparams>", BASE64_STANDARD.encode(label))
        });
        let recipient = self.recipient.as_ref().map_or(String::new(), |name| format!(" Recipient=\"{name}\""));
        Ok(format!(
            "<xenc:EncryptedKey xmlns:xenc=\"{XENC}\" Id=\"_key\"{recipient}>\
             <xenc:EncryptionMethod Algorithm=\"{transport}\">{label}{digest}{mgf}</xenc:EncryptionMethod>\
             <xenc:CipherData><xenc:CipherValue>{value}</xenc:CipherValue></xenc:CipherData></xenc:EncryptedKey>",
            transport = self.transport,
            digest = element(&format!("ds:DigestMethod xmlns:ds=\"{DS}\""), &self.digest),
            mgf = element(&format!("xenc11:MGF xmlns:xenc11=\"{XENC11}\""), &self.mgf),
            value = BASE64_STANDARD.encode(octets),
        ))
    }

    fn key_transport(&self) -> Result<KeyTransport, TestingError> {
        let known = |digest: Option<DigestAlgorithm>| digest.ok_or(TestingError::Encryption);
        if self.transport == format!("{XENC}rsa-1_5") {
            return Ok(KeyTransport::RsaPkcs1);
        }
        let mgf1 = self.mgf.as_ref().map(|uri| match uri.strip_prefix(XENC11) {
            Some("mgf1sha1") => Some(DigestAlgorithm::Sha1),
            Some("mgf1sha256") => Some(DigestAlgorithm::Sha256),
            Some("mgf1sha384") => Some(DigestAlgorithm::Sha384),
            Some("mgf1sha512") => Some(DigestAlgorithm::Sha512),
            _ => None,
        });
        let digest = self.digest.as_ref().map(|uri| DigestAlgorithm::from_uri(uri));
        Ok(KeyTransport::RsaOaep {
            digest: known(digest.unwrap_or(Some(DigestAlgorithm::Sha1)))?,
            mgf1: known(mgf1.unwrap_or(Some(DigestAlgorithm::Sha1)))?,
            label: self.label.clone().unwrap_or_default(),
        })
    }
}
