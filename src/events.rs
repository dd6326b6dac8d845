//! What a security team wants to be told, without a claim in it.

use std::fmt;

use crate::error::{Decryption, Deviation, Flow, Logout, Reason, Redirect, Reference, Rejection, Signature};
use crate::names::ConnectionId;
use crate::profile::Login;

/// Something worth an entry in the security log. With the feature `tracing` the drivers of
/// [`flow`](crate::flow) emit each; without it hosts ask results for theirs.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SecurityEvent {
    /// An assertion or a logout request came a second time.
    Replay,
    /// A response came from another browser than the one that started the login: an attack on a user, or a lost cookie.
    OtherBrowser,
    /// A response for a connection of another organization.
    OtherConnection,
    /// A signature by none of the connection's keys, or content that was changed under one: a forgery, or a key that was
    /// renewed. Hosts limit how often a connection may cause it.
    BadSignature,
    /// Encrypted content that can't be used. Many of them are somebody who tries ciphertexts out.
    DecryptionFailed,
    /// A response to a request that is not pending here.
    UnknownRequest,
    /// A subject was linked to an account, new or not.
    FirstLink,
    /// The metadata of an identity provider has a signing key that it did not have, and it is trusted from now on.
    NewKey,
    /// Something else in the metadata of an identity provider changed and was taken.
    MetadataChanged,
    /// A change of metadata waits for somebody to agree: a new identity provider, or an attack.
    MetadataHeld,
    /// A login was accepted although the message departs from the standard.
    DeviationUsed(Deviation),
}

impl SecurityEvent {
    /// The stable name.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::Replay => "replay",
            Self::OtherBrowser => "other_browser",
            Self::OtherConnection => "other_connection",
            Self::BadSignature => "bad_signature",
            Self::DecryptionFailed => "decryption_failed",
            Self::UnknownRequest => "unknown_request",
            Self::FirstLink => "first_link",
            Self::NewKey => "new_key",
            Self::MetadataChanged => "metadata_changed",
            Self::MetadataHeld => "metadata_held",
            Self::DeviationUsed(_) => "deviation_used",
        }
    }
}

impl fmt::Display for SecurityEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DeviationUsed(deviation) => write!(f, "deviation_used: {deviation}"),
            other => f.write_str(other.name()),
        }
    }
}

impl Rejection {
    /// The event that this refusal is, if it is one.
    #[must_use]
    pub fn security_event(&self) -> Option<SecurityEvent> {
        match self.reason() {
            Reason::Flow(Flow::Replay) | Reason::Logout(Logout::Replay) => Some(SecurityEvent::Replay),
            Reason::Flow(Flow::BrowserMismatch) => Some(SecurityEvent::OtherBrowser),
            Reason::Flow(Flow::ConnectionMismatch) => Some(SecurityEvent::OtherConnection),
            Reason::Flow(Flow::UnknownRequest) => Some(SecurityEvent::UnknownRequest),
            Reason::Decryption(Decryption::Failed) => Some(SecurityEvent::DecryptionFailed),
            Reason::Signature(Signature::SignatureInvalid)
            | Reason::Reference(Reference::DigestMismatch)
            | Reason::Redirect(Redirect::DetachedSignatureInvalid) => Some(SecurityEvent::BadSignature),
            _ => None,
        }
    }
}

impl Login {
    /// The events of this login.
    pub fn security_events(&self) -> impl Iterator<Item = SecurityEvent> {
        self.deviations().iter().map(|deviation| SecurityEvent::DeviationUsed(*deviation))
    }
}

/// Emits the events of a login.
pub(crate) fn report_login(login: &Login) {
    #[cfg(feature = "tracing")]
    for event in login.security_events() {
        tracing::warn!(connection = %login.connection(), %event, "saml security event");
    }
    #[cfg(not(feature = "tracing"))]
    let _ = login;
}

/// Emits the event of a refusal.
pub(crate) fn report_rejection(rejection: &Rejection) {
    #[cfg(feature = "tracing")]
    if let Some(event) = rejection.security_event() {
        tracing::warn!(%event, code = rejection.code(), "saml security event");
    }
    #[cfg(not(feature = "tracing"))]
    let _ = rejection;
}

/// Emits the event of a link.
pub(crate) fn report_link(connection: &ConnectionId) {
    report(connection, &SecurityEvent::FirstLink);
}

/// Emits an event of a connection.
pub(crate) fn report(connection: &ConnectionId, event: &SecurityEvent) {
    #[cfg(feature = "tracing")]
    tracing::warn!(%connection, %event, "saml security event");
    #[cfg(not(feature = "tracing"))]
    let _ = (connection, event);
}
