//! Start and end tags: names, namespaces, attributes.

use super::chars;
use super::parse::{Binding, Builder, Open, Parsed, index};
use super::tag::{Attributes, Name, RawAttribute};
use super::tree::{AttributeData, Content, DeclarationData, NamespaceId, QName, Span};
use super::{XML_NAMESPACE, XMLNS_NAMESPACE};
use crate::error::{Limit, Namespace, Xml};

/// The namespaces that every document has without declaring them, `NONE` and `XML`.
const PREDEFINED: usize = 2;

/// The default namespace holds for elements, not for attributes.
#[derive(Clone, Copy)]
enum NamespaceUse {
    Element,
    Attribute,
}

impl<'s> Builder<'s> {
    pub(super) fn start_tag(&mut self, tag: &'s str) -> Parsed<()> {
        self.flush_text()?;
        if self.open.is_empty() && !self.tree.nodes.is_empty() {
            return Err(self.fail(Xml::MultipleRoots));
        }
        if self.open.len() >= self.limits.depth() {
            return Err(self.limit(Limit::Depth, self.limits.depth()));
        }
        let (name, rest) = Name::read(tag, chars::is_white_space);
        let mut raw = std::mem::take(&mut self.raw_attributes);
        raw.clear();
        self.read_attributes(rest, &mut raw)?;
        self.element(name, &raw)?;
        self.raw_attributes = raw;
        Ok(())
    }

    fn read_attributes(&self, rest: &'s str, raw: &mut Vec<RawAttribute<'s>>) -> Parsed<()> {
        let mut attributes = Attributes::new(rest);
        while let Some(attribute) = attributes.next().map_err(|reason| self.fail(reason))? {
            if raw.len() >= self.limits.attributes() {
                return Err(self.limit(Limit::Attributes, self.limits.attributes()));
            }
            if raw.iter().any(|earlier| earlier.name.text == attribute.name.text) {
                return Err(self.fail(Namespace::DuplicateAttribute).finding(attribute.name.text));
            }
            raw.push(attribute);
        }
        Ok(())
    }

