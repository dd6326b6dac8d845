//! The identity provider of the testing kit, the way hosts use it.

use saml_sp::login::{LoginStart, Send, start_login};
use saml_sp::metadata::{EndpointBinding, EntityChoice, MetadataTrust};
use saml_sp::testing::{FakeIdp, Prefixes, SignedParts, TestKey};
use saml_sp::{Connection, ConnectionId, EntityId, IdentityProvider, Limits, Policy, Received, ServiceProvider};

use crate::kit::*;

#[test]
fn it_is_registered_by_metadata_or_by_certificate() {
    for key in [TestKey::Rsa, TestKey::OtherRsa, TestKey::P256, TestKey::OtherP256] {
        let idp = FakeIdp::with_key(IDP, key.signing_key().unwrap());
        let trust = MetadataTrust::ObtainedSecurely;
        let metadata = idp.metadata();
        let from_metadata =
            IdentityProvider::from_metadata(metadata.as_str(), &EntityChoice::Only, &trust, now()).unwrap();
        let by_hand = IdentityProvider::builder(IDP, "https://idp.example.com/sso")
            .certificate(idp.certificate_pem())
            .build()
            .unwrap();
        assert_eq!(from_metadata.entity_id().as_str(), idp.entity_id());
        assert_eq!(from_metadata.signing_keys(), by_hand.signing_keys());
        assert_eq!(from_metadata.signing_keys(), [idp.key().verifying_key()]);
        assert_eq!(from_metadata.sso_endpoint().location(), "https://idp.example.com/sso");
        assert!(by_hand.signing_keys()[0].certificate().unwrap().not_after() > now());
    }
}

#[test]
fn its_responses_are_accepted_with_everything_in_them() {
    each(&[SignedParts::Assertion, SignedParts::Response, SignedParts::Both], |bench| {
        let odd = "a&b<c>\"d\"'e'\té";
        let response = bench.response().attribute(odd, &[odd, ""]).assertion_id("_other");
        let login = bench.accept(&response.xml().unwrap());
        assert_eq!(login.assertion().as_str(), "_other");
        assert_eq!(login.attributes()[1].name(), odd);
        let values: Vec<_> = login.attributes()[1].values().iter().map(|value| value.as_text()).collect();
        assert_eq!(values, [Some(odd), Some("")]);
        assert_eq!(login.deviations(), []);
        let posted = Received::from_post(&response.form_value().unwrap(), &Limits::message()).unwrap();
        assert!(matches!(posted, Received::Solicited(_)));
    });
}

#[test]
fn it_answers_requests_over_both_bindings() {
    let idp = FakeIdp::rsa(IDP).unwrap();
    let sp = ServiceProvider::builder(organization(), EntityId::new(SP), ACS).build().unwrap();
    for binding in [EndpointBinding::HttpRedirect, EndpointBinding::HttpPost] {
        let fields = IdentityProvider::builder(IDP, "https://idp.example.com/sso").sso_binding(binding);
        let provider = fields.certificate(idp.certificate_pem()).build().unwrap();
        let connection =
            Connection::preconfigured(ConnectionId::new("acme-1"), organization(), provider, Policy::strict()).unwrap();
        let started = start_login(&sp, &connection, LoginStart::default(), now()).unwrap();
        let xml = idp.answer(&started.send, ACS, now()).unwrap().xml().unwrap();
        let Received::Solicited(response) = Received::from_xml(xml.into_bytes(), &Limits::message()).unwrap() else {
            panic!("unsolicited")
        };
        assert_eq!(response.in_response_to().for_lookup(), started.keep.key().request());
        let login = started.keep.returned_by(Some(&started.cookie)).unwrap();
        assert!(response.verify(&sp, &connection, login, now()).is_ok());
    }
    assert!(idp.answer(&Send::Redirect("https://idp.example.com/sso".to_owned()), ACS, now()).is_err());
}

#[test]
fn prefixes_change_the_spelling_and_nothing_else() {
    let idp = FakeIdp::rsa(IDP).unwrap();
    let template = |prefixes| idp.response(SP, ACS, now()).prefixes(prefixes).signed(SignedParts::Both).template();
    assert!(
        template(Prefixes::Alternate).contains("<saml2p:Response xmlns:saml2p=")
            && !template(Prefixes::Alternate).contains("ds:")
    );
    assert!(
        template(Prefixes::DefaultNamespace).starts_with("<Response xmlns=")
            && !template(Prefixes::DefaultNamespace).contains(":Assertion")
    );
    assert!(FakeIdp::p256(IDP).unwrap().response(SP, ACS, now()).xml().unwrap().contains("ecdsa-sha256"));
}
