//! The table of ATTACKS A2.2, row by row: what libxmlsec1 says alone, with the defaults of the crate `xmlsec`; what it
//! says as this module asks it; and what this crate says. Measured with libxmlsec1 1.2.37 and libxml2 2.9.14.
//! "Differs" is where that is another verdict than the table's.

use std::process::Command;

use saml_sp::testing::{SignedParts, TestKey};
use xmlsec::XmlSecDocumentExt as _;

use super::*;
use crate::dsig::{ENVELOPED_SIGNATURE, EXCLUSIVE_C14N};
use kit::{
    ADMIN, ALICE, Bench, after, before, element, inside, inside_last, original_and_evil, replace, sign, unsigned,
};

#[allow(
    dead_code,
    unreachable_pub,
    clippy::arithmetic_side_effects,
    clippy::string_slice,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::panic,
    reason = "shared with the integration tests, which use all of it and fail by panicking"
)]
#[path = "../../../tests/it/kit.rs"]
mod kit;

const RSA_SHA256: &str = "http://www.w3.org/2001/04/xmldsig-more#rsa-sha256";
const SHA256: &str = "http://www.w3.org/2001/04/xmlenc#sha256";
const EXCLUSIVE_TRANSFORM: &str = "<ds:Transform Algorithm=\"http://www.w3.org/2001/10/xml-exc-c14n#\"/>";

/// What libxmlsec1 says alone.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Alone {
    Valid,
    Invalid,
    Error,
}

use Alone::{Error, Invalid, Valid};

const SIGNATURE: Result<(), Objection> = Err(Objection::Signature);
const DOCUMENT: Result<(), Objection> = Err(Objection::Document);

fn bench() -> Bench {
    Bench::signing(SignedParts::Assertion)
}

/// The three verdicts. What this crate says is a code, or "accept".
#[track_caller]
fn row(xml: &str, alone: Alone, restricted: Result<(), Objection>, ours: &str) {
    let verdict = bench().judge(xml).map_or_else(|rejection| rejection.code(), |_| "accept");
    assert_eq!((asked_alone(xml), asked(xml, TestKey::Rsa), verdict), (alone, restricted, ours), "{xml}");
}

/// As the documentation of the crate `xmlsec` shows it: every ID registered, the first signature in the document.
fn asked_alone(xml: &str) -> Alone {
    let _libraries = ffi::Libraries::enter();
    let document = Parser::default().parse_string(xml).unwrap();
    register_all(&document);
    let mut context = XmlSecSignatureContext::new();
    context.insert_key(XmlSecKey::from_memory(&spki(TestKey::Rsa), XmlSecKeyFormat::Der, None).unwrap());
    match context.verify_document(&document) {
        Ok(true) => Valid,
        Ok(false) => Invalid,
        Err(_) => Error,
    }
}

/// Its error is the only sign of an ID that stands twice, and easily ignored.
fn register_all(document: &Document) {
    for name in ["ID", "Id"] {
        let _ = document.specify_idattr(&format!("//*[@{name}]"), name, None);
    }
}

/// As this module asks, about the first signature in the document: this crate's reader would let few of these pass.
fn asked(xml: &str, key: TestKey) -> Result<(), Objection> {
    let question = Question {
        octets: xml.as_bytes(),
        position: first_signature(xml),
        key: &spki(key),
        signature_algorithms: vec![EXCLUSIVE_C14N, RSA_SHA256],
        reference_algorithms: vec![ENVELOPED_SIGNATURE, EXCLUSIVE_C14N, SHA256],
    };
    question.ask().map(|_| ())
}

fn first_signature(xml: &str) -> Vec<usize> {
    fn down(node: &Xml2Node, position: &mut Vec<usize>) -> bool {
        node.get_name() == "Signature"
            || node.get_child_elements().iter().enumerate().any(|(at, child)| {
                position.push(at);
                let found = down(child, position);
                if !found {
                    position.pop();
                }
                found
            })
    }
    let _libraries = ffi::Libraries::enter();
    let document = Parser::default().parse_string(xml).unwrap();
    let mut position = Vec::new();
    assert!(down(&document.get_root_element().unwrap(), &mut position));
    position
}

