//! `check response`: is this Response good, and why.

use chrono::{DateTime, SecondsFormat, Utc};
use saml_sp::error::ConfigError;
use saml_sp::{Connection, EntityId, Login, OrganizationId, Policy, ServiceProvider, Unsolicited};
use serde_json::{Value, json};

use crate::cli::{Form, Problem, ResponseArguments};
use crate::input::{self, Message};
use crate::judge::{Asked, Bench, Judgement, connection_id};
use crate::layout::Layout;
use crate::report::{refusal_json, rules_json, write_refusal, write_rules};
use crate::{Report, Verdict, claims, relax, trust};

/// Judges the message of the command line.
pub(crate) fn run(arguments: ResponseArguments) -> Result<Report, Problem> {
    let bench = bench(&arguments)?;
    let message = Message::detect(input::read(&arguments.file)?);
    let given = matches!(arguments.asked, Asked::Request(_));
    let judgement = bench.judge(message, arguments.asked);
    let circumstances = Circumstances { bench: &bench, judgement: &judgement, given, relax: &arguments.relax };
    let text = match arguments.form {
        Form::Text => text(&circumstances),
        Form::Json => format!("{:#}\n", json(&circumstances)),
    };
    let verdict = if judgement.outcome.is_ok() { Verdict::Accepted } else { Verdict::Rejected };
    Ok(Report { text, verdict })
}

fn bench(arguments: &ResponseArguments) -> Result<Bench, Problem> {
    let configured = |error: ConfigError| Problem::new(error.to_string());
    let idp = trust::identity_provider(&arguments.trust, arguments.at)?;
    let strict = match arguments.asked {
        Asked::Nothing => Policy::strict().with_unsolicited(Unsolicited::Accept),
        Asked::Request(_) | Asked::Unknown => Policy::strict(),
    };
    let policy = arguments.relax.iter().fold(strict, |policy, name| relax::relaxed(policy, name));
    let policy = arguments.engines.ask(policy);
    let sp = ServiceProvider::builder(
        OrganizationId::new("acme"),
        EntityId::new(arguments.sp_entity_id.clone()),
        arguments.acs.clone(),
    );
    let sp = arguments
        .decryption_keys
        .iter()
        .try_fold(sp, |sp, file| Ok(sp.decryption_key(trust::decryption_key(file)?)))?;
    Ok(Bench {
        sp: sp.build().map_err(configured)?,
        connection: Connection::preconfigured(connection_id(), OrganizationId::new("acme"), idp, policy)
            .map_err(configured)?,
        now: arguments.at,
    })
}

/// Everything that the report is about.
struct Circumstances<'r> {
    bench: &'r Bench,
    judgement: &'r Judgement,
    /// Whether the pending request was given rather than taken from the message.
    given: bool,
    relax: &'r [String],
}

impl Circumstances<'_> {
    fn request(&self) -> String {
        let unsolicited = self.bench.connection.policy().unsolicited() == Unsolicited::Accept;
        match (&self.judgement.pending, self.given) {
            (Some(id), true) => format!("{id} is pending"),
            (Some(id), false) => format!("{id} is taken for pending because the message names it"),
            (None, _) if unsolicited => "none is pending, unsolicited responses are accepted".to_owned(),
            (None, _) => "none is pending, unsolicited responses are refused".to_owned(),
        }
    }

    fn keys(&self) -> impl Iterator<Item = String> {
        let keys = self.bench.connection.identity_provider().signing_keys().iter();
        keys.map(|key| key.certificate().map_or_else(|| key.fingerprint(), |it| it.fingerprint()).to_string())
    }

    fn warnings(&self) -> Vec<String> {
        let warnings = self.bench.connection.identity_provider().warnings(self.bench.now);
        warnings.iter().map(ToString::to_string).collect()
    }
}

/// The verdict, what it rests on, every rule, the claims.
fn text(circumstances: &Circumstances<'_>) -> String {
    let mut layout = Layout::default();
    match &circumstances.judgement.outcome {
        Ok(login) => write_acceptance(&mut layout, login),
        Err(rejection) => {
            layout.heading(&format!("REJECTED: {}", rejection.category()));
            write_refusal(&mut layout, rejection);
        }
    }
    write_circumstances(&mut layout, circumstances);
    match &circumstances.judgement.outcome {
        Ok(login) => {
            write_rules(&mut layout, login.checks());
            claims::write(&mut layout, login);
        }
        Err(rejection) => {
            write_rules(&mut layout, rejection.checks());
            layout.heading("Claims: none");
        }
    }
    layout.into_text()
}

fn write_acceptance(layout: &mut Layout, login: &Login) {
    layout.heading("ACCEPTED");
    for deviation in login.deviations() {
        layout.field(2, "tolerated", deviation.name());
    }
}

fn write_circumstances(layout: &mut Layout, circumstances: &Circumstances<'_>) {
    let bench = circumstances.bench;
    layout.heading("Judged by");
    layout.field(2, "IdP", bench.connection.identity_provider().entity_id().as_str());
    for key in circumstances.keys() {
        layout.field(2, "pinned key", &key);
    }
    layout.field(2, "SP", bench.sp.entity_id().as_str());
    layout.field(2, "ACS URL", bench.sp.acs_url());
    layout.field(2, "request", &circumstances.request());
    layout.field(2, "instant", &instant(bench.now));
    if !circumstances.relax.is_empty() {
        layout.field(2, "relaxed", &circumstances.relax.join(", "));
    }
    for warning in circumstances.warnings() {
        layout.field(2, "warning", &warning);
    }
}

/// The facts of [`text`].
fn json(circumstances: &Circumstances<'_>) -> Value {
    let bench = circumstances.bench;
    let (verdict, rejection, checks, claims) = match &circumstances.judgement.outcome {
        Ok(login) => ("accepted", Value::Null, login.checks(), claims::json(login)),
        Err(rejection) => ("rejected", refusal_json(rejection), rejection.checks(), Value::Null),
    };
    json!({
        "verdict": verdict,
        "rejection": rejection,
        "judged_by": {
            "idp": bench.connection.identity_provider().entity_id().as_str(),
            "pinned_keys": circumstances.keys().collect::<Vec<_>>(),
            "sp": bench.sp.entity_id().as_str(),
            "acs_url": bench.sp.acs_url(),
            "pending_request": circumstances.judgement.pending,
            "pending_request_taken_from_message": !circumstances.given && circumstances.judgement.pending.is_some(),
            "unsolicited_accepted": bench.connection.policy().unsolicited() == Unsolicited::Accept,
            "instant": instant(bench.now),
            "relaxed": circumstances.relax,
            "warnings": circumstances.warnings(),
        },
        "rules": rules_json(checks),
        "claims": claims,
    })
}

/// An instant as SAML writes it.
pub(crate) fn instant(instant: DateTime<Utc>) -> String {
    instant.to_rfc3339_opts(SecondsFormat::AutoSi, true)
}
