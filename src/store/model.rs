//! What the broker hands to a store and gets back: values, no engine.

use jiff::Timestamp;
use uuid::Uuid;

use super::{Along, Notice, Retract, Returned};
use crate::{
    domain::{
        carer_copy::CarerCopy,
        code::Class,
        decision::PromptKind,
        delivery::{Delivery, DeliveryId, Header, Lease},
        grading::ConfirmedGrade,
        history::Step,
        prompt::TrackedPrompt,
        queue::QueueId,
        reading::Reading,
        retraction::Retraction,
        transfer::Offer,
        unit::UnitLabel,
    },
    ledger::Entry,
};

/// The keyed reference of somebody, or of a unit: under it a record says whom it is kept from (D08).
pub type Reference = [u8; 32];

/// Makes a mutating call happen once (contract 2, idempotency): bound to the caller and to the request's bytes.
#[derive(Debug, Clone)]
pub struct Once {
    /// Identity of the caller.
    pub caller: String,
    /// Method, so that one id cannot answer for two methods.
    pub method: &'static str,
    /// The caller's request id.
    pub request: Uuid,
    /// SHA-256 of the request bytes as received.
    pub digest: [u8; 32],
    /// How long the first answer is kept.
    pub keep: Keep,
}

/// How long an idempotency entry lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Keep {
    /// As long as the record.
    WithRecord,
    /// Until this moment.
    Until(Timestamp),
}

/// Everything of one accepted submission: one atomic batch.
#[derive(Debug, Clone)]
pub struct Acceptance {
    /// Once only.
    pub once: Once,
    /// The subject's record first, then linked ones (R15). A content-free alert (D04) has one with nothing sealed.
    pub records: Vec<NewRecord>,
    /// Ledger entries in order, at least one; the first one's index is the answer's.
    pub entries: Vec<Entry>,
    /// The answer to keep, opaque to the store; it comes back byte for byte with the ledger index.
    pub answer: Vec<u8>,
    /// What must still be so: [`super::StoreError::Conflict`] if the document has another version by now.
    pub seen: Option<super::Seen>,
    /// What it corrects, in the same step.
    pub retracts: Vec<Retract>,
}

/// A record to store.
#[derive(Debug, Clone)]
pub struct NewRecord {
    /// Its data that changes never.
    pub record: Record,
    /// The wraps of its keys: opaque, and replaced when they are wrapped anew.
    pub wraps: Vec<u8>,
    /// What they are wrapped under: a name by which records are counted.
    pub wrapped_under: String,
    /// Its sealed units: one opaque value.
    pub sealed: Vec<u8>,
    /// Its deliveries; legs are numbered from 1 in this order.
    pub deliveries: Vec<Header>,
}

/// A record without its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Record {
    /// Its id.
    pub id: Uuid,
    /// Organisation that submitted, e.g. `gss/E09000004`.
    pub organisation: String,
    /// GSS code of the authority it was submitted for, which the sender's grant covered; empty for a record of the
    /// broker's own.
    pub on_behalf_of: String,
    /// When the broker received it.
    pub received: Timestamp,
    /// Class.
    pub class: Class,
    /// The record this one is linked from (R15).
    pub linked_from: Option<Uuid>,
    /// Records linked from this one.
    pub linked: Vec<Uuid>,
    /// Keyed references of identities and queues that may never read it (D08): those that it accuses, and those that a correction of it
    /// has accused since.
    pub excluded: Vec<Reference>,
    /// Whether its carer copy may be released.
    pub carer_copy: CarerCopy,
    /// The referral in whose place it stands.
    pub corrects: Option<Uuid>,
}

impl Record {
    /// The organisations that follow it: who submitted it, and the council it was submitted for.
    pub fn followers(&self) -> Vec<String> {
        let council = format!("gss/{}", self.on_behalf_of);
        let other = !self.on_behalf_of.is_empty() && council != self.organisation;
        std::iter::once(self.organisation.clone()).chain(other.then_some(council)).collect()
    }
}

