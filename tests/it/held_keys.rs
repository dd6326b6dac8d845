//! Private keys in a device or with a key service.

use std::error::Error;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use saml_sp::error::SigningError;
use saml_sp::flow::{self, Arrival, Arrived, FlowError, KeyService, block_on, finish_login, finish_login_asking};
use saml_sp::keys::{
    Certificate, Decryptor, DigestAlgorithm, KeyError, KeyTransport, RsaPssParameters, SignatureAlgorithm, Signer,
    UnwrapFailed, WrappedKey,
};
use saml_sp::login::{LoginStart, Send, StartError, start_login};
use saml_sp::metadata::EndpointBinding;
use saml_sp::testing::{FakeIdp, MemoryStore, Prefixes, SignedParts, TestKey};
use saml_sp::{
    BoundLogin, BrowserCookie, Claim, Connection, ConnectionId, DecryptionKey, EntityId, IdentityProvider, Limits,
    Login, PendingKey, PendingLogin, Policy, Received, RedirectMessage, Rejection, RequestId, ServiceProvider,
    SigningKey, SolicitedResponse, Unsolicited, Verification,
};

use crate::encryption::*;
use crate::kit::*;

fn certificate(key: TestKey) -> Certificate {
    Certificate::from_pem(key.certificate_pem()).unwrap()
}

/// Signs, does something else, or fails.
struct Device(fn(SignatureAlgorithm, &[u8]) -> Signing);

type Signing = Result<Vec<u8>, Box<dyn Error + std::marker::Send + Sync>>;

impl Signer for Device {
    fn sign(&self, algorithm: SignatureAlgorithm, octets: &[u8]) -> Signing {
        self.0(algorithm, octets)
    }
}

/// What is sent with that key over that binding, to an identity provider of the same key.
fn sent(key: SigningKey, test_key: TestKey, binding: EndpointBinding) -> Result<(Send, Connection), StartError> {
    let idp = IdentityProvider::builder(IDP, "https://idp.example.com/sso");
    let idp = idp.sso_binding(binding).certificate(test_key.certificate_pem()).build().unwrap();
    let connection =
        Connection::preconfigured(ConnectionId::new("acme-1"), organization(), idp, Policy::strict()).unwrap();
    let sp = ServiceProvider::builder(organization(), EntityId::new(SP), ACS).signing_key(key).build().unwrap();
    let started = start_login(&sp, &connection, LoginStart::default(), now())?;
    Ok((started.send, connection))
}

#[test]
fn a_device_signs_queries_and_messages() {
    let pss = SignatureAlgorithm::RsaPss(RsaPssParameters::with_default_salt(DigestAlgorithm::Sha256));
    for (test_key, algorithm) in [
        (TestKey::Rsa, SignatureAlgorithm::RsaPkcs1(DigestAlgorithm::Sha256)),
        (TestKey::Rsa, pss),
        (TestKey::P256, SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha256)),
    ] {
        let key = || SigningKey::held_by(Arc::new(test_key), certificate(test_key)).with_algorithm(algorithm).unwrap();
        assert_eq!(key().certificate(), Some(&certificate(test_key)));
        assert_eq!(key().key_type(), test_key.signing_key().unwrap().key_type());
        let (send, connection) = sent(key(), test_key, EndpointBinding::HttpRedirect).unwrap();
        let Send::Redirect(url) = send else { panic!("a redirect") };
        let message = RedirectMessage::parse(url.split_once('?').unwrap().1, &Limits::message()).unwrap();
        assert_eq!(connection.verify_redirect(&message).unwrap().deviations(), []);
        let (send, _) = sent(key(), test_key, EndpointBinding::HttpPost).unwrap();
        let Send::Post(form) = send else { panic!("a form") };
        let xml = BASE64_STANDARD.decode(form.fields().next().unwrap().1).unwrap();
        assert!(String::from_utf8(xml).unwrap().contains(algorithm.uri()));
        // The response of an identity provider whose key is in a device: everything about it verifies.
        let idp = FakeIdp::with_key(IDP, key());
        let bench = Bench { idp, ..Bench::new(test_key, SignedParts::Both, Prefixes::Usual) };
        bench.accept(&bench.response().xml().unwrap());
    }
}

