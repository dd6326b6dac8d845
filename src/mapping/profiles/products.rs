//! What runs anywhere, and is known by its paths.

use super::{CBC, CLAIMS, LDAP, PERSISTENT, PLAIN, preset, step};
use crate::mapping::profile::Preferred::{Attribute, NameId};
use crate::mapping::profile::{IdpProfile, OurValue};
use crate::mapping::vocabulary::{
    CLAIM_EMAIL_ADDRESS, CLAIM_GIVEN_NAME, CLAIM_SURNAME, OID_GIVEN_NAME, OID_MAIL, OID_PKCS9_EMAIL, OID_SN,
    PAIRWISE_ID, SUBJECT_ID,
};
use crate::policy::SignatureRule;

pub(super) const AD_FS: IdpProfile = IdpProfile {
    id: "ad-fs",
    name: "Microsoft AD FS",
    attributes: CLAIMS,
    signed: SignatureRule::Assertion,
    suggestions: &[CBC],
    logout: "requests are encoded with lower-case percent signs, so the raw query string is what has to be verified; the trust needs our certificate under Signature",
    set_up: &[
        step("Relying party trust identifier", OurValue::EntityId),
        step("SAML Assertion Consumer Endpoint (POST)", OurValue::AcsUrl),
        step("SAML Logout Endpoint", OurValue::SlsUrl),
        step("Secure hash algorithm", OurValue::Text("SHA-256")),
    ],
    hints: &[
        "claim rules decide what is sent: one for objectGUID as the claim objectidentifier, one each for E-Mail-Addresses, Given-Name and Surname",
        "a request for a NameID Format that no rule issues fails with MSIS7070: ask for none",
        "it encrypts as soon as our metadata has an encryption key",
        "its signing key changes once a year: register it by metadata URL",
    ],
    entity_id_ends: &["/adfs/services/trust"],
    sso_path_ends: &["/adfs/ls/", "/adfs/ls"],
    ..PLAIN
};

pub(super) const PING: IdpProfile = IdpProfile {
    id: "ping",
    name: "Ping Identity (PingOne, PingFederate)",
    attributes: preset(
        &[Attribute("saml_subject")],
        &[Attribute("email")],
        [&[Attribute("first_name")], &[Attribute("last_name")]],
    ),
    set_up: &[
        step("ACS URLs", OurValue::AcsUrl),
        step("Entity ID", OurValue::EntityId),
        step("SLO Endpoint", OurValue::SlsUrl),
    ],
    hints: &[
        "map saml_subject to the User ID, not to the user name",
        "PingFederate with a virtual server ID has another entityID for each",
        "PingFederate may go on signing with a certificate that has expired",
    ],
    hosts: &["pingone.com", "pingone.eu", "pingone.ca", "pingone.asia", "pingone.com.au", "pingidentity.com"],
    sso_path_ends: &["/idp/SSO.saml2"],
    ..PLAIN
};

pub(super) const KEYCLOAK: IdpProfile = IdpProfile {
    id: "keycloak",
    name: "Keycloak",
    attributes: preset(
        &[NameId],
        &[Attribute("email"), Attribute(OID_PKCS9_EMAIL)],
        [
            &[Attribute("firstName"), Attribute("givenName"), Attribute(OID_GIVEN_NAME)],
            &[Attribute("lastName"), Attribute("surname"), Attribute(OID_SN)],
        ],
    ),
    name_id_format: Some(PERSISTENT),
    set_up: &[
        step("Client ID", OurValue::EntityId),
        step("Valid redirect URIs", OurValue::AcsUrl),
        step("Master SAML Processing URL", OurValue::AcsUrl),
        step("Name ID format", OurValue::Text("persistent")),
        step("Logout Service Redirect Binding URL", OurValue::SlsUrl),
    ],
    hints: &[
        "switch Sign documents or Sign assertions on, and Client signature required only if our requests are signed",
        "add mappers of the type User Property for email, firstName and lastName",
        "the mapper role_list sends one attribute for each role: switch Single Role Attribute on, or leave it, they are merged",
    ],
    sso_path_ends: &["/protocol/saml"],
    ..PLAIN
};

