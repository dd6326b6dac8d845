//! A signature beside the message: over the octets of the query that it travelled in (SAML Bindings 3.4.4.1).

use super::verify::{Algorithms, Signed};
use crate::crypto::{SignatureAlgorithm, provides_signature};
use crate::error::{Deviation, Deviations, Redirect, Rejection};
use crate::keys::VerifyingKey;
use crate::xml::Document;

/// A signature and the octets that it is over.
pub(crate) struct Detached {
    /// As received, in the order of the standard.
    pub(crate) signed: String,
    /// The URI of the algorithm.
    pub(crate) algorithm: String,
    pub(crate) value: Vec<u8>,
}

impl Detached {
    /// Verifies with one of the keys, and proves the message that the signed octets were decoded to. ECDSA may be in
    /// DER, as some identity providers have it.
    ///
    /// # Errors
    /// `binding.detached_algorithm`, `binding.detached_signature_invalid`.
    pub(crate) fn verify<'d>(
        &self,
        message: &'d Document,
        keys: &[VerifyingKey],
        algorithms: &Algorithms,
        deviations: &mut Deviations,
    ) -> Result<Signed<'d>, Rejection> {
        let algorithm = SignatureAlgorithm::from_uri(&self.algorithm)
            .filter(|algorithm| algorithms.permit_digest(algorithm.digest()))
            .filter(|algorithm| keys.iter().any(|key| provides_signature(key.key_type(), *algorithm)))
            .ok_or_else(|| Rejection::new(Redirect::DetachedAlgorithm).finding(&*self.algorithm))?;
        let octets = self.signed.as_bytes();
        for key in keys.iter().filter(|key| algorithms.permit_key(key.key_type())).map(VerifyingKey::public_key) {
            if key.verify(algorithm, octets, &self.value).is_ok() {
                return Ok(Signed::whole(message));
            }
            if key.verify_der(algorithm, octets, &self.value).is_ok() {
                deviations.note(Deviation::EcdsaDerInRedirect);
                return Ok(Signed::whole(message));
            }
        }
        Err(Rejection::new(Redirect::DetachedSignatureInvalid))
    }
}
