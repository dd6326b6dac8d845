//! A change of an identity provider's metadata, over HTTP: it is held, shown, and decided on by its organization alone.

use axum_app::{App, Failure};
use chrono::{TimeDelta, Utc};

use crate::browser::{Browser, serve, serve_app};

const OWNER: &str = "greta@globex.example";
const SCHEME: &str = "does not begin with https://";

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_new_key_waits_for_the_owner_of_the_organization() -> Result<(), Failure> {
    let (app, _, address) = serve().await?;
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
    Ok(())
}

/// What comes without TLS proves nothing: a trial with a local identity provider has to be asked for when the application starts.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn metadata_without_tls_is_refused_unless_the_application_is_told_otherwise() -> Result<(), Failure> {
    let listener = std::net::TcpListener::bind("127.0.0.1:0")?;
    let url = format!("url=http://{}/metadata", listener.local_addr()?);
    drop(listener);
    let (_, _, address) = serve().await?;
    let refused = Browser::of(&address, OWNER)?.post("/org/globex/settings/register/url", &url)?;
    assert!(refused.status == 400 && refused.body.contains(SCHEME), "{}", refused.body);

    let (_, _, address) = serve_app("sqlite::memory:", App::with_local_identity_providers).await?;
    let owner = Browser::of(&address, OWNER)?;
    let tried = owner.post("/org/globex/settings/register/url", &url)?;
    assert!(tried.status == 400 && tried.body.contains("connect"), "nobody answers there: {}", tried.body);
    for other in ["http://127.0.0.1:80@idp.example/", "http://127.0.0.1.idp.example/", "http://localhost:1/"] {
        let refused = owner.post("/org/globex/settings/register/url", &format!("url={other}"))?;
        let told = if other.contains('@') { "user name" } else { SCHEME };
        assert!(refused.status == 400 && refused.body.contains(told), "{other}: {}", refused.body);
    }
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
