//! saml-sp: SAML 2.0 service provider.
#![cfg_attr(not(feature = "xmlsec"), forbid(unsafe_code))]
#![deny(unsafe_code)]
#![allow(dead_code)]
pub mod error;
mod limits;
mod names;
mod time;
mod xml;
mod keys {
    #[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
    #[error("x")]
    pub struct KeyError;
}
pub use keys::KeyError;
pub use limits::Limits;
pub use names::*;
pub use time::ClockSkew;
