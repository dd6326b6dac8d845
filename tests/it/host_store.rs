//! A host's store that can be away, and that can do each thing wrongly.

use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

use saml_sp::mapping::{EmailAddress, Role, SubjectKey, SubjectSource};
use saml_sp::provisioning::{
    AtConnection, Change, Facts, LinkChange, LinkHash, MemberStatus, Membership, MembershipChange, NewMember, Query,
    Reminder,
};
use saml_sp::storage::{Applied, LoginStore, MemberStore, Peeked, PeekedLink, Spend, Store, UnlinkedMember};
use saml_sp::testing::{FakeIdentity, MemberFixture, MemoryStore};
use saml_sp::{
    AccountId, AssertionId, Claim, ConnectionId, OrganizationId, PendingKey, PendingLogin, ReplayKey, RequestId,
};

#[derive(Debug, thiserror::Error)]
#[error("the database is away")]
pub(crate) struct Away;

/// When a call fails: before anything is done, or after it, when only the answer gets lost.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Fails {
    Never,
    Before(usize),
    After(usize),
}

/// What it does wrongly.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Defect {
    None,
    FoldsCase,
    TrimsBlanks,
    ForgetsQualifiers,
    ForgetsFormat,
    ForgetsIssuer,
    ForgetsConnection,
    FindsMembersOnly,
    FindsInvitationsOfOthers,
    FindsNoLinkOfAccounts,
    MakesSecondLinks,
    NeverNotesUse,
    OverwritesRoles,
    KeepsStrangers,
    RejoinsSuspended,
    StealsLinks,
    KeepsInvitations,
    SpendsSeparately,
    SpendsOnConflict,
    WritesOnReplay,
    ForgetsToSpendLinks,
    ForgetsLinks,
    Doubles,
    ForgetsReminders,
    KeepsReminders,
    NeverDeactivates,
    DeactivatesRemoved,
    NeverUnlinks,
    UnlinksEverywhere,
    /// No defect: whoever uses something up, somebody else was faster.
    LosesRaces,
}

impl Defect {
    pub(crate) const ALL: [Self; 28] = [
        Self::FoldsCase,
        Self::TrimsBlanks,
        Self::ForgetsQualifiers,
        Self::ForgetsFormat,
        Self::ForgetsIssuer,
        Self::ForgetsConnection,
        Self::FindsMembersOnly,
        Self::FindsInvitationsOfOthers,
        Self::FindsNoLinkOfAccounts,
        Self::MakesSecondLinks,
        Self::NeverNotesUse,
        Self::OverwritesRoles,
        Self::KeepsStrangers,
        Self::RejoinsSuspended,
        Self::StealsLinks,
        Self::KeepsInvitations,
        Self::SpendsSeparately,
        Self::SpendsOnConflict,
        Self::WritesOnReplay,
        Self::ForgetsToSpendLinks,
        Self::ForgetsLinks,
        Self::Doubles,
        Self::ForgetsReminders,
        Self::KeepsReminders,
        Self::NeverDeactivates,
        Self::DeactivatesRemoved,
        Self::NeverUnlinks,
        Self::UnlinksEverywhere,
    ];
}

pub(crate) struct HostStore {
    pub(crate) inner: MemoryStore,
    fails: Mutex<Fails>,
    calls: AtomicUsize,
    ids: AtomicUsize,
    defect: Defect,
    old_reminders: Mutex<Vec<Reminder>>,
    seen: Mutex<Vec<Query>>,
}

impl HostStore {
    pub(crate) fn new(defect: Defect) -> Self {
        Self {
            inner: MemoryStore::new(),
            fails: Mutex::new(Fails::Never),
            calls: AtomicUsize::new(0),
            ids: AtomicUsize::new(0),
            defect,
            old_reminders: Mutex::default(),
            seen: Mutex::default(),
        }
    }

    /// Counts calls anew, of which one fails.
    pub(crate) fn fail(&self, fails: Fails) {
        *self.fails.lock().unwrap() = fails;
        self.calls.store(0, Ordering::SeqCst);
    }

    pub(crate) fn calls(&self) -> usize {
        self.calls.load(Ordering::SeqCst)
    }

    async fn query<T, E: std::fmt::Debug>(&self, work: impl Future<Output = Result<T, E>>) -> Result<T, Away> {
        let fails = *self.fails.lock().unwrap();
        let call = self.calls.fetch_add(1, Ordering::SeqCst);
        if fails == Fails::Before(call) {
            return Err(Away);
        }
        let done = work.await.unwrap();
        if fails == Fails::After(call) { Err(Away) } else { Ok(done) }
    }

    fn has(&self, defect: Defect) -> bool {
        self.defect == defect
    }

