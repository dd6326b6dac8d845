//! An identity provider for tests, with feature `testing`: of this crate and of the hosts that use it.
//!
//! [`FakeIdp`] answers as a well-behaved identity provider does:
//! ```
//! use saml_sp::testing::{FakeIdp, SignedParts};
//! let idp = FakeIdp::rsa("https://idp.example.com/")?;
//! let xml = idp
//!     .response("https://app.example.com/saml/metadata/", "https://app.example.com/saml/acs/", chrono::Utc::now())
//!     .in_response_to("_request")
//!     .name_id("alice@example.com")
//!     .attribute("groups", &["staff", "admins"])
//!     .signed(SignedParts::Both)
//!     .xml()?;
//! assert!(xml.contains("alice@example.com") && !xml.contains("{signature}"));
//! # Ok::<_, saml_sp::testing::TestingError>(())
//! ```
//! What no identity provider should send is made of a template and [`sign_template`], which signs whatever it
//! is given: a second Reference, a foreign target, a transform that nobody accepts.
//!
//! [`store_contract`], [`connection_store_contract`], [`member_store_contract`] and [`session_store_contract`] prove a host's store, [`MemoryStore`]
//! is one.

mod answer;
mod contract;
mod encryption;
#[doc(hidden)]
pub mod fuzzing;
mod identity;
mod idp;
mod logout;
mod memory_store;
mod raw;

pub use contract::{
    MemberFixture, Violation, connection_store_contract, member_store_contract, session_store_contract, store_contract,
};
#[cfg(feature = "scim")]
pub use contract::{ScimFixture, scim_store_contract, team_store_contract};
pub use encryption::{Encryption, KeyPlacement};
pub use identity::FakeIdentity;
pub use idp::{FakeIdp, FakeResponse, Prefixes, SignedParts, form_value};
pub use logout::FakeLogout;
pub use memory_store::MemoryStore;
pub use raw::{sign_octets, sign_template, signature_template};

use std::error::Error;

use crate::error::{KeyError, Rejection, SigningError};
use crate::keys::{
    Answers, Certificate, DecryptionKey, Decryptor, KeyTransport, SignatureAlgorithm, Signer, SigningKey, UnwrapFailed,
};

/// Keys for tests. They are published with this crate: whatever they sign proves nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestKey {
    /// RSA, 2048 bits.
    Rsa,
    /// Another RSA key: of a second identity provider, or of an attacker.
    OtherRsa,
    /// ECDSA on P-256.
    P256,
    /// Another key on P-256.
    OtherP256,
}

impl TestKey {
    /// The private key with its certificate.
    ///
    /// # Errors
    /// None, unless the crate itself is broken.
    pub fn signing_key(self) -> Result<SigningKey, KeyError> {
        let certificate = Certificate::from_pem(self.certificate_pem())?;
        SigningKey::from_pem(self.pem(), Some(&certificate))
    }

    /// The private key, to decrypt with what was encrypted for its certificate.
    ///
    /// # Errors
    /// [`KeyError::Algorithm`] for the keys that are not RSA.
    pub fn decryption_key(self) -> Result<DecryptionKey, KeyError> {
        DecryptionKey::from_pem(self.pem())
    }

    /// The self-signed certificate in PEM.
    #[must_use]
    pub fn certificate_pem(self) -> &'static str {
        match self {
            Self::Rsa => include_str!("fixtures/rsa-1.crt.pem"),
            Self::OtherRsa => include_str!("fixtures/rsa-2.crt.pem"),
            Self::P256 => include_str!("fixtures/p256-1.crt.pem"),
            Self::OtherP256 => include_str!("fixtures/p256-2.crt.pem"),
        }
    }

    /// The private key in PEM (PKCS#8), made with `openssl req -x509 -nodes` for tests and for nothing else.
    #[must_use]
    pub fn pem(self) -> &'static str {
        match self {
            Self::Rsa => include_str!("fixtures/rsa-1.key.pem"),
            Self::OtherRsa => include_str!("fixtures/rsa-2.key.pem"),
            Self::P256 => include_str!("fixtures/p256-1.key.pem"),
            Self::OtherP256 => include_str!("fixtures/p256-2.key.pem"),
        }
    }
}

/// As if a device held the key.
impl Signer for TestKey {
    fn sign(&self, algorithm: SignatureAlgorithm, octets: &[u8]) -> Result<Vec<u8>, Box<dyn Error + Send + Sync>> {
        Ok(self.signing_key()?.with_algorithm(algorithm)?.sign(octets)?)
    }
}

/// As if a device held the key.
impl Decryptor for TestKey {
    fn unwrap_key(&self, transport: &KeyTransport, octets: &[u8]) -> Result<Vec<u8>, UnwrapFailed> {
        let key = self.decryption_key().map_err(|_| UnwrapFailed)?;
        let unwrapped = key.unwrap_key(transport, octets, &Answers::new(&[])).unwrap_or(Err(UnwrapFailed));
        unwrapped.map(|content_key| content_key.to_vec())
    }
}

/// A test could not be set up.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TestingError {
    /// A key is unusable.
    #[error(transparent)]
    Key(#[from] KeyError),
    /// A signature could not be made.
    #[error(transparent)]
    Signing(#[from] SigningError),
    /// A template is not the XML that a signature can be made over.
    #[error("the template can't be read: {0}")]
    Template(#[from] Rejection),
    /// A placeholder names an element that isn't there, stands outside a `ds:Signature`, or two wait for each other.
    #[error("{{{0}}} can't be filled in")]
    Placeholder(String),
    /// An algorithm is unknown, or a key does not fit it.
    #[error("can't be encrypted so")]
    Encryption,
    /// There is no AuthnRequest to answer.
    #[error("there is no AuthnRequest")]
    Request,
}
