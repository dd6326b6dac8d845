//! What can't be seen from outside: the table of e-mail addresses, likenesses of names, the table of profiles.

use super::profile::IdpProfile;
use super::profiles::PROFILES;
use super::vocabulary::may_be_reassigned;
use super::{AttributeMap, EmailAddress, Role, RoleLadder, RoleMap, Source};
use crate::error::ConfigError;
use crate::metadata::IdentityProvider;
use crate::stored::StoredError;
use crate::testing::TestKey;

/// PRV-009: one rule, upper case is lower case, and nothing outside of ASCII becomes ASCII.
#[test]
fn prv_009_case() {
    let victim = EmailAddress::parse("victim@corp.com").unwrap();
    for same in ["Victim@Corp.com", "VICTIM@CORP.COM"] {
        assert_eq!(EmailAddress::parse(same).as_ref(), Ok(&victim), "{same}");
    }
    // Turkish dotted and dotless I, Kelvin sign, long s, sharp s.
    for other in
        ["vict\u{131}m@corp.com", "v\u{130}ctim@corp.com", "\u{212A}im@corp.com", "\u{17F}@corp.com", "\u{DF}@corp.com"]
    {
        assert!(EmailAddress::parse(other).is_err(), "{other}");
    }
}

/// PRV-010, PRV-011: what looks like another address is none, or another one.
#[test]
fn prv_010_prv_011_look_alikes() {
    let refused = [
        "victim\u{FF20}corp.com",
        "victim@\u{FF43}orp.com",
        "victim@corp\u{3002}com",
        "o\u{FB03}ce@corp.com",
        "vic\u{200B}tim@corp.com",
        "victim@corp.com\u{200B}",
        "vi\u{301}ctim@corp.com",
        "\u{202E}victim@corp.com",
        "victim@\u{441}orp.com",
        "j\u{F6}rg@corp.com",
        "user@m\u{FC}ller.example",
    ];
    for text in refused {
        assert!(EmailAddress::parse(text).is_err(), "{text:?}");
    }
    let homoglyph = EmailAddress::parse("victim@xn--orp-7cd.com").unwrap();
    assert_ne!(homoglyph, EmailAddress::parse("victim@corp.com").unwrap());
    assert_eq!(EmailAddress::parse("user@XN--Mller-kva.example").unwrap().domain(), "xn--mller-kva.example");
}

/// PRV-012, PRV-013: bare addresses only, of a length that every column holds.
#[test]
fn prv_012_prv_013_syntax() {
    let long_local = format!("{}@corp.com", "a".repeat(65));
    let long = format!("a@{}com", "a23456789.".repeat(26));
    let refused = [
        "",
        "@",
        "a@",
        "@corp.com",
        "a@b@corp.com",
        "a@corp",
        "\"victim\"@corp.com",
        "victim(comment)@corp.com",
        "victim@corp.com,attacker@evil.example",
        "Victim <victim@corp.com>",
        "<victim@corp.com>",
        "victim@corp.com.",
        "victim@corp.com ",
        " victim@corp.com",
        "victim@corp.com\n",
        "victim@[127.0.0.1]",
        "victim@127.0.0.1",
        "victim@.corp.com",
        "victim@corp..com",
        ".victim@corp.com",
        "victim.@corp.com",
        "vic..tim@corp.com",
        "victim@-corp.com",
        "victim@corp-.com",
        "victim@corp_x.com",
        "victim\0@corp.com",
        "mailto:victim@corp.com",
        "victim@corp.com;x@y.com",
        "vic tim@corp.com",
        &long_local,
        &long,
    ];
    for text in refused {
        assert!(EmailAddress::parse(text).is_err(), "{text:?}");
    }
    let distinct = ["victim@corp.com", "victim+x@corp.com", "vic.tim@corp.com", "o'neil@corp.com", "v@sub.corp.com"];
    for (index, text) in distinct.iter().enumerate() {
        let parsed = EmailAddress::parse(text).unwrap();
        assert_eq!(parsed.as_str(), *text);
        assert!(distinct.iter().skip(index + 1).all(|other| EmailAddress::parse(other).unwrap() != parsed));
    }
}

