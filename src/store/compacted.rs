//! A store written anew, and what came of it.

use jiff::Timestamp;

/// How a store is to be compacted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compaction {
    /// When: the ledger's entry says so.
    pub at: Timestamp,
    /// Where queues, lists, kept roots or counts do not agree with records and ledger, they are made again from those; else
    /// nothing is changed.
    pub rebuild: bool,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compacted {
    /// Bytes on the disk before.
    pub before: u64,
    /// Bytes on the disk now.
    pub after: u64,
    /// Erased records whose sealed value was still there and is gone now.
    pub erased: u64,
    /// Disagreements that were mended.
    pub rebuilt: u64,
    /// Records.
    pub records: u64,
    /// Entries of the ledger, that of the compaction included.
    pub entries: u64,
}
