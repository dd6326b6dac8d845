//! SCIM over HTTP: users and groups, what the next SAML login says of them, and whose token opens what.

use axum_app::Failure;
use saml_sp::OrganizationId;
use serde_json::{Value, json};

use crate::browser::{Answer, Browser, login, serve};

const BASE: &str = "/scim/acme/acme-demo";
const PATCH: &str = "urn:ietf:params:scim:api:messages:2.0:PatchOp";

/// An identity provider's provisioning.
struct Client<'a> {
    address: &'a str,
    token: String,
}

impl<'a> Client<'a> {
    /// With a new token from the settings page.
    fn of(owner: &Browser<'a>, organization: &str, connection: &str) -> Result<Self, Failure> {
        let page = owner.post(&format!("/org/{organization}/settings/{connection}/scim"), "")?;
        let token = page.between("id=\"scim-token\" readonly value=\"", "\"")?;
        Ok(Self { address: owner.address, token })
    }

    fn send(&self, method: &str, path: &str, body: &str) -> Result<Answer, Failure> {
        let headers =
            format!("Authorization: Bearer {}\r\nContent-Type: application/scim+json; charset=utf-8\r\n", self.token);
        Browser { address: self.address, cookie: String::new() }.send(method, path, &headers, body)
    }

    fn json(&self, method: &str, path: &str, body: &Value) -> Result<(u16, Value), Failure> {
        let answer = self.send(method, path, &body.to_string())?;
        Ok((answer.status, serde_json::from_str(&answer.body).unwrap_or_default()))
    }

    fn get(&self, path: &str) -> Result<(u16, Value), Failure> {
        self.json("GET", path, &Value::Null)
    }

    fn patch(&self, path: &str, operation: Value) -> Result<u16, Failure> {
        Ok(self.json("PATCH", path, &json!({ "schemas": [PATCH], "Operations": [operation] }))?.0)
    }
}

fn user(email: &str) -> Value {
    json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:User"], "userName": email, "active": true })
}

