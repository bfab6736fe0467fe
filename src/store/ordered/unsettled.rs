//! The records that are not settled, found in the queues: its cost grows with those, and not with what was ever stored.

use std::collections::HashSet;

use super::{
    keys::{self, Place},
    shelf::wraps_of,
    view::Look,
};
use crate::store::{StoreError, Unsettled};

/// A page of their wraps. The place is a key of an index.
pub(super) fn unsettled(tree: &impl Look, after: Option<Vec<u8>>, limit: usize) -> Result<Unsettled, StoreError> {
    let (mut last, mut left) = (after.unwrap_or_default(), limit.max(1));
    let (mut seen, mut wraps) = (HashSet::new(), Vec::new());
    for (from, end) in Place::all_queues() {
        let from = from.max([last.as_slice(), &[0]].concat());
        for (key, _) in tree.range(&from, &end, left)? {
            let id = keys::read_delivery(&key).ok_or_else(|| StoreError::Damaged("an index cannot be read".into()))?;
            if seen.insert(id.record) {
                wraps.push(wraps_of(tree, id.record)?);
            }
            (last, left) = (key, left - 1);
        }
        if left == 0 {
            return Ok((wraps, Some(last)));
        }
    }
    Ok((wraps, None))
}
