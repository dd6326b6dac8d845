//! Feature `serde`: a stored value is its own bytes in every format, an identifier its text.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use saml_sp::mapping::{AttributeMap, IdpProfile};
use saml_sp::testing::FakeIdp;
use saml_sp::{Connection, ConnectionId, EntityId, OrganizationId, Policy, SamlSession, SessionId, SessionIndex};
use serde_test::{Configure as _, Token, assert_de_tokens_error, assert_tokens};

fn session() -> SamlSession {
    let indexes = vec![SessionIndex::new("index")];
    SamlSession::new(SessionId::new("ours"), ConnectionId::new("c-1"), EntityId::new("https://idp"), None, indexes)
}

#[test]
fn a_stored_value_is_its_bytes_and_in_text_their_base64() {
    let octets: &'static [u8] = session().to_bytes().leak();
    let text: &'static str = BASE64_STANDARD.encode(octets).leak();
    assert_tokens(&session().compact(), &[Token::Bytes(octets)]);
    assert_tokens(&session().readable(), &[Token::Str(text)]);
}

#[test]
fn what_from_bytes_refuses_is_refused_with_its_words() {
    let mut later = session().to_bytes();
    later[0] += 1;
    let later: &'static [u8] = later.leak();
    let words = SamlSession::from_bytes(later).unwrap_err().to_string();
    assert_de_tokens_error::<serde_test::Compact<SamlSession>>(&[Token::Bytes(later)], &words);
    assert_de_tokens_error::<serde_test::Readable<SamlSession>>(
        &[Token::Str("no base64")],
        "the stored value is not base64",
    );
    assert_de_tokens_error::<serde_test::Compact<SamlSession>>(
        &[Token::Str("text")],
        "invalid type: string \"text\", expected the bytes of a stored value",
    );
}

#[test]
fn an_identifier_is_its_text() {
    assert_tokens(&ConnectionId::new("c-1"), &[Token::Str("c-1")]);
    assert_tokens(&EntityId::new("https://idp"), &[Token::Str("https://idp")]);
}

#[test]
fn connections_and_mappings_survive_json() {
    let idp = FakeIdp::p256("https://idp.example.com/").unwrap().identity_provider().unwrap();
    let (id, organization) = (ConnectionId::new("c-1"), OrganizationId::new("acme"));
    let connection = Connection::preconfigured(id, organization, idp, Policy::strict()).unwrap();
    let json = serde_json::to_string(&connection).unwrap();
    assert_eq!(serde_json::from_str::<Connection>(&json).unwrap(), connection);

    let mapping = IdpProfile::named("okta").unwrap().attribute_map().unwrap();
    let json = serde_json::to_value(&mapping).unwrap();
    assert!(json.is_string());
    assert_eq!(serde_json::from_value::<AttributeMap>(json).unwrap(), mapping);
}
