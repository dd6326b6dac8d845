//! Section A7: what is written is read again, and no input makes the parser panic.

use super::*;
use crate::xml::Writer;

/// Xorshift: reproducible, and no dependency.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() >> 33).unwrap() % bound
    }

    fn pick<T: Copy>(&mut self, items: &[T]) -> T {
        items[self.below(items.len())]
    }

    fn text(&mut self) -> String {
        const CHARS: [char; 28] = [
            'a',
            'b',
            ' ',
            '\t',
            '\n',
            '\r',
            '&',
            '<',
            '>',
            '"',
            '\'',
            ']',
            ';',
            '#',
            '-',
            '?',
            '!',
            '\u{7f}',
            '\u{85}',
            '\u{2028}',
            'é',
            '\u{301}',
            '中',
            '\u{d7ff}',
            '\u{e000}',
            '\u{fffd}',
            '\u{feff}',
            '\u{1f600}',
        ];
        (0..self.below(8)).map(|_| self.pick(&CHARS)).collect()
    }
}

/// Writes a random element and returns its shape.
fn write(random: &mut Random, writer: &mut Writer, depth: usize) -> String {
    const NAMES: [(&str, &str); 4] = [("a", "{urn:d}a"), ("p:b", "{urn:p}b"), ("q:c", "{urn:q}c"), ("é", "{urn:d}é")];
    const ATTRIBUTES: [(&str, &str); 4] = [
        ("x", "x"),
        ("p:x", "{urn:p}x"),
        ("q:x", "{urn:q}x"),
        ("xml:lang", "{http://www.w3.org/XML/1998/namespace}lang"),
    ];
    let (name, expanded) = random.pick(&NAMES);
    let mut written = expanded.to_owned();
    writer.start(name);
    if depth == 0 {
        writer.attribute("xmlns", "urn:d").attribute("xmlns:p", "urn:p").attribute("xmlns:q", "urn:q");
    }
    for (name, expanded) in ATTRIBUTES {
        if random.below(3) == 0 {
            let value = random.text();
            writer.attribute(name, &value);
            written += &format!("[{expanded}={value:?}]");
        }
    }
    let mut content = Vec::new();
    let mut run = String::new();
    for _ in 0..random.below(4) {
        if depth < 6 && random.below(2) == 0 {
            if !run.is_empty() {
                content.push(format!("{run:?}"));
                run.clear();
            }
            content.push(write(random, writer, depth + 1));
        } else {
            let text = random.text();
            writer.text(&text);
            run += &text;
        }
    }
    if !run.is_empty() {
        content.push(format!("{run:?}"));
    }
    writer.end();
    format!("{written}({})", content.join(" "))
}

#[test]
fn xml_090_what_is_written_is_read() {
    let mut random = Random(0x9E37_79B9_7F4A_7C15);
    for _ in 0..2_000 {
        let mut writer = Writer::new();
        let expected = write(&mut random, &mut writer, 0);
        let text = writer.finish();
        for profile in BOTH {
            assert_eq!(shape(accepts(profile, &text).root()), expected, "{text}");
        }
    }
}

#[test]
fn the_writer_escapes_closes_and_nests() {
    let mut writer = Writer::new();
    writer.start("a").attribute("b", "\"'<>&\t\r\n").attribute_if("c", None).attribute_if("d", Some(""));
    writer.element("e", "<&>\"'\r\t\n").start("f").end().raw("<g/>").start("h").text("x").start("i");
    assert_eq!(
        writer.finish(),
        "<a b=\"&quot;&#39;&lt;&gt;&amp;&#9;&#13;&#10;\" d=\"\"><e>&lt;&amp;&gt;&quot;&#39;&#13;&#9;&#10;</e><f/><g/><h>x<i/></h></a>"
    );
}

/// Found by fuzzing: a control character in a setting made requests and metadata that nobody could read.
#[test]
fn what_no_xml_can_hold_is_replaced() {
    for (value, written) in
        [("a\u{6}b", "a\u{fffd}b"), ("\0", "\u{fffd}"), ("\u{ffff}", "\u{fffd}"), ("\u{7f}é", "\u{7f}é")]
    {
        let mut writer = Writer::new();
        writer.start("a").attribute("b", value).text(value);
        let text = writer.finish();
        let document = accepts(Profile::Message, &text);
        let root = document.root();
        assert_eq!((root.attribute("b"), root.text_content().unwrap()), (Some(written), written), "{text}");
    }
}

#[test]
fn xml_092_mutations_never_panic() {
    const PIECES: [&str; 24] = [
        "<",
        ">",
        "&",
        ";",
        "\"",
        "'",
        "=",
        ":",
        "]]>",
        "<![CDATA[",
        "<!--",
        "-->",
        "<?",
        "?>",
        "</",
        "/>",
        "&#x;",
        "xmlns=",
        "xmlns:",
        "\u{feff}",
        "é",
        "<!DOCTYPE a [",
        " ID='_1'",
        "\r\n",
    ];
    let mixed = "\u{feff}<?xml version='1.0'?><!-- c --><?p x?><a xmlns='urn:x' xml:id='i'>x&amp;<![CDATA[y]]>&#46;<b c='&lt;\n'/>é</a>\n";
    let mut random = Random(0x2545_F491_4F6C_DD1D);
    for round in 0..6_000 {
        let mut octets = if round % 2 == 0 { RESPONSE } else { mixed }.as_bytes().to_vec();
        for _ in 0..=random.below(4) {
            let at = random.below(octets.len());
            let end = octets.len().min(at + 1 + random.below(20));
            match random.below(5) {
                0 => octets[at] = u8::try_from(random.below(256)).unwrap(),
                1 => drop(octets.drain(at..end)),
                2 => drop(octets.splice(at..at, random.pick(&PIECES).bytes())),
                3 => octets.extend_from_within(at..end),
                _ => octets.truncate(at + 1),
            }
            octets.push(b' ');
        }
        for profile in BOTH {
            match parse(profile, &octets) {
                Ok(document) => assert!(!shape(document.root()).is_empty()),
                Err(rejection) => assert!(!rejection.report().to_string().is_empty()),
            }
        }
    }
}
