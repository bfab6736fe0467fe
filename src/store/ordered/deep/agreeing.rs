//! What is said of the same in two places: by both sides of an offer, by what was corrected and what stands in its place, by the ledger
//! and by what a sender is shown of who read what.

use uuid::Uuid;

use super::{Deep, Whole};
use crate::{
    domain::{
        delivery::{Delivery, DeliveryId, State},
        reading::{Reading, is_full},
        retraction::{Retraction, RetractionKind},
        transfer::Offer,
    },
    ledger::{Entry, Verb, decode},
    store::{
        Record, Relation, StoreError,
        ordered::{keys, read, transaction::legs},
        stored::Legs,
    },
};

/// More corrections than can follow one another.
const MOST_LINKS: usize = 64;

/// Both sides of each offer say the same, and so do HOLD and what was sent on from there.
pub(super) fn offers(deep: &mut Deep<'_>, found: &Legs) {
    let leg = |number: u16| found.deliveries.iter().find(|other| other.id.leg == number);
    for one in &found.deliveries {
        let about = format!("delivery {}", one.id);
        if let Some(offer) = &one.transfer
            && !leg(offer.leg).is_some_and(|there| agree((one, offer), (there, there.offered.as_ref())))
        {
            let says = format!("it is offered to {}, and what waits there is missing or says otherwise", offer.queue);
            deep.found(Relation::Offer, &about, says);
        }
        // What came to nothing is over on the other side, which may have offered it again since.
        if let Some(offer) = one.offered.as_ref().filter(|offer| offer.accepted.is_some() || one.settled.is_none())
            && !leg(offer.leg)
                .is_some_and(|from| from.transfer.as_ref().is_some_and(|back| agree((from, back), (one, Some(offer)))))
        {
            let says = format!("{} offers it, and the delivery there is missing or says otherwise", offer.queue);
            deep.found(Relation::Offer, &about, says);
        }
        let sides = [(State::Transferred, &one.transfer), (State::Declined, &one.offered)];
        if sides.iter().any(|(state, offer)| one.state == *state && offer.is_none()) {
            deep.found(Relation::Offer, &about, "it went by an offer to another unit, of which it says nothing");
        }
        if let Some(from) = one.from_hold
            && !leg(from).is_some_and(|held| held.state == State::Resolved && held.id.leg < one.id.leg)
        {
            let says = format!("it was sent on from HOLD, and delivery {from} of its record was not");
            deep.found(Relation::Offer, &about, says);
        }
    }
}

/// An offer as both sides have it; that it waits, or that it was accepted.
fn agree((from, to): (&Delivery, &Offer), (there, back): (&Delivery, Option<&Offer>)) -> bool {
    let Some(back) = back else { return false };
    let same = |one: &Offer, other: &Offer| {
        (one.at, &one.by, one.answer_by, one.accepted) == (other.at, &other.by, other.answer_by, other.accepted)
    };
    let names = |offer: &Offer, side: &Delivery| offer.queue == side.header.queue && offer.leg == side.id.leg;
    let waits = from.settled.is_none() && there.settled.is_none();
    let fits = if to.accepted.is_some() { from.state == State::Transferred } else { waits };
    same(to, back) && names(to, there) && names(back, from) && fits
}

/// What was corrected names what stands in its place, and that what it stands in the place of; a notice is of a retraction that there is.
pub(super) fn retractions(
    deep: &mut Deep<'_>,
    whole: &Whole<'_>,
    (id, record): (Uuid, Option<&Record>),
    found: &Legs,
) -> Result<(), StoreError> {
    let about = format!("record {id}");
    for notice in found.deliveries.iter().filter(|one| one.is_notice()) {
        if !found.retractions.iter().any(|one| notice.header.notice.as_ref() == Some(one)) {
            let says = "it is a notice, and its record was not corrected or recalled so";
            deep.found(Relation::Retraction, format!("delivery {}", notice.id), says);
        }
    }
    let Some(record) = record else { return Ok(()) };
    let subject = record.linked_from.unwrap_or(id);
    for one in &found.retractions {
        let whole_one = match (one.kind, one.successor) {
            (RetractionKind::Corrected, Some(successor)) => stands_for(whole, successor, subject)?,
            (RetractionKind::Corrected, None) => false,
            (RetractionKind::Recalled, successor) => successor.is_none(),
        };
        if !whole_one {
            let says = "it was corrected, and what stands in its place is missing or does not name it";
            deep.found(Relation::Retraction, &about, says);
        }
    }
    if let Some(before) = record.corrects {
        let by_it = |one: &Retraction| one.successor == Some(id);
        let corrected = match legs(&whole.tree, before) {
            Ok(before) => before.is_some_and(|legs| legs.retractions.iter().any(by_it)),
            // Told where that one is walked.
            Err(StoreError::Damaged(_)) => true,
            Err(error) => return Err(error),
        };
        if !corrected {
            let says = format!("it corrects record {before}, which is missing or was not corrected by it");
            deep.found(Relation::Retraction, &about, says);
        }
    }
    Ok(())
}

