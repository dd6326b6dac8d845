//! Registering an identity provider in three ways, trying it out, and what becomes of it. ATTACKS I, L.

use std::cell::RefCell;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use saml_sp::error::ConfigError;
use saml_sp::fetch::{FetchError, Fetched, MetadataFetcher, MetadataUrl, Validators};
use saml_sp::flow::{
    Arrival, Arrived, MetadataError, RegistrationError, activate, block_on, fetch_identity_provider, finish_login,
    register, replace, start_login,
};
use saml_sp::login::{LoginStart, TestLogin};
use saml_sp::mapping::{AttributeMap, Role, Source as Field};
use saml_sp::metadata::{EntityChoice, MetadataTrust};
use saml_sp::provisioning::{Joining, MissingRole, Onboarding, ProvenDomain, Provisioning, RemovedMembers, RoleSync};
use saml_sp::registration::{Registration, Source, new_connection_id};
use saml_sp::storage::ConnectionStore;
use saml_sp::testing::{FakeIdp, MemoryStore, TestKey};
use saml_sp::{
    AccountId, Connection, ConnectionId, ConnectionStatus, IdentityProvider, OrganizationId, Policy, Purpose,
    ServiceProvider, SpSettings, StoredError, Unsolicited,
};

use crate::kit::{IDP, now};

/// Answers from memory, and notes what it was asked.
struct Canned {
    answer: Result<Fetched, FetchError>,
    asked: RefCell<Vec<MetadataUrl>>,
}

// The futures of the test run on one thread.
struct Fetcher(std::sync::Mutex<Canned>);

impl Fetcher {
    fn new(answer: Result<Fetched, FetchError>) -> Self {
        Self(std::sync::Mutex::new(Canned { answer, asked: RefCell::default() }))
    }

    fn document(text: &str) -> Self {
        let validators = Validators::none().with_etag("\"1\"");
        let (octets, final_url) = (text.as_bytes().to_vec(), url());
        Self::new(Ok(Fetched::Document { octets, validators, final_url }))
    }
}

impl MetadataFetcher for Fetcher {
    async fn fetch(&self, url: &MetadataUrl, known: &Validators) -> Result<Fetched, FetchError> {
        assert!(known.is_empty());
        let canned = self.0.lock().unwrap();
        canned.asked.borrow_mut().push(url.clone());
        canned.answer.clone()
    }
}

fn url() -> MetadataUrl {
    MetadataUrl::new("https://idp.example.com/metadata").unwrap()
}

fn idp() -> FakeIdp {
    FakeIdp::rsa(IDP).unwrap()
}

fn fetched(fetcher: &Fetcher) -> Result<(IdentityProvider, Source), &'static str> {
    let trust = MetadataTrust::ObtainedSecurely;
    block_on(fetch_identity_provider(fetcher, &url(), &EntityChoice::Only, &trust, now())).map_err(
        |error| match error {
            MetadataError::Fetch(error) => error.code(),
            MetadataError::Rejected(rejection) => rejection.code(),
            _ => "another",
        },
    )
}

fn sp(organization: &str) -> ServiceProvider {
    let settings = SpSettings::builder("https://app.example.com").build().unwrap();
    settings.service_provider(OrganizationId::new(organization), organization).unwrap().build().unwrap()
}

fn draft(id: &str, organization: &str, policy: Policy) -> Connection {
    let provider = idp().identity_provider().unwrap();
    Connection::draft(ConnectionId::new(id), OrganizationId::new(organization), provider, policy).unwrap()
}

fn onboarding(connection: &Connection) -> Onboarding {
    let mapping = AttributeMap::builder([Field::VouchedNameId], [Field::attribute("mail")]).build().unwrap();
    Onboarding::new(mapping, Provisioning::new(connection, Joining::JustInTime, Role::new("member")))
}

fn registration(connection: Connection) -> Registration {
    let onboarding = onboarding(&connection);
    Registration::new(connection, onboarding, Source::Fields).unwrap()
}

fn code<T, E>(result: Result<T, RegistrationError<E>>) -> &'static str {
    match result {
        Ok(_) => "done",
        Err(RegistrationError::EntityIdTaken) => "entity",
        Err(RegistrationError::ConnectionIdTaken) => "id",
        Err(RegistrationError::Changed) => "changed",
        Err(_) => "another",
    }
}

