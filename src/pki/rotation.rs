//! The next issuing authority, without anybody noticing: the root signs it (prepare), then it signs in place of the old
//! one (activate). What the old one signed stays good, for everybody trusts the root, until it runs out, or until the root says
//! that the old one is accepted no longer (revoke).

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    Entry, Limits, Passphrase, PkiError, Revoked, Tools, authority, certificate,
    keys::{self, KeyKind},
    register,
    root::Root,
};
use crate::{
    domain::certificate::RevocationReason,
    platform::secret_file::{self, FileError},
};

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

/// The old authorities in `old/` are accepted nowhere any longer, and with them whatever they signed: the root signs the
/// list `root-crl.pem` of them, for every directory of revocation lists; their keys are deleted. Returns their serials.
pub fn revoke(
    dir: &Path,
    root: &Path,
    passphrase: Option<&Passphrase>,
    tools: Tools<'_>,
) -> Result<Vec<String>, PkiError> {
    let root = Root::load(root, passphrase)?;
    let known = register::read_revoked(dir)?;
    let old = dir.join("old");
    let folders = fs::read_dir(&old).map_err(|source| FileError::Io { path: old, source })?;
    let folders: Vec<PathBuf> = folders.filter_map(Result::ok).map(|folder| folder.path()).collect();
    let mut revoked = Vec::new();
    for folder in &folders {
        let serial = certificate::read(&folder.join(FILES[1]))?.serial;
        let before = known.iter().find(|one| one.serial == serial).cloned();
        let at = tools.clock.now();
        let new = || Revoked { serial, reason: RevocationReason::Superseded, at };
        let is_new = before.is_none();
        let one = before.unwrap_or_else(new);
        if is_new {
            register::append_revoked(dir, &one)?;
        }
        revoked.push(one);
    }
    let list = root.revocation_list(&revoked, tools)?;
    secret_file::replace_public(&dir.join("root-crl.pem"), list.pem.as_bytes())?;
    for key in folders.iter().map(|folder| folder.join(FILES[0])).filter(|key| key.exists()) {
        fs::remove_file(&key).map_err(|source| FileError::Io { path: key, source })?;
    }
    Ok(revoked.into_iter().map(|one| one.serial).collect())
}