fn spki(key: TestKey) -> Vec<u8> {
    let certificate = crate::keys::Certificate::from_pem(key.certificate_pem()).unwrap();
    certificate.public_key().spki_der().to_vec()
}

/// Signed by libxmlsec1, which signs what this crate's tests can't: any transform, any algorithm.
fn signed_by_libxmlsec1(template: &str) -> String {
    let _libraries = ffi::Libraries::enter();
    let bare = template.replace("{signature}", "").replace("{digest:_assertion}", "");
    let document = Parser::default().parse_string(bare).unwrap();
    register_all(&document);
    let mut context = XmlSecSignatureContext::new();
    context.insert_key(XmlSecKey::from_memory(TestKey::Rsa.pem().as_bytes(), XmlSecKeyFormat::Pem, None).unwrap());
    context.sign_document(&document).unwrap();
    document.to_string()
}

/// The template of a response, changed and signed by the trusted key.
fn signed(part: &str, new: &str) -> String {
    signed_by_libxmlsec1(&replace(&bench().response().template(), part, new))
}

#[test]
fn valid() {
    row(&bench().xml(), Valid, Ok(()), "accept");
    row(&signed_by_libxmlsec1(&bench().response().template()), Valid, Ok(()), "accept");
}

/// API-014.
#[test]
fn xsw_03_04_05_07() {
    let xml = bench().xml();
    let (original, evil) = original_and_evil(&xml);
    row(&before(&xml, &original, &evil), Valid, Ok(()), "profile.multiple_assertions");
    row(&replace(&xml, &original, &inside_last(&evil, &original)), Valid, Ok(()), "profile.unsigned");
    let signature = element(&original, "Signature");
    let signed_evil = after(&evil, element(&evil, "Issuer"), signature);
    let both = [signed_evil.as_str(), &unsigned(&original)].concat();
    // The first signature stands in the evil assertion, and only its parent's ID is registered. Differs, for the better.
    row(&replace(&xml, &original, &both), Valid, SIGNATURE, "profile.multiple_assertions");
    let extensions = format!("<samlp:Extensions>{evil}</samlp:Extensions>");
    row(&before(&xml, element(&xml, "Status"), &extensions), Valid, Ok(()), "schema.element");
}

#[test]
fn xsw_06_08() {
    let xml = bench().xml();
    let (original, evil) = original_and_evil(&xml);
    let wrap = |content: &str| {
        let signature = inside_last(element(&original, "Signature"), content);
        replace(&xml, &original, &after(&evil, element(&evil, "Issuer"), &signature))
    };
    let inner = unsigned(&original);
    row(&wrap(&inner), Error, SIGNATURE, "dsig.structure");
    row(&wrap(&format!("<ds:Object>{inner}</ds:Object>")), Invalid, SIGNATURE, "dsig.object_forbidden");
}

#[test]
fn attacker_key_value() {
    let key_value = "<ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue>";
    let template = bench().response().template().replace(ALICE, ADMIN);
    let forged = replace(&template, element(&template, "X509Data"), key_value);
    let forged = sign(&forged, &TestKey::OtherRsa.signing_key().unwrap());
    row(&forged, Invalid, SIGNATURE, "dsig.signature_invalid");
}

#[test]
fn additions_outside_the_digest() {
    let xml = bench().xml();
    let end = "</ds:Signature>";
    row(&before(&xml, end, "<ds:Object>x</ds:Object>"), Valid, Ok(()), "dsig.object_forbidden");
    row(&before(&xml, "</ds:KeyInfo>", "<x xmlns=\"urn:x\"/>"), Valid, Ok(()), "dsig.structure");
}

