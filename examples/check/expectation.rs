//! What a case of a manifest expects, and whether it came out so.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use saml_sp::metadata::{AuthnRequestSigning, Endpoint};
use saml_sp::{AttributeValue, IdentityProvider, Login, Rejection, VerifyingKey};
use serde_json::Value;

use crate::cli::Rigour;
use crate::input;
use crate::logout::Logout;

/// How strings are compared.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Comparison {
    /// To the letter.
    Exact,
    /// Without XML white space at both ends.
    Trimmed,
}

/// What a case expects.
pub(crate) enum Expectation<'e> {
    Accept { claims: &'e Value, comparison: Comparison },
    Entity { fields: &'e Value, comparison: Comparison },
    Reject { category: &'e str, also: Vec<&'e str>, rigour: Rigour },
    Unknown,
}

/// What came out.
pub(crate) enum Outcome<'o> {
    Login(&'o Login),
    Logout(&'o Logout),
    Entity(&'o IdentityProvider),
    Refused(Refused),
}

/// How a case failed.
pub(crate) enum Failure {
    /// It came out in another way; with the code of the refusal, if it was one.
    Differs { how: String, code: Option<&'static str> },
    /// It could not be run at all. No list excuses that.
    NotRun(String),
}

impl From<String> for Failure {
    fn from(trouble: String) -> Self {
        Self::NotRun(trouble)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Differs { how, .. } | Self::NotRun(how) => f.write_str(how),
        }
    }
}

/// A refusal, of a message or of the settings to judge it by.
#[derive(PartialEq, Eq)]
pub(crate) struct Refused {
    category: &'static str,
    code: &'static str,
}

impl Refused {
    /// The service provider of the case can't be set up.
    pub(crate) fn service_provider() -> Self {
        Self { category: "settings", code: "config.service_provider" }
    }

    /// Every key of the identity provider is too weak for the policy.
    pub(crate) fn no_permitted_key() -> Self {
        Self { category: "algorithm", code: "config.no_permitted_key" }
    }

    fn instead_of(&self, expected: &str) -> Result<(), Failure> {
        Err(Failure::Differs { how: format!("expected {expected}, got reject {self}"), code: Some(self.code) })
    }
}

impl From<&Rejection> for Refused {
    fn from(rejection: &Rejection) -> Self {
        Self { category: rejection.category().name(), code: rejection.code() }
    }
}

impl<'o> Outcome<'o> {
    /// What came of reading metadata.
    pub(crate) fn of_metadata(read: Result<&'o IdentityProvider, &Rejection>) -> Self {
        match read {
            Ok(idp) => Self::Entity(idp),
            Err(rejection) => Self::Refused(Refused::from(rejection)),
        }
    }
}

impl<'e> Expectation<'e> {
    /// Reads the field `expect`.
    pub(crate) fn of_case(expect: &'e Value, comparison: Comparison, rigour: Rigour) -> Self {
        if let Some(claims) = expect.get("accept") {
            return Self::Accept { claims, comparison };
        }
        if let Some(fields) = expect.get("idp") {
            return Self::of_entity(fields, comparison);
        }
        match expect.get("reject").and_then(Value::as_str) {
            Some(category) => Self::Reject { category, also: strings(expect.get("also")), rigour },
            None => Self::Unknown,
        }
    }

    /// An identity provider with these fields.
    pub(crate) fn of_entity(fields: &'e Value, comparison: Comparison) -> Self {
        Self::Entity { fields, comparison }
    }

    /// Nothing if the outcome is as expected, otherwise how it is not.
    pub(crate) fn compare(&self, outcome: Outcome<'_>) -> Result<(), Failure> {
        let differs = |how: String| Err(Failure::Differs { how, code: None });
        match (self, outcome) {
            (Self::Unknown, _) => Err(Failure::NotRun("the expectation is of no known form".to_owned())),
            (Self::Accept { claims, comparison }, Outcome::Login(login)) => {
                differences(&comparison.claims(claims, login))
            }
            (Self::Accept { claims, comparison }, Outcome::Logout(logout)) => {
                differences(&comparison.logout(claims, logout))
            }
            (Self::Entity { fields, comparison }, Outcome::Entity(idp)) => differences(&comparison.entity(fields, idp)),
            (Self::Reject { category, also, rigour }, Outcome::Refused(refused)) => {
                let listed = *category == refused.category || also.contains(&refused.category);
                match listed || *rigour == Rigour::AnyReason {
                    true => Ok(()),
                    false => refused.instead_of(&format!("reject {category}")),
                }
            }
            (Self::Reject { category, .. }, _) => differs(format!("expected reject {category}, got accept")),
            (_, Outcome::Refused(refused)) => refused.instead_of("accept"),
            _ => Err(Failure::NotRun("the expectation is for another kind of message".to_owned())),
        }
    }
}

impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} ({})", self.category, self.code)
    }
}

fn differences(found: &[String]) -> Result<(), Failure> {
    match found {
        [] => Ok(()),
        found => {
            let how = format!("expected accept, got accept with another {}", found.join("; "));
            Err(Failure::Differs { how, code: None })
        }
    }
}

impl Comparison {
    fn claims(self, expected: &Value, login: &Login) -> Vec<String> {
        let name_id = login.name_id();
        let single = [
            ("name_id", name_id.map(|name_id| name_id.value())),
            ("name_id_format", name_id.and_then(|name_id| name_id.format())),
            ("session_index", login.session_index().map(|index| index.as_str())),
        ];
        let mut different: Vec<String> = single
            .into_iter()
            .filter_map(|(field, found)| self.field(field, expected.get(field), found.map_or(Value::Null, Value::from)))
            .collect();
        different.extend(self.attributes(expected, login));
        different
    }

