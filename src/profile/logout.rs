//! The Single Logout profile (SAML Profiles 4.4): one function a rule. READ THIS for the order of the work.

use chrono::{DateTime, TimeDelta, Utc};

use super::concluded::{FinishedLogout, LogoutExtent, VerifiedLogoutRequest};
use super::login::recipient;
use super::received_logout::Message;
use super::verified::ReplayKey;
use crate::connection::Connection;
use crate::dsig::{DS, Signed};
use crate::error::{Checks, Deviation, Deviations, Flow, Logout, Rejection, Rule, Signature};
use crate::keys::Answers;
use crate::names::{AssertionId, EntityId};
use crate::pending::Purpose;
use crate::policy::{Ciphertext, Relaxation};
use crate::protocol::{Head, LogoutRequest, LogoutResponse};
use crate::session::{LogoutTarget, PendingLogout, SessionDigest};
use crate::sp::ServiceProvider;
use crate::time::{ClockSkew, format_date_time};

/// How long a request without NotOnOrAfter is good, from its IssueInstant.
const WINDOW: TimeDelta = TimeDelta::minutes(5);

type Verdict<T = ()> = Result<T, Rejection>;

/// Everything that the rules compare with.
#[derive(Clone, Copy)]
pub(super) struct Context<'c> {
    pub(super) sp: &'c ServiceProvider,
    pub(super) connection: &'c Connection,
    pub(super) now: DateTime<Utc>,
}

