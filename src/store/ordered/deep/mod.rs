//! Walks a store whole, ledger, records, deliveries, indices and kept answers against each other, and names every
//! disagreement. It changes nothing that the store holds.

mod agreeing;
mod answers;
mod ledger;
mod lists;
mod pages;
mod queues;
mod records;

use std::{
    collections::{BTreeMap, HashSet, VecDeque},
    fmt::Display,
};

use uuid::Uuid;

use super::{
    Look, Pairs, keys, read,
    view::{STEP, behind},
};
use crate::{
    ledger::{Checkpoint, Frontier},
    store::{Examined, Examining, Finding, Head, Mend, Relation, StoreError, stored::Meta},
};

/// An examination under way.
pub(in crate::store) struct Deep<'w> {
    watch: &'w mut dyn Examining,
    /// What came of it so far.
    pub examined: Examined,
    done: u64,
    of: u64,
    /// Records with a receipt: each has a kept answer.
    subjects: HashSet<Uuid>,
    /// How many records are wrapped under each name, counted.
    wrapped: BTreeMap<String, u64>,
    /// Keys of each kind, counted.
    kinds: BTreeMap<u8, u64>,
    /// Of what kind each thing is that is missing and was named.
    lost: Vec<Relation>,
}

/// The store that is examined.
pub(in crate::store) struct Whole<'t> {
    /// Its keys, which nobody changes meanwhile.
    pub tree: &'t dyn Look,
    /// What its last commit says of it.
    pub meta: Meta,
    /// The ledger as something kept apart from the keys has it.
    pub head: Option<Head>,
    /// An older checkpoint that its ledger must continue.
    pub since: Option<Checkpoint>,
}

impl<'t> Whole<'t> {
    /// Every key that begins with `prefix`, with its value, in order.
    fn pairs(&self, prefix: impl AsRef<[u8]>) -> Reading<'t> {
        let from = prefix.as_ref().to_vec();
        Reading { tree: self.tree, to: behind(&from), from: Some(from), read: VecDeque::new() }
    }

    /// Every key that begins with `prefix`, in order.
    fn keys(&self, prefix: impl AsRef<[u8]>) -> impl Iterator<Item = Result<Vec<u8>, StoreError>> {
        self.pairs(prefix).map(|pair| pair.map(|(key, _)| key))
    }
}

/// Keys on their way, some at a time.
struct Reading<'t> {
    tree: &'t dyn Look,
    /// Where the next ones begin, if there are more.
    from: Option<Vec<u8>>,
    to: Vec<u8>,
    read: VecDeque<(Vec<u8>, Vec<u8>)>,
}

impl Reading<'_> {
    fn more(&mut self) -> Result<(), StoreError> {
        let Some(from) = self.from.take() else { return Ok(()) };
        let pairs: Pairs = self.tree.range(&from, &self.to, STEP)?;
        self.from = pairs.get(STEP - 1).map(|(last, _)| [last.as_slice(), &[0]].concat());
        self.read = pairs.into();
        Ok(())
    }
}

impl Iterator for Reading<'_> {
    type Item = Result<(Vec<u8>, Vec<u8>), StoreError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.read.is_empty()
            && let Err(error) = self.more()
        {
            return Some(Err(error));
        }
        self.read.pop_front().map(Ok)
    }
}

impl<'w> Deep<'w> {
    /// Nothing looked at yet.
    pub fn new(watch: &'w mut dyn Examining) -> Self {
        let head = Head { size: 0, root: Frontier::default().root() };
        let examined = Examined { head, records: 0, deliveries: 0, answers: 0, findings: 0 };
        let (subjects, wrapped, kinds) = (HashSet::new(), BTreeMap::new(), BTreeMap::new());
        Self { watch, examined, done: 0, of: 0, subjects, wrapped, kinds, lost: Vec::new() }
    }

    /// What the last commit says of the store.
    pub fn meta(&mut self, tree: &dyn Look) -> Result<Meta, StoreError> {
        let read = tree.get(keys::META).and_then(|bytes| bytes.map(|bytes| Meta::decode(&bytes)).transpose());
        let meta = self.checked(read, Relation::Count, "the store")?.flatten();
        if meta.is_none() && !tree.range(&[], &[u8::MAX], 1)?.is_empty() {
            self.found(Relation::Count, "the store", "the counts of the last commit are missing");
        }
        Ok(meta.unwrap_or_default())
    }

