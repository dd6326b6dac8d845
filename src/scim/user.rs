//! From requests to members: whole resources and patches.

use serde_json::Value;

use super::answer::{Problem, USER};
use super::attribute::Attribute;
use super::message::{Object, Op, Operation, member_of, operations, require_schema, require_unique_names, text};
use crate::mapping::EmailAddress;
use crate::storage::{ScimMember, ScimProfile, Standing};

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
    let mut draft = Draft { email: &member.email, active: None, profile: member.profile.clone() };
    for operation in operations(body)? {
        draft.operate(&operation?)?;
    }
    draft.finish(member)
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
        require_unique_names(resource)?;
        for (name, value) in resource {
            match Attribute::parse(name) {
                Err(_) | Ok(Attribute::Emails | Attribute::EmailValue | Attribute::ReadOnly) => {}
                Ok(attribute) => self.set(attribute, value)?,
            }
        }
        Ok(())
    }

    fn operate(&mut self, operation: &Operation<'_>) -> Result<(), Problem> {
        let attribute = operation.path.map(Attribute::parse).transpose()?;
        match (operation.op, attribute) {
            (Op::Remove, None) => Err(Problem::NO_TARGET),
            (Op::Remove, Some(attribute)) => self.unset(attribute),
            (Op::Add | Op::Replace, Some(attribute)) => self.set(attribute, operation.value()?),
            (Op::Add | Op::Replace, None) => self.set_each(operation.values()?),
        }
    }

    /// The attributes that an operation without a path brings; Okta and Entra ID write paths for names here, too.
    fn set_each(&mut self, values: &Object) -> Result<(), Problem> {
        for (name, value) in values {
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
