//! The inside of tags and of the XML declaration, read to the letter of the grammar.

use super::chars::{self, WHITE_SPACE};
use crate::error::{Limit, Reason, Xml};

/// An attribute as written.
#[derive(Clone, Copy)]
pub(super) struct RawAttribute<'s> {
    pub(super) name: &'s str,
    pub(super) value: &'s str,
}

/// What follows the name in a start tag: `(S Name Eq AttValue)* S?` (XML 1.0 §3.1).
pub(super) fn read_attributes(mut rest: &str, most: usize) -> Result<Vec<RawAttribute<'_>>, Reason> {
    let mut attributes = Vec::new();
    loop {
        let trimmed = rest.trim_start_matches(WHITE_SPACE);
        if trimmed.is_empty() {
            return Ok(attributes);
        }
        if trimmed.len() == rest.len() {
            return Err(Xml::NotWellFormed.into());
        }
        let (attribute, after) = read_attribute(trimmed).ok_or(Xml::NotWellFormed)?;
        if attribute.value.contains('<') {
            return Err(Xml::NotWellFormed.into());
        }
        if attributes.len() >= most {
            return Err(Limit::Attributes.into());
        }
        attributes.push(attribute);
        rest = after;
    }
}

fn read_attribute(text: &str) -> Option<(RawAttribute<'_>, &str)> {
    let (name, after) = text.split_once('=')?;
    let after = after.trim_start_matches(WHITE_SPACE);
    let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
    let (value, rest) = after.get(1..)?.split_once(quote)?;
    Some((RawAttribute { name: name.trim_end_matches(WHITE_SPACE), value }, rest))
}

/// The pseudo-attributes of an XML declaration (XML 1.0 §2.8): version 1.0, then optionally
/// encoding, then optionally standalone. Gives the encoding; `None` is a malformed declaration.
pub(super) fn read_declaration(text: &str) -> Option<Option<&str>> {
    let attributes = read_attributes(text, 3).ok()?;
    let mut next = attributes.iter().peekable();
    next.next().filter(|attribute| attribute.name == "version" && attribute.value == "1.0")?;
    let encoding = next.next_if(|attribute| attribute.name == "encoding").map(|attribute| attribute.value);
    if let Some(standalone) = next.next_if(|attribute| attribute.name == "standalone") {
        Some(standalone).filter(|attribute| matches!(attribute.value, "yes" | "no"))?;
    }
    let well_named = encoding.is_none_or(|name| name.starts_with(|c: char| c.is_ascii_alphabetic()));
    (next.next().is_none() && well_named).then_some(encoding)
}

/// What stands between `&` and `;` (XML 1.0 §4.1): a character reference or one of the five
/// predefined entities; without a DTD there are no others.
pub(super) fn resolve_reference(name: &str) -> Result<char, Xml> {
    let Some(number) = name.strip_prefix('#') else {
        return match name {
            "amp" => Ok('&'),
            "lt" => Ok('<'),
            "gt" => Ok('>'),
            "quot" => Ok('"'),
            "apos" => Ok('\''),
            _ => Err(Xml::EntityRef),
        };
    };
    let (digits, radix) = number.strip_prefix('x').map_or((number, 10), |digits| (digits, 16));
    // from_str_radix would also take a sign.
    if digits.is_empty() || !digits.chars().all(|c| c.is_digit(radix)) {
        return Err(Xml::CharRef);
    }
    let code = u32::from_str_radix(digits, radix).map_err(|_| Xml::CharRef)?;
    char::from_u32(code).filter(|c| chars::is_char(*c)).ok_or(Xml::CharRef)
}
