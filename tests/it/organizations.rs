//! Organizations: what a host sets once, the endpoints and the metadata of each, and what becomes of a connection.
//! ATTACKS I, L, M.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use chrono::TimeDelta;
use saml_sp::error::ConfigError;
use saml_sp::flow::{Arrival, Arrived, FlowError, block_on, finish_login, start_login};
use saml_sp::login::{Finished, LoginStart, StartError, Started};
use saml_sp::metadata::{AuthnRequestSigning, EndpointBinding, EntityChoice, MetadataTrust};
use saml_sp::sp::{Need, PathScheme, RequestedAttribute, SpMetadataError};
use saml_sp::testing::{FakeIdp, MemoryStore, TestKey};
use saml_sp::{
    Certificate, Connection, ConnectionId, ConnectionStatus, ContactPerson, EntityId, IdentityProvider, Limits,
    OrganizationId, OrganizationInfo, Policy, Purpose, Relaxation, ServiceProvider, SignatureRule, SpSettings,
    StoredError, Unsolicited,
};

use crate::kit::{IDP, now};

const BASE: &str = "https://app.example.com";

fn settings() -> SpSettings {
    SpSettings::builder(BASE).build().unwrap()
}

fn sp(organization: &str, slug: &str) -> ServiceProvider {
    settings().service_provider(OrganizationId::new(organization), slug).unwrap().build().unwrap()
}

fn idp() -> FakeIdp {
    FakeIdp::rsa(IDP).unwrap()
}

fn draft(id: &str, organization: &str) -> Connection {
    let provider = idp().identity_provider().unwrap();
    Connection::draft(ConnectionId::new(id), OrganizationId::new(organization), provider, Policy::strict()).unwrap()
}

fn start(
    store: &MemoryStore,
    sp: &ServiceProvider,
    to: &Connection,
    purpose: Purpose,
) -> Result<Started, &'static str> {
    let start = LoginStart::default().with_purpose(purpose);
    block_on(start_login(store, sp, to, start, now())).map_err(|error| match error {
        FlowError::Start(StartError::Refused(rejection)) => rejection.code(),
        _ => "another",
    })
}

fn finish(
    store: &MemoryStore,
    sp: &ServiceProvider,
    to: &Connection,
    started: &Started,
) -> Result<Finished, &'static str> {
    let response = idp().answer(&started.send, sp.acs_url(), now()).unwrap().name_id("alice").xml().unwrap();
    let form = BASE64_STANDARD.encode(response);
    let arrival = Arrival { saml_response: &form, relay_state: None, cookie: Some(started.cookie.value()) };
    match block_on(finish_login(store, sp, std::slice::from_ref(to), arrival, now())) {
        Ok(Arrived::Finished(finished)) => Ok(finished),
        Err(FlowError::Rejected(rejection)) => Err(rejection.code()),
        _ => Err("another"),
    }
}

fn field<T: std::fmt::Debug>(result: Result<T, ConfigError>) -> &'static str {
    match result.unwrap_err() {
        ConfigError::Value { field, .. } | ConfigError::Url { field, .. } | ConfigError::Missing { field, .. } => field,
        other => panic!("{other}"),
    }
}

#[test]
fn urls_come_from_the_settings_and_differ_between_organizations() {
    let (acme, globex) = (sp("1", "acme"), sp("2", "globex"));
    assert_eq!(acme.entity_id().as_str(), "https://app.example.com/saml/metadata/acme/");
    assert_eq!(acme.acs_url(), "https://app.example.com/saml/acs/acme/");
    assert_eq!(acme.sls_url(), Some("https://app.example.com/saml/sls/acme/"));
    assert_ne!(acme.entity_id(), globex.entity_id());
    let paths = PathScheme::new("/o/{slug}/acs", "/o/{slug}/sls", "/o/{slug}").unwrap();
    let settings = SpSettings::builder("http://localhost:8000/app/").paths(paths).build().unwrap();
    let sp = settings.service_provider(OrganizationId::new("1"), "a.b-c_d~1").unwrap().build().unwrap();
    assert_eq!(sp.acs_url(), "http://localhost:8000/app/o/a.b-c_d~1/acs");
}

