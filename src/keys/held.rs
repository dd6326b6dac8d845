//! Private keys that are held elsewhere: in a hardware module, or by a key service in the network.

use std::cell::RefCell;
use std::error::Error;
use std::fmt;

use super::Fingerprint;
use crate::crypto::{KeyTransport, SignatureAlgorithm, Zeroizing};

/// Signs with a private key that never leaves its device. It may block.
///
/// It gets the octets themselves and hashes them, since that is what every device can do: PKCS#11 (`CKM_SHA256_RSA_PKCS`
/// and its like), AWS KMS (`MessageType` `RAW`), aws-lc-rs. What comes back is verified with the public key before it is
/// used, so that a faulty device gives away nothing about the key.
pub trait Signer: Send + Sync {
    /// The signature value over the octets with exactly that algorithm, as XML Signature 1.1 section 6.4 has it: for RSA as
    /// long as the modulus; for ECDSA r and s side by side, each as long as the order of the curve, and not in DER.
    ///
    /// # Errors
    /// The device's own: it reaches the host in [`SigningError::Signer`](crate::error::SigningError::Signer), and
    /// nothing was sent. It is displayed in logs, so keep secrets out of it.
    fn sign(
        &self,
        algorithm: SignatureAlgorithm,
        octets: &[u8],
    ) -> Result<Vec<u8>, Box<dyn Error + Send + Sync + 'static>>;
}

/// Unwraps content keys with a private RSA key that never leaves its device. It may block.
///
/// Every failure is the same to this crate: in place of the content key stands a random one, and what comes
/// of it is the same `enc.failed` as for damaged content. How long the device takes to fail is the device's: with
/// `rsa-1_5` let it reject implicitly if it can.
pub trait Decryptor: Send + Sync {
    /// The content key in those octets.
    ///
    /// # Errors
    /// [`UnwrapFailed`], whatever the reason. For the device's own report write a log there, and let nobody outside see it.
    fn unwrap_key(&self, transport: &KeyTransport, octets: &[u8]) -> Result<Vec<u8>, UnwrapFailed>;
}

/// A content key could not be unwrapped; why, nobody may know.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the content key could not be unwrapped")]
pub struct UnwrapFailed;

/// A content key that a key service has to unwrap (XML Encryption 1.1 section 3.5.1).
#[derive(Clone, PartialEq, Eq)]
pub struct WrappedKey {
    key: Fingerprint,
    transport: KeyTransport,
    octets: Vec<u8>,
}

impl WrappedKey {
    /// The key to unwrap it with: its [`DecryptionKey::fingerprint`](super::DecryptionKey::fingerprint).
    #[must_use]
    pub fn key(&self) -> Fingerprint {
        self.key
    }

    /// How it was encrypted.
    #[must_use]
    pub fn transport(&self) -> &KeyTransport {
        &self.transport
    }

    /// The encrypted octets.
    #[must_use]
    pub fn octets(&self) -> &[u8] {
        &self.octets
    }
}

impl fmt::Debug for WrappedKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WrappedKey").field("key", &self.key).finish_non_exhaustive()
    }
}

/// A content key, or that there is none.
pub(crate) type Unwrapped = Result<Zeroizing<Vec<u8>>, UnwrapFailed>;

/// What a key service has answered, and what it has to be asked still.
pub(crate) struct Answers<'a> {
    known: &'a [(WrappedKey, Unwrapped)],
    wanted: RefCell<Vec<WrappedKey>>,
}

impl<'a> Answers<'a> {
    /// Nothing is wanted yet.
    pub(crate) fn new(known: &'a [(WrappedKey, Unwrapped)]) -> Self {
        Self { known, wanted: RefCell::default() }
    }

    /// The answer; where there is none, the question is noted.
    pub(super) fn find(&self, key: Fingerprint, transport: &KeyTransport, octets: &[u8]) -> Option<Unwrapped> {
        let question = WrappedKey { key, transport: transport.clone(), octets: octets.to_vec() };
        let answer = self.known.iter().find(|(asked, _)| *asked == question).map(|(_, answer)| answer.clone());
        let mut wanted = self.wanted.borrow_mut();
        if answer.is_none() && !wanted.contains(&question) {
            wanted.push(question);
        }
        answer
    }

    /// Whether something has to be asked.
    pub(crate) fn are_wanted(&self) -> bool {
        !self.wanted.borrow().is_empty()
    }

    /// It went without.
    pub(crate) fn forget(&self) {
        self.wanted.borrow_mut().clear();
    }

    /// What has to be asked.
    pub(crate) fn into_wanted(self) -> Vec<WrappedKey> {
        self.wanted.into_inner()
    }
}
