//! Handing over: a delivery waits for one colleague, under a lease whose token nobody has, until they take it or it lapses.

use super::{
    dead, keys,
    lease::{find, other_kind},
    offers,
    transaction::Transaction,
    view::Look,
};
use crate::{
    domain::{
        delivery::{Delivery, DeliveryId, Lease, State},
        history::{Step, StepKind},
    },
    ledger::Entry,
    store::{
        EventKind, Once, Pull, StoreError, TakeBack,
        stored::{Answer, StoredEvent},
    },
};

/// Hands a delivery over under this lease, or back to its queue.
pub(super) fn hand_over(delivery: &mut Delivery, step: Step, to: Option<Lease>) -> Result<(), StoreError> {
    dead::add(delivery, step)?;
    delivery.state = if to.is_some() { State::Leased } else { State::Waiting };
    delivery.lease = to;
    delivery.not_before = None;
    Ok(())
}

/// What was handed over to whoever pulls and has not lapsed, most urgent first.
pub(super) fn handed_to(tx: &Transaction<'_>, pull: &Pull) -> Result<Vec<DeliveryId>, StoreError> {
    let prefix = keys::handed(&pull.queue, &pull.holder);
    let end = [prefix.as_slice(), &[0xff; 64]].concat();
    let mut found = Vec::new();
    for (key, _) in tx.view.range(&prefix, &end, pull.tokens.len())? {
        let id = keys::read_position(&key[prefix.len()..]).ok_or_else(unreadable)?.id;
        let legs = tx.legs(id.record)?.ok_or_else(unreadable)?;
        let delivery = find(&legs, id).filter(Delivery::is_handed_over).ok_or_else(unreadable)?;
        if delivery.lease.is_some_and(|lease| pull.now < lease.expires) {
            found.push(id);
        }
    }
    Ok(found)
}

/// Takes back what is not taken, or answers as the first time.
pub(super) fn take_back(
    tx: &mut Transaction<'_>,
    once: &Once,
    taking: &TakeBack,
    entry: &Entry,
) -> Result<Delivery, StoreError> {
    match tx.answered(once)? {
        None => {}
        Some(Answer::Delivery(delivery)) => return Ok(*delivery),
        Some(_) => return Err(other_kind()),
    }
    let id = taking.delivery;
    let mut legs = tx.legs(id.record)?.ok_or(StoreError::NotFound)?;
    let mut delivery = find(&legs, id).filter(|each| each.header.queue == taking.queue).ok_or(StoreError::NotFound)?;
    let given = delivery.history.iter().rev().find(|step| step.kind == StepKind::HandedOver).map(|step| &step.by);
    let by = |giver: Option<&String>| taking.giver.is_none() || taking.giver.as_ref() == giver;
    let handed = delivery.is_handed_over() && by(given);
    let offered = delivery.is_offering() && by(delivery.transfer.as_ref().map(|offer| &offer.by));
    if !handed && !offered {
        return Err(StoreError::WrongState);
    }
    let code = delivery.transfer.as_ref().filter(|_| offered).map(|offer| offer.queue.as_str().to_owned());
    dead::add(&mut delivery, Step { code: code.unwrap_or_default(), ..taking.step.clone() })?;
    if handed {
        (delivery.state, delivery.lease) = (State::Waiting, None);
    }
    let index = tx.append(entry)?;
    if offered {
        offers::withdraw(tx, &mut legs, &mut delivery, (taking.step.at, &taking.step.by))?;
    }
    tx.replace(&mut legs, delivery.clone())?;
    if offered {
        tx.tell(&legs, index, StoredEvent::of(id, taking.step.at, EventKind::NotTransferred));
    }
    tx.keep_answer(once, &Answer::Delivery(Box::new(delivery.clone())))?;
    Ok(delivery)
}

fn unreadable() -> StoreError {
    StoreError::Damaged("what is handed over and the deliveries do not agree".into())
}
