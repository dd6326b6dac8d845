//! Teams, which SCIM calls groups.

use std::collections::BTreeSet;

use saml_sp::storage::{
    NewTeam, ScimPage, Team, TeamAdded, TeamChanged, TeamFilter, TeamId, TeamMembers, TeamName, TeamRemoved, TeamStore,
    Teams,
};
use saml_sp::{AccountId, OrganizationId};
use sqlx::Row;
use sqlx::any::{AnyQueryResult, AnyRow};

use super::{Db, DbError, Dialect, Result, Tx, count, number, random, text};

const COLUMNS: &str = "SELECT id, name, external_id FROM team WHERE organization = $1";

impl TeamStore for Db {
    async fn teams(&self, organization: &OrganizationId, filter: &TeamFilter, page: ScimPage) -> Result<Teams> {
        let (condition, value) = match filter {
            TeamFilter::All => (" AND $2 = ''", String::new()),
            TeamFilter::Name(name) => (" AND name_key = $2", name.key()),
            TeamFilter::ExternalId(id) => (" AND external_id = $2", id.clone()),
        };
        let mut tx = self.snapshot().await?;
        let counted = format!("SELECT COUNT(*) AS total FROM ({COLUMNS}{condition}) AS found");
        let total = sqlx::query(&counted).bind(organization.as_str()).bind(&value).fetch_one(&mut *tx).await?;
        let listed = format!("{COLUMNS}{condition} ORDER BY id LIMIT $3 OFFSET $4");
        let rows = sqlx::query(&listed).bind(organization.as_str()).bind(&value);
        let rows = rows.bind(number(page.limit)).bind(number(page.offset)).fetch_all(&mut *tx).await?;
        tx.commit().await?;
        Ok(Teams { total: count(&total, "total")?, teams: rows.iter().map(read).collect::<Result<_>>()? })
    }

    async fn team(&self, organization: &OrganizationId, team: &TeamId) -> Result<Option<Team>> {
        let statement = format!("{COLUMNS} AND id = $2");
        let row = sqlx::query(&statement).bind(organization.as_str()).bind(team.as_str());
        row.fetch_optional(&self.pool).await?.map(|row| read(&row)).transpose()
    }

    async fn team_members(&self, organization: &OrganizationId, team: &TeamId) -> Result<BTreeSet<AccountId>> {
        let rows = sqlx::query(
            "SELECT t.account FROM team_member t
               JOIN member m ON m.organization = t.organization AND m.account = t.account
              WHERE t.organization = $1 AND t.team = $2 AND m.status = 'active'",
        );
        let rows = rows.bind(organization.as_str()).bind(team.as_str()).fetch_all(&self.pool).await?;
        rows.iter().map(|row| text(row, "account").map(AccountId::new)).collect()
    }

    async fn add_team(&self, new: &NewTeam) -> Result<TeamAdded> {
        let mut tx = self.begin().await?;
        let team = Team { id: TeamId::new(random()?), name: new.name.clone(), external_id: new.external_id.clone() };
        let made = sqlx::query(
            "INSERT INTO team (id, organization, name, name_key, external_id) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
        );
        let made = made.bind(team.id.as_str()).bind(new.organization.as_str()).bind(team.name.as_str());
        let made = made.bind(team.name.key()).bind(team.external_id.as_deref()).execute(&mut *tx).await?;
        if made.rows_affected() != 1 {
            return Ok(TeamAdded::NameTaken);
        }
        if !self.join(&mut tx, &new.organization, &team.id, &new.members).await? {
            return Ok(TeamAdded::UnknownMember);
        }
        tx.commit().await?;
        Ok(TeamAdded::Added(team))
    }

