//! Contract 1, 2, 7 to 9: values come back, commits are shared, closing is final.

use homeward::{
    domain::delivery::DeliveryId,
    ledger::Verb,
    store::{Settle, Side, StoreError},
};

use super::{Engine, fixtures::*};

pub async fn a_record_comes_back_as_it_was(engine: &impl Engine) {
    let store = engine.open();
    let mut acceptance = to(&["MPU.SE", "MASH.E09000003", "HOLD.human"]);
    acceptance.records[0].record.linked = vec![id(), id()];
    acceptance.records[0].deliveries[2] = held_header("HOLD.human");
    let given = acceptance.records[0].clone();
    store.accept(acceptance).await.unwrap();
    drop(store);
    let store = engine.open();
    let stored = store.find(given.record.id).await.unwrap().unwrap();
    assert_eq!(stored.record, given.record);
    let headers: Vec<_> = stored.deliveries.iter().map(|delivery| delivery.header.clone()).collect();
    assert_eq!(headers, given.deliveries);
    let legs: Vec<_> = stored.deliveries.iter().map(|delivery| delivery.id.leg).collect();
    assert_eq!(legs, [1, 2, 3]);
    assert_eq!(store.sealed(given.record.id).await.unwrap(), Some(given.sealed));
}

pub async fn sealed_values_of_every_size_come_back(engine: &impl Engine) {
    let store = engine.open();
    let mut given = Vec::new();
    for size in [0, 1, 5_999, 6_144, 65_535, 65_536, 131_072, 300_000, 3_000_000] {
        let mut acceptance = to(&["MPU.SE"]);
        let record = acceptance.records[0].record.id;
        let sealed: Vec<u8> = (0..size).map(|at: usize| (at * 31 + at / 251) as u8).collect();
        acceptance.records[0].sealed.clone_from(&sealed);
        acceptance.answer = vec![7; size / 4];
        // A record may itself be large.
        acceptance.records[0].record.excluded = vec![[9; 32]; size / 4096];
        let accepted = store.accept(acceptance.clone()).await.unwrap();
        given.push((record, sealed, acceptance, accepted));
    }
    drop(store);
    let store = engine.open();
    for (record, sealed, acceptance, accepted) in given {
        assert!(store.sealed(record).await.unwrap() == Some(sealed), "of {}", acceptance.records[0].sealed.len());
        assert_eq!(store.find(record).await.unwrap().unwrap().record, acceptance.records[0].record);
        let again = store.answered(&acceptance.once).await.unwrap().unwrap();
        assert!(again.answer == accepted.answer);
    }
    // A large note, twice replaced around.
    let delivery = pull(&*store, "MPU.SE", 1, 0).await.remove(0);
    let mut noted = settled();
    noted.note = vec![3; 100_000];
    let completed = settle(&*store, holding(&delivery, 1), Settle::Complete(noted)).await.unwrap();
    assert!(store.delivery(delivery.id).await.unwrap() == Some(completed));
}

pub async fn nothing_unknown_is_found(engine: &impl Engine) {
    let store = engine.open();
    let known = accept_one(&*store, "MPU.SE").await;
    assert!(store.find(id()).await.unwrap().is_none());
    assert!(store.sealed(id()).await.unwrap().is_none());
    assert!(store.delivery(DeliveryId { leg: 2, ..known }).await.unwrap().is_none());
    assert!(store.delivery(DeliveryId { record: id(), leg: 1 }).await.unwrap().is_none());
    assert!(store.deliveries(&queue("MPU.S"), (Side::Live, READER), None, 5).await.unwrap().deliveries.is_empty());
}

pub async fn an_acceptance_without_record_or_entry_is_refused(engine: &impl Engine) {
    let store = engine.open();
    let mut without = to(&["MPU.SE"]);
    without.records.clear();
    assert_eq!(store.accept(without).await, Err(StoreError::WrongState));
    let mut without = to(&["MPU.SE"]);
    without.entries.clear();
    assert_eq!(store.accept(without).await, Err(StoreError::WrongState));
    assert_eq!(size(&*store).await, 0);
    // Nothing sealed and no delivery is a record all the same (D04).
    let mut bare = submission(Vec::new());
    bare.records[0].sealed.clear();
    store.accept(bare.clone()).await.unwrap();
    assert_eq!(store.sealed(bare.records[0].record.id).await.unwrap(), Some(Vec::new()));
}

pub async fn a_record_id_is_never_used_twice(engine: &impl Engine) {
    let store = engine.open();
    let first = to(&["MPU.SE"]);
    let mut second = to(&["MPU.SE", "MASH.E09000003"]);
    second.records[0].record.id = first.records[0].record.id;
    // In one batch.
    let (one, other) = tokio::join!(store.accept(first.clone()), store.accept(second));
    one.unwrap();
    assert_eq!(other, Err(StoreError::WrongState));
    assert_eq!(store.find(first.records[0].record.id).await.unwrap().unwrap().deliveries.len(), 1);
    assert!(pull(&*store, "MASH.E09000003", 1, 0).await.is_empty());
}

pub async fn waiting_commands_share_a_commit(engine: &impl Engine) {
    let store = engine.open();
    store.accept(to(&["MPU.SE"])).await.unwrap();
    let before = *store.changes().borrow();
    let accepted = join_all((0..64).map(|_| store.accept(to(&["MPU.SE"])))).await;
    assert!(accepted.iter().all(Result::is_ok));
    let commits = *store.changes().borrow() - before;
    assert!((1..=32).contains(&commits), "64 callers took {commits} commits");
}

pub async fn changes_are_announced(engine: &impl Engine) {
    let store = engine.open();
    let mut changes = store.changes();
    changes.borrow_and_update();
    accept_one(&*store, "MPU.SE").await;
    assert!(changes.has_changed().unwrap());
    changes.borrow_and_update();
    store.find(id()).await.unwrap();
    store.counts(&[queue("MPU.SE")], at(0)).await.unwrap();
    assert_eq!(store.expire_leases(at(0), 5).await, Ok(0));
    assert!(!changes.has_changed().unwrap(), "reading is no change");
}

pub async fn after_closing_every_call_is_unavailable(engine: &impl Engine) {
    let store = engine.open();
    let waiting = join_all((0..32).map(|_| store.accept(to(&["MPU.SE"]))));
    let (accepted, ()) = tokio::join!(waiting, store.close());
    // What was begun is finished; what came too late says so.
    let accepted: Vec<_> = accepted.into_iter().filter_map(Result::ok).collect();
    let unavailable = |error: StoreError| assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    unavailable(store.accept(to(&["MPU.SE"])).await.unwrap_err());
    unavailable(store.pull(pulling("MPU.SE", 1, 0)).await.unwrap_err());
    unavailable(store.record_entry(entry(Verb::Refusal, "SUBMIT")).await.unwrap_err());
    unavailable(store.expire_leases(at(0), 5).await.unwrap_err());
    unavailable(store.find(id()).await.unwrap_err());
    unavailable(store.answered(&once("SubmitReferral")).await.unwrap_err());
    unavailable(store.head().await.unwrap_err());
    unavailable(store.counts(&[queue("MPU.SE")], at(0)).await.unwrap_err());
    store.close().await;
    drop(store);
    assert_eq!(size(&*engine.open()).await, accepted.len() as u64);
}
