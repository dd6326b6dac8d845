//! SAML protocol messages (SAML Core 3): what can be read of them before anything is verified.

mod received;
mod response;
mod status;

pub use received::{Received, SolicitedResponse, UnsolicitedResponse};
pub(crate) use response::{Asserted, Response};
pub(crate) use status::Status;

/// The namespace of protocol messages.
pub(crate) const SAMLP: &str = "urn:oasis:names:tc:SAML:2.0:protocol";
/// The namespace of assertions.
pub(crate) const SAML: &str = "urn:oasis:names:tc:SAML:2.0:assertion";
