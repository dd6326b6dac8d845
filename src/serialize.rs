//! Feature `serde`: every stored value as its own versioned bytes, in base64 where the format is text, and every
//! identifier as its text. There is one stored form of a value, and serde carries it.

use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde::de::{Deserialize, Deserializer, Error, Visitor};
use serde::ser::{Serialize, Serializer};

use crate::connection::Connection;
use crate::mapping::{AttributeMap, RoleMap, SubjectKey};
use crate::metadata::IdentityProvider;
use crate::names::{
    AccountId, AssertionId, ConnectionId, EntityId, OrganizationId, RequestId, SessionId, SessionIndex,
};
use crate::pending::PendingLogin;
use crate::provisioning::{Onboarding, PendingLink, SessionScope};
use crate::registration::Registration;
use crate::session::{PendingLogout, SamlSession};

macro_rules! as_stored_bytes {
    ($($stored:ty),* $(,)?) => {$(
        /// Feature `serde`: the bytes of `to_bytes`, in base64 where the format is text.
        impl Serialize for $stored {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                let octets = self.to_bytes();
                if serializer.is_human_readable() {
                    serializer.serialize_str(&BASE64_STANDARD.encode(octets))
                } else {
                    serializer.serialize_bytes(&octets)
                }
            }
        }

        /// Feature `serde`: read as `from_bytes` does, with its errors.
        impl<'de> Deserialize<'de> for $stored {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                Self::from_bytes(&octets(deserializer)?).map_err(D::Error::custom)
            }
        }
    )*};
}

macro_rules! as_text {
    ($($name:ty),* $(,)?) => {$(
        /// Feature `serde`: the value itself.
        impl Serialize for $name {
            fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.serialize_str(self.as_str())
            }
        }

        /// Feature `serde`: taken as it is.
        impl<'de> Deserialize<'de> for $name {
            fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                String::deserialize(deserializer).map(Self::new)
            }
        }
    )*};
}

as_stored_bytes!(
    AttributeMap,
    Connection,
    IdentityProvider,
    Onboarding,
    PendingLink,
    PendingLogin,
    PendingLogout,
    Registration,
    RoleMap,
    SamlSession,
    SessionScope,
    SubjectKey,
);
as_text!(AccountId, AssertionId, ConnectionId, EntityId, OrganizationId, RequestId, SessionId, SessionIndex);
#[cfg(feature = "scim")]
as_text!(crate::names::TeamId);

fn octets<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
    if deserializer.is_human_readable() {
        let text = String::deserialize(deserializer)?;
        return BASE64_STANDARD.decode(text).map_err(|_| D::Error::custom("the stored value is not base64"));
    }
    deserializer.deserialize_byte_buf(Octets)
}

struct Octets;

impl Visitor<'_> for Octets {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the bytes of a stored value")
    }

    fn visit_bytes<E: Error>(self, octets: &[u8]) -> Result<Self::Value, E> {
        Ok(octets.to_vec())
    }

    fn visit_byte_buf<E: Error>(self, octets: Vec<u8>) -> Result<Self::Value, E> {
        Ok(octets)
    }
}
