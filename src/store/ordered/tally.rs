//! Counts of one queue, kept in memory from the first time somebody asks, so that asking again costs nothing that
//! grows with the queue but the number of late ones.

use std::{
    collections::BTreeMap,
    ops::Bound::{Excluded, Unbounded},
};

use jiff::Timestamp;

use super::{
    keys::{self, Place},
    view::Look,
};
use crate::{
    domain::{
        delivery::{Delivery, State},
        queue::QueueId,
    },
    store::{QueueCounts, StoreError},
};

/// Live deliveries of one queue: numbers and, by moment, deadlines and arrivals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::store) struct Tally {
    live: u64,
    unopened: u64,
    leased: u64,
    dead: u64,
    deadlines: BTreeMap<Timestamp, u32>,
    received: BTreeMap<Timestamp, u32>,
}

/// How many index keys are read at a time.
const STEP: usize = 1024;

impl Tally {
    /// Counts a queue from its indices: once, when it is first asked about.
    pub fn count(view: &impl Look, queue: &QueueId) -> Result<Self, StoreError> {
        let mut tally = Self::default();
        for place in Place::ALL {
            let prefix = keys::queue(place, queue);
            let end = [prefix.as_slice(), &[0xff; 64]].concat();
            let mut from = prefix.clone();
            loop {
                let pairs = view.range(&from, &end, STEP)?;
                for (key, value) in &pairs {
                    tally.count_key(place, &key[prefix.len()..], value)?;
                }
                match pairs.last() {
                    Some((key, _)) if pairs.len() == STEP => from = [key.as_slice(), &[0]].concat(),
                    _ => break,
                }
            }
        }
        Ok(tally)
    }

    fn count_key(&mut self, place: Place, position: &[u8], value: &[u8]) -> Result<(), StoreError> {
        let position = keys::read_position(position)
            .ok_or_else(|| StoreError::Damaged("a queue's index cannot be read".into()))?;
        position.deadline.iter().for_each(|deadline| more(&mut self.deadlines, *deadline));
        if place == Place::Dead {
            self.dead += 1;
            return Ok(());
        }
        self.live += 1;
        self.unopened += u64::from(!keys::is_opened(value));
        self.leased += u64::from(place == Place::Leased);
        more(&mut self.received, position.received);
        Ok(())
    }

    /// A delivery is now as given.
    pub fn enter(&mut self, delivery: &Delivery) {
        if delivery.settled.is_some() {
            return;
        }
        delivery.running_deadline().iter().for_each(|deadline| more(&mut self.deadlines, *deadline));
        if delivery.state == State::DeadLetter {
            self.dead += 1;
            return;
        }
        self.live += 1;
        self.unopened += u64::from(delivery.opened.is_none());
        self.leased += u64::from(delivery.state == State::Leased);
        more(&mut self.received, delivery.header.received);
    }

    /// A delivery is no longer as given.
    pub fn leave(&mut self, delivery: &Delivery) {
        if delivery.settled.is_some() {
            return;
        }
        delivery.running_deadline().iter().for_each(|deadline| fewer(&mut self.deadlines, *deadline));
        if delivery.state == State::DeadLetter {
            self.dead -= 1;
            return;
        }
        self.live -= 1;
        self.unopened -= u64::from(delivery.opened.is_none());
        self.leased -= u64::from(delivery.state == State::Leased);
        fewer(&mut self.received, delivery.header.received);
    }

    /// The counts at `now`.
    pub fn at(&self, queue: &QueueId, now: Timestamp) -> QueueCounts {
        // Late means now > deadline (D15).
        let late = self.deadlines.range((Unbounded, Excluded(now))).map(|(_, count)| u64::from(*count)).sum();
        QueueCounts {
            queue: queue.clone(),
            live: self.live,
            unopened: self.unopened,
            overdue: late,
            leased: self.leased,
            dead: self.dead,
            oldest: self.received.keys().next().copied(),
        }
    }
}

fn more(moments: &mut BTreeMap<Timestamp, u32>, at: Timestamp) {
    *moments.entry(at).or_default() += 1;
}

fn fewer(moments: &mut BTreeMap<Timestamp, u32>, at: Timestamp) {
    match moments.get_mut(&at) {
        Some(count) if *count > 1 => *count -= 1,
        _ => {
            moments.remove(&at);
        }
    }
}
