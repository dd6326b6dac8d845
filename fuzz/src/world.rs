//! One service provider, one identity provider, and messages between them.

use std::sync::LazyLock;

use chrono::{DateTime, TimeDelta, Utc};
use saml_sp::testing::{Encryption, FakeIdp, FakeResponse, Prefixes, SignedParts, TestKey};
use saml_sp::{
    BrowserCookie, Connection, ConnectionId, EntityId, IdentityProvider, NameId, OrganizationId, PendingKey,
    PendingLogin, Policy, RequestId, SecondOpinion, ServiceProvider, Unsolicited,
};

pub(crate) const IDP: &str = "https://idp.example.com/";
pub(crate) const SP: &str = "https://app.example.com/saml/metadata/acme/";
pub(crate) const ACS: &str = "https://app.example.com/saml/acs/acme/";
pub(crate) const SLS: &str = "https://app.example.com/saml/sls/acme/";
pub(crate) const REQUEST: &str = "_request";
pub(crate) const ALICE: &str = "alice@example.com";

pub(crate) struct World {
    pub(crate) idp: FakeIdp,
    pub(crate) sp: ServiceProvider,
    /// Strict but for unsolicited responses, which are accepted.
    pub(crate) connection: Connection,
    /// With every canonicalization and SHA-1.
    pub(crate) permissive: Connection,
    /// The same, and libxmlsec1 has to agree.
    pub(crate) seconded: Connection,
}

pub(crate) static WORLD: LazyLock<World> = LazyLock::new(|| {
    let idp = FakeIdp::p256(IDP).unwrap();
    let policy = Policy::strict().with_unsolicited(Unsolicited::Accept);
    let permissive = policy.clone().dangerous().allow_sha1().allow_inclusive_c14n().into_policy();
    let sp = ServiceProvider::builder(organization(), EntityId::new(SP), ACS).sls_url(SLS);
    let sp = sp.signing_key(TestKey::OtherP256.signing_key().unwrap());
    World {
        sp: sp.decryption_key(TestKey::OtherRsa.decryption_key().unwrap()).build().unwrap(),
        connection: connection(policy),
        seconded: connection(permissive.clone().with_second_opinion(SecondOpinion::Required)),
        permissive: connection(permissive),
        idp,
    }
});

pub(crate) fn organization() -> OrganizationId {
    OrganizationId::new("acme")
}

pub(crate) fn now() -> DateTime<Utc> {
    DateTime::from_timestamp(1_795_435_200, 0).unwrap()
}

fn connection(policy: Policy) -> Connection {
    let idp = IdentityProvider::builder(IDP, "https://idp.example.com/sso");
    let idp = idp.slo_url("https://idp.example.com/slo");
    let idp = idp.certificate(TestKey::P256.certificate_pem()).build().unwrap();
    Connection::preconfigured(ConnectionId::new("acme-1"), organization(), idp, policy).unwrap()
}

pub(crate) fn cookie() -> BrowserCookie {
    BrowserCookie::from_value(&"0".repeat(40)).unwrap()
}

pub(crate) fn pending() -> PendingLogin {
    let key = PendingKey::new(RequestId::new(REQUEST), ConnectionId::new("acme-1"), cookie().binding());
    PendingLogin::new(key, now(), now() + TimeDelta::minutes(10))
}

pub(crate) fn alice() -> NameId {
    NameId::new(ALICE)
}

pub(crate) fn response(parts: SignedParts) -> FakeResponse<'static> {
    let response = WORLD.idp.response(SP, ACS, now()).assertion_id("_assertion").in_response_to(REQUEST);
    response.name_id(ALICE).attribute("groups", &["staff"]).signed(parts)
}

/// Signed responses of every kind.
pub(crate) fn responses() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for parts in [SignedParts::Assertion, SignedParts::Response, SignedParts::Both, SignedParts::Nothing] {
        for prefixes in Prefixes::ALL {
            all.push(response(parts).prefixes(prefixes).xml().unwrap().into_bytes());
        }
    }
    all
}

pub(crate) fn metadata() -> Vec<Vec<u8>> {
    let of_idp = WORLD.idp.metadata();
    let several = format!(
        "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\"><!-- c -->{of_idp}</md:EntitiesDescriptor>"
    );
    vec![of_idp.into_bytes(), several.into_bytes(), include_bytes!("../../examples/data/idp.xml").to_vec()]
}

/// XML of all kinds.
pub(crate) fn documents() -> Vec<Vec<u8>> {
    let mixed = "\u{feff}<?xml version='1.0'?><a xmlns='urn:x' xmlns:é='urn:y' xml:id='i'>x&amp;&#46;<é:b c='&lt;\n'\
        é:c='&#9;'/>é<c xmlns=''><d xmlns:é='urn:z' xml:lang='' xml:space='preserve'/></c></a>\n";
    let ours = WORLD.sp.metadata().signed().write(now()).unwrap();
    let encrypted = response(SignedParts::Both).encrypted(Encryption::new(), TestKey::OtherRsa.certificate_pem());
    let mut all = responses();
    all.extend(metadata());
    all.extend([mixed, &ours, &encrypted.xml().unwrap()].map(|text| text.as_bytes().to_vec()));
    all
}
