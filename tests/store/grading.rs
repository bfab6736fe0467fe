//! Contract 9: a confirmed grade is added, shown by every delivery that carries its item, and never overwritten.

use homeward::{
    domain::{
        decision::{InformationGrade, SourceGrade},
        delivery::Delivery,
        grading::{ActionCode, ConfirmedGrade, HandlingCode, SanitisationCode},
    },
    ledger::Verb,
    store::{EventKind, Held, Settle, Store, StoreError},
};
use uuid::Uuid;

use super::{Engine, fixtures::*};

pub fn grade(item: u16, information: InformationGrade) -> ConfirmedGrade {
    ConfirmedGrade {
        item,
        version: 0,
        id: id(),
        source: SourceGrade::Untested,
        information,
        handling: HandlingCode::Conditions(ActionCode::Covert, SanitisationCode::Unsupervised),
        instructions: b"sealed instructions".to_vec(),
        reason: b"sealed reason".to_vec(),
        by: OFFICER.into(),
        at: at(5),
        leg: Some(1),
    }
}

fn on(delivery: &Delivery, grade: ConfirmedGrade) -> Settle {
    Settle::Grade(vec![(delivery.id.record, grade)])
}

async fn confirm(store: &dyn Store, held: Held, settle: Settle) -> Result<Delivery, StoreError> {
    store.settle(once("ConfirmGrading"), held, settle, entry(Verb::Alteration, "CONFIRM_GRADING")).await
}

pub async fn a_second_grade_is_the_next_version_and_the_first_stays(engine: &impl Engine) {
    let store = engine.open();
    let acceptance = to(&["MPU.SE", "REFDESK.SE"]);
    let record = acceptance.records[0].record.id;
    store.accept(acceptance).await.unwrap();
    let delivery = pull(&*store, "MPU.SE", 1, 0).await.remove(0);
    let (first, second) = (grade(1, InformationGrade::Corroborated), grade(1, InformationGrade::NotKnown));
    confirm(&*store, holding(&delivery, 5), on(&delivery, first.clone())).await.unwrap();
    let graded = confirm(&*store, holding(&delivery, 6), on(&delivery, second.clone())).await.unwrap();
    let expected = vec![ConfirmedGrade { version: 1, ..first }, ConfirmedGrade { version: 2, ..second }];
    assert_eq!(graded.confirmed, expected);
    assert_eq!(graded.confirmed(1), expected.last());
    assert_eq!(Delivery { confirmed: Vec::new(), ..graded.clone() }, delivery, "nothing else has changed");
    let elsewhere = pull(&*store, "REFDESK.SE", 1, 7).await.remove(0);
    assert_eq!(elsewhere.confirmed, expected, "the other delivery of the item shows it too");
    assert_eq!((graded.graded(), elsewhere.graded()), (Some(at(5)), None));
    // Opened, handed back, taken again, settled: it stays.
    store.opened(holding(&delivery, 8), CARD, entry(Verb::Consultation, "OPEN_PART")).await.unwrap();
    settle(&*store, holding(&delivery, 9), Settle::Release(None)).await.unwrap();
    let again = pull(&*store, "MPU.SE", 1, 10).await.remove(0);
    assert_eq!(again.confirmed, expected);
    settle(&*store, holding(&again, 11), Settle::Complete(settled())).await.unwrap();
    store.close().await;
    drop(store);
    let store = engine.open();
    let found = store.find(record).await.unwrap().unwrap().deliveries;
    assert!(found.iter().all(|delivery| delivery.confirmed == expected), "after opening again");
}

pub async fn a_grade_confirmed_again_answers_as_the_first_time(engine: &impl Engine) {
    let store = engine.open();
    let delivery = leased(&*store, "MPU.SE").await;
    let (once, log) = (once("ConfirmGrading"), entry(Verb::Alteration, "CONFIRM_GRADING"));
    let settle = on(&delivery, grade(1, InformationGrade::KnownDirectly));
    let twins =
        join_all((0..4).map(|_| store.settle(once.clone(), holding(&delivery, 5), settle.clone(), log.clone()))).await;
    let first = twins[0].clone().unwrap();
    assert_eq!(first.confirmed.len(), 1);
    assert!(twins.iter().all(|twin| twin.as_ref() == Ok(&first)));
    let later = grade(1, InformationGrade::NotKnown);
    confirm(&*store, holding(&delivery, 6), on(&delivery, later)).await.unwrap();
    let size = size(&*store).await;
    // Long after the lease is over, too: the answer is kept with the record.
    let replayed = store.settle(once.clone(), holding(&delivery, 90_000), settle.clone(), log.clone()).await;
    assert_eq!(replayed, Ok(first));
    assert_eq!(super::fixtures::size(&*store).await, size);
    let mut other = once;
    other.digest = [9; 32];
    assert_eq!(store.settle(other, holding(&delivery, 7), settle, log).await, Err(StoreError::RequestIdReused));
}

