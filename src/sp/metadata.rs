//! Our own metadata (SAML Metadata 2.3.2, 2.4.4), which needs no identity provider to be known.

use chrono::{DateTime, TimeDelta, Utc};

use super::ServiceProvider;
use crate::browser::sha256_hex;
use crate::dsig::{DS, Position, sign_enveloped};
use crate::error::{ConfigError, SigningError};
use crate::keys::Certificate;
use crate::metadata::{EndpointBinding, MD, is_web_url};
use crate::names::{EntityId, SAMLP};
use crate::time::format_date_time;
use crate::xml::Writer;

/// What content may be encrypted with and how its keys are to be wrapped, the best first (XML Encryption 1.1 5).
const ENCRYPTION_METHODS: [&str; 5] = [
    "http://www.w3.org/2009/xmlenc11#aes256-gcm",
    "http://www.w3.org/2009/xmlenc11#aes192-gcm",
    "http://www.w3.org/2009/xmlenc11#aes128-gcm",
    "http://www.w3.org/2009/xmlenc11#rsa-oaep",
    "http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p",
];

/// The metadata of a service provider, to be written; see [`ServiceProvider::metadata`].
#[derive(Clone, Debug)]
#[must_use]
pub struct SpMetadata<'s> {
    sp: &'s ServiceProvider,
    valid_for: Option<TimeDelta>,
    cache_duration: Option<TimeDelta>,
    signature: Signature,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signature {
    Unsigned,
    Signed,
}

/// Why no metadata could be written.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SpMetadataError {
    /// The settings don't allow it.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// It could not be signed.
    #[error(transparent)]
    Signing(#[from] SigningError),
}

impl ServiceProvider {
    /// The metadata to give to identity providers. It is the same, to the byte, until a setting changes, unless it is
    /// [valid for](SpMetadata::valid_for) some time only.
    pub fn metadata(&self) -> SpMetadata<'_> {
        SpMetadata { sp: self, valid_for: None, cache_duration: None, signature: Signature::Unsigned }
    }
}

