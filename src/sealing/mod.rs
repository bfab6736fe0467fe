//! Floor 2: sealing. Keyring, envelope, seal, open (contract 4). No I/O, no async.
//!
//! A record has two random keys, one for the source side (units O and A) and one for the rest, each wrapped under its
//! own key of the keyring. A unit's key is HKDF-SHA-256 of its side's record key over the unit's label. Every
//! ciphertext is AES-256-GCM with 96 random bits of nonce, bound by its additional data to the one place it belongs.

mod envelope;
mod keyring;
mod place;

pub use envelope::{
    Note, SealError, Sealed, SealedRecordAt, labels, open, open_note, open_original, seal, seal_note, seal_nothing,
};
pub use keyring::Keyring;
pub use place::Place;

/// Generated messages of the sealed form.
mod stored {
    #![allow(missing_docs, clippy::all, reason = "generated code")]
    include!(concat!(env!("OUT_DIR"), "/homeward.sealed.rs"));
}

#[cfg(test)]
mod tests;
