//! The identity provider on board: anybody can sign in there as anybody, which is what it is for.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Form, Path, RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::{get, post};
use chrono::Utc;
use maud::{Markup, html};
use saml_sp::NameId;
use saml_sp::login::Send;
use saml_sp::testing::FakeResponse;
use serde::Deserialize;

use super::problem::Problem;
use super::{Host, Page, pages};
use crate::App;
use crate::demo::identity_provider;

const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";

pub(super) fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/metadata", get(metadata))
        .route("/portal", get(portal))
        .route("/sso", get(sso).post(answer))
        .route("/slo", get(slo))
        .route("/end", post(end))
        .route("/key", post(new_key))
}

#[derive(Deserialize)]
struct User {
    /// The query that came to the single sign-on service; empty where nobody asked.
    request: String,
    /// The service provider's organization, where nobody asked.
    sp: Option<String>,
    email: String,
    names: Option<String>,
}

#[derive(Deserialize)]
struct EndUser {
    sp: String,
    email: String,
}

async fn metadata(State(app): Host, Path(name): Path<String>) -> Page {
    let xml = identity_provider(&app, &name)?.metadata();
    Ok(([(header::CONTENT_TYPE, "application/samlmetadata+xml")], xml).into_response())
}

async fn sso(Path(name): Path<String>, RawQuery(query): RawQuery) -> Page {
    let body = html! {
        h1 { "Identity provider of " (name) }
        p.lead { "It believes you whoever you say you are." }
        (user_form(&name, &query.unwrap_or_default(), None))
    };
    Ok(pages::layout("Identity provider", None, &body).into_response())
}

async fn portal(State(app): Host, Path(name): Path<String>) -> Page {
    let organizations = app.db.organizations().await?;
    let body = html! {
        h1 { "Portal of the identity provider of " (name) }
        p.lead { "Starts a login that nobody asked for, as the tiles of a portal do." }
        (user_form(&name, "", Some(&organizations.iter().map(|organization| organization.slug.as_str()).collect::<Vec<_>>())))
        h2 { "End a user's sessions" }
        form method="post" action=(format!("/demo-idp/{name}/end")) {
            label for="end-sp" { "At" }
            select id="end-sp" name="sp" { @for organization in &organizations { option value=(organization.slug) selected[organization.slug == name] { (organization.name) } } }
            label for="end-email" { "User" }
            input id="end-email" name="email" value=(format!("nina@{name}.example"));
            button { "Send a logout request" }
        }
        form.bare method="post" action=(format!("/demo-idp/{name}/key")) { button.quiet { "Replace its key" } }
        h2 { "To register it by hand" }
        (pages::copied("Metadata URL", "idp-url", &format!("{}/demo-idp/{name}/metadata", app.base_url)))
        @let idp = identity_provider(&app, &name)?;
        (pages::copied("EntityID", "idp-entity", idp.entity_id()))
        (pages::copied("SSO URL", "idp-sso", &format!("{}sso", idp.entity_id())))
        label for="idp-pem" { "Certificate" }
        textarea id="idp-pem" rows="4" readonly { (idp.certificate_pem()) }
    };
    Ok(pages::layout("Portal", None, &body).into_response())
}

fn user_form(name: &str, query: &str, organizations: Option<&[&str]>) -> Markup {
    html! {
        form method="post" action=(format!("/demo-idp/{name}/sso")) {
            input type="hidden" name="request" value=(query);
            @if let Some(organizations) = organizations {
                label for="sp" { "Application" }
                select id="sp" name="sp" { @for slug in organizations { option value=(slug) selected[*slug == name] { (slug) } } }
            }
            label for="user" { "User" }
            input id="user" name="email" list="users" required value=(format!("nina@{name}.example"));
            datalist id="users" { @for user in ["nina", "olivia", "alex", "greta", "gus"] { option value=(format!("{user}@{name}.example")) {} } }
            label for="names" { "Names of the attributes" }
            select id="names" name="names" {
                option value="okta" { "identifier, email, firstName, lastName" }
                option value="other" { "uid, mail, givenName, sn" }
            }
            button { "Sign in" }
        }
    }
}

