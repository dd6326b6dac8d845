//! What there is at the first start: two organizations, four accounts, one connection to the identity provider on board.

use chrono::Utc;
use saml_sp::mapping::{EmailAddress, IdpProfile, Role};
use saml_sp::metadata::{EntityChoice, MetadataTrust};
use saml_sp::provisioning::{Joining, Onboarding, Provisioning};
use saml_sp::registration::{Registration, Source};
use saml_sp::storage::ConnectionStore;
use saml_sp::testing::FakeIdp;
use saml_sp::{Connection, ConnectionId, IdentityProvider, OrganizationId, Policy, Unsolicited};

use crate::store::Proven;
use crate::{App, Failure};

pub(crate) const ORGANIZATIONS: [(&str, &str, &str); 2] = [("org-1", "acme", "Acme"), ("org-2", "globex", "Globex")];
const ACCOUNTS: [(&str, &str, &str); 4] = [
    ("olivia@acme.example", "org-1", "owner"),
    ("alex@acme.example", "org-1", "member"),
    ("greta@globex.example", "org-2", "owner"),
    ("gus@globex.example", "org-2", "member"),
];

pub(crate) async fn fill(app: &App) -> Result<(), Failure> {
    for (id, slug, name) in ORGANIZATIONS {
        app.db.give_slug(slug, &OrganizationId::new(id), name).await?;
    }
    for (email, organization, role) in ACCOUNTS {
        let email = EmailAddress::parse(email)?;
        app.db.add_account(&email, Proven::Yes).await?;
        app.db.add_member(&OrganizationId::new(organization), &email, role).await?;
    }
    app.db.register(&on_board(app)?).await?;
    Ok(())
}

/// Acme's connection, configured by whoever operates the application.
fn on_board(app: &App) -> Result<Registration, Failure> {
    let metadata = identity_provider(app, "acme")?.metadata();
    let idp = IdentityProvider::from_metadata(
        metadata.as_str(),
        &EntityChoice::Only,
        &MetadataTrust::ObtainedSecurely,
        Utc::now(),
    )?;
    let policy = Policy::strict().with_unsolicited(Unsolicited::Accept);
    let connection =
        Connection::preconfigured(ConnectionId::new("acme-demo"), OrganizationId::new("org-1"), idp, policy)?;
    let mapping = IdpProfile::named("okta").ok_or("no preset")?.attribute_map()?;
    let onboarding = Onboarding::new(mapping, Provisioning::new(&connection, Joining::JustInTime, Role::new("member")));
    Ok(Registration::new(connection, onboarding, Source::Document)?)
}

/// The identity provider of that name. Two of them have keys of their own.
pub(crate) fn identity_provider(app: &App, name: &str) -> Result<FakeIdp, Failure> {
    let entity_id = format!("{}/demo-idp/{name}/", app.base_url);
    if app.replaced_keys.lock().is_ok_and(|replaced| replaced.contains(name)) {
        return Ok(FakeIdp::p256(&entity_id)?);
    }
    Ok(if name == "acme" { FakeIdp::rsa(&entity_id)? } else { FakeIdp::other_rsa(&entity_id)? })
}
