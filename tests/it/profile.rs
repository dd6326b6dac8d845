//! The rules of the Web Browser SSO profile on correctly signed messages. ATTACKS H; each row stands beside the same
//! message without the change.

use saml_sp::error::Deviation;
use saml_sp::metadata::MetadataWarning;
use saml_sp::testing::SignedParts;
use saml_sp::{
    BrowserCookie, Claim, ConnectionId, EntityId, Limits, PendingKey, PendingLogin, Policy, Received, Relaxation,
    RequestId, ServiceProvider, SessionIndex,
};

use crate::kit::{
    ACS, ADMIN, ALICE, Bench, IDP, REQUEST, SAML, SP, after, before, element, inside_last, now, organization, replace,
    without,
};

/// What is replaced, by what, and the code that it has to be refused with.
type Row<'r> = (&'r str, &'r str, &'r str);

/// Alters the message before the identity provider signs it, as a response and as an assertion.
#[track_caller]
fn refuse_all(rows: &[Row<'_>]) {
    for parts in [SignedParts::Response, SignedParts::Both] {
        let bench = Bench::signing(parts);
        bench.xml();
        let template = bench.response().template();
        let verdict = |xml: &str| bench.judge(xml).map_or_else(|rejection| rejection.code(), |_| "accepted");
        let judged = rows.iter().map(|(from, to, code)| {
            assert!(template.contains(from), "{from} is not in the message");
            (*from, *to, *code, verdict(&bench.sign(&template.replace(from, to))))
        });
        let wrong: Vec<_> = judged.filter(|(_, _, expected, found)| expected != found).collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
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
const BEGIN: &str = "NotBefore=\"2026-11-23T12:00:00.000Z\"";
const END: &str = "NotOnOrAfter=\"2026-11-23T12:05:00.000Z\"><saml:Aud";
const AUDIENCE: &str = "<saml:AudienceRestriction><saml:Audience>https://app.example.com/saml/metadata/acme/</saml:Audience></saml:AudienceRestriction>";

#[test]
fn pro_001_pro_002_status() {
    let responder = "urn:oasis:names:tc:SAML:2.0:status:Responder";
    let success = "urn:oasis:names:tc:SAML:2.0:status:Success";
    let nested = format!("<samlp:StatusCode Value=\"{responder}\">{SUCCESS}</samlp:StatusCode>");
    let status = format!("<samlp:Status>{SUCCESS}</samlp:Status>");
    refuse_all(&[
        (success, responder, "profile.status"),
        (SUCCESS, &nested, "profile.status"),
        (SUCCESS, "", "profile.status"),
        (success, "", "profile.status"),
        (success, "urn:oasis:names:tc:SAML:2.0:status:Success ", "profile.status"),
        (SUCCESS, &SUCCESS.repeat(2), "schema.cardinality"),
        (&status, "", "profile.status"),
        (&status, &status.repeat(2), "schema.cardinality"),
        (" Value=\"urn:oasis:names:tc:SAML:2.0:status:Success\"", "", "profile.status"),
        (success, "urn:oasis:names:tc:SAML:2.0:status:success", "profile.status"),
        (success, "urn:unknown", "profile.status"),
        (SUCCESS, &SUCCESS.replace("samlp:StatusCode", "x:StatusCode xmlns:x=\"urn:x\""), "schema.foreign_namespace"),
    ]);
    for code in ["Requester", "Responder", "VersionMismatch", "AuthnFailed", "NoPassive", "RequestDenied"] {
        refuse_all(&[(success, &success.replace("Success", code), "profile.status")]);
    }
}

#[test]
fn pro_004_pro_005_pro_006_envelope() {
    refuse_all(&[
        (" Version=\"2.0\"", "", "schema.version"),
        ("Version=\"2.0\"", "Version=\"2.1\"", "schema.version"),
        ("ID=\"_response\" Version=\"2.0\"", "ID=\"_response\" Version=\"1.1\"", "schema.version"),
        ("ID=\"_assertion\" Version=\"2.0\"", "ID=\"_assertion\" Version=\"1.1\"", "schema.version"),
        ("ID=\"_assertion\" Version=\"2.0\"", "ID=\"_assertion\" Version=\"2.00\"", "schema.version"),
        ("ID=\"_assertion\" Version=\"2.0\"", "ID=\"_assertion\"", "schema.version"),
        (" IssueInstant=\"2026-11-23T12:00:00.000Z\"", "", "schema.missing"),
        ("IssueInstant=\"2026-11-23T12:00:00.000Z\"", "IssueInstant=\"2026-11-23T12:00:00\"", "schema.date_time"),
        ("IssueInstant=\"2026-11-23T12:00:00.000Z\"", "IssueInstant=\"2026-11-23T12:02:01Z\"", "profile.issue_instant"),
        ("Destination=", "Unknown=\"x\" Destination=", "schema.attribute"),
    ]);
    let instant = "IssueInstant=\"2026-11-23T12:00:00.000Z\"";
    for bad in
        ["", "x", "2026-11-23T24:00:00Z", "2026-11-23T11:59:60Z", "0000-11-23T12:00:00Z", "+10000-11-23T12:00:00Z"]
    {
        refuse_all(&[(instant, &format!("IssueInstant=\"{bad}\""), "schema.date_time")]);
    }
    for good in ["2026-11-23T13:00:00+01:00", "2026-11-23T12:00:00Z", "2026-11-23T12:00:00.123456789Z"] {
        accept_all(&[(instant, &format!("IssueInstant=\"{good}\""))]);
    }
    for parts in [SignedParts::Assertion, SignedParts::Response] {
        let bench = Bench::signing(parts);
        let template = bench.response().template();
        // The response is read first; of the assertion the signature needs the ID before its reader does.
        for (id, code) in [
            ("_response", "schema.missing"),
            ("_assertion", if parts == SignedParts::Response { "schema.missing" } else { "dsig.reference_target" }),
        ] {
            let named = format!(" ID=\"{id}\"");
            bench.refuse(
                &bench.sign(&template).replace(&named, ""),
                if id == "_assertion" && parts == SignedParts::Response { "dsig.digest_mismatch" } else { code },
            );
        }
        let other = if parts == SignedParts::Response { " ID=\"_assertion\"" } else { " ID=\"_response\"" };
        bench.refuse(&bench.sign(&template.replace(other, "")), "schema.missing");
        bench.refuse(&bench.sign(&template.replace(other, " ID=\"\"")), "schema.value");
    }
}

/// PRO-011: no refusal is a warning.
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
    let issuer = format!("<saml:Issuer>{IDP}</saml:Issuer>");
    let own = format!("<saml:Issuer xmlns:saml=\"{SAML}\">{IDP}</saml:Issuer>");
    refuse_all(&[
        (&issuer, "", "profile.issuer"),
        (&own, "", "profile.issuer"),
        (&issuer, "<saml:Issuer> \n</saml:Issuer>", "profile.issuer"),
        (&own, &own.repeat(2), "dsig.misplaced"),
        (&issuer, &issuer.replace(IDP, "https://other.example.com/"), "profile.issuer"),
        (&own, &own.replace(IDP, "https://other.example.com/"), "profile.issuer"),
        (&issuer, &issuer.replace("idp.", "%69dp."), "profile.issuer"),
        (&issuer, &issuer.replace("idp.", "\u{456}dp."), "profile.issuer"),
        (&issuer, &issuer.replace("idp.", "idp\u{200b}."), "profile.issuer"),
        (&issuer, &issuer.replace(IDP, "https://idp.example.com//"), "profile.issuer"),
        (&issuer, "<saml:Issuer SPNameQualifier=\"x\">https://idp.example.com/</saml:Issuer>", "profile.issuer"),
        (&issuer, "<saml:Issuer SPProvidedID=\"x\">https://idp.example.com/</saml:Issuer>", "profile.issuer"),
    ]);
    let bench = Bench::signing(SignedParts::Response);
    bench.refuse(&bench.sign(&replace(&bench.response().template(), &issuer, &issuer.repeat(2))), "schema.cardinality");
    let entity = "urn:oasis:names:tc:SAML:2.0:nameid-format:entity";
    accept_all(&[(&issuer, &issuer.replace("Issuer>h", &format!("Issuer Format=\"{entity}\">h")))]);
}

/// Every address that somebody's comparison took for ours.
const ELSEWHERE: [&str; 19] = [
    "",
    " ",
    "https://app.example.com/saml/acs/acme",
    "http://app.example.com/saml/acs/acme/",
    "HTTPS://app.example.com/saml/acs/acme/",
    "https://APP.example.com/saml/acs/acme/",
    "https://app.example.com:443/saml/acs/acme/",
    "https://user@app.example.com/saml/acs/acme/",
    "https://app.example.com/saml/acs/ACME/",
    "https://app.example.com/saml/acs/acme/?",
    "https://app.example.com/saml/acs/acme/?a=b",
    "https://app.example.com/saml/acs/acme/#",
    "https://app.example.com/saml/acs/%61cme/",
    "https://app.example.com/saml/acs/globex/",
    "https://app.example.com/saml/acs/x/../acme/",
    "https://app.example.com/saml/acs/acme/.evil",
    "https://app.example.com.evil/saml/acs/acme/",
    "https://evil.example.com/?https://app.example.com/saml/acs/acme/",
    "/saml/acs/acme/",
];

#[test]
fn pro_012_pro_013_destination() {
    let destination = format!("Destination=\"{ACS}\"");
    for url in ELSEWHERE {
        refuse_all(&[(&destination, &format!("Destination=\"{url}\""), "profile.destination")]);
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
        (&name_id, &format!(">{}</saml:NameID>", "a".repeat(10_000)), "profile.name_id"),
        (&name_id, &format!(">{ALICE}<x/></saml:NameID>"), "schema.text"),
    ]);
    for parts in [SignedParts::Response, SignedParts::Both] {
        let bench = Bench::signing(parts);
        let template = bench.response().template();
        let subject = element(&template, "Subject").to_owned();
        bench.refuse(&bench.sign(&without(&template, &subject)), "profile.subject");
        bench.refuse(&bench.sign(&replace(&template, &subject, "<saml:Subject/>")), "profile.subject_confirmation");
        bench.refuse(&bench.sign(&replace(&template, &subject, &subject.repeat(2))), "schema.cardinality");
        // No name is no name, not an empty one: what identifies is then for the mapping to find, or nobody signs in.
        let nameless = without(&template, element(&template, "NameID"));
        assert_eq!(bench.judge(&bench.sign(&nameless)).unwrap().name_id(), None);
    }
}

#[test]
fn pro_034_pro_035_pro_036_pro_037_pro_038_pro_039_pro_040_pro_041_pro_042_confirmation() {
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
        (until, " NotOnOrAfter=\"\" InResponseTo", "schema.date_time"),
        (until, " NotOnOrAfter=\"tomorrow\" InResponseTo", "schema.date_time"),
        (BEARER, "urn:oasis:names:tc:SAML:2.0:cm:artifact", "profile.subject_confirmation"),
        (BEARER, "urn:oasis:names:tc:SAML:2.0:cm:bearer ", "profile.subject_confirmation"),
        (&format!(" Method=\"{BEARER}\""), "", "profile.subject_confirmation"),
        (&answered, " InResponseTo=\" \"/>", "profile.in_response_to"),
        (&answered, " InResponseTo=\"_REQUEST\"/>", "profile.in_response_to"),
        (&answered, " InResponseTo=\"_request \"/>", "profile.in_response_to"),
        // Both name another request: nobody asked for it here.
        (&format!("\"{REQUEST}\""), "\"_other\"", "profile.in_response_to"),
        // The response does, and its proven part does not.
        (&format!(" InResponseTo=\"{REQUEST}\">"), " InResponseTo=\"_other\">", "profile.in_response_to"),
        // Nothing says that anything was asked, and nothing that was not asked is wanted here.
        (&format!(" InResponseTo=\"{REQUEST}\""), "", "profile.unsolicited"),
    ]);
    for url in ELSEWHERE {
        refuse_all(&[(&recipient, &format!("Recipient=\"{url}\""), "profile.recipient")]);
    }
    let within = |second: &str| format!(" NotOnOrAfter=\"2026-11-23T11:58:{second}Z\" InResponseTo");
    accept_all(&[(until, &within("01")), (until, " NotOnOrAfter=\"2026-11-23T12:00:00Z\" InResponseTo")]);
    let bench = Bench::signing(SignedParts::Response);
    let template = bench.response().template();
    let data = element(&template, "SubjectConfirmationData").to_owned();
    bench.refuse(&bench.sign(&without(&template, &data)), "profile.subject_confirmation");
    bench.refuse(&bench.sign(&replace(&template, &data, &data.repeat(2))), "schema.cardinality");
    let empty = replace(&template, &data, "<saml:SubjectConfirmationData/>");
    bench.refuse(&bench.sign(&empty), "profile.subject_confirmation");
    // The response may be silent: what counts is what the proven part answers.
    let silent = replace(&template, &format!(" InResponseTo=\"{REQUEST}\">"), ">");
    bench.accept(&bench.sign(&silent));
    bench.refuse(&bench.sign(&silent.replace(&answered, " InResponseTo=\"_other\"/>")), "profile.in_response_to");
}

