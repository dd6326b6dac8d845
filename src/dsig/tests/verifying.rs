//! What is signed here verifies here, and what can be observed of the order of the work.

use super::*;
use crate::crypto::{DigestAlgorithm, RsaPssParameters, SignatureAlgorithm};
use crate::error::SigningError;
use crate::keys::{Certificate, SigningKey};
use crate::testing::{TestKey, sign_template, signature_template};

const MESSAGE: &str =
    "<m:Message xmlns:m=\"urn:m\" ID=\"_m\">\n  <m:Issuer>é😀 &amp;</m:Issuer>\n  <m:Body>b</m:Body></m:Message>";
const AFTER_ISSUER: Position = Position::After("urn:m", "Issuer");

fn keys() -> Vec<SigningKey> {
    let read = |key: &str, certificate: &str| {
        SigningKey::from_pem(key, Some(&Certificate::from_pem(certificate).unwrap())).unwrap()
    };
    macro_rules! key {
        ($name:literal) => {
            read(
                include_str!(concat!("../../keys/fixtures/", $name, ".key.pem")),
                include_str!(concat!("../../keys/fixtures/", $name, ".crt.pem")),
            )
        };
    }
    let with = |key: &SigningKey, algorithm| key.clone().with_algorithm(algorithm).unwrap();
    let digests = [DigestAlgorithm::Sha256, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512];
    let rsa = TestKey::Rsa.signing_key().unwrap();
    let mut keys = Vec::new();
    for digest in digests {
        keys.push(with(&rsa, SignatureAlgorithm::RsaPkcs1(digest)));
        keys.push(with(&rsa, SignatureAlgorithm::RsaPss(RsaPssParameters::with_default_salt(digest))));
        for key in [key!("p256"), key!("p384"), key!("p521")] {
            keys.push(with(&key, SignatureAlgorithm::Ecdsa(digest)));
        }
    }
    keys
}

fn code(xml: &str, key: &SigningKey, algorithms: &Algorithms) -> &'static str {
    let document = parse(xml);
    let signature = document.root().subtree().find(|node| node.is(DS, "Signature")).unwrap();
    verify(signature, &[key.verifying_key()], algorithms).map_or_else(|rejection| rejection.code(), |_| "accepted")
}

fn strict(xml: &str, key: &SigningKey) -> &'static str {
    code(xml, key, &Algorithms::strict())
}

/// DS-086: any of the digests with any curve.
#[test]
fn every_algorithm_signs_and_verifies() {
    let keys = keys();
    assert_eq!(keys.len(), 15);
    for key in &keys {
        for position in [Position::First, AFTER_ISSUER] {
            let signed = sign_enveloped(MESSAGE, "_m", position, key).unwrap();
            let document = parse(signed.as_str());
            assert!(signature_of(document.root(), position).unwrap().is_some());
            assert_eq!(strict(&signed, key), "accepted", "{:?}", key.algorithm());
            assert_eq!(strict(&signed.replace("<m:Body>b", "<m:Body>c"), key), "dsig.digest_mismatch");
        }
    }
}

/// The raw-template signer says of the strict shape what [`sign_enveloped`] says.
#[test]
fn a_template_is_signed_like_a_message() {
    let key = TestKey::Rsa.signing_key().unwrap();
    let direct = sign_enveloped(MESSAGE, "_m", AFTER_ISSUER, &key).unwrap();
    let issuer = "</m:Issuer>";
    let template = MESSAGE.replace(issuer, &format!("{issuer}{}", signature_template("_m", &key)));
    let from_template = sign_template(&template, &key).unwrap();
    assert_eq!(strict(&from_template, &key), "accepted");
    // The same octets but for a redundant declaration on SignedInfo.
    assert_eq!(
        from_template,
        direct.replacen("<ds:SignedInfo xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\">", "<ds:SignedInfo>", 1)
    );
}

#[test]
fn nothing_is_returned_unsigned() {
    let key = TestKey::P256.signing_key().unwrap();
    for (xml, id) in [(MESSAGE, "_other"), ("<m ID=\"_m\"/>", "_m"), ("<m ID=\"_m\">text only</m>", "_m")] {
        assert!(matches!(sign_enveloped(xml, id, AFTER_ISSUER, &key), Err(SigningError::Target)), "{xml}");
    }
    assert!(matches!(sign_enveloped("<m", "_m", AFTER_ISSUER, &key), Err(SigningError::Message(_))));
}

