//! The second opinion as a host sees it. What libxmlsec1 says of attacks is tested beside the adapter.

use std::process::Command;

use saml_sp::error::{Outcome, Rule};
use saml_sp::keys::{Certificate, DigestAlgorithm, RsaPssParameters, SignatureAlgorithm};
use saml_sp::testing::{Encryption, FakeIdp, Prefixes, SignedParts, TestKey};
use saml_sp::{Connection, ConnectionId, Login, Policy, Rejection, SecondOpinion, SigningKey};

use crate::encryption::judge_with;
use crate::kit::*;

const PARTS: [SignedParts; 3] = [SignedParts::Assertion, SignedParts::Response, SignedParts::Both];
const DIGESTS: [DigestAlgorithm; 3] = [DigestAlgorithm::Sha256, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512];
const PSS: &str = "dsig.second_opinion";

fn required() -> Policy {
    Policy::strict().with_second_opinion(SecondOpinion::Required)
}

fn bench(key: SigningKey, parts: SignedParts, prefixes: Prefixes, policy: Policy) -> Bench {
    let idp = FakeIdp::with_key(IDP, key);
    let connection = Connection::preconfigured(
        ConnectionId::new("acme-1"),
        organization(),
        idp.identity_provider().unwrap(),
        policy,
    )
    .unwrap();
    Bench { idp, connection, parts, prefixes }
}

macro_rules! key {
    ($name:literal) => {{
        let certificate = include_str!(concat!("../../src/keys/fixtures/", $name, ".crt.pem"));
        let key = include_str!(concat!("../../src/keys/fixtures/", $name, ".key.pem"));
        SigningKey::from_pem(key, Some(&Certificate::from_pem(certificate).unwrap())).unwrap()
    }};
}

fn rsa(algorithm: SignatureAlgorithm) -> SigningKey {
    TestKey::Rsa.signing_key().unwrap().with_algorithm(algorithm).unwrap()
}

fn pss() -> SigningKey {
    rsa(SignatureAlgorithm::RsaPss(RsaPssParameters::with_default_salt(DigestAlgorithm::Sha256)))
}

#[track_caller]
fn agreed(login: &Login) {
    assert_eq!(login.checks().outcome(Rule::SecondOpinion), Some(&Outcome::Passed), "{}", login.checks());
}

#[test]
fn agrees_with_every_algorithm_that_it_knows() {
    let ec = [key!("p256"), key!("p384"), key!("p521")];
    let with = |digest| move |key: &SigningKey| key.clone().with_algorithm(SignatureAlgorithm::Ecdsa(digest)).unwrap();
    let mut keys: Vec<SigningKey> = DIGESTS.into_iter().flat_map(|digest| ec.iter().map(with(digest))).collect();
    keys.extend(DIGESTS.into_iter().map(|digest| rsa(SignatureAlgorithm::RsaPkcs1(digest))));
    assert_eq!(keys.len(), 12);
    for key in keys {
        for parts in PARTS {
            let bench = bench(key.clone(), parts, Prefixes::Usual, required());
            agreed(&bench.accept(&bench.response().xml().unwrap()));
        }
    }
    for prefixes in Prefixes::ALL {
        let bench = Bench::with_policy(TestKey::Rsa, SignedParts::Both, prefixes, required());
        agreed(&bench.accept(&bench.response().xml().unwrap()));
    }
}

#[test]
fn agrees_with_what_a_connection_lets_pass() {
    for parts in PARTS {
        let sha1 = TestKey::Rsa.signing_key().unwrap().with_legacy_sha1();
        let legacy = bench(sha1, parts, Prefixes::Usual, required().dangerous().allow_sha1().into_policy());
        agreed(&legacy.accept(&legacy.response().xml().unwrap()));
        let policy = required().dangerous().allow_inclusive_c14n().into_policy();
        let inclusive = Bench::with_policy(TestKey::Rsa, parts, Prefixes::Usual, policy);
        for method in [
            "http://www.w3.org/TR/2001/REC-xml-c14n-20010315",
            "http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments",
            "http://www.w3.org/2006/12/xml-c14n11",
            "http://www.w3.org/2001/10/xml-exc-c14n#WithComments",
        ] {
            let template = inclusive.response().template().replace(EXCLUSIVE, method);
            agreed(&inclusive.accept(&inclusive.sign(&template)));
        }
    }
}

#[test]
fn agrees_inside_encryption() {
    let certificate = TestKey::OtherRsa.certificate_pem();
    for parts in PARTS {
        let response = Bench::signing(parts);
        let xml = response.response().encrypted(Encryption::new(), certificate).xml().unwrap();
        agreed(&judge_with(&xml, required(), &[TestKey::OtherRsa]).unwrap());
    }
}

