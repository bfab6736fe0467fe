//! Seal and open: one stored value for all units of a record.

use prost::Message;
use ring::aead;
use zeroize::{Zeroize, Zeroizing};

use super::{
    Keyring,
    cipher::{Sealing, derived, open_with, seal_with},
    place::{ALGORITHM, Place, SCHEMA_VERSION, Side},
    stored::{FieldPlaintext, SealedRecord, SealedUnit, UnitPlaintext},
    wraps::{RecordKey, wraps_of},
};
use crate::{
    domain::{
        dossier::Dossier,
        text::Text,
        unit::{Audience, Field, Part, UnitLabel, View},
    },
    platform::Entropy,
};

/// The sealed units of one record: opaque bytes, fit to be stored. Wraps and units opened together are the first followed
/// by the second.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed {
    /// The wraps of its two keys.
    pub wraps: Vec<u8>,
    /// Id of the epoch key that made them.
    pub under: String,
    /// Its units.
    pub units: Vec<u8>,
}

/// Why something could not be sealed or opened. Says nothing about content or keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The stored value is not a sealed record this version reads.
    #[error("not a sealed record of a known form")]
    Unreadable,
    /// The wraps of the record's keys were deleted.
    #[error("its keys were erased")]
    Erased,
    /// There is no such unit in this record.
    #[error("no such unit")]
    NoSuchUnit,
    /// The epoch key is not in this keyring.
    #[error("sealed under a key that is not in the keyring")]
    UnknownKey,
    /// The epoch key has wrapped as many keys as were reserved.
    #[error("no more keys may be wrapped before more are reserved")]
    Exhausted,
    /// The value, its place or its key is not what was sealed.
    #[error("the seal does not hold")]
    Broken,
    /// A primitive refused, or there was no randomness.
    #[error("sealing failed")]
    Failed,
}

/// The unit of the submission exactly as received.
const ORIGINAL: UnitLabel = UnitLabel { item: None, part: Part::Original, audience: Audience::Nobody };

/// Seals a dossier's units, and the submission's bytes as received where they belong to this record.
///
/// Only a routed submission makes a dossier, so nothing that was not redacted can be sealed. This is no program:
///
/// ```compile_fail,E0308
/// use homeward::{domain::{stage::Valid, submission::Draft}, platform::Entropy, sealing::{Keyring, Place, seal}};
///
/// fn unredacted(valid: &Valid, place: &Place, keyring: &Keyring, entropy: &dyn Entropy) {
///     let _ = seal(valid, None, place, keyring, entropy);
/// }
/// ```
///
/// Nor is this:
///
/// ```compile_fail,E0308
/// use homeward::{domain::{stage::Valid, submission::Draft}, platform::Entropy, sealing::{Keyring, Place, seal}};
///
/// fn unchecked(draft: &Draft, place: &Place, keyring: &Keyring, entropy: &dyn Entropy) {
///     let _ = seal(draft, None, place, keyring, entropy);
/// }
/// ```
///
/// With a dossier it is one:
///
/// ```
/// use homeward::{domain::dossier::Dossier, platform::Entropy, sealing::{Keyring, Place, seal}};
///
/// fn judged(dossier: &Dossier, place: &Place, keyring: &Keyring, entropy: &dyn Entropy) {
///     let _ = seal(dossier, None, place, keyring, entropy);
/// }
/// ```
pub fn seal(
    dossier: &Dossier,
    original: Option<&[u8]>,
    place: &Place,
    keyring: &Keyring,
    entropy: &dyn Entropy,
) -> Result<Sealed, SealError> {
    let mut sealer = Sealer::new(place, keyring, entropy)?;
    if let Some(bytes) = original {
        sealer.unit(ORIGINAL, Zeroizing::new(bytes.to_vec()))?;
    }
    for (label, view) in dossier.units() {
        sealer.unit(*label, encode(view))?;
    }
    Ok(sealer.finish())
}

/// Seals the two keys of a record that has no content (D04), so that notes on it can be sealed all the same.
pub fn seal_nothing(place: &Place, keyring: &Keyring, entropy: &dyn Entropy) -> Result<Sealed, SealError> {
    Ok(Sealer::new(place, keyring, entropy)?.finish())
}

/// What a note is about: the leg of its delivery or the item it is of, and its purpose, such as `release`. A note opens
/// for the same purpose and number only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Note<'a> {
    /// Leg, or item, by the purpose.
    pub number: u16,
    /// Fixed word, with the id of what it belongs to where there may be several.
    pub purpose: &'a str,
}