/// DS-087: SignatureValue comes before any work on the target. Canonicalizing this target is an
/// error of its own, which only the holder of the key gets to see.
#[test]
fn ds_087_an_unsigned_attacker_never_reaches_the_target() {
    let key = TestKey::Rsa.signing_key().unwrap();
    let allowing = Algorithms { inclusive_c14n: Permission::Allowed, ..Algorithms::strict() };
    let failing = |base: &str| {
        let c14n11 = signature_template("_m", &key).replace(
            &format!("<ds:Transform Algorithm=\"{EXCLUSIVE_C14N}\"/>"),
            "<ds:Transform Algorithm=\"http://www.w3.org/2006/12/xml-c14n11\"/>",
        );
        let signed = sign_template(&format!("<r><m ID=\"_m\">{c14n11}</m></r>"), &key).unwrap();
        signed.replace("<r>", base)
    };
    assert_eq!(code(&failing("<r>"), &key, &allowing), "accepted");
    let failing = failing("<r xml:base=\"http://b.example/\">");
    assert_eq!(code(&failing, &key, &allowing), "c14n.failed");
    let (before, after) = failing.split_once("<ds:SignatureValue>").unwrap();
    let forged = format!("{before}<ds:SignatureValue>{}{}", "AAAA", &after[4..]);
    assert_eq!(code(&forged, &key, &allowing), "dsig.signature_invalid");
    // And the key is chosen before its strength is tried, the structure read before the key.
    let other = TestKey::P256.signing_key().unwrap();
    assert_eq!(code(&failing, &other, &allowing), "dsig.key_algorithm_mismatch");
    assert_eq!(code(&failing, &other, &Algorithms::strict()), "dsig.transform");
}

/// The proof is for what the digest covers: not for the signature, not for what stands outside.
#[test]
fn a_proof_extends_to_parts_of_what_is_covered_only() {
    let key = TestKey::P256.signing_key().unwrap();
    let template = format!("<r><m ID=\"_m\">{}<b>text</b></m><o/></r>", signature_template("_m", &key));
    let xml = sign_template(&template, &key).unwrap();
    let (document, copy) = (parse(xml.as_str()), parse(xml.as_str()));
    let named = |name: &str| document.root().subtree().find(|node| node.local_name() == name).unwrap();
    let signature = named("Signature");
    let signed = verify(signature, &[key.verifying_key()], &Algorithms::strict()).unwrap();
    assert!(signed.element() == named("m"));
    assert!(signed.part(named("m")).is_some() && signed.part(named("b")).is_some());
    for outside in ["Signature", "SignedInfo", "X509Certificate", "o", "r"] {
        assert!(signed.part(named(outside)).is_none(), "{outside}");
    }
    assert!(signed.part(named("b").children().next().unwrap()).is_none(), "text is no element");
    assert!(signed.part(copy.root()).is_none(), "another document");
}

