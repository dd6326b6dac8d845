//! A response through the public API, the way a host does it.

use chrono::{DateTime, TimeDelta, Utc};
use saml_sp::{
    BoundLogin, BrowserBinding, BrowserCookie, Claim, Connection, ConnectionId, Login, PendingKey, PendingLogin,
    Received, Rejection, RequestId, ServiceProvider, VerifiedLogin,
};

use crate::input::Message;

/// What was asked of the identity provider.
pub(crate) enum Asked {
    /// The request of this ID.
    Request(String),
    /// Nothing: no login is pending.
    Nothing,
    /// Nobody remembers. If the message names a request it is taken for the one that is pending.
    Unknown,
}

/// The two ends and the clock.
pub(crate) struct Bench {
    pub(crate) sp: ServiceProvider,
    pub(crate) connection: Connection,
    pub(crate) now: DateTime<Utc>,
}

/// The name of the only connection here.
pub(crate) fn connection_id() -> ConnectionId {
    ConnectionId::new("check")
}

/// The login or the reason that there is none, and the request that was taken for pending.
pub(crate) struct Judgement {
    pub(crate) outcome: Result<Login, Rejection>,
    pub(crate) pending: Option<String>,
}

impl Bench {
    /// Verifies a message and claims its assertion, which has never been seen before.
    pub(crate) fn judge(&self, message: Message, asked: Asked) -> Judgement {
        let received = match message.receive() {
            Ok(received) => received,
            Err(rejection) => return Judgement { outcome: Err(rejection), pending: None },
        };
        let pending = match (asked, &received) {
            (Asked::Request(id), _) => Some(id),
            (Asked::Unknown, Received::Solicited(response)) => {
                Some(response.in_response_to().for_lookup().as_str().to_owned())
            }
            (Asked::Nothing | Asked::Unknown, _) => None,
        };
        let verified = self.verify(&received, pending.as_deref());
        Judgement { outcome: verified.and_then(|verified| verified.claimed(Claim::First)), pending }
    }

    fn verify(&self, received: &Received, pending: Option<&str>) -> Result<VerifiedLogin, Rejection> {
        match (received, pending) {
            (Received::Solicited(response), Some(id)) => {
                response.verify(&self.sp, &self.connection, self.pending_login(id)?, self.now)
            }
            (Received::Solicited(response), None) => Err(response.refuse_unknown()),
            (Received::Unsolicited(response), _) => response.verify(&self.sp, &self.connection, self.now),
        }
    }

    /// A login that this browser started a moment ago.
    fn pending_login(&self, id: &str) -> Result<BoundLogin, Rejection> {
        let cookie = BrowserCookie::from_value(&"0".repeat(40));
        let binding = cookie.as_ref().map_or_else(|| BrowserBinding::new(""), BrowserCookie::binding);
        let key = PendingKey::new(RequestId::new(id), self.connection.id().clone(), binding);
        let expires_at = self.now.checked_add_signed(TimeDelta::hours(1)).unwrap_or(DateTime::<Utc>::MAX_UTC);
        PendingLogin::new(key, self.now, expires_at).returned_by(cookie.as_ref())
    }
}
