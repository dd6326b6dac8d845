//! What the contract of members makes its members of.

use chrono::{DateTime, TimeDelta, Utc};

use super::member::MemberFixture;
use super::{Violation, expect};
use crate::browser::{BrowserBinding, random_hex};
use crate::mapping::{AssertedRole, EmailAddress, Identity, Role, SubjectKey, SubjectSource};
use crate::names::{AccountId, AssertionId, ConnectionId, EntityId, OrganizationId, RequestId};
use crate::pending::{PendingKey, PendingLogin, Purpose};
use crate::profile::ReplayKey;
use crate::provisioning::{
    Binding, Change, EmailStatus, LinkChange, LinkToken, MemberChange, MemberStatus, Membership, MembershipChange,
    NewMember, PendingLink, ProofKind, Query,
};
use crate::storage::{Applied, Spend};
use crate::testing::FakeIdentity;

pub(super) struct Case<'s, S> {
    pub(super) store: &'s S,
    pub(super) name: String,
    pub(super) now: DateTime<Utc>,
}

impl<S: MemberFixture> Case<'_, S> {
    pub(super) async fn create(&self, name: &str) -> Result<AccountId, Violation> {
        self.create_with(name, EmailStatus::Unverified).await
    }

    pub(super) async fn create_with(&self, name: &str, email: EmailStatus) -> Result<AccountId, Violation> {
        match self.apply(&Change::Create(Box::new(self.new_member(name, email)?))).await? {
            Applied::Created(account) => Ok(account),
            other => Err(format!("making a member: expected Created, found {other:?}").into()),
        }
    }

    /// Applies a change by an assertion that nobody has used.
    pub(super) async fn apply(&self, change: &Change) -> Result<Applied, Violation> {
        let keep_until = self.later(5);
        let unused =
            ReplayKey::new(self.connection("home"), AssertionId::new(format!("_{}", random_hex()?)), keep_until);
        Ok(self.store.apply(Spend::Assertion(&unused), change).await?)
    }

    pub(super) async fn expect_conflict(&self, what: &str, change: MemberChange) -> Result<(), Violation> {
        expect(what, &Applied::Conflict, &self.apply(&Change::Member(Box::new(change))).await?)
    }

    pub(super) async fn expect_link(&self, name: &str, account: Option<&AccountId>) -> Result<(), Violation> {
        let query = Query { email: self.email("nobody")?, ..self.query(name, None)? };
        let linked = self.store.facts(&query).await?.linked.map(|linked| linked.known.account);
        expect("the account of a link", &account.cloned(), &linked)
    }

    pub(super) async fn expect_membership(
        &self,
        name: &str,
        account: &AccountId,
        membership: &Membership,
    ) -> Result<(), Violation> {
        let known = self.store.facts(&self.query(name, Some(account))?).await?.account;
        expect("a membership", &Some(membership.clone()), &known.map(|known| known.membership))
    }

    pub(super) async fn keep(&self, name: &str) -> Result<(), Violation> {
        Ok(self.store.keep(&self.pending(name)).await?)
    }

    pub(super) fn change(&self, name: &str, account: &AccountId) -> MemberChange {
        MemberChange {
            organization: self.organization("home"),
            subject: self.subject(name),
            account: account.clone(),
            link: LinkChange::Use,
            membership: MembershipChange::Keep,
            invitation: None,
            at: self.now,
        }
    }

    pub(super) fn new_member(&self, name: &str, email: EmailStatus) -> Result<NewMember, Violation> {
        let (organization, identity) = (self.organization("home"), self.identity(name, name)?);
        Ok(NewMember { organization, identity, role: Role::new("member"), email, invitation: None, at: self.now })
    }

    pub(super) fn link(&self, name: &str, account: &AccountId) -> Result<(LinkToken, PendingLink), Violation> {
        let token = LinkToken::generate()?;
        let bound = Binding {
            kind: ProofKind::Mail,
            purpose: Purpose::Link,
            organization: self.organization("home"),
            account: account.clone(),
            browser: BrowserBinding::new(self.name.clone()),
        };
        let link = PendingLink::new(&token, &self.identity(name, name)?, bound, self.now);
        Ok((token, link))
    }

    pub(super) fn query(&self, name: &str, account: Option<&AccountId>) -> Result<Query, Violation> {
        let (organization, subject, email) = (self.organization("home"), self.subject(name), self.email(name)?);
        Ok(Query { organization, subject, email, account: account.cloned() })
    }

    pub(super) fn identity(&self, subject: &str, email: &str) -> Result<Identity, Violation> {
        let (subject, email) = (self.subject(subject), self.email(email)?);
        let identity = FakeIdentity::new(subject.connection(), subject.issuer(), subject.value(), email.as_str())?;
        Ok(identity.source(persistent()).role(AssertedRole::Role(Role::new("guest"))).identity())
    }

    pub(super) fn subject(&self, value: &str) -> SubjectKey {
        let issuer = EntityId::new("https://idp.example.com/");
        subject_key(self.connection("home"), issuer, persistent(), value)
    }

    pub(super) fn email(&self, name: &str) -> Result<EmailAddress, Violation> {
        Ok(EmailAddress::parse(&format!("{name}@{}.example.com", self.name))?)
    }

    pub(super) fn organization(&self, name: &str) -> OrganizationId {
        OrganizationId::new(format!("{}-{name}", self.name))
    }

    pub(super) fn connection(&self, name: &str) -> ConnectionId {
        ConnectionId::new(format!("{}-{name}", self.name))
    }

    pub(super) fn pending(&self, name: &str) -> PendingLogin {
        PendingLogin::new(self.key(name), self.now, self.later(10))
    }

    pub(super) fn key(&self, name: &str) -> PendingKey {
        let request = RequestId::new(format!("_{}-{name}", self.name));
        PendingKey::new(request, self.connection("home"), BrowserBinding::new(self.name.clone()))
    }

    pub(super) fn replay_key(&self, name: &str) -> ReplayKey {
        ReplayKey::new(self.connection("home"), AssertionId::new(format!("_{}-{name}", self.name)), self.later(5))
    }

    pub(super) fn later(&self, minutes: i64) -> DateTime<Utc> {
        self.now.checked_add_signed(TimeDelta::minutes(minutes)).unwrap_or(self.now)
    }
}

pub(super) fn active(role: &str) -> Membership {
    member(MemberStatus::Active, role)
}

pub(super) fn member(status: MemberStatus, role: &str) -> Membership {
    Membership::Member { status, role: Role::new(role) }
}

pub(super) fn subject_key(
    connection: ConnectionId,
    issuer: EntityId,
    source: SubjectSource,
    value: &str,
) -> SubjectKey {
    SubjectKey { connection, issuer, source, value: value.to_owned() }
}

pub(super) fn persistent() -> SubjectSource {
    let format = Some("urn:oasis:names:tc:SAML:2.0:nameid-format:persistent".to_owned());
    SubjectSource::NameId { format, name_qualifier: None, sp_name_qualifier: None }
}
