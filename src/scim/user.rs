//! From requests to members: whole resources and patches.

use serde_json::{Map, Value};

use super::answer::{Problem, USER};
use super::attribute::Attribute;
use crate::mapping::EmailAddress;
use crate::storage::{ScimMember, ScimProfile, Standing};

const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const MOST_BYTES: usize = 64 * 1024;
const MOST_OPERATIONS: usize = 100;
/// Characters of a text that is kept.
const MOST_TEXT: usize = 256;

type Object = Map<String, Value>;

/// Reads a body. The reader refuses what is nested deeper than 128.
pub(super) fn read_body(body: &[u8]) -> Result<Object, Problem> {
    if body.len() > MOST_BYTES {
        return Err(Problem::TOO_LARGE);
    }
    serde_json::from_slice(body).map_err(|_| Problem::NOT_JSON)
}

/// What a resource says that is to be made: the address, and the rest.
pub(super) fn read_new(body: &Object) -> Result<(EmailAddress, Standing, ScimProfile), Problem> {
    require_schema(body, USER)?;
    let user_name = member_of(body, "userName")?.and_then(Value::as_str).ok_or(Problem::VALUE)?;
    let email = EmailAddress::parse(user_name).map_err(|_| Problem::USER_NAME)?;
    let mut draft = Draft { email: &email, active: None, profile: ScimProfile::default() };
    draft.replace(body)?;
    let (standing, profile) = (draft.standing(Standing::Active)?, draft.profile);
    Ok((email, standing, profile))
}

/// The member after PUT (RFC 7644 section 3.5.1). Without `active` it stays as active as it is.
pub(super) fn replaced(body: &Object, member: &ScimMember) -> Result<ScimMember, Problem> {
    require_schema(body, USER)?;
    let mut draft = Draft { email: &member.email, active: None, profile: ScimProfile::default() };
    if member_of(body, "userName")?.is_none() {
        return Err(Problem::VALUE);
    }
    draft.replace(body)?;
    draft.finish(member)
}

/// The member after PATCH (RFC 7644 section 3.5.2).
pub(super) fn patched(body: &Object, member: &ScimMember) -> Result<ScimMember, Problem> {
    require_schema(body, PATCH)?;
    let operations = member_of(body, "Operations")?.and_then(Value::as_array).ok_or(Problem::OPERATIONS)?;
    if operations.is_empty() || operations.len() > MOST_OPERATIONS {
        return Err(Problem::OPERATIONS);
    }
    let mut draft = Draft { email: &member.email, active: None, profile: member.profile.clone() };
    for operation in operations {
        draft.operate(operation.as_object().ok_or(Problem::OPERATIONS)?)?;
    }
    draft.finish(member)
}

/// A member of an object by its name without case. Two of one name are none.
fn member_of<'o>(object: &'o Object, name: &str) -> Result<Option<&'o Value>, Problem> {
    let mut found = object.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    match (found.next(), found.next()) {
        (_, Some(_)) => Err(Problem::TWICE),
        (found, None) => Ok(found.map(|(_, value)| value)),
    }
}

fn require_schema(body: &Object, schema: &str) -> Result<(), Problem> {
    let schemas = member_of(body, "schemas")?.and_then(Value::as_array).ok_or(Problem::SCHEMA)?;
    let is_schema = |named: &Value| named.as_str().is_some_and(|named| named.eq_ignore_ascii_case(schema));
    if schemas.iter().any(is_schema) { Ok(()) } else { Err(Problem::SCHEMA) }
}

/// A member as it will be.
struct Draft<'a> {
    email: &'a EmailAddress,
    active: Option<bool>,
    profile: ScimProfile,
}

