//! The next issuing authority, without anybody noticing: the root signs it (prepare), then it signs in place of the old
//! one (activate). What the old one signed stays good until it runs out or is revoked, for everybody trusts the root.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    Entry, Limits, Passphrase, PkiError, Tools, authority, certificate,
    keys::{self, KeyKind},
    register,
    root::Root,
};
use crate::platform::secret_file::{self, FileError};

/// The files of an issuing authority.
const FILES: [&str; 2] = ["issuing.key", "issuing.pem"];

/// Makes the next issuing authority in `next/`, signed by the root in `root`. Nothing uses it yet.
pub fn prepare(dir: &Path, root: &Path, passphrase: Option<&Passphrase>, tools: Tools<'_>) -> Result<Entry, PkiError> {
    let domain = authority::read_trust_domain(dir)?;
    let root = Root::load(root, passphrase)?;
    let next = dir.join("next");
    secret_file::create_private_dir(&next)?;
    let key = keys::make(KeyKind::P256)?;
    let (pem, entry) = root.sign(&domain, &key, Limits::of(dir)?.authority_days, tools)?;
    register::append(dir, &entry)?;
    let [key_name, certificate_name] = FILES;
    secret_file::create_secret(&next.join(key_name), keys::to_pem(&key)?.as_bytes())?;
    secret_file::create_public(&next.join(certificate_name), pem.as_bytes())?;
    Ok(entry)
}

/// From now on the prepared authority signs; the old one is kept in `old/`, by its serial number. Returns where.
pub fn activate(dir: &Path) -> Result<PathBuf, PkiError> {
    let next = dir.join("next");
    // Both files of the next one must be there and fit before the old one moves.
    keys::read(&next.join(FILES[0]))?;
    certificate::read(&next.join(FILES[1]))?;
    let old = dir.join("old").join(certificate::read(&dir.join(FILES[1]))?.serial);
    secret_file::create_private_dir(&old)?;
    let moved = |from: PathBuf, to: PathBuf| {
        fs::rename(&from, &to).map_err(|source| PkiError::from(FileError::Io { path: from, source }))
    };
    for name in FILES {
        moved(dir.join(name), old.join(name))?;
        moved(next.join(name), dir.join(name))?;
    }
    fs::remove_dir(&next).map_err(|source| FileError::Io { path: next, source })?;
    Ok(old)
}
