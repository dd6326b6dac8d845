//! The rules on a proven assertion. All are applied, so that a report shows everything that is wrong.

use chrono::{DateTime, Utc};

use super::login::Context;
use super::signatures::Presence;
use crate::assertion::{Assertion, AuthnStatement, BEARER, Confirmation};
use crate::error::{Checks, Deviation, Deviations, Profile, Rejection, Rule, Schema, Subject, Validity};
use crate::policy::Relaxation;
use crate::protocol::{ForceAuthn, Response};
use crate::time::format_date_time;

/// A message and what it is judged by.
pub(super) struct Facts<'f, 'd> {
    pub(super) context: &'f Context<'f>,
    pub(super) response: &'f Response<'d>,
    pub(super) assertion: &'f Assertion<'d>,
    pub(super) response_signature: Presence,
}

/// The confirmation that held, reduced to what is needed later.
pub(super) struct Bearer {
    /// The latest NotOnOrAfter of all bearer confirmations: so long could this assertion be used.
    pub(super) usable_until: DateTime<Utc>,
}

type Verdict<T = ()> = Result<T, Rejection>;

impl Facts<'_, '_> {
    /// Applies every rule. What is wrong with the sender comes before what is wrong with the address,
    /// and that before what is wrong with the clock.
    pub(super) fn judge(&self, checks: &mut Checks, deviations: &mut Deviations) -> Verdict<Bearer> {
        // Results are dropped on purpose: the checks keep them, and the first failure decides below.
        let _ = checks.note(Rule::ResponseIssuer, self.response_issuer());
        let _ = checks.note(Rule::AssertionIssuer, self.assertion_issuer());
        let _ = checks.note(Rule::Destination, self.destination(deviations));
        let _ = checks.note(Rule::Audience, self.audience());
        let _ = checks.note(Rule::SubjectNameId, self.subject_name_id(deviations));
        let bearer = self.confirmation(checks, deviations);
        let _ = checks.note(Rule::KnownConditions, self.known_conditions());
        let _ = checks.note(Rule::AuthnStatement, self.authn_statement(deviations));
        let _ = checks.note(Rule::AuthnContext, self.authn_context());
        let _ = checks.note(Rule::IssueInstant, self.issue_instant());
        let _ = checks.note(Rule::ConditionsTime, self.conditions_time());
        let _ = checks.note(Rule::AuthnInstant, self.authn_instant());
        let _ = checks.note(Rule::SessionTime, self.session_time());
        match checks.first_failure() {
            Some(rejection) => Err(rejection.clone()),
            None => bearer,
        }
    }

    /// SAML Profiles 4.1.4.2: the Issuer of the response is the identity provider. It may be absent
    /// only where the response proves nothing itself, that is, is unsigned.
    fn response_issuer(&self) -> Verdict {
        match self.response.issuer {
            None if self.response_signature == Presence::Absent => Ok(()),
            issuer => self.require_issuer(issuer.unwrap_or_default()),
        }
    }

    /// SAML Profiles 4.1.4.2.
    fn assertion_issuer(&self) -> Verdict {
        self.require_issuer(self.assertion.issuer)
    }

    fn require_issuer(&self, issuer: &str) -> Verdict {
        let expected = self.context.connection.identity_provider().entity_id().as_str();
        require_equal(Profile::Issuer, expected, issuer)
    }

    /// SAML Bindings 3.5.5.2: exact when present, and present when the response is signed.
    fn destination(&self, deviations: &mut Deviations) -> Verdict {
        match self.response.destination {
            None if self.response_signature == Presence::Absent => {
                deviations.note(Deviation::NoDestination);
                Ok(())
            }
            destination => {
                require_equal(Profile::Destination, self.context.sp.acs_url(), destination.unwrap_or_default())
            }
        }
    }

    /// SAML Core 2.5.1.4: every restriction has to be met, each by one of its audiences.
    fn audience(&self) -> Verdict {
        let restrictions = self
            .assertion
            .conditions
            .as_ref()
            .map(|conditions| conditions.audience_restrictions.as_slice())
            .unwrap_or_default();
        let us = self.context.sp.entity_id().as_str();
        match restrictions.iter().find(|audiences| !audiences.contains(&us)) {
            Some(audiences) => Err(Rejection::new(Profile::Audience).expecting(us).finding(audiences.join(" "))),
            None if restrictions.is_empty() => {
                Err(Rejection::new(Profile::Audience).expecting(us).finding("no AudienceRestriction"))
            }
            None => Ok(()),
        }
    }

    /// The reader has refused an empty NameID; here it is only noted when it is for somebody else.
    fn subject_name_id(&self, deviations: &mut Deviations) -> Verdict {
        let subject = self.assertion.subject.as_ref().ok_or_else(|| Rejection::new(Subject::Subject))?;
        let qualifier = subject.name_id.as_ref().and_then(|name_id| name_id.sp_name_qualifier());
        if qualifier.is_some_and(|qualifier| qualifier != self.context.sp.entity_id().as_str()) {
            deviations.note(Deviation::ForeignSpNameQualifier);
        }
        Ok(())
    }

