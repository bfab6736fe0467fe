//! Writes what a store holds into an empty one: ledger, records, deliveries, answers, events, pages and documents as they are; queues,
//! lists, kept roots and counts made from them. Of what was erased nothing that was sealed.

use std::collections::HashSet;

use uuid::Uuid;

use super::{
    keys, pages, prompts, rows, shelf,
    transaction::KEPT_LEVEL,
    view::{Look, Overlay, batch, engine},
};
use crate::{
    ledger::{self, Entry, Verb, leaf_hash},
    store::{
        COMPACTED, Compaction, Examining, Shelf, StoreError,
        stored::{Answer, Legs, Listed, Meta, damaged, decode_record, encode_document, encode_record, strip},
    },
};

/// Keys in one batch.
const BATCH: usize = 1024;

/// What was written.
pub(super) struct Written {
    /// The counts of the new store.
    pub meta: Meta,
    /// Erased records whose sealed value was still there.
    pub erased: u64,
    /// Keys whose values are others now, because something in them was erased, or they say that it was written anew.
    pub changed: HashSet<Vec<u8>>,
    /// How often the store was written anew, with this.
    pub compactions: u64,
}

/// A store being written anew.
pub(super) struct Anew<'a> {
    old: &'a ::sled::Db,
    new: &'a ::sled::Db,
    batch: Overlay<'a>,
    keys: usize,
    written: Written,
    wrapped: std::collections::BTreeMap<String, u64>,
    watch: &'a mut dyn Examining,
    done: u64,
    of: u64,
}

impl<'a> Anew<'a> {
    /// From `old` into the empty `new`.
    pub fn new(old: &'a ::sled::Db, new: &'a ::sled::Db, watch: &'a mut dyn Examining) -> Result<Self, StoreError> {
        let meta = Look::get(&**old, keys::META)?.map(|bytes| Meta::decode(&bytes)).transpose();
        // Where the counts themselves are what is made again.
        let meta = meta.ok().flatten().unwrap_or_default();
        let of = meta.frontier.size() + 2 * meta.records + meta.answers + meta.events;
        let meta = Meta { sequence: meta.sequence, ..Meta::default() };
        let written = Written { meta, erased: 0, changed: HashSet::new(), compactions: 0 };
        let (batch, wrapped) = (Overlay::new(&**new), std::collections::BTreeMap::new());
        Ok(Self { old, new, batch, keys: 0, written, wrapped, watch, done: 0, of })
    }

    /// Writes all of it, and an entry that says so.
    pub fn all(mut self, how: &Compaction) -> Result<Written, StoreError> {
        self.each(b"e", |anew, key| {
            let bytes = anew.old.large(key)?.ok_or_else(gone)?;
            anew.entry(&bytes)
        })?;
        self.each(b"r", Self::record)?;
        self.each(b"d", Self::legs)?;
        self.each(b"i", Self::answer)?;
        self.each(b"s", |anew, key| {
            anew.written.meta.documents += 1;
            let bytes = anew.old.large(key)?.ok_or_else(gone)?;
            anew.batch.put_large(key.to_vec(), &bytes)
        })?;
        self.count(how)?;
        self.each(b"v", |anew, key| {
            anew.written.meta.events += 1;
            anew.as_it_is(key)
        })?;
        self.each(pages::PAGES, |anew, key| {
            anew.written.meta.pages += 1;
            anew.as_it_is(key)
        })?;
        self.each(keys::KEPT_UNTIL, Self::as_it_is)?;
        let entry = self.said(how);
        self.entry(&ledger::encode(&entry))?;
        for (name, count) in std::mem::take(&mut self.wrapped) {
            self.batch.put(keys::wrapped(&name), count.to_be_bytes().to_vec());
        }
        self.written.meta.sequence += 1;
        self.batch.put(keys::META.to_vec(), self.written.meta.encode());
        self.flush()?;
        Ok(self.written)
    }

    /// Every key of a kind, in batches.
    fn each(
        &mut self,
        kind: &[u8],
        mut write: impl FnMut(&mut Self, &[u8]) -> Result<(), StoreError>,
    ) -> Result<(), StoreError> {
        let old = self.old;
        for key in old.scan_prefix(kind).keys() {
            write(self, &key.map_err(engine)?)?;
            self.keys += 1;
            if self.keys.is_multiple_of(BATCH) {
                self.flush()?;
            }
            self.done += 1;
            self.watch.at(self.done, self.of.max(self.done));
        }
        Ok(())
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        let batch = batch(std::mem::replace(&mut self.batch, Overlay::new(&**self.new)).into_writes());
        self.new.apply_batch(batch).map_err(engine)
    }

    fn as_it_is(&mut self, key: &[u8]) -> Result<(), StoreError> {
        let value = Look::get(&**self.old, key)?.ok_or_else(gone)?;
        self.batch.put(key.to_vec(), value);
        Ok(())
    }

    fn entry(&mut self, bytes: &[u8]) -> Result<(), StoreError> {
        let (index, batch) = (self.written.meta.frontier.size(), &mut self.batch);
        self.written.meta.frontier.append_with(leaf_hash(bytes), |level, index, root| {
            if level >= KEPT_LEVEL {
                batch.put(keys::subtree(level, index), root.to_vec());
            }
        });
        self.batch.put_large(keys::entry(index), bytes)
    }

