//! The ledger: no gap, every entry as it was written, every record that it names.

use super::{Deep, Whole, agreeing};
use crate::{
    ledger::{Entry, Frontier, Verb, decode, leaf_hash},
    store::{
        COMPACTED, COPIES_GONE, Finding, Head, Relation, Shelf, StoreError,
        ordered::{keys, read, shelf, transaction::KEPT_LEVEL, view::Look},
    },
};

/// More doubts than these say nothing more.
const DOUBTS: usize = 1000;

/// The ledger as far as it was read.
struct Walk<'w> {
    whole: &'w Whole<'w>,
    frontier: Frontier,
    /// No entry is missing or unreadable so far.
    gapless: bool,
    /// Up to here something kept elsewhere vouches for the entries.
    vouched: u64,
    /// Entries that say that the store was written anew.
    compactions: u64,
    /// What the last entry about copies says: from before which compaction none is left.
    copies_gone: u64,
    /// What does not fit the entries up to a place: it or they are wrong, which the end of the ledger tells.
    doubts: Vec<(u64, Finding)>,
}

/// Walks it.
pub(super) fn walk(deep: &mut Deep<'_>, whole: &Whole<'_>) -> Result<(), StoreError> {
    let mut walk = Walk {
        whole,
        frontier: Frontier::default(),
        gapless: true,
        vouched: 0,
        compactions: 0,
        copies_gone: 0,
        doubts: Vec::new(),
    };
    let mut next = 0;
    for key in whole.keys(b"e") {
        let key = key?;
        deep.step(b'e');
        let Some(index) = keys::index_of_entry(&key) else {
            deep.found(Relation::Stray, format!("key {}", hex::encode(&key)), "it is no entry's");
            continue;
        };
        missing(deep, next, index, "the ledger goes on behind it");
        walk.gapless &= next == index;
        next = index + 1;
        let about = format!("entry {index}");
        let bytes = deep.checked(whole.tree.large(&key), Relation::Ledger, &about)?.flatten();
        let Some(bytes) = bytes else {
            walk.gapless = false;
            continue;
        };
        walk.append(&bytes)?;
        match decode(&bytes) {
            Ok(entry) => walk.entry(deep, index, &entry)?,
            Err(error) => deep.found(Relation::Ledger, about, format!("it is {error}")),
        }
    }
    let size = whole.meta.frontier.size();
    missing(deep, next, size, "they were committed");
    walk.gapless &= next == size;
    walk.end(deep)
}

/// Says that entries are missing.
fn missing(deep: &mut Deep<'_>, from: u64, to: u64, why: &str) {
    match to.saturating_sub(from) {
        0 => {}
        1 => deep.found(Relation::Ledger, format!("entry {from}"), format!("it is missing: {why}")),
        _ => {
            deep.found(Relation::Ledger, format!("entries {from} to {}", to - 1), format!("they are missing: {why}"));
        }
    }
}

