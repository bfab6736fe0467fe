//! Answers that wait for their reader: who asks and does not read keeps what was made for it in our memory. Each answer is
//! noted from the moment it could be taken until the peer has taken it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::time::Instant;

/// The answers of one session that wait to be taken.
#[derive(Debug, Default)]
pub(super) struct Waiting(Mutex<Noted>);

#[derive(Debug, Default)]
struct Noted {
    next: u64,
    since: BTreeMap<u64, Instant>,
}

impl Waiting {
    /// A new answer, which waits from now on.
    pub(super) fn answer(self: &Arc<Self>) -> Taken {
        let number = self.with(|noted| {
            noted.next += 1;
            noted.next
        });
        let taken = Taken { waiting: Arc::clone(self), number };
        taken.offered();
        taken
    }

    /// Ready when an answer has waited for `most`.
    pub(super) async fn too_long(&self, most: Duration) {
        loop {
            let now = Instant::now();
            let oldest = self.with(|noted| noted.since.values().min().copied());
            let until = oldest.map_or(now + most, |since| since + most);
            if until <= now {
                return;
            }
            tokio::time::sleep_until(until).await;
        }
    }

    fn with<T>(&self, work: impl FnOnce(&mut Noted) -> T) -> T {
        // Nothing panics while it is held.
        work(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// One answer; off the list when it is dropped.
#[derive(Debug)]
pub(super) struct Taken {
    waiting: Arc<Waiting>,
    number: u64,
}

impl Taken {
    /// A piece was offered: it waits for the peer.
    pub(super) fn offered(&self) {
        self.waiting.with(|noted| noted.since.insert(self.number, Instant::now()));
    }

    /// We are asked for the next piece: the last was taken.
    pub(super) fn asked(&self) {
        self.waiting.with(|noted| noted.since.remove(&self.number));
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        self.asked();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn only_what_was_offered_and_not_taken_counts() {
        let (waiting, most) = (Arc::new(Waiting::default()), Duration::from_millis(100));
        let over = || tokio::time::timeout(Duration::from_millis(400), waiting.too_long(most));
        assert!(over().await.is_err(), "nothing waits");
        let taken = waiting.answer();
        taken.asked();
        assert!(over().await.is_err(), "it was taken");
        taken.offered();
        assert!(over().await.is_ok());
        drop(taken);
        assert!(over().await.is_err(), "it is gone");
    }
}
