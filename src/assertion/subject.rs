//! saml:Subject (SAML Core 2.4).

use std::fmt;

use chrono::{DateTime, Utc};

use super::read_instant;
use crate::error::{Deviations, Rejection, Schema, Subject as Reason};
use crate::names::{SAML, SAMLP};
use crate::xml::{Cursor, Node, Writer, trim};
use crate::xmlenc::Recipient;

/// The confirmation method of the Web Browser SSO profile (SAML Profiles 3.3).
pub(crate) const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
/// Longest name identifier in bytes; persistent ones have 256 characters at most (SAML Core 8.3.7).
const MOST_NAME_ID: usize = 2048;

/// The subject of an assertion.
pub(crate) struct Subject<'d> {
    pub(crate) name_id: Option<NameId>,
    pub(crate) confirmations: Vec<Confirmation<'d>>,
}

/// saml:SubjectConfirmation with its data. An absent SubjectConfirmationData is all `None`.
pub(crate) struct Confirmation<'d> {
    pub(crate) node: Node<'d>,
    pub(crate) method: &'d str,
    pub(crate) recipient: Option<&'d str>,
    pub(crate) in_response_to: Option<&'d str>,
    pub(crate) not_before: Option<DateTime<Utc>>,
    pub(crate) not_on_or_after: Option<DateTime<Utc>>,
}

/// A name identifier with everything that makes it unique (SAML Core 2.2.2).
///
/// The value is as the identity provider sent it, to the last character. `Debug` hides it.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct NameId {
    value: String,
    format: Option<String>,
    name_qualifier: Option<String>,
    sp_name_qualifier: Option<String>,
    sp_provided_id: Option<String>,
}

impl<'d> Subject<'d> {
    /// # Errors
    /// `schema.*`, `enc.*`, `profile.name_id`.
    pub(super) fn read(
        node: Node<'d>,
        recipient: &Recipient<'_>,
        deviations: &mut Deviations,
    ) -> Result<Self, Rejection> {
        let mut cursor = Cursor::new(node)?;
        let name_id = match (cursor.take(SAML, "NameID"), cursor.take(SAML, "EncryptedID")) {
            (Some(node), None) => Some(NameId::read(node)?),
            (None, Some(node)) => Some(NameId::read(recipient.decrypt(node)?.element(SAML, "NameID")?)?),
            (None, None) => None,
            (Some(_), Some(node)) => return Err(Rejection::new(Schema::Cardinality).at(node.place())),
        };
        let mut confirmations = Vec::with_capacity(1);
        while let Some(node) = cursor.take(SAML, "SubjectConfirmation") {
            confirmations.push(Confirmation::read(node, deviations)?);
        }
        cursor.finish()?;
        Ok(Self { name_id, confirmations })
    }
}

impl<'d> Confirmation<'d> {
    fn read(node: Node<'d>, deviations: &mut Deviations) -> Result<Self, Rejection> {
        let mut cursor = Cursor::new(node)?;
        let method = cursor.attribute("Method").unwrap_or_default();
        // A name in here would be that of another party (SAML Core 2.4.1.1): never an identity.
        for name in ["BaseID", "NameID", "EncryptedID"] {
            cursor.take(SAML, name);
        }
        let data = cursor.take(SAML, "SubjectConfirmationData");
        cursor.finish()?;
        let mut confirmation =
            Self { node, method, recipient: None, in_response_to: None, not_before: None, not_on_or_after: None };
        if let Some(data) = data.filter(|_| method == BEARER) {
            confirmation.read_data(data, deviations)?;
        }
        Ok(confirmation)
    }

