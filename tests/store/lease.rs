//! Contract 4 and 5: leases fence, expire, and are never two on one delivery.

use std::collections::HashSet;

use homeward::{
    domain::{
        delivery::{Delivery, DeliveryId, State},
        queue::QueueId,
    },
    ledger::Verb,
    store::{Along, Held, Leases, Settle, Side, Store, StoreError, Whose},
};

use super::{Engine, fixtures::*};

pub async fn a_lease_is_given_with_everything(engine: &impl Engine) {
    let store = engine.open();
    let id = accept_one(&*store, "MPU.SE").await;
    let request = pulling("MPU.SE", 3, 5);
    let pulled = store.pull(request.clone()).await.unwrap();
    let [delivery] = pulled.as_slice() else { panic!("one delivery") };
    let lease = delivery.lease.as_ref().unwrap();
    assert_eq!((delivery.id, delivery.state, delivery.acquired, delivery.failed), (id, State::Leased, 1, 0));
    assert_eq!((&lease.token, &lease.holder), (&request.tokens[0], &request.holder));
    assert_eq!((&lease.session, lease.expires), (&request.session, request.expires));
    assert_eq!((delivery.delivered, delivery.opened), (Some(at(5)), None));
    assert_eq!(delivery.header, header("MPU.SE"));
    assert_eq!(store.delivery(id).await.unwrap().as_ref(), Some(delivery));
    assert!(pull(&*store, "MPU.SE", 3, 6).await.is_empty(), "leased");
}

pub async fn a_session_has_its_live_leases_again_and_no_others(engine: &impl Engine) {
    let store = engine.open();
    let first = leased(&*store, "MPU.SE").await;
    let lease = first.lease.clone().unwrap();
    let mut other = pulling("MPU.SE", 1, 5);
    other.session = "another session".into();
    accept_one(&*store, "MPU.SE").await;
    let second = store.pull(other.clone()).await.unwrap().remove(0);
    leased(&*store, "MPU.SX").await;
    let whose = |holder: &str, session: &str| Whose { holder: holder.to_owned(), session: session.to_owned() };
    let of = async |holder: &str, session: &str, now: i64| {
        store.leased(&queue("MPU.SE"), whose(holder, session), at(now)).await.unwrap()
    };
    assert_eq!(of(&lease.holder, &lease.session, 6).await, std::slice::from_ref(&first));
    assert_eq!(ids(&of(&lease.holder, "another session", 6).await), [second.id]);
    assert!(of("homeward://pilot.example/met/SE/mpu_officer/p2", &lease.session, 6).await.is_empty());
    assert!(of(&lease.holder, &lease.session, 600).await.is_empty(), "it ran out");
    settle(&*store, holding(&first, 7), Settle::Complete(settled())).await.unwrap();
    assert!(of(&lease.holder, &lease.session, 8).await.is_empty(), "it is settled");
}

pub async fn a_queue_says_from_when_on_a_pull_finds_something(engine: &impl Engine) {
    let store = engine.open();
    let from = async |now: i64| store.ready_from(&queue("MPU.SE"), (OFFICER, READER), at(now)).await.unwrap();
    assert_eq!(from(0).await, None);
    accept_one(&*store, "MPU.SX").await;
    assert_eq!(from(0).await, None, "another queue");
    let delivery = leased(&*store, "MPU.SE").await;
    assert_eq!(from(1).await, None, "leased");
    settle(&*store, holding(&delivery, 2), Settle::Release(Some(at(90)))).await.unwrap();
    assert_eq!(from(3).await, Some(at(90)), "delayed");
    assert!(from(91).await.is_some_and(|moment| moment <= at(91)));
    accept_one(&*store, "MPU.SE").await;
    assert_eq!(from(4).await, Some(at(4)));
}

