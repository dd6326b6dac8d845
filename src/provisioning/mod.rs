//! From an identity to a member: pure decisions over what one look-up found.
//!
//! An **account** is the host's and signs a person in; a **member** is an account in one organization, with a role;
//! a **link** ties one [`SubjectKey`](crate::mapping::SubjectKey) to one account. [`decide`] reads [`Facts`] and says
//! what follows:
//!
//! | who is it | then |
//! |---|---|
//! | the subject is linked to an account | that account, if it is an active member, and nobody else is signed in |
//! | not linked, somebody is signed in | that account after it has confirmed, never the owner of the asserted e-mail |
//! | not linked, the e-mail has an owner | the owner proves it: signed in, or by a mailed token in the same browser |
//! | not linked, nobody has the e-mail | a new member, as [`Joining`] allows |
//!
//! An asserted e-mail alone signs nobody in. The one exception is an organization's [`ProvenDomain`], for its own
//! active member with a verified address.
//!
//! A session made of such a login is good for one organization: see [`SessionScope`]. It proves no account to another
//! organization, and nothing that belongs to the account as a whole (its password, e-mail, second factors, tokens,
//! other organizations) is the session's to change: ask for the account's own credentials there.

mod change;
mod decide;
mod facts;
mod link;
mod onboarding;
mod refusal;
mod scope;
mod settings;

pub use change::{Change, LinkChange, MemberChange, MembershipChange, NewMember};
pub use decide::{Asked, Case, Create, Decision, ProveLink, SignIn, decide, decide_proven};
pub use facts::{AtConnection, EmailStatus, Facts, Invitation, Known, Linked, MemberStatus, Membership, Query};
pub(crate) use link::Binding;
pub use link::{LinkHash, LinkProof, LinkToken, NotProven, PendingLink, ProofKind, Reminder};
pub use onboarding::Onboarding;
pub use refusal::{Refusal, RefusalKind};
pub use scope::{Session, SessionScope};
pub use settings::{Joining, MissingRole, ProvenDomain, Provisioning, RemovedMembers, RoleSync};

#[cfg(test)]
mod tests;
