//! The Web Browser SSO profile (SAML Profiles 4.1): one function a rule.

mod login;
mod received;
mod rules;
mod signatures;
mod unwrapping;
mod verified;

pub use received::{Received, SolicitedResponse, UnsolicitedResponse};
pub use unwrapping::{KeyUnwrapping, Verification};
pub use verified::{Claim, Login, ReplayKey, VerifiedLogin};
