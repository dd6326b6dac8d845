//! What runs at its maker, and is known by the host.

use super::{CBC, CLAIMS, FREE_NAMES, NO_SINGLE_LOGOUT, PERSISTENT, PLAIN, preset, step};
use crate::mapping::profile::Preferred::{Attribute, NameId};
use crate::mapping::profile::{IdpProfile, OurValue, Suggestion};
use crate::mapping::vocabulary::OID_RIPPLING_EMAIL;
use crate::policy::{SignatureRule, Unsolicited};

pub(super) const OKTA: IdpProfile = IdpProfile {
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
};

pub(super) const ENTRA_ID: IdpProfile = IdpProfile {
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
};

pub(super) const GOOGLE_WORKSPACE: IdpProfile = IdpProfile {
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
};

pub(super) const ONELOGIN: IdpProfile = IdpProfile {
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
};

pub(super) const AUTH0: IdpProfile = IdpProfile {
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
};

pub(super) const JUMPCLOUD: IdpProfile = IdpProfile {
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
};

pub(super) const RIPPLING: IdpProfile = IdpProfile {
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
};

pub(super) const DUO: IdpProfile = IdpProfile {
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
};

pub(super) const CYBERARK: IdpProfile = IdpProfile {
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
};

pub(super) const ORACLE_IDCS: IdpProfile = IdpProfile {
    id: "oracle-idcs",
    name: "Oracle Identity Cloud Service",
    hints: &[
        "the DigestValue of its signatures ends with a line break, which is legal",
        "add email, firstName and lastName under Attribute Configuration",
    ],
    hosts: &["identity.oraclecloud.com"],
    ..PLAIN
};

pub(super) const SALESFORCE: IdpProfile = IdpProfile {
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
};

pub(super) const SAP: IdpProfile = IdpProfile {
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
};
