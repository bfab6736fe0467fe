//! The next root, without anybody noticing: it stands beside the old one in every trust bundle (prepare) long before it signs anything;
//! then it signs the next issuing authority, as any rotation goes; and the old one leaves the bundles (retire) once
//! nothing hangs on it any longer.

use std::{fs, path::Path};

use super::{
    Entry, Passphrase, PkiError, Tools, authority, certificate, register,
    root::{MadeRoot, Root},
    rotation,
};
use crate::platform::secret_file::{self, FileError};

/// The next root is made to last, too.
const ROOT_DAYS: i32 = 3650;
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

/// Makes the next root in the new folder `root`, and puts it beside the old one into the trust bundles of `dir`.
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
    let bundle = blocks(&dir.join(BUNDLES[0]))?;
    if bundle.len() > 1 {
        return Err(PkiError::RootPrepared);
    }
    let name = format!("Homeward root of {domain}, {}", tools.clock.now().strftime("%Y-%m-%d %H:%M"));
    let made = Root::create(root, (&domain, &name), ROOT_DAYS, passphrase, tools)?;
    let MadeRoot { root, entry, passphrase_file } = made;
    register::append(dir, &entry)?;
    let both: String = bundle.iter().map(|(_, pem)| pem.as_str()).chain([root.pem()]).collect();
    put(dir, &both)?;
    Ok(NextRoot { root: entry, passphrase_file })
}

/// Takes the old root out of the trust bundles of `dir`. Answers with the serial numbers of what is gone.
///
/// # Errors
/// [`PkiError::RootInUse`] while an authority that it signed signs or is accepted; [`PkiError::NothingToRetire`].
pub fn retire(dir: &Path) -> Result<Vec<String>, PkiError> {
    let issued = register::read(dir)?;
    let signer = |authority: &Path| -> Result<(String, String), PkiError> {
        let path = authority.join("issuing.pem");
        let serial = certificate::read(&path)?.serial;
        let entry = issued.iter().find(|entry| entry.serial == serial);
        let root = entry.map(|entry| entry.issuer.clone());
        Ok((serial, root.ok_or(PkiError::Damaged { path, what: "an authority of the register" })?))
    };
    let (_, current) = signer(dir)?;
    let (stay, go): (Vec<_>, Vec<_>) =
        blocks(&dir.join(BUNDLES[0]))?.into_iter().partition(|(serial, _)| *serial == current);
    if go.is_empty() {
        return Err(PkiError::NothingToRetire);
    }
    let revoked = register::read_revoked(dir)?;
    for folder in rotation::replaced(dir)? {
        let (serial, root) = signer(&folder)?;
        if root != current && !revoked.iter().any(|one| one.serial == serial) {
            return Err(PkiError::RootInUse);
        }
    }
    put(dir, &stay.iter().map(|(_, pem)| pem.as_str()).collect::<String>())?;
    Ok(go.into_iter().map(|(serial, _)| serial).collect())
}

/// Whether a root stands in the trust bundle of `dir`.
pub(super) fn is_trusted(dir: &Path, root: &str) -> Result<bool, PkiError> {
    Ok(blocks(&dir.join(BUNDLES[0]))?.iter().any(|(serial, _)| serial == root))
}

/// The certificates of a bundle, each with its serial number.
fn blocks(path: &Path) -> Result<Vec<(String, String)>, PkiError> {
    const END: &str = "-----END CERTIFICATE-----\n";
    let text = fs::read_to_string(path).map_err(|source| FileError::Io { path: path.into(), source })?;
    let damaged = || PkiError::Damaged { path: path.into(), what: "certificates in PEM" };
    let each = text.split_inclusive(END).filter(|block| !block.trim().is_empty());
    let read = each.map(|block| Some((certificate::serial_of(block.as_bytes())?, block.to_owned())));
    read.collect::<Option<Vec<_>>>().ok_or_else(damaged)
}

fn put(dir: &Path, bundle: &str) -> Result<(), PkiError> {
    for name in BUNDLES.iter().filter(|name| dir.join(name).exists()) {
        secret_file::replace_public(&dir.join(name), bundle.as_bytes())?;
    }
    Ok(())
}
