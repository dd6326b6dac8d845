//! The Web Browser SSO and Single Logout profiles (SAML Profiles 4.1, 4.4): one function a rule.

mod concluded;
mod login;
mod logout;
mod received;
mod received_logout;
mod rules;
#[cfg(feature = "xmlsec")]
mod second_opinion;
mod signatures;
mod unwrapping;
mod verified;

pub use concluded::{ConcludedLogout, Ended, FinishedLogout, LogoutExtent, LogoutStatus, VerifiedLogoutRequest};
pub use received::{Received, SolicitedResponse, UnsolicitedResponse};
pub use received_logout::{ReceivedLogout, ReceivedLogoutRequest, ReceivedLogoutResponse};
pub use unwrapping::{KeyUnwrapping, Verification};
pub use verified::{Claim, Login, ReplayKey, VerifiedLogin};
