//! Groups, as Okta and Entra ID drive them, and what nobody should send.

use saml_sp::storage::TeamStore;

use super::*;

/// An organization with a group of Alice, and Bob beside it.
struct Crew {
    store: MemoryStore,
    acme: Tenant,
    alice: AccountId,
    bob: AccountId,
    group: String,
}

fn crew() -> Crew {
    let (store, acme) = (MemoryStore::new(), acme());
    let [alice, bob] = ["alice", "bob"].map(|name| acme.create(&store, name));
    let made = json!({ "schemas": [GROUP], "displayName": "Crew", "externalId": "g1", "members": values(&[&alice]) });
    let made = acme.json(&store, "POST", "/Groups", &made);
    assert_eq!(made.status, 201, "{made:?}");
    let group = format!("/Groups/{}", made.id());
    Crew { store, acme, alice, bob, group }
}

/// Members as requests name them.
fn values(members: &[&AccountId]) -> Value {
    members.iter().map(|id| json!({ "value": id.as_str(), "display": "somebody" })).collect()
}

impl Crew {
    fn get(&self, target: &str) -> Answer {
        self.acme.get(&self.store, target)
    }

    fn json(&self, method: &str, target: &str, body: &Value) -> Answer {
        self.acme.json(&self.store, method, target, body)
    }

    fn patch(&self, operations: Value) -> Answer {
        self.json("PATCH", &self.group, &json!({ "schemas": [PATCH], "Operations": operations }))
    }

    /// What a patch of the members leaves.
    fn after(&self, operations: Value) -> Vec<AccountId> {
        let patched = self.patch(operations.clone());
        assert_eq!(patched.status, 204, "{operations} {patched:?}");
        self.members()
    }

    fn members(&self) -> Vec<AccountId> {
        let members = self.get(&self.group).body["members"].take();
        let ids = members.as_array().unwrap().iter().map(|member| AccountId::new(member["value"].as_str().unwrap()));
        ids.collect()
    }

    fn total(&self, filter: &str) -> Answer {
        let query: String = url::form_urlencoded::Serializer::new(String::new()).append_pair("filter", filter).finish();
        self.get(&format!("/Groups?{query}"))
    }

    fn expect_found(&self, filter: &str, total: usize) {
        let found = self.total(filter);
        assert_eq!((found.status, &found.body["totalResults"]), (200, &json!(total)), "{filter}");
    }
}

/// Okta pushes a group: it makes it, or links one that it finds by name; renames it without a path and with the group's
/// own id; adds and removes members; writes the whole of it, where the application is a custom one; deletes it.
#[test]
fn okta_pushes_a_group() {
    let crew = crew();
    let Crew { alice, bob, group, .. } = &crew;
    let id = group.trim_start_matches("/Groups/");
    let (location, user) = (format!("{BASE}{group}"), |id: &AccountId| format!("{BASE}/Users/{id}"));
    let expected = json!({
        "schemas": [GROUP],
        "id": id,
        "externalId": "g1",
        "displayName": "Crew",
        "members": [{ "value": alice.as_str(), "$ref": user(alice), "type": "User" }],
        "meta": { "resourceType": "Group", "location": location },
    });
    assert_eq!(crew.get(group).body, expected);
    assert!(crew.get(group).headers.contains(&("Location", location)));
    crew.expect_found("displayName eq \"crew\"", 1);
    let again = json!({ "schemas": [GROUP], "displayName": "CREW", "members": [] });
    assert_eq!(crew.json("POST", "/Groups", &again).outcome(), (409, Some("uniqueness")));

    let rename = json!([{ "op": "replace", "value": { "id": id, "displayName": "Crew of two" } }]);
    assert_eq!(crew.after(rename), std::slice::from_ref(alice));
    assert_eq!(crew.get(group).body["displayName"], json!("Crew of two"));
    let both = json!([
        { "op": "remove", "path": format!("members[value eq \"{alice}\"]") },
        { "op": "add", "path": "members", "value": values(&[bob]) },
    ]);
    assert_eq!(crew.after(both), std::slice::from_ref(bob));
    let all = json!([{ "op": "replace", "path": "members", "value": values(&[alice, bob]) }]);
    assert_eq!(crew.after(all), [alice.clone(), bob.clone()]);

    let whole = json!({ "schemas": [GROUP], "id": id, "displayName": "Crew", "members": values(&[bob]) });
    let replaced = crew.json("PUT", group, &whole);
    assert_eq!((replaced.status, &replaced.body), (200, &crew.get(group).body));
    assert_eq!(
        (crew.members(), replaced.body.get("externalId")),
        (vec![bob.clone()], None),
        "what PUT leaves out is gone"
    );
    for status in [204, 404] {
        assert_eq!(crew.acme.send(&crew.store, "DELETE", group, b"").status, status);
    }
    assert_eq!(crew.get(&format!("/Users/{bob}")).status, 200, "the members stay");
}

