//! From a login to an identity: ATTACKS H4 and N, as far as they are about what an identity provider sends.

use saml_sp::mapping::{
    AssertedRole, AttributeMap, Field, FieldOutcome, Found, Identity, Likeness, Mapped, MappingError, MappingNote,
    Role, RoleLadder, RoleMap, RoleMapBuilder, Source, SubjectSource, ValueFault, vocabulary,
};
use saml_sp::testing::SignedParts;
use saml_sp::{Connection, ConnectionId, Login, Policy};

use crate::kit::{Bench, IDP, SP, element, identity_provider, organization, replace, sign, without};
use saml_sp::testing::TestKey;

pub(crate) const PERSISTENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent";
pub(crate) const TRANSIENT: &str = "urn:oasis:names:tc:SAML:2.0:nameid-format:transient";
pub(crate) const EMAIL: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress";
pub(crate) const UNSPECIFIED: &str = "urn:oasis:names:tc:SAML:1.1:nameid-format:unspecified";

/// A login with that NameID element, or none, and those Attribute elements.
pub(crate) fn login_with(bench: &Bench, name_id: &str, attributes: &str) -> Login {
    let template = bench.response().template();
    let template = replace(&template, element(&template, "NameID"), name_id);
    let statement = element(&template, "AttributeStatement").to_owned();
    let template = match attributes {
        "" => without(&template, &statement),
        _ => replace(&template, element(&statement, "Attribute"), attributes),
    };
    bench.judge(&sign(&template, bench.idp.key())).unwrap_or_else(|rejection| panic!("{}", rejection.report()))
}

pub(crate) fn login(name_id: &str, attributes: &str) -> Login {
    login_with(&Bench::signing(SignedParts::Assertion), name_id, attributes)
}

pub(crate) fn name_id(format: &str, value: &str) -> String {
    format!("<saml:NameID Format=\"{format}\">{value}</saml:NameID>")
}

pub(crate) fn attribute(name: &str, values: &[&str]) -> String {
    let value = |value: &&str| format!("<saml:AttributeValue>{value}</saml:AttributeValue>");
    format!("<saml:Attribute Name=\"{name}\">{}</saml:Attribute>", values.iter().map(value).collect::<String>())
}

fn map() -> AttributeMap {
    AttributeMap::builder([Source::attribute("user_id")], [Source::attribute("email")])
        .first_name([Source::attribute("first")])
        .last_name([Source::attribute("last")])
        .build()
        .unwrap()
}

fn by_name_id(source: Source) -> AttributeMap {
    AttributeMap::builder([source], [Source::attribute("email")]).build().unwrap()
}

/// Alice, with more attributes.
fn alice(more: &str) -> Login {
    login("", &[&attribute("user_id", &["u-1"]), &attribute("email", &["alice@example.com"]), more].concat())
}

/// Somebody with that identifier, as XML.
fn identified(values: &[&str]) -> Login {
    login("", &[attribute("user_id", values), attribute("email", &["alice@example.com"])].concat())
}

/// Somebody with those addresses, as XML.
fn addressed(values: &[&str]) -> Login {
    login("", &[attribute("user_id", &["u-1"]), attribute("email", values)].concat())
}

#[track_caller]
fn mapped(map: &AttributeMap, login: &Login) -> Identity {
    map.apply(login).unwrap_or_else(|error| panic!("{error}\n{}", error.report())).into_identity()
}

#[track_caller]
fn refused(map: &AttributeMap, login: &Login, code: &str) -> MappingError {
    match map.apply(login) {
        Ok(_) => panic!("an identity came out instead of {code}"),
        Err(error) => {
            assert_eq!(error.code(), code, "{}", error.report());
            assert!(error.to_string().ends_with(&format!("[{code}]")));
            assert!(error.report().remedies().count() > 0, "{}", error.report());
            error
        }
    }
}

fn outcome(report: &saml_sp::mapping::MappingReport, field: Field) -> FieldOutcome {
    report.field(&field).unwrap().outcome().clone()
}

