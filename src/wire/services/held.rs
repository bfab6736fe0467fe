//! Who holds what, for supervisors.

use super::{Services, ask::Ask};
use crate::{
    broker::{Error, Side},
    domain::{
        delivery::Delivery,
        grants::{Action, QueuePermit},
        identity::Peer,
    },
    wire::{
        convert::{wire_span, wire_time},
        pb,
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
        }
    }
}
