//! Administrative documents: certificates, proposals, keys, policy versions. Small, versioned, opaque to the store.

use uuid::Uuid;

use super::Once;
use crate::{domain::code::vocabulary, ledger::Entry};

vocabulary! {
    /// A kind of document. A kind is added, never used again for something else.
    Shelf {
        /// A certificate that was issued, by its serial.
        Certificate = "certificate",
        /// A certificate authority and what it revoked, by its key identifier.
        Authority = "authority",
        /// Something one administrator proposed and another is to approve.
        Proposal = "proposal",
        /// The keyring: which epoch key wraps now, and the wrapped key of references.
        Keyring = "keyring",
        /// An epoch key, wrapped.
        EpochKey = "epoch_key",
        /// A rewrapping under way.
        Rewrap = "rewrap",
        /// The keys outside the store that have wrapped.
        OuterKeys = "outer_keys",
        /// A version of the policy.
        PolicyVersion = "policy_version",
        /// That a record was erased, by its id.
        Erasure = "erasure",
        /// The legal holds that a record is under, by its id.
        LegalHold = "legal_hold",
        /// How often the store was written anew ([`COMPACTED`]), and of which time no older copy is left.
        Compaction = "compaction",
        /// What the clock said when retention last looked at it.
        Clock = "clock",
        /// What one identity renewed for itself.
        Renewals = "renewals",
    }
}

/// A document as it is kept.
#[derive(Clone, PartialEq, Eq)]
pub struct Document {
    /// Its name on its shelf.
    pub name: String,
    /// 1 when it was put there, one more with each replacement.
    pub version: u64,
    /// What it says; encoded by the room above.
    pub bytes: Vec<u8>,
}

impl std::fmt::Debug for Document {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Document({} version {}, {} bytes)", self.name, self.version, self.bytes.len())
    }
}

/// What must be true of a document for a change to be made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expect {
    /// There is none of this name.
    New,
    /// It has this version.
    Version(u64),
}

/// A version of a document that somebody relied on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Seen {
    /// Where.
    pub shelf: Shelf,
    /// Name.
    pub name: String,
    /// The version that was read; 0 where there was none.
    pub version: u64,
}

/// The wraps of one record.
#[derive(Clone, PartialEq, Eq)]
pub struct Wraps {
    /// The record.
    pub record: Uuid,
    /// Organisation that submitted it.
    pub organisation: String,
    /// Opaque, as they were given with the record or last replaced.
    pub bytes: Vec<u8>,
}

/// A replacement of one record's wraps.
#[derive(Clone)]
pub struct Rewrap {
    /// The record.
    pub record: Uuid,
    /// What they were when the caller read them.
    pub before: Vec<u8>,
    /// What they are from now on.
    pub after: Vec<u8>,
    /// What they are wrapped under from now on.
    pub under: String,
}

/// One document put on its shelf, replaced or taken away.
#[derive(Clone)]
pub struct Change {
    /// Where.
    pub shelf: Shelf,
    /// Name, 1 to [`MOST_NAME`] bytes. One that was taken away is best not used again: its versions begin anew.
    pub name: String,
    /// What the caller has seen.
    pub expect: Expect,
    /// What it says from now on; `None` takes it away.
    pub bytes: Option<Vec<u8>>,
}

/// On the shelf of compactions, the document that each compaction replaces: its version says how many there were.
pub const COMPACTED: &str = "compacted";

/// On the same shelf, the document that says from before which compaction no copy is left, as two custodians have certified: the
/// how-manieth word on that it is, and its number, eight bytes each, the highest first; 0 once that was withdrawn.
pub const COPIES_GONE: &str = "copies_gone";

/// The longest name of a document, in bytes.
pub const MOST_NAME: usize = 512;

/// Changes that belong together: one atomic batch.
#[derive(Clone)]
pub struct Amendment {
    /// Once only, for a call that carries a request id.
    pub once: Option<Once>,
    /// The documents, each named once.
    pub changes: Vec<Change>,
    /// Ledger entries in order; none for the broker's own bookkeeping.
    pub entries: Vec<Entry>,
    /// The answer to keep, opaque to the store.
    pub answer: Vec<u8>,
}
