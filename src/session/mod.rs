//! What is kept of a login for the day of its logout.

mod pending;

pub use pending::PendingLogout;

use std::fmt;

use crate::assertion::{AuthnStatement, NameId};
use crate::browser::sha256_hex;
use crate::names::{ConnectionId, EntityId, SessionId, SessionIndex};
use crate::profile::{Login, ReplayKey};
use crate::stored::{Decoder, Encoder, StoredError};

const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";

/// A session of the host, as the identity provider that it came from knows it: connection, whole name identifier,
/// every SessionIndex.
///
/// It is made when a login ends, kept in the host's store as [`SamlSession::to_bytes`] beside the digests that a
/// logout request finds it by, and handed to [`flow::start_logout`](crate::flow::start_logout). `Debug` hides the user.
#[derive(Clone, PartialEq, Eq)]
pub struct SamlSession {
    id: SessionId,
    connection: ConnectionId,
    issuer: EntityId,
    name_id: Option<NameId>,
    indexes: Vec<SessionIndex>,
}

/// The digest of a whole name identifier, or of a SessionIndex: equal when all of it is, whatever the collation of a
/// database makes of letters, and nothing that could be read or searched with wildcards.
#[derive(Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct SessionDigest(String);

/// Which sessions a verified logout request names, and what is claimed when they are ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LogoutTarget {
    subject: SessionDigest,
    indexes: Vec<SessionDigest>,
    replay_key: ReplayKey,
}

impl SamlSession {
    const VERSION: u8 = 1;

    /// Keeps of a login what ends it, under the host's name for the session that it made of it.
    #[must_use]
    pub fn of(login: &Login, id: SessionId) -> Self {
        let mut indexes: Vec<SessionIndex> = Vec::new();
        for index in login.authn_statements().iter().filter_map(AuthnStatement::session_index) {
            if !indexes.contains(index) {
                indexes.push(index.clone());
            }
        }
        Self {
            id,
            connection: login.connection().clone(),
            issuer: login.issuer().clone(),
            name_id: login.name_id().cloned(),
            indexes,
        }
    }

    /// A session of a login that is told by its parts, for tests of stores.
    #[must_use]
    pub fn new(
        id: SessionId,
        connection: ConnectionId,
        issuer: EntityId,
        name_id: Option<NameId>,
        indexes: Vec<SessionIndex>,
    ) -> Self {
        Self { id, connection, issuer, name_id, indexes }
    }

    /// The host's name for it.
    #[must_use]
    pub fn id(&self) -> &SessionId {
        &self.id
    }

    /// The connection that the user signed in over. A logout request over another one never ends it.
    #[must_use]
    pub fn connection(&self) -> &ConnectionId {
        &self.connection
    }

    /// What the user is found by. No logout request has the digest of a login without a name identifier.
    #[must_use]
    pub fn subject(&self) -> SessionDigest {
        SessionDigest::of_name(&self.issuer, self.name_id.as_ref())
    }

    /// What the session is found by, once for each SessionIndex; empty if the identity provider named none.
    #[must_use]
    pub fn indexes(&self) -> Vec<SessionDigest> {
        self.indexes.iter().map(SessionDigest::of_index).collect()
    }

    pub(crate) fn issuer(&self) -> &EntityId {
        &self.issuer
    }

    pub(crate) fn name_id(&self) -> Option<&NameId> {
        self.name_id.as_ref()
    }

    pub(crate) fn session_indexes(&self) -> &[SessionIndex] {
        &self.indexes
    }

    /// The value to store.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let indexes: Vec<String> = self.indexes.iter().map(|index| index.as_str().to_owned()).collect();
        let name = |field: fn(&NameId) -> Option<&str>| self.name_id.as_ref().and_then(field);
        Encoder::new(Self::VERSION)
            .text(self.id.as_str())
            .text(self.connection.as_str())
            .text(self.issuer.as_str())
            .option(name(|name_id| Some(name_id.value())))
            .option(name(NameId::format))
            .option(name(NameId::name_qualifier))
            .option(name(NameId::sp_name_qualifier))
            .option(name(NameId::sp_provided_id))
            .list(&indexes)
            .finish()
    }

    /// Reads a stored value.
    ///
    /// # Errors
    /// [`StoredError`].
    pub fn from_bytes(stored: &[u8]) -> Result<Self, StoredError> {
        let mut decoder = Decoder::new(stored, Self::VERSION)?;
        let id = SessionId::new(decoder.text()?);
        let connection = ConnectionId::new(decoder.text()?);
        let issuer = EntityId::new(decoder.text()?);
        let value = decoder.option()?;
        let [format, name_qualifier, sp_name_qualifier, sp_provided_id] =
            [decoder.option()?, decoder.option()?, decoder.option()?, decoder.option()?];
        let name_id =
            value.map(|value| NameId::of_parts(value, format, [name_qualifier, sp_name_qualifier, sp_provided_id]));
        let indexes = decoder.list()?.into_iter().map(SessionIndex::new).collect();
        decoder.finish()?;
        Ok(Self { id, connection, issuer, name_id, indexes })
    }
}