impl Draft<'_> {
    /// All of a resource. What nobody keeps, or only reads, is passed over (RFC 7643 section 2.2, RFC 7644 section 3.3).
    fn replace(&mut self, resource: &Object) -> Result<(), Problem> {
        for (name, value) in resource {
            member_of(resource, name)?;
            match Attribute::parse(name) {
                Err(_) | Ok(Attribute::Emails | Attribute::EmailValue | Attribute::ReadOnly) => {}
                Ok(attribute) => self.set(attribute, value)?,
            }
        }
        Ok(())
    }

    fn operate(&mut self, operation: &Object) -> Result<(), Problem> {
        let op = member_of(operation, "op")?.and_then(Value::as_str).ok_or(Problem::OPERATION)?;
        let path = match member_of(operation, "path")? {
            None | Some(Value::Null) => None,
            Some(path) => Some(Attribute::parse(path.as_str().ok_or(Problem::PATH)?)?),
        };
        let value = member_of(operation, "value")?;
        match (op.to_ascii_lowercase().as_str(), path) {
            ("remove", None) => Err(Problem::NO_TARGET),
            ("remove", Some(attribute)) => self.unset(attribute),
            ("add" | "replace", Some(attribute)) => self.set(attribute, value.ok_or(Problem::VALUE)?),
            ("add" | "replace", None) => self.set_each(value.and_then(Value::as_object).ok_or(Problem::VALUE)?),
            _ => Err(Problem::OPERATION),
        }
    }

    /// The attributes that an operation without a path brings; Okta and Entra ID write paths for names here, too.
    fn set_each(&mut self, values: &Object) -> Result<(), Problem> {
        for (name, value) in values {
            member_of(values, name)?;
            self.set(Attribute::parse(name)?, value)?;
        }
        Ok(())
    }

    fn set(&mut self, attribute: Attribute, value: &Value) -> Result<(), Problem> {
        let profile = &mut self.profile;
        match attribute {
            Attribute::Active => self.active = Some(boolean(value)?),
            Attribute::ExternalId => profile.external_id = text(value)?,
            Attribute::DisplayName => profile.display_name = text(value)?,
            Attribute::GivenName => profile.given_name = text(value)?,
            Attribute::FamilyName => profile.family_name = text(value)?,
            Attribute::Name => self.set_name(value)?,
            Attribute::UserName | Attribute::EmailValue => self.require_same(value)?,
            Attribute::Emails => self.require_same_emails(value)?,
            Attribute::NotKept => {}
            Attribute::ReadOnly => return Err(Problem::MUTABILITY),
        }
        Ok(())
    }

    fn unset(&mut self, attribute: Attribute) -> Result<(), Problem> {
        match attribute {
            Attribute::UserName | Attribute::Active | Attribute::Emails | Attribute::EmailValue => {
                Err(Problem::MUTABILITY)
            }
            other => self.set(other, &Value::Null),
        }
    }

    fn set_name(&mut self, value: &Value) -> Result<(), Problem> {
        let name = match value {
            Value::Null => {
                (self.profile.given_name, self.profile.family_name) = (None, None);
                return Ok(());
            }
            other => other.as_object().ok_or(Problem::VALUE)?,
        };
        if let Some(given) = member_of(name, "givenName")? {
            self.profile.given_name = text(given)?;
        }
        if let Some(family) = member_of(name, "familyName")? {
            self.profile.family_name = text(family)?;
        }
        Ok(())
    }

    /// The address is the account's, and the account is not the organization's.
    fn require_same(&self, value: &Value) -> Result<(), Problem> {
        let address = EmailAddress::parse(value.as_str().ok_or(Problem::VALUE)?);
        if address.as_ref() == Ok(self.email) { Ok(()) } else { Err(Problem::MUTABILITY) }
    }

    fn require_same_emails(&self, value: &Value) -> Result<(), Problem> {
        let emails = match value {
            Value::Array(emails) => emails.as_slice(),
            single => std::slice::from_ref(single),
        };
        if emails.is_empty() {
            return Err(Problem::MUTABILITY);
        }
        emails.iter().try_for_each(|email| {
            let value = member_of(email.as_object().ok_or(Problem::VALUE)?, "value")?;
            self.require_same(value.ok_or(Problem::VALUE)?)
        })
    }

    fn standing(&self, current: Standing) -> Result<Standing, Problem> {
        match (current, self.active) {
            (Standing::Suspended, Some(true)) => Err(Problem::SUSPENDED),
            (Standing::Suspended, Some(false)) | (_, None) => Ok(current),
            (_, Some(true)) => Ok(Standing::Active),
            (_, Some(false)) => Ok(Standing::Deactivated),
        }
    }

    fn finish(self, member: &ScimMember) -> Result<ScimMember, Problem> {
        Ok(ScimMember { standing: self.standing(member.standing)?, profile: self.profile, ..member.clone() })
    }
}

/// Entra ID writes booleans as strings unless told otherwise.
fn boolean(value: &Value) -> Result<bool, Problem> {
    match value {
        Value::Bool(value) => Ok(*value),
        Value::String(value) if value.eq_ignore_ascii_case("true") => Ok(true),
        Value::String(value) if value.eq_ignore_ascii_case("false") => Ok(false),
        _ => Err(Problem::VALUE),
    }
}

/// An empty text is none.
fn text(value: &Value) -> Result<Option<String>, Problem> {
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.is_empty() => Ok(None),
        Value::String(text) if text.chars().count() <= MOST_TEXT && !text.contains('\0') => Ok(Some(text.clone())),
        _ => Err(Problem::VALUE),
    }
}
