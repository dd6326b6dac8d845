//! Metadata that is followed: what is taken, what is held, what is refused, and a year of it. ATTACKS L.

use std::sync::Mutex;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use saml_sp::fetch::{FetchError, Fetched, MetadataFetcher, MetadataUrl, Validators};
use saml_sp::flow::{
    Arrival, Arrived, FlowError, RefreshOutcome, Refreshed, RegistrationError, activate, approve_change, block_on,
    fetch_identity_provider, finish_login, refresh, refresh_due, register, reject_change, replace, start_login,
};
use saml_sp::login::LoginStart;
use saml_sp::mapping::{AttributeMap, Role, Source as Field};
use saml_sp::metadata::{ChangeVerdict, EntityChoice, MetadataChange, MetadataTrust, MetadataWarning};
use saml_sp::provisioning::{Joining, Onboarding, Provisioning};
use saml_sp::registration::{ChangeDigest, Decision, Registration, RegistrationWarning};
use saml_sp::storage::{ConnectionStore, Registered, Replaced, Store};
use saml_sp::testing::{FakeIdp, MemoryStore, TestKey, sign_template, signature_template};
use saml_sp::{
    AccountId, Connection, ConnectionId, ConnectionStatus, OrganizationId, Policy, Purpose, ServiceProvider,
    SpSettings, StoredError,
};

use crate::kit::{IDP, now, organization};

const HOST: &str = "idp.example.com";

/// What is behind the URL.
struct Web(Mutex<Answer>);

struct Answer {
    document: Result<String, FetchError>,
    host: &'static str,
    /// What was asked with, last.
    known: Option<Validators>,
}

impl Web {
    fn new(document: String) -> Self {
        Self(Mutex::new(Answer { document: Ok(document), host: HOST, known: None }))
    }

    fn publish(&self, document: String) {
        self.0.lock().unwrap().document = Ok(document);
    }

    fn fail(&self, error: FetchError) {
        self.0.lock().unwrap().document = Err(error);
    }

    fn move_to(&self, host: &'static str) {
        self.0.lock().unwrap().host = host;
    }
}

impl MetadataFetcher for Web {
    async fn fetch(&self, url: &MetadataUrl, known: &Validators) -> Result<Fetched, FetchError> {
        let mut answer = self.0.lock().unwrap();
        answer.known = Some(known.clone());
        let document = answer.document.clone()?;
        let etag = format!("\"{}-{}\"", document.len(), document.bytes().map(u64::from).sum::<u64>());
        if known.etag() == Some(etag.as_str()) {
            return Ok(Fetched::NotModified);
        }
        let final_url = MetadataUrl::new(&url.as_str().replace(HOST, answer.host)).unwrap();
        let validators = Validators::none().with_etag(&etag);
        Ok(Fetched::Document { octets: document.into_bytes(), validators, final_url })
    }
}

fn idp(key: TestKey) -> FakeIdp {
    FakeIdp::with_key(IDP, key.signing_key().unwrap())
}

/// The metadata with those keys.
fn metadata(keys: &[TestKey]) -> String {
    let [first, rest @ ..] = keys else { panic!("no keys") };
    let document = idp(*first).metadata();
    let end = "</md:KeyDescriptor>";
    let start = document.find("<md:KeyDescriptor").unwrap();
    let descriptor = |key: &TestKey| {
        let one = idp(*key).metadata();
        one[one.find("<md:KeyDescriptor").unwrap()..one.find(end).unwrap() + end.len()].to_owned()
    };
    let rest: String = rest.iter().map(descriptor).collect();
    [&document[..start], &rest, &document[start..]].concat()
}

fn with_attributes(document: &str, attributes: &str) -> String {
    document.replacen(" entityID=", &format!(" {attributes} entityID="), 1)
}

fn until(document: &str, until: DateTime<Utc>) -> String {
    with_attributes(document, &format!("validUntil=\"{}\"", until.format("%Y-%m-%dT%H:%M:%SZ")))
}

/// A signed document; the digest and the signature are its own key's, which is not that of any identity provider.
fn signed(document: &str, key: TestKey) -> String {
    let with_id = with_attributes(document, "ID=\"_md\"");
    let at = with_id.find('>').unwrap() + 1;
    let key = key.signing_key().unwrap();
    let signature = signature_template("_md", &key);
    sign_template(&[&with_id[..at], &signature, &with_id[at..]].concat(), &key).unwrap()
}

