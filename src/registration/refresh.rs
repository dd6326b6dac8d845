//! What becomes of a registration when its metadata was asked for again: decisions without clock, network or store.

use std::fmt;

use chrono::{DateTime, SecondsFormat, Utc};

use super::fetch::{Decision, Fetch, Held};
use super::{Registration, Source};
use crate::browser::sha256_hex;
use crate::connection::ConnectionStatus;
use crate::error::{ConfigError, Metadata, Rejection};
use crate::fetch::Validators;
use crate::metadata::{ChangeVerdict, IdentityProvider, MetadataChange, MetadataTrust, MetadataWarning};
use crate::time::format_date_time;

/// A change that waits for somebody to agree, as it is to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldChange {
    identity_provider: IdentityProvider,
    changes: Vec<MetadataChange>,
    digest: ChangeDigest,
    since: DateTime<Utc>,
    decision: Decision,
}

/// Names what is in use and what would take its place, so that what was shown is what is approved.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct ChangeDigest(String);

impl ChangeDigest {
    /// As a form brings it back; whatever names no change is simply not found.
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }

    /// For a form.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl HeldChange {
    /// The identity provider as it is published.
    #[must_use]
    pub fn identity_provider(&self) -> &IdentityProvider {
        &self.identity_provider
    }

    /// Everything that differs from what is in use.
    #[must_use]
    pub fn changes(&self) -> &[MetadataChange] {
        &self.changes
    }

    /// What to approve or reject it by.
    #[must_use]
    pub fn digest(&self) -> &ChangeDigest {
        &self.digest
    }

    /// Since when it is published.
    #[must_use]
    pub fn since(&self) -> DateTime<Utc> {
        self.since
    }

    /// Whether somebody has looked at it.
    #[must_use]
    pub fn decision(&self) -> Decision {
        self.decision
    }
}

/// What an administrator should know about a registration. `Display` says it in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RegistrationWarning {
    /// The metadata can't be fetched again. What is known is used until its `validUntil`.
    RefreshFailing {
        /// When it failed first.
        since: DateTime<Utc>,
        /// How often since then.
        attempts: u32,
        /// The code of the last error.
        code: String,
    },
    /// A change waits for somebody to approve or reject it.
    ChangeWaiting {
        /// Since when it is published.
        since: DateTime<Utc>,
    },
    /// A change that was rejected is still published: what is in use may soon work no longer.
    ChangeRejected {
        /// Since when it is published.
        since: DateTime<Utc>,
    },
    /// Nobody but an administrator will learn of a new key, since no URL is known, and there is one key only.
    NotFollowed,
    /// About the identity provider itself.
    Metadata(MetadataWarning),
}

/// What a refresh came to.
#[derive(Debug)]
#[non_exhaustive]
pub(crate) enum Judged {
    Unchanged,
    Changed(Vec<MetadataChange>),
    Held(HeldChange),
}

/// A document that was fetched again and read, or that the one known is still the one.
pub(crate) enum Published {
    Unmodified,
    Document { identity_provider: IdentityProvider, validators: Validators, host: String },
}

impl Registration {
    /// When its metadata is to be fetched again: never, unless it was fetched and the connection is in use or to be.
    /// Stored beside the bytes, it is what [`due`](crate::storage::ConnectionStore::due) looks for.
    #[must_use]
    pub fn refresh_at(&self) -> Option<DateTime<Utc>> {
        let fetch = self.fetch().filter(|_| self.connection.status() != ConnectionStatus::Disabled)?;
        Some(fetch.due(&self.connection))
    }

    /// The change that waits, or that was rejected and is still published.
    #[must_use]
    pub fn held_change(&self) -> Option<HeldChange> {
        let fetch = self.fetch()?;
        let held = fetch.held.as_ref()?;
        let changes = self.changes(fetch, &held.identity_provider, &held.host);
        let digest = self.digest(held);
        let Held { identity_provider, since, decision, .. } = held.clone();
        (!changes.is_empty()).then_some(HeldChange { identity_provider, changes, digest, since, decision })
    }

    /// What an administrator should know, judged at `now`.
    #[must_use]
    pub fn warnings(&self, now: DateTime<Utc>) -> Vec<RegistrationWarning> {
        let failure = self.fetch().and_then(Fetch::failure);
        let failing = failure.map(|failure| RegistrationWarning::RefreshFailing {
            since: failure.since,
            attempts: failure.attempts,
            code: failure.code.clone(),
        });
        let held = self.held_change().map(|held| match held.decision {
            Decision::Waiting => RegistrationWarning::ChangeWaiting { since: held.since },
            Decision::Rejected => RegistrationWarning::ChangeRejected { since: held.since },
        });
        let identity_provider = self.connection.identity_provider();
        let alone = self.fetch().is_none() && identity_provider.signing_keys().len() == 1;
        let own = failing.into_iter().chain(held).chain(alone.then_some(RegistrationWarning::NotFollowed));
        own.chain(identity_provider.warnings(now).into_iter().map(RegistrationWarning::Metadata)).collect()
    }

    pub(crate) fn fetch(&self) -> Option<&Fetch> {
        match &self.source {
            Source::Url(fetch) => Some(fetch),
            Source::Fields | Source::Document => None,
        }
    }

    /// The same after a refresh that failed.
    pub(crate) fn refresh_failed(&self, fetch: &Fetch, code: &str, now: DateTime<Utc>) -> Self {
        self.with_fetch(fetch.clone().failed(code, now))
    }

