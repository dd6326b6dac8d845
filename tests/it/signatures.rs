//! E. XML Signature: structure, references, transforms, algorithms, keys, encodings.

use std::time::{Duration, Instant};

use saml_sp::testing::{FakeIdp, Prefixes, SignedParts, TestKey};
use saml_sp::{Connection, ConnectionId, Policy};

use crate::kit::*;

const A: SignedParts = SignedParts::Assertion;
const R: SignedParts = SignedParts::Response;
const MORE: &str = "http://www.w3.org/2001/04/xmldsig-more#";

/// Messages that the trusted key signed as they are, on the assertion and on the response.
fn signed_templates(test: impl Fn(&Bench, &str)) {
    for parts in [A, R] {
        let bench = Bench::signing(parts);
        bench.xml();
        test(&bench, &bench.response().template());
    }
}

fn with_attribute(element: &str, attribute: &str) -> String {
    let (name, rest) = element.split_at(element.find([' ', '>', '/']).unwrap());
    format!("{name} {attribute}{rest}")
}

#[test]
fn ds_002_hollow_signatures() {
    each(&[A, R], |bench| {
        let xml = bench.xml();
        let part = |name: &str| element(&xml, name).to_owned();
        let signature = part("Signature");
        bench.refuse(&replace(&xml, &signature, &format!("<s:Signature xmlns:s=\"{DS}\"/>")), "dsig.structure");
        bench.refuse(&without(&xml, &part("SignedInfo")), "dsig.structure");
        bench.refuse(&without(&xml, &part("SignatureValue")), "dsig.structure");
        bench.refuse(&without(&xml, &part("Reference")), "dsig.reference_count");
        for name in ["CanonicalizationMethod", "SignatureMethod", "DigestMethod", "DigestValue"] {
            bench.refuse(&without(&xml, &part(name)), "dsig.structure");
        }
        let text = part("SignatureValue").split(['>', '<']).nth(2).unwrap().to_owned();
        bench.refuse(&replace(&xml, &text, ""), "dsig.signature_encoding");
        // KeyInfo is worth nothing, so that its absence is, too.
        bench.accept(&without(&xml, &part("KeyInfo")));
    });
}

/// CVE-2026-49454.
#[test]
fn ds_003_the_value_is_verified() {
    each(&[A, R, SignedParts::Both], |bench| {
        bench.xml();
        let template = bench.response().template();
        let length = if bench.idp.key().algorithm().uri().contains("rsa") { 256 } else { 64 };
        let zeros = base64(&vec![0; length]);
        let forged = bench.sign(&template.replace(ALICE, ADMIN).replace("{signature}", &zeros));
        bench.refuse(&forged, "dsig.signature_invalid");
    });
}

fn base64(octets: &[u8]) -> String {
    const ALPHABET: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |octets: &[u8]| {
        let bits = octets.iter().fold(0_u32, |bits, octet| bits << 8 | u32::from(*octet)) << (8 * (3 - octets.len()));
        let digits = (0..4).map(|at| ALPHABET[(bits >> (18 - 6 * at)) as usize & 63] as char);
        digits.enumerate().map(|(at, digit)| if at > octets.len() { '=' } else { digit }).collect::<String>()
    };
    octets.chunks(3).map(group).collect()
}

/// The octets of the SignatureValue, changed.
fn with_value(xml: &str, change: impl Fn(Vec<u8>) -> Vec<u8>) -> String {
    let value = element(xml, "SignatureValue");
    let text = value.split(['>', '<']).nth(2).unwrap();
    let digits =
        |c: u8| b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".iter().position(|d| *d == c);
    let bits: Vec<u8> = text.bytes().filter_map(digits).map(|digit| digit as u8).collect();
    let octets: Vec<u8> = bits
        .chunks(4)
        .flat_map(|group| {
            let all = group.iter().fold(0_u32, |all, digit| all << 6 | u32::from(*digit)) << (6 * (4 - group.len()));
            all.to_be_bytes()[1..group.len()].to_vec()
        })
        .collect();
    assert_eq!(base64(&octets), text);
    replace(xml, text, &base64(&change(octets)))
}

#[test]
fn ds_004_the_digest_is_verified() {
    each(&[A, R, SignedParts::Both], |bench| {
        let xml = bench.xml();
        for (from, to) in
            [(ALICE, ADMIN), ("staff", "admins"), (ACS, "https://evil.example/"), ("2.0:cm:bearer", "2.0:cm:bearer2")]
        {
            // The last one that stands there is inside the assertion, whatever was signed.
            let at = xml.rfind(from).unwrap();
            bench.refuse(&[&xml[..at], to, &xml[at + from.len()..]].concat(), "dsig.digest_mismatch");
        }
    });
}

