//! Damaged files: the store refuses and says what is missing, or works; it never silently misses what was acknowledged.

use std::{
    fs,
    path::{Path, PathBuf},
};

use homeward::store::{Settle, Store, StoreError, sled::SledStore};

use crate::{all_there, fixtures, numbered};

/// Accepts these submissions and closes, or only lets go.
pub async fn fill(dir: &Path, numbers: std::ops::Range<u64>, close: bool) {
    let store = SledStore::open(dir).unwrap();
    for number in numbers {
        store.accept(numbered(number)).await.unwrap();
    }
    let delivery = fixtures::pull(&store, "MPU.SE", 1, 0).await.remove(0);
    fixtures::settle(&store, fixtures::holding(&delivery, 1), Settle::Complete(fixtures::settled())).await.unwrap();
    if close {
        store.close().await;
    }
}

/// Copies a store to a new place beside it.
pub fn copy(from: &Path, name: &str) -> PathBuf {
    let to = from.parent().unwrap().join(name);
    fs::create_dir_all(to.join("blobs")).unwrap();
    for entry in fs::read_dir(from).unwrap() {
        let entry = entry.unwrap();
        if entry.file_type().unwrap().is_file() {
            fs::copy(entry.path(), to.join(entry.file_name())).unwrap();
        }
    }
    to
}

/// The words with which a store refuses to open.
fn refusal(dir: &Path) -> String {
    match SledStore::open(dir) {
        Err(StoreError::Damaged(words)) => words,
        Err(other) => panic!("refused as {other}"),
        Ok(_) => panic!("it opened"),
    }
}

#[tokio::test]
async fn an_older_data_file_under_a_newer_head_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("store");
    fill(&dir, 0..5, true).await;
    let old = copy(&dir, "old");
    fill(&dir, 5..10, true).await;
    fs::copy(dir.join("head"), old.join("head")).unwrap();
    let words = refusal(&old);
    assert!(words.contains("commits 8 to 14 and ledger entries 7 up to 14 are missing"), "{words}");
    assert!(words.contains("restore"), "it says what to do: {words}");
    // The whole of an older directory is a restored backup: that is allowed.
    all_there(&SledStore::open(&dir).unwrap(), &(0..10).collect::<Vec<_>>()).await.unwrap();
}

#[tokio::test]
async fn a_missing_or_foreign_file_is_refused() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("store");
    fill(&dir, 0..5, true).await;
    let without = copy(&dir, "without-data");
    fs::remove_file(without.join("db")).unwrap();
    assert!(refusal(&without).contains("the data file is missing"));
    assert!(!without.join("db").exists(), "nothing was made in its place");
    let without = copy(&dir, "without-head");
    fs::remove_file(without.join("head")).unwrap();
    assert!(refusal(&without).contains("the head file is missing"));
    let torn = copy(&dir, "torn-head");
    fs::write(torn.join("head"), vec![7; 8192]).unwrap();
    assert!(refusal(&torn).contains("the head file cannot be read"));
    let other = place.path().join("other");
    fill(&other, 100..105, true).await;
    let foreign = copy(&dir, "foreign");
    fs::copy(other.join("head"), foreign.join("head")).unwrap();
    assert!(refusal(&foreign).contains("of different stores"));
}

#[tokio::test]
async fn data_ahead_of_the_head_is_fine() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("store");
    fill(&dir, 0..5, false).await;
    let old = copy(&dir, "old");
    fill(&dir, 5..10, false).await;
    fs::copy(old.join("head"), dir.join("head")).unwrap();
    all_there(&SledStore::open(&dir).unwrap(), &(0..10).collect::<Vec<_>>()).await.unwrap();
}

/// Opens a damaged copy: it refuses, or everything acknowledged is there, or asking for it is refused as damage.
async fn refuses_or_works(dir: &Path, numbers: &[u64]) -> bool {
    match SledStore::open(dir) {
        Err(StoreError::Damaged(_) | StoreError::Unavailable(_)) => true,
        Err(other) => panic!("refused as {other}"),
        Ok(store) => match all_there(&store, numbers).await {
            Ok(()) => false,
            Err(StoreError::Damaged(_) | StoreError::Unavailable(_)) => true,
            Err(other) => panic!("refused as {other}"),
        },
    }
}

#[tokio::test]
async fn flipped_bits_and_lost_ends_are_never_silent() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("store");
    fill(&dir, 0..60, false).await;
    let numbers: Vec<u64> = (0..60).collect();
    // Let the file go before it is copied.
    drop(SledStore::open(&dir).unwrap());
    let whole = fs::read(dir.join("db")).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap();
    let mut refused = 0;
    for turn in 0..40 {
        let damaged = copy(&dir, &format!("flip-{turn}"));
        let mut bytes = whole.clone();
        bytes[used * (2 * turn + 1) / 80] ^= 1 << (turn % 8);
        fs::write(damaged.join("db"), bytes).unwrap();
        refused += usize::from(refuses_or_works(&damaged, &numbers).await);
        let _ = fs::remove_dir_all(damaged);
    }
    assert!(refused > 0, "no flip was noticed: the test proves nothing");
    for turn in 1..10 {
        let damaged = copy(&dir, &format!("cut-{turn}"));
        fs::write(damaged.join("db"), &whole[..used * turn / 10]).unwrap();
        assert!(refuses_or_works(&damaged, &numbers).await, "cut at {turn} tenths and nobody noticed");
        let _ = fs::remove_dir_all(damaged);
    }
}

#[tokio::test]
async fn no_value_ever_becomes_a_file_of_its_own() {
    // sled writes what is too large for its log into files that nobody syncs: see the size of a piece.
    let place = tempfile::tempdir().unwrap();
    let store = SledStore::open(place.path()).unwrap();
    for number in 0..30 {
        let mut acceptance = numbered(number);
        acceptance.records[0].sealed = vec![number as u8; 300_000 + number as usize];
        acceptance.once.keep = homeward::store::Keep::Until(fixtures::at(1));
        acceptance.answer = vec![1; 6_000 * number as usize];
        store.accept(acceptance).await.unwrap();
    }
    // Removing joins leaves together.
    store.forget_answers(fixtures::at(2)).await.unwrap();
    store.accept(numbered(99)).await.unwrap();
    assert_eq!(fs::read_dir(place.path().join("blobs")).unwrap().count(), 0);
    store.close().await;
}

#[tokio::test]
async fn what_rots_after_a_stop_in_order_is_never_silent() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("store");
    fill(&dir, 0..60, true).await;
    let numbers: Vec<u64> = (0..60).collect();
    let whole = fs::read(dir.join("db")).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap();
    let flips = std::env::var("HOMEWARD_ROT_FLIPS").map_or(60, |flips| flips.parse().unwrap());
    let mut refused = 0;
    for turn in 0..flips {
        let damaged = copy(&dir, &format!("flip-{turn}"));
        let mut bytes = whole.clone();
        bytes[used * (2 * turn + 1) / (2 * flips)] ^= 1 << (turn % 8);
        fs::write(damaged.join("db"), bytes).unwrap();
        refused += usize::from(refuses_or_works(&damaged, &numbers).await);
        let _ = fs::remove_dir_all(damaged);
    }
    assert!(refused > 0, "no flip was noticed: the test proves nothing");
}
