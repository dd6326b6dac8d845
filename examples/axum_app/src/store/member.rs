//! Accounts, members, links and invitations, as far as single sign-on reads and writes them.

use chrono::{DateTime, Utc};
use saml_sp::mapping::{EmailAddress, Role, SubjectKey};
use saml_sp::provisioning::{
    AtConnection, Change, EmailStatus, Facts, Invitation, Known, LinkChange, LinkHash, Linked, MemberChange,
    MemberStatus, Membership, MembershipChange, NewMember, PendingLink, Query, Reminder,
};
use saml_sp::storage::{Applied, MemberStore, PeekedLink, Spend, UnlinkedMember};
use saml_sp::testing::MemberFixture;
use saml_sp::{AccountId, Claim, ConnectionId, OrganizationId};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::login::{note, use_up};
use super::team::leave_teams;
use super::{Db, DbError, Result, Tx, instant, is_set, millis, random, text};

impl MemberStore for Db {
    async fn facts(&self, query: &Query) -> Result<Facts> {
        let mut tx = self.snapshot().await?;
        let organization = query.organization.as_str();
        let linked = sqlx::query(
            "SELECT a.id, a.email_verified, m.status, m.role, 1 AS linked, i.confirmed_at, i.last_used
               FROM saml_identity i JOIN account a ON a.id = i.account
               LEFT JOIN member m ON m.account = a.id AND m.organization = $1
              WHERE i.subject = $2",
        );
        let linked = linked.bind(organization).bind(query.subject.to_bytes()).fetch_optional(&mut *tx).await?;
        let account = match &query.account {
            Some(account) => known(&mut tx, query, "a.id", account.as_str()).await?.pop(),
            None => None,
        };
        let by_email = known(&mut tx, query, "a.email", query.email.as_str()).await?;
        let invitation = sqlx::query("SELECT role FROM invitation WHERE organization = $1 AND email = $2");
        let invitation = invitation.bind(organization).bind(query.email.as_str()).fetch_optional(&mut *tx).await?;
        tx.commit().await?;
        Ok(Facts {
            linked: linked.map(|row| read_linked(&row)).transpose()?,
            account,
            by_email,
            invitation: invitation
                .map(|row| text(&row, "role").map(|role| Invitation { role: Role::new(role) }))
                .transpose()?,
        })
    }

    async fn apply(&self, spend: Spend<'_>, change: &Change) -> Result<Applied> {
        let mut tx = self.begin().await?;
        match spent(&mut tx, spend).await? {
            Claim::First => {}
            Claim::Replayed => {
                tx.commit().await?;
                return Ok(Applied::AlreadyUsed(Claim::Replayed));
            }
            Claim::RequestConsumed => return Ok(Applied::AlreadyUsed(Claim::RequestConsumed)),
        }
        let written = match change {
            Change::Nothing => Ok(Some(Applied::Done)),
            Change::Member(change) => member(&mut tx, change).await,
            Change::Create(new) => create(&mut tx, new).await,
            Change::Keep(link) => keep(&mut tx, link).await,
        };
        match written? {
            Some(applied) => {
                tx.commit().await?;
                Ok(applied)
            }
            None => Ok(Applied::Conflict),
        }
    }

    async fn peek_link(&self, hash: &LinkHash) -> Result<PeekedLink> {
        let row = sqlx::query("SELECT value, used FROM saml_link WHERE hash = $1").bind(hash.as_str());
        Ok(match row.fetch_optional(&self.pool).await? {
            None => PeekedLink::Unknown,
            Some(row) if is_set(&row, "used")? => PeekedLink::Used,
            Some(row) => PeekedLink::Pending(Box::new(PendingLink::from_bytes(&row.try_get::<Vec<u8>, _>("value")?)?)),
        })
    }

