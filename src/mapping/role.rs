//! From the groups of a user to a role of the host.

use super::identity::{AssertedRole, Role};
use super::report::{Field, FieldOutcome, FieldReport, Found, Tried};
use super::source::{Source, Wanted, look};
use super::vocabulary::{CLAIM_GROUPS_LINK, CLAIM_ROLE};
use crate::error::ConfigError;
use crate::profile::Login;
use crate::stored::{Decoder, Encoder, StoredError};
use crate::xml::trim;

const VERSION: u8 = 1;
const MOST_ROLES: usize = 64;
const MOST_SOURCES: usize = 10;
const MOST_GROUPS: usize = 1000;

/// The roles that groups may give at a host, from the one with the least rights to the one with the most.
///
/// The role of an owner is none of them: no identity provider makes an owner.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoleLadder(Vec<Role>);

impl RoleLadder {
    /// Takes the roles, the one with the least rights first.
    ///
    /// # Errors
    /// [`ConfigError::Value`] without a role, with more than 64, with one that has no name, and with one that is there twice.
    pub fn new(roles: impl IntoIterator<Item = Role>) -> Result<Self, ConfigError> {
        let roles: Vec<Role> = roles.into_iter().collect();
        let again = |(index, role): (usize, &Role)| roles.iter().position(|other| other == role) != Some(index);
        let is_bad = roles.is_empty() || roles.len() > MOST_ROLES || roles.iter().any(|role| role.as_str().is_empty());
        if is_bad || roles.iter().enumerate().any(again) {
            return Err(ConfigError::Value { field: "roles", reason: "1 to 64 different names" });
        }
        Ok(Self(roles))
    }

    fn height(&self, role: &Role) -> Option<usize> {
        self.0.iter().position(|known| known == role)
    }
}

/// Which groups give which role, for one connection. Only groups that are listed count, to the letter; the highest role wins,
/// and none is higher than the ceiling.
///
/// ```
/// use saml_sp::mapping::{Role, RoleLadder, RoleMap, Source};
/// let ladder = RoleLadder::new(["member", "manager", "admin"].map(Role::new))?;
/// let roles = RoleMap::builder(ladder, Role::new("manager"), [Source::attribute("groups")])
///     .group("staff", Role::new("member"))
///     .group("leads", Role::new("manager"))
///     .build()?;
/// # let _ = roles;
/// # Ok::<_, saml_sp::error::ConfigError>(())
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct RoleMap {
    ladder: RoleLadder,
    ceiling: Role,
    sources: Vec<Source>,
    groups: Vec<(String, Role)>,
    separator: Option<char>,
}

/// Collects the settings of a [`RoleMap`].
#[derive(Clone, Debug)]
#[must_use]
pub struct RoleMapBuilder(RoleMap);

impl RoleMap {
    /// Starts with the host's roles, the highest that groups of this connection may give, and the attributes that hold groups,
    /// which are all read.
    pub fn builder(ladder: RoleLadder, ceiling: Role, sources: impl IntoIterator<Item = Source>) -> RoleMapBuilder {
        let sources = sources.into_iter().collect();
        RoleMapBuilder(Self { ladder, ceiling, sources, groups: Vec::new(), separator: None })
    }

    /// The highest role that groups may give.
    #[must_use]
    pub fn ceiling(&self) -> &Role {
        &self.ceiling
    }

    /// The groups that count, and their roles.
    #[must_use]
    pub fn groups(&self) -> &[(String, Role)] {
        &self.groups
    }

