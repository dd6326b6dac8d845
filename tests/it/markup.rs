//! A, through the front door: what the tests of `xml` show for small documents, in messages that are signed.

use saml_sp::testing::{SignedParts, TestKey};

use crate::kit::*;

const A: SignedParts = SignedParts::Assertion;
const R: SignedParts = SignedParts::Response;
const RA: SignedParts = SignedParts::Both;

/// Also XML-010: each kind of DOCTYPE in front of a good message, whatever is in it; nothing is fetched or opened.
#[test]
fn xml_001_xml_002_xml_003_xml_004_xml_005_xml_006_xml_007_xml_008_xml_009_doctype() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/d", listener.local_addr().unwrap());
    let laughs: String =
        (1..10).map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10))).collect();
    let blow_up = format!("<!ENTITY q \"{}\">", "x".repeat(100_000));
    let subsets = [
        ("<!ENTITY x SYSTEM \"file:///etc/hostname\">".to_owned(), "&x;".to_owned()),
        (format!("<!ENTITY x SYSTEM \"{url}\">"), "&x;".to_owned()),
        (format!("<!ENTITY % p SYSTEM \"{url}\"> %p;"), String::new()),
        (format!("<!ENTITY l0 \"lol\">{laughs}"), "&l9;".to_owned()),
        (blow_up, "&q;".repeat(1_000)),
        (format!("<!ATTLIST Signature xmlns CDATA \"{DS}\">"), String::new()),
        ("<!ATTLIST Assertion ID CDATA \"_evil\">".to_owned(), String::new()),
        ("<!ATTLIST Assertion Foo ID #IMPLIED>".to_owned(), String::new()),
        ("<!ENTITY i \"_assertion\">".to_owned(), String::new()),
        ("<!NOTATION n SYSTEM \"x'>\">".to_owned(), String::new()),
    ];
    for parts in [A, R, RA] {
        let bench = Bench::signing(parts);
        let xml = bench.xml();
        let code = element(&xml, "StatusCode").to_owned();
        for (subset, used) in &subsets {
            let doctype = format!("<!DOCTYPE r [{subset}]>");
            let message = format!("<samlp:StatusMessage>{used}</samlp:StatusMessage>");
            bench.refuse(&[&doctype, xml.as_str()].concat(), "xml.doctype");
            bench.refuse(&[&doctype, after(&xml, &code, &message).as_str()].concat(), "xml.doctype");
            bench.refuse(&[&doctype, xml.replace(ALICE, used).as_str()].concat(), "xml.doctype");
            bench.refuse(&[&doctype, xml.replace("\"_assertion\"", "\"&i;\"").as_str()].concat(), "xml.doctype");
        }
        for doctype in [
            format!("<!DOCTYPE samlp:Response SYSTEM \"{url}\">"),
            format!("<!DOCTYPE samlp:Response PUBLIC \"-//x\" \"{url}\">"),
            "<!doctype r>".to_owned(),
            "<!DocType\tr>".to_owned(),
            "<!DOCTYPE response SYSTEM 'x\"><!--'>".to_owned(),
        ] {
            bench.refuse(&[doctype.as_str(), &xml].concat(), "xml.doctype");
            bench.refuse(&inside(&xml, &doctype), "xml.doctype");
            bench.refuse(&[xml.as_str(), &doctype].concat(), "xml.doctype");
        }
    }
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

