//! The tables of accounts, members and links.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use chrono::{DateTime, Utc};

use super::{MemoryStore, Tables, Use};
use crate::mapping::{EmailAddress, Role, SubjectKey};
use crate::names::{AccountId, ConnectionId, OrganizationId};
use crate::profile::Claim;
use crate::provisioning::{
    AtConnection, Change, EmailStatus, Facts, Invitation, Known, LinkChange, LinkHash, Linked, MemberChange,
    MemberStatus, Membership, MembershipChange, NewMember, PendingLink, Query, Reminder,
};
use crate::storage::{Applied, MemberStore, PeekedLink, Spend, UnlinkedMember};
use crate::stored::StoredError;
use crate::testing::MemberFixture;

pub(super) type MemberKey = (OrganizationId, AccountId);

#[derive(Clone, Debug, Default)]
pub(super) struct Members {
    pub(super) accounts: BTreeMap<AccountId, (EmailAddress, EmailStatus)>,
    pub(super) members: BTreeMap<MemberKey, (MemberStatus, Role)>,
    /// Those whom SCIM has suspended, and not the host.
    pub(super) by_scim: BTreeSet<MemberKey>,
    /// By the bytes of the whole subject.
    links: HashMap<Vec<u8>, Link>,
    invitations: HashMap<(OrganizationId, EmailAddress), Role>,
    pending: HashMap<LinkHash, Pending>,
    reminders: HashMap<(ConnectionId, AccountId), Reminder>,
    seats: HashMap<OrganizationId, usize>,
}

#[derive(Clone, Debug)]
struct Link {
    connection: ConnectionId,
    account: AccountId,
    confirmed_at: DateTime<Utc>,
    last_used: DateTime<Utc>,
}

impl Link {
    fn is(&self, connection: &ConnectionId, account: &AccountId) -> bool {
        self.connection == *connection && self.account == *account
    }
}

#[derive(Clone, Debug)]
struct Pending {
    connection: ConnectionId,
    account: AccountId,
    value: Vec<u8>,
    use_: Use,
}

/// What a host has besides: accounts, members and invitations that nobody's single sign-on has made.
impl MemoryStore {
    /// Adds an account. Several may have one address, as where addresses are not verified.
    pub fn add_account(&self, email: &EmailAddress, status: EmailStatus) -> AccountId {
        self.tables().members.add_account(email.clone(), status)
    }

    /// Adds a member, or replaces it.
    pub fn set_member(&self, organization: &OrganizationId, account: &AccountId, status: MemberStatus, role: Role) {
        let (key, members) = ((organization.clone(), account.clone()), &mut self.tables().members);
        members.by_scim.remove(&key);
        members.members.insert(key, (status, role));
    }

    /// What an account is in an organization.
    #[must_use]
    pub fn membership(&self, organization: &OrganizationId, account: &AccountId) -> Membership {
        self.tables().members.membership(organization, account)
    }

    /// The account that a subject is linked to.
    #[must_use]
    pub fn linked_account(&self, subject: &SubjectKey) -> Option<AccountId> {
        self.tables().members.links.get(&subject.to_bytes()).map(|link| link.account.clone())
    }

    /// How many accounts, members and links there are.
    #[must_use]
    pub fn counts(&self) -> (usize, usize, usize) {
        let members = &self.tables().members;
        (members.accounts.len(), members.members.len(), members.links.len())
    }

    /// Lets an organization have so many active members and no more.
    pub fn limit_seats(&self, organization: &OrganizationId, seats: usize) {
        self.tables().members.seats.insert(organization.clone(), seats);
    }
}

impl MemberFixture for MemoryStore {
    async fn invite(
        &self,
        organization: &OrganizationId,
        email: &EmailAddress,
        role: &Role,
    ) -> Result<(), StoredError> {
        self.tables().members.invitations.insert((organization.clone(), email.clone()), role.clone());
        Ok(())
    }

    async fn remove(&self, organization: &OrganizationId, account: &AccountId) -> Result<(), StoredError> {
        self.tables().remove_member(&(organization.clone(), account.clone()));
        Ok(())
    }
}

impl MemberStore for MemoryStore {
    async fn facts(&self, query: &Query) -> Result<Facts, StoredError> {
        Ok(self.tables().members.facts(query))
    }

    async fn apply(&self, spend: Spend<'_>, change: &Change) -> Result<Applied, StoredError> {
        let mut tables = self.tables();
        let mut after = tables.clone();
        match after.spend(spend) {
            Claim::First => {}
            Claim::Replayed => {
                *tables = after;
                return Ok(Applied::AlreadyUsed(Claim::Replayed));
            }
            Claim::RequestConsumed => return Ok(Applied::AlreadyUsed(Claim::RequestConsumed)),
        }
        match after.members.write(change) {
            Ok(applied) => {
                *tables = after;
                Ok(applied)
            }
            Err(Undone(applied)) => Ok(applied),
        }
    }

