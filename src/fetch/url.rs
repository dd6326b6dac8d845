//! The URL that metadata is fetched from.

use std::fmt;

use url::{Host, Url};

use super::FetchError;
use crate::crypto::{DigestAlgorithm, DigestValue};
use crate::names::EntityId;
use crate::stored::{Decoder, Encoder, StoredError};

/// A URL that metadata may be fetched from: absolute, `https`, with a host, without user information or fragment, on
/// port 443 or from 1024 up (below are services that a request could be smuggled to).
///
/// It is kept as the URL standard writes it, so that every reader sees the same host: `https://0x7f.1/` is
/// `https://127.0.0.1/`. Whether the host's addresses may be connected to is known after they have been looked up.
///
/// ```
/// use saml_sp::fetch::MetadataUrl;
/// assert!(MetadataUrl::new("https://idp.example.com/metadata?app=7").is_ok());
/// assert_eq!(MetadataUrl::new("http://idp.example.com/").unwrap_err().code(), "fetch.scheme");
/// ```
#[derive(Clone, PartialEq, Eq)]
pub struct MetadataUrl {
    url: Url,
    schemes: Schemes,
}

/// How a metadata query names an entity.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EntityIdentifier {
    /// By its entityID.
    EntityId,
    /// By `{sha1}` and the SHA-1 of its entityID, which some servers want. It is a name, no proof.
    Sha1,
}

/// What a URL, and every redirect from there, may begin with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Schemes {
    Https,
    HttpAndHttps,
}

impl MetadataUrl {
    /// Checks a URL as it was typed; white space around it is dropped.
    ///
    /// # Errors
    /// `fetch.url`, `fetch.scheme`, `fetch.userinfo`, `fetch.fragment`, `fetch.port`.
    pub fn new(text: &str) -> Result<Self, FetchError> {
        Self::parse(text, Schemes::Https)
    }

    /// The same, and plain `http` passes, here and on redirects (port 80 too).
    ///
    /// Anybody between the two ends can replace the document, and with it the key that logins are proven with. For
    /// tests on one machine, or metadata whose signature is verified with a key that was obtained otherwise.
    ///
    /// # Errors
    /// As for [`MetadataUrl::new`].
    pub fn dangerous_allow_http(text: &str) -> Result<Self, FetchError> {
        Self::parse(text, Schemes::HttpAndHttps)
    }

    /// Where a metadata query server (MDQ, draft-young-md-query-saml) has that one entity, below its base URL. What comes
    /// is an `md:EntityDescriptor`; believe it by the federation's signature.
    ///
    /// ```
    /// use saml_sp::EntityId;
    /// use saml_sp::fetch::{EntityIdentifier, MetadataUrl};
    /// let (base, entity) = ("https://mdq.example.org/", EntityId::new("http://example.org/service"));
    /// let plain = MetadataUrl::of_entity(base, &entity, EntityIdentifier::EntityId)?;
    /// assert_eq!(plain.as_str(), "https://mdq.example.org/entities/http%3A%2F%2Fexample.org%2Fservice");
    /// let hashed = MetadataUrl::of_entity(base, &entity, EntityIdentifier::Sha1)?;
    /// let sha1 = "11d72e8cf351eb6c75c721e838f469677ab41bdb";
    /// assert_eq!(hashed.as_str(), format!("https://mdq.example.org/entities/%7Bsha1%7D{sha1}"));
    /// # Ok::<_, saml_sp::fetch::FetchError>(())
    /// ```
    ///
    /// # Errors
    /// As for [`MetadataUrl::new`].
    pub fn of_entity(base: &str, entity: &EntityId, identifier: EntityIdentifier) -> Result<Self, FetchError> {
        let identifier = match identifier {
            EntityIdentifier::EntityId => entity.to_string(),
            EntityIdentifier::Sha1 => {
                let digest = DigestValue::of(DigestAlgorithm::Sha1, entity.as_str().as_bytes());
                let digits: String = digest.as_ref().iter().map(|octet| format!("{octet:02x}")).collect();
                format!("{{sha1}}{digits}")
            }
        };
        Self::new(&format!("{}/entities/{}", base.trim().trim_end_matches('/'), percent_encoded(&identifier)))
    }

