//! Handing over: kept for one, taken by one, back where nobody takes it.

use homeward::{
    domain::{
        delivery::{Delivery, Lease, State},
        history::{Step, StepKind},
    },
    ledger::Verb,
    store::{EventKind, Leases, Once, Settle, Store, StoreError, TakeBack},
};

use super::{Engine, fixtures::*};

const COLLEAGUE: &str = "homeward://pilot.example/met/SE/mpu_officer/p2";

fn step(to: &str) -> Step {
    Step { kind: StepKind::HandedOver, code: to.into(), ..rejected() }
}

fn kept_for(holder: &str, until: i64) -> Option<Lease> {
    let (token, holder) = (format!("token-{}", fresh()), holder.to_owned());
    Some(Lease { token, holder, session: String::new(), expires: at(until), since: at(60), handed_over: true })
}

async fn take(store: &dyn Store, holder: &str, most: usize, now: i64) -> Vec<Delivery> {
    let mut pull = pulling("MPU.SE", most, now);
    holder.clone_into(&mut pull.holder);
    store.pull(pull).await.unwrap()
}

pub async fn what_is_handed_over_waits_for_the_colleague_alone(engine: &impl Engine) {
    let store = engine.open();
    let first = leased(&*store, "MPU.SE").await;
    let handing = Settle::HandOver(step(COLLEAGUE), kept_for(COLLEAGUE, 4000));
    let handed = settle(&*store, holding(&first, 60), handing).await.unwrap();
    assert!(handed.is_handed_over() && handed.state == State::Leased && handed.opened.is_none());
    assert_eq!(handed.history.last().unwrap().code, COLLEAGUE);
    assert_eq!(settle(&*store, holding(&first, 61), Settle::Disclose(CARD)).await, Err(StoreError::LeaseLost));
    accept_one(&*store, "MPU.SE").await;
    // It is of one queue, and for one holder, also after a start that nobody had prepared.
    drop(store);
    let store = engine.open();
    let from = async |name: &str, holder: &str| store.ready_from(&queue(name), (holder, READER), at(62)).await.unwrap();
    assert_eq!(from("MPU.SX", COLLEAGUE).await, None);
    let other = take(&*store, OFFICER, 3, 62).await;
    assert!(other.len() == 1 && other[0].id != first.id, "only what waits");
    assert_eq!((from("MPU.SE", OFFICER).await, from("MPU.SE", COLLEAGUE).await), (None, Some(at(62))));
    // It comes before what waits; taking it is its acknowledgement, told once.
    let waiting = accept_one(&*store, "MPU.SE").await;
    let taken = take(&*store, COLLEAGUE, 1, 63).await.remove(0);
    assert_eq!((taken.id, taken.opened, taken.acquired, taken.failed), (first.id, Some(at(63)), 2, 0));
    let lease = taken.lease.clone().unwrap();
    assert!(!lease.handed_over && lease.since == at(63) && lease.holder == COLLEAGUE);
    let told = store.events(BARNET, 0, 100).await.unwrap();
    let opened = told.iter().filter(|event| event.kind == EventKind::Opened && event.record == first.id.record);
    assert_eq!(opened.count(), 1);
    assert_eq!(ids(&take(&*store, COLLEAGUE, 5, 64).await), [waiting], "taken once");
    settle(&*store, holding(&taken, 65), Settle::Complete(settled())).await.unwrap();
}

