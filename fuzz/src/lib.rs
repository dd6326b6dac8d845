//! The fuzz targets. Each is a function over octets that panics where an invariant does not hold; libFuzzer runs them
//! from `fuzz_targets/`, the example `run` without it.

mod c14n;
mod mutate;
mod receive;
mod scim;
mod stored;
mod trees;
mod world;
mod written;
mod xml;

pub use mutate::{Mutator, Random};

/// One target.
pub struct Target {
    /// Its name.
    pub name: &'static str,
    /// Panics where something does not hold.
    pub body: fn(&[u8]),
    /// Inputs to start from.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Whether foreign documents are good seeds, too.
    pub documents: bool,
}

/// All of them.
pub const TARGETS: [Target; 11] = [
    Target { name: "xml", body: xml::round_trip, seeds: world::documents, documents: true },
    Target { name: "c14n", body: c14n::agrees, seeds: world::documents, documents: true },
    Target { name: "trees", body: trees::agrees, seeds: trees::seeds, documents: false },
    Target { name: "receive_post", body: receive::post, seeds: receive::post_seeds, documents: false },
    Target { name: "receive_redirect", body: receive::redirect, seeds: receive::redirect_seeds, documents: false },
    Target { name: "signed", body: receive::signed, seeds: receive::signed_seeds, documents: false },
    Target { name: "metadata", body: xml::metadata, seeds: world::metadata, documents: true },
    Target { name: "decrypt", body: receive::decrypt, seeds: receive::decrypt_seeds, documents: false },
    Target { name: "written", body: written::reads_back, seeds: written::seeds, documents: false },
    Target { name: "stored", body: stored::from_bytes, seeds: stored::seeds, documents: false },
    Target { name: "scim", body: scim::patch, seeds: scim::seeds, documents: false },
];

/// Runs one target on one input.
pub fn run(name: &str, input: &[u8]) {
    let target = TARGETS.iter().find(|target| target.name == name);
    (target.expect("a target of that name").body)(input);
}
