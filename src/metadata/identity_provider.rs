//! The registered identity provider, however it was registered.

use std::fmt;
use std::sync::Arc;

use chrono::{DateTime, TimeDelta, Utc};

use super::endpoint::{self, Endpoint, EndpointBinding};
use super::warning::{MetadataWarning, Warnings, shortened};
use crate::keys::{Certificate, KeyType, VerifyingKey};
use crate::names::EntityId;

/// How long before `validUntil`, or the end of a certificate, there is a warning.
const EXPIRES_SOON: TimeDelta = TimeDelta::days(30);

/// Whether the identity provider wants authentication requests to be signed
/// (`WantAuthnRequestsSigned`, SAML Metadata 2.4.3). Information, not trust.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AuthnRequestSigning {
    /// It does.
    Wanted,
    /// It does not, or does not say.
    #[default]
    NotWanted,
}

/// An identity provider: who it is, where it is, and the keys that prove its messages.
///
/// Registered with [`IdentityProvider::builder`] from plain fields or with
/// [`IdentityProvider::from_metadata`]. It always has a single sign-on endpoint over Redirect or POST and
/// between 1 and [`IdentityProvider::MOST_KEYS`] signing keys. It never changes: keys, entityID and
/// endpoints that are used together were published together. Clones are cheap.
///
/// Two are equal when a login can't tell them apart: the same entityID, endpoints and signing keys in the same
/// order. Formats, validity, encryption certificates and warnings, which plain fields can't express, do not count.
#[derive(Clone)]
pub struct IdentityProvider(Arc<Inner>);

struct Inner {
    entity_id: EntityId,
    sso_endpoint: Endpoint,
    parts: Parts,
}

/// What was read, before it is known to be enough.
#[derive(Default)]
pub(super) struct Parts {
    pub(super) single_sign_on: Vec<Endpoint>,
    pub(super) single_logout: Vec<Endpoint>,
    pub(super) signing_keys: Vec<VerifyingKey>,
    pub(super) encryption_certificates: Vec<Certificate>,
    pub(super) name_id_formats: Vec<String>,
    pub(super) authn_request_signing: AuthnRequestSigning,
    pub(super) valid_until: Option<DateTime<Utc>>,
    pub(super) cache_duration: Option<TimeDelta>,
    pub(super) warnings: Warnings,
}

impl Parts {
    /// Adds a signing key once. Of two certificates with the same key the one that lasts longer is shown.
    pub(super) fn add_signing_key(&mut self, key: VerifyingKey) {
        let not_after = |key: &VerifyingKey| key.certificate().map(Certificate::not_after);
        match self.signing_keys.iter_mut().find(|known| **known == key) {
            Some(known) if not_after(&key) > not_after(known) => *known = key,
            Some(_) => {}
            None => self.signing_keys.push(key),
        }
    }

    /// How many keys of the more numerous kind there are. Adding is quadratic, so a reader stops when they are too many.
    pub(super) fn keys(&self) -> usize {
        self.signing_keys.len().max(self.encryption_certificates.len())
    }

    /// Adds an encryption certificate once.
    pub(super) fn add_encryption_certificate(&mut self, certificate: Certificate) {
        if !self.encryption_certificates.contains(&certificate) {
            self.encryption_certificates.push(certificate);
        }
    }
}

/// Why the parts make no identity provider.
pub(super) enum Incomplete {
    NoSso,
    NoSigningKey,
    TooManyKeys { found: usize },
}

impl IdentityProvider {
    /// The most keys of each use that are kept: enough for any rollover, and a bound on what each forged message costs.
    pub const MOST_KEYS: usize = 10;

    /// The only constructor.
    pub(super) fn new(entity_id: EntityId, parts: Parts) -> Result<Self, Incomplete> {
        if parts.keys() > Self::MOST_KEYS {
            return Err(Incomplete::TooManyKeys { found: parts.keys() });
        }
        if parts.signing_keys.is_empty() {
            return Err(Incomplete::NoSigningKey);
        }
        let sso_endpoint = endpoint::preferred(&parts.single_sign_on).ok_or(Incomplete::NoSso)?.clone();
        Ok(Self(Arc::new(Inner { entity_id, sso_endpoint, parts })))
    }

    /// Its name, to be compared to the letter with the Issuer of its messages.
    #[must_use]
    pub fn entity_id(&self) -> &EntityId {
        &self.0.entity_id
    }

    /// The single sign-on endpoints in document order, those that this crate can't use included.
    #[must_use]
    pub fn single_sign_on(&self) -> &[Endpoint] {
        &self.0.parts.single_sign_on
    }

    /// The endpoint for authentication requests: the first over Redirect, or else the first over POST.
    #[must_use]
    pub fn sso_endpoint(&self) -> &Endpoint {
        &self.0.sso_endpoint
    }

    /// The single logout endpoints in document order, those that this crate can't use included.
    #[must_use]
    pub fn single_logout(&self) -> &[Endpoint] {
        &self.0.parts.single_logout
    }

