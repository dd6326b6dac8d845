//! XML Signature in the one shape that SAML allows (SAML Core 5.4): no SAML knowledge beyond that.
//!
//! [`verify`] and [`Detached::verify`] are the only makers of a [`Signed`], and a `Signed` is the only thing that assertions,
//! logout requests and signed metadata can be read from.

mod c14n;
mod detached;
#[cfg(feature = "xmlsec")]
mod second_opinion;
mod sign;
mod signature;
mod streamed;
#[cfg(test)]
mod tests;
mod verify;

pub(crate) use detached::Detached;
#[cfg(feature = "xmlsec")]
pub(crate) use second_opinion::{Opinion, second_opinion};
pub(crate) use sign::sign_enveloped;
pub(crate) use signature::{Position, signature_of};
pub(crate) use streamed::Streamed;
pub(crate) use verify::{Algorithms, Permission, Signed, verify};
#[cfg(any(test, feature = "testing"))]
pub(crate) use {
    c14n::{Method, Rule, canonicalize},
    sign::digest_uri,
    signature::read_c14n,
    verify::digest_of,
};

/// The namespace of XML Signature.
pub(crate) const DS: &str = "http://www.w3.org/2000/09/xmldsig#";
/// The namespace of the XML Signature 1.1 additions, met inside KeyInfo.
pub(crate) const DS11: &str = "http://www.w3.org/2009/xmldsig11#";
/// Exclusive canonicalization, the algorithm and the namespace of InclusiveNamespaces.
pub(crate) const EXCLUSIVE_C14N: &str = "http://www.w3.org/2001/10/xml-exc-c14n#";
/// The enveloped-signature transform (XML-DSig 6.6.4).
pub(crate) const ENVELOPED_SIGNATURE: &str = "http://www.w3.org/2000/09/xmldsig#enveloped-signature";
