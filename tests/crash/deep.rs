//! A store examined whole: every disagreement that is made in it is named, with what it affects; a whole one has none.

use std::path::Path;

use homeward::{
    domain::delivery::DeliveryId,
    ledger::{Checkpoint, Verb},
    store::{
        Amendment, Change, Examined, Examining, Expect, Finding, Held, Keep, Relation, Settle, Shelf, Store,
        sled::SledStore,
    },
};

use crate::{
    all_there,
    damage::{copy, fill},
    fixtures, numbered,
};

/// More than a kept root covers.
const MANY: u64 = 280;

/// What an examination told.
#[derive(Default)]
pub struct Told {
    pub findings: Vec<Finding>,
    steps: u64,
}

impl Examining for Told {
    fn at(&mut self, done: u64, of: u64) {
        assert!(done <= of);
        self.steps += 1;
    }

    fn found(&mut self, finding: Finding) {
        self.findings.push(finding);
    }
}

pub fn examined(dir: &Path, since: Option<Checkpoint>) -> (Examined, Told) {
    let mut told = Told::default();
    let examined = SledStore::examine(dir, since, &mut told).unwrap();
    assert_eq!(examined.findings, told.findings.len() as u64);
    (examined, told)
}

/// Changes what a store holds behind its back.
pub fn behind(dir: &Path, change: impl FnOnce(&sled::Db)) {
    // Threads of whoever had it open before may hold its lock for a moment longer.
    let mut tries = 0;
    let db = loop {
        match sled::Config::new().path(dir).open() {
            Err(sled::Error::Io(error)) if tries < 200 && error.to_string().contains("could not acquire lock") => {
                tries += 1;
                std::thread::sleep(std::time::Duration::from_millis(50));
            }
            opened => break opened.unwrap(),
        }
    };
    change(&db);
    db.flush().unwrap();
}

/// Opens the card, as the ledger has it.
pub async fn opens(store: &SledStore, held: Held) {
    let mut entry = fixtures::entry(Verb::Consultation, "OPEN_PART");
    (entry.at, entry.record, entry.deliveries) = (held.now, Some(held.delivery.record), vec![held.delivery]);
    entry.details.push(format!("unit={}", fixtures::CARD.name()));
    store.opened(held, fixtures::CARD, entry).await.unwrap();
}

/// A store with a key of every kind: submissions waiting, leased, delayed, dead and completed.
pub async fn everything(dir: &Path) {
    let store = SledStore::open(dir).unwrap();
    let accepted = fixtures::join_all((0..MANY).map(|number| store.accept(numbered(number)))).await;
    assert!(accepted.iter().all(Result::is_ok));
    let held = fixtures::pull(&store, "MPU.SE", 3, 0).await;
    let using = |at: usize| fixtures::holding(&held[at], 1);
    fixtures::settle(&store, using(0), Settle::Complete(fixtures::settled())).await.unwrap();
    fixtures::settle(&store, using(1), Settle::Release(Some(fixtures::at(600)))).await.unwrap();
    fixtures::settle(&store, using(2), Settle::Reject(fixtures::rejected())).await.unwrap();
    let mut pulling = fixtures::pulling("MASH.E09000003", 2, 0);
    pulling.once.keep = Keep::Until(fixtures::at(9_000));
    let leased = store.pull(pulling).await.unwrap();
    opens(&store, fixtures::holding(&leased[0], 1)).await;
    let mut finished = fixtures::to(&["EDT.E09000003"]);
    finished.records[0].wraps = b"wraps".to_vec();
    store.accept(finished).await.unwrap();
    let held = fixtures::holding(&fixtures::pull(&store, "EDT.E09000003", 1, 0).await[0], 1);
    fixtures::settle(&store, held, Settle::Complete(fixtures::settled())).await.unwrap();
    store.accept(fixtures::prompted(&["FORCE.BTP"], 900)).await.unwrap();
    let change = Change { shelf: Shelf::Proposal, name: "p1".into(), expect: Expect::New, bytes: Some(vec![6; 40]) };
    let amendment = Amendment { once: None, changes: vec![change], entries: Vec::new(), answer: Vec::new() };
    store.amend(amendment).await.unwrap();
    store.close().await;
}

#[tokio::test]
async fn a_whole_store_agrees_with_itself_closed_or_killed() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("store");
    everything(&dir).await;
    let (examined, told) = examined(&dir, None);
    assert_eq!(told.findings, []);
    assert!(told.steps > 3);
    assert_eq!((examined.records, examined.deliveries), (MANY + 2, 3 * MANY + 2));
    // It takes nothing away from the store, which goes on as it was, with what waited in order again.
    let store = SledStore::open(&dir).unwrap();
    assert_eq!(store.head().await.unwrap(), examined.head);
    let woken = fixtures::pull(&store, "MPU.SE", 1, 700).await;
    assert_eq!(woken[0].acquired, 2, "the delayed one comes first");
    store.accept(numbered(MANY)).await.unwrap();
    drop(store);
    assert_eq!(self::examined(&dir, None).1.findings, []);
}