/// A test login of an administrator.
fn tested(store: &MemoryStore, connection: &Connection) -> TestLogin {
    let sp = sp(connection.organization().as_str());
    let start = LoginStart::default().with_purpose(Purpose::Test).with_account(AccountId::new("admin"));
    let started = block_on(start_login(store, &sp, connection, start, now())).unwrap();
    let xml = idp().answer(&started.send, sp.acs_url(), now()).unwrap().name_id("alice").xml().unwrap();
    let form = BASE64_STANDARD.encode(xml);
    let arrival = Arrival { saml_response: &form, relay_state: None, cookie: Some(started.cookie.value()) };
    match block_on(finish_login(store, &sp, std::slice::from_ref(connection), arrival, now())).unwrap() {
        Arrived::Finished(finished) => {
            finished.returned_to(Some(&AccountId::new("admin"))).unwrap().into_test().unwrap()
        }
        Arrived::Restarted(_) => panic!("restarted"),
    }
}

#[test]
fn one_identity_provider_registered_by_url_by_xml_and_by_fields_is_equal() {
    // Fields have one endpoint for each service.
    let metadata = idp().metadata();
    let over_post = |service: &str| {
        let start = metadata
            .find(&format!("<md:{service} Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\""))
            .unwrap();
        metadata[start..].split_inclusive("/>").next().unwrap().to_owned()
    };
    let metadata = ["SingleLogoutService", "SingleSignOnService"]
        .iter()
        .fold(metadata.clone(), |text, service| text.replace(&over_post(service), ""));
    let fetcher = Fetcher::document(&metadata);
    let (by_url, source) = fetched(&fetcher).unwrap();
    let trust = MetadataTrust::ObtainedSecurely;
    let pasted = format!("\u{feff} \n<?xml version=\"1.0\" encoding=\"utf-16\"?>{metadata}\n");
    let by_xml = IdentityProvider::from_metadata(pasted.as_str(), &EntityChoice::Only, &trust, now()).unwrap();
    let sso = by_xml.sso_endpoint().location().to_owned();
    let wrapped = TestKey::Rsa.certificate_pem().replace('\n', "&#13;\r\n  ");
    let by_fields = IdentityProvider::builder(format!(" {IDP} "), sso).certificate(wrapped);
    let by_fields = match by_xml.slo_endpoint() {
        Some(endpoint) => by_fields.slo_url(endpoint.location()),
        None => by_fields,
    };
    let by_fields = by_fields.build().unwrap();
    assert_eq!(by_url, by_xml);
    assert_eq!(by_url, by_fields);
    let other = IdentityProvider::builder(IDP, by_xml.sso_endpoint().location());
    assert_ne!(by_url, other.certificate(TestKey::OtherRsa.certificate_pem()).build().unwrap());
    let Source::Url(fetch) = source else { panic!("{source:?}") };
    assert_eq!((fetch.url(), fetch.validators().etag(), fetch.at()), (&url(), Some("\"1\""), now()));
    assert_eq!(*fetcher.0.lock().unwrap().asked.borrow(), [url()]);
}

#[test]
fn what_can_t_be_fetched_or_used_says_why() {
    assert_eq!(fetched(&Fetcher::new(Err(FetchError::Html))).unwrap_err(), "fetch.html");
    assert_eq!(fetched(&Fetcher::new(Ok(Fetched::NotModified))).unwrap_err(), "fetch.status");
    let own = sp("acme").metadata().write(now()).unwrap();
    assert_eq!(fetched(&Fetcher::document(&own)).unwrap_err(), "metadata.no_idp");
    assert_eq!(fetched(&Fetcher::document("<html/>")).unwrap_err(), "schema.element");
    assert!(fetched(&Fetcher::document(&idp().metadata())).is_ok());
}

