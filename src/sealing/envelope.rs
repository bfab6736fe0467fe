//! Seal and open: one stored value for all units of a record.

use prost::Message;
use ring::{aead, hkdf};
use zeroize::{Zeroize, Zeroizing};

use super::{
    Keyring,
    keyring::expand,
    place::{ALGORITHM, Place, SCHEMA_VERSION, Side},
    stored::{FieldPlaintext, SealedRecord, SealedUnit, UnitPlaintext, Wrap},
};
use crate::{
    domain::{
        dossier::Dossier,
        text::Text,
        unit::{Audience, Field, Part, UnitLabel, View},
    },
    platform::{Entropy, entropy::random},
};

/// The sealed units of one record: opaque bytes, fit to be stored.
#[derive(Clone, PartialEq, Eq)]
pub struct Sealed(Vec<u8>);

impl Sealed {
    /// The bytes to store.
    pub fn into_bytes(self) -> Vec<u8> {
        self.0
    }
}

/// Why something could not be sealed or opened. Says nothing about content or keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SealError {
    /// The stored value is not a sealed record this version reads.
    #[error("not a sealed record of a known form")]
    Unreadable,
    /// There is no such unit in this record.
    #[error("no such unit")]
    NoSuchUnit,
    /// The wrapping key is not in this keyring.
    #[error("sealed under a key that is not in the keyring")]
    UnknownKey,
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
    let mut sealer = Sealer { place, keyring, entropy, record: empty(), keys: Vec::new() };
    for side in Side::BOTH {
        sealer.new_key(side)?;
    }
    if let Some(bytes) = original {
        sealer.unit(ORIGINAL, Zeroizing::new(bytes.to_vec()))?;
    }
    for (label, view) in dossier.units() {
        sealer.unit(*label, encode(view))?;
    }
    Ok(Sealed(sealer.record.encode_to_vec()))
}

/// Seals the two keys of a record that has no content (D04), so that notes on it can be sealed all the same.
pub fn seal_nothing(place: &Place, keyring: &Keyring, entropy: &dyn Entropy) -> Result<Sealed, SealError> {
    let mut sealer = Sealer { place, keyring, entropy, record: empty(), keys: Vec::new() };
    for side in Side::BOTH {
        sealer.new_key(side)?;
    }
    Ok(Sealed(sealer.record.encode_to_vec()))
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
    let record = read(at.sealed)?;
    let record_key = record_key(&record, Side::Rest, at.place, keyring)?;
    let nonce: [u8; aead::NONCE_LEN] = random(entropy).map_err(|_| SealError::Failed)?;
    let data = at.place.note(&keyring.wrapping(Side::Rest).id, note.purpose, note.number);
    let plaintext = Zeroizing::new(text.as_bytes().to_vec());
    let mut sealed = nonce.to_vec();
    sealed.extend(encrypt(&note_key(&record_key, note)?, nonce, &data, plaintext)?);
    Ok(sealed)
}

/// Opens a note.
pub fn open_note(at: SealedRecordAt<'_>, note: Note<'_>, sealed: &[u8], keyring: &Keyring) -> Result<Text, SealError> {
    let record = read(at.sealed)?;
    let record_key = record_key(&record, Side::Rest, at.place, keyring)?;
    let (nonce, ciphertext) = sealed.split_at_checked(aead::NONCE_LEN).ok_or(SealError::Broken)?;
    let data = at.place.note(&keyring.wrapping(Side::Rest).id, note.purpose, note.number);
    let bytes = decrypt(&note_key(&record_key, note)?, nonce, &data, ciphertext)?;
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
    let side = Side::of(label.part);
    let record_key = record_key(&record, side, place, keyring)?;
    let unit = record
        .units
        .iter()
        .find(|unit| {
            unit.part == label.part.code()
                && unit.audience == label.audience.code()
                && unit.item == u32::from(label.item.unwrap_or(0))
        })
        .ok_or(SealError::NoSuchUnit)?;
    let key = unit_key(&record_key, label)?;
    decrypt(&key, &unit.nonce, &place.unit(&keyring.wrapping(side).id, label), &unit.ciphertext)
}

fn read(sealed: &[u8]) -> Result<SealedRecord, SealError> {
    let record = SealedRecord::decode(sealed).map_err(|_| SealError::Unreadable)?;
    let known = record.schema_version == SCHEMA_VERSION && record.algorithm == ALGORITHM;
    if known { Ok(record) } else { Err(SealError::Unreadable) }
}

/// Unwraps one side's record key.
fn record_key(
    record: &SealedRecord,
    side: Side,
    place: &Place,
    keyring: &Keyring,
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let wrap = record.wraps.iter().find(|wrap| wrap.side == side.word()).ok_or(SealError::Unreadable)?;
    let wrapping = keyring.wrapping(side);
    if wrap.key_id != wrapping.id {
        return Err(SealError::UnknownKey);
    }
    decrypt(&wrapping.key, &wrap.nonce, &place.wrap(&wrapping.id, side), &wrap.ciphertext)
}