pub(super) const SHIBBOLETH: IdpProfile = IdpProfile {
    id: "shibboleth",
    name: "Shibboleth",
    attributes: LDAP,
    suggestions: &[],
    set_up: &[step("Metadata provider", OurValue::EntityId)],
    hints: &[
        "the attribute filter has to release pairwise-id or subject-id, mail, givenName and sn to us",
        "its NameID is transient by default, which is no identifier",
        "it encrypts as soon as our metadata has an encryption key",
    ],
    entity_id_ends: &["/idp/shibboleth"],
    sso_path_ends: &["/idp/profile/SAML2/Redirect/SSO", "/idp/profile/SAML2/POST/SSO"],
    ..PLAIN
};

pub(super) const SIMPLESAMLPHP: IdpProfile = IdpProfile {
    id: "simplesamlphp",
    name: "SimpleSAMLphp",
    attributes: LDAP,
    name_id_format: Some(PERSISTENT),
    set_up: &[
        step("$metadata['...'] in saml20-sp-remote.php", OurValue::EntityId),
        step("AssertionConsumerService", OurValue::AcsUrl),
        step("SingleLogoutService", OurValue::SlsUrl),
    ],
    hints: &[
        "its NameID is transient by default: set NameIDFormat and the authproc filter saml:PersistentNameID, or saml:SubjectID",
        "names are plain (mail) or OIDs, by the authproc filter core:AttributeMap",
        "an entityID that ends with metadata.php is its metadata URL",
    ],
    entity_id_ends: &["/saml2/idp/metadata.php"],
    sso_path_ends: &["/saml2/idp/SSOService.php", "/module.php/saml/idp/singleSignOnService"],
    ..PLAIN
};

pub(super) const LEMONLDAP_NG: IdpProfile = IdpProfile {
    id: "lemonldap-ng",
    name: "LemonLDAP::NG",
    attributes: preset(
        &[NameId],
        &[Attribute("mail"), Attribute("email"), Attribute(OID_MAIL)],
        [&[Attribute("givenName"), Attribute(OID_GIVEN_NAME)], &[Attribute("sn"), Attribute(OID_SN)]],
    ),
    name_id_format: Some(PERSISTENT),
    set_up: &[step("Metadata", OurValue::EntityId), step("Default NameID format", OurValue::Text("Persistent"))],
    hints: &["exported attributes are those of the service provider's entry: mail, givenName, sn"],
    sso_path_ends: &["/saml/singleSignOn"],
    ..PLAIN
};

pub(super) const FORTINET: IdpProfile = IdpProfile {
    id: "fortinet",
    name: "FortiAuthenticator",
    hints: &[
        "add email, firstName and lastName as assertion attributes of the service provider",
        "it writes at most six digits behind the seconds, which is legal",
    ],
    ..PLAIN
};

pub(super) const CAS: IdpProfile = IdpProfile {
    id: "cas",
    name: "Apereo CAS",
    attributes: LDAP,
    hints: &[
        "the attribute release policy of our service has to name what is sent",
        "skipGeneratingSubjectConfirmationRecipient has to be false: a Recipient is required",
    ],
    entity_id_ends: &["/cas/idp"],
    ..PLAIN
};

pub(super) const OTHER: IdpProfile = IdpProfile {
    id: "other",
    name: "Another identity provider",
    attributes: preset(
        &[Attribute(PAIRWISE_ID), Attribute(SUBJECT_ID), NameId],
        &[Attribute("email"), Attribute("mail"), Attribute(OID_MAIL), Attribute(CLAIM_EMAIL_ADDRESS)],
        [
            &[Attribute("firstName"), Attribute("givenName"), Attribute(OID_GIVEN_NAME), Attribute(CLAIM_GIVEN_NAME)],
            &[Attribute("lastName"), Attribute("sn"), Attribute(OID_SN), Attribute(CLAIM_SURNAME)],
        ],
    ),
    hints: &["have it sign the assertion, and send a NameID that lasts"],
    ..PLAIN
};
