//! From characters to the arena, refusing whatever is not namespace-well-formed XML of our profile.
//!
//! quick-xml says where a start tag ends and lets much pass that is not XML. Everything it leaves open
//! is decided here and in [`element`](super::element): names, attributes, references, namespaces, the
//! single root, the prolog, the limits. Its `Reader` would make an event of every piece and check its
//! encoding again.

use quick_xml::parser::{ElementParser, Parser as _};

use super::XML_NAMESPACE;
use super::chars::{self, is_blank};
use super::tag::{self, Name, RawAttribute};
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
    /// Whether all of it up to now is spelled as Canonical XML spells it, without a declaration and by one prefix.
    pub(super) verbatim: bool,
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
            pending: Pending::Nothing,
            at: 0,
            end: 0,
        }
    }

    /// Reads the source from there on, which is where its prolog ends.
    pub(super) fn read(mut self, start: usize) -> Parsed<Tree> {
        self.end = start;
        loop {
            self.at = self.end;
            let rest = self.source.get(self.at..).unwrap_or_default();
            match rest.as_bytes() {
                [] => return self.finish(),
                [b'<', b'/', ..] => self.read_end_tag(rest)?,
                [b'<', b'!' | b'?', ..] => self.read_other_markup(rest)?,
                [b'<', ..] => self.read_start_tag(rest)?,
                [b'&', ..] => self.read_reference(rest)?,
                _ => self.read_text(rest)?,
            }
        }
    }

    fn read_start_tag(&mut self, rest: &'s str) -> Parsed<()> {
        let length = rest.as_bytes().get(1..).and_then(|after| ElementParser::default().feed(after));
        let tag = self.piece(rest, 1, length, 1)?;
        match tag.strip_suffix('/') {
            None => self.start_tag(tag),
            Some(tag) => {
                self.start_tag(tag)?;
                self.close(0);
                Ok(())
            }
        }
    }

    fn read_end_tag(&mut self, rest: &'s str) -> Parsed<()> {
        let after = rest.as_bytes().get(2..).unwrap_or_default();
        let tag = self.piece(rest, 2, chars::find_any(after, [b'>']), 1)?;
        self.flush_text()?;
        self.end_tag(tag)
    }

    fn read_text(&mut self, rest: &'s str) -> Parsed<()> {
        let mut end = chars::find_any(rest.as_bytes(), *b"<&>").unwrap_or(rest.len());
        if rest.as_bytes().get(end) == Some(&b'>') {
            self.not_verbatim();
            end = chars::find_any(rest.as_bytes(), *b"<&").unwrap_or(rest.len());
            let text = rest.get(..end).unwrap_or_default();
            // Where a CDATA section ends that never began.
            if text.contains("]]>") {
                return Err(self.fail(Xml::NotWellFormed).finding("]]>"));
            }
        }
        let text = self.piece(rest, 0, Some(end), 0)?;
        self.text(text)
    }

    fn read_reference(&mut self, rest: &'s str) -> Parsed<()> {
        self.not_verbatim();
        let length = rest.bytes().skip(1).position(|byte| matches!(byte, b';' | b'&' | b'<'));
        let length = length.filter(|length| rest.as_bytes().get(length.saturating_add(1)) == Some(&b';'));
        let name = self.piece(rest, 1, length, 1)?;
        self.reference(name)
    }

    fn read_other_markup(&mut self, rest: &'s str) -> Parsed<()> {
        self.not_verbatim();
        let doctype = "<!DOCTYPE";
        if let Some(content) = self.between(rest, "<?", "?>") {
            self.processing_instruction(content?)
        } else if let Some(content) = self.between(rest, "<!--", "-->") {
            self.comment(content?)
        } else if let Some(content) = self.between(rest, "<![CDATA[", "]]>") {
            self.cdata(content?)
        } else if rest.get(..doctype.len()).is_some_and(|start| start.eq_ignore_ascii_case(doctype)) {
            Err(self.fail(Xml::Doctype))
        } else {
            Err(self.fail(Xml::NotWellFormed).finding("<!"))
        }
    }

    /// The inside of markup, if it begins like that.
    fn between(&mut self, rest: &'s str, open: &str, close: &str) -> Option<Parsed<&'s str>> {
        let length = rest.strip_prefix(open)?.find(close);
        Some(self.piece(rest, open.len(), length, close.len()))
    }

    /// The innermost element holds something that Canonical XML spells otherwise.
    pub(super) fn not_verbatim(&mut self) {
        if let Some(open) = self.open.last_mut() {
            open.verbatim = false;
        }
    }

    /// What stands in the piece at hand between delimiters of those lengths. No length is no end.
    #[inline(always)]
    fn piece(&mut self, rest: &'s str, open: usize, length: Option<usize>, close: usize) -> Parsed<&'s str> {
        let end = length.map(|length| open.saturating_add(length));
        let Some((end, inside)) = end.and_then(|end| Some((end, rest.get(open..end)?))) else {
            return Err(self.fail(Xml::NotWellFormed).finding("markup without an end"));
        };
        self.end = self.at.saturating_add(end).saturating_add(close);
        Ok(inside)
    }

    fn finish(self) -> Parsed<Tree> {
        if !self.open.is_empty() || self.tree.nodes.is_empty() {
            return Err(self.fail(Xml::NotWellFormed).finding("end of input"));
        }
        Ok(self.tree)
    }

    fn text(&mut self, raw: &'s str) -> Parsed<()> {
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
        let (target, _) = Name::read(content, chars::is_white_space);
        let target = target.text;
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

    #[inline]
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
        let names = self.open.iter().map(|open| self.name_of(open));
        Rejection::new(reason).at(Place::in_source(self.source, self.at, names))
    }

    pub(super) fn name_of(&self, open: &Open) -> &str {
        match self.tree.nodes.get(open.node as usize).map(|data| &data.content) {
            Some(Content::Element { name, .. }) => self.str(name.span),
            _ => "",
        }
    }
}

/// Positions fit 32 bits: see `ADDRESSABLE` in [`document`](super::document).
pub(super) fn index(position: usize) -> u32 {
    u32::try_from(position).unwrap_or(u32::MAX)
}
