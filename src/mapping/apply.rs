//! From a login to an identity.

use std::fmt;

use super::attribute_map::{AttributeMap, Extra};
use super::fields::{self, Identifier};
use super::identity::{AssertedRole, Identity, SubjectKey, SubjectSource};
use super::report::{Field, MappingNote, MappingReport};
use super::role::{RoleMap, has_overage};
use super::source::{EMAIL_ADDRESS, Source};
use super::vocabulary::may_be_reassigned;
use crate::error::Rejection;
use crate::profile::Login;

/// A login that yields a user.
#[derive(Clone, Debug, PartialEq, Eq)]
#[must_use]
pub struct Mapped {
    identity: Identity,
    report: MappingReport,
}

/// A login that yields no user: the identity provider is good, what it says is not what the map looks for.
///
/// `Display` is the safe public sentence with the code `mapping.*`. The [`MappingReport`] is for whoever set the connection up.
#[derive(Clone, PartialEq, Eq)]
pub struct MappingError {
    rejection: Rejection,
    report: Box<MappingReport>,
}

impl AttributeMap {
    /// Reads who the user is.
    ///
    /// # Errors
    /// `mapping.*`: identifier or e-mail address are missing, there are several, or they can't be used. Of several
    /// failures the identifier's is told, and the report has all.
    pub fn apply(&self, login: &Login) -> Result<Mapped, MappingError> {
        let mut report = MappingReport::of(login);
        let (identifier, identifier_report) = fields::identifier(&self.identifier, login);
        let (email, email_report) = fields::email(&self.email, login);
        report.fields.extend([identifier_report, email_report]);
        let first_name = read_name(Field::FirstName, &self.first_name, login, &mut report);
        let last_name = read_name(Field::LastName, &self.last_name, login, &mut report);
        let role = read_role(self.roles.as_ref(), login, &mut report);
        let extra = self.extra.iter().map(|extra| read_extra(extra, login, &mut report)).collect();
        match (identifier, email) {
            (Ok(identifier), Ok(email)) => {
                report.notes.extend(reassignable(&identifier.source));
                let subject = subject_key(identifier, login);
                let identity = Identity { subject, email, first_name, last_name, role, extra };
                Ok(Mapped { identity, report })
            }
            (Err(reason), _) | (_, Err(reason)) => {
                let rejection = Rejection::new(reason).with_checks(login.checks().clone());
                Err(MappingError { rejection, report: Box::new(report) })
            }
        }
    }
}

fn read_name(field: Field, sources: &[Source], login: &Login, report: &mut MappingReport) -> Option<String> {
    if sources.is_empty() {
        return None;
    }
    let (name, field_report) = fields::person_name(field, sources, login);
    report.fields.push(field_report);
    name
}

fn read_extra(extra: &Extra, login: &Login, report: &mut MappingReport) -> (String, Vec<String>) {
    let (values, field_report) = fields::extra(extra, login);
    report.fields.push(field_report);
    (extra.name.clone(), values)
}

fn subject_key(identifier: Identifier, login: &Login) -> SubjectKey {
    SubjectKey {
        connection: login.connection().clone(),
        issuer: login.issuer().clone(),
        source: identifier.source,
        value: identifier.value,
    }
}

fn read_role(roles: Option<&RoleMap>, login: &Login, report: &mut MappingReport) -> AssertedRole {
    report.notes.extend(has_overage(login).then_some(MappingNote::GroupsOverage));
    let Some(roles) = roles else { return AssertedRole::NotMapped };
    let (role, field_report) = roles.read(login);
    report.fields.push(field_report);
    role
}

/// Whether an identifier of that kind is known to be given to another person in time.
fn reassignable(source: &SubjectSource) -> Option<MappingNote> {
    let is_reassignable = match source {
        SubjectSource::NameId { format, .. } | SubjectSource::NestedNameId { format, .. } => {
            format.as_deref() == Some(EMAIL_ADDRESS)
        }
        SubjectSource::Attribute { name, .. } => may_be_reassigned(name),
    };
    is_reassignable.then_some(MappingNote::IdentifierMayBeReassigned)
}

impl Mapped {
    /// The user.
    #[must_use]
    pub fn identity(&self) -> &Identity {
        &self.identity
    }

    /// The user, without the report.
    #[must_use]
    pub fn into_identity(self) -> Identity {
        self.identity
    }

    /// How it went, field by field.
    #[must_use]
    pub fn report(&self) -> &MappingReport {
        &self.report
    }
}

impl MappingError {
    /// The refusal, with the rules that the message has passed.
    #[must_use]
    pub fn rejection(&self) -> &Rejection {
        &self.rejection
    }

    /// The stable identifier `mapping.name`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.rejection.code()
    }

    /// What was looked for, what arrived, and what to change.
    #[must_use]
    pub fn report(&self) -> &MappingReport {
        &self.report
    }
}

impl From<MappingError> for Rejection {
    fn from(error: MappingError) -> Self {
        error.rejection
    }
}

impl fmt::Display for MappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.rejection.fmt(f)
    }
}

impl fmt::Debug for MappingError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MappingError").field("code", &self.code()).field("report", &self.report).finish()
    }
}

impl std::error::Error for MappingError {}
