//! What one identity may ask of the server, over all its connections: so many calls and streams at once, and so many calls,
//! frames and bytes in a second.

use std::{num::NonZeroU32, sync::Arc, time::Duration};

use governor::{DefaultDirectRateLimiter, Quota, RateLimiter, clock::Clock as _, clock::DefaultClock};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::status::Refused;

/// In this time everything that may be done in a second may be done again.
pub(super) const REFILLED: Duration = Duration::from_secs(1);

/// How much of everything one identity has.
#[derive(Debug, Clone, Copy)]
pub struct Shares {
    /// Calls being read or answered at the same time.
    pub calls: usize,
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
    room: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    pace: DefaultDirectRateLimiter,
    frames: DefaultDirectRateLimiter,
    bytes: DefaultDirectRateLimiter,
    /// Bytes that may go at once after a rest.
    most_bytes: u32,
    clock: DefaultClock,
}

impl Allowance {
    pub(super) fn new(shares: Shares) -> Self {
        let pace =
            |a_second| RateLimiter::direct(Quota::per_second(NonZeroU32::new(a_second).unwrap_or(NonZeroU32::MIN)));
        Self {
            room: Arc::new(Semaphore::new(shares.calls)),
            streams: Arc::new(Semaphore::new(shares.streams)),
            pace: pace(shares.calls_per_second),
            frames: pace(shares.frames_per_second),
            bytes: pace(shares.bytes_per_second),
            most_bytes: shares.bytes_per_second.max(1),
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

    /// Room for one more stream, until it is dropped.
    ///
    /// # Errors
    /// `RESOURCE_EXHAUSTED`: as many as may are open.
    pub(super) fn open(&self) -> Result<OwnedSemaphorePermit, Refused> {
        Arc::clone(&self.streams).try_acquire_owned().map_err(|_| Refused::TooManyStreams)
    }

    /// Room for one message of a stream, as for a call, but it waits where a call would be refused: nobody reads further meanwhile.
    pub(super) async fn wait(&self) -> OwnedSemaphorePermit {
        while let Err(late) = self.pace.check() {
            let wait = late.wait_time_from(self.clock.now());
            tokio::time::sleep(wait.max(Duration::from_millis(1))).await;
        }
        Arc::clone(&self.room).acquire_owned().await.expect("the room is never closed")
    }

    /// Whether so many more frames may come now.
    pub(super) fn takes(&self, frames: u32) -> bool {
        NonZeroU32::new(frames).is_none_or(|frames| matches!(self.frames.check_n(frames), Ok(Ok(()))))
    }

    /// Pays for so many bytes, at most for what may go in a second.
    ///
    /// # Errors
    /// How long to wait before asking again; nothing is paid.
    pub(super) fn pay(&self, bytes: usize) -> Result<(), Duration> {
        let bytes = u32::try_from(bytes).unwrap_or(u32::MAX).min(self.most_bytes);
        let Some(bytes) = NonZeroU32::new(bytes) else { return Ok(()) };
        match self.bytes.check_n(bytes) {
            Ok(Ok(())) => Ok(()),
            Ok(Err(late)) => Err(late.wait_time_from(self.clock.now()).max(Duration::from_millis(1))),
            // More than ever fit: cut to what fits above.
            Err(_) => Err(REFILLED),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn calls_at_once_and_calls_in_a_second_are_bounded_and_say_when_to_try_again() {
        let shares =
            Shares { calls: 2, streams: 1, calls_per_second: 5, frames_per_second: 10, bytes_per_second: 1000 };
        let allowance = Allowance::new(shares);
        let (first, second) = (allowance.enter().unwrap(), allowance.enter().unwrap());
        assert_eq!(allowance.enter().unwrap_err(), Refused::ResourceExhausted("TOO_MANY_CALLS"));
        drop((first, second));
        let stream = allowance.open().unwrap();
        assert_eq!(allowance.open().unwrap_err(), Refused::TooManyStreams);
        drop(stream);
        drop(allowance.open().unwrap());
        for _ in 0..3 {
            drop(allowance.enter().unwrap());
        }
        let Err(Refused::TooFast(wait)) = allowance.enter() else {
            unreachable!("the sixth of a second is one too many")
        };
        assert!(wait > Duration::ZERO && wait <= Duration::from_millis(200), "{wait:?}");
        assert!(allowance.takes(0) && allowance.takes(9) && !allowance.takes(9) && !allowance.takes(100));
        assert_eq!((allowance.pay(0), allowance.pay(400), allowance.pay(500)), (Ok(()), Ok(()), Ok(())));
        let wait = allowance.pay(5_000_000).unwrap_err();
        assert!(wait > Duration::from_millis(500) && wait <= REFILLED, "all of a second must be there first: {wait:?}");
    }
}
