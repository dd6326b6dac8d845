//! B. IDs and what they refer to.

use saml_sp::error::Deviation;
use saml_sp::testing::SignedParts;

use crate::kit::*;

#[test]
fn id_001_response_and_assertion_share_an_id() {
    each(&[SignedParts::Response, SignedParts::Assertion, SignedParts::Both], |bench| {
        let xml = bench.xml();
        // Refused before any signature is looked at, so that it does not matter what was signed.
        bench.refuse(&xml.replace("_assertion", "_response"), "dsig.duplicate_id");
    });
}

#[test]
fn id_002_a_second_element_has_the_signed_id() {
    each(&[SignedParts::Response, SignedParts::Assertion, SignedParts::Both], |bench| {
        let xml = bench.xml();
        let (original, evil) = original_and_evil(&xml);
        let twin = evil.replace("_evil", "_assertion");
        bench.refuse(&before(&xml, &original, &twin), "dsig.duplicate_id");
        bench.refuse(&after(&xml, &original, &twin), "dsig.duplicate_id");
        bench.refuse(&replace(&xml, &original, &inside_last(&original, &twin)), "dsig.duplicate_id");
        let extensions = format!("{}{twin}{}", bench.style("<samlp:Extensions>"), bench.style("</samlp:Extensions>"));
        bench.refuse(&before(&xml, element(&xml, "Status"), &extensions), "dsig.duplicate_id");
    });
}

#[test]
fn id_003_every_attribute_that_somebody_takes_for_an_id() {
    for parts in [SignedParts::Response, SignedParts::Assertion] {
        let bench = Bench::signing(parts);
        let xml = bench.xml();
        for attribute in [
            "Id=\"_assertion\"",
            "id=\"_assertion\"",
            "xml:id=\"_assertion\"",
            "xmlns:wsu=\"urn:wsu\" wsu:Id=\"_assertion\"",
            "samlp:ID=\"_assertion\"",
            "AssertionID=\"_assertion\"",
        ] {
            bench.refuse(&replace(&xml, "<samlp:Status>", &format!("<samlp:Status {attribute}>")), "dsig.duplicate_id");
        }
        bench.refuse(&replace(&xml, "<samlp:Status>", "<samlp:Status Id=\"_new\">"), "schema.attribute");
    }
}

#[test]
fn id_004_the_id_attribute_is_spelled_id() {
    for spelling in ["Id", "id"] {
        let bench = Bench::signing(SignedParts::Assertion);
        let respelled = |template: &str, id: &str| {
            bench.sign(&template.replace(&format!(" ID=\"{id}\""), &format!(" {spelling}=\"{id}\"")))
        };
        bench.accept(&bench.sign(&bench.response().template()));
        // The signature is judged first, and refers to an ID that isn't there.
        bench.refuse(&respelled(&bench.response().template(), "_assertion"), "dsig.reference_target");
        let bench = Bench::signing(SignedParts::Response);
        bench.refuse(&respelled(&bench.response().template(), "_response"), "schema.missing");
        // The assertion is proven here, and has no ID.
        bench.refuse(&respelled(&bench.response().template(), "_assertion"), "schema.missing");
    }
}

#[test]
fn id_005_ids_are_compared_to_the_letter() {
    each(&[SignedParts::Assertion], |bench| {
        bench.refuse(&bench.xml().replace("ID=\"_assertion\"", "ID=\"_ASSERTION\""), "dsig.reference_target");
    });
    each(&[SignedParts::Response], |bench| {
        bench.refuse(&bench.xml().replace("ID=\"_response\"", "ID=\"_RESPONSE\""), "dsig.reference_target");
    });
}

#[test]
fn id_006_an_id_is_a_name() {
    let bench = Bench::signing(SignedParts::Response);
    let with_id = |id: &str| bench.sign(&bench.response().template().replace("\"_assertion\"", &format!("\"{id}\"")));
    assert!(bench.accept(&with_id("_a.b-c1")).deviations().is_empty());
    // DESIGN 4 tolerates it, and says so.
    assert_eq!(bench.accept(&with_id("1a")).deviations(), [Deviation::IdNotNcName]);
    for id in
        ["", " ", " _a", "_a ", "_a b", "'", "&quot;", "&lt;", "&gt;", "&amp;", "#", "(", ")", "/", &"a".repeat(257)]
    {
        bench.refuse(&with_id(id), "schema.value");
    }
    bench.refuse(&with_id(&"a".repeat(100_000)), "schema.value");
    bench.refuse(&bench.sign(&bench.response().template().replace(" ID=\"_assertion\"", "")), "schema.missing");
}

