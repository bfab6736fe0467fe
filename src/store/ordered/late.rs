//! What is late: found by the moment after which it is, and escalated (R25).

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    keys::{self, Place},
    lease::find,
    transaction::Transaction,
    view::Look,
};
use crate::{
    domain::{
        delivery::{Delivery, DeliveryId},
        paging::LATE,
    },
    store::{
        EventKind, Raise, StoreError,
        stored::{Legs, StoredEvent},
    },
};

/// After when each live delivery is late, read once from the indices of the queues.
pub(in crate::store) fn awaited(tree: &impl Look) -> Result<BTreeSet<(Timestamp, DeliveryId)>, StoreError> {
    let mut awaited = BTreeSet::new();
    for place in Place::ALL {
        tree.each(&keys::every_queue(place), &mut |key, standing| {
            let id = keys::read_delivery(key).ok_or_else(unreadable)?;
            awaited.extend(keys::late_after(standing).map(|due| (due, id)));
            Ok(())
        })?;
    }
    Ok(awaited)
}

/// What is to be escalated at `now`, the longest late first. Late means now > deadline (D15).
pub(in crate::store) fn late(tx: &Transaction<'_>, now: Timestamp, limit: usize) -> Result<Vec<Delivery>, StoreError> {
    let due = tx.books.awaited.iter().take_while(|(due, _)| *due < now).take(limit);
    due.map(|(_, id)| {
        let legs = tx.legs(id.record)?.ok_or_else(unreadable)?;
        find(&legs, *id).filter(|delivery| delivery.late_after().is_some()).ok_or_else(unreadable)
    })
    .collect()
}

/// Escalates what is late and was not escalated since: a second replica, or somebody who settled it, may have come first.
pub(in crate::store) fn escalate(tx: &mut Transaction<'_>, raises: Vec<Raise>) -> Result<u64, StoreError> {
    let mut count = 0;
    for one in raises {
        let id = one.delivery;
        let mut legs = tx.legs(id.record)?.ok_or(StoreError::NotFound)?;
        let delivery = find(&legs, id).ok_or(StoreError::NotFound)?;
        let late = delivery.late_after().is_some_and(|due| one.step.at > due);
        if !late || delivery.is_offered() || delivery.escalations().count() != one.before {
            continue;
        }
        raise(tx, &mut legs, delivery, &one)?;
        count += 1;
    }
    Ok(count)
}

/// Somebody above is turned to.
pub(in crate::store) fn raise(
    tx: &mut Transaction<'_>,
    legs: &mut Legs,
    mut delivery: Delivery,
    one: &Raise,
) -> Result<(), StoreError> {
    let (id, at, index) = (delivery.id, one.step.at, tx.append(&one.entry)?);
    delivery.history.push(one.step.clone());
    delivery.escalate_from = one.again_from;
    tx.page(&delivery, LATE, at);
    tx.replace(legs, delivery)?;
    tx.tell(legs, index, StoredEvent::of(id, at, EventKind::Escalated));
    Ok(())
}

fn unreadable() -> StoreError {
    StoreError::Damaged("a queue's index and its deliveries do not agree".into())
}
