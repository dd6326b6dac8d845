//! SAML assertions (SAML Core 2), readable only from what a signature covers.

mod attributes;
mod common;
mod conditions;
mod statements;
mod subject;

pub use attributes::{Attribute, AttributeValue, Nested};
pub(crate) use common::{read_id, read_instant, read_issuer, require_version};
pub(crate) use conditions::Conditions;
pub use statements::AuthnStatement;
pub use subject::NameId;
pub(crate) use subject::{BEARER, Confirmation, Subject};

use chrono::{DateTime, Utc};

use crate::dsig::Signed;
use crate::error::{Deviations, Profile, Rejection};
use crate::names::SAML;
use crate::xml::Cursor;
use crate::xmlenc::Recipient;

/// An assertion that a signature covers, read to its last element.
pub(crate) struct Assertion<'d> {
    pub(crate) id: &'d str,
    pub(crate) issue_instant: Option<DateTime<Utc>>,
    pub(crate) issuer: &'d str,
    pub(crate) subject: Option<Subject<'d>>,
    pub(crate) conditions: Option<Conditions<'d>>,
    pub(crate) authn_statements: Vec<AuthnStatement>,
    pub(crate) attributes: Vec<Attribute>,
}

impl<'d> Assertion<'d> {
    /// Order and cardinality are those of the schema (SAML Core 2.3.3). Advice is not read.
    ///
    /// # Errors
    /// `schema.*`, and `profile.issuer` when there is no Issuer.
    pub(crate) fn read(
        signed: Signed<'d>,
        recipient: &Recipient<'_>,
        deviations: &mut Deviations,
    ) -> Result<Self, Rejection> {
        let element = signed.element();
        let mut cursor = Cursor::new(element)?;
        require_version(&mut cursor)?;
        let id = read_id(&mut cursor, deviations)?;
        let issue_instant = read_instant(&mut cursor, "IssueInstant", deviations)?;
        let issuer = cursor
            .take(SAML, "Issuer")
            .ok_or_else(|| Rejection::new(Profile::Issuer).at(element.place()).finding("no Issuer"))?;
        let issuer = read_issuer(issuer)?;
        cursor.take(crate::dsig::DS, "Signature");
        let subject =
            cursor.take(SAML, "Subject").map(|node| Subject::read(node, recipient, deviations)).transpose()?;
        let conditions = cursor.take(SAML, "Conditions").map(|node| Conditions::read(node, deviations)).transpose()?;
        cursor.take(SAML, "Advice");
        let mut assertion = Self {
            id,
            issue_instant,
            issuer,
            subject,
            conditions,
            authn_statements: Vec::new(),
            attributes: Vec::new(),
        };
        assertion.read_statements(&mut cursor, recipient, deviations)?;
        cursor.finish()?;
        Ok(assertion)
    }

    fn read_statements(
        &mut self,
        cursor: &mut Cursor<'d>,
        recipient: &Recipient<'_>,
        deviations: &mut Deviations,
    ) -> Result<(), Rejection> {
        let mut attribute_statements = Vec::new();
        loop {
            if let Some(node) = cursor.take(SAML, "AuthnStatement") {
                self.authn_statements.push(AuthnStatement::read(node, deviations)?);
            } else if let Some(node) = cursor.take(SAML, "AttributeStatement") {
                attribute_statements.push(node);
            } else {
                self.attributes = attributes::read(&attribute_statements, recipient, deviations)?;
                return Ok(());
            }
        }
    }
}
