//! Corrections and recalls: closed where nobody has read, told where somebody has, and never the fix before what it fixes.

use homeward::{
    domain::{
        code::Class,
        delivery::{Delivery, DeliveryId, State},
        history::{Step, StepKind},
        retraction::{Retraction, RetractionKind},
    },
    ledger::{Verb, decode},
    store::{Acceptance, Along, EventKind, KeptFrom, Notice, Pull, Retract, Settle, Side, Store, StoreError},
};
use uuid::Uuid;

use super::{Engine, fixtures::*, offers::offering};

pub fn retract(record: Uuid, kind: RetractionKind, now: i64) -> Retract {
    let notice = |name: &str| Notice { queue: queue(name), due: at(now + 3600), note: b"sealed why".to_vec() };
    Retract {
        record,
        before: 0,
        retraction: Retraction { kind, at: at(now), id: id(), successor: None },
        notices: vec![notice("MPU.SE"), notice("MASH.E09000003")],
        due: at(now + 600),
        successors: Vec::new(),
        tell_unread: false,
        kept_from: KeptFrom::default(),
        keeps_unread: false,
        entry: entry(Verb::Alteration, "RETRACT"),
    }
}

pub async fn recall(store: &dyn Store, record: Uuid, now: i64) -> Result<(), StoreError> {
    let one = retract(record, RetractionKind::Recalled, now);
    store.recall(once("RecallReferral"), vec![one], b"answer".to_vec()).await.map(|_| ())
}

/// A submission that one queue has read and the other has not.
async fn half_read(store: &dyn Store) -> (Delivery, DeliveryId) {
    let acceptance = to(&["MPU.SE", "MASH.E09000003"]);
    let record = acceptance.records[0].record.id;
    store.accept(acceptance).await.unwrap();
    let read = pull(store, "MPU.SE", 1, 0).await.remove(0);
    let read = store.opened(holding(&read, 10), CARD, entry(Verb::Consultation, "OPEN_PART")).await.unwrap();
    (read, DeliveryId { record, leg: 2 })
}

fn correcting(record: Uuid, queues: &[&str], now: i64) -> Acceptance {
    let mut acceptance = to(queues);
    let mut one = retract(record, RetractionKind::Corrected, now);
    (one.tell_unread, one.retraction.successor) = (true, Some(acceptance.records[0].record.id));
    one.successors = queues.iter().map(|name| queue(name)).collect();
    acceptance.records[0].record.corrects = Some(record);
    acceptance.retracts = vec![one];
    acceptance
}

async fn kinds(store: &dyn Store) -> Vec<EventKind> {
    store.events(BARNET, 0, 100).await.unwrap().iter().map(|event| event.kind).collect()
}

pub async fn what_nobody_has_read_is_closed_and_whoever_has_is_told(engine: &impl Engine) {
    let store = engine.open();
    let (read, unread) = half_read(&*store).await;
    // Taken and not read yet: closed under whoever has it.
    let taken = pull(&*store, "MASH.E09000003", 1, 20).await.remove(0);
    recall(&*store, read.id.record, 60).await.unwrap();
    drop(store);
    let store = engine.open();
    let closed = store.delivery(unread).await.unwrap().unwrap();
    assert!(closed.state == State::Recalled && closed.lease.is_none() && closed.is_closed_unread());
    let open = store.opened(holding(&taken, 61), CARD, entry(Verb::Consultation, "OPEN_PART")).await;
    assert_eq!(open, Err(StoreError::LeaseLost), "nobody opens it any longer");
    assert!(pull(&*store, "MASH.E09000003", 9, 62).await.is_empty());
    let marked = store.delivery(read.id).await.unwrap().unwrap();
    assert!(marked.state == State::Leased && marked.settled.is_none(), "whoever works on it works on it");
    assert_eq!(marked.history.last().unwrap().kind, StepKind::Recalled);
    let notice = pull(&*store, "MPU.SE", 9, 63).await.remove(0);
    assert!(notice.is_notice() && notice.header.units.is_empty() && notice.class() == read.class());
    assert_eq!(notice.header.decide_due, Some(at(3660)));
    assert_eq!(notice.history[0].note, b"sealed why");
    for other in [Settle::Complete(settled()), Settle::Reject(rejected())] {
        assert_eq!(settle(&*store, holding(&notice, 64), other).await, Err(StoreError::WrongState));
    }
    let wrong = settle(&*store, holding(&read, 64), Settle::Acknowledge(settled())).await;
    assert_eq!(wrong, Err(StoreError::WrongState), "it is no notice");
    let done = settle(&*store, holding(&notice, 65), Settle::Acknowledge(settled())).await.unwrap();
    assert_eq!(done.state, State::Completed);
    settle(&*store, holding(&read, 66), Settle::Complete(settled())).await.unwrap();
    let told = kinds(&*store).await;
    let of = |kind| told.iter().filter(|told| **told == kind).count();
    assert_eq!((of(EventKind::Recalled), of(EventKind::Acknowledged), of(EventKind::Completed)), (2, 1, 1));
    assert_eq!(store.find(read.id.record).await.unwrap().unwrap().retractions.len(), 1);
    drop(store);
    engine.open();
}