#[test]
fn ds_006_everything_once() {
    each(&[A, R], |bench| {
        let xml = bench.xml();
        for name in [
            "SignatureValue",
            "KeyInfo",
            "CanonicalizationMethod",
            "SignatureMethod",
            "DigestMethod",
            "DigestValue",
            "Transforms",
        ] {
            let one = element(&xml, name).to_owned();
            bench.refuse(&replace(&xml, &one, &one.repeat(2)), "dsig.structure");
        }
        let reference = element(&xml, "Reference").to_owned();
        bench.refuse(&replace(&xml, &reference, &reference.repeat(2)), "dsig.reference_count");
    });
}

/// CVE-2025-29775. Also DS-008.
#[test]
fn ds_007_nothing_stands_inside_the_values() {
    each(&[A, R], |bench| {
        let xml = bench.xml();
        for (name, code) in [("DigestValue", "dsig.digest_encoding"), ("SignatureValue", "dsig.signature_encoding")] {
            let value = element(&xml, name).to_owned();
            let with = |new: &str| replace(&xml, &value, &inside(&value, new));
            bench.refuse(&with("<!--AAAA-->"), "xml.comment");
            bench.refuse(&with("<![CDATA[AAAA]]>"), "xml.cdata");
            bench.refuse(&with("<?x AAAA?>"), "xml.processing_instruction");
            bench.refuse(&with("<x xmlns=\"urn:x\"/>"), code);
            bench.refuse(&with("."), code);
        }
        for name in ["CanonicalizationMethod", "SignatureMethod", "Transform", "DigestMethod"] {
            let one = element(&xml, name).to_owned();
            bench.refuse(&replace(&xml, &one, &inside(&one, "<!--x-->")), "xml.comment");
        }
    });
}

/// Also DS-012: signed by the trusted key, so that it's the structure that is refused.
#[test]
fn ds_010_nothing_foreign_in_a_signature() {
    signed_templates(|bench, template| {
        for name in ["Signature", "SignedInfo", "Reference", "Transforms", "DigestMethod", "SignatureMethod"] {
            let one = element(template, name).to_owned();
            for extra in ["<x xmlns=\"urn:x\"/>", "<ds:X xmlns:ds=\"http://www.w3.org/2000/09/xmldsig#\"/>", "text"] {
                let code = match name {
                    // What stands in front of the transforms is not a transform.
                    "Transforms" if extra != "text" => "dsig.transform",
                    _ => "dsig.structure",
                };
                bench.refuse(&bench.sign(&replace(template, &one, &inside(&one, extra))), code);
            }
            let attributed = |attribute: &str| bench.sign(&replace(template, &one, &with_attribute(&one, attribute)));
            bench.refuse(&attributed("x=\"1\""), "dsig.structure");
            bench.refuse(&attributed("xmlns:x=\"urn:x\" x:x=\"1\""), "dsig.structure");
        }
        let key_info = element(template, "KeyInfo").to_owned();
        bench.refuse(
            &bench.sign(&replace(template, &key_info, &inside(&key_info, "<x xmlns=\"urn:x\"/>"))),
            "dsig.structure",
        );
    });
}

#[test]
fn ds_011_the_order_of_the_schema() {
    signed_templates(|bench, template| {
        let swap = |first: &str, second: &str| {
            let [one, two] = [first, second].map(|name| element(template, name).to_owned());
            bench.sign(&replace(&replace(&replace(template, &two, "<hole/>"), &one, &two), "<hole/>", &one))
        };
        bench.refuse(&swap("CanonicalizationMethod", "SignatureMethod"), "dsig.structure");
        bench.refuse(&swap("SignatureMethod", "Reference"), "dsig.structure");
        bench.refuse(&swap("DigestMethod", "DigestValue"), "dsig.structure");
        bench.refuse(&swap("Transforms", "DigestMethod"), "dsig.structure");
        bench.refuse(&swap("SignedInfo", "SignatureValue"), "dsig.structure");
        bench.refuse(&swap("SignatureValue", "KeyInfo"), "dsig.structure");
    });
}

#[test]
fn ds_013_ids_in_the_signature() {
    each(&[A, R], |bench| {
        let template = bench.response().template();
        let with_id = |name: &str, id: &str| {
            let one = element(&template, name).to_owned();
            bench.sign(&replace(&template, &one, &with_attribute(&one, &format!("Id=\"{id}\""))))
        };
        for name in ["Signature", "SignedInfo", "Reference", "SignatureValue", "KeyInfo"] {
            bench.accept(&with_id(name, "_unique"));
            // A clash can't even be signed: refused when it is read.
            let clash = with_id(name, "_unique").replace("\"_unique\"", "\"_assertion\"");
            bench.refuse(&clash, "dsig.duplicate_id");
        }
    });
}