/// What SAML Profiles 4.1.4.2 forbids is tolerated where a connection has to, and told; a time that is not yet is none.
#[test]
fn a_confirmation_that_begins_is_tolerated_by_its_relaxation_only() {
    let relaxed = Policy::strict().with_relaxation(Relaxation::ConfirmationNotBefore);
    let relaxed =
        Bench::with_policy(saml_sp::testing::TestKey::Rsa, SignedParts::Response, Default::default(), relaxed);
    let strict = Bench::signing(SignedParts::Response);
    let template = strict.response().template();
    let recipient = format!("Recipient=\"{ACS}\"");
    let beginning = |at: &str| strict.sign(&replace(&template, &recipient, &format!("NotBefore=\"{at}\" {recipient}")));
    let begun = beginning("2026-11-23T11:00:00Z");
    assert_eq!(relaxed.accept(&begun).deviations(), [Deviation::ConfirmationNotBefore]);
    strict.refuse(&begun, "profile.confirmation_not_before");
    relaxed.refuse(&beginning("2026-11-23T13:00:00Z"), "profile.not_yet_valid");
}

#[test]
fn pro_060_pro_061_pro_062_pro_063_pro_064_pro_067_pro_068_pro_069_conditions() {
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
        (AUDIENCE, "<saml:AudienceRestriction><saml:Audience/></saml:AudienceRestriction>", "profile.audience"),
        (
            AUDIENCE,
            "<saml:AudienceRestriction><saml:Audience> </saml:Audience></saml:AudienceRestriction>",
            "profile.audience",
        ),
        (AUDIENCE, &format!("{AUDIENCE}<saml:AudienceRestriction/>"), "profile.audience"),
        (AUDIENCE, &format!("{AUDIENCE}<x:AudienceRestriction xmlns:x=\"urn:x\"/>"), "profile.unknown_condition"),
        (
            AUDIENCE,
            &format!(
                "{AUDIENCE}<saml:Condition xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"x\"/>"
            ),
            "profile.unknown_condition",
        ),
        (AUDIENCE, &format!("{AUDIENCE}<saml:ProxyRestriction/><saml:ProxyRestriction/>"), "schema.cardinality"),
        (AUDIENCE, &format!("{AUDIENCE}text"), "schema.text"),
        (BEGIN, "NotBefore=\"\"", "schema.date_time"),
        (BEGIN, "NotBefore=\"soon\"", "schema.date_time"),
        (BEGIN, "NotBefore=\"2026-11-23T12:05:00Z\"", "schema.value"),
        (BEGIN, "NotBefore=\"2026-11-23T12:06:00Z\"", "schema.value"),
        (END, "NotOnOrAfter=\"2026-11-23T12:00:00Z\"><saml:Aud", "schema.value"),
        (END, "NotOnOrAfter=\"never\"><saml:Aud", "schema.date_time"),
    ]);
    for audience in [
        "https://app.example.com/saml/metadata/acme",
        "https://app.example.com/saml/metadata/acme/x",
        "https://app.example.com/saml/metadata/ACME/",
        "https://app.example.com/saml/metadata/globex/",
        "https://app.example.com/saml/metadata/",
        "https://app.example.com/saml/metadata/acme/ https://other.example.com/",
        "https://app.example.com/saml/metadata/.*/",
        "https://appXexample.com/saml/metadata/acme/",
        "xhttps://app.example.com/saml/metadata/acme/",
        ACS,
        "*",
    ] {
        refuse_all(&[(SP, audience, "profile.audience")]);
    }
    let proxy = format!("{AUDIENCE}<saml:ProxyRestriction Count=\"0\"/>");
    accept_all(&[(AUDIENCE, &proxy), (AUDIENCE, &AUDIENCE.repeat(2))]);
    let bench = Bench::signing(SignedParts::Both);
    let template = bench.response().template();
    bench.refuse(&bench.sign(&without(&template, element(&template, "Conditions"))), "profile.audience");
    let two = "<saml:Audience>https://other.example.com/</saml:Audience></saml:AudienceRestriction>";
    accept_all(&[("</saml:AudienceRestriction>", two), (AUDIENCE, &format!("{AUDIENCE}<saml:OneTimeUse/>"))]);
}

