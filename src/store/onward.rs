//! What becomes of a delivery otherwise than under its lease: sent back, taken back, answered about, escalated, come back from another
//! unit, corrected or recalled.

use jiff::Timestamp;
use uuid::Uuid;

use super::Reference;
use crate::{
    domain::{
        delivery::{Delivery, DeliveryId},
        history::Step,
        queue::QueueId,
        retraction::Retraction,
        text::Text,
    },
    ledger::Entry,
};

/// A dead letter is sent back to its own queue.
#[derive(Debug, Clone)]
pub struct Replay {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The queue the caller's permit is for; another queue's delivery is not found.
    pub queue: QueueId,
    /// Under what a record says that it is kept from whoever sends it back: to them it is no dead letter.
    pub reader: Reference,
    /// Who, when and why; the store adds how often it had failed.
    pub step: Step,
}

/// What was handed over, or offered to another unit, is taken back before it is taken.
#[derive(Debug, Clone)]
pub struct TakeBack {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The queue the caller's permit is for; another queue's delivery is not found.
    pub queue: QueueId,
    /// Only what this identity has handed over or offered; `None`: whoever did.
    pub giver: Option<String>,
    /// Who, when and why.
    pub step: Step,
}

/// The sender answers a question about a delivery.
#[derive(Debug, Clone)]
pub struct Clarification {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The question, by the step that asked it.
    pub question: Uuid,
    /// When and what.
    pub step: Step,
}

/// A late delivery is escalated (R25).
#[derive(Debug, Clone)]
pub struct Raise {
    /// The delivery.
    pub delivery: DeliveryId,
    /// How often it had been when that was decided: if it has been since, nothing changes.
    pub before: usize,
    /// When, and to whom.
    pub step: Step,
    /// Not again before this moment; `None`: not again.
    pub again_from: Option<Timestamp>,
    /// The ledger entry.
    pub entry: Entry,
}

/// What comes of a delivery whose offer to another unit was refused or not answered in time.
#[derive(Debug, Clone)]
pub struct Returned {
    /// What its history says.
    pub step: Step,
    /// How it is escalated, late or not; `None` where nobody is left to turn to. Left out if it has been since.
    pub raise: Option<Raise>,
}

/// An offer that nobody answered in time is over.
#[derive(Debug, Clone)]
pub struct Lapse {
    /// The delivery that was offered.
    pub offered: DeliveryId,
    /// When. If it was answered before, nothing changes.
    pub at: Timestamp,
    /// What comes of the other side's.
    pub returned: Returned,
    /// The ledger entry.
    pub entry: Entry,
}

/// A record is corrected or recalled.
#[derive(Debug, Clone)]
pub struct Retract {
    /// The record.
    pub record: Uuid,
    /// How often it had been when that was decided: [`super::StoreError::WrongState`] if it has been since.
    pub before: usize,
    /// What becomes of it.
    pub retraction: Retraction,
    /// Notices as they were prepared, one for each queue that has had anything of it.
    pub notices: Vec<Notice>,
    /// Acknowledge by, in a queue without a prepared one.
    pub due: Timestamp,
    /// Queues that get a delivery of the successor.
    pub successors: Vec<QueueId>,
    /// Tell those too who have read nothing, where no delivery of the successor does.
    pub tell_unread: bool,
    /// Who is told nothing, and reads it no longer.
    pub kept_from: KeptFrom,
    /// What nobody has read is marked and stays to be read: it was submitted under the statutory duty, and a correction only adds to it.
    pub keeps_unread: bool,
    /// The ledger entry; the store adds the queues that are told.
    pub entry: Entry,
}

/// Whom a record is kept from as of now: it accuses them, or what stands in its place does (D08).
#[derive(Clone, Default)]
pub struct KeptFrom {
    /// Keyed references that are added to those of the record.
    pub references: Vec<Reference>,
    /// Queues where all of it ends, in no words.
    pub queues: Vec<QueueId>,
    /// Whole identities whose leases end; never written.
    pub identities: Vec<Text>,
}

/// Nothing of who it is.
impl std::fmt::Debug for KeptFrom {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("KeptFrom").finish_non_exhaustive()
    }
}

impl KeptFrom {
    /// Whether the lease on this delivery ends. On HOLD anybody's does: who may go on there is asked with their next pull.
    pub fn ends_lease(&self, delivery: &Delivery) -> bool {
        let Some(lease) = &delivery.lease else { return false };
        let queue = &delivery.header.queue;
        self.queues.contains(queue)
            || self.identities.iter().any(|identity| identity.reveal() == lease.holder)
            || (*queue == QueueId::hold() && !self.references.is_empty())
    }
}

/// What goes along with what is sent on from HOLD.
#[derive(Debug, Clone, Default)]
pub struct Along {
    /// The notices that it was corrected, one for each queue.
    pub notices: Vec<Notice>,
    /// What the sender was asked, by its step, sealed as the readers of the first queue may read it: every question that there is, or
    /// [`super::StoreError::Conflict`].
    pub questions: Vec<(Uuid, Vec<u8>)>,
}

/// A notice for those who work on one queue.
#[derive(Debug, Clone)]
pub struct Notice {
    /// The queue.
    pub queue: QueueId,
    /// Acknowledge by.
    pub due: Timestamp,
    /// Why, sealed, as they may read it.
    pub note: Vec<u8>,
}
