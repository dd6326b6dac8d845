//! A response as it arrives: sorted by whether it claims to be an answer, and otherwise unread.

use std::fmt;

use chrono::{DateTime, Utc};

use super::login::{Expectation, verify};
use super::unwrapping::{KeyUnwrapping, Verification};
use super::verified::VerifiedLogin;
use crate::binding::post;
use crate::connection::Connection;
use crate::error::{Checks, Deviations, Flow, Profile as Reason, Rejection, Rule};
use crate::keys::Answers;
use crate::limits::Limits;
use crate::names::{EntityId, RequestId, SAML, Unverified};
use crate::pending::BoundLogin;
use crate::protocol::{Asserted, Response};
use crate::sp::ServiceProvider;
use crate::xml::{Document, Node, Profile, trim};

/// A response that was received and not verified.
///
/// What it claims can't be read:
/// ```compile_fail
/// # fn claims(received: saml_sp::SolicitedResponse) {
/// let _ = received.attributes();
/// # }
/// ```
/// ```
/// # fn no_claims(received: saml_sp::SolicitedResponse) {
/// let _ = received.in_response_to();
/// # }
/// ```
#[derive(Debug)]
pub enum Received {
    /// It names a request that it answers: the pending login decides about it.
    Solicited(SolicitedResponse),
    /// It does not (SAML Profiles 4.1.5).
    Unsolicited(UnsolicitedResponse),
}

/// A response that names the request which it answers.
pub struct SolicitedResponse {
    document: Document,
    in_response_to: Unverified<RequestId>,
    issuer: Option<Unverified<EntityId>>,
}

/// A response that answers nothing.
pub struct UnsolicitedResponse {
    document: Document,
    issuer: Option<Unverified<EntityId>>,
}

impl Received {
    /// Reads the form value `SAMLResponse` of the HTTP-POST binding.
    ///
    /// # Errors
    /// `binding.*`, `xml.*`, `dsig.duplicate_id`, `schema.*`.
    pub fn from_post(form_value: &str, limits: &Limits) -> Result<Self, Rejection> {
        let mut checks = Checks::default();
        let octets = checks.note(Rule::Readable, post::decode(form_value, limits));
        octets.map_err(|rejection| rejection.with_checks(checks)).and_then(|octets| Self::from_xml(octets, limits))
    }

    /// Reads the XML itself.
    ///
    /// # Errors
    /// `xml.*`, `dsig.duplicate_id`, `schema.*`.
    pub fn from_xml(octets: Vec<u8>, limits: &Limits) -> Result<Self, Rejection> {
        let mut checks = Checks::default();
        Self::parse(octets, limits, &mut checks).map_err(|rejection| rejection.with_checks(checks))
    }

    fn parse(octets: Vec<u8>, limits: &Limits, checks: &mut Checks) -> Result<Self, Rejection> {
        let document = checks.note(Rule::Readable, Document::parse(octets, Profile::Message, limits))?;
        let response = checks.note(Rule::ResponseElement, Response::read(&document, &mut Deviations::default()))?;
        let issuer = response.issuer.map(|issuer| Unverified::new(EntityId::new(issuer)));
        let claimed = response.in_response_to.or_else(|| claimed_in_assertion(&response)).filter(|id| !id.is_empty());
        let in_response_to = claimed.map(|id| Unverified::new(RequestId::new(id)));
        Ok(match in_response_to {
            Some(in_response_to) => Self::Solicited(SolicitedResponse { document, in_response_to, issuer }),
            None => Self::Unsolicited(UnsolicitedResponse { document, issuer }),
        })
    }
}

impl SolicitedResponse {
    /// The request that it claims to answer, to look the pending login up with.
    #[must_use]
    pub fn in_response_to(&self) -> &Unverified<RequestId> {
        &self.in_response_to
    }

    /// Who it claims to be from.
    #[must_use]
    pub fn issuer(&self) -> Option<&Unverified<EntityId>> {
        self.issuer.as_ref()
    }

    /// Verifies it as the answer to a pending login that came back in its browser. `now` is the host's clock.
    ///
    /// # Errors
    /// The most telling failure, with every rule's outcome. A host without the drivers of [`flow`](crate::flow) takes
    /// the pending login from its store all the same.
    pub fn verify(
        &self,
        sp: &ServiceProvider,
        connection: &Connection,
        login: BoundLogin,
        now: DateTime<Utc>,
    ) -> Result<VerifiedLogin, Rejection> {
        verify(&self.document, sp, connection, &Expectation::Answer(login), now, &Answers::new(&[]))
    }

