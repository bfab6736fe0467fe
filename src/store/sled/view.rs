//! The engine's one tree as keys that can be read, and what it says in our words.

use std::{
    cell::Cell,
    collections::{BTreeMap, HashSet},
};

pub(super) use crate::store::ordered::view::{Look, Overlay};
use crate::store::{
    StoreError,
    ordered::{Pairs, Write},
};

/// What sled says, in our words. Its own words may name paths but never hold content.
pub(super) fn engine(error: ::sled::Error) -> StoreError {
    match error {
        ::sled::Error::Corruption { .. } => StoreError::Damaged("the engine found a damaged page".into()),
        ::sled::Error::Io(error) => StoreError::Unavailable(format!("the disk refused: {error}")),
        other => StoreError::Unavailable(other.to_string()),
    }
}

impl Look for ::sled::Tree {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(::sled::Tree::get(self, key).map_err(engine)?.map(|value| value.to_vec()))
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Pairs, StoreError> {
        if from >= to {
            return Ok(Vec::new());
        }
        ::sled::Tree::range(self, from..to).take(limit).map(pair).collect()
    }

    fn last(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Pairs, StoreError> {
        if from >= to {
            return Ok(Vec::new());
        }
        ::sled::Tree::range(self, from..to).rev().take(limit).map(pair).collect()
    }
}

fn pair(pair: ::sled::Result<(::sled::IVec, ::sled::IVec)>) -> Result<(Vec<u8>, Vec<u8>), StoreError> {
    pair.map(|(key, value)| (key.to_vec(), value.to_vec())).map_err(engine)
}

/// The batch for the engine.
pub(super) fn batch(writes: BTreeMap<Vec<u8>, Write>) -> ::sled::Batch {
    let mut batch = ::sled::Batch::default();
    for (key, write) in writes {
        match write {
            Some(value) => batch.insert(key, value),
            None => batch.remove(key),
        }
    }
    batch
}

/// The tree, and whether anything that was looked at may be of the batch that is not durable yet.
pub(super) struct Watched<'t> {
    tree: &'t ::sled::Tree,
    in_flight: &'t HashSet<Vec<u8>>,
    touched: Cell<bool>,
}

impl<'t> Watched<'t> {
    /// Nothing looked at yet.
    pub fn new(tree: &'t ::sled::Tree, in_flight: &'t HashSet<Vec<u8>>) -> Self {
        Self { tree, in_flight, touched: Cell::new(false) }
    }

    /// Whether what was seen may be taken back by a power cut.
    pub fn touched(&self) -> bool {
        self.touched.get()
    }
}

impl Look for Watched<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        if self.in_flight.contains(key) {
            self.touched.set(true);
        }
        Look::get(self.tree, key)
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Pairs, StoreError> {
        // A batch adds and removes keys of many ranges: that is not looked into.
        self.touched.set(true);
        Look::range(self.tree, from, to, limit)
    }

    fn last(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Pairs, StoreError> {
        self.touched.set(true);
        Look::last(self.tree, from, to, limit)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_seen_of_a_batch_in_flight_is_noticed_even_if_it_is_nothing() {
        let db = ::sled::Config::new().temporary(true).open().unwrap();
        db.insert(b"settled", b"1").unwrap();
        db.insert(b"new", b"1").unwrap();
        let in_flight = [b"new".to_vec(), b"removed".to_vec()].into();
        let seen = |look: &dyn Fn(&Watched<'_>)| {
            let watched = Watched::new(&db, &in_flight);
            look(&watched);
            watched.touched()
        };
        assert!(!seen(&|look| assert!(look.get(b"settled").unwrap().is_some())));
        assert!(!seen(&|look| assert!(look.get(b"never").unwrap().is_none())));
        assert!(seen(&|look| assert!(look.get(b"new").unwrap().is_some())));
        assert!(seen(&|look| assert!(look.get(b"removed").unwrap().is_none())));
        assert!(seen(&|look| assert!(look.range(b"a", b"b", 9).unwrap().is_empty())));
        assert!(seen(&|look| assert!(look.last(b"a", b"b", 9).unwrap().is_empty())));
    }
}