pub async fn what_nobody_takes_goes_back_without_a_failure(engine: &impl Engine) {
    let store = engine.open();
    let held = leased(&*store, "MPU.SE").await;
    store.opened(holding(&held, 10), CARD, entry(Verb::Consultation, "OPEN_PART")).await.unwrap();
    settle(&*store, holding(&held, 60), Settle::HandOver(step(COLLEAGUE), kept_for(COLLEAGUE, 400))).await.unwrap();
    assert_eq!(store.leases_of(COLLEAGUE).await.unwrap(), 1);
    assert!(take(&*store, COLLEAGUE, 1, 400).await.is_empty(), "too late, though nobody has swept");
    assert_eq!(store.expire_leases(at(400), 1).await.unwrap(), 1);
    let back = take(&*store, OFFICER, 1, 401).await.remove(0);
    assert_eq!((back.id, back.failed, back.opened), (held.id, 0, Some(at(10))));
    // The colleague's certificate is revoked: anybody's at once.
    settle(&*store, holding(&back, 402), Settle::HandOver(step(COLLEAGUE), kept_for(COLLEAGUE, 4000))).await.unwrap();
    assert_eq!(store.end_leases(COLLEAGUE, Leases::All, at(403)).await.unwrap(), 1);
    assert_eq!(ids(&take(&*store, OFFICER, 1, 404).await), [held.id]);
    drop(store);
    engine.open();
}

pub async fn back_to_the_queue_it_is_anybodys(engine: &impl Engine) {
    let store = engine.open();
    let held = leased(&*store, "MPU.SE").await;
    let back = settle(&*store, holding(&held, 60), Settle::HandOver(step(""), None)).await.unwrap();
    assert_eq!((back.state, &back.lease, back.failed, back.history.len()), (State::Waiting, &None, 0, 1));
    assert_eq!(ids(&take(&*store, COLLEAGUE, 1, 61).await), [held.id]);
}

async fn take_back(
    store: &dyn Store,
    once: Once,
    delivery: &Delivery,
    giver: Option<&str>,
) -> Result<Delivery, StoreError> {
    let (queue, giver) = (delivery.header.queue.clone(), giver.map(str::to_owned));
    let step = Step { kind: StepKind::TakenBack, ..step("") };
    let taking = TakeBack { delivery: delivery.id, queue, giver, step };
    store.take_back(once, taking, entry(Verb::Administration, "TAKE_BACK")).await
}

pub async fn what_is_not_taken_is_taken_back_by_who_gave_it_or_who_supervises(engine: &impl Engine) {
    let store = engine.open();
    let held = leased(&*store, "MPU.SE").await;
    let give = async |held: &Delivery, now| {
        let handing = Settle::HandOver(step(COLLEAGUE), kept_for(COLLEAGUE, 4000));
        settle(&*store, holding(held, now), handing).await.unwrap()
    };
    let nothing = Err(StoreError::WrongState);
    assert_eq!(take_back(&*store, once("TakeBack"), &held, None).await, nothing, "nothing is handed over");
    give(&held, 60).await;
    assert_eq!(take_back(&*store, once("TakeBack"), &held, Some(COLLEAGUE)).await, nothing, "not theirs");
    let elsewhere = Delivery { header: header("MPU.SX"), ..held.clone() };
    assert_eq!(take_back(&*store, once("TakeBack"), &elsewhere, None).await, Err(StoreError::NotFound));
    let first = once("TakeBack");
    let back = take_back(&*store, first.clone(), &held, Some(OFFICER)).await.unwrap();
    assert_eq!((back.state, &back.lease, back.failed, back.history.len()), (State::Waiting, &None, 0, 2));
    assert_eq!(take_back(&*store, first, &held, Some(OFFICER)).await, Ok(back), "the first answer");
    assert!(
        take(&*store, COLLEAGUE, 1, 61).await.len() == 1,
        "anybody's, the colleague's too, who takes it as others do"
    );
    let again = take_back(&*store, once("TakeBack"), &held, Some(OFFICER)).await;
    assert_eq!(again, nothing, "it is taken");
    // Whoever supervises takes back what anybody gave.
    store.end_leases(COLLEAGUE, Leases::All, at(62)).await.unwrap();
    give(&take(&*store, OFFICER, 1, 63).await.remove(0), 64).await;
    take_back(&*store, once("TakeBack"), &held, None).await.unwrap();
    assert_eq!(ids(&take(&*store, OFFICER, 1, 65).await), [held.id]);
    drop(store);
    engine.open();
}
