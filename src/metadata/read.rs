//! From a metadata document to the one identity provider in it that is meant.

use std::collections::BTreeSet;

use chrono::{DateTime, Utc};

use super::identity_provider::IdentityProvider;
use super::warning::{MetadataWarning, Warnings};
use super::{ENTITY_ID_MOST, MD, SAMLP, check_children, role};
use crate::dsig::{self, DS};
use crate::error::{Metadata, Rejection, Schema};
use crate::keys::VerifyingKey;
use crate::limits::Limits;
use crate::names::EntityId;
use crate::xml::{Document, Node, Profile, trim};

/// A metadata document as it came; `From` picks the right one.
#[derive(Clone, Copy, Debug)]
#[non_exhaustive]
pub enum MetadataSource<'a> {
    /// Octets of a file or of an HTTP response: UTF-8, declared as nothing else.
    Octets(&'a [u8]),
    /// Characters, as pasted into a form: a byte order mark, white space around the document and the declared
    /// encoding (.NET exports say utf-16) do not matter.
    Text(&'a str),
}

impl<'a> From<&'a [u8]> for MetadataSource<'a> {
    fn from(octets: &'a [u8]) -> Self {
        Self::Octets(octets)
    }
}

impl<'a> From<&'a str> for MetadataSource<'a> {
    fn from(text: &'a str) -> Self {
        Self::Text(text)
    }
}

impl MetadataSource<'_> {
    fn parse(self) -> Result<Document, Rejection> {
        match self {
            Self::Octets(octets) => Document::parse(octets.to_vec(), Profile::Metadata, &Limits::metadata()),
            Self::Text(text) => Document::parse_pasted(text, Profile::Metadata, &Limits::metadata()),
        }
    }
}

/// Which identity provider of the document is meant.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum EntityChoice {
    /// The only one; a document with several is refused.
    Only,
    /// The one of that entityID, compared to the letter.
    Entity(EntityId),
}

/// Why a metadata document is to be believed.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetadataTrust {
    /// It came over an authenticated channel: a file of the administrator, https from the provider itself.
    /// A signature in it is not verified, and [`MetadataWarning::SignatureNotVerified`] says so.
    ObtainedSecurely,
    /// The document element is signed by one of these keys, under the strict algorithms; nothing else counts.
    SignedBy(Vec<VerifyingKey>),
}

impl IdentityProvider {
    /// Reads an `md:EntityDescriptor`, or one entity of an `md:EntitiesDescriptor` (SAML Metadata 2.3), within
    /// [`Limits::metadata`]. `now` is compared with `validUntil`.
    ///
    /// What is read is strict; what a service provider has no use for (other roles, extensions, attributes) may be
    /// anything. Left out with a warning: endpoints whose URL is none, signing keys of unsupported kinds, unreadable
    /// encryption keys, and of a chain of certificates all but the first.
    ///
    /// # Errors
    /// In this order: `xml.*`; `schema.*` for another root; `metadata.unsigned`, `dsig.*` where a signature is
    /// demanded; `metadata.duplicate_entity`; `metadata.no_idp`, `metadata.entity_choice`, `metadata.entity_not_found`; then what
    /// is wrong with the chosen entity: `metadata.expired`, `metadata.key`, `schema.*`, `metadata.no_signing_key`,
    /// `metadata.too_many_keys`, `metadata.no_sso`, `metadata.endpoint`.
    pub fn from_metadata<'a>(
        source: impl Into<MetadataSource<'a>>,
        choice: &EntityChoice,
        trust: &MetadataTrust,
        now: DateTime<Utc>,
    ) -> Result<Self, Rejection> {
        let document = source.into().parse()?;
        let root = believed(root(&document)?, trust)?;
        let (entity, _) = choose(root, choice)?;
        let signed = matches!(trust, MetadataTrust::ObtainedSecurely) && (is_signed(root) || is_signed(entity));
        identity_provider(entity, now, signed.then_some(MetadataWarning::SignatureNotVerified))
    }
}

impl EntityChoice {
    /// The identity providers of a document, in its order, for somebody to choose from. Nothing of it is verified.
    ///
    /// # Errors
    /// `xml.*`, `schema.*`.
    pub fn offered<'a>(source: impl Into<MetadataSource<'a>>) -> Result<Vec<EntityId>, Rejection> {
        let document = source.into().parse()?;
        let entities = entities(root(&document)?)?;
        let providers = entities.into_iter().filter(|(entity, _)| roles(*entity).next().is_some());
        Ok(providers.map(|(_, id)| EntityId::new(id)).collect())
    }
}

/// Reads an entity that was chosen and is believed.
pub(super) fn identity_provider(
    entity: Node<'_>,
    now: DateTime<Utc>,
    warning: Option<MetadataWarning>,
) -> Result<IdentityProvider, Rejection> {
    check_children(entity, &[MD, DS])?;
    let id = EntityId::new(entity_id(entity)?);
    role::read(id, only_role(entity)?, now, Warnings::from_iter(warning))
}

fn root(document: &Document) -> Result<Node<'_>, Rejection> {
    let root = document.root();
    if root.is(MD, "EntityDescriptor") || root.is(MD, "EntitiesDescriptor") {
        return Ok(root);
    }
    Err(Rejection::new(Schema::Element)
        .at(root.place())
        .expecting("md:EntityDescriptor or md:EntitiesDescriptor")
        .finding(format!("{{{}}}{}", root.namespace(), root.local_name())))
}

