//! A profile: the folder that a client's `--profile`, or the server, reads.

use std::path::Path;

use super::{PkiError, authority::Authority, leaf::Made, register};
use crate::platform::secret_file;

/// Writes a profile into a new folder of mode 0700, the key of mode 0600. Nothing is overwritten. The certificate is
/// registered before it is there: one too many in the register harms nobody, one too few could never be revoked.
pub(super) fn write(
    place: Place<'_>,
    endpoint: Option<&str>,
    authority: &Authority,
    made: &Made,
) -> Result<(), PkiError> {
    let folder = place.folder;
    secret_file::create_private_dir(folder)?;
    register::append(place.dir, &made.entry)?;
    secret_file::create_secret(&folder.join("key.pem"), made.key_pem.as_bytes())?;
    secret_file::create_public(&folder.join("cert.pem"), made.certificate_pem.as_bytes())?;
    secret_file::create_public(&folder.join("ca.pem"), authority.pem().as_bytes())?;
    if let Some(endpoint) = endpoint {
        secret_file::create_public(&folder.join("endpoint"), format!("{endpoint}\n").as_bytes())?;
    }
    Ok(())
}

/// Where a profile goes, and who keeps the register.
#[derive(Clone, Copy)]
pub(super) struct Place<'a> {
    /// The authority's folder.
    pub(super) dir: &'a Path,
    /// The new folder.
    pub(super) folder: &'a Path,
}
