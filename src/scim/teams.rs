//! Groups, from the request to the store and back.

use serde_json::Value;

use super::answer::{self, Problem};
use super::group::{self, Group, GroupAttribute, MOST_MEMBERS};
use super::listing::{Listing, parameters};
use super::message::read_body;
use super::{ATTEMPTS, Call, Failure, MOST_RESULTS, Outcome, ScimRequest, ScimResponse};
use crate::storage::{
    NewTeam, Team, TeamAdded, TeamChanged, TeamFilter, TeamId, TeamMembers, TeamRemoved, TeamStore, Teams,
};

impl<S: TeamStore> Call<'_, S> {
    pub(super) async fn groups(&self, request: ScimRequest<'_>) -> Outcome<ScimResponse, S> {
        match request.method {
            "GET" => self.list_teams(request.query).await,
            "POST" => self.create_team(request).await,
            _ => Err(Problem::METHOD.into()),
        }
    }

    pub(super) async fn group(&self, id: &TeamId, request: ScimRequest<'_>) -> Outcome<ScimResponse, S> {
        match request.method {
            "GET" => self.show_team(200, &self.find_team(id).await?, request.query).await,
            "PUT" => self.replace_team(id, request).await,
            "PATCH" => self.patch_team(id, request.body).await,
            "DELETE" => self.remove_team(id).await,
            _ => Err(Problem::METHOD.into()),
        }
    }

    async fn list_teams(&self, query: &str) -> Outcome<ScimResponse, S> {
        let Listing { filter, page } = Listing::parse(query, MOST_RESULTS, TeamFilter::All, group::parse_filter)?;
        let found = match filter {
            None => Teams { total: 0, teams: Vec::new() },
            Some(filter) => {
                let found = self.store.teams(self.endpoint.organization, &filter, page).await;
                found.map_err(Failure::Store)?
            }
        };
        let (mut groups, mut members) = (Vec::new(), 0_usize);
        for team in &found.teams {
            let group = self.resource(team, query).await?;
            members = members.saturating_add(group.get("members").and_then(Value::as_array).map_or(0, Vec::len));
            // Fewer than asked for are a page, too (RFC 7644 section 3.4.2.4).
            if members > MOST_MEMBERS && !groups.is_empty() {
                break;
            }
            groups.push(group);
        }
        Ok(ScimResponse::list(found.total, page.offset.saturating_add(1), groups))
    }

    async fn create_team(&self, request: ScimRequest<'_>) -> Outcome<ScimResponse, S> {
        let Group { name, external_id, members } = Group::read(&read_body(request.body)?)?;
        let new = NewTeam { organization: self.endpoint.organization.clone(), name, external_id, members };
        match self.store.add_team(&new).await.map_err(Failure::Store)? {
            TeamAdded::Added(team) => self.show_team(201, &team, request.query).await,
            TeamAdded::NameTaken => Err(Problem::NAME_TAKEN.into()),
            TeamAdded::UnknownMember => Err(Problem::MEMBER.into()),
        }
    }

    async fn replace_team(&self, id: &TeamId, request: ScimRequest<'_>) -> Outcome<ScimResponse, S> {
        let Group { name, external_id, members } = Group::read(&read_body(request.body)?)?;
        let (team, members) = (Team { id: id.clone(), name, external_id }, TeamMembers::Exactly(members));
        self.change_team(id, |_| Ok((team.clone(), members.clone()))).await?;
        self.show_team(200, &team, request.query).await
    }

    /// Answers without the group: it may be long, and has changed again by then.
    async fn patch_team(&self, id: &TeamId, body: &[u8]) -> Outcome<ScimResponse, S> {
        let body = read_body(body)?;
        self.change_team(id, |from| group::patched(&body, from)).await?;
        Ok(ScimResponse::nothing())
    }

    async fn change_team(
        &self,
        id: &TeamId,
        change: impl Fn(&Team) -> Result<(Team, TeamMembers), Problem>,
    ) -> Outcome<(), S> {
        for _ in 0..ATTEMPTS {
            let from = self.find_team(id).await?;
            let (to, members) = change(&from)?;
            let changed = self.store.change_team(self.endpoint.organization, &from, &to, &members).await;
            match changed.map_err(Failure::Store)? {
                TeamChanged::Done => return Ok(()),
                TeamChanged::NameTaken => return Err(Problem::NAME_TAKEN.into()),
                TeamChanged::UnknownMember => return Err(Problem::MEMBER.into()),
                TeamChanged::Full => return Err(Problem::MEMBERS.into()),
                TeamChanged::Conflict => {}
            }
        }
        Err(Problem::BUSY.into())
    }

    async fn remove_team(&self, id: &TeamId) -> Outcome<ScimResponse, S> {
        match self.store.remove_team(self.endpoint.organization, id).await.map_err(Failure::Store)? {
            TeamRemoved::Done => Ok(ScimResponse::nothing()),
            TeamRemoved::Unknown => Err(Problem::NOT_FOUND.into()),
        }
    }

    async fn find_team(&self, id: &TeamId) -> Outcome<Team, S> {
        let found = self.store.team(self.endpoint.organization, id).await.map_err(Failure::Store)?;
        Ok(found.ok_or(Problem::NOT_FOUND)?)
    }

    async fn show_team(&self, status: u16, team: &Team, query: &str) -> Outcome<ScimResponse, S> {
        Ok(ScimResponse::resource(status, &self.resource(team, query).await?))
    }

    async fn resource(&self, team: &Team, query: &str) -> Outcome<Value, S> {
        let group = answer::group(team, self.endpoint.base_url);
        if excludes_members(query) {
            return Ok(group);
        }
        let members = self.store.team_members(self.endpoint.organization, &team.id).await.map_err(Failure::Store)?;
        Ok(answer::with_members(group, &members, self.endpoint.base_url))
    }
}

/// Whether the members are left out (RFC 7644 section 3.9). Other attributes are always there.
fn excludes_members(query: &str) -> bool {
    let mut excluded = parameters(query).filter(|(name, _)| name == "excludedattributes");
    let is_members = |name: &str| matches!(GroupAttribute::parse(name), Ok(GroupAttribute::Members));
    excluded.any(|(_, names)| names.split(',').any(is_members))
}