/// Whether a record stands in the place of another, by however many corrections.
fn stands_for(whole: &Whole<'_>, successor: Uuid, subject: Uuid) -> Result<bool, StoreError> {
    let mut last = successor;
    for _ in 0..MOST_LINKS {
        let corrects = match read::head_of(&whole.tree, last) {
            Ok(head) => head.and_then(|head| head.record.corrects),
            // Told where that one is walked.
            Err(StoreError::Damaged(_)) => return Ok(true),
            Err(error) => return Err(error),
        };
        match corrects {
            Some(before) if before == subject => return Ok(true),
            Some(before) => last = before,
            None => return Ok(false),
        }
    }
    Ok(false)
}

/// Each reading is of a delivery that is there, and was entered in the ledger.
pub(super) fn readings(deep: &mut Deep<'_>, whole: &Whole<'_>, id: Uuid, found: &Legs) -> Result<(), StoreError> {
    for reading in &found.readings {
        let delivery = DeliveryId { record: id, leg: reading.leg };
        let about = format!("delivery {delivery}");
        if !found.deliveries.iter().any(|one| one.id == delivery && one.opened.is_some()) {
            deep.found(Relation::Reading, &about, "somebody read of it, and it is missing or was never opened");
        }
        let entry = match whole.tree.large(&keys::entry(reading.index)) {
            Ok(entry) => entry.and_then(|bytes| decode(&bytes).ok()),
            // Told where the ledger was walked.
            Err(StoreError::Damaged(_)) => continue,
            Err(error) => return Err(error),
        };
        let fits = |entry: Entry| is_of(&entry, (delivery, reading)) && entry.at == reading.first;
        if !entry.is_some_and(fits) {
            let says = format!("somebody read of it, and entry {} of the ledger does not say so", reading.index);
            deep.found(Relation::Reading, &about, says);
        }
    }
    Ok(())
}

/// Whoever read something by an entry of the ledger is among those whom the sender is shown.
pub(super) fn read_by(deep: &mut Deep<'_>, whole: &Whole<'_>, index: u64, entry: &Entry) -> Result<(), StoreError> {
    let reads = matches!(entry.verb, Verb::Consultation | Verb::Disclosure) && unit(entry).is_some();
    let (Some(record), [delivery]) = (entry.record, entry.deliveries.as_slice()) else { return Ok(()) };
    if !reads {
        return Ok(());
    }
    let found = match legs(&whole.tree, record) {
        Ok(found) => found,
        // Told where records are walked.
        Err(StoreError::Damaged(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    let shown = |legs: Legs| {
        let known = |reading: &Reading| reading.index <= index && is_of(entry, (*delivery, reading));
        let full = is_full(&legs.readings, false) || is_full(&legs.readings, true);
        full || legs.readings.iter().any(known)
    };
    if found.is_some_and(|legs| !shown(legs)) {
        let says = format!("by entry {index} somebody read of it, and its sender is not shown that");
        deep.found(Relation::Reading, format!("delivery {delivery}"), says);
    }
    Ok(())
}

/// Whether an entry says who read what as a reading does.
fn is_of(entry: &Entry, (delivery, reading): (DeliveryId, &Reading)) -> bool {
    let of = entry.record == Some(delivery.record) && entry.deliveries == [delivery];
    of && entry.who == reading.by && delivery.leg == reading.leg && unit(entry) == Some(&reading.unit.name())
}

/// The unit that an entry says was read.
fn unit(entry: &Entry) -> Option<&str> {
    entry.details.iter().find_map(|detail| detail.strip_prefix("unit="))
}
