//! How often a validation allocates, and how much memory and time messages cost that were made to cost much: counted,
//! since a machine's load changes no count. ATTACKS A6.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::unwrap_used,
    reason = "a test"
)]

#[allow(dead_code, reason = "shared with the other tests")]
#[path = "it/kit.rs"]
mod kit;

#[path = "../benches/validation/mod.rs"]
mod validation;

use std::time::{Duration, Instant};

use allocation_counter::measure;
use saml_sp::testing::{Encryption, SignedParts, TestKey};
use saml_sp::{Limits, Policy, Received, RedirectMessage};

use kit::{ALICE, Bench, after, before, element, inside, replace};

fn allocations(signed: SignedParts, attributes: usize) -> u64 {
    let idp = validation::idp();
    let form = validation::form_value(&idp, signed, attributes);
    let validate = validation::validation(&idp, Policy::strict(), &form);
    validate();
    measure(validate).count_total
}

#[test]
fn a_validation_allocates_little() {
    let ten = allocations(SignedParts::Assertion, 10);
    assert!(ten <= 100, "{ten} allocations");
}

#[test]
fn an_attribute_allocates_its_name_and_its_value_and_little_else() {
    let ten = allocations(SignedParts::Assertion, 10);
    let two_hundred = allocations(SignedParts::Assertion, 200);
    // Every other one of the 200 has two values.
    assert!(two_hundred - ten <= 4 * 190 + 100, "{ten} allocations with 10 attributes, {two_hundred} with 200");
}

