//! A whole login over a store: who may finish it, what stays when something fails. ATTACKS I.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, TimeDelta, Utc};
use saml_sp::flow::{Arrival, Arrived, FlowError, block_on, finish_login, start_login};
use saml_sp::login::{Finished, LoginStart, Started};
use saml_sp::request::{AuthnContextComparison, AuthnRequestOptions, ForceAuthn};
use saml_sp::storage::{LoginStore, Peeked, Store};
use saml_sp::testing::{FakeIdp, MemoryStore, SignedParts, sign_template, store_contract};
use saml_sp::{
    Claim, ClockSkew, Connection, ConnectionId, EntityId, PendingKey, PendingLogin, Policy, Purpose, Relaxation,
    ReplayKey, RequestId, ServiceProvider, Unsolicited,
};

use crate::kit::organization;

const SP: &str = "https://app.example.com/saml/metadata/acme/";
const ACS: &str = "https://app.example.com/saml/acs/acme/";

fn now() -> DateTime<Utc> {
    "2026-01-01T00:00:00Z".parse().unwrap()
}

fn sp() -> ServiceProvider {
    ServiceProvider::builder(organization(), EntityId::new(SP), ACS).build().unwrap()
}

fn idp() -> FakeIdp {
    FakeIdp::rsa("https://idp.example.com/").unwrap()
}

fn connection(id: &str, idp: &FakeIdp, policy: Policy) -> Connection {
    Connection::preconfigured(ConnectionId::new(id), organization(), idp.identity_provider().unwrap(), policy).unwrap()
}

fn acme() -> Vec<Connection> {
    vec![connection("acme-1", &idp(), Policy::strict())]
}

fn post(xml: &str) -> String {
    BASE64_STANDARD.encode(xml)
}

fn answer(started: &Started) -> String {
    let request = started.keep.key().request().as_str();
    post(&idp().response(SP, ACS, now()).in_response_to(request).name_id("alice@example.com").xml().unwrap())
}

fn arrival<'a>(form: &'a str, started: &'a Started) -> Arrival<'a> {
    Arrival { saml_response: form, relay_state: None, cookie: Some(started.cookie.value()) }
}

fn start<S: LoginStore>(store: &S, start: LoginStart) -> Started {
    block_on(start_login(store, &sp(), &acme()[0], start, now())).map_err(|_| "start").unwrap()
}

fn finish<S: LoginStore>(
    store: &S,
    connections: &[Connection],
    arrival: Arrival<'_>,
) -> Result<Finished, FlowError<S::Error>> {
    match block_on(finish_login(store, &sp(), connections, arrival, now()))? {
        Arrived::Finished(finished) => Ok(finished),
        Arrived::Restarted(_) => panic!("restarted"),
    }
}

fn code<T, E: std::fmt::Debug>(outcome: Result<T, FlowError<E>>) -> &'static str {
    match outcome {
        Ok(_) => "finished",
        Err(FlowError::Rejected(rejection)) => rejection.code(),
        Err(FlowError::Store(_)) => "store",
        Err(_) => "start",
    }
}

#[test]
fn a_login_comes_back_with_what_the_host_kept() {
    let store = MemoryStore::new();
    let started = start(&store, LoginStart::default().with_host_state("/projects"));
    let finished = finish(&store, &acme(), arrival(&answer(&started), &started)).unwrap();
    assert_eq!(finished.host_state(), Some("/projects"));
    assert_eq!(finished.purpose(), Purpose::Login);
    let login = finished.into_login(Purpose::Login).unwrap();
    assert_eq!(login.name_id().unwrap().value(), "alice@example.com");
    assert_eq!(login.connection().as_str(), "acme-1");
}

/// The log is told what happened at which connection, and nobody's name.
#[cfg(feature = "tracing")]
#[test]
fn logins_are_reported_without_a_claim() {
    use crate::events::heard;
    let store = MemoryStore::new();
    let answered = |started: &Started| {
        let idp = idp();
        let response = idp.response(SP, ACS, now()).name_id("alice@example.com");
        let response = response.in_response_to(started.keep.key().request().as_str());
        response.attribute("mail", &["alice@example.com"]).attribute("mail", &["second"]).xml().unwrap()
    };
    let started = start(&store, LoginStart::default());
    let forged = post(&answered(&started).replace("alice@example.com", "mallory@example.com"));
    let lines = heard(|| assert_eq!(code(finish(&store, &acme(), arrival(&forged, &started))), "dsig.digest_mismatch"));
    assert_eq!(lines, ["event=bad_signature code=\"dsig.digest_mismatch\""]);
    let started = start(&store, LoginStart::default());
    let form = post(&answered(&started));
    let lines = heard(|| assert_eq!(code(finish(&store, &acme(), arrival(&form, &started))), "finished"));
    assert_eq!(lines, ["connection=acme-1 event=deviation_used: repeated_attribute"]);
}

