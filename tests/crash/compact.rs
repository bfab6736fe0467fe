//! Compaction: what is kept is the same, what was erased is gone from the disk, and a kill leaves the old store or the new.

use std::{
    fs,
    path::Path,
    process::{Command, Stdio},
    thread,
    time::Duration,
};

use homeward::{
    ledger::{Verb, decode},
    store::{
        Amendment, COMPACTED, COPIES_GONE, Change, Compaction, Expect, Rewrap, Settle, Shelf, Store, StoreError,
        sled::SledStore,
    },
};
use uuid::Uuid;

use crate::{
    all_there,
    damage::copy,
    deep::{Told, behind, everything, examined},
    fixtures, numbered,
};

/// The record whose content is erased.
const ERASED: u64 = 77_777;

/// Bytes that stand nowhere else.
fn planted(what: u64) -> Vec<u8> {
    let mut state = what.wrapping_mul(0x9e37_79b9_7f4a_7c15) | 1;
    (0..20_000)
        .map(|_| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 56) as u8
        })
        .collect()
}

/// Whether a part of it lies in any file under `dir`.
fn lies_in(dir: &Path, what: u64) -> bool {
    let needle = &planted(what)[1_000..1_040];
    fs::read_dir(dir).unwrap().map(Result::unwrap).any(|entry| {
        if entry.file_type().unwrap().is_dir() {
            return lies_in(&entry.path(), what);
        }
        fs::read(entry.path()).unwrap().windows(needle.len()).any(|window| window == needle)
    })
}

/// Submits, settles with a note, and erases; one like it stays.
async fn erase(dir: &Path) -> Uuid {
    let store = SledStore::open(dir).unwrap();
    for (number, what) in [(ERASED, 1), (ERASED + 1, 2)] {
        let mut acceptance = numbered(number);
        acceptance.records[0].deliveries = vec![fixtures::header("ALLOC.E09000003")];
        acceptance.records[0].sealed = planted(what);
        acceptance.records[0].wraps = planted(10 + what)[..4_000].to_vec();
        store.accept(acceptance).await.unwrap();
        let held = fixtures::pull(&store, "ALLOC.E09000003", 1, 0).await.remove(0);
        let note = planted(20 + what)[..4_000].to_vec();
        let settled = homeward::domain::delivery::Settled { note, ..fixtures::settled() };
        fixtures::settle(&store, fixtures::holding(&held, 1), Settle::Complete(settled)).await.unwrap();
    }
    // Room that was needed once.
    for step in [Some(Expect::New), None] {
        let expect = step.unwrap_or(Expect::Version(1));
        let bytes = step.map(|_| vec![7; 200_000]);
        let change = |name| Change { shelf: Shelf::Proposal, name, expect, bytes: bytes.clone() };
        let changes = (0..40).map(|number| change(format!("large-{number}"))).collect();
        store.amend(Amendment { once: None, changes, entries: Vec::new(), answer: Vec::new() }).await.unwrap();
    }
    let record = numbered(ERASED).records[0].record.id;
    let before = planted(11)[..4_000].to_vec();
    let rewrap = Rewrap { record, before, after: Vec::new(), under: "erased/1/aa".into() };
    let bytes = Some(b"when and why".to_vec());
    let change = Change { shelf: Shelf::Erasure, name: record.to_string(), expect: Expect::New, bytes };
    let entry = homeward::ledger::Entry { record: Some(record), ..fixtures::entry(Verb::Erasure, "ERASE_REFERRAL") };
    let amendment = Amendment { once: None, changes: vec![change], entries: vec![entry], answer: Vec::new() };
    store.rewrap(vec![rewrap], None, amendment).await.unwrap();
    store.close().await;
    record
}

fn compaction(rebuild: bool) -> Compaction {
    Compaction { at: fixtures::at(99), rebuild }
}

/// All that a store holds, but for what every commit replaces.
fn keys(dir: &Path) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut all = Vec::new();
    behind(dir, |db| {
        let pairs = db.iter().map(Result::unwrap).map(|(key, value)| (key.to_vec(), value.to_vec()));
        all = pairs.filter(|(key, _)| key != b"m").collect();
    });
    all
}

