//! A SAML 2.0 service provider: sign-in through the identity provider that each organization brings.
//!
//! Start with [`guide::concepts`], then [`flow`], whose functions name every step in order.
//!
//! | to | see |
//! |---|---|
//! | describe yourself | [`ServiceProvider`] |
//! | register an identity provider | [`IdentityProvider`], [`Connection`], [`Policy`] |
//! | sign users in | [`flow::start_login`], [`flow::finish_login`], [`Login`] |
//! | store what must be stored | [`storage::LoginStore`], [`guide::storage`] |
//! | understand a refusal | [`Rejection`], [`error`], [`guide::errors`] |
//! | know what is defended against | [`guide::threats`], [`guide::defaults`] |
#![cfg_attr(not(feature = "xmlsec"), forbid(unsafe_code))]
#![deny(unsafe_code)]
#![warn(missing_docs)]

mod assertion;
mod binding;
mod browser;
mod connection;
mod crypto;
mod dsig;
pub mod error;
mod events;
pub mod flow;
pub mod guide;
pub mod keys;
mod limits;
pub mod login;
pub mod metadata;
mod names;
mod pending;
mod policy;
mod profile;
mod protocol;
pub mod request;
mod sp;
pub mod storage;
mod stored;
#[cfg(any(test, feature = "testing"))]
pub mod testing;
mod time;
mod xml;
mod xmlenc;

#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;

pub use assertion::{Attribute, AttributeValue, AuthnStatement, NameId, Nested};
pub use binding::{Parameter, PostForm, RedirectMessage, RelayState};
pub use browser::{BrowserBinding, BrowserCookie};
pub use connection::Connection;
pub use error::Rejection;
pub use events::SecurityEvent;
pub use keys::{Certificate, DecryptionKey, SigningKey, VerifyingKey};
pub use limits::Limits;
pub use metadata::IdentityProvider;
pub use names::{AssertionId, ConnectionId, EntityId, RequestId, SessionIndex, Unverified};
pub use pending::{BoundLogin, PendingKey, PendingLogin, Purpose};
#[cfg(feature = "xmlsec")]
pub use policy::SecondOpinion;
pub use policy::{Policy, Relaxation, SignatureRule, Unsolicited};
pub use profile::{Claim, Login, Received, ReplayKey, SolicitedResponse, UnsolicitedResponse, VerifiedLogin};
pub use sp::ServiceProvider;
pub use stored::StoredError;
pub use time::ClockSkew;
