//! Handing over: a delivery waits for one colleague, under a lease whose token nobody has, until they take it or it lapses.

use super::{dead, keys, lease::find, transaction::Transaction, view::Look};
use crate::{
    domain::{
        delivery::{Delivery, DeliveryId, Lease, State},
        history::Step,
    },
    store::{Pull, StoreError},
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

fn unreadable() -> StoreError {
    StoreError::Damaged("what is handed over and the deliveries do not agree".into())
}
