//! The next issuing authority, without anybody noticing: the root signs it (prepare), then it signs in place of the old
//! one (activate). What the old one signed stays good, for everybody trusts the root: until it runs out; or until it is told
//! to be renewed (taint), and at last the root says that the old one is accepted no longer (revoke).

use std::{
    fs, io,
    path::{Path, PathBuf},
};

use super::{
    Entry, Limits, Passphrase, PkiError, Revoked, Tainted, Tools, authority, certificate, folder,
    keys::{self, KeyKind},
    next_root, register,
    root::Root,
};
use crate::{
    domain::certificate::RevocationReason,
    platform::secret_file::{self, FileError},
};

/// The files of an issuing authority.
const FILES: [&str; 2] = ["issuing.key", "issuing.pem"];

/// Makes the next issuing authority in `next/`, signed by the root in `root`. Nothing uses it yet. What an attempt that was killed
/// has left is taken away.
pub fn prepare(dir: &Path, root: &Path, passphrase: Option<&Passphrase>, tools: Tools<'_>) -> Result<Entry, PkiError> {
    let domain = authority::read_trust_domain(dir)?;
    let root = Root::load(root, passphrase)?;
    if !next_root::is_trusted(dir, root.serial())? {
        return Err(PkiError::UnknownRoot);
    }
    let (next, unfinished) = (dir.join("next"), dir.join("next.unfinished"));
    if next.exists() {
        return Err(FileError::Exists { path: next }.into());
    }
    if unfinished.exists() {
        fs::remove_dir_all(&unfinished).map_err(|source| FileError::Io { path: unfinished.clone(), source })?;
    }
    secret_file::create_private_dir(&unfinished)?;
    let key = keys::make(KeyKind::P256)?;
    let (pem, entry) = root.sign(&domain, &key, Limits::of(dir)?.authority_days, tools)?;
    register::append(dir, &entry)?;
    let [key_name, certificate_name] = FILES;
    secret_file::create_secret(&unfinished.join(key_name), keys::to_pem(&key)?.as_bytes())?;
    secret_file::create_public(&unfinished.join(certificate_name), pem.as_bytes())?;
    moved(&unfinished, &next)?;
    Ok(entry)
}

/// From now on the prepared authority signs; the old one is kept in `old/`, by its serial number, and signs revocation lists
/// only. Returns where. Killed at any moment, the same call goes on; meanwhile nothing is signed with a key and a certificate
/// that do not belong together.
pub fn activate(dir: &Path, tools: Tools<'_>) -> Result<PathBuf, PkiError> {
    let next = dir.join("next");
    let [key, pem] = FILES;
    let kept = |old: &Path, name: &str| -> Result<(), PkiError> {
        let (from, to) = (dir.join(name), old.join(name));
        if to.exists() {
            return Ok(());
        }
        fs::hard_link(&from, &to).map_err(|source| FileError::Io { path: from, source }.into())
    };
    if next.join(key).exists() {
        // Both files of the next one must be there and fit before the old one goes.
        authority::signer(&next)?;
        if !next_root::is_trusted(dir, &next_root::root_of(dir, &next)?.1)? {
            return Err(PkiError::UnknownRoot);
        }
        let old = dir.join("old").join(certificate::read(&dir.join(pem))?.serial);
        secret_file::ensure_private_dir(&old)?;
        FILES.iter().try_for_each(|name| kept(&old, name))?;
        moved(&next.join(key), &dir.join(key))?;
    }
    if next.join(pem).exists() {
        moved(&next.join(pem), &dir.join(pem))?;
    }
    folder::publish(dir, tools)?;
    fs::remove_dir(&next).map_err(|source| FileError::Io { path: next, source })?;
    latest(dir)
}

/// The authority that was replaced last.
fn latest(dir: &Path) -> Result<PathBuf, PkiError> {
    let issued = register::read(dir)?;
    let place = |folder: &PathBuf| {
        let serial = folder.file_name().map(|name| name.to_string_lossy().into_owned());
        issued.iter().position(|entry| Some(&entry.serial) == serial.as_ref())
    };
    replaced(dir)?.into_iter().max_by_key(place).ok_or(PkiError::NothingReplaced)
}

