//! The storage traits of `saml-sp` on SQL: SQLite or PostgreSQL, by the URL.

mod connection;
mod host;
mod login;
mod member;
mod redis;
mod scim;
mod session;
mod team;

pub use self::redis::Redis;
pub use host::{Failure, Mail, Member, Organization, Proven, Signed};

use std::time::Duration;

use chrono::{DateTime, Utc};
use saml_sp::StoredError;
use saml_sp::storage::Store;
use sqlx::any::{Any, AnyPoolOptions, AnyRow};
use sqlx::{AnyPool, Row, Transaction};

/// In order; each runs once.
const MIGRATIONS: &[&str] =
    &[include_str!("../../migrations/1_init.sql"), include_str!("../../migrations/2_teams.sql")];
/// Any number, the same in every process.
const MIGRATION_LOCK: i64 = 0x5A31;

/// One database. Every method of the traits is one statement or one transaction.
#[derive(Clone)]
pub struct Db {
    pool: AnyPool,
    dialect: Dialect,
    /// Where sessions are, as identity providers know them, if not in the database. Logins can't be: using one up is part of the
    /// transaction that writes what follows from it.
    redis: Option<Redis>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Dialect {
    Sqlite,
    Postgres,
}

/// What can go wrong. `saml-sp` hands it through as `FlowError::Store`.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    #[error(transparent)]
    Sql(#[from] sqlx::Error),
    #[error(transparent)]
    Stored(#[from] StoredError),
    #[error(transparent)]
    Redis(#[from] ::redis::RedisError),
    #[error("a row of {0} can't be read")]
    Row(&'static str),
    #[error("no random numbers")]
    NoRandomness,
}

type Tx = Transaction<'static, Any>;
type Result<T> = std::result::Result<T, DbError>;

impl Store for Db {
    type Error = DbError;
}

impl Db {
    /// `sqlite::memory:`, `sqlite:file.db?mode=rwc` or `postgres://user:password@host/database`.
    pub async fn open(url: &str) -> Result<Self> {
        sqlx::any::install_default_drivers();
        let dialect = if url.starts_with("postgres") { Dialect::Postgres } else { Dialect::Sqlite };
        let options = AnyPoolOptions::new().acquire_timeout(Duration::from_secs(5));
        let options = match dialect {
            // One connection: writers wait for each other anyway, and a database in memory is that of its connection.
            Dialect::Sqlite => options.max_connections(1).idle_timeout(None).max_lifetime(None),
            Dialect::Postgres => options.max_connections(8),
        };
        let db = Self { pool: options.connect(url).await?, dialect, redis: None };
        db.migrate().await?;
        Ok(db)
    }

    /// With sessions and logouts on a Redis server.
    #[must_use]
    pub fn with_redis(self, redis: Redis) -> Self {
        Self { redis: Some(redis), ..self }
    }

    async fn migrate(&self) -> Result<()> {
        let mut tx = self.begin().await?;
        if self.dialect == Dialect::Postgres {
            sqlx::query("SELECT 1 FROM (SELECT pg_advisory_xact_lock($1)) AS locked")
                .bind(MIGRATION_LOCK)
                .execute(&mut *tx)
                .await?;
        }
        sqlx::query("CREATE TABLE IF NOT EXISTS schema_version (version BIGINT PRIMARY KEY)").execute(&mut *tx).await?;
        let row = sqlx::query("SELECT COUNT(*) AS done FROM schema_version").fetch_one(&mut *tx).await?;
        let done = usize::try_from(row.try_get::<i64, _>("done")?).unwrap_or_default();
        let octets = if self.dialect == Dialect::Postgres { "BYTEA" } else { "BLOB" };
        for (version, script) in (1i64..).zip(MIGRATIONS).skip(done) {
            let script: String =
                script.lines().map(|line| format!("{}\n", line.split("--").next().unwrap_or(line))).collect();
            for statement in script.split(';').filter(|statement| !statement.trim().is_empty()) {
                sqlx::query(&statement.replace(" BYTES", &format!(" {octets}"))).execute(&mut *tx).await?;
            }
            sqlx::query("INSERT INTO schema_version VALUES ($1)").bind(version).execute(&mut *tx).await?;
        }
        Ok(tx.commit().await?)
    }

    /// A transaction that writes. SQLite takes its lock at once, or two readers that both want to write deadlock.
    async fn begin(&self) -> Result<Tx> {
        Ok(match self.dialect {
            Dialect::Sqlite => self.pool.begin_with("BEGIN IMMEDIATE").await?,
            Dialect::Postgres => self.pool.begin().await?,
        })
    }

    /// A transaction that reads one state of everything.
    async fn snapshot(&self) -> Result<Tx> {
        Ok(match self.dialect {
            Dialect::Sqlite => self.pool.begin().await?,
            Dialect::Postgres => self.pool.begin_with("BEGIN ISOLATION LEVEL REPEATABLE READ").await?,
        })
    }
}

fn millis(at: DateTime<Utc>) -> i64 {
    at.timestamp_millis()
}

fn instant(row: &AnyRow, column: &'static str) -> Result<DateTime<Utc>> {
    DateTime::from_timestamp_millis(row.try_get(column)?).ok_or(DbError::Row(column))
}

fn text(row: &AnyRow, column: &'static str) -> Result<String> {
    Ok(row.try_get(column)?)
}

fn is_set(row: &AnyRow, column: &'static str) -> Result<bool> {
    Ok(row.try_get::<i64, _>(column)? != 0)
}

fn count(row: &AnyRow, column: &'static str) -> Result<usize> {
    usize::try_from(row.try_get::<i64, _>(column)?).map_err(|_| DbError::Row(column))
}

fn number(size: usize) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

/// 160 random bits.
pub fn random() -> Result<String> {
    let mut octets = [0; 20];
    getrandom::fill(&mut octets).map_err(|_| DbError::NoRandomness)?;
    Ok(octets.iter().map(|octet| format!("{octet:02x}")).collect())
}