#[test]
fn settings_that_would_send_messages_elsewhere_are_refused_by_field() {
    for base in [
        "app.example.com",
        "ftp://app.example.com",
        "https://user@app.example.com",
        "https://app.example.com?x",
        "https://app.example.com/#x",
        "https://app.example.com/a/../b",
        "https://APP.example.com",
        "https://app.example.com:443",
        "",
    ] {
        assert_eq!(field(SpSettings::builder(base).build()), "base_url", "{base}");
    }
    for slug in ["", ".", "..", "a/b", "a?b", "a#b", "a b", "a%2f", "ä", "a\n", &"a".repeat(129)] {
        assert_eq!(field(settings().service_provider(OrganizationId::new("1"), slug)), "slug", "{slug}");
    }
    assert!(settings().service_provider(OrganizationId::new("1"), &"a".repeat(128)).is_ok());
    for path in ["saml/{slug}", "/saml/", "/{slug}/{slug}", "/{slug}?a", "/a b/{slug}", "/{slug"] {
        assert_eq!(field(PathScheme::new(path, "/sls/{slug}", "/{slug}")), "acs", "{path}");
        assert_eq!(field(PathScheme::new("/{slug}", "/sls/{slug}", path)), "metadata", "{path}");
    }
}

/// Every choice that the metadata has, in the order of the schema.
#[test]
fn the_metadata_says_everything_in_the_order_of_the_schema() {
    let certificate = |key: TestKey| Certificate::from_pem(key.certificate_pem()).unwrap();
    let decryption = TestKey::Rsa.decryption_key().unwrap().with_certificate(certificate(TestKey::Rsa)).unwrap();
    let info = OrganizationInfo::new("en", "Acme <Ltd>", "https://acme.example").with_display_name("Acme & Sons");
    let sp = SpSettings::builder(BASE)
        .organization_info(info)
        .contact(ContactPerson::technical("ops@example.com").with_company("Acme").with_name("O", "Perator"))
        .contact(ContactPerson::support("mailto:help@example.com"))
        .build()
        .unwrap()
        .service_provider(OrganizationId::new("1"), "acme")
        .unwrap()
        .signing_key(TestKey::OtherRsa.signing_key().unwrap())
        .next_signing_certificate(certificate(TestKey::P256))
        .decryption_key(decryption)
        .decryption_key(TestKey::OtherRsa.decryption_key().unwrap())
        .name_id_format("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent")
        .service_name("de", "Größe")
        .requested_attribute(
            RequestedAttribute::new("urn:oid:0.9.2342.19200300.100.1.3", Need::Required)
                .with_name_format("urn:oasis:names:tc:SAML:2.0:attrname-format:uri")
                .with_friendly_name("mail"),
        )
        .requested_attribute(RequestedAttribute::new("name", Need::Optional))
        .build()
        .unwrap();
    let xml =
        sp.metadata().valid_for(TimeDelta::days(2)).cache_duration(TimeDelta::hours(6)).signed().write(now()).unwrap();
    let mut from = 0;
    for part in [
        "<md:EntityDescriptor ",
        "entityID=\"https://app.example.com/saml/metadata/acme/\"",
        "validUntil=\"2026-11-25T12:00:00.000Z\"",
        "cacheDuration=\"PT21600S\"",
        "<ds:Signature ",
        "<ds:KeyInfo><ds:X509Data><ds:X509Certificate>",
        "</ds:Signature>",
        "<md:SPSSODescriptor protocolSupportEnumeration=\"urn:oasis:names:tc:SAML:2.0:protocol\" AuthnRequestsSigned=\"true\" WantAssertionsSigned=\"true\">",
        "<md:KeyDescriptor use=\"signing\">",
        "<md:KeyDescriptor use=\"signing\">",
        "<md:KeyDescriptor use=\"encryption\">",
        "<md:EncryptionMethod Algorithm=\"http://www.w3.org/2009/xmlenc11#aes256-gcm\"/>",
        "<md:EncryptionMethod Algorithm=\"http://www.w3.org/2001/04/xmlenc#rsa-oaep-mgf1p\"/>",
        "<md:SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-Redirect\"",
        "<md:SingleLogoutService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"https://app.example.com/saml/sls/acme/\"/>",
        "<md:NameIDFormat>urn:oasis:names:tc:SAML:2.0:nameid-format:persistent</md:NameIDFormat>",
        "<md:AssertionConsumerService Binding=\"urn:oasis:names:tc:SAML:2.0:bindings:HTTP-POST\" Location=\"https://app.example.com/saml/acs/acme/\" index=\"0\" isDefault=\"true\"/>",
        "<md:AttributeConsumingService index=\"0\" isDefault=\"true\"><md:ServiceName xml:lang=\"de\">Größe</md:ServiceName>",
        "FriendlyName=\"mail\" isRequired=\"true\"/><md:RequestedAttribute Name=\"name\"/>",
        "</md:SPSSODescriptor><md:Organization><md:OrganizationName xml:lang=\"en\">Acme &lt;Ltd&gt;</md:OrganizationName>",
        "<md:OrganizationDisplayName xml:lang=\"en\">Acme &amp; Sons</md:OrganizationDisplayName>",
        "<md:ContactPerson contactType=\"technical\"><md:Company>Acme</md:Company><md:GivenName>O</md:GivenName>",
        "<md:EmailAddress>mailto:help@example.com</md:EmailAddress></md:ContactPerson></md:EntityDescriptor>",
    ] {
        let found = xml[from..].find(part).unwrap_or_else(|| panic!("{part} is not behind byte {from} of {xml}"));
        from += found + part.len();
    }
    assert_eq!(xml.matches("use=\"encryption\"").count(), 1, "a key without certificate is retired");
    assert!(!xml.contains("PRIVATE") && !xml.contains(TestKey::Rsa.pem().lines().nth(1).unwrap()), "MD-022");
}

