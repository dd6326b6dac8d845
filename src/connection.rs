//! One registered identity provider of one organization.

use chrono::{DateTime, Utc};

use crate::binding::{RedirectMessage, VerifiedRedirect};
use crate::error::{ConfigError, Flow, Metadata, Rejection};
use crate::metadata::IdentityProvider;
use crate::names::{ConnectionId, OrganizationId};
use crate::pending::Purpose;
use crate::policy::Policy;
use crate::stored::{Decoder, Encoder, StoredError};
use crate::time::format_date_time;

/// An identity provider as registered by one organization, with what is demanded of it. Everything that is made of
/// its messages carries its [`ConnectionId`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Connection {
    id: ConnectionId,
    organization: OrganizationId,
    identity_provider: IdentityProvider,
    policy: Policy,
    status: ConnectionStatus,
    expiry: MetadataExpiry,
}

/// Whether the keys of an identity provider are used after the `validUntil` of its metadata (SAML Metadata 2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum MetadataExpiry {
    /// They are, with a warning: nobody but an administrator can renew what was pasted.
    Warned,
    /// They are not: what is fetched is renewed long before, unless somebody keeps it from being.
    Enforced,
}

/// What a connection may be used for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ConnectionStatus {
    /// To be tried out, and for nothing else.
    Draft,
    /// To sign in.
    Active,
    /// For nothing.
    Disabled,
}

impl Connection {
    const VERSION: u8 = 2;

    /// Puts an identity provider that an organization has brought under a policy. Nobody signs in through it before a
    /// test login has shown that it works, and that whoever registered it can sign in there.
    ///
    /// # Errors
    /// [`ConfigError::NoSigningKey`] when the policy permits none of its keys.
    pub fn draft(
        id: ConnectionId,
        organization: OrganizationId,
        identity_provider: IdentityProvider,
        policy: Policy,
    ) -> Result<Self, ConfigError> {
        let permitted =
            identity_provider.signing_keys().iter().any(|key| policy.algorithms().permit_key(key.key_type()));
        if !permitted {
            return Err(ConfigError::NoSigningKey);
        }
        Ok(Self {
            id,
            organization,
            identity_provider,
            policy,
            status: ConnectionStatus::Draft,
            expiry: MetadataExpiry::Warned,
        })
    }

    /// A connection that whoever operates the host has configured and vouches for, as in a configuration file: active
    /// at once. What an administrator of an organization has typed is a [`draft`](Self::draft).
    ///
    /// # Errors
    /// As for [`draft`](Self::draft).
    pub fn preconfigured(
        id: ConnectionId,
        organization: OrganizationId,
        identity_provider: IdentityProvider,
        policy: Policy,
    ) -> Result<Self, ConfigError> {
        let draft = Self::draft(id, organization, identity_provider, policy)?;
        Ok(Self { status: ConnectionStatus::Active, ..draft })
    }

    /// The same connection with what its identity provider published since, or with what an administrator has changed.
    /// It stays what it is if the entityID is the same and one of the keys goes on: a rollover. Otherwise it is a draft,
    /// to be tried out, since whoever has the new keys can say every subject that was ever linked; see
    /// [`Provisioning::reconfirming_before`](crate::provisioning::Provisioning::reconfirming_before).
    ///
    /// # Errors
    /// [`ConfigError::NoSigningKey`] when the policy permits none of the keys.
    pub fn with_identity_provider(self, identity_provider: IdentityProvider) -> Result<Self, ConfigError> {
        let old = self.identity_provider;
        let goes_on = old.entity_id() == identity_provider.entity_id()
            && old.signing_keys().iter().any(|key| identity_provider.signing_keys().contains(key));
        let status = match self.status {
            ConnectionStatus::Active if !goes_on => ConnectionStatus::Draft,
            status => status,
        };
        let draft = Self::draft(self.id, self.organization, identity_provider, self.policy)?;
        Ok(Self { status, expiry: self.expiry, ..draft })
    }

    /// The same connection under another policy.
    ///
    /// # Errors
    /// [`ConfigError::NoSigningKey`] when the policy permits none of the keys.
    pub fn with_policy(self, policy: Policy) -> Result<Self, ConfigError> {
        let (status, expiry) = (self.status, self.expiry);
        let draft = Self::draft(self.id, self.organization, self.identity_provider, policy)?;
        Ok(Self { status, expiry, ..draft })
    }

    /// Switches it off: logins that are under way are refused as well.
    #[must_use]
    pub fn disabled(self) -> Self {
        Self { status: ConnectionStatus::Disabled, ..self }
    }

    /// Makes a draft of it again, to be tried out before it is used.
    #[must_use]
    pub fn into_draft(self) -> Self {
        Self { status: ConnectionStatus::Draft, ..self }
    }

    /// Only a test login activates one.
    pub(crate) fn activated(self) -> Self {
        Self { status: ConnectionStatus::Active, ..self }
    }