#[test]
fn flw_008_flw_014_used_once() {
    let store = MemoryStore::new();
    let started = start(&store, LoginStart::default());
    let form = answer(&started);
    assert_eq!(code(finish(&store, &acme(), arrival(&form, &started))), "finished");
    assert_eq!(code(finish(&store, &acme(), arrival(&form, &started))), "flow.request_consumed");
    let another_assertion = answer(&started);
    assert_eq!(code(finish(&store, &acme(), arrival(&another_assertion, &started))), "flow.request_consumed");
}

#[test]
fn flw_005_another_browser_neither_finishes_nor_ends_it() {
    let store = MemoryStore::new();
    let started = start(&store, LoginStart::default());
    let stranger = start(&store, LoginStart::default());
    let form = answer(&started);
    let other = Arrival { cookie: Some(stranger.cookie.value()), ..arrival(&form, &started) };
    let none = Arrival { cookie: None, ..arrival(&form, &started) };
    let forged = Arrival { cookie: Some("f00"), ..arrival(&form, &started) };
    for arrival in [other, none, forged] {
        assert_eq!(code(finish(&store, &acme(), arrival)), "flow.browser_mismatch");
    }
    assert_eq!(code(finish(&store, &acme(), arrival(&form, &started))), "finished");
}

#[test]
fn flw_004_two_tabs_of_one_browser_each_finish_their_own() {
    let store = MemoryStore::new();
    let first = start(&store, LoginStart::default().with_host_state("first"));
    let second = start(&store, LoginStart::default().with_host_state("second").with_cookie(Some(first.cookie.clone())));
    assert_eq!(first.cookie, second.cookie);
    let finished = finish(&store, &acme(), arrival(&answer(&first), &second)).unwrap();
    assert_eq!(finished.host_state(), Some("first"));
    let finished = finish(&store, &acme(), arrival(&answer(&second), &second)).unwrap();
    assert_eq!(finished.host_state(), Some("second"));
}

#[test]
fn flw_001_flw_017_another_connection() {
    let store = MemoryStore::new();
    let started = start(&store, LoginStart::default());
    let form = answer(&started);
    let globex = vec![connection("globex-1", &idp(), Policy::strict())];
    assert_eq!(code(finish(&store, &globex, arrival(&form, &started))), "flow.connection_mismatch");
    assert_eq!(code(finish(&store, &acme(), arrival(&form, &started))), "finished");
}

#[test]
fn flw_001_the_identity_provider_of_another_connection_answers() {
    let store = MemoryStore::new();
    let started = start(&store, LoginStart::default());
    let other = FakeIdp::other_rsa("https://idp.example.com/").unwrap();
    let request = started.keep.key().request().as_str();
    let form =
        post(&other.response(SP, ACS, now()).in_response_to(request).name_id("alice@example.com").xml().unwrap());
    assert_eq!(code(finish(&store, &acme(), arrival(&form, &started))), "dsig.signature_invalid");
    let good = answer(&started);
    assert_eq!(
        code(finish(&store, &acme(), arrival(&good, &started))),
        "flow.request_consumed",
        "every attempt costs a login"
    );
}

#[test]
fn flw_007_another_purpose() {
    let store = MemoryStore::new();
    for (purpose, other) in
        [(Purpose::Login, Purpose::Link), (Purpose::Link, Purpose::Login), (Purpose::Test, Purpose::StepUp)]
    {
        let started = start(&store, LoginStart::default().with_purpose(purpose));
        let finished = finish(&store, &acme(), arrival(&answer(&started), &started)).unwrap();
        assert_eq!(finished.into_login(other).unwrap_err().code(), "flow.purpose");
        let started = start(&store, LoginStart::default().with_purpose(purpose));
        let finished = finish(&store, &acme(), arrival(&answer(&started), &started)).unwrap();
        assert!(finished.into_login(purpose).is_ok());
    }
}