/// A store with one active connection that was registered by URL.
struct Site {
    store: MemoryStore,
    web: Web,
}

impl Site {
    fn new(document: String) -> Self {
        Self::trusting(document, MetadataTrust::ObtainedSecurely)
    }

    fn trusting(document: String, trust: MetadataTrust) -> Self {
        let (store, web) = (MemoryStore::new(), Web::new(document));
        let url = MetadataUrl::new(&format!("https://{HOST}/metadata")).unwrap();
        let fetched = fetch_identity_provider(&web, &url, &EntityChoice::Only, &trust, now());
        let (provider, source) = block_on(fetched).unwrap();
        let connection =
            Connection::preconfigured(ConnectionId::new("acme-1"), organization(), provider, Policy::strict()).unwrap();
        let mapping = AttributeMap::builder([Field::VouchedNameId], [Field::attribute("mail")]).build().unwrap();
        let settings = Provisioning::new(&connection, Joining::JustInTime, Role::new("member"));
        let registration = Registration::new(connection, Onboarding::new(mapping, settings), source).unwrap();
        block_on(register(&store, &registration)).unwrap();
        Self { store, web }
    }

    fn stored(&self) -> Registration {
        let mut stored = block_on(self.store.registrations(&organization())).unwrap();
        stored.pop().unwrap()
    }

    fn refresh(&self, now: DateTime<Utc>) -> Refreshed {
        let refreshed = block_on(refresh(&self.store, &self.web, &self.stored(), now)).unwrap();
        assert_eq!(refreshed.registration, self.stored());
        refreshed
    }

    #[track_caller]
    fn fails(&self, now: DateTime<Utc>, code: &str) {
        let before = self.stored();
        match self.refresh(now).outcome {
            RefreshOutcome::Failed(error) => assert_eq!(error.code(), code),
            other => panic!("{other:?} instead of {code}"),
        }
        assert_eq!(self.stored().connection(), before.connection(), "what is known is used on");
    }

    #[track_caller]
    fn changes(&self, now: DateTime<Utc>) -> Vec<MetadataChange> {
        match self.refresh(now).outcome {
            RefreshOutcome::Changed(changes) => changes,
            other => panic!("{other:?}"),
        }
    }

    #[track_caller]
    fn unchanged(&self, now: DateTime<Utc>) {
        let outcome = self.refresh(now).outcome;
        assert!(matches!(outcome, RefreshOutcome::Unchanged), "{outcome:?}");
    }

    /// What is in use stays what it was.
    #[track_caller]
    fn holds(&self, now: DateTime<Utc>) -> (Vec<MetadataChange>, ChangeDigest) {
        let before = self.stored();
        let RefreshOutcome::Held(held) = self.refresh(now).outcome else { panic!("not held") };
        assert_eq!(self.stored().connection(), before.connection());
        assert!(held.changes().iter().any(|change| change.verdict() == ChangeVerdict::Hold));
        assert!(held.changes().iter().all(|change| !change.to_string().is_empty()));
        (held.changes().to_vec(), held.digest().clone())
    }

    /// A login through the identity provider with that key.
    fn login(&self, key: TestKey, now: DateTime<Utc>) -> Result<(), &'static str> {
        let (connection, _) = self.stored().into_parts();
        let sp = sp();
        let started =
            block_on(start_login(&self.store, &sp, &connection, LoginStart::default(), now)).map_err(|error| {
                match error {
                    FlowError::Start(saml_sp::login::StartError::Refused(rejection)) => rejection.code(),
                    _ => "another",
                }
            })?;
        let xml = idp(key).answer(&started.send, sp.acs_url(), now).unwrap().name_id("alice").xml().unwrap();
        let form = BASE64_STANDARD.encode(xml);
        let arrival = Arrival { saml_response: &form, relay_state: None, cookie: Some(started.cookie.value()) };
        match block_on(finish_login(&self.store, &sp, std::slice::from_ref(&connection), arrival, now)) {
            Ok(_) => Ok(()),
            Err(FlowError::Rejected(rejection)) => Err(rejection.code()),
            Err(_) => Err("another"),
        }
    }
}

fn sp() -> ServiceProvider {
    let settings = SpSettings::builder("https://app.example.com").build().unwrap();
    settings.service_provider(organization(), "acme").unwrap().build().unwrap()
}

