//! Leases: pulling, opening and settling under one, and ending those that expired.

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    asked, dead, handed,
    keys::{self, Place},
    offers, read as reading, retracted,
    transaction::Transaction,
    view::Look as _,
};
use crate::{
    domain::{
        delivery::{Delivery, DeliveryId, Lease, Settled, State},
        grading::ConfirmedGrade,
        queue::QueueId,
        reading::Reading,
        unit::UnitLabel,
    },
    ledger::{Entry, Verb},
    store::{
        EventKind, Held, Notice, Once, Pull, Settle, StoreError,
        stored::{Answer, Legs, StoredEvent},
    },
};

/// Leases waiting deliveries in order, or answers as the first time.
pub(super) fn pull(tx: &mut Transaction<'_>, pull: &Pull) -> Result<Vec<Delivery>, StoreError> {
    match tx.answered(&pull.once)? {
        None => {}
        Some(Answer::Deliveries(deliveries)) => return Ok(deliveries),
        Some(_) => return Err(other_kind()),
    }
    wake(tx, &pull.queue, pull.now)?;
    let mut ids = handed::handed_to(tx, pull)?;
    ids.extend(reading::ready(&tx.view, (&pull.queue, &pull.reader), pull.tokens.len() - ids.len())?);
    let mut leased = Vec::with_capacity(ids.len());
    if !ids.is_empty() {
        let mut entry = pull.entry.clone();
        entry.deliveries.extend(&ids);
        let index = tx.append(&entry)?;
        for (id, token) in ids.into_iter().zip(&pull.tokens) {
            let lease = Lease {
                token: token.clone(),
                holder: pull.holder.clone(),
                session: pull.session.clone(),
                expires: pull.expires,
                since: pull.now,
                handed_over: false,
            };
            leased.push(lease_one(tx, pull.now, id, (lease, index))?);
        }
    }
    tx.keep_answer(&pull.once, &Answer::Deliveries(leased.clone()))?;
    Ok(leased)
}

/// Deliveries of a queue whose delay is over stand in its order again.
fn wake(tx: &mut Transaction<'_>, queue: &QueueId, now: Timestamp) -> Result<(), StoreError> {
    let due = tx.view.range(&keys::delayed(queue), &keys::delayed_due(queue, now), usize::MAX)?;
    for (key, _) in due {
        let position = keys::delayed_position(queue, &key);
        let delayed = [keys::queue(Place::Delayed, queue).as_slice(), position].concat();
        let ready = [keys::queue(Place::Ready, queue).as_slice(), position].concat();
        let value = tx.view.get(&delayed)?.ok_or_else(unreadable)?;
        tx.view.remove(key);
        tx.view.remove(delayed);
        tx.view.put(ready, value);
    }
    Ok(())
}

/// Leases a delivery that is ready in its queue, or handed over to who takes it: that acknowledges it (contract 2).
fn lease_one(
    tx: &mut Transaction<'_>,
    now: Timestamp,
    id: DeliveryId,
    (lease, index): (Lease, u64),
) -> Result<Delivery, StoreError> {
    let mut legs = tx.legs(id.record)?.ok_or_else(unreadable)?;
    let free = |each: &Delivery| each.state == State::Waiting || each.is_handed_over();
    let mut delivery = find(&legs, id).filter(free).ok_or_else(unreadable)?;
    if delivery.is_handed_over() && delivery.opened.is_none() {
        delivery.opened = Some(now);
        tx.tell(&legs, index, StoredEvent::of(id, now, EventKind::Opened));
    }
    delivery.state = State::Leased;
    delivery.lease = Some(lease);
    delivery.acquired = delivery.acquired.saturating_add(1);
    delivery.not_before = None;
    if delivery.delivered.is_none() {
        delivery.delivered = Some(now);
        tx.tell(&legs, index, StoredEvent::of(id, now, EventKind::Delivered));
    }
    tx.replace(&mut legs, delivery.clone())?;
    Ok(delivery)
}

