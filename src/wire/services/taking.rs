//! What is taken in the moment in which its taker is put out is given back: a step that is under way then is kept after their leases
//! were ended, and would be theirs until it runs out. What is handed over to them then returns likewise (`broker/handing.rs`).

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
        let (services, taker, permit) = (self.clone(), Arc::clone(session), permit.clone());
        let taking = async move {
            let taken = take.await;
            // Of a step that failed nobody knows whether it is kept all the same.
            match services.refusal_by_now(&taker, &permit) {
                Some(refusal) if !taken.as_ref().is_ok_and(Vec::is_empty) => {
                    services.give_back(&taker, refusal).await;
                    Err(refusal.into())
                }
                _ => taken,
            }
        };
        to_the_end(session, taking).await
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

/// Takes a step, to its end also where whoever asks hangs up meanwhile.
///
/// # Errors
/// Those of `step`.
pub(super) async fn to_the_end<T: Send + 'static>(
    session: &Session,
    step: impl Future<Output = Result<T, Error>> + Send + 'static,
) -> Result<T, Error> {
    // Whoever hangs up before has begun nothing.
    let place = session.allowance().step().await;
    let under_way = tokio::spawn(async move {
        let _until_done = place;
        step.await
    });
    // A panic of ours; its words stay out of the log.
    under_way.await.unwrap_or_else(|_| Err(Error::Internal("a step could not be taken to its end".to_owned())))
}
