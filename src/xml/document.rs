//! What holds for a document as a whole: its encoding, its line ends, its prolog, its IDs.

use std::collections::HashSet;

use super::chars;
use super::parse::{Builder, Profile};
use super::tag;
use super::tree::{Attribute, Document, Node};
use crate::error::{Limit, Place, Rejection, Signature, Xml};
use crate::limits::Limits;

/// The source and what is decoded from it are addressed together by 32 bits, and decoding makes
/// nothing longer.
const ADDRESSABLE: usize = 0x7FFF_0000;

impl Document {
    /// Reads octets: UTF-8, with at most one byte order mark, and declared as nothing else.
    ///
    /// # Errors
    /// Codes `xml.*`, `dsig.duplicate_id`.
    pub(crate) fn parse(octets: Vec<u8>, profile: Profile, limits: &Limits) -> Result<Self, Rejection> {
        if is_wide(&octets) {
            return Err(Rejection::new(Xml::Encoding).finding("UTF-16 or UTF-32"));
        }
        match String::from_utf8(octets) {
            Ok(text) => Self::parse_text(text, profile, limits, DeclaredEncoding::Honoured),
            Err(error) => Err(Rejection::new(Xml::Encoding)
                .finding(format!("invalid UTF-8 at byte {}", error.utf8_error().valid_up_to()))),
        }
    }

    /// Reads characters that have been decoded already: a declared encoding says how the text once
    /// was stored and is ignored.
    ///
    /// # Errors
    /// As [`Document::parse`].
    pub(crate) fn parse_pasted(text: &str, profile: Profile, limits: &Limits) -> Result<Self, Rejection> {
        let text = text.trim_start_matches('\u{feff}').trim_matches(chars::WHITE_SPACE);
        Self::parse_text(text.to_owned(), profile, limits, DeclaredEncoding::Ignored)
    }

    fn parse_text(
        text: String,
        profile: Profile,
        limits: &Limits,
        encoding: DeclaredEncoding,
    ) -> Result<Self, Rejection> {
        let most = limits.bytes().min(ADDRESSABLE);
        if text.len() > most {
            return Err(Rejection::new(Limit::Size)
                .expecting(format!("at most {most} bytes"))
                .finding(format!("{} bytes", text.len())));
        }
        let source = legal_characters(text)?;
        let start = prolog_start(&source, encoding)?;
        let tree = Builder::new(&source, profile, limits).read(start)?;
        let document = Self { tree, source };
        refuse_duplicate_ids(&document)?;
        Ok(document)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum DeclaredEncoding {
    Honoured,
    Ignored,
}

/// Whether this is UTF-16 or UTF-32 without a byte order mark: as UTF-8 that is valid, and full of NULs.
fn is_wide(octets: &[u8]) -> bool {
    matches!(octets, [b'<', 0, ..] | [0, b'<', 0, ..] | [0, 0, 0, b'<', ..])
}

/// XML 1.0 §2.2 and §2.11: line ends are normalized before parsing, so that a literal CR never reaches the tree and
/// `&#13;` does.
fn legal_characters(text: String) -> Result<String, Rejection> {
    if chars::is_plain(&text) {
        return Ok(text);
    }
    let source = text.replace("\r\n", "\n").replace('\r', "\n");
    match chars::first_illegal(&source) {
        Some(at) => Err(Rejection::new(Xml::InvalidChar).at(Place::in_source(&source, at, []))),
        None => Ok(source),
    }
}

/// Checks byte order mark and XML declaration and says where the rest begins.
fn prolog_start(source: &str, encoding: DeclaredEncoding) -> Result<usize, Rejection> {
    let text = source.strip_prefix('\u{feff}').unwrap_or(source);
    let refuse =
        |reason: Xml, rest: &str| Err(Rejection::new(reason).at(Place::in_source(source, offset(source, rest), [])));
    let rest = match text.strip_prefix("<?xml").filter(|rest| rest.starts_with(chars::WHITE_SPACE)) {
        None => text,
        Some(rest) => {
            let Some((declaration, rest)) = rest.split_once("?>") else { return refuse(Xml::XmlDecl, text) };
            let Some(declaration) = tag::read_declaration(declaration) else { return refuse(Xml::XmlDecl, text) };
            let is_utf8 = declaration.encoding.is_none_or(|name| name.eq_ignore_ascii_case("utf-8"));
            if encoding == DeclaredEncoding::Honoured && !is_utf8 {
                return refuse(Xml::Encoding, text);
            }
            rest
        }
    };
    // A second byte order mark is a character, and none may stand here.
    if rest.starts_with('\u{feff}') { refuse(Xml::NotWellFormed, rest) } else { Ok(offset(source, rest)) }
}

/// Where the rest of a source begins.
fn offset(source: &str, rest: &str) -> usize {
    source.len().saturating_sub(rest.len())
}

/// ID values may occur once, whatever spelling of "ID" carries them: nothing here looks an element
/// up by ID, but the host's other software may.
fn refuse_duplicate_ids(document: &Document) -> Result<(), Rejection> {
    let mut ids: Vec<_> = document.ids().collect();
    ids.sort_unstable();
    let twice = ids.windows(2).find_map(|pair| pair.first().filter(|first| Some(*first) == pair.get(1)));
    let Some(id) = twice else { return Ok(()) };
    let has_it = |node: &Node<'_>| node.attributes().any(|attribute| attribute.id() == Some(*id));
    let second = document.root().subtree().filter(has_it).last();
    Err(Rejection::new(Signature::DuplicateId).at(second.unwrap_or(document.root()).place()))
}

impl Document {
    /// Whether an ID of this document occurs in the other, as if they were one.
    pub(crate) fn shares_an_id_with(&self, other: &Document) -> bool {
        let ours: HashSet<&str> = self.ids().collect();
        other.ids().any(|id| ours.contains(id))
    }

    /// The values of everything that may be an ID, in the order of the document.
    fn ids(&self) -> impl Iterator<Item = &str> {
        self.attributes().filter_map(|attribute| attribute.id())
    }
}

impl<'d> Attribute<'d> {
    /// The value, if this may be an ID.
    fn id(&self) -> Option<&'d str> {
        let local = self.local_name();
        let is_id = local.eq_ignore_ascii_case("id") || local == "AssertionID";
        is_id.then(|| chars::trim(self.value()))
    }
}