/// The presets of SENTRY's table, to the letter.
#[test]
fn presets_are_the_documented_ones() {
    let claims = [
        "http://schemas.microsoft.com/identity/claims/objectidentifier",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/givenname",
        "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/surname",
    ];
    let table = [
        ("okta", ["identifier", "email", "firstName", "lastName"]),
        ("onelogin", ["PersonImmutableID", "User.email", "User.FirstName", "User.LastName"]),
        ("auth0", ["user_id", "email", "name", ""]),
        ("rippling", ["user_id", "urn:oid:1.2.840.113549.1.9.1.1", "first_name", "last_name"]),
        ("entra-id", claims),
        ("ad-fs", claims),
        ("ping", ["saml_subject", "email", "first_name", "last_name"]),
    ];
    for (id, names) in table {
        let map = IdpProfile::named(id).unwrap().attribute_map().unwrap();
        for (sources, name) in [map.identifier(), map.email(), map.first_name(), map.last_name()].iter().zip(names) {
            let expected: Vec<Source> =
                Some(name).filter(|name| !name.is_empty()).map(Source::attribute).into_iter().collect();
            assert_eq!(*sources, expected, "{id}");
        }
    }
}

#[test]
fn profiles_are_complete_and_found_by_their_id() {
    for profile in PROFILES {
        assert_eq!(IdpProfile::named(profile.id()), Some(profile));
        let map = profile.attribute_map().unwrap();
        assert_eq!(map.reassignable_identifiers().count(), 0, "{}", profile.id());
        assert!(!profile.name().is_empty() && !profile.logout().is_empty() && !profile.set_up().is_empty());
        assert!(profile.suggestions().iter().all(|suggestion| suggestion.reason().len() > 20));
    }
    assert_eq!(IdpProfile::named("Okta"), None);
    assert_eq!(IdpProfile::all().last().map(IdpProfile::id), Some("other"));
}

fn suggested(entity_id: &str, sso_url: &str) -> Option<&'static str> {
    let idp = IdentityProvider::builder(entity_id, sso_url).certificate(TestKey::Rsa.certificate_pem()).build();
    IdpProfile::suggest(&idp.unwrap()).map(IdpProfile::id)
}

#[test]
fn a_profile_is_suggested_by_whole_labels_of_the_host_or_the_end_of_the_path() {
    let none = "https://idp.example.com/sso";
    let table = [
        ("http://www.okta.com/exkppsa1qwuFV4D7z0h7", none, "okta"),
        ("https://login.acme.example/", "https://acme.okta.com/app/x/sso/saml", "okta"),
        ("https://sts.windows.net/9a6b/", "https://login.microsoftonline.com/9a6b/saml2", "entra-id"),
        ("http://fs.acme.example/adfs/services/trust", "https://fs.acme.example/adfs/ls/", "ad-fs"),
        ("https://app.onelogin.com/saml/metadata/383123", none, "onelogin"),
        ("urn:acme.eu.auth0.com", "https://acme.eu.auth0.com/samlp/abc", "auth0"),
        ("https://accounts.google.com/o/saml2?idpid=C02dfl1r1", none, "google-workspace"),
        ("https://kc.example/realms/acme", "https://kc.example/realms/acme/protocol/saml", "keycloak"),
        ("https://idp.uni.example/idp/shibboleth", none, "shibboleth"),
        ("https://cas.uni.example/cas/idp", "https://cas.uni.example/cas/idp/profile/SAML2/Redirect/SSO", "cas"),
    ];
    for (entity_id, sso_url, id) in table {
        assert_eq!(suggested(entity_id, sso_url), Some(id), "{entity_id} {sso_url}");
    }
    for entity_id in [
        "https://idp.example.com/",
        "https://notokta.com/x",
        "https://okta.com.evil.example/",
        "https://evil.example/okta.com",
        "https://evil.example/?okta.com",
        "https://okta.com@evil.example/",
        "https://evil.example/adfs/services/trust/x",
    ] {
        assert_eq!(suggested(entity_id, none), None, "{entity_id}");
    }
}

fn ladder() -> RoleLadder {
    RoleLadder::new(["member", "manager", "admin"].map(Role::new)).unwrap()
}

