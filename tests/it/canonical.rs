//! D. Canonicalization, and two parsers that understand one message differently.

use saml_sp::Policy;
use saml_sp::testing::{Prefixes, SignedParts, TestKey};

use crate::kit::*;

const INCLUSIVE: &str = "http://www.w3.org/TR/2001/REC-xml-c14n-20010315";
const INCLUSIVE11: &str = "http://www.w3.org/2006/12/xml-c14n11";

/// The template of a good message, and the method of its SignedInfo or the second of its transforms replaced.
fn method(bench: &Bench, element: &str, replacement: &str) -> String {
    let template = bench.response().template();
    let usual = format!("<ds:{element} Algorithm=\"{EXCLUSIVE}\"/>");
    bench.sign(&replace(&template, &usual, replacement))
}

fn allowing_inclusive(parts: SignedParts) -> Bench {
    let policy = Policy::strict().dangerous().allow_inclusive_c14n().into_policy();
    Bench::with_policy(TestKey::Rsa, parts, Prefixes::Usual, policy)
}

/// CVE-2025-66567, CVE-2025-66475. Also C14-002; for a digest of nothing beside a good signature see the
/// tests of `dsig`.
#[test]
fn c14_001_nothing_is_never_signed() {
    each(&[SignedParts::Assertion, SignedParts::Response], |bench| {
        let xml = bench.xml();
        for uri in ["relative", "../x", "http://example.com\u{80}", "1"] {
            let declared = replace(&xml, " Version=", &format!(" xmlns:example=\"{uri}\" Version="));
            bench.refuse(&declared, "xml.namespace_uri");
        }
    });
    let nothing = [
        ("http://www.w3.org/2001/04/xmlenc#sha256", "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU="),
        (
            "http://www.w3.org/2001/04/xmlenc#sha512",
            "z4PhNX7vuL3xVChQ1m2AB9Yg5AULVxXcg/SpIdNs6c5H0NE8XYXysP+DGNKHfuwvY7kxvUdBeoGlODJ6+SfaPg==",
        ),
    ];
    for (algorithm, digest) in nothing {
        for parts in [SignedParts::Assertion, SignedParts::Response] {
            let bench = Bench::signing(parts);
            let template = bench.response().template().replace("http://www.w3.org/2001/04/xmlenc#sha256", algorithm);
            bench.accept(&bench.sign(&template));
            let value = element(&template, "DigestValue").to_owned();
            let golden = bench.sign(&replace(&template, &value, &format!("<ds:DigestValue>{digest}</ds:DigestValue>")));
            bench.refuse(&golden, "c14n.empty_output");
            bench.refuse(&golden.replace(ALICE, ADMIN), "c14n.empty_output");
        }
    }
}

/// One tree: what is read is what was digested, so that no difference can be put between them.
#[test]
fn c14_003_signed_info_is_read_where_it_was_verified() {
    let bench = Bench::signing(SignedParts::Assertion);
    let xml = bench.xml();
    let digest = element(&xml, "DigestValue").to_owned();
    for (insert, code) in
        [("<!--x-->", "xml.comment"), ("<![CDATA[x]]>", "xml.cdata"), ("<?x y?>", "xml.processing_instruction")]
    {
        bench.refuse(&replace(&xml, &digest, &inside(&digest, insert)), code);
    }
}

#[test]
fn c14_004_methods_are_compared_to_the_letter() {
    for parts in [SignedParts::Assertion, SignedParts::Response] {
        let bench = Bench::signing(parts);
        for (element, code) in [("CanonicalizationMethod", "dsig.c14n_method"), ("Transform", "dsig.transform")] {
            let with = |algorithm: &str| method(&bench, element, &format!("<ds:{element} Algorithm=\"{algorithm}\"/>"));
            bench.accept(&with(EXCLUSIVE));
            let spelled = [
                format!("{EXCLUSIVE}WithComments"),
                INCLUSIVE.to_owned(),
                format!("{INCLUSIVE}#WithComments"),
                INCLUSIVE11.to_owned(),
                format!("{INCLUSIVE11}#WithComments"),
                EXCLUSIVE.to_uppercase(),
                format!("{EXCLUSIVE} "),
                EXCLUSIVE.replace('#', ""),
                EXCLUSIVE.replace("http:", "https:"),
                "http://www.w3.org/2002/06/xmldsig-filter2".to_owned(),
                "none".to_owned(),
                String::new(),
            ];
            spelled.iter().for_each(|algorithm| bench.refuse(&with(algorithm), code));
            bench.refuse(&method(&bench, element, &format!("<ds:{element}/>")), code);
        }
    }
}

