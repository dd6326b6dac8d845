//! One service provider, one connection, one pending login, and scissors.

use std::collections::BTreeMap;
use std::sync::Mutex;

use chrono::{DateTime, Utc};
use saml_sp::testing::{FakeIdp, FakeResponse, Prefixes, SignedParts, TestKey, sign_template};
use saml_sp::{
    BrowserBinding, BrowserCookie, Claim, Connection, ConnectionId, EntityId, IdentityProvider, Limits, Login,
    OrganizationId, PendingKey, PendingLogin, Policy, Received, Rejection, RequestId, ServiceProvider, SigningKey,
    VerifiedLogin,
};

pub(crate) const IDP: &str = "https://idp.example.com/";
pub(crate) const SP: &str = "https://app.example.com/saml/metadata/acme/";
pub(crate) const ACS: &str = "https://app.example.com/saml/acs/acme/";
pub(crate) const REQUEST: &str = "_request";
pub(crate) const ALICE: &str = "alice@example.com";
/// Whom every attacker wants to be.
pub(crate) const ADMIN: &str = "admin@example.com";
pub(crate) const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
pub(crate) const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
pub(crate) const EXCLUSIVE: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
pub(crate) const ENVELOPED: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";

/// The one organization of most tests.
pub(crate) fn organization() -> OrganizationId {
    OrganizationId::new("acme")
}

pub(crate) fn now() -> DateTime<Utc> {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

/// An identity provider, and the connection to it that messages are judged by.
pub(crate) struct Bench {
    pub(crate) idp: FakeIdp,
    pub(crate) connection: Connection,
    pub(crate) parts: SignedParts,
    pub(crate) prefixes: Prefixes,
}

impl Bench {
    pub(crate) fn new(key: TestKey, parts: SignedParts, prefixes: Prefixes) -> Self {
        Self::with_policy(key, parts, prefixes, Policy::strict())
    }

    pub(crate) fn with_policy(key: TestKey, parts: SignedParts, prefixes: Prefixes, policy: Policy) -> Self {
        let idp = FakeIdp::with_key(IDP, key.signing_key().unwrap());
        let connection =
            Connection::preconfigured(ConnectionId::new("acme-1"), organization(), identity_provider(&[key]), policy)
                .unwrap();
        Self { idp, connection, parts, prefixes }
    }

    /// The plain one: RSA, usual prefixes.
    pub(crate) fn signing(parts: SignedParts) -> Self {
        Self::new(TestKey::Rsa, parts, Prefixes::Usual)
    }

    pub(crate) fn response(&self) -> FakeResponse<'_> {
        self.idp
            .response(SP, ACS, now())
            .in_response_to(REQUEST)
            .assertion_id("_assertion")
            .name_id(ALICE)
            .attribute("groups", &["staff"])
            .signed(self.parts)
            .prefixes(self.prefixes)
    }

    /// A good response. Nothing is worth testing with one that isn't.
    pub(crate) fn xml(&self) -> String {
        let xml = self.response().xml().unwrap();
        self.accept(&xml);
        xml
    }

    /// Signs with the trusted key whatever it is.
    pub(crate) fn sign(&self, template: &str) -> String {
        sign(template, self.idp.key())
    }

    pub(crate) fn style(&self, fragment: &str) -> String {
        self.prefixes.apply(fragment)
    }

    pub(crate) fn verify(&self, xml: &str) -> Result<VerifiedLogin, Rejection> {
        self.verify_at(xml, now())
    }

    pub(crate) fn verify_at(&self, xml: &str, now: DateTime<Utc>) -> Result<VerifiedLogin, Rejection> {
        let sp = ServiceProvider::builder(organization(), EntityId::new(SP), ACS).build().unwrap();
        match Received::from_xml(xml.as_bytes().to_vec(), &Limits::message())? {
            Received::Solicited(response) => {
                let cookie = BrowserCookie::from_value(&"0".repeat(40)).unwrap();
                let binding: BrowserBinding = cookie.binding();
                let key = PendingKey::new(RequestId::new(REQUEST), self.connection.id().clone(), binding);
                let pending = PendingLogin::new(key, now, now + chrono::TimeDelta::minutes(10));
                response.verify(&sp, &self.connection, pending.returned_by(Some(&cookie)).unwrap(), now)
            }
            Received::Unsolicited(response) => response.verify(&sp, &self.connection, now),
        }
    }

    pub(crate) fn judge(&self, xml: &str) -> Result<Login, Rejection> {
        self.verify(xml)?.claimed(Claim::First)
    }

    /// The user has to be Alice: whatever else the message holds, nobody read it.
    #[track_caller]
    pub(crate) fn accept(&self, xml: &str) -> Login {
        let login = self.judge(xml).unwrap_or_else(|rejection| panic!("{}{xml}", rejection.report()));
        assert_eq!(login.name_id().map(|name_id| name_id.value()), Some(ALICE), "{xml}");
        login
    }

    /// No login came out, and the refusal says what to do.
    #[track_caller]
    pub(crate) fn refuse(&self, xml: &str, code: &str) {
        match self.judge(xml) {
            Ok(login) => panic!("{:?} came out instead of {code}: {xml}", login.name_id().map(|id| id.value())),
            Err(rejection) => {
                assert_eq!(rejection.code(), code, "{}{xml}", rejection.report());
                assert!(!rejection.remedy().is_empty() && !rejection.spec().is_empty(), "{code}");
                say_the_same(&rejection);
            }
        }
    }
}

