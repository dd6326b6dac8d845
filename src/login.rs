//! Starting and finishing a login without a store: the pure steps that [`flow`](crate::flow) drives.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use crate::binding::{Parameter, PostForm, RelayState, redirect};
use crate::browser::{BrowserCookie, random_hex};
use crate::connection::Connection;
use crate::crypto::NoRandomness;
use crate::dsig::sign_enveloped;
use crate::error::{ConfigError, Flow, Rejection, SigningError};
use crate::keys::SigningKey;
use crate::metadata::{AuthnRequestSigning, Endpoint, EndpointBinding, is_web_url};
use crate::names::{AccountId, RequestId};
use crate::pending::{PendingKey, PendingLogin, Purpose};
use crate::profile::Login;
use crate::protocol::{AFTER_ISSUER, AuthnRequestOptions, Requester};
use crate::sp::ServiceProvider;

/// SAML Bindings 3.4.3 and 3.5.3.
const MOST_RELAY_STATE: usize = 80;

/// The longest RelayState of somebody who was not asked that is kept: anybody can send one.
const MOST_CARRIED: usize = 2048;

/// How long a login may take, from the request to the response.
const LIFETIME: TimeDelta = TimeDelta::minutes(10);

/// The RelayState of a login that was made of a response nobody asked for.
pub(crate) const RESTARTED: &str = "saml-sp-restarted";

/// What a login is started with.
#[derive(Clone, Default)]
#[must_use]
pub struct LoginStart {
    purpose: Purpose,
    account: Option<AccountId>,
    request: AuthnRequestOptions,
    relay_state: Option<String>,
    host_state: Option<String>,
    cookie: Option<BrowserCookie>,
    binding: Option<EndpointBinding>,
    /// The RelayState of the response that this login was made of.
    carried: Option<String>,
}

impl LoginStart {
    /// Says what for; [`Purpose::Login`] otherwise.
    pub fn with_purpose(mut self, purpose: Purpose) -> Self {
        self.purpose = purpose;
        self
    }

    /// For the account that is signed in now: to link, to step up or to test ends with that account only.
    pub fn with_account(mut self, account: AccountId) -> Self {
        self.account = Some(account);
        self
    }

    /// What to ask the identity provider for.
    pub fn with_request(mut self, request: AuthnRequestOptions) -> Self {
        self.request = request;
        self
    }

    /// A RelayState that the identity provider echoes. Nothing here needs one: the place to go on
    /// with is better kept as [host state](Self::with_host_state), which nobody else sees or changes.
    ///
    /// At most 80 bytes (SAML Bindings 3.4.3), and best letters, digits, `-`, `.` and `_` only: some identity
    /// providers (Auth0's samlp, pysaml2) encode it afresh before they verify a signature over a redirect, and
    /// differ in what they do with spaces and `!*'()`.
    pub fn with_relay_state(mut self, relay_state: impl Into<String>) -> Self {
        self.relay_state = Some(relay_state.into());
        self
    }

    /// Something to be had back when the login is finished.
    pub fn with_host_state(mut self, state: impl Into<String>) -> Self {
        self.host_state = Some(state.into());
        self
    }

    /// Sends the request over this binding, `HttpRedirect` or `HttpPost`. Otherwise it is Redirect, and POST where only
    /// that is offered: a request with long extensions may need POST.
    pub fn with_binding(mut self, binding: EndpointBinding) -> Self {
        self.binding = Some(binding);
        self
    }

    /// For a response that nobody asked for: ask, and have its RelayState come out again at the end. The marker that
    /// travels instead tells an identity provider that never answers from one that does.
    pub(crate) fn restarting(carried: Option<&str>) -> Self {
        let carried = carried.filter(|carried| carried.len() <= MOST_CARRIED).map(str::to_owned);
        Self { relay_state: Some(RESTARTED.to_owned()), carried, ..Self::default() }
    }

    /// The cookie that the browser has already, so that a second tab doesn't end the login of the first.
    pub fn with_cookie(mut self, cookie: Option<BrowserCookie>) -> Self {
        self.cookie = cookie;
        self
    }
}

/// A login that has begun: send the browser on, keep the pending login, set the cookie.
#[derive(Debug)]
#[must_use]
pub struct Started {
    /// What the browser gets.
    pub send: Send,
    /// What the store gets, before the browser gets anything.
    pub keep: PendingLogin,
    /// The cookie to set.
    pub cookie: BrowserCookie,
}

