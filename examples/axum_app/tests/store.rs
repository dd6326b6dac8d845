//! The store keeps the contracts of the traits, on SQLite, and on PostgreSQL where `AXUM_APP_POSTGRES` names a database.

use axum_app::store::Db;
use saml_sp::testing::{
    connection_store_contract, member_store_contract, scim_store_contract, session_store_contract, store_contract,
};

type Outcome = Result<(), Box<dyn std::error::Error + Send + Sync>>;

async fn keeps_every_contract(url: &str) -> Outcome {
    let db = Db::open(url).await?;
    store_contract(&db).await?;
    session_store_contract(&db, async |session| db.is_open(session).await).await?;
    connection_store_contract(&db, async |slug: &str, organization| {
        db.give_slug(slug, &organization, "Contract").await
    })
    .await?;
    member_store_contract(&db).await?;
    scim_store_contract(&db).await?;
    Ok(())
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite() -> Outcome {
    keeps_every_contract("sqlite::memory:").await
}

#[tokio::test(flavor = "multi_thread")]
async fn sqlite_in_a_file() -> Outcome {
    let file = std::env::temp_dir().join(format!("axum_app-{}.db", std::process::id()));
    let outcome = keeps_every_contract(&format!("sqlite:{}?mode=rwc", file.display())).await;
    std::fs::remove_file(file)?;
    outcome
}

#[tokio::test(flavor = "multi_thread")]
async fn postgresql() -> Outcome {
    match std::env::var("AXUM_APP_POSTGRES") {
        Ok(url) => keeps_every_contract(&url).await,
        Err(_) => Ok(eprintln!("AXUM_APP_POSTGRES is not set: PostgreSQL was NOT tried")),
    }
}
