//! What an administrator should know about a service provider.

use std::fmt;

use crate::keys::Fingerprint;

/// Something about a [`ServiceProvider`](super::ServiceProvider) that an administrator should know. `Display` says it in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ServiceProviderWarning {
    /// One RSA key signs and decrypts: whoever learns to decrypt with it can also make its signatures
    /// (NIST SP 800-57 part 1 section 5.2).
    OneKeyForBoth {
        /// SHA-256 of the SubjectPublicKeyInfo.
        fingerprint: Fingerprint,
    },
}

impl fmt::Display for ServiceProviderWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::OneKeyForBoth { fingerprint } => {
                write!(f, "the key {fingerprint} both signs and decrypts: make a second key pair for encryption")
            }
        }
    }
}
