//! What a store of teams has to do.

use std::collections::BTreeSet;

use super::{RIVALS, ScimFixture, Violation, all, expect};
use crate::browser::random_hex;
use crate::mapping::{EmailAddress, Role};
use crate::names::{AccountId, OrganizationId};
use crate::storage::{
    NewScimMember, NewTeam, ScimAdded, ScimChanged, ScimMember, ScimPage, ScimProfile, ScimRemoved, Standing, Team,
    TeamAdded, TeamChanged, TeamFilter, TeamMembers, TeamName, TeamRemoved, TeamStore,
};

/// Runs a store through its contract. It may hold other teams; the ones made here are of organizations with random
/// names.
///
/// ```
/// use saml_sp::flow::block_on;
/// use saml_sp::testing::{MemoryStore, team_store_contract};
/// block_on(team_store_contract(&MemoryStore::new())).unwrap();
/// ```
///
/// # Errors
/// What the store did instead of what it should, or its own error.
pub async fn team_store_contract<S: TeamStore + ScimFixture>(store: &S) -> Result<(), Violation> {
    let case = Case { store, name: random_hex()? };
    case.adds_and_finds().await?;
    case.pages().await?;
    case.changes_what_was_found().await?;
    case.edits_members().await?;
    case.takes_members_only().await?;
    case.shows_active_members().await?;
    case.belongs_to_one_organization().await?;
    case.removes().await?;
    case.loses_no_member_of_many().await?;
    case.adds_one_of_many().await
}

const PAGE: ScimPage = ScimPage { offset: 0, limit: 100 };

struct Case<'s, S> {
    store: &'s S,
    name: String,
}

