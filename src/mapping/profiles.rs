//! The table of products. Facts only; what is done with them is in [`profile`](super::profile).

use super::profile::Preferred::{Attribute, NameId};
use super::profile::{IdpProfile, OurValue, Preferred, Preset, SetUpStep, Suggestion};
use super::vocabulary::{
    CLAIM_EMAIL_ADDRESS, CLAIM_GIVEN_NAME, CLAIM_OBJECT_IDENTIFIER, CLAIM_SURNAME, OID_EDU_PERSON_TARGETED_ID,
    OID_EDU_PERSON_UNIQUE_ID, OID_GIVEN_NAME, OID_MAIL, OID_PKCS9_EMAIL, OID_RIPPLING_EMAIL, OID_SN, PAIRWISE_ID,
    SUBJECT_ID,
};
use crate::policy::{Relaxation, SignatureRule, Unsolicited};

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
    IdpProfile {
        id: "okta",
        name: "Okta",
        attributes: preset(
            &[Attribute("identifier")],
            &[Attribute("email")],
            [&[Attribute("firstName")], &[Attribute("lastName")]],
        ),
        signed: SignatureRule::Both,
        logout: "wants the request signed and our certificate uploaded by hand, and NameID with its Format exactly as it sent them; its answers may be unsigned",
        set_up: &[
            step("Single sign-on URL", OurValue::AcsUrl),
            step("Audience URI (SP Entity ID)", OurValue::EntityId),
            step("Name ID format", OurValue::Text("Persistent")),
            step("Single Logout URL", OurValue::SlsUrl),
            step("Attribute statement identifier", OurValue::Text("user.id")),
            step("Attribute statement email", OurValue::Text("user.email")),
            step("Attribute statement firstName", OurValue::Text("user.firstName")),
            step("Attribute statement lastName", OurValue::Text("user.lastName")),
        ],
        hints: &[
            "its entityID begins with http://www.okta.com/, without s",
            "the metadata URL is the application's, under Sign On",
            "groups need a group attribute statement with a filter, such as a regular expression",
        ],
        hosts: &["okta.com", "oktapreview.com", "okta-emea.com", "okta-gov.com"],
        ..PLAIN
    },
    IdpProfile {
        id: "entra-id",
        name: "Microsoft Entra ID",
        attributes: CLAIMS,
        signed: SignatureRule::Assertion,
        suggestions: &[CBC],
        logout: "requests are encoded with lower-case percent signs, so the raw query string is what has to be verified; its answers are often unsigned",
        set_up: &[
            step("Identifier (Entity ID)", OurValue::EntityId),
            step("Reply URL (Assertion Consumer Service URL)", OurValue::AcsUrl),
            step("Logout Url", OurValue::SlsUrl),
            step("SAML Signing Option", OurValue::Text("Sign SAML response and assertion")),
        ],
        hints: &[
            "its entityID is https://sts.windows.net/{tenant}/ with the slash at the end",
            "the claim emailaddress is absent for users without a mailbox: set it to user.mail or, if that is an address, user.userprincipalname",
            "a request that asks for an authentication context is refused with AADSTS75011",
            "with more than 150 groups it sends a link in place of the groups: send only those assigned to the application, or app roles",
            "its metadata has up to three signing keys: register it by URL",
        ],
        hosts: &[
            "sts.windows.net",
            "login.microsoftonline.com",
            "login.microsoftonline.us",
            "login.partner.microsoftonline.cn",
        ],
        ..PLAIN
    },
    IdpProfile {
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
    },
    IdpProfile {
        id: "google-workspace",
        name: "Google Workspace",
        attributes: FREE_NAMES,
        signed: SignatureRule::Assertion,
        logout: NO_SINGLE_LOGOUT,
        set_up: &[
            step("ACS URL", OurValue::AcsUrl),
            step("Entity ID", OurValue::EntityId),
            step("Name ID format", OurValue::Text("EMAIL")),
            step("Name ID", OurValue::Text("Basic Information > Primary email")),
            step("Attribute email", OurValue::Text("Primary email")),
            step("Attribute firstName", OurValue::Text("First name")),
            step("Attribute lastName", OurValue::Text("Last name")),
        ],
        hints: &[
            "metadata is a file to download, and is valid for some five years",
            "the NameID is an e-mail address, which may be given to another person: a custom attribute with a personnel number is a better identifier",
            "app_not_configured_for_user means that ACS URL or entityID differ",
            "only attributes that are listed are sent, and without a value for users who have none",
        ],
        hosts: &["accounts.google.com"],
        ..PLAIN
    },
    IdpProfile {
        id: "onelogin",
        name: "OneLogin",
        attributes: preset(
            &[Attribute("PersonImmutableID")],
            &[Attribute("User.email")],
            [&[Attribute("User.FirstName")], &[Attribute("User.LastName")]],
        ),
        set_up: &[
            step("Audience (EntityID)", OurValue::EntityId),
            step("Recipient", OurValue::AcsUrl),
            step("ACS (Consumer) URL", OurValue::AcsUrl),
            step("Single Logout URL", OurValue::SlsUrl),
        ],
        hints: &[
            "add the parameter PersonImmutableID with a value that never changes, and tick Include in SAML assertion for each",
            "a response with {recipient} or {audience} in it means that a field of the connector is empty",
        ],
        hosts: &["onelogin.com"],
        ..PLAIN
    },
    IdpProfile {
        id: "auth0",
        name: "Auth0",
        attributes: preset(&[Attribute("user_id")], &[Attribute("email")], [&[Attribute("name")], &[]]),
        signed: SignatureRule::Assertion,
        set_up: &[
            step("Application Callback URL", OurValue::AcsUrl),
            step("Settings: audience", OurValue::EntityId),
            step("Settings: recipient and destination", OurValue::AcsUrl),
            step("Settings: logout.callback", OurValue::SlsUrl),
        ],
        hints: &[
            "without the setting audience the assertion is for a default that is not ours",
            "with passthroughClaimsWithNoMapping and mappings the short names arrive; otherwise names begin with http://schemas.auth0.com/ or are ws/2005 claims",
        ],
        hosts: &["auth0.com"],
        ..PLAIN
    },
    IdpProfile {
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
    },
    IdpProfile {
        id: "jumpcloud",
        name: "JumpCloud",
        set_up: &[
            step("SP Entity ID", OurValue::EntityId),
            step("ACS URLs", OurValue::AcsUrl),
            step("SAMLSubject NameID Format", OurValue::Text(PERSISTENT)),
            step("Attribute email", OurValue::Text("email")),
            step("Attribute firstName", OurValue::Text("firstname")),
            step("Attribute lastName", OurValue::Text("lastname")),
        ],
        hints: &[
            "the administrator chooses the IdP Entity ID, which has to be one of its own here",
            "tick Sign Assertion",
            "the link to the metadata needs a login and gives a page: download the file",
            "choose a SAMLSubject NameID that is never given to another person",
        ],
        hosts: &["jumpcloud.com"],
        ..PLAIN
    },
    IdpProfile {
        id: "rippling",
        name: "Rippling",
        attributes: preset(
            &[Attribute("user_id")],
            &[Attribute(OID_RIPPLING_EMAIL)],
            [&[Attribute("first_name")], &[Attribute("last_name")]],
        ),
        suggestions: &[
            Suggestion::Unsolicited {
                unsolicited: Unsolicited::Accept,
                reason: "only if users start at Rippling. Converting is safer, and does the same for the user",
            },
            Suggestion::ConstantInResponseTo {
                reason: "logins that start at Rippling carry a constant InResponseTo, which answers no request of ours",
            },
        ],
        logout: NO_SINGLE_LOGOUT,
        set_up: &[
            step("Assertion Consumer Service URL", OurValue::AcsUrl),
            step("Service Provider Entity ID", OurValue::EntityId),
        ],
        hints: &["the metadata URL is there before the application is saved, and works only afterwards"],
        hosts: &["rippling.com"],
        ..PLAIN
    },
    IdpProfile {
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
    },
    IdpProfile {
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
    },
    IdpProfile {
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
    },
    IdpProfile {
        id: "duo",
        name: "Duo Single Sign-On",
        signed: SignatureRule::Both,
        logout: NO_SINGLE_LOGOUT,
        set_up: &[
            step("Entity ID", OurValue::EntityId),
            step("Assertion Consumer Service (ACS) URL", OurValue::AcsUrl),
            step("NameID format", OurValue::Text("emailAddress")),
            step("Map attribute email", OurValue::Text("<Email Address>")),
            step("Map attribute firstName", OurValue::Text("<First Name>")),
            step("Map attribute lastName", OurValue::Text("<Last Name>")),
        ],
        hints: &[
            "the NameID is an e-mail address, which may be given to another person: prefer an attribute of the directory",
        ],
        hosts: &["duosecurity.com"],
        ..PLAIN
    },
    IdpProfile {
        id: "cyberark",
        name: "CyberArk Identity (Idaptive)",
        attributes: preset(
            &[Attribute("user_id")],
            &[Attribute("email")],
            [&[Attribute("firstName")], &[Attribute("lastName")]],
        ),
        signed: SignatureRule::Response,
        set_up: &[
            step("SP Entity ID / Issuer / Audience", OurValue::EntityId),
            step("Assertion Consumer Service (ACS) URL", OurValue::AcsUrl),
            step("Single Logout URL", OurValue::SlsUrl),
            step("SAML attribute user_id", OurValue::Text("LoginUser.Uuid")),
            step("SAML attribute email", OurValue::Text("LoginUser.Email")),
            step("SAML attribute firstName", OurValue::Text("LoginUser.FirstName")),
            step("SAML attribute lastName", OurValue::Text("LoginUser.LastName")),
        ],
        hints: &["its entityID holds the id of the application: each application is an identity provider of its own"],
        hosts: &["idaptive.app", "cyberark.cloud", "centrify.com"],
        ..PLAIN
    },
    IdpProfile {
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
    },
    IdpProfile {
        id: "oracle-idcs",
        name: "Oracle Identity Cloud Service",
        hints: &[
            "the DigestValue of its signatures ends with a line break, which is legal",
            "add email, firstName and lastName under Attribute Configuration",
        ],
        hosts: &["identity.oraclecloud.com"],
        ..PLAIN
    },
    IdpProfile {
        id: "salesforce",
        name: "Salesforce",
        attributes: preset(
            &[Attribute("userId")],
            &[Attribute("email")],
            [&[Attribute("firstName")], &[Attribute("lastName")]],
        ),
        set_up: &[
            step("Entity Id", OurValue::EntityId),
            step("ACS URL", OurValue::AcsUrl),
            step("Single Logout URL", OurValue::SlsUrl),
            step("Custom attribute firstName", OurValue::Text("$User.FirstName")),
            step("Custom attribute lastName", OurValue::Text("$User.LastName")),
        ],
        hosts: &["salesforce.com", "force.com"],
        ..PLAIN
    },
    IdpProfile {
        id: "fortinet",
        name: "FortiAuthenticator",
        hints: &[
            "add email, firstName and lastName as assertion attributes of the service provider",
            "it writes at most six digits behind the seconds, which is legal",
        ],
        ..PLAIN
    },
    IdpProfile {
        id: "sap",
        name: "SAP Cloud Identity Services",
        attributes: preset(
            &[Attribute("user_uuid"), NameId],
            &[Attribute("mail")],
            [&[Attribute("first_name")], &[Attribute("last_name")]],
        ),
        hints: &["set user_uuid under Attributes to the Global User ID"],
        hosts: &["accounts.ondemand.com", "accounts.cloud.sap"],
        ..PLAIN
    },
    IdpProfile {
        id: "cas",
        name: "Apereo CAS",
        attributes: LDAP,
        hints: &[
            "the attribute release policy of our service has to name what is sent",
            "skipGeneratingSubjectConfirmationRecipient has to be false: a Recipient is required",
        ],
        entity_id_ends: &["/cas/idp"],
        ..PLAIN
    },
    IdpProfile {
        id: "other",
        name: "Another identity provider",
        attributes: preset(
            &[Attribute(PAIRWISE_ID), Attribute(SUBJECT_ID), NameId],
            &[Attribute("email"), Attribute("mail"), Attribute(OID_MAIL), Attribute(CLAIM_EMAIL_ADDRESS)],
            [
                &[
                    Attribute("firstName"),
                    Attribute("givenName"),
                    Attribute(OID_GIVEN_NAME),
                    Attribute(CLAIM_GIVEN_NAME),
                ],
                &[Attribute("lastName"), Attribute("sn"), Attribute(OID_SN), Attribute(CLAIM_SURNAME)],
            ],
        ),
        hints: &["have it sign the assertion, and send a NameID that lasts"],
        ..PLAIN
    },
];