fn moved(from: &Path, to: &Path) -> Result<(), PkiError> {
    fs::rename(from, to).map_err(|source| FileError::Io { path: from.into(), source }.into())
}

/// An authority that was replaced, and how much hangs on it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Replaced {
    /// Serial number of its certificate.
    pub serial: String,
    /// Certificates of this folder's register that it signed and that are good: what a daemon signed is in its own list.
    pub good: usize,
}

/// The authorities that were replaced are tainted: what they signed is accepted still, is shown as to be renewed, and
/// whoever comes with it hears so. None of them ever signs a certificate again.
pub fn taint(dir: &Path, tools: Tools<'_>) -> Result<Vec<Replaced>, PkiError> {
    let (known, gone) = (register::read_tainted(dir)?, register::read_revoked(dir)?);
    let mut tainted = Vec::new();
    for folder in replaced(dir)? {
        let serial = certificate::read(&folder.join(FILES[1]))?.serial;
        if gone.iter().any(|one| one.serial == serial) {
            continue;
        }
        if !known.iter().any(|one| one.serial == serial) {
            register::append_tainted(dir, &Tainted { serial: serial.clone(), at: tools.clock.now() })?;
        }
        tainted.push(with_good(dir, serial, tools)?);
    }
    if tainted.is_empty() { Err(PkiError::NothingReplaced) } else { Ok(tainted) }
}

/// The tainted authorities are accepted nowhere any longer, and with them whatever they signed: the root signs the
/// list `root-crl.pem` of them, for every directory of revocation lists; their keys are deleted.
pub fn revoke(
    dir: &Path,
    root: &Path,
    passphrase: Option<&Passphrase>,
    tools: Tools<'_>,
) -> Result<Vec<Replaced>, PkiError> {
    let root = Root::load(root, passphrase)?;
    let (known, tainted) = (register::read_revoked(dir)?, register::read_tainted(dir)?);
    let (mut list, mut ended, mut keys) = (Vec::new(), Vec::new(), Vec::new());
    for folder in replaced(dir)? {
        let serial = certificate::read(&folder.join(FILES[1]))?.serial;
        if !tainted.iter().any(|one| one.serial == serial) {
            continue;
        }
        let before = known.iter().find(|one| one.serial == serial).cloned();
        let ends = with_good(dir, serial.clone(), tools)?;
        let one = match before {
            Some(one) => one,
            None => {
                let one = Revoked { serial, reason: RevocationReason::Superseded, at: tools.clock.now() };
                register::append_revoked(dir, &one)?;
                one
            }
        };
        list.push(one);
        ended.push(ends);
        keys.push(folder.join(FILES[0]));
    }
    if list.is_empty() {
        return Err(PkiError::NothingTainted);
    }
    let list = root.revocation_list(&list, Limits::of(dir)?, tools)?;
    secret_file::replace_public(&dir.join("root-crl.pem"), list.pem.as_bytes())?;
    for key in keys.into_iter().filter(|key| key.exists()) {
        fs::remove_file(&key).map_err(|source| FileError::Io { path: key, source })?;
    }
    Ok(ended)
}

/// The folders of authorities that were replaced, by their serial numbers.
pub(super) fn replaced(dir: &Path) -> Result<Vec<PathBuf>, PkiError> {
    let old = dir.join("old");
    let folders = match fs::read_dir(&old) {
        Ok(folders) => folders,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(source) => return Err(FileError::Io { path: old, source }.into()),
    };
    let mut folders: Vec<PathBuf> = folders.filter_map(Result::ok).map(|folder| folder.path()).collect();
    folders.sort();
    Ok(folders)
}

/// An authority, with how many certificates of the register hang on it.
fn with_good(dir: &Path, serial: String, tools: Tools<'_>) -> Result<Replaced, PkiError> {
    let (revoked, now) = (register::read_revoked(dir)?, tools.clock.now());
    let is_good = |entry: &&Entry| {
        let over = revoked.iter().any(|one| one.serial == entry.serial);
        entry.issuer == serial && entry.not_after >= now && !over
    };
    let good = register::read(dir)?.iter().filter(is_good).count();
    Ok(Replaced { serial, good })
}
