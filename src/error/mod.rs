//! Why something was refused, sorted by who must act.
//!
//! [`Rejection`] is for what arrived from outside: a message or a metadata document. What the host
//! configured wrongly is a [`ConfigError`] or a [`KeyError`].

mod check;
mod deviation;
mod key;
mod place;
mod reason;

pub use check::{Check, Checks, Outcome, Rule};
pub use deviation::Deviation;
pub(crate) use deviation::Deviations;
pub use key::{KeyError, UnusableKey};
pub use place::Place;
pub use reason::{
    Binding, Category, Decryption, Fault, Flow, Limit, Logout, Mapping, Metadata, Namespace, Profile, Reason, Redirect,
    Reference, Schema, SecondEngine, Signature, Subject, Validity, Xml,
};

use std::fmt;

use reason::Facts;

/// A refused message or metadata document.
///
/// `Display` is the safe public sentence: it holds nothing that the sender chose. What a person who
/// debugs the login wants to see (place, expected and found values, every rule's outcome, the remedy)
/// is in [`Rejection::report`]; that holds configuration values and protocol identifiers, but no claims.
#[derive(Clone, PartialEq, Eq)]
pub struct Rejection(Box<Inner>);

#[derive(Clone, PartialEq, Eq)]
struct Inner {
    reason: Reason,
    place: Option<Place>,
    expected: Option<String>,
    found: Option<String>,
    said: Option<String>,
    checks: Checks,
}

impl Rejection {
    pub(crate) fn new(reason: impl Into<Reason>) -> Self {
        Self(Box::new(Inner {
            reason: reason.into(),
            place: None,
            expected: None,
            found: None,
            said: None,
            checks: Checks::default(),
        }))
    }

    pub(crate) fn at(mut self, place: Place) -> Self {
        self.0.place = Some(place);
        self
    }

    pub(crate) fn expecting(mut self, expected: impl Into<String>) -> Self {
        self.0.expected = Some(shorten(expected.into()));
        self
    }

    pub(crate) fn finding(mut self, found: impl Into<String>) -> Self {
        self.0.found = Some(shorten(found.into()));
        self
    }

    pub(crate) fn saying(mut self, said: Option<&str>) -> Self {
        self.0.said = said.filter(|said| !said.is_empty()).map(|said| shorten(said.to_owned()));
        self
    }

    /// The same failure under the name that says more.
    pub(crate) fn recast(mut self, reason: impl Into<Reason>) -> Self {
        self.0.reason = reason.into();
        self
    }

    pub(crate) fn with_checks(mut self, checks: Checks) -> Self {
        self.0.checks = checks;
        self
    }

    /// The reason, to match on.
    #[must_use]
    pub fn reason(&self) -> Reason {
        self.0.reason
    }

    /// The stable identifier `area.name`, fit for logs, metrics and support articles.
    #[must_use]
    pub fn code(&self) -> &'static str {
        self.facts().code
    }

    /// The coarse class of the refusal.
    #[must_use]
    pub fn category(&self) -> Category {
        self.facts().category
    }

    /// Who or what is to blame, as far as this end can tell.
    #[must_use]
    pub fn fault(&self) -> Fault {
        self.facts().fault
    }

    /// Document and section of the standard that the input goes against.
    #[must_use]
    pub fn spec(&self) -> &'static str {
        self.facts().spec
    }

    /// What to change at the identity provider or here.
    #[must_use]
    pub fn remedy(&self) -> &'static str {
        self.facts().remedy
    }

    /// Where in the document, if it is one place.
    #[must_use]
    pub fn place(&self) -> Option<&Place> {
        self.0.place.as_ref()
    }

    /// What this end would have accepted.
    #[must_use]
    pub fn expected(&self) -> Option<&str> {
        self.0.expected.as_deref()
    }

    /// What came instead. Chosen by the sender: for private reports only.
    #[must_use]
    pub fn found(&self) -> Option<&str> {
        self.0.found.as_deref()
    }

    /// The identity provider's own words on why it declined. They are not verified, may name the user, and are in
    /// no report.
    #[must_use]
    pub fn identity_provider_message(&self) -> Option<&str> {
        self.0.said.as_deref()
    }

    /// The outcome of every rule.
    #[must_use]
    pub fn checks(&self) -> &Checks {
        &self.0.checks
    }

    /// The private report, for a log or a ticket.
    #[must_use]
    pub fn report(&self) -> Report<'_> {
        Report(self)
    }

    fn facts(&self) -> Facts {
        self.0.reason.facts()
    }
}

