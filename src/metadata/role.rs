//! `md:IDPSSODescriptor` (SAML Metadata 2.4.1 to 2.4.3).

use chrono::{DateTime, Utc};

use super::endpoint::{BadUrl, Endpoint};
use super::identity_provider::{AuthnRequestSigning, IdentityProvider, Incomplete, Parts};
use super::key_descriptor::{self, LastCertificate};
use super::validity::Validity;
use super::warning::{MetadataWarning, Warnings, shortened};
use super::{MD, SAML, check_children};
use crate::dsig::DS;
use crate::error::{Metadata, Rejection, Schema};
use crate::names::EntityId;
use crate::xml::{Node, trim};

/// The children of the role in the order of the schema.
const CHILDREN: [(&str, &str); 14] = [
    (DS, "Signature"),
    (MD, "Extensions"),
    (MD, "KeyDescriptor"),
    (MD, "Organization"),
    (MD, "ContactPerson"),
    (MD, "ArtifactResolutionService"),
    (MD, "SingleLogoutService"),
    (MD, "ManageNameIDService"),
    (MD, "NameIDFormat"),
    (MD, "SingleSignOnService"),
    (MD, "NameIDMappingService"),
    (MD, "AssertionIDRequestService"),
    (MD, "AttributeProfile"),
    (SAML, "Attribute"),
];

/// Reads a role into an identity provider.
///
/// # Errors
/// Codes `metadata.*`, `schema.*`.
pub(super) fn read(
    entity_id: EntityId,
    role: Node<'_>,
    now: DateTime<Utc>,
    warnings: Warnings,
) -> Result<IdentityProvider, Rejection> {
    check_children(role, &[MD, DS, SAML])?;
    let Validity { valid_until, cache_duration } = Validity::of(role, now)?;
    let authn_request_signing = authn_request_signing(role)?;
    let parts = Parts { valid_until, cache_duration, authn_request_signing, warnings, ..Parts::default() };
    let mut reader = Reader { parts, last_certificate: None, bad_sso: None };
    reader.read_children(role)?;
    let Reader { parts, bad_sso, .. } = reader;
    let unusable_key = unusable_key(&parts);
    IdentityProvider::new(entity_id, parts).map_err(|incomplete| match incomplete {
        Incomplete::NoSso => {
            bad_sso.map_or_else(|| Rejection::new(Metadata::NoSso).at(role.place()), BadUrl::rejection)
        }
        Incomplete::NoSigningKey => Rejection::new(Metadata::NoSigningKey).at(role.place()).finding(unusable_key),
        Incomplete::TooManyKeys { .. } => Rejection::new(Metadata::TooManyKeys)
            .at(role.place())
            .expecting(format!("at most {} for each use", IdentityProvider::MOST_KEYS)),
    })
}

struct Reader<'d> {
    parts: Parts,
    last_certificate: Option<LastCertificate<'d>>,
    /// Why the first single sign-on endpoint that was left out was.
    bad_sso: Option<BadUrl<'d>>,
}

impl<'d> Reader<'d> {
    /// Real metadata does not always keep the order of the schema, and nothing depends on it.
    fn read_children(&mut self, role: Node<'d>) -> Result<(), Rejection> {
        let (mut reached, mut in_order) = (0, true);
        for child in role.elements() {
            let known = CHILDREN.iter().position(|(namespace, name)| child.is(namespace, name));
            let position = known
                .ok_or_else(|| Rejection::new(Schema::Element).at(child.place()).finding(child.qualified_name()))?;
            in_order &= position >= reached;
            reached = position.max(reached);
            self.read_child(child)?;
            if self.parts.keys() > IdentityProvider::MOST_KEYS {
                break;
            }
        }
        if !in_order {
            self.parts.warnings.push(MetadataWarning::ElementOrder);
        }
        Ok(())
    }

    fn read_child(&mut self, child: Node<'d>) -> Result<(), Rejection> {
        match child.local_name() {
            "KeyDescriptor" => key_descriptor::read(child, &mut self.last_certificate, &mut self.parts)?,
            "SingleSignOnService" => match self.endpoint(child)? {
                Ok(endpoint) => self.parts.single_sign_on.push(endpoint),
                Err(bad) => self.bad_sso = self.bad_sso.or(Some(bad)),
            },
            "SingleLogoutService" => {
                let endpoint = self.endpoint(child)?;
                self.parts.single_logout.extend(endpoint.ok());
            }
            "NameIDFormat" => self.parts.name_id_formats.push(trim(child.text_content()?).to_owned()),
            _ => {}
        }
        Ok(())
    }

    /// An endpoint whose URL is none is left out with a warning: the others are as good without it.
    fn endpoint(&mut self, element: Node<'d>) -> Result<Result<Endpoint, BadUrl<'d>>, Rejection> {
        let read = Endpoint::read(element)?;
        if let Err(bad) = read {
            self.parts.warnings.push(MetadataWarning::EndpointNotUsed { location: shortened(bad.text) });
        }
        Ok(read)
    }
}

/// xs:boolean, false if absent.
fn authn_request_signing(role: Node<'_>) -> Result<AuthnRequestSigning, Rejection> {
    match role.attribute("WantAuthnRequestsSigned").map(trim) {
        Some("true" | "1") => Ok(AuthnRequestSigning::Wanted),
        None | Some("false" | "0") => Ok(AuthnRequestSigning::NotWanted),
        Some(other) => Err(Rejection::new(Schema::Value).at(role.place()).expecting("true or false").finding(other)),
    }
}

/// What to say beside "no signing key".
fn unusable_key(parts: &Parts) -> String {
    let is_key = |warning: &&MetadataWarning| {
        matches!(warning, MetadataWarning::SigningKeyNotUsed { .. } | MetadataWarning::KeyDescriptorWithoutKey)
    };
    parts.warnings.iter().find(is_key).map_or_else(|| "no key for signing".to_owned(), ToString::to_string)
}
