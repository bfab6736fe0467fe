//! A store written anew, and what came of it; and whether it is time for it.

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

/// How much room a store takes on this machine's disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    /// Bytes of its files, all of them, as the disk counts them.
    pub files: u64,
    /// Bytes of all keys and values that are kept, as last counted: what the files would come to, had the engine no room of its own.
    pub live: u64,
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
