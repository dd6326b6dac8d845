//! The forms about one connection.

use axum::Form;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::IntoResponse;
use chrono::Utc;
use maud::html;
use saml_sp::flow::{Remind, remind, replace, start_login};
use saml_sp::login::LoginStart;
use saml_sp::mapping::{AttributeMap, IdpProfile, Role, Source as Field};
use saml_sp::provisioning::{Joining, Onboarding, Provisioning};
use saml_sp::scim::ScimToken;
use saml_sp::storage::{ConnectionStore, MemberStore};
use saml_sp::{AccountId, BrowserCookie, Connection, Purpose, Unsolicited};
use serde::Deserialize;

use super::super::problem::{Problem, input};
use super::super::{Host, Page, login_cookie, pages};
use super::saved;
use crate::store::Signed;
use crate::{App, Tenant};

/// The fields of all forms about one connection.
#[derive(Default, Deserialize)]
pub(in crate::web) struct Settings {
    identifier: Option<String>,
    email: Option<String>,
    first_name: Option<String>,
    last_name: Option<String>,
    preset: Option<String>,
    joining: Option<String>,
    unsolicited: Option<String>,
    account: Option<String>,
}
pub(in crate::web) async fn change(
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
        _ => return app.manage(&tenant, &signed, &connection, &action, &form).await,
    };
    if new != old {
        replace(&app.db, &old, &new).await.map_err(|error| Problem::Input(error.to_string()))?;
    }
    saved(&slug, "saved", connection.id())
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
    ) -> Page {
        let now = Utc::now();
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
        saved(slug, "saved", connection.id())
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
