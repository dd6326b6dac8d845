//! What differs between two descriptions of one identity provider, and whether it may be taken without asking.

use std::collections::BTreeSet;
use std::fmt;

use super::endpoint::{Endpoint, EndpointBinding};
use super::identity_provider::{AuthnRequestSigning, IdentityProvider};
use crate::keys::Fingerprint;
use crate::names::EntityId;

/// One difference between the metadata in use and what is published now. `Display` says it in a sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MetadataChange {
    /// Another entityID: another identity provider.
    EntityId {
        /// The one in use.
        old: EntityId,
        /// The one that is published.
        new: EntityId,
    },
    /// None of the signing keys in use is published any more.
    EveryKeyReplaced,
    /// A further key.
    KeyAdded {
        /// What it is for.
        usage: KeyUse,
        /// SHA-256 of the certificate, or of the SubjectPublicKeyInfo where there is none.
        fingerprint: Fingerprint,
    },
    /// A key is no longer published.
    KeyRemoved {
        /// What it was for.
        usage: KeyUse,
        /// SHA-256 of the certificate, or of the SubjectPublicKeyInfo where there is none.
        fingerprint: Fingerprint,
    },
    /// A further endpoint.
    EndpointAdded {
        /// For which service.
        service: Service,
        /// The endpoint.
        endpoint: Endpoint,
    },
    /// An endpoint is no longer published.
    EndpointRemoved {
        /// For which service.
        service: Service,
        /// The endpoint.
        endpoint: Endpoint,
    },
    /// Users would be sent to a host, or over a scheme, that no endpoint had.
    EndpointHost {
        /// Which service.
        service: Service,
        /// Scheme and authority of the new URL.
        host: String,
    },
    /// A service is no longer offered over a binding.
    BindingLost {
        /// Which service.
        service: Service,
        /// Over which binding.
        binding: EndpointBinding,
    },
    /// Whether authentication requests are wanted signed (`WantAuthnRequestsSigned`).
    AuthnRequestSigning(AuthnRequestSigning),
    /// The document came from another host than the one that was registered, by a redirect.
    MetadataHost {
        /// The host until now.
        old: String,
        /// The host that it came from.
        new: String,
    },
}

/// What a key is for (SAML Metadata 2.4.1.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum KeyUse {
    /// Its messages are verified with it.
    Signing,
    /// Content for it is encrypted with it.
    Encryption,
}

/// A service of an identity provider.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Service {
    /// `md:SingleSignOnService`.
    SingleSignOn,
    /// `md:SingleLogoutService`.
    SingleLogout,
}

/// What becomes of a change.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ChangeVerdict {
    /// It is taken, and reported.
    Accept,
    /// It waits until somebody approves it: it could be an attack.
    Hold,
}

impl MetadataChange {
    /// What becomes of it. A host that metadata is fetched from matters only to what a signature does not prove.
    #[must_use]
    pub fn verdict(&self) -> ChangeVerdict {
        match self {
            Self::EntityId { .. } | Self::EveryKeyReplaced | Self::EndpointHost { .. } | Self::MetadataHost { .. } => {
                ChangeVerdict::Hold
            }
            _ => ChangeVerdict::Accept,
        }
    }
}

impl IdentityProvider {
    /// What a newer description changes; nothing where only formats, validity or an order differ.
    #[must_use]
    pub fn changes_to(&self, newer: &Self) -> Vec<MetadataChange> {
        let mut changes = Vec::new();
        if self.entity_id() != newer.entity_id() {
            let (old, new) = (self.entity_id().clone(), newer.entity_id().clone());
            changes.push(MetadataChange::EntityId { old, new });
        }
        if !self.signing_keys().iter().any(|key| newer.signing_keys().contains(key)) {
            changes.push(MetadataChange::EveryKeyReplaced);
        }
        keys(self, newer, |usage, fingerprint| changes.push(MetadataChange::KeyAdded { usage, fingerprint }));
        keys(newer, self, |usage, fingerprint| changes.push(MetadataChange::KeyRemoved { usage, fingerprint }));
        endpoints(Service::SingleSignOn, self.single_sign_on(), newer.single_sign_on(), &mut changes);
        endpoints(Service::SingleLogout, self.single_logout(), newer.single_logout(), &mut changes);
        let known: BTreeSet<String> = hosts(self.single_sign_on()).chain(hosts(self.single_logout())).collect();
        let mut strange = |service, endpoints| {
            let found: BTreeSet<String> = hosts(endpoints).filter(|host| !known.contains(host)).collect();
            changes.extend(found.into_iter().map(|host| MetadataChange::EndpointHost { service, host }));
        };
        strange(Service::SingleSignOn, newer.single_sign_on());
        strange(Service::SingleLogout, newer.single_logout());
        if self.authn_request_signing() != newer.authn_request_signing() {
            changes.push(MetadataChange::AuthnRequestSigning(newer.authn_request_signing()));
        }
        changes
    }
}