/// The relaxation takes each of them, and with inclusive canonicalization the context counts (C14-008).
#[test]
fn c14_008_the_context_of_an_inclusive_form() {
    for parts in [SignedParts::Assertion, SignedParts::Response] {
        let bench = allowing_inclusive(parts);
        for algorithm in [INCLUSIVE, INCLUSIVE11, "http://www.w3.org/2001/10/xml-exc-c14n#WithComments"] {
            for element in ["CanonicalizationMethod", "Transform"] {
                let xml = method(&bench, element, &format!("<ds:{element} Algorithm=\"{algorithm}\"/>"));
                bench.accept(&xml);
                let moved = xml.replacen(" ID=", " xmlns:unused=\"urn:unused\" ID=", 1);
                match algorithm == "http://www.w3.org/2001/10/xml-exc-c14n#WithComments" {
                    // On the response the declaration stands on what is signed, or is in scope of SignedInfo.
                    false if element == "Transform" => bench.refuse(&moved, "dsig.digest_mismatch"),
                    false => bench.refuse(&moved, "dsig.signature_invalid"),
                    true => drop(bench.accept(&moved)),
                }
            }
        }
        let unknown = method(&bench, "Transform", "<ds:Transform Algorithm=\"urn:x\"/>");
        bench.refuse(&unknown, "dsig.transform");
    }
}

#[test]
fn c14_005_prefix_lists() {
    for parts in [SignedParts::Assertion, SignedParts::Response] {
        for element in ["CanonicalizationMethod", "Transform"] {
            let bench = Bench::signing(parts);
            let open = format!("<ds:{element} Algorithm=\"{EXCLUSIVE}\">");
            let list = |prefixes: &str| {
                format!("<ec:InclusiveNamespaces xmlns:ec=\"{EXCLUSIVE}\" PrefixList=\"{prefixes}\"/>")
            };
            let with = |content: &str| method(&bench, element, &format!("{open}{content}</ds:{element}>"));
            let many = "samlp ".repeat(32);
            for good in [
                "xs",
                "",
                " ",
                "#default",
                "samlp saml",
                "nope",
                "samlp\tsamlp\n#default",
                "xml",
                "xmlns",
                many.as_str(),
            ] {
                bench.accept(&with(&list(good)));
            }
            let too_many = "samlp ".repeat(33);
            bench.refuse(&with(&list(&too_many)), "xml.limit_prefixes");
            bench.refuse(&with(&list(&"a ".repeat(10_000))), "xml.limit_prefixes");
            bench.refuse(&with(&[list("a"), list("b")].concat()), "dsig.structure");
            bench.refuse(&with(&format!("<InclusiveNamespaces xmlns=\"{DS}\" PrefixList=\"a\"/>")), "dsig.structure");
            bench.refuse(&with(&format!("<InclusiveNamespaces xmlns=\"{EXCLUSIVE}\"/>")), "dsig.structure");
            bench.refuse(&with("text"), "dsig.structure");
            // A listed prefix is part of what is signed, although nothing uses it: where it is bound, on the
            // response, nothing else is signed when the assertion is.
            let bound = |xml: &str, uri: &str| {
                replace(xml, " ID=\"_response\"", &format!(" xmlns:xs=\"{uri}\" ID=\"_response\""))
            };
            let template = replace(
                &bench.response().template(),
                &format!("<ds:{element} Algorithm=\"{EXCLUSIVE}\"/>"),
                &format!("{open}{}</ds:{element}>", list("xs")),
            );
            let signed = bench.sign(&bound(&template, "urn:xs"));
            bench.accept(&signed);
            let code = if element == "Transform" { "dsig.digest_mismatch" } else { "dsig.signature_invalid" };
            bench.refuse(&signed.replace("urn:xs", "urn:other"), code);
        }
    }
}

/// Exclusive canonicalization does not protect prefixes in values; so nothing here looks at them.
#[test]
fn c14_006_a_prefix_in_a_value_is_rebound() {
    each(&[SignedParts::Assertion], |bench| {
        let template = bench.response().template();
        let value = bench.style("<saml:AttributeValue>");
        let typed =
            value.replace('>', " xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\" xsi:type=\"xs:string\">");
        let declared =
            |uri: &str| replace(&template, " ID=\"_response\"", &format!(" xmlns:xs=\"{uri}\" ID=\"_response\""));
        let xml = bench.sign(&declared("http://www.w3.org/2001/XMLSchema").replace(&value, &typed));
        let rebound = xml.replace("http://www.w3.org/2001/XMLSchema\"", "urn:evil\"");
        assert_ne!(xml, rebound);
        assert_eq!(bench.accept(&xml).attributes(), bench.accept(&rebound).attributes());
    });
}

#[test]
fn c14_007_namespaces_are_undeclared_and_declared_again() {
    let bench = Bench::new(TestKey::Rsa, SignedParts::Assertion, Prefixes::DefaultNamespace);
    let value = "<AttributeValue>staff</AttributeValue>";
    for content in [
        "<a xmlns=\"\"><b/></a>",
        "<a xmlns=\"\"><b xmlns=\"urn:b\"><c xmlns=\"\"/></b></a>",
        "<x:a xmlns:x=\"urn:x\" xmlns=\"\"><b/></x:a>",
        "<x:a xmlns:x=\"urn:x\"><x:b xmlns:x=\"urn:y\"><x:c xmlns:x=\"urn:x\" x:d=\"1\"/></x:b></x:a>",
    ] {
        let template =
            replace(&bench.response().template(), value, &format!("<AttributeValue>{content}</AttributeValue>"));
        let xml = bench.sign(&template);
        bench.accept(&xml);
        for (from, to) in [("xmlns=\"\"", "xmlns=\"urn:n\""), ("urn:b", "urn:c"), ("urn:x", "urn:z")] {
            if xml.contains(from) {
                bench.refuse(&xml.replacen(from, to, 1), "dsig.digest_mismatch");
            }
        }
    }
}

