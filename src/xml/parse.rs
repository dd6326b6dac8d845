//! From characters to the arena, refusing whatever is not namespace-well-formed XML of our profile.
//!
//! quick-xml splits the source into markup and text; it is a tokenizer and lets much pass that is
//! not XML. Everything it leaves open is decided here: names, attributes, references, namespaces,
//! the single root, the prolog, the limits.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::chars::{self, is_blank};
use super::tag::{self, RawAttribute};
use super::tree::{AttributeData, Content, DeclarationData, Document, NamespaceId, NodeData, QName, Span, slice};
use super::{XML_NAMESPACE, XMLNS_NAMESPACE};
use crate::error::{Limit, Namespace, Place, Reason, Rejection, Signature, Xml};
use crate::limits::Limits;

/// What a document may hold besides elements and text.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) enum Profile {
    /// Neither comments nor processing instructions nor CDATA sections.
    Message,
    /// Comments are dropped and their neighbours joined, CDATA is text, processing instructions may
    /// stand in the prolog.
    Metadata,
}

impl Document {
    /// Reads octets: UTF-8, with at most one byte order mark, and declared as nothing else.
    ///
    /// # Errors
    /// Codes `xml.*`, `dsig.duplicate_id`.
    pub(crate) fn parse(octets: Vec<u8>, profile: Profile, limits: &Limits) -> Result<Self, Rejection> {
        match String::from_utf8(octets) {
            Ok(text) => Self::parse_text(text, profile, limits, DeclaredEncoding::Honoured),
            Err(error) => Err(Rejection::new(Xml::Encoding)
                .finding(format!("invalid UTF-8 at byte {}", error.utf8_error().valid_up_to()))),
        }
    }

    /// Reads characters that have been decoded already: a declared encoding says how the text once
    /// was stored and is ignored.
    ///
    /// # Errors
    /// As [`Document::parse`].
    pub(crate) fn parse_pasted(text: &str, profile: Profile, limits: &Limits) -> Result<Self, Rejection> {
        let text = text.trim_start_matches('\u{feff}').trim_matches(chars::WHITE_SPACE);
        Self::parse_text(text.to_owned(), profile, limits, DeclaredEncoding::Ignored)
    }

