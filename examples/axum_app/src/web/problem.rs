//! What did not work, and the page that says so.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use saml_sp::error::ConfigError;
use saml_sp::flow::FlowError;
use saml_sp::provisioning::RefusalKind;

use super::{pages, with_status};
use crate::store::{DbError, Failure, Signed, random};
use crate::{App, Tenant};

pub(super) enum Problem {
    NotFound,
    Forbidden(&'static str),
    /// What was typed is wrong.
    Input(String),
    /// The store, or the application's own settings.
    Failed(crate::Failure),
    /// The same after a response has been used up: at this organization the user begins again.
    Late(crate::Failure, String),
}

impl Problem {
    pub(super) fn late(self, slug: &str) -> Self {
        match self {
            Self::Failed(error) => Self::Late(error, slug.to_owned()),
            other => other,
        }
    }
}

impl<E: Into<crate::Failure>> From<E> for Problem {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut back = "/".to_owned();
        let (status, title, text) = match self {
            Self::NotFound => (StatusCode::NOT_FOUND, "Not found", "There is nothing here.".to_owned()),
            Self::Forbidden(text) => (StatusCode::FORBIDDEN, "Not allowed", text.to_owned()),
            Self::Input(text) => (StatusCode::BAD_REQUEST, "That does not fit", text),
            Self::Failed(error) => {
                eprintln!("failed: {error}");
                let text = "Something here does not work at the moment. Nothing is lost: try again.";
                (StatusCode::SERVICE_UNAVAILABLE, "Try again", text.to_owned())
            }
            Self::Late(error, slug) => {
                eprintln!("failed after a response was used up: {error}");
                let text = "Your identity provider has signed you in, but something here did not work. Sign in again.";
                back = format!("/org/{slug}/login");
                (StatusCode::SERVICE_UNAVAILABLE, "Sign in again", text.to_owned())
            }
        };
        let body = html! { h1 { (title) } p { (text) } p { a href=(back) { "Back to the start" } } };
        with_status(status, pages::layout(title, None, &body))
    }
}

/// The sentence for the user, and the report for the organization's administrator.
struct Told {
    sentence: String,
    code: String,
    report: String,
}

fn told(error: &FlowError<DbError>) -> Told {
    let code = error.code().unwrap_or("host.failed");
    let report = match error {
        FlowError::Rejected(rejection) => rejection.report().to_string(),
        FlowError::Mapping(mapping) => format!("{}\n{}", mapping.report(), mapping.rejection().report()),
        FlowError::Refused(refusal) => format!("refused: {refusal}\nremedy: {}\n", refusal.remedy()),
        other => other.to_string(),
    };
    Told { sentence: sentence(&error.to_string(), code), code: code.to_owned(), report }
}

/// As a sentence of its own, without the code at its end.
fn sentence(text: &str, code: &str) -> String {
    let text = text.trim_end_matches(&format!(" [{code}]"));
    let first = text.chars().take(1).flat_map(char::to_uppercase);
    first.chain(text.chars().skip(1)).chain(['.']).collect()
}

impl App {
    /// Keeps the report for the administrator, and shows it to nobody else.
    pub(super) async fn refused(
        &self,
        tenant: &Tenant,
        signed: Option<&Signed>,
        error: FlowError<DbError>,
        now: DateTime<Utc>,
    ) -> Result<Response, Problem> {
        if let FlowError::Store(error) = error {
            return Err(error.into());
        }
        let told = told(&error);
        let reference = random()?.chars().take(10).collect::<String>();
        let failure = Failure { reference: reference.clone(), at: now, code: told.code, report: told.report };
        self.db.keep_failure(&tenant.organization.id, &failure).await?;
        let is_owner = self.role(tenant, signed, now).await?.as_deref() == Some("owner");
        let slug = &tenant.organization.slug;
        let body = html! {
            h1 { "This sign-in was refused" }
            p.lead role="alert" { (told.sentence) }
            (advice(&error))
            @if is_owner {
                h2 { "Report for you as the administrator" }
                (pages::report(&failure))
                @let next = if matches!(error, FlowError::Mapping(_)) { "See what arrived, and correct the attributes" } else { "Back to the settings" };
                p { a.button href=(format!("/org/{slug}/settings")) { (next) } }
            } @else {
                p { "Tell your administrator the reference " strong { code { (reference) } } ". They find the whole report under it." }
                p.small.muted { code { (failure.code) } }
                p { a.button href=(format!("/org/{slug}/login")) { "Back to sign-in" } }
            }
        };
        Ok(with_status(StatusCode::FORBIDDEN, pages::layout("Sign-in refused", signed, &body)))
    }
}

fn advice(error: &FlowError<DbError>) -> Markup {
    let text = match error {
        FlowError::Refused(refusal) => match refusal.kind() {
            RefusalKind::MustSignIn => "Sign in to your account first, then start again here.",
            RefusalKind::BelongsToAnother => {
                "Sign out, and sign in with the account that it is linked to. Or an owner of the organization unlinks it in the settings first."
            }
            RefusalKind::NoAccess => "Ask an administrator of the organization.",
            _ => "Start again.",
        },
        FlowError::Mapping(_) => "Your identity provider sent something else than is expected here.",
        _ => "Start again. If it happens twice, your administrator can see why.",
    };
    html! { p { (text) } }
}

/// What is wrong with a setting, for the person who typed it.
pub(super) fn input(error: &ConfigError) -> Problem {
    Problem::Input(error.to_string())
}