    /// The same after a refresh, and what came of it.
    ///
    /// # Errors
    /// `metadata.expired`, `metadata.rollback`; `metadata.no_signing_key` when the policy permits none of the keys.
    pub(crate) fn refreshed(
        &self,
        fetch: &Fetch,
        published: Published,
        now: DateTime<Utc>,
    ) -> Result<(Self, Judged), Rejection> {
        let current = Fetch { at: now, failure: None, ..fetch.clone() };
        let (identity_provider, validators, host) = match published {
            Published::Unmodified => {
                self.connection.in_force(now)?;
                let same = self.with_fetch(current);
                let judged = same.held_change().map_or(Judged::Unchanged, Judged::Held);
                return Ok((same, judged));
            }
            Published::Document { identity_provider, validators, host } => (identity_provider, validators, host),
        };
        self.refuse_rollback(fetch, &identity_provider)?;
        let changes = self.changes(fetch, &identity_provider, &host);
        let current = Fetch { validators, held: None, ..current };
        if changes.iter().any(|change| change.verdict() == ChangeVerdict::Hold) {
            let held = self.held(fetch, Held { identity_provider, host, since: now, decision: Decision::Waiting });
            let waiting = self.with_fetch(Fetch { held: Some(held), ..current });
            let judged = waiting.held_change().map_or(Judged::Unchanged, Judged::Held);
            return Ok((waiting, judged));
        }
        let taken = self.taking(current, identity_provider).map_err(|_| Rejection::new(Metadata::NoSigningKey))?;
        Ok((taken, if changes.is_empty() { Judged::Unchanged } else { Judged::Changed(changes) }))
    }

    /// The same with the change that was shown under that digest; nothing if there is none, or another by now.
    pub(crate) fn approved(&self, digest: &ChangeDigest) -> Option<Self> {
        if self.fetch()?.approved.as_deref() == Some(digest.as_str()) {
            return Some(self.clone());
        }
        let (fetch, held) = self.shown(digest)?;
        let approved = Some(digest.as_str().to_owned());
        let agreed = Fetch { host: held.host.clone(), held: None, approved, ..fetch.clone() };
        self.taking(agreed, held.identity_provider.clone()).ok()
    }

    /// The same without the change that was shown under that digest, and without being asked again.
    pub(crate) fn rejected(&self, digest: &ChangeDigest) -> Option<Self> {
        let (fetch, held) = self.shown(digest)?;
        let rejected = Held { decision: Decision::Rejected, ..held.clone() };
        Some(self.with_fetch(Fetch { held: Some(rejected), ..fetch.clone() }))
    }

    fn shown(&self, digest: &ChangeDigest) -> Option<(&Fetch, &Held)> {
        let fetch = self.fetch()?;
        let held = fetch.held.as_ref().filter(|held| self.digest(held) == *digest)?;
        Some((fetch, held))
    }

    /// The same change goes on waiting, or being rejected, from when it was first seen.
    fn held(&self, fetch: &Fetch, new: Held) -> Held {
        match &fetch.held {
            Some(old) if self.digest(old) == self.digest(&new) => {
                Held { since: old.since, decision: old.decision, ..new }
            }
            _ => new,
        }
    }

    fn with_fetch(&self, fetch: Fetch) -> Self {
        Self { source: Source::Url(Box::new(fetch)), ..self.clone() }
    }

    fn taking(&self, fetch: Fetch, identity_provider: IdentityProvider) -> Result<Self, ConfigError> {
        let connection = self.connection.clone().with_identity_provider(identity_provider)?;
        Ok(Self { connection, ..self.with_fetch(fetch) })
    }

    /// What a redirect led to proves no key by itself; a signature does, wherever it comes from.
    fn changes(&self, fetch: &Fetch, published: &IdentityProvider, host: &str) -> Vec<MetadataChange> {
        let mut changes = self.connection.identity_provider().changes_to(published);
        if !changes.is_empty() && fetch.host != host && *fetch.trust() == MetadataTrust::ObtainedSecurely {
            changes.push(MetadataChange::MetadataHost { old: fetch.host.clone(), new: host.to_owned() });
        }
        changes
    }

    fn digest(&self, held: &Held) -> ChangeDigest {
        let [old, new] = [self.connection.identity_provider(), &held.identity_provider]
            .map(|identity_provider| sha256_hex(&identity_provider.description()));
        ChangeDigest(sha256_hex([old, new, sha256_hex(held.host.as_bytes())].concat().as_bytes()))
    }

    /// Metadata that ends sooner than what is in use was published before it. A signed document can be brought
    /// back by whoever kept it, so that such a one has to say when it ends if its predecessor did.
    fn refuse_rollback(&self, fetch: &Fetch, published: &IdentityProvider) -> Result<(), Rejection> {
        let Some(known) = self.connection.identity_provider().valid_until() else { return Ok(()) };
        let is_older = match published.valid_until() {
            Some(until) => until < known,
            None => *fetch.trust() != MetadataTrust::ObtainedSecurely,
        };
        if !is_older {
            return Ok(());
        }
        let found = published.valid_until().map_or("none".to_owned(), format_date_time);
        let expected = format!("a validUntil of {} or later", format_date_time(known));
        Err(Rejection::new(Metadata::Rollback).expecting(expected).finding(found))
    }
}

impl fmt::Display for RegistrationWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = |instant: &DateTime<Utc>| instant.to_rfc3339_opts(SecondsFormat::Secs, true);
        match self {
            Self::RefreshFailing { since, attempts, code } => {
                write!(f, "the metadata could not be fetched since {} ({attempts} attempts): {code}", day(since))
            }
            Self::ChangeWaiting { since } => {
                write!(f, "a change of the metadata of {} waits for approval", day(since))
            }
            Self::ChangeRejected { since } => {
                write!(f, "a change of the metadata that was rejected is published since {}", day(since))
            }
            Self::NotFollowed => f.write_str("a new key has to be entered by hand: register the metadata URL instead"),
            Self::Metadata(warning) => fmt::Display::fmt(warning, f),
        }
    }
}
