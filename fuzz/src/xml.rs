//! The parser and the reader of metadata.

use saml_sp::metadata::{EntityChoice, MetadataTrust};
use saml_sp::testing::TestKey;
use saml_sp::testing::fuzzing::{Document, Profile};
use saml_sp::{EntityId, IdentityProvider};

use crate::world::{IDP, now};

/// What is accepted is written again, and read as the same tree; what messages may hold metadata may hold.
pub(crate) fn round_trip(input: &[u8]) {
    for profile in [Profile::Message, Profile::Metadata] {
        let Some(document) = Document::parse(input, profile) else { continue };
        let written = document.written();
        if written.len() < 60_000 {
            let again = Document::parse(written.as_bytes(), profile).expect("what is written is accepted");
            assert_eq!(again.written(), written);
            assert!(again.values().eq(document.values()), "{written}");
        }
        assert!(Document::parse(input, Profile::Metadata).is_some(), "metadata is the wider profile");
    }
}

/// An identity provider that is read survives storage and has what a login needs; nobody else's signature is believed.
pub(crate) fn metadata(input: &[u8]) {
    let choices = [EntityChoice::Only, EntityChoice::Entity(EntityId::new(IDP))];
    let _ = EntityChoice::offered(input);
    for choice in &choices {
        let foreign = MetadataTrust::SignedBy(vec![TestKey::OtherP256.signing_key().unwrap().verifying_key()]);
        assert!(IdentityProvider::from_metadata(input, choice, &foreign, now()).is_err());
        let text = std::str::from_utf8(input).ok();
        let pasted =
            text.map(|text| IdentityProvider::from_metadata(text, choice, &MetadataTrust::ObtainedSecurely, now()));
        let Ok(read) = IdentityProvider::from_metadata(input, choice, &MetadataTrust::ObtainedSecurely, now()) else {
            continue;
        };
        assert!(pasted.is_some_and(|pasted| pasted.is_ok()), "a paste is read as the file is");
        assert!((1..=IdentityProvider::MOST_KEYS).contains(&read.signing_keys().len()));
        assert!(!read.entity_id().as_str().is_empty());
        let endpoints = read.single_sign_on().iter().chain(read.single_logout());
        for url in endpoints.flat_map(|endpoint| [endpoint.location(), endpoint.response_location()]) {
            // RFC 3986 section 3.1: case doesn't matter there.
            let scheme = url.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
            assert!(matches!(scheme.as_deref(), Some("https" | "http")), "{url}");
        }
        let stored = read.to_bytes();
        assert_eq!(IdentityProvider::from_bytes(&stored).expect("what is stored is read").to_bytes(), stored);
    }
}