#[test]
fn what_a_device_gets_wrong_is_not_sent() {
    let faults: [(&str, Device); 5] = [
        (
            "a bit",
            Device(|algorithm, octets| {
                let mut signature = TestKey::P256.sign(algorithm, octets)?;
                signature[7] ^= 1;
                Ok(signature)
            }),
        ),
        ("another key", Device(|algorithm, octets| TestKey::OtherP256.sign(algorithm, octets))),
        ("other octets", Device(|algorithm, octets| TestKey::P256.sign(algorithm, &octets[1..]))),
        ("nothing", Device(|_, _| Ok(Vec::new()))),
        ("longer", Device(|algorithm, octets| Ok([TestKey::P256.sign(algorithm, octets)?, vec![0]].concat()))),
    ];
    for (fault, device) in faults {
        let key = SigningKey::held_by(Arc::new(device), certificate(TestKey::P256));
        for binding in [EndpointBinding::HttpRedirect, EndpointBinding::HttpPost] {
            let refused = sent(key.clone(), TestKey::P256, binding).err().unwrap();
            assert!(matches!(refused, StartError::Signing(SigningError::Faulty)), "{fault}: {refused}");
        }
    }
}

#[test]
fn a_device_that_fails_can_be_asked_again() {
    static CALLS: AtomicUsize = AtomicUsize::new(0);
    let device = Device(|algorithm, octets| match CALLS.fetch_add(1, Ordering::Relaxed) {
        0 => Err("the module is not connected".into()),
        _ => TestKey::P256.sign(algorithm, octets),
    });
    let key = SigningKey::held_by(Arc::new(device), certificate(TestKey::P256));
    let refused = sent(key.clone(), TestKey::P256, EndpointBinding::HttpRedirect).err().unwrap();
    assert!(matches!(&refused, StartError::Signing(SigningError::Signer(_))), "{refused}");
    assert!(refused.to_string().contains("the module is not connected"));
    assert!(sent(key, TestKey::P256, EndpointBinding::HttpRedirect).is_ok());
}

fn sp_with(keys: Vec<DecryptionKey>) -> ServiceProvider {
    let builder = ServiceProvider::builder(organization(), EntityId::new(SP), ACS);
    keys.into_iter().fold(builder, |sp, key| sp.decryption_key(key)).build().unwrap()
}

fn bound(connection: &Connection) -> BoundLogin {
    let cookie = BrowserCookie::from_value(&"0".repeat(40)).unwrap();
    let key = PendingKey::new(RequestId::new(REQUEST), connection.id().clone(), cookie.binding());
    let pending = PendingLogin::new(key, now(), now() + chrono::TimeDelta::minutes(10));
    pending.returned_by(Some(&cookie)).unwrap()
}

fn solicited(xml: &str) -> SolicitedResponse {
    match Received::from_xml(xml.as_bytes().to_vec(), &Limits::message()).unwrap() {
        Received::Solicited(response) => response,
        Received::Unsolicited(_) => panic!("it answers a request"),
    }
}

fn judge_by(xml: &str, policy: Policy, key: DecryptionKey) -> Result<Login, Rejection> {
    let (sp, connection) = (sp_with(vec![key]), connection(policy));
    solicited(xml).verify(&sp, &connection, bound(&connection), now())?.claimed(Claim::First)
}

/// Unwraps, and then does something to the content key.
struct Unwrapper(Answer);

type Answer = fn(Vec<u8>) -> Result<Vec<u8>, UnwrapFailed>;

impl Decryptor for Unwrapper {
    fn unwrap_key(&self, transport: &KeyTransport, octets: &[u8]) -> Result<Vec<u8>, UnwrapFailed> {
        OURS.unwrap_key(transport, octets).and_then(self.0)
    }
}

/// ENC-034
#[test]
fn enc_034_whatever_a_device_answers_tells_nothing() {
    let key = |device: Unwrapper| DecryptionKey::held_by(Arc::new(device), certificate(OURS)).unwrap();
    let xml = usual(&gcm());
    accept(judge_by(&xml, Policy::strict(), key(Unwrapper(Ok))));
    let damaged = altered(&xml, |mut octets| {
        octets[20] ^= 1;
        octets
    });
    let first = outward(&refuse(judge_by(&damaged, Policy::strict(), key(Unwrapper(Ok))), "enc.failed"));
    let answers: [Answer; 8] = [
        |_| Err(UnwrapFailed),
        |_| Ok(Vec::new()),
        |octets| Ok(octets[..1].to_vec()),
        |octets| Ok(octets[..16].to_vec()),
        |octets| Ok(octets[..31].to_vec()),
        |octets| Ok([octets, vec![0]].concat()),
        |_| Ok(vec![0; 32]),
        |_| Ok(vec![7; 1 << 20]),
    ];
    for answer in answers {
        let failed = refuse(judge_by(&xml, Policy::strict(), key(Unwrapper(answer))), "enc.failed");
        assert_eq!(first, outward(&failed));
    }
    let ec = DecryptionKey::held_by(Arc::new(OURS), certificate(TestKey::P256));
    assert_eq!(ec.err(), Some(KeyError::Algorithm));
    assert_eq!(DecryptionKey::held_by_service(certificate(TestKey::P256)).err(), Some(KeyError::Algorithm));
}

