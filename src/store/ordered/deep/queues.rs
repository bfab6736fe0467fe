//! The indices of the queues: every row is of a delivery that stands there.

use super::{Deep, Whole};
use crate::store::{
    Relation, StoreError,
    ordered::{
        keys::{self, Place},
        prompts, read, rows,
        transaction::legs,
    },
};

/// Walks the places in the queues, the ends of leases, hand-overs and the ends of delays.
pub(super) fn walk(deep: &mut Deep<'_>, whole: &Whole<'_>) -> Result<(), StoreError> {
    let places = Place::ALL.map(|place| keys::every_queue(place)[0]);
    for kind in places.into_iter().chain(*b"lgz") {
        for key in whole.keys([kind]) {
            let key = key?;
            deep.step(kind);
            row(deep, whole, &key)?;
        }
    }
    for key in whole.keys(keys::FINISHED) {
        let key = key?;
        deep.step(keys::FINISHED[0]);
        finished(deep, whole, &key)?;
    }
    for kind in [keys::PROMPTS, keys::AWAITED] {
        for key in whole.keys(kind) {
            let key = key?;
            deep.step(kind[0]);
            prompt(deep, whole, &key)?;
        }
    }
    Ok(())
}

/// A prompt in the list of a queue, or awaited, is there as the list has it.
fn prompt(deep: &mut Deep<'_>, whole: &Whole<'_>, key: &[u8]) -> Result<(), StoreError> {
    let Some((record, kind)) = keys::read_prompt(key) else {
        deep.found(Relation::Prompts, format!("key {}", hex::encode(key)), "it is no prompt's");
        return Ok(());
    };
    let found = match legs(&whole.tree, record) {
        Ok(found) => found,
        // Told where records were walked.
        Err(StoreError::Damaged(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    if !found.is_some_and(|legs| prompts::rows(record, &legs).contains(key)) {
        let says = format!("a list has its prompt {kind}, and it is not there, or stands elsewhere");
        deep.found(Relation::Prompts, format!("record {record}"), says);
    }
    Ok(())
}

/// What the index of finished records has is finished since then.
fn finished(deep: &mut Deep<'_>, whole: &Whole<'_>, key: &[u8]) -> Result<(), StoreError> {
    let Some((since, record)) = keys::read_finished(key) else {
        deep.found(Relation::Retention, format!("key {}", hex::encode(key)), "it is no record's");
        return Ok(());
    };
    let found = match legs(&whole.tree, record) {
        Ok(found) => found,
        // Told where records were walked.
        Err(StoreError::Damaged(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    if found.and_then(|legs| legs.finished()) != Some(since) {
        let says = "the index has it as finished, and it is not, or since another moment";
        deep.found(Relation::Retention, format!("record {record}"), says);
    }
    Ok(())
}

fn row(deep: &mut Deep<'_>, whole: &Whole<'_>, key: &[u8]) -> Result<(), StoreError> {
    let kind = key.first().copied().map_or('?', char::from);
    let Some(id) = keys::read_delivery(key) else {
        deep.found(Relation::Queue, format!("key {}", hex::encode(key)), "it is no delivery's");
        return Ok(());
    };
    let found = match read::delivery(&whole.tree, id) {
        Ok(found) => found,
        // Told where records were walked.
        Err(StoreError::Damaged(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    let about = format!("delivery {id}");
    let Some(delivery) = found else {
        deep.found(Relation::Queue, about, format!("it is not there, and an index ({kind}) has it"));
        return Ok(());
    };
    let fits = rows::rows(&delivery).into_iter().chain(rows::woken(&delivery)).any(|(row, _)| row == key);
    if !fits {
        let says = if delivery.settled.is_some() { "it is settled" } else { "it stands elsewhere" };
        deep.found(
            Relation::Queue,
            about,
            format!("{says}, and an index of {} ({kind}) has it", delivery.header.queue),
        );
    }
    Ok(())
}
