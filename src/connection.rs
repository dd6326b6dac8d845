//! One registered identity provider of one organization.

use crate::binding::RedirectMessage;
use crate::error::{ConfigError, Deviation, Deviations, Rejection};
use crate::metadata::IdentityProvider;
use crate::names::ConnectionId;
use crate::policy::Policy;

/// An identity provider as registered, with what is demanded of it. Everything that is made of its
/// messages carries its [`ConnectionId`].
#[derive(Clone, Debug)]
pub struct Connection {
    id: ConnectionId,
    identity_provider: IdentityProvider,
    policy: Policy,
}

impl Connection {
    /// Puts an identity provider under a policy.
    ///
    /// # Errors
    /// [`ConfigError::NoSigningKey`] when the policy permits none of its keys.
    pub fn new(id: ConnectionId, identity_provider: IdentityProvider, policy: Policy) -> Result<Self, ConfigError> {
        let permitted =
            identity_provider.signing_keys().iter().any(|key| policy.algorithms().permit_key(key.key_type()));
        if !permitted {
            return Err(ConfigError::NoSigningKey);
        }
        Ok(Self { id, identity_provider, policy })
    }

    /// Verifies the signature over the query that a message came in, with the keys of the identity provider.
    ///
    /// # Errors
    /// `binding.detached_signature_missing`, `binding.detached_algorithm`, `binding.detached_signature_invalid`.
    pub fn verify_redirect(&self, message: &RedirectMessage) -> Result<Vec<Deviation>, Rejection> {
        let mut deviations = Deviations::default();
        message.verify(self.identity_provider.signing_keys(), self.policy.algorithms(), &mut deviations)?;
        Ok(deviations.as_slice().to_vec())
    }

    /// The immutable name.
    #[must_use]
    pub fn id(&self) -> &ConnectionId {
        &self.id
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
}
