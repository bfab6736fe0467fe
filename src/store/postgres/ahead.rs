//! Reading ahead: whoever walks a store whole asks for many keys, most of them near one another, and an answer over a network takes as
//! long for one key as for a hundred. What is asked for is read together with what follows it, the more the more of that was used.

use std::{
    cell::RefCell,
    collections::{BTreeMap, VecDeque},
    ops::Bound::{Excluded, Included, Unbounded},
};

use crate::store::{
    StoreError,
    ordered::{Look, Pairs},
};

/// The most that is kept, in bytes of keys and values.
const KEPT: usize = 64 << 20;
/// Keys that are read at once: at first, at least, and at most.
const WIDTH: (usize, usize, usize) = (64, 32, 1024);

/// Keys that nobody changes meanwhile, read ahead.
pub(super) struct Ahead<'t> {
    tree: &'t dyn Look,
    kept: RefCell<Kept>,
}

impl<'t> Ahead<'t> {
    /// Nothing read yet.
    pub fn of(tree: &'t dyn Look) -> Self {
        Self { tree, kept: RefCell::default() }
    }
}

impl Look for Ahead<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        let Some(&kind) = key.first().filter(|kind| **kind < u8::MAX) else { return self.tree.get(key) };
        if let Some(found) = self.kept.borrow_mut().get(key) {
            return Ok(found);
        }
        let (width, to) = self.kept.borrow_mut().gap(key, kind);
        let pairs = self.tree.range(key, &to, width)?;
        let found = pairs.first().filter(|(first, _)| first == key).map(|(_, value)| value.clone());
        self.kept.borrow_mut().keep(key, to, width, pairs);
        Ok(found)
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Pairs, StoreError> {
        let pairs = self.tree.range(from, to, limit)?;
        self.kept.borrow_mut().keep(from, to.to_vec(), limit, pairs.clone());
        Ok(pairs)
    }

    fn last(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Pairs, StoreError> {
        self.tree.last(from, to, limit)
    }
}

/// What was read.
#[derive(Default)]
struct Kept {
    /// By where each begins.
    runs: BTreeMap<Vec<u8>, Run>,
    /// Where they begin, the oldest first; some may be gone.
    oldest: VecDeque<Vec<u8>>,
    bytes: usize,
    /// By the first byte of the key.
    paces: BTreeMap<u8, Pace>,
}

/// All keys from some place on up to another.
struct Run {
    to: Vec<u8>,
    pairs: Pairs,
}

/// How keys of one kind are read.
struct Pace {
    width: usize,
    /// Answers that needed no question since the last one.
    used: usize,
}

impl Default for Pace {
    fn default() -> Self {
        Self { width: WIDTH.0, used: 0 }
    }
}

impl Run {
    fn bytes(&self) -> usize {
        self.pairs.iter().map(|(key, value)| key.len() + value.len()).sum()
    }
}

impl Kept {
    /// What is known of a key: that it has this value, or that there is none.
    fn get(&mut self, key: &[u8]) -> Option<Option<Vec<u8>>> {
        let (_, run) = self.runs.range::<[u8], _>((Unbounded, Included(key))).next_back()?;
        if key >= run.to.as_slice() {
            return None;
        }
        let place = run.pairs.binary_search_by(|(there, _)| there.as_slice().cmp(key)).ok();
        let found = place.and_then(|place| run.pairs.get(place)).map(|(_, value)| value.clone());
        if let Some(kind) = key.first() {
            self.paces.entry(*kind).or_default().used += 1;
        }
        Some(found)
    }

    /// How many keys are to be read from here on, and up to where at most: the end of their kind, or what is known again.
    fn gap(&mut self, key: &[u8], kind: u8) -> (usize, Vec<u8>) {
        let pace = self.paces.entry(kind).or_default();
        if pace.used * 2 >= pace.width {
            pace.width = (pace.width * 2).min(WIDTH.2);
        } else if pace.used * 8 < pace.width {
            pace.width = (pace.width / 2).max(WIDTH.1);
        }
        pace.used = 0;
        let end = vec![kind + 1];
        let next = self.runs.range::<[u8], _>((Included(key), Unbounded)).next().map(|(from, _)| from.clone());
        (pace.width, next.filter(|next| *next < end).unwrap_or(end))
    }