pub(crate) fn sign(template: &str, key: &SigningKey) -> String {
    sign_template(template, key).unwrap_or_else(|error| panic!("{error}: {template}"))
}

/// API-005: what a browser may be shown is one sentence for each code, whoever sent what.
fn say_the_same(rejection: &Rejection) {
    static SENTENCES: Mutex<BTreeMap<&str, String>> = Mutex::new(BTreeMap::new());
    let mut sentences = SENTENCES.lock().unwrap();
    let first = sentences.entry(rejection.code()).or_insert_with(|| rejection.to_string());
    assert_eq!(*first, rejection.to_string());
}

/// The identity provider as registered by hand, with those keys.
pub(crate) fn identity_provider(keys: &[TestKey]) -> IdentityProvider {
    let fields = IdentityProvider::builder(IDP, "https://idp.example.com/sso");
    keys.iter().fold(fields, |fields, key| fields.certificate(key.certificate_pem())).build().unwrap()
}

/// What is signed x RSA or ECDSA x spelling of namespaces.
pub(crate) fn each(parts: &[SignedParts], test: impl Fn(&Bench)) {
    for key in [TestKey::Rsa, TestKey::P256] {
        for prefixes in Prefixes::ALL {
            for part in parts {
                test(&Bench::new(key, *part, prefixes));
            }
        }
    }
}

/// The first element of that local name, whatever its prefix, from `<` to `>`.
#[track_caller]
pub(crate) fn element<'x>(xml: &'x str, local: &str) -> &'x str {
    let tag = |at: usize| {
        let name = xml[at + 1..].split([' ', '>', '/']).next().unwrap_or_default();
        (name.rsplit(':').next() == Some(local)).then_some(name)
    };
    let (start, name) = xml
        .match_indices('<')
        .find_map(|(at, _)| tag(at).map(|name| (at, name)))
        .unwrap_or_else(|| panic!("no {local} in {xml}"));
    let (mut depth, mut at) = (0, start);
    loop {
        let end = at + xml[at..].find('>').unwrap() + 1;
        if xml[at..].starts_with(&format!("</{name}>")) {
            depth -= 1;
        } else if tag(at) == Some(name) && !xml[..end].ends_with("/>") {
            depth += 1;
        }
        if depth == 0 {
            return &xml[start..end];
        }
        at = end + xml[end..].find('<').unwrap();
    }
}

pub(crate) fn without(xml: &str, part: &str) -> String {
    assert!(xml.contains(part), "{part} in {xml}");
    xml.replacen(part, "", 1)
}

pub(crate) fn before(xml: &str, part: &str, new: &str) -> String {
    replace(xml, part, &[new, part].concat())
}

pub(crate) fn after(xml: &str, part: &str, new: &str) -> String {
    replace(xml, part, &[part, new].concat())
}

#[track_caller]
pub(crate) fn replace(xml: &str, part: &str, new: &str) -> String {
    assert!(xml.contains(part), "no {part} in {xml}");
    xml.replacen(part, new, 1)
}

/// Puts content in front of everything in an element.
pub(crate) fn inside(element: &str, new: &str) -> String {
    let (start, rest) = element.split_at(element.find('>').unwrap() + 1);
    match start.strip_suffix("/>") {
        Some(start) => {
            let name = start[1..].split(' ').next().unwrap();
            format!("{start}>{new}</{name}>{rest}")
        }
        None => [start, new, rest].concat(),
    }
}

/// Puts content behind everything in an element.
pub(crate) fn inside_last(element: &str, new: &str) -> String {
    let (rest, end) = element.split_at(element.rfind("</").unwrap());
    [rest, new, end].concat()
}

/// The assertion of a response and what it would be for somebody else: another ID, no signature.
pub(crate) fn original_and_evil(xml: &str) -> (String, String) {
    let original = element(xml, "Assertion").to_owned();
    (original.clone(), evil(&original))
}

pub(crate) fn evil(assertion: &str) -> String {
    let unsigned = unsigned(assertion);
    replace(&replace(&unsigned, "\"_assertion\"", "\"_evil\""), ALICE, ADMIN)
}

pub(crate) fn unsigned(xml: &str) -> String {
    if xml.contains("Signature") { without(xml, element(xml, "Signature")) } else { xml.to_owned() }
}

/// Signs with another key than the trusted one what stands in `part` of a template, and the rest not yet.
pub(crate) fn sign_part(template: &str, part: &str, key: TestKey) -> String {
    let hidden = replace(template, part, "<hidden/>").replace('{', "[[").replace('}', "]]");
    let signed = sign(&replace(&hidden, "<hidden/>", part), &key.signing_key().unwrap());
    signed.replace("[[", "{").replace("]]", "}")
}
