//! Contract 3: the same request gives the first answer again and changes nothing.

use homeward::store::{Keep, Settle, StoreError};

use super::{Engine, fixtures::*};

pub async fn the_first_answer_comes_again(engine: &impl Engine) {
    let store = engine.open();
    let acceptance = to(&["MPU.SE", "MASH.E09000003"]);
    assert_eq!(store.answered(&acceptance.once).await, Ok(None));
    let first = store.accept(acceptance.clone()).await.unwrap();
    assert!(!first.replayed);
    assert_eq!(first.answer, acceptance.answer);
    let head = store.head().await.unwrap();

    // The broker makes new ids for what it does not yet know to be a repetition.
    let mut again = to(&["MPU.SE"]);
    again.once = acceptance.once.clone();
    let second = store.accept(again.clone()).await.unwrap();
    assert!(second.replayed);
    assert_eq!((second.ledger_index, &second.answer), (first.ledger_index, &first.answer));
    assert_eq!(store.answered(&acceptance.once).await.unwrap(), Some(second));
    assert_eq!(store.head().await.unwrap(), head);
    assert!(store.find(again.records[0].record.id).await.unwrap().is_none());
    assert_eq!(store.records(BARNET, u64::MAX, 10).await.unwrap().len(), 1);
    assert_eq!(pull(&*store, "MPU.SE", 10, 0).await.len(), 1);
}

pub async fn twins_in_one_batch_are_one(engine: &impl Engine) {
    let store = engine.open();
    let once = once("SubmitReferral");
    let twins = join_all((0..48).map(|_| {
        let mut twin = to(&["MPU.SE"]);
        twin.once = once.clone();
        store.accept(twin)
    }))
    .await;
    let twins: Vec<_> = twins.into_iter().map(Result::unwrap).collect();
    assert_eq!(twins.iter().filter(|twin| !twin.replayed).count(), 1);
    assert!(twins.iter().all(|twin| twin.answer == twins[0].answer && twin.ledger_index == 0));
    assert_eq!(size(&*store).await, 1);
    assert_eq!(store.records(BARNET, u64::MAX, 10).await.unwrap().len(), 1);
    assert_eq!(pull(&*store, "MPU.SE", 10, 0).await.len(), 1);
}

pub async fn the_first_answer_survives_a_close_and_a_crash(engine: &impl Engine) {
    let store = engine.open();
    store.accept(to(&["MPU.SE"])).await.unwrap();
    let acceptance = to(&["MPU.SE"]);
    let first = store.accept(acceptance.clone()).await.unwrap();
    store.close().await;
    drop(store);
    for _ in 0..2 {
        // The second time round it was dropped without closing.
        let store = engine.open();
        let again = store.accept(acceptance.clone()).await.unwrap();
        assert!(again.replayed);
        assert_eq!((again.ledger_index, again.answer), (first.ledger_index, first.answer.clone()));
        assert_eq!(size(&*store).await, 2);
    }
}

pub async fn another_body_is_refused(engine: &impl Engine) {
    let store = engine.open();
    let acceptance = to(&["MPU.SE"]);
    store.accept(acceptance.clone()).await.unwrap();
    let mut other = to(&["MPU.SE"]);
    other.once = acceptance.once.clone();
    other.once.digest = [2; 32];
    assert_eq!(store.answered(&other.once).await, Err(StoreError::RequestIdReused));
    assert_eq!(store.accept(other).await, Err(StoreError::RequestIdReused));

    let pulled = pulling("MPU.SE", 1, 0);
    let delivery = store.pull(pulled.clone()).await.unwrap().remove(0);
    let mut other = pulled.clone();
    other.once.digest = [2; 32];
    assert_eq!(store.pull(other).await, Err(StoreError::RequestIdReused));

    let mut once = once("CompleteDelivery");
    let held = holding(&delivery, 1);
    let log = entry(homeward::ledger::Verb::Alteration, "COMPLETE");
    let complete = || Settle::Complete(settled());
    store.settle(once.clone(), held.clone(), complete(), log.clone()).await.unwrap();
    once.digest = [2; 32];
    let head = store.head().await.unwrap();
    assert_eq!(store.settle(once, held, complete(), log).await, Err(StoreError::RequestIdReused));
    assert_eq!(store.head().await.unwrap(), head);
}

pub async fn another_caller_or_method_is_another_request(engine: &impl Engine) {
    let store = engine.open();
    let acceptance = to(&["MPU.SE"]);
    store.accept(acceptance.clone()).await.unwrap();
    let mut caller = to(&["MPU.SE"]);
    caller.once = acceptance.once.clone();
    caller.once.caller.push('2');
    assert!(!store.accept(caller).await.unwrap().replayed);
    let mut method = to(&["MPU.SE"]);
    method.once = acceptance.once.clone();
    method.once.method = "CorrectReferral";
    assert!(!store.accept(method).await.unwrap().replayed);
    // Where the caller ends and the method begins is not a matter of spelling.
    let mut moved = to(&["MPU.SE"]);
    moved.once = acceptance.once.clone();
    moved.once.caller.push('S');
    moved.once.method = "ubmitReferral";
    assert!(!store.accept(moved).await.unwrap().replayed);
    assert_eq!(size(&*store).await, 4);
}