    /// What a logout message says. The manifests name one session in one field, several in another.
    fn logout(self, expected: &Value, logout: &Logout) -> Vec<String> {
        let found = match logout {
            Logout::Requested(logout) => {
                let indexes: Vec<&str> = logout.session_indexes().iter().map(|index| index.as_str()).collect();
                vec![
                    ("id", Value::from(logout.request_id())),
                    ("name_id", Value::from(logout.name_id().value())),
                    ("name_id_format", logout.name_id().format().map_or(Value::Null, Value::from)),
                    ("session_index", indexes.first().copied().map_or(Value::Null, Value::from)),
                    ("session_indexes", Value::from(indexes)),
                ]
            }
            Logout::Answered(_, id) => vec![("in_response_to", Value::from(id.as_str()))],
        };
        found.into_iter().filter_map(|(field, found)| self.field(field, expected.get(field), found)).collect()
    }

    /// All attributes have to be listed, except where some are encrypted, which are not.
    fn attributes(self, expected: &Value, login: &Login) -> Vec<String> {
        let mut found: BTreeMap<&str, Vec<Value>> = BTreeMap::new();
        for attribute in login.attributes() {
            found.entry(attribute.name()).or_default().extend(attribute.values().iter().map(value));
        }
        let Some(listed) = expected.get("attributes").and_then(Value::as_object) else { return Vec::new() };
        let mut different: Vec<String> = Vec::new();
        for (name, values) in listed {
            let values_found = found.remove(name.as_str()).map_or(Value::Null, Value::from);
            different.extend(self.field(&format!("attribute {name:?}"), Some(values), values_found));
        }
        let complete = expected.get("encrypted_attributes").and_then(Value::as_bool) != Some(true);
        different
            .extend(found.keys().filter(|_| complete).map(|name| format!("attribute {name:?}, which is not listed")));
        different
    }

    fn entity(self, expected: &Value, idp: &IdentityProvider) -> Vec<String> {
        let digests: Vec<Value> = idp.signing_keys().iter().filter_map(certificate_sha256).collect();
        let wanted = idp.authn_request_signing() == AuthnRequestSigning::Wanted;
        let fields = [
            ("entity_id", Value::from(idp.entity_id().as_str())),
            ("signing_certs", Value::from(idp.signing_keys().len())),
            ("signing_sha256", Value::from(digests)),
            ("encryption_certs", Value::from(idp.encryption_certificates().len())),
            ("name_id_formats", idp.name_id_formats().collect()),
            ("want_authn_requests_signed", Value::from(wanted)),
        ];
        let found = fields.into_iter().filter_map(|(field, found)| self.field(field, expected.get(field), found));
        let mut different: Vec<String> = found.collect();
        different.extend(self.endpoints("sso", expected, idp.single_sign_on()));
        different.extend(self.endpoints("slo", expected, idp.single_logout()));
        let limit = |value: &Value| value.as_str().and_then(input::instant);
        different.extend(expected.get("valid_until").filter(|it| limit(it) != idp.valid_until()).map(|it| {
            format!("valid_until: {:?} instead of {it}", idp.valid_until().map(|it: DateTime<Utc>| it.to_rfc3339()))
        }));
        different
    }

    fn endpoints(self, field: &str, expected: &Value, found: &[Endpoint]) -> Option<String> {
        let found: Value = found.iter().map(endpoint).collect();
        let expected = expected.get(field)?.as_array()?.iter().map(|endpoint| {
            let field = |name: &str| endpoint.get(name).and_then(Value::as_str);
            let response_location = field("response_location").or(field("location"));
            [field("binding"), field("location"), response_location].into_iter().map(Value::from).collect::<Value>()
        });
        self.field(field, Some(&expected.collect()), found)
    }

    /// Tells how a field differs. A field that is not listed may be anything.
    fn field(self, name: &str, expected: Option<&Value>, found: Value) -> Option<String> {
        let expected = expected?;
        // Null and false are one: it is not said whether requests should be signed.
        let unsaid = name == "want_authn_requests_signed" && expected.is_null() && found == Value::Bool(false);
        (!unsaid && self.normal(expected) != self.normal(&found))
            .then(|| format!("{name}: {found} instead of {expected}"))
    }

    fn normal(self, value: &Value) -> Value {
        match value {
            Value::String(text) if self == Self::Trimmed => Value::from(text.trim_matches([' ', '\t', '\n', '\r'])),
            Value::Array(values) => values.iter().map(|value| self.normal(value)).collect(),
            other => other.clone(),
        }
    }
}

fn value(value: &AttributeValue) -> Value {
    match value {
        AttributeValue::Text(text) => Value::from(text.as_str()),
        AttributeValue::Nested(nested) => Value::from(nested.text()),
        _ => Value::Null,
    }
}

fn endpoint(endpoint: &Endpoint) -> Value {
    [endpoint.binding().uri(), endpoint.location(), endpoint.response_location()].into_iter().map(Value::from).collect()
}

fn certificate_sha256(key: &VerifyingKey) -> Option<Value> {
    let fingerprint = key.certificate()?.fingerprint().to_string();
    Some(Value::from(fingerprint.replace(':', "").to_lowercase()))
}

fn strings(value: Option<&Value>) -> Vec<&str> {
    value.and_then(Value::as_array).into_iter().flatten().filter_map(Value::as_str).collect()
}
