//! What an organization has registered.

mod fetch;
mod refresh;

pub use fetch::{Decision, Fetch, RefreshFailure};
pub use refresh::{ChangeDigest, HeldChange, RegistrationWarning};
pub(crate) use refresh::{Judged, Published};

pub use crate::crypto::NoRandomness;

use crate::browser::random_hex;
use crate::connection::{Connection, MetadataExpiry};
use crate::error::ConfigError;
use crate::names::ConnectionId;
use crate::provisioning::Onboarding;
use crate::stored::{Decoder, Encoder, StoredError};

/// A connection as the host stores it: with what becomes of its users, and where its identity provider comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    connection: Connection,
    onboarding: Onboarding,
    source: Source,
}

/// Where the description of an identity provider comes from. Whichever way it was registered, the
/// [`IdentityProvider`](crate::IdentityProvider) is the same.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Source {
    /// Fields that were typed in.
    Fields,
    /// Metadata that was pasted or uploaded.
    Document,
    /// Metadata that is fetched.
    Url(Box<Fetch>),
}

impl Registration {
    const VERSION: u8 = 2;

    /// Puts the three together.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for settings that were made for another connection.
    pub fn new(connection: Connection, onboarding: Onboarding, source: Source) -> Result<Self, ConfigError> {
        let settings = onboarding.provisioning();
        if settings.connection() != connection.id() || settings.organization() != connection.organization() {
            return Err(ConfigError::Value { field: "onboarding", reason: "made for another connection" });
        }
        let expiry = match source {
            Source::Url(_) => MetadataExpiry::Enforced,
            Source::Fields | Source::Document => MetadataExpiry::Warned,
        };
        Ok(Self { connection: connection.with_expiry(expiry), onboarding, source })
    }

    /// The same after a change of its connection: of the policy, the identity provider or the status.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for another connection.
    pub fn with_connection(self, connection: Connection) -> Result<Self, ConfigError> {
        Self::new(connection, self.onboarding, self.source)
    }

    /// The same with other settings for users.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for settings that were made for another connection.
    pub fn with_onboarding(self, onboarding: Onboarding) -> Result<Self, ConfigError> {
        Self::new(self.connection, onboarding, self.source)
    }

    /// For the drivers, which take slices of each.
    #[must_use]
    pub fn into_parts(self) -> (Connection, Onboarding) {
        (self.connection, self.onboarding)
    }

    /// The connection.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// What becomes of its users.
    #[must_use]
    pub fn onboarding(&self) -> &Onboarding {
        &self.onboarding
    }

    /// Where its identity provider comes from.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The bytes to store. They hold no secret.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let encoder = Encoder::new(Self::VERSION);
        let encoder = encoder.octets(&self.connection.to_bytes()).octets(&self.onboarding.to_bytes());
        match &self.source {
            Source::Fields => encoder.byte(0),
            Source::Document => encoder.byte(1),
            Source::Url(fetch) => fetch.write(encoder.byte(2)),
        }
        .finish()
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`StoredError`].
    pub fn from_bytes(octets: &[u8]) -> Result<Self, StoredError> {
        let mut decoder = Decoder::new(octets, Self::VERSION)?;
        let connection = Connection::from_bytes(decoder.octets()?)?;
        let onboarding = Onboarding::from_bytes(decoder.octets()?)?;
        let source = match decoder.byte()? {
            0 => Source::Fields,
            1 => Source::Document,
            2 => Source::Url(Box::new(Fetch::read(&mut decoder)?)),
            _ => return Err(StoredError::Damaged),
        };
        decoder.finish()?;
        Self::new(connection, onboarding, source).map_err(|_| StoredError::Damaged)
    }
}

/// A name for a new connection that no other has or had.
///
/// # Errors
/// [`NoRandomness`].
pub fn new_connection_id() -> Result<ConnectionId, NoRandomness> {
    random_hex().map(ConnectionId::new)
}
