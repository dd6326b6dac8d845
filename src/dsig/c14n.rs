//! Canonical XML: exclusive (the only one of the strict profile), and inclusive 1.0 and 1.1 for the
//! relaxation `inclusive_c14n`.
//!
//! The tree holds neither comments nor processing instructions, so that "with comments" and
//! "without comments" are the same here. One loop over the arena writes straight into the sink.

use std::cmp::Ordering;

use crate::error::{Limit, Reference, Rejection};
use crate::xml::{Attribute, NamespaceId, Node, XML_NAMESPACE, find_any};

/// Where canonical octets go: a digest, or a buffer.
pub(crate) trait Sink {
    /// Appends octets.
    fn write(&mut self, octets: &[u8]);
}

impl Sink for Vec<u8> {
    fn write(&mut self, octets: &[u8]) {
        self.extend_from_slice(octets);
    }
}

/// How many times the size of the document the names of namespaces may take in a canonical form. Elements that each
/// write the name of their namespace have it declared somewhere, and are seldom a sixteenth as long.
const MOST_EXPANSION: usize = 16;

/// The rule by which namespace declarations and `xml:` attributes are written.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Rule {
    /// Exclusive XML Canonicalization 1.0.
    Exclusive,
    /// Canonical XML 1.0.
    Inclusive10,
    /// Canonical XML 1.1.
    Inclusive11,
}

/// A canonicalization method with its parameters.
#[derive(Clone, PartialEq, Eq, Debug)]
pub(crate) struct Method<'d> {
    pub(crate) rule: Rule,
    /// The InclusiveNamespaces PrefixList (Exclusive C14N §3); the default namespace is "".
    pub(crate) inclusive_prefixes: Vec<&'d str>,
}

impl Method<'_> {
    /// Exclusive canonicalization without a prefix list.
    pub(crate) fn exclusive() -> Self {
        Self { rule: Rule::Exclusive, inclusive_prefixes: Vec::new() }
    }
}

/// Writes the canonical form of `apex` and everything below it, leaving out the subtree `omit`
/// (the enveloped-signature transform).
///
/// # Errors
/// `c14n.failed` for an inherited xml:base under Canonical XML 1.1, which would have to be joined; `xml.limit_namespaces`
/// when declarations that stand in the document once have to be written out too often.
pub(crate) fn canonicalize<'d>(
    apex: Node<'d>,
    omit: Option<Node<'d>>,
    method: &Method<'d>,
    sink: &mut impl Sink,
) -> Result<(), Rejection> {
    if method.rule == Rule::Inclusive11
        && inherited_xml_attributes(apex).any(|attribute| attribute.local_name() == "base")
    {
        return Err(Rejection::new(Reference::C14nFailed).at(apex.place()));
    }
    let mut writer = Canonicalizer {
        apex,
        method,
        sink,
        run: "",
        rendered: Vec::new(),
        open: Vec::new(),
        declarations: Vec::new(),
        attributes: Vec::new(),
        spare: apex.document().octets().len().saturating_mul(MOST_EXPANSION),
    };
    let mut next = Some(apex);
    while let Some(node) = next.filter(|node| node.order() < apex.order_behind()) {
        writer.close_before(node.order());
        if Some(node) == omit {
            next = node.following();
            continue;
        }
        if let Some(text) = writer.as_written(node, omit) {
            writer.copy(text);
            next = node.following();
            continue;
        }
        match node.as_text() {
            Some(text) => writer.text(text),
            None => writer.start_tag(node)?,
        }
        next = node.next();
    }
    writer.close_before(apex.order_behind());
    writer.flush();
    Ok(())
}

struct Canonicalizer<'m, 'd, S> {
    apex: Node<'d>,
    method: &'m Method<'d>,
    sink: &'m mut S,
    /// Part of the source that is canonical as it stands and has not been written yet: identity providers send mostly what
    /// they have signed.
    run: &'d str,
    /// The declarations written on the elements that are open, outermost first.
    rendered: Vec<(&'d str, NamespaceId)>,
    open: Vec<Open<'d>>,
    /// Scratch space of [`Canonicalizer::start_tag`].
    declarations: Vec<(&'d str, NamespaceId)>,
    attributes: Vec<Attribute<'d>>,
    /// How many more octets declarations may take: a long name, declared once on an ancestor, is written again for each
    /// of the elements beside one another that use it.
    spare: usize,
}

struct Open<'d> {
    element: Node<'d>,
    /// How many declarations were written outside it.
    rendered: usize,
}

impl<'d, S: Sink> Canonicalizer<'_, 'd, S> {
    fn start_tag(&mut self, element: Node<'d>) -> Result<(), Rejection> {
        self.open.push(Open { element, rendered: self.rendered.len() });
        self.collect_declarations(element);
        match element.canonical_start_tag().filter(|_| self.declares_as_written(element) && !self.inherits(element)) {
            Some(tag) => self.copy(tag),
            None => self.write_start_tag(element)?,
        }
        self.rendered.extend_from_slice(&self.declarations);
        Ok(())
    }