    fn parse_text(
        text: String,
        profile: Profile,
        limits: &Limits,
        encoding: DeclaredEncoding,
    ) -> Result<Self, Rejection> {
        if text.len() > limits.bytes() || u32::try_from(text.len()).is_err() {
            return Err(Rejection::new(Limit::Size)
                .expecting(format!("at most {} bytes", limits.bytes()))
                .finding(format!("{} bytes", text.len())));
        }
        let source = normalize_line_ends(text);
        if let Some(at) = chars::first_illegal(&source) {
            return Err(Rejection::new(Xml::InvalidChar).at(Place::in_source(&source, at, [])));
        }
        let start = prolog_start(&source, encoding)?;
        let mut builder = Builder::new(&source, profile, limits);
        builder.read(start)?;
        let Builder { decoded, nodes, attributes, declarations, namespaces, .. } = builder;
        let document = Self { decoded, nodes, attributes, declarations, namespaces, source };
        refuse_duplicate_ids(&document)?;
        Ok(document)
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum DeclaredEncoding {
    Honoured,
    Ignored,
}

/// XML 1.0 §2.11: done before parsing, so that a literal CR never reaches the tree and `&#13;` does.
fn normalize_line_ends(text: String) -> String {
    if text.contains('\r') { text.replace("\r\n", "\n").replace('\r', "\n") } else { text }
}

/// Checks byte order mark and XML declaration and says where the rest begins.
fn prolog_start(source: &str, encoding: DeclaredEncoding) -> Result<usize, Rejection> {
    let text = source.strip_prefix('\u{feff}').unwrap_or(source);
    let bom = source.len().saturating_sub(text.len());
    let refuse = |reason: Xml| Err(Rejection::new(reason).at(Place::in_source(source, bom, [])));
    if text.starts_with('\u{feff}') {
        return refuse(Xml::NotWellFormed);
    }
    let Some(rest) = text.strip_prefix("<?xml").filter(|rest| rest.starts_with(chars::WHITE_SPACE)) else {
        return Ok(bom);
    };
    let Some((declaration, rest)) = rest.split_once("?>") else { return refuse(Xml::XmlDecl) };
    match tag::read_declaration(declaration) {
        None => refuse(Xml::XmlDecl),
        Some(Some(name)) if encoding == DeclaredEncoding::Honoured && !name.eq_ignore_ascii_case("utf-8") => {
            refuse(Xml::Encoding)
        }
        Some(_) => Ok(source.len().saturating_sub(rest.len())),
    }
}

/// ID values may occur once, whatever spelling of "ID" carries them: nothing here looks an element
/// up by ID, but the host's other software may.
fn refuse_duplicate_ids(document: &Document) -> Result<(), Rejection> {
    let is_id = |data: &&AttributeData| {
        let name = document.text(data.name.span);
        name.len() >= 2
            && name.get(name.len().saturating_sub(2)..).is_some_and(|end| end.eq_ignore_ascii_case("id"))
            && matches!(name.rsplit(':').next(), Some(local) if local.len() == 2 || local == "AssertionID")
    };
    let mut ids: Vec<&str> =
        document.attributes.iter().filter(is_id).map(|data| chars::trim(document.text(data.value))).collect();
    ids.sort_unstable();
    match ids.windows(2).find(|pair| pair.first() == pair.last()) {
        Some(pair) => Err(Rejection::new(Signature::DuplicateId).finding(pair.first().copied().unwrap_or_default())),
        None => Ok(()),
    }
}

/// An element whose end tag has not come yet.
struct Open {
    node: u32,
    /// How many bindings were in scope outside it.
    bindings: usize,
}

/// Characters seen since the last tag: one run, however many events it took.
#[derive(Clone, Copy)]
enum Pending {
    Nothing,
    Source { start: u32, end: u32 },
    Decoded { start: u32, offset: u32 },
}

struct Builder<'s> {
    source: &'s str,
    profile: Profile,
    limits: &'s Limits,
    decoded: String,
    nodes: Vec<NodeData>,
    attributes: Vec<AttributeData>,
    declarations: Vec<DeclarationData>,
    namespaces: Vec<Span>,
    open: Vec<Open>,
    bindings: Vec<DeclarationData>,
    pending: Pending,
    /// Where the event at hand begins.
    at: usize,
}

type Parsed<T> = Result<T, Rejection>;

impl<'s> Builder<'s> {
    fn new(source: &'s str, profile: Profile, limits: &'s Limits) -> Self {
        let mut builder = Self {
            source,
            profile,
            limits,
            decoded: String::new(),
            nodes: Vec::with_capacity(source.len() / 40),
            attributes: Vec::with_capacity(source.len() / 80),
            declarations: Vec::with_capacity(16),
            namespaces: Vec::with_capacity(16),
            open: Vec::with_capacity(16),
            bindings: Vec::with_capacity(16),
            pending: Pending::Nothing,
            at: 0,
        };
        // NamespaceId::NONE and NamespaceId::XML.
        builder.namespaces.push(Span::default());
        let xml = builder.decode(XML_NAMESPACE);
        builder.namespaces.push(xml);
        builder
    }

