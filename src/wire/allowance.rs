//! What one identity may ask of the server, over all its connections: so many calls and streams at once, and so many calls,
//! frames and bytes in a second. Whoever is refused and goes on asking is read more slowly, so that its refusals take nothing
//! from anybody else.

use std::{
    num::NonZeroU32,
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter, clock::Clock as _, clock::DefaultClock};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{
    line::{Crowd, Line, Place},
    status::Refused,
};
use crate::domain::identity::Identity;

/// In this time everything that may be done in a second may be done again.
pub(super) const REFILLED: Duration = Duration::from_secs(1);
/// Of refusals alone an identity can have so many in a second: each costs it this part of its bytes.
const REFUSALS: u32 = 256;

/// How much of everything one identity has.
#[derive(Debug, Clone, Copy)]
pub struct Shares {
    /// Calls being read or answered at the same time.
    pub calls: usize,
    /// Calls of these, and messages of streams, that are worked on at the same time; the others wait unread.
    pub work: usize,
    /// Streams open at the same time.
    pub streams: usize,
    /// Calls in a second. Nothing below one is possible, here and below.
    pub calls_per_second: u32,
    /// HTTP/2 frames in a second.
    pub frames_per_second: u32,
    /// Bytes in a second, received and sent.
    pub bytes_per_second: u32,
}

/// Shared by all sessions of an identity.
#[derive(Debug)]
pub(super) struct Allowance {
    identity: Identity,
    room: Arc<Semaphore>,
    line: Arc<Line>,
    streams: Arc<Semaphore>,
    /// Steps that go on to their end also where their caller hangs up.
    steps: Arc<Semaphore>,
    pace: DefaultDirectRateLimiter,
    frames: DefaultDirectRateLimiter,
    bytes: DefaultDirectRateLimiter,
    /// Bytes that may go at once after a rest.
    most_bytes: u32,
    /// Bytes that refusals cost and nobody has paid for yet.
    debt: AtomicU32,
    /// Refusals that the log does not know of yet, which is told of them once a minute: a line for each would fill the disk.
    untold: AtomicU64,
    telling: DefaultDirectRateLimiter,
    clock: DefaultClock,
}

impl Allowance {
    /// For one identity in this crowd.
    pub(super) fn new(identity: Identity, shares: Shares, crowd: Crowd) -> Self {
        let pace =
            |a_second| RateLimiter::direct(Quota::per_second(NonZeroU32::new(a_second).unwrap_or(NonZeroU32::MIN)));
        Self {
            room: Arc::new(Semaphore::new(shares.calls)),
            line: Arc::new(Line::new(shares.work, identity.organisation().clone(), crowd)),
            identity,
            streams: Arc::new(Semaphore::new(shares.streams)),
            steps: Arc::new(Semaphore::new(shares.work)),
            pace: pace(shares.calls_per_second),
            frames: pace(shares.frames_per_second),
            bytes: pace(shares.bytes_per_second),
            most_bytes: shares.bytes_per_second.max(1),
            debt: AtomicU32::new(0),
            untold: AtomicU64::new(0),
            telling: RateLimiter::direct(Quota::per_minute(NonZeroU32::MIN)),
            clock: DefaultClock::default(),
        }
    }

    /// Room for one more call until it is dropped, and its place in the line of its identity.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED`: as many as may are here, or came in the last second, or wait; when to try again.
    pub(super) fn enter(&self) -> Result<(OwnedSemaphorePermit, Place), Refused> {
        let room = Arc::clone(&self.room).try_acquire_owned();
        let room = room.map_err(|_| self.charged(Refused::TooManyCalls))?;
        self.pace.check().map_err(|late| {
            let wait = late.wait_time_from(self.clock.now());
            // Never nothing: whoever comes back at once would be late again.
            self.charged(Refused::TooFast(wait.max(Duration::from_millis(1))))
        })?;
        let place = self.line.join().ok_or_else(|| self.charged(Refused::Overloaded))?;
        Ok((room, place))
    }

