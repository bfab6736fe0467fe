//! Fictional submissions, pulls and settlements, each with ids of its own.

use std::{
    future::{Future, poll_fn},
    pin::Pin,
    sync::atomic::{AtomicU64, Ordering},
    task::Poll,
};

use homeward::{
    domain::{
        carer_copy::CarerCopy,
        code::Class,
        decision::{Content, HoldReason, PromptKind},
        delivery::{Delivery, DeliveryId, Header, HeldHeader, ItemHeader, PromptDue, Settled},
        history::{Step, StepKind},
        queue::QueueId,
        unit::{Audience, Part, UnitLabel},
    },
    ledger::{Entry, Verb},
    store::{Acceptance, Accepted, Held, Keep, NewRecord, Once, Pull, Record, Settle, Store, StoreError},
};
use jiff::{SignedDuration, Timestamp};
use uuid::Uuid;

pub const BARNET: &str = "gss/E09000003";
/// A unit that every delivery has.
pub const CARD: UnitLabel = UnitLabel { item: None, part: Part::EpisodeCard, audience: Audience::Mpu };
pub const OFFICER: &str = "homeward://pilot.example/met/SE/mpu_officer/p1";

/// The reference of somebody whom no record accuses.
pub const READER: [u8; 32] = [1; 32];

/// A number never given before, also not by another process of the same test.
pub fn fresh() -> u64 {
    static NEXT: AtomicU64 = AtomicU64::new(1);
    u64::from(std::process::id()) << 32 | NEXT.fetch_add(1, Ordering::Relaxed)
}

pub fn id() -> Uuid {
    Uuid::from_u128(0x4000_8000_0000_0000_0000 + u128::from(fresh()))
}

/// A moment, in seconds after the beginning of the tests' evening.
pub fn at(seconds: i64) -> Timestamp {
    "2026-03-02T18:00:00.000000123Z".parse::<Timestamp>().unwrap() + SignedDuration::from_secs(seconds)
}

pub fn queue(name: &str) -> QueueId {
    QueueId::parse(name).unwrap()
}

pub fn once(method: &'static str) -> Once {
    Once { caller: OFFICER.into(), method, request: id(), digest: [1; 32], keep: Keep::WithRecord }
}

pub fn entry(verb: Verb, action: &str) -> Entry {
    Entry {
        at: at(0),
        verb,
        action: action.into(),
        who: OFFICER.into(),
        actor: None,
        record: None,
        deliveries: Vec::new(),
        recipients: Vec::new(),
        details: vec!["3x5x2".into()],
        commitment: None,
    }
}

/// A header with something in every field.
pub fn header(name: &str) -> Header {
    Header {
        queue: queue(name),
        class: Class::P1,
        rules: vec!["R02".into(), "R07".into()],
        rule_set: "2026-11-3".into(),
        contents: vec![Content::EpisodeCard, Content::Items],
        items: vec![ItemHeader {
            number: 1,
            proposed: "2A".into(),
            handling: "C A1 S2".into(),
            instruction: "Ask first.".into(),
        }],
        prompts: vec![PromptDue {
            kind: PromptKind::Strategy,
            rule: "R02".into(),
            due: None,
            overdue_on_arrival: false,
        }],
        units: vec![
            UnitLabel { item: None, part: Part::EpisodeCard, audience: Audience::Mpu },
            UnitLabel { item: Some(1), part: Part::Item, audience: Audience::Mpu },
        ],
        received: at(0),
        ack_due: Some(at(3600)),
        decide_due: Some(at(86_400)),
        page: true,
        provisional: false,
        held: None,
        linked_from: None,
        corrects: None,
        notice: None,
    }
}

pub fn held_header(name: &str) -> Header {
    Header {
        held: Some(HeldHeader {
            reason: HoldReason::GeographyUnknown,
            meant_for: vec!["MASH".into()],
            never_by: vec![queue("MASH.E09000003")],
        }),
        ..header(name)
    }
}

pub fn new_record(deliveries: Vec<Header>) -> NewRecord {
    let record = Record {
        id: id(),
        organisation: BARNET.into(),
        on_behalf_of: "E09000003".into(),
        received: at(0),
        class: Class::P1,
        linked_from: None,
        corrects: None,
        linked: Vec::new(),
        excluded: vec![[5; 32], [6; 32]],
        carer_copy: CarerCopy::Proposed,
    };
    NewRecord { record, wraps: Vec::new(), wrapped_under: "none".into(), sealed: b"sealed".to_vec(), deliveries }
}

/// A submission with these deliveries.
pub fn submission(deliveries: Vec<Header>) -> Acceptance {
    let new = new_record(deliveries);
    let mut first = entry(Verb::Collection, "SUBMIT");
    first.record = Some(new.record.id);
    first.commitment = Some([3; 32]);
    Acceptance {
        once: once("SubmitReferral"),
        answer: new.record.id.as_bytes().to_vec(),
        seen: None,
        retracts: Vec::new(),
        records: vec![new],
        entries: vec![first],
    }
}

