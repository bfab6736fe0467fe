//! What one identity may ask of the server, over all its connections: so many calls at once, and so many calls and
//! frames in a second.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter, clock::Clock as _, clock::DefaultClock};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::status::Refused;

/// Shared by all sessions of an identity.
#[derive(Debug)]
pub(super) struct Allowance {
    room: Arc<Semaphore>,
    pace: DefaultDirectRateLimiter,
    frames: DefaultDirectRateLimiter,
    clock: DefaultClock,
}

impl Allowance {
    /// `at_once` calls at the same time, `a_second` on the average of a second, at least one, and so many frames.
    pub(super) fn new(at_once: usize, a_second: u32, frames: u32) -> Self {
        let pace =
            |a_second| RateLimiter::direct(Quota::per_second(NonZeroU32::new(a_second).unwrap_or(NonZeroU32::MIN)));
        Self {
            room: Arc::new(Semaphore::new(at_once)),
            pace: pace(a_second),
            frames: pace(frames),
            clock: DefaultClock::default(),
        }
    }

    /// Room for one more call until it is dropped.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED`: as many as may are being answered, or came in the last second; when to try again.
    pub(super) fn enter(&self) -> Result<OwnedSemaphorePermit, Refused> {
        let room = Arc::clone(&self.room).try_acquire_owned();
        let room = room.map_err(|_| Refused::ResourceExhausted("TOO_MANY_CALLS"))?;
        self.pace.check().map_err(|late| {
            let wait = late.wait_time_from(self.clock.now());
            // Never nothing: whoever comes back at once would be late again.
            Refused::TooFast(wait.max(Duration::from_millis(1)))
        })?;
        Ok(room)
    }

    /// Whether so many more frames may come now.
    pub(super) fn takes(&self, frames: u32) -> bool {
        NonZeroU32::new(frames).is_none_or(|frames| matches!(self.frames.check_n(frames), Ok(Ok(()))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_at_once_and_calls_in_a_second_are_bounded_and_say_when_to_try_again() {
        let allowance = Allowance::new(2, 5, 10);
        let (first, second) = (allowance.enter().unwrap(), allowance.enter().unwrap());
        assert_eq!(allowance.enter().unwrap_err(), Refused::ResourceExhausted("TOO_MANY_CALLS"));
        drop((first, second));
        for _ in 0..3 {
            drop(allowance.enter().unwrap());
        }
        let Err(Refused::TooFast(wait)) = allowance.enter() else {
            unreachable!("the sixth of a second is one too many")
        };
        assert!(wait > Duration::ZERO && wait <= Duration::from_millis(200), "{wait:?}");
        assert!(allowance.takes(0) && allowance.takes(9) && !allowance.takes(9) && !allowance.takes(100));
    }
}
