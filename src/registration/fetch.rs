//! What is known of the URL that metadata is fetched from: when it was asked, and what came of it.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use crate::browser::sha256_hex;
use crate::connection::Connection;
use crate::fetch::{MetadataUrl, Validators};
use crate::keys::VerifyingKey;
use crate::metadata::{EntityChoice, IdentityProvider, MetadataTrust};
use crate::names::EntityId;
use crate::stored::{Decoder, Encoder, StoredError};

/// How often metadata that says nothing is asked for.
const USUAL: i64 = 6 * HOUR;
/// The bounds on what it says.
const OFTEN: i64 = 15 * MINUTE;
const SELDOM: i64 = 24 * HOUR;
/// How long after the first failure it is asked for again; twice as long after each further one.
const RETRY: i64 = 5 * MINUTE;
const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;

/// Metadata that is fetched, and fetched again when it is due.
#[derive(Clone, PartialEq, Eq)]
pub struct Fetch {
    pub(super) url: MetadataUrl,
    pub(super) choice: EntityChoice,
    pub(super) trust: MetadataTrust,
    /// The host that it came from, after all redirects, when somebody last agreed.
    pub(super) host: String,
    pub(super) validators: Validators,
    pub(super) at: DateTime<Utc>,
    pub(super) failure: Option<RefreshFailure>,
    pub(super) held: Option<Held>,
    /// The digest of the change that was approved last, so that approving can be repeated.
    pub(super) approved: Option<String>,
}

/// Since when a refresh fails, and how.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefreshFailure {
    pub(super) since: DateTime<Utc>,
    pub(super) last: DateTime<Utc>,
    pub(super) attempts: u32,
    pub(super) code: String,
}

/// What was published and waits for somebody to agree.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct Held {
    pub(super) identity_provider: IdentityProvider,
    pub(super) host: String,
    pub(super) since: DateTime<Utc>,
    pub(super) decision: Decision,
}

/// Whether somebody has looked at a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Decision {
    /// Nobody has.
    Waiting,
    /// Somebody has refused it. It is not asked about again while it is what is published.
    Rejected,
}

impl Fetch {
    pub(crate) fn new(
        url: MetadataUrl,
        (choice, trust): (EntityChoice, MetadataTrust),
        host: &str,
        validators: Validators,
        at: DateTime<Utc>,
    ) -> Self {
        Self { url, choice, trust, host: host.to_owned(), validators, at, failure: None, held: None, approved: None }
    }

    /// The URL that was registered.
    #[must_use]
    pub fn url(&self) -> &MetadataUrl {
        &self.url
    }

    /// Which entity of the document is meant.
    #[must_use]
    pub fn choice(&self) -> &EntityChoice {
        &self.choice
    }

    /// Why the document is believed, each time.
    #[must_use]
    pub fn trust(&self) -> &MetadataTrust {
        &self.trust
    }

    /// What the server named the last document by. To be sent with the next request, unless the last one failed.
    #[must_use]
    pub fn validators(&self) -> &Validators {
        &self.validators
    }

    /// When it was last known what is published.
    #[must_use]
    pub fn at(&self) -> DateTime<Utc> {
        self.at
    }

    /// Since when that has failed, if it did last time.
    #[must_use]
    pub fn failure(&self) -> Option<&RefreshFailure> {
        self.failure.as_ref()
    }

    /// When it is to be asked for again: by `cacheDuration`, within 15 minutes and a day, or after 6 hours; at half
    /// time to `validUntil` at the latest; after a failure sooner, and each time later. A tenth is left to the
    /// name of the connection, so that not all are asked at once.
    pub(super) fn due(&self, connection: &Connection) -> DateTime<Utc> {
        let identity_provider = connection.identity_provider();
        let said = identity_provider.cache_duration().map_or(USUAL, |duration| duration.num_seconds());
        let left = identity_provider.valid_until().map(|until| until.signed_duration_since(self.at).num_seconds() / 2);
        let interval = said.min(left.unwrap_or(said)).clamp(OFTEN, SELDOM);
        let (from, seconds) = match &self.failure {
            None => (self.at, interval),
            Some(failure) => {
                let doublings = failure.attempts.saturating_sub(1).min(16);
                (failure.last, RETRY.saturating_mul(1 << doublings).min(interval))
            }
        };
        let early = seconds.saturating_mul(spread(connection)) / 10_000;
        from.checked_add_signed(TimeDelta::seconds(seconds.saturating_sub(early))).unwrap_or(DateTime::<Utc>::MAX_UTC)
    }

    pub(super) fn failed(mut self, code: &str, now: DateTime<Utc>) -> Self {
        let (since, attempts) = self.failure.map_or((now, 0), |failure| (failure.since, failure.attempts));
        let attempts = attempts.saturating_add(1);
        self.failure = Some(RefreshFailure { since, last: now, attempts, code: code.to_owned() });
        self
    }

