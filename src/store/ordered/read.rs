//! Questions: each a point read or a short range, whatever the store holds.

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    keys::{self, Place},
    tally::Tally,
    transaction::{Transaction, legs},
    view::Look,
};
use crate::{
    domain::{
        code::Class,
        delivery::{Delivery, DeliveryId, Lease},
        queue::QueueId,
    },
    store::{
        Accepted, ClassCounts, Event, EventKind, Head, Kept, Once, Page, QueueCounts, Reference, Side, StoreError,
        Stored, Whose,
        stored::{Answer, Legs, Listed, Meta, RecordHead, StoredEvent, damaged, decode_record},
    },
};

/// The kept answer of an acceptance or an amendment.
pub(in crate::store) fn answered(tree: &impl Look, once: &Once) -> Result<Option<Accepted>, StoreError> {
    let Some(bytes) = tree.large(&keys::kept(once))? else { return Ok(None) };
    match Answer::decode(&bytes, &once.digest)? {
        Answer::Accepted(record) => accepted(tree, record).map(Some),
        Answer::Amended(kept) => Ok(Some(again(kept))),
        Answer::Deliveries(_) | Answer::Delivery(_) => Ok(None),
    }
}

/// What the acceptance of this record answered.
pub(in crate::store) fn accepted(view: &impl Look, record: Uuid) -> Result<Accepted, StoreError> {
    let kept = head_of(view, record)?.and_then(|head| head.kept).ok_or_else(|| damaged("the answer", record))?;
    Ok(again(kept))
}

/// A first answer, given again.
pub(in crate::store) fn again(kept: Kept) -> Accepted {
    Accepted { ledger_index: kept.ledger_index, answer: kept.answer, root: kept.root, replayed: true }
}

/// A record with its deliveries.
pub(in crate::store) fn find(tree: &impl Look, id: Uuid) -> Result<Option<Stored>, StoreError> {
    let Some(RecordHead { mut record, kept }) = head_of(tree, id)? else { return Ok(None) };
    let mut legs = legs(tree, id)?.ok_or_else(|| damaged("deliveries", id))?;
    legs.keep_from(&record.excluded);
    record.excluded = legs.excluded;
    let Legs { deliveries, retractions, readings, erased, prompts, .. } = legs;
    Ok(Some(Stored { record, deliveries, kept, retractions, readings, erased, prompts }))
}

/// A record without its sealed value, which stands behind it and is rarely touched for this.
pub(in crate::store) fn head_of(view: &impl Look, id: Uuid) -> Result<Option<RecordHead>, StoreError> {
    let Some((_, first)) = view.first_piece(&keys::record(id))? else { return Ok(None) };
    if let Some((head, _)) = decode_record(id, &first)? {
        return Ok(Some(head));
    }
    let whole = view.large(&keys::record(id))?.ok_or_else(|| damaged("the head", id))?;
    let (head, _) = decode_record(id, &whole)?.ok_or_else(|| damaged("the head", id))?;
    Ok(Some(head))
}

/// A record's wraps with its sealed value behind them: two parts of one message.
pub(in crate::store) fn sealed(tree: &impl Look, id: Uuid) -> Result<Option<Vec<u8>>, StoreError> {
    let Some(whole) = tree.large(&keys::record(id))? else { return Ok(None) };
    let (_, sealed) = decode_record(id, &whole)?.ok_or_else(|| damaged("the head", id))?;
    let legs = tree.large(&keys::legs(id))?.ok_or_else(|| damaged("the wraps", id))?;
    let (_, mut value) = Legs::decode_wraps(id, &legs)?;
    value.extend_from_slice(sealed);
    Ok(Some(value))
}