    /// The content of the data is open (SAML Core 2.4.1.2), but never SAML.
    fn read_data(&mut self, data: Node<'d>, deviations: &mut Deviations) -> Result<(), Rejection> {
        if let Some(child) = data.elements().find(|child| matches!(child.namespace(), SAML | SAMLP)) {
            return Err(Rejection::new(Schema::Element).at(child.place()).finding(child.qualified_name()));
        }
        let mut cursor = Cursor::new(data)?.ignoring_foreign_attributes();
        self.recipient = cursor.attribute("Recipient");
        self.in_response_to = cursor.attribute("InResponseTo");
        self.not_before = read_instant(&mut cursor, "NotBefore", deviations)?;
        self.not_on_or_after = read_instant(&mut cursor, "NotOnOrAfter", deviations)?;
        cursor.attribute("Address");
        while cursor.take_any().is_some() {}
        cursor.finish()
    }
}

impl NameId {
    /// # Errors
    /// `profile.name_id` for an empty or oversized one, `schema.*`.
    pub(crate) fn read(node: Node<'_>) -> Result<Self, Rejection> {
        let (mut cursor, value) = Cursor::of_text(node)?;
        let mut owned = |name| cursor.attribute(name).map(str::to_owned);
        let name_id = Self {
            value: value.to_owned(),
            format: owned("Format"),
            name_qualifier: owned("NameQualifier"),
            sp_name_qualifier: owned("SPNameQualifier"),
            sp_provided_id: owned("SPProvidedID"),
        };
        cursor.finish()?;
        if trim(value).is_empty() || value.len() > MOST_NAME_ID {
            let length = format!("{} bytes", value.len());
            return Err(Rejection::new(Reason::NameId)
                .at(node.place())
                .expecting(format!("1 to {MOST_NAME_ID} bytes"))
                .finding(length));
        }
        Ok(name_id)
    }

    /// A name identifier to send, such as a hint who is to be authenticated.
    #[must_use]
    pub fn new(value: impl Into<String>) -> Self {
        Self { value: value.into(), format: None, name_qualifier: None, sp_name_qualifier: None, sp_provided_id: None }
    }

    /// Names the format (SAML Core 8.3).
    #[must_use]
    pub fn with_format(mut self, format: impl Into<String>) -> Self {
        self.format = Some(format.into());
        self
    }

    /// Names the domains that qualify the value: the identity provider's and the service provider's.
    #[must_use]
    pub fn with_qualifiers(mut self, name_qualifier: Option<String>, sp_name_qualifier: Option<String>) -> Self {
        self.name_qualifier = name_qualifier;
        self.sp_name_qualifier = sp_name_qualifier;
        self
    }

    /// The parts as they were stored: NameQualifier, SPNameQualifier and SPProvidedID last.
    pub(crate) fn of_parts(value: String, format: Option<String>, rest: [Option<String>; 3]) -> Self {
        let [name_qualifier, sp_name_qualifier, sp_provided_id] = rest;
        Self { value, format, name_qualifier, sp_name_qualifier, sp_provided_id }
    }

    pub(crate) fn write(&self, xml: &mut Writer) {
        xml.start("saml:NameID");
        xml.attribute_if("NameQualifier", self.name_qualifier())
            .attribute_if("SPNameQualifier", self.sp_name_qualifier());
        xml.attribute_if("Format", self.format()).attribute_if("SPProvidedID", self.sp_provided_id());
        xml.text(&self.value).end();
    }

    /// The value, exactly as sent.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.value
    }

    /// The Format URI (SAML Core 8.3); absent means unspecified.
    #[must_use]
    pub fn format(&self) -> Option<&str> {
        self.format.as_deref()
    }

    /// The domain that qualifies the name, usually the identity provider.
    #[must_use]
    pub fn name_qualifier(&self) -> Option<&str> {
        self.name_qualifier.as_deref()
    }

    /// The service provider or affiliation that the name is for.
    #[must_use]
    pub fn sp_name_qualifier(&self) -> Option<&str> {
        self.sp_name_qualifier.as_deref()
    }

    /// The name that the service provider gave the subject.
    #[must_use]
    pub fn sp_provided_id(&self) -> Option<&str> {
        self.sp_provided_id.as_deref()
    }
}

impl fmt::Debug for NameId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NameId").field("format", &self.format).finish_non_exhaustive()
    }
}
