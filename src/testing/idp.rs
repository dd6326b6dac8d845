//! A well-behaved identity provider.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, TimeDelta, Utc};

use super::{Encryption, TestKey, TestingError, sign_template, signature_template};
use crate::browser::random_hex;
use crate::dsig::DS;
use crate::error::{ConfigError, KeyError};
use crate::keys::SigningKey;
use crate::metadata::IdentityProvider;
use crate::names::{SAML, SAMLP};
use crate::time::format_date_time;
use crate::xml::Writer;

/// Where the assertion goes; no value holds it, because values are escaped.
const ASSERTION: &str = "<assertion/>";
const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";

/// An identity provider that signs with a key everybody has.
#[derive(Clone, Debug)]
pub struct FakeIdp {
    pub(super) entity_id: String,
    pub(super) key: SigningKey,
}

/// Which parts of a response are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum SignedParts {
    /// None: every service provider has to refuse it.
    Nothing,
    /// The assertion.
    #[default]
    Assertion,
    /// The response.
    Response,
    /// The assertion, and then the response.
    Both,
}

/// How namespaces are spelled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Prefixes {
    /// `samlp:`, `saml:`, `ds:`.
    #[default]
    Usual,
    /// `saml2p:`, `saml2:`, `dsig:`.
    Alternate,
    /// None: `xmlns="..."` on every element whose namespace is another than its parent's.
    DefaultNamespace,
}

impl Prefixes {
    /// Every spelling.
    pub const ALL: [Self; 3] = [Self::Usual, Self::Alternate, Self::DefaultNamespace];

    /// Respells markup that uses the usual prefixes, and declares each of them on every outermost element of its namespace.
    #[must_use]
    pub fn apply(self, xml: &str) -> String {
        let renamed = match self {
            Self::Usual => return xml.to_owned(),
            Self::Alternate => ["saml2p", "saml2", "dsig"],
            Self::DefaultNamespace => [""; 3],
        };
        ["samlp", "saml", "ds"].iter().zip(renamed).fold(xml.to_owned(), |xml, (usual, new)| {
            let (prefix, declared) =
                if new.is_empty() { (String::new(), String::new()) } else { (format!("{new}:"), format!(":{new}")) };
            xml.replace(&format!("<{usual}:"), &format!("<{prefix}"))
                .replace(&format!("</{usual}:"), &format!("</{prefix}"))
                .replace(&format!(" xmlns:{usual}=\""), &format!(" xmlns{declared}=\""))
        })
    }
}

impl FakeIdp {
    /// One with an RSA key of 2048 bits ([`TestKey::Rsa`]).
    ///
    /// # Errors
    /// None, unless the crate itself is broken.
    pub fn rsa(entity_id: &str) -> Result<Self, KeyError> {
        Ok(Self::with_key(entity_id, TestKey::Rsa.signing_key()?))
    }

    /// One with an ECDSA key on P-256 ([`TestKey::P256`]).
    ///
    /// # Errors
    /// None, unless the crate itself is broken.
    pub fn p256(entity_id: &str) -> Result<Self, KeyError> {
        Ok(Self::with_key(entity_id, TestKey::P256.signing_key()?))
    }

    /// Somebody else with another RSA key ([`TestKey::OtherRsa`]), whatever it calls itself.
    ///
    /// # Errors
    /// None, unless the crate itself is broken.
    pub fn other_rsa(entity_id: &str) -> Result<Self, KeyError> {
        Ok(Self::with_key(entity_id, TestKey::OtherRsa.signing_key()?))
    }

    /// One with another key or algorithm. Give the key its certificate: metadata needs it.
    #[must_use]
    pub fn with_key(entity_id: &str, key: SigningKey) -> Self {
        Self { entity_id: entity_id.to_owned(), key }
    }

    /// The entityID.
    #[must_use]
    pub fn entity_id(&self) -> &str {
        &self.entity_id
    }

    /// The key that it signs with.
    #[must_use]
    pub fn key(&self) -> &SigningKey {
        &self.key
    }

    /// The certificate in PEM, for registration by hand. Empty if the key came without one.
    #[must_use]
    pub fn certificate_pem(&self) -> String {
        let Some(certificate) = self.key.certificate() else { return String::new() };
        format!("-----BEGIN CERTIFICATE-----\n{}\n-----END CERTIFICATE-----\n", certificate.to_base64())
    }