#[test]
fn the_metadata_needs_nothing_and_is_the_same_each_time() {
    let sp = sp("1", "acme");
    let xml = sp.metadata().write(now()).unwrap();
    assert_eq!(xml, sp.metadata().write(now() + TimeDelta::days(400)).unwrap());
    assert!(
        xml.contains("AuthnRequestsSigned=\"false\"")
            && !xml.contains("NameIDFormat")
            && !xml.contains("KeyDescriptor")
    );
    let id = |xml: &str| xml.split("ID=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_ne!(id(&xml), id(&self::sp("2", "globex").metadata().write(now()).unwrap()));
    assert!(id(&xml).starts_with('_'));
}

/// It is never unsigned where it was to be signed.
#[test]
fn metadata_that_can_t_be_written_is_an_error() {
    let missing = |error| matches!(error, SpMetadataError::Config(ConfigError::Missing { field: "signing_key", .. }));
    assert!(missing(sp("1", "acme").metadata().signed().write(now()).unwrap_err()));
    let bare = saml_sp::SigningKey::from_pem(TestKey::Rsa.pem(), None).unwrap();
    let builder = || settings().service_provider(OrganizationId::new("1"), "acme").unwrap();
    assert!(missing(builder().signing_key(bare).build().unwrap().metadata().write(now()).unwrap_err()));
    let sp = builder().service_name("en", "a\u{0}b").requested_attribute(RequestedAttribute::new("a", Need::Optional));
    let sp = sp.build().unwrap();
    assert!(matches!(
        sp.metadata().write(now()),
        Err(SpMetadataError::Config(ConfigError::Value { field: "metadata", .. }))
    ));
    for duration in [TimeDelta::zero(), TimeDelta::seconds(-1), TimeDelta::milliseconds(900)] {
        let metadata = self::sp("1", "acme");
        assert!(metadata.metadata().valid_for(duration).write(now()).is_err());
        assert!(metadata.metadata().cache_duration(duration).write(now()).is_err());
    }
    assert!(self::sp("1", "acme").metadata().valid_for(TimeDelta::seconds(1)).write(now()).is_ok());
}

#[test]
fn a_certificate_of_another_key_is_not_published() {
    let other = Certificate::from_pem(TestKey::OtherRsa.certificate_pem()).unwrap();
    let own = Certificate::from_pem(TestKey::Rsa.certificate_pem()).unwrap();
    let key = TestKey::Rsa.decryption_key().unwrap();
    assert_eq!(key.clone().with_certificate(other).unwrap_err(), saml_sp::error::KeyError::Mismatch);
    assert_eq!(key.with_certificate(own.clone()).unwrap().certificate(), Some(&own));
}

#[test]
fn a_draft_is_for_test_logins_and_one_of_them_activates_it() {
    let (store, sp, draft) = (MemoryStore::new(), sp("1", "acme"), draft("c-1", "1"));
    for purpose in [Purpose::Login, Purpose::Link, Purpose::StepUp] {
        assert_eq!(start(&store, &sp, &draft, purpose).unwrap_err(), "flow.connection_draft");
    }
    let started = start(&store, &sp, &draft, Purpose::Test).unwrap();
    let tested = finish(&store, &sp, &draft, &started).unwrap().into_test().unwrap();
    assert_eq!((draft.status(), tested.connection()), (ConnectionStatus::Draft, &draft));
    let active = tested.activated();
    assert_eq!((active.status(), active.id()), (ConnectionStatus::Active, draft.id()));
    let started = start(&store, &sp, &active, Purpose::Login).unwrap();
    let finished = finish(&store, &sp, &active, &started).unwrap();
    assert_eq!(finished.into_test().unwrap_err().code(), "flow.purpose", "a login activates nothing");
}

#[test]
fn flw_020_a_draft_takes_nothing_that_was_not_asked_for() {
    let (store, sp) = (MemoryStore::new(), sp("1", "acme"));
    let accepting = draft("c-1", "1").with_policy(Policy::strict().with_unsolicited(Unsolicited::Accept)).unwrap();
    let xml = idp().response(sp.entity_id().as_str(), sp.acs_url(), now()).name_id("alice").xml().unwrap();
    let form = BASE64_STANDARD.encode(xml);
    let arrival = Arrival { saml_response: &form, relay_state: None, cookie: None };
    let finish = |connection: Connection| match block_on(finish_login(&store, &sp, &[connection], arrival, now())) {
        Ok(_) => "finished",
        Err(FlowError::Rejected(rejection)) => rejection.code(),
        Err(_) => "another",
    };
    assert_eq!(finish(accepting.clone()), "flow.connection_draft");
    let (id, organization, provider) =
        (accepting.id().clone(), accepting.organization().clone(), accepting.identity_provider().clone());
    assert_eq!(
        finish(Connection::preconfigured(id, organization, provider, accepting.policy().clone()).unwrap()),
        "finished"
    );
}

#[test]
fn flw_019_switched_off_between_request_and_response() {
    let (store, sp) = (MemoryStore::new(), sp("1", "acme"));
    let draft = draft("c-1", "1");
    let active = Connection::preconfigured(
        draft.id().clone(),
        draft.organization().clone(),
        draft.identity_provider().clone(),
        Policy::strict(),
    )
    .unwrap();
    let started = start(&store, &sp, &active, Purpose::Login).unwrap();
    let disabled = active.clone().disabled();
    assert_eq!(start(&store, &sp, &disabled, Purpose::Test).unwrap_err(), "flow.connection_disabled");
    assert_eq!(finish(&store, &sp, &disabled, &started).unwrap_err(), "flow.connection_disabled");
    let started = start(&store, &sp, &active, Purpose::Login).unwrap();
    assert_eq!(finish(&store, &sp, &draft, &started).unwrap_err(), "flow.connection_draft");
    let started = start(&store, &sp, &active, Purpose::Login).unwrap();
    assert!(finish(&store, &sp, &active, &started).is_ok());
}

/// FLW-001, FLW-003, FLW-027: whichever two of service provider, connection and response are of different organizations.
#[test]
fn flw_027_the_connection_of_another_organization() {
    let store = MemoryStore::new();
    let (acme, globex) = (sp("1", "acme"), sp("2", "globex"));
    let active = |id, organization| {
        let draft = draft(id, organization);
        let provider = draft.identity_provider().clone();
        Connection::preconfigured(draft.id().clone(), draft.organization().clone(), provider, Policy::strict()).unwrap()
    };
    let (of_acme, of_globex) = (active("c-1", "1"), active("c-2", "2"));
    assert_eq!(start(&store, &acme, &of_globex, Purpose::Login).unwrap_err(), "flow.connection_mismatch");
    let started = start(&store, &acme, &of_acme, Purpose::Login).unwrap();
    assert_eq!(finish(&store, &globex, &of_globex, &started).unwrap_err(), "flow.connection_mismatch");
    assert_eq!(finish(&store, &globex, &of_acme, &started).unwrap_err(), "flow.connection_mismatch");
    let started = start(&store, &acme, &of_acme, Purpose::Login).unwrap();
    assert!(finish(&store, &acme, &of_acme, &started).is_ok());
}

/// PRV-031, FLW-001: the slug, the entityID and the keys are those of the connection that was deleted; its id is not.
#[test]
fn a_connection_made_again_inherits_no_login_that_is_under_way() {
    let (store, sp) = (MemoryStore::new(), sp("1", "acme"));
    let started = start(&store, &sp, &draft("c-1", "1"), Purpose::Test).unwrap();
    assert_eq!(finish(&store, &sp, &draft("c-2", "1"), &started).unwrap_err(), "flow.connection_mismatch");
    // The slug was given to another organization.
    let inherited = self::sp("2", "acme");
    assert_eq!(finish(&store, &inherited, &draft("c-1", "1"), &started).unwrap_err(), "flow.connection_mismatch");
    let started = start(&store, &sp, &draft("c-1", "1"), Purpose::Test).unwrap();
    assert!(finish(&store, &sp, &draft("c-1", "1"), &started).is_ok());
}

#[test]
fn a_connection_comes_back_from_its_bytes() {
    let metadata = idp().metadata();
    let provider = IdentityProvider::from_metadata(
        metadata.as_str(),
        &EntityChoice::Only,
        &MetadataTrust::ObtainedSecurely,
        now(),
    )
    .unwrap();
    let policies = [
        Policy::strict(),
        Policy::strict().with_signature_rule(SignatureRule::Both).with_relaxation(Relaxation::Cbc),
        Policy::strict()
            .with_relaxation(Relaxation::NoAuthnStatement)
            .with_relaxation(Relaxation::ConfirmationNotBefore)
            .with_relaxation(Relaxation::EmptyInResponseTo)
            .with_unsolicited(Unsolicited::Convert)
            .with_in_response_to_placeholder("urn:constant")
            .unwrap(),
        Policy::strict()
            .with_signature_rule(SignatureRule::Assertion)
            .dangerous()
            .allow_sha1()
            .allow_rsa1024()
            .allow_inclusive_c14n()
            .allow_rsa1_5()
            .allow_3des()
            .into_policy(),
        Policy::strict().with_signature_rule(SignatureRule::Response).with_unsolicited(Unsolicited::Accept),
    ];
    for policy in policies {
        let (id, organization) = (ConnectionId::new("c-1"), OrganizationId::new("1"));
        let draft = Connection::draft(id, organization, provider.clone(), policy).unwrap();
        for connection in [draft.clone(), draft.disabled()] {
            let bytes = connection.to_bytes();
            assert_eq!(Connection::from_bytes(&bytes).unwrap(), connection);
            assert_eq!(Connection::from_bytes(&bytes).unwrap().to_bytes(), bytes, "to the byte, formats and dates too");
            for cut in 0..bytes.len() {
                assert!(Connection::from_bytes(&bytes[..cut]).is_err());
            }
            let newer = [&[9], &bytes[1..]].concat();
            assert_eq!(Connection::from_bytes(&newer), Err(StoredError::Version { found: 9, known: 2 }));
        }
    }
}

#[test]
fn a_policy_names_what_is_not_at_its_strictest() {
    assert_eq!(Policy::strict().settings().count(), 0);
    let policy = Policy::strict().with_relaxation(Relaxation::Cbc).dangerous().allow_sha1().into_policy();
    assert_eq!(policy.settings().collect::<Vec<_>>(), ["cbc", "dangerous_sha1"]);
    for literal in ["", "_", "_7f3a"] {
        assert_eq!(field(Policy::strict().with_in_response_to_placeholder(literal)), "in_response_to_placeholder");
    }
}

/// Rippling puts a constant into InResponseTo when nobody has asked.
#[test]
fn a_constant_in_place_of_a_request_counts_as_none() {
    let (store, sp) = (MemoryStore::new(), sp("1", "acme"));
    let provider = idp().identity_provider().unwrap();
    let connection = |policy| {
        let (id, organization) = (ConnectionId::new("c-1"), OrganizationId::new("1"));
        Connection::preconfigured(id, organization, provider.clone(), policy).unwrap()
    };
    let finish = |policy, in_response_to: &str| {
        let response = idp();
        let response = response.response(sp.entity_id().as_str(), sp.acs_url(), now()).name_id("alice");
        let form = BASE64_STANDARD.encode(response.in_response_to(in_response_to).xml().unwrap());
        let arrival = Arrival { saml_response: &form, relay_state: None, cookie: None };
        match block_on(finish_login(&store, &sp, &[connection(policy)], arrival, now())) {
            Ok(Arrived::Finished(_)) => "finished",
            Err(FlowError::Rejected(rejection)) => rejection.code(),
            _ => "another",
        }
    };
    let accept = Policy::strict().with_unsolicited(Unsolicited::Accept);
    let rippling = accept.clone().with_in_response_to_placeholder("IDP_INITIATED").unwrap();
    assert_eq!(finish(rippling.clone(), "IDP_INITIATED"), "finished");
    assert_eq!(finish(rippling.clone(), "idp_initiated"), "flow.unknown_request");
    assert_eq!(finish(accept, "IDP_INITIATED"), "flow.unknown_request");
    assert_eq!(finish(rippling.with_unsolicited(Unsolicited::Refuse), "IDP_INITIATED"), "profile.unsolicited");
}

#[test]
fn an_identity_provider_by_fields_can_want_signed_requests() {
    let fields = IdentityProvider::builder(IDP, "https://idp.example.com/sso");
    let fields = fields.certificate(TestKey::Rsa.certificate_pem()).authn_request_signing(AuthnRequestSigning::Wanted);
    let to = Connection::preconfigured(
        ConnectionId::new("c-1"),
        OrganizationId::new("1"),
        fields.build().unwrap(),
        Policy::strict(),
    )
    .unwrap();
    let start = |sp: &ServiceProvider| saml_sp::login::start_login(sp, &to, LoginStart::default(), now());
    assert!(matches!(
        start(&sp("1", "acme")),
        Err(StartError::Config(ConfigError::Missing { field: "signing_key", .. }))
    ));
    let signing = settings().service_provider(OrganizationId::new("1"), "acme").unwrap();
    assert!(start(&signing.signing_key(TestKey::Rsa.signing_key().unwrap()).build().unwrap()).is_ok());
}

#[test]
fn a_login_can_choose_the_binding() {
    use saml_sp::login::Send;
    let (sp, to) = (sp("1", "acme"), draft("c-1", "1"));
    let start = |binding| {
        let start = LoginStart::default().with_purpose(Purpose::Test).with_binding(binding);
        saml_sp::login::start_login(&sp, &to, start, now()).map(|started| started.send)
    };
    assert!(matches!(start(EndpointBinding::HttpRedirect), Ok(Send::Redirect(_))));
    for binding in [EndpointBinding::HttpPost, EndpointBinding::Soap] {
        assert!(matches!(start(binding), Err(StartError::Config(ConfigError::Value { field: "binding", .. }))));
    }
}

#[test]
fn no_passive_has_a_code_of_its_own() {
    let (store, sp, draft) = (MemoryStore::new(), sp("1", "acme"), draft("c-1", "1"));
    let declined = |sub_code: &str| {
        let started = start(&store, &sp, &draft, Purpose::Test).unwrap();
        let request = started.keep.key().request();
        let xml = format!(
            r#"<samlp:Response xmlns:samlp="urn:oasis:names:tc:SAML:2.0:protocol" ID="_r" Version="2.0" IssueInstant="2026-11-23T12:00:00Z" InResponseTo="{request}"><samlp:Status><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:Responder"><samlp:StatusCode Value="urn:oasis:names:tc:SAML:2.0:status:{sub_code}"/></samlp:StatusCode></samlp:Status></samlp:Response>"#
        );
        let form = BASE64_STANDARD.encode(xml);
        let arrival = Arrival { saml_response: &form, relay_state: None, cookie: Some(started.cookie.value()) };
        match block_on(finish_login(&store, &sp, std::slice::from_ref(&draft), arrival, now())) {
            Err(FlowError::Rejected(rejection)) => rejection.code(),
            _ => "another",
        }
    };
    assert_eq!(declined("NoPassive"), "profile.no_passive");
    assert_eq!(declined("AuthnFailed"), "profile.status");
}

#[test]
fn an_aggregate_offers_its_identity_providers() {
    let entity = |id: &str| FakeIdp::rsa(id).unwrap().metadata();
    let (first, second) = (entity("https://a.example/"), entity("https://b.example/"));
    let own = sp("1", "acme").metadata().write(now()).unwrap();
    let group = |members: &str| {
        format!(
            "<md:EntitiesDescriptor xmlns:md=\"urn:oasis:names:tc:SAML:2.0:metadata\">{members}</md:EntitiesDescriptor>"
        )
    };
    let aggregate = group(&format!("{first}{}{own}", group(&second)));
    let offered = EntityChoice::offered(aggregate.as_str()).unwrap();
    assert_eq!(offered, [EntityId::new("https://a.example/"), EntityId::new("https://b.example/")]);
    assert_eq!(EntityChoice::offered("<a/>").unwrap_err().code(), "schema.element");
}

/// Limits and tolerance reach the service provider of each organization.
#[test]
fn settings_are_those_of_every_organization() {
    let skew = saml_sp::ClockSkew::seconds(60).unwrap();
    let settings =
        SpSettings::builder(BASE).clock_skew(skew).limits(Limits::message().with_bytes(1000)).build().unwrap();
    let sp = settings.service_provider(OrganizationId::new("1"), "acme").unwrap().build().unwrap();
    assert_eq!((sp.clock_skew(), sp.limits().bytes()), (skew, 1000));
}

/// MD-019: an organization whose administrator registers another's entityID, with a key of their own, and back.
#[test]
fn flw_002_the_same_entity_id_in_two_organizations() {
    let with = |id: &str, organization: &str, idp: &FakeIdp| {
        let (id, organization) = (ConnectionId::new(id), OrganizationId::new(organization));
        let policy = Policy::strict().with_unsolicited(Unsolicited::Accept);
        Connection::preconfigured(id, organization, idp.identity_provider().unwrap(), policy).unwrap()
    };
    let (acme, globex) = (sp("1", "acme"), sp("2", "globex"));
    let copied = FakeIdp::other_rsa(IDP).unwrap();
    let (of_acme, of_globex) = (with("c-1", "1", &idp()), with("c-2", "2", &copied));
    let unasked = |by: &FakeIdp, at: &ServiceProvider, to: &Connection| {
        let xml = by.response(at.entity_id().as_str(), at.acs_url(), now()).name_id("alice").xml().unwrap();
        let form = BASE64_STANDARD.encode(xml);
        let arrival = Arrival { saml_response: &form, relay_state: None, cookie: None };
        match block_on(finish_login(&MemoryStore::new(), at, std::slice::from_ref(to), arrival, now())) {
            Ok(Arrived::Finished(finished)) => finished.connection().id().to_string(),
            Err(FlowError::Rejected(rejection)) => rejection.code().to_owned(),
            _ => "another".to_owned(),
        }
    };
    assert_eq!(unasked(&idp(), &acme, &of_acme), "c-1");
    assert_eq!(unasked(&copied, &globex, &of_globex), "c-2");
    assert_eq!(unasked(&copied, &acme, &of_acme), "dsig.signature_invalid");
    assert_eq!(unasked(&idp(), &globex, &of_globex), "dsig.signature_invalid");
    assert_eq!(unasked(&copied, &acme, &of_globex), "flow.connection_mismatch");
}

/// MD-025: a login is judged by the connection as it is now, whole, and another connection stays what it was.
#[test]
fn md_018_a_changed_identity_provider_is_that_of_one_connection() {
    let store = MemoryStore::new();
    let (acme, globex) = (sp("1", "acme"), sp("2", "globex"));
    let of_globex = draft("c-2", "2");
    let changed = FakeIdp::other_rsa("https://new.example.com/").unwrap().identity_provider().unwrap();
    let of_acme = draft("c-1", "1");
    let after = of_acme.clone().with_identity_provider(changed).unwrap();
    let started = start(&store, &acme, &of_acme, Purpose::Test).unwrap();
    assert_eq!(finish(&store, &acme, &after, &started).unwrap_err(), "dsig.signature_invalid");
    let started = start(&store, &acme, &of_acme, Purpose::Test).unwrap();
    assert!(finish(&store, &acme, &of_acme, &started).is_ok());
    let started = start(&store, &globex, &of_globex, Purpose::Test).unwrap();
    assert!(finish(&store, &globex, &of_globex, &started).is_ok());
}
