//! The outbox of pages: rows written with what they are about, gone when somebody was reached or nobody need be any longer.

use jiff::Timestamp;

use crate::{
    domain::{code::Class, history::Escalation, paging::PageId, queue::QueueId},
    ledger::Entry,
};

/// A page that waits to reach somebody.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DuePage {
    /// Names it.
    pub id: PageId,
    /// The queue of its delivery.
    pub queue: QueueId,
    /// The delivery's class as it now stands.
    pub class: Class,
    /// The rule or class that pages.
    pub why: String,
    /// Whom the delivery was escalated to with this page, if it was.
    pub escalated_to: Option<Escalation>,
    /// Since when.
    pub since: Timestamp,
    /// Attempts that failed.
    pub attempts: u32,
}

/// Which of the pages that are due are asked for.
#[derive(Debug, Clone, Default)]
pub struct Round {
    /// Those on their way: not again, and they count for their queue.
    pub on_its_way: Vec<PageId>,
    /// Of one queue, together with those on their way, at most.
    pub of_a_queue: usize,
    /// At most.
    pub limit: usize,
}

/// What came of an attempt to deliver a page.
#[derive(Debug, Clone)]
pub struct Noted {
    /// The page.
    pub page: PageId,
    /// Attempts that had failed when this one was begun: if it is another number by now, nothing changes.
    pub before: u32,
    /// It failed, and is tried again at this moment; `None`: it was delivered, and its row goes.
    pub again: Option<Timestamp>,
    /// The ledger entry, where this attempt has one.
    pub entry: Option<Entry>,
}

/// What the outbox holds.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Outbox {
    /// Pages that nobody got so far.
    pub waiting: u64,
    /// Since when the oldest of them waits.
    pub oldest: Option<Timestamp>,
    /// Those of them for which an attempt has failed.
    pub failing: u64,
    /// Since when the oldest of those waits.
    pub oldest_failing: Option<Timestamp>,
    /// When the next attempt is due.
    pub next: Option<Timestamp>,
}