    /// SAML Profiles 4.1.4.2: one bearer confirmation meets every demand by itself. If none does, the
    /// report is about the one that came furthest.
    fn confirmation(&self, checks: &mut Checks, deviations: &mut Deviations) -> Verdict<Bearer> {
        let confirmations = self.assertion.subject.as_ref().map(|subject| subject.confirmations.as_slice());
        let bearers = confirmations.unwrap_or_default().iter().filter(|confirmation| confirmation.method == BEARER);
        let usable_until = bearers.clone().filter_map(|bearer| bearer.not_on_or_after).max();
        let judged = bearers.map(|bearer| (bearer, self.judge_bearer(bearer)));
        let held = |verdicts: &[(Rule, Verdict)]| verdicts.iter().filter(|(_, verdict)| verdict.is_ok()).count();
        let none = || Rejection::new(Subject::SubjectConfirmation).expecting(BEARER).finding("no bearer confirmation");
        let Some((bearer, verdicts)) = judged.max_by_key(|(_, verdicts)| held(verdicts)) else {
            return checks.note(Rule::BearerConfirmation, Err(none()));
        };
        let complete = verdicts.iter().all(|(_, verdict)| verdict.is_ok());
        if bearer.not_before.is_some() {
            deviations.note(Deviation::ConfirmationNotBefore);
        }
        if [self.response.in_response_to, bearer.in_response_to].contains(&Some("")) {
            deviations.note(Deviation::EmptyInResponseTo);
        }
        for (rule, verdict) in verdicts {
            // The first failure is taken from the checks.
            let _ = checks.note(rule, verdict.map_err(|rejection| rejection.at(bearer.node.place())));
        }
        usable_until.filter(|_| complete).map(|usable_until| Bearer { usable_until }).ok_or_else(none)
    }

    fn judge_bearer(&self, bearer: &Confirmation<'_>) -> [(Rule, Verdict); 4] {
        [
            (Rule::BearerConfirmation, self.bearer_form(bearer)),
            (Rule::Recipient, self.recipient(bearer)),
            (Rule::InResponseTo, self.in_response_to(bearer)),
            (Rule::ConfirmationTime, self.confirmation_time(bearer)),
        ]
    }

    /// SAML Profiles 4.1.4.2: NotOnOrAfter there, NotBefore not.
    fn bearer_form(&self, bearer: &Confirmation<'_>) -> Verdict {
        if bearer.not_on_or_after.is_none() {
            return Err(Rejection::new(Subject::SubjectConfirmation).expecting("NotOnOrAfter").finding("none"));
        }
        match bearer.not_before {
            Some(_) if !self.context.connection.policy().has(Relaxation::ConfirmationNotBefore) => {
                Err(Rejection::new(Subject::NotBefore))
            }
            _ => Ok(()),
        }
    }

    /// SAML Profiles 4.1.4.2.
    fn recipient(&self, bearer: &Confirmation<'_>) -> Verdict {
        require_equal(Subject::Recipient, self.context.sp.acs_url(), bearer.recipient.unwrap_or_default())
    }

    /// SAML Profiles 4.1.4.3 and 4.1.5: the confirmation, which is proven, names the pending request,
    /// or none if nothing was asked. That the response agrees was checked first of all.
    fn in_response_to(&self, bearer: &Confirmation<'_>) -> Verdict {
        let found = self.context.answered(bearer.in_response_to);
        let expected = self.context.pending().map(|pending| pending.key().request().as_str());
        if found == expected {
            return Ok(());
        }
        let mismatch = Rejection::new(Profile::InResponseTo);
        Err(mismatch
            .expecting(expected.unwrap_or("no InResponseTo"))
            .finding(found.unwrap_or("no InResponseTo in the confirmation")))
    }

    /// SAML Profiles 4.1.4.2.
    fn confirmation_time(&self, bearer: &Confirmation<'_>) -> Verdict {
        self.require_begun(bearer.not_before)?;
        self.require_not_past(Validity::Expired, bearer.not_on_or_after)
    }

    /// SAML Core 2.5.1.1: a condition that is not understood makes the assertion's validity indeterminate.
    fn known_conditions(&self) -> Verdict {
        match self.assertion.conditions.as_ref().and_then(|conditions| conditions.unknown) {
            Some(node) => {
                Err(Rejection::new(Profile::UnknownCondition).at(node.place()).finding(node.qualified_name()))
            }
            None => Ok(()),
        }
    }

    /// SAML Profiles 4.1.4.2: an assertion without one was made for another purpose.
    fn authn_statement(&self, deviations: &mut Deviations) -> Verdict {
        if !self.assertion.authn_statements.is_empty() {
            return Ok(());
        }
        if self.context.connection.policy().has(Relaxation::NoAuthnStatement) {
            deviations.note(Deviation::NoAuthnStatement);
            return Ok(());
        }
        Err(Rejection::new(Profile::AuthnStatement))
    }

