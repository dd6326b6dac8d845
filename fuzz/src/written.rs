//! What this crate writes, with whatever the host and the users put into it.

use saml_sp::login::{LoginStart, Send, start_login};
use saml_sp::logout::{LogoutStart, ReceivedLogout, StartedLogout, start_logout};
use saml_sp::request::{AuthnContextComparison, AuthnRequestOptions, NameIdPolicy};
use saml_sp::sp::{Need, RequestedAttribute};
use saml_sp::testing::fuzzing::{Document, Profile};
use saml_sp::{
    EntityId, Limits, NameId, Parameter, PendingLogin, SamlSession, ServiceProvider, SessionId, SessionIndex,
};

use crate::world::{ACS, IDP, SLS, SP, WORLD, now, organization};

/// Requests and metadata are well-formed, say what was put in, and are read by the other side; what is kept is read again.
pub(crate) fn reads_back(input: &[u8]) {
    let text = String::from_utf8_lossy(input);
    let fields: Vec<&str> = text.split('|').chain(std::iter::repeat("")).take(6).collect();
    authn_request(&fields);
    logout_request(&fields);
    metadata(&fields);
}

fn authn_request(fields: &[&str]) {
    let options = AuthnRequestOptions::default()
        .with_name_id_policy(NameIdPolicy::default().with_format(fields[0]).with_sp_name_qualifier(fields[1]))
        .with_requested_authn_context(AuthnContextComparison::Exact, [fields[2], fields[3]])
        .with_idp_list([fields[4]])
        .with_subject(NameId::new(fields[5]));
    let start = LoginStart::default().with_request(options).with_relay_state(fields[0]).with_host_state(fields[1]);
    let Ok(started) = start_login(&WORLD.sp, &WORLD.connection, start, now()) else { return };
    says(&started.send, &[fields[0], fields[1], fields[2], fields[3], fields[5]]);
    let _ = WORLD.idp.answer(&started.send, ACS, now()).expect("the identity provider reads it");
    let stored = started.keep.to_bytes();
    let kept = PendingLogin::from_bytes(&stored).expect("what is kept is read");
    assert_eq!((kept.host_state(), kept.to_bytes()), (Some(fields[1]), stored));
}

fn logout_request(fields: &[&str]) {
    let name = NameId::new(fields[0]).with_format(fields[1]).with_qualifiers(Some(fields[2].to_owned()), None);
    let indexes = vec![SessionIndex::new(fields[3])];
    let connection = WORLD.connection.id().clone();
    let session = SamlSession::new(SessionId::new("s"), connection, EntityId::new(IDP), Some(name), indexes);
    let session = SamlSession::from_bytes(&session.to_bytes()).expect("what is kept is read");
    let start = LogoutStart::default().with_host_state(fields[4]);
    let Ok(StartedLogout::Sent { send, .. }) = start_logout(&WORLD.sp, &WORLD.connection, &session, start, now())
    else {
        return;
    };
    let xml = says(&send, &fields[..4]);
    ReceivedLogout::from_xml(Parameter::Request, xml.into_bytes(), &Limits::message())
        .expect("the other side reads it");
}

fn metadata(fields: &[&str]) {
    let asked = RequestedAttribute::new(fields[1], Need::Required).with_friendly_name(fields[2]);
    let sp = ServiceProvider::builder(organization(), EntityId::new(SP), ACS).sls_url(SLS);
    let sp = sp.name_id_format(fields[0]).service_name("en", fields[3]).requested_attribute(asked);
    let Ok(xml) = sp.build().unwrap().metadata().write(now()) else { return };
    let document = Document::parse(xml.as_bytes(), Profile::Message).expect("metadata is well-formed");
    for field in &fields[..4] {
        assert!(field.is_empty() || document.values().any(|value| value == legal(field)), "{field:?} is lost: {xml}");
    }
}

/// What no XML can hold is replaced.
fn legal(field: &str) -> String {
    let is_illegal =
        |c: char| matches!(c, '\0'..='\u{8}' | '\u{b}' | '\u{c}' | '\u{e}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}');
    field.replace(is_illegal, "\u{fffd}")
}

fn says(send: &Send, fields: &[&str]) -> String {
    let xml = WORLD.idp.received(send).unwrap();
    let document = Document::parse(xml.as_bytes(), Profile::Message).expect("what is written is read");
    for field in fields {
        assert!(field.is_empty() || document.values().any(|value| value == legal(field)), "{field:?} is lost: {xml}");
    }
    xml
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let email = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress|<a b=\"c\">|&amp;]]>|'\t\r\n\"| x |é\u{1F600}";
    let plain = "alice@example.com|urn:a|urn:b|_session|https://idp.example.com/|bob";
    vec![email.as_bytes().to_vec(), plain.as_bytes().to_vec()]
}
