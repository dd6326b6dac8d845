//! Who the identity provider of a connection says a user is.

use std::fmt;

use super::email::EmailAddress;
use crate::names::{ConnectionId, EntityId};

/// What identifies a user: the value, where it was read, and whose identity provider said it. Links of accounts are
/// stored under all of it, so that neither another connection nor another mapping finds them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct SubjectKey {
    pub(crate) connection: ConnectionId,
    pub(crate) issuer: EntityId,
    pub(crate) source: SubjectSource,
    pub(crate) value: String,
}

/// Where the value of a [`SubjectKey`] was read.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum SubjectSource {
    /// The name identifier of the subject (SAML Core 2.2.2).
    NameId {
        /// Its Format.
        format: Option<String>,
        /// Its NameQualifier.
        name_qualifier: Option<String>,
        /// Its SPNameQualifier.
        sp_name_qualifier: Option<String>,
    },
    /// An attribute (SAML Core 2.7.3.1).
    Attribute {
        /// Its Name.
        name: String,
        /// Its NameFormat.
        name_format: Option<String>,
    },
    /// The one name identifier in the value of an attribute, as in eduPersonTargetedID.
    NestedNameId {
        /// The Name of the attribute.
        name: String,
        /// Its NameFormat.
        name_format: Option<String>,
        /// The Format of the name identifier.
        format: Option<String>,
        /// Its NameQualifier.
        name_qualifier: Option<String>,
        /// Its SPNameQualifier.
        sp_name_qualifier: Option<String>,
    },
}

/// A user as the [`AttributeMap`](super::AttributeMap) of a connection reads a login. `Debug` shows nothing of it.
///
/// It comes from [`AttributeMap::apply`](super::AttributeMap::apply) and nowhere else. Names and extra fields are what
/// somebody typed: escape them wherever they go, be it HTML, CSV or a log.
#[derive(Clone, PartialEq, Eq)]
pub struct Identity {
    pub(crate) subject: SubjectKey,
    pub(crate) email: EmailAddress,
    pub(crate) first_name: Option<String>,
    pub(crate) last_name: Option<String>,
    pub(crate) role: AssertedRole,
    pub(crate) extra: Vec<(String, Vec<String>)>,
}

/// A role of the host's, by its name.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Role(String);

/// What the groups of a user mean for the role.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AssertedRole {
    /// The connection maps no groups to roles: the host decides.
    NotMapped,
    /// None of the groups that arrived is mapped, or none arrived: the role with the least rights.
    NoneMatched,
    /// The identity provider had too many groups to send them (Entra ID's group overage), so nobody knows the role. A
    /// member keeps the one they have; a new one gets the role with the least rights.
    Withheld,
    /// The highest role that the groups give, at most the connection's ceiling.
    Role(Role),
}

impl fmt::Debug for SubjectKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut key = f.debug_struct("SubjectKey");
        key.field("connection", &self.connection).field("issuer", &self.issuer).field("source", &self.source);
        key.finish_non_exhaustive()
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Identity").field("subject", &self.subject).finish_non_exhaustive()
    }
}

impl SubjectKey {
    /// The connection.
    #[must_use]
    pub fn connection(&self) -> &ConnectionId {
        &self.connection
    }

    /// The identity provider.
    #[must_use]
    pub fn issuer(&self) -> &EntityId {
        &self.issuer
    }

    /// Where the value was read.
    #[must_use]
    pub fn source(&self) -> &SubjectSource {
        &self.source
    }

    /// The value, to the last character.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }
}

impl Identity {
    /// What identifies the user.
    #[must_use]
    pub fn subject(&self) -> &SubjectKey {
        &self.subject
    }

    /// The e-mail address. It is a hint, and never identifies anybody.
    #[must_use]
    pub fn email(&self) -> &EmailAddress {
        &self.email
    }

    /// The first name.
    #[must_use]
    pub fn first_name(&self) -> Option<&str> {
        self.first_name.as_deref()
    }

    /// The last name.
    #[must_use]
    pub fn last_name(&self) -> Option<&str> {
        self.last_name.as_deref()
    }

    /// What the groups mean for the role.
    #[must_use]
    pub fn role(&self) -> &AssertedRole {
        &self.role
    }

    /// The values of the extra fields of the mapping, by the names that the mapping gives them.
    #[must_use]
    pub fn extra(&self) -> &[(String, Vec<String>)] {
        &self.extra
    }
}

impl Role {
    /// Takes the name as it is.
    #[must_use]
    pub fn new(name: impl Into<String>) -> Self {
        Self(name.into())
    }

    /// The name.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
