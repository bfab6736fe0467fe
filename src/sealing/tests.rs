//! The seal as its users know it: what was sealed opens where it belongs, and nothing opens anywhere else.

use prost::Message;
use uuid::Uuid;

use super::{
    EpochKey, Keyring, Note, Place, SealError, Sealed, SealedRecordAt, open, open_note, open_original, rewrap, seal,
    seal_note, seal_nothing,
    stored::{SealedRecord, SealedUnit},
    wrapped_under,
};
use crate::{
    domain::{
        code::HarmCode,
        dossier::Dossier,
        testing,
        unit::{Audience, Part, UnitLabel, View},
    },
    platform::SystemEntropy,
};

mod memory;

const ORIGINAL: &[u8] = b"the submission exactly as received";

/// Two items, a narrative, and everything that the judgement makes of them.
fn dossier() -> Dossier {
    let mut draft = testing::draft();
    draft.interview.account.first_account = Some("Sam said that he was driven to Example Road.".into());
    draft.items = vec![testing::coded(&[HarmCode::Cse]), testing::coded(&[HarmCode::Cce])];
    draft.items[1].provenance.who_else_knows = Some("Nobody.".into());
    draft.answers.codes = vec![HarmCode::Cse, HarmCode::Cce];
    draft.answers.significant_harm_suspected = Some(true);
    testing::dossier(draft)
}

fn keyring(byte: u8) -> Keyring {
    let key = EpochKey::new(&[byte; 32]).unwrap();
    key.reserve(1_000);
    Keyring::new(&[byte; 32], key, 1)
}

fn place() -> Place {
    Place { record: Uuid::from_u128(7), version: 1, organisation: "gss/E09000023".into() }
}

fn whole(sealed: Sealed) -> Vec<u8> {
    [sealed.wraps, sealed.units].concat()
}

fn sealed_at(place: &Place) -> Vec<u8> {
    whole(seal(&dossier(), Some(ORIGINAL), place, &keyring(1), &SystemEntropy::new()).unwrap())
}

/// A change of a sealed record, in its decoded form.
fn changed(sealed: &[u8], change: impl FnOnce(&mut SealedRecord)) -> Vec<u8> {
    let mut record = SealedRecord::decode(sealed).unwrap();
    change(&mut record);
    record.encode_to_vec()
}

/// What opens of a sealed value at [`place`], the original as well, each with its label.
fn opens(sealed: &[u8], labels: &[UnitLabel]) -> Vec<(UnitLabel, View)> {
    labels.iter().filter_map(|label| Some((*label, open(sealed, *label, &place(), &keyring(1)).ok()?))).collect()
}

fn label(part: Part, audience: Audience, item: u16) -> UnitLabel {
    UnitLabel { item: (item > 0).then_some(item), part, audience }
}

/// A change of one sealed unit.
type Spoil = fn(&mut SealedUnit);

const ITEM: (Part, Audience) = (Part::Item, Audience::Mpu);

#[test]
fn every_unit_opens_as_it_was_sealed_and_each_time_is_sealed_otherwise() {
    let (dossier, sealed) = (dossier(), sealed_at(&place()));
    for part in [Part::EpisodeCard, Part::Item, Part::Provenance, Part::Safeguarding, Part::Carer, Part::Sender] {
        assert!(dossier.units().iter().any(|(label, _)| label.part == part), "{part} is not in the dossier");
    }
    for (label, view) in dossier.units() {
        assert_eq!(open(&sealed, *label, &place(), &keyring(1)).as_ref(), Ok(view), "{label:?}");
    }
    assert_eq!(*open_original(&sealed, &place(), &keyring(1)).unwrap(), ORIGINAL);
    let (first, second) =
        (SealedRecord::decode(&*sealed).unwrap(), SealedRecord::decode(&*sealed_at(&place())).unwrap());
    let mut nonces: Vec<_> = [&first, &second]
        .into_iter()
        .flat_map(|record| {
            record.units.iter().map(|unit| &unit.nonce).chain(record.wraps.iter().map(|wrap| &wrap.nonce))
        })
        .collect();
    let count = nonces.len();
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), count, "a nonce came twice");
    assert!(!sealed.windows(9).any(|window| window == b"submissio" || window == b"Example R"));
}

#[test]
fn a_record_without_the_original_or_without_anything_has_no_such_unit() {
    let entropy = SystemEntropy::new();
    let sealed = whole(seal(&dossier(), None, &place(), &keyring(1), &entropy).unwrap());
    assert_eq!(open_original(&sealed, &place(), &keyring(1)).err(), Some(SealError::NoSuchUnit));
    let sealed = whole(seal_nothing(&place(), &keyring(1), &entropy).unwrap());
    let card = label(Part::EpisodeCard, Audience::Nobody, 0);
    assert_eq!(open(&sealed, card, &place(), &keyring(1)).err(), Some(SealError::NoSuchUnit));
}

