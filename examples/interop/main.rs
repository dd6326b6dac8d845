//! The service provider's side of a login at a real identity provider, one step a call. `tests/interop` drives it.
//!
//! ```text
//! interop start  --state DIR --idp METADATA --sp ENTITY_ID --acs URL [--key FILE [--cert FILE] [--algorithm URI]]
//!                [--binding post] [--relay-state TEXT] [--force-authn yes] [--passive yes] [--name-id FORMAT]
//!                [--sp-name-qualifier ID] [--context "CLASS .."] [--comparison exact|minimum|maximum|better]
//!                [--acs-index N] [--attribute-index N] [--idp-list "ID .."] [--subject NAME] [--extensions XML]
//! interop finish --state DIR --idp METADATA --sp ENTITY_ID --acs URL --form FILE [--unsolicited accept|convert]
//!                [--clock SECONDS]
//! interop metadata --state DIR --acs URL --key FILE --cert FILE [--decryption-key FILE --decryption-cert FILE]
//! interop logout --state DIR --idp METADATA --sp ENTITY_ID --acs URL --sls URL --key FILE [--cert FILE]
//!                [--algorithm URI] [--binding post] [--relay-state TEXT] [--name NAME]
//! interop arrive --state DIR --idp METADATA --sp ENTITY_ID --acs URL --sls URL --key FILE [--cert FILE] --form FILE
//! interop contract --state DIR
//! ```
//!
//! `start` keeps the pending login and the browser's cookie in the directory and prints `redirect=URL`, or
//! `page=FILE` with the page that posts the request. `finish` reads the lines `SAMLResponse=` and `RelayState=` of
//! FILE and prints `login ..` or `refused ..`, the report on standard error. `metadata` prints the signed metadata of
//! the service provider whose ACS that is. `contract` proves the store.
//!
//! `finish` opens a session. `logout` ends it and prints where the browser goes, or `local ..`. `arrive` takes what
//! reached the single logout service, `redirect=URL` or the fields of a form, and prints `asked ..` and where the
//! answer goes, or `finished ..`; both say whether the session is still open.
//!
//! Exit status: 0 done, 1 refused, 2 nothing could be tried.

mod logout;
mod settings;
mod store;

use std::error::Error;
use std::io::{Write, stderr, stdout};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::{env, fs};

use chrono::{TimeDelta, Utc};
use saml_sp::flow::{Arrival, Arrived, FlowError, block_on, finish_login, start_login};
use saml_sp::login::{Finished, Send, Started};
use saml_sp::storage::SessionStore;
use saml_sp::testing::{session_store_contract, store_contract};
use saml_sp::{AttributeValue, Login, Purpose, Rejection, SamlSession, SessionId};

use settings::Settings;
use store::FileStore;

/// Why nothing could be tried.
type Problem = Box<dyn Error + std::marker::Send + Sync>;

/// What is printed, or the refusal.
type Outcome = Result<String, Rejection>;

fn main() -> ExitCode {
    // Who closes the pipe early has seen enough.
    match run() {
        Ok(Ok(text)) => {
            let _ = writeln!(stdout(), "{text}");
            ExitCode::SUCCESS
        }
        Ok(Err(rejection)) => {
            let _ = writeln!(stdout(), "refused {} {}", rejection.code(), rejection.found().unwrap_or_default());
            let _ = writeln!(stderr(), "{}", rejection.report());
            ExitCode::from(1)
        }
        Err(problem) => {
            let _ = writeln!(stderr(), "interop: {problem}");
            ExitCode::from(2)
        }
    }
}

fn run() -> Result<Outcome, Problem> {
    let mut arguments = env::args().skip(1);
    let command = arguments.next().unwrap_or_default();
    let settings = Settings::read(arguments)?;
    let directory = PathBuf::from(settings.required("state")?);
    let store = FileStore::open(&directory)?;
    match command.as_str() {
        "start" => start(&settings, &store, &directory),
        "finish" => finish(&settings, &store, &directory),
        "metadata" => {
            let metadata = settings.publisher()?;
            let metadata = metadata.metadata().valid_for(TimeDelta::days(7)).cache_duration(TimeDelta::hours(1));
            Ok(Ok(metadata.signed().write(Utc::now())?))
        }
        "logout" => logout::start(&settings, &store, &directory),
        "arrive" => logout::arrive(&settings, &store, &directory),
        "contract" => {
            block_on(store_contract(&store))?;
            block_on(session_store_contract(&store, async |session| Ok(store.is_open(session))))?;
            Ok(Ok("the store keeps its contract".to_owned()))
        }
        other => Err(format!("start, finish, logout, arrive, metadata or contract, not {other:?}").into()),
    }
}

