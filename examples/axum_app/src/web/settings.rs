//! What an organization's owner sets up.

use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::HeaderMap;
use axum::response::{IntoResponse, Redirect};
use chrono::{DateTime, Utc};
use maud::{Markup, html};
use saml_sp::fetch::MetadataUrl;
use saml_sp::flow::{Remind, fetch_identity_provider, register, remind, replace, start_login};
use saml_sp::login::LoginStart;
use saml_sp::mapping::{AttributeMap, IdpProfile, Role, Source as Field};
use saml_sp::metadata::{EntityChoice, MetadataTrust};
use saml_sp::provisioning::{Joining, Onboarding, Provisioning};
use saml_sp::registration::{Registration, Source, new_connection_id};
use saml_sp::scim::ScimToken;
use saml_sp::storage::{ConnectionStore, MemberStore};
use saml_sp::{AccountId, BrowserCookie, Connection, ConnectionStatus, IdentityProvider, Policy, Purpose, Unsolicited};
use serde::Deserialize;

use super::problem::{Problem, input};
use super::{Host, Page, login_cookie, pages};
use crate::store::{Member, Signed};
use crate::{App, Tenant};

#[derive(Deserialize)]
pub(super) struct Note {
    note: Option<String>,
}

/// The fields of all three ways in.
#[derive(Deserialize)]
pub(super) struct NewIdp {
    url: Option<String>,
    xml: Option<String>,
    entity_id: Option<String>,
    sso_url: Option<String>,
    slo_url: Option<String>,
    certificate: Option<String>,
}

