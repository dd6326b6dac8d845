//! Users, as Okta and Entra ID drive them, and what the next SAML login says.

use super::*;

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
