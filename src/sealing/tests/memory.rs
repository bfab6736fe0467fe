//! The memory of the process after sealing and opening: no key's bytes and no content are left in it.

use std::{
    collections::{BTreeMap, VecDeque},
    fs::{self, File},
    os::unix::fs::FileExt,
    sync::Mutex,
};

use zeroize::{Zeroize, Zeroizing};

use super::{dossier, place, whole};
use crate::{
    platform::{Entropy, SystemEntropy, entropy::EntropyError},
    sealing::{
        EpochKey, Keyring, Note, SealedRecordAt, cipher::derived, open_note, open_original, place::Side, rewrap, seal,
        seal_note,
    },
};

/// What is looked for lies in memory under this mask, or it would find itself.
const MASK: u8 = 0xa5;
/// Read at a time.
const CHUNK: usize = 1 << 20;
const NOTE: Note<'static> = Note { number: 1, purpose: "release" };

/// What must not be left in memory, under [`MASK`].
struct Needle {
    name: &'static str,
    masked: Vec<u8>,
}

impl Needle {
    fn random(name: &'static str) -> Self {
        let mut masked = vec![0; 32];
        SystemEntropy::new().fill(&mut masked).unwrap();
        Self { name, masked }
    }

    /// Of small letters, so that it is text as well.
    fn letters(name: &'static str) -> Self {
        let Self { mut masked, .. } = Self::random(name);
        masked.iter_mut().for_each(|byte| *byte = (b'a' + *byte % 26) ^ MASK);
        Self { name, masked }
    }

    fn of(name: &'static str, bytes: &[u8]) -> Self {
        Self { name, masked: bytes.iter().map(|byte| byte ^ MASK).collect() }
    }

    fn fill(&self, out: &mut [u8]) {
        out.iter_mut().zip(&self.masked).for_each(|(to, byte)| *to = byte ^ MASK);
    }

    fn reveal(&self) -> Zeroizing<Vec<u8>> {
        let mut bytes = Zeroizing::new(vec![0; self.masked.len()]);
        self.fill(&mut bytes);
        bytes
    }
}

/// Chance that gives the prepared keys, in turn, wherever 32 bytes are asked for.
struct Prepared(Mutex<VecDeque<Vec<u8>>>);

impl std::fmt::Debug for Prepared {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Prepared")
    }
}

impl Entropy for Prepared {
    fn fill(&self, out: &mut [u8]) -> Result<(), EntropyError> {
        if out.len() != 32 {
            return SystemEntropy::new().fill(out);
        }
        let masked = self.0.lock().unwrap().pop_front().unwrap();
        Needle { name: "", masked }.fill(out);
        Ok(())
    }
}

/// How often each needle lies in memory that this process may write.
fn found(needles: &[Needle]) -> BTreeMap<&'static str, usize> {
    let memory = File::open("/proc/self/mem").unwrap();
    let mut counts = BTreeMap::new();
    let mut chunk = vec![0; CHUNK];
    // What was read is not read again.
    let own = chunk.as_ptr().addr() as u64;
    let apart = |(from, to): (u64, u64)| [(from, to.min(own)), (from.max(own + CHUNK as u64), to)];
    for (from, to) in writable().into_iter().flat_map(apart) {
        let mut at = from;
        while at < to {
            let length = CHUNK.min(usize::try_from(to - at).unwrap());
            let Ok(read) = memory.read_at(&mut chunk[..length], at) else { break };
            count(&chunk[..read], needles, &mut counts);
            chunk.as_mut_slice().zeroize();
            // A needle may lie across the end of a chunk, and none is counted twice.
            at += if length == CHUNK { (CHUNK - 31) as u64 } else { length as u64 };
        }
    }
    counts
}

fn count(bytes: &[u8], needles: &[Needle], counts: &mut BTreeMap<&'static str, usize>) {
    let mut first = [false; 256];
    needles.iter().for_each(|needle| first[usize::from(needle.masked[0] ^ MASK)] = true);
    for start in 0..bytes.len().saturating_sub(31) {
        if !first[usize::from(bytes[start])] {
            continue;
        }
        let here = &bytes[start..start + 32];
        for needle in needles {
            if here.iter().zip(&needle.masked).all(|(byte, masked)| byte ^ MASK == *masked) {
                *counts.entry(needle.name).or_default() += 1;
            }
        }
    }
}

