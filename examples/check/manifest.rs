//! `check manifest`: every case of a manifest through the public API.

use std::collections::BTreeMap;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use chrono::{DateTime, Utc};
use saml_sp::{
    Connection, EntityId, IdentityProvider, Login, OrganizationId, Parameter, Policy, ServiceProvider, Unsolicited,
};
use serde_json::Value;

use crate::cli::{ManifestArguments, Problem, Rigour};
use crate::exceptions::Exceptions;
use crate::expectation::{Comparison, Expectation, Failure, Outcome, Refused};
use crate::input::{self, Message};
use crate::judge::{Asked, Bench, connection_id};
use crate::logout::{self, Captured};
use crate::opinion::{Engines, Opinion};
use crate::{Report, Verdict, relax, trust};

/// What is only run when it is named: the crate's own tests see more of it than the public API does.
const INTERNAL_KINDS: [&str; 3] = ["c14n", "dsig", "xmlenc"];

/// Runs the cases that the command line selects.
pub(crate) fn run(arguments: &ManifestArguments) -> Result<Report, Problem> {
    let manifest: Value = serde_json::from_slice(&input::read(&arguments.file)?)
        .map_err(|error| Problem::new(format!("{} is no JSON: {error}", arguments.file)))?;
    let cases = manifest.as_array().ok_or_else(|| Problem::new(format!("{} is no array of cases", arguments.file)))?;
    let exceptions = Exceptions::read(arguments.deviations.as_deref(), arguments.pending.as_deref(), arguments.rigour)?;
    let folder = Path::new(&arguments.file).parent().unwrap_or(Path::new(""));
    let comparison = comparison(cases);
    let mut tally = Tally::default();
    for value in cases {
        let case = Case { value, folder, comparison, rigour: arguments.rigour, engines: arguments.engines };
        if arguments.only.as_deref().is_some_and(|text| !case.id().contains(text)) {
            continue;
        }
        match arguments.kinds.as_slice() {
            [] if INTERNAL_KINDS.contains(&case.kind()) => tally.skip(case.kind()),
            kinds if kinds.is_empty() || kinds.iter().any(|kind| kind == case.kind()) => {
                let outcome = case.run();
                tally.hear(case.id(), outcome.as_ref().ok().copied().flatten());
                tally.note(case.id(), exceptions.apply(case.id(), outcome.map(|_| ())));
            }
            _ => {}
        }
    }
    Ok(tally.into_report())
}

/// Only the manifest of the peers has their verdicts in it; its strings are to be compared trimmed.
fn comparison(cases: &[Value]) -> Comparison {
    match cases.iter().any(|case| case.get("peer_verdicts").is_some()) {
        true => Comparison::Trimmed,
        false => Comparison::Exact,
    }
}

/// The lines, and how many there are of each.
#[derive(Default)]
struct Tally {
    lines: String,
    passed: usize,
    failed: usize,
    skipped: BTreeMap<String, usize>,
    agreed: usize,
    undecided: Vec<String>,
}

impl Tally {
    fn skip(&mut self, kind: &str) {
        let count = self.skipped.entry(kind.to_owned()).or_default();
        *count = count.saturating_add(1);
    }

    fn hear(&mut self, id: &str, opinion: Option<Opinion>) {
        match opinion {
            Some(Opinion::Agrees) => self.agreed = self.agreed.saturating_add(1),
            Some(Opinion::CannotJudge) => self.undecided.push(id.to_owned()),
            None => {}
        }
    }

    fn note(&mut self, id: &str, result: Result<Option<String>, Failure>) {
        let line = match result {
            Ok(remark) => {
                self.passed = self.passed.saturating_add(1);
                format!("pass {id}{}\n", remark.map(|remark| format!(" ({remark})")).unwrap_or_default())
            }
            Err(difference) => {
                self.failed = self.failed.saturating_add(1);
                format!("FAIL {id}: {difference}\n")
            }
        };
        self.lines.push_str(&line);
    }

    fn into_report(self) -> Report {
        let skipped = self.skipped.iter().map(|(kind, count)| {
            format!("skipped {count} cases of the kind {kind}: they are run by the crate's own tests\n")
        });
        let skipped: String = skipped.collect();
        let opinions = match (self.agreed, self.undecided.len()) {
            (0, 0) => String::new(),
            (agreed, 0) => format!("the second engine agrees with {agreed} logins\n"),
            (agreed, undecided) => format!(
                "the second engine agrees with {agreed} logins and can't judge {undecided}: {}\n",
                self.undecided.join(", ")
            ),
        };
        // A run of nothing proves nothing.
        let none = if self.passed == 0 && self.failed == 0 { "no case is selected\n" } else { "" };
        Report {
            text: format!("{}{skipped}{opinions}{none}{} passed, {} failed\n", self.lines, self.passed, self.failed),
            verdict: if self.failed == 0 && none.is_empty() { Verdict::Accepted } else { Verdict::Rejected },
        }
    }
}

