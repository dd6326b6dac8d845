//! `cargo run -p axum_app`, then open <http://127.0.0.1:3000/>.
//!
//! ```text
//! axum_app [--listen 127.0.0.1:3000] [--base-url URL] [--database URL] [--redis URL] [--key FILE --certificate FILE]
//!   [--decryption-key FILE --decryption-certificate FILE] [--local-identity-providers allow]
//! ```

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;
use std::{env, fs};

use axum_app::store::{Db, Redis};
use axum_app::{App, Failure};
use chrono::Utc;
use saml_sp::testing::TestKey;
use saml_sp::{Certificate, DecryptionKey, SigningKey};
use tokio::net::TcpListener;

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let options = options()?;
    let option = |name: &str, default: &str| options.get(name).map_or(default, String::as_str).to_owned();
    let listen: SocketAddr = option("listen", "127.0.0.1:3000").parse()?;
    if !listen.ip().is_loopback() {
        return Err("accounts here have no passwords: listen on a loopback address".into());
    }
    let base_url = option("base-url", &format!("http://{listen}"));
    let listener = TcpListener::bind(listen).await?;
    let db = Db::open(&option("database", "sqlite::memory:")).await?;
    let db = match options.get("redis") {
        Some(url) => db.with_redis(Redis::open(url).await?),
        None => db,
    };
    let app = Arc::new(application(&options, db, &base_url)?);
    app.fill().await?;

    println!("Open {base_url}/");
    let cleaner = app.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(Duration::from_secs(300)).await;
            if let Err(error) = cleaner.refresh(Utc::now()).await {
                eprintln!("metadata: {error}");
            }
            if let Err(error) = cleaner.clean(Utc::now()).await {
                eprintln!("cleaning: {error}");
            }
        }
    });
    let stop = async { drop(tokio::signal::ctrl_c().await) };
    Ok(axum::serve(listener, app.router()).with_graceful_shutdown(stop).await?)
}

fn application(options: &HashMap<String, String>, db: Db, base_url: &str) -> Result<App, Failure> {
    let app = App::new(db, base_url, signing_key(options)?)?;
    let app = match decryption_key(options)? {
        Some(key) => app.with_decryption_key(key),
        None => app,
    };
    match options.get("local-identity-providers").map(String::as_str) {
        Some("allow") => Ok(app.with_local_identity_providers()),
        Some(other) => Err(format!("--local-identity-providers allow, not {other}").into()),
        None => Ok(app),
    }
}

fn options() -> Result<HashMap<String, String>, Failure> {
    let mut options = HashMap::new();
    let mut arguments = env::args().skip(1);
    while let Some(argument) = arguments.next() {
        let name = argument.strip_prefix("--").ok_or_else(|| format!("no option: {argument}"))?;
        options.insert(name.to_owned(), arguments.next().ok_or_else(|| format!("--{name} needs a value"))?);
    }
    Ok(options)
}

/// Without a key of its own the application signs with one that everybody has, which proves nothing.
fn signing_key(options: &HashMap<String, String>) -> Result<SigningKey, Failure> {
    match (options.get("key"), options.get("certificate")) {
        (Some(key), Some(certificate)) => {
            let certificate = Certificate::from_pem(&fs::read_to_string(certificate)?)?;
            Ok(SigningKey::from_pem(&fs::read_to_string(key)?, Some(&certificate))?)
        }
        (None, None) => Ok(TestKey::P256.signing_key()?),
        _ => Err("--key and --certificate go together".into()),
    }
}

fn decryption_key(options: &HashMap<String, String>) -> Result<Option<DecryptionKey>, Failure> {
    match (options.get("decryption-key"), options.get("decryption-certificate")) {
        (Some(key), Some(certificate)) => {
            let certificate = Certificate::from_pem(&fs::read_to_string(certificate)?)?;
            Ok(Some(DecryptionKey::from_pem(&fs::read_to_string(key)?)?.with_certificate(certificate)?))
        }
        (None, None) => Ok(None),
        _ => Err("--decryption-key and --decryption-certificate go together".into()),
    }
}
