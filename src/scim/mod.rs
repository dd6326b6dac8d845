//! SCIM 2.0 (RFC 7643, RFC 7644) over the members of an organization, with feature `scim`: the identity provider that
//! signs them in also makes, deactivates and removes them.
//!
//! [`answer`] takes a request apart from any web framework; see the [guide](crate::guide::scim). A user is a member,
//! its `userName` the address of the account; a group is a team of the organization.

mod answer;
mod attribute;
mod discovery;
mod group;
mod listing;
mod members;
mod message;
mod teams;
mod token;
mod user;

pub use answer::ScimResponse;
pub use token::{ScimToken, ScimTokenHash};

use chrono::{DateTime, Utc};

use crate::connection::Connection;
use crate::names::{AccountId, OrganizationId, TeamId};
use crate::pending::Purpose;
use crate::provisioning::Provisioning;
use crate::storage::TeamStore;
use answer::Problem;

/// Resources of one page at most.
const MOST_RESULTS: usize = 100;
/// How often a change is made anew because something else changed the resource.
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
    /// The body. Stop reading when it has more than [`MOST_BYTES`](Self::MOST_BYTES), and hand over one more: the answer
    /// is 413.
    pub body: &'a [u8],
}

impl ScimRequest<'_> {
    /// How long a body may be: 1 MiB, for Okta writes a whole group with each change of its members.
    pub const MOST_BYTES: usize = 1024 * 1024;
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
pub async fn answer<S: TeamStore>(
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

impl<S: TeamStore> Call<'_, S> {
    async fn answer(&self, request: ScimRequest<'_>) -> Outcome<ScimResponse, S> {
        self.endpoint.admit(request.authorization)?;
        let path = request.path.strip_prefix('/').unwrap_or(request.path);
        let path = path.strip_suffix('/').unwrap_or(path);
        match path.split_once('/') {
            None if path == "Users" => self.users(request).await,
            None if path == "Groups" => self.groups(request).await,
            Some(("Users", id)) => self.user(&AccountId::new(decoded(id)?), request).await,
            Some(("Groups", id)) => self.group(&TeamId::new(decoded(id)?), request).await,
            _ => Ok(discover(path, request)?),
        }
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
    let response = discovery::find(path).ok_or(Problem::NOT_FOUND)?;
    if request.method != "GET" {
        return Err(Problem::METHOD);
    }
    if listing::parameters(request.query).any(|(name, _)| name == "filter") {
        return Err(Problem::NO_FILTER_HERE);
    }
    Ok(response)
}

/// The `id` in a path. What is not percent-encoded as it should be is nobody's.
fn decoded(segment: &str) -> Result<String, Problem> {
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
    let id = String::from_utf8(octets).ok().filter(|id| !id.contains('\0'));
    id.ok_or(Problem::NOT_FOUND)
}

fn octet(digits: &[u8]) -> Option<u8> {
    let digits = std::str::from_utf8(digits).ok().filter(|digits| !digits.starts_with('+'))?;
    u8::from_str_radix(digits, 16).ok()
}
