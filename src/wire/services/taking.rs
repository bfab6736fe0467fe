//! What is taken in the moment in which its taker is put out is given back: a step that is under way then is kept after their leases
//! were ended, and would be theirs until it runs out.

use std::{sync::Arc, time::Duration};

use super::Services;
use crate::{
    broker::Error,
    domain::{
        delivery::Delivery,
        grants::{QueuePermit, Refusal},
    },
    wire::session::Session,
};

/// While the store is away it is tried again after so long.
const AGAIN: Duration = Duration::from_secs(1);

impl Services {
    /// Takes deliveries of the permit's queue, to the end also where whoever asks hangs up meanwhile; and gives them back where they
    /// are revoked, or their grant is gone, by then.
    ///
    /// # Errors
    /// Those of `take`, and the [`Refusal`] of whoever is out.
    pub(super) async fn taking(
        &self,
        session: &Arc<Session>,
        permit: &QueuePermit,
        take: impl Future<Output = Result<Vec<Delivery>, Error>> + Send + 'static,
    ) -> Result<Vec<Delivery>, Error> {
        // Whoever hangs up before has begun nothing.
        let place = session.allowance().step().await;
        let (services, session, permit) = (self.clone(), Arc::clone(session), permit.clone());
        let taking = tokio::spawn(async move {
            let _until_done = place;
            let taken = take.await;
            // Of a step that failed nobody knows whether it is kept all the same.
            match services.refusal_by_now(&session, &permit) {
                Some(refusal) if !taken.as_ref().is_ok_and(Vec::is_empty) => {
                    services.give_back(&session, refusal).await;
                    Err(refusal.into())
                }
                _ => taken,
            }
        });
        // A panic of ours; its words stay out of the log.
        taking.await.unwrap_or_else(|_| Err(Error::Internal("deliveries could not be taken".to_owned())))
    }

    fn refusal_by_now(&self, session: &Session, permit: &QueuePermit) -> Option<Refusal> {
        if self.sessions.is_revoked(session) {
            return Some(Refusal::Revoked);
        }
        let broker = &self.broker;
        broker.grants().may_serve(session.peer(), permit.action(), permit.queue(), broker.now()).err()
    }

    async fn give_back(&self, session: &Session, refusal: Refusal) {
        let give_back = async || match refusal {
            Refusal::Revoked => self.broker.return_leases(session.peer().identity.as_str()).await,
            _ => self.broker.return_ungranted().await,
        };
        // Where the store never comes back, the next start looks.
        while give_back().await.is_err() && self.broker.recovers() {
            tokio::time::sleep(AGAIN).await;
        }
    }
}
