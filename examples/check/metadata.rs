//! `check metadata`: what would be kept of a metadata document.

use chrono::{DateTime, Utc};
use saml_sp::metadata::{AuthnRequestSigning, Endpoint};
use saml_sp::{Certificate, IdentityProvider, Rejection, VerifyingKey};
use serde_json::{Value, json};

use crate::cli::{Form, MetadataArguments, Problem};
use crate::input;
use crate::layout::Layout;
use crate::report::{refusal_json, write_refusal};
use crate::response::instant;
use crate::{Report, Verdict, trust};

/// Reads the document of the command line.
pub(crate) fn run(arguments: &MetadataArguments) -> Result<Report, Problem> {
    let octets = input::read(&arguments.file)?;
    let read = trust::from_metadata(&octets, arguments.entity_id.as_deref(), arguments.at);
    let text = match arguments.form {
        Form::Text => text(&read, arguments.at),
        Form::Json => format!("{:#}\n", json(&read, arguments.at)),
    };
    let verdict = if read.is_ok() { Verdict::Accepted } else { Verdict::Rejected };
    Ok(Report { text, verdict })
}

fn text(read: &Result<IdentityProvider, Rejection>, now: DateTime<Utc>) -> String {
    let mut layout = Layout::default();
    match read {
        Ok(idp) => {
            layout.heading("ACCEPTED");
            write_identity_provider(&mut layout, idp);
            write_warnings(&mut layout, idp, now);
        }
        Err(rejection) => {
            layout.heading(&format!("REJECTED: {}", rejection.category()));
            write_refusal(&mut layout, rejection);
        }
    }
    layout.into_text()
}

fn write_identity_provider(layout: &mut Layout, idp: &IdentityProvider) {
    layout.heading("Identity provider");
    layout.field(2, "entityID", idp.entity_id().as_str());
    if let Some(limit) = idp.valid_until() {
        layout.field(2, "valid until", &instant(limit));
    }
    if let Some(duration) = idp.cache_duration() {
        layout.field(2, "ask again", &format!("after {} s", duration.num_seconds()));
    }
    layout.field(
        2,
        "requests",
        match idp.authn_request_signing() {
            AuthnRequestSigning::Wanted => "it wants them to be signed",
            AuthnRequestSigning::NotWanted => "it does not ask for signed ones",
        },
    );
    for format in idp.name_id_formats() {
        layout.field(2, "NameID", format);
    }
    write_endpoints(layout, "Single sign-on", idp.single_sign_on(), Some(idp.sso_endpoint()));
    write_endpoints(layout, "Single logout", idp.single_logout(), idp.slo_endpoint());
    layout.heading("Signing keys");
    for key in idp.signing_keys() {
        write_key(layout, key);
    }
    if !idp.encryption_certificates().is_empty() {
        layout.heading("Encryption certificates");
    }
    for certificate in idp.encryption_certificates() {
        layout.field(2, "key", &certificate.key_type().to_string());
        write_certificate(layout, certificate);
    }
}

fn write_endpoints(layout: &mut Layout, heading: &str, endpoints: &[Endpoint], used: Option<&Endpoint>) {
    layout.heading(heading);
    if endpoints.is_empty() {
        layout.line(2, "none");
    }
    for endpoint in endpoints {
        let uri = endpoint.binding().uri();
        let name = uri.rsplit(':').next().unwrap_or(uri);
        let mark = if Some(endpoint) == used { " (used)" } else { "" };
        layout.line(2, &format!("{name}{mark}"));
        layout.field(4, "location", endpoint.location());
        if endpoint.response_location() != endpoint.location() {
            layout.field(4, "responses", endpoint.response_location());
        }
    }
}

fn write_key(layout: &mut Layout, key: &VerifyingKey) {
    layout.field(2, "key", &key.key_type().to_string());
    layout.field(4, "SHA-256", &key.fingerprint().to_string());
    if let Some(certificate) = key.certificate() {
        write_certificate(layout, certificate);
    }
}

fn write_certificate(layout: &mut Layout, certificate: &Certificate) {
    layout.field(2, "certificate", &format!("{:?}", certificate.subject()));
    layout.field(4, "SHA-256", &certificate.fingerprint().to_string());
    let dates = format!("{} to {}", instant(certificate.not_before()), instant(certificate.not_after()));
    layout.field(4, "valid", &dates);
}

fn write_warnings(layout: &mut Layout, idp: &IdentityProvider, now: DateTime<Utc>) {
    let warnings = idp.warnings(now);
    layout.heading(if warnings.is_empty() { "Warnings: none" } else { "Warnings" });
    for warning in warnings {
        layout.field(2, "warning", &warning.to_string());
    }
}

fn json(read: &Result<IdentityProvider, Rejection>, now: DateTime<Utc>) -> Value {
    match read {
        Ok(idp) => json!({
            "verdict": "accepted",
            "rejection": null,
            "identity_provider": identity_provider_json(idp, now),
        }),
        Err(rejection) => json!({
            "verdict": "rejected",
            "rejection": refusal_json(rejection),
            "identity_provider": null,
        }),
    }
}

fn identity_provider_json(idp: &IdentityProvider, now: DateTime<Utc>) -> Value {
    json!({
        "entity_id": idp.entity_id().as_str(),
        "single_sign_on": idp.single_sign_on().iter().map(endpoint_json).collect::<Value>(),
        "single_logout": idp.single_logout().iter().map(endpoint_json).collect::<Value>(),
        "signing_keys": idp.signing_keys().iter().map(key_json).collect::<Value>(),
        "encryption_certificates": idp.encryption_certificates().iter().map(certificate_json).collect::<Value>(),
        "name_id_formats": idp.name_id_formats().collect::<Vec<_>>(),
        "wants_signed_requests": idp.authn_request_signing() == AuthnRequestSigning::Wanted,
        "valid_until": idp.valid_until().map(instant),
        "cache_duration_seconds": idp.cache_duration().map(|duration| duration.num_seconds()),
        "warnings": idp.warnings(now).iter().map(ToString::to_string).collect::<Vec<_>>(),
    })
}

fn endpoint_json(endpoint: &Endpoint) -> Value {
    json!({
        "binding": endpoint.binding().uri(),
        "location": endpoint.location(),
        "response_location": endpoint.response_location(),
    })
}

fn key_json(key: &VerifyingKey) -> Value {
    json!({
        "type": key.key_type().to_string(),
        "sha256": key.fingerprint().to_string(),
        "certificate": key.certificate().map(certificate_json),
    })
}

fn certificate_json(certificate: &Certificate) -> Value {
    json!({
        "type": certificate.key_type().to_string(),
        "subject": certificate.subject(),
        "sha256": certificate.fingerprint().to_string(),
        "not_before": instant(certificate.not_before()),
        "not_after": instant(certificate.not_after()),
    })
}
