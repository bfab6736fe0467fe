//! Contract 5: pull order, pages and counts.

use homeward::{
    domain::{
        code::Class,
        delivery::{Delivery, DeliveryId, Header},
    },
    ledger::Verb,
    store::{Along, QueueCounts, Settle, Side, Store},
};

use super::{Engine, fixtures::*};

fn due(class: Class, ack: Option<i64>, decide: Option<i64>, received: i64) -> Header {
    Header { class, ack_due: ack.map(at), decide_due: decide.map(at), received: at(received), ..header("MPU.SE") }
}

pub async fn class_then_deadline_then_age(engine: &impl Engine) {
    let store = engine.open();
    // In the order in which they must come.
    let wanted = [
        due(Class::P0, Some(900), Some(9000), 8),
        due(Class::P1, Some(100), Some(9000), 9),
        due(Class::P1, Some(200), Some(9000), 3),
        due(Class::P1, Some(200), Some(9000), 4),
        due(Class::P1, Some(9000), Some(300), 5),
        due(Class::P1, None, Some(400), 1),
        due(Class::P1, None, None, 1),
        due(Class::P3, Some(50), Some(60), 2),
        due(Class::P4, None, None, 0),
        due(Class::P4, None, None, 1),
    ];
    let mut expected = vec![None; wanted.len()];
    for turn in 0..wanted.len() {
        let place = turn * 7 % wanted.len();
        expected[place] = Some(accept_with(&*store, wanted[place].clone()).await);
    }
    let expected: Vec<DeliveryId> = expected.into_iter().flatten().collect();
    let listed = store.deliveries(&queue("MPU.SE"), (Side::Live, READER), None, 100).await.unwrap();
    assert_eq!(ids(&listed.deliveries), expected);
    assert_eq!(listed.next, None);
    let mut pulled = Vec::new();
    for most in [1, 3, 4, 2] {
        pulled.extend(ids(&pull(&*store, "MPU.SE", most, 0).await));
    }
    assert_eq!(pulled, expected);
}

pub async fn an_acknowledged_delivery_waits_by_its_decision(engine: &impl Engine) {
    let store = engine.open();
    let first = accept_with(&*store, due(Class::P1, Some(100), Some(9000), 0)).await;
    let second = accept_with(&*store, due(Class::P1, Some(200), Some(9000), 0)).await;
    let delivery = pull(&*store, "MPU.SE", 1, 0).await.remove(0);
    assert_eq!(delivery.id, first);
    store.opened(holding(&delivery, 1), CARD, entry(Verb::Consultation, "OPEN_PART")).await.unwrap();
    settle(&*store, holding(&delivery, 2), Settle::Release(None)).await.unwrap();
    assert_eq!(ids(&pull(&*store, "MPU.SE", 2, 3).await), [second, first]);
}

/// Ten deliveries in all conditions.
async fn mixed(store: &dyn Store) -> Vec<Delivery> {
    for number in 0..10 {
        accept_with(store, due(Class::P2, Some(100 + number), Some(5000), number)).await;
    }
    let pulled = pull(store, "MPU.SE", 6, 0).await;
    settle(store, holding(&pulled[0], 1), Settle::Complete(settled())).await.unwrap();
    settle(store, holding(&pulled[1], 1), Settle::Release(None)).await.unwrap();
    settle(store, holding(&pulled[2], 1), Settle::Release(Some(at(4000)))).await.unwrap();
    store.opened(holding(&pulled[3], 1), CARD, entry(Verb::Consultation, "OPEN_PART")).await.unwrap();
    store.opened(holding(&pulled[4], 1), CARD, entry(Verb::Consultation, "OPEN_PART")).await.unwrap();
    settle(store, holding(&pulled[4], 1), Settle::Release(None)).await.unwrap();
    pulled
}

