//! Section A6: every bound at the limit and one beyond, and time that grows with the input only.

use std::time::{Duration, Instant};

use super::*;
use crate::error::{Limit, Signature};

#[track_caller]
fn bound(limit: Limit, at: &str, beyond: &str) {
    accepts(Profile::Message, at);
    let rejection = refuses(Profile::Message, beyond, limit);
    assert!(rejection.expected().is_some(), "says the limit");
}

/// That many levels.
fn nested(depth: usize) -> String {
    "<a>".repeat(depth) + &"</a>".repeat(depth)
}

/// An element with that many attributes (or declarations, by the name).
fn with_attributes(name: &str, count: usize) -> String {
    (0..count).fold("<a".to_owned(), |text, n| text + &format!(" {name}{n}='urn:{n}'")) + "/>"
}

#[test]
fn xml_080_size() {
    let limits = Limits::message().with_bytes(100);
    let sized = |bytes: usize| format!("<a>{}</a>", "x".repeat(bytes - 7)).into_bytes();
    assert!(Document::parse(sized(100), Profile::Message, &limits).is_ok());
    let rejection = Document::parse(sized(101), Profile::Message, &limits).map(|_| ()).unwrap_err();
    assert_eq!(rejection.reason(), Limit::Size.into());
    assert_eq!((rejection.expected(), rejection.found()), (Some("at most 100 bytes"), Some("101 bytes")));
    bound(Limit::Size, &String::from_utf8(sized(1 << 20)).unwrap(), &String::from_utf8(sized((1 << 20) + 1)).unwrap());
}

#[test]
fn xml_081_depth() {
    bound(Limit::Depth, &nested(32), &nested(33));
    bound(Limit::Depth, &(nested(31).replacen("</a>", "<b/></a>", 1)), &(nested(32).replacen("</a>", "<b/></a>", 1)));
    accepts(Profile::Metadata, nested(64));
    refuses(Profile::Metadata, nested(65), Limit::Depth);
    refuses(Profile::Metadata, "<a>".repeat(1_000_000), Limit::Depth);
    refuses(Profile::Metadata, nested(1_000_000), Limit::Depth);
}

#[test]
fn xml_082_attributes() {
    bound(Limit::Attributes, &with_attributes("a", 32), &with_attributes("a", 33));
    bound(Limit::Attributes, &with_attributes("xmlns:a", 32), &with_attributes("xmlns:a", 33));
    accepts(Profile::Metadata, with_attributes("a", 64));
    refuses(Profile::Metadata, with_attributes("a", 65), Limit::Attributes);
    let many = with_attributes("attribute", 20_000);
    let best = (0..10).map(|_| {
        let started = Instant::now();
        refuses(Profile::Message, &many, Limit::Attributes);
        started.elapsed()
    });
    assert!(best.min() < Some(Duration::from_millis(250)));
}

#[test]
fn xml_083_namespaces() {
    let spread = |declarations: &[usize]| {
        let mut tags = String::new();
        for (level, count) in declarations.iter().enumerate() {
            tags += with_attributes(&format!("xmlns:p{level}_"), *count)
                .replace("urn:", &format!("urn:{level}:"))
                .trim_end_matches("/>");
            tags += ">";
        }
        tags + &"</a>".repeat(declarations.len())
    };
    bound(Limit::Namespaces, &spread(&[32, 32]), &spread(&[32, 32, 1]));
    bound(Limit::Namespaces, &spread(&[16, 16, 16, 16]), &spread(&[16, 16, 16, 17]));
    // In scope at once is not the same as distinct in the document.
    let siblings =
        |count: usize| format!("<r>{}</r>", (0..count).map(|n| format!("<a xmlns='urn:{n}'/>")).collect::<String>());
    bound(Limit::Namespaces, &siblings(64), &siblings(65));
    accepts(Profile::Message, format!("<r>{}</r>", "<a xmlns='urn:x' xmlns:p='urn:y'/>".repeat(1000)));
    refuses(Profile::Metadata, spread(&[60, 60, 9]), Limit::Namespaces);
}

#[test]
fn xml_085_nodes() {
    let children = |count: usize| format!("<r>{}</r>", "<a/>".repeat(count));
    bound(Limit::Nodes, &children(19_999), &children(20_000));
    let runs = |count: usize| format!("<r>{}</r>", "x<a/>".repeat(count));
    bound(Limit::Nodes, &(runs(9_999) + ""), &runs(10_000));
    refuses(Profile::Metadata, children(1_000_000), Limit::Nodes);
    let joined = accepts(Profile::Metadata, format!("<r>{}</r>", "x<!---->".repeat(1_000_000)));
    assert_eq!(joined.root().text_content().map(str::len).unwrap(), 1_000_000);
    let few = Limits::message().with_nodes(2);
    assert!(Document::parse(b"<a><b/></a>".to_vec(), Profile::Message, &few).is_ok());
    assert!(Document::parse(b"<a><b/>x</a>".to_vec(), Profile::Message, &few).is_err());
}

