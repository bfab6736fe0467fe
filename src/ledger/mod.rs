//! Floor 2: the ledger. Entry encoding, RFC 9162 leaf hashes, frontier and proofs, signed checkpoints, receipts that can be
//! filed. No content.

mod encoding;
mod entry;
mod export;
mod filed;
mod frontier;
mod note;
mod proof;

pub use encoding::{Unreadable, decode, encode};
pub use entry::{Entry, Verb};
pub use export::{Damage, TITLE as EXPORT_TITLE, Verified, base64_bytes, export_line, verify_export};
pub use filed::{FiledErasure, FiledError, FiledReceipt};
pub use frontier::{Frontier, leaf_hash, sha256};
pub use note::{Checkpoint, LogKey, NoteError, VerifierKey};
pub use proof::{Subtrees, consistency, inclusion, is_consistent, is_included, root_of};
