//! What was looked for, what arrived, and what to change: never a value.

use std::fmt;

use super::nearest::{Nearest, nearest};
use super::source::Source;
use crate::assertion::{Attribute, AttributeValue};
use crate::profile::Login;

/// The most attributes that a report lists and compares with what was looked for.
const MOST_ARRIVED: usize = 100;
/// The most characters of a name of the sender's choosing.
const MOST_CHARACTERS: usize = 200;

/// How the mapping of one login went, field by field. `Display` is for a log, a ticket or an administrator: it holds names of
/// attributes and how many values they have, and no values. The names are the identity provider's: escape them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MappingReport {
    pub(super) fields: Vec<FieldReport>,
    arrived: Vec<Arrived>,
    pub(super) notes: Vec<MappingNote>,
}

/// A field of an [`Identity`](super::Identity).
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Field {
    /// What the user is recognized by.
    Identifier,
    /// The e-mail address.
    Email,
    /// The first name.
    FirstName,
    /// The last name.
    LastName,
    /// The role, by the groups.
    Role,
    /// An extra field, by its name in the map.
    Extra(String),
}

/// One field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FieldReport {
    field: Field,
    tried: Vec<Tried>,
    outcome: FieldOutcome,
    nearest: Option<Nearest>,
}

/// One source of a field, in the order of the map.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tried {
    pub(super) source: Source,
    pub(super) found: Found,
}

/// What was found at a source.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Found {
    /// Nothing of that name.
    Nothing,
    /// It arrived, but empty, nil or made of elements.
    NoValue,
    /// A name identifier whose Format does not say what is needed.
    OtherFormat {
        /// The Format.
        format: Option<String>,
    },
    /// Values.
    Values {
        /// How many.
        values: usize,
    },
}

/// What became of a field.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum FieldOutcome {
    /// It has its value.
    Mapped,
    /// No source had a value.
    Missing,
    /// The first source with a value had several, where one decides who the user is.
    Ambiguous,
    /// The value can't be used, and without it there is no user.
    Refused(ValueFault),
    /// A value can't be used. The user does without.
    LeftOut(ValueFault),
    /// Groups arrived, and no role is mapped to any of them.
    NoRole,
    /// The groups give a higher role than the ceiling, which it became.
    Capped,
    /// The groups did not arrive, because there are too many of them.
    GroupsWithheld,
}

/// Why a value can't be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueFault {
    /// It is longer than this.
    TooLong {
        /// The most characters.
        most: usize,
    },
    /// It has control characters, or others that can't be seen or change the direction of writing.
    Characters,
    /// It begins or ends with white space.
    OuterSpace,
    /// It is not an e-mail address.
    NotAnEmailAddress,
    /// There are more values than this.
    TooMany {
        /// The most values.
        most: usize,
    },
}

/// An attribute that arrived.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrived {
    name: String,
    values: usize,
    without_text: usize,
}

/// Something that an administrator should know about a mapping that works.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MappingNote {
    /// Entra ID sent a link in place of the groups, because the user is in more than 150.
    GroupsOverage,
    /// The identifier is of a kind that is given to another person in time, such as an e-mail address or a user name.
    IdentifierMayBeReassigned,
    /// More attributes arrived than are listed.
    NotListed {
        /// How many.
        attributes: usize,
    },
}

impl MappingReport {
    pub(super) fn of(login: &Login) -> Self {
        let attributes = login.attributes();
        let arrived = attributes.iter().take(MOST_ARRIVED).map(Arrived::of).collect();
        let not_listed = attributes.len().saturating_sub(MOST_ARRIVED);
        let notes = (not_listed > 0).then_some(MappingNote::NotListed { attributes: not_listed });
        Self { fields: Vec::new(), arrived, notes: notes.into_iter().collect() }
    }

    /// The fields that the map has, in the order of [`Field`].
    #[must_use]
    pub fn fields(&self) -> &[FieldReport] {
        &self.fields
    }

