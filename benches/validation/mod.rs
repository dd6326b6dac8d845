//! The validation that is measured: a form value in, a verified login out, with the checks of the strict profile.

use std::hint::black_box;

use chrono::{DateTime, Utc};
use saml_sp::testing::{FakeIdp, SignedParts};
use saml_sp::{
    BrowserCookie, Connection, ConnectionId, EntityId, Limits, OrganizationId, PendingKey, PendingLogin, Policy,
    Received, RequestId, ServiceProvider,
};

const SP: &str = "https://app.example.com/saml/metadata/acme/";
const ACS: &str = "https://app.example.com/saml/acs/acme/";

/// When it happens.
pub(crate) fn now() -> DateTime<Utc> {
    "2026-01-01T00:00:00Z".parse().expect("an instant")
}

/// The identity provider that signs.
pub(crate) fn idp() -> FakeIdp {
    FakeIdp::rsa("https://idp.example.com/").expect("the test key")
}

/// A validation with everything that is prepared once prepared.
pub(crate) fn validation<'f>(idp: &FakeIdp, policy: Policy, form: &'f str) -> impl Fn() + use<'f> {
    let sp = ServiceProvider::builder(OrganizationId::new("acme"), EntityId::new(SP), ACS)
        .build()
        .expect("a service provider");
    let idp = idp.identity_provider().expect("an identity provider");
    let connection = Connection::preconfigured(ConnectionId::new("c"), OrganizationId::new("acme"), idp, policy)
        .expect("a connection");
    let cookie = BrowserCookie::from_value(&"0".repeat(40)).expect("a cookie");
    let now = now();
    // The largest row has 4 MB.
    let limits = Limits::message().with_bytes(8 << 20).with_nodes(100_000);
    move || {
        let Received::Solicited(response) = Received::from_post(form, &limits).expect("a response") else {
            panic!("unsolicited")
        };
        let key = PendingKey::new(RequestId::new("_request"), ConnectionId::new("c"), cookie.binding());
        let pending = PendingLogin::new(key, now, now + chrono::TimeDelta::minutes(10));
        let bound = pending.returned_by(Some(&cookie)).expect("the same browser");
        let verified = response.verify(&sp, &connection, bound, now).expect("a valid response");
        black_box(&verified);
    }
}

/// The form value of a Response with that many attributes of some 550 bytes; where there are many, every other one has two
/// values, and they are half as long.
pub(crate) fn form_value(idp: &FakeIdp, signed: SignedParts, attributes: usize) -> String {
    let mut response = idp.response(SP, ACS, now()).in_response_to("_request").signed(signed);
    let many = attributes > 50;
    let value = "the quick brown fox jumps over the lazy dog ".repeat(if many { 4 } else { 10 });
    for number in 0..attributes {
        let values = if many && number % 2 == 1 { vec![value.as_str(); 2] } else { vec![value.as_str()] };
        response = response.attribute(&format!("urn:oid:1.3.6.1.4.1.5923.1.1.1.{number}"), &values);
    }
    response.form_value().expect("a response")
}
