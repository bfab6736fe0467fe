//! Turns: so many submissions are judged at the same time, and so many stored, and who waits is taken in rounds, one of each
//! identity. Whoever sends a thousand at once waits for itself; nobody else waits behind them.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use tokio::sync::oneshot;

use super::{Broker, Error};
use crate::domain::identity::Identity;

/// Submissions judged at the same time, for each processor: as few as keep them busy, for nobody is let past those that have begun.
const JUDGED_EACH: usize = 4;
/// Submissions stored at the same time: as many as fit one commit on its way to the disk.
const STORED: usize = 64;

/// The seats, and who waits for one.
#[derive(Clone)]
pub(super) struct Turns(Arc<Mutex<Queue>>);

struct Queue {
    free: usize,
    /// Who waits, each in the order they came. Each of them stands in the round once, and nobody else does.
    waiting: BTreeMap<Identity, VecDeque<oneshot::Sender<Turn>>>,
    /// Whose turn is next.
    round: VecDeque<Identity>,
}

/// A seat, until it is dropped.
pub struct Turn(Option<Arc<Mutex<Queue>>>);

impl Turns {
    /// Those in which submissions are judged.
    pub(super) fn to_judge() -> Self {
        let processors = thread::available_parallelism().map_or(1, Into::into);
        Self::of(processors.saturating_mul(JUDGED_EACH))
    }

    /// Those in which they are stored.
    pub(super) fn to_store() -> Self {
        Self::of(STORED)
    }

    fn of(free: usize) -> Self {
        Self(Arc::new(Mutex::new(Queue { free, waiting: BTreeMap::new(), round: VecDeque::new() })))
    }

    /// A seat for something of `who`.
    ///
    /// # Errors
    /// A fault of ours.
    pub(super) async fn take(&self, who: &Identity) -> Result<Turn, Error> {
        let waiting = {
            let mut queue = locked(&self.0);
            if queue.free > 0 {
                queue.free -= 1;
                return Ok(Turn(Some(Arc::clone(&self.0))));
            }
            queue.join(who)
        };
        waiting.await.map_err(|_| Error::Internal("a turn was lost".to_owned()))
    }
}

fn locked(queue: &Mutex<Queue>) -> std::sync::MutexGuard<'_, Queue> {
    // Nothing panics while it is held; were it so, the queue is whole at every step.
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Queue {
    /// Waits behind what else is theirs.
    fn join(&mut self, who: &Identity) -> oneshot::Receiver<Turn> {
        let (seat, waiting) = oneshot::channel();
        // Whoever is known stands in the round already, also where nothing of theirs is left that waits.
        let own = self.waiting.entry(who.clone()).or_insert_with(|| {
            self.round.push_back(who.clone());
            VecDeque::new()
        });
        own.push_back(seat);
        waiting
    }

    /// Who is next; whoever has more that waits goes to the end of the round.
    fn next(&mut self) -> Option<oneshot::Sender<Turn>> {
        let who = self.round.pop_front()?;
        let own = self.waiting.get_mut(&who)?;
        let next = own.pop_front();
        if own.is_empty() {
            self.waiting.remove(&who);
        } else {
            self.round.push_back(who);
        }
        next
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(turns) = self.0.take() else { return };
        loop {
            let next = {
                let mut queue = locked(&turns);
                let next = queue.next();
                if next.is_none() {
                    queue.free += 1;
                }
                next
            };
            let Some(next) = next else { return };
            // Whoever has gone away meanwhile gives it back, and the next has it.
            match next.send(Self(Some(Arc::clone(&turns)))) {
                Ok(()) => return,
                Err(mut back) => back.0 = None,
            }
        }
    }
}

impl Broker {
    /// A turn for one submission of `who` to be judged; at once where there is a seat.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn turn(&self, who: &Identity) -> Result<Turn, Error> {
        self.judging.take(who).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::identity::TrustDomain;

    fn who(name: &str) -> Identity {
        let domain = TrustDomain::parse("pilot.example").unwrap();
        let uri = format!("homeward://pilot.example/gss/E09000006/council_submitter/{name}");
        Identity::parse(&uri, &domain).unwrap()
    }

    /// Polls it once, so that it stands in the queue.
    async fn stands<T>(what: &mut (impl Future<Output = T> + Unpin)) -> Option<T> {
        tokio::select! {
            biased;
            done = what => Some(done),
            () = std::future::ready(()) => None,
        }
    }

    #[tokio::test]
    async fn who_sends_little_waits_behind_one_of_each_other_and_not_behind_all_of_theirs() {
        let (turns, loud, quiet) = (Turns::of(1), who("loud"), who("quiet"));
        let sitting = turns.take(&loud).await.unwrap();
        let mut loud: Vec<_> = (0..5).map(|_| Box::pin(turns.take(&loud))).collect();
        for one in &mut loud {
            assert!(stands(one).await.is_none());
        }
        let mut quiet = Box::pin(turns.take(&quiet));
        assert!(stands(&mut quiet).await.is_none());
        drop(sitting);
        assert!(stands(&mut quiet).await.is_none(), "the loud one came first");
        drop(loud.remove(0).await.unwrap());
        let second = quiet.await.unwrap();
        assert!(stands(&mut loud[0]).await.is_none());
        drop(second);
        // Those who go away before and after they have a seat keep nobody from it.
        assert!(stands(&mut loud[3]).await.is_none());
        drop(loud.remove(0));
        drop(loud.remove(0));
        drop(loud.remove(0).await.unwrap());
        drop(loud.remove(0).await.unwrap());
        let queue = locked(&turns.0);
        assert_eq!((queue.free, queue.waiting.len(), queue.round.len()), (1, 0, 0));
    }

    #[tokio::test]
    async fn whoever_gave_up_all_of_its_calls_and_comes_again_takes_no_turn_from_the_others() {
        let (turns, loud, other) = (Turns::of(1), who("loud"), who("other"));
        let sitting = turns.take(&other).await.unwrap();
        let mut given_up: Vec<_> = (0..1000).map(|_| Box::pin(turns.take(&loud))).collect();
        for one in &mut given_up {
            assert!(stands(one).await.is_none());
        }
        drop(given_up);
        let mut again = Box::pin(turns.take(&loud));
        let mut others: Vec<_> = (0..2).map(|_| Box::pin(turns.take(&other))).collect();
        assert!(stands(&mut again).await.is_none());
        for one in &mut others {
            assert!(stands(one).await.is_none());
        }
        drop(sitting);
        for one in &mut others {
            drop(stands(one).await.expect("calls that were given up keep nobody waiting").unwrap());
        }
        drop(stands(&mut again).await.expect("the seat was given on").unwrap());
        let queue = locked(&turns.0);
        assert_eq!((queue.free, queue.waiting.len(), queue.round.len()), (1, 0, 0));
    }
}
