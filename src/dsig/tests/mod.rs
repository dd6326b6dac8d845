#![allow(clippy::arithmetic_side_effects, clippy::string_slice, reason = "a test fails by panicking")]

mod corpus;
mod cost;
mod random;
mod signing;
mod spelling;
mod verifying;

use super::c14n::{Method, Rule, canonicalize};
use super::*;
use crate::limits::Limits;
use crate::xml::{Document, Node, Profile};

/// Everything switched on that a connection can switch on.
const PERMISSIVE: Algorithms =
    Algorithms { sha1: Permission::Allowed, rsa1024: Permission::Allowed, inclusive_c14n: Permission::Allowed };

fn parse(octets: impl Into<Vec<u8>>) -> Document {
    Document::parse(octets.into(), Profile::Metadata, &Limits::metadata()).unwrap()
}

fn canonical<'d>(apex: Node<'d>, omit: Option<Node<'d>>, method: &Method<'d>) -> Vec<u8> {
    let mut octets = Vec::new();
    canonicalize(apex, omit, method, &mut octets).unwrap();
    octets
}
