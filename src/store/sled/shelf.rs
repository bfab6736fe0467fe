//! Administrative documents: changed from the version the changer saw, together or not at all.

use super::{keys, read::again, transaction::Transaction, view::Look};
use crate::store::{
    Accepted, Amendment, Change, Document, Expect, Kept, MOST_NAME, Shelf, StoreError,
    stored::{Answer, decode_document, encode_document},
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
    for entry in &entries {
        tx.append(entry)?;
    }
    for change in changes {
        make(tx, change)?;
    }
    let kept = Kept { ledger_index, answer };
    if let Some(once) = &once {
        tx.keep_answer(once, &Answer::Amended(kept.clone()))?;
    }
    Ok(Accepted { ledger_index, answer: kept.answer, replayed: false })
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
pub(super) fn document(tree: &impl Look, shelf: Shelf, name: &str) -> Result<Option<Document>, StoreError> {
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
