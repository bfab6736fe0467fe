//! The keyring: every key derived from the 32 random bytes of the key file.

use std::fmt;

use ring::{aead, digest, hkdf, hmac};
use zeroize::Zeroizing;

use super::place::Side;

/// Length of the key file's secret, bytes.
pub const SECRET_BYTES: usize = 32;

/// Wrapping keys, one a side, and the key of references. `Debug` shows ids only.
pub struct Keyring {
    source: WrappingKey,
    rest: WrappingKey,
    references: hmac::Key,
}

/// One key that wraps record keys.
pub(super) struct WrappingKey {
    pub(super) id: String,
    pub(super) key: aead::LessSafeKey,
}

impl Keyring {
    /// Derives the keyring from the key file's 32 random bytes; `None` for another length.
    pub fn from_secret(secret: &[u8]) -> Option<Self> {
        if secret.len() != SECRET_BYTES {
            return None;
        }
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"homeward/keyring/1").extract(secret);
        Some(Self {
            source: WrappingKey::derive(&root, Side::Source)?,
            rest: WrappingKey::derive(&root, Side::Rest)?,
            references: hmac::Key::new(hmac::HMAC_SHA256, &*expand(&root, b"homeward/reference/1")?),
        })
    }

    /// A keyed reference to something that must not be stored in clear, e.g. an actor's staff number. The same parts
    /// give the same reference; without the key it says nothing.
    pub fn reference(&self, kind: &str, parts: &[&str]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.references);
        for part in std::iter::once(&kind).chain(parts) {
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part.as_bytes());
        }
        let mut reference = [0; 32];
        reference.copy_from_slice(context.sign().as_ref());
        reference
    }

    /// The ids of its wrapping keys: they name the keyring and say nothing about it.
    pub fn ids(&self) -> String {
        format!("{} {}", self.source.id, self.rest.id)
    }

    pub(super) fn wrapping(&self, side: Side) -> &WrappingKey {
        match side {
            Side::Source => &self.source,
            Side::Rest => &self.rest,
        }
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Keyring").field("source", &self.source.id).field("rest", &self.rest.id).finish()
    }
}

impl WrappingKey {
    fn derive(root: &hkdf::Prk, side: Side) -> Option<Self> {
        let bytes = expand(root, format!("homeward/wrapping/{}/1", side.word()).as_bytes())?;
        let key = aead::UnboundKey::new(&aead::AES_256_GCM, &*bytes).ok()?;
        // The id is a digest of a separate derivation: it names the key and says nothing about it.
        let named = expand(root, format!("homeward/key-id/{}/1", side.word()).as_bytes())?;
        let id = hex::encode(&digest::digest(&digest::SHA256, &*named).as_ref()[..8]);
        Some(Self { id, key: aead::LessSafeKey::new(key) })
    }
}

/// 32 bytes of key material for one purpose.
pub(super) fn expand(root: &hkdf::Prk, purpose: &[u8]) -> Option<Zeroizing<[u8; 32]>> {
    let mut bytes = Zeroizing::new([0; 32]);
    root.expand(&[purpose], hkdf::HKDF_SHA256).ok()?.fill(&mut *bytes).ok()?;
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_32_bytes_make_a_keyring() {
        assert!(Keyring::from_secret(&[7; 31]).is_none());
        assert!(Keyring::from_secret(&[7; 33]).is_none());
        assert!(Keyring::from_secret(&[7; 32]).is_some());
    }

    #[test]
    fn debug_shows_ids_only_and_sides_differ() {
        let keyring = Keyring::from_secret(&[7; 32]).unwrap();
        assert_ne!(keyring.source.id, keyring.rest.id);
        assert_eq!(
            format!("{keyring:?}"),
            format!("Keyring {{ source: {:?}, rest: {:?} }}", keyring.source.id, keyring.rest.id)
        );
    }

    #[test]
    fn references_depend_on_key_kind_and_the_cut_between_parts() {
        let keyring = Keyring::from_secret(&[7; 32]).unwrap();
        let other = Keyring::from_secret(&[8; 32]).unwrap();
        let reference = keyring.reference("actor", &["ab", "c"]);
        assert_eq!(reference, keyring.reference("actor", &["ab", "c"]));
        assert_ne!(reference, keyring.reference("actor", &["a", "bc"]));
        assert_ne!(reference, keyring.reference("person", &["ab", "c"]));
        assert_ne!(reference, other.reference("actor", &["ab", "c"]));
    }
}
