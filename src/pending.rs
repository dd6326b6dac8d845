//! What has to be remembered between a request and its response.

use chrono::{DateTime, Utc};

use crate::names::{ConnectionId, RequestId};

/// A login that was started and waits for the response. It is used up by finishing the login.
///
/// ```compile_fail
/// # use saml_sp::{Connection, PendingLogin, ServiceProvider, SolicitedResponse};
/// # fn twice(a: SolicitedResponse, b: SolicitedResponse, sp: &ServiceProvider, to: &Connection, pending: PendingLogin) {
/// let now = chrono::Utc::now();
/// let _ = a.verify(sp, to, pending, now);
/// let _ = b.verify(sp, to, pending, now);
/// # }
/// ```
/// Once is fine:
/// ```
/// # use saml_sp::{Connection, PendingLogin, ServiceProvider, SolicitedResponse};
/// # fn once(a: SolicitedResponse, b: SolicitedResponse, sp: &ServiceProvider, to: &Connection, pending: PendingLogin) {
/// let now = chrono::Utc::now();
/// let _ = a.verify(sp, to, pending, now);
/// # }
/// ```
#[derive(Debug)]
pub struct PendingLogin {
    request: RequestId,
    connection: ConnectionId,
    issued_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    force_authn: ForceAuthn,
    requested_contexts: Vec<String>,
}

/// Whether the user must be authenticated afresh (SAML Core 3.4.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ForceAuthn {
    /// An earlier authentication is good enough.
    #[default]
    No,
    /// Only an authentication after the request counts.
    Yes,
}

impl PendingLogin {
    /// Remembers a request to a connection's identity provider.
    #[must_use]
    pub fn new(
        request: RequestId,
        connection: ConnectionId,
        issued_at: DateTime<Utc>,
        expires_at: DateTime<Utc>,
    ) -> Self {
        Self { request, connection, issued_at, expires_at, force_authn: ForceAuthn::No, requested_contexts: Vec::new() }
    }

    /// Notes that a fresh authentication was asked for; the assertion has to prove it.
    #[must_use]
    pub fn with_force_authn(mut self, force_authn: ForceAuthn) -> Self {
        self.force_authn = force_authn;
        self
    }

    /// Notes the authentication context classes that were asked for with `Comparison="exact"`; the
    /// assertion has to have one of them.
    #[must_use]
    pub fn with_requested_contexts(mut self, classes: Vec<String>) -> Self {
        self.requested_contexts = classes;
        self
    }

    /// The ID of the request.
    #[must_use]
    pub fn request(&self) -> &RequestId {
        &self.request
    }

    /// The connection that the request was made for.
    #[must_use]
    pub fn connection(&self) -> &ConnectionId {
        &self.connection
    }

    /// When the request was made.
    #[must_use]
    pub fn issued_at(&self) -> DateTime<Utc> {
        self.issued_at
    }

    /// From when on the response comes too late.
    #[must_use]
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.expires_at
    }

    /// Whether a fresh authentication was asked for.
    #[must_use]
    pub fn force_authn(&self) -> ForceAuthn {
        self.force_authn
    }

    /// The authentication context classes that were asked for; empty if none were.
    #[must_use]
    pub fn requested_contexts(&self) -> &[String] {
        &self.requested_contexts
    }
}
