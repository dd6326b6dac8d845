//! What the application stores for itself: accounts, members, browser sessions, mail, failures.

use chrono::{DateTime, TimeDelta, Utc};
use saml_sp::mapping::EmailAddress;
use saml_sp::provisioning::{ProvenDomain, SessionScope};
use saml_sp::scim::ScimTokenHash;
use saml_sp::{AccountId, ConnectionId, OrganizationId, SamlSession, SessionId};
use sqlx::Row;

use super::{Db, DbError, Result, instant, is_set, millis, random, text};

/// How long a session of the application lasts.
pub const SESSION_HOURS: i64 = 8;

pub struct Organization {
    pub id: OrganizationId,
    pub slug: String,
    pub name: String,
}

/// A session of a browser.
pub struct Signed {
    pub id: SessionId,
    pub account: AccountId,
    pub email: String,
    /// What single sign-on gave; none for the account's own sign-in.
    pub scope: Option<SessionScope>,
}

pub struct Member {
    pub account: AccountId,
    pub email: String,
    pub status: String,
    pub role: String,
    /// Their names, for display.
    pub teams: Option<String>,
    pub linked: bool,
    pub last_used: Option<DateTime<Utc>>,
    pub reminded_at: Option<DateTime<Utc>>,
}

pub struct Mail {
    pub to: String,
    pub sent_at: DateTime<Utc>,
    pub subject: String,
    pub link: String,
}

pub struct Failure {
    pub reference: String,
    pub at: DateTime<Utc>,
    pub code: String,
    pub report: String,
}

/// An address and whether the application has verified it.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Proven {
    Yes,
    No,
}