#[test]
fn flw_015_pro_043_late_and_unknown() {
    let store = MemoryStore::new();
    let started = start(&store, LoginStart::default());
    let late = now() + TimeDelta::minutes(10);
    let form = post(
        &idp()
            .response(SP, ACS, late)
            .in_response_to(started.keep.key().request().as_str())
            .name_id("a")
            .xml()
            .unwrap(),
    );
    let outcome = block_on(finish_login(&store, &sp(), &acme(), arrival(&form, &started), late));
    assert_eq!(code(outcome), "flow.request_expired");
    let unknown = post(&idp().response(SP, ACS, now()).in_response_to("_unknown").name_id("a").xml().unwrap());
    let accepting = vec![connection("acme-1", &idp(), Policy::strict().with_unsolicited(Unsolicited::Accept))];
    assert_eq!(
        code(finish(&store, &accepting, arrival(&unknown, &started))),
        "flow.unknown_request",
        "never taken for unsolicited"
    );
    let Err(FlowError::Rejected(rejection)) = finish(&store, &accepting, arrival(&unknown, &started)) else { panic!() };
    assert_eq!(rejection.security_event(), Some(saml_sp::SecurityEvent::UnknownRequest), "API-016");
    let another = start(&store, LoginStart::default());
    assert_eq!(code(finish(&store, &acme(), arrival(&answer(&another), &another))), "finished");
}

#[test]
fn mix_up_the_response_of_another_request() {
    let store = MemoryStore::new();
    let (mine, other) = (start(&store, LoginStart::default()), start(&store, LoginStart::default()));
    let xml = idp()
        .response(SP, ACS, now())
        .in_response_to(mine.keep.key().request().as_str())
        .name_id("a")
        .signed(SignedParts::Assertion)
        .xml()
        .unwrap();
    let request = |started: &Started| started.keep.key().request().as_str().to_owned();
    let head = xml.find("<saml:Issuer").unwrap();
    let moved = format!("{}{}", xml[..head].replace(&request(&mine), &request(&other)), &xml[head..]);
    assert_eq!(code(finish(&store, &acme(), arrival(&post(&moved), &other))), "profile.in_response_to");
    assert_eq!(code(finish(&store, &acme(), arrival(&post(&xml), &mine))), "finished");
}

#[test]
fn flw_020_unsolicited_in_its_three_modes() {
    let store = MemoryStore::new();
    let form = post(&idp().response(SP, ACS, now()).name_id("alice@example.com").xml().unwrap());
    let unasked = Arrival { saml_response: &form, relay_state: Some("/inbox"), cookie: None };
    assert_eq!(code(finish(&store, &acme(), unasked)), "profile.unsolicited");
    let accepting = vec![connection("acme-1", &idp(), Policy::strict().with_unsolicited(Unsolicited::Accept))];
    let finished = finish(&store, &accepting, unasked).unwrap();
    assert_eq!(finished.relay_state().unwrap().local_path(), Some("/inbox"));
    assert_eq!(finished.into_login(Purpose::Link).unwrap_err().code(), "flow.purpose", "FLW-006: it links nothing");
    assert_eq!(code(finish(&store, &accepting, unasked)), "flow.replay");
    let converting = vec![connection("acme-1", &idp(), Policy::strict().with_unsolicited(Unsolicited::Convert))];
    let arrived = block_on(finish_login(&store, &sp(), &converting, unasked, now())).unwrap();
    let Arrived::Restarted(started) = arrived else { panic!("not restarted") };
    assert_eq!(code(finish(&store, &converting, arrival(&answer(&started), &started))), "finished");
}

#[test]
fn unsolicited_from_nobody_we_know() {
    let store = MemoryStore::new();
    let stranger = FakeIdp::rsa("https://other.example.com/").unwrap();
    let form = post(&stranger.response(SP, ACS, now()).name_id("a").xml().unwrap());
    let accepting = vec![connection("acme-1", &idp(), Policy::strict().with_unsolicited(Unsolicited::Accept))];
    let unasked = Arrival { saml_response: &form, relay_state: None, cookie: None };
    assert_eq!(code(finish(&store, &accepting, unasked)), "profile.issuer");
    let known = post(&idp().response(SP, ACS, now()).name_id("a").xml().unwrap());
    assert_eq!(code(finish(&store, &accepting, Arrival { saml_response: &known, ..unasked })), "finished");
}

