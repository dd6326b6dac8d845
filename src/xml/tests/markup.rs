//! Sections A1 to A3: DOCTYPE, references, comments, CDATA, well-formedness.

use super::*;
use crate::error::{Namespace, Xml};

#[test]
fn xml_001_to_010_doctype() {
    let lol: String = (1..10).map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10))).collect();
    let laughs = format!("<!DOCTYPE l [<!ENTITY l0 \"lol\">{lol}]><l>&l9;</l>");
    let blow_up = format!("<!DOCTYPE a [<!ENTITY x \"{}\">]><a>{}</a>", "x".repeat(100_000), "&x;".repeat(1000));
    twins(
        Xml::Doctype,
        &[
            ("<!DOCTYPE r [<!ENTITY x SYSTEM \"file:///canary\">]><r>&x;</r>", "<r>x</r>"),
            ("<!DOCTYPE r SYSTEM \"http://127.0.0.1:1/d.dtd\"><r/>", "<r/>"),
            ("<!DOCTYPE r PUBLIC \"-//X\" \"http://127.0.0.1:1/d.dtd\"><r/>", "<r/>"),
            ("<!DOCTYPE r [<!ENTITY % p SYSTEM \"http://127.0.0.1:1/\"> %p;]><r/>", "<r/>"),
            (&laughs, "<l>lol</l>"),
            (&blow_up, "<a>x</a>"),
            ("<!DOCTYPE a><a/>", "<a/>"),
            ("<!doctype a><a/>", "<a/>"),
            ("<!DocType a><a/>", "<a/>"),
            ("<!DOCTYPE\ta><a/>", "<a/>"),
            ("<!DOCTYPE\na><a/>", "<a/>"),
            ("<!DOCTYPE><a/>", "<a/>"),
            ("<!DOCTYPE a><!DOCTYPE a><a/>", "<a/>"),
            ("<a><!DOCTYPE a></a>", "<a></a>"),
            ("<a/><!DOCTYPE a>", "<a/>"),
            (
                "<?xml version=\"1.0\"?>\n<!DOCTYPE a [<!ENTITY x \">\"><!-- ]]> -->]><a/>",
                "<?xml version=\"1.0\"?>\n<a/>",
            ),
            ("<!DOCTYPE a [<!ATTLIST Signature xmlns CDATA \"http://www.w3.org/2000/09/xmldsig#\">]><a/>", "<a/>"),
            ("<!DOCTYPE a [<!ATTLIST a Foo ID #REQUIRED>]><a Foo=\"_a1\"/>", "<a Foo=\"_a1\"/>"),
            ("<!DOCTYPE a [<!ENTITY i \"_a1\">]><a ID=\"&i;\"/>", "<a ID=\"_a1\"/>"),
            ("<!DOCTYPE response SYSTEM 'x\"><!--'><a/><![CDATA[--><a/><!--]]>-->", "<a/>"),
            ("<!DOCTYPE a [<!NOTATION n SYSTEM \"x'>\">]><a/>", "<a/>"),
            ("<!DOCTYPE a [", "<a/>"),
        ],
    );
    refuses(Profile::Metadata, "<!-- c --><!DOCTYPE a><a/>", Xml::Doctype);
}

#[test]
fn xml_011_undeclared_entities() {
    twins(
        Xml::EntityRef,
        &[
            ("<a>admin&foo;@x</a>", "<a>admin&amp;@x</a>"),
            ("<a>&nbsp;</a>", "<a>&#160;</a>"),
            ("<a>&AMP;</a>", "<a>&amp;</a>"),
            ("<a>&;</a>", "<a>&lt;</a>"),
            ("<a x='&foo;'/>", "<a x='&lt;'/>"),
            ("<a x='&nbsp;'/>", "<a x='&gt;'/>"),
            ("<a x='&AMP;'/>", "<a x='&quot;'/>"),
            ("<a x='&;'/>", "<a x='&apos;'/>"),
        ],
    );
}

