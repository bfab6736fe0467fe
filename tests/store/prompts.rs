//! Contract 14: a prompt with a date is followed once for a record, by every queue that works on it, until it has ended.

use homeward::{
    domain::{
        decision::PromptKind,
        delivery::Header,
        outcome::NoActionReason,
        prompt::{PromptEnd, PromptOutcome, PromptOwner, PromptState, TrackedPrompt},
        retraction::RetractionKind,
    },
    ledger::Verb,
    store::{
        Acceptance, Along, EventKind, KeptFrom, Mark, Marking, Once, PromptSide, Prompted, Settle, Side, Store,
        StoreError,
    },
};
use uuid::Uuid;

use super::{Engine, finished, fixtures::*, offers, retracted};

const MPU: &str = "MPU.SE";
const MASH: &str = "MASH.E09000003";

async fn accepted(store: &dyn Store, queues: &[&str], due: i64) -> Uuid {
    let given = prompted(queues, due);
    let record = given.records[0].record.id;
    store.accept(given).await.unwrap();
    record
}

fn owner(name: &str, now: i64) -> Mark {
    Mark::Owner(PromptOwner { queue: queue(name), role: None, at: at(now), by: OFFICER.into() })
}

fn held(now: i64) -> Mark {
    Mark::End(PromptEnd { at: at(now), by: OFFICER.into(), outcome: PromptOutcome::Held, reason: None })
}

fn not_needed(now: i64) -> Mark {
    let (outcome, reason) = (PromptOutcome::NotNeeded, Some(NoActionReason::OthersActing));
    Mark::End(PromptEnd { at: at(now), by: OFFICER.into(), outcome, reason })
}

fn marking(record: Uuid, name: &str, version: u32, mark: Mark) -> Marking {
    Marking { record, kind: PromptKind::Strategy, queue: queue(name), version, mark }
}

async fn mark_as(store: &dyn Store, once: &Once, marking: Marking) -> Result<Prompted, StoreError> {
    store.mark_prompt(once.clone(), marking, entry(Verb::Alteration, "MARK_PROMPT")).await
}

async fn mark(store: &dyn Store, marking: Marking) -> Result<Prompted, StoreError> {
    mark_as(store, &once("MarkPrompt"), marking).await
}

/// One side of a queue's list, read in pages of two.
async fn list(store: &dyn Store, name: &str, side: PromptSide) -> Vec<Prompted> {
    let (mut found, mut after) = (Vec::new(), None);
    loop {
        let page = store.prompts(&queue(name), side, after, 2).await.unwrap();
        assert!(page.prompts.iter().all(|(record, prompted)| record.id == prompted.delivery.record));
        found.extend(page.prompts.into_iter().map(|(_, prompted)| prompted));
        after = page.next;
        if after.is_none() {
            return found;
        }
    }
}

async fn open(store: &dyn Store, name: &str) -> Vec<Uuid> {
    list(store, name, PromptSide::Open).await.into_iter().map(|one| one.delivery.record).collect()
}

async fn ended(store: &dyn Store, name: &str) -> Vec<Uuid> {
    list(store, name, PromptSide::Ended).await.into_iter().map(|one| one.delivery.record).collect()
}

async fn of(store: &dyn Store, record: Uuid) -> TrackedPrompt {
    let mut prompts = store.find(record).await.unwrap().unwrap().prompts;
    assert_eq!(prompts.len(), 1, "one of each kind");
    prompts.remove(0)
}

async fn told(store: &dyn Store, kind: EventKind) -> Vec<(Uuid, Option<u16>, Option<PromptKind>)> {
    let events = store.events(BARNET, 0, 1_000).await.unwrap();
    events.into_iter().filter(|one| one.kind == kind).map(|one| (one.record, one.leg, one.prompt)).collect()
}

