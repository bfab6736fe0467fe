//! Opening with care: sled panics on damaged files and may silently miss keys or go back in time, so it is opened in a
//! thread of its own, and after an unclean stop everything countable is counted and the ledger is walked.

use std::{fs, io, os::unix::fs::FileExt, path::Path, thread, time::Duration};

use super::{
    compact,
    durable::{Durable, Found, HeadMark, data_path, read_head},
    keys, late,
    moving::was_not_moved,
    pages::{PAGES, Rows},
    read,
    restoring::RESTORING,
    transaction::{Books, KEPT_LEVEL},
    view::{Look, engine},
};
use crate::{
    ledger::{Frontier, leaf_hash},
    platform::{disk::locked, secret_file::ensure_private_dir},
    store::{StoreError, stored::Meta},
};

/// sled's cache: measured to give about 115 MB of resident memory.
const CACHE: u64 = 64 << 20;
/// The engine's log is made of segments of this size, which it has unless it is told otherwise.
const SEGMENT: usize = 512 << 10;
/// What of each is read in any case.
const SEGMENT_HEAD: usize = 4 << 10;
/// A lock just given up may be held a moment longer, on a busy machine for seconds.
const LOCK_TRIES: u32 = 100;
const LOCK_WAIT: Duration = Duration::from_millis(50);

/// An open store, verified.
pub(super) struct Opened {
    /// The tree.
    pub db: ::sled::Db,
    /// Sequence, ledger, counts.
    pub books: Books,
    /// The files to sync.
    pub durable: Durable,
}

/// Opens or creates the store in `dir`.
///
/// # Errors
/// [`StoreError::Damaged`] naming what is missing and what to do; [`StoreError::Unavailable`] when another process has
/// it or the disk refuses.
pub(super) fn open(dir: &Path) -> Result<Opened, StoreError> {
    let place = dir.to_owned();
    let opened = thread::Builder::new()
        .name("store-open".into())
        .spawn(move || guarded(&place))
        .map_err(|error| disk(&error))?
        .join();
    let result = opened.unwrap_or_else(|_| Err(StoreError::Damaged("the engine cannot read its file".into())));
    result.map_err(|error| match error {
        StoreError::Damaged(what) => StoreError::Damaged(format!(
            "{what}. Nothing was changed. `homeward audit verify --deep {}` names all that does not agree. Keep a copy for \
             examination and restore the whole directory from the \
             last backup, head file included; senders repeat what the backup does not have, with the same request ids",
            dir.display()
        )),
        other => other,
    })
}

fn guarded(dir: &Path) -> Result<Opened, StoreError> {
    // Others on the machine must not read even the headers.
    ensure_private_dir(dir).map_err(|error| StoreError::Unavailable(format!("the disk refused: {error}")))?;
    let head = match read_head(dir).map_err(|error| disk(&error))? {
        Found::Nothing => None,
        Found::Mark(mark) => Some(mark),
        Found::Unreadable => return Err(StoreError::Damaged("the head file cannot be read".into())),
    };
    if head.is_none() && compact::named_beside(dir, RESTORING)?.exists() {
        // An empty store in its place would look like one that lost nothing.
        return Err(StoreError::Damaged("a restore was begun here and never finished: run it again".into()));
    }
    was_not_moved(dir)?;
    let expected = head.is_some_and(|head| head.sequence > 0);
    if expected && !data_path(dir).exists() {
        return Err(StoreError::Damaged("the data file is missing".into()));
    }
    can_be_read(dir, head.is_none_or(|head| !head.clean)).map_err(|error| disk(&error))?;
    let db = open_sled(dir)?;
    // Whoever had it open a moment ago may have moved it.
    was_not_moved(dir)?;
    match verified(dir, &db, head) {
        Ok((books, durable)) => Ok(Opened { db, books, durable }),
        Err(error) => {
            if matches!(error, StoreError::Unavailable(_)) {
                // Letting go of the engine would sync, and panic where the disk refuses that.
                std::mem::forget(db);
            }
            Err(error)
        }
    }
}

/// Reads what the engine will read as it opens: whatever of its log it cannot read then it takes for the end of it, and keeps that. After
/// a stop in order that is the beginning of each segment, else all of them.
fn can_be_read(dir: &Path, whole: bool) -> io::Result<()> {
    let data = match fs::File::open(data_path(dir)) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        opened => opened?,
    };
    let mut piece = vec![0; if whole { SEGMENT } else { SEGMENT_HEAD }];
    let mut at = 0;
    while at < data.metadata()?.len() {
        let mut read = 0;
        while read < piece.len() {
            match data.read_at(&mut piece[read..], at + read as u64)? {
                0 => break,
                more => read += more,
            }
        }
        at += SEGMENT as u64;
    }
    Ok(())
}

