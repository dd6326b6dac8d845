//! What messages and assertions have in common: version, ID, instants, issuer.

use chrono::{DateTime, Utc};

use crate::error::{Deviation, Deviations, Profile, Rejection, Schema};
use crate::time::{Zone, parse_date_time};
use crate::xml::{Cursor, Node, is_ncname, trim};

/// Longest ID; random ones have about 40 characters.
const MOST_ID: usize = 256;

/// SAML Core 2.3.3, 3.2.1: Version is "2.0".
///
/// # Errors
/// `schema.version`.
pub(crate) fn require_version(cursor: &mut Cursor<'_>) -> Result<(), Rejection> {
    match cursor.attribute("Version") {
        Some("2.0") => Ok(()),
        other => Err(Rejection::new(Schema::Version)
            .at(cursor.element().place())
            .expecting("2.0")
            .finding(other.unwrap_or("no Version"))),
    }
}

/// The ID of the element (SAML Core 1.3.4). An xs:ID is an NCName; identity providers that begin
/// one with a digit exist, and nothing here depends on it.
///
/// # Errors
/// `schema.missing`, `schema.value`.
pub(crate) fn read_id<'d>(cursor: &mut Cursor<'d>, deviations: &mut Deviations) -> Result<&'d str, Rejection> {
    let id = cursor.required_attribute("ID")?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-' | '.' | ':');
    if id.is_empty() || id.len() > MOST_ID || !(is_ncname(id) || id.chars().all(is_plain)) {
        return Err(Rejection::new(Schema::Value).at(cursor.element().place()).expecting("an ID").finding(id));
    }
    if !is_ncname(id) {
        deviations.note(Deviation::IdNotNcName);
    }
    Ok(id)
}

/// An optional attribute of type xs:dateTime (SAML Core 1.3.3).
///
/// # Errors
/// `schema.date_time`.
pub(crate) fn read_instant(
    cursor: &mut Cursor<'_>,
    name: &'static str,
    deviations: &mut Deviations,
) -> Result<Option<DateTime<Utc>>, Rejection> {
    let Some(text) = cursor.attribute(name) else { return Ok(None) };
    let Some((instant, zone)) = parse_date_time(text) else {
        return Err(Rejection::new(Schema::DateTime)
            .at(cursor.element().place())
            .expecting(format!("{name} in UTC"))
            .finding(text));
    };
    if zone == Zone::Offset {
        deviations.note(Deviation::TimeZoneOffset);
    }
    Ok(Some(instant))
}

/// saml:Issuer: an entityID and no other kind of name (SAML Profiles 4.1.4.2, SAML Core 8.3.6).
/// XML white space around it is left out.
///
/// # Errors
/// `profile.issuer`, `schema.text`, `schema.attribute`.
pub(crate) fn read_issuer(node: Node<'_>) -> Result<&str, Rejection> {
    const ENTITY: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
    let (mut cursor, text) = Cursor::of_text(node)?;
    let format = cursor.attribute("Format");
    let qualified = ["NameQualifier", "SPNameQualifier", "SPProvidedID"].map(|name| cursor.attribute(name).is_some());
    cursor.finish()?;
    if format.is_some_and(|format| format != ENTITY) || qualified.contains(&true) {
        return Err(Rejection::new(Profile::Issuer)
            .at(node.place())
            .expecting("an entityID without qualifiers")
            .finding(format.unwrap_or("a qualifier")));
    }
    Ok(trim(text))
}