/// Records an opening; the first one is the acknowledgement.
pub(super) fn opened(
    tx: &mut Transaction<'_>,
    held: &Held,
    unit: UnitLabel,
    entry: &Entry,
) -> Result<Delivery, StoreError> {
    let (mut legs, mut delivery) = under_lease(tx, held)?;
    let index = tx.append(entry)?;
    if read(tx, (&mut legs, &mut delivery), (held, unit), index) {
        tx.replace(&mut legs, delivery.clone())?;
    } else {
        tx.rewrite(delivery.id.record, &legs)?;
    }
    Ok(delivery)
}

/// Notes who read what; true where it is the first reading of all, which acknowledges. The sender is told of it, and of every other
/// reader and unit once.
fn read(
    tx: &mut Transaction<'_>,
    (legs, delivery): (&mut Legs, &mut Delivery),
    (held, unit): (&Held, UnitLabel),
    index: u64,
) -> bool {
    let (leg, by, at) = (delivery.id.leg, held.holder.clone(), held.now);
    let new = legs.read(Reading { leg, unit, by, first: at, last: at, times: 1, index });
    let acknowledges = delivery.opened.is_none();
    if acknowledges {
        delivery.opened = Some(at);
    }
    if acknowledges || new {
        let kind = if acknowledges { EventKind::Opened } else { EventKind::Read };
        tx.tell(legs, index, StoredEvent::of(delivery.id, at, kind));
    }
    acknowledges
}

/// A use of a lease, with what makes it happen once.
pub(super) struct Use {
    /// Once only.
    pub once: Once,
    /// The lease.
    pub held: Held,
    /// What to do.
    pub settle: Settle,
    /// The ledger entry.
    pub entry: Entry,
}

/// How much a use of a lease writes beside the delivery.
pub(super) fn bytes(settle: &Settle) -> usize {
    let of = |notices: &[Notice]| notices.iter().map(|notice| notice.note.len()).sum::<usize>();
    match settle {
        Settle::Grade(grades) => grades.iter().map(|(_, grade)| grade.instructions.len() + grade.reason.len()).sum(),
        Settle::Reject(step) | Settle::HandOver(step, _) | Settle::Ask(step) => step.note.len(),
        Settle::Offer(step, ..) => 2 * step.note.len(),
        Settle::Accept(step, _, notices) => 2 * step.note.len() + of(notices),
        Settle::Refuse(settled, returned) => settled.note.len() + returned.step.note.len(),
        Settle::Resolve(.., along) => of(&along.notices) + asked::bytes(along),
        Settle::Extend(_) | Settle::Release(_) | Settle::Complete(_) => 0,
        Settle::Acknowledge(_) | Settle::Disclose(_) => 0,
    }
}