/// The sender's receipt of a record.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Kept {
    /// Ledger index of the acceptance.
    pub ledger_index: u64,
    /// The answer as first given: [`Acceptance::answer`].
    pub answer: Vec<u8>,
    /// Root of the ledger as it was with this entry as its last one.
    pub root: [u8; 32],
}

/// The kept answer of an acceptance.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Accepted {
    /// Ledger index of its first entry, 0-based.
    pub ledger_index: u64,
    /// The answer as first given.
    pub answer: Vec<u8>,
    /// Root of the ledger as it was with that entry as its last one; of an amendment without entries, the root it found.
    pub root: [u8; 32],
    /// True when the first answer was given again.
    pub replayed: bool,
}

/// A stored record with its deliveries.
#[derive(Debug, Clone)]
pub struct Stored {
    /// The record.
    pub record: Record,
    /// Its deliveries in leg order.
    pub deliveries: Vec<Delivery>,
    /// What its acceptance answered; a linked record has none of its own.
    pub kept: Option<Kept>,
    /// That it was corrected or recalled, oldest first.
    pub retractions: Vec<Retraction>,
    /// Who opened what, in the order of first openings.
    pub readings: Vec<Reading>,
    /// Once its content was erased: the ledger index of the entry that says so.
    pub erased: Option<u64>,
    /// Its prompts that are followed.
    pub prompts: Vec<TrackedPrompt>,
}

/// Pulls from one queue: waiting deliveries in order of class, then earliest deadline, then age.
#[derive(Debug, Clone)]
pub struct Pull {
    /// Once only.
    pub once: Once,
    /// The queue.
    pub queue: QueueId,
    /// Who.
    pub holder: String,
    /// Their reference: what is kept from them is passed over.
    pub reader: Reference,
    /// Their session.
    pub session: String,
    /// One fresh token a delivery wanted, at most: the number limits the batch.
    pub tokens: Vec<String>,
    /// Now.
    pub now: Timestamp,
    /// Leases end at this moment.
    pub expires: Timestamp,
    /// The ledger entry; the store adds the deliveries. Written only if at least one was leased.
    pub entry: Entry,
}

/// A lease being used: the token must be live at `now`, else [`super::StoreError::LeaseLost`].
#[derive(Debug, Clone)]
pub struct Held {
    /// The delivery.
    pub delivery: DeliveryId,
    /// The queue the caller's permit is for; another queue's delivery is not found.
    pub queue: QueueId,
    /// Who; must be the lease's holder.
    pub holder: String,
    /// The token.
    pub token: String,
    /// Now.
    pub now: Timestamp,
    /// From how many references the record was kept ([`Record::excluded`]) when it was decided who is to have it next;
    /// [`super::StoreError::Conflict`] if it is kept from more by now. None where nobody is to.
    pub kept_from: Option<usize>,
    /// How often the record had been corrected or recalled when it was decided that this may leave the house;
    /// [`super::StoreError::Conflict`] if it has been oftener by now. None where nothing is to.
    pub retractions: Option<usize>,
}

/// What to do with a held delivery.
#[derive(Debug, Clone)]
pub enum Settle {
    /// Lengthen the lease to this moment.
    Extend(Timestamp),
    /// Hand back; not offered again before the moment, if any. Not a failure.
    Release(Option<Timestamp>),
    /// Put it on the dead-letter side of its queue.
    Reject(Step),
    /// Hand it over under this lease, which its holder takes with their next pull; `None`: back to the queue. No failure.
    HandOver(Step, Option<Lease>),
    /// Ask the sender something.
    Ask(Step),
    /// Offer it to another unit: a delivery of this header waits there for an answer. The offer names the other side's queue; the
    /// store gives the leg.
    Offer(Step, Box<Header>, Offer),
    /// Accept what is offered: the other side's is settled with this, and this one is worked on from now on. With the notice that goes
    /// along, where it was corrected.
    Accept(Step, crate::domain::delivery::Settled, Vec<Notice>),
    /// Acknowledge a notice that its referral was corrected or recalled.
    Acknowledge(crate::domain::delivery::Settled),
    /// Refuse what is offered: it is settled with this, and the other side's goes on.
    Refuse(crate::domain::delivery::Settled, Box<Returned>),
    /// Complete with an outcome.
    Complete(crate::domain::delivery::Settled),
    /// Send a held delivery on: settle it and add deliveries to the same record with the next leg numbers, in this order. What its
    /// sender was asked, and has answered, goes along with the first.
    Resolve(crate::domain::delivery::Settled, Vec<Header>, Along),
    /// Add a confirmed grade of one of its items to these records, its own first and linked ones after it: the next
    /// version of that item in each, never over an earlier one. It is told of the held delivery.
    Grade(Vec<(Uuid, ConfirmedGrade)>),
    /// Disclose this unit to whoever holds it. Like an opening, the first one is the acknowledgement.
    Disclose(UnitLabel),
}

