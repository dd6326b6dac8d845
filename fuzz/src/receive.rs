//! Whatever arrives from a browser: by itself, and signed by the identity provider.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use saml_sp::flow::{Arrival, Arrived, LogoutArrival, LogoutArrived, block_on, finish_login, receive_logout};
use saml_sp::storage::{LoginStore, SessionStore};
use saml_sp::testing::{Encryption, KeyPlacement, MemoryStore, SignedParts, TestKey, form_value, sign_template};
use saml_sp::{
    Claim, Connection, EntityId, Limits, Login, NameId, Parameter, Purpose, Received, SamlSession, SessionId,
    SessionIndex,
};

use crate::world::{ALICE, IDP, SLS, WORLD, alice, cookie, now, pending, response, responses};

/// Nobody can sign: a login that comes out says what the identity provider said, and a form value that is
/// garbage is refused.
pub(crate) fn post(input: &[u8]) {
    let encoded = BASE64_STANDARD.encode(input);
    let raw = std::str::from_utf8(input).ok();
    for form in [Some(encoded.as_str()), raw].into_iter().flatten() {
        let Some(login) = finished(form) else { continue };
        assert_original(&login);
        let decoded = BASE64_STANDARD.decode(form.split_ascii_whitespace().collect::<String>()).unwrap();
        assert!(String::from_utf8(decoded).unwrap().contains("SignatureValue"), "a login of an unsigned message");
    }
}

fn finished(form: &str) -> Option<Login> {
    let store = MemoryStore::new();
    block_on(store.keep(&pending())).unwrap();
    let cookie = cookie();
    let arrive = || {
        let arrival = Arrival { saml_response: form, relay_state: None, cookie: Some(cookie.value()) };
        block_on(finish_login(&store, &WORLD.sp, std::slice::from_ref(&WORLD.connection), arrival, now()))
    };
    match arrive() {
        Ok(Arrived::Finished(finished)) => {
            assert!(arrive().is_err(), "a message is taken twice");
            finished.into_login(Purpose::Login).ok()
        }
        Ok(other) => panic!("{other:?}"),
        Err(error) => {
            let shown = format!("{error} {error:?}");
            assert!(!shown.contains(ALICE), "it shows a name: {shown}");
            None
        }
    }
}

#[track_caller]
fn assert_original(login: &Login) {
    assert_eq!(login.name_id().map(NameId::value), Some(ALICE));
    assert_eq!(login.issuer().as_str(), IDP);
    assert_eq!(login.assertion().as_str(), "_assertion");
    assert_eq!(login.session_index().map(SessionIndex::as_str), Some("_session"));
    let [attribute] = login.attributes() else { panic!("other attributes") };
    assert_eq!(
        (attribute.name(), attribute.values().first().and_then(|value| value.as_text())),
        ("groups", Some("staff"))
    );
}

pub(crate) fn post_seeds() -> Vec<Vec<u8>> {
    let mut all = responses();
    all.push(form_value(&response(SignedParts::Both).xml().unwrap()).into_bytes());
    all
}

/// A template that the identity provider signs; the first octet may alter one octet afterwards. Where this crate says
/// yes libxmlsec1 does, about the same octets, and the same login comes out.
pub(crate) fn signed(input: &[u8]) {
    let Some((alter, template)) = input.split_first() else { return };
    let Ok(template) = std::str::from_utf8(template) else { return };
    if template.matches("{signature}").count() > 3 || template.matches("{digest").count() > 3 {
        return;
    }
    let Ok(xml) = sign_template(template, WORLD.idp.key()) else { return };
    let mut octets = xml.into_bytes();
    let at = usize::from(*alter) * octets.len() / 256;
    if let Some(octet) = octets.get_mut(at).filter(|_| alter % 2 == 1) {
        *octet ^= 1;
    }
    let Ok(first) = judge(&octets, &WORLD.permissive) else { return };
    let second = judge(&octets, &WORLD.seconded).unwrap_or_else(|code| panic!("the second engine: {code}"));
    assert!(template.contains("{signature}"), "nobody signed it");
    assert_same(&first, &second);
    if let Ok(strict) = judge(&octets, &WORLD.connection) {
        assert_same(&first, &strict);
    }
}