fn hours(hours: i64) -> DateTime<Utc> {
    now() + TimeDelta::hours(hours)
}

fn kinds(changes: &[MetadataChange]) -> Vec<&'static str> {
    let kind = |change: &MetadataChange| match change {
        MetadataChange::EntityId { .. } => "entity",
        MetadataChange::EveryKeyReplaced => "every key",
        MetadataChange::KeyAdded { .. } => "+key",
        MetadataChange::KeyRemoved { .. } => "-key",
        MetadataChange::EndpointAdded { .. } => "+endpoint",
        MetadataChange::EndpointRemoved { .. } => "-endpoint",
        MetadataChange::EndpointHost { .. } => "host",
        MetadataChange::BindingLost { .. } => "binding",
        MetadataChange::AuthnRequestSigning(_) => "signing",
        MetadataChange::MetadataHost { .. } => "metadata host",
        _ => "another",
    };
    changes.iter().map(kind).collect()
}

#[test]
fn a_rollover_is_followed() {
    let site = Site::new(metadata(&[TestKey::P256]));
    site.unchanged(hours(1));
    assert_eq!(site.web.0.lock().unwrap().known.as_ref().unwrap().etag(), site.stored_etag());
    site.web.publish(metadata(&[TestKey::P256, TestKey::OtherP256]));
    assert_eq!(site.login(TestKey::OtherP256, hours(2)), Err("dsig.signature_invalid"));
    assert_eq!(kinds(&site.changes(hours(2))), ["+key"]);
    for key in [TestKey::P256, TestKey::OtherP256] {
        assert_eq!(site.login(key, hours(2)), Ok(()));
    }
    site.web.publish(metadata(&[TestKey::OtherP256]));
    assert_eq!(kinds(&site.changes(hours(3))), ["-key"]);
    assert_eq!(site.login(TestKey::P256, hours(3)), Err("dsig.signature_invalid"));
    assert_eq!(site.login(TestKey::OtherP256, hours(3)), Ok(()));
}

impl Site {
    fn stored_etag(&self) -> Option<&'static str> {
        let registration = self.stored();
        let saml_sp::registration::Source::Url(fetch) = registration.source() else { panic!() };
        fetch.validators().etag().map(|etag| &*etag.to_owned().leak())
    }
}

/// MD-003: what is published is another entity, or other keys; DESIGN 5: taken by approval of what was shown, or not at all.
#[test]
fn what_could_be_an_attack_is_held() {
    let good = metadata(&[TestKey::P256]);
    let swapped = metadata(&[TestKey::OtherP256]);
    let sso = "https://idp.example.com/sso";
    let cases = [
        (swapped.clone(), vec!["every key", "+key", "-key"]),
        (good.replace("entityID=\"https://idp.example.com/\"", "entityID=\"https://other.example/\""), vec!["entity"]),
        (
            good.replace(
                &format!("HTTP-Redirect\" Location=\"{sso}"),
                "HTTP-Redirect\" Location=\"https://evil.example/sso",
            ),
            vec!["+endpoint", "-endpoint", "host"],
        ),
        (
            good.replace(&format!("HTTP-POST\" Location=\"{sso}"), "HTTP-POST\" Location=\"http://idp.example.com/sso"),
            vec!["+endpoint", "-endpoint", "host"],
        ),
    ];
    for (published, expected) in cases {
        let site = Site::new(good.clone());
        assert_ne!(published, good);
        site.web.publish(published);
        let (changes, _) = site.holds(hours(1));
        assert_eq!(kinds(&changes), expected);
        assert_eq!(site.login(TestKey::P256, hours(1)), Ok(()));
        assert_eq!(site.login(TestKey::OtherP256, hours(1)), Err("dsig.signature_invalid"));
        assert!(site.stored().warnings(hours(1)).contains(&RegistrationWarning::ChangeWaiting { since: hours(1) }));
        // The server says that nothing has changed since.
        site.holds(hours(2));
        assert_eq!(site.stored().held_change().unwrap().since(), hours(1));
        site.web.publish(good.clone());
        site.unchanged(hours(3));
        assert_eq!(site.stored().held_change(), None);
    }
}

