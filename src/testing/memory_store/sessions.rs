//! The tables of sessions and logouts.

use std::collections::HashMap;

use super::{MemoryStore, Use};
use crate::names::{ConnectionId, RequestId, SessionId};
use crate::profile::{Claim, Ended};
use crate::session::{LogoutTarget, PendingLogout, SamlSession, SessionDigest};
use crate::storage::{SessionStore, TakenLogout};
use crate::stored::StoredError;

#[derive(Clone, Debug, Default)]
pub(super) struct Sessions {
    sessions: HashMap<SessionId, Session>,
    logouts: HashMap<RequestId, (Vec<u8>, Use)>,
}

#[derive(Clone, Debug)]
struct Session {
    connection: ConnectionId,
    subject: SessionDigest,
    indexes: Vec<SessionDigest>,
    state: State,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Open,
    Ended,
}

impl Session {
    fn is_meant(&self, target: &LogoutTarget) -> bool {
        target.indexes().is_empty() || self.indexes.iter().any(|index| target.indexes().contains(index))
    }
}

impl Sessions {
    fn end(&mut self, target: &LogoutTarget) -> Ended {
        let of_subject =
            |session: &&mut Session| session.connection == *target.connection() && session.subject == *target.subject();
        let sessions: Vec<&mut Session> = self.sessions.values_mut().filter(of_subject).collect();
        if sessions.is_empty() {
            return Ended::UnknownSubject;
        }
        let mut ended = Ended::UnknownSession;
        for session in sessions.into_iter().filter(|session| session.is_meant(target)) {
            session.state = State::Ended;
            ended = Ended::All;
        }
        ended
    }
}

impl MemoryStore {
    /// Whether a session was opened and has not ended: what a host asks with every request of a browser.
    #[must_use]
    pub fn is_open(&self, session: &SessionId) -> bool {
        self.tables().sessions.sessions.get(session).is_some_and(|session| session.state == State::Open)
    }
}

impl SessionStore for MemoryStore {
    async fn open(&self, session: &SamlSession) -> Result<(), StoredError> {
        let row = Session {
            connection: session.connection().clone(),
            subject: session.subject(),
            indexes: session.indexes(),
            state: State::Open,
        };
        self.tables().sessions.sessions.entry(session.id().clone()).or_insert(row);
        Ok(())
    }

    async fn close(&self, session: &SessionId) -> Result<(), StoredError> {
        if let Some(session) = self.tables().sessions.sessions.get_mut(session) {
            session.state = State::Ended;
        }
        Ok(())
    }

    async fn end(&self, target: &LogoutTarget) -> Result<Ended, StoredError> {
        let mut tables = self.tables();
        Ok(match tables.claim(target.replay_key()) {
            Claim::First => tables.sessions.end(target),
            Claim::Replayed | Claim::RequestConsumed => Ended::Replayed,
        })
    }

    async fn keep_logout(&self, pending: &PendingLogout) -> Result<(), StoredError> {
        self.tables().sessions.logouts.insert(pending.request().clone(), (pending.to_bytes(), Use::Unused));
        Ok(())
    }

    async fn take_logout(&self, request: &RequestId) -> Result<TakenLogout, StoredError> {
        let mut tables = self.tables();
        Ok(match tables.sessions.logouts.get_mut(request) {
            None => TakenLogout::Unknown,
            Some((_, Use::Used)) => TakenLogout::Used,
            Some((value, use_)) => {
                *use_ = Use::Used;
                TakenLogout::Pending(PendingLogout::from_bytes(value)?)
            }
        })
    }
}
