//! Members as their identity provider manages them.

use chrono::{TimeDelta, Utc};
use saml_sp::mapping::EmailAddress;
use saml_sp::provisioning::SessionScope;
use saml_sp::storage::{
    NewScimMember, ScimAdded, ScimChanged, ScimFilter, ScimMember, ScimMembers, ScimPage, ScimProfile, ScimRemoved,
    ScimStore, Standing,
};
use saml_sp::testing::ScimFixture;
use saml_sp::{AccountId, OrganizationId, SessionId};
use sqlx::Row;
use sqlx::any::AnyRow;

use super::member::end_sessions;
use super::team::leave_teams;
use super::{Db, DbError, Result, Tx, count, is_set, millis, number, random, text};

const COLUMNS: &str =
    "SELECT m.account, a.email, m.status, m.by_scim, m.external_id, m.given_name, m.family_name, m.display_name
   FROM member m JOIN account a ON a.id = m.account WHERE m.organization = $1 AND m.status <> 'removed'";

impl ScimStore for Db {
    async fn scim_members(
        &self,
        organization: &OrganizationId,
        filter: &ScimFilter,
        page: ScimPage,
    ) -> Result<ScimMembers> {
        let (condition, value) = match filter {
            ScimFilter::All => (" AND $2 = ''", ""),
            ScimFilter::Email(email) => (" AND a.email = $2", email.as_str()),
            ScimFilter::ExternalId(id) => (" AND m.external_id = $2", id.as_str()),
        };
        let mut tx = self.snapshot().await?;
        let counted = format!("SELECT COUNT(*) AS total FROM ({COLUMNS}{condition}) AS found");
        let total = sqlx::query(&counted).bind(organization.as_str()).bind(value).fetch_one(&mut *tx).await?;
        let listed = format!("{COLUMNS}{condition} ORDER BY m.account LIMIT $3 OFFSET $4");
        let rows = sqlx::query(&listed).bind(organization.as_str()).bind(value);
        let rows = rows.bind(number(page.limit)).bind(number(page.offset)).fetch_all(&mut *tx).await?;
        tx.commit().await?;
        Ok(ScimMembers { total: count(&total, "total")?, members: rows.iter().map(read).collect::<Result<_>>()? })
    }

    async fn scim_member(&self, organization: &OrganizationId, account: &AccountId) -> Result<Option<ScimMember>> {
        let statement = format!("{COLUMNS} AND m.account = $2");
        let row = sqlx::query(&statement).bind(organization.as_str()).bind(account.as_str());
        row.fetch_optional(&self.pool).await?.map(|row| read(&row)).transpose()
    }

    async fn add_scim_member(&self, new: &NewScimMember) -> Result<ScimAdded> {
        let mut tx = self.begin().await?;
        let made =
            sqlx::query("INSERT INTO account (id, email, email_verified) VALUES ($1, $2, 1) ON CONFLICT DO NOTHING");
        made.bind(random()?).bind(new.email.as_str()).execute(&mut *tx).await?;
        // Locks the row in either database.
        let account =
            sqlx::query("UPDATE account SET email_verified = 1 WHERE email = $1 AND email_verified = 1 RETURNING id");
        let Some(account) = account.bind(new.email.as_str()).fetch_optional(&mut *tx).await? else {
            return Ok(ScimAdded::Taken);
        };
        let account = AccountId::new(text(&account, "id")?);
        let added = sqlx::query(
            "INSERT INTO member (organization, account, role, status, by_scim, external_id, given_name, family_name, display_name)
             VALUES ($1, $2, $9, $3, $4, $5, $6, $7, $8)
             ON CONFLICT (organization, account) DO UPDATE SET role = EXCLUDED.role, status = EXCLUDED.status, by_scim = EXCLUDED.by_scim,
                 external_id = EXCLUDED.external_id, given_name = EXCLUDED.given_name, family_name = EXCLUDED.family_name,
                 display_name = EXCLUDED.display_name WHERE member.status = 'removed'",
        );
        let added = bind(added, &new.organization, &account, new.standing, &new.profile).bind(new.role.as_str());
        if added.execute(&mut *tx).await?.rows_affected() != 1 {
            return Ok(ScimAdded::Taken);
        }
        tx.commit().await?;
        let (email, profile) = (new.email.clone(), new.profile.clone());
        Ok(ScimAdded::Added(Box::new(ScimMember { account, email, standing: new.standing, profile })))
    }

    async fn change_scim_member(
        &self,
        organization: &OrganizationId,
        from: &ScimMember,
        to: &ScimMember,
    ) -> Result<ScimChanged> {
        let mut tx = self.begin().await?;
        let stays = to.standing == Standing::Active;
        let last = !stays && is_last_owner(&mut tx, organization, &from.account).await?;
        let statement = format!("{COLUMNS} AND m.account = $2{}", self.for_update());
        let row = sqlx::query(&statement).bind(organization.as_str()).bind(from.account.as_str());
        let found = row.fetch_optional(&mut *tx).await?.map(|row| read(&row)).transpose()?;
        if found.as_ref() != Some(from) {
            return Ok(ScimChanged::Conflict);
        }
        if last {
            return Ok(ScimChanged::LastOwner);
        }
        write(&mut tx, organization, &from.account, to.standing, &to.profile).await?;
        tx.commit().await?;
        Ok(ScimChanged::Done)
    }

