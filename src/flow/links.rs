//! Links that wait for their proof, and reminders.

use std::fmt;

use chrono::{DateTime, Utc};

use super::FlowError;
use super::login::start_login;
use super::members::{ATTEMPTS, Entrance};
use crate::browser::BrowserCookie;
use crate::connection::Connection;
use crate::error::{Flow, Rejection};
use crate::events;
use crate::login::{LoginStart, StartError, Started};
use crate::names::{AccountId, ConnectionId};
use crate::pending::Purpose;
use crate::provisioning::{
    Change, Decision, Facts, LinkProof, LinkToken, MemberChange, PendingLink, Provisioning, Query, Refusal, Reminder,
    Session, decide_proven,
};
use crate::sp::ServiceProvider;
use crate::storage::{Applied, MemberStore, PeekedLink, Spend};

/// What came with a link that waits, or with a reminder.
#[derive(Clone, Copy)]
pub struct LinkVisit<'a> {
    /// The token of the form or the URL.
    pub token: &'a str,
    /// The value of the cookie [`BrowserCookie::NAME`].
    pub cookie: Option<&'a str>,
    /// Who is signed in.
    pub session: &'a Session,
}

/// Shows nothing of it: the token and the cookie are in it.
impl fmt::Debug for LinkVisit<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("LinkVisit(..)")
    }
}

/// A mail for the host to send, to the verified address of the account. Its URL leads to a page with a button; what the
/// button posts goes to [`confirm_link`] or [`follow_reminder`], because programs that look through mail follow URLs.
#[derive(Debug)]
#[must_use]
pub struct LinkMail {
    /// The account whose mail it is.
    pub account: AccountId,
    /// The secret for the URL.
    pub token: LinkToken,
}

/// A subject is linked to an account. It makes no session: the next login comes in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Linked {
    /// The account.
    pub account: AccountId,
    /// The connection.
    pub connection: ConnectionId,
    /// What the login was for that it began with.
    pub purpose: Purpose,
}

/// Who is to be reminded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remind {
    /// Every member without a link.
    Everybody,
    /// Those who had no reminder since.
    NotSince(DateTime<Utc>),
}

/// Links what the signed-in account confirms, or what the token of a mail proves. The host takes it by POST only.
///
/// # Errors
/// [`FlowError::Refused`]; [`FlowError::Rejected`] with `flow.browser_mismatch`, `flow.connection_mismatch`,
/// `flow.connection_draft`, `flow.connection_disabled`; [`FlowError::Store`], and then the same step can be repeated.
pub async fn confirm_link<S: MemberStore>(
    store: &S,
    entrance: Entrance<'_>,
    visit: LinkVisit<'_>,
    now: DateTime<Utc>,
) -> Result<Linked, FlowError<S::Error>> {
    let pending = find_link(store, visit.token).await?;
    let cookie = visit.cookie.and_then(BrowserCookie::from_value);
    let proof = pending.proven_by(entrance.sp.organization(), visit.session, cookie.as_ref(), now)?;
    let link = proof.link();
    let settings = entrance.settings(link.subject().connection(), link.purpose())?;
    let query = Query {
        organization: link.organization().clone(),
        subject: link.subject().clone(),
        email: link.email().clone(),
        account: Some(link.account().clone()),
    };
    for _ in 0..ATTEMPTS {
        let facts = store.facts(&query).await.map_err(FlowError::Store)?;
        let change = change(&proof, settings, &facts, now)?;
        match store.apply(Spend::Link(link.hash()), &change).await.map_err(FlowError::Store)? {
            Applied::Done | Applied::Created(_) => return Ok(linked(link)),
            Applied::AlreadyUsed(_) => return Err(Refusal::LinkUsed.into()),
            Applied::NoSeat => return Err(Refusal::NoSeat.into()),
            Applied::Conflict => {}
        }
    }
    Err(Refusal::Conflict.into())
}