    /// One field, if the map has it.
    #[must_use]
    pub fn field(&self, field: &Field) -> Option<&FieldReport> {
        self.fields.iter().find(|report| report.field == *field)
    }

    /// The attributes that arrived, at most 100.
    #[must_use]
    pub fn arrived(&self) -> &[Arrived] {
        &self.arrived
    }

    /// What is worth knowing even if every field has its value.
    #[must_use]
    pub fn notes(&self) -> &[MappingNote] {
        &self.notes
    }

    /// What to change, a sentence for each field that needs one.
    pub fn remedies(&self) -> impl Iterator<Item = String> + '_ {
        self.fields.iter().filter_map(|field| field.remedy(&self.arrived))
    }
}

impl FieldReport {
    pub(super) fn new(field: Field, tried: Vec<Tried>, outcome: FieldOutcome, login: &Login) -> Self {
        let is_empty = tried.iter().any(|tried| tried.found == Found::NoValue);
        let nearest = if outcome == FieldOutcome::Missing && !is_empty {
            let absent = tried.iter().filter(|tried| tried.found == Found::Nothing).map(|tried| &tried.source);
            nearest(absent, login.attributes().get(..MOST_ARRIVED).unwrap_or(login.attributes()))
        } else {
            None
        };
        Self { field, tried, outcome, nearest }
    }

    /// The field.
    #[must_use]
    pub fn field(&self) -> &Field {
        &self.field
    }

    /// Where it was looked for, in order. A source behind the first that had a value was not looked at, and is not here.
    #[must_use]
    pub fn tried(&self) -> &[Tried] {
        &self.tried
    }

    /// What became of it.
    #[must_use]
    pub fn outcome(&self) -> &FieldOutcome {
        &self.outcome
    }

    /// If it is missing, the attribute that arrived and looks most like what was looked for.
    #[must_use]
    pub fn nearest(&self) -> Option<&Nearest> {
        self.nearest.as_ref()
    }

    fn remedy(&self, arrived: &[Arrived]) -> Option<String> {
        let field = &self.field;
        match &self.outcome {
            FieldOutcome::Mapped | FieldOutcome::Capped | FieldOutcome::NoRole => None,
            FieldOutcome::Missing => Some(self.remedy_for_missing(arrived)),
            FieldOutcome::Ambiguous => Some(format!("have the identity provider send one value for {field}")),
            FieldOutcome::Refused(fault) | FieldOutcome::LeftOut(fault) => {
                Some(format!("correct {field} at the identity provider: the value {fault}"))
            }
            FieldOutcome::GroupsWithheld => {
                Some("have Entra ID send only groups that are assigned to the application, or app roles".to_owned())
            }
        }
    }

    fn remedy_for_missing(&self, arrived: &[Arrived]) -> String {
        let field = &self.field;
        if let Some(tried) = self.tried.iter().find(|tried| tried.found == Found::NoValue) {
            return format!(
                "{} arrives without a value: fill it in for this user at the identity provider",
                tried.source
            );
        }
        let other = match &self.nearest {
            Some(nearest) => format!("map {field} to {:?}, or rename it at the identity provider", nearest.name()),
            None => format!("map {field} to an attribute that arrives"),
        };
        if self.tried.iter().any(|tried| matches!(tried.found, Found::OtherFormat { .. })) {
            return format!("have the identity provider send a NameID of another Format, or {other}");
        }
        if self.nearest.is_some() {
            return other;
        }
        let sources: Vec<String> = self.tried.iter().map(|tried| tried.source.to_string()).collect();
        let sources = sources.join(" or ");
        if arrived.is_empty() {
            format!("no attributes arrived: have the identity provider send {sources}")
        } else {
            format!("have the identity provider send {sources}, or {other}")
        }
    }
}

impl Tried {
    /// The source.
    #[must_use]
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// What was there.
    #[must_use]
    pub fn found(&self) -> &Found {
        &self.found
    }
}

