//! Making a commit durable: sled's own `flush` does not sync on Linux, so the data file is synced through a descriptor
//! of our own, and the head (sequence, ledger size and root) is kept in a second synced file, which catches a data file
//! that has silently gone back in time.

use std::{
    fs::{self, File, OpenOptions},
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use crate::{ledger::sha256, store::stored::Meta};

/// The head as the second file knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HeadMark {
    /// Commits.
    pub sequence: u64,
    /// Ledger entries.
    pub size: u64,
    /// Root over them.
    pub root: [u8; 32],
    /// The store was closed in order and not opened since.
    pub clean: bool,
}

impl HeadMark {
    /// The mark of a commit.
    pub fn of(meta: &Meta, clean: bool) -> Self {
        Self { sequence: meta.sequence, size: meta.frontier.size(), root: meta.frontier.root(), clean }
    }
}

/// What the head file says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Found {
    /// There is none, or its creation was cut short before anything was ever committed.
    Nothing,
    /// The newest readable mark.
    Mark(HeadMark),
    /// It is there and cannot be read.
    Unreadable,
}

/// sled's data file in `dir`.
pub(super) fn data_path(dir: &Path) -> PathBuf {
    dir.join("db")
}

fn head_path(dir: &Path) -> PathBuf {
    dir.join("head")
}

const MAGIC: &[u8; 8] = b"HWHEAD01";
const MARK: usize = 8 + 8 + 8 + 32 + 1;
/// Two places a disk block apart, written in turn: a torn write leaves the one before.
const PLACES: [u64; 2] = [0, 4096];
const FILE: usize = 8192;

/// Reads the head file of `dir`.
pub(super) fn read_head(dir: &Path) -> io::Result<Found> {
    let bytes = match fs::read(head_path(dir)) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Found::Nothing),
        Err(error) => return Err(error),
    };
    if bytes.len() < FILE {
        return Ok(Found::Nothing);
    }
    let marks = PLACES.iter().filter_map(|place| read_mark(bytes.get(usize::try_from(*place).ok()?..)?));
    Ok(marks.max_by_key(|mark| (mark.sequence, mark.clean)).map_or(Found::Unreadable, Found::Mark))
}

fn read_mark(bytes: &[u8]) -> Option<HeadMark> {
    let (mark, check) = bytes.get(..MARK + 32)?.split_at(MARK);
    if sha256(&[mark]) != check || !mark.starts_with(MAGIC) {
        return None;
    }
    let number = |at: usize| mark.get(at..at + 8)?.try_into().ok().map(u64::from_be_bytes);
    Some(HeadMark {
        sequence: number(8)?,
        size: number(16)?,
        root: mark.get(24..56)?.try_into().ok()?,
        clean: *mark.last()? == 1,
    })
}

/// The two files that are synced on every commit.
#[derive(Debug)]
pub(super) struct Durable {
    dir: PathBuf,
    data: File,
    head: File,
    turn: usize,
}

impl Durable {
    /// Opens both, makes everything in `dir` and `dir` itself durable, and marks the store as in use.
    pub fn open(dir: &Path, meta: &Meta) -> io::Result<Self> {
        let data = File::open(data_path(dir))?;
        let head = OpenOptions::new().read(true).write(true).create(true).truncate(false).open(head_path(dir))?;
        if head.metadata()?.len() < FILE as u64 {
            head.write_all_at(&[0; FILE], 0)?;
        }
        let mut durable = Self { dir: dir.to_owned(), data, head, turn: 0 };
        durable.data.sync_all()?;
        // Both places: the older mark may still say that the store was closed in order.
        for _ in PLACES {
            durable.mark(HeadMark::of(meta, false))?;
        }
        durable.head.sync_all()?;
        for entry in fs::read_dir(dir)? {
            let entry = entry?;
            if entry.file_type()?.is_file() {
                File::open(entry.path())?.sync_all()?;
            }
        }
        sync_dir(dir)?;
        sync_dir(dir.canonicalize()?.parent().unwrap_or(dir))?;
        Ok(durable)
    }

    /// What sled has written is on disk, and then the head is. In this order: a head may never be ahead of the data.
    pub fn commit(&mut self, mark: HeadMark) -> io::Result<()> {
        self.sync()?;
        self.mark(mark)
    }

    /// What sled has written is on disk.
    pub fn sync(&self) -> io::Result<()> {
        self.data.sync_data()
    }

    /// The folder of the store.
    pub fn dir(&self) -> &Path {
        &self.dir
    }

    /// The store was closed in order, and so are the names of its files.
    pub fn close(&mut self, meta: &Meta) -> io::Result<()> {
        sync_dir(&self.dir)?;
        self.commit(HeadMark::of(meta, true))
    }

    fn mark(&mut self, mark: HeadMark) -> io::Result<()> {
        let mut bytes = Vec::with_capacity(MARK + 32);
        bytes.extend(MAGIC);
        bytes.extend(mark.sequence.to_be_bytes());
        bytes.extend(mark.size.to_be_bytes());
        bytes.extend(mark.root);
        bytes.push(u8::from(mark.clean));
        bytes.extend(sha256(&[&bytes]));
        self.head.write_all_at(&bytes, PLACES[self.turn % PLACES.len()])?;
        self.turn += 1;
        self.head.sync_data()
    }
}

/// Makes the names in a directory durable.
fn sync_dir(dir: &Path) -> io::Result<()> {
    File::open(dir)?.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(sequence: u64) -> Meta {
        Meta { sequence, ..Meta::default() }
    }

    #[test]
    fn the_newest_whole_mark_counts_and_a_torn_one_does_not() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(data_path(dir.path()), b"").unwrap();
        assert_eq!(read_head(dir.path()).unwrap(), Found::Nothing);
        let mut durable = Durable::open(dir.path(), &meta(0)).unwrap();
        durable.commit(HeadMark::of(&meta(1), false)).unwrap();
        durable.commit(HeadMark::of(&meta(2), true)).unwrap();
        assert_eq!(read_head(dir.path()).unwrap(), Found::Mark(HeadMark::of(&meta(2), true)));

        let mut bytes = fs::read(head_path(dir.path())).unwrap();
        bytes[4096 + 20] ^= 1;
        fs::write(head_path(dir.path()), &bytes).unwrap();
        assert_eq!(read_head(dir.path()).unwrap(), Found::Mark(HeadMark::of(&meta(1), false)));
        bytes[20] ^= 1;
        fs::write(head_path(dir.path()), &bytes).unwrap();
        assert_eq!(read_head(dir.path()).unwrap(), Found::Unreadable);
    }

    #[test]
    fn opening_takes_the_clean_mark_away_from_both_places() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(data_path(dir.path()), b"").unwrap();
        let mut durable = Durable::open(dir.path(), &meta(0)).unwrap();
        durable.commit(HeadMark::of(&meta(7), true)).unwrap();
        drop(Durable::open(dir.path(), &meta(7)).unwrap());
        assert_eq!(read_head(dir.path()).unwrap(), Found::Mark(HeadMark::of(&meta(7), false)));
    }
}