#[test]
fn what_is_no_attack_is_taken() {
    let good = metadata(&[TestKey::P256]);
    let redirect = "<md:SingleSignOnService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\" Location=\"https://idp.example.com/sso\"/>";
    assert!(good.contains(redirect));
    let cases = [
        (good.replace(redirect, ""), vec!["-endpoint", "binding"]),
        (good.replace("com/sso", "com/sso2"), vec!["+endpoint", "+endpoint", "-endpoint", "-endpoint"]),
        (good.replace("protocolS", "WantAuthnRequestsSigned=\"true\" protocolS"), vec!["signing"]),
        (
            good.replace(
                redirect,
                &[redirect, &redirect.replace("HTTP-Redirect", "SOAP").replace("com/", "com:8443/")].concat(),
            ),
            vec!["+endpoint"],
        ),
        (metadata(&[TestKey::Rsa, TestKey::P256]), vec!["+key"]),
    ];
    for (published, expected) in cases {
        let site = Site::new(good.clone());
        site.web.publish(published);
        assert_eq!(kinds(&site.changes(hours(1))), expected);
        site.unchanged(hours(2));
    }
    let site = Site::new(metadata(&[TestKey::P256, TestKey::Rsa]));
    site.web.publish(metadata(&[TestKey::Rsa, TestKey::P256]));
    site.unchanged(hours(1));
}

#[test]
fn what_was_shown_is_what_is_approved() {
    let site = Site::new(metadata(&[TestKey::P256]));
    let (acme, id) = (organization(), ConnectionId::new("acme-1"));
    let approve = |digest: &ChangeDigest| block_on(approve_change(&site.store, &acme, &id, digest));
    let changed = |result| matches!(result, Err(RegistrationError::Changed));
    site.web.publish(metadata(&[TestKey::Rsa]));
    let (_, shown) = site.holds(hours(1));
    site.web.publish(metadata(&[TestKey::OtherP256]));
    let (_, now_shown) = site.holds(hours(2));
    assert!(changed(approve(&shown)), "something else is published by now");
    assert!(changed(approve(&ChangeDigest::new(""))));
    let elsewhere = OrganizationId::new("globex");
    assert!(changed(block_on(approve_change(&site.store, &elsewhere, &id, &now_shown))), "MD-018");
    let rejected = block_on(reject_change(&site.store, &acme, &id, &now_shown)).unwrap();
    assert_eq!(rejected.held_change().unwrap().decision(), Decision::Rejected);
    site.holds(hours(3));
    assert!(site.stored().warnings(hours(3)).contains(&RegistrationWarning::ChangeRejected { since: hours(2) }));
    let approved = approve(&now_shown).unwrap();
    assert_eq!(approve(&now_shown).unwrap(), approved, "safe to repeat");
    assert_eq!((site.stored(), approved.held_change()), (approved.clone(), None));
    // PRV-032: nothing that was trusted goes on.
    assert_eq!(approved.connection().status(), ConnectionStatus::Draft);
    assert_eq!(site.login(TestKey::OtherP256, hours(3)), Err("flow.connection_draft"));
    site.unchanged(hours(4));
}

#[test]
fn a_test_login_activates_what_was_approved() {
    let site = Site::new(metadata(&[TestKey::P256]));
    site.web.publish(metadata(&[TestKey::OtherP256]));
    let (_, digest) = site.holds(hours(1));
    block_on(approve_change(&site.store, &organization(), &ConnectionId::new("acme-1"), &digest)).unwrap();
    let (connection, sp) = (site.stored().into_parts().0, sp());
    let start = LoginStart::default().with_purpose(Purpose::Test).with_account(AccountId::new("admin"));
    let started = block_on(start_login(&site.store, &sp, &connection, start, hours(1))).unwrap();
    let idp = idp(TestKey::OtherP256);
    let answer = idp.answer(&started.send, sp.acs_url(), hours(1)).unwrap();
    let form = BASE64_STANDARD.encode(answer.name_id("alice").xml().unwrap());
    let arrival = Arrival { saml_response: &form, relay_state: None, cookie: Some(started.cookie.value()) };
    let arrived = finish_login(&site.store, &sp, std::slice::from_ref(&connection), arrival, hours(1));
    let Arrived::Finished(finished) = block_on(arrived).unwrap() else { panic!() };
    let tested = finished.returned_to(Some(&AccountId::new("admin"))).unwrap().into_test().unwrap();
    // Asked for again meanwhile: what was tried out is still what it is.
    site.unchanged(hours(2));
    block_on(activate(&site.store, &tested)).unwrap();
    assert_eq!(site.login(TestKey::OtherP256, hours(2)), Ok(()));
}

