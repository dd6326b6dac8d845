//! PATCH of a SCIM user and of a group.

use chrono::TimeDelta;
use saml_sp::Connection;
use saml_sp::flow::block_on;
use saml_sp::mapping::Role;
use saml_sp::provisioning::{Joining, ProvenDomain, Provisioning};
use saml_sp::scim::{ScimEndpoint, ScimRequest, ScimToken, ScimTokenHash, answer};
use saml_sp::testing::MemoryStore;
use serde_json::Value;

use crate::world::{WORLD, now, organization};

const USER: &str = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:User"],"userName":"NAME@acme.example",
    "externalId":"NAME","name":{"givenName":"A","familyName":"E"},"active":true}"#;
const GROUP: &str = r#"{"schemas":["urn:ietf:params:scim:schemas:core:2.0:Group"],"displayName":"NAME",
    "externalId":"NAME","members":[{"value":"account-0"}]}"#;

/// Any answer is one of RFC 7644; a refused change has changed nothing; nobody else is changed, nor anybody's address
/// to one of another domain. Seeds name the members of a group by the ids that they have in a new store.
pub(crate) fn patch(input: &[u8]) {
    let token = ScimToken::generate().unwrap();
    let desk = Desk {
        store: MemoryStore::new(),
        connection: &WORLD.connection,
        hashes: [token.hash(&WORLD.connection)],
        token,
    };
    let [alice, bob] = ["alice", "bob"].map(|name| desk.make("/Users", &USER.replace("NAME", name)));
    let [crew, others] = ["crew", "others"].map(|name| desk.make("/Groups", &GROUP.replace("NAME", name)));
    for (target, other) in [(&alice, &bob), (&crew, &others)] {
        let (before, untouched) = (desk.send("GET", target, b""), desk.send("GET", other, b""));
        let (status, body) = desk.send("PATCH", target, input);
        assert!(matches!(status, 200 | 204 | 400 | 403 | 404 | 409 | 413), "{status}");
        let after = desk.send("GET", target, b"");
        if status >= 400 {
            assert_eq!((&before, body["status"].as_str()), (&after, Some(status.to_string().as_str())));
        }
        assert_eq!((after.0, &after.1["id"]), (200, &before.1["id"]));
        assert_eq!(desk.send("GET", other, b""), untouched);
    }
    let name = desk.send("GET", &alice, b"").1["userName"].take();
    assert!(name.as_str().is_some_and(|name| name.ends_with("@acme.example")), "{name}");
    let members = desk.send("GET", &crew, b"").1["members"].take();
    let ids: Vec<_> = members.as_array().unwrap().iter().map(|member| member["value"].as_str().unwrap()).collect();
    assert!(ids.iter().all(|id| ["account-0", "account-1"].contains(id)) && ids.is_sorted(), "{ids:?}");
}

struct Desk<'a> {
    store: MemoryStore,
    connection: &'a Connection,
    token: ScimToken,
    hashes: [ScimTokenHash; 1],
}

impl Desk<'_> {
    /// The path of what was made.
    fn make(&self, resources: &str, body: &str) -> String {
        let (status, made) = self.send("POST", resources, body.as_bytes());
        assert_eq!(status, 201);
        format!("{resources}/{}", made["id"].as_str().unwrap())
    }

    fn send(&self, method: &str, path: &str, body: &[u8]) -> (u16, Value) {
        let domain = ProvenDomain::new(organization(), "acme.example", now() + TimeDelta::days(1)).unwrap();
        let settings = Provisioning::new(self.connection, Joining::JustInTime, Role::new("member"));
        let endpoint = ScimEndpoint {
            organization: &organization(),
            connection: self.connection,
            settings: &settings.with_proven_domain(domain),
            tokens: &self.hashes,
            base_url: "https://app.example.com/scim",
        };
        let bearer = format!("Bearer {}", self.token.value());
        let request = ScimRequest { method, path, query: "", authorization: Some(&bearer), body };
        let response = block_on(answer(&self.store, endpoint, request, now())).unwrap();
        (response.status, serde_json::from_slice(&response.body).unwrap_or(Value::Null))
    }
}

pub(crate) fn seeds() -> Vec<Vec<u8>> {
    let operations = [
        r#"{"op":"Replace","path":"active","value":"False"}"#,
        r#"{"op":"replace","value":{"active":false,"name.familyName":"X","userName":"a@acme.example"}}"#,
        r#"{"op":"add","path":"emails[type eq \"work\"].value","value":"a@acme.example"},{"op":"remove","path":"name"}"#,
        r#"{"op":"replace","path":"urn:ietf:params:scim:schemas:core:2.0:User:userName","value":"b@evil.example"}"#,
        r#"{"op":"remove","path":"externalId"},{"op":"add","path":"displayName","value":{"a":[1,null,true]}}"#,
        r#"{"op":"Add","path":"members","value":[{"$ref":null,"value":"account-1"},{"value":"account-0"}]}"#,
        r#"{"op":"remove","path":"members[value eq \"account-0\"]"},{"op":"Remove","path":"members","value":[{"value":"x"}]}"#,
        r#"{"op":"replace","value":{"id":"team-1","displayName":"others","members":{"value":"account-1"}}}"#,
        r#"{"op":"replace","path":"members","value":[{"value":"nobody"}]},{"op":"remove","path":"members"}"#,
    ];
    let message = |operations| {
        format!(r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{operations}]}}"#)
    };
    operations.map(|operations| message(operations).into_bytes()).to_vec()
}
