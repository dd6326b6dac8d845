//! Names of attributes: in resources, paths and filters.

use super::answer::{Problem, USER};
use crate::mapping::EmailAddress;
use crate::storage::ScimFilter;

/// What a name or a path (RFC 7644 section 3.5.2) means. Names are compared without case (RFC 7643 section 2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Attribute {
    UserName,
    ExternalId,
    Active,
    DisplayName,
    Name,
    GivenName,
    FamilyName,
    /// The whole list, which has one address: that of the account.
    Emails,
    EmailValue,
    /// The standard knows it, and nobody here keeps it.
    NotKept,
    ReadOnly,
}

const ENTERPRISE: &str = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:user";
/// RFC 7643 section 4.1, as far as it is not kept.
const NOT_KEPT: [&str; 16] = [
    "schemas",
    "nickname",
    "profileurl",
    "title",
    "usertype",
    "preferredlanguage",
    "locale",
    "timezone",
    "password",
    "phonenumbers",
    "ims",
    "photos",
    "addresses",
    "entitlements",
    "roles",
    "x509certificates",
];

impl Attribute {
    pub(super) fn parse(path: &str) -> Result<Self, Problem> {
        let path = path.trim().to_ascii_lowercase();
        if path.strip_prefix(ENTERPRISE).is_some_and(|rest| rest.is_empty() || rest.starts_with(':')) {
            return Ok(Self::NotKept);
        }
        let core = path.strip_prefix(&USER.to_ascii_lowercase()).and_then(|rest| rest.strip_prefix(':'));
        let path = core.unwrap_or(&path);
        Ok(match path {
            "username" => Self::UserName,
            "externalid" => Self::ExternalId,
            "active" => Self::Active,
            "displayname" => Self::DisplayName,
            "name" => Self::Name,
            "name.givenname" => Self::GivenName,
            "name.familyname" => Self::FamilyName,
            "name.formatted" | "name.middlename" | "name.honorificprefix" | "name.honorificsuffix" => Self::NotKept,
            "emails" => Self::Emails,
            "emails.value" => Self::EmailValue,
            "emails.type" | "emails.primary" | "emails.display" => Self::NotKept,
            "id" | "meta" | "groups" => Self::ReadOnly,
            _ => return Self::parse_rest(path),
        })
    }

    fn parse_rest(path: &str) -> Result<Self, Problem> {
        if let Some(selected) = path.strip_prefix("emails[") {
            return Self::parse_selected_email(selected);
        }
        let first = path.split(['.', '[']).next().unwrap_or_default();
        match first {
            "meta" | "groups" => Ok(Self::ReadOnly),
            _ if NOT_KEPT.contains(&first) => Ok(Self::NotKept),
            _ => Err(Problem::PATH),
        }
    }

    /// A value path, as Entra ID names addresses: `type eq "work"].value`.
    fn parse_selected_email(selected: &str) -> Result<Self, Problem> {
        let (filter, rest) = selected.split_once(']').ok_or(Problem::PATH)?;
        let words: Vec<&str> = filter.split_ascii_whitespace().collect();
        match words.as_slice() {
            ["type", "eq", "\"work\""] | ["primary", "eq", "true" | "\"true\""] => {}
            ["type" | "primary" | "value", "eq", _] => return Err(Problem::NO_TARGET),
            _ => return Err(Problem::PATH),
        }
        match rest {
            "" => Ok(Self::Emails),
            ".value" => Ok(Self::EmailValue),
            ".type" | ".primary" | ".display" => Ok(Self::NotKept),
            _ => Err(Problem::PATH),
        }
    }
}

/// Reads a filter of one `eq` (RFC 7644 section 3.4.2.2). `None` matches nobody: no address is like that.
pub(super) fn parse_filter(filter: &str) -> Result<Option<ScimFilter>, Problem> {
    let (path, value) = comparison(filter).ok_or(Problem::FILTER)?;
    match Attribute::parse(path).map_err(|_| Problem::FILTER)? {
        Attribute::ExternalId => Ok((!value.contains('\0')).then_some(ScimFilter::ExternalId(value))),
        Attribute::UserName | Attribute::Emails | Attribute::EmailValue => {
            Ok(EmailAddress::parse(&value).ok().map(ScimFilter::Email))
        }
        _ => Err(Problem::FILTER),
    }
}

/// The two sides of one `eq` whose right one is a string.
pub(super) fn comparison(filter: &str) -> Option<(&str, String)> {
    let (path, rest) = split_path(filter.trim())?;
    let (operator, value) = rest.trim_start().split_once(' ')?;
    let value = serde_json::from_str(value.trim()).ok()?;
    operator.eq_ignore_ascii_case("eq").then_some((path, value))
}

pub(super) fn strip_prefix_without_case<'p>(path: &'p str, prefix: &str) -> Option<&'p str> {
    let (start, rest) = path.split_at_checked(prefix.len())?;
    start.eq_ignore_ascii_case(prefix).then_some(rest)
}

/// Up to the first blank that is not in brackets.
fn split_path(filter: &str) -> Option<(&str, &str)> {
    let mut depth = 0_u32;
    let end = filter.find(|letter| {
        match letter {
            '[' => depth = depth.saturating_add(1),
            ']' => depth = depth.saturating_sub(1),
            _ => {}
        }
        letter == ' ' && depth == 0
    })?;
    filter.split_at_checked(end)
}
