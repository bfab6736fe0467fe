//! Floor 2: the ledger. Entry encoding, RFC 9162 leaf hashes and the frontier of the tree. No content.

mod encoding;
mod entry;
mod frontier;

pub use encoding::{Unreadable, decode, encode};
pub use entry::{Entry, Verb};
pub use frontier::{Frontier, leaf_hash, sha256};
