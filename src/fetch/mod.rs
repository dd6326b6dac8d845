//! Fetching metadata from a URL that somebody else chose.
//!
//! The administrator of an organization types the URL, and the request leaves from inside the host's network: what
//! fetches it must not be led to an address that outsiders can't reach (server-side request forgery). [`MetadataUrl`]
//! holds the rules that a URL can be checked against by itself, [`AddressClass`] those for addresses.
//!
//! A host brings its own [`MetadataFetcher`], or takes `HttpFetcher` (feature `fetch`). Which identity provider the
//! octets describe, and whether they are trusted, is decided by whoever reads them, e.g. by
//! [`IdentityProvider`](crate::IdentityProvider).
//!
//! ```
//! use saml_sp::fetch::{FetchError, Fetched, MetadataFetcher, MetadataUrl, Validators};
//!
//! /// Answers from a table; a test needs no network.
//! struct Canned(Vec<u8>);
//!
//! impl MetadataFetcher for Canned {
//!     async fn fetch(&self, url: &MetadataUrl, _known: &Validators) -> Result<Fetched, FetchError> {
//!         Ok(Fetched::Document { octets: self.0.clone(), validators: Validators::none(), final_url: url.clone() })
//!     }
//! }
//! ```

mod address;
mod error;
#[cfg(feature = "fetch")]
mod http;
#[cfg(test)]
mod tests;
mod url;

pub use address::AddressClass;
pub use error::FetchError;
#[cfg(feature = "fetch")]
pub use http::{Dangerous, HttpFetcher};
pub use url::{EntityIdentifier, MetadataUrl};

use std::future::Future;

/// Gets the octets behind a metadata URL.
///
/// What an implementation has to see to, since the URL is an outsider's and may be a trap:
/// - every address that it connects to is [public](AddressClass::of), on each redirect too, and the address that was
///   checked is the one connected to: a second look-up of the name may answer something else;
/// - each redirect goes to a URL that [`MetadataUrl`] would take;
/// - size, time and the number of redirects are bounded; no proxy, cookies or credentials of the host are used.
pub trait MetadataFetcher {
    /// Fetches the document, unless it is still the one that `known` came with.
    fn fetch(&self, url: &MetadataUrl, known: &Validators) -> impl Future<Output = Result<Fetched, FetchError>> + Send;
}

/// What a fetch brought.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fetched {
    /// A document. Nobody has looked into it.
    Document {
        /// As they came, but for the transfer encoding.
        octets: Vec<u8>,
        /// To be given to the next fetch.
        validators: Validators,
        /// Where the octets came from, after all redirects.
        final_url: MetadataUrl,
    },
    /// The server says that it is still the document of those validators (RFC 9110, 15.4.5).
    NotModified,
}

/// What the server named an earlier document by, so that an unchanged one isn't sent again (RFC 9110, 8.8).
///
/// Both are opaque and chosen by the server. What could not stand in a header is dropped: the document is
/// fetched whole then.
///
/// ```
/// use saml_sp::fetch::Validators;
/// let known = Validators::none().with_etag("\"33a64df5\"").with_last_modified("broken\r\nCookie: x");
/// assert_eq!((known.etag(), known.last_modified()), (Some("\"33a64df5\""), None));
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validators {
    etag: Option<String>,
    last_modified: Option<String>,
}

impl Validators {
    /// Of a document that was never fetched.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// With the value of the `ETag` header.
    #[must_use]
    pub fn with_etag(mut self, etag: &str) -> Self {
        self.etag = header_value(etag);
        self
    }

    /// With the value of the `Last-Modified` header.
    #[must_use]
    pub fn with_last_modified(mut self, last_modified: &str) -> Self {
        self.last_modified = header_value(last_modified);
        self
    }

    /// For `If-None-Match`.
    #[must_use]
    pub fn etag(&self) -> Option<&str> {
        self.etag.as_deref()
    }

    /// For `If-Modified-Since`.
    #[must_use]
    pub fn last_modified(&self) -> Option<&str> {
        self.last_modified.as_deref()
    }

    /// Whether there is none, so that "not modified" would be no answer.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.etag.is_none() && self.last_modified.is_none()
    }
}

fn header_value(text: &str) -> Option<String> {
    const MOST: usize = 1024;
    let is_plain = |byte: u8| byte.is_ascii_graphic() || byte == b' ';
    (!text.is_empty() && text.len() <= MOST && text.bytes().all(is_plain)).then(|| text.to_owned())
}
