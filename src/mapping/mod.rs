//! From verified attributes to a user of the host.

mod email;
mod identity;

pub use email::{EmailAddress, EmailError};
pub use identity::{AssertedRole, Identity, Role, SubjectKey, SubjectSource};
