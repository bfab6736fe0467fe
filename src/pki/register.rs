//! The register of issued certificates: one line each, tab-separated, appended and never changed.

use std::{fs, io, path::Path};

use jiff::Timestamp;

use super::PkiError;
use crate::platform::secret_file::{self, FileError};

const NAME: &str = "issued.tsv";

/// A certificate that was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Serial number, lower-case hex.
    pub serial: String,
    /// The identity of a client; `server …names` or `authority of …` otherwise.
    pub holder: String,
    /// Valid from this second.
    pub not_before: Timestamp,
    /// Valid through this second.
    pub not_after: Timestamp,
}

/// Writes down one certificate, durably.
pub(super) fn append(dir: &Path, entry: &Entry) -> Result<(), PkiError> {
    let Entry { serial, holder, not_before, not_after } = entry;
    Ok(secret_file::append_line(&dir.join(NAME), &format!("{serial}\t{holder}\t{not_before}\t{not_after}"))?)
}

/// Every entry, oldest first.
pub(super) fn read(dir: &Path) -> Result<Vec<Entry>, PkiError> {
    let path = dir.join(NAME);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(source) if source.kind() == io::ErrorKind::InvalidData => {
            return Err(PkiError::Damaged { path, what: "the register" });
        }
        Err(source) => return Err(FileError::Io { path, source }.into()),
    };
    let entries: Option<Vec<_>> = text.lines().map(entry).collect();
    entries.ok_or(PkiError::Damaged { path, what: "the register" })
}

fn entry(line: &str) -> Option<Entry> {
    let mut fields = line.split('\t');
    let (serial, holder) = (fields.next()?.to_owned(), fields.next()?.to_owned());
    let (not_before, not_after) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    fields.next().is_none().then_some(Entry { serial, holder, not_before, not_after })
}
