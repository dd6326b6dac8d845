//! What a session may be used for.

use chrono::{DateTime, Utc};

use super::refusal::Refusal;
use crate::names::{AccountId, ConnectionId, OrganizationId};
use crate::stored::{Decoder, Encoder, StoredError};

/// What single sign-on gives: one account in one organization, because one connection said so.
///
/// The host keeps it with its session and asks [`SessionScope::admits`] at each request. A session with a scope is no
/// session of the account as a whole: whoever registered the identity provider of that organization can have one for
/// every account linked there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SessionScope {
    organization: OrganizationId,
    connection: ConnectionId,
    account: AccountId,
    not_on_or_after: Option<DateTime<Utc>>,
}

/// Who is signed in at the host in the browser at hand.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Session {
    /// Nobody.
    Nobody,
    /// An account by credentials of its own, its second factor included: the whole of it.
    Account(AccountId),
    /// An account by single sign-on, as far as that reaches.
    SingleSignOn(SessionScope),
}

impl Session {
    /// Whether it is a session of single sign-on over that connection. What the identity provider says proves no account
    /// to the identity provider: a link of that connection is confirmed by something else.
    pub(crate) fn is_of(&self, connection: &ConnectionId) -> bool {
        matches!(self, Self::SingleSignOn(scope) if scope.connection == *connection)
    }

    /// The account that the session proves towards an organization. The single sign-on of another organization proves
    /// nothing here.
    pub(crate) fn proves(&self, organization: &OrganizationId, now: DateTime<Utc>) -> Option<&AccountId> {
        match self {
            Self::Nobody => None,
            Self::Account(account) => Some(account),
            Self::SingleSignOn(scope) => scope.admits(organization, now).is_ok().then_some(&scope.account),
        }
    }
}

impl SessionScope {
    const VERSION: u8 = 1;

    pub(crate) fn new(
        organization: OrganizationId,
        connection: ConnectionId,
        account: AccountId,
        not_on_or_after: Option<DateTime<Utc>>,
    ) -> Self {
        Self { organization, connection, account, not_on_or_after }
    }

    /// Checks that the session reaches into an organization now.
    ///
    /// That the member is still active is for the host to look up: sessions and tokens end when the member does.
    ///
    /// # Errors
    /// [`Refusal::OtherOrganization`], [`Refusal::SessionExpired`] when the identity provider's SessionNotOnOrAfter
    /// (SAML Core 2.7.2) has come.
    pub fn admits(&self, organization: &OrganizationId, now: DateTime<Utc>) -> Result<(), Refusal> {
        if self.organization != *organization {
            return Err(Refusal::OtherOrganization);
        }
        match self.not_on_or_after {
            Some(end) if now >= end => Err(Refusal::SessionExpired),
            _ => Ok(()),
        }
    }

    /// The organization.
    #[must_use]
    pub fn organization(&self) -> &OrganizationId {
        &self.organization
    }

    /// The connection whose identity provider has signed the user in. A host ends the sessions of a connection that is
    /// switched off or removed.
    #[must_use]
    pub fn connection(&self) -> &ConnectionId {
        &self.connection
    }

    /// The account.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// When the session has to end at the latest.
    #[must_use]
    pub fn not_on_or_after(&self) -> Option<DateTime<Utc>> {
        self.not_on_or_after
    }

    /// The value to store with the session.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let encoder = Encoder::new(Self::VERSION)
            .text(self.organization.as_str())
            .text(self.connection.as_str())
            .text(self.account.as_str());
        match self.not_on_or_after {
            Some(end) => encoder.byte(1).instant(end),
            None => encoder.byte(0),
        }
        .finish()
    }

    /// Reads a stored value.
    ///
    /// # Errors
    /// [`StoredError`].
    pub fn from_bytes(stored: &[u8]) -> Result<Self, StoredError> {
        let mut decoder = Decoder::new(stored, Self::VERSION)?;
        let organization = OrganizationId::new(decoder.text()?);
        let connection = ConnectionId::new(decoder.text()?);
        let account = AccountId::new(decoder.text()?);
        let not_on_or_after = match decoder.byte()? {
            0 => None,
            1 => Some(decoder.instant()?),
            _ => return Err(StoredError::Damaged),
        };
        decoder.finish()?;
        Ok(Self { organization, connection, account, not_on_or_after })
    }
}