/// The user has chosen who to be: back to the service provider, with a page that posts itself.
async fn answer(State(app): Host, Path(name): Path<String>, Form(user): Form<User>) -> Page {
    let (idp, now) = (identity_provider(&app, &name)?, Utc::now());
    if user.request.is_empty() {
        let slug = user.sp.as_deref().unwrap_or(&name);
        let sp = app.found(slug, now).await?.sp;
        let response = idp.response(sp.entity_id().as_str(), sp.acs_url(), now);
        return posted(sp.acs_url(), &about(response, &user).form_value()?, None);
    }
    let send = Send::Redirect(format!("{}sso?{}", idp.entity_id(), user.request));
    let xml = idp.received(&send)?;
    let acs = xml.split("AssertionConsumerServiceURL=\"").nth(1).and_then(|rest| rest.split('"').next());
    let acs = acs.filter(|url| url.starts_with(&format!("{}/saml/acs/", app.base_url)));
    let acs =
        acs.ok_or_else(|| Problem::Input("This identity provider answers to this application only.".to_owned()))?;
    let relay_state = user.request.split('&').find_map(|pair| pair.strip_prefix("RelayState="));
    posted(acs, &about(idp.answer(&send, acs, now)?, &user).form_value()?, relay_state)
}

fn about<'i>(response: FakeResponse<'i>, user: &User) -> FakeResponse<'i> {
    let local = user.email.split('@').next().unwrap_or_default();
    let first = local.get(..1).unwrap_or_default().to_uppercase() + local.get(1..).unwrap_or_default();
    let names = match user.names.as_deref() {
        Some("other") => ["uid", "mail", "givenName", "sn"],
        _ => ["identifier", "email", "firstName", "lastName"],
    };
    let values = [&format!("u-{local}"), &user.email, &first, "Example"];
    names
        .iter()
        .zip(values)
        .fold(response.name_id(&user.email), |response, (name, value)| response.attribute(name, &[value]))
}

fn posted(acs: &str, saml_response: &str, relay_state: Option<&str>) -> Page {
    let body = html! {
        h1 { "One moment" }
        form method="post" action=(acs) data-submit="" {
            input type="hidden" name="SAMLResponse" value=(saml_response);
            @if let Some(relay_state) = relay_state { input type="hidden" name="RelayState" value=(relay_state); }
            button { "Continue" }
        }
    };
    Ok(pages::layout("One moment", None, &body).into_response())
}

/// The single logout service: answers a request, and ends with a page where an answer comes.
async fn slo(State(app): Host, Path(name): Path<String>, RawQuery(query): RawQuery) -> Page {
    let (idp, query) = (identity_provider(&app, &name)?, query.unwrap_or_default());
    let xml = idp.received(&Send::Redirect(format!("{}slo?{query}", idp.entity_id())))?;
    if query.contains("SAMLResponse=") {
        let how = if xml.contains("status:Success") {
            "The application has ended the sessions."
        } else {
            "The application could not end the sessions."
        };
        let body =
            html! { h1 { "Signed out" } p.lead role="status" { (how) } p { a href="/" { "Back to the start" } } };
        return Ok(pages::layout("Signed out", None, &body).into_response());
    }
    let part = |after: &str, until: &str| Some(xml.split(after).nth(1)?.split(until).next()?.to_owned());
    let (id, issuer) =
        (part(" ID=\"", "\""), part("Issuer", "</").and_then(|rest| rest.split('>').nth(1).map(str::to_owned)));
    let (Some(id), Some(issuer)) = (id, issuer) else { return Err(Problem::NotFound) };
    let slug = issuer.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_owned();
    let sls = format!("{}/saml/sls/{slug}/", app.base_url);
    let answer = idp.logout_response(&sls, &id, Utc::now()).query(None)?;
    Ok(Redirect::to(&format!("{sls}?{answer}")).into_response())
}

/// From now on it signs with another key, and publishes no other.
async fn new_key(State(app): Host, Path(name): Path<String>) -> Page {
    if let Ok(mut replaced) = app.replaced_keys.lock() {
        replaced.insert(name.clone());
    }
    Ok(Redirect::to(&format!("/demo-idp/{name}/portal")).into_response())
}

/// Ends a user's sessions at the application, as an administrator of the identity provider does.
async fn end(State(app): Host, Path(name): Path<String>, Form(user): Form<EndUser>) -> Result<Response, Problem> {
    let idp = identity_provider(&app, &name)?;
    let sls = format!("{}/saml/sls/{}/", app.base_url, app.found(&user.sp, Utc::now()).await?.organization.slug);
    let request = idp.logout_request(&sls, &NameId::new(&*user.email).with_format(EMAIL), Utc::now()).query(None)?;
    Ok(Redirect::to(&format!("{sls}?{request}")).into_response())
}
