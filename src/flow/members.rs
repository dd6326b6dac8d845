//! The whole step at the assertion consumer service, from the form to the member.

use chrono::{DateTime, Utc};

use super::FlowError;
use super::key_service::{Host, KeyService};
use super::links::{LinkMail, Linked};
use super::login::{Answered, Arrival, Verified, verify_arrival};
use crate::connection::Connection;
use crate::error::{Flow, Rejection};
use crate::events::{self, SecurityEvent};
use crate::login::{Finished, StartError, Started};
use crate::mapping::{Identity, MappingError};
use crate::names::{AccountId, ConnectionId};
use crate::pending::Purpose;
use crate::profile::{Claim, Login};
use crate::provisioning::{
    Asked, Binding, Case, Change, Decision, Facts, LinkChange, LinkToken, MemberChange, NewMember, NotProven,
    Onboarding, PendingLink, ProofKind, ProveLink, Provisioning, Query, Refusal, Session, SessionScope, SignIn, decide,
};
use crate::sp::ServiceProvider;
use crate::storage::{Applied, MemberStore, Spend};

/// How often a decision is made anew because something changed under it.
pub(super) const ATTEMPTS: usize = 16;

/// One organization's way in.
#[derive(Clone, Copy, Debug)]
pub struct Entrance<'a> {
    /// The service provider of the organization whose endpoint it is.
    pub sp: &'a ServiceProvider,
    /// The organization's connections.
    pub connections: &'a [Connection],
    /// What becomes of the users of each connection. One that has none here lets nobody in.
    pub onboarding: &'a [Onboarding],
}

/// What came to the assertion consumer service.
#[derive(Clone, Copy, Debug)]
pub struct Visit<'a> {
    /// The form and the cookie of the login.
    pub arrival: Arrival<'a>,
    /// Who is signed in. The response is a cross-site POST: a session cookie comes along only if it is `SameSite=None`,
    /// or if the host answers the POST with a page of its own that posts the form once more.
    pub session: &'a Session,
}

/// What a response led to, and what to do next.
#[derive(Debug)]
#[must_use]
pub enum Entered {
    /// Make a session with a new ID (a session ID from before the login never goes on) and keep the scope with it.
    SignedIn(SignedIn),
    /// The identity was linked to the account that asked for it before: nothing is left to do.
    Linked(Linked),
    /// The connection works. Whoever tried it out is linked to it, and no session comes of it.
    Tested(Finished),
    /// A test login came, and the mapping makes no user of it. Show what is missing beside what arrived: the mapping can be
    /// corrected and tried on the same login again. The connection stays as it was.
    Unmapped(Unmapped),
    /// Show the account that is signed in what is to be linked, and have it post the token: see [`confirm_link`](super::confirm_link).
    Confirm(ConfirmLink),
    /// Show the one page that says to sign in to an account which may exist, and to look for a mail.
    AskProof(AskProof),
    /// Nobody had asked for the login, and the policy says to ask: send the browser on.
    Restarted(Started),
}

/// A test login that the mapping makes no user of.
#[derive(Debug)]
#[must_use]
pub struct Unmapped {
    /// What arrived, for the report and the preview of the mapping.
    pub login: Login,
    /// What is missing.
    pub error: MappingError,
}

/// A member who came in.
#[derive(Debug)]
#[must_use]
pub struct SignedIn {
    /// What the session is good for, and whose it is.
    pub scope: SessionScope,
    /// How.
    pub entry: Entry,
    /// The login with what the host kept.
    pub finished: Finished,
}

/// How a member came in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Entry {
    /// By a link that was there.
    Returned,
    /// By a link that was made now, on the word of the organization that owns the mail domain.
    Linked,
    /// As a new account.
    Created,
    /// Signed in before, and authenticated again: towards this organization, and towards no other.
    SteppedUp,
}

/// A link that waits for its account to confirm.
#[derive(Debug)]
#[must_use]
pub struct ConfirmLink {
    /// The secret for the form of the page. It is posted, never in a URL; ten minutes.
    pub token: LinkToken,
    /// The account that is signed in.
    pub account: AccountId,
    /// The login with what the host kept; for the page, which shows whose identity it is.
    pub finished: Finished,
}