/// Displays a [`Rejection`] in full.
#[derive(Debug)]
pub struct Report<'r>(&'r Rejection);

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rejection = self.0;
        writeln!(f, "refused: {rejection}")?;
        writeln!(f, "category: {}   fault: {}", rejection.category(), rejection.fault())?;
        writeln!(f, "standard: {}", rejection.spec())?;
        if let Some(place) = rejection.place() {
            writeln!(f, "place: {place}")?;
        }
        if let Some(expected) = rejection.expected() {
            writeln!(f, "expected: {expected:?}")?;
        }
        if let Some(found) = rejection.found() {
            writeln!(f, "found: {found:?}")?;
        }
        writeln!(f, "remedy: {}", rejection.remedy())?;
        write!(f, "{}", rejection.checks())
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} [{}]", self.facts().sentence, self.code())
    }
}

impl fmt::Debug for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Rejection")
            .field("code", &self.code())
            .field("place", &self.0.place)
            .field("expected", &self.0.expected)
            .field("found", &self.0.found)
            .finish_non_exhaustive()
    }
}

impl std::error::Error for Rejection {}

/// The host's settings contradict themselves or leave something out.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A required value is missing or empty.
    #[error("{field} is missing: {remedy}")]
    Missing {
        /// The setting.
        field: &'static str,
        /// What to do.
        remedy: &'static str,
    },
    /// A value that must be an absolute URL without user information and fragment is none.
    #[error("{field} is not an absolute http or https URL without user name or fragment: {:?}", without_user_info(.value))]
    Url {
        /// The setting.
        field: &'static str,
        /// What was given, but for a user name and password in it.
        value: String,
    },
    /// A value is outside what the standard or this crate allows.
    #[error("{field}: {reason}")]
    Value {
        /// The setting.
        field: &'static str,
        /// What is wrong with it.
        reason: &'static str,
    },
    /// The identity provider has no key that its signatures could be verified with.
    #[error(
        "the identity provider has no usable signing key: register at least one certificate of an RSA (2048 bits or more) or P-256/384/521 key"
    )]
    NoSigningKey,
    /// More keys than a rollover needs; each costs a signature verification for every forged message.
    #[error("the identity provider has {found} signing keys, at most {most} are kept: remove the old ones")]
    TooManyKeys {
        /// How many were given.
        found: usize,
        /// How many are allowed.
        most: usize,
    },
    /// A certificate or key could not be read.
    #[error("{field}: {source}")]
    Key {
        /// The setting.
        field: &'static str,
        /// Why.
        source: KeyError,
    },
}

impl ConfigError {
    /// The value may hold a password, and errors are logged.
    pub(crate) fn url(field: &'static str, value: &str) -> Self {
        Self::Url { field, value: without_user_info(value) }
    }
}

/// The text with `…` for everything up to its last `@` but the scheme. It need not be a URL: where the user
/// information of a broken one ends can't be known, so rather too much is left out.
pub(crate) fn without_user_info(text: &str) -> String {
    let Some((hidden, shown)) = text.rsplit_once('@') else { return text.to_owned() };
    let scheme = ["https://", "http://"].into_iter().find(|scheme| hidden.starts_with(scheme)).unwrap_or_default();
    format!("{scheme}…@{shown}")
}

/// Nothing was signed, and nothing may be sent unsigned instead.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SigningError {
    /// The key could not sign.
    #[error("the key could not sign: {0}")]
    Key(&'static str),
    /// The device that holds the key failed. Nothing is lost: repeat the step with the same input.
    #[error("the device that holds the signing key failed, repeat the step: {0}")]
    Signer(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The device that holds the key returned something else than a signature by that key: another key than the
    /// one configured, another form (ECDSA in DER), or a fault. It was thrown away.
    #[error(
        "the device that holds the signing key returned no valid signature: compare its key with the configured certificate"
    )]
    Faulty,
    /// The text to sign is not the message that it should be.
    #[error("the message can't be signed: {0}")]
    Message(#[from] Rejection),
    /// The message could not be compressed for a URL.
    #[error("the message could not be compressed")]
    Encoding,
    /// No element has that ID.
    #[error("the message has no element with the ID to sign")]
    Target,
}

/// Values in reports are for people: the beginning tells enough.
fn shorten(text: String) -> String {
    const MOST: usize = 300;
    match text.char_indices().nth(MOST) {
        Some((at, _)) => format!("{}…", text.get(..at).unwrap_or_default()),
        None => text,
    }
}
