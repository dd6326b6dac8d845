//! The drivers over the host's store. READ THIS FIRST: each function names its steps in order.

mod key_service;
mod links;
mod login;
mod logout;
mod members;
mod refresh;
mod registration;

pub use key_service::KeyService;
pub use links::{LinkMail, LinkVisit, Linked, Remind, confirm_link, follow_reminder, remind};
pub use login::{Arrival, Arrived, finish_login, finish_login_asking, start_login};
pub use logout::{LogoutArrival, LogoutArrived, receive_logout, start_logout};
pub use members::{
    AskProof, ConfirmLink, Entered, Entrance, Entry, SignedIn, Unmapped, Visit, sign_in, sign_in_asking,
};
pub use refresh::{RefreshOutcome, Refreshed, approve_change, refresh, refresh_due, reject_change};
pub use registration::{MetadataError, RegistrationError, activate, fetch_identity_provider, register, replace};

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use crate::connection::Connection;
use crate::error::{Flow, Profile, Rejection};
use crate::login::StartError;
use crate::mapping::MappingError;
use crate::names::{ConnectionId, EntityId, Unverified};
use crate::provisioning::{NotProven, Refusal};

/// Why a step of the flow did not succeed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum FlowError<E> {
    /// The message was refused.
    #[error(transparent)]
    Rejected(#[from] Rejection),
    /// The message is proven, and tells no user by the mapping of the connection. The report in it says what to change.
    #[error(transparent)]
    Mapping(#[from] MappingError),
    /// The message is proven, and its user does not get in.
    #[error(transparent)]
    Refused(#[from] Refusal),
    /// No request could be made.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The store failed. Nothing is lost: repeat the step with the same input.
    #[error("the store failed, repeat the step: {0}")]
    Store(#[source] E),
}

impl<E> FlowError<E> {
    /// The code of what was refused, as in [`Rejection::code`]; none where settings, the operating system or the store failed.
    #[must_use]
    pub fn code(&self) -> Option<&'static str> {
        match self {
            Self::Rejected(rejection) | Self::Start(StartError::Refused(rejection)) => Some(rejection.code()),
            Self::Mapping(error) => Some(error.code()),
            Self::Refused(refusal) => Some(refusal.code()),
            Self::Start(_) | Self::Store(_) => None,
        }
    }
}

impl<E> From<NotProven> for FlowError<E> {
    fn from(error: NotProven) -> Self {
        match error {
            NotProven::Rejected(rejection) => Self::Rejected(rejection),
            NotProven::Refused(refusal) => Self::Refused(refusal),
        }
    }
}

/// Runs one of these drivers on the calling thread, for hosts without an async runtime: their stores
/// block in the bodies of their `async fn`s.
pub fn block_on<F: Future>(future: F) -> F::Output {
    struct Unpark(Thread);
    impl Wake for Unpark {
        fn wake(self: Arc<Self>) {
            self.0.unpark();
        }
    }
    let waker = Waker::from(Arc::new(Unpark(thread::current())));
    let mut context = Context::from_waker(&waker);
    let mut future = pin!(future);
    loop {
        match future.as_mut().poll(&mut context) {
            Poll::Ready(output) => return output,
            Poll::Pending => thread::park(),
        }
    }
}

/// What was started for a connection of another organization is not finished here.
fn of_organization<'c>(connections: &'c [Connection], id: &ConnectionId) -> Result<&'c Connection, Rejection> {
    let found = connections.iter().find(|connection| connection.id() == id);
    found.ok_or_else(|| {
        Rejection::new(Flow::ConnectionMismatch).expecting("a connection of this organization").finding(id.as_str())
    })
}

/// The issuer, not verified yet, chooses among this organization's connections only, and exactly one of them.
fn of_issuer<'c>(
    connections: &'c [Connection],
    issuer: Option<&Unverified<EntityId>>,
) -> Result<&'c Connection, Rejection> {
    let issuer = issuer.map(Unverified::for_lookup);
    let entity_id = |connection: &'c Connection| connection.identity_provider().entity_id();
    let mut matching = connections.iter().filter(|connection| Some(entity_id(connection)) == issuer);
    match (matching.next(), matching.next()) {
        (Some(connection), None) => Ok(connection),
        (Some(_), Some(_)) => {
            let mismatch = Rejection::new(Flow::ConnectionMismatch)
                .expecting("one connection of that entityID in the organization");
            Err(mismatch.finding("several"))
        }
        (None, _) => {
            let known: Vec<_> = connections.iter().map(|connection| entity_id(connection).as_str()).collect();
            let found = issuer.map_or("no Issuer", EntityId::as_str);
            Err(Rejection::new(Profile::Issuer).expecting(known.join(" or ")).finding(found))
        }
    }
}