#[test]
fn what_was_asked_for_has_to_come() {
    let store = MemoryStore::new();
    let mfa =
        AuthnRequestOptions::default().with_requested_authn_context(AuthnContextComparison::Exact, ["urn:example:mfa"]);
    let started = start(&store, LoginStart::default().with_request(mfa.clone()));
    assert_eq!(code(finish(&store, &acme(), arrival(&answer(&started), &started))), "profile.authn_context");
    let started = start(&store, LoginStart::default().with_request(mfa));
    let request = started.keep.key().request().as_str();
    let xml = idp()
        .response(SP, ACS, now())
        .in_response_to(request)
        .name_id("a")
        .authn_context("urn:example:mfa")
        .xml()
        .unwrap();
    assert_eq!(code(finish(&store, &acme(), arrival(&post(&xml), &started))), "finished");

    let forced = AuthnRequestOptions::default().with_force_authn(ForceAuthn::Yes);
    let started = start(&store, LoginStart::default().with_request(forced.clone()));
    let request = started.keep.key().request().as_str();
    let stale = now() - TimeDelta::minutes(3);
    let xml = idp().response(SP, ACS, now()).in_response_to(request).name_id("a").authn_instant(stale).xml().unwrap();
    assert_eq!(code(finish(&store, &acme(), arrival(&post(&xml), &started))), "profile.authn_instant");
    let started = start(&store, LoginStart::default().with_request(forced));
    assert_eq!(code(finish(&store, &acme(), arrival(&answer(&started), &started))), "finished");
}

/// Key, value, and whether it was used.
type Row = (PendingKey, Vec<u8>, bool);

/// What a host writes: plain `async fn`s over its database.
#[derive(Default)]
struct HostStore {
    pending: Mutex<HashMap<String, Row>>,
    replay: Mutex<Vec<(String, String)>>,
    /// The call that fails, counted from 0.
    fails_at: Option<usize>,
    calls: AtomicUsize,
}

#[derive(Debug, thiserror::Error)]
#[error("the database is away")]
struct Away;

impl HostStore {
    fn query(&self) -> Result<(), Away> {
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        if self.fails_at == Some(call) { Err(Away) } else { Ok(()) }
    }

    fn note(&self, replay_key: &ReplayKey) -> Claim {
        let key = (replay_key.connection().to_string(), replay_key.assertion().to_string());
        let mut replay = self.replay.lock().unwrap();
        if replay.contains(&key) {
            return Claim::Replayed;
        }
        replay.push(key);
        Claim::First
    }
}

impl Store for HostStore {
    type Error = Away;
}

impl LoginStore for HostStore {
    async fn keep(&self, pending: &PendingLogin) -> Result<(), Away> {
        self.query()?;
        let row = (pending.key().clone(), pending.to_bytes(), false);
        self.pending.lock().unwrap().insert(pending.key().request().to_string(), row);
        Ok(())
    }

    async fn peek(&self, request: &RequestId) -> Result<Peeked, Away> {
        self.query()?;
        Ok(match self.pending.lock().unwrap().get(request.as_str()) {
            None => Peeked::Unknown,
            Some((_, _, true)) => Peeked::Used,
            Some((_, value, false)) => Peeked::Pending(PendingLogin::from_bytes(value).map_err(|_| Away)?),
        })
    }

    async fn take(&self, key: &PendingKey) -> Result<(), Away> {
        self.query()?;
        match self.pending.lock().unwrap().get_mut(key.request().as_str()) {
            Some((stored, _, used)) if stored == key => *used = true,
            _ => {}
        }
        Ok(())
    }

    async fn complete(&self, key: &PendingKey, replay_key: &ReplayKey) -> Result<Claim, Away> {
        self.query()?;
        match self.pending.lock().unwrap().get_mut(key.request().as_str()) {
            Some((stored, _, used)) if stored == key && !*used => *used = true,
            _ => return Ok(Claim::RequestConsumed),
        }
        Ok(self.note(replay_key))
    }

    async fn claim(&self, replay_key: &ReplayKey) -> Result<Claim, Away> {
        self.query()?;
        Ok(self.note(replay_key))
    }
}

#[test]
fn a_host_store_of_plain_async_fns_keeps_the_contract() {
    block_on(store_contract(&HostStore::default())).unwrap();
    block_on(store_contract(&MemoryStore::new())).unwrap();
}

