//! Driving so many callers for so long, and what came of it.

use std::{
    collections::{BTreeMap, VecDeque},
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::task::JoinSet;

use crate::{
    platform::clock::Stopwatch,
    wire::{caller::CallError, load::Stream},
};

/// A caller that was refused waits so long before it tries again.
const AFTER_REFUSAL: Duration = Duration::from_millis(5);

/// How much more may be sent, so that the disk is never filled. Copies share it.
#[derive(Clone)]
pub(super) struct Budget(Arc<AtomicU64>);

impl Budget {
    pub(super) fn of(most: u64) -> Self {
        Self(Arc::new(AtomicU64::new(most)))
    }

    /// For what is stored nowhere.
    pub(super) fn endless() -> Self {
        Self::of(u64::MAX)
    }

    /// Whether one more may be sent.
    pub(super) fn take(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    pub(super) fn left(&self) -> u64 {
        self.0.load(Ordering::Relaxed)
    }
}

/// What came of one measurement, over all its rounds.
#[derive(Default)]
pub(super) struct Tally {
    /// Microseconds of each call.
    latencies: Vec<u32>,
    done: u64,
    time: Duration,
    /// Time of the processors that the server used, where it can be seen.
    pub(super) cpu: Option<Duration>,
    refused: BTreeMap<String, u64>,
}

impl Tally {
    /// One call that did `done`.
    pub(super) fn note(&mut self, spent: Duration, done: u64) {
        self.latencies.push(u32::try_from(spent.as_micros()).unwrap_or(u32::MAX));
        self.done += done;
    }

    /// All of this took so long.
    pub(super) fn took(mut self, time: Duration) -> Self {
        self.time = time;
        self
    }

    pub(super) fn add(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.done += other.done;
        self.time += other.time;
        self.cpu = match (self.cpu, other.cpu) {
            (Some(one), Some(two)) => Some(one + two),
            (one, two) => one.or(two),
        };
        for (reason, times) in other.refused {
            *self.refused.entry(reason).or_default() += times;
        }
    }

    fn refuse(&mut self, reason: &str) {
        *self.refused.entry(reason.to_owned()).or_default() += 1;
    }

    pub(super) fn done(&self) -> u64 {
        self.done
    }

    pub(super) fn per_second(&self) -> f64 {
        if self.time.is_zero() { 0.0 } else { self.done as f64 / self.time.as_secs_f64() }
    }

    /// Seconds of the server's processors for 10 000.
    pub(super) fn cpu_per_10000(&self) -> Option<f64> {
        let cpu = self.cpu.filter(|_| self.done > 0)?;
        Some(cpu.as_secs_f64() * 1e4 / self.done as f64)
    }

    /// Milliseconds that so many of a hundred calls stayed within.
    pub(super) fn milliseconds(&mut self, percent: usize) -> f64 {
        self.latencies.sort_unstable();
        let at = (self.latencies.len() * percent / 100).min(self.latencies.len().saturating_sub(1));
        self.latencies.get(at).map_or(0.0, |&micros| f64::from(micros) / 1e3)
    }

    pub(super) fn json(&mut self) -> Value {
        json!({
            "done": self.done,
            "seconds": self.time.as_secs_f64(),
            "per_second": self.per_second(),
            "p50_ms": self.milliseconds(50),
            "p99_ms": self.milliseconds(99),
            "server_cpu_seconds_per_10000": self.cpu_per_10000(),
            "refused": self.refused,
        })
    }
}

/// So many callers, each making one call after another for `time`. A call says how much it did; one that did nothing has
/// nothing left to do, and its caller stops.
pub(super) async fn drive<F, C>(callers: usize, time: Duration, make: impl Fn(usize) -> C) -> Tally
where
    C: FnMut() -> F + Send + 'static,
    F: Future<Output = Result<u64, CallError>> + Send,
{
    let all = Stopwatch::start();
    let mut tasks = JoinSet::new();
    for caller in 0..callers {
        let mut call = make(caller);
        tasks.spawn(async move {
            let (begun, mut tally) = (Stopwatch::start(), Tally::default());
            while begun.spent() < time {
                let one = Stopwatch::start();
                match call().await {
                    Ok(0) => break,
                    Ok(done) => tally.note(one.spent(), done),
                    Err(error) => {
                        tally.refuse(&reason(&error));
                        tokio::time::sleep(AFTER_REFUSAL).await;
                    }
                }
            }
            tally
        });
    }
    gathered(tasks).await.took(all.spent())
}

/// Each stream, with so many messages on their way, for `time` or until the budget is spent.
pub(super) async fn pump<S: Stream + 'static>(streams: Vec<(S, usize)>, time: Duration, budget: &Budget) -> Tally {
    let all = Stopwatch::start();
    let mut tasks = JoinSet::new();
    for (stream, window) in streams {
        tasks.spawn(pumped(stream, window, time, budget.clone()));
    }
    gathered(tasks).await.took(all.spent())
}

async fn pumped<S: Stream>(mut stream: S, window: usize, time: Duration, budget: Budget) -> Tally {
    let (begun, mut tally) = (Stopwatch::start(), Tally::default());
    let mut sent = VecDeque::new();
    loop {
        while sent.len() < window && begun.spent() < time && budget.take() {
            sent.push_back(Stopwatch::start());
            if let Err(error) = stream.send().await {
                tally.refuse(&reason(&error));
                return tally;
            }
        }
        let Some(one) = sent.pop_front() else { return tally };
        match stream.answer().await {
            Ok(()) => tally.note(one.spent(), 1),
            Err(error) => {
                tally.refuse(&reason(&error));
                return tally;
            }
        }
    }
}

async fn gathered(mut tasks: JoinSet<Tally>) -> Tally {
    let mut tally = Tally::default();
    while let Some(one) = tasks.join_next().await {
        match one {
            Ok(one) => tally.add(one),
            Err(_) => tally.refuse("CALLER_FAILED"),
        }
    }
    tally
}

fn reason(error: &CallError) -> String {
    match error {
        CallError::Refused { reason, .. } if !reason.is_empty() => reason.clone(),
        CallError::Refused { code, .. } => (*code).to_owned(),
        CallError::Json(_) | CallError::Answer(_) => "NOT_JSON".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_budget_is_shared_and_ends() {
        let budget = Budget::of(2);
        assert!(budget.take() && budget.clone().take() && !budget.take());
        assert_eq!(budget.left(), 0);
    }

    #[test]
    fn rates_and_percentiles_are_of_all_rounds() {
        let mut tally = Tally::default();
        for round in 0..2 {
            let mut one = Tally { cpu: Some(Duration::from_millis(50)), ..Tally::default() };
            (1..=50).for_each(|call| one.note(Duration::from_millis(round * 50 + call), 2));
            tally.add(one.took(Duration::from_secs(1)));
        }
        assert_eq!((tally.done(), tally.per_second()), (200, 100.0));
        assert_eq!((tally.milliseconds(50), tally.milliseconds(99)), (51.0, 100.0));
        assert_eq!(tally.cpu_per_10000(), Some(5.0));
        assert_eq!(Tally::default().milliseconds(99), 0.0);
    }
}