/// Also C14-010: every spelling of a character is that character, to the digest and to the reader.
#[test]
fn c14_013_white_space_around_the_signature() {
    each(&[SignedParts::Assertion, SignedParts::Response, SignedParts::Both], |bench| {
        let template = bench.response().template();
        let pretty = template.replace("><", ">\n\t<").replace(">\n\t</", "></");
        let xml = bench.sign(&pretty);
        bench.accept(&xml);
        bench.accept(&xml.replace('\n', "\r\n"));
        bench.accept(&xml.replace(ALICE, "alice&#64;ex&#x61;mple.com"));
        bench.accept(&xml.replace("Value=\"urn:oasis", "Value=\"&#117;rn:oasis"));
        let outside = replace(&xml, ">\n\t<", "> \n\t<");
        match bench.parts {
            SignedParts::Assertion => drop(bench.accept(&outside)),
            _ => bench.refuse(&outside, "dsig.digest_mismatch"),
        }
    });
}

/// Also C14-015, DS-034, DS-035, DS-036: exactly enveloped-signature, then exclusive canonicalization.
#[test]
fn c14_014_count_and_order_of_transforms() {
    for parts in [SignedParts::Assertion, SignedParts::Response] {
        let bench = Bench::signing(parts);
        let template = bench.response().template();
        let transforms = element(&template, "Transforms").to_owned();
        let with = |content: &str| bench.sign(&replace(&template, &transforms, content));
        let [enveloped, c14n] = [ENVELOPED, EXCLUSIVE].map(|uri| format!("<ds:Transform Algorithm=\"{uri}\"/>"));
        let of = |transforms: &[&str]| with(&format!("<ds:Transforms>{}</ds:Transforms>", transforms.concat()));
        bench.accept(&of(&[&enveloped, &c14n]));
        for list in [
            &[][..],
            &[&enveloped],
            &[&c14n],
            &[&c14n, &enveloped],
            &[&c14n, &c14n],
            &[&enveloped, &enveloped],
            &[&enveloped, &c14n, &c14n],
            &[&enveloped, &enveloped, &c14n],
        ] {
            bench.refuse(&of(&list.iter().map(|transform| transform.as_str()).collect::<Vec<_>>()), "dsig.transform");
        }
        bench.refuse(&of(&[&enveloped, &c14n.repeat(1_000)]), "dsig.transform");
        bench.refuse(&with(""), "dsig.transform");
        bench.refuse(&with(&transforms.repeat(2)), "dsig.structure");
        let child = |transform: &str| transform.replace("/>", "><x xmlns=\"urn:x\"/></ds:Transform>");
        bench.refuse(&of(&[&child(&enveloped), &c14n]), "dsig.structure");
        bench.refuse(&of(&[&enveloped, &child(&c14n)]), "dsig.structure");
        bench.refuse(&of(&[&enveloped.replace("/>", " x=\"1\"/>"), &c14n]), "dsig.structure");
        bench.refuse(&of(&[&enveloped, &c14n, "<x xmlns=\"urn:x\"/>"]), "dsig.structure");
    }
}

/// CVE-2025-25292, CVE-2025-66567, each ingredient alone.
#[test]
fn c14_019_a_signature_that_only_one_of_two_parsers_sees() {
    each(&[SignedParts::Assertion], |bench| {
        let xml = bench.xml();
        let doctype = format!("<!DOCTYPE r [<!ATTLIST Signature xmlns CDATA \"{DS}\">]>{xml}");
        bench.refuse(&doctype, "xml.doctype");
        let code = element(&xml, "StatusCode").to_owned();
        let [start, end] = ["<samlp:StatusDetail>", "</samlp:StatusDetail>"].map(|tag| bench.style(tag));
        let unprefixed = format!("{start}<Signature><SignedInfo/></Signature>{end}");
        // The catalogue expects a refusal; StatusDetail is any content, and nothing in it is ever read.
        bench.accept(&after(&xml, &code, &unprefixed));
        let digest = element(&xml, "DigestValue").to_owned();
        let other = replace(&digest, element(&xml, "DigestValue").split(['>', '<']).nth(2).unwrap(), &"A".repeat(43));
        bench.refuse(
            &replace(&xml, &digest, &other.replace(&"A".repeat(43), &format!("{}=", "A".repeat(43)))),
            "dsig.signature_invalid",
        );
        bench.refuse(
            &replace(&xml, " ID=\"_assertion\"", " xmlns:example=\"http://example.com\u{80}\" ID=\"_assertion\""),
            "xml.namespace_uri",
        );
        bench.refuse(&replace(&xml, ALICE, ADMIN), "dsig.digest_mismatch");
    });
}
