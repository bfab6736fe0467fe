//! Compaction: sled gives no room back and keeps what was overwritten, so what a store holds is written anew into a folder beside
//! it, held against the old one, and exchanged for it in one step. Of what was erased nothing sealed is written. A kill leaves
//! the old store or the new one, whole.

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    anew::{Anew, Written},
    durable::{Durable, HeadMark},
    examined::examine,
    moving::was_not_moved,
    open::{disk, open_sled},
    view::{Look, engine},
    waking::flushed,
};
use crate::{
    platform::{
        disk::{exchange, own_as, used_bytes},
        secret_file::ensure_private_dir,
    },
    store::{Compacted, Compaction, Examining, Finding, Mend, StoreError},
};

/// What a store that is written anew is named, behind the store's own name.
const COMPACTING: &str = "compacting";

/// Compacts the store in `dir`.
///
/// # Errors
/// [`StoreError::NotFound`] where there is none; [`StoreError::Damaged`] where something does not agree that was not to be made
/// again, or is lost; [`StoreError::Unavailable`] when another process has it or the disk refuses. The store is then as it was.
pub(super) fn compact(dir: &Path, how: &Compaction, watch: &mut dyn Examining) -> Result<Compacted, StoreError> {
    let (before, like) = (used_bytes(dir).unwrap_or(0), fs::metadata(dir));
    let mut sorted = Sorted { watch, derived: 0, lost: 0 };
    examine(dir, None, &mut sorted)?;
    let Sorted { derived, lost, watch } = sorted;
    if lost > 0 || (derived > 0 && !how.rebuild) {
        return Err(StoreError::Damaged(format!("{} things do not agree", derived + lost)));
    }
    let old = open_sled(dir)?;
    // What is written anew would not say that it was moved.
    was_not_moved(dir)?;
    let beside = named_beside(dir, COMPACTING)?;
    remove(&beside).map_err(|error| disk(&error))?;
    let written = write(&old, &beside, how, watch).and_then(|written| {
        held_against(&old, &beside, &written, watch)?;
        // Whoever compacts may be root, and whoever serves is not.
        let given = like.and_then(|like| own_as(&beside, &like)).and_then(|()| exchange(dir, &beside));
        given.map_err(|error| disk(&error))?;
        Ok(written)
    });
    // The old store is let go of before it is removed, so that nothing writes to it any longer.
    drop(old);
    remove(&beside).map_err(|error| disk(&error))?;
    let Written { meta, erased, .. } = written?;
    let after = used_bytes(dir).unwrap_or(0);
    Ok(Compacted { before, after, erased, rebuilt: derived, records: meta.records, entries: meta.frontier.size() })
}

/// Takes away what a compaction that was killed has left. Only for who has the store open: then none is under way.
pub(super) fn clear(dir: &Path) -> Result<(), StoreError> {
    let beside = named_beside(dir, COMPACTING)?;
    if beside.exists() {
        remove(&beside).map_err(|error| disk(&error))?;
        tracing::warn!("what a compaction had left was removed");
    }
    Ok(())
}

/// Where a new store is written: on the same disk, under a name that says so.
pub(super) fn named_beside(dir: &Path, what: &str) -> Result<PathBuf, StoreError> {
    let whole = dir.canonicalize().map_err(|error| disk(&error))?;
    let name = whole.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    Ok(whole.with_file_name(format!("{name}.{what}")))
}

/// Removes a folder, if it is there, durably.
pub(super) fn remove(folder: &Path) -> io::Result<()> {
    match fs::remove_dir_all(folder) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    fs::File::open(folder.parent().unwrap_or(folder))?.sync_all()
}

/// Writes the new store, durable and closed in order.
fn write(old: &::sled::Db, beside: &Path, how: &Compaction, watch: &mut dyn Examining) -> Result<Written, StoreError> {
    ensure_private_dir(beside).map_err(|error| StoreError::Unavailable(format!("the disk refused: {error}")))?;
    let new = open_sled(beside)?;
    let written = Anew::new(old, &new, watch)?.all(how)?;
    flushed(&new)?;
    let mut durable = Durable::open(beside, &written.meta).map_err(|error| disk(&error))?;
    drop(new);
    durable.commit(HeadMark::of(&written.meta, true)).map_err(|error| disk(&error))?;
    Ok(written)
}

/// The new store agrees with itself, and with the old one in everything that is not made again.
fn held_against(
    old: &::sled::Db,
    beside: &Path,
    written: &Written,
    watch: &mut dyn Examining,
) -> Result<(), StoreError> {
    let other = || StoreError::Unavailable("what was written anew is not what was there; nothing was changed".into());
    let examined = examine(beside, None, watch)?;
    if examined.findings > 0 || examined.records != written.meta.records {
        return Err(other());
    }
    let new = open_sled(beside)?;
    for kind in [b"e".as_slice(), b"r", b"d", b"i", b"s"] {
        for key in old.scan_prefix(kind).keys() {
            let key = key.map_err(engine)?;
            if old.large(&key)? != new.large(&key)? && !written.changed.contains(key.as_ref()) {
                return Err(other());
            }
        }
    }
    for kind in [b"v".as_slice(), b"x"] {
        for pair in old.scan_prefix(kind) {
            let (key, value) = pair.map_err(engine)?;
            if new.get(&key).map_err(engine)?.as_ref() != Some(&value) {
                return Err(other());
            }
        }
    }
    Ok(())
}

/// Passes findings on, and counts what can be made again and what is lost.
struct Sorted<'w> {
    watch: &'w mut dyn Examining,
    derived: u64,
    lost: u64,
}

impl Examining for Sorted<'_> {
    fn at(&mut self, done: u64, of: u64) {
        self.watch.at(done, of);
    }

    fn found(&mut self, finding: Finding) {
        match finding.relation.mend() {
            Mend::Derived => self.derived += 1,
            Mend::Lost => self.lost += 1,
        }
        self.watch.found(finding);
    }
}
