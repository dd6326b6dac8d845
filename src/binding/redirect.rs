//! The HTTP-Redirect binding (SAML Bindings 3.4), over the octets of the query as they travelled.

use std::cell::RefCell;
use std::fmt;

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress, Status};
use url::form_urlencoded;

use crate::dsig::{Algorithms, DS, Detached, Signed};
use crate::error::{Binding, Deviation, Deviations, Redirect, Rejection, Schema, SigningError};
use crate::keys::{SigningKey, VerifyingKey};
use crate::limits::Limits;
use crate::names::{EntityId, SAML, SAMLP, Unverified};
use crate::xml::{Document, Profile, base64_binary, trim};

use super::RelayState;

/// The DEFLATE encoding, the only one (SAML Bindings 3.4.4.1).
const DEFLATE: &str = "urn:oasis:names:tc:SAML:2.0:bindings:URL-Encoding:DEFLATE";

/// Which of the two message parameters a message travels in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parameter {
    /// `SAMLRequest`.
    Request,
    /// `SAMLResponse`.
    Response,
}

impl Parameter {
    /// The name of the parameter or form field.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Request => "SAMLRequest",
            Self::Response => "SAMLResponse",
        }
    }

    /// SAML Bindings 3.4.3, 3.5.3: requests travel as `SAMLRequest`, responses as `SAMLResponse`.
    ///
    /// # Errors
    /// `schema.element`.
    pub(crate) fn require_fit(self, document: &Document) -> Result<(), Rejection> {
        let (root, kind) = match self {
            Self::Request => (document.root(), "Request"),
            Self::Response => (document.root(), "Response"),
        };
        if root.namespace() == SAMLP && root.local_name().ends_with(kind) {
            return Ok(());
        }
        let expected = format!("a {kind} of the protocol in {}", self.name());
        Err(Rejection::new(Schema::Element).at(root.place()).expecting(expected).finding(root.qualified_name()))
    }
}

/// The URL that carries a message, signed if there is a key (3.4.4.1).
///
/// # Errors
/// [`SigningError`]: a message that can't be signed is not sent.
pub(crate) fn url(
    endpoint: &str,
    parameter: Parameter,
    xml: &str,
    relay_state: Option<&str>,
    key: Option<&SigningKey>,
) -> Result<String, SigningError> {
    let mut query = format!("{}={}", parameter.name(), escape(&BASE64_STANDARD.encode(deflate(xml)?)));
    if let Some(relay_state) = relay_state {
        query.push_str("&RelayState=");
        query.push_str(&escape(relay_state));
    }
    if let Some(key) = key {
        query.push_str("&SigAlg=");
        query.push_str(&escape(key.algorithm().uri()));
        let signature = key.sign(query.as_bytes())?;
        query.push_str("&Signature=");
        query.push_str(&escape(&BASE64_STANDARD.encode(signature)));
    }
    let (endpoint, fragment) =
        endpoint.split_once('#').map_or((endpoint, None), |(url, fragment)| (url, Some(fragment)));
    let separator = if endpoint.contains('?') { '&' } else { '?' };
    let fragment = fragment.map(|fragment| format!("#{fragment}")).unwrap_or_default();
    Ok(format!("{endpoint}{separator}{query}{fragment}"))
}

/// Percent-encoding of everything but the unreserved characters (RFC 3986 section 2.3), a space as `%20`: most
/// software that encodes the value afresh before it verifies comes to the same octets.
fn escape(value: &str) -> String {
    let form: String = form_urlencoded::byte_serialize(value.as_bytes()).collect();
    // A literal plus sign is `%2B` by now, a literal percent sign `%25`.
    form.replace('+', "%20").replace('*', "%2A").replace("%7E", "~")
}

thread_local! {
    /// Kept, since it is 300 kB: to get that from the system and to give it back takes six times as long as to compress.
    static COMPRESSOR: RefCell<Compress> = RefCell::new(Compress::new(Compression::fast(), false));
}

