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
    collections::{BTreeMap, HashSet},
    fmt::Display,
    fs,
    panic::{AssertUnwindSafe, catch_unwind},
    path::Path,
};

use uuid::Uuid;

use super::{
    durable::{Found, HeadMark, data_path, read_head},
    keys,
    open::{compare, disk, open_sled},
    read,
    view::{Look, engine},
};
use crate::{
    ledger::Checkpoint,
    store::{Examined, Examining, Finding, Head, Mend, Relation, StoreError, stored::Meta},
};

/// Examines the store in `dir`; with `since`, also whether its ledger continues that older checkpoint.
///
/// # Errors
/// [`StoreError::NotFound`] where there is no store; [`StoreError::Unavailable`] when another process has it or the disk
/// refuses. Damage is no error: it is told.
pub(super) fn examine(
    dir: &Path,
    since: Option<Checkpoint>,
    watch: &mut dyn Examining,
) -> Result<Examined, StoreError> {
    let head = read_head(dir).map_err(|error| disk(&error))?;
    if !data_path(dir).exists() {
        if head == Found::Nothing {
            return Err(StoreError::NotFound);
        }
        return Ok(closed(watch, "its data file is missing"));
    }
    let mut deep = Deep::new(watch);
    // sled panics on what it cannot read, at opening or later.
    let walked = catch_unwind(AssertUnwindSafe(|| deep.whole(dir, head, since)));
    match walked.unwrap_or_else(|_| Err(StoreError::Damaged("the engine fails on what it reads".into()))) {
        Ok(()) => {}
        Err(StoreError::Damaged(words)) => deep.found(Relation::File, dir.join("db").display(), words),
        Err(error) => return Err(error),
    }
    Ok(deep.examined)
}

/// What is said of a store that cannot be opened at all.
fn closed(watch: &mut dyn Examining, says: &str) -> Examined {
    let mut deep = Deep::new(watch);
    deep.found(Relation::File, "the store", says);
    deep.examined
}

/// An examination under way.
struct Deep<'w> {
    watch: &'w mut dyn Examining,
    examined: Examined,
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
struct Whole {
    tree: ::sled::Db,
    meta: Meta,
    head: Option<HeadMark>,
    since: Option<Checkpoint>,
}

impl<'w> Deep<'w> {
    fn new(watch: &'w mut dyn Examining) -> Self {
        let head = Head { size: 0, root: crate::ledger::Frontier::default().root() };
        let examined = Examined { head, records: 0, deliveries: 0, answers: 0, findings: 0 };
        let (subjects, wrapped, kinds) = (HashSet::new(), BTreeMap::new(), BTreeMap::new());
        Self { watch, examined, done: 0, of: 0, subjects, wrapped, kinds, lost: Vec::new() }
    }

    fn whole(&mut self, dir: &Path, head: Found, since: Option<Checkpoint>) -> Result<(), StoreError> {
        let tree = open_sled(dir)?;
        let meta = match Look::get(&*tree, keys::META)?.map(|bytes| Meta::decode(&bytes)).transpose() {
            Ok(meta) => meta,
            Err(StoreError::Damaged(words)) => {
                self.found(Relation::Count, "the store", words);
                None
            }
            Err(error) => return Err(error),
        };
        if meta.is_none() && !tree.is_empty() {
            self.found(Relation::Count, "the store", "the counts of the last commit are missing");
        }
        let meta = meta.unwrap_or_default();
        let head = match head {
            Found::Nothing => None,
            Found::Mark(mark) => Some(mark),
            Found::Unreadable => {
                self.found(Relation::Head, dir.join("head").display(), "it cannot be read");
                None
            }
        };
        if head.is_some() || meta.sequence > 0 {
            let compared = compare(&meta, head);
            self.checked(compared, Relation::Head, dir.join("head").display())?;
        }
        let files = fs::read_dir(dir.join("blobs")).map_or(0, Iterator::count);
        if files > 0 {
            self.found(Relation::File, dir.join("blobs").display(), "values lie there that no commit makes durable");
        }
        let kept = meta.live + meta.answers + meta.listed + meta.events + meta.pages + meta.finished + meta.prompts;
        self.of = meta.frontier.size() + 3 * meta.records + kept;
        let whole = Whole { tree, meta, head, since };
        ledger::walk(self, &whole)?;
        records::walk(self, &whole)?;
        queues::walk(self, &whole)?;
        lists::walk(self, &whole)?;
        pages::walk(self, &whole)?;
        answers::walk(self, &whole)?;
        self.counts(&whole)
    }

    /// One key more was looked at.
    fn step(&mut self, kind: u8) {
        *self.kinds.entry(kind).or_default() += 1;
        self.done += 1;
        if self.done.is_multiple_of(256) {
            self.watch.at(self.done, self.of.max(self.done));
        }
    }

    fn found(&mut self, relation: Relation, about: impl Display, says: impl Into<String>) {
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
    fn checked<T>(
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
    fn counts(&mut self, whole: &Whole) -> Result<(), StoreError> {
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
        let kept: BTreeMap<_, _> = read::wrapped(&*whole.tree)?.into_iter().collect();
        if kept != self.wrapped {
            let kept: u64 = kept.values().sum();
            let records: u64 = self.wrapped.values().sum();
            let says = format!("{kept} records are counted by what wraps them where there are {records}, or otherwise");
            self.found(Relation::Count, "the counts of wrapped records", says);
        }
        for kind in (0..=u8::MAX).filter(|kind| !keys::KINDS.contains(kind)) {
            if whole.tree.scan_prefix([kind]).keys().next().transpose().map_err(engine)?.is_some() {
                let about = format!("keys that begin with {kind:#04x}");
                self.found(Relation::Unknown, about, "a later version of the program may have written them");
            }
        }
        Ok(())
    }
}
