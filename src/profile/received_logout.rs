//! A logout message as it arrives, over either binding: request or response, and otherwise unread.

use std::fmt;

use chrono::{DateTime, Utc};

use super::concluded::{FinishedLogout, VerifiedLogoutRequest};
use super::logout::Context;
use crate::binding::{Parameter, RedirectMessage, RelayState, post};
use crate::connection::Connection;
use crate::dsig::{DS, Signed, signature_of, verify};
use crate::error::{Checks, Deviations, Logout, Rejection, Rule, Schema};
use crate::limits::Limits;
use crate::names::{EntityId, RequestId, SAML, SAMLP, Unverified};
use crate::protocol::AFTER_ISSUER;
use crate::session::PendingLogout;
use crate::sp::ServiceProvider;
use crate::xml::{Document, Node, Profile, trim};

/// A logout message that was received and not verified.
#[derive(Debug)]
pub enum ReceivedLogout {
    /// The identity provider asks to end sessions here.
    Request(ReceivedLogoutRequest),
    /// It answers a request of ours.
    Response(ReceivedLogoutResponse),
}

/// A LogoutRequest that nothing has verified (SAML Core 3.7.1).
pub struct ReceivedLogoutRequest(Message);

/// A LogoutResponse that nothing has verified (SAML Core 3.7.2).
pub struct ReceivedLogoutResponse(Message);

/// A message and what it travelled in.
pub(super) struct Message {
    transport: Transport,
    relay_state: Option<RelayState>,
}

enum Transport {
    Redirect(RedirectMessage),
    Post(Document),
}

impl ReceivedLogout {
    /// Reads the raw query string of the HTTP-Redirect binding, without the `?`, exactly as it came over the wire.
    ///
    /// # Errors
    /// `binding.*`, `xml.*`, `dsig.duplicate_id`, `schema.element` for another message than its parameter says.
    pub fn from_redirect(query: &str, limits: &Limits) -> Result<Self, Rejection> {
        let read = RedirectMessage::parse(query, limits).map(|message| {
            let (parameter, relay_state) = (message.parameter(), message.relay_state().cloned());
            (parameter, Message { transport: Transport::Redirect(message), relay_state })
        });
        Self::sorted(read)
    }

    /// Reads the form value `SAMLRequest` or `SAMLResponse` of the HTTP-POST binding, and the `RelayState` beside it.
    ///
    /// # Errors
    /// As for [`from_redirect`](Self::from_redirect).
    pub fn from_post(
        parameter: Parameter,
        form_value: &str,
        relay_state: Option<&str>,
        limits: &Limits,
    ) -> Result<Self, Rejection> {
        let octets = post::decode(form_value, limits);
        Self::sorted(octets.and_then(|octets| posted(octets, limits)).map(|document| {
            (parameter, Message { transport: Transport::Post(document), relay_state: relay_state.map(RelayState::new) })
        }))
    }

    /// Reads the XML itself, as it travels over HTTP-POST.
    ///
    /// # Errors
    /// As for [`from_redirect`](Self::from_redirect).
    pub fn from_xml(parameter: Parameter, octets: Vec<u8>, limits: &Limits) -> Result<Self, Rejection> {
        let document = posted(octets, limits);
        Self::sorted(
            document.map(|document| (parameter, Message { transport: Transport::Post(document), relay_state: None })),
        )
    }

    fn sorted(read: Result<(Parameter, Message), Rejection>) -> Result<Self, Rejection> {
        let mut checks = Checks::logout();
        let sorted = checks.note(Rule::LogoutReadable, read);
        let sorted =
            sorted.and_then(|(parameter, message)| checks.note(Rule::LogoutElement, Self::sort(parameter, message)));
        sorted.map_err(|rejection| rejection.with_checks(checks))
    }

    /// The parameter and the root have to say the same.
    fn sort(parameter: Parameter, message: Message) -> Result<Self, Rejection> {
        let root = message.root();
        match parameter {
            Parameter::Request if root.is(SAMLP, "LogoutRequest") => Ok(Self::Request(ReceivedLogoutRequest(message))),
            Parameter::Response if root.is(SAMLP, "LogoutResponse") => {
                Ok(Self::Response(ReceivedLogoutResponse(message)))
            }
            _ => {
                let expected = if parameter == Parameter::Request { "LogoutRequest" } else { "LogoutResponse" };
                let refused = Rejection::new(Schema::Element).at(root.place());
                Err(refused.expecting(format!("samlp:{expected}")).finding(root.qualified_name()))
            }
        }
    }
}

