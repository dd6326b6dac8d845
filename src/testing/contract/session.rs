//! What a store of sessions has to do.

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};

use super::{RIVALS, Violation, all, expect};
use crate::assertion::NameId;
use crate::browser::random_hex;
use crate::names::{AssertionId, ConnectionId, EntityId, RequestId, SessionId, SessionIndex};
use crate::profile::{Ended, ReplayKey};
use crate::session::{LogoutTarget, PendingLogout, SamlSession, SessionDigest};
use crate::storage::{SessionStore, TakenLogout};

/// Runs a store through its contract. It may hold other sessions; the ones made here have random names. What the
/// store calls an open session is the host's affair: `is_open` has to say it.
///
/// ```
/// use saml_sp::flow::block_on;
/// use saml_sp::testing::{MemoryStore, session_store_contract};
/// let store = MemoryStore::new();
/// block_on(session_store_contract(&store, async |session| Ok(store.is_open(session)))).unwrap();
/// ```
///
/// # Errors
/// What the store did instead of what it should, or its own error.
pub async fn session_store_contract<S, F>(store: &S, is_open: F) -> Result<(), Violation>
where
    S: SessionStore,
    F: AsyncFn(&SessionId) -> Result<bool, S::Error>,
{
    let case = Case { store, is_open, name: random_hex()?, now: Utc::now().trunc_subsecs(0) };
    case.opens_and_closes().await?;
    case.ends_what_is_named().await?;
    case.ends_every_session_of_the_user().await?;
    case.ends_nobody_else().await?;
    case.tells_unknown_from_ended().await?;
    case.ends_once_for_a_request().await?;
    case.keeps_logouts().await?;
    case.lets_one_of_many_take_a_logout().await
}

struct Case<'s, S, F> {
    store: &'s S,
    is_open: F,
    name: String,
    now: DateTime<Utc>,
}

