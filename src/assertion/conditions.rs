//! saml:Conditions (SAML Core 2.5).

use chrono::{DateTime, Utc};

use super::read_instant;
use crate::error::{Deviations, Rejection, Schema};
use crate::names::SAML;
use crate::xml::{Cursor, Node, trim};

/// The conditions of an assertion.
pub(crate) struct Conditions<'d> {
    pub(crate) not_before: Option<DateTime<Utc>>,
    pub(crate) not_on_or_after: Option<DateTime<Utc>>,
    /// One entry a restriction, each with its audiences: all restrictions have to be met, each by one audience.
    pub(crate) audience_restrictions: Vec<Vec<&'d str>>,
    /// A condition that this crate does not know.
    pub(crate) unknown: Option<Node<'d>>,
}

impl<'d> Conditions<'d> {
    /// # Errors
    /// `schema.*`.
    pub(super) fn read(node: Node<'d>, deviations: &mut Deviations) -> Result<Self, Rejection> {
        let mut cursor = Cursor::new(node)?;
        let not_before = read_instant(&mut cursor, "NotBefore", deviations)?;
        let not_on_or_after = read_instant(&mut cursor, "NotOnOrAfter", deviations)?;
        let mut conditions = Self { not_before, not_on_or_after, audience_restrictions: Vec::new(), unknown: None };
        let (mut one_time_use, mut proxy_restriction) = (false, false);
        while let Some(child) = cursor.take_any() {
            match (child.namespace(), child.local_name()) {
                (SAML, "AudienceRestriction") => conditions.audience_restrictions.push(read_audiences(child)?),
                // Every assertion is used once here, and never passed on to others.
                (SAML, "OneTimeUse") => at_most_once(child, &mut one_time_use)?,
                (SAML, "ProxyRestriction") => at_most_once(child, &mut proxy_restriction)?,
                _ => conditions.unknown = Some(child),
            }
        }
        cursor.finish()?;
        Ok(conditions)
    }
}

fn read_audiences(node: Node<'_>) -> Result<Vec<&str>, Rejection> {
    let mut cursor = Cursor::new(node)?;
    let mut audiences = Vec::with_capacity(1);
    while let Some(audience) = cursor.take(SAML, "Audience") {
        audiences.push(trim(Cursor::of_text(audience)?.1));
    }
    cursor.finish()?;
    Ok(audiences)
}

/// SAML Core 2.5.1.5 and 2.5.1.6: no more than one.
fn at_most_once(node: Node<'_>, seen: &mut bool) -> Result<(), Rejection> {
    if std::mem::replace(seen, true) {
        return Err(Rejection::new(Schema::Cardinality).at(node.place()).finding(node.qualified_name()));
    }
    Ok(())
}
