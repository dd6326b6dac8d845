//! What is stored for SCIM: the same members, as their identity provider manages them.

use std::fmt;
use std::future::Future;

use super::Store;
use crate::mapping::{EmailAddress, Role};
use crate::names::{AccountId, OrganizationId};

/// The members of an organization, as far as SCIM reads and writes them. Removed members are none.
///
/// Everything here belongs to the membership and nothing to the account: whoever provisions an organization changes no
/// address, name or credential of a person who may be a member elsewhere.
pub trait ScimStore: Store {
    /// Members of an organization in an order that stays the same, and how many the filter matches in all.
    fn scim_members(
        &self,
        organization: &OrganizationId,
        filter: &ScimFilter,
        page: ScimPage,
    ) -> impl Future<Output = Result<ScimMembers, Self::Error>> + Send;

    /// One member of an organization.
    fn scim_member(
        &self,
        organization: &OrganizationId,
        account: &AccountId,
    ) -> impl Future<Output = Result<Option<ScimMember>, Self::Error>> + Send;

    /// Makes a member: of the account with the address, if it is there, verified and the only one with it, else of a
    /// new account, whose address counts as verified. A removed member comes back with the role named here.
    ///
    /// [`ScimAdded::Taken`], and nothing written, when the account is a member, unverified or not the only one.
    fn add_scim_member(&self, new: &NewScimMember) -> impl Future<Output = Result<ScimAdded, Self::Error>> + Send;

    /// Writes standing and profile of a member who has to be exactly as in `from`; account and address stay.
    ///
    /// Where `to` is not active, every session that single sign-on of this organization has given the account (see
    /// [`SessionScope`](crate::provisioning::SessionScope)) and every token of the member ends in the same transaction.
    /// The last active owner stays active: [`ScimChanged::LastOwner`], and nothing is written.
    fn change_scim_member(
        &self,
        organization: &OrganizationId,
        from: &ScimMember,
        to: &ScimMember,
    ) -> impl Future<Output = Result<ScimChanged, Self::Error>> + Send;

    /// Removes a member, forgets the profile, and ends sessions and tokens as above. The last active owner stays.
    fn remove_scim_member(
        &self,
        organization: &OrganizationId,
        account: &AccountId,
    ) -> impl Future<Output = Result<ScimRemoved, Self::Error>> + Send;
}

/// A member as SCIM sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScimMember {
    /// The account, whose name is the `id` of the resource.
    pub account: AccountId,
    /// Its address, which is the `userName`.
    pub email: EmailAddress,
    /// Whether it may come in.
    pub standing: Standing,
    /// What the identity provider says about it.
    pub profile: ScimProfile,
}

/// Whether a member may come in, and who has said that it may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Standing {
    /// [`MemberStatus::Active`](crate::provisioning::MemberStatus::Active).
    Active,
    /// [`MemberStatus::Suspended`](crate::provisioning::MemberStatus::Suspended) by SCIM, which can activate it again.
    Deactivated,
    /// [`MemberStatus::Suspended`](crate::provisioning::MemberStatus::Suspended) by the organization itself, which
    /// alone can undo it.
    Suspended,
}

/// What an identity provider says about a member: nothing that decides anything. `Debug` hides it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct ScimProfile {
    /// Its own identifier (RFC 7643 section 3.1).
    pub external_id: Option<String>,
    /// The given name.
    pub given_name: Option<String>,
    /// The family name.
    pub family_name: Option<String>,
    /// The name to show.
    pub display_name: Option<String>,
}

/// A member to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewScimMember {
    /// The organization.
    pub organization: OrganizationId,
    /// The address. The organization has proven its domain.
    pub email: EmailAddress,
    /// The role.
    pub role: Role,
    /// [`Standing::Active`] or [`Standing::Deactivated`].
    pub standing: Standing,
    /// What the identity provider says about it.
    pub profile: ScimProfile,
}

/// Which members are meant.
#[derive(Clone, PartialEq, Eq)]
pub enum ScimFilter {
    /// All.
    All,
    /// The one with the address.
    Email(EmailAddress),
    /// Those with exactly this external identifier.
    ExternalId(String),
}

/// Which part of a list is meant.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ScimPage {
    /// How many come before it.
    pub offset: usize,
    /// How many it has at most; 0 asks for the total alone.
    pub limit: usize,
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScimMembers {
    /// How many members match in all.
    pub total: usize,
    /// Those of the page.
    pub members: Vec<ScimMember>,
}

/// How adding a member went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ScimAdded {
    /// The member.
    Added(Box<ScimMember>),
    /// The address can't be taken.
    Taken,
    /// The host has no seat left.
    NoSeat,
}

/// How changing a member went. Nothing is written but with the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScimChanged {
    /// Written.
    Done,
    /// The member is not as it was.
    Conflict,
    /// Nobody would be left to own the organization.
    LastOwner,
    /// The host has no seat left.
    NoSeat,
}

/// How removing a member went. Nothing is written but with the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ScimRemoved {
    /// Removed.
    Done,
    /// There is none.
    Unknown,
    /// Nobody would be left to own the organization.
    LastOwner,
}

impl fmt::Debug for ScimProfile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ScimProfile(..)")
    }
}

impl fmt::Debug for ScimFilter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::All => "All",
            Self::Email(_) => "Email(..)",
            Self::ExternalId(_) => "ExternalId(..)",
        })
    }
}