/// A redirect to elsewhere, and a new key from there: taken only when a signature proves it.
#[test]
fn a_key_from_another_host_is_held_unless_it_is_signed() {
    let (old, new) = (metadata(&[TestKey::P256]), metadata(&[TestKey::P256, TestKey::OtherP256]));
    let site = Site::new(old.clone());
    site.web.move_to("cdn.example.net");
    site.unchanged(hours(1));
    site.web.publish(new.clone());
    assert_eq!(kinds(&site.holds(hours(2)).0), ["+key", "metadata host"]);
    site.web.move_to(HOST);
    site.web.publish(format!("{new}\n"));
    assert_eq!(kinds(&site.changes(hours(3))), ["+key"]);

    let trust = MetadataTrust::SignedBy(vec![TestKey::Rsa.signing_key().unwrap().verifying_key().clone()]);
    let site = Site::trusting(signed(&old, TestKey::Rsa), trust);
    site.web.move_to("cdn.example.net");
    site.web.publish(new.clone());
    site.fails(hours(1), "metadata.unsigned");
    site.web.publish(signed(&new, TestKey::OtherRsa));
    site.fails(hours(2), "dsig.signature_invalid");
    site.web.publish(signed(&new, TestKey::Rsa));
    assert_eq!(kinds(&site.changes(hours(3))), ["+key"]);
}

#[test]
fn md_007_older_metadata_is_refused() {
    let (old_keys, new_keys) = (metadata(&[TestKey::Rsa]), metadata(&[TestKey::Rsa, TestKey::P256]));
    let trust = MetadataTrust::SignedBy(vec![TestKey::OtherRsa.signing_key().unwrap().verifying_key().clone()]);
    let publish = |document: &str| signed(document, TestKey::OtherRsa);
    let (old, new) = (publish(&until(&old_keys, hours(200))), publish(&until(&new_keys, hours(300))));
    let site = Site::trusting(new.clone(), trust);
    for older in [&old, &publish(&old_keys)] {
        site.web.publish(older.clone());
        site.fails(hours(1), "metadata.rollback");
        assert_eq!(site.login(TestKey::P256, hours(1)), Ok(()), "the key of the newer document");
    }
    site.web.publish(new);
    site.unchanged(hours(2));
    site.web.publish(publish(&until(&old_keys, hours(301))));
    assert_eq!(kinds(&site.changes(hours(3))), ["-key"]);

    let site = Site::new(until(&new_keys, hours(300)));
    site.web.publish(until(&old_keys, hours(299)));
    site.fails(hours(1), "metadata.rollback");
    site.web.publish(old_keys);
    assert_eq!(kinds(&site.changes(hours(2))), ["-key"], "the channel is what is trusted");
}

#[test]
fn md_023_what_is_known_is_used_until_it_expires() {
    let document = metadata(&[TestKey::P256]);
    let site = Site::new(until(&document, hours(48)));
    let broken = [
        Err(FetchError::Timeout),
        Ok(String::new()),
        Ok("<html/>".to_owned()),
        Ok(document.replace("IDPSSODescriptor", "SPSSODescriptor")),
        Ok(document.replace("KeyDescriptor use=\"signing\"", "KeyDescriptor use=\"encryption\"")),
    ];
    let codes =
        ["fetch.timeout", "xml.not_well_formed", "schema.element", "metadata.no_idp", "metadata.no_signing_key"];
    for (hour, (answer, code)) in broken.into_iter().zip(codes).enumerate() {
        match answer {
            Ok(document) => site.web.publish(document),
            Err(error) => site.web.fail(error),
        }
        site.fails(hours(1 + hour as i64), code);
    }
    let warnings = site.stored().warnings(hours(6));
    let failing = RegistrationWarning::RefreshFailing {
        since: hours(1),
        attempts: 5,
        code: "metadata.no_signing_key".to_owned(),
    };
    let soon = MetadataWarning::MetadataExpiresSoon { valid_until: hours(48) };
    assert!(warnings.contains(&failing) && warnings.contains(&RegistrationWarning::Metadata(soon)));
    let last = hours(48) - TimeDelta::seconds(1);
    assert_eq!(site.login(TestKey::P256, last), Ok(()));
    assert_eq!(site.login(TestKey::P256, hours(48)), Err("metadata.expired"));
    // A document that is as old is no help, a new one is.
    site.web.publish(until(&document, hours(48)));
    site.fails(hours(48), "metadata.expired");
    site.web.publish(until(&document, hours(96)));
    site.unchanged(hours(49));
    assert_eq!(site.login(TestKey::P256, hours(49)), Ok(()));
    assert!(
        !site
            .stored()
            .warnings(hours(49))
            .iter()
            .any(|warning| matches!(warning, RegistrationWarning::RefreshFailing { .. }))
    );
    // The server insists that nothing has changed: asked for whole after the first time.
    site.fails_not_modified();
}

