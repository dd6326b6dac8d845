//! The parser and the canonical forms, against libxml2.

use libxml::parser::{Parser, ParserOptions};
use libxml::tree::c14n::{CanonicalizationMode, CanonicalizationOptions};
use libxml::tree::{Document as Document2, Node};
use saml_sp::testing::fuzzing::{C14n, Document, Profile};

const RULES: [(C14n, CanonicalizationMode); 3] = [
    (C14n::Exclusive, CanonicalizationMode::ExclusiveCanonical1_0),
    (C14n::Inclusive10, CanonicalizationMode::Canonical1_0),
    (C14n::Inclusive11, CanonicalizationMode::Canonical1_1),
];

/// Whatever is accepted here libxml2 accepts without a diagnostic, and has the same canonical form of the same element.
pub(crate) fn agrees(input: &[u8]) {
    let Some(document) = Document::parse(input, Profile::Metadata) else { return };
    let theirs = parse(input).unwrap_or_else(|what| panic!("libxml2 says {what:?}"));
    let sum = input.iter().fold(0_usize, |sum, octet| sum.wrapping_mul(31).wrapping_add(usize::from(*octet)));
    for element in [0, sum % document.elements()] {
        compare(&document, &theirs, element, &["a", "ds", "#default"][..sum / 64 % 4]);
    }
}

fn compare(document: &Document, theirs: &Document2, element: usize, prefixes: &[&str]) {
    for (rule, mode) in RULES {
        let listed = if rule == C14n::Exclusive { prefixes } else { &[] };
        let ours = listed.iter().map(|prefix| if *prefix == "#default" { "" } else { prefix }).collect();
        // Refused is refused: an xml:base that would have to be joined.
        let Some(ours) = document.canonical(element, rule, ours) else { continue };
        let mut left = element;
        let mut apex = nth(&theirs.get_root_element().unwrap(), &mut left).expect("the same elements");
        let inclusive_ns_prefixes = listed.iter().map(|prefix| (*prefix).to_owned()).collect();
        let options = CanonicalizationOptions { mode, with_comments: false, inclusive_ns_prefixes };
        let theirs = apex.canonicalize(options).expect("a canonical form");
        let ours = String::from_utf8(ours).unwrap();
        let what = format!("{rule:?} of element {element}, prefixes {listed:?}");
        match rule {
            C14n::Inclusive11 => assert_eq!(without_empty_base(&ours), without_empty_base(&theirs), "{what}"),
            C14n::Exclusive | C14n::Inclusive10 => assert_eq!(ours, theirs, "{what}"),
        }
    }
}

/// libxml2 drops an empty `xml:base` wherever it stands. Canonical XML 1.1 section 2.4 joins it with those of omitted
/// ancestors, and an element whose parent is there keeps it.
fn without_empty_base(canonical: &str) -> String {
    canonical.replace(" xml:base=\"\"", "")
}

fn parse(input: &[u8]) -> Result<Document2, String> {
    let options =
        ParserOptions { recover: false, no_net: true, no_error: false, no_warning: false, ..ParserOptions::default() };
    let parsed = Parser::default().parse_string_with_diagnostics(input, options);
    let (document, diagnostics) = parsed.map_err(|error| format!("{error:?}"))?;
    if diagnostics.is_empty() { Ok(document) } else { Err(format!("{diagnostics:?}")) }
}

fn nth(node: &Node, left: &mut usize) -> Option<Node> {
    if *left == 0 {
        return Some(node.clone());
    }
    *left -= 1;
    node.get_child_elements().iter().find_map(|child| nth(child, left))
}
