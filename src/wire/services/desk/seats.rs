//! Who sits where: a principal has one live stream for a queue and session, the newest.
//!
//! The newer waits until the older has let go, so that whatever the older leased is told to the newer.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::{OwnedMutexGuard, watch};

use crate::domain::{identity::Identity, queue::QueueId};

type Key = (Identity, QueueId, String);

/// The seats of all streams. Clones share them.
#[derive(Clone, Default)]
pub(in crate::wire::services) struct Seats(Arc<Mutex<BTreeMap<Key, Wanted>>>);

#[derive(Default)]
struct Wanted {
    seat: Arc<Seat>,
    /// How many sit there or wait for it.
    claims: usize,
}

#[derive(Default)]
struct Seat {
    /// Number of the stream that came last.
    newest: watch::Sender<u64>,
    /// Whoever sits.
    turn: Arc<tokio::sync::Mutex<()>>,
}

impl Seats {
    /// Asks for the seat: whoever sits there, or waits for it, is taken over.
    pub(super) fn claim(&self, key: Key) -> Claim {
        let (seat, number) = self.with(|seats| {
            let wanted = seats.entry(key.clone()).or_default();
            wanted.claims += 1;
            let seat = Arc::clone(&wanted.seat);
            let number = seat.newest.borrow().wrapping_add(1);
            seat.newest.send_replace(number);
            (seat, number)
        });
        Claim { seats: self.clone(), key, seat, number }
    }

    fn with<T>(&self, work: impl FnOnce(&mut BTreeMap<Key, Wanted>) -> T) -> T {
        // Nothing panics while it is held; were it so, the map is whole at every step.
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// What one stream asks for, until it is dropped.
pub(super) struct Claim {
    seats: Seats,
    key: Key,
    seat: Arc<Seat>,
    number: u64,
}

impl Claim {
    /// The seat, when nobody else sits there any more; until it is dropped.
    pub(super) async fn sit(&self) -> OwnedMutexGuard<()> {
        Arc::clone(&self.seat.turn).lock_owned().await
    }

    /// Ready when a newer stream has claimed the seat.
    pub(super) async fn taken_over(&self) {
        let mut newest = self.seat.newest.subscribe();
        // The sender is in the seat, so it outlives this.
        let _ = newest.wait_for(|newest| *newest != self.number).await;
    }
}

impl Drop for Claim {
    fn drop(&mut self) {
        self.seats.with(|seats| {
            let Some(wanted) = seats.get_mut(&self.key) else { return };
            wanted.claims -= 1;
            if wanted.claims == 0 {
                seats.remove(&self.key);
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identity::TrustDomain;

    fn key(session: &str) -> Key {
        let domain = TrustDomain::parse("pilot.example").unwrap();
        let identity = Identity::parse("homeward://pilot.example/met/SE/mpu_officer/p1", &domain).unwrap();
        (identity, QueueId::parse("MPU.SE").unwrap(), session.into())
    }

    async fn waits<T>(what: impl Future<Output = T>) -> bool {
        tokio::select! {
            biased;
            _ = what => false,
            () = std::future::ready(()) => true,
        }
    }

    #[tokio::test]
    async fn the_newest_sits_once_the_older_has_let_go_and_nothing_is_kept_of_seats_that_are_free() {
        let seats = Seats::default();
        let (first, elsewhere) = (seats.claim(key("early")), seats.claim(key("late")));
        let (sitting, _other) = (first.sit().await, elsewhere.sit().await);
        assert!(waits(first.taken_over()).await);
        let second = seats.claim(key("early"));
        first.taken_over().await;
        assert!(waits(second.sit()).await, "the first has not let go");
        let third = seats.claim(key("early"));
        second.taken_over().await;
        drop(second);
        assert!(waits(third.sit()).await, "the first has still not let go");
        drop((sitting, first));
        let _sitting = third.sit().await;
        assert!(waits(third.taken_over()).await && waits(elsewhere.taken_over()).await);
        drop((third, elsewhere));
        assert_eq!(seats.with(|seats| seats.len()), 0);
    }
}