impl Db {
    pub async fn organizations(&self) -> Result<Vec<Organization>> {
        let rows = sqlx::query("SELECT id, slug, name FROM organization WHERE slug IS NOT NULL ORDER BY name")
            .fetch_all(&self.pool)
            .await?;
        let read = |row| {
            Ok(Organization {
                id: OrganizationId::new(text(row, "id")?),
                slug: text(row, "slug")?,
                name: text(row, "name")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Gives a slug to an organization, and takes it from the one that had it.
    pub async fn give_slug(&self, slug: &str, organization: &OrganizationId, name: &str) -> Result<()> {
        let mut tx = self.begin().await?;
        sqlx::query("UPDATE organization SET slug = NULL WHERE slug = $1").bind(slug).execute(&mut *tx).await?;
        sqlx::query("INSERT INTO organization (id, slug, name) VALUES ($1, $2, $3) ON CONFLICT (id) DO UPDATE SET slug = EXCLUDED.slug")
            .bind(organization.as_str())
            .bind(slug)
            .bind(name)
            .execute(&mut *tx)
            .await?;
        Ok(tx.commit().await?)
    }

    pub async fn add_account(&self, email: &EmailAddress, proven: Proven) -> Result<()> {
        sqlx::query("INSERT INTO account (id, email, email_verified) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(random()?)
            .bind(email.as_str())
            .bind(i64::from(proven == Proven::Yes))
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    pub async fn add_member(&self, organization: &OrganizationId, email: &EmailAddress, role: &str) -> Result<()> {
        sqlx::query("INSERT INTO member (organization, account, status, role) SELECT $1, id, 'active', $2 FROM account WHERE email = $3 ON CONFLICT DO NOTHING")
            .bind(organization.as_str())
            .bind(role)
            .bind(email.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Addresses of the accounts that have been here before single sign-on.
    pub async fn accounts(&self) -> Result<Vec<String>> {
        let rows = sqlx::query("SELECT email FROM account WHERE email_verified = 1 ORDER BY email LIMIT 20")
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(|row| text(row, "email")).collect()
    }

    pub async fn account_of(&self, email: &str) -> Result<Option<AccountId>> {
        let row = sqlx::query("SELECT id FROM account WHERE email = $1").bind(email).fetch_optional(&self.pool).await?;
        row.map(|row| Ok(AccountId::new(text(&row, "id")?))).transpose()
    }

    /// The role of an active member.
    pub async fn role(&self, organization: &OrganizationId, account: &AccountId) -> Result<Option<String>> {
        let row = sqlx::query("SELECT role FROM member WHERE organization = $1 AND account = $2 AND status = 'active'");
        let row = row.bind(organization.as_str()).bind(account.as_str()).fetch_optional(&self.pool).await?;
        row.map(|row| text(&row, "role")).transpose()
    }

    /// Members with the state of their links at one connection, or at none.
    pub async fn members(&self, organization: &OrganizationId, connection: &str) -> Result<Vec<Member>> {
        let rows = sqlx::query(
            "SELECT m.account, a.email, m.status, m.role, i.last_used, r.sent_at,
                    (SELECT string_agg(t.name, ', ' ORDER BY t.name) FROM team t JOIN team_member x ON x.team = t.id
                      WHERE x.organization = m.organization AND x.account = m.account AND m.status = 'active') AS teams
               FROM member m JOIN account a ON a.id = m.account
               LEFT JOIN saml_identity i ON i.account = m.account AND i.connection = $2
               LEFT JOIN saml_reminder r ON r.account = m.account AND r.connection = $2
              WHERE m.organization = $1 ORDER BY a.email LIMIT 500",
        );
        let rows = rows.bind(organization.as_str()).bind(connection).fetch_all(&self.pool).await?;
        let at = |row: &sqlx::any::AnyRow, column| {
            Ok::<_, DbError>(row.try_get::<Option<i64>, _>(column)?.and_then(DateTime::from_timestamp_millis))
        };
        let read = |row| {
            let last_used = at(row, "last_used")?;
            Ok(Member {
                account: AccountId::new(text(row, "account")?),
                email: text(row, "email")?,
                status: text(row, "status")?,
                role: text(row, "role")?,
                teams: row.try_get("teams")?,
                linked: last_used.is_some(),
                last_used,
                reminded_at: at(row, "sent_at")?,
            })
        };
        rows.iter().map(read).collect()
    }

    /// Opens a session under the digest of its cookie. A member who was suspended in the meantime gets none.
    pub(super) async fn write_session(
        &self,
        id: &str,
        account: &AccountId,
        scope: Option<&SessionScope>,
        expires_at: i64,
    ) -> Result<()> {
        sqlx::query("INSERT INTO session (id, account, organization, connection, scope, expires_at) VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT DO NOTHING")
            .bind(id)
            .bind(account.as_str())
            .bind(scope.map(|scope| scope.organization().as_str()))
            .bind(scope.map(|scope| scope.connection().as_str()))
            .bind(scope.map(SessionScope::to_bytes))
            .bind(expires_at)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    pub async fn open_session(
        &self,
        id: &SessionId,
        account: &AccountId,
        scope: Option<&SessionScope>,
        now: DateTime<Utc>,
    ) -> Result<()> {
        let end = now + TimeDelta::hours(SESSION_HOURS);
        let end = scope.and_then(SessionScope::not_on_or_after).map_or(end, |limit| limit.min(end));
        self.write_session(id.as_str(), account, scope, millis(end)).await
    }

    /// The session of a cookie's digest, unless it is over, has been ended by its identity provider, or its member is not active.
    pub async fn signed(&self, id: &SessionId, now: DateTime<Utc>) -> Result<Option<Signed>> {
        let row = sqlx::query(
            "SELECT s.account, a.email, s.scope FROM session s JOIN account a ON a.id = s.account
              WHERE s.id = $1 AND s.expires_at > $2
                AND NOT EXISTS (SELECT 1 FROM saml_session e WHERE e.id = s.id AND e.ended = 1)
                AND (s.organization IS NULL OR EXISTS (SELECT 1 FROM member m
                     WHERE m.organization = s.organization AND m.account = s.account AND m.status = 'active'))",
        );
        let row = row.bind(id.as_str()).bind(millis(now)).fetch_optional(&self.pool).await?;
        let Some(row) = row else { return Ok(None) };
        let scope = row.try_get::<Option<Vec<u8>>, _>("scope")?;
        if let (Some(redis), Some(_)) = (&self.redis, &scope)
            && !redis.is_open(id).await?
        {
            return Ok(None);
        }
        Ok(Some(Signed {
            id: id.clone(),
            account: AccountId::new(text(&row, "account")?),
            email: text(&row, "email")?,
            scope: scope.map(|octets| SessionScope::from_bytes(&octets)).transpose()?,
        }))
    }

    /// What the identity provider knows of a session.
    pub async fn saml_session(&self, id: &SessionId) -> Result<Option<SamlSession>> {
        if let Some(redis) = &self.redis {
            return redis.saml_session(id).await;
        }
        let row = sqlx::query("SELECT value FROM saml_session WHERE id = $1 LIMIT 1")
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?;
        row.map(|row| Ok(SamlSession::from_bytes(&row.try_get::<Vec<u8>, _>("value")?)?)).transpose()
    }

    pub async fn is_open(&self, id: &SessionId) -> Result<bool> {
        if let Some(redis) = &self.redis {
            return redis.is_open(id).await;
        }
        let row = sqlx::query("SELECT ended FROM saml_session WHERE id = $1 LIMIT 1")
            .bind(id.as_str())
            .fetch_optional(&self.pool)
            .await?;
        row.map_or(Ok(false), |row| is_set(&row, "ended").map(|ended| !ended))
    }

    pub async fn forget_session(&self, id: &SessionId) -> Result<()> {
        sqlx::query("DELETE FROM session WHERE id = $1").bind(id.as_str()).execute(&self.pool).await?;
        Ok(())
    }

    /// Ends the sessions that came over a connection which is switched off or removed.
    pub async fn end_connection(&self, connection: &ConnectionId) -> Result<()> {
        sqlx::query("DELETE FROM session WHERE connection = $1").bind(connection.as_str()).execute(&self.pool).await?;
        Ok(())
    }

    /// Mail goes into a table, and the page "Outbox" shows it.
    pub async fn send_mail(&self, account: &AccountId, subject: &str, link: &str, now: DateTime<Utc>) -> Result<()> {
        sqlx::query("INSERT INTO mail (id, account, sent_at, subject, link) VALUES ($1, $2, $3, $4, $5)")
            .bind(random()?)
            .bind(account.as_str())
            .bind(millis(now))
            .bind(subject)
            .bind(link)
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    pub async fn mails(&self) -> Result<Vec<Mail>> {
        let rows = sqlx::query(
            "SELECT a.email, l.sent_at, l.subject, l.link FROM mail l JOIN account a ON a.id = l.account ORDER BY l.sent_at DESC LIMIT 50",
        );
        let rows = rows.fetch_all(&self.pool).await?;
        let read = |row| {
            Ok(Mail {
                to: text(row, "email")?,
                sent_at: instant(row, "sent_at")?,
                subject: text(row, "subject")?,
                link: text(row, "link")?,
            })
        };
        rows.iter().map(read).collect()
    }

    pub async fn keep_failure(&self, organization: &OrganizationId, failure: &Failure) -> Result<()> {
        sqlx::query("INSERT INTO failure (reference, organization, at, code, report) VALUES ($1, $2, $3, $4, $5)")
            .bind(failure.reference.as_str())
            .bind(organization.as_str())
            .bind(millis(failure.at))
            .bind(failure.code.as_str())
            .bind(failure.report.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    pub async fn failures(&self, organization: &OrganizationId) -> Result<Vec<Failure>> {
        let rows = sqlx::query(
            "SELECT reference, at, code, report FROM failure WHERE organization = $1 ORDER BY at DESC LIMIT 5",
        );
        let rows = rows.bind(organization.as_str()).fetch_all(&self.pool).await?;
        let read = |row| {
            Ok(Failure {
                reference: text(row, "reference")?,
                at: instant(row, "at")?,
                code: text(row, "code")?,
                report: text(row, "report")?,
            })
        };
        rows.iter().map(read).collect()
    }

    pub async fn add_proven_domain(&self, organization: &OrganizationId, domain: &str) -> Result<()> {
        sqlx::query("INSERT INTO proven_domain (domain, organization) VALUES ($1, $2) ON CONFLICT DO NOTHING")
            .bind(domain)
            .bind(organization.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    /// Believed for a day: a real application looks for the DNS record again.
    pub async fn proven_domains(&self, organization: &OrganizationId, now: DateTime<Utc>) -> Result<Vec<ProvenDomain>> {
        let rows = sqlx::query("SELECT domain FROM proven_domain WHERE organization = $1")
            .bind(organization.as_str())
            .fetch_all(&self.pool)
            .await?;
        let domain = |row| {
            ProvenDomain::new(organization.clone(), &text(row, "domain")?, now + TimeDelta::days(1))
                .map_err(|_| DbError::Row("domain"))
        };
        rows.iter().map(domain).collect()
    }

    pub async fn set_scim_token(&self, connection: &ConnectionId, hash: &ScimTokenHash) -> Result<()> {
        sqlx::query("INSERT INTO saml_scim_token (connection, hash) VALUES ($1, $2) ON CONFLICT (connection) DO UPDATE SET hash = EXCLUDED.hash")
            .bind(connection.as_str())
            .bind(hash.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    pub async fn scim_tokens(&self, connection: &ConnectionId) -> Result<Vec<ScimTokenHash>> {
        let rows = sqlx::query("SELECT hash FROM saml_scim_token WHERE connection = $1")
            .bind(connection.as_str())
            .fetch_all(&self.pool)
            .await?;
        rows.iter().map(|row| text(row, "hash").map(ScimTokenHash::new)).collect()
    }

    /// What nothing needs any more. A day of margin, for clocks that differ and for users who come back late.
    pub async fn clean(&self, now: DateTime<Utc>) -> Result<()> {
        let before = millis(now - TimeDelta::days(1));
        let old = [
            ("saml_session", "expires_at"),
            ("saml_logout", "expires_at"),
            ("saml_pending", "expires_at"),
            ("saml_replay", "keep_until"),
            ("saml_link", "expires_at"),
            ("session", "expires_at"),
        ];
        for (table, column) in old {
            sqlx::query(&format!("DELETE FROM {table} WHERE {column} < $1")).bind(before).execute(&self.pool).await?;
        }
        Ok(())
    }
}