fn id(made: &(u16, Value)) -> Result<String, Failure> {
    Ok(made.1["id"].as_str().ok_or(format!("not made: {made:?}"))?.to_owned())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_user_is_made_signs_in_and_is_switched_off() -> Result<(), Failure> {
    let (_, db, address) = serve().await?;
    db.add_proven_domain(&OrganizationId::new("org-1"), "acme.example").await?;
    let owner = Browser::of(&address, "olivia@acme.example")?;
    let scim = Client::of(&owner, "acme", "acme-demo")?;
    let made = scim.json("POST", &format!("{BASE}/Users"), &user("nina@acme.example"))?;
    let place = format!("{BASE}/Users/{}", id(&made)?);
    assert_eq!((made.0, &made.1["meta"]["location"]), (201, &json!(format!("http://{address}{place}"))));
    let found = scim.get(&format!("{BASE}/Users?filter=userName+eq+%22nina%40acme.example%22"))?;
    assert_eq!((found.0, &found.1["Resources"]), (200, &json!([made.1])));

    let (entered, nina) = login(&address, "nina@acme.example")?;
    assert_eq!((entered.status, nina.get("/org/acme")?.status), (303, 200), "{}", entered.body);
    let active = |active: &str| json!({ "op": "Replace", "path": "active", "value": active });
    assert_eq!(scim.patch(&place, active("False"))?, 200);
    assert_eq!(nina.get("/org/acme")?.status, 303, "her session is gone");
    let (refused, still) = login(&address, "nina@acme.example")?;
    assert_eq!((refused.status, still.get("/org/acme")?.status), (403, 303), "{}", refused.body);
    assert!(owner.get("/org/acme/settings")?.body.contains("provisioning.suspended"), "the owner reads why");
    assert_eq!(scim.patch(&place, active("True"))?, 200);
    assert_eq!(nina.get("/org/acme")?.status, 303, "an old session stays ended");
    assert_eq!(login(&address, "nina@acme.example")?.1.get("/org/acme")?.status, 200);
    assert_eq!(scim.send("DELETE", &place, "")?.status, 204);
    assert_eq!(scim.get(&place)?.0, 404);
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_group_is_made_and_its_members_come_and_go() -> Result<(), Failure> {
    let (_, db, address) = serve().await?;
    db.add_proven_domain(&OrganizationId::new("org-1"), "acme.example").await?;
    let owner = Browser::of(&address, "olivia@acme.example")?;
    let scim = Client::of(&owner, "acme", "acme-demo")?;
    let nina = id(&scim.json("POST", &format!("{BASE}/Users"), &user("nina@acme.example"))?)?;
    let group = json!({ "schemas": ["urn:ietf:params:scim:schemas:core:2.0:Group"], "displayName": "Crew <1>" });
    let made = scim.json("POST", &format!("{BASE}/Groups"), &group)?;
    let place = format!("{BASE}/Groups/{}", id(&made)?);
    assert_eq!((made.0, &made.1["members"]), (201, &json!([])));
    assert_eq!(scim.json("POST", &format!("{BASE}/Groups"), &group)?.0, 409);
    let members = || Ok::<_, Failure>(scim.get(&place)?.1["members"].take());
    let member = json!([{ "value": nina, "$ref": format!("http://{address}{BASE}/Users/{nina}"), "type": "User" }]);

    let add = json!({ "op": "Add", "path": "members", "value": [{ "value": nina }] });
    assert_eq!((scim.patch(&place, add.clone())?, members()?), (204, member.clone()));
    assert!(owner.get("/org/acme/settings")?.body.contains("Crew &lt;1&gt;"), "the settings show who is in which team");
    let gus = db.account_of("gus@globex.example").await?.ok_or("no account")?;
    let stranger = json!({ "op": "add", "path": "members", "value": [{ "value": gus.as_str() }] });
    assert_eq!((scim.patch(&place, stranger)?, members()?), (400, member.clone()));
    let rename = json!({ "op": "replace", "value": { "displayName": "Crew" } });
    assert_eq!(scim.patch(&place, rename)?, 204);
    let found = scim.get(&format!("{BASE}/Groups?filter=displayName+eq+%22CREW%22&excludedAttributes=members"))?.1;
    assert_eq!((&found["totalResults"], found["Resources"][0].get("members")), (&json!(1), None));
    let remove = json!({ "op": "remove", "path": format!("members[value eq \"{nina}\"]") });
    assert_eq!((scim.patch(&place, remove)?, members()?), (204, json!([])));
    assert_eq!(scim.patch(&place, add)?, 204);
    assert_eq!(scim.send("DELETE", &format!("{BASE}/Users/{nina}"), "")?.status, 204);
    assert_eq!(members()?, json!([]));
    assert_eq!(scim.send("DELETE", &place, "")?.status, 204);
    assert_eq!(scim.get(&place)?.0, 404);
    Ok(())
}

/// Whoever has no token, a wrong one or another organization's gets nothing, and changes nothing.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_token_is_of_one_connection() -> Result<(), Failure> {
    let (_, db, address) = serve().await?;
    db.add_proven_domain(&OrganizationId::new("org-1"), "acme.example").await?;
    let scim = Client::of(&Browser::of(&address, "olivia@acme.example")?, "acme", "acme-demo")?;
    let greta = Browser::of(&address, "greta@globex.example")?;
    let metadata = format!("url=http://{address}/demo-idp/globex/metadata");
    let registered = greta.post("/org/globex/settings/register/url", &metadata)?;
    let connection = registered.header("location").split('#').nth(1).ok_or("not registered")?.to_owned();
    let theirs = Client::of(&greta, "globex", &connection)?;
    assert_ne!(
        greta.post("/org/acme/settings/acme-demo/scim", "")?.status,
        200,
        "no token for an owner of another one"
    );

    let (users, new) = (format!("{BASE}/Users"), user("nina@acme.example"));
    for token in ["", "wrong", &scim.token.to_uppercase(), &theirs.token] {
        let client = Client { address: &address, token: token.to_owned() };
        assert_eq!(client.json("POST", &users, &new)?.0, 401, "{token}");
        assert_eq!(client.get("/scim/acme/acme-demo/Groups")?.0, 401, "{token}");
    }
    assert_eq!(Browser { address: &address, cookie: String::new() }.get(&users)?.status, 401);
    assert_eq!(theirs.get(&format!("/scim/globex/{connection}/Users"))?.0, 403, "the connection is a draft");
    for path in ["/scim/globex/acme-demo/Users", &format!("/scim/acme/{connection}/Users"), "/scim/nobody/x/Users"] {
        assert_eq!((scim.get(path)?.0, theirs.get(path)?.0), (404, 404), "{path}");
    }
    let large = format!("{{\"x\":\"{}\"}}", "x".repeat(1024 * 1024));
    assert_eq!(scim.send("POST", &users, &large)?.status, 413);
    assert_eq!(scim.send("POST", &users, "{")?.status, 400);
    let nina = format!("{users}?filter=userName+eq+%22nina%40acme.example%22");
    assert_eq!(scim.get(&nina)?.1["totalResults"], json!(0), "nothing of it has changed anything");
    assert_eq!(scim.json("POST", &users, &new)?.0, 201);
    assert_eq!(scim.get(&nina)?.1["totalResults"], json!(1));
    Ok(())
}
