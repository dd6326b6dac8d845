//! The decision. READ THIS for who gets in.

use chrono::{DateTime, Utc};

use super::change::{LinkChange, MembershipChange};
use super::facts::{AtConnection, EmailStatus, Facts, Invitation, Known, Linked, MemberStatus, Membership};
use super::link::LinkProof;
use super::refusal::Refusal;
use super::settings::{Joining, MissingRole, Provisioning, RemovedMembers, RoleSync};
use crate::mapping::{AssertedRole, EmailAddress, Identity, Role};
use crate::names::AccountId;
use crate::pending::Purpose;

/// Everything that a decision is made of.
#[derive(Clone, Copy, Debug)]
pub struct Case<'a> {
    /// Who the identity provider says that it is.
    pub identity: &'a Identity,
    /// What the login was started for.
    pub purpose: Purpose,
    /// Whether this browser had asked for it.
    pub asked: Asked,
    /// Who was signed in when it was started, if it was started for somebody.
    pub started_for: Option<&'a AccountId>,
    /// The settings of the connection.
    pub settings: &'a Provisioning,
    /// What the store found: [`Facts::account`] is who is signed in now.
    pub facts: &'a Facts,
    /// The time.
    pub now: DateTime<Utc>,
}

/// Whether a login was asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Asked {
    /// The browser that brought the response started the login.
    Solicited,
    /// The response came by itself. It may sign in; it links nothing.
    Unsolicited,
}

/// What follows from an identity.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is this account, which may come in.
    SignIn(SignIn),
    /// Nobody yet: make an account and a member.
    Create(Create),
    /// Perhaps somebody who is known, who has to prove it first.
    ProveLink(ProveLink),
    /// Nothing is done.
    Refuse(Refusal),
}

/// Who comes in, and what changes by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignIn {
    /// The account.
    pub account: AccountId,
    /// Whether the subject is linked now.
    pub link: LinkChange,
    /// What becomes of the membership.
    pub membership: MembershipChange,
    /// The invitation that is used up.
    pub invitation: Option<Invitation>,
}

/// What to make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Create {
    /// The role of the new member.
    pub role: Role,
    /// Whether the asserted address may be taken for verified: only at a domain that the organization has proven.
    pub email: EmailStatus,
    /// The invitation that is used up.
    pub invitation: Option<Invitation>,
}

/// How the account can be proven.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProveLink {
    /// By the account that is signed in, when it confirms.
    Confirm(AccountId),
    /// By a token mailed to the account's own address, in this browser; or by signing in to it.
    Mail(AccountId),
    /// By signing in to it.
    SignIn,
}

/// Decides what follows from an identity. Total, and the same for the same facts.
#[must_use]
pub fn decide(case: &Case<'_>) -> Decision {
    if case.identity.subject().connection() != case.settings.connection() {
        return Decision::Refuse(Refusal::NotConfigured);
    }
    let rules = Rules {
        email: case.identity.email(),
        role: case.identity.role(),
        asked: case.asked,
        settings: case.settings,
        facts: case.facts,
        now: case.now,
    };
    let decision = match case.purpose {
        Purpose::Login => rules.login(),
        Purpose::Link => own_user(case).and_then(|user| rules.known_user(user)),
        Purpose::Test => active_user(case).and_then(|user| rules.known_user(user)).map(unchanged),
        Purpose::StepUp => active_user(case).and_then(|user| rules.same_user(user)).map(unchanged),
    };
    decision.unwrap_or_else(Decision::Refuse)
}

/// Decides what follows when the account of a link has proven that it wants it. [`Facts::account`] has to be that
/// account, looked up afresh.
#[must_use]
pub fn decide_proven(proof: &LinkProof, settings: &Provisioning, facts: &Facts, now: DateTime<Utc>) -> Decision {
    let link = proof.link();
    if link.subject().connection() != settings.connection() || link.organization() != settings.organization() {
        return Decision::Refuse(Refusal::LinkMismatch);
    }
    let rules = Rules { email: link.email(), role: link.role(), asked: Asked::Solicited, settings, facts, now };
    let decision = rules.proven(link.account()).unwrap_or_else(Decision::Refuse);
    if link.purpose() == Purpose::Test { unchanged(decision) } else { decision }
}

/// What a test shows and a step up proves changes nobody's role: a mapping that was never tried out is the identity
/// provider's word alone.
fn unchanged(decision: Decision) -> Decision {
    match decision {
        Decision::SignIn(entry) => {
            Decision::SignIn(SignIn { membership: MembershipChange::Keep, invitation: None, ..entry })
        }
        other => other,
    }
}