#[test]
fn xml_012_013_character_references() {
    let bad = [
        "&#0;",
        "&#1;",
        "&#xB;",
        "&#x1F;",
        "&#xFFFE;",
        "&#xFFFF;",
        "&#xD800;",
        "&#x110000;",
        "&#99999999999;",
        "&#X41;",
        "&#+65;",
        "&#-1;",
        "&# 65;",
        "&#;",
        "&#x;",
        "&#x+41;",
        "&#65x;",
        "&#٣;",
    ];
    for reference in bad {
        twins(
            Xml::CharRef,
            &[
                (&format!("<a>{reference}</a>"), "<a>&#x41;</a>"),
                (&format!("<a x='{reference}'/>"), "<a x='&#x000000000041;'/>"),
            ],
        );
    }
    twins(
        Xml::NotWellFormed,
        &[
            ("<a>&amp</a>", "<a>&amp;</a>"),
            ("<a>a & b</a>", "<a>a &amp; b</a>"),
            ("<a>&</a>", "<a>&amp;</a>"),
            ("<a>&lt&gt;</a>", "<a>&lt;&gt;</a>"),
            ("<a x='&amp'/>", "<a x='&amp;'/>"),
            ("<a x='a & b'/>", "<a x='a &amp; b'/>"),
        ],
    );
    for edge in ["&#9;", "&#xA;", "&#xD;", "&#x20;", "&#xD7FF;", "&#xE000;", "&#xFFFD;", "&#x10000;", "&#x10FFFF;"] {
        twins(Xml::CharRef, &[("<a>&#xB;</a>", &format!("<a x='{edge}'>{edge}</a>"))]);
    }
}

#[test]
fn xml_020_021_comments_in_messages() {
    for text in ["<!---->admin@corp.com", "admin@corp.com<!---->.evil.net", "admin@corp.com<!-- -->", "<b/><!----><b/>"]
    {
        let clean = text.replace("<!---->", "").replace("<!-- -->", "");
        refuses(Profile::Message, format!("<a>{text}</a>"), Xml::Comment);
        let message = accepts(Profile::Message, format!("<a>{clean}</a>"));
        let metadata = accepts(Profile::Metadata, format!("<a>{text}</a>"));
        assert_eq!(shape(metadata.root()), shape(message.root()), "{text}");
    }
    refuses(Profile::Message, "<!-- c --><a/>", Xml::Comment);
    refuses(Profile::Message, "<a/><!-- c -->", Xml::Comment);
    accepts(Profile::Metadata, "<!-- c --><a/><!-- <x> & ]]> -->");
}

#[test]
fn xml_023_malformed_comments() {
    for comment in ["<!-- a -- b -->", "<!-- a --->", "<!--->", "<!-->", "<!-- a", "<!-- <!-- a --> -->", "<!- a -->"] {
        let inside = format!("<a>{comment}</a>");
        refuses(Profile::Metadata, &inside, Xml::NotWellFormed);
        refuses(Profile::Metadata, format!("{comment}<a/>"), Xml::NotWellFormed);
        let reason = parse(Profile::Message, inside).map(|_| ()).unwrap_err().reason();
        assert!(matches!(reason, Reason::Xml(Xml::Comment | Xml::NotWellFormed)), "{comment}: {reason:?}");
    }
    accepts(Profile::Metadata, "<!----><a><!-- a - b --></a>");
}

#[test]
fn xml_019_024_processing_instructions() {
    for text in ["<?xml-stylesheet href='x'?><a/>", "<?x?><a/>", "\n<?x y?>\n<a/>", "<?x <y> & ?? ?><a/>"] {
        refuses(Profile::Message, text, Xml::ProcessingInstruction);
        accepts(Profile::Metadata, text);
    }
    for profile in BOTH {
        refuses(profile, "<a>admin@corp.com<?x y?>.evil.net</a>", Xml::ProcessingInstruction);
        refuses(profile, "<a/><?x y?>", Xml::ProcessingInstruction);
        refuses(profile, "<?xmlfoo?><a/>", Xml::ProcessingInstruction);
        refuses(profile, "<?XML-model x?><a/>", Xml::ProcessingInstruction);
        refuses(profile, "<?oasis-xml-catalog catalog='x'?><a/>", Xml::ProcessingInstruction);
        for malformed in ["<??>", "<? x?>", "<?1 x?>", "<?a:b x?>", "<?a?b?>", "<?x", "<?x>"] {
            refuses(profile, format!("{malformed}<a/>"), Xml::NotWellFormed);
        }
    }
    accepts(Profile::Metadata, format!("<?{}?><a/>", "n".repeat(10_000)));
    for longer in [10_001, 60_000] {
        refuses(Profile::Metadata, format!("<?{}?><a/>", "n".repeat(longer)), Xml::NotWellFormed);
    }
}

