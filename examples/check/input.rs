//! What comes in: files, standard input, and messages as XML or as form values.

use std::fs::File;
use std::io::{Read, stdin};

use chrono::{DateTime, Utc};
use saml_sp::{Limits, Received, Rejection};

use crate::cli::Problem;

/// No more than this is read of anything.
const MOST_OCTETS: u64 = 64 << 20;

/// A response as it was handed over.
pub(crate) enum Message {
    /// The XML itself.
    Xml(Vec<u8>),
    /// The value of the form field `SAMLResponse`: base64.
    FormValue(String),
}

impl Message {
    /// XML if the first character that is not blank is `<`, otherwise base64. What is not even text is
    /// left to the XML parser to refuse.
    pub(crate) fn detect(octets: Vec<u8>) -> Self {
        let text = octets.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&octets);
        if text.trim_ascii_start().starts_with(b"<") {
            return Self::Xml(octets);
        }
        String::from_utf8(octets).map_or_else(|error| Self::Xml(error.into_bytes()), Self::FormValue)
    }

    /// What the library makes of it before anything is verified.
    pub(crate) fn receive(self) -> Result<Received, Rejection> {
        match self {
            Self::Xml(octets) => Received::from_xml(octets, &Limits::message()),
            Self::FormValue(value) => Received::from_post(&value, &Limits::message()),
        }
    }
}

/// Reads a file, or standard input for `-`.
pub(crate) fn read(path: &str) -> Result<Vec<u8>, Problem> {
    let mut octets = Vec::new();
    let outcome = match path {
        "-" => stdin().take(MOST_OCTETS).read_to_end(&mut octets),
        _ => File::open(path).and_then(|file| file.take(MOST_OCTETS).read_to_end(&mut octets)),
    };
    match outcome {
        Ok(_) => Ok(octets),
        Err(error) => Err(Problem::new(format!("can't read {path}: {error}"))),
    }
}

/// Reads a file of characters.
pub(crate) fn read_text(path: &str) -> Result<String, Problem> {
    String::from_utf8(read(path)?).map_err(|_| Problem::new(format!("{path} is not UTF-8 text")))
}

/// Reads an instant, `2026-01-31T12:00:00Z`.
pub(crate) fn instant(text: &str) -> Option<DateTime<Utc>> {
    DateTime::parse_from_rfc3339(text).ok().map(|instant| instant.with_timezone(&Utc))
}
