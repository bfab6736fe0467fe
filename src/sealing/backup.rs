//! The key of a backup: under it every part of one is sealed, bound to the set and to its name, and the names are made.

use ring::hmac;
use zeroize::Zeroizing;

use super::{
    SealError,
    cipher::{Root, Sealing, open_with, seal_with},
};
use crate::platform::Entropy;

/// The key of one set of parts. Wiped when it is dropped.
pub struct BackupKey {
    set: String,
    parts: Zeroizing<Vec<u8>>,
    names: hmac::Key,
}

impl BackupKey {
    /// The key of 32 random bytes for the set of this name; `None` for another number of them.
    pub fn new(secret: &[u8], set: &str) -> Option<Self> {
        if secret.len() != 32 {
            return None;
        }
        let root = Root::of(b"homeward/backup/1", secret);
        let names = root.derive("homeward/backup-names/1")?;
        let names = hmac::Key::new(hmac::HMAC_SHA256, &names);
        Some(Self { set: set.to_owned(), parts: root.derive("homeward/backup-parts/1")?, names })
    }

    /// The name of a part: the same for the same bytes, and nothing about them to whoever has not the key.
    pub fn name(&self, part: &[u8]) -> String {
        hex::encode(hmac::sign(&self.names, part).as_ref())
    }

    /// Seals a part under its name.
    pub fn seal(&self, name: &str, part: Vec<u8>, entropy: &dyn Entropy) -> Result<Vec<u8>, SealError> {
        let sealing = Sealing { key: &self.parts, data: &self.bound(name), entropy };
        let (nonce, ciphertext) = seal_with(sealing, Zeroizing::new(part))?;
        Ok([nonce.as_slice(), &ciphertext].concat())
    }

    /// Opens what [`Self::seal`] made under the same name.
    pub fn open(&self, name: &str, sealed: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
        let (nonce, ciphertext) = sealed.split_at_checked(12).ok_or(SealError::Broken)?;
        open_with(&self.parts, nonce, &self.bound(name), ciphertext)
    }

    fn bound(&self, name: &str) -> Vec<u8> {
        let mut data = Vec::new();
        for field in ["homeward/backup/1", &self.set, name] {
            data.extend_from_slice(&(field.len() as u32).to_be_bytes());
            data.extend_from_slice(field.as_bytes());
        }
        data
    }
}

impl std::fmt::Debug for BackupKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "BackupKey({})", self.set)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::SystemEntropy;

    #[test]
    fn a_part_opens_in_its_set_under_its_name_and_nowhere_else() {
        let entropy = SystemEntropy::new();
        let key = |byte, set| BackupKey::new(&[byte; 32], set).unwrap();
        let part = b"part".to_vec();
        let name = key(1, "a").name(&part);
        assert_eq!(key(1, "a").name(&part), name);
        assert_ne!(key(2, "a").name(&part), name);
        let sealed = key(1, "a").seal(&name, part.clone(), &entropy).unwrap();
        assert_eq!(*key(1, "a").open(&name, &sealed).unwrap(), part);
        assert_ne!(key(1, "a").seal(&name, part, &entropy).unwrap(), sealed, "another nonce");
        assert_eq!(key(1, "a").open("other", &sealed).unwrap_err(), SealError::Broken);
        assert_eq!(key(1, "b").open(&name, &sealed).unwrap_err(), SealError::Broken);
        assert_eq!(key(2, "a").open(&name, &sealed).unwrap_err(), SealError::Broken);
        for at in 0..sealed.len() {
            let mut spoilt = sealed.clone();
            spoilt[at] ^= 1;
            assert_eq!(key(1, "a").open(&name, &spoilt).unwrap_err(), SealError::Broken);
        }
        assert!(BackupKey::new(&[1; 31], "a").is_none());
    }
}
