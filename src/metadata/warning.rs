//! What is worth a look at an identity provider that can be used all the same.

use std::fmt;
use std::mem::discriminant;

use chrono::{DateTime, SecondsFormat, Utc};

use crate::keys::{Fingerprint, KeyError};

/// Something about an identity provider that an administrator should know. `Display` says it in a sentence.
///
/// None of these weakens a check: what is left out here is never used.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetadataWarning {
    /// A signing certificate has expired. Its key stays pinned: certificates are containers here
    /// (SAML V2.0 Metadata Interoperability Profile 2.6.1).
    CertificateExpired {
        /// SHA-256 of the certificate.
        fingerprint: Fingerprint,
        /// When it expired.
        not_after: DateTime<Utc>,
    },
    /// A signing certificate expires within 30 days: its identity provider is likely to change its key soon.
    CertificateExpiresSoon {
        /// SHA-256 of the certificate.
        fingerprint: Fingerprint,
        /// When it expires.
        not_after: DateTime<Utc>,
    },
    /// A signing certificate is not valid yet. Its key is pinned all the same.
    CertificateNotYetValid {
        /// SHA-256 of the certificate.
        fingerprint: Fingerprint,
        /// When it begins to be valid.
        not_before: DateTime<Utc>,
    },
    /// A signing key is an RSA key of less than 2048 bits: its signatures are refused unless the connection
    /// has the relaxation `rsa1024`.
    WeakKey {
        /// SHA-256 of the SubjectPublicKeyInfo.
        fingerprint: Fingerprint,
        /// The size of the modulus.
        bits: usize,
    },
    /// Further certificates stand beside a signing certificate: the issuers of a chain. They are not signers.
    ChainNotUsed {
        /// How many.
        certificates: usize,
    },
    /// A signing key is of a kind that this crate can't verify with, and was left out.
    SigningKeyNotUsed {
        /// Why.
        error: KeyError,
    },
    /// An encryption key can't be read or is of a kind that is not supported, and was left out.
    EncryptionKeyNotUsed {
        /// Why.
        error: KeyError,
    },
    /// A `md:KeyDescriptor` holds neither a certificate nor an RSA or EC key value, and was left out.
    KeyDescriptorWithoutKey,
    /// An endpoint has a binding that is not one of SAML 2.0's common ones.
    UnknownBinding {
        /// The URI of the binding.
        binding: String,
    },
    /// An endpoint is not an http or https URL, or carries a user name or a fragment, and was left out.
    EndpointNotUsed {
        /// What it says instead, at most 300 characters. Chosen by the publisher: escape it.
        location: String,
    },
    /// Messages to this endpoint travel in the clear.
    PlainHttp {
        /// The location.
        location: String,
    },
    /// The metadata is signed, and nobody said by which key: the signature was not verified and proves nothing.
    SignatureNotVerified,
    /// The elements of the role stand in another order than in the schema.
    ElementOrder,
    /// The metadata that the identity provider was read from has expired: read it afresh. What was fetched from a URL
    /// is no longer used, what was pasted is used all the same.
    MetadataExpired {
        /// When it expired.
        valid_until: DateTime<Utc>,
    },
    /// The metadata that the identity provider was read from expires within 30 days: read it afresh before.
    MetadataExpiresSoon {
        /// When it expires.
        valid_until: DateTime<Utc>,
    },
    /// One `ds:KeyInfo` of a signing key holds several keys, and each of them is a signer. If they are a chain spelled
    /// as several `ds:X509Data`, whoever issued the certificate can sign as well.
    SeveralKeysInOneKeyInfo {
        /// How many.
        keys: usize,
    },
    /// There are more warnings of the kinds that stand here often.
    NotListed {
        /// How many.
        warnings: usize,
    },
}

