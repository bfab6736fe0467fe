//! Corrections and recalls: what nobody has read is closed, whoever has read something gets a notice of their own, and all of it is one
//! step with the correction, so that it never overtakes what it corrects. In the queue of whom it accuses all of it ends, and nobody
//! there is told (D08).

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::{accept::waiting, holders::revoke, lease::add, offers, prompts, read::again, transaction::Transaction};
use crate::{
    domain::{
        code::Class,
        decision::PromptKind,
        delivery::{Delivery, DeliveryId, Header, Settled, State},
        history::{Step, StepKind},
        queue::QueueId,
        retraction::{Retraction, RetractionKind},
    },
    ledger::Entry,
    store::{
        Accepted, EventKind, Kept, Notice, Once, Retract, Settle, StoreError,
        stored::{Answer, Legs, StoredEvent},
    },
};

/// Recalls, or answers as the first time.
pub(super) fn recall(
    tx: &mut Transaction<'_>,
    once: &Once,
    retracts: &[Retract],
    answer: Vec<u8>,
) -> Result<Accepted, StoreError> {
    match tx.answered(once)? {
        None => {}
        Some(Answer::Amended(kept)) => return Ok(again(kept)),
        Some(_) => return Err(super::lease::other_kind()),
    }
    let ledger_index = tx.books.meta.frontier.size();
    for one in retracts {
        retract(tx, one, &BTreeSet::new())?;
    }
    let root = tx.books.meta.frontier.root();
    tx.keep_answer(once, &Answer::Amended(Kept { ledger_index, answer: answer.clone(), root }))?;
    Ok(Accepted { ledger_index, answer, root, replayed: false })
}

/// Corrects or recalls one record, whose prompts of these kinds its correction raises `again`.
pub(super) fn retract(tx: &mut Transaction<'_>, one: &Retract, again: &BTreeSet<PromptKind>) -> Result<(), StoreError> {
    let mut legs = tx.legs(one.record)?.ok_or(StoreError::NotFound)?;
    if legs.retractions.len() != one.before {
        return Err(StoreError::WrongState);
    }
    let retraction = &one.retraction;
    let (kind, event) = match retraction.kind {
        RetractionKind::Corrected => (StepKind::Corrected, EventKind::Corrected),
        RetractionKind::Recalled => (StepKind::Recalled, EventKind::Recalled),
    };
    legs.retractions.push(retraction.clone());
    legs.keep_from(&one.kept_from.references);
    let mut told: BTreeMap<QueueId, Class> = BTreeMap::new();
    for delivery in &legs.deliveries {
        let queue = delivery.header.queue.clone();
        let kept_from = one.kept_from.queues.contains(&queue);
        let read = delivery.was_read() && !delivery.is_notice() && !kept_from;
        // Whoever is to hear of it where nothing of it was read: where no delivery of the successor says it. A notice that nobody has
        // acknowledged ends with this, and its queue is owed the next.
        let owed = one.tell_unread || delivery.is_notice();
        let unheard = delivery.settled.is_none() && owed && !kept_from && !one.successors.contains(&queue);
        if read || (unheard && queue != QueueId::hold() && !delivery.is_offered()) {
            let class = told.entry(queue).or_insert(Class::P3);
            *class = delivery.class().min(*class);
        }
    }
    let index = tx.append(&Entry { recipients: told.keys().cloned().collect(), ..one.entry.clone() })?;
    for id in legs.deliveries.iter().map(|each| each.id).collect::<Vec<DeliveryId>>() {
        let Some(mut delivery) = super::lease::find(&legs, id).filter(|each| each.settled.is_none()) else { continue };
        let kept_from = one.kept_from.queues.contains(&delivery.header.queue);
        let stays = (delivery.was_read() || one.keeps_unread) && !delivery.is_notice() && !kept_from;
        offers::withdraw(tx, &mut legs, &mut delivery, (retraction.at, ""))?;
        if one.kept_from.ends_lease(&delivery) {
            revoke(tx, &mut delivery, retraction.at)?;
        }
        if stays {
            let mark = mark(kind, retraction, &delivery);
            // Whoever reads it later reads why, and so does whoever has it from them: no notice may ever have said it.
            let why = one.notices.iter().find(|notice| !delivery.was_read() && notice.queue == delivery.header.queue);
            delivery.history.push(Step { note: why.map(|why| why.note.clone()).unwrap_or_default(), ..mark });
        } else {
            close(&mut delivery, retraction);
        }
        tx.replace(&mut legs, delivery)?;
        tx.tell(&legs, index, StoredEvent::of(id, retraction.at, event));
    }
    for (queue, class) in told {
        // A queue that has got something of it a moment ago has none prepared.
        let unprepared = || Notice { queue: queue.clone(), due: one.due, note: Vec::new() };
        let notice = one.notices.iter().find(|notice| notice.queue == queue).cloned().unwrap_or_else(unprepared);
        notify(tx, &mut legs, (retraction, retraction.at), (class, notice))?;
    }
    prompts::retract(tx, (one, again), &mut legs)
}