/// libxmlsec1 1.2 does not know RSA-PSS.
#[test]
fn what_it_cannot_judge() {
    for parts in PARTS {
        let of = |policy: Policy| bench(pss(), parts, Prefixes::Usual, policy);
        let bench = of(Policy::strict().with_second_opinion(SecondOpinion::WhereSupported));
        let xml = bench.response().xml().unwrap();
        let login = bench.accept(&xml);
        assert_eq!(login.checks().outcome(Rule::SecondOpinion), Some(&Outcome::Undecided));
        assert!(login.checks().to_string().contains("undecided    libxmlsec1 agrees"), "{}", login.checks());
        of(required()).refuse(&xml, PSS);
        let login = of(Policy::strict()).accept(&xml);
        assert_eq!(login.checks().outcome(Rule::SecondOpinion), None);
    }
}

/// What is refused about a proven plaintext can be told.
#[test]
fn what_it_cannot_judge_inside_encryption() {
    let certificate = TestKey::OtherRsa.certificate_pem();
    for parts in PARTS {
        let bench = bench(pss(), parts, Prefixes::Usual, required());
        let xml = bench.response().encrypted(Encryption::new(), certificate).xml().unwrap();
        let rejection = judge_with(&xml, required(), &[TestKey::OtherRsa]).unwrap_err();
        assert_eq!(rejection.code(), PSS, "{}", rejection.report());
        let asked = Policy::strict().with_second_opinion(SecondOpinion::WhereSupported);
        judge_with(&xml, asked, &[TestKey::OtherRsa]).unwrap();
    }
}

/// Signed by the trusted key, with a list of prefixes that stand apart by this character. The standard allows any white
/// space; libxmlsec1 takes a line feed for a part of the name, and comes to another canonical form.
fn with_prefix_list(separator: &str) -> String {
    let bench = Bench::signing(SignedParts::Assertion);
    let template = replace(
        &bench.response().template(),
        "<saml:Assertion ",
        "<saml:Assertion xmlns:a=\"urn:a\" xmlns:b=\"urn:b\" ",
    );
    let list = format!("<InclusiveNamespaces xmlns=\"{EXCLUSIVE}\" PrefixList=\"a{separator}b\"/>");
    let transform = format!("<ds:Transform Algorithm=\"{EXCLUSIVE}\"/>");
    bench.sign(&replace(&template, &transform, &inside(&transform, &list)))
}

fn disputed() -> String {
    with_prefix_list("&#10;")
}

fn judge(xml: &str, policy: Policy) -> Result<Login, Rejection> {
    Bench::with_policy(TestKey::Rsa, SignedParts::Assertion, Prefixes::Usual, policy).judge(xml)
}

/// C14-017.
#[test]
fn it_can_refuse() {
    let xml = disputed();
    for asked in [SecondOpinion::WhereSupported, SecondOpinion::Required] {
        let rejection = judge(&xml, Policy::strict().with_second_opinion(asked)).unwrap_err();
        assert_eq!(rejection.code(), "dsig.engines_disagree", "{}", rejection.report());
        assert!(matches!(rejection.checks().outcome(Rule::SecondOpinion), Some(Outcome::Failed(_))));
        assert!(!rejection.report().to_string().contains(ALICE));
    }
    judge(&xml, Policy::strict().with_second_opinion(SecondOpinion::NotAsked)).unwrap();
    agreed(&judge(&with_prefix_list(" "), required()).unwrap());
}

/// API-012: it can only take away.
#[test]
fn it_is_not_asked_before_everything_else_has_passed() {
    let good = Bench::signing(SignedParts::Assertion).xml();
    for (part, new, code) in [
        (ALICE, ADMIN, "dsig.digest_mismatch"),
        ("status:Success", "status:Responder", "profile.status"),
        ("Destination=\"https://app", "Destination=\"https://www", "profile.destination"),
    ] {
        let rejection = judge(&replace(&good, part, new), required()).unwrap_err();
        assert_eq!((rejection.code(), rejection.checks().outcome(Rule::SecondOpinion)), (code, None));
    }
    agreed(&judge(&good, required()).unwrap());
}

/// API-009.
#[test]
fn from_several_threads() {
    let good = Bench::signing(SignedParts::Both).xml();
    let disputed = disputed();
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..20 {
                    agreed(&judge(&good, required()).unwrap());
                    assert_eq!(judge(&disputed, required()).unwrap_err().code(), "dsig.engines_disagree");
                }
            });
        }
    });
}

/// The tests above, in a process of their own.
#[test]
fn nothing_reaches_stderr() {
    const NESTED: &str = "SAML_SP_NESTED_TEST";
    if std::env::var_os(NESTED).is_some() {
        return;
    }
    let tests = module_path!().split_once("::").unwrap().1;
    let nested = Command::new(std::env::current_exe().unwrap()).arg(tests).env(NESTED, "1").output().unwrap();
    let said = String::from_utf8_lossy(&nested.stdout);
    assert!(nested.status.success() && !said.contains(" 0 passed"), "{said}");
    assert_eq!(String::from_utf8_lossy(&nested.stderr), "");
}
