//! What is said of the same in two places, with one of them changed behind the store's back: each is named.

use std::path::Path;

use homeward::{
    domain::{
        delivery::Delivery,
        history::{Step, StepKind},
        retraction::{Retraction, RetractionKind},
    },
    store::{Acceptance, Along, KeptFrom, Relation, Retract, Settle, Store, sled::SledStore},
};
use uuid::Uuid;

use crate::{
    damage::copy,
    deep::{behind, examined, opens},
    fixtures,
};

/// The one place of `before` in a row becomes `after`, as long as it was.
fn changes(db: &sled::Db, key: &[u8], before: &[u8], after: &[u8]) {
    assert_eq!(before.len(), after.len());
    let mut value = db.get(key).unwrap().unwrap().to_vec();
    let there: Vec<_> = (0..=value.len() - before.len()).filter(|at| value[*at..].starts_with(before)).collect();
    let [at] = there.as_slice() else { panic!("in {} places", there.len()) };
    value[*at..at + before.len()].copy_from_slice(after);
    db.insert(key, value).unwrap();
}

/// Where a record keeps its deliveries.
fn deliveries(record: Uuid) -> Vec<u8> {
    [b"d", record.as_bytes().as_slice()].concat()
}

/// The change is told, of that relation and about that.
fn tells(dir: &Path, name: &str, (relation, about): (Relation, String), change: impl FnOnce(&sled::Db)) {
    let damaged = copy(dir, name);
    behind(&damaged, change);
    let (_, told) = examined(&damaged, None);
    let named = told.findings.iter().any(|one| one.relation == relation && one.about.contains(&about));
    assert!(named, "{name}: {about}: {:?}", told.findings);
    // What it changed besides, if anything, is told of the same.
    assert!(told.findings.iter().all(|one| one.relation == relation), "{name}: {:?}", told.findings);
}

/// A queue with a number behind it, as each side of an offer names the other.
fn side(queue: &str, leg: u8) -> Vec<u8> {
    [&[0x0a, queue.len() as u8], queue.as_bytes(), &[0x10, leg]].concat()
}

async fn leased(store: &SledStore, name: &str) -> Delivery {
    fixtures::pull(store, name, 1, 0).await.remove(0)
}

#[tokio::test]
async fn both_sides_of_an_offer_are_held_against_each_other() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("store");
    let store = SledStore::open(&dir).unwrap();
    let mut ids = Vec::new();
    for accepted in [false, true] {
        let given = fixtures::leased(&store, "MPU.SE").await;
        let (header, kind) = (fixtures::header("MPU.NE"), StepKind::TransferOffered);
        let step = Step { kind, code: "MPU.NE".into(), ..fixtures::rejected() };
        let offer = homeward::domain::transfer::Offer {
            queue: fixtures::queue("MPU.NE"),
            leg: 0,
            at: fixtures::at(10),
            by: fixtures::OFFICER.into(),
            answer_by: fixtures::at(900),
            accepted: None,
        };
        let offering = Settle::Offer(step.clone(), Box::new(header), offer);
        fixtures::settle(&store, fixtures::holding(&given, 10), offering).await.unwrap();
        if accepted {
            // The other one was offered before, and is first.
            let there = fixtures::pull(&store, "MPU.NE", 2, 11).await;
            let there = there.into_iter().find(|one| one.id.record == given.id.record).unwrap();
            let step = Step { kind: StepKind::TransferAccepted, id: fixtures::id(), ..step };
            let accepting = Settle::Accept(step, fixtures::settled(), Vec::new());
            fixtures::settle(&store, fixtures::holding(&there, 12), accepting).await.unwrap();
        }
        ids.push(given.id);
    }
    store.close().await;
    assert_eq!(examined(&dir, None).1.findings, []);
    for (number, id) in ids.into_iter().enumerate() {
        let (key, about) = (deliveries(id.record), || (Relation::Offer, id.record.to_string()));
        let damages = [
            ("queue-there", side("MPU.NE", 2), side("MPU.NW", 2)),
            ("queue-here", side("MPU.SE", 1), side("MPU.SW", 1)),
            ("leg-there", side("MPU.NE", 2), side("MPU.NE", 3)),
            ("leg-here", side("MPU.SE", 1), side("MPU.SE", 2)),
        ];
        for (name, before, after) in damages {
            tells(&dir, &format!("{name}-{number}"), about(), |db| changes(db, &key, &before, &after));
        }
    }
}

