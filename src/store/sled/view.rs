//! What a command sees: the tree, and over it what the commands before it in the same batch have written.

use std::{
    cell::Cell,
    collections::{BTreeMap, HashSet},
};

use super::keys;
use crate::store::StoreError;

/// The largest piece of a value. sled rewrites a leaf of up to 19 items as one, and one above 128 KiB becomes a file
/// of its own that nobody syncs: pieces this small can never add up to that.
pub(super) const PIECE: usize = 6 * 1024;

/// Reading of keys, the same over the tree alone and over a batch in the making.
pub(super) trait Look {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Up to `limit` keys from `from` (inclusive) to `to` (exclusive), in order.
    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Pairs, StoreError>;

    /// The first piece of a value that may be large, and how many pieces follow it.
    fn first_piece(&self, key: &[u8]) -> Result<Option<(u16, Vec<u8>)>, StoreError> {
        let Some(mut value) = self.get(key)? else { return Ok(None) };
        let Some(more) = value.first_chunk::<2>().copied() else { return Err(torn()) };
        value.drain(..2);
        Ok(Some((u16::from_be_bytes(more), value)))
    }

    /// A value that may be large, put together.
    fn large(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let Some((more, mut value)) = self.first_piece(key)? else { return Ok(None) };
        for number in 1..=more {
            value.extend(self.get(&keys::piece(key, number))?.ok_or_else(torn)?);
        }
        Ok(Some(value))
    }
}

/// Keys with their values.
pub(super) type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

fn torn() -> StoreError {
    StoreError::Damaged("a piece of a value is missing".into())
}

/// What sled says, in our words. Its own words may name paths but never hold content.
pub(super) fn engine(error: ::sled::Error) -> StoreError {
    match error {
        ::sled::Error::Corruption { .. } => StoreError::Damaged("the engine found a damaged page".into()),
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
        ::sled::Tree::range(self, from..to)
            .take(limit)
            .map(|pair| pair.map(|(key, value)| (key.to_vec(), value.to_vec())).map_err(engine))
            .collect()
    }
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
}

/// What a batch does to a key: a new value, or `None` to remove it.
type Write = Option<Vec<u8>>;

/// A batch in the making.
pub(super) struct Overlay<'t> {
    tree: &'t ::sled::Tree,
    writes: BTreeMap<Vec<u8>, Write>,
    /// What the command at work has replaced in `writes`, so that a refused command leaves nothing behind.
    undo: Vec<(Vec<u8>, Option<Write>)>,
}

impl Look for Overlay<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.writes.get(key) {
            Some(write) => Ok(write.clone()),
            None => Look::get(self.tree, key),
        }
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Pairs, StoreError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let mut stored = self.tree.range(from..to).peekable();
        let mut written = self.writes.range(from.to_vec()..to.to_vec()).peekable();
        let mut pairs = Vec::new();
        while pairs.len() < limit {
            let stored_first = match (stored.peek(), written.peek()) {
                (None, None) => break,
                (Some(Err(error)), _) => return Err(engine(error.clone())),
                (Some(Ok((key, _))), Some((ours, _))) => key.as_ref() < ours.as_slice(),
                (Some(Ok(_)), None) => true,
                (None, Some(_)) => false,
            };
            if stored_first {
                let (key, value) = stored.next().expect("peeked").map_err(engine)?;
                pairs.push((key.to_vec(), value.to_vec()));
                continue;
            }
            let (key, value) = written.next().expect("peeked");
            // What the batch says about a key replaces what the tree says.
            stored.next_if(|pair| pair.as_ref().is_ok_and(|(stored, _)| stored.as_ref() == key.as_slice()));
            if let Some(value) = value {
                pairs.push((key.clone(), value.clone()));
            }
        }
        Ok(pairs)
    }
}

impl<'t> Overlay<'t> {
    /// Nothing written yet.
    pub fn new(tree: &'t ::sled::Tree) -> Self {
        Self { tree, writes: BTreeMap::new(), undo: Vec::new() }
    }

    /// Writes a value no larger than a piece.
    pub fn put(&mut self, key: Vec<u8>, value: Vec<u8>) {
        self.write(key, Some(value));
    }

    /// Removes a key.
    pub fn remove(&mut self, key: Vec<u8>) {
        self.write(key, None);
    }

