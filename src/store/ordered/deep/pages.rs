//! Pages that wait: each is of a delivery that is there and nobody has answered.

use std::collections::HashSet;

use super::{Deep, Whole};
use crate::{
    domain::{
        delivery::Delivery,
        history::{Step, StepKind},
        paging::PageId,
    },
    ledger::decode,
    store::{
        Relation, StoreError,
        ordered::{keys, pages, read, transaction::legs},
        stored::PageRow,
    },
};

/// Walks them.
pub(super) fn walk(deep: &mut Deep<'_>, whole: &Whole<'_>) -> Result<(), StoreError> {
    for pair in whole.pairs(pages::PAGES) {
        let (key, value) = pair?;
        deep.step(pages::PAGES[0]);
        let (Some(id), Ok(_)) = (pages::read_key(&key), PageRow::decode(&value)) else {
            deep.found(Relation::Outbox, format!("key {}", hex::encode(key)), "it cannot be read");
            continue;
        };
        let answered = match read::delivery(&whole.tree, id.delivery) {
            Ok(found) => found.is_none_or(|delivery| delivery.settled.is_some() || delivery.is_rejected()),
            // Told where records were walked.
            Err(StoreError::Damaged(_)) => continue,
            Err(error) => return Err(error),
        };
        if answered {
            let says = "its delivery is not there, or was settled: nobody need be told";
            deep.found(Relation::Outbox, format!("page {id}"), says);
        }
    }
    if deep.short(pages::PAGES, whole.meta.pages) { unpaged(deep, whole) } else { Ok(()) }
}

/// Some pages are missing: which of those that reached nobody so far, and that nobody has answered.
fn unpaged(deep: &mut Deep<'_>, whole: &Whole<'_>) -> Result<(), StoreError> {
    let mut reached = HashSet::new();
    for key in whole.keys(b"e") {
        // What cannot be read was told where the ledger was walked.
        let Ok(Some(bytes)) = whole.tree.large(&key?) else { continue };
        let Ok(entry) = decode(&bytes) else { continue };
        let number = entry.details.iter().find_map(|detail| detail.strip_prefix("page="));
        let number = number.filter(|_| entry.action == "PAGED").and_then(|number| number.parse().ok());
        reached.extend(entry.deliveries.first().copied().zip(number));
    }
    for key in whole.keys(b"d") {
        let Some(id) = keys::record_of_legs(&key?) else { continue };
        let Ok(Some(found)) = legs(&whole.tree, id) else { continue };
        for page in found.deliveries.iter().flat_map(waiting) {
            let there = pages::row(&whole.tree, page)?.is_some();
            if !there && !reached.contains(&(page.delivery, page.number)) {
                let says = "it is missing: nobody is told that it waits, or is late";
                deep.lost(Relation::Outbox, format!("page {page}"), says);
            }
        }
    }
    Ok(())
}

/// The pages of a delivery that nobody has answered: that of its arrival, and one for each time it was escalated.
fn waiting(delivery: &Delivery) -> Vec<PageId> {
    if delivery.settled.is_some() || delivery.is_rejected() {
        return Vec::new();
    }
    let answered = |step: &&Step| step.kind == StepKind::Rejected;
    let rejected = delivery.history.iter().filter(answered).map(|step| step.at).max();
    let last = rejected.max(delivery.opened);
    let arrival = (0, delivery.header.received);
    let escalated = (1..).zip(delivery.escalations().map(|step| step.at));
    let all = delivery.header.page.then_some(arrival).into_iter().chain(escalated);
    let open = all.filter(|(_, since)| last.is_none_or(|last| last < *since));
    open.map(|(number, _)| PageId { delivery: delivery.id, number }).collect()
}
