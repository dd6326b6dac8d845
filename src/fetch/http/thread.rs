//! A blocking job as a future that any executor can wait for.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};
use std::thread;

use crate::fetch::FetchError;

/// Starts the job on a thread. It runs to its end, also when nobody waits for it any longer.
///
/// # Errors
/// `fetch.worker`; as the job's own result if it panics.
pub(super) fn run<T: Send + 'static>(
    job: impl FnOnce() -> Result<T, FetchError> + Send + 'static,
) -> Result<Waiting<T>, FetchError> {
    let desk = Arc::new(Mutex::new(Desk { result: None, waker: None }));
    let worker = Worker(desk.clone());
    thread::Builder::new()
        .name("saml-sp-fetch".to_owned())
        .spawn(move || worker.finish(job()))
        .map_err(|_| FetchError::Worker)?;
    Ok(Waiting(desk))
}

/// The future of a job's result.
pub(super) struct Waiting<T>(Arc<Mutex<Desk<T>>>);

impl<T> Future for Waiting<T> {
    type Output = Result<T, FetchError>;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Self::Output> {
        let mut desk = open(&self.0);
        match desk.result.take() {
            Some(result) => Poll::Ready(result),
            None => {
                desk.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}

/// Where worker and future meet.
struct Desk<T> {
    result: Option<Result<T, FetchError>>,
    waker: Option<Waker>,
}

struct Worker<T>(Arc<Mutex<Desk<T>>>);

impl<T> Worker<T> {
    fn finish(self, result: Result<T, FetchError>) {
        open(&self.0).result = Some(result);
    }
}

/// Also when the job panicked, so that nobody waits forever.
impl<T> Drop for Worker<T> {
    fn drop(&mut self) {
        let mut desk = open(&self.0);
        desk.result.get_or_insert(Err(FetchError::Worker));
        let waker = desk.waker.take();
        drop(desk);
        if let Some(waker) = waker {
            waker.wake();
        }
    }
}

fn open<T>(desk: &Mutex<Desk<T>>) -> MutexGuard<'_, Desk<T>> {
    desk.lock().unwrap_or_else(PoisonError::into_inner)
}
