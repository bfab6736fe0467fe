//! The dead-letter side: rejecting as an officer, sending back as a supervisor.

use super::{
    Services,
    ask::{Ask, digest_of},
    queue::handle,
};
use crate::{
    broker::{Error, Request as Bound},
    domain::{grants::Action, identity::Peer, outcome::DeadReason},
    wire::{pb, received::Received},
};

impl Services {
    pub(super) async fn rejected(
        &self,
        peer: &Peer,
        request: Received<pb::RejectDeliveryRequest>,
    ) -> Result<pb::RejectDeliveryResponse, Error> {
        let Received { message, raw, .. } = request;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        let handle = handle(&mut ask, &message.delivery_id, message.lease_token);
        let note = ask.optional("note", message.note);
        let reason = DeadReason::from_code(&message.reason_code).filter(|reason| reason.is_officers());
        if reason.is_none() {
            let codes: Vec<&str> =
                DeadReason::ALL.iter().filter(|reason| reason.is_officers()).map(|reason| reason.code()).collect();
            ask.wrong("reason_code", &format!("choose one of {}", codes.join(", ")));
        }
        ask.done(())?;
        let Some(reason) = reason else { return Err(Error::NotFound) };
        let permit = self.broker.permit_for(peer, Action::RejectDelivery, handle.delivery).await?;
        let delivery = self.broker.reject(&permit, bound, handle, (reason, note)).await?;
        Ok(pb::RejectDeliveryResponse {
            sender_wording: self.broker.wording(&delivery).unwrap_or_default(),
            delivery: Some(self.header(&permit, &delivery)),
        })
    }

    pub(super) async fn dead_letter_replayed(
        &self,
        peer: &Peer,
        request: Received<pb::ReplayDeadLetterRequest>,
    ) -> Result<pb::ReplayDeadLetterResponse, Error> {
        let Received { message, raw, .. } = request;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        let delivery = ask.delivery(&message.delivery_id);
        let reason = ask.required("reason", message.reason);
        ask.done(())?;
        let permit = self.broker.permit_for(peer, Action::ReplayDeadLetter, delivery).await?;
        let delivery = self.broker.replay_dead_letter(&permit, bound, (delivery, reason)).await?;
        Ok(pb::ReplayDeadLetterResponse { delivery: Some(self.header(&permit, &delivery)) })
    }
}
