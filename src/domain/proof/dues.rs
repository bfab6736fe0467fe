//! Deadlines, worked out once for a queue, a class and a moment: a proof asks for the same ones many thousand times.

use std::{cell::RefCell, collections::BTreeMap};

use jiff::{
    Timestamp,
    civil::{Date, Time},
};

use crate::domain::{code::Class, policy::Policy, queue::QueueId};

/// A moment, and what is due by whom of what is received then.
pub(super) struct Dues<'a> {
    pub(super) now: Timestamp,
    policy: &'a Policy,
    known: RefCell<BTreeMap<QueueId, BTreeMap<Class, Pair>>>,
}

/// When to acknowledge and to decide.
type Pair = (Option<Timestamp>, Option<Timestamp>);

impl<'a> Dues<'a> {
    /// Nothing is worked out yet. None where there is no such hour on that day.
    pub(super) fn at(policy: &'a Policy, day: Date, hour: Time) -> Option<Self> {
        let now = policy.calendar.zone.to_timestamp(day.to_datetime(hour)).ok()?;
        Some(Self { now, policy, known: RefCell::default() })
    }

    /// As [`Policy::due`].
    pub(super) fn of(&self, queue: &QueueId, class: Class) -> Pair {
        if let Some(pair) = self.known.borrow().get(queue).and_then(|of| of.get(&class)) {
            return *pair;
        }
        let pair = self.policy.due(queue, class, self.now);
        self.known.borrow_mut().entry(queue.clone()).or_default().insert(class, pair);
        pair
    }
}
