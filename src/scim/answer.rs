//! What goes back: resources and errors.

use std::collections::BTreeSet;

use serde_json::{Map, Value, json};
use url::form_urlencoded::byte_serialize;

use crate::names::AccountId;
use crate::storage::{ScimMember, Standing, Team};

pub(super) const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
pub(super) const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const LIST: &str = "urn:ietf:params:scim:api:messages:2.0:ListResponse";
const ERROR: &str = "urn:ietf:params:scim:api:messages:2.0:Error";

/// What the host sends back, as it is.
#[derive(Clone, PartialEq, Eq)]
#[must_use]
pub struct ScimResponse {
    /// The HTTP status.
    pub status: u16,
    /// The headers, `Content-Type` among them when there is a body.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
}

impl std::fmt::Debug for ScimResponse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ScimResponse").field("status", &self.status).finish_non_exhaustive()
    }
}

impl ScimResponse {
    pub(super) fn json(status: u16, body: &Value) -> Self {
        let headers = vec![("Content-Type", "application/scim+json".to_owned()), ("Cache-Control", "no-store".into())];
        Self { status, headers, body: body.to_string().into_bytes() }
    }

    pub(super) fn nothing() -> Self {
        Self { status: 204, headers: Vec::new(), body: Vec::new() }
    }

    /// One resource, whose place is also in a header.
    pub(super) fn resource(status: u16, resource: &Value) -> Self {
        let location = resource.pointer("/meta/location").and_then(Value::as_str).unwrap_or_default();
        Self::json(status, resource).with_header("Location", location.to_owned())
    }

    pub(super) fn list(total: usize, start: usize, resources: Vec<Value>) -> Self {
        Self::json(
            200,
            &json!({
                "schemas": [LIST], "totalResults": total, "startIndex": start,
                "itemsPerPage": resources.len(), "Resources": resources,
            }),
        )
    }

    fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }
}

/// An error response (RFC 7644 section 3.12).
#[derive(Clone, Copy)]
pub(super) struct Problem {
    status: u16,
    scim_type: Option<&'static str>,
    detail: &'static str,
}

impl Problem {
    pub(super) const UNAUTHORIZED: Self = Self::new(401, None, "no token of this connection came with the request");
    pub(super) const NOT_ADMITTED: Self = Self::new(403, None, "the connection is not active in this organization");
    pub(super) const NO_FILTER_HERE: Self = Self::new(403, None, "this endpoint takes no filter");
    pub(super) const LAST_OWNER: Self = Self::new(403, None, "the last owner stays an active member");
    pub(super) const SUSPENDED: Self = Self::new(403, None, "the organization itself has suspended the member");
    pub(super) const NO_SEAT: Self = Self::new(403, None, "the organization has no seat left");
    pub(super) const NOT_FOUND: Self = Self::new(404, None, "there is no such resource");
    pub(super) const METHOD: Self = Self::new(405, None, "the resource does not take this method");
    pub(super) const TAKEN: Self = Self::new(409, Some("uniqueness"), "the userName is taken, or nobody verified it");
    pub(super) const NAME_TAKEN: Self = Self::new(409, Some("uniqueness"), "another group has the displayName");
    pub(super) const BUSY: Self = Self::new(409, None, "the resource keeps changing: send the request again");
    pub(super) const TOO_LARGE: Self = Self::new(413, None, "the body has more than 1048576 bytes");
    pub(super) const NOT_JSON: Self = Self::syntax("the body is not one JSON object, or is nested too deep");
    pub(super) const TWICE: Self = Self::syntax("an attribute is there twice");
    pub(super) const SCHEMA: Self = Self::syntax("schemas does not name the schema of this message");
    pub(super) const OPERATIONS: Self = Self::syntax("Operations are no list of 1 to 100 objects");
    pub(super) const OPERATION: Self = Self::syntax("op is not one of add, replace and remove");
    pub(super) const FILTER: Self = bad(
        "invalidFilter",
        "not one eq with a string: userName, externalId or emails of users, displayName or externalId of groups",
    );
    pub(super) const PATH: Self = bad("invalidPath", "the path names no attribute of the resource");
    pub(super) const NO_TARGET: Self = bad("noTarget", "the path matches nothing that could be changed");
    pub(super) const MUTABILITY: Self = bad("mutability", "the attribute can't be changed");
    pub(super) const VALUE: Self = bad("invalidValue", "a value is missing or not of the type of its attribute");
    pub(super) const PAGE: Self = bad("invalidValue", "startIndex or count is not an integer");
    pub(super) const MEMBER: Self = bad("invalidValue", "a member is no user of the organization");
    pub(super) const MEMBERS: Self =
        bad("invalidValue", "the request names, or the group has, more than 10000 members");
    pub(super) const USER_NAME: Self = bad("invalidValue", "the userName is not an e-mail address");
    pub(super) const DOMAIN: Self =
        bad("invalidValue", "the organization has not proven the domain of the userName to be its own");

