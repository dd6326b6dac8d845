//! A logout that was started here and waits for the identity provider's answer.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::names::{ConnectionId, RequestId};
use crate::stored::{Decoder, Encoder, StoredError};

/// A logout that waits for its response. The session at the host has ended before this is made, so that nothing but
/// the last page depends on the answer; it is bound to no browser, and a lost cookie or a frame does no harm.
#[derive(Clone, PartialEq, Eq)]
pub struct PendingLogout {
    request: RequestId,
    connection: ConnectionId,
    expires_at: DateTime<Utc>,
    host_state: Option<String>,
}

impl PendingLogout {
    const VERSION: u8 = 1;

    /// Remembers a request.
    #[must_use]
    pub fn new(request: RequestId, connection: ConnectionId, expires_at: DateTime<Utc>) -> Self {
        Self { request, connection, expires_at, host_state: None }
    }

    /// Keeps something of the host's with it, such as the page to go on with. It never leaves the store.
    #[must_use]
    pub fn with_host_state(mut self, state: Option<String>) -> Self {
        self.host_state = state;
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

    /// From when on the response comes too late.
    #[must_use]
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.expires_at
    }

    /// What the host kept with it.
    #[must_use]
    pub fn host_state(&self) -> Option<&str> {
        self.host_state.as_deref()
    }

    /// The value to store.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Encoder::new(Self::VERSION)
            .text(self.request.as_str())
            .text(self.connection.as_str())
            .instant(self.expires_at)
            .option(self.host_state())
            .finish()
    }

    /// Reads a stored value.
    ///
    /// # Errors
    /// [`StoredError`].
    pub fn from_bytes(stored: &[u8]) -> Result<Self, StoredError> {
        let mut decoder = Decoder::new(stored, Self::VERSION)?;
        let (request, connection) = (RequestId::new(decoder.text()?), ConnectionId::new(decoder.text()?));
        let (expires_at, host_state) = (decoder.instant()?, decoder.option()?);
        decoder.finish()?;
        Ok(Self { request, connection, expires_at, host_state })
    }
}

/// Shows which logout it is, and nothing that the host put in.
impl fmt::Debug for PendingLogout {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut pending = f.debug_struct("PendingLogout");
        pending.field("request", &self.request).field("connection", &self.connection);
        pending.field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}
