//! The table of products. Facts only; what is done with them is in [`profile`](super::profile).

mod products;
mod services;

use super::profile::Preferred::{Attribute, NameId};
use super::profile::{IdpProfile, OurValue, Preferred, Preset, SetUpStep, Suggestion};
use super::vocabulary::{
    CLAIM_EMAIL_ADDRESS, CLAIM_GIVEN_NAME, CLAIM_OBJECT_IDENTIFIER, CLAIM_SURNAME, OID_EDU_PERSON_TARGETED_ID,
    OID_EDU_PERSON_UNIQUE_ID, OID_GIVEN_NAME, OID_MAIL, OID_SN, PAIRWISE_ID, SUBJECT_ID,
};
use crate::policy::{Relaxation, SignatureRule};

const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";

const CBC: Suggestion = Suggestion::Relax {
    relaxation: Relaxation::Cbc,
    reason: "only if assertions are encrypted: it signs the assertion alone and encrypts with AES-CBC, so that whoever alters the ciphertext could learn from the answers. Signing the response as well is better",
};
const NO_SINGLE_LOGOUT: &str = "no SAML single logout: logging out ends the session here only";
const PLAIN_LOGOUT: &str = "single logout where it is switched on; requests have to be signed";

const fn step(field: &'static str, value: OurValue) -> SetUpStep {
    SetUpStep { field, value }
}

const fn preset(
    identifier: &'static [Preferred],
    email: &'static [Preferred],
    names: [&'static [Preferred]; 2],
) -> Preset {
    let [first_name, last_name] = names;
    Preset { identifier, email, first_name, last_name }
}

/// Attributes as the guide asks administrators to name them where names are free.
const FREE_NAMES: Preset =
    preset(&[NameId], &[Attribute("email"), NameId], [&[Attribute("firstName")], &[Attribute("lastName")]]);
const CLAIMS: Preset = preset(
    &[Attribute(CLAIM_OBJECT_IDENTIFIER)],
    &[Attribute(CLAIM_EMAIL_ADDRESS)],
    [&[Attribute(CLAIM_GIVEN_NAME)], &[Attribute(CLAIM_SURNAME)]],
);
const LDAP: Preset = preset(
    &[
        Attribute(PAIRWISE_ID),
        Attribute(SUBJECT_ID),
        Attribute(OID_EDU_PERSON_UNIQUE_ID),
        Attribute(OID_EDU_PERSON_TARGETED_ID),
        NameId,
    ],
    &[Attribute(OID_MAIL), Attribute("mail")],
    [&[Attribute(OID_GIVEN_NAME), Attribute("givenName")], &[Attribute(OID_SN), Attribute("sn")]],
);

/// What all rows have in common.
const PLAIN: IdpProfile = IdpProfile {
    id: "",
    name: "",
    attributes: FREE_NAMES,
    signed: SignatureRule::Either,
    name_id_format: None,
    suggestions: &[],
    logout: PLAIN_LOGOUT,
    set_up: &[
        step("ACS URL, or assertion consumer service", OurValue::AcsUrl),
        step("Entity ID, or audience", OurValue::EntityId),
        step("Single logout URL", OurValue::SlsUrl),
    ],
    hints: &[],
    hosts: &[],
    entity_id_ends: &[],
    sso_path_ends: &[],
};

/// In the order of a menu.
pub(super) const PROFILES: &[IdpProfile] = &[
    services::OKTA,
    services::ENTRA_ID,
    products::AD_FS,
    services::GOOGLE_WORKSPACE,
    services::ONELOGIN,
    services::AUTH0,
    products::PING,
    services::JUMPCLOUD,
    services::RIPPLING,
    products::KEYCLOAK,
    products::SHIBBOLETH,
    products::SIMPLESAMLPHP,
    services::DUO,
    services::CYBERARK,
    products::LEMONLDAP_NG,
    services::ORACLE_IDCS,
    services::SALESFORCE,
    products::FORTINET,
    services::SAP,
    products::CAS,
    products::OTHER,
];