/// One case and what it needs to be run.
struct Case<'m> {
    value: &'m Value,
    folder: &'m Path,
    comparison: Comparison,
    rigour: Rigour,
    engines: Engines,
}

impl<'m> Case<'m> {
    fn id(&self) -> &'m str {
        self.text("/id").unwrap_or("a case without id")
    }

    fn kind(&self) -> &'m str {
        self.text("/kind").unwrap_or("no kind")
    }

    /// What the second engine said, if it was asked, where the expectation is met; otherwise how it is not.
    fn run(&self) -> Result<Option<Opinion>, Failure> {
        let run = || match self.kind() {
            "response" => self.response(),
            "logout_request_redirect" | "logout_response_redirect" => self.logout(None).map(|()| None),
            "logout_request_post" => self.logout(Some(Parameter::Request)).map(|()| None),
            "logout_response_post" => self.logout(Some(Parameter::Response)).map(|()| None),
            "metadata" => self.metadata().map(|()| None),
            kind if INTERNAL_KINDS.contains(&kind) => {
                Err(Failure::NotRun(format!("{kind} is run by the crate's own tests, not here")))
            }
            kind => Err(Failure::Differs { how: format!("{kind} can't be judged yet"), code: None }),
        };
        catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|_| Err(Failure::NotRun("the library panicked".to_owned())))
    }

    fn response(&self) -> Result<Option<Opinion>, Failure> {
        let expectation = self.expectation()?;
        match self.login()? {
            Ok(login) => expectation.compare(Outcome::Login(&login)).map(|()| Opinion::of(login.checks())),
            Err(refused) => expectation.compare(Outcome::Refused(refused)).map(|()| None),
        }
    }

    /// A message over HTTP-POST, or over HTTP-Redirect if it has no parameter.
    fn logout(&self, posted: Option<Parameter>) -> Result<(), Failure> {
        let expectation = self.expectation()?;
        let outcome = self.judged(|sp, connection, now| {
            let (bench, message) = (logout::Bench { sp, connection, now }, self.logout_message(posted)?);
            Ok(bench.judge(message, self.text("/in_response_to")).map_err(|rejection| Refused::from(&rejection)))
        })?;
        match outcome {
            Ok(logout) => expectation.compare(Outcome::Logout(&logout)),
            Err(refused) => expectation.compare(Outcome::Refused(refused)),
        }
    }

    fn logout_message(&self, posted: Option<Parameter>) -> Result<Captured, String> {
        let path = self.required("/message")?;
        let octets = self.file(path)?;
        let text = |octets: Vec<u8>| String::from_utf8_lossy(&octets).trim().to_owned();
        Ok(match posted {
            None => Captured::Query(text(octets)),
            Some(parameter) if path.ends_with(".xml") => Captured::Xml(parameter, octets),
            Some(parameter) => Captured::FormValue(parameter, text(octets)),
        })
    }

    /// The login, if the settings of the case and its message are good.
    fn login(&self) -> Result<Result<Login, Refused>, String> {
        self.judged(|sp, connection, now| {
            let bench = Bench { sp, connection, now };
            Ok(bench.judge(self.message()?, self.asked()).outcome.map_err(|rejection| Refused::from(&rejection)))
        })
    }

    /// What a judge makes of the message, between the two ends of the case.
    fn judged<T>(
        &self,
        judge: impl Fn(ServiceProvider, Connection, DateTime<Utc>) -> Result<Result<T, Refused>, String>,
    ) -> Result<Result<T, Refused>, String> {
        let now = self.now()?;
        let idp = match self.identity_provider(now)? {
            Ok(idp) => idp,
            Err(refused) => return Ok(Err(refused)),
        };
        let Some(sp) = self.service_provider()? else { return Ok(Err(Refused::service_provider())) };
        let under = |policy: Policy| -> Result<Result<T, Refused>, String> {
            match Connection::preconfigured(connection_id(), OrganizationId::new("acme"), idp.clone(), policy) {
                Ok(connection) => judge(sp.clone(), connection, now),
                Err(_) => Ok(Err(Refused::no_permitted_key())),
            }
        };
        let outcome = under(self.policy())?;
        match &outcome {
            // The message was not looked at. If there is more wrong with it than the key, that is the reason.
            Err(refused) if *refused == Refused::no_permitted_key() => {
                Ok(under(relax::relaxed(self.policy(), "rsa1024"))?.and(outcome))
            }
            _ => Ok(outcome),
        }
    }

    /// None if it can't be set up.
    fn service_provider(&self) -> Result<Option<ServiceProvider>, String> {
        let entity_id = EntityId::new(self.required("/sp/entity_id")?);
        let acs_url = self.text("/sp/acs_url").unwrap_or("https://unused.invalid/");
        let mut sp = ServiceProvider::builder(OrganizationId::new("acme"), entity_id, acs_url);
        if let Some(url) = self.text("/sp/sls_url") {
            sp = sp.sls_url(url);
        }
        if let Some(path) = self.text("/sp/decryption_key") {
            sp = sp.decryption_key(trust::decryption_key(&self.path(path)).map_err(|problem| problem.to_string())?);
        }
        Ok(sp.build().ok())
    }

    fn metadata(&self) -> Result<(), Failure> {
        let expectation = self.expectation()?;
        let octets = self.file(self.required("/message")?)?;
        let now = self.now()?;
        let read = |entity_id: Option<&str>| trust::from_metadata(&octets, entity_id, now);
        if let Some(idps) = self.value.pointer("/expect/idps").and_then(Value::as_array) {
            for idp in idps {
                let expected = Expectation::of_entity(idp, self.comparison);
                let entity_id = idp.get("entity_id").and_then(Value::as_str);
                expected.compare(Outcome::of_metadata(read(entity_id).as_ref()))?;
            }
            return match read(None) {
                Ok(_) => {
                    let how = "one of several identity providers was chosen without being asked for".to_owned();
                    Err(Failure::Differs { how, code: None })
                }
                Err(_) => Ok(()),
            };
        }
        expectation.compare(Outcome::of_metadata(read(self.text("/select")).as_ref()))
    }

    fn asked(&self) -> Asked {
        self.text("/in_response_to").map_or(Asked::Nothing, |id| Asked::Request(id.to_owned()))
    }

    fn identity_provider(&self, now: DateTime<Utc>) -> Result<Result<IdentityProvider, Refused>, String> {
        if let Some(path) = self.text("/idp/metadata") {
            return self.identity_provider_of(&self.file(path)?, now);
        }
        let paths = self.value.pointer("/idp/certificates").and_then(Value::as_array);
        let paths = paths.ok_or("the case has neither idp.metadata nor idp.certificates")?;
        let paths: Vec<String> = paths.iter().filter_map(Value::as_str).map(|path| self.path(path)).collect();
        let read = trust::from_certificates(self.required("/idp/entity_id")?, self.text("/idp/sso_url"), &paths);
        read.map(Ok).map_err(|problem| problem.to_string())
    }

    /// The entity of the metadata, or its only one under the name that the case gives it.
    fn identity_provider_of(
        &self,
        metadata: &[u8],
        now: DateTime<Utc>,
    ) -> Result<Result<IdentityProvider, Refused>, String> {
        let entity_id = self.text("/idp/entity_id");
        let read = match (trust::from_metadata(metadata, entity_id, now), entity_id) {
            (Err(rejection), Some(other)) if rejection.code() == "metadata.entity_not_found" => {
                match trust::from_metadata(metadata, None, now) {
                    Ok(only) => return trust::renamed(&only, other).map(Ok).map_err(|problem| problem.to_string()),
                    Err(_) => Err(rejection),
                }
            }
            (read, _) => read,
        };
        Ok(read.map_err(|rejection| Refused::from(&rejection)))
    }

    fn policy(&self) -> Policy {
        let names = ["/legacy", "/lenient"].iter().filter_map(|pointer| self.value.pointer(pointer)?.as_array());
        let names = names.flatten().filter_map(Value::as_str);
        // What the manifests call so is never let pass in a request.
        let names = names.map(|name| if name == "unsigned_logout" { "unsigned_logout_response" } else { name });
        let strict = match self.text("/in_response_to") {
            Some(_) => Policy::strict(),
            None => Policy::strict().with_unsolicited(Unsolicited::Accept),
        };
        self.engines.ask(names.fold(strict, relax::relaxed))
    }

    fn message(&self) -> Result<Message, String> {
        let path = self.required("/message")?;
        let octets = self.file(path)?;
        Ok(match path.ends_with(".xml") {
            true => Message::Xml(octets),
            false => Message::FormValue(String::from_utf8_lossy(&octets).into_owned()),
        })
    }

    fn expectation(&self) -> Result<Expectation<'m>, String> {
        let expect = self.value.get("expect").ok_or("the case has no expectation")?;
        Ok(Expectation::of_case(expect, self.comparison, self.rigour))
    }

    fn now(&self) -> Result<DateTime<Utc>, String> {
        match self.text("/now") {
            Some(text) => input::instant(text).ok_or_else(|| format!("now is no instant: {text:?}")),
            None => Ok(Utc::now()),
        }
    }

    fn text(&self, pointer: &str) -> Option<&'m str> {
        self.value.pointer(pointer).and_then(Value::as_str)
    }

    fn required(&self, pointer: &str) -> Result<&'m str, String> {
        self.text(pointer).ok_or_else(|| format!("the case has no {pointer}"))
    }

    fn path(&self, path: &str) -> String {
        self.folder.join(path).display().to_string()
    }

    fn file(&self, path: &str) -> Result<Vec<u8>, String> {
        input::read(&self.path(path)).map_err(|problem| problem.to_string())
    }
}
