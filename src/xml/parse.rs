//! From characters to the arena, refusing whatever is not namespace-well-formed XML of our profile.
//!
//! quick-xml splits the source into markup and text; it is a tokenizer and lets much pass that is
//! not XML. Everything it leaves open is decided here and in [`element`](super::element): names,
//! attributes, references, namespaces, the single root, the prolog, the limits.

use quick_xml::Reader;
use quick_xml::events::Event;

use super::XML_NAMESPACE;
use super::chars::{self, is_blank};
use super::tag::{self, RawAttribute};
use super::tree::{Content, NamespaceId, NodeData, Span, Tree, slice};
use crate::error::{Limit, Place, Reason, Rejection, Xml};
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

pub(super) type Parsed<T> = Result<T, Rejection>;

/// A tree under construction.
pub(super) struct Builder<'s> {
    pub(super) source: &'s str,
    pub(super) limits: &'s Limits,
    pub(super) tree: Tree,
    /// The elements whose end tag has not come yet.
    pub(super) open: Vec<Open>,
    /// The namespace declarations in scope, innermost last.
    pub(super) bindings: Vec<Binding<'s>>,
    /// The attributes of the tag at hand; kept for its capacity only.
    pub(super) raw_attributes: Vec<RawAttribute<'s>>,
    profile: Profile,
    /// Whether there is any `]`, and so perhaps the end of a CDATA section that never began.
    has_brackets: bool,
    pending: Pending,
    /// Where the event at hand begins.
    at: usize,
    /// Where it ends.
    end: usize,
}

pub(super) struct Open {
    pub(super) node: u32,
    /// How many bindings were in scope outside it.
    pub(super) bindings: usize,
}

#[derive(Clone, Copy)]
pub(super) struct Binding<'s> {
    pub(super) prefix: &'s str,
    pub(super) namespace: NamespaceId,
}

/// Characters seen since the last tag: one run, however many events it took.
#[derive(Clone, Copy)]
enum Pending {
    Nothing,
    Source(Span),
    Decoded { start: u32, offset: u32 },
}

impl<'s> Builder<'s> {
    pub(super) fn new(source: &'s str, profile: Profile, limits: &'s Limits) -> Self {
        let mut tree = Tree {
            decoded: String::new(),
            nodes: Vec::with_capacity(source.len() / 64),
            attributes: Vec::with_capacity(source.len() / 128),
            declarations: Vec::with_capacity(16),
            namespaces: Vec::with_capacity(16),
        };
        // NamespaceId::NONE and NamespaceId::XML.
        tree.decoded.push_str(XML_NAMESPACE);
        let xml = Span { start: index(source.len()), end: index(source.len().saturating_add(XML_NAMESPACE.len())) };
        tree.namespaces.extend([Span::default(), xml]);
        Self {
            source,
            limits,
            tree,
            open: Vec::with_capacity(16),
            bindings: Vec::with_capacity(16),
            raw_attributes: Vec::with_capacity(16),
            profile,
            has_brackets: chars::any_byte(source, |byte| byte == b']'),
            pending: Pending::Nothing,
            at: 0,
            end: 0,
        }
    }

    /// Reads the source from there on, which is where its prolog ends.
    pub(super) fn read(mut self, start: usize) -> Parsed<Tree> {
        let mut reader = Reader::from_str(self.source.get(start..).unwrap_or_default());
        // Both are left to end_tag.
        reader.config_mut().check_end_names = false;
        reader.config_mut().allow_unmatched_ends = true;
        self.at = start;
        loop {
            let event = reader.read_event().map_err(|error| self.untokenizable(&error))?;
            let end = start.saturating_add(usize::try_from(reader.buffer_position()).unwrap_or(usize::MAX));
            if matches!(event, Event::Eof) {
                return self.finish();
            }
            self.end = end;
            self.event(&event, self.source.get(self.at..end).unwrap_or_default())?;
            self.at = end;
        }
    }