#[test]
fn pro_071_pro_072_pro_076_pro_078_statements() {
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
        (
            STATEMENT,
            "<saml:AuthzDecisionStatement Resource=\"x\" Decision=\"Permit\"/><saml:AuthnStatement",
            "schema.element",
        ),
        (
            STATEMENT,
            "<saml:Statement xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"saml:AuthnStatementType\"/><saml:AuthnStatement",
            "schema.element",
        ),
        (STATEMENT, "<x:AuthnStatement xmlns:x=\"urn:x\"/><saml:AuthnStatement", "schema.foreign_namespace"),
        ("SessionIndex=", "SessionNotOnOrAfter=\"\" SessionIndex=", "schema.date_time"),
    ]);
    // Within the skew it is not over.
    accept_all(&[("SessionIndex=", "SessionNotOnOrAfter=\"2026-11-23T11:58:01Z\" SessionIndex=")]);
    let elements =
        ["Response", "Status", "Assertion", "Subject", "SubjectConfirmation", "Conditions", "AudienceRestriction"];
    for name in elements.into_iter().chain(["AuthnStatement", "AuthnContext", "Attribute"]) {
        let one = element(&template, name).to_owned();
        bench.refuse(&bench.sign(&replace(&template, &one, &inside_last(&one, "text"))), "schema.text");
        bench.accept(&bench.sign(&replace(&template, &one, &inside_last(&one, "\n\t "))));
    }
}

