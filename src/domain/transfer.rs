//! Transfers: a delivery is offered to another unit, and stays where it is until that one accepts. Never sent and hoped.

use jiff::Timestamp;

use super::{
    delivery::{Delivery, DeliveryId},
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
}
