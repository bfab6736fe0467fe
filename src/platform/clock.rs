//! Time: what o'clock it is, and waiting until it is later. Nothing else in the house asks the machine.

use std::{fmt, time::Duration};

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;

/// The clock on the wall, in UTC.
#[async_trait]
pub trait Clock: fmt::Debug + Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Returns once `moment` has come; at once if it has passed.
    async fn sleep_until(&self, moment: Timestamp);
}

/// The machine's clock. `serve` always uses this one.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

/// A wall clock can be set while we sleep: look again at least this often.
const LOOK_AGAIN: Duration = Duration::from_secs(30);

#[async_trait]
impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "this is the one place where time enters")]
    fn now(&self) -> Timestamp {
        Timestamp::now()
    }

    async fn sleep_until(&self, moment: Timestamp) {
        loop {
            let left = moment.duration_since(self.now());
            if left <= SignedDuration::ZERO {
                return;
            }
            let left = Duration::try_from(left).unwrap_or(LOOK_AGAIN);
            tokio::time::sleep(left.min(LOOK_AGAIN)).await;
        }
    }
}

/// How long something takes, for benchmarks.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(std::time::Instant);

impl Stopwatch {
    /// Starts.
    #[expect(clippy::disallowed_methods, reason = "this is the one place where time enters")]
    pub fn start() -> Self {
        Self(std::time::Instant::now())
    }

    /// The time since the start.
    pub fn spent(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A clock that stands still until it is moved: for `demo`, `--at` and tests. Copies made with `clone` share the time.
#[derive(Debug, Clone)]
pub struct ManualClock {
    time: watch::Sender<Timestamp>,
}

impl ManualClock {
    /// A clock that shows `start`.
    pub fn new(start: Timestamp) -> Self {
        Self { time: watch::Sender::new(start) }
    }

    /// Shows `moment` from now on, earlier or later, and wakes those whose moment has come.
    pub fn set(&self, moment: Timestamp) {
        self.time.send_replace(moment);
    }

    /// Moves by `step`; stays where it is when that would leave the range of time.
    pub fn advance(&self, step: SignedDuration) {
        self.time.send_modify(|time| *time = time.checked_add(step).unwrap_or(*time));
    }
}

#[async_trait]
impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        *self.time.borrow()
    }

    async fn sleep_until(&self, moment: Timestamp) {
        let mut time = self.time.subscribe();
        // The sender lives in `self`, which outlives this future, so waiting cannot fail.
        let _ = time.wait_for(|now| *now >= moment).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[tokio::test]
    async fn a_manual_clock_wakes_those_whose_moment_has_come_and_no_others() {
        let clock = ManualClock::new(at("2026-11-01T10:00:00Z"));
        let (early, late) = (at("2026-11-01T10:05:00Z"), at("2026-11-01T11:00:00Z"));
        let waiting = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(early).await }
        });
        let still = tokio::spawn({
            let clock = clock.clone();
            async move { clock.sleep_until(late).await }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        clock.advance(SignedDuration::from_mins(5));
        waiting.await.unwrap();
        assert_eq!(clock.now(), early);
        assert!(!still.is_finished());
        clock.set(late);
        still.await.unwrap();
    }

    #[tokio::test]
    async fn the_system_clock_does_not_wait_for_the_past() {
        SystemClock.sleep_until(at("2001-01-01T00:00:00Z")).await;
        assert!(SystemClock.now() > at("2001-01-01T00:00:00Z"));
    }

    #[tokio::test]
    async fn the_system_clock_waits_for_what_is_to_come() {
        let start = SystemClock.now();
        let moment = start.checked_add(SignedDuration::from_millis(30)).unwrap();
        SystemClock.sleep_until(moment).await;
        assert!(SystemClock.now() >= moment);
    }
}