const STATEMENT: &str = "<saml:AuthnStatement";

/// The skew bounds the future; how far back is the host's to ask for, with ForceAuthn (`flow`).
#[test]
fn pro_074_authenticated_in_the_future() {
    let instant = "AuthnInstant=\"2026-11-23T12:00:00.000Z\"";
    refuse_all(&[
        (instant, "AuthnInstant=\"2026-11-23T12:02:01Z\"", "profile.issue_instant"),
        (instant, "AuthnInstant=\"9999-12-31T23:59:59Z\"", "profile.issue_instant"),
        (instant, "AuthnInstant=\"\"", "schema.date_time"),
        (&format!("{instant} "), "", "schema.missing"),
    ]);
    accept_all(&[
        (instant, "AuthnInstant=\"2026-11-23T12:02:00Z\""),
        (instant, "AuthnInstant=\"2020-01-01T00:00:00Z\""),
    ]);
}

#[test]
fn pro_075_session_indexes() {
    let bench = Bench::signing(SignedParts::Response);
    let template = bench.response().template();
    let index = " SessionIndex=\"_session\"";
    let indexes = |xml: &str| -> Vec<String> {
        let login = bench.accept(&bench.sign(xml));
        let indexes = login.authn_statements().iter().filter_map(|statement| statement.session_index());
        let indexes: Vec<String> = indexes.map(|index| index.as_str().to_owned()).collect();
        assert_eq!(login.session_index().map(|first| first.as_str()), indexes.first().map(String::as_str));
        indexes
    };
    assert_eq!(indexes(&template), ["_session"]);
    assert!(indexes(&without(&template, index)).is_empty());
    let statement = element(&template, "AuthnStatement").to_owned();
    let second = replace(&statement, index, " SessionIndex=\"_second\"");
    assert_eq!(indexes(&after(&template, &statement, &second)), ["_session", "_second"]);
    // Empty it names no session, and what is longer than any store keeps is refused.
    let of_length = |length: usize| replace(&template, "\"_session\"", &format!("\"{}\"", "x".repeat(length)));
    assert!(indexes(&of_length(0)).is_empty());
    assert_eq!(indexes(&of_length(2_048)), ["x".repeat(2_048)]);
    bench.refuse(&bench.sign(&of_length(2_049)), "schema.value");
}

