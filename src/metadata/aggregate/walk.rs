//! One pass over an `md:EntitiesDescriptor` of any size, a child at a time.

use std::io::Read;
use std::ops::Range;

use super::AggregateError;
use super::pieces::{Kind, Markup, Pieces};
use crate::dsig::{Algorithms, DS, Streamed};
use crate::error::{Limit, Metadata, Rejection, Schema, Signature, Xml};
use crate::limits::Limits;
use crate::metadata::{MD, MetadataTrust, read};
use crate::xml::{Document, Node, Profile};

/// The most bytes of one entity.
const MOST_OF_ENTITY: usize = 1 << 20;
/// The most bytes of all.
const MOST_BYTES: u64 = 1 << 30;
/// The most entities.
const MOST_ENTITIES: usize = 100_000;
/// The most bytes of their start tags, which are parsed again with each entity.
const MOST_OF_GROUPS: usize = 8 << 10;
/// How deep groups may be nested.
const MOST_GROUPS: usize = 8;

/// The start tags of the open groups, outermost first, and their end tags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Around {
    start: Vec<u8>,
    end: Vec<u8>,
    depth: usize,
}

impl Around {
    /// A piece as the only content of the groups that it stands in, by the one parser of this crate.
    pub(super) fn parse(&self, piece: &[u8]) -> Result<Document, Rejection> {
        let octets = [&self.start, piece, &self.end].concat();
        Document::parse(octets, Profile::Metadata, &Limits::metadata())
    }

    /// The one element in the innermost group.
    pub(super) fn only<'d>(&self, document: &'d Document) -> Result<Node<'d>, Rejection> {
        let mut node = document.root();
        for _ in 0..self.depth {
            let mut elements = node.elements();
            let (Some(one), None) = (elements.next(), elements.next()) else {
                return Err(Rejection::new(Xml::NotWellFormed).at(node.place()));
            };
            node = one;
        }
        Ok(node)
    }

    fn within(&self, tag: &[u8]) -> Result<Self, Rejection> {
        let (start, end) = ([&self.start, tag].concat(), [&end_tag(tag), self.end.as_slice()].concat());
        if start.len() > MOST_OF_GROUPS {
            return Err(Rejection::new(Limit::Size).expecting(format!("at most {MOST_OF_GROUPS} bytes of start tags")));
        }
        Ok(Self { start, end, depth: self.depth.saturating_add(1) })
    }
}

/// An entity that was passed.
pub(super) struct Passed<'w> {
    pub(super) id: &'w str,
    pub(super) around: &'w Around,
    /// From its start tag to its end tag.
    pub(super) octets: &'w [u8],
    /// Where they stand in the stream.
    pub(super) span: Range<u64>,
}

/// Why what was read is believed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Ground {
    /// The signature.
    Signature,
    /// The channel that it came over.
    Channel,
    /// That, and nobody asked to verify the signature.
    ChannelOfSigned,
}

pub(super) struct Walk<'t, R, V> {
    pieces: Pieces<R>,
    /// What is around the children of each open group; the last is the innermost.
    open: Vec<Around>,
    proof: Proof<'t>,
    ground: Ground,
    entities: usize,
    visit: V,
}

/// What there is of the signature.
enum Proof<'t> {
    NotAsked,
    Awaited(&'t MetadataTrust),
    /// With the canonical form of the start tags of the open groups.
    Gathering(Box<Streamed>, Vec<u8>),
}

type Step<T> = Result<T, AggregateError>;

