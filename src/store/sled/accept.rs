//! Accepting a submission: record, deliveries, kept answer, ledger entries and list entry, in one batch.

use super::{keys, transaction::Transaction, view::Look};
use crate::{
    domain::delivery::{Delivery, DeliveryId, Header, State},
    store::{
        Acceptance, Accepted, Kept, NewRecord, StoreError,
        stored::{Answer, Legs, Listed, encode_record},
    },
};

/// Accepts, or answers as the first time.
pub(super) fn accept(tx: &mut Transaction<'_>, acceptance: &Acceptance) -> Result<Accepted, StoreError> {
    if let Some(answer) = tx.answered(&acceptance.once)? {
        return answer.accepted().ok_or_else(|| StoreError::Damaged("a kept answer is of another kind".into()));
    }
    let Some((subject, _)) = acceptance.records.split_first() else { return Err(StoreError::WrongState) };
    let Some((first, more)) = acceptance.entries.split_first() else { return Err(StoreError::WrongState) };
    let ledger_index = tx.append(first)?;
    for entry in more {
        tx.append(entry)?;
    }
    let kept = Kept { ledger_index, answer: acceptance.answer.clone() };
    for (number, new) in acceptance.records.iter().enumerate() {
        store(tx, new, (number == 0).then(|| kept.clone()))?;
    }
    let listed = Listed { record: subject.record.id, at: subject.record.received };
    tx.view.put(keys::listed(&subject.record.organisation, Some(ledger_index)), listed.encode());
    tx.keep_answer(&acceptance.once, &Answer::Accepted(ledger_index, acceptance.answer.clone()))?;
    Ok(Accepted { ledger_index, answer: acceptance.answer.clone(), replayed: false })
}

/// Writes one record with its sealed value and its deliveries.
fn store(tx: &mut Transaction<'_>, new: &NewRecord, kept: Option<Kept>) -> Result<(), StoreError> {
    let key = keys::record(new.record.id);
    if tx.view.get(&key)?.is_some() {
        // Never over an older one: its id came up twice.
        return Err(StoreError::WrongState);
    }
    let mut value = encode_record(&new.record, kept);
    value.extend(&new.sealed);
    tx.view.put_large(key, &value)?;
    tx.books.meta.records += 1;
    let deliveries = (1..)
        .zip(&new.deliveries)
        .map(|(leg, header)| waiting(DeliveryId { record: new.record.id, leg }, header.clone()))
        .collect();
    tx.create(new.record.id, &Legs { organisation: new.record.organisation.clone(), deliveries })
}

/// A delivery as it is when it is made.
pub(super) fn waiting(id: DeliveryId, header: Header) -> Delivery {
    Delivery {
        id,
        header,
        state: State::Waiting,
        lease: None,
        acquired: 0,
        failed: 0,
        not_before: None,
        delivered: None,
        opened: None,
        settled: None,
    }
}
