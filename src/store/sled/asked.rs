//! Questions to the sender, and their answers: steps of the delivery, which both sides are told of.

use super::{
    dead,
    lease::{find, other_kind},
    transaction::Transaction,
};
use crate::{
    domain::{delivery::Delivery, history::Step},
    ledger::Entry,
    store::{
        Clarification, EventKind, Once, StoreError,
        stored::{Answer, StoredEvent},
    },
};

/// Asks; a question keeps a place for its answer.
pub(super) fn ask(delivery: &mut Delivery, step: Step) -> Result<(), StoreError> {
    if delivery.history.iter().any(|earlier| earlier.id == step.id) {
        return Err(StoreError::WrongState);
    }
    dead::add(delivery, step)
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
