//! What a service provider says about itself besides its endpoints and keys.

use crate::xml::Writer;

/// Who operates a service provider (`md:Organization`, SAML Metadata 2.3.2.1).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrganizationInfo {
    language: String,
    name: String,
    display_name: String,
    url: String,
}

/// Somebody to ask (`md:ContactPerson`, SAML Metadata 2.3.2.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ContactPerson {
    kind: &'static str,
    company: Option<String>,
    given_name: Option<String>,
    surname: Option<String>,
    email: String,
}

/// An attribute that the service provider asks for (`md:RequestedAttribute`, SAML Metadata 2.4.4.2).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestedAttribute {
    name: String,
    name_format: Option<String>,
    friendly_name: Option<String>,
    need: Need,
}

/// Whether the service works without an attribute.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// It does.
    Optional,
    /// It does not (`isRequired`).
    Required,
}

impl OrganizationInfo {
    /// The name in use and for display are the same until [`with_display_name`](Self::with_display_name). The language
    /// is that of the texts, as in `xml:lang`: `en` for example.
    #[must_use]
    pub fn new(language: impl Into<String>, name: impl Into<String>, url: impl Into<String>) -> Self {
        let name = name.into();
        Self { language: language.into(), display_name: name.clone(), name, url: url.into() }
    }

    /// Replaces the name for display.
    #[must_use]
    pub fn with_display_name(mut self, name: impl Into<String>) -> Self {
        self.display_name = name.into();
        self
    }

    pub(super) fn write(&self, xml: &mut Writer) {
        xml.start("md:Organization");
        let texts = [
            ("md:OrganizationName", &self.name),
            ("md:OrganizationDisplayName", &self.display_name),
            ("md:OrganizationURL", &self.url),
        ];
        for (element, text) in texts {
            xml.start(element).attribute("xml:lang", &self.language).text(text).end();
        }
        xml.end();
    }
}

impl ContactPerson {
    /// For technical questions.
    #[must_use]
    pub fn technical(email: impl Into<String>) -> Self {
        Self::new("technical", email)
    }

    /// For questions of users.
    #[must_use]
    pub fn support(email: impl Into<String>) -> Self {
        Self::new("support", email)
    }

    /// For questions of administration.
    #[must_use]
    pub fn administrative(email: impl Into<String>) -> Self {
        Self::new("administrative", email)
    }

    fn new(kind: &'static str, email: impl Into<String>) -> Self {
        Self { kind, company: None, given_name: None, surname: None, email: email.into() }
    }

    /// Adds the company.
    #[must_use]
    pub fn with_company(mut self, company: impl Into<String>) -> Self {
        self.company = Some(company.into());
        self
    }

    /// Adds the name.
    #[must_use]
    pub fn with_name(mut self, given_name: impl Into<String>, surname: impl Into<String>) -> Self {
        (self.given_name, self.surname) = (Some(given_name.into()), Some(surname.into()));
        self
    }

    pub(super) fn write(&self, xml: &mut Writer) {
        xml.start("md:ContactPerson").attribute("contactType", self.kind);
        let names = [("md:Company", &self.company), ("md:GivenName", &self.given_name), ("md:SurName", &self.surname)];
        for (element, text) in names {
            if let Some(text) = text {
                xml.element(element, text);
            }
        }
        // The schema wants a URI, and identity providers show what they get.
        let address = self.email.strip_prefix("mailto:").unwrap_or(&self.email);
        xml.element("md:EmailAddress", &format!("mailto:{address}")).end();
    }
}

impl RequestedAttribute {
    /// An attribute of that Name.
    #[must_use]
    pub fn new(name: impl Into<String>, need: Need) -> Self {
        Self { name: name.into(), name_format: None, friendly_name: None, need }
    }

    /// Adds the NameFormat (SAML Core 8.2).
    #[must_use]
    pub fn with_name_format(mut self, format: impl Into<String>) -> Self {
        self.name_format = Some(format.into());
        self
    }

    /// Adds a name for people.
    #[must_use]
    pub fn with_friendly_name(mut self, name: impl Into<String>) -> Self {
        self.friendly_name = Some(name.into());
        self
    }

    pub(super) fn write(&self, xml: &mut Writer) {
        xml.start("md:RequestedAttribute").attribute("Name", &self.name);
        xml.attribute_if("NameFormat", self.name_format.as_deref());
        xml.attribute_if("FriendlyName", self.friendly_name.as_deref());
        xml.attribute_if("isRequired", (self.need == Need::Required).then_some("true")).end();
    }
}
