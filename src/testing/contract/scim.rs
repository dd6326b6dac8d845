//! What a store of members has to do for SCIM.

use std::future::Future;

use super::{RIVALS, Violation, all, expect};
use crate::browser::random_hex;
use crate::mapping::{EmailAddress, Role};
use crate::names::{AccountId, ConnectionId, OrganizationId, SessionId};
use crate::provisioning::SessionScope;
use crate::storage::{
    NewScimMember, ScimAdded, ScimChanged, ScimFilter, ScimMember, ScimPage, ScimProfile, ScimRemoved, ScimStore,
    Standing,
};
use crate::testing::MemberFixture;

/// What the contract has to do to a store that no method of [`ScimStore`] does.
pub trait ScimFixture: ScimStore + MemberFixture {
    /// Opens a session of the host with the scope that single sign-on gave.
    fn keep_session(
        &self,
        session: &SessionId,
        scope: &SessionScope,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Whether a session is open.
    fn has_session(&self, session: &SessionId) -> impl Future<Output = Result<bool, Self::Error>> + Send;

    /// Makes an account an active owner of an organization.
    fn make_owner(
        &self,
        organization: &OrganizationId,
        account: &AccountId,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// Runs a store through its contract. It may hold other members; the ones made here have random names. That an account
/// with an unverified address is [`ScimAdded::Taken`], and a host out of seats says so, is for its own tests.
///
/// ```
/// use saml_sp::flow::block_on;
/// use saml_sp::testing::{MemoryStore, scim_store_contract};
/// block_on(scim_store_contract(&MemoryStore::new())).unwrap();
/// ```
///
/// # Errors
/// What the store did instead of what it should, or its own error.
pub async fn scim_store_contract<S: ScimFixture>(store: &S) -> Result<(), Violation> {
    let case = Case { store, name: random_hex()? };
    case.adds_and_finds().await?;
    case.pages().await?;
    case.changes_what_was_found().await?;
    case.ends_sessions_with_the_member().await?;
    case.tells_who_suspended().await?;
    case.removes_and_takes_back().await?;
    case.keeps_the_last_owner().await?;
    case.adds_one_of_many().await
}

struct Case<'s, S> {
    store: &'s S,
    name: String,
}

impl<S: ScimFixture> Case<'_, S> {
    async fn adds_and_finds(&self) -> Result<(), Violation> {
        let home = self.organization("find");
        let alice = self.add("find", "find").await?;
        self.add("find", "find-other").await?;
        expect("a member that was added", &Some(alice.clone()), &self.store.scim_member(&home, &alice.account).await?)?;
        let elsewhere = self.store.scim_member(&self.organization("elsewhere"), &alice.account).await?;
        expect("a member, seen from another organization", &None, &elsewhere)?;
        let again = self.store.add_scim_member(&self.new_member("find", "find")?).await?;
        expect("adding a member twice", &ScimAdded::Taken, &again)?;
        let external = |id: &str| ScimFilter::ExternalId(id.to_owned());
        for (filter, total) in [
            (ScimFilter::All, 2),
            (ScimFilter::Email(alice.email.clone()), 1),
            (ScimFilter::Email(self.email("nobody")?), 0),
            (external("external find"), 1),
            (external("External find"), 0),
            (external("%"), 0),
        ] {
            let found = self.store.scim_members(&home, &filter, ScimPage { offset: 0, limit: 100 }).await?;
            expect(&format!("members by {filter:?}"), &(total, total), &(found.total, found.members.len()))?;
        }
        let email = ScimFilter::Email(alice.email.clone());
        let page = ScimPage { offset: 0, limit: 100 };
        let foreign = self.store.scim_members(&self.organization("elsewhere"), &email, page).await?;
        expect("members of another organization", &0, &foreign.total)?;
        let second = self.add("elsewhere", "find").await?;
        expect("the account of a member of two organizations", &alice.account, &second.account)
    }

    async fn pages(&self) -> Result<(), Violation> {
        let home = self.organization("pages");
        for name in ["page-1", "page-2", "page-3"] {
            self.add("pages", name).await?;
        }
        let mut seen = Vec::new();
        for (offset, expected) in [(0, 2), (2, 1), (3, 0)] {
            let page = ScimPage { offset, limit: 2 };
            let found = self.store.scim_members(&home, &ScimFilter::All, page).await?;
            expect("a page", &(3, expected), &(found.total, found.members.len()))?;
            seen.extend(found.members.into_iter().map(|member| member.account));
        }
        seen.sort();
        seen.dedup();
        expect("members on all pages", &3, &seen.len())?;
        let none = self.store.scim_members(&home, &ScimFilter::All, ScimPage { offset: 0, limit: 0 }).await?;
        expect("a page of nothing", &(3, 0), &(none.total, none.members.len()))
    }

    async fn changes_what_was_found(&self) -> Result<(), Violation> {
        let (home, from) = (self.organization("change"), self.add("change", "change").await?);
        let to = ScimMember { profile: ScimProfile::default(), standing: Standing::Deactivated, ..from.clone() };
        self.expect_change("change", &from, &to, ScimChanged::Done).await?;
        self.expect_change("change", &from, &to, ScimChanged::Conflict).await?;
        self.expect_change("elsewhere", &to, &from, ScimChanged::Conflict).await?;
        expect("a member after a change", &Some(to), &self.store.scim_member(&home, &from.account).await?)
    }

    async fn ends_sessions_with_the_member(&self) -> Result<(), Violation> {
        let (member, other) = (self.add("ends", "ends").await?, self.add("ends", "ends-other").await?);
        self.add("ends-elsewhere", "ends").await?;
        for removal in [false, true] {
            for (session, organization, account) in [
                ("one", "ends", &member.account),
                ("two", "ends", &member.account),
                ("other", "ends", &other.account),
                ("elsewhere", "ends-elsewhere", &member.account),
            ] {
                let connection = ConnectionId::new(format!("{}-{session}", self.name));
                let scope = SessionScope::new(self.organization(organization), connection, account.clone(), None);
                self.store.keep_session(&self.session(session), &scope).await?;
            }
            let renamed = ScimMember { profile: ScimProfile::default(), ..member.clone() };
            if removal {
                let removed = self.store.remove_scim_member(&self.organization("ends"), &member.account).await?;
                expect("removing a member", &ScimRemoved::Done, &removed)?;
            } else {
                self.expect_change("ends", &member, &renamed, ScimChanged::Done).await?;
                self.expect_session("a change of the profile", "one", true).await?;
                let off = ScimMember { standing: Standing::Deactivated, ..renamed.clone() };
                self.expect_change("ends", &renamed, &off, ScimChanged::Done).await?;
            }
            for (session, open) in [("one", false), ("two", false), ("other", true), ("elsewhere", true)] {
                self.expect_session("the end of a member", session, open).await?;
            }
            if !removal {
                let off = ScimMember { standing: Standing::Deactivated, ..renamed };
                self.expect_change("ends", &off, &member, ScimChanged::Done).await?;
                self.expect_session("activating a member again", "one", false).await?;
            }
        }
        Ok(())
    }

    async fn tells_who_suspended(&self) -> Result<(), Violation> {
        let (home, active) = (self.organization("suspend"), self.add("suspend", "suspend").await?);
        for round in ["the first time", "once more"] {
            let off = ScimMember { standing: Standing::Deactivated, ..active.clone() };
            self.expect_change("suspend", &active, &off, ScimChanged::Done).await?;
            self.expect_change("suspend", &off, &active, ScimChanged::Done).await?;
            let found = self.store.scim_member(&home, &active.account).await?;
            expect(round, &Some(active.clone()), &found)?;
        }
        self.store.deactivate(&home, &active.account).await?;
        let found = self.store.scim_member(&home, &active.account).await?.map(|member| member.standing);
        expect("a member that the organization has suspended", &Some(Standing::Suspended), &found)
    }

    async fn removes_and_takes_back(&self) -> Result<(), Violation> {
        let (home, member) = (self.organization("remove"), self.add("remove", "remove").await?);
        let foreign = self.store.remove_scim_member(&self.organization("elsewhere"), &member.account).await?;
        expect("removing a member of another organization", &ScimRemoved::Unknown, &foreign)?;
        expect("a member", &Some(member.clone()), &self.store.scim_member(&home, &member.account).await?)?;
        for expected in [ScimRemoved::Done, ScimRemoved::Unknown] {
            let removed = self.store.remove_scim_member(&home, &member.account).await?;
            expect("removing a member", &expected, &removed)?;
            expect("a removed member", &None, &self.store.scim_member(&home, &member.account).await?)?;
        }
        let found = self.store.scim_members(&home, &ScimFilter::All, ScimPage { offset: 0, limit: 100 }).await?;
        expect("members after the only one was removed", &0, &found.total)?;
        expect("a member that came back", &member, &self.add("remove", "remove").await?)
    }

    async fn keeps_the_last_owner(&self) -> Result<(), Violation> {
        let home = self.organization("owners");
        let (first, second) = (self.add("owners", "owner-1").await?, self.add("owners", "owner-2").await?);
        self.store.make_owner(&home, &first.account).await?;
        let off = |member: &ScimMember| ScimMember { standing: Standing::Deactivated, ..member.clone() };
        self.expect_change("owners", &first, &off(&first), ScimChanged::LastOwner).await?;
        let removed = self.store.remove_scim_member(&home, &first.account).await?;
        expect("removing the last owner", &ScimRemoved::LastOwner, &removed)?;
        expect("the last owner", &Some(first.clone()), &self.store.scim_member(&home, &first.account).await?)?;
        self.store.make_owner(&home, &second.account).await?;
        self.expect_change("owners", &first, &off(&first), ScimChanged::Done).await?;
        self.expect_change("owners", &second, &off(&second), ScimChanged::LastOwner).await
    }

    async fn adds_one_of_many(&self) -> Result<(), Violation> {
        let new = self.new_member("rivals", "rival")?;
        let added = all((0..RIVALS).map(|_| self.store.add_scim_member(&new)).collect()).await;
        let added = added.into_iter().collect::<Result<Vec<_>, _>>()?;
        let won = added.iter().filter(|added| matches!(added, ScimAdded::Added(_))).count();
        let taken = added.iter().filter(|added| **added == ScimAdded::Taken).count();
        expect("adding one member many times at once", &(1, RIVALS.saturating_sub(1)), &(won, taken))
    }

    async fn add(&self, organization: &str, name: &str) -> Result<ScimMember, Violation> {
        let new = self.new_member(organization, name)?;
        match self.store.add_scim_member(&new).await? {
            ScimAdded::Added(member) if (&member.email, &member.profile) == (&new.email, &new.profile) => Ok(*member),
            other => Err(format!("adding a member: expected Added, found {other:?}").into()),
        }
    }

    fn new_member(&self, organization: &str, name: &str) -> Result<NewScimMember, Violation> {
        let profile = ScimProfile {
            external_id: Some(format!("external {name}")),
            given_name: Some("\u{10ffff} 'quotes\"".to_owned()),
            family_name: None,
            display_name: Some(name.to_owned()),
        };
        let (organization, email) = (self.organization(organization), self.email(name)?);
        Ok(NewScimMember { organization, email, role: Role::new("member"), standing: Standing::Active, profile })
    }

    async fn expect_change(
        &self,
        organization: &str,
        from: &ScimMember,
        to: &ScimMember,
        expected: ScimChanged,
    ) -> Result<(), Violation> {
        let changed = self.store.change_scim_member(&self.organization(organization), from, to).await?;
        expect("changing a member", &expected, &changed)
    }

    async fn expect_session(&self, after: &str, session: &str, open: bool) -> Result<(), Violation> {
        let found = self.store.has_session(&self.session(session)).await?;
        expect(&format!("after {after}: whether session {session} is open"), &open, &found)
    }

    fn email(&self, name: &str) -> Result<EmailAddress, Violation> {
        Ok(EmailAddress::parse(&format!("{name}@{}.example.com", self.name))?)
    }

    fn organization(&self, name: &str) -> OrganizationId {
        OrganizationId::new(format!("{}-{name}", self.name))
    }

    fn session(&self, name: &str) -> SessionId {
        SessionId::new(format!("{}-{name}", self.name))
    }
}
