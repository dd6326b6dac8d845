//! One function a field: the first source with a value decides.

use super::attribute_map::Extra;
use super::email::EmailAddress;
use super::identity::SubjectSource;
use super::report::{Field, FieldOutcome, FieldReport, Found, Tried, ValueFault};
use super::source::{Source, Value, Wanted, look};
use crate::error::{Mapping, Reason};
use crate::profile::Login;

/// The most characters of an identifier: as many as a persistent one may have (SAML Core 8.3.7).
const MOST_IDENTIFIER: usize = 256;
/// The most characters of a first or last name.
const MOST_PERSON_NAME: usize = 200;
/// The most characters of a value of an extra field.
const MOST_EXTRA: usize = 1000;
/// The most values of an extra field.
const MOST_EXTRA_VALUES: usize = 100;

/// What identifies the user.
pub(super) struct Identifier {
    pub(super) source: SubjectSource,
    pub(super) value: String,
}

/// The first source with a value, and every source up to it.
struct Looked<'l> {
    values: Vec<Value<'l>>,
    tried: Vec<Tried>,
}

impl<'l> Looked<'l> {
    fn at(sources: &[Source], login: &'l Login, wanted: Wanted) -> Self {
        let mut tried = Vec::with_capacity(sources.len());
        for source in sources {
            let (values, found) = look(source, login, wanted);
            tried.push(Tried { source: source.clone(), found });
            if !values.is_empty() {
                return Self { values, tried };
            }
        }
        Self { values: Vec::new(), tried }
    }

    /// The one value of a field that decides who the user is. Several are never an invitation to choose.
    fn the_value(&self) -> Result<&Value<'l>, FieldOutcome> {
        match self.values.as_slice() {
            [] => Err(FieldOutcome::Missing),
            [value] => Ok(value),
            _ => Err(FieldOutcome::Ambiguous),
        }
    }

    fn report<T>(self, field: Field, outcome: &Result<T, FieldOutcome>, login: &Login) -> FieldReport {
        let outcome = outcome.as_ref().err().cloned().unwrap_or(FieldOutcome::Mapped);
        FieldReport::new(field, self.tried, outcome, login)
    }
}

pub(super) fn identifier(sources: &[Source], login: &Login) -> (Result<Identifier, Reason>, FieldReport) {
    let looked = Looked::at(sources, login, Wanted::Identifier);
    let outcome = looked.the_value().and_then(|value| {
        check_text(value.text, MOST_IDENTIFIER, Joiners::Refused).map_err(FieldOutcome::Refused)?;
        Ok(Identifier { source: value.subject_source(), value: value.text.to_owned() })
    });
    let report = looked.report(Field::Identifier, &outcome, login);
    let is_unstable = || report.tried().iter().any(|tried| matches!(tried.found, Found::OtherFormat { .. }));
    let result = outcome.map_err(|outcome| match outcome {
        FieldOutcome::Ambiguous => Mapping::AmbiguousIdentifier.into(),
        FieldOutcome::Refused(_) => Mapping::UnusableIdentifier.into(),
        _ if is_unstable() => Mapping::UnstableNameId.into(),
        _ => Mapping::NoIdentifier.into(),
    });
    (result, report)
}

pub(super) fn email(sources: &[Source], login: &Login) -> (Result<EmailAddress, Reason>, FieldReport) {
    let looked = Looked::at(sources, login, Wanted::Email);
    let outcome = looked.the_value().and_then(|value| {
        EmailAddress::parse(value.text).map_err(|_| FieldOutcome::Refused(ValueFault::NotAnEmailAddress))
    });
    let report = looked.report(Field::Email, &outcome, login);
    let result = outcome.map_err(|outcome| match outcome {
        FieldOutcome::Ambiguous => Mapping::AmbiguousEmail.into(),
        FieldOutcome::Refused(_) => Mapping::UnusableEmail.into(),
        _ => Mapping::NoEmail.into(),
    });
    (result, report)
}

/// A name for people: directories may hold several, of which the first is shown. One that can't be shown is left out.
pub(super) fn person_name(field: Field, sources: &[Source], login: &Login) -> (Option<String>, FieldReport) {
    let looked = Looked::at(sources, login, Wanted::Text);
    let outcome = looked.values.first().ok_or(FieldOutcome::Missing).and_then(|value| {
        check_text(value.text, MOST_PERSON_NAME, Joiners::Allowed).map_err(FieldOutcome::LeftOut)?;
        Ok(value.text.to_owned())
    });
    let report = looked.report(field, &outcome, login);
    (outcome.ok(), report)
}

/// All values of an extra field but those that can't be used.
pub(super) fn extra(extra: &Extra, login: &Login) -> (Vec<String>, FieldReport) {
    let looked = Looked::at(&extra.sources, login, Wanted::Text);
    let mut outcome = if looked.values.is_empty() { Err(FieldOutcome::Missing) } else { Ok(()) };
    let mut kept = Vec::new();
    for value in &looked.values {
        let fault = check_text(value.text, MOST_EXTRA, Joiners::Allowed).err();
        let full = (kept.len() >= MOST_EXTRA_VALUES).then_some(ValueFault::TooMany { most: MOST_EXTRA_VALUES });
        match fault.or(full) {
            Some(fault) => outcome = Err(FieldOutcome::LeftOut(fault)),
            None => kept.push(value.text.to_owned()),
        }
    }
    let report = looked.report(Field::Extra(extra.name.clone()), &outcome, login);
    (kept, report)
}

/// Whether the characters that join letters without being seen may stand in a text: names in some scripts need them.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Joiners {
    Allowed,
    Refused,
}

fn check_text(text: &str, most: usize, joiners: Joiners) -> Result<(), ValueFault> {
    let is_joiner = |c: char| joiners == Joiners::Allowed && matches!(c, '\u{200C}' | '\u{200D}');
    if text.chars().nth(most).is_some() {
        Err(ValueFault::TooLong { most })
    } else if text.chars().any(|c| is_unseen(c) && !is_joiner(c)) {
        Err(ValueFault::Characters)
    } else if text.starts_with(char::is_whitespace) || text.ends_with(char::is_whitespace) {
        Err(ValueFault::OuterSpace)
    } else {
        Ok(())
    }
}

/// Control characters, and what Unicode has for joining, separating, marking and turning the direction of text unseen.
fn is_unseen(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{AD}' | '\u{34F}' | '\u{61C}' | '\u{115F}' | '\u{1160}' | '\u{17B4}' | '\u{17B5}'
            | '\u{180B}'..='\u{180F}' | '\u{200B}'..='\u{200F}' | '\u{2028}'..='\u{202E}' | '\u{2060}'..='\u{206F}'
            | '\u{3164}' | '\u{FE00}'..='\u{FE0F}' | '\u{FEFF}' | '\u{FFA0}' | '\u{FFF0}'..='\u{FFFB}'
            | '\u{E0000}'..='\u{E0FFF}')
}