/// A store that forgets to compare the browser is found out.
#[test]
fn the_contract_bites() {
    struct Careless(HostStore);
    impl Store for Careless {
        type Error = Away;
    }

    impl LoginStore for Careless {
        async fn keep(&self, pending: &PendingLogin) -> Result<(), Away> {
            self.0.keep(pending).await
        }
        async fn peek(&self, request: &RequestId) -> Result<Peeked, Away> {
            self.0.peek(request).await
        }
        async fn take(&self, key: &PendingKey) -> Result<(), Away> {
            self.0.take(key).await
        }
        async fn complete(&self, key: &PendingKey, replay_key: &ReplayKey) -> Result<Claim, Away> {
            let claim = self.0.note(replay_key);
            self.0.take(key).await?;
            Ok(claim)
        }
        async fn claim(&self, replay_key: &ReplayKey) -> Result<Claim, Away> {
            self.0.claim(replay_key).await
        }
    }
    let violation = block_on(store_contract(&Careless(HostStore::default()))).unwrap_err();
    assert!(violation.to_string().contains("completing a login that was taken"), "{violation}");
}

/// FLW-011: each store call fails once, in turn; the step says so, and repeated it succeeds.
#[test]
fn flw_011_nothing_is_lost_when_the_store_fails() {
    let mut failures = 0;
    for fails_at in 0..3 {
        let store = HostStore { fails_at: Some(fails_at), ..HostStore::default() };
        let first = block_on(start_login(&store, &sp(), &acme()[0], LoginStart::default(), now()));
        let started = match first {
            Ok(started) => started,
            Err(error) => {
                failures += 1;
                assert!(matches!(error, FlowError::Store(Away)), "{error}");
                start(&store, LoginStart::default())
            }
        };
        let form = answer(&started);
        if code(finish(&store, &acme(), arrival(&form, &started))) == "store" {
            failures += 1;
            assert_eq!(code(finish(&store, &acme(), arrival(&form, &started))), "finished");
        }
        assert_eq!(code(finish(&store, &acme(), arrival(&form, &started))), "flow.request_consumed");
    }
    assert_eq!(failures, 3, "keep, peek and complete each failed once");

    for fails_at in 0..3 {
        let store = HostStore { fails_at: Some(fails_at), ..HostStore::default() };
        let accepting = vec![connection("acme-1", &idp(), Policy::strict().with_unsolicited(Unsolicited::Accept))];
        let form = post(&idp().response(SP, ACS, now()).name_id("a").xml().unwrap());
        let unasked = Arrival { saml_response: &form, relay_state: None, cookie: None };
        let outcomes: Vec<_> = (0..3).map(|_| code(finish(&store, &accepting, unasked))).collect();
        let expected = match fails_at {
            0 => ["store", "finished", "flow.replay"],
            1 => ["finished", "store", "flow.replay"],
            _ => ["finished", "flow.replay", "store"],
        };
        assert_eq!(outcomes, expected);
    }
}

/// FLW-011: the call that gives a login up fails, too.
#[test]
fn a_refusal_waits_for_the_store() {
    let store = HostStore { fails_at: Some(2), ..HostStore::default() };
    let started = start(&store, LoginStart::default());
    let request = started.keep.key().request().as_str();
    let form = post(
        &idp().response("https://other.example.com/", ACS, now()).in_response_to(request).name_id("a").xml().unwrap(),
    );
    assert_eq!(code(finish(&store, &acme(), arrival(&form, &started))), "store");
    assert_eq!(code(finish(&store, &acme(), arrival(&form, &started))), "profile.audience");
    assert_eq!(code(finish(&store, &acme(), arrival(&form, &started))), "flow.request_consumed");
}

#[test]
fn flw_009_of_64_finishes_at_once_one_wins() {
    let store = HostStore::default();
    let started = start(&store, LoginStart::default());
    let form = answer(&started);
    let outcomes: Vec<_> = std::thread::scope(|scope| {
        let rivals: Vec<_> =
            (0..64).map(|_| scope.spawn(|| code(finish(&store, &acme(), arrival(&form, &started))))).collect();
        rivals.into_iter().map(|rival| rival.join().unwrap()).collect()
    });
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == "finished").count(), 1);
    assert_eq!(outcomes.iter().filter(|outcome| **outcome == "flow.request_consumed").count(), 63);
}

#[test]
fn flw_016_request_ids_are_random() {
    let store = MemoryStore::new();
    let ids: std::collections::HashSet<String> =
        (0..1000).map(|_| start(&store, LoginStart::default()).keep.key().request().to_string()).collect();
    assert_eq!(ids.len(), 1000);
    assert!(ids.iter().all(|id| id.starts_with('_') && id.len() == 41));
}