/// A value that is spelled with references is the value, wherever it stands, and the signature still holds.
#[test]
fn xml_014_xml_020_the_whole_value_or_nothing() {
    each(&[A, R, RA], |bench| {
        let xml = bench.xml();
        let groups = |xml: &str| bench.accept(xml).attributes().to_vec();
        let expected = groups(&xml);
        let digest = element(&xml, "DigestValue").split(['>', '<']).nth(2).unwrap();
        for (plain, spelled) in [
            (ALICE, "alice&#64;ex&#x61;mple.com"),
            ("staff", "sta&#102;f"),
            (IDP, "https://idp&#46;example.com/"),
            (SP, "https://app&#x2E;example.com/saml/metadata/acme/"),
            (ACS, "https://app.example.com&#47;saml/acs/acme/"),
            ("\"_assertion\"", "\"_asser&#x74;ion\""),
            ("\"_response\"", "\"&#95;response\""),
            (digest, &format!("&#{};{}", u32::from(digest.as_bytes()[0]), &digest[1..])),
            (REQUEST, "_re&#113;uest"),
        ] {
            assert_eq!(groups(&xml.replace(plain, spelled)), expected, "{spelled}");
        }
        // What the attacker's own name at the identity provider is, and what it would be cut down to.
        let long = format!("{ADMIN}.evil.net");
        let xml = bench.response().name_id(&long).xml().unwrap();
        let name = |xml: &str| bench.judge(xml).unwrap().name_id().unwrap().value().to_owned();
        assert_eq!(name(&xml), long);
        assert_eq!(name(&xml.replace(&long, &format!("{ADMIN}&#46;evil.net"))), long);
        for (split, code) in [("<!---->", "xml.comment"), ("<?x y?>", "xml.processing_instruction")] {
            bench.refuse(&xml.replace(&long, &format!("{ADMIN}{split}.evil.net")), code);
        }
        bench.refuse(&xml.replace(&long, &format!("{ADMIN}<![CDATA[.evil.net]]>")), "xml.cdata");
    });
}

/// Also XML-022, XML-024 and XML-025: no comment, instruction or CDATA section anywhere in a message.
#[test]
fn xml_021_no_comment_anywhere() {
    for parts in [A, R, RA] {
        let bench = Bench::signing(parts);
        let xml = bench.xml();
        let tags: Vec<usize> = xml.match_indices('>').map(|(at, _)| at + 1).collect();
        for (insert, code) in [
            ("<!---->", "xml.comment"),
            ("<!-- x -->", "xml.comment"),
            ("<?x y?>", "xml.processing_instruction"),
            ("<![CDATA[]]>", "xml.cdata"),
        ] {
            let last = xml.len();
            for at in tags.iter().copied().filter(|at| *at < last) {
                bench.refuse(&[&xml[..at], insert, &xml[at..]].concat(), code);
            }
            let outside =
                if insert.starts_with("<![") { ["xml.not_well_formed", "xml.trailing_content"] } else { [code; 2] };
            bench.refuse(&[insert, xml.as_str()].concat(), outside[0]);
            bench.refuse(&[xml.as_str(), insert].concat(), outside[1]);
        }
        for value in
            ["DigestValue", "SignatureValue", "X509Certificate", "Audience", "AuthnContextClassRef", "AttributeValue"]
        {
            let text = element(&xml, value).split(['>', '<']).nth(2).unwrap().to_owned();
            let (head, tail) = text.split_at(text.len() / 2);
            bench.refuse(&xml.replace(&text, &format!("{head}<!---->{tail}")), "xml.comment");
            bench.refuse(&xml.replace(&text, &format!("{head}<![CDATA[{tail}]]>")), "xml.cdata");
        }
    }
}