/// How many records are wrapped under each name.
pub(in crate::store) fn wrapped(tree: &impl Look) -> Result<Vec<(String, u64)>, StoreError> {
    let end = [keys::WRAPPED, &[0xff]].concat();
    let read = |(key, count): (Vec<u8>, Vec<u8>)| {
        let name = String::from_utf8(key.get(keys::WRAPPED.len()..)?.to_vec()).ok()?;
        Some((name, u64::from_be_bytes(count.try_into().ok()?)))
    };
    let pairs = tree.range(keys::WRAPPED, &end, usize::MAX)?;
    pairs.into_iter().map(read).collect::<Option<_>>().ok_or_else(unreadable)
}

/// One delivery.
pub(in crate::store) fn delivery(tree: &impl Look, id: DeliveryId) -> Result<Option<Delivery>, StoreError> {
    let Some(legs) = tree.large(&keys::legs(id.record))? else { return Ok(None) };
    Legs::decode_one(id, &legs)
}

/// Records about which nothing is open, the longest first.
pub(in crate::store) fn finished(
    tree: &impl Look,
    before: Timestamp,
    after: Option<(Timestamp, Uuid)>,
    limit: usize,
) -> Result<Vec<(Timestamp, Uuid)>, StoreError> {
    let from = match after {
        None => keys::FINISHED.to_vec(),
        Some((since, record)) => [keys::finished(since, record).as_slice(), &[0]].concat(),
    };
    let found = tree.range(&from, &keys::finished(before, Uuid::nil()), limit)?;
    found.into_iter().map(|(key, _)| keys::read_finished(&key).ok_or_else(unreadable)).collect()
}

/// An organisation's records, newest first.
pub(in crate::store) fn records(
    tree: &impl Look,
    organisation: &str,
    before: u64,
    limit: usize,
) -> Result<Vec<(u64, Stored)>, StoreError> {
    let prefix = keys::listed(organisation, None);
    let to = keys::listed(organisation, Some(before));
    let mut records = Vec::new();
    for (key, value) in tree.last(&prefix, &to, limit)? {
        let index = keys::index_after(&prefix, &key).ok_or_else(unreadable)?;
        let id = Listed::decode(&value)?.record;
        records.push((index, find(tree, id)?.ok_or_else(|| damaged("the head", id))?));
    }
    Ok(records)
}

/// An organisation's events in ledger order; those of one index are never torn apart, so that going on from the index
/// after the last one misses none.
pub(in crate::store) fn events(
    tree: &impl Look,
    organisation: &str,
    from: u64,
    limit: usize,
) -> Result<Vec<Event>, StoreError> {
    if limit == 0 {
        return Ok(Vec::new());
    }
    let listed = indexed(tree, keys::listed(organisation, None), from, limit)?;
    let later = indexed(tree, keys::event(organisation, None), from, limit)?;
    let mut events = Vec::with_capacity(listed.len() + later.len());
    for (index, value) in listed {
        let Listed { record, at } = Listed::decode(&value)?;
        events.push(Event { index, at, record, leg: None, kind: EventKind::Received, prompt: None });
    }
    for (index, value) in later {
        let StoredEvent { record, leg, at, kind, prompt } = StoredEvent::decode(&value)?;
        events.push(Event { index, at, record, leg: (leg > 0).then_some(leg), kind, prompt });
    }
    events.sort_by_key(|event| event.index);
    if let Some(last) = events.get(limit - 1).map(|event| event.index) {
        events.retain(|event| event.index <= last);
    }
    Ok(events)
}

/// Values under `prefix` from an index on: `limit` of them, and all others with the last one's index.
fn indexed(tree: &impl Look, prefix: Vec<u8>, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
    let key_of = |index: u64| [prefix.as_slice(), &index.to_be_bytes()].concat();
    let end = [prefix.as_slice(), &[0xff; 16]].concat();
    let mut pairs = tree.range(&key_of(from), &end, limit)?;
    if pairs.len() == limit {
        let last = pairs.last().map(|(key, _)| key.clone()).unwrap_or_default();
        let index = keys::index_after(&prefix, &last).ok_or_else(unreadable)?;
        let next = index.checked_add(1).map_or(end, key_of);
        pairs.extend(tree.range(&[last.as_slice(), &[0]].concat(), &next, usize::MAX)?);
    }
    pairs
        .into_iter()
        .map(|(key, value)| Ok((keys::index_after(&prefix, &key).ok_or_else(unreadable)?, value)))
        .collect()
}

