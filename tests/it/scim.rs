//! SCIM: what Okta and Entra ID send, what nobody should, and what the next SAML login says.

use chrono::{DateTime, TimeDelta, Utc};
use saml_sp::flow::{Arrival, Entered, Entrance, FlowError, Visit, block_on, sign_in, start_login};
use saml_sp::login::LoginStart;
use saml_sp::mapping::{AttributeMap, EmailAddress, Role, Source};
use saml_sp::provisioning::{
    EmailStatus, Joining, MemberStatus, Membership, Onboarding, ProvenDomain, Provisioning, Session, SessionScope,
};
use saml_sp::scim::{ScimEndpoint, ScimRequest, ScimResponse, ScimToken, ScimTokenHash, answer};
use saml_sp::storage::MemberStore;
use saml_sp::testing::{FakeIdp, MemoryStore, ScimFixture, TestKey, scim_store_contract};
use saml_sp::{AccountId, Connection, ConnectionId, EntityId, OrganizationId, Policy, ServiceProvider, SessionId};
use serde_json::{Value, json};

const USER: &str = "urn:ietf:params:scim:schemas:core:2.0:User";
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
    block_on(scim_store_contract(&store)).unwrap();
    block_on(scim_store_contract(&store)).unwrap();
}

/// The life of a user as Okta drives it: look for it, make it, read it, replace it, switch it off and on.
#[test]
fn okta_manages_a_user() {
    let (store, acme) = (MemoryStore::new(), acme());
    let probe = "/Users?filter=userName%20eq%20%22alice%40acme.example%22&startIndex=1&count=100";
    let nobody = acme.get(&store, probe);
    assert_eq!((nobody.status, &nobody.body["totalResults"], &nobody.body["Resources"]), (200, &json!(0), &json!([])));
    let created = acme.json(&store, "POST", "/Users", &okta("Alice@ACME.example", "00u1"));
    assert_eq!(created.status, 201);
    let id = created.id();
    let location = format!("{BASE}/Users/{id}");
    let expected = json!({
        "schemas": [USER],
        "id": id.as_str(),
        "externalId": "00u1",
        "userName": "alice@acme.example",
        "name": { "givenName": "Alice", "familyName": "Example" },
        "displayName": "Alice Example",
        "emails": [{ "value": "alice@acme.example", "type": "work", "primary": true }],
        "active": true,
        "meta": { "resourceType": "User", "location": location },
    });
    assert_eq!(created.body, expected);
    assert!(created.headers.contains(&("Location", location)));
    assert_eq!(acme.get(&store, &format!("/Users/{id}")).body, expected);
    assert_eq!(acme.get(&store, probe).body["Resources"], json!([expected]));
    let again = acme.json(&store, "POST", "/Users", &okta("alice@acme.example", "00u1"));
    assert_eq!(again.outcome(), (409, Some("uniqueness")));

    let mut changed = okta("alice@acme.example", "00u1");
    changed["displayName"] = "Alice E.".into();
    changed["name"] = json!({ "givenName": "Alicia" });
    let replaced = acme.json(&store, "PUT", &format!("/Users/{id}"), &changed);
    assert_eq!((replaced.status, &replaced.body["displayName"]), (200, &json!("Alice E.")));
    assert_eq!(replaced.body["name"], json!({ "givenName": "Alicia" }), "what PUT leaves out is gone");
    let off = acme.patch(&store, &id, json!([{ "op": "replace", "value": { "active": false } }]));
    assert_eq!((off.status, &off.body["active"]), (200, &json!(false)));
    let member = |status| Membership::Member { status, role: Role::new("member") };
    assert_eq!(store.membership(&acme.organization, &id), member(MemberStatus::Suspended));
    changed.as_object_mut().unwrap().remove("active");
    let replaced = acme.json(&store, "PUT", &format!("/Users/{id}"), &changed);
    assert_eq!(replaced.body["active"], json!(false), "PUT without active activates nobody");
    let on = acme.patch(&store, &id, json!([{ "op": "replace", "value": { "active": true } }]));
    assert_eq!((on.status, &on.body["active"]), (200, &json!(true)));
    assert_eq!(store.membership(&acme.organization, &id), member(MemberStatus::Active));
}