#[test]
fn a_map_reads_what_it_names() {
    let map =
        map().into_builder().extra("team", [Source::attribute("nothing"), Source::attribute("ou")]).build().unwrap();
    let more =
        [attribute("first", &["Alice"]), attribute("last", &["Lid\u{0}d\u{e9}ll".replace('\u{0}', "").as_str()])];
    let login = alice(&[more.concat(), attribute("ou", &["a", "b"])].concat());
    let mapped = map.apply(&login).unwrap();
    let identity = mapped.identity();
    assert_eq!(identity.subject().value(), "u-1");
    assert_eq!(identity.subject().connection(), login.connection());
    assert_eq!(identity.subject().issuer().as_str(), IDP);
    let source = SubjectSource::Attribute { name: "user_id".to_owned(), name_format: None };
    assert_eq!(identity.subject().source(), &source);
    assert_eq!(identity.email().as_str(), "alice@example.com");
    assert_eq!((identity.first_name(), identity.last_name()), (Some("Alice"), Some("Lidd\u{e9}ll")));
    assert_eq!(identity.role(), &AssertedRole::NotMapped);
    assert_eq!(identity.extra(), [("team".to_owned(), vec!["a".to_owned(), "b".to_owned()])]);
    assert!(mapped.report().fields().iter().all(|field| *field.outcome() == FieldOutcome::Mapped));
    assert_eq!(mapped.report().remedies().count(), 0);
}

/// PRV-008: the address changes, the key of the user does not.
#[test]
fn prv_008_another_address_is_the_same_user() {
    let (before, after) = (mapped(&map(), &alice("")), mapped(&map(), &addressed(&["victim@example.com"])));
    assert_eq!(before.subject(), after.subject());
    assert_ne!(before.email(), after.email());
}

/// PRV-014, PRV-017: the same text elsewhere is another user.
#[test]
fn prv_014_prv_017_a_key_is_more_than_its_value() {
    let map = by_name_id(Source::VouchedNameId);
    let bench = Bench::signing(SignedParts::Assertion);
    let email = attribute("email", &["alice@example.com"]);
    let qualified = |more: &str| format!("<saml:NameID Format=\"{PERSISTENT}\" {more}>u-1</saml:NameID>");
    let mut keys: Vec<_> = [
        name_id(PERSISTENT, "u-1"),
        name_id(EMAIL, "u-1"),
        name_id(UNSPECIFIED, "u-1"),
        "<saml:NameID>u-1</saml:NameID>".to_owned(),
        qualified("NameQualifier=\"a\""),
        qualified("NameQualifier=\"b\""),
        qualified(&format!("SPNameQualifier=\"{SP}\"")),
        name_id(PERSISTENT, "U-1"),
    ]
    .iter()
    .map(|name_id| mapped(&map, &login_with(&bench, name_id, &email)).subject().clone())
    .collect();
    let id = ConnectionId::new("acme-2");
    let idp = identity_provider(&[TestKey::Rsa]);
    let other =
        Bench { connection: Connection::preconfigured(id, organization(), idp, Policy::strict()).unwrap(), ..bench };
    keys.push(mapped(&map, &login_with(&other, &name_id(PERSISTENT, "u-1"), &email)).subject().clone());
    keys.push(mapped(&self::map(), &identified(&["u-1"])).subject().clone());
    for (index, key) in keys.iter().enumerate() {
        assert!(keys.iter().skip(index + 1).all(|other| other != key), "{key:?}");
    }
    let again = mapped(&map, &login(&name_id(PERSISTENT, "u-1"), &email));
    assert_eq!(again.subject(), &keys[0]);
}

