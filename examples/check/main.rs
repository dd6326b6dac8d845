//! Judges a SAML Response, a logout message or a metadata document, and says why.
//!
//! ```text
//! cargo run --example check -- response --idp-metadata examples/data/idp.xml \
//!     --sp-entity-id https://app.example.com/saml/metadata/acme/ \
//!     --acs https://app.example.com/saml/acs/acme/ \
//!     --in-response-to _c9e1f7a2b3d4405586a7d5f1038e6b42 \
//!     --at 2026-03-02T09:15:30Z examples/data/response.xml
//! ```
//!
//! # `check response`
//!
//! Takes a Response as XML or as the posted base64, from a file or from standard input (`-`), and prints the
//! verdict, every rule of the profile as passed, FAILED or not reached, and the claims if it was accepted.
//!
//! - The identity provider is known by `--idp-metadata FILE` (with `--idp-entity-id ID` if the file describes
//!   several), or by `--idp-cert FILE`, as often as there are certificates, and `--idp-entity-id ID`.
//! - `--sp-entity-id ID` and `--acs URL` are this end's, as registered at the identity provider.
//! - `--in-response-to ID` is the request that was sent; `--unsolicited` says that none was sent and that this is
//!   fine. With neither, the request that the message names is taken for the pending one.
//! - `--at TIME` judges as at that instant instead of now.
//! - `--relax NAME,..` switches on relaxations: `sha1`, `rsa1024`, `inclusive_c14n`, `unsolicited`, `scd_not_before`,
//!   `no_authn_statement`, `empty_in_response_to`, `unsigned_logout_response`.
//! - `--second-opinion`, in builds with the feature `xmlsec`, has libxmlsec1 verify the signatures as well, where it can.
//! - `--json` prints the same facts for programs.
//!
//! # `check logout`
//!
//! Takes a logout request or response: a URL or raw query string of HTTP-Redirect, or a posted value or XML of
//! HTTP-POST. `--sls URL` is this end's single logout service; a response answers the request of `--in-response-to`,
//! or the one that it names. Whether the user and the session are known is for a host's store to say.
//!
//! # `check metadata`
//!
//! Prints what would be kept of a metadata file: entityID, endpoints, keys with fingerprints and dates, and warnings.
//!
//! # `check manifest`
//!
//! Runs the `response`, `logout_*` and `metadata` cases of a manifest, a line each, and counts them on the last line. A reject
//! case passes on any rejection, with `--strict` only on a listed reason; an accept case needs equal claims. What
//! can't be done yet counts as failed. `--second-opinion` is that of `check response`. Cases in the files of `--deviations` and `--pending` have to differ:
//!
//! ```toml
//! [[deviation]]
//! case = "interop/comment-in-name"
//! reason = "messages with comments are refused"
//! code = "xml.comment" # optional: has to be rejected with this code
//! mode = "strict" # optional: differs only under --strict
//!
//! [[pending]]
//! case = "interop/encrypted"
//! waits_for = "decryption"
//! ```
//!
//! # Exit status
//!
//! 0 accepted, 1 rejected (for a manifest: some case failed), 2 nothing could be judged.

mod claims;
mod cli;
mod exceptions;
mod expectation;
mod input;
mod judge;
mod layout;
mod logout;
mod manifest;
mod metadata;
mod opinion;
mod relax;
mod report;
mod response;
mod trust;

use std::io::{Write, stderr, stdout};
use std::process::ExitCode;

use cli::{Command, Problem};

/// What to print, and how it ended.
struct Report {
    text: String,
    verdict: Verdict,
}

/// How it ended.
#[derive(Clone, Copy)]
enum Verdict {
    Accepted,
    Rejected,
}

fn main() -> ExitCode {
    let outcome = cli::parse(std::env::args_os().skip(1)).and_then(run);
    // Who closes the pipe early has seen enough.
    match outcome {
        Ok(report) => {
            let _ = stdout().write_all(report.text.as_bytes());
            match report.verdict {
                Verdict::Accepted => ExitCode::SUCCESS,
                Verdict::Rejected => ExitCode::from(1),
            }
        }
        Err(problem) => {
            let _ = writeln!(stderr(), "check: {problem}");
            ExitCode::from(2)
        }
    }
}

fn run(command: Command) -> Result<Report, Problem> {
    match command {
        Command::Help => Ok(Report { text: cli::USAGE.to_owned(), verdict: Verdict::Accepted }),
        Command::Response(arguments) => response::run(arguments),
        Command::Logout(arguments) => logout::run(&arguments),
        Command::Metadata(arguments) => metadata::run(&arguments),
        Command::Manifest(arguments) => manifest::run(&arguments),
    }
}
