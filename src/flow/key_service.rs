//! Decryption keys that a service in the network holds.

use std::future::Future;

use crate::error::Rejection;
use crate::keys::{UnwrapFailed, WrappedKey};
use crate::profile::{Verification, VerifiedLogin};

/// The service in the network that holds decryption keys, see [`DecryptionKey::held_by_service`].
///
/// [`DecryptionKey::held_by_service`]: crate::DecryptionKey::held_by_service
pub trait KeyService {
    /// Unwraps a content key. An answer of any length is fine: what does not fit fails like everything else.
    ///
    /// # Errors
    /// [`UnwrapFailed`], whatever the reason, and also when the service can't be reached: the login is over then, and the
    /// user is told what is told of damaged content. Write what the service said to a log of yours.
    fn unwrap_key(&self, wrapped: &WrappedKey) -> impl Future<Output = Result<Vec<u8>, UnwrapFailed>> + Send;
}

/// There is none.
pub(super) enum NoKeyService {}

impl KeyService for NoKeyService {
    async fn unwrap_key(&self, _: &WrappedKey) -> Result<Vec<u8>, UnwrapFailed> {
        match *self {}
    }
}

/// What a host brings along.
pub(super) struct Host<'h, S, K> {
    pub(super) store: &'h S,
    /// Without it verification never stops.
    pub(super) keys: Option<&'h K>,
}

impl<'h, S> Host<'h, S, NoKeyService> {
    pub(super) fn with_store(store: &'h S) -> Self {
        Self { store, keys: None }
    }
}

/// Goes on with a verification until it needs nothing more.
pub(super) async fn ask<K: KeyService>(
    keys: Option<&K>,
    verification: Result<Verification<'_>, Rejection>,
) -> Result<VerifiedLogin, Rejection> {
    let mut verification = verification?;
    loop {
        let unwrapping = match verification {
            Verification::Verified(verified) => return Ok(verified),
            Verification::Unwrap(unwrapping) => unwrapping,
        };
        let Some(keys) = keys else { return Err(unwrapping.refuse()) };
        let mut answers = Vec::new();
        for wrapped in unwrapping.wanted() {
            answers.push(keys.unwrap_key(wrapped).await);
        }
        let mut answers = answers.into_iter();
        verification = unwrapping.resume(|_| answers.next().unwrap_or(Err(UnwrapFailed)))?;
    }
}
