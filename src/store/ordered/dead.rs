//! The dead-letter side of a queue: what was rejected or failed too often lies there with its id and history, in nobody's way,
//! until it is sent back to the same queue.

use std::collections::BTreeMap;

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    keys::{self, Place},
    lease::{find, other_kind},
    transaction::Transaction,
    view::Look,
};
use crate::{
    domain::{
        delivery::{Delivery, State},
        history::{Escalation, MOST_STEPS, Step, StepKind},
        outcome::DeadReason,
        paging::{LATE, why},
        queue::QueueId,
    },
    ledger::Entry,
    store::{
        EventKind, Once, Replay, StoreError,
        stored::{Answer, StoredEvent},
    },
};

/// So often a delivery is sent back however long its history is.
const MOST_REPLAYS: usize = 100;

/// Puts a delivery there by an officer's decision.
pub(super) fn reject(delivery: &mut Delivery, step: Step) -> Result<(), StoreError> {
    add(delivery, step)?;
    bury(delivery);
    Ok(())
}

/// Puts a delivery there because too many leases on it ran out. Its history can never be too long for that.
pub(super) fn at_the_limit(delivery: &mut Delivery, now: Timestamp) {
    let step = Step {
        id: Uuid::nil(),
        kind: StepKind::Rejected,
        at: now,
        by: String::new(),
        code: DeadReason::AttemptLimit.code().to_owned(),
        note: Vec::new(),
        given: Vec::new(),
        failed: delivery.failed,
    };
    delivery.history.push(step);
    bury(delivery);
}

fn bury(delivery: &mut Delivery) {
    delivery.state = State::DeadLetter;
    delivery.lease = None;
    delivery.not_before = None;
}

/// How many lie there, by queue.
pub(super) fn count(tree: &impl Look) -> Result<BTreeMap<QueueId, u64>, StoreError> {
    let mut dead = BTreeMap::new();
    tree.each(&keys::every_queue(Place::Dead), &mut |key, _| {
        let queue = queue_of(key).ok_or_else(|| StoreError::Damaged("a queue's index cannot be read".into()))?;
        *dead.entry(queue).or_default() += 1;
        Ok(())
    })?;
    Ok(dead)
}

/// The queue that a key of such an index begins with: its length, its name.
fn queue_of(key: &[u8]) -> Option<QueueId> {
    let (length, name) = key.get(1..)?.split_first_chunk::<4>()?;
    let name = name.get(..usize::try_from(u32::from_be_bytes(*length)).ok()?)?;
    QueueId::parse(std::str::from_utf8(name).ok()?)
}

/// Sends a dead letter back to its queue, or answers as the first time.
pub(super) fn replay(
    tx: &mut Transaction<'_>,
    once: &Once,
    replay: &Replay,
    entry: &Entry,
) -> Result<Delivery, StoreError> {
    match tx.answered(once)? {
        None => {}
        Some(Answer::Delivery(delivery)) => return Ok(*delivery),
        Some(_) => return Err(other_kind()),
    }
    let id = replay.delivery;
    let mut legs = tx.legs(id.record)?.ok_or(StoreError::NotFound)?;
    let mut delivery = find(&legs, id).filter(|each| each.header.queue == replay.queue).ok_or(StoreError::NotFound)?;
    if delivery.state != State::DeadLetter || legs.excluded.contains(&replay.reader) {
        return Err(StoreError::WrongState);
    }
    add(&mut delivery, replay.step.clone())?;
    delivery.state = State::Waiting;
    let index = tx.append(entry)?;
    tx.replace(&mut legs, delivery.clone())?;
    // It waits for somebody again, and nobody was told since it lay aside.
    if delivery.page() && !tx.is_paged(&delivery) {
        let is_late = delivery.escalations().next().is_some();
        tx.page(&delivery, if is_late { LATE } else { why(&delivery.header) }, replay.step.at);
    }
    tx.tell(&legs, index, StoredEvent::of(id, replay.step.at, EventKind::Replayed));
    tx.keep_answer(once, &Answer::Delivery(Box::new(delivery.clone())))?;
    Ok(delivery)
}

/// Adds a step; the last places are kept free for the broker's own, the limit of attempts and each escalation, for an answer to each
/// question, and for what comes of an offer to another unit. Corrections and a recall, of which there are only so many, take nobody's.
pub(super) fn add(delivery: &mut Delivery, step: Step) -> Result<(), StoreError> {
    let open = delivery.questions().filter(|(_, answer)| answer.is_none()).count();
    let kept = match step.kind {
        StepKind::Asked => open + 1,
        StepKind::Answered => open.saturating_sub(1),
        _ => open,
    };
    let replays = delivery.history.iter().filter(|step| step.kind == StepKind::Replayed).count();
    // Else it would lie aside for ever, in a history that has room for nothing.
    let is_free = step.kind == StepKind::Replayed && replays < MOST_REPLAYS;
    let offering = delivery.is_offering() || step.kind == StepKind::TransferOffered;
    let kept = kept + usize::from(offering);
    let others = delivery.history.iter().filter(|step| !step.kind.is_mark()).count();
    if !is_free && others + 1 + Escalation::ALL.len() + kept >= MOST_STEPS {
        return Err(StoreError::WrongState);
    }
    delivery.history.push(Step { failed: delivery.failed, ..step });
    Ok(())
}
