//! A small application with several organizations, each of which brings its identity provider.
#![forbid(unsafe_code)]

mod demo;
pub mod store;
mod web;

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex};

use axum::Router;
use chrono::{DateTime, Utc};
use saml_sp::fetch::HttpFetcher;
use saml_sp::flow::{Entrance, refresh_due};
use saml_sp::provisioning::Onboarding;
use saml_sp::registration::Registration;
use saml_sp::sp::ServiceProviderBuilder;
use saml_sp::storage::ConnectionStore;
use saml_sp::{Connection, ConnectionId, DecryptionKey, Login, ServiceProvider, SigningKey, SpSettings};

use store::{Db, DbError, Organization};

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// What every handler has.
pub struct App {
    db: Db,
    base_url: String,
    settings: SpSettings,
    signing_key: SigningKey,
    decryption_key: Option<DecryptionKey>,
    plain_http: PlainHttp,
    fetcher: HttpFetcher,
    /// The last test login of each connection, for the preview of its mapping. Only this process has it, and a restart
    /// forgets it: then the preview asks for another test.
    tests: Mutex<HashMap<ConnectionId, Login>>,
    /// The identity providers on board that have a new key.
    replaced_keys: Mutex<HashSet<String>>,
}

/// Whose metadata may come without TLS.
#[derive(Clone, Copy, PartialEq, Eq)]
enum PlainHttp {
    OnBoard,
    LocalIdps,
}

/// One organization, as far as a request needs it.
struct Tenant {
    organization: Organization,
    sp: ServiceProvider,
    registrations: Vec<Registration>,
    connections: Vec<Connection>,
    onboarding: Vec<Onboarding>,
}

impl App {
    /// With `signing_key` requests, logout messages and metadata are signed.
    pub fn new(db: Db, base_url: &str, signing_key: SigningKey) -> Result<Self, Failure> {
        // The identity provider on board is on a loopback address. An application on the Internet takes `HttpFetcher::new()`.
        let fetcher = HttpFetcher::new().dangerous().allow_private_host("127.0.0.1")?.into_fetcher();
        Ok(Self {
            db,
            base_url: base_url.to_owned(),
            settings: SpSettings::builder(base_url).build()?,
            signing_key,
            decryption_key: None,
            plain_http: PlainHttp::OnBoard,
            fetcher,
            tests: Mutex::default(),
            replaced_keys: Mutex::default(),
        })
    }

    /// Identity providers may encrypt for this key. It is another one than the signing key.
    #[must_use]
    pub fn with_decryption_key(mut self, key: DecryptionKey) -> Self {
        self.decryption_key = Some(key);
        self
    }

    /// Metadata may come from `http://127.0.0.1:…` too: for trials with an identity provider on this machine. Any program
    /// here can then pass for one.
    #[must_use]
    pub fn with_local_identity_providers(mut self) -> Self {
        self.plain_http = PlainHttp::LocalIdps;
        self
    }

    pub fn router(self: &Arc<Self>) -> Router {
        web::router(self.clone())
    }

    /// Two organizations with accounts, one of them with the identity provider on board.
    pub async fn fill(&self) -> Result<(), Failure> {
        demo::fill(self).await
    }

    /// Deletes what nothing needs any more. Call it now and then.
    pub async fn clean(&self, now: DateTime<Utc>) -> Result<(), DbError> {
        self.db.clean(now).await
    }

    /// Asks again for the metadata that is due. Call it every few minutes; a real application mails what is held.
    pub async fn refresh(&self, now: DateTime<Utc>) -> Result<(), Failure> {
        while let Some(refreshed) = refresh_due(&self.db, &self.fetcher, now).await? {
            println!("metadata of {}: {:?}", refreshed.registration.connection().id(), refreshed.outcome);
        }
        Ok(())
    }

    async fn tenant(&self, slug: &str, now: DateTime<Utc>) -> Result<Option<Tenant>, Failure> {
        let organizations = self.db.organizations().await?;
        let Some(organization) = organizations.into_iter().find(|organization| organization.slug == slug) else {
            return Ok(None);
        };
        let sp = self.settings.service_provider(organization.id.clone(), slug)?;
        let sp = sp.signing_key(self.signing_key.clone()).service_name("en", &organization.name);
        let sp = self.decryption_key.iter().cloned().fold(sp, ServiceProviderBuilder::decryption_key).build()?;
        let registrations = self.db.registrations(&organization.id).await?;
        let domains = self.db.proven_domains(&organization.id, now).await?;
        let (connections, onboarding) =
            registrations.iter().cloned().map(Registration::into_parts).unzip::<_, _, Vec<_>, Vec<_>>();
        // A proof is not part of the stored settings: it may have lapsed.
        let believing = |settings: Onboarding| {
            let provisioning = domains
                .iter()
                .cloned()
                .fold(settings.provisioning().clone(), |settings, domain| settings.with_proven_domain(domain));
            Onboarding::new(settings.mapping().clone(), provisioning)
        };
        let onboarding = onboarding.into_iter().map(believing).collect();
        Ok(Some(Tenant { organization, sp, registrations, connections, onboarding }))
    }
}

impl Tenant {
    fn entrance(&self) -> Entrance<'_> {
        Entrance { sp: &self.sp, connections: &self.connections, onboarding: &self.onboarding }
    }

    fn registration(&self, id: &str) -> Option<&Registration> {
        self.registrations.iter().find(|registration| registration.connection().id().as_str() == id)
    }
}
