//! Users, from the request to the store and back.

use super::answer::{self, Problem};
use super::listing::Listing;
use super::message::{Object, read_body};
use super::{ATTEMPTS, Call, Failure, MOST_RESULTS, Outcome, ScimRequest, ScimResponse, attribute, user};
use crate::names::AccountId;
use crate::storage::{
    NewScimMember, ScimAdded, ScimChanged, ScimFilter, ScimMember, ScimMembers, ScimRemoved, ScimStore,
};

impl<S: ScimStore> Call<'_, S> {
    pub(super) async fn users(&self, request: ScimRequest<'_>) -> Outcome<ScimResponse, S> {
        match request.method {
            "GET" => self.list(request.query).await,
            "POST" => self.create(request.body).await,
            _ => Err(Problem::METHOD.into()),
        }
    }

    pub(super) async fn user(&self, id: &AccountId, request: ScimRequest<'_>) -> Outcome<ScimResponse, S> {
        match request.method {
            "GET" => Ok(self.show(200, &self.find(id).await?)),
            "PUT" => self.change(id, request.body, user::replaced).await,
            "PATCH" => self.change(id, request.body, user::patched).await,
            "DELETE" => self.remove(id).await,
            _ => Err(Problem::METHOD.into()),
        }
    }

    async fn list(&self, query: &str) -> Outcome<ScimResponse, S> {
        let Listing { filter, page } = Listing::parse(query, MOST_RESULTS, ScimFilter::All, attribute::parse_filter)?;
        let found = match filter {
            None => ScimMembers { total: 0, members: Vec::new() },
            Some(filter) => {
                let found = self.store.scim_members(self.endpoint.organization, &filter, page).await;
                found.map_err(Failure::Store)?
            }
        };
        let users = found.members.iter().map(|member| answer::user(member, self.endpoint.base_url)).collect();
        Ok(ScimResponse::list(found.total, page.offset.saturating_add(1), users))
    }

    async fn create(&self, body: &[u8]) -> Outcome<ScimResponse, S> {
        let (email, standing, profile) = user::read_new(&read_body(body)?)?;
        let settings = self.endpoint.settings;
        if !settings.has_proven(&email, self.now) {
            return Err(Problem::DOMAIN.into());
        }
        let (organization, role) = (self.endpoint.organization.clone(), settings.default_role().clone());
        let new = NewScimMember { organization, email, role, standing, profile };
        match self.store.add_scim_member(&new).await.map_err(Failure::Store)? {
            ScimAdded::Added(member) => Ok(self.show(201, &member)),
            ScimAdded::Taken => Err(Problem::TAKEN.into()),
            ScimAdded::NoSeat => Err(Problem::NO_SEAT.into()),
        }
    }

    async fn change(
        &self,
        id: &AccountId,
        body: &[u8],
        change: fn(&Object, &ScimMember) -> Result<ScimMember, Problem>,
    ) -> Outcome<ScimResponse, S> {
        let body = read_body(body)?;
        for _ in 0..ATTEMPTS {
            let from = self.find(id).await?;
            let to = change(&body, &from)?;
            let changed = self.store.change_scim_member(self.endpoint.organization, &from, &to).await;
            match changed.map_err(Failure::Store)? {
                ScimChanged::Done => return Ok(self.show(200, &to)),
                ScimChanged::LastOwner => return Err(Problem::LAST_OWNER.into()),
                ScimChanged::NoSeat => return Err(Problem::NO_SEAT.into()),
                ScimChanged::Conflict => {}
            }
        }
        Err(Problem::BUSY.into())
    }

    async fn remove(&self, id: &AccountId) -> Outcome<ScimResponse, S> {
        match self.store.remove_scim_member(self.endpoint.organization, id).await.map_err(Failure::Store)? {
            ScimRemoved::Done => Ok(ScimResponse::nothing()),
            ScimRemoved::Unknown => Err(Problem::NOT_FOUND.into()),
            ScimRemoved::LastOwner => Err(Problem::LAST_OWNER.into()),
        }
    }

    async fn find(&self, id: &AccountId) -> Outcome<ScimMember, S> {
        let found = self.store.scim_member(self.endpoint.organization, id).await.map_err(Failure::Store)?;
        Ok(found.ok_or(Problem::NOT_FOUND)?)
    }

    fn show(&self, status: u16, member: &ScimMember) -> ScimResponse {
        ScimResponse::resource(status, &answer::user(member, self.endpoint.base_url))
    }
}