fn deflate(xml: &str) -> Result<Vec<u8>, SigningError> {
    // What can't be compressed grows by a few octets a block.
    let most = xml.len().saturating_add(xml.len() / 8).saturating_add(128);
    let mut deflated = Vec::with_capacity(most);
    let status = COMPRESSOR.try_with(|compressor| {
        let mut compressor = compressor.borrow_mut();
        compressor.reset();
        compressor.compress_vec(xml.as_bytes(), &mut deflated, FlushCompress::Finish)
    });
    match status {
        Ok(Ok(Status::StreamEnd)) => Ok(deflated),
        _ => Err(SigningError::Encoding),
    }
}

/// A message that arrived in a query string.
///
/// Logout messages travel like this. A Response to a login may not (SAML Profiles 4.1.2).
pub struct RedirectMessage {
    parameter: Parameter,
    document: Document,
    relay_state: Option<RelayState>,
    signature: Option<Detached>,
}

/// The parameters of the binding, values as received.
#[derive(Default)]
struct Query<'q> {
    message: Option<(Parameter, &'q str)>,
    relay_state: Option<&'q str>,
    algorithm: Option<&'q str>,
    signature: Option<&'q str>,
    encoding: Option<&'q str>,
}

impl RedirectMessage {
    /// Reads the raw query string, without the `?`, exactly as it came over the wire.
    ///
    /// # Errors
    /// `binding.*`, `xml.*`, `dsig.duplicate_id`; `binding.wrong_binding` for the response to a login.
    pub fn parse(query: &str, limits: &Limits) -> Result<Self, Rejection> {
        if query.len() > limits.bytes() {
            return Err(Rejection::new(Binding::TooLarge).expecting(format!("at most {} characters", limits.bytes())));
        }
        let query = Query::read(query)?;
        let (parameter, message) = query
            .message
            .ok_or_else(|| Rejection::new(Binding::MissingParam).expecting("SAMLRequest or SAMLResponse"))?;
        if query.encoding.map(unescape).transpose()?.is_some_and(|encoding| encoding != DEFLATE) {
            return Err(Rejection::new(Redirect::UnsupportedEncoding).expecting(DEFLATE));
        }
        let deflated = unescape_base64(message)?.ok_or_else(|| Rejection::new(Binding::Base64))?;
        let document = Document::parse(inflate(&deflated, limits)?, Profile::Message, limits)?;
        if document.root().is(SAMLP, "Response") {
            return Err(Rejection::new(Redirect::WrongBinding).expecting("HTTP-POST").finding("HTTP-Redirect"));
        }
        parameter.require_fit(&document)?;
        let relay_state = query.relay_state.map(unescape).transpose()?.map(RelayState::new);
        Ok(Self { parameter, document, relay_state, signature: query.detached(parameter, message)? })
    }

    /// The parameter that the message came in.
    #[must_use]
    pub fn parameter(&self) -> Parameter {
        self.parameter
    }

    /// What came along.
    #[must_use]
    pub fn relay_state(&self) -> Option<&RelayState> {
        self.relay_state.as_ref()
    }

    /// Who it claims to be from, to choose a connection with.
    #[must_use]
    pub fn issuer(&self) -> Option<Unverified<EntityId>> {
        let issuer = self.document.root().elements().find(|child| child.is(SAML, "Issuer"))?;
        Some(Unverified::new(EntityId::new(trim(issuer.text_content().ok()?))))
    }

    /// Whether anything claims to sign the message.
    pub(crate) fn is_signed(&self) -> bool {
        self.signature.is_some()
    }

    pub(crate) fn document(&self) -> &Document {
        &self.document
    }

