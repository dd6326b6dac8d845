//! The application's pages.

mod demo_idp;
mod home;
mod pages;
mod problem;
mod saml;
mod scim;
mod settings;

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{self, HeaderMap, HeaderName, HeaderValue};
use axum::http::{Method, StatusCode};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{any, get, post};
use chrono::{DateTime, Utc};
use saml_sp::login::Send;
use saml_sp::provisioning::Session;
use saml_sp::{BrowserCookie, RelayState, SessionId};
use sha2::{Digest, Sha256};

use crate::store::{DbError, Signed, random};
use crate::{App, Tenant};
use problem::Problem;

type Page = Result<Response, Problem>;
type Host = State<Arc<App>>;

/// The cookie of the application's session. `SameSite=None`, so that it comes along with the identity provider's POST: who
/// is signed in decides what a response may link. All of the application's own forms check their origin instead.
const SESSION: &str = "__Host-session";

pub(crate) fn router(app: Arc<App>) -> Router {
    let own = Router::new()
        .route("/", get(home::home))
        .route("/outbox", get(home::outbox))
        .route("/sign-in", post(home::sign_in))
        .route("/sign-out", post(home::sign_out))
        .route("/org/{slug}", get(home::organization))
        .route("/org/{slug}/login", get(home::login))
        .route("/org/{slug}/logout", post(saml::logout))
        .route("/org/{slug}/link", post(saml::confirm))
        .route("/org/{slug}/link/{token}", get(saml::link_page))
        .route("/org/{slug}/reminder", post(saml::follow))
        .route("/org/{slug}/reminder/{token}", get(saml::reminder_page))
        .route("/org/{slug}/settings", get(settings::show))
        .route("/org/{slug}/settings/register/{way}", post(settings::register_idp))
        .route("/org/{slug}/settings/{connection}/metadata", get(settings::show_metadata))
        .route("/org/{slug}/settings/{connection}/metadata/{decision}", post(settings::decide))
        .route("/org/{slug}/settings/{connection}/{action}", post(settings::change))
        .layer(middleware::from_fn_with_state(app.clone(), same_origin));
    let others = Router::new()
        .route("/org/{slug}/sso/{connection}", get(saml::start))
        .route("/saml/acs/{slug}/", post(saml::acs))
        .route("/saml/sls/{slug}/", get(saml::sls_redirect).post(saml::sls_post))
        .route("/saml/metadata/{slug}/", get(saml::metadata))
        .route("/scim/{slug}/{connection}/{*path}", any(scim::answer))
        .nest("/demo-idp/{name}", demo_idp::router())
        .route("/static/app.css", get(|| fixed("text/css", include_str!("../../static/app.css"))))
        .route("/static/app.js", get(|| fixed("text/javascript", include_str!("../../static/app.js"))));
    own.merge(others).fallback(|| async { Problem::NotFound }).layer(middleware::map_response(headers)).with_state(app)
}

async fn fixed(kind: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, kind)], text).into_response()
}

/// A form of another site changes nothing here. Browsers name the origin of every POST.
async fn same_origin(State(app): Host, request: Request, next: Next) -> Response {
    let origin = request.headers().get(header::ORIGIN).and_then(|value| value.to_str().ok());
    if request.method() == Method::POST && origin != Some(app.base_url.as_str()) {
        return Problem::Forbidden("This form came from another site.").into_response();
    }
    next.run(request).await
}

/// Without `form-action`: browsers apply it to the redirect to an identity provider that a form leads to.
async fn headers(mut response: Response) -> Response {
    let values = [
        (
            header::CONTENT_SECURITY_POLICY,
            "default-src 'none'; style-src 'self'; script-src 'self'; base-uri 'none'; frame-ancestors 'none'",
        ),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "same-origin"),
        (header::CACHE_CONTROL, "no-store"),
    ];
    for (name, value) in values {
        response.headers_mut().entry::<HeaderName>(name).or_insert(HeaderValue::from_static(value));
    }
    response
}

fn cookie<'h>(headers: &'h HeaderMap, name: &str) -> Option<&'h str> {
    let cookies = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let mut pairs = cookies.flat_map(|value| value.split("; ")).filter_map(|pair| pair.split_once('='));
    pairs.find(|(found, _)| *found == name).map(|(_, value)| value)
}

fn login_cookie(headers: &HeaderMap) -> Option<&str> {
    cookie(headers, BrowserCookie::NAME)
}

/// What is stored of a session's cookie.
fn session_id(cookie: &str) -> SessionId {
    SessionId::new(Sha256::digest(cookie).iter().map(|octet| format!("{octet:02x}")).collect::<String>())
}

/// A cookie for a session with a new name, and the name.
fn new_session() -> Result<(String, SessionId), DbError> {
    let value = random()?;
    let id = session_id(&value);
    Ok((format!("{SESSION}={value}; Path=/; Max-Age=28800; Secure; HttpOnly; SameSite=None"), id))
}

fn no_session() -> String {
    format!("{SESSION}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=None")
}

fn with_cookie(response: impl IntoResponse, cookie: &str) -> Response {
    let mut response = response.into_response();
    if let Ok(value) = HeaderValue::from_str(cookie) {
        response.headers_mut().append(header::SET_COOKIE, value);
    }
    response
}

/// Sends the browser on with a message.
fn send(send: &Send) -> Page {
    Ok(match send {
        Send::Redirect(url) => Redirect::to(url).into_response(),
        Send::Post(form) => {
            let nonce = random()?;
            let policy = format!("default-src 'none'; script-src 'nonce-{nonce}'");
            (
                [(header::CONTENT_SECURITY_POLICY, policy), (header::CONTENT_TYPE, "text/html; charset=utf-8".into())],
                form.to_html(&nonce),
            )
                .into_response()
        }
    })
}

/// A path of this application, from outside.
fn local(path: &str) -> Option<String> {
    RelayState::new(path).local_path().map(str::to_owned)
}

impl App {
    async fn signed(&self, headers: &HeaderMap, now: DateTime<Utc>) -> Result<Option<Signed>, DbError> {
        match cookie(headers, SESSION) {
            Some(value) => self.db.signed(&session_id(value), now).await,
            None => Ok(None),
        }
    }

    async fn found(&self, slug: &str, now: DateTime<Utc>) -> Result<Tenant, Problem> {
        self.tenant(slug, now).await?.ok_or(Problem::NotFound)
    }

    /// The role of whoever is signed in, if the session reaches into the organization.
    async fn role(
        &self,
        tenant: &Tenant,
        signed: Option<&Signed>,
        now: DateTime<Utc>,
    ) -> Result<Option<String>, DbError> {
        let Some(signed) = signed else { return Ok(None) };
        if signed.scope.as_ref().is_some_and(|scope| scope.admits(&tenant.organization.id, now).is_err()) {
            return Ok(None);
        }
        self.db.role(&tenant.organization.id, &signed.account).await
    }
}

/// Who is signed in, in the terms of `saml-sp`.
fn session(signed: Option<&Signed>) -> Session {
    match signed {
        None => Session::Nobody,
        Some(Signed { scope: Some(scope), .. }) => Session::SingleSignOn(scope.clone()),
        Some(Signed { account, .. }) => Session::Account(account.clone()),
    }
}

/// A page with another status than 200.
fn with_status(status: StatusCode, body: impl IntoResponse) -> Response {
    (status, body).into_response()
}
