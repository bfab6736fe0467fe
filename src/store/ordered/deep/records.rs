//! Records with their deliveries: against the ledger, against each other, and into every index that names them.

use uuid::Uuid;

use super::{Deep, Whole, agreeing};
use crate::{
    domain::delivery::Delivery,
    ledger::decode,
    store::{
        Kept, Record, Relation, StoreError,
        ordered::{keys, prompts, read, rows, transaction::legs, view::Look},
        stored::{Legs, Listed, decode_record},
    },
};

/// Walks records, then what has deliveries and no record.
pub(super) fn walk(deep: &mut Deep<'_>, whole: &Whole<'_>) -> Result<(), StoreError> {
    for key in whole.keys(b"r") {
        let key = key?;
        deep.step(b'r');
        match keys::record_of(&key) {
            Some(id) => record(deep, whole, id)?,
            None => deep.found(Relation::Stray, format!("key {}", hex::encode(&key)), "it is no record's"),
        }
    }
    for key in whole.keys(b"d") {
        let key = key?;
        deep.step(b'd');
        let found = keys::record_of_legs(&key).map(|id| Look::get(&whole.tree, &keys::record(id))).transpose()?;
        if found.flatten().is_none() {
            let about = keys::record_of_legs(&key).map(|id| id.to_string()).unwrap_or_default();
            deep.found(Relation::Record, format!("record {about}"), "it is missing: its deliveries are there");
        }
    }
    Ok(())
}

fn record(deep: &mut Deep<'_>, whole: &Whole<'_>, id: Uuid) -> Result<(), StoreError> {
    let tree = &whole.tree;
    let about = format!("record {id}");
    deep.examined.records += 1;
    let read = |bytes: Option<Vec<u8>>| {
        let unreadable = || StoreError::Damaged("it cannot be read".into());
        let bytes = bytes.ok_or_else(unreadable)?;
        Ok(decode_record(id, &bytes)?.ok_or_else(unreadable)?.0)
    };
    let head = deep.checked(tree.large(&keys::record(id)).and_then(read), Relation::Record, &about)?;
    let found = deep.checked(legs(tree, id), Relation::Deliveries, &about)?;
    if let Some(None) = &found {
        deep.lost(Relation::Deliveries, &about, "the list of its deliveries is missing");
    }
    let found = found.flatten();
    if let Some(head) = &head {
        links(deep, whole, &head.record)?;
        match &head.kept {
            Some(kept) => receipt(deep, whole, &head.record, kept)?,
            None if head.record.linked_from.is_none() => {
                deep.found(Relation::Record, &about, "it has neither a receipt nor a record that it is linked from");
            }
            None => {}
        }
    }
    let Some(found) = found else { return Ok(()) };
    if head.as_ref().is_some_and(|head| head.record.followers() != found.followers) {
        deep.found(Relation::Deliveries, &about, "they are followed by others than the record");
    }
    deliveries(deep, whole, &found)?;
    agreeing::offers(deep, &found);
    agreeing::readings(deep, whole, id, &found)?;
    let subject = head.as_ref().map(|head| &head.record);
    agreeing::retractions(deep, whole, (id, subject), &found)?;
    if !(1_u16..).zip(&found.deliveries).all(|(leg, delivery)| delivery.id.leg == leg) {
        deep.found(Relation::Deliveries, &about, "one of them is missing, or two have the same number");
    }
    if let Some(since) = found.finished()
        && Look::get(tree, &keys::finished(since, id))?.is_none()
    {
        let says = "it is finished, and the index of that has it not: it would never be erased";
        deep.found(Relation::Retention, &about, says);
    }
    for row in prompts::rows(id, &found) {
        if Look::get(tree, &row)?.is_none() {
            let says = "a queue's list has one of its prompts not, or nobody would be told once it is late";
            deep.found(Relation::Prompts, &about, says);
        }
    }
    *deep.wrapped.entry(found.wrapped_under).or_default() += 1;
    Ok(())
}

/// The records that it is linked with say the same.
fn links(deep: &mut Deep<'_>, whole: &Whole<'_>, record: &Record) -> Result<(), StoreError> {
    let other = |id: Uuid| match read::head_of(&whole.tree, id) {
        Ok(head) => Ok(head.map(|head| head.record)),
        // Told where that one is walked.
        Err(StoreError::Damaged(_)) => Ok(None),
        Err(error) => Err(error),
    };
    for id in &record.linked {
        if other(*id)?.is_none_or(|other| other.linked_from != Some(record.id)) {
            let says = format!("record {id} is linked from it, and is missing or says otherwise");
            deep.found(Relation::Record, format!("record {}", record.id), says);
        }
    }
    if let Some(id) = record.linked_from
        && other(id)?.is_none_or(|other| !other.linked.contains(&record.id))
    {
        let says = format!("it is linked from record {id}, which is missing or says otherwise");
        deep.found(Relation::Record, format!("record {}", record.id), says);
    }
    Ok(())
}

/// The entry that its receipt names is its own, and it stands in the lists of those who follow it.
fn receipt(deep: &mut Deep<'_>, whole: &Whole<'_>, record: &Record, kept: &Kept) -> Result<(), StoreError> {
    deep.subjects.insert(record.id);
    let index = kept.ledger_index;
    let entry = match whole.tree.large(&keys::entry(index)) {
        // A missing or damaged entry was told where the ledger was walked.
        Ok(entry) => entry.and_then(|bytes| decode(&bytes).ok()),
        Err(StoreError::Damaged(_)) => None,
        Err(error) => return Err(error),
    };
    let about = format!("record {}", record.id);
    if entry.is_some_and(|entry| entry.record != Some(record.id)) {
        deep.found(Relation::Record, &about, format!("its receipt names entry {index}, which is of another"));
    }
    if index >= whole.meta.frontier.size() {
        deep.found(Relation::Record, &about, format!("its receipt names entry {index}, which the ledger has not"));
    }
    let listed = Listed { record: record.id, at: record.received }.encode();
    for follower in record.followers() {
        let found = Look::get(&whole.tree, &keys::listed(&follower, Some(index)))?;
        if found.as_ref() != Some(&listed) {
            let says = format!("it is missing from the list of {follower}, or otherwise there");
            deep.found(Relation::List, &about, says);
        }
    }
    Ok(())
}

/// Each delivery stands where it should.
fn deliveries(deep: &mut Deep<'_>, whole: &Whole<'_>, found: &Legs) -> Result<(), StoreError> {
    for delivery in &found.deliveries {
        deep.examined.deliveries += 1;
        let here = |row: &rows::Row| Ok(Look::get(&whole.tree, &row.0)?.as_ref() == Some(&row.1));
        let there = rows::rows(delivery).iter().map(here).collect::<Result<Vec<bool>, StoreError>>()?;
        let woken = rows::woken(delivery).as_ref().map(here).transpose()?.unwrap_or(false);
        let stands = if woken { !there.contains(&true) } else { !there.contains(&false) };
        if !stands {
            deep.found(Relation::Queue, format!("delivery {}", delivery.id), misplaced(delivery));
        }
    }
    Ok(())
}

fn misplaced(delivery: &Delivery) -> String {
    let queue = &delivery.header.queue;
    format!("the index of {queue} does not have it as it is, or has it twice: it may never be given to anybody")
}