impl Context<'_> {
    /// Applies every rule to a request.
    ///
    /// # Errors
    /// The first failure in the order of the work, with every outcome.
    pub(super) fn verify_request(&self, message: &Message) -> Verdict<VerifiedLogoutRequest> {
        let mut checks = Checks::logout();
        match self.apply_to_request(message, &mut checks) {
            Ok(verified) => Ok(verified.with_checks(checks)),
            Err(rejection) => Err(rejection.with_checks(checks)),
        }
    }

    /// Applies every rule to a response.
    ///
    /// # Errors
    /// As for requests.
    pub(super) fn verify_response(&self, message: &Message, pending: &PendingLogout) -> Verdict<FinishedLogout> {
        let mut checks = Checks::logout();
        match self.apply_to_response(message, pending, &mut checks) {
            Ok(finished) => Ok(finished.with_checks(checks)),
            Err(rejection) => Err(rejection.with_checks(checks)),
        }
    }

    fn apply_to_request(&self, message: &Message, checks: &mut Checks) -> Verdict<VerifiedLogoutRequest> {
        checks.note(Rule::LogoutReadable, Ok(()))?;
        checks.note(Rule::LogoutCorrelation, self.admitted())?;
        let proof = message.prove(self.connection).and_then(|proof| proof.ok_or_else(|| unsigned(message)));
        let (signed, mut deviations) = checks.note(Rule::LogoutSignature, proof)?;
        let request = checks.note(Rule::LogoutElement, LogoutRequest::read(signed, &mut deviations))?;
        self.judge_head(&request.head, Proof::Signed, checks, &mut deviations);
        let time = self.not_from_the_future(&request.head).and_then(|()| self.not_too_late(&request));
        let good_until = checks.note(Rule::LogoutTime, time);
        // No service is asked for a key here: the browser waits for nobody who logs out.
        let unasked = Answers::new(&[]);
        let recipient = recipient(self.sp, self.connection, Ciphertext::Signed, &unasked);
        let name_id = checks.note(Rule::LogoutName, request.name_id(&recipient));
        if let Some(rejection) = checks.first_failure() {
            return Err(rejection.clone());
        }
        let (good_until, name_id) = (good_until?, name_id?);
        let target = self.target(&request, SessionDigest::of_name(self.entity_id(), Some(&name_id)), good_until)?;
        let LogoutRequest { head, session_indexes, .. } = request;
        Ok(VerifiedLogoutRequest::new(target, head.id, name_id, session_indexes, message, deviations))
    }

    fn apply_to_response(
        &self,
        message: &Message,
        pending: &PendingLogout,
        checks: &mut Checks,
    ) -> Verdict<FinishedLogout> {
        checks.note(Rule::LogoutReadable, Ok(()))?;
        checks.note(Rule::LogoutCorrelation, self.correlate(message, pending))?;
        let proof = message.prove(self.connection).and_then(|proof| self.permit_unsigned(message, proof));
        let (proof, mut deviations) = checks.note(Rule::LogoutSignature, proof)?;
        let read = LogoutResponse::read(message.root(), &mut deviations);
        let response = checks.note(Rule::LogoutElement, read)?;
        self.judge_head(&response.head, proof, checks, &mut deviations);
        let _ = checks.note(Rule::LogoutTime, self.not_from_the_future(&response.head));
        let extent = checks.note(Rule::LogoutStatus, extent(&response));
        match checks.first_failure() {
            Some(rejection) => Err(rejection.clone()),
            None => Ok(FinishedLogout::new(extent?, pending, message, deviations)),
        }
    }

    /// Results are dropped on purpose: the checks keep them, and the first failure decides.
    fn judge_head(&self, head: &Head<'_>, proof: Proof, checks: &mut Checks, deviations: &mut Deviations) {
        let _ = checks.note(Rule::LogoutIssuer, self.issuer(head));
        let _ = checks.note(Rule::LogoutDestination, self.destination(head, proof, deviations));
    }

    /// The connection belongs here and is in use: what a draft or a disabled one says has no effect.
    fn admitted(&self) -> Verdict {
        self.connection.admit(self.sp.organization(), Purpose::Login)?;
        self.connection.in_force(self.now)
    }

    /// SAML Core 3.2.2: the response names the request that is pending, for this connection.
    fn correlate(&self, message: &Message, pending: &PendingLogout) -> Verdict {
        self.admitted()?;
        if pending.connection() != self.connection.id() {
            let mismatch = Rejection::new(Flow::ConnectionMismatch);
            return Err(mismatch.expecting(pending.connection().as_str()).finding(self.connection.id().as_str()));
        }
        let answered = message.root().attribute("InResponseTo").unwrap_or_default();
        require_equal(Logout::InResponseTo, pending.request().as_str(), answered)?;
        if self.now >= pending.expires_at() {
            let late = Rejection::new(Logout::Expired);
            let expected = format!("an answer before {}", format_date_time(pending.expires_at()));
            return Err(late.expecting(expected).finding(format_date_time(self.now)));
        }
        Ok(())
    }

    /// SAML Profiles 4.4.4.2: a response is signed. It proves so little that a connection may do without.
    fn permit_unsigned(
        &self,
        message: &Message,
        proof: Option<(Signed<'_>, Deviations)>,
    ) -> Verdict<(Proof, Deviations)> {
        match proof {
            Some((_, deviations)) => Ok((Proof::Signed, deviations)),
            None if message.holds_a_signature() => Err(unsigned(message)),
            None if self.connection.policy().has(Relaxation::UnsignedLogoutResponse) => {
                let mut deviations = Deviations::default();
                deviations.note(Deviation::UnsignedLogoutResponse);
                Ok((Proof::None, deviations))
            }
            None => Err(unsigned(message)),
        }
    }

    /// SAML Profiles 4.4.4.1, 4.4.4.2: the Issuer is there, and is the identity provider.
    fn issuer(&self, head: &Head<'_>) -> Verdict {
        require_equal(Logout::Issuer, self.entity_id().as_str(), head.issuer.unwrap_or_default())
    }

    /// SAML Bindings 3.4.5.2, 3.5.5.2: exact when present, and present when signed.
    fn destination(&self, head: &Head<'_>, proof: Proof, deviations: &mut Deviations) -> Verdict {
        match (head.destination, proof) {
            (None, Proof::None) => {
                deviations.note(Deviation::NoDestination);
                Ok(())
            }
            (destination, _) => {
                let ours = self.sp.sls_url().unwrap_or_default();
                require_equal(Logout::Destination, ours, destination.unwrap_or_default())
            }
        }
    }

    /// SAML Core 3.2.1, 3.2.2.
    fn not_from_the_future(&self, head: &Head<'_>) -> Verdict {
        if self.skew().is_ahead(head.issue_instant, self.now) {
            let early = Rejection::new(Logout::IssueInstant);
            let expected = format!("at or after {}", format_date_time(head.issue_instant));
            return Err(early.expecting(expected).finding(format_date_time(self.now)));
        }
        Ok(())
    }

    /// SAML Core 3.7.1. Gives back until when the request is good.
    fn not_too_late(&self, request: &LogoutRequest<'_>) -> Verdict<DateTime<Utc>> {
        let expired = || Rejection::new(Logout::Expired);
        let by_age = request.head.issue_instant.checked_add_signed(WINDOW);
        let limit = request.not_on_or_after.or(by_age).ok_or_else(expired)?;
        if self.skew().is_past(limit, self.now) {
            let expected = format!("before {} and {} s", format_date_time(limit), self.skew().as_delta().num_seconds());
            return Err(expired().expecting(expected).finding(format_date_time(self.now)));
        }
        Ok(limit)
    }

    /// The sessions that the request names, and its ID under a name that no assertion can have.
    fn target(
        &self,
        request: &LogoutRequest<'_>,
        subject: SessionDigest,
        good_until: DateTime<Utc>,
    ) -> Verdict<LogoutTarget> {
        let keep_until = good_until.checked_add_signed(ClockSkew::MOST.as_delta());
        let keep_until = keep_until.ok_or_else(|| Rejection::new(Logout::Expired))?;
        let id = AssertionId::new(format!("logout {}", request.head.id));
        let replay_key = ReplayKey::new(self.connection.id().clone(), id, keep_until);
        let indexes = request.session_indexes.iter().map(SessionDigest::of_index).collect();
        Ok(LogoutTarget::new(subject, indexes, replay_key))
    }

    fn entity_id(&self) -> &EntityId {
        self.connection.identity_provider().entity_id()
    }

    fn skew(&self) -> ClockSkew {
        self.sp.clock_skew()
    }
}

/// Whether a signature covers the message.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Proof {
    Signed,
    None,
}

/// A signature in another place than the one it has to have says more than that there is none there.
fn unsigned(message: &Message) -> Rejection {
    let root = message.root();
    let stray = root.subtree().find(|node| node.is(DS, "Signature") && node.parent() != Some(root));
    match stray {
        Some(node) => Rejection::new(Signature::Misplaced).at(node.place()),
        None => Rejection::new(Logout::Unsigned).at(root.place()),
    }
}

/// SAML Core 3.7.3: who was not reached is no failure, but the user has to know.
fn extent(response: &LogoutResponse<'_>) -> Verdict<LogoutExtent> {
    if response.status.is_partial_logout() {
        return Ok(LogoutExtent::Partial);
    }
    let success = response.status.require_success();
    success.map(|()| LogoutExtent::Complete).map_err(|rejection| rejection.recast(Logout::Status))
}

/// Strings that configuration decides are compared to the letter.
fn require_equal(reason: Logout, expected: &str, found: &str) -> Verdict {
    if expected == found && !found.is_empty() {
        Ok(())
    } else {
        Err(Rejection::new(reason).expecting(expected).finding(found))
    }
}