    pub(super) fn write(&self, encoder: Encoder) -> Encoder {
        let encoder = encoder.octets(&self.url.to_bytes());
        let encoder = match &self.choice {
            EntityChoice::Only => encoder.byte(0),
            EntityChoice::Entity(id) => encoder.byte(1).text(id.as_str()),
        };
        let encoder = match &self.trust {
            MetadataTrust::ObtainedSecurely => encoder.byte(0),
            MetadataTrust::SignedBy(keys) => encoder.byte(1).each(keys, |encoder, key| encoder.octets(key.spki_der())),
        };
        let encoder = encoder.text(&self.host).option(self.validators.etag());
        let encoder = encoder.option(self.validators.last_modified()).instant(self.at);
        let encoder = match &self.failure {
            None => encoder.byte(0),
            Some(failure) => failure.write(encoder.byte(1)),
        };
        let encoder = match &self.held {
            None => encoder.byte(0),
            Some(held) => held.write(encoder.byte(1)),
        };
        encoder.option(self.approved.as_deref())
    }

    pub(super) fn read(decoder: &mut Decoder<'_>) -> Result<Self, StoredError> {
        let url = MetadataUrl::from_bytes(decoder.octets()?)?;
        let choice = match decoder.byte()? {
            0 => EntityChoice::Only,
            1 => EntityChoice::Entity(EntityId::new(decoder.text()?)),
            _ => return Err(StoredError::Damaged),
        };
        let key = |decoder: &mut Decoder<'_>| {
            VerifyingKey::from_spki_der(decoder.octets()?).map_err(|_| StoredError::Damaged)
        };
        let trust = match decoder.byte()? {
            0 => MetadataTrust::ObtainedSecurely,
            1 => MetadataTrust::SignedBy(decoder.each(key)?),
            _ => return Err(StoredError::Damaged),
        };
        let host = decoder.text()?;
        let mut validators = Validators::none();
        if let Some(etag) = decoder.option()? {
            validators = validators.with_etag(&etag);
        }
        if let Some(date) = decoder.option()? {
            validators = validators.with_last_modified(&date);
        }
        let at = decoder.instant()?;
        let failure = decoder.flag()?.then(|| RefreshFailure::read(decoder)).transpose()?;
        let held = decoder.flag()?.then(|| Held::read(decoder)).transpose()?;
        let approved = decoder.option()?;
        Ok(Self { url, choice, trust, host, validators, at, failure, held, approved })
    }
}

/// Up to a tenth, in ten-thousandths, the same each time.
fn spread(connection: &Connection) -> i64 {
    let digest = sha256_hex(connection.id().as_str().as_bytes());
    digest.get(..4).and_then(|digits| i64::from_str_radix(digits, 16).ok()).unwrap_or_default() % 1_000
}

impl RefreshFailure {
    /// When it failed first.
    #[must_use]
    pub fn since(&self) -> DateTime<Utc> {
        self.since
    }

    /// How often it has failed since then.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.attempts
    }

    /// The code of the last error: `fetch.*`, `metadata.*`, `xml.*`, `schema.*`, `dsig.*`.
    #[must_use]
    pub fn code(&self) -> &str {
        &self.code
    }

    fn write(&self, encoder: Encoder) -> Encoder {
        encoder.instant(self.since).instant(self.last).text(&self.attempts.to_string()).text(&self.code)
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, StoredError> {
        let (since, last) = (decoder.instant()?, decoder.instant()?);
        let attempts = decoder.text()?.parse().map_err(|_| StoredError::Damaged)?;
        Ok(Self { since, last, attempts, code: decoder.text()? })
    }
}

impl Held {
    fn write(&self, encoder: Encoder) -> Encoder {
        let decision = match self.decision {
            Decision::Waiting => 0,
            Decision::Rejected => 1,
        };
        encoder.octets(&self.identity_provider.to_bytes()).text(&self.host).instant(self.since).byte(decision)
    }

    fn read(decoder: &mut Decoder<'_>) -> Result<Self, StoredError> {
        let identity_provider = IdentityProvider::from_bytes(decoder.octets()?)?;
        let (host, since) = (decoder.text()?, decoder.instant()?);
        let decision = if decoder.flag()? { Decision::Rejected } else { Decision::Waiting };
        Ok(Self { identity_provider, host, since, decision })
    }
}

impl fmt::Debug for Fetch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let waiting = self.held.as_ref().map(|held| held.decision);
        let mut shown = f.debug_struct("Fetch");
        shown.field("url", &self.url).field("at", &self.at).field("failure", &self.failure);
        shown.field("held", &waiting).finish_non_exhaustive()
    }
}