/// Entra ID makes groups without members, asks for them without members, and writes operations with a capital. Removals
/// have the member in the value, or in the path where the tenant's URL asks for it.
#[test]
fn entra_id_provisions_a_group() {
    let crew = crew();
    let Crew { alice, bob, .. } = &crew;
    let made = json!({
        "schemas": [GROUP, "http://schemas.microsoft.com/2006/11/ResourceManagement/ADSCIM/2.0/Group"],
        "externalId": "8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159",
        "displayName": "displayName",
        "meta": { "resourceType": "Group" },
    });
    let made = crew.json("POST", "/Groups", &made);
    assert_eq!((made.status, &made.body["members"]), (201, &json!([])));
    let group = format!("/Groups/{}", made.id());
    let without = crew.get(&format!("{group}?excludedAttributes=members")).body;
    assert_eq!((&without["id"], without.get("members")), (&made.body["id"], None));
    let query = "excludedAttributes=members&filter=displayName+eq+%22displayName%22";
    assert_eq!(crew.get(&format!("/Groups?{query}")).body["Resources"], json!([without]));
    crew.expect_found("externalId eq \"8aa1a0c0-c4c3-4bc0-b4a5-2ef676900159\"", 1);

    let rename = json!([{ "op": "Replace", "path": "displayName", "value": "1879db59-3bdf-4490-ad68-ab880a269474" }]);
    let renamed = crew.json("PATCH", &group, &json!({ "schemas": [PATCH], "Operations": rename }));
    assert_eq!((renamed.status, renamed.body), (204, Value::Null));
    crew.expect_found("displayName eq \"1879db59-3bdf-4490-ad68-ab880a269474\"", 1);
    let member = |id: &AccountId| json!([{ "$ref": null, "value": id.as_str() }]);
    let add = json!([{ "op": "Add", "path": "members", "value": member(bob) }]);
    assert_eq!(crew.after(add.clone()), [alice.clone(), bob.clone()]);
    assert_eq!(crew.after(add), [alice.clone(), bob.clone()], "once more");
    let remove = json!([{ "op": "Remove", "path": "members", "value": member(alice) }]);
    assert_eq!(crew.after(remove.clone()), std::slice::from_ref(bob));
    assert_eq!(crew.after(remove), std::slice::from_ref(bob), "whoever is gone can go");
    let remove = json!([{ "op": "Remove", "path": format!("members[value eq \"{bob}\"]") }]);
    assert_eq!(crew.after(remove), []);
}

