//! A store made again from a copy: into a folder beside where it is to stand, examined whole, and put in its place in one step.

use std::{
    fs, io,
    os::unix::fs::{MetadataExt, lchown},
    path::{Path, PathBuf},
};

use super::{
    compact::{named_beside, remove},
    durable::{Durable, HeadMark},
    examined::examine,
    keys,
    open::{disk, open_sled},
    transaction::{Books, Transaction},
    view::{Look, batch, engine},
    waking::flushed,
};
use crate::{
    ledger::{Checkpoint, Entry},
    platform::{
        disk::own_as,
        secret_file::{FileError, ensure_private_dir},
    },
    store::{
        Copied, Examined, Examining, Restored, Restoring, StoreError,
        ordered::parts::{came_together, read_part},
        stored::Meta,
    },
};

/// What a store on its way back is named, behind its own name.
pub(super) const RESTORING: &str = "restoring";

/// A store that has come back whole beside its place.
struct Whole {
    dir: PathBuf,
    beside: PathBuf,
    like: fs::Metadata,
    examined: Examined,
}

impl Restored for Whole {
    fn put(self: Box<Self>) -> Result<Examined, StoreError> {
        let Self { dir, beside, like, examined } = *self;
        own_as(&beside, &like).and_then(|()| fs::rename(&beside, &dir)).map_err(|error| disk(&error))?;
        let parent = fs::File::open(dir.parent().unwrap_or(&dir));
        parent.and_then(|parent| parent.sync_all()).map_err(|error| disk(&error))?;
        Ok(examined)
    }
}

/// A store on its way back into a folder.
pub(super) struct Folder {
    dir: PathBuf,
    beside: PathBuf,
    db: ::sled::Db,
    /// Whose it is to be: the folder's where it is to stand, else of what that lies in.
    like: fs::Metadata,
}

impl Folder {
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
}

impl Restoring for Folder {
    fn take(&mut self, part: &[u8]) -> Result<(), StoreError> {
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

    fn finish(
        self: Box<Self>,
        copied: &Copied,
        since: Option<Checkpoint>,
        entry: &Entry,
        watch: &mut dyn Examining,
    ) -> Result<Box<dyn Restored>, StoreError> {
        let Self { dir, beside, db, like } = *self;
        let meta = Look::get(&*db, keys::META)?.map(|bytes| Meta::decode(&bytes)).transpose()?.unwrap_or_default();
        came_together(&meta, copied)?;
        let closed = |db: ::sled::Db, meta: &Meta| {
            flushed(&db)?;
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
        Ok(Box::new(Whole { dir, beside, like, examined }))
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