/// A side of a queue, or a part of one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Side {
    /// What is worked on.
    Live,
    /// What of that is under a lease.
    Leased,
    /// What was rejected, or failed too often.
    DeadLetters,
}

/// Counts of one queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueCounts {
    /// The queue.
    pub queue: QueueId,
    /// Not settled.
    pub live: u64,
    /// Not settled and never opened.
    pub unopened: u64,
    /// Not settled and late (R25).
    pub overdue: u64,
    /// Under a lease.
    pub leased: u64,
    /// On the dead-letter side; counted in none of the above but `overdue`.
    pub dead: u64,
    /// Received time of the oldest that is not settled.
    pub oldest: Option<Timestamp>,
}

/// Deliveries of one class in one queue that are not settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassCounts {
    /// The queue.
    pub queue: QueueId,
    /// The class of the deliveries now.
    pub class: Class,
    /// How many.
    pub live: u64,
    /// Received time of the oldest.
    pub oldest: Option<Timestamp>,
}

/// What a sender can watch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Event {
    /// Place in the ledger: the resume token counts these.
    pub index: u64,
    /// When.
    pub at: Timestamp,
    /// The record.
    pub record: Uuid,
    /// The leg, if the event is one leg's.
    pub leg: Option<u16>,
    /// What happened.
    pub kind: EventKind,
    /// The prompt, if the event is a prompt's.
    pub prompt: Option<PromptKind>,
}

/// Kinds of [`Event`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EventKind {
    /// Received and accepted.
    Received,
    /// First pulled.
    Delivered,
    /// First opened.
    Opened,
    /// Completed.
    Completed,
    /// A held leg was sent on.
    Resolved,
    /// Police intelligence confirmed the grade of an item.
    Graded,
    /// Put on the dead-letter side.
    Rejected,
    /// Sent back from there to its queue.
    Replayed,
    /// Late, and escalated (R25).
    Escalated,
    /// Its sender was asked something.
    Asked,
    /// Its sender answered.
    Answered,
    /// Offered to another unit.
    Offered,
    /// Another unit has accepted it.
    Transferred,
    /// An offer to another unit is over, and was not accepted.
    NotTransferred,
    /// Its sender has corrected it.
    Corrected,
    /// Its sender has recalled it.
    Recalled,
    /// A notice of that was acknowledged.
    Acknowledged,
    /// Somebody opened a unit for the first time, beyond the first opening of all.
    Read,
    /// The content of the record was erased.
    Erased,
    /// It was said who will do what a prompt asks.
    PromptOwned,
    /// A prompt has ended, as somebody said.
    PromptDone,
    /// A prompt is late.
    PromptLate,
}

/// The head of the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// Number of entries.
    pub size: u64,
    /// RFC 9162 root over them.
    pub root: [u8; 32],
}

/// What of the ledger is to be proven.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Claim {
    /// That the entry at this index is in the ledger.
    Inclusion(u64),
    /// That the ledger of so many entries is the beginning of it.
    Consistency(u64),
}

/// A proof (RFC 9162) against the ledger of so many entries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proven {
    /// The ledger against which it is proven.
    pub head: Head,
    /// The hashes.
    pub path: Vec<[u8; 32]>,
}
