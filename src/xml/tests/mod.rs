//! The xml module against the attack catalogue; functions are named after its rows.

#![allow(clippy::arithmetic_side_effects, clippy::string_slice, reason = "a panic fails a test, as it should")]

mod characters;
mod cursor;
mod identifiers;
mod limits;
mod markup;
mod names;
mod properties;
mod tree;

use super::{Document, Node, Profile};
use crate::error::{Reason, Rejection};
use crate::limits::Limits;

const BOTH: [Profile; 2] = [Profile::Message, Profile::Metadata];

fn parse(profile: Profile, text: impl AsRef<[u8]>) -> Result<Document, Rejection> {
    let limits = match profile {
        Profile::Message => Limits::message(),
        Profile::Metadata => Limits::metadata(),
    };
    Document::parse(text.as_ref().to_vec(), profile, &limits)
}

#[track_caller]
fn accepts(profile: Profile, text: impl AsRef<[u8]>) -> Document {
    match parse(profile, &text) {
        Ok(document) => document,
        Err(rejection) => panic!("{profile:?} refuses {}: {rejection:?}", shown(text.as_ref())),
    }
}

#[track_caller]
fn refuses(profile: Profile, text: impl AsRef<[u8]>, reason: impl Into<Reason>) -> Rejection {
    match parse(profile, &text) {
        Ok(document) => panic!("{profile:?} accepts {} as {}", shown(text.as_ref()), shape(document.root())),
        Err(rejection) => {
            assert_eq!(rejection.reason(), reason.into(), "{profile:?}: {}: {rejection:?}", shown(text.as_ref()));
            rejection
        }
    }
}

/// Every first document is refused for that reason and its twin, without the defect, is accepted; in both profiles.
#[track_caller]
fn twins(reason: impl Into<Reason> + Copy, pairs: &[(&str, &str)]) {
    for profile in BOTH {
        for (defect, twin) in pairs {
            refuses(profile, defect, reason);
            accepts(profile, twin);
        }
    }
}

fn shown(octets: &[u8]) -> String {
    octets.iter().take(200).flat_map(|octet| std::ascii::escape_default(*octet)).map(char::from).collect()
}

/// The tree in one line: `{namespace}name`, attributes in brackets, content in parentheses.
fn shape(node: Node<'_>) -> String {
    fn expanded(namespace: &str, local: &str) -> String {
        if namespace.is_empty() { local.to_owned() } else { format!("{{{namespace}}}{local}") }
    }
    if let Some(text) = node.as_text() {
        return format!("{text:?}");
    }
    let mut line = expanded(node.namespace(), node.local_name());
    for attribute in node.attributes() {
        let name = expanded(attribute.namespace(), attribute.local_name());
        line.push_str(&format!("[{name}={:?}]", attribute.value()));
    }
    let content: Vec<String> = node.children().map(shape).collect();
    format!("{line}({})", content.join(" "))
}

/// A signed response as identity providers send it, for truncation and mutation.
const RESPONSE: &str = r##"<?xml version="1.0" encoding="UTF-8"?>
<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" ID="_r1" Version="2.0" IssueInstant="2026-01-31T12:00:00Z" Destination="https://sp.example/acs?a=1&amp;b=2">
  <saml:Issuer>https://idp.example/metadata</saml:Issuer>
  <ds:Signature xmlns:ds="http://www.w3.org/2000/09/xmldsig#"><ds:SignedInfo><ds:CanonicalizationMethod Algorithm="http://www.w3.org/2001/10/xml-exc-c14n#"/><ds:Reference URI="#_r1"><ds:DigestValue>47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=</ds:DigestValue></ds:Reference></ds:SignedInfo></ds:Signature>
  <samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Success"/></samlp:Status>
  <saml:Assertion ID='_a1' Version='2.0'><saml:Subject><saml:NameID>j&#252;rgen&#46;m&#xFC;ller@ex&#x61;mple.com</saml:NameID></saml:Subject>
    <saml:AttributeStatement><saml:Attribute Name="cn"><saml:AttributeValue xmlns:xs="http://www.w3.org/2001/XMLSchema" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xsi:type="xs:string">Jürgen &lt;Müller&gt; 中</saml:AttributeValue></saml:Attribute></saml:AttributeStatement>
  </saml:Assertion>
</samlp:Response>
"##;
