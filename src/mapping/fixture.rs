//! Identities that no identity provider has asserted, for tests of stores and decisions.

use super::email::EmailAddress;
use super::identity::{AssertedRole, Identity, SubjectKey, SubjectSource};
use crate::names::{ConnectionId, EntityId};

impl SubjectKey {
    /// A key of these parts, for tests. Outside of tests it comes out of a login.
    #[must_use]
    pub fn for_test(connection: ConnectionId, issuer: EntityId, source: SubjectSource, value: &str) -> Self {
        Self { connection, issuer, source, value: value.to_owned() }
    }
}

impl SubjectSource {
    /// A NameID of Format persistent without qualifiers, for tests.
    #[must_use]
    pub fn persistent_for_test() -> Self {
        let format = Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned());
        Self::NameId { format, name_qualifier: None, sp_name_qualifier: None }
    }
}

impl Identity {
    /// An identity without names, for tests. Outside of tests it comes out of a login.
    #[must_use]
    pub fn for_test(subject: SubjectKey, email: EmailAddress, role: AssertedRole) -> Self {
        Self { subject, email, first_name: None, last_name: None, role, extra: Vec::new() }
    }
}
