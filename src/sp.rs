//! The service provider.

use crate::error::ConfigError;
use crate::keys::{DecryptionKey, SigningKey};
use crate::limits::Limits;
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
        ServiceProviderBuilder(Self {
            organization,
            entity_id,
            acs_url: acs_url.into(),
            sls_url: None,
            clock_skew: ClockSkew::default(),
            signing_key: None,
            decryption_keys: Vec::new(),
            limits: Limits::message(),
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

    /// Decrypts with this key, too. It is this entity's own: one that decrypts for another organization as well lets
    /// the two answer for each other.
    pub fn decryption_key(mut self, key: DecryptionKey) -> Self {
        self.0.decryption_keys.push(key);
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
    /// [`ConfigError::Missing`] for an empty entityID or URL, [`ConfigError::Value`] for white space around the entityID.
    pub fn build(self) -> Result<ServiceProvider, ConfigError> {
        if self.0.entity_id.as_str().trim() != self.0.entity_id.as_str() {
            return Err(ConfigError::Value {
                field: "entity_id",
                reason: "white space at an end, which no audience has",
            });
        }
        if self.0.entity_id.as_str().is_empty() {
            return Err(ConfigError::Missing { field: "entity_id", remedy: "give the service provider an entityID" });
        }
        if self.0.acs_url.trim().is_empty() {
            return Err(ConfigError::Missing { field: "acs_url", remedy: "name the assertion consumer service" });
        }
        Ok(self.0)
    }
}
