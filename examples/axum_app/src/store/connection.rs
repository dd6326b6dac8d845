//! Organizations and what they have registered.

use chrono::{DateTime, Utc};
use saml_sp::registration::Registration;
use saml_sp::storage::{ConnectionStore, Registered, Replaced};
use saml_sp::{ConnectionId, OrganizationId};
use sqlx::Row;

use super::{Db, Result, millis, text};

impl ConnectionStore for Db {
    async fn organization(&self, slug: &str) -> Result<Option<OrganizationId>> {
        let row = sqlx::query("SELECT id FROM organization WHERE slug = $1").bind(slug);
        let row = row.fetch_optional(&self.pool).await?;
        row.map(|row| Ok(OrganizationId::new(text(&row, "id")?))).transpose()
    }

    async fn registrations(&self, organization: &OrganizationId) -> Result<Vec<Registration>> {
        let rows = sqlx::query(
            "SELECT value FROM saml_registration WHERE organization = $1 AND value IS NOT NULL ORDER BY entity_id",
        );
        let rows = rows.bind(organization.as_str()).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok(Registration::from_bytes(&row.try_get::<Vec<u8>, _>("value")?)?)).collect()
    }

    async fn register(&self, registration: &Registration) -> Result<Registered> {
        let (connection, value) = (registration.connection(), registration.to_bytes());
        let mut tx = self.begin().await?;
        let done = sqlx::query("INSERT INTO saml_registration (connection, organization, entity_id, value, refresh_at) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING")
            .bind(connection.id().as_str())
            .bind(connection.organization().as_str())
            .bind(connection.identity_provider().entity_id().as_str())
            .bind(value.clone())
            .bind(refresh_at(registration))
            .execute(&mut *tx)
            .await?;
        if done.rows_affected() == 1 {
            tx.commit().await?;
            return Ok(Registered::Done);
        }
        let stored =
            sqlx::query("SELECT value FROM saml_registration WHERE connection = $1").bind(connection.id().as_str());
        Ok(match stored.fetch_optional(&mut *tx).await? {
            None => Registered::EntityIdTaken,
            Some(row) if row.try_get::<Option<Vec<u8>>, _>("value")? == Some(value) => Registered::Done,
            Some(_) => Registered::IdTaken,
        })
    }

    async fn replace(&self, old: &Registration, new: &Registration) -> Result<Replaced> {
        let (id, value) = (new.connection().id().as_str(), new.to_bytes());
        let replaced = sqlx::query(
            "UPDATE saml_registration SET value = $1, entity_id = $2, refresh_at = $3 WHERE connection = $4 AND value = $5",
        )
        .bind(value.clone())
        .bind(new.connection().identity_provider().entity_id().as_str())
        .bind(refresh_at(new))
        .bind(id)
        .bind(old.to_bytes())
        .execute(&self.pool)
        .await;
        match replaced {
            Ok(done) if done.rows_affected() == 1 => return Ok(Replaced::Done),
            Ok(_) => {}
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => return Ok(Replaced::EntityIdTaken),
            Err(error) => return Err(error.into()),
        }
        let stored = sqlx::query("SELECT value FROM saml_registration WHERE connection = $1").bind(id);
        let stored = stored.fetch_optional(&self.pool).await?;
        let stored = stored.map(|row| row.try_get::<Option<Vec<u8>>, _>("value")).transpose()?.flatten();
        Ok(if stored == Some(value) { Replaced::Done } else { Replaced::Changed })
    }

    async fn due(&self, now: DateTime<Utc>, most: usize) -> Result<Vec<Registration>> {
        let rows = sqlx::query(
            "SELECT value FROM saml_registration WHERE refresh_at <= $1 AND value IS NOT NULL ORDER BY refresh_at LIMIT $2",
        );
        let most = i64::try_from(most).unwrap_or(i64::MAX);
        let rows = rows.bind(millis(now)).bind(most).fetch_all(&self.pool).await?;
        rows.iter().map(|row| Ok(Registration::from_bytes(&row.try_get::<Vec<u8>, _>("value")?)?)).collect()
    }

    async fn remove(&self, organization: &OrganizationId, connection: &ConnectionId) -> Result<()> {
        let query = sqlx::query(
            "UPDATE saml_registration SET value = NULL, entity_id = NULL, refresh_at = NULL WHERE connection = $1 AND organization = $2",
        );
        query.bind(connection.as_str()).bind(organization.as_str()).execute(&self.pool).await?;
        Ok(())
    }
}

fn refresh_at(registration: &Registration) -> Option<i64> {
    registration.refresh_at().map(millis)
}