/// Operations are carried out in their order (RFC 7644 section 3.5.2).
#[test]
fn members_by_operations_in_order() {
    let crew = crew();
    let Crew { alice, bob, .. } = &crew;
    let (alices, bobs) = (values(&[alice]), values(&[bob]));
    let everybody = [alice.clone(), bob.clone()];
    for (operations, expected) in [
        (json!([{ "op": "remove", "path": "members" }]), [].as_slice()),
        (json!([{ "op": "add", "value": { "members": alices } }]), &everybody[..1]),
        (json!([{ "op": "add", "path": "members", "value": bobs[0] }]), &everybody),
        (json!([{ "op": "remove", "path": "members", "value": [] }]), &everybody),
        (
            json!([{ "op": "remove", "path": "members" }, { "op": "add", "path": "MEMBERS", "value": bobs }]),
            &everybody[1..],
        ),
        (json!([{ "op": "replace", "value": { "Members": alices } }]), &everybody[..1]),
        (
            json!([
                { "op": "replace", "path": "members", "value": [] },
                { "op": "add", "path": "members", "value": [alices[0], bobs[0], bobs[0]] },
                { "op": "remove", "path": format!("{GROUP}:members[Value EQ \"{alice}\"]") },
            ]),
            &everybody[1..],
        ),
        (
            json!([
                { "op": "add", "path": "members", "value": alices },
                { "op": "remove", "path": "members", "value": [alices[0], bobs[0]] },
                { "op": "add", "path": "members", "value": bobs },
            ]),
            &everybody[1..],
        ),
        // Somebody who is no user at all can't be a member, and so isn't one.
        (json!([{ "op": "remove", "path": "members[value eq \"nobody\"]" }]), &everybody[1..]),
    ] {
        assert_eq!(crew.after(operations.clone()), expected, "{operations}");
    }
    let patched = crew.patch(json!([
        { "op": "remove", "path": "externalId" },
        { "op": "replace", "path": "schemas", "value": [GROUP] },
        { "op": "add", "value": { "displayName": "Größe" } },
    ]));
    assert_eq!(patched.status, 204);
    let group = crew.get(&crew.group).body;
    assert_eq!((&group["displayName"], group.get("externalId")), (&json!("Größe"), None));
    crew.expect_found("displayName eq \"GRÖßE\"", 1);
}

/// Two patches at once lose nothing: neither waits for the other's answer, and each knows only what it changes itself.
#[test]
fn patches_at_once_lose_nobody() {
    let crew = crew();
    let people: Vec<AccountId> =
        (0..32).map(|number| crew.acme.create(&crew.store, &format!("user{number}"))).collect();
    std::thread::scope(|scope| {
        for person in &people {
            scope.spawn(|| {
                for (op, name) in [("add", "x"), ("remove", "y"), ("add", "z")] {
                    let rename = json!({ "op": "replace", "path": "externalId", "value": name });
                    let operations = json!([{ "op": op, "path": "members", "value": values(&[person]) }, rename]);
                    let mut patched = crew.patch(operations.clone());
                    while patched.status == 409 {
                        patched = crew.patch(operations.clone());
                    }
                    assert_eq!(patched.status, 204);
                }
            });
        }
    });
    let mut expected: Vec<_> = people.into_iter().chain([crew.alice.clone()]).collect();
    expected.sort();
    assert_eq!(crew.members(), expected);
    assert_eq!(crew.get(&crew.group).body["externalId"], json!("z"));
}

/// Who is switched off is not shown, and is again once switched on; who is removed is out for good.
#[test]
fn groups_show_who_is_active() {
    let crew = crew();
    let Crew { store, acme, alice, bob, .. } = &crew;
    let active = |active: bool| json!([{ "op": "replace", "value": { "active": active } }]);
    assert_eq!(acme.patch(store, alice, active(false)).status, 200);
    let add = json!([{ "op": "add", "path": "members", "value": values(&[alice, bob]) }]);
    assert_eq!(crew.after(add), std::slice::from_ref(bob));
    assert_eq!(acme.patch(store, alice, active(true)).status, 200);
    assert_eq!(crew.members(), [alice.clone(), bob.clone()]);
    assert_eq!(acme.send(store, "DELETE", &format!("/Users/{alice}"), b"").status, 204);
    assert_eq!(crew.members(), std::slice::from_ref(bob));
    assert_eq!(&acme.create(store, "alice"), alice, "she is taken back");
    assert_eq!(crew.members(), std::slice::from_ref(bob));
}

