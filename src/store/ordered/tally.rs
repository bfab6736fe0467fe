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
        code::Class,
        delivery::{Delivery, State},
        queue::QueueId,
    },
    store::{ClassCounts, QueueCounts, StoreError},
};

/// Live deliveries of one queue: numbers and, by moment, deadlines and arrivals.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::store) struct Tally {
    live: u64,
    unopened: u64,
    leased: u64,
    dead: u64,
    deadlines: BTreeMap<Timestamp, u32>,
    /// By place of the class in [`Class::ALL`].
    classes: [OfClass; Class::ALL.len()],
}

/// Of one class: how many, and when they came in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
struct OfClass {
    live: u64,
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
        if let Some(class) = self.classes.get_mut(usize::from(position.class)) {
            class.live += 1;
            more(&mut class.received, position.received);
        }
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
        let class = self.class_of(delivery);
        class.live += 1;
        more(&mut class.received, delivery.header.received);
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
        let class = self.class_of(delivery);
        class.live -= 1;
        fewer(&mut class.received, delivery.header.received);
    }

    fn class_of(&mut self, delivery: &Delivery) -> &mut OfClass {
        let place = Class::ALL.iter().position(|class| *class == delivery.class()).unwrap_or_default();
        &mut self.classes[place]
    }

    /// The same by class.
    pub fn by_class(&self, queue: &QueueId) -> impl Iterator<Item = ClassCounts> {
        Class::ALL.iter().zip(&self.classes).map(|(class, counted)| ClassCounts {
            queue: queue.clone(),
            class: *class,
            live: counted.live,
            oldest: counted.received.keys().next().copied(),
        })
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
            oldest: self.classes.iter().filter_map(|class| class.received.keys().next().copied()).min(),
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
