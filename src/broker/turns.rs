//! Turns: so many submissions are judged at the same time, and so many stored, and who waits is taken in rounds, one of each
//! identity. Whoever sends a thousand at once waits for itself; nobody else waits behind them, and whoever has nothing else under
//! way goes before those who have.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use tokio::sync::oneshot;

use super::{Broker, Error};
use crate::domain::identity::Identity;

/// Submissions judged at the same time, for each processor: as few as keep them busy, for nobody is let past those that have begun.
const JUDGED_EACH: usize = 2;
/// Submissions stored at the same time: as many as fit one commit on its way to the disk, with those kept.
const STORED: usize = 48;
/// Seats for those alone who have nothing else under way there: to be judged, and to be stored.
const KEPT: [usize; 2] = [1, 16];

/// The seats, and who waits for one.
#[derive(Clone)]
pub(super) struct Turns(Arc<Mutex<Queue>>);

struct Queue {
    /// Seats that nobody has: those for anybody, and those kept.
    free: [usize; 2],
    /// Everybody who has a seat, waits for one, or stands in a line.
    callers: BTreeMap<Identity, Caller>,
    /// Those who had nothing under way as they came, in the order they came.
    first: VecDeque<Identity>,
    /// The others who wait, in the order of their turns.
    round: VecDeque<Identity>,
    /// The last turn was of one of the first: the next is of the others, whom many who come one after another keep from nothing.
    first_had_theirs: bool,
}

#[derive(Default)]
struct Caller {
    seated: usize,
    /// In the order they came. Whoever has any here stands in one of the lines once, and nobody else does.
    waiting: VecDeque<oneshot::Sender<Turn>>,
}

/// A kind of seats.
#[derive(Debug, Clone, Copy)]
enum Seat {
    Anybodys,
    Kept,
}

/// A seat, until it is dropped.
pub struct Turn(Option<Seated>);

struct Seated {
    turns: Turns,
    seat: Seat,
    who: Identity,
}

impl Turns {
    /// Those in which submissions are judged.
    pub(super) fn to_judge() -> Self {
        let processors = thread::available_parallelism().map_or(1, Into::into);
        Self::of(processors.saturating_mul(JUDGED_EACH), KEPT[0])
    }

    /// Those in which they are stored.
    pub(super) fn to_store() -> Self {
        Self::of(STORED, KEPT[1])
    }

    fn of(anybodys: usize, kept: usize) -> Self {
        Self(Arc::new(Mutex::new(Queue {
            free: [anybodys, kept],
            callers: BTreeMap::new(),
            first: VecDeque::new(),
            round: VecDeque::new(),
            first_had_theirs: false,
        })))
    }

    /// A seat for something of `who`.
    ///
    /// # Errors
    /// A fault of ours.
    pub(super) async fn take(&self, who: &Identity) -> Result<Turn, Error> {
        let waiting = {
            let mut queue = self.locked();
            if let Some(seat) = queue.free_for(who) {
                queue.sits(who, seat);
                return Ok(self.turn(seat, who.clone()));
            }
            queue.join(who)
        };
        waiting.await.map_err(|_| Error::Internal("a turn was lost".to_owned()))
    }

    fn turn(&self, seat: Seat, who: Identity) -> Turn {
        Turn(Some(Seated { turns: self.clone(), seat, who }))
    }

    fn locked(&self) -> MutexGuard<'_, Queue> {
        // Nothing panics while it is held; were it so, the queue is whole at every step.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Queue {
    /// A free seat that `who` may have now.
    fn free_for(&self, who: &Identity) -> Option<Seat> {
        // Whoever waits, and has none for a moment, is none of them either.
        let has_none = !self.callers.contains_key(who);
        let free = |seat: Seat| (self.free[seat as usize] > 0).then_some(seat);
        free(Seat::Anybodys).or(free(Seat::Kept).filter(|_| has_none))
    }

    fn sits(&mut self, who: &Identity, seat: Seat) {
        self.free[seat as usize] -= 1;
        self.callers.entry(who.clone()).or_default().seated += 1;
    }

    fn rises(&mut self, who: &Identity, seat: Seat) {
        self.free[seat as usize] += 1;
        if let Some(caller) = self.callers.get_mut(who) {
            caller.seated -= 1;
            if caller.seated == 0 && caller.waiting.is_empty() {
                self.callers.remove(who);
            }
        }
    }

    /// Waits behind what else is theirs.
    fn join(&mut self, who: &Identity) -> oneshot::Receiver<Turn> {
        let (seat, waiting) = oneshot::channel();
        let caller = self.callers.entry(who.clone()).or_default();
        // Whoever is known to wait stands in a line already, also where nothing of theirs is left that waits.
        if caller.waiting.is_empty() {
            let line = if caller.seated == 0 { &mut self.first } else { &mut self.round };
            line.push_back(who.clone());
        }
        caller.waiting.push_back(seat);
        waiting
    }

