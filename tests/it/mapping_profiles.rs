//! For each profile a login that maps completely, and one that is broken as users break it.

use std::path::{Path, PathBuf};

use saml_sp::IdentityProvider;
use saml_sp::mapping::{AttributeMap, Field, FieldOutcome, IdpProfile, Likeness, OurValue, Source, vocabulary};
use saml_sp::metadata::{EntityChoice, MetadataTrust};
use saml_sp::{EntityId, ServiceProvider};

use crate::kit::{ACS, SP, now, organization};
use crate::mapping::{EMAIL, PERSISTENT, TRANSIENT, UNSPECIFIED, attribute, login, name_id};

/// The first source of each field, as the profile asks for it.
fn complete(map: &AttributeMap) -> (String, String) {
    let fields = [
        (map.identifier(), "u-1"),
        (map.email(), "ada@example.com"),
        (map.first_name(), "Ada"),
        (map.last_name(), "Lovelace"),
    ];
    let mut name_id_element = String::new();
    let mut attributes = String::new();
    for (sources, value) in fields {
        match sources.first() {
            Some(Source::Attribute { name, .. }) => attributes.push_str(&attribute(name, &[value])),
            Some(_) => name_id_element = name_id(PERSISTENT, value),
            None => {}
        }
    }
    (name_id_element, attributes)
}

#[test]
fn every_profile_maps_a_login_that_is_set_up_as_it_says() {
    for profile in IdpProfile::all() {
        let map = profile.attribute_map().unwrap();
        let (name_id, attributes) = complete(&map);
        let mapped = map.apply(&login(&name_id, &attributes)).unwrap_or_else(|error| panic!("{}", error.report()));
        let identity = mapped.identity();
        assert_eq!(
            (identity.subject().value(), identity.email().as_str()),
            ("u-1", "ada@example.com"),
            "{}",
            profile.id()
        );
        assert_eq!(identity.first_name(), Some("Ada"));
        assert_eq!(identity.last_name().is_some(), profile.id() != "auth0");
        assert!(
            mapped.report().fields().iter().all(|field| *field.outcome() == FieldOutcome::Mapped),
            "{}",
            mapped.report()
        );
        assert_eq!(mapped.report().notes(), [], "{}", profile.id());
    }
}