#[track_caller]
fn assert_same(one: &Login, other: &Login) {
    assert_eq!((one.assertion(), one.issuer()), (other.assertion(), other.issuer()));
    assert_eq!((one.name_id(), one.attributes()), (other.name_id(), other.attributes()));
    assert_eq!(one.session_index(), other.session_index());
    assert_eq!(one.session_not_on_or_after(), other.session_not_on_or_after());
}

fn judge(octets: &[u8], connection: &Connection) -> Result<Login, &'static str> {
    let received = Received::from_xml(octets.to_vec(), &Limits::message());
    let verified = match received.map_err(|rejection| rejection.code())? {
        Received::Solicited(response) => {
            let bound = pending().returned_by(Some(&cookie())).unwrap();
            response.verify(&WORLD.sp, connection, bound, now())
        }
        Received::Unsolicited(response) => response.verify(&WORLD.sp, connection, now()),
    };
    verified.and_then(|verified| verified.claimed(Claim::First)).map_err(|rejection| rejection.code())
}

pub(crate) fn signed_seeds() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for parts in [SignedParts::Assertion, SignedParts::Response, SignedParts::Both] {
        let template = response(parts).template();
        let exclusive = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";
        for other in ["http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "http://www.w3.org/2006/12/xml-c14n11"] {
            let other = template.replace(exclusive, &format!("<ds:Transform Algorithm=\"{other}\"/>"));
            all.push(format!("0{other}").into_bytes());
        }
        all.extend(["0", "1", "\u{7}"].map(|alter| format!("{alter}{template}").into_bytes()));
    }
    all
}

/// Ciphertexts: altered ones give no other login, and what a plaintext says shows in no error.
pub(crate) fn decrypt(input: &[u8]) {
    let Some((mode, rest)) = input.split_first() else { return };
    match mode % 2 {
        0 => {
            if let Some(login) = finished(&BASE64_STANDARD.encode(rest)) {
                assert_original(&login);
            }
        }
        // Any octets as the plaintext, in a response that the identity provider signs.
        _ => {
            let encryption = ENCRYPTIONS[usize::from(mode / 2) % ENCRYPTIONS.len()]();
            let certificate = TestKey::OtherRsa.certificate_pem();
            let Ok(sealed) = encryption.wrapped("EncryptedAssertion", rest, certificate) else { return };
            let template = response(SignedParts::Response).template();
            let (before, after) = template.split_once("<saml:Assertion").unwrap();
            let (_, after) = after.split_once("</saml:Assertion>").unwrap();
            let xml = sign_template(&format!("{before}{sealed}{after}"), WORLD.idp.key()).unwrap();
            let _ = finished(&form_value(&xml));
        }
    }
}

const GCM: &str = "http://www.w3.org/2009/xmlenc11#aes256-gcm";
const CBC: &str = "http://www.w3.org/2001/04/xmlenc#aes128-cbc";
const ENCRYPTIONS: [fn() -> Encryption; 4] = [
    Encryption::new,
    || Encryption::new().cipher(CBC),
    || Encryption::new().cipher(GCM).placement(KeyPlacement::Sibling),
    || Encryption::new().cipher(CBC).placement(KeyPlacement::Referenced).label(b"label"),
];

pub(crate) fn decrypt_seeds() -> Vec<Vec<u8>> {
    let mut all = Vec::new();
    for (number, encryption) in ENCRYPTIONS.into_iter().enumerate() {
        for parts in [SignedParts::Assertion, SignedParts::Both] {
            let sealed = response(parts).encrypted(encryption(), TestKey::OtherRsa.certificate_pem());
            all.push([b"0", sealed.xml().unwrap().as_bytes()].concat());
            let plain = response(parts).xml().unwrap();
            let (from, to) = (plain.find("<saml:Assertion").unwrap(), plain.find("</samlp:Response>").unwrap());
            all.push([&[number as u8 * 2 + 1], &plain.as_bytes()[from..to]].concat());
        }
    }
    all
}