    async fn remove_scim_member(&self, organization: &OrganizationId, account: &AccountId) -> Result<ScimRemoved> {
        let mut tx = self.begin().await?;
        if is_last_owner(&mut tx, organization, account).await? {
            return Ok(ScimRemoved::LastOwner);
        }
        write(&mut tx, organization, account, Standing::Deactivated, &ScimProfile::default()).await?;
        let removed = sqlx::query(
            "UPDATE member SET status = 'removed', by_scim = 0 WHERE organization = $1 AND account = $2 AND status <> 'removed'",
        );
        if removed.bind(organization.as_str()).bind(account.as_str()).execute(&mut *tx).await?.rows_affected() != 1 {
            return Ok(ScimRemoved::Unknown);
        }
        leave_teams(&mut tx, organization, account).await?;
        tx.commit().await?;
        Ok(ScimRemoved::Done)
    }
}

impl Db {
    fn for_update(&self) -> &'static str {
        match self.dialect {
            super::Dialect::Sqlite => "",
            super::Dialect::Postgres => " FOR UPDATE OF m",
        }
    }
}

/// Locks the owners, so that two requests that would each remove one of the last two wait for each other.
async fn is_last_owner(tx: &mut Tx, organization: &OrganizationId, account: &AccountId) -> Result<bool> {
    let owners = sqlx::query(
        "UPDATE member SET status = 'active' WHERE organization = $1 AND role = 'owner' AND status = 'active' RETURNING account",
    );
    let owners = owners.bind(organization.as_str()).fetch_all(&mut **tx).await?;
    let owners = owners.iter().map(|row| text(row, "account")).collect::<Result<Vec<_>>>()?;
    Ok(matches!(owners.as_slice(), [owner] if owner == account.as_str()))
}

async fn write(
    tx: &mut Tx,
    organization: &OrganizationId,
    account: &AccountId,
    standing: Standing,
    profile: &ScimProfile,
) -> Result<()> {
    let query = sqlx::query(
        "UPDATE member SET status = $3, by_scim = $4, external_id = $5, given_name = $6, family_name = $7, display_name = $8
          WHERE organization = $1 AND account = $2 AND status <> 'removed'",
    );
    bind(query, organization, account, standing, profile).execute(&mut **tx).await?;
    if standing != Standing::Active {
        end_sessions(tx, organization, account).await?;
    }
    Ok(())
}

type Query<'q> = sqlx::query::Query<'q, sqlx::Any, sqlx::any::AnyArguments<'q>>;

fn bind<'q>(
    query: Query<'q>,
    organization: &'q OrganizationId,
    account: &'q AccountId,
    standing: Standing,
    profile: &'q ScimProfile,
) -> Query<'q> {
    query
        .bind(organization.as_str())
        .bind(account.as_str())
        .bind(if standing == Standing::Active { "active" } else { "suspended" })
        .bind(i64::from(standing == Standing::Deactivated))
        .bind(profile.external_id.as_deref())
        .bind(profile.given_name.as_deref())
        .bind(profile.family_name.as_deref())
        .bind(profile.display_name.as_deref())
}

fn read(row: &AnyRow) -> Result<ScimMember> {
    let standing = match (text(row, "status")?.as_str(), is_set(row, "by_scim")?) {
        ("active", _) => Standing::Active,
        (_, true) => Standing::Deactivated,
        (_, false) => Standing::Suspended,
    };
    Ok(ScimMember {
        account: AccountId::new(text(row, "account")?),
        email: EmailAddress::parse(&text(row, "email")?).map_err(|_| DbError::Row("email"))?,
        standing,
        profile: ScimProfile {
            external_id: row.try_get("external_id")?,
            given_name: row.try_get("given_name")?,
            family_name: row.try_get("family_name")?,
            display_name: row.try_get("display_name")?,
        },
    })
}

impl ScimFixture for Db {
    async fn keep_session(&self, session: &SessionId, scope: &SessionScope) -> Result<()> {
        self.write_session(session.as_str(), scope.account(), Some(scope), millis(Utc::now() + TimeDelta::hours(1)))
            .await
    }

    async fn has_session(&self, session: &SessionId) -> Result<bool> {
        let row = sqlx::query("SELECT id FROM session WHERE id = $1").bind(session.as_str());
        Ok(row.fetch_optional(&self.pool).await?.is_some())
    }

    async fn make_owner(&self, organization: &OrganizationId, account: &AccountId) -> Result<()> {
        let query =
            sqlx::query("UPDATE member SET role = 'owner', status = 'active' WHERE organization = $1 AND account = $2");
        query.bind(organization.as_str()).bind(account.as_str()).execute(&self.pool).await?;
        Ok(())
    }
}
