//! What is read from a store.

use chrono::TimeDelta;
use saml_sp::logout::PendingLogout;
use saml_sp::mapping::{AttributeMap, Role, RoleLadder, RoleMap, Source, SubjectKey};
use saml_sp::provisioning::{Joining, Onboarding, PendingLink, ProvenDomain, Provisioning, SessionScope};
use saml_sp::registration::{Registration, Source as Origin};
use saml_sp::testing::FakeIdentity;
use saml_sp::{
    Connection, ConnectionId, EntityId, IdentityProvider, PendingLogin, RequestId, SamlSession, SessionId, SessionIndex,
};

use crate::world::{IDP, WORLD, alice, now, organization, pending};

/// What is read is written and read again.
pub(crate) fn from_bytes(input: &[u8]) {
    macro_rules! check {
        ($($type:ty),*) => {$(
            if let Ok(value) = <$type>::from_bytes(input) {
                let written = value.to_bytes();
                let again = <$type>::from_bytes(&written).expect("what is written is read");
                assert_eq!(again.to_bytes(), written, stringify!($type));
            }
        )*};
    }
    check!(
        AttributeMap,
        Connection,
        IdentityProvider,
        Onboarding,
        PendingLink,
        PendingLogin,
        PendingLogout,
        Registration,
        RoleMap,
        SamlSession,
        SessionScope,
        SubjectKey
    );
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let [member, admin] = ["member", "admin"].map(Role::new);
    let ladder = RoleLadder::new([member.clone(), admin.clone()]).unwrap();
    let roles = RoleMap::builder(ladder, admin.clone(), [Source::attribute("groups")]).group("staff", admin).build();
    let map = AttributeMap::builder([Source::attribute("id")], [Source::attribute("email").in_format("urn:f")]);
    let map = map.first_name([Source::attribute("first")]).roles(roles.clone().unwrap()).build().unwrap();
    let domain = ProvenDomain::new(organization(), "acme.example", now() + TimeDelta::days(1)).unwrap();
    let settings = Provisioning::new(&WORLD.connection, Joining::JustInTime, member).with_proven_domain(domain);
    let onboarding = Onboarding::new(map.clone(), settings);
    let connection = WORLD.permissive.clone();
    let registration = Registration::new(connection.clone(), onboarding.clone(), Origin::Fields).unwrap();
    let id = || ConnectionId::new("acme-1");
    let indexes = vec![SessionIndex::new("_session")];
    let session = SamlSession::new(SessionId::new("s"), id(), EntityId::new(IDP), Some(alice()), indexes);
    let logout = PendingLogout::new(RequestId::new("_r"), id(), now()).with_host_state(Some("state".to_owned()));
    let identity = FakeIdentity::new(&id(), &EntityId::new(IDP), "alice", "alice@acme.example").unwrap().identity();
    vec![
        map.to_bytes(),
        roles.unwrap().to_bytes(),
        onboarding.to_bytes(),
        connection.to_bytes(),
        registration.to_bytes(),
        connection.identity_provider().to_bytes(),
        session.to_bytes(),
        logout.to_bytes(),
        pending().with_host_state(Some("/projects".to_owned())).to_bytes(),
        identity.subject().to_bytes(),
    ]
}
