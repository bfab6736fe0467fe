//! A delivery: one leg of one record in one queue, with its lease and its life until somebody settles it.

use std::fmt;

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    code::Class,
    decision::{Content, HoldReason, PromptKind},
    grading::ConfirmedGrade,
    history::Step,
    prompt::TrackedPrompt,
    queue::QueueId,
    retraction::Retraction,
    transfer::Offer,
    unit::UnitLabel,
};

/// Names a delivery: its record and the leg's number in it, written `<uuid>.<leg>`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DeliveryId {
    /// The record.
    pub record: Uuid,
    /// The leg, 1-based, never reused within a record.
    pub leg: u16,
}

impl DeliveryId {
    /// Reads `<uuid>.<leg>`.
    pub fn parse(text: &str) -> Option<Self> {
        let (record, leg) = text.rsplit_once('.')?;
        Some(Self { record: Uuid::try_parse(record).ok()?, leg: leg.parse().ok()? })
    }
}

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.record.hyphenated(), self.leg)
    }
}

/// What an officer may know before opening anything: no content, no name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// Where it waits.
    pub queue: QueueId,
    /// The leg's class.
    pub class: Class,
    /// Rule ids that made it.
    pub rules: Vec<String>,
    /// Version of the rule set.
    pub rule_set: String,
    /// What it carries.
    pub contents: Vec<Content>,
    /// Its items with their proposed grades.
    pub items: Vec<ItemHeader>,
    /// Prompts with their due times.
    pub prompts: Vec<PromptDue>,
    /// Units that exist for this queue to open.
    pub units: Vec<UnitLabel>,
    /// When the broker received the submission.
    pub received: Timestamp,
    /// Acknowledge by; `None` at P4.
    pub ack_due: Option<Timestamp>,
    /// Decide by; `None` at P4.
    pub decide_due: Option<Timestamp>,
    /// A person is to be paged.
    pub page: bool,
    /// Here only until HOLD has found the place (D11).
    pub provisional: bool,
    /// For HOLD: why, and for whom it was meant.
    pub held: Option<HeldHeader>,
    /// The record this one is linked from (R15); police and MASH only.
    pub linked_from: Option<Uuid>,
    /// The referral in whose place this one stands.
    pub corrects: Option<Uuid>,
    /// It tells that the referral was corrected or recalled, and nothing else.
    pub notice: Option<Retraction>,
}

/// An item as a header shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ItemHeader {
    /// Number, 1-based.
    pub number: u16,
    /// Proposed grade, e.g. `2A`.
    pub proposed: String,
    /// Handling, e.g. `C A1 S2`.
    pub handling: String,
    /// Standing written instruction that goes with conditions; empty for `P` (domain 2.1).
    pub instruction: String,
}

/// A prompt as a header shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PromptDue {
    /// What to do.
    pub kind: PromptKind,
    /// Rule that raised it.
    pub rule: String,
    /// By when.
    pub due: Option<Timestamp>,
    /// Was due before it was received.
    pub overdue_on_arrival: bool,
}

/// Why a delivery is on HOLD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldHeader {
    /// The reason.
    pub reason: HoldReason,
    /// Kinds of queue it was meant for.
    pub meant_for: Vec<String>,
    /// Queues whose people may never resolve it (D08).
    pub never_by: Vec<QueueId>,
}

/// Where a delivery is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// In its queue, nobody has it.
    Waiting,
    /// Under a lease.
    Leased,
    /// Completed with an outcome.
    Completed,
    /// On HOLD, and sent on to a named queue.
    Resolved,
    /// Another unit has accepted it.
    Transferred,
    /// Was offered to this unit, which did not accept it: the other's as it always was.
    Declined,
    /// Corrected before anybody had read it, or by what accuses those who have: another delivery stands in its place.
    Superseded,
    /// Recalled before anybody had read it.
    Recalled,
    /// On the dead-letter side of its queue: kept, shown, given to nobody until it is sent back.
    DeadLetter,
}

/// A lease: settling needs the token, a stale token is refused (contract 2, fencing).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Lease {
    /// 128 random bits, hex.
    pub token: String,
    /// Identity of the holder.
    pub holder: String,
    /// The holder's session, chosen by the client, so that a reconnect keeps its leases.
    pub session: String,
    /// Valid until this moment, exclusive.
    pub expires: Timestamp,
    /// The holder has it since then; prolonging it moves nothing here.
    pub since: Timestamp,
    /// A colleague handed it over to the holder, who has not taken it yet: nobody has its token.
    pub handed_over: bool,
}

/// How a delivery was settled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settled {
    /// When.
    pub at: Timestamp,
    /// Identity of who settled.
    pub by: String,
    /// Code of the closed list of its kind of queue; for HOLD the queue it went to.
    pub outcome: String,
    /// Code of the reason, where the outcome asks for one.
    pub reason: Option<String>,
    /// The unit lets the sender see the outcome itself rather than the default wording.
    pub release_detail: bool,
    /// The unit's own note, sealed.
    pub note: Vec<u8>,
}

