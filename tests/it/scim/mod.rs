//! SCIM: what Okta and Entra ID send, what nobody should, and what the next SAML login says.

mod groups;
mod malformed;
mod users;

use chrono::{DateTime, TimeDelta, Utc};
use saml_sp::flow::{Arrival, Entered, Entrance, FlowError, Visit, block_on, sign_in, start_login};
use saml_sp::login::LoginStart;
use saml_sp::mapping::{AttributeMap, EmailAddress, Role, Source};
use saml_sp::provisioning::{
    EmailStatus, Joining, MemberStatus, Membership, Onboarding, ProvenDomain, Provisioning, Session, SessionScope,
};
use saml_sp::scim::{ScimEndpoint, ScimRequest, ScimResponse, ScimToken, ScimTokenHash, answer};
use saml_sp::storage::MemberStore;
use saml_sp::testing::{FakeIdp, MemoryStore, ScimFixture, TestKey, scim_store_contract, team_store_contract};
use saml_sp::{AccountId, Connection, ConnectionId, EntityId, OrganizationId, Policy, ServiceProvider, SessionId};
use serde_json::{Value, json};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
const GROUP: &str = "urn:ietf:params:scim:schemas:core:2.0:Group";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";
const BASE: &str = "https://app.example.com/scim";

fn now() -> DateTime<Utc> {
    "2026-11-23T12:00:00Z".parse().unwrap()
}

fn email(address: &str) -> EmailAddress {
    EmailAddress::parse(address).unwrap()
}

/// One organization whose identity provider speaks SAML and SCIM.
struct Tenant {
    organization: OrganizationId,
    sp: ServiceProvider,
    idp: FakeIdp,
    connections: Vec<Connection>,
    settings: Provisioning,
    token: ScimToken,
    hashes: Vec<ScimTokenHash>,
}

/// Each organization has proven `<name>.example`.
fn tenant(name: &str, key: TestKey) -> Tenant {
    let organization = OrganizationId::new(name);
    let idp = FakeIdp::with_key(&format!("https://idp.{name}.example/"), key.signing_key().unwrap());
    let (entity_id, acs) = (format!("https://app.example.com/{name}/"), format!("https://app.example.com/{name}/acs"));
    let sp = ServiceProvider::builder(organization.clone(), EntityId::new(entity_id), acs).build().unwrap();
    let provider = idp.identity_provider().unwrap();
    let id = ConnectionId::new(format!("{name}-1"));
    let connection = Connection::preconfigured(id, organization.clone(), provider, Policy::strict()).unwrap();
    let until = now() + TimeDelta::days(1);
    let domain = ProvenDomain::new(organization.clone(), &format!("{name}.example"), until).unwrap();
    let settings = Provisioning::new(&connection, Joining::JustInTime, Role::new("member"));
    let settings = settings.granting(Role::new("manager")).with_proven_domain(domain);
    let token = ScimToken::generate().unwrap();
    let hashes = vec![token.hash(&connection)];
    Tenant { organization, sp, idp, connections: vec![connection], settings, token, hashes }
}

fn acme() -> Tenant {
    tenant("acme", TestKey::Rsa)
}

fn evil() -> Tenant {
    tenant("evil", TestKey::OtherRsa)
}

/// Status, scimType and body.
#[derive(Debug)]
struct Answer {
    status: u16,
    scim_type: Option<String>,
    body: Value,
    headers: Vec<(&'static str, String)>,
}

impl Answer {
    fn id(&self) -> AccountId {
        AccountId::new(self.body["id"].as_str().unwrap())
    }