/// Uses a lease, or answers as the first time.
pub(super) fn settle(tx: &mut Transaction<'_>, command: &Use) -> Result<Delivery, StoreError> {
    match tx.answered(&command.once)? {
        None => {}
        Some(Answer::Delivery(delivery)) => return Ok(*delivery),
        Some(_) => return Err(other_kind()),
    }
    let (mut legs, mut delivery) = under_lease(tx, &command.held)?;
    if !offers::may_be(&delivery, &command.settle) || !retracted::may_be(&legs, &command.settle) {
        return Err(StoreError::WrongState);
    }
    let changed = |known: Option<usize>, now: usize| known.is_some_and(|known| known != now);
    let Held { kept_from, retractions, .. } = command.held;
    if changed(kept_from, legs.excluded.len()) || changed(retractions, legs.retractions.len()) {
        return Err(StoreError::Conflict);
    }
    match &command.settle {
        Settle::Offer(..) | Settle::Accept(..) | Settle::Refuse(..) => {
            return offers::settle(tx, command, (legs, delivery));
        }
        Settle::Extend(until) => {
            if let Some(lease) = &mut delivery.lease {
                lease.expires = *until;
            }
        }
        Settle::Release(until) => {
            delivery.state = State::Waiting;
            delivery.lease = None;
            delivery.not_before = *until;
        }
        Settle::Reject(step) => dead::reject(&mut delivery, step.clone())?,
        Settle::HandOver(step, to) => handed::hand_over(&mut delivery, step.clone(), to.clone())?,
        Settle::Ask(step) => asked::ask(&mut delivery, step.clone())?,
        Settle::Complete(settled) | Settle::Acknowledge(settled) => end(&mut delivery, State::Completed, settled),
        Settle::Resolve(settled, ..) => {
            if delivery.header.held.is_none() {
                return Err(StoreError::WrongState);
            }
            end(&mut delivery, State::Resolved, settled);
        }
        Settle::Grade(grades) => return graded(tx, command, (legs, delivery), grades),
        Settle::Disclose(_) => {}
    }
    let index = tx.append(&command.entry)?;
    let at = command.held.now;
    if let Settle::Disclose(unit) = command.settle {
        read(tx, (&mut legs, &mut delivery), (&command.held, unit), index);
    }
    if matches!(command.settle, Settle::Complete(_) | Settle::Reject(_)) {
        offers::withdraw(tx, &mut legs, &mut delivery, (at, &command.held.holder))?;
    }
    tx.replace(&mut legs, delivery.clone())?;
    if let Settle::Resolve(_, headers, along) = &command.settle {
        asked::sent_on(tx, &mut legs, (index, at), (&delivery, headers, along))?;
    }
    if let Some(kind) = told(&command.settle) {
        tx.tell(&legs, index, StoredEvent::of(delivery.id, at, kind));
    }
    tx.keep_answer(&command.once, &Answer::Delivery(Box::new(delivery.clone())))?;
    Ok(delivery)
}

/// What its sender is told of a use, beside what was read.
fn told(settle: &Settle) -> Option<EventKind> {
    match settle {
        Settle::Ask(_) => Some(EventKind::Asked),
        Settle::Reject(_) => Some(EventKind::Rejected),
        Settle::Complete(_) => Some(EventKind::Completed),
        Settle::Acknowledge(_) => Some(EventKind::Acknowledged),
        Settle::Resolve(..) => Some(EventKind::Resolved),
        _ => None,
    }
}

/// Adds a confirmed grade to the delivery's own record, and to those that carry the same item.
fn graded(
    tx: &mut Transaction<'_>,
    command: &Use,
    (mut legs, delivery): (Legs, Delivery),
    grades: &[(Uuid, ConfirmedGrade)],
) -> Result<Delivery, StoreError> {
    let id = delivery.id;
    let index = tx.append(&command.entry)?;
    let own = |(record, grade): &&(Uuid, ConfirmedGrade)| *record == id.record && delivery.item(grade.item).is_some();
    let (_, grade) = grades.iter().find(own).ok_or(StoreError::WrongState)?;
    legs.confirm(grade)?;
    tx.rewrite(id.record, &legs)?;
    for (record, grade) in grades.iter().filter(|(record, _)| *record != id.record) {
        let mut others = tx.legs(*record)?.ok_or(StoreError::NotFound)?;
        others.confirm(grade)?;
        tx.rewrite(*record, &others)?;
    }
    tx.tell(&legs, index, StoredEvent::of(id, command.held.now, EventKind::Graded));
    let graded = find(&legs, id).ok_or_else(unreadable)?;
    tx.keep_answer(&command.once, &Answer::Delivery(Box::new(graded.clone())))?;
    Ok(graded)
}

fn end(delivery: &mut Delivery, state: State, settled: &Settled) {
    delivery.state = state;
    delivery.lease = None;
    delivery.settled = Some(settled.clone());
}

/// Adds a delivery to a record as its next leg; answers with its name.
pub(super) fn add(
    tx: &mut Transaction<'_>,
    legs: &mut Legs,
    (at, delivery): (Timestamp, Delivery),
) -> Result<DeliveryId, StoreError> {
    let last = legs.deliveries.iter().map(|each| each.id.leg).max().unwrap_or(0);
    let leg = last.checked_add(1).ok_or(StoreError::WrongState)?;
    let id = DeliveryId { leg, ..delivery.id };
    tx.add(legs, Delivery { id, ..delivery }, at)?;
    Ok(id)
}

