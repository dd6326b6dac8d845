//! The endpoints of single sign-on: everything a host has to write beside its pages and its storage.

use axum::Form;
use axum::extract::{Path, Query, RawQuery, State};
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Redirect};
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use saml_sp::flow::{
    Arrival, AskProof, ConfirmLink, Entered, FlowError, LinkVisit, LogoutArrival, LogoutArrived, SignedIn, Visit,
    confirm_link, follow_reminder, receive_logout, sign_in, start_login, start_logout,
};
use saml_sp::login::{Finished, LoginStart, StartError, Started};
use saml_sp::logout::{LogoutExtent, LogoutStart, StartedLogout};
use saml_sp::storage::SessionStore;
use saml_sp::{BrowserCookie, Login, Purpose, SamlSession};
use serde::Deserialize;

use super::problem::Problem;
use super::{Host, Page, local, login_cookie, new_session, no_session, pages, send, session, with_cookie};
use crate::store::{DbError, Signed};
use crate::{App, Tenant};

#[derive(Deserialize)]
pub(super) struct Message {
    #[serde(rename = "SAMLRequest")]
    request: Option<String>,
    #[serde(rename = "SAMLResponse")]
    response: Option<String>,
    #[serde(rename = "RelayState")]
    relay_state: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Token {
    token: String,
}

#[derive(Deserialize)]
pub(super) struct Next {
    next: Option<String>,
}

pub(super) async fn metadata(State(app): Host, Path(slug): Path<String>) -> Page {
    let now = Utc::now();
    let xml = app.found(&slug, now).await?.sp.metadata().write(now)?;
    let headers = [
        (header::CONTENT_TYPE, "application/samlmetadata+xml".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{slug}.xml\"")),
    ];
    Ok((headers, xml).into_response())
}

/// GET: starts a login. Whoever makes a browser do so gains nothing by it.
pub(super) async fn start(
    State(app): Host,
    Path((slug, connection)): Path<(String, String)>,
    Query(query): Query<Next>,
    headers: HeaderMap,
) -> Page {
    let now = Utc::now();
    let tenant = app.found(&slug, now).await?;
    let registration = tenant.registration(&connection).ok_or(Problem::NotFound)?;
    let next = query.next.as_deref().and_then(local).unwrap_or_else(|| format!("/org/{slug}"));
    let start = LoginStart::default()
        .with_host_state(next)
        .with_cookie(login_cookie(&headers).and_then(BrowserCookie::from_value));
    let started = start_login(&app.db, &tenant.sp, registration.connection(), start, now).await;
    app.go(&tenant, None, started, now).await
}

impl App {
    /// Gives the browser its cookie and sends it on.
    pub(super) async fn go(
        &self,
        tenant: &Tenant,
        signed: Option<&Signed>,
        started: Result<Started, FlowError<DbError>>,
        now: DateTime<Utc>,
    ) -> Page {
        match started {
            Ok(started) => Ok(with_cookie(send(&started.send)?, &started.cookie.to_header())),
            Err(error) => self.refused(tenant, signed, error, now).await,
        }
    }
}

/// POST: what the identity provider has the browser bring.
pub(super) async fn acs(
    State(app): Host,
    Path(slug): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Message>,
) -> Page {
    let now = Utc::now();
    let saml_response = form.response.as_deref().unwrap_or_default();
    let arrival = Arrival { saml_response, relay_state: form.relay_state.as_deref(), cookie: login_cookie(&headers) };
    match app.enter(&slug, &headers, arrival, now).await {
        // Nothing has been used up, so the same form can be posted again.
        Err(Problem::Failed(error)) => {
            eprintln!("acs: {error}");
            Ok(pages::again(&format!("/saml/acs/{slug}/"), saml_response, form.relay_state.as_deref()))
        }
        outcome => outcome,
    }
}

impl App {
    async fn enter(&self, slug: &str, headers: &HeaderMap, arrival: Arrival<'_>, now: DateTime<Utc>) -> Page {
        let tenant = self.found(slug, now).await?;
        let signed = self.signed(headers, now).await?;
        let visit = Visit { arrival, session: &session(signed.as_ref()) };
        match sign_in(&self.db, tenant.entrance(), visit, now).await {
            Ok(entered) => {
                let page = self.entered(&tenant, signed.as_ref(), entered, now).await;
                page.map_err(|problem| problem.late(slug))
            }
            Err(error) => self.refused(&tenant, signed.as_ref(), error, now).await,
        }
    }

