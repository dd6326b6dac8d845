//! What is stored for logins.

use std::future::Future;

use super::Store;
use crate::names::RequestId;
use crate::pending::{PendingKey, PendingLogin};
use crate::profile::{Claim, ReplayKey};

/// Pending logins and the assertions that were used.
///
/// Nothing here is ever deleted before its time: a login that was used leaves a mark until the
/// pending login would have expired (some hours more help users who come back late), and a replay
/// key stays until [`ReplayKey::keep_until`].
pub trait LoginStore: Store {
    /// Stores a login under its request ID.
    fn keep(&self, pending: &PendingLogin) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Looks a login up and changes nothing. The ID comes from a message that nobody has verified: bind it as a
    /// parameter, and never make a path or a statement of it.
    fn peek(&self, request: &RequestId) -> impl Future<Output = Result<Peeked, Self::Error>> + Send;

    /// Marks a login as used: the one with all three parts of the key, if it is unused. Anything
    /// else is left as it is.
    fn take(&self, key: &PendingKey) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Marks a login as used *and* notes the replay key, both or nothing.
    ///
    /// [`Claim::RequestConsumed`] when there is no unused login under all three parts of the key, and then
    /// nothing is noted; [`Claim::Replayed`] when the replay key was there, and then the login is marked all the same.
    fn complete(
        &self,
        key: &PendingKey,
        replay_key: &ReplayKey,
    ) -> impl Future<Output = Result<Claim, Self::Error>> + Send;

    /// Notes the replay key of a login that no request asked for.
    fn claim(&self, replay_key: &ReplayKey) -> impl Future<Output = Result<Claim, Self::Error>> + Send;
}

/// What [`LoginStore::peek`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum Peeked {
    /// It waits for its response, or has expired.
    Pending(PendingLogin),
    /// It has been used.
    Used,
    /// There is none, or no longer.
    Unknown,
}