#[test]
fn a_record_opens_at_its_own_place_only() {
    let sealed = sealed_at(&place());
    let elsewhere = [
        Place { record: Uuid::from_u128(8), ..place() },
        Place { version: 2, ..place() },
        Place { organisation: "gss/E09000006".into(), ..place() },
        Place { organisation: "gss/E0900002".into(), ..place() },
    ];
    for other in elsewhere {
        for (label, _) in dossier().units() {
            assert_eq!(
                open(&sealed, *label, &other, &keyring(1)).err(),
                Some(SealError::Broken),
                "{label:?} {other:?}"
            );
        }
        assert_eq!(open_original(&sealed, &other, &keyring(1)).err(), Some(SealError::Broken));
    }
}

#[test]
fn another_keyring_does_not_know_the_key() {
    let sealed = sealed_at(&place());
    let card = label(Part::EpisodeCard, Audience::Nobody, 0);
    assert_eq!(open(&sealed, card, &place(), &keyring(2)).err(), Some(SealError::UnknownKey));
    assert_eq!(open_original(&sealed, &place(), &keyring(2)).err(), Some(SealError::UnknownKey));
    // Nor does it help to write the other keyring's id on it.
    let theirs = whole(seal_nothing(&place(), &keyring(2), &SystemEntropy::new()).unwrap());
    let theirs = SealedRecord::decode(&*theirs).unwrap();
    let renamed = changed(&sealed, |record| {
        for (wrap, other) in record.wraps.iter_mut().zip(&theirs.wraps) {
            wrap.key_id.clone_from(&other.key_id);
        }
    });
    assert_eq!(open(&renamed, card, &place(), &keyring(2)).err(), Some(SealError::Broken));
    assert_eq!(open(&renamed, card, &place(), &keyring(1)).err(), Some(SealError::UnknownKey));
}

#[test]
fn a_unit_moved_to_another_label_does_not_open_field_by_field() {
    let sealed = sealed_at(&place());
    let first = label(ITEM.0, ITEM.1, 1);
    let is_first = |unit: &SealedUnit| unit.item == 1 && unit.part == "B" && unit.audience == "mpu";
    let moved: [(UnitLabel, Spoil); 3] = [
        (label(ITEM.0, ITEM.1, 9), |unit| unit.item = 9),
        (label(Part::Card, ITEM.1, 1), |unit| unit.part = "CARD".into()),
        (label(ITEM.0, Audience::Carer, 1), |unit| unit.audience = "carer".into()),
    ];
    for (to, relabel) in moved {
        let blob = changed(&sealed, |record| record.units.iter_mut().filter(|unit| is_first(unit)).for_each(relabel));
        assert_eq!(open(&blob, to, &place(), &keyring(1)).err(), Some(SealError::Broken), "{to:?}");
        assert_eq!(open(&blob, first, &place(), &keyring(1)).err(), Some(SealError::NoSuchUnit));
    }
    let spoilt: [Spoil; 5] = [
        |unit| unit.nonce[0] ^= 1,
        |unit| unit.nonce.truncate(11),
        |unit| *unit.ciphertext.last_mut().unwrap() ^= 1,
        |unit| unit.ciphertext[0] ^= 1,
        |unit| unit.ciphertext.truncate(15),
    ];
    for spoil in spoilt {
        let blob = changed(&sealed, |record| record.units.iter_mut().filter(|unit| is_first(unit)).for_each(spoil));
        assert_eq!(open(&blob, first, &place(), &keyring(1)).err(), Some(SealError::Broken));
    }
}

#[test]
fn swapped_units_and_swapped_wraps_do_not_open() {
    let (sealed, labels) = (sealed_at(&place()), labels());
    let record = SealedRecord::decode(&*sealed).unwrap();
    for one in 0..record.units.len() {
        for other in 0..one {
            let blob = changed(&sealed, |record| {
                let (left, right) = record.units.split_at_mut(one);
                std::mem::swap(&mut left[other].ciphertext, &mut right[0].ciphertext);
                std::mem::swap(&mut left[other].nonce, &mut right[0].nonce);
            });
            let opened = opens(&blob, &labels).len() + usize::from(open_original(&blob, &place(), &keyring(1)).is_ok());
            assert_eq!(opened, record.units.len() - 2, "{one} and {other}");
        }
    }
    let swap: [fn(&mut SealedRecord); 2] = [
        |record| {
            let (source, rest) = record.wraps.split_at_mut(1);
            std::mem::swap(&mut source[0].side, &mut rest[0].side);
        },
        |record| {
            let (source, rest) = record.wraps.split_at_mut(1);
            std::mem::swap(&mut source[0].ciphertext, &mut rest[0].ciphertext);
            std::mem::swap(&mut source[0].nonce, &mut rest[0].nonce);
        },
    ];
    for swap in swap {
        assert!(opens(&changed(&sealed, swap), &labels).is_empty());
    }
    // Units and wraps of a record of the same sender, each taken whole.
    let other = SealedRecord::decode(&*sealed_at(&Place { record: Uuid::from_u128(8), ..place() })).unwrap();
    assert!(opens(&changed(&sealed, |record| record.units.clone_from(&other.units)), &labels).is_empty());
    assert!(opens(&changed(&sealed, |record| record.wraps.clone_from(&other.wraps)), &labels).is_empty());
    assert!(opens(&other.encode_to_vec(), &labels).is_empty());
}