    /// Keeps what was read where up to `limit` keys were asked for, and lets the oldest go where it is too much.
    fn keep(&mut self, from: &[u8], mut to: Vec<u8>, limit: usize, pairs: Pairs) {
        if let Some((last, _)) = pairs.last().filter(|_| pairs.len() >= limit) {
            to = [last.as_slice(), &[0]].concat();
        }
        if from >= to.as_slice() {
            return;
        }
        let within: Vec<_> =
            self.runs.range::<[u8], _>((Included(from), Excluded(&to[..]))).map(|(from, _)| from.clone()).collect();
        within.iter().for_each(|from| self.forget(from));
        let run = Run { to, pairs };
        self.bytes += run.bytes();
        self.runs.insert(from.to_vec(), run);
        self.oldest.push_back(from.to_vec());
        while self.bytes > KEPT
            && let Some(oldest) = self.oldest.pop_front()
        {
            self.forget(&oldest);
        }
    }

    fn forget(&mut self, from: &[u8]) {
        if let Some(run) = self.runs.remove(from) {
            self.bytes -= run.bytes();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    /// Keys at hand, and how often somebody asked.
    #[derive(Default)]
    struct Counted {
        keys: BTreeMap<Vec<u8>, Vec<u8>>,
        asked: Cell<usize>,
    }

    impl Look for Counted {
        fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
            self.asked.set(self.asked.get() + 1);
            Ok(self.keys.get(key).cloned())
        }

        fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Pairs, StoreError> {
            self.asked.set(self.asked.get() + 1);
            let pairs = self.keys.range(from.to_vec()..to.to_vec());
            Ok(pairs.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect())
        }

        fn last(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Pairs, StoreError> {
            let pairs = self.keys.range(from.to_vec()..to.to_vec()).rev();
            Ok(pairs.take(limit).map(|(key, value)| (key.clone(), value.clone())).collect())
        }
    }

    fn key(kind: u8, number: u32) -> Vec<u8> {
        [&[kind][..], &number.to_be_bytes()].concat()
    }

    #[test]
    fn keys_in_their_order_are_read_in_a_few_questions_whether_they_are_there_or_not() {
        let mut tree = Counted::default();
        for number in (0..20_000).step_by(2) {
            tree.keys.insert(key(b'd', number), vec![7; 100]);
            tree.keys.insert(key(b'r', number), number.to_be_bytes().into());
        }
        let ahead = Ahead::of(&tree);
        for number in 0..20_000 {
            for kind in *b"rd" {
                assert_eq!(ahead.get(&key(kind, number)).unwrap().is_some(), number % 2 == 0);
            }
        }
        assert!(tree.asked.get() < 60, "{} questions for 40 000 keys", tree.asked.get());
    }

    #[test]
    fn what_is_answered_is_what_the_tree_says_in_whatever_order_it_is_asked() {
        let mut tree = Counted::default();
        let mut chance = 7_u32;
        let mut next = || {
            chance = chance.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            chance >> 8
        };
        for _ in 0..3_000 {
            let (kind, number) = (b'a' + (next() % 4) as u8, next() % 5_000);
            tree.keys.insert(key(kind, number), vec![kind; (next() % 60_000) as usize]);
        }
        let ahead = Ahead::of(&tree);
        for _ in 0..3_000 {
            let (from, to) =
                (key(b'a' + (next() % 4) as u8, next() % 5_000), key(b'a' + (next() % 4) as u8, next() % 5_000));
            assert_eq!(ahead.get(&from).unwrap(), tree.get(&from).unwrap());
            let limit = 1 + (next() % 40) as usize;
            if from < to && next() % 4 == 0 {
                assert_eq!(ahead.range(&from, &to, limit).unwrap(), tree.range(&from, &to, limit).unwrap());
                assert_eq!(ahead.last(&from, &to, limit).unwrap(), tree.last(&from, &to, limit).unwrap());
            }
        }
        assert!(ahead.kept.borrow().bytes <= KEPT);
        assert_eq!(ahead.kept.borrow().bytes, ahead.kept.borrow().runs.values().map(Run::bytes).sum::<usize>());
    }
}
