//! Users without a login.

use crate::mapping::{AssertedRole, EmailAddress, EmailError, Identity, SubjectKey, SubjectSource};
use crate::names::{ConnectionId, EntityId};

/// An [`Identity`] for tests of what happens to users, as [`AttributeMap::apply`](crate::mapping::AttributeMap::apply) would
/// make it of an attribute `user_id`.
#[derive(Clone, Debug)]
#[must_use]
pub struct FakeIdentity(Identity);

impl FakeIdentity {
    /// A user of that identity provider, recognized by `value`.
    ///
    /// # Errors
    /// [`EmailError`].
    pub fn new(connection: &ConnectionId, issuer: &EntityId, value: &str, email: &str) -> Result<Self, EmailError> {
        let source = SubjectSource::Attribute { name: "user_id".to_owned(), name_format: None };
        let (connection, issuer) = (connection.clone(), issuer.clone());
        Ok(Self(Identity {
            subject: SubjectKey { connection, issuer, source, value: value.to_owned() },
            email: EmailAddress::parse(email)?,
            first_name: None,
            last_name: None,
            role: AssertedRole::NotMapped,
            extra: Vec::new(),
        }))
    }

    /// Where the value was read.
    pub fn source(mut self, source: SubjectSource) -> Self {
        self.0.subject.source = source;
        self
    }

    /// First and last name.
    pub fn named(mut self, first: &str, last: &str) -> Self {
        self.0.first_name = Some(first.to_owned());
        self.0.last_name = Some(last.to_owned());
        self
    }

    /// What the groups mean for the role.
    pub fn role(mut self, role: AssertedRole) -> Self {
        self.0.role = role;
        self
    }

    /// The user.
    #[must_use]
    pub fn identity(self) -> Identity {
        self.0
    }
}
