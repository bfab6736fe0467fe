//! What operators watch of queues: how many by kind of queue, never of which unit or council.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::PoisonError,
};

use jiff::Timestamp;

use super::{Broker, Error, Room};
use crate::domain::{code::Class, queue::QueueId};

/// All queues of one kind together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct KindCounts {
    /// Not settled, and in nobody's hands.
    pub waiting: u64,
    /// Under a lease.
    pub leased: u64,
    /// Not settled and never opened.
    pub unopened: u64,
    /// Not settled and late (R25).
    pub overdue: u64,
    /// On the dead-letter side.
    pub dead: u64,
    /// When the oldest that is not settled came in.
    pub oldest: Option<Timestamp>,
}

/// All deliveries of one class in queues of one kind.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct OfClass {
    /// Not settled.
    pub live: u64,
    /// When the oldest came in.
    pub oldest: Option<Timestamp>,
}

/// What operators watch, as of one moment.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Watch {
    /// By kind of queue.
    pub kinds: BTreeMap<String, KindCounts>,
    /// By kind and class.
    pub classes: BTreeMap<(String, Class), OfClass>,
    /// Entries of the ledger.
    pub entries: u64,
    /// Epoch keys that wrap records, or may.
    pub keys: u64,
    /// Records that are under a key which is no longer the one in use.
    pub behind: u64,
    /// How much room the embedded store takes; `None` where it is in a database, and until it was counted once.
    pub room: Option<Room>,
}

impl Broker {
    /// Every kind of queue that somebody can be reached about, the ledger, and the keys.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn watched(&self) -> Result<Watch, Error> {
        let queues: Vec<QueueId> = self.rulebook().policy.contacts.entries.keys().cloned().collect();
        let mut kinds: BTreeMap<String, KindCounts> = BTreeMap::new();
        for found in self.store.counts(&queues, self.now()).await? {
            let kind = kinds.entry(found.queue.kind().to_owned()).or_default();
            kind.waiting += found.live.saturating_sub(found.leased);
            kind.leased += found.leased;
            kind.unopened += found.unopened;
            kind.overdue += found.overdue;
            kind.dead += found.dead;
            kind.oldest = kind.oldest.into_iter().chain(found.oldest).min();
        }
        let mut classes: BTreeMap<(String, Class), OfClass> = BTreeMap::new();
        for found in self.store.class_counts(&queues).await? {
            let class = classes.entry((found.queue.kind().to_owned(), found.class)).or_default();
            class.live += found.live;
            class.oldest = class.oldest.into_iter().chain(found.oldest).min();
        }
        let current = self.keyring.current().key.id().to_owned();
        let keys: BTreeSet<_> = self.epoch_documents().await?.into_iter().map(|key| key.name).collect();
        let wrapped = self.store.wrapped().await?;
        // What was erased is counted there too, under names that are no key's.
        let behind = wrapped.iter().filter(|(key, _)| *key != current && keys.contains(key));
        let (behind, keys) = (behind.map(|(_, records)| records).sum(), keys.len() as u64);
        let room = *self.room.lock().unwrap_or_else(PoisonError::into_inner);
        Ok(Watch { kinds, classes, entries: self.store.head().await?.size, keys, behind, room })
    }
}
