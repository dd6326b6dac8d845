//! Endpoints (SAML Metadata 2.2.2) and the URLs that are allowed in them.

use url::Url;

use crate::error::{Metadata, Rejection, Schema};
use crate::xml::{Node, trim};

/// The binding of an endpoint: how messages travel there.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EndpointBinding {
    /// HTTP-Redirect (SAML Bindings 3.4).
    HttpRedirect,
    /// HTTP-POST (SAML Bindings 3.5).
    HttpPost,
    /// HTTP-Artifact (SAML Bindings 3.6). Not used by this crate.
    HttpArtifact,
    /// SOAP (SAML Bindings 3.2). Not used by this crate.
    Soap,
    /// Any other, by its URI. Not used by this crate.
    Other(String),
}

const HTTP_REDIRECT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect";
const HTTP_POST: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST";
const HTTP_ARTIFACT: &str = "urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Artifact";
const SOAP: &str = "urn:oasis:names:tc:SAML:2.0:bindings:SOAP";

impl EndpointBinding {
    /// The binding of that URI.
    #[must_use]
    pub fn from_uri(uri: &str) -> Self {
        match uri {
            HTTP_REDIRECT => Self::HttpRedirect,
            HTTP_POST => Self::HttpPost,
            HTTP_ARTIFACT => Self::HttpArtifact,
            SOAP => Self::Soap,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The URI that names the binding.
    #[must_use]
    pub fn uri(&self) -> &str {
        match self {
            Self::HttpRedirect => HTTP_REDIRECT,
            Self::HttpPost => HTTP_POST,
            Self::HttpArtifact => HTTP_ARTIFACT,
            Self::Soap => SOAP,
            Self::Other(uri) => uri,
        }
    }
}

/// Where the identity provider takes messages, and over which binding (SAML Metadata 2.2.2).
///
/// The URLs are absolute `http` or `https` URLs without user information or fragment, exactly as they were given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Endpoint {
    binding: EndpointBinding,
    location: String,
    /// Only where it differs.
    response_location: Option<String>,
}

impl Endpoint {
    /// None if the location is no URL to send a browser to.
    pub(super) fn new(binding: EndpointBinding, location: &str) -> Option<Self> {
        let location = web_url(location)?;
        Some(Self { binding, location, response_location: None })
    }

    /// None if it is no URL to send a browser to.
    pub(super) fn with_response_location(self, url: &str) -> Option<Self> {
        let response_location = Some(web_url(url)?).filter(|url| *url != self.location);
        Some(Self { response_location, ..self })
    }

    /// # Errors
    /// `schema.missing`. A URL that is none is the business of the caller.
    pub(super) fn read(element: Node<'_>) -> Result<Result<Self, BadUrl<'_>>, Rejection> {
        let binding = EndpointBinding::from_uri(trim(required(element, "Binding")?));
        let location = required(element, "Location")?;
        let response_location = element.attribute("ResponseLocation");
        let read = |text| web_url(text).ok_or(BadUrl { element, text });
        Ok(read(location).and_then(|location| {
            let response_location = response_location.map(read).transpose()?.filter(|url| *url != location);
            Ok(Self { binding, location, response_location })
        }))
    }

    /// The binding.
    #[must_use]
    pub fn binding(&self) -> &EndpointBinding {
        &self.binding
    }

    /// Where requests go.
    #[must_use]
    pub fn location(&self) -> &str {
        &self.location
    }

    /// Where responses go: `ResponseLocation`, or the location where there is none.
    #[must_use]
    pub fn response_location(&self) -> &str {
        self.response_location.as_deref().unwrap_or(&self.location)
    }

    /// Whether this crate ever sends somebody there.
    pub(super) fn is_used(&self) -> bool {
        matches!(self.binding, EndpointBinding::HttpRedirect | EndpointBinding::HttpPost)
    }

    /// Scheme and authority of its URLs.
    pub(super) fn hosts(&self) -> [String; 2] {
        [self.location(), self.response_location()].map(|url| {
            let end = url.match_indices(['/', '?']).map(|(at, _)| at).find(|at| *at > "https://".len());
            end.and_then(|end| url.get(..end)).unwrap_or(url).to_ascii_lowercase()
        })
    }

    pub(super) fn is_plain_http(&self) -> bool {
        [self.location(), self.response_location()].iter().any(|url| has_scheme(url, "http://"))
    }
}

/// An endpoint with a location that is no URL to send a browser to.
///
/// No rejection yet, since there may be many and finding the line of one takes a walk through the whole document.
#[derive(Clone, Copy)]
pub(super) struct BadUrl<'d> {
    element: Node<'d>,
    pub(super) text: &'d str,
}

impl BadUrl<'_> {
    /// `metadata.endpoint`.
    pub(super) fn rejection(self) -> Rejection {
        Rejection::new(Metadata::Endpoint)
            .at(self.element.place())
            .expecting("an http or https URL without user name or fragment")
            .finding(self.text)
    }
}

/// The endpoint that a message to the identity provider goes to: Redirect is preferred, POST taken where
/// only that is offered.
pub(super) fn preferred(endpoints: &[Endpoint]) -> Option<&Endpoint> {
    let over = |binding: EndpointBinding| endpoints.iter().find(move |endpoint| endpoint.binding == binding);
    over(EndpointBinding::HttpRedirect).or_else(|| over(EndpointBinding::HttpPost))
}

fn required<'d>(element: Node<'d>, name: &str) -> Result<&'d str, Rejection> {
    element.attribute(name).ok_or_else(|| Rejection::new(Schema::Missing).at(element.place()).expecting(name))
}

fn web_url(text: &str) -> Option<String> {
    let text = trim(text);
    is_web_url(text).then(|| text.to_owned())
}

/// Whether a browser may be sent there: an absolute http or https URL of printable ASCII without user
/// information or fragment, which no server gets to see.
///
/// The URL standard repairs much (`https:host`, backslashes, line breaks); a URL that is kept as it was
/// given, compared to the letter and written into headers must not need that.
pub(crate) fn is_web_url(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'"' | b'<' | b'>' | b'#');
    let scheme = ["https://", "http://"].into_iter().find(|scheme| has_scheme(text, scheme));
    let Some(rest) = scheme.and_then(|scheme| text.get(scheme.len()..)) else { return false };
    let authority = rest.split(['/', '?']).next().unwrap_or_default();
    !authority.is_empty() && !authority.contains('@') && text.bytes().all(is_plain) && Url::parse(text).is_ok()
}

fn has_scheme(text: &str, scheme: &str) -> bool {
    text.get(..scheme.len()).is_some_and(|start| start.eq_ignore_ascii_case(scheme))
}