/// A delivery with everything known about it but its content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivery {
    /// Its name.
    pub id: DeliveryId,
    /// What is fixed at acceptance.
    pub header: Header,
    /// Where it is.
    pub state: State,
    /// The live or last lease while [`State::Leased`].
    pub lease: Option<Lease>,
    /// Times it was leased.
    pub acquired: u32,
    /// Times a lease ended by expiry: handing back is not a failure.
    pub failed: u32,
    /// Not offered before this moment (release with delay).
    pub not_before: Option<Timestamp>,
    /// Once escalated: not again before this moment; `None` where nobody is left to turn to.
    pub escalate_from: Option<Timestamp>,
    /// First pulled.
    pub delivered: Option<Timestamp>,
    /// First opened under a live lease: the acknowledgement.
    pub opened: Option<Timestamp>,
    /// How it ended.
    pub settled: Option<Settled>,
    /// Every confirmed grade of its items, oldest first: they are the record's, whichever leg they were confirmed on.
    pub confirmed: Vec<ConfirmedGrade>,
    /// How the prompts of its header stand that are followed: they are the record's, whichever leg they were marked on.
    pub prompts: Vec<TrackedPrompt>,
    /// What else happened to it, oldest first.
    pub history: Vec<Step>,
    /// The offer to another unit that it waits for, or that was accepted.
    pub transfer: Option<Offer>,
    /// The offer of another unit by which it is here.
    pub offered: Option<Offer>,
    /// The delivery on HOLD by which it is here, once a person found its place; by its leg.
    pub from_hold: Option<u16>,
}

impl Delivery {
    /// Late to acknowledge or to decide at `now` (R25, D15: late means now > deadline).
    pub fn overdue(&self, now: Timestamp) -> bool {
        if self.is_offered() {
            return self.running_deadline().is_some_and(|due| now > due);
        }
        let late = |due: Option<Timestamp>| due.is_some_and(|due| now > due);
        let decided = self.settled.is_some() || self.is_rejected();
        !decided && ((self.opened.is_none() && late(self.header.ack_due)) || late(self.header.decide_due))
    }

    /// The earliest deadline that still runs: once opened, only that to decide; once rejected, none; while it is only offered here, that
    /// to answer.
    pub fn running_deadline(&self) -> Option<Timestamp> {
        if self.settled.is_some() || self.is_rejected() {
            return None;
        }
        if let Some(offer) = self.offered.as_ref().filter(|_| self.is_offered()) {
            return Some(offer.answer_by);
        }
        let ack = self.header.ack_due.filter(|_| self.opened.is_none());
        [ack, self.header.decide_due].into_iter().flatten().min()
    }

    /// The class as it now stands: one higher for each time it was escalated; P0 stays (D15).
    pub fn class(&self) -> Class {
        self.escalations().fold(self.header.class, |class, _| class.raised())
    }

    /// Whether a person is to be paged: said when it was accepted, or raised to P0 (D15).
    pub fn page(&self) -> bool {
        self.header.page || self.class() == Class::P0
    }

    /// After this moment it is to be escalated (R25).
    pub fn late_after(&self) -> Option<Timestamp> {
        let due = self.running_deadline()?;
        match self.escalations().next() {
            None => Some(due),
            Some(_) => self.escalate_from.map(|from| from.max(due)),
        }
    }

    /// The confirmed grade of an item as it now stands.
    pub fn confirmed(&self, item: u16) -> Option<&ConfirmedGrade> {
        self.confirmed.iter().rev().find(|grade| grade.item == item)
    }

    /// When police intelligence first graded an item under a lease on this very delivery.
    pub fn graded(&self) -> Option<Timestamp> {
        self.confirmed.iter().find(|grade| grade.leg == Some(self.id.leg)).map(|grade| grade.at)
    }

    /// The header's item of this number.
    pub fn item(&self, number: u16) -> Option<&ItemHeader> {
        self.header.items.iter().find(|item| item.number == number)
    }

    /// Handed over to a colleague who has not taken it yet.
    pub fn is_handed_over(&self) -> bool {
        self.state == State::Leased && self.lease.as_ref().is_some_and(|lease| lease.handed_over)
    }

    /// Somebody has begun with it, or there is nothing in it to begin with: then it goes to a colleague as it is. What nobody
    /// has opened is as good as new, and anybody's.
    pub fn is_begun(&self) -> bool {
        self.opened.is_some() || self.header.units.is_empty()
    }

    /// The live lease at `now`, if it has this token: expired and superseded leases are none.
    pub fn live_lease(&self, token: &str, now: Timestamp) -> Option<&Lease> {
        self.lease.as_ref().filter(|lease| self.state == State::Leased && lease.token == token && now < lease.expires)
    }
}
