//! SCIM 2.0 (RFC 7643, RFC 7644) over the members of an organization, with feature `scim`: the identity provider that
//! signs them in also makes, deactivates and removes them.
//!
//! [`answer`] takes a request apart from any web framework; see the [guide](crate::guide::scim). A user is a member,
//! its `userName` the address of the account. There are no groups.

mod answer;
mod attribute;
mod discovery;
mod token;
mod user;

pub use answer::ScimResponse;
pub use token::{ScimToken, ScimTokenHash};

use chrono::{DateTime, Utc};
use url::form_urlencoded;

use crate::connection::Connection;
use crate::names::{AccountId, OrganizationId};
use crate::pending::Purpose;
use crate::provisioning::Provisioning;
use crate::storage::{
    NewScimMember, ScimAdded, ScimChanged, ScimFilter, ScimMember, ScimMembers, ScimPage, ScimRemoved, ScimStore,
};
use answer::Problem;

/// Resources of one page at most.
const MOST_RESULTS: usize = 100;
/// How often a change is made anew because something else changed the member.
const ATTEMPTS: usize = 16;

/// The endpoint of one connection. Everything that it shows and changes is of its organization.
#[derive(Clone, Copy, Debug)]
pub struct ScimEndpoint<'a> {
    /// The organization whose endpoint the URL is.
    pub organization: &'a OrganizationId,
    /// Its connection. It has to be active.
    pub connection: &'a Connection,
    /// The settings of the connection: the default role is that of new members, who need an address at a proven domain.
    pub settings: &'a Provisioning,
    /// The tokens of the connection: two while one takes the place of the other, none to let nobody in.
    pub tokens: &'a [ScimTokenHash],
    /// The URL of the endpoint, from the configuration, without a slash at its end.
    pub base_url: &'a str,
}

/// A request, as it came.
#[derive(Clone, Copy)]
pub struct ScimRequest<'a> {
    /// The method, in capitals.
    pub method: &'a str,
    /// What follows the URL of the endpoint, still percent-encoded: `/Users/1`.
    pub path: &'a str,
    /// What follows the question mark, still percent-encoded; empty without one.
    pub query: &'a str,
    /// The `Authorization` header.
    pub authorization: Option<&'a str>,
    /// The body. Stop reading when it has more than 65536 bytes, and hand over one more: the answer is 413.
    pub body: &'a [u8],
}

impl std::fmt::Debug for ScimRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScimRequest").field("method", &self.method).finish_non_exhaustive()
    }
}

/// Answers a request. What is wrong with the request is part of the answer (RFC 7644 section 3.12), and then nothing
/// has changed.
///
/// # Errors
/// The store's own: answer 503, and the identity provider sends the request again.
pub async fn answer<S: ScimStore>(
    store: &S,
    endpoint: ScimEndpoint<'_>,
    request: ScimRequest<'_>,
    now: DateTime<Utc>,
) -> Result<ScimResponse, S::Error> {
    match (Call { store, endpoint, now }).answer(request).await {
        Ok(response) => Ok(response),
        Err(Failure::Problem(problem)) => Ok(problem.into()),
        Err(Failure::Store(error)) => Err(error),
    }
}

enum Failure<E> {
    Problem(Problem),
    Store(E),
}

impl<E> From<Problem> for Failure<E> {
    fn from(problem: Problem) -> Self {
        Self::Problem(problem)
    }
}

type Outcome<T, S> = Result<T, Failure<<S as crate::storage::Store>::Error>>;

struct Call<'a, S> {
    store: &'a S,
    endpoint: ScimEndpoint<'a>,
    now: DateTime<Utc>,
}