#[test]
fn inside_digest_value() {
    let xml = bench().xml();
    let with = |new: &str| before(&xml, "</ds:DigestValue>", new);
    row(&with("<!--x-->"), Valid, Ok(()), "xml.comment");
    row(&with("<![CDATA[]]>"), Valid, Ok(()), "xml.cdata");
    row(&with("<?x y?>"), Invalid, SIGNATURE, "xml.processing_instruction");
    row(&with("<x xmlns=\"urn:x\"/>"), Invalid, SIGNATURE, "dsig.digest_encoding");
    for (name, alone, code) in [
        ("SignedInfo", Error, "dsig.signed_info_count"),
        ("SignatureValue", Error, "dsig.structure"),
        ("DigestValue", Error, "dsig.structure"),
    ] {
        let one = element(&xml, name);
        row(&after(&xml, one, one), alone, SIGNATURE, code);
    }
}

#[test]
fn name_id_split_after_signing() {
    let xml = bench().xml();
    let split = |at: &str| replace(&xml, ALICE, &ALICE.replacen('@', at, 1));
    row(&split("<!---->@"), Valid, Ok(()), "xml.comment");
    row(&split("<![CDATA[@]]>"), Valid, Ok(()), "xml.cdata");
    row(&split("&#64;"), Valid, Ok(()), "accept");
    // That `accept` means the full value:
    bench().accept(&split("&#64;"));
}

/// XML-022.
#[test]
fn comment_under_with_comments() {
    let with_comments = EXCLUSIVE_TRANSFORM.replace("c14n#", "c14n#WithComments");
    let xml = signed(EXCLUSIVE_TRANSFORM, &with_comments);
    // Restricted to exclusive canonicalization without comments.
    row(&xml, Valid, SIGNATURE, "dsig.transform");
    row(&replace(&xml, ALICE, &ALICE.replacen('@', "<!---->@", 1)), Valid, SIGNATURE, "xml.comment");
}

#[test]
fn document_types() {
    let xml = bench().xml();
    let with =
        |subset: &str, xml: &str| before(xml, "<samlp:Response", &format!("<!DOCTYPE samlp:Response [{subset}]>"));
    // A document has to be one element. Differs, for the better.
    row(&with("", &xml), Valid, DOCUMENT, "xml.doctype");
    let by_entity = replace(&xml, "ID=\"_assertion\"", "ID=\"&id;\"");
    row(&with("<!ENTITY id \"_assertion\">", &by_entity), Valid, DOCUMENT, "xml.doctype");
    let defaulted = with("<!ATTLIST samlp:Response Consent CDATA \"x\">", &xml);
    row(&defaulted, Valid, DOCUMENT, "xml.doctype");
    let external = replace(&xml, "</samlp:Status>", "<samlp:StatusMessage>&e;</samlp:StatusMessage></samlp:Status>");
    // Not read either way.
    row(&with("<!ENTITY e SYSTEM \"file:///etc/hostname\">", &external), Error, DOCUMENT, "xml.doctype");
}

/// API-013.
#[test]
fn references_elsewhere() {
    let uri = "URI=\"#_assertion\"";
    row(&signed(uri, "URI=\"\""), Valid, SIGNATURE, "dsig.reference_uri");
    row(&signed(uri, "URI=\"#xpointer(/)\""), Valid, Ok(()), "dsig.reference_uri");
    row(&signed(uri, "URI=\"#xpointer(id('_assertion'))\""), Valid, Ok(()), "dsig.reference_uri");
    let file = std::env::temp_dir().join(format!("saml-sp-{}.xml", std::process::id()));
    std::fs::write(&file, "<x/>").unwrap();
    let template = bench().response().template();
    let template = replace(&template, element(&template, "Transforms"), "");
    let local = signed_by_libxmlsec1(&replace(&template, uri, &format!("URI=\"file://{}\"", file.display())));
    row(&local, Valid, SIGNATURE, "dsig.reference_uri");
    std::fs::remove_file(file).unwrap();
}

#[test]
fn two_references() {
    let template = bench().response().template();
    let reference = element(&template, "Reference");
    // Exactly one has to be found. Differs, for the better.
    let twice = signed_by_libxmlsec1(&after(&template, reference, reference));
    row(&twice, Valid, Err(Objection::References), "dsig.reference_count");
}