impl Site {
    fn fails_not_modified(&self) {
        self.fails(hours(96), "metadata.expired");
        assert!(self.stored_etag().is_some());
        self.fails(hours(97), "metadata.expired");
        assert!(self.web.0.lock().unwrap().known.as_ref().unwrap().is_empty());
    }
}

#[cfg(feature = "tracing")]
#[test]
fn what_a_refresh_changes_is_reported_once() {
    use crate::events::heard;
    let site = Site::new(metadata(&[TestKey::P256]));
    site.web.publish(metadata(&[TestKey::P256, TestKey::OtherP256]));
    let taken = heard(|| drop(site.changes(hours(1))));
    assert_eq!(taken, ["connection=acme-1 event=new_key", "connection=acme-1 event=metadata_changed"]);
    assert!(heard(|| site.unchanged(hours(2))).is_empty());
    site.web.publish(metadata(&[TestKey::Rsa]));
    assert_eq!(heard(|| drop(site.holds(hours(3)))), ["connection=acme-1 event=metadata_held"]);
    assert!(heard(|| drop(site.holds(hours(4)))).is_empty());
}

/// Says "not modified" even to who has nothing.
struct Unmoved;

impl MetadataFetcher for Unmoved {
    async fn fetch(&self, _: &MetadataUrl, _: &Validators) -> Result<Fetched, FetchError> {
        Ok(Fetched::NotModified)
    }
}

#[test]
fn not_modified_is_no_answer_to_who_asked_for_the_whole() {
    let site = Site::new(metadata(&[TestKey::P256]));
    let ask = |hour| block_on(refresh(&site.store, &Unmoved, &site.stored(), hours(hour))).unwrap().outcome;
    assert!(matches!(ask(1), RefreshOutcome::Unchanged));
    site.web.fail(FetchError::Timeout);
    site.fails(hours(2), "fetch.timeout");
    let RefreshOutcome::Failed(error) = ask(3) else { panic!("taken for an answer") };
    assert_eq!(error.code(), "fetch.status");
}

/// What was pasted can't be renewed by anybody but an administrator, who is warned.
#[test]
fn what_was_pasted_is_used_on() {
    let site = Site::new(until(&metadata(&[TestKey::P256]), hours(48)));
    let old = site.stored();
    let (connection, onboarding) = old.clone().into_parts();
    let pasted = Registration::new(connection, onboarding, saml_sp::registration::Source::Document).unwrap();
    assert!(matches!(block_on(refresh(&site.store, &site.web, &pasted, hours(1))), Err(RegistrationError::NoUrl)));
    block_on(replace(&site.store, &old, &pasted)).unwrap();
    assert_eq!((site.stored().refresh_at(), site.login(TestKey::P256, hours(48))), (None, Ok(())));
    let warnings = site.stored().warnings(hours(48));
    let expired = MetadataWarning::MetadataExpired { valid_until: hours(48) };
    assert!(warnings.contains(&RegistrationWarning::Metadata(expired)));
    assert!(warnings.contains(&RegistrationWarning::NotFollowed));
}

