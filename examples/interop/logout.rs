//! Logouts in both directions.

use std::fs;
use std::path::Path;

use chrono::Utc;
use saml_sp::flow::{FlowError, LogoutArrival, LogoutArrived, block_on, receive_logout, start_logout};
use saml_sp::logout::{LogoutStart, StartedLogout};
use saml_sp::{NameId, SamlSession, SessionId, SessionIndex};

use crate::settings::Settings;
use crate::store::FileStore;
use crate::{Outcome, Problem, sent};

/// The session that the last login opened, or a made-up one of `--name`.
fn session(settings: &Settings, directory: &Path) -> Result<SamlSession, Problem> {
    let Some(name) = settings.get("name") else {
        return Ok(SamlSession::from_bytes(&fs::read(directory.join("session"))?)?);
    };
    let connection = settings.connection()?;
    let name_id = NameId::new(name).with_format("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent");
    let (id, issuer) = (SessionId::new("made-up"), connection.identity_provider().entity_id().clone());
    Ok(SamlSession::new(id, connection.id().clone(), issuer, Some(name_id), vec![SessionIndex::new(name)]))
}

/// Ends the session here and tells the identity provider.
pub(crate) fn start(settings: &Settings, store: &FileStore, directory: &Path) -> Result<Outcome, Problem> {
    let (sp, connection, session) =
        (settings.service_provider()?, settings.connection()?, session(settings, directory)?);
    let start = LogoutStart::default().with_host_state("/goodbye");
    let start = match settings.get("relay-state") {
        Some(relay_state) => start.with_relay_state(relay_state),
        None => start,
    };
    match block_on(start_logout(store, &sp, &connection, &session, start, Utc::now()))? {
        StartedLogout::Sent { send, .. } => Ok(Ok(sent(&send, directory)?)),
        StartedLogout::Local(local) => Ok(Ok(format!("local {local:?}"))),
    }
}

/// Takes what reached the single logout service.
pub(crate) fn arrive(settings: &Settings, store: &FileStore, directory: &Path) -> Result<Outcome, Problem> {
    let (sp, connection) = (settings.service_provider()?, settings.connection()?);
    let form = fs::read_to_string(settings.required("form")?)?;
    let field = |name: &str| form.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
    let arrival = match field("redirect").and_then(|url| url.split_once('?')) {
        Some((_, query)) => LogoutArrival::Redirect(query),
        None => LogoutArrival::Post {
            saml_request: field("SAMLRequest"),
            saml_response: field("SAMLResponse"),
            relay_state: field("RelayState"),
        },
    };
    let arrived = block_on(receive_logout(store, &sp, &[connection], arrival, Utc::now()));
    let open = if store.is_open(session(settings, directory)?.id()) { "open" } else { "ended" };
    match arrived {
        Ok(LogoutArrived::Asked { logout, send }) => {
            let way = send.map_or(Ok("nowhere".to_owned()), |send| sent(&send, directory))?;
            let deviations: Vec<_> = logout.deviations().iter().map(|deviation| deviation.name()).collect();
            Ok(Ok(format!("asked {:?}; session {open}; deviations {deviations:?}\n{way}", logout.status())))
        }
        Ok(LogoutArrived::Finished(finished)) => {
            let deviations: Vec<_> = finished.deviations().iter().map(|deviation| deviation.name()).collect();
            let echoed = finished.relay_state().map_or("nothing", |state| state.as_untrusted());
            Ok(Ok(format!(
                "finished {:?}; session {open}; kept {}; echoed {echoed}; deviations {deviations:?}",
                finished.extent(),
                finished.host_state().unwrap_or("nothing"),
            )))
        }
        Err(FlowError::Rejected(rejection)) => Ok(Err(rejection)),
        Err(error) => Err(error.into()),
    }
}
