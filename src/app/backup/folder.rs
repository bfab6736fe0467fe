//! The folder of a backup: the set, its parts, each with its digest in front, and the manifest, which makes it whole.

use std::{
    collections::HashSet,
    fs::{self, File},
    io::{self, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use super::frames::NAME;
use crate::ledger::sha256;

/// What an unfinished file ends in.
const UNFINISHED: &str = ".unfinished";

/// A folder that holds a backup or is to hold one.
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Makes it where it is not there.
    pub(super) fn ready(path: &Path) -> io::Result<Self> {
        fs::DirBuilder::new().recursive(true).mode(0o700).create(path.join("parts"))?;
        Ok(Self(path.to_owned()))
    }

    /// One that is there.
    pub(super) fn at(path: &Path) -> Self {
        Self(path.to_owned())
    }

    /// A file of it; none where it is not there.
    pub(super) fn file(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        match fs::read(self.0.join(name)) {
            Ok(bytes) => Ok(Some(bytes)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// Writes a file of it, whole and durable or not at all.
    pub(super) fn put(&self, name: &str, pieces: &[&[u8]]) -> io::Result<()> {
        let path = self.0.join(name);
        let unfinished = self.0.join(format!("{name}{UNFINISHED}"));
        let mut file = File::options().write(true).create(true).truncate(true).mode(0o600).open(&unfinished)?;
        for piece in pieces {
            file.write_all(piece)?;
        }
        file.sync_all()?;
        fs::rename(&unfinished, &path)?;
        File::open(path.parent().unwrap_or(&self.0))?.sync_all()
    }

    /// Writes a part.
    pub(super) fn put_part(&self, name: &str, sealed: &[u8]) -> io::Result<()> {
        self.put(&format!("parts/{name}"), &[&sha256(&[sealed]), sealed])
    }

    /// A part as it was written; none where it is missing or has changed.
    pub(super) fn part(&self, name: &str) -> io::Result<Option<Vec<u8>>> {
        let Some(mut bytes) = self.file(&format!("parts/{name}"))? else { return Ok(None) };
        let whole = bytes.split_first_chunk::<32>().is_some_and(|(digest, sealed)| sha256(&[sealed]) == *digest);
        if !whole {
            return Ok(None);
        }
        bytes.drain(..32);
        Ok(Some(bytes))
    }

    /// The names of what lies among the parts.
    pub(super) fn names(&self) -> io::Result<Vec<String>> {
        let mut names = Vec::new();
        for entry in fs::read_dir(self.0.join("parts"))? {
            names.push(entry?.file_name().to_string_lossy().into_owned());
        }
        Ok(names)
    }

    /// The parts that are there and whole.
    pub(super) fn whole(&self) -> io::Result<HashSet<String>> {
        let mut whole = HashSet::new();
        for name in self.names()?.into_iter().filter(|name| name.len() == NAME) {
            if self.part(&name)?.is_some() {
                whole.insert(name);
            }
        }
        Ok(whole)
    }

    /// Takes away the parts that are not of the backup any longer: what was erased since is not kept.
    pub(super) fn keep_only(&self, parts: &HashSet<String>) -> io::Result<()> {
        for name in self.names()?.into_iter().filter(|name| !parts.contains(name)) {
            fs::remove_file(self.0.join("parts").join(name))?;
        }
        File::open(self.0.join("parts"))?.sync_all()
    }
}