pub async fn a_correction_never_overtakes_what_it_corrects(engine: &impl Engine) {
    let store = engine.open();
    let acceptance = to(&["MPU.SE", "MASH.E09000003"]);
    let record = acceptance.records[0].record.id;
    store.accept(acceptance).await.unwrap();
    // More urgent than what it corrects, and it goes to one of its queues only.
    let mut correction = correcting(record, &["MPU.SE"], 60);
    correction.records[0].deliveries[0].class = Class::P0;
    let successor = correction.records[0].record.id;
    store.accept(correction.clone()).await.unwrap();
    assert!(store.accept(correction).await.unwrap().replayed, "once");
    drop(store);
    let store = engine.open();
    let there = store.deliveries(&queue("MPU.SE"), (Side::Live, READER), None, 9).await.unwrap().deliveries;
    assert_eq!(there.iter().map(|one| one.id.record).collect::<Vec<_>>(), [successor], "what it corrects is closed");
    assert_eq!(store.delivery(DeliveryId { record, leg: 1 }).await.unwrap().unwrap().state, State::Superseded);
    // The other queue was to read the first, and gets no delivery of the second: it is told.
    let told = pull(&*store, "MASH.E09000003", 9, 61).await;
    let [notice] = told.as_slice() else { panic!("one notice") };
    assert_eq!(notice.header.notice.as_ref().unwrap().successor, Some(successor));
    assert_eq!(store.find(successor).await.unwrap().unwrap().record.corrects, Some(record));
    drop(store);
    engine.open();
}

pub async fn a_notice_that_nobody_has_acknowledged_is_followed_by_the_next(engine: &impl Engine) {
    let store = engine.open();
    let acceptance = to(&["MPU.SE", "MASH.E09000003"]);
    let record = acceptance.records[0].record.id;
    store.accept(acceptance).await.unwrap();
    let correction = correcting(record, &["MPU.SE"], 60);
    let second = correction.records[0].record.id;
    store.accept(correction).await.unwrap();
    let first = pull(&*store, "MASH.E09000003", 9, 61).await.remove(0);
    // The second is corrected in turn, and the first with it: only of what was corrected last whoever has not read it is told.
    let mut again = correcting(second, &["MPU.SE"], 70);
    let third = again.records[0].record.id;
    let mut earlier = retract(record, RetractionKind::Corrected, 70);
    (earlier.before, earlier.retraction) = (1, again.retracts[0].retraction.clone());
    earlier.successors.push(queue("MPU.SE"));
    again.retracts.push(earlier);
    store.accept(again).await.unwrap();
    drop(store);
    let store = engine.open();
    let late = settle(&*store, holding(&first, 71), Settle::Acknowledge(settled())).await;
    assert_eq!(late, Err(StoreError::LeaseLost), "it says what is right no longer");
    let next = pull(&*store, "MASH.E09000003", 9, 72).await;
    let [next] = next.as_slice() else { panic!("one in its place: {}", next.len()) };
    assert_eq!(next.header.notice.as_ref().unwrap().successor, Some(third));
    settle(&*store, holding(next, 73), Settle::Acknowledge(settled())).await.unwrap();
    // Whoever has acknowledged it is owed nothing more.
    recall(&*store, third, 80).await.unwrap();
    let mut all = retract(record, RetractionKind::Recalled, 80);
    all.before = 2;
    store.recall(once("RecallReferral"), vec![all], b"answer".to_vec()).await.unwrap();
    assert!(pull(&*store, "MASH.E09000003", 9, 81).await.is_empty());
    drop(store);
    engine.open();
}

