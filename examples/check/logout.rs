//! `check logout`: is this logout message good, and why; and the same for the cases of a manifest.

use chrono::{DateTime, TimeDelta, Utc};
use saml_sp::error::{Checks, ConfigError};
use saml_sp::logout::{ConcludedLogout, Ended, FinishedLogout, LogoutExtent, PendingLogout, ReceivedLogout};
use saml_sp::{Connection, EntityId, Limits, OrganizationId, Parameter, Policy, Rejection, RequestId, ServiceProvider};
use serde_json::{Value, json};

use crate::cli::{Form, LogoutArguments, Problem};
use crate::judge::connection_id;
use crate::layout::Layout;
use crate::report::{refusal_json, rules_json, write_refusal, write_rules};
use crate::{Report, Verdict, input, relax, trust};

/// A message as it was captured.
pub(crate) enum Captured {
    /// A query string of HTTP-Redirect.
    Query(String),
    /// The value of a form field of HTTP-POST.
    FormValue(Parameter, String),
    /// The XML that travelled in a form field.
    Xml(Parameter, Vec<u8>),
}

/// The two ends and the clock.
pub(crate) struct Bench {
    pub(crate) sp: ServiceProvider,
    pub(crate) connection: Connection,
    pub(crate) now: DateTime<Utc>,
}

/// What came of a good message.
pub(crate) enum Logout {
    /// A request, as if every session that it names had been there.
    Requested(Box<ConcludedLogout>),
    /// A response to the request of that ID.
    Answered(Box<FinishedLogout>, String),
}

impl Captured {
    /// A URL or query string has a parameter in it, XML begins with `<`, and everything else is a form value, whose
    /// root element says which field it was.
    fn detect(octets: Vec<u8>) -> Result<Self, Problem> {
        let text = String::from_utf8(octets).map_err(|_| Problem::new("the message is not text"))?;
        let text = text.trim();
        if text.contains("SAMLRequest=") || text.contains("SAMLResponse=") {
            let query = text.split_once('?').map_or(text, |(_, query)| query);
            return Ok(Self::Query(query.split('#').next().unwrap_or_default().to_owned()));
        }
        let is_xml = text.starts_with('<');
        let request = |value: &str| match is_xml {
            true => ReceivedLogout::from_xml(Parameter::Request, value.as_bytes().to_vec(), &Limits::message()),
            false => ReceivedLogout::from_post(Parameter::Request, value, None, &Limits::message()),
        };
        let parameter = match request(text) {
            Err(rejection) if rejection.found().is_some_and(|found| found.ends_with("LogoutResponse")) => {
                Parameter::Response
            }
            _ => Parameter::Request,
        };
        Ok(if is_xml {
            Self::Xml(parameter, text.as_bytes().to_vec())
        } else {
            Self::FormValue(parameter, text.to_owned())
        })
    }

    fn receive(self) -> Result<ReceivedLogout, Rejection> {
        let limits = Limits::message();
        match self {
            Self::Query(query) => ReceivedLogout::from_redirect(&query, &limits),
            Self::FormValue(parameter, value) => ReceivedLogout::from_post(parameter, &value, None, &limits),
            Self::Xml(parameter, octets) => ReceivedLogout::from_xml(parameter, octets, &limits),
        }
    }
}

impl Bench {
    /// Verifies a message. A response answers the given request, or the one that it names if none is given.
    pub(crate) fn judge(&self, message: Captured, request: Option<&str>) -> Result<Logout, Rejection> {
        match message.receive()? {
            ReceivedLogout::Request(request) => {
                let verified = request.verify(&self.sp, &self.connection, self.now)?;
                Ok(Logout::Requested(Box::new(verified.ended(Ended::All)?)))
            }
            ReceivedLogout::Response(response) => {
                let named = response.in_response_to()?;
                let id = request.unwrap_or(named.for_lookup().as_str()).to_owned();
                let expires_at = self.now.checked_add_signed(TimeDelta::minutes(5)).unwrap_or(self.now);
                let pending = PendingLogout::new(RequestId::new(id.clone()), self.connection.id().clone(), expires_at);
                let finished = response.verify(&self.sp, &self.connection, &pending, self.now)?;
                Ok(Logout::Answered(Box::new(finished), id))
            }
        }
    }
}

impl Logout {
    fn checks(&self) -> &Checks {
        match self {
            Self::Requested(logout) => logout.checks(),
            Self::Answered(logout, _) => logout.checks(),
        }
    }