/// Everything stands where the schema has it (CVE-2021-21238).
#[test]
fn pro_077_the_order_of_the_schema() {
    let bench = Bench::signing(SignedParts::Response);
    let template = bench.response().template();
    let swap = |first: &str, second: &str, within: &str| {
        let whole = element(&template, within).to_owned();
        let [one, two] = [first, second].map(|name| element(&whole, name).to_owned());
        let swapped = replace(&replace(&replace(&whole, &two, "<hole/>"), &one, &two), "<hole/>", &one);
        bench.sign(&replace(&template, &whole, &swapped))
    };
    for (first, second, within, code) in [
        ("Issuer", "Subject", "Assertion", "profile.issuer"),
        ("Subject", "Conditions", "Assertion", "schema.order"),
        ("Conditions", "AuthnStatement", "Assertion", "schema.order"),
        ("Subject", "AttributeStatement", "Assertion", "schema.order"),
        ("NameID", "SubjectConfirmation", "Subject", "schema.order"),
    ] {
        bench.refuse(&swap(first, second, within), code);
    }
    bench.accept(&swap("AuthnStatement", "AttributeStatement", "Assertion"));
    let [status, assertion] = ["Status", "Assertion"].map(|name| element(&template, name).to_owned());
    let late = after(&without(&template, &status), &assertion, &status);
    bench.refuse(&bench.sign(&late), "schema.order");
    let issuer = format!("<saml:Issuer xmlns:saml=\"{SAML}\">{IDP}</saml:Issuer>");
    bench.refuse(&bench.sign(&inside_last(&without(&template, &issuer), &issuer)), "dsig.misplaced");
}

/// What stands outside of the assertion's signature can only take away.
#[test]
fn pro_003_an_unsigned_envelope_permits_nothing() {
    let bench = Bench::signing(SignedParts::Assertion);
    let xml = bench.xml();
    let success = "urn:oasis:names:tc:SAML:2.0:status:Success";
    let destination = format!(" Destination=\"{ACS}\"");
    let answered = format!(" InResponseTo=\"{REQUEST}\"");
    let issuer = element(&xml, "Issuer");
    for (from, to, code) in [
        (destination.as_str(), " Destination=\"https://app.example.com/saml/acs/globex/\"", "profile.destination"),
        (&answered, " InResponseTo=\"_other\"", "profile.in_response_to"),
        (success, "urn:oasis:names:tc:SAML:2.0:status:Responder", "profile.status"),
        (issuer, &issuer.replace(IDP, "https://other.example.com/"), "profile.issuer"),
    ] {
        bench.refuse(&replace(&xml, from, to), code);
    }
    for optional in [destination.as_str(), &answered, issuer] {
        bench.accept(&without(&xml, optional));
    }
    // The envelope is good, and the proven part forbids it.
    let forbidden = |from: &str, to: &str| bench.sign(&bench.response().template().replace(from, to));
    let recipient = format!("Recipient=\"{ACS}\"");
    bench.refuse(&forbidden(&recipient, "Recipient=\"https://app.example.com/saml/acs/globex/\""), "profile.recipient");
    bench.refuse(&forbidden(&format!("{answered}/>"), " InResponseTo=\"_other\"/>"), "profile.in_response_to");
    bench.refuse(
        &forbidden(&format!("<saml:Issuer>{IDP}"), "<saml:Issuer>https://other.example.com/"),
        "profile.issuer",
    );
}