pub async fn a_notice_is_late_like_any_other_and_nothing_buries_it(engine: &impl Engine) {
    let store = engine.open();
    let (read, _) = half_read(&*store).await;
    recall(&*store, read.id.record, 60).await.unwrap();
    let notice = pull(&*store, "MPU.SE", 9, 61).await.remove(0);
    store.expire_leases(at(700), 1).await.unwrap();
    let again = store.delivery(notice.id).await.unwrap().unwrap();
    assert_eq!((again.state, again.failed), (State::Waiting, 1), "no dead letter");
    assert!(store.late(at(3660), 9).await.unwrap().iter().all(|one| one.id != notice.id));
    assert!(store.late(at(3661), 9).await.unwrap().iter().any(|one| one.id == notice.id));
    drop(store);
    engine.open();
}

pub async fn whoever_retracts_twice_is_told_so_and_the_first_answer_comes_again(engine: &impl Engine) {
    let store = engine.open();
    let (read, _) = half_read(&*store).await;
    let record = read.id.record;
    let (first, one) = (once("RecallReferral"), retract(record, RetractionKind::Recalled, 60));
    let recalling = async || store.recall(first.clone(), vec![one.clone()], b"answer".to_vec()).await.unwrap();
    let (answer, again) = (recalling().await, recalling().await);
    assert_eq!((answer.answer.as_slice(), answer.replayed, again.replayed), (b"answer".as_slice(), false, true));
    assert_eq!(answer.ledger_index, again.ledger_index);
    assert_eq!(recall(&*store, record, 61).await, Err(StoreError::WrongState));
    let before = size(&*store).await;
    let refused = store.accept(correcting(record, &["MPU.SE"], 62)).await;
    assert_eq!(refused.map(|_| ()), Err(StoreError::WrongState), "what was recalled is not corrected");
    assert_eq!(size(&*store).await, before, "and nothing of the correction is there");
}

/// The reference of somebody whom a correction accuses.
const ACCUSED: [u8; 32] = [8; 32];

pub async fn in_the_queue_of_whom_a_correction_accuses_all_of_it_ends_and_nobody_is_told(engine: &impl Engine) {
    let store = engine.open();
    let (read, unread) = half_read(&*store).await;
    let taken = pull(&*store, "MASH.E09000003", 1, 20).await.remove(0);
    let mut correction = correcting(read.id.record, &["HOLD.human"], 60);
    correction.retracts[0].kept_from = KeptFrom {
        references: vec![[7; 32]],
        queues: vec![queue("MPU.SE"), queue("MASH.E09000003")],
        identities: vec![],
    };
    store.accept(correction).await.unwrap();
    drop(store);
    let store = engine.open();
    for (id, held) in [(read.id, &read), (unread, &taken)] {
        let ended = store.delivery(id).await.unwrap().unwrap();
        assert!(ended.state == State::Superseded && ended.lease.is_none() && ended.history.is_empty());
        let open = store.opened(holding(held, 61), CARD, entry(Verb::Consultation, "OPEN_PART")).await;
        assert_eq!(open, Err(StoreError::LeaseLost));
    }
    let stored = store.find(read.id.record).await.unwrap().unwrap();
    assert_eq!(stored.deliveries.len(), 2, "no notice");
    assert_eq!(stored.record.excluded, [[5; 32], [6; 32], [7; 32]], "kept from them too");
    for name in ["MPU.SE", "MASH.E09000003"] {
        assert!(pull(&*store, name, 9, 62).await.is_empty());
    }
    let entries = store.entries(0, 100).await.unwrap();
    let revoked = |(_, bytes): &&(u64, Vec<u8>)| decode(bytes).unwrap().action == "LEASE_REVOKED";
    assert_eq!(entries.iter().filter(revoked).count(), 2);
    // Nor are they told of what comes after it.
    let mut again = retract(read.id.record, RetractionKind::Recalled, 70);
    (again.before, again.kept_from.queues) = (1, vec![queue("MPU.SE"), queue("MASH.E09000003")]);
    store.recall(once("RecallReferral"), vec![again], b"answer".to_vec()).await.unwrap();
    assert!(pull(&*store, "MPU.SE", 9, 71).await.is_empty());
    drop(store);
    engine.open();
}

