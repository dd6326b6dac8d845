//! What the targets in `fuzz/` need of the inside: the tree and its canonical forms. For nobody else.

use crate::dsig::{Method, Rule, canonicalize};
use crate::limits::Limits;
use crate::xml::{self, Node, escape};

/// What a document may hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Profile {
    /// What messages may hold.
    Message,
    /// What metadata may hold.
    Metadata,
}

/// A canonicalization.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum C14n {
    /// Exclusive XML Canonicalization 1.0.
    Exclusive,
    /// Canonical XML 1.0.
    Inclusive10,
    /// Canonical XML 1.1.
    Inclusive11,
}

/// A document that the parser accepts.
#[allow(missing_debug_implementations, reason = "nobody shows it")]
pub struct Document(xml::Document);

impl Document {
    /// Reads octets; nothing if they are refused.
    #[must_use]
    pub fn parse(octets: &[u8], profile: Profile) -> Option<Self> {
        let (profile, limits) = match profile {
            Profile::Message => (xml::Profile::Message, Limits::message()),
            Profile::Metadata => (xml::Profile::Metadata, Limits::metadata()),
        };
        xml::Document::parse(octets.to_vec(), profile, &limits).ok().map(Self)
    }

    /// How many elements there are.
    #[must_use]
    pub fn elements(&self) -> usize {
        self.0.root().subtree().filter(Node::is_element).count()
    }

    /// Every run of characters and every value of an attribute.
    pub fn values(&self) -> impl Iterator<Item = &str> {
        let texts = self.0.root().subtree().filter_map(|node| node.as_text());
        texts.chain(self.0.root().subtree().flat_map(|node| node.attributes().map(|attribute| attribute.value())))
    }

    /// The canonical form of one of the elements, counted in document order.
    #[must_use]
    pub fn canonical(&self, element: usize, rule: C14n, inclusive_prefixes: Vec<&str>) -> Option<Vec<u8>> {
        let rule = match rule {
            C14n::Exclusive => Rule::Exclusive,
            C14n::Inclusive10 => Rule::Inclusive10,
            C14n::Inclusive11 => Rule::Inclusive11,
        };
        let apex = self.0.root().subtree().filter(Node::is_element).nth(element)?;
        let mut octets = Vec::new();
        canonicalize(apex, None, &Method { rule, inclusive_prefixes }, &mut octets).ok()?;
        Some(octets)
    }

    /// The tree, written with nothing left out.
    #[must_use]
    pub fn written(&self) -> String {
        let mut text = String::new();
        write(self.0.root(), &mut text);
        text
    }
}

fn write(node: Node<'_>, text: &mut String) {
    if let Some(run) = node.as_text() {
        return text.push_str(&escape(run));
    }
    text.extend(["<", node.qualified_name()]);
    for declaration in node.declarations() {
        let colon = if declaration.prefix.is_empty() { "" } else { ":" };
        let name = escape(node.document().namespace(declaration.namespace));
        text.extend([" xmlns", colon, declaration.prefix, "=\"", &name, "\""]);
    }
    for attribute in node.attributes() {
        text.extend([" ", attribute.qualified_name(), "=\"", &escape(attribute.value()), "\""]);
    }
    text.push('>');
    node.children().for_each(|child| write(child, text));
    text.extend(["</", node.qualified_name(), ">"]);
}
