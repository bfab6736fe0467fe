//! What is done with a store that no daemon has open: it is examined, written anew, made again from a copy, or moved.

use std::path::Path;

use super::{SledStore, Still, compact, examined, restoring::Folder};
use crate::{
    ledger::Checkpoint,
    store::{Compacted, Compaction, Examined, Examining, Restoring, StoreError},
};

impl SledStore {
    /// Examines the store in `dir` without changing what it holds, and tells every disagreement; with `since`, also whether its
    /// ledger continues that checkpoint.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is none, [`StoreError::Unavailable`] when another process has it or the disk refuses.
    pub fn examine(dir: &Path, since: Option<Checkpoint>, watch: &mut dyn Examining) -> Result<Examined, StoreError> {
        examined::examine(dir, since, watch)
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

    /// A store on its way back into `dir`, where nothing may be but an empty folder.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] where something is there; [`StoreError::Unavailable`] where the disk refuses.
    pub fn restoring(dir: &Path) -> Result<Box<dyn Restoring>, StoreError> {
        Ok(Box::new(Folder::begin(dir)?))
    }

    /// The store in `dir`, examined, for whoever moves it into another engine.
    ///
    /// # Errors
    /// As [`SledStore::examine`], and [`StoreError::Damaged`] where something does not agree.
    pub fn still(dir: &Path, watch: &mut dyn Examining) -> Result<Still, StoreError> {
        Still::open(dir, watch)
    }
}