#[tokio::test]
async fn what_is_kept_is_the_same_and_what_was_erased_is_gone_from_the_disk() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("store");
    everything(&dir).await;
    let record = erase(&dir).await;
    for what in [1, 2, 11, 12, 21, 22] {
        assert!(lies_in(&dir, what), "{what}: what was erased is still on the disk");
    }
    let (before, old) = (keys(&dir), examined(&dir, None).0);
    let mut told = Told::default();
    let compacted = SledStore::compact(&dir, &compaction(false), &mut told).unwrap();
    assert_eq!((told.findings.len(), compacted.erased, compacted.rebuilt), (0, 1, 0));
    assert!(compacted.after + 6_000_000 < compacted.before, "{compacted:?}");
    for (what, stays) in [(1, false), (2, true), (11, false), (12, true), (21, false), (22, true)] {
        assert_eq!(lies_in(place.path(), what), stays, "{what}");
    }
    let after = keys(&dir);
    let of_it = |key: &[u8]| key.windows(16).any(|part| part == record.as_bytes());
    let last = [b"e".as_slice(), &old.head.size.to_be_bytes()].concat();
    let changed: Vec<_> = after.iter().filter(|pair| !before.contains(pair)).map(|(key, _)| key.clone()).collect();
    let counts = b"scompaction\0compacted".as_slice();
    assert!(changed.iter().all(|key| of_it(key) || key[0] == b'i' || *key == last || key == counts), "{changed:?}");
    let gone: Vec<_> = before.iter().filter(|(key, _)| !after.iter().any(|(other, _)| other == key)).collect();
    assert!(gone.iter().all(|(key, _)| key[0] == b'k' && of_it(key)), "only pieces of what was erased are gone");

    let store = SledStore::open(&dir).unwrap();
    all_there(&store, &(3..200).collect::<Vec<_>>()).await.unwrap();
    let (_, entry) = store.entries(old.head.size, 1).await.unwrap().remove(0);
    let entry = decode(&entry).unwrap();
    assert_eq!((entry.verb, entry.action.as_str()), (Verb::Erasure, "COMPACT"));
    assert!(["erased=1", "compaction=1"].iter().all(|word| entry.details.contains(&(*word).to_owned())), "{entry:?}");
    let found = store.find(record).await.unwrap().unwrap();
    assert_eq!(found.deliveries[0].settled.as_ref().unwrap().note, Vec::<u8>::new());
    assert!(found.kept.is_some(), "its receipt stays");
    store.close().await;
    // Once more: there is nothing left to erase.
    let again = SledStore::compact(&dir, &compaction(false), &mut Told::default()).unwrap();
    assert_eq!(again.erased, 0);
    let store = SledStore::open(&dir).unwrap();
    let counted = store.document(Shelf::Compaction, COMPACTED).await.unwrap().unwrap();
    assert_eq!(counted.version, 2, "it counts how often");
    let bytes = Some(counted.bytes);
    let back = |expect| Change { shelf: Shelf::Compaction, name: COMPACTED.to_owned(), expect, bytes: bytes.clone() };
    let amendment = |changes| Amendment { once: None, changes, entries: Vec::new(), answer: Vec::new() };
    store.amend(amendment(vec![back(Expect::Version(2))])).await.unwrap();
    let gone = Change {
        name: COPIES_GONE.to_owned(),
        bytes: Some([1_u64.to_be_bytes(), 3_u64.to_be_bytes()].concat()),
        ..back(Expect::New)
    };
    store.amend(amendment(vec![gone])).await.unwrap();
    store.close().await;
    // A count of which the ledger knows nothing would call irrecoverable what is not.
    let found: Vec<_> = examined(&dir, None).1.findings.iter().map(|one| one.about.clone()).collect();
    assert_eq!(found, ["the count of compactions", "what is certified of copies"]);
}

#[tokio::test]
async fn indices_are_made_again_from_records_and_ledger_and_what_is_lost_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("store");
    everything(&dir).await;
    let whole = keys(&dir);
    for kind in ["w", "h", "n", "z", "l", "q", "f", "o", "t", "c"] {
        behind(&dir, |db| {
            let key = db.scan_prefix(kind).keys().next().unwrap().unwrap();
            db.remove(key).unwrap();
        });
    }
    behind(&dir, |db| assert!(db.insert(b"kstray-piece-of-nothing", b"piece").unwrap().is_none()));
    let mut told = Told::default();
    let refused = SledStore::compact(&dir, &compaction(false), &mut told).unwrap_err();
    assert!(matches!(refused, StoreError::Damaged(_)), "{refused}");
    assert!(told.findings.len() > 8);
    let compacted = SledStore::compact(&dir, &compaction(true), &mut Told::default()).unwrap();
    assert_eq!(compacted.rebuilt, told.findings.len() as u64);
    assert_eq!(examined(&dir, None).1.findings, []);
    let mended: Vec<_> = keys(&dir).into_iter().filter(|pair| !whole.contains(pair)).collect();
    assert_eq!(mended.len(), 2, "all as it was, and the entry and the count of the compaction: {mended:?}");

    for kind in ["r", "d", "e", "i", "v"] {
        let damaged = copy(&dir, kind);
        behind(&damaged, |db| {
            let key = db.scan_prefix(kind).keys().next().unwrap().unwrap();
            db.remove(key).unwrap();
        });
        let before = keys(&damaged);
        let refused = SledStore::compact(&damaged, &compaction(true), &mut Told::default());
        assert!(matches!(refused, Err(StoreError::Damaged(_))), "{kind}: {refused:?}");
        assert!(before == keys(&damaged), "nothing was changed");
    }
}

#[tokio::test]
async fn a_kill_leaves_the_old_store_or_the_new_one() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("store");
    everything(&dir).await;
    let compacting = |dir: &Path| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_homeward"));
        command.arg("compact").arg(dir).stdout(Stdio::null()).stderr(Stdio::null());
        command.spawn().unwrap()
    };
    let old = examined(&dir, None).0.head.size;
    let (mut olds, mut ended, mut turn) = (0, false, 0);
    // A little later each time, until it has ended before it was killed.
    while !ended {
        turn += 1;
        let killed = copy(&dir, &format!("killed-{turn}"));
        let mut child = compacting(&killed);
        thread::sleep(Duration::from_millis(150 * turn));
        child.kill().unwrap();
        ended = child.wait().unwrap().success();
        let (found, told) = examined(&killed, None);
        assert_eq!(told.findings, []);
        match found.head.size - old {
            0 => olds += 1,
            1 => {}
            other => panic!("{other} entries more"),
        }
        let store = SledStore::open(&killed).unwrap();
        assert!(!killed.with_file_name(format!("killed-{turn}.compacting")).exists(), "what it left is cleared away");
        store.accept(numbered(5_000)).await.unwrap();
        all_there(&store, &[3, 20, 200, 5_000]).await.unwrap();
        assert!(!ended || found.head.size == old + 1, "it ended well and did nothing");
    }
    assert!(olds > 0, "never killed before its end: the test proves nothing");
    println!("killed {} times: {olds} times the old store, then the new one", turn - 1);
}