/// What was recalled goes on to nobody.
pub(super) fn may_be(legs: &Legs, settle: &Settle) -> bool {
    let goes_on = matches!(settle, Settle::Offer(..) | Settle::Resolve(..) | Settle::Disclose(_));
    !goes_on || legs.retractions.last().is_none_or(|last| last.kind != RetractionKind::Recalled)
}

/// Adds a delivery of a record: what is made of something corrected bears the mark of that from its beginning.
pub(super) fn add_marked(
    tx: &mut Transaction<'_>,
    legs: &mut Legs,
    (index, at): (u64, Timestamp),
    mut made: Delivery,
) -> Result<Delivery, StoreError> {
    let last = legs.retractions.last().cloned();
    let marks: Vec<Step> = last.iter().map(|last| mark(kind_of(last), last, &made)).collect();
    made.history.splice(0..0, marks);
    made.id = add(tx, legs, (at, made.clone()))?;
    if last.is_some() {
        tx.tell(legs, index, StoredEvent::of(made.id, at, EventKind::Corrected));
    }
    Ok(made)
}

/// The queue that gets what was corrected is told so, unless it was.
pub(super) fn tell_along(
    tx: &mut Transaction<'_>,
    legs: &mut Legs,
    (at, made): (Timestamp, &Delivery),
    notices: &[Notice],
) -> Result<(), StoreError> {
    let Some(last) = legs.retractions.last().cloned() else { return Ok(()) };
    let queue = &made.header.queue;
    let says = |each: &Delivery| each.header.notice.as_ref() == Some(&last) && each.header.queue == *queue;
    if legs.deliveries.iter().any(says) {
        return Ok(());
    }
    // Corrected a moment ago, when it was on its way already.
    let due = at.checked_add(SignedDuration::from_hours(1)).unwrap_or(at);
    let unprepared = || Notice { queue: queue.clone(), due, note: Vec::new() };
    let notice = notices.iter().find(|notice| notice.queue == *queue).cloned().unwrap_or_else(unprepared);
    notify(tx, legs, (&last, at), (made.class(), notice))
}

/// The mark on what somebody has read and is still at work on, or is to read all the same.
fn mark(kind: StepKind, retraction: &Retraction, delivery: &Delivery) -> Step {
    Step {
        id: retraction.id,
        kind,
        at: retraction.at,
        by: String::new(),
        code: retraction.successor.map(|id| id.hyphenated().to_string()).unwrap_or_default(),
        note: Vec::new(),
        given: Vec::new(),
        failed: delivery.failed,
    }
}

/// Nobody reads it any more: nobody has, or those who have are kept from it.
fn close(delivery: &mut Delivery, retraction: &Retraction) {
    let state = match retraction.kind {
        RetractionKind::Corrected => State::Superseded,
        RetractionKind::Recalled => State::Recalled,
    };
    let settled = Settled {
        at: retraction.at,
        by: String::new(),
        outcome: retraction.kind.code().to_owned(),
        reason: None,
        release_detail: false,
        note: Vec::new(),
    };
    (delivery.state, delivery.lease, delivery.not_before, delivery.settled) = (state, None, None, Some(settled));
}

/// A delivery of its own, which somebody of the queue must acknowledge, late or not like any other.
fn notify(
    tx: &mut Transaction<'_>,
    legs: &mut Legs,
    (retraction, at): (&Retraction, Timestamp),
    (class, prepared): (Class, Notice),
) -> Result<(), StoreError> {
    let Notice { queue, due, note } = prepared;
    let like = legs.deliveries.iter().find(|each| each.header.queue == queue);
    let like = like.ok_or_else(|| StoreError::Damaged("a notice without its delivery".into()))?;
    let header = Header {
        class,
        rules: Vec::new(),
        contents: Vec::new(),
        items: Vec::new(),
        prompts: Vec::new(),
        units: Vec::new(),
        received: at,
        ack_due: None,
        decide_due: Some(due),
        page: class == Class::P0,
        provisional: false,
        held: None,
        corrects: None,
        notice: Some(retraction.clone()),
        queue,
        ..like.header.clone()
    };
    let mut notice = waiting(DeliveryId { leg: 0, ..like.id }, header);
    let why = Step { note, ..mark(kind_of(retraction), retraction, &notice) };
    notice.history.push(why);
    add(tx, legs, (at, notice)).map(|_| ())
}

fn kind_of(retraction: &Retraction) -> StepKind {
    match retraction.kind {
        RetractionKind::Corrected => StepKind::Corrected,
        RetractionKind::Recalled => StepKind::Recalled,
    }
}