/// Tries every use of a lease; each must fail as expected and change nothing.
async fn refused(store: &dyn Store, held: &Held, expected: &StoreError) {
    let before = (store.delivery(held.delivery).await.unwrap(), store.head().await.unwrap());
    let ways = [
        Settle::Extend(at(5000)),
        Settle::Release(None),
        Settle::Complete(settled()),
        Settle::Reject(rejected()),
        Settle::Resolve(settled(), vec![header("MPU.SE")], Along::default()),
    ];
    for way in ways {
        assert_eq!(settle(store, held.clone(), way).await.as_ref(), Err(expected));
    }
    let opening = store.opened(held.clone(), CARD, entry(Verb::Consultation, "OPEN_PART")).await;
    assert_eq!(opening.as_ref(), Err(expected));
    let after = (store.delivery(held.delivery).await.unwrap(), store.head().await.unwrap());
    assert_eq!(after, before);
}

pub async fn an_expired_lease_does_nothing(engine: &impl Engine) {
    let store = engine.open();
    let delivery = leased(&*store, "MPU.SE").await;
    // Also before the caretaker has come by.
    refused(&*store, &holding(&delivery, 600), &StoreError::LeaseLost).await;
    assert_eq!(store.expire_leases(at(600), 5).await, Ok(1));
    refused(&*store, &holding(&delivery, 601), &StoreError::LeaseLost).await;
    refused(&*store, &holding(&delivery, 1), &StoreError::LeaseLost).await;
}

pub async fn a_superseded_lease_does_nothing(engine: &impl Engine) {
    let store = engine.open();
    let delivery = leased(&*store, "MPU.SE").await;
    store.expire_leases(at(600), 5).await.unwrap();
    let mut second = pulling("MPU.SE", 1, 601);
    second.holder = "homeward://pilot.example/met/SE/mpu_officer/p2".into();
    let second = store.pull(second).await.unwrap().remove(0);
    assert_eq!((second.id, second.acquired, second.failed), (delivery.id, 2, 1));
    let mut old = holding(&delivery, 602);
    refused(&*store, &old, &StoreError::LeaseLost).await;
    // Not even by the new holder.
    old.holder = second.lease.clone().unwrap().holder;
    refused(&*store, &old, &StoreError::LeaseLost).await;
    assert!(settle(&*store, holding(&second, 602), Settle::Complete(settled())).await.is_ok());
}

pub async fn another_holder_can_do_nothing(engine: &impl Engine) {
    let store = engine.open();
    let delivery = leased(&*store, "MPU.SE").await;
    let mut held = holding(&delivery, 1);
    held.holder.push('2');
    refused(&*store, &held, &StoreError::LeaseLost).await;
}

pub async fn another_queue_finds_nothing(engine: &impl Engine) {
    let store = engine.open();
    let delivery = leased(&*store, "MPU.SE").await;
    let mut held = holding(&delivery, 1);
    held.queue = QueueId::of("MPU", "NW");
    refused(&*store, &held, &StoreError::NotFound).await;
    let mut held = holding(&delivery, 1);
    held.delivery.leg = 9;
    refused(&*store, &held, &StoreError::NotFound).await;
    held.delivery.record = id();
    refused(&*store, &held, &StoreError::NotFound).await;
    assert!(pull(&*store, "MPU.NW", 1, 1).await.is_empty());
}

pub async fn expiry_counts_a_failure_and_handing_back_does_not(engine: &impl Engine) {
    let store = engine.open();
    let delivery = leased(&*store, "MPU.SE").await;
    let released = settle(&*store, holding(&delivery, 1), Settle::Release(None)).await.unwrap();
    assert_eq!((released.state, &released.lease), (State::Waiting, &None));
    assert_eq!((released.acquired, released.failed), (1, 0));
    let again = pull(&*store, "MPU.SE", 1, 2).await.remove(0);
    assert_eq!((again.acquired, again.failed, again.delivered), (2, 0, Some(at(0))));
    assert_eq!(store.expire_leases(at(602), 5).await, Ok(1));
    assert_eq!(store.expire_leases(at(602), 5).await, Ok(0));
    let waiting = store.delivery(delivery.id).await.unwrap().unwrap();
    assert_eq!((waiting.state, &waiting.lease), (State::Waiting, &None));
    assert_eq!((waiting.acquired, waiting.failed), (2, 1));
}

