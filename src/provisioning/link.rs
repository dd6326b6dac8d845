//! Links that wait for their proof, and reminders.

use std::fmt;

use chrono::{DateTime, TimeDelta, Utc};

use super::refusal::Refusal;
use super::scope::Session;
use crate::browser::{BrowserBinding, BrowserCookie, random_hex, sha256_hex};
use crate::crypto::NoRandomness;
use crate::error::{Flow, Rejection};
use crate::mapping::{AssertedRole, EmailAddress, Identity, Role, SubjectKey};
use crate::names::{AccountId, ConnectionId, OrganizationId};
use crate::pending::Purpose;
use crate::stored::{Decoder, Encoder, StoredError};

/// How long a link waits for its proof.
const LIFETIME: TimeDelta = TimeDelta::minutes(10);
/// How long a reminder can be followed.
const REMINDER_LIFETIME: TimeDelta = TimeDelta::days(7);

/// A secret of 160 random bits for a form or a mail. The store has its [`LinkHash`] only.
#[derive(Clone, PartialEq, Eq)]
pub struct LinkToken(String);

/// The digest of a [`LinkToken`]: who reads the store can confirm nothing.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct LinkHash(String);

/// A subject that is to be linked to an account, once the account has proven that it wants it. Single use; bound to
/// the account, the subject and its connection, the organization and the browser that brought the identity.
#[derive(Clone, PartialEq, Eq)]
pub struct PendingLink {
    hash: LinkHash,
    kind: ProofKind,
    purpose: Purpose,
    organization: OrganizationId,
    account: AccountId,
    subject: SubjectKey,
    email: EmailAddress,
    role: AssertedRole,
    browser: BrowserBinding,
    expires_at: DateTime<Utc>,
}

/// What proves the account of a [`PendingLink`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ProofKind {
    /// Its session, when its holder posts the form of the page that says what is linked to what.
    Confirmation,
    /// The token mailed to its verified address, brought by the browser that brought the identity.
    Mail,
}

/// A link whose account has proven that it wants it. It comes from [`PendingLink::proven_by`] and nowhere else.
#[derive(Debug)]
pub struct LinkProof(PendingLink);

/// A reminder to link an account, for the mail of a member. It proves nothing: who follows it has to be signed in, and
/// confirms like everybody else. A newer one for the same account and connection ends it, and so does the link.
#[derive(Clone, PartialEq, Eq)]
pub struct Reminder {
    hash: LinkHash,
    organization: OrganizationId,
    connection: ConnectionId,
    account: AccountId,
    sent_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
}

impl LinkToken {
    /// Takes what came with a form or a URL, if it is one of ours.
    #[must_use]
    pub fn from_value(value: &str) -> Option<Self> {
        // Both are 160 random bits in hexadecimal.
        BrowserCookie::from_value(value).map(|_| Self(value.to_owned()))
    }

    pub(crate) fn generate() -> Result<Self, NoRandomness> {
        random_hex().map(Self)
    }

    /// The value for the form or the URL.
    #[must_use]
    pub fn value(&self) -> &str {
        &self.0
    }

    /// What is stored of it.
    #[must_use]
    pub fn hash(&self) -> LinkHash {
        LinkHash(sha256_hex(self.0.as_bytes()))
    }
}

impl fmt::Debug for LinkToken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkToken(..)")
    }
}

impl LinkHash {
    /// Takes a stored value.
    #[must_use]
    pub fn new(stored: impl Into<String>) -> Self {
        Self(stored.into())
    }

    /// The value to store.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

/// What a link is bound to besides the identity.
pub(crate) struct Binding {
    pub(crate) kind: ProofKind,
    pub(crate) purpose: Purpose,
    pub(crate) organization: OrganizationId,
    pub(crate) account: AccountId,
    pub(crate) browser: BrowserBinding,
}

impl PendingLink {
    const VERSION: u8 = 1;

