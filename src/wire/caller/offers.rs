//! The client's side of what goes to somebody else: a colleague, another unit.

use jiff::SignedDuration;

use super::{Answer, Caller, Holding, answer};
use crate::wire::{convert, pb};

impl Caller {
    /// Hands a delivery over to a colleague.
    pub async fn hand_over(
        &mut self,
        request_id: &str,
        holding: Holding,
        (to, note): (&str, &str),
        keep: SignedDuration,
    ) -> Answer {
        let request = pb::HandOverRequest {
            request_id: request_id.to_owned(),
            delivery_id: holding.delivery,
            lease_token: holding.token,
            to: to.to_owned(),
            note: note.to_owned(),
            keep_for: Some(convert::wire_span(keep)),
        };
        answer("HandOverResponse", self.queues.hand_over(request).await)
    }

    /// Takes back what is not taken.
    pub async fn take_back(&mut self, request_id: &str, delivery: &str, reason: &str) -> Answer {
        let request = pb::TakeBackRequest {
            request_id: request_id.to_owned(),
            delivery_id: delivery.to_owned(),
            reason: reason.to_owned(),
        };
        answer("TakeBackResponse", self.queues.take_back(request).await)
    }

    /// Offers a delivery to another unit.
    pub async fn transfer(&mut self, request_id: &str, holding: Holding, to_queue: &str, reason: &str) -> Answer {
        let request = pb::TransferDeliveryRequest {
            request_id: request_id.to_owned(),
            delivery_id: holding.delivery,
            lease_token: holding.token,
            to_queue: to_queue.to_owned(),
            reason: reason.to_owned(),
        };
        answer("TransferDeliveryResponse", self.queues.transfer_delivery(request).await)
    }

    /// Accepts or refuses what another unit offers.
    pub async fn answer_transfer(&mut self, request_id: &str, holding: Holding, accepts: bool, reason: &str) -> Answer {
        let decision = if accepts { pb::TransferDecision::Accept } else { pb::TransferDecision::Refuse };
        let request = pb::AnswerTransferRequest {
            request_id: request_id.to_owned(),
            delivery_id: holding.delivery,
            lease_token: holding.token,
            decision: decision.into(),
            reason: reason.to_owned(),
        };
        answer("AnswerTransferResponse", self.queues.answer_transfer(request).await)
    }

    /// Acknowledges a notice.
    pub async fn acknowledge(&mut self, request_id: &str, holding: Holding) -> Answer {
        let request = pb::AcknowledgeNoticeRequest {
            request_id: request_id.to_owned(),
            delivery_id: holding.delivery,
            lease_token: holding.token,
        };
        answer("AcknowledgeNoticeResponse", self.queues.acknowledge_notice(request).await)
    }
}
