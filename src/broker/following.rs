//! Following: a queue as it fills, for an officer whose stream is open. Leases are those of `dispatch`.

use jiff::{SignedDuration, Timestamp};

use super::{Broker, Error, PullRequest};
use crate::{
    domain::{
        delivery::{Delivery, DeliveryId},
        grants::QueuePermit,
    },
    platform::entropy::uuid_v4,
    store::Whose,
};

impl Broker {
    /// The live leases that the permit's holder has in its queue under this session, most urgent first.
    pub async fn leased(&self, permit: &QueuePermit, session: &str) -> Result<Vec<Delivery>, Error> {
        let whose = Whose { holder: permit.identity().as_str().to_owned(), session: session.to_owned() };
        Ok(self.store.leased(permit.queue(), whose, self.clock.now()).await?)
    }

    /// From when on [`Self::take_next`] finds something; None where nothing waits, nor will by itself.
    pub async fn ready_from(&self, permit: &QueuePermit) -> Result<Option<Timestamp>, Error> {
        let own = permit.identity();
        Ok(self.store.ready_from(permit.queue(), (own.as_str(), self.reader(own)), self.clock.now()).await?)
    }

    /// Leases up to `most` waiting deliveries for a session, headers only. Nobody asks for it a second time: what comes of it
    /// is with the session, and [`Self::leased`] tells it again.
    pub async fn take_next(
        &self,
        permit: &QueuePermit,
        session: &str,
        most: usize,
        lease: SignedDuration,
    ) -> Result<Vec<Delivery>, Error> {
        let (request, session) = (uuid_v4(&*self.entropy)?, session.to_owned());
        let request = PullRequest { request, digest: [0; 32], session, most, lease };
        self.take(permit, request, SignedDuration::ZERO).await
    }

    /// Whether this lease is still live.
    pub async fn is_live(&self, delivery: DeliveryId, token: &str) -> Result<bool, Error> {
        let found = self.store.delivery(delivery).await?;
        Ok(found.is_some_and(|found| found.live_lease(token, self.clock.now()).is_some()))
    }
}
