//! What fails before a response is used up is repeated, what fails afterwards is begun again, and the page says which.

use axum_app::Failure;
use sqlx::AnyPool;

use crate::browser::{begin, login, serve_on};

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_page_says_whether_the_sign_in_is_lost() -> Result<(), Failure> {
    let file = std::env::temp_dir().join(format!("axum-app-late-{}.db", std::process::id()));
    let url = format!("sqlite:{}?mode=rwc", file.display());
    let (_, _, address) = serve_on(&url).await?;
    let vandal = AnyPool::connect(&url).await?;
    assert_eq!(login(&address, "olga@acme.example")?.0.status, 303);

    let (browser, form) = begin(&address, "olga@acme.example")?;
    sqlx::query("ALTER TABLE saml_pending RENAME TO gone").execute(&vandal).await?;
    let early = browser.post("/saml/acs/acme/", &form)?;
    assert_eq!((early.status, early.body.contains("not lost")), (503, true), "{}", early.body);
    sqlx::query("ALTER TABLE gone RENAME TO saml_pending").execute(&vandal).await?;
    sqlx::query("ALTER TABLE saml_session RENAME TO gone").execute(&vandal).await?;
    let late = browser.post("/saml/acs/acme/", &form)?;
    assert_eq!((late.status, late.body.contains("not lost")), (503, false), "{}", late.body);
    assert!(late.body.contains("Sign in again") && late.body.contains("/org/acme/login"), "{}", late.body);

    sqlx::query("ALTER TABLE gone RENAME TO saml_session").execute(&vandal).await?;
    assert_eq!(browser.post("/saml/acs/acme/", &form)?.status, 403, "the response has been used up");
    assert_eq!(login(&address, "olga@acme.example")?.0.status, 303);
    std::fs::remove_file(file)?;
    Ok(())
}