    pub(crate) fn new(token: &LinkToken, identity: &Identity, bound: Binding, now: DateTime<Utc>) -> Self {
        Self {
            hash: token.hash(),
            kind: bound.kind,
            purpose: bound.purpose,
            organization: bound.organization,
            account: bound.account,
            subject: identity.subject().clone(),
            email: identity.email().clone(),
            role: identity.role().clone(),
            browser: bound.browser,
            // Beyond the calendar nothing can be confirmed.
            expires_at: now.checked_add_signed(LIFETIME).unwrap_or(now),
        }
    }

    /// Checks that the account of this link wants it: within ten minutes, in the browser that brought the identity, at
    /// the endpoint of the organization, and by the session of the account where a session has to prove it.
    ///
    /// # Errors
    /// `flow.browser_mismatch`, or a [`Refusal`]. The link waits on: somebody else must not end it.
    pub fn proven_by(
        self,
        organization: &OrganizationId,
        session: &Session,
        cookie: Option<&BrowserCookie>,
        now: DateTime<Utc>,
    ) -> Result<LinkProof, NotProven> {
        if self.organization != *organization {
            return Err(Refusal::LinkMismatch.into());
        }
        if cookie.map(BrowserCookie::binding).as_ref() != Some(&self.browser) {
            return Err(Rejection::new(Flow::BrowserMismatch).into());
        }
        if now >= self.expires_at {
            return Err(Refusal::LinkExpired.into());
        }
        match (session.proves(organization, now), self.kind) {
            (Some(account), _) if *account != self.account => Err(Refusal::SessionChanged.into()),
            (Some(_), ProofKind::Confirmation) if session.is_of(self.subject.connection()) => {
                Err(Refusal::SignInFirst.into())
            }
            (Some(_), _) => Ok(LinkProof(self)),
            (None, ProofKind::Mail) => Ok(LinkProof(self)),
            (None, ProofKind::Confirmation) => Err(Refusal::SignInFirst.into()),
        }
    }

    /// The key to store it under.
    #[must_use]
    pub fn hash(&self) -> &LinkHash {
        &self.hash
    }

    /// What proves it.
    #[must_use]
    pub fn kind(&self) -> ProofKind {
        self.kind
    }

    /// What the login that it comes from was for.
    #[must_use]
    pub fn purpose(&self) -> Purpose {
        self.purpose
    }

    /// The organization.
    #[must_use]
    pub fn organization(&self) -> &OrganizationId {
        &self.organization
    }

    /// The account that has to prove it.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// The subject to link.
    #[must_use]
    pub fn subject(&self) -> &SubjectKey {
        &self.subject
    }

    /// The asserted address.
    #[must_use]
    pub fn email(&self) -> &EmailAddress {
        &self.email
    }

    pub(super) fn role(&self) -> &AssertedRole {
        &self.role
    }

    /// From when on it is of no use.
    #[must_use]
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.expires_at
    }

    /// The value to store.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let encoder = Encoder::new(Self::VERSION)
            .text(&self.hash.0)
            .byte(match self.kind {
                ProofKind::Confirmation => 0,
                ProofKind::Mail => 1,
            })
            .byte(self.purpose.to_byte())
            .text(self.organization.as_str())
            .text(self.account.as_str());
        let encoder = self.subject.encode(encoder).text(self.email.as_str());
        let encoder = match &self.role {
            AssertedRole::NotMapped => encoder.byte(0),
            AssertedRole::NoneMatched => encoder.byte(1),
            AssertedRole::Withheld => encoder.byte(2),
            AssertedRole::Role(role) => encoder.byte(3).text(role.as_str()),
        };
        encoder.text(self.browser.as_str()).instant(self.expires_at).finish()
    }

    /// Reads a stored value.
    ///
    /// # Errors
    /// [`StoredError`].
    pub fn from_bytes(stored: &[u8]) -> Result<Self, StoredError> {
        let mut decoder = Decoder::new(stored, Self::VERSION)?;
        let link = Self {
            hash: LinkHash(decoder.text()?),
            kind: match decoder.byte()? {
                0 => ProofKind::Confirmation,
                1 => ProofKind::Mail,
                _ => return Err(StoredError::Damaged),
            },
            purpose: Purpose::from_byte(decoder.byte()?)?,
            organization: OrganizationId::new(decoder.text()?),
            account: AccountId::new(decoder.text()?),
            subject: SubjectKey::decode(&mut decoder)?,
            email: EmailAddress::parse(&decoder.text()?).map_err(|_| StoredError::Damaged)?,
            role: match decoder.byte()? {
                0 => AssertedRole::NotMapped,
                1 => AssertedRole::NoneMatched,
                2 => AssertedRole::Withheld,
                3 => AssertedRole::Role(Role::new(decoder.text()?)),
                _ => return Err(StoredError::Damaged),
            },
            browser: BrowserBinding::new(decoder.text()?),
            expires_at: decoder.instant()?,
        };
        decoder.finish()?;
        Ok(link)
    }
}