impl<'t, R: Read, V: FnMut(Passed<'_>) -> Result<(), Rejection>> Walk<'t, R, V> {
    pub(super) fn new(source: R, trust: &'t MetadataTrust, visit: V) -> Self {
        let (proof, ground) = match trust {
            MetadataTrust::ObtainedSecurely => (Proof::NotAsked, Ground::Channel),
            MetadataTrust::SignedBy(_) => (Proof::Awaited(trust), Ground::Signature),
        };
        let pieces = Pieces::new(source, MOST_OF_ENTITY);
        Self { pieces, open: Vec::new(), proof, ground, entities: 0, visit }
    }

    /// Goes to the end. Whatever was visited is proven only if this succeeds.
    pub(super) fn run(mut self) -> Step<Ground> {
        let root = self.root()?;
        while !self.open.is_empty() {
            self.child()?;
            if self.pieces.offset() > MOST_BYTES {
                return Err(Rejection::new(Limit::Size).expecting(format!("at most {MOST_BYTES} bytes")).into());
            }
        }
        while self.pieces.markup()?.is_some() {}
        let whole = [&root.start, root.end.as_slice(), self.pieces.piece()].concat();
        Document::parse(whole, Profile::Metadata, &Limits::metadata())?;
        match self.proof {
            Proof::NotAsked => {}
            Proof::Awaited(_) => return Err(Rejection::new(Metadata::Unsigned).into()),
            Proof::Gathering(streamed, _) => streamed.finish()?,
        }
        Ok(self.ground)
    }

    /// Prolog and start tag of the document element.
    fn root(&mut self) -> Step<Around> {
        let tag = loop {
            match self.pieces.markup()? {
                Some(Markup { kind: Kind::Other, .. }) => {}
                Some(tag) if tag.kind == Kind::Start => break tag,
                Some(_) | None => return Err(Rejection::new(Xml::NotWellFormed).into()),
            }
        };
        let piece = self.pieces.piece();
        let around = Around::default().within(piece.get(tag.start..).unwrap_or_default())?;
        let document = Document::parse([piece, &around.end].concat(), Profile::Metadata, &Limits::metadata())?;
        let root = document.root();
        if !root.is(MD, "EntitiesDescriptor") {
            let expected = Rejection::new(Schema::Element).at(root.place()).expecting("md:EntitiesDescriptor");
            return Err(expected.finding(root.qualified_name()).into());
        }
        self.open.push(around.clone());
        self.pieces.cut();
        Ok(around)
    }

    /// Characters, and the element or the end tag after them.
    fn child(&mut self) -> Step<()> {
        let tag = self.pieces.markup()?.ok_or_else(|| Rejection::new(Xml::NotWellFormed).finding("end of input"))?;
        match tag.kind {
            Kind::Other => return Ok(()),
            Kind::End => self.close()?,
            Kind::Start if self.is_group(tag)? => self.open(tag)?,
            Kind::Start => {
                self.skip()?;
                self.element(tag)?;
            }
            Kind::Empty => self.element(tag)?,
        }
        self.pieces.cut();
        Ok(())
    }

    /// To the end of the element that has begun. Whether its tags match is seen when it is parsed.
    fn skip(&mut self) -> Step<()> {
        let mut depth = 1_usize;
        while depth > 0 {
            let tag = self.pieces.markup()?;
            match tag.ok_or_else(|| Rejection::new(Xml::NotWellFormed).finding("end of input"))?.kind {
                Kind::Start => depth = depth.saturating_add(1),
                Kind::End => depth = depth.saturating_sub(1),
                Kind::Empty | Kind::Other => {}
            }
        }
        Ok(())
    }

    fn around(&self) -> Around {
        self.open.last().cloned().unwrap_or_default()
    }

    fn is_group(&self, tag: Markup) -> Step<bool> {
        let octets = self.pieces.piece().get(tag.start..).unwrap_or_default();
        if local_name(octets) != b"EntitiesDescriptor" {
            return Ok(false);
        }
        let around = self.around();
        let document = around.parse(&emptied(octets))?;
        Ok(around.only(&document)?.is(MD, "EntitiesDescriptor"))
    }

    fn open(&mut self, tag: Markup) -> Step<()> {
        if self.open.len() >= MOST_GROUPS {
            return Err(Rejection::new(Limit::Depth).expecting(format!("at most {MOST_GROUPS} groups")).into());
        }
        let (outer, piece) = (self.around(), self.pieces.piece());
        let inner = outer.within(piece.get(tag.start..).unwrap_or_default())?;
        let document =
            Document::parse([&outer.start, piece, &inner.end].concat(), Profile::Metadata, &Limits::metadata())?;
        self.proof.gather(&document, &inner.end)?;
        self.proof.go_to(&inner)?;
        self.open.push(inner);
        Ok(())
    }

    /// The end tag of the innermost group.
    fn close(&mut self) -> Step<()> {
        let inner = self.open.pop().unwrap_or_default();
        let outer = self.around();
        let octets = [&inner.start, self.pieces.piece(), &outer.end].concat();
        let document = Document::parse(octets, Profile::Metadata, &Limits::metadata())?;
        self.proof.gather(&document, &outer.end)?;
        if outer.depth > 0 {
            self.proof.go_to(&outer)?;
        }
        Ok(())
    }

    /// An element in a group that is no group.
    fn element(&mut self, tag: Markup) -> Step<()> {
        let piece = self.pieces.piece();
        let octets = piece.get(tag.start..).unwrap_or_default();
        let around = self.open.last().ok_or_else(|| Rejection::new(Xml::NotWellFormed))?;
        let name = local_name(octets);
        let document = match self.proof {
            Proof::NotAsked if name == b"EntityDescriptor" => {
                around.parse(&emptied(octets.get(..tag.end.saturating_sub(tag.start)).unwrap_or_default()))?
            }
            Proof::NotAsked => {
                if around.depth == 1 && name == b"Signature" {
                    self.ground = Ground::ChannelOfSigned;
                }
                return Ok(());
            }
            Proof::Awaited(_) | Proof::Gathering(..) => around.parse(piece)?,
        };
        let element = around.only(&document)?;
        self.proof.gather_child(&document, element, around)?;
        if !element.is(MD, "EntityDescriptor") {
            return Ok(());
        }
        self.entities = self.entities.saturating_add(1);
        if self.entities > MOST_ENTITIES {
            return Err(Rejection::new(Limit::Nodes).expecting(format!("at most {MOST_ENTITIES} entities")).into());
        }
        let start = self.pieces.offset().saturating_add(tag.start as u64);
        let span = start..start.saturating_add(octets.len() as u64);
        (self.visit)(Passed { id: read::entity_id(element)?, around, octets, span })?;
        Ok(())
    }
}