/// RFC 9231 2.3.9: what RSAPSSParams may say, and that MGF1 is the only mask generation function.
#[test]
fn parameters_of_pss_are_read_as_written() {
    let key = TestKey::Rsa.signing_key().unwrap();
    let pss = RsaPssParameters::with_default_salt(DigestAlgorithm::Sha256);
    let key = key.with_algorithm(SignatureAlgorithm::RsaPss(pss)).unwrap();
    let short = SignatureAlgorithm::RsaPss(pss).uri();
    let template = signature_template("_m", &key);
    let judged = |parameters: &str| {
        let method = format!(
            "<ds:SignatureMethod Algorithm=\"{}\">{parameters}</ds:SignatureMethod>",
            SignatureAlgorithm::RSA_PSS_URI
        );
        let template = template.replace(&format!("<ds:SignatureMethod Algorithm=\"{short}\"/>"), &method);
        assert!(template.contains(&method));
        strict(&sign_template(&format!("<m ID=\"_m\">{template}</m>"), &key).unwrap(), &key)
    };
    let more = "http://www.w3.org/2007/05/xmldsig-more#";
    let parameters =
        |children: &str| judged(&format!("<p:RSAPSSParams xmlns:p=\"{more}\">{children}</p:RSAPSSParams>"));
    let digest = |algorithm: DigestAlgorithm| format!("<ds:DigestMethod Algorithm=\"{}\"/>", algorithm.uri());
    let (sha256, sha512) = (digest(DigestAlgorithm::Sha256), digest(DigestAlgorithm::Sha512));
    let mask = |name: &str, digest: &str| {
        format!("<p:MaskGenerationFunction Algorithm=\"{name}\">{digest}</p:MaskGenerationFunction>")
    };
    let mgf1 = format!("{more}MGF1");
    for accepted in [
        String::new(),
        sha256.clone(),
        mask(&mgf1, ""),
        format!("<p:MaskGenerationFunction>{sha256}</p:MaskGenerationFunction>"),
        format!("{sha256}{}<p:SaltLength> 32 </p:SaltLength><p:TrailerField>1</p:TrailerField>", mask(&mgf1, &sha256)),
    ] {
        assert_eq!(parameters(&accepted), "accepted", "{accepted}");
    }
    assert_eq!(judged(""), "accepted");
    for unsupported in [
        mask(&format!("{more}MGF2"), ""),
        mask("MGF1", ""),
        mask(&mgf1, &sha512),
        "<p:SaltLength>0</p:SaltLength>".to_owned(),
        "<p:SaltLength>-1</p:SaltLength>".to_owned(),
        "<p:TrailerField>2</p:TrailerField>".to_owned(),
    ] {
        assert_eq!(parameters(&unsupported), "dsig.signature_algorithm", "{unsupported}");
    }
    for misread in [sha512, "<p:SaltLength>20</p:SaltLength>".to_owned()] {
        assert_eq!(parameters(&misread), "dsig.signature_invalid", "{misread}");
    }
}

/// The relaxation adds the inclusive methods, and nothing beside them.
#[test]
fn inclusive_canonicalization_is_read_where_permitted() {
    let key = TestKey::Rsa.signing_key().unwrap();
    let allowing = Algorithms { inclusive_c14n: Permission::Allowed, ..Algorithms::strict() };
    let template = signature_template("_m", &key);
    for (uri, permissive) in [
        ("http://www.w3.org/TR/2001/REC-xml-c14n-20010315", "accepted"),
        ("http://www.w3.org/TR/2001/REC-xml-c14n-20010315#WithComments", "accepted"),
        ("http://www.w3.org/2006/12/xml-c14n11", "accepted"),
        ("http://www.w3.org/2006/12/xml-c14n11#WithComments", "accepted"),
        ("http://www.w3.org/2001/10/xml-exc-c14n#WithComments", "accepted"),
        ("http://www.w3.org/2010/xml-c14n2", "dsig.c14n_method"),
        ("", "dsig.c14n_method"),
    ] {
        let method = format!("<ds:CanonicalizationMethod Algorithm=\"{uri}\"/>");
        let template =
            template.replace(&format!("<ds:CanonicalizationMethod Algorithm=\"{EXCLUSIVE_C14N}\"/>"), &method);
        assert!(template.contains(&method));
        let signed = sign_template(&format!("<m ID=\"_m\">{template}</m>"), &key).unwrap();
        assert_eq!(code(&signed, &key, &allowing), permissive, "{uri}");
        assert_eq!(strict(&signed, &key), "dsig.c14n_method", "{uri}");
    }
}

/// A Reference names its target by a bare name. A name that XML would not take as an ID is one, too.
#[test]
fn a_reference_is_a_bare_name() {
    let key = TestKey::P256.signing_key().unwrap();
    let judged = |id: &str| {
        let template = signature_template(id, &key);
        strict(&sign_template(&format!("<m ID=\"{id}\">{template}</m>"), &key).unwrap(), &key)
    };
    let longest = format!("{:1<256}", "");
    for name in ["_m", "m\u{e9}", "7f", "-", "a:b", "1_.:-", longest.as_str()] {
        assert_eq!(judged(name), "accepted", "{name}");
    }
    let too_long = format!("{longest}1");
    for other in ["", "xpointer(/)", "xpointer(id(7))", "7 f", "7%66", "7\u{e9}", "7/f", too_long.as_str()] {
        assert_eq!(judged(other), "dsig.reference_uri", "{other}");
    }
}

