//! What is lost is named as lost, with what it is, wherever something else still tells; and no compaction makes it look whole.

use std::path::Path;

use homeward::{
    domain::{
        decision::{InformationGrade, SourceGrade},
        delivery::Delivery,
        grading::{ConfirmedGrade, HandlingCode},
        history::{Step, StepKind},
    },
    ledger::Verb,
    store::{
        Along, Amendment, Change, Compaction, Expect, Finding, Keep, Mend, Raise, Relation, Settle, Shelf, Store,
        StoreError, sled::SledStore,
    },
};

use crate::{
    damage::copy,
    deep::{Told, behind, examined},
    fixtures,
};

/// What `lose` takes away is named: so, about that, and as lost; and the store cannot be compacted into a whole one.
fn lost(dir: &Path, name: &str, (relation, about): (Relation, &str), lose: impl FnOnce(&sled::Db)) -> Vec<Finding> {
    let damaged = copy(dir, name);
    behind(&damaged, lose);
    let (_, Told { findings, .. }) = examined(&damaged, None);
    let named = |one: &&Finding| one.relation == relation && one.about.contains(about);
    let found = findings.iter().find(named).unwrap_or_else(|| panic!("{name}: {about}: {findings:?}"));
    assert_eq!(found.relation.mend(), Mend::Lost, "{found:?}");
    assert!(!findings.iter().any(|one| one.says.contains("nothing says which")), "{name}: {findings:?}");
    let how = Compaction { at: fixtures::at(99), rebuild: true };
    let compacted = SledStore::compact(&damaged, &how, &mut Told::default());
    assert!(matches!(compacted, Err(StoreError::Damaged(_))), "{name}: {compacted:?}");
    findings
}

fn remove(db: &sled::Db, key: &[u8]) {
    assert!(db.remove(key).unwrap().is_some(), "nothing was taken away");
}

/// The answers of a store.
fn answers(dir: &Path) -> Vec<Vec<u8>> {
    let mut keys = Vec::new();
    behind(dir, |db| keys = db.scan_prefix("i").keys().map(|key| key.unwrap().to_vec()).collect());
    keys
}

/// Does something, and answers with the key of the answer that was kept for it.
async fn answer_of(dir: &Path, doing: impl AsyncFnOnce(&SledStore)) -> Vec<u8> {
    let before = answers(dir);
    let store = SledStore::open(dir).unwrap();
    doing(&store).await;
    store.close().await;
    let mut new: Vec<_> = answers(dir).into_iter().filter(|key| !before.contains(key)).collect();
    assert_eq!(new.len(), 1, "one answer was kept");
    new.remove(0)
}

fn step(kind: StepKind, code: &str) -> Step {
    Step { kind, code: code.to_owned(), ..fixtures::rejected() }
}

#[tokio::test]
async fn the_first_answer_of_every_decision_is_named_by_what_was_decided() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("store");
    let store = SledStore::open(&dir).unwrap();
    let mut held: Vec<Delivery> = Vec::new();
    for name in ["MPU.SE", "MASH.E09000003", "REFDESK.NA", "MPU.NW"] {
        held.push(fixtures::leased(&store, name).await);
    }
    fixtures::accept_with(&store, fixtures::held_header("HOLD.human")).await;
    held.push(fixtures::pull(&store, "HOLD.human", 1, 0).await.remove(0));
    store.close().await;

    let grade = |delivery: &Delivery| ConfirmedGrade {
        item: 1,
        version: 0,
        id: fixtures::id(),
        source: SourceGrade::Untested,
        information: InformationGrade::Corroborated,
        handling: HandlingCode::Permitted,
        instructions: Vec::new(),
        reason: Vec::new(),
        by: fixtures::OFFICER.into(),
        at: fixtures::at(5),
        leg: Some(delivery.id.leg),
    };
    let settles = [
        (0, Settle::Grade(vec![(held[0].id.record, grade(&held[0]))]), "a confirmed grade"),
        (0, Settle::Ask(step(StepKind::Asked, "")), "a question about it"),
        (0, Settle::Complete(fixtures::settled()), "its completion"),
        (1, Settle::Reject(fixtures::rejected()), "its rejection"),
        (2, Settle::HandOver(step(StepKind::HandedOver, "colleague"), None), "a hand-over"),
        (4, Settle::Resolve(fixtures::settled(), vec![fixtures::header("MPU.NE")], Along::default()), "its resolution"),
    ];
    for (number, (at, settle, says)) in settles.into_iter().enumerate() {
        let using = fixtures::holding(&held[at], 10);
        let key = answer_of(&dir, async |store| _ = fixtures::settle(store, using, settle).await.unwrap()).await;
        let about = (Relation::Answer, &*held[at].id.to_string());
        let told = lost(&dir, &format!("decided-{number}"), about, |db| remove(db, &key));
        assert!(told.iter().any(|one| one.says.contains(says)), "{told:?}");
        assert_eq!(told.iter().filter(|one| one.relation == Relation::Answer).count(), 1, "{told:?}");
    }
    // One that is kept for a day is known by its end, one of a submission by its record.
    let mut pulling = fixtures::pulling("MPU.NE", 1, 10);
    pulling.once.keep = Keep::Until(fixtures::at(9_000));
    let key = answer_of(&dir, async |store| _ = store.pull(pulling).await.unwrap()).await;
    lost(&dir, "pulled", (Relation::Answer, &hex::encode(&key)), |db| remove(db, &key));
    let submission = fixtures::to(&["MPU.SW"]);
    let record = submission.records[0].record.id.to_string();
    let key = answer_of(&dir, async |store| _ = store.accept(submission).await.unwrap()).await;
    let told = lost(&dir, "submitted", (Relation::Answer, &record), |db| remove(db, &key));
    assert!(told[0].says.contains("accepted a second time"), "{told:?}");
    assert_eq!(examined(&dir, None).1.findings, [], "with all of them nothing is said to be lost");
}

