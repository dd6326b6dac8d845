//! Every refusal with its exact code, and the same document without the defect beside it.
#![allow(clippy::string_slice, clippy::arithmetic_side_effects, reason = "a test fails by panicking")]

mod cost;
mod endpoints;
mod entities;
mod fields;
mod keys;
mod trust;

use chrono::{DateTime, Utc};

use super::*;
use crate::keys::VerifyingKey;

macro_rules! pem {
    ($name:literal) => {
        include_str!(concat!("../../keys/fixtures/", $name, ".pem"))
    };
}
use pem;

const RSA: &str = pem!("rsa2048.crt");
const RSA3072: &str = pem!("rsa3072.crt");
const EC: &str = pem!("p256.crt");

const ID: &str = "https://idp.example.com/metadata";
const SSO: &str = r#"<md:SingleSignOnService Binding="urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect" Location="https://idp.example.com/sso"/>"#;

fn at(text: &str) -> DateTime<Utc> {
    text.parse().unwrap()
}

fn now() -> DateTime<Utc> {
    at("2027-01-01T00:00:00Z")
}

/// The base64 of a PEM file without its first and last line.
fn body(pem: &str) -> String {
    pem.lines().filter(|line| !line.starts_with('-')).collect::<Vec<_>>().join("\n")
}

fn certificate(pem: &str) -> Certificate {
    Certificate::from_pem(pem).unwrap()
}

fn key(pem: &str) -> VerifyingKey {
    VerifyingKey::from(certificate(pem))
}

fn x509_data(pem: &str) -> String {
    format!("<ds:X509Data><ds:X509Certificate>{}</ds:X509Certificate></ds:X509Data>", body(pem))
}

/// A KeyDescriptor with those attributes (a leading space included) and that content of its KeyInfo.
fn key_descriptor(attributes: &str, key_info: &str) -> String {
    format!("<md:KeyDescriptor{attributes}><ds:KeyInfo>{key_info}</ds:KeyInfo></md:KeyDescriptor>")
}

fn signing_key(pem: &str) -> String {
    key_descriptor(r#" use="signing""#, &x509_data(pem))
}

fn role(attributes: &str, content: &str) -> String {
    format!(r#"<md:IDPSSODescriptor protocolSupportEnumeration="{SAMLP}"{attributes}>{content}</md:IDPSSODescriptor>"#)
}

/// The role that is all right.
fn good_role() -> String {
    role("", &(signing_key(RSA) + SSO))
}

const DECLARATIONS: &str =
    r#"xmlns:md="urn:oasis:names:tc:SAML:2.0:metadata" xmlns:ds="http://www.w3.org/2000/09/xmldsig#""#;

fn entity(id: &str, attributes: &str, content: &str) -> String {
    format!(r#"<md:EntityDescriptor {DECLARATIONS} entityID="{id}"{attributes}>{content}</md:EntityDescriptor>"#)
}

fn group(attributes: &str, content: &str) -> String {
    format!("<md:EntitiesDescriptor {DECLARATIONS}{attributes}>{content}</md:EntitiesDescriptor>")
}

/// The document of one entity with that content of its role.
fn document(role_content: &str) -> String {
    entity(ID, "", &role("", role_content))
}

fn read(xml: &str) -> Result<IdentityProvider, Rejection> {
    IdentityProvider::from_metadata(xml, &EntityChoice::Only, &MetadataTrust::ObtainedSecurely, now())
}

fn accepted(xml: &str) -> IdentityProvider {
    read(xml).unwrap_or_else(|rejection| panic!("{}", rejection.report()))
}

/// The code of the refusal; panics with the document if there is none.
#[track_caller]
fn code(xml: &str) -> &'static str {
    match read(xml) {
        Ok(_) => panic!("accepted: {xml}"),
        Err(rejection) => rejection.code(),
    }
}