#[test]
fn from_a_draft_to_an_active_connection() {
    let store = MemoryStore::new();
    let draft = registration(draft("c-1", "acme", Policy::strict()));
    block_on(register(&store, &draft)).unwrap();
    let tested = tested(&store, draft.connection());
    let active = block_on(activate(&store, &tested)).unwrap();
    assert_eq!(active.connection().status(), ConnectionStatus::Active);
    let stored = block_on(store.registrations(&OrganizationId::new("acme"))).unwrap();
    assert_eq!(stored, std::slice::from_ref(&active));
    assert_eq!(block_on(activate(&store, &tested)).unwrap(), active, "safe to repeat");
}

/// MD-025, FLW-029: what was tried out is what is activated.
#[test]
fn a_test_login_activates_nothing_but_what_it_tried_out() {
    let store = MemoryStore::new();
    let old = registration(draft("c-1", "acme", Policy::strict()));
    block_on(register(&store, &old)).unwrap();
    let tested = tested(&store, old.connection());
    let policy = Policy::strict().with_unsolicited(Unsolicited::Accept);
    let changed = old.clone().with_connection(old.connection().clone().with_policy(policy).unwrap()).unwrap();
    block_on(replace(&store, &old, &changed)).unwrap();
    assert_eq!(code(block_on(activate(&store, &tested))), "changed");
    assert_eq!(code(block_on(replace(&store, &old, &changed))), "done", "safe to repeat");
    block_on(replace(&store, &changed, &old)).unwrap();
    for other in [draft("c-2", "acme", Policy::strict()), draft("c-1", "evil", Policy::strict())] {
        assert_eq!(code(block_on(replace(&store, &old, &registration(other)))), "changed", "another's");
    }
    assert_eq!(code(block_on(activate(&store, &tested))), "done");
    block_on(store.remove(&OrganizationId::new("acme"), old.connection().id())).unwrap();
    assert_eq!(code(block_on(activate(&store, &tested))), "changed");
}

/// MD-018, PRV-031: nothing is inherited, and nobody else's is touched.
#[test]
fn names_and_identity_providers_are_taken_once() {
    let store = MemoryStore::new();
    let first = registration(draft("c-1", "acme", Policy::strict()));
    assert_eq!(code(block_on(register(&store, &first))), "done");
    assert_eq!(code(block_on(register(&store, &first))), "done", "safe to repeat");
    let same_idp = registration(draft("c-2", "acme", Policy::strict()));
    assert_eq!(code(block_on(register(&store, &same_idp))), "entity");
    let same_name = registration(draft("c-1", "globex", Policy::strict()));
    assert_eq!(code(block_on(register(&store, &same_name))), "id");
    let elsewhere = registration(draft("c-3", "globex", Policy::strict()));
    assert_eq!(code(block_on(register(&store, &elsewhere))), "done");
    block_on(store.remove(&OrganizationId::new("acme"), first.connection().id())).unwrap();
    assert_eq!(code(block_on(register(&store, &first))), "id");
    assert_eq!(code(block_on(register(&store, &same_idp))), "done");
    assert_ne!(new_connection_id().unwrap(), new_connection_id().unwrap());
}

#[test]
fn settings_of_another_connection_are_refused() {
    let (one, two) = (draft("c-1", "acme", Policy::strict()), draft("c-2", "acme", Policy::strict()));
    let refused = Registration::new(one.clone(), onboarding(&two), Source::Fields).unwrap_err();
    assert!(matches!(refused, ConfigError::Value { field: "onboarding", .. }));
    let elsewhere = draft("c-1", "globex", Policy::strict());
    assert!(Registration::new(one.clone(), onboarding(&elsewhere), Source::Fields).is_err());
    let good = registration(one);
    assert!(good.clone().with_connection(two).is_err());
    assert!(good.clone().with_onboarding(onboarding(good.connection())).is_ok());
}