    fn parse(text: &str, schemes: Schemes) -> Result<Self, FetchError> {
        let text = text.trim();
        // The URL standard would drop or turn them.
        if text.chars().any(|found| found.is_whitespace() || found.is_control() || found == '\\') {
            return Err(FetchError::Malformed);
        }
        let url = Url::parse(text).map_err(|_| FetchError::Malformed)?;
        if url.fragment().is_some() {
            return Err(FetchError::Fragment);
        }
        Self::checked(url, schemes)
    }

    fn checked(mut url: Url, schemes: Schemes) -> Result<Self, FetchError> {
        match (url.scheme(), schemes) {
            ("https", _) | ("http", Schemes::HttpAndHttps) => {}
            _ => return Err(FetchError::Scheme),
        }
        if !url.username().is_empty() || url.password().is_some() {
            return Err(FetchError::UserInfo);
        }
        match url.port() {
            None | Some(1024..) => {}
            Some(port) => return Err(FetchError::Port { port }),
        }
        drop_root_dot(&mut url)?;
        Ok(Self { url, schemes })
    }

    /// The bytes to store with a registration.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let schemes = match self.schemes {
            Schemes::Https => 0,
            Schemes::HttpAndHttps => 1,
        };
        Encoder::new(1).byte(schemes).text(self.as_str()).finish()
    }

    pub(crate) fn from_bytes(octets: &[u8]) -> Result<Self, StoredError> {
        let mut decoder = Decoder::new(octets, 1)?;
        let schemes = match decoder.byte()? {
            0 => Schemes::Https,
            1 => Schemes::HttpAndHttps,
            _ => return Err(StoredError::Damaged),
        };
        let url = Self::parse(&decoder.text()?, schemes).map_err(|_| StoredError::Damaged)?;
        decoder.finish().map(|()| url)
    }

    /// The URL as the URL standard writes it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.url.as_str()
    }

    /// The host: a name in lower case, in its ASCII form and without the dot of the root, or an address.
    #[must_use]
    pub fn host(&self) -> &str {
        self.url.host_str().unwrap_or_default()
    }

    /// Where a redirect from here leads (RFC 9110, 10.2.2), by the rules of this URL. Its fragment is no business of
    /// the server's.
    ///
    /// # Errors
    /// As for [`MetadataUrl::new`], without `fetch.fragment`.
    pub fn redirected(&self, location: &str) -> Result<Self, FetchError> {
        let mut url = self.url.join(location).map_err(|_| FetchError::Malformed)?;
        url.set_fragment(None);
        Self::checked(url, self.schemes)
    }

    /// The port, of the scheme where none is written.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.url.port_or_known_default().unwrap_or_default()
    }
}

impl fmt::Display for MetadataUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

impl fmt::Debug for MetadataUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "MetadataUrl({:?})", self.as_str())
    }
}

/// Everything but the unreserved characters of RFC 3986 2.3.
fn percent_encoded(text: &str) -> String {
    let is_plain = |octet: u8| octet.is_ascii_alphanumeric() || matches!(octet, b'-' | b'.' | b'_' | b'~');
    let encoded = |octet: u8| if is_plain(octet) { char::from(octet).to_string() } else { format!("%{octet:02X}") };
    text.bytes().map(encoded).collect()
}

/// `idp.example.com.` is the same host as without the dot, but no certificate and no list has it.
fn drop_root_dot(url: &mut Url) -> Result<(), FetchError> {
    let Some(Host::Domain(name)) = url.host() else {
        return if url.has_host() { Ok(()) } else { Err(FetchError::Malformed) };
    };
    let bare = name.trim_end_matches('.').to_owned();
    if bare.len() == name.len() {
        return Ok(());
    }
    url.set_host(Some(&bare)).map_err(|_| FetchError::Malformed)
}