/// Names that resolve differently in two libraries. XML-030, XML-043, XML-044, XML-050, XML-054 on messages.
#[test]
fn xml_040_names_and_attributes_of_messages() {
    each(&[A, R, RA], |bench| {
        let xml = bench.xml();
        let (original, evil) = original_and_evil(&xml);
        let forged = replace(&xml, &original, &evil).replace("_response", "_other");
        bench.refuse(&[xml.as_str(), &forged].concat(), "xml.multiple_roots");
        bench.refuse(&[forged.as_str(), &xml].concat(), "xml.multiple_roots");
        let with = |attributes: &str| replace(&xml, " ID=\"_response\"", &format!(" {attributes} ID=\"_response\""));
        let assertion =
            |attributes: &str| replace(&xml, " ID=\"_assertion\"", &format!(" {attributes} ID=\"_assertion\""));
        for change in [&with as &dyn Fn(&str) -> String, &assertion] {
            for (attributes, code) in [
                ("ID=\"_x\"", "xml.duplicate_attribute"),
                ("xmlns:p=\"urn:x\" xmlns:q=\"urn:x\" p:x=\"1\" q:x=\"2\"", "xml.duplicate_attribute"),
                ("zz:ID=\"_x\"", "xml.unbound_prefix"),
                ("x::ID=\"_x\"", "xml.name"),
                (":ID=\"_x\"", "xml.name"),
                ("xmlns:e=\"1\"", "xml.namespace_uri"),
                ("xmlns:e=\"a b\"", "xml.namespace_uri"),
                ("xmlns:e=\"#x\"", "xml.namespace_uri"),
                ("xmlns:e=\"http://example.com\u{80}\"", "xml.namespace_uri"),
                ("xmlns:e=\"\"", "xml.prefix_undeclared"),
                ("xmlns:xml=\"urn:x\"", "xml.reserved_prefix"),
            ] {
                bench.refuse(&change(attributes), code);
            }
        }
        for (name, twice) in [("Reference", " URI=\"#_x\""), ("SignatureMethod", " Algorithm=\"x\"")] {
            let one = element(&xml, name).to_owned();
            let at = one.find(' ').unwrap();
            bench.refuse(&replace(&xml, &one, &[&one[..at], twice, &one[at..]].concat()), "xml.duplicate_attribute");
        }
        let status = element(&xml, "Status").to_owned();
        bench.refuse(&before(&xml, &status, "<zz:Assertion/>"), "xml.unbound_prefix");
        bench.refuse(&before(&xml, &status, "<x::Assertion/>"), "xml.name");
        let info = element(&xml, "SignedInfo").to_owned();
        let declared = info.replacen('>', " xmlns:e=\"../x\">", 1);
        bench.refuse(&replace(&xml, &info, &declared), "xml.namespace_uri");
    });
}

/// Names count by namespace and name, in the proven part, too. XML-056: a prefix is no namespace; XML-052, XML-059.
#[test]
fn xml_055_foreign_elements_are_not_ours() {
    for key in [TestKey::Rsa, TestKey::P256] {
        for parts in [A, R, RA] {
            let bench = Bench::new(key, parts, Default::default());
            bench.xml();
            let template = bench.response().template();
            let before_name =
                |fragment: &str| bench.sign(&replace(&template, "<saml:NameID", &format!("{fragment}<saml:NameID")));
            bench.refuse(
                &before_name(&format!("<x:NameID xmlns:x=\"urn:evil\">{ADMIN}</x:NameID>")),
                "schema.foreign_namespace",
            );
            bench.refuse(
                &before_name(&format!("<saml:NameID xmlns:saml=\"urn:evil\">{ADMIN}</saml:NameID>")),
                "schema.foreign_namespace",
            );
            let no_namespace = "<NameID xmlns=\"\">admin</NameID>";
            bench.refuse(&before_name(no_namespace), "schema.foreign_namespace");
            bench.refuse(&before_name(&format!("<saml:N\u{430}meID>{ADMIN}</saml:N\u{430}meID>")), "schema.element");
            let name = element(&template, "NameID").to_owned();
            bench.refuse(&bench.sign(&replace(&template, &name, no_namespace)), "schema.foreign_namespace");
            let attribute = element(&template, "Attribute").to_owned();
            let foreign = attribute
                .replace("saml:Attribute ", "x:Attribute xmlns:x=\"urn:evil\" ")
                .replace("</saml:Attribute>", "</x:Attribute>");
            bench.refuse(&bench.sign(&before(&template, &attribute, &foreign)), "schema.foreign_namespace");
            let assertion = element(&template, "Assertion").to_owned();
            for namespace in [
                "urn:evil",
                "urn:oasis:names:tc:SAML:1.0:assertion",
                "urn:oasis:names:tc:SAML:2.0:Assertion",
                "urn:oasis:names:tc:SAML:2.0:assertion/",
            ] {
                let unsigned = unsigned(&assertion).replace("_assertion", "_evil");
                let other =
                    unsigned.replacen(&format!("xmlns:saml=\"{SAML}\""), &format!("xmlns:saml=\"{namespace}\""), 1);
                bench.refuse(&bench.sign(&before(&template, &assertion, &other)), "schema.foreign_namespace");
            }
        }
    }
}

