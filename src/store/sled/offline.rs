//! What is done with a store that no daemon has open: it is examined, or written anew.

use std::path::Path;

use super::{SledStore, compact, deep};
use crate::{
    ledger::Checkpoint,
    store::{Compacted, Compaction, Examined, Examining, StoreError},
};

impl SledStore {
    /// Examines the store in `dir` without changing what it holds, and tells every disagreement; with `since`, also whether its
    /// ledger continues that checkpoint.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is none, [`StoreError::Unavailable`] when another process has it or the disk refuses.
    pub fn examine(dir: &Path, since: Option<Checkpoint>, watch: &mut dyn Examining) -> Result<Examined, StoreError> {
        deep::examine(dir, since, watch)
    }

    /// Writes the store in `dir` anew, as a store in which everything agrees, without what sled never gives back and without anything
    /// that was sealed in what was erased. A kill leaves the old one or the new one.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is none, [`StoreError::Damaged`] where something does not agree that is lost, or
    /// that was not to be made again, [`StoreError::Unavailable`] when another process has it or the disk refuses.
    pub fn compact(dir: &Path, how: &Compaction, watch: &mut dyn Examining) -> Result<Compacted, StoreError> {
        compact::compact(dir, how, watch)
    }
}