    async fn peek_link(&self, hash: &LinkHash) -> Result<PeekedLink, StoredError> {
        Ok(match self.tables().members.pending.get(hash) {
            None => PeekedLink::Unknown,
            Some(pending) if pending.use_ == Use::Used => PeekedLink::Used,
            Some(pending) => PeekedLink::Pending(Box::new(PendingLink::from_bytes(&pending.value)?)),
        })
    }

    async fn unlinked_members(
        &self,
        organization: &OrganizationId,
        connection: &ConnectionId,
    ) -> Result<Vec<UnlinkedMember>, StoredError> {
        Ok(self.tables().members.unlinked(organization, connection))
    }

    async fn keep_reminders(&self, reminders: &[Reminder]) -> Result<(), StoredError> {
        let kept = &mut self.tables().members.reminders;
        for reminder in reminders {
            kept.insert((reminder.connection().clone(), reminder.account().clone()), reminder.clone());
        }
        Ok(())
    }

    async fn peek_reminder(&self, hash: &LinkHash) -> Result<Option<Reminder>, StoredError> {
        Ok(self.tables().members.reminders.values().find(|reminder| reminder.hash() == hash).cloned())
    }

    async fn deactivate(&self, organization: &OrganizationId, account: &AccountId) -> Result<(), StoredError> {
        let mut tables = self.tables();
        if let Some((status, _)) = tables.members.members.get_mut(&(organization.clone(), account.clone()))
            && *status == MemberStatus::Active
        {
            *status = MemberStatus::Suspended;
            tables.members.by_scim.remove(&(organization.clone(), account.clone()));
        }
        Ok(())
    }

    async fn unlink(&self, connection: &ConnectionId, account: &AccountId) -> Result<(), StoredError> {
        let members = &mut self.tables().members;
        members.links.retain(|_, link| !link.is(connection, account));
        members.pending.retain(|_, pending| pending.connection != *connection || pending.account != *account);
        members.reminders.remove(&(connection.clone(), account.clone()));
        Ok(())
    }
}

impl Tables {
    pub(super) fn remove_member(&mut self, key: &MemberKey) {
        if let Some((status, _)) = self.members.members.get_mut(key) {
            *status = MemberStatus::Removed;
        }
        #[cfg(feature = "scim")]
        self.leave_teams(key);
    }

    fn spend(&mut self, spend: Spend<'_>) -> Claim {
        match spend {
            Spend::Answer(key, replay_key) => self.complete(key, replay_key),
            Spend::Assertion(replay_key) => self.claim(replay_key),
            Spend::Link(hash) => match self.members.pending.get_mut(hash) {
                Some(pending) if pending.use_ == Use::Unused => {
                    pending.use_ = Use::Used;
                    Claim::First
                }
                _ => Claim::RequestConsumed,
            },
        }
    }
}

/// Nothing of it may be kept.
struct Undone(Applied);

const CONFLICT: Undone = Undone(Applied::Conflict);

fn found(condition: bool) -> Result<(), Undone> {
    if condition { Ok(()) } else { Err(CONFLICT) }
}

impl Members {
    pub(super) fn add_account(&mut self, email: EmailAddress, status: EmailStatus) -> AccountId {
        let account = AccountId::new(format!("account-{}", self.accounts.len()));
        self.accounts.insert(account.clone(), (email, status));
        account
    }

    fn membership(&self, organization: &OrganizationId, account: &AccountId) -> Membership {
        match self.members.get(&(organization.clone(), account.clone())) {
            None => Membership::None,
            Some((status, role)) => Membership::Member { status: *status, role: role.clone() },
        }
    }

    fn known(&self, query: &Query, account: &AccountId) -> Option<Known> {
        let (_, email) = self.accounts.get(account)?;
        let membership = self.membership(&query.organization, account);
        let linked = self.is_linked(query.subject.connection(), account);
        let at_connection = if linked { AtConnection::Linked } else { AtConnection::Unlinked };
        Some(Known { account: account.clone(), email: *email, membership, at_connection })
    }

    fn is_linked(&self, connection: &ConnectionId, account: &AccountId) -> bool {
        self.links.values().any(|link| link.is(connection, account))
    }

    fn facts(&self, query: &Query) -> Facts {
        let organization = &query.organization;
        let linked = self.links.get(&query.subject.to_bytes()).and_then(|link| {
            let known = self.known(query, &link.account)?;
            Some(Linked { known, confirmed_at: link.confirmed_at, last_used: link.last_used })
        });
        let owners = self.accounts.iter().filter(|(_, (email, _))| *email == query.email);
        let invitation = self.invitations.get(&(organization.clone(), query.email.clone()));
        Facts {
            linked,
            account: query.account.as_ref().and_then(|account| self.known(query, account)),
            by_email: owners.filter_map(|(account, _)| self.known(query, account)).collect(),
            invitation: invitation.map(|role| Invitation { role: role.clone() }),
        }
    }