    /// The response has been used up: whatever fails from here on, the user has to begin again.
    async fn entered(&self, tenant: &Tenant, signed: Option<&Signed>, entered: Entered, now: DateTime<Utc>) -> Page {
        let slug = &tenant.organization.slug;
        match entered {
            Entered::SignedIn(signed_in) => self.open(tenant, signed_in, now).await,
            Entered::Linked(_) => Ok(Redirect::to(&format!("/org/{slug}/login?note=linked")).into_response()),
            Entered::Tested(finished) => {
                self.activate(finished).await?;
                Ok(Redirect::to(&format!("/org/{slug}/settings?note=tested")).into_response())
            }
            Entered::Unmapped(unmapped) => {
                self.keep_test(unmapped.login);
                self.refused(tenant, signed, unmapped.error.into(), now).await
            }
            Entered::Confirm(confirm) => self.ask_to_confirm(tenant, signed, confirm).await,
            Entered::AskProof(ask) => self.ask_for_proof(tenant, ask, now).await,
            Entered::Restarted(started) => self.go(tenant, signed, Ok(started), now).await,
        }
    }

    /// What the identity provider can end is noted before the browser has its cookie.
    async fn open(&self, tenant: &Tenant, signed_in: SignedIn, now: DateTime<Utc>) -> Page {
        let SignedIn { scope, finished, .. } = signed_in;
        let home = format!("/org/{}", tenant.organization.slug);
        let asked = finished.relay_state().and_then(|state| state.local_path()).map(str::to_owned);
        let next = finished.host_state().map(str::to_owned).or(asked).unwrap_or(home);
        let (cookie, id) = new_session()?;
        let login = finished.into_login(Purpose::Login)?;
        self.db.open(&SamlSession::of(&login, id.clone())).await?;
        self.db.open_session(&id, scope.account(), Some(&scope), now).await?;
        Ok(with_cookie(Redirect::to(&next), &cookie))
    }

    /// The test has shown that the connection works; its login is kept for the preview of the mapping.
    async fn activate(&self, finished: Finished) -> Result<(), Problem> {
        let tested = finished.into_test()?;
        saml_sp::flow::activate(&self.db, &tested).await?;
        self.keep_test(tested.login().clone());
        Ok(())
    }

    fn keep_test(&self, login: Login) {
        if let Ok(mut tests) = self.tests.lock() {
            tests.insert(login.connection().clone(), login);
        }
    }

    async fn ask_to_confirm(&self, tenant: &Tenant, signed: Option<&Signed>, confirm: ConfirmLink) -> Page {
        let ConfirmLink { token, finished, .. } = confirm;
        let (idp, is_test) =
            (finished.connection().identity_provider().entity_id().to_string(), finished.purpose() == Purpose::Test);
        if is_test {
            self.activate(finished).await?;
        }
        let email = signed.map_or("", |signed| signed.email.as_str());
        let slug = &tenant.organization.slug;
        let body = html! {
            @if is_test { p.notice role="status" { "The test login worked: the connection is active." } }
            h1 { "Link your account?" }
            p.lead { "From now on you sign in to " (tenant.organization.name) " as " strong { (email) } " through " code { (idp) } "." }
            form.bare method="post" action=(format!("/org/{slug}/link")) {
                input type="hidden" name="token" value=(token.value());
                button { "Link my account" } " "
                a.button.quiet href=(if is_test { format!("/org/{slug}/settings") } else { format!("/org/{slug}") }) { "Not now" }
            }
            p.small { "If it was not you who signed in at the identity provider just now, choose “Not now”." }
        };
        Ok(pages::layout("Link your account", signed, &body).into_response())
    }

    /// The same page whether or not there is a mail: it tells nobody who has an account.
    async fn ask_for_proof(&self, tenant: &Tenant, ask: AskProof, now: DateTime<Utc>) -> Page {
        let slug = &tenant.organization.slug;
        if let Some(mail) = ask.mail {
            let link = format!("{}/org/{slug}/link/{}", self.base_url, mail.token.value());
            self.db
                .send_mail(&mail.account, &format!("Link your account at {}", tenant.organization.name), &link, now)
                .await?;
        }
        let body = html! {
            h1 { "One more step" }
            p.lead { "There may be an account for you already. If so, we have sent a link to its address. Open it in this browser within ten minutes." }
            p { "Or sign in to your account first, and start again from there." }
            p { a.button href="/" { "Sign in to my account" } " " a.button.quiet href="/outbox" { "Outbox of this demonstration" } }
        };
        Ok(pages::layout("One more step", None, &body).into_response())
    }
}

/// The page behind a mailed URL has a button: programs that look through mail follow URLs, and must link nothing.
pub(super) async fn link_page(
    State(app): Host,
    Path((slug, token)): Path<(String, String)>,
    headers: HeaderMap,
) -> Page {
    let text =
        "You asked to sign in through single sign-on. Confirm that the account which this mail was sent to is yours.";
    button_page(&app, &slug, &headers, text, &format!("/org/{slug}/link"), &token).await
}

pub(super) async fn reminder_page(
    State(app): Host,
    Path((slug, token)): Path<(String, String)>,
    headers: HeaderMap,
) -> Page {
    let text = "Your organization uses single sign-on now. Sign in to your account here, then continue to your identity provider.";
    button_page(&app, &slug, &headers, text, &format!("/org/{slug}/reminder"), &token).await
}