    async fn unlinked_members(
        &self,
        organization: &OrganizationId,
        connection: &ConnectionId,
    ) -> Result<Vec<UnlinkedMember>> {
        let rows = sqlx::query(
            "SELECT m.account, r.sent_at FROM member m
               LEFT JOIN saml_identity i ON i.account = m.account AND i.connection = $2
               LEFT JOIN saml_reminder r ON r.account = m.account AND r.connection = $2
              WHERE m.organization = $1 AND m.status = 'active' AND i.subject IS NULL",
        );
        let rows = rows.bind(organization.as_str()).bind(connection.as_str()).fetch_all(&self.pool).await?;
        let member = |row: &AnyRow| {
            let sent_at = row.try_get::<Option<i64>, _>("sent_at")?;
            let reminded_at = sent_at.and_then(DateTime::from_timestamp_millis);
            Ok(UnlinkedMember { account: AccountId::new(text(row, "account")?), reminded_at })
        };
        rows.iter().map(member).collect()
    }

    async fn keep_reminders(&self, reminders: &[Reminder]) -> Result<()> {
        let mut tx = self.begin().await?;
        for reminder in reminders {
            sqlx::query(
                "INSERT INTO saml_reminder (connection, account, organization, hash, sent_at) VALUES ($1, $2, $3, $4, $5)
                 ON CONFLICT (connection, account) DO UPDATE SET hash = EXCLUDED.hash, sent_at = EXCLUDED.sent_at",
            )
            .bind(reminder.connection().as_str())
            .bind(reminder.account().as_str())
            .bind(reminder.organization().as_str())
            .bind(reminder.hash().as_str())
            .bind(millis(reminder.sent_at()))
            .execute(&mut *tx)
            .await?;
        }
        Ok(tx.commit().await?)
    }

    async fn peek_reminder(&self, hash: &LinkHash) -> Result<Option<Reminder>> {
        let row = sqlx::query("SELECT organization, connection, account, sent_at FROM saml_reminder WHERE hash = $1");
        let Some(row) = row.bind(hash.as_str()).fetch_optional(&self.pool).await? else { return Ok(None) };
        Ok(Some(Reminder::stored(
            hash.clone(),
            OrganizationId::new(text(&row, "organization")?),
            ConnectionId::new(text(&row, "connection")?),
            AccountId::new(text(&row, "account")?),
            instant(&row, "sent_at")?,
        )))
    }

    async fn deactivate(&self, organization: &OrganizationId, account: &AccountId) -> Result<()> {
        let mut tx = self.begin().await?;
        let done = sqlx::query(
            "UPDATE member SET status = 'suspended', by_scim = 0 WHERE organization = $1 AND account = $2 AND status = 'active'",
        );
        done.bind(organization.as_str()).bind(account.as_str()).execute(&mut *tx).await?;
        end_sessions(&mut tx, organization, account).await?;
        Ok(tx.commit().await?)
    }

    async fn unlink(&self, connection: &ConnectionId, account: &AccountId) -> Result<()> {
        let mut tx = self.begin().await?;
        // Links that wait come first, so that one which is being confirmed is either gone or found.
        for table in ["saml_link", "saml_identity", "saml_reminder"] {
            let statement = format!("DELETE FROM {table} WHERE connection = $1 AND account = $2");
            sqlx::query(&statement).bind(connection.as_str()).bind(account.as_str()).execute(&mut *tx).await?;
        }
        Ok(tx.commit().await?)
    }
}

/// Ends what single sign-on of the organization gave the account.
pub(super) async fn end_sessions(tx: &mut Tx, organization: &OrganizationId, account: &AccountId) -> Result<()> {
    let done = sqlx::query("DELETE FROM session WHERE organization = $1 AND account = $2");
    done.bind(organization.as_str()).bind(account.as_str()).execute(&mut **tx).await?;
    Ok(())
}

async fn known(tx: &mut Tx, query: &Query, column: &'static str, value: &str) -> Result<Vec<Known>> {
    let statement = format!(
        "SELECT a.id, a.email_verified, m.status, m.role, CASE WHEN i.subject IS NULL THEN 0 ELSE 1 END AS linked
           FROM account a
           LEFT JOIN member m ON m.account = a.id AND m.organization = $1
           LEFT JOIN saml_identity i ON i.account = a.id AND i.connection = $2
          WHERE {column} = $3"
    );
    let rows =
        sqlx::query(&statement).bind(query.organization.as_str()).bind(query.subject.connection().as_str()).bind(value);
    rows.fetch_all(&mut **tx).await?.iter().map(read_known).collect()
}