/// How a message reaches the identity provider.
#[derive(Clone, PartialEq, Eq)]
pub enum Send {
    /// Answer with a redirect (302 or 303) to this URL, and `Cache-Control: no-store`.
    Redirect(String),
    /// Answer with a page that posts this form.
    Post(PostForm),
}

/// Shows where to, and not what.
impl fmt::Debug for Send {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Redirect(url) => write!(f, "Redirect({:?})", url.split('?').next().unwrap_or_default()),
            Self::Post(form) => form.fmt(f),
        }
    }
}

/// Shows the purpose, and nothing that the host or a user put in.
impl fmt::Debug for LoginStart {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LoginStart").field("purpose", &self.purpose).finish_non_exhaustive()
    }
}

/// Why a message could not be made. Nothing was sent.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// The connection is not for this: of another organization, not tried out yet, switched off, or of an identity
    /// provider whose metadata could not be renewed before it expired.
    #[error(transparent)]
    Refused(#[from] Rejection),
    /// The settings don't allow it.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The request could not be signed.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// The operating system gave no random numbers.
    #[error("the operating system gave no random numbers")]
    NoRandomness,
}

impl From<NoRandomness> for StartError {
    fn from(_: NoRandomness) -> Self {
        Self::NoRandomness
    }
}

/// Makes an AuthnRequest for the identity provider of a connection (SAML Profiles 4.1.4.1).
///
/// It is signed whenever the service provider has a signing key.
///
/// # Errors
/// [`StartError`]; among them a missing signing key when the identity provider wants signed requests.
pub fn start_login(
    sp: &ServiceProvider,
    connection: &Connection,
    start: LoginStart,
    now: DateTime<Utc>,
) -> Result<Started, StartError> {
    connection.admit(sp.organization(), start.purpose)?;
    connection.in_force(now)?;
    check_settings(sp, connection, &start)?;
    let id = RequestId::new(format!("_{}", random_hex()?));
    let endpoint = endpoint(connection, start.binding.as_ref())?;
    let requester = Requester { entity_id: sp.entity_id(), acs_url: sp.acs_url() };
    let xml = start.request.to_xml(&id, requester, endpoint.location(), now)?;
    let way = Way {
        binding: endpoint.binding(),
        to: endpoint.location(),
        parameter: Parameter::Request,
        relay_state: start.relay_state.as_deref(),
    };
    let send = send(&xml, &id, way, sp.signing_key())?;
    let cookie = start.cookie.map_or_else(BrowserCookie::generate, Ok)?;
    let key = PendingKey::new(id, connection.id().clone(), cookie.binding());
    let beyond = ConfigError::Value { field: "now", reason: "beyond the calendar" };
    let keep = PendingLogin::new(key, now, now.checked_add_signed(LIFETIME).ok_or(beyond)?)
        .with_purpose(start.purpose)
        .with_account(start.account)
        .with_force_authn(start.request.force_authn())
        .with_requested_contexts(start.request.exact_contexts())
        .with_host_state(start.host_state)
        .with_relay_state(start.carried);
    Ok(Started { send, keep, cookie })
}

fn check_settings(sp: &ServiceProvider, connection: &Connection, start: &LoginStart) -> Result<(), ConfigError> {
    let signing = connection.identity_provider().authn_request_signing();
    if signing == AuthnRequestSigning::Wanted && sp.signing_key().is_none() {
        let remedy = "the identity provider wants signed requests: give the service provider a signing key";
        return Err(ConfigError::Missing { field: "signing_key", remedy });
    }
    if !is_web_url(sp.acs_url()) {
        return Err(ConfigError::url("acs_url", sp.acs_url()));
    }
    check_relay_state(start.relay_state.as_deref())
}

pub(crate) fn check_relay_state(relay_state: Option<&str>) -> Result<(), ConfigError> {
    if relay_state.is_some_and(|relay_state| relay_state.len() > MOST_RELAY_STATE) {
        let reason = "at most 80 bytes, and identity providers refuse more: keep it as host state";
        return Err(ConfigError::Value { field: "relay_state", reason });
    }
    Ok(())
}

fn endpoint<'c>(connection: &'c Connection, binding: Option<&EndpointBinding>) -> Result<&'c Endpoint, ConfigError> {
    let Some(binding) = binding else { return Ok(connection.identity_provider().sso_endpoint()) };
    let usable = matches!(binding, EndpointBinding::HttpRedirect | EndpointBinding::HttpPost);
    let mut endpoints = connection.identity_provider().single_sign_on().iter();
    let reason = "the identity provider has no single sign-on service over it that could be used";
    let unusable = ConfigError::Value { field: "binding", reason };
    endpoints.find(|endpoint| usable && endpoint.binding() == binding).ok_or(unusable)
}

