//! The rows that a delivery has in the indices of its queue: all that they say is said by the delivery.

use super::keys::{self, Place};
use crate::domain::delivery::{Delivery, State};

/// A key with its value.
pub(in crate::store) type Row = (Vec<u8>, Vec<u8>);

/// The rows of a delivery as it comes to stand where it does; none once it is settled.
pub(in crate::store) fn rows(delivery: &Delivery) -> Vec<Row> {
    if delivery.settled.is_some() {
        return Vec::new();
    }
    let at = |place| (place_key(place, delivery), keys::standing(delivery));
    match (delivery.state, delivery.not_before, &delivery.lease) {
        (State::Leased, _, Some(lease)) => {
            let end = (keys::lease_end(lease.expires, delivery.id), Vec::new());
            [at(Place::Leased), end].into_iter().chain(handed_row(delivery)).collect()
        }
        (State::DeadLetter, ..) => vec![at(Place::Dead)],
        (_, Some(until), _) => {
            let delay = keys::delayed_until(&delivery.header.queue, until, &keys::position(delivery));
            vec![at(Place::Delayed), (delay, Vec::new())]
        }
        _ => vec![at(Place::Ready)],
    }
}

/// The row in the place of those of [`rows`], once it was delayed and somebody pulled from its queue after that.
pub(in crate::store) fn woken(delivery: &Delivery) -> Option<Row> {
    let delayed = delivery.settled.is_none() && delivery.state == State::Waiting && delivery.not_before.is_some();
    delayed.then(|| (place_key(Place::Ready, delivery), keys::standing(delivery)))
}

/// The row by which whoever it is handed over to finds it.
pub(in crate::store) fn handed_row(delivery: &Delivery) -> Option<Row> {
    let lease = delivery.lease.as_ref().filter(|_| delivery.is_handed_over())?;
    let key = [keys::handed(&delivery.header.queue, &lease.holder), keys::position(delivery)].concat();
    Some((key, Vec::new()))
}

/// Where a delivery stands in one part of its queue's index.
pub(in crate::store) fn place_key(place: Place, delivery: &Delivery) -> Vec<u8> {
    [keys::queue(place, &delivery.header.queue), keys::position(delivery)].concat()
}