/// Declared at the root, and spelled in every way.
#[test]
fn ds_014_prefixes_are_free() {
    each(&[A, R, SignedParts::Both], |bench| drop(bench.xml()));
    let bench = Bench::signing(A);
    let template = bench.response().template();
    let at_root = template
        .replace(&format!(" xmlns:ds=\"{DS}\""), "")
        .replace(" ID=\"_response\"", &format!(" xmlns:ds=\"{DS}\" ID=\"_response\""));
    bench.accept(&bench.sign(&at_root));
}

/// GHSA-479m-364c-43vc. Also DS-020, DS-022.
#[test]
fn ds_021_references_are_counted_before_anything_is_hashed() {
    for key in [TestKey::Rsa, TestKey::P256] {
        for parts in [A, R] {
            let bench = Bench::new(key, parts, Prefixes::Usual);
            bench.xml();
            let template = bench.response().template();
            let (id, other) = if parts == A { ("_assertion", "_response") } else { ("_response", "_assertion") };
            let reference = element(&template, "Reference").to_owned();
            let second = reference.replace(id, other);
            let bogus = reference.replace(&format!("{{digest:{id}}}"), "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=");
            let with = |references: &[&str]| bench.sign(&replace(&template, &reference, &references.concat()));
            bench.refuse(&with(&[]), "dsig.reference_count");
            bench.refuse(&with(&[&reference, &reference]), "dsig.reference_count");
            bench.refuse(&with(&[&reference, &second]), "dsig.reference_count");
            bench.refuse(&with(&[&second, &reference]), "dsig.reference_count");
            bench.refuse(&with(&[&reference, &bogus]), "dsig.reference_count");
            bench.refuse(&with(&[&bogus, &reference]), "dsig.reference_count");
            let many = bench.response().xml().unwrap();
            let reference = element(&many, "Reference").to_owned();
            bench.refuse(&replace(&many, &reference, &reference.repeat(31)), "dsig.reference_count");
            bench.refuse(&replace(&many, &reference, &"<ds:Reference/>".repeat(10_000)), "dsig.reference_count");
        }
    }
}

#[test]
fn ds_028_types_of_references() {
    signed_templates(|bench, template| {
        let typed =
            |kind: &str| bench.sign(&replace(template, "<ds:Reference ", &format!("<ds:Reference Type=\"{kind}\" ")));
        for kind in ["Manifest", "Object", "SignatureProperties", "X509Data"] {
            bench.refuse(&typed(&format!("{DS}{kind}")), "dsig.structure");
        }
        // A hint without consequences.
        bench.accept(&typed("urn:oasis:names:tc:SAML:2.0:assertion"));
    });
}

/// Also DS-031, DS-032, DS-033.
#[test]
fn ds_030_transforms_that_compute() {
    signed_templates(|bench, template| {
        let transforms = element(template, "Transforms").to_owned();
        let xslt = "<x:stylesheet version=\"1.0\" xmlns:x=\"http://www.w3.org/1999/XSL/Transform\"><x:template match=\"/\">constant<x:copy-of select=\"document('http://127.0.0.1:9/')\"/></x:template></x:stylesheet>";
        let nested = format!("<ds:XPath>{}1{}</ds:XPath>", "count(//*[".repeat(2_000), "])".repeat(2_000));
        for (algorithm, content) in [
            ("http://www.w3.org/TR/1999/REC-xslt-19991116", xslt),
            (
                "http://www.w3.org/TR/1999/REC-xpath-19991116",
                "<ds:XPath>not(ancestor-or-self::saml:Subject)</ds:XPath>",
            ),
            ("http://www.w3.org/TR/1999/REC-xpath-19991116", nested.as_str()),
            (
                "http://www.w3.org/2002/06/xmldsig-filter2",
                "<XPath xmlns=\"http://www.w3.org/2002/06/xmldsig-filter2\" Filter=\"subtract\">//*</XPath>",
            ),
            ("http://www.w3.org/2002/07/decrypt#XML", ""),
            ("http://www.w3.org/2000/09/xmldsig#base64", ""),
            ("http://docs.oasis-open.org/wss/2004/01/oasis-200401-wss-soap-message-security-1.0#STR-Transform", ""),
            ("http://schemas.openxmlformats.org/package/2006/RelationshipTransform", ""),
            ("urn:unknown", ""),
            ("", ""),
        ] {
            let transform = format!("<ds:Transform Algorithm=\"{algorithm}\">{content}</ds:Transform>");
            let [enveloped, c14n] = [ENVELOPED, EXCLUSIVE].map(|uri| format!("<ds:Transform Algorithm=\"{uri}\"/>"));
            for list in [
                [&transform, &c14n, ""],
                [&enveloped, &transform, ""],
                [&enveloped, &transform, &c14n],
                [&transform, &enveloped, &c14n],
            ] {
                let with = replace(template, &transforms, &format!("<ds:Transforms>{}</ds:Transforms>", list.concat()));
                let start = Instant::now();
                bench.refuse(&bench.sign(&with), "dsig.transform");
                assert!(start.elapsed() < Duration::from_secs(5));
                // In a signature by nobody it is refused just so, before the key is tried.
                bench.refuse(&sign(&with, &TestKey::OtherRsa.signing_key().unwrap()), "dsig.transform");
            }
        }
    });
}