/// As Entra ID drives it: booleans as text, operations with capitals, value paths, extensions, deletion.
#[test]
fn entra_id_manages_a_user() {
    let (store, acme) = (MemoryStore::new(), acme());
    let enterprise = "urn:ietf:params:scim:schemas:extension:enterprise:2.0:User";
    let created = json!({
        "schemas": [USER, enterprise],
        "externalId": "58342554-38d6-4ec8-948c-50044d0a33fd",
        "userName": "bob@acme.example",
        "active": true,
        "displayName": "Bob",
        "emails": [{ "primary": true, "type": "work", "value": "bob@acme.example" }],
        "meta": { "resourceType": "User" },
        "name": { "formatted": "Bob B", "familyName": "B", "givenName": "Bob" },
        "title": "Lead",
        enterprise: { "department": "Sales" },
    });
    let id = acme.json(&store, "POST", "/Users", &created).id();
    for (filter, total) in [
        ("externalId eq \"58342554-38d6-4ec8-948c-50044d0a33fd\"", 1),
        ("externalid EQ \"58342554-38D6-4ec8-948c-50044d0a33fd\"", 0),
        ("userName eq \"BOB@acme.example\"", 1),
        ("userName eq \"8a2b9f0c-a-user-that-is-not-there\"", 0),
        ("emails[type eq \"work\"].value eq \"bob@acme.example\"", 1),
        ("emails.value eq \"bob@acme.example\"", 1),
        ("emails eq \"bob@acme.example\"", 1),
        ("urn:ietf:params:scim:schemas:core:2.0:User:userName eq \"bob@acme.example\"", 1),
    ] {
        let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("filter", filter).finish();
        let found = acme.get(&store, &format!("/Users?{query}"));
        assert_eq!((found.status, &found.body["totalResults"]), (200, &json!(total)), "{filter}");
    }
    let update = acme.patch(
        &store,
        &id,
        json!([
            { "op": "Replace", "path": "emails[type eq \"work\"].value", "value": "Bob@acme.example" },
            { "op": "Replace", "path": "name.familyName", "value": "Updated" },
            { "op": "Add", "path": "displayName", "value": "Bob U" },
            { "op": "Remove", "path": "externalId" },
            { "op": "Replace", "path": "title", "value": "VP" },
            { "op": "Add", "path": format!("{enterprise}:department"), "value": "IT" },
            { "op": "Add", "value": { "name.givenName": "Robert", "ACTIVE": "True" } },
        ]),
    );
    assert_eq!(update.status, 200, "{update:?}");
    assert_eq!(update.body["name"], json!({ "givenName": "Robert", "familyName": "Updated" }));
    assert_eq!((&update.body["displayName"], update.body.get("externalId")), (&json!("Bob U"), None));
    let off = acme.patch(&store, &id, json!([{ "op": "Replace", "path": "active", "value": "False" }]));
    assert_eq!((off.status, &off.body["active"]), (200, &json!(false)));
    assert_eq!(acme.send(&store, "DELETE", &format!("/Users/{id}"), b"").status, 204);
    assert_eq!(acme.get(&store, &format!("/Users/{id}")).status, 404);
    assert_eq!(acme.send(&store, "DELETE", &format!("/Users/{id}"), b"").status, 404);
    assert_eq!(acme.login(&store, "u-1", "bob@acme.example"), Err("proof"));
    assert_eq!(acme.json(&store, "POST", "/Users", &created).id(), id, "SCIM takes back whom it removed");
    assert_eq!(acme.login(&store, "u-1", "bob@acme.example"), Ok(id));
}

