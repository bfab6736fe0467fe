//! The cases of the conformance suite and what they share.

pub mod asked;
pub mod evening;
pub mod feedback;
pub mod finished;
pub mod fixtures;
pub mod grading;
pub mod handed;
pub mod lease;
pub mod ledger;
pub mod offers;
pub mod once;
pub mod order;
pub mod pages;
pub mod prompts;
pub mod retracted;
pub mod shelf;
pub mod whole;

use std::sync::Arc;

use homeward::store::Store;

/// An engine over a place of its own.
pub trait Engine {
    /// Opens the store, the first time and again.
    fn open(&self) -> Arc<dyn Store>;
}
