//! AES-256-GCM and the keys derived with HKDF: the primitives, in one place. Buffers of ours lie on the heap, where a move
//! copies nothing, and are wiped. The key schedules that ring makes of a key live on the stack for one call, and what a
//! call leaves there is written over.

use std::hint::black_box;

use ring::{aead, digest, hkdf};
use zeroize::Zeroizing;

use super::SealError;
use crate::platform::{Entropy, entropy::random};

/// What sealing needs beside the plaintext.
pub(super) struct Sealing<'a> {
    pub(super) key: &'a [u8],
    pub(super) data: &'a [u8],
    pub(super) entropy: &'a dyn Entropy,
}

/// More of the stack than any call below takes; calls that are not optimised take more.
const REACH: usize = if cfg!(debug_assertions) { 64 << 10 } else { 16 << 10 };

/// Encrypts under a fresh nonce; answers with nonce, and ciphertext with tag.
pub(super) fn seal_with(
    sealing: Sealing<'_>,
    plaintext: Zeroizing<Vec<u8>>,
) -> Result<([u8; aead::NONCE_LEN], Vec<u8>), SealError> {
    let sealed = encrypted(sealing, plaintext);
    overwrite();
    sealed
}

/// Decrypts what [`seal_with`] made.
pub(super) fn open_with(
    key: &[u8],
    nonce: &[u8],
    data: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let opened = decrypted(key, nonce, data, ciphertext);
    overwrite();
    opened
}

/// HKDF-SHA-256 of a record key over a purpose.
pub(super) fn derived(record_key: &[u8], purpose: &str) -> Result<Zeroizing<Vec<u8>>, SealError> {
    Root::of(b"homeward/unit/1", record_key).derive(purpose).ok_or(SealError::Failed)
}

/// What keys are derived from.
pub(super) struct Root(hkdf::Prk);

impl Root {
    /// The root of a secret, for one use of it.
    pub(super) fn of(salt: &[u8], secret: &[u8]) -> Self {
        let root = extracted(salt, secret);
        overwrite();
        root
    }

    /// 32 bytes of key material for one purpose.
    pub(super) fn derive(&self, purpose: &str) -> Option<Zeroizing<Vec<u8>>> {
        let mut bytes = Zeroizing::new(vec![0; 32]);
        let filled = self.fill(purpose.as_bytes(), &mut bytes);
        overwrite();
        filled.map(|()| bytes)
    }

    /// The id of the secret: a digest of a separate derivation, which names it and says nothing about it.
    pub(super) fn id(&self) -> Option<String> {
        let named = self.derive("homeward/key-id/1")?;
        Some(hex::encode(&digest::digest(&digest::SHA256, &named).as_ref()[..8]))
    }

    #[inline(never)]
    fn fill(&self, purpose: &[u8], bytes: &mut [u8]) -> Option<()> {
        self.0.expand(&[purpose], hkdf::HKDF_SHA256).ok()?.fill(bytes).ok()
    }
}

#[inline(never)]
fn extracted(salt: &[u8], secret: &[u8]) -> Root {
    Root(hkdf::Salt::new(hkdf::HKDF_SHA256, salt).extract(secret))
}

/// Writes over the part of the stack where the call before this one had its frames: ring's copies of a key are there.
#[inline(never)]
fn overwrite() {
    black_box(&mut [0_u8; REACH]);
}

#[inline(never)]
fn encrypted(
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

#[inline(never)]
fn decrypted(key: &[u8], nonce: &[u8], data: &[u8], ciphertext: &[u8]) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let nonce = aead::Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Broken)?;
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let opened = schedule(key)?.open_in_place(nonce, aead::Aad::from(data), &mut buffer);
    let length = opened.map_err(|_| SealError::Broken)?.len();
    buffer.truncate(length);
    Ok(buffer)
}

fn schedule(key: &[u8]) -> Result<aead::LessSafeKey, SealError> {
    let key = aead::UnboundKey::new(&aead::AES_256_GCM, key).map_err(|_| SealError::Failed)?;
    Ok(aead::LessSafeKey::new(key))
}
