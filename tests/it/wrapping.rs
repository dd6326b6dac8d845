//! C. Signature wrapping and coverage. The evil element is another assertion about another user.
//!
//! Which rule refuses is pinned by the order of the work: the shape of the response, one assertion, the
//! signatures in their places, coverage, and only then what the assertion says.

use saml_sp::testing::{SignedParts, TestKey, sign_template, signature_template};
use saml_sp::{Policy, SignatureRule};

use crate::kit::*;

const A: SignedParts = SignedParts::Assertion;
const R: SignedParts = SignedParts::Response;
const RA: SignedParts = SignedParts::Both;
const FORGERY: &str = "dsig.digest_mismatch";

/// What a message that is signed as a whole says to a change that a signature on the assertion alone does not see.
fn unless_response_is_signed(bench: &Bench, code: &'static str) -> &'static str {
    if bench.parts == A { code } else { FORGERY }
}

/// An element of a response in the usual prefixes, declared and respelled for this bench.
fn samlp(bench: &Bench, name: &str, content: &str) -> String {
    let (start, end) = (format!("<samlp:{name}>"), format!("</samlp:{name}>"));
    [&bench.style(&start), content, &bench.style(&end)].concat()
}

/// The signature as a child of the given element, wherever it was.
fn move_signature(xml: &str, from: &str, into: &str) -> String {
    let signature = element(from, "Signature").to_owned();
    let moved = without(xml, &signature);
    let target = element(&moved, into).to_owned();
    replace(&moved, &target, &inside(&target, &signature))
}

#[test]
fn xsw_01_the_response_inside_its_own_signature() {
    each(&[R, RA], |bench| {
        let xml = bench.xml();
        let signature = element(&xml, "Signature").to_owned();
        let original = unsigned(&xml);
        let evil_root = original.replace("\"_response\"", "\"_evil_response\"").replace(ALICE, ADMIN);
        let evil_root = replace(&evil_root, "\"_assertion\"", "\"_evil\"");
        let wrapped = inside_last(&signature, &original);
        let issuer = element(&evil_root, "Issuer").to_owned();
        bench.refuse(&after(&evil_root, &issuer, &wrapped), "dsig.structure");
    });
}

#[test]
fn xsw_02_the_response_beside_its_signature() {
    each(&[R, RA], |bench| {
        let xml = bench.xml();
        let signature = element(&xml, "Signature").to_owned();
        let original = unsigned(&xml);
        let evil_root = original.replace("\"_response\"", "\"_evil_response\"").replace(ALICE, ADMIN);
        let evil_root = replace(&evil_root, "\"_assertion\"", "\"_evil\"");
        let issuer = element(&evil_root, "Issuer").to_owned();
        bench.refuse(&after(&evil_root, &issuer, &[original.as_str(), &signature].concat()), "dsig.misplaced");
        bench.refuse(&after(&evil_root, &issuer, &[signature.as_str(), &original].concat()), "schema.element");
    });
}

#[test]
fn xsw_03_evil_before_signed() {
    each(&[A, R, RA], |bench| {
        let xml = bench.xml();
        let (original, evil) = original_and_evil(&xml);
        bench.refuse(&before(&xml, &original, &evil), "profile.multiple_assertions");
    });
}

#[test]
fn xsw_04_signed_inside_evil() {
    each(&[A, R, RA], |bench| {
        let xml = bench.xml();
        let (original, evil) = original_and_evil(&xml);
        // The catalogue expects schema.element; coverage is judged before content is read.
        let nested = replace(&xml, &original, &inside_last(&evil, &original));
        bench.refuse(&nested, unless_response_is_signed(bench, "profile.unsigned"));
    });
}

#[test]
fn xsw_05_evil_keeps_the_signature() {
    each(&[A, RA], |bench| {
        let xml = bench.xml();
        let (original, evil) = original_and_evil(&xml);
        let signature = element(&original, "Signature");
        let signed_evil = after(&evil, element(&evil, "Issuer"), signature);
        let both = replace(&xml, &original, &[signed_evil.as_str(), &unsigned(&original)].concat());
        bench.refuse(&both, "profile.multiple_assertions");
        // And without the rule on the number of assertions:
        let alone = replace(&xml, &original, &signed_evil);
        bench.refuse(&alone, unless_response_is_signed(bench, "dsig.reference_target"));
    });
}

#[test]
fn xsw_06_signed_inside_the_signature_of_evil() {
    each(&[A, RA], |bench| {
        let xml = bench.xml();
        let (original, evil) = original_and_evil(&xml);
        let signature = inside_last(element(&original, "Signature"), &unsigned(&original));
        let signed_evil = after(&evil, element(&evil, "Issuer"), &signature);
        bench.refuse(&replace(&xml, &original, &signed_evil), unless_response_is_signed(bench, "dsig.structure"));
    });
}

/// XSW-24.
#[test]
fn xsw_07_extensions() {
    each(&[A, R, RA], |bench| {
        let xml = bench.xml();
        let (original, evil) = original_and_evil(&xml);
        let status = element(&xml, "Status").to_owned();
        let in_extensions = |content: &str| samlp(bench, "Extensions", content);
        bench.refuse(&before(&xml, &status, &in_extensions(&evil)), "schema.element");
        let twin = evil.replace("\"_evil\"", "\"_assertion\"");
        bench.refuse(&before(&xml, &status, &in_extensions(&twin)), "dsig.duplicate_id");
        let swapped = replace(&xml, &original, &evil);
        bench.refuse(&before(&swapped, &status, &in_extensions(&original)), "schema.element");
    });
}

#[test]
fn xsw_08_signed_inside_an_object() {
    each(&[A, RA], |bench| {
        let xml = bench.xml();
        let (original, evil) = original_and_evil(&xml);
        let [start, end] = ["<ds:Object>", "</ds:Object>"].map(|tag| bench.style(tag));
        let object = [&start, unsigned(&original).as_str(), &end].concat();
        let signature = inside_last(element(&original, "Signature"), &object);
        let signed_evil = after(&evil, element(&evil, "Issuer"), &signature);
        // With both signed, that of the response is read first, and does not see anything wrong until its digest.
        bench
            .refuse(&replace(&xml, &original, &signed_evil), unless_response_is_signed(bench, "dsig.object_forbidden"));
    });
    each(&[R, RA], |bench| {
        let xml = bench.xml();
        let [start, end] = ["<ds:Object>", "</ds:Object>"].map(|tag| bench.style(tag));
        let signature = element(&xml, "Signature").to_owned();
        let object = [&start, unsigned(&xml).as_str(), &end].concat();
        let evil_root = xml.replace("\"_response\"", "\"_evil_response\"").replace(ALICE, ADMIN);
        let object = object.replace("_assertion", "_other");
        bench.refuse(&replace(&evil_root, &signature, &inside_last(&signature, &object)), "dsig.object_forbidden");
    });
}

/// Also DS-005: CVE-2019-3465, CVE-2025-29774.
#[test]
fn xsw_09_two_signed_infos() {
    each(&[A, R, RA], |bench| {
        let xml = bench.xml();
        let info = element(&xml, "SignedInfo").to_owned();
        let digest = element(&info, "DigestValue").to_owned();
        let forged = replace(&info, &digest, &digest.replace(|c: char| c.is_ascii_digit(), "A"));
        bench.refuse(&after(&xml, &info, &forged), "dsig.signed_info_count");
        bench.refuse(&before(&xml, &info, &forged), "dsig.signed_info_count");
        let value = element(&xml, "SignatureValue").to_owned();
        bench.refuse(&after(&xml, &value, &forged), "dsig.signed_info_count");
        let foreign =
            info.replace(DS, "urn:ds").replace(&bench.style("<ds:SignedInfo>"), "<SignedInfo xmlns=\"urn:ds\">");
        let foreign = foreign.replace(&bench.style("</ds:SignedInfo>"), "</SignedInfo>");
        bench.refuse(&before(&xml, &info, &foreign), "dsig.structure");
        let key_info = element(&xml, "KeyInfo").to_owned();
        bench.refuse(&replace(&xml, &key_info, &inside(&key_info, &info)), "dsig.structure");
        bench.refuse(&replace(&xml, &info, &inside(&info, &info)), "dsig.structure");
    });
}

#[test]
fn xsw_10_the_assertion_in_a_signed_response_is_swapped() {
    each(&[R, RA], |bench| {
        let xml = bench.xml();
        let (original, evil) = original_and_evil(&xml);
        bench.refuse(&replace(&xml, &original, &evil), FORGERY);
        bench.refuse(&replace(&xml, &original, &evil.replace("\"_evil\"", "\"_assertion\"")), FORGERY);
        bench.refuse(&replace(&xml, ALICE, ADMIN), FORGERY);
    });
}

/// XSW-21 and XSW-22, too: places where the schema lets anything stand. Evil is in the place of the assertion
/// and the signed one in it, and the other way round with the blessing of the identity provider.
/// Both signed, and the assertion's signature wrapped before the identity provider signs the response around it: what is
/// wrong inside is found although the signature outside is right.
#[test]
fn xsw_11_wrapped_under_a_good_signature() {
    for key in [TestKey::Rsa, TestKey::P256] {
        let bench = Bench::new(key, RA, Default::default());
        let template = bench.response().template();
        let half = sign_part(&template, element(&template, "Assertion"), key);
        bench.accept(&bench.sign(&half));
        let (original, evil) = original_and_evil(&half);
        let signature = element(&original, "Signature").to_owned();
        let info = element(&signature, "SignedInfo").to_owned();
        let keeping = |signature: &str| after(&evil, element(&evil, "Issuer"), signature);
        let object = format!("<ds:Object>{}</ds:Object>", unsigned(&original));
        for (assertions, code) in [
            ([evil.as_str(), &original].concat(), "profile.multiple_assertions"),
            ([original.as_str(), &evil].concat(), "profile.multiple_assertions"),
            (inside_last(&evil, &original), "schema.element"),
            (keeping(&signature), "dsig.reference_target"),
            ([keeping(&signature), unsigned(&original)].concat(), "profile.multiple_assertions"),
            (keeping(&inside_last(&signature, &unsigned(&original))), "dsig.structure"),
            (keeping(&inside_last(&signature, &object)), "dsig.object_forbidden"),
            (replace(&original, &info, &info.repeat(2)), "dsig.signed_info_count"),
            (after(&original, &signature, &signature), "dsig.multiple"),
            (replace(&original, ALICE, ADMIN), FORGERY),
        ] {
            bench.refuse(&bench.sign(&replace(&half, &original, &assertions)), code);
        }
    }
}

#[test]
fn xsw_20_wherever_the_schema_has_any() {
    let spots = [("Conditions", "Advice"), ("", "SubjectConfirmationData"), ("", "AttributeValue")];
    for (after_element, spot) in spots {
        each(&[A], |bench| {
            let xml = bench.xml();
            let (original, evil) = original_and_evil(&xml);
            let put = |assertion: &str, content: &str| {
                if after_element.is_empty() {
                    let there = element(assertion, spot).to_owned();
                    return replace(assertion, &there, &inside(&there, content));
                }
                let [start, end] = [format!("<saml:{spot}>"), format!("</saml:{spot}>")].map(|tag| bench.style(&tag));
                after(assertion, element(assertion, after_element), &[&start, content, &end].concat())
            };
            bench.refuse(&replace(&xml, &original, &put(&evil, &original)), "profile.unsigned");
            let template = bench.response().template();
            let (original, evil) = original_and_evil(&template);
            let blessed = bench.sign(&replace(&template, &original, &put(&original, &evil)));
            match spot {
                // Advice is never read.
                "Advice" => drop(bench.accept(&blessed)),
                _ => bench.refuse(&blessed, "schema.element"),
            }
        });
    }
}

#[test]
fn xsw_23_status() {
    each(&[A], |bench| {
        let xml = bench.xml();
        let (original, evil) = original_and_evil(&xml);
        let code = element(&xml, "StatusCode").to_owned();
        let detail = |content: &str| samlp(bench, "StatusDetail", content);
        // Nothing in StatusDetail is read.
        bench.accept(&after(&xml, &code, &detail(&evil)));
        bench.refuse(&after(&replace(&xml, &original, &evil), &code, &detail(&original)), "profile.unsigned");
        bench.refuse(&after(&xml, &code, &samlp(bench, "StatusMessage", &evil)), "schema.text");
    });
}

/// Also XSW-26: content of a signature is outside of its digest.
#[test]
fn xsw_25_in_key_info() {
    each(&[A, R], |bench| {
        let xml = bench.xml();
        let (_, evil) = original_and_evil(&xml);
        let key_info = element(&xml, "KeyInfo").to_owned();
        bench.refuse(&replace(&xml, &key_info, &inside(&key_info, &evil)), "dsig.structure");
        bench.refuse(&replace(&xml, &key_info, &inside_last(&key_info, &evil)), "dsig.structure");
        for name in ["X509Data", "MgmtData", "KeyValue", "KeyName"] {
            let [start, end] = [format!("<ds:{name}>"), format!("</ds:{name}>")].map(|tag| bench.style(&tag));
            let holding = |content: &str| inside(&key_info, &[&start, content, &end].concat());
            bench.refuse(&replace(&xml, &key_info, &holding(&evil)), "dsig.structure");
            bench.refuse(&replace(&xml, &key_info, &holding("<evil xmlns=\"\"/>")), "dsig.structure");
            bench.accept(&replace(&xml, &key_info, &holding("text")));
        }
    });
}

#[test]
fn xsw_26_in_an_object() {
    each(&[A, R], |bench| {
        let xml = bench.xml();
        let (_, evil) = original_and_evil(&xml);
        let signature = element(&xml, "Signature").to_owned();
        for (name, code) in [
            ("Object", "dsig.object_forbidden"),
            ("Manifest", "dsig.structure"),
            ("SignatureProperties", "dsig.structure"),
        ] {
            for prefix in ["x", "ds"] {
                let other = format!("<{prefix}:{name} xmlns:{prefix}=\"{DS}\">{evil}</{prefix}:{name}>");
                bench.refuse(&replace(&xml, &signature, &inside_last(&signature, &other)), code);
                bench.refuse(&replace(&xml, &signature, &inside(&signature, &other)), code);
            }
        }
    });
}

/// Also XSW-28 and XSW-29.
#[test]
fn xsw_27_the_root_is_a_response() {
    each(&[A, R], |bench| {
        let xml = bench.xml();
        let (original, _) = original_and_evil(&xml);
        bench.refuse(&format!("<Wrapper>{xml}</Wrapper>"), "schema.element");
        bench
            .refuse(&format!("<s:Envelope xmlns:s=\"urn:soap\"><s:Body>{xml}</s:Body></s:Envelope>"), "schema.element");
        bench.refuse(&original, "schema.element");
        bench.refuse(
            &format!("<e:EncryptedAssertion xmlns:e=\"{SAML}\">{original}</e:EncryptedAssertion>"),
            "schema.element",
        );
        let namespace = "xmlns:o=\"urn:oasis:names:tc:SAML:2.0:protocol\"";
        for root in ["ArtifactResponse", "LogoutResponse", "AuthnRequest", "response"] {
            bench.refuse(&format!("<o:{root} {namespace}>{xml}</o:{root}>"), "schema.element");
        }
        let twin = xml.replace("_assertion", "_b").replace("_response", "_c");
        bench.refuse(&format!("<o:Response {namespace}>{xml}{twin}</o:Response>"), "schema.version");
        bench.refuse(&inside_last(&xml, &twin), "schema.element");
        bench.refuse(&format!("{xml}{twin}"), "xml.multiple_roots");
    });
}

/// CVE-2022-41912. Also XSW-31 (CVE-2026-25922), XSW-32, XSW-33 and XSW-35.
#[test]
fn xsw_30_a_copy_after_the_signed_assertion() {
    each(&[A, R, RA], |bench| {
        let xml = bench.xml();
        let (original, evil) = original_and_evil(&xml);
        let copies = [
            evil.clone(),
            original.replace("_assertion", "_copy"),
            evil.replace(" ID=\"_evil\"", ""),
            evil.replace("\"_evil\"", "\"\""),
            saml_sp::testing::Prefixes::Alternate.apply(&evil),
            saml_sp::testing::Prefixes::DefaultNamespace.apply(&evil),
            bench.style("<saml:EncryptedAssertion xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\"/>"),
        ];
        for copy in copies {
            bench.refuse(&after(&xml, &original, &copy), "profile.multiple_assertions");
            bench.refuse(&before(&xml, &original, &copy), "profile.multiple_assertions");
        }
        bench.refuse(&after(&xml, &original, &original), "dsig.duplicate_id");
    });
}

/// CVE-2026-18092: nothing is wrapped, one more element stands somewhere.
#[test]
fn xsw_34_nothing_is_searched_for() {
    each(&[A, R, RA], |bench| {
        let xml = bench.xml();
        let (original, _) = original_and_evil(&xml);
        let saml = format!("xmlns:e=\"{SAML}\"");
        let name_id = format!("<e:NameID {saml}>{ADMIN}</e:NameID>");
        let attribute =
            format!("<e:Attribute {saml} Name=\"groups\"><e:AttributeValue>admins</e:AttributeValue></e:Attribute>");
        let subject = format!("<e:Subject {saml}>{name_id}</e:Subject>");
        for extra in [&name_id, &attribute, &subject] {
            bench.refuse(&before(&xml, &original, extra), "schema.foreign_namespace");
            bench.refuse(&after(&xml, &original, extra), "schema.foreign_namespace");
            let status = element(&xml, "Status").to_owned();
            bench.refuse(&before(&xml, &status, &samlp(bench, "Extensions", extra)), "schema.element");
            let foreign = format!("<x xmlns=\"urn:x\">{extra}</x>");
            let hidden = before(&xml, &status, &samlp(bench, "Extensions", &foreign));
            if bench.parts == A {
                bench.accept(&hidden);
            } else {
                bench.refuse(&hidden, FORGERY);
            }
        }
    });
}

/// CVE-2024-8698. Also XSW-41, XSW-42 and DS-029: all signed by the trusted key.
#[test]
fn xsw_40_the_signature_refers_to_another_element() {
    for key in [TestKey::Rsa, TestKey::P256] {
        let refer = |bench: &Bench, template: &str, from: &str, to: &str| {
            let other = replace(template, &format!("URI=\"#{from}\""), &format!("URI=\"#{to}\""));
            bench.sign(&replace(&other, &format!("{{digest:{from}}}"), &format!("{{digest:{to}}}")))
        };
        let bench = Bench::new(key, R, Default::default());
        let template = bench.response().template();
        bench.accept(&bench.sign(&template));
        bench.refuse(&refer(&bench, &template, "_response", "_assertion"), "dsig.reference_target");
        let tampered =
            refer(&bench, &template, "_response", "_assertion").replace("Destination=\"", "Destination=\"http://evil/");
        bench.refuse(&tampered, "dsig.reference_target");
        let extended =
            replace(&template, "<samlp:Status>", "<samlp:Extensions><x ID=\"_x\"/></samlp:Extensions><samlp:Status>");
        bench.refuse(&refer(&bench, &extended, "_response", "_x"), "dsig.reference_target");

        let bench = Bench::new(key, A, Default::default());
        let template = bench.response().template();
        bench.accept(&bench.sign(&template));
        bench.refuse(&refer(&bench, &template, "_assertion", "_response"), "dsig.reference_target");
        let named = replace(&template, "<saml:Attribute ", "<saml:Attribute ID=\"_x\" ");
        bench.refuse(&refer(&bench, &named, "_assertion", "_x"), "dsig.reference_target");
        let sibling =
            replace(&template, "<samlp:Status>", "<samlp:Extensions><x ID=\"_x\"/></samlp:Extensions><samlp:Status>");
        bench.refuse(&refer(&bench, &sibling, "_assertion", "_x"), "dsig.reference_target");
    }
}

/// Whatever else the identity provider signed for whomever ("Golden SAML Response").
#[test]
fn xsw_43_something_else_that_the_key_has_signed() {
    let bench = Bench::signing(SignedParts::Nothing);
    let signed = |xml: &str, id: &str| bench.sign(&xml.replace("{}", &signature_template(id, bench.idp.key())));
    let metadata = "<md:EntityDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\" ID=\"_md\" entityID=\"e\">{}<md:X/></md:EntityDescriptor>";
    let logout = "<samlp:LogoutRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_lr\" Version=\"2.0\">{}<samlp:X/></samlp:LogoutRequest>";
    let failure = "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" ID=\"_err\" Version=\"2.0\">{}<samlp:Status/></samlp:Response>";
    Bench::signing(A).xml();
    let old = bench
        .idp
        .response(SP, ACS, now() - chrono::TimeDelta::days(9))
        .in_response_to(REQUEST)
        .name_id(ALICE)
        .assertion_id("_old");
    let old = element(&old.signed(A).xml().unwrap(), "Assertion").to_owned();
    let evil = bench.response().name_id(ADMIN).xml().unwrap();
    bench.refuse(&evil, "profile.unsigned");
    // In SAML's own namespaces it can't stand in Extensions at all; elsewhere its signature is out of place.
    for (object, in_extensions) in [
        (signed(metadata, "_md"), "dsig.misplaced"),
        (signed(logout, "_lr"), "schema.element"),
        (signed(failure, "_err"), "schema.element"),
        (old, "schema.element"),
    ] {
        let status = element(&evil, "Status").to_owned();
        let assertion = element(&evil, "Assertion").to_owned();
        bench.refuse(&before(&evil, &status, &format!("<samlp:Extensions>{object}</samlp:Extensions>")), in_extensions);
        let is_assertion = object.contains("_old");
        let beside = if is_assertion { "profile.multiple_assertions" } else { "schema." };
        let rejection = bench.judge(&after(&evil, &assertion, &object)).unwrap_err();
        assert!(rejection.code().starts_with(beside), "{}", rejection.code());
        bench.refuse(
            &inside_last(&object, &assertion),
            if object.contains("_err") { "schema.missing" } else { "schema.element" },
        );
        // Its signature in the evil assertion, and on the evil response.
        let signature = element(&object, "Signature").to_owned();
        let issuer = element(&assertion, "Issuer").to_owned();
        let in_assertion = replace(&evil, &assertion, &after(&assertion, &issuer, &signature));
        bench.refuse(&in_assertion, "dsig.reference_target");
        let root_issuer = element(&evil, "Issuer").to_owned();
        bench.refuse(&after(&evil, &root_issuer, &signature), "dsig.reference_target");
        let with_object = inside_last(&signature, &format!("<ds:Object>{object}</ds:Object>"));
        let with_object = replace(&evil, &assertion, &after(&assertion, &issuer, &with_object));
        let rejection = bench.judge(&with_object).unwrap_err();
        assert_eq!(rejection.code(), "dsig.object_forbidden");
    }
}

/// CVE-2024-45409: the signature moves into an evil assertion with the signed ID, and a digest that fits
/// it stands somewhere for a search to find.
/// DS-009.
#[test]
fn xsw_44_the_signature_is_relocated() {
    each(&[A], |bench| {
        let xml = bench.xml();
        let forged = xml.replace("\"_response\"", "\"_other\"").replace(ALICE, ADMIN);
        bench.refuse(&forged, FORGERY);
        let reference = element(&forged, "Reference").to_owned();
        let fitting = reference
            .replace(element(&reference, "DigestValue"), &bench.style("<ds:DigestValue>AAAA</ds:DigestValue>"));
        let declared = replace(
            &fitting,
            &bench.style("<ds:Reference "),
            &format!("<x:Reference xmlns:x=\"{DS}\" xmlns=\"{DS}\" xmlns:ds=\"{DS}\" xmlns:dsig=\"{DS}\" "),
        );
        let declared = declared.replace(&bench.style("</ds:Reference>"), "</x:Reference>");
        let code = element(&forged, "StatusCode").to_owned();
        let status = element(&forged, "Status").to_owned();
        bench.refuse(&after(&forged, &code, &samlp(bench, "StatusDetail", &declared)), FORGERY);
        bench.refuse(&before(&forged, &status, &samlp(bench, "Extensions", &declared)), FORGERY);
        let key_info = element(&forged, "KeyInfo").to_owned();
        bench.refuse(&replace(&forged, &key_info, &inside(&key_info, &declared)), FORGERY);
        bench.refuse(&replace(&forged, &key_info, &inside_last(&key_info, &declared)), FORGERY);
        // The same in a message that was not forged changes nothing, for nobody looks there.
        bench.accept(&after(&xml, &code, &samlp(bench, "StatusDetail", &declared)));
    });
}

#[test]
fn xsw_45_the_wrong_part_is_signed() {
    for (rule, good, bad) in [
        (SignatureRule::Assertion, &[A, RA][..], &[R, SignedParts::Nothing][..]),
        (SignatureRule::Response, &[R, RA], &[A, SignedParts::Nothing]),
        (SignatureRule::Both, &[RA], &[A, R, SignedParts::Nothing]),
        (SignatureRule::Either, &[A, R, RA], &[SignedParts::Nothing]),
    ] {
        for key in [TestKey::Rsa, TestKey::P256] {
            let bench =
                |parts| Bench::with_policy(key, parts, Default::default(), Policy::strict().with_signature_rule(rule));
            good.iter().for_each(|parts| drop(bench(*parts).xml()));
            for parts in bad {
                let bench = bench(*parts);
                bench.refuse(&bench.response().xml().unwrap(), "profile.unsigned");
            }
        }
    }
}

#[test]
fn xsw_46_one_of_two_signatures_is_bad() {
    for (trusted, other) in [(TestKey::Rsa, TestKey::OtherRsa), (TestKey::P256, TestKey::OtherP256)] {
        let bench = Bench::new(trusted, RA, Default::default());
        bench.xml();
        let template = bench.response().template();
        // The assertion signed by somebody else, the response by the identity provider.
        let assertion = element(&template, "Assertion").to_owned();
        bench.refuse(&bench.sign(&sign_part(&template, &assertion, other)), "dsig.signature_invalid");
        // And the reverse.
        let mixed = sign_part(&template, &assertion, trusted);
        bench.refuse(&sign(&mixed, &other.signing_key().unwrap()), "dsig.signature_invalid");
        // A damaged value inside a response that was signed over it.
        let damaged = sign_part(&template, &assertion, trusted);
        let value = element(element(&damaged, "Assertion"), "SignatureValue").to_owned();
        // The first character: at the end it could be the padding that breaks.
        let at = value.find('>').unwrap() + 1;
        let flipped =
            format!("{}{}{}", &value[..at], if value[at..].starts_with('A') { 'B' } else { 'A' }, &value[at + 1..]);
        bench.refuse(&bench.sign(&replace(&damaged, &value, &flipped)), "dsig.signature_invalid");
    }
}

/// CVE-2026-18568, CVE-2012-5351..5353, CVE-2020-12676. Also DS-001.
#[test]
fn xsw_47_no_signature_is_no_failure() {
    each(&[A, R, RA], |bench| {
        let xml = bench.xml();
        let (once, tampered) = (unsigned(&xml), |xml: &str| xml.replace(ALICE, ADMIN));
        let stripped = unsigned(&once);
        bench.refuse(&stripped, "profile.unsigned");
        bench.refuse(&tampered(&stripped), "profile.unsigned");
        if bench.parts == RA {
            // What is left of both is a good message of the other kind, and covers itself.
            bench.accept(&once);
            bench.refuse(&tampered(&once), FORGERY);
        }
        // A signature of another namespace is none.
        let code = if bench.parts == A { "profile.unsigned" } else { "schema.foreign_namespace" };
        bench.refuse(&xml.replace(DS, "urn:ds"), code);
        bench.refuse(&xml.replace(DS, "http://www.w3.org/2000/09/XMLDSIG#"), code);
    });
}

#[test]
fn xsw_48_two_signatures_on_one_element() {
    each(&[A, R], |bench| {
        let xml = bench.xml();
        let signature = element(&xml, "Signature").to_owned();
        let hollow = format!("<s:Signature xmlns:s=\"{DS}\"/>");
        for second in [signature.clone(), hollow, signature.replace("_assertion", "_evil")] {
            bench.refuse(&after(&xml, &signature, &second), "dsig.multiple");
            bench.refuse(&before(&xml, &signature, &second), "dsig.multiple");
        }
        // XSW-49: the transform takes out its own signature only, so that nothing could hide in a second one.
        let evil = format!("<s:Signature xmlns:s=\"{DS}\"><AttributeStatement xmlns=\"{SAML}\"/></s:Signature>");
        let place = if bench.parts == A { element(&xml, "Assertion").to_owned() } else { xml.clone() };
        bench.refuse(&replace(&xml, &place, &inside_last(&place, &evil)), "dsig.multiple");
    });
}

#[test]
fn xsw_50_the_signature_stands_in_an_illegal_place() {
    each(&[A], |bench| {
        let xml = bench.xml();
        let (original, _) = original_and_evil(&xml);
        for place in ["Subject", "SubjectConfirmation", "Conditions", "AttributeValue", "AuthnContext"] {
            bench.refuse(&move_signature(&xml, &original, place), "dsig.misplaced");
        }
        let signature = element(&original, "Signature").to_owned();
        let moved = |assertion: String| replace(&xml, &original, &assertion);
        let bare = unsigned(&original);
        bench.refuse(&moved(inside(&bare, &signature)), "dsig.misplaced");
        bench.refuse(&moved(inside_last(&bare, &signature)), "dsig.misplaced");
        bench.refuse(&moved(after(&bare, element(&bare, "Subject"), &signature)), "dsig.misplaced");
        // On the response it would have to be over the response.
        let root_issuer = element(&xml, "Issuer").to_owned();
        bench.refuse(&after(&moved(bare.clone()), &root_issuer, &signature), "dsig.reference_target");
        let issuer = element(&bare, "Issuer").to_owned();
        bench.refuse(&moved(replace(&bare, &issuer, &inside_last(&issuer, &signature))), "dsig.misplaced");
    });
    each(&[R], |bench| {
        let xml = bench.xml();
        let signature = element(&xml, "Signature").to_owned();
        let bare = unsigned(&xml);
        bench.refuse(&inside(&bare, &signature), "dsig.misplaced");
        bench.refuse(&inside_last(&bare, &signature), "dsig.misplaced");
        bench.refuse(&after(&bare, element(&bare, "Status"), &signature), "dsig.misplaced");
        let status = element(&bare, "Status").to_owned();
        bench.refuse(&replace(&bare, &status, &inside_last(&status, &signature)), "schema.foreign_namespace");
    });
}

/// Also XSW-54: a target inside its own signature, whose canonical form without the signature is nothing.
#[test]
fn xsw_53_the_signature_is_not_taken_out() {
    for parts in [A, R] {
        let bench = Bench::signing(parts);
        let template = bench.response().template();
        bench.accept(&bench.sign(&template));
        let transforms = element(&template, "Transforms").to_owned();
        let enveloped = format!("<ds:Transform Algorithm=\"{ENVELOPED}\"/>");
        bench.refuse(&bench.sign(&without(&template, &transforms)), "dsig.transform");
        bench.refuse(&bench.sign(&without(&template, &enveloped)), "dsig.transform");
    }
    let bench = Bench::signing(A);
    let template = bench.response().template();
    let assertion = element(&template, "Assertion").to_owned();
    let signature = element(&assertion, "Signature").to_owned();
    let void = signature.replace("{digest:_assertion}", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
    let object = format!("<ds:Object>{}</ds:Object>", unsigned(&assertion));
    let inside_out = replace(&template, &assertion, &inside_last(&void, &object));
    bench.refuse(&bench.sign(&inside_out), "dsig.misplaced");
    let on_response = after(
        &unsigned(&template),
        element(&template, "Issuer"),
        &inside_last(&void, &object.replace("ID=\"_assertion\"", "ID=\"_inner\"")),
    );
    bench.refuse(&bench.sign(&on_response), "dsig.object_forbidden");
    bench.refuse(&bench.sign(&replace(&template, &signature, &void)), "c14n.empty_output");
    assert!(sign_template("<r>{signature}</r>", bench.idp.key()).is_err());
}
