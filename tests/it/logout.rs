//! Single logout in both directions, from bytes to sessions that are gone. ATTACKS K.

use std::cell::Cell;

use chrono::TimeDelta;
use saml_sp::error::Outcome;
use saml_sp::flow::{FlowError, LogoutArrival, LogoutArrived, block_on, receive_logout, start_logout};
use saml_sp::login::Send;
use saml_sp::logout::{
    ConcludedLogout, FinishedLogout, LocalLogout, LogoutExtent, LogoutStart, LogoutStatus, PendingLogout, StartedLogout,
};
use saml_sp::metadata::{EndpointBinding, EntityChoice, MetadataTrust};
use saml_sp::storage::SessionStore;
use saml_sp::testing::{
    Encryption, FakeIdp, FakeLogout, MemoryStore, SignedParts, TestKey, form_value, session_store_contract,
    sign_template,
};
use saml_sp::{
    Connection, ConnectionId, EntityId, IdentityProvider, Limits, NameId, OrganizationId, Parameter, Policy, Rejection,
    Relaxation, SamlSession, SecurityEvent, ServiceProvider, SessionId, SessionIndex,
};

use crate::kit::*;

const SLS: &str = "https://app.example.com/saml/sls/acme/";
const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";

/// One organization with one identity provider, and a session of Alice's.
struct Site {
    idp: FakeIdp,
    sp: ServiceProvider,
    connections: Vec<Connection>,
    store: MemoryStore,
    /// How often alice has signed in again: each time in a session of another name.
    again: Cell<u32>,
}

type Arrived = Result<LogoutArrived, Rejection>;

impl Site {
    fn new() -> Self {
        Self::with_policy(Policy::strict())
    }

    fn with_policy(policy: Policy) -> Self {
        let idp = FakeIdp::rsa(IDP).unwrap();
        let connection = Connection::preconfigured(
            ConnectionId::new("acme-1"),
            organization(),
            idp.identity_provider().unwrap(),
            policy,
        );
        let site = Self {
            idp,
            sp: sp(),
            connections: vec![connection.unwrap()],
            store: MemoryStore::new(),
            again: Cell::new(0),
        };
        site.open(&site.session("alice", alice(), &["_session"]));
        site
    }

    fn session(&self, id: &str, name_id: NameId, indexes: &[&str]) -> SamlSession {
        let indexes = indexes.iter().map(|index| SessionIndex::new(*index)).collect();
        let connection = self.connections[0].id().clone();
        SamlSession::new(self.named(id), connection, EntityId::new(IDP), Some(name_id), indexes)
    }

    fn open(&self, session: &SamlSession) {
        block_on(self.store.open(session)).unwrap();
    }

    fn is_open(&self, id: &str) -> bool {
        self.store.is_open(&self.named(id))
    }

    fn named(&self, id: &str) -> SessionId {
        SessionId::new(if id == "alice" { format!("alice{}", self.again.get()) } else { id.to_owned() })
    }

    fn sign_in_again(&self) {
        self.again.set(self.again.get() + 1);
        self.open(&self.session("alice", alice(), &["_session"]));
    }

    fn request(&self) -> FakeLogout<'_> {
        self.idp.logout_request(SLS, &alice(), now())
    }

    fn receive(&self, arrival: LogoutArrival<'_>) -> Arrived {
        match block_on(receive_logout(&self.store, &self.sp, &self.connections, arrival, now())) {
            Ok(arrived) => Ok(arrived),
            Err(FlowError::Rejected(rejection)) => Err(rejection),
            Err(other) => panic!("{other}"),
        }
    }

    fn redirect(&self, query: &str) -> Arrived {
        self.receive(LogoutArrival::Redirect(query))
    }

    fn post_xml(&self, xml: &str) -> Arrived {
        self.post(Parameter::Request, &form_value(xml))
    }

    fn post(&self, parameter: Parameter, value: &str) -> Arrived {
        let field = |wanted| (wanted == parameter).then_some(value);
        self.receive(LogoutArrival::Post {
            saml_request: field(Parameter::Request),
            saml_response: field(Parameter::Response),
            relay_state: None,
        })
    }

    /// Over both bindings, each with its own ID.
    fn both(&self, message: impl Fn() -> FakeLogoutOf) -> [Arrived; 2] {
        let FakeLogoutOf(parameter, query, value) = message();
        let over_redirect = self.redirect(&query);
        let FakeLogoutOf(_, _, other) = message();
        assert_ne!(value, other, "random IDs");
        [over_redirect, self.post(parameter, &other)]
    }

    /// Refused over both bindings with that code, and Alice is still there.
    #[track_caller]
    fn refuse(&self, change: impl Fn() -> FakeLogoutOf, code: &str) {
        for arrived in self.both(change) {
            refused(arrived, code);
        }
        assert!(self.is_open("alice"), "{code}");
    }

    /// Done over both bindings.
    #[track_caller]
    fn accept(&self, change: impl Fn() -> FakeLogoutOf) {
        for arrived in self.both(change) {
            assert_eq!(asked(arrived).0.status(), LogoutStatus::Success);
        }
        assert!(!self.is_open("alice"));
        self.sign_in_again();
    }

    /// Starts a logout and gives back the ID of the request.
    fn start(&self) -> PendingLogout {
        let session = self.session("alice", alice(), &["_session"]);
        let start = LogoutStart::default().with_host_state("/goodbye");
        let started = block_on(start_logout(&self.store, &self.sp, &self.connections[0], &session, start, now()));
        match started.unwrap() {
            StartedLogout::Sent { keep, .. } => keep,
            StartedLogout::Local(local) => panic!("{local:?}"),
        }
    }

    fn response(&self, pending: &PendingLogout) -> FakeLogout<'_> {
        self.idp.logout_response(SLS, pending.request().as_str(), now())
    }
}