#[test]
fn transforms_that_hide() {
    let xpath = "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xpath-19991116\"><ds:XPath \
                 xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\">not(ancestor-or-self::saml:Subject)</ds:XPath></ds:Transform>";
    let hidden = signed(EXCLUSIVE_TRANSFORM, &[xpath, EXCLUSIVE_TRANSFORM].concat());
    row(&replace(&hidden, ALICE, ADMIN), Valid, SIGNATURE, "dsig.transform");
    let xslt = "<ds:Transform Algorithm=\"http://www.w3.org/TR/1999/REC-xslt-19991116\"><xsl:stylesheet version=\"1.0\" \
                xmlns:xsl=\"http://www.w3.org/1999/XSL/Transform\"><xsl:output method=\"text\"/><xsl:template match=\"/\">x\
                </xsl:template></xsl:stylesheet></ds:Transform>";
    let constant = signed(EXCLUSIVE_TRANSFORM, xslt);
    row(&replace(&constant, ALICE, ADMIN), Valid, SIGNATURE, "dsig.transform");
    row(&signed(EXCLUSIVE_TRANSFORM, ""), Valid, Ok(()), "dsig.transform");
}

#[test]
fn weak_algorithms() {
    let more = "http://www.w3.org/2001/04/xmldsig-more#";
    let rsa_md5 = signed(RSA_SHA256, &format!("{more}rsa-md5"));
    row(&rsa_md5, Valid, SIGNATURE, "dsig.signature_algorithm");
    row(&signed(SHA256, &format!("{more}md5")), Valid, SIGNATURE, "dsig.digest_algorithm");
    let ripemd = signed(RSA_SHA256, &format!("{more}rsa-ripemd160"));
    row(&ripemd, Valid, SIGNATURE, "dsig.signature_algorithm");
}

#[test]
fn hmac_output_length_under_rsa() {
    let method = format!("<ds:SignatureMethod Algorithm=\"{RSA_SHA256}\"/>");
    let truncated = inside(&method, "<ds:HMACOutputLength>8</ds:HMACOutputLength>");
    row(&signed(&method, &truncated), Valid, Ok(()), "dsig.structure");
}

#[test]
fn duplicate_id() {
    let xml = bench().xml();
    let (original, evil) = original_and_evil(&xml);
    let evil = evil.replace("\"_evil\"", "\"_assertion\"");
    row(&after(&xml, &original, &evil), Valid, Ok(()), "dsig.duplicate_id");
}

#[test]
fn target_inside_its_own_signature() {
    let template = replace(&bench().response().template(), "URI=\"#_assertion\"", "URI=\"#inside\"");
    let xml = signed_by_libxmlsec1(&replace(&template, "<ds:KeyInfo>", "<ds:KeyInfo Id=\"inside\">"));
    // The parent's ID is the only one registered. To libxmlsec1 that makes no difference: what is not found has the digest
    // of nothing, too. But it has no octets to be compared with ours. Differs, for the better.
    row(&replace(&xml, ALICE, ADMIN), Valid, Err(Objection::References), "dsig.reference_target");
}

#[test]
fn namespaces_in_scope() {
    let xml = bench().xml();
    let declare = |declaration: &str| replace(&xml, "<samlp:Response ", &format!("<samlp:Response {declaration} "));
    row(&declare("xmlns:x=\"relative\""), Error, SIGNATURE, "xml.namespace_uri");
    row(&declare("xmlns:x=\"http://[\""), Error, DOCUMENT, "xml.namespace_uri");
    row(&declare("xmlns:xs=\"urn:x\""), Valid, Ok(()), "accept");
    let unbound = replace(&xml, "</samlp:Status>", "<x:y/></samlp:Status>");
    row(&unbound, Valid, DOCUMENT, "xml.unbound_prefix");
}

/// libxml2 gives a document for each of these, and notes an error: that alone is a no.
#[test]
fn c14_018_an_error_that_is_only_noted_is_a_veto() {
    let xml = bench().xml();
    let with = |fragment: &str| replace(&xml, "</samlp:Status>", &format!("{fragment}</samlp:Status>"));
    assert_eq!(asked(&with("<y/>"), TestKey::Rsa), Ok(()));
    for fragment in [
        "<x:y/>",
        "<y x:a=\"\"/>",
        "<a:b:c/>",
        "<x::y/>",
        "<y xmlns:p=\"\"/>",
        "<y xmlns:xmlns=\"urn:x\"/>",
        "<y xmlns:xml=\"urn:x\"/>",
        "<y xmlns:p=\"urn:x\" xmlns:q=\"urn:x\" p:a=\"\" q:a=\"\"/>",
    ] {
        assert_eq!(asked(&with(fragment), TestKey::Rsa), DOCUMENT, "{fragment}");
    }
}