    fn read(&mut self, start: usize) -> Parsed<()> {
        let text = self.source.get(start..).unwrap_or_default();
        let mut reader = Reader::from_str(text);
        reader.config_mut().check_end_names = false; // compared to the letter in end_tag
        self.at = start;
        loop {
            let event =
                reader.read_event().map_err(|error| self.fail(Xml::NotWellFormed).finding(error.to_string()))?;
            let end = start.saturating_add(usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX));
            let raw = self.source.get(self.at..end).unwrap_or_default();
            match event {
                Event::Start(_) => self.start_tag(markup(raw, "<", ">"))?,
                Event::Empty(_) => {
                    self.start_tag(markup(raw, "<", "/>"))?;
                    self.close();
                }
                Event::End(_) => self.end_tag(markup(raw, "</", ">"))?,
                Event::Text(_) => self.text(raw)?,
                Event::GeneralRef(_) => self.reference(markup(raw, "&", ";"))?,
                Event::CData(_) => self.cdata(markup(raw, "<![CDATA[", "]]>"))?,
                Event::Comment(_) => self.comment(markup(raw, "<!--", "-->"))?,
                Event::Decl(_) => return Err(self.fail(Xml::XmlDecl)),
                Event::PI(_) => self.processing_instruction(markup(raw, "<?", "?>"))?,
                Event::DocType(_) => return Err(self.fail(Xml::Doctype)),
                Event::Eof => return self.finish(),
            }
            self.at = end;
        }
    }

    fn finish(&mut self) -> Parsed<()> {
        if !self.open.is_empty() || self.nodes.is_empty() {
            return Err(self.fail(Xml::NotWellFormed).finding("end of input"));
        }
        Ok(())
    }

    fn start_tag(&mut self, tag: Option<&'s str>) -> Parsed<()> {
        let tag = tag.ok_or_else(|| self.fail(Xml::NotWellFormed))?;
        self.flush_text()?;
        if self.open.is_empty() && !self.nodes.is_empty() {
            return Err(self.fail(Xml::MultipleRoots));
        }
        if self.open.len() >= self.limits.depth() {
            return Err(self.limit(Limit::Depth, self.limits.depth()));
        }
        let (name, rest) = tag.split_at_checked(tag.find(chars::WHITE_SPACE).unwrap_or(tag.len())).unwrap_or((tag, ""));
        let raw = tag::read_attributes(rest, self.limits.attributes()).map_err(|reason| self.fail(reason))?;
        self.open.push(Open { node: index(self.nodes.len()), bindings: self.bindings.len() });
        let declarations = self.declare(&raw)?;
        let name = self.qname(name, NamespaceUse::Element)?;
        let attributes = self.bind_attributes(&raw)?;
        self.push(Content::Element { name, attributes, declarations })
    }