fn remote() -> DecryptionKey {
    DecryptionKey::held_by_service(certificate(OURS)).unwrap()
}

/// Verifies with the service's key, and counts how often it stops.
fn stepwise(xml: &str, policy: Policy, keys: Vec<DecryptionKey>) -> (Result<Login, Rejection>, usize) {
    let (sp, connection) = (sp_with(keys), connection(policy));
    let received = Received::from_xml(xml.as_bytes().to_vec(), &Limits::message()).unwrap();
    let mut verification = match &received {
        Received::Solicited(response) => response.verify_stepwise(&sp, &connection, bound(&connection), now()),
        Received::Unsolicited(response) => response.verify_stepwise(&sp, &connection, now()),
    };
    for stops in 0..10 {
        match verification {
            Err(rejection) => return (Err(rejection), stops),
            Ok(Verification::Verified(verified)) => return (verified.claimed(Claim::First), stops),
            Ok(Verification::Unwrap(unwrapping)) => {
                assert!(!unwrapping.wanted().is_empty());
                verification = unwrapping.resume(|wrapped| {
                    assert_eq!(wrapped.key(), remote().fingerprint());
                    OURS.unwrap_key(wrapped.transport(), wrapped.octets())
                });
            }
        }
    }
    panic!("a verification ends")
}

/// What a service is asked about has passed everything that can be checked without the key.
#[test]
fn a_verification_stops_for_a_service_and_goes_on() {
    let xml = usual(&gcm());
    let (login, stops) = stepwise(&xml, Policy::strict(), vec![remote()]);
    accept(login);
    assert_eq!(stops, 1);
    // Two keys of ours, and a key that is here after all.
    let (login, stops) = stepwise(&xml, Policy::strict(), vec![OURS.decryption_key().unwrap(), remote()]);
    accept(login);
    assert_eq!(stops, 0);
    let (login, stops) = stepwise(&xml, Policy::strict(), vec![remote(), OURS.decryption_key().unwrap()]);
    accept(login);
    assert_eq!(stops, 0);
    let (login, stops) = stepwise(&xml, Policy::strict(), vec![TestKey::Rsa.decryption_key().unwrap(), remote()]);
    accept(login);
    assert_eq!(stops, 1);
    // Nothing encrypted, nothing asked.
    let (login, stops) =
        stepwise(&around(SignedParts::Response, &assertion(SignedParts::Nothing)), Policy::strict(), vec![remote()]);
    accept(login);
    assert_eq!(stops, 0);
}

/// ENC-034: beside a key that is here, what a service would be needed for is told from nothing else, or the answer
/// would say whether the key that is here fitted.
#[test]
fn enc_034_nobody_asked_beside_a_key_that_is_here() {
    let unasked = |xml: &str, keys: Vec<DecryptionKey>| {
        let (sp, connection) = (sp_with(keys), connection(cbc_policy()));
        let verdict = solicited(xml).verify(&sp, &connection, bound(&connection), now());
        verdict.and_then(|verified| verified.claimed(Claim::First))
    };
    let here =
        || vec![OURS.decryption_key().unwrap(), DecryptionKey::held_by_service(certificate(TestKey::Rsa)).unwrap()];
    let xml = usual(&cbc());
    accept(unasked(&xml, here()));
    let damaged = altered(&xml, |octets| octets[..octets.len() - 16].to_vec());
    let not_ours = vec![TestKey::Rsa.decryption_key().unwrap(), remote()];
    let first = outward(&refuse(unasked(&damaged, here()), "enc.failed"));
    assert_eq!(first, outward(&refuse(unasked(&xml, not_ours), "enc.failed")));
    refuse(unasked(&xml, vec![remote()]), "enc.not_configured");
}