/// A message over either binding.
struct FakeLogoutOf(Parameter, String, String);

fn of(parameter: Parameter, logout: &FakeLogout<'_>) -> FakeLogoutOf {
    FakeLogoutOf(parameter, logout.query(None).unwrap(), logout.form_value().unwrap())
}

fn request(logout: FakeLogout<'_>) -> FakeLogoutOf {
    of(Parameter::Request, &logout)
}

fn sp() -> ServiceProvider {
    ServiceProvider::builder(organization(), EntityId::new(SP), ACS)
        .sls_url(SLS)
        .signing_key(TestKey::P256.signing_key().unwrap())
        .decryption_key(TestKey::OtherRsa.decryption_key().unwrap())
        .build()
        .unwrap()
}

/// Whom [`FakeIdp::response`] signs in.
fn alice() -> NameId {
    NameId::new(ALICE).with_format(EMAIL)
}

#[track_caller]
fn refused(arrived: Arrived, code: &str) -> Rejection {
    match arrived {
        Ok(arrived) => panic!("{arrived:?} instead of {code}"),
        Err(rejection) => {
            assert_eq!(rejection.code(), code, "{}", rejection.report());
            assert!(!rejection.report().to_string().contains(ALICE), "{}", rejection.report());
            assert!(!format!("{rejection:?}").contains(ALICE));
            rejection
        }
    }
}

#[track_caller]
fn asked(arrived: Arrived) -> (ConcludedLogout, Option<Send>) {
    match arrived {
        Ok(LogoutArrived::Asked { logout, send }) => (*logout, send),
        Ok(other) => panic!("{other:?}"),
        Err(rejection) => panic!("{}", rejection.report()),
    }
}

#[track_caller]
fn finished(arrived: Arrived) -> FinishedLogout {
    match arrived {
        Ok(LogoutArrived::Finished(finished)) => finished,
        Ok(other) => panic!("{other:?}"),
        Err(rejection) => panic!("{}", rejection.report()),
    }
}

#[test]
fn the_memory_store_keeps_its_contract() {
    let store = MemoryStore::new();
    block_on(session_store_contract(&store, async |session| Ok(store.is_open(session)))).unwrap();
}

/// From the login itself, not from parts.
#[test]
fn a_login_leaves_what_a_logout_request_finds() {
    let site = Site::new();
    let bench = Bench::signing(SignedParts::Both);
    let session = SamlSession::of(&bench.accept(&bench.xml()), SessionId::new("of-login"));
    assert_eq!(SamlSession::from_bytes(&session.to_bytes()), Ok(session.clone()));
    assert_eq!(session.subject(), site.session("x", alice(), &[]).subject());
    site.open(&session);
    let (logout, _) = asked(site.redirect(&site.request().session_index("_session").query(None).unwrap()));
    assert_eq!((logout.name_id(), logout.session_indexes().len()), (&alice(), 1));
    assert!(!site.is_open("of-login"));
    assert!(!format!("{logout:?}{session:?}").contains(ALICE));
}

#[test]
fn a_request_is_answered_signed_with_its_relay_state_where_the_metadata_says() {
    let site = Site::new();
    let message = site.request().id("_ask");
    let (logout, send) = asked(site.redirect(&message.query(Some("a&b=c <é>")).unwrap()));
    assert_eq!((logout.status(), logout.request_id()), (LogoutStatus::Success, "_ask"));
    assert!(
        logout
            .checks()
            .iter()
            .all(|check| *check.outcome() != Outcome::NotReached || check.rule() == saml_sp::error::Rule::LogoutStatus)
    );
    let send = send.unwrap();
    let Send::Redirect(url) = &send else { panic!("{send:?}") };
    let query = url.strip_prefix("https://idp.example.com/slo?").unwrap();
    assert!(query.contains("&RelayState=a%26b%3Dc%20%3C%C3%A9%3E&SigAlg="));
    let xml = site.idp.received(&send).unwrap();
    for part in [" InResponseTo=\"_ask\"", " Destination=\"https://idp.example.com/slo\"", ":status:Success", SP] {
        assert!(xml.contains(part), "{part} in {xml}");
    }
    // The other end's half: our key over the query.
    let ours = IdentityProvider::builder(SP, SLS).certificate(TestKey::P256.certificate_pem()).build().unwrap();
    let us = Connection::preconfigured(ConnectionId::new("us"), organization(), ours, Policy::strict()).unwrap();
    let message = saml_sp::RedirectMessage::parse(query, &Limits::message()).unwrap();
    assert!(us.verify_redirect(&message).unwrap().deviations().is_empty());
}

