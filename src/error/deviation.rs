//! What was tolerated.

use std::fmt;

/// Something in a message that the standard does not allow and that was tolerated because it can't
/// be used to deceive, or because the connection's policy says so. Reported next to the success.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Deviation {
    /// An unsigned message without Destination (SAML Bindings 3.5.5.2).
    NoDestination,
    /// An instant that is not in UTC, or not written as `Z` (SAML Core 1.3.3).
    TimeZoneOffset,
    /// An attribute that stands more than once; its values were joined (SAML Core 2.7.3).
    RepeatedAttribute,
    /// An ID that is no NCName (SAML Core 1.3.4).
    IdNotNcName,
    /// A NameID for another service provider or an affiliation (SAML Core 2.2.2).
    ForeignSpNameQualifier,
    /// A bearer confirmation with a NotBefore, which was enforced (SAML Profiles 4.1.4.2). By policy.
    ConfirmationNotBefore,
    /// No authentication statement (SAML Profiles 4.1.4.2). By policy.
    NoAuthnStatement,
    /// `InResponseTo=""`, taken as absent (SAML Core 3.2.2). By policy.
    EmptyInResponseTo,
    /// An ECDSA signature in DER in a query (XML-DSig 6.4.3 has r and s side by side).
    EcdsaDerInRedirect,
    /// An XML signature in a message whose query is signed: nobody looked at it (SAML Bindings 3.4.4.1).
    EmbeddedSignatureInRedirect,
    /// A logout response that nothing signs (SAML Profiles 4.4.4.2). By policy.
    UnsignedLogoutResponse,
}

impl Deviation {
    /// The stable lower-case name.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::NoDestination => "no_destination",
            Self::TimeZoneOffset => "time_zone_offset",
            Self::RepeatedAttribute => "repeated_attribute",
            Self::IdNotNcName => "id_not_ncname",
            Self::ForeignSpNameQualifier => "foreign_spnamequalifier",
            Self::ConfirmationNotBefore => "scd_not_before",
            Self::NoAuthnStatement => "no_authn_statement",
            Self::EmptyInResponseTo => "empty_in_response_to",
            Self::EcdsaDerInRedirect => "ecdsa_der_in_redirect",
            Self::EmbeddedSignatureInRedirect => "embedded_signature_in_redirect",
            Self::UnsignedLogoutResponse => "unsigned_logout_response",
        }
    }
}

impl fmt::Display for Deviation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// Each deviation of a message once, in the order of discovery.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Deviations(Vec<Deviation>);

impl Deviations {
    pub(crate) fn note(&mut self, deviation: Deviation) {
        if !self.0.contains(&deviation) {
            self.0.push(deviation);
        }
    }

    pub(crate) fn as_slice(&self) -> &[Deviation] {
        &self.0
    }
}