struct Broken {
    profile: &'static str,
    name_id: Option<&'static str>,
    /// What stands in place of the attribute of that name.
    renamed: Option<(&'static str, String)>,
    code: &'static str,
    field: Field,
    likeness: Option<Likeness>,
}

fn renamed(profile: &'static str, from: &'static str, to: &str, field: Field, likeness: Likeness) -> Broken {
    let value = if field == Field::Email { "ada@example.com" } else { "u-1" };
    let code = if field == Field::Email { "mapping.no_email" } else { "mapping.no_identifier" };
    let renamed = Some((from, attribute(to, &[value])));
    Broken { profile, name_id: None, renamed, code, field, likeness: Some(likeness) }
}

fn unstable(profile: &'static str, format: &'static str, dropped: Option<&'static str>) -> Broken {
    let renamed = dropped.map(|name| (name, String::new()));
    let code = "mapping.unstable_name_id";
    Broken { profile, name_id: Some(format), renamed, code, field: Field::Identifier, likeness: None }
}

fn broken() -> Vec<Broken> {
    let claim = vocabulary::CLAIM_EMAIL_ADDRESS;
    vec![
        renamed("okta", "email", "Email", Field::Email, Likeness::Case),
        // The namespace left empty in the console.
        renamed("entra-id", claim, "emailaddress", Field::Email, Likeness::ShortName),
        renamed("ad-fs", claim, vocabulary::OID_MAIL, Field::Email, Likeness::Meaning),
        unstable("google-workspace", UNSPECIFIED, None),
        Broken {
            profile: "onelogin",
            name_id: None,
            renamed: Some(("PersonImmutableID", attribute("PersonImmutableID", &[""]))),
            code: "mapping.no_identifier",
            field: Field::Identifier,
            likeness: None,
        },
        renamed("auth0", "user_id", "http://schemas.auth0.com/user_id", Field::Identifier, Likeness::ShortName),
        renamed("ping", "saml_subject", "SAML_SUBJECT", Field::Identifier, Likeness::Case),
        unstable("jumpcloud", UNSPECIFIED, None),
        renamed("rippling", vocabulary::OID_RIPPLING_EMAIL, "email", Field::Email, Likeness::Meaning),
        unstable("keycloak", UNSPECIFIED, None),
        unstable("shibboleth", TRANSIENT, Some(vocabulary::PAIRWISE_ID)),
        unstable("simplesamlphp", TRANSIENT, Some(vocabulary::PAIRWISE_ID)),
        Broken {
            profile: "duo",
            name_id: Some(EMAIL),
            renamed: Some(("email", attribute("email", &["ada@example.com", "lovelace@example.com"]))),
            code: "mapping.ambiguous_email",
            field: Field::Email,
            likeness: None,
        },
        renamed("cyberark", "user_id", "UserID", Field::Identifier, Likeness::ShortName),
        renamed("lemonldap-ng", "mail", "mial", Field::Email, Likeness::Spelling),
        unstable("oracle-idcs", UNSPECIFIED, None),
        renamed("salesforce", "userId", "user_id", Field::Identifier, Likeness::ShortName),
        unstable("fortinet", UNSPECIFIED, None),
        renamed("sap", "mail", "Mail", Field::Email, Likeness::Case),
        unstable("cas", TRANSIENT, Some(vocabulary::PAIRWISE_ID)),
        unstable("other", TRANSIENT, Some(vocabulary::PAIRWISE_ID)),
    ]
}

#[test]
fn every_profile_tells_how_it_was_broken() {
    let broken = broken();
    let covered: Vec<_> = broken.iter().map(|broken| broken.profile).collect();
    assert!(IdpProfile::all().iter().all(|profile| covered.contains(&profile.id())));
    for Broken { profile, name_id: format, renamed, code, field, likeness } in broken {
        let map = IdpProfile::named(profile).unwrap().attribute_map().unwrap();
        let (mut name_id_element, mut attributes) = complete(&map);
        if let Some(format) = format {
            name_id_element = name_id(format, "u-1");
        }
        if let Some((name, other)) = renamed {
            let (before, rest) = attributes.split_once(&format!("<saml:Attribute Name=\"{name}\">")).unwrap();
            let (_, after) = rest.split_once("</saml:Attribute>").unwrap();
            attributes = [before, &other, after].concat();
        }
        let error = map.apply(&login(&name_id_element, &attributes)).map(|_| profile).unwrap_err();
        assert_eq!(error.code(), code, "{profile}\n{}", error.report());
        let nearest = error.report().field(&field).unwrap().nearest().map(saml_sp::mapping::Nearest::likeness);
        assert_eq!(nearest, likeness, "{profile}\n{}", error.report());
        assert_eq!(error.report().remedies().count(), 1, "{profile}\n{}", error.report());
    }
}

#[test]
fn set_up_steps_hold_our_values() {
    let sp = ServiceProvider::builder(organization(), EntityId::new(SP), ACS).build().unwrap();
    let step = |profile: &str, at: usize| IdpProfile::named(profile).unwrap().set_up()[at];
    assert_eq!(step("okta", 0).field(), "Single sign-on URL");
    assert_eq!(step("okta", 0).value().of(&sp), Some(ACS));
    assert_eq!(step("okta", 1).value().of(&sp), Some(SP));
    assert_eq!(OurValue::SlsUrl.of(&sp), None);
    let rippling = IdpProfile::named("rippling").unwrap().suggestions();
    assert!(rippling.iter().any(|one| matches!(one, saml_sp::mapping::Suggestion::ConstantInResponseTo { .. })));
}

#[test]
fn the_guide_has_every_profile() {
    let guide = include_str!("../../src/guide/idp_setup.md");
    for profile in IdpProfile::all() {
        let (_, section) = guide.split_once(&format!("## {}\n", profile.name())).unwrap();
        let section = section.split("\n## ").next().unwrap();
        assert!(section.contains(&format!("Id `{}`.", profile.id())), "{}", profile.id());
        for step in profile.set_up() {
            assert!(section.contains(&format!("| {} |", step.field())), "{}: {}", profile.id(), step.field());
        }
        let map = profile.attribute_map().unwrap();
        for source in [map.identifier(), map.email(), map.first_name(), map.last_name()].concat() {
            let Source::Attribute { name, .. } = source else { continue };
            assert!(section.contains(&format!("`{name}`")), "{}: {name}", profile.id());
        }
    }
}

/// `SAML_SP_CORPUS`, or `../shared/corpus` beside this repository; without it the test says so and is over.
fn corpus() -> PathBuf {
    std::env::var_os("SAML_SP_CORPUS")
        .map_or_else(|| Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/corpus"), PathBuf::from)
}

#[test]
fn profiles_are_suggested_for_real_metadata() {
    let table = [
        ("peers/files/crewjam/SP_IDPMetadata.xml", Some("https://idp.testshib.org/idp/shibboleth"), Some("shibboleth")),
        ("peers/files/crewjam/TestSPCanHandleOktaResponseEncryptedSignedAssertion_IDPMetadata.xml", None, Some("okta")),
        ("peers/files/crewjam/TestSPCanHandleOneloginResponse_IDPMetadata.xml", None, Some("onelogin")),
        ("peers/files/crewjam/TestSPCanHandlePlaintextResponse_IDPMetadata.xml", None, Some("google-workspace")),
        ("interop/files/simplesamlphp/idp.xml", None, Some("simplesamlphp")),
        ("interop/files/lemonldap-ng/idp.xml", None, Some("lemonldap-ng")),
        ("interop/files/pysaml2/idp.xml", None, None),
        ("interop/files/npm-samlp/idp.xml", None, None),
    ];
    for (file, entity, expected) in table {
        let Ok(octets) = std::fs::read(corpus().join(file)) else {
            #[allow(clippy::print_stderr, reason = "a skipped test has to say so")]
            {
                eprintln!("SKIPPED: there is no {file} in {}", corpus().display());
            }
            continue;
        };
        let choice = entity.map_or(EntityChoice::Only, |id| EntityChoice::Entity(EntityId::new(id)));
        let valid = if file.starts_with("peers") { "2015-12-01T00:00:00Z".parse().unwrap() } else { now() };
        let idp = IdentityProvider::from_metadata(octets.as_slice(), &choice, &MetadataTrust::ObtainedSecurely, valid);
        let idp = idp.unwrap_or_else(|rejection| panic!("{file}: {}", rejection.report()));
        assert_eq!(IdpProfile::suggest(&idp).map(IdpProfile::id), expected, "{file}");
    }
}
