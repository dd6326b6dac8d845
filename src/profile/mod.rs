//! The Web Browser SSO profile (SAML Profiles 4.1): one function a rule.

mod login;
mod received;
mod rules;
#[cfg(feature = "xmlsec")]
mod second_opinion;
mod signatures;
mod verified;

pub use received::{Received, SolicitedResponse, UnsolicitedResponse};
pub use verified::{Claim, Login, ReplayKey, VerifiedLogin};
