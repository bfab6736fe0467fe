//! A store that is moved into another engine: it lies still meanwhile, gives all it has, and does not open again afterwards, for
//! of two that go on from the same ledger one would be a fork.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use super::{
    examined::examine,
    keys,
    open::{disk, open_sled},
    view::Look,
};
use crate::store::{
    Copied, Examining, Head, MovedPart, Origin, StoreError,
    ordered::parts::{about, scan},
    stored::Meta,
};

/// The file in a store's folder that says that it was moved.
const MOVED: &str = "moved";
/// What it says.
const WORDS: &str = "\
This store was moved into a database, and no daemon opens it any longer. Everything in it is there.
Was the move given up? Drop that database, then delete this file: of two stores that go on from one ledger, one is a fork.
";

/// A store that lies still, whole, for whoever moves it.
pub struct Still {
    dir: PathBuf,
    db: ::sled::Db,
    origin: Origin,
}

impl Still {
    /// Opens the store in `dir` for nobody else, and examines it whole.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is none; [`StoreError::Damaged`] where something does not agree;
    /// [`StoreError::Unavailable`] when another process has it or the disk refuses.
    pub(super) fn open(dir: &Path, watch: &mut dyn Examining) -> Result<Self, StoreError> {
        let examined = examine(dir, None, watch)?;
        if examined.findings > 0 {
            return Err(StoreError::Damaged(format!("{} things do not agree", examined.findings)));
        }
        let db = open_sled(dir)?;
        let meta = Look::get(&*db, keys::META)?.map(|bytes| Meta::decode(&bytes)).transpose()?.unwrap_or_default();
        let head = Head { size: meta.frontier.size(), root: meta.frontier.root() };
        if head != examined.head {
            return Err(StoreError::Unavailable("somebody wrote to the store meanwhile".into()));
        }
        let copied = Copied { sequence: meta.sequence, head, records: meta.records };
        Ok(Self { dir: dir.to_owned(), db, origin: Origin { copied, keys: about(&meta) } })
    }

    /// What it is.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Some of its keys, from a place on.
    ///
    /// # Errors
    /// [`StoreError`]: it cannot be read.
    pub fn part(&self, from: &[u8]) -> Result<MovedPart, StoreError> {
        let (bytes, keys, next) = scan(&&*self.db, from)?;
        Ok(MovedPart { bytes, keys, next })
    }

    /// From now on no daemon opens it, durably.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where the disk refuses.
    pub fn is_moved(&self) -> Result<(), StoreError> {
        let written = || -> io::Result<()> {
            let mut file = File::create(self.dir.join(MOVED))?;
            file.write_all(WORDS.as_bytes())?;
            file.sync_all()?;
            File::open(&self.dir)?.sync_all()
        };
        written().map_err(|error| disk(&error))
    }
}

/// Nobody opens a store that was moved.
///
/// # Errors
/// [`StoreError::Unavailable`] where it was.
pub(super) fn was_not_moved(dir: &Path) -> Result<(), StoreError> {
    if !fs::exists(dir.join(MOVED)).map_err(|error| disk(&error))? {
        return Ok(());
    }
    Err(StoreError::Unavailable(format!(
        "this store was moved into a database: set store.engine to \"postgres\", or run `homeward migrate` again, \
         which ends what was begun; {} says how a move is given up",
        dir.join(MOVED).display()
    )))
}