/// PRV-015: a name that need not be the same tomorrow is no identifier.
#[test]
fn prv_015_unstable_name_ids() {
    let email = attribute("email", &["alice@example.com"]);
    let login = |name_id: &str| login(name_id, &email);
    let unstable = ["<saml:NameID>x</saml:NameID>".to_owned(), name_id(UNSPECIFIED, "x"), name_id("", "x")];
    for name_id in &unstable {
        let error = refused(&by_name_id(Source::NameId), &login(name_id), "mapping.unstable_name_id");
        assert!(matches!(error.report().fields()[0].tried()[0].found(), Found::OtherFormat { .. }), "{name_id}");
        assert_eq!(mapped(&by_name_id(Source::VouchedNameId), &login(name_id)).subject().value(), "x");
    }
    for source in [Source::NameId, Source::VouchedNameId] {
        refused(&by_name_id(source.clone()), &login(&name_id(TRANSIENT, "x")), "mapping.unstable_name_id");
        let spaced = name_id(&format!(" {TRANSIENT} "), "x");
        refused(&by_name_id(source.clone()), &login(&spaced), "mapping.unstable_name_id");
        refused(&by_name_id(source.clone()), &login(""), "mapping.no_identifier");
        for format in [PERSISTENT, EMAIL, "urn:oasis:names:tc:SAML:1.1:nameid-format:X509SubjectName"] {
            assert_eq!(mapped(&by_name_id(source.clone()), &login(&name_id(format, "x"))).subject().value(), "x");
        }
    }
    let attributes = [attribute("user_id", &["u-1"]), email.clone()].concat();
    let with_attribute = self::login(&name_id(TRANSIENT, "x"), &attributes);
    assert_eq!(mapped(&map(), &with_attribute).subject().value(), "u-1");
    let either = AttributeMap::builder([Source::NameId, Source::attribute("user_id")], [Source::attribute("email")]);
    assert_eq!(mapped(&either.build().unwrap(), &with_attribute).subject().value(), "u-1");
}

/// PRV-016: an identifier that is given to the next person is told of.
#[test]
fn prv_016_recycled_identifiers_are_noted() {
    let notes = |mapped: Mapped| mapped.report().notes().to_vec();
    let email = attribute("email", &["alice@example.com"]);
    let map = by_name_id(Source::NameId);
    let noted = map.apply(&login(&name_id(EMAIL, "alice@example.com"), &email)).unwrap();
    assert_eq!(notes(noted), [MappingNote::IdentifierMayBeReassigned]);
    let lasting = map.apply(&login(&name_id(PERSISTENT, "x"), &email)).unwrap();
    assert_eq!(notes(lasting), []);
}

/// PRV-019, PRO-091: of several values none is chosen, wherever they stand.
#[test]
fn prv_019_pro_091_several_values() {
    refused(&map(), &identified(&["u-1", "u-2"]), "mapping.ambiguous_identifier");
    refused(&map(), &identified(&["u-1", "u-1"]), "mapping.ambiguous_identifier");
    refused(&map(), &addressed(&["victim@example.com", "mallory@example.com"]), "mapping.ambiguous_email");
    refused(&map(), &alice(&attribute("user_id", &["u-2"])), "mapping.ambiguous_identifier");
    refused(&map(), &alice(&attribute("email", &["victim@example.com"])), "mapping.ambiguous_email");
    let formatted = "<saml:Attribute Name=\"user_id\" NameFormat=\"urn:x\"><saml:AttributeValue>u-2</saml:AttributeValue></saml:Attribute>";
    refused(&map(), &alice(formatted), "mapping.ambiguous_identifier");
    let second_statement =
        format!("</saml:AttributeStatement><saml:AttributeStatement>{}", attribute("user_id", &["u-2"]));
    refused(&map(), &alice(&second_statement), "mapping.ambiguous_identifier");
    // A later alternative is no way out of an ambiguous one.
    let both =
        AttributeMap::builder([Source::attribute("user_id"), Source::attribute("x")], [Source::attribute("email")]);
    let more = [attribute("user_id", &["u-2"]), attribute("x", &["u-3"])].concat();
    refused(&both.build().unwrap(), &alice(&more), "mapping.ambiguous_identifier");
    let exact = Source::attribute("user_id").in_format("urn:x");
    let exact = AttributeMap::builder([exact], [Source::attribute("email")]).build().unwrap();
    assert_eq!(mapped(&exact, &alice(formatted)).subject().value(), "u-2");
    let unspecified = Source::attribute("user_id").in_format("urn:oasis:names:tc:SAML:2.0:attrname-format:unspecified");
    let unspecified = AttributeMap::builder([unspecified], [Source::attribute("email")]).build().unwrap();
    assert_eq!(mapped(&unspecified, &alice(formatted)).subject().value(), "u-1");
    assert_eq!(mapped(&map(), &identified(&["", "u-1"])).subject().value(), "u-1");
}