    /// The bytes to store, with a version.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.encode(Encoder::new(VERSION)).finish()
    }

    /// Reads what [`RoleMap::to_bytes`] wrote.
    ///
    /// # Errors
    /// [`StoredError`].
    pub fn from_bytes(octets: &[u8]) -> Result<Self, StoredError> {
        let mut decoder = Decoder::new(octets, VERSION)?;
        let map = Self::decode(&mut decoder)?;
        decoder.finish()?;
        Ok(map)
    }

    pub(super) fn encode(&self, encoder: Encoder) -> Encoder {
        let names =
            |roles: &mut dyn Iterator<Item = &Role>| roles.map(|role| role.as_str().to_owned()).collect::<Vec<_>>();
        let groups: Vec<String> = self.groups.iter().map(|(group, _)| group.clone()).collect();
        let encoder = encoder
            .list(&names(&mut self.ladder.0.iter()))
            .text(self.ceiling.as_str())
            .list(&groups)
            .list(&names(&mut self.groups.iter().map(|(_, role)| role)))
            .option(self.separator.map(String::from).as_deref());
        encode_sources(&self.sources, encoder)
    }

    pub(super) fn decode(decoder: &mut Decoder<'_>) -> Result<Self, StoredError> {
        let roles = |names: Vec<String>| names.into_iter().map(Role::new);
        let ladder = RoleLadder::new(roles(decoder.list()?)).map_err(|_| StoredError::Damaged)?;
        let ceiling = Role::new(decoder.text()?);
        let (groups, given) = (decoder.list()?, decoder.list()?);
        let separator = decoder.option()?.map(|text| text.parse().map_err(|_| StoredError::Damaged)).transpose()?;
        let sources = decode_sources(decoder)?;
        if groups.len() != given.len() {
            return Err(StoredError::Damaged);
        }
        let groups = groups.into_iter().zip(roles(given)).collect();
        let map = Self { ladder, ceiling, sources, groups, separator };
        RoleMapBuilder(map).build().map_err(|_| StoredError::Damaged)
    }

    pub(super) fn read(&self, login: &Login) -> (AssertedRole, FieldReport) {
        let mut heights: Vec<usize> = Vec::new();
        let mut tried = Vec::with_capacity(self.sources.len());
        for source in &self.sources {
            let (values, found) = look(source, login, Wanted::Text);
            heights.extend(values.iter().flat_map(|value| self.heights(value.text)));
            tried.push(Tried { source: source.clone(), found });
        }
        let (role, outcome) = self.conclude(heights.into_iter().max(), self.is_withheld(&tried, login), &tried);
        (role, FieldReport::new(Field::Role, tried, outcome, login))
    }

    /// Where the roles that a value gives stand on the ladder.
    fn heights(&self, value: &str) -> Vec<usize> {
        let given = |group: &str| {
            let of_group = self.groups.iter().filter(move |(known, _)| known == group);
            of_group.filter_map(|(_, role)| self.ladder.height(role)).max()
        };
        match self.separator {
            Some(separator) => value.split(separator).filter_map(|group| given(trim(group))).collect(),
            None => given(value).into_iter().collect(),
        }
    }

    /// What did not arrive can raise the role, but not above the ceiling.
    fn conclude(&self, highest: Option<usize>, withheld: bool, tried: &[Tried]) -> (AssertedRole, FieldOutcome) {
        let ceiling = self.ladder.height(&self.ceiling);
        let role = |height: Option<usize>| height.and_then(|height| self.ladder.0.get(height)).cloned();
        let arrived = tried.iter().any(|tried| matches!(tried.found, Found::Values { .. }));
        match (highest, role(highest.min(ceiling))) {
            (Some(_), Some(role)) if highest > ceiling => (AssertedRole::Role(role), FieldOutcome::Capped),
            (Some(_), Some(role)) if highest == ceiling => (AssertedRole::Role(role), FieldOutcome::Mapped),
            _ if withheld => (AssertedRole::Withheld, FieldOutcome::GroupsWithheld),
            (Some(_), Some(role)) => (AssertedRole::Role(role), FieldOutcome::Mapped),
            _ if arrived => (AssertedRole::NoneMatched, FieldOutcome::NoRole),
            _ => (AssertedRole::NoneMatched, FieldOutcome::Missing),
        }
    }

    /// Entra ID sends the link in place of the groups. Whoever may rename the claim of the groups can't rename this one, and
    /// app roles are never too many.
    fn is_withheld(&self, tried: &[Tried], login: &Login) -> bool {
        let may_be_groups = |source: &Source| !matches!(source, Source::Attribute { name, .. } if name == CLAIM_ROLE);
        let is_empty = |tried: &Tried| !matches!(tried.found, Found::Values { .. });
        has_overage(login) && tried.iter().any(|tried| is_empty(tried) && may_be_groups(&tried.source))
    }
}

/// Names the groups, which are the customer's, by their number only.
impl std::fmt::Debug for RoleMap {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let mut map = f.debug_struct("RoleMap");
        map.field("ceiling", &self.ceiling).field("sources", &self.sources).field("groups", &self.groups.len());
        map.finish_non_exhaustive()
    }
}

impl RoleMapBuilder {
    /// Lets a group give a role. A role above the ceiling becomes the ceiling.
    pub fn group(mut self, group: impl Into<String>, role: Role) -> Self {
        self.0.groups.push((group.into(), role));
        self
    }

    /// Takes a value for several groups with this between them and white space around them. Otherwise a value is one group: names of groups
    /// may hold any character, and whoever may name one could name two.
    pub fn separated_by(mut self, separator: char) -> Self {
        self.0.separator = Some(separator);
        self
    }

    /// The map.
    ///
    /// # Errors
    /// [`ConfigError::Value`] for a role or a ceiling that the ladder does not have, a group without a name, more than 1000
    /// groups, and none or more than 10 sources.
    pub fn build(self) -> Result<RoleMap, ConfigError> {
        let map = self.0;
        let refuse = |field, reason| Err(ConfigError::Value { field, reason });
        map.sources.iter().try_for_each(Source::check)?;
        if map.sources.is_empty() || map.sources.len() > MOST_SOURCES {
            return refuse("sources of groups", "1 to 10");
        }
        if map.ladder.height(&map.ceiling).is_none() {
            return refuse("ceiling", "not one of the roles that groups may give");
        }
        if map.groups.len() > MOST_GROUPS || map.groups.iter().any(|(group, _)| group.is_empty()) {
            return refuse("groups", "at most 1000, each with a name");
        }
        if map.groups.iter().any(|(_, role)| map.ladder.height(role).is_none()) {
            return refuse("role", "not one of the roles that groups may give");
        }
        Ok(map)
    }
}

/// Whether Entra ID sent a link in place of the groups.
pub(super) fn has_overage(login: &Login) -> bool {
    login.attributes().iter().any(|attribute| attribute.name() == CLAIM_GROUPS_LINK)
}

pub(super) fn encode_sources(sources: &[Source], encoder: Encoder) -> Encoder {
    // At most ten: every constructor checks it.
    let encoder = encoder.byte(u8::try_from(sources.len()).unwrap_or(u8::MAX));
    sources.iter().fold(encoder, |encoder, source| source.encode(encoder))
}

pub(super) fn decode_sources(decoder: &mut Decoder<'_>) -> Result<Vec<Source>, StoredError> {
    (0..decoder.byte()?).map(|_| Source::decode(decoder)).collect()
}