pub async fn a_pull_again_gives_the_same_leases(engine: &impl Engine) {
    let store = engine.open();
    for _ in 0..3 {
        accept_one(&*store, "MPU.SE").await;
    }
    let request = pulling("MPU.SE", 2, 0);
    let first = store.pull(request.clone()).await.unwrap();
    assert_eq!(first.len(), 2);
    let head = store.head().await.unwrap();
    let mut again = pulling("MPU.SE", 2, 30);
    again.once = request.once.clone();
    assert_eq!(store.pull(again.clone()).await.unwrap(), first);
    assert_eq!(store.head().await.unwrap(), head);

    settle(&*store, holding(&first[0], 40), Settle::Complete(settled())).await.unwrap();
    store.close().await;
    drop(store);
    let store = engine.open();
    assert_eq!(store.pull(again).await.unwrap(), first, "as they then were");
    assert_eq!(pull(&*store, "MPU.SE", 5, 50).await.len(), 1);
}

pub async fn an_empty_pull_stays_empty(engine: &impl Engine) {
    let store = engine.open();
    let request = pulling("MPU.SE", 2, 0);
    assert!(store.pull(request.clone()).await.unwrap().is_empty());
    assert_eq!(size(&*store).await, 0, "nothing was disclosed");
    accept_one(&*store, "MPU.SE").await;
    assert!(store.pull(request).await.unwrap().is_empty());
    assert_eq!(pull(&*store, "MPU.SE", 2, 0).await.len(), 1);
}

pub async fn twin_pulls_and_twin_settlements_are_one(engine: &impl Engine) {
    let store = engine.open();
    for _ in 0..8 {
        accept_one(&*store, "MPU.SE").await;
    }
    let request = pulling("MPU.SE", 2, 0);
    let pulls = join_all((0..16).map(|_| {
        let mut twin = pulling("MPU.SE", 2, 0);
        twin.once = request.once.clone();
        store.pull(twin)
    }))
    .await;
    let first = pulls[0].clone().unwrap();
    assert_eq!(first.len(), 2);
    assert!(pulls.iter().all(|twin| twin.as_ref().unwrap() == &first));
    assert_eq!(size(&*store).await, 9);

    let once = once("CompleteDelivery");
    let log = entry(homeward::ledger::Verb::Alteration, "COMPLETE");
    let twins = join_all(
        (0..16).map(|_| store.settle(once.clone(), holding(&first[0], 9), Settle::Complete(settled()), log.clone())),
    )
    .await;
    let done = twins[0].clone().unwrap();
    assert!(twins.iter().all(|twin| twin.as_ref().unwrap() == &done));
    assert_eq!(size(&*store).await, 10);
}

pub async fn a_settlement_again_gives_the_same_delivery(engine: &impl Engine) {
    let store = engine.open();
    let delivery = leased(&*store, "MPU.SE").await;
    let log = entry(homeward::ledger::Verb::Alteration, "EXTEND");
    let extend = once("ExtendLease");
    let extended =
        store.settle(extend.clone(), holding(&delivery, 1), Settle::Extend(at(900)), log.clone()).await.unwrap();
    let release = once("ReleaseDelivery");
    let released =
        store.settle(release.clone(), holding(&extended, 2), Settle::Release(None), log.clone()).await.unwrap();
    let complete = once("CompleteDelivery");
    let second = pull(&*store, "MPU.SE", 1, 3).await.remove(0);
    let completed =
        store.settle(complete.clone(), holding(&second, 4), Settle::Complete(settled()), log.clone()).await.unwrap();
    let before = size(&*store).await;
    drop(store);
    let store = engine.open();
    // Each lease is long gone; the answers are as they were.
    for (once, held, settle, first) in [
        (extend, holding(&delivery, 5), Settle::Extend(at(900)), extended.clone()),
        (release, holding(&extended, 5), Settle::Release(None), released),
        (complete, holding(&second, 5), Settle::Complete(settled()), completed.clone()),
    ] {
        assert_eq!(store.settle(once, held, settle, log.clone()).await, Ok(first));
    }
    assert_eq!(size(&*store).await, before);
    assert_eq!(store.delivery(delivery.id).await.unwrap(), Some(completed));
}

pub async fn a_refusal_is_not_kept(engine: &impl Engine) {
    let store = engine.open();
    let delivery = leased(&*store, "MPU.SE").await;
    let once = once("CompleteDelivery");
    let log = entry(homeward::ledger::Verb::Alteration, "COMPLETE");
    let mut held = holding(&delivery, 1);
    held.token = "another".into();
    let complete = || Settle::Complete(settled());
    assert_eq!(store.settle(once.clone(), held, complete(), log.clone()).await, Err(StoreError::LeaseLost));
    assert!(store.settle(once, holding(&delivery, 1), complete(), log).await.is_ok());
}

pub async fn answers_are_forgotten_when_their_time_is_over(engine: &impl Engine) {
    let store = engine.open();
    let acceptance = to(&["MPU.SE", "MPU.SE"]);
    store.accept(acceptance.clone()).await.unwrap();
    let mut request = pulling("MPU.SE", 1, 0);
    request.once.keep = Keep::Until(at(100));
    let first = store.pull(request.clone()).await.unwrap();
    assert_eq!(store.forget_answers(at(100)).await, Ok(0), "kept until that moment");
    assert_eq!(store.pull(request.clone()).await.unwrap(), first);
    assert_eq!(store.forget_answers(at(101)).await, Ok(1));
    assert_eq!(store.forget_answers(at(101)).await, Ok(0));
    let anew = store.pull(request).await.unwrap();
    assert_ne!(ids(&anew), ids(&first));
    assert!(store.accept(acceptance).await.unwrap().replayed, "kept as long as the record");
}
