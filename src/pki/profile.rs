//! A profile: the folder that a client's `--profile`, or the server, reads.

use std::path::Path;

use rcgen::KeyPair;

use super::{PkiError, keys};
use crate::platform::secret_file;

/// What a profile holds besides its key.
pub(super) struct Contents<'a> {
    /// Where the server is; a server's own profile has none.
    pub(super) endpoint: Option<&'a str>,
    /// Certificate and issuing authority.
    pub(super) chain: &'a str,
    /// What to trust.
    pub(super) bundle: &'a str,
}

/// Writes a profile into a folder of its own. Nothing is overwritten.
pub(super) fn write(folder: &Path, key: Option<&KeyPair>, contents: &Contents<'_>) -> Result<(), PkiError> {
    if let Some(key) = key {
        secret_file::create_secret(&folder.join("key.pem"), keys::to_pem(key)?.as_bytes())?;
    }
    secret_file::create_public(&folder.join("cert.pem"), contents.chain.as_bytes())?;
    secret_file::create_public(&folder.join("ca.pem"), contents.bundle.as_bytes())?;
    if let Some(endpoint) = contents.endpoint {
        secret_file::create_public(&folder.join("endpoint"), format!("{endpoint}\n").as_bytes())?;
    }
    Ok(())
}

/// Clients speak TLS only, to one address.
pub(super) fn endpoint(text: &str) -> Result<(), PkiError> {
    let address = text.strip_prefix("https://").unwrap_or_default();
    let sound = !address.is_empty() && address.bytes().all(|b| b.is_ascii_graphic());
    if sound { Ok(()) } else { Err(PkiError::Endpoint) }
}
