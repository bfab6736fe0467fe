//! Questions to the sender, and their answers: steps of the delivery, which both sides are told of.

use jiff::Timestamp;

use super::{
    accept::waiting,
    dead,
    lease::{find, other_kind},
    retracted,
    transaction::Transaction,
};
use crate::{
    domain::{
        delivery::{Delivery, Header},
        history::{Step, StepKind},
    },
    ledger::Entry,
    store::{
        Along, Clarification, EventKind, Once, StoreError,
        stored::{Answer, Legs, StoredEvent},
    },
};

/// Asks; a question keeps a place for its answer.
pub(super) fn ask(delivery: &mut Delivery, step: Step) -> Result<(), StoreError> {
    if delivery.history.iter().any(|earlier| earlier.id == step.id) {
        return Err(StoreError::WrongState);
    }
    dead::add(delivery, step)
}

/// What the sender of a delivery was asked, and has answered, as it goes along out of HOLD: the questions as they were prepared.
fn along(held: &Delivery, along: &Along) -> Result<Vec<Step>, StoreError> {
    let goes_along = |step: &&Step| matches!(step.kind, StepKind::Asked | StepKind::Answered);
    let prepared = |step: &Step| match step.kind {
        StepKind::Asked => {
            let (_, note) = along.questions.iter().find(|(id, _)| *id == step.id).ok_or(StoreError::Conflict)?;
            Ok(Step { note: note.clone(), failed: 0, ..step.clone() })
        }
        _ => Ok(Step { failed: 0, ..step.clone() }),
    };
    held.history.iter().filter(goes_along).map(prepared).collect()
}

/// What a held delivery becomes in each queue.
pub(super) fn sent_on(
    tx: &mut Transaction<'_>,
    legs: &mut Legs,
    when: (u64, Timestamp),
    (held, headers, along): (&Delivery, &[Header], &Along),
) -> Result<(), StoreError> {
    let mut history = self::along(held, along)?;
    for header in headers {
        let made = waiting(held.id, header.clone());
        let made = Delivery { from_hold: Some(held.id.leg), history: std::mem::take(&mut history), ..made };
        let made = retracted::add_marked(tx, legs, when, made)?;
        retracted::tell_along(tx, legs, (when.1, &made), &along.notices)?;
    }
    Ok(())
}

/// How much of what goes along is written.
pub(super) fn bytes(along: &Along) -> usize {
    along.questions.iter().map(|(_, note)| note.len()).sum()
}

/// Adds the answer, or answers as the first time.
pub(super) fn clarify(
    tx: &mut Transaction<'_>,
    once: &Once,
    clarification: &Clarification,
    entry: &Entry,
) -> Result<Delivery, StoreError> {
    match tx.answered(once)? {
        None => {}
        Some(Answer::Delivery(delivery)) => return Ok(*delivery),
        Some(_) => return Err(other_kind()),
    }
    let Clarification { delivery: id, question, step } = clarification;
    let mut legs = tx.legs(id.record)?.ok_or(StoreError::NotFound)?;
    let asked = find(&legs, *id).ok_or(StoreError::NotFound)?;
    let mut delivery = asked.gone_to(&legs.deliveries).clone();
    let mut open = delivery.questions().filter(|(_, answer)| answer.is_none());
    if delivery.settled.is_some() || !open.any(|(asked, _)| asked.id == *question) {
        return Err(StoreError::WrongState);
    }
    drop(open);
    dead::add(&mut delivery, step.clone())?;
    // Another unit may have accepted it since that was written.
    let (deliveries, recipients) = (vec![delivery.id], vec![delivery.header.queue.clone()]);
    let index = tx.append(&Entry { deliveries, recipients, ..entry.clone() })?;
    tx.replace(&mut legs, delivery.clone())?;
    tx.tell(&legs, index, StoredEvent::of(delivery.id, step.at, EventKind::Answered));
    tx.keep_answer(once, &Answer::Delivery(Box::new(delivery.clone())))?;
    Ok(delivery)
}
