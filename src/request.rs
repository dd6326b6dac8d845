//! What a login can ask the identity provider for.

pub use crate::protocol::{
    AllowCreate, AssertionConsumerService, AuthnContextComparison, AuthnRequestOptions, ForceAuthn, IsPassive,
    NameIdPolicy,
};
