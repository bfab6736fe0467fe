//! Pages that wait: each is of a delivery that is there and nobody has answered.

use super::{Deep, Whole};
use crate::store::{
    Relation, StoreError,
    sled::{pages, read, view::engine},
    stored::PageRow,
};

/// Walks them.
pub(super) fn walk(deep: &mut Deep<'_>, whole: &Whole) -> Result<(), StoreError> {
    for pair in whole.tree.scan_prefix(pages::PAGES) {
        let (key, value) = pair.map_err(engine)?;
        deep.step(pages::PAGES[0]);
        let (Some(id), Ok(_)) = (pages::read_key(&key), PageRow::decode(&value)) else {
            deep.found(Relation::Outbox, format!("key {}", hex::encode(key)), "it cannot be read");
            continue;
        };
        let answered = match read::delivery(&*whole.tree, id.delivery) {
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
    Ok(())
}
