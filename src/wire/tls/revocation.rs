//! Revocation lists of an external authority: files in a folder, PEM or DER, each signed by an authority of `ca.pem`. The
//! newest list of an authority counts. What cannot be read, or is nobody's, is a fault: a list that is not understood
//! must not look like one that revokes nothing.

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
};

use jiff::Timestamp;
use rustls::pki_types::{CertificateRevocationListDer, pem::PemObject};
use x509_parser::{prelude::FromDer, revocation_list::CertificateRevocationList};

use super::{TlsError, authorities::Authorities};
use crate::platform::secret_file::FileError;

/// How lists of an external authority are used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Revocation {
    /// Folder of the lists.
    pub folder: PathBuf,
    /// Whose authority has no list is refused.
    pub required: bool,
    /// What a list means whose `nextUpdate` has passed.
    pub stale: Stale,
}

/// What a list means that should have been replaced by now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stale {
    /// Everybody under its authority is refused.
    Refuse,
    /// It is used as it is, and an alarm is on.
    Warn,
}

/// The lists of a folder.
#[derive(Debug, Default)]
pub(super) struct Lists {
    pub(super) lists: Vec<CertificateRevocationListDer<'static>>,
    pub(super) facts: Vec<ListFact>,
}

/// What is said about a list.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ListFact {
    pub(super) file: String,
    pub(super) issuer: Vec<u8>,
    pub(super) next_update: Timestamp,
}

/// One list, with what decides whether another of the same authority is newer.
struct Found {
    list: CertificateRevocationListDer<'static>,
    fact: ListFact,
    this_update: i64,
}

/// Reads every file of the folder; all faults at once.
pub(super) fn read(settings: &Revocation, authorities: &Authorities) -> Result<Lists, Vec<TlsError>> {
    let (mut newest, mut faults) = (BTreeMap::new(), Vec::new());
    let files = match files(&settings.folder) {
        Ok(files) => files,
        Err(error) => return Err(vec![error.into()]),
    };
    for path in files {
        match lists_of(&path, authorities) {
            Ok(found) => found.into_iter().for_each(|(part, found)| keep_newest(&mut newest, part, found)),
            Err(fault) => faults.push(fault),
        }
    }
    if newest.is_empty() && settings.required && faults.is_empty() {
        faults.push(TlsError::List { path: settings.folder.clone(), why: "holds no revocation list" });
    }
    if !faults.is_empty() {
        return Err(faults);
    }
    let mut lists = Lists::default();
    for found in newest.into_values() {
        lists.lists.push(found.list);
        lists.facts.push(found.fact);
    }
    Ok(lists)
}

/// Whose list, and which part of it: an authority may publish its list in parts, each with a place of its own.
type Share = (Vec<u8>, Vec<u8>);

fn keep_newest(newest: &mut BTreeMap<Share, Found>, share: Share, found: Found) {
    let older = newest.get(&share).is_some_and(|kept| kept.this_update >= found.this_update);
    if !older {
        newest.insert(share, found);
    }
}

fn files(folder: &Path) -> Result<Vec<PathBuf>, FileError> {
    let failed = |source| FileError::Io { path: folder.into(), source };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        // What is being written, or belongs to the file system.
        if !entry.file_name().to_string_lossy().starts_with('.') {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

fn lists_of(path: &Path, authorities: &Authorities) -> Result<Vec<(Share, Found)>, TlsError> {
    let bytes = fs::read(path).map_err(|source| FileError::Io { path: path.into(), source })?;
    let unreadable = || TlsError::List { path: path.into(), why: "is not a revocation list in PEM or DER" };
    let ders = if bytes.starts_with(b"\x30") {
        vec![CertificateRevocationListDer::from(bytes)]
    } else {
        let read: Result<Vec<_>, _> = CertificateRevocationListDer::pem_slice_iter(&bytes).collect();
        read.ok().filter(|lists| !lists.is_empty()).ok_or_else(unreadable)?
    };
    let each = ders.into_iter().map(|list| {
        let (share, fact, this_update) = checked(path, &list, authorities)?;
        Ok((share, Found { list, fact, this_update }))
    });
    each.collect()
}

fn checked(
    path: &Path,
    der: &CertificateRevocationListDer<'static>,
    authorities: &Authorities,
) -> Result<(Share, ListFact, i64), TlsError> {
    let fault = |why| TlsError::List { path: path.into(), why };
    let (rest, list) =
        CertificateRevocationList::from_der(der).map_err(|_| fault("is not a revocation list in PEM or DER"))?;
    if !rest.is_empty() {
        return Err(fault("goes on after the end of the list"));
    }
    let issuer = list.issuer().as_raw();
    let mut keys = authorities.keys_of(issuer).peekable();
    if keys.peek().is_none() {
        return Err(fault("is of an authority that is not in ca.pem"));
    }
    if !keys.any(|key| list.verify_signature(&key).is_ok()) {
        return Err(fault("is not signed by the authority it names"));
    }
    let next_update = list.next_update().and_then(|moment| Timestamp::from_second(moment.timestamp()).ok());
    let next_update = next_update.ok_or_else(|| fault("does not say when the next list comes (nextUpdate)"))?;
    let place = list.extensions().iter().find(|found| found.oid.to_id_string() == PLACE_OF_A_PART);
    let share = (issuer.to_vec(), place.map(|found| found.value.to_vec()).unwrap_or_default());
    let this_update = list.last_update().timestamp();
    let fact = ListFact { file: path.display().to_string(), issuer: issuer.to_vec(), next_update };
    Ok((share, fact, this_update))
}

/// The extension `issuingDistributionPoint`.
const PLACE_OF_A_PART: &str = "2.5.29.28";
