//! What every store has to do, as a test that hosts run against theirs.

mod connection;
mod member;
mod member_case;
#[cfg(feature = "scim")]
mod scim;
mod session;
#[cfg(feature = "scim")]
mod team;

pub use connection::connection_store_contract;
pub use member::{MemberFixture, member_store_contract};
#[cfg(feature = "scim")]
pub use scim::{ScimFixture, scim_store_contract};
pub use session::session_store_contract;
#[cfg(feature = "scim")]
pub use team::team_store_contract;

use std::error::Error;
use std::fmt::Debug;
use std::future::Future;
use std::pin::Pin;
use std::task::Poll;

use chrono::{DateTime, SubsecRound as _, TimeDelta, Utc};

use crate::browser::{BrowserBinding, random_hex};
use crate::names::{AssertionId, ConnectionId, RequestId};
use crate::pending::{PendingKey, PendingLogin, Purpose};
use crate::profile::{Claim, ReplayKey};
use crate::protocol::ForceAuthn;
use crate::storage::{LoginStore, Peeked};

/// A store broke its contract, or failed.
pub type Violation = Box<dyn Error + Send + Sync>;

/// How many finishes of one login are under way at once.
const RIVALS: usize = 64;

/// Runs a store through its contract. It may hold other logins; the ones made here have random names.
///
/// ```
/// use saml_sp::flow::block_on;
/// use saml_sp::testing::{MemoryStore, store_contract};
/// block_on(store_contract(&MemoryStore::new())).unwrap();
/// ```
///
/// # Errors
/// What the store did instead of what it should, or its own error.
pub async fn store_contract<S: LoginStore>(store: &S) -> Result<(), Violation> {
    let case = Case { store, name: random_hex()?, now: Utc::now().trunc_subsecs(0) };
    case.keeps_every_field().await?;
    case.takes_once_and_leaves_a_mark().await?;
    case.compares_the_whole_key().await?;
    case.completes_once().await?;
    case.notes_replay_keys_for_each_connection().await?;
    case.marks_the_login_of_a_replay().await?;
    case.knows_a_key_by_what_it_names().await?;
    case.lets_one_of_many_win().await?;
    case.lets_one_of_many_claim().await
}

struct Case<'s, S> {
    store: &'s S,
    name: String,
    now: DateTime<Utc>,
}