async fn button_page(app: &App, slug: &str, headers: &HeaderMap, text: &str, action: &str, token: &str) -> Page {
    let now = Utc::now();
    let tenant = app.found(slug, now).await?;
    let signed = app.signed(headers, now).await?;
    let body = html! {
        h1 { "Link your account at " (tenant.organization.name) }
        p.lead { (text) }
        (as_whom(signed.as_ref()))
        form.bare method="post" action=(action) { input type="hidden" name="token" value=(token); button { "Continue" } }
    };
    Ok(pages::layout("Link your account", signed.as_ref(), &body).into_response())
}

fn as_whom(signed: Option<&Signed>) -> Markup {
    html! {
        @match signed {
            Some(signed) => p { "You are signed in as " strong { (signed.email) } "." },
            None => p { "You are not signed in. " a href="/" { "Sign in to your account" } " if the next page asks for it." },
        }
    }
}

pub(super) async fn confirm(
    State(app): Host,
    Path(slug): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Token>,
) -> Page {
    let now = Utc::now();
    let tenant = app.found(&slug, now).await?;
    let signed = app.signed(&headers, now).await?;
    let who = session(signed.as_ref());
    let visit = LinkVisit { token: &form.token, cookie: login_cookie(&headers), session: &who };
    match confirm_link(&app.db, tenant.entrance(), visit, now).await {
        Ok(linked) if linked.purpose == Purpose::Test => {
            Ok(Redirect::to(&format!("/org/{slug}/settings?note=linked")).into_response())
        }
        Ok(_) => Ok(Redirect::to(&format!("/org/{slug}/login?note=linked")).into_response()),
        Err(error) => app.refused(&tenant, signed.as_ref(), error, now).await,
    }
}

pub(super) async fn follow(
    State(app): Host,
    Path(slug): Path<String>,
    headers: HeaderMap,
    Form(form): Form<Token>,
) -> Page {
    let now = Utc::now();
    let tenant = app.found(&slug, now).await?;
    let signed = app.signed(&headers, now).await?;
    let who = session(signed.as_ref());
    let visit = LinkVisit { token: &form.token, cookie: login_cookie(&headers), session: &who };
    let started = follow_reminder(&app.db, tenant.entrance(), visit, now).await;
    app.go(&tenant, signed.as_ref(), started, now).await
}

/// POST of the application's own form: ends the session here, and then at the identity provider.
pub(super) async fn logout(State(app): Host, Path(slug): Path<String>, headers: HeaderMap) -> Page {
    let now = Utc::now();
    let tenant = app.found(&slug, now).await?;
    let over = || with_cookie(Redirect::to(&format!("/org/{slug}/login?note=out")), &no_session());
    let Some(signed) = app.signed(&headers, now).await? else { return Ok(over()) };
    let known = app.db.saml_session(&signed.id).await?;
    let registration = known.as_ref().and_then(|known| tenant.registration(known.connection().as_str()));
    let (Some(known), Some(registration)) = (&known, registration) else {
        app.db.forget_session(&signed.id).await?;
        return Ok(over());
    };
    match start_logout(&app.db, &tenant.sp, registration.connection(), known, LogoutStart::default(), now).await {
        Ok(StartedLogout::Sent { send: message, .. }) => Ok(with_cookie(send(&message)?, &no_session())),
        Ok(StartedLogout::Local(_)) => Ok(over()),
        Err(FlowError::Start(StartError::Refused(rejection))) => {
            app.refused(&tenant, None, rejection.into(), now).await
        }
        Err(error) => Err(error.into()),
    }
}

pub(super) async fn sls_redirect(State(app): Host, Path(slug): Path<String>, RawQuery(query): RawQuery) -> Page {
    app.sls(&slug, LogoutArrival::Redirect(&query.unwrap_or_default())).await
}

pub(super) async fn sls_post(State(app): Host, Path(slug): Path<String>, Form(form): Form<Message>) -> Page {
    let (saml_request, saml_response) = (form.request.as_deref(), form.response.as_deref());
    app.sls(&slug, LogoutArrival::Post { saml_request, saml_response, relay_state: form.relay_state.as_deref() }).await
}

impl App {
    async fn sls(&self, slug: &str, arrival: LogoutArrival<'_>) -> Page {
        let now = Utc::now();
        let tenant = self.found(slug, now).await?;
        match receive_logout(&self.db, &tenant.sp, &tenant.connections, arrival, now).await {
            Ok(LogoutArrived::Asked { send: Some(answer), .. }) => send(&answer),
            Ok(LogoutArrived::Asked { send: None, .. }) => {
                Ok(Redirect::to(&format!("/org/{slug}/login?note=out")).into_response())
            }
            Ok(LogoutArrived::Finished(finished)) => {
                let note = if finished.extent() == LogoutExtent::Complete { "out" } else { "partly" };
                Ok(Redirect::to(&format!("/org/{slug}/login?note={note}")).into_response())
            }
            Err(error) => self.refused(&tenant, None, error, now).await,
        }
    }
}