#[test]
fn pending_logins_read_back_from_their_bytes_only() {
    let started = start(&MemoryStore::new(), LoginStart::default().with_host_state("x"));
    let bytes = started.keep.to_bytes();
    assert_eq!(PendingLogin::from_bytes(&bytes).unwrap(), started.keep);
    for cut in 0..bytes.len() {
        assert!(PendingLogin::from_bytes(&bytes[..cut]).is_err());
    }
    assert!(PendingLogin::from_bytes(&[&bytes[..], &[0]].concat()).is_err());
    let error = PendingLogin::from_bytes(&[&[9], &bytes[1..]].concat()).unwrap_err();
    assert!(error.to_string().contains("version 9"), "{error}");
}

/// A store whose claim looks first and writes later, as two statements do.
#[test]
fn the_contract_finds_a_race() {
    struct TwoStatements(HostStore);
    impl Store for TwoStatements {
        type Error = Away;
    }

    impl LoginStore for TwoStatements {
        async fn keep(&self, pending: &PendingLogin) -> Result<(), Away> {
            self.0.keep(pending).await
        }
        async fn peek(&self, request: &RequestId) -> Result<Peeked, Away> {
            self.0.peek(request).await
        }
        async fn take(&self, key: &PendingKey) -> Result<(), Away> {
            self.0.take(key).await
        }
        async fn complete(&self, key: &PendingKey, replay_key: &ReplayKey) -> Result<Claim, Away> {
            self.0.complete(key, replay_key).await
        }
        async fn claim(&self, replay_key: &ReplayKey) -> Result<Claim, Away> {
            let key = (replay_key.connection().to_string(), replay_key.assertion().to_string());
            let known = self.0.replay.lock().unwrap().contains(&key);
            let mut yielded = false;
            std::future::poll_fn(|context| {
                context.waker().wake_by_ref();
                if std::mem::replace(&mut yielded, true) {
                    std::task::Poll::Ready(())
                } else {
                    std::task::Poll::Pending
                }
            })
            .await;
            self.0.note(replay_key);
            Ok(if known { Claim::Replayed } else { Claim::First })
        }
    }
    let violation = block_on(store_contract(&TwoStatements(HostStore::default()))).unwrap_err();
    assert!(violation.to_string().contains("first claims of one key at once"), "{violation}");
}

/// ForceAuthn and a class are to be proven: leaving the statement out proves nothing, whatever the policy lets pass otherwise.
#[test]
fn what_was_asked_of_an_authentication_needs_a_statement() {
    let relaxed = Policy::strict().with_relaxation(Relaxation::NoAuthnStatement);
    let connections = vec![connection("acme-1", &idp(), relaxed)];
    let without = |started: &Started| {
        let request = started.keep.key().request().as_str();
        let template = idp().response(SP, ACS, now()).in_response_to(request).template();
        let (start, end) = (template.find("<saml:AuthnStatement").unwrap(), "</saml:AuthnStatement>");
        let after = template.find(end).unwrap() + end.len();
        post(&sign_template(&format!("{}{}", &template[..start], &template[after..]), idp().key()).unwrap())
    };
    let store = MemoryStore::new();
    let forced = AuthnRequestOptions::default().with_force_authn(ForceAuthn::Yes);
    let started = start(&store, LoginStart::default().with_request(forced));
    assert_eq!(code(finish(&store, &connections, arrival(&without(&started), &started))), "profile.authn_instant");
    let mfa =
        AuthnRequestOptions::default().with_requested_authn_context(AuthnContextComparison::Exact, ["urn:example:mfa"]);
    let started = start(&store, LoginStart::default().with_request(mfa));
    assert_eq!(code(finish(&store, &connections, arrival(&without(&started), &started))), "profile.authn_context");
    let started = start(&store, LoginStart::default());
    assert_eq!(code(finish(&store, &connections, arrival(&without(&started), &started))), "finished");
}

/// An assertion stays used when the tolerance for clocks changes.
#[test]
fn flw_010_replay_keys_outlive_every_setting() {
    let store = MemoryStore::new();
    let accepting = vec![connection("acme-1", &idp(), Policy::strict().with_unsolicited(Unsolicited::Accept))];
    let form = post(&idp().response(SP, ACS, now()).name_id("a").xml().unwrap());
    let unasked = Arrival { saml_response: &form, relay_state: None, cookie: None };
    assert_eq!(code(finish(&store, &accepting, unasked)), "finished");
    let wide = ServiceProvider::builder(organization(), EntityId::new(SP), ACS)
        .clock_skew(ClockSkew::seconds(300).unwrap())
        .build()
        .unwrap();
    assert_eq!(code(block_on(finish_login(&store, &wide, &accepting, unasked, now()))), "flow.replay");
}