pub async fn what_whom_a_correction_accuses_holds_waits_for_a_colleague_and_is_passed_over_by_them(
    engine: &impl Engine,
) {
    let store = engine.open();
    let (read, _) = half_read(&*store).await;
    let other = accept_one(&*store, "MPU.SE").await;
    let mut correction = correcting(read.id.record, &["MASH.E09000003"], 60);
    correction.retracts[0].kept_from =
        KeptFrom { references: vec![ACCUSED], queues: vec![], identities: vec![OFFICER.into()] };
    store.accept(correction).await.unwrap();
    drop(store);
    let store = engine.open();
    let waiting = store.delivery(read.id).await.unwrap().unwrap();
    assert!(waiting.state == State::Waiting && waiting.lease.is_none() && waiting.failed == 0);
    assert_eq!(waiting.history.last().unwrap().kind, StepKind::Corrected);
    let page =
        async |reader, limit| store.deliveries(&queue("MPU.SE"), (Side::Live, reader), None, limit).await.unwrap();
    let listed = page(ACCUSED, 9).await;
    assert_eq!(listed.deliveries.iter().map(|one| one.id).collect::<Vec<_>>(), [other]);
    assert_eq!(page(READER, 9).await.deliveries.len(), 3, "with the notice");
    let one = page(ACCUSED, 1).await;
    assert!(one.deliveries.len() == 1 && one.next.is_none(), "nothing tells that there is more");
    let theirs = store.pull(Pull { reader: ACCUSED, ..pulling("MPU.SE", 9, 61) }).await.unwrap();
    assert_eq!(theirs.iter().map(|one| one.id).collect::<Vec<_>>(), [other]);
    let from = async |reader| store.ready_from(&queue("MPU.SE"), (OFFICER, reader), at(62)).await.unwrap();
    assert_eq!((from(ACCUSED).await, from(READER).await), (None, Some(at(62))));
    let colleagues = pull(&*store, "MPU.SE", 1, 62).await;
    assert_eq!(colleagues.len(), 1, "as many as there is room for");
    assert_eq!(pull(&*store, "MPU.SE", 9, 63).await.len(), 1);
    drop(store);
    engine.open();
}

/// The sender recalls at the same moment as somebody sends it on: whichever came first, nobody is given what was recalled.
pub async fn what_was_recalled_is_neither_offered_nor_sent_on_nor_disclosed(engine: &impl Engine) {
    let store = engine.open();
    let acceptance = submission(vec![held_header("HOLD.human"), header("MPU.SE")]);
    let record = acceptance.records[0].record.id;
    store.accept(acceptance).await.unwrap();
    let mut read = Vec::new();
    for name in ["HOLD.human", "MPU.SE"] {
        let taken = pull(&*store, name, 1, 0).await.remove(0);
        read.push(store.opened(holding(&taken, 10), CARD, entry(Verb::Consultation, "OPEN_PART")).await.unwrap());
    }
    recall(&*store, record, 60).await.unwrap();
    let before = size(&*store).await;
    let onward = Settle::Resolve(settled(), vec![header("MASH.E09000033")], Along::default());
    assert_eq!(settle(&*store, holding(&read[0], 61), onward).await, Err(StoreError::WrongState));
    for other in [offering(900), Settle::Disclose(CARD)] {
        assert_eq!(settle(&*store, holding(&read[1], 61), other).await, Err(StoreError::WrongState));
    }
    assert_eq!(size(&*store).await, before, "and nothing of it is in the ledger");
    for one in &read {
        settle(&*store, holding(one, 62), Settle::Complete(settled())).await.unwrap();
    }
}

