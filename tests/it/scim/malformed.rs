//! Users: what nobody should send.

use super::*;

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
    let deep_objects = format!("{}1{}", "{\"a\":".repeat(200_000), "}".repeat(200_000));
    let large = [b"{\"schemas\":[],\"x\":\"".as_slice(), &vec![b'x'; ScimRequest::MOST_BYTES], b"\"}"].concat();
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
        "/groups",
        "/Users/%00",
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
    assert_eq!(config["etag"]["supported"], json!(false));
    for (place, name, id) in [(0, "User", USER), (1, "Group", GROUP)] {
        let kind = acme.get(&store, &format!("/ResourceTypes/{name}")).body;
        let types = acme.get(&store, "/ResourceTypes").body;
        assert_eq!((&types["Resources"][place], &types["totalResults"]), (&kind, &json!(2)));
        assert_eq!((&kind["endpoint"], &kind["schema"]), (&json!(format!("/{name}s")), &json!(id)));
        let schema = acme.get(&store, &format!("/Schemas/{id}")).body;
        assert_eq!((&acme.get(&store, "/Schemas").body["Resources"][place], &schema["id"]), (&schema, &json!(id)));
    }
    let schema = acme.get(&store, &format!("/Schemas/{USER}")).body;
    assert_eq!(schema["attributes"][0]["mutability"], json!("immutable"));
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