/// Where a message goes, and how.
#[derive(Clone, Copy)]
pub(crate) struct Way<'w> {
    pub(crate) binding: &'w EndpointBinding,
    pub(crate) to: &'w str,
    pub(crate) parameter: Parameter,
    pub(crate) relay_state: Option<&'w str>,
}

/// The message on its way, signed if there is a key: in the query, or in the message.
pub(crate) fn send(xml: &str, id: &RequestId, way: Way<'_>, key: Option<&SigningKey>) -> Result<Send, SigningError> {
    let Way { binding, to, parameter, relay_state } = way;
    Ok(match (binding, key) {
        (EndpointBinding::HttpPost, Some(key)) => {
            let signed = sign_enveloped(xml, id.as_str(), AFTER_ISSUER, key)?;
            Send::Post(PostForm::new(to, parameter, &signed, relay_state))
        }
        (EndpointBinding::HttpPost, None) => Send::Post(PostForm::new(to, parameter, xml, relay_state)),
        (_, key) => Send::Redirect(redirect::url(to, parameter, xml, relay_state, key)?),
    })
}

/// A finished login, which says what it was for before it says who.
#[must_use]
pub struct Finished {
    login: Login,
    connection: Box<Connection>,
    purpose: Purpose,
    /// Whom it was started for, until that was compared with who is signed in.
    account: Option<AccountId>,
    host_state: Option<String>,
    relay_state: Option<RelayState>,
}

impl Finished {
    /// A login that nobody asked for.
    pub(crate) fn new(login: Login, connection: Connection, relay_state: Option<&str>) -> Self {
        let relay_state = relay_state.map(RelayState::new);
        Self {
            login,
            connection: Box::new(connection),
            purpose: Purpose::Login,
            account: None,
            host_state: None,
            relay_state,
        }
    }

    /// What it was started for, and what the host kept then.
    pub(crate) fn with_start(self, purpose: Purpose, host_state: Option<String>) -> Self {
        Self { purpose, host_state, ..self }
    }

    /// Whom it was started for; nobody has compared it yet.
    pub(crate) fn with_account(self, account: Option<AccountId>) -> Self {
        Self { account, ..self }
    }

    /// Checks that it was started for the account that is signed in now; whatever it is turned into is that account's.
    ///
    /// # Errors
    /// `flow.account`: somebody else is signed in than when it was started.
    pub fn returned_to(self, account: Option<&AccountId>) -> Result<Self, Rejection> {
        if self.account.as_ref() == account {
            return Ok(Self { account: None, ..self });
        }
        Err(Rejection::new(Flow::Account))
    }

    /// What the login was started for; [`Purpose::Login`] if it was not asked for.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The connection that it was made through, as it was then.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    pub(crate) fn login(&self) -> &Login {
        &self.login
    }

    /// What the host kept when it started the login.
    #[must_use]
    pub fn host_state(&self) -> Option<&str> {
        self.host_state.as_deref()
    }

    /// What came along. Anybody can have changed it.
    #[must_use]
    pub fn relay_state(&self) -> Option<&RelayState> {
        self.relay_state.as_ref()
    }

    /// The login, for the purpose that it was started for.
    ///
    /// # Errors
    /// `flow.purpose`: a login that was started to sign in can't link accounts, and the reverse. `flow.account` for one
    /// that was started for an account and was not [returned to](Self::returned_to) it.
    pub fn into_login(self, purpose: Purpose) -> Result<Login, Rejection> {
        self.require(purpose).map(|()| self.login)
    }

    /// The test login, if it was started as one.
    ///
    /// # Errors
    /// `flow.purpose`, `flow.account`.
    pub fn into_test(self) -> Result<TestLogin, Rejection> {
        self.require(Purpose::Test).map(|()| TestLogin { login: self.login, connection: *self.connection })
    }

    fn require(&self, purpose: Purpose) -> Result<(), Rejection> {
        if self.purpose == purpose {
            return if self.account.is_none() { Ok(()) } else { Err(Rejection::new(Flow::Account)) };
        }
        Err(Rejection::new(Flow::Purpose).expecting(format!("{purpose:?}")).finding(format!("{:?}", self.purpose)))
    }
}

