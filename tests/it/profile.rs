//! The rules of the Web Browser SSO profile on correctly signed messages. ATTACKS H; each row stands beside the same
//! message without the change.

use saml_sp::testing::SignedParts;
use saml_sp::{Policy, Relaxation};

use crate::kit::{ACS, ALICE, Bench, IDP, REQUEST, SP};

/// What is replaced, by what, and the code that it has to be refused with.
type Row<'r> = (&'r str, &'r str, &'r str);

/// Alters the message before the identity provider signs it, as a response and as an assertion.
#[track_caller]
fn refuse_all(rows: &[Row<'_>]) {
    for parts in [SignedParts::Response, SignedParts::Both] {
        let bench = Bench::signing(parts);
        bench.xml();
        let template = bench.response().template();
        for (from, to, code) in rows {
            assert!(template.contains(from), "{from} is not in the message");
            bench.refuse(&bench.sign(&template.replace(from, to)), code);
        }
    }
}

#[track_caller]
fn accept_all(rows: &[(&str, &str)]) {
    let bench = Bench::signing(SignedParts::Response);
    let template = bench.response().template();
    for (from, to) in rows {
        assert!(template.contains(from), "{from} is not in the message");
        bench.accept(&bench.sign(&template.replace(from, to)));
    }
}

const SUCCESS: &str = "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"/>";
const BEARER: &str = "urn:oasis:names:tc:SAML:2.0:cm:bearer";
const AUDIENCE: &str = "<saml:AudienceRestriction><saml:Audience>https://app.example.com/saml/metadata/acme/</saml:Audience></saml:AudienceRestriction>";

#[test]
fn pro_001_pro_002_status() {
    let responder = "urn:oasis:names:tc:SAML:2.0:status:Responder";
    let success = "urn:oasis:names:tc:SAML:2.0:status:Success";
    let nested = format!("<samlp:StatusCode Value=\"{responder}\">{SUCCESS}</samlp:StatusCode>");
    refuse_all(&[
        (success, responder, "profile.status"),
        (SUCCESS, &nested, "profile.status"),
        (SUCCESS, "", "profile.status"),
        (success, "", "profile.status"),
        (success, "urn:oasis:names:tc:SAML:2.0:status:Success ", "profile.status"),
        (SUCCESS, &SUCCESS.repeat(2), "schema.cardinality"),
    ]);
}

#[test]
fn pro_004_pro_005_pro_006_envelope() {
    refuse_all(&[
        (" Version=\"2.0\"", "", "schema.version"),
        ("Version=\"2.0\"", "Version=\"2.1\"", "schema.version"),
        ("IssueInstant=\"2026-11-23T12:00:00.000Z\"", "IssueInstant=\"2026-11-23T12:00:00\"", "schema.date_time"),
        ("IssueInstant=\"2026-11-23T12:00:00.000Z\"", "IssueInstant=\"2026-11-23T12:02:01Z\"", "profile.issue_instant"),
        ("Destination=", "Unknown=\"x\" Destination=", "schema.attribute"),
    ]);
    accept_all(&[("IssueInstant=\"2026-11-23T12:00:00.000Z\"", "IssueInstant=\"2026-11-23T13:00:00+01:00\"")]);
}

#[test]
fn pro_008_pro_009_pro_010_issuer() {
    let open = format!(">{IDP}<");
    refuse_all(&[
        (&open, "><", "profile.issuer"),
        (&open, ">https://idp.example.com<", "profile.issuer"),
        (&open, ">https://IDP.example.com/<", "profile.issuer"),
        (&format!("<saml:Issuer>{IDP}"), &format!("<saml:Issuer Format=\"urn:x\">{IDP}"), "profile.issuer"),
        (&format!("<saml:Issuer>{IDP}"), &format!("<saml:Issuer NameQualifier=\"x\">{IDP}"), "profile.issuer"),
    ]);
    accept_all(&[(&open, &format!(">\n  {IDP}\n<"))]);
}

#[test]
fn pro_012_pro_013_destination() {
    let destination = format!("Destination=\"{ACS}\"");
    let other = |url: &str| format!("Destination=\"{url}\"");
    for url in [
        "",
        "https://app.example.com/saml/acs/acme",
        "http://app.example.com/saml/acs/acme/",
        "https://app.example.com:443/saml/acs/acme/",
        "https://app.example.com/saml/acs/ACME/",
        "https://app.example.com/saml/acs/acme/?",
        "https://app.example.com/saml/acs/globex/",
        "https://app.example.com/saml/acs/x/../acme/",
        "https://app.example.com/saml/acs/acme/.evil",
    ] {
        refuse_all(&[(&destination, &other(url), "profile.destination")]);
    }
    refuse_all(&[(&destination, "", "profile.destination")]);
}

#[test]
fn pro_030_pro_031_subject() {
    let name_id = format!(">{ALICE}</saml:NameID>");
    refuse_all(&[
        (&name_id, "></saml:NameID>", "profile.name_id"),
        (&name_id, "> \n</saml:NameID>", "profile.name_id"),
        (&name_id, &format!("{name_id}<saml:NameID>x</saml:NameID>"), "schema.cardinality"),
        (&name_id, &format!("><saml:NameID>x</saml:NameID>{ALICE}</saml:NameID>"), "schema.text"),
        ("<saml:Subject>", "<saml:Subject><saml:BaseID/>", "schema.element"),
    ]);
}

#[test]
fn pro_034_to_042_confirmation() {
    let recipient = format!("Recipient=\"{ACS}\"");
    let until = " NotOnOrAfter=\"2026-11-23T12:05:00.000Z\" InResponseTo";
    let answered = format!(" InResponseTo=\"{REQUEST}\"/>");
    refuse_all(&[
        (BEARER, "urn:oasis:names:tc:SAML:2.0:cm:sender-vouches", "profile.subject_confirmation"),
        (BEARER, "urn:oasis:names:tc:SAML:2.0:cm:holder-of-key", "profile.subject_confirmation"),
        (BEARER, "urn:oasis:names:tc:SAML:2.0:cm:Bearer", "profile.subject_confirmation"),
        (BEARER, "", "profile.subject_confirmation"),
        (&recipient, "", "profile.recipient"),
        (&recipient, "Recipient=\"https://app.example.com/saml/acs/globex/\"", "profile.recipient"),
        (&answered, "/>", "profile.in_response_to"),
        (&answered, " InResponseTo=\"_other\"/>", "profile.in_response_to"),
        (&answered, " InResponseTo=\"\"/>", "profile.in_response_to"),
        (&recipient, &format!("NotBefore=\"2026-11-23T11:00:00Z\" {recipient}"), "profile.confirmation_not_before"),
        (until, " InResponseTo", "profile.subject_confirmation"),
        (until, " NotOnOrAfter=\"2026-11-23T11:58:00Z\" InResponseTo", "profile.expired"),
    ]);
}

#[test]
fn pro_060_to_069_conditions() {
    let other = AUDIENCE.replace("acme", "globex");
    refuse_all(&[
        (AUDIENCE, "", "profile.audience"),
        (AUDIENCE, "<saml:AudienceRestriction/>", "profile.audience"),
        (AUDIENCE, &other, "profile.audience"),
        (AUDIENCE, &format!("{AUDIENCE}{other}"), "profile.audience"),
        (AUDIENCE, &format!("{other}{AUDIENCE}"), "profile.audience"),
        (SP.trim_end_matches('/'), "https://app.example.com/saml/metadata/acme/x", "profile.audience"),
        (AUDIENCE, &format!("{AUDIENCE}<x:Condition xmlns:x=\"urn:x\"/>"), "profile.unknown_condition"),
        (AUDIENCE, &format!("{AUDIENCE}<saml:OneTimeUse/><saml:OneTimeUse/>"), "schema.cardinality"),
        (
            "<saml:Conditions NotBefore=\"2026-11-23T12:00:00.000Z\"",
            "<saml:Conditions NotBefore=\"2026-11-23T12:02:01Z\"",
            "profile.not_yet_valid",
        ),
        ("<saml:Conditions", "<saml:Conditions/><saml:Conditions", "schema.cardinality"),
    ]);
    let two = "<saml:Audience>https://other.example.com/</saml:Audience></saml:AudienceRestriction>";
    accept_all(&[("</saml:AudienceRestriction>", two), (AUDIENCE, &format!("{AUDIENCE}<saml:OneTimeUse/>"))]);
}

#[test]
fn pro_071_to_078_statements() {
    let bench = Bench::signing(SignedParts::Response);
    let template = bench.response().template();
    let start = template.find("<saml:AuthnStatement").unwrap();
    let end = template.find("</saml:AuthnStatement>").unwrap() + "</saml:AuthnStatement>".len();
    let without = format!("{}{}", &template[..start], &template[end..]);
    bench.accept(&bench.sign(&template));
    bench.refuse(&bench.sign(&without), "profile.authn_statement");
    let relaxed = Policy::strict().with_relaxation(Relaxation::NoAuthnStatement);
    let relaxed =
        Bench::with_policy(saml_sp::testing::TestKey::Rsa, SignedParts::Response, Default::default(), relaxed);
    relaxed.accept(&relaxed.sign(&without));
    refuse_all(&[
        ("SessionIndex=", "SessionNotOnOrAfter=\"2026-11-23T11:58:00Z\" SessionIndex=", "profile.session_expired"),
        ("<saml:AuthnStatement", "<saml:Unknown/><saml:AuthnStatement", "schema.element"),
        ("<saml:AuthnStatement", "text<saml:AuthnStatement", "schema.text"),
        ("<saml:AttributeStatement>", "<saml:AttributeStatement>text", "schema.text"),
    ]);
}
