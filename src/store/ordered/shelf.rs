//! Administrative documents: changed from the version the changer saw, together or not at all.

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    keys,
    read::again,
    transaction::{Stands, Transaction},
    view::Look,
};
use crate::store::{
    Accepted, Amendment, Change, Document, Expect, Kept, MOST_NAME, Rewrap, Seen, Shelf, StoreError, Wraps,
    stored::{Answer, Legs, StoredEvent, damaged, decode_document, encode_document},
};

/// Makes the changes, or answers as the first time.
pub(super) fn amend(tx: &mut Transaction<'_>, amendment: Amendment) -> Result<Accepted, StoreError> {
    let Amendment { once, changes, entries, answer } = amendment;
    match once.as_ref().map(|once| tx.answered(once)).transpose()?.flatten() {
        None => {}
        Some(Answer::Amended(kept)) => return Ok(again(kept)),
        Some(_) => return Err(StoreError::Damaged("a kept answer is of another kind".into())),
    }
    let ledger_index = tx.books.meta.frontier.size();
    let mut root = None;
    for entry in &entries {
        tx.append(entry)?;
        root.get_or_insert_with(|| tx.books.meta.frontier.root());
    }
    let root = root.unwrap_or_else(|| tx.books.meta.frontier.root());
    for change in changes {
        make(tx, change)?;
    }
    let kept = Kept { ledger_index, answer, root };
    if let Some(once) = &once {
        tx.keep_answer(once, &Answer::Amended(kept.clone()))?;
    }
    Ok(Accepted { ledger_index, answer: kept.answer, root, replayed: false })
}

/// Replaces wraps and makes an amendment.
pub(super) fn rewrap(
    tx: &mut Transaction<'_>,
    rewraps: Vec<Rewrap>,
    seen: Option<&Seen>,
    amendment: Amendment,
) -> Result<Accepted, StoreError> {
    let told: Vec<_> = amendment.entries.iter().map(|entry| (entry.record, entry.at)).collect();
    let accepted = amend(tx, amendment)?;
    if accepted.replayed {
        return Ok(accepted);
    }
    still(&tx.view, seen)?;
    for Rewrap { record, before, after, under } in rewraps {
        let mut legs = tx.legs(record)?.ok_or(StoreError::NotFound)?;
        if legs.wraps != before {
            return Err(StoreError::Conflict);
        }
        let (erased, stood) = (after.is_empty() && !before.is_empty(), Stands::of(record, &legs));
        tx.wrapped(Some(&legs.wrapped_under), &under);
        (legs.wraps, legs.wrapped_under) = (after, under);
        if erased {
            let of_it = (accepted.ledger_index..).zip(&told).find(|(_, (about, _))| *about == Some(record));
            erase(tx, (record, &mut legs), of_it.map(|(index, (_, at))| (index, *at)))?;
            tx.stand(record, stood, &legs);
        }
        tx.rewrite(record, &legs)?;
    }
    Ok(accepted)
}

/// The keys of a record are gone: what was sealed in notes goes, and its followers are told at the entry about it.
fn erase(
    tx: &mut Transaction<'_>,
    (record, legs): (Uuid, &mut Legs),
    told: Option<(u64, Timestamp)>,
) -> Result<(), StoreError> {
    let open = legs.deliveries.iter().any(|delivery| delivery.settled.is_none());
    if open || legs.prompts.iter().any(|prompt| prompt.end.is_none()) {
        // Something was opened again since it was looked at.
        return Err(StoreError::Conflict);
    }
    legs.strip();
    if let Some((index, at)) = told {
        legs.erased = Some(index);
        tx.tell(legs, index, StoredEvent::erased(record, at));
    }
    Ok(())
}

/// What somebody relied on must still be so.
pub(super) fn still(view: &impl Look, seen: Option<&Seen>) -> Result<(), StoreError> {
    let Some(seen) = seen else { return Ok(()) };
    let found = document(view, seen.shelf, &seen.name)?;
    if found.map_or(0, |document| document.version) == seen.version { Ok(()) } else { Err(StoreError::Conflict) }
}

/// A page of wraps, in the order of records.
pub(super) fn wraps(tree: &impl Look, after: Option<Uuid>, limit: usize) -> Result<Vec<Wraps>, StoreError> {
    let from = after.map_or_else(|| keys::legs(Uuid::nil()), |record| [keys::legs(record).as_slice(), &[0]].concat());
    let end = [keys::legs(Uuid::max()).as_slice(), &[0]].concat();
    let found = tree.range(&from, &end, limit)?;
    let read = |(key, _): (Vec<u8>, Vec<u8>)| {
        let record = keys::record_of_legs(&key).ok_or_else(|| StoreError::Damaged("a key cannot be read".into()))?;
        wraps_of(tree, record)
    };
    found.into_iter().map(read).collect()
}

/// The wraps of one record.
pub(super) fn wraps_of(tree: &impl Look, record: Uuid) -> Result<Wraps, StoreError> {
    let bytes = tree.large(&keys::legs(record))?.ok_or_else(|| damaged("the wraps", record))?;
    let (organisation, bytes) = Legs::decode_wraps(record, &bytes)?;
    Ok(Wraps { record, organisation, bytes })
}

fn make(tx: &mut Transaction<'_>, change: Change) -> Result<(), StoreError> {
    if change.name.is_empty() || change.name.len() > MOST_NAME {
        return Err(StoreError::WrongState);
    }
    let found = document(&tx.view, change.shelf, &change.name)?.map(|document| document.version);
    let version = match (change.expect, found) {
        (Expect::New, None) => 1,
        (Expect::Version(seen), Some(found)) if seen == found => found + 1,
        _ => return Err(StoreError::Conflict),
    };
    let key = keys::document(change.shelf, &change.name);
    let Some(bytes) = change.bytes else {
        if found.is_some() {
            tx.books.meta.documents = tx.books.meta.documents.saturating_sub(1);
        }
        return tx.view.remove_large(key);
    };
    if found.is_none() {
        tx.books.meta.documents += 1;
    }
    tx.view.replace_large(key, &encode_document(version, bytes))
}

/// One document.
pub(in crate::store) fn document(tree: &impl Look, shelf: Shelf, name: &str) -> Result<Option<Document>, StoreError> {
    tree.large(&keys::document(shelf, name))?.map(|bytes| decode_document(name, &bytes)).transpose()
}

/// A page of a shelf, in the order of names.
pub(super) fn documents(
    tree: &impl Look,
    shelf: Shelf,
    after: &str,
    limit: usize,
) -> Result<Vec<Document>, StoreError> {
    let from = [keys::document(shelf, after).as_slice(), &[0]].concat();
    let unreadable = || StoreError::Damaged("a document cannot be read".into());
    let found = tree.range(&from, &keys::documents_end(shelf), limit)?;
    let names = found.iter().map(|(key, _)| keys::document_name(shelf, key).ok_or_else(unreadable));
    names.map(|name| document(tree, shelf, name?)?.ok_or_else(unreadable)).collect()
}