#[test]
fn a_service_is_asked_last() {
    let flipped = |xml: &str| {
        altered(xml, |mut octets| {
            octets[30] ^= 1;
            octets
        })
    };
    let signed = around(SignedParts::Response, &sealed(&gcm(), assertion(SignedParts::Nothing)));
    let unsolicited = {
        let bench = Bench::signing(SignedParts::Assertion);
        let how = |how| bench.idp.response(SP, ACS, now()).name_id(ALICE).encrypted(how, OURS.certificate_pem());
        (how(gcm()).xml().unwrap(), how(cbc()).xml().unwrap())
    };
    let accepting = || cbc_policy().with_unsolicited(Unsolicited::Accept);
    for (xml, policy, code) in [
        (flipped(&signed), Policy::strict(), "dsig.digest_mismatch"),
        (usual(&cbc()), Policy::strict(), "enc.algorithm"),
        (unsolicited.0.clone(), Policy::strict(), "profile.unsolicited"),
        (unsolicited.1, accepting(), "enc.algorithm"),
        (
            usual(&gcm()).replace("InResponseTo=\"_request\"", "InResponseTo=\"_other\""),
            Policy::strict(),
            "profile.in_response_to",
        ),
    ] {
        let (outcome, stops) = stepwise(&xml, policy, vec![remote()]);
        refuse(outcome, code);
        assert_eq!(stops, 0, "{code}");
    }
    for (xml, policy) in [(signed, Policy::strict()), (usual(&cbc()), cbc_policy()), (unsolicited.0, accepting())] {
        let (login, stops) = stepwise(&xml, policy, vec![remote()]);
        accept(login);
        assert_eq!(stops, 1);
    }
    // After the stop every rule is there still.
    let foreign =
        Bench::signing(SignedParts::Assertion).response().template().replace(SP, "https://other.example.com/");
    let foreign = sign(&foreign, &TestKey::Rsa.signing_key().unwrap());
    let foreign = around(SignedParts::Nothing, &sealed(&gcm(), element(&foreign, "Assertion")));
    let (outcome, stops) = stepwise(&foreign, Policy::strict(), vec![remote()]);
    refuse(outcome, "profile.audience");
    assert_eq!(stops, 1);
}

#[test]
fn an_encrypted_name_in_an_encrypted_assertion_stops_twice() {
    let template = Bench::signing(SignedParts::Assertion).response().template();
    let name = element(&template, "NameID").to_owned();
    let declared = name.replacen(' ', &format!(" xmlns:saml=\"{SAML}\" "), 1);
    let secret = gcm().wrapped("EncryptedID", declared, OURS.certificate_pem()).unwrap().replace("_key", "_name");
    let signed = sign(&replace(&template, &name, &secret), &TestKey::Rsa.signing_key().unwrap());
    let xml = around(SignedParts::Nothing, &sealed(&gcm(), element(&signed, "Assertion")));
    let (login, stops) = stepwise(&xml, Policy::strict(), vec![remote()]);
    accept(login);
    assert_eq!(stops, 2);
}