pub async fn a_lease_lives_until_its_last_moment(engine: &impl Engine) {
    let store = engine.open();
    let delivery = leased(&*store, "MPU.SE").await;
    let mut last = holding(&delivery, 600);
    last.now -= jiff::SignedDuration::from_nanos(1);
    assert_eq!(store.expire_leases(last.now, 5).await, Ok(0));
    assert!(store.opened(last.clone(), CARD, entry(Verb::Consultation, "OPEN_PART")).await.is_ok());
    assert!(settle(&*store, last, Settle::Release(None)).await.is_ok());
}

pub async fn a_delayed_release_is_not_offered_early(engine: &impl Engine) {
    let store = engine.open();
    let delivery = leased(&*store, "MPU.SE").await;
    let behind = accept_one(&*store, "MPU.SE").await;
    let released = settle(&*store, holding(&delivery, 1), Settle::Release(Some(at(300)))).await.unwrap();
    assert_eq!((released.state, released.not_before), (State::Waiting, Some(at(300))));
    let pulled = pull(&*store, "MPU.SE", 5, 299).await;
    assert_eq!(ids(&pulled), [behind]);
    assert!(
        store.deliveries(&queue("MPU.SE"), (Side::Live, READER), None, 9).await.unwrap().deliveries.contains(&released),
        "listed"
    );
    drop(store);
    let store = engine.open();
    assert!(pull(&*store, "MPU.SE", 5, 299).await.is_empty());
    let pulled = pull(&*store, "MPU.SE", 5, 300).await;
    assert_eq!(ids(&pulled), [delivery.id]);
    assert_eq!(pulled[0].not_before, None);
}

pub async fn an_extended_lease_lives_longer(engine: &impl Engine) {
    let store = engine.open();
    let delivery = leased(&*store, "MPU.SE").await;
    let extended = settle(&*store, holding(&delivery, 1), Settle::Extend(at(1200))).await.unwrap();
    assert_eq!(extended.lease.as_ref().unwrap().expires, at(1200));
    assert_eq!(extended.lease.as_ref().unwrap().token, delivery.lease.as_ref().unwrap().token);
    assert_eq!(store.expire_leases(at(1199), 5).await, Ok(0));
    assert!(settle(&*store, holding(&delivery, 1199), Settle::Extend(at(1300))).await.is_ok());
    assert_eq!(store.expire_leases(at(1300), 5).await, Ok(1));
}

pub async fn a_completed_delivery_is_settled_for_good(engine: &impl Engine) {
    let store = engine.open();
    let delivery = leased(&*store, "MPU.SE").await;
    let completed = settle(&*store, holding(&delivery, 1), Settle::Complete(settled())).await.unwrap();
    let expected = Delivery { state: State::Completed, lease: None, settled: Some(settled()), ..delivery.clone() };
    assert_eq!(completed, expected);
    refused(&*store, &holding(&delivery, 2), &StoreError::LeaseLost).await;
    assert_eq!(store.expire_leases(at(9999), 5).await, Ok(0));
    assert!(pull(&*store, "MPU.SE", 1, 9999).await.is_empty());
    assert!(store.deliveries(&queue("MPU.SE"), (Side::Live, READER), None, 9).await.unwrap().deliveries.is_empty());
    assert_eq!(store.find(delivery.id.record).await.unwrap().unwrap().deliveries, [expected]);
}

