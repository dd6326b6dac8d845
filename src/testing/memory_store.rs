//! A store for tests: in the memory of one process, gone with it.

mod connections;
mod members;
#[cfg(feature = "scim")]
mod scim;
mod sessions;
#[cfg(feature = "scim")]
mod teams;

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::names::{AssertionId, ConnectionId, RequestId};
use crate::pending::{PendingKey, PendingLogin};
use crate::profile::{Claim, ReplayKey};
use crate::storage::{LoginStore, Peeked, Store};
use crate::stored::StoredError;
use connections::Connections;
use members::Members;
use sessions::Sessions;

/// A store for tests and for trying things out: not for two instances of a host, and
/// nothing is ever removed.
#[derive(Debug, Default)]
pub struct MemoryStore(Mutex<Tables>);

#[derive(Clone, Debug, Default)]
struct Tables {
    connections: Connections,
    members: Members,
    pending: HashMap<RequestId, Row>,
    replay: HashSet<(ConnectionId, AssertionId)>,
    sessions: Sessions,
    #[cfg(feature = "scim")]
    scim: scim::Scim,
    #[cfg(feature = "scim")]
    teams: teams::TeamRows,
}

#[derive(Clone, Debug)]
struct Row {
    key: PendingKey,
    value: Vec<u8>,
    use_: Use,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    Unused,
    Used,
}

impl MemoryStore {
    /// An empty store.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    fn tables(&self) -> MutexGuard<'_, Tables> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tables {
    fn unused(&mut self, key: &PendingKey) -> Option<&mut Row> {
        self.pending.get_mut(key.request()).filter(|row| row.key == *key && row.use_ == Use::Unused)
    }

    fn complete(&mut self, key: &PendingKey, replay_key: &ReplayKey) -> Claim {
        let Some(row) = self.unused(key) else { return Claim::RequestConsumed };
        row.use_ = Use::Used;
        self.claim(replay_key)
    }

    fn claim(&mut self, key: &ReplayKey) -> Claim {
        match self.replay.insert((key.connection().clone(), key.assertion().clone())) {
            true => Claim::First,
            false => Claim::Replayed,
        }
    }
}

impl Store for MemoryStore {
    type Error = StoredError;
}

impl LoginStore for MemoryStore {
    async fn keep(&self, pending: &PendingLogin) -> Result<(), StoredError> {
        let row = Row { key: pending.key().clone(), value: pending.to_bytes(), use_: Use::Unused };
        self.tables().pending.insert(pending.key().request().clone(), row);
        Ok(())
    }

    async fn peek(&self, request: &RequestId) -> Result<Peeked, StoredError> {
        let tables = self.tables();
        Ok(match tables.pending.get(request) {
            None => Peeked::Unknown,
            Some(row) if row.use_ == Use::Used => Peeked::Used,
            Some(row) => Peeked::Pending(PendingLogin::from_bytes(&row.value)?),
        })
    }

    async fn take(&self, key: &PendingKey) -> Result<(), StoredError> {
        if let Some(row) = self.tables().unused(key) {
            row.use_ = Use::Used;
        }
        Ok(())
    }

    async fn complete(&self, key: &PendingKey, replay_key: &ReplayKey) -> Result<Claim, StoredError> {
        Ok(self.tables().complete(key, replay_key))
    }

    async fn claim(&self, replay_key: &ReplayKey) -> Result<Claim, StoredError> {
        Ok(self.tables().claim(replay_key))
    }
}