impl<S: ScimStore> Call<'_, S> {
    async fn answer(&self, request: ScimRequest<'_>) -> Outcome<ScimResponse, S> {
        self.endpoint.admit(request.authorization)?;
        let path = request.path.strip_prefix('/').unwrap_or(request.path);
        let path = path.strip_suffix('/').unwrap_or(path);
        match path.split_once('/') {
            None if path == "Users" => self.users(request).await,
            Some(("Users", id)) => self.user(&account(id)?, request).await,
            _ => Ok(discover(path, request)?),
        }
    }

    async fn users(&self, request: ScimRequest<'_>) -> Outcome<ScimResponse, S> {
        match request.method {
            "GET" => self.list(request.query).await,
            "POST" => self.create(request.body).await,
            _ => Err(Problem::METHOD.into()),
        }
    }

    async fn user(&self, id: &AccountId, request: ScimRequest<'_>) -> Outcome<ScimResponse, S> {
        match request.method {
            "GET" => Ok(self.show(200, &self.find(id).await?)),
            "PUT" => self.change(id, request.body, user::replaced).await,
            "PATCH" => self.change(id, request.body, user::patched).await,
            "DELETE" => self.remove(id).await,
            _ => Err(Problem::METHOD.into()),
        }
    }

    async fn list(&self, query: &str) -> Outcome<ScimResponse, S> {
        let Listing { filter, page } = Listing::parse(query)?;
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
        let (email, standing, profile) = user::read_new(&user::read_body(body)?)?;
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
        change: fn(&serde_json::Map<String, serde_json::Value>, &ScimMember) -> Result<ScimMember, Problem>,
    ) -> Outcome<ScimResponse, S> {
        let body = user::read_body(body)?;
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
        ScimResponse::user(status, member, self.endpoint.base_url)
    }
}

impl ScimEndpoint<'_> {
    fn admit(&self, authorization: Option<&str>) -> Result<(), Problem> {
        if !token::is_authorized(authorization, self.connection, self.tokens) {
            return Err(Problem::UNAUTHORIZED);
        }
        let is_ours =
            self.settings.connection() == self.connection.id() && self.settings.organization() == self.organization;
        match self.connection.admit(self.organization, Purpose::Login) {
            Ok(()) if is_ours => Ok(()),
            _ => Err(Problem::NOT_ADMITTED),
        }
    }
}

fn discover(path: &str, request: ScimRequest<'_>) -> Result<ScimResponse, Problem> {
    let (is_list, resource) = match path {
        "ServiceProviderConfig" => (false, discovery::config()),
        "ResourceTypes" => (true, discovery::resource_type()),
        "ResourceTypes/User" => (false, discovery::resource_type()),
        "Schemas" => (true, discovery::schema()),
        _ if path.strip_prefix("Schemas/") == Some(answer::USER) => (false, discovery::schema()),
        _ => return Err(Problem::NOT_FOUND),
    };
    if request.method != "GET" {
        return Err(Problem::METHOD);
    }
    if form_urlencoded::parse(request.query.as_bytes()).any(|(name, _)| name.eq_ignore_ascii_case("filter")) {
        return Err(Problem::NO_FILTER_HERE);
    }
    Ok(if is_list { ScimResponse::list(1, 1, vec![resource]) } else { ScimResponse::json(200, &resource) })
}

struct Listing {
    /// `None` matches nobody.
    filter: Option<ScimFilter>,
    page: ScimPage,
}

impl Listing {
    /// Reads a query (RFC 7644 section 3.4.2). Parameters that nobody knows are passed over.
    fn parse(query: &str) -> Result<Self, Problem> {
        let mut listing = Self { filter: Some(ScimFilter::All), page: ScimPage { offset: 0, limit: MOST_RESULTS } };
        for (name, value) in form_urlencoded::parse(query.as_bytes()) {
            match name.to_ascii_lowercase().as_str() {
                "filter" => listing.filter = attribute::parse_filter(&value)?,
                "startindex" => listing.page.offset = count(&value)?.saturating_sub(1),
                "count" => listing.page.limit = count(&value)?.min(MOST_RESULTS),
                _ => {}
            }
        }
        Ok(listing)
    }
}

/// Less than nothing is nothing (RFC 7644 section 3.4.2.4).
fn count(value: &str) -> Result<usize, Problem> {
    let count: i32 = value.parse().map_err(|_| Problem::PAGE)?;
    Ok(usize::try_from(count).unwrap_or(0))
}

/// The `id` in a path. What is not percent-encoded as it should be is nobody's.
fn account(segment: &str) -> Result<AccountId, Problem> {
    let (mut octets, mut rest) = (Vec::new(), segment.as_bytes());
    while let Some((first, tail)) = rest.split_first() {
        rest = tail;
        octets.push(match first {
            b'/' => return Err(Problem::NOT_FOUND),
            b'%' => {
                let (digits, tail) = tail.split_at_checked(2).ok_or(Problem::NOT_FOUND)?;
                rest = tail;
                octet(digits).ok_or(Problem::NOT_FOUND)?
            }
            plain => *plain,
        });
    }
    String::from_utf8(octets).map(AccountId::new).map_err(|_| Problem::NOT_FOUND)
}

fn octet(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    u8::from_str_radix(digits, 16).ok()
}
