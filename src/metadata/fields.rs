//! Registration from plain fields, as administrators copy them out of an IdP's console.

use std::fmt;

use super::endpoint::{Endpoint, EndpointBinding};
use super::identity_provider::{AuthnRequestSigning, IdentityProvider, Incomplete, Parts};
use super::warning::MetadataWarning;
use super::{ENTITY_ID_MOST, read_certificates};
use crate::error::{ConfigError, without_user_info};
use crate::keys::{Certificate, VerifyingKey};
use crate::names::EntityId;
use crate::xml::trim;

/// Collects the fields of an identity provider; see [`IdentityProvider::builder`].
#[derive(Clone)]
pub struct IdentityProviderBuilder {
    entity_id: String,
    sso_url: String,
    sso_binding: EndpointBinding,
    slo_url: Option<String>,
    slo_binding: EndpointBinding,
    certificates: Vec<String>,
    authn_request_signing: AuthnRequestSigning,
}

impl IdentityProvider {
    /// Starts from the entityID and the single sign-on URL, which takes requests over HTTP-Redirect unless
    /// [`sso_binding`](IdentityProviderBuilder::sso_binding) says otherwise. At least one certificate is needed.
    ///
    /// ```
    /// use saml_sp::IdentityProvider;
    /// let fields = IdentityProvider::builder("", "idp.example.com/sso").certificate("MIIC");
    /// let problems: Vec<String> = fields.problems().iter().map(ToString::to_string).collect();
    /// assert!(problems[0].starts_with("entity_id is missing"));
    /// assert!(problems[1].starts_with("sso_url is not an absolute http or https URL"));
    /// assert!(problems[2].starts_with("certificate: not an X.509 certificate"));
    /// ```
    #[must_use]
    pub fn builder(entity_id: impl Into<String>, sso_url: impl Into<String>) -> IdentityProviderBuilder {
        IdentityProviderBuilder {
            entity_id: entity_id.into(),
            sso_url: sso_url.into(),
            sso_binding: EndpointBinding::HttpRedirect,
            slo_url: None,
            slo_binding: EndpointBinding::HttpRedirect,
            certificates: Vec::new(),
            authn_request_signing: AuthnRequestSigning::NotWanted,
        }
    }
}

impl IdentityProviderBuilder {
    /// The binding of the single sign-on URL: `HttpRedirect` (the default) or `HttpPost`.
    #[must_use]
    pub fn sso_binding(mut self, binding: EndpointBinding) -> Self {
        self.sso_binding = binding;
        self
    }

    /// The single logout URL. Without one, logout is local.
    #[must_use]
    pub fn slo_url(mut self, url: impl Into<String>) -> Self {
        self.slo_url = Some(url.into());
        self
    }

    /// The binding of the single logout URL: `HttpRedirect` (the default) or `HttpPost`.
    #[must_use]
    pub fn slo_binding(mut self, binding: EndpointBinding) -> Self {
        self.slo_binding = binding;
        self
    }

    /// Adds a signing certificate as text: PEM with anything around it, or the bare base64 of the DER, wrapped or
    /// not. Of a chain the first certificate is the signer. During a rollover call this once for each certificate.
    #[must_use]
    pub fn certificate(mut self, text: impl Into<String>) -> Self {
        self.certificates.push(text.into());
        self
    }

    /// Whether it wants authentication requests to be signed; then no login starts without a signing key.
    #[must_use]
    pub fn authn_request_signing(mut self, signing: AuthnRequestSigning) -> Self {
        self.authn_request_signing = signing;
        self
    }

    /// The identity provider.
    ///
    /// # Errors
    /// The first of [`problems`](Self::problems).
    pub fn build(&self) -> Result<IdentityProvider, ConfigError> {
        let mut parts = Parts { authn_request_signing: self.authn_request_signing, ..Parts::default() };
        let entity_id = self.entity_id()?;
        parts.single_sign_on.push(self.sso()?);
        parts.single_logout.extend(self.slo()?);
        for text in &self.certificates {
            add_certificate(&mut parts, text)?;
        }
        IdentityProvider::new(entity_id, parts).map_err(ConfigError::from)
    }

