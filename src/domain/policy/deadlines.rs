//! How long a delivery has, by class, queue and day (domain 5.3, D15).

use std::collections::BTreeMap;

use jiff::civil::Date;

use crate::domain::{
    calendar::Basis,
    code::Class,
    period::{Dated, Exception},
    queue::QueueId,
};

/// A length of time on a clock.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadline {
    /// Minutes.
    pub minutes: u32,
    /// On which clock.
    pub basis: Basis,
}

/// How long one class has; absent is no deadline.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct ClassDeadlines {
    /// To acknowledge.
    pub acknowledge: Option<Deadline>,
    /// To decide.
    pub decide: Option<Deadline>,
}

/// Deadlines by class, and by queue where one differs; the day on which the broker accepted a submission says which
/// period of them counts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Deadlines {
    /// Version of the data.
    pub version: String,
    /// The default of every class.
    pub classes: Dated<BTreeMap<Class, ClassDeadlines>>,
    /// Queues that differ, while they do.
    pub overrides: BTreeMap<(QueueId, Class), Exception<ClassDeadlines>>,
}

impl Deadlines {
    /// The deadlines of `class` on `queue` for what is accepted on `day`.
    pub fn of(&self, queue: &QueueId, class: Class, day: Date) -> ClassDeadlines {
        let own = self.overrides.get(&(queue.clone(), class)).and_then(|own| own.on(day));
        own.copied().unwrap_or_else(|| self.of_class(class, day))
    }

    /// The default deadlines of `class` for what is accepted on `day`.
    pub fn of_class(&self, class: Class, day: Date) -> ClassDeadlines {
        self.classes.on(day).get(&class).copied().unwrap_or_default()
    }
}
