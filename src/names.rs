//! Identifiers, each a type of its own.

use std::borrow::Borrow;
use std::fmt;

/// The namespace of assertions.
pub(crate) const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
/// The namespace of protocol messages.
pub(crate) const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";

macro_rules! names {
    ($($(#[$doc:meta])* $name:ident;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub struct $name(String);

        impl $name {
            /// Takes the value as it is.
            #[must_use]
            pub fn new(value: impl Into<String>) -> Self {
                Self(value.into())
            }

            /// The value.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl Borrow<str> for $name {
            fn borrow(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, "{}({:?})", stringify!($name), self.0)
            }
        }
    )*};
}

names! {
    /// The entityID of an identity or service provider (SAML Core 8.3.6). Compared to the letter.
    EntityId;
    /// The ID of a request of ours (SAML Core 1.3.4).
    RequestId;
    /// The ID of an assertion (SAML Core 2.3.3).
    AssertionId;
    /// The identity provider's name for its session with the user (SAML Core 2.7.2).
    SessionIndex;
    /// The host's immutable name for one registered identity provider of one organization. Never reused:
    /// a connection that is deleted and made again is another one.
    ConnectionId;
    /// The host's immutable name for one of its organizations (tenants). Not its slug: a slug can be given to
    /// another organization, and then nothing of the first is inherited.
    OrganizationId;
    /// The host's immutable name for one of its accounts: a person who signs in, a member of any number of
    /// organizations. Not the e-mail address.
    AccountId;
    /// The host's own name for one of its sessions, such as the key of a row. Not what the browser's cookie holds.
    SessionId;
}

#[cfg(feature = "scim")]
names! {
    /// The host's immutable name for one team of one organization. Not its display name.
    TeamId;
}

/// A value of a message that nothing has verified yet: good for looking something up, and for nothing else.
///
/// There is no way to compare, print or convert it by accident.
///
/// ```
/// # use saml_sp::{EntityId, Unverified};
/// fn look_up(issuer: &Unverified<EntityId>) -> bool {
///     issuer.for_lookup().as_str() == "https://idp.example.com"
/// }
/// ```
/// It isn't the value that it wraps:
/// ```compile_fail
/// # use saml_sp::{EntityId, Unverified};
/// fn look_up(issuer: &Unverified<EntityId>) -> bool {
///     issuer.as_str() == "https://idp.example.com"
/// }
/// ```
#[derive(Clone)]
pub struct Unverified<T>(T);

impl<T> Unverified<T> {
    pub(crate) fn new(value: T) -> Self {
        Self(value)
    }

    /// The value, to select a stored record with. Whatever is selected must be compared again with
    /// what the verified message says; this crate does.
    #[must_use]
    pub fn for_lookup(&self) -> &T {
        &self.0
    }
}

impl<T> fmt::Debug for Unverified<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unverified(..)")
    }
}