/// What SCIM switches off, SAML does not switch on: the sessions are gone, the next login is refused, by whatever
/// subject or connection setting.
#[test]
fn a_deactivated_member_is_out() {
    let (store, acme, other) = (MemoryStore::new(), acme(), evil());
    let alice = acme.login(&store, "u-1", "alice@acme.example").unwrap();
    let bob = acme.login(&store, "u-2", "bob@acme.example").unwrap();
    let scope = SessionScope::from_bytes(&{
        let carol = other.login(&store, "u-3", "carol@evil.example").unwrap();
        assert_ne!(carol, alice);
        session_scope_of(&other, &alice)
    })
    .unwrap();
    block_on(store.keep_session(&SessionId::new("elsewhere"), &scope)).unwrap();
    let is_open = |session: &str| block_on(store.has_session(&SessionId::new(session))).unwrap();
    assert!(is_open("u-1") && is_open("u-2") && is_open("elsewhere"));
    let found = acme.get(&store, "/Users?filter=userName+eq+%22alice@acme.example%22");
    assert_eq!(found.body["Resources"][0]["id"], json!(alice.as_str()), "a member by SAML is a user");
    let off = acme.patch(&store, &alice, json!([{ "op": "replace", "path": "active", "value": false }]));
    assert_eq!(off.status, 200);
    assert!(!is_open("u-1"), "her sessions are gone");
    assert!(is_open("u-2") && is_open("elsewhere"), "and nobody else's, nor hers in another organization");
    assert_eq!(acme.login(&store, "u-1", "alice@acme.example"), Err("provisioning.suspended"));
    assert_eq!(acme.login(&store, "u-9", "alice@acme.example"), Err("proof"), "another subject is asked who it is");
    assert_eq!(acme.login(&store, "u-1", "new@acme.example"), Err("provisioning.suspended"));
    assert_eq!(acme.login(&store, "u-2", "bob@acme.example"), Ok(bob));
    assert!(!is_open("u-1"));
    acme.patch(&store, &alice, json!([{ "op": "replace", "path": "active", "value": true }]));
    assert!(!is_open("u-1"), "old sessions stay ended");
    assert_eq!(acme.login(&store, "u-1", "alice@acme.example"), Ok(alice.clone()));
    assert_eq!(acme.send(&store, "DELETE", &format!("/Users/{alice}"), b"").status, 204);
    assert!(!is_open("u-1"));
    assert_eq!(acme.login(&store, "u-1", "alice@acme.example"), Err("provisioning.removed"));
}

/// The bytes of a scope that another organization's login would have given the account.
fn session_scope_of(tenant: &Tenant, account: &AccountId) -> Vec<u8> {
    let mut bytes = vec![1];
    let names = [tenant.organization.as_str(), tenant.connections[0].id().as_str(), account.as_str()];
    for name in names {
        bytes.extend_from_slice(&u32::try_from(name.len()).unwrap().to_be_bytes());
        bytes.extend_from_slice(name.as_bytes());
    }
    bytes.push(0);
    bytes
}

/// Somebody made by SCIM signs in by SAML without a proof: the organization owns the domain.
#[test]
fn a_user_made_by_scim_signs_in() {
    let (store, acme) = (MemoryStore::new(), acme());
    let id = acme.create(&store, "alice");
    assert_eq!(acme.login(&store, "u-1", "alice@acme.example"), Ok(id));
    let mut inactive = okta("bob@acme.example", "2");
    inactive["active"] = "False".into();
    let bob = acme.json(&store, "POST", "/Users", &inactive);
    assert_eq!((bob.status, &bob.body["active"]), (201, &json!(false)));
    assert_eq!(acme.login(&store, "u-2", "bob@acme.example"), Err("proof"), "made, and switched off");
}

