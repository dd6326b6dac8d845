//! Three ways to register an identity provider.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use saml_sp::fetch::MetadataUrl;
use saml_sp::flow::{fetch_identity_provider, register};
use saml_sp::mapping::{IdpProfile, Role};
use saml_sp::metadata::{EntityChoice, MetadataTrust};
use saml_sp::provisioning::{Joining, Onboarding, Provisioning};
use saml_sp::registration::{Registration, Source, new_connection_id};
use saml_sp::{Connection, IdentityProvider, Policy};
use serde::Deserialize;

use super::super::problem::{Problem, input};
use super::super::{Host, Page};
use super::saved;
use crate::{App, PlainHttp, Tenant};

/// The fields of all three ways in.
#[derive(Deserialize)]
pub(in crate::web) struct NewIdp {
    url: Option<String>,
    xml: Option<String>,
    entity_id: Option<String>,
    sso_url: Option<String>,
    slo_url: Option<String>,
    certificate: Option<String>,
}
pub(in crate::web) async fn register_idp(
    State(app): Host,
    Path((slug, way)): Path<(String, String)>,
    headers: HeaderMap,
    Form(form): Form<NewIdp>,
) -> Page {
    let now = Utc::now();
    let (tenant, _) = app.owned(&slug, &headers, now).await?;
    let (idp, source) = match way.as_str() {
        "url" => by_url(&app, &form.url.unwrap_or_default(), now).await?,
        "xml" => (by_xml(&form.xml.unwrap_or_default(), now)?, Source::Document),
        "fields" => (by_fields(&form)?, Source::Fields),
        _ => return Err(Problem::NotFound),
    };
    let profile = IdpProfile::suggest(&idp).or_else(|| IdpProfile::named("other")).ok_or(Problem::NotFound)?;
    let mapping = profile.attribute_map()?;
    let connection = Connection::draft(new_connection_id()?, tenant.organization.id.clone(), idp, Policy::strict())
        .map_err(|error| input(&error))?;
    let onboarding = Onboarding::new(mapping, Provisioning::new(&connection, Joining::JustInTime, Role::new("member")));
    let id = connection.id().clone();
    let registered = register(&app.db, &Registration::new(connection, onboarding, source)?).await;
    registered.map_err(|error| Problem::Input(error.to_string()))?;
    saved(&slug, "registered", &id)
}

async fn by_url(app: &App, url: &str, now: DateTime<Utc>) -> Result<(IdentityProvider, Source), Problem> {
    let url = if app.takes_plain_http(url) { MetadataUrl::dangerous_allow_http(url) } else { MetadataUrl::new(url) };
    let url = url.map_err(|error| Problem::Input(error.to_string()))?;
    let fetched =
        fetch_identity_provider(&app.fetcher, &url, &EntityChoice::Only, &MetadataTrust::ObtainedSecurely, now).await;
    fetched.map_err(|error| Problem::Input(error.to_string()))
}

impl App {
    /// Plain http is for the identity provider on board, and for trials on this machine if the application was started so.
    /// `MetadataUrl` refuses user information: what begins with a host and a colon goes to that host.
    fn takes_plain_http(&self, url: &str) -> bool {
        url.starts_with(&format!("{}/demo-idp/", self.base_url))
            || (self.plain_http == PlainHttp::LocalIdps && url.starts_with("http://127.0.0.1:"))
    }
}

fn by_xml(xml: &str, now: DateTime<Utc>) -> Result<IdentityProvider, Problem> {
    let idp = IdentityProvider::from_metadata(xml, &EntityChoice::Only, &MetadataTrust::ObtainedSecurely, now);
    idp.map_err(|rejection| Problem::Input(rejection.report().to_string()))
}

fn by_fields(form: &NewIdp) -> Result<IdentityProvider, Problem> {
    let text = |field: &Option<String>| field.as_deref().unwrap_or_default().trim().to_owned();
    let mut builder =
        IdentityProvider::builder(text(&form.entity_id), text(&form.sso_url)).certificate(text(&form.certificate));
    if !text(&form.slo_url).is_empty() {
        builder = builder.slo_url(text(&form.slo_url));
    }
    let problems: Vec<String> = builder.problems().iter().map(ToString::to_string).collect();
    builder.build().map_err(|_| Problem::Input(problems.join("\n")))
}
pub(super) fn ways_in(slug: &str, tenant: &Tenant) -> Markup {
    let action = |way: &str| format!("/org/{slug}/settings/register/{way}");
    html! {
        section aria-labelledby="register" {
            h2 id="register" { @if tenant.registrations.is_empty() { "Register your identity provider" } @else { "Register another identity provider" } }
            p { "Three ways, one result." }
            details open[tenant.registrations.is_empty()] {
                summary { "By metadata URL" }
                form method="post" action=(action("url")) {
                    label for="url" { "URL" }
                    input id="url" name="url" type="url" required placeholder="https://idp.example.com/metadata";
                    button { "Fetch and register" }
                }
            }
            details {
                summary { "By metadata XML" }
                form method="post" action=(action("xml")) {
                    label for="xml" { "XML" }
                    textarea id="xml" name="xml" rows="6" required spellcheck="false" {}
                    button { "Register" }
                }
            }
            details {
                summary { "By fields" }
                form method="post" action=(action("fields")) {
                    label for="entity_id" { "EntityID" }
                    input id="entity_id" name="entity_id" required;
                    label for="sso_url" { "SSO URL" }
                    input id="sso_url" name="sso_url" type="url" required;
                    label for="slo_url" { "SLO URL (optional)" }
                    input id="slo_url" name="slo_url" type="url";
                    label for="certificate" { "X.509 certificate" }
                    textarea id="certificate" name="certificate" rows="5" required spellcheck="false" {}
                    button { "Register" }
                }
            }
        }
    }
}