/// The fields of all forms about one connection.
#[derive(Default, Deserialize)]
pub(super) struct Settings {
    identifier: Option<String>,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    preset: Option<String>,
    joining: Option<String>,
    unsolicited: Option<String>,
    account: Option<String>,
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

pub(super) async fn register_idp(
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
    let policy = Policy::strict();
    let connection = Connection::draft(new_connection_id()?, tenant.organization.id.clone(), idp, policy)
        .map_err(|error| input(&error))?;
    let onboarding = Onboarding::new(mapping, Provisioning::new(&connection, Joining::JustInTime, Role::new("member")));
    let id = connection.id().clone();
    let registered = register(&app.db, &Registration::new(connection, onboarding, source)?).await;
    registered.map_err(|error| Problem::Input(error.to_string()))?;
    Ok(Redirect::to(&format!("/org/{slug}/settings?note=registered#{id}")).into_response())
}

async fn by_url(app: &App, url: &str, now: DateTime<Utc>) -> Result<(IdentityProvider, Source), Problem> {
    // Plain http is for the identity provider on board; everybody else has https.
    let own = url.starts_with(&format!("{}/demo-idp/", app.base_url));
    let url = if own { MetadataUrl::dangerous_allow_http(url) } else { MetadataUrl::new(url) };
    let url = url.map_err(|error| Problem::Input(error.to_string()))?;
    let fetched =
        fetch_identity_provider(&app.fetcher, &url, &EntityChoice::Only, &MetadataTrust::ObtainedSecurely, now).await;
    fetched.map_err(|error| Problem::Input(error.to_string()))
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

pub(super) async fn change(
    State(app): Host,
    Path((slug, connection, action)): Path<(String, String, String)>,
    headers: HeaderMap,
    Form(form): Form<Settings>,
) -> Page {
    let now = Utc::now();
    let (tenant, signed) = app.owned(&slug, &headers, now).await?;
    let old = tenant.registration(&connection).ok_or(Problem::NotFound)?.clone();
    let connection = old.connection().clone();
    let new = match action.as_str() {
        "test" => {
            let cookie = login_cookie(&headers).and_then(BrowserCookie::from_value);
            let start = LoginStart::default()
                .with_purpose(Purpose::Test)
                .with_account(signed.account.clone())
                .with_cookie(cookie);
            let started = start_login(&app.db, &tenant.sp, &connection, start, now).await;
            return app.go(&tenant, Some(&signed), started, now).await;
        }
        "mapping" => {
            old.clone().with_onboarding(Onboarding::new(form.mapping()?, old.onboarding().provisioning().clone()))?
        }
        "preset" => {
            let preset = form.preset.as_deref().and_then(IdpProfile::named).ok_or(Problem::NotFound)?;
            old.clone()
                .with_onboarding(Onboarding::new(preset.attribute_map()?, old.onboarding().provisioning().clone()))?
        }
        "users" => {
            let provisioning = Provisioning::new(&connection, form.joining()?, Role::new("member"));
            let policy = connection.policy().clone().with_unsolicited(form.unsolicited()?);
            let changed =
                old.clone().with_onboarding(Onboarding::new(old.onboarding().mapping().clone(), provisioning))?;
            changed.with_connection(connection.clone().with_policy(policy).map_err(|error| input(&error))?)?
        }
        "disable" => {
            app.db.end_connection(connection.id()).await?;
            old.clone().with_connection(connection.clone().disabled())?
        }
        "draft" => old.clone().with_connection(connection.clone().into_draft())?,
        "remove" => {
            app.db.remove(&tenant.organization.id, connection.id()).await?;
            app.db.end_connection(connection.id()).await?;
            old.clone()
        }
        _ => return app.manage(&tenant, &signed, &connection, &action, &form, now).await,
    };
    if new != old {
        replace(&app.db, &old, &new).await.map_err(|error| Problem::Input(error.to_string()))?;
    }
    Ok(Redirect::to(&format!("/org/{slug}/settings?note=saved#{}", connection.id())).into_response())
}

impl App {
    /// What concerns members rather than the connection.
    async fn manage(
        &self,
        tenant: &Tenant,
        signed: &Signed,
        connection: &Connection,
        action: &str,
        form: &Settings,
        now: DateTime<Utc>,
    ) -> Page {
        let slug = &tenant.organization.slug;
        let account = || form.account.clone().map(AccountId::new).ok_or(Problem::NotFound);
        match action {
            "remind" => match remind(&self.db, &tenant.sp, connection, Remind::Everybody, now).await {
                Ok(mails) => {
                    for mail in mails {
                        let link = format!("{}/org/{slug}/reminder/{}", self.base_url, mail.token.value());
                        self.db
                            .send_mail(
                                &mail.account,
                                &format!("{} uses single sign-on now", tenant.organization.name),
                                &link,
                                now,
                            )
                            .await?;
                    }
                }
                Err(error) => return self.refused(tenant, Some(signed), error, now).await,
            },
            "unlink" => self.db.unlink(connection.id(), &account()?).await?,
            "suspend" => self.db.deactivate(&tenant.organization.id, &account()?).await?,
            "scim" => {
                let token = ScimToken::generate()?;
                self.db.set_scim_token(connection.id(), &token.hash(connection)).await?;
                let body = html! {
                    h1 { "SCIM token" }
                    p.lead { "It is shown this once." }
                    (pages::copied("Base URL", "scim-url", &format!("{}/scim/{slug}/{}", self.base_url, connection.id())))
                    (pages::copied("Token", "scim-token", token.value()))
                    p { a.button href=(format!("/org/{slug}/settings")) { "Back to the settings" } }
                };
                return Ok(pages::layout("SCIM token", Some(signed), &body).into_response());
            }
            _ => return Err(Problem::NotFound),
        }
        Ok(Redirect::to(&format!("/org/{slug}/settings?note=saved#{}", connection.id())).into_response())
    }
}

impl Settings {
    fn mapping(&self) -> Result<AttributeMap, Problem> {
        let mapping = AttributeMap::builder(fields(self.identifier.as_deref()), fields(self.email.as_deref()));
        let mapping =
            mapping.first_name(fields(self.first_name.as_deref())).last_name(fields(self.last_name.as_deref()));
        mapping.build().map_err(|error| input(&error))
    }

    fn joining(&self) -> Result<Joining, Problem> {
        match self.joining.as_deref() {
            Some("just-in-time") => Ok(Joining::JustInTime),
            Some("invited") => Ok(Joining::InvitedOnly),
            Some("off") => Ok(Joining::Off),
            _ => Err(Problem::NotFound),
        }
    }

    fn unsolicited(&self) -> Result<Unsolicited, Problem> {
        match self.unsolicited.as_deref() {
            Some("refuse") => Ok(Unsolicited::Refuse),
            Some("accept") => Ok(Unsolicited::Accept),
            Some("convert") => Ok(Unsolicited::Convert),
            _ => Err(Problem::NotFound),
        }
    }
}

/// One source a line; `NameID` is the name identifier.
fn fields(lines: Option<&str>) -> Vec<Field> {
    let lines = lines.unwrap_or_default().lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| if line == "NameID" { Field::NameId } else { Field::attribute(line) }).collect()
}

fn lines(fields: &[Field]) -> String {
    let line = |field: &Field| match field {
        Field::Attribute { name, .. } => name.clone(),
        _ => "NameID".to_owned(),
    };
    fields.iter().map(line).collect::<Vec<_>>().join("\n")
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
        cards.push(html! { (app.card(&tenant, registration, &members, now)) });
    }
    let body = html! {
        (note(query.note.as_deref()))
        h1 { "Single sign-on of " (tenant.organization.name) }
        (endpoints(&tenant))
        @for card in &cards { (card) }
        (ways_in(&slug, &tenant))
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

fn ways_in(slug: &str, tenant: &Tenant) -> Markup {
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

impl App {
    fn card(&self, tenant: &Tenant, registration: &Registration, members: &[Member], now: DateTime<Utc>) -> Markup {
        let connection = registration.connection();
        let id = connection.id().as_str();
        let action = |what: &str| format!("/org/{}/settings/{id}/{what}", tenant.organization.slug);
        let button = |what: &str, text: &str, class: &str| html! { form.inline method="post" action=(action(what)) { button class=(class) { (text) } } };
        html! {
            section.card id=(id) aria-labelledby=(format!("{id}-title")) {
                h2 id=(format!("{id}-title")) { "Connection " (badge(connection.status())) }
                (identity_provider(registration, now))
                div.actions {
                    @match connection.status() {
                        ConnectionStatus::Disabled => (button("draft", "Switch on again, as a draft", "")),
                        _ => { (button("test", "Test login", "")) (button("disable", "Switch off", "quiet")) }
                    }
                    (button("remove", "Remove", "quiet danger"))
                }
                (self.mapping(registration, &action))
                (users(registration, &action))
                (member_list(connection, members, &action))
            }
        }
    }

    fn mapping(&self, registration: &Registration, action: &dyn Fn(&str) -> String) -> Markup {
        let (connection, mapping) = (registration.connection(), registration.onboarding().mapping());
        let id = connection.id().as_str();
        let is_used = |profile: &&IdpProfile| profile.attribute_map().is_ok_and(|preset| preset == *mapping);
        let used =
            IdpProfile::all().iter().find(is_used).or_else(|| IdpProfile::suggest(connection.identity_provider()));
        let used = used.or_else(|| IdpProfile::named("other"));
        let area = |label: &str, name: &str, sources: &[Field]| {
            html! {
                div { label for=(format!("{id}-{name}")) { (label) } textarea id=(format!("{id}-{name}")) name=(name) rows="2" spellcheck="false" { (lines(sources)) } }
            }
        };
        html! {
            h3 { "Attributes" }
            form.inline method="post" action=(action("preset")) {
                label for=(format!("{id}-preset")) { "Preset" }
                select id=(format!("{id}-preset")) name="preset" {
                    @for profile in IdpProfile::all() { option value=(profile.id()) selected[used == Some(profile)] { (profile.name()) } }
                }
                button.quiet { "Use preset" }
            }
            p.small.muted { "One name a line, the first that arrives counts. " code { "NameID" } " is the name identifier." }
            form method="post" action=(action("mapping")) {
                div.grid {
                    (area("Identifier (never changes)", "identifier", mapping.identifier()))
                    (area("E-mail address", "email", mapping.email()))
                    (area("First name", "first_name", mapping.first_name()))
                    (area("Last name", "last_name", mapping.last_name()))
                }
                button { "Save attributes" }
            }
            (self.preview(registration))
        }
    }

    /// What the last test login gives by the mapping as it is now.
    fn preview(&self, registration: &Registration) -> Markup {
        let Ok(tests) = self.tests.lock() else { return html! {} };
        let Some(test) = tests.get(registration.connection().id()) else {
            return html! { p.small.muted { "After a test login you see here what these attributes give." } };
        };
        html! {
            h4 { "Preview with the test login" }
            @match registration.onboarding().mapping().apply(test.login()) {
                Ok(mapped) => {
                    @let identity = mapped.identity();
                    table {
                        tbody {
                            tr { th scope="row" { "Identifier" } td { (identity.subject().value()) } }
                            tr { th scope="row" { "E-mail address" } td { (identity.email().as_str()) } }
                            tr { th scope="row" { "First name" } td { (identity.first_name().unwrap_or("–")) } }
                            tr { th scope="row" { "Last name" } td { (identity.last_name().unwrap_or("–")) } }
                        }
                    }
                }
                Err(error) => {
                    p.warning role="alert" { (error.to_string()) }
                    pre tabindex="0" { (error.report().to_string()) }
                }
            }
            details {
                summary { "What arrived" }
                table {
                    tbody {
                        tr { th scope="row" { "NameID" } td { (test.login().name_id().map_or("–", |name_id| name_id.value())) } }
                        @for attribute in test.login().attributes() {
                            tr { th scope="row" { (attribute.name()) } td { @for value in attribute.values() { (value.as_text().unwrap_or("–")) " " } } }
                        }
                    }
                }
            }
        }
    }
}

fn badge(status: ConnectionStatus) -> Markup {
    let (class, text) = match status {
        ConnectionStatus::Draft => ("draft", "Draft"),
        ConnectionStatus::Active => ("active", "Active"),
        ConnectionStatus::Disabled => ("off", "Switched off"),
    };
    html! { span class=(format!("badge {class}")) { (text) } }
}

fn identity_provider(registration: &Registration, now: DateTime<Utc>) -> Markup {
    let idp = registration.connection().identity_provider();
    let source = match registration.source() {
        Source::Url(fetch) => format!("{} on {}", fetch.url().as_str(), pages::at(fetch.at())),
        Source::Document => "metadata that was pasted".to_owned(),
        _ => "fields".to_owned(),
    };
    let mut warnings: Vec<String> = idp.warnings(now).iter().map(ToString::to_string).collect();
    warnings.sort();
    warnings.dedup();
    html! {
        table {
            tbody {
                tr { th scope="row" { "EntityID" } td { code { (idp.entity_id().as_str()) } } }
                tr { th scope="row" { "Sign-in" } td { code { (idp.sso_endpoint().location()) } } }
                tr { th scope="row" { "Logout" } td { @match idp.slo_endpoint() { Some(slo) => code { (slo.location()) }, None => "here only" } } }
                @for certificate in idp.signing_keys().iter().filter_map(|key| key.certificate()) {
                    tr { th scope="row" { "Certificate" } td { (certificate.subject()) ", until " (pages::at(certificate.not_after())) } }
                }
                tr { th scope="row" { "Registered by" } td { (source) } }
            }
        }
        @for warning in &warnings { p.warning { (warning) } }
    }
}

fn users(registration: &Registration, action: &dyn Fn(&str) -> String) -> Markup {
    let (id, joining) = (registration.connection().id().as_str(), registration.onboarding().provisioning().joining());
    let unsolicited = registration.connection().policy().unsolicited();
    html! {
        h3 { "Users" }
        form method="post" action=(action("users")) {
            div.grid {
                div {
                    label for=(format!("{id}-joining")) { "Who becomes a member by signing in" }
                    select id=(format!("{id}-joining")) name="joining" {
                        option value="just-in-time" selected[joining == Joining::JustInTime] { "Everybody whom the identity provider lets in" }
                        option value="invited" selected[joining == Joining::InvitedOnly] { "Whoever was invited" }
                        option value="off" selected[joining == Joining::Off] { "Nobody" }
                    }
                }
                div {
                    label for=(format!("{id}-unsolicited")) { "Logins that begin at the identity provider" }
                    select id=(format!("{id}-unsolicited")) name="unsolicited" {
                        option value="refuse" selected[unsolicited == Unsolicited::Refuse] { "Refuse" }
                        option value="accept" selected[unsolicited == Unsolicited::Accept] { "Accept" }
                        option value="convert" selected[unsolicited == Unsolicited::Convert] { "Begin again from here" }
                    }
                }
            }
            button { "Save" }
        }
        form.inline method="post" action=(action("scim")) { button.quiet { "New SCIM token" } }
    }
}

fn member_list(connection: &Connection, members: &[Member], action: &dyn Fn(&str) -> String) -> Markup {
    let unlinked = members.iter().filter(|member| !member.linked && member.status == "active").count();
    let form = |what: &str, member: &Member, text: &str| {
        html! {
            form.inline method="post" action=(action(what)) {
                input type="hidden" name="account" value=(member.account.as_str());
                button.quiet.small aria-label=(format!("{text} {}", member.email)) { (text) }
            }
        }
    };
    html! {
        h3 { "Members" }
        table {
            thead { tr { th scope="col" { "Address" } th scope="col" { "Role" } th scope="col" { "Link" } th scope="col" { "Do" } } }
            tbody {
                @for member in members {
                    tr {
                        td { (member.email) @if member.status != "active" { " " span.badge.off { (member.status) } } }
                        td { (member.role) }
                        td {
                            @match (member.last_used, member.reminded_at) {
                                (Some(used), _) => { "linked, used " (pages::at(used)) }
                                (None, Some(reminded)) => { "reminded " (pages::at(reminded)) }
                                (None, None) => { "not linked" }
                            }
                        }
                        td {
                            @if member.linked { (form("unlink", member, "Unlink")) }
                            @if member.status == "active" && member.role != "owner" { (form("suspend", member, "Suspend")) }
                        }
                    }
                }
            }
        }
        @if unlinked > 0 && connection.status() == ConnectionStatus::Active {
            form.inline method="post" action=(action("remind")) { button.quiet { "Remind " (unlinked) " without a link" } }
        }
    }
}
