//! From verified attributes to a user of the host.
//!
//! An [`AttributeMap`] belongs to one connection. It says, field by field, where to look in a [`Login`](crate::Login), and
//! makes an [`Identity`] of it, or says in a [`MappingReport`] what was looked for, what arrived, and what to change.
//! [`IdpProfile`] has the maps that fit common identity providers.

mod apply;
mod attribute_map;
mod email;
mod fields;
mod identity;
mod key_bytes;
mod nearest;
mod profile;
mod profiles;
mod report;
mod role;
mod source;
#[cfg(test)]
mod tests;
pub mod vocabulary;

pub use apply::{Mapped, MappingError};
pub use attribute_map::{AttributeMap, AttributeMapBuilder};
pub use email::{EmailAddress, EmailError};
pub use identity::{AssertedRole, Identity, Role, SubjectKey, SubjectSource};
pub use nearest::{Likeness, Nearest};
pub use profile::{IdpProfile, OurValue, SetUpStep, Suggestion};
pub use report::{Arrived, Field, FieldOutcome, FieldReport, Found, MappingNote, MappingReport, Tried, ValueFault};
pub use role::{RoleLadder, RoleMap, RoleMapBuilder};
pub use source::Source;
