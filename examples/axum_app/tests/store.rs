//! The store keeps the contracts of the traits, on SQLite, and on PostgreSQL where `AXUM_APP_POSTGRES` names a database.

use std::net::TcpListener;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use axum_app::store::{Db, Redis};
use saml_sp::testing::{
    connection_store_contract, member_store_contract, scim_store_contract, session_store_contract, store_contract,
    team_store_contract,
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
    team_store_contract(&db).await
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
        Err(_) => {
            eprintln!("AXUM_APP_POSTGRES is not set: PostgreSQL was NOT tried");
            Ok(())
        }
    }
}

/// A server on a port of its own, with nothing on disk.
struct RedisServer(Child);

impl Drop for RedisServer {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

async fn redis() -> Result<(RedisServer, Redis), Box<dyn std::error::Error + Send + Sync>> {
    let port = TcpListener::bind("127.0.0.1:0")?.local_addr()?.port().to_string();
    let mut server = Command::new("redis-server");
    server.args(["--bind", "127.0.0.1", "--port", &port, "--save", "", "--appendonly", "no"]).stdout(Stdio::null());
    let server = server.spawn().map_err(|error| format!("no redis-server, `.ci/install` installs it: {error}"))?;
    let server = RedisServer(server);
    for _ in 0..100 {
        if let Ok(redis) = Redis::open(&format!("redis://127.0.0.1:{port}/")).await {
            return Ok((server, redis));
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    Err("redis-server does not answer".into())
}

#[tokio::test(flavor = "multi_thread")]
async fn redis_has_logins_and_sessions() -> Outcome {
    let (_server, redis) = redis().await?;
    store_contract(&redis).await?;
    session_store_contract(&redis, async |session| redis.is_open(session).await).await
}

#[tokio::test(flavor = "multi_thread")]
async fn sessions_on_redis_and_the_rest_in_sql() -> Outcome {
    let (_server, redis) = redis().await?;
    let db = Db::open("sqlite::memory:").await?.with_redis(redis);
    session_store_contract(&db, async |session| db.is_open(session).await).await?;
    member_store_contract(&db).await?;
    scim_store_contract(&db).await
}
