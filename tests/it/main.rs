//! What attackers send, by the names of the attack catalogue, each beside the message that has to be accepted.
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

mod canonical;
mod fake_idp;
mod ids;
mod kit;
mod signatures;
mod wrapping;
