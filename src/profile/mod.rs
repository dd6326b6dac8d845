//! The Web Browser SSO profile (SAML Profiles 4.1): one function a rule.

mod login;
mod rules;
mod signatures;
mod verified;

pub(crate) use login::{Expectation, verify};
pub use verified::{Claim, Login, ReplayKey, VerifiedLogin};