impl fmt::Display for MetadataWarning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let day = |instant: &DateTime<Utc>| instant.to_rfc3339_opts(SecondsFormat::Secs, true);
        match self {
            Self::CertificateExpired { fingerprint, not_after } => {
                write!(f, "the signing certificate {fingerprint} expired at {}", day(not_after))
            }
            Self::CertificateExpiresSoon { fingerprint, not_after } => {
                write!(f, "the signing certificate {fingerprint} expires at {}: expect a new key", day(not_after))
            }
            Self::CertificateNotYetValid { fingerprint, not_before } => {
                write!(f, "the signing certificate {fingerprint} is not valid before {}", day(not_before))
            }
            Self::WeakKey { fingerprint, bits } => {
                write!(f, "the signing key {fingerprint} has {bits} bits only: signatures by it are refused by default")
            }
            Self::ChainNotUsed { certificates } => {
                write!(f, "{certificates} further certificate(s) beside a signing certificate are not signers")
            }
            Self::SigningKeyNotUsed { error } => write!(f, "a signing key was left out: {error}"),
            Self::EncryptionKeyNotUsed { error } => write!(f, "an encryption key was left out: {error}"),
            Self::KeyDescriptorWithoutKey => f.write_str("a KeyDescriptor without certificate or key was left out"),
            Self::UnknownBinding { binding } => write!(f, "an endpoint has the unknown binding {binding:?}"),
            Self::EndpointNotUsed { location } => {
                write!(
                    f,
                    "an endpoint is no http or https URL without user name or fragment and was left out: {location:?}"
                )
            }
            Self::PlainHttp { location } => write!(f, "messages to {location} are not encrypted on the way"),
            Self::SignatureNotVerified => {
                f.write_str("the metadata is signed by a key that is not pinned: not verified")
            }
            Self::ElementOrder => {
                f.write_str("the elements of the IDPSSODescriptor are not in the order of the schema")
            }
            Self::MetadataExpired { valid_until } => {
                write!(f, "the metadata expired at {}: read it afresh", day(valid_until))
            }
            Self::MetadataExpiresSoon { valid_until } => {
                write!(f, "the metadata expires at {}: read it afresh before", day(valid_until))
            }
            Self::SeveralKeysInOneKeyInfo { keys } => {
                write!(
                    f,
                    "one KeyInfo holds {keys} different keys, and each is a signer: make sure that none is an issuer's"
                )
            }
            Self::NotListed { warnings } => write!(f, "{warnings} further warning(s) of these kinds are not listed"),
        }
    }
}

/// Warnings as they come. The publisher decides how many there are, so of each kind the first few are kept.
#[derive(Clone, Default)]
pub(super) struct Warnings {
    kept: Vec<MetadataWarning>,
    /// How many were not.
    dropped: usize,
}

impl Warnings {
    /// The most of one kind that are kept.
    pub(super) const MOST: usize = 20;

    pub(super) fn push(&mut self, warning: MetadataWarning) {
        let kind = discriminant(&warning);
        if self.kept.iter().filter(|known| discriminant(*known) == kind).count() < Self::MOST {
            self.kept.push(warning);
        } else {
            self.dropped = self.dropped.saturating_add(1);
        }
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = &MetadataWarning> {
        self.kept.iter()
    }

    /// All that were kept, and last how many were not.
    pub(super) fn into_vec(self) -> Vec<MetadataWarning> {
        let mut warnings = self.kept;
        warnings.extend((self.dropped > 0).then_some(MetadataWarning::NotListed { warnings: self.dropped }));
        warnings
    }
}

impl Extend<MetadataWarning> for Warnings {
    fn extend<T: IntoIterator<Item = MetadataWarning>>(&mut self, warnings: T) {
        warnings.into_iter().for_each(|warning| self.push(warning));
    }
}

impl FromIterator<MetadataWarning> for Warnings {
    fn from_iter<T: IntoIterator<Item = MetadataWarning>>(warnings: T) -> Self {
        let mut collected = Self::default();
        collected.extend(warnings);
        collected
    }
}

/// What the publisher wrote, as far as a warning shows it.
pub(super) fn shortened(text: &str) -> String {
    const MOST: usize = 300;
    text.chars().take(MOST).collect()
}
