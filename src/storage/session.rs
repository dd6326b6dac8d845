//! What is stored for logouts.

use std::future::Future;

use super::Store;
use crate::names::{RequestId, SessionId};
use crate::profile::Ended;
use crate::session::{LogoutTarget, PendingLogout, SamlSession};

/// The host's sessions, as far as identity providers can end them, and the logouts that are under way.
///
/// A session that has ended leaves a mark for as long as it could have lasted, so that a logout request for it is
/// told from one for somebody who never signed in. With every request of a browser the host looks whether its
/// session has ended: a logout request comes without that browser's cookies, often in a frame or from elsewhere.
pub trait SessionStore: Store {
    /// Notes which login a session of the host came of, before the browser gets its cookie. One that is noted already
    /// stays as it is: if it has ended meanwhile, a repeated step does not open it again.
    fn open(&self, session: &SamlSession) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Ends one session of the host; that there is none, or that it has ended, is fine.
    fn close(&self, session: &SessionId) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Notes the replay key *and* ends every session that has connection and subject of the target and one of its
    /// indexes, if it has any: both or nothing.
    ///
    /// [`Ended::Replayed`] when the replay key was there, and then no session ends; [`Ended::UnknownSubject`] when no
    /// session has the connection and the subject, [`Ended::UnknownSession`] when none of those has one of the
    /// indexes, and then the replay key is noted all the same. The keys are those of
    /// [`LoginStore::claim`](super::LoginStore::claim), and may lie in the same table.
    fn end(&self, target: &LogoutTarget) -> impl Future<Output = Result<Ended, Self::Error>> + Send;

    /// Stores a logout under its request ID.
    fn keep_logout(&self, pending: &PendingLogout) -> impl Future<Output = Result<(), Self::Error>> + Send;

    /// Marks a logout as answered and gives it back, once. The ID comes from a message that nobody has verified: bind
    /// it as a parameter. Whoever uses it up with a forgery gains nothing: the session ended before.
    fn take_logout(&self, request: &RequestId) -> impl Future<Output = Result<TakenLogout, Self::Error>> + Send;
}

/// What [`SessionStore::take_logout`] found.
#[derive(Debug, PartialEq, Eq)]
pub enum TakenLogout {
    /// It waited for its response, or has expired.
    Pending(PendingLogout),
    /// It has been taken before.
    Used,
    /// There is none, or no longer.
    Unknown,
}
