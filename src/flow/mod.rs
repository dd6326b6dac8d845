//! The drivers over the host's store. READ THIS FIRST: each function names its steps in order.

mod links;
mod login;
mod members;

pub use links::{LinkMail, LinkVisit, Linked, Remind, confirm_link, follow_reminder, remind};
pub use login::{Arrival, Arrived, finish_login, start_login};
pub use members::{AskProof, ConfirmLink, Entered, Entrance, Entry, Onboarding, SignedIn, Visit, sign_in};

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};
use std::thread::{self, Thread};

use crate::error::Rejection;
use crate::login::StartError;
use crate::mapping::MappingError;
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