    /// The endpoint for logout messages: the first over Redirect, or else the first over POST. Without one, logout is local.
    #[must_use]
    pub fn slo_endpoint(&self) -> Option<&Endpoint> {
        endpoint::preferred(self.single_logout())
    }

    /// The keys that its messages are verified with: at least one, distinct, in document order.
    #[must_use]
    pub fn signing_keys(&self) -> &[VerifyingKey] {
        &self.0.parts.signing_keys
    }

    /// The certificates to encrypt for it with: distinct, in document order.
    #[must_use]
    pub fn encryption_certificates(&self) -> &[Certificate] {
        &self.0.parts.encryption_certificates
    }

    /// The NameID formats that it says it supports. Information, not trust.
    pub fn name_id_formats(&self) -> impl Iterator<Item = &str> {
        self.0.parts.name_id_formats.iter().map(String::as_str)
    }

    /// Whether it wants authentication requests to be signed.
    #[must_use]
    pub fn authn_request_signing(&self) -> AuthnRequestSigning {
        self.0.parts.authn_request_signing
    }

    /// When the metadata that it was read from ends to be valid: the earliest `validUntil` of role, entity and
    /// enclosing groups (SAML Metadata 2.3.1).
    #[must_use]
    pub fn valid_until(&self) -> Option<DateTime<Utc>> {
        self.0.parts.valid_until
    }

    /// How long the metadata may be used without asking again (`cacheDuration`, SAML Metadata 2.3.1): the shortest of role,
    /// entity and enclosing groups, and never less than a minute or more than 366 days. A year counts as 365 days, a month as 30.
    #[must_use]
    pub fn cache_duration(&self) -> Option<TimeDelta> {
        self.0.parts.cache_duration
    }

    /// What an administrator should know about it; the dates of metadata and certificates are judged at `now`.
    ///
    /// Of each kind there are at most 20, and [`MetadataWarning::NotListed`] says last how many more.
    #[must_use]
    pub fn warnings(&self, now: DateTime<Utc>) -> Vec<MetadataWarning> {
        let endpoints = self.single_sign_on().iter().chain(self.single_logout());
        let mut warnings = self.0.parts.warnings.clone();
        warnings.extend(endpoints.filter_map(endpoint_warning));
        warnings.extend(self.signing_keys().iter().filter_map(key_warning));
        warnings.extend(self.valid_until().and_then(|valid_until| expiry_warning(valid_until, now)));
        warnings.extend(self.signing_keys().iter().filter_map(|key| date_warning(key.certificate()?, now)));
        warnings.into_vec()
    }
}

impl PartialEq for IdentityProvider {
    fn eq(&self, other: &Self) -> bool {
        self.entity_id() == other.entity_id()
            && self.single_sign_on() == other.single_sign_on()
            && self.single_logout() == other.single_logout()
            && self.signing_keys() == other.signing_keys()
    }
}

impl Eq for IdentityProvider {}

impl fmt::Debug for IdentityProvider {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("IdentityProvider")
            .field("entity_id", self.entity_id())
            .field("single_sign_on", &self.single_sign_on())
            .field("single_logout", &self.single_logout())
            .field("signing_keys", &self.signing_keys())
            .finish_non_exhaustive()
    }
}

fn endpoint_warning(endpoint: &Endpoint) -> Option<MetadataWarning> {
    match endpoint.binding() {
        EndpointBinding::Other(uri) => Some(MetadataWarning::UnknownBinding { binding: shortened(uri) }),
        _ if endpoint.is_plain_http() => Some(MetadataWarning::PlainHttp { location: shortened(endpoint.location()) }),
        _ => None,
    }
}

fn key_warning(key: &VerifyingKey) -> Option<MetadataWarning> {
    match key.key_type() {
        KeyType::Rsa { bits } if bits < 2048 => Some(MetadataWarning::WeakKey { fingerprint: key.fingerprint(), bits }),
        _ => None,
    }
}

fn expiry_warning(valid_until: DateTime<Utc>, now: DateTime<Utc>) -> Option<MetadataWarning> {
    if valid_until <= now {
        Some(MetadataWarning::MetadataExpired { valid_until })
    } else if valid_until.signed_duration_since(now) <= EXPIRES_SOON {
        Some(MetadataWarning::MetadataExpiresSoon { valid_until })
    } else {
        None
    }
}

fn date_warning(certificate: &Certificate, now: DateTime<Utc>) -> Option<MetadataWarning> {
    let (not_before, not_after) = (certificate.not_before(), certificate.not_after());
    let fingerprint = certificate.fingerprint();
    if now > not_after {
        Some(MetadataWarning::CertificateExpired { fingerprint, not_after })
    } else if now < not_before {
        Some(MetadataWarning::CertificateNotYetValid { fingerprint, not_before })
    } else if not_after.signed_duration_since(now) <= EXPIRES_SOON {
        Some(MetadataWarning::CertificateExpiresSoon { fingerprint, not_after })
    } else {
        None
    }
}