#[test]
fn a_converted_login_keeps_its_relay_state_and_never_loops() {
    let store = MemoryStore::new();
    let converting = vec![connection("acme-1", &idp(), Policy::strict().with_unsolicited(Unsolicited::Convert))];
    let form = post(&idp().response(SP, ACS, now()).name_id("a").xml().unwrap());
    let unasked = Arrival { saml_response: &form, relay_state: Some("/inbox"), cookie: None };
    let Arrived::Restarted(started) = block_on(finish_login(&store, &sp(), &converting, unasked, now())).unwrap()
    else {
        panic!("not restarted")
    };
    let saml_sp::login::Send::Redirect(url) = &started.send else { panic!("not a redirect") };
    let marker = url.split("RelayState=").nth(1).unwrap();
    let unanswered = Arrival { saml_response: &form, relay_state: Some(marker), cookie: Some(started.cookie.value()) };
    assert_eq!(
        code(finish(&store, &converting, unanswered)),
        "profile.unsolicited",
        "an identity provider that never answers"
    );
    let form = answer(&started);
    let answered = Arrival { saml_response: &form, relay_state: Some(marker), cookie: Some(started.cookie.value()) };
    let finished = finish(&store, &converting, answered).unwrap();
    assert_eq!(finished.relay_state().unwrap().local_path(), Some("/inbox"));
}

#[test]
fn one_entity_id_is_one_connection() {
    let store = MemoryStore::new();
    let accepting = || Policy::strict().with_unsolicited(Unsolicited::Accept);
    let form = post(&idp().response(SP, ACS, now()).name_id("a").xml().unwrap());
    let unasked = Arrival { saml_response: &form, relay_state: None, cookie: None };
    let twice = vec![connection("acme-1", &idp(), accepting()), connection("acme-2", &idp(), Policy::strict())];
    assert_eq!(code(finish(&store, &twice, unasked)), "flow.connection_mismatch");
    assert_eq!(code(finish(&store, &twice[..1], unasked)), "finished");
}

/// Neither what the host keeps nor what a user is called reaches a log by `Debug`.
/// OUT-007.
#[test]
fn debug_shows_no_secret() {
    let store = MemoryStore::new();
    let hint = AuthnRequestOptions::default().with_subject(saml_sp::NameId::new("SECRET"));
    let start_with = LoginStart::default().with_request(hint).with_host_state("SECRET").with_relay_state("SECRET");
    assert!(!format!("{start_with:?}").contains("SECRET"));
    let started = start(&store, start_with);
    assert!(!format!("{started:?}").contains("SECRET"));
    assert!(!format!("{started:?}").contains(started.cookie.value()));
    let request = started.keep.key().request().as_str();
    let form = post(
        &idp()
            .response(SP, ACS, now())
            .in_response_to(request)
            .name_id("SECRET")
            .attribute("a", &["SECRET"])
            .xml()
            .unwrap(),
    );
    let arrival = Arrival { relay_state: Some("SECRET"), ..arrival(&form, &started) };
    assert_eq!(format!("{arrival:?}"), "Arrival(..)");
    let finished = finish(&store, &acme(), arrival).unwrap();
    assert!(!format!("{finished:?}").contains("SECRET"));
    assert!(!format!("{:?}", finished.into_login(Purpose::Login)).contains("SECRET"));
}

/// Only what was verified is remembered: nobody can use up somebody else's assertion.
#[test]
fn flw_012_forged_responses_claim_nothing() {
    let store = MemoryStore::new();
    let accepting = vec![connection("acme-1", &idp(), Policy::strict().with_unsolicited(Unsolicited::Accept))];
    let by = |idp: &FakeIdp, parts| {
        post(&idp.response(SP, ACS, now()).assertion_id("_victim").signed(parts).name_id("a").xml().unwrap())
    };
    let finish = |form: &str| {
        let unasked = Arrival { saml_response: form, relay_state: None, cookie: None };
        code(finish(&store, &accepting, unasked))
    };
    let other = FakeIdp::other_rsa("https://idp.example.com/").unwrap();
    assert_eq!(finish(&by(&other, SignedParts::Assertion)), "dsig.signature_invalid");
    assert_eq!(finish(&by(&idp(), SignedParts::Nothing)), "profile.unsigned");
    let genuine = by(&idp(), SignedParts::Assertion);
    assert_eq!(finish(&genuine), "finished");
    assert_eq!(finish(&genuine), "flow.replay");
}