pub async fn a_held_leg_is_sent_on_with_the_next_number(engine: &impl Engine) {
    let store = engine.open();
    let acceptance = submission(vec![held_header("HOLD.human"), header("MPU.SE")]);
    let record = acceptance.records[0].record.id;
    store.accept(acceptance).await.unwrap();
    let held = pull(&*store, "HOLD.human", 1, 0).await.remove(0);
    assert_eq!(held.header, held_header("HOLD.human"));
    let onward = header("MASH.E09000033");
    let resolved =
        settle(&*store, holding(&held, 1), Settle::Resolve(settled(), vec![onward.clone()], Along::default()))
            .await
            .unwrap();
    assert_eq!((resolved.id, resolved.state, resolved.settled), (held.id, State::Resolved, Some(settled())));
    let legs = store.find(record).await.unwrap().unwrap().deliveries;
    assert_eq!(
        legs.iter().map(|leg| (leg.id.leg, leg.state)).collect::<Vec<_>>(),
        [(1, State::Resolved), (2, State::Waiting), (3, State::Waiting)]
    );
    let pulled = pull(&*store, "MASH.E09000033", 5, 2).await;
    assert_eq!(ids(&pulled), [DeliveryId { record, leg: 3 }]);
    assert_eq!(pulled[0].header, onward);
    assert!(pull(&*store, "HOLD.human", 5, 9999).await.is_empty());
}

pub async fn only_a_held_leg_can_be_resolved(engine: &impl Engine) {
    let store = engine.open();
    let delivery = leased(&*store, "MPU.SE").await;
    let head = store.head().await.unwrap();
    let resolve = Settle::Resolve(settled(), vec![header("MASH.E09000033")], Along::default());
    assert_eq!(settle(&*store, holding(&delivery, 1), resolve).await, Err(StoreError::WrongState));
    assert_eq!(store.head().await.unwrap(), head);
    assert_eq!(store.delivery(delivery.id).await.unwrap(), Some(delivery));
}

pub async fn the_first_opening_is_the_acknowledgement(engine: &impl Engine) {
    let store = engine.open();
    let delivery = leased(&*store, "MPU.SE").await;
    let open = |now| store.opened(holding(&delivery, now), CARD, entry(Verb::Consultation, "OPEN_PART"));
    let before = size(&*store).await;
    assert_eq!(open(7).await.unwrap().opened, Some(at(7)));
    assert_eq!(open(8).await.unwrap().opened, Some(at(7)), "the first one counts");
    assert_eq!(size(&*store).await, before + 2, "each one is in the ledger");
    let completed = settle(&*store, holding(&delivery, 9), Settle::Complete(settled())).await.unwrap();
    assert_eq!(completed.opened, Some(at(7)));
}

pub async fn no_delivery_has_two_live_leases(engine: &impl Engine) {
    let store = engine.open();
    join_all((0..60).map(|_| store.accept(to(&["MPU.SE"])))).await;
    let pulls = join_all((0..20).map(|_| store.pull(pulling("MPU.SE", 4, 0)))).await;
    let pulled: Vec<_> = pulls.into_iter().flat_map(Result::unwrap).map(|delivery| delivery.id).collect();
    assert_eq!(pulled.len(), 60, "all of them");
    assert_eq!(pulled.iter().collect::<HashSet<_>>().len(), 60, "each once");
}

pub async fn many_leases_expire_at_once(engine: &impl Engine) {
    let store = engine.open();
    for _ in 0..5 {
        // Sixty legs of one record: also a value of several pieces.
        let legs = (0..60).map(|_| header("MPU.SE")).collect();
        store.accept(submission(legs)).await.unwrap();
    }
    let pulled = pull(&*store, "MPU.SE", 1000, 0).await;
    assert_eq!(pulled.len(), 300);
    let mut early = holding(&pulled[0], 1);
    early.now = at(1);
    settle(&*store, early, Settle::Extend(at(2000))).await.unwrap();
    assert_eq!(store.expire_leases(at(600), 5).await, Ok(299));
    assert_eq!(pull(&*store, "MPU.SE", 1000, 601).await.len(), 299);
}

