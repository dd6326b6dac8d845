//! Following the metadata of identity providers that were registered by URL.

use chrono::{DateTime, Utc};

use super::registration::{MetadataError, RegistrationError, replace};
use crate::events::{SecurityEvent, report};
use crate::fetch::{FetchError, Fetched, MetadataFetcher, Validators};
use crate::metadata::{IdentityProvider, KeyUse, MetadataChange};
use crate::names::{ConnectionId, OrganizationId};
use crate::registration::{ChangeDigest, Fetch, HeldChange, Judged, Published, Registration};
use crate::storage::{ConnectionStore, Replaced};

/// A registration whose metadata was asked for again.
#[derive(Debug)]
#[must_use]
pub struct Refreshed {
    /// The registration as it is stored now.
    pub registration: Registration,
    /// What came of it.
    pub outcome: RefreshOutcome,
}

/// What came of asking for metadata again.
#[derive(Debug)]
#[non_exhaustive]
pub enum RefreshOutcome {
    /// Nothing that matters has changed.
    Unchanged,
    /// These changes are in use from now on.
    Changed(Vec<MetadataChange>),
    /// What is published waits for [`approve_change`], or was rejected; what was in use before is still in use.
    Held(HeldChange),
    /// Nothing could be had that is any good. What is known is used on, until its `validUntil`; it is tried again
    /// sooner than usual.
    Failed(MetadataError),
    /// Somebody else has changed the registration in the meantime, and what was fetched is dropped.
    Superseded,
}

/// Asks for the metadata that is longest overdue, if any is: to be called every few minutes until nothing is left.
///
/// ```
/// # use chrono::{DateTime, Utc};
/// # use saml_sp::{fetch::MetadataFetcher, storage::ConnectionStore};
/// use saml_sp::flow::{RegistrationError, refresh_due};
///
/// async fn every_few_minutes<S: ConnectionStore, F: MetadataFetcher>(
///     store: &S,
///     fetcher: &F,
///     now: DateTime<Utc>,
/// ) -> Result<(), RegistrationError<S::Error>> {
///     while let Some(refreshed) = refresh_due(store, fetcher, now).await? {
///         // Mail what was held to the administrators of the organization, write the rest to its log.
///         println!("{}: {:?}", refreshed.registration.connection().id(), refreshed.outcome);
///     }
///     Ok(())
/// }
/// ```
///
/// # Errors
/// [`RegistrationError::Store`].
pub async fn refresh_due<S: ConnectionStore, F: MetadataFetcher>(
    store: &S,
    fetcher: &F,
    now: DateTime<Utc>,
) -> Result<Option<Refreshed>, RegistrationError<S::Error>> {
    let due = store.due(now, 1).await.map_err(RegistrationError::Store)?;
    // A store whose dates are not those of its values would have us ask without end.
    match due.first().filter(|registration| registration.refresh_at().is_some_and(|at| at <= now)) {
        Some(registration) => refresh(store, fetcher, registration, now).await.map(Some),
        None => Ok(None),
    }
}

/// Asks for the metadata of a registration now.
///
/// 1. The document is fetched, unless it is still the one that is known, and read under the trust and choice of the
///    registration. 2. Older documents are refused, and differences found. 3. What could be an attack is
///    [held](crate::metadata::MetadataChange::verdict), the rest is taken. 4. The store puts the result in the place of the
///    registration that was given, if it is still that.
///
/// # Errors
/// [`RegistrationError::NoUrl`], [`RegistrationError::Store`].
pub async fn refresh<S: ConnectionStore, F: MetadataFetcher>(
    store: &S,
    fetcher: &F,
    registration: &Registration,
    now: DateTime<Utc>,
) -> Result<Refreshed, RegistrationError<S::Error>> {
    let fetch = registration.fetch().ok_or(RegistrationError::NoUrl)?;
    let judged = match published(fetcher, fetch, now).await {
        Ok(published) => registration.refreshed(fetch, published, now).map_err(MetadataError::from),
        Err(error) => Err(error),
    };
    let (new, outcome) = match judged {
        Ok((new, Judged::Unchanged)) => (new, RefreshOutcome::Unchanged),
        Ok((new, Judged::Changed(changes))) => (new, RefreshOutcome::Changed(changes)),
        Ok((new, Judged::Held(held))) => (new, RefreshOutcome::Held(held)),
        Err(error) => (registration.refresh_failed(fetch, error.code(), now), RefreshOutcome::Failed(error)),
    };
    match store.replace(registration, &new).await.map_err(RegistrationError::Store)? {
        Replaced::Done => {
            report_outcome(registration, &outcome, now);
            Ok(Refreshed { registration: new, outcome })
        }
        Replaced::Changed | Replaced::EntityIdTaken => {
            Ok(Refreshed { registration: registration.clone(), outcome: RefreshOutcome::Superseded })
        }
    }
}

