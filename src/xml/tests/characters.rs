//! Section A5, and the rows of A1 on how text comes out.

use super::*;
use crate::error::Xml;

/// Text that is spelled in any way comes out whole (the reference-split twin of CVE-2017-11427).
#[test]
fn xml_014_reference_spelled_values_are_whole() {
    let plain = "user@example.com.evil.net";
    for spelled in [
        "user@example.com&#46;evil.net",
        "user@example.com&#x2e;evil&#x2E;net",
        "&#117;ser@example.com.evil.ne&#116;",
        "user&#64;&#101;&#x78;ample.com.evil.net",
    ] {
        for profile in BOTH {
            let document = accepts(profile, format!("<a ID='{spelled}' b=\"{spelled}\">{spelled}</a>"));
            let root = document.root();
            assert_eq!(root.text_content().unwrap(), plain);
            assert_eq!((root.attribute("ID"), root.attribute("b")), (Some(plain), Some(plain)));
            assert_eq!(root.children().count(), 1, "one run");
        }
    }
    let split = "<a>user@example.com<!-- c -->.evil<![CDATA[.]]>&#110;<!----><![CDATA[e]]>t</a>";
    let document = accepts(Profile::Metadata, split);
    assert_eq!(document.root().text_content().unwrap(), plain);
    assert_eq!(document.root().children().count(), 1);
}

#[test]
fn xml_015_016_references_are_decoded_once() {
    for (spelled, value) in [
        ("a&amp;b&lt;c@x", "a&b<c@x"),
        ("&quot;&apos;&gt;", "\"'>"),
        ("&amp;lt;", "&lt;"),
        ("&amp;#60;admin&amp;#62;", "&#60;admin&#62;"),
        ("&#38;lt;", "&lt;"),
        ("&#x26;#60;", "&#60;"),
        ("&amp;amp;amp;", "&amp;amp;"),
    ] {
        let document = accepts(Profile::Message, format!("<a b='{spelled}'>{spelled}</a>"));
        assert_eq!(document.root().text_content().unwrap(), value);
        assert_eq!(document.root().attribute("b"), Some(value));
    }
}

#[test]
fn xml_070_071_encodings() {
    let wide = |encode: fn(u16) -> [u8; 2]| "<a>x</a>".encode_utf16().flat_map(encode).collect::<Vec<u8>>();
    let (little, big) = (wide(u16::to_le_bytes), wide(u16::to_be_bytes));
    let marked = |mark: &[u8], octets: &[u8]| [mark, octets].concat();
    let utf32 = |encode: fn(u32) -> [u8; 4]| "<a/>".chars().flat_map(|c| encode(c as u32)).collect::<Vec<u8>>();
    let ebcdic = b"\x4c\x6f\xa7\x94\x93".to_vec();
    for profile in BOTH {
        for octets in [
            marked(b"\xff\xfe", &little),
            marked(b"\xfe\xff", &big),
            little.clone(),
            big.clone(),
            ebcdic.clone(),
            utf32(u32::to_le_bytes),
            utf32(u32::to_be_bytes),
        ] {
            refuses(profile, octets, Xml::Encoding);
        }
        for name in
            ["UTF-16", "UTF-7", "ISO-8859-1", "windows-1252", "cp037", "x-unknown", "US-ASCII", "UTF8", "UTF-8-SIG"]
        {
            refuses(profile, format!("<?xml version='1.0' encoding='{name}'?><a>+ADw-</a>"), Xml::Encoding);
        }
        for name in ["UTF-8", "utf-8", "Utf-8"] {
            accepts(profile, format!("<?xml version='1.0' encoding='{name}'?><a/>"));
        }
        refuses(profile, b"<?xml version='1.0' encoding='ISO-8859-1'?><a>\xe9</a>", Xml::Encoding);
    }
}

#[test]
fn xml_072_byte_order_marks() {
    for profile in BOTH {
        accepts(profile, "\u{feff}<a/>");
        accepts(profile, "\u{feff}<?xml version='1.0'?><a/>");
        assert_eq!(accepts(profile, "<a>\u{feff}</a>").root().text_content().unwrap(), "\u{feff}");
        refuses(profile, "\u{feff}\u{feff}<a/>", Xml::NotWellFormed);
        refuses(profile, "\n\u{feff}<a/>", Xml::NotWellFormed);
        refuses(profile, "<a/>\u{feff}", Xml::TrailingContent);
    }
}

