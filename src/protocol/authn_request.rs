//! samlp:AuthnRequest (SAML Core 3.4.1).

use chrono::{DateTime, Utc};

use crate::assertion::NameId;
use crate::dsig::Position;
use crate::error::ConfigError;
use crate::limits::Limits;
use crate::names::{EntityId, RequestId, SAML, SAMLP};
use crate::time::format_date_time;
use crate::xml::{Document, Profile, Writer};

/// What to ask the identity provider for. The default asks for nothing but a login, which is what
/// most identity providers answer best: AD FS and Entra ID refuse contexts and formats that they
/// are not set up for.
///
/// ```
/// use saml_sp::request::{AuthnContextComparison, AuthnRequestOptions, ForceAuthn};
/// let options = AuthnRequestOptions::default()
///     .with_force_authn(ForceAuthn::Yes)
///     .with_requested_authn_context(
///         AuthnContextComparison::Exact,
///         ["https://refeds.org/profile/mfa"],
///     );
/// ```
#[derive(Clone, Debug, Default)]
#[must_use]
pub struct AuthnRequestOptions {
    force_authn: ForceAuthn,
    is_passive: IsPassive,
    name_id_policy: Option<NameIdPolicy>,
    requested_authn_context: Option<(AuthnContextComparison, Vec<String>)>,
    acs: AssertionConsumerService,
    attribute_consuming_service: Option<u16>,
    idp_list: Vec<String>,
    subject: Option<NameId>,
    extensions: Option<String>,
}

/// Whether the user must be authenticated afresh (SAML Core 3.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForceAuthn {
    /// An earlier authentication is good enough.
    #[default]
    No,
    /// Only an authentication after the request counts.
    Yes,
}

/// Whether the identity provider may show itself to the user (SAML Core 3.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum IsPassive {
    /// It may ask for a password.
    #[default]
    No,
    /// It must answer at once, with NoPassive if it would have to ask.
    Yes,
}

/// How a response's authentication context must compare with the requested ones (SAML Core 3.3.2.2.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AuthnContextComparison {
    /// One of them. Only this can be, and is, checked on the response: the order behind the others is
    /// known to the identity provider alone.
    Exact,
    /// At least as strong as one of them.
    Minimum,
    /// As strong as possible, but not stronger than one of them.
    Maximum,
    /// Stronger than each of them.
    Better,
}

/// How the assertion consumer service is named (SAML Core 3.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AssertionConsumerService {
    /// By URL.
    #[default]
    Url,
    /// By its index in our metadata.
    Index(u16),
}

/// samlp:NameIDPolicy (SAML Core 3.4.1.1).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[must_use]
pub struct NameIdPolicy {
    format: Option<String>,
    sp_name_qualifier: Option<String>,
    allow_create: AllowCreate,
}

/// Whether the identity provider may make a new name for the user (SAML Core 3.4.1.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AllowCreate {
    /// Only a name that there is.
    #[default]
    No,
    /// A new one, too.
    Yes,
}

impl NameIdPolicy {
    /// Asks for a format (SAML Core 8.3).
    pub fn with_format(mut self, format: impl Into<String>) -> Self {
        self.format = Some(format.into()).filter(|format: &String| !format.is_empty());
        self
    }

    /// Asks for a name in the namespace of another service provider or affiliation.
    pub fn with_sp_name_qualifier(mut self, qualifier: impl Into<String>) -> Self {
        self.sp_name_qualifier = Some(qualifier.into());
        self
    }

    /// Decides on new names.
    pub fn with_allow_create(mut self, allow_create: AllowCreate) -> Self {
        self.allow_create = allow_create;
        self
    }
}

impl AuthnRequestOptions {
    /// Demands a fresh authentication; the response has to prove it.
    pub fn with_force_authn(mut self, force_authn: ForceAuthn) -> Self {
        self.force_authn = force_authn;
        self
    }

    /// Forbids the identity provider to show itself.
    pub fn with_is_passive(mut self, is_passive: IsPassive) -> Self {
        self.is_passive = is_passive;
        self
    }

    /// Asks for a certain kind of name identifier.
    pub fn with_name_id_policy(mut self, policy: NameIdPolicy) -> Self {
        self.name_id_policy = Some(policy);
        self
    }

    /// Asks for one of these authentication context classes.
    pub fn with_requested_authn_context<C: Into<String>>(
        mut self,
        comparison: AuthnContextComparison,
        classes: impl IntoIterator<Item = C>,
    ) -> Self {
        self.requested_authn_context = Some((comparison, classes.into_iter().map(Into::into).collect()));
        self
    }

    /// Names the assertion consumer service.
    pub fn with_assertion_consumer_service(mut self, acs: AssertionConsumerService) -> Self {
        self.acs = acs;
        self
    }

    /// Asks for the attributes of that AttributeConsumingService of our metadata.
    pub fn with_attribute_consuming_service_index(mut self, index: u16) -> Self {
        self.attribute_consuming_service = Some(index);
        self
    }

    /// Tells a proxy which identity providers may authenticate the user (SAML Core 3.4.1.2).
    pub fn with_idp_list<E: Into<String>>(mut self, entity_ids: impl IntoIterator<Item = E>) -> Self {
        self.idp_list = entity_ids.into_iter().map(Into::into).collect();
        self
    }

    /// Says who is to be authenticated. A hint: the response may be about somebody else.
    pub fn with_subject(mut self, subject: NameId) -> Self {
        self.subject = Some(subject);
        self
    }