    fn write(&mut self, change: &Change) -> Result<Applied, Undone> {
        match change {
            Change::Nothing => Ok(Applied::Done),
            Change::Member(change) => self.change(change),
            Change::Create(member) => self.create(member),
            Change::Keep(link) => {
                let (connection, account) = (link.subject().connection().clone(), link.account().clone());
                let row = Pending { connection, account, value: link.to_bytes(), use_: Use::Unused };
                self.pending.insert(link.hash().clone(), row);
                Ok(Applied::Done)
            }
        }
    }

    fn change(&mut self, change: &MemberChange) -> Result<Applied, Undone> {
        match change.link {
            LinkChange::Use => {
                let link = self.links.get_mut(&change.subject.to_bytes()).ok_or(CONFLICT)?;
                found(link.account == change.account)?;
                link.last_used = change.at;
            }
            LinkChange::Make => self.link(&change.subject, &change.account, change.at)?,
            LinkChange::Replace => {
                let taken = self.links.get(&change.subject.to_bytes());
                found(taken.is_none_or(|link| link.account == change.account))?;
                let connection = change.subject.connection();
                self.links.retain(|_, link| !link.is(connection, &change.account));
                self.link(&change.subject, &change.account, change.at)?;
            }
        }
        let key = (change.organization.clone(), change.account.clone());
        self.change_membership(&key, &change.membership)?;
        self.use_up_invitation(&change.organization, change.invitation.as_ref())?;
        Ok(Applied::Done)
    }

    fn link(&mut self, subject: &SubjectKey, account: &AccountId, at: DateTime<Utc>) -> Result<(), Undone> {
        let (bytes, connection) = (subject.to_bytes(), subject.connection());
        found(!self.links.contains_key(&bytes) && !self.is_linked(connection, account))?;
        self.reminders.remove(&(connection.clone(), account.clone()));
        let link = Link { connection: connection.clone(), account: account.clone(), confirmed_at: at, last_used: at };
        self.links.insert(bytes, link);
        Ok(())
    }

    fn change_membership(&mut self, key: &MemberKey, change: &MembershipChange) -> Result<(), Undone> {
        let current = self.members.get(key).cloned();
        let role = match (change, current) {
            (MembershipChange::Keep, Some((MemberStatus::Active, _))) => return Ok(()),
            (MembershipChange::Role { from, to }, Some((MemberStatus::Active, role))) if role == *from => to,
            (MembershipChange::Join(role), None)
            | (MembershipChange::Rejoin(role), Some((MemberStatus::Removed, _))) => {
                self.require_seat(&key.0)?;
                role
            }
            _ => return Err(CONFLICT),
        };
        self.members.insert(key.clone(), (MemberStatus::Active, role.clone()));
        Ok(())
    }

    fn require_seat(&self, organization: &OrganizationId) -> Result<(), Undone> {
        if self.has_seat(organization) { Ok(()) } else { Err(Undone(Applied::NoSeat)) }
    }

    pub(super) fn has_seat(&self, organization: &OrganizationId) -> bool {
        let is_active = |(key, member): &(&MemberKey, &(MemberStatus, Role))| {
            key.0 == *organization && member.0 == MemberStatus::Active
        };
        let active = self.members.iter().filter(is_active).count();
        self.seats.get(organization).is_none_or(|seats| active < *seats)
    }

    fn use_up_invitation(&mut self, organization: &OrganizationId, email: Option<&EmailAddress>) -> Result<(), Undone> {
        let Some(email) = email else { return Ok(()) };
        found(self.invitations.remove(&(organization.clone(), email.clone())).is_some())
    }

    fn create(&mut self, member: &NewMember) -> Result<Applied, Undone> {
        let (subject, email) = (member.identity.subject(), member.identity.email());
        found(!self.links.contains_key(&subject.to_bytes()))?;
        found(!self.accounts.values().any(|(taken, _)| taken == email))?;
        let account = self.add_account(email.clone(), member.email);
        self.link(subject, &account, member.at)?;
        let key = (member.organization.clone(), account.clone());
        self.change_membership(&key, &MembershipChange::Join(member.role.clone()))?;
        self.use_up_invitation(&member.organization, member.invitation.as_ref())?;
        Ok(Applied::Created(account))
    }

    fn unlinked(&self, organization: &OrganizationId, connection: &ConnectionId) -> Vec<UnlinkedMember> {
        let active = self.members.iter().filter(|(key, (status, _))| {
            key.0 == *organization && *status == MemberStatus::Active && !self.is_linked(connection, &key.1)
        });
        let member = |account: &AccountId| {
            let reminder = self.reminders.get(&(connection.clone(), account.clone()));
            UnlinkedMember { account: account.clone(), reminded_at: reminder.map(Reminder::sent_at) }
        };
        active.map(|((_, account), _)| member(account)).collect()
    }
}