/// The keys that `newer` has and `older` has not.
fn keys(older: &IdentityProvider, newer: &IdentityProvider, mut found: impl FnMut(KeyUse, Fingerprint)) {
    let signing = newer.signing_keys().iter().filter(|key| !older.signing_keys().contains(key));
    signing.for_each(|key| found(KeyUse::Signing, key.fingerprint()));
    let known = older.encryption_certificates();
    let encryption = newer.encryption_certificates().iter().filter(|certificate| !known.contains(certificate));
    encryption.for_each(|certificate| found(KeyUse::Encryption, certificate.fingerprint()));
}

fn endpoints(service: Service, old: &[Endpoint], new: &[Endpoint], changes: &mut Vec<MetadataChange>) {
    let added = new.iter().filter(|endpoint| !old.contains(endpoint)).cloned();
    changes.extend(added.map(|endpoint| MetadataChange::EndpointAdded { service, endpoint }));
    let removed = old.iter().filter(|endpoint| !new.contains(endpoint)).cloned();
    changes.extend(removed.map(|endpoint| MetadataChange::EndpointRemoved { service, endpoint }));
    let over = |endpoints: &[Endpoint], binding: &EndpointBinding| endpoints.iter().any(|one| one.binding() == binding);
    for binding in [EndpointBinding::HttpRedirect, EndpointBinding::HttpPost] {
        if over(old, &binding) && !over(new, &binding) {
            changes.push(MetadataChange::BindingLost { service, binding });
        }
    }
}

/// Where browsers are sent. Endpoints that this crate can't use may be anywhere.
fn hosts(endpoints: &[Endpoint]) -> impl Iterator<Item = String> {
    endpoints.iter().filter(|endpoint| endpoint.is_used()).flat_map(Endpoint::hosts)
}

impl fmt::Display for KeyUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Signing => "signing",
            Self::Encryption => "encryption",
        })
    }
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::SingleSignOn => "single sign-on",
            Self::SingleLogout => "single logout",
        })
    }
}

impl fmt::Display for MetadataChange {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::EntityId { old, new } => write!(f, "the entityID was {old:?} and is now {new:?}"),
            Self::EveryKeyReplaced => f.write_str("no signing key that was known goes on"),
            Self::KeyAdded { usage, fingerprint } => write!(f, "a {usage} key was added: {fingerprint}"),
            Self::KeyRemoved { usage, fingerprint } => write!(f, "a {usage} key was removed: {fingerprint}"),
            Self::EndpointAdded { service, endpoint } => {
                write!(f, "an endpoint for {service} was added: {:?}", endpoint.location())
            }
            Self::EndpointRemoved { service, endpoint } => {
                write!(f, "an endpoint for {service} was removed: {:?}", endpoint.location())
            }
            Self::EndpointHost { service, host } => write!(f, "{service} would lead to {host:?}, which is new"),
            Self::BindingLost { service, binding } => {
                write!(f, "{service} is no longer offered over {:?}", binding.uri())
            }
            Self::AuthnRequestSigning(AuthnRequestSigning::Wanted) => {
                f.write_str("requests are wanted signed from now on")
            }
            Self::AuthnRequestSigning(AuthnRequestSigning::NotWanted) => {
                f.write_str("requests need not be signed any longer")
            }
            Self::MetadataHost { old, new } => {
                write!(f, "the metadata came from the host {new:?} and used to come from {old:?}")
            }
        }
    }
}
