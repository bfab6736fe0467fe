//! What operators watch of queues: how many by kind of queue, never of which unit or council.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{Broker, Error};
use crate::domain::queue::QueueId;

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

impl Broker {
    /// Every kind of queue that somebody can be reached about, and the entries of the ledger.
    ///
    /// # Errors
    /// The store cannot be read.
    pub async fn watched(&self) -> Result<(BTreeMap<String, KindCounts>, u64), Error> {
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
        Ok((kinds, self.store.head().await?.size))
    }
}
