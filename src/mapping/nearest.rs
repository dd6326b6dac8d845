//! Which of the attributes that arrived was probably meant.

use std::fmt;

use super::report::shortened;
use super::source::Source;
use super::vocabulary;
use crate::assertion::Attribute;

/// Names that are longer are not compared letter by letter.
const MOST_COMPARED: usize = 64;
/// The most letters that a misspelled name may differ by.
const MOST_EDITS: usize = 2;
/// Shorter names differ by two letters all the time.
const LEAST_COMPARED: usize = 4;

/// An attribute that arrived and looks like one that was looked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Nearest {
    name: String,
    likeness: Likeness,
}

/// What two names have in common, the most telling first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Likeness {
    /// The same Name in another NameFormat.
    NameFormat,
    /// The same but for upper and lower case, and white space around it.
    Case,
    /// What was looked for is the FriendlyName.
    FriendlyName,
    /// The same but for the part in front of the last `/`, `:`, `.` or `#`, and for `_` and `-`.
    ShortName,
    /// Another name for the same thing, in another vocabulary.
    Meaning,
    /// One or two letters differ.
    Spelling,
}

impl Nearest {
    /// The Name of the attribute that arrived, or the first 200 characters of it.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// In what it is like what was looked for.
    #[must_use]
    pub fn likeness(&self) -> Likeness {
        self.likeness
    }
}

impl fmt::Display for Nearest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let why = match self.likeness {
            Likeness::NameFormat => "in another NameFormat",
            Likeness::Case => "differs in upper and lower case or white space",
            Likeness::FriendlyName => "has what was looked for as its FriendlyName, which never counts",
            Likeness::ShortName => "differs in what stands in front, or in how words are joined",
            Likeness::Meaning => "another name for the same thing",
            Likeness::Spelling => "is spelled differently",
        };
        write!(f, "{:?} ({why})", self.name)
    }
}

/// The attribute that is most like one of the sources. Of equals the first.
pub(super) fn nearest<'s>(sources: impl Iterator<Item = &'s Source>, arrived: &[Attribute]) -> Option<Nearest> {
    let names = sources.filter_map(|source| match source {
        Source::Attribute { name, .. } => Some(name.as_str()),
        Source::NameId | Source::VouchedNameId => None,
    });
    let likenesses = names.flat_map(|name| {
        arrived.iter().filter_map(move |attribute| likeness(name, attribute).map(|likeness| (likeness, attribute)))
    });
    let (likeness, attribute) = likenesses.min_by_key(|(likeness, _)| *likeness)?;
    Some(Nearest { name: shortened(attribute.name()), likeness })
}

fn likeness(wanted: &str, attribute: &Attribute) -> Option<Likeness> {
    let name = attribute.name();
    let same = |text: &str| text.trim().eq_ignore_ascii_case(wanted.trim());
    if name == wanted {
        return Some(Likeness::NameFormat);
    }
    if same(name) {
        return Some(Likeness::Case);
    }
    if attribute.friendly_name().is_some_and(same) {
        return Some(Likeness::FriendlyName);
    }
    let (short, wanted_short) = (short_name(name), short_name(wanted));
    if short == wanted_short && !is_oid_arc(&short) {
        return Some(Likeness::ShortName);
    }
    if vocabulary::meaning(wanted).is_some_and(|meaning| vocabulary::meaning(name) == Some(meaning)) {
        return Some(Likeness::Meaning);
    }
    let compared = |text: &str| (LEAST_COMPARED..=MOST_COMPARED).contains(&text.len());
    let misspelled = compared(&short) && compared(&wanted_short) && edits(&short, &wanted_short) <= MOST_EDITS;
    misspelled.then_some(Likeness::Spelling)
}

/// What stands behind the last separator, in lower case and without what joins words.
pub(super) fn short_name(name: &str) -> String {
    let last = name.trim().rsplit(['/', ':', '.', '#']).next().unwrap_or_default();
    last.chars().filter(|c| !matches!(c, '_' | '-' | ' ')).map(|c| c.to_ascii_lowercase()).collect()
}

/// The last number of an OID says nothing without the others.
fn is_oid_arc(short: &str) -> bool {
    short.bytes().all(|octet| octet.is_ascii_digit())
}

/// The number of octets to insert, remove or replace (Levenshtein).
fn edits(left: &str, right: &str) -> usize {
    if left.len().abs_diff(right.len()) > MOST_EDITS {
        return usize::MAX;
    }
    let mut row: Vec<usize> = (0..=right.len()).collect();
    for (index, a) in left.bytes().enumerate() {
        let mut diagonal = index;
        let mut beside = index.saturating_add(1);
        if let Some(first) = row.first_mut() {
            *first = beside;
        }
        for (b, cell) in right.bytes().zip(row.iter_mut().skip(1)) {
            let replaced = diagonal.saturating_add(usize::from(a != b));
            diagonal = *cell;
            beside = replaced.min(cell.saturating_add(1)).min(beside.saturating_add(1));
            *cell = beside;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}
