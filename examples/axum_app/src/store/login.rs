//! Pending logins and used assertions.

use saml_sp::storage::{LoginStore, Peeked};
use saml_sp::{Claim, PendingKey, PendingLogin, ReplayKey, RequestId};
use sqlx::Row;

use super::{Db, Result, Tx, is_set, millis};

impl LoginStore for Db {
    async fn keep(&self, pending: &PendingLogin) -> Result<()> {
        let (key, value) = (pending.key(), pending.to_bytes());
        sqlx::query("INSERT INTO saml_pending (request, connection, browser, value, expires_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING")
            .bind(key.request().as_str())
            .bind(key.connection().as_str())
            .bind(key.browser().as_str())
            .bind(value)
            .bind(millis(pending.expires_at()))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn peek(&self, request: &RequestId) -> Result<Peeked> {
        let row = sqlx::query("SELECT value, used FROM saml_pending WHERE request = $1").bind(request.as_str());
        Ok(match row.fetch_optional(&self.pool).await? {
            None => Peeked::Unknown,
            Some(row) if is_set(&row, "used")? => Peeked::Used,
            Some(row) => Peeked::Pending(PendingLogin::from_bytes(&row.try_get::<Vec<u8>, _>("value")?)?),
        })
    }

    async fn take(&self, key: &PendingKey) -> Result<()> {
        let mut tx = self.begin().await?;
        mark(&mut tx, key).await?;
        Ok(tx.commit().await?)
    }

    async fn complete(&self, key: &PendingKey, replay_key: &ReplayKey) -> Result<Claim> {
        let mut tx = self.begin().await?;
        let claim = use_up(&mut tx, key, replay_key).await?;
        if claim != Claim::RequestConsumed {
            tx.commit().await?;
        }
        Ok(claim)
    }

    async fn claim(&self, replay_key: &ReplayKey) -> Result<Claim> {
        let mut tx = self.begin().await?;
        let claim = note(&mut tx, replay_key).await?;
        tx.commit().await?;
        Ok(claim)
    }
}

/// Marks a login as used and notes the assertion. The caller ends the transaction: `RequestConsumed` is rolled back.
pub(super) async fn use_up(tx: &mut Tx, key: &PendingKey, replay_key: &ReplayKey) -> Result<Claim> {
    if mark(tx, key).await? { note(tx, replay_key).await } else { Ok(Claim::RequestConsumed) }
}

async fn mark(tx: &mut Tx, key: &PendingKey) -> Result<bool> {
    let done = sqlx::query(
        "UPDATE saml_pending SET used = 1 WHERE request = $1 AND connection = $2 AND browser = $3 AND used = 0",
    )
    .bind(key.request().as_str())
    .bind(key.connection().as_str())
    .bind(key.browser().as_str())
    .execute(&mut **tx)
    .await?;
    Ok(done.rows_affected() == 1)
}

pub(super) async fn note(tx: &mut Tx, replay_key: &ReplayKey) -> Result<Claim> {
    let done = sqlx::query(
        "INSERT INTO saml_replay (connection, assertion, keep_until) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
    )
    .bind(replay_key.connection().as_str())
    .bind(replay_key.assertion().as_str())
    .bind(millis(replay_key.keep_until()))
    .execute(&mut **tx)
    .await?;
    Ok(if done.rows_affected() == 1 { Claim::First } else { Claim::Replayed })
}