pub async fn it_is_kept_once_and_listed_by_every_queue_that_shows_it(engine: &impl Engine) {
    let store = engine.open();
    let mut records = Vec::new();
    for due in [900, 300, 600] {
        records.push(accepted(&*store, &[MPU, MASH], due).await);
    }
    // Without a date it is nothing to be followed; another queue's is not this one's.
    store.accept(to(&[MPU])).await.unwrap();
    accepted(&*store, &["REFDESK.SE"], 100).await;
    drop(store);
    let store = engine.open();
    let by_date = [records[1], records[2], records[0]];
    for name in [MPU, MASH] {
        assert_eq!(open(&*store, name).await, by_date, "what is due first is first");
        assert!(ended(&*store, name).await.is_empty());
    }
    let first = list(&*store, MASH, PromptSide::Open).await.remove(0);
    assert_eq!((first.prompt.due, first.prompt.version, first.delivery.leg), (at(300), 1, 2));
    assert_eq!(first.queues, [queue(MASH), queue(MPU)]);
    assert_eq!(first.prompt.rule, "R12");
    for (record, now) in [(records[0], 50), (records[1], 60)] {
        mark(&*store, marking(record, MPU, 1, held(now))).await.unwrap();
    }
    drop(store);
    let store = engine.open();
    for name in [MPU, MASH] {
        assert_eq!(open(&*store, name).await, records[2..]);
        assert_eq!(ended(&*store, name).await, [records[1], records[0]], "the latest first");
    }
}

pub async fn it_is_marked_for_all_and_nobody_overwrites_another(engine: &impl Engine) {
    let store = engine.open();
    let record = accepted(&*store, &[MPU, MASH], 900).await;
    let (first, request) = (marking(record, MPU, 1, owner(MASH, 10)), once("MarkPrompt"));
    let marked = mark_as(&*store, &request, first.clone()).await.unwrap();
    assert_eq!((marked.prompt.version, marked.delivery.leg), (2, 1));
    let before = size(&*store).await;
    let others = Once { digest: [9; 32], ..request.clone() };
    assert_eq!(mark_as(&*store, &others, first.clone()).await, Err(StoreError::RequestIdReused));
    for (wrong, why) in [
        (marking(record, MASH, 1, held(20)), StoreError::Conflict),
        (marking(record, MPU, 2, owner("REFDESK.SE", 20)), StoreError::Conflict),
        (marking(record, "REFDESK.SE", 2, held(20)), StoreError::NotFound),
        (marking(id(), MPU, 2, held(20)), StoreError::NotFound),
        (Marking { kind: PromptKind::Nrm, ..marking(record, MPU, 2, held(20)) }, StoreError::NotFound),
    ] {
        assert_eq!(mark(&*store, wrong).await, Err(why));
    }
    assert_eq!(size(&*store).await, before, "what is refused writes nothing");
    // Two at once: the version lets one of them.
    let both = [(MPU, held(30)), (MASH, not_needed(30))];
    let raced = join_all(both.map(|(name, how)| mark(&*store, marking(record, name, 2, how)))).await;
    assert_eq!(raced.iter().filter(|one| one.is_ok()).count(), 1, "{raced:?}");
    assert_eq!(mark(&*store, marking(record, MASH, 3, held(40))).await, Err(StoreError::WrongState));
    drop(store);
    let store = engine.open();
    assert_eq!(mark_as(&*store, &request, first).await, Ok(marked), "as the first time, whatever came since");
    let now = of(&*store, record).await;
    assert_eq!((now.version, now.state(None)), (3, PromptState::Ended));
    assert_eq!(now.owner.as_ref().map(|owner| owner.queue.clone()), Some(queue(MASH)), "who was to do it stays said");
    for name in [MPU, MASH] {
        let page = store.deliveries(&queue(name), (Side::Live, READER), None, 9).await.unwrap();
        assert_eq!(page.deliveries[0].prompts, std::slice::from_ref(&now), "either side shows it");
    }
    for kind in [EventKind::PromptOwned, EventKind::PromptDone] {
        assert_eq!(told(&*store, kind).await, [(record, None, Some(PromptKind::Strategy))], "once");
    }
}

