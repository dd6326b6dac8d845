//! The signature of a document that is too large for one tree: its digest is gathered from pieces.

use super::c14n::{Method, Rule, canonicalize};
use super::signature::SignatureElement;
use super::verify::{Algorithms, check_target, verifying_key};
use crate::crypto::{DigestValue, Hasher};
use crate::error::{Reference, Rejection};
use crate::keys::VerifyingKey;
use crate::xml::Node;

/// A signature that verified, over a digest that is not complete yet.
///
/// What is signed comes as trees, each of them one piece with the elements around it, down from the signed one. The
/// canonical form of a tree is that of the start tags around the piece, which was hashed when they came, of the piece, and
/// of end tags that are still to come. Whoever cuts the pieces need not be trusted: what is hashed is what was parsed, and
/// if it is not what was signed, there is no proof in the end.
pub(crate) struct Streamed {
    rule: Rule,
    inclusive_prefixes: Vec<String>,
    digest: Vec<u8>,
    hasher: Hasher,
    /// The canonical form of the tree at hand; kept for its capacity.
    octets: Vec<u8>,
}

impl Streamed {
    /// Verifies everything of a signature but the digest of its target, which is its parent.
    ///
    /// # Errors
    /// Codes `dsig.*`.
    pub(crate) fn start(
        signature: Node<'_>,
        keys: &[VerifyingKey],
        algorithms: &Algorithms,
    ) -> Result<Self, Rejection> {
        let signature = SignatureElement::read(signature, algorithms)?;
        let target = check_target(&signature)?;
        verifying_key(&signature, keys, algorithms)?;
        let reference = signature.reference;
        if DigestValue::of_nothing(reference.digest_algorithm).matches(&reference.digest) {
            return Err(Rejection::new(Reference::EmptyOutput).at(target.place()));
        }
        Ok(Self {
            rule: reference.method.rule,
            inclusive_prefixes: reference.method.inclusive_prefixes.into_iter().map(str::to_owned).collect(),
            digest: reference.digest,
            hasher: Hasher::new(reference.digest_algorithm),
            octets: Vec::new(),
        })
    }

    /// The canonical form of a tree.
    ///
    /// # Errors
    /// `c14n.failed`.
    pub(crate) fn canonical(&self, root: Node<'_>) -> Result<Vec<u8>, Rejection> {
        let mut octets = Vec::new();
        self.canonicalize(root, None, &mut octets).map(|()| octets)
    }

    /// Hashes the canonical form of the tree with the signature, but for the signature and end tags that are still to come.
    ///
    /// # Errors
    /// As [`hash`](Self::hash).
    pub(crate) fn hash_first(&mut self, root: Node<'_>, signature: Node<'_>, end: &[u8]) -> Result<(), Rejection> {
        self.hash_between(root, Some(signature), &[], end)
    }

    /// Hashes what stands between `start` and `end` in the canonical form of a tree.
    ///
    /// # Errors
    /// `c14n.failed` when the tree does not begin and end like that.
    pub(crate) fn hash(&mut self, root: Node<'_>, start: &[u8], end: &[u8]) -> Result<(), Rejection> {
        self.hash_between(root, None, start, end)
    }

    fn hash_between(
        &mut self,
        root: Node<'_>,
        omit: Option<Node<'_>>,
        start: &[u8],
        end: &[u8],
    ) -> Result<(), Rejection> {
        let mut octets = std::mem::take(&mut self.octets);
        octets.clear();
        self.canonicalize(root, omit, &mut octets)?;
        let piece = octets.strip_prefix(start).and_then(|rest| rest.strip_suffix(end));
        let piece = piece.ok_or_else(|| Rejection::new(Reference::C14nFailed).at(root.place()))?;
        self.hasher.update(piece);
        self.octets = octets;
        Ok(())
    }

    /// Compares the digest of all pieces with the one that was signed.
    ///
    /// # Errors
    /// `dsig.digest_mismatch`.
    pub(crate) fn finish(self) -> Result<(), Rejection> {
        match self.hasher.finish().matches(&self.digest) {
            true => Ok(()),
            false => Err(Rejection::new(Reference::DigestMismatch)),
        }
    }

    fn canonicalize(&self, root: Node<'_>, omit: Option<Node<'_>>, octets: &mut Vec<u8>) -> Result<(), Rejection> {
        let inclusive_prefixes = self.inclusive_prefixes.iter().map(String::as_str).collect();
        canonicalize(root, omit, &Method { rule: self.rule, inclusive_prefixes }, octets)
    }
}