#[test]
fn slo_017_answers_go_to_the_response_location_over_the_published_binding() {
    let published = |binding: &str| {
        let metadata = Site::new().idp.metadata();
        let binding = format!("urn:oasis:names:tc:SAML:2.0:bindings:{binding}");
        let slo = format!(
            "<md:SingleLogoutService Binding=\"{binding}\" Location=\"https://idp.example.com/in\" ResponseLocation=\"https://idp.example.com/out\"/>"
        );
        let start = metadata.find("<md:SingleLogoutService").unwrap();
        let end = metadata.find("<md:SingleSignOnService").unwrap();
        let metadata = format!("{}{slo}{}", &metadata[..start], &metadata[end..]);
        let trust = MetadataTrust::ObtainedSecurely;
        let idp = IdentityProvider::from_metadata(metadata.as_str(), &EntityChoice::Only, &trust, now()).unwrap();
        let mut site = Site::new();
        let id = ConnectionId::new("acme-1");
        site.connections = vec![Connection::preconfigured(id, organization(), idp, Policy::strict()).unwrap()];
        site
    };
    let site = published("HTTP-POST");
    let (_, send) = asked(site.post(Parameter::Request, &site.request().form_value().unwrap()));
    let Some(Send::Post(form)) = &send else { panic!("{send:?}") };
    assert_eq!(form.action(), "https://idp.example.com/out");
    let xml = site.idp.received(send.as_ref().unwrap()).unwrap();
    assert!(xml.contains(" Destination=\"https://idp.example.com/out\"") && xml.contains("<ds:Signature"));
    let (_, send) = asked(published("HTTP-Redirect").redirect(&site.request().query(None).unwrap()));
    let Some(Send::Redirect(url)) = send else { panic!("{send:?}") };
    assert!(url.starts_with("https://idp.example.com/out?SAMLResponse="));
    // A request names no place to answer to, and without a published one nothing is sent; the sessions end.
    let site = published("SOAP");
    let (logout, send) = asked(site.redirect(&site.request().query(None).unwrap()));
    assert_eq!((logout.status(), send), (LogoutStatus::Success, None));
    assert!(!site.is_open("alice"));
}

#[test]
fn slo_001_an_unsigned_request_ends_nothing_whatever_the_policy() {
    for policy in [Policy::strict(), Policy::strict().with_relaxation(Relaxation::UnsignedLogoutResponse)] {
        let site = Site::with_policy(policy);
        site.refuse(|| request(site.request().unsigned()), "slo.unsigned");
        site.accept(|| request(site.request()));
        // SimpleSign is not implemented, and half a signature is none. BND-008, BND-024.
        let signed = site.request().query(None).unwrap();
        refused(site.redirect(signed.split("&Signature=").next().unwrap()), "binding.detached_signature_missing");
        // A signature inside counts for nothing over HTTP-Redirect. BND-027.
        let inside = site.idp.query(Parameter::Request, &site.request().xml().unwrap(), None).unwrap();
        let unsigned = inside.split("&SigAlg=").next().unwrap();
        refused(site.redirect(unsigned), "slo.unsigned");
        let message = saml_sp::RedirectMessage::parse(&inside, &Limits::message()).unwrap();
        let verified = site.connections[0].verify_redirect(&message).unwrap();
        assert_eq!(verified.deviations()[0].name(), "embedded_signature_in_redirect");
        let (logout, _) = asked(site.redirect(&inside));
        assert_eq!(logout.deviations()[0].name(), "embedded_signature_in_redirect");
    }
}

#[test]
fn slo_002_signed_by_somebody_else() {
    let site = Site::new();
    let other = FakeIdp::other_rsa(IDP).unwrap();
    let forged = || other.logout_request(SLS, &alice(), now());
    refused(site.redirect(&forged().query(None).unwrap()), "binding.detached_signature_invalid");
    refused(site.post(Parameter::Request, &forged().form_value().unwrap()), "dsig.signature_invalid");
    let ec = FakeIdp::p256(IDP).unwrap();
    let forged = ec.logout_request(SLS, &alice(), now());
    refused(site.redirect(&forged.query(None).unwrap()), "binding.detached_signature_invalid");
    refused(site.post(Parameter::Request, &forged.form_value().unwrap()), "dsig.key_algorithm_mismatch");
    assert!(site.is_open("alice"));
    site.accept(|| request(site.request()));
}

#[test]
fn slo_003_wrapping() {
    let site = Site::new();
    site.open(&site.session("admin", NameId::new(ADMIN).with_format(EMAIL), &["_session"]));
    let good = site.request().xml().unwrap();
    let evil = replace(&replace(&unsigned(&good), ALICE, ADMIN), " ID=\"_", " ID=\"_evil");
    let extensions = |part: &str| format!("<samlp:Extensions>{part}</samlp:Extensions>");
    let nested = |around: &str, inner: &str| {
        replace(around, "</saml:Issuer>", &format!("</saml:Issuer><samlp:Extensions>{inner}</samlp:Extensions>"))
    };
    let signature = element(&good, "Signature").to_owned();
    let name = element(&good, "NameID").to_owned();
    let evil_name = replace(&name, ALICE, ADMIN);
    for (xml, code) in [
        // The evil one around, the original inside Extensions, the signature inside the original.
        (nested(&evil, &good), "dsig.misplaced"),
        // The signature moved out to the evil one, the original behind it.
        (
            after(
                &replace(&evil, "</saml:Issuer>", &format!("</saml:Issuer>{signature}")),
                &signature,
                &extensions(&unsigned(&good)),
            ),
            "dsig.reference_target",
        ),
        // The original inside the signature.
        (
            replace(
                &evil,
                "</saml:Issuer>",
                &format!(
                    "</saml:Issuer>{}",
                    inside_last(&signature, &format!("<ds:Object>{}</ds:Object>", unsigned(&good)))
                ),
            ),
            "dsig.object_forbidden",
        ),
        // A second name before, after, and in Extensions.
        (before(&good, &name, &evil_name), "dsig.digest_mismatch"),
        (after(&good, &name, &evil_name), "dsig.digest_mismatch"),
        (after(&good, &signature, &extensions(&evil_name)), "dsig.digest_mismatch"),
        (replace(&good, ALICE, ADMIN), "dsig.digest_mismatch"),
        (after(&good, &signature, &signature), "dsig.multiple"),
        (inside_last(&unsigned(&good), &signature), "dsig.misplaced"),
        (replace(&good, "<samlp:LogoutRequest ", "<samlp:LogoutRequest Consent=\"x\" "), "dsig.digest_mismatch"),
    ] {
        refused(site.post_xml(&xml), code);
        assert!(site.is_open("alice") && site.is_open("admin"));
    }
    // Correctly signed, and still not one name: the reader, not the signature.
    let template = site.request().template();
    let signed = |xml: &str| sign_template(xml, site.idp.key()).unwrap();
    let template_name = element(&template, "NameID").to_owned();
    for (xml, code) in [
        (after(&template, &template_name, &evil_name), "schema.cardinality"),
        (inside(&template, "<samlp:SessionIndex>_session</samlp:SessionIndex>"), "dsig.misplaced"),
        (replace(&template, &template_name, ""), "slo.name_id"),
        (replace(&template, ALICE, " "), "slo.name_id"),
        (replace(&template, ALICE, "alice@<b/>example.com"), "schema.text"),
        (replace(&template, ALICE, "alice@<!-- -->example.com"), "xml.comment"),
        (replace(&template, "Version=\"2.0\"", "Version=\"1.1\""), "schema.version"),
        (replace(&template, "<samlp:LogoutRequest ", "<samlp:LogoutRequest Sessions=\"all\" "), "schema.attribute"),
    ] {
        // A comment can't be signed here, and is refused before any signature.
        refused(site.post_xml(&if code == "xml.comment" { xml } else { signed(&xml) }), code);
    }
    assert!(site.is_open("alice") && site.is_open("admin"));
    assert_eq!(asked(site.post_xml(&good)).0.status(), LogoutStatus::Success);
    assert!(!site.is_open("alice") && site.is_open("admin"));
}

