//! What has to be remembered between a request and its response.

use std::fmt;

use chrono::{DateTime, Utc};

use crate::browser::{BrowserBinding, BrowserCookie};
use crate::error::{Flow, Rejection};
use crate::names::{AccountId, ConnectionId, RequestId};
use crate::protocol::ForceAuthn;
use crate::stored::{Decoder, Encoder, StoredError};

/// A login that was started and waits for the response.
///
/// It is kept in the host's store as [`PendingLogin::to_bytes`], under its [`PendingKey`], until it
/// expires. Only the browser that started it can go on with it: see [`PendingLogin::returned_by`].
#[derive(PartialEq, Eq)]
pub struct PendingLogin {
    key: PendingKey,
    purpose: Purpose,
    account: Option<AccountId>,
    issued_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    force_authn: ForceAuthn,
    requested_contexts: Vec<String>,
    host_state: Option<String>,
    relay_state: Option<String>,
}

/// What identifies a pending login. A store compares all three before it takes one.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct PendingKey {
    request: RequestId,
    connection: ConnectionId,
    browser: BrowserBinding,
}

/// What a login was started for. Its end can't be used for anything else.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Purpose {
    /// To sign in.
    #[default]
    Login,
    /// To link the identity to the account that is signed in.
    Link,
    /// To prove again, or more strongly, who is signed in.
    StepUp,
    /// To try out a connection.
    Test,
}

/// A pending login that came back in the browser that started it. Verifying a response uses it up.
///
/// ```compile_fail
/// # use saml_sp::{BoundLogin, Connection, ServiceProvider, SolicitedResponse};
/// # fn twice(a: SolicitedResponse, b: SolicitedResponse, sp: &ServiceProvider, to: &Connection, login: BoundLogin) {
/// let now = chrono::Utc::now();
/// let _ = a.verify(sp, to, login, now);
/// let _ = b.verify(sp, to, login, now);
/// # }
/// ```
/// Once is fine:
/// ```
/// # use saml_sp::{BoundLogin, Connection, ServiceProvider, SolicitedResponse};
/// # fn once(a: SolicitedResponse, b: SolicitedResponse, sp: &ServiceProvider, to: &Connection, login: BoundLogin) {
/// let now = chrono::Utc::now();
/// let _ = a.verify(sp, to, login, now);
/// # }
/// ```
#[derive(Debug)]
pub struct BoundLogin(PendingLogin);

impl Purpose {
    pub(crate) fn to_byte(self) -> u8 {
        match self {
            Self::Login => 0,
            Self::Link => 1,
            Self::StepUp => 2,
            Self::Test => 3,
        }
    }

    pub(crate) fn from_byte(stored: u8) -> Result<Self, StoredError> {
        Ok(match stored {
            0 => Self::Login,
            1 => Self::Link,
            2 => Self::StepUp,
            3 => Self::Test,
            _ => return Err(StoredError::Damaged),
        })
    }
}

impl PendingKey {
    /// Puts a key together.
    #[must_use]
    pub fn new(request: RequestId, connection: ConnectionId, browser: BrowserBinding) -> Self {
        Self { request, connection, browser }
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

    /// The browser that started the login.
    #[must_use]
    pub fn browser(&self) -> &BrowserBinding {
        &self.browser
    }
}

impl PendingLogin {
    const VERSION: u8 = 2;

    /// Remembers a request. Hosts get theirs from [`start_login`](crate::login::start_login); this is for those that
    /// make their own requests.
    #[must_use]
    pub fn new(key: PendingKey, issued_at: DateTime<Utc>, expires_at: DateTime<Utc>) -> Self {
        Self {
            key,
            purpose: Purpose::Login,
            account: None,
            issued_at,
            expires_at,
            force_authn: ForceAuthn::No,
            requested_contexts: Vec::new(),
            host_state: None,
            relay_state: None,
        }
    }

    /// Says what the login is for.
    #[must_use]
    pub fn with_purpose(mut self, purpose: Purpose) -> Self {
        self.purpose = purpose;
        self
    }