/// Somebody may be known here.
///
/// The page that asks for the proof is the same, whether or not there is a mail to send: it tells nobody whether an
/// account exists.
#[derive(Debug)]
#[must_use]
pub struct AskProof {
    /// The mail to send, if there is an address to send it to.
    pub mail: Option<LinkMail>,
    /// The login with what the host kept.
    pub finished: Finished,
}

impl Entered {
    /// The event for the security log that this is, if it is one.
    #[must_use]
    pub fn security_event(&self) -> Option<SecurityEvent> {
        match self {
            Self::SignedIn(SignedIn { entry: Entry::Linked | Entry::Created, .. }) => Some(SecurityEvent::FirstLink),
            _ => None,
        }
    }
}

/// Takes a response all the way: verifies it, reads the identity, decides, and writes what follows together with
/// using the login up, so that nothing is lost when the store fails.
///
/// # Errors
/// [`FlowError::Rejected`] for the message, [`FlowError::Mapping`] (but see [`Entered::Unmapped`]) and [`FlowError::Refused`] for its user, [`FlowError::Store`],
/// [`FlowError::Start`].
pub async fn sign_in<S: MemberStore>(
    store: &S,
    entrance: Entrance<'_>,
    visit: Visit<'_>,
    now: DateTime<Utc>,
) -> Result<Entered, FlowError<S::Error>> {
    receive(Host::with_store(store), entrance, visit, now).await
}

/// As [`sign_in`], for a service provider with a decryption key that a service in the network holds.
///
/// # Errors
/// As [`sign_in`].
pub async fn sign_in_asking<S: MemberStore, K: KeyService>(
    store: &S,
    keys: &K,
    entrance: Entrance<'_>,
    visit: Visit<'_>,
    now: DateTime<Utc>,
) -> Result<Entered, FlowError<S::Error>> {
    receive(Host { store, keys: Some(keys) }, entrance, visit, now).await
}

async fn receive<S: MemberStore, K: KeyService>(
    host: Host<'_, S, K>,
    entrance: Entrance<'_>,
    visit: Visit<'_>,
    now: DateTime<Utc>,
) -> Result<Entered, FlowError<S::Error>> {
    let (store, Entrance { sp, connections, .. }) = (host.store, entrance);
    let outcome = match verify_arrival(host, sp, connections, visit.arrival, now).await {
        Ok(Verified::Answered(answered)) => enter(store, entrance, visit.session, *answered, now).await,
        Ok(Verified::Restarted(started)) => Ok(Entered::Restarted(*started)),
        Err(error) => Err(error),
    };
    if let Err(FlowError::Rejected(rejection)) = &outcome {
        events::report_rejection(rejection);
    }
    outcome
}

impl<'a> Entrance<'a> {
    /// The connection, if it may be used for this, and its settings.
    pub(super) fn settings(&self, connection: &ConnectionId, purpose: Purpose) -> Result<&'a Provisioning, NotProven> {
        let found = self.connections.iter().find(|candidate| candidate.id() == connection);
        let found = found.ok_or_else(|| Rejection::new(Flow::ConnectionMismatch).finding(connection.as_str()))?;
        found.admit(self.sp.organization(), purpose)?;
        Ok(self.onboarding(connection)?.provisioning())
    }

    fn onboarding(&self, connection: &ConnectionId) -> Result<&'a Onboarding, Refusal> {
        let mut matching = self.onboarding.iter().filter(|candidate| {
            let settings = candidate.provisioning();
            settings.connection() == connection && settings.organization() == self.sp.organization()
        });
        matching.next().ok_or(Refusal::NotConfigured)
    }

    fn identity<E>(&self, login: &Login) -> Result<(&'a Provisioning, Identity), FlowError<E>> {
        let onboarding = self.onboarding(login.connection())?;
        Ok((onboarding.provisioning(), onboarding.mapping().apply(login)?.into_identity()))
    }
}

