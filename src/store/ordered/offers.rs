//! Transfers: an offer adds a delivery in the other unit's queue, which that one accepts or refuses; until then the first stays where
//! it is, and afterwards exactly one of the two goes on. What its sender was asked, and has answered, goes along.

use jiff::Timestamp;

use super::{
    accept::waiting,
    dead, late,
    lease::{Use, find},
    retracted,
    transaction::Transaction,
};
use crate::{
    domain::{
        delivery::{Delivery, DeliveryId, Header, Settled, State},
        history::{Step, StepKind},
        transfer::Offer,
    },
    store::{
        EventKind, Lapse, Returned, Settle, StoreError,
        stored::{Answer, Legs, StoredEvent},
    },
};

/// Whether a delivery that is offered, or is a notice, or neither, can be used so.
pub(super) fn may_be(delivery: &Delivery, settle: &Settle) -> bool {
    match settle {
        Settle::Extend(_) | Settle::Release(_) => true,
        Settle::HandOver(..) if delivery.is_notice() => true,
        Settle::Acknowledge(_) => delivery.is_notice(),
        _ if delivery.is_notice() => false,
        Settle::Accept(..) | Settle::Refuse(..) => delivery.is_offered(),
        _ => !delivery.is_offered(),
    }
}

/// Offers, accepts or refuses under a lease.
pub(super) fn settle(
    tx: &mut Transaction<'_>,
    command: &Use,
    (mut legs, delivery): (Legs, Delivery),
) -> Result<Delivery, StoreError> {
    let at = command.held.now;
    let index = tx.append(&command.entry)?;
    let after = match &command.settle {
        Settle::Offer(step, header, offer) => {
            let after = make(tx, (&mut legs, delivery), index, (step, header, offer))?;
            tx.tell(&legs, index, StoredEvent::of(after.id, at, EventKind::Offered));
            after
        }
        Settle::Accept(step, settled, notices) => {
            let (after, other) = accept(tx, (&mut legs, delivery), (step, settled))?;
            retracted::tell_along(tx, &mut legs, (at, &after), notices)?;
            tx.tell(&legs, index, StoredEvent::of(other, at, EventKind::Transferred));
            after
        }
        Settle::Refuse(settled, returned) => {
            let after = close(tx, (&mut legs, delivery), settled.clone())?;
            let from = come_back(tx, &mut legs, (&after, returned))?;
            tx.tell(&legs, index, StoredEvent::of(from, at, EventKind::NotTransferred));
            after
        }
        _ => return Err(StoreError::WrongState),
    };
    tx.keep_answer(&command.once, &Answer::Delivery(Box::new(after.clone())))?;
    Ok(after)
}

fn make(
    tx: &mut Transaction<'_>,
    (legs, mut delivery): (&mut Legs, Delivery),
    index: u64,
    (step, header, offer): (&Step, &Header, &Offer),
) -> Result<Delivery, StoreError> {
    if delivery.transfer.is_some() {
        return Err(StoreError::WrongState);
    }
    dead::add(&mut delivery, step.clone())?;
    let (queue, leg) = (delivery.header.queue.clone(), delivery.id.leg);
    let told = Step { kind: StepKind::Offered, code: queue.as_str().to_owned(), failed: 0, ..step.clone() };
    let there = Delivery {
        offered: Some(Offer { queue, leg, ..offer.clone() }),
        history: vec![told],
        confirmed: delivery.confirmed.clone(),
        ..waiting(delivery.id, header.clone())
    };
    let made = retracted::add_marked(tx, legs, (index, offer.at), there)?;
    delivery.transfer = Some(Offer { leg: made.id.leg, ..offer.clone() });
    tx.replace(legs, delivery.clone())?;
    Ok(delivery)
}

fn accept(
    tx: &mut Transaction<'_>,
    (legs, mut delivery): (&mut Legs, Delivery),
    (step, settled): (&Step, &Settled),
) -> Result<(Delivery, DeliveryId), StoreError> {
    let mut other = others(legs, &delivery)?;
    let accepted = Some(settled.at);
    let of_the_sender = |step: &&Step| matches!(step.kind, StepKind::Asked | StepKind::Answered);
    delivery.history.extend(other.history.iter().filter(of_the_sender).cloned());
    delivery.history.sort_by_key(|step| step.at);
    dead::add(&mut delivery, step.clone())?;
    delivery.offered.iter_mut().for_each(|offer| offer.accepted = accepted);
    other.transfer.iter_mut().for_each(|offer| offer.accepted = accepted);
    (other.state, other.lease, other.settled) = (State::Transferred, None, Some(settled.clone()));
    let id = other.id;
    tx.replace(legs, other)?;
    tx.replace(legs, delivery.clone())?;
    Ok((delivery, id))
}