/// The account that is signed in, if the login was started for it and it is a member of the organization now.
fn active_user<'f>(case: &Case<'f>) -> Result<&'f Known, Refusal> {
    let user = own_user(case)?;
    match &user.membership {
        Membership::Member { status: MemberStatus::Active, .. } => Ok(user),
        Membership::Member { status: MemberStatus::Suspended, .. } => Err(Refusal::Suspended),
        Membership::Member { status: MemberStatus::Removed, .. } => Err(Refusal::Removed),
        Membership::None => Err(Refusal::NotInvited),
    }
}

/// The account that is signed in, if the login was started for it.
fn own_user<'f>(case: &Case<'f>) -> Result<&'f Known, Refusal> {
    let user = case.facts.account.as_ref().ok_or(Refusal::SignInFirst)?;
    if case.started_for == Some(&user.account) { Ok(user) } else { Err(Refusal::SessionChanged) }
}

struct Rules<'a> {
    email: &'a EmailAddress,
    role: &'a AssertedRole,
    asked: Asked,
    settings: &'a Provisioning,
    facts: &'a Facts,
    now: DateTime<Utc>,
}

type Ruling = Result<Decision, Refusal>;

impl Rules<'_> {
    fn login(&self) -> Ruling {
        match (&self.facts.account, &self.facts.linked) {
            (Some(user), _) => self.known_user(user),
            (None, Some(linked)) => self.linked(linked),
            (None, None) => self.stranger(),
        }
    }

    /// Somebody is signed in: the identity is theirs, or it is nobody's business of theirs. The asserted e-mail is not
    /// looked at.
    fn known_user(&self, user: &Known) -> Ruling {
        match &self.facts.linked {
            Some(linked) if linked.known.account != user.account => Err(Refusal::BelongsToAnother),
            Some(linked) => self.linked(linked),
            None => self.confirm(user),
        }
    }

    /// A step up proves the user who is signed in, and makes nothing.
    fn same_user(&self, user: &Known) -> Ruling {
        match &self.facts.linked {
            Some(linked) if linked.known.account == user.account && !self.is_doubtful(linked) => self.linked(linked),
            _ => Err(Refusal::NotLinked),
        }
    }

    /// The subject is linked: that is who it is, whatever else is asserted.
    fn linked(&self, linked: &Linked) -> Ruling {
        if self.is_doubtful(linked) {
            return self.reconfirm(&linked.known);
        }
        self.sign_in(&linked.known, LinkChange::Use)
    }

    fn is_doubtful(&self, linked: &Linked) -> bool {
        self.settings.doubts(linked.confirmed_at, linked.last_used, self.now)
    }

    /// The one who said so last may not be the one who says so now.
    fn reconfirm(&self, known: &Known) -> Ruling {
        match &self.facts.account {
            Some(user) => self.confirm(user),
            None => {
                self.membership(known)?;
                self.require_asked()?;
                Ok(Decision::ProveLink(Self::by_mail(known)))
            }
        }
    }

    fn confirm(&self, user: &Known) -> Ruling {
        self.require_asked()?;
        self.membership(user)?;
        Ok(Decision::ProveLink(ProveLink::Confirm(user.account.clone())))
    }

    fn proven(&self, account: &AccountId) -> Ruling {
        let known = self.facts.account.as_ref().filter(|known| known.account == *account);
        let known = known.ok_or(Refusal::LinkMismatch)?;
        match &self.facts.linked {
            Some(linked) if linked.known.account != *account => Err(Refusal::BelongsToAnother),
            _ => self.sign_in(known, LinkChange::Replace),
        }
    }

    fn sign_in(&self, known: &Known, link: LinkChange) -> Ruling {
        let (membership, invitation) = self.membership(known)?;
        Ok(Decision::SignIn(SignIn { account: known.account.clone(), link, membership, invitation }))
    }

    /// Neither linked nor signed in. Whoever owns the asserted e-mail is the one to prove something; what comes out
    /// is the same whether or not that account is verified, and in whichever organization it is.
    fn stranger(&self) -> Ruling {
        let owners = self.facts.by_email.as_slice();
        if owners.is_empty() {
            return self.create();
        }
        if !owners.iter().any(is_active) {
            self.may_join()?;
        }
        self.require_asked()?;
        match owners {
            [owner] if self.is_known_to_the_organization(owner) => self.sign_in(owner, LinkChange::Make),
            [owner] if self.membership(owner).is_ok() => Ok(Decision::ProveLink(Self::by_mail(owner))),
            _ => Ok(Decision::ProveLink(ProveLink::SignIn)),
        }
    }

    /// The one case without a proof of the account's: the organization owns the domain, the account is its active
    /// member, the host has verified that the address is the account's, and no other subject would lose its link.
    fn is_known_to_the_organization(&self, owner: &Known) -> bool {
        let is_free = owner.email == EmailStatus::Verified && owner.at_connection == AtConnection::Unlinked;
        is_active(owner) && is_free && self.settings.has_proven(self.email, self.now)
    }

    /// To an address that nobody has verified no token goes: the account may be a trap that somebody else has laid.
    fn by_mail(known: &Known) -> ProveLink {
        match known.email {
            EmailStatus::Verified => ProveLink::Mail(known.account.clone()),
            EmailStatus::Unverified => ProveLink::SignIn,
        }
    }

    fn create(&self) -> Ruling {
        let (role, invitation) = self.join()?;
        let proven = self.settings.has_proven(self.email, self.now);
        let email = if proven { EmailStatus::Verified } else { EmailStatus::Unverified };
        Ok(Decision::Create(Create { role, email, invitation }))
    }

    /// What becomes of a membership when its account comes in.
    fn membership(&self, known: &Known) -> Result<(MembershipChange, Option<Invitation>), Refusal> {
        match &known.membership {
            Membership::None => self.join().map(|(role, invitation)| (MembershipChange::Join(role), invitation)),
            Membership::Member { status: MemberStatus::Active, role } => Ok((self.synced(role)?, None)),
            Membership::Member { status: MemberStatus::Suspended, .. } => Err(Refusal::Suspended),
            Membership::Member { status: MemberStatus::Removed, .. } => match self.settings.removed_members() {
                RemovedMembers::StayOut => Err(Refusal::Removed),
                RemovedMembers::Rejoin => Ok((MembershipChange::Rejoin(self.new_role(None)?), None)),
            },
        }
    }

    fn join(&self) -> Result<(Role, Option<Invitation>), Refusal> {
        let invitation = self.may_join()?;
        Ok((self.new_role(invitation)?, invitation.cloned()))
    }

    fn may_join(&self) -> Result<Option<&Invitation>, Refusal> {
        match (self.settings.joining(), self.facts.invitation.as_ref()) {
            (Joining::Off, _) => Err(Refusal::JoiningOff),
            (Joining::InvitedOnly, None) => Err(Refusal::NotInvited),
            (Joining::JustInTime | Joining::InvitedOnly, invitation) => Ok(invitation),
        }
    }

    /// An asserted role, else that of the invitation, else the default. An invitation is for whoever owns the address:
    /// where that is the identity provider's word alone, the default role is all it gives.
    fn new_role(&self, invitation: Option<&Invitation>) -> Result<Role, Refusal> {
        let default = self.settings.default_role();
        match (self.role, self.settings.role_sync()) {
            (AssertedRole::Role(role), _) => self.granted(role),
            (AssertedRole::NoneMatched | AssertedRole::Withheld, RoleSync::EveryLogin(MissingRole::Refuse)) => {
                Err(Refusal::RoleMissing)
            }
            (AssertedRole::NoneMatched | AssertedRole::Withheld | AssertedRole::NotMapped, _) => match invitation {
                Some(invitation) if self.settings.has_proven(self.email, self.now) => self.granted(&invitation.role),
                _ => Ok(default.clone()),
            },
        }
    }

    fn granted(&self, role: &Role) -> Result<Role, Refusal> {
        if self.settings.grants(role) { Ok(role.clone()) } else { Err(Refusal::RoleDenied) }
    }

    /// The role of a member after this login.
    fn synced(&self, from: &Role) -> Result<MembershipChange, Refusal> {
        let RoleSync::EveryLogin(missing) = self.settings.role_sync() else { return Ok(MembershipChange::Keep) };
        if !self.settings.grants(from) {
            return Ok(MembershipChange::Keep);
        }
        let to = match (self.role, missing) {
            (AssertedRole::Role(role), _) => self.granted(role)?,
            // Nobody knows what the groups are, or they don't matter here.
            (AssertedRole::NotMapped | AssertedRole::Withheld, _) | (AssertedRole::NoneMatched, MissingRole::Keep) => {
                from.clone()
            }
            (AssertedRole::NoneMatched, MissingRole::Default) => self.settings.default_role().clone(),
            (AssertedRole::NoneMatched, MissingRole::Refuse) => return Err(Refusal::RoleMissing),
        };
        if to == *from { Ok(MembershipChange::Keep) } else { Ok(MembershipChange::Role { from: from.clone(), to }) }
    }

    fn require_asked(&self) -> Result<(), Refusal> {
        match self.asked {
            Asked::Solicited => Ok(()),
            Asked::Unsolicited => Err(Refusal::Unsolicited),
        }
    }
}

fn is_active(known: &Known) -> bool {
    matches!(known.membership, Membership::Member { status: MemberStatus::Active, .. })
}
