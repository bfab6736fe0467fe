//! Proofs over the kept ledger: large full subtrees are kept beside the entries, small ones are hashed again from them.

use super::{keys, read, transaction::KEPT_LEVEL, view::Look};
use crate::{
    ledger::{self, Frontier, Subtrees, leaf_hash},
    store::{Claim, Head, Proven, StoreError},
};

/// Proves a claim against the ledger of the first `size` entries, or all.
pub(in crate::store) fn prove<L: Look>(
    tree: &L,
    claim: Claim,
    size: Option<u64>,
) -> Result<Option<Proven>, StoreError> {
    let now = read::head(tree)?.size;
    let size = size.unwrap_or(now);
    let within = match claim {
        Claim::Inclusion(index) => index < size,
        Claim::Consistency(first) => (1..=size).contains(&first),
    };
    if size > now || !within {
        return Ok(None);
    }
    let trees = Kept(tree);
    let root = ledger::root_of(&trees, size)?;
    let path = match claim {
        Claim::Inclusion(index) => ledger::inclusion(&trees, index, size)?,
        Claim::Consistency(first) => ledger::consistency(&trees, first, size)?,
    };
    Ok(Some(Proven { head: Head { size, root }, path }))
}

/// The subtrees of a store.
struct Kept<'l, L>(&'l L);

impl<L: Look> Subtrees for Kept<'_, L> {
    type Error = StoreError;

    fn root(&self, level: u32, index: u64) -> Result<[u8; 32], StoreError> {
        if level >= KEPT_LEVEL {
            let kept = self.0.get(&keys::subtree(level, index))?.and_then(|root| root.try_into().ok());
            return kept.ok_or_else(|| StoreError::Damaged(format!("the ledger's subtree {level}/{index} is missing")));
        }
        let (from, count) = (index << level, 1 << level);
        let entries = read::entries(self.0, from, count)?;
        if entries.len() != count {
            return Err(StoreError::Damaged(format!("ledger entry {} is missing", from + entries.len() as u64)));
        }
        let mut frontier = Frontier::default();
        entries.iter().for_each(|(_, entry)| frontier.append(leaf_hash(entry)));
        Ok(frontier.root())
    }
}