pub async fn pages_show_every_live_delivery_once_in_order(engine: &impl Engine) {
    let store = engine.open();
    let pulled = mixed(&*store).await;
    accept_one(&*store, "MPU.NW").await;
    let whole = store.deliveries(&queue("MPU.SE"), (Side::Live, READER), None, 9).await.unwrap();
    assert_eq!((whole.deliveries.len(), &whole.next), (9, &None));
    assert!(!ids(&whole.deliveries).contains(&pulled[0].id), "settled");
    let last = ids(&whole.deliveries)[7..].to_vec();
    assert_eq!(last, [pulled[3].id, pulled[4].id], "acknowledged ones wait by their decision");
    for limit in [1, 2, 4, 8] {
        let (mut seen, mut after) = (Vec::new(), None);
        loop {
            let page = store.deliveries(&queue("MPU.SE"), (Side::Live, READER), after, limit).await.unwrap();
            assert!(page.deliveries.len() <= limit);
            seen.extend(page.deliveries);
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(seen, whole.deliveries, "by {limit}");
    }
    // A position that nobody gave out gives what lies behind it.
    for (after, left) in [(vec![], 9), (vec![0], 9), (vec![0xff; 200], 0)] {
        assert_eq!(
            store.deliveries(&queue("MPU.SE"), (Side::Live, READER), Some(after), 100).await.unwrap().deliveries.len(),
            left
        );
    }
    for delivery in &whole.deliveries {
        assert_eq!(store.delivery(delivery.id).await.unwrap().as_ref(), Some(delivery));
    }
}

async fn counts(store: &dyn Store, now: i64) -> QueueCounts {
    store.counts(&[queue("MPU.SE")], at(now)).await.unwrap().remove(0)
}

fn numbers(counts: &QueueCounts) -> (u64, u64, u64, u64) {
    (counts.live, counts.unopened, counts.overdue, counts.leased)
}

pub async fn counts_are_of_what_is_there(engine: &impl Engine) {
    let store = engine.open();
    mixed(&*store).await;
    let both = store.counts(&[queue("MPU.SE"), queue("MPU.NW")], at(0)).await.unwrap();
    assert_eq!((numbers(&both[0]), both[0].oldest), ((9, 7, 0, 2), Some(at(1))));
    assert_eq!((numbers(&both[1]), both[1].oldest), ((0, 0, 0, 0), None));
    assert_eq!(both[1].queue, queue("MPU.NW"));
    drop(store);
    let store = engine.open();
    assert_eq!(counts(&*store, 0).await, both[0], "after opening again");
    // Late means after the deadline; those opened are late only for their decision.
    assert_eq!(counts(&*store, 101).await.overdue, 0);
    assert_eq!(counts(&*store, 102).await.overdue, 1);
    assert_eq!(counts(&*store, 4999).await.overdue, 7);
    assert_eq!(counts(&*store, 5000).await.overdue, 7);
    assert_eq!(counts(&*store, 5001).await.overdue, 9);
    let listed = store.deliveries(&queue("MPU.SE"), (Side::Live, READER), None, 100).await.unwrap().deliveries;
    for now in [0, 102, 105, 4999, 5001] {
        let late = listed.iter().filter(|delivery| delivery.overdue(at(now))).count() as u64;
        assert_eq!(counts(&*store, now).await.overdue, late, "at {now}");
    }
}

pub async fn counts_follow_every_change(engine: &impl Engine) {
    let store = engine.open();
    assert_eq!(numbers(&counts(&*store, 0).await), (0, 0, 0, 0));
    store.accept(submission(vec![held_header("MPU.SE"), header("MPU.SE")])).await.unwrap();
    assert_eq!(numbers(&counts(&*store, 0).await), (2, 2, 0, 0));
    let pulled = pull(&*store, "MPU.SE", 2, 0).await;
    assert_eq!(numbers(&counts(&*store, 0).await), (2, 2, 0, 2));
    store.opened(holding(&pulled[1], 1), CARD, entry(Verb::Consultation, "OPEN_PART")).await.unwrap();
    assert_eq!(numbers(&counts(&*store, 3601).await), (2, 1, 1, 2));
    settle(&*store, holding(&pulled[1], 1), Settle::Release(Some(at(500)))).await.unwrap();
    assert_eq!(numbers(&counts(&*store, 0).await), (2, 1, 0, 1));
    let mut lost = holding(&pulled[0], 1);
    lost.token.push('x');
    settle(&*store, lost, Settle::Complete(settled())).await.unwrap_err();
    assert_eq!(numbers(&counts(&*store, 0).await), (2, 1, 0, 1), "what is refused counts nothing");
    let held = if pulled[0].header.held.is_some() { &pulled[0] } else { &pulled[1] };
    let held = if held.id == pulled[0].id { held.clone() } else { pull(&*store, "MPU.SE", 1, 501).await.remove(0) };
    let onward = Settle::Resolve(settled(), vec![header("MPU.SE")], Along::default());
    settle(&*store, holding(&held, 502), onward).await.unwrap();
    let after = counts(&*store, 0).await;
    assert_eq!(after.live, 2, "one left, one came");
    store.expire_leases(at(9000), 5).await.unwrap();
    assert_eq!(counts(&*store, 0).await.leased, 0);
    for delivery in pull(&*store, "MPU.SE", 9, 9000).await {
        settle(&*store, holding(&delivery, 9001), Settle::Complete(settled())).await.unwrap();
    }
    let end = counts(&*store, 99_999).await;
    assert_eq!((numbers(&end), end.oldest), ((0, 0, 0, 0), None));
}