/// GHSA-c27r-x354-4m68, CVE-2026-15013. Also DS-041, DS-042, DS-044: what is not in the list does not exist.
#[test]
fn ds_040_algorithms_are_a_closed_list() {
    signed_templates(|bench, template| {
        let usual = bench.idp.key().algorithm().uri();
        let with = |algorithm: &str| {
            bench.sign(&replace(
                template,
                &format!("SignatureMethod Algorithm=\"{usual}\""),
                &format!("SignatureMethod Algorithm=\"{algorithm}\""),
            ))
        };
        bench.accept(&with(usual));
        let unknown = [
            format!("{DS}hmac-sha1"),
            format!("{MORE}hmac-sha256"),
            format!("{MORE}hmac-sha512"),
            "none".to_owned(),
            String::new(),
            format!("{MORE}rsa-sha0"),
            format!("{DS}rsa-sha1"),
            format!("{MORE}rsa-md5"),
            format!("{MORE}rsa-ripemd160"),
            format!("{MORE}rsa-sha224"),
            format!("{DS}dsa-sha1"),
            format!("{MORE}ecdsa-sha1"),
            format!("{MORE}ecdsa-sha224"),
            "http://www.w3.org/2021/04/xmldsig-more#eddsa-ed25519".to_owned(),
            usual.to_uppercase(),
            format!("{usual} "),
            format!(" {usual}"),
            usual.replace('#', ""),
            usual.replace('-', "%2D"),
            format!("{DS}rsa-sha256"),
            "http://www.w3.org/2001/04/xmlenc#rsa-sha256".to_owned(),
        ];
        unknown.iter().for_each(|algorithm| bench.refuse(&with(algorithm), "dsig.signature_algorithm"));
        bench.refuse(&bench.sign(&without(template, &format!(" Algorithm=\"{usual}\""))), "dsig.signature_algorithm");
        // Known, and not what the key made.
        bench.refuse(&with(&format!("{MORE}rsa-sha512")), "dsig.signature_invalid");
        bench.refuse(&with("http://www.w3.org/2007/05/xmldsig-more#sha256-rsa-MGF1"), "dsig.signature_invalid");
        bench.refuse(&with(&format!("{MORE}ecdsa-sha256")), "dsig.key_algorithm_mismatch");
    });
}

/// The digest has its own rule: no strong signature makes up for it.
#[test]
fn ds_043_a_weak_digest_under_a_strong_signature() {
    signed_templates(|bench, template| {
        let sha256 = "http://www.w3.org/2001/04/xmlenc#sha256";
        let with = |algorithm: &str| bench.sign(&replace(template, sha256, algorithm));
        for good in [
            "http://www.w3.org/2001/04/xmlenc#sha512",
            "http://www.w3.org/2001/04/xmlenc#sha384",
            &format!("{MORE}sha384"),
        ] {
            bench.accept(&with(good));
        }
        for bad in [
            &format!("{DS}sha1"),
            &format!("{MORE}md5"),
            &format!("{MORE}sha224"),
            "",
            &sha256.to_uppercase(),
            &format!("{sha256} "),
            &format!("{DS}sha256"),
            &format!("{MORE}sha256"),
        ] {
            bench.refuse(&with(bad), "dsig.digest_algorithm");
        }
        bench.refuse(&bench.sign(&without(template, &format!(" Algorithm=\"{sha256}\""))), "dsig.digest_algorithm");
        let mut allowing = Bench::with_policy(
            TestKey::Rsa,
            bench.parts,
            Prefixes::Usual,
            Policy::strict().dangerous().allow_sha1().into_policy(),
        );
        allowing.accept(&with(&format!("{DS}sha1")));
        allowing.refuse(&with(&format!("{MORE}md5")), "dsig.digest_algorithm");
        // Each connection has its own (DS-049).
        allowing.connection = Bench::signing(bench.parts).connection;
        allowing.refuse(&with(&format!("{DS}sha1")), "dsig.digest_algorithm");
    });
}