pub async fn what_is_late_is_told_of_once(engine: &impl Engine) {
    let store = engine.open();
    let record = accepted(&*store, &[MPU, MASH], 900).await;
    let done = accepted(&*store, &[MPU], 900).await;
    mark(&*store, marking(done, MPU, 1, held(10))).await.unwrap();
    let on_arrival = accepted(&*store, &[MPU], -1).await;
    assert_eq!(of(&*store, on_arrival).await.state(None), PromptState::Overdue);
    assert_eq!(open(&*store, MPU).await, [on_arrival, record], "what is late is before all else");
    assert_eq!(store.tell_late_prompts(at(900)).await, Ok(0), "late is after, not at");
    let before = size(&*store).await;
    assert_eq!(store.tell_late_prompts(at(901)).await, Ok(1));
    assert_eq!(size(&*store).await, before + 1);
    assert_eq!(store.tell_late_prompts(at(902)).await, Ok(0), "another replica, a moment later");
    drop(store);
    let store = engine.open();
    assert_eq!(store.tell_late_prompts(at(9_000)).await, Ok(0));
    assert_eq!(told(&*store, EventKind::PromptLate).await, [(record, None, Some(PromptKind::Strategy))]);
    let late = of(&*store, record).await;
    assert_eq!((late.late, late.version), (Some(at(901)), 1), "nobody has marked it");
    let (_, bytes) = store.entries(before, 1).await.unwrap().remove(0);
    let entry = homeward::ledger::decode(&bytes).unwrap();
    assert_eq!((entry.action.as_str(), entry.who.as_str(), entry.record), ("PROMPT_LATE", "", Some(record)));
    assert_eq!(entry.recipients, [queue(MASH), queue(MPU)]);
    mark(&*store, marking(record, MASH, 1, held(902))).await.unwrap();
    assert_eq!(of(&*store, record).await.late, Some(at(901)), "that it was late stays said");
}

pub async fn many_are_told_of_at_once(engine: &impl Engine) {
    let store = engine.open();
    let all = join_all((0..300).map(|number| store.accept(prompted(&[MPU], 100 + number)))).await;
    assert!(all.iter().all(Result::is_ok));
    assert_eq!(store.tell_late_prompts(at(350)).await, Ok(250));
    assert_eq!(store.tell_late_prompts(at(1_000)).await, Ok(50));
}

pub async fn completing_ends_no_prompt_and_an_open_one_keeps_its_record(engine: &impl Engine) {
    let store = engine.open();
    let record = accepted(&*store, &[MPU, MASH], 900).await;
    for name in [MPU, MASH] {
        finished::complete(&*store, name, 100).await;
    }
    assert_eq!(open(&*store, MPU).await, [record]);
    assert!(finished::finished(&*store, 10_000).await.is_empty());
    assert_eq!(finished::erase(&*store, record).await, Err(StoreError::Conflict));
    mark(&*store, marking(record, MASH, 1, held(500))).await.unwrap();
    assert_eq!(ended(&*store, MPU).await, [record]);
    assert!(finished::finished(&*store, 500).await.is_empty(), "since it ended");
    assert_eq!(finished::finished(&*store, 501).await, [record]);
    drop(store);
    let store = engine.open();
    finished::erase(&*store, record).await.unwrap();
    assert_eq!(ended(&*store, MPU).await, [record], "that it was done is no content");
}

pub async fn it_goes_with_the_delivery_to_whoever_has_that(engine: &impl Engine) {
    let store = engine.open();
    let given = submission(vec![Header { held: held_header(MPU).held, ..prompted_header("HOLD.human", 900) }]);
    let record = given.records[0].record.id;
    store.accept(given).await.unwrap();
    let found = list(&*store, "HOLD.human", PromptSide::Open).await.remove(0);
    assert!(found.queues.is_empty(), "HOLD only finds who will do it");
    let taken = pull(&*store, "HOLD.human", 1, 1).await.remove(0);
    let onward = Settle::Resolve(settled(), vec![prompted_header(MPU, 900)], Along::default());
    settle(&*store, holding(&taken, 2), onward).await.unwrap();
    assert!(open(&*store, "HOLD.human").await.is_empty());
    assert_eq!(open(&*store, MPU).await, [record]);
    // Offered, it is still this one's; accepted, the other's.
    let taken = pull(&*store, MPU, 1, 3).await.remove(0);
    store.opened(holding(&taken, 4), CARD, entry(Verb::Consultation, "OPEN_PART")).await.unwrap();
    settle(&*store, holding(&taken, 5), offers::offering_of(prompted_header("MPU.NE", 900), 900)).await.unwrap();
    assert_eq!((open(&*store, MPU).await, open(&*store, "MPU.NE").await), (vec![record], Vec::new()));
    let taken = pull(&*store, "MPU.NE", 1, 6).await.remove(0);
    settle(&*store, holding(&taken, 7), offers::accepting()).await.unwrap();
    drop(store);
    let store = engine.open();
    assert_eq!((open(&*store, MPU).await, open(&*store, "MPU.NE").await), (Vec::new(), vec![record]));
    assert_eq!(mark(&*store, marking(record, MPU, 1, held(8))).await, Err(StoreError::NotFound));
    mark(&*store, marking(record, "MPU.NE", 1, held(8))).await.unwrap();
}

