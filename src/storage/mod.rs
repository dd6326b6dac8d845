//! What the host stores. Every method is one atomic statement or transaction, and safe to repeat.
//!
//! Hosts write `async fn`; the [guide](crate::guide::storage) has the whole of it in SQL, and
//! `testing::store_contract` and its kin prove an implementation.

mod connection;
mod login;
mod member;
#[cfg(feature = "scim")]
mod scim;
mod session;
#[cfg(feature = "scim")]
mod team;

pub use connection::{ConnectionStore, Registered, Replaced};
pub use login::{LoginStore, Peeked};
pub use member::{Applied, MemberStore, PeekedLink, Spend, UnlinkedMember};
#[cfg(feature = "scim")]
pub use scim::{
    NewScimMember, ScimAdded, ScimChanged, ScimFilter, ScimMember, ScimMembers, ScimPage, ScimProfile, ScimRemoved,
    ScimStore, Standing,
};
pub use session::{SessionStore, TakenLogout};
#[cfg(feature = "scim")]
pub use team::{
    NewTeam, Team, TeamAdded, TeamChanged, TeamFilter, TeamId, TeamMembers, TeamName, TeamRemoved, TeamStore, Teams,
};

/// The host's storage. One type, or several, implement the traits of this module on top of this one.
pub trait Store {
    /// The host's own error. It reaches the caller unchanged; nothing is lost, and the step can be repeated.
    type Error: std::error::Error + Send + Sync + 'static;
}