/// PRV-020: what is written with references is read whole.
#[test]
fn prv_020_references() {
    let login = identified(&["u&#45;1&amp;&#x41;"]);
    assert_eq!(mapped(&map(), &login).subject().value(), "u-1&A");
    assert_eq!(mapped(&map(), &addressed(&["alice&#64;example.com"])).email().as_str(), "alice@example.com");
}

/// PRO-090: FriendlyName is for people.
#[test]
fn pro_090_friendly_names_never_count() {
    let friendly = |name: &str, friendly: &str, value: &str| {
        format!(
            "<saml:Attribute Name=\"{name}\" FriendlyName=\"{friendly}\"><saml:AttributeValue>{value}</saml:AttributeValue></saml:Attribute>"
        )
    };
    let login = login("", &[attribute("user_id", &["u-1"]), friendly("x", "email", "victim@example.com")].concat());
    let error = refused(&map(), &login, "mapping.no_email");
    let nearest = error.report().field(&Field::Email).unwrap().nearest().unwrap().clone();
    assert_eq!((nearest.name(), nearest.likeness()), ("x", Likeness::FriendlyName));
    let named = AttributeMap::builder([Source::attribute("user_id")], [Source::attribute("x")]).build().unwrap();
    assert_eq!(mapped(&named, &login).email().as_str(), "victim@example.com");
}

/// PRO-092: what is empty, nil or made of elements is no value.
#[test]
fn pro_092_no_values() {
    let value = |inside: &str| {
        let id = format!("<saml:Attribute Name=\"user_id\">{inside}</saml:Attribute>");
        login("", &[id, attribute("email", &["alice@example.com"])].concat())
    };
    let xsi = "xmlns:xsi=\"http://www.w3.org/2001/XMLSchema-instance\"";
    let nothing = [
        String::new(),
        "<saml:AttributeValue/>".to_owned(),
        "<saml:AttributeValue> \n </saml:AttributeValue>".to_owned(),
        format!("<saml:AttributeValue {xsi} xsi:nil=\"true\"/>"),
        "<saml:AttributeValue><x:y xmlns:x=\"urn:x\">u-1</x:y></saml:AttributeValue>".to_owned(),
        "<saml:AttributeValue><saml:Attribute Name=\"user_id\"/></saml:AttributeValue>".to_owned(),
    ];
    for inside in nothing {
        let error = refused(&map(), &value(&inside), "mapping.no_identifier");
        assert_eq!(error.report().fields()[0].tried()[0].found(), &Found::NoValue, "{inside}");
    }
    let typed = "xmlns:xs=\"http://www.w3.org/2001/XMLSchema\" xsi:type=\"xs:string\"";
    let good = format!("<saml:AttributeValue {xsi} {typed}>u-1</saml:AttributeValue>");
    assert_eq!(mapped(&map(), &value(&good)).subject().value(), "u-1");
}

/// PRO-092: the NameID in eduPersonTargetedID is an identifier with all that qualifies it.
#[test]
fn pro_092_a_nested_name_id_is_an_identifier() {
    let name = vocabulary::OID_EDU_PERSON_TARGETED_ID;
    let nested = |format: &str, more: &str| {
        let id = attribute(name, &[&format!("<saml:NameID Format=\"{format}\" {more}>u-1</saml:NameID>")]);
        login("", &[id, attribute("email", &["alice@example.com"])].concat())
    };
    let map = AttributeMap::builder([Source::attribute(name)], [Source::attribute("email")]).build().unwrap();
    let identity = mapped(&map, &nested(PERSISTENT, "NameQualifier=\"a\" SPNameQualifier=\"s\""));
    assert_eq!(identity.subject().value(), "u-1");
    let expected = SubjectSource::NestedNameId {
        name: name.to_owned(),
        name_format: None,
        format: Some(PERSISTENT.to_owned()),
        name_qualifier: Some("a".to_owned()),
        sp_name_qualifier: Some("s".to_owned()),
    };
    assert_eq!(identity.subject().source(), &expected);
    let other = mapped(&map, &nested(PERSISTENT, "NameQualifier=\"b\" SPNameQualifier=\"s\""));
    assert_ne!(other.subject(), identity.subject());
    for format in [TRANSIENT, UNSPECIFIED, ""] {
        refused(&map, &nested(format, ""), "mapping.unstable_name_id");
    }
    let address = AttributeMap::builder([Source::attribute(name)], [Source::attribute(name)]).build().unwrap();
    refused(&address, &nested(EMAIL, ""), "mapping.no_email");
}

