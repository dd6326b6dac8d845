//! A SAML 2.0 service provider: sign-in through the identity provider that each organization brings.
//!
//! Start with [`guide::concepts`], then [`flow`], whose functions name every step in order.
//!
//! | to | see |
//! |---|---|
//! | describe yourself | [`ServiceProvider`] |
//! | register an identity provider | [`IdentityProvider`], [`Connection`], [`Policy`], [`registration`] |
//! | fetch its metadata from a URL | [`fetch`] |
//! | sign users in | [`flow::start_login`], [`flow::finish_login`], [`Login`] |
//! | know who the user is | [`mapping::AttributeMap`], [`mapping::IdpProfile`], [`guide::idp_setup`] |
//! | take them to the right member | [`provisioning`], [`flow::sign_in`] |
//! | have their identity provider make and deactivate them (feature `scim`) | [`guide::scim`] |
//! | log users out | [`flow::start_logout`], [`flow::receive_logout`], [`SamlSession`] |
//! | store what must be stored | [`storage`], [`guide::storage`] |
//! | keep private keys in a device or a key service | [`guide::keys`], [`keys::Signer`], [`keys::Decryptor`] |
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
pub mod fetch;
pub mod flow;
pub mod guide;
pub mod keys;
mod limits;
pub mod login;
pub mod logout;
pub mod mapping;
pub mod metadata;
mod names;
mod pending;
mod policy;
mod profile;
mod protocol;
pub mod provisioning;
pub mod registration;
pub mod request;
#[cfg(feature = "scim")]
pub mod scim;
#[cfg(feature = "serde")]
mod serialize;
mod session;
pub mod sp;
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
pub use binding::{Parameter, PostForm, RedirectMessage, RelayState, VerifiedRedirect};
pub use browser::{BrowserBinding, BrowserCookie};
pub use connection::{Connection, ConnectionStatus};
pub use error::Rejection;
pub use events::SecurityEvent;
pub use keys::{Certificate, DecryptionKey, SigningKey, VerifyingKey};
pub use limits::Limits;
pub use metadata::IdentityProvider;
pub use names::{
    AccountId, AssertionId, ConnectionId, EntityId, OrganizationId, RequestId, SessionId, SessionIndex, Unverified,
};
pub use pending::{BoundLogin, PendingKey, PendingLogin, Purpose};
#[cfg(feature = "xmlsec")]
pub use policy::SecondOpinion;
pub use policy::{EncryptionRule, Policy, Relaxation, SignatureRule, Unsolicited};
pub use profile::{
    Claim, KeyUnwrapping, Login, Received, ReplayKey, SolicitedResponse, UnsolicitedResponse, Verification,
    VerifiedLogin,
};
pub use session::SamlSession;
pub use sp::{ContactPerson, OrganizationInfo, ServiceProvider, ServiceProviderWarning, SpSettings};
pub use stored::StoredError;
pub use time::ClockSkew;