/// A submission with one leg in each of these queues.
pub fn to(queues: &[&str]) -> Acceptance {
    submission(queues.iter().map(|name| header(name)).collect())
}

/// A header that shows a strategy discussion to be held by a moment.
pub fn prompted_header(name: &str, due: i64) -> Header {
    let prompt =
        PromptDue { kind: PromptKind::Strategy, rule: "R12".into(), due: Some(at(due)), overdue_on_arrival: due < 0 };
    Header { prompts: vec![prompt], ..header(name) }
}

/// A submission with one, to these queues.
pub fn prompted(queues: &[&str], due: i64) -> Acceptance {
    let mut given = submission(queues.iter().map(|name| prompted_header(name, due)).collect());
    given.records[0].wraps = b"wraps".to_vec();
    given
}

/// Accepts a submission with one leg; answers with its delivery's name.
pub async fn accept_one(store: &dyn Store, name: &str) -> DeliveryId {
    accept_with(store, header(name)).await
}

/// Accepts a submission with one leg as described.
pub async fn accept_with(store: &dyn Store, header: Header) -> DeliveryId {
    let acceptance = submission(vec![header]);
    let record = acceptance.records[0].record.id;
    let Accepted { replayed, .. } = store.accept(acceptance).await.unwrap();
    assert!(!replayed);
    DeliveryId { record, leg: 1 }
}

/// A pull of up to `most` at `now`, leases of ten minutes.
pub fn pulling(name: &str, most: usize, now: i64) -> Pull {
    Pull {
        once: once("Pull"),
        queue: queue(name),
        holder: OFFICER.into(),
        reader: READER,
        session: "session-1".into(),
        tokens: (0..most).map(|_| format!("token-{}", fresh())).collect(),
        now: at(now),
        expires: at(now + 600),
        entry: entry(Verb::Disclosure, "PULL"),
    }
}

pub async fn pull(store: &dyn Store, name: &str, most: usize, now: i64) -> Vec<Delivery> {
    store.pull(pulling(name, most, now)).await.unwrap()
}

/// Accepts and pulls one delivery at second 0.
pub async fn leased(store: &dyn Store, name: &str) -> Delivery {
    let id = accept_one(store, name).await;
    let mut pulled = pull(store, name, 1, 0).await;
    assert_eq!(pulled.len(), 1);
    let delivery = pulled.remove(0);
    assert_eq!(delivery.id, id);
    delivery
}

/// The use of a delivery's lease at `now` by its holder.
pub fn holding(delivery: &Delivery, now: i64) -> Held {
    let lease = delivery.lease.as_ref().expect("a leased delivery");
    Held {
        delivery: delivery.id,
        queue: delivery.header.queue.clone(),
        holder: lease.holder.clone(),
        token: lease.token.clone(),
        now: at(now),
        kept_from: None,
        retractions: None,
    }
}

pub fn rejected() -> Step {
    let (id, kind, code, note) = (id(), StepKind::Rejected, "UNREADABLE".into(), b"sealed".to_vec());
    Step { id, kind, at: at(60), by: OFFICER.into(), code, note, given: Vec::new(), failed: 0 }
}

pub fn settled() -> Settled {
    Settled {
        at: at(60),
        by: OFFICER.into(),
        outcome: "RECORDED".into(),
        reason: Some("REASON".into()),
        release_detail: true,
        note: b"sealed note".to_vec(),
    }
}

pub async fn settle(store: &dyn Store, held: Held, settle: Settle) -> Result<Delivery, StoreError> {
    store.settle(once("Settle"), held, settle, entry(Verb::Alteration, "SETTLE")).await
}

/// The size of the ledger.
pub async fn size(store: &dyn Store) -> u64 {
    store.head().await.unwrap().size
}

/// Ids in the order given.
pub fn ids(deliveries: &[Delivery]) -> Vec<DeliveryId> {
    deliveries.iter().map(|delivery| delivery.id).collect()
}

/// Waits for all of them at once, so that they can share a batch.
pub async fn join_all<F: Future>(futures: impl IntoIterator<Item = F>) -> Vec<F::Output> {
    let mut waiting: Vec<Pin<Box<F>>> = futures.into_iter().map(Box::pin).collect();
    let mut done: Vec<Option<F::Output>> = waiting.iter().map(|_| None).collect();
    poll_fn(|context| {
        for (future, done) in waiting.iter_mut().zip(&mut done).filter(|(_, done)| done.is_none()) {
            if let Poll::Ready(output) = future.as_mut().poll(context) {
                *done = Some(output);
            }
        }
        if done.iter().all(Option::is_some) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
    done.into_iter().flatten().collect()
}