fn read_known(row: &AnyRow) -> Result<Known> {
    let status: Option<String> = row.try_get("status")?;
    let membership = match status.as_deref() {
        None => Membership::None,
        Some(status) => Membership::Member { status: member_status(status)?, role: Role::new(text(row, "role")?) },
    };
    // The type of a constant differs between the databases.
    let linked = row.try_get::<i64, _>("linked").or_else(|_| row.try_get::<i32, _>("linked").map(i64::from))? != 0;
    Ok(Known {
        account: AccountId::new(text(row, "id")?),
        email: if is_set(row, "email_verified")? { EmailStatus::Verified } else { EmailStatus::Unverified },
        membership,
        at_connection: if linked { AtConnection::Linked } else { AtConnection::Unlinked },
    })
}

pub(super) fn member_status(status: &str) -> Result<MemberStatus> {
    match status {
        "active" => Ok(MemberStatus::Active),
        "suspended" => Ok(MemberStatus::Suspended),
        "removed" => Ok(MemberStatus::Removed),
        _ => Err(DbError::Row("status")),
    }
}

fn read_linked(row: &AnyRow) -> Result<Linked> {
    let (confirmed_at, last_used) = (instant(row, "confirmed_at")?, instant(row, "last_used")?);
    Ok(Linked { known: read_known(row)?, confirmed_at, last_used })
}

async fn spent(tx: &mut Tx, spend: Spend<'_>) -> Result<Claim> {
    match spend {
        Spend::Answer(key, replay_key) => use_up(tx, key, replay_key).await,
        Spend::Assertion(replay_key) => note(tx, replay_key).await,
        Spend::Link(hash) => {
            let done = sqlx::query("UPDATE saml_link SET used = 1 WHERE hash = $1 AND used = 0").bind(hash.as_str());
            let done = done.execute(&mut **tx).await?.rows_affected();
            Ok(if done == 1 { Claim::First } else { Claim::RequestConsumed })
        }
    }
}

/// None when the state is not the one that was decided on; the transaction is rolled back then.
type Written = Result<Option<Applied>>;

async fn member(tx: &mut Tx, change: &MemberChange) -> Written {
    let account = change.account.as_str();
    let linked = match change.link {
        LinkChange::Use => {
            let done = sqlx::query("UPDATE saml_identity SET last_used = $1 WHERE subject = $2 AND account = $3");
            let done = done.bind(millis(change.at)).bind(change.subject.to_bytes()).bind(account);
            done.execute(&mut **tx).await?.rows_affected() == 1
        }
        LinkChange::Make => link(tx, &change.subject, account, change.at).await?,
        LinkChange::Replace => {
            let done = sqlx::query("DELETE FROM saml_identity WHERE connection = $1 AND account = $2");
            done.bind(change.subject.connection().as_str()).bind(account).execute(&mut **tx).await?;
            link(tx, &change.subject, account, change.at).await?
        }
    };
    let organization = change.organization.as_str();
    let done = linked
        && membership(tx, organization, account, &change.membership).await?
        && invited(tx, organization, change.invitation.as_ref()).await?;
    Ok(done.then_some(Applied::Done))
}

async fn link(tx: &mut Tx, subject: &SubjectKey, account: &str, at: DateTime<Utc>) -> Result<bool> {
    let connection = subject.connection().as_str();
    let done = sqlx::query(
        "INSERT INTO saml_identity (subject, connection, account, confirmed_at, last_used) VALUES ($1, $2, $3, $4, $4) ON CONFLICT DO NOTHING",
    );
    let done = done.bind(subject.to_bytes()).bind(connection).bind(account).bind(millis(at));
    let made = done.execute(&mut **tx).await?.rows_affected() == 1;
    let done = sqlx::query("DELETE FROM saml_reminder WHERE connection = $1 AND account = $2");
    done.bind(connection).bind(account).execute(&mut **tx).await?;
    Ok(made)
}

