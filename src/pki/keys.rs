//! Keys: making them, and the root's under a passphrase (PKCS#8, PBES2 with PBKDF2-HMAC-SHA256 and AES-256-CBC, which
//! openssl reads).

use std::path::Path;

use pkcs8::{
    EncryptedPrivateKeyInfoRef, LineEnding, PrivateKeyInfoRef, SecretDocument,
    der::{Encode, pem::PemLabel},
    pkcs5::pbes2,
};
use rcgen::{KeyPair, PKCS_ECDSA_P256_SHA256, PKCS_ECDSA_P384_SHA384, PKCS_ED25519};
use zeroize::Zeroizing;

use super::{PkiError, Tools};
use crate::{domain::code::vocabulary, platform::entropy, platform::secret_file};

vocabulary! {
    /// What kind of key is made.
    KeyKind {
        /// NIST P-256: what every client and server knows.
        P256 = "p256",
        /// NIST P-384.
        P384 = "p384",
        /// Ed25519: for clients whose tools know it.
        Ed25519 = "ed25519",
    }
}

/// A fresh key.
pub(super) fn make(kind: KeyKind) -> Result<KeyPair, PkiError> {
    let algorithm = match kind {
        KeyKind::P256 => &PKCS_ECDSA_P256_SHA256,
        KeyKind::P384 => &PKCS_ECDSA_P384_SHA384,
        KeyKind::Ed25519 => &PKCS_ED25519,
    };
    Ok(KeyPair::generate_for(algorithm)?)
}

/// A key as PKCS#8 in PEM, in the first version of that format: older OpenSSLs do not read the second.
pub(super) fn to_pem(key: &KeyPair) -> Result<Zeroizing<String>, PkiError> {
    let der = Zeroizing::new(key.serialize_der());
    let info = PrivateKeyInfoRef::try_from(der.as_slice()).map_err(|_| PkiError::Key)?;
    let first = PrivateKeyInfoRef { public_key: None, ..info };
    let plain =
        if key.algorithm() == &PKCS_ED25519 { Zeroizing::new(first.to_der().map_err(|_| PkiError::Key)?) } else { der };
    let document = SecretDocument::try_from(plain.as_slice()).map_err(|_| PkiError::Key)?;
    document.to_pem(PrivateKeyInfoRef::PEM_LABEL, LineEnding::LF).map_err(|_| PkiError::Key)
}

/// Reads a key of mode 0600 or stricter.
pub(super) fn read(path: &Path) -> Result<KeyPair, PkiError> {
    let pem = secret_file::read_secret(path)?;
    let key = std::str::from_utf8(&pem).ok().and_then(|pem| match SecretDocument::from_pem(pem) {
        // Decoded into what is wiped when it is dropped.
        Ok((PrivateKeyInfoRef::PEM_LABEL, document)) => KeyPair::try_from(document.as_bytes()).ok(),
        _ => KeyPair::from_pem(pem).ok(),
    });
    key.ok_or_else(|| PkiError::Damaged { path: path.into(), what: "a private key in PEM" })
}

/// Words that open a key.
pub struct Passphrase {
    words: Zeroizing<String>,
    /// Made here, of 160 random bits: nobody guesses it however fast each guess is.
    made: bool,
}

/// The shortest passphrase that a person may choose.
pub const SHORTEST_PASSPHRASE: usize = 12;

impl Passphrase {
    /// One that a person chose. Ends of lines behind it do not count.
    ///
    /// # Errors
    /// [`PkiError::Passphrase`] if it has fewer than [`SHORTEST_PASSPHRASE`] characters.
    pub fn chosen(words: &str) -> Result<Self, PkiError> {
        let words = words.trim_end_matches(['\r', '\n']);
        if words.chars().count() < SHORTEST_PASSPHRASE {
            return Err(PkiError::Passphrase);
        }
        Ok(Self { words: Zeroizing::new(words.to_owned()), made: false })
    }

    /// A fresh one.
    pub(super) fn make(tools: Tools<'_>) -> Result<Self, PkiError> {
        let bytes = Zeroizing::new(entropy::random::<20>(tools.entropy)?);
        let digits = Zeroizing::new(hex::encode(bytes.as_slice()));
        let groups: Vec<&str> = (0..digits.len()).step_by(8).filter_map(|at| digits.get(at..at + 8)).collect();
        Ok(Self { words: Zeroizing::new(groups.join("-")), made: true })
    }

    /// The words themselves, for what is opened with them.
    pub fn words(&self) -> &str {
        &self.words
    }

    /// Rounds that make each guess slow.
    fn rounds(&self) -> u32 {
        if self.made { 10_000 } else { 600_000 }
    }
}

/// A key under a passphrase, in PEM.
pub(super) fn lock(key: &KeyPair, passphrase: &Passphrase, tools: Tools<'_>) -> Result<Zeroizing<String>, PkiError> {
    let der = Zeroizing::new(key.serialize_der());
    let info = PrivateKeyInfoRef::try_from(der.as_slice()).map_err(|_| PkiError::Key)?;
    let (salt, iv) = (entropy::random::<16>(tools.entropy)?, entropy::random::<16>(tools.entropy)?);
    let how = pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(passphrase.rounds(), &salt, iv);
    let locked = how
        .map_err(|_| PkiError::Key)
        .and_then(|how| info.encrypt_with_params(how, passphrase.words()).map_err(|_| PkiError::Key))?;
    locked.to_pem(EncryptedPrivateKeyInfoRef::PEM_LABEL, LineEnding::LF).map_err(|_| PkiError::Key)
}

/// Reads a key under a passphrase.
pub(super) fn unlock(path: &Path, passphrase: &Passphrase) -> Result<KeyPair, PkiError> {
    let pem = secret_file::read_secret(path)?;
    let damaged = || PkiError::Damaged { path: path.into(), what: "a private key under a passphrase, in PEM" };
    let text = std::str::from_utf8(&pem).map_err(|_| damaged())?;
    let (label, document) = SecretDocument::from_pem(text).map_err(|_| damaged())?;
    if label != EncryptedPrivateKeyInfoRef::PEM_LABEL {
        return Err(damaged());
    }
    let locked = EncryptedPrivateKeyInfoRef::try_from(document.as_bytes()).map_err(|_| damaged())?;
    let plain = locked.decrypt(passphrase.words()).map_err(|_| PkiError::WrongPassphrase)?;
    KeyPair::try_from(plain.as_bytes()).map_err(|_| PkiError::WrongPassphrase)
}