/// What an officer wrote about a record: a record's sealed value with the place it belongs to.
#[derive(Debug, Clone, Copy)]
pub struct SealedRecordAt<'a> {
    /// The record's sealed units.
    pub sealed: &'a [u8],
    /// Its place.
    pub place: &'a Place,
}

/// Seals what an officer wrote, under the record's own key: it is gone when the record's keys are.
pub fn seal_note(
    at: SealedRecordAt<'_>,
    note: Note<'_>,
    text: &str,
    keyring: &Keyring,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, SealError> {
    seal_on(Side::Rest, (at, note), text, keyring, entropy)
}

/// Seals what its sender wrote about a record later, as it was given: with the source side, as the original is.
pub fn seal_given(
    at: SealedRecordAt<'_>,
    note: Note<'_>,
    text: &str,
    keyring: &Keyring,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, SealError> {
    seal_on(Side::Source, (at, note), text, keyring, entropy)
}

fn seal_on(
    side: Side,
    (at, note): (SealedRecordAt<'_>, Note<'_>),
    text: &str,
    keyring: &Keyring,
    entropy: &dyn Entropy,
) -> Result<Vec<u8>, SealError> {
    let record = read(at.sealed)?;
    let record_key = RecordKey::unwrap(&record, side, at.place, keyring)?;
    let data = at.place.note(&record_key.id, note.purpose, note.number);
    let key = derived(&record_key.bytes, &of_note(note))?;
    let plaintext = Zeroizing::new(text.as_bytes().to_vec());
    let (nonce, ciphertext) = seal_with(Sealing { key: &key, data: &data, entropy }, plaintext)?;
    Ok([nonce.as_slice(), &ciphertext].concat())
}

/// Opens a note.
pub fn open_note(at: SealedRecordAt<'_>, note: Note<'_>, sealed: &[u8], keyring: &Keyring) -> Result<Text, SealError> {
    open_on(Side::Rest, (at, note), sealed, keyring)
}

/// Opens what [`seal_given`] sealed.
pub fn open_given(at: SealedRecordAt<'_>, note: Note<'_>, sealed: &[u8], keyring: &Keyring) -> Result<Text, SealError> {
    open_on(Side::Source, (at, note), sealed, keyring)
}

fn open_on(
    side: Side,
    (at, note): (SealedRecordAt<'_>, Note<'_>),
    sealed: &[u8],
    keyring: &Keyring,
) -> Result<Text, SealError> {
    let record = read(at.sealed)?;
    let record_key = RecordKey::unwrap(&record, side, at.place, keyring)?;
    let (nonce, ciphertext) = sealed.split_at_checked(aead::NONCE_LEN).ok_or(SealError::Broken)?;
    let data = at.place.note(&record_key.id, note.purpose, note.number);
    let bytes = open_with(&derived(&record_key.bytes, &of_note(note))?, nonce, &data, ciphertext)?;
    std::str::from_utf8(&bytes).map(Text::from).map_err(|_| SealError::Unreadable)
}

/// The labels of the units in a sealed record; they are not secret.
pub fn labels(sealed: &[u8]) -> Result<Vec<UnitLabel>, SealError> {
    let label = |unit: &SealedUnit| {
        Some(UnitLabel {
            item: Some(u16::try_from(unit.item).ok()?).filter(|item| *item > 0),
            part: Part::from_code(&unit.part)?,
            audience: Audience::from_code(&unit.audience)?,
        })
    };
    read(sealed)?.units.iter().map(label).collect::<Option<_>>().ok_or(SealError::Unreadable)
}

/// Opens one rendered unit.
pub fn open(sealed: &[u8], label: UnitLabel, place: &Place, keyring: &Keyring) -> Result<View, SealError> {
    decode(&open_bytes(sealed, label, place, keyring)?)
}

/// Opens the submission exactly as received.
pub fn open_original(sealed: &[u8], place: &Place, keyring: &Keyring) -> Result<Zeroizing<Vec<u8>>, SealError> {
    open_bytes(sealed, ORIGINAL, place, keyring)
}

fn open_bytes(
    sealed: &[u8],
    label: UnitLabel,
    place: &Place,
    keyring: &Keyring,
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let record = read(sealed)?;
    let record_key = RecordKey::unwrap(&record, Side::of(label.part), place, keyring)?;
    let unit = record
        .units
        .iter()
        .find(|unit| {
            unit.part == label.part.code()
                && unit.audience == label.audience.code()
                && unit.item == u32::from(label.item.unwrap_or(0))
        })
        .ok_or(SealError::NoSuchUnit)?;
    let key = derived(&record_key.bytes, &of_unit(label))?;
    open_with(&key, &unit.nonce, &place.unit(&record_key.id, label), &unit.ciphertext)
}

fn read(sealed: &[u8]) -> Result<SealedRecord, SealError> {
    // Wraps were deleted, and a compaction took the rest away.
    if sealed.is_empty() {
        return Err(SealError::Erased);
    }
    let record = SealedRecord::decode(sealed).map_err(|_| SealError::Unreadable)?;
    let known = record.schema_version == SCHEMA_VERSION && record.algorithm == ALGORITHM;
    if known { Ok(record) } else { Err(SealError::Unreadable) }
}

/// What sealing one record needs at hand.
struct Sealer<'a> {
    place: &'a Place,
    entropy: &'a dyn Entropy,
    wraps: Vec<u8>,
    under: String,
    keys: Vec<(Side, RecordKey)>,
    units: Vec<SealedUnit>,
}

impl<'a> Sealer<'a> {
    /// Fresh keys for both sides, wrapped.
    fn new(place: &'a Place, keyring: &Keyring, entropy: &'a dyn Entropy) -> Result<Self, SealError> {
        let epoch = keyring.current();
        epoch.key.take()?;
        let (mut keys, mut wraps) = (Vec::new(), Vec::new());
        for side in Side::BOTH {
            let key = RecordKey::new(entropy)?;
            wraps.push(key.wrap(side, place, &epoch.key, entropy)?);
            keys.push((side, key));
        }
        let (wraps, under) = (wraps_of(wraps), epoch.key.id().to_owned());
        Ok(Self { place, entropy, wraps, under, keys, units: Vec::new() })
    }

    /// Seals one unit.
    fn unit(&mut self, label: UnitLabel, plaintext: Zeroizing<Vec<u8>>) -> Result<(), SealError> {
        let side = Side::of(label.part);
        let (_, record_key) = self.keys.iter().find(|(of, _)| *of == side).ok_or(SealError::Failed)?;
        let key = derived(&record_key.bytes, &of_unit(label))?;
        let data = self.place.unit(&record_key.id, label);
        let (nonce, ciphertext) = seal_with(Sealing { key: &key, data: &data, entropy: self.entropy }, plaintext)?;
        self.units.push(SealedUnit {
            item: u32::from(label.item.unwrap_or(0)),
            part: label.part.code().to_owned(),
            audience: label.audience.code().to_owned(),
            nonce: nonce.to_vec(),
            ciphertext,
        });
        Ok(())
    }

    fn finish(self) -> Sealed {
        let units = SealedRecord {
            schema_version: SCHEMA_VERSION,
            algorithm: ALGORITHM,
            units: self.units,
            ..SealedRecord::default()
        };
        Sealed { wraps: self.wraps, under: self.under, units: units.encode_to_vec() }
    }
}

/// The purpose of one unit's key.
fn of_unit(label: UnitLabel) -> String {
    format!("{}/{}/{}", label.part, label.audience, label.item.unwrap_or(0))
}

/// The purpose of the key of one kind of note.
fn of_note(note: Note<'_>) -> String {
    format!("note/{}/{}", note.purpose, note.number)
}

fn encode(view: &View) -> Zeroizing<Vec<u8>> {
    let mut plaintext = UnitPlaintext {
        fields: view
            .fields
            .iter()
            .map(|field| FieldPlaintext {
                name: field.name.clone(),
                value: field.value.reveal().to_owned(),
                withheld: field.withheld,
            })
            .collect(),
    };
    let bytes = Zeroizing::new(plaintext.encode_to_vec());
    plaintext.fields.iter_mut().for_each(|field| field.value.zeroize());
    bytes
}

fn decode(bytes: &[u8]) -> Result<View, SealError> {
    let plaintext = UnitPlaintext::decode(bytes).map_err(|_| SealError::Unreadable)?;
    let fields = plaintext
        .fields
        .into_iter()
        .map(|field| Field { name: field.name, value: Text::new(field.value), withheld: field.withheld })
        .collect();
    Ok(View { fields })
}
