//! Prompts that are followed: in the lists of the queues whose deliveries show them, marked once for all, and told of when they are late.

use std::collections::BTreeSet;

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    keys,
    lease::other_kind,
    read::head_of,
    transaction::{Stands, Transaction, legs},
    view::Look,
};
use crate::{
    domain::{
        decision::PromptKind,
        delivery::Delivery,
        prompt::{PromptEnd, PromptOutcome, TrackedPrompt},
        queue::QueueId,
        retraction::RetractionKind,
    },
    ledger::{Entry, Verb},
    store::{
        EventKind, Kept, Mark, Marking, Once, PromptPage, PromptSide, Prompted, Retract, StoreError,
        stored::{Answer, Legs, StoredEvent, damaged},
    },
};

/// The rows of a record's prompts: all that they say is said by its deliveries.
pub(in crate::store) fn rows(record: Uuid, legs: &Legs) -> BTreeSet<Vec<u8>> {
    let mut rows = BTreeSet::new();
    for prompt in &legs.prompts {
        rows.extend(followers(legs, prompt.kind).iter().map(|queue| keys::prompt(queue, record, prompt)));
        rows.extend(prompt.late_after().map(|due| keys::awaited(due, record, prompt.kind)));
    }
    rows
}

/// The queues that follow a prompt.
fn followers(legs: &Legs, kind: PromptKind) -> BTreeSet<QueueId> {
    following(legs, kind).map(|delivery| delivery.header.queue.clone()).collect()
}

fn following(legs: &Legs, kind: PromptKind) -> impl Iterator<Item = &Delivery> {
    legs.deliveries.iter().filter(move |delivery| delivery.follows(kind))
}

/// A prompt as one queue has it; `None` where that one does not follow it.
fn as_seen(legs: &Legs, kind: PromptKind, queue: &QueueId) -> Option<Prompted> {
    let prompt = legs.prompts.iter().find(|prompt| prompt.kind == kind)?.clone();
    let delivery = following(legs, kind).find(|delivery| delivery.header.queue == *queue)?;
    let queues = followers(legs, kind).into_iter().filter(|queue| *queue != QueueId::hold()).collect();
    Some(Prompted { prompt, queues, delivery: delivery.id, class: delivery.class() })
}

/// A page of one side of a queue's list.
pub(in crate::store) fn page(
    tree: &impl Look,
    (queue, side): (&QueueId, PromptSide),
    after: Option<Vec<u8>>,
    limit: usize,
) -> Result<PromptPage, StoreError> {
    let prefix = keys::prompts(queue, side);
    let from = match &after {
        None => prefix.clone(),
        Some(after) => [prefix.as_slice(), after, &[0]].concat(),
    };
    let end = [prefix.as_slice(), &[0xff; 64]].concat();
    let mut found = tree.range(&from, &end, limit.saturating_add(1))?;
    let more = found.len() > limit;
    found.truncate(limit);
    let next = found.last().filter(|_| more).map(|(key, _)| key[prefix.len()..].to_vec());
    let mut prompts = Vec::with_capacity(found.len());
    for (key, _) in found {
        let (record, kind) = keys::read_prompt(&key).ok_or_else(unreadable)?;
        let mut head = head_of(tree, record)?.ok_or_else(|| damaged("the head", record))?;
        let mut legs = legs(tree, record)?.ok_or_else(|| damaged("deliveries", record))?;
        let seen = as_seen(&legs, kind, queue).ok_or_else(unreadable)?;
        // Whom a correction accuses, it is kept from since.
        legs.keep_from(&head.record.excluded);
        head.record.excluded = legs.excluded;
        prompts.push((head.record, seen));
    }
    Ok(PromptPage { prompts, next })
}

/// Marks a prompt, or answers as the first time.
pub(in crate::store) fn mark(
    tx: &mut Transaction<'_>,
    once: &Once,
    marking: &Marking,
    entry: &Entry,
) -> Result<Prompted, StoreError> {
    match tx.answered(once)? {
        None => {}
        Some(Answer::Amended(kept)) => return Prompted::decode(&kept.answer),
        Some(_) => return Err(other_kind()),
    }
    let (record, kind) = (marking.record, marking.kind);
    let mut legs = tx.legs(record)?.ok_or(StoreError::NotFound)?;
    let seen = as_seen(&legs, kind, &marking.queue).ok_or(StoreError::NotFound)?;
    if seen.prompt.end.is_some() {
        return Err(StoreError::WrongState);
    }
    let known = |queue: &QueueId| seen.queues.contains(queue);
    if seen.prompt.version != marking.version || matches!(&marking.mark, Mark::Owner(owner) if !known(&owner.queue)) {
        return Err(StoreError::Conflict);
    }
    let mut prompt = TrackedPrompt { version: seen.prompt.next_version(), ..seen.prompt };
    let event = match &marking.mark {
        Mark::Owner(owner) => {
            prompt.owner = Some(owner.clone());
            EventKind::PromptOwned
        }
        Mark::End(end) => {
            prompt.end = Some(end.clone());
            EventKind::PromptDone
        }
    };
    let ledger_index = tx.append(entry)?;
    replace(tx, record, &mut legs, vec![prompt])?;
    tx.tell(&legs, ledger_index, StoredEvent::of_prompt(record, kind, marking.mark.at(), event));
    let marked = as_seen(&legs, kind, &marking.queue).ok_or(StoreError::NotFound)?;
    let root = tx.books.meta.frontier.root();
    tx.keep_answer(once, &Answer::Amended(Kept { ledger_index, answer: marked.encode(), root }))?;
    Ok(marked)
}

