//! The service provider.

use std::fmt;

use crate::error::ConfigError;
use crate::keys::{DecryptionKey, Fingerprint, SigningKey};
use crate::limits::Limits;
use crate::names::EntityId;
use crate::time::ClockSkew;

/// One SAML entity of the host: what identity providers know it by and where they send users.
///
/// ```
/// use saml_sp::{EntityId, ServiceProvider};
/// let sp = ServiceProvider::builder(
///     EntityId::new("https://app.example.com/saml/metadata/acme/"),
///     "https://app.example.com/saml/acs/acme/",
/// )
/// .build()?;
/// assert_eq!(sp.acs_url(), "https://app.example.com/saml/acs/acme/");
/// # Ok::<_, saml_sp::error::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct ServiceProvider {
    entity_id: EntityId,
    acs_url: String,
    clock_skew: ClockSkew,
    signing_key: Option<SigningKey>,
    decryption_keys: Vec<DecryptionKey>,
    limits: Limits,
}

impl ServiceProvider {
    /// Starts with the entityID and the URL of the assertion consumer service, both as registered
    /// at the identity provider: messages are compared with them to the letter, and URLs of requests
    /// are never looked at.
    pub fn builder(entity_id: EntityId, acs_url: impl Into<String>) -> ServiceProviderBuilder {
        ServiceProviderBuilder(Self {
            entity_id,
            acs_url: acs_url.into(),
            clock_skew: ClockSkew::default(),
            signing_key: None,
            decryption_keys: Vec::new(),
            limits: Limits::message(),
        })
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

/// Something about a [`ServiceProvider`] that an administrator should know. `Display` says it in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServiceProviderWarning {
    /// One RSA key signs and decrypts: whoever learns to decrypt with it can also make its signatures
    /// (NIST SP 800-57 part 1 section 5.2).
    OneKeyForBoth {
        /// SHA-256 of the SubjectPublicKeyInfo.
        fingerprint: Fingerprint,
    },
}

impl fmt::Display for ServiceProviderWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneKeyForBoth { fingerprint } => {
                write!(f, "the key {fingerprint} both signs and decrypts: make a second key pair for encryption")
            }
        }
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