    fn element(&mut self, name: Name<'s>, raw: &[RawAttribute<'s>]) -> Parsed<()> {
        let bindings = self.bindings.len();
        let declarations = self.declare(raw)?;
        let name = self.qname(name, NamespaceUse::Element)?;
        let attributes = self.bind_attributes(raw)?;
        let node = index(self.tree.nodes.len());
        let parent = self.open.last().map_or(node, |open| open.node);
        let source_end = self.end_position();
        let tag_end = if self.is_canonical(raw, name) && self.are_in_order(attributes) { source_end } else { 0 };
        let end_tag = 0;
        let content =
            Content::Element { name, attributes, declarations, tag_end, end_tag, source_end, verbatim: false };
        self.push(parent, self.position(), content)?;
        let verbatim =
            tag_end > 0 && raw.iter().all(|attribute| attribute.name.prefix == Some(0) && attribute.declares.is_none());
        self.open.push(Open { node, bindings, verbatim });
        Ok(())
    }

    /// Whether the tag at hand is `<name a="b">`, nothing else between, and its declarations come first.
    fn is_canonical(&self, raw: &[RawAttribute<'_>], name: QName) -> bool {
        let end = raw.last().map_or(name.span.end, |last| self.span_of(last.value).end.saturating_add(1));
        end.saturating_add(1) == self.end_position()
            && raw.iter().all(|attribute| attribute.canonical && attribute.declares != Some("xml"))
            && raw.is_sorted_by_key(|attribute| attribute.declares.is_none())
    }

    /// Whether the attributes certainly stand in the order of Canonical XML §2.2. Of several, prefixed ones are not looked at.
    fn are_in_order(&self, attributes: Span) -> bool {
        let attributes =
            self.tree.attributes.get(attributes.start as usize..attributes.end as usize).unwrap_or_default();
        attributes.len() < 2
            || attributes.iter().all(|attribute| attribute.name.prefix == 0)
                && attributes.is_sorted_by_key(|attribute| self.str(attribute.name.span))
    }

    /// First pass over the attributes: the namespace declarations, since they hold for the whole tag.
    fn declare(&mut self, raw: &[RawAttribute<'s>]) -> Parsed<Span> {
        let start = index(self.tree.declarations.len());
        for attribute in raw {
            let Some(prefix) = attribute.declares else { continue };
            self.check_name(attribute.name)?;
            let value = self.attribute_value(attribute)?;
            self.check_binding(prefix, value)?;
            if prefix == "xml" {
                continue;
            }
            let namespace = self.intern(value)?;
            self.tree.declarations.push(DeclarationData { prefix: self.span_of(prefix), namespace });
            self.bindings.push(Binding { prefix, namespace });
        }
        if self.bindings.len() > self.limits.namespaces() {
            return Err(self.limit(Limit::Namespaces, self.limits.namespaces()));
        }
        Ok(Span { start, end: index(self.tree.declarations.len()) })
    }

    /// Namespaces in XML 1.0 §2.2 and §3.
    fn check_binding(&self, prefix: &str, value: Span) -> Parsed<()> {
        let uri = self.str(value);
        let reason = match (prefix, uri) {
            ("xml", XML_NAMESPACE) | ("", "") => return Ok(()),
            ("xml" | "xmlns", _) | (_, XML_NAMESPACE | XMLNS_NAMESPACE) => Namespace::ReservedPrefix,
            (_, "") => Namespace::PrefixUndeclared,
            _ if !chars::is_absolute_uri(uri) => Namespace::NamespaceUri,
            _ => return Ok(()),
        };
        Err(self.fail(reason).finding(uri))
    }

    fn intern(&mut self, value: Span) -> Parsed<NamespaceId> {
        let uri = self.str(value);
        let known = self.tree.namespaces.iter().position(|span| self.str(*span) == uri);
        let at = known.unwrap_or(self.tree.namespaces.len());
        if known.is_none() {
            if at.saturating_sub(PREDEFINED) >= self.limits.namespaces() {
                return Err(self.limit(Limit::Namespaces, self.limits.namespaces()));
            }
            self.tree.namespaces.push(value);
        }
        Ok(NamespaceId(index(at)))
    }

    /// Second pass: the other attributes.
    fn bind_attributes(&mut self, raw: &[RawAttribute<'s>]) -> Parsed<Span> {
        let start = index(self.tree.attributes.len());
        for attribute in raw.iter().filter(|attribute| attribute.declares.is_none()) {
            let name = self.qname(attribute.name, NamespaceUse::Attribute)?;
            // That no two are spelled alike has been checked.
            if name.prefix > 0 && self.has_attribute(start, name) {
                return Err(self.fail(Namespace::DuplicateAttribute).finding(attribute.name.text));
            }
            let value = self.attribute_value(attribute)?;
            self.check_xml_attribute(name, value)?;
            self.tree.attributes.push(AttributeData { name, value });
        }
        Ok(Span { start, end: index(self.tree.attributes.len()) })
    }

    /// Whether an attribute from that index on has the expanded name.
    fn has_attribute(&self, start: u32, name: QName) -> bool {
        let earlier = self.tree.attributes.get(start as usize..).unwrap_or_default();
        earlier
            .iter()
            .any(|data| data.name.namespace == name.namespace && self.str(data.name.local()) == self.str(name.local()))
    }

    /// The values that xml:id and xml:space may have by their own specifications; xml:id in ASCII only,
    /// since parsers differ in the edition of XML that they check it by.
    fn check_xml_attribute(&self, name: QName, value: Span) -> Parsed<()> {
        if name.namespace != NamespaceId::XML {
            return Ok(());
        }
        let good = match self.str(name.local()) {
            "id" => self.str(value).is_ascii() && chars::is_ncname(self.str(value)),
            "space" => matches!(self.str(value), "default" | "preserve"),
            _ => true,
        };
        if good { Ok(()) } else { Err(self.fail(Xml::NotWellFormed).finding(self.str(name.span))) }
    }

    #[inline(always)]
    fn qname(&self, name: Name<'s>, usage: NamespaceUse) -> Parsed<QName> {
        let length = self.check_name(name)?;
        let name = name.text;
        let prefix = name.get(..length).unwrap_or_default();
        let namespace = match (prefix, usage) {
            ("", NamespaceUse::Attribute) => NamespaceId::NONE,
            ("xml", _) => NamespaceId::XML,
            ("xmlns", _) => return Err(self.fail(Namespace::ReservedPrefix).finding(name)),
            _ => match self.bindings.iter().rev().find(|binding| binding.prefix == prefix) {
                Some(binding) => binding.namespace,
                None if prefix.is_empty() => NamespaceId::NONE,
                None => return Err(self.fail(Namespace::UnboundPrefix).finding(name)),
            },
        };
        Ok(QName { span: self.span_of(name), prefix: index(length), namespace })
    }

    /// Checks the grammar of a name and gives the length of its prefix.
    fn check_name(&self, name: Name<'_>) -> Parsed<usize> {
        if name.text.len() > chars::LONGEST_NAME {
            return Err(self.fail(Limit::Size).expecting(format!("names of at most {} bytes", chars::LONGEST_NAME)));
        }
        name.prefix.ok_or_else(|| self.fail(Namespace::Name).finding(chars::leading_name(name.text)))
    }

    /// XML 1.0 §3.3.3 for CDATA attributes: there is no DTD to declare another type.
    fn attribute_value(&mut self, attribute: &RawAttribute<'s>) -> Parsed<Span> {
        let mut rest = attribute.value;
        if attribute.plain {
            return Ok(self.span_of(rest));
        }
        let start = self.decoded_end();
        while let Some(at) = rest.find(['&', '\t', '\n']) {
            let (before, special) = rest.split_at_checked(at).unwrap_or((rest, ""));
            self.tree.decoded.push_str(before);
            rest = match special.strip_prefix('&') {
                None => {
                    self.tree.decoded.push(' ');
                    special.get(1..).unwrap_or_default()
                }
                Some(reference) => {
                    let (name, after) = reference.split_once(';').ok_or_else(|| self.fail(Xml::NotWellFormed))?;
                    let c = self.resolve(name)?;
                    self.tree.decoded.push(c);
                    after
                }
            };
        }
        self.tree.decoded.push_str(rest);
        Ok(Span { start, end: self.decoded_end() })
    }

    pub(super) fn end_tag(&mut self, tag: &str) -> Parsed<()> {
        let found = tag.trim_end_matches(chars::WHITE_SPACE);
        match self.open.last() {
            None => Err(self.outside_root()),
            Some(open) if self.name_of(open) == found => {
                // Canonical XML writes no white space there.
                self.close(if found.len() == tag.len() { self.position() } else { 0 });
                Ok(())
            }
            Some(_) => Err(self.fail(Xml::NotWellFormed).finding(format!("</{}", chars::leading_name(found)))),
        }
    }

    /// Closes the innermost element, whose end tag begins there, if it is one of Canonical XML; else 0.
    pub(super) fn close(&mut self, canonical: u32) {
        let (end, behind) = (index(self.tree.nodes.len()), self.end_position());
        let Some(open) = self.open.pop() else { return };
        self.bindings.truncate(open.bindings);
        let Some(data) = self.tree.nodes.get_mut(open.node as usize) else { return };
        data.end = end;
        if let Content::Element { end_tag, source_end, verbatim, .. } = &mut data.content {
            (*end_tag, *source_end, *verbatim) = (canonical, behind, open.verbatim && canonical > 0);
        }
        self.carry_over(open.node);
    }

    /// An element is verbatim only if those inside are, and by the same prefix.
    fn carry_over(&mut self, child: u32) {
        let Some(parent) = self.open.last().filter(|parent| parent.verbatim) else { return };
        let content = |node: u32| self.tree.nodes.get(node as usize).map(|data| &data.content);
        let verbatim = match (content(parent.node), content(child)) {
            (
                Some(Content::Element { name: outer, .. }),
                Some(Content::Element { name: inner, verbatim: true, .. }),
            ) => self.str(outer.prefix()) == self.str(inner.prefix()),
            _ => false,
        };
        if !verbatim {
            self.not_verbatim();
        }
    }
}