/// ENC-017, ENC-034
#[test]
fn what_a_service_fails_at_looks_like_damaged_content() {
    let xml = usual(&gcm());
    let damaged = altered(&xml, |octets| octets[..40].to_vec());
    let first = outward(&refuse(stepwise(&damaged, Policy::strict(), vec![remote()]).0, "enc.failed"));
    let (sp, connection) = (sp_with(vec![remote()]), connection(Policy::strict()));
    let response = solicited(&xml);
    let stopped = || match response.verify_stepwise(&sp, &connection, bound(&connection), now()) {
        Ok(Verification::Unwrap(unwrapping)) => unwrapping,
        other => panic!("{other:?}"),
    };
    for answer in [Err(UnwrapFailed), Ok(Vec::new()), Ok(vec![0; 32]), Ok(vec![0; 33])] {
        let failed = stopped().resume(|_| answer.clone()).err().unwrap();
        assert_eq!((failed.code(), outward(&failed)), ("enc.failed", first.clone()));
    }
    // Nobody to ask.
    assert_eq!(stopped().refuse().code(), "enc.not_configured");
    let verdict = response.verify(&sp, &connection, bound(&connection), now());
    assert_eq!(verdict.err().unwrap().code(), "enc.not_configured");
    // Two questions for a key of ours, whatever else is there.
    let key = element(&xml, "EncryptedKey").to_owned();
    let twice = replace(&xml, &key, &format!("{}{}{key}", key.replace("_key", "_1"), key.replace("_key", "_2")));
    let wanted = |xml: &str, keys| {
        let (sp, response) = (sp_with(keys), solicited(xml));
        match response.verify_stepwise(&sp, &connection, bound(&connection), now()) {
            Ok(Verification::Unwrap(unwrapping)) => unwrapping.wanted().len(),
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(wanted(&twice, vec![remote()]), 1, "the same octets are asked about once");
    let other = || encrypted_key(&gcm()).replace("_key", "_other");
    let strange = replace(&xml, &key, &format!("{}{}{key}", other(), other().replace("_other", "_third")));
    assert_eq!(wanted(&strange, vec![remote()]), 2);
    assert_eq!(format!("{:?}", stopped().wanted()[0]), format!("WrappedKey {{ key: {}, .. }}", remote().fingerprint()));
}

/// Answers from a table that it has to wait for.
struct Service(Mutex<Vec<usize>>);

impl KeyService for Service {
    async fn unwrap_key(&self, wrapped: &WrappedKey) -> Result<Vec<u8>, UnwrapFailed> {
        std::future::ready(()).await;
        self.0.lock().unwrap().push(wrapped.octets().len());
        OURS.unwrap_key(wrapped.transport(), wrapped.octets())
    }
}

#[test]
fn a_login_whose_key_a_service_holds() {
    fn travels_between_threads(_: &impl std::marker::Send) {}
    let (store, sp, connections) = (MemoryStore::new(), sp_with(vec![remote()]), [connection(cbc_policy())]);
    let service = Service(Mutex::default());
    let bench = Bench::signing(SignedParts::Assertion);
    let start = || {
        let started = flow::start_login(&store, &sp, &connections[0], LoginStart::default(), now());
        let started = block_on(started).map_err(|_| ()).unwrap();
        let response = bench.response().in_response_to(started.keep.key().request().as_str());
        (response.encrypted(gcm(), OURS.certificate_pem()).xml().unwrap(), started)
    };
    let code = |outcome: Result<Arrived, FlowError<_>>| match outcome {
        Err(FlowError::Rejected(rejection)) => rejection.code(),
        Ok(Arrived::Finished(_)) => "finished",
        Ok(Arrived::Restarted(_)) | Err(_) => "something else",
    };
    let (good, started) = start();
    let form = BASE64_STANDARD.encode(&good);
    let arrival = Arrival { saml_response: &form, relay_state: None, cookie: Some(started.cookie.value()) };
    let finishing = finish_login_asking(&store, &service, &sp, &connections, arrival, now());
    travels_between_threads(&finishing);
    assert_eq!(code(block_on(finishing)), "finished");
    assert_eq!(*service.0.lock().unwrap(), [256]);
    // ENC-009: a failure costs the login, here too.
    let (good, started) = start();
    let bad = altered(&good, |octets| octets[..40].to_vec());
    for (xml, expected) in [(&bad, "enc.failed"), (&good, "flow.request_consumed")] {
        let form = BASE64_STANDARD.encode(xml);
        let arrival = Arrival { saml_response: &form, relay_state: None, cookie: Some(started.cookie.value()) };
        let outcome = block_on(finish_login_asking(&store, &service, &sp, &connections, arrival, now()));
        assert_eq!(code(outcome), expected);
    }
    // The driver without a service says what is missing.
    let (good, started) = start();
    let form = BASE64_STANDARD.encode(&good);
    let arrival = Arrival { saml_response: &form, relay_state: None, cookie: Some(started.cookie.value()) };
    assert_eq!(code(block_on(finish_login(&store, &sp, &connections, arrival, now()))), "enc.not_configured");
}

/// ENC-030
#[test]
fn enc_030_one_key_for_both_is_a_warning() {
    let build = |decrypting: DecryptionKey| {
        let sp = ServiceProvider::builder(organization(), EntityId::new(SP), ACS)
            .signing_key(TestKey::Rsa.signing_key().unwrap());
        sp.decryption_key(OURS.decryption_key().unwrap()).decryption_key(decrypting).build().unwrap().warnings()
    };
    assert_eq!(build(remote()), []);
    let same = TestKey::Rsa.decryption_key().unwrap();
    for key in [same.clone(), DecryptionKey::held_by_service(certificate(TestKey::Rsa)).unwrap()] {
        let warnings = build(key);
        let expected = saml_sp::ServiceProviderWarning::OneKeyForBoth { fingerprint: same.fingerprint() };
        assert_eq!(warnings, [expected]);
        assert!(warnings[0].to_string().contains("second key pair"), "{}", warnings[0]);
    }
}
