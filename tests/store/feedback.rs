//! What a sender can watch and list.

use homeward::{
    domain::{
        reading::MOST_READINGS,
        unit::{Audience, Part, UnitLabel},
    },
    ledger::Verb,
    store::{Along, Event, EventKind, Held, Pull, Settle, Store, StoreError},
};

use super::{Engine, fixtures::*};

async fn events(store: &dyn Store) -> Vec<Event> {
    store.events(BARNET, 0, 1000).await.unwrap()
}

pub async fn the_receipt_chain_of_a_submission(engine: &impl Engine) {
    let store = engine.open();
    let acceptance = submission(vec![held_header("HOLD.human")]);
    let record = acceptance.records[0].record.id;
    store.accept(acceptance).await.unwrap();
    let held = pull(&*store, "HOLD.human", 1, 1).await.remove(0);
    store.opened(holding(&held, 2), CARD, entry(Verb::Consultation, "OPEN_PART")).await.unwrap();
    let onward = Settle::Resolve(settled(), vec![header("MPU.SE")], Along::default());
    settle(&*store, holding(&held, 3), onward).await.unwrap();
    let sent_on = pull(&*store, "MPU.SE", 1, 4).await.remove(0);
    settle(&*store, holding(&sent_on, 5), Settle::Complete(settled())).await.unwrap();
    let event = |index, at_second, leg, kind| Event { index, at: at(at_second), record, leg, kind, prompt: None };
    assert_eq!(
        events(&*store).await,
        [
            event(0, 0, None, EventKind::Received),
            event(1, 1, Some(1), EventKind::Delivered),
            event(2, 2, Some(1), EventKind::Opened),
            event(3, 3, Some(1), EventKind::Resolved),
            event(4, 4, Some(2), EventKind::Delivered),
            event(5, 5, Some(2), EventKind::Completed),
        ]
    );
    assert!(store.events("gss/E0900000", 0, 10).await.unwrap().is_empty(), "another organisation");
}

pub async fn only_the_first_pull_and_opening_are_told(engine: &impl Engine) {
    let store = engine.open();
    let first = leased(&*store, "MPU.SE").await;
    let extended = settle(&*store, holding(&first, 1), Settle::Extend(at(900))).await.unwrap();
    settle(&*store, holding(&extended, 1), Settle::Release(None)).await.unwrap();
    let second = pull(&*store, "MPU.SE", 1, 2).await.remove(0);
    for now in [3, 4] {
        store.opened(holding(&second, now), CARD, entry(Verb::Consultation, "OPEN_PART")).await.unwrap();
    }
    store.expire_leases(at(5000), 5).await.unwrap();
    let kinds: Vec<_> = events(&*store).await.iter().map(|event| event.kind).collect();
    assert_eq!(kinds, [EventKind::Received, EventKind::Delivered, EventKind::Opened]);
}

pub async fn going_on_from_an_index_misses_nothing(engine: &impl Engine) {
    let store = engine.open();
    for _ in 0..4 {
        store.accept(to(&["MPU.SE", "MPU.SE", "MASH.E09000003"])).await.unwrap();
    }
    // One entry of the ledger, eight events.
    assert_eq!(pull(&*store, "MPU.SE", 100, 1).await.len(), 8);
    store.accept(to(&["MPU.SE"])).await.unwrap();
    pull(&*store, "MASH.E09000003", 2, 2).await;
    let all = events(&*store).await;
    assert_eq!(all.len(), 4 + 8 + 1 + 2);
    for limit in [1, 2, 3, 5, 11, 15, 16] {
        let (mut seen, mut from) = (Vec::new(), 0);
        loop {
            let step = store.events(BARNET, from, limit).await.unwrap();
            let Some(last) = step.last() else { break };
            from = last.index + 1;
            seen.extend(step);
        }
        assert_eq!(seen, all, "by {limit}");
    }
    assert!(store.events(BARNET, 0, 0).await.unwrap().is_empty());
    assert!(store.events(BARNET, u64::MAX, 5).await.unwrap().is_empty());
}

pub async fn a_linked_record_tells_the_same_organisation(engine: &impl Engine) {
    let store = engine.open();
    let mut acceptance = to(&["MPU.SE"]);
    let mut linked = new_record(vec![header("MASH.E09000033")]);
    linked.record.linked_from = Some(acceptance.records[0].record.id);
    let linked_id = linked.record.id;
    acceptance.records.push(linked);
    store.accept(acceptance).await.unwrap();
    pull(&*store, "MASH.E09000033", 1, 1).await;
    let last = events(&*store).await.pop().unwrap();
    assert_eq!((last.record, last.leg, last.kind), (linked_id, Some(1), EventKind::Delivered));
    let received = events(&*store).await.iter().filter(|event| event.kind == EventKind::Received).count();
    assert_eq!(received, 1, "one receipt for one submission");
}

