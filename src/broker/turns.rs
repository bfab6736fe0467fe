//! Turns: so many submissions are judged at the same time, and so many stored, and who waits is taken in rounds, one of each
//! organisation, and of an organisation one of each identity. Whoever sends a thousand at once, or comes under thirty names, waits
//! for itself; nobody else waits behind them, and whoever has nothing else under way goes before those who have.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
    thread,
};

use tokio::sync::oneshot;

use super::{Broker, Error};
use crate::domain::identity::{Identity, Organisation};

/// Submissions judged at the same time, for each processor: as few as keep them busy, for nobody is let past those that have begun.
const JUDGED_EACH: usize = 2;
/// Submissions stored at the same time: as many as fit one commit on its way to the disk, with those kept.
const STORED: usize = 48;
/// Seats for those organisations alone that have nothing else under way there: to be judged, and to be stored.
const KEPT: [usize; 2] = [1, 16];

/// The seats, and who waits for one.
#[derive(Clone)]
pub(super) struct Turns(Arc<Mutex<Queue>>);

struct Queue {
    /// Seats that nobody has: those for anybody, and those kept.
    free: [usize; 2],
    /// Every organisation of which somebody has a seat or waits for one.
    organisations: BTreeMap<Organisation, House>,
    /// Those of which somebody waits.
    lines: Lines<Organisation>,
    /// Number of the next who waits.
    number: u64,
}

/// The callers of one organisation.
#[derive(Default)]
struct House {
    /// Everybody who has a seat or waits for one.
    callers: BTreeMap<Identity, Caller>,
    /// Those who wait.
    lines: Lines<Identity>,
}

#[derive(Default)]
struct Caller {
    seated: usize,
    /// In the order they came, which is that of their numbers. Nobody is here who has gone away.
    waiting: VecDeque<(u64, oneshot::Sender<Turn>)>,
}