/// PRO-093: names are exact, and the report says which was meant.
#[test]
fn pro_093_names_are_exact() {
    let table = [
        ("Email", Likeness::Case),
        (" email", Likeness::Case),
        ("User.email", Likeness::ShortName),
        (vocabulary::OID_MAIL, Likeness::Meaning),
        (vocabulary::CLAIM_EMAIL_ADDRESS, Likeness::Meaning),
        ("e-mail", Likeness::ShortName),
        ("emial", Likeness::Spelling),
    ];
    for (name, likeness) in table {
        let attributes = ["xyz", name].map(|name| attribute(name, &["alice@example.com"])).concat();
        let login = login("", &[attribute("user_id", &["u-1"]), attributes].concat());
        let error = refused(&map(), &login, "mapping.no_email");
        let nearest = error.report().field(&Field::Email).unwrap().nearest().unwrap_or_else(|| panic!("{name}"));
        assert_eq!((nearest.name(), nearest.likeness()), (name, likeness));
        assert!(error.report().remedies().any(|remedy| remedy.contains(&format!("{name:?}"))), "{}", error.report());
    }
    let other_format = Source::attribute("user_id").in_format("urn:x");
    let map_of_format = AttributeMap::builder([other_format], [Source::attribute("email")]).build().unwrap();
    let error = refused(&map_of_format, &alice(""), "mapping.no_identifier");
    let report = error.rejection().report().to_string();
    assert!(
        report.contains("  passed       every signature in place"),
        "it says what the message has passed: {report}"
    );
    let nearest = error.report().fields()[0].nearest().unwrap();
    assert_eq!((nearest.name(), nearest.likeness()), ("user_id", Likeness::NameFormat));
    let strange = login("", &attribute("xyz", &["1"]));
    let error = refused(&map(), &strange, "mapping.no_identifier");
    assert!(error.report().fields().iter().all(|field| field.nearest().is_none()));
    assert_eq!(outcome(error.report(), Field::Email), FieldOutcome::Missing);
}

/// PRO-095, PRV-010, PRV-013: what can't be seen is in no identifier, and none is cut.
#[test]
fn pro_095_prv_010_prv_013_characters_and_length() {
    let unseen = [
        "u&#13;1",
        "u&#10;1",
        "u&#9;1",
        "u\u{202E}1",
        "u\u{200B}1",
        "u\u{FEFF}1",
        "u\u{85}1",
        "u\u{2028}1",
        "u\u{200D}1",
    ];
    for value in unseen {
        let error = refused(&map(), &identified(&[value]), "mapping.unusable_identifier");
        assert_eq!(outcome(error.report(), Field::Identifier), FieldOutcome::Refused(ValueFault::Characters));
    }
    for value in [" u-1", "u-1 ", "u-1\u{A0}"] {
        let error = refused(&map(), &identified(&[value]), "mapping.unusable_identifier");
        assert_eq!(outcome(error.report(), Field::Identifier), FieldOutcome::Refused(ValueFault::OuterSpace));
    }
    let long = "\u{e4}".repeat(256);
    assert_eq!(mapped(&map(), &identified(&[&long])).subject().value(), long);
    refused(&map(), &identified(&[&[&long, "x"].concat()]), "mapping.unusable_identifier");
    assert_eq!(mapped(&map(), &identified(&["\u{e4} u\\1'\";--"])).subject().value(), "\u{e4} u\\1'\";--");
    for value in
        ["alice@example.com&#10;", " alice@example.com", "victim\u{FF20}example.com", "alice@exa\u{200B}mple.com"]
    {
        refused(&map(), &addressed(&[value]), "mapping.unusable_email");
    }
}