fn posted(octets: Vec<u8>, limits: &Limits) -> Result<Document, Rejection> {
    Document::parse(octets, Profile::Message, limits)
}

impl ReceivedLogoutRequest {
    /// Who it claims to be from, to choose among the connections of the organization whose endpoint received it.
    #[must_use]
    pub fn issuer(&self) -> Option<Unverified<EntityId>> {
        self.0.issuer()
    }

    /// Verifies it. `now` is the host's clock.
    ///
    /// # Errors
    /// The most telling failure, with every rule's outcome. Nothing is to be answered then: nobody knows to whom.
    pub fn verify(
        &self,
        sp: &ServiceProvider,
        connection: &Connection,
        now: DateTime<Utc>,
    ) -> Result<VerifiedLogoutRequest, Rejection> {
        Context { sp, connection, now }.verify_request(&self.0)
    }
}

impl ReceivedLogoutResponse {
    /// The request that it claims to answer, to look the pending logout up with.
    ///
    /// # Errors
    /// `slo.in_response_to` if it names none.
    pub fn in_response_to(&self) -> Result<Unverified<RequestId>, Rejection> {
        let named = self.0.root().attribute("InResponseTo").filter(|id| !id.is_empty());
        named.map(|id| Unverified::new(RequestId::new(id))).ok_or_else(|| self.refuse("no InResponseTo"))
    }

    /// Verifies it as the answer to a pending logout. `now` is the host's clock.
    ///
    /// # Errors
    /// The most telling failure, with every rule's outcome. The session here has ended all the same.
    pub fn verify(
        &self,
        sp: &ServiceProvider,
        connection: &Connection,
        pending: &PendingLogout,
        now: DateTime<Utc>,
    ) -> Result<FinishedLogout, Rejection> {
        Context { sp, connection, now }.verify_response(&self.0, pending)
    }

    /// Refuses it because no such logout is under way here.
    #[must_use]
    pub fn refuse_unknown(&self) -> Rejection {
        self.refuse("a request that is not pending here")
    }

    /// Refuses it because the logout was answered before.
    #[must_use]
    pub fn refuse_used(&self) -> Rejection {
        self.refuse("a request that was answered before")
    }

    fn refuse(&self, found: &str) -> Rejection {
        let rejection = Rejection::new(Logout::InResponseTo).at(self.0.root().place()).finding(found);
        let mut checks = Checks::logout();
        let _ = checks.note(Rule::LogoutReadable, Ok(()));
        let _ = checks.note(Rule::LogoutElement, Ok(()));
        let _ = checks.note::<()>(Rule::LogoutCorrelation, Err(rejection.clone()));
        rejection.with_checks(checks)
    }
}

impl Message {
    pub(super) fn root(&self) -> Node<'_> {
        match &self.transport {
            Transport::Redirect(message) => message.document().root(),
            Transport::Post(document) => document.root(),
        }
    }

    pub(super) fn relay_state(&self) -> Option<&RelayState> {
        self.relay_state.as_ref()
    }

    /// The proof by a pinned key, if anything claims to sign the message: over the query that it came in, or in its place.
    pub(super) fn prove(&self, connection: &Connection) -> Result<Option<(Signed<'_>, Deviations)>, Rejection> {
        let (keys, algorithms) = (connection.identity_provider().signing_keys(), connection.policy().algorithms());
        match &self.transport {
            Transport::Redirect(message) if message.is_signed() => {
                connection.verify_redirect(message).map(|verified| Some(verified.into_signed()))
            }
            Transport::Redirect(_) => Ok(None),
            Transport::Post(document) => match signature_of(document.root(), AFTER_ISSUER)? {
                Some(signature) => {
                    verify(signature, keys, algorithms).map(|signed| Some((signed, Deviations::default())))
                }
                None => Ok(None),
            },
        }
    }

    pub(super) fn holds_a_signature(&self) -> bool {
        self.root().subtree().any(|node| node.is(DS, "Signature"))
    }

    fn issuer(&self) -> Option<Unverified<EntityId>> {
        let issuer = self.root().elements().find(|child| child.is(SAML, "Issuer"))?;
        Some(Unverified::new(EntityId::new(trim(issuer.text_content().ok()?))))
    }
}

impl fmt::Debug for ReceivedLogoutRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReceivedLogoutRequest(..)")
    }
}

impl fmt::Debug for ReceivedLogoutResponse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ReceivedLogoutResponse(..)")
    }
}