    /// Verifies the signature over the query with one of the keys. A signature inside the message counts for nothing.
    ///
    /// # Errors
    /// `binding.detached_signature_missing`, `binding.detached_algorithm`, `binding.detached_signature_invalid`.
    pub(crate) fn verify(
        &self,
        keys: &[VerifyingKey],
        algorithms: &Algorithms,
    ) -> Result<VerifiedRedirect<'_>, Rejection> {
        let Some(signature) = &self.signature else { return Err(Rejection::new(Redirect::DetachedSignatureMissing)) };
        let mut deviations = Deviations::default();
        let signed = signature.verify(&self.document, keys, algorithms, &mut deviations)?;
        if self.document.root().elements().any(|child| child.is(DS, "Signature")) {
            deviations.note(Deviation::EmbeddedSignatureInRedirect);
        }
        Ok(VerifiedRedirect { signed, deviations })
    }
}

/// A message whose query a pinned key signed. It comes from [`Connection::verify_redirect`](crate::Connection::verify_redirect).
#[must_use]
pub struct VerifiedRedirect<'m> {
    signed: Signed<'m>,
    deviations: Deviations,
}

impl<'m> VerifiedRedirect<'m> {
    /// What was tolerated.
    #[must_use]
    pub fn deviations(&self) -> &[Deviation] {
        self.deviations.as_slice()
    }

    pub(crate) fn into_signed(self) -> (Signed<'m>, Deviations) {
        (self.signed, self.deviations)
    }
}

impl fmt::Debug for VerifiedRedirect<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("VerifiedRedirect").field("deviations", &self.deviations).finish_non_exhaustive()
    }
}

impl fmt::Debug for RedirectMessage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedirectMessage").field("parameter", &self.parameter).finish_non_exhaustive()
    }
}

impl<'q> Query<'q> {
    /// Names are compared in their decoded form, so that `%53AMLResponse` is a duplicate of
    /// `SAMLResponse` for us if it is for anybody; and since no peer escapes them, it is refused.
    fn read(query: &'q str) -> Result<Self, Rejection> {
        let mut read = Self::default();
        for pair in query.split('&').filter(|pair| !pair.is_empty()) {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            let plain = unescape(name)?;
            let slot = match plain.as_str() {
                "SAMLRequest" | "SAMLResponse" => {
                    let parameter = if plain == "SAMLRequest" { Parameter::Request } else { Parameter::Response };
                    match read.message.replace((parameter, value)) {
                        Some((earlier, _)) if earlier != parameter => {
                            return Err(Rejection::new(Binding::AmbiguousMessage));
                        }
                        Some(_) => return Err(duplicate(&plain)),
                        None if name != plain => return Err(misspelt(name)),
                        None => continue,
                    }
                }
                "RelayState" => &mut read.relay_state,
                "SigAlg" => &mut read.algorithm,
                "Signature" => &mut read.signature,
                "SAMLEncoding" => &mut read.encoding,
                _ => continue,
            };
            if slot.replace(value).is_some() {
                return Err(duplicate(&plain));
            }
            if name != plain {
                return Err(misspelt(name));
            }
        }
        Ok(read)
    }

    /// The signature with the octets that it covers: the values as received, in the order that the
    /// standard fixes for signing, whatever order they came in.
    fn detached(&self, parameter: Parameter, message: &str) -> Result<Option<Detached>, Rejection> {
        let (algorithm, signature) = match (self.algorithm, self.signature) {
            (None, None) => return Ok(None),
            (Some(algorithm), Some(signature)) => (algorithm, signature),
            _ => return Err(Rejection::new(Redirect::DetachedSignatureMissing).expecting("both SigAlg and Signature")),
        };
        let relay_state = self.relay_state.map(|value| format!("&RelayState={value}")).unwrap_or_default();
        let signed = format!("{}={message}{relay_state}&SigAlg={algorithm}", parameter.name());
        let value = unescape_base64(signature)?
            .ok_or_else(|| Rejection::new(Redirect::DetachedSignatureInvalid).finding("no base64"))?;
        Ok(Some(Detached { signed, algorithm: unescape(algorithm)?, value }))
    }
}

