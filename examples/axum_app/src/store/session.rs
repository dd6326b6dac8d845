//! Sessions as identity providers know them, and logouts that are under way.

use chrono::{TimeDelta, Utc};
use saml_sp::logout::{Ended, LogoutTarget, PendingLogout};
use saml_sp::storage::{SessionStore, TakenLogout};
use saml_sp::{Claim, RequestId, SamlSession, SessionId};
use sqlx::Row;

use super::host::SESSION_HOURS;
use super::login::note;
use super::{Db, Result, Tx, millis};

impl SessionStore for Db {
    async fn open(&self, session: &SamlSession) -> Result<()> {
        if let Some(redis) = &self.redis {
            return redis.open(session).await;
        }
        let mut indexes: Vec<String> = session.indexes().iter().map(|index| index.as_str().to_owned()).collect();
        if indexes.is_empty() {
            indexes.push(String::new());
        }
        let mut tx = self.begin().await?;
        for index in indexes {
            sqlx::query("INSERT INTO saml_session (id, session_index, connection, subject, value, expires_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING")
                .bind(session.id().as_str())
                .bind(index)
                .bind(session.connection().as_str())
                .bind(session.subject().as_str())
                .bind(session.to_bytes())
                .bind(millis(Utc::now() + TimeDelta::hours(SESSION_HOURS)))
                .execute(&mut *tx)
                .await?;
        }
        Ok(tx.commit().await?)
    }

    async fn close(&self, session: &SessionId) -> Result<()> {
        if let Some(redis) = &self.redis {
            return redis.close(session).await;
        }
        let query = sqlx::query("UPDATE saml_session SET ended = 1 WHERE id = $1").bind(session.as_str());
        query.execute(&self.pool).await?;
        Ok(())
    }

    async fn end(&self, target: &LogoutTarget) -> Result<Ended> {
        if let Some(redis) = &self.redis {
            return redis.end(target).await;
        }
        let mut tx = self.begin().await?;
        if note(&mut tx, target.replay_key()).await? != Claim::First {
            return Ok(Ended::Replayed);
        }
        let ended = end_sessions(&mut tx, target).await?;
        tx.commit().await?;
        Ok(ended)
    }

    async fn keep_logout(&self, pending: &PendingLogout) -> Result<()> {
        if let Some(redis) = &self.redis {
            return redis.keep_logout(pending).await;
        }
        sqlx::query("INSERT INTO saml_logout (request, value, expires_at) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(pending.request().as_str())
            .bind(pending.to_bytes())
            .bind(millis(pending.expires_at()))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn take_logout(&self, request: &RequestId) -> Result<TakenLogout> {
        if let Some(redis) = &self.redis {
            return redis.take_logout(request).await;
        }
        let taken = sqlx::query("UPDATE saml_logout SET used = 1 WHERE request = $1 AND used = 0 RETURNING value");
        if let Some(row) = taken.bind(request.as_str()).fetch_optional(&self.pool).await? {
            return Ok(TakenLogout::Pending(PendingLogout::from_bytes(&row.try_get::<Vec<u8>, _>("value")?)?));
        }
        let known = sqlx::query("SELECT 1 AS known FROM saml_logout WHERE request = $1").bind(request.as_str());
        let known = known.fetch_optional(&self.pool).await?;
        Ok(if known.is_some() { TakenLogout::Used } else { TakenLogout::Unknown })
    }
}

async fn end_sessions(tx: &mut Tx, target: &LogoutTarget) -> Result<Ended> {
    let (connection, subject) = (target.connection().as_str(), target.subject().as_str());
    let known = sqlx::query("SELECT 1 AS known FROM saml_session WHERE connection = $1 AND subject = $2 LIMIT 1");
    if known.bind(connection).bind(subject).fetch_optional(&mut **tx).await?.is_none() {
        return Ok(Ended::UnknownSubject);
    }
    let named: Vec<String> = (3..).take(target.indexes().len()).map(|n| format!("${n}")).collect();
    let of_index =
        if named.is_empty() { String::new() } else { format!(" AND session_index IN ({})", named.join(", ")) };
    let statement = format!(
        "UPDATE saml_session SET ended = 1 WHERE connection = $1 AND id IN (SELECT id FROM saml_session WHERE connection = $1 AND subject = $2{of_index})"
    );
    let mut query = sqlx::query(&statement).bind(connection).bind(subject);
    for index in target.indexes() {
        query = query.bind(index.as_str());
    }
    let ended = query.execute(&mut **tx).await?.rows_affected();
    Ok(if ended == 0 { Ended::UnknownSession } else { Ended::All })
}
