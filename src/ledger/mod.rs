//! Floor 2: the ledger. Entry encoding, RFC 9162 leaf hashes and the frontier of the tree. No content.

mod entry;

pub use entry::{Entry, Verb};
