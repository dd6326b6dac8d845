//! The identity provider, from metadata or from its certificates.

use chrono::{DateTime, Utc};
use saml_sp::metadata::{EntityChoice, IdentityProviderBuilder, MetadataTrust};
use saml_sp::{Certificate, DecryptionKey, EntityId, IdentityProvider, Rejection};

use crate::cli::{Problem, TrustArguments};
use crate::input;

/// Reads metadata that is trusted as it lies there.
pub(crate) fn from_metadata(
    octets: &[u8],
    entity_id: Option<&str>,
    now: DateTime<Utc>,
) -> Result<IdentityProvider, Rejection> {
    let choice = entity_id.map_or(EntityChoice::Only, |id| EntityChoice::Entity(EntityId::new(id)));
    IdentityProvider::from_metadata(octets, &choice, &MetadataTrust::ObtainedSecurely, now)
}

/// Pins certificates, each given as a file. Of the single sign-on service nothing is needed to judge a response.
pub(crate) fn from_certificates(
    entity_id: &str,
    sso_url: Option<&str>,
    files: &[String],
) -> Result<IdentityProvider, Problem> {
    let mut builder = IdentityProvider::builder(entity_id, sso_url.unwrap_or("https://unused.invalid/"));
    for file in files {
        builder = builder.certificate(certificate_text(file)?);
    }
    build(&builder)
}

/// A private key of the service provider.
pub(crate) fn decryption_key(file: &str) -> Result<DecryptionKey, Problem> {
    let text = String::from_utf8(input::read(file)?).map_err(|_| Problem::new(format!("{file} is no PEM text")))?;
    DecryptionKey::from_pem(&text).map_err(|error| Problem::new(format!("{file} can't be used: {error}")))
}

/// The keys of an identity provider under another name.
pub(crate) fn renamed(idp: &IdentityProvider, entity_id: &str) -> Result<IdentityProvider, Problem> {
    let builder = IdentityProvider::builder(entity_id, idp.sso_endpoint().location());
    let certificates = idp.signing_keys().iter().filter_map(|key| key.certificate());
    build(&certificates.fold(builder, |builder, certificate| builder.certificate(certificate.to_base64())))
}

fn build(builder: &IdentityProviderBuilder) -> Result<IdentityProvider, Problem> {
    builder.build().map_err(|error| Problem::new(format!("the identity provider can't be set up: {error}")))
}

/// Certificates as text; DER is made text of.
fn certificate_text(file: &str) -> Result<String, Problem> {
    match String::from_utf8(input::read(file)?) {
        Ok(text) => Ok(text),
        Err(error) => match Certificate::from_der(error.as_bytes()) {
            Ok(certificate) => Ok(certificate.to_base64()),
            Err(error) => Err(Problem::new(format!("{file}: {error}"))),
        },
    }
}

/// The identity provider that the command line names.
pub(crate) fn identity_provider(arguments: &TrustArguments, now: DateTime<Utc>) -> Result<IdentityProvider, Problem> {
    match arguments {
        TrustArguments::Certificates { files, entity_id } => from_certificates(entity_id, None, files),
        TrustArguments::Metadata { file, entity_id } => {
            let read = from_metadata(&input::read(file)?, entity_id.as_deref(), now);
            read.map_err(|rejection| {
                Problem::new(format!("{file} can't be used.\n{}", crate::report::refusal(&rejection)))
            })
        }
    }
}
