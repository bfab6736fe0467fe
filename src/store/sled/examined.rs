//! Examines a store that no daemon has open: its files, and what the walk over its keys finds.

use std::{
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use super::{
    durable::{Found, data_path, read_head},
    open::{compare, disk, open_sled},
};
use crate::{
    ledger::Checkpoint,
    store::{
        Examined, Examining, Head, Relation, StoreError,
        ordered::deep::{Deep, Whole},
    },
};

/// Examines the store in `dir`; with `since`, also whether its ledger continues that older checkpoint.
///
/// # Errors
/// [`StoreError::NotFound`] where there is no store; [`StoreError::Unavailable`] when another process has it or the disk
/// refuses. Damage is no error: it is told.
pub(super) fn examine(
    dir: &Path,
    since: Option<Checkpoint>,
    watch: &mut dyn Examining,
) -> Result<Examined, StoreError> {
    let head = read_head(dir).map_err(|error| disk(&error))?;
    let mut deep = Deep::new(watch);
    if !data_path(dir).exists() {
        if head == Found::Nothing {
            return Err(StoreError::NotFound);
        }
        deep.found(Relation::File, "the store", "its data file is missing");
        return Ok(deep.examined);
    }
    // sled panics on what it cannot read, at opening or later.
    let walked = catch_unwind(AssertUnwindSafe(|| whole(&mut deep, dir, head, since)));
    match walked.unwrap_or_else(|_| Err(StoreError::Damaged("the engine fails on what it reads".into()))) {
        Ok(()) => {}
        Err(StoreError::Damaged(words)) => deep.found(Relation::File, dir.join("db").display(), words),
        Err(error) => return Err(error),
    }
    Ok(deep.examined)
}

fn whole(deep: &mut Deep<'_>, dir: &Path, head: Found, since: Option<Checkpoint>) -> Result<(), StoreError> {
    let tree = open_sled(dir)?;
    let meta = deep.meta(&*tree)?;
    let head = match head {
        Found::Nothing => None,
        Found::Mark(mark) => Some(mark),
        Found::Unreadable => {
            deep.found(Relation::Head, dir.join("head").display(), "it cannot be read");
            None
        }
    };
    if head.is_some() || meta.sequence > 0 {
        let compared = compare(&meta, head);
        deep.checked(compared, Relation::Head, dir.join("head").display())?;
    }
    let files = fs::read_dir(dir.join("blobs")).map_or(0, Iterator::count);
    if files > 0 {
        deep.found(Relation::File, dir.join("blobs").display(), "values lie there that no commit makes durable");
    }
    let head = head.map(|head| Head { size: head.size, root: head.root });
    deep.walk(&Whole { tree: &*tree, meta, head, since })
}