/// PRV-034: a name that can't be shown is left out, and the user signs in without.
#[test]
fn prv_034_names() {
    let name = |value: &str| {
        let mapped = map().apply(&alice(&attribute("first", &[value]))).unwrap();
        (mapped.identity().first_name().map(str::to_owned), outcome(mapped.report(), Field::FirstName))
    };
    let shown = |value: &str| assert_eq!(name(value), (Some(value.to_owned()), FieldOutcome::Mapped));
    let left_out = |value: &str, fault| assert_eq!(name(value), (None, FieldOutcome::LeftOut(fault)));
    shown(&"\u{e4}".repeat(200));
    left_out(&"\u{e4}".repeat(201), ValueFault::TooLong { most: 200 });
    shown("\u{646}\u{6CC}\u{6A9}\u{200C}\u{62F}\u{644}");
    for value in ["a\u{202E}b", "a&#10;b", "a\u{FEFF}"] {
        left_out(value, ValueFault::Characters);
    }
    // Markup and formulas are text: whoever shows them escapes them.
    assert_eq!(name("&lt;script>=1+1").0.as_deref(), Some("<script>=1+1"));
    assert_eq!(name("").1, FieldOutcome::Missing);
    let two = map().apply(&alice(&attribute("first", &["Alice", "Liz"]))).unwrap();
    assert_eq!(two.identity().first_name(), Some("Alice"));
}

/// PRV-034, PRO-094: what is long or many is bounded.
#[test]
fn prv_034_pro_094_many_and_long() {
    let map = map().into_builder().extra("ou", [Source::attribute("ou")]).build().unwrap();
    let values: Vec<String> = (0..150).map(|number| format!("v{number}")).collect();
    let values: Vec<&str> = values.iter().map(String::as_str).collect();
    let mapped = map.apply(&alice(&attribute("ou", &values))).unwrap();
    assert_eq!(mapped.identity().extra()[0].1.len(), 100);
    let too_many = FieldOutcome::LeftOut(ValueFault::TooMany { most: 100 });
    assert_eq!(outcome(mapped.report(), Field::Extra("ou".to_owned())), too_many);
    let long = "x".repeat(1001);
    let mapped = map.apply(&alice(&attribute("ou", &[&long, "short"]))).unwrap();
    assert_eq!(mapped.identity().extra()[0].1, ["short"]);
    let many: String = (0..1000).map(|number| attribute(&format!("{}{number}", "n".repeat(300)), &["x"])).collect();
    let report = map.apply(&alice(&many)).unwrap().report().clone();
    assert_eq!(report.arrived().len(), 100);
    assert_eq!(report.notes(), [MappingNote::NotListed { attributes: 902 }]);
    assert!(report.to_string().len() < 30_000);
}

/// PRV-039: an address is taken from where the map says, and is policed there like anywhere.
#[test]
fn prv_039_no_address_from_elsewhere() {
    let id = attribute("user_id", &["u-1"]);
    for format in [UNSPECIFIED, EMAIL] {
        refused(&map(), &login(&name_id(format, "victim@example.com"), &id), "mapping.no_email");
    }
    let other = [id.clone(), attribute("mail", &["victim@example.com"])].concat();
    refused(&map(), &login("", &other), "mapping.no_email");
    let map = |source| AttributeMap::builder([Source::attribute("user_id")], [source]).build().unwrap();
    let named = |format: &str, value: &str| login(&name_id(format, value), &id);
    for format in [UNSPECIFIED, PERSISTENT, "", TRANSIENT] {
        refused(&map(Source::NameId), &named(format, "alice@example.com"), "mapping.no_email");
    }
    assert_eq!(mapped(&map(Source::NameId), &named(EMAIL, "alice@example.com")).email().as_str(), "alice@example.com");
    assert_eq!(
        mapped(&map(Source::VouchedNameId), &named(UNSPECIFIED, "alice@example.com")).email().as_str(),
        "alice@example.com"
    );
    refused(&map(Source::NameId), &named(EMAIL, "alice"), "mapping.unusable_email");
    refused(&map(Source::NameId), &named(EMAIL, "Alice &lt;alice@example.com>"), "mapping.unusable_email");
}

