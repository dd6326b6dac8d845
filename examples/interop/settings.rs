//! The command line, and what is made of it.

use std::collections::HashMap;
use std::fs;

use chrono::{DateTime, TimeDelta, Utc};
use saml_sp::keys::SignatureAlgorithm;
use saml_sp::login::LoginStart;
use saml_sp::metadata::{Endpoint, EndpointBinding, EntityChoice, MetadataTrust};
use saml_sp::request::{
    AllowCreate, AssertionConsumerService, AuthnContextComparison, AuthnRequestOptions, ForceAuthn, IsPassive,
    NameIdPolicy,
};
use saml_sp::sp::{Need, PathScheme, RequestedAttribute, ServiceProviderBuilder};
use saml_sp::{
    Certificate, Connection, ConnectionId, ContactPerson, DecryptionKey, EntityId, IdentityProvider, NameId,
    OrganizationId, OrganizationInfo, Policy, Relaxation, ServiceProvider, SigningKey, SpSettings, Unsolicited,
};

use crate::Problem;

/// `--name value` arguments; a value is never missing, and of two the last counts.
pub(crate) struct Settings(HashMap<String, String>);

impl Settings {
    pub(crate) fn read(mut arguments: impl Iterator<Item = String>) -> Result<Self, Problem> {
        let mut settings = HashMap::new();
        while let Some(argument) = arguments.next() {
            let name = argument.strip_prefix("--").ok_or_else(|| format!("not an option: {argument}"))?;
            let value = arguments.next().ok_or_else(|| format!("--{name} wants a value"))?;
            settings.insert(name.to_owned(), value);
        }
        Ok(Self(settings))
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|value| !value.is_empty())
    }

    pub(crate) fn required(&self, name: &str) -> Result<&str, Problem> {
        self.get(name).ok_or_else(|| format!("--{name} is missing").into())
    }

    /// The time of the own clock, which `--clock SECONDS` puts wrong.
    pub(crate) fn now(&self) -> Result<DateTime<Utc>, Problem> {
        let seconds = self.get("clock").map_or(Ok(0), str::parse)?;
        Utc::now().checked_add_signed(TimeDelta::seconds(seconds)).ok_or_else(|| "beyond the calendar".into())
    }

    fn is(&self, name: &str, value: &str) -> bool {
        self.get(name) == Some(value)
    }

    pub(crate) fn service_provider(&self) -> Result<ServiceProvider, Problem> {
        let builder = ServiceProvider::builder(
            OrganizationId::new("acme"),
            EntityId::new(self.required("sp")?),
            self.required("acs")?,
        );
        let builder = self.get("sls").into_iter().fold(builder, ServiceProviderBuilder::sls_url);
        let builder = self.decryption_key()?.into_iter().fold(builder, ServiceProviderBuilder::decryption_key);
        Ok(match self.get("key") {
            Some(file) => builder.signing_key(self.signing_key(file)?).build()?,
            None => builder.build()?,
        })
    }

    /// A service provider that says all there is to be said.
    pub(crate) fn publisher(&self) -> Result<ServiceProvider, Problem> {
        let url = self.required("acs")?;
        let base = url.strip_suffix("/acs").ok_or("--acs does not end in /acs")?;
        let paths = PathScheme::new("/{slug}/acs", "/{slug}/sls", "/{slug}/metadata")?;
        let (root, slug) = base.rsplit_once('/').ok_or("--acs has no path")?;
        let info =
            OrganizationInfo::new("en", "Interop & Söhne", "https://sp.example.com/").with_display_name("Interop");
        let contact =
            ContactPerson::technical("ops@sp.example.com").with_company("Interop").with_name("Ada", "Example");
        let settings = SpSettings::builder(root).paths(paths).organization_info(info).contact(contact).build()?;
        let formats = ["1.1:nameid-format:emailAddress", "2.0:nameid-format:persistent", "2.0:nameid-format:transient"];
        let formats = formats.map(|format| format!("urn:oasis:names:tc:SAML:{format}"));
        let builder = settings.service_provider(OrganizationId::new("acme"), slug)?;
        let builder = formats.into_iter().fold(builder, ServiceProviderBuilder::name_id_format);
        let attributes = [
            ("urn:oid:0.9.2342.19200300.100.1.3", "mail", Need::Required),
            ("urn:oid:0.9.2342.19200300.100.1.1", "uid", Need::Required),
            ("urn:oid:2.5.4.42", "givenName", Need::Optional),
            ("urn:oid:2.5.4.4", "sn", Need::Optional),
            ("urn:oid:1.3.6.1.4.1.5923.1.5.1.1", "isMemberOf", Need::Optional),
        ];
        let attributes = attributes.map(|(name, friendly, need)| {
            let format = "urn:oasis:names:tc:SAML:2.0:attrname-format:uri";
            RequestedAttribute::new(name, need).with_name_format(format).with_friendly_name(friendly)
        });
        let builder = builder.service_name("en", "Interop");
        let builder = attributes.into_iter().fold(builder, ServiceProviderBuilder::requested_attribute);
        let builder = self.decryption_key()?.into_iter().fold(builder, ServiceProviderBuilder::decryption_key);
        Ok(builder.signing_key(self.signing_key(self.required("key")?)?).build()?)
    }

    /// `--decryption-key FILE` with `--decryption-cert FILE`.
    fn decryption_key(&self) -> Result<Option<DecryptionKey>, Problem> {
        let Some(file) = self.get("decryption-key") else { return Ok(None) };
        let certificate = Certificate::from_pem(&fs::read_to_string(self.required("decryption-cert")?)?)?;
        Ok(Some(DecryptionKey::from_pem(&fs::read_to_string(file)?)?.with_certificate(certificate)?))
    }

    fn signing_key(&self, file: &str) -> Result<SigningKey, Problem> {
        let certificate = self
            .get("cert")
            .map(|file| Ok::<_, Problem>(Certificate::from_pem(&fs::read_to_string(file)?)?))
            .transpose()?;
        let key = SigningKey::from_pem(&fs::read_to_string(file)?, certificate.as_ref())?;
        let Some(uri) = self.get("algorithm") else { return Ok(key) };
        let algorithm = SignatureAlgorithm::from_uri(uri).ok_or_else(|| format!("no such algorithm: {uri}"))?;
        Ok(key.with_algorithm(algorithm)?)
    }

    pub(crate) fn connection(&self) -> Result<Connection, Problem> {
        let metadata = fs::read(self.required("idp")?)?;
        let idp = IdentityProvider::from_metadata(
            &*metadata,
            &EntityChoice::Only,
            &MetadataTrust::ObtainedSecurely,
            Utc::now(),
        )?;
        let idp = if self.is("binding", "post") { over_post(&idp)? } else { idp };
        let unsolicited = match self.get("unsolicited") {
            Some("accept") => Unsolicited::Accept,
            Some("convert") => Unsolicited::Convert,
            _ => Unsolicited::Refuse,
        };
        let policy = Policy::strict().with_unsolicited(unsolicited);
        let policy = if self.is("cbc", "yes") { policy.with_relaxation(Relaxation::Cbc) } else { policy };
        Ok(Connection::preconfigured(ConnectionId::new("interop"), OrganizationId::new("acme"), idp, policy)?)
    }

    pub(crate) fn start(&self) -> Result<LoginStart, Problem> {
        let start = LoginStart::default().with_request(self.request()?).with_host_state("/kept/by/the/host");
        Ok(match self.get("relay-state") {
            Some(relay_state) => start.with_relay_state(relay_state),
            None => start,
        })
    }

    fn request(&self) -> Result<AuthnRequestOptions, Problem> {
        let mut request = AuthnRequestOptions::default();
        if self.is("force-authn", "yes") {
            request = request.with_force_authn(ForceAuthn::Yes);
        }
        if self.is("passive", "yes") {
            request = request.with_is_passive(IsPassive::Yes);
        }
        if let Some(format) = self.get("name-id") {
            let policy = NameIdPolicy::default().with_format(format).with_allow_create(AllowCreate::Yes);
            request = request.with_name_id_policy(match self.get("sp-name-qualifier") {
                Some(qualifier) => policy.with_sp_name_qualifier(qualifier),
                None => policy,
            });
        }
        if let Some(classes) = self.get("context") {
            let comparison = match self.get("comparison") {
                Some("minimum") => AuthnContextComparison::Minimum,
                Some("maximum") => AuthnContextComparison::Maximum,
                Some("better") => AuthnContextComparison::Better,
                _ => AuthnContextComparison::Exact,
            };
            request = request.with_requested_authn_context(comparison, classes.split(' '));
        }
        if let Some(index) = self.get("acs-index") {
            request = request.with_assertion_consumer_service(AssertionConsumerService::Index(index.parse()?));
        }
        if let Some(index) = self.get("attribute-index") {
            request = request.with_attribute_consuming_service_index(index.parse()?);
        }
        if let Some(entity_ids) = self.get("idp-list") {
            request = request.with_idp_list(entity_ids.split(' '));
        }
        if let Some(name) = self.get("subject") {
            let format = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";
            request = request.with_subject(NameId::new(name).with_format(format));
        }
        if let Some(xml) = self.get("extensions") {
            request = request.with_extensions(xml);
        }
        Ok(request)
    }
}

/// The same identity provider registered by hand, with its POST endpoints only.
fn over_post(idp: &IdentityProvider) -> Result<IdentityProvider, Problem> {
    let url = |endpoints: &[Endpoint]| {
        let endpoint = endpoints.iter().find(|endpoint| *endpoint.binding() == EndpointBinding::HttpPost);
        endpoint.map(|endpoint| endpoint.location().to_owned())
    };
    let sso = url(idp.single_sign_on()).ok_or("the identity provider has no POST endpoint")?;
    let mut builder = IdentityProvider::builder(idp.entity_id().as_str(), sso)
        .sso_binding(EndpointBinding::HttpPost)
        .authn_request_signing(idp.authn_request_signing());
    if let Some(slo) = url(idp.single_logout()) {
        builder = builder.slo_url(slo).slo_binding(EndpointBinding::HttpPost);
    }
    for certificate in idp.signing_keys().iter().filter_map(|key| key.certificate()) {
        builder = builder.certificate(certificate.to_base64());
    }
    Ok(builder.build()?)
}