    /// Room for one more stream, until it is dropped.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED`: as many as may are open.
    pub(super) fn open(&self) -> Result<OwnedSemaphorePermit, Refused> {
        Arc::clone(&self.streams).try_acquire_owned().map_err(|_| self.charged(Refused::TooManyStreams))
    }

    /// A place for a step that goes on to its end also where its caller hangs up, so that whoever calls and hangs up again and again has
    /// no more of them under way than calls that are worked on.
    pub(super) async fn step(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.steps).acquire_owned().await.expect("steps are never closed")
    }

    fn charged(&self, refused: Refused) -> Refused {
        self.charge();
        refused
    }

    /// A refusal for too much has its price, to be paid before anything more of the identity is read or sent; never more than
    /// what a second gives, so whoever stops is free again in about that time.
    pub(super) fn charge(&self) {
        let price = self.most_bytes.div_ceil(REFUSALS);
        let more = |debt: u32| Some(debt.saturating_add(price).min(self.most_bytes));
        // It always has a next value.
        let _ = self.debt.fetch_update(Ordering::Relaxed, Ordering::Relaxed, more);
        self.untold.fetch_add(1, Ordering::Relaxed);
        if self.telling.check().is_ok() {
            let refusals = self.untold.swap(0, Ordering::Relaxed);
            tracing::warn!(peer = %self.identity, refusals, "a peer asks for more than it may");
        }
    }

    /// Room for one message of a stream, as for a call, but it waits where a call would be refused: nobody reads further meanwhile.
    pub(super) async fn wait(&self) -> [OwnedSemaphorePermit; 2] {
        while let Err(late) = self.pace.check() {
            let wait = late.wait_time_from(self.clock.now());
            tokio::time::sleep(wait.max(Duration::from_millis(1))).await;
        }
        let room = Arc::clone(&self.room).acquire_owned().await.expect("the room is never closed");
        [room, self.line.wait().await]
    }

    /// Whether so many more frames may come now.
    pub(super) fn takes(&self, frames: u32) -> bool {
        NonZeroU32::new(frames).is_none_or(|frames| matches!(self.frames.check_n(frames), Ok(Ok(()))))
    }

    /// Pays for so many bytes and for what was refused, at most for what may go in a second.
    ///
    /// # Errors
    /// How long to wait before asking again; nothing is paid.
    pub(super) fn pay(&self, bytes: usize) -> Result<(), Duration> {
        let debt = self.debt.load(Ordering::Relaxed);
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).saturating_add(debt).min(self.most_bytes);
        let Some(bytes) = NonZeroU32::new(bytes) else { return Ok(()) };
        match self.bytes.check_n(bytes) {
            Ok(Ok(())) => {
                // Two connections may pay for the same: it is gone then, not below nothing.
                let less = |now: u32| Some(now.saturating_sub(debt));
                let _ = self.debt.fetch_update(Ordering::Relaxed, Ordering::Relaxed, less);
                Ok(())
            }
            Ok(Err(late)) => Err(late.wait_time_from(self.clock.now()).max(Duration::from_millis(1))),
            // More than ever fit: cut to what fits above.
            Err(_) => Err(REFILLED),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{domain::identity::TrustDomain, platform::clock::Stopwatch};

    fn somebody() -> Identity {
        let domain = TrustDomain::parse("pilot.example").unwrap();
        Identity::parse("homeward://pilot.example/met/SE/mpu_officer/p1", &domain).unwrap()
    }

    /// How often it is tried to be quick.
    const TRIES: u32 = 1_000;

    /// What somebody finds who is quick; none where the machine stood still, for shares are filled again meanwhile.
    fn at_once<T>(tried: impl FnOnce() -> T) -> Option<T> {
        let since = Stopwatch::start();
        let found = tried();
        (since.spent() < Duration::from_millis(80)).then_some(found)
    }

    #[test]
    fn calls_at_once_and_calls_in_a_second_are_bounded_and_say_when_to_try_again() {
        let shares = Shares {
            calls: 2,
            work: 2,
            streams: 1,
            calls_per_second: 5,
            frames_per_second: 10,
            bytes_per_second: 1000,
        };
        let tried = || {
            let allowance = Allowance::new(somebody(), shares, Crowd::default());
            let (first, second) = (allowance.enter().unwrap(), allowance.enter().unwrap());
            assert_eq!(allowance.enter().unwrap_err(), Refused::TooManyCalls);
            drop((first, second));
            let stream = allowance.open().unwrap();
            assert_eq!(allowance.open().unwrap_err(), Refused::TooManyStreams);
            drop(stream);
            drop(allowance.open().unwrap());
            for _ in 0..3 {
                drop(allowance.enter().unwrap());
            }
            let sixth = allowance.enter().map(drop);
            let takes = [0, 9, 9, 100].map(|frames| allowance.takes(frames));
            (sixth, takes, [0, 400, 500, 5_000_000].map(|bytes| allowance.pay(bytes)))
        };
        let (sixth, takes, pays) = (0..TRIES).find_map(|_| at_once(tried)).expect("it is never quick");
        let Err(Refused::TooFast(wait)) = sixth else { unreachable!("the sixth of a second is one too many") };
        assert!(wait > Duration::ZERO && wait <= Duration::from_millis(200), "{wait:?}");
        assert_eq!(takes, [true, true, false, false]);
        assert!(pays[..3].iter().all(Result::is_ok), "{pays:?}");
        let wait = pays[3].unwrap_err();
        assert!(wait > Duration::from_millis(500) && wait <= REFILLED, "all of a second must be there first: {wait:?}");
    }

    #[tokio::test]
    async fn no_more_steps_go_on_without_their_callers_than_calls_are_worked_on() {
        let shares =
            Shares { calls: 9, work: 2, streams: 1, calls_per_second: 9, frames_per_second: 9, bytes_per_second: 9 };
        let allowance = Allowance::new(somebody(), shares, Crowd::default());
        let (first, _second) = (allowance.step().await, allowance.step().await);
        let waits = tokio::time::timeout(Duration::from_millis(50), allowance.step());
        assert!(waits.await.is_err(), "the third waits, and goes with its caller");
        drop(first);
        drop(allowance.step().await);
    }

    #[test]
    fn refusals_are_paid_for_before_anything_else_and_one_who_stops_is_free_again() {
        let shares = Shares {
            calls: 1,
            work: 1,
            streams: 1,
            calls_per_second: 1,
            frames_per_second: 1,
            bytes_per_second: 25_600,
        };
        let tried = || {
            let allowance = Allowance::new(somebody(), shares, Crowd::default());
            let room = allowance.enter().unwrap();
            assert_eq!(allowance.pay(0), Ok(()), "nothing is owed");
            for _ in 0..128 {
                allowance.enter().unwrap_err();
            }
            assert_eq!(allowance.pay(0), Ok(()), "half of what a second gives");
            for _ in 0..1000 {
                allowance.enter().unwrap_err();
            }
            let wait = allowance.pay(0);
            (allowance, room, wait)
        };
        let later = || {
            let (allowance, _room, wait) = at_once(tried)?;
            let wait = wait.unwrap_err();
            std::thread::sleep(wait);
            let (all, more) = at_once(|| (allowance.pay(0), allowance.pay(20_000)))?;
            Some((wait, all, more))
        };
        let (wait, all, more) = (0..TRIES).find_map(|_| later()).expect("it is never quick");
        assert!(wait > Duration::from_millis(400) && wait <= REFILLED, "{wait:?}");
        assert_eq!(all, Ok(()));
        assert!(more.is_err(), "all of a second's went for them");
    }
}
