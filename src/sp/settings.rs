//! What all organizations of a host share.

use url::Url;

use super::{ContactPerson, OrganizationInfo, ServiceProvider, ServiceProviderBuilder};
use crate::error::ConfigError;
use crate::limits::Limits;
use crate::metadata::is_web_url;
use crate::names::{EntityId, OrganizationId};
use crate::time::ClockSkew;

/// Stands for the organization in the paths of a [`PathScheme`].
const SLUG: &str = "{slug}";
/// Characters of the longest slug.
const MOST_SLUG: usize = 128;

/// The settings of a host from which the service provider of each organization is made.
///
/// Every URL starts with the one base URL given here: what a request says about its host is never looked at.
///
/// ```
/// use saml_sp::{ContactPerson, OrganizationId, SpSettings};
/// let settings = SpSettings::builder("https://app.example.com")
///     .contact(ContactPerson::technical("ops@app.example.com"))
///     .build()?;
/// let sp = settings.service_provider(OrganizationId::new("7f3a"), "acme")?.build()?;
/// assert_eq!(sp.entity_id().as_str(), "https://app.example.com/saml/metadata/acme/");
/// assert_eq!(sp.acs_url(), "https://app.example.com/saml/acs/acme/");
/// assert_eq!(sp.sls_url(), Some("https://app.example.com/saml/sls/acme/"));
/// # Ok::<_, saml_sp::error::ConfigError>(())
/// ```
#[derive(Clone, Debug)]
pub struct SpSettings {
    base_url: String,
    paths: PathScheme,
    clock_skew: ClockSkew,
    limits: Limits,
    organization_info: Option<OrganizationInfo>,
    contacts: Vec<ContactPerson>,
}

/// Where the endpoints of an organization are under the base URL. Each path has `{slug}` in it once, so that each
/// organization has endpoints and an entityID of its own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PathScheme {
    acs: String,
    sls: String,
    metadata: String,
}

impl SpSettings {
    /// Starts with the URL under which browsers reach the host, `https://app.example.com` for example.
    pub fn builder(base_url: impl Into<String>) -> SpSettingsBuilder {
        SpSettingsBuilder(Self {
            base_url: base_url.into(),
            paths: PathScheme::default(),
            clock_skew: ClockSkew::default(),
            limits: Limits::message(),
            organization_info: None,
            contacts: Vec::new(),
        })
    }

    /// Starts the service provider of an organization, whose keys can still be added. The slug is what its URLs name it by;
    /// it may be given to another organization later, the [`OrganizationId`] may not.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for a slug that is empty, longer than 128 characters, or has other characters than
    /// ASCII letters, digits, `-`, `_`, `.` and `~`.
    pub fn service_provider(
        &self,
        organization: OrganizationId,
        slug: &str,
    ) -> Result<ServiceProviderBuilder, ConfigError> {
        let unreserved = |octet: u8| octet.is_ascii_alphanumeric() || b"-_.~".contains(&octet);
        let is_dots = slug.bytes().all(|octet| octet == b'.');
        if is_dots || slug.len() > MOST_SLUG || !slug.bytes().all(unreserved) {
            let reason = "1 to 128 ASCII letters, digits, -, _, . and ~, and not dots alone";
            return Err(ConfigError::Value { field: "slug", reason });
        }
        let url = |path: &str| format!("{}{}", self.base_url, path.replace(SLUG, slug));
        let entity_id = EntityId::new(url(&self.paths.metadata));
        let builder = ServiceProvider::builder(organization, entity_id, url(&self.paths.acs))
            .sls_url(url(&self.paths.sls))
            .clock_skew(self.clock_skew)
            .limits(self.limits);
        let builder = self.contacts.iter().cloned().fold(builder, ServiceProviderBuilder::contact);
        Ok(match &self.organization_info {
            Some(info) => builder.organization_info(info.clone()),
            None => builder,
        })
    }
}

/// Builds [`SpSettings`].
#[derive(Clone, Debug)]
#[must_use]
pub struct SpSettingsBuilder(SpSettings);

impl SpSettingsBuilder {
    /// Replaces the paths of the endpoints.
    pub fn paths(mut self, paths: PathScheme) -> Self {
        self.0.paths = paths;
        self
    }

    /// Replaces the tolerance for clocks.
    pub fn clock_skew(mut self, skew: ClockSkew) -> Self {
        self.0.clock_skew = skew;
        self
    }

    /// Replaces the bounds on messages.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.0.limits = limits;
        self
    }

    /// Says in the metadata of every organization's service provider who operates it (SAML Metadata 2.3.2.1).
    pub fn organization_info(mut self, info: OrganizationInfo) -> Self {
        self.0.organization_info = Some(info);
        self
    }

    /// Adds somebody to ask to the metadata of every organization's service provider (SAML Metadata 2.3.2.2).
    pub fn contact(mut self, contact: ContactPerson) -> Self {
        self.0.contacts.push(contact);
        self
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`ConfigError::Url`] for a base URL that is none or has a query, [`ConfigError::Value`] for one with dots in its path.
    pub fn build(mut self) -> Result<SpSettings, ConfigError> {
        let given = &self.0.base_url;
        let parsed = Url::parse(given).ok().filter(|url| is_web_url(given) && url.query().is_none());
        let url = parsed.ok_or_else(|| ConfigError::url("base_url", given))?;
        if url.as_str().trim_end_matches('/') != given.trim_end_matches('/') {
            let reason = "write it as browsers do: lower case host, no default port, no dots in the path";
            return Err(ConfigError::Value { field: "base_url", reason });
        }
        self.0.base_url.truncate(given.trim_end_matches('/').len());
        Ok(self.0)
    }
}

impl PathScheme {
    /// Takes three paths, each of which starts with `/` and has `{slug}` in it once.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for a path that does not, or that has characters which a URL would have to escape.
    pub fn new(
        acs: impl Into<String>,
        sls: impl Into<String>,
        metadata: impl Into<String>,
    ) -> Result<Self, ConfigError> {
        let scheme = Self { acs: acs.into(), sls: sls.into(), metadata: metadata.into() };
        let plain = |path: &str| {
            let fixed = path.replacen(SLUG, "", 1);
            path.starts_with('/')
                && fixed.len() < path.len()
                && fixed.bytes().all(|octet| octet.is_ascii_alphanumeric() || b"/-_.~".contains(&octet))
        };
        for (field, path) in [("acs", &scheme.acs), ("sls", &scheme.sls), ("metadata", &scheme.metadata)] {
            if !plain(path) {
                return Err(ConfigError::Value {
                    field,
                    reason: "a path with {slug} in it once, as /saml/acs/{slug}/",
                });
            }
        }
        Ok(scheme)
    }
}

impl Default for PathScheme {
    /// `/saml/acs/{slug}/`, `/saml/sls/{slug}/` and `/saml/metadata/{slug}/`.
    fn default() -> Self {
        Self {
            acs: "/saml/acs/{slug}/".into(),
            sls: "/saml/sls/{slug}/".into(),
            metadata: "/saml/metadata/{slug}/".into(),
        }
    }
}
