//! Canonical forms of random documents.
//!
//! `libxml2.c` beside this file compares them with libxml2's: see there.

use std::fmt::Write as _;

use super::*;
use crate::crypto::{DigestAlgorithm, Hasher};

const PREFIXES: [&str; 6] = ["", "a", "b", "ds", "xs", "é"];
const URIS: [&str; 6] = ["urn:a", "urn:b", "http://x.example/?a=1;b='2'", "http://x.example/#f", "urn:A", "urn:a:b"];
const LOCALS: [&str; 6] = ["e", "f", "Id2", "_x", "é.-1", "z\u{10000}"];
const TEXTS: [&str; 20] = [
    "a",
    " ",
    "\n",
    "\t",
    "&amp;",
    "&lt;",
    "&gt;",
    ">",
    "&quot;",
    "\"",
    "'",
    "&#13;",
    "&#10;",
    "&#9;",
    "&#x1F600;",
    "😀",
    "é",
    "]]&gt;",
    "&#xD;&#xA;",
    "\u{85}\u{2028}",
];

/// xorshift64*: the documents have to be the same ones every time.
struct Random(u64);

impl Random {
    fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        (self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 33) as usize % limit
    }

    fn pick<'s>(&mut self, from: &[&'s str]) -> &'s str {
        from[self.below(from.len())]
    }
}

/// A namespace-well-formed document.
struct Generator<'r> {
    random: &'r mut Random,
    xml: String,
    elements: usize,
}

type Scope = Vec<(&'static str, &'static str)>;

impl Generator<'_> {
    fn element(&mut self, scope: &Scope, depth: usize) {
        let this = self.elements;
        self.elements += 1;
        let mut scope = scope.clone();
        let mut tags: Vec<String> = Vec::new();
        let mut declared: Vec<&str> = Vec::new();
        for _ in 0..self.random.below(4) {
            let prefix = self.random.pick(&PREFIXES);
            if declared.contains(&prefix) {
                continue;
            }
            declared.push(prefix);
            let uri = if prefix.is_empty() && self.random.below(3) == 0 { "" } else { self.random.pick(&URIS) };
            let colon = if prefix.is_empty() { "" } else { ":" };
            scope.retain(|(known, _)| *known != prefix);
            scope.push((prefix, uri));
            tags.push(self.attribute(&format!("xmlns{colon}{prefix}"), uri));
        }
        let mut taken: Vec<(&str, &str)> = Vec::new();
        for _ in 0..self.random.below(4) {
            let (prefix, uri) = match self.random.below(scope.len() + 1) {
                0 => ("", ""),
                at => scope[at - 1],
            };
            let local = self.random.pick(&LOCALS);
            let uri = if prefix.is_empty() { "" } else { uri };
            if !taken.contains(&(uri, local)) {
                taken.push((uri, local));
                let value = self.text(4, "<");
                let name = if prefix.is_empty() { local.to_owned() } else { format!("{prefix}:{local}") };
                tags.push(self.attribute(&name, &value));
            }
        }
        self.xml_attributes(this, &mut tags);
        let (prefix, _) = if scope.is_empty() { ("", "") } else { scope[self.random.below(scope.len())] };
        let colon = if prefix.is_empty() { "" } else { ":" };
        let name = format!("{prefix}{colon}{}", self.random.pick(&LOCALS));
        for at in (1..tags.len()).rev() {
            tags.swap(at, self.random.below(at + 1));
        }
        write!(self.xml, "<{name}{}", tags.concat()).unwrap();
        let children = if depth == 0 { 0 } else { self.random.below(4) };
        if children == 0 && self.random.below(2) == 0 {
            self.xml.push_str("/>");
            return;
        }
        self.xml.push('>');
        for _ in 0..children {
            let text = self.text(3, "");
            self.xml.push_str(&text);
            self.element(&scope, depth - 1);
        }
        let text = self.text(3, "");
        write!(self.xml, "{text}</{name}>").unwrap();
    }

    fn xml_attributes(&mut self, this: usize, tags: &mut Vec<String>) {
        let candidates = [
            ("xml:lang", self.random.pick(&["en", "de", ""]).to_owned()),
            ("xml:space", self.random.pick(&["preserve", "default"]).to_owned()),
            ("xml:id", format!("i{this}")),
            ("xml:base", "http://base.example/".to_owned()),
        ];
        for (name, value) in candidates {
            if self.random.below(8) == 0 && (name != "xml:base" || self.random.below(4) == 0) {
                tags.push(self.attribute(name, &value));
            }
        }
    }

    fn attribute(&mut self, name: &str, value: &str) -> String {
        let space = self.random.pick(&[" ", "  ", "\n", "\t "]);
        if value.contains('"') || (self.random.below(2) == 0 && !value.contains('\'')) {
            format!("{space}{name} = '{}'", value.replace('\'', "&apos;"))
        } else {
            format!("{space}{name}=\"{value}\"")
        }
    }

    fn text(&mut self, most: usize, without: &str) -> String {
        let count = self.random.below(most);
        (0..count).map(|_| self.random.pick(&TEXTS)).filter(|text| !text.contains('<') || without.is_empty()).collect()
    }
}

