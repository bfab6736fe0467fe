//! What is late: found by the moment after which it is, and escalated (R25).

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    keys::{self, Place},
    lease::find,
    transaction::Transaction,
    view::engine,
};
use crate::{
    domain::{
        delivery::{Delivery, DeliveryId},
        paging::LATE,
    },
    store::{EventKind, Raise, StoreError, stored::StoredEvent},
};

/// After when each live delivery is late, read once from the indices of the queues.
pub(super) fn awaited(tree: &::sled::Tree) -> Result<BTreeSet<(Timestamp, DeliveryId)>, StoreError> {
    let mut awaited = BTreeSet::new();
    for place in Place::ALL {
        for pair in tree.scan_prefix(keys::every_queue(place)) {
            let (key, standing) = pair.map_err(engine)?;
            let id = keys::read_delivery(&key).ok_or_else(unreadable)?;
            awaited.extend(keys::late_after(&standing).map(|due| (due, id)));
        }
    }
    Ok(awaited)
}

/// What is to be escalated at `now`, the longest late first. Late means now > deadline (D15).
pub(super) fn late(tx: &Transaction<'_>, now: Timestamp, limit: usize) -> Result<Vec<Delivery>, StoreError> {
    let due = tx.books.awaited.iter().take_while(|(due, _)| *due < now).take(limit);
    due.map(|(_, id)| {
        let legs = tx.legs(id.record)?.ok_or_else(unreadable)?;
        find(&legs, *id).filter(|delivery| delivery.late_after().is_some()).ok_or_else(unreadable)
    })
    .collect()
}

/// Escalates what is late and was not escalated since: a second replica, or somebody who settled it, may have come first.
pub(super) fn escalate(tx: &mut Transaction<'_>, raises: Vec<Raise>) -> Result<u64, StoreError> {
    let mut count = 0;
    for Raise { delivery: id, before, step, again_from, entry } in raises {
        let mut legs = tx.legs(id.record)?.ok_or(StoreError::NotFound)?;
        let mut delivery = find(&legs, id).ok_or(StoreError::NotFound)?;
        let late = delivery.late_after().is_some_and(|due| step.at > due);
        if !late || delivery.escalations().count() != before {
            continue;
        }
        let (at, index) = (step.at, tx.append(&entry)?);
        delivery.history.push(step);
        delivery.escalate_from = again_from;
        tx.page(&delivery, LATE, at);
        tx.replace(&mut legs, delivery)?;
        tx.tell(&legs, index, StoredEvent::of(id, at, EventKind::Escalated));
        count += 1;
    }
    Ok(count)
}

fn unreadable() -> StoreError {
    StoreError::Damaged("a queue's index and its deliveries do not agree".into())
}
