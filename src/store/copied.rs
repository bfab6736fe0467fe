//! A copy of a store that is in use.

use super::Head;

/// A part of it, opaque to whoever keeps it. The same content makes the same parts again, but for what changed.
#[derive(Clone, PartialEq, Eq)]
pub struct CopyPart {
    /// What it holds.
    pub bytes: Vec<u8>,
    /// So much is done ...
    pub done: u64,
    /// ... of about so much.
    pub of: u64,
}

impl std::fmt::Debug for CopyPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "CopyPart({} bytes, {} of {})", self.bytes.len(), self.done, self.of)
    }
}

/// The moment that was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Commits until then.
    pub sequence: u64,
    /// The ledger.
    pub head: Head,
    /// Records.
    pub records: u64,
}