/// The addresses of every mapping that may be read and written: stacks, heaps, statics.
fn writable() -> Vec<(u64, u64)> {
    let maps = fs::read_to_string("/proc/self/maps").unwrap();
    let of = |line: &str| {
        let (range, rest) = line.split_once(' ')?;
        let (from, to) = range.split_once('-')?;
        let hex = |text| u64::from_str_radix(text, 16).ok();
        rest.starts_with("rw").then_some((hex(from)?, hex(to)?))
    };
    maps.lines().filter_map(of).collect()
}

/// Every key of one record's life, and two contents: made before anything is sealed.
fn needles() -> Vec<Needle> {
    let mut all: Vec<_> =
        ["epoch secret", "record key, source", "record key, rest", "next epoch secret"].map(Needle::random).into();
    for (number, names) in [(0, ["epoch, source", "epoch, rest"]), (3, ["next epoch, source", "next epoch, rest"])] {
        let epoch = EpochKey::new(&all[number].reveal()).unwrap();
        for (side, name) in Side::BOTH.into_iter().zip(names) {
            all.push(Needle::of(name, epoch.side(side)));
        }
    }
    all.push(Needle::of("key of the original", &derived(&all[1].reveal(), "O/-/0").unwrap()));
    all.push(Needle::of("key of the note", &derived(&all[2].reveal(), "note/release/1").unwrap()));
    all.extend(["original", "note"].map(Needle::letters));
    all
}

fn of<'a>(needles: &'a [Needle], name: &str) -> &'a Needle {
    needles.iter().find(|needle| needle.name == name).unwrap()
}

#[test]
fn no_key_and_no_content_is_left_in_memory_after_sealing_and_opening() {
    let needles = needles();
    assert_eq!(found(&needles), BTreeMap::new(), "after the derivations");
    let planted = of(&needles, "record key, rest").reveal();
    assert_eq!(found(&needles), BTreeMap::from([("record key, rest", 1)]), "the scan finds what is there");
    drop(planted);

    let prepared = [1, 2].map(|at: usize| needles[at].masked.clone());
    let entropy = Prepared(Mutex::new(prepared.into()));
    let epoch = EpochKey::new(&of(&needles, "epoch secret").reveal()).unwrap();
    epoch.reserve(1);
    let keyring = Keyring::new(&[1; 32], epoch, 1);
    let alive = BTreeMap::from([("epoch, rest", 1), ("epoch, source", 1)]);
    assert_eq!(found(&needles), alive, "what is alive lies where it is kept and nowhere else");

    let original = of(&needles, "original").reveal();
    let sealed = whole(seal(&dossier(), Some(&original), &place(), &keyring, &entropy).unwrap());
    drop(original);
    let at = SealedRecordAt { sealed: &sealed, place: &place() };
    let text = of(&needles, "note").reveal();
    let note = seal_note(at, NOTE, std::str::from_utf8(&text).unwrap(), &keyring, &entropy).unwrap();
    drop(text);
    assert_eq!(found(&needles), alive, "after sealing");

    let opened = open_original(&sealed, &place(), &keyring).unwrap();
    let read = open_note(at, NOTE, &note, &keyring).unwrap();
    let told = found(&needles);
    assert_eq!((told.get("original"), told.get("note")), (Some(&1), Some(&1)), "content while it is read");
    assert_eq!(told.len(), 4, "{told:?}");
    drop((opened, read));
    assert_eq!(found(&needles), alive, "after opening");

    let next = EpochKey::new(&of(&needles, "next epoch secret").reveal()).unwrap();
    next.reserve(1);
    keyring.turn_to(next.into(), 2);
    rewrap(&sealed, &place(), &keyring, &entropy).unwrap();
    drop(keyring);
    assert_eq!(found(&needles), BTreeMap::new(), "after the keyring is gone");
}
