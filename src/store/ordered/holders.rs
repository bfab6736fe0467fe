//! Who holds what, whatever their certificates and grants have become since: what they hold ends by no fault of theirs.

use std::collections::BTreeSet;

use jiff::Timestamp;

use super::{
    keys,
    lease::{find, own_entry, unreadable},
    transaction::{Transaction, legs},
    view::Look,
};
use crate::{
    domain::{
        delivery::{Delivery, Header, Lease, State},
        queue::QueueId,
    },
    store::StoreError,
};

/// Ends every lease that `ends` says: each delivery waits again.
pub(super) fn end_those(
    tx: &mut Transaction<'_>,
    ends: &impl Fn(&Header, &Lease) -> bool,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let mut held = leased(&tx.view)?;
    held.retain(|delivery| delivery.lease.as_ref().is_some_and(|lease| ends(&delivery.header, lease)));
    for delivery in &held {
        // Another of the same record may have ended a moment ago.
        let mut legs = tx.legs(delivery.id.record)?.ok_or_else(unreadable)?;
        let mut delivery = find(&legs, delivery.id).ok_or_else(unreadable)?;
        revoke(tx, &mut delivery, now)?;
        tx.replace(&mut legs, delivery)?;
    }
    Ok(held.len() as u64)
}

/// Its lease ends by no fault of its holder's: it is to wait again.
pub(super) fn revoke(tx: &mut Transaction<'_>, delivery: &mut Delivery, now: Timestamp) -> Result<(), StoreError> {
    tx.append(&own_entry("LEASE_REVOKED", now, delivery))?;
    (delivery.state, delivery.lease) = (State::Waiting, None);
    Ok(())
}

/// The deliveries that a holder has under a lease.
pub(super) fn held_by(view: &impl Look, holder: &str) -> Result<Vec<Delivery>, StoreError> {
    let mut held = leased(view)?;
    held.retain(|delivery| delivery.lease.as_ref().is_some_and(|lease| lease.holder == holder));
    Ok(held)
}

/// Who has something under a lease, and in which queue, each pair once.
pub(super) fn holders(view: &impl Look) -> Result<Vec<(String, QueueId)>, StoreError> {
    let pair = |delivery: Delivery| Some((delivery.lease?.holder, delivery.header.queue));
    let pairs: BTreeSet<_> = leased(view)?.into_iter().filter_map(pair).collect();
    Ok(pairs.into_iter().collect())
}

/// Whatever is under a lease.
fn leased(view: &impl Look) -> Result<Vec<Delivery>, StoreError> {
    let end = [keys::LEASES, &[0xff; 64]].concat();
    let mut leased = Vec::new();
    for (key, _) in view.range(keys::LEASES, &end, usize::MAX)? {
        let id = keys::read_delivery(&key).ok_or_else(unreadable)?;
        let legs = legs(view, id.record)?.ok_or_else(unreadable)?;
        leased.extend(find(&legs, id));
    }
    Ok(leased)
}