fn labels() -> Vec<UnitLabel> {
    dossier().units().iter().map(|(label, _)| *label).collect()
}

#[test]
fn a_flipped_bit_anywhere_never_opens_to_something_else() {
    // The smallest dossier that has a unit on either side: every byte is tried with every unit.
    let (dossier, keyring) = (testing::dossier(testing::draft()), keyring(1));
    let sealed = whole(seal(&dossier, Some(ORIGINAL), &place(), &keyring, &SystemEntropy::new()).unwrap());
    let last = dossier.units().last().unwrap().0;
    for at in 0..sealed.len() {
        let mut spoilt = sealed.clone();
        spoilt[at] ^= 1 << (at % 8);
        for (label, view) in dossier.units() {
            if let Ok(opened) = open(&spoilt, *label, &place(), &keyring) {
                assert_eq!(opened, *view, "byte {at}, {label:?}");
            }
        }
        if let Ok(opened) = open_original(&spoilt, &place(), &keyring) {
            assert_eq!(*opened, ORIGINAL, "byte {at}");
        }
    }
    for length in 0..sealed.len() {
        assert!(open(&sealed[..length], last, &place(), &keyring).is_err(), "{length}");
    }
}

#[test]
fn a_note_opens_at_its_record_leg_and_purpose_only() {
    let (entropy, keyring, own) = (SystemEntropy::new(), keyring(1), place());
    let sealed = sealed_at(&own);
    let at = SealedRecordAt { sealed: &sealed, place: &own };
    let note = Note { number: 3, purpose: "release" };
    let written = seal_note(at, note, "Not ours to decide.", &keyring, &entropy).unwrap();
    assert_eq!(open_note(at, note, &written, &keyring).unwrap().reveal(), "Not ours to decide.");
    for other in [Note { number: 4, ..note }, Note { purpose: "open", ..note }] {
        assert_eq!(open_note(at, other, &written, &keyring).err(), Some(SealError::Broken));
    }
    let elsewhere = Place { record: Uuid::from_u128(8), ..place() };
    let foreign = sealed_at(&elsewhere);
    let foreign = SealedRecordAt { sealed: &foreign, place: &elsewhere };
    assert_eq!(open_note(foreign, note, &written, &keyring).err(), Some(SealError::Broken));
    for at_byte in 0..written.len() {
        let mut spoilt = written.clone();
        spoilt[at_byte] ^= 0x10;
        assert_eq!(open_note(at, note, &spoilt, &keyring).err(), Some(SealError::Broken), "{at_byte}");
    }
    for length in 0..written.len() {
        assert_eq!(open_note(at, note, &written[..length], &keyring).err(), Some(SealError::Broken), "{length}");
    }
    // A record without content takes notes all the same.
    let nothing = whole(seal_nothing(&own, &keyring, &entropy).unwrap());
    let at = SealedRecordAt { sealed: &nothing, place: &own };
    let written = seal_note(at, note, "Rang the sender.", &keyring, &entropy).unwrap();
    assert_eq!(open_note(at, note, &written, &keyring).unwrap().reveal(), "Rang the sender.");
}

#[test]
fn keys_wrapped_anew_open_everything_and_the_old_epoch_key_nothing() {
    let (entropy, keyring, own) = (SystemEntropy::new(), keyring(1), place());
    let dossier = dossier();
    let sealed = seal(&dossier, Some(ORIGINAL), &own, &keyring, &entropy).unwrap();
    let before = whole(sealed.clone());
    let note = Note { number: 3, purpose: "release" };
    let written =
        seal_note(SealedRecordAt { sealed: &before, place: &own }, note, "Kept.", &keyring, &entropy).unwrap();
    let next = EpochKey::new(&[2; 32]).unwrap();
    next.reserve(2);
    let next_id = next.id().to_owned();
    keyring.turn_to(std::sync::Arc::new(next), 2);
    let old = wrapped_under(&sealed.wraps).unwrap();
    let (wraps, under) = rewrap(&sealed.wraps, &own, &keyring, &entropy).unwrap();
    assert_eq!((wrapped_under(&wraps).unwrap(), &under), (vec![next_id.clone()], &next_id));
    let elsewhere = Place { version: 2, ..place() };
    assert_eq!(rewrap(&sealed.wraps, &elsewhere, &keyring, &entropy).err(), Some(SealError::Broken));
    assert_eq!(rewrap(&sealed.wraps, &own, &keyring, &entropy).err(), Some(SealError::Exhausted));
    keyring.drop_key(&old[0]);
    let after = whole(Sealed { wraps, ..sealed });
    for (label, view) in dossier.units() {
        assert_eq!(open(&after, *label, &own, &keyring).as_ref(), Ok(view), "{label:?}");
        assert_eq!(open(&before, *label, &own, &keyring).err(), Some(SealError::UnknownKey), "{label:?}");
    }
    assert_eq!(*open_original(&after, &own, &keyring).unwrap(), ORIGINAL);
    let at = SealedRecordAt { sealed: &after, place: &own };
    assert_eq!(open_note(at, note, &written, &keyring).unwrap().reveal(), "Kept.");
}