/// Also DS-072.
#[test]
fn ds_045_the_algorithm_fits_the_key() {
    for (signer, pinned) in [(TestKey::Rsa, TestKey::P256), (TestKey::P256, TestKey::Rsa)] {
        for parts in [A, R] {
            let mut bench = Bench::new(signer, parts, Prefixes::Usual);
            let xml = bench.xml();
            bench.connection = Bench::new(pinned, parts, Prefixes::Usual).connection;
            bench.refuse(&xml, "dsig.key_algorithm_mismatch");
        }
    }
}

/// CVE-2009-0217.
#[test]
fn ds_046_output_lengths() {
    signed_templates(|bench, template| {
        let method = element(template, "SignatureMethod").to_owned();
        for length in ["0", "1", "8", "-1", "4294967296"] {
            let content = format!("<ds:HMACOutputLength xmlns:ds=\"{DS}\">{length}</ds:HMACOutputLength>");
            bench.refuse(&bench.sign(&replace(template, &method, &inside(&method, &content))), "dsig.structure");
        }
    });
}

/// The relaxations sha1 and rsa1024, and what they don't allow, are in `Policy`; a connection with nothing but
/// a weak key can't be made.
#[test]
fn ds_048_pss_parameters() {
    let pss = "http://www.w3.org/2007/05/xmldsig-more#";
    signed_templates(|bench, template| {
        let usual = bench.idp.key().algorithm().uri();
        let with = |parameters: &str| {
            let method = format!("<ds:SignatureMethod Algorithm=\"{pss}rsa-pss\">{parameters}</ds:SignatureMethod>");
            bench.sign(&replace(template, &format!("<ds:SignatureMethod Algorithm=\"{usual}\"/>"), &method))
        };
        let parameters = |content: &str| format!("<p:RSAPSSParams xmlns:p=\"{pss}\">{content}</p:RSAPSSParams>");
        // Legal parameters; only that the key signed otherwise.
        for good in [
            "",
            &parameters(""),
            &parameters("<p:SaltLength> 20\n</p:SaltLength>"),
            &parameters("<p:TrailerField>1</p:TrailerField>"),
        ] {
            bench.refuse(&with(good), "dsig.signature_invalid");
        }
        let mgf = "<p:MaskGenerationFunction Algorithm=\"http://www.w3.org/2007/05/xmldsig-more#MGF1\"><ds:DigestMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#sha512\"/></p:MaskGenerationFunction>";
        for bad in [
            "<p:SaltLength>0</p:SaltLength>",
            "<p:SaltLength>33</p:SaltLength>",
            "<p:SaltLength>99999999999999999999</p:SaltLength>",
            "<p:SaltLength>-1</p:SaltLength>",
            "<p:TrailerField>2</p:TrailerField>",
            mgf,
        ] {
            bench.refuse(&with(&parameters(bad)), "dsig.signature_algorithm");
        }
        bench.refuse(&with(&parameters("<x xmlns=\"urn:x\"/>")), "dsig.structure");
        bench.refuse(&with("<x xmlns=\"urn:x\"/>"), "dsig.structure");
    });
}

/// CVE-2024-32962, CVE-2021-21239, CVE-2026-9090. Also DS-061 and DS-062: the key is the connection's, whatever
/// certificate is shown.
#[test]
fn ds_060_key_info_is_no_source_of_keys() {
    for (trusted, attacker) in [(TestKey::Rsa, TestKey::OtherRsa), (TestKey::P256, TestKey::OtherP256)] {
        for parts in [A, R] {
            let bench = Bench::new(trusted, parts, Prefixes::Usual);
            bench.xml();
            let forger = FakeIdp::with_key(IDP, attacker.signing_key().unwrap());
            let forged =
                forger.response(SP, ACS, now()).in_response_to(REQUEST).name_id(ADMIN).signed(parts).xml().unwrap();
            // It carries the attacker's certificate, and is right by it.
            bench.refuse(&forged, "dsig.signature_invalid");
            let [ours, theirs] = [bench.idp.key(), forger.key()].map(|key| key.certificate().unwrap().to_base64());
            let certificate = |base64: &str| format!("<ds:X509Certificate>{base64}</ds:X509Certificate>");
            for shown in [
                certificate(&ours),
                [certificate(&ours), certificate(&theirs)].concat(),
                [certificate(&theirs), certificate(&ours)].concat(),
                [&certificate(&ours), "</ds:X509Data><ds:X509Data>", &certificate(&theirs)].concat(),
                ["</ds:X509Data><ds:KeyValue><ds:RSAKeyValue><ds:Modulus>AQAB</ds:Modulus><ds:Exponent>AQAB</ds:Exponent></ds:RSAKeyValue></ds:KeyValue><ds:X509Data>", &certificate(&ours)].concat(),
                ["</ds:X509Data><e:DEREncodedKeyValue xmlns:e=\"http://www.w3.org/2009/xmldsig11#\">AQAB</e:DEREncodedKeyValue><ds:X509Data>", &certificate(&ours)].concat(),
                "<ds:X509SubjectName>CN=saml-sp test key rsa-1</ds:X509SubjectName><ds:X509SKI>AQAB</ds:X509SKI>".to_owned(),
            ] {
                bench.refuse(&forged.replace(&certificate(&theirs), &shown), "dsig.signature_invalid");
            }
            // And the other way round: what is shown does no harm to what is right.
            let good = bench.xml();
            bench.accept(&good.replace(&ours, &theirs));
            bench.accept(&good.replace(&ours, "not base64 at all"));
        }
    }
}

