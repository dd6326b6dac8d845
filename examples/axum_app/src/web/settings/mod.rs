//! What an organization's owner sets up.

mod card;
mod change;
mod metadata;
mod register;

pub(super) use change::change;
pub(super) use metadata::{decide, show as show_metadata};
pub(super) use register::register_idp;

use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect};
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use saml_sp::ConnectionId;
use serde::Deserialize;

use super::problem::Problem;
use super::{Host, Page, pages};
use crate::store::Signed;
use crate::{App, Tenant};

#[derive(Deserialize)]
pub(super) struct Note {
    note: Option<String>,
}

impl App {
    /// The organization, for its owner only.
    async fn owned(&self, slug: &str, headers: &HeaderMap, now: DateTime<Utc>) -> Result<(Tenant, Signed), Problem> {
        let tenant = self.found(slug, now).await?;
        let signed = self.signed(headers, now).await?;
        let role = self.role(&tenant, signed.as_ref(), now).await?;
        match (signed, role.as_deref()) {
            (Some(signed), Some("owner")) => Ok((tenant, signed)),
            _ => Err(Problem::Forbidden("Sign in as an owner of this organization to see its settings.")),
        }
    }
}

/// The settings, at one connection.
fn saved(slug: &str, note: &str, connection: &ConnectionId) -> Page {
    Ok(Redirect::to(&format!("/org/{slug}/settings?note={note}#{connection}")).into_response())
}

pub(super) async fn show(
    State(app): Host,
    Path(slug): Path<String>,
    Query(query): Query<Note>,
    headers: HeaderMap,
) -> Page {
    let now = Utc::now();
    let (tenant, signed) = app.owned(&slug, &headers, now).await?;
    let failures = app.db.failures(&tenant.organization.id).await?;
    let mut cards = Vec::new();
    for registration in &tenant.registrations {
        let members = app.db.members(&tenant.organization.id, registration.connection().id().as_str()).await?;
        cards.push(app.card(&tenant, registration, &members, now));
    }
    let body = html! {
        (note(query.note.as_deref()))
        h1 { "Single sign-on of " (tenant.organization.name) }
        (endpoints(&tenant))
        @for card in &cards { (card) }
        (register::ways_in(&slug, &tenant))
        @if !failures.is_empty() {
            section aria-labelledby="failures" {
                h2 id="failures" { "Sign-ins that failed" }
                @for failure in &failures { (pages::report(failure)) }
            }
        }
    };
    Ok(pages::layout("Settings", Some(&signed), &body).into_response())
}

fn note(note: Option<&str>) -> Markup {
    let text = match note {
        Some("registered") => "Registered as a draft. Test the login now: it becomes active when the test succeeds.",
        Some("tested") => "The test login worked: the connection is active.",
        Some("linked") => "Your account is linked, and the connection is active.",
        Some("saved") => "Saved.",
        Some("approved") => "The change is in use. If the connection is a draft again, test the login.",
        Some("rejected") => "The change is rejected. What was in use before is still in use.",
        _ => return html! {},
    };
    html! { p.notice role="status" { (text) } }
}

fn endpoints(tenant: &Tenant) -> Markup {
    html! {
        section aria-labelledby="endpoints" {
            h2 id="endpoints" { "For your identity provider" }
            p { "Enter these there, or upload the metadata." }
            (pages::copied("EntityID (audience)", "sp-entity", tenant.sp.entity_id().as_str()))
            (pages::copied("Assertion consumer service (ACS)", "sp-acs", tenant.sp.acs_url()))
            @if let Some(sls) = tenant.sp.sls_url() { (pages::copied("Single logout service", "sp-sls", sls)) }
            p { a.button.quiet href=(tenant.sp.entity_id().as_str()) download { "Download metadata" } }
        }
    }
}