#[test]
fn xml_073_invalid_utf8() {
    let bad: [&[u8]; 8] = [
        b"\xc0\xbc",
        b"\xe0\x80\xbc",
        b"\xed\xa0\x80",
        b"\xed\xa0\x80\xed\xb0\x80",
        b"\xf8\x88\x80\x80\x80",
        b"\xff",
        b"\xe2\x82",
        b"\xf4\x90\x80\x80",
    ];
    for octets in bad {
        for (before, after) in [("<a>x", "</a>"), ("<a b='", "'/>"), ("<a", "/>"), ("<a/>", "")] {
            for profile in BOTH {
                refuses(profile, [before.as_bytes(), octets, after.as_bytes()].concat(), Xml::Encoding);
                accepts(profile, [before, after].concat());
            }
        }
    }
}

#[test]
fn xml_074_control_and_non_characters() {
    for c in ['\0', '\u{1}', '\u{8}', '\u{b}', '\u{c}', '\u{e}', '\u{1f}', '\u{fffe}', '\u{ffff}'] {
        twins(
            Xml::InvalidChar,
            &[
                (&format!("<a>admin@x{c}.evil</a>"), "<a>admin@x\t.evil</a>"),
                (&format!("<a b='{c}'/>"), "<a b='\u{7f}\u{85}'/>"),
                (&format!("<a{c}/>"), "<a\n/>"),
                (&format!("{c}<a/>"), "\r<a/>"),
                (&format!("<a>{}{c}</a>", "x".repeat(100)), "<a>\u{fffd}\u{fdd0}\u{feff}\u{1fffe}</a>"),
            ],
        );
    }
    refuses(Profile::Metadata, "<!-- \u{1} --><a/>", Xml::InvalidChar);
    refuses(Profile::Metadata, "<a><![CDATA[\u{ffff}]]></a>", Xml::InvalidChar);
    let place = refuses(Profile::Message, "<a>\r\n <b>é\u{1}</b></a>", Xml::InvalidChar);
    assert_eq!(place.place().map(|place| (place.line(), place.column())), Some((2, 6)));
}

#[test]
fn xml_075_line_ends() {
    for profile in BOTH {
        let document = accepts(profile, "<a>1\r\n2\r3\n4\r\r\n5&#13;6&#xD;&#10;7</a>\r\n");
        assert_eq!(document.root().text_content().unwrap(), "1\n2\n3\n4\n\n5\r6\r\n7");
    }
    let document = accepts(Profile::Metadata, "<a><![CDATA[\r\n\r]]></a>");
    assert_eq!(document.root().text_content().unwrap(), "\n\n");
}

#[test]
fn xml_076_attribute_value_normalisation() {
    let text = "<a raw='\t1\r\n2\r3\n ' spelled='&#9;1&#13;&#10;2&#x20;&#xD;' mixed='x&amp;\ty&#10;\n'/>";
    for profile in BOTH {
        let document = accepts(profile, text);
        let root = document.root();
        assert_eq!(root.attribute("raw"), Some(" 1 2 3  "));
        assert_eq!(root.attribute("spelled"), Some("\t1\r\n2 \r"));
        assert_eq!(root.attribute("mixed"), Some("x& y\n "));
    }
}

#[test]
fn xml_077_no_unicode_normalisation() {
    let document = accepts(Profile::Message, "<a ID='é'><b ID='e\u{301}'/></a>");
    assert_eq!(document.root().attribute("ID"), Some("\u{e9}"));
}

#[test]
fn pasted_text_ignores_the_declared_encoding() {
    let paste = |text: &str| Document::parse_pasted(text, Profile::Metadata, &Limits::metadata());
    let document = paste(" \u{a0}<a/>").map(|_| ()).unwrap_err();
    assert_eq!(document.reason(), Xml::NotWellFormed.into());
    let document = paste("\u{feff}\n<?xml version='1.0' encoding='utf-16'?><a>é</a>\n").unwrap();
    assert_eq!(document.root().text_content().unwrap(), "é");
    let malformed = paste("<?xml version='1.0' encoding='utf 16'?><a/>").map(|_| ()).unwrap_err();
    assert_eq!(malformed.reason(), Xml::XmlDecl.into());
}