/// Another organization's groups are not there, and its members are nobody here. All of a request is refused.
#[test]
fn groups_are_of_one_organization() {
    let (crew, evil) = (crew(), evil());
    let Crew { store, alice, bob, group, .. } = &crew;
    let carol = evil.json(store, "POST", "/Users", &okta("carol@evil.example", "c")).id();
    let before = crew.get(group).body;
    let whole = json!({ "schemas": [GROUP], "displayName": "Stolen", "members": [] });
    let rename =
        json!({ "schemas": [PATCH], "Operations": [{ "op": "replace", "path": "displayName", "value": "x" }] });
    for (method, body) in [("GET", &Value::Null), ("PUT", &whole), ("PATCH", &rename), ("DELETE", &Value::Null)] {
        assert_eq!(evil.json(store, method, group, body).outcome(), (404, None), "{method}");
    }
    for target in ["/Groups", "/Groups?filter=displayName+eq+%22Crew%22", "/Groups?filter=externalId+eq+%22g1%22"] {
        assert_eq!(evil.get(store, target).body["totalResults"], json!(0), "{target}");
    }
    for stranger in [&carol, &AccountId::new("nobody"), &AccountId::new(""), &AccountId::new("a\0b")] {
        let members = values(&[bob, stranger]);
        for operations in [
            json!([{ "op": "add", "path": "members", "value": members }]),
            json!([{ "op": "replace", "path": "members", "value": members }]),
            json!([
                { "op": "replace", "path": "displayName", "value": "Renamed" },
                { "op": "remove", "path": "members", "value": values(&[alice]) },
                { "op": "add", "path": "members", "value": members },
            ]),
        ] {
            assert_eq!(crew.patch(operations.clone()).outcome(), (400, Some("invalidValue")), "{operations}");
        }
        for (method, target) in [("POST", "/Groups"), ("PUT", group)] {
            let body = json!({ "schemas": [GROUP], "displayName": "Renamed", "members": members });
            assert_eq!(crew.json(method, target, &body).outcome(), (400, Some("invalidValue")), "{method}");
        }
    }
    assert_eq!(crew.get(group).body, before);
    crew.expect_found("displayName eq \"Renamed\"", 0);
    assert_eq!(evil.json(store, "POST", "/Groups", &whole).status, 201);
    let own = json!({ "schemas": [GROUP], "displayName": "crew", "members": values(&[&carol]) });
    assert_eq!(evil.json(store, "POST", "/Groups", &own).status, 201, "the positive twin, of the same name");
    // An account of two organizations is a member of the groups of each apart.
    block_on(store.make_owner(&crew.acme.organization, &carol)).unwrap();
    let add = json!([{ "op": "add", "path": "members", "value": values(&[&carol]) }]);
    assert_eq!(crew.after(add), [alice.clone(), carol.clone()]);
    assert_eq!(evil.send(store, "DELETE", &format!("/Users/{carol}"), b"").status, 204);
    assert_eq!(crew.members(), [alice.clone(), carol.clone()]);
}

#[test]
fn group_pages_and_filters() {
    let crew = crew();
    for number in 0..104 {
        let body = json!({ "schemas": [GROUP], "displayName": format!("group{number}") });
        assert_eq!(crew.json("POST", "/Groups", &body).status, 201);
    }
    for (query, start, count) in [
        ("", 1, 100),
        ("?count=500", 1, 100),
        ("?excludedAttributes=members&count=500", 1, 100),
        ("?excludedAttributes=members&startIndex=101&count=10", 101, 5),
        ("?startIndex=0&count=2", 1, 2),
        ("?count=0", 1, 0),
    ] {
        let list = crew.get(&format!("/Groups{query}")).body;
        let found = (&list["totalResults"], &list["startIndex"], &list["itemsPerPage"]);
        assert_eq!(found, (&json!(105), &json!(start), &json!(count)), "{query}");
        assert_eq!(list["Resources"].as_array().unwrap().len(), count, "{query}");
    }
    for (query, shown) in [
        ("", true),
        ("?excludedAttributes=externalId", true),
        ("?excludedAttributes=members", false),
        ("?excludedattributes=displayName,%20Members", false),
    ] {
        for path in ["/Groups", &crew.group] {
            let body = crew.get(&format!("{path}{query}")).body;
            let group = body.pointer("/Resources/0").unwrap_or(&body);
            assert_eq!(
                (group.get("members").is_some(), group.get("displayName").is_some()),
                (shown, true),
                "{path}{query}"
            );
        }
    }
    assert_eq!(crew.get("/Groups?count=ten").outcome(), (400, Some("invalidValue")));
    crew.expect_found(&format!("{GROUP}:displayName EQ \"GROUP7\""), 1);
    crew.expect_found("displayName eq \"\"", 0);
    crew.expect_found("externalId eq \"G1\"", 0);
    crew.expect_found("externalId eq \"g1\\u0000\"", 0);
    for filter in [
        "",
        "displayName",
        "displayName pr",
        "displayName eq crew",
        "displayName co \"c\"",
        "displayName eq \"a\" or displayName eq \"b\"",
        "userName eq \"alice@acme.example\"",
        "id eq \"team-1\"",
        "members eq \"x\"",
        "members[value eq \"x\"] eq \"x\"",
        "id eq \"team-1\" and members eq \"x\"",
        "' OR 1=1 --",
    ] {
        assert_eq!(crew.total(filter).outcome(), (400, Some("invalidFilter")), "{filter}");
    }
}