    fn deviations(&self) -> Vec<&'static str> {
        let deviations = match self {
            Self::Requested(logout) => logout.deviations(),
            Self::Answered(logout, _) => logout.deviations(),
        };
        deviations.iter().map(|deviation| deviation.name()).collect()
    }

    /// Names and values.
    fn facts(&self) -> Vec<(&'static str, String)> {
        match self {
            Self::Requested(logout) => {
                let name_id = logout.name_id();
                let optional = [
                    ("Format", name_id.format()),
                    ("NameQualifier", name_id.name_qualifier()),
                    ("SPNameQualifier", name_id.sp_name_qualifier()),
                ];
                let mut facts =
                    vec![("request", logout.request_id().to_owned()), ("NameID", name_id.value().to_owned())];
                facts.extend(optional.into_iter().filter_map(|(name, value)| Some((name, value?.to_owned()))));
                let indexes = logout.session_indexes();
                facts.extend(indexes.iter().map(|index| ("SessionIndex", index.as_str().to_owned())));
                if indexes.is_empty() {
                    facts.push(("SessionIndex", "none: every session of the user".to_owned()));
                }
                facts
            }
            Self::Answered(logout, id) => {
                let extent = match logout.extent() {
                    LogoutExtent::Complete => "everywhere",
                    LogoutExtent::Partial => "not everywhere (PartialLogout)",
                };
                vec![("answers", id.clone()), ("logged out", extent.to_owned())]
            }
        }
    }
}

/// Judges the message of the command line.
pub(crate) fn run(arguments: &LogoutArguments) -> Result<Report, Problem> {
    let bench = bench(arguments)?;
    let message = Captured::detect(input::read(&arguments.file)?)?;
    let outcome = bench.judge(message, arguments.in_response_to.as_deref());
    let text = match arguments.form {
        Form::Text => text(&bench, &outcome),
        Form::Json => format!("{:#}\n", as_json(&bench, &outcome)),
    };
    Ok(Report { text, verdict: if outcome.is_ok() { Verdict::Accepted } else { Verdict::Rejected } })
}

fn bench(arguments: &LogoutArguments) -> Result<Bench, Problem> {
    let configured = |error: ConfigError| Problem::new(error.to_string());
    let idp = trust::identity_provider(&arguments.trust, arguments.at)?;
    let policy = arguments.relax.iter().fold(Policy::strict(), |policy, name| relax::relaxed(policy, name));
    // Nothing is looked at there: logout messages go to the single logout service.
    let sp = ServiceProvider::builder(
        OrganizationId::new("acme"),
        EntityId::new(arguments.sp_entity_id.clone()),
        "https://unused.invalid/",
    );
    let sp = arguments
        .decryption_keys
        .iter()
        .try_fold(sp.sls_url(arguments.sls.clone()), |sp, file| Ok(sp.decryption_key(trust::decryption_key(file)?)))?;
    Ok(Bench {
        sp: sp.build().map_err(configured)?,
        connection: Connection::preconfigured(connection_id(), OrganizationId::new("acme"), idp, policy)
            .map_err(configured)?,
        now: arguments.at,
    })
}

fn text(bench: &Bench, outcome: &Result<Logout, Rejection>) -> String {
    let mut layout = Layout::default();
    match outcome {
        Ok(logout) => {
            layout.heading("ACCEPTED");
            for deviation in logout.deviations() {
                layout.field(2, "tolerated", deviation);
            }
        }
        Err(rejection) => {
            layout.heading(&format!("REJECTED: {}", rejection.category()));
            write_refusal(&mut layout, rejection);
        }
    }
    layout.heading("Judged by");
    layout.field(2, "IdP", bench.connection.identity_provider().entity_id().as_str());
    layout.field(2, "SLS URL", bench.sp.sls_url().unwrap_or_default());
    layout.field(2, "instant", &crate::response::instant(bench.now));
    match outcome {
        Ok(logout) => {
            write_rules(&mut layout, logout.checks());
            layout.heading("What it says");
            for (name, value) in logout.facts() {
                layout.field(2, name, &value);
            }
        }
        Err(rejection) => write_rules(&mut layout, rejection.checks()),
    }
    layout.into_text()
}

fn as_json(bench: &Bench, outcome: &Result<Logout, Rejection>) -> Value {
    let (rejection, checks, says) = match outcome {
        Ok(logout) => (Value::Null, logout.checks(), json!(logout.facts())),
        Err(rejection) => (refusal_json(rejection), rejection.checks(), Value::Null),
    };
    json!({
        "verdict": if outcome.is_ok() { "accepted" } else { "rejected" },
        "rejection": rejection,
        "judged_by": {
            "idp": bench.connection.identity_provider().entity_id().as_str(),
            "sls_url": bench.sp.sls_url(),
            "instant": crate::response::instant(bench.now),
        },
        "tolerated": outcome.as_ref().map(Logout::deviations).unwrap_or_default(),
        "rules": rules_json(checks),
        "says": says,
    })
}
