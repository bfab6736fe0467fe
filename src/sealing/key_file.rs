//! The content of a key file: 32 bytes as they are, or under a passphrase (PKCS#8, PBES2 with scrypt and AES-256-GCM).
//! Under a passphrase a change of any bit is noticed, and so is a wrong passphrase.

use pkcs8::{
    AlgorithmIdentifierRef, EncryptedPrivateKeyInfoRef, LineEnding, PrivateKeyInfoRef, SecretDocument,
    der::{asn1::OctetStringRef, pem::PemLabel},
    pkcs5::{
        EncryptionScheme,
        pbes2::{self, AES_256_GCM_OID, Kdf, Salt, ScryptParams},
    },
};
use zeroize::Zeroizing;

use super::{SECRET_BYTES, SealError};
use crate::platform::{Entropy, entropy::random};

/// Each guess at a passphrase takes 128 MiB and some tenths of a second: N of scrypt.
const COST: u64 = 1 << 17;
/// Block size of scrypt.
const BLOCK: u16 = 8;
/// Parallelism of scrypt.
const LANES: u16 = 1;
/// The dearest file that is opened, in bytes of memory: a spoilt one must not take the machine's.
const MOST_MEMORY: u64 = 1 << 30;

/// Why a key file does not give its secret. Says nothing about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum KeyFileError {
    /// Neither 32 bytes nor a key under a passphrase.
    #[error("does not hold 32 bytes, nor a key under a passphrase")]
    NotOne,
    /// It is under a passphrase, and none was given.
    #[error("is under a passphrase, and none is given")]
    Locked,
    /// A passphrase was given, and it is under none.
    #[error("is not under a passphrase, and one is given")]
    Clear,
    /// The passphrase does not open it, or the file was changed.
    #[error("does not open with this passphrase")]
    Wrong,
}

/// Puts a secret under a passphrase.
pub fn lock(secret: &[u8], passphrase: &str, entropy: &dyn Entropy) -> Result<Zeroizing<String>, SealError> {
    let salt: [u8; 16] = random(entropy).map_err(|_| SealError::Failed)?;
    let nonce = random(entropy).map_err(|_| SealError::Failed)?;
    let written = || -> Option<Zeroizing<String>> {
        let kdf = ScryptParams {
            salt: Salt::new(salt).ok()?,
            cost_parameter: COST,
            block_size: BLOCK,
            parallelization: LANES,
            key_length: None,
        };
        let how = pbes2::Parameters { kdf: kdf.into(), encryption: pbes2::EncryptionScheme::Aes256Gcm { nonce } };
        // What kind of key it is: one for AES-256-GCM.
        let algorithm = AlgorithmIdentifierRef { oid: AES_256_GCM_OID, parameters: None };
        let plain = PrivateKeyInfoRef::new(algorithm, OctetStringRef::new(secret).ok()?);
        let locked = plain.encrypt_with_params(how, passphrase).ok()?;
        locked.to_pem(EncryptedPrivateKeyInfoRef::PEM_LABEL, LineEnding::LF).ok()
    };
    written().ok_or(SealError::Failed)
}

/// The secret in a key file; with the passphrase that it is under, if it is under one.
pub fn unlock(content: &[u8], passphrase: Option<&str>) -> Result<Zeroizing<Vec<u8>>, KeyFileError> {
    if content.len() == SECRET_BYTES {
        return if passphrase.is_none() { Ok(Zeroizing::new(content.to_vec())) } else { Err(KeyFileError::Clear) };
    }
    let text = std::str::from_utf8(content).map_err(|_| KeyFileError::NotOne)?;
    let (label, document) = SecretDocument::from_pem(text).map_err(|_| KeyFileError::NotOne)?;
    if label != EncryptedPrivateKeyInfoRef::PEM_LABEL {
        return Err(KeyFileError::NotOne);
    }
    let locked = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes()).map_err(|_| KeyFileError::NotOne)?;
    if !bearable(&locked.encryption_algorithm) {
        return Err(KeyFileError::NotOne);
    }
    let plain = locked.decrypt(passphrase.ok_or(KeyFileError::Locked)?).map_err(|_| KeyFileError::Wrong)?;
    let key = PrivateKeyInfoRef::try_from(plain.as_bytes()).map_err(|_| KeyFileError::Wrong)?;
    let bytes = key.private_key.as_bytes();
    if bytes.len() == SECRET_BYTES { Ok(Zeroizing::new(bytes.to_vec())) } else { Err(KeyFileError::NotOne) }
}

/// Under scrypt and an authenticated cipher, at a cost that a start can bear.
fn bearable(scheme: &EncryptionScheme) -> bool {
    let EncryptionScheme::Pbes2(how) = scheme else { return false };
    let Kdf::Scrypt(scrypt) = &how.kdf else { return false };
    let block = u64::from(scrypt.block_size).saturating_mul(u64::from(scrypt.parallelization));
    let memory = scrypt.cost_parameter.saturating_mul(block).saturating_mul(128);
    memory <= MOST_MEMORY && matches!(how.encryption, pbes2::EncryptionScheme::Aes256Gcm { .. })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::SystemEntropy;

    const WORDS: &str = "correct horse battery staple";

    #[test]
    fn a_key_under_a_passphrase_comes_back_with_it_alone() {
        let entropy = SystemEntropy::new();
        let locked = lock(&[7; 32], WORDS, &entropy).unwrap();
        assert_eq!(*unlock(locked.as_bytes(), Some(WORDS)).unwrap(), [7; 32]);
        assert_eq!(unlock(locked.as_bytes(), Some("correct horse battery stapl")), Err(KeyFileError::Wrong));
        assert_eq!(unlock(locked.as_bytes(), None), Err(KeyFileError::Locked));
        assert_ne!(*locked, *lock(&[7; 32], WORDS, &entropy).unwrap(), "salt and nonce are fresh");
    }

    #[test]
    fn a_clear_key_is_taken_without_a_passphrase_only() {
        assert_eq!(*unlock(&[7; 32], None).unwrap(), [7; 32]);
        assert_eq!(unlock(&[7; 32], Some(WORDS)), Err(KeyFileError::Clear));
        for other in [&[7; 31][..], &[7; 33], b"", b"-----BEGIN", &[0xff; 200]] {
            assert_eq!(unlock(other, None), Err(KeyFileError::NotOne));
            assert_eq!(unlock(other, Some(WORDS)), Err(KeyFileError::NotOne));
        }
    }

    #[test]
    fn a_changed_file_never_gives_another_key_and_never_takes_the_machine() {
        let locked = lock(&[7; 32], WORDS, &SystemEntropy::new()).unwrap();
        let (_, document) = SecretDocument::from_pem(&locked).unwrap();
        let der = document.as_bytes();
        // Each try that gets as far as the cipher costs what a start costs: not every byte.
        let tried = (0..der.len()).step_by(13).chain([der.len() - 1]);
        for at in tried {
            let mut spoilt = der.to_vec();
            spoilt[at] ^= 0x40;
            let Ok(document) = SecretDocument::try_from(spoilt.as_slice()) else { continue };
            let pem = document.to_pem(EncryptedPrivateKeyInfoRef::PEM_LABEL, LineEnding::LF).unwrap();
            assert!(unlock(pem.as_bytes(), Some(WORDS)).is_err(), "byte {at}");
        }
    }
}
