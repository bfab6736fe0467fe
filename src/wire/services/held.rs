//! Who holds what, for supervisors; handing it over.

use std::sync::Arc;

use super::{
    Services,
    ask::{Ask, digest_of},
    queue::handle,
    taking::to_the_end,
};
use crate::{
    broker::{Error, HandOver, Handle, Request as Bound, Side, TakingBack},
    domain::{
        delivery::Delivery,
        grants::{Action, QueuePermit},
        identity::{Peer, Role},
    },
    wire::{
        convert::{wire_span, wire_time},
        pb,
        received::Received,
        session::Session,
    },
};

impl Services {
    pub(super) async fn held(&self, peer: &Peer, asked: &pb::ListHeldRequest) -> Result<pb::ListHeldResponse, Error> {
        let mut ask = Ask::default();
        let limit = ask.page_size(asked.page_size);
        let after = ask.bytes_token(&asked.page_token);
        let permit = self.serving(peer, Action::ListHeld, &asked.queue, &mut ask);
        let (limit, after) = ask.done((limit, after))?;
        let permit = permit?;
        let page = self.broker.deliveries(&permit, Side::Leased, after, limit).await?;
        Ok(pb::ListHeldResponse {
            deliveries: page.deliveries.iter().map(|found| self.held_one(&permit, found)).collect(),
            next_page_token: page.next.map_or_else(String::new, hex::encode),
        })
    }

    /// Never the token: it is a secret between the holder and the broker.
    fn held_one(&self, permit: &QueuePermit, found: &Delivery) -> pb::HeldDelivery {
        let lease = found.lease.as_ref();
        pb::HeldDelivery {
            delivery: Some(self.header_now(permit, found)),
            holder: lease.map(|lease| lease.holder.clone()).unwrap_or_default(),
            since_time: lease.map(|lease| wire_time(lease.since)),
            held_for: lease.map(|lease| wire_span(self.broker.now().duration_since(lease.since))),
            lease_expire_time: lease.map(|lease| wire_time(lease.expires)),
            handed_over: found.is_handed_over(),
        }
    }

    pub(super) async fn handed_over(
        &self,
        peer: &Peer,
        session: &Session,
        request: Received<pb::HandOverRequest>,
    ) -> Result<pb::HandOverResponse, Error> {
        let Received { message, raw, .. } = request;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        let handle = match peer.identity.role() {
            // Whoever supervises has no lease: the broker finds whose it is.
            Role::UnitSupervisor => Handle { delivery: ask.delivery(&message.delivery_id), token: String::new() },
            _ => handle(&mut ask, &message.delivery_id, message.lease_token),
        };
        let (to, note) = (ask.identity("to", &message.to, peer), ask.required("note", message.note));
        let keep = ask.kept_for(message.keep_for);
        ask.done(())?;
        let Some(to) = to else { return Err(Error::NotFound) };
        let permit = self.broker.permit_for(peer, Action::HandOver, handle.delivery).await?;
        let (broker, own) = (Arc::clone(&self.broker), permit.clone());
        let handing = async move { broker.hand_over(&own, bound, handle, HandOver { to, note, keep }).await };
        let delivery = to_the_end(session, handing).await?;
        Ok(pb::HandOverResponse { delivery: Some(self.header(&permit, &delivery)) })
    }

    pub(super) async fn taken_back(
        &self,
        peer: &Peer,
        request: Received<pb::TakeBackRequest>,
    ) -> Result<pb::TakeBackResponse, Error> {
        let Received { message, raw, .. } = request;
        let mut ask = Ask::default();
        let bound = Bound { id: ask.uuid("request_id", &message.request_id), digest: digest_of(&raw) };
        let taking =
            TakingBack { delivery: ask.delivery(&message.delivery_id), reason: ask.required("reason", message.reason) };
        ask.done(())?;
        let permit = self.broker.permit_for(peer, Action::TakeBack, taking.delivery).await?;
        let delivery = self.broker.take_back(&permit, bound, taking).await?;
        Ok(pb::TakeBackResponse { delivery: Some(self.header(&permit, &delivery)) })
    }
}