    const fn new(status: u16, scim_type: Option<&'static str>, detail: &'static str) -> Self {
        Self { status, scim_type, detail }
    }

    const fn syntax(detail: &'static str) -> Self {
        Self::new(400, Some("invalidSyntax"), detail)
    }
}

const fn bad(scim_type: &'static str, detail: &'static str) -> Problem {
    Problem::new(400, Some(scim_type), detail)
}

impl From<Problem> for ScimResponse {
    fn from(problem: Problem) -> Self {
        let mut body = json!({ "schemas": [ERROR], "status": problem.status.to_string(), "detail": problem.detail });
        if let (Some(scim_type), Some(body)) = (problem.scim_type, body.as_object_mut()) {
            body.insert("scimType".into(), scim_type.into());
        }
        let response = Self::json(problem.status, &body);
        if problem.status == 401 { response.with_header("WWW-Authenticate", "Bearer".into()) } else { response }
    }
}

pub(super) fn user(member: &ScimMember, base_url: &str) -> Value {
    let (profile, email) = (&member.profile, member.email.as_str());
    let mut user = json!({
        "schemas": [USER],
        "id": member.account.as_str(),
        "userName": email,
        "emails": [{ "value": email, "type": "work", "primary": true }],
        "active": member.standing == Standing::Active,
        "meta": { "resourceType": "User", "location": location(base_url, "Users", member.account.as_str()) },
    });
    let names = texts([("givenName", &profile.given_name), ("familyName", &profile.family_name)]);
    if let Some(user) = user.as_object_mut() {
        user.extend(texts([("externalId", &profile.external_id), ("displayName", &profile.display_name)]));
        if !names.is_empty() {
            user.insert("name".into(), names.into());
        }
    }
    user
}

pub(super) fn group(team: &Team, base_url: &str) -> Value {
    let mut group = json!({
        "schemas": [GROUP],
        "id": team.id.as_str(),
        "displayName": team.name.as_str(),
        "meta": { "resourceType": "Group", "location": location(base_url, "Groups", team.id.as_str()) },
    });
    if let (Some(group), Some(id)) = (group.as_object_mut(), &team.external_id) {
        group.insert("externalId".into(), id.as_str().into());
    }
    group
}

pub(super) fn with_members(mut group: Value, members: &BTreeSet<AccountId>, base_url: &str) -> Value {
    let member = |account: &AccountId| {
        let id = account.as_str();
        json!({ "value": id, "$ref": location(base_url, "Users", id), "type": "User" })
    };
    if let Some(group) = group.as_object_mut() {
        group.insert("members".into(), members.iter().map(member).collect());
    }
    group
}

fn texts(fields: [(&str, &Option<String>); 2]) -> Map<String, Value> {
    let present = fields.into_iter().filter_map(|(name, text)| Some((name.to_owned(), text.clone()?.into())));
    present.collect()
}

fn location(base_url: &str, resources: &str, id: &str) -> String {
    let id: String = byte_serialize(id.as_bytes()).collect();
    format!("{}/{resources}/{}", base_url.trim_end_matches('/'), id.replace('+', "%20"))
}
