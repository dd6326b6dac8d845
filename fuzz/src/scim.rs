//! PATCH of a SCIM user.

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

/// Any answer is one of RFC 7644; a refused change has changed nothing; nobody else is changed, nor anybody's address
/// to one of another domain.
pub(crate) fn patch(input: &[u8]) {
    let token = ScimToken::generate().unwrap();
    let desk = Desk {
        store: MemoryStore::new(),
        connection: &WORLD.connection,
        hashes: [token.hash(&WORLD.connection)],
        token,
    };
    let [alice, bob] = ["alice", "bob"].map(|name| {
        let (status, made) = desk.send("POST", "/Users", USER.replace("NAME", name).as_bytes());
        assert_eq!(status, 201);
        format!("/Users/{}", made["id"].as_str().unwrap())
    });
    let (before, others) = (desk.send("GET", &alice, b""), desk.send("GET", &bob, b""));
    let (status, body) = desk.send("PATCH", &alice, input);
    assert!(matches!(status, 200 | 204 | 400 | 403 | 404 | 409 | 413), "{status}");
    let after = desk.send("GET", &alice, b"");
    if status >= 400 {
        assert_eq!((before, body["status"].as_str()), (after, Some(status.to_string().as_str())));
    } else if after.0 == 200 {
        let name = after.1["userName"].as_str().unwrap();
        assert!(name.ends_with("@acme.example") && after.1["id"] == before.1["id"], "{name}");
    }
    assert_eq!(desk.send("GET", &bob, b""), others);
}

struct Desk<'a> {
    store: MemoryStore,
    connection: &'a Connection,
    token: ScimToken,
    hashes: [ScimTokenHash; 1],
}

impl Desk<'_> {
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
    ];
    let message = |operations| {
        format!(r#"{{"schemas":["urn:ietf:params:scim:api:messages:2.0:PatchOp"],"Operations":[{operations}]}}"#)
    };
    operations.map(|operations| message(operations).into_bytes()).to_vec()
}
