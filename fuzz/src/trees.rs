//! Random trees: the input is not the document but the dice that it is made with.

use crate::c14n;
use crate::mutate::Random;

const PREFIXES: [&str; 6] = ["", "a", "b", "ds", "xs", "é"];
const URIS: [&str; 6] = ["urn:a", "urn:b", "http://x.example/?a=1;b='2'", "http://x.example/#f", "urn:A", "urn:a:b"];
const LOCALS: [&str; 5] = ["e", "f", "Id2", "é.-1", "z\u{10000}"];
const XML: [&str; 5] =
    ["xml:lang='en'", "xml:lang=''", "xml:space='preserve'", "xml:base='http://b.example/'", "xml:base='x'"];
const TEXTS: [&str; 22] = [
    "a",
    " ",
    "\n",
    "\t",
    "\r\n",
    "&amp;",
    "&lt;",
    "&gt;",
    "&quot;",
    "&apos;",
    "&#13;",
    "&#10;",
    "&#9;",
    "&#x1F600;",
    "😀",
    "é",
    "]]&gt;",
    "&#xD;&#xA;",
    "\u{85}\u{2028}",
    "<!-- c -->",
    "<![CDATA[<&>\r\n]]>",
    "&#x85;",
];

/// As for documents.
pub(crate) fn agrees(input: &[u8]) {
    let mut dice = Dice(input);
    let mut xml = String::new();
    element(&mut dice, &mut xml, &[], 4);
    c14n::agrees(xml.as_bytes());
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let mut random = Random::new(0x5A31_C0DE);
    (0..64).map(|_| (0..400).map(|_| random.below(256) as u8).collect()).collect()
}

struct Dice<'d>(&'d [u8]);

impl Dice<'_> {
    fn below(&mut self, limit: usize) -> usize {
        let Some((first, rest)) = self.0.split_first() else { return 0 };
        self.0 = rest;
        usize::from(*first) % limit
    }

    fn pick(&mut self, from: &[&'static str]) -> &'static str {
        from[self.below(from.len())]
    }
}

fn element(dice: &mut Dice<'_>, xml: &mut String, scope: &[(&'static str, &'static str)], depth: usize) {
    let mut scope = scope.to_vec();
    let mut tags = Vec::new();
    for _ in 0..dice.below(4) {
        let prefix = dice.pick(&PREFIXES);
        let uri = if prefix.is_empty() && dice.below(3) == 0 { "" } else { dice.pick(&URIS) };
        let name = if prefix.is_empty() { "xmlns".to_owned() } else { format!("xmlns:{prefix}") };
        tags.push((name, uri.replace('\'', "&apos;")));
        scope.retain(|(known, _)| *known != prefix);
        scope.push((prefix, uri));
    }
    let prefixed = |dice: &mut Dice<'_>, scope: &[(&'static str, &'static str)]| {
        let (prefix, _) = if scope.is_empty() { ("", "") } else { scope[dice.below(scope.len())] };
        let colon = if prefix.is_empty() { "" } else { ":" };
        format!("{prefix}{colon}{}", dice.pick(&LOCALS))
    };
    for _ in 0..dice.below(4) {
        let name = prefixed(dice, &scope);
        tags.push((name, (0..dice.below(4)).map(|_| dice.pick(&TEXTS[..19])).collect()));
    }
    let name = prefixed(dice, &scope);
    // A name that stands twice makes the document one that has to be refused, which teaches nothing.
    tags.sort();
    tags.dedup_by(|one, other| one.0 == other.0);
    let turn = dice.below(tags.len().max(1));
    tags.rotate_left(turn);
    *xml += &format!("<{name}");
    tags.iter().for_each(|(name, value)| *xml += &format!(" {name}='{value}'"));
    if dice.below(6) == 0 {
        *xml += &format!(" {}", dice.pick(&XML));
    }
    *xml += ">";
    for _ in 0..if depth == 0 { 0 } else { dice.below(4) } {
        (0..dice.below(3)).for_each(|_| *xml += dice.pick(&TEXTS));
        element(dice, xml, &scope, depth - 1);
    }
    (0..dice.below(3)).for_each(|_| *xml += dice.pick(&TEXTS));
    *xml += &format!("</{name}>");
}