async fn enter<S: MemberStore>(
    store: &S,
    entrance: Entrance<'_>,
    session: &Session,
    answered: Answered,
    now: DateTime<Utc>,
) -> Result<Entered, FlowError<S::Error>> {
    let (settings, identity) = match entrance.identity(answered.login()) {
        Ok(found) => found,
        Err(FlowError::Mapping(error)) if tests(&answered, entrance, session, now) => {
            return unmapped(store, answered, error).await;
        }
        Err(refused) => return give_up(store, answered, refused).await,
    };
    let organization = entrance.sp.organization();
    let query = Query {
        organization: organization.clone(),
        subject: identity.subject().clone(),
        email: identity.email().clone(),
        account: session.proves(organization, now).cloned(),
    };
    for _ in 0..ATTEMPTS {
        let facts = store.facts(&query).await.map_err(FlowError::Store)?;
        let step = Step { answered: &answered, identity: &identity, settings, now };
        let (change, next) = step.plan(step.decide(&facts))?;
        match store.apply(spend(&answered), &change).await.map_err(FlowError::Store)? {
            Applied::Done => return conclude(answered, settings, next),
            Applied::Created(account) => return conclude(answered, settings, next.made(account)),
            Applied::AlreadyUsed(claim) => return Err(used(answered, claim)),
            Applied::NoSeat => return give_up(store, answered, Refusal::NoSeat.into()).await,
            Applied::Conflict => {}
        }
    }
    Err(Refusal::Conflict.into())
}

/// Whether this is the test login of the account that is signed in.
fn tests(answered: &Answered, entrance: Entrance<'_>, session: &Session, now: DateTime<Utc>) -> bool {
    let account = session.proves(entrance.sp.organization(), now);
    answered.purpose() == Purpose::Test && account.is_some() && account == answered.account()
}

async fn unmapped<S: MemberStore>(
    store: &S,
    answered: Answered,
    error: MappingError,
) -> Result<Entered, FlowError<S::Error>> {
    match store.apply(spend(&answered), &Change::Nothing).await.map_err(FlowError::Store)? {
        Applied::AlreadyUsed(claim) => Err(used(answered, claim)),
        _ => {
            let login = answered.claimed(Claim::First)?.into_login(Purpose::Test)?;
            Ok(Entered::Unmapped(Unmapped { login, error }))
        }
    }
}

/// Uses the login up all the same: what is refused once is not to be tried again and again.
async fn give_up<S: MemberStore>(
    store: &S,
    answered: Answered,
    refused: FlowError<S::Error>,
) -> Result<Entered, FlowError<S::Error>> {
    match store.apply(spend(&answered), &Change::Nothing).await.map_err(FlowError::Store)? {
        Applied::AlreadyUsed(claim) => Err(used(answered, claim)),
        _ => Err(refused),
    }
}

fn spend(answered: &Answered) -> Spend<'_> {
    match answered.pending() {
        Some(key) => Spend::Answer(key, answered.replay_key()),
        None => Spend::Assertion(answered.replay_key()),
    }
}

fn used<E>(answered: Answered, claim: Claim) -> FlowError<E> {
    match answered.claimed(claim) {
        Err(rejection) => rejection.into(),
        Ok(_) => Refusal::Conflict.into(),
    }
}

/// What a decision becomes once it is written.
enum Next {
    Enter(AccountId, Entry),
    /// The store says which account it has made.
    EnterNew,
    Confirm(AccountId, LinkToken),
    AskProof(Option<LinkMail>),
    Refuse(Refusal),
}

impl Next {
    fn made(self, account: AccountId) -> Self {
        match self {
            Self::EnterNew => Self::Enter(account, Entry::Created),
            other => other,
        }
    }
}

#[derive(Clone, Copy)]
struct Step<'a> {
    answered: &'a Answered,
    identity: &'a Identity,
    settings: &'a Provisioning,
    now: DateTime<Utc>,
}

