//! The line in front of the door: of one identity so many calls are worked on at the same time, and the others wait, nothing of
//! them read yet. So nobody who comes stands behind all that another has sent at once. What may wait is shared equally among the
//! organisations of which something waits, and what one has of it among its identities.

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicUsize, Ordering},
    },
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::identity::Organisation;

/// Calls that wait, of everybody together.
const WAITING: usize = 1024;

/// Of how many identities of each organisation something waits; of no others. Clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Crowd(Arc<Mutex<BTreeMap<Organisation, usize>>>);

impl Crowd {
    fn locked(&self) -> MutexGuard<'_, BTreeMap<Organisation, usize>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Something of one more identity waits.
    fn joined(&self, organisation: &Organisation) {
        *self.locked().entry(organisation.clone()).or_default() += 1;
    }

    /// Of one less.
    fn left(&self, organisation: &Organisation) {
        let mut waiting = self.locked();
        if let Some(identities) = waiting.get_mut(organisation) {
            *identities -= 1;
            if *identities == 0 {
                waiting.remove(organisation);
            }
        }
    }

    /// How much of one identity may wait.
    fn share(&self, organisation: &Organisation) -> usize {
        let waiting = self.locked();
        // Something of the one that asks waits.
        let identities = waiting.get(organisation).copied().unwrap_or(1);
        WAITING / waiting.len().max(1) / identities.max(1)
    }
}

/// The line of one identity.
#[derive(Debug)]
pub(super) struct Line {
    work: Arc<Semaphore>,
    waiting: AtomicUsize,
    organisation: Organisation,
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
    pub(super) fn new(work: usize, organisation: Organisation, crowd: Crowd) -> Self {
        Self { work: Arc::new(Semaphore::new(work)), waiting: AtomicUsize::new(0), organisation, crowd }
    }

    /// A place for one call; none where as much of the identity waits as is its share.
    pub(super) fn join(self: &Arc<Self>) -> Option<Place> {
        if let Ok(work) = Arc::clone(&self.work).try_acquire_owned() {
            return Some(Place::AtWork(work));
        }
        let before = self.waiting.fetch_add(1, Ordering::AcqRel);
        if before == 0 {
            self.crowd.joined(&self.organisation);
        }
        let standing = Standing(Arc::clone(self));
        (before < self.crowd.share(&self.organisation)).then_some(Place::Behind(standing))
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
            self.0.crowd.left(&self.0.organisation);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of an identity of this organisation.
    fn line(organisation: &str, crowd: &Crowd) -> Arc<Line> {
        let organisation = Organisation::parse(&format!("provider/{organisation}")).unwrap();
        Arc::new(Line::new(1, organisation, crowd.clone()))
    }

    #[test]
    fn an_organisation_under_many_names_has_one_share_of_what_may_wait() {
        let crowd = Crowd::default();
        let names: Vec<_> = (0..30).map(|_| line("loud", &crowd)).collect();
        let quiet = line("quiet", &crowd);
        let _at_work: Vec<_> = names.iter().chain([&quiet]).map(|line| line.join().unwrap()).collect();
        let one_each: Vec<_> = names.iter().map(|line| line.join().expect("the first of each waits")).collect();
        let own: Vec<_> = (0..WAITING / 2).map(|_| quiet.join().expect("half of it is theirs")).collect();
        assert!(quiet.join().is_none());
        let more: Vec<_> = (1..WAITING / 2 / 30).map(|_| names[0].join().expect("its share of the half")).collect();
        assert!(names[0].join().is_none());
        drop((one_each, own, more));
        assert!(crowd.locked().is_empty());
    }

    #[tokio::test]
    async fn of_one_identity_so_many_are_at_work_and_the_others_come_in_their_order() {
        let line = line("one", &Crowd::default());
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
        assert_eq!((line.waiting.load(Ordering::Relaxed), line.crowd.locked().len()), (0, 0));
    }

    #[test]
    fn what_may_wait_is_shared_and_calls_that_are_given_up_make_room() {
        let crowd = Crowd::default();
        let [loud, other] = ["loud", "other"].map(|name| line(name, &crowd));
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
