//! The key outside the store: found as the configuration says, and made where there is none yet.

mod config;
mod device;
mod init;
mod place;

use std::{fs, path::Path, sync::Arc};

pub use config::{Keys, Outside};
pub(super) use device::{InitTokenArgs, init_token};
pub(super) use init::{InitFileArgs, init_file};
pub use place::SecretPlace;
use zeroize::Zeroizing;

use super::{
    config::{Config, Engine},
    failure::Failure,
};
use crate::{
    pki::Passphrase,
    platform::{Entropy, entropy::secret_32, secret_file},
    sealing::{Custody, KeyFileError, OuterKey, SecretProvider, lock, unlock},
    token::Wanted,
};

/// The keys that the configuration names; made only where the store is new too, so that a lost key is never papered over.
pub(super) fn custody(config: &Config, entropy: &Arc<dyn Entropy>) -> Result<Custody, Failure> {
    if let Outside::File { file: SecretPlace::File(path), passphrase_file } = &config.keys.current
        && !path.exists()
    {
        if config.store.engine == Engine::Postgres {
            // Each broker would make another.
            return Err(Failure::bad_data(format!("{} is missing", path.display())).advise(
                "make it once, homeward admin keys init-file, and give every broker of the database the same",
            ));
        }
        let passphrase = passphrase(passphrase_file.as_ref())?;
        make(path, passphrase.as_ref(), &config.store.path, &**entropy)?;
    }
    there_already(config, entropy)
}

/// The keys that the configuration names; none is made.
pub(super) fn there_already(config: &Config, entropy: &Arc<dyn Entropy>) -> Result<Custody, Failure> {
    let current = Arc::new(key(&config.keys.current, entropy)?);
    let mut custody = Custody { current, previous: Vec::new() };
    for outside in &config.keys.previous {
        let key = key(outside, entropy)?;
        if custody.all().any(|other| other.id() == key.id()) {
            return Err(Failure::bad_data(format!(
                "keys.previous names {outside}, which is named before: {}",
                key.id()
            ))
            .advise("name each key once; a previous one is another than keys.file"));
        }
        custody.previous.push(Arc::new(key));
    }
    Ok(custody)
}

/// One key outside the store.
fn key(outside: &Outside, entropy: &Arc<dyn Entropy>) -> Result<OuterKey, Failure> {
    match outside {
        Outside::File { file, passphrase_file } => {
            let secret = secret(file, passphrase(passphrase_file.as_ref())?.as_ref())?;
            let provider = SecretProvider::new(&secret, entropy.clone());
            provider.map(OuterKey::new).ok_or_else(|| Failure::bad_data(format!("{file}: {}", KeyFileError::NotOne)))
        }
        Outside::Pkcs11 { module, token, key, pin_file, restored } => {
            let (module, token, key, restored) = (module.clone(), token.clone(), key.clone(), *restored);
            let wanted = Wanted { module, token, key, restored };
            device::open(wanted, pin_file, entropy).map(OuterKey::new)
        }
    }
}

fn passphrase(place: Option<&SecretPlace>) -> Result<Option<Passphrase>, Failure> {
    place.map(|place| place.passphrase("Passphrase of the key file: ")).transpose()
}

/// The secret of a key file.
fn secret(file: &SecretPlace, passphrase: Option<&Passphrase>) -> Result<Zeroizing<Vec<u8>>, Failure> {
    unlock(&file.read()?, passphrase.map(Passphrase::words)).map_err(|error| {
        let failure = Failure::bad_data(format!("{file} {error}"));
        match error {
            KeyFileError::Locked => failure.advise("keys.passphrase_file says where its passphrase lies"),
            KeyFileError::Clear => failure.advise(
                "put it under the passphrase: homeward admin keys init-file NEW --from OLD --passphrase-file PASSPHRASE",
            ),
            KeyFileError::Wrong => {
                failure.advise("give the passphrase it was made with; if that is right, the file is damaged: restore it")
            }
            KeyFileError::NotOne => failure,
        }
    })
}

/// Nothing lies in the folder of the store yet.
pub(super) fn is_new(store: &Path) -> bool {
    !fs::read_dir(store).is_ok_and(|mut entries| entries.next().is_some())
}

/// Makes the key file of a new store.
fn make(file: &Path, passphrase: Option<&Passphrase>, store: &Path, entropy: &dyn Entropy) -> Result<(), Failure> {
    if !is_new(store) {
        return Err(Failure::bad_data(format!("{} is missing, and the store holds records", file.display()))
            .advise("restore the key file from its backup: without it nothing in the store opens"));
    }
    let secret = secret_32(entropy).map_err(|error| Failure::unavailable(error.to_string()))?;
    write(file, &secret, passphrase, entropy)?;
    tracing::warn!(file = %file.display(), "a new key was made: back it up, apart from the store");
    if passphrase.is_none() {
        tracing::warn!("the key file is not under a passphrase: keys.passphrase_file would put it under one");
    }
    Ok(())
}

/// Writes a new key file, under a passphrase if there is one; never over another.
fn write(file: &Path, secret: &[u8], passphrase: Option<&Passphrase>, entropy: &dyn Entropy) -> Result<(), Failure> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder).map_err(|error| Failure::other(format!("{}: {error}", folder.display())))?;
    }
    let locked = passphrase.map(|passphrase| lock(secret, passphrase.words(), entropy)).transpose();
    let locked = locked.map_err(|error| Failure::other(error.to_string()))?;
    let content = locked.as_ref().map_or(secret, |locked| locked.as_bytes());
    secret_file::create_secret(file, content).map_err(|error| Failure::bad_data(error.to_string()))
}