impl Arrived {
    fn of(attribute: &Attribute) -> Self {
        let without_text = attribute.values().iter().filter(|value| !matches!(value, AttributeValue::Text(_))).count();
        Self { name: shortened(attribute.name()), values: attribute.values().len(), without_text }
    }

    /// Its Name, or the first 200 characters of it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// How many values it has.
    #[must_use]
    pub fn values(&self) -> usize {
        self.values
    }

    /// How many of them are nil or made of elements.
    #[must_use]
    pub fn without_text(&self) -> usize {
        self.without_text
    }
}

impl fmt::Display for MappingReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for field in &self.fields {
            writeln!(f, "{}: {}", field.field, field.outcome)?;
            for tried in &field.tried {
                writeln!(f, "  looked for {}: {}", tried.source, tried.found)?;
            }
            if let Some(nearest) = &field.nearest {
                writeln!(f, "  nearest: {nearest}")?;
            }
            if let Some(remedy) = field.remedy(&self.arrived) {
                writeln!(f, "  remedy: {remedy}")?;
            }
        }
        let arrived: Vec<String> = self.arrived.iter().map(ToString::to_string).collect();
        let arrived = if arrived.is_empty() { "no attributes".to_owned() } else { arrived.join(", ") };
        writeln!(f, "arrived: {arrived}")?;
        self.notes.iter().try_for_each(|note| writeln!(f, "note: {note}"))
    }
}

impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Identifier => f.write_str("identifier"),
            Self::Email => f.write_str("email"),
            Self::FirstName => f.write_str("first name"),
            Self::LastName => f.write_str("last name"),
            Self::Role => f.write_str("role"),
            Self::Extra(name) => write!(f, "extra field {name:?}"),
        }
    }
}

impl fmt::Display for FieldOutcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mapped => f.write_str("mapped"),
            Self::Missing => f.write_str("MISSING"),
            Self::Ambiguous => f.write_str("REFUSED, several values"),
            Self::Refused(fault) => write!(f, "REFUSED, the value {fault}"),
            Self::LeftOut(fault) => write!(f, "left out, the value {fault}"),
            Self::NoRole => f.write_str("no role is mapped to the groups that arrived"),
            Self::Capped => f.write_str("the ceiling, which is lower than what the groups give"),
            Self::GroupsWithheld => f.write_str("not known, the groups did not arrive"),
        }
    }
}

impl fmt::Display for ValueFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TooLong { most } => write!(f, "has more than {most} characters"),
            Self::Characters => f.write_str("has control characters or characters that can't be seen"),
            Self::OuterSpace => f.write_str("begins or ends with white space"),
            Self::NotAnEmailAddress => f.write_str("is not a bare e-mail address in ASCII"),
            Self::TooMany { most } => write!(f, "is one of more than {most}"),
        }
    }
}

impl fmt::Display for Found {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Nothing => f.write_str("did not arrive"),
            Self::NoValue => f.write_str("arrived without a value"),
            Self::OtherFormat { format: None } => f.write_str("has no Format"),
            Self::OtherFormat { format: Some(format) } => write!(f, "has the Format {format:?}"),
            Self::Values { values } => write!(f, "{values} value(s)"),
        }
    }
}

impl fmt::Display for Arrived {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} ({} value(s)", self.name, self.values)?;
        if self.without_text > 0 {
            write!(f, ", {} of them nil or elements", self.without_text)?;
        }
        f.write_str(")")
    }
}

impl fmt::Display for MappingNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::GroupsOverage => f.write_str("Entra ID sent a link in place of the groups: the user is in too many"),
            Self::IdentifierMayBeReassigned => {
                f.write_str("the identifier may be given to another person in time: use one that never is")
            }
            Self::NotListed { attributes } => write!(f, "{attributes} more attribute(s) arrived"),
        }
    }
}

pub(super) fn shortened(text: &str) -> String {
    text.chars().take(MOST_CHARACTERS).collect()
}
