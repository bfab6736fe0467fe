//! What few may decide under a lease: the grade of an item, the release of the carer copy, where an undecided matter goes.

use super::{
    Services,
    ask::{Ask, digest_of},
    queue::handle,
    retracting::as_received,
};
use crate::{
    broker::{CarerRelease, Error, Request as Bound, Resolution},
    domain::{grading::Stated, grants::Action, identity::Peer, queue::QueueId},
    wire::{convert, pb, received::Received},
};

impl Services {
    pub(super) async fn graded(
        &self,
        peer: &Peer,
        request: Received<pb::ConfirmGradingRequest>,
    ) -> Result<pb::ConfirmGradingResponse, Error> {
        let Received { message, raw, .. } = request;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        let handle = handle(&mut ask, &message.delivery_id, message.lease_token);
        let stated = Stated {
            source: message.source,
            information: message.information,
            handling: message.handling,
            action_code: message.action_code,
            sanitisation_code: message.sanitisation_code,
            instructions: ask.optional("instructions", message.instructions),
            reason: ask.optional("reason", message.reason),
        };
        let item = u16::try_from(message.item).unwrap_or_default();
        let permit = self.broker.permit_for(peer, Action::ConfirmGrading, handle.delivery).await;
        // What the item was proposed as is compared only where the caller holds the delivery and is no accused.
        let delivery = match &permit {
            Ok(permit) => self.broker.to_grade(permit, &handle).await?,
            Err(_) => None,
        };
        let proposed = delivery.as_ref().and_then(|delivery| delivery.item(item));
        if item == 0 || (delivery.is_some() && proposed.is_none()) {
            ask.wrong("item", "give the number of an item that this delivery carries");
        }
        let grade = ask.checked(stated.check(proposed));
        let grade = ask.done(grade)?;
        let permit = permit?;
        let Some(grade) = grade else { return Err(Error::NotFound) };
        let delivery = self.broker.confirm_grading(&permit, bound, handle, (item, &grade)).await?;
        Ok(pb::ConfirmGradingResponse { delivery: Some(self.header(&permit, &delivery)) })
    }

    pub(super) async fn carer_copy_released(
        &self,
        peer: &Peer,
        request: Received<pb::ReleaseCarerCopyRequest>,
    ) -> Result<pb::ReleaseCarerCopyResponse, Error> {
        let Received { message, raw, .. } = request;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        let handle = handle(&mut ask, &message.delivery_id, message.lease_token);
        let reason = ask.required("reason", message.reason);
        ask.done(())?;
        let permit = self.broker.permit_for(peer, Action::ReleaseCarerCopy, handle.delivery).await?;
        let release = CarerRelease { reason, against_proposal: message.against_proposal };
        let released = self.broker.release_carer_copy(&permit, bound, handle, &release).await?;
        Ok(pb::ReleaseCarerCopyResponse {
            delivery: Some(self.header(&permit, &released.delivery)),
            ..convert::carer_copy(&released)
        })
    }

    pub(super) async fn resolved(
        &self,
        peer: &Peer,
        request: Received<pb::ResolveHeldRequest>,
    ) -> Result<pb::ResolveHeldResponse, Error> {
        let Received { message, raw, .. } = request;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        let handle = handle(&mut ask, &message.delivery_id, message.lease_token);
        let reason = ask.required("reason", message.reason);
        let to = QueueId::parse(&message.to_queue);
        if to.is_none() {
            ask.wrong("to_queue", "name a queue, such as MASH.E09000023");
        }
        ask.done(())?;
        let Some(to) = to else { return Err(Error::NotFound) };
        let permit = self.broker.permit_for(peer, Action::ResolveHeld, handle.delivery).await?;
        let (delivery, created) =
            self.broker.resolve(peer, bound, handle, (Resolution { to, reason }, as_received)).await?;
        Ok(pb::ResolveHeldResponse {
            delivery: Some(self.header(&permit, &delivery)),
            created_delivery_ids: created.iter().map(ToString::to_string).collect(),
        })
    }
}