/// Nothing is fetched, since nothing of it is read. Also DS-026 in `ids`.
#[test]
fn ds_063_key_info_is_not_followed() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    for parts in [A, R] {
        let bench = Bench::signing(parts);
        let xml = bench.xml();
        let key_info = element(&xml, "KeyInfo").to_owned();
        for hint in [
            format!("<ds:RetrievalMethod URI=\"{url}\"/>"),
            "<ds:RetrievalMethod URI=\"#_assertion\"/>".to_owned(),
            format!("<e:KeyInfoReference xmlns:e=\"http://www.w3.org/2009/xmldsig11#\" URI=\"{url}\"/>"),
        ] {
            bench.accept(&replace(&xml, &key_info, &inside(&key_info, &hint)));
        }
        bench.refuse(
            &xml.replace(
                &format!("URI=\"#{}\"", if parts == A { "_assertion" } else { "_response" }),
                &format!("URI=\"{url}\""),
            ),
            "dsig.reference_uri",
        );
    }
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

/// Also DS-066 and DS-067: a rollover, from one key over both to the other.
#[test]
fn ds_064_keys_of_other_connections() {
    let with_keys = |keys: &[TestKey], signer| {
        let mut bench = Bench::new(signer, A, Prefixes::Usual);
        let provider = identity_provider(keys);
        bench.connection =
            Connection::preconfigured(ConnectionId::new("acme-1"), organization(), provider, Policy::strict()).unwrap();
        bench
    };
    use TestKey::{OtherP256, OtherRsa, P256, Rsa};
    for (keys, signer) in [
        (&[Rsa][..], Rsa),
        (&[Rsa, OtherRsa], Rsa),
        (&[Rsa, OtherRsa], OtherRsa),
        (&[OtherRsa], OtherRsa),
        (&[Rsa, P256], P256),
        (&[P256, Rsa], P256),
    ] {
        with_keys(keys, signer).xml();
    }
    for (keys, signer) in
        [(&[Rsa][..], OtherRsa), (&[OtherRsa], Rsa), (&[Rsa, P256], OtherP256), (&[Rsa, P256], OtherRsa)]
    {
        let bench = with_keys(keys, signer);
        bench.refuse(&bench.response().xml().unwrap(), "dsig.signature_invalid");
    }
}

/// CVE-2026-86304, CVE-2026-89042: no key can't mean no check. Also DS-047, for the keys of a connection.
#[test]
fn ds_069_a_connection_has_a_key() {
    use saml_sp::error::ConfigError;
    let fields = saml_sp::IdentityProvider::builder(IDP, "https://idp.example.com/sso");
    assert!(matches!(fields.build(), Err(ConfigError::NoSigningKey | ConfigError::Missing { .. })));
    assert!(fields.clone().certificate(TestKey::Rsa.certificate_pem()).build().is_ok());
    assert!(fields.clone().certificate("").build().is_err());
    let weak = fields.certificate(include_str!("../../src/keys/fixtures/rsa1024.crt.pem")).build();
    if let Ok(weak) = weak {
        let connection =
            |policy| Connection::preconfigured(ConnectionId::new("acme-1"), organization(), weak.clone(), policy);
        assert!(matches!(connection(Policy::strict()), Err(ConfigError::NoSigningKey)));
        assert!(connection(Policy::strict().dangerous().allow_rsa1024().into_policy()).is_ok());
    }
}

