//! The arena: a document is a few flat vectors, a node a copyable handle.
//!
//! Nodes stand in document order and know where their subtree ends, so that walking, skipping
//! and canonicalizing a subtree are loops over a range of indices: nothing here recurses, and
//! dropping a document is dropping vectors.

use super::chars::is_blank;
use crate::error::{Place, Rejection, Schema};

/// A run of characters of the source, or, past its end, of the decoded text.
#[derive(Clone, Copy, Default)]
pub(super) struct Span {
    pub(super) start: u32,
    pub(super) end: u32,
}

/// The index of an interned namespace name. 0 is "no namespace".
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct NamespaceId(pub(super) u32);

impl NamespaceId {
    /// An unprefixed name outside any default namespace.
    pub(crate) const NONE: Self = Self(0);
    /// The namespace of the prefix `xml`.
    pub(crate) const XML: Self = Self(1);
}

#[derive(Clone, Copy)]
pub(super) struct QName {
    pub(super) span: Span,
    /// The length of the prefix in bytes; 0 is no prefix.
    pub(super) prefix: u32,
    pub(super) namespace: NamespaceId,
}

impl QName {
    pub(super) fn prefix(self) -> Span {
        Span { start: self.span.start, end: self.span.start.saturating_add(self.prefix) }
    }

    pub(super) fn local(self) -> Span {
        let skip = if self.prefix == 0 { 0 } else { self.prefix.saturating_add(1) };
        Span { start: self.span.start.saturating_add(skip), end: self.span.end }
    }
}

pub(super) struct NodeData {
    pub(super) parent: u32,
    /// The index after the last descendant.
    pub(super) end: u32,
    /// Where the node begins in the source.
    pub(super) offset: u32,
    pub(super) content: Content,
}

pub(super) enum Content {
    Element {
        name: QName,
        attributes: Span,
        declarations: Span,
        /// Where the start tag ends, if Canonical XML spells it so, given that it writes the same declarations; else 0.
        tag_end: u32,
        /// Where the end tag begins, if Canonical XML spells it so; else 0.
        end_tag: u32,
        /// Where the source goes on behind the element.
        source_end: u32,
        /// Whether all of it is spelled as Canonical XML spells it where its prefix, the only one in it, is declared outside.
        verbatim: bool,
    },
    Text(Span),
}

pub(super) struct AttributeData {
    pub(super) name: QName,
    pub(super) value: Span,
}

#[derive(Clone, Copy)]
pub(super) struct DeclarationData {
    pub(super) prefix: Span,
    pub(super) namespace: NamespaceId,
}

/// A parsed document that owns its text. [`Document::parse`] and [`Document::parse_pasted`] are the
/// only ways to one.
pub(crate) struct Document {
    pub(super) source: String,
    pub(super) tree: Tree,
}

/// Everything of a document but its source.
pub(super) struct Tree {
    /// Text and attribute values that are not slices of the source.
    pub(super) decoded: String,
    pub(super) nodes: Vec<NodeData>,
    pub(super) attributes: Vec<AttributeData>,
    pub(super) declarations: Vec<DeclarationData>,
    pub(super) namespaces: Vec<Span>,
}

impl Document {
    /// The document element.
    pub(crate) fn root(&self) -> Node<'_> {
        Node { document: self, index: 0 }
    }

    /// What was parsed, with line ends normalized.
    pub(crate) fn octets(&self) -> &[u8] {
        self.source.as_bytes()
    }

    /// The attributes of all elements, in document order.
    pub(super) fn attributes(&self) -> impl Iterator<Item = Attribute<'_>> {
        self.tree.attributes.iter().map(|data| Attribute { document: self, data })
    }

    /// The name behind an interned namespace.
    pub(crate) fn namespace(&self, id: NamespaceId) -> &str {
        self.tree.namespaces.get(id.0 as usize).map_or("", |span| self.text(*span))
    }

    /// Two parts of the source as one, if the second begins where the first ends.
    pub(crate) fn joined<'d>(&'d self, first: &str, second: &str) -> Option<&'d str> {
        let start = (first.as_ptr() as usize).checked_sub(self.source.as_ptr() as usize)?;
        let middle = start.checked_add(first.len())?;
        let follows = second.as_ptr() as usize == (first.as_ptr() as usize).checked_add(first.len())?;
        if follows { self.source.get(start..middle.checked_add(second.len())?) } else { None }
    }

    pub(super) fn text(&self, span: Span) -> &str {
        slice(&self.source, &self.tree.decoded, span)
    }

    fn node(&self, index: u32) -> Option<Node<'_>> {
        self.tree.nodes.get(index as usize).map(|_| Node { document: self, index })
    }
}