/// DESIGN has no implicit age limit: an unsolicited assertion is good once, and until it says that it is over.
#[test]
fn flw_021_a_stolen_assertion_is_good_once_and_not_for_long() {
    let accepting = vec![connection("acme-1", &idp(), Policy::strict().with_unsolicited(Unsolicited::Accept))];
    let form = post(&idp().response(SP, ACS, now()).name_id("a").xml().unwrap());
    let at = |store: &MemoryStore, minutes: i64| {
        let unasked = Arrival { saml_response: &form, relay_state: None, cookie: None };
        code(block_on(finish_login(store, &sp(), &accepting, unasked, now() + TimeDelta::minutes(minutes))))
    };
    let store = MemoryStore::new();
    assert_eq!(at(&store, 6), "finished");
    assert_eq!(at(&store, 6), "flow.replay");
    assert_eq!(at(&MemoryStore::new(), 7), "profile.expired");
}

/// What a login was for is found by the request that it answers.
#[test]
fn flw_023_relay_state_decides_nothing() {
    let store = MemoryStore::new();
    let begin = |state: &str| LoginStart::default().with_relay_state(state).with_host_state(state);
    let (mine, other) = (start(&store, begin("mine")), start(&store, begin("other")));
    let form = answer(&mine);
    let swapped = Arrival { relay_state: Some("other"), ..arrival(&form, &mine) };
    let finished = finish(&store, &acme(), swapped).unwrap();
    assert_eq!(finished.host_state(), Some("mine"));
    let finished = finish(&store, &acme(), arrival(&answer(&other), &other)).unwrap();
    assert_eq!(finished.host_state(), Some("other"));
}

/// Of several statements each has to do: the strongest says nothing about the others.
#[test]
fn pro_073_every_statement_is_of_the_class_that_was_asked_for() {
    let store = MemoryStore::new();
    let judge = |change: &dyn Fn(&str) -> String| {
        let mfa = AuthnRequestOptions::default()
            .with_requested_authn_context(AuthnContextComparison::Exact, ["urn:example:mfa"]);
        let started = start(&store, LoginStart::default().with_request(mfa));
        let request = started.keep.key().request().as_str();
        let idp = idp();
        let response = idp.response(SP, ACS, now()).in_response_to(request).authn_context("urn:example:mfa");
        let form = post(&sign_template(&change(&response.template()), idp.key()).unwrap());
        code(finish(&store, &acme(), arrival(&form, &started)))
    };
    let end = "</saml:AuthnStatement>";
    let statement = |template: &str| {
        let start = template.find("<saml:AuthnStatement").unwrap();
        template[start..template.find(end).unwrap() + end.len()].to_owned()
    };
    let beside = |template: &str, class: &str| {
        let own = statement(template);
        template.replace(&own, &format!("{own}{}", own.replace("urn:example:mfa", class)))
    };
    let class = "<saml:AuthnContextClassRef>urn:example:mfa</saml:AuthnContextClassRef>";
    assert_eq!(judge(&str::to_owned), "finished");
    assert_eq!(judge(&|template| beside(template, "urn:example:mfa")), "finished");
    assert_eq!(judge(&|template| beside(template, "urn:example:password")), "profile.authn_context");
    assert_eq!(judge(&|template| template.replace("urn:example:mfa", "urn:example:MFA")), "profile.authn_context");
    let declaration = "<saml:AuthnContextDeclRef>urn:example:mfa</saml:AuthnContextDeclRef>";
    assert_eq!(judge(&|template| template.replace(class, declaration)), "profile.authn_context");
}

/// The answer is a cross-site POST, to which no other cookie would be sent.
#[test]
fn flw_028_the_cookie_travels_with_a_cross_site_post() {
    let header = start(&MemoryStore::new(), LoginStart::default()).cookie.to_header();
    let mut parts = header.split("; ");
    assert!(parts.next().unwrap().starts_with("__Host-"), "{header}");
    let attributes: Vec<_> = parts.collect();
    assert_eq!(attributes, ["Path=/", "Max-Age=1500", "Secure", "HttpOnly", "SameSite=None"]);
}