/// MD-006: what the publisher says is bounded.
#[test]
fn md_006_when_it_is_due() {
    let minutes = |attributes: &str| {
        let site = Site::new(with_attributes(&metadata(&[TestKey::P256]), attributes));
        (site.stored().refresh_at().unwrap() - now()).num_minutes()
    };
    let in_hours = |count: i64| format!("validUntil=\"{}\"", hours(count).format("%Y-%m-%dT%H:%M:%SZ"));
    let cases = [
        ("".to_owned(), 360),
        ("cacheDuration=\"PT1S\"".to_owned(), 15),
        ("cacheDuration=\"PT2H\"".to_owned(), 120),
        ("cacheDuration=\"P900Y\"".to_owned(), 1440),
        (in_hours(4), 120),
        (in_hours(4) + " cacheDuration=\"PT1H\"", 60),
        (in_hours(9000), 360),
    ];
    for (attributes, most) in cases {
        let found = minutes(&attributes);
        assert!((most * 9 / 10 - 1..=most).contains(&found), "{attributes}: {found} minutes");
        assert_eq!(found, minutes(&attributes), "the same each time");
    }
    let site = Site::new(metadata(&[TestKey::P256]));
    site.web.fail(FetchError::Dns);
    let mut waits = Vec::new();
    let mut at = now();
    for _ in 0..9 {
        at = site.stored().refresh_at().unwrap();
        assert!(block_on(refresh_due(&site.store, &site.web, at - TimeDelta::seconds(1))).unwrap().is_none());
        assert!(block_on(refresh_due(&site.store, &site.web, at)).unwrap().is_some());
        waits.push((site.stored().refresh_at().unwrap() - at).num_minutes());
    }
    assert!(waits.windows(2).all(|pair| pair[0] < pair[1] || pair[1] > 300), "{waits:?}");
    assert!((4..=5).contains(&waits[0]) && waits[8] <= 360, "{waits:?}");
    let old = site.stored();
    let off = old.clone().with_connection(old.connection().clone().disabled()).unwrap();
    block_on(replace(&site.store, &old, &off)).unwrap();
    assert!(block_on(refresh_due(&site.store, &site.web, at + TimeDelta::days(9))).unwrap().is_none());
}

/// Somebody changes the policy while the document is on its way.
#[test]
fn a_refresh_does_not_undo_what_somebody_else_did() {
    let site = Site::new(metadata(&[TestKey::P256]));
    let old = site.stored();
    let off = old.clone().with_connection(old.connection().clone().disabled()).unwrap();
    block_on(replace(&site.store, &old, &off)).unwrap();
    site.web.publish(metadata(&[TestKey::P256, TestKey::Rsa]));
    let refreshed = block_on(refresh(&site.store, &site.web, &old, hours(1))).unwrap();
    assert!(matches!(refreshed.outcome, RefreshOutcome::Superseded));
    assert_eq!(site.stored(), off);
}

#[test]
fn a_registration_with_all_of_it_comes_back_from_its_bytes() {
    let site = Site::new(until(&metadata(&[TestKey::P256]), hours(48)));
    site.web.publish(metadata(&[TestKey::Rsa]));
    site.holds(hours(1));
    site.web.fail(FetchError::Timeout);
    site.fails(hours(2), "fetch.timeout");
    let registration = site.stored();
    assert!(registration.held_change().is_some());
    let bytes = registration.to_bytes();
    assert_eq!(Registration::from_bytes(&bytes), Ok(registration));
    for cut in 0..bytes.len() {
        assert!(Registration::from_bytes(&bytes[..cut]).is_err());
    }
}