/// What an open engine holds, verified, and the files to sync.
fn verified(dir: &Path, db: &::sled::Db, head: Option<HeadMark>) -> Result<(Books, Durable), StoreError> {
    compact::clear(dir)?;
    let meta = match Look::get(&**db, keys::META)? {
        Some(bytes) => Meta::decode(&bytes)?,
        None if !db.is_empty() => return Err(StoreError::Damaged("the counts of the last commit are missing".into())),
        None => Meta::default(),
    };
    compare(&meta, head)?;
    let walked = head.is_none_or(|head| !head.clean);
    if walked {
        walk(db, &meta, head)?;
    }
    tracing::info!(entries = meta.frontier.size(), records = meta.records, live = meta.live, walked, "store verified");
    let durable = Durable::open(dir, &meta).map_err(|error| disk(&error))?;
    let wrapped = read::wrapped(&**db)?.into_iter().collect();
    let (awaited, pages) = (late::awaited(&**db)?, Rows::read(&**db)?);
    Ok((Books { meta, wrapped, awaited, pages, ..Books::default() }, durable))
}

/// Opens the engine alone.
pub(super) fn open_sled(dir: &Path) -> Result<::sled::Db, StoreError> {
    // No flushing in the background: every batch is made durable before it is answered, and nothing else is written.
    let config = ::sled::Config::new().path(dir).cache_capacity(CACHE).flush_every_ms(None);
    let mut tries = 0;
    loop {
        leave_no_half_snapshot(dir).map_err(|error| disk(&error))?;
        match config.open() {
            Ok(db) => return Ok(db),
            Err(::sled::Error::Io(error)) if error.to_string().contains("could not acquire lock") => {
                tries += 1;
                if tries == LOCK_TRIES {
                    return Err(StoreError::Unavailable("another process has the store open".into()));
                }
                thread::sleep(LOCK_WAIT);
            }
            // What sled cannot read, apart from the disk itself failing, is damage.
            Err(::sled::Error::Io(error)) if error.kind() != io::ErrorKind::InvalidData => return Err(disk(&error)),
            Err(::sled::Error::Io(_)) => return Err(StoreError::Damaged("the engine cannot read its file".into())),
            Err(::sled::Error::Unsupported(_)) => {
                return Err(StoreError::Damaged("the engine's settings file does not fit its data".into()));
            }
            Err(error) => return Err(engine(error)),
        }
    }
}