impl<S: LoginStore> Case<'_, S> {
    async fn keeps_every_field(&self) -> Result<(), Violation> {
        let pending = |case: &Self| {
            case.pending("fields")
                .with_purpose(Purpose::StepUp)
                .with_force_authn(ForceAuthn::Yes)
                .with_requested_contexts(vec!["urn:a".into(), "urn:ü".into()])
                .with_host_state(Some("\0 and 'quotes\" and \u{10ffff}".into()))
        };
        let unknown = self.store.peek(&self.request("fields")).await?;
        expect("a request that was never kept", &Peeked::Unknown, &unknown)?;
        self.store.keep(&pending(self)).await?;
        for _ in 0..2 {
            let found = self.store.peek(&self.request("fields")).await?;
            expect("a login that was kept, looked at twice", &Peeked::Pending(pending(self)), &found)?;
        }
        Ok(())
    }

    async fn takes_once_and_leaves_a_mark(&self) -> Result<(), Violation> {
        self.store.keep(&self.pending("take")).await?;
        for _ in 0..2 {
            self.store.take(&self.key("take")).await?;
            expect("a login that was taken", &Peeked::Used, &self.store.peek(&self.request("take")).await?)?;
        }
        let late = self.store.complete(&self.key("take"), &self.replay_key("take", "a")).await?;
        expect("completing a login that was taken", &Claim::RequestConsumed, &late)?;
        let unused = self.store.claim(&self.replay_key("take", "a")).await?;
        expect("a replay key that a refused completion must not have noted", &Claim::First, &unused)
    }

    async fn compares_the_whole_key(&self) -> Result<(), Violation> {
        self.store.keep(&self.pending("whole")).await?;
        let request = self.request("whole");
        let (connection, browser) = (self.connection("whole"), self.browser());
        let other_connection = PendingKey::new(request.clone(), self.connection("other"), browser);
        let other_browser = PendingKey::new(request.clone(), connection, BrowserBinding::new("other"));
        for key in [other_connection, other_browser] {
            self.store.take(&key).await?;
            let refused = self.store.complete(&key, &self.replay_key("whole", "a")).await?;
            expect("completing with another connection or browser", &Claim::RequestConsumed, &refused)?;
            let found = self.store.peek(&request).await?;
            expect(
                "a login that was taken with another connection or browser",
                &Peeked::Pending(self.pending("whole")),
                &found,
            )?;
        }
        Ok(())
    }

    async fn completes_once(&self) -> Result<(), Violation> {
        self.store.keep(&self.pending("once")).await?;
        let first = self.store.complete(&self.key("once"), &self.replay_key("once", "a")).await?;
        expect("the first completion", &Claim::First, &first)?;
        expect("a login that was completed", &Peeked::Used, &self.store.peek(&self.request("once")).await?)?;
        let second = self.store.complete(&self.key("once"), &self.replay_key("once", "b")).await?;
        expect("the second completion, with another assertion", &Claim::RequestConsumed, &second)
    }

    async fn notes_replay_keys_for_each_connection(&self) -> Result<(), Violation> {
        let key = self.replay_key("here", "same");
        expect("a replay key noted first", &Claim::First, &self.store.claim(&key).await?)?;
        expect("a replay key noted again", &Claim::Replayed, &self.store.claim(&key).await?)?;
        let elsewhere = self.store.claim(&self.replay_key("there", "same")).await?;
        expect("the same assertion ID of another connection", &Claim::First, &elsewhere)
    }

    async fn marks_the_login_of_a_replay(&self) -> Result<(), Violation> {
        self.store.keep(&self.pending("replay")).await?;
        let key = self.replay_key("replay", "a");
        expect("a replay key noted first", &Claim::First, &self.store.claim(&key).await?)?;
        let replayed = self.store.complete(&self.key("replay"), &key).await?;
        expect("completing with a used assertion", &Claim::Replayed, &replayed)?;
        expect("a login that ended in a replay", &Peeked::Used, &self.store.peek(&self.request("replay")).await?)
    }

    async fn knows_a_key_by_what_it_names(&self) -> Result<(), Violation> {
        self.store.keep(&self.pending("names")).await?;
        let key = self.replay_key("names", "a");
        expect("a completion", &Claim::First, &self.store.complete(&self.key("names"), &key).await?)?;
        expect("claiming what a completion noted", &Claim::Replayed, &self.store.claim(&key).await?)?;
        let later = key.keep_until().checked_add_signed(TimeDelta::minutes(3)).unwrap_or(self.now);
        let longer = ReplayKey::new(key.connection().clone(), key.assertion().clone(), later);
        expect("the same key, to be kept longer", &Claim::Replayed, &self.store.claim(&longer).await?)
    }

    async fn lets_one_of_many_claim(&self) -> Result<(), Violation> {
        let key = self.replay_key("claims", "a");
        let claims = all((0..RIVALS).map(|_| self.store.claim(&key)).collect()).await;
        let claims = claims.into_iter().collect::<Result<Vec<_>, _>>()?;
        let first = claims.iter().filter(|claim| **claim == Claim::First).count();
        expect("first claims of one key at once", &1, &first)?;

        let (key, logins): (_, Vec<_>) =
            (self.replay_key("logins", "a"), (0..RIVALS).map(|rival| format!("logins{rival}")).collect());
        for login in &logins {
            self.store.keep(&self.pending(login)).await?;
        }
        let logins: Vec<_> = logins.iter().map(|login| self.key(login)).collect();
        let claims = all(logins.iter().map(|login| self.store.complete(login, &key)).collect()).await;
        let claims = claims.into_iter().collect::<Result<Vec<_>, _>>()?;
        let first = claims.iter().filter(|claim| **claim == Claim::First).count();
        expect("first completions of many logins with one assertion at once", &1, &first)
    }

    async fn lets_one_of_many_win(&self) -> Result<(), Violation> {
        self.store.keep(&self.pending("race")).await?;
        let (key, replay_keys): (_, Vec<_>) =
            (self.key("race"), (0..RIVALS).map(|rival| self.replay_key("race", &rival.to_string())).collect());
        let rivals = replay_keys.iter().map(|replay_key| self.store.complete(&key, replay_key)).collect();
        let claims = all(rivals).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        let winners = claims.iter().filter(|claim| **claim == Claim::First).count();
        let losers = claims.iter().filter(|claim| **claim == Claim::RequestConsumed).count();
        expect("winners and losers of completions at once", &(1, RIVALS.saturating_sub(1)), &(winners, losers))
    }

    fn pending(&self, name: &str) -> PendingLogin {
        let expires_at = self.now.checked_add_signed(TimeDelta::minutes(10)).unwrap_or(self.now);
        PendingLogin::new(self.key(name), self.now, expires_at)
    }

    fn key(&self, name: &str) -> PendingKey {
        PendingKey::new(self.request(name), self.connection(name), self.browser())
    }

    fn request(&self, name: &str) -> RequestId {
        RequestId::new(format!("_{}-{name}", self.name))
    }

    fn connection(&self, name: &str) -> ConnectionId {
        ConnectionId::new(format!("{}-{name}", self.name))
    }

    fn browser(&self) -> BrowserBinding {
        BrowserBinding::new(self.name.clone())
    }

    fn replay_key(&self, connection: &str, assertion: &str) -> ReplayKey {
        let keep_until = self.now.checked_add_signed(TimeDelta::minutes(5)).unwrap_or(self.now);
        ReplayKey::new(self.connection(connection), AssertionId::new(format!("_{}-{assertion}", self.name)), keep_until)
    }
}

fn expect<T: PartialEq + Debug>(what: &str, expected: &T, found: &T) -> Result<(), Violation> {
    if expected == found { Ok(()) } else { Err(format!("{what}: expected {expected:?}, found {found:?}").into()) }
}

/// Drives futures side by side, so that each starts before the first is done.
async fn all<F: Future>(futures: Vec<F>) -> Vec<F::Output> {
    let mut running: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    let mut outputs: Vec<F::Output> = Vec::with_capacity(running.len());
    std::future::poll_fn(move |context| {
        running.retain_mut(|future| match future.as_mut().poll(context) {
            Poll::Ready(output) => {
                outputs.push(output);
                false
            }
            Poll::Pending => true,
        });
        if running.is_empty() { Poll::Ready(std::mem::take(&mut outputs)) } else { Poll::Pending }
    })
    .await
}