#[test]
fn ds_080_digests_are_compared_in_full() {
    signed_templates(|bench, template| {
        let xml = bench.sign(template);
        let digest = element(&xml, "DigestValue").split(['>', '<']).nth(2).unwrap().to_owned();
        let id = if bench.parts == A { "_assertion" } else { "_response" };
        let with = |digest: &str| bench.sign(&replace(template, &format!("{{digest:{id}}}"), digest));
        bench.accept(&with(&digest));
        bench.accept(&with(&format!(" \n{}\n\t{} ", &digest[..20], &digest[20..])));
        bench.accept(&with(&format!("{}&#13;\n{}", &digest[..20], &digest[20..])));
        // The first 1, 3, 30 and 31 octets of it, and one more.
        let short = |digits: usize, padding: &str| format!("{}{padding}", &digest[..digits]);
        for wrong in [
            "",
            " ",
            "AA==",
            "AAAA",
            &short(40, ""),
            &short(4, ""),
            &format!("{}A", &digest[..43]),
            &format!("{}AA==", &digest[..40]),
            &"A".repeat(88),
        ] {
            bench.refuse(&with(wrong), "dsig.digest_encoding");
        }
        // DS-081.
        for lenient in [
            digest.trim_end_matches('=').to_owned(),
            format!("{digest}="),
            format!("={digest}"),
            digest.replace(['+', '/'], "-") + "-",
            format!("{}.{}", &digest[..4], &digest[4..]),
            format!("{}\u{a0}{}", &digest[..4], &digest[4..]),
            format!("{}={}", &digest[..4], &digest[4..]),
        ] {
            bench.refuse(&with(&lenient), "dsig.digest_encoding");
        }
        let other = if digest.starts_with('A') { 'B' } else { 'A' };
        bench.refuse(&with(&format!("{other}{}", &digest[1..])), "dsig.digest_mismatch");
    });
}

#[test]
fn ds_081_base64_is_strict() {
    each(&[A, R], |bench| {
        let xml = bench.xml();
        let value = element(&xml, "SignatureValue").split(['>', '<']).nth(2).unwrap().to_owned();
        let with = |text: &str| replace(&xml, &value, text);
        let wrapped: String =
            value.as_bytes().chunks(64).map(|line| format!("{}\n", std::str::from_utf8(line).unwrap())).collect();
        bench.accept(&with(&wrapped));
        bench.accept(&with(&wrapped.replace('\n', "\r\n  ")));
        bench.accept(&with(&wrapped.replace('\n', "&#xD;\n")));
        for lenient in [
            value.trim_end_matches('=').to_owned(),
            format!("{value}="),
            format!("={value}"),
            format!("-{}", &value[1..]),
            format!("{}\u{a0}{}", &value[..4], &value[4..]),
            "junk!".to_owned(),
            format!("{}={}", &value[..4], &value[4..]),
        ] {
            bench.refuse(&with(&lenient), "dsig.signature_encoding");
        }
        // Bits behind the last octet: both lengths leave one octet over.
        let (body, last) = value.trim_end_matches('=').split_at(value.trim_end_matches('=').len() - 1);
        let spilled = if last == "A" || last == "Q" || last == "g" || last == "w" { "B" } else { "C" };
        bench.refuse(&with(&format!("{body}{spilled}==")), "dsig.signature_encoding");
    });
}

#[test]
fn ds_082_the_length_of_the_value() {
    each(&[A, R], |bench| {
        let xml = bench.xml();
        assert_eq!(with_value(&xml, |value| value), xml);
        type Change = fn(Vec<u8>) -> Vec<u8>;
        let changes: [Change; 9] = [
            |value| [vec![0], value].concat(),
            |value| [value, vec![0]].concat(),
            |value| value[1..].to_vec(),
            |value| value[..value.len() - 1].to_vec(),
            |value| vec![0; value.len()],
            |value| vec![0xff; value.len()],
            |value| [vec![0; value.len() - 1], vec![1]].concat(),
            |value| [vec![0], value[..value.len() - 1].to_vec()].concat(),
            |mut value| {
                value[5] ^= 1;
                value
            },
        ];
        changes.iter().for_each(|change| bench.refuse(&with_value(&xml, change), "dsig.signature_invalid"));
    });
}

