//! What is canonical as it stands is copied; everything that only looks so is not.

use super::*;

#[test]
fn what_is_not_spelled_canonically_is_written_anew() {
    let cases = [
        // As it stands.
        (
            r#"<p:a xmlns:p="urn:p" b="1" c="'>"><d>t</d> </p:a>"#,
            r#"<p:a xmlns:p="urn:p" b="1" c="'>"><d>t</d> </p:a>"#,
        ),
        // Spelled otherwise.
        ("<a b='1'></a>", r#"<a b="1"></a>"#),
        ("<a b='\"'></a>", r#"<a b="&quot;"></a>"#),
        ("<a  b=\"1\"></a>", r#"<a b="1"></a>"#),
        ("<a\tb=\"1\"></a>", r#"<a b="1"></a>"#),
        ("<a b =\"1\"></a>", r#"<a b="1"></a>"#),
        ("<a b= \"1\"></a>", r#"<a b="1"></a>"#),
        ("<a b=\"1\" ></a>", r#"<a b="1"></a>"#),
        ("<a ></a >", "<a></a>"),
        ("<a></a\n>", "<a></a>"),
        ("<a/>", "<a></a>"),
        ("<a b=\"1\"/>", r#"<a b="1"></a>"#),
        ("<a b=\"&#49;\"></a>", r#"<a b="1"></a>"#),
        ("<a b=\"\t\"></a>", r#"<a b=" "></a>"#),
        // Out of order.
        (r#"<a c="1" b="2"></a>"#, r#"<a b="2" c="1"></a>"#),
        (r#"<a b="1" xmlns="urn:a"></a>"#, r#"<a xmlns="urn:a" b="1"></a>"#),
        (
            r#"<a xmlns:q="urn:q" xmlns:p="urn:p" p:b="" q:c=""></a>"#,
            r#"<a xmlns:p="urn:p" xmlns:q="urn:q" p:b="" q:c=""></a>"#,
        ),
        (
            r#"<a xmlns:p="urn:q" xmlns:q="urn:p" p:b="" q:c=""></a>"#,
            r#"<a xmlns:p="urn:q" xmlns:q="urn:p" q:c="" p:b=""></a>"#,
        ),
        // Declared for nothing, again, or what needs no declaration.
        (r#"<a xmlns:p="urn:p"></a>"#, "<a></a>"),
        (r#"<a xmlns=""></a>"#, "<a></a>"),
        (r#"<a xmlns="urn:a"><b xmlns="urn:a"></b></a>"#, r#"<a xmlns="urn:a"><b></b></a>"#),
        (r#"<a xmlns:xml="http://www.w3.org/XML/1998/namespace" xml:lang="en"></a>"#, r#"<a xml:lang="en"></a>"#),
        (r#"<a xmlns:xml="http://www.w3.org/XML/1998/namespace"></a>"#, "<a></a>"),
        // Text that is not as it stands, or not next to what stands beside it.
        ("<a>></a>", "<a>&gt;</a>"),
        ("<a>x&amp;y</a>", "<a>x&amp;y</a>"),
        ("<a>&#x78;</a>", "<a>x</a>"),
        ("<a>x<!-- - -->y</a>", "<a>xy</a>"),
        ("<a><!-- - --></a>", "<a></a>"),
        ("<a><![CDATA[x]]></a>", "<a>x</a>"),
        ("<a><![CDATA[<]]>x</a>", "<a>&lt;x</a>"),
        ("<a>x\r\ny</a>", "<a>x\ny</a>"),
    ];
    for (xml, expected) in cases {
        let document = parse(xml);
        let octets = canonical(document.root(), None, &Method::exclusive());
        assert_eq!(String::from_utf8(octets).unwrap(), expected, "{xml}");
    }
}

#[test]
fn an_apex_declares_what_its_ancestors_declared_and_what_is_left_out_leaves_no_gap() {
    let document = parse(r#"<a xmlns:p="urn:p" x="1"><p:b><c>1</c><d>2</d><e>3</e></p:b></a>"#);
    let apex = document.root().elements().next().unwrap();
    let omit = apex.elements().nth(1);
    let octets = canonical(apex, omit, &Method::exclusive());
    assert_eq!(String::from_utf8(octets).unwrap(), r#"<p:b xmlns:p="urn:p"><c>1</c><e>3</e></p:b>"#);
}

/// Elements that are canonical to their last descendant are copied whole; one thing in them that is not, and they are not.
#[test]
fn what_stands_in_an_element_is_looked_at_before_it_is_copied() {
    let cases = [
        // As it stands.
        (r#"<p:a> <p:b c="1" d="'>">t</p:b></p:a>"#, r#"<p:a> <p:b c="1" d="'>">t</p:b></p:a>"#),
        (r#"<p:a><p:b xml:lang="en"></p:b></p:a>"#, r#"<p:a><p:b xml:lang="en"></p:b></p:a>"#),
        (r#"<a><b></b></a>"#, r#"<a><b></b></a>"#),
        (r#"<p:a><p:b xmlns:p="urn:q"></p:b></p:a>"#, r#"<p:a><p:b xmlns:p="urn:q"></p:b></p:a>"#),
        (r#"<a xmlns="urn:a"><b xmlns=""></b></a>"#, r#"<a xmlns="urn:a"><b xmlns=""></b></a>"#),
        // Spelled otherwise, deep inside.
        ("<p:a><p:b/></p:a>", "<p:a><p:b></p:b></p:a>"),
        ("<p:a><p:b></p:b ></p:a>", "<p:a><p:b></p:b></p:a>"),
        ("<p:a><p:b ></p:b></p:a>", "<p:a><p:b></p:b></p:a>"),
        ("<p:a><p:b c='1'></p:b></p:a>", r#"<p:a><p:b c="1"></p:b></p:a>"#),
        (r#"<p:a><p:b d="1" c="2"></p:b></p:a>"#, r#"<p:a><p:b c="2" d="1"></p:b></p:a>"#),
        ("<p:a><p:b>></p:b></p:a>", "<p:a><p:b>&gt;</p:b></p:a>"),
        ("<p:a>x<p:b></p:b>></p:a>", "<p:a>x<p:b></p:b>&gt;</p:a>"),
        ("<p:a><p:b>&#x78;</p:b></p:a>", "<p:a><p:b>x</p:b></p:a>"),
        ("<p:a><p:b>&#13;</p:b></p:a>", "<p:a><p:b>&#xD;</p:b></p:a>"),
        ("<p:a><p:b><![CDATA[x]]></p:b></p:a>", "<p:a><p:b>x</p:b></p:a>"),
        ("<p:a><p:b><!-- - --></p:b></p:a>", "<p:a><p:b></p:b></p:a>"),
        ("<p:a><p:b></p:b><!-- - --></p:a>", "<p:a><p:b></p:b></p:a>"),
        // Declared outside of what is written.
        ("<q:a><q:b></q:b></q:a>", r#"<q:a xmlns:q="urn:q"><q:b></q:b></q:a>"#),
        ("<p:a><q:b></q:b></p:a>", r#"<p:a><q:b xmlns:q="urn:q"></q:b></p:a>"#),
        ("<p:a><s:b></s:b></p:a>", r#"<p:a><s:b xmlns:s="urn:p"></s:b></p:a>"#),
        (r#"<p:a><p:b q:c="1"></p:b></p:a>"#, r#"<p:a><p:b xmlns:q="urn:q" q:c="1"></p:b></p:a>"#),
        // Declared for nothing.
        (r#"<p:a><p:b xmlns:t="urn:t"></p:b></p:a>"#, "<p:a><p:b></p:b></p:a>"),
        (r#"<p:a><p:b xmlns:p="urn:p"></p:b></p:a>"#, "<p:a><p:b></p:b></p:a>"),
    ];
    for (inside, expected) in cases {
        let document = parse(format!(r#"<p:r xmlns:p="urn:p" xmlns:q="urn:q" xmlns:s="urn:p">{inside}</p:r>"#));
        let octets = canonical(document.root(), None, &Method::exclusive());
        let expected = format!(r#"<p:r xmlns:p="urn:p">{expected}</p:r>"#);
        assert_eq!(String::from_utf8(octets).unwrap(), expected, "{inside}");
    }
}

#[test]
fn what_is_left_out_is_not_copied_and_an_apex_declares_what_it_stands_for() {
    let document = parse(r#"<p:r xmlns:p="urn:p" xmlns:q="urn:q"><p:a><p:b>1</p:b><p:c>2</p:c></p:a></p:r>"#);
    let inside = document.root().elements().next().unwrap();
    let left_out = inside.elements().next();
    let shown = |apex, omit, rule| {
        String::from_utf8(canonical(apex, omit, &Method { rule, inclusive_prefixes: Vec::new() })).unwrap()
    };
    assert_eq!(
        shown(document.root(), left_out, Rule::Exclusive),
        r#"<p:r xmlns:p="urn:p"><p:a><p:c>2</p:c></p:a></p:r>"#
    );
    assert_eq!(
        shown(document.root(), None, Rule::Exclusive),
        r#"<p:r xmlns:p="urn:p"><p:a><p:b>1</p:b><p:c>2</p:c></p:a></p:r>"#
    );
    assert_eq!(shown(inside, None, Rule::Exclusive), r#"<p:a xmlns:p="urn:p"><p:b>1</p:b><p:c>2</p:c></p:a>"#);
    for rule in [Rule::Inclusive10, Rule::Inclusive11] {
        let expected = r#"<p:a xmlns:p="urn:p" xmlns:q="urn:q"><p:b>1</p:b><p:c>2</p:c></p:a>"#;
        assert_eq!(shown(inside, None, rule), expected, "{rule:?}");
    }
}
