//! Registering an identity provider: three ways in, one test login, and then it is used.

use chrono::{DateTime, Utc};

use crate::error::Rejection;
use crate::fetch::{FetchError, Fetched, MetadataFetcher, MetadataUrl, Validators};
use crate::login::TestLogin;
use crate::metadata::{EntityChoice, IdentityProvider, MetadataTrust};
use crate::registration::{Fetch, Registration, Source};
use crate::storage::{ConnectionStore, Registered, Replaced};

/// Why a registration, or a change of one, did not come about.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegistrationError<E> {
    /// The organization has another connection to the same identity provider.
    #[error("the organization has another connection to this identity provider: change that one, or remove it")]
    EntityIdTaken,
    /// The name of the connection is, or was, used.
    #[error("the name of the connection is, or was, that of another one: take a new one")]
    ConnectionIdTaken,
    /// The registration has no metadata URL.
    #[error("the metadata of this connection was not fetched from a URL: enter the new one")]
    NoUrl,
    /// The registration was changed by somebody else in the meantime, or removed.
    #[error("the registration has changed in the meantime: look at it again, and repeat the step")]
    Changed,
    /// The store failed. Nothing is lost: repeat the step with the same input.
    #[error("the store failed, repeat the step: {0}")]
    Store(#[source] E),
}

/// Why the metadata behind a URL gives no identity provider.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MetadataError {
    /// It could not be had.
    #[error(transparent)]
    Fetch(#[from] FetchError),
    /// It is not that of an identity provider that could be used.
    #[error(transparent)]
    Rejected(#[from] Rejection),
}

impl MetadataError {
    /// The stable identifier: `fetch.*`, or what the document was refused for.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Fetch(error) => error.code(),
            Self::Rejected(rejection) => rejection.code(),
        }
    }
}

/// Fetches metadata and reads the identity provider in it. URL, choice and trust are remembered, so that
/// [`refresh_due`](super::refresh_due) can follow changes.
///
/// # Errors
/// [`MetadataError`].
pub async fn fetch_identity_provider<F: MetadataFetcher>(
    fetcher: &F,
    url: &MetadataUrl,
    choice: &EntityChoice,
    trust: &MetadataTrust,
    now: DateTime<Utc>,
) -> Result<(IdentityProvider, Source), MetadataError> {
    let Fetched::Document { octets, validators, final_url } = fetcher.fetch(url, &Validators::none()).await? else {
        // Nothing was known that could be unmodified.
        return Err(FetchError::Status { status: 304 }.into());
    };
    let identity_provider = IdentityProvider::from_metadata(octets.as_slice(), choice, trust, now)?;
    let fetch = Fetch::new(url.clone(), (choice.clone(), trust.clone()), final_url.host(), validators, now);
    Ok((identity_provider, Source::Url(Box::new(fetch))))
}

/// Stores a registration of a draft.
///
/// # Errors
/// [`RegistrationError::EntityIdTaken`], [`RegistrationError::ConnectionIdTaken`], [`RegistrationError::Store`].
pub async fn register<S: ConnectionStore>(
    store: &S,
    registration: &Registration,
) -> Result<(), RegistrationError<S::Error>> {
    match store.register(registration).await.map_err(RegistrationError::Store)? {
        Registered::Done => Ok(()),
        Registered::EntityIdTaken => Err(RegistrationError::EntityIdTaken),
        Registered::IdTaken => Err(RegistrationError::ConnectionIdTaken),
    }
}

/// Activates the connection that a test login has shown to work, if it is still as it was then.
///
/// # Errors
/// [`RegistrationError::Changed`], [`RegistrationError::Store`].
pub async fn activate<S: ConnectionStore>(
    store: &S,
    tested: &TestLogin,
) -> Result<Registration, RegistrationError<S::Error>> {
    let organization = tested.connection().organization();
    let stored = store.registrations(organization).await.map_err(RegistrationError::Store)?;
    let active = tested.activated();
    // Equal as far as a login can tell; what else the metadata says may be newer than the test.
    let is_it = |registration: &&Registration| [tested.connection(), &active].contains(&registration.connection());
    let old = stored.iter().find(is_it).ok_or(RegistrationError::Changed)?;
    let activated = old.connection().clone().activated();
    let new = old.clone().with_connection(activated).map_err(|_| RegistrationError::Changed)?;
    replace(store, old, &new).await?;
    Ok(new)
}

/// Stores a change of a registration, if `old` is what is stored and both are of the same connection.
///
/// # Errors
/// [`RegistrationError::Changed`], [`RegistrationError::EntityIdTaken`], [`RegistrationError::Store`].
pub async fn replace<S: ConnectionStore>(
    store: &S,
    old: &Registration,
    new: &Registration,
) -> Result<(), RegistrationError<S::Error>> {
    let (was, is) = (old.connection(), new.connection());
    if was.id() != is.id() || was.organization() != is.organization() {
        return Err(RegistrationError::Changed);
    }
    match store.replace(old, new).await.map_err(RegistrationError::Store)? {
        Replaced::Done => Ok(()),
        Replaced::Changed => Err(RegistrationError::Changed),
        Replaced::EntityIdTaken => Err(RegistrationError::EntityIdTaken),
    }
}
