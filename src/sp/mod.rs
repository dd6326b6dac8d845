//! The service provider: who it is, and what it says of itself.

mod metadata;
mod publication;
mod settings;
mod warning;

pub use metadata::{SpMetadata, SpMetadataError};
pub use publication::{ContactPerson, Need, OrganizationInfo, RequestedAttribute};
pub use settings::{PathScheme, SpSettings, SpSettingsBuilder};
pub use warning::ServiceProviderWarning;

use crate::error::ConfigError;
use crate::keys::{Certificate, DecryptionKey, SigningKey};
use crate::limits::Limits;
use crate::metadata::is_web_url;
use crate::names::{EntityId, OrganizationId};
use crate::time::ClockSkew;

/// One SAML entity of the host, for one of its organizations: what identity providers know it by and where they
/// send users.
///
/// ```
/// use saml_sp::{EntityId, OrganizationId, ServiceProvider};
/// let sp = ServiceProvider::builder(
///     OrganizationId::new("7f3a"),
///     EntityId::new("https://app.example.com/saml/metadata/acme/"),
///     "https://app.example.com/saml/acs/acme/",
/// )
/// .build()?;
/// assert_eq!(sp.acs_url(), "https://app.example.com/saml/acs/acme/");
/// # Ok::<_, saml_sp::error::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ServiceProvider {
    organization: OrganizationId,
    entity_id: EntityId,
    acs_url: String,
    sls_url: Option<String>,
    clock_skew: ClockSkew,
    signing_key: Option<SigningKey>,
    decryption_keys: Vec<DecryptionKey>,
    limits: Limits,
    publication: Publication,
}

/// What only the metadata says.
#[derive(Clone, Debug)]
struct Publication {
    next_signing_certificates: Vec<Certificate>,
    name_id_formats: Vec<String>,
    service_name: (String, String),
    requested_attributes: Vec<RequestedAttribute>,
    organization_info: Option<OrganizationInfo>,
    contacts: Vec<ContactPerson>,
}

impl ServiceProvider {
    /// Starts with the organization that it is for, and the entityID and the URL of the assertion consumer service as
    /// registered at the identity provider: messages are compared with them to the letter, and URLs of requests
    /// are never looked at. Each organization has an entityID and endpoints of its own, so that what one identity
    /// provider says to one of them is not taken by another.
    pub fn builder(
        organization: OrganizationId,
        entity_id: EntityId,
        acs_url: impl Into<String>,
    ) -> ServiceProviderBuilder {
        let publication = Publication {
            next_signing_certificates: Vec::new(),
            name_id_formats: Vec::new(),
            service_name: ("en".to_owned(), entity_id.to_string()),
            requested_attributes: Vec::new(),
            organization_info: None,
            contacts: Vec::new(),
        };
        ServiceProviderBuilder(Self {
            organization,
            entity_id,
            acs_url: acs_url.into(),
            sls_url: None,
            clock_skew: ClockSkew::default(),
            signing_key: None,
            decryption_keys: Vec::new(),
            limits: Limits::message(),
            publication,
        })
    }

    /// The organization whose users sign in here.
    #[must_use]
    pub fn organization(&self) -> &OrganizationId {
        &self.organization
    }

    /// The entityID, which every audience restriction has to name.
    #[must_use]
    pub fn entity_id(&self) -> &EntityId {
        &self.entity_id
    }

    /// The URL of the assertion consumer service, which Destination and Recipient have to be.
    #[must_use]
    pub fn acs_url(&self) -> &str {
        &self.acs_url
    }

    /// The URL of the single logout service, if it takes part in single logout (SAML Profiles 4.4).
    #[must_use]
    pub fn sls_url(&self) -> Option<&str> {
        self.sls_url.as_deref()
    }

    /// The key that everything sent is signed with, if there is one.
    #[must_use]
    pub fn signing_key(&self) -> Option<&SigningKey> {
        self.signing_key.as_ref()
    }

    /// The keys that identity providers may encrypt for: the current one, and others during a rollover.
    #[must_use]
    pub fn decryption_keys(&self) -> &[DecryptionKey] {
        &self.decryption_keys
    }