/// Logout messages: raw queries and forms end no session unless they are the original; signed ones do not panic, and what
/// is sent back names this service provider.
pub(crate) fn redirect(input: &[u8]) {
    let Some((mode, rest)) = input.split_first() else { return };
    let Ok(text) = std::str::from_utf8(rest) else { return };
    let parameter = if mode & 8 == 0 { Parameter::Request } else { Parameter::Response };
    match mode % 4 {
        0 => logout(LogoutArrival::Redirect(text), Signed::BySomebody),
        1 => post_logout(parameter, &form_value(text), Signed::BySomebody),
        2 => {
            let Ok(query) = WORLD.idp.query(parameter, text, Some("state")) else { return };
            logout(LogoutArrival::Redirect(&query), Signed::ByTheIdp);
        }
        _ if text.matches("{signature}").count() > 3 => {}
        _ => {
            let Ok(xml) = sign_template(text, WORLD.idp.key()) else { return };
            post_logout(parameter, &form_value(&xml), Signed::ByTheIdp);
        }
    }
}

#[derive(PartialEq)]
enum Signed {
    BySomebody,
    ByTheIdp,
}

fn post_logout(parameter: Parameter, form: &str, signed: Signed) {
    let (saml_request, saml_response) = match parameter {
        Parameter::Request => (Some(form), None),
        Parameter::Response => (None, Some(form)),
    };
    logout(LogoutArrival::Post { saml_request, saml_response, relay_state: Some("state") }, signed);
}

fn logout(arrival: LogoutArrival<'_>, signed: Signed) {
    let store = MemoryStore::new();
    let open = |id: &str, name: NameId| {
        let connection = WORLD.connection.id().clone();
        let indexes = vec![SessionIndex::new(format!("_{id}"))];
        let session = SamlSession::new(SessionId::new(id), connection, EntityId::new(IDP), Some(name), indexes);
        block_on(store.open(&session)).unwrap();
    };
    open("alice", alice());
    open("bob", NameId::new("bob@example.com"));
    let connections = std::slice::from_ref(&WORLD.connection);
    let outcome = block_on(receive_logout(&store, &WORLD.sp, connections, arrival, now()));
    let is_open = |id: &str| store.is_open(&SessionId::new(id));
    match outcome {
        Ok(LogoutArrived::Asked { send, .. }) => {
            assert!(signed == Signed::ByTheIdp || is_open("bob"), "a session that nobody named has ended");
            let answer = WORLD.idp.received(&send.expect("the identity provider takes answers")).unwrap();
            assert!(answer.contains("LogoutResponse"));
        }
        Ok(LogoutArrived::Finished(_)) => panic!("no logout was started"),
        Err(_) => assert!(is_open("alice") && is_open("bob"), "a refused message has ended a session"),
    }
}

pub(crate) fn redirect_seeds() -> Vec<Vec<u8>> {
    let request = WORLD.idp.logout_request(SLS, &alice(), now()).id("_logout").session_index("_alice");
    let response = WORLD.idp.logout_response(SLS, "_started", now()).id("_answer");
    let mut all = Vec::new();
    for (high, message) in [(b'0', request), (b'8', response)] {
        let query = message.query(Some("state")).unwrap();
        let unsigned = message.clone().unsigned();
        let texts = [query, message.xml().unwrap(), unsigned.xml().unwrap(), message.template()];
        all.extend((high..).zip(texts).map(|(mode, text)| [&[mode], text.as_bytes()].concat()));
        all.push([&[high], unsigned.query(None).unwrap().as_bytes()].concat());
    }
    all
}
