//! What the store found: everything that a decision is made of, from one consistent read.

use chrono::{DateTime, Utc};

use crate::mapping::{EmailAddress, Role, SubjectKey};
use crate::names::{AccountId, OrganizationId};

/// What is to be looked up.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Query {
    /// The organization whose endpoint it is.
    pub organization: OrganizationId,
    /// The subject, to find its link by the whole of it.
    pub subject: SubjectKey,
    /// The asserted address, to find accounts and an invitation by.
    pub email: EmailAddress,
    /// The account that is signed in or that a proof names, if there is one.
    pub account: Option<AccountId>,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// The account that the subject is linked to.
    pub linked: Option<Linked>,
    /// The account that was asked for by its name.
    pub account: Option<Known>,
    /// Every account of the host with that e-mail address, verified or not, a member of this organization or not.
    pub by_email: Vec<Known>,
    /// The pending invitation of this organization for that e-mail address.
    pub invitation: Option<Invitation>,
}

/// A link that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// The account.
    pub known: Known,
    /// When the account proved that the subject is its own, or was made for it.
    pub confirmed_at: DateTime<Utc>,
    /// When somebody last signed in by it.
    pub last_used: DateTime<Utc>,
}

/// An account, and what it is in this organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Known {
    /// The account.
    pub account: AccountId,
    /// Whether its e-mail address was verified by the host.
    pub email: EmailStatus,
    /// What it is in this organization.
    pub membership: Membership,
    /// Whether a subject of the connection is linked to it, this one or another.
    pub at_connection: AtConnection,
}

/// Whether an account has a link at the connection of the subject in question.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum AtConnection {
    /// It has.
    Linked,
    /// It has none.
    Unlinked,
}

/// Whether the host itself has verified that an address is its account's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum EmailStatus {
    /// The account's holder has shown to read its mail.
    Verified,
    /// Nobody has. Such an address says nothing about who the account's holder is.
    Unverified,
}

/// What an account is in an organization.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Membership {
    /// Not a member, and never was one.
    None,
    /// A member, now or in the past.
    Member {
        /// Whether it may come in.
        status: MemberStatus,
        /// Its role.
        role: Role,
    },
}

/// Whether a member may come in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum MemberStatus {
    /// Yes.
    Active,
    /// Not for now; nothing that an identity provider says changes that.
    Suspended,
    /// No longer a member.
    Removed,
}

/// An invitation that waits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Invitation {
    /// The role that was offered.
    pub role: Role,
}