#[test]
fn signature_octets() {
    let xml = bench().xml();
    let value = element(&xml, "SignatureValue");
    let text = value.split(['>', '<']).nth(2).unwrap();
    let with = |new: &str| replace(&xml, text, new);
    // 257 octets: a zero in front, and one behind.
    row(&with(&["AAAA", text].concat()), Invalid, SIGNATURE, "dsig.signature_invalid");
    row(&with(&text.replace("==", "AA")), Invalid, SIGNATURE, "dsig.signature_invalid");
    row(&with(""), Error, SIGNATURE, "dsig.signature_encoding");
    row(&with("@@@@"), Error, SIGNATURE, "dsig.signature_encoding");
}

#[test]
fn second_hollow_signature() {
    let xml = bench().xml();
    let hollow = format!("<ds:Signature xmlns:ds=\"{DS}\"/>");
    row(&before(&xml, "</saml:Assertion>", &hollow), Invalid, SIGNATURE, "dsig.multiple");
    row(&before(&xml, "</samlp:Response>", &hollow), Valid, Ok(()), "dsig.misplaced");
}

/// What else can differ between the engines: each objection but those that need a defect.
#[test]
fn objections() {
    let xml = bench().xml();
    assert_eq!(asked(&xml, TestKey::Rsa), Ok(()));
    assert_eq!(asked(&xml, TestKey::OtherRsa), SIGNATURE);
    assert_eq!(asked(&xml, TestKey::P256), SIGNATURE);
    assert_eq!(asked(&replace(&xml, ALICE, ADMIN), TestKey::Rsa), SIGNATURE);
    let key = spki(TestKey::Rsa);
    let question = |change: fn(&mut Question<'_>)| {
        let mut question = Question {
            octets: xml.as_bytes(),
            position: vec![2, 1],
            key: &key,
            signature_algorithms: vec![EXCLUSIVE_C14N, RSA_SHA256],
            reference_algorithms: vec![ENVELOPED_SIGNATURE, EXCLUSIVE_C14N, SHA256],
        };
        change(&mut question);
        question.ask().map(|_| ())
    };
    assert_eq!(question(|_| ()), Ok(()));
    assert_eq!(question(|question| question.position = vec![2, 0]), Err(Objection::Position));
    assert_eq!(question(|question| question.position = vec![9]), Err(Objection::Position));
    assert_eq!(question(|question| question.key = b"\x30\x00"), Err(Objection::Key));
    assert_eq!(question(|question| question.octets = b"<a>"), DOCUMENT);
    let unknown = Err(Objection::UnknownAlgorithm);
    assert_eq!(question(|question| question.signature_algorithms.push("urn:x")), unknown);
    assert_eq!(question(|question| question.reference_algorithms.push("urn:x")), unknown);
    let lacking = |question: &mut Question<'_>| question.reference_algorithms.truncate(2);
    assert_eq!(question(lacking), SIGNATURE);
}

/// The tests above, in a process of their own: libxml2, libxmlsec1 and OpenSSL have much to say about them, and none of
/// it comes out.
#[test]
fn nothing_reaches_stderr() {
    const NESTED: &str = "SAML_SP_NESTED_TEST";
    if std::env::var_os(NESTED).is_some() {
        return;
    }
    let tests = module_path!().split_once("::").unwrap().1;
    let nested = Command::new(std::env::current_exe().unwrap()).arg(tests).env(NESTED, "1").output().unwrap();
    let said = String::from_utf8_lossy(&nested.stdout);
    assert!(nested.status.success() && !said.contains(" 0 passed"), "{said}");
    assert_eq!(String::from_utf8_lossy(&nested.stderr), "");
}
