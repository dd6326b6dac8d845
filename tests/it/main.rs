//! The tests of what a host sees, in one binary. Names begin with the ids of the attack catalogue where one applies;
//! each attack stands beside the message that has to be accepted.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::cast_possible_truncation,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::string_slice,
    clippy::too_many_lines,
    clippy::unwrap_used,
    reason = "a test fails by panicking"
)]

mod aggregates;
mod canonical;
mod catalogue;
mod encryption;
#[cfg(feature = "tracing")]
mod events;
mod fake_idp;
#[cfg(feature = "fetch")]
mod fetch;
#[cfg(feature = "fips")]
mod fips;
mod flow;
mod held_keys;
mod host_store;
mod ids;
mod kit;
mod layers;
mod logout;
mod mapping;
mod mapping_profiles;
mod markup;
mod member_store;
mod members;
mod organizations;
mod outbound;
mod post;
mod profile;
mod properties;
mod redirect;
mod refresh;
mod registration;
mod reports;
#[cfg(feature = "scim")]
mod scim;
#[cfg(feature = "xmlsec")]
mod second_opinion;
#[cfg(feature = "serde")]
mod serialize;
mod signatures;
mod wrapping;