#[tokio::test]
async fn events_pages_documents_and_records_are_named_one_by_one() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("store");
    let store = SledStore::open(&dir).unwrap();
    let late = fixtures::accept_one(&store, "MPU.SE").await;
    for before in 0..2 {
        let at = fixtures::at(4_000 + i64::try_from(before).unwrap());
        let step =
            Step { at, id: uuid::Uuid::nil(), by: String::new(), ..step(StepKind::Escalated, "queue_supervisor") };
        let entry = fixtures::entry(Verb::Administration, "ESCALATE");
        let raise = Raise { delivery: late, before, step, again_from: Some(fixtures::at(4_000)), entry };
        assert_eq!(store.escalate(vec![raise]).await.unwrap(), 1);
    }
    let proposal = fixtures::id().to_string();
    let change =
        Change { shelf: Shelf::Proposal, name: proposal.clone(), expect: Expect::New, bytes: Some(vec![6; 40]) };
    let mut entry = fixtures::entry(Verb::Administration, "PROPOSE");
    entry.details.push(format!("proposal={proposal}"));
    store
        .amend(Amendment { once: None, changes: vec![change], entries: vec![entry], answer: Vec::new() })
        .await
        .unwrap();
    store.close().await;
    assert_eq!(examined(&dir, None).1.findings, []);

    let (delivery, record) = (late.to_string(), late.record);
    let last = |db: &sled::Db, kind: &str| db.scan_prefix(kind).keys().next_back().unwrap().unwrap();
    let told = lost(&dir, "event", (Relation::Event, &delivery), |db| remove(db, &last(db, "v")));
    assert_eq!(told.len(), 1, "the other escalation was told: {told:?}");
    for number in 0..3 {
        let page = format!("{delivery}.{number}");
        let nth = |db: &sled::Db| db.scan_prefix("p").keys().nth(number).unwrap().unwrap();
        let told = lost(&dir, &format!("page-{number}"), (Relation::Outbox, &page), |db| remove(db, &nth(db)));
        assert_eq!(told.len(), 1, "{told:?}");
    }
    let told = lost(&dir, "document", (Relation::Document, &proposal), |db| remove(db, &last(db, "s")));
    assert_eq!(told.len(), 1, "{told:?}");
    // With its deliveries, so that only the ledger knows of it.
    let told = lost(&dir, "record", (Relation::Record, &record.to_string()), |db| {
        remove(db, &last(db, "r"));
        remove(db, &last(db, "d"));
    });
    let deliveries = |one: &Finding| one.relation == Relation::Deliveries && one.about.contains(&record.to_string());
    assert!(told.iter().any(deliveries), "{told:?}");
}

#[tokio::test]
async fn what_nothing_else_tells_of_is_lost_by_number() {
    let place = tempfile::tempdir().unwrap();
    let dir = place.path().join("store");
    let store = SledStore::open(&dir).unwrap();
    let change =
        |name: &str| Change { shelf: Shelf::Keyring, name: name.into(), expect: Expect::New, bytes: Some(vec![6]) };
    let amendment =
        Amendment { once: None, changes: vec![change("a"), change("b")], entries: Vec::new(), answer: Vec::new() };
    store.amend(amendment).await.unwrap();
    store.close().await;
    behind(&dir, |db| {
        let key = db.scan_prefix("s").keys().next().unwrap().unwrap();
        remove(db, &key);
    });
    let (_, told) = examined(&dir, None);
    assert_eq!(told.findings.len(), 1, "{:?}", told.findings);
    let Finding { relation, about, says } = &told.findings[0];
    assert_eq!((*relation, about.as_str(), relation.mend()), (Relation::Document, "documents", Mend::Lost));
    assert!(says.starts_with("1 of 2 are lost"), "{says}");
}
