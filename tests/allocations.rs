//! How often a validation allocates: counted, since a machine's load changes no count.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test")]

#[path = "../benches/validation/mod.rs"]
mod validation;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;

use saml_sp::Policy;
use saml_sp::testing::SignedParts;

thread_local!(static COUNT: Cell<usize> = const { Cell::new(0) });

struct Counting;

// SAFETY: hands everything on to the allocator of the system.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        unsafe { System.alloc(layout) }
    }

    unsafe fn realloc(&self, pointer: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        COUNT.set(COUNT.get() + 1);
        unsafe { System.realloc(pointer, layout, size) }
    }

    unsafe fn dealloc(&self, pointer: *mut u8, layout: Layout) {
        unsafe { System.dealloc(pointer, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn allocations(signed: SignedParts, attributes: usize) -> usize {
    let idp = validation::idp();
    let form = validation::form_value(&idp, signed, attributes);
    let validate = validation::validation(&idp, Policy::strict(), &form);
    validate();
    let before = COUNT.get();
    validate();
    COUNT.get() - before
}

#[test]
fn a_validation_allocates_little() {
    let ten = allocations(SignedParts::Assertion, 10);
    assert!(ten <= 150, "{ten} allocations");
}

#[test]
fn an_attribute_allocates_its_name_and_its_value_and_little_else() {
    let ten = allocations(SignedParts::Assertion, 10);
    let two_hundred = allocations(SignedParts::Assertion, 200);
    assert!(two_hundred - ten <= 4 * 190, "{ten} allocations with 10 attributes, {two_hundred} with 200");
}
