//! Sections A3 and A4: names, attributes, namespaces.

use super::*;
use crate::error::{Limit, Namespace, Xml};

#[test]
fn xml_039_046_illegal_names_and_separators() {
    let bad = [
        "<1a/>",
        "<-a/>",
        "<.a/>",
        "<a$b/>",
        "<a\"b\"/>",
        "<>",
        "<a<b>",
        "<a\u{a0}b='1'/>",
        "<a\u{85}/>",
        "<a\u{2028}/>",
        "<\u{b7}a/>",
        "<\u{300}a/>",
        "<\u{d7}/>",
        "<\u{37e}/>",
        "<\u{fdd0}/>",
        "<\u{f0000}/>",
        "<a 1x='1'/>",
        "<a \u{203f}='1'/>",
        "<a b\u{a0}='1'/>",
        "<a><</a>",
    ];
    for text in bad {
        twins(Namespace::Name, &[(text, "<a/>")]);
    }
    twins(Xml::NotWellFormed, &[("< a/>", "<a/>")]);
    for name in
        ["_", "a-b.c_d1", "é", "Α", "a\u{b7}", "a\u{300}", "\u{37f}", "\u{3001}", "\u{10000}", "\u{effff}", "xmlfoo"]
    {
        twins(Namespace::Name, &[("<1/>", &format!("<{name} {name}='1'/>"))]);
    }
}

#[test]
fn xml_040_colon_abuse() {
    let bound = "xmlns:x='urn:x'";
    for name in ["x::a", ":a", "a:", ":", "x:a:b", "x:1a", "x:-a", "1:a", "x: a", "1:é", "é:1", "é:"] {
        twins(
            Namespace::Name,
            &[
                (&format!("<{name} {bound}/>"), &format!("<x:a {bound}/>")),
                (&format!("<a {bound} {name}='1'/>"), &format!("<a {bound} x:a='1'/>")),
            ],
        );
    }
    twins(
        Namespace::Name,
        &[
            ("<a xmlns:='urn:x'/>", "<a xmlns='urn:x'/>"),
            ("<a xmlns:x:y='urn:x'/>", "<a xmlns:x='urn:x'/>"),
            ("<a xmlns:1='urn:x'/>", "<a xmlns:_1='urn:x'/>"),
            ("<a xmlns::x='urn:x'/>", "<a xmlns:x='urn:x'/>"),
        ],
    );
}

#[test]
fn xml_043_044_045_duplicate_attributes() {
    twins(
        Namespace::DuplicateAttribute,
        &[
            ("<a ID='1' ID='2'/>", "<a ID='1' Id='2'/>"),
            ("<a b='1' c='' b='1'/>", "<a b='1' c=''/>"),
            (
                "<a xmlns:p='urn:x' xmlns:q='urn:x' p:b='1' q:b='2'/>",
                "<a xmlns:p='urn:x' xmlns:q='urn:y' p:b='1' q:b='2'/>",
            ),
            (
                "<a p:b='1' q:b='2' xmlns:p='urn:x' xmlns:q='urn:&#120;'/>",
                "<a p:b='1' b='2' xmlns:p='urn:x' xmlns='urn:x'/>",
            ),
            ("<a xmlns:p='urn:x' xmlns:p='urn:y'/>", "<a xmlns:p='urn:x' xmlns:P='urn:y'/>"),
            ("<a xmlns:p='urn:x' xmlns:p='urn:x'/>", "<a xmlns:p='urn:x'/>"),
            ("<a xmlns='urn:x' xmlns='urn:y'/>", "<a xmlns='urn:x'><b xmlns='urn:y'/></a>"),
            (
                "<a xmlns:xml='http://www.w3.org/XML/1998/namespace' xmlns:xml='http://www.w3.org/XML/1998/namespace'/>",
                "<a xmlns:xml='http://www.w3.org/XML/1998/namespace'/>",
            ),
            ("<a xml:lang='a' xml:lang='b'/>", "<a xml:lang='a' lang='b'/>"),
        ],
    );
}