/// Two rollovers, an outage of five days, and a URL that serves somebody else's keys for three.
#[test]
fn a_year() {
    let [first, second, third, thief] = [TestKey::P256, TestKey::OtherP256, TestKey::OtherRsa, TestKey::Rsa];
    let day = |hour: i64| hour / 24;
    let published = |hour: i64| match day(hour) {
        0..60 => vec![first],
        60..74 => vec![first, second],
        200..203 => vec![thief],
        74..280 => vec![second],
        280..294 => vec![second, third],
        _ => vec![third],
    };
    let signing = |hour: i64| match day(hour) {
        0..67 => first,
        67..287 => second,
        _ => third,
    };
    let document = |hour: i64| {
        // Renewed once a day, good for a fortnight.
        let document = until(&metadata(&published(hour)), hours(day(hour) * 24 + 14 * 24));
        with_attributes(&document, "cacheDuration=\"PT6H\"")
    };
    let site = Site::new(document(0));
    let (mut lost, mut stolen, mut held, mut logins) = (0, 0, 0, 0);
    for hour in 0..365 * 24 {
        match day(hour) {
            120..125 => site.web.fail(FetchError::Connection { kind: std::io::ErrorKind::ConnectionRefused }),
            _ if hour % 24 == 0 => site.web.publish(document(hour)),
            _ => {}
        }
        while let Some(refreshed) = block_on(refresh_due(&site.store, &site.web, hours(hour))).unwrap() {
            match (day(hour), &refreshed.outcome) {
                (200..204, RefreshOutcome::Held(change)) => {
                    held += 1;
                    assert!(change.changes().contains(&MetadataChange::EveryKeyReplaced));
                }
                (120..125, RefreshOutcome::Failed(_)) => {}
                (_, RefreshOutcome::Unchanged | RefreshOutcome::Changed(_)) => {}
                (day, outcome) => panic!("day {day}: {outcome:?}"),
            }
        }
        if hour % 24 == 7 {
            logins += 1;
            lost += i32::from(site.login(signing(hour), hours(hour)).is_err());
        }
        if (200..204).contains(&day(hour)) && hour % 12 == 5 {
            stolen += i32::from(site.login(thief, hours(hour)).is_ok());
        }
    }
    assert_eq!((logins, lost, stolen), (365, 0, 0));
    assert!(held > 3, "{held}");
    assert_eq!(site.stored().connection().status(), ConnectionStatus::Active);
    assert_eq!(site.stored().connection().identity_provider().signing_keys().len(), 1);
}

/// Fails a write, before or after it took effect.
struct Flaky<'s> {
    store: &'s MemoryStore,
    failing: Mutex<Option<When>>,
}

#[derive(Clone, Copy)]
enum When {
    Before,
    After,
}

impl Store for Flaky<'_> {
    type Error = StoredError;
}

impl ConnectionStore for Flaky<'_> {
    async fn organization(&self, slug: &str) -> Result<Option<OrganizationId>, StoredError> {
        self.store.organization(slug).await
    }

    async fn registrations(&self, organization: &OrganizationId) -> Result<Vec<Registration>, StoredError> {
        self.store.registrations(organization).await
    }

    async fn register(&self, registration: &Registration) -> Result<Registered, StoredError> {
        self.store.register(registration).await
    }

    async fn replace(&self, old: &Registration, new: &Registration) -> Result<Replaced, StoredError> {
        let failing = self.failing.lock().unwrap().take();
        match failing {
            None => self.store.replace(old, new).await,
            Some(When::Before) => Err(StoredError::Damaged),
            Some(When::After) => {
                self.store.replace(old, new).await?;
                Err(StoredError::Damaged)
            }
        }
    }

    async fn due(&self, now: DateTime<Utc>, most: usize) -> Result<Vec<Registration>, StoredError> {
        self.store.due(now, most).await
    }

    async fn remove(&self, organization: &OrganizationId, connection: &ConnectionId) -> Result<(), StoredError> {
        self.store.remove(organization, connection).await
    }
}

#[test]
fn steps_are_repeated_after_the_store_failed() {
    let (acme, id) = (organization(), ConnectionId::new("acme-1"));
    for when in [When::Before, When::After] {
        let site = Site::new(metadata(&[TestKey::P256]));
        let flaky = Flaky { store: &site.store, failing: Mutex::new(None) };
        let fail = || *flaky.failing.lock().unwrap() = Some(when);
        let failed = |error| matches!(error, Some(RegistrationError::Store(StoredError::Damaged)));
        let old = site.stored();
        site.web.publish(metadata(&[TestKey::P256, TestKey::Rsa]));
        fail();
        assert!(failed(block_on(refresh(&flaky, &site.web, &old, hours(1))).err()));
        let repeated = block_on(refresh(&flaky, &site.web, &old, hours(1))).unwrap();
        let RefreshOutcome::Changed(changes) = repeated.outcome else { panic!() };
        assert_eq!(kinds(&changes), ["+key"]);
        assert_eq!(repeated.registration, site.stored());

        site.web.publish(metadata(&[TestKey::OtherP256]));
        let (_, digest) = site.holds(hours(2));
        for approved in [false, true] {
            let decide = || match approved {
                false => block_on(reject_change(&flaky, &acme, &id, &digest)),
                true => block_on(approve_change(&flaky, &acme, &id, &digest)),
            };
            fail();
            assert!(failed(decide().err()));
            assert_eq!(decide().unwrap(), site.stored());
        }
        assert_eq!(site.stored().connection().status(), ConnectionStatus::Draft);
    }
}