impl SessionDigest {
    /// Takes a stored value.
    #[must_use]
    pub fn new(stored: impl Into<String>) -> Self {
        Self(stored.into())
    }

    /// The value to store: 64 hexadecimal digits.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// Value, Format and both qualifiers. What the standard says an absent part means is the same as the part: a
    /// Format that is not given is "unspecified" (SAML Core 2.2.2), the NameQualifier of a persistent name is the
    /// identity provider (8.3.7).
    pub(crate) fn of_name(issuer: &EntityId, name_id: Option<&NameId>) -> Self {
        let format = name_id.and_then(NameId::format).unwrap_or(UNSPECIFIED);
        let implied = (format == PERSISTENT).then_some(issuer.as_str());
        let qualifier = name_id.and_then(NameId::name_qualifier).or(implied);
        let octets = Encoder::new(b'N')
            .option(name_id.map(NameId::value))
            .text(format)
            .option(qualifier)
            .option(name_id.and_then(NameId::sp_name_qualifier));
        Self::of(&octets.finish())
    }

    pub(crate) fn of_index(index: &SessionIndex) -> Self {
        Self::of(&Encoder::new(b'I').text(index.as_str()).finish())
    }

    fn of(octets: &[u8]) -> Self {
        Self(sha256_hex(octets))
    }
}

impl LogoutTarget {
    /// Puts a target together. Those of messages are made when the message is verified; this is for tests of stores.
    #[must_use]
    pub fn new(subject: SessionDigest, indexes: Vec<SessionDigest>, replay_key: ReplayKey) -> Self {
        Self { subject, indexes, replay_key }
    }

    /// The connection that the request came over: sessions of another one are not meant, whoever the user is.
    #[must_use]
    pub fn connection(&self) -> &ConnectionId {
        self.replay_key.connection()
    }

    /// The user.
    #[must_use]
    pub fn subject(&self) -> &SessionDigest {
        &self.subject
    }

    /// The sessions, by any of their indexes; if there are none, all sessions of the user over this connection.
    #[must_use]
    pub fn indexes(&self) -> &[SessionDigest] {
        &self.indexes
    }

    /// What makes the request unique.
    #[must_use]
    pub fn replay_key(&self) -> &ReplayKey {
        &self.replay_key
    }
}

/// Shows whose session it is at the host, and not who the user is.
impl fmt::Debug for SamlSession {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut session = f.debug_struct("SamlSession");
        session.field("id", &self.id).field("connection", &self.connection).finish_non_exhaustive()
    }
}

/// Whoever knows a name could find it by its digest.
impl fmt::Debug for SessionDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionDigest(..)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn session(name_id: Option<NameId>, indexes: &[&str]) -> SamlSession {
        let indexes = indexes.iter().map(|index| SessionIndex::new(*index)).collect();
        SamlSession::new(SessionId::new("s"), ConnectionId::new("c"), EntityId::new("https://idp"), name_id, indexes)
    }

    #[test]
    fn every_field_comes_back_and_damage_is_noticed() {
        let name_id =
            NameId::new("alice").with_format(PERSISTENT).with_qualifiers(Some("q".to_owned()), Some("\0ü".to_owned()));
        for session in [session(Some(name_id), &["_1", "_2"]), session(None, &[])] {
            let stored = session.to_bytes();
            assert_eq!(SamlSession::from_bytes(&stored), Ok(session.clone()));
            for length in 0..stored.len() {
                assert!(SamlSession::from_bytes(stored.get(..length).unwrap()).is_err(), "{length}");
            }
            assert_eq!(
                SamlSession::from_bytes(&[&[9], stored.get(1..).unwrap()].concat()),
                Err(StoredError::Version { found: 9, known: 1 })
            );
            assert!(!format!("{session:?}").contains("alice"));
        }
    }

    #[test]
    fn slo_008_a_subject_is_the_whole_name() {
        let of = |name_id: NameId| session(Some(name_id), &[]).subject();
        let plain = || NameId::new("alice");
        let qualified =
            |q: Option<&str>, s: Option<&str>| plain().with_qualifiers(q.map(str::to_owned), s.map(str::to_owned));
        let all = [
            session(None, &[]).subject(),
            of(plain()),
            of(NameId::new("Alice")),
            of(NameId::new("alice ")),
            of(plain().with_format(PERSISTENT)),
            of(qualified(Some("a"), None)),
            of(qualified(None, Some("a"))),
            of(qualified(Some("a"), Some("a"))),
            of(qualified(Some(""), None)),
        ];
        for (at, one) in all.iter().enumerate() {
            assert!(all.iter().skip(at + 1).all(|other| other != one), "{at}");
        }
        assert_eq!(of(plain()), of(plain().with_format(UNSPECIFIED)));
        let persistent = |q: Option<&str>| of(qualified(q, None).with_format(PERSISTENT));
        assert_eq!(persistent(None), persistent(Some("https://idp")));
        assert_ne!(persistent(None), persistent(Some("https://other")));
    }
}