/// C14-001 (c), C14-002: a digest of nothing is refused even if the trusted key signed it.
#[test]
fn c14_001_the_digest_of_nothing_is_never_a_digest() {
    let key = TestKey::Rsa.signing_key().unwrap();
    for digest in [DigestAlgorithm::Sha256, DigestAlgorithm::Sha384, DigestAlgorithm::Sha512] {
        use base64::Engine as _;
        let nothing = base64::prelude::BASE64_STANDARD.encode(crate::crypto::DigestValue::of_nothing(digest));
        let template = signature_template("_m", &key)
            .replace("{digest:_m}", &nothing)
            .replace(DigestAlgorithm::Sha256.uri(), digest.uri());
        let signed = sign_template(&format!("<m ID=\"_m\">{template}</m>"), &key).unwrap();
        assert_eq!(strict(&signed, &key), "c14n.empty_output");
    }
}

#[test]
fn a_signature_has_one_place() {
    let key = TestKey::P256.signing_key().unwrap();
    let signature = signature_template("_m", &key);
    let place = |xml: String, position| {
        let document = parse(xml);
        signature_of(document.root(), position).map(|found| found.is_some()).map_err(|rejection| rejection.code())
    };
    let issuer = "<m:Issuer xmlns:m=\"urn:m\"/>";
    for (children, first, after) in [
        (signature.clone(), Ok(true), Ok(true)),
        (format!("{signature}<o/>"), Ok(true), Ok(true)),
        (format!("{issuer}{signature}<o/>"), Err("dsig.misplaced"), Ok(true)),
        (format!("{issuer}<o/>{signature}"), Err("dsig.misplaced"), Err("dsig.misplaced")),
        (format!("{signature}{issuer}"), Ok(true), Err("dsig.misplaced")),
        (format!("<o/>{signature}"), Err("dsig.misplaced"), Err("dsig.misplaced")),
        (format!("{issuer}{issuer}{signature}"), Err("dsig.misplaced"), Err("dsig.misplaced")),
        (format!("{issuer}{signature}{signature}"), Err("dsig.multiple"), Err("dsig.multiple")),
        (format!("{issuer}<o>{signature}</o>"), Ok(false), Ok(false)),
        (format!("{issuer}{}", signature.replace(DS, "urn:ds")), Ok(false), Ok(false)),
    ] {
        let xml = format!("<m ID=\"_m\">{children}</m>");
        assert_eq!(place(xml.clone(), Position::First), first, "{xml}");
        assert_eq!(place(xml.clone(), AFTER_ISSUER), after, "{xml}");
    }
}

/// Made by xmlsec1 1.2.37 with keys of this crate's fixtures: pretty-printed, with a list of inclusive
/// prefixes (one rebound outside, the default one, one that nobody declares) and with every escape there is.
#[test]
fn signatures_by_libxmlsec1_verify() {
    macro_rules! signed {
        ($($name:literal $key:literal;)*) => {
            [$((
                include_str!(concat!("xmlsec1/", $name, ".xml")),
                include_str!(concat!("../../keys/fixtures/", $key, ".crt.pem")),
            )),*]
        };
    }
    let messages = signed! {
        "rsa2048-rsa-sha256" "rsa2048";
        "rsa2048-rsa-sha384" "rsa2048";
        "rsa2048-rsa-sha512" "rsa2048";
        "p256-ecdsa-sha256" "p256";
        "p256-ecdsa-sha512" "p256";
        "p384-ecdsa-sha384" "p384";
        "p521-ecdsa-sha512" "p521";
    };
    for (xml, certificate) in messages {
        let key = [Certificate::from_pem(certificate).unwrap().into()];
        let code = |xml: &str| {
            let document = parse(xml);
            let signature = document.root().subtree().find(|node| node.is(DS, "Signature")).unwrap();
            verify(signature, &key, &Algorithms::strict()).map_or_else(|rejection| rejection.code(), |_| "accepted")
        };
        assert_eq!(code(xml), "accepted");
        // Both are in the list, so they are part of what is signed although nothing uses them.
        assert_eq!(code(&xml.replace("urn:xs", "urn:other")), "dsig.digest_mismatch");
        assert_eq!(code(&xml.replace("urn:d\"", "urn:e\"")), "dsig.digest_mismatch");
        assert_eq!(code(&xml.replace("urn:y", "urn:other")), "dsig.digest_mismatch");
        assert_eq!(code(&xml.replace("&#x1F600;", "&#x1F601;")), "dsig.digest_mismatch");
    }
}