impl<S, F> Case<'_, S, F>
where
    S: SessionStore,
    F: AsyncFn(&SessionId) -> Result<bool, S::Error>,
{
    async fn opens_and_closes(&self) -> Result<(), Violation> {
        self.store.close(&self.id("closes")).await?;
        self.opened("closes", "connection", "alice", &["1"]).await?;
        self.opened("closes-not", "connection", "alice", &["1"]).await?;
        for _ in 0..2 {
            self.store.close(&self.id("closes")).await?;
            self.expect_open("a session that was closed", "closes", false).await?;
        }
        self.store.open(&self.session("closes", "connection", "alice", &["1"])).await?;
        self.expect_open("a session that was closed, and is opened again by a repeated step", "closes", false).await?;
        self.expect_open("another session of the same user", "closes-not", true).await
    }

    async fn ends_what_is_named(&self) -> Result<(), Violation> {
        self.opened("one", "named", "alice", &["a", "b"]).await?;
        self.opened("two", "named", "alice", &["c"]).await?;
        self.opened("three", "named", "alice", &["d%_"]).await?;
        self.opened("none", "named", "alice", &[]).await?;
        let ended = self.store.end(&self.target("named", "alice", &["b", "unknown", "%"])).await?;
        expect("ending one session by the second of its indexes", &Ended::All, &ended)?;
        for (session, open) in [("one", false), ("two", true), ("three", true), ("none", true)] {
            self.expect_open("after one session was ended by its index", session, open).await?;
        }
        Ok(())
    }

    async fn ends_every_session_of_the_user(&self) -> Result<(), Violation> {
        for session in ["x", "y", "z"] {
            self.opened(session, "every", "alice", if session == "x" { &[] } else { &["1"] }).await?;
        }
        let ended = self.store.end(&self.target("every", "alice", &[])).await?;
        expect("ending all sessions of a user", &Ended::All, &ended)?;
        for session in ["x", "y", "z"] {
            self.expect_open("after all sessions were ended", session, false).await?;
        }
        Ok(())
    }

    async fn ends_nobody_else(&self) -> Result<(), Violation> {
        self.opened("here", "here", "alice", &["1"]).await?;
        self.opened("there", "there", "alice", &["1"]).await?;
        self.opened("bob", "here", "bob", &["1"]).await?;
        expect("ending", &Ended::All, &self.store.end(&self.target("here", "alice", &[])).await?)?;
        self.expect_open("the same name and index over another connection", "there", true).await?;
        self.expect_open("another user of the same connection and index", "bob", true).await
    }

    async fn tells_unknown_from_ended(&self) -> Result<(), Violation> {
        self.opened("known", "unknown", "alice", &["1"]).await?;
        let nobody = self.store.end(&self.target("unknown", "Alice", &["1"])).await?;
        expect("ending a user in other letters", &Ended::UnknownSubject, &nobody)?;
        let elsewhere = self.store.end(&self.target("never", "alice", &["1"])).await?;
        expect("ending over another connection", &Ended::UnknownSubject, &elsewhere)?;
        let session = self.store.end(&self.target("unknown", "alice", &["2"])).await?;
        expect("ending by an unknown index", &Ended::UnknownSession, &session)?;
        self.expect_open("after all that", "known", true).await?;
        for _ in 0..2 {
            let ended = self.store.end(&self.target("unknown", "alice", &["1"])).await?;
            expect("ending, and ending what has ended", &Ended::All, &ended)?;
        }
        Ok(())
    }

    async fn ends_once_for_a_request(&self) -> Result<(), Violation> {
        self.opened("first", "replay", "alice", &["1"]).await?;
        let target = self.target("replay", "alice", &[]);
        expect("the first request", &Ended::All, &self.store.end(&target).await?)?;
        self.opened("second", "replay", "alice", &["1"]).await?;
        expect("the same request", &Ended::Replayed, &self.store.end(&target).await?)?;
        self.expect_open("a session that was opened after the request", "second", true).await?;

        self.opened("rivals", "rivals", "alice", &["1"]).await?;
        let target = self.target("rivals", "alice", &[]);
        let ended = all((0..RIVALS).map(|_| self.store.end(&target)).collect()).await;
        let ended = ended.into_iter().collect::<Result<Vec<_>, _>>()?;
        let first = ended.iter().filter(|ended| **ended == Ended::All).count();
        let replayed = ended.iter().filter(|ended| **ended == Ended::Replayed).count();
        expect("first and replayed requests at once", &(1, RIVALS.saturating_sub(1)), &(first, replayed))
    }

    async fn keeps_logouts(&self) -> Result<(), Violation> {
        let request = self.request("kept");
        expect("a logout never kept", &TakenLogout::Unknown, &self.store.take_logout(&request).await?)?;
        let pending = || self.pending("kept").with_host_state(Some("\0 and 'quotes\" and \u{10ffff}".into()));
        self.store.keep_logout(&pending()).await?;
        let taken = self.store.take_logout(&request).await?;
        expect("a logout that was kept", &TakenLogout::Pending(pending()), &taken)?;
        expect("a logout taken twice", &TakenLogout::Used, &self.store.take_logout(&request).await?)
    }

    async fn lets_one_of_many_take_a_logout(&self) -> Result<(), Violation> {
        self.store.keep_logout(&self.pending("race")).await?;
        let request = self.request("race");
        let taken = all((0..RIVALS).map(|_| self.store.take_logout(&request)).collect()).await;
        let taken = taken.into_iter().collect::<Result<Vec<_>, _>>()?;
        let pending = taken.iter().filter(|taken| matches!(taken, TakenLogout::Pending(_))).count();
        expect("those who got a logout that many took at once", &1, &pending)
    }

    async fn opened(&self, id: &str, connection: &str, user: &str, indexes: &[&str]) -> Result<(), Violation> {
        let session = self.session(id, connection, user, indexes);
        self.store.open(&session).await?;
        expect("whether a session is open that was opened", &true, &(self.is_open)(session.id()).await?)
    }

    fn session(&self, id: &str, connection: &str, user: &str, indexes: &[&str]) -> SamlSession {
        let indexes = indexes.iter().map(|index| SessionIndex::new(*index)).collect();
        SamlSession::new(self.id(id), self.connection(connection), idp(), Some(NameId::new(user)), indexes)
    }

    async fn expect_open(&self, when: &str, session: &str, expected: bool) -> Result<(), Violation> {
        let what = format!("{when}: whether {session} is open");
        expect(&what, &expected, &(self.is_open)(&self.id(session)).await?)
    }

    /// A target with a replay key of its own.
    fn target(&self, connection: &str, user: &str, indexes: &[&str]) -> LogoutTarget {
        let subject = SessionDigest::of_name(&idp(), Some(&NameId::new(user)));
        let indexes = indexes.iter().map(|index| SessionDigest::of_index(&SessionIndex::new(*index))).collect();
        let keep_until = self.later();
        let id = random_hex().unwrap_or_else(|_| format!("{}-{connection}-{user}", self.name));
        LogoutTarget::new(
            subject,
            indexes,
            ReplayKey::new(self.connection(connection), AssertionId::new(format!("logout _{id}")), keep_until),
        )
    }

    fn pending(&self, name: &str) -> PendingLogout {
        PendingLogout::new(self.request(name), self.connection(name), self.later())
    }

    fn later(&self) -> DateTime<Utc> {
        self.now.checked_add_signed(TimeDelta::minutes(5)).unwrap_or(self.now)
    }

    fn id(&self, name: &str) -> SessionId {
        SessionId::new(format!("{}-{name}", self.name))
    }

    fn request(&self, name: &str) -> RequestId {
        RequestId::new(format!("_{}-{name}", self.name))
    }

    fn connection(&self, name: &str) -> ConnectionId {
        ConnectionId::new(format!("{}-{name}", self.name))
    }
}

fn idp() -> EntityId {
    EntityId::new("https://idp.example.com/")
}
