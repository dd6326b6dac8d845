//! The bearer token of a connection.

use std::fmt;

use subtle::{Choice, ConstantTimeEq};

use crate::browser::{random_hex, sha256_hex};
use crate::connection::Connection;
use crate::login::StartError;
use crate::stored::Encoder;

/// A bearer token (RFC 6750) of 160 random bits, to be shown once to whoever sets the identity provider up. `Debug`
/// hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct ScimToken(String);

/// What is stored of a token: a digest of it together with organization and connection, so that it is good for
/// nothing beside another connection.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ScimTokenHash(String);

impl ScimToken {
    /// Makes a token.
    ///
    /// # Errors
    /// [`StartError::NoRandomness`].
    pub fn generate() -> Result<Self, StartError> {
        Ok(Self(random_hex()?))
    }

    /// The value for the settings of the identity provider.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.0
    }

    /// What to store with the connection.
    #[must_use]
    pub fn hash(&self, connection: &Connection) -> ScimTokenHash {
        ScimTokenHash::of(&self.0, connection)
    }
}

impl ScimTokenHash {
    /// Takes a stored value.
    #[must_use]
    pub fn new(stored: impl Into<String>) -> Self {
        Self(stored.into())
    }

    /// The value to store: 64 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn of(token: &str, connection: &Connection) -> Self {
        let names = Encoder::new(b'S').text(connection.organization().as_str()).text(connection.id().as_str());
        Self(sha256_hex(&names.text(token).finish()))
    }
}

impl fmt::Debug for ScimToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScimToken(..)")
    }
}

/// Whether an `Authorization` header holds one of the tokens. How long it takes tells nothing about them.
pub(super) fn is_authorized(authorization: Option<&str>, connection: &Connection, tokens: &[ScimTokenHash]) -> bool {
    let Some((scheme, token)) = authorization.and_then(|header| header.split_once(' ')) else { return false };
    let brought = ScimTokenHash::of(token, connection);
    let equal = |known: &ScimTokenHash| known.0.as_bytes().ct_eq(brought.0.as_bytes());
    let found = tokens.iter().fold(Choice::from(0), |found, known| found | equal(known));
    scheme.eq_ignore_ascii_case("bearer") && bool::from(found)
}
