//! What the identity provider publishes now, and who agrees to it.

use std::collections::BTreeSet;

use axum::Form;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use saml_sp::ConnectionId;
use saml_sp::flow::{RefreshOutcome, RegistrationError, approve_change, refresh, reject_change};
use saml_sp::metadata::ChangeVerdict;
use saml_sp::registration::{ChangeDigest, Decision, HeldChange, Registration, Source};
use serde::Deserialize;

use super::super::problem::Problem;
use super::super::{Host, Page, pages};
use super::saved;
use crate::Tenant;
use crate::store::{DbError, Signed};

#[derive(Deserialize)]
pub(in crate::web) struct Shown {
    digest: Option<String>,
}

pub(in crate::web) async fn show(
    State(app): Host,
    Path((slug, connection)): Path<(String, String)>,
    headers: HeaderMap,
) -> Page {
    let now = Utc::now();
    let (tenant, signed) = app.owned(&slug, &headers, now).await?;
    let registration = tenant.registration(&connection).ok_or(Problem::NotFound)?;
    page(&tenant, &signed, registration, None, now)
}

/// The buttons of the page. What was shown is named by its digest: if something else waits by now, nothing is decided.
pub(in crate::web) async fn decide(
    State(app): Host,
    Path((slug, connection, decision)): Path<(String, String, String)>,
    headers: HeaderMap,
    Form(form): Form<Shown>,
) -> Page {
    let now = Utc::now();
    let (tenant, signed) = app.owned(&slug, &headers, now).await?;
    let (organization, id) = (&tenant.organization.id, ConnectionId::new(connection));
    let digest = ChangeDigest::new(form.digest.unwrap_or_default());
    match decision.as_str() {
        "refresh" => {
            let registration = tenant.registration(id.as_str()).ok_or(Problem::NotFound)?;
            let refreshed = refresh(&app.db, &app.fetcher, registration, now).await.map_err(problem)?;
            page(&tenant, &signed, &refreshed.registration, Some(&refreshed.outcome), now)
        }
        "approve" => {
            approve_change(&app.db, organization, &id, &digest).await.map_err(problem)?;
            saved(&slug, "approved", &id)
        }
        "reject" => {
            reject_change(&app.db, organization, &id, &digest).await.map_err(problem)?;
            saved(&slug, "rejected", &id)
        }
        _ => Err(Problem::NotFound),
    }
}

/// What an administrator should know, each once.
pub(super) fn warnings(registration: &Registration, now: DateTime<Utc>) -> Markup {
    let warnings: BTreeSet<String> = registration.warnings(now).iter().map(ToString::to_string).collect();
    html! { @for warning in &warnings { p.warning { (warning) } } }
}

fn problem(error: RegistrationError<DbError>) -> Problem {
    match error {
        RegistrationError::Store(error) => error.into(),
        error => Problem::Input(error.to_string()),
    }
}

fn page(
    tenant: &Tenant,
    signed: &Signed,
    registration: &Registration,
    outcome: Option<&RefreshOutcome>,
    now: DateTime<Utc>,
) -> Page {
    let Source::Url(fetch) = registration.source() else { return Err(Problem::NotFound) };
    let settings = format!("/org/{}/settings", tenant.organization.slug);
    let action = |what: &str| format!("{settings}/{}/metadata/{what}", registration.connection().id());
    let body = html! {
        @if let Some(outcome) = outcome {
            @let class = if matches!(outcome, RefreshOutcome::Held(_) | RefreshOutcome::Failed(_)) { "warning" } else { "notice" };
            p class=(class) role="status" { (told(outcome)) }
        }
        h1 { "Metadata of the identity provider" }
        table {
            tbody {
                tr { th scope="row" { "URL" } td { code { (fetch.url().as_str()) } } }
                tr { th scope="row" { "Last had" } td { (pages::at(fetch.at())) } }
                @if let Some(next) = registration.refresh_at() { tr { th scope="row" { "Next" } td { (pages::at(next)) } } }
            }
        }
        (warnings(registration, now))
        form.bare method="post" action=(action("refresh")) { button { "Refresh now" } }
        @if let Some(held) = registration.held_change() { (change(&held, &action)) }
        p { a href=(format!("{settings}#{}", registration.connection().id())) { "Back to the settings" } }
    };
    Ok(pages::layout("Metadata", Some(signed), &body).into_response())
}

fn told(outcome: &RefreshOutcome) -> String {
    match outcome {
        RefreshOutcome::Unchanged => "Nothing has changed.".to_owned(),
        RefreshOutcome::Changed(changes) => {
            let changes: Vec<String> = changes.iter().map(ToString::to_string).collect();
            format!("In use from now on: {}.", changes.join("; "))
        }
        RefreshOutcome::Held(_) => "What is published now could be an attack. It waits for you.".to_owned(),
        RefreshOutcome::Failed(error) => format!("It could not be had: {error}. What is known is used on."),
        _ => "Somebody else has changed the connection in the meantime: look at it again.".to_owned(),
    }
}

fn change(held: &HeldChange, action: &dyn Fn(&str) -> String) -> Markup {
    let button = |what: &str, text: &str, class: &str| {
        html! {
            form.inline method="post" action=(action(what)) {
                input type="hidden" name="digest" value=(held.digest().as_str());
                button class=(class) { (text) }
            }
        }
    };
    html! {
        section.card aria-labelledby="change" {
            h2 id="change" { @match held.decision() { Decision::Waiting => "A change that waits for you", Decision::Rejected => "A change that was rejected" } }
            p { "Published since " (pages::at(held.since())) ". Ask whoever runs the identity provider, and compare the fingerprints, before you approve it." }
            ul {
                @for change in held.changes() {
                    li { @if change.verdict() == ChangeVerdict::Hold { strong { (change.to_string()) } } @else { (change.to_string()) } }
                }
            }
            div.actions {
                (button("approve", "Approve the change", ""))
                @if held.decision() == Decision::Waiting { (button("reject", "Reject it", "quiet danger")) }
            }
        }
    }
}