#[test]
fn xml_025_026_027_cdata() {
    refuses(Profile::Message, "<a>admin@corp.com<![CDATA[.evil.net]]></a>", Xml::CData);
    refuses(Profile::Message, "<a><![CDATA[]]></a>", Xml::CData);
    let value = accepts(Profile::Metadata, "<a>admin@corp.com<![CDATA[.evil.net&amp;<b>]]]]>&gt;<![CDATA[]]></a>");
    assert_eq!(value.root().text_content().unwrap(), "admin@corp.com.evil.net&amp;<b>]]>");
    assert_eq!(value.root().children().count(), 1);
    assert_eq!(accepts(Profile::Metadata, "<a><![CDATA[]]></a>").root().children().count(), 0);
    twins(
        Xml::NotWellFormed,
        &[
            ("<a>]]></a>", "<a>]]&gt;</a>"),
            ("<a>x]]>y</a>", "<a>x]] >y</a>"),
            ("<a><![CDATA[x</a>", "<a>x</a>"),
            ("<a><![cdata[x]]></a>", "<a>x</a>"),
            ("<![CDATA[x]]><a/>", "<a/>"),
        ],
    );
    twins(Xml::TrailingContent, &[("<a/><![CDATA[<b/>]]>", "<a/>"), ("<a/>\n<![CDATA[]]>", "<a/>\n")]);
}

#[test]
fn xml_030_several_roots() {
    twins(Xml::MultipleRoots, &[("<a/><a/>", "<a/>"), ("<a></a>\n<b/>", "<a></a>\n"), ("<a/><b>", "<a/> ")]);
}

#[test]
fn xml_031_trailing_content() {
    twins(
        Xml::TrailingContent,
        &[
            ("<a/>x", "<a/>"),
            ("<a/>&#32;", "<a/> "),
            ("<a/>\u{feff}", "<a/>\t\r\n"),
            ("<a/></x>", "<a/>\n"),
            ("<a></a></a>", "<a></a>"),
            ("<a/>]", "<a/>"),
        ],
    );
    twins(Xml::InvalidChar, &[("<a/>\0", "<a/>")]);
}

#[test]
fn xml_032_033_leading_content_and_no_element() {
    twins(
        Xml::NotWellFormed,
        &[
            ("x<a/>", "<a/>"),
            ("&#32;<a/>", " <a/>"),
            ("\u{feff}\u{feff}<a/>", "\u{feff}<a/>"),
            ("<?xml version=\"1.0\"?>\u{feff}<a/>", "<?xml version=\"1.0\"?> <a/>"),
            ("<?xml version=\"1.0\"?>\u{feff} <a/>", "<?xml version=\"1.0\"?>\n<a/>"),
            ("", "<a/>"),
            (" \n", " \n<a/>"),
            ("foo", "<foo/>"),
            ("\u{feff}", "\u{feff}<a/>"),
            ("<?xml version=\"1.0\"?>", "<?xml version=\"1.0\"?><a/>"),
            ("</a>", "<a></a>"),
        ],
    );
    twins(Xml::InvalidChar, &[("\0\0<a/>", "<a/>")]);
    refuses(Profile::Metadata, "<!-- c -->", Xml::NotWellFormed);
}

#[test]
fn xml_034_truncated_anywhere() {
    let octets = RESPONSE.trim_end().as_bytes();
    for profile in BOTH {
        accepts(profile, octets);
        for end in 0..octets.len() {
            let reason = parse(profile, &octets[..end]).map(|_| ()).unwrap_err().reason();
            let expected = Reason::Xml(match end {
                6..38 => Xml::XmlDecl,
                _ if str::from_utf8(&octets[..end]).is_err() => Xml::Encoding,
                _ => Xml::NotWellFormed,
            });
            assert_eq!(reason, expected, "cut at {end}");
        }
    }
}

#[test]
fn xml_035_036_end_tags() {
    twins(
        Xml::NotWellFormed,
        &[
            ("<a></b>", "<a></a>"),
            ("<a><b></a></b>", "<a><b></b></a>"),
            ("<a></A>", "<a></a>"),
            ("<a></a b='1'>", "<a></a>"),
            ("<a></ a>", "<a></a >"),
            ("<a></a/>", "<a></a\n>"),
            ("<a></>", "<a></a\t\r\n >"),
            ("<a></a\u{a0}>", "<a></a>"),
            ("<a><b></a>", "<a><b/></a>"),
            ("<a>", "<a/>"),
            ("<p:a xmlns:p='urn:x' xmlns:q='urn:x'></q:a>", "<p:a xmlns:p='urn:x' xmlns:q='urn:x'></p:a>"),
            ("<p:a xmlns:p='urn:x'></a>", "<p:a xmlns:p='urn:x'></p:a>"),
        ],
    );
}

