//! What a command sees: the keys of an engine, and over them what the commands before it in the same batch have written.

use std::collections::{BTreeMap, HashSet};

use super::keys;
use crate::store::StoreError;

/// The largest piece of a value. sled rewrites a leaf of up to 19 items as one, and one above 128 KiB becomes a file
/// of its own that nobody syncs: pieces this small can never add up to that.
pub(in crate::store) const PIECE: usize = 6 * 1024;

/// Reading of keys, the same over the tree alone and over a batch in the making.
pub(in crate::store) trait Look {
    /// The value of a key.
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError>;

    /// Up to `limit` keys from `from` (inclusive) to `to` (exclusive), in order.
    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Pairs, StoreError>;

    /// Up to `limit` keys from `from` (inclusive) to `to` (exclusive), the last first.
    fn last(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Pairs, StoreError>;

    /// Every key that begins with `prefix`, in order, however many they are.
    fn each(&self, prefix: &[u8], each: &mut Each<'_>) -> Result<(), StoreError> {
        let (mut from, to) = (prefix.to_vec(), behind(prefix));
        loop {
            let pairs = self.range(&from, &to, STEP)?;
            for (key, value) in &pairs {
                each(key, value)?;
            }
            match pairs.into_iter().nth(STEP - 1) {
                Some((last, _)) => from = [last.as_slice(), &[0]].concat(),
                None => return Ok(()),
            }
        }
    }

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

/// What is done with each key and its value.
pub(in crate::store) type Each<'e> = dyn FnMut(&[u8], &[u8]) -> Result<(), StoreError> + 'e;

/// How many keys are read at a time.
pub(in crate::store) const STEP: usize = 1024;

/// The first key behind all that begin with `prefix`, none of whose bytes is the highest.
pub(in crate::store) fn behind(prefix: &[u8]) -> Vec<u8> {
    let mut behind = prefix.to_vec();
    if let Some(last) = behind.last_mut() {
        *last = last.saturating_add(1);
    }
    behind
}

impl<L: Look + ?Sized> Look for &L {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        (**self).get(key)
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Pairs, StoreError> {
        (**self).range(from, to, limit)
    }

    fn last(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Pairs, StoreError> {
        (**self).last(from, to, limit)
    }
}

/// Keys with their values.
pub(in crate::store) type Pairs = Vec<(Vec<u8>, Vec<u8>)>;

fn torn() -> StoreError {
    StoreError::Damaged("a piece of a value is missing".into())
}

/// What a batch does to a key: a new value, or `None` to remove it.
pub(in crate::store) type Write = Option<Vec<u8>>;

/// A batch in the making.
pub(in crate::store) struct Overlay<'t> {
    base: &'t dyn Look,
    writes: BTreeMap<Vec<u8>, Write>,
    /// What the command at work has replaced in `writes`, so that a refused command leaves nothing behind.
    undo: Vec<(Vec<u8>, Option<Write>)>,
}

impl Look for Overlay<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        match self.writes.get(key) {
            Some(write) => Ok(write.clone()),
            None => self.base.get(key),
        }
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Pairs, StoreError> {
        if from >= to {
            return Ok(Vec::new());
        }
        self.merged((from, to), limit, false)
    }

    fn last(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Pairs, StoreError> {
        if from >= to {
            return Ok(Vec::new());
        }
        self.merged((from, to), limit, true)
    }
}

impl<'t> Overlay<'t> {
    /// Nothing written yet.
    pub fn new(base: &'t dyn Look) -> Self {
        Self { base, writes: BTreeMap::new(), undo: Vec::new() }
    }

    /// What stands below and what the batch writes, in one order or the other.
    fn merged(&self, (from, to): (&[u8], &[u8]), limit: usize, backwards: bool) -> Result<Pairs, StoreError> {
        let mut written: Vec<(&Vec<u8>, &Write)> = self.writes.range(from.to_vec()..to.to_vec()).collect();
        // So many of those below may be gone.
        let enough = limit.saturating_add(written.iter().filter(|(_, write)| write.is_none()).count());
        let below = if backwards { self.base.last(from, to, enough)? } else { self.base.range(from, to, enough)? };
        if backwards {
            written.reverse();
        }
        let (mut below, mut written) = (below.into_iter().peekable(), written.into_iter().peekable());
        let mut pairs = Vec::new();
        while pairs.len() < limit {
            let below_first = match (below.peek(), written.peek()) {
                (None, None) => break,
                (Some((key, _)), Some((ours, _))) => key != *ours && (key < *ours) != backwards,
                (Some(_), None) => true,
                (None, Some(_)) => false,
            };
            if below_first {
                pairs.extend(below.next());
                continue;
            }
            let Some((key, write)) = written.next() else { break };
            // What the batch says about a key replaces what stands below.
            below.next_if(|(stored, _)| stored == key);
            pairs.extend(write.clone().map(|value| (key.clone(), value)));
        }
        Ok(pairs)
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

    /// What the batch does to each key.
    pub fn into_writes(self) -> BTreeMap<Vec<u8>, Write> {
        self.writes
    }

    fn write(&mut self, key: Vec<u8>, value: Option<Vec<u8>>) {
        let before = self.writes.insert(key.clone(), value);
        self.undo.push((key, before));
    }
}

#[cfg(test)]
pub(in crate::store) mod tests {
    use super::*;

    /// Keys in memory, for what is tried without an engine.
    #[derive(Debug, Default)]
    pub struct Memory(pub BTreeMap<Vec<u8>, Vec<u8>>);

    impl Memory {
        /// Does what a batch does.
        pub fn apply(&mut self, writes: BTreeMap<Vec<u8>, Write>) {
            for (key, write) in writes {
                match write {
                    Some(value) => self.0.insert(key, value),
                    None => self.0.remove(&key),
                };
            }
        }
    }

    impl Look for Memory {
        fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
            Ok(self.0.get(key).cloned())
        }

        fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Pairs, StoreError> {
            let pairs = self.0.range(from.to_vec()..to.to_vec());
            Ok(pairs.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect())
        }

        fn last(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Pairs, StoreError> {
            let pairs = self.0.range(from.to_vec()..to.to_vec()).rev();
            Ok(pairs.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect())
        }
    }

    fn short(pairs: Pairs) -> Vec<(u8, u8)> {
        pairs.iter().map(|(key, value)| (key[0], value[0])).collect()
    }

    fn pairs(view: &impl Look) -> Vec<(u8, u8)> {
        let all = short(view.range(b"a", b"z", 100).unwrap());
        let mut backwards = short(view.last(b"a", b"z", 100).unwrap());
        backwards.reverse();
        assert_eq!(all, backwards);
        all
    }

    #[test]
    fn a_batch_is_seen_over_the_keys_and_a_refused_command_leaves_it_as_it_was() {
        let mut kept = Memory([b"b", b"d", b"f"].map(|key| (key.to_vec(), b"1".to_vec())).into());
        let mut view = Overlay::new(&kept);
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
        assert_eq!(short(view.range(b"a", b"z", 1).unwrap()), [(b'c', b'2')], "what is gone takes nobody's place");
        assert_eq!(short(view.last(b"a", b"x", 1).unwrap()), [(b'd', b'4')]);
        view.roll_back();
        assert_eq!(pairs(&view), seen);
        assert_eq!(view.range(b"a", b"z", 2).unwrap().len(), 2);
        let writes = view.into_writes();
        kept.apply(writes);
        assert_eq!(pairs(&kept), seen);
    }

    #[test]
    fn every_key_of_a_kind_is_found_however_many_there_are() {
        for many in [0, 1, STEP - 1, STEP, STEP + 1, 2 * STEP] {
            let keys = (0..u32::try_from(many).unwrap()).map(|number| [b"k", &number.to_be_bytes()[..]].concat());
            let mut kept = Memory(keys.map(|key| (key, Vec::new())).collect());
            kept.0.insert(b"l".to_vec(), Vec::new());
            let mut found = Vec::new();
            kept.each(b"k", &mut |key, _| {
                found.push(key.to_vec());
                Ok(())
            })
            .unwrap();
            assert!(found.len() == many && found.is_sorted());
        }
    }

    #[test]
    fn a_large_value_comes_back_and_leaves_no_piece_behind_when_it_shrinks() {
        let kept = Memory::default();
        let mut view = Overlay::new(&kept);
        for size in [0, 1, PIECE - 1, PIECE, PIECE + 1, 3 * PIECE, 300 * 1024, 10] {
            let value: Vec<u8> = (0..size).map(|at| (at % 251) as u8).collect();
            view.replace_large(b"key".to_vec(), &value).unwrap();
            assert_eq!(view.large(b"key").unwrap(), Some(value));
        }
        assert_eq!(view.range(b"a", b"z", 100).unwrap().len(), 1);
        assert_eq!(view.large(b"other").unwrap(), None);
    }
}
