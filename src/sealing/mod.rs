//! Floor 2: sealing. Keyring, envelope, seal, open (contract 4). No I/O, no async.
//!
//! A provider (a key file, a device) protects epoch keys, a new one every day; an epoch key wraps the keys of records. A
//! record has two random keys, one for the source side (units O and A) and one for the rest, each wrapped under its own
//! half of the epoch key. A unit's key is HKDF-SHA-256 of its side's record key over the unit's label. Every ciphertext is
//! AES-256-GCM with 96 random bits of nonce, bound by its additional data to the one place it belongs.

mod backup;
mod cipher;
mod envelope;
mod key_file;
mod keyring;
mod place;
mod provider;
mod wraps;

pub use backup::BackupKey;
pub use envelope::{
    Note, SealError, Sealed, SealedRecordAt, labels, open, open_given, open_note, open_original, seal, seal_given,
    seal_note, seal_nothing,
};
pub use key_file::{KeyFileError, lock, unlock};
pub use keyring::{CurrentEpoch, EpochKey, Keyring};
pub use place::Place;
pub use provider::{Custody, KeyProvider, OuterKey, ProviderError, SECRET_BYTES, SecretProvider, Wrapped};
pub use wraps::{rewrap, wrapped_under};

/// Generated messages of the sealed form.
mod stored {
    #![allow(missing_docs, clippy::all, reason = "generated code")]
    include!(concat!(env!("OUT_DIR"), "/homeward.sealed.rs"));
}

#[cfg(test)]
mod tests;
