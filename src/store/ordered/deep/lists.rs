//! What organisations follow: the list of their submissions, and the events of them.

use std::collections::HashMap;

use jiff::Timestamp;

use super::{Deep, Whole};
use crate::{
    domain::{
        decision::PromptKind,
        delivery::{Delivery, State},
        history::{Step, StepKind},
        prompt::TrackedPrompt,
    },
    store::{
        EventKind, Relation, StoreError,
        ordered::{keys, read, transaction::legs, view::Look},
        stored::{Legs, Listed, StoredEvent},
    },
};

/// Walks both.
pub(super) fn walk(deep: &mut Deep<'_>, whole: &Whole<'_>) -> Result<(), StoreError> {
    for pair in whole.pairs(b"o") {
        let (key, value) = pair?;
        deep.step(b'o');
        listed(deep, whole, &key, &value)?;
    }
    for pair in whole.pairs(b"v") {
        let (key, value) = pair?;
        deep.step(b'v');
        event(deep, whole, &key, &value)?;
    }
    if deep.short(b"v", whole.meta.events) { untold(deep, whole) } else { Ok(()) }
}

fn listed(deep: &mut Deep<'_>, whole: &Whole<'_>, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    let (Some((name, index)), Ok(listed)) = (keys::name_and_index(key), Listed::decode(value)) else {
        deep.found(Relation::List, format!("key {}", hex::encode(key)), "it cannot be read");
        return Ok(());
    };
    let fits = match read::head_of(&whole.tree, listed.record) {
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

fn event(deep: &mut Deep<'_>, whole: &Whole<'_>, key: &[u8], value: &[u8]) -> Result<(), StoreError> {
    let (Some((name, index)), Ok(event)) = (keys::name_and_index(key), StoredEvent::decode(value)) else {
        deep.found(Relation::Event, format!("key {}", hex::encode(key)), "it cannot be read");
        return Ok(());
    };
    let found = match legs(&whole.tree, event.record) {
        Ok(found) => found,
        Err(StoreError::Damaged(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    let of_the_record = event.leg == 0;
    let about = match of_the_record {
        true => format!("record {}", event.record),
        false => format!("delivery {}.{}", event.record, event.leg),
    };
    let there = |legs: Legs| {
        let leg = || legs.deliveries.iter().any(|delivery| delivery.id.leg == event.leg);
        legs.followers.iter().any(|follower| follower == name)
            && match event.prompt {
                Some(kind) => legs.prompts.iter().any(|prompt| prompt.kind == kind),
                None if of_the_record => legs.erased == Some(index),
                None => leg(),
            }
    };
    if !found.is_some_and(there) {
        deep.found(Relation::Event, about, format!("{name} is told of it at entry {index}, and it is not there"));
    } else if Look::get(&whole.tree, &keys::entry(index))?.is_none() {
        deep.found(Relation::Event, about, format!("{name} is told of it at entry {index}, which is not there"));
    }
    Ok(())
}

/// Some events are missing: which of those that every delivery with this life has.
fn untold(deep: &mut Deep<'_>, whole: &Whole<'_>) -> Result<(), StoreError> {
    let mut told: HashMap<_, usize> = HashMap::new();
    for pair in whole.pairs(b"v") {
        let (key, value) = pair?;
        if let (Some((name, _)), Ok(event)) = (keys::name_and_index(&key), StoredEvent::decode(&value)) {
            *told.entry((name.to_owned(), event.record, event.leg, word(event.kind))).or_default() += 1;
        }
    }
    for key in whole.keys(b"d") {
        let Some(id) = keys::record_of_legs(&key?) else { continue };
        let Ok(Some(found)) = legs(&whole.tree, id) else { continue };
        if found.erased.is_some() {
            for follower in &found.followers {
                if !told.contains_key(&(follower.clone(), id, 0, word(EventKind::Erased))) {
                    let says = format!("{follower} is not told that its content was erased");
                    deep.lost(Relation::Event, format!("record {id}"), says);
                }
            }
        }
        for (prompt, kind) in found.prompts.iter().flat_map(|prompt| told_of(prompt, &found)) {
            for follower in &found.followers {
                if !told.contains_key(&(follower.clone(), id, 0, word(kind))) {
                    let says = format!("{follower} is not told that its prompt {prompt} was {}", word(kind));
                    deep.lost(Relation::Event, format!("record {id}"), says);
                }
            }
        }
        for delivery in &found.deliveries {
            let read = found.readings.iter().filter(|reading| reading.leg == delivery.id.leg).count();
            // The first of all is told as the opening; whoever took it over acknowledged it without.
            let read = [(read.saturating_sub(1), EventKind::Read)];
            for (times, kind) in life(delivery, &found.deliveries).into_iter().chain(read) {
                for follower in &found.followers {
                    let of = (follower.clone(), id, delivery.id.leg, word(kind));
                    for _ in told.get(&of).copied().unwrap_or(0)..times {
                        let says = format!("{follower} is not told that it was {}", word(kind));
                        deep.lost(Relation::Event, format!("delivery {}", delivery.id), says);
                    }
                }
            }
        }
    }
    Ok(())
}

/// What of a prompt was told under this record: not what it was when it was received, and not its sender's own doing.
fn told_of(prompt: &TrackedPrompt, legs: &Legs) -> Vec<(PromptKind, EventKind)> {
    let received = legs.deliveries.first().map(|delivery| delivery.header.received);
    let since = |at: Timestamp| received.is_some_and(|received| received < at);
    let late = prompt.late.is_some_and(since).then_some(EventKind::PromptLate);
    let end = prompt.end.as_ref().is_some_and(|end| !end.by.is_empty() && since(end.at));
    late.into_iter().chain(end.then_some(EventKind::PromptDone)).map(|kind| (prompt.kind, kind)).collect()
}

/// What a delivery as it is was told of, and how often.
fn life(delivery: &Delivery, all: &[Delivery]) -> Vec<(usize, EventKind)> {
    // What came along with a transfer was told of the delivery from which it came.
    let own =
        |step: &&Step| step.id.is_nil() || step.kind.is_mark() || delivery.written_on(step, all) == delivery.id.leg;
    let steps = |kind| delivery.history.iter().filter(|step| step.kind == kind).filter(own).count();
    let graded = delivery.confirmed.iter().filter(|grade| grade.leg == Some(delivery.id.leg)).count();
    let withdraws = |step: &&Step| step.kind == StepKind::TakenBack && !step.code.is_empty();
    let withdrawn = delivery.history.iter().filter(withdraws).count();
    // What a notice tells is told of what it is about.
    let notice = delivery.is_notice();
    let marked = |kind| if notice { 0 } else { steps(kind) };
    vec![
        (usize::from(delivery.delivered.is_some()), EventKind::Delivered),
        (usize::from(delivery.opened.is_some()), EventKind::Opened),
        (usize::from(delivery.state == State::Completed && !notice), EventKind::Completed),
        (usize::from(delivery.state == State::Completed && notice), EventKind::Acknowledged),
        (usize::from(delivery.state == State::Superseded) + marked(StepKind::Corrected), EventKind::Corrected),
        (usize::from(delivery.state == State::Recalled) + marked(StepKind::Recalled), EventKind::Recalled),
        (usize::from(delivery.state == State::Resolved), EventKind::Resolved),
        (steps(StepKind::Rejected), EventKind::Rejected),
        (steps(StepKind::Replayed), EventKind::Replayed),
        (steps(StepKind::Escalated), EventKind::Escalated),
        (graded, EventKind::Graded),
        (steps(StepKind::Asked), EventKind::Asked),
        (steps(StepKind::Answered), EventKind::Answered),
        (steps(StepKind::TransferOffered), EventKind::Offered),
        (usize::from(delivery.state == State::Transferred), EventKind::Transferred),
        (steps(StepKind::TransferRefused) + steps(StepKind::TransferLapsed) + withdrawn, EventKind::NotTransferred),
    ]
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
        EventKind::Offered => "offered to another unit",
        EventKind::Transferred => "transferred",
        EventKind::NotTransferred => "not transferred",
        EventKind::Corrected => "corrected",
        EventKind::Recalled => "recalled",
        EventKind::Acknowledged => "acknowledged",
        EventKind::Read => "read",
        EventKind::Erased => "erased",
        EventKind::PromptOwned => "taken on",
        EventKind::PromptDone => "done",
        EventKind::PromptLate => "late",
    }
}
