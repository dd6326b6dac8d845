//! One connection as its owner sees it.

use chrono::{DateTime, Utc};
use maud::{Markup, html};
use saml_sp::mapping::{IdpProfile, Source as Field};
use saml_sp::provisioning::Joining;
use saml_sp::registration::{Registration, Source};
use saml_sp::{Connection, ConnectionStatus, Unsolicited};

use super::super::pages;
use super::metadata::warnings;
use crate::store::Member;
use crate::{App, Tenant};

impl App {
    pub(super) fn card(
        &self,
        tenant: &Tenant,
        registration: &Registration,
        members: &[Member],
        now: DateTime<Utc>,
    ) -> Markup {
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
                    @if matches!(registration.source(), Source::Url(_)) { a.button.quiet href=(action("metadata")) { "Metadata" } }
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
            @match registration.onboarding().mapping().apply(test) {
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
                        tr { th scope="row" { "NameID" } td { (test.name_id().map_or("–", |name_id| name_id.value())) } }
                        @for attribute in test.attributes() {
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
        (warnings(registration, now))
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
                        td { (member.role) @if let Some(teams) = &member.teams { div.small.muted { (teams) } } }
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

fn lines(fields: &[Field]) -> String {
    let line = |field: &Field| match field {
        Field::Attribute { name, .. } => name.clone(),
        _ => "NameID".to_owned(),
    };
    fields.iter().map(line).collect::<Vec<_>>().join("\n")
}
