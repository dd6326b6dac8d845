//! A store in a directory: one file for each login, used assertion, session and logout.
//!
//! The atomic steps are the file system's: renaming a file, and creating one that must not exist.

use std::fmt::Write as _;
use std::fs::{self, File};
use std::io::{self, ErrorKind};
use std::path::{Path, PathBuf};

use saml_sp::logout::{Ended, LogoutTarget, PendingLogout};
use saml_sp::storage::{LoginStore, Peeked, SessionStore, Store, TakenLogout};
use saml_sp::{Claim, PendingKey, PendingLogin, ReplayKey, RequestId, SamlSession, SessionId};

/// The directory.
pub(crate) struct FileStore(PathBuf);

impl FileStore {
    pub(crate) fn open(directory: &Path) -> io::Result<Self> {
        fs::create_dir_all(directory)?;
        Ok(Self(directory.to_owned()))
    }

    /// Names come from messages, so that none may become part of a path as it is.
    fn file(&self, name: &str, extension: &str) -> PathBuf {
        let mut hex = String::with_capacity(name.len().saturating_mul(2));
        for octet in name.bytes().take(120) {
            // Writing into a string can't fail.
            let _ = write!(hex, "{octet:02x}");
        }
        self.0.join(format!("{hex}.{extension}"))
    }

    fn unused(&self, request: &RequestId) -> PathBuf {
        self.file(request.as_str(), "pending")
    }

    fn used(&self, request: &RequestId) -> PathBuf {
        self.file(request.as_str(), "used")
    }

    /// Marks the login as used; false if there is no unused one under the whole key.
    fn mark(&self, key: &PendingKey) -> io::Result<bool> {
        let unused = self.unused(key.request());
        let Some(pending) = read(&unused)? else { return Ok(false) };
        if pending.key() != key {
            return Ok(false);
        }
        Ok(found(fs::rename(unused, self.used(key.request())))?.is_some())
    }

    fn note(&self, key: &ReplayKey) -> io::Result<Claim> {
        let name = format!("{} {}", key.connection(), key.assertion());
        match File::create_new(self.file(&name, "replay")) {
            Ok(_) => Ok(Claim::First),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(Claim::Replayed),
            Err(error) => Err(error),
        }
    }
}

impl Store for FileStore {
    type Error = io::Error;
}

impl LoginStore for FileStore {
    async fn keep(&self, pending: &PendingLogin) -> io::Result<()> {
        fs::write(self.unused(pending.key().request()), pending.to_bytes())
    }

    async fn peek(&self, request: &RequestId) -> io::Result<Peeked> {
        Ok(match read(&self.unused(request))? {
            Some(pending) => Peeked::Pending(pending),
            None if self.used(request).exists() => Peeked::Used,
            None => Peeked::Unknown,
        })
    }

    async fn take(&self, key: &PendingKey) -> io::Result<()> {
        self.mark(key).map(drop)
    }

    async fn complete(&self, key: &PendingKey, replay_key: &ReplayKey) -> io::Result<Claim> {
        if !self.mark(key)? {
            return Ok(Claim::RequestConsumed);
        }
        // Both or nothing: without a note the login is unused again.
        self.note(replay_key).or_else(|error| {
            fs::rename(self.used(key.request()), self.unused(key.request()))?;
            Err(error)
        })
    }

    async fn claim(&self, replay_key: &ReplayKey) -> io::Result<Claim> {
        self.note(replay_key)
    }
}

impl FileStore {
    /// Whether a session was opened and has not ended.
    pub(crate) fn is_open(&self, session: &SessionId) -> bool {
        self.file(session.as_str(), "session").exists()
    }

    /// Every session, and whether it is open.
    fn sessions(&self) -> io::Result<Vec<SamlSession>> {
        let mut sessions = Vec::new();
        for entry in fs::read_dir(&self.0)? {
            let path = entry?.path();
            if path.extension().is_some_and(|extension| extension == "session" || extension == "ended") {
                let stored = found(fs::read(path))?;
                let read = stored.map(|stored| SamlSession::from_bytes(&stored)).transpose();
                sessions.extend(read.map_err(io::Error::other)?);
            }
        }
        Ok(sessions)
    }

    fn end_sessions(&self, target: &LogoutTarget) -> io::Result<Ended> {
        let mut sessions = self.sessions()?;
        sessions.retain(|it| it.connection() == target.connection() && it.subject() == *target.subject());
        if sessions.is_empty() {
            return Ok(Ended::UnknownSubject);
        }
        let is_meant = |session: &SamlSession| session.indexes().iter().any(|index| target.indexes().contains(index));
        sessions.retain(|session| target.indexes().is_empty() || is_meant(session));
        sessions.iter().try_for_each(|session| self.close_session(session.id()))?;
        Ok(if sessions.is_empty() { Ended::UnknownSession } else { Ended::All })
    }

    fn close_session(&self, session: &SessionId) -> io::Result<()> {
        found(fs::rename(self.file(session.as_str(), "session"), self.file(session.as_str(), "ended"))).map(drop)
    }
}

impl SessionStore for FileStore {
    async fn open(&self, session: &SamlSession) -> io::Result<()> {
        if self.file(session.id().as_str(), "ended").exists() {
            return Ok(());
        }
        fs::write(self.file(session.id().as_str(), "session"), session.to_bytes())
    }

    async fn close(&self, session: &SessionId) -> io::Result<()> {
        self.close_session(session)
    }

    async fn end(&self, target: &LogoutTarget) -> io::Result<Ended> {
        match self.note(target.replay_key())? {
            Claim::First => self.end_sessions(target),
            _ => Ok(Ended::Replayed),
        }
    }

    async fn keep_logout(&self, pending: &PendingLogout) -> io::Result<()> {
        fs::write(self.file(pending.request().as_str(), "logout"), pending.to_bytes())
    }

    async fn take_logout(&self, request: &RequestId) -> io::Result<TakenLogout> {
        let (waiting, done) = (self.file(request.as_str(), "logout"), self.file(request.as_str(), "done"));
        if found(fs::rename(waiting, &done))?.is_none() {
            return Ok(if done.exists() { TakenLogout::Used } else { TakenLogout::Unknown });
        }
        PendingLogout::from_bytes(&fs::read(done)?).map(TakenLogout::Pending).map_err(io::Error::other)
    }
}

fn read(file: &Path) -> io::Result<Option<PendingLogin>> {
    let stored = found(fs::read(file))?;
    stored.map(|stored| PendingLogin::from_bytes(&stored).map_err(io::Error::other)).transpose()
}

/// Nothing there is no failure.
fn found<T>(outcome: io::Result<T>) -> io::Result<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}
