//! Everything a judgement reads besides the submission: directory, calendar, rules, queues. Data, never code.

mod deadlines;
mod memory;
mod queues;
mod rules;
mod terms;

pub use deadlines::{ClassDeadlines, Deadline, Deadlines};
pub use memory::{Access, Agreed, Memory, NEVER_GIVEN, ReadingShown, Retention, Withholding};
pub use queues::{Outcome, QueueKind, QueueSide, Queues, SenderWording};
pub use rules::{Owed, RULE_IDS, Rule, RuleClass, RulePrompt, RuleSet, RuleSets, Sending};
pub use terms::{Choice, Condition, Destination, DueBy};

use jiff::Timestamp;

use super::{calendar::Calendar, code::Class, contacts::Contacts, directory::Directory, queue::QueueId};

/// One consistent, checked set of reference data.
#[derive(Debug, Clone, PartialEq)]
pub struct Policy {
    /// Who there is and where.
    pub directory: Directory,
    /// Office hours and bank holidays.
    pub calendar: Calendar,
    /// The rule table in every version.
    pub rules: RuleSets,
    /// Queue kinds, outcomes and deadlines.
    pub queues: Queues,
    /// Whom to ring.
    pub contacts: Contacts,
    /// What is remembered, and for how long.
    pub memory: Memory,
}

impl Policy {
    /// The version of the rule table in force at `now`.
    pub fn rules_at(&self, now: Timestamp) -> &RuleSet {
        self.rules.in_force(self.calendar.date(now))
    }

    /// When a delivery of `class` to `queue`, accepted at `from`, must be acknowledged and decided (domain 5.3, D15).
    pub fn due(&self, queue: &QueueId, class: Class, from: Timestamp) -> (Option<Timestamp>, Option<Timestamp>) {
        let deadlines = self.queues.deadlines.of(queue, class, self.calendar.date(from));
        let due = |deadline: Option<Deadline>| {
            deadline.map(|deadline| self.calendar.after(queue.suffix(), from, deadline.minutes, deadline.basis))
        };
        (due(deadlines.acknowledge), due(deadlines.decide))
    }
}