/// Who waits: each stands in one of the two, once, as long as anything of theirs waits.
struct Lines<T> {
    /// Those who had nothing under way as they came, in the order they came.
    first: VecDeque<T>,
    /// The others, in the order of their turns.
    round: VecDeque<T>,
    /// The last turn was of one of the first: the next is of the others, whom many who come one after another keep from nothing.
    first_had_theirs: bool,
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

/// Stands in the queue as long as this lives.
struct Standing<'t> {
    turns: &'t Turns,
    who: &'t Identity,
    number: u64,
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
            organisations: BTreeMap::new(),
            lines: Lines::default(),
            number: 0,
        })))
    }

    /// A seat for something of `who`. Whoever gives up waiting is forgotten at once.
    ///
    /// # Errors
    /// A fault of ours.
    pub(super) async fn take(&self, who: &Identity) -> Result<Turn, Error> {
        let (number, seat) = {
            let mut queue = self.locked();
            if let Some(seat) = queue.free_for(who) {
                queue.sits(who, seat);
                return Ok(self.turn(seat, who.clone()));
            }
            queue.join(who)
        };
        let _standing = Standing { turns: self, who, number };
        seat.await.map_err(|_| Error::Internal("a turn was lost".to_owned()))
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
        // Of whom somebody waits, and nobody has a seat for a moment, is none of those either.
        let has_none = !self.organisations.contains_key(who.organisation());
        let free = |seat: Seat| (self.free[seat as usize] > 0).then_some(seat);
        free(Seat::Anybodys).or(free(Seat::Kept).filter(|_| has_none))
    }

    fn sits(&mut self, who: &Identity, seat: Seat) {
        self.free[seat as usize] -= 1;
        let house = self.organisations.entry(who.organisation().clone()).or_default();
        house.callers.entry(who.clone()).or_default().seated += 1;
    }

    fn rises(&mut self, who: &Identity, seat: Seat) {
        self.free[seat as usize] += 1;
        if let Some(caller) = self.caller(who) {
            caller.seated -= 1;
        }
        self.forget(who);
    }

    /// Waits behind what else is theirs.
    fn join(&mut self, who: &Identity) -> (u64, oneshot::Receiver<Turn>) {
        let (seat, waiting) = oneshot::channel();
        let (number, organisation) = (self.number, who.organisation());
        self.number += 1;
        let house = self.organisations.entry(organisation.clone()).or_default();
        if house.lines.are_empty() {
            self.lines.join(organisation, house.callers.is_empty());
        }
        let caller = house.callers.entry(who.clone()).or_default();
        if caller.waiting.is_empty() {
            house.lines.join(who, caller.seated == 0);
        }
        caller.waiting.push_back((number, seat));
        (number, waiting)
    }

    /// Has gone away, if they waited still.
    fn leave(&mut self, who: &Identity, number: u64) {
        let Some(caller) = self.caller(who) else { return };
        let Ok(place) = caller.waiting.binary_search_by_key(&number, |(number, _)| *number) else { return };
        caller.waiting.remove(place);
        if caller.waiting.is_empty()
            && let Some(house) = self.organisations.get_mut(who.organisation())
        {
            house.lines.leave(who);
            if house.lines.are_empty() {
                self.lines.leave(who.organisation());
            }
        }
        self.forget(who);
    }

    /// Who has the next of these free seats; of whom more waits goes to the end of the round.
    fn next(&mut self, seat: Seat) -> Option<(Identity, oneshot::Sender<Turn>)> {
        if self.free[seat as usize] == 0 {
            return None;
        }
        let organisation = self.lines.next(seat)?;
        let house = self.organisations.get_mut(&organisation)?;
        let who = house.lines.next(Seat::Anybodys)?;
        let caller = house.callers.get_mut(&who)?;
        let (_, next) = caller.waiting.pop_front()?;
        if !caller.waiting.is_empty() {
            house.lines.round.push_back(who.clone());
        }
        if !house.lines.are_empty() {
            self.lines.round.push_back(organisation);
        }
        self.sits(&who, seat);
        Some((who, next))
    }

    fn caller(&mut self, who: &Identity) -> Option<&mut Caller> {
        self.organisations.get_mut(who.organisation())?.callers.get_mut(who)
    }

    /// Of whoever has no seat and waits for none nothing is remembered.
    fn forget(&mut self, who: &Identity) {
        let Some(house) = self.organisations.get_mut(who.organisation()) else { return };
        if house.callers.get(who).is_some_and(|caller| caller.seated == 0 && caller.waiting.is_empty()) {
            house.callers.remove(who);
        }
        if house.callers.is_empty() {
            self.organisations.remove(who.organisation());
        }
    }
}

impl<T: Clone + PartialEq> Lines<T> {
    fn are_empty(&self) -> bool {
        self.first.is_empty() && self.round.is_empty()
    }

    fn join(&mut self, who: &T, has_nothing: bool) {
        let line = if has_nothing { &mut self.first } else { &mut self.round };
        line.push_back(who.clone());
    }

    fn leave(&mut self, who: &T) {
        [&mut self.first, &mut self.round].into_iter().for_each(|line| line.retain(|one| one != who));
    }

    /// Whose turn it is. A kept seat is for the first alone, and no turn of theirs.
    fn next(&mut self, seat: Seat) -> Option<T> {
        let others_turn = self.first_had_theirs && !self.round.is_empty();
        let of_the_first = match seat {
            Seat::Kept => true,
            Seat::Anybodys => !others_turn && !self.first.is_empty(),
        };
        let who = if of_the_first { self.first.pop_front() } else { self.round.pop_front() }?;
        if let Seat::Anybodys = seat {
            self.first_had_theirs = of_the_first;
        }
        Some(who)
    }
}

impl<T> Default for Lines<T> {
    fn default() -> Self {
        Self { first: VecDeque::new(), round: VecDeque::new(), first_had_theirs: false }
    }
}

impl Drop for Standing<'_> {
    fn drop(&mut self) {
        self.turns.locked().leave(self.who, self.number);
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
            // Whoever goes away in this moment gives it back, and the next has it.
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
mod tests;
