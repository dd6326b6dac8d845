//! Names of attributes that many identity providers share, to build an [`AttributeMap`](super::AttributeMap) with.

use super::nearest::short_name;

/// `mail` (RFC 4524 2.16).
pub const OID_MAIL: &str = "urn:oid:0.9.2342.19200300.100.1.3";
/// `givenName` (RFC 4519 2.12).
pub const OID_GIVEN_NAME: &str = "urn:oid:2.5.4.42";
/// `sn` (RFC 4519 2.32).
pub const OID_SN: &str = "urn:oid:2.5.4.4";
/// `uid` (RFC 4519 2.39). Given to another person in time at many places.
pub const OID_UID: &str = "urn:oid:0.9.2342.19200300.100.1.1";
/// `displayName` (RFC 2798 2.3).
pub const OID_DISPLAY_NAME: &str = "urn:oid:2.16.840.1.113730.3.1.241";
/// `emailAddress` of PKCS #9, as Keycloak names it.
pub const OID_PKCS9_EMAIL: &str = "urn:oid:1.2.840.113549.1.9.1";
/// The e-mail address as Rippling names it.
pub const OID_RIPPLING_EMAIL: &str = "urn:oid:1.2.840.113549.1.9.1.1";
/// `eduPersonPrincipalName`. May be given to another person in time.
pub const OID_EDU_PERSON_PRINCIPAL_NAME: &str = "urn:oid:1.3.6.1.4.1.5923.1.1.1.6";
/// `eduPersonTargetedID`, whose value is a NameID. Replaced by [`PAIRWISE_ID`].
pub const OID_EDU_PERSON_TARGETED_ID: &str = "urn:oid:1.3.6.1.4.1.5923.1.1.1.10";
/// `eduPersonUniqueId`.
pub const OID_EDU_PERSON_UNIQUE_ID: &str = "urn:oid:1.3.6.1.4.1.5923.1.1.1.13";
/// `eduPersonScopedAffiliation`.
pub const OID_EDU_PERSON_SCOPED_AFFILIATION: &str = "urn:oid:1.3.6.1.4.1.5923.1.1.1.9";
/// `isMemberOf`.
pub const OID_IS_MEMBER_OF: &str = "urn:oid:1.3.6.1.4.1.5923.1.5.1.1";

/// An identifier for one service provider (SAML V2.0 Subject Identifier Attributes Profile 3.4).
pub const PAIRWISE_ID: &str = "urn:oasis:names:tc:SAML:attribute:pairwise-id";
/// An identifier for all service providers (SAML V2.0 Subject Identifier Attributes Profile 3.3).
pub const SUBJECT_ID: &str = "urn:oasis:names:tc:SAML:attribute:subject-id";

/// The identifier of a user of Entra ID.
pub const CLAIM_OBJECT_IDENTIFIER: &str = "http://schemas.microsoft.com/identity/claims/objectidentifier";
/// The e-mail address in the vocabulary of WS-Federation, which Entra ID and AD FS use.
pub const CLAIM_EMAIL_ADDRESS: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress";
/// The first name.
pub const CLAIM_GIVEN_NAME: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname";
/// The last name.
pub const CLAIM_SURNAME: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname";
/// At Entra ID the user principal name. May be given to another person in time.
pub const CLAIM_NAME: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/name";
/// The user principal name. May be given to another person in time.
pub const CLAIM_UPN: &str = "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn";
/// The groups of a user of Entra ID.
pub const CLAIM_GROUPS: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims/groups";
/// What Entra ID sends in place of more than 150 groups.
pub const CLAIM_GROUPS_LINK: &str = "http://schemas.microsoft.com/claims/groups.link";
/// The app roles of a user of Entra ID, and the roles of AD FS.
pub const CLAIM_ROLE: &str = "http://schemas.microsoft.com/ws/2008/06/identity/claims/role";

/// What a name stands for in any vocabulary.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Meaning {
    Identifier,
    Email,
    GivenName,
    Surname,
    /// A name of an account, or one for people: often chosen by the user, or given to another person in time.
    AccountName,
    Groups,
}

impl Meaning {
    /// Whether what the name stands for is chosen by users, or given to another person in time.
    fn may_be_reassigned(self) -> bool {
        matches!(self, Self::Email | Self::GivenName | Self::Surname | Self::AccountName)
    }
}

/// Names in full, or short names as [`short_name`] makes them.
const MEANINGS: &[(Meaning, &[&str])] = &[
    (
        Meaning::Identifier,
        &[
            PAIRWISE_ID,
            SUBJECT_ID,
            OID_EDU_PERSON_TARGETED_ID,
            OID_EDU_PERSON_UNIQUE_ID,
            "objectidentifier",
            "identifier",
            "userid",
            "personimmutableid",
            "immutableid",
            "samlsubject",
            "objectguid",
            "employeenumber",
        ],
    ),
    (Meaning::Email, &[OID_MAIL, OID_PKCS9_EMAIL, OID_RIPPLING_EMAIL, "mail", "email", "emailaddress", "useremail"]),
    (Meaning::GivenName, &[OID_GIVEN_NAME, "givenname", "firstname", "userfirstname"]),
    (Meaning::Surname, &[OID_SN, "sn", "surname", "lastname", "familyname", "userlastname"]),
    (
        Meaning::AccountName,
        &[
            OID_UID,
            OID_DISPLAY_NAME,
            OID_EDU_PERSON_PRINCIPAL_NAME,
            "uid",
            "name",
            "upn",
            "username",
            "login",
            "displayname",
            "userprincipalname",
            "edupersonprincipalname",
            "samaccountname",
        ],
    ),
    (Meaning::Groups, &[OID_IS_MEMBER_OF, "groups", "group", "memberof", "ismemberof", "roles", "role"]),
];

pub(super) fn meaning(name: &str) -> Option<Meaning> {
    let short = short_name(name);
    let has = |names: &[&str]| names.iter().any(|known| *known == name || *known == short);
    MEANINGS.iter().find(|(_, names)| has(names)).map(|(meaning, _)| *meaning)
}

/// Whether an attribute of that name is no identifier to rely on.
pub(super) fn may_be_reassigned(name: &str) -> bool {
    meaning(name).is_some_and(Meaning::may_be_reassigned)
}
