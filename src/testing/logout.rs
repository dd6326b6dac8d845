//! Logout messages of an identity provider.

use chrono::{DateTime, TimeDelta, Utc};

use super::idp::escape;
use super::{Encryption, FakeIdp, TestingError, form_value, sign_template, signature_template};
use crate::assertion::NameId;
use crate::binding::{Parameter, redirect};
use crate::browser::random_hex;
use crate::login::Send;
use crate::names::{SAML, SAMLP};
use crate::time::format_date_time;
use crate::xml::Writer;

/// A logout request or response in the making; see [`FakeIdp::logout_request`].
///
/// ```
/// use saml_sp::NameId;
/// use saml_sp::testing::FakeIdp;
/// let idp = FakeIdp::rsa("https://idp.example.com/")?;
/// let request = idp.logout_request("https://app.example.com/saml/sls/", &NameId::new("alice"), chrono::Utc::now());
/// assert!(request.session_index("_1").query(Some("state"))?.contains("&Signature="));
/// # Ok::<_, saml_sp::testing::TestingError>(())
/// ```
#[derive(Clone, Debug)]
#[must_use]
pub struct FakeLogout<'i> {
    idp: &'i FakeIdp,
    parameter: Parameter,
    id: String,
    now: DateTime<Utc>,
    /// Attributes beyond ID, Version and IssueInstant.
    attributes: Vec<(&'static str, String)>,
    content: String,
    signed: Signed,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Signed {
    Yes,
    No,
}

impl FakeIdp {
    /// A LogoutRequest to the single logout service at that URL, about a user.
    pub fn logout_request(&self, sls_url: &str, name_id: &NameId, now: DateTime<Utc>) -> FakeLogout<'_> {
        let mut xml = Writer::new();
        name_id.write(&mut xml);
        let until = format_date_time(now.checked_add_signed(TimeDelta::minutes(5)).unwrap_or(now));
        let attributes = vec![("NotOnOrAfter", until)];
        self.logout(Parameter::Request, sls_url, attributes, xml.finish(), now)
    }

    /// A LogoutResponse with the status Success to the request of that ID.
    pub fn logout_response(&self, sls_url: &str, in_response_to: &str, now: DateTime<Utc>) -> FakeLogout<'_> {
        let attributes = vec![("InResponseTo", in_response_to.to_owned())];
        self.logout(Parameter::Response, sls_url, attributes, String::new(), now).status(&["Success"])
    }

    fn logout(
        &self,
        parameter: Parameter,
        sls_url: &str,
        mut attributes: Vec<(&'static str, String)>,
        content: String,
        now: DateTime<Utc>,
    ) -> FakeLogout<'_> {
        attributes.push(("Destination", sls_url.to_owned()));
        let id = random_hex().map_or_else(|_| "_logout".to_owned(), |hex| format!("_{hex}"));
        FakeLogout { idp: self, parameter, id, now, attributes, content, signed: Signed::Yes }
    }

    /// The XML of a message that a service provider sends, over whichever binding.
    ///
    /// # Errors
    /// [`TestingError::Request`] when there is none.
    pub fn received(&self, send: &Send) -> Result<String, TestingError> {
        let octets = super::answer::message(send).ok_or(TestingError::Request)?;
        String::from_utf8(octets).map_err(|_| TestingError::Request)
    }

    /// The query that carries XML over HTTP-Redirect, signed.
    ///
    /// # Errors
    /// [`TestingError::Signing`].
    pub fn query(&self, parameter: Parameter, xml: &str, relay_state: Option<&str>) -> Result<String, TestingError> {
        let url = redirect::url("", parameter, xml, relay_state, Some(&self.key))?;
        Ok(url.trim_start_matches('?').to_owned())
    }
}

impl FakeLogout<'_> {
    /// Gives it a certain ID.
    pub fn id(mut self, id: &str) -> Self {
        self.id = id.to_owned();
        self
    }

    /// Names a session, in a request; may be repeated.
    pub fn session_index(mut self, index: &str) -> Self {
        self.content.push_str(&format!("<samlp:SessionIndex>{}</samlp:SessionIndex>", escape(index)));
        self
    }

    /// Encrypts the name of a request for the holder of a certificate, before any session is named.
    ///
    /// # Errors
    /// [`TestingError::Encryption`].
    pub fn encrypted(mut self, encryption: &Encryption, certificate_pem: &str) -> Result<Self, TestingError> {
        let name = self.content.replacen("<saml:NameID", &format!("<saml:NameID xmlns:saml=\"{SAML}\""), 1);
        self.content = encryption.wrapped("EncryptedID", name, certificate_pem)?;
        Ok(self)
    }

    /// Gives a response a status: the last parts of the codes' names, the outer first.
    pub fn status(mut self, codes: &[&str]) -> Self {
        let code = |inner: String, name: &&str| {
            format!("<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:{name}\">{inner}</samlp:StatusCode>")
        };
        let codes = codes.iter().rev().fold(String::new(), code);
        self.content = format!("<samlp:Status>{codes}</samlp:Status>");
        self
    }

    /// Sets an attribute of the message, or takes it away.
    pub fn attribute(mut self, name: &'static str, value: Option<&str>) -> Self {
        self.attributes.retain(|(known, _)| *known != name);
        self.attributes.extend(value.map(|value| (name, value.to_owned())));
        self
    }

    /// Leaves it unsigned, over either binding.
    pub fn unsigned(mut self) -> Self {
        self.signed = Signed::No;
        self
    }

    /// The XML for HTTP-POST, signed in place.
    ///
    /// # Errors
    /// [`TestingError`] if a value can't stand in XML.
    pub fn xml(&self) -> Result<String, TestingError> {
        sign_template(&self.template(), &self.idp.key)
    }

    /// The form value of HTTP-POST.
    ///
    /// # Errors
    /// As [`FakeLogout::xml`].
    pub fn form_value(&self) -> Result<String, TestingError> {
        self.xml().map(|xml| form_value(&xml))
    }

    /// The query of HTTP-Redirect, signed.
    ///
    /// # Errors
    /// As [`FakeIdp::query`].
    pub fn query(&self, relay_state: Option<&str>) -> Result<String, TestingError> {
        let signed = self.idp.query(self.parameter, &self.with_signature(""), relay_state)?;
        Ok(match self.signed {
            Signed::Yes => signed,
            Signed::No => signed.split("&SigAlg=").next().unwrap_or_default().to_owned(),
        })
    }

    /// The XML for HTTP-POST before it is signed, to be altered and given to [`sign_template`].
    #[must_use]
    pub fn template(&self) -> String {
        match self.signed {
            Signed::Yes => self.with_signature(&signature_template(&self.id, &self.idp.key)),
            Signed::No => self.with_signature(""),
        }
    }

    fn with_signature(&self, signature: &str) -> String {
        let name = match self.parameter {
            Parameter::Request => "LogoutRequest",
            Parameter::Response => "LogoutResponse",
        };
        let attribute = |(name, value): &(&str, String)| format!(" {name}=\"{}\"", escape(value));
        format!(
            "<samlp:{name} xmlns:samlp=\"{SAMLP}\" xmlns:saml=\"{SAML}\" ID=\"{id}\" Version=\"2.0\" \
             IssueInstant=\"{now}\"{attributes}><saml:Issuer>{issuer}</saml:Issuer>{signature}{content}</samlp:{name}>",
            id = escape(&self.id),
            now = format_date_time(self.now),
            attributes = self.attributes.iter().map(attribute).collect::<String>(),
            issuer = escape(&self.idp.entity_id),
            content = self.content,
        )
    }
}
