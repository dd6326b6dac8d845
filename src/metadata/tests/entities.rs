use super::*;
use chrono::TimeDelta;

fn choose(xml: &str, id: &str) -> Result<IdentityProvider, Rejection> {
    let choice = EntityChoice::Entity(crate::names::EntityId::new(id));
    IdentityProvider::from_metadata(xml, &choice, &MetadataTrust::ObtainedSecurely, now())
}

const SP: &str = r#"<md:SPSSODescriptor protocolSupportEnumeration="urn:oasis:names:tc:SAML:2.0:protocol"/>"#;

#[test]
fn reads_an_entity_as_vendors_write_it() {
    let wsfed = r#"<md:RoleDescriptor xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" xmlns:fed="http://docs.oasis-open.org/wsfed/federation/200706"
        xsi:type="fed:SecurityTokenServiceType" protocolSupportEnumeration="http://docs.oasis-open.org/wsfed/federation/200706" ServiceDisplayName="IdP">
        <md:KeyDescriptor use="signing"><ds:KeyInfo><ds:X509Data><ds:X509Certificate>not read</ds:X509Certificate></ds:X509Data></ds:KeyInfo></md:KeyDescriptor>
        <fed:TokenTypesOffered/></md:RoleDescriptor>"#;
    let extensions = r#"<md:Extensions><x:Anything xmlns:x="urn:x">at all</x:Anything></md:Extensions>"#;
    let content = format!(
        r#"{extensions}{}<md:ContactPerson contactType="technical"/><md:NameIDFormat> urn:oasis:names:tc:SAML:2.0:nameid-format:persistent
        </md:NameIDFormat>{SSO}<saml:Attribute xmlns:saml="urn:oasis:names:tc:SAML:2.0:assertion" Name="mail"/>"#,
        signing_key(RSA)
    );
    let role = role(
        r#" WantAuthnRequestsSigned="true" errorURL="https://idp.example.com/help" x:y="z" xmlns:x="urn:x""#,
        &content,
    );
    let rest = "<md:Organization/><md:ContactPerson contactType='support'/>";
    let xml = entity(ID, r#" Name="no attribute of the schema""#, &format!("{extensions}{wsfed}{role}{SP}{rest}"));
    let idp = accepted(&xml);
    assert_eq!(idp.entity_id().as_str(), ID);
    assert_eq!(idp.signing_keys(), [key(RSA)]);
    assert_eq!(idp.name_id_formats().collect::<Vec<_>>(), ["urn:oasis:names:tc:SAML:2.0:nameid-format:persistent"]);
    assert_eq!(idp.authn_request_signing(), AuthnRequestSigning::Wanted);
    assert_eq!(idp.warnings(now()), []);
    assert_eq!((idp.valid_until(), idp.cache_duration()), (None, None));
}

#[test]
fn pasted_text_forgives_what_editors_do() {
    let xml = entity(ID, "", &good_role());
    let declared = |encoding: &str| format!(r#"<?xml version="1.0" encoding="{encoding}"?>{xml}"#);
    for text in
        [xml.clone(), format!("\u{feff}\r\n\t{xml}\n\n"), declared("utf-16"), format!("  {}", declared("UTF-8"))]
    {
        assert_eq!(read(&text), read(&xml), "{text}");
    }
    let octets = |text: &str| {
        let trust = MetadataTrust::ObtainedSecurely;
        IdentityProvider::from_metadata(text.as_bytes(), &EntityChoice::Only, &trust, now())
    };
    assert_eq!(octets(&declared("utf-8")), read(&xml));
    assert_eq!(octets(&declared("utf-16")).unwrap_err().code(), "xml.encoding");
}

#[test]
fn md_008_markup_that_metadata_does_not_need() {
    let xml = entity(ID, "", &good_role());
    assert_eq!(code(&format!("<!DOCTYPE x>{xml}")), "xml.doctype");
    assert_eq!(code(&format!(r#"<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/hostname">]>{xml}"#)), "xml.doctype");
    assert_eq!(code(&xml.replace("<md:IDPSSO", "<?pi ?><md:IDPSSO")), "xml.processing_instruction");
    assert_eq!(code("no xml"), "xml.not_well_formed");
    assert_eq!(accepted(&format!("<!-- of the staging system -->{xml}")), accepted(&xml));
}

#[test]
fn the_root_is_metadata() {
    let xml = entity(ID, "", &good_role());
    accepted(&xml);
    assert_eq!(code(&xml.replace("EntityDescriptor", "EntityDescriptor2")), "schema.element");
    assert_eq!(code(&xml.replace("SAML:2.0:metadata", "SAML:1.0:metadata")), "schema.element");
    assert_eq!(code("<html><body>please log in</body></html>"), "schema.element");
}

#[test]
fn a_document_without_a_provider_says_so_before_anything_else() {
    let expired = r#" validUntil="2001-01-01T00:00:00Z""#;
    let rejection = read(&entity(ID, expired, SP)).unwrap_err();
    assert_eq!((rejection.code(), rejection.found()), ("metadata.no_idp", Some("SPSSODescriptor")));
    assert_eq!(choose(&entity(ID, "", SP), "https://other.example.com").unwrap_err().code(), "metadata.no_idp");
    assert_eq!(code(&group("", "")), "metadata.no_idp");
    assert_eq!(code(&entity(ID, expired, &good_role())), "metadata.expired");
}

/// ATTACKS XML-055.
#[test]
fn xml_055_elements_are_matched_by_namespace() {
    let good = entity(ID, "", &good_role());
    accepted(&good);
    let foreign = |name: &str| {
        let open = format!(r#"<x:{name} xmlns:x="urn:evil""#);
        good.replace(&format!("<md:{name}"), &open).replace(&format!("</md:{name}"), &format!("</x:{name}"))
    };
    assert_eq!(code(&foreign("IDPSSODescriptor")), "metadata.no_idp");
    assert_eq!(code(&foreign("KeyDescriptor")), "schema.foreign_namespace");
    assert_eq!(code(&foreign("SingleSignOnService")), "schema.foreign_namespace");
    let beside =
        foreign("IDPSSODescriptor").replace("</md:EntityDescriptor>", &(good_role() + "</md:EntityDescriptor>"));
    assert_eq!(code(&beside), "schema.foreign_namespace");
    assert_eq!(code(&group("", &foreign("EntityDescriptor"))), "metadata.no_idp");
    assert_eq!(code(&good.replace("<md:Single", "<md:AssertionConsumerService/><md:Single")), "schema.element");
    assert_eq!(code(&good.replace("<md:Single", "text<md:Single")), "schema.text");
}

#[test]
fn md_015_the_role_speaks_saml2() {
    let other = |protocols: &str| entity(ID, "", &good_role().replace(SAMLP, protocols));
    assert_eq!(code(&other("urn:oasis:names:tc:SAML:1.1:protocol")), "metadata.no_idp");
    assert_eq!(code(&other("urn:oasis:names:tc:SAML:2.0:protocolx")), "metadata.no_idp");
    assert_eq!(code(&other("")), "metadata.no_idp");
    accepted(&other(&format!("urn:oasis:names:tc:SAML:1.1:protocol\n {SAMLP}")));
    let saml1 = good_role().replace(SAMLP, "urn:oasis:names:tc:SAML:1.1:protocol").replace(&body(RSA), "not read");
    assert_eq!(accepted(&entity(ID, "", &(saml1 + &good_role()))), accepted(&entity(ID, "", &good_role())));
    assert_eq!(code(&entity(ID, "", &(good_role() + &good_role()))), "schema.cardinality");
}

#[test]
fn order_within_the_role_is_a_warning() {
    let idp = accepted(&document(&format!("{SSO}<md:NameIDFormat>urn:x</md:NameIDFormat>{}", signing_key(RSA))));
    assert_eq!(idp.warnings(now()), [MetadataWarning::ElementOrder]);
    assert_eq!(idp, accepted(&document(&(signing_key(RSA) + SSO))));
}

#[test]
fn md_003_the_entity_that_is_meant() {
    let idp = |id: &str, pem: &str| entity(id, "", &role("", &(signing_key(pem) + SSO)));
    let both = group("", &format!("{}{}{}", idp("urn:a", RSA), entity("urn:sp", "", SP), idp("urn:b", EC)));
    assert_eq!(choose(&both, "urn:a").unwrap().signing_keys(), [key(RSA)]);
    assert_eq!(choose(&both, "urn:b").unwrap().signing_keys(), [key(EC)]);
    let rejection = read(&both).unwrap_err();
    assert_eq!(rejection.code(), "metadata.entity_choice");
    assert_eq!(rejection.found(), Some("2 identity provider(s): urn:a, urn:b"));
    for missing in ["urn:c", "urn:A", "urn:a/", ""] {
        assert_eq!(choose(&both, missing).unwrap_err().code(), "metadata.entity_not_found", "{missing:?}");
    }
    assert_eq!(choose(&both, "urn:sp").unwrap_err().code(), "metadata.no_idp");
    assert_eq!(choose(&idp("urn:a", RSA), "urn:b").unwrap_err().code(), "metadata.entity_not_found");
}

#[test]
fn groups_may_nest() {
    let one = entity(ID, "", &good_role());
    let nested = group("", &group("", &format!("{}{}", group("", &one), entity("urn:sp", "", SP))));
    assert_eq!(accepted(&nested), accepted(&one));
    let in_extensions = group("", &format!("<md:Extensions>{one}</md:Extensions>"));
    assert_eq!(code(&in_extensions), "metadata.no_idp");
    let deepest = (0..60).fold(one.clone(), |inner, _| group("", &inner));
    assert_eq!(code(&deepest), "xml.limit_depth");
}

#[test]
fn md_004_an_entity_stands_once() {
    let (one, other) = (entity(ID, "", &good_role()), entity(ID, "", SP));
    assert_eq!(code(&group("", &format!("{one}{other}"))), "metadata.duplicate_entity");
    assert_eq!(code(&group("", &format!("{other}{}", group("", &one)))), "metadata.duplicate_entity");
    let spaced = other.replace(ID, &format!(" {ID} "));
    assert_eq!(choose(&group("", &format!("{one}{spaced}")), ID).unwrap_err().code(), "metadata.duplicate_entity");
    accepted(&group("", &format!("{one}{}", other.replace(ID, "urn:other"))));
}

#[test]
fn an_entity_has_a_name() {
    let named = |id: &str| code(&entity(id, "", &good_role()));
    assert_eq!(named(""), "schema.value");
    assert_eq!(named(" "), "schema.value");
    assert_eq!(named(&"x".repeat(1025)), "schema.value");
    accepted(&entity(&"x".repeat(1024), "", &good_role()));
    assert_eq!(code(&entity("urn:a", "", &good_role()).replace("entityID", "entityId")), "schema.missing");
    assert_eq!(accepted(&entity(" urn:a\n", "", &good_role())).entity_id().as_str(), "urn:a");
}

#[test]
fn md_006_the_earliest_valid_until_counts() {
    let until = |year: u32| format!(r#" validUntil="{year}-01-01T00:00:00Z""#);
    let xml = |group_year, entity_year, role_year| {
        let role = role(&until(role_year), &(signing_key(RSA) + SSO));
        group(&until(group_year), &entity(ID, &until(entity_year), &role))
    };
    for (one, two, three) in [(2030, 2040, 2050), (2050, 2030, 2040), (2040, 2050, 2030)] {
        assert_eq!(accepted(&xml(one, two, three)).valid_until(), Some(at("2030-01-01T00:00:00Z")));
    }
    for (one, two, three) in [(2001, 2040, 2050), (2050, 2001, 2040), (2040, 2050, 2001)] {
        assert_eq!(code(&xml(one, two, three)), "metadata.expired");
    }
    assert_eq!(code(&xml(2027, 2030, 2030)), "metadata.expired", "the instant itself is too late");
    accepted(&xml(2028, 2028, 2028));
    let sibling = entity("urn:other", &until(2001), SP);
    accepted(&group("", &(sibling + &entity(ID, "", &good_role()))));
}

#[test]
fn md_006_valid_until_is_judged_when_asked() {
    let idp = accepted(&entity(ID, r#" validUntil="2027-06-01T00:00:00Z""#, &good_role()));
    let valid_until = at("2027-06-01T00:00:00Z");
    for early in ["2027-01-01T00:00:00Z", "2027-05-01T23:59:59Z"] {
        assert_eq!(idp.warnings(at(early)), [], "{early}");
    }
    for soon in ["2027-05-02T00:00:00Z", "2027-05-31T23:59:59Z"] {
        assert_eq!(idp.warnings(at(soon)), [MetadataWarning::MetadataExpiresSoon { valid_until }], "{soon}");
    }
    for late in ["2027-06-01T00:00:00Z", "2030-01-01T00:00:00Z"] {
        assert_eq!(idp.warnings(at(late)), [MetadataWarning::MetadataExpired { valid_until }], "{late}");
    }
    assert_eq!(accepted(&entity(ID, "", &good_role())).warnings(at("2030-01-01T00:00:00Z")), []);
}

#[test]
fn md_006_dates_and_durations_that_are_none() {
    let with = |attribute: &str| entity(ID, &format!(" {attribute}"), &good_role());
    for bad in ["", "2040-01-01", "2040-01-01T00:00:00", "never"] {
        assert_eq!(code(&with(&format!(r#"validUntil="{bad}""#))), "schema.date_time", "{bad:?}");
    }
    for bad in ["", "-P1D", "86400", "P"] {
        assert_eq!(code(&with(&format!(r#"cacheDuration="{bad}""#))), "schema.value", "{bad:?}");
    }
    assert_eq!(
        accepted(&with(r#"validUntil="2040-01-01T01:00:00+01:00""#)).valid_until(),
        Some(at("2040-01-01T00:00:00Z"))
    );
    let inner = with(r#"cacheDuration="P1D""#);
    assert_eq!(accepted(&inner).cache_duration(), Some(TimeDelta::days(1)));
    assert_eq!(accepted(&group(r#" cacheDuration="PT1H""#, &inner)).cache_duration(), Some(TimeDelta::hours(1)));
    assert_eq!(accepted(&group(r#" cacheDuration="P7D""#, &inner)).cache_duration(), Some(TimeDelta::days(1)));
}

#[test]
fn md_016_signed_requests_are_a_wish() {
    let with = |value: &str| {
        entity(ID, "", &role(&format!(r#" WantAuthnRequestsSigned="{value}""#), &(signing_key(RSA) + SSO)))
    };
    for (value, expected) in [
        ("true", AuthnRequestSigning::Wanted),
        ("1", AuthnRequestSigning::Wanted),
        ("false", AuthnRequestSigning::NotWanted),
        ("0", AuthnRequestSigning::NotWanted),
    ] {
        assert_eq!(accepted(&with(value)).authn_request_signing(), expected, "{value}");
    }
    assert_eq!(code(&with("yes")), "schema.value");
    assert_eq!(accepted(&entity(ID, "", &good_role())).authn_request_signing(), AuthnRequestSigning::NotWanted);
}