/// The text of a span: spans that begin past the source lie in `decoded`.
#[inline]
pub(super) fn slice<'d>(source: &'d str, decoded: &'d str, span: Span) -> &'d str {
    let (start, end) = (span.start as usize, span.end as usize);
    let found = match start.checked_sub(source.len()) {
        None => source.get(start..end),
        Some(start) => decoded.get(start..end.saturating_sub(source.len())),
    };
    debug_assert!(found.is_some(), "a span outside its document");
    found.unwrap_or_default()
}

/// A handle on an element or a run of text.
#[derive(Clone, Copy)]
pub(crate) struct Node<'d> {
    document: &'d Document,
    index: u32,
}

impl PartialEq for Node<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.document, other.document) && self.index == other.index
    }
}

/// An attribute that is not a namespace declaration.
#[derive(Clone, Copy)]
pub(crate) struct Attribute<'d> {
    document: &'d Document,
    data: &'d AttributeData,
}

/// A namespace declaration; an empty prefix is the default namespace.
#[derive(Clone, Copy)]
pub(crate) struct Declaration<'d> {
    pub(crate) prefix: &'d str,
    pub(crate) namespace: NamespaceId,
}

impl<'d> Node<'d> {
    /// The document that holds this node.
    pub(crate) fn document(&self) -> &'d Document {
        self.document
    }

    /// The element that holds this node; none for the document element.
    pub(crate) fn parent(&self) -> Option<Node<'d>> {
        let parent = self.data()?.parent;
        if parent == self.index { None } else { self.document.node(parent) }
    }

    /// The run of characters, if this is text.
    pub(crate) fn as_text(&self) -> Option<&'d str> {
        match self.data()?.content {
            Content::Text(span) => Some(self.document.text(span)),
            Content::Element { .. } => None,
        }
    }

    /// Whether this is an element.
    pub(crate) fn is_element(&self) -> bool {
        matches!(self.data().map(|data| &data.content), Some(Content::Element { .. }))
    }

    /// Whether this is the element of that expanded name.
    pub(crate) fn is(&self, namespace: &str, local: &str) -> bool {
        self.name().is_some_and(|name| has_text(self.document, name.local(), local)) && self.namespace() == namespace
    }

    /// The namespace name; empty for none and for text.
    pub(crate) fn namespace(&self) -> &'d str {
        self.document.namespace(self.namespace_id())
    }

    /// The interned namespace.
    pub(crate) fn namespace_id(&self) -> NamespaceId {
        self.name().map_or(NamespaceId::NONE, |name| name.namespace)
    }

    /// The local part of the element's name.
    pub(crate) fn local_name(&self) -> &'d str {
        self.name().map_or("", |name| local_part(self.document, name))
    }

    /// The prefix as written.
    pub(crate) fn prefix(&self) -> &'d str {
        self.name().map_or("", |name| prefix_part(self.document, name))
    }

    /// The name as written, prefix and all.
    pub(crate) fn qualified_name(&self) -> &'d str {
        self.name().map_or("", |name| self.document.text(name.span))
    }

    /// The value of the attribute of that name in no namespace.
    pub(crate) fn attribute(&self, local: &str) -> Option<&'d str> {
        self.attributes().find(|attribute| attribute.is_plain(local)).map(|attribute| attribute.value())
    }

    /// The value of the attribute of that expanded name.
    pub(crate) fn attribute_ns(&self, namespace: &str, local: &str) -> Option<&'d str> {
        let matches = |attribute: &Attribute<'_>| attribute.namespace() == namespace && attribute.local_name() == local;
        self.attributes().find(matches).map(|attribute| attribute.value())
    }

    /// The attributes in document order, without namespace declarations.
    pub(crate) fn attributes(&self) -> impl Iterator<Item = Attribute<'d>> + use<'d> {
        let document = self.document;
        let span = match self.data().map(|data| &data.content) {
            Some(Content::Element { attributes, .. }) => *attributes,
            _ => Span::default(),
        };
        let range = document.tree.attributes.get(span.start as usize..span.end as usize).unwrap_or_default();
        range.iter().map(move |data| Attribute { document, data })
    }

    /// The namespace declarations of this element itself.
    pub(crate) fn declarations(&self) -> impl Iterator<Item = Declaration<'d>> + use<'d> {
        let document = self.document;
        let span = match self.data().map(|data| &data.content) {
            Some(Content::Element { declarations, .. }) => *declarations,
            _ => Span::default(),
        };
        let range = document.tree.declarations.get(span.start as usize..span.end as usize).unwrap_or_default();
        range.iter().map(move |data| Declaration { prefix: document.text(data.prefix), namespace: data.namespace })
    }

    /// Child elements and text in document order.
    pub(crate) fn children(&self) -> impl Iterator<Item = Node<'d>> + use<'d> {
        let end = self.subtree_end();
        let document = self.document;
        let mut next = self.index.saturating_add(1);
        std::iter::from_fn(move || {
            let child = document.node(next).filter(|_| next < end)?;
            next = child.subtree_end();
            Some(child)
        })
    }

    /// Child elements in document order.
    pub(crate) fn elements(&self) -> impl Iterator<Item = Node<'d>> + use<'d> {
        self.children().filter(Node::is_element)
    }

    /// This node and everything below it in document order.
    pub(crate) fn subtree(&self) -> impl Iterator<Item = Node<'d>> + use<'d> {
        let document = self.document;
        (self.index..self.subtree_end()).filter_map(move |index| document.node(index))
    }

    /// The node after this one's subtree in document order, wherever it stands.
    pub(crate) fn following(&self) -> Option<Node<'d>> {
        self.document.node(self.subtree_end())
    }

    /// The next node in document order, into the subtree.
    pub(crate) fn next(&self) -> Option<Node<'d>> {
        self.document.node(self.index.saturating_add(1))
    }

    /// The place in the order of the document.
    pub(crate) fn order(&self) -> u32 {
        self.index
    }

    /// The place of whatever comes behind this one's subtree.
    pub(crate) fn order_behind(&self) -> u32 {
        self.subtree_end()
    }

    /// Whether this node is the other or lies below it.
    pub(crate) fn is_within(&self, ancestor: Node<'_>) -> bool {
        std::ptr::eq(self.document, ancestor.document) && (ancestor.index..ancestor.subtree_end()).contains(&self.index)
    }

    /// The whole content of an element that may hold characters only.
    ///
    /// Neighbouring text, references and (in metadata) CDATA sections are one run in this tree, so
    /// that there is no "first text node" to mistake for the value.
    ///
    /// # Errors
    /// `schema.text` when there is an element inside.
    pub(crate) fn text_content(&self) -> Result<&'d str, Rejection> {
        match self.elements().next() {
            Some(child) => Err(Rejection::new(Schema::Text).at(child.place()).finding(child.qualified_name())),
            None => Ok(self.children().next().and_then(|child| child.as_text()).unwrap_or_default()),
        }
    }

    /// Whether characters other than white space stand between the child elements.
    pub(crate) fn has_mixed_content(&self) -> bool {
        self.children().any(|child| child.as_text().is_some_and(|text| !is_blank(text)))
    }

    /// Where the node begins in the source, in bytes.
    pub(crate) fn offset(&self) -> usize {
        self.data().map_or(0, |data| data.offset as usize)
    }

    /// Where the source goes on behind the element, in bytes; none for text.
    pub(crate) fn source_end(&self) -> Option<usize> {
        match self.data()?.content {
            Content::Element { source_end, .. } => Some(source_end as usize),
            Content::Text(_) => None,
        }
    }

    /// The start tag as written, if Canonical XML spells it so, given that it has to write these declarations in this order.
    pub(crate) fn canonical_start_tag(&self) -> Option<&'d str> {
        let data = self.data()?;
        match data.content {
            Content::Element { tag_end: 0, .. } | Content::Text(_) => None,
            Content::Element { tag_end, .. } => self.document.source.get(data.offset as usize..tag_end as usize),
        }
    }

    /// The end tag as written, if Canonical XML spells it so.
    pub(crate) fn canonical_end_tag(&self) -> Option<&'d str> {
        match self.data()?.content {
            Content::Element { end_tag: 0, .. } | Content::Text(_) => None,
            Content::Element { end_tag, source_end, .. } => {
                self.document.source.get(end_tag as usize..source_end as usize)
            }
        }
    }

    /// All of the element as written, if Canonical XML spells it so wherever it need not declare the element's prefix.
    pub(crate) fn verbatim(&self) -> Option<&'d str> {
        let data = self.data()?;
        match data.content {
            Content::Element { verbatim: true, source_end, .. } => {
                self.document.source.get(data.offset as usize..source_end as usize)
            }
            Content::Element { .. } | Content::Text(_) => None,
        }
    }

    /// Where the node stands, for a report.
    pub(crate) fn place(&self) -> Place {
        let mut names = Vec::new();
        let mut node = Some(*self);
        while let Some(current) = node {
            if current.is_element() {
                names.push(current.qualified_name());
            }
            node = current.parent();
        }
        Place::in_source(&self.document.source, self.offset(), names.into_iter().rev())
    }

    fn subtree_end(&self) -> u32 {
        self.data().map_or(self.index, |data| data.end)
    }

    fn data(&self) -> Option<&'d NodeData> {
        self.document.tree.nodes.get(self.index as usize)
    }

    fn name(&self) -> Option<QName> {
        match self.data()?.content {
            Content::Element { name, .. } => Some(name),
            Content::Text(_) => None,
        }
    }
}

