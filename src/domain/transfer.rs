//! Transfers: a delivery is offered to another unit, and stays where it is until that one accepts. Never sent and hoped. What its
//! sender was asked goes along with it, and with what is sent on from HOLD.

use jiff::Timestamp;

use super::{
    delivery::{Delivery, DeliveryId, State},
    history::{Step, StepKind},
    queue::QueueId,
};

/// An offer, as either side has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Offer {
    /// The queue of the other side.
    pub queue: QueueId,
    /// The delivery of the other side, by its leg in the same record.
    pub leg: u16,
    /// When it was offered.
    pub at: Timestamp,
    /// Identity of who offered it.
    pub by: String,
    /// Answered until then, or it is over.
    pub answer_by: Timestamp,
    /// When it was accepted.
    pub accepted: Option<Timestamp>,
}

impl Delivery {
    /// Offered to this unit, which has not answered: it is the other's until then.
    pub fn is_offered(&self) -> bool {
        self.settled.is_none() && self.offered.as_ref().is_some_and(|offer| offer.accepted.is_none())
    }

    /// Offered to another unit, which has not answered: it is this one's until then.
    pub fn is_offering(&self) -> bool {
        self.settled.is_none() && self.transfer.is_some()
    }

    /// Was offered to this unit and never became its own.
    pub fn is_nobodys(&self) -> bool {
        self.offered.as_ref().is_some_and(|offer| offer.accepted.is_none())
    }

    /// The delivery of the other side of this offer.
    pub fn other_side(&self, offer: &Offer) -> DeliveryId {
        DeliveryId { leg: offer.leg, ..self.id }
    }

    /// The leg on which a step of this delivery was written: its own, or one that it came along from by transfers, or from HOLD. `all`
    /// are the deliveries of its record.
    pub fn written_on(&self, step: &Step, all: &[Self]) -> u16 {
        let same = |known: &Step| (known.id, known.at) == (step.id, step.at);
        let mut first = self;
        while let Some(leg) = first.offered.as_ref().map(|offer| offer.leg).or(first.from_hold) {
            let from = all.iter().find(|other| other.id.leg == leg && leg < first.id.leg);
            let Some(from) = from.filter(|from| from.history.iter().any(same)) else { break };
            first = from;
        }
        first.id.leg
    }

    /// The leg under whose number the words of a step are sealed: that on which it was written, or for an answer its question, so that
    /// it can be read wherever that has gone.
    pub fn sealed_on(&self, step: &Step, all: &[Self]) -> u16 {
        let asks = |asked: &&Step| asked.kind == StepKind::Asked && step.code == asked.id.hyphenated().to_string();
        let asked = self.history.iter().find(asks).filter(|_| step.kind == StepKind::Answered);
        self.written_on(asked.unwrap_or(step), all)
    }

    /// Where a delivery has gone: itself, or what another unit has accepted of it, or, out of HOLD, what the named queue has of it, and so
    /// on. `all` are the deliveries of its record, in the order of their legs.
    pub fn gone_to<'a>(&'a self, all: &'a [Self]) -> &'a Self {
        let mut last = self;
        loop {
            let accepted = last.transfer.as_ref().filter(|offer| offer.accepted.is_some()).map(|offer| offer.leg);
            let here = |other: &&Self| match last.state {
                State::Resolved => other.from_hold == Some(last.id.leg),
                _ => accepted == Some(other.id.leg),
            };
            let Some(to) = all.iter().filter(|other| other.id.leg > last.id.leg).find(here) else { return last };
            last = to;
        }
    }
}