/// The element to read from: the document element, proven if proof is demanded.
fn believed<'d>(root: Node<'d>, trust: &MetadataTrust) -> Result<Node<'d>, Rejection> {
    match trust {
        MetadataTrust::ObtainedSecurely => Ok(root),
        MetadataTrust::SignedBy(keys) => {
            let signature = dsig::signature_of(root, dsig::Position::First)?
                .ok_or_else(|| Rejection::new(Metadata::Unsigned).at(root.place()))?;
            Ok(dsig::verify(signature, keys, &dsig::Algorithms::strict())?.element())
        }
    }
}

pub(super) fn is_signed(element: Node<'_>) -> bool {
    element.elements().any(|child| child.is(DS, "Signature"))
}

type Entity<'d> = (Node<'d>, &'d str);

fn choose<'d>(root: Node<'d>, choice: &EntityChoice) -> Result<Entity<'d>, Rejection> {
    let entities = entities(root)?;
    refuse_duplicates(&entities)?;
    let providers: Vec<Entity<'d>> =
        entities.iter().copied().filter(|(entity, _)| roles(*entity).next().is_some()).collect();
    let refuse = |reason: Metadata| Rejection::new(reason).at(root.place()).finding(listed(&providers));
    match (choice, providers.as_slice()) {
        (_, []) => Err(Rejection::new(Metadata::NoIdp).at(root.place()).finding(role_names(&entities))),
        (EntityChoice::Only, [one]) => Ok(*one),
        (EntityChoice::Only, _) => Err(refuse(Metadata::EntityChoice)),
        (EntityChoice::Entity(id), providers) => {
            let chosen = |entities: &[Entity<'d>]| entities.iter().copied().find(|(_, other)| *other == id.as_str());
            let reason = if chosen(&entities).is_some() { Metadata::NoIdp } else { Metadata::EntityNotFound };
            chosen(providers).ok_or_else(|| refuse(reason).expecting(id.as_str()))
        }
    }
}

/// Every entity of the document with its entityID, in document order.
fn entities(root: Node<'_>) -> Result<Vec<Entity<'_>>, Rejection> {
    let mut entities = Vec::new();
    let mut open = vec![root];
    while let Some(node) = open.pop() {
        if node.is(MD, "EntityDescriptor") {
            entities.push((node, entity_id(node)?));
        } else if node.is(MD, "EntitiesDescriptor") {
            let children: Vec<Node<'_>> = node.elements().collect();
            open.extend(children.into_iter().rev());
        }
    }
    Ok(entities)
}

pub(super) fn entity_id(entity: Node<'_>) -> Result<&str, Rejection> {
    match entity.attribute("entityID").map(trim) {
        None => Err(Rejection::new(Schema::Missing).at(entity.place()).expecting("entityID")),
        Some(id) if id.is_empty() || id.chars().nth(ENTITY_ID_MOST).is_some() => {
            Err(Rejection::new(Schema::Value).at(entity.place()).expecting("an entityID of 1 to 1024 characters"))
        }
        Some(id) => Ok(id),
    }
}

fn refuse_duplicates(entities: &[Entity<'_>]) -> Result<(), Rejection> {
    let mut seen = BTreeSet::new();
    match entities.iter().find(|(_, id)| !seen.insert(*id)) {
        Some((entity, id)) => Err(Rejection::new(Metadata::DuplicateEntity).at(entity.place()).finding(*id)),
        None => Ok(()),
    }
}

/// The identity provider roles that speak SAML 2.0.
fn roles<'d>(entity: Node<'d>) -> impl Iterator<Item = Node<'d>> {
    let speaks_saml2 = |role: &Node<'_>| {
        let protocols = role.attribute("protocolSupportEnumeration").unwrap_or_default();
        protocols.split_ascii_whitespace().any(|protocol| protocol == SAMLP)
    };
    entity.elements().filter(|child| child.is(MD, "IDPSSODescriptor")).filter(speaks_saml2)
}

/// Two roles for one protocol would be two sets of keys and endpoints for one entityID.
fn only_role(entity: Node<'_>) -> Result<Node<'_>, Rejection> {
    let mut roles = roles(entity);
    match (roles.next(), roles.next()) {
        (Some(role), None) => Ok(role),
        (_, Some(second)) => {
            Err(Rejection::new(Schema::Cardinality).at(second.place()).finding(second.qualified_name()))
        }
        (None, None) => Err(Rejection::new(Metadata::NoIdp).at(entity.place())),
    }
}

fn listed(providers: &[Entity<'_>]) -> String {
    const MOST: usize = 5;
    let ids: Vec<&str> = providers.iter().take(MOST).map(|(_, id)| *id).collect();
    let more = if providers.len() > MOST { ", ..." } else { "" };
    format!("{} identity provider(s): {}{more}", providers.len(), ids.join(", "))
}

fn role_names(entities: &[Entity<'_>]) -> String {
    let roles = entities.iter().flat_map(|(entity, _)| entity.elements());
    let names: BTreeSet<&str> =
        roles.map(|child| child.local_name()).filter(|name| name.ends_with("Descriptor")).collect();
    match names.contains("IDPSSODescriptor") {
        true => "an IDPSSODescriptor of another protocol or namespace than SAML 2.0".to_owned(),
        false => names.into_iter().collect::<Vec<_>>().join(", "),
    }
}
