//! Where a signature goes: whatever surrounds the place, the result verifies there.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::Utc;

use super::*;
use crate::connection::Connection;
use crate::error::SigningError;
use crate::keys::SigningKey;
use crate::login::{LoginStart, Send, start_login};
use crate::metadata::{EndpointBinding, IdentityProvider};
use crate::names::{ConnectionId, EntityId, OrganizationId};
use crate::policy::Policy;
use crate::protocol::AFTER_ISSUER;
use crate::sp::ServiceProvider;
use crate::testing::TestKey;

const BEHIND: Position = Position::After("urn:m", "I");

/// Whether the target is signed by that key in that position, and nothing around it has changed.
#[track_caller]
fn assert_signed(xml: &str, position: Position, key: &SigningKey) {
    let signed = sign_enveloped(xml, "_m", position, key).unwrap();
    let document = parse(signed.as_str());
    let target = document.root().subtree().find(|node| node.attribute("ID") == Some("_m")).unwrap();
    let signature = signature_of(target, position).unwrap().unwrap();
    assert!(verify(signature, &[key.verifying_key()], &Algorithms::strict()).is_ok(), "{signed}");
    let (head, rest) = signed.split_once("<ds:Signature ").unwrap();
    let (_, tail) = rest.split_once("</ds:Signature>").unwrap();
    assert_eq!([head, tail].concat(), xml.replace("\r\n", "\n").replace('\r', "\n"));
}

/// The message in a root, on its own, and with what may follow it there.
fn around(message: &str) -> [String; 3] {
    let inner = message.replacen("<m:M ", "<m:M xmlns:m=\"urn:m\" ", 1);
    [
        format!("\u{feff}<r>{inner}</r>"),
        inner.clone(),
        format!("<r>{inner}<m:M xmlns:m=\"urn:m\"><m:I>x</m:I></m:M></r>"),
    ]
}

#[test]
fn behind_an_issuer_whatever_it_holds_and_whatever_follows() {
    let key = TestKey::P256.signing_key().unwrap();
    for issuer in [
        "<m:I>é😀 &amp;</m:I>",
        "<m:I/>",
        "<m:I a=\"/>\"/>",
        "<m:I></m:I >",
        "<m:I>a<!-- </m:I> -->b</m:I>",
        "<m:I><![CDATA[</m:I>]]></m:I>",
        "<m:I><m:I>x</m:I></m:I>",
        "<m:I\n>x</m:I\n>",
    ] {
        for after in
            ["", " ", "\r\n", "\r", "<!-- </m:M> -->", "<![CDATA[x]]>", "&amp;", "<m:Body/>", "\n<m:Body>b</m:Body>"]
        {
            for xml in around(&format!("<m:M ID=\"_m\">{issuer}{after}</m:M>")) {
                assert_signed(&xml, BEHIND, &key);
            }
        }
    }
    assert!(matches!(sign_enveloped("<m ID=\"_m\"/>", "_m", BEHIND, &key), Err(SigningError::Target)));
}

#[test]
fn first_where_there_is_no_issuer_or_that_is_the_place() {
    let key = TestKey::P256.signing_key().unwrap();
    for xml in around("<m:M ID=\"_m\">\r\n<m:Body>\r</m:Body></m:M>") {
        assert_signed(&xml, BEHIND, &key);
        assert_signed(&xml, Position::First, &key);
    }
}

/// A request that asks for nothing has nothing behind its Issuer.
#[test]
fn the_default_request_over_post_is_signed_with_either_kind_of_key() {
    for key in [TestKey::Rsa, TestKey::P256] {
        let key = key.signing_key().unwrap();
        let idp = IdentityProvider::builder("https://idp.example.com/", "https://idp.example.com/sso")
            .sso_binding(EndpointBinding::HttpPost)
            .certificate(include_str!("../../testing/fixtures/rsa-1.crt.pem"));
        let sp = ServiceProvider::builder(
            OrganizationId::new("acme"),
            EntityId::new("https://sp.example.com/"),
            "https://sp.example.com/acs",
        )
        .signing_key(key.clone())
        .build()
        .unwrap();
        let connection = Connection::preconfigured(
            ConnectionId::new("c"),
            OrganizationId::new("acme"),
            idp.build().unwrap(),
            Policy::strict(),
        )
        .unwrap();
        let started = start_login(&sp, &connection, LoginStart::default(), Utc::now()).unwrap();
        let Send::Post(form) = started.send else { panic!("over POST") };
        let (_, value) = form.fields().next().unwrap();
        let document = parse(BASE64_STANDARD.decode(value).unwrap());
        let names: Vec<_> = document.root().elements().map(|element| element.local_name()).collect();
        assert_eq!(names, ["Issuer", "Signature"]);
        let signature = signature_of(document.root(), AFTER_ISSUER).unwrap().unwrap();
        assert!(verify(signature, &[key.verifying_key()], &Algorithms::strict()).is_ok());
    }
}