    /// As [`verify`](Self::verify), but stops where a key is needed that a service in the network holds
    /// ([`DecryptionKey::held_by_service`](crate::DecryptionKey::held_by_service)).
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_stepwise<'a>(
        &'a self,
        sp: &'a ServiceProvider,
        connection: &'a Connection,
        login: BoundLogin,
        now: DateTime<Utc>,
    ) -> Result<Verification<'a>, Rejection> {
        KeyUnwrapping::start(&self.document, sp, connection, Expectation::Answer(login), now)
    }

    /// The response as an answer to nothing, if what it names is the constant that this connection takes for none.
    pub(crate) fn into_unsolicited(self, connection: Option<&Connection>) -> Received {
        let placeholder = connection.and_then(|connection| connection.policy().in_response_to_placeholder());
        if placeholder == Some(self.in_response_to.for_lookup().as_str()) {
            return Received::Unsolicited(UnsolicitedResponse { document: self.document, issuer: self.issuer });
        }
        Received::Solicited(self)
    }

    /// Refuses it because no such login is pending here. It is never taken for an unsolicited one.
    #[must_use]
    pub fn refuse_unknown(&self) -> Rejection {
        uncorrelated(Rejection::new(Flow::UnknownRequest).finding(self.in_response_to.for_lookup().as_str()))
    }
}

impl UnsolicitedResponse {
    /// Who it claims to be from, to choose among the connections of the organization whose endpoint received it.
    #[must_use]
    pub fn issuer(&self) -> Option<&Unverified<EntityId>> {
        self.issuer.as_ref()
    }

    /// Verifies it, if the connection's policy accepts responses that were not asked for.
    ///
    /// # Errors
    /// The most telling failure, with every rule's outcome.
    pub fn verify(
        &self,
        sp: &ServiceProvider,
        connection: &Connection,
        now: DateTime<Utc>,
    ) -> Result<VerifiedLogin, Rejection> {
        verify(&self.document, sp, connection, &Expectation::Nothing, now, &Answers::new(&[]))
    }

    /// As [`verify`](Self::verify), but stops where a key is needed that a service in the network holds
    /// ([`DecryptionKey::held_by_service`](crate::DecryptionKey::held_by_service)).
    ///
    /// # Errors
    /// As [`verify`](Self::verify).
    pub fn verify_stepwise<'a>(
        &'a self,
        sp: &'a ServiceProvider,
        connection: &'a Connection,
        now: DateTime<Utc>,
    ) -> Result<Verification<'a>, Rejection> {
        KeyUnwrapping::start(&self.document, sp, connection, Expectation::Nothing, now)
    }

    /// Refuses it because this endpoint takes answers only.
    #[must_use]
    pub fn refuse_unsolicited(&self) -> Rejection {
        uncorrelated(Rejection::new(Reason::Unsolicited))
    }
}

impl fmt::Debug for SolicitedResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SolicitedResponse(..)")
    }
}

impl fmt::Debug for UnsolicitedResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UnsolicitedResponse(..)")
    }
}

/// The report of a response that was read and belongs to nothing here.
fn uncorrelated(rejection: Rejection) -> Rejection {
    let mut checks = Checks::default();
    let _ = checks.note(Rule::Readable, Ok(()));
    let _ = checks.note(Rule::ResponseElement, Ok(()));
    let _ = checks.note::<()>(Rule::Correlation, Err(rejection.clone()));
    rejection.with_checks(checks)
}

/// Some identity providers name the request in the confirmation only (SAML Profiles 4.1.4.2 asks for
/// it there). Good for a look-up like everything here; the proven assertion is read again.
fn claimed_in_assertion<'d>(response: &Response<'d>) -> Option<&'d str> {
    let Ok(Asserted::Plain(assertion)) = response.the_assertion() else { return None };
    let child = |node: Node<'d>, name: &'static str| node.elements().find(|child| child.is(SAML, name));
    let subject = child(assertion, "Subject")?;
    let data = subject.elements().filter_map(|confirmation| child(confirmation, "SubjectConfirmationData"));
    data.filter_map(|data| data.attribute("InResponseTo")).map(trim).next()
}
