//! Transfers to another unit: offered on one side, accepted or refused on the other.

use super::{
    Services,
    ask::{Ask, digest_of},
    queue::handle,
};
use crate::{
    broker::{Error, Request as Bound, Transfer, TransferAnswer},
    domain::{grants::Action, identity::Peer, queue::QueueId},
    wire::{pb, received::Received},
};

impl Services {
    pub(super) async fn offered(
        &self,
        peer: &Peer,
        request: Received<pb::TransferDeliveryRequest>,
    ) -> Result<pb::TransferDeliveryResponse, Error> {
        let Received { message, raw, .. } = request;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        let handle = handle(&mut ask, &message.delivery_id, message.lease_token);
        let to = QueueId::parse(&message.to_queue);
        if to.is_none() {
            ask.wrong("to_queue", "name a queue, such as MPU.NE");
        }
        let reason = ask.required("reason", message.reason);
        ask.done(())?;
        let Some(to) = to else { return Err(Error::NotFound) };
        let permit = self.broker.permit_for(peer, Action::TransferDelivery, handle.delivery).await?;
        let delivery = self.broker.transfer(&permit, bound, handle, Transfer { to, reason }).await?;
        Ok(pb::TransferDeliveryResponse { delivery: Some(self.header(&permit, &delivery)) })
    }

    pub(super) async fn transfer_answered(
        &self,
        peer: &Peer,
        request: Received<pb::AnswerTransferRequest>,
    ) -> Result<pb::AnswerTransferResponse, Error> {
        let Received { message, raw, .. } = request;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        let handle = handle(&mut ask, &message.delivery_id, message.lease_token);
        let said = pb::TransferDecision::try_from(message.decision).unwrap_or_default();
        let accepts = said == pb::TransferDecision::Accept;
        if said == pb::TransferDecision::Unspecified {
            ask.wrong("decision", "choose TRANSFER_DECISION_ACCEPT or TRANSFER_DECISION_REFUSE");
        }
        let reason = match said {
            pb::TransferDecision::Refuse => ask.required("reason", message.reason),
            _ => ask.optional("reason", message.reason),
        };
        ask.done(())?;
        let permit = self.broker.permit_for(peer, Action::AnswerTransfer, handle.delivery).await?;
        let answer = TransferAnswer { accepts, reason };
        let delivery = self.broker.answer_transfer(&permit, bound, handle, answer).await?;
        Ok(pb::AnswerTransferResponse { delivery: Some(self.header(&permit, &delivery)) })
    }
}