#[test]
fn slo_004_the_issuer_is_the_identity_provider() {
    let site = Site::new();
    let issuer = format!("<saml:Issuer>{IDP}</saml:Issuer>");
    let with = |new: &str| {
        let (template, xml) = (site.request().template(), replace(&unsigned(&site.request().template()), &issuer, new));
        let signed = sign_template(&replace(&template, &issuer, new), site.idp.key()).unwrap();
        FakeLogoutOf(Parameter::Request, site.idp.query(Parameter::Request, &xml, None).unwrap(), form_value(&signed))
    };
    for issuer in [
        String::new(),
        "<saml:Issuer/>".to_owned(),
        format!("<saml:Issuer>{}</saml:Issuer>", IDP.trim_end_matches('/')),
        format!("<saml:Issuer>{}</saml:Issuer>", IDP.to_uppercase()),
        "<saml:Issuer>https://other.example.com/</saml:Issuer>".to_owned(),
    ] {
        site.refuse(|| with(&issuer), "slo.issuer");
    }
    // The look-up by an unverified Issuer passes, the rule does not.
    site.refuse(|| with(&format!("<saml:Issuer Format=\"urn:x\">{IDP}</saml:Issuer>")), "slo.issuer");
    site.accept(|| with(&format!("<saml:Issuer>\n {IDP} </saml:Issuer>")));
}

#[test]
fn slo_005_the_destination_is_this_endpoint() {
    let site = Site::new();
    let evil = [
        "",
        ACS,
        "https://app.example.com/saml/sls/acme",
        "https://app.example.com/saml/sls/acme/x",
        "http://app.example.com/saml/sls/acme/",
        "https://app.example.com/saml/sls/other/",
        "https://app.example.com/saml/sls/ACME/",
    ];
    for destination in evil {
        site.refuse(|| request(site.request().attribute("Destination", Some(destination))), "slo.destination");
    }
    site.refuse(|| request(site.request().attribute("Destination", None)), "slo.destination");
    site.accept(|| request(site.request()));
}

#[test]
fn slo_006_requests_expire() {
    let site = Site::new();
    let at = |seconds: i64| (now() + TimeDelta::seconds(seconds)).format("%Y-%m-%dT%H:%M:%SZ").to_string();
    let until = |seconds: i64| request(site.request().attribute("NotOnOrAfter", Some(&at(seconds))));
    site.refuse(|| until(-121), "slo.expired");
    site.accept(|| until(-119));
    let issued = |seconds: i64| {
        request(
            site.idp.logout_request(SLS, &alice(), now() + TimeDelta::seconds(seconds)).attribute("NotOnOrAfter", None),
        )
    };
    site.refuse(|| issued(-421), "slo.expired");
    site.accept(|| issued(-419));
    site.refuse(|| issued(121), "slo.issue_instant");
    site.accept(|| issued(119));
    for bad in ["", "bad_expiration", "2026-11-23", "2026-11-23T12:00:00"] {
        site.refuse(|| request(site.request().attribute("NotOnOrAfter", Some(bad))), "schema.date_time");
    }
}

#[test]
fn slo_007_a_request_is_good_once() {
    let site = Site::new();
    let again = site.request().id("_once");
    assert_eq!(asked(site.redirect(&again.query(None).unwrap())).0.status(), LogoutStatus::Success);
    site.sign_in_again();
    // Over the other binding, and with another RelayState: the ID is what counts.
    for arrived in [
        site.redirect(&again.query(None).unwrap()),
        site.redirect(&again.query(Some("x")).unwrap()),
        site.post(Parameter::Request, &again.form_value().unwrap()),
    ] {
        let rejection = refused(arrived, "slo.replay");
        assert_eq!(rejection.security_event(), Some(SecurityEvent::Replay));
    }
    assert!(site.is_open("alice"));
    site.accept(|| request(site.request()));
}