/// Tells of prompts whose date is past, each once, the longest late first; answers with how many there were.
pub(in crate::store) fn tell_late(tx: &mut Transaction<'_>, now: Timestamp, limit: usize) -> Result<u64, StoreError> {
    let due = tx.view.range(keys::AWAITED, &keys::awaited_before(now), limit)?;
    for (key, _) in &due {
        let (record, kind) = keys::read_prompt(key).ok_or_else(unreadable)?;
        let mut legs = tx.legs(record)?.ok_or_else(unreadable)?;
        let found = legs.prompts.iter().find(|prompt| prompt.kind == kind);
        let late = found.filter(|prompt| prompt.late_after().is_some()).ok_or_else(unreadable)?;
        let prompt = TrackedPrompt { late: Some(now), ..late.clone() };
        let entry = Entry {
            at: now,
            verb: Verb::Administration,
            action: "PROMPT_LATE".into(),
            who: String::new(),
            actor: None,
            record: Some(record),
            deliveries: following(&legs, kind).map(|delivery| delivery.id).collect(),
            recipients: followers(&legs, kind).into_iter().collect(),
            details: vec![format!("prompt={kind}"), format!("rule={}", prompt.rule)],
            commitment: None,
        };
        let index = tx.append(&entry)?;
        replace(tx, record, &mut legs, vec![prompt])?;
        tx.tell(&legs, index, StoredEvent::of_prompt(record, kind, now, EventKind::PromptLate));
    }
    Ok(due.len() as u64)
}

/// What becomes of the open prompts of a record that is corrected or recalled. Recalled, they end. Corrected, those end that the
/// correction raises again, and those that nobody has read or is to read; another stays, for somebody to end whom it is not kept from:
/// their unit works on it still.
pub(in crate::store) fn retract(
    tx: &mut Transaction<'_>,
    (one, again): (&Retract, &BTreeSet<PromptKind>),
    legs: &mut Legs,
) -> Result<(), StoreError> {
    let (at, kind) = (one.retraction.at, one.retraction.kind);
    let outcome = match kind {
        RetractionKind::Corrected => PromptOutcome::Corrected,
        RetractionKind::Recalled => PromptOutcome::Recalled,
    };
    let ends = |prompt: &&TrackedPrompt| {
        let works_on = |delivery: &Delivery| {
            let kept_from = one.kept_from.queues.contains(&delivery.header.queue);
            !kept_from && (one.keeps_unread || delivery.was_read())
        };
        let goes_on = || following(legs, prompt.kind).any(works_on);
        prompt.end.is_none() && (kind == RetractionKind::Recalled || again.contains(&prompt.kind) || !goes_on())
    };
    let end = |prompt: &TrackedPrompt| TrackedPrompt {
        end: Some(PromptEnd { at, by: String::new(), outcome, reason: None }),
        version: prompt.next_version(),
        ..prompt.clone()
    };
    let ended: Vec<_> = legs.prompts.iter().filter(ends).map(end).collect();
    replace(tx, one.record, legs, ended)
}

/// The prompts that a record is followed for. One that corrects another takes up where that one's stood; where it `accuses` somebody,
/// what was said of it before may be theirs, and only its date is kept.
pub(in crate::store) fn raised(
    tx: &Transaction<'_>,
    (corrects, accuses): (Option<Uuid>, bool),
    deliveries: &[Delivery],
) -> Result<Vec<TrackedPrompt>, StoreError> {
    let headers: Vec<_> = deliveries.iter().map(|delivery| delivery.header.clone()).collect();
    let mut raised = TrackedPrompt::raised(&headers);
    if raised.is_empty() {
        return Ok(raised);
    }
    let before = corrects.map(|record| tx.legs(record)).transpose()?.flatten();
    for prompt in &mut raised {
        let known = before.iter().flat_map(|legs| &legs.prompts).find(|known| known.kind == prompt.kind);
        match known {
            Some(known) if accuses => prompt.keep_date(known),
            Some(known) => prompt.succeed(known),
            None => {}
        }
        let kind = prompt.kind;
        let has_it = |queue: &QueueId| deliveries.iter().any(|one| one.follows(kind) && one.header.queue == *queue);
        prompt.owner = prompt.owner.take().filter(|owner| has_it(&owner.queue));
    }
    Ok(raised)
}

/// Puts prompts in the place of those of their kinds.
fn replace(
    tx: &mut Transaction<'_>,
    record: Uuid,
    legs: &mut Legs,
    prompts: Vec<TrackedPrompt>,
) -> Result<(), StoreError> {
    let before = Stands::of(record, legs);
    for new in prompts {
        legs.prompts.iter_mut().filter(|known| known.kind == new.kind).for_each(|known| *known = new.clone());
    }
    legs.show();
    tx.stand(record, before, legs);
    tx.rewrite(record, legs)
}

fn unreadable() -> StoreError {
    StoreError::Damaged("the list of a queue's prompts and its deliveries do not agree".into())
}
