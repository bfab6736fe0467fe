//! Kept answers, documents, and the further pieces of large values.

use uuid::Uuid;

use super::{Deep, Whole};
use crate::store::{
    Relation, Shelf, StoreError,
    sled::{
        keys, read,
        transaction::legs,
        view::{Look, engine},
    },
    stored::{Answer, decode_document},
};

/// Walks them.
pub(super) fn walk(deep: &mut Deep<'_>, whole: &Whole) -> Result<(), StoreError> {
    for key in whole.tree.scan_prefix(b"i").keys() {
        let key = key.map_err(engine)?;
        deep.step(b'i');
        deep.examined.answers += 1;
        answer(deep, whole, &key)?;
    }
    for record in std::mem::take(&mut deep.subjects) {
        let says = "the first answer of its request is missing: sent again, it would be accepted a second time";
        deep.found(Relation::Answer, format!("record {record}"), says);
    }
    for key in whole.tree.scan_prefix(keys::KEPT_UNTIL).keys() {
        let key = key.map_err(engine)?;
        if Look::get(&*whole.tree, keys::kept_of(&key))?.is_none() {
            let about = format!("the end of answer {}", hex::encode(keys::kept_of(&key)));
            deep.found(Relation::Stray, about, "there is no such answer");
        }
    }
    documents(deep, whole)?;
    pieces(deep, whole)
}

fn answer(deep: &mut Deep<'_>, whole: &Whole, key: &[u8]) -> Result<(), StoreError> {
    let tree = &*whole.tree;
    let about = format!("answer {}", hex::encode(key));
    let read = |bytes: Option<Vec<u8>>| {
        let bytes = bytes.ok_or_else(|| StoreError::Damaged("it cannot be read".into()))?;
        Answer::of_any(&bytes).map(|(_, answer)| answer)
    };
    let Some(answer) = deep.checked(tree.large(key).and_then(read), Relation::Answer, &about)? else { return Ok(()) };
    let about_deliveries = match answer {
        Answer::Accepted(record) => {
            if !deep.subjects.remove(&record) {
                let says = format!("it is that of record {record}, which is missing or has no receipt, or has two");
                deep.found(Relation::Answer, about, says);
            }
            return Ok(());
        }
        Answer::Amended(kept) => {
            if kept.ledger_index > whole.meta.frontier.size() {
                deep.found(Relation::Answer, about, format!("it names entry {} of the ledger", kept.ledger_index));
            }
            return Ok(());
        }
        Answer::Delivery(one) => vec![*one],
        Answer::Deliveries(several) => several,
    };
    for delivery in about_deliveries {
        if matches!(read::delivery(tree, delivery.id), Ok(None)) {
            deep.found(Relation::Answer, &about, format!("it is about delivery {}, which is not there", delivery.id));
        }
    }
    Ok(())
}

fn documents(deep: &mut Deep<'_>, whole: &Whole) -> Result<(), StoreError> {
    for key in whole.tree.scan_prefix(b"s").keys() {
        let key = key.map_err(engine)?;
        deep.step(b's');
        let Some((shelf, name)) = keys::shelf_of(&key) else {
            let about = format!("key {}", hex::encode(&key));
            deep.found(Relation::Document, about, "it is on no shelf that this program knows");
            continue;
        };
        let read = |bytes: Option<Vec<u8>>| bytes.map(|bytes| decode_document(name, &bytes)).transpose();
        let about = format!("document {name} of shelf {shelf}");
        deep.checked(whole.tree.large(&key).and_then(read), Relation::Document, about)?;
        if let (Shelf::Erasure, Ok(record)) = (shelf, Uuid::try_parse(name)) {
            erased(deep, whole, record)?;
        }
    }
    Ok(())
}

/// What was erased has no keys.
fn erased(deep: &mut Deep<'_>, whole: &Whole, record: Uuid) -> Result<(), StoreError> {
    let found = match legs(&*whole.tree, record) {
        Ok(found) => found,
        Err(StoreError::Damaged(_)) => return Ok(()),
        Err(error) => return Err(error),
    };
    if found.is_none_or(|legs| !legs.wraps.is_empty()) {
        deep.found(Relation::Record, format!("record {record}"), "it was erased, and is missing or its keys are there");
    }
    Ok(())
}

/// A piece belongs to a value that counts it.
fn pieces(deep: &mut Deep<'_>, whole: &Whole) -> Result<(), StoreError> {
    for key in whole.tree.scan_prefix(b"k").keys() {
        let key = key.map_err(engine)?;
        let of = keys::piece_of(&key);
        let counted = match of.map(|(whole_key, _)| whole.tree.first_piece(whole_key)) {
            Some(Ok(Some((more, _)))) => of.is_some_and(|(_, number)| (1..=more).contains(&number)),
            Some(Err(StoreError::Unavailable(why))) => return Err(StoreError::Unavailable(why)),
            _ => false,
        };
        if !counted {
            deep.found(Relation::Stray, format!("piece {}", hex::encode(&key)), "no value counts it");
        }
    }
    Ok(())
}
