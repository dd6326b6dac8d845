//! The bytes of an identity provider.

use super::endpoint::{Endpoint, EndpointBinding};
use super::identity_provider::{AuthnRequestSigning, IdentityProvider, Parts};
use crate::keys::{Certificate, VerifyingKey};
use crate::names::EntityId;
use crate::stored::{Decoder, Encoder, StoredError};

const VERSION: u8 = 1;
const CERTIFICATE: u8 = 1;
const PUBLIC_KEY: u8 = 2;

impl IdentityProvider {
    /// The bytes to store; what was left out when it was read, which [`warnings`](Self::warnings) tells at
    /// registration, is not among them.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        self.described().option_seconds(self.cache_duration()).option_instant(self.valid_until()).finish()
    }

    /// What it is, whatever it says about how long that holds.
    pub(crate) fn description(&self) -> Vec<u8> {
        self.described().finish()
    }

    fn described(&self) -> Encoder {
        let formats: Vec<String> = self.name_id_formats().map(str::to_owned).collect();
        let signing = match self.authn_request_signing() {
            AuthnRequestSigning::NotWanted => 0,
            AuthnRequestSigning::Wanted => 1,
        };
        Encoder::new(VERSION)
            .text(self.entity_id().as_str())
            .each(self.single_sign_on(), write_endpoint)
            .each(self.single_logout(), write_endpoint)
            .each(self.signing_keys(), write_key)
            .each(self.encryption_certificates(), |encoder, certificate| encoder.octets(certificate.der()))
            .list(&formats)
            .byte(signing)
    }

    /// Reads what [`to_bytes`](Self::to_bytes) wrote.
    ///
    /// # Errors
    /// [`StoredError`].
    pub fn from_bytes(octets: &[u8]) -> Result<Self, StoredError> {
        let mut decoder = Decoder::new(octets, VERSION)?;
        let entity_id = EntityId::new(decoder.text()?);
        let parts = Parts {
            single_sign_on: decoder.each(read_endpoint)?,
            single_logout: decoder.each(read_endpoint)?,
            signing_keys: decoder.each(read_key)?,
            encryption_certificates: decoder.each(|decoder| damaged(Certificate::from_der(decoder.octets()?)))?,
            name_id_formats: decoder.list()?,
            authn_request_signing: match decoder.byte()? {
                0 => AuthnRequestSigning::NotWanted,
                1 => AuthnRequestSigning::Wanted,
                _ => return Err(StoredError::Damaged),
            },
            cache_duration: decoder.option_seconds()?,
            valid_until: decoder.option_instant()?,
            ..Parts::default()
        };
        decoder.finish()?;
        Self::new(entity_id, parts).map_err(|_| StoredError::Damaged)
    }
}

fn write_endpoint(encoder: Encoder, endpoint: &Endpoint) -> Encoder {
    encoder.text(endpoint.binding().uri()).text(endpoint.location()).text(endpoint.response_location())
}

fn read_endpoint(decoder: &mut Decoder<'_>) -> Result<Endpoint, StoredError> {
    let binding = EndpointBinding::from_uri(&decoder.text()?);
    let endpoint = Endpoint::new(binding, &decoder.text()?).ok_or(StoredError::Damaged)?;
    endpoint.with_response_location(&decoder.text()?).ok_or(StoredError::Damaged)
}

fn write_key(encoder: Encoder, key: &VerifyingKey) -> Encoder {
    match key.certificate() {
        Some(certificate) => encoder.byte(CERTIFICATE).octets(certificate.der()),
        None => encoder.byte(PUBLIC_KEY).octets(key.spki_der()),
    }
}

fn read_key(decoder: &mut Decoder<'_>) -> Result<VerifyingKey, StoredError> {
    match decoder.byte()? {
        CERTIFICATE => damaged(Certificate::from_der(decoder.octets()?)).map(VerifyingKey::from),
        PUBLIC_KEY => damaged(VerifyingKey::from_spki_der(decoder.octets()?)),
        _ => Err(StoredError::Damaged),
    }
}

fn damaged<T, E>(read: Result<T, E>) -> Result<T, StoredError> {
    read.map_err(|_| StoredError::Damaged)
}
