//! How often a validation allocates: counted, since a machine's load changes no count.
#![allow(clippy::arithmetic_side_effects, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

#[path = "../benches/validation/mod.rs"]
mod validation;

use allocation_counter::measure;
use saml_sp::Policy;
use saml_sp::testing::SignedParts;

fn allocations(signed: SignedParts, attributes: usize) -> u64 {
    let idp = validation::idp();
    let form = validation::form_value(&idp, signed, attributes);
    let validate = validation::validation(&idp, Policy::strict(), &form);
    validate();
    measure(validate).count_total
}

#[test]
fn a_validation_allocates_little() {
    let ten = allocations(SignedParts::Assertion, 10);
    assert!(ten <= 100, "{ten} allocations");
}

#[test]
fn an_attribute_allocates_its_name_and_its_value_and_little_else() {
    let ten = allocations(SignedParts::Assertion, 10);
    let two_hundred = allocations(SignedParts::Assertion, 200);
    assert!(two_hundred - ten <= 4 * 190, "{ten} allocations with 10 attributes, {two_hundred} with 200");
}
