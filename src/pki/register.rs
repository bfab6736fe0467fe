//! The registers of a folder: certificates issued, and those revoked. One line each, tab-separated, appended and never
//! changed.

use std::{fs, io, path::Path};

use jiff::Timestamp;

use super::PkiError;
use crate::{
    domain::certificate::RevocationReason,
    platform::secret_file::{self, FileError},
};

pub(super) const ISSUED: &str = "issued.tsv";
const REVOKED: &str = "revoked.tsv";
const TAINTED: &str = "tainted.tsv";

/// A certificate that was issued.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Serial number, lower-case hex.
    pub serial: String,
    /// The identity of a client; `server …names` or `root of …` or `issuing authority of …` otherwise.
    pub holder: String,
    /// Valid from this second.
    pub not_before: Timestamp,
    /// Valid through this second.
    pub not_after: Timestamp,
    /// Serial number of the authority's certificate that signed it; empty for a root, which nobody else signed.
    pub issuer: String,
    /// SHA-256 of it, in hexadecimal: somebody else's may have its serial number.
    pub fingerprint: String,
}

/// A certificate that was revoked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revoked {
    /// Serial number, lower-case hex.
    pub serial: String,
    /// Why.
    pub reason: RevocationReason,
    /// When.
    pub at: Timestamp,
}

/// An issuing authority that was tainted: what it signed is accepted still, and to be renewed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tainted {
    /// Serial number of its certificate, lower-case hex.
    pub serial: String,
    /// When.
    pub at: Timestamp,
}

/// Writes down one certificate, durably.
pub(super) fn append(dir: &Path, entry: &Entry) -> Result<(), PkiError> {
    let Entry { serial, holder, not_before, not_after, issuer, fingerprint } = entry;
    let line = format!("{serial}\t{holder}\t{not_before}\t{not_after}\t{issuer}\t{fingerprint}");
    Ok(secret_file::append_line(&dir.join(ISSUED), &line)?)
}

/// Every certificate issued, oldest first.
pub(super) fn read(dir: &Path) -> Result<Vec<Entry>, PkiError> {
    lines(dir, ISSUED, entry)
}

/// Writes down one revocation, durably.
pub(super) fn append_revoked(dir: &Path, revoked: &Revoked) -> Result<(), PkiError> {
    let Revoked { serial, reason, at } = revoked;
    Ok(secret_file::append_line(&dir.join(REVOKED), &format!("{serial}\t{reason}\t{at}"))?)
}

/// Every revocation, oldest first; none where there is no such file yet.
pub(super) fn read_revoked(dir: &Path) -> Result<Vec<Revoked>, PkiError> {
    if dir.join(REVOKED).exists() { lines(dir, REVOKED, revoked) } else { Ok(Vec::new()) }
}

/// Writes down that an authority was tainted, durably.
pub(super) fn append_tainted(dir: &Path, tainted: &Tainted) -> Result<(), PkiError> {
    let Tainted { serial, at } = tainted;
    Ok(secret_file::append_line(&dir.join(TAINTED), &format!("{serial}\t{at}"))?)
}

/// Every authority that was tainted, oldest first; none where there is no such file yet.
pub(super) fn read_tainted(dir: &Path) -> Result<Vec<Tainted>, PkiError> {
    if dir.join(TAINTED).exists() { lines(dir, TAINTED, tainted) } else { Ok(Vec::new()) }
}

fn lines<T>(dir: &Path, name: &str, read: fn(&str) -> Option<T>) -> Result<Vec<T>, PkiError> {
    let path = dir.join(name);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(source) if source.kind() == io::ErrorKind::InvalidData => {
            return Err(PkiError::Damaged { path, what: "the register" });
        }
        Err(source) => return Err(FileError::Io { path, source }.into()),
    };
    let entries: Option<Vec<_>> = text.lines().map(read).collect();
    entries.ok_or(PkiError::Damaged { path, what: "the register" })
}

fn entry(line: &str) -> Option<Entry> {
    let mut fields = line.split('\t');
    let (serial, holder) = (fields.next()?.to_owned(), fields.next()?.to_owned());
    let (not_before, not_after) = (fields.next()?.parse().ok()?, fields.next()?.parse().ok()?);
    let (issuer, fingerprint) = (fields.next()?.to_owned(), fields.next()?.to_owned());
    fields.next().is_none().then_some(Entry { serial, holder, not_before, not_after, issuer, fingerprint })
}

fn revoked(line: &str) -> Option<Revoked> {
    let mut fields = line.split('\t');
    let serial = fields.next()?.to_owned();
    let (reason, at) = (RevocationReason::from_code(fields.next()?)?, fields.next()?.parse().ok()?);
    fields.next().is_none().then_some(Revoked { serial, reason, at })
}

fn tainted(line: &str) -> Option<Tainted> {
    let (serial, at) = line.split_once('\t')?;
    Some(Tainted { serial: serial.to_owned(), at: at.parse().ok()? })
}