    /// The metadata: one EntityDescriptor with the certificate, single sign-on at `sso` and single logout at `slo`, both below the entityID and over both bindings.
    #[must_use]
    pub fn metadata(&self) -> String {
        let at = |service: &str, path: &str, binding: &str| {
            let location = escape(&format!("{}{path}", self.entity_id));
            format!(
                "<md:{service} Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:{binding}\" Location=\"{location}\"/>"
            )
        };
        let certificate = self.key.certificate().map_or(String::new(), |certificate| certificate.to_base64());
        format!(
            "<md:EntityDescriptor xmlns:md=\"{MD}\" entityID=\"{entity_id}\">\
             <md:IDPSSODescriptor protocolSupportEnumeration=\"{SAMLP}\"><md:KeyDescriptor use=\"signing\">\
             <ds:KeyInfo xmlns:ds=\"{DS}\"><ds:X509Data><ds:X509Certificate>{certificate}</ds:X509Certificate></ds:X509Data></ds:KeyInfo>\
             </md:KeyDescriptor>{slo}{sso}</md:IDPSSODescriptor></md:EntityDescriptor>",
            entity_id = escape(&self.entity_id),
            slo = ["HTTP-Redirect", "HTTP-POST"].map(|binding| at("SingleLogoutService", "slo", binding)).concat(),
            sso = ["HTTP-Redirect", "HTTP-POST"].map(|binding| at("SingleSignOnService", "sso", binding)).concat(),
        )
    }

    /// What a connection is made of: the same as by [`FakeIdp::metadata`], but over Redirect only.
    ///
    /// # Errors
    /// [`ConfigError`] when the entityID is no URL to put `sso` behind, or the key has no certificate.
    pub fn identity_provider(&self) -> Result<IdentityProvider, ConfigError> {
        IdentityProvider::builder(&self.entity_id, format!("{}sso", self.entity_id))
            .slo_url(format!("{}slo", self.entity_id))
            .certificate(self.certificate_pem())
            .build()
    }

    /// A response with one assertion about a user, for the service provider with that entityID at that endpoint.
    pub fn response(&self, sp_entity_id: &str, acs_url: &str, now: DateTime<Utc>) -> FakeResponse<'_> {
        FakeResponse {
            idp: self,
            audience: sp_entity_id.to_owned(),
            acs_url: acs_url.to_owned(),
            now,
            in_response_to: None,
            assertion_id: random_hex().map_or_else(|_| "_assertion".to_owned(), |hex| format!("_{hex}")),
            authn_instant: now,
            authn_context: "urn:oasis:names:tc:SAML:2.0:ac:classes:PasswordProtectedTransport".to_owned(),
            name_id: "user@example.com".to_owned(),
            attributes: Vec::new(),
            signed: SignedParts::default(),
            prefixes: Prefixes::default(),
            encrypted: None,
        }
    }
}

/// A response to be. Each method replaces one thing; nothing is checked.
#[derive(Clone, Debug)]
#[must_use]
pub struct FakeResponse<'i> {
    idp: &'i FakeIdp,
    audience: String,
    acs_url: String,
    now: DateTime<Utc>,
    in_response_to: Option<String>,
    assertion_id: String,
    authn_instant: DateTime<Utc>,
    authn_context: String,
    name_id: String,
    attributes: Vec<(String, Vec<String>)>,
    signed: SignedParts,
    prefixes: Prefixes,
    encrypted: Option<(Encryption, String)>,
}