impl Step<'_> {
    fn decide(&self, facts: &Facts) -> Decision {
        decide(&Case {
            identity: self.identity,
            purpose: self.answered.purpose(),
            asked: if self.answered.pending().is_some() { Asked::Solicited } else { Asked::Unsolicited },
            started_for: self.answered.account(),
            settings: self.settings,
            facts,
            now: self.now,
        })
    }

    fn plan(&self, decision: Decision) -> Result<(Change, Next), StartError> {
        Ok(match decision {
            Decision::SignIn(sign_in) => self.plan_entry(sign_in),
            Decision::Create(create) => {
                let organization = self.settings.organization().clone();
                let member = NewMember::new(organization, self.identity.clone(), &create, self.now);
                (Change::Create(Box::new(member)), Next::EnterNew)
            }
            Decision::ProveLink(ProveLink::Confirm(account)) => {
                let (change, token) = self.pending_link(&account, ProofKind::Confirmation)?;
                (change, Next::Confirm(account, token))
            }
            Decision::ProveLink(ProveLink::Mail(account)) => {
                let (change, token) = self.pending_link(&account, ProofKind::Mail)?;
                (change, Next::AskProof(Some(LinkMail { account, token })))
            }
            Decision::ProveLink(ProveLink::SignIn) => (Change::Nothing, Next::AskProof(None)),
            Decision::Refuse(refusal) => (Change::Nothing, Next::Refuse(refusal)),
        })
    }

    fn plan_entry(&self, sign_in: SignIn) -> (Change, Next) {
        let entry = match (self.answered.purpose(), sign_in.link) {
            (Purpose::StepUp, _) => Entry::SteppedUp,
            (_, LinkChange::Use) => Entry::Returned,
            (_, LinkChange::Make | LinkChange::Replace) => Entry::Linked,
        };
        let (organization, subject) = (self.settings.organization().clone(), self.identity.subject().clone());
        let change = MemberChange::new(organization, subject, self.identity.email(), &sign_in, self.now);
        (Change::Member(Box::new(change)), Next::Enter(sign_in.account, entry))
    }

    fn pending_link(&self, account: &AccountId, kind: ProofKind) -> Result<(Change, LinkToken), StartError> {
        let token = LinkToken::generate()?;
        // A login that nobody asked for has no browser and links nothing, see `decide`.
        let Some(pending) = self.answered.pending() else { return Ok((Change::Nothing, token)) };
        let bound = Binding {
            kind,
            purpose: self.answered.purpose(),
            organization: self.settings.organization().clone(),
            account: account.clone(),
            browser: pending.browser().clone(),
        };
        let link = PendingLink::new(&token, self.identity, bound, self.now);
        Ok((Change::Keep(Box::new(link)), token))
    }
}

fn conclude<E>(answered: Answered, settings: &Provisioning, next: Next) -> Result<Entered, FlowError<E>> {
    let finished = answered.claimed(Claim::First)?;
    events::report_login(finished.login());
    Ok(match next {
        Next::Enter(account, entry) => entered(account, entry, settings, finished),
        // A store that made no account has not done what it was asked for.
        Next::EnterNew => return Err(Refusal::Conflict.into()),
        Next::Confirm(account, token) => Entered::Confirm(ConfirmLink { token, account, finished }),
        Next::AskProof(mail) => Entered::AskProof(AskProof { mail, finished }),
        Next::Refuse(refusal) => return Err(refusal.into()),
    })
}

fn entered(account: AccountId, entry: Entry, settings: &Provisioning, finished: Finished) -> Entered {
    let connection = settings.connection().clone();
    if matches!(entry, Entry::Linked | Entry::Created) {
        events::report_link(&connection);
    }
    match finished.purpose() {
        Purpose::Link => Entered::Linked(Linked { account, connection, purpose: Purpose::Link }),
        Purpose::Test => Entered::Tested(finished),
        Purpose::Login | Purpose::StepUp => {
            let end = finished.login().session_not_on_or_after();
            let scope = SessionScope::new(settings.organization().clone(), connection, account, end);
            Entered::SignedIn(SignedIn { scope, entry, finished })
        }
    }
}