fn duplicate(name: &str) -> Rejection {
    Rejection::new(Binding::DuplicateParam).finding(name)
}

fn misspelt(name: &str) -> Rejection {
    Rejection::new(Binding::BadParamEncoding).finding(name)
}

/// Decodes one value. A plus sign is a space, as in forms.
fn unescape(value: &str) -> Result<String, Rejection> {
    let refused = || Rejection::new(Binding::BadParamEncoding);
    let mut octets = Vec::with_capacity(value.len());
    let mut bytes = value.bytes();
    while let Some(byte) = bytes.next() {
        octets.push(match byte {
            b'+' => b' ',
            b'%' => {
                let mut digit = || {
                    bytes
                        .next()
                        .and_then(|byte| char::from(byte).to_digit(16))
                        .and_then(|digit| u8::try_from(digit).ok())
                };
                let (high, low) = (digit().ok_or_else(refused)?, digit().ok_or_else(refused)?);
                high << 4 | low
            }
            other => other,
        });
    }
    String::from_utf8(octets)
        .map_err(|_| refused())
        .and_then(|text| if text.contains('\0') { Err(refused()) } else { Ok(text) })
}

/// Base64 without any white space (SAML Bindings 3.4.4.1): a plus sign that was not escaped has become a space, and
/// leaving that out would make other octets of the message than the sender's.
fn unescape_base64(value: &str) -> Result<Option<Vec<u8>>, Rejection> {
    let text = unescape(value)?;
    Ok(if text.contains(' ') { None } else { base64_binary(&text) })
}

/// Raw DEFLATE (RFC 1951), bounded while it is inflated, complete, and with nothing after it.
fn inflate(deflated: &[u8], limits: &Limits) -> Result<Vec<u8>, Rejection> {
    const CHUNK: usize = 8192;
    let mut inflater = Decompress::new(false);
    let mut octets = Vec::new();
    loop {
        let (consumed, produced) = (inflater.total_in(), inflater.total_out());
        let rest = usize::try_from(consumed).ok().and_then(|consumed| deflated.get(consumed..)).unwrap_or_default();
        octets.reserve(CHUNK);
        let status = inflater
            .decompress_vec(rest, &mut octets, FlushDecompress::None)
            .map_err(|_| Rejection::new(Redirect::Inflate))?;
        if octets.len() > limits.bytes() {
            return Err(
                Rejection::new(Redirect::InflateTooLarge).expecting(format!("at most {} bytes", limits.bytes()))
            );
        }
        match status {
            Status::StreamEnd if inflater.total_in() == deflated.len() as u64 => return Ok(octets),
            Status::StreamEnd => return Err(Rejection::new(Redirect::InflateTrailing)),
            _ if (inflater.total_in(), inflater.total_out()) == (consumed, produced) => {
                return Err(Rejection::new(Redirect::Inflate).finding("truncated"));
            }
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One compressor for every message of a thread: nothing of one is in the next, however long or irregular it was.
    #[test]
    fn messages_are_compressed_apart() {
        let mut state = 1_u32;
        let irregular: String = std::iter::repeat_with(|| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            char::from(b'!' + u8::try_from(state >> 26).unwrap())
        })
        .take(200_000)
        .collect();
        let short = "<samlp:LogoutRequest/>";
        let alone = std::thread::spawn(|| deflate(short).unwrap()).join().unwrap();
        for message in [short, &irregular, short, "", &short.repeat(1000), short] {
            let deflated = deflate(message).unwrap();
            assert_eq!(inflate(&deflated, &Limits::metadata()).unwrap(), message.as_bytes());
            assert!(message != short || deflated == alone);
        }
        let mut cut = deflate(short).unwrap();
        cut.pop();
        assert_eq!(inflate(&cut, &Limits::metadata()).unwrap_err().code(), "binding.inflate");
    }
}
