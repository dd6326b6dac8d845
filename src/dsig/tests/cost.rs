//! Canonicalization takes time in proportion to its input, whatever the input is made of (CVE-2026-113729 was a
//! walk over every declaration in scope for every element).

use std::fmt::Write as _;
use std::time::{Duration, Instant};

use super::*;

struct Count(usize);

impl c14n::Sink for Count {
    fn write(&mut self, octets: &[u8]) {
        self.0 += octets.len();
    }
}

fn time(document: &Document, method: &Method<'_>) -> Duration {
    let start = Instant::now();
    let mut count = Count(0);
    canonicalize(document.root(), None, method, &mut count).unwrap();
    assert!(count.0 > 0);
    start.elapsed()
}

/// Runs the small document as often as makes the same amount of work, in turn with the large one, and compares
/// the best of each, so that whatever else the machine does falls out. A quadratic step would take `times` times as
/// long for the large one; what caches do to it stays below three times.
fn compare(small: &Document, times: u32, large: &Document, method: &Method<'_>) {
    let (mut in_parts, mut as_a_whole) = (Duration::MAX, Duration::MAX);
    for round in 0..100 {
        in_parts = in_parts.min((0..times).map(|_| time(small, method)).sum());
        as_a_whole = as_a_whole.min(time(large, method));
        if round >= 10 && as_a_whole < in_parts * 3 {
            return;
        }
    }
    panic!("{method:?}: {in_parts:?} in {times} parts, {as_a_whole:?} as a whole");
}

fn declarations(count: usize) -> String {
    (0..count).fold(String::new(), |mut xml, at| {
        write!(xml, " xmlns:p{at}=\"urn:{at}\"").unwrap();
        xml
    })
}

/// `count` declarations on the root, and elements that use them in turn.
fn wide(elements: usize, count: usize) -> Document {
    let children: String = (0..elements).map(|at| format!("<p{0}:e p{0}:a=\"v\">t</p{0}:e>", at % count)).collect();
    parse(format!("<r{}>{children}</r>", declarations(count)))
}

/// Declarations at every level, each level many times over.
fn deep(repeats: usize) -> Document {
    let levels = 20;
    let open: String =
        (0..levels).map(|at| format!("<p{at}:e xmlns:p{at}=\"urn:{at}\" xmlns:q{at}=\"urn:q{at}\">")).collect();
    let close: String = (0..levels).rev().map(|at| format!("</p{at}:e>")).collect();
    parse(format!("<r>{}</r>", [open, close].concat().repeat(repeats)))
}

/// XML-084.
#[test]
fn four_times_the_input_takes_about_four_times_as_long() {
    let all = Method { rule: Rule::Exclusive, inclusive_prefixes: vec!["p0"; 32] };
    let inclusive = Method { rule: Rule::Inclusive10, inclusive_prefixes: Vec::new() };
    for method in [&Method::exclusive(), &all, &inclusive] {
        for (small, large) in [(wide(1_000, 60), wide(4_000, 60)), (deep(50), deep(200))] {
            compare(&small, 4, &large, method);
        }
    }
}

/// A declaration on the root costs the elements below it nothing while they don't use it.
#[test]
fn declarations_that_nobody_uses_cost_nothing_below() {
    let body = "<e a=\"v\">t</e>".repeat(2_000);
    let few = parse(format!("<r{}>{body}</r>", declarations(1)));
    let many = parse(format!("<r{}>{body}</r>", declarations(60)));
    compare(&few, 1, &many, &Method::exclusive());
}

/// A name that stands there once, and that each of many small elements has to write out: ten gigabytes from one megabyte,
/// which anybody who holds a signed message could ask for.
#[test]
fn xml_084_names_are_not_written_out_without_end() {
    let with = |name: usize, elements: usize| {
        let name = "x".repeat(name);
        parse(format!("<r xmlns:p=\"urn:{name}\"><a>{}</a></r>", "<p:e/>".repeat(elements)))
    };
    let written = |document: &Document, method: &Method<'_>| {
        let mut count = Count(0);
        canonicalize(document.root(), None, method, &mut count)
            .map(|()| count.0)
            .map_err(|rejection| rejection.reason())
    };
    let exclusive = Method::exclusive();
    assert!(written(&with(90, 5_000), &exclusive).is_ok(), "as much as sixteen times the document");
    for (name, elements) in [(1_000, 5_000), (700_000, 18_000)] {
        let document = with(name, elements);
        assert_eq!(written(&document, &exclusive), Err(Limit::Namespaces.into()));
        // Declared once, it is written once.
        let inclusive = Method { rule: Rule::Inclusive10, inclusive_prefixes: Vec::new() };
        assert!(written(&document, &inclusive).unwrap() < 2 * document.octets().len());
        assert!(written(&document, &Method { rule: Rule::Exclusive, inclusive_prefixes: vec!["p"] }).is_ok());
    }
}