#[tokio::test]
async fn what_was_sent_on_from_hold_is_held_against_what_was_there() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("store");
    let store = SledStore::open(&dir).unwrap();
    fixtures::accept_with(&store, fixtures::held_header("HOLD.human")).await;
    let held = leased(&store, "HOLD.human").await;
    let on = Settle::Resolve(fixtures::settled(), vec![fixtures::header("MPU.NE")], Along::default());
    fixtures::settle(&store, fixtures::holding(&held, 10), on).await.unwrap();
    store.close().await;
    assert_eq!(examined(&dir, None).1.findings, []);
    // Field 18, by its leg.
    let (key, about) = (deliveries(held.id.record), (Relation::Offer, held.id.record.to_string()));
    tells(&dir, "held", about, |db| changes(db, &key, &[0x90, 0x01, 1], &[0x90, 0x01, 2]));
}

/// A record in the place of another, told to its queue.
fn correcting(record: Uuid) -> Acceptance {
    let mut acceptance = fixtures::to(&["MPU.SE"]);
    let successor = Some(acceptance.records[0].record.id);
    acceptance.records[0].record.corrects = Some(record);
    let retraction =
        Retraction { kind: RetractionKind::Corrected, at: fixtures::at(60), id: fixtures::id(), successor };
    acceptance.retracts = vec![Retract {
        record,
        before: 0,
        retraction,
        notices: Vec::new(),
        due: fixtures::at(600),
        successors: vec![fixtures::queue("MPU.SE")],
        tell_unread: true,
        kept_from: KeptFrom::default(),
        keeps_unread: false,
        entry: fixtures::entry(homeward::ledger::Verb::Alteration, "CORRECT_REFERRAL"),
    }];
    acceptance
}

#[tokio::test]
async fn what_was_corrected_and_what_stands_in_its_place_name_each_other() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("store");
    let store = SledStore::open(&dir).unwrap();
    let first = fixtures::to(&["MPU.SE", "MASH.E09000003"]);
    let first_id = first.records[0].record.id;
    store.accept(first).await.unwrap();
    let second = correcting(first_id);
    let (second_id, by) = (second.records[0].record.id, second.retracts[0].retraction.clone());
    store.accept(second).await.unwrap();
    store.close().await;
    assert_eq!(examined(&dir, None).1.findings, []);
    let about = |id: Uuid| (Relation::Retraction, id.to_string());
    let (key, nobody) = (deliveries(first_id), Uuid::from_u128(7));
    let successor = |id: Uuid| [by.id.as_bytes().as_slice(), &[0x22, 16], id.as_bytes()].concat();
    let everywhere = |db: &sled::Db, all: bool| {
        let mut value = db.get(&key).unwrap().unwrap().to_vec();
        let (before, after) = (successor(second_id), successor(nobody));
        let there: Vec<_> = (0..value.len() - before.len()).filter(|at| value[*at..].starts_with(&before)).collect();
        assert_eq!(there.len(), 2, "the record's own, and that of the notice");
        for at in if all { &there[..] } else { &there[..1] } {
            value[*at..at + before.len()].copy_from_slice(&after);
        }
        db.insert(&key, value).unwrap();
    };
    tells(&dir, "successor", about(first_id), |db| everywhere(db, true));
    tells(&dir, "notice", about(first_id), |db| everywhere(db, false));
    let record = [b"r", second_id.as_bytes().as_slice()].concat();
    tells(&dir, "corrects", about(second_id), |db| changes(db, &record, first_id.as_bytes(), nobody.as_bytes()));
}

#[tokio::test]
async fn who_read_what_is_held_against_the_ledger() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("store");
    let store = SledStore::open(&dir).unwrap();
    let held = fixtures::leased(&store, "MPU.SE").await;
    opens(&store, fixtures::holding(&held, 7)).await;
    fixtures::settle(&store, fixtures::holding(&held, 8), Settle::Complete(fixtures::settled())).await.unwrap();
    store.close().await;
    assert_eq!(examined(&dir, None).1.findings, []);
    let (key, about) = (deliveries(held.id.record), || (Relation::Reading, held.id.to_string()));
    // The reader behind the unit; and how often, before the place in the ledger.
    let by = |who: &str| [&[0x1a, who.len() as u8], who.as_bytes(), &[0x22]].concat();
    let other = fixtures::OFFICER.replace("/p1", "/p2");
    tells(&dir, "who", about(), |db| changes(db, &key, &by(fixtures::OFFICER), &by(&other)));
    let entry = [0x30, 1, 0x38, 2];
    tells(&dir, "where", about(), |db| changes(db, &key, &entry, &[0x30, 1, 0x38, 1]));
}
