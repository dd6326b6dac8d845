//! What all pages share. Everything that is put into one is escaped by `maud`.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use maud::{DOCTYPE, Markup, html};

use crate::store::{Failure, Signed};

pub(super) fn layout(title: &str, signed: Option<&Signed>, body: &Markup) -> Markup {
    html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                title { (title) " · Demo" }
                link rel="stylesheet" href="/static/app.css";
                script src="/static/app.js" defer {}
            }
            body {
                a.skip href="#main" { "Skip to the content" }
                header {
                    a.brand href="/" { "saml-sp demo" }
                    nav aria-label="Session" {
                        @if let Some(signed) = signed {
                            span { (signed.email) @if signed.scope.is_some() { " · single sign-on" } }
                            form method="post" action="/sign-out" { button.quiet { "Sign out here" } }
                        } @else {
                            span.muted { "Not signed in" }
                        }
                    }
                }
                main id="main" { (body) }
            }
        }
    }
}

/// A report in a box with a button that copies it.
pub(super) fn report(failure: &Failure) -> Markup {
    let id = format!("report-{}", failure.reference);
    html! {
        div.report {
            div.bar {
                span { code { (failure.code) } " · " (at(failure.at)) " · reference " code { (failure.reference) } }
                button.quiet type="button" data-copy=(id) { "Copy report" }
            }
            pre id=(id) tabindex="0" { (failure.report) }
        }
    }
}

/// A value to copy into a console.
pub(super) fn copied(label: &str, id: &str, value: &str) -> Markup {
    html! {
        div.copied {
            label for=(id) { (label) }
            div.row { input id=(id) readonly value=(value); button.quiet type="button" data-copy=(id) { "Copy" } }
        }
    }
}

pub(super) fn at(instant: DateTime<Utc>) -> String {
    instant.format("%Y-%m-%d %H:%M UTC").to_string()
}

/// The database failed, and nothing has been used up: the same form once more.
pub(super) fn again(action: &str, saml_response: &str, relay_state: Option<&str>) -> Response {
    let body = html! {
        h1 { "Try again" }
        p.lead role="alert" { "Something here does not work at the moment. Your sign-in is not lost." }
        form method="post" action=(action) {
            input type="hidden" name="SAMLResponse" value=(saml_response);
            @if let Some(relay_state) = relay_state { input type="hidden" name="RelayState" value=(relay_state); }
            button { "Try again" }
        }
    };
    (StatusCode::SERVICE_UNAVAILABLE, [(header::RETRY_AFTER, "5")], layout("Try again", None, &body)).into_response()
}