impl FakeResponse<'_> {
    /// The request that it answers, in the response and in the confirmation. Unsolicited without.
    pub fn in_response_to(mut self, request: &str) -> Self {
        self.in_response_to = Some(request.to_owned());
        self
    }

    /// The ID of the assertion (random), which may be used once.
    pub fn assertion_id(mut self, id: &str) -> Self {
        id.clone_into(&mut self.assertion_id);
        self
    }

    /// When the user was authenticated (now).
    pub fn authn_instant(mut self, instant: DateTime<Utc>) -> Self {
        self.authn_instant = instant;
        self
    }

    /// The class of the authentication context (PasswordProtectedTransport).
    pub fn authn_context(mut self, class: &str) -> Self {
        class.clone_into(&mut self.authn_context);
        self
    }

    /// The user's name identifier, of format emailAddress (`user@example.com`).
    pub fn name_id(mut self, value: &str) -> Self {
        value.clone_into(&mut self.name_id);
        self
    }

    /// Adds an attribute.
    pub fn attribute(mut self, name: &str, values: &[&str]) -> Self {
        self.attributes.push((name.to_owned(), values.iter().map(|value| (*value).to_owned()).collect()));
        self
    }

    /// What is signed (the assertion).
    pub fn signed(mut self, parts: SignedParts) -> Self {
        self.signed = parts;
        self
    }

    /// How namespaces are spelled.
    pub fn prefixes(mut self, prefixes: Prefixes) -> Self {
        self.prefixes = prefixes;
        self
    }

    /// Encrypts the assertion, signed before if it is, for the holder of a certificate in PEM. [`FakeResponse::template`]
    /// stays as it is.
    pub fn encrypted(mut self, encryption: Encryption, certificate_pem: &str) -> Self {
        self.encrypted = Some((encryption, certificate_pem.to_owned()));
        self
    }

    /// The XML.
    ///
    /// # Errors
    /// [`TestingError`] if a value can't stand in XML, or the encryption is impossible.
    pub fn xml(&self) -> Result<String, TestingError> {
        let Some((encryption, certificate)) = &self.encrypted else {
            return sign_template(&self.template(), &self.idp.key);
        };
        let assertion = sign_template(&self.prefixes.apply(&self.assertion()), &self.idp.key)?;
        let sealed = encryption.wrapped("EncryptedAssertion", &assertion, certificate)?;
        sign_template(&self.around(&self.prefixes.apply(&sealed)), &self.idp.key)
    }

    /// The form value `SAMLResponse`.
    ///
    /// # Errors
    /// As [`FakeResponse::xml`].
    pub fn form_value(&self) -> Result<String, TestingError> {
        self.xml().map(|xml| form_value(&xml))
    }

    /// The XML before it is signed, to be altered and given to [`sign_template`].
    #[must_use]
    pub fn template(&self) -> String {
        self.around(&self.prefixes.apply(&self.assertion()))
    }

    fn around(&self, assertion: &str) -> String {
        let signature = self.signature("_response", &[SignedParts::Response, SignedParts::Both]);
        let response = format!(
            "<samlp:Response xmlns:samlp=\"{SAMLP}\" ID=\"_response\" Version=\"2.0\" IssueInstant=\"{now}\" \
             Destination=\"{acs}\"{in_response_to}>{issuer}{signature}\
             <samlp:Status><samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/></samlp:Status>\
             {ASSERTION}</samlp:Response>",
            now = format_date_time(self.now),
            acs = escape(&self.acs_url),
            in_response_to = self.answered(),
            issuer = format_args!("<saml:Issuer xmlns:saml=\"{SAML}\">{}</saml:Issuer>", escape(&self.idp.entity_id)),
        );
        self.prefixes.apply(&response).replace(ASSERTION, assertion)
    }

    fn assertion(&self) -> String {
        let id = &self.assertion_id;
        format!(
            "<saml:Assertion xmlns:saml=\"{SAML}\" ID=\"{id}\" Version=\"2.0\" IssueInstant=\"{now}\">\
             <saml:Issuer>{issuer}</saml:Issuer>{signature}{subject}{conditions}{authn}{attributes}</saml:Assertion>",
            now = format_date_time(self.now),
            issuer = escape(&self.idp.entity_id),
            signature = self.signature(id, &[SignedParts::Assertion, SignedParts::Both]),
            subject = self.subject(),
            conditions = self.conditions(),
            authn = self.authn_statement(),
            attributes = self.attribute_statement(),
        )
    }

    fn signature(&self, id: &str, where_signed: &[SignedParts]) -> String {
        if where_signed.contains(&self.signed) { signature_template(id, &self.idp.key) } else { String::new() }
    }

    fn subject(&self) -> String {
        format!(
            "<saml:Subject><saml:NameID Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\">{name_id}</saml:NameID>\
             <saml:SubjectConfirmation Method=\"urn:oasis:names:tc:SAML:2.0:cm:bearer\"><saml:SubjectConfirmationData \
             Recipient=\"{acs}\" NotOnOrAfter=\"{until}\"{in_response_to}/></saml:SubjectConfirmation></saml:Subject>",
            name_id = escape(&self.name_id),
            acs = escape(&self.acs_url),
            until = self.until(),
            in_response_to = self.answered(),
        )
    }

    fn conditions(&self) -> String {
        format!(
            "<saml:Conditions NotBefore=\"{now}\" NotOnOrAfter=\"{until}\"><saml:AudienceRestriction>\
             <saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction></saml:Conditions>",
            now = format_date_time(self.now),
            until = self.until(),
            audience = escape(&self.audience),
        )
    }

    fn authn_statement(&self) -> String {
        format!(
            "<saml:AuthnStatement AuthnInstant=\"{instant}\" SessionIndex=\"_session\"><saml:AuthnContext>\
             <saml:AuthnContextClassRef>{class}</saml:AuthnContextClassRef></saml:AuthnContext></saml:AuthnStatement>",
            instant = format_date_time(self.authn_instant),
            class = escape(&self.authn_context),
        )
    }

    fn attribute_statement(&self) -> String {
        let value = |value: &String| format!("<saml:AttributeValue>{}</saml:AttributeValue>", escape(value));
        let attribute = |(name, values): &(String, Vec<String>)| {
            let values: String = values.iter().map(value).collect();
            format!("<saml:Attribute Name=\"{}\">{values}</saml:Attribute>", escape(name))
        };
        let attributes: String = self.attributes.iter().map(attribute).collect();
        if attributes.is_empty() {
            return attributes;
        }
        format!("<saml:AttributeStatement>{attributes}</saml:AttributeStatement>")
    }

    fn answered(&self) -> String {
        self.in_response_to.as_ref().map_or(String::new(), |id| format!(" InResponseTo=\"{}\"", escape(id)))
    }

    fn until(&self) -> String {
        format_date_time(self.now.checked_add_signed(TimeDelta::minutes(5)).unwrap_or(self.now))
    }
}

/// XML as the form value `SAMLResponse`.
#[must_use]
pub fn form_value(xml: &str) -> String {
    BASE64_STANDARD.encode(xml)
}

pub(super) fn escape(value: &str) -> String {
    let mut writer = Writer::new();
    writer.text(value);
    writer.finish()
}