/// DESIGN has no implicit age limit: the conditions say how long. PRO-065: the confirmation bounds it by itself. PRO-066: what
/// is used is remembered for as long as it could be used. FLW-026: the end of the session is there for the host.
#[test]
fn pro_007_pro_065_pro_066_how_long() {
    let instant = "IssueInstant=\"2026-11-23T12:00:00.000Z\"";
    let until = "NotOnOrAfter=\"2026-11-23T12:05:00.000Z\"";
    let conditions = format!("<saml:Conditions NotBefore=\"2026-11-23T12:00:00.000Z\" {until}>");
    let data = format!("{until} InResponseTo");
    let past = "NotOnOrAfter=\"2026-11-23T11:57:00Z\"";
    refuse_all(&[
        (instant, "IssueInstant=\"2026-11-23T12:02:01Z\"", "profile.issue_instant"),
        (instant, "IssueInstant=\"2126-11-23T12:00:00Z\"", "profile.issue_instant"),
        (&conditions, &conditions.replace(until, past).replace("12:00:00", "11:00:00"), "profile.expired"),
        (&data, &data.replace(until, past), "profile.expired"),
        (&conditions, &conditions.replace("12:00:00", "12:03:00"), "profile.not_yet_valid"),
        (&conditions, &conditions.replace(until, "NotOnOrAfter=\"2026-11-23T12:00:00Z\""), "schema.value"),
    ]);
    accept_all(&[
        (instant, "IssueInstant=\"2020-01-01T00:00:00Z\""),
        (instant, "IssueInstant=\"2026-11-23T12:02:00Z\""),
        (&conditions, &conditions.replace(&format!(" {until}"), "")),
        (&conditions, "<saml:Conditions>"),
    ]);
    // Nothing but the confirmation says how long, and it is over.
    let bench = Bench::signing(SignedParts::Response);
    let template = bench.response().template();
    let unbounded = template.replace(&conditions, "<saml:Conditions>");
    bench.accept(&bench.sign(&unbounded));
    bench.refuse(&bench.sign(&unbounded.replace(until, past)), "profile.expired");
    let century = template
        .replace(until, "NotOnOrAfter=\"2126-11-23T12:05:00Z\"")
        .replace("SessionIndex=", "SessionNotOnOrAfter=\"2026-11-23T20:00:00Z\" SessionIndex=");
    let verified = bench.verify(&bench.sign(&century)).unwrap();
    assert!(
        verified.replay_key().keep_until() > "2126-11-23T12:05:00Z".parse::<chrono::DateTime<chrono::Utc>>().unwrap()
    );
    let login = verified.claimed(Claim::First).unwrap();
    assert_eq!(login.session_not_on_or_after(), Some("2026-11-23T20:00:00Z".parse().unwrap()));
}

/// PRO-015 is the unknown attribute of [`pro_004_pro_005_pro_006_envelope`]; Consent is a known one that proves nothing.
#[test]
fn pro_016_pro_017_one_assertion() {
    accept_all(&[("Destination=", "Consent=\"urn:oasis:names:tc:SAML:2.0:consent:obtained\" Destination=")]);
    for parts in [SignedParts::Response, SignedParts::Both] {
        let bench = Bench::signing(parts);
        let template = bench.response().template();
        bench.accept(&bench.sign(&template));
        let assertion = element(&template, "Assertion");
        bench.refuse(&bench.sign(&without(&template, assertion)), "profile.no_assertion");
        let second = Bench::signing(SignedParts::Assertion);
        let second = second.response().assertion_id("_second").name_id(ADMIN).xml().unwrap();
        let second = element(&second, "Assertion");
        bench.refuse(&bench.sign(&before(&template, assertion, second)), "profile.multiple_assertions");
        bench.refuse(&bench.sign(&after(&template, assertion, second)), "profile.multiple_assertions");
    }
}

