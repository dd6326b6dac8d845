//! The names of relaxations, and what each of them does to a policy.

use saml_sp::{Policy, Relaxation, Unsolicited};

/// What there is for a name.
pub(crate) enum Meaning {
    /// Part of the policy of a connection.
    Switch(fn(Policy) -> Policy),
    /// Let pass anyway, and reported as a deviation.
    Tolerated,
    /// Refused whatever is configured.
    Never,
    /// No such name.
    Unknown,
}

/// Looks a name up.
pub(crate) fn meaning(name: &str) -> Meaning {
    match name {
        "sha1" => Meaning::Switch(|policy| policy.dangerous().allow_sha1().into_policy()),
        "rsa1024" => Meaning::Switch(|policy| policy.dangerous().allow_rsa1024().into_policy()),
        "inclusive_c14n" => Meaning::Switch(|policy| policy.dangerous().allow_inclusive_c14n().into_policy()),
        "unsolicited" => Meaning::Switch(|policy| policy.with_unsolicited(Unsolicited::Accept)),
        "scd_not_before" => Meaning::Switch(|policy| policy.with_relaxation(Relaxation::ConfirmationNotBefore)),
        "no_authn_statement" => Meaning::Switch(|policy| policy.with_relaxation(Relaxation::NoAuthnStatement)),
        "empty_in_response_to" => Meaning::Switch(|policy| policy.with_relaxation(Relaxation::EmptyInResponseTo)),
        "no_destination"
        | "no_response_issuer"
        | "time_zone_offset"
        | "repeated_attribute"
        | "id_not_ncname"
        | "foreign_spnamequalifier"
        | "ecdsa_der_in_redirect"
        | "embedded_signature_in_redirect" => Meaning::Tolerated,
        "cbc" => Meaning::Switch(|policy| policy.with_relaxation(Relaxation::Cbc)),
        "3des" => Meaning::Switch(|policy| policy.dangerous().allow_3des().into_policy()),
        "rsa1_5" => Meaning::Switch(|policy| policy.dangerous().allow_rsa1_5().into_policy()),
        "unsigned_logout_response" => {
            Meaning::Switch(|policy| policy.with_relaxation(Relaxation::UnsignedLogoutResponse))
        }
        "unsigned_logout"
        | "empty_reference_uri"
        | "md5"
        | "sha224"
        | "no_audience_restriction"
        | "no_scd_in_response_to"
        | "schema_invalid" => Meaning::Never,
        _ => Meaning::Unknown,
    }
}

/// The policy with that relaxation, as far as there is one.
pub(crate) fn relaxed(policy: Policy, name: &str) -> Policy {
    match meaning(name) {
        Meaning::Switch(switch) => switch(policy),
        Meaning::Tolerated | Meaning::Never | Meaning::Unknown => policy,
    }
}
