//! What the examples have in common and an application has of its own: one organization, and a store.
#![forbid(unsafe_code)]

use std::collections::HashMap;
use std::sync::Mutex;

use chrono::Utc;
use saml_sp::mapping::{IdpProfile, Role};
use saml_sp::provisioning::{Joining, Onboarding, Provisioning, SessionScope};
use saml_sp::testing::{FakeIdp, MemoryStore, TestKey};
use saml_sp::{
    Connection, ConnectionId, OrganizationId, Policy, SamlSession, ServiceProvider, SpSettings, Unsolicited,
};
use sha2::{Digest, Sha256};

pub type Failure = Box<dyn std::error::Error + Send + Sync>;

/// One organization with its connection.
pub struct Host {
    pub store: MemoryStore,
    pub sp: ServiceProvider,
    pub connections: [Connection; 1],
    pub onboarding: [Onboarding; 1],
    /// The sessions of the application, by their cookies.
    pub sessions: Mutex<HashMap<String, (SessionScope, SamlSession)>>,
}

impl Host {
    pub fn new(base_url: &str) -> Result<Self, Failure> {
        let acme = OrganizationId::new("acme");
        let sp = SpSettings::builder(base_url).build()?.service_provider(acme.clone(), "acme")?;
        let idp = FakeIdp::rsa("https://idp.example.com/")?.identity_provider()?;
        let policy = Policy::strict().with_unsolicited(Unsolicited::Accept);
        let connection = Connection::preconfigured(ConnectionId::new("acme-1"), acme, idp, policy)?;
        let mapping = IdpProfile::named("okta").ok_or("no preset")?.attribute_map()?;
        let provisioning = Provisioning::new(&connection, Joining::JustInTime, Role::new("member"));
        Ok(Self {
            store: MemoryStore::new(),
            sp: sp.signing_key(TestKey::P256.signing_key()?).build()?,
            connections: [connection],
            onboarding: [Onboarding::new(mapping, provisioning)],
            sessions: Mutex::default(),
        })
    }

    pub fn keep(&self, cookie: &str, scope: SessionScope, session: SamlSession) {
        if let Ok(mut sessions) = self.sessions.lock() {
            sessions.insert(cookie.to_owned(), (scope, session));
        }
    }

    /// The session of a cookie, unless it is over.
    pub fn session(&self, cookie: Option<&str>) -> Option<(SessionScope, SamlSession)> {
        let (scope, session) = self.sessions.lock().ok()?.get(cookie?)?.clone();
        let is_open = self.store.is_open(session.id()) && scope.admits(self.sp.organization(), Utc::now()).is_ok();
        is_open.then_some((scope, session))
    }
}

/// One of the cookies of a `Cookie` header.
pub fn cookie<'h>(header: Option<&'h str>, name: &str) -> Option<&'h str> {
    let mut pairs = header?.split("; ").filter_map(|pair| pair.split_once('='));
    pairs.find(|(found, _)| *found == name).map(|(_, value)| value)
}

/// 160 random bits: the cookie of a session, or the nonce of a page.
pub fn random() -> Result<String, Failure> {
    let mut octets = [0; 20];
    getrandom::fill(&mut octets)?;
    Ok(octets.iter().map(|octet| format!("{octet:02x}")).collect())
}

/// What is stored of a cookie.
pub fn digest(cookie: &str) -> String {
    Sha256::digest(cookie).iter().map(|octet| format!("{octet:02x}")).collect()
}