fn role_map(ceiling: &str) -> RoleMapBuilder {
    let ladder = RoleLadder::new(["member", "manager", "admin"].map(Role::new)).unwrap();
    RoleMap::builder(ladder, Role::new(ceiling), [Source::attribute("groups")])
        .group("staff", Role::new("member"))
        .group("leads", Role::new("manager"))
        .group("Ops;Admins", Role::new("admin"))
}

fn role(roles: RoleMapBuilder, more: &str) -> (AssertedRole, FieldOutcome) {
    let map = map().into_builder().roles(roles.build().unwrap()).build().unwrap();
    let mapped = map.apply(&alice(more)).unwrap();
    (mapped.identity().role().clone(), outcome(mapped.report(), Field::Role))
}

fn given(name: &str, outcome: FieldOutcome) -> (AssertedRole, FieldOutcome) {
    (AssertedRole::Role(Role::new(name)), outcome)
}

/// PRV-021, PRV-023: listed groups, to the letter, at most the ceiling; the highest wins, the unknown do nothing.
#[test]
fn prv_021_prv_023_roles_come_from_the_list() {
    let groups = |values: &[&str]| role(role_map("admin"), &attribute("groups", values));
    assert_eq!(groups(&["staff"]), given("member", FieldOutcome::Mapped));
    assert_eq!(groups(&["leads", "unknown", "staff"]), given("manager", FieldOutcome::Mapped));
    assert_eq!(groups(&["Ops;Admins", "staff"]), given("admin", FieldOutcome::Mapped));
    let capped = role(role_map("manager"), &attribute("groups", &["Ops;Admins"]));
    assert_eq!(capped, given("manager", FieldOutcome::Capped));
    for value in ["owner", "admin", "member", "superuser", "STAFF", " staff", "staff ", "staffs", "staff\u{200B}"] {
        assert_eq!(groups(&[value]), (AssertedRole::NoneMatched, FieldOutcome::NoRole), "{value}");
    }
    assert_eq!(groups(&[""]), (AssertedRole::NoneMatched, FieldOutcome::Missing));
    assert_eq!(groups(&[]), (AssertedRole::NoneMatched, FieldOutcome::Missing));
    assert_eq!(role(role_map("admin"), ""), (AssertedRole::NoneMatched, FieldOutcome::Missing));
    // Keycloak repeats the attribute for each role.
    let repeated = ["staff", "leads"].map(|group| attribute("groups", &[group])).concat();
    assert_eq!(role(role_map("admin"), &repeated), given("manager", FieldOutcome::Mapped));
}

/// PRV-024: a value is one group, unless the map says what separates them.
#[test]
fn prv_024_separators() {
    let groups = |roles: RoleMapBuilder, value: &str| role(roles, &attribute("groups", &[value])).0;
    for value in ["staff;leads", "staff,leads", "staff leads", "staff\nleads"] {
        assert_eq!(groups(role_map("admin"), value), AssertedRole::NoneMatched, "{value:?}");
    }
    assert_eq!(groups(role_map("admin").separated_by(';'), "staff; leads"), AssertedRole::Role(Role::new("manager")));
    assert_eq!(groups(role_map("admin").separated_by(','), "staff;leads"), AssertedRole::NoneMatched);
}

/// PRV-022, PRV-025: attributes that are not in the map change nothing.
#[test]
fn prv_025_flags_are_ignored() {
    let flags = ["role", "is_staff", "is_superuser", "email_verified", "mfa", "owner", "first_name"];
    let flags: String = flags.iter().map(|name| attribute(name, &["true"])).collect();
    let map = map().into_builder().roles(role_map("admin").build().unwrap()).build().unwrap();
    let plain = attribute("groups", &["staff"]);
    assert_eq!(mapped(&map, &alice(&[plain.clone(), flags].concat())), mapped(&map, &alice(&plain)));
}