#[test]
fn maps_survive_their_bytes_and_damaged_ones_do_not() {
    let roles = RoleMap::builder(ladder(), Role::new("manager"), [Source::attribute("groups").in_format("x")])
        .group("staff", Role::new("member"))
        .separated_by(';')
        .build()
        .unwrap();
    let map = AttributeMap::builder([Source::NameId, Source::attribute("uid")], [Source::VouchedNameId])
        .first_name([Source::attribute("givenName").in_format("y")])
        .extra("team", [Source::attribute("ou")])
        .roles(roles.clone())
        .build()
        .unwrap();
    assert_eq!(RoleMap::from_bytes(&roles.to_bytes()), Ok(roles));
    let octets = map.to_bytes();
    assert_eq!(AttributeMap::from_bytes(&octets).as_ref(), Ok(&map));
    for length in 0..octets.len() {
        assert!(AttributeMap::from_bytes(&octets[..length]).is_err(), "{length}");
    }
    assert_eq!(AttributeMap::from_bytes(&[octets.clone(), vec![0]].concat()), Err(StoredError::Damaged));
    let newer = [vec![2], octets[1..].to_vec()].concat();
    assert_eq!(AttributeMap::from_bytes(&newer), Err(StoredError::Version { found: 2, known: 1 }));
    for at in 0..octets.len() {
        let mut flipped = octets.clone();
        flipped[at] ^= 0x81;
        if let Ok(other) = AttributeMap::from_bytes(&flipped) {
            assert_eq!(AttributeMap::from_bytes(&other.to_bytes()).as_ref(), Ok(&other));
        }
    }
}

/// PRV-021: what the ladder does not have, no map gives.
#[test]
fn prv_021_settings_that_go_beyond_the_ladder_are_refused() {
    let groups = || [Source::attribute("groups")];
    let owner = || Role::new("owner");
    let refused = |builder: super::RoleMapBuilder, field| {
        let error = builder.build().unwrap_err();
        assert!(matches!(error, ConfigError::Value { field: found, .. } if found == field), "{error}");
    };
    refused(RoleMap::builder(ladder(), owner(), groups()), "ceiling");
    refused(RoleMap::builder(ladder(), Role::new("admin"), groups()).group("bosses", owner()), "role");
    refused(RoleMap::builder(ladder(), Role::new("admin"), groups()).group("", Role::new("admin")), "groups");
    refused(RoleMap::builder(ladder(), Role::new("admin"), []), "sources of groups");
    assert!(
        RoleMap::builder(ladder(), Role::new("admin"), groups()).group("bosses", Role::new("admin")).build().is_ok()
    );
    for roles in [vec![], vec!["a", "a"], vec![""]] {
        assert!(RoleLadder::new(roles.into_iter().map(Role::new)).is_err());
    }
}

#[test]
fn settings_of_fields() {
    let source = || [Source::attribute("x")];
    let field = |error: ConfigError| match error {
        ConfigError::Missing { field, .. } | ConfigError::Value { field, .. } => field,
        other => panic!("{other}"),
    };
    let refused = |builder: super::AttributeMapBuilder| field(builder.build().unwrap_err());
    assert_eq!(refused(AttributeMap::builder([], source())), "identifier");
    assert_eq!(refused(AttributeMap::builder(source(), [])), "email");
    assert_eq!(refused(AttributeMap::builder([Source::attribute("")], source())), "attribute name");
    assert_eq!(refused(AttributeMap::builder(vec![Source::NameId; 11], source())), "sources");
    let twice = AttributeMap::builder(source(), source()).extra("a", source()).extra("a", source());
    assert_eq!(refused(twice), "extra fields");
    assert!(AttributeMap::builder(source(), source()).extra("a", source()).extra("b", source()).build().is_ok());
}

/// PRV-018: what users choose themselves, or what is given to the next person, is told to whoever sets it up.
#[test]
fn prv_018_identifiers_that_are_not_for_good() {
    for name in ["mail", "User.email", "displayName", "urn:oid:1.3.6.1.4.1.5923.1.1.1.6", "sAMAccountName", "uid"] {
        assert!(may_be_reassigned(name), "{name}");
        let map = AttributeMap::builder([Source::attribute(name)], [Source::NameId]).build().unwrap();
        assert_eq!(map.reassignable_identifiers().count(), 1, "{name}");
    }
    for name in ["urn:oasis:names:tc:SAML:attribute:subject-id", "user_id", "objectGUID", "PersonImmutableID"] {
        assert!(!may_be_reassigned(name), "{name}");
    }
}