/// The delivery under this lease, with its record's other legs.
fn under_lease(tx: &Transaction<'_>, held: &Held) -> Result<(Legs, Delivery), StoreError> {
    let legs = tx.legs(held.delivery.record)?.ok_or(StoreError::NotFound)?;
    let delivery =
        find(&legs, held.delivery).filter(|each| each.header.queue == held.queue).ok_or(StoreError::NotFound)?;
    let lease = delivery.live_lease(&held.token, held.now);
    if lease.is_none_or(|lease| lease.holder != held.holder) {
        return Err(StoreError::LeaseLost);
    }
    Ok((legs, delivery))
}

/// Ends up to `limit` leases that expired by `now`: each delivery waits again and counts a failure; at `most` failures it
/// waits on the dead-letter side, where it is in nobody's way.
pub(super) fn expire(tx: &mut Transaction<'_>, now: Timestamp, most: u32, limit: usize) -> Result<u64, StoreError> {
    let ended = tx.view.range(keys::LEASES, &keys::leases_ended(now), limit)?;
    for (key, _) in &ended {
        let id = keys::read_delivery(key).ok_or_else(unreadable)?;
        let mut legs = tx.legs(id.record)?.ok_or_else(unreadable)?;
        let mut delivery = find(&legs, id).filter(|each| each.state == State::Leased).ok_or_else(unreadable)?;
        // Nobody has failed with what nobody has taken.
        let lapsed = delivery.is_handed_over();
        tx.append(&own_entry(if lapsed { "HAND_OVER_LAPSED" } else { "LEASE_EXPIRED" }, now, &delivery))?;
        delivery.state = State::Waiting;
        delivery.lease = None;
        delivery.failed = delivery.failed.saturating_add(u32::from(!lapsed));
        // What is only offered here is the other unit's, and a notice is to be acknowledged: no limit buries them.
        let buries = !delivery.is_offered() && !delivery.is_notice();
        if !lapsed && buries && delivery.failed_lately() >= most {
            let index = tx.append(&own_entry("ATTEMPT_LIMIT", now, &delivery))?;
            dead::at_the_limit(&mut delivery, now);
            offers::withdraw(tx, &mut legs, &mut delivery, (now, ""))?;
            tx.tell(&legs, index, StoredEvent::of(id, now, EventKind::Rejected));
        }
        tx.replace(&mut legs, delivery)?;
    }
    Ok(ended.len() as u64)
}

/// The broker's own entry about a lease that ended otherwise than by its holder.
pub(super) fn own_entry(action: &str, now: Timestamp, delivery: &Delivery) -> Entry {
    Entry {
        at: now,
        verb: Verb::Administration,
        action: action.into(),
        who: String::new(),
        actor: None,
        record: Some(delivery.id.record),
        deliveries: vec![delivery.id],
        recipients: Vec::new(),
        details: Vec::new(),
        commitment: None,
    }
}

/// Forgets up to `limit` answers kept until a moment before `now`.
pub(super) fn forget(tx: &mut Transaction<'_>, now: Timestamp, limit: usize) -> Result<u64, StoreError> {
    let over = tx.view.range(keys::KEPT_UNTIL, &keys::kept_before(now), limit)?;
    let count = over.len() as u64;
    for (key, _) in over {
        tx.view.remove_large(keys::kept_of(&key).to_vec())?;
        tx.books.meta.answers = tx.books.meta.answers.saturating_sub(1);
        tx.view.remove(key);
    }
    Ok(count)
}

pub(super) fn find(legs: &Legs, id: DeliveryId) -> Option<Delivery> {
    legs.deliveries.iter().find(|each| each.id == id).cloned()
}

pub(super) fn unreadable() -> StoreError {
    StoreError::Damaged("a queue's index and its deliveries do not agree".into())
}

pub(super) fn other_kind() -> StoreError {
    StoreError::Damaged("a kept answer is of another kind".into())
}