/// The first key of a kind, with its value.
fn first(db: &sled::Db, kind: &str) -> (Vec<u8>, Vec<u8>) {
    let (key, value) = db.scan_prefix(kind).next().unwrap().unwrap();
    (key.to_vec(), value.to_vec())
}

/// The record that a key names, behind its first byte or at its end.
fn record_in(key: &[u8], from_end: bool) -> String {
    let at = if from_end { key.len() - 18 } else { 1 };
    uuid::Uuid::from_slice(&key[at..at + 16]).unwrap().to_string()
}

#[tokio::test]
async fn every_row_that_is_gone_is_named_with_what_it_affects() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("store");
    everything(&dir).await;
    let gone = [
        ("r", Relation::Record),
        ("d", Relation::Deliveries),
        ("w", Relation::Queue),
        ("h", Relation::Queue),
        ("n", Relation::Queue),
        ("z", Relation::Queue),
        ("l", Relation::Queue),
        ("q", Relation::Queue),
        ("f", Relation::Retention),
        ("j", Relation::Prompts),
        ("y", Relation::Prompts),
        ("o", Relation::List),
        ("v", Relation::Event),
        ("e", Relation::Ledger),
        ("t", Relation::Proof),
        ("k", Relation::Record),
        ("p", Relation::Outbox),
        ("i", Relation::Answer),
        ("s", Relation::Document),
        ("c", Relation::Count),
        ("m", Relation::Count),
    ];
    for (kind, relation) in gone {
        let damaged = copy(&dir, kind);
        let mut about = String::new();
        behind(&damaged, |db| {
            let all = || db.scan_prefix(kind).map(Result::unwrap);
            // Of the answers, one of an acceptance: the shortest.
            let (key, value) = all().min_by_key(|(_, value)| if kind == "i" { value.len() } else { 0 }).unwrap();
            about = match kind {
                "r" | "d" => record_in(&key, false),
                "f" => uuid::Uuid::from_slice(&key[13..]).unwrap().to_string(),
                "w" | "h" | "n" | "z" | "l" | "q" => record_in(&key, true),
                "j" | "y" => uuid::Uuid::from_slice(&key[key.len() - 17..key.len() - 1]).unwrap().to_string(),
                "p" => record_in(&key[..key.len() - 2], true),
                "k" => record_in(&key[1..], false),
                "o" | "v" => uuid::Uuid::from_slice(&value[2..18]).unwrap().to_string(),
                "i" => uuid::Uuid::from_slice(&value[value.len() - 16..]).unwrap().to_string(),
                "e" => "entry 0".into(),
                "t" => "entries 0 to 255".into(),
                _ => String::new(),
            };
            db.remove(key).unwrap();
        });
        let (_, told) = examined(&damaged, None);
        let named = |one: &Finding| one.relation == relation && one.about.contains(&about);
        assert!(told.findings.iter().any(named), "{kind} of {about}: {:?}", told.findings);
        assert!(kind == "m" || SledStore::open(&damaged).is_ok(), "closed in order: only an examination tells");
    }
}

#[tokio::test]
async fn every_flipped_byte_of_ledger_lists_and_indices_is_named() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("store");
    everything(&dir).await;
    let damaged = copy(&dir, "flipped");
    for kind in ["e", "t", "o", "w", "c", "m"] {
        let mut size = usize::MAX;
        let mut at = 0;
        while at < size {
            behind(&damaged, |db| {
                let (key, mut value) = first(db, kind);
                size = value.len();
                value[at] ^= 1;
                db.insert(key, value).unwrap();
            });
            let (_, told) = examined(&damaged, None);
            let expected = match kind {
                "e" => vec![Relation::Ledger],
                "t" => vec![Relation::Proof],
                "o" => vec![Relation::List],
                "w" => vec![Relation::Queue],
                _ => vec![Relation::Count, Relation::Ledger, Relation::Head],
            };
            let named = told.findings.iter().any(|one| expected.contains(&one.relation));
            assert!(named, "byte {at} of {kind}: {:?}", told.findings);
            behind(&damaged, |db| {
                let (key, mut value) = first(db, kind);
                value[at] ^= 1;
                db.insert(key, value).unwrap();
            });
            at += size.div_ceil(4);
        }
    }
    assert_eq!(examined(&damaged, None).1.findings, []);
    // An altered entry is narrowed down to those between what vouches for the ledger.
    behind(&damaged, |db| {
        let key = [b"e".as_slice(), &7_u64.to_be_bytes()].concat();
        let mut value = db.get(&key).unwrap().unwrap().to_vec();
        let last = value.len() - 1;
        value[last] ^= 1;
        db.insert(key, value).unwrap();
    });
    let (_, told) = examined(&damaged, None);
    assert!(told.findings.iter().any(|one| one.about == "entries 7 to 7"), "{:?}", told.findings);
}

