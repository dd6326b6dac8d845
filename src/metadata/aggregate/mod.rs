//! The metadata of whole federations: `md:EntitiesDescriptor` (SAML Metadata 2.3.1) read as a stream.
//!
//! The stream is cut between the children of groups, and every piece that anything depends on is parsed by the same
//! parser as every other document, within the start tags of the groups around it. Where a signature is demanded that is
//! all of them, and their canonical forms one after the other are what its digest is compared with: what is read are the
//! very octets that were hashed.

mod pieces;
mod walk;

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::io::{self, Read};
use std::ops::Range;

use chrono::{DateTime, Utc};

use self::walk::{Around, Ground, Passed, Walk};
use super::{IdentityProvider, MD, MetadataTrust, MetadataWarning, read};
use crate::crypto::{DigestAlgorithm, DigestValue};
use crate::error::{Metadata, Rejection};
use crate::names::EntityId;

/// An aggregate, to be read once from its beginning to its end. Memory is bounded by one entity, of 1 MiB at most, and
/// by the names of the entities, which have to differ; 100,000 of them, 8 nested groups, 1 GiB are the most.
///
/// ```no_run
/// # use std::{fs::File, error::Error};
/// use saml_sp::EntityId;
/// use saml_sp::metadata::{Aggregate, MetadataTrust};
/// # fn find(federation: saml_sp::VerifyingKey) -> Result<(), Box<dyn Error>> {
/// let trust = MetadataTrust::SignedBy(vec![federation]);
/// let aggregate = Aggregate::new(File::open("federation.xml")?, trust);
/// let idp = aggregate.find(&EntityId::new("https://idp.example.edu/idp"), chrono::Utc::now())?;
/// # let _ = idp;
/// # Ok(())
/// # }
/// ```
#[derive(Debug)]
#[must_use]
pub struct Aggregate<R> {
    source: R,
    trust: MetadataTrust,
}

/// Why nothing was had from an aggregate.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AggregateError {
    /// The stream broke.
    #[error("the metadata could not be read: {0}")]
    Io(#[from] io::Error),
    /// What is in it is refused. Lines are counted from the beginning of the entity.
    #[error(transparent)]
    Rejected(#[from] Rejection),
}

impl<R: Read> Aggregate<R> {
    /// An aggregate and why it is to be believed: in one that was obtained securely only the entity that is read is parsed
    /// whole, in a signed one all are.
    pub fn new(source: R, trust: MetadataTrust) -> Self {
        Self { source, trust }
    }

    /// Reads one identity provider.
    ///
    /// # Errors
    /// As [`IdentityProvider::from_metadata`]; `metadata.entity_not_found` when it is not there,
    /// `metadata.duplicate_entity` when any entity is there twice.
    pub fn find(self, entity_id: &EntityId, now: DateTime<Utc>) -> Result<IdentityProvider, AggregateError> {
        let (mut seen, mut found) = (HashSet::new(), None);
        let ground = Walk::new(self.source, &self.trust, |passed: Passed<'_>| {
            if !seen.insert(passed.id.to_owned()) {
                return Err(Rejection::new(Metadata::DuplicateEntity).finding(passed.id));
            }
            if passed.id == entity_id.as_str() {
                found = Some((passed.around.clone(), passed.octets.to_vec()));
            }
            Ok(())
        })
        .run()?;
        let not_found = || Rejection::new(Metadata::EntityNotFound).expecting(entity_id.as_str());
        let (around, octets) = found.ok_or_else(not_found)?;
        Ok(read_entity(&around, &octets, entity_id, ground, now)?)
    }

    /// Notes where each entity stands, to be read from there later.
    ///
    /// # Errors
    /// `xml.*`, `schema.*`, `metadata.unsigned`, `dsig.*`, `metadata.duplicate_entity`.
    pub fn index(self) -> Result<AggregateIndex, AggregateError> {
        let (mut entities, mut groups) = (BTreeMap::new(), Vec::<Around>::new());
        let ground = Walk::new(self.source, &self.trust, |passed: Passed<'_>| {
            let known = groups.iter().rposition(|around| around == passed.around);
            let group = known.unwrap_or(groups.len());
            if known.is_none() {
                groups.push(passed.around.clone());
            }
            let entity = Indexed { span: passed.span, digest: sha256(passed.octets), group };
            match entities.insert(EntityId::new(passed.id), entity) {
                Some(_) => Err(Rejection::new(Metadata::DuplicateEntity).finding(passed.id)),
                None => Ok(()),
            }
        })
        .run()?;
        Ok(AggregateIndex { entities, groups, ground })
    }
}

/// Where the entities of an aggregate stand, and what was there when it was read.
pub struct AggregateIndex {
    entities: BTreeMap<EntityId, Indexed>,
    /// What is around them.
    groups: Vec<Around>,
    ground: Ground,
}

struct Indexed {
    span: Range<u64>,
    digest: [u8; 32],
    group: usize,
}

impl AggregateIndex {
    /// The entities, of whatever role, in the order of their names.
    pub fn entities(&self) -> impl Iterator<Item = &EntityId> {
        self.entities.keys()
    }

    /// Which bytes of the stream are that entity.
    #[must_use]
    pub fn span(&self, entity_id: &EntityId) -> Option<Range<u64>> {
        self.entities.get(entity_id).map(|entity| entity.span.clone())
    }

    /// Reads an identity provider from the bytes of its [span](Self::span). They have to be those that were indexed:
    /// of a signed aggregate, those that the signature covered.
    ///
    /// # Errors
    /// `metadata.entity_not_found`, also when the bytes are others; else as [`IdentityProvider::from_metadata`].
    pub fn read(&self, entity_id: &EntityId, octets: &[u8], now: DateTime<Utc>) -> Result<IdentityProvider, Rejection> {
        let not_found = || Rejection::new(Metadata::EntityNotFound).expecting(entity_id.as_str());
        let entity = self.entities.get(entity_id).ok_or_else(not_found)?;
        if sha256(octets) != entity.digest {
            return Err(not_found().finding("other bytes than were indexed"));
        }
        let around = self.groups.get(entity.group).ok_or_else(not_found)?;
        read_entity(around, octets, entity_id, self.ground, now)
    }
}

impl fmt::Debug for AggregateIndex {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("AggregateIndex").field("entities", &self.entities.len()).finish_non_exhaustive()
    }
}

fn read_entity(
    around: &Around,
    octets: &[u8],
    entity_id: &EntityId,
    ground: Ground,
    now: DateTime<Utc>,
) -> Result<IdentityProvider, Rejection> {
    let document = around.parse(octets)?;
    let entity = around.only(&document)?;
    if !entity.is(MD, "EntityDescriptor") || read::entity_id(entity)? != entity_id.as_str() {
        return Err(Rejection::new(Metadata::EntityNotFound).expecting(entity_id.as_str()));
    }
    let signed = match ground {
        Ground::Signature => false,
        Ground::Channel => read::is_signed(entity),
        Ground::ChannelOfSigned => true,
    };
    read::identity_provider(entity, now, signed.then_some(MetadataWarning::SignatureNotVerified))
}

fn sha256(octets: &[u8]) -> [u8; 32] {
    let digest = DigestValue::of(DigestAlgorithm::Sha256, octets);
    digest.as_ref().try_into().unwrap_or_default()
}