    /// The subject as this store knows it.
    fn known(&self, subject: &SubjectKey) -> SubjectKey {
        let (mut connection, mut issuer) = (subject.connection().clone(), subject.issuer().clone());
        let (mut source, mut value) = (subject.source().clone(), subject.value().to_owned());
        match (self.defect, &mut source) {
            (Defect::FoldsCase, _) => value = value.to_lowercase(),
            (Defect::TrimsBlanks, _) => value = value.trim().to_owned(),
            (Defect::ForgetsIssuer, _) => issuer = saml_sp::EntityId::new("any"),
            (Defect::ForgetsConnection, _) => connection = ConnectionId::new("any"),
            (Defect::ForgetsQualifiers, SubjectSource::NameId { name_qualifier, sp_name_qualifier, .. }) => {
                (*name_qualifier, *sp_name_qualifier) = (None, None);
            }
            (Defect::ForgetsFormat, SubjectSource::NameId { format, .. }) => *format = None,
            _ => {}
        }
        let user = FakeIdentity::new(&connection, &issuer, &value, "user@example.com").unwrap();
        user.source(source).identity().subject().clone()
    }

    fn unused(&self) -> ReplayKey {
        let id = AssertionId::new(format!("_unused{}", self.ids.fetch_add(1, Ordering::SeqCst)));
        ReplayKey::new(ConnectionId::new("unused"), id, "2026-01-01T00:00:00Z".parse().unwrap())
    }

    async fn write(&self, spend: Spend<'_>, change: &Change) -> Applied {
        let unused = self.unused();
        let inner = |spend, change| async move { self.inner.apply(spend, change).await.unwrap() };
        if self.has(Defect::SpendsSeparately) {
            let spent = inner(spend, &Change::Nothing).await;
            return if spent == Applied::Done { inner(Spend::Assertion(&unused), change).await } else { spent };
        }
        if self.has(Defect::LosesRaces) {
            inner(spend, &Change::Nothing).await;
        }
        let spend = match spend {
            Spend::Link(_) if self.has(Defect::ForgetsToSpendLinks) => Spend::Assertion(&unused),
            spend => spend,
        };
        let applied = inner(spend, change).await;
        match (self.defect, &applied, change) {
            (Defect::SpendsOnConflict, Applied::Conflict, _) => {
                inner(spend, &Change::Nothing).await;
                applied
            }
            (Defect::WritesOnReplay, Applied::AlreadyUsed(Claim::Replayed), _) => {
                inner(Spend::Assertion(&unused), change).await;
                applied
            }
            (Defect::Doubles, Applied::Conflict, Change::Create(member)) => {
                let email = member.identity.email();
                Applied::Created(self.inner.add_account(email, member.email))
            }
            (Defect::OverwritesRoles, Applied::Conflict, Change::Member(change)) => {
                if let MembershipChange::Role { to, .. } = &change.membership {
                    let (organization, account) = (&change.organization, &change.account);
                    self.inner.set_member(organization, account, MemberStatus::Active, to.clone());
                }
                applied
            }
            (Defect::KeepsStrangers, Applied::Conflict, Change::Member(change))
                if change.membership == MembershipChange::Keep
                    && self.inner.membership(&change.organization, &change.account) == Membership::None =>
            {
                Applied::Done
            }
            (Defect::RejoinsSuspended, Applied::Conflict, Change::Member(change)) => match &change.membership {
                MembershipChange::Rejoin(role) => {
                    let (organization, account) = (&change.organization, &change.account);
                    self.inner.set_member(organization, account, MemberStatus::Active, role.clone());
                    Applied::Done
                }
                _ => applied,
            },
            (Defect::StealsLinks, Applied::Conflict, Change::Member(change)) if change.link == LinkChange::Replace => {
                if let Some(owner) = self.inner.linked_account(&change.subject) {
                    self.inner.unlink(change.subject.connection(), &owner).await.unwrap();
                }
                inner(spend, &Change::Member(change.clone())).await
            }
            _ => applied,
        }
    }

    /// The change as this store writes it.
    fn written(&self, change: &Change) -> Change {
        let mut change = change.clone();
        match &mut change {
            Change::Member(change) => {
                change.subject = self.known(&change.subject);
                if self.has(Defect::NeverNotesUse) {
                    change.at = "2026-01-01T00:00:00Z".parse().unwrap();
                }
                if self.has(Defect::MakesSecondLinks) && change.link == LinkChange::Make {
                    change.link = LinkChange::Replace;
                }
                if self.has(Defect::KeepsInvitations) {
                    change.invitation = None;
                }
            }
            Change::Create(member) => {
                let identity = &member.identity;
                let subject = self.known(identity.subject());
                let (connection, issuer) = (subject.connection(), subject.issuer());
                let user = FakeIdentity::new(connection, issuer, subject.value(), identity.email().as_str()).unwrap();
                let identity = user.source(subject.source().clone()).role(identity.role().clone()).identity();
                let invitation = member.invitation.clone().filter(|_| !self.has(Defect::KeepsInvitations));
                **member = NewMember { identity, invitation, ..(**member).clone() };
            }
            Change::Keep(_) if self.has(Defect::ForgetsLinks) => change = Change::Nothing,
            _ => {}
        }
        change
    }
}

