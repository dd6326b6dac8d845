//! What is stored for members.

use std::future::Future;

use chrono::{DateTime, Utc};

use super::LoginStore;
use crate::names::{AccountId, ConnectionId, OrganizationId};
use crate::pending::PendingKey;
use crate::profile::{Claim, ReplayKey};
use crate::provisioning::{Change, Facts, LinkHash, PendingLink, Query, Reminder};

/// Accounts, members, links and invitations of the host, as far as single sign-on reads and writes them.
///
/// It stands on [`LoginStore`], because using up a login and writing what follows from it is one transaction: then a
/// failure at any point leaves the login as it was, and the same step can be repeated.
///
/// Unique, by the database: the whole subject of a link ([`SubjectKey::to_bytes`](crate::mapping::SubjectKey::to_bytes)),
/// connection and account of a link, organization and account of a member. Addresses are compared to the letter, in the
/// lower case that [`EmailAddress`](crate::mapping::EmailAddress) has.
pub trait MemberStore: LoginStore {
    /// Looks everything up that a decision needs, in one consistent read, and changes nothing.
    fn facts(&self, query: &Query) -> impl Future<Output = Result<Facts, Self::Error>> + Send;

    /// Uses something up and writes what follows, both or nothing.
    ///
    /// Each part of the change names what it has to find; if it finds something else, or a unique key is taken,
    /// nothing is written or used up and the answer is [`Applied::Conflict`].
    fn apply(&self, spend: Spend<'_>, change: &Change) -> impl Future<Output = Result<Applied, Self::Error>> + Send;

    /// Looks a link up that waits for its proof, and changes nothing.
    fn peek_link(&self, hash: &LinkHash) -> impl Future<Output = Result<PeekedLink, Self::Error>> + Send;

    /// The active members of an organization whose accounts have no link at the connection.
    fn unlinked_members(
        &self,
        organization: &OrganizationId,
        connection: &ConnectionId,
    ) -> impl Future<Output = Result<Vec<UnlinkedMember>, Self::Error>> + Send;

    /// Stores reminders, all or none. Each replaces the one for the same connection and account.
    fn keep_reminders(&self, reminders: &[Reminder]) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Looks a reminder up and changes nothing.
    fn peek_reminder(&self, hash: &LinkHash) -> impl Future<Output = Result<Option<Reminder>, Self::Error>> + Send;

    /// Suspends an active member: for SCIM or an administrator, as SAML tells nobody of people who leave. The host ends
    /// the member's sessions and tokens along with it.
    fn deactivate(
        &self,
        organization: &OrganizationId,
        account: &AccountId,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Removes the link of an account at a connection, and what waits to become one: links and reminders. It can be made
    /// anew with a proof only.
    fn unlink(
        &self,
        connection: &ConnectionId,
        account: &AccountId,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// What a change uses up.
#[derive(Clone, Copy, Debug)]
pub enum Spend<'a> {
    /// A pending login and the assertion that answers it, exactly as [`LoginStore::complete`] does.
    Answer(&'a PendingKey, &'a ReplayKey),
    /// An assertion that no request asked for, exactly as [`LoginStore::claim`] does.
    Assertion(&'a ReplayKey),
    /// A link that waits, if it is unused. It leaves a mark until it would have expired.
    Link(&'a LinkHash),
}

/// How a change went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Applied {
    /// All of it is written.
    Done,
    /// All of it is written, the new account among it.
    Created(AccountId),
    /// What was to be used up was used before: the answer of [`LoginStore::complete`] or [`LoginStore::claim`], or
    /// [`Claim::RequestConsumed`] for a link. Nothing of the change is written.
    AlreadyUsed(Claim),
    /// The state is not the one that was decided on. Nothing is written or used up.
    Conflict,
    /// The host has no seat left for another member. Nothing is written or used up.
    NoSeat,
}

/// What [`MemberStore::peek_link`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum PeekedLink {
    /// It waits, or has expired.
    Pending(Box<PendingLink>),
    /// It has been used.
    Used,
    /// There is none, or no longer.
    Unknown,
}

/// A member who could be reminded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnlinkedMember {
    /// The account.
    pub account: AccountId,
    /// When the last reminder for this connection was made.
    pub reminded_at: Option<DateTime<Utc>>,
}
