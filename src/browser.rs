//! Binding a login to the browser that started it (login CSRF: ATTACKS FLW-005, FLW-006).

use std::fmt;

use crate::crypto::{DigestAlgorithm, DigestValue, NoRandomness, random_bytes};

/// The cookie that a browser gets when a login starts, and has to bring back with the response.
///
/// One cookie serves all logins that a browser has under way. The response arrives in a cross-site
/// POST, so that the cookie has to be `SameSite=None`, which browsers allow over https only.
#[derive(Clone, PartialEq, Eq)]
pub struct BrowserCookie(String);

impl BrowserCookie {
    /// The name of the cookie. The prefix keeps other hosts of the domain from setting it.
    pub const NAME: &'static str = "__Host-saml-login";
    const HEX_DIGITS: usize = 40;

    /// Takes the value of the cookie that came with a request, if it is one of ours.
    #[must_use]
    pub fn from_value(value: &str) -> Option<Self> {
        let is_ours = value.len() == Self::HEX_DIGITS
            && value.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'));
        is_ours.then(|| Self(value.to_owned()))
    }

    pub(crate) fn generate() -> Result<Self, NoRandomness> {
        random_hex().map(Self)
    }

    /// The value to set.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.0
    }

    /// The `Set-Cookie` header, for logins that may take ten minutes, and a proof after them that may take ten more.
    #[must_use]
    pub fn to_header(&self) -> String {
        format!("{}={}; Path=/; Max-Age=1500; Secure; HttpOnly; SameSite=None", Self::NAME, self.0)
    }

    /// What is stored of it.
    #[must_use]
    pub fn binding(&self) -> BrowserBinding {
        BrowserBinding(sha256_hex(self.0.as_bytes()))
    }
}

/// The digest of a [`BrowserCookie`]: who reads the store can't take over a browser's login.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct BrowserBinding(String);

impl BrowserBinding {
    /// Takes a stored value.
    #[must_use]
    pub fn new(stored: impl Into<String>) -> Self {
        Self(stored.into())
    }

    /// The value to store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for BrowserCookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("BrowserCookie(..)")
    }
}

/// 160 random bits, as many as SAML Core 1.3.4 recommends for identifiers.
pub(crate) fn random_hex() -> Result<String, NoRandomness> {
    random_bytes::<20>().map(|octets| hex(&octets))
}

/// What is stored of a secret, and what a name is made of.
pub(crate) fn sha256_hex(octets: &[u8]) -> String {
    hex(DigestValue::of(DigestAlgorithm::Sha256, octets).as_ref())
}

/// Lower case, two digits an octet.
fn hex(octets: &[u8]) -> String {
    let mut text = String::with_capacity(octets.len().saturating_mul(2));
    let digits = octets.iter().flat_map(|octet| [octet >> 4, octet & 15]);
    text.extend(digits.filter_map(|digit| char::from_digit(digit.into(), 16)));
    text
}
