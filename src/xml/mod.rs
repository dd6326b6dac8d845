//! A hardened XML tree: no SAML knowledge.
//!
//! Accepts namespace-well-formed XML 1.0 in UTF-8 without a DOCTYPE, within [`Limits`](crate::Limits);
//! everything accepted here libxml2 reads without a diagnostic, with the same canonical form.

mod base64;
mod chars;
mod cursor;
mod document;
mod element;
mod parse;
mod tag;
#[cfg(test)]
mod tests;
mod tree;
mod write;

pub(crate) use base64::base64_binary;
pub(crate) use chars::{find_any, is_ncname, trim};
pub(crate) use cursor::Cursor;
pub(crate) use parse::Profile;
pub(crate) use tree::{Attribute, Document, NamespaceId, Node};
pub(crate) use write::{Writer, escape};

/// The namespace that the prefix `xml` is bound to.
pub(crate) const XML_NAMESPACE: &str = "http://www.w3.org/XML/1998/namespace";
/// The namespace of namespace declarations themselves.
pub(crate) const XMLNS_NAMESPACE: &str = "http://www.w3.org/2000/xmlns/";
/// XML Schema instance attributes (`xsi:type`, `xsi:nil`), legal on every element.
pub(crate) const XSI_NAMESPACE: &str = "http://www.w3.org/2001/XMLSchema-instance";
