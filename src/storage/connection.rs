//! What is stored for organizations and their connections.

use std::future::Future;

use chrono::{DateTime, Utc};

use super::Store;
use crate::names::{ConnectionId, OrganizationId};
use crate::registration::Registration;

/// The organizations and what each has registered.
pub trait ConnectionStore: Store {
    /// The organization that a slug names now.
    fn organization(&self, slug: &str) -> impl Future<Output = Result<Option<OrganizationId>, Self::Error>> + Send;

    /// Everything that an organization has registered.
    fn registrations(
        &self,
        organization: &OrganizationId,
    ) -> impl Future<Output = Result<Vec<Registration>, Self::Error>> + Send;

    /// Stores a registration, if no other connection has, or ever had, its [`ConnectionId`], and no other
    /// connection of its organization has an identity provider of the same entityID. The very same again is
    /// [`Registered::Done`].
    fn register(&self, registration: &Registration) -> impl Future<Output = Result<Registered, Self::Error>> + Send;

    /// Puts `new` in the place of `old`, if `old` is what is stored. If `new` is stored already, it is
    /// [`Replaced::Done`]. Both are of the same connection, in the same organization.
    /// [`Replaced::EntityIdTaken`] when another connection of the organization has the new entityID.
    fn replace(
        &self,
        old: &Registration,
        new: &Registration,
    ) -> impl Future<Output = Result<Replaced, Self::Error>> + Send;

    /// The registrations of all organizations whose [`refresh_at`](Registration::refresh_at) has come, the longest
    /// overdue first, and at most so many.
    fn due(
        &self,
        now: DateTime<Utc>,
        most: usize,
    ) -> impl Future<Output = Result<Vec<Registration>, Self::Error>> + Send;

    /// Removes a connection of that organization for good; the name is never used again. Another organization's is
    /// left as it is.
    fn remove(
        &self,
        organization: &OrganizationId,
        connection: &ConnectionId,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// What became of a new registration.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Registered {
    /// It is stored.
    Done,
    /// The [`ConnectionId`] is, or was, that of another one.
    IdTaken,
    /// The organization has another connection to that entityID.
    EntityIdTaken,
}

/// What became of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Replaced {
    /// It is stored.
    Done,
    /// Something else is stored by now, or nothing.
    Changed,
    /// The organization has another connection to that entityID.
    EntityIdTaken,
}