    /// Writes a value of any size under a key that holds none.
    pub fn put_large(&mut self, key: Vec<u8>, value: &[u8]) -> Result<(), StoreError> {
        let (first, rest) = value.split_at(value.len().min(PIECE));
        let more = u16::try_from(rest.len().div_ceil(PIECE))
            .map_err(|_| StoreError::Unavailable("a value is larger than the engine can keep".into()))?;
        for (number, piece) in (1..).zip(rest.chunks(PIECE)) {
            self.put(keys::piece(&key, number), piece.to_vec());
        }
        self.put(key, [&more.to_be_bytes(), first].concat());
        Ok(())
    }

    /// Replaces a value of any size.
    pub fn replace_large(&mut self, key: Vec<u8>, value: &[u8]) -> Result<(), StoreError> {
        self.remove_large(key.clone())?;
        self.put_large(key, value)
    }

    /// Removes a value of any size.
    pub fn remove_large(&mut self, key: Vec<u8>) -> Result<(), StoreError> {
        let more = self.first_piece(&key)?.map_or(0, |(more, _)| more);
        for number in 1..=more {
            self.remove(keys::piece(&key, number));
        }
        self.remove(key);
        Ok(())
    }

    /// What the command at work has written stays.
    pub fn keep(&mut self) {
        self.undo.clear();
    }

    /// What the command at work has written goes.
    pub fn roll_back(&mut self) {
        while let Some((key, before)) = self.undo.pop() {
            match before {
                Some(write) => self.writes.insert(key, write),
                None => self.writes.remove(&key),
            };
        }
    }

    /// True when nothing was written.
    pub fn is_empty(&self) -> bool {
        self.writes.is_empty()
    }

    /// Keys written and bytes of keys and values, for the budget.
    #[cfg(test)]
    pub fn size(&self) -> (usize, usize) {
        let bytes = |(key, value): (&Vec<u8>, &Write)| key.len() + value.as_ref().map_or(0, Vec::len);
        (self.writes.len(), self.writes.iter().map(bytes).sum())
    }

    /// The keys that the batch writes or removes.
    pub fn keys(&self) -> HashSet<Vec<u8>> {
        self.writes.keys().cloned().collect()
    }

    /// The batch for the engine.
    pub fn into_batch(self) -> ::sled::Batch {
        let mut batch = ::sled::Batch::default();
        for (key, write) in self.writes {
            match write {
                Some(value) => batch.insert(key, value),
                None => batch.remove(key),
            }
        }
        batch
    }

    fn write(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        let before = self.writes.insert(key.clone(), value);
        self.undo.push((key, before));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pairs(view: &impl Look) -> Vec<(u8, u8)> {
        view.range(b"a", b"z", 100).unwrap().iter().map(|(key, value)| (key[0], value[0])).collect()
    }

    #[test]
    fn a_batch_is_seen_over_the_tree_and_a_refused_command_leaves_it_as_it_was() {
        let db = ::sled::Config::new().temporary(true).open().unwrap();
        for key in [b"b", b"d", b"f"] {
            db.insert(key, b"1").unwrap();
        }
        let mut view = Overlay::new(&db);
        view.put(b"c".to_vec(), b"2".to_vec());
        view.put(b"d".to_vec(), b"2".to_vec());
        view.remove(b"f".to_vec());
        view.keep();
        let seen = [(b'b', b'1'), (b'c', b'2'), (b'd', b'2')];
        assert_eq!(pairs(&view), seen);
        view.remove(b"b".to_vec());
        view.put(b"d".to_vec(), b"3".to_vec());
        view.put(b"d".to_vec(), b"4".to_vec());
        view.put(b"x".to_vec(), b"4".to_vec());
        assert_eq!(pairs(&view), [(b'c', b'2'), (b'd', b'4'), (b'x', b'4')]);
        view.roll_back();
        assert_eq!(pairs(&view), seen);
        assert_eq!(view.range(b"a", b"z", 2).unwrap().len(), 2);
        db.apply_batch(view.into_batch()).unwrap();
        assert_eq!(pairs(&*db), seen);
    }

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
    }

    #[test]
    fn a_large_value_comes_back_and_leaves_no_piece_behind_when_it_shrinks() {
        let db = ::sled::Config::new().temporary(true).open().unwrap();
        let mut view = Overlay::new(&db);
        for size in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 300 * 1024, 10] {
            let value: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            view.replace_large(b"key".to_vec(), &value).unwrap();
            assert_eq!(view.large(b"key").unwrap(), Some(value));
        }
        assert_eq!(view.range(b"a", b"z", 100).unwrap().len(), 1);
        assert_eq!(view.large(b"other").unwrap(), None);
    }
}
