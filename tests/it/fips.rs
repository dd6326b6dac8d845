//! The feature `fips`: what the validated module does works, and the rest is refused before anything is computed. Without
//! the feature everything that is refused here is accepted by the tests beside this one.

use saml_sp::error::SigningError;
use saml_sp::keys::{Certificate, DigestAlgorithm, SignatureAlgorithm};
use saml_sp::login::{LoginStart, Send, StartError, start_login};
use saml_sp::metadata::EndpointBinding;
use saml_sp::testing::{FakeIdp, SignedParts, TestKey};
use saml_sp::{
    Connection, ConnectionId, EntityId, IdentityProvider, Limits, Policy, RedirectMessage, ServiceProvider, SigningKey,
};

use crate::encryption::*;
use crate::kit::*;

const XENC: &str = "http://www.w3.org/2001/04/xmlenc#";
const XENC11: &str = "http://www.w3.org/2009/xmlenc11#";

/// Everything that can be allowed.
fn permissive() -> Policy {
    let dangerous = cbc_policy().dangerous().allow_sha1().allow_rsa1024().allow_rsa1_5().allow_3des();
    dangerous.into_policy()
}

#[test]
fn fips_signatures() {
    for key in [TestKey::Rsa, TestKey::P256] {
        let bench = Bench::with_policy(key, SignedParts::Both, saml_sp::testing::Prefixes::Usual, permissive());
        let xml = bench.response().xml().unwrap();
        bench.accept(&xml);
        for (from, to, code) in [
            ("rsa-sha256", "rsa-sha1", "dsig.signature_algorithm"),
            ("ecdsa-sha256", "ecdsa-sha1", "dsig.signature_algorithm"),
            ("ecdsa-sha256", "ecdsa-sha384", "dsig.signature_algorithm"),
            ("2001/04/xmlenc#sha256", "2000/09/xmldsig#sha1", "dsig.digest_algorithm"),
        ] {
            if xml.contains(from) {
                bench.refuse(&xml.replace(from, to), code);
            }
        }
        // What RSA verifies with SHA-512, the module does as well: here the value is wrong, and not the algorithm.
        if key == TestKey::Rsa {
            bench.refuse(&xml.replace("rsa-sha256", "rsa-sha512"), "dsig.signature_invalid");
        }
    }
    let small = include_str!("../../src/keys/fixtures/rsa1024.crt.pem");
    let idp = IdentityProvider::builder(IDP, "https://idp.example.com/sso").certificate(small).build().unwrap();
    let connection = Connection::preconfigured(ConnectionId::new("acme-1"), organization(), idp, permissive()).unwrap();
    let bench = Bench { connection, ..Bench::signing(SignedParts::Both) };
    bench.refuse(&bench.response().xml().unwrap(), "dsig.signature_algorithm");
}

#[test]
fn fips_queries() {
    let send = |key: SigningKey| {
        let idp = FakeIdp::with_key(IDP, TestKey::P256.signing_key().unwrap()).identity_provider().unwrap();
        assert_eq!(idp.sso_endpoint().binding(), &EndpointBinding::HttpRedirect);
        let connection =
            Connection::preconfigured(ConnectionId::new("acme-1"), organization(), idp, permissive()).unwrap();
        let sp = ServiceProvider::builder(organization(), EntityId::new(SP), ACS).signing_key(key).build().unwrap();
        start_login(&sp, &connection, LoginStart::default(), now()).map(|started| (started.send, connection))
    };
    let key = TestKey::P256.signing_key().unwrap();
    let (Send::Redirect(url), connection) = send(key.clone()).unwrap() else { panic!("a redirect") };
    let query = url.split_once('?').unwrap().1.to_owned();
    let verdict = |query: &str| {
        let message = RedirectMessage::parse(query, &Limits::message()).unwrap();
        let verified = connection.verify_redirect(&message).map_err(|rejection| rejection.code());
        verified.map(|verified| verified.deviations().len())
    };
    assert_eq!(verdict(&query), Ok(0));
    for other in ["ecdsa-sha1", "ecdsa-sha384"] {
        assert_eq!(verdict(&query.replace("ecdsa-sha256", other)), Err("binding.detached_algorithm"));
    }
    let unusual = key.with_algorithm(SignatureAlgorithm::Ecdsa(DigestAlgorithm::Sha384)).unwrap();
    assert!(matches!(send(unusual), Err(StartError::Signing(SigningError::Key(_)))));
    assert!(Certificate::from_pem(TestKey::P256.certificate_pem()).is_ok());
}

#[test]
fn fips_decryption() {
    let gcm_of = |bits: u32| gcm().cipher(&format!("{XENC11}aes{bits}-gcm"));
    let sha256 = format!("{XENC}sha256");
    let oaep = |mgf: &str| gcm().transport(&format!("{XENC11}rsa-oaep")).digest(&sha256).mgf(&format!("{XENC11}{mgf}"));
    for how in [gcm_of(128), gcm_of(256), oaep("mgf1sha256"), oaep("mgf1sha256").label(b"label")] {
        accept(judge_with(&usual(&how), permissive(), &[OURS]));
    }
    let damaged = altered(&usual(&gcm()), |octets| octets[..40].to_vec());
    refuse(judge_with(&damaged, permissive(), &[OURS]), "enc.failed");
    for how in [
        gcm_of(192),
        cbc(),
        gcm().cipher(&format!("{XENC}tripledes-cbc")),
        gcm().transport(&format!("{XENC}rsa-1_5")),
        gcm().digest(&sha256),
        oaep("mgf1sha1"),
    ] {
        refuse(judge_with(&usual(&how), permissive(), &[OURS]), "enc.algorithm");
    }
}