#[test]
fn a_registration_comes_back_from_its_bytes() {
    let (_, source) = fetched(&Fetcher::document(&idp().metadata())).unwrap();
    let connection = draft("c-1", "acme", Policy::strict());
    let mapping = onboarding(&connection).mapping().clone();
    let settings = |joining| Provisioning::new(&connection, joining, Role::new("member"));
    let all = [
        settings(Joining::JustInTime),
        settings(Joining::InvitedOnly)
            .granting(Role::new("admin"))
            .with_role_sync(RoleSync::EveryLogin(MissingRole::Keep)),
        settings(Joining::Off)
            .with_role_sync(RoleSync::EveryLogin(MissingRole::Refuse))
            .with_removed_members(RemovedMembers::Rejoin)
            .reconfirming_before(now())
            .reconfirming_dormant(chrono::TimeDelta::days(90)),
    ];
    for settings in all {
        for source in [Source::Fields, Source::Document, source.clone()] {
            let onboarding = Onboarding::new(mapping.clone(), settings.clone());
            let registration = Registration::new(connection.clone(), onboarding, source).unwrap();
            let bytes = registration.to_bytes();
            assert_eq!(Registration::from_bytes(&bytes), Ok(registration));
            for cut in 0..bytes.len() {
                assert!(Registration::from_bytes(&bytes[..cut]).is_err());
            }
            assert_eq!(Registration::from_bytes(&[&bytes[..], &[0]].concat()), Err(StoredError::Damaged));
        }
    }
}

/// PRV-005: the proof of a domain is the host's, each time anew.
#[test]
fn a_proven_domain_is_not_stored() {
    let connection = draft("c-1", "acme", Policy::strict());
    let plain = onboarding(&connection);
    let until = now() + chrono::TimeDelta::days(1);
    let domain = ProvenDomain::new(OrganizationId::new("acme"), "corp.example", until).unwrap();
    let proven = Onboarding::new(plain.mapping().clone(), plain.provisioning().clone().with_proven_domain(domain));
    assert_ne!(proven, plain);
    assert_eq!(Onboarding::from_bytes(&proven.to_bytes()), Ok(plain));
}

/// FLW-006, FLW-031: whoever is signed in when a test or a link comes back has to be who started it.
#[test]
fn a_login_for_an_account_is_returned_to_it() {
    let store = MemoryStore::new();
    let (sp, connection) = (sp("acme"), draft("c-1", "acme", Policy::strict()));
    let finished = || {
        let start = LoginStart::default().with_purpose(Purpose::Test).with_account(AccountId::new("u1"));
        let started = block_on(start_login(&store, &sp, &connection, start, now())).unwrap();
        let xml = idp().answer(&started.send, sp.acs_url(), now()).unwrap().name_id("alice").xml().unwrap();
        let form = BASE64_STANDARD.encode(xml);
        let arrival = Arrival { saml_response: &form, relay_state: None, cookie: Some(started.cookie.value()) };
        match block_on(finish_login(&store, &sp, std::slice::from_ref(&connection), arrival, now())).unwrap() {
            Arrived::Finished(finished) => finished,
            Arrived::Restarted(_) => panic!("restarted"),
        }
    };
    assert_eq!(finished().into_test().unwrap_err().code(), "flow.account");
    assert_eq!(finished().returned_to(None).unwrap_err().code(), "flow.account");
    assert_eq!(finished().returned_to(Some(&AccountId::new("u2"))).unwrap_err().code(), "flow.account");
    assert!(finished().returned_to(Some(&AccountId::new("u1"))).unwrap().into_test().is_ok());
}

/// PRV-032: other keys under the same name are another identity provider until they were tried out.
#[test]
fn an_active_connection_whose_keys_are_replaced_is_a_draft() {
    let id = ConnectionId::new("c-1");
    let fields = |keys: &[TestKey]| {
        let fields = IdentityProvider::builder(IDP, "https://idp.example.com/sso");
        keys.iter().fold(fields, |fields, key| fields.certificate(key.certificate_pem())).build().unwrap()
    };
    let old = fields(&[TestKey::Rsa]);
    let active = Connection::preconfigured(id, OrganizationId::new("acme"), old, Policy::strict()).unwrap();
    let status = |provider| active.clone().with_identity_provider(provider).unwrap().status();
    assert_eq!(status(fields(&[TestKey::Rsa, TestKey::P256])), ConnectionStatus::Active);
    assert_eq!(status(fields(&[TestKey::P256])), ConnectionStatus::Draft);
    let renamed = IdentityProvider::builder("https://other.example/", "https://idp.example.com/sso");
    assert_eq!(status(renamed.certificate(TestKey::Rsa.certificate_pem()).build().unwrap()), ConnectionStatus::Draft);
}