    /// Who has the next of these free seats, and whether they wait for it still; whoever has more that waits goes to the end of the round.
    fn next(&mut self, seat: Seat) -> Option<(Identity, oneshot::Sender<Turn>)> {
        if self.free[seat as usize] == 0 {
            return None;
        }
        let others_turn = self.first_had_theirs && !self.round.is_empty();
        let of_the_first = match seat {
            Seat::Kept => true,
            Seat::Anybodys => !others_turn && !self.first.is_empty(),
        };
        let who = if of_the_first { self.first.pop_front() } else { self.round.pop_front() }?;
        if let Seat::Anybodys = seat {
            self.first_had_theirs = of_the_first;
        }
        let caller = self.callers.get_mut(&who)?;
        let next = caller.waiting.pop_front()?;
        if !caller.waiting.is_empty() {
            self.round.push_back(who.clone());
        }
        self.sits(&who, seat);
        Some((who, next))
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let Some(Seated { turns, seat, mut who }) = self.0.take() else { return };
        loop {
            let next = {
                let mut queue = turns.locked();
                queue.rises(&who, seat);
                queue.next(seat)
            };
            let Some((next_is, next)) = next else { return };
            // Whoever has gone away meanwhile gives it back, and the next has it.
            match next.send(turns.turn(seat, next_is.clone())) {
                Ok(()) => return,
                Err(mut back) => back.0 = None,
            }
            who = next_is;
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

    fn is_empty(turns: &Turns, seats: [usize; 2]) -> bool {
        let queue = turns.locked();
        queue.free == seats && queue.callers.is_empty() && queue.first.is_empty() && queue.round.is_empty()
    }

    #[tokio::test]
    async fn who_has_nothing_else_under_way_goes_first_and_the_others_one_of_each_in_a_round() {
        let (turns, loud, other, quiet) = (Turns::of(1, 0), who("loud"), who("other"), who("quiet"));
        let sitting = turns.take(&loud).await.unwrap();
        let mut loud: Vec<_> = (0..5).map(|_| Box::pin(turns.take(&loud))).collect();
        let mut other: Vec<_> = (0..2).map(|_| Box::pin(turns.take(&other))).collect();
        for one in loud.iter_mut().chain(&mut other) {
            assert!(stands(one).await.is_none());
        }
        drop(sitting);
        let sitting = stands(&mut other[0]).await.expect("nothing of theirs was under way").unwrap();
        let mut quiet = Box::pin(turns.take(&quiet));
        assert!(stands(&mut quiet).await.is_none());
        drop(sitting);
        let sitting = stands(&mut loud[0]).await.expect("one of the first had the last turn").unwrap();
        drop(sitting);
        let sitting = stands(&mut quiet).await.expect("the second of nobody goes before their first").unwrap();
        drop(sitting);
        let sitting = stands(&mut other[1]).await.expect("it is their turn in the round").unwrap();
        // Those who go away before and after they have a seat keep nobody from it.
        drop(loud.remove(1));
        assert!(stands(&mut loud[1]).await.is_none());
        drop(sitting);
        drop(loud.remove(1));
        drop(loud.remove(1).await.unwrap());
        drop(loud.remove(1).await.unwrap());
        assert!(is_empty(&turns, [1, 0]));
    }

    #[tokio::test]
    async fn seats_are_kept_for_those_who_have_nothing_under_way() {
        let (turns, loud, quiet, other) = (Turns::of(1, 1), who("loud"), who("quiet"), who("other"));
        let anybodys = turns.take(&loud).await.unwrap();
        let mut waits = Box::pin(turns.take(&loud));
        assert!(stands(&mut waits).await.is_none(), "the kept one is not for them");
        let kept = stands(&mut Box::pin(turns.take(&quiet))).await.expect("it is kept for them").unwrap();
        let mut other = Box::pin(turns.take(&other));
        assert!(stands(&mut other).await.is_none());
        drop(kept);
        let kept = stands(&mut other).await.expect("it is kept for them").unwrap();
        drop(kept);
        assert!(stands(&mut waits).await.is_none(), "it is not for those who have one");
        drop(anybodys);
        drop(stands(&mut waits).await.expect("it is anybody's").unwrap());
        assert!(is_empty(&turns, [1, 1]));
    }

    #[tokio::test]
    async fn whoever_gave_up_all_of_its_calls_and_comes_again_takes_no_turn_from_the_others() {
        let (turns, loud, other) = (Turns::of(1, 0), who("loud"), who("other"));
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
        assert!(is_empty(&turns, [1, 0]));
    }
}