/// Nothing of it changes anything.
#[test]
fn malformed_groups_are_refused_whole() {
    let crew = crew();
    let Crew { store, acme, group, bob, .. } = &crew;
    let before = crew.get("/Groups").body;
    let large = [b"{\"x\":\"".as_slice(), &vec![b'x'; ScimRequest::MOST_BYTES], b"\"}"].concat();
    for (method, target) in [("POST", "/Groups"), ("PUT", group.as_str()), ("PATCH", group)] {
        for body in [b"".as_slice(), b"{", b"[]", b"{}{}", b"\xff", b"{}"] {
            let refused = acme.send(store, method, target, body);
            assert_eq!(refused.outcome(), (400, Some("invalidSyntax")), "{method} {body:?}");
        }
        assert_eq!(acme.send(store, method, target, &large).outcome(), (413, None), "{method}");
    }
    let many: Vec<Value> = (0..10_001).map(|number| json!({ "value": number.to_string() })).collect();
    let whole = json!({ "schemas": [GROUP], "displayName": "New", "members": values(&[bob]) });
    let with = |name: &str, value: Value| {
        let mut whole = whole.clone();
        whole[name] = value;
        whole
    };
    for (body, code) in [
        (with("schemas", json!([USER])), "invalidSyntax"),
        (with("DisplayName", json!("x")), "invalidSyntax"),
        (with("Members", json!([])), "invalidSyntax"),
        (with("displayName", Value::Null), "invalidValue"),
        (with("displayName", json!("")), "invalidValue"),
        (with("displayName", json!(" ")), "invalidValue"),
        (with("displayName", json!("x".repeat(257))), "invalidValue"),
        (with("displayName", json!("a\0b")), "invalidValue"),
        (with("displayName", json!(["New"])), "invalidValue"),
        (with("externalId", json!(1)), "invalidValue"),
        (with("members", json!("x")), "invalidValue"),
        (with("members", Value::Null), "invalidValue"),
        (with("members", json!([bob.as_str()])), "invalidValue"),
        (with("members", json!([{ "value": 1 }])), "invalidValue"),
        (with("members", json!([{ "display": "bob" }])), "invalidValue"),
        (with("members", json!([{ "value": "a", "Value": "b" }])), "invalidSyntax"),
        (with("members", Value::Array(many.clone())), "invalidValue"),
    ] {
        for (method, target) in [("POST", "/Groups"), ("PUT", group.as_str())] {
            assert_eq!(
                crew.json(method, target, &body).outcome(),
                (400, Some(code)),
                "{method} {}",
                body["displayName"]
            );
        }
    }
    for (operations, code) in [
        (json!([]), "invalidSyntax"),
        (Value::Array(vec![json!({ "op": "remove", "path": "members" }); 101]), "invalidSyntax"),
        (json!([{ "op": "move", "path": "members" }]), "invalidSyntax"),
        (json!([{ "op": "add", "value": { "members": [], "MEMBERS": [] } }]), "invalidSyntax"),
        (json!([{ "op": "remove" }]), "noTarget"),
        (json!([{ "op": "remove", "path": "members[" }]), "invalidPath"),
        (json!([{ "op": "remove", "path": "members[]" }]), "invalidPath"),
        (json!([{ "op": "remove", "path": "members[value eq \"x\"" }]), "invalidPath"),
        (json!([{ "op": "remove", "path": "members[value eq \"x\"].value" }]), "invalidPath"),
        (json!([{ "op": "remove", "path": "members[value ne \"x\"]" }]), "invalidPath"),
        (json!([{ "op": "remove", "path": "members[display eq \"x\"]" }]), "invalidPath"),
        (json!([{ "op": "remove", "path": "members[value eq \"x\" or value eq \"y\"]" }]), "invalidPath"),
        (json!([{ "op": "remove", "path": "userName" }]), "invalidPath"),
        (json!([{ "op": "remove", "path": "members", "value": ["x"] }]), "invalidValue"),
        (json!([{ "op": "add", "path": "members" }]), "invalidValue"),
        (json!([{ "op": "add", "path": "members", "value": many }]), "invalidValue"),
        (json!([{ "op": "remove", "path": "members", "value": many }]), "invalidValue"),
        (json!([{ "op": "add", "value": "x" }]), "invalidValue"),
        (json!([{ "op": "add", "path": "members[value eq \"x\"]", "value": "x" }]), "mutability"),
        (json!([{ "op": "remove", "path": "displayName" }]), "mutability"),
        (json!([{ "op": "replace", "path": "id", "value": "x" }]), "mutability"),
        (json!([{ "op": "replace", "value": { "id": "x", "displayName": "x" } }]), "mutability"),
        (json!([{ "op": "replace", "path": "meta", "value": {} }]), "mutability"),
        (json!([{ "op": "remove", "path": "members" }, { "op": "add", "path": "x", "value": 1 }]), "invalidPath"),
    ] {
        assert_eq!(
            crew.patch(operations.clone()).outcome(),
            (400, Some(code)),
            "{code} {:.200}",
            operations.to_string()
        );
    }
    for (method, target) in [("PUT", "/Groups"), ("DELETE", "/Groups"), ("POST", group)] {
        assert_eq!(acme.send(store, method, target, b"{}").outcome(), (405, None), "{method} {target}");
    }
    for target in ["/Groups/x", "/Groups/%00", "/Groups/a/b"] {
        assert_eq!(crew.get(target).outcome(), (404, None), "{target}");
    }
    assert_eq!(crew.get("/Groups").body, before);
    assert_eq!(crew.json("POST", "/Groups", &whole).status, 201, "the positive twin");
    let taken =
        json!([{ "op": "remove", "path": "members" }, { "op": "replace", "path": "displayName", "value": "nEW" }]);
    assert_eq!(crew.patch(taken).outcome(), (409, Some("uniqueness")));
    assert_eq!(crew.json("PUT", group, &whole).outcome(), (409, Some("uniqueness")));
    assert_eq!(crew.members(), std::slice::from_ref(&crew.alice));
}

