//! What a store of members has to do.

use std::future::Future;

use chrono::{SubsecRound as _, Utc};

use super::member_case::{Case, active, member, persistent, subject_key};
use super::{RIVALS, Violation, all, expect};
use crate::browser::random_hex;
use crate::mapping::{EmailAddress, Role, SubjectSource};
use crate::names::{AccountId, ConnectionId, EntityId, OrganizationId};
use crate::profile::Claim;
use crate::provisioning::{
    AtConnection, Change, EmailStatus, Facts, Invitation, Known, LinkChange, LinkToken, Linked, MemberChange,
    MemberStatus, Membership, MembershipChange, NewMember, Query, Reminder,
};
use crate::storage::{Applied, MemberStore, Peeked, PeekedLink, Spend};

/// What the contract has to do to a store that no method of [`MemberStore`] does.
pub trait MemberFixture: MemberStore {
    /// Invites an address into an organization.
    fn invite(
        &self,
        organization: &OrganizationId,
        email: &EmailAddress,
        role: &Role,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Removes a member from an organization, as an administrator does.
    fn remove(
        &self,
        organization: &OrganizationId,
        account: &AccountId,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send;
}

/// Runs a store through its contract. It may hold other members; the ones made here have random names. That a host
/// out of seats answers [`Applied::NoSeat`] is for its own tests.
///
/// ```
/// use saml_sp::flow::block_on;
/// use saml_sp::testing::{MemoryStore, member_store_contract};
/// block_on(member_store_contract(&MemoryStore::new())).unwrap();
/// ```
///
/// # Errors
/// What the store did instead of what it should, or its own error.
pub async fn member_store_contract<S: MemberFixture>(store: &S) -> Result<(), Violation> {
    let case = Case { store, name: random_hex()?, now: Utc::now().trunc_subsecs(0) };
    case.creates_a_whole_member().await?;
    case.knows_a_subject_by_the_whole_of_it().await?;
    case.compares_addresses_to_the_letter().await?;
    case.notes_when_a_link_is_used().await?;
    case.changes_the_role_that_was_found().await?;
    case.lets_members_join_and_rejoin().await?;
    case.has_one_link_for_an_account_and_a_connection().await?;
    case.uses_an_invitation_up().await?;
    case.spends_a_login_once().await?;
    case.spends_nothing_on_a_conflict().await?;
    case.spends_a_link_once().await?;
    case.reminds_the_members_without_a_link().await?;
    case.deactivates().await?;
    case.unlinks().await?;
    case.makes_one_of_many().await?;
    case.links_one_of_many().await
}

impl<S: MemberFixture> Case<'_, S> {
    async fn creates_a_whole_member(&self) -> Result<(), Violation> {
        let query = self.query("whole", None)?;
        expect("what is known of nobody", &Facts::default(), &self.store.facts(&query).await?)?;
        for (name, email) in [("whole", EmailStatus::Unverified), ("verified", EmailStatus::Verified)] {
            let account = self.create_with(name, email).await?;
            let facts = self.store.facts(&self.query(name, Some(&account))?).await?;
            let (membership, at_connection) = (active("member"), AtConnection::Linked);
            let known = Known { account: account.clone(), email, membership, at_connection };
            let linked = Linked { known: known.clone(), confirmed_at: self.now, last_used: self.now };
            expect("the link of a new member", &Some(linked), &facts.linked)?;
            expect("the account of a new member by its name", &Some(known.clone()), &facts.account)?;
            expect("the account of a new member by its address", &vec![known.clone()], &facts.by_email)?;
            let elsewhere = Query { organization: self.organization("elsewhere"), ..self.query(name, Some(&account))? };
            let stranger = Known { membership: Membership::None, ..known.clone() };
            let facts = self.store.facts(&elsewhere).await?;
            expect("an account, seen from another organization", &Some(stranger.clone()), &facts.account)?;
            expect("an owner of an address, seen from another organization", &vec![stranger], &facts.by_email)?;
            let source = persistent();
            let away = subject_key(self.connection("away"), EntityId::new("https://idp.example.com/"), source, name);
            let facts = self.store.facts(&Query { subject: away, ..self.query(name, Some(&account))? }).await?;
            let unlinked = Known { at_connection: AtConnection::Unlinked, ..known };
            expect("an account, seen from another connection", &Some(unlinked.clone()), &facts.account)?;
            expect("an owner of an address, seen from another connection", &vec![unlinked], &facts.by_email)?;
        }
        Ok(())
    }

    /// PRV-014, PRV-013: case, accents and trailing blanks included.
    async fn knows_a_subject_by_the_whole_of_it(&self) -> Result<(), Violation> {
        let account = self.create("subject").await?;
        let key = self.subject("subject");
        let same = Query { email: self.email("nobody")?, ..self.query("subject", None)? };
        let found = self.store.facts(&same).await?.linked.map(|linked| linked.known.account);
        expect("the account of a subject", &Some(account), &found)?;
        let persistent = |name_qualifier: Option<&str>, sp_name_qualifier: Option<&str>, format: Option<&str>| {
            let owned = |text: Option<&str>| text.map(str::to_owned);
            let (name_qualifier, sp_name_qualifier) = (owned(name_qualifier), owned(sp_name_qualifier));
            SubjectSource::NameId { format: owned(format), name_qualifier, sp_name_qualifier }
        };
        let SubjectSource::NameId { format, .. } = key.source() else { return Err("a NameID".into()) };
        let format = format.as_deref();
        let sources = [
            persistent(None, None, None),
            persistent(None, None, Some("")),
            persistent(Some(""), None, format),
            persistent(Some("q"), None, format),
            persistent(None, Some("q"), format),
            SubjectSource::Attribute { name: "uid".into(), name_format: None },
            SubjectSource::Attribute { name: "uid".into(), name_format: Some(String::new()) },
        ];
        let with = |connection: &ConnectionId, issuer: &EntityId, source: &SubjectSource, value: &str| {
            subject_key(connection.clone(), issuer.clone(), source.clone(), value)
        };
        let (connection, issuer, source) = (key.connection(), key.issuer(), key.source());
        let mut others: Vec<_> = sources.iter().map(|source| with(connection, issuer, source, key.value())).collect();
        for value in [key.value().to_uppercase(), format!("{} ", key.value()), format!("{}\u{301}", key.value())] {
            others.push(with(connection, issuer, source, &value));
        }
        others.push(with(&self.connection("another"), issuer, source, key.value()));
        others.push(with(connection, &EntityId::new("https://another.example/"), source, key.value()));
        for subject in others {
            let what = format!("the account of another subject, {subject:?}");
            let found = self.store.facts(&Query { subject, ..same.clone() }).await?.linked;
            expect(&what, &None, &found)?;
        }
        Ok(())
    }

    async fn compares_addresses_to_the_letter(&self) -> Result<(), Violation> {
        self.create("letter").await?;
        let other = EmailAddress::parse(&format!("letter+{}@example.com", self.name))?;
        let query = Query { email: other, ..self.query("nobody", None)? };
        expect("the owners of another address", &Vec::new(), &self.store.facts(&query).await?.by_email)
    }

    async fn notes_when_a_link_is_used(&self) -> Result<(), Violation> {
        let account = self.create("use").await?;
        let at = self.later(1);
        let change = MemberChange { at, ..self.change("use", &account) };
        expect("using a link", &Applied::Done, &self.apply(&Change::Member(Box::new(change))).await?)?;
        let linked = self.store.facts(&self.query("use", None)?).await?.linked;
        let times = linked.map(|linked| (linked.confirmed_at, linked.last_used));
        expect("when a link was confirmed and used", &Some((self.now, at)), &times)?;
        let stranger = self.create("use-stranger").await?;
        let foreign = MemberChange { account: stranger, ..self.change("use", &account) };
        self.expect_conflict("using the link of somebody else", foreign).await?;
        self.expect_conflict("using a link that is not there", self.change("use-nobody", &account)).await
    }

    async fn changes_the_role_that_was_found(&self) -> Result<(), Violation> {
        let account = self.create("role").await?;
        let role = |from: &str, to: &str| MembershipChange::Role { from: Role::new(from), to: Role::new(to) };
        let change = |membership| MemberChange { membership, ..self.change("role", &account) };
        self.expect_conflict("changing another role than the one found", change(role("owner", "admin"))).await?;
        self.expect_membership("role", &account, &active("member")).await?;
        let changed = self.apply(&Change::Member(Box::new(change(role("member", "admin"))))).await?;
        expect("changing the role that was found", &Applied::Done, &changed)?;
        self.expect_membership("role", &account, &active("admin")).await
    }

    async fn lets_members_join_and_rejoin(&self) -> Result<(), Violation> {
        let account = self.create("join").await?;
        let elsewhere = self.organization("second");
        let change = |membership| MemberChange { membership, ..self.change("join", &account) };
        let away = |membership| MemberChange { organization: elsewhere.clone(), ..change(membership) };
        let (join, rejoin) =
            (|role| MembershipChange::Join(Role::new(role)), |role| MembershipChange::Rejoin(Role::new(role)));
        self.expect_conflict("keeping a membership that is not there", away(MembershipChange::Keep)).await?;
        self.expect_conflict("joining a second time", change(join("admin"))).await?;
        self.expect_conflict("rejoining without having left", change(rejoin("admin"))).await?;
        self.expect_conflict("rejoining without ever having joined", away(rejoin("admin"))).await?;
        expect(
            "joining another organization",
            &Applied::Done,
            &self.apply(&Change::Member(Box::new(away(join("guest"))))).await?,
        )?;
        let query = Query { organization: elsewhere.clone(), ..self.query("join", Some(&account))? };
        let there = self.store.facts(&query).await?.account.map(|known| known.membership);
        expect("who joined another organization", &Some(active("guest")), &there)?;
        self.store.remove(&self.organization("home"), &account).await?;
        self.expect_conflict("keeping the membership of somebody removed", change(MembershipChange::Keep)).await?;
        self.expect_conflict("joining after having been removed", change(join("admin"))).await?;
        self.expect_membership("join", &account, &member(MemberStatus::Removed, "member")).await?;
        expect("rejoining", &Applied::Done, &self.apply(&Change::Member(Box::new(change(rejoin("guest"))))).await?)?;
        self.expect_membership("join", &account, &active("guest")).await
    }

    async fn has_one_link_for_an_account_and_a_connection(&self) -> Result<(), Violation> {
        let account = self.create("relink").await?;
        let other = self.create("relink-other").await?;
        let make = |name: &str, account: &AccountId| MemberChange {
            link: LinkChange::Replace,
            at: self.later(2),
            ..self.change(name, account)
        };
        self.expect_conflict("linking the subject of somebody else", make("relink-other", &account)).await?;
        self.expect_link("relink", Some(&account)).await?;
        let second = MemberChange { link: LinkChange::Make, ..make("relink-new", &account) };
        self.expect_conflict("making a second link for an account", second).await?;
        let taken = MemberChange { link: LinkChange::Make, ..make("relink", &other) };
        self.expect_conflict("making a link for a subject that has one", taken).await?;
        let elsewhere =
            subject_key(self.connection("second"), EntityId::new("https://idp.example.com/"), persistent(), "relink");
        let second = MemberChange { subject: elsewhere.clone(), ..make("relink", &account) };
        expect(
            "linking at a second connection",
            &Applied::Done,
            &self.apply(&Change::Member(Box::new(second))).await?,
        )?;
        expect(
            "linking anew",
            &Applied::Done,
            &self.apply(&Change::Member(Box::new(make("relink-new", &account)))).await?,
        )?;
        self.expect_link("relink", None).await?;
        self.expect_link("relink-new", Some(&account)).await?;
        self.expect_link("relink-other", Some(&other)).await?;
        let kept = self.store.facts(&Query { subject: elsewhere, ..self.query("relink", None)? }).await?;
        expect("the link at a second connection", &true, &kept.linked.is_some())?;
        let again = MemberChange { at: self.later(3), ..make("relink-new", &account) };
        expect("confirming a link again", &Applied::Done, &self.apply(&Change::Member(Box::new(again))).await?)?;
        let linked = self.store.facts(&self.query("relink-new", None)?).await?.linked;
        let confirmed = linked.map(|linked| linked.confirmed_at);
        expect("when a link was confirmed again", &Some(self.later(3)), &confirmed)
    }

    async fn uses_an_invitation_up(&self) -> Result<(), Violation> {
        let (home, role) = (self.organization("home"), Role::new("guest"));
        let email = self.email("invited")?;
        let invited = |case: &Self| -> Result<NewMember, Violation> {
            Ok(NewMember { invitation: Some(email.clone()), ..case.new_member("invited", EmailStatus::Unverified)? })
        };
        let missing = self.apply(&Change::Create(Box::new(invited(self)?))).await?;
        expect("making a member by an invitation that is not there", &Applied::Conflict, &missing)?;
        let facts = self.store.facts(&self.query("invited", None)?).await?;
        expect("what a refused creation has left", &Facts::default(), &facts)?;
        self.store.invite(&home, &email, &role).await?;
        let elsewhere = Query { organization: self.organization("second"), ..self.query("invited", None)? };
        expect(
            "an invitation, seen from another organization",
            &None,
            &self.store.facts(&elsewhere).await?.invitation,
        )?;
        let found = self.store.facts(&self.query("invited", None)?).await?.invitation;
        expect("an invitation", &Some(Invitation { role }), &found)?;
        let created = self.apply(&Change::Create(Box::new(invited(self)?))).await?;
        expect("making a member by an invitation", &true, &matches!(created, Applied::Created(_)))?;
        let found = self.store.facts(&self.query("invited", None)?).await?.invitation;
        expect("an invitation that was used up", &None, &found)
    }

    /// PRV-038: the login and the member, both or nothing.
    async fn spends_a_login_once(&self) -> Result<(), Violation> {
        self.keep("spend").await?;
        let (key, replay_key) = (self.key("spend"), self.replay_key("spend"));
        let create = Change::Create(Box::new(self.new_member("spend", EmailStatus::Unverified)?));
        let created = self.store.apply(Spend::Answer(&key, &replay_key), &create).await?;
        expect("making a member by a login", &true, &matches!(created, Applied::Created(_)))?;
        expect("a login that has made a member", &Peeked::Used, &self.store.peek(key.request()).await?)?;
        let consumed = Applied::AlreadyUsed(Claim::RequestConsumed);
        let create = Change::Create(Box::new(self.new_member("spend-again", EmailStatus::Unverified)?));
        let again = self.store.apply(Spend::Answer(&key, &self.replay_key("spend-again")), &create).await?;
        expect("a second change by one login", &consumed, &again)?;
        let replayed = Applied::AlreadyUsed(Claim::Replayed);
        let unasked = self.store.apply(Spend::Assertion(&replay_key), &create).await?;
        expect("a second change by one assertion, without a login", &replayed, &unasked)?;
        self.keep("spend-other").await?;
        let other = self.key("spend-other");
        let answered = self.store.apply(Spend::Answer(&other, &replay_key), &create).await?;
        expect("a second change by one assertion, with another login", &replayed, &answered)?;
        expect("a login that ended in a replay", &Peeked::Used, &self.store.peek(other.request()).await?)?;
        self.expect_link("spend-again", None).await?;
        let unasked = self.replay_key("spend-unasked");
        expect(
            "using an assertion up",
            &Applied::Done,
            &self.store.apply(Spend::Assertion(&unasked), &Change::Nothing).await?,
        )?;
        expect("an assertion that was used up", &Claim::Replayed, &self.store.claim(&unasked).await?)
    }

    async fn spends_nothing_on_a_conflict(&self) -> Result<(), Violation> {
        self.create("conflict").await?;
        self.keep("conflict").await?;
        let (key, replay_key) = (self.key("conflict"), self.replay_key("conflict"));
        let mut same_email = self.new_member("conflict-other", EmailStatus::Unverified)?;
        same_email.identity = self.identity("conflict-other", "conflict")?;
        let mut same_subject = self.new_member("conflict-other", EmailStatus::Unverified)?;
        same_subject.identity = self.identity("conflict", "conflict-other")?;
        for (what, member) in [("an address", same_email), ("a subject", same_subject)] {
            let applied = self.store.apply(Spend::Answer(&key, &replay_key), &Change::Create(Box::new(member))).await?;
            expect(&format!("making a member with {what} that is taken"), &Applied::Conflict, &applied)?;
            let found = self.store.peek(key.request()).await?;
            expect("a login after a conflict", &Peeked::Pending(self.pending("conflict")), &found)?;
        }
        let facts = self.store.facts(&self.query("conflict-other", None)?).await?;
        expect("what a refused creation has left", &Facts::default(), &facts)?;
        let after = self.store.apply(Spend::Answer(&key, &replay_key), &Change::Nothing).await?;
        expect("using a login up after conflicts", &Applied::Done, &after)
    }

    async fn spends_a_link_once(&self) -> Result<(), Violation> {
        let account = self.create("link").await?;
        let (token, link) = self.link("link", &account)?;
        expect("a link that was never kept", &PeekedLink::Unknown, &self.store.peek_link(&token.hash()).await?)?;
        expect("keeping a link", &Applied::Done, &self.apply(&Change::Keep(Box::new(link.clone()))).await?)?;
        let pending = || PeekedLink::Pending(Box::new(link.clone()));
        expect("a link that waits", &pending(), &self.store.peek_link(&token.hash()).await?)?;
        let foreign = MemberChange { account: self.create("link-other").await?, ..self.change("link", &account) };
        let conflict = self.store.apply(Spend::Link(&token.hash()), &Change::Member(Box::new(foreign))).await?;
        expect("a conflict with a link", &Applied::Conflict, &conflict)?;
        expect("a link after a conflict", &pending(), &self.store.peek_link(&token.hash()).await?)?;
        let make = MemberChange { link: LinkChange::Replace, ..self.change("link-new", &account) };
        let made = self.store.apply(Spend::Link(&token.hash()), &Change::Member(Box::new(make))).await?;
        expect("using a link up", &Applied::Done, &made)?;
        expect("a link that was used", &PeekedLink::Used, &self.store.peek_link(&token.hash()).await?)?;
        let back = MemberChange { link: LinkChange::Replace, ..self.change("link-again", &account) };
        let again = self.store.apply(Spend::Link(&token.hash()), &Change::Member(Box::new(back))).await?;
        expect("using a link twice", &Applied::AlreadyUsed(Claim::RequestConsumed), &again)?;
        self.expect_link("link-new", Some(&account)).await?;
        self.expect_link("link-again", None).await
    }

    async fn reminds_the_members_without_a_link(&self) -> Result<(), Violation> {
        let (home, connection) = (self.organization("home"), self.connection("remind"));
        let linked = self.create("remind-linked").await?;
        let account = self.create("remind").await?;
        let suspended = self.create("remind-suspended").await?;
        self.store.deactivate(&home, &suspended).await?;
        let foreign = NewMember {
            organization: self.organization("second"),
            ..self.new_member("remind-foreign", EmailStatus::Unverified)?
        };
        self.apply(&Change::Create(Box::new(foreign))).await?;
        let subject = |value: &str| {
            let issuer = EntityId::new("https://idp.example.com/");
            subject_key(connection.clone(), issuer, persistent(), value)
        };
        let make = |name: &str, account: &AccountId| {
            let change =
                MemberChange { link: LinkChange::Replace, subject: subject(name), ..self.change(name, account) };
            Change::Member(Box::new(change))
        };
        self.apply(&make("remind-linked", &linked)).await?;
        let mut found = self.store.unlinked_members(&home, &connection).await?;
        found.retain(|member| [&linked, &account, &suspended].contains(&&member.account));
        let found: Vec<_> = found.into_iter().map(|member| (member.account, member.reminded_at)).collect();
        expect("the members without a link", &vec![(account.clone(), None)], &found)?;
        let reminder = |at| -> Result<_, Violation> {
            let token = LinkToken::generate()?;
            let (home, connection) = (home.clone(), connection.clone());
            Ok((token.hash(), Reminder::new(&token, home, connection, account.clone(), at)))
        };
        let ((old_hash, old), (hash, new)) = (reminder(self.now)?, reminder(self.later(1))?);
        self.store.keep_reminders(std::slice::from_ref(&old)).await?;
        expect("a reminder", &Some(old), &self.store.peek_reminder(&old_hash).await?)?;
        self.store.keep_reminders(std::slice::from_ref(&new)).await?;
        expect("a reminder after a newer one", &None, &self.store.peek_reminder(&old_hash).await?)?;
        expect("the newer reminder", &Some(new), &self.store.peek_reminder(&hash).await?)?;
        let reminded = self.store.unlinked_members(&home, &connection).await?;
        let reminded =
            reminded.into_iter().find(|member| member.account == account).and_then(|member| member.reminded_at);
        expect("when a member was reminded", &Some(self.later(1)), &reminded)?;
        self.apply(&make("remind", &account)).await?;
        expect("a reminder that was heeded", &None, &self.store.peek_reminder(&hash).await?)
    }

    async fn deactivates(&self) -> Result<(), Violation> {
        let account = self.create("deactivate").await?;
        let home = self.organization("home");
        for _ in 0..2 {
            self.store.deactivate(&home, &account).await?;
            self.expect_membership("deactivate", &account, &member(MemberStatus::Suspended, "member")).await?;
        }
        self.expect_conflict("coming in while suspended", self.change("deactivate", &account)).await?;
        let rejoin = MembershipChange::Rejoin(Role::new("member"));
        let rejoin = MemberChange { membership: rejoin, ..self.change("deactivate", &account) };
        self.expect_conflict("rejoining while suspended", rejoin).await?;
        self.store.remove(&home, &account).await?;
        self.store.deactivate(&home, &account).await?;
        self.expect_membership("deactivate", &account, &member(MemberStatus::Removed, "member")).await
    }

    async fn unlinks(&self) -> Result<(), Violation> {
        let (account, other) = (self.create("unlink").await?, self.create("unlink-other").await?);
        let connection = self.connection("home");
        let (token, link) = self.link("unlink-new", &account)?;
        self.apply(&Change::Keep(Box::new(link))).await?;
        let reminder = LinkToken::generate()?;
        let kept = Reminder::new(&reminder, self.organization("home"), connection.clone(), account.clone(), self.now);
        self.store.keep_reminders(&[kept]).await?;
        for _ in 0..2 {
            self.store.unlink(&self.connection("another"), &account).await?;
            self.expect_link("unlink", Some(&account)).await?;
        }
        for _ in 0..2 {
            self.store.unlink(&connection, &account).await?;
            self.expect_link("unlink", None).await?;
        }
        self.expect_link("unlink-other", Some(&other)).await?;
        expect(
            "a link that waits, after unlinking",
            &PeekedLink::Unknown,
            &self.store.peek_link(&token.hash()).await?,
        )?;
        expect("a reminder, after unlinking", &None, &self.store.peek_reminder(&reminder.hash()).await?)?;
        self.expect_membership("unlink", &account, &active("member")).await
    }

    /// PRV-028.
    async fn makes_one_of_many(&self) -> Result<(), Violation> {
        let keys: Vec<_> = (0..RIVALS).map(|rival| self.replay_key(&format!("rival{rival}"))).collect();
        let create = Change::Create(Box::new(self.new_member("rival", EmailStatus::Unverified)?));
        let rivals = keys.iter().map(|key| self.store.apply(Spend::Assertion(key), &create)).collect();
        let applied = all(rivals).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        let created = applied.iter().filter(|applied| matches!(applied, Applied::Created(_))).count();
        let conflicts = applied.iter().filter(|applied| **applied == Applied::Conflict).count();
        expect("first logins of one subject at once", &(1, RIVALS.saturating_sub(1)), &(created, conflicts))?;
        let owners = self.store.facts(&self.query("rival", None)?).await?.by_email.len();
        expect("accounts after first logins at once", &1, &owners)
    }

    async fn links_one_of_many(&self) -> Result<(), Violation> {
        let account = self.create("rivals").await?;
        let (token, link) = self.link("rivals-new", &account)?;
        self.apply(&Change::Keep(Box::new(link))).await?;
        let make = MemberChange { link: LinkChange::Replace, ..self.change("rivals-new", &account) };
        let (hash, make) = (token.hash(), Change::Member(Box::new(make)));
        let rivals = (0..RIVALS).map(|_| self.store.apply(Spend::Link(&hash), &make)).collect();
        let applied = all(rivals).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        let done = applied.iter().filter(|applied| **applied == Applied::Done).count();
        expect("uses of one link at once", &1, &done)
    }
}
