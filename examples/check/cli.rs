//! The command line.

use std::ffi::OsString;
use std::fmt;

use chrono::{DateTime, Utc};

use crate::input;
use crate::judge::Asked;
use crate::opinion::Engines;
use crate::relax::{Meaning, meaning};

/// How the tool is called.
pub(crate) const USAGE: &str = "\
usage:
  check response --idp-metadata FILE [--idp-entity-id ID] | --idp-cert FILE.. --idp-entity-id ID
                 --sp-entity-id ID --acs URL [--in-response-to ID | --unsolicited]
                 [--decryption-key FILE].. [--at TIME] [--relax NAME,..] [--second-opinion]
                 [--json] FILE
  check logout   --idp-metadata FILE [--idp-entity-id ID] | --idp-cert FILE.. --idp-entity-id ID
                 --sp-entity-id ID --sls URL [--in-response-to ID]
                 [--decryption-key FILE].. [--at TIME] [--relax NAME,..] [--json] FILE
  check metadata [--entity-id ID] [--at TIME] [--json] FILE
  check manifest [--kind KIND,..] [--only TEXT] [--strict] [--second-opinion]
                 [--deviations FILE] [--pending FILE] FILE

FILE may be - for standard input. TIME is like 2026-01-31T12:00:00Z; without it, now.
Exit status: 0 accepted, 1 rejected, 2 nothing could be judged.
";

/// Why nothing was judged.
#[derive(Debug)]
pub(crate) struct Problem(String);

/// What to do.
pub(crate) enum Command {
    Help,
    Response(ResponseArguments),
    Logout(LogoutArguments),
    Metadata(MetadataArguments),
    Manifest(ManifestArguments),
}

/// Arguments of `check response`.
pub(crate) struct ResponseArguments {
    pub(crate) trust: TrustArguments,
    pub(crate) sp_entity_id: String,
    pub(crate) acs: String,
    pub(crate) asked: Asked,
    pub(crate) at: DateTime<Utc>,
    pub(crate) relax: Vec<String>,
    pub(crate) decryption_keys: Vec<String>,
    pub(crate) engines: Engines,
    pub(crate) form: Form,
    pub(crate) file: String,
}

/// Arguments of `check logout`.
pub(crate) struct LogoutArguments {
    pub(crate) trust: TrustArguments,
    pub(crate) sp_entity_id: String,
    pub(crate) sls: String,
    pub(crate) in_response_to: Option<String>,
    pub(crate) at: DateTime<Utc>,
    pub(crate) relax: Vec<String>,
    pub(crate) decryption_keys: Vec<String>,
    pub(crate) form: Form,
    pub(crate) file: String,
}

/// Where the identity provider is known from.
pub(crate) enum TrustArguments {
    Metadata { file: String, entity_id: Option<String> },
    Certificates { files: Vec<String>, entity_id: String },
}

/// Arguments of `check metadata`.
pub(crate) struct MetadataArguments {
    pub(crate) entity_id: Option<String>,
    pub(crate) at: DateTime<Utc>,
    pub(crate) form: Form,
    pub(crate) file: String,
}

/// Arguments of `check manifest`.
pub(crate) struct ManifestArguments {
    pub(crate) kinds: Vec<String>,
    pub(crate) only: Option<String>,
    pub(crate) rigour: Rigour,
    pub(crate) engines: Engines,
    pub(crate) deviations: Option<String>,
    pub(crate) pending: Option<String>,
    pub(crate) file: String,
}

/// How a report is written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    Text,
    Json,
}

/// When a rejection is the right one.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Rigour {
    /// Whatever the reason.
    AnyReason,
    /// For one of the listed reasons.
    ListedReason,
}