pub async fn what_was_corrected_bears_its_mark_wherever_it_goes_and_one_notice_goes_along(engine: &impl Engine) {
    let store = engine.open();
    let acceptance = submission(vec![held_header("HOLD.human"), header("MPU.SE")]);
    let record = acceptance.records[0].record.id;
    store.accept(acceptance).await.unwrap();
    let mut read = Vec::new();
    for name in ["HOLD.human", "MPU.SE"] {
        let taken = pull(&*store, name, 1, 0).await.remove(0);
        read.push(store.opened(holding(&taken, 10), CARD, entry(Verb::Consultation, "OPEN_PART")).await.unwrap());
    }
    let correction = correcting(record, &["MPU.SE"], 60);
    let successor = correction.records[0].record.id;
    store.accept(correction).await.unwrap();
    let marks = |one: &Delivery| {
        let marks = one.history.iter().filter(|step| step.kind == StepKind::Corrected);
        marks.map(|step| step.code.clone()).collect::<Vec<_>>()
    };
    settle(&*store, holding(&read[1], 61), offering(900)).await.unwrap();
    let there = pull(&*store, "MPU.NE", 9, 62).await.remove(0);
    assert_eq!(marks(&there), [successor.to_string()], "while it is only offered");
    let prepared = |name: &str| Notice { queue: queue(name), due: at(7200), note: b"sealed why".to_vec() };
    let accept =
        Settle::Accept(Step { kind: StepKind::TransferAccepted, ..rejected() }, settled(), vec![prepared("MPU.NE")]);
    settle(&*store, holding(&there, 63), accept).await.unwrap();
    // Two of one record to the same queue: it is told once; and nobody had prepared it.
    let onward = Settle::Resolve(settled(), vec![header("MASH.E09000033"), header("MASH.E09000033")], Along::default());
    settle(&*store, holding(&read[0], 64), onward).await.unwrap();
    drop(store);
    let store = engine.open();
    for (name, made, note, due) in
        [("MPU.NE", 0, b"sealed why".as_slice(), at(7200)), ("MASH.E09000033", 2, b"", at(64 + 3600))]
    {
        let all = pull(&*store, name, 9, 65).await;
        let (notices, others): (Vec<_>, Vec<_>) = all.into_iter().partition(Delivery::is_notice);
        assert!(others.len() == made && others.iter().all(|one| marks(one) == [successor.to_string()]));
        let [notice] = notices.as_slice() else { panic!("one notice in {name}") };
        assert_eq!((notice.history[0].note.as_slice(), notice.header.decide_due), (note, Some(due)));
    }
    drop(store);
    engine.open();
}

/// A correction of what was notified under the statutory duty only adds: whoever was to read the first reads it.
pub async fn what_only_adds_closes_nothing_that_nobody_has_read(engine: &impl Engine) {
    let store = engine.open();
    let (read, unread) = half_read(&*store).await;
    let mut correction = correcting(read.id.record, &["MPU.SE"], 60);
    correction.retracts[0].keeps_unread = true;
    let successor = correction.records[0].record.id;
    store.accept(correction).await.unwrap();
    drop(store);
    let store = engine.open();
    let there = pull(&*store, "MASH.E09000003", 9, 61).await;
    let (notices, kept): (Vec<_>, Vec<_>) = there.into_iter().partition(Delivery::is_notice);
    let ([kept], [_]) = (kept.as_slice(), notices.as_slice()) else { panic!("the first, and a notice") };
    let mark = kept.history.last().unwrap();
    assert_eq!((kept.id, mark.kind, mark.code.clone()), (unread, StepKind::Corrected, successor.to_string()));
    store.opened(holding(kept, 62), CARD, entry(Verb::Consultation, "OPEN_PART")).await.unwrap();
    // Corrected again: its notice gives way to the next one, and it stays.
    let mut again = retract(read.id.record, RetractionKind::Corrected, 70);
    (again.before, again.keeps_unread) = (1, true);
    store.recall(once("RecallReferral"), vec![again], b"answer".to_vec()).await.unwrap();
    let there = store.deliveries(&queue("MASH.E09000003"), (Side::Live, READER), None, 9).await.unwrap().deliveries;
    assert_eq!(there.iter().filter(|one| one.is_notice()).count(), 1);
    assert!(there.iter().any(|one| one.id == unread));
    drop(store);
    engine.open();
}

/// As often as a referral can be corrected, with each that stands in its place: whoever is at work on the first goes on.
pub async fn marks_take_the_place_of_no_step(engine: &impl Engine) {
    let store = engine.open();
    let (read, _) = half_read(&*store).await;
    let allowed = async |delivery: &Delivery| {
        let mut asked = 0;
        while settle(&*store, holding(delivery, 100), Settle::Ask(Step { kind: StepKind::Asked, ..rejected() }))
            .await
            .is_ok()
        {
            asked += 1;
        }
        asked
    };
    let (other, _) = half_read(&*store).await;
    let unmarked = allowed(&other).await;
    for before in 0..21 {
        let one = Retract { before, ..retract(read.id.record, RetractionKind::Corrected, 60) };
        store.recall(once("RecallReferral"), vec![one], b"answer".to_vec()).await.unwrap();
    }
    assert_eq!(allowed(&read).await, unmarked);
    assert!(unmarked > 15);
    drop(store);
    engine.open();
}
