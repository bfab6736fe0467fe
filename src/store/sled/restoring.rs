//! A store made again from a copy: into a folder beside where it is to stand, examined whole, and put in its place in one step.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, lchown},
    path::{Path, PathBuf},
};

use super::{
    compact::{named_beside, remove},
    deep::examine,
    durable::{Durable, HeadMark},
    keys,
    open::{disk, open_sled},
    transaction::{Books, Transaction},
    view::{Look, batch, engine},
};
use crate::{
    ledger::{Checkpoint, Entry},
    platform::{
        disk::own_as,
        secret_file::{FileError, ensure_private_dir},
    },
    store::{Copied, Examined, Examining, StoreError, ordered::parts::read_part, stored::Meta},
};

/// What a store on its way back is named, behind its own name.
pub(super) const RESTORING: &str = "restoring";

/// A store that has come back whole, and does not stand in its place yet.
#[derive(Debug)]
pub struct Restored {
    dir: PathBuf,
    beside: PathBuf,
    like: fs::Metadata,
    examined: Examined,
}

impl Restored {
    /// Puts it in its place: whatever must be known of it when it is opened is known by then. Answers with what was examined.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where the disk refuses.
    pub fn put(self) -> Result<Examined, StoreError> {
        let Self { dir, beside, like, examined } = self;
        own_as(&beside, &like).and_then(|()| fs::rename(&beside, &dir)).map_err(|error| disk(&error))?;
        let parent = fs::File::open(dir.parent().unwrap_or(&dir));
        parent.and_then(|parent| parent.sync_all()).map_err(|error| disk(&error))?;
        Ok(examined)
    }
}

/// A store on its way back.
pub struct Restoring {
    dir: PathBuf,
    beside: PathBuf,
    db: ::sled::Db,
    /// Whose it is to be: the folder's where it is to stand, else of what that lies in.
    like: fs::Metadata,
}

impl Restoring {
    /// Begins, beside `dir`, where nothing may be but an empty folder. What an earlier attempt left is taken away.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] where something is there; [`StoreError::Unavailable`] where the disk refuses.
    pub fn begin(dir: &Path) -> Result<Self, StoreError> {
        if fs::read_dir(dir).is_ok_and(|mut entries| entries.next().is_some()) {
            return Err(StoreError::WrongState);
        }
        let refused = |error| StoreError::Unavailable(format!("the disk refused: {error}"));
        let made = make(dir).map_err(refused)?;
        let beside = named_beside(dir, RESTORING)?;
        remove(&beside).map_err(|error| disk(&error))?;
        ensure_private_dir(&beside).map_err(refused)?;
        let (db, like) = (open_sled(&beside)?, made.map_err(|error| disk(&error))?);
        Ok(Self { dir: dir.to_owned(), beside, db, like })
    }

    /// Takes a part, in the order in which they were copied.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where it cannot be read; [`StoreError::Unavailable`].
    pub fn take(&mut self, part: &[u8]) -> Result<(), StoreError> {
        let pairs = read_part(part).ok_or_else(|| StoreError::Damaged("a part of the copy cannot be read".into()))?;
        let mut batch = ::sled::Batch::default();
        for (key, value) in pairs {
            match value {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        self.db.apply_batch(batch).map_err(engine)
    }

    /// Examines what came together, against what was copied and, with `since`, a checkpoint that it must hold, and enters `entry` in
    /// its ledger. Where anything does not agree, there is nothing to be put in its place: the findings say what is missing.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] where something does not agree; [`StoreError::Unavailable`].
    pub fn finish(
        self,
        copied: &Copied,
        since: Option<Checkpoint>,
        entry: &Entry,
        watch: &mut dyn Examining,
    ) -> Result<Restored, StoreError> {
        let Self { dir, beside, db, like } = self;
        let meta = Look::get(&*db, keys::META)?.map(|bytes| Meta::decode(&bytes)).transpose()?.unwrap_or_default();
        let (size, root) = (meta.frontier.size(), meta.frontier.root());
        if (meta.sequence, size, root) != (copied.sequence, copied.head.size, copied.head.root) {
            return Err(StoreError::Damaged(format!(
                "its ledger has {size} entries where {} with another root were copied",
                copied.head.size
            )));
        }
        let closed = |db: ::sled::Db, meta: &Meta| {
            db.flush().map_err(engine)?;
            let mut durable = Durable::open(&beside, meta).map_err(|error| disk(&error))?;
            drop(db);
            durable.commit(HeadMark::of(meta, true)).map_err(|error| disk(&error))
        };
        closed(db, &meta)?;
        let examined = examine(&beside, since, watch)?;
        if examined.findings > 0 {
            return Err(StoreError::Damaged(format!("{} things do not agree", examined.findings)));
        }
        let db = open_sled(&beside)?;
        let mut books = Books { meta, ..Books::default() };
        let mut tx = Transaction::new(&*db, &mut books);
        tx.run(|tx| tx.append(entry))?;
        tx.seal();
        let batch = batch(tx.view.into_writes());
        db.apply_batch(batch).map_err(engine)?;
        closed(db, &books.meta)?;
        Ok(Restored { dir, beside, like, examined })
    }
}

/// Makes the folder, private, where it is not there, and whatever it lies in. What is made belongs to whom that belongs in which it
/// is made: whoever restores may be root, and whoever serves is not.
fn make(dir: &Path) -> Result<io::Result<fs::Metadata>, FileError> {
    let there = dir.ancestors().map(|above| if above.as_os_str().is_empty() { Path::new(".") } else { above });
    let there = there.into_iter().find(|above| above.exists()).unwrap_or(Path::new("."));
    let new: Vec<_> = dir.ancestors().take_while(|above| !above.as_os_str().is_empty() && !above.exists()).collect();
    let about = fs::metadata(there);
    ensure_private_dir(dir)?;
    Ok(about.and_then(|about| {
        new.iter().try_for_each(|made| lchown(made, Some(about.uid()), Some(about.gid())))?;
        fs::metadata(dir)
    }))
}