    /// Adds the content of samlp:Extensions: elements of namespaces that are not SAML's.
    pub fn with_extensions(mut self, xml: impl Into<String>) -> Self {
        self.extensions = Some(xml.into());
        self
    }

    pub(crate) fn force_authn(&self) -> ForceAuthn {
        self.force_authn
    }

    /// The classes that the response has to have one of.
    pub(crate) fn exact_contexts(&self) -> Vec<String> {
        match &self.requested_authn_context {
            Some((AuthnContextComparison::Exact, classes)) => classes.clone(),
            _ => Vec::new(),
        }
    }

    /// The request as XML.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for contradictions and for extensions that are not well-formed.
    pub(crate) fn to_xml(
        &self,
        id: &RequestId,
        from: Requester<'_>,
        destination: &str,
        now: DateTime<Utc>,
    ) -> Result<String, ConfigError> {
        self.check()?;
        let mut xml = Writer::new();
        xml.start("samlp:AuthnRequest").attribute("xmlns:samlp", SAMLP).attribute("xmlns:saml", SAML);
        xml.attribute("ID", id.as_str())
            .attribute("Version", "2.0")
            .attribute("IssueInstant", &format_date_time(now))
            .attribute("Destination", destination);
        self.write_attributes(&mut xml, from.acs_url);
        xml.element("saml:Issuer", from.entity_id.as_str());
        if let Some(extensions) = &self.extensions {
            xml.start("samlp:Extensions").raw(extensions).end();
        }
        if let Some(subject) = &self.subject {
            xml.start("saml:Subject");
            subject.write(&mut xml);
            xml.end();
        }
        self.write_policies(&mut xml);
        readable(xml.finish())
    }

    fn check(&self) -> Result<(), ConfigError> {
        let refused = |field, reason| Err(ConfigError::Value { field, reason });
        if self.requested_authn_context.as_ref().is_some_and(|(_, classes)| classes.is_empty()) {
            return refused("requested_authn_context", "at least one class");
        }
        let Some(extensions) = &self.extensions else { return Ok(()) };
        if extensions.contains('\r') {
            return refused("extensions", "line ends of one character");
        }
        let parsed = Document::parse(format!("<e>{extensions}</e>").into_bytes(), Profile::Message, &Limits::message());
        let foreign = |document: Document| {
            document.root().elements().count() > 0
                && document.root().elements().all(|child| !matches!(child.namespace(), "" | SAML | SAMLP))
        };
        if parsed.is_ok_and(foreign) {
            Ok(())
        } else {
            refused("extensions", "well-formed elements, each of a namespace that is not SAML's")
        }
    }

    fn write_attributes(&self, xml: &mut Writer, acs_url: &str) {
        if self.force_authn == ForceAuthn::Yes {
            xml.attribute("ForceAuthn", "true");
        }
        if self.is_passive == IsPassive::Yes {
            xml.attribute("IsPassive", "true");
        }
        match self.acs {
            AssertionConsumerService::Index(index) => {
                xml.attribute("AssertionConsumerServiceIndex", &index.to_string())
            }
            AssertionConsumerService::Url => {
                xml.attribute("ProtocolBinding", "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST");
                xml.attribute("AssertionConsumerServiceURL", acs_url)
            }
        };
        let index = self.attribute_consuming_service.map(|index| index.to_string());
        xml.attribute_if("AttributeConsumingServiceIndex", index.as_deref());
    }

    fn write_policies(&self, xml: &mut Writer) {
        if let Some(policy) = &self.name_id_policy {
            xml.start("samlp:NameIDPolicy");
            xml.attribute_if("Format", policy.format.as_deref())
                .attribute_if("SPNameQualifier", policy.sp_name_qualifier.as_deref());
            xml.attribute_if("AllowCreate", (policy.allow_create == AllowCreate::Yes).then_some("true")).end();
        }
        if let Some((comparison, classes)) = &self.requested_authn_context {
            xml.start("samlp:RequestedAuthnContext").attribute("Comparison", comparison.name());
            for class in classes {
                xml.element("saml:AuthnContextClassRef", class);
            }
            xml.end();
        }
        if !self.idp_list.is_empty() {
            xml.start("samlp:Scoping").start("samlp:IDPList");
            for entity_id in &self.idp_list {
                xml.start("samlp:IDPEntry").attribute("ProviderID", entity_id).end();
            }
            xml.end().end();
        }
    }
}

/// Who asks, and where the answer goes.
#[derive(Clone, Copy)]
pub(crate) struct Requester<'r> {
    pub(crate) entity_id: &'r EntityId,
    pub(crate) acs_url: &'r str,
}

/// What is sent must be XML: values may hold characters that can't stand in it, a login hint from a form for example.
fn readable(xml: String) -> Result<String, ConfigError> {
    match Document::parse(xml.clone().into_bytes(), Profile::Message, &Limits::message()) {
        Ok(_) => Ok(xml),
        Err(_) => {
            Err(ConfigError::Value { field: "request", reason: "a value has characters that can't stand in XML" })
        }
    }
}

impl AuthnContextComparison {
    fn name(self) -> &'static str {
        match self {
            Self::Exact => "exact",
            Self::Minimum => "minimum",
            Self::Maximum => "maximum",
            Self::Better => "better",
        }
    }
}

/// Where the signature of a message goes (SAML Core 3.2.1).
pub(crate) const AFTER_ISSUER: Position = Position::After(SAML, "Issuer");
