//! A profile as one PKCS#12 file, for browsers and .NET.

use std::path::Path;

use p12_keystore::{Certificate, KeyStore, KeyStoreEntry, MacAlgorithm, PrivateKey, PrivateKeyChain};
use zeroize::Zeroizing;

use super::{PkiError, certificate, keys, keys::Passphrase};
use crate::platform::secret_file;

/// Rounds that make each guess of the password slow.
const ROUNDS: u32 = 600_000;

/// Writes certificate, chain, root and key of a profile into the new file `out`, 0600, under a password.
///
/// # Errors
/// A file of the profile is missing, damaged, or open to others; `out` is there already.
pub fn export(profile: &Path, out: &Path, password: &Passphrase) -> Result<(), PkiError> {
    let key = keys::read(&profile.join("key.pem"))?;
    let der = Zeroizing::new(key.serialize_der());
    let leaf = certificate::read(&profile.join("cert.pem"))?;
    let roots = certificate::read(&profile.join("ca.pem"))?;
    let failed = |_| PkiError::Export;
    let chain = leaf.chain.iter().chain(&roots.chain).map(|der| Certificate::from_der(der));
    let chain = chain.collect::<Result<Vec<_>, _>>().map_err(failed)?;
    let key = PrivateKey::from_der(&der).map_err(failed)?;
    let name = leaf.uri.as_deref().and_then(|uri| uri.rsplit('/').next()).unwrap_or("homeward").to_owned();
    let mut store = KeyStore::new();
    let entry = PrivateKeyChain::new(leaf.serial.as_str(), key, chain);
    store.add_entry(&name, KeyStoreEntry::PrivateKeyChain(entry));
    let writer = store.writer(password.words()).encryption_iterations(ROUNDS);
    let bytes = writer.mac_algorithm(MacAlgorithm::HmacSha256).mac_iterations(ROUNDS).write().map_err(failed)?;
    Ok(secret_file::create_secret(out, &bytes)?)
}