/// Takes the change that was shown under that digest. If nothing goes on that was trusted before, the connection is a
/// draft again, to be tried out: [`Connection::with_identity_provider`](crate::Connection::with_identity_provider).
///
/// # Errors
/// [`RegistrationError::Changed`] when something else is published by now, or in use;
/// [`RegistrationError::EntityIdTaken`], [`RegistrationError::Store`].
pub async fn approve_change<S: ConnectionStore>(
    store: &S,
    organization: &OrganizationId,
    connection: &ConnectionId,
    digest: &ChangeDigest,
) -> Result<Registration, RegistrationError<S::Error>> {
    decide(store, organization, connection, |registration| registration.approved(digest)).await
}

/// Refuses the change that was shown under that digest. While it is published it is not asked about again.
///
/// # Errors
/// [`RegistrationError::Changed`] when something else is published by now, or in use; [`RegistrationError::Store`].
pub async fn reject_change<S: ConnectionStore>(
    store: &S,
    organization: &OrganizationId,
    connection: &ConnectionId,
    digest: &ChangeDigest,
) -> Result<Registration, RegistrationError<S::Error>> {
    decide(store, organization, connection, |registration| registration.rejected(digest)).await
}

async fn decide<S: ConnectionStore>(
    store: &S,
    organization: &OrganizationId,
    connection: &ConnectionId,
    decided: impl Fn(&Registration) -> Option<Registration>,
) -> Result<Registration, RegistrationError<S::Error>> {
    let stored = store.registrations(organization).await.map_err(RegistrationError::Store)?;
    let old = stored.iter().find(|registration| registration.connection().id() == connection);
    let old = old.ok_or(RegistrationError::Changed)?;
    let new = decided(old).ok_or(RegistrationError::Changed)?;
    replace(store, old, &new).await?;
    Ok(new)
}

/// After a failure the document is asked for whole: the server's "not modified" may be what is wrong.
async fn published<F: MetadataFetcher>(
    fetcher: &F,
    fetch: &Fetch,
    now: DateTime<Utc>,
) -> Result<Published, MetadataError> {
    let nothing = Validators::none();
    let known = if fetch.failure().is_some() { &nothing } else { fetch.validators() };
    match fetcher.fetch(fetch.url(), known).await? {
        Fetched::NotModified if known.is_empty() => Err(FetchError::Status { status: 304 }.into()),
        Fetched::NotModified => Ok(Published::Unmodified),
        Fetched::Document { octets, validators, final_url } => {
            let identity_provider =
                IdentityProvider::from_metadata(octets.as_slice(), fetch.choice(), fetch.trust(), now)?;
            Ok(Published::Document { identity_provider, validators, host: final_url.host().to_owned() })
        }
    }
}

/// One event for each change that is new.
fn report_outcome(old: &Registration, outcome: &RefreshOutcome, now: DateTime<Utc>) {
    let id = old.connection().id();
    match outcome {
        RefreshOutcome::Changed(changes) => {
            let added =
                |change: &&MetadataChange| matches!(change, MetadataChange::KeyAdded { usage: KeyUse::Signing, .. });
            changes.iter().filter(added).for_each(|_| report(id, &SecurityEvent::NewKey));
            report(id, &SecurityEvent::MetadataChanged);
        }
        RefreshOutcome::Held(held) if held.since() == now => report(id, &SecurityEvent::MetadataHeld),
        _ => {}
    }
}