    /// Notes who is signed in when it starts. A login to link, to step up or to test ends with that account only.
    #[must_use]
    pub fn with_account(mut self, account: Option<AccountId>) -> Self {
        self.account = account;
        self
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

    /// Keeps something of the host's with it, such as the page to go on with. It never leaves the store.
    #[must_use]
    pub fn with_host_state(mut self, state: Option<String>) -> Self {
        self.host_state = state;
        self
    }

    /// Keeps the RelayState of a response that was turned into this login.
    pub(crate) fn with_relay_state(mut self, relay_state: Option<String>) -> Self {
        self.relay_state = relay_state;
        self
    }

    /// Checks that the browser which brings the response is the one that started the login.
    ///
    /// # Errors
    /// `flow.browser_mismatch`. The login stays pending: somebody else's browser must not end it.
    pub fn returned_by(self, cookie: Option<&BrowserCookie>) -> Result<BoundLogin, Rejection> {
        match cookie.map(BrowserCookie::binding) {
            Some(binding) if binding == self.key.browser => Ok(BoundLogin(self)),
            Some(_) => Err(Rejection::new(Flow::BrowserMismatch).finding("another cookie")),
            None => Err(Rejection::new(Flow::BrowserMismatch).finding("no cookie")),
        }
    }

    /// What identifies it.
    #[must_use]
    pub fn key(&self) -> &PendingKey {
        &self.key
    }

    /// What it was started for.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// Who was signed in when it was started, if it was started for somebody.
    #[must_use]
    pub fn account(&self) -> Option<&AccountId> {
        self.account.as_ref()
    }

    /// When the request was made.
    #[must_use]
    pub fn issued_at(&self) -> DateTime<Utc> {
        self.issued_at
    }

    /// From when on the response comes too late. The store keeps the key longer than that, as used
    /// or unused, if users are to be told "too late" and "used before" from "unknown".
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

    /// What the host kept with it.
    #[must_use]
    pub fn host_state(&self) -> Option<&str> {
        self.host_state.as_deref()
    }

    pub(crate) fn relay_state(&self) -> Option<&str> {
        self.relay_state.as_deref()
    }

    /// The value to store.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        Encoder::new(Self::VERSION)
            .text(self.key.request.as_str())
            .text(self.key.connection.as_str())
            .text(self.key.browser.as_str())
            .byte(self.purpose.to_byte())
            .option(self.account.as_ref().map(AccountId::as_str))
            .instant(self.issued_at)
            .instant(self.expires_at)
            .byte(u8::from(self.force_authn == ForceAuthn::Yes))
            .list(&self.requested_contexts)
            .option(self.host_state.as_deref())
            .option(self.relay_state.as_deref())
            .finish()
    }

    /// Reads a stored value.
    ///
    /// # Errors
    /// [`StoredError`].
    pub fn from_bytes(stored: &[u8]) -> Result<Self, StoredError> {
        let mut decoder = Decoder::new(stored, Self::VERSION)?;
        let key = PendingKey {
            request: RequestId::new(decoder.text()?),
            connection: ConnectionId::new(decoder.text()?),
            browser: BrowserBinding::new(decoder.text()?),
        };
        let purpose = Purpose::from_byte(decoder.byte()?)?;
        let account = decoder.option()?.map(AccountId::new);
        let (issued_at, expires_at) = (decoder.instant()?, decoder.instant()?);
        let force_authn = match decoder.byte()? {
            0 => ForceAuthn::No,
            1 => ForceAuthn::Yes,
            _ => return Err(StoredError::Damaged),
        };
        let requested_contexts = decoder.list()?;
        let (host_state, relay_state) = (decoder.option()?, decoder.option()?);
        decoder.finish()?;
        Ok(Self {
            key,
            purpose,
            account,
            issued_at,
            expires_at,
            force_authn,
            requested_contexts,
            host_state,
            relay_state,
        })
    }
}

/// Shows which login it is, and nothing that the host or a user put in.
impl fmt::Debug for PendingLogin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut pending = f.debug_struct("PendingLogin");
        pending.field("key", &self.key).field("purpose", &self.purpose).field("expires_at", &self.expires_at);
        pending.finish_non_exhaustive()
    }
}

impl BoundLogin {
    /// The pending login.
    #[must_use]
    pub fn pending(&self) -> &PendingLogin {
        &self.0
    }
}