    /// SAML Core 3.3.2.2.1, Comparison "exact". With several statements each must do: the strongest
    /// of them says nothing about the others.
    fn authn_context(&self) -> Verdict {
        let Some(asked) =
            self.context.pending().map(|pending| pending.requested_contexts()).filter(|asked| !asked.is_empty())
        else {
            return Ok(());
        };
        let is_asked = |class: Option<&str>| class.is_some_and(|class| asked.iter().any(|asked| asked == class));
        let failing = self.assertion.authn_statements.iter().find(|statement| !is_asked(statement.context_class()));
        let found = match failing {
            Some(statement) => statement.context_class().unwrap_or("no class"),
            None if self.assertion.authn_statements.is_empty() => "no AuthnStatement",
            None => return Ok(()),
        };
        Err(Rejection::new(Profile::AuthnContext).expecting(asked.join(" ")).finding(found))
    }

    /// SAML Core 2.3.3, 3.2.2: not from the future. How old they may be is for the conditions to say.
    fn issue_instant(&self) -> Verdict {
        let assertion = self
            .assertion
            .issue_instant
            .ok_or_else(|| Rejection::new(Schema::Missing).expecting("IssueInstant of the assertion"))?;
        for instant in [self.response.issue_instant, assertion] {
            if self.context.skew().is_ahead(instant, self.context.now) {
                return Err(self.too_early(Validity::IssueInstant, instant));
            }
        }
        Ok(())
    }

    /// SAML Core 2.5.1.2.
    fn conditions_time(&self) -> Verdict {
        let Some(conditions) = &self.assertion.conditions else { return Ok(()) };
        if let (Some(from), Some(until)) = (conditions.not_before, conditions.not_on_or_after)
            && from >= until
        {
            return Err(Rejection::new(Schema::Value).expecting("NotBefore before NotOnOrAfter"));
        }
        self.require_begun(conditions.not_before)?;
        self.require_not_past(Validity::Expired, conditions.not_on_or_after)
    }

    /// SAML Core 3.4.1: with ForceAuthn the user was authenticated after the request. And never in the future.
    fn authn_instant(&self) -> Verdict {
        let skew = self.context.skew();
        let forced = self.context.pending().filter(|pending| pending.force_authn() == ForceAuthn::Yes);
        if forced.is_some() && self.assertion.authn_statements.is_empty() {
            return Err(Rejection::new(Validity::AuthnInstant).expecting("an AuthnStatement").finding("none"));
        }
        for instant in self.assertion.authn_statements.iter().map(AuthnStatement::authn_instant) {
            if skew.is_ahead(instant, self.context.now) {
                return Err(self.too_early(Validity::IssueInstant, instant));
            }
            if let Some(pending) = forced
                && skew.is_ahead(pending.issued_at(), instant)
            {
                let stale = Rejection::new(Validity::AuthnInstant);
                let expected = format!("after {}", format_date_time(pending.issued_at()));
                return Err(stale.expecting(expected).finding(format_date_time(instant)));
            }
        }
        Ok(())
    }

    /// SAML Core 2.7.2.
    fn session_time(&self) -> Verdict {
        let mut statements = self.assertion.authn_statements.iter();
        statements.try_for_each(|statement| {
            self.require_not_past(Validity::SessionExpired, statement.session_not_on_or_after())
        })
    }

    fn require_begun(&self, not_before: Option<DateTime<Utc>>) -> Verdict {
        match not_before {
            Some(instant) if self.context.skew().is_ahead(instant, self.context.now) => {
                Err(self.too_early(Validity::NotYetValid, instant))
            }
            _ => Ok(()),
        }
    }

    fn require_not_past(&self, reason: Validity, limit: Option<DateTime<Utc>>) -> Verdict {
        match limit {
            Some(limit) if self.context.skew().is_past(limit, self.context.now) => {
                let late = Rejection::new(reason).expecting(format!(
                    "before {} and {} s",
                    format_date_time(limit),
                    self.context.skew().as_delta().num_seconds()
                ));
                Err(late.finding(format_date_time(self.context.now)))
            }
            _ => Ok(()),
        }
    }

    fn too_early(&self, reason: Validity, instant: DateTime<Utc>) -> Rejection {
        let early = Rejection::new(reason).expecting(format!(
            "at or after {} less {} s",
            format_date_time(instant),
            self.context.skew().as_delta().num_seconds()
        ));
        early.finding(format_date_time(self.context.now))
    }
}

/// Strings that configuration decides are compared to the letter: no case, slash or port is forgiven.
fn require_equal(reason: impl Into<crate::error::Reason>, expected: &str, found: &str) -> Verdict {
    if expected == found && !found.is_empty() {
        Ok(())
    } else {
        Err(Rejection::new(reason).expecting(expected).finding(found))
    }
}