/// Seats are not counted here; a host that does locks the organization's row before `Join` and `Rejoin`.
async fn membership(tx: &mut Tx, organization: &str, account: &str, change: &MembershipChange) -> Result<bool> {
    let query = match change {
        // Locks the row in either database.
        MembershipChange::Keep => sqlx::query(
            "UPDATE member SET status = 'active' WHERE organization = $1 AND account = $2 AND status = 'active'",
        ),
        MembershipChange::Role { .. } => sqlx::query(
            "UPDATE member SET role = $3 WHERE organization = $1 AND account = $2 AND status = 'active' AND role = $4",
        ),
        MembershipChange::Join(_) => sqlx::query(
            "INSERT INTO member (organization, account, status, role) VALUES ($1, $2, 'active', $3) ON CONFLICT DO NOTHING",
        ),
        MembershipChange::Rejoin(_) => sqlx::query(
            "UPDATE member SET status = 'active', role = $3 WHERE organization = $1 AND account = $2 AND status = 'removed'",
        ),
    };
    let query = query.bind(organization).bind(account);
    let query = match change {
        MembershipChange::Keep => query,
        MembershipChange::Role { from, to } => query.bind(to.as_str()).bind(from.as_str()),
        MembershipChange::Join(role) | MembershipChange::Rejoin(role) => query.bind(role.as_str()),
    };
    Ok(query.execute(&mut **tx).await?.rows_affected() == 1)
}

async fn invited(tx: &mut Tx, organization: &str, email: Option<&EmailAddress>) -> Result<bool> {
    let Some(email) = email else { return Ok(true) };
    let done = sqlx::query("DELETE FROM invitation WHERE organization = $1 AND email = $2");
    Ok(done.bind(organization).bind(email.as_str()).execute(&mut **tx).await?.rows_affected() == 1)
}

async fn create(tx: &mut Tx, new: &NewMember) -> Written {
    let (account, organization) = (random()?, new.organization.as_str());
    let done =
        sqlx::query("INSERT INTO account (id, email, email_verified) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(account.as_str())
            .bind(new.identity.email().as_str())
            .bind(i64::from(new.email == EmailStatus::Verified));
    let done = done.execute(&mut **tx).await?.rows_affected() == 1
        && link(tx, new.identity.subject(), &account, new.at).await?
        && membership(tx, organization, &account, &MembershipChange::Join(new.role.clone())).await?
        && invited(tx, organization, new.invitation.as_ref()).await?;
    Ok(done.then(|| Applied::Created(AccountId::new(account))))
}

async fn keep(tx: &mut Tx, link: &PendingLink) -> Written {
    sqlx::query("INSERT INTO saml_link (hash, connection, account, value, expires_at) VALUES ($1, $2, $3, $4, $5)")
        .bind(link.hash().as_str())
        .bind(link.subject().connection().as_str())
        .bind(link.account().as_str())
        .bind(link.to_bytes())
        .bind(millis(link.expires_at()))
        .execute(&mut **tx)
        .await?;
    Ok(Some(Applied::Done))
}

impl MemberFixture for Db {
    async fn invite(&self, organization: &OrganizationId, email: &EmailAddress, role: &Role) -> Result<()> {
        sqlx::query("INSERT INTO invitation (organization, email, role) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
            .bind(organization.as_str())
            .bind(email.as_str())
            .bind(role.as_str())
            .execute(&self.pool)
            .await?;
        Ok(())
    }

    async fn remove(&self, organization: &OrganizationId, account: &AccountId) -> Result<()> {
        let query = sqlx::query("UPDATE member SET status = 'removed' WHERE organization = $1 AND account = $2");
        let mut tx = self.begin().await?;
        query.bind(organization.as_str()).bind(account.as_str()).execute(&mut *tx).await?;
        leave_teams(&mut tx, organization, account).await?;
        Ok(tx.commit().await?)
    }
}