/// Counts of queues, from the tallies of the commit thread.
pub(in crate::store) fn counts(
    tx: &mut Transaction<'_>,
    queues: &[QueueId],
    now: Timestamp,
) -> Result<Vec<QueueCounts>, StoreError> {
    let mut counts = Vec::with_capacity(queues.len());
    for queue in queues {
        counts.push(tally(tx, queue)?.at(queue, now));
    }
    Ok(counts)
}

pub(in crate::store) fn class_counts(
    tx: &mut Transaction<'_>,
    queues: &[QueueId],
) -> Result<Vec<ClassCounts>, StoreError> {
    let mut counts = Vec::with_capacity(queues.len() * Class::ALL.len());
    for queue in queues {
        counts.extend(tally(tx, queue)?.by_class(queue));
    }
    Ok(counts)
}

/// What is counted of a queue: from its indices where nobody has asked before.
fn tally<'b>(tx: &'b mut Transaction<'_>, queue: &QueueId) -> Result<&'b Tally, StoreError> {
    if !tx.books.tallies.contains_key(queue) {
        let tally = Tally::count(&tx.view, queue)?;
        tx.books.tallies.insert(queue.clone(), tally);
    }
    tx.books.tallies.get(queue).ok_or_else(|| StoreError::Damaged("a queue was not counted".into()))
}

/// A page of one side of a queue in pull order, but what is kept from its reader: ready, leased and delayed deliveries merged, or dead
/// letters.
pub(in crate::store) fn deliveries(
    tree: &impl Look,
    (queue, side, reader): (&QueueId, Side, &Reference),
    mut after: Option<Vec<u8>>,
    limit: usize,
) -> Result<Page, StoreError> {
    let (mut deliveries, mut last) = (Vec::new(), None);
    loop {
        let positions = positions(tree, (queue, side), after.as_ref(), limit.saturating_add(1))?;
        let is_all = positions.len() <= limit;
        for position in positions {
            let id = keys::read_position(&position).ok_or_else(unreadable)?.id;
            let legs = tree.large(&keys::legs(id.record))?.ok_or_else(|| damaged("deliveries", id.record))?;
            after = Some(position.clone());
            if Legs::decode_excluded(id.record, &legs)?.contains(reader) {
                continue;
            }
            if deliveries.len() == limit {
                return Ok(Page { deliveries, next: last });
            }
            deliveries.push(Legs::decode_one(id, &legs)?.ok_or_else(|| damaged("deliveries", id.record))?);
            last = Some(position);
        }
        if is_all {
            return Ok(Page { deliveries, next: None });
        }
    }
}

/// Up to `limit` places on one side of a queue, in pull order.
fn positions(
    tree: &impl Look,
    (queue, side): (&QueueId, Side),
    after: Option<&Vec<u8>>,
    limit: usize,
) -> Result<Vec<Vec<u8>>, StoreError> {
    let mut positions = Vec::new();
    for place in Place::of(side) {
        let prefix = keys::queue(*place, queue);
        let from = match after {
            None => prefix.clone(),
            Some(after) => [prefix.as_slice(), after, &[0]].concat(),
        };
        let end = [prefix.as_slice(), &[0xff; 64]].concat();
        let found = tree.range(&from, &end, limit)?;
        positions.extend(found.into_iter().map(|(key, _)| key[prefix.len()..].to_vec()));
    }
    positions.sort_unstable();
    positions.truncate(limit);
    Ok(positions)
}

