//! Answering requests.

use std::io::Read as _;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::{DateTime, Utc};
use url::Url;

use super::{FakeIdp, FakeResponse, TestingError};
use crate::limits::Limits;
use crate::login::Send;
use crate::names::{SAML, SAMLP};
use crate::xml::{Document, Profile};

impl FakeIdp {
    /// The response to an AuthnRequest, as the browser would bring it here: for the service provider that it is
    /// from, naming the request. A signature on the request is not verified.
    ///
    /// # Errors
    /// [`TestingError::Template`] or [`TestingError::Request`] when it holds no AuthnRequest.
    pub fn answer(&self, send: &Send, acs_url: &str, now: DateTime<Utc>) -> Result<FakeResponse<'_>, TestingError> {
        let octets = message(send).ok_or(TestingError::Request)?;
        let document = Document::parse(octets, Profile::Message, &Limits::message())?;
        let request = document.root();
        let issuer = request.elements().find(|child| child.is(SAML, "Issuer"));
        match (request.is(SAMLP, "AuthnRequest"), request.attribute("ID"), issuer) {
            (true, Some(id), Some(issuer)) => {
                Ok(self.response(issuer.text_content()?, acs_url, now).in_response_to(id))
            }
            _ => Err(TestingError::Request),
        }
    }
}

/// The octets of a message on its way.
pub(super) fn message(send: &Send) -> Option<Vec<u8>> {
    match send {
        Send::Redirect(url) => inflated(url),
        Send::Post(form) => form.fields().find(|(name, _)| holds_message(name)).and_then(|(_, value)| decoded(value)),
    }
}

fn holds_message(name: &str) -> bool {
    matches!(name, "SAMLRequest" | "SAMLResponse")
}

fn inflated(url: &str) -> Option<Vec<u8>> {
    let url = Url::parse(url).ok()?;
    let (_, value) = url.query_pairs().find(|(name, _)| holds_message(name))?;
    let mut octets = Vec::new();
    flate2::read::DeflateDecoder::new(decoded(&value)?.as_slice()).read_to_end(&mut octets).ok()?;
    Some(octets)
}

fn decoded(value: &str) -> Option<Vec<u8>> {
    BASE64_STANDARD.decode(value).ok()
}