#[test]
fn ds_084_ecdsa_values_are_two_numbers_side_by_side() {
    for parts in [A, R] {
        let bench = Bench::new(TestKey::P256, parts, Prefixes::Usual);
        let xml = bench.xml();
        let order = "ffffffff00000000ffffffffffffffffbce6faada7179e84f3b9cac2fc632551";
        let order: Vec<u8> = (0..32).map(|at| u8::from_str_radix(&order[2 * at..2 * at + 2], 16).unwrap()).collect();
        let integer = |number: &[u8]| {
            let sign: &[u8] = if number[0] >= 0x80 { &[0] } else { &[] };
            [&[2, (sign.len() + number.len()) as u8], sign, number].concat()
        };
        let der = |value: Vec<u8>| {
            let numbers = [integer(&value[..32]), integer(&value[32..])].concat();
            [vec![0x30, numbers.len() as u8], numbers].concat()
        };
        let zero = vec![0; 32];
        bench.refuse(&with_value(&xml, der), "dsig.signature_invalid");
        bench.refuse(&with_value(&xml, |value| [&zero, &value[32..]].concat()), "dsig.signature_invalid");
        bench.refuse(&with_value(&xml, |value| [&value[..32], &zero].concat()), "dsig.signature_invalid");
        bench.refuse(&with_value(&xml, |value| [&order, &value[32..]].concat()), "dsig.signature_invalid");
        bench.refuse(&with_value(&xml, |value| [&value[..32], &order].concat()), "dsig.signature_invalid");
        bench.refuse(&with_value(&xml, |value| [&value[32..], &value[..32]].concat()), "dsig.signature_invalid");
        // Java once wrote each number as wide as it liked.
        bench.refuse(
            &with_value(&xml, |value| [&[0], &value[..32], &[0], &value[32..]].concat()),
            "dsig.signature_invalid",
        );
        // DS-085: the negated s is the same signature; the replay key is not made of it.
        let negated = |value: Vec<u8>| {
            let mut borrow = 0_i16;
            let mut s: Vec<u8> = (0..32)
                .rev()
                .map(|at| {
                    let mut digit = i16::from(order[at]) - i16::from(value[32 + at]) - borrow;
                    borrow = i16::from(digit < 0);
                    digit += 256 * borrow;
                    digit as u8
                })
                .collect();
            s.reverse();
            [&value[..32], &s].concat()
        };
        let twin = with_value(&xml, negated);
        assert_ne!(twin, xml);
        bench.accept(&twin);
        let key = |xml: &str| bench.verify(xml).unwrap().replay_key().clone();
        assert_eq!(key(&xml), key(&twin));
    }
}

/// Rule 0.5 (6): an octet changed anywhere is refused, or changes nothing that anybody gets to see.
#[test]
fn every_octet_is_signed_or_does_not_count() {
    for parts in [A, R, SignedParts::Both] {
        let bench = Bench::new(TestKey::P256, parts, Prefixes::Usual);
        let xml = bench.xml();
        let claims = |xml: &str| {
            let login = bench.accept(xml);
            (login.attributes().to_vec(), login.name_id().cloned(), format!("{login:?}{:?}", login.authn_statements()))
        };
        let expected = claims(&xml);
        let mut accepted = 0;
        for at in 0..xml.len() {
            let mut octets = xml.clone().into_bytes();
            octets[at] ^= 1;
            let Ok(changed) = String::from_utf8(octets) else { continue };
            if bench.judge(&changed).is_ok() {
                accepted += 1;
                assert_eq!(claims(&changed), expected, "{changed}");
            }
        }
        // Of what is not signed only the shown certificate, IssueInstant and the like may change.
        assert!(accepted > 300 && accepted < 1_500, "{accepted}");
    }
}

/// A key that the metadata gives for encryption alone signs nothing.
#[test]
fn ds_065_an_encryption_key_is_no_signing_key() {
    let idp = FakeIdp::rsa(IDP).unwrap();
    let metadata = idp.metadata();
    let descriptor = element(&metadata, "KeyDescriptor").to_owned();
    let pem = TestKey::OtherRsa.certificate_pem();
    let certificate = saml_sp::Certificate::from_pem(pem).unwrap().to_base64();
    let other = replace(&descriptor, element(&descriptor, "X509Certificate"), "<ds:X509Certificate/>")
        .replace("<ds:X509Certificate/>", &format!("<ds:X509Certificate>{certificate}</ds:X509Certificate>"));
    let judge_with = |usage: &str| {
        let metadata = after(&metadata, &descriptor, &other.replace("use=\"signing\"", usage));
        let choice = saml_sp::metadata::EntityChoice::Only;
        let trust = saml_sp::metadata::MetadataTrust::ObtainedSecurely;
        let provider = saml_sp::IdentityProvider::from_metadata(metadata.as_str(), &choice, &trust, now()).unwrap();
        let mut bench = Bench::signing(SignedParts::Assertion);
        bench.connection = bench.connection.clone().with_identity_provider(provider).unwrap();
        bench
    };
    let forged =
        sign(&Bench::signing(SignedParts::Assertion).response().template(), &TestKey::OtherRsa.signing_key().unwrap());
    let bench = judge_with("use=\"encryption\"");
    bench.accept(&bench.xml());
    bench.refuse(&forged, "dsig.signature_invalid");
    judge_with("use=\"signing\"").accept(&forged);
    judge_with("").accept(&forged);
}