/// What a holder has under a live lease of one session, in pull order.
pub(in crate::store) fn leased(
    tree: &impl Look,
    queue: &QueueId,
    whose: &Whose,
    now: Timestamp,
) -> Result<Vec<Delivery>, StoreError> {
    let prefix = keys::queue(Place::Leased, queue);
    let end = [prefix.as_slice(), &[0xff; 64]].concat();
    let mut leased = Vec::new();
    for (key, _) in tree.range(&prefix, &end, usize::MAX)? {
        let id = keys::read_position(&key[prefix.len()..]).ok_or_else(unreadable)?.id;
        let found = delivery(tree, id)?.ok_or_else(|| damaged("deliveries", id.record))?;
        let theirs = |lease: &Lease| lease.holder == whose.holder && lease.session == whose.session;
        if found.lease.as_ref().is_some_and(|lease| theirs(lease) && now < lease.expires) {
            leased.push(found);
        }
    }
    Ok(leased)
}

/// From when on a pull finds something: what was handed over to this holder or is ready, else what is delayed for the shortest time.
pub(in crate::store) fn ready_from(
    tree: &impl Look,
    (queue, holder, reader): (&QueueId, &str, &Reference),
    now: Timestamp,
) -> Result<Option<Timestamp>, StoreError> {
    let first = |prefix: &[u8]| tree.range(prefix, &[prefix, &[0xff; 64]].concat(), 1).map(|mut found| found.pop());
    let handed = first(&keys::handed(queue, holder))?.is_some();
    if handed || !ready(tree, (queue, reader), 1)?.is_empty() {
        return Ok(Some(now));
    }
    let Some((key, _)) = first(&keys::delayed(queue))? else { return Ok(None) };
    let id = keys::read_position(keys::delayed_position(queue, &key)).ok_or_else(unreadable)?.id;
    Ok(delivery(tree, id)?.and_then(|found| found.not_before))
}

/// Up to `limit` deliveries that are ready in a queue, in its order, and not kept from this reader (D08).
pub(in crate::store) fn ready(
    view: &impl Look,
    (queue, reader): (&QueueId, &Reference),
    limit: usize,
) -> Result<Vec<DeliveryId>, StoreError> {
    let prefix = keys::queue(Place::Ready, queue);
    let end = [prefix.as_slice(), &[0xff; 64]].concat();
    let (mut from, mut ready) = (prefix.clone(), Vec::new());
    while ready.len() < limit {
        let wanted = limit - ready.len();
        let found = view.range(&from, &end, wanted)?;
        for (key, _) in &found {
            let id = keys::read_position(&key[prefix.len()..]).ok_or_else(unreadable)?.id;
            let legs = view.large(&keys::legs(id.record))?.ok_or_else(unreadable)?;
            let excluded = Legs::decode_excluded(id.record, &legs)?;
            ready.extend(Some(id).filter(|_| !excluded.contains(reader)));
        }
        match found.last() {
            Some((last, _)) if found.len() == wanted => from = [last.as_slice(), &[0]].concat(),
            _ => break,
        }
    }
    Ok(ready)
}

/// Ledger entries from an index on.
pub(in crate::store) fn entries(tree: &impl Look, from: u64, limit: usize) -> Result<Vec<(u64, Vec<u8>)>, StoreError> {
    let found = tree.range(&keys::entry(from), &keys::entry(u64::MAX), limit)?;
    let mut entries = Vec::with_capacity(found.len());
    for (index, (key, _)) in (from..).zip(found) {
        let entry = tree.large(&key)?.filter(|_| key == keys::entry(index));
        entries.push((index, entry.ok_or_else(|| StoreError::Damaged(format!("ledger entry {index} is missing")))?));
    }
    Ok(entries)
}

/// What the last commit has left.
pub(in crate::store) fn meta(tree: &impl Look) -> Result<Meta, StoreError> {
    Ok(tree.get(keys::META)?.map(|bytes| Meta::decode(&bytes)).transpose()?.unwrap_or_default())
}

/// The ledger's head.
pub(in crate::store) fn head(tree: &impl Look) -> Result<Head, StoreError> {
    let meta = meta(tree)?;
    Ok(Head { size: meta.frontier.size(), root: meta.frontier.root() })
}

fn unreadable() -> StoreError {
    StoreError::Damaged("an index cannot be read".into())
}
