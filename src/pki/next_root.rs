//! The next root, without anybody noticing: it stands beside the old one in every trust bundle (prepare) long before it signs anything;
//! then it signs the next issuing authority, as any rotation goes; and the old one leaves the bundles (retire) once
//! nothing hangs on it any longer.

use std::{
    fs,
    path::{Path, PathBuf},
};

use super::{
    Entry, Limits, Passphrase, PkiError, Tools, authority, certificate, register,
    root::{self, MadeRoot, Root},
    rotation,
};
use crate::platform::secret_file::{self, FileError};

/// The trust bundles of a folder: what is given to clients, and the server's own.
const BUNDLES: [&str; 2] = ["ca.pem", "server/ca.pem"];

/// A root that stands in the bundles, and signs nothing yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NextRoot {
    /// Its certificate.
    pub root: Entry,
    /// File with its passphrase, if it was made here.
    pub passphrase_file: Option<std::path::PathBuf>,
}

/// Makes the next root in the new folder `root`, and puts it beside the old one into the trust bundles of `dir`. Killed at any moment,
/// the same call goes on.
///
/// # Errors
/// [`PkiError::RootPrepared`] where another one stands there already.
pub fn prepare(
    dir: &Path,
    root: &Path,
    passphrase: Option<&Passphrase>,
    tools: Tools<'_>,
) -> Result<NextRoot, PkiError> {
    let domain = authority::read_trust_domain(dir)?;
    let (bundles, ours) = (bundles(dir)?, roots(dir)?);
    let stands = |serial: &str| bundles.iter().any(|bundle| bundle.holds(serial));
    let begun = root::is_unfinished(root).then(|| root::made(root)).and_then(Result::ok);
    let (pem, entry, passphrase_file) = match begun.filter(|(_, entry, _)| stands(&entry.serial)) {
        Some(made) => made,
        None if ours.iter().filter(|serial| stands(serial)).count() > 1 => return Err(PkiError::RootPrepared),
        None => {
            let name = format!("Homeward root of {domain}, {}", tools.clock.now().strftime("%Y-%m-%d %H:%M"));
            let MadeRoot { root, entry, passphrase_file } =
                Root::create(root, (&domain, &name), Limits::of(dir)?.root_days, passphrase, tools)?;
            register::append(dir, &entry)?;
            (root.pem().to_owned(), entry, passphrase_file)
        }
    };
    for bundle in bundles.iter().filter(|bundle| !bundle.holds(&entry.serial)) {
        bundle.put(|_| true, &pem)?;
    }
    root::finish(root)?;
    Ok(NextRoot { root: entry, passphrase_file })
}

/// Takes the old root out of the trust bundles of `dir`. Answers with the serial numbers of what is gone. Killed at any moment, the
/// same call goes on.
///
/// # Errors
/// [`PkiError::RootInUse`] while an authority that it signed signs or is accepted, [`PkiError::NextInUse`] while one is prepared;
/// [`PkiError::NothingToRetire`].
pub fn retire(dir: &Path) -> Result<Vec<String>, PkiError> {
    let (_, current) = root_of(dir, dir)?;
    let bundles = bundles(dir)?;
    if !bundles.iter().all(|bundle| bundle.holds(&current)) {
        return Err(PkiError::UnknownRoot);
    }
    let stands = |serial: &String| bundles.iter().any(|bundle| bundle.holds(serial));
    let go: Vec<_> = roots(dir)?.into_iter().filter(|serial| *serial != current && stands(serial)).collect();
    if go.is_empty() {
        return Err(PkiError::NothingToRetire);
    }
    let next = dir.join("next");
    if next.join("issuing.pem").exists() && root_of(dir, &next)?.1 != current {
        return Err(PkiError::NextInUse);
    }
    let revoked = register::read_revoked(dir)?;
    for folder in rotation::replaced(dir)? {
        let (serial, root) = root_of(dir, &folder)?;
        if root != current && !revoked.iter().any(|one| one.serial == serial) {
            return Err(PkiError::RootInUse);
        }
    }
    for bundle in bundles.iter().filter(|bundle| go.iter().any(|serial| bundle.holds(serial))) {
        bundle.put(|serial| !go.iter().any(|gone| gone == serial), "")?;
    }
    Ok(go)
}

/// Whether a root stands in every trust bundle of `dir`.
pub(super) fn is_trusted(dir: &Path, root: &str) -> Result<bool, PkiError> {
    Ok(bundles(dir)?.iter().all(|bundle| bundle.holds(root)))
}

/// Serial number of the issuing authority in `folder`, and of the root that signed it, by the register of `dir`.
pub(super) fn root_of(dir: &Path, folder: &Path) -> Result<(String, String), PkiError> {
    let path = folder.join("issuing.pem");
    let serial = certificate::read(&path)?.serial;
    match register::read(dir)?.into_iter().find(|entry| entry.serial == serial) {
        Some(entry) => Ok((serial, entry.issuer)),
        None => Err(PkiError::Damaged { path, what: "an authority of the register" }),
    }
}

/// Serial numbers of the roots that were ever made here, which nobody else signed.
fn roots(dir: &Path) -> Result<Vec<String>, PkiError> {
    let made = register::read(dir)?.into_iter().filter(|entry| entry.issuer.is_empty());
    Ok(made.map(|entry| entry.serial).collect())
}

/// What is trusted: a file, and its certificates, each with its serial number.
struct Bundle {
    path: PathBuf,
    blocks: Vec<(String, String)>,
}

/// The trust bundles that are there. A step that was killed may have reached one and not the other.
fn bundles(dir: &Path) -> Result<Vec<Bundle>, PkiError> {
    let [first, others @ ..] = BUNDLES.map(|name| dir.join(name));
    let there = others.into_iter().filter(|path| path.exists());
    std::iter::once(first).chain(there).map(Bundle::read).collect()
}

impl Bundle {
    fn read(path: PathBuf) -> Result<Self, PkiError> {
        const END: &str = "-----END CERTIFICATE-----\n";
        let text = fs::read_to_string(&path).map_err(|source| FileError::Io { path: path.clone(), source })?;
        let each = text.split_inclusive(END).filter(|block| !block.trim().is_empty());
        let read = each.map(|block| Some((certificate::serial_of(block.as_bytes())?, block.to_owned())));
        match read.collect() {
            Some(blocks) => Ok(Self { path, blocks }),
            None => Err(PkiError::Damaged { path, what: "certificates in PEM" }),
        }
    }

    fn holds(&self, serial: &str) -> bool {
        self.blocks.iter().any(|(one, _)| one == serial)
    }

    /// Writes it anew, with what stays of it, and `more` behind it.
    fn put(&self, stays: impl Fn(&str) -> bool, more: &str) -> Result<(), PkiError> {
        let stay = self.blocks.iter().filter(|(serial, _)| stays(serial)).map(|(_, pem)| pem.as_str());
        let text: String = stay.chain([more]).collect();
        Ok(secret_file::replace_public(&self.path, text.as_bytes())?)
    }
}