pub async fn records_are_listed_newest_first_in_pages(engine: &impl Engine) {
    let store = engine.open();
    let mut expected = Vec::new();
    for number in 0..7 {
        let mut acceptance = to(&["MPU.SE"]);
        let record = &mut acceptance.records[0].record;
        match number {
            // Another council's: not listed. A provider's for this council: listed.
            3 => (record.organisation, record.on_behalf_of) = ("gss/E09000004".into(), "E09000004".into()),
            4 => record.organisation = "provider/safer-returns".into(),
            _ => {}
        }
        if number != 3 {
            expected.insert(0, (number, record.id));
        }
        store.accept(acceptance).await.unwrap();
    }
    for limit in [1, 4, 6, 7] {
        let (mut seen, mut before) = (Vec::new(), u64::MAX);
        loop {
            let page = store.records(BARNET, before, limit).await.unwrap();
            assert!(page.len() <= limit);
            let Some((last, _)) = page.last() else { break };
            before = *last;
            seen.extend(page.iter().map(|(index, stored)| (*index, stored.record.id)));
        }
        assert_eq!(seen, expected, "by {limit}");
    }
    assert_eq!(
        store.records("provider/safer-returns", u64::MAX, 5).await.unwrap().len(),
        1,
        "who submitted lists it too"
    );
    assert!(store.records(BARNET, 0, 5).await.unwrap().is_empty());
    assert!(store.records("gss/E0900000", u64::MAX, 5).await.unwrap().is_empty());
}

pub async fn linked_records_are_found_but_not_listed(engine: &impl Engine) {
    let store = engine.open();
    let mut acceptance = to(&["MPU.SE"]);
    let mut linked = new_record(vec![header("MASH.E09000033")]);
    linked.record.linked_from = Some(acceptance.records[0].record.id);
    acceptance.records[0].record.linked = vec![linked.record.id];
    let (subject, other) = (acceptance.records[0].record.clone(), linked.record.clone());
    acceptance.records.push(linked);
    store.accept(acceptance).await.unwrap();
    let listed = store.records(BARNET, u64::MAX, 10).await.unwrap();
    assert_eq!(listed.iter().map(|(_, stored)| stored.record.clone()).collect::<Vec<_>>(), [subject]);
    assert_eq!(store.find(other.id).await.unwrap().unwrap().record, other);
}

pub async fn who_opened_what_is_kept_and_told_once(engine: &impl Engine) {
    let store = engine.open();
    let held = leased(&*store, "MPU.SE").await;
    let item = UnitLabel { item: Some(1), part: Part::Item, audience: Audience::Mpu };
    let open = |held, unit| store.opened(held, unit, entry(Verb::Consultation, "OPEN_PART"));
    for (unit, now) in [(CARD, 1), (item, 2), (CARD, 3)] {
        open(holding(&held, now), unit).await.unwrap();
    }
    let colleague = "homeward://pilot.example/met/SE/mpu_officer/p2";
    settle(&*store, holding(&held, 4), Settle::Release(None)).await.unwrap();
    let again = store.pull(Pull { holder: colleague.into(), ..pulling("MPU.SE", 1, 5) }).await.unwrap().remove(0);
    settle(&*store, holding(&again, 6), Settle::Disclose(CARD)).await.unwrap();
    let refused = open(Held { token: "stale".into(), ..holding(&again, 7) }, item).await;
    assert_eq!(refused, Err(StoreError::LeaseLost));
    drop(store);
    let store = engine.open();
    let expected = [(CARD, OFFICER, 1, 3, 2), (item, OFFICER, 2, 2, 1), (CARD, colleague, 6, 6, 1)];
    let readings = store.find(held.id.record).await.unwrap().unwrap().readings;
    let kept: Vec<_> = readings.iter().map(|one| (one.unit, one.by.as_str(), one.first, one.last, one.times)).collect();
    assert_eq!(kept, expected.map(|(unit, by, first, last, times)| (unit, by, at(first), at(last), times)));
    let told = events(&*store).await.into_iter().filter(|one| [EventKind::Opened, EventKind::Read].contains(&one.kind));
    let told: Vec<_> = told.map(|one| (one.kind, one.index)).collect();
    let index: Vec<_> = readings.iter().map(|one| one.index).collect();
    assert_eq!(told, [(EventKind::Opened, index[0]), (EventKind::Read, index[1]), (EventKind::Read, index[2])]);
}

pub async fn no_more_readings_are_kept_than_a_record_can_carry(engine: &impl Engine) {
    let store = engine.open();
    let held = leased(&*store, "MPU.SE").await;
    let unit = |item| UnitLabel { item: Some(item), part: Part::Item, audience: Audience::Mpu };
    let most = u16::try_from(MOST_READINGS).unwrap();
    for item in 1..=most + 1 {
        store.opened(holding(&held, 1), unit(item), entry(Verb::Consultation, "OPEN_PART")).await.unwrap();
    }
    store.opened(holding(&held, 2), unit(1), entry(Verb::Consultation, "OPEN_PART")).await.unwrap();
    // What no sender is shown counts apart.
    let hidden = UnitLabel { item: Some(1), part: Part::Provenance, audience: Audience::Nobody };
    store.opened(holding(&held, 3), hidden, entry(Verb::Consultation, "OPEN_PART")).await.unwrap();
    let readings = store.find(held.id.record).await.unwrap().unwrap().readings;
    assert_eq!((readings.len(), readings[0].times), (MOST_READINGS + 1, 2));
    let told = store.events(BARNET, 0, 10_000).await.unwrap().len();
    assert_eq!(told, 1 + 1 + MOST_READINGS + 1, "received, taken, and each reading once");
    assert_eq!(size(&*store).await, 2 + u64::from(most) + 3, "the ledger has all");
}
