//! The inside of tags, references and the XML declaration, read to the letter of the grammar.

use super::chars::{self, WHITE_SPACE};
use crate::error::Xml;

/// The name of a tag or attribute as written.
#[derive(Clone, Copy)]
pub(super) struct Name<'s> {
    pub(super) text: &'s str,
    /// The length of the prefix, 0 for none, if this is a qualified name.
    pub(super) prefix: Option<usize>,
}

/// An attribute as written.
#[derive(Clone, Copy)]
pub(super) struct RawAttribute<'s> {
    pub(super) name: Name<'s>,
    pub(super) value: &'s str,
    /// The prefix that this declares (empty for the default namespace), if it is a declaration.
    pub(super) declares: Option<&'s str>,
    /// Whether the value is to be taken as written: no references, nothing to normalise.
    pub(super) plain: bool,
    /// Whether the whole of it, with the white space before, is spelled as Canonical XML spells it.
    pub(super) canonical: bool,
}

impl<'s> Name<'s> {
    /// What stands before the first such byte, which is ASCII, and the rest. It need not be a name.
    #[inline(always)]
    pub(super) fn read(text: &'s str, is_end: impl Fn(u8) -> bool) -> (Self, &'s str) {
        let (length, prefix) = chars::leading_qname(text, is_end);
        let (name, rest) = text.split_at_checked(length).unwrap_or((text, ""));
        (Self { text: name, prefix }, rest)
    }

    /// Without white space at its end.
    fn trimmed(self) -> Self {
        let text = self.text.trim_end_matches(WHITE_SPACE);
        if text.len() == self.text.len() { self } else { Self { text, prefix: chars::split_qname(text) } }
    }
}

/// Reads what follows the name in a start tag: `(S Name Eq AttValue)* S?` (XML 1.0 §3.1).
pub(super) struct Attributes<'s> {
    rest: &'s str,
}

impl<'s> Attributes<'s> {
    pub(super) fn new(rest: &'s str) -> Self {
        Self { rest }
    }

    /// The next attribute; its name is not checked yet.
    #[inline]
    pub(super) fn next(&mut self) -> Result<Option<RawAttribute<'s>>, Xml> {
        let trimmed = self.rest.trim_start_matches(WHITE_SPACE);
        if trimmed.is_empty() {
            return Ok(None);
        }
        if trimmed.len() == self.rest.len() {
            return Err(Xml::NotWellFormed);
        }
        let (mut attribute, rest) = read_attribute(trimmed).ok_or(Xml::NotWellFormed)?;
        // One blank before, and nothing but the equals sign and the quotes inside.
        attribute.canonical &= self.rest.strip_prefix(' ') == Some(trimmed)
            && trimmed.len().saturating_sub(rest.len())
                == attribute.name.text.len().saturating_add(attribute.value.len()).saturating_add(3);
        self.rest = rest;
        Ok(Some(attribute))
    }
}

#[inline]
fn read_attribute(text: &str) -> Option<(RawAttribute<'_>, &str)> {
    let (name, after) = Name::read(text, |byte| byte == b'=');
    let after = after.strip_prefix('=')?.trim_start_matches(WHITE_SPACE);
    let quote = *after.as_bytes().first().filter(|quote| matches!(quote, b'"' | b'\''))?;
    let after = after.get(1..)?;
    let first = chars::find_any(after.as_bytes(), [quote, b'&', b'<', b'\t', b'\n'])?;
    let plain = after.as_bytes().get(first) == Some(&quote);
    let (value, rest) = match plain {
        true => (after.get(..first)?, after.get(first.saturating_add(1)..)?),
        false => chars::split_once(after, quote)?,
    };
    let name = name.trimmed();
    let canonical = plain && quote == b'"';
    let declares = declared_prefix(name.text);
    (plain || !value.contains('<')).then_some((RawAttribute { name, value, declares, plain, canonical }, rest))
}

fn declared_prefix(name: &str) -> Option<&str> {
    match name.strip_prefix("xmlns")? {
        "" => Some(""),
        prefixed => prefixed.strip_prefix(':'),
    }
}

/// What an XML declaration says of the encoding; [`read_declaration`] has checked the rest.
pub(super) struct XmlDeclaration<'s> {
    pub(super) encoding: Option<&'s str>,
}

/// The pseudo-attributes of an XML declaration (XML 1.0 §2.8): version 1.0, then optionally
/// encoding, then optionally standalone.
pub(super) fn read_declaration(text: &str) -> Option<XmlDeclaration<'_>> {
    let mut attributes = Attributes::new(text);
    attributes.next().ok()?.filter(|attribute| attribute.name.text == "version" && attribute.value == "1.0")?;
    let mut next = attributes.next().ok()?;
    let mut encoding = None;
    if let Some(attribute) = next.filter(|attribute| attribute.name.text == "encoding") {
        encoding = Some(attribute.value).filter(|name| is_encoding_name(name));
        encoding?;
        next = attributes.next().ok()?;
    }
    if let Some(attribute) = next {
        let standalone = attribute.name.text == "standalone" && matches!(attribute.value, "yes" | "no");
        if !standalone || attributes.next().ok()?.is_some() {
            return None;
        }
    }
    Some(XmlDeclaration { encoding })
}

/// XML 1.0 §4.3.3, production EncName.
fn is_encoding_name(name: &str) -> bool {
    name.starts_with(|c: char| c.is_ascii_alphabetic())
        && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-'))
}

/// Targets of processing instructions that XML 1.0 §2.6 reserves, and the one that has parsers load catalogs.
pub(super) fn is_reserved_target(target: &str) -> bool {
    let reserved = target.get(..3).is_some_and(|start| start.eq_ignore_ascii_case("xml"));
    reserved && !matches!(target, "xml-stylesheet" | "xml-model") || target == "oasis-xml-catalog"
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