    fn outcome(&self) -> (u16, Option<&str>) {
        (self.status, self.scim_type.as_deref())
    }
}

/// Every answer is a resource, nothing, or an error as RFC 7644 section 3.12 wants it.
fn read(response: ScimResponse) -> Answer {
    let header = |name| response.headers.iter().find(|(known, _)| *known == name).map(|(_, value)| value.as_str());
    if response.status == 204 {
        assert!(response.body.is_empty() && header("Content-Type").is_none());
        return Answer { status: 204, scim_type: None, body: Value::Null, headers: response.headers };
    }
    assert_eq!(header("Content-Type"), Some("application/scim+json"));
    let body: Value = serde_json::from_slice(&response.body).unwrap();
    let scim_type = body.get("scimType").map(|name| name.as_str().unwrap().to_owned());
    if response.status >= 400 {
        assert_eq!(body["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:Error"]));
        assert_eq!(body["status"], json!(response.status.to_string()));
        assert!(!body["detail"].as_str().unwrap().is_empty());
        assert_eq!(header("WWW-Authenticate").is_some(), response.status == 401);
    }
    Answer { status: response.status, scim_type, body, headers: response.headers }
}

impl Tenant {
    fn endpoint(&self) -> ScimEndpoint<'_> {
        ScimEndpoint {
            organization: &self.organization,
            connection: &self.connections[0],
            settings: &self.settings,
            tokens: &self.hashes,
            base_url: BASE,
        }
    }

    fn send(&self, store: &MemoryStore, method: &str, target: &str, body: &[u8]) -> Answer {
        let bearer = format!("Bearer {}", self.token.value());
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let request = ScimRequest { method, path, query, authorization: Some(&bearer), body };
        read(block_on(answer(store, self.endpoint(), request, now())).unwrap())
    }

    fn get(&self, store: &MemoryStore, target: &str) -> Answer {
        self.send(store, "GET", target, b"")
    }

    fn json(&self, store: &MemoryStore, method: &str, target: &str, body: &Value) -> Answer {
        self.send(store, method, target, body.to_string().as_bytes())
    }

    fn create(&self, store: &MemoryStore, name: &str) -> AccountId {
        let created = self.json(store, "POST", "/Users", &okta(&format!("{name}@acme.example"), name));
        assert_eq!(created.status, 201, "{created:?}");
        created.id()
    }

    fn patch(&self, store: &MemoryStore, id: &AccountId, operations: Value) -> Answer {
        let body = json!({ "schemas": [PATCH], "Operations": operations });
        self.json(store, "PATCH", &format!("/Users/{id}"), &body)
    }

    /// A whole login by SAML.
    fn login(&self, store: &MemoryStore, user: &str, email: &str) -> Result<AccountId, &'static str> {
        let start = LoginStart::default();
        let started = block_on(start_login(store, &self.sp, &self.connections[0], start, now())).unwrap();
        let response = self.idp.response(self.sp.entity_id().as_str(), self.sp.acs_url(), now());
        let response = response.in_response_to(started.keep.key().request().as_str());
        let form = response.attribute("user_id", &[user]).attribute("email", &[email]).form_value().unwrap();
        let map = AttributeMap::builder([Source::attribute("user_id")], [Source::attribute("email")]).build().unwrap();
        let onboarding = [Onboarding::new(map, self.settings.clone())];
        let entrance = Entrance { sp: &self.sp, connections: &self.connections, onboarding: &onboarding };
        let arrival = Arrival { saml_response: &form, relay_state: None, cookie: Some(started.cookie.value()) };
        let visit = Visit { arrival, session: &Session::Nobody };
        match block_on(sign_in(store, entrance, visit, now())) {
            Ok(Entered::SignedIn(signed_in)) => {
                let scope: &SessionScope = &signed_in.scope;
                block_on(store.keep_session(&SessionId::new(user), scope)).unwrap();
                Ok(scope.account().clone())
            }
            Ok(Entered::AskProof(_)) => Err("proof"),
            Err(FlowError::Refused(refusal)) => Err(refusal.code()),
            other => panic!("{other:?}"),
        }
    }
}

/// A user as Okta makes one.
fn okta(user_name: &str, external_id: &str) -> Value {
    json!({
        "schemas": [USER],
        "userName": user_name,
        "name": { "givenName": "Alice", "familyName": "Example" },
        "emails": [{ "primary": true, "value": user_name, "type": "work" }],
        "displayName": "Alice Example",
        "locale": "en-US",
        "externalId": external_id,
        "groups": [],
        "password": "never kept",
        "active": true,
    })
}

