//! A store that comes into an engine whole: back from a copy of it, or over from another engine.

use super::{Copied, Examined, Examining, Head, StoreError};
use crate::ledger::{Checkpoint, Entry};

/// A store on its way back from a copy. Until it has arrived nobody can open it.
pub trait Restoring {
    /// Takes a part, in the order in which they were copied.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where it cannot be read; [`StoreError::Unavailable`].
    fn take(&mut self, part: &[u8]) -> Result<(), StoreError>;

    /// Examines what came together, against what was copied and, with `since`, a checkpoint that it must hold, and enters `entry` in
    /// its ledger. Where anything does not agree, there is nothing to be put in its place: the findings say what is missing.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where something does not agree; [`StoreError::Unavailable`].
    fn finish(
        self: Box<Self>,
        copied: &Copied,
        since: Option<Checkpoint>,
        entry: &Entry,
        watch: &mut dyn Examining,
    ) -> Result<Box<dyn Restored>, StoreError>;
}

/// A store that has come back whole, and does not stand in its place yet.
pub trait Restored {
    /// Puts it in its place: whatever must be known of it when it is opened is known by then. Answers with what was examined.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where the engine refuses.
    fn put(self: Box<Self>) -> Result<Examined, StoreError>;
}

/// What is moved: a store that nobody has open, by its last commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Its commits, its ledger, its records.
    pub copied: Copied,
    /// About how many keys it has.
    pub keys: u64,
}

impl Origin {
    /// By this another attempt knows whether it is still the same.
    pub(in crate::store) fn name(&self) -> String {
        let Copied { sequence, head: Head { size, root }, records } = &self.copied;
        format!("moved {sequence} {size} {} {records}", hex::encode(root))
    }
}

/// Some keys of a store that is moved, in their order.
#[derive(Clone, PartialEq, Eq)]
pub struct MovedPart {
    /// The keys with their values. The same store, from the same place on, makes the same.
    pub bytes: Vec<u8>,
    /// How many.
    pub keys: u64,
    /// Where the next part begins; `None` at the end.
    pub next: Option<Vec<u8>>,
}

impl std::fmt::Debug for MovedPart {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "MovedPart({} keys, {} bytes)", self.keys, self.bytes.len())
    }
}
