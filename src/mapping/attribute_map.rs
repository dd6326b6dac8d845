//! The settings of a mapping.

use super::role::{RoleMap, decode_sources, encode_sources};
use super::source::Source;
use super::vocabulary::may_be_reassigned;
use crate::error::ConfigError;
use crate::stored::{Decoder, Encoder, StoredError};

const VERSION: u8 = 1;
const MOST_SOURCES: usize = 10;
const MOST_EXTRA: usize = 32;
const MOST_EXTRA_NAME: usize = 100;

/// Where the fields of a user are looked for in the logins of one connection.
///
/// A field has one source or several alternatives in order: the first that has a value decides. Identifier and
/// e-mail address are looked for nowhere else, and are no other than that value, to the last character.
///
/// ```
/// use saml_sp::mapping::{AttributeMap, Source, vocabulary};
/// let map = AttributeMap::builder([Source::attribute(vocabulary::PAIRWISE_ID), Source::NameId], [Source::attribute("mail")])
///     .first_name([Source::attribute("givenName")])
///     .extra("department", [Source::attribute("ou")])
///     .build()?;
/// assert_eq!(AttributeMap::from_bytes(&map.to_bytes()).as_ref(), Ok(&map));
/// # Ok::<_, saml_sp::error::ConfigError>(())
/// ```
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttributeMap {
    pub(super) identifier: Vec<Source>,
    pub(super) email: Vec<Source>,
    pub(super) first_name: Vec<Source>,
    pub(super) last_name: Vec<Source>,
    pub(super) extra: Vec<Extra>,
    pub(super) roles: Option<RoleMap>,
}

/// An extra field.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Extra {
    pub(super) name: String,
    pub(super) sources: Vec<Source>,
}

/// Collects the settings of an [`AttributeMap`].
#[derive(Clone, Debug)]
#[must_use]
pub struct AttributeMapBuilder(AttributeMap);

impl AttributeMap {
    /// Starts with the two fields without which there is no user: what the user is recognized by, which should never change
    /// and never be given to another person, and the e-mail address.
    pub fn builder(
        identifier: impl IntoIterator<Item = Source>,
        email: impl IntoIterator<Item = Source>,
    ) -> AttributeMapBuilder {
        AttributeMapBuilder(Self {
            identifier: identifier.into_iter().collect(),
            email: email.into_iter().collect(),
            first_name: Vec::new(),
            last_name: Vec::new(),
            extra: Vec::new(),
            roles: None,
        })
    }

    /// To change some of the settings, such as those of an [`IdpProfile`](super::IdpProfile).
    pub fn into_builder(self) -> AttributeMapBuilder {
        AttributeMapBuilder(self)
    }

    /// Where the identifier is looked for.
    #[must_use]
    pub fn identifier(&self) -> &[Source] {
        &self.identifier
    }

    /// Where the e-mail address is looked for.
    #[must_use]
    pub fn email(&self) -> &[Source] {
        &self.email
    }

    /// Where the first name is looked for; nowhere if empty.
    #[must_use]
    pub fn first_name(&self) -> &[Source] {
        &self.first_name
    }

    /// Where the last name is looked for; nowhere if empty.
    #[must_use]
    pub fn last_name(&self) -> &[Source] {
        &self.last_name
    }

    /// Which groups give which role.
    #[must_use]
    pub fn roles(&self) -> Option<&RoleMap> {
        self.roles.as_ref()
    }

    /// The sources of the identifier that are known to be given to another person in time, or chosen by users themselves: e-mail
    /// addresses, names of accounts and of people. Ask whoever sets them up whether it is so there.
    pub fn reassignable_identifiers(&self) -> impl Iterator<Item = &Source> {
        self.identifier.iter().filter(|source| match source {
            Source::Attribute { name, .. } => may_be_reassigned(name),
            Source::NameId | Source::VouchedNameId => false,
        })
    }