    /// What is worth changing, though it works.
    #[must_use]
    pub fn warnings(&self) -> Vec<ServiceProviderWarning> {
        let signing = self.signing_key.as_ref().map(|key| key.verifying_key().fingerprint());
        let both = self.decryption_keys.iter().map(DecryptionKey::fingerprint).filter(|key| Some(*key) == signing);
        both.take(1).map(|fingerprint| ServiceProviderWarning::OneKeyForBoth { fingerprint }).collect()
    }

    /// The bounds on messages.
    #[must_use]
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// The tolerance for clocks.
    #[must_use]
    pub fn clock_skew(&self) -> ClockSkew {
        self.clock_skew
    }
}

/// Builds a [`ServiceProvider`].
#[derive(Clone, Debug)]
#[must_use]
pub struct ServiceProviderBuilder(ServiceProvider);

impl ServiceProviderBuilder {
    /// Replaces the tolerance for clocks.
    pub fn clock_skew(mut self, skew: ClockSkew) -> Self {
        self.0.clock_skew = skew;
        self
    }

    /// Takes part in single logout, at this URL.
    pub fn sls_url(mut self, url: impl Into<String>) -> Self {
        self.0.sls_url = Some(url.into());
        self
    }

    /// Signs everything that is sent with this key.
    pub fn signing_key(mut self, key: SigningKey) -> Self {
        self.0.signing_key = Some(key);
        self
    }

    /// Publishes this certificate as well: that of the signing key to come, so that identity providers know it before
    /// it is used.
    pub fn next_signing_certificate(mut self, certificate: Certificate) -> Self {
        self.0.publication.next_signing_certificates.push(certificate);
        self
    }

    /// Decrypts with this key, too, and publishes its certificate, if it has one: leave the certificate out to retire a
    /// key, which identity providers then no longer learn but may still use. It is this entity's own: one that decrypts for another organization as well lets
    /// the two answer for each other.
    pub fn decryption_key(mut self, key: DecryptionKey) -> Self {
        self.0.decryption_keys.push(key);
        self
    }

    /// Publishes a name identifier format that can be used here (SAML Core 8.3). Without any, the identity
    /// provider decides.
    pub fn name_id_format(mut self, format: impl Into<String>) -> Self {
        self.0.publication.name_id_formats.push(format.into());
        self
    }

    /// Names the service in the metadata that asks for attributes; otherwise its name is the entityID. The language is
    /// that of the name, as in `xml:lang`.
    pub fn service_name(mut self, language: impl Into<String>, name: impl Into<String>) -> Self {
        self.0.publication.service_name = (language.into(), name.into());
        self
    }

    /// Asks for an attribute in the metadata (SAML Metadata 2.4.4.2).
    pub fn requested_attribute(mut self, attribute: RequestedAttribute) -> Self {
        self.0.publication.requested_attributes.push(attribute);
        self
    }

    /// Says in the metadata who operates the service (SAML Metadata 2.3.2.1).
    pub fn organization_info(mut self, info: OrganizationInfo) -> Self {
        self.0.publication.organization_info = Some(info);
        self
    }

    /// Adds somebody to ask to the metadata (SAML Metadata 2.3.2.2).
    pub fn contact(mut self, contact: ContactPerson) -> Self {
        self.0.publication.contacts.push(contact);
        self
    }

    /// Replaces the bounds on messages.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.0.limits = limits;
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`ConfigError::Missing`] for an empty entityID or assertion consumer service, [`ConfigError::Value`] for white
    /// space around the entityID, [`ConfigError::Url`] for a single logout service that is no URL. That the assertion
    /// consumer service is one is checked when it is sent to an identity provider.
    pub fn build(self) -> Result<ServiceProvider, ConfigError> {
        let entity_id = self.0.entity_id.as_str();
        if entity_id.trim() != entity_id {
            let reason = "white space at an end, which no audience has";
            return Err(ConfigError::Value { field: "entity_id", reason });
        }
        if entity_id.is_empty() {
            return Err(ConfigError::Missing { field: "entity_id", remedy: "give the service provider an entityID" });
        }
        if self.0.acs_url.trim().is_empty() {
            return Err(ConfigError::Missing { field: "acs_url", remedy: "name the assertion consumer service" });
        }
        match self.0.sls_url.as_deref().filter(|url| !is_web_url(url)) {
            Some(url) => Err(ConfigError::url("sls_url", url)),
            None => Ok(self.0),
        }
    }
}