/// A kind of content, by a number that its size grows with.
type Content = (&'static str, fn(usize) -> String);

/// What costs a parser, a canonicalizer or a decoder most for its size.
const CONTENTS: [Content; 13] = [
    ("empty elements", |n| "<x/>".repeat(n)),
    ("elements and text", |n| "<x>y</x>z".repeat(n)),
    ("attributes", |n| "<x a='' b='' c='' d='' e='' f='' g='' h='' i='' j='' k='' l=''/>".repeat(n / 12)),
    ("IDs", |n| (0..n).map(|n| format!("<x ID='_{n}'/>")).collect()),
    ("equal IDs but for the last", |n| format!("<x ID='{}1'/><x ID='{0}2'/>", "_".repeat(n))),
    ("declarations of one namespace", |n| "<x xmlns='urn:y'/>".repeat(n)),
    ("a name used by many", |n| format!("<x xmlns:p='urn:{}'>{}</x>", "y".repeat(4 * n), "<p:e/>".repeat(n / 8))),
    ("references", |n| format!("<x>{}</x>", "&#65;".repeat(n))),
    ("references in a value", |n| format!("<x a='{}'/>", "&lt;".repeat(n))),
    ("line ends", |n| format!("<x>{}</x>", "\r\n".repeat(2 * n))),
    ("a long text", |n| format!("<x>{}</x>", "y".repeat(4 * n))),
    ("deep and wide", |n| format!("{}{}", "<x><x><x><x><x><x>y", "</x></x></x></x></x></x>").repeat(n / 8)),
    ("open tags", |n| "<x>".repeat(n)),
];

/// A message with that in it: outside of the signature, and inside, where it is canonicalized before it is refused.
fn messages(content: &str) -> Vec<(Bench, String)> {
    let spots = [(SignedParts::Assertion, "Status"), (SignedParts::Assertion, ""), (SignedParts::Response, "")];
    let message = |(parts, spot): (SignedParts, &str)| {
        let bench = Bench::signing(parts);
        let xml = bench.response().xml().unwrap();
        let content = format!("<x xmlns='urn:x'>{content}</x>");
        let xml = match spot {
            "" => replace(&xml, element(&xml, "AttributeValue"), &inside(element(&xml, "AttributeValue"), &content)),
            spot => before(&xml, element(&xml, spot), &format!("<samlp:Extensions>{content}</samlp:Extensions>")),
        };
        (bench, xml)
    };
    spots.map(message).into()
}

/// What the smallest of messages may take besides: the nodes of a tree, twice as many as there are, for the arena doubles.
const FLOOR: u64 = 1 << 20;

/// XML-085, XML-087, PRO-094: never more than sixteen times the message, its copy included.
#[test]
fn memory_stays_below_sixteen_times_the_message() {
    for (name, content) in CONTENTS {
        for (bench, xml) in messages(&content(18_000)) {
            let peak = measure(|| drop(bench.judge(&xml))).bytes_max;
            assert!(peak < 16 * xml.len() as u64 + FLOOR, "{name}: {peak} bytes for {}", xml.len());
        }
    }
}

/// The time that this thread had a processor, so that other threads and programs don't count. Elsewhere than on Linux, the clock's.
fn processor_time(started: Instant) -> Duration {
    let stat = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanoseconds = stat.and_then(|stat| stat.split(' ').next()?.parse().ok());
    nanoseconds.map_or_else(|| started.elapsed(), Duration::from_nanos)
}

fn cost(work: impl Fn()) -> Duration {
    let started = Instant::now();
    let once = || {
        let before = processor_time(started);
        work();
        processor_time(started).saturating_sub(before)
    };
    (0..5).map(|_| once()).min().unwrap_or_default()
}

/// Too short to tell anything; a quadratic step would take far longer.
const NOISE: Duration = Duration::from_millis(20);

/// XML-084, XML-089: four times the message takes about four times as long.
#[test]
fn time_is_linear_in_the_message() {
    for (name, content) in CONTENTS {
        for ((bench, large), (_, small)) in messages(&content(18_000)).into_iter().zip(messages(&content(4_500))) {
            let slow = (0..3).all(|_| {
                let large = cost(|| drop(bench.judge(&large)));
                large > NOISE && large > 8 * cost(|| drop(bench.judge(&small)))
            });
            assert!(!slow, "{name}: more than linear");
            assert!(cost(|| drop(bench.judge(&large))) < Duration::from_secs(1), "{name}");
        }
    }
}

/// XML-088: white space is legal in base64, in each place where it stands, and costs what its length does.
#[test]
fn xml_088_white_space_in_base64() {
    let bench = Bench::signing(SignedParts::Assertion);
    let xml = bench.xml();
    for name in ["SignatureValue", "DigestValue", "X509Certificate"] {
        for white in [" ", "\n", "\t", "\r\n"] {
            let with = |length: usize| inside(element(&xml, name), &white.repeat(length / white.len()));
            let message = |length: usize| replace(&xml, element(&xml, name), &with(length));
            let (large, small) = (message(1_000_000), message(250_000));
            // In SignedInfo it is signed.
            let verdict = |xml: &str| bench.judge(xml).map_or_else(|rejection| rejection.code(), |_| "accepted");
            assert_eq!(verdict(&large), if name == "DigestValue" { "dsig.signature_invalid" } else { "accepted" });
            assert_eq!(verdict(&message(1 << 20)), "xml.limit_size");
            assert!(measure(|| drop(bench.judge(&large))).bytes_max < 16 * large.len() as u64);
            let slow = (0..3).all(|_| {
                let large = cost(|| drop(bench.judge(&large)));
                large > NOISE && large > 8 * cost(|| drop(bench.judge(&small)))
            });
            assert!(!slow, "{name}");
        }
    }
    let how = Encryption::new();
    let sealed = bench.response().encrypted(how, TestKey::OtherRsa.certificate_pem()).xml().unwrap();
    let padded = sealed.replace("<xenc:CipherValue>", &format!("<xenc:CipherValue>{}", " ".repeat(400_000)));
    let rejection = bench.judge(&padded).unwrap_err();
    assert_eq!(rejection.code(), "enc.not_configured");
    assert!(measure(|| drop(bench.judge(&padded))).bytes_max < 16 * padded.len() as u64);
}

/// XML-004, XML-005, XML-080 to XML-083, BND-009, BND-029, DS-022, DS-033, ENC-017: what is refused early costs little.
#[test]
fn bombs_are_refused_early() {
    let bench = Bench::signing(SignedParts::Assertion);
    let xml = bench.xml();
    let laughs: String =
        (1..10).map(|n| format!("<!ENTITY l{n} \"{}\">", format!("&l{};", n - 1).repeat(10))).collect();
    let reference = element(&xml, "Reference").to_owned();
    let transform =
        format!("<ds:Transform Algorithm=\"urn:x\">{}</ds:Transform>", "<ds:XPath>1</ds:XPath>".repeat(6_000));
    let bombs = [
        (format!("<!DOCTYPE r [<!ENTITY l0 \"lol\">{laughs}]>{}", xml.replace(ALICE, "&l9;")), "xml.doctype"),
        (format!("<!DOCTYPE r [<!ENTITY q \"{}\">]>{xml}", "x".repeat(500_000)), "xml.doctype"),
        ("x".repeat(40_000_000), "xml.limit_size"),
        ("<a>".repeat(300_000), "xml.limit_depth"),
        (format!("<a {}/>", (0..20_000).map(|n| format!("a{n}='' ")).collect::<String>()), "xml.limit_attributes"),
        (
            format!("<a {}/>", (0..20_000).map(|n| format!("xmlns:a{n}='urn:{n}' ")).collect::<String>()),
            "xml.limit_attributes",
        ),
        (format!("<a>{}</a>", "<a/>".repeat(250_000)), "xml.limit_nodes"),
        (replace(&xml, &reference, &"<ds:Reference/>".repeat(10_000)), "dsig.reference_count"),
        (after(&xml, element(&xml, "Transforms"), &transform), "dsig.structure"),
    ];
    for (bomb, code) in bombs {
        assert_eq!(bench.judge(&bomb).unwrap_err().code(), code);
        let parse = || drop(bench.judge(&bomb));
        let (bytes, time) = (measure(parse).bytes_max, cost(parse));
        assert!(time < Duration::from_millis(250), "{code}: {time:?}");
        // The message itself is copied here once; an arena never has more than 20,000 nodes.
        assert!(bytes < bomb.len() as u64 + (8 << 20), "{code}: {bytes} bytes");
    }
    let limits = Limits::message();
    let form = "*".repeat(40_000_000);
    assert_eq!(Received::from_post(&form, &limits).unwrap_err().code(), "binding.too_large");
    assert!(measure(|| drop(Received::from_post(&form, &limits))).bytes_max < 1 << 16);
    let mut bomb = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut bomb, &vec![b' '; 256 << 20]).unwrap();
    let octets = bomb.finish().unwrap();
    let base64 = base64::Engine::encode(&base64::prelude::BASE64_STANDARD, &octets);
    let query = format!("SAMLRequest={}", base64.replace('+', "%2B").replace('/', "%2F").replace('=', "%3D"));
    assert_eq!(RedirectMessage::parse(&query, &limits).unwrap_err().code(), "binding.inflate_too_large");
    let parse = || drop(RedirectMessage::parse(&query, &limits));
    assert!(measure(parse).bytes_max < 8 << 20);
    assert!(cost(parse) < Duration::from_millis(250));
}