/// A link in place of the groups says nothing about the role, and lowers none.
#[test]
fn group_overage_leaves_the_role_open() {
    let link = attribute(vocabulary::CLAIM_GROUPS_LINK, &["https://graph.example.com/users/x/getMemberObjects"]);
    assert_eq!(role(role_map("admin"), &link), (AssertedRole::Withheld, FieldOutcome::GroupsWithheld));
    // The groups are there after all.
    let groups = [attribute("groups", &["staff"]), link.clone()].concat();
    assert_eq!(role(role_map("admin"), &groups), given("member", FieldOutcome::Mapped));
    // Another source gives a role: a lower one than the groups might, or the highest there is.
    let both = |ceiling: &str| {
        let ladder = RoleLadder::new(["member", "manager", "admin"].map(Role::new)).unwrap();
        RoleMap::builder(
            ladder,
            Role::new(ceiling),
            [vocabulary::CLAIM_GROUPS, vocabulary::CLAIM_ROLE].map(Source::attribute),
        )
        .group("leads", Role::new("manager"))
    };
    let app_role = [attribute(vocabulary::CLAIM_ROLE, &["leads"]), link.clone()].concat();
    assert_eq!(role(both("admin"), &app_role).0, AssertedRole::Withheld);
    assert_eq!(role(both("manager"), &app_role), given("manager", FieldOutcome::Mapped));
    // App roles are never too many.
    let ladder = RoleLadder::new([Role::new("member")]).unwrap();
    let app_roles = RoleMap::builder(ladder, Role::new("member"), [Source::attribute(vocabulary::CLAIM_ROLE)]);
    assert_eq!(role(app_roles, &link).0, AssertedRole::NoneMatched);
    let noted = map().apply(&alice(&link)).unwrap();
    assert_eq!(noted.report().notes(), [MappingNote::GroupsOverage]);
}

/// Names, counts, formats; never a value, neither in the report nor in `Debug`, whatever went wrong.
#[test]
fn reports_show_no_values() {
    let secret = "s3cret";
    let map = map().into_builder().extra("team", [Source::attribute("team")]).roles(role_map("admin").build().unwrap());
    let map = map.build().unwrap();
    let all = ["user_id", "email", "first", "last", "team", "groups", "other"];
    let attributes = |value: &str| all.iter().map(|name| attribute(name, &[value])).collect::<String>();
    let twice: String = all.iter().map(|name| attribute(name, &[secret, secret])).collect();
    let bad = attributes(&format!("{secret}\u{202E}"));
    let long = attributes(&secret.repeat(300));
    for attributes in [attributes(secret), twice, bad, long, attribute("other", &[secret])] {
        let error = map.apply(&login(&name_id(TRANSIENT, secret), &attributes)).unwrap_err();
        for text in [
            error.to_string(),
            error.report().to_string(),
            format!("{error:?}"),
            error.rejection().report().to_string(),
        ] {
            assert!(!text.contains(secret), "{text}");
        }
    }
    let good = [attribute("user_id", &[secret]), attribute("email", &["s3cret@example.com"])].concat();
    let mapped = map.apply(&login("", &good)).unwrap();
    for text in [mapped.report().to_string(), format!("{mapped:?}")] {
        assert!(!text.contains(secret), "{text}");
    }
}

/// The answer to "The provider did not return a valid user identity".
#[test]
fn a_report_says_what_to_change() {
    let login = login(
        &name_id(TRANSIENT, "x"),
        &[attribute("Email", &["alice@example.com"]), attribute("first", &[])].concat(),
    );
    let map = AttributeMap::builder([Source::NameId, Source::attribute("user_id")], [Source::attribute("email")])
        .first_name([Source::attribute("first")])
        .build()
        .unwrap();
    let error = refused(&map, &login, "mapping.unstable_name_id");
    let expected = "\
identifier: MISSING
  looked for the NameID: has the Format \"urn:oasis:names:tc:SAML:2.0:nameid-format:transient\"
  looked for attribute \"user_id\": did not arrive
  remedy: have the identity provider send a NameID of another Format, or map identifier to an attribute that arrives
email: MISSING
  looked for attribute \"email\": did not arrive
  nearest: \"Email\" (differs in upper and lower case or white space)
  remedy: map email to \"Email\", or rename it at the identity provider
first name: MISSING
  looked for attribute \"first\": arrived without a value
  remedy: attribute \"first\" arrives without a value: fill it in for this user at the identity provider
arrived: \"Email\" (1 value(s)), \"first\" (0 value(s))
";
    assert_eq!(error.report().to_string(), expected);
}
