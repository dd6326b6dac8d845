//! Identity providers, from plain fields or from SAML metadata (saml-metadata-2.0-os).
//!
//! Both ways end in [`IdentityProvider`], whose one constructor refuses what no login could be proven with.
//! Reading metadata is namespace-aware and goes through the hardened parser; roles, extensions and attributes
//! that a service provider has no use for are not read.

mod aggregate;
mod change;
mod endpoint;
mod fields;
mod identity_provider;
mod key_descriptor;
mod read;
mod role;
mod stored;
#[cfg(test)]
mod tests;
mod validity;
mod warning;

pub use aggregate::{Aggregate, AggregateError, AggregateIndex};
pub use change::{ChangeVerdict, KeyUse, MetadataChange, Service};
pub(crate) use endpoint::is_web_url;
pub use endpoint::{Endpoint, EndpointBinding};
pub use fields::IdentityProviderBuilder;
pub use identity_provider::{AuthnRequestSigning, IdentityProvider};
pub use read::{EntityChoice, MetadataSource, MetadataTrust};
pub use warning::MetadataWarning;

use crate::error::{Rejection, Schema};
use crate::keys::{Certificate, KeyError};
use crate::names::{SAML, SAMLP};
use crate::xml::{Node, base64_binary};

/// The namespace of metadata.
pub(crate) const MD: &str = "urn:oasis:names:tc:SAML:2.0:metadata";
/// The longest entityID that the schema allows, in characters (SAML Metadata 2.2.1).
const ENTITY_ID_MOST: usize = 1024;

/// Refuses characters between the children, and children of namespaces that the schema has no place for:
/// a look-alike of a foreign namespace is not quietly passed over.
fn check_children(element: Node<'_>, namespaces: &[&str]) -> Result<(), Rejection> {
    if element.has_mixed_content() {
        return Err(Rejection::new(Schema::Text).at(element.place()));
    }
    match element.elements().find(|child| !namespaces.contains(&child.namespace())) {
        Some(child) => Err(Rejection::new(Schema::ForeignNamespace).at(child.place()).finding(child.qualified_name())),
        None => Ok(()),
    }
}

/// Certificates as consoles and metadata give them; some publishers encode the PEM text once more.
fn read_certificates(text: &str) -> Result<Vec<Certificate>, KeyError> {
    match Certificate::all_from_text(text) {
        Err(KeyError::Certificate) => match encoded_pem(text) {
            Some(pem) => Certificate::all_from_text(&pem),
            None => Err(KeyError::Certificate),
        },
        read => read,
    }
}

fn encoded_pem(text: &str) -> Option<String> {
    String::from_utf8(base64_binary(text)?).ok().filter(|text| text.starts_with("-----BEGIN "))
}