    /// The bytes to store with the connection, with a version.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let named = [&self.identifier, &self.email, &self.first_name, &self.last_name];
        let encoder =
            named.into_iter().fold(Encoder::new(VERSION), |encoder, sources| encode_sources(sources, encoder));
        let names: Vec<String> = self.extra.iter().map(|extra| extra.name.clone()).collect();
        let extra = |encoder, extra: &Extra| encode_sources(&extra.sources, encoder);
        let encoder = self.extra.iter().fold(encoder.list(&names), extra);
        match &self.roles {
            Some(roles) => roles.encode(encoder.byte(1)),
            None => encoder.byte(0),
        }
        .finish()
    }

    /// Reads what [`AttributeMap::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`StoredError`].
    pub fn from_bytes(octets: &[u8]) -> Result<Self, StoredError> {
        let mut decoder = Decoder::new(octets, VERSION)?;
        let mut sources = || decode_sources(&mut decoder);
        let (identifier, email, first_name, last_name) = (sources()?, sources()?, sources()?, sources()?);
        let names = decoder.list()?.into_iter();
        let extra = names.map(|name| Ok(Extra { name, sources: decode_sources(&mut decoder)? }));
        let extra = extra.collect::<Result<_, StoredError>>()?;
        let roles = match decoder.byte()? {
            0 => None,
            1 => Some(RoleMap::decode(&mut decoder)?),
            _ => return Err(StoredError::Damaged),
        };
        decoder.finish()?;
        let map = Self { identifier, email, first_name, last_name, extra, roles };
        AttributeMapBuilder(map).build().map_err(|_| StoredError::Damaged)
    }
}

impl AttributeMapBuilder {
    /// Looks for the first name.
    pub fn first_name(mut self, sources: impl IntoIterator<Item = Source>) -> Self {
        self.0.first_name = sources.into_iter().collect();
        self
    }

    /// Looks for the last name.
    pub fn last_name(mut self, sources: impl IntoIterator<Item = Source>) -> Self {
        self.0.last_name = sources.into_iter().collect();
        self
    }

    /// Adds a field of the host's.
    pub fn extra(mut self, name: impl Into<String>, sources: impl IntoIterator<Item = Source>) -> Self {
        self.0.extra.push(Extra { name: name.into(), sources: sources.into_iter().collect() });
        self
    }

    /// Lets groups decide about the role. Otherwise the host alone does.
    pub fn roles(mut self, roles: RoleMap) -> Self {
        self.0.roles = Some(roles);
        self
    }

    /// The map.
    ///
    /// # Errors
    /// [`ConfigError`] for a required field without a source, more than 10 sources for a field, an attribute name that is empty or
    /// longer than 1024 bytes, more than 32 extra fields, and extra fields without a name of 1 to 100 bytes of their own.
    pub fn build(self) -> Result<AttributeMap, ConfigError> {
        let map = self.0;
        let remedy = "name at least one source";
        if map.identifier.is_empty() {
            return Err(ConfigError::Missing { field: "identifier", remedy });
        }
        if map.email.is_empty() {
            return Err(ConfigError::Missing { field: "email", remedy });
        }
        let named = [&map.identifier, &map.email, &map.first_name, &map.last_name];
        for sources in named.into_iter().chain(map.extra.iter().map(|extra| &extra.sources)) {
            if sources.len() > MOST_SOURCES {
                return Err(ConfigError::Value { field: "sources", reason: "at most 10 for a field" });
            }
            sources.iter().try_for_each(Source::check)?;
        }
        check_extra(&map.extra)?;
        Ok(map)
    }
}

fn check_extra(extra: &[Extra]) -> Result<(), ConfigError> {
    let is_bad = |field: &Extra| {
        field.sources.is_empty()
            || !(1..=MOST_EXTRA_NAME).contains(&field.name.len())
            || extra.iter().filter(|other| other.name == field.name).count() > 1
    };
    if extra.len() > MOST_EXTRA || extra.iter().any(is_bad) {
        let reason = "at most 32, each with a name of its own and a source";
        return Err(ConfigError::Value { field: "extra fields", reason });
    }
    Ok(())
}