pub async fn only_a_live_lease_on_a_delivery_that_carries_the_item_grades(engine: &impl Engine) {
    let store = engine.open();
    let delivery = leased(&*store, "MPU.SE").await;
    let size = size(&*store).await;
    let settle = || on(&delivery, grade(1, InformationGrade::KnownDirectly));
    let stale = Held { token: "another".into(), ..holding(&delivery, 5) };
    let other = Held { holder: "another".into(), ..holding(&delivery, 5) };
    for held in [stale, other, holding(&delivery, 600)] {
        assert_eq!(confirm(&*store, held, settle()).await, Err(StoreError::LeaseLost));
    }
    let foreign = Held { queue: queue("MPU.NE"), ..holding(&delivery, 5) };
    assert_eq!(confirm(&*store, foreign, settle()).await, Err(StoreError::NotFound));
    let not_there = on(&delivery, grade(9, InformationGrade::KnownDirectly));
    assert_eq!(confirm(&*store, holding(&delivery, 5), not_there).await, Err(StoreError::WrongState));
    let another = Settle::Grade(vec![(Uuid::from_u128(1), grade(1, InformationGrade::KnownDirectly))]);
    assert_eq!(confirm(&*store, holding(&delivery, 5), another).await, Err(StoreError::WrongState));
    assert_eq!(super::fixtures::size(&*store).await, size, "nothing refused is in the ledger");
    assert!(store.delivery(delivery.id).await.unwrap().unwrap().confirmed.is_empty());
}

pub async fn a_linked_record_shows_it_and_the_event_is_told_once(engine: &impl Engine) {
    let store = engine.open();
    let mut acceptance = to(&["MPU.SE"]);
    let mut linked = new_record(vec![header("MASH.E09000033")]);
    linked.record.linked_from = Some(acceptance.records[0].record.id);
    let linked_id = linked.record.id;
    acceptance.records.push(linked);
    store.accept(acceptance).await.unwrap();
    let delivery = pull(&*store, "MPU.SE", 1, 1).await.remove(0);
    let own = grade(1, InformationGrade::Corroborated);
    let there = ConfirmedGrade { leg: None, instructions: b"sealed elsewhere".to_vec(), ..own.clone() };
    let both = Settle::Grade(vec![(delivery.id.record, own), (linked_id, there.clone())]);
    confirm(&*store, holding(&delivery, 5), both).await.unwrap();
    let shown = store.find(linked_id).await.unwrap().unwrap().deliveries.remove(0);
    assert_eq!(shown.confirmed, [ConfirmedGrade { version: 1, ..there }]);
    assert_eq!(shown.graded(), None, "it was graded under another delivery");
    let graded: Vec<_> = store.events(BARNET, 0, 100).await.unwrap();
    let graded: Vec<_> = graded.into_iter().filter(|event| event.kind == EventKind::Graded).collect();
    assert_eq!(graded.len(), 1);
    assert_eq!((graded[0].record, graded[0].leg, graded[0].at), (delivery.id.record, Some(1), at(5)));
}

pub async fn an_item_is_graded_twenty_times_and_no_more(engine: &impl Engine) {
    let store = engine.open();
    let delivery = leased(&*store, "MPU.SE").await;
    let again = || on(&delivery, grade(1, InformationGrade::KnownDirectly));
    for version in 1..=20 {
        let graded = confirm(&*store, holding(&delivery, 5), again()).await.unwrap();
        assert_eq!(graded.confirmed(1).unwrap().version, version);
    }
    assert_eq!(confirm(&*store, holding(&delivery, 5), again()).await, Err(StoreError::WrongState));
}