pub async fn a_recall_ends_it_and_a_correction_goes_on_with_it(engine: &impl Engine) {
    let store = engine.open();
    let recalled = accepted(&*store, &[MPU], 900).await;
    retracted::recall(&*store, recalled, 60).await.unwrap();
    let ended_by = async |record: Uuid| of(&*store, record).await.end.map(|end| (end.outcome, end.by));
    assert_eq!(ended_by(recalled).await, Some((PromptOutcome::Recalled, String::new())));
    assert_eq!(store.tell_late_prompts(at(9_000)).await, Ok(0), "nobody is to do it");
    // The correction raises it again: with its owner, and not later.
    let first = accepted(&*store, &[MPU, MASH], 900).await;
    mark(&*store, marking(first, MPU, 1, owner(MPU, 10))).await.unwrap();
    let correct = async |record: Uuid, correction: Acceptance| {
        let mut given = correction;
        let successor = given.records[0].record.id;
        let mut one = retracted::retract(record, RetractionKind::Corrected, 70);
        one.retraction.successor = Some(successor);
        given.records[0].record.corrects = Some(record);
        given.retracts = vec![one];
        store.accept(given).await.unwrap();
        successor
    };
    let second = correct(first, prompted(&[MPU, MASH], 5_000)).await;
    assert_eq!(ended_by(first).await.map(|(outcome, _)| outcome), Some(PromptOutcome::Corrected));
    let now = of(&*store, second).await;
    assert_eq!((now.due, now.end.is_none(), now.version), (at(900), true, 1));
    assert_eq!(now.owner.map(|owner| owner.queue), Some(queue(MPU)));
    assert_eq!(open(&*store, MASH).await, [second]);
    // What was done stays done.
    mark(&*store, marking(second, MPU, 1, held(80))).await.unwrap();
    let third = correct(second, prompted(&[MPU, MASH], 5_000)).await;
    assert_eq!(of(&*store, third).await.end.map(|end| end.outcome), Some(PromptOutcome::Held));
    assert!(open(&*store, MPU).await.is_empty());
    // Without it in the correction: where nobody had read it, it ends; where somebody works on it, they say so.
    let unread = accepted(&*store, &["MPU.NW"], 900).await;
    correct(unread, to(&["MPU.NW"])).await;
    assert_eq!(ended_by(unread).await.map(|(outcome, _)| outcome), Some(PromptOutcome::Corrected));
    let read = accepted(&*store, &["MPU.SW"], 900).await;
    let taken = pull(&*store, "MPU.SW", 1, 85).await.remove(0);
    store.opened(holding(&taken, 86), CARD, entry(Verb::Consultation, "OPEN_PART")).await.unwrap();
    correct(read, to(&["MPU.SW"])).await;
    assert_eq!(ended_by(read).await, None);
    drop(store);
    let store = engine.open();
    assert_eq!(open(&*store, "MPU.SW").await, [read]);
}

/// A correction accuses people of the front door: what they said of it is nobody's word, and they are found in no list's record.
pub async fn what_the_accused_said_of_it_does_not_go_on_with_the_correction(engine: &impl Engine) {
    const ACCUSED: [u8; 32] = [8; 32];
    let store = engine.open();
    let first = accepted(&*store, &[MPU, MASH], 900).await;
    mark(&*store, marking(first, MASH, 1, held(10))).await.unwrap();
    let taken = pull(&*store, MASH, 1, 20).await.remove(0);
    settle(&*store, holding(&taken, 21), Settle::Complete(settled())).await.unwrap();
    let mut correction = prompted(&[MPU], 5_000);
    let second = correction.records[0].record.id;
    let mut one = retracted::retract(first, RetractionKind::Corrected, 70);
    one.retraction.successor = Some(second);
    one.kept_from = KeptFrom { references: vec![ACCUSED], queues: vec![queue(MASH)], identities: vec![] };
    correction.records[0].record.corrects = Some(first);
    correction.retracts = vec![one];
    store.accept(correction).await.unwrap();
    drop(store);
    let store = engine.open();
    let now = of(&*store, second).await;
    assert!(now.end.is_none() && now.owner.is_none() && now.due == at(900), "asked again, and not later");
    let ended = store.prompts(&queue(MASH), PromptSide::Ended, None, 9).await.unwrap();
    let [(record, _)] = ended.prompts.as_slice() else { panic!("what was completed shows it still") };
    assert!(record.excluded.contains(&ACCUSED), "it is kept from them since");
}