#[test]
fn slo_008_the_whole_name_counts() {
    let site = Site::new();
    let qualified =
        |q: Option<&str>, s: Option<&str>| alice().with_qualifiers(q.map(str::to_owned), s.map(str::to_owned));
    for name_id in [
        NameId::new(ALICE),
        NameId::new(ALICE).with_format(TRANSIENT),
        NameId::new("Alice@example.com").with_format(EMAIL),
        NameId::new(format!("{ALICE} ")).with_format(EMAIL),
        NameId::new(format!("{ALICE}.evil")).with_format(EMAIL),
        NameId::new("alice@%").with_format(EMAIL),
        qualified(Some(IDP), None),
        qualified(None, Some(SP)),
    ] {
        for arrived in site.both(|| request(site.idp.logout_request(SLS, &name_id, now()))) {
            let (logout, send) = asked(arrived);
            assert_eq!(logout.status(), LogoutStatus::UnknownPrincipal);
            assert_eq!(logout.refusal().unwrap().code(), "slo.name_id_mismatch");
            let xml = site.idp.received(&send.unwrap()).unwrap();
            assert!(xml.contains(":status:Requester\"><") && xml.contains(":status:UnknownPrincipal\""), "{xml}");
        }
        assert!(site.is_open("alice"), "{name_id:?}");
    }
    site.accept(|| request(site.request()));
}

#[test]
fn slo_009_another_organization_s_identity_provider_ends_nothing() {
    let mut site = Site::new();
    // Organization B registered an identity provider that calls itself the same, with a key of its own.
    let evil = FakeIdp::other_rsa(IDP).unwrap();
    let other = OrganizationId::new("evil");
    let id = ConnectionId::new("evil-1");
    let provider = evil.identity_provider().unwrap();
    let theirs = Connection::preconfigured(id, other.clone(), provider, Policy::strict()).unwrap();
    let sls = "https://app.example.com/saml/sls/evil/";
    let sp = ServiceProvider::builder(other, EntityId::new("https://app.example.com/saml/metadata/evil/"), ACS)
        .sls_url(sls)
        .signing_key(TestKey::P256.signing_key().unwrap())
        .build()
        .unwrap();
    let ours = std::mem::replace(&mut site.connections, vec![theirs.clone()]);
    let acme = std::mem::replace(&mut site.sp, sp);
    // At its own endpoint, about the very name and session: nobody of that connection.
    let at = |sls: &str| evil.logout_request(sls, &alice(), now()).session_index("_session");
    let (logout, _) = asked(site.redirect(&at(sls).query(None).unwrap()));
    assert_eq!(logout.refusal().unwrap().code(), "slo.name_id_mismatch");
    assert_eq!(logout.connection().as_str(), "evil-1");
    // At ours: another key. And if a host hands over connections of two organizations, the endpoint decides.
    site.sp = acme;
    site.connections = ours;
    refused(site.redirect(&at(SLS).query(None).unwrap()), "binding.detached_signature_invalid");
    let ours = std::mem::replace(&mut site.connections, vec![theirs.clone()]);
    refused(site.redirect(&at(SLS).query(None).unwrap()), "flow.connection_mismatch");
    site.connections = vec![ours[0].clone(), theirs];
    refused(site.redirect(&at(SLS).query(None).unwrap()), "flow.connection_mismatch");
    site.connections = ours;
    assert!(site.is_open("alice"));
    site.accept(|| request(site.request()));
}

/// The same over one organization's second connection: a migration, say.
#[test]
fn slo_009_another_connection_ends_nothing() {
    let mut site = Site::new();
    let second = FakeIdp::other_rsa("https://second.example.com/").unwrap();
    let provider = second.identity_provider().unwrap();
    let id = ConnectionId::new("acme-2");
    site.connections.push(Connection::preconfigured(id, organization(), provider, Policy::strict()).unwrap());
    let (logout, _) = asked(site.redirect(&second.logout_request(SLS, &alice(), now()).query(None).unwrap()));
    assert_eq!(logout.refusal().unwrap().code(), "slo.name_id_mismatch");
    assert!(site.is_open("alice"));
    site.accept(|| request(site.request()));
}

#[test]
fn slo_010_sessions_by_index() {
    let site = Site::new();
    site.open(&site.session("second", alice(), &["_second", "_more"]));
    let named = |indexes: &[&str]| {
        let message = indexes.iter().fold(site.request(), |message, index| message.session_index(index));
        asked(site.redirect(&message.query(None).unwrap())).0
    };
    for unknown in [&["%"][..], &["_%", "*"], &["_sess"], &["_SESSION"], &[" _session"]] {
        let logout = named(unknown);
        assert_eq!(logout.refusal().unwrap().code(), "slo.session_unknown", "{unknown:?}");
        assert_eq!(logout.status(), LogoutStatus::UnknownSession);
    }
    assert!(site.is_open("alice") && site.is_open("second"));
    assert_eq!(named(&["_unknown", "_more"]).status(), LogoutStatus::Success);
    assert!(site.is_open("alice") && !site.is_open("second"));
    assert_eq!(named(&["_more"]).status(), LogoutStatus::Success, "what has ended is not unknown");
    site.open(&site.session("second", alice(), &["_second"]));
    assert_eq!(named(&[]).status(), LogoutStatus::Success);
    assert!(!site.is_open("alice") && !site.is_open("second"));

    let many = |count: usize| (0..count).fold(site.request(), |message, at| message.session_index(&format!("_{at}")));
    refused(site.redirect(&many(257).query(None).unwrap()), "slo.too_many_sessions");
    assert_eq!(asked(site.redirect(&many(256).query(None).unwrap())).0.session_indexes().len(), 256);
    refused(site.redirect(&many(10_000).query(None).unwrap()), "xml.limit_nodes");
    // An empty one is not none.
    refused(site.redirect(&site.request().session_index("").query(None).unwrap()), "schema.value");
}