impl PartialEq for Attribute<'_> {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.data, other.data)
    }
}

impl<'d> Attribute<'d> {
    /// The namespace name; empty for an unprefixed attribute.
    pub(crate) fn namespace(&self) -> &'d str {
        self.document.namespace(self.data.name.namespace)
    }

    /// The interned namespace.
    pub(crate) fn namespace_id(&self) -> NamespaceId {
        self.data.name.namespace
    }

    /// The local part of the name.
    pub(crate) fn local_name(&self) -> &'d str {
        local_part(self.document, self.data.name)
    }

    /// The prefix as written.
    pub(crate) fn prefix(&self) -> &'d str {
        prefix_part(self.document, self.data.name)
    }

    /// The name as written.
    pub(crate) fn qualified_name(&self) -> &'d str {
        self.document.text(self.data.name.span)
    }

    /// The value, normalised (XML 1.0 §3.3.3) and with references resolved.
    pub(crate) fn value(&self) -> &'d str {
        self.document.text(self.data.value)
    }

    /// Whether this is the unprefixed attribute of that name.
    pub(crate) fn is_plain(&self, local: &str) -> bool {
        self.data.name.prefix == 0 && has_text(self.document, self.data.name.span, local)
    }
}

/// Whether that stands there. Most of what is asked about differs in length.
fn has_text(document: &Document, span: Span, text: &str) -> bool {
    span.end.saturating_sub(span.start) as usize == text.len() && document.text(span) == text
}

fn prefix_part(document: &Document, name: QName) -> &str {
    document.text(name.prefix())
}

fn local_part(document: &Document, name: QName) -> &str {
    document.text(name.local())
}
