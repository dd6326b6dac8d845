//! What we write: requests, URLs and forms with values that want to be markup. ATTACKS M.

use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use saml_sp::flow::{block_on, start_login};
use saml_sp::login::{LoginStart, Send, Started};
use saml_sp::metadata::EndpointBinding;
use saml_sp::request::{AuthnContextComparison, AuthnRequestOptions, NameIdPolicy};
use saml_sp::testing::{FakeIdp, MemoryStore, TestKey};
use saml_sp::{
    Connection, ConnectionId, EntityId, IdentityProvider, NameId, Policy, PostForm, Purpose, ServiceProvider,
};

use crate::kit::{ACS, IDP, SP, now, organization};

const EVIL: &str = "\"'><evil x=\"]]>&amp;\r\n--></script><script>";

fn to(sso_url: &str, binding: EndpointBinding) -> Connection {
    let fields = IdentityProvider::builder(IDP, sso_url).sso_binding(binding);
    let idp = fields.certificate(TestKey::Rsa.certificate_pem()).build().unwrap();
    Connection::preconfigured(ConnectionId::new("acme-1"), organization(), idp, Policy::strict()).unwrap()
}

fn start(sp_entity_id: &str, to: &Connection, start: LoginStart) -> Started {
    let sp = ServiceProvider::builder(organization(), EntityId::new(sp_entity_id), ACS).build().unwrap();
    block_on(start_login(&MemoryStore::new(), &sp, to, start.with_purpose(Purpose::Login), now())).unwrap()
}

fn form(started: &Started) -> &PostForm {
    let Send::Post(form) = &started.send else { panic!("not a form") };
    form
}

fn posted(form: &PostForm, name: &str) -> String {
    form.fields().find(|(field, _)| *field == name).unwrap().1.to_owned()
}

/// OUT-004 beside it: where it goes to and where the answer is to go are settings, and the ID is new each time.
#[test]
fn out_001_values_are_no_markup() {
    let request = |entity_id: &str, options: AuthnRequestOptions| {
        let to = to("https://idp.example.com/sso?a=1&b=2", EndpointBinding::HttpPost);
        let started = start(entity_id, &to, LoginStart::default().with_request(options));
        assert!(FakeIdp::rsa(IDP).unwrap().answer(&started.send, ACS, now()).is_ok(), "it reads back");
        String::from_utf8(BASE64_STANDARD.decode(posted(form(&started), "SAMLRequest")).unwrap()).unwrap()
    };
    let plain = request(SP, AuthnRequestOptions::default());
    assert!(plain.contains("Destination=\"https://idp.example.com/sso?a=1&amp;b=2\""), "{plain}");
    assert!(plain.contains(&format!("AssertionConsumerServiceURL=\"{ACS}\"")));
    assert!(!plain.contains("ForceAuthn") && !plain.contains("IsPassive") && !plain.contains("NameIDPolicy"));
    let id = |xml: &str| xml.split(" ID=\"").nth(1).unwrap().split('"').next().unwrap().to_owned();
    assert_ne!(id(&plain), id(&request(SP, AuthnRequestOptions::default())));
    let hostile = AuthnRequestOptions::default()
        .with_name_id_policy(NameIdPolicy::default().with_format(EVIL).with_sp_name_qualifier(EVIL))
        .with_requested_authn_context(AuthnContextComparison::Exact, [EVIL])
        .with_idp_list([EVIL])
        .with_subject(NameId::new(EVIL).with_format(EVIL));
    let xml = request(&format!("https://app.example.com/{EVIL}"), hostile);
    assert!(!xml.contains("<evil") && !xml.contains("<script") && !xml.contains("]]>"), "{xml}");
    assert_eq!(xml.matches("&lt;evil").count(), 7);
}

/// FLW-024.
#[test]
fn out_002_the_form_is_no_markup() {
    let to = to("https://idp.example.com/sso?a=1&b=2", EndpointBinding::HttpPost);
    let started = start(SP, &to, LoginStart::default().with_relay_state(EVIL));
    let form = form(&started);
    assert_eq!(posted(form, "RelayState"), EVIL, "the value itself is what was given");
    let page = form.to_html("\"><evil>");
    assert!(!page.contains("<evil") && !page.contains(EVIL), "{page}");
    assert_eq!(page.matches("<script").count(), 1);
    assert_eq!(page.matches("</script>").count(), 1);
    assert!(page.contains("action=\"https://idp.example.com/sso?a=1&amp;b="), "{page}");
    for action in [
        "https://idp.example.com/sso?b=\"",
        "javascript:alert(1)",
        "data:text/html,x",
        "/sso",
        "https://user@idp.example.com/",
        "ftp://x/",
    ] {
        assert!(IdentityProvider::builder(IDP, action).certificate(TestKey::Rsa.certificate_pem()).build().is_err());
    }
}

#[test]
fn out_003_the_url_holds_what_was_meant() {
    let url = |sso_url: &str, relay_state: &str| {
        let started =
            start(SP, &to(sso_url, EndpointBinding::HttpRedirect), LoginStart::default().with_relay_state(relay_state));
        let Send::Redirect(url) = started.send else { panic!("not a redirect") };
        url
    };
    assert!(url("https://idp.example.com/sso", "x").starts_with("https://idp.example.com/sso?SAMLRequest="));
    let with_query = url("https://idp.example.com/sso?tenant=1", "x&SAMLRequest=evil#\r\nSet-Cookie: a=b");
    assert!(with_query.starts_with("https://idp.example.com/sso?tenant=1&SAMLRequest="));
    assert_eq!(with_query.matches("SAMLRequest=").count(), 1);
    assert!(with_query.ends_with("&RelayState=x%26SAMLRequest%3Devil%23%0D%0ASet-Cookie%3A%20a%3Db"), "{with_query}");
    for sso_url in ["https://idp.example.com/sso#top", "https://idp.example.com/sso\r\nSet-Cookie: a=b"] {
        let fields = IdentityProvider::builder(IDP, sso_url).certificate(TestKey::Rsa.certificate_pem());
        assert!(fields.build().is_err(), "{sso_url:?}");
    }
}