    /// Walks it.
    pub fn walk(&mut self, whole: &Whole<'_>) -> Result<(), StoreError> {
        let meta = &whole.meta;
        let kept = meta.live + meta.answers + meta.listed + meta.events + meta.pages + meta.finished + meta.prompts;
        self.of = meta.frontier.size() + 3 * meta.records + kept;
        ledger::walk(self, whole)?;
        records::walk(self, whole)?;
        queues::walk(self, whole)?;
        lists::walk(self, whole)?;
        pages::walk(self, whole)?;
        answers::walk(self, whole)?;
        self.counts(whole)
    }

    /// One key more was looked at.
    fn step(&mut self, kind: u8) {
        *self.kinds.entry(kind).or_default() += 1;
        self.done += 1;
        if self.done.is_multiple_of(256) {
            self.watch.at(self.done, self.of.max(self.done));
        }
    }

    /// Something does not agree.
    pub fn found(&mut self, relation: Relation, about: impl Display, says: impl Into<String>) {
        self.examined.findings += 1;
        self.watch.found(Finding { relation, about: about.to_string(), says: says.into() });
    }

    /// Something that was written is not there, and what it was is known.
    fn lost(&mut self, relation: Relation, about: impl Display, says: impl Into<String>) {
        self.lost.push(relation);
        self.found(relation, about, says);
    }

    /// Whether fewer keys of these kinds were read than were written.
    fn short(&self, kinds: &[u8], written: u64) -> bool {
        kinds.iter().filter_map(|kind| self.kinds.get(kind)).sum::<u64>() < written
    }

    /// What was read; what cannot be read is told, and the walk goes on without it.
    pub fn checked<T>(
        &mut self,
        read: Result<T, StoreError>,
        relation: Relation,
        about: impl Display,
    ) -> Result<Option<T>, StoreError> {
        match read {
            Ok(value) => Ok(Some(value)),
            Err(StoreError::Damaged(words)) => {
                self.found(relation, about, words);
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    /// The counts of the last commit against what was counted. What is missing is lost, by name or by number; only what is made from
    /// the rest is a mere difference.
    fn counts(&mut self, whole: &Whole<'_>) -> Result<(), StoreError> {
        let meta = &whole.meta;
        let said = [
            ("records", b"r".as_slice(), meta.records, Relation::Record),
            ("lists of deliveries", b"d", meta.records, Relation::Deliveries),
            ("waiting or leased deliveries", b"whnq", meta.live, Relation::Count),
            ("answers", b"i", meta.answers, Relation::Answer),
            ("listed submissions", b"o", meta.listed, Relation::Count),
            ("events", b"v", meta.events, Relation::Event),
            ("pages", super::pages::PAGES, meta.pages, Relation::Outbox),
            ("finished records", keys::FINISHED, meta.finished, Relation::Count),
            ("rows of prompts", b"jy", meta.prompts, Relation::Count),
            ("documents", b"s", meta.documents, Relation::Document),
        ];
        for (what, kinds, written, relation) in said {
            let read: u64 = kinds.iter().filter_map(|kind| self.kinds.get(kind)).sum();
            if read < written && relation.mend() == Mend::Lost {
                let named = self.lost.iter().filter(|lost| **lost == relation).count() as u64;
                if let Some(more) = (written - read).checked_sub(named).filter(|more| *more > 0) {
                    let says = format!("{more} of {written} are lost beside those named above: nothing says which");
                    self.found(relation, what, says);
                }
            } else if read != written {
                self.found(Relation::Count, what, format!("{read} can be read where {written} were written"));
            }
        }
        let kept: BTreeMap<_, _> = read::wrapped(&whole.tree)?.into_iter().collect();
        if kept != self.wrapped {
            let kept: u64 = kept.values().sum();
            let records: u64 = self.wrapped.values().sum();
            let says = format!("{kept} records are counted by what wraps them where there are {records}, or otherwise");
            self.found(Relation::Count, "the counts of wrapped records", says);
        }
        self.strangers(whole.tree)
    }

    /// Keys of kinds that are none: one question for all between two kinds that there are.
    fn strangers(&mut self, tree: &dyn Look) -> Result<(), StoreError> {
        let mut from = 0;
        while from < u8::MAX {
            let known = (from..u8::MAX).find(|kind| keys::KINDS.contains(kind)).unwrap_or(u8::MAX);
            let pairs = if from < known { tree.range(&[from], &[known], 1)? } else { Vec::new() };
            from = match pairs.first().and_then(|(key, _)| key.first()) {
                Some(kind) => {
                    let about = format!("keys that begin with {kind:#04x}");
                    self.found(Relation::Unknown, about, "a later version of the program may have written them");
                    kind + 1
                }
                None => known.saturating_add(1),
            };
        }
        Ok(())
    }
}
