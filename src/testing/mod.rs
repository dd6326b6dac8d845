//! For tests of this crate and of its hosts. Feature `testing`.

mod contract;
mod memory_store;

pub use contract::{Violation, store_contract};
pub use memory_store::MemoryStore;