impl Walk<'_> {
    /// Takes an entry in, and holds what is kept over the entries so far against them.
    fn append(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        if !self.gapless {
            return Ok(());
        }
        let mut finished = Vec::new();
        self.frontier.append_with(leaf_hash(bytes), |level, index, root| finished.push((level, index, root)));
        for (level, index, root) in finished.into_iter().filter(|(level, ..)| *level >= KEPT_LEVEL) {
            let kept = Look::get(&self.whole.tree, &keys::subtree(level, index))?;
            let (from, to) = (index << level, (index + 1) << level);
            if kept.as_deref() == Some(root.as_slice()) {
                if from <= self.vouched {
                    self.vouched = self.vouched.max(to);
                }
            } else {
                let says = if kept.is_some() { "it is another than that of the entries" } else { "it is missing" };
                self.doubt(to, Relation::Proof, format!("the kept root of entries {from} to {}", to - 1), says);
            }
        }
        let size = self.frontier.size();
        let head = self.whole.head.as_ref().filter(|head| head.size == size).map(|head| head.root);
        let since = self.whole.since.as_ref().filter(|since| since.size == size).map(|since| since.root);
        for (root, about) in [(head, "the head file"), (since, "the older checkpoint")] {
            let says = "the ledger does not continue it: it was forked, rewritten, or is of another store";
            self.vouch(root, (Relation::Head, about.to_owned(), says));
        }
        Ok(())
    }

    /// A root kept elsewhere, if there is one, vouches for the entries so far or is in doubt.
    fn vouch(&mut self, root: Option<[u8; 32]>, (relation, about, says): (Relation, String, &str)) {
        let size = self.frontier.size();
        match root {
            Some(root) if root == self.frontier.root() => self.vouched = size,
            Some(_) => self.doubt(size, relation, about, says),
            None => {}
        }
    }

    fn doubt(&mut self, upto: u64, relation: Relation, about: String, says: &str) {
        if self.doubts.len() < DOUBTS {
            self.doubts.push((upto, Finding { relation, about, says: says.to_owned() }));
        }
    }

    /// What an entry names.
    fn entry(&mut self, deep: &mut Deep<'_>, index: u64, entry: &Entry) -> Result<(), StoreError> {
        self.proposed(deep, index, entry)?;
        self.copies(entry);
        agreeing::read_by(deep, self.whole, index, entry)?;
        let Some(record) = entry.record else { return Ok(()) };
        let about = format!("record {record}");
        let tree = &self.whole.tree;
        if entry.verb == Verb::Erasure {
            if shelf::document(tree, Shelf::Erasure, &record.to_string())?.is_none() {
                let says = format!("entry {index} says that it was erased, and no note of that is there");
                deep.lost(Relation::Document, &about, says);
            }
            return Ok(());
        }
        // What a refusal names need not exist.
        let must = matches!(entry.verb, Verb::Collection | Verb::Combination);
        if !must && entry.verb != Verb::Refusal {
            return Ok(());
        }
        // That it cannot be read is told where records are walked.
        match read::head_of(tree, record) {
            Ok(None) if must => {
                if Look::get(tree, &keys::legs(record))?.is_none() {
                    deep.lost(Relation::Deliveries, &about, "they are missing with it");
                }
                deep.lost(Relation::Record, about, format!("it is missing: entry {index} of the ledger has it"));
            }
            Ok(Some(head)) if self.gapless => {
                let root = head.kept.filter(|kept| kept.ledger_index == index).map(|kept| kept.root);
                let says = "the root in its receipt is not that of the ledger";
                self.vouch(root, (Relation::Record, about, says));
            }
            Ok(_) | Err(StoreError::Damaged(_)) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// What two persons decide about is kept for good.
    fn proposed(&self, deep: &mut Deep<'_>, index: u64, entry: &Entry) -> Result<(), StoreError> {
        let proposal = entry.details.iter().find_map(|detail| detail.strip_prefix("proposal="));
        let Some(id) = proposal.filter(|_| entry.action == "PROPOSE") else { return Ok(()) };
        if Look::get(&self.whole.tree, &keys::document(Shelf::Proposal, id))?.is_none() {
            let says = format!("it is missing: entry {index} of the ledger has it");
            deep.lost(Relation::Document, format!("proposal {id}"), says);
        }
        Ok(())
    }

    /// What an entry says of compactions, and of copies from before one.
    fn copies(&mut self, entry: &Entry) {
        let number = || entry.details.iter().find_map(|detail| detail.strip_prefix("compaction=")?.parse().ok());
        match entry.action.as_str() {
            "COMPACT" => self.compactions += 1,
            "CERTIFY_COPIES_GONE" => self.copies_gone = number().unwrap_or(0),
            "WITHDRAW_COPIES_GONE" => self.copies_gone = 0,
            _ => {}
        }
    }

    /// How often the store was written anew, and from before when no copy of it is left, is what the ledger says: what was erased is
    /// called irrecoverable by it.
    fn copies_end(&self, deep: &mut Deep<'_>) -> Result<(), StoreError> {
        let tree = &self.whole.tree;
        let compacted = shelf::document(tree, Shelf::Compaction, COMPACTED)?.map_or(0, |document| document.version);
        let gone = shelf::document(tree, Shelf::Compaction, COPIES_GONE)?;
        let gone =
            gone.map_or(Some(0), |document| document.bytes.last_chunk().map(|number| u64::from_be_bytes(*number)));
        for (about, says, ledger) in [
            ("the count of compactions", Some(compacted), self.compactions),
            ("what is certified of copies", gone, self.copies_gone),
        ] {
            if says != Some(ledger) {
                let says = says.map_or("cannot be read".to_owned(), |says| format!("is {says}"));
                deep.found(Relation::Document, about, format!("it {says} where the ledger has {ledger}"));
            }
        }
        Ok(())
    }

    /// What was in doubt is wrong where all entries together are what was committed; else one of the entries is.
    fn end(self, deep: &mut Deep<'_>) -> Result<(), StoreError> {
        let (meta, size) = (&self.whole.meta, self.frontier.size());
        deep.examined.head = Head { size, root: self.frontier.root() };
        if let Some(since) = self.whole.since.as_ref().filter(|since| since.size > meta.frontier.size()) {
            missing(deep, meta.frontier.size(), since.size, "the older checkpoint has them");
        }
        if !self.gapless {
            return Ok(());
        }
        self.copies_end(deep)?;
        if self.frontier == meta.frontier {
            self.doubts.into_iter().for_each(|(_, finding)| {
                deep.found(finding.relation, finding.about, finding.says);
            });
            return strays(deep, self.whole);
        }
        let upto = self.doubts.iter().map(|(upto, _)| *upto).find(|upto| *upto > self.vouched).unwrap_or(size);
        let about = format!("entries {} to {}", self.vouched.min(upto), upto.saturating_sub(1));
        deep.found(Relation::Ledger, about, "one of them is not as it was written: the root is another");
        Ok(())
    }
}

/// Kept roots of what is not there.
fn strays(deep: &mut Deep<'_>, whole: &Whole<'_>) -> Result<(), StoreError> {
    let size = whole.meta.frontier.size();
    for key in whole.keys(b"t") {
        let key = key?;
        let fits = |(level, index): (u32, u64)| {
            (KEPT_LEVEL..64).contains(&level) && index.checked_add(1).is_some_and(|next| next <= size >> level)
        };
        if !keys::subtree_of(&key).is_some_and(fits) {
            deep.found(Relation::Stray, format!("kept root {}", hex::encode(&key)), "it is of no part of the ledger");
        }
    }
    Ok(())
}
