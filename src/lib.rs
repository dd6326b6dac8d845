//! saml-sp: SAML 2.0 service provider.
#![cfg_attr(not(feature = "xmlsec"), forbid(unsafe_code))]
#![deny(unsafe_code)]
#![allow(dead_code, unused_imports)]
mod assertion;
mod binding;
mod connection;
mod crypto;
mod dsig;
pub mod error;
mod keys;
mod limits;
mod metadata;
mod names;
mod pending;
mod policy;
mod profile;
mod protocol;
mod sp;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod time;
mod xml;
pub use assertion::{Attribute, AttributeValue, AuthnStatement, NameId, Nested};
pub use connection::Connection;
pub use error::Rejection;
pub use keys::*;
pub use limits::Limits;
pub use metadata::IdentityProvider;
pub use names::{AssertionId, ConnectionId, EntityId, RequestId, SessionIndex, Unverified};
pub use pending::{ForceAuthn, PendingLogin};
pub use policy::{Dangerous, Policy, Relaxation, SignatureRule, Unsolicited};
pub use profile::{Claim, Login, ReplayKey, VerifiedLogin};
pub use protocol::{Received, SolicitedResponse, UnsolicitedResponse};
pub use sp::{ServiceProvider, ServiceProviderBuilder};
pub use time::ClockSkew;