    /// The whole of an element, if it is canonical as it stands: nothing is declared in it, so that no rule writes another
    /// declaration than that of its one prefix.
    fn as_written(&self, element: Node<'d>, omit: Option<Node<'d>>) -> Option<&'d str> {
        let text = element.verbatim()?;
        let declared = element != self.apex && self.in_force(element.prefix()) == element.namespace_id();
        (declared && omit.is_none_or(|omit| !omit.is_within(element))).then_some(text)
    }

    /// Whether the declarations to write are those of the element, in its order.
    fn declares_as_written(&self, element: Node<'d>) -> bool {
        let declared = element.declarations().map(|declaration| (declaration.prefix, declaration.namespace));
        self.declarations.iter().copied().eq(declared)
    }

    /// Whether attributes of ancestors may have to be written.
    fn inherits(&self, element: Node<'d>) -> bool {
        element == self.apex && self.method.rule != Rule::Exclusive
    }

    fn write_start_tag(&mut self, element: Node<'d>) -> Result<(), Rejection> {
        self.flush();
        self.collect_attributes(element);
        self.sink.write(b"<");
        self.sink.write(element.qualified_name().as_bytes());
        let document = element.document();
        for (prefix, namespace) in &self.declarations {
            let name = document.namespace(*namespace);
            self.spare = self.spare.checked_sub(name.len()).ok_or_else(|| {
                Rejection::new(Limit::Namespaces).at(element.place()).finding("names that are written out too often")
            })?;
            self.sink.write(if prefix.is_empty() { b" xmlns" } else { b" xmlns:" });
            self.sink.write(prefix.as_bytes());
            self.sink.write(b"=\"");
            write_value(name, self.sink);
            self.sink.write(b"\"");
        }
        for attribute in &self.attributes {
            self.sink.write(b" ");
            self.sink.write(attribute.qualified_name().as_bytes());
            self.sink.write(b"=\"");
            write_value(attribute.value(), self.sink);
            self.sink.write(b"\"");
        }
        self.sink.write(b">");
        Ok(())
    }

    /// Ends the open elements that end before that place in the order of the document.
    fn close_before(&mut self, order: u32) {
        while let Some(open) = self.open.pop_if(|open| open.element.order_behind() <= order) {
            match open.element.canonical_end_tag() {
                Some(tag) => self.copy(tag),
                None => self.write_end_tag(open.element),
            }
            self.rendered.truncate(open.rendered);
        }
    }

    fn write_end_tag(&mut self, element: Node<'d>) {
        self.flush();
        self.sink.write(b"</");
        self.sink.write(element.qualified_name().as_bytes());
        self.sink.write(b">");
    }

    fn text(&mut self, text: &'d str) {
        if find_any(text.as_bytes(), SPECIAL_IN_TEXT).is_none() {
            return self.copy(text);
        }
        self.flush();
        write_escaped(text, SPECIAL_IN_TEXT, self.sink);
    }

    /// Writes what is canonical as it stands, together with what stands before and after it.
    fn copy(&mut self, text: &'d str) {
        self.run = self.apex.document().joined(self.run, text).unwrap_or_else(|| {
            self.sink.write(self.run.as_bytes());
            text
        });
    }

    fn flush(&mut self) {
        self.sink.write(std::mem::take(&mut self.run).as_bytes());
    }

    fn collect_declarations(&mut self, element: Node<'d>) {
        self.declarations.clear();
        match self.method.rule {
            Rule::Exclusive => self.collect_visibly_used(element),
            Rule::Inclusive10 | Rule::Inclusive11 => self.collect_in_scope(element),
        }
        self.declarations.sort_unstable_by_key(|(prefix, _)| *prefix);
    }

    /// Exclusive C14N §3: the prefixes used in names here, and those of the prefix list as far as
    /// this element (or, for the apex, an ancestor) declares them.
    fn collect_visibly_used(&mut self, element: Node<'d>) {
        self.want(element.prefix(), element.namespace_id());
        for attribute in element.attributes() {
            if attribute.namespace_id() != NamespaceId::NONE {
                self.want(attribute.prefix(), attribute.namespace_id());
            }
        }
        if !self.method.inclusive_prefixes.is_empty() {
            self.collect_declared(element, |prefixes, prefix| prefixes.contains(&prefix));
        }
    }

    /// Canonical XML §2.3: every namespace in scope, minus what an ancestor in the output has written.
    fn collect_in_scope(&mut self, element: Node<'d>) {
        self.collect_declared(element, |_, _| true);
    }

    fn collect_declared(&mut self, element: Node<'d>, admits: fn(&[&str], &str) -> bool) {
        let mut declaring = Some(element);
        let mut seen: Vec<&str> = Vec::new();
        while let Some(current) = declaring {
            for declaration in current.declarations() {
                if admits(&self.method.inclusive_prefixes, declaration.prefix) && !seen.contains(&declaration.prefix) {
                    seen.push(declaration.prefix);
                    self.want(declaration.prefix, declaration.namespace);
                }
            }
            declaring = if element == self.apex { current.parent() } else { None };
        }
    }

    /// Notes a declaration unless the output already has it in force.
    fn want(&mut self, prefix: &'d str, namespace: NamespaceId) {
        let wanted = namespace != NamespaceId::XML && namespace != self.in_force(prefix);
        if wanted && !self.declarations.iter().any(|(known, _)| *known == prefix) {
            self.declarations.push((prefix, namespace));
        }
    }

    /// What the prefix stands for in the output.
    fn in_force(&self, prefix: &str) -> NamespaceId {
        let rendered = self.rendered.iter().rev().find(|(known, _)| *known == prefix);
        rendered.map_or(NamespaceId::NONE, |(_, namespace)| *namespace)
    }

    fn collect_attributes(&mut self, element: Node<'d>) {
        self.attributes.clear();
        self.attributes.extend(element.attributes());
        if self.inherits(element) {
            self.inherit_xml_attributes(element);
        }
        self.attributes.sort_unstable_by(|one, next| {
            let same = one.namespace_id() == next.namespace_id();
            let namespaces = if same { Ordering::Equal } else { one.namespace().cmp(next.namespace()) };
            namespaces.then_with(|| one.local_name().cmp(next.local_name()))
        });
    }

    /// Canonical XML 1.0 §2.4 imports every `xml:` attribute of the ancestors, 1.1 §2.4 only
    /// xml:lang and xml:space.
    fn inherit_xml_attributes(&mut self, apex: Node<'d>) {
        for inherited in inherited_xml_attributes(apex) {
            let heritable = self.method.rule == Rule::Inclusive10 || matches!(inherited.local_name(), "lang" | "space");
            let is_same = |own: &Attribute<'_>| {
                own.namespace_id() == NamespaceId::XML && own.local_name() == inherited.local_name()
            };
            if heritable && !self.attributes.iter().any(is_same) {
                self.attributes.push(inherited);
            }
        }
    }
}