/// A test login that succeeded. It signs nobody in: it shows what arrives, and activates the connection.
#[derive(Debug)]
pub struct TestLogin {
    login: Login,
    connection: Connection,
}

impl TestLogin {
    /// What arrived, for the report and the preview of the mapping.
    #[must_use]
    pub fn login(&self) -> &Login {
        &self.login
    }

    /// The connection as it was tried out.
    #[must_use]
    pub fn connection(&self) -> &Connection {
        &self.connection
    }

    /// The connection, active. A store replaces the one that was tried out with it, and no other.
    #[must_use]
    pub fn activated(&self) -> Connection {
        self.connection.clone().activated()
    }
}

/// Shows the purpose and what [`Login`] shows.
impl fmt::Debug for Finished {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Finished").field("purpose", &self.purpose).field("login", &self.login).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use base64::Engine as _;
    use base64::prelude::BASE64_STANDARD;

    use super::*;
    use crate::dsig::{Algorithms, signature_of, verify};
    use crate::keys::SigningKey;
    use crate::limits::Limits;
    use crate::metadata::IdentityProvider;
    use crate::names::{ConnectionId, EntityId, OrganizationId};
    use crate::policy::Policy;
    use crate::protocol::NameIdPolicy;
    use crate::xml::{Document, Profile};

    const CERTIFICATE: &str = include_str!("testing/fixtures/p256-1.crt.pem");
    const KEY: &str = include_str!("testing/fixtures/p256-1.key.pem");

    fn start(binding: EndpointBinding, start: LoginStart) -> Result<Started, StartError> {
        let sp = ServiceProvider::builder(
            OrganizationId::new("acme"),
            EntityId::new("https://sp.example.com/"),
            "https://sp.example.com/acs",
        )
        .signing_key(SigningKey::from_pem(KEY, None).unwrap())
        .build()
        .unwrap();
        let idp = IdentityProvider::builder("https://idp.example.com/", "https://idp.example.com/sso")
            .sso_binding(binding)
            .certificate(CERTIFICATE);
        let connection = Connection::preconfigured(
            ConnectionId::new("c"),
            OrganizationId::new("acme"),
            idp.build().unwrap(),
            Policy::strict(),
        )
        .unwrap();
        start_login(&sp, &connection, start, Utc::now())
    }

    /// The Issuer is the last element of a request that asks for nothing.
    #[test]
    fn a_posted_request_is_signed_behind_its_issuer_whatever_it_asks_for() {
        let policy = NameIdPolicy::default().with_format("urn:oasis:names:tc:SAML:2.0:nameid-format:transient");
        for options in [AuthnRequestOptions::default(), AuthnRequestOptions::default().with_name_id_policy(policy)] {
            let started = start(EndpointBinding::HttpPost, LoginStart::default().with_request(options)).unwrap();
            let Send::Post(form) = started.send else { panic!("over POST") };
            let (_, value) = form.fields().next().unwrap();
            let xml = BASE64_STANDARD.decode(value).unwrap();
            let document = Document::parse(xml, Profile::Message, &Limits::message()).unwrap();
            let names: Vec<_> = document.root().elements().map(|element| element.local_name()).take(2).collect();
            assert_eq!(names, ["Issuer", "Signature"]);
            let signature = signature_of(document.root(), AFTER_ISSUER).unwrap().unwrap();
            let keys = [SigningKey::from_pem(KEY, None).unwrap().verifying_key()];
            assert!(verify(signature, &keys, &Algorithms::strict()).is_ok());
        }
    }

    #[test]
    fn relay_state_travels_with_unreserved_characters_as_they_are_and_has_a_limit() {
        let started =
            start(EndpointBinding::HttpRedirect, LoginStart::default().with_relay_state("/a b~c.d_e-f+*%")).unwrap();
        let Send::Redirect(url) = started.send else { panic!("over Redirect") };
        assert!(url.contains("&RelayState=%2Fa%20b~c.d_e-f%2B%2A%25&SigAlg="), "{url}");
        assert!(start(EndpointBinding::HttpPost, LoginStart::default().with_relay_state("x".repeat(80))).is_ok());
        let refused = start(EndpointBinding::HttpPost, LoginStart::default().with_relay_state("x".repeat(81)));
        assert!(matches!(refused, Err(StartError::Config(ConfigError::Value { field: "relay_state", .. }))));
    }
}