async fn find_link<S: MemberStore>(store: &S, token: &str) -> Result<PendingLink, FlowError<S::Error>> {
    let token = LinkToken::from_value(token).ok_or(Refusal::LinkUnknown)?;
    match store.peek_link(&token.hash()).await.map_err(FlowError::Store)? {
        PeekedLink::Pending(pending) => Ok(*pending),
        PeekedLink::Used => Err(Refusal::LinkUsed.into()),
        PeekedLink::Unknown => Err(Refusal::LinkUnknown.into()),
    }
}

fn change(proof: &LinkProof, settings: &Provisioning, facts: &Facts, now: DateTime<Utc>) -> Result<Change, Refusal> {
    let link = proof.link();
    match decide_proven(proof, settings, facts, now) {
        Decision::SignIn(sign_in) => {
            let (organization, subject) = (link.organization().clone(), link.subject().clone());
            Ok(Change::Member(Box::new(MemberChange::new(organization, subject, link.email(), &sign_in, now))))
        }
        Decision::Refuse(refusal) => Err(refusal),
        // What was proven needs no proof, and is somebody already.
        Decision::Create(_) | Decision::ProveLink(_) => Err(Refusal::Conflict),
    }
}

fn linked(link: &PendingLink) -> Linked {
    let connection = link.subject().connection().clone();
    events::report_link(&connection);
    Linked { account: link.account().clone(), connection, purpose: link.purpose() }
}

/// Makes reminders for the active members of the organization who have no link at the connection, and says which mails
/// to send. Each ends the one before it.
///
/// # Errors
/// [`FlowError::Rejected`] for a connection that nobody can sign in through yet, [`FlowError::Store`],
/// [`FlowError::Start`].
pub async fn remind<S: MemberStore>(
    store: &S,
    sp: &ServiceProvider,
    connection: &Connection,
    whom: Remind,
    now: DateTime<Utc>,
) -> Result<Vec<LinkMail>, FlowError<S::Error>> {
    connection.admit(sp.organization(), Purpose::Link)?;
    let members = store.unlinked_members(sp.organization(), connection.id()).await.map_err(FlowError::Store)?;
    let (mut mails, mut reminders) = (Vec::new(), Vec::new());
    for member in members {
        if matches!(whom, Remind::NotSince(since) if member.reminded_at.is_some_and(|at| at >= since)) {
            continue;
        }
        let token = LinkToken::generate().map_err(StartError::from)?;
        let (organization, account) = (sp.organization().clone(), member.account);
        reminders.push(Reminder::new(&token, organization, connection.id().clone(), account.clone(), now));
        mails.push(LinkMail { account, token });
    }
    store.keep_reminders(&reminders).await.map_err(FlowError::Store)?;
    Ok(mails)
}

/// Starts the login that a reminder asks for. Its account has to be signed in, and confirms at the end.
///
/// # Errors
/// [`FlowError::Refused`], [`FlowError::Rejected`], [`FlowError::Start`], [`FlowError::Store`].
pub async fn follow_reminder<S: MemberStore>(
    store: &S,
    entrance: Entrance<'_>,
    visit: LinkVisit<'_>,
    now: DateTime<Utc>,
) -> Result<Started, FlowError<S::Error>> {
    let token = LinkToken::from_value(visit.token).ok_or(Refusal::LinkUnknown)?;
    let reminder = store.peek_reminder(&token.hash()).await.map_err(FlowError::Store)?.ok_or(Refusal::LinkUnknown)?;
    reminder.followed_by(entrance.sp.organization(), visit.session, now)?;
    let connection = entrance.connections.iter().find(|candidate| candidate.id() == reminder.connection());
    let connection = connection.ok_or_else(|| Rejection::new(Flow::ConnectionMismatch))?;
    let cookie = visit.cookie.and_then(BrowserCookie::from_value);
    let start = LoginStart::default().with_purpose(Purpose::Link).with_account(reminder.account().clone());
    start_login(store, entrance.sp, connection, start.with_cookie(cookie), now).await
}