impl<S: TeamStore + ScimFixture> Case<'_, S> {
    async fn adds_and_finds(&self) -> Result<(), Violation> {
        let (home, alice) = (self.organization("find"), self.member("find", "alice").await?);
        let team = self.add("find", "Größe 'A'", &[&alice]).await?;
        self.add("find", "other", &[]).await?;
        expect("a team that was added", &Some(team.clone()), &self.store.team(&home, &team.id).await?)?;
        self.expect_members("find", &team, &[&alice]).await?;
        let taken = self.store.add_team(&self.new_team("find", "GRÖSSE 'A'", &[])?).await?;
        expect("a name that only looks alike", &true, &matches!(taken, TeamAdded::Added(_)))?;
        let taken = self.store.add_team(&self.new_team("find", "GRÖßE 'a'", &[])?).await?;
        expect("adding a team twice", &TeamAdded::NameTaken, &taken)?;
        self.add("find-elsewhere", "Größe 'A'", &[]).await?;
        let external = |id: &str| TeamFilter::ExternalId(id.to_owned());
        for (filter, total) in [
            (TeamFilter::All, 3),
            (TeamFilter::Name(name("grÖße 'A'")?), 1),
            (TeamFilter::Name(name("Größe")?), 0),
            (TeamFilter::Name(name("%")?), 0),
            (external("external other"), 1),
            (external("External other"), 0),
        ] {
            let found = self.store.teams(&home, &filter, PAGE).await?;
            expect(&format!("teams by {filter:?}"), &(total, total), &(found.total, found.teams.len()))?;
        }
        Ok(())
    }

    async fn pages(&self) -> Result<(), Violation> {
        let home = self.organization("pages");
        for name in ["1", "2", "3"] {
            self.add("pages", name, &[]).await?;
        }
        let mut seen = BTreeSet::new();
        for (offset, limit, expected) in [(0, 2, 2), (2, 2, 1), (3, 2, 0), (0, 0, 0)] {
            let found = self.store.teams(&home, &TeamFilter::All, ScimPage { offset, limit }).await?;
            expect("a page of teams", &(3, expected), &(found.total, found.teams.len()))?;
            seen.extend(found.teams.into_iter().map(|team| team.id));
        }
        expect("teams on all pages", &3, &seen.len())
    }

    async fn changes_what_was_found(&self) -> Result<(), Violation> {
        let (home, from) = (self.organization("change"), self.add("change", "from", &[]).await?);
        let other = self.add("change", "other", &[]).await?;
        let renamed = Team { name: name("FROM")?, ..from.clone() };
        let bare = Team { external_id: None, ..renamed.clone() };
        for (from, to) in [(&from, &renamed), (&renamed, &bare)] {
            self.expect_change("change", from, to, &unchanged(), TeamChanged::Done).await?;
            self.expect_change("change", from, to, &unchanged(), TeamChanged::Conflict).await?;
        }
        let taken = Team { name: other.name, ..bare.clone() };
        self.expect_change("change", &bare, &taken, &unchanged(), TeamChanged::NameTaken).await?;
        expect("a team after a change", &Some(bare), &self.store.team(&home, &from.id).await?)
    }

    async fn edits_members(&self) -> Result<(), Violation> {
        let (alice, bob) = (self.member("edit", "alice").await?, self.member("edit", "bob").await?);
        let (carol, team) = (self.member("edit", "carol").await?, self.add("edit", "team", &[]).await?);
        let nobody = AccountId::new("nobody");
        let exactly = |members: &[&AccountId]| TeamMembers::Exactly(set(members));
        for (members, expected) in [
            (edit(&[&alice, &bob], &[&nobody]), vec![&alice, &bob]),
            (edit(&[&alice], &[&carol]), vec![&alice, &bob]),
            (edit(&[&carol], &[&alice]), vec![&bob, &carol]),
            (exactly(&[&alice, &carol]), vec![&alice, &carol]),
            (unchanged(), vec![&alice, &carol]),
            (exactly(&[]), vec![]),
        ] {
            self.expect_change("edit", &team, &team, &members, TeamChanged::Done).await?;
            self.expect_members("edit", &team, &expected).await?;
        }
        let most_two = |add| TeamMembers::Edit { add, remove: BTreeSet::new(), most: 2 };
        let three = most_two(set(&[&alice, &bob, &carol]));
        self.expect_change("edit", &team, &team, &three, TeamChanged::Full).await?;
        self.expect_members("edit", &team, &[]).await?;
        self.expect_change("edit", &team, &team, &most_two(set(&[&alice, &bob])), TeamChanged::Done).await?;
        self.expect_change("edit", &team, &team, &most_two(set(&[&carol])), TeamChanged::Full).await?;
        self.expect_change("edit", &team, &team, &most_two(set(&[&bob])), TeamChanged::Done).await?;
        self.expect_members("edit", &team, &[&alice, &bob]).await
    }

    /// All or nothing: a name that could be written is not, when a member can't.
    async fn takes_members_only(&self) -> Result<(), Violation> {
        let (home, alice) = (self.organization("only"), self.member("only", "alice").await?);
        let foreigner = self.member("only-elsewhere", "bob").await?;
        let (removed, team) = (self.member("only", "carol").await?, self.add("only", "team", &[&alice]).await?);
        self.store.remove_scim_member(&home, &removed).await?;
        let to = Team { name: name("renamed")?, ..team.clone() };
        for stranger in [&foreigner, &removed, &AccountId::new("nobody'; --")] {
            for members in [edit(&[stranger], &[&alice]), TeamMembers::Exactly(set(&[&alice, stranger]))] {
                self.expect_change("only", &team, &to, &members, TeamChanged::UnknownMember).await?;
            }
            let added = self.store.add_team(&self.new_team("only", "renamed", &[&alice, stranger])?).await?;
            expect("making a team of a stranger", &TeamAdded::UnknownMember, &added)?;
        }
        expect("a team after a refusal", &Some(team.clone()), &self.store.team(&home, &team.id).await?)?;
        self.expect_members("only", &team, &[&alice]).await?;
        expect("teams", &1, &self.store.teams(&home, &TeamFilter::All, PAGE).await?.total)
    }

    async fn shows_active_members(&self) -> Result<(), Violation> {
        let (home, alice) = (self.organization("active"), self.member("active", "alice").await?);
        let (bob, carol) = (self.member("active", "bob").await?, self.member("active", "carol").await?);
        let team = self.add("active", "team", &[&alice, &bob, &carol]).await?;
        self.stand("active", &alice, Standing::Deactivated).await?;
        self.store.deactivate(&home, &bob).await?;
        self.expect_members("active", &team, &[&carol]).await?;
        self.expect_change("active", &team, &team, &edit(&[&alice], &[]), TeamChanged::Done).await?;
        self.expect_members("active", &team, &[&carol]).await?;
        self.stand("active", &alice, Standing::Active).await?;
        self.expect_members("active", &team, &[&alice, &carol]).await?;

        let gone = self.store.remove_scim_member(&home, &alice).await?;
        expect("removing a member", &ScimRemoved::Done, &gone)?;
        self.store.remove(&home, &carol).await?;
        self.expect_members("active", &team, &[]).await?;
        for name in ["alice", "carol"] {
            self.member("active", name).await?;
        }
        self.expect_members("active", &team, &[]).await
    }

    async fn belongs_to_one_organization(&self) -> Result<(), Violation> {
        let (home, elsewhere) = (self.organization("one"), self.organization("one-elsewhere"));
        let alice = self.member("one", "alice").await?;
        expect("an account of two organizations", &alice, &self.member("one-elsewhere", "alice").await?)?;
        let team = self.add("one", "team", &[&alice]).await?;
        expect("a team of another organization", &None, &self.store.team(&elsewhere, &team.id).await?)?;
        self.expect_members("one-elsewhere", &team, &[]).await?;
        let to = Team { name: name("stolen")?, ..team.clone() };
        self.expect_change("one-elsewhere", &team, &to, &unchanged(), TeamChanged::Conflict).await?;
        let removed = self.store.remove_team(&elsewhere, &team.id).await?;
        expect("removing a team of another organization", &TeamRemoved::Unknown, &removed)?;
        self.store.remove_scim_member(&elsewhere, &alice).await?;
        expect("a team", &Some(team.clone()), &self.store.team(&home, &team.id).await?)?;
        self.expect_members("one", &team, &[&alice]).await
    }

    async fn removes(&self) -> Result<(), Violation> {
        let (home, alice) = (self.organization("remove"), self.member("remove", "alice").await?);
        let team = self.add("remove", "team", &[&alice]).await?;
        for expected in [TeamRemoved::Done, TeamRemoved::Unknown] {
            expect("removing a team", &expected, &self.store.remove_team(&home, &team.id).await?)?;
        }
        expect("a removed team", &None, &self.store.team(&home, &team.id).await?)?;
        self.expect_change("remove", &team, &team, &unchanged(), TeamChanged::Conflict).await?;
        expect("a member of a removed team", &true, &self.store.scim_member(&home, &alice).await?.is_some())?;
        let again = self.add("remove", "team", &[]).await?;
        expect("whether a new team has the name of a removed one", &false, &(again.id == team.id))?;
        self.expect_members("remove", &again, &[]).await
    }

    async fn loses_no_member_of_many(&self) -> Result<(), Violation> {
        let home = self.organization("rivals");
        let mut members = Vec::new();
        for rival in 0..RIVALS {
            members.push(self.member("rivals", &format!("rival{rival}")).await?);
        }
        let (go, come) = members.split_at(RIVALS / 2);
        let team = self.add("rivals", "team", &go.iter().collect::<Vec<_>>()).await?;
        let edits: Vec<_> = go.iter().zip(come).map(|(go, come)| edit(&[come], &[go])).collect();
        let changed = edits.iter().map(|edit| self.store.change_team(&home, &team, &team, edit)).collect();
        for changed in all(changed).await {
            expect("changing members at once", &TeamChanged::Done, &changed?)?;
        }
        self.expect_members("rivals", &team, &come.iter().collect::<Vec<_>>()).await
    }

    async fn adds_one_of_many(&self) -> Result<(), Violation> {
        let new = self.new_team("race", "team", &[])?;
        let added = all((0..RIVALS).map(|_| self.store.add_team(&new)).collect()).await;
        let added = added.into_iter().collect::<Result<Vec<_>, _>>()?;
        let won = added.iter().filter(|added| matches!(added, TeamAdded::Added(_))).count();
        let taken = added.iter().filter(|added| **added == TeamAdded::NameTaken).count();
        expect("adding one team many times at once", &(1, RIVALS.saturating_sub(1)), &(won, taken))
    }

    async fn add(&self, organization: &str, team: &str, members: &[&AccountId]) -> Result<Team, Violation> {
        let new = self.new_team(organization, team, members)?;
        match self.store.add_team(&new).await? {
            TeamAdded::Added(team) if (&team.name, &team.external_id) == (&new.name, &new.external_id) => Ok(team),
            other => Err(format!("adding a team: expected Added, found {other:?}").into()),
        }
    }

    fn new_team(&self, organization: &str, team: &str, members: &[&AccountId]) -> Result<NewTeam, Violation> {
        let (organization, external_id) = (self.organization(organization), Some(format!("external {team}")));
        Ok(NewTeam { organization, name: name(team)?, external_id, members: set(members) })
    }

    async fn member(&self, organization: &str, name: &str) -> Result<AccountId, Violation> {
        let email = EmailAddress::parse(&format!("{name}@{}.example.com", self.name))?;
        let (organization, standing) = (self.organization(organization), Standing::Active);
        let profile = ScimProfile::default();
        let new = NewScimMember { organization, email, role: Role::new("member"), standing, profile };
        match self.store.add_scim_member(&new).await? {
            ScimAdded::Added(member) => Ok(member.account),
            other => Err(format!("adding a member: expected Added, found {other:?}").into()),
        }
    }

    async fn stand(&self, organization: &str, account: &AccountId, standing: Standing) -> Result<(), Violation> {
        let home = self.organization(organization);
        let from = self.store.scim_member(&home, account).await?.ok_or("a member: found none")?;
        let to = ScimMember { standing, ..from.clone() };
        let changed = self.store.change_scim_member(&home, &from, &to).await?;
        expect("changing a member", &ScimChanged::Done, &changed)
    }

    async fn expect_change(
        &self,
        organization: &str,
        from: &Team,
        to: &Team,
        members: &TeamMembers,
        expected: TeamChanged,
    ) -> Result<(), Violation> {
        let changed = self.store.change_team(&self.organization(organization), from, to, members).await?;
        expect("changing a team", &expected, &changed)
    }

    async fn expect_members(&self, organization: &str, team: &Team, members: &[&AccountId]) -> Result<(), Violation> {
        let found = self.store.team_members(&self.organization(organization), &team.id).await?;
        expect("the members of a team", &set(members), &found)
    }

    fn organization(&self, name: &str) -> OrganizationId {
        OrganizationId::new(format!("{}-{name}", self.name))
    }
}

fn name(name: &str) -> Result<TeamName, Violation> {
    TeamName::parse(name).ok_or_else(|| "no name".into())
}

fn set(members: &[&AccountId]) -> BTreeSet<AccountId> {
    members.iter().copied().cloned().collect()
}

fn edit(add: &[&AccountId], remove: &[&AccountId]) -> TeamMembers {
    TeamMembers::Edit { add: set(add), remove: set(remove), most: usize::MAX }
}

fn unchanged() -> TeamMembers {
    edit(&[], &[])
}