#[test]
fn pro_019_other_protocols() {
    let bench = Bench::signing(SignedParts::Response);
    let xml = bench.xml();
    for namespace in ["urn:oasis:names:tc:SAML:1.0:protocol", "urn:oasis:names:tc:SAML:1.1:protocol"] {
        bench.refuse(&replace(&xml, "urn:oasis:names:tc:SAML:2.0:protocol", namespace), "schema.element");
    }
    let assertion = element(&xml, "Assertion");
    let token = "RequestSecurityTokenResponse";
    let trust = format!("<t:{token} xmlns:t=\"http://schemas.xmlsoap.org/ws/2005/02/trust\">{assertion}</t:{token}>");
    bench.refuse(&trust, "schema.element");
}

/// DESIGN: a NameIDPolicy is a wish, and a foreign SPNameQualifier is tolerated and reported; both are part of the
/// key that finds a user again (PRV-014), so that nobody is taken for somebody else.
#[test]
fn pro_032_pro_033_format_and_qualifiers_arrive_as_sent() {
    let bench = Bench::signing(SignedParts::Response);
    let template = bench.response().template();
    let format = " Format=\"urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress\"";
    let login = |attributes: &str| bench.accept(&bench.sign(&replace(&template, format, attributes)));
    for (attributes, expected) in [("", None), (" Format=\"\"", Some("")), (" Format=\"urn:x\"", Some("urn:x"))] {
        let login = login(attributes);
        assert_eq!(login.name_id().unwrap().format(), expected);
        assert!(login.deviations().is_empty());
    }
    let own = login(&format!(" NameQualifier=\"urn:other\" SPNameQualifier=\"{SP}\""));
    assert_eq!(own.name_id().unwrap().name_qualifier(), Some("urn:other"));
    assert!(own.deviations().is_empty());
    let foreign = login(" SPNameQualifier=\"https://other.example.com/\"");
    assert_eq!(foreign.name_id().unwrap().sp_name_qualifier(), Some("https://other.example.com/"));
    assert_eq!(foreign.deviations(), [Deviation::ForeignSpNameQualifier]);
}

/// One of them holds by itself, or none does.
#[test]
fn pro_044_several_confirmations() {
    let bench = Bench::signing(SignedParts::Response);
    let template = bench.response().template();
    let good = element(&template, "SubjectConfirmation").to_owned();
    let with = |confirmations: &str| bench.sign(&replace(&template, &good, confirmations));
    let late = good.replace("12:05:00", "11:05:00");
    let elsewhere = good.replace(ACS, "https://app.example.com/saml/acs/globex/");
    let unasked = good.replace(REQUEST, "_other");
    let holder = good.replace("cm:bearer", "cm:holder-of-key");
    for other in [&late, &elsewhere, &unasked, &holder] {
        bench.accept(&with(&[other, good.as_str()].concat()));
        bench.accept(&with(&[good.as_str(), other].concat()));
        bench.accept(&with(&[other.repeat(1_000), good.clone()].concat()));
    }
    // Each half of a good one, and no whole.
    bench.refuse(&with(&[elsewhere.as_str(), &late].concat()), "profile.expired");
    bench.refuse(&with(&[late.as_str(), &elsewhere].concat()), "profile.recipient");
    bench.refuse(&with(&[elsewhere.as_str(), &unasked].concat()), "profile.in_response_to");
    bench.refuse(&with(&[unasked.as_str(), &elsewhere].concat()), "profile.recipient");
    bench.refuse(&with(&holder), "profile.subject_confirmation");
    bench.refuse(&with(""), "profile.subject_confirmation");
    bench.refuse(&with(&"<saml:SubjectConfirmation Method=\"\"/>".repeat(20_000)), "xml.limit_nodes");
}

/// The address is the browser's behind whatever proxies; a name inside of a confirmation is another party's.
#[test]
fn pro_045_pro_046_what_a_confirmation_says_besides() {
    let data = "<saml:SubjectConfirmationData";
    let name = format!("<saml:NameID>{ADMIN}</saml:NameID>");
    accept_all(&[(data, &format!("{data} Address=\"192.0.2.1\"")), (data, &format!("{name}{data}"))]);
    refuse_all(&[(data, &format!("{name}{name}{data}"), "schema.cardinality")]);
}

/// Audience, Issuer and class references are trimmed; a name is what was sent.
#[test]
fn pro_079_white_space() {
    let bench = Bench::signing(SignedParts::Response);
    let template = bench.response().template();
    accept_all(&[
        (&format!("<saml:Audience>{SP}<"), &format!("<saml:Audience>\n\t {SP}\n<")),
        (&format!("<saml:Issuer>{IDP}<"), &format!("<saml:Issuer> {IDP}\n<")),
    ]);
    refuse_all(&[
        (&format!("<saml:Audience>{SP}<"), &format!("<saml:Audience>\u{a0}{SP}<"), "profile.audience"),
        (&format!("Recipient=\"{ACS}\""), &format!("Recipient=\"{ACS} \""), "profile.recipient"),
        (&format!("Destination=\"{ACS}\""), &format!("Destination=\" {ACS}\""), "profile.destination"),
    ]);
    let login = bench.judge(&bench.sign(&template.replace(ALICE, " alice\n"))).unwrap();
    assert_eq!(login.name_id().unwrap().value(), " alice\n");
}