    /// First pass over the attributes: the namespace declarations, since they hold for the whole tag.
    fn declare(&mut self, raw: &[RawAttribute<'s>]) -> Parsed<Span> {
        let start = index(self.declarations.len());
        for attribute in raw {
            let prefix = match attribute.name.split_once(':') {
                None if attribute.name == "xmlns" => "",
                Some(("xmlns", prefix)) => prefix,
                _ => continue,
            };
            let value = self.attribute_value(attribute.value)?;
            self.check_binding(prefix, value)?;
            if prefix == "xml" {
                continue;
            }
            let namespace = self.intern(value)?;
            let earlier = self.declarations.get(start as usize..).unwrap_or_default();
            if earlier.iter().any(|data| self.str(data.prefix) == prefix) {
                return Err(self.fail(Namespace::DuplicateAttribute).finding(attribute.name));
            }
            let declaration = DeclarationData { prefix: self.span_of(prefix), namespace };
            self.declarations.push(declaration);
            self.bindings.push(declaration);
        }
        if self.bindings.len() > self.limits.namespaces() {
            return Err(self.limit(Limit::Namespaces, self.limits.namespaces()));
        }
        Ok(Span { start, end: index(self.declarations.len()) })
    }

    /// Namespaces in XML 1.0 §2.2 and §3.
    fn check_binding(&self, prefix: &str, value: Span) -> Parsed<()> {
        let uri = self.str(value);
        let reason = match (prefix, uri) {
            ("xml", XML_NAMESPACE) => return Ok(()),
            ("xml" | "xmlns", _) | (_, XML_NAMESPACE | XMLNS_NAMESPACE) => Namespace::ReservedPrefix,
            ("", "") => return Ok(()),
            (_, "") => Namespace::PrefixUndeclared,
            _ if !prefix.is_empty() && !chars::is_ncname(prefix) => {
                return Err(self.fail(Namespace::Name).finding(prefix));
            }
            _ if !chars::is_absolute_uri(uri) => Namespace::NamespaceUri,
            _ => return Ok(()),
        };
        Err(self.fail(reason).finding(uri))
    }

    fn intern(&mut self, value: Span) -> Parsed<NamespaceId> {
        let uri = self.str(value);
        if let Some(known) = self.namespaces.iter().position(|span| self.str(*span) == uri) {
            return Ok(NamespaceId(index(known)));
        }
        if self.namespaces.len() > self.limits.namespaces() {
            return Err(self.limit(Limit::Namespaces, self.limits.namespaces()));
        }
        self.namespaces.push(value);
        Ok(NamespaceId(index(self.namespaces.len().saturating_sub(1))))
    }

    fn bind_attributes(&mut self, raw: &[RawAttribute<'s>]) -> Parsed<Span> {
        let start = index(self.attributes.len());
        for attribute in raw {
            if attribute.name == "xmlns" || attribute.name.starts_with("xmlns:") {
                continue;
            }
            let name = self.qname(attribute.name, NamespaceUse::Attribute)?;
            let value = self.attribute_value(attribute.value)?;
            self.check_xml_attribute(name, value)?;
            let earlier = self.attributes.get(start as usize..).unwrap_or_default();
            let local = |name: QName| {
                self.str(Span {
                    start: name.span.start.saturating_add(if name.prefix == 0 {
                        0
                    } else {
                        name.prefix.saturating_add(1)
                    }),
                    ..name.span
                })
            };
            if earlier.iter().any(|data| data.name.namespace == name.namespace && local(data.name) == local(name)) {
                return Err(self.fail(Namespace::DuplicateAttribute).finding(attribute.name));
            }
            self.attributes.push(AttributeData { name, value });
        }
        Ok(Span { start, end: index(self.attributes.len()) })
    }

    /// The values that xml:id and xml:space may have by their own specifications.
    fn check_xml_attribute(&self, name: QName, value: Span) -> Parsed<()> {
        if name.namespace != NamespaceId::XML {
            return Ok(());
        }
        let good = match self.str(name.span) {
            "xml:id" => chars::is_ncname(self.str(value)),
            "xml:space" => matches!(self.str(value), "default" | "preserve"),
            _ => true,
        };
        if good { Ok(()) } else { Err(self.fail(Xml::NotWellFormed).finding(self.str(name.span))) }
    }

    fn qname(&self, name: &'s str, usage: NamespaceUse) -> Parsed<QName> {
        let (prefix, local) = name.split_once(':').map_or(("", name), |(prefix, local)| (prefix, local));
        if !chars::is_ncname(local) || (name.contains(':') && !chars::is_ncname(prefix)) {
            return Err(self.fail(Namespace::Name).finding(name));
        }
        let namespace = match (prefix, usage) {
            ("xml", _) => NamespaceId::XML,
            ("xmlns", _) => return Err(self.fail(Namespace::ReservedPrefix).finding(name)),
            ("", NamespaceUse::Attribute) => NamespaceId::NONE,
            _ => {
                let bound = self.bindings.iter().rev().find(|data| self.str(data.prefix) == prefix);
                match bound {
                    Some(data) => data.namespace,
                    None if prefix.is_empty() => NamespaceId::NONE,
                    None => return Err(self.fail(Namespace::UnboundPrefix).finding(name)),
                }
            }
        };
        Ok(QName { span: self.span_of(name), prefix: index(prefix.len()), namespace })
    }

    /// XML 1.0 §3.3.3 for CDATA attributes: there is no DTD to declare another type.
    fn attribute_value(&mut self, raw: &'s str) -> Parsed<Span> {
        if !raw.bytes().any(|byte| matches!(byte, b'&' | b'\t' | b'\n')) {
            return Ok(self.span_of(raw));
        }
        let start = self.decoded_position();
        let mut rest = raw;
        while let Some(at) = rest.find(['&', '\t', '\n']) {
            let (before, special) = rest.split_at_checked(at).unwrap_or((rest, ""));
            self.decoded.push_str(before);
            rest = match special.strip_prefix('&') {
                None => {
                    self.decoded.push(' ');
                    special.get(1..).unwrap_or_default()
                }
                Some(reference) => {
                    let (name, after) = reference.split_once(';').ok_or_else(|| self.fail(Xml::NotWellFormed))?;
                    self.decoded.push(self.resolve(name)?);
                    after
                }
            };
        }
        self.decoded.push_str(rest);
        Ok(Span { start, end: self.decoded_position() })
    }

    fn resolve(&self, name: &str) -> Parsed<char> {
        match tag::resolve_reference(name) {
            Ok(c) => Ok(c),
            Err(reason) => Err(self.fail(reason).finding(format!("&{name};"))),
        }
    }

    fn end_tag(&mut self, tag: Option<&'s str>) -> Parsed<()> {
        self.flush_text()?;
        let found = tag.unwrap_or_default().trim_end_matches(chars::WHITE_SPACE);
        let open = self.open.last().and_then(|open| self.nodes.get(open.node as usize));
        match open.map(|data| &data.content) {
            Some(Content::Element { name, .. }) if self.str(name.span) == found => {
                self.close();
                Ok(())
            }
            _ => Err(self.fail(Xml::NotWellFormed).finding(format!("</{found}>"))),
        }
    }

    fn close(&mut self) {
        let end = index(self.nodes.len());
        if let Some(open) = self.open.pop() {
            self.bindings.truncate(open.bindings);
            if let Some(data) = self.nodes.get_mut(open.node as usize) {
                data.end = end;
            }
        }
    }

    fn text(&mut self, raw: &'s str) -> Parsed<()> {
        if raw.contains("]]>") {
            return Err(self.fail(Xml::NotWellFormed).finding("]]>"));
        }
        self.characters(raw)
    }

    fn cdata(&mut self, content: Option<&'s str>) -> Parsed<()> {
        let content = content.ok_or_else(|| self.fail(Xml::NotWellFormed))?;
        if self.profile == Profile::Message {
            return Err(self.fail(Xml::CData));
        }
        if self.open.is_empty() {
            return Err(self.fail(Xml::NotWellFormed));
        }
        if content.is_empty() { Ok(()) } else { self.characters(content) }
    }

    /// Adds characters of the source to the run at hand.
    fn characters(&mut self, raw: &'s str) -> Parsed<()> {
        if self.open.is_empty() {
            return if is_blank(raw) { Ok(()) } else { Err(self.fail(self.outside_root())) };
        }
        let span = self.span_of(raw);
        match self.pending {
            Pending::Nothing => self.pending = Pending::Source { start: span.start, end: span.end },
            Pending::Source { start, end } if end == span.start => {
                self.pending = Pending::Source { start, end: span.end }
            }
            _ => {
                self.pending_decoded();
                self.decoded.push_str(raw);
            }
        }
        Ok(())
    }

    fn reference(&mut self, name: Option<&'s str>) -> Parsed<()> {
        let name = name.ok_or_else(|| self.fail(Xml::NotWellFormed))?;
        if self.open.is_empty() {
            return Err(self.fail(self.outside_root()));
        }
        let c = self.resolve(name)?;
        self.pending_decoded();
        self.decoded.push(c);
        Ok(())
    }

    /// Moves the run at hand to the decoded text, since it is no longer one slice of the source.
    fn pending_decoded(&mut self) {
        let start = self.decoded_position();
        let offset = match self.pending {
            Pending::Decoded { .. } => return,
            Pending::Nothing => index(self.at),
            Pending::Source { start, end } => {
                let source = self.source;
                self.decoded.push_str(source.get(start as usize..end as usize).unwrap_or_default());
                start
            }
        };
        self.pending = Pending::Decoded { start, offset };
    }

    fn flush_text(&mut self) -> Parsed<()> {
        let (span, offset) = match std::mem::replace(&mut self.pending, Pending::Nothing) {
            Pending::Nothing => return Ok(()),
            Pending::Source { start, end } => (Span { start, end }, start),
            Pending::Decoded { start, offset } => (Span { start, end: self.decoded_position() }, offset),
        };
        self.push(Content::Text(span))?;
        if let Some(data) = self.nodes.last_mut() {
            data.offset = offset;
        }
        Ok(())
    }

    fn comment(&mut self, content: Option<&str>) -> Parsed<()> {
        match content {
            _ if self.profile == Profile::Message => Err(self.fail(Xml::Comment)),
            Some(content) if !content.contains("--") && !content.ends_with('-') => Ok(()),
            _ => Err(self.fail(Xml::NotWellFormed).finding("a malformed comment")),
        }
    }

    fn processing_instruction(&mut self, content: Option<&str>) -> Parsed<()> {
        let target = content.and_then(|content| content.split(chars::WHITE_SPACE).next()).unwrap_or_default();
        if target.eq_ignore_ascii_case("xml") {
            return Err(self.fail(Xml::XmlDecl));
        }
        if !chars::is_ncname(target) {
            return Err(self.fail(Xml::NotWellFormed).finding("a malformed processing instruction"));
        }
        let in_prolog = self.nodes.is_empty() && self.open.is_empty();
        if self.profile == Profile::Metadata && in_prolog {
            Ok(())
        } else {
            Err(self.fail(Xml::ProcessingInstruction).finding(target))
        }
    }

    fn push(&mut self, content: Content) -> Parsed<()> {
        if self.nodes.len() >= self.limits.nodes() {
            return Err(self.limit(Limit::Nodes, self.limits.nodes()));
        }
        let this = index(self.nodes.len());
        // An element is pushed after it was opened, so its parent is the entry below the top.
        let above = if matches!(content, Content::Element { .. }) { 2 } else { 1 };
        let parent = self.open.len().checked_sub(above).and_then(|at| self.open.get(at)).map_or(this, |open| open.node);
        self.nodes.push(NodeData { parent, end: this.saturating_add(1), offset: index(self.at), content });
        Ok(())
    }

    fn decode(&mut self, text: &str) -> Span {
        let start = self.decoded_position();
        self.decoded.push_str(text);
        Span { start, end: self.decoded_position() }
    }

    fn decoded_position(&self) -> u32 {
        index(self.source.len().saturating_add(self.decoded.len()))
    }

    /// Where a slice of the source stands in it.
    fn span_of(&self, part: &'s str) -> Span {
        let start = (part.as_ptr() as usize).saturating_sub(self.source.as_ptr() as usize);
        Span { start: index(start), end: index(start.saturating_add(part.len())) }
    }

    fn str(&self, span: Span) -> &str {
        slice(self.source, &self.decoded, span)
    }

    fn outside_root(&self) -> Xml {
        if self.nodes.is_empty() { Xml::NotWellFormed } else { Xml::TrailingContent }
    }

    fn limit(&self, limit: Limit, most: usize) -> Rejection {
        self.fail(limit).expecting(format!("at most {most}"))
    }

    fn fail(&self, reason: impl Into<Reason>) -> Rejection {
        let names =
            self.open.iter().filter_map(|open| match self.nodes.get(open.node as usize).map(|data| &data.content) {
                Some(Content::Element { name, .. }) => Some(self.str(name.span)),
                _ => None,
            });
        Rejection::new(reason).at(Place::in_source(self.source, self.at, names))
    }
}

/// The default namespace holds for elements, not for attributes.
#[derive(Clone, Copy)]
enum NamespaceUse {
    Element,
    Attribute,
}

fn markup<'s>(raw: &'s str, open: &str, close: &str) -> Option<&'s str> {
    raw.strip_prefix(open)?.strip_suffix(close)
}

/// Positions fit 32 bits: the size of the source is checked, and decoding never makes text longer
/// than its source by more than the constants put there first.
fn index(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}
