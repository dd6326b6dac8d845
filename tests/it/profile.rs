//! The rules of the Web Browser SSO profile on correctly signed messages. ATTACKS H; each row stands beside the same
//! message without the change.

use saml_sp::error::Deviation;
use saml_sp::testing::SignedParts;
use saml_sp::{Policy, Relaxation, SignatureRule, Unsolicited};

use crate::kit::{ACS, ADMIN, ALICE, Bench, IDP, REQUEST, SAML, SP, after, before, element, replace, without};

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
    let login = verified.claimed(saml_sp::Claim::First).unwrap();
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

/// No setting makes an unsigned assertion good.
#[test]
fn api_003_no_policy_accepts_what_nobody_signed() {
    let relaxations = [
        Relaxation::ConfirmationNotBefore,
        Relaxation::NoAuthnStatement,
        Relaxation::EmptyInResponseTo,
        Relaxation::Cbc,
        Relaxation::UnsignedLogoutResponse,
    ];
    let dangerous = |policy: Policy| {
        policy.dangerous().allow_sha1().allow_rsa1024().allow_inclusive_c14n().allow_rsa1_5().allow_3des().into_policy()
    };
    let mut bench = Bench::signing(SignedParts::Nothing);
    let asked = bench.response().xml().unwrap();
    let unasked = asked.replace(&format!(" InResponseTo=\"{REQUEST}\""), "");
    let signed = Bench::signing(SignedParts::Both).response().xml().unwrap();
    for rule in [SignatureRule::Either, SignatureRule::Assertion, SignatureRule::Response, SignatureRule::Both] {
        for unsolicited in [Unsolicited::Refuse, Unsolicited::Accept] {
            for subset in 0..1_u32 << relaxations.len() {
                let chosen = relaxations.iter().enumerate().filter(|(at, _)| subset & (1 << at) != 0);
                let base = Policy::strict().with_signature_rule(rule).with_unsolicited(unsolicited);
                let policy = chosen.fold(base, |policy, (_, relaxation)| policy.with_relaxation(*relaxation));
                for policy in [policy.clone(), dangerous(policy)] {
                    bench.connection = bench.connection.clone().with_policy(policy).unwrap();
                    bench.refuse(&asked, "profile.unsigned");
                    let refused = unsolicited == Unsolicited::Refuse;
                    bench.refuse(&unasked, if refused { "profile.unsolicited" } else { "profile.unsigned" });
                }
            }
        }
        bench.accept(&signed);
    }
}
