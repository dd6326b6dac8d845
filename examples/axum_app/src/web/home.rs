//! Pages that have little to do with SAML.

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect};
use chrono::Utc;
use maud::{Markup, html};
use saml_sp::ConnectionStatus;
use serde::Deserialize;

use super::problem::Problem;
use super::{Host, Page, local, new_session, no_session, pages, with_cookie};

#[derive(Deserialize)]
pub(super) struct SignIn {
    email: String,
    next: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct Note {
    note: Option<String>,
}

pub(super) async fn home(State(app): Host, headers: HeaderMap) -> Page {
    let signed = app.signed(&headers, Utc::now()).await?;
    let (organizations, accounts) = (app.db.organizations().await?, app.db.accounts().await?);
    let body = html! {
        h1 { "Sign-in through your organization" }
        p.lead { "A small application whose organizations bring their own identity provider. One is on board, so everything here works without anything else." }
        h2 { "Organizations" }
        ul.cards {
            @for organization in &organizations {
                li {
                    h3 { (organization.name) }
                    p { a.button href=(format!("/org/{}/login", organization.slug)) { "Sign in to " (organization.name) } }
                    p.small {
                        a href=(format!("/org/{}/settings", organization.slug)) { "Settings" } " · "
                        a href=(format!("/demo-idp/{}/portal", organization.slug)) { "Its identity provider" }
                    }
                }
            }
        }
        h2 { "Accounts of the application" }
        p { "These were here before single sign-on. The demonstration asks for no password. "
            strong { "olivia" } " and " strong { "greta" } " own their organizations and may change the settings." }
        form.inline method="post" action="/sign-in" {
            label for="email" { "Account" }
            select id="email" name="email" { @for email in &accounts { option value=(email) { (email) } } }
            button { "Sign in" }
        }
        p.small { a href="/outbox" { "Outbox" } ": mail that the application would send." }
    };
    Ok(pages::layout("Start", signed.as_ref(), &body).into_response())
}

/// Stands for whatever the application has: passwords, passkeys, second factors.
pub(super) async fn sign_in(State(app): Host, Form(form): Form<SignIn>) -> Page {
    let account =
        app.db.account_of(&form.email).await?.ok_or_else(|| Problem::Input("There is no such account.".to_owned()))?;
    let (cookie, id) = new_session()?;
    app.db.open_session(&id, &account, None, Utc::now()).await?;
    let next = form.next.as_deref().and_then(local).unwrap_or_else(|| "/".to_owned());
    Ok(with_cookie(Redirect::to(&next), &cookie))
}

pub(super) async fn sign_out(State(app): Host, headers: HeaderMap) -> Page {
    if let Some(signed) = app.signed(&headers, Utc::now()).await? {
        app.db.forget_session(&signed.id).await?;
    }
    Ok(with_cookie(Redirect::to("/"), &no_session()))
}

pub(super) async fn login(
    State(app): Host,
    Path(slug): Path<String>,
    Query(query): Query<Note>,
    headers: HeaderMap,
) -> Page {
    let now = Utc::now();
    let tenant = app.found(&slug, now).await?;
    let signed = app.signed(&headers, now).await?;
    let active: Vec<_> =
        tenant.connections.iter().filter(|connection| connection.status() == ConnectionStatus::Active).collect();
    let body = html! {
        (note(query.note.as_deref()))
        h1 { "Sign in to " (tenant.organization.name) }
        @if active.is_empty() {
            p.lead { "There is no single sign-on for this organization yet." }
        }
        @for connection in active {
            @let url = format!("/org/{slug}/sso/{}", connection.id().as_str());
            p { a.button.wide href=(url) { "Continue with single sign-on" } }
            p.small.muted { "at " code { (connection.identity_provider().entity_id().as_str()) } }
        }
        p { a href="/" { "Sign in with an account of the application" } }
    };
    Ok(pages::layout("Sign in", signed.as_ref(), &body).into_response())
}

fn note(note: Option<&str>) -> Markup {
    let text = match note {
        Some("linked") => "Your account is linked. Sign in through single sign-on now.",
        Some("out") => "You are signed out, here and at your identity provider.",
        Some("partly") => "You are signed out here. Some other application may still know you: close the browser.",
        _ => return html! {},
    };
    html! { p.notice role="status" { (text) } }
}

pub(super) async fn organization(State(app): Host, Path(slug): Path<String>, headers: HeaderMap) -> Page {
    let now = Utc::now();
    let tenant = app.found(&slug, now).await?;
    let signed = app.signed(&headers, now).await?;
    let Some(role) = app.role(&tenant, signed.as_ref(), now).await? else {
        return Ok(Redirect::to(&format!("/org/{slug}/login")).into_response());
    };
    let email = signed.as_ref().map_or("", |signed| signed.email.as_str());
    let body = html! {
        h1 { "Welcome to " (tenant.organization.name) }
        p.lead { "You are " strong { (email) } ", and your role here is " strong { (role) } "." }
        @if role == "owner" { p { a.button href=(format!("/org/{slug}/settings")) { "Settings" } } }
        form.bare method="post" action=(format!("/org/{slug}/logout")) { button.quiet { "Sign out everywhere" } }
    };
    Ok(pages::layout(&tenant.organization.name, signed.as_ref(), &body).into_response())
}

pub(super) async fn outbox(State(app): Host, headers: HeaderMap) -> Page {
    let signed = app.signed(&headers, Utc::now()).await?;
    let mails = app.db.mails().await?;
    let body = html! {
        h1 { "Outbox" }
        p.lead { "Mail that the application would send. Everybody can read it here, which is why this is a demonstration." }
        @if mails.is_empty() { p.muted { "Nothing yet." } }
        ul.cards {
            @for mail in &mails {
                li { h3 { (mail.subject) } p { "to " strong { (mail.to) } ", " (pages::at(mail.sent_at)) } p { a.button href=(mail.link) { "Open the link" } } }
            }
        }
    };
    Ok(pages::layout("Outbox", signed.as_ref(), &body).into_response())
}
