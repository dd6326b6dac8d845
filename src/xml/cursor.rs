//! Reading an element so that nothing in it goes unread.

use super::XSI_NAMESPACE;
use super::tree::{NamespaceId, Node};
use crate::error::{Rejection, Schema};

/// Walks the children of an element in order; [`Cursor::finish`] refuses what was not asked for.
///
/// Order and cardinality follow from the order of the calls: a child that is not taken stays in
/// front and fails the next demand, or the end.
pub(crate) struct Cursor<'d> {
    element: Node<'d>,
    next: Option<Node<'d>>,
    /// The attributes asked for so far, a bit each by their order; no type has as many as there are bits.
    attributes: u64,
    /// The names of children asked for in vain while there still were some.
    children: Vec<(&'static str, &'static str)>,
    foreign: Foreign,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Foreign {
    Refused,
    Ignored,
}

impl<'d> Cursor<'d> {
    /// # Errors
    /// `schema.text` when characters stand between the children.
    #[inline]
    pub(crate) fn new(element: Node<'d>) -> Result<Self, Rejection> {
        if element.has_mixed_content() {
            return Err(Rejection::new(Schema::Text).at(element.place()));
        }
        Ok(Self {
            element,
            next: element.elements().next(),
            attributes: 0,
            children: Vec::new(),
            foreign: Foreign::Refused,
        })
    }

    /// Reads an element that holds characters only: the cursor is for its attributes.
    ///
    /// # Errors
    /// `schema.text` when an element is inside.
    pub(crate) fn of_text(element: Node<'d>) -> Result<(Self, &'d str), Rejection> {
        let text = element.text_content()?;
        let cursor = Self { element, next: None, attributes: 0, children: Vec::new(), foreign: Foreign::Refused };
        Ok((cursor, text))
    }

    /// For types with `anyAttribute namespace="##other"`: attributes of other namespaces are not read.
    pub(crate) fn ignoring_foreign_attributes(mut self) -> Self {
        self.foreign = Foreign::Ignored;
        self
    }

    /// The element being read.
    pub(crate) fn element(&self) -> Node<'d> {
        self.element
    }

    /// The value of an optional attribute.
    pub(crate) fn attribute(&mut self, name: &'static str) -> Option<&'d str> {
        let (at, attribute) = (0..).zip(self.element.attributes()).find(|(_, attribute)| attribute.is_plain(name))?;
        self.attributes |= 1_u64.checked_shl(at).unwrap_or_default();
        Some(attribute.value())
    }

    /// The value of a required attribute.
    ///
    /// # Errors
    /// `schema.missing`.
    pub(crate) fn required_attribute(&mut self, name: &'static str) -> Result<&'d str, Rejection> {
        self.attribute(name).ok_or_else(|| self.missing(name))
    }

    /// The next child, if it is that element.
    pub(crate) fn take(&mut self, namespace: &'static str, name: &'static str) -> Option<Node<'d>> {
        let node = self.next?;
        if node.is(namespace, name) {
            return Some(self.advance(node));
        }
        if !self.children.contains(&(namespace, name)) {
            self.children.push((namespace, name));
        }
        None
    }

    /// The next child, which must be that element.
    ///
    /// # Errors
    /// `schema.missing`, or what [`Cursor::finish`] says of the child in its place.
    pub(crate) fn expect(&mut self, namespace: &'static str, name: &'static str) -> Result<Node<'d>, Rejection> {
        match self.take(namespace, name) {
            Some(node) => Ok(node),
            None if self.element.elements().any(|child| child.is(namespace, name)) => Err(self.unexpected()),
            None => Err(self.missing(name)),
        }
    }

    /// The next child, whatever it is.
    pub(crate) fn take_any(&mut self) -> Option<Node<'d>> {
        let node = self.next?;
        Some(self.advance(node))
    }

    /// The next child without taking it.
    pub(crate) fn peek(&self) -> Option<Node<'d>> {
        self.next
    }

    /// Ends the reading.
    ///
    /// # Errors
    /// `schema.element`, `schema.cardinality`, `schema.order`, `schema.foreign_namespace` for a child that
    /// was not taken; `schema.attribute` for an attribute that was not asked for.
    pub(crate) fn finish(self) -> Result<(), Rejection> {
        if self.next.is_some() {
            return Err(self.unexpected());
        }
        for (at, attribute) in (0..).zip(self.element.attributes()) {
            let known = match attribute.namespace_id() {
                NamespaceId::NONE => self.attributes.checked_shr(at).is_some_and(|asked| asked & 1 == 1),
                NamespaceId::XML => false,
                _ if attribute.namespace() == XSI_NAMESPACE => true,
                namespace => self.foreign == Foreign::Ignored && namespace != self.element.namespace_id(),
            };
            if !known {
                return Err(Rejection::new(Schema::Attribute)
                    .at(self.element.place())
                    .finding(attribute.qualified_name()));
            }
        }
        Ok(())
    }

    fn advance(&mut self, node: Node<'d>) -> Node<'d> {
        let mut following = node.following();
        while let Some(text) = following.filter(|node| !node.is_element()) {
            following = text.following();
        }
        let end = self.element.order_behind();
        self.next = following.filter(|node| node.order() < end);
        node
    }

    fn missing(&self, name: &str) -> Rejection {
        Rejection::new(Schema::Missing).at(self.element.place()).expecting(name)
    }

    /// Why the next child can't stand here.
    fn unexpected(&self) -> Rejection {
        let Some(node) = self.next else { return self.missing("another element") };
        let (namespace, local) = (node.namespace(), node.local_name());
        let comes_earlier =
            self.element.elements().take_while(|other| *other != node).any(|other| other.is(namespace, local));
        let reason = match self.children.contains(&(namespace, local)) {
            _ if comes_earlier => Schema::Cardinality,
            true => Schema::Order,
            false if namespace == self.element.namespace() => Schema::Element,
            false => Schema::ForeignNamespace,
        };
        Rejection::new(reason).at(node.place()).finding(node.qualified_name())
    }
}
