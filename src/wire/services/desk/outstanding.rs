//! What is outstanding on a stream: sent, and neither settled nor lost.

use std::collections::{BTreeMap, BTreeSet};

use crate::{
    domain::delivery::{Delivery, DeliveryId},
    wire::services::ask::LARGEST_PULL,
};

/// A header is not expected to be smaller than this, in bytes.
const SMALL: usize = 2_048;

/// Deliveries by id, with bounds on their number and on the bytes of their headers.
pub(super) struct Outstanding {
    most: usize,
    most_bytes: usize,
    bytes: usize,
    /// The largest header so far: as many are taken at once as fit if all are so large.
    largest: usize,
    held: BTreeMap<String, Held>,
    /// Deliveries of which a settlement is on its way.
    busy: BTreeSet<String>,
}

struct Held {
    delivery: DeliveryId,
    token: String,
    bytes: usize,
}

impl Outstanding {
    pub(super) fn new(most: usize, most_bytes: usize) -> Self {
        Self { most, most_bytes, bytes: 0, largest: SMALL, held: BTreeMap::new(), busy: BTreeSet::new() }
    }

    /// How many more may be taken at once.
    pub(super) fn room(&self) -> usize {
        let bytes = self.most_bytes.saturating_sub(self.bytes);
        if bytes == 0 {
            return 0;
        }
        let fit = (bytes / self.largest).max(1);
        self.most.saturating_sub(self.held.len()).min(fit).min(LARGEST_PULL as usize)
    }

    pub(super) fn add(&mut self, delivery: &Delivery, bytes: usize) {
        let token = delivery.lease.as_ref().map_or_else(String::new, |lease| lease.token.clone());
        let id = delivery.id.to_string();
        self.remove(&id);
        self.held.insert(id, Held { delivery: delivery.id, token, bytes });
        self.bytes += bytes;
        self.largest = self.largest.max(bytes);
    }

    /// Whether a delivery was sent under the lease that it has now.
    pub(super) fn has(&self, delivery: &Delivery) -> bool {
        let token = delivery.lease.as_ref().map(|lease| lease.token.as_str());
        self.held.get(&delivery.id.to_string()).is_some_and(|held| Some(held.token.as_str()) == token)
    }

    pub(super) fn remove(&mut self, id: &str) {
        if let Some(held) = self.held.remove(id) {
            self.bytes = self.bytes.saturating_sub(held.bytes);
        }
    }

    /// Lets go of a delivery whose lease of this token was settled.
    pub(super) fn let_go(&mut self, id: &str, token: &str) {
        if self.held.get(id).is_some_and(|held| held.token == token) {
            self.remove(id);
        }
    }

    pub(super) fn is_busy(&self, id: &str) -> bool {
        self.busy.contains(id)
    }

    pub(super) fn set_busy(&mut self, id: &str) {
        self.busy.insert(id.to_owned());
    }

    pub(super) fn set_free(&mut self, id: &str) {
        self.busy.remove(id);
    }

    /// What is held and not being settled: one delivery, or each.
    pub(super) fn idle(&self, only: Option<&str>) -> Vec<(String, DeliveryId, String)> {
        let wanted = |id: &str| only.is_none_or(|only| only == id) && !self.busy.contains(id);
        let idle = self.held.iter().filter(|(id, _)| wanted(id));
        idle.map(|(id, held)| (id.clone(), held.delivery, held.token.clone())).collect()
    }
}