#[test]
fn xml_087_long_values() {
    let limits = Limits::metadata();
    assert!(
        Document::parse(format!("<a b='{}'/>", "x".repeat(8_000_000)).into_bytes(), Profile::Message, &limits).is_ok()
    );
    refuses(Profile::Message, format!("<a b='{}'/>", "x".repeat(10_000_000)), Limit::Size);
    refuses(Profile::Message, format!("<a>{}</a>", "x".repeat(10_000_000)), Limit::Size);
}

/// A limit that would let positions outgrow 32 bits does not count in full.
#[test]
fn positions_fit_whatever_the_limit() {
    let limits = Limits::message().with_bytes(usize::MAX).with_nodes(usize::MAX);
    let document = Document::parse(b"<a b='&amp;'>&lt;</a>".to_vec(), Profile::Message, &limits).unwrap();
    assert_eq!(shape(document.root()), r#"a[b="&"]("<")"#);
}

/// Too short to tell anything; a quadratic step would need far longer for the larger inputs below.
const NOISE: Duration = Duration::from_millis(50);

/// The shortest of several runs, since anything else may be the machine's fault.
fn time(text: &str) -> Duration {
    let limits = Limits::metadata().with_bytes(64 << 20).with_nodes(10_000_000);
    let run = || {
        let octets = text.as_bytes().to_vec();
        let started = Instant::now();
        let _outcome = std::hint::black_box(Document::parse(octets, Profile::Metadata, &limits));
        started.elapsed()
    };
    let first = run();
    if first < NOISE { first } else { (0..4).map(|_| run()).min().unwrap_or(first).min(first) }
}

/// A kind of document, by a number that its size is proportional to.
type Input = (&'static str, fn(usize) -> String);

#[test]
fn xml_089_time_is_linear() {
    let inputs: [Input; 18] = [
        ("references", |n| format!("<a>{}</a>", "&amp;".repeat(n))),
        ("references between text", |n| format!("<a>{}</a>", "x&#46;".repeat(n))),
        ("references in a value", |n| format!("<a b='{}'/>", "x&#46;".repeat(n))),
        ("comments between text", |n| format!("<a>{}</a>", "x<!---->".repeat(n))),
        ("CDATA", |n| format!("<a>{}</a>", "<![CDATA[x]]>".repeat(n))),
        ("siblings", |n| format!("<a>{}</a>", "<b/>".repeat(n))),
        ("siblings and text", |n| format!("<a>{}</a>", "<b c='d'>x</b>\n".repeat(n))),
        ("IDs", |n| format!("<a>{}</a>", (0..n).map(|n| format!("<b ID='_{n}'/>")).collect::<String>())),
        ("equal IDs", |n| format!("<a>{}</a>", "<b ID='_1'/>".repeat(n))),
        ("brackets", |n| format!("<a>{}</a>", "]]".repeat(n))),
        ("hyphens", |n| format!("<!-- {}--><a/>", "- ".repeat(n))),
        ("line ends", |n| format!("<a>{}</a>", "\r\n".repeat(n))),
        ("an open quote", |n| format!("<a b='{}", "<c d=\"".repeat(n))),
        ("open comments", |n| "<!--".repeat(n)),
        ("open references", |n| format!("<a>{}", "&a".repeat(n))),
        ("DOCTYPE", |n| format!("<!DOCTYPE a [{}", "<!ENTITY a '".repeat(n))),
        ("a long name", |n| format!("<{}/>", "é".repeat(n))),
        ("declarations", |n| format!("<a>{}</a>", "<b xmlns='urn:x' xmlns:p='urn:y'/>".repeat(n))),
    ];
    for (name, input) in inputs {
        let n = 8_000;
        let slow = (0..3).all(|_| {
            let four_times = time(&input(4 * n));
            four_times > NOISE && four_times > time(&input(n)) * 8
        });
        assert!(!slow, "{name}: more than linear");
    }
}

#[test]
fn dropping_and_walking_do_not_recurse() {
    let document = accepts(Profile::Metadata, nested(64));
    assert_eq!(document.root().subtree().count(), 64);
    drop(document);
    refuses(Profile::Metadata, "<a ID='_1'>".repeat(64) + &"</a>".repeat(64), Signature::DuplicateId);
}
