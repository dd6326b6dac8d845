//! One validation, as often as the argument says (0 for the preparation alone), for a tool that counts instructions:
//!
//! `valgrind --tool=callgrind target/release/deps/instructions-* 20`, less the same with 0, divided by 20. A second argument
//! is the number of attributes.
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a bench")]

mod validation;

use saml_sp::Policy;
use saml_sp::testing::SignedParts;

fn main() {
    let mut arguments = std::env::args().skip(1).filter_map(|argument| argument.parse().ok());
    let (runs, attributes) = (arguments.next().unwrap_or(1), arguments.next().unwrap_or(10));
    let idp = validation::idp();
    let form = validation::form_value(&idp, SignedParts::Assertion, attributes);
    let validate = validation::validation(&idp, Policy::strict(), &form);
    for _ in 0..runs {
        validate();
    }
}