pub async fn pulling_what_was_accepted_a_moment_ago(engine: &impl Engine) {
    let store = engine.open();
    // In one batch, in the order they were sent.
    let acceptance = to(&["MPU.SE"]);
    let id = DeliveryId { record: acceptance.records[0].record.id, leg: 1 };
    let (accepted, pulled) = tokio::join!(store.accept(acceptance), store.pull(pulling("MPU.SE", 1, 0)));
    accepted.unwrap();
    assert_eq!(ids(&pulled.unwrap()), [id]);
}

pub async fn the_leases_of_one_holder_end_and_no_others(engine: &impl Engine) {
    let store = engine.open();
    for _ in 0..5 {
        accept_one(&*store, "MPU.SE").await;
    }
    let mine = pull(&*store, "MPU.SE", 3, 0).await;
    let mut theirs = pulling("MPU.SE", 1, 0);
    theirs.holder = format!("{OFFICER}4");
    let theirs = store.pull(theirs).await.unwrap().remove(0);
    let before = size(&*store).await;
    assert_eq!(store.leases_of(OFFICER).await, Ok(3));
    assert_eq!(store.end_leases("homeward://pilot.example/met/SE/mpu_officer/p", Leases::All, at(1)).await, Ok(0));
    assert_eq!(store.end_leases(OFFICER, Leases::By(at(-1)), at(1)).await, Ok(0), "they came after");
    assert_eq!(store.end_leases(OFFICER, Leases::All, at(1)).await, Ok(3));
    assert_eq!(store.end_leases(OFFICER, Leases::All, at(1)).await, Ok(0), "once");
    assert_eq!((store.leases_of(OFFICER).await, size(&*store).await), (Ok(0), before + 3));
    for delivery in &mine {
        let now = store.delivery(delivery.id).await.unwrap().unwrap();
        assert_eq!((now.state, now.lease, now.failed, now.opened), (State::Waiting, None, 0, None));
        let lost = settle(&*store, holding(delivery, 2), Settle::Complete(settled())).await;
        assert_eq!(lost, Err(StoreError::LeaseLost));
    }
    assert_eq!(store.delivery(theirs.id).await.unwrap(), Some(theirs));
    assert_eq!(pull(&*store, "MPU.SE", 9, 3).await.len(), 4, "there to be pulled again");
    drop(store);
    assert_eq!(size(&*engine.open()).await, before + 4, "the store is whole");
}

pub async fn the_leases_of_a_holder_end_in_one_queue_and_in_no_other(engine: &impl Engine) {
    let store = engine.open();
    assert_eq!(store.holders().await, Ok(Vec::new()));
    for _ in 0..2 {
        leased(&*store, "MPU.SE").await;
        leased(&*store, "MPU.SX").await;
    }
    accept_one(&*store, "MPU.SE").await;
    let mut theirs = pulling("MPU.SE", 1, 0);
    theirs.holder = format!("{OFFICER}4");
    let theirs = store.pull(theirs).await.unwrap().remove(0);
    let pair = |holder: &str, name: &str| (holder.to_owned(), queue(name));
    let other = theirs.lease.as_ref().unwrap().holder.clone();
    let all = vec![pair(OFFICER, "MPU.SE"), pair(OFFICER, "MPU.SX"), pair(&other, "MPU.SE")];
    assert_eq!(store.holders().await, Ok(all.clone()));
    let before = size(&*store).await;
    assert_eq!(store.end_leases(OFFICER, Leases::In(&queue("MPU.NE")), at(1)).await, Ok(0));
    assert_eq!(store.end_leases(OFFICER, Leases::In(&queue("MPU.SE")), at(1)).await, Ok(2));
    assert_eq!(size(&*store).await, before + 2, "an entry each");
    assert_eq!(store.holders().await, Ok(all[1..].to_vec()));
    assert_eq!(pull(&*store, "MPU.SE", 9, 3).await.len(), 2, "there to be pulled again");
    assert_eq!(store.delivery(theirs.id).await.unwrap(), Some(theirs));
}