    /// Decided by where the metadata comes from.
    pub(crate) fn with_expiry(self, expiry: MetadataExpiry) -> Self {
        Self { expiry, ..self }
    }

    /// Verifies the signature over the query that a message came in, with the keys of the identity provider.
    ///
    /// # Errors
    /// `binding.detached_signature_missing`, `binding.detached_algorithm`, `binding.detached_signature_invalid`.
    pub fn verify_redirect<'m>(&self, message: &'m RedirectMessage) -> Result<VerifiedRedirect<'m>, Rejection> {
        message.verify(self.identity_provider.signing_keys(), self.policy.algorithms())
    }

    /// The bytes to store. They hold no secret.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let status = match self.status {
            ConnectionStatus::Draft => 0,
            ConnectionStatus::Active => 1,
            ConnectionStatus::Disabled => 2,
        };
        let expiry = match self.expiry {
            MetadataExpiry::Warned => 0,
            MetadataExpiry::Enforced => 1,
        };
        let settings: Vec<String> = self.policy.settings().map(str::to_owned).collect();
        let encoder = Encoder::new(Self::VERSION).text(self.id.as_str()).text(self.organization.as_str());
        encoder
            .octets(&self.identity_provider.to_bytes())
            .list(&settings)
            .option(self.policy.in_response_to_placeholder())
            .byte(status)
            .byte(expiry)
            .finish()
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`StoredError`], also for a policy with settings that this version does not know: none is quietly dropped.
    pub fn from_bytes(octets: &[u8]) -> Result<Self, StoredError> {
        let mut decoder = Decoder::new(octets, Self::VERSION)?;
        let (id, organization) = (ConnectionId::new(decoder.text()?), OrganizationId::new(decoder.text()?));
        let identity_provider = IdentityProvider::from_bytes(decoder.octets()?)?;
        let settings = decoder.list()?;
        let mut policy =
            Policy::from_settings(settings.iter().map(String::as_str)).ok_or(StoredError::UnknownSetting)?;
        if let Some(literal) = decoder.option()? {
            policy = policy.with_in_response_to_placeholder(literal).map_err(|_| StoredError::Damaged)?;
        }
        let status = match decoder.byte()? {
            0 => ConnectionStatus::Draft,
            1 => ConnectionStatus::Active,
            2 => ConnectionStatus::Disabled,
            _ => return Err(StoredError::Damaged),
        };
        let expiry = match decoder.byte()? {
            0 => MetadataExpiry::Warned,
            1 => MetadataExpiry::Enforced,
            _ => return Err(StoredError::Damaged),
        };
        decoder.finish()?;
        let draft = Self::draft(id, organization, identity_provider, policy).map_err(|_| StoredError::Damaged)?;
        Ok(Self { status, expiry, ..draft })
    }

    /// Checks that it is a connection of this organization and may be used for this purpose.
    ///
    /// # Errors
    /// `flow.connection_mismatch`, `flow.connection_draft`, `flow.connection_disabled`.
    pub(crate) fn admit(&self, organization: &OrganizationId, purpose: Purpose) -> Result<(), Rejection> {
        if self.organization != *organization {
            let mismatch = Rejection::new(Flow::ConnectionMismatch);
            return Err(mismatch.expecting(organization.as_str()).finding(self.organization.as_str()));
        }
        match (self.status, purpose) {
            (ConnectionStatus::Active, _) | (ConnectionStatus::Draft, Purpose::Test) => Ok(()),
            (ConnectionStatus::Draft, _) => Err(Rejection::new(Flow::ConnectionDraft).finding(self.id.as_str())),
            (ConnectionStatus::Disabled, _) => Err(Rejection::new(Flow::ConnectionDisabled).finding(self.id.as_str())),
        }
    }

    /// Checks that what is known of the identity provider still holds.
    ///
    /// # Errors
    /// `metadata.expired`.
    pub(crate) fn in_force(&self, now: DateTime<Utc>) -> Result<(), Rejection> {
        match (self.expiry, self.identity_provider.valid_until()) {
            (MetadataExpiry::Enforced, Some(until)) if until <= now => Err(Rejection::new(Metadata::Expired)
                .expecting(format!("validUntil after {}", format_date_time(now)))
                .finding(format_date_time(until))),
            _ => Ok(()),
        }
    }

    /// The immutable name.
    #[must_use]
    pub fn id(&self) -> &ConnectionId {
        &self.id
    }

    /// The organization that brought it.
    #[must_use]
    pub fn organization(&self) -> &OrganizationId {
        &self.organization
    }

    /// The identity provider.
    #[must_use]
    pub fn identity_provider(&self) -> &IdentityProvider {
        &self.identity_provider
    }

    /// What is demanded of it.
    #[must_use]
    pub fn policy(&self) -> &Policy {
        &self.policy
    }

    /// What it may be used for.
    #[must_use]
    pub fn status(&self) -> ConnectionStatus {
        self.status
    }
}