#[test]
fn pro_096_attributes_outside_of_the_assertion() {
    let bench = Bench::signing(SignedParts::Assertion);
    let xml = bench.xml();
    let statement = element(&xml, "AttributeStatement").replace("staff", "admins");
    let foreign = format!("<x:AttributeStatement xmlns:x=\"urn:x\">{}</x:AttributeStatement>", "staff");
    let values = |xml: &str| -> Vec<String> {
        let login = bench.accept(xml);
        login
            .attributes()
            .iter()
            .flat_map(|attribute| attribute.values())
            .map(|value| value.as_text().unwrap().to_owned())
            .collect()
    };
    assert_eq!(values(&xml), ["staff"]);
    let status = element(&xml, "Status").to_owned();
    let wrapped = format!("<x:e xmlns:x=\"urn:x\" xmlns:saml=\"{SAML}\">{statement}</x:e>");
    let detail = format!("<samlp:StatusDetail>{wrapped}</samlp:StatusDetail></samlp:Status>");
    assert_eq!(values(&replace(&xml, &status, &status.replace("</samlp:Status>", &detail))), ["staff"]);
    let extensions = format!("<samlp:Extensions>{wrapped}</samlp:Extensions>");
    assert_eq!(values(&before(&xml, &status, &extensions)), ["staff"]);
    let declared =
        statement.replacen("<saml:AttributeStatement", &format!("<saml:AttributeStatement xmlns:saml=\"{SAML}\""), 1);
    bench.refuse(&after(&xml, element(&xml, "Assertion"), &declared), "schema.foreign_namespace");
    let inside = bench.sign(&before(&bench.response().template(), "</saml:Assertion>", &foreign));
    bench.refuse(&inside, "schema.foreign_namespace");
}

/// FLW-017, FLW-014: of two connections of one organization each ends its own logins, and each of these once.
#[test]
fn flw_017_the_login_of_another_connection() {
    let bench = Bench::signing(SignedParts::Both);
    let xml = bench.xml();
    let sp = ServiceProvider::builder(organization(), EntityId::new(SP), ACS).build().unwrap();
    let cookie = BrowserCookie::from_value(&"0".repeat(40)).unwrap();
    let of = |connection: &str| {
        let key = PendingKey::new(RequestId::new(REQUEST), ConnectionId::new(connection), cookie.binding());
        let pending = PendingLogin::new(key, now(), now() + chrono::TimeDelta::minutes(10));
        let received = Received::from_xml(xml.clone().into_bytes(), &Limits::message()).unwrap();
        let Received::Solicited(response) = received else { panic!("unsolicited") };
        let bound = pending.returned_by(Some(&cookie)).unwrap();
        response.verify(&sp, &bench.connection, bound, now()).map_err(|rejection| rejection.code())
    };
    assert_eq!(of("acme-2").unwrap_err(), "flow.connection_mismatch");
    let verified = of("acme-1").unwrap();
    assert_eq!(verified.claimed(Claim::RequestConsumed).unwrap_err().code(), "flow.request_consumed");
}

/// DS-073: a certificate is a container of the key that is pinned. Past its end the login stands, and a warning says so.
#[test]
fn ds_073_expired_certificate() {
    let bench = Bench::signing(SignedParts::Both);
    let warned = |at| {
        let warnings = bench.connection.identity_provider().warnings(at);
        warnings.iter().any(|warning| matches!(warning, MetadataWarning::CertificateExpired { .. }))
    };
    let late = "2130-01-01T00:00:00Z".parse().unwrap();
    for (at, expired) in [(now(), false), (late, true)] {
        let response = bench.idp.response(SP, ACS, at).in_response_to(REQUEST).name_id(ALICE).signed(SignedParts::Both);
        let login = bench.verify_at(&response.xml().unwrap(), at).unwrap().claimed(Claim::First).unwrap();
        assert_eq!(login.name_id().map(|name_id| name_id.value()), Some(ALICE));
        assert_eq!(warned(at), expired);
    }
}

/// API-017: whoever stole the identity provider's key is seen by what its own log does not have.
#[test]
fn api_017_what_tells_a_stolen_key() {
    let bench = Bench::signing(SignedParts::Both);
    let login = bench.accept(&bench.xml());
    let [statement] = login.authn_statements() else { panic!("one statement") };
    assert_eq!(statement.authn_instant(), now());
    assert_eq!(login.session_index().map(SessionIndex::as_str), Some("_session"));
    assert_eq!(login.session_not_on_or_after(), None);
    assert_eq!(login.assertion().as_str(), "_assertion");
    assert_eq!(login.issuer().as_str(), IDP);
}