/// Takes away a snapshot that the engine was ended over. It would take it for a whole one that is damaged, and there is nothing in it that
/// is not in the data file.
fn leave_no_half_snapshot(dir: &Path) -> io::Result<()> {
    // Whoever has the store open may be writing one at this moment.
    let Some(_alone) = locked(&data_path(dir))? else { return Ok(()) };
    for entry in fs::read_dir(dir)? {
        let entry = entry?;
        let name = entry.file_name();
        if name.to_string_lossy().starts_with("snap.") && name.to_string_lossy().ends_with(".generating") {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}

/// The data may be ahead of the head file, never behind it, and never another history.
pub(super) fn compare(meta: &Meta, head: Option<HeadMark>) -> Result<(), StoreError> {
    let Some(head) = head else {
        return if meta.sequence == 0 { Ok(()) } else { Err(StoreError::Damaged("the head file is missing".into())) };
    };
    let size = meta.frontier.size();
    if meta.sequence < head.sequence || size < head.size {
        return Err(StoreError::Damaged(format!(
            "the data file has gone back in time: commits {} to {} and ledger entries {} up to {} are missing",
            meta.sequence + 1,
            head.sequence,
            size,
            head.size
        )));
    }
    if meta.sequence == head.sequence && (size != head.size || meta.frontier.root() != head.root) {
        return Err(StoreError::Damaged("the data file and the head file are of different stores".into()));
    }
    Ok(())
}

/// Walks the ledger from its first entry and counts records and live deliveries.
fn walk(db: &::sled::Db, meta: &Meta, head: Option<HeadMark>) -> Result<(), StoreError> {
    let mut frontier = Frontier::default();
    for pair in db.scan_prefix(b"e") {
        let (key, _) = pair.map_err(engine)?;
        let index = frontier.size();
        if key.as_ref() != keys::entry(index) {
            return Err(StoreError::Damaged(format!("ledger entry {index} is missing")));
        }
        let entry = db.large(&key)?.ok_or_else(|| StoreError::Damaged(format!("ledger entry {index} is missing")))?;
        let mut finished = Vec::new();
        frontier.append_with(leaf_hash(&entry), |level, index, root| finished.push((level, index, root)));
        for (level, place, root) in finished.into_iter().filter(|(level, ..)| *level >= KEPT_LEVEL) {
            if Look::get(&**db, &keys::subtree(level, place))?.as_deref() != Some(root.as_slice()) {
                return Err(StoreError::Damaged(format!("the kept root over the entries up to {index} is another")));
            }
        }
        if head.is_some_and(|head| head.size == frontier.size() && head.root != frontier.root()) {
            return Err(StoreError::Damaged(format!("the ledger up to entry {index} is not the one that was kept")));
        }
    }
    if frontier != meta.frontier {
        return Err(StoreError::Damaged(format!(
            "the ledger has {} entries that can be read where {} with another root were written",
            frontier.size(),
            meta.frontier.size()
        )));
    }
    expect(db, &[b"r"], meta.records, "records")?;
    expect(db, &[b"d"], meta.records, "lists of deliveries")?;
    let wrapped: u64 = read::wrapped(&**db)?.iter().map(|(_, records)| records).sum();
    if wrapped != meta.records {
        return Err(StoreError::Damaged(format!("the wraps of {wrapped} of {} records are counted", meta.records)));
    }
    expect(db, &[b"w", b"h", b"n", b"q"], meta.live, "waiting or leased deliveries")?;
    expect(db, &[b"i"], meta.answers, "answers")?;
    expect(db, &[b"o"], meta.listed, "listed submissions")?;
    expect(db, &[b"v"], meta.events, "events")?;
    expect(db, &[b"s"], meta.documents, "documents")?;
    expect(db, &[PAGES], meta.pages, "pages")?;
    expect(db, &[keys::FINISHED], meta.finished, "finished records")?;
    expect(db, &[keys::PROMPTS, keys::AWAITED], meta.prompts, "rows of prompts")?;
    let leased = count(db, b"h")?;
    expect(db, &[keys::LEASES], leased, "leases")?;
    expect(db, &[keys::HANDED], handed_over(db)?, "hand-overs")?;
    let delayed = count(db, b"n")?;
    expect(db, &[b"z"], delayed, "delays")
}

/// How many leased deliveries say of themselves that they are handed over.
fn handed_over(db: &::sled::Db) -> Result<u64, StoreError> {
    let counted = |count, standing: ::sled::IVec| count + u64::from(keys::is_handed_over(&standing));
    db.scan_prefix(b"h").values().try_fold(0, |count, value| value.map(|value| counted(count, value)).map_err(engine))
}

fn expect(db: &::sled::Db, kinds: &[&[u8]], expected: u64, what: &str) -> Result<(), StoreError> {
    let mut found = 0;
    for kind in kinds {
        found += count(db, kind)?;
    }
    if found == expected {
        Ok(())
    } else {
        Err(StoreError::Damaged(format!("{found} {what} can be read where {expected} were written")))
    }
}

fn count(db: &::sled::Db, kind: &[u8]) -> Result<u64, StoreError> {
    db.scan_prefix(kind).keys().try_fold(0, |count, key| key.map(|_| count + 1).map_err(engine))
}

/// What the disk says.
pub(super) fn disk(error: &io::Error) -> StoreError {
    StoreError::Unavailable(format!("the disk refused: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A store that was not closed in order and lost one key of the given kind behind its own back.
    fn losing(kind: &[u8]) -> StoreError {
        let dir = tempfile::tempdir().unwrap();
        let mut opened = open(dir.path()).unwrap();
        let mut tx = crate::store::ordered::Transaction::new(&*opened.db, &mut opened.books);
        crate::store::ordered::accept::tests::everything(&mut tx);
        tx.seal();
        opened.db.apply_batch(crate::store::sled::view::batch(tx.view.into_writes())).unwrap();
        opened.db.flush().unwrap();
        opened.durable.commit(HeadMark::of(&opened.books.meta, false)).unwrap();
        let key = opened.db.scan_prefix(kind).keys().next().unwrap().unwrap();
        opened.db.remove(key).unwrap();
        opened.db.flush().unwrap();
        drop(opened);
        open(dir.path()).map(|_| ()).unwrap_err()
    }

    #[test]
    fn a_snapshot_that_was_never_finished_is_no_damage() {
        let dir = tempfile::tempdir().unwrap();
        drop(open(dir.path()).unwrap());
        let half = dir.path().join("snap.FFFFFFFFFFFFFFFF.generating");
        fs::write(&half, "half").unwrap();
        drop(open(dir.path()).unwrap());
        assert!(!half.exists());
    }

    #[test]
    fn a_store_that_is_moved_while_somebody_waits_for_it_opens_for_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let held = open(dir.path()).unwrap();
        thread::scope(|scope| {
            let waits = scope.spawn(|| open(dir.path()).map(|_| ()).unwrap_err());
            thread::sleep(4 * LOCK_WAIT);
            assert!(!waits.is_finished(), "it has the store");
            fs::write(dir.path().join("moved"), "moved").unwrap();
            drop(held);
            let told = waits.join().unwrap().to_string();
            assert!(told.contains("was moved into a database"), "{told}");
        });
    }

    #[test]
    fn a_new_store_is_its_owners_alone() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let place = dir.path().join("data/store");
        drop(open(&place).unwrap());
        assert_eq!(fs::metadata(place).unwrap().permissions().mode() & 0o777, 0o700);
    }

    #[test]
    fn a_key_that_is_silently_missing_is_noticed_whatever_its_kind() {
        for kind in *b"rdwhnzlgieovscpfjym" {
            let found = losing(&[kind]);
            assert!(matches!(found, StoreError::Damaged(_)), "{found} without a key of {:?}", char::from(kind));
        }
    }
}