impl Proof<'_> {
    /// The first child has to be the signature, and no other may be one.
    fn gather_child(&mut self, document: &Document, element: Node<'_>, around: &Around) -> Result<(), Rejection> {
        let is_signature = around.depth == 1 && element.is(DS, "Signature");
        match self {
            Self::Gathering(..) if is_signature => Err(Rejection::new(Signature::Multiple).at(element.place())),
            Self::Awaited(MetadataTrust::SignedBy(keys)) if is_signature => {
                let mut streamed = Box::new(Streamed::start(element, keys, &Algorithms::strict())?);
                streamed.hash_first(document.root(), element, &around.end)?;
                let start = canonical_start(&streamed, around)?;
                *self = Self::Gathering(streamed, start);
                Ok(())
            }
            _ => self.gather(document, &around.end),
        }
    }

    /// Hashes what stands in a tree between the start tags of the open groups and end tags that are still to come.
    fn gather(&mut self, document: &Document, end: &[u8]) -> Result<(), Rejection> {
        match self {
            Self::NotAsked => Ok(()),
            Self::Awaited(_) => Err(Rejection::new(Metadata::Unsigned).at(document.root().place())),
            Self::Gathering(streamed, start) => streamed.hash(document.root(), start, end),
        }
    }

    fn go_to(&mut self, group: &Around) -> Result<(), Rejection> {
        if let Self::Gathering(streamed, start) = self {
            *start = canonical_start(streamed, group)?;
        }
        Ok(())
    }
}

/// Of what is around a piece, that before it.
fn canonical_start(streamed: &Streamed, around: &Around) -> Result<Vec<u8>, Rejection> {
    let document = around.parse(b"")?;
    let mut start = streamed.canonical(document.root())?;
    start.truncate(start.len().saturating_sub(around.end.len()));
    Ok(start)
}

fn name(tag: &[u8]) -> &[u8] {
    let tag = tag.strip_prefix(b"<").unwrap_or(tag);
    let end = tag.iter().position(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\n' | b'/' | b'>'));
    end.and_then(|end| tag.get(..end)).unwrap_or(tag)
}

fn local_name(tag: &[u8]) -> &[u8] {
    name(tag).rsplit(|byte| *byte == b':').next().unwrap_or_default()
}

fn end_tag(tag: &[u8]) -> Vec<u8> {
    [b"</", name(tag), b">"].concat()
}

/// A start tag as an element without content.
fn emptied(tag: &[u8]) -> Vec<u8> {
    match tag.strip_suffix(b"/>").or_else(|| tag.strip_suffix(b">")) {
        Some(open) => [open, b"/>"].concat(),
        None => tag.to_vec(),
    }
}
