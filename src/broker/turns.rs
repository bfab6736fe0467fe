//! Turns: so many submissions are judged and stored at the same time, and who waits is taken in rounds, one of each identity.
//! Whoever sends a thousand at once waits for itself; nobody else waits behind them.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, PoisonError},
    thread,
};

use tokio::sync::oneshot;

use super::{Broker, Error};
use crate::domain::identity::Identity;

/// Submissions judged or stored at the same time, for each processor and at least: as many as keep the processors and the disk
/// busy. With more there would only be a longer queue that nobody can be let past.
const SEATS_EACH: usize = 16;
const FEWEST_SEATS: usize = 32;
/// Submissions that wait, shared among those who wait.
const WAITING: usize = 1024;

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

/// What to do when there is no seat.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Patience {
    /// Refuse where the identity has as many waiting as is its share.
    Share,
    /// Wait: the caller sends no more meanwhile.
    Any,
}

impl Default for Turns {
    fn default() -> Self {
        let processors = thread::available_parallelism().map_or(1, Into::into);
        Self::of(FEWEST_SEATS.max(processors.saturating_mul(SEATS_EACH)))
    }
}

impl Turns {
    fn of(free: usize) -> Self {
        Self(Arc::new(Mutex::new(Queue { free, waiting: BTreeMap::new(), round: VecDeque::new() })))
    }

    /// A seat for something of `who`.
    ///
    /// # Errors
    /// [`Error::Overloaded`]: more of theirs waits already than is their share.
    pub(super) async fn take(&self, who: &Identity, patience: Patience) -> Result<Turn, Error> {
        let waiting = {
            let mut queue = locked(&self.0);
            if queue.free > 0 {
                queue.free -= 1;
                return Ok(Turn(Some(Arc::clone(&self.0))));
            }
            queue.join(who, patience).ok_or(Error::Overloaded)?
        };
        waiting.await.map_err(|_| Error::Internal("a turn was lost".to_owned()))
    }
}

fn locked(queue: &Mutex<Queue>) -> std::sync::MutexGuard<'_, Queue> {
    // Nothing panics while it is held; were it so, the queue is whole at every step.
    queue.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Queue {
    /// Waits behind what else is theirs, if there is room.
    fn join(&mut self, who: &Identity, patience: Patience) -> Option<oneshot::Receiver<Turn>> {
        let others = self.waiting.len() - usize::from(self.waiting.contains_key(who));
        let share = WAITING / (others + 1);
        let known = self.waiting.get_mut(who);
        if let Some(own) = known.as_deref()
            && own.len() >= share
            && patience == Patience::Share
        {
            // Calls that were given up make room.
            let own = known?;
            own.retain(|waiting| !waiting.is_closed());
            if own.len() >= share {
                return None;
            }
        }
        let (seat, waiting) = oneshot::channel();
        // Whoever is known stands in the round already, also where nothing of theirs is left that waits.
        let own = self.waiting.entry(who.clone()).or_insert_with(|| {
            self.round.push_back(who.clone());
            VecDeque::new()
        });
        own.push_back(seat);
        Some(waiting)
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
    /// A turn for one submission of `who`; at once where there is a seat.
    ///
    /// # Errors
    /// [`Error::Overloaded`]: as much of theirs waits as is their share.
    pub async fn turn(&self, who: &Identity) -> Result<Turn, Error> {
        self.turns.take(who, Patience::Share).await
    }

    /// The same for who sends no more until it has come, and so needs no refusal.
    ///
    /// # Errors
    /// A fault of ours.
    pub async fn turn_in_time(&self, who: &Identity) -> Result<Turn, Error> {
        self.turns.take(who, Patience::Any).await
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
        let sitting = turns.take(&loud, Patience::Share).await.unwrap();
        let mut loud: Vec<_> = (0..5).map(|_| Box::pin(turns.take(&loud, Patience::Share))).collect();
        for one in &mut loud {
            assert!(stands(one).await.is_none());
        }
        let mut quiet = Box::pin(turns.take(&quiet, Patience::Share));
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
    async fn what_waits_is_shared_and_who_is_over_its_share_is_refused_unless_it_sends_no_more_meanwhile() {
        let (turns, loud, other) = (Turns::of(0), who("loud"), who("other"));
        let wait = |who: &Identity, patience| {
            let (turns, who) = (turns.clone(), who.clone());
            Box::pin(async move { turns.take(&who, patience).await.map(drop) })
        };
        let mut waiting = Vec::new();
        for _ in 0..WAITING {
            let mut one = wait(&loud, Patience::Share);
            assert!(stands(&mut one).await.is_none());
            waiting.push(one);
        }
        assert_eq!(wait(&loud, Patience::Share).await, Err(Error::Overloaded));
        let mut patient = wait(&loud, Patience::Any);
        assert!(stands(&mut patient).await.is_none());
        for _ in 0..WAITING / 2 {
            let mut one = wait(&other, Patience::Share);
            assert!(stands(&mut one).await.is_none(), "half of it is theirs");
            waiting.push(one);
        }
        assert_eq!(wait(&other, Patience::Share).await, Err(Error::Overloaded));
        waiting.truncate(WAITING / 4);
        assert!(stands(&mut wait(&loud, Patience::Share)).await.is_none(), "calls that were given up make room");
    }

    #[tokio::test]
    async fn whoever_gave_up_all_of_its_calls_and_comes_again_takes_no_turn_from_the_others() {
        let (turns, loud, other) = (Turns::of(1), who("loud"), who("other"));
        let sitting = turns.take(&other, Patience::Share).await.unwrap();
        let mut given_up: Vec<_> = (0..WAITING).map(|_| Box::pin(turns.take(&loud, Patience::Share))).collect();
        for one in &mut given_up {
            assert!(stands(one).await.is_none());
        }
        drop(given_up);
        let mut again = Box::pin(turns.take(&loud, Patience::Share));
        let mut others: Vec<_> = (0..2).map(|_| Box::pin(turns.take(&other, Patience::Share))).collect();
        assert!(stands(&mut again).await.is_none());
        for one in &mut others {
            assert!(stands(one).await.is_none());
        }
        drop(sitting);
        drop(stands(&mut again).await.expect("the seat was free").unwrap());
        for one in &mut others {
            drop(stands(one).await.expect("the seat was given on").unwrap());
        }
        let queue = locked(&turns.0);
        assert_eq!((queue.free, queue.waiting.len(), queue.round.len()), (1, 0, 0));
    }
}
