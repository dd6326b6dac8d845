//! What is stored for teams, which are the groups of SCIM.

use std::collections::BTreeSet;
use std::fmt;
use std::future::Future;

use super::{ScimPage, ScimStore};
use crate::names::{AccountId, OrganizationId};

pub use crate::names::TeamId;

/// The teams of an organization. Everything is of the organization that is named; of another one there is nothing.
///
/// Unique, by the database: organization and [`TeamName::key`]; team and account of a member.
///
/// Only a member of the organization is in its teams. Whoever is removed, in whatever way, leaves all of them in the
/// same transaction, and comes back to none. Whoever is suspended stays in them and is not shown until activated again.
pub trait TeamStore: ScimStore {
    /// Teams in an order that stays the same, and how many the filter matches in all.
    fn teams(
        &self,
        organization: &OrganizationId,
        filter: &TeamFilter,
        page: ScimPage,
    ) -> impl Future<Output = Result<Teams, Self::Error>> + Send;

    /// One team.
    fn team(
        &self,
        organization: &OrganizationId,
        team: &TeamId,
    ) -> impl Future<Output = Result<Option<Team>, Self::Error>> + Send;

    /// The active members of a team; none where there is no such team.
    fn team_members(
        &self,
        organization: &OrganizationId,
        team: &TeamId,
    ) -> impl Future<Output = Result<BTreeSet<AccountId>, Self::Error>> + Send;

    /// Makes a team with its members.
    fn add_team(&self, new: &NewTeam) -> impl Future<Output = Result<TeamAdded, Self::Error>> + Send;

    /// Writes name and external identifier of a team, which has to be exactly as in `from`, and its members.
    ///
    /// All of it, or nothing. Of two changes at once of the members of one team neither is lost: they are added and
    /// removed one by one, and no list is written back that was read before.
    fn change_team(
        &self,
        organization: &OrganizationId,
        from: &Team,
        to: &Team,
        members: &TeamMembers,
    ) -> impl Future<Output = Result<TeamChanged, Self::Error>> + Send;

    /// Removes a team. Its members stay members of the organization.
    fn remove_team(
        &self,
        organization: &OrganizationId,
        team: &TeamId,
    ) -> impl Future<Output = Result<TeamRemoved, Self::Error>> + Send;
}

/// A team, without its members.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Team {
    /// Its name for good, made by the store.
    pub id: TeamId,
    /// The name to show.
    pub name: TeamName,
    /// The identity provider's own identifier (RFC 7643 section 3.1).
    pub external_id: Option<String>,
}

/// The name of a team: 1 to 256 characters without NUL. `Debug` hides it.
#[derive(Clone, PartialEq, Eq)]
pub struct TeamName(String);

impl TeamName {
    const MOST: usize = 256;

    /// Takes a name; `None` if it is none.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let is_name = !name.trim().is_empty() && name.chars().count() <= Self::MOST && !name.contains('\0');
        is_name.then(|| Self(name.to_owned()))
    }

    /// The name as it was given.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What names are compared by, to be stored in a column of its own: no two teams of one organization differ only
    /// in upper and lower case.
    #[must_use]
    pub fn key(&self) -> String {
        self.0.to_lowercase()
    }
}

impl fmt::Debug for TeamName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("TeamName(..)")
    }
}

/// A team to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewTeam {
    /// The organization.
    pub organization: OrganizationId,
    /// The name.
    pub name: TeamName,
    /// The identity provider's own identifier.
    pub external_id: Option<String>,
    /// The members.
    pub members: BTreeSet<AccountId>,
}

/// What becomes of the members of a team.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TeamMembers {
    /// Some come and some go; everybody else stays. Nobody is in both. Who is there already, or not there anyway, is no
    /// error; who goes may be nobody's member.
    Edit {
        /// Who comes.
        add: BTreeSet<AccountId>,
        /// Who goes.
        remove: BTreeSet<AccountId>,
        /// How many the team has at most afterwards, with those who are not shown; more is [`TeamChanged::Full`].
        most: usize,
    },
    /// These, and nobody else.
    Exactly(BTreeSet<AccountId>),
}

/// Which teams are meant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TeamFilter {
    /// All.
    All,
    /// The one whose name has the same [`TeamName::key`].
    Name(TeamName),
    /// Those with exactly this external identifier.
    ExternalId(String),
}

/// A part of a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Teams {
    /// How many teams match in all.
    pub total: usize,
    /// Those of the page.
    pub teams: Vec<Team>,
}

/// How making a team went. Nothing is written but with the first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum TeamAdded {
    /// The team.
    Added(Team),
    /// Another team has the name.
    NameTaken,
    /// Somebody is not a member of the organization.
    UnknownMember,
}

/// How changing a team went. Nothing is written but with the first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TeamChanged {
    /// Written.
    Done,
    /// The team is not as it was.
    Conflict,
    /// Another team has the name.
    NameTaken,
    /// Somebody is not a member of the organization.
    UnknownMember,
    /// More members than a team may have.
    Full,
}

/// How removing a team went.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TeamRemoved {
    /// Removed.
    Done,
    /// There is none.
    Unknown,
}
