//! Cuts a stream of XML where its markup begins and ends. Nothing is believed of it: what is cut is parsed.

use std::io::{ErrorKind, Read};

use super::AggregateError;
use crate::error::{Limit, Rejection, Xml};
use crate::xml::find_any;

/// How much is read at once.
const BLOCK: usize = 64 * 1024;

/// A window on the stream: the piece at hand, and what was read beyond it.
pub(super) struct Pieces<R> {
    source: R,
    buffer: Vec<u8>,
    /// Up to where it is filled.
    filled: usize,
    /// Where the piece begins in it.
    from: usize,
    /// How long it is.
    length: usize,
    /// Where it begins in the stream.
    offset: u64,
    /// The most bytes of a piece.
    most: usize,
}

/// What a `<` begins.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Start,
    Empty,
    End,
    /// A comment, a CDATA section or a processing instruction.
    Other,
}

/// Where markup stands in the piece.
#[derive(Clone, Copy)]
pub(super) struct Markup {
    pub(super) kind: Kind,
    pub(super) start: usize,
    pub(super) end: usize,
}

impl<R: Read> Pieces<R> {
    pub(super) fn new(source: R, most: usize) -> Self {
        Self { source, buffer: Vec::new(), filled: 0, from: 0, length: 0, offset: 0, most }
    }

    /// The piece at hand.
    pub(super) fn piece(&self) -> &[u8] {
        self.window().get(..self.length).unwrap_or_default()
    }

    /// Where it begins in the stream.
    pub(super) fn offset(&self) -> u64 {
        self.offset
    }

    /// Begins the next piece where this one ends.
    pub(super) fn cut(&mut self) {
        self.from = self.from.saturating_add(self.length);
        self.offset = self.offset.saturating_add(self.length as u64);
        self.length = 0;
    }

    /// Adds characters and markup to the piece; only characters, up to the end of the stream, where there is none.
    pub(super) fn markup(&mut self) -> Result<Option<Markup>, AggregateError> {
        let Some(start) = self.find(self.length, [b'<'])? else {
            self.length = self.window().len();
            return Ok(None);
        };
        // The longest that tells what it is: <![CDATA[ and <!doctype.
        while self.behind(start).len() < 9 && self.fill()? {}
        let is = |begin: &[u8]| self.behind(start).starts_with(begin);
        let (kind, end) = if is(b"<!--") {
            (Kind::Other, self.find_text(start.saturating_add(4), b"-->")?)
        } else if is(b"<![CDATA[") {
            (Kind::Other, self.find_text(start.saturating_add(9), b"]]>")?)
        } else if is(b"<?") {
            (Kind::Other, self.find_text(start.saturating_add(2), b"?>")?)
        } else if is(b"<!") {
            return Err(Rejection::new(Xml::Doctype).into());
        } else if is(b"</") {
            (Kind::End, self.find_text(start, b">")?)
        } else {
            self.start_tag(start)?
        };
        self.length = end;
        Ok(Some(Markup { kind, start, end }))
    }

    /// A `>` in the value of an attribute does not end the tag.
    fn start_tag(&mut self, start: usize) -> Result<(Kind, usize), AggregateError> {
        let mut at = start;
        loop {
            at = self.find(at, *b">\"'")?.ok_or_else(cut_off)?;
            let found = self.window().get(at).copied();
            at = at.saturating_add(1);
            match found {
                Some(quote @ (b'"' | b'\'')) => {
                    at = self.find(at, [quote])?.ok_or_else(cut_off)?.saturating_add(1);
                }
                _ => break,
            }
        }
        let is_empty = self.window().get(..at).is_some_and(|piece| piece.ends_with(b"/>"));
        Ok((if is_empty { Kind::Empty } else { Kind::Start }, at))
    }

    /// Where a short text ends that is looked for from there on.
    fn find_text(&mut self, from: usize, text: &[u8]) -> Result<usize, AggregateError> {
        let mut at = from;
        loop {
            let first = text.first().copied().unwrap_or_default();
            at = self.find(at, [first])?.ok_or_else(cut_off)?;
            while self.behind(at).len() < text.len() && self.fill()? {}
            if self.behind(at).starts_with(text) {
                return Ok(at.saturating_add(text.len()));
            }
            at = at.saturating_add(1);
        }
    }

    fn find<const N: usize>(&mut self, from: usize, wanted: [u8; N]) -> Result<Option<usize>, AggregateError> {
        let mut from = from;
        loop {
            if let Some(at) = find_any(self.behind(from), wanted) {
                return Ok(Some(from.saturating_add(at)));
            }
            from = self.window().len().max(from);
            if !self.fill()? {
                return Ok(None);
            }
        }
    }

    fn window(&self) -> &[u8] {
        self.buffer.get(self.from..self.filled).unwrap_or_default()
    }

    fn behind(&self, at: usize) -> &[u8] {
        self.window().get(at..).unwrap_or_default()
    }

    /// Reads on, unless the stream has ended.
    fn fill(&mut self) -> Result<bool, AggregateError> {
        if self.window().len() > self.most {
            let most = format!("at most {} bytes for an entity", self.most);
            return Err(Rejection::new(Limit::Size).expecting(most).into());
        }
        self.make_room();
        loop {
            match self.source.read(self.buffer.get_mut(self.filled..).unwrap_or_default()) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                read => {
                    let count = read?;
                    self.filled = self.filled.saturating_add(count);
                    return Ok(count > 0);
                }
            }
        }
    }

    /// Moves the piece to the front, and only if that is not enough makes the buffer larger.
    fn make_room(&mut self) {
        if self.buffer.len().saturating_sub(self.filled) >= BLOCK / 2 {
            return;
        }
        self.buffer.copy_within(self.from..self.filled, 0);
        self.filled = self.filled.saturating_sub(self.from);
        self.from = 0;
        if self.buffer.len().saturating_sub(self.filled) < BLOCK / 2 {
            self.buffer.resize(self.filled.saturating_mul(2).max(BLOCK), 0);
        }
    }
}

fn cut_off() -> AggregateError {
    Rejection::new(Xml::NotWellFormed).finding("end of input").into()
}