#[test]
fn xml_050_unbound_prefix() {
    twins(
        Namespace::UnboundPrefix,
        &[
            ("<zz:a/>", "<zz:a xmlns:zz='urn:x'/>"),
            ("<a zz:ID='1'/>", "<a ID='1'/>"),
            ("<a><b xmlns:p='urn:x'/><p:c/></a>", "<a xmlns:p='urn:x'><b/><p:c/></a>"),
            ("<a><b xmlns:p='urn:x'></b><c p:d=''/></a>", "<a><b xmlns:p='urn:x'><c p:d=''/></b></a>"),
            ("<XML:a/>", "<xml:a/>"),
        ],
    );
}

#[test]
fn xml_051_prefix_undeclaration() {
    twins(
        Namespace::PrefixUndeclared,
        &[("<a xmlns:p='urn:x'><b xmlns:p=''/></a>", "<a xmlns='urn:x'><b xmlns=''/></a>")],
    );
}

#[test]
fn xml_052_default_undeclared_is_no_namespace() {
    let document = accepts(Profile::Message, "<a xmlns='urn:x' b='1'><c xmlns=''><d/></c><e/></a>");
    assert_eq!(shape(document.root()), r#"{urn:x}a[b="1"](c(d()) {urn:x}e())"#);
}

#[test]
fn xml_053_reserved_prefixes() {
    const XML: &str = "http://www.w3.org/XML/1998/namespace";
    let xmlns = "http://www.w3.org/2000/xmlns/";
    for defect in [
        "<a xmlns:xml='urn:x'/>".to_owned(),
        "<a xmlns:xml=''/>".to_owned(),
        format!("<a xmlns:p='{XML}'/>"),
        format!("<a xmlns='{XML}'/>"),
        format!("<a xmlns='{xmlns}'/>"),
        format!("<a xmlns:p='{xmlns}'/>"),
        format!("<a xmlns:xmlns='{xmlns}'/>"),
        "<a xmlns:xmlns='urn:x'/>".to_owned(),
        "<a xmlns:xmlns=''/>".to_owned(),
        "<xmlns:a/>".to_owned(),
    ] {
        twins(Namespace::ReservedPrefix, &[(&defect, &format!("<a xmlns:xml='{XML}' xml:lang='de'/>"))]);
    }
}

const NO_URIS: &[&str] = &[
    "1",
    "http://example.com\u{80}",
    "a b",
    "#x",
    "../x",
    "x",
    "//h/x",
    "urn:é",
    "urn:%4",
    "urn:%zz",
    "urn:a#b#c",
    "1a:b",
    ":b",
    "urn:a[b]",
    "urn:a\\b",
    "urn:{a}",
    "urn:|",
    "urn: x",
    "urn:x ",
    " urn:x",
    "urn:&#9;",
    "urn:&lt;",
    "http://",
    "http:///x",
    "http://h:/",
    "http://h:x/",
    "http://h:123456/",
    "http://a@b@c/",
    "http://[::1]/",
    "http://1.2.3.4.5/",
    "http://1.2.3.256/",
    "http://1.2.3.4x/",
    "http://:80/",
    // libxml2 reads this as urn:a&#38;b
    "urn:a&amp;b",
];

const URIS: &[&str] = &[
    "urn:x",
    "http://a/",
    "HTTP://A",
    "http://a.b:80/c?d?e#f",
    "http://u:p@h:1/",
    "http://1.2.3.4/",
    "http://1.2.3.4:8/",
    "http://1.2.3/",
    "http://1.1.1.example/",
    "http://a.b.c.1d/",
    "mailto:x@y",
    "a+b-c.d:e",
    "urn:%41",
    "urn:",
    "tag:a,2020:b;c=d!e$(f)*g",
    "http://h",
    "urn:&#x78;",
    "http://www.w3.org/2000/09/xmldsig#",
];

#[test]
fn xml_054_namespace_names_are_absolute_uris() {
    for uri in NO_URIS {
        twins(
            Namespace::NamespaceUri,
            &[
                (&format!("<a xmlns='{uri}'/>"), "<a xmlns=''/>"),
                (&format!("<p:a xmlns:p='{uri}'/>"), "<p:a xmlns:p='urn:x'/>"),
            ],
        );
    }
    for uri in URIS {
        twins(Namespace::NamespaceUri, &[("<a xmlns='x'/>", &format!("<p:a xmlns='{uri}' xmlns:p=\"{uri}\"/>"))]);
    }
}

#[test]
fn xml_055_056_names_are_compared_expanded() {
    let text = "<s:a xmlns:s='urn:saml'><x:NameID xmlns:x='urn:evil'/><s:NameID xmlns:s='urn:evil'/><NameID/><y:NameID xmlns:y='urn:saml'/></s:a>";
    let document = accepts(Profile::Message, text);
    let found: Vec<_> = document.root().elements().map(|node| node.is("urn:saml", "NameID")).collect();
    assert_eq!(found, [false, false, false, true]);
}

#[test]
fn xml_057_prefixed_attributes_are_other_attributes() {
    let document = accepts(Profile::Message, "<p:a xmlns:p='urn:x' xmlns='urn:x' p:ID='b' ID='a'/>");
    let root = document.root();
    assert_eq!(root.attribute("ID"), Some("a"));
    assert_eq!(root.attribute_ns("urn:x", "ID"), Some("b"));
    assert_eq!(root.attribute_ns("", "ID"), Some("a"));
    assert_eq!(accepts(Profile::Message, "<p:a xmlns:p='urn:x' p:ID='b'/>").root().attribute("ID"), None);
}

#[test]
fn xml_058_059_near_misses_are_other_namespaces() {
    let document = accepts(Profile::Message, "<a xmlns='http://www.w3.org/2000/09/xmldsig'/>");
    assert!(!document.root().is("http://www.w3.org/2000/09/xmldsig#", "a"));
    let document = accepts(Profile::Message, "<a xmlns='URN:x'/>");
    assert!(!document.root().is("urn:x", "a"));
    let document = accepts(Profile::Message, "<Αssertion/>");
    assert!(!document.root().is("", "Assertion"));
}

#[test]
fn xml_060_declarations_hold_for_the_whole_tag() {
    let before = accepts(Profile::Message, "<p:a xmlns:p='urn:x' xmlns:q='urn:y' q:b='1' c='2'/>");
    let after = accepts(Profile::Message, "<p:a q:b='1' c='2' xmlns:q='urn:y' xmlns:p='urn:x'/>");
    assert_eq!(shape(before.root()), shape(after.root()));
}

#[test]
fn xml_061_xml_attributes() {
    twins(
        Xml::NotWellFormed,
        &[
            ("<a xml:id='1x'/>", "<a xml:id='x1'/>"),
            ("<a xml:id=''/>", "<a xml:id='_'/>"),
            ("<a xml:id='a b'/>", "<a xml:id='a.b'/>"),
            ("<a xml:id=' a'/>", "<a xml:id='a'/>"),
            ("<a xml:id='😀'/>", "<a xml:id='&#97;'/>"),
            ("<a xml:space='x'/>", "<a xml:space='default'/>"),
            ("<a xml:space=' preserve'/>", "<a xml:space='pres&#101;rve'/>"),
        ],
    );
    let document = accepts(Profile::Message, "<a xml:lang='de' xml:base='x' xml:foo=''/>");
    assert!(document.root().attributes().all(|attribute| attribute.namespace() == crate::xml::XML_NAMESPACE));
}

#[test]
fn xml_087_long_names() {
    let name = |length: usize| "n".repeat(length);
    for (defect, twin) in [
        (format!("<{}/>", name(10_001)), format!("<{}/>", name(10_000))),
        (format!("<{}/>", name(1_000_000)), "<n/>".to_owned()),
        (format!("<a {}='1'/>", name(10_001)), format!("<a {}='1'/>", name(10_000))),
        (format!("<a xmlns:{}='urn:x'/>", name(10_000)), format!("<a xmlns:{}='urn:x'/>", name(9_000))),
    ] {
        twins(Limit::Size, &[(&defect, &twin)]);
    }
}