/// Also ID-008, and DS-023, DS-024, DS-025, DS-026, DS-027 beside it: a URI that is not `#` and a name.
#[test]
fn id_007_the_uri_is_no_expression() {
    for parts in [SignedParts::Response, SignedParts::Assertion] {
        let bench = Bench::signing(parts);
        let id = if parts == SignedParts::Response { "_response" } else { "_assertion" };
        let with_uri = |uri: &str| {
            bench.sign(&replace(&bench.response().template(), &format!("URI=\"#{id}\""), &format!("URI=\"{uri}\"")))
        };
        bench.accept(&with_uri(&format!("#{id}")));
        for uri in [
            "#x'] | //*['",
            "#a&quot; or &quot;1&quot;=&quot;1",
            "#a') or ('",
            "#%5Fassertion",
            "#%5Fresponse",
            "#",
            "# _assertion",
            "#_assertion ",
            "#_assertion#b",
            "?#_assertion",
            "_assertion",
            "",
            "#xpointer(/)",
            "#xpointer(id('_assertion'))",
            "# xpointer ( / )",
            "#element(/1)",
            "http://127.0.0.1:9/",
            "https://127.0.0.1:9/#_assertion",
            "file:///etc/passwd",
            "ftp://127.0.0.1/",
            "data:text/xml,x",
            "cid:x",
            "x.xml",
            "x.xml#_assertion",
            "//127.0.0.1/x",
            "\\\\127.0.0.1\\x",
            &format!("#{}", "(".repeat(200_000)),
        ] {
            bench.refuse(&with_uri(uri), "dsig.reference_uri");
        }
        bench.refuse(&with_uri("#_ASSERTION"), "dsig.reference_target");
        let without_uri = without(&bench.response().template(), &format!(" URI=\"#{id}\""));
        bench.refuse(&bench.sign(&without_uri), "dsig.reference_uri");
    }
}

#[test]
fn id_009_a_duplicate_is_spelled_with_references() {
    let bench = Bench::signing(SignedParts::Assertion);
    let xml = bench.xml();
    let (original, evil) = original_and_evil(&xml);
    for id in ["&#95;assertion", "&#x5F;assertion", "_asser&#116;ion", " _assertion ", "\n_assertion", "_assertion&#9;"]
    {
        // ID-010 is the last three: white space makes no other ID of it.
        bench.refuse(&before(&xml, &original, &evil.replace("_evil", id)), "dsig.duplicate_id");
    }
}

#[test]
fn id_011_the_target_stands_inside_the_signature() {
    for parts in [SignedParts::Response, SignedParts::Assertion] {
        let bench = Bench::signing(parts);
        let template = bench.response().template();
        let id = if parts == SignedParts::Response { "_response" } else { "_assertion" };
        let refer = |template: &str| {
            let other = replace(template, &format!("URI=\"#{id}\""), "URI=\"#_other\"");
            bench.sign(&replace(&other, &format!("{{digest:{id}}}"), "{digest:_other}"))
        };
        bench.accept(&bench.sign(&replace(&template, "<ds:KeyInfo>", "<ds:KeyInfo Id=\"_other\">")));
        bench
            .refuse(&refer(&replace(&template, "<ds:KeyInfo>", "<ds:KeyInfo Id=\"_other\">")), "dsig.reference_target");
        let object = "</ds:KeyInfo><ds:Object Id=\"_other\">x</ds:Object>";
        bench.refuse(&refer(&replace(&template, "</ds:KeyInfo>", object)), "dsig.object_forbidden");
    }
}

/// The store keeps the key of an assertion for each connection.
#[test]
fn id_012_assertion_ids_are_unique_at_their_issuer_only() {
    let bench = Bench::signing(SignedParts::Assertion);
    let mut other = Bench::signing(SignedParts::Assertion);
    let id = saml_sp::ConnectionId::new("acme-2");
    let policy = saml_sp::Policy::strict();
    other.connection = saml_sp::Connection::preconfigured(
        id,
        organization(),
        identity_provider(&[saml_sp::testing::TestKey::Rsa]),
        policy,
    )
    .unwrap();
    let xml = bench.xml();
    let key = |bench: &Bench| bench.verify(&xml).unwrap().replay_key().clone();
    assert_eq!(key(&bench), key(&bench));
    assert_ne!(key(&bench), key(&other));
    let replayed = bench.verify(&xml).unwrap().claimed(saml_sp::Claim::Replayed).unwrap_err();
    assert_eq!(replayed.code(), "flow.replay");
}