#[test]
fn stores_that_do_it_right_keep_the_contract() {
    let store = MemoryStore::new();
    for _ in 0..2 {
        block_on(scim_store_contract(&store)).unwrap();
        block_on(team_store_contract(&store)).unwrap();
    }
}

/// Another organization's users are not there, and its token opens nothing.
#[test]
fn an_endpoint_is_of_one_organization() {
    let (store, acme, evil) = (MemoryStore::new(), acme(), evil());
    let alice = acme.create(&store, "alice");
    let target = format!("/Users/{alice}");
    let off = json!({ "schemas": [PATCH], "Operations": [{ "op": "replace", "value": { "active": false } }] });
    for (method, body) in [
        ("GET", Value::Null),
        ("PUT", okta("alice@acme.example", "x")),
        ("PATCH", off.clone()),
        ("DELETE", Value::Null),
    ] {
        assert_eq!(evil.json(&store, method, &target, &body).outcome(), (404, None), "{method}");
    }
    for target in
        ["/Users", "/Users?filter=userName+eq+%22alice@acme.example%22", "/Users?filter=externalId+eq+%22alice%22"]
    {
        assert_eq!(evil.get(&store, target).body["totalResults"], json!(0), "{target}");
    }
    let (own, off_body) = (evil.endpoint(), off.to_string());
    let status = |endpoint: ScimEndpoint<'_>, token: Option<&str>| {
        let request =
            ScimRequest { method: "PATCH", path: &target, query: "", authorization: token, body: off_body.as_bytes() };
        read(block_on(answer(&store, endpoint, request, now())).unwrap()).status
    };
    let bearer = |tenant: &Tenant| format!("Bearer {}", tenant.token.value());
    let (theirs, ours) = (bearer(&evil), bearer(&acme));
    assert_eq!(status(acme.endpoint(), Some(&theirs)), 401);
    // Even if the hash of one connection was stored with another.
    assert_eq!(status(ScimEndpoint { tokens: &evil.hashes, ..acme.endpoint() }, Some(&theirs)), 401);
    // The URL of one organization, the connection of another.
    let mixed = ScimEndpoint { organization: &acme.organization, ..own };
    assert_eq!(status(mixed, Some(&theirs)), 403);
    assert_eq!(status(ScimEndpoint { settings: &evil.settings, ..acme.endpoint() }, Some(&ours)), 403);
    for wrong in ["", "Bearer", "Bearer ", "Basic dTpw", acme.token.value(), &format!("{ours} "), &format!("{ours}0")] {
        assert_eq!(status(acme.endpoint(), Some(wrong)), 401, "{wrong:?}");
    }
    let basic = format!("Basic {}", acme.token.value());
    assert_eq!((status(acme.endpoint(), Some(&basic)), status(acme.endpoint(), None)), (401, 401));
    assert_eq!(status(ScimEndpoint { tokens: &[], ..acme.endpoint() }, Some(&ours)), 401);
    assert_eq!(acme.get(&store, &target).body["active"], json!(true), "nothing of it has changed anything");
    let another = ScimToken::generate().unwrap();
    let both = [another.hash(&acme.connections[0]), acme.hashes[0].clone()];
    let lower = ours.replacen("Bearer", "bearer", 1);
    assert_eq!(status(ScimEndpoint { tokens: &both, ..acme.endpoint() }, Some(&lower)), 200);
    assert!(!format!("{:?}", acme.token).contains(acme.token.value()));
    assert!(!acme.hashes[0].as_str().contains(acme.token.value()));
}

/// A connection that is switched off provisions nobody, and neither does a draft.
#[test]
fn the_connection_has_to_be_active() {
    let (store, mut acme) = (MemoryStore::new(), acme());
    assert_eq!(acme.get(&store, "/Users").status, 200);
    let connection = acme.connections.remove(0).disabled();
    acme.connections.push(connection);
    assert_eq!(acme.get(&store, "/Users").outcome(), (403, None));
}
