//! A profile: the folder that a client's `--profile`, or the server, reads.

use std::path::Path;

use super::{PkiError, authority::Authority, leaf::Made};
use crate::platform::secret_file;

/// Writes a profile into a new folder of mode 0700; the key first and of mode 0600. Nothing is overwritten.
pub(super) fn write(folder: &Path, endpoint: Option<&str>, authority: &Authority, made: &Made) -> Result<(), PkiError> {
    secret_file::create_private_dir(folder)?;
    secret_file::create_secret(&folder.join("key.pem"), made.key_pem.as_bytes())?;
    secret_file::create_public(&folder.join("cert.pem"), made.certificate_pem.as_bytes())?;
    secret_file::create_public(&folder.join("ca.pem"), authority.pem().as_bytes())?;
    if let Some(endpoint) = endpoint {
        secret_file::create_public(&folder.join("endpoint"), format!("{endpoint}\n").as_bytes())?;
    }
    Ok(())
}