impl SpMetadata<'_> {
    /// Adds a `validUntil` so long after the moment of writing, in whole seconds (SAML Metadata 2.3.2). Without one, the
    /// metadata does not expire; with one, identity providers which don't fetch it again stop to work.
    pub fn valid_for(mut self, duration: TimeDelta) -> Self {
        self.valid_for = Some(duration);
        self
    }

    /// Adds a `cacheDuration`, in whole seconds: how long it may be used before it is fetched again.
    pub fn cache_duration(mut self, duration: TimeDelta) -> Self {
        self.cache_duration = Some(duration);
        self
    }

    /// Signs it with the signing key of the service provider (SAML Metadata 3).
    pub fn signed(mut self) -> Self {
        self.signature = Signature::Signed;
        self
    }

    /// The document, to be served as `application/samlmetadata+xml`.
    ///
    /// # Errors
    /// [`ConfigError::Missing`] for a signing key without its certificate, or, to be [signed](Self::signed), without
    /// a signing key; [`ConfigError::Value`] for a duration that is not positive and for texts that can't stand in XML.
    pub fn write(&self, now: DateTime<Utc>) -> Result<String, SpMetadataError> {
        let id = stable_id(self.sp.entity_id());
        let xml = readable(self.entity_descriptor(&id, now)?)?;
        if self.signature == Signature::Unsigned {
            return Ok(xml);
        }
        let remedy = "give the service provider a signing key, or publish unsigned metadata";
        let key = self.sp.signing_key().ok_or(ConfigError::Missing { field: "signing_key", remedy })?;
        Ok(sign_enveloped(&xml, &id, Position::First, key)?)
    }

    fn entity_descriptor(&self, id: &str, now: DateTime<Utc>) -> Result<String, ConfigError> {
        let mut xml = Writer::new();
        xml.start("md:EntityDescriptor").attribute("xmlns:md", MD).attribute("xmlns:ds", DS);
        xml.attribute("ID", id).attribute("entityID", self.sp.entity_id().as_str());
        if let Some(duration) = self.valid_for {
            let until = now.checked_add_signed(positive("valid_for", duration)?);
            let beyond = ConfigError::Value { field: "valid_for", reason: "beyond the calendar" };
            xml.attribute("validUntil", &format_date_time(until.ok_or(beyond)?));
        }
        if let Some(duration) = self.cache_duration {
            let seconds = positive("cache_duration", duration)?.num_seconds();
            xml.attribute("cacheDuration", &format!("PT{seconds}S"));
        }
        self.role_descriptor(&mut xml)?;
        let publication = &self.sp.publication;
        if let Some(info) = &publication.organization_info {
            info.write(&mut xml);
        }
        for contact in &publication.contacts {
            contact.write(&mut xml);
        }
        Ok(xml.finish())
    }

    /// `md:SPSSODescriptor` (SAML Metadata 2.4.4).
    fn role_descriptor(&self, xml: &mut Writer) -> Result<(), ConfigError> {
        let sp = self.sp;
        if !is_web_url(sp.acs_url()) {
            return Err(ConfigError::url("acs_url", sp.acs_url()));
        }
        let signs = if sp.signing_key().is_some() { "true" } else { "false" };
        xml.start("md:SPSSODescriptor").attribute("protocolSupportEnumeration", SAMLP);
        xml.attribute("AuthnRequestsSigned", signs).attribute("WantAssertionsSigned", "true");
        for certificate in self.signing_certificates()? {
            key_descriptor(xml, "signing", certificate);
        }
        for certificate in sp.decryption_keys().iter().filter_map(|key| key.certificate()) {
            key_descriptor(xml, "encryption", certificate);
        }
        for binding in [EndpointBinding::HttpRedirect, EndpointBinding::HttpPost] {
            if let Some(url) = sp.sls_url() {
                xml.start("md:SingleLogoutService").attribute("Binding", binding.uri());
                xml.attribute("Location", url).end();
            }
        }
        for format in &sp.publication.name_id_formats {
            xml.element("md:NameIDFormat", format);
        }
        xml.start("md:AssertionConsumerService").attribute("Binding", EndpointBinding::HttpPost.uri());
        xml.attribute("Location", sp.acs_url()).attribute("index", "0").attribute("isDefault", "true").end();
        self.attribute_consuming_service(xml);
        xml.end();
        Ok(())
    }

    fn signing_certificates(&self) -> Result<Vec<&Certificate>, ConfigError> {
        let remedy = "give the signing key its certificate: identity providers take the public key from there";
        let missing = ConfigError::Missing { field: "signing_key", remedy };
        let current = self.sp.signing_key().map(|key| key.certificate().ok_or(missing)).transpose()?;
        Ok(current.into_iter().chain(&self.sp.publication.next_signing_certificates).collect())
    }

    /// `md:AttributeConsumingService` (SAML Metadata 2.4.4.1), whose schema wants an attribute.
    fn attribute_consuming_service(&self, xml: &mut Writer) {
        let publication = &self.sp.publication;
        if publication.requested_attributes.is_empty() {
            return;
        }
        xml.start("md:AttributeConsumingService").attribute("index", "0").attribute("isDefault", "true");
        let (language, name) = &publication.service_name;
        xml.start("md:ServiceName").attribute("xml:lang", language).text(name).end();
        for attribute in &publication.requested_attributes {
            attribute.write(xml);
        }
        xml.end();
    }
}

/// One ID for each entity, so that identity providers which compare documents see no change where there is none.
fn stable_id(entity_id: &EntityId) -> String {
    format!("_{}", sha256_hex(entity_id.as_str().as_bytes()))
}

fn key_descriptor(xml: &mut Writer, use_: &str, certificate: &Certificate) {
    xml.start("md:KeyDescriptor").attribute("use", use_);
    xml.start("ds:KeyInfo").start("ds:X509Data").element("ds:X509Certificate", &certificate.to_base64());
    xml.end().end();
    if use_ == "encryption" {
        for algorithm in ENCRYPTION_METHODS {
            xml.start("md:EncryptionMethod").attribute("Algorithm", algorithm).end();
        }
    }
    xml.end();
}

fn positive(field: &'static str, duration: TimeDelta) -> Result<TimeDelta, ConfigError> {
    if duration.num_seconds() > 0 {
        Ok(duration)
    } else {
        Err(ConfigError::Value { field, reason: "a second or more" })
    }
}

/// Names and addresses may hold characters that can't stand in XML, in whose place the writer puts U+FFFD.
fn readable(xml: String) -> Result<String, ConfigError> {
    if xml.contains(char::REPLACEMENT_CHARACTER) {
        return Err(ConfigError::Value { field: "metadata", reason: "a text has characters that can't stand in XML" });
    }
    Ok(xml)
}
