//! SAML protocol messages (SAML Core 3): what can be read of them before anything is verified.

mod authn_request;
mod logout;
mod response;
mod status;

pub(crate) use authn_request::{AFTER_ISSUER, Requester};
pub use authn_request::{
    AllowCreate, AssertionConsumerService, AuthnContextComparison, AuthnRequestOptions, ForceAuthn, IsPassive,
    NameIdPolicy,
};
pub(crate) use logout::{Head, LogoutRequest, LogoutResponse, Outgoing};
pub(crate) use response::{Asserted, Response};
pub(crate) use status::{PARTIAL_LOGOUT, REQUESTER, RESPONDER, SUCCESS, UNKNOWN_PRINCIPAL};