/// "The Fragile Lock": an attribute with a prefix is another one, and there are no others where the schema has none.
#[test]
fn xml_057_attributes_with_prefixes() {
    each(&[A], |bench| {
        let xml = bench.xml();
        let on = |name: &str, attributes: &str| {
            let one = element(&xml, name).to_owned();
            let at = one.find(' ').unwrap();
            replace(&xml, &one, &[&one[..at], attributes, &one[at..]].concat())
        };
        let samlp = " xmlns:q=\"urn:oasis:names:tc:SAML:2.0:protocol\"";
        bench.refuse(&on("Response", &format!("{samlp} q:ID=\"_b\"")), "schema.attribute");
        bench.refuse(&on("Response", &format!("{samlp} q:Destination=\"x\"")), "schema.attribute");
        bench.refuse(&on("Response", " xmlns:q=\"urn:x\" q:ID=\"_b\""), "schema.attribute");
        let saml = format!(" xmlns:q=\"{SAML}\"");
        bench.refuse(&on("Assertion", &format!("{saml} q:ID=\"_b\"")), "dsig.digest_mismatch");
        let ds = format!(" xmlns:q=\"{DS}\"");
        bench.refuse(&on("Reference", &format!("{ds} q:URI=\"#_b\"")), "dsig.structure");
        bench.refuse(&on("Transform", &format!("{ds} q:Algorithm=\"x\"")), "dsig.structure");
        bench.refuse(&on("SignatureMethod", &format!("{ds} q:Algorithm=\"x\"")), "dsig.structure");
    });
    let bench = Bench::signing(R);
    let template = bench.response().template();
    let extra = format!(" xmlns:q=\"{SAML}\" q:ID=\"_b\" ID=\"_assertion\"");
    bench.refuse(&bench.sign(&replace(&template, " ID=\"_assertion\"", &extra)), "schema.attribute");
}

/// XML-061: attributes that an inclusive form would take over from the envelope have no place there. XML-018: an address of
/// a schema is no address to anybody here, and what is proven stays what it is.
#[test]
fn xml_018_xml_061_attributes_that_other_processors_obey() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    each(&[A, R, RA], |bench| {
        bench.xml();
        let template = bench.response().template();
        let xsi = "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";
        for location in [format!("schemaLocation=\"urn:x {url}\""), format!("noNamespaceSchemaLocation=\"{url}\"")] {
            for id in ["_response", "_assertion"] {
                let extra = format!(" {xsi} xsi:{location} ID=\"{id}\"");
                bench.accept(&bench.sign(&replace(&template, &format!(" ID=\"{id}\""), &extra)));
            }
        }
        for attribute in
            ["xml:base=\"http://evil.example/\"", "xml:lang=\"de\"", "xml:id=\"_x\"", "xml:space=\"preserve\""]
        {
            for id in ["_response", "_assertion"] {
                let extra = format!(" {attribute} ID=\"{id}\"");
                bench.refuse(&bench.sign(&replace(&template, &format!(" ID=\"{id}\""), &extra)), "schema.attribute");
            }
        }
    });
    assert_eq!(listener.accept().unwrap_err().kind(), std::io::ErrorKind::WouldBlock);
}

#[test]
fn xml_058_near_misses_of_the_signature_s_namespace() {
    each(&[A, R], |bench| {
        let xml = bench.xml();
        let code = if bench.parts == A { "profile.unsigned" } else { "schema.foreign_namespace" };
        for near in [
            "http://www.w3.org/2000/09/xmldsig",
            "http://www.w3.org/2000/09/xmldsig#/",
            "HTTP://www.w3.org/2000/09/xmldsig#",
            "http://www.w3.org/2000/09/xmldsig%23",
            "https://www.w3.org/2000/09/xmldsig#",
            "http://www.w3.org/2009/xmldsig11#",
        ] {
            bench.refuse(&xml.replace(&format!("\"{DS}\""), &format!("\"{near}\"")), code);
        }
        bench.refuse(&xml.replace(&format!("\"{DS}\""), &format!("\"{DS} \"")), "xml.namespace_uri");
    });
}
