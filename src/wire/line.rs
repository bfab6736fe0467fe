//! The line in front of the door: of one identity so many calls are worked on at the same time, and the others wait, nothing of
//! them read yet. So nobody who comes stands behind all that another has sent at once. What may wait is shared equally among the
//! identities of which something waits.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Calls that wait, of all identities together.
const WAITING: usize = 1024;

/// Of how many identities something waits. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Crowd(Arc<AtomicUsize>);

/// The line of one identity.
#[derive(Debug)]
pub(super) struct Line {
    work: Arc<Semaphore>,
    waiting: AtomicUsize,
    crowd: Crowd,
}

/// A place in a line.
#[derive(Debug)]
pub(super) enum Place {
    /// Its turn has come.
    AtWork(OwnedSemaphorePermit),
    /// Others of the same identity were there before.
    Behind(Standing),
}

/// Who waits is counted as long as this lives.
#[derive(Debug)]
pub(super) struct Standing(Arc<Line>);

impl Line {
    /// A line of which so many are worked on at the same time.
    pub(super) fn new(work: usize, crowd: Crowd) -> Self {
        Self { work: Arc::new(Semaphore::new(work)), waiting: AtomicUsize::new(0), crowd }
    }

    /// A place for one call; none where as much of the identity waits as is its share.
    pub(super) fn join(self: &Arc<Self>) -> Option<Place> {
        if let Ok(work) = Arc::clone(&self.work).try_acquire_owned() {
            return Some(Place::AtWork(work));
        }
        let before = self.waiting.fetch_add(1, Ordering::AcqRel);
        if before == 0 {
            self.crowd.0.fetch_add(1, Ordering::AcqRel);
        }
        let standing = Standing(Arc::clone(self));
        // At least of this one something waits.
        let share = WAITING / self.crowd.0.load(Ordering::Acquire).max(1);
        (before < share).then_some(Place::Behind(standing))
    }

    /// A place for a message of a stream, of which no more is read meanwhile.
    pub(super) async fn wait(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.work).acquire_owned().await.expect("work is never closed")
    }
}

impl Place {
    /// Waits until its turn has come, which lasts until what is answered is dropped.
    pub(super) async fn reached(self) -> OwnedSemaphorePermit {
        match self {
            Self::AtWork(work) => work,
            Self::Behind(standing) => standing.0.wait().await,
        }
    }
}

impl Drop for Standing {
    fn drop(&mut self) {
        if self.0.waiting.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.crowd.0.fetch_sub(1, Ordering::AcqRel);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn of_one_identity_so_many_are_at_work_and_the_others_come_in_their_order() {
        let line = Arc::new(Line::new(1, Crowd::default()));
        let first = line.join().unwrap().reached().await;
        let (second, third) = (line.join().unwrap(), line.join().unwrap());
        let (mut second, mut third) = (Box::pin(second.reached()), Box::pin(third.reached()));
        for waits in [&mut second, &mut third] {
            tokio::select! {
                biased;
                _ = waits => unreachable!("the first is at work"),
                () = std::future::ready(()) => {}
            }
        }
        drop(first);
        let second = second.await;
        drop(second);
        drop(third.await);
        assert_eq!((line.waiting.load(Ordering::Relaxed), line.crowd.0.load(Ordering::Relaxed)), (0, 0));
    }

    #[test]
    fn what_may_wait_is_shared_and_calls_that_are_given_up_make_room() {
        let crowd = Crowd::default();
        let [loud, other] = [(); 2].map(|()| Arc::new(Line::new(1, crowd.clone())));
        let _at_work = [loud.join().unwrap(), other.join().unwrap()];
        let mut waiting: Vec<_> = (0..WAITING).map(|_| loud.join().expect("all of it is theirs")).collect();
        assert!(loud.join().is_none());
        let half: Vec<_> = (0..WAITING / 2).map(|_| other.join().expect("half of it is theirs")).collect();
        assert!(other.join().is_none());
        waiting.truncate(WAITING / 2);
        assert!(loud.join().is_none(), "its half is full");
        waiting.pop();
        waiting.extend(loud.join());
        assert_eq!(waiting.len(), WAITING / 2);
        drop(half);
        assert!(loud.join().is_some(), "nothing of the other waits any longer");
    }
}