/// PRV-001, PRV-004, PRV-007: SCIM makes members at the organization's own domain, and takes over no account.
#[test]
fn prv_001_prv_004_prv_007_scim_takes_no_account() {
    let (store, acme, evil) = (MemoryStore::new(), acme(), evil());
    let victim = acme.create(&store, "victim");
    let before = store.counts();
    for address in ["victim@acme.example", "nobody@acme.example", "x@sub.evil.example", "x@evil.example.com"] {
        let refused = evil.json(&store, "POST", "/Users", &okta(address, "1"));
        assert_eq!(refused.outcome(), (400, Some("invalidValue")), "the same whether or not {address} is known");
    }
    // Somebody has signed up with an address at the domain and never proven to read its mail.
    let trap = store.add_account(&email("trap@acme.example"), EmailStatus::Unverified);
    let refused = acme.json(&store, "POST", "/Users", &okta("trap@acme.example", "1"));
    assert_eq!(refused.outcome(), (409, Some("uniqueness")));
    assert_eq!(store.membership(&acme.organization, &trap), Membership::None);
    // Nobody's address is changed: a new one could be the way to a new password.
    let target = format!("/Users/{victim}");
    for operation in [
        json!({ "op": "replace", "path": "userName", "value": "x@evil.example" }),
        json!({ "op": "replace", "path": "emails[type eq \"work\"].value", "value": "x@acme.example" }),
        json!({ "op": "add", "path": "emails", "value": [{ "value": "x@acme.example" }] }),
        json!({ "op": "replace", "value": { "emails": [{ "value": "x@acme.example" }] } }),
        json!({ "op": "replace", "value": { "userName": "x@acme.example", "displayName": "x" } }),
        json!({ "op": "remove", "path": "emails" }),
        json!({ "op": "remove", "path": "userName" }),
        json!({ "op": "remove", "path": "active" }),
        json!({ "op": "replace", "path": "id", "value": "x" }),
    ] {
        let refused = acme.patch(&store, &victim, json!([operation]));
        assert_eq!(refused.outcome(), (400, Some("mutability")), "{operation}");
    }
    let renamed = acme.json(&store, "PUT", &target, &okta("x@acme.example", "victim"));
    assert_eq!(renamed.outcome(), (400, Some("mutability")));
    let member = acme.get(&store, &target).body;
    assert_eq!((&member["userName"], &member["displayName"]), (&json!("victim@acme.example"), &json!("Alice Example")));
    // Roles are not for SCIM to give.
    let mut owner = okta("owner@acme.example", "3");
    owner["roles"] = json!([{ "value": "owner" }]);
    let owner = acme.json(&store, "POST", "/Users", &owner).id();
    acme.patch(&store, &owner, json!([{ "op": "add", "path": "roles", "value": [{ "value": "owner" }] }]));
    let member = Membership::Member { status: MemberStatus::Active, role: Role::new("member") };
    assert_eq!(store.membership(&acme.organization, &owner), member);
    assert_eq!(store.counts(), (before.0 + 2, before.1 + 1, before.2), "the trap, and one member");
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

#[test]
fn the_last_owner_and_the_suspended_stay_as_they_are() {
    let (store, acme) = (MemoryStore::new(), acme());
    let (owner, second) = (acme.create(&store, "owner"), acme.create(&store, "second"));
    block_on(store.make_owner(&acme.organization, &owner)).unwrap();
    let off = json!([{ "op": "replace", "path": "active", "value": false }]);
    let on = json!([{ "op": "replace", "path": "active", "value": true }]);
    assert_eq!(acme.patch(&store, &owner, off.clone()).outcome(), (403, None));
    assert_eq!(acme.send(&store, "DELETE", &format!("/Users/{owner}"), b"").outcome(), (403, None));
    assert_eq!(acme.get(&store, &format!("/Users/{owner}")).body["active"], json!(true));
    let renamed = acme.patch(&store, &owner, json!([{ "op": "replace", "path": "displayName", "value": "O" }]));
    assert_eq!((renamed.status, &renamed.body["displayName"]), (200, &json!("O")));
    block_on(store.make_owner(&acme.organization, &second)).unwrap();
    assert_eq!(acme.patch(&store, &owner, off.clone()).status, 200);
    assert_eq!(acme.patch(&store, &second, off.clone()).outcome(), (403, None));
    // Whom the organization has suspended, it alone lets in again.
    let alice = acme.create(&store, "alice");
    block_on(store.deactivate(&acme.organization, &alice)).unwrap();
    assert_eq!(acme.patch(&store, &alice, on.clone()).outcome(), (403, None));
    assert_eq!(acme.patch(&store, &alice, off).status, 200);
    assert_eq!(acme.patch(&store, &alice, on.clone()).outcome(), (403, None));
    let suspended = Membership::Member { status: MemberStatus::Suspended, role: Role::new("member") };
    assert_eq!(store.membership(&acme.organization, &alice), suspended);
    // Seats.
    store.limit_seats(&acme.organization, 1);
    assert_eq!(acme.patch(&store, &owner, on).outcome(), (403, None));
    assert_eq!(acme.json(&store, "POST", "/Users", &okta("late@acme.example", "9")).outcome(), (403, None));
}

#[test]
fn pages() {
    let (store, acme) = (MemoryStore::new(), acme());
    for number in 0..105 {
        acme.create(&store, &format!("user{number}"));
    }
    for (query, start, count) in [
        ("", 1, 100),
        ("?count=500", 1, 100),
        ("?startIndex=101&count=10", 101, 5),
        ("?startIndex=0&count=2", 1, 2),
        ("?startIndex=-5&count=2&sortBy=userName", 1, 2),
        ("?startIndex=1000", 1000, 0),
        ("?count=0", 1, 0),
        ("?count=-1", 1, 0),
    ] {
        let list = acme.get(&store, &format!("/Users{query}")).body;
        assert_eq!(list["schemas"], json!(["urn:ietf:params:scim:api:messages:2.0:ListResponse"]));
        let found = (&list["totalResults"], &list["startIndex"], &list["itemsPerPage"]);
        assert_eq!(found, (&json!(105), &json!(start), &json!(count)), "{query}");
        assert_eq!(list["Resources"].as_array().unwrap().len(), count);
    }
    for query in ["?count=ten", "?startIndex=1.5", "?count=99999999999999999999", "?startIndex="] {
        assert_eq!(acme.get(&store, &format!("/Users{query}")).outcome(), (400, Some("invalidValue")), "{query}");
    }
}

#[test]
fn other_filters_are_refused() {
    let (store, acme) = (MemoryStore::new(), acme());
    acme.create(&store, "alice");
    for filter in [
        "",
        "userName",
        "userName pr",
        "userName eq",
        "userName eq alice",
        "userName eq 1",
        "userName eq \"alice",
        "userName ne \"alice@acme.example\"",
        "userName sw \"a\"",
        "userName eq \"alice@acme.example\" or active eq true",
        "userName eq \"a\" and externalId eq \"b\"",
        "not (userName eq \"a\")",
        "(userName eq \"a\")",
        "displayName eq \"Alice Example\"",
        "active eq true",
        "password eq \"x\"",
        "id eq \"account-0\"",
        "meta.created gt \"2011\"",
        "unknown eq \"x\"",
        "emails[type eq \"home\"].value eq \"alice@acme.example\"",
        "emails[type eq \"work\" eq \"x\"",
        "' OR 1=1 --",
    ] {
        let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("filter", filter).finish();
        let refused = acme.get(&store, &format!("/Users?{query}"));
        assert_eq!(refused.outcome(), (400, Some("invalidFilter")), "{filter}");
    }
}

/// Nothing of it changes anything.
#[test]
fn what_is_malformed_is_refused_whole() {
    let (store, acme) = (MemoryStore::new(), acme());
    let id = acme.create(&store, "alice");
    let target = format!("/Users/{id}");
    let before = acme.get(&store, &target).body;
    let deep = format!("{{\"schemas\":{}{}}}", "[".repeat(5000), "]".repeat(5000));
    let deep_objects = format!("{}1{}", "{\"a\":".repeat(20_000), "}".repeat(20_000));
    let large = [b"{\"schemas\":[],\"x\":\"".as_slice(), &vec![b'x'; 65536], b"\"}"].concat();
    for body in [
        b"".as_slice(),
        b"{",
        b"[]",
        b"null",
        b"\"x\"",
        b"{}{}",
        b"{\"a\":1,}",
        b"\xff",
        deep.as_bytes(),
        b"{\"schemas\": \xc3\x28}",
    ] {
        for (method, target) in [("POST", "/Users"), ("PUT", &target), ("PATCH", &target)] {
            let refused = acme.send(&store, method, target, body);
            assert_eq!(refused.outcome(), (400, Some("invalidSyntax")), "{method} {:?}", body.get(..20));
        }
    }
    for body in [large.as_slice(), deep_objects.as_bytes()] {
        for (method, target) in [("POST", "/Users"), ("PUT", &target), ("PATCH", &target)] {
            assert_eq!(acme.send(&store, method, target, body).outcome(), (413, None), "{method}");
        }
    }
    let user = okta("bob@acme.example", "1");
    let with = |name: &str, value: Value| {
        let mut user = user.clone();
        user[name] = value;
        user
    };
    let long = "x".repeat(257);
    for (user, code) in [
        (with("schemas", json!([PATCH])), "invalidSyntax"),
        (with("schemas", json!(USER)), "invalidSyntax"),
        (with("USERNAME", json!("bob@acme.example")), "invalidSyntax"),
        (with("Active", json!(false)), "invalidSyntax"),
        (with("userName", json!("bob")), "invalidValue"),
        (with("userName", json!(" bob@acme.example")), "invalidValue"),
        (with("userName", json!(["bob@acme.example"])), "invalidValue"),
        (with("userName", Value::Null), "invalidValue"),
        (with("active", json!("yes")), "invalidValue"),
        (with("active", json!(1)), "invalidValue"),
        (with("active", Value::Null), "invalidValue"),
        (with("externalId", json!(1)), "invalidValue"),
        (with("displayName", json!(long)), "invalidValue"),
        (with("displayName", json!("a\0b")), "invalidValue"),
        (with("name", json!("Alice")), "invalidValue"),
        (with("name", json!({ "givenName": "a", "GIVENNAME": "b" })), "invalidSyntax"),
    ] {
        assert_eq!(acme.json(&store, "POST", "/Users", &user).outcome(), (400, Some(code)), "{user}");
    }
    for (operations, code) in [
        (json!([]), "invalidSyntax"),
        (json!({}), "invalidSyntax"),
        (json!([1]), "invalidSyntax"),
        (Value::Array(vec![json!({ "op": "add", "path": "displayName", "value": "x" }); 101]), "invalidSyntax"),
        (json!([{ "path": "active", "value": true }]), "invalidSyntax"),
        (json!([{ "op": "move", "path": "active", "value": true }]), "invalidSyntax"),
        (json!([{ "op": "add", "OP": "remove", "path": "displayName" }]), "invalidSyntax"),
        (json!([{ "op": "remove" }]), "noTarget"),
        (json!([{ "op": "replace", "path": "emails[type eq \"home\"].value", "value": "x@y.example" }]), "noTarget"),
        (json!([{ "op": "replace", "path": "emails[", "value": "x" }]), "invalidPath"),
        (json!([{ "op": "replace", "path": "emails[foo]", "value": "x" }]), "invalidPath"),
        (json!([{ "op": "replace", "path": "nothing", "value": "x" }]), "invalidPath"),
        (json!([{ "op": "replace", "path": "", "value": "x" }]), "invalidPath"),
        (json!([{ "op": "replace", "path": 1, "value": "x" }]), "invalidPath"),
        (json!([{ "op": "replace", "value": { "nothing": "x" } }]), "invalidPath"),
        (json!([{ "op": "replace", "path": "active" }]), "invalidValue"),
        (json!([{ "op": "replace", "path": "active", "value": "maybe" }]), "invalidValue"),
        (json!([{ "op": "replace", "value": "x" }]), "invalidValue"),
        (json!([{ "op": "replace", "path": "active", "value": false }, { "op": "add", "path": "x" }]), "invalidPath"),
    ] {
        let refused = acme.patch(&store, &id, operations.clone());
        assert_eq!(refused.outcome(), (400, Some(code)), "{operations}");
    }
    let no_schema = json!({ "Operations": [{ "op": "replace", "value": { "active": false } }] });
    assert_eq!(acme.json(&store, "PATCH", &target, &no_schema).outcome(), (400, Some("invalidSyntax")));
    assert_eq!(acme.get(&store, &target).body, before);
    assert_eq!(store.counts(), (1, 1, 0));
    assert_eq!(acme.json(&store, "POST", "/Users", &user).status, 201, "the positive twin");
}

#[test]
fn paths_and_methods() {
    let (store, acme) = (MemoryStore::new(), acme());
    let id = acme.create(&store, "alice");
    assert_eq!(acme.get(&store, &format!("/Users/{id}/")).status, 200);
    assert_eq!(acme.get(&store, &format!("/Users/{}", id.as_str().replace('-', "%2d"))).status, 200);
    for path in [
        "",
        "/",
        "/users",
        "/Groups",
        "/Me",
        "/Bulk",
        "/Users/x",
        "/Users/%",
        "/Users/%zz",
        "/Users/%+1",
        "/Users/%ff",
        "/Users/a/b",
        "//Users",
        "/Schemas/x",
    ] {
        assert_eq!(acme.get(&store, path).outcome(), (404, None), "{path}");
    }
    for (method, path) in [
        ("DELETE", "/Users"),
        ("PATCH", "/Users"),
        ("get", "/Users"),
        ("POST", "/Schemas"),
        ("POST", &format!("/Users/{id}")),
    ] {
        assert_eq!(acme.send(&store, method, path, b"{}").outcome(), (405, None), "{method} {path}");
    }
    let config = acme.get(&store, "/ServiceProviderConfig").body;
    assert_eq!((&config["patch"]["supported"], &config["bulk"]["supported"]), (&json!(true), &json!(false)));
    assert_eq!(config["filter"], json!({ "supported": true, "maxResults": 100 }));
    assert_eq!(acme.get(&store, "/ResourceTypes").body["Resources"][0]["schema"], json!(USER));
    assert_eq!(acme.get(&store, "/ResourceTypes/User").body["endpoint"], json!("/Users"));
    let schema = acme.get(&store, &format!("/Schemas/{USER}")).body;
    assert_eq!(schema, acme.get(&store, "/Schemas").body["Resources"][0]);
    assert_eq!((&schema["id"], &schema["attributes"][0]["mutability"]), (&json!(USER), &json!("immutable")));
    assert_eq!(acme.get(&store, "/Schemas?filter=id+eq+%22x%22").outcome(), (403, None));
}

/// Random patches: each is carried out or refused with a proper error, and then nothing has changed.
#[test]
fn random_patches() {
    let (store, acme) = (MemoryStore::new(), acme());
    let id = acme.create(&store, "alice");
    let target = format!("/Users/{id}");
    let ops = ["add", "Replace", "remove", "REMOVE", "move", ""];
    let paths = [
        "active",
        "Active",
        "userName",
        "externalId",
        "name",
        "name.givenName",
        "emails",
        "emails.value",
        "id",
        "title",
        "emails[type eq \"work\"].value",
        "emails[primary eq true]",
        "emails[type eq \"work\"",
        "emails[]",
        "x[",
        "..",
        "urn:ietf:params:scim:schemas:core:2.0:User:displayName",
        "urn:ietf:params:scim:schemas:core:2.0:User",
        "é",
    ];
    let values = [
        json!(true),
        json!("False"),
        json!("alice@acme.example"),
        json!("é\u{10ffff}"),
        json!(null),
        json!(1e300),
        json!([]),
        json!({}),
        json!([{ "value": "alice@acme.example" }]),
        json!({ "givenName": "x", "familyName": null }),
        json!({ "active": "true" }),
        json!({ "emails[type eq \"work\"].value": "alice@acme.example" }),
        json!([[[]]]),
    ];
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut pick = |most: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % most
    };
    let (mut done, mut refused) = (0, 0);
    for _ in 0..20_000 {
        let before = acme.get(&store, &target).body;
        let operations = (0..=pick(3)).map(|_| {
            let mut operation = json!({ "op": ops[pick(ops.len())], "value": values[pick(values.len())] });
            match pick(5) {
                0 => {}
                1 => operation["value"] = json!({ paths[pick(paths.len())]: values[pick(values.len())] }),
                _ => operation["path"] = paths[pick(paths.len())].into(),
            }
            operation
        });
        let body = json!({ "schemas": [PATCH], "Operations": operations.collect::<Vec<_>>() });
        let mut bytes = body.to_string().into_bytes();
        if pick(8) == 0 {
            let at = pick(bytes.len());
            bytes[at] = pick(256) as u8;
        }
        let answer = acme.send(&store, "PATCH", &target, &bytes);
        let after = acme.get(&store, &target).body;
        match answer.status {
            200 => {
                assert_eq!(answer.body, after);
                assert_eq!(after["userName"], json!("alice@acme.example"));
                done += 1;
            }
            400 => {
                let known = ["invalidSyntax", "invalidPath", "noTarget", "invalidValue", "mutability"];
                assert!(known.contains(&answer.scim_type.as_deref().unwrap()), "{body}");
                assert_eq!(after, before);
                refused += 1;
            }
            other => panic!("{other}: {body}"),
        }
    }
    assert!(done > 500 && refused > 500, "{done} {refused}");
}
