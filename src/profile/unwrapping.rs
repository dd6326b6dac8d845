//! Verifying in steps, where a service in the network holds a decryption key.

use std::fmt;

use chrono::{DateTime, Utc};

use super::login::{Expectation, verify};
use super::verified::VerifiedLogin;
use crate::connection::Connection;
use crate::crypto::Zeroizing;
use crate::error::Rejection;
use crate::keys::{Answers, UnwrapFailed, Unwrapped, WrappedKey};
use crate::sp::ServiceProvider;
use crate::xml::Document;

/// How far a verification got.
#[derive(Debug)]
#[must_use]
pub enum Verification<'a> {
    /// To its end.
    Verified(VerifiedLogin),
    /// To encrypted content whose key a service has to unwrap first.
    Unwrap(KeyUnwrapping<'a>),
}

/// A verification that waits for content keys. Dropping it changes nothing: the message can be verified again from the start.
///
/// Everything that comes before the decryption has been checked by now, so that a service is asked about nothing else than
/// what this end's own keys would have been used for: the response answers a pending login, or the policy accepts those
/// that do not; its structure is right, and so are the algorithms; and if the response is signed, its signature is good.
pub struct KeyUnwrapping<'a> {
    pass: Pass<'a>,
    answers: Vec<(WrappedKey, Unwrapped)>,
    wanted: Vec<WrappedKey>,
    /// What the verification comes to if nobody is asked.
    unasked: Rejection,
}

/// What is the same in every pass.
struct Pass<'a> {
    document: &'a Document,
    sp: &'a ServiceProvider,
    connection: &'a Connection,
    expectation: Expectation,
    now: DateTime<Utc>,
}

impl<'a> KeyUnwrapping<'a> {
    pub(super) fn start(
        document: &'a Document,
        sp: &'a ServiceProvider,
        connection: &'a Connection,
        expectation: Expectation,
        now: DateTime<Utc>,
    ) -> Result<Verification<'a>, Rejection> {
        Self::verify(Pass { document, sp, connection, expectation, now }, Vec::new())
    }

    /// What to ask the service, in no particular order. Never empty.
    #[must_use]
    pub fn wanted(&self) -> &[WrappedKey] {
        &self.wanted
    }

    /// Goes on with what `answer` says to each of [`wanted`](Self::wanted): the content key, or that there is none, which
    /// ends like every failure to decrypt. Every rule is applied anew, in the same order as without a stop. It may
    /// stop again, since an assertion may hold further encrypted elements.
    ///
    /// How long the service takes to fail is for it and the host to see to; here every answer takes the same way.
    ///
    /// # Errors
    /// As [`SolicitedResponse::verify`](crate::SolicitedResponse::verify).
    pub fn resume(
        mut self,
        mut answer: impl FnMut(&WrappedKey) -> Result<Vec<u8>, UnwrapFailed>,
    ) -> Result<Verification<'a>, Rejection> {
        for wrapped in self.wanted {
            let unwrapped = answer(&wrapped).map(Zeroizing::new);
            self.answers.push((wrapped, unwrapped));
        }
        Self::verify(self.pass, self.answers)
    }

    /// Gives up, as [`SolicitedResponse::verify`](crate::SolicitedResponse::verify) does where there is nobody to ask:
    /// `enc.not_configured`, or `enc.failed` for something inside of what was decrypted.
    #[must_use]
    pub fn refuse(self) -> Rejection {
        self.unasked
    }

    /// The whole verification, from the start: no stop can skip a rule or change their order.
    fn verify(pass: Pass<'a>, known: Vec<(WrappedKey, Unwrapped)>) -> Result<Verification<'a>, Rejection> {
        let answers = Answers::new(&known);
        let verdict = verify(pass.document, pass.sp, pass.connection, &pass.expectation, pass.now, &answers);
        let wanted = answers.into_wanted();
        match verdict {
            Ok(verified) => Ok(Verification::Verified(verified)),
            Err(rejection) if wanted.is_empty() => Err(rejection),
            Err(unasked) => Ok(Verification::Unwrap(Self { pass, answers: known, wanted, unasked })),
        }
    }
}

impl fmt::Debug for KeyUnwrapping<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeyUnwrapping").field("wanted", &self.wanted).finish_non_exhaustive()
    }
}