    fn event(&mut self, event: &Event<'_>, raw: &'s str) -> Parsed<()> {
        match event {
            Event::Start(_) => self.start_tag(self.markup(raw, "<", ">")?),
            Event::Empty(_) => {
                self.start_tag(self.markup(raw, "<", "/>")?)?;
                self.close(0);
                Ok(())
            }
            Event::End(_) => {
                self.flush_text()?;
                self.end_tag(self.markup(raw, "</", ">")?)
            }
            Event::Text(_) => self.text(raw),
            Event::GeneralRef(_) => self.reference(self.markup(raw, "&", ";")?),
            Event::CData(_) => self.cdata(self.markup(raw, "<![CDATA[", "]]>")?),
            Event::Comment(_) => self.comment(self.markup(raw, "<!--", "-->")?),
            Event::Decl(_) => Err(self.fail(Xml::XmlDecl)),
            Event::PI(_) => self.processing_instruction(self.markup(raw, "<?", "?>")?),
            Event::DocType(_) => Err(self.fail(Xml::Doctype)),
            Event::Eof => Ok(()),
        }
    }

    /// The inside of markup. That the delimiters are there also proves that the tokenizer's
    /// positions are those of our source.
    #[inline]
    fn markup(&self, raw: &'s str, open: &str, close: &str) -> Parsed<&'s str> {
        let inside = raw.strip_prefix(open).and_then(|rest| rest.strip_suffix(close));
        inside.ok_or_else(|| self.fail(Xml::NotWellFormed))
    }

    /// What the tokenizer can't split. Of a malformed DOCTYPE it is more telling that it is there.
    fn untokenizable(&self, error: &quick_xml::Error) -> Rejection {
        let doctype = self.source.get(self.at..).and_then(|rest| rest.get(..9));
        if doctype.is_some_and(|start| start.eq_ignore_ascii_case("<!doctype")) {
            return self.fail(Xml::Doctype);
        }
        self.fail(Xml::NotWellFormed).finding(error.to_string())
    }

    fn finish(self) -> Parsed<Tree> {
        if !self.open.is_empty() || self.tree.nodes.is_empty() {
            return Err(self.fail(Xml::NotWellFormed).finding("end of input"));
        }
        Ok(self.tree)
    }

    fn text(&mut self, raw: &'s str) -> Parsed<()> {
        if self.has_brackets && raw.contains("]]>") {
            return Err(self.fail(Xml::NotWellFormed).finding("]]>"));
        }
        if self.open.is_empty() {
            return if is_blank(raw) { Ok(()) } else { Err(self.outside_root()) };
        }
        self.characters(raw);
        Ok(())
    }

    fn cdata(&mut self, content: &'s str) -> Parsed<()> {
        if self.open.is_empty() {
            return Err(self.outside_root());
        }
        if self.profile == Profile::Message {
            return Err(self.fail(Xml::CData));
        }
        if !content.is_empty() {
            self.characters(content);
        }
        Ok(())
    }

    fn reference(&mut self, name: &'s str) -> Parsed<()> {
        if self.open.is_empty() {
            return Err(self.outside_root());
        }
        let c = self.resolve(name)?;
        self.decode_pending();
        self.tree.decoded.push(c);
        Ok(())
    }

    pub(super) fn resolve(&self, name: &str) -> Parsed<char> {
        tag::resolve_reference(name).map_err(|reason| self.fail(reason).finding(format!("&{name};")))
    }

    /// Adds characters of the source to the run at hand.
    fn characters(&mut self, raw: &'s str) {
        let span = self.span_of(raw);
        match self.pending {
            Pending::Nothing => self.pending = Pending::Source(span),
            Pending::Source(run) if run.end == span.start => {
                self.pending = Pending::Source(Span { start: run.start, end: span.end });
            }
            _ => {
                self.decode_pending();
                self.tree.decoded.push_str(raw);
            }
        }
    }

    /// Moves the run at hand to the decoded text, since it is no longer one slice of the source.
    fn decode_pending(&mut self) {
        let start = self.decoded_end();
        let offset = match self.pending {
            Pending::Decoded { .. } => return,
            Pending::Nothing => index(self.at),
            Pending::Source(run) => {
                self.tree.decoded.push_str(slice(self.source, "", run));
                run.start
            }
        };
        self.pending = Pending::Decoded { start, offset };
    }

    /// Ends the run at hand, as every tag does.
    pub(super) fn flush_text(&mut self) -> Parsed<()> {
        let (span, offset) = match std::mem::replace(&mut self.pending, Pending::Nothing) {
            Pending::Nothing => return Ok(()),
            Pending::Source(span) => (span, span.start),
            Pending::Decoded { start, offset } => (Span { start, end: self.decoded_end() }, offset),
        };
        let parent = self.open.last().map_or(0, |open| open.node);
        self.push(parent, offset, Content::Text(span))
    }

    fn comment(&self, content: &str) -> Parsed<()> {
        if self.profile == Profile::Message {
            return Err(self.fail(Xml::Comment));
        }
        if content.contains("--") || content.ends_with('-') {
            return Err(self.fail(Xml::NotWellFormed).finding("a malformed comment"));
        }
        Ok(())
    }

    fn processing_instruction(&self, content: &str) -> Parsed<()> {
        let (target, _) = tag::split_name(content);
        if target.eq_ignore_ascii_case("xml") {
            return Err(self.fail(Xml::XmlDecl));
        }
        if !chars::is_ncname(target) || target.len() > chars::LONGEST_NAME {
            return Err(self.fail(Xml::NotWellFormed).finding("a malformed processing instruction"));
        }
        let in_prolog = self.tree.nodes.is_empty();
        if self.profile == Profile::Metadata && in_prolog && !tag::is_reserved_target(target) {
            Ok(())
        } else {
            Err(self.fail(Xml::ProcessingInstruction).finding(target))
        }
    }

    pub(super) fn push(&mut self, parent: u32, offset: u32, content: Content) -> Parsed<()> {
        if self.tree.nodes.len() >= self.limits.nodes() {
            return Err(self.limit(Limit::Nodes, self.limits.nodes()));
        }
        let end = index(self.tree.nodes.len().saturating_add(1));
        self.tree.nodes.push(NodeData { parent, end, offset, content });
        Ok(())
    }

    /// Where the event at hand begins.
    pub(super) fn position(&self) -> u32 {
        index(self.at)
    }

    /// Where it ends.
    pub(super) fn end_position(&self) -> u32 {
        index(self.end)
    }

    /// The address of what is decoded next.
    pub(super) fn decoded_end(&self) -> u32 {
        index(self.source.len().saturating_add(self.tree.decoded.len()))
    }

    /// Where a slice of the source stands in it.
    pub(super) fn span_of(&self, part: &'s str) -> Span {
        let start = (part.as_ptr() as usize).saturating_sub(self.source.as_ptr() as usize);
        Span { start: index(start), end: index(start.saturating_add(part.len())) }
    }

    pub(super) fn str(&self, span: Span) -> &str {
        slice(self.source, &self.tree.decoded, span)
    }

    /// Something other than white space before or after the root.
    pub(super) fn outside_root(&self) -> Rejection {
        self.fail(if self.tree.nodes.is_empty() { Xml::NotWellFormed } else { Xml::TrailingContent })
    }

    pub(super) fn limit(&self, limit: Limit, most: usize) -> Rejection {
        self.fail(limit).expecting(format!("at most {most}"))
    }

    pub(super) fn fail(&self, reason: impl Into<Reason>) -> Rejection {
        let name = |open: &Open| match self.tree.nodes.get(open.node as usize)?.content {
            Content::Element { name, .. } => Some(self.str(name.span)),
            Content::Text(_) => None,
        };
        Rejection::new(reason).at(Place::in_source(self.source, self.at, self.open.iter().filter_map(name)))
    }
}

/// Positions fit 32 bits: see `ADDRESSABLE` in [`document`](super::document).
pub(super) fn index(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}
