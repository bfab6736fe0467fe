//! Contract 13: what is finished is found in order, and wraps are taken away from nothing that is open.

use homeward::{
    domain::history::{Step, StepKind},
    ledger::{Entry, Verb},
    store::{Acceptance, Amendment, Clarification, EventKind, Rewrap, Settle, Store, StoreError},
};
use uuid::Uuid;

use super::{Engine, fixtures::*};

/// A submission with content, to these queues.
fn sealed_to(queues: &[&str]) -> Acceptance {
    let mut given = to(queues);
    given.records[0].wraps = b"wraps".to_vec();
    given
}

/// Takes and completes what is in a queue, as settled at a moment.
pub async fn complete(store: &dyn Store, queue: &str, moment: i64) {
    for taken in pull(store, queue, 20, 0).await {
        let ended = homeward::domain::delivery::Settled { at: at(moment), ..settled() };
        settle(store, holding(&taken, 1), Settle::Complete(ended)).await.unwrap();
    }
}

pub async fn finished(store: &dyn Store, before: i64) -> Vec<Uuid> {
    store.finished(at(before), None, 100).await.unwrap().into_iter().map(|(_, record)| record).collect()
}

fn erasing(record: Uuid) -> (Rewrap, Amendment) {
    let rewrap = Rewrap { record, before: b"wraps".to_vec(), after: Vec::new(), under: "erased".into() };
    let told = Entry { record: Some(record), ..entry(Verb::Erasure, "ERASE_REFERRAL") };
    let other = Entry { record: Some(id()), ..entry(Verb::Erasure, "ERASE_REFERRAL") };
    (rewrap, Amendment { once: None, changes: Vec::new(), entries: vec![other, told], answer: Vec::new() })
}

pub async fn erase(store: &dyn Store, record: Uuid) -> Result<u64, StoreError> {
    let (rewrap, amendment) = erasing(record);
    store.rewrap(vec![rewrap], None, amendment).await.map(|done| done.ledger_index)
}

pub async fn what_is_finished_is_found_a_page_at_a_time_in_order(engine: &impl Engine) {
    let store = engine.open();
    let mut records = Vec::new();
    for (queue, moment) in [("MPU.SE", 500), ("MPU.NW", 300), ("MPU.NE", 400)] {
        let given = sealed_to(&[queue]);
        records.push(given.records[0].record.id);
        store.accept(given).await.unwrap();
        complete(&*store, queue, moment).await;
    }
    let half = sealed_to(&["MPU.SW", "MASH.E09000003"]);
    let open = half.records[0].record.id;
    store.accept(half).await.unwrap();
    complete(&*store, "MPU.SW", 100).await;
    assert_eq!(finished(&*store, 1_000).await, [records[1], records[2], records[0]], "the open one is none");
    assert_eq!(finished(&*store, 500).await, [records[1], records[2]], "before, not at");
    complete(&*store, "MASH.E09000003", 450).await;
    drop(store);
    let store = engine.open();
    let order = [records[1], records[2], open, records[0]];
    assert_eq!(finished(&*store, 1_000).await, order, "by what was settled last");
    let mut paged = Vec::new();
    let mut after = None;
    loop {
        let page = store.finished(at(1_000), after, 3).await.unwrap();
        paged.extend(page.iter().map(|(_, record)| *record));
        after = page.last().copied();
        if page.len() < 3 {
            break;
        }
    }
    assert_eq!(paged, order);
    erase(&*store, open).await.unwrap();
    assert_eq!(finished(&*store, 1_000).await, [records[1], records[2], records[0]], "nothing is left to erase in it");
}

pub async fn a_question_that_nobody_has_answered_ends_with_its_delivery(engine: &impl Engine) {
    let store = engine.open();
    let given = sealed_to(&["MPU.SE"]);
    let record = given.records[0].record.id;
    store.accept(given).await.unwrap();
    let taken = pull(&*store, "MPU.SE", 1, 0).await.remove(0);
    let question = Step { kind: StepKind::Asked, ..rejected() };
    settle(&*store, holding(&taken, 1), Settle::Ask(question.clone())).await.unwrap();
    let code = question.id.hyphenated().to_string();
    let answer = Step { id: id(), kind: StepKind::Answered, code, ..rejected() };
    let answered = Clarification { delivery: taken.id, question: question.id, step: answer };
    store.clarify(once("AnswerClarification"), answered, entry(Verb::Collection, "ANSWER")).await.unwrap();
    let unanswered = Step { kind: StepKind::Asked, ..rejected() };
    settle(&*store, holding(&taken, 2), Settle::Ask(unanswered)).await.unwrap();
    settle(&*store, holding(&taken, 3), Settle::Complete(settled())).await.unwrap();
    assert_eq!(finished(&*store, 9_999).await.len(), 1, "nobody can answer it any longer");
    erase(&*store, record).await.unwrap();
}

pub async fn nothing_that_is_open_is_erased_and_notes_go_with_the_keys(engine: &impl Engine) {
    let store = engine.open();
    let given = sealed_to(&["MPU.SE", "MASH.E09000003"]);
    let record = given.records[0].record.id;
    store.accept(given).await.unwrap();
    complete(&*store, "MPU.SE", 60).await;
    let before = size(&*store).await;
    assert_eq!(erase(&*store, record).await, Err(StoreError::Conflict));
    assert_eq!(size(&*store).await, before, "nothing was written");
    assert!(!store.wraps(None, 9).await.unwrap()[0].bytes.is_empty());
    complete(&*store, "MASH.E09000003", 70).await;
    let first = erase(&*store, record).await.unwrap();
    assert_eq!(erase(&*store, record).await, Err(StoreError::Conflict), "once");
    drop(store);
    let store = engine.open();
    let found = store.find(record).await.unwrap().unwrap();
    assert_eq!(found.erased, Some(first + 1), "the entry that is about it");
    assert!(found.deliveries.iter().all(|one| one.settled.as_ref().unwrap().note.is_empty()));
    let told = store.events(BARNET, 0, 100).await.unwrap().into_iter().filter(|one| one.kind == EventKind::Erased);
    let told: Vec<_> = told.map(|one| (one.index, one.record, one.leg)).collect();
    assert_eq!(told, [(first + 1, record, None)]);
}