    /// That it was written anew, once more than before.
    fn count(&mut self, how: &Compaction) -> Result<(), StoreError> {
        let before = shelf::document(&**self.old, Shelf::Compaction, COMPACTED)?.map(|document| document.version);
        let key = keys::document(Shelf::Compaction, COMPACTED);
        if before.is_none() {
            self.written.meta.documents += 1;
        }
        self.written.compactions = before.unwrap_or(0) + 1;
        let bytes = encode_document(self.written.compactions, how.at.as_microsecond().to_be_bytes().to_vec());
        self.written.changed.insert(key.clone());
        self.batch.replace_large(key, &bytes)
    }

    /// A record, and its place in the lists of those who follow it.
    fn record(&mut self, key: &[u8]) -> Result<(), StoreError> {
        let id = keys::record_of(key).ok_or_else(gone)?;
        let bytes = self.old.large(key)?.ok_or_else(gone)?;
        let (head, sealed) = decode_record(id, &bytes)?.ok_or_else(|| damaged("the head", id))?;
        self.written.meta.records += 1;
        if let Some(kept) = &head.kept {
            let listed = Listed { record: id, at: head.record.received }.encode();
            for follower in head.record.followers() {
                self.batch.put(keys::listed(&follower, Some(kept.ledger_index)), listed.clone());
                self.written.meta.listed += 1;
            }
        }
        if sealed.is_empty() || !self.is_erased(id)? {
            return self.batch.put_large(key.to_vec(), &bytes);
        }
        self.written.erased += 1;
        self.written.changed.insert(key.to_vec());
        self.batch.put_large(key.to_vec(), &encode_record(&head.record, head.kept))
    }

    /// The deliveries of a record, and where each stands.
    fn legs(&mut self, key: &[u8]) -> Result<(), StoreError> {
        let id = keys::record_of_legs(key).ok_or_else(gone)?;
        let bytes = self.old.large(key)?.ok_or_else(gone)?;
        let mut legs = Legs::decode(id, &bytes)?;
        for delivery in legs.deliveries.iter().filter(|delivery| delivery.settled.is_none()) {
            self.written.meta.live += 1;
            rows::rows(delivery).into_iter().for_each(|(row, value)| self.batch.put(row, value));
        }
        if let Some(since) = legs.finished() {
            self.written.meta.finished += 1;
            self.batch.put(keys::finished(since, id), Vec::new());
        }
        for row in prompts::rows(id, &legs) {
            self.written.meta.prompts += 1;
            self.batch.put(row, Vec::new());
        }
        *self.wrapped.entry(legs.wrapped_under.clone()).or_default() += 1;
        if !self.is_erased(id)? {
            return self.batch.put_large(key.to_vec(), &bytes);
        }
        legs.strip();
        self.written.changed.insert(key.to_vec());
        self.batch.put_large(key.to_vec(), &legs.encode())
    }

    /// A kept answer. It may show deliveries as they were, notes included.
    fn answer(&mut self, key: &[u8]) -> Result<(), StoreError> {
        self.written.meta.answers += 1;
        let bytes = self.old.large(key)?.ok_or_else(gone)?;
        let (digest, answer) = Answer::of_any(&bytes)?;
        let mut several = match answer {
            Answer::Delivery(one) => vec![*one],
            Answer::Deliveries(several) => several,
            Answer::Accepted(_) | Answer::Amended(_) => return self.batch.put_large(key.to_vec(), &bytes),
        };
        let mut shortened = false;
        for delivery in &mut several {
            if self.is_erased(delivery.id.record)? {
                strip(delivery);
                shortened = true;
            }
        }
        if !shortened {
            return self.batch.put_large(key.to_vec(), &bytes);
        }
        self.written.changed.insert(key.to_vec());
        let one = matches!(Answer::of_any(&bytes)?.1, Answer::Delivery(_));
        let answer = match several.pop() {
            Some(last) if one => Answer::Delivery(Box::new(last)),
            last => Answer::Deliveries(several.into_iter().chain(last).collect()),
        };
        self.batch.put_large(key.to_vec(), &answer.encode(&digest))
    }

    /// Noted as erased, and its keys are gone.
    fn is_erased(&self, record: Uuid) -> Result<bool, StoreError> {
        if shelf::document(&**self.old, Shelf::Erasure, &record.to_string())?.is_none() {
            return Ok(false);
        }
        let legs = self.old.large(&keys::legs(record))?.ok_or_else(|| damaged("deliveries", record))?;
        Ok(Legs::decode_wraps(record, &legs)?.1.is_empty())
    }

    /// The ledger's entry: by the broker itself.
    fn said(&self, how: &Compaction) -> Entry {
        Entry {
            at: how.at,
            verb: if self.written.erased > 0 { Verb::Erasure } else { Verb::Administration },
            action: "COMPACT".to_owned(),
            who: String::new(),
            actor: None,
            record: None,
            deliveries: Vec::new(),
            recipients: Vec::new(),
            details: vec![
                format!("records={}", self.written.meta.records),
                format!("erased={}", self.written.erased),
                format!("compaction={}", self.written.compactions),
            ],
            commitment: None,
        }
    }
}

fn gone() -> StoreError {
    StoreError::Damaged("what was there a moment ago cannot be read".into())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Kinds of keys that are copied, and with them the pieces of their values.
    const COPIED: &[u8] = b"erdisvpxk";
    /// Kinds that are made from those.
    const MADE: &[u8] = b"whnqglzotcmfjy";

    #[test]
    fn no_kind_of_key_is_forgotten() {
        let mut kinds = [COPIED, MADE].concat();
        kinds.sort_unstable();
        assert_eq!(kinds, keys::KINDS, "say here, and in `all`, what becomes of a new kind");
    }
}