#[test]
fn xml_037_038_xml_declaration() {
    let good = "<?xml version='1.0' encoding='utf-8' standalone='yes' ?><a/>";
    let bad = [
        "<?xml version='1.0'?><?xml version='1.0'?><a/>",
        "<a/><?xml version='1.0'?>",
        "<a><?xml version='1.0'?></a>",
        " <?xml version='1.0'?><a/>",
        "<?xml encoding='UTF-8' version='1.0'?><a/>",
        "<?xml version='1.0' standalone='yes' encoding='UTF-8'?><a/>",
        "<?xml version='1.0' standalone='maybe'?><a/>",
        "<?xml encoding='UTF-8'?><a/>",
        "<?xml?><a/>",
        "<?xml ?><a/>",
        "<?XmL version='1.0'?><a/>",
        "<?XmL ?><a/>",
        "<?xml version='1.1'?><a/>",
        "<?xml version='1.7'?><a/>",
        "<?xml version='2.0'?><a/>",
        "<?xml version='1.00'?><a/>",
        "<?xml version=1.0?><a/>",
        "<?xml version='1.&#48;'?><a/>",
        "<?xml version='1.0'encoding='UTF-8'?><a/>",
        "<?xml version='1.0' version='1.0'?><a/>",
        "<?xml version='1.0' encoding=''?><a/>",
        "<?xml version='1.0' encoding='UTF 8'?><a/>",
        "<?xml version='1.0' encoding='8'?><a/>",
        "<?xml version='1.0' foo='x'?><a/>",
        "<?xml version='1.0' encoding='UTF-8' standalone='no' foo='x'?><a/>",
        "<?xml version='1.0' ??><a/>",
        "<?xml version='1.0'><a/>",
    ];
    for text in bad {
        twins(Xml::XmlDecl, &[(text, good)]);
    }
    for text in
        ["<?xml version=\"1.0\"?><a/>", "<?xml\tversion = '1.0'\n?><a/>", "<?xml version='1.0' standalone='no'?>\n<a/>"]
    {
        twins(Xml::XmlDecl, &[(bad[0], text)]);
    }
}

#[test]
fn xml_041_directives() {
    twins(
        Xml::NotWellFormed,
        &[
            ("<a><!x \"...\" <!-- -->></a>", "<a></a>"),
            ("<a><!></a>", "<a>!</a>"),
            ("<a><!ELEMENT a ANY></a>", "<a/>"),
            ("<a><![IGNORE[x]]></a>", "<a/>"),
        ],
    );
}

#[test]
fn xml_042_attribute_syntax() {
    twins(
        Xml::NotWellFormed,
        &[
            ("<a x='<'/>", "<a x='&lt;'/>"),
            ("<a x='&'/>", "<a x='&amp;'/>"),
            ("<a x='&&'/>", "<a x='&amp;&amp;'/>"),
            ("<a x='1'y='2'/>", "<a x='1' y='2'/>"),
            ("<a x=1/>", "<a x='1'/>"),
            ("<a x/>", "<a x=''/>"),
            ("<a x=/>", "<a x = ''/>"),
            ("<a x='1/>", "<a x='1'/>"),
            ("<a x=1'/>", "<a x='1'/>"),
            ("<a x==''/>", "<a x=\n''/>"),
            ("<a x=\u{a0}''/>", "<a x= ''/>"),
        ],
    );
    twins(
        Namespace::Name,
        &[
            ("<a ='1'/>", "<a x='1'/>"),
            ("<a x y='1'/>", "<a x='' y='1'/>"),
            ("<a/ >", "<a />"),
            ("<a x='1' /y='2'/>", "<a x='1' y='2'/>"),
        ],
    );
    twins(Xml::NotWellFormed, &[("<a x='1' / >", "<a x='1' />")]);
    let both_quotes = accepts(Profile::Message, "<a x='\"' y=\"'>/>\"/>");
    assert_eq!(shape(both_quotes.root()), r#"a[x="\""][y="'>/>"]()"#);
}

#[test]
fn xml_047_empty_element_forms_are_equal() {
    for (short, long) in
        [("<a/>", "<a></a>"), ("<a b='1' />", "<a b='1'></a >"), ("<a><b/> <b/></a>", "<a><b></b> <b></b></a>")]
    {
        for profile in BOTH {
            assert_eq!(shape(accepts(profile, short).root()), shape(accepts(profile, long).root()));
        }
    }
    let kept = accepts(Profile::Message, "<a> <b> </b>\n</a>");
    assert_eq!(shape(kept.root()), r#"a(" " b(" ") "\n")"#);
}

/// Found by fuzzing: what stood behind a broken end tag was in the report.
#[test]
fn reports_of_broken_tags_show_no_text() {
    for text in ["<a><b></b x<c>alice@example.com</c></a>", "<a></b x='alice@example.com'></a>"] {
        let rejection = refuses(Profile::Message, text, Reason::from(Xml::NotWellFormed));
        let report = format!("{rejection:?} {}", rejection.report());
        assert!(report.contains("</b") && !report.contains("alice"), "{report}");
    }
    accepts(Profile::Message, "<a><b></b><c>alice@example.com</c></a>");
}