    /// Everything that is wrong with the fields, one entry a field, for a form; empty if [`build`](Self::build)
    /// succeeds. Fields are named `entity_id`, `sso_url`, `slo_url` and `certificate`.
    #[must_use]
    pub fn problems(&self) -> Vec<ConfigError> {
        let fields = [self.entity_id().err(), self.sso().err(), self.slo().err()];
        let certificates = self.certificates.iter().filter_map(|text| certificates(text).err());
        let mut problems: Vec<ConfigError> = fields.into_iter().flatten().chain(certificates).collect();
        match self.build() {
            Err(problem) if !problems.contains(&problem) => problems.push(problem),
            _ if self.certificates.is_empty() => problems.push(ConfigError::NoSigningKey),
            _ => {}
        }
        problems
    }

    fn entity_id(&self) -> Result<EntityId, ConfigError> {
        const FIELD: &str = "entity_id";
        match trim(&self.entity_id) {
            "" => Err(ConfigError::Missing { field: FIELD, remedy: "copy the identity provider's entityID (Issuer)" }),
            id if id.chars().count() > ENTITY_ID_MOST => {
                Err(ConfigError::Value { field: FIELD, reason: "at most 1024 characters" })
            }
            id => Ok(EntityId::new(id)),
        }
    }

    fn sso(&self) -> Result<Endpoint, ConfigError> {
        endpoint("sso_url", &self.sso_url, &self.sso_binding)
    }

    fn slo(&self) -> Result<Option<Endpoint>, ConfigError> {
        self.slo_url.as_deref().map(|url| endpoint("slo_url", url, &self.slo_binding)).transpose()
    }
}

/// Certificates stay out, and user names in URLs: somebody may have pasted a private key or a password.
impl fmt::Debug for IdentityProviderBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityProviderBuilder")
            .field("entity_id", &self.entity_id)
            .field("sso_url", &without_user_info(&self.sso_url))
            .field("slo_url", &self.slo_url.as_deref().map(without_user_info))
            .finish_non_exhaustive()
    }
}

fn endpoint(field: &'static str, url: &str, binding: &EndpointBinding) -> Result<Endpoint, ConfigError> {
    if trim(url).is_empty() {
        return Err(ConfigError::Missing { field, remedy: "copy the URL from the identity provider" });
    }
    if !matches!(binding, EndpointBinding::HttpRedirect | EndpointBinding::HttpPost) {
        return Err(ConfigError::Value { field, reason: "the binding must be HTTP-Redirect or HTTP-POST" });
    }
    Endpoint::new(binding.clone(), url).ok_or_else(|| ConfigError::url(field, url))
}

fn add_certificate(parts: &mut Parts, text: &str) -> Result<(), ConfigError> {
    let mut certificates = certificates(text)?.into_iter();
    if let Some(signer) = certificates.next() {
        parts.add_signing_key(VerifyingKey::from(signer));
    }
    if certificates.len() > 0 {
        parts.warnings.push(MetadataWarning::ChainNotUsed { certificates: certificates.len() });
    }
    Ok(())
}

fn certificates(text: &str) -> Result<Vec<Certificate>, ConfigError> {
    const FIELD: &str = "certificate";
    if trim(text).is_empty() {
        return Err(ConfigError::Missing { field: FIELD, remedy: "paste the identity provider's signing certificate" });
    }
    read_certificates(text).map_err(|source| ConfigError::Key { field: FIELD, source })
}

impl From<Incomplete> for ConfigError {
    fn from(incomplete: Incomplete) -> Self {
        match incomplete {
            Incomplete::NoSso => Self::Missing { field: "sso_url", remedy: "copy the URL from the identity provider" },
            Incomplete::NoSigningKey => Self::NoSigningKey,
            Incomplete::TooManyKeys { found } => Self::TooManyKeys { found, most: IdentityProvider::MOST_KEYS },
        }
    }
}