/// Shows what is bound to what, and nothing of the user.
impl fmt::Debug for PendingLink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut link = f.debug_struct("PendingLink");
        link.field("kind", &self.kind).field("organization", &self.organization).field("account", &self.account);
        link.field("subject", &self.subject).field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// Why a link was not proven.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NotProven {
    /// It came from another browser.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// It may not be linked.
    #[error(transparent)]
    Refused(#[from] Refusal),
}

impl LinkProof {
    /// What was proven.
    #[must_use]
    pub fn link(&self) -> &PendingLink {
        &self.0
    }
}

impl Reminder {
    pub(crate) fn new(
        token: &LinkToken,
        organization: OrganizationId,
        connection: ConnectionId,
        account: AccountId,
        now: DateTime<Utc>,
    ) -> Self {
        let expires_at = now.checked_add_signed(REMINDER_LIFETIME).unwrap_or(now);
        Self { hash: token.hash(), organization, connection, account, sent_at: now, expires_at }
    }

    /// Reads what a store has kept of it.
    #[must_use]
    pub fn stored(
        hash: LinkHash,
        organization: OrganizationId,
        connection: ConnectionId,
        account: AccountId,
        sent_at: DateTime<Utc>,
    ) -> Self {
        let expires_at = sent_at.checked_add_signed(REMINDER_LIFETIME).unwrap_or(sent_at);
        Self { hash, organization, connection, account, sent_at, expires_at }
    }

    /// Checks that it is for this organization, within its seven days, and followed by the account that it was sent to.
    ///
    /// # Errors
    /// [`Refusal::LinkMismatch`], [`Refusal::LinkExpired`], [`Refusal::SignInFirst`], [`Refusal::SessionChanged`].
    pub fn followed_by(
        &self,
        organization: &OrganizationId,
        session: &Session,
        now: DateTime<Utc>,
    ) -> Result<(), Refusal> {
        if self.organization != *organization {
            return Err(Refusal::LinkMismatch);
        }
        if now >= self.expires_at {
            return Err(Refusal::LinkExpired);
        }
        match session.proves(organization, now) {
            Some(account) if *account == self.account => Ok(()),
            Some(_) => Err(Refusal::SessionChanged),
            None => Err(Refusal::SignInFirst),
        }
    }

    /// The key to find it by.
    #[must_use]
    pub fn hash(&self) -> &LinkHash {
        &self.hash
    }

    /// The organization.
    #[must_use]
    pub fn organization(&self) -> &OrganizationId {
        &self.organization
    }

    /// The connection to link the account at.
    #[must_use]
    pub fn connection(&self) -> &ConnectionId {
        &self.connection
    }

    /// The account that is reminded.
    #[must_use]
    pub fn account(&self) -> &AccountId {
        &self.account
    }

    /// When it was made.
    #[must_use]
    pub fn sent_at(&self) -> DateTime<Utc> {
        self.sent_at
    }
}

impl fmt::Debug for Reminder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut reminder = f.debug_struct("Reminder");
        reminder.field("connection", &self.connection).field("account", &self.account).finish_non_exhaustive()
    }
}