#[test]
fn slo_011_an_encrypted_name() {
    let site = Site::new();
    let sealed = |certificate: TestKey| {
        site.request().encrypted(&Encryption::new(), certificate.certificate_pem()).unwrap().session_index("_session")
    };
    site.refuse(|| request(sealed(TestKey::OtherRsa).unsigned()), "slo.unsigned");
    site.refuse(|| request(sealed(TestKey::Rsa)), "enc.failed");
    site.accept(|| request(sealed(TestKey::OtherRsa)));
    let query = sealed(TestKey::OtherRsa).query(None).unwrap();
    assert_eq!(asked(site.redirect(&query)).0.name_id(), &alice());
}

type Change = fn(FakeLogout<'_>) -> FakeLogout<'_>;

/// Closing comes first, whatever the answer to the request will be.
#[test]
fn slo_012_slo_013_the_session_here_ends_first() {
    let site = Site::new();
    let pending = site.start();
    assert!(!site.is_open("alice"));
    let response = |change: Change| {
        let pending = site.start();
        let message = change(site.response(&pending));
        [message.query(None).unwrap(), message.form_value().unwrap()]
    };
    let cases: [(Change, &str); 8] = [
        (|message| message.unsigned(), "slo.unsigned"),
        (|message| message.attribute("Destination", Some(ACS)), "slo.destination"),
        (|message| message.attribute("Destination", None), "slo.destination"),
        (|message| message.attribute("InResponseTo", None), "slo.in_response_to"),
        (|message| message.attribute("InResponseTo", Some("")), "slo.in_response_to"),
        (|message| message.attribute("InResponseTo", Some("_other")), "slo.in_response_to"),
        (|message| message.status(&["Responder"]), "slo.status"),
        (|message| message.status(&["Requester", "RequestDenied"]), "slo.status"),
    ];
    for (change, code) in cases {
        let [query, _] = response(change);
        refused(site.redirect(&query), code);
        let [_, value] = response(change);
        refused(site.post(Parameter::Response, &value), code);
        assert!(!site.is_open("alice"));
    }
    // Signed by somebody else, issued by somebody else.
    let forged = FakeIdp::other_rsa(IDP).unwrap();
    let query = forged.logout_response(SLS, site.start().request().as_str(), now()).query(None).unwrap();
    refused(site.redirect(&query), "binding.detached_signature_invalid");
    let renamed = FakeIdp::rsa("https://other.example.com/").unwrap();
    let query = renamed.logout_response(SLS, site.start().request().as_str(), now()).query(None).unwrap();
    refused(site.redirect(&query), "slo.issuer");
    // The right one, once.
    let answer = site.response(&pending);
    let finished = finished(site.redirect(&answer.query(Some("/echo")).unwrap()));
    assert_eq!((finished.extent(), finished.host_state()), (LogoutExtent::Complete, Some("/goodbye")));
    assert_eq!(finished.relay_state().unwrap().local_path(), Some("/echo"));
    refused(site.redirect(&answer.query(None).unwrap()), "slo.in_response_to");
}

#[test]
fn slo_013_a_late_answer() {
    let site = Site::new();
    let pending = site.start();
    let answer = site.response(&pending).query(None).unwrap();
    let late = pending.expires_at();
    let arrived =
        block_on(receive_logout(&site.store, &site.sp, &site.connections, LogoutArrival::Redirect(&answer), late));
    assert!(matches!(arrived, Err(FlowError::Rejected(rejection)) if rejection.code() == "slo.expired"));
    assert_eq!(
        finished(site.redirect(&site.response(&site.start()).query(None).unwrap())).extent(),
        LogoutExtent::Complete
    );
}

#[test]
fn slo_013_an_unsigned_answer_by_policy_and_nothing_else() {
    let site = Site::with_policy(Policy::strict().with_relaxation(Relaxation::UnsignedLogoutResponse));
    let unsigned_answer = |pending: &PendingLogout| site.response(pending).unsigned();
    let done =
        finished(site.redirect(&unsigned_answer(&site.start()).attribute("Destination", None).query(None).unwrap()));
    let names: Vec<_> = done.deviations().iter().map(|deviation| deviation.name()).collect();
    assert_eq!(names, ["unsigned_logout_response", "no_destination"]);
    finished(site.post(Parameter::Response, &unsigned_answer(&site.start()).form_value().unwrap()));
    refused(site.redirect(&unsigned_answer(&site.start()).status(&["Responder"]).query(None).unwrap()), "slo.status");
    refused(
        site.redirect(&unsigned_answer(&site.start()).attribute("Destination", Some(ACS)).query(None).unwrap()),
        "slo.destination",
    );
    // A bad signature is not taken for none, over either binding.
    let forged = FakeIdp::other_rsa(IDP).unwrap();
    let answer = |pending: &PendingLogout| forged.logout_response(SLS, pending.request().as_str(), now());
    refused(site.redirect(&answer(&site.start()).query(None).unwrap()), "binding.detached_signature_invalid");
    let posted = answer(&site.start()).form_value().unwrap();
    refused(site.post(Parameter::Response, &posted), "dsig.signature_invalid");
    let inside = site.idp.query(Parameter::Response, &answer(&site.start()).xml().unwrap(), None).unwrap();
    refused(site.redirect(inside.split("&SigAlg=").next().unwrap()), "slo.unsigned");
}

/// PRO-018, too: nothing is taken for another message.
#[test]
fn slo_014_requests_and_responses_are_told_apart() {
    let site = Site::new();
    let response = site.response(&site.start());
    let taken = refused(site.post(Parameter::Request, &response.form_value().unwrap()), "schema.element");
    assert!(taken.report().to_string().contains("samlp:LogoutRequest"));
    let taken = refused(site.post(Parameter::Response, &site.request().form_value().unwrap()), "schema.element");
    assert!(taken.report().to_string().contains("samlp:LogoutResponse"));
    let moved = site.request().query(None).unwrap().replace("SAMLRequest=", "SAMLResponse=");
    refused(site.redirect(&moved), "schema.element");
    let signed_so = site.idp.query(Parameter::Request, &response.xml().unwrap(), None).unwrap();
    refused(site.redirect(&signed_so), "schema.element");
    let bench = Bench::signing(SignedParts::Both);
    let login = bench.xml();
    refused(site.post(Parameter::Response, &form_value(&login)), "schema.element");
    let over_redirect = site.idp.query(Parameter::Response, &login, None).unwrap();
    refused(site.redirect(&over_redirect), "binding.wrong_binding");
    // And at the assertion consumer service.
    for logout in [response.xml().unwrap(), site.request().xml().unwrap()] {
        bench.refuse(&logout, "schema.element");
    }
    let both =
        site.receive(LogoutArrival::Post { saml_request: Some("a"), saml_response: Some("a"), relay_state: None });
    refused(both, "binding.ambiguous_message");
    let neither = site.receive(LogoutArrival::Post { saml_request: None, saml_response: None, relay_state: Some("a") });
    refused(neither, "binding.missing_param");
    finished(site.post(Parameter::Response, &response.form_value().unwrap()));
}

#[test]
fn slo_015_slo_016_nothing_of_the_sender_s_is_markup_or_a_place_to_go() {
    let site = Site::new();
    for id in ["_\"<x", "_a b", "_<x/>", "", "_é\"><script>"] {
        refused(site.redirect(&site.request().id(id).query(None).unwrap()), "schema.value");
    }
    let provider = IdentityProvider::builder(IDP, "https://idp.example.com/sso")
        .slo_url("https://idp.example.com/slo")
        .slo_binding(EndpointBinding::HttpPost)
        .certificate(site.idp.certificate_pem());
    let mut posting = Site::new();
    let id = ConnectionId::new("acme-1");
    posting.connections =
        vec![Connection::preconfigured(id, organization(), provider.build().unwrap(), Policy::strict()).unwrap()];
    let relay_state = "\"><script>alert(1)</script>";
    let (_, send) = asked(posting.redirect(&posting.request().query(Some(relay_state)).unwrap()));
    let Some(Send::Post(form)) = send else { panic!("{send:?}") };
    assert!(!form.to_html("nonce").contains("<script>alert") && form.to_html("nonce").contains("&lt;script&gt;"));
    assert!(form.fields().any(|field| field == ("RelayState", relay_state)));
    // FLW-022 for the RelayState of an answer.
    let answer = posting.response(&posting.start()).query(Some("//evil.example")).unwrap();
    assert_eq!(finished(posting.redirect(&answer)).relay_state().unwrap().local_path(), None);
}

#[test]
fn slo_018_the_status_that_others_remained() {
    let site = Site::new();
    for codes in [&["Success", "PartialLogout"][..], &["Responder", "PartialLogout"], &["PartialLogout"]] {
        let answer = site.response(&site.start()).status(codes).query(None).unwrap();
        assert_eq!(finished(site.redirect(&answer)).extent(), LogoutExtent::Partial, "{codes:?}");
    }
    let answer = site.response(&site.start()).status(&["Success"]).query(None).unwrap();
    assert_eq!(finished(site.redirect(&answer)).extent(), LogoutExtent::Complete);
}

/// What a host answers that can't end everything.
#[test]
fn slo_018_our_own_status() {
    use saml_sp::logout::{Ended, ReceivedLogout};
    let site = Site::new();
    for (ended, status, parts) in [
        (Ended::All, LogoutStatus::Success, ["status:Success\"/>", ""]),
        (Ended::Some, LogoutStatus::PartialLogout, ["status:Success\"><", "status:PartialLogout"]),
        (Ended::None, LogoutStatus::Responder, ["status:Responder\"/>", ""]),
    ] {
        let query = site.request().query(None).unwrap();
        let Ok(ReceivedLogout::Request(request)) = ReceivedLogout::from_redirect(&query, &Limits::message()) else {
            panic!("no request")
        };
        let verified = request.verify(&site.sp, &site.connections[0], now()).unwrap();
        assert!(!format!("{verified:?}").contains(ALICE));
        let logout = verified.ended(ended).unwrap();
        assert_eq!(logout.status(), status);
        let send = logout.answer(&site.sp, &site.connections[0], now()).unwrap().unwrap();
        let xml = site.idp.received(&send).unwrap();
        assert!(parts.iter().all(|part| xml.contains(part)), "{xml}");
    }
}

#[test]
fn ds_037_logout_messages_are_verified_by_the_same_policy() {
    let site = Site::new();
    let xslt = "http://www.w3.org/TR/1999/REC-xslt-19991116";
    let template = site.request().template();
    let with_xslt = replace(
        &template,
        &format!("<ds:Transform Algorithm=\"{ENVELOPED}\"/>"),
        &format!("<ds:Transform Algorithm=\"{xslt}\"/>"),
    );
    refused(site.post_xml(&sign(&with_xslt, site.idp.key())), "dsig.transform");
    let weak = FakeIdp::with_key(IDP, TestKey::Rsa.signing_key().unwrap().with_legacy_sha1());
    let message = || weak.logout_request(SLS, &alice(), now());
    refused(site.redirect(&message().query(None).unwrap()), "binding.detached_algorithm");
    refused(site.post(Parameter::Request, &message().form_value().unwrap()), "dsig.signature_algorithm");
    let lax = Site::with_policy(Policy::strict().dangerous().allow_sha1().into_policy());
    assert_eq!(asked(lax.redirect(&message().query(None).unwrap())).0.status(), LogoutStatus::Success);
    let (logout, _) = asked(lax.post(Parameter::Request, &message().form_value().unwrap()));
    assert_eq!(logout.status(), LogoutStatus::Success);
}

#[test]
fn a_logout_that_nobody_is_told_of_is_local() {
    let local = |sp: ServiceProvider, connection: &Connection, session: &SamlSession| {
        let site = Site::new();
        site.open(session);
        let started = block_on(start_logout(&site.store, &sp, connection, session, LogoutStart::default(), now()));
        assert!(!site.store.is_open(session.id()));
        match started {
            Ok(StartedLogout::Local(local)) => Ok(Some(local)),
            Ok(StartedLogout::Sent { .. }) => Ok(None),
            Err(FlowError::Start(error)) => Err(error.to_string()),
            Err(other) => panic!("{other}"),
        }
    };
    let site = Site::new();
    let (connection, session) = (&site.connections[0], site.session("alice", alice(), &["_session"]));
    assert_eq!(local(sp(), connection, &session), Ok(None));
    let provider = identity_provider(&[TestKey::Rsa]);
    let id = ConnectionId::new("acme-1");
    let without = Connection::preconfigured(id.clone(), organization(), provider.clone(), Policy::strict()).unwrap();
    assert_eq!(local(sp(), &without, &session), Ok(Some(LocalLogout::NoEndpoint)));
    let plain = ServiceProvider::builder(organization(), EntityId::new(SP), ACS);
    assert_eq!(local(plain.clone().build().unwrap(), connection, &session), Ok(Some(LocalLogout::NotTakingPart)));
    let keyless = plain.sls_url(SLS).build().unwrap();
    assert_eq!(local(keyless, connection, &session), Ok(Some(LocalLogout::NotTakingPart)));
    let nameless = SamlSession::new(SessionId::new("n"), id.clone(), EntityId::new(IDP), None, vec![]);
    assert_eq!(local(sp(), connection, &nameless), Ok(Some(LocalLogout::NoName)));
    let elsewhere =
        SamlSession::new(SessionId::new("e"), id.clone(), EntityId::new("https://old.example/"), Some(alice()), vec![]);
    assert_eq!(local(sp(), connection, &elsewhere), Ok(Some(LocalLogout::OtherIdentityProvider)));
    let draft = Connection::draft(id, organization(), provider, Policy::strict()).unwrap();
    assert_eq!(local(sp(), &draft, &session), Ok(Some(LocalLogout::NotActive)));
    // Another organization's connection is nobody to tell of this session.
    let other = ConnectionId::new("other");
    let foreign =
        Connection::preconfigured(other, organization(), site.idp.identity_provider().unwrap(), Policy::strict());
    assert!(local(sp(), &foreign.unwrap(), &session).unwrap_err().contains("flow.connection_mismatch"));
}

#[test]
fn our_request_names_the_user_and_the_session_whole_and_is_signed() {
    for binding in [EndpointBinding::HttpRedirect, EndpointBinding::HttpPost] {
        let mut site = Site::new();
        let provider = IdentityProvider::builder(IDP, "https://idp.example.com/sso")
            .slo_url("https://idp.example.com/slo?x=1")
            .slo_binding(binding.clone())
            .certificate(site.idp.certificate_pem());
        let id = ConnectionId::new("acme-1");
        let connection = Connection::preconfigured(id, organization(), provider.build().unwrap(), Policy::strict());
        site.connections = vec![connection.unwrap()];
        let name_id = alice().with_qualifiers(Some("n<&>".to_owned()), Some(SP.to_owned()));
        let session = site.session("alice", name_id, &["_session", "_2"]);
        let start = LogoutStart::default().with_relay_state("back");
        let started = saml_sp::logout::start_logout(&site.sp, &site.connections[0], &session, start, now()).unwrap();
        let StartedLogout::Sent { send, keep } = started else { panic!("local") };
        let xml = site.idp.received(&send).unwrap();
        for part in [
            format!(" ID=\"{}\"", keep.request()),
            " Destination=\"https://idp.example.com/slo?x=1\"".to_owned(),
            " NotOnOrAfter=\"2026-11-23T12:05:00.000Z\"".to_owned(),
            format!("NameQualifier=\"n&lt;&amp;&gt;\" SPNameQualifier=\"{SP}\" Format=\"{EMAIL}\">{ALICE}<"),
            "<samlp:SessionIndex>_session</samlp:SessionIndex><samlp:SessionIndex>_2</samlp:SessionIndex>".to_owned(),
        ] {
            assert!(xml.contains(&part), "{part} in {xml}");
        }
        let ours = IdentityProvider::builder(SP, SLS).certificate(TestKey::P256.certificate_pem()).build().unwrap();
        let us = Connection::preconfigured(ConnectionId::new("us"), organization(), ours, Policy::strict()).unwrap();
        match &send {
            Send::Redirect(url) => {
                let query = url.strip_prefix("https://idp.example.com/slo?x=1&").unwrap();
                let message = saml_sp::RedirectMessage::parse(query, &Limits::message()).unwrap();
                assert!(us.verify_redirect(&message).is_ok());
            }
            Send::Post(form) => {
                assert_eq!(element(&xml, "Reference").split('"').nth(1), Some(&*format!("#{}", keep.request())));
                assert!(form.fields().any(|field| field == ("RelayState", "back")));
            }
        }
        assert!(!format!("{send:?}{keep:?}").contains(ALICE));
    }
}