/// The `xml:` attributes of the ancestors, nearest first.
fn inherited_xml_attributes(apex: Node<'_>) -> impl Iterator<Item = Attribute<'_>> {
    std::iter::successors(apex.parent(), Node::parent)
        .flat_map(|ancestor| ancestor.attributes())
        .filter(|attribute| attribute.namespace() == XML_NAMESPACE)
}

/// What is replaced in a text node (Canonical XML §2.3).
const SPECIAL_IN_TEXT: [u8; 4] = *b"&<>\r";

/// Writes the value of an attribute (Canonical XML §2.3).
fn write_value(text: &str, sink: &mut impl Sink) {
    write_escaped(text, *b"&<\"\t\n\r", sink);
}

/// Writes text with the special characters replaced.
fn write_escaped<const N: usize>(text: &str, special: [u8; N], sink: &mut impl Sink) {
    let mut rest = text.as_bytes();
    while let Some(at) = find_any(rest, special) {
        let (before, found) = rest.split_at(at);
        sink.write(before);
        if let Some((byte, after)) = found.split_first() {
            sink.write(reference(*byte));
            rest = after;
        }
    }
    sink.write(rest);
}

fn reference(special: u8) -> &'static [u8] {
    match special {
        b'&' => b"&amp;",
        b'<' => b"&lt;",
        b'>' => b"&gt;",
        b'"' => b"&quot;",
        b'\t' => b"&#x9;",
        b'\n' => b"&#xA;",
        b'\r' => b"&#xD;",
        _ => b"",
    }
}