/// One task: a document, an apex, perhaps a subtree to leave out, a method.
struct Task {
    xml: String,
    apex: usize,
    omit: Option<usize>,
    rule: Rule,
    prefixes: Vec<&'static str>,
}

fn task(random: &mut Random) -> Task {
    let depth = 1 + random.below(4);
    let mut generator = Generator { random, xml: String::new(), elements: 0 };
    generator.element(&Vec::new(), depth);
    let Generator { xml, elements, .. } = generator;
    let apex = random.below(elements);
    let omit = (random.below(3) == 0).then(|| random.below(elements)).filter(|omit| *omit != apex);
    let rule = [Rule::Exclusive, Rule::Exclusive, Rule::Inclusive10, Rule::Inclusive11][random.below(4)];
    let listed = if rule == Rule::Exclusive { random.below(4) } else { 0 };
    let prefixes = (0..listed).map(|_| random.pick(&["", "a", "b", "ds", "é", "unknown", "xml"])).collect();
    Task { xml, apex, omit, rule, prefixes }
}

fn element(document: &Document, index: usize) -> Node<'_> {
    document.root().subtree().filter(Node::is_element).nth(index).unwrap()
}

fn canonical_form(task: &Task, document: &Document) -> Option<Vec<u8>> {
    let method = Method { rule: task.rule, inclusive_prefixes: task.prefixes.clone() };
    let mut octets = Vec::new();
    let omit = task.omit.map(|index| element(document, index));
    canonicalize(element(document, task.apex), omit, &method, &mut octets).ok()?;
    Some(octets)
}

/// C14-011, C14-016, XML-093. `SAML_SP_C14N_RECORDS` names a file for `libxml2.c`, `SAML_SP_C14N_CASES` says how many.
#[test]
fn random_documents_have_the_canonical_forms_that_libxml2_gives_them() {
    let cases = std::env::var("SAML_SP_C14N_CASES").map_or(5_000, |count| count.parse().unwrap());
    let mut records = std::env::var_os("SAML_SP_C14N_RECORDS")
        .map(|path| std::io::BufWriter::new(std::fs::File::create(path).unwrap()));
    let mut random = Random(0x5A31_C0DE);
    let mut hash = Hasher::new(DigestAlgorithm::Sha256);
    for _ in 0..cases {
        let task = task(&mut random);
        let document = parse(task.xml.as_bytes());
        let Some(octets) = canonical_form(&task, &document) else {
            assert_eq!(task.rule, Rule::Inclusive11, "{}", task.xml);
            continue;
        };
        hash.update(&octets);
        if let Some(records) = &mut records {
            write_record(records, &task, &octets);
        }
        // One tree: what a canonical form says when it is read again is what it said (ATTACKS XML-090).
        let again = parse(octets.clone());
        if task.rule == Rule::Exclusive && task.prefixes.is_empty() {
            assert_eq!(canonical(again.root(), None, &Method::exclusive()), octets, "{}", task.xml);
        }
    }
    let hash: String = hash.finish().as_ref().iter().map(|octet| format!("{octet:02x}")).collect();
    if cases == 5_000 {
        // Every one of these forms was found equal to libxml2's.
        assert_eq!(hash, "401547dc11e15c210206d3c2006ea58ba35917b3018c757a6fbf4623661e0669");
    }
}

fn write_record(records: &mut impl std::io::Write, task: &Task, octets: &[u8]) {
    let rule = match task.rule {
        Rule::Inclusive10 => 0,
        Rule::Exclusive => 1,
        Rule::Inclusive11 => 2_u32,
    };
    let names: Vec<_> =
        task.prefixes.iter().map(|prefix| if prefix.is_empty() { "#default" } else { *prefix }).collect();
    let mut number = |value: u32| records.write_all(&value.to_ne_bytes()).unwrap();
    number(u32::try_from(task.apex).unwrap());
    number(task.omit.map_or(u32::MAX, |omit| u32::try_from(omit).unwrap()));
    number(rule);
    for text in [task.xml.as_bytes(), names.join(" ").as_bytes(), octets] {
        records.write_all(&u32::try_from(text.len()).unwrap().to_ne_bytes()).unwrap();
        records.write_all(text).unwrap();
    }
}

/// By code points, as their UTF-8 compares, and not by UTF-16, where U+10000 would come before U+F900.
#[test]
fn xml_078_attributes_above_the_basic_plane() {
    let xml = "<a \u{10000}='1' \u{f900}='2' z='3'/>";
    let document = parse(xml);
    let octets = canonical(document.root(), None, &Method::exclusive());
    assert_eq!(String::from_utf8(octets).unwrap(), "<a z=\"3\" \u{f900}=\"2\" \u{10000}=\"1\"></a>");
}