impl Store for HostStore {
    type Error = Away;
}

impl LoginStore for HostStore {
    async fn keep(&self, pending: &PendingLogin) -> Result<(), Away> {
        self.query(self.inner.keep(pending)).await
    }

    async fn peek(&self, request: &RequestId) -> Result<Peeked, Away> {
        self.query(self.inner.peek(request)).await
    }

    async fn take(&self, key: &PendingKey) -> Result<(), Away> {
        self.query(self.inner.take(key)).await
    }

    async fn complete(&self, key: &PendingKey, replay_key: &ReplayKey) -> Result<Claim, Away> {
        self.query(self.inner.complete(key, replay_key)).await
    }

    async fn claim(&self, replay_key: &ReplayKey) -> Result<Claim, Away> {
        self.query(self.inner.claim(replay_key)).await
    }
}

impl MemberStore for HostStore {
    async fn facts(&self, query: &Query) -> Result<Facts, Away> {
        let query = Query { subject: self.known(&query.subject), ..query.clone() };
        let mut facts = self.query(self.inner.facts(&query)).await?;
        if self.has(Defect::FindsMembersOnly) {
            facts.by_email.retain(|known| known.membership != Membership::None);
        }
        if self.has(Defect::FindsNoLinkOfAccounts) {
            let known = facts.linked.as_mut().map(|linked| &mut linked.known);
            let known = known.into_iter().chain(&mut facts.account).chain(&mut facts.by_email);
            known.for_each(|known| known.at_connection = AtConnection::Unlinked);
        }
        if self.has(Defect::FindsInvitationsOfOthers) && facts.invitation.is_none() {
            let seen = self.seen.lock().unwrap().clone();
            for other in seen.iter().filter(|other| other.email == query.email) {
                facts.invitation = facts.invitation.or(self.inner.facts(other).await.unwrap().invitation);
            }
            self.seen.lock().unwrap().push(query);
        }
        Ok(facts)
    }

    async fn apply(&self, spend: Spend<'_>, change: &Change) -> Result<Applied, Away> {
        let change = self.written(change);
        self.query(async { Ok::<_, Away>(self.write(spend, &change).await) }).await
    }

    async fn peek_link(&self, hash: &LinkHash) -> Result<PeekedLink, Away> {
        self.query(self.inner.peek_link(hash)).await
    }

    async fn unlinked_members(
        &self,
        organization: &OrganizationId,
        connection: &ConnectionId,
    ) -> Result<Vec<UnlinkedMember>, Away> {
        self.query(self.inner.unlinked_members(organization, connection)).await
    }

    async fn keep_reminders(&self, reminders: &[Reminder]) -> Result<(), Away> {
        self.old_reminders.lock().unwrap().extend_from_slice(reminders);
        let kept = if self.has(Defect::ForgetsReminders) { &[] } else { reminders };
        self.query(self.inner.keep_reminders(kept)).await
    }

    async fn peek_reminder(&self, hash: &LinkHash) -> Result<Option<Reminder>, Away> {
        if self.has(Defect::KeepsReminders) {
            let old = self.old_reminders.lock().unwrap().iter().find(|old| old.hash() == hash).cloned();
            return Ok(old);
        }
        self.query(self.inner.peek_reminder(hash)).await
    }

    async fn deactivate(&self, organization: &OrganizationId, account: &AccountId) -> Result<(), Away> {
        if self.has(Defect::NeverDeactivates) {
            return Ok(());
        }
        if self.has(Defect::DeactivatesRemoved) {
            let role = Role::new("member");
            self.inner.set_member(organization, account, MemberStatus::Suspended, role);
        }
        self.query(self.inner.deactivate(organization, account)).await
    }

    async fn unlink(&self, connection: &ConnectionId, account: &AccountId) -> Result<(), Away> {
        if self.has(Defect::NeverUnlinks) {
            return Ok(());
        }
        if self.has(Defect::UnlinksEverywhere) {
            let seen = self.old_reminders.lock().unwrap().clone();
            for reminder in seen.iter().filter(|reminder| reminder.account() == account) {
                self.inner.unlink(reminder.connection(), account).await.unwrap();
            }
        }
        self.query(self.inner.unlink(connection, account)).await
    }
}

impl MemberFixture for HostStore {
    async fn invite(&self, organization: &OrganizationId, email: &EmailAddress, role: &Role) -> Result<(), Away> {
        self.query(self.inner.invite(organization, email, role)).await
    }

    async fn remove(&self, organization: &OrganizationId, account: &AccountId) -> Result<(), Away> {
        self.query(self.inner.remove(organization, account)).await
    }
}
