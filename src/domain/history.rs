//! What happened to one delivery beyond taking, opening and settling: rejected, sent back, handed over. It goes with the delivery
//! for good.

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    code::vocabulary,
    delivery::{Delivery, State},
    outcome::DeadReason,
};

/// Steps that one delivery may have beside the marks of corrections and a recall, at most: it is read and written with all of them.
pub const MOST_STEPS: usize = 50;

vocabulary! {
    /// Kinds of [`Step`].
    StepKind {
        /// Put on the dead-letter side, by an officer or, at the limit of attempts, by the broker.
        Rejected = "REJECTED",
        /// Sent back from there to the same queue.
        Replayed = "REPLAYED",
        /// Late to acknowledge or to decide: somebody above was turned to, and its class rose (R25).
        Escalated = "ESCALATED",
        /// Handed over to a colleague, or, where nobody had opened it, back to the queue.
        HandedOver = "HANDED_OVER",
        /// Taken back, by who handed it over or by the supervisor, before the other side had it.
        TakenBack = "TAKEN_BACK",
        /// Offered to another unit.
        TransferOffered = "TRANSFER_OFFERED",
        /// Offered here by another unit.
        Offered = "OFFERED",
        /// The other unit accepted it, or this one did.
        TransferAccepted = "TRANSFER_ACCEPTED",
        /// The other unit refused it.
        TransferRefused = "TRANSFER_REFUSED",
        /// The other unit did not answer in time.
        TransferLapsed = "TRANSFER_LAPSED",
        /// The sender has corrected the referral.
        Corrected = "CORRECTED",
        /// The sender has recalled the referral.
        Recalled = "RECALLED",
        /// The sender was asked something.
        Asked = "ASKED",
        /// The sender answered.
        Answered = "ANSWERED",
    }
}

impl StepKind {
    /// It marks that the sender has corrected or recalled the referral.
    pub fn is_mark(self) -> bool {
        matches!(self, Self::Corrected | Self::Recalled)
    }
}

vocabulary! {
    /// Whom a late delivery is escalated to, in this order (R25, D15).
    Escalation {
        /// The supervisor of its queue.
        QueueSupervisor = "queue_supervisor",
        /// The duty officer of the BCU.
        BcuDuty = "bcu_duty",
        /// The manager that the council named.
        CouncilManager = "council_manager",
    }
}

/// One step. Content-free but for the note, which is sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Names it: the caller's request, or nil where the broker did it.
    pub id: Uuid,
    /// What.
    pub kind: StepKind,
    /// When.
    pub at: Timestamp,
    /// Identity of who did it; empty for the broker, and for whoever answered: nobody who reads the delivery learns who the sender is.
    pub by: String,
    /// What says more: for a rejection a [`DeadReason`], for an escalation an [`Escalation`], for a hand-over the identity of the
    /// colleague, for a transfer, also one that is taken back, the queue of the other side, for a correction the referral that stands in
    /// its place, for a question the number of the item that it is about, for an answer the id of the question.
    pub code: String,
    /// What they wrote, sealed; empty where they wrote nothing. For an answer, as the readers of the delivery read it.
    pub note: Vec<u8>,
    /// For an answer, as it was given: sealed with the source side, for whoever may open the original.
    pub given: Vec<u8>,
    /// Failures of the delivery until then.
    pub failed: u32,
}

impl Delivery {
    /// The times it was escalated, oldest first.
    pub fn escalations(&self) -> impl Iterator<Item = &Step> {
        self.history.iter().filter(|step| step.kind == StepKind::Escalated)
    }

    /// What the sender was asked, oldest first, each with its answer.
    pub fn questions(&self) -> impl Iterator<Item = (&Step, Option<&Step>)> {
        let answer = |asked: &Step| {
            let answers =
                |step: &&Step| step.kind == StepKind::Answered && step.code == asked.id.hyphenated().to_string();
            self.history.iter().find(answers)
        };
        self.history.iter().filter(|step| step.kind == StepKind::Asked).map(move |asked| (asked, answer(asked)))
    }

    /// Whom it is escalated to next; `None` where everybody was turned to.
    pub fn next_escalation(&self) -> Option<Escalation> {
        Escalation::ALL.get(self.escalations().count()).copied()
    }

    /// Why it lies on the dead-letter side, if it does.
    pub fn dead(&self) -> Option<DeadReason> {
        let last = self.history.iter().rev().find(|step| step.kind == StepKind::Rejected);
        last.filter(|_| self.state == State::DeadLetter).and_then(|step| DeadReason::from_code(&step.code))
    }

    /// An officer has rejected it: decided, so that no deadline runs. At the limit of attempts nobody has decided anything.
    pub fn is_rejected(&self) -> bool {
        self.dead().is_some_and(DeadReason::is_officers)
    }

    /// Failures since it was last sent back from the dead-letter side.
    pub fn failed_lately(&self) -> u32 {
        let replayed = self.history.iter().rev().find(|step| step.kind == StepKind::Replayed);
        self.failed.saturating_sub(replayed.map_or(0, |step| step.failed))
    }
}