fn start(settings: &Settings, store: &FileStore, directory: &Path) -> Result<Outcome, Problem> {
    let (sp, connection) = (settings.service_provider()?, settings.connection()?);
    let started = block_on(start_login(store, &sp, &connection, settings.start()?, Utc::now()))?;
    Ok(Ok(send(&started, directory)?))
}

/// Gives the browser its cookie and says where it goes.
fn send(started: &Started, directory: &Path) -> Result<String, Problem> {
    fs::write(directory.join("cookie"), started.cookie.value())?;
    sent(&started.send, directory)
}

/// Where a message takes the browser.
fn sent(send: &Send, directory: &Path) -> Result<String, Problem> {
    match send {
        Send::Redirect(url) => Ok(format!("redirect={url}")),
        Send::Post(form) => {
            let page = directory.join("page.html");
            fs::write(&page, form.to_html("nonce"))?;
            Ok(format!("page={}", page.display()))
        }
    }
}

fn finish(settings: &Settings, store: &FileStore, directory: &Path) -> Result<Outcome, Problem> {
    let (sp, connection) = (settings.service_provider()?, settings.connection()?);
    let form = fs::read_to_string(settings.required("form")?)?;
    let field = |name: &str| form.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    let cookie = fs::read_to_string(directory.join("cookie")).ok();
    let arrival = Arrival {
        saml_response: field("SAMLResponse").ok_or("no SAMLResponse in the form")?,
        relay_state: field("RelayState"),
        cookie: cookie.as_deref(),
    };
    match block_on(finish_login(store, &sp, &[connection], arrival, settings.now()?)) {
        Ok(Arrived::Finished(finished)) => described(finished, store, directory),
        Ok(Arrived::Restarted(started)) => Ok(Ok(send(&started, directory)?)),
        Err(FlowError::Rejected(rejection)) => Ok(Err(rejection)),
        Err(error) => Err(error.into()),
    }
}

/// What the login is, which is the session's beginning.
fn described(finished: Finished, store: &FileStore, directory: &Path) -> Result<Outcome, Problem> {
    let kept = finished.host_state().unwrap_or("nothing").to_owned();
    let echoed = finished.relay_state().map_or("nothing", |state| state.as_untrusted()).to_owned();
    let login = match finished.into_login(Purpose::Login) {
        Ok(login) => login,
        Err(rejection) => return Ok(Err(rejection)),
    };
    let session = SamlSession::of(&login, SessionId::new(login.assertion().as_str()));
    block_on(store.open(&session))?;
    fs::write(directory.join("session"), session.to_bytes())?;
    Ok(Ok(format!("login {}; kept {kept}; echoed {echoed}", claims(&login))))
}

fn claims(login: &Login) -> String {
    let name_id = login.name_id().map_or_else(
        || "no NameID".to_owned(),
        |name_id| format!("{} ({})", name_id.value(), last_part(name_id.format().unwrap_or("no format"))),
    );
    let class = login.authn_statements().iter().find_map(|statement| statement.context_class()).unwrap_or("none");
    let values =
        |values: &[AttributeValue]| values.iter().filter_map(|value| value.as_text()).collect::<Vec<_>>().join("+");
    let attributes = login.attributes().iter().map(|a| format!("{}={}", last_part(a.name()), values(a.values())));
    let deviations = login.deviations().iter().map(|deviation| deviation.name()).collect::<Vec<_>>();
    format!(
        "{name_id}; class {}; {}; deviations {deviations:?}",
        last_part(class),
        attributes.collect::<Vec<_>>().join(", ")
    )
}

fn last_part(name: &str) -> &str {
    name.rsplit([':', '/']).next().unwrap_or(name)
}
