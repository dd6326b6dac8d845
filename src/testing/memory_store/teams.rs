//! The table of teams.

use std::collections::{BTreeMap, BTreeSet};

use super::members::MemberKey;
use super::{MemoryStore, Tables};
use crate::names::{AccountId, OrganizationId};
use crate::provisioning::MemberStatus;
use crate::storage::{
    NewTeam, ScimPage, Team, TeamAdded, TeamChanged, TeamFilter, TeamId, TeamMembers, TeamName, TeamRemoved, TeamStore,
    Teams,
};
use crate::stored::StoredError;

#[derive(Clone, Debug, Default)]
pub(super) struct TeamRows {
    rows: BTreeMap<(OrganizationId, TeamId), Row>,
    /// No name is given twice.
    made: usize,
}

#[derive(Clone, Debug)]
struct Row {
    team: Team,
    /// Those who are not shown among them.
    members: BTreeSet<AccountId>,
}

impl TeamStore for MemoryStore {
    async fn teams(
        &self,
        organization: &OrganizationId,
        filter: &TeamFilter,
        page: ScimPage,
    ) -> Result<Teams, StoredError> {
        let tables = self.tables();
        let mut teams: Vec<_> = tables.teams.of(organization).collect();
        teams.retain(|team| match filter {
            TeamFilter::All => true,
            TeamFilter::Name(name) => team.name.key() == name.key(),
            TeamFilter::ExternalId(id) => team.external_id.as_ref() == Some(id),
        });
        let total = teams.len();
        Ok(Teams { total, teams: teams.into_iter().skip(page.offset).take(page.limit).cloned().collect() })
    }

    async fn team(&self, organization: &OrganizationId, team: &TeamId) -> Result<Option<Team>, StoredError> {
        let tables = self.tables();
        Ok(tables.teams.rows.get(&(organization.clone(), team.clone())).map(|row| row.team.clone()))
    }

    async fn team_members(
        &self,
        organization: &OrganizationId,
        team: &TeamId,
    ) -> Result<BTreeSet<AccountId>, StoredError> {
        let tables = self.tables();
        let row = tables.teams.rows.get(&(organization.clone(), team.clone()));
        let is_active = |account: &AccountId| {
            let member = tables.members.members.get(&(organization.clone(), account.clone()));
            member.is_some_and(|(status, _)| *status == MemberStatus::Active)
        };
        let members = row.into_iter().flat_map(|row| &row.members).filter(|account| is_active(account));
        Ok(members.cloned().collect())
    }

    async fn add_team(&self, new: &NewTeam) -> Result<TeamAdded, StoredError> {
        let mut tables = self.tables();
        if tables.teams.is_taken(&new.organization, &new.name, None) {
            return Ok(TeamAdded::NameTaken);
        }
        if !tables.are_members(&new.organization, &new.members) {
            return Ok(TeamAdded::UnknownMember);
        }
        tables.teams.made = tables.teams.made.saturating_add(1);
        let id = TeamId::new(format!("team-{}", tables.teams.made));
        let team = Team { id: id.clone(), name: new.name.clone(), external_id: new.external_id.clone() };
        let row = Row { team: team.clone(), members: new.members.clone() };
        tables.teams.rows.insert((new.organization.clone(), id), row);
        Ok(TeamAdded::Added(team))
    }

    async fn change_team(
        &self,
        organization: &OrganizationId,
        from: &Team,
        to: &Team,
        members: &TeamMembers,
    ) -> Result<TeamChanged, StoredError> {
        let mut tables = self.tables();
        let key = (organization.clone(), from.id.clone());
        let Some(row) = tables.teams.rows.get(&key).filter(|row| row.team == *from) else {
            return Ok(TeamChanged::Conflict);
        };
        let (add, after, most) = match members {
            TeamMembers::Edit { add, remove, most } => {
                (add, row.members.union(add).filter(|id| !remove.contains(*id)).cloned().collect(), *most)
            }
            TeamMembers::Exactly(members) => (members, members.clone(), members.len()),
        };
        if tables.teams.is_taken(organization, &to.name, Some(&from.id)) {
            return Ok(TeamChanged::NameTaken);
        }
        if !tables.are_members(organization, add) {
            return Ok(TeamChanged::UnknownMember);
        }
        if after.len() > most {
            return Ok(TeamChanged::Full);
        }
        let team = Team { id: from.id.clone(), ..to.clone() };
        tables.teams.rows.insert(key, Row { team, members: after });
        Ok(TeamChanged::Done)
    }

    async fn remove_team(&self, organization: &OrganizationId, team: &TeamId) -> Result<TeamRemoved, StoredError> {
        let removed = self.tables().teams.rows.remove(&(organization.clone(), team.clone()));
        Ok(if removed.is_some() { TeamRemoved::Done } else { TeamRemoved::Unknown })
    }
}

impl TeamRows {
    fn of(&self, organization: &OrganizationId) -> impl Iterator<Item = &Team> {
        self.rows.iter().filter(move |(key, _)| key.0 == *organization).map(|(_, row)| &row.team)
    }

    fn is_taken(&self, organization: &OrganizationId, name: &TeamName, but_for: Option<&TeamId>) -> bool {
        self.of(organization).any(|team| team.name.key() == name.key() && Some(&team.id) != but_for)
    }
}

impl Tables {
    fn are_members(&self, organization: &OrganizationId, accounts: &BTreeSet<AccountId>) -> bool {
        accounts.iter().all(|account| self.scim_member(&(organization.clone(), account.clone())).is_some())
    }

    pub(super) fn leave_teams(&mut self, (organization, account): &MemberKey) {
        for (_, row) in self.teams.rows.iter_mut().filter(|(key, _)| key.0 == *organization) {
            row.members.remove(account);
        }
    }
}