/// One more than a group may have, one request after the other: the group stays as it was. A page ends before its
/// groups have more members than that.
#[test]
fn a_group_has_an_end() {
    let crew = crew();
    let id = saml_sp::storage::TeamId::new(crew.group.trim_start_matches("/Groups/"));
    let mut people = Vec::new();
    for number in 0..10_000 {
        let account = crew.store.add_account(&email(&format!("user{number}@acme.example")), EmailStatus::Verified);
        crew.store.set_member(&crew.acme.organization, &account, MemberStatus::Active, Role::new("member"));
        people.push(account);
    }
    let (last, others) = people.split_last().unwrap();
    let add = |members: &[&AccountId]| json!([{ "op": "add", "path": "members", "value": values(members) }]);
    assert_eq!(crew.patch(add(&others.iter().collect::<Vec<_>>())).status, 204);
    assert_eq!(crew.patch(add(&[last])).outcome(), (400, Some("invalidValue")));
    let swap = json!([
        { "op": "remove", "path": "members", "value": values(&[&crew.alice]) },
        { "op": "add", "path": "members", "value": values(&[last]) },
    ]);
    let members = || block_on(crew.store.team_members(&crew.acme.organization, &id)).unwrap();
    assert!(members().len() == 10_000 && members().contains(&crew.alice) && !members().contains(last));
    assert_eq!(crew.patch(swap).status, 204);
    assert!(members().len() == 10_000 && !members().contains(&crew.alice) && members().contains(last));
    let pair = json!({ "schemas": [GROUP], "displayName": "Pair", "members": values(&[&crew.alice]) });
    assert_eq!(crew.json("POST", "/Groups", &pair).status, 201);
    for (query, start, count) in [("", 1, 1), ("?startIndex=2", 2, 1), ("?excludedAttributes=members", 1, 2)] {
        let list = crew.get(&format!("/Groups{query}")).body;
        let found = (&list["totalResults"], &list["startIndex"], &list["itemsPerPage"]);
        assert_eq!(found, (&json!(2), &json!(start), &json!(count)), "{query}");
    }
}