/// What sealing one record needs at hand.
struct Sealer<'a> {
    place: &'a Place,
    keyring: &'a Keyring,
    entropy: &'a dyn Entropy,
    record: SealedRecord,
    keys: Vec<(Side, Zeroizing<[u8; 32]>)>,
}

impl Sealer<'_> {
    /// A fresh record key for one side, wrapped into the record.
    fn new_key(&mut self, side: Side) -> Result<(), SealError> {
        let mut key = Zeroizing::new([0; 32]);
        self.entropy.fill(&mut *key).map_err(|_| SealError::Failed)?;
        let wrapping = self.keyring.wrapping(side);
        let nonce = self.nonce()?;
        let data = self.place.wrap(&wrapping.id, side);
        let ciphertext = encrypt(&wrapping.key, nonce, &data, Zeroizing::new(key.to_vec()))?;
        self.record.wraps.push(Wrap {
            side: side.word().to_owned(),
            key_id: wrapping.id.clone(),
            nonce: nonce.to_vec(),
            ciphertext,
        });
        self.keys.push((side, key));
        Ok(())
    }

    /// Seals one unit into the record.
    fn unit(&mut self, label: UnitLabel, plaintext: Zeroizing<Vec<u8>>) -> Result<(), SealError> {
        let side = Side::of(label.part);
        let (_, record_key) = self.keys.iter().find(|(of, _)| *of == side).ok_or(SealError::Failed)?;
        let key = unit_key(&**record_key, label)?;
        let nonce = self.nonce()?;
        let data = self.place.unit(&self.keyring.wrapping(side).id, label);
        let ciphertext = encrypt(&key, nonce, &data, plaintext)?;
        self.record.units.push(SealedUnit {
            item: u32::from(label.item.unwrap_or(0)),
            part: label.part.code().to_owned(),
            audience: label.audience.code().to_owned(),
            nonce: nonce.to_vec(),
            ciphertext,
        });
        Ok(())
    }

    fn nonce(&self) -> Result<[u8; aead::NONCE_LEN], SealError> {
        random(self.entropy).map_err(|_| SealError::Failed)
    }
}

fn empty() -> SealedRecord {
    SealedRecord { schema_version: SCHEMA_VERSION, algorithm: ALGORITHM, wraps: Vec::new(), units: Vec::new() }
}

/// The key of one unit: HKDF-SHA-256 of the record key over the unit's label.
fn unit_key(record_key: &[u8], label: UnitLabel) -> Result<aead::LessSafeKey, SealError> {
    derived_key(record_key, &format!("{}/{}/{}", label.part, label.audience, label.item.unwrap_or(0)))
}

/// The key of one kind of note.
fn note_key(record_key: &[u8], note: Note<'_>) -> Result<aead::LessSafeKey, SealError> {
    derived_key(record_key, &format!("note/{}/{}", note.purpose, note.number))
}

fn derived_key(record_key: &[u8], purpose: &str) -> Result<aead::LessSafeKey, SealError> {
    let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"homeward/unit/1").extract(record_key);
    let bytes = expand(&root, purpose.as_bytes()).ok_or(SealError::Failed)?;
    let key = aead::UnboundKey::new(&aead::AES_256_GCM, &*bytes).map_err(|_| SealError::Failed)?;
    Ok(aead::LessSafeKey::new(key))
}

fn encrypt(
    key: &aead::LessSafeKey,
    nonce: [u8; aead::NONCE_LEN],
    data: &[u8],
    mut plaintext: Zeroizing<Vec<u8>>,
) -> Result<Vec<u8>, SealError> {
    let nonce = aead::Nonce::assume_unique_for_key(nonce);
    let tag =
        key.seal_in_place_separate_tag(nonce, aead::Aad::from(data), &mut plaintext).map_err(|_| SealError::Failed)?;
    let mut ciphertext = plaintext.to_vec();
    ciphertext.extend_from_slice(tag.as_ref());
    Ok(ciphertext)
}

fn decrypt(
    key: &aead::LessSafeKey,
    nonce: &[u8],
    data: &[u8],
    ciphertext: &[u8],
) -> Result<Zeroizing<Vec<u8>>, SealError> {
    let nonce = aead::Nonce::try_assume_unique_for_key(nonce).map_err(|_| SealError::Broken)?;
    let mut buffer = Zeroizing::new(ciphertext.to_vec());
    let length = key.open_in_place(nonce, aead::Aad::from(data), &mut buffer).map_err(|_| SealError::Broken)?.len();
    buffer.truncate(length);
    Ok(buffer)
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