impl Problem {
    pub(crate) fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// Reads the arguments after the name of the program.
pub(crate) fn parse(arguments: impl Iterator<Item = OsString>) -> Result<Command, Problem> {
    let arguments: Result<Vec<String>, OsString> = arguments.map(OsString::into_string).collect();
    let arguments =
        arguments.map_err(|argument| Problem::new(format!("{} is not UTF-8", argument.to_string_lossy())))?;
    if arguments.iter().any(|argument| matches!(argument.as_str(), "--help" | "-h")) {
        return Ok(Command::Help);
    }
    match arguments.split_first() {
        Some((command, rest)) => match command.as_str() {
            "help" => Ok(Command::Help),
            "response" => response(Options::read(rest, &RESPONSE)?).map(Command::Response),
            "logout" => logout(Options::read(rest, &LOGOUT)?).map(Command::Logout),
            "metadata" => metadata(Options::read(rest, &METADATA)?).map(Command::Metadata),
            "manifest" => manifest(Options::read(rest, &MANIFEST)?).map(Command::Manifest),
            other => {
                Err(Problem::new(format!("{other:?} is no command: response, logout, metadata or manifest\n\n{USAGE}")))
            }
        },
        None => Err(Problem::new(format!("a command is missing\n\n{USAGE}"))),
    }
}

fn response(mut options: Options) -> Result<ResponseArguments, Problem> {
    let asked = match (options.value("--in-response-to"), options.flag("--unsolicited")) {
        (Some(_), true) => return Err(Problem::new("--in-response-to and --unsolicited exclude each other")),
        (Some(id), false) if id.is_empty() => return Err(Problem::new("--in-response-to is empty")),
        (Some(id), false) => Asked::Request(id),
        (None, true) => Asked::Nothing,
        (None, false) => Asked::Unknown,
    };
    let relax = options.list("--relax");
    relax.iter().try_for_each(|name| require_switch(name))?;
    Ok(ResponseArguments {
        trust: trust(&mut options)?,
        sp_entity_id: options.required("--sp-entity-id")?,
        acs: options.required("--acs")?,
        asked,
        at: options.instant()?,
        relax,
        decryption_keys: options.values("--decryption-key"),
        engines: options.engines()?,
        form: options.form(),
        file: options.file()?,
    })
}

fn logout(mut options: Options) -> Result<LogoutArguments, Problem> {
    let relax = options.list("--relax");
    relax.iter().try_for_each(|name| require_switch(name))?;
    Ok(LogoutArguments {
        trust: trust(&mut options)?,
        sp_entity_id: options.required("--sp-entity-id")?,
        sls: options.required("--sls")?,
        in_response_to: options.value("--in-response-to"),
        at: options.instant()?,
        relax,
        decryption_keys: options.values("--decryption-key"),
        form: options.form(),
        file: options.file()?,
    })
}

fn trust(options: &mut Options) -> Result<TrustArguments, Problem> {
    let entity_id = options.value("--idp-entity-id");
    match (options.value("--idp-metadata"), options.values("--idp-cert"), entity_id) {
        (Some(_), files, _) if !files.is_empty() => {
            Err(Problem::new("--idp-metadata and --idp-cert exclude each other"))
        }
        (Some(file), _, entity_id) => Ok(TrustArguments::Metadata { file, entity_id }),
        (None, files, _) if files.is_empty() => Err(Problem::new("--idp-metadata or --idp-cert is missing")),
        (None, _, None) => Err(Problem::new("--idp-cert needs --idp-entity-id")),
        (None, files, Some(entity_id)) => Ok(TrustArguments::Certificates { files, entity_id }),
    }
}

fn require_switch(name: &str) -> Result<(), Problem> {
    let trouble = match meaning(name) {
        Meaning::Switch(_) | Meaning::Tolerated => return Ok(()),
        Meaning::Never => "is never let pass",
        Meaning::Unknown => "is no relaxation",
    };
    Err(Problem::new(format!("--relax: {name:?} {trouble}")))
}

fn metadata(mut options: Options) -> Result<MetadataArguments, Problem> {
    Ok(MetadataArguments {
        entity_id: options.value("--entity-id"),
        at: options.instant()?,
        form: options.form(),
        file: options.file()?,
    })
}

fn manifest(mut options: Options) -> Result<ManifestArguments, Problem> {
    let kinds = options.list("--kind");
    if let Some(kind) = kinds.iter().find(|kind| !KINDS.contains(&kind.as_str())) {
        return Err(Problem::new(format!("--kind: {kind:?} is none of {}", KINDS.join(", "))));
    }
    Ok(ManifestArguments {
        kinds,
        only: options.value("--only"),
        rigour: if options.flag("--strict") { Rigour::ListedReason } else { Rigour::AnyReason },
        engines: options.engines()?,
        deviations: options.value("--deviations"),
        pending: options.value("--pending"),
        file: options.file()?,
    })
}

/// The options that a command has.
struct Syntax {
    valued: &'static [&'static str],
    flags: &'static [&'static str],
}

