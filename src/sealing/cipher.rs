//! AES-256-GCM and the keys derived with HKDF: the primitives, in one place. Buffers of ours are wiped; the key schedules
//! that ring makes of a key live on the stack for one call.

use ring::{aead, hkdf};
use zeroize::Zeroizing;

use super::{SealError, keyring::expand};
use crate::platform::{Entropy, entropy::random};

/// What sealing needs beside the plaintext.
pub(super) struct Sealing<'a> {
    pub(super) key: &'a [u8],
    pub(super) data: &'a [u8],
    pub(super) entropy: &'a dyn Entropy,
}

/// Encrypts under a fresh nonce; answers with nonce, and ciphertext with tag.
pub(super) fn seal_with(
    sealing: Sealing<'_>,
    mut plaintext: Zeroizing<Vec<u8>>,
) -> Result<([u8; aead::NONCE_LEN], Vec<u8>), SealError> {
    let bytes: [u8; aead::NONCE_LEN] = random(sealing.entropy).map_err(|_| SealError::Failed)?;
    let nonce = aead::Nonce::assume_unique_for_key(bytes);
    let tag = schedule(sealing.key)?
        .seal_in_place_separate_tag(nonce, aead::Aad::from(sealing.data), &mut plaintext)
        .map_err(|_| SealError::Failed)?;
    let mut ciphertext = Vec::with_capacity(plaintext.len() + tag.as_ref().len());
    ciphertext.extend_from_slice(&plaintext);
    ciphertext.extend_from_slice(tag.as_ref());
    Ok((bytes, ciphertext))
}

/// Decrypts what [`seal_with`] made.
pub(super) fn open_with(
    key: &[u8],
    nonce: &[u8],
    data: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let nonce = aead::Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Broken)?;
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let opened = schedule(key)?.open_in_place(nonce, aead::Aad::from(data), &mut buffer);
    let length = opened.map_err(|_| SealError::Broken)?.len();
    buffer.truncate(length);
    Ok(buffer)
}

/// HKDF-SHA-256 of a record key over a purpose.
pub(super) fn derived(record_key: &[u8], purpose: &str) -> Result<Zeroizing<[u8; 32]>, SealError> {
    let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"homeward/unit/1").extract(record_key);
    expand(&root, purpose.as_bytes()).ok_or(SealError::Failed)
}

fn schedule(key: &[u8]) -> Result<aead::LessSafeKey, SealError> {
    let key = aead::UnboundKey::new(&aead::AES_256_GCM, key).map_err(|_| SealError::Failed)?;
    Ok(aead::LessSafeKey::new(key))
}
