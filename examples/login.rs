//! A whole login against an identity provider on board, without a network: what travels, and what comes out.
//!
//! `cargo run --example login`
#![allow(clippy::print_stdout, reason = "it shows what happens")]

use chrono::Utc;
use saml_sp::flow::{Arrival, Arrived, FlowError, block_on, finish_login, start_login};
use saml_sp::login::{LoginStart, Send};
use saml_sp::testing::{FakeIdp, MemoryStore};
use saml_sp::{
    Connection, ConnectionId, EntityId, Login, OrganizationId, Policy, Purpose, ServiceProvider, Unsolicited,
};

type Failure = Box<dyn std::error::Error>;

fn main() -> Result<(), Failure> {
    let sp = ServiceProvider::builder(
        OrganizationId::new("acme"),
        EntityId::new("https://app.example.com/saml/metadata/acme/"),
        "https://app.example.com/saml/acs/acme/",
    )
    .build()?;
    let idp = FakeIdp::rsa("https://idp.example.com/")?;
    let policy = Policy::strict().with_unsolicited(Unsolicited::Accept);
    let host = Host {
        connections: [Connection::preconfigured(
            ConnectionId::new("acme-1"),
            OrganizationId::new("acme"),
            idp.identity_provider()?,
            policy,
        )?],
        store: MemoryStore::new(),
        sp,
        idp,
    };
    host.sp_initiated()?;
    host.idp_initiated()?;
    host.tampered()
}

/// An application with one organization.
struct Host {
    sp: ServiceProvider,
    connections: [Connection; 1],
    store: MemoryStore,
    idp: FakeIdp,
}

impl Host {
    fn sp_initiated(&self) -> Result<(), Failure> {
        title("The application starts a login");
        let [connection] = &self.connections;
        let start = LoginStart::default().with_host_state("/projects");
        let started = block_on(start_login(&self.store, &self.sp, connection, start, Utc::now()))?;
        if let Send::Redirect(url) = &started.send {
            shown("browser is sent to", url);
        }
        shown("with the cookie", &started.cookie.to_header());

        let form = self.idp.answer(&started.send, self.sp.acs_url(), Utc::now())?.name_id("alice@example.com");
        let form = form.attribute("firstName", &["Alice"]).attribute("groups", &["staff", "admins"]).form_value()?;
        shown("browser posts SAMLResponse", &form);
        let arrival = Arrival { saml_response: &form, relay_state: None, cookie: Some(started.cookie.value()) };
        print_login(&self.finish(arrival)?);

        title("The same response once more");
        self.refused(arrival);
        Ok(())
    }

    fn idp_initiated(&self) -> Result<(), Failure> {
        title("The identity provider starts a login");
        let response = self.idp.response(self.sp.entity_id().as_str(), self.sp.acs_url(), Utc::now());
        let form = response.name_id("bob@example.com").form_value()?;
        let arrival = Arrival { saml_response: &form, relay_state: Some("/inbox"), cookie: None };
        print_login(&self.finish(arrival)?);

        title("The same response once more");
        self.refused(arrival);
        Ok(())
    }

    fn tampered(&self) -> Result<(), Failure> {
        title("A response that was changed on the way");
        let response = self.idp.response(self.sp.entity_id().as_str(), self.sp.acs_url(), Utc::now());
        let xml = response.name_id("mallory@example.com").xml()?.replace("mallory", "alice00");
        let form = saml_sp::testing::form_value(&xml);
        self.refused(Arrival { saml_response: &form, relay_state: None, cookie: None });
        Ok(())
    }

    fn finish(&self, arrival: Arrival<'_>) -> Result<Login, Failure> {
        match block_on(finish_login(&self.store, &self.sp, &self.connections, arrival, Utc::now()))? {
            Arrived::Finished(finished) => Ok(finished.into_login(Purpose::Login)?),
            Arrived::Restarted(_) => Err("the policy does not restart logins".into()),
        }
    }

    fn refused(&self, arrival: Arrival<'_>) {
        match block_on(finish_login(&self.store, &self.sp, &self.connections, arrival, Utc::now())) {
            Err(FlowError::Rejected(rejection)) => {
                shown("the user reads", &rejection.to_string());
                println!("  the log gets:\n{}", indented(&rejection.report().to_string()));
            }
            Err(other) => println!("  failed: {other}"),
            Ok(_) => println!("  accepted, which is wrong"),
        }
    }
}

fn print_login(login: &Login) {
    println!("  logged in:");
    println!("    NameID      {}", login.name_id().map_or("none", |name_id| name_id.value()));
    println!("    connection  {}", login.connection());
    for attribute in login.attributes() {
        let values: Vec<_> = attribute.values().iter().filter_map(|value| value.as_text()).collect();
        println!("    attribute   {} = {}", attribute.name(), values.join(", "));
    }
}

fn title(text: &str) {
    println!("\n{text}");
}

fn shown(what: &str, value: &str) {
    let short: String = value.chars().take(150).collect();
    println!("  {what}:\n    {short}{}", if short.len() < value.len() { "…" } else { "" });
}

fn indented(text: &str) -> String {
    text.lines().map(|line| format!("    {line}\n")).collect()
}