    async fn change_team(
        &self,
        organization: &OrganizationId,
        from: &Team,
        to: &Team,
        members: &TeamMembers,
    ) -> Result<TeamChanged> {
        let mut tx = self.begin().await?;
        // The row stays locked: another change of the team waits.
        match rename(&mut tx, organization, from, to).await {
            Ok(done) if done.rows_affected() == 1 => {}
            Ok(_) => return Ok(TeamChanged::Conflict),
            Err(sqlx::Error::Database(error)) if error.is_unique_violation() => return Ok(TeamChanged::NameTaken),
            Err(error) => return Err(error.into()),
        }
        let (goes, those, add, most) = match members {
            TeamMembers::Edit { add, remove, most } => ("IN", remove, add, *most),
            TeamMembers::Exactly(members) => ("NOT IN", members, members, members.len()),
        };
        let left = format!("DELETE FROM team_member WHERE team = $1 AND account {goes} ({})", self.listed("$2"));
        sqlx::query(&left).bind(from.id.as_str()).bind(list(those)).execute(&mut *tx).await?;
        if !self.join(&mut tx, organization, &from.id, add).await? {
            return Ok(TeamChanged::UnknownMember);
        }
        let members = sqlx::query("SELECT COUNT(*) AS members FROM team_member WHERE team = $1");
        if count(&members.bind(from.id.as_str()).fetch_one(&mut *tx).await?, "members")? > most {
            return Ok(TeamChanged::Full);
        }
        tx.commit().await?;
        Ok(TeamChanged::Done)
    }

    async fn remove_team(&self, organization: &OrganizationId, team: &TeamId) -> Result<TeamRemoved> {
        let removed = sqlx::query("DELETE FROM team WHERE organization = $1 AND id = $2");
        let removed = removed.bind(organization.as_str()).bind(team.as_str()).execute(&self.pool).await?;
        Ok(if removed.rows_affected() == 1 { TeamRemoved::Done } else { TeamRemoved::Unknown })
    }
}

impl Db {
    /// Makes accounts members of a team, if all of them are members of the organization, who can't be removed meanwhile.
    async fn join(
        &self,
        tx: &mut Tx,
        organization: &OrganizationId,
        team: &TeamId,
        accounts: &BTreeSet<AccountId>,
    ) -> Result<bool> {
        let (listed, lock) = (self.listed("$2"), if self.dialect == Dialect::Postgres { " FOR SHARE" } else { "" });
        let known = format!(
            "SELECT COUNT(*) AS known FROM
               (SELECT account FROM member WHERE organization = $1 AND status <> 'removed' AND account IN ({listed}){lock}) AS found"
        );
        let known = sqlx::query(&known).bind(organization.as_str()).bind(list(accounts)).fetch_one(&mut **tx).await?;
        if count(&known, "known")? != accounts.len() {
            return Ok(false);
        }
        let joined = format!(
            "INSERT INTO team_member (team, organization, account)
             SELECT $3, organization, account FROM member WHERE organization = $1 AND account IN ({listed})
             ON CONFLICT DO NOTHING"
        );
        let joined = sqlx::query(&joined).bind(organization.as_str()).bind(list(accounts)).bind(team.as_str());
        joined.execute(&mut **tx).await?;
        Ok(true)
    }

    /// The rows of a list that is one parameter.
    fn listed(&self, parameter: &str) -> String {
        match self.dialect {
            Dialect::Sqlite => format!("SELECT value FROM json_each({parameter})"),
            Dialect::Postgres => format!("SELECT jsonb_array_elements_text(CAST({parameter} AS JSONB))"),
        }
    }
}

async fn rename(
    tx: &mut Tx,
    organization: &OrganizationId,
    from: &Team,
    to: &Team,
) -> std::result::Result<AnyQueryResult, sqlx::Error> {
    sqlx::query(
        "UPDATE team SET name = $3, name_key = $4, external_id = $5
          WHERE organization = $1 AND id = $2 AND name = $6 AND external_id IS NOT DISTINCT FROM $7",
    )
    .bind(organization.as_str())
    .bind(from.id.as_str())
    .bind(to.name.as_str())
    .bind(to.name.key())
    .bind(to.external_id.as_deref())
    .bind(from.name.as_str())
    .bind(from.external_id.as_deref())
    .execute(&mut **tx)
    .await
}

/// For whoever is removed from the organization, in the same transaction.
pub(super) async fn leave_teams(tx: &mut Tx, organization: &OrganizationId, account: &AccountId) -> Result<()> {
    let left = sqlx::query("DELETE FROM team_member WHERE organization = $1 AND account = $2");
    left.bind(organization.as_str()).bind(account.as_str()).execute(&mut **tx).await?;
    Ok(())
}

fn list(accounts: &BTreeSet<AccountId>) -> String {
    serde_json::Value::from_iter(accounts.iter().map(AccountId::as_str)).to_string()
}

fn read(row: &AnyRow) -> Result<Team> {
    Ok(Team {
        id: TeamId::new(text(row, "id")?),
        name: TeamName::parse(&text(row, "name")?).ok_or(DbError::Row("name"))?,
        external_id: row.try_get("external_id")?,
    })
}
