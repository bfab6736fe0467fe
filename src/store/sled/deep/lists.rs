//! What organisations follow: the list of their submissions, and the events of them.

use std::collections::HashSet;

use super::{Deep, Whole};
use crate::{
    domain::delivery::{Delivery, State},
    store::{
        EventKind, Relation, StoreError,
        sled::{
            keys, read,
            transaction::legs,
            view::{Look, engine},
        },
        stored::{Listed, StoredEvent},
    },
};

/// Walks both.
pub(super) fn walk(deep: &mut Deep<'_>, whole: &Whole) -> Result<(), StoreError> {
    for pair in whole.tree.scan_prefix(b"o") {
        let (key, value) = pair.map_err(engine)?;
        deep.step(b'o');
        listed(deep, whole, &key, &value)?;
    }
    let mut found = 0;
    for pair in whole.tree.scan_prefix(b"v") {
        let (key, value) = pair.map_err(engine)?;
        deep.step(b'v');
        found += 1;
        event(deep, whole, &key, &value)?;
    }
    if found < whole.meta.events { untold(deep, whole) } else { Ok(()) }
}

fn listed(deep: &mut Deep<'_>, whole: &Whole, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    let (Some((name, index)), Ok(listed)) = (keys::name_and_index(key), Listed::decode(value)) else {
        deep.found(Relation::List, format!("key {}", hex::encode(key)), "it cannot be read");
        return Ok(());
    };
    let fits = match read::head_of(&*whole.tree, listed.record) {
        Ok(head) => head.is_some_and(|head| {
            head.kept.is_some_and(|kept| kept.ledger_index == index)
                && head.record.followers().iter().any(|follower| follower == name)
        }),
        Err(StoreError::Damaged(_)) => true,
        Err(error) => return Err(error),
    };
    if !fits {
        let says = format!("the list of {name} has it at entry {index}, where it is not, or it is not there");
        deep.found(Relation::List, format!("record {}", listed.record), says);
    }
    Ok(())
}

fn event(deep: &mut Deep<'_>, whole: &Whole, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    let (Some((name, index)), Ok(event)) = (keys::name_and_index(key), StoredEvent::decode(value)) else {
        deep.found(Relation::Event, format!("key {}", hex::encode(key)), "it cannot be read");
        return Ok(());
    };
    let found = match legs(&*whole.tree, event.record) {
        Ok(found) => found,
        Err(StoreError::Damaged(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    let about = format!("delivery {}.{}", event.record, event.leg);
    let followed = found.as_ref().is_some_and(|legs| legs.followers.iter().any(|follower| follower == name));
    if !followed || !found.is_some_and(|legs| legs.deliveries.iter().any(|delivery| delivery.id.leg == event.leg)) {
        deep.found(Relation::Event, about, format!("{name} is told of it at entry {index}, and it is not there"));
    } else if Look::get(&*whole.tree, &keys::entry(index))?.is_none() {
        deep.found(Relation::Event, about, format!("{name} is told of it at entry {index}, which is not there"));
    }
    Ok(())
}

/// Some events are missing: which of those that every delivery with this life has.
fn untold(deep: &mut Deep<'_>, whole: &Whole) -> Result<(), StoreError> {
    let mut told = HashSet::new();
    for pair in whole.tree.scan_prefix(b"v") {
        let (key, value) = pair.map_err(engine)?;
        if let (Some((name, _)), Ok(event)) = (keys::name_and_index(&key), StoredEvent::decode(&value)) {
            told.insert((name.to_owned(), event.record, event.leg, word(event.kind)));
        }
    }
    for key in whole.tree.scan_prefix(b"d").keys() {
        let Some(id) = keys::record_of_legs(&key.map_err(engine)?) else { continue };
        let Ok(Some(found)) = legs(&*whole.tree, id) else { continue };
        for delivery in &found.deliveries {
            for kind in life(delivery) {
                for follower in &found.followers {
                    if !told.contains(&(follower.clone(), id, delivery.id.leg, word(kind))) {
                        let says = format!("{follower} is not told that it was {}", word(kind));
                        deep.found(Relation::Event, format!("delivery {}", delivery.id), says);
                    }
                }
            }
        }
    }
    Ok(())
}

/// What a delivery as it is was told of once, at the least.
fn life(delivery: &Delivery) -> Vec<EventKind> {
    let kinds = [
        (delivery.delivered.is_some(), EventKind::Delivered),
        (delivery.opened.is_some(), EventKind::Opened),
        (delivery.state == State::Completed, EventKind::Completed),
        (delivery.state == State::Resolved, EventKind::Resolved),
        (delivery.state == State::DeadLetter, EventKind::Rejected),
        (delivery.escalations().next().is_some(), EventKind::Escalated),
        (delivery.graded().is_some(), EventKind::Graded),
        (delivery.questions().next().is_some(), EventKind::Asked),
        (delivery.questions().any(|(_, answer)| answer.is_some()), EventKind::Answered),
    ];
    kinds.into_iter().filter(|(is, _)| *is).map(|(_, kind)| kind).collect()
}

fn word(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Received => "received",
        EventKind::Delivered => "delivered",
        EventKind::Opened => "opened",
        EventKind::Completed => "completed",
        EventKind::Resolved => "sent on",
        EventKind::Graded => "graded",
        EventKind::Rejected => "rejected",
        EventKind::Replayed => "sent back",
        EventKind::Escalated => "escalated",
        EventKind::Asked => "asked about",
        EventKind::Answered => "answered about",
    }
}