#[tokio::test]
async fn what_belongs_to_nothing_and_what_has_gone_back_is_named() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("store");
    everything(&dir).await;
    let (whole, _) = examined(&dir, None);
    let strays = copy(&dir, "strays");
    let nobody = DeliveryId { record: uuid::Uuid::from_u128(5), leg: 1 };
    behind(&strays, |db| {
        let (key, value) = first(db, "w");
        let of_nobody = [&key[..key.len() - 18], nobody.record.as_bytes(), &nobody.leg.to_be_bytes()].concat();
        db.insert(of_nobody, value).unwrap();
        let (mut key, _) = first(db, "y");
        let at = key.len() - 17;
        key[at..at + 16].copy_from_slice(nobody.record.as_bytes());
        db.insert(key, b"").unwrap();
        db.insert(b"a key of another program", b"1").unwrap();
        db.insert([b"x".as_slice(), &[0; 45]].concat(), b"").unwrap();
        db.insert([b"k".as_slice(), b"r", nobody.record.as_bytes(), &[0, 1]].concat(), b"piece").unwrap();
    });
    let (_, told) = examined(&strays, None);
    let queue = |one: &Finding| one.relation == Relation::Queue && one.about.contains(&nobody.to_string());
    assert!(told.findings.iter().any(queue), "{:?}", told.findings);
    assert_eq!(told.findings.iter().filter(|one| one.relation == Relation::Stray).count(), 2, "{:?}", told.findings);

    assert!(told.findings.iter().any(|one| one.relation == Relation::Unknown), "{:?}", told.findings);
    let prompt = |one: &Finding| one.relation == Relation::Prompts && one.about.contains(&nobody.record.to_string());
    assert!(told.findings.iter().any(prompt), "{:?}", told.findings);

    let older = copy(&dir, "older");
    let store = SledStore::open(&dir).unwrap();
    store.accept(numbered(1_000)).await.unwrap();
    let head = store.head().await.unwrap();
    store.close().await;
    let since = Checkpoint { size: head.size, root: head.root };
    let (_, told) = examined(&older, Some(since.clone()));
    let missing = format!("entry {}", whole.head.size);
    assert!(told.findings.iter().any(|one| one.about == missing && one.relation == Relation::Ledger));
    assert_eq!(examined(&dir, Some(since.clone())).1.findings, []);
    let other = Checkpoint { root: [1; 32], ..since };
    assert!(examined(&dir, Some(other)).1.findings.iter().any(|one| one.about == "the older checkpoint"));
    std::fs::copy(dir.join("head"), older.join("head")).unwrap();
    assert!(examined(&older, None).1.findings.iter().any(|one| one.relation == Relation::Head));
    std::fs::remove_file(older.join("db")).unwrap();
    assert!(examined(&older, None).1.findings.iter().any(|one| one.relation == Relation::File));
    let nowhere = SledStore::examine(&place.path().join("nowhere"), None, &mut Told::default());
    assert_eq!(nowhere.unwrap_err(), homeward::store::StoreError::NotFound);
    assert!(!place.path().join("nowhere").exists());
}

#[tokio::test]
async fn damage_of_the_file_is_named_or_harms_nothing() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("store");
    fill(&dir, 0..60, true).await;
    let whole = std::fs::read(dir.join("db")).unwrap();
    let used = whole.iter().rposition(|byte| *byte != 0).unwrap();
    let mut named = 0;
    for turn in 0..16 {
        let damaged = copy(&dir, &format!("flip-{turn}"));
        let mut bytes = whole.clone();
        bytes[used * (2 * turn + 1) / 32] ^= 1 << (turn % 8);
        std::fs::write(damaged.join("db"), bytes).unwrap();
        let (_, told) = examined(&damaged, None);
        if told.findings.is_empty() {
            all_there(&SledStore::open(&damaged).unwrap(), &(0..60).collect::<Vec<_>>()).await.unwrap();
        }
        named += usize::from(!told.findings.is_empty());
        let _ = std::fs::remove_dir_all(damaged);
    }
    assert!(named > 0, "no flip was noticed: the test proves nothing");
}