const RESPONSE: Syntax = Syntax {
    valued: &[
        "--idp-metadata",
        "--idp-cert",
        "--idp-entity-id",
        "--sp-entity-id",
        "--acs",
        "--in-response-to",
        "--at",
        "--relax",
        "--decryption-key",
    ],
    flags: &["--unsolicited", "--second-opinion", "--json"],
};
const LOGOUT: Syntax = Syntax {
    valued: &[
        "--idp-metadata",
        "--idp-cert",
        "--idp-entity-id",
        "--sp-entity-id",
        "--sls",
        "--in-response-to",
        "--at",
        "--relax",
        "--decryption-key",
    ],
    flags: &["--json"],
};
const METADATA: Syntax = Syntax { valued: &["--entity-id", "--at"], flags: &["--json"] };
const MANIFEST: Syntax =
    Syntax { valued: &["--kind", "--only", "--deviations", "--pending"], flags: &["--strict", "--second-opinion"] };
/// The kinds of cases that a manifest can have.
const KINDS: [&str; 9] = [
    "response",
    "metadata",
    "logout_request_post",
    "logout_request_redirect",
    "logout_response_post",
    "logout_response_redirect",
    "c14n",
    "dsig",
    "xmlenc",
];
/// The options that may be given more than once.
const REPEATABLE: [&str; 4] = ["--idp-cert", "--relax", "--kind", "--decryption-key"];

/// What was given, taken out piece by piece.
struct Options {
    valued: Vec<(&'static str, String)>,
    flags: Vec<&'static str>,
    files: Vec<String>,
}

impl Options {
    fn read(arguments: &[String], syntax: &Syntax) -> Result<Self, Problem> {
        let mut options = Self { valued: Vec::new(), flags: Vec::new(), files: Vec::new() };
        let mut rest = arguments.iter();
        while let Some(argument) = rest.next() {
            if argument == "-" || !argument.starts_with('-') {
                options.files.push(argument.clone());
                continue;
            }
            let (name, inline) = match argument.split_once('=') {
                Some((name, value)) => (name, Some(value)),
                None => (argument.as_str(), None),
            };
            let known = |names: &'static [&'static str]| names.iter().copied().find(|known| *known == name);
            if let Some(name) = known(syntax.valued) {
                let value = inline.or_else(|| rest.next().map(String::as_str));
                let value = value.ok_or_else(|| Problem::new(format!("{name} needs a value")))?;
                options.add(name, value)?;
            } else if let Some(name) = known(syntax.flags).filter(|_| inline.is_none()) {
                options.flags.push(name);
            } else {
                return Err(Problem::new(format!("{argument:?} is no option of this command\n\n{USAGE}")));
            }
        }
        Ok(options)
    }

    fn add(&mut self, name: &'static str, value: &str) -> Result<(), Problem> {
        if !REPEATABLE.contains(&name) && self.valued.iter().any(|(known, _)| *known == name) {
            return Err(Problem::new(format!("{name} is given twice")));
        }
        self.valued.push((name, value.to_owned()));
        Ok(())
    }

    fn values(&self, name: &str) -> Vec<String> {
        self.valued.iter().filter(|(known, _)| *known == name).map(|(_, value)| value.clone()).collect()
    }

    fn value(&self, name: &str) -> Option<String> {
        self.values(name).pop()
    }

    fn required(&self, name: &str) -> Result<String, Problem> {
        self.value(name).ok_or_else(|| Problem::new(format!("{name} is missing")))
    }

    /// Values with commas between them.
    fn list(&self, name: &str) -> Vec<String> {
        let values = self.values(name);
        values.iter().flat_map(|value| value.split(',')).filter(|name| !name.is_empty()).map(str::to_owned).collect()
    }

    fn flag(&self, name: &str) -> bool {
        self.flags.contains(&name)
    }

    fn form(&self) -> Form {
        if self.flag("--json") { Form::Json } else { Form::Text }
    }

    fn engines(&self) -> Result<Engines, Problem> {
        match (self.flag("--second-opinion"), Engines::AVAILABLE) {
            (false, _) => Ok(Engines::One),
            (true, Engines::Two) => Ok(Engines::Two),
            (true, Engines::One) => {
                Err(Problem::new("--second-opinion: this build has no second engine, it needs --features xmlsec"))
            }
        }
    }

    fn instant(&self) -> Result<DateTime<Utc>, Problem> {
        let Some(text) = self.value("--at") else { return Ok(Utc::now()) };
        input::instant(&text)
            .ok_or_else(|| Problem::new(format!("--at: {text:?} is no instant like 2026-01-31T12:00:00Z")))
    }

    fn file(&mut self) -> Result<String, Problem> {
        match (self.files.pop(), self.files.pop()) {
            (Some(file), None) => Ok(file),
            (Some(file), Some(_)) => Err(Problem::new(format!("one FILE at a time: {file:?} is too many"))),
            (None, _) => Err(Problem::new(format!("FILE is missing\n\n{USAGE}"))),
        }
    }
}
