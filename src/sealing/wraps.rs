//! The two keys of a record and their wraps: made with the record, wrapped anew under a later epoch key, deleted.

use prost::Message;
use zeroize::Zeroizing;

use super::{
    Keyring, SealError,
    cipher::{Root, Sealing, open_with, seal_with},
    keyring::EpochKey,
    place::{Place, Side},
    stored::{SealedRecord, Wrap},
};
use crate::platform::Entropy;

/// One side's key of a record.
pub(super) struct RecordKey {
    /// Names the key in what is sealed under it: it stays when the key is wrapped anew.
    pub(super) id: String,
    pub(super) bytes: Zeroizing<Vec<u8>>,
}

impl RecordKey {
    /// A fresh one.
    pub(super) fn new(entropy: &dyn Entropy) -> Result<Self, SealError> {
        let mut bytes = Zeroizing::new(vec![0; 32]);
        entropy.fill(&mut bytes).map_err(|_| SealError::Failed)?;
        Self::of(bytes)
    }

    fn of(bytes: Zeroizing<Vec<u8>>) -> Result<Self, SealError> {
        let id = Root::of(b"homeward/record-key/1", &bytes).id().ok_or(SealError::Failed)?;
        Ok(Self { id, bytes })
    }

    /// Wraps it for its side of its record.
    pub(super) fn wrap(
        &self,
        side: Side,
        place: &Place,
        epoch: &EpochKey,
        entropy: &dyn Entropy,
    ) -> Result<Wrap, SealError> {
        let data = place.wrap(epoch.id(), side);
        let sealing = Sealing { key: epoch.side(side), data: &data, entropy };
        let (nonce, ciphertext) = seal_with(sealing, self.bytes.clone())?;
        Ok(Wrap { side: side.word().to_owned(), key_id: epoch.id().to_owned(), nonce: nonce.to_vec(), ciphertext })
    }

    /// Unwraps one side's key of a record.
    pub(super) fn unwrap(
        record: &SealedRecord,
        side: Side,
        place: &Place,
        keyring: &Keyring,
    ) -> Result<Self, SealError> {
        if record.wraps.is_empty() {
            return Err(SealError::Erased);
        }
        let wrap = record.wraps.iter().find(|wrap| wrap.side == side.word()).ok_or(SealError::Unreadable)?;
        let epoch = keyring.get(&wrap.key_id).ok_or(SealError::UnknownKey)?;
        Self::of(open_with(epoch.side(side), &wrap.nonce, &place.wrap(epoch.id(), side), &wrap.ciphertext)?)
    }
}

/// The ids of the epoch keys that wrap a record's keys; of wraps alone or with the sealed value behind them.
pub fn wrapped_under(wraps: &[u8]) -> Result<Vec<String>, SealError> {
    let mut ids: Vec<_> = decode(wraps)?.wraps.into_iter().map(|wrap| wrap.key_id).collect();
    ids.dedup();
    Ok(ids)
}

/// Wraps a record's keys anew under the epoch key that wraps now; answers with its id behind the wraps. What was sealed under
/// them stays as it is.
pub fn rewrap(
    wraps: &[u8],
    place: &Place,
    keyring: &Keyring,
    entropy: &dyn Entropy,
) -> Result<(Vec<u8>, String), SealError> {
    let record = decode(wraps)?;
    let epoch = keyring.current().key;
    epoch.take()?;
    let again = |side: Side| RecordKey::unwrap(&record, side, place, keyring)?.wrap(side, place, &epoch, entropy);
    let wraps = Side::BOTH.map(again).into_iter().collect::<Result<_, _>>()?;
    Ok((wraps_of(wraps), epoch.id().to_owned()))
}

/// Wraps as they are stored: in front of the sealed value they make one message with it.
pub(super) fn wraps_of(wraps: Vec<Wrap>) -> Vec<u8> {
    SealedRecord { wraps, ..SealedRecord::default() }.encode_to_vec()
}

fn decode(wraps: &[u8]) -> Result<SealedRecord, SealError> {
    SealedRecord::decode(wraps).map_err(|_| SealError::Unreadable)
}
