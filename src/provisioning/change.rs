//! What a store has to write.

use chrono::{DateTime, Utc};

use super::decide::{Create, SignIn};
use super::facts::{EmailStatus, Invitation};
use super::link::PendingLink;
use crate::mapping::{EmailAddress, Identity, Role, SubjectKey};
use crate::names::{AccountId, OrganizationId};

/// What a decision writes, whole or not at all. Each part names the state that it was decided on; where the store finds
/// another, it writes nothing and says so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Change {
    /// Nothing: the login is used up, and that is all.
    Nothing,
    /// An account that exists comes in, or is linked.
    Member(Box<MemberChange>),
    /// An account, its membership and its link are made.
    Create(Box<NewMember>),
    /// A link that waits for its proof is kept.
    Keep(Box<PendingLink>),
}

/// What changes for an account that exists.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MemberChange {
    /// The organization.
    pub organization: OrganizationId,
    /// The subject.
    pub subject: SubjectKey,
    /// The account.
    pub account: AccountId,
    /// What to do with the link between the two.
    pub link: LinkChange,
    /// What to do with the membership.
    pub membership: MembershipChange,
    /// The address whose pending invitation is used up. It has to be there.
    pub invitation: Option<EmailAddress>,
    /// When.
    pub at: DateTime<Utc>,
}

/// What becomes of a link.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum LinkChange {
    /// It has to be there, to this account, and was used now.
    Use,
    /// It is made now. Neither may the subject be linked yet, nor the account at the connection.
    Make,
    /// It is made, or confirmed again, now, because the account has proven that it wants it. The subject must not be
    /// linked to another account. What else the account was linked to at the connection no longer is.
    Replace,
}

/// What becomes of a membership.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum MembershipChange {
    /// It has to be there and active.
    Keep,
    /// It has to be active with the one role, and gets the other.
    Role {
        /// The role that was found.
        from: Role,
        /// The new one.
        to: Role,
    },
    /// It must not be there, and is made, active, if there is a seat.
    Join(Role),
    /// It has to be there and removed, and is active again, if there is a seat.
    Rejoin(Role),
}

/// What is made for somebody new.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewMember {
    /// The organization.
    pub organization: OrganizationId,
    /// Who it is. No link of its subject and no account with its address may be there.
    pub identity: Identity,
    /// The role in the organization.
    pub role: Role,
    /// Whether the new account's address is verified. What is not may be used for nothing that an address proves, such
    /// as a new password, until its holder has shown to read its mail.
    pub email: EmailStatus,
    /// The address whose pending invitation is used up. It has to be there.
    pub invitation: Option<EmailAddress>,
    /// When.
    pub at: DateTime<Utc>,
}

impl MemberChange {
    pub(crate) fn new(
        organization: OrganizationId,
        subject: SubjectKey,
        email: &EmailAddress,
        sign_in: &SignIn,
        at: DateTime<Utc>,
    ) -> Self {
        Self {
            organization,
            subject,
            account: sign_in.account.clone(),
            link: sign_in.link,
            membership: sign_in.membership.clone(),
            invitation: used_up(sign_in.invitation.as_ref(), email),
            at,
        }
    }
}

impl NewMember {
    pub(crate) fn new(organization: OrganizationId, identity: Identity, create: &Create, at: DateTime<Utc>) -> Self {
        let invitation = used_up(create.invitation.as_ref(), identity.email());
        Self { organization, identity, role: create.role.clone(), email: create.email, invitation, at }
    }
}

fn used_up(invitation: Option<&Invitation>, email: &EmailAddress) -> Option<EmailAddress> {
    invitation.map(|_| email.clone())
}