/// The delivery that this one was offered from.
fn others(legs: &Legs, offered: &Delivery) -> Result<Delivery, StoreError> {
    let from = offered.offered.as_ref().map(|offer| offered.other_side(offer)).ok_or(StoreError::WrongState)?;
    let offers =
        |other: &Delivery| other.is_offering() && other.transfer.as_ref().is_some_and(|to| to.leg == offered.id.leg);
    find(legs, from).filter(offers).ok_or_else(|| StoreError::Damaged("an offer and its delivery do not agree".into()))
}

/// What was offered is nobody's any longer.
fn close(
    tx: &mut Transaction<'_>,
    (legs, mut offered): (&mut Legs, Delivery),
    settled: Settled,
) -> Result<Delivery, StoreError> {
    (offered.state, offered.lease, offered.settled) = (State::Declined, None, Some(settled));
    tx.replace(legs, offered.clone())?;
    Ok(offered)
}

/// What was offered goes on where it was, escalated.
fn come_back(
    tx: &mut Transaction<'_>,
    legs: &mut Legs,
    (offered, returned): (&Delivery, &Returned),
) -> Result<DeliveryId, StoreError> {
    let from = offered.offered.as_ref().map(|offer| offered.other_side(offer)).ok_or(StoreError::WrongState)?;
    let mut delivery = find(legs, from).filter(Delivery::is_offering).ok_or(StoreError::WrongState)?;
    delivery.transfer = None;
    delivery.history.push(Step { failed: delivery.failed, ..returned.step.clone() });
    let raise = returned.raise.as_ref().filter(|raise| delivery.escalations().count() == raise.before);
    match raise {
        Some(raise) => late::raise(tx, legs, delivery, raise)?,
        None => tx.replace(legs, delivery)?,
    }
    Ok(from)
}

/// Whoever decides about what they had offered ends the offer, and so does whoever takes it back.
pub(super) fn withdraw(
    tx: &mut Transaction<'_>,
    legs: &mut Legs,
    delivery: &mut Delivery,
    (at, by): (Timestamp, &str),
) -> Result<(), StoreError> {
    let Some(offer) = delivery.transfer.take_if(|offer| offer.accepted.is_none()) else { return Ok(()) };
    let there = find(legs, delivery.other_side(&offer)).filter(Delivery::is_offered);
    let there = there.ok_or_else(|| StoreError::Damaged("an offer and its delivery do not agree".into()))?;
    close(tx, (legs, there), over(at, by, StepKind::TakenBack))?;
    Ok(())
}

/// Ends what nobody answered in time, unless somebody has since.
pub(super) fn lapse(tx: &mut Transaction<'_>, lapses: Vec<Lapse>) -> Result<u64, StoreError> {
    let mut count = 0;
    for Lapse { offered: id, at, returned, entry } in lapses {
        let mut legs = tx.legs(id.record)?.ok_or(StoreError::NotFound)?;
        let offered = find(&legs, id).ok_or(StoreError::NotFound)?;
        if !offered.is_offered() || offered.running_deadline().is_none_or(|due| at <= due) {
            continue;
        }
        let index = tx.append(&entry)?;
        let offered = close(tx, (&mut legs, offered), over(at, "", StepKind::TransferLapsed))?;
        let from = come_back(tx, &mut legs, (&offered, &returned))?;
        tx.tell(&legs, index, StoredEvent::of(from, at, EventKind::NotTransferred));
        count += 1;
    }
    Ok(count)
}

/// How an offer ended that was neither accepted nor refused.
fn over(at: Timestamp, by: &str, how: StepKind) -> Settled {
    Settled {
        at,
        by: by.to_owned(),
        outcome: how.code().to_owned(),
        reason: None,
        release_detail: false,
        note: Vec::new(),
    }
}
