//! The manual, a page a module.

#[doc = include_str!("concepts.md")]
pub mod concepts {}

#[doc = include_str!("idp_setup.md")]
pub mod idp_setup {}

#[doc = include_str!("storage.md")]
pub mod storage {}

#[doc = include_str!("host.md")]
pub mod host {}

#[doc = include_str!("scim.md")]
pub mod scim {}

#[doc = include_str!("threats.md")]
pub mod threats {}

#[doc = include_str!("peers.md")]
pub mod peers {}

#[doc = include_str!("defaults.md")]
pub mod defaults {}

#[doc = include_str!("errors.md")]
pub mod errors {}

#[doc = include_str!("keys.md")]
pub mod keys {}

#[doc = include_str!("rollover.md")]
pub mod rollover {}
