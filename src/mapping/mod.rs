//! From verified attributes to a user of the host.

mod email;
#[cfg(any(test, feature = "testing"))]
mod fixture;
mod identity;
mod key_bytes;

pub use email::{EmailAddress, EmailError};
pub use identity::{AssertedRole, Identity, Role, SubjectKey, SubjectSource};
