//! A change of an identity provider's metadata, over HTTP: it is held, shown, and decided on by its organization alone.

use std::io::{Read, Write};
use std::net::TcpStream;

use axum_app::store::Db;
use axum_app::{App, Failure};
use chrono::{TimeDelta, Utc};
use saml_sp::testing::TestKey;
use tokio::net::TcpListener;

const OWNER: &str = "greta@globex.example";

/// A browser that is signed in.
struct Browser<'a> {
    address: &'a str,
    cookie: String,
}

struct Answer {
    status: u16,
    head: String,
    body: String,
}

impl Answer {
    fn header(&self, name: &str) -> &str {
        let line = self.head.lines().find(|line| line.to_lowercase().starts_with(&format!("{name}: ")));
        line.and_then(|line| line.split_once(": ")).map_or("", |(_, value)| value)
    }

    /// What stands between the two, for the first time.
    fn between(&self, before: &str, after: &str) -> Result<String, Failure> {
        let rest = self.body.split_once(before).ok_or("not in the page")?.1;
        Ok(rest.split(after).next().unwrap_or_default().to_owned())
    }
}

impl<'a> Browser<'a> {
    fn of(address: &'a str, account: &str) -> Result<Self, Failure> {
        let nobody = Self { address, cookie: String::new() };
        let signed = nobody.post("/sign-in", &format!("email={account}"))?;
        let cookie = signed.header("set-cookie").split(';').next().unwrap_or_default().to_owned();
        Ok(Self { cookie, ..nobody })
    }

    fn send(&self, method: &str, path: &str, form: &str) -> Result<Answer, Failure> {
        let (address, mut stream) = (self.address, TcpStream::connect(self.address)?);
        write!(
            stream,
            "{method} {path} HTTP/1.1\r\nHost: {address}\r\nConnection: close\r\nOrigin: http://{address}\r\nCookie: {}\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{form}",
            self.cookie,
            form.len()
        )?;
        let mut text = String::new();
        stream.read_to_string(&mut text)?;
        let (head, body) = text.split_once("\r\n\r\n").ok_or("no answer")?;
        let status = head.split(' ').nth(1).ok_or("no status")?.parse()?;
        Ok(Answer { status, head: head.to_owned(), body: body.to_owned() })
    }

    fn get(&self, path: &str) -> Result<Answer, Failure> {
        self.send("GET", path, "")
    }

    fn post(&self, path: &str, form: &str) -> Result<Answer, Failure> {
        self.send("POST", path, form)
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_new_key_waits_for_the_owner_of_the_organization() -> Result<(), Failure> {
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?.to_string();
    let db = Db::open("sqlite::memory:").await?;
    let app = App::new(db, &format!("http://{address}"), TestKey::P256.signing_key()?)?;
    app.fill().await?;
    let server = tokio::spawn(axum::serve(listener, app.router()).into_future());

    let owner = Browser::of(&address, OWNER)?;
    let metadata = format!("url=http://{address}/demo-idp/globex/metadata");
    let registered = owner.post("/org/globex/settings/register/url", &metadata)?;
    let id = registered.header("location").split('#').nth(1).ok_or(registered.body.clone())?.to_owned();
    let page = format!("/org/globex/settings/{id}/metadata");
    let refreshed = owner.post(&format!("{page}/refresh"), "")?;
    assert!(
        refreshed.body.contains("Nothing has changed") && !refreshed.body.contains("Approve"),
        "{}",
        refreshed.body
    );

    owner.post("/demo-idp/globex/key", "")?;
    // Nobody presses a button: it is due.
    app.refresh(Utc::now() + TimeDelta::days(2)).await?;
    let held = owner.get(&page)?;
    assert!(held.body.contains("no signing key that was known goes on"), "{}", held.body);
    assert!(held.body.contains("a signing key was added") && held.body.contains("a signing key was removed"));
    assert!(owner.get("/org/globex/settings")?.body.contains("waits"), "the settings remind of it");
    let digest = format!("digest={}", held.between("name=\"digest\" value=\"", "\"")?);

    only_its_owner_decides(&address, &id, &digest)?;
    let other = owner.post(&format!("{page}/approve"), "digest=00")?;
    assert_eq!(other.status, 400, "not what was shown");
    assert!(owner.get(&page)?.body.contains("A change that waits for you"), "nothing was decided");

    assert_eq!(owner.post(&format!("{page}/reject"), &digest)?.status, 303);
    assert!(owner.get(&page)?.body.contains("A change that was rejected"));
    assert_eq!(owner.post(&format!("{page}/approve"), &digest)?.status, 303);
    assert!(!owner.get(&page)?.body.contains("Approve the change"));
    let now = owner.post(&format!("{page}/refresh"), "")?;
    assert!(now.body.contains("Nothing has changed"), "{}", now.body);
    server.abort();
    Ok(())
}

/// The organization's other members can't, and an owner of another one can't, under any path.
fn only_its_owner_decides(address: &str, id: &str, digest: &str) -> Result<(), Failure> {
    let strangers = [("gus@globex.example", "globex", 403), ("olivia@acme.example", "globex", 403)];
    // The path of the owner's own organization: the connection is none of it.
    for (account, organization, status) in strangers.into_iter().chain([("olivia@acme.example", "acme", 400)]) {
        let stranger = Browser::of(address, account)?;
        let page = format!("/org/{organization}/settings/{id}/metadata");
        assert_ne!(stranger.get(&page)?.status, 200, "{account} at {organization}");
        assert_eq!(stranger.post(&format!("{page}/approve"), digest)?.status, status, "{account} at {organization}");
        assert_eq!(stranger.post(&format!("{page}/reject"), digest)?.status, status, "{account} at {organization}");
    }
    Ok(())
}
