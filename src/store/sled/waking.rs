//! Flushing the engine so that a write that fails is always heard of. sled 0.34 wakes nobody where the write that fails is the one a
//! batch begins with (`exit_reservation` keeps the error and does not notify): whoever flushes, and looked a moment before, waits for
//! ever. Asked once more, the engine sees the error that it keeps and wakes everybody.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    thread::{self, Thread},
    time::Duration,
};

use super::view::engine;
use crate::store::StoreError;

/// How often somebody looks whether a flush stands still.
const EVERY: Duration = Duration::from_secs(1);
/// Looks after which one that stands still is asked about at equal distances; before, after one, two, four and so on.
const MANY: u32 = 32;

/// The flushes of one engine, one at a time. Not batches: while one is applied, the engine lets nobody flush, and a flush that waits for
/// that would write what a batch that failed has left.
#[derive(Default)]
pub(super) struct Flushes(Mutex<State>);

#[derive(Default)]
struct State {
    under_way: Option<::sled::Db>,
    /// How many looks have found it.
    seen: u32,
    /// Nobody flushes any longer.
    ended: bool,
}

/// Ends the looking when it is let go.
struct Until<'f>(&'f Flushes, Thread);

impl Drop for Until<'_> {
    fn drop(&mut self) {
        self.0.state().ended = true;
        self.1.unpark();
    }
}

/// A flush under way, until it is let go.
struct UnderWay<'f>(&'f Flushes);

impl Drop for UnderWay<'_> {
    fn drop(&mut self) {
        self.0.state().under_way = None;
    }
}

impl Flushes {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `work`, and wakes what of its flushes the engine forgot. Where there is no thread to be had, nobody looks.
    pub fn kept_awake<T>(&self, work: impl FnOnce() -> T) -> T {
        thread::scope(|scope| {
            let watches = thread::Builder::new().name("store-watch".into()).spawn_scoped(scope, || self.watch());
            let _until = watches.map(|watches| Until(self, watches.thread().clone()));
            work()
        })
    }

    /// Writes what was applied to `tree`, while it is [kept awake](Self::kept_awake).
    ///
    /// # Errors
    /// A write failed, now or before.
    pub fn flush(&self, tree: &::sled::Db) -> Result<(), StoreError> {
        *self.state() = State { under_way: Some(tree.clone()), ..State::default() };
        let _under_way = UnderWay(self);
        let done = tree.flush().map_err(engine).map(drop);
        if done.is_err() {
            // Whoever reads may wait for the same write.
            wake(tree.clone());
        }
        done
    }

    fn watch(&self) {
        loop {
            thread::park_timeout(EVERY);
            self.stands_still().into_iter().for_each(wake);
            if self.state().ended {
                break;
            }
        }
    }

    /// What has been under way for a second, two, four and so on: each question is a thread that may wait.
    fn stands_still(&self) -> Option<::sled::Db> {
        let mut state = self.state();
        let tree = state.under_way.clone()?;
        let seen = state.seen;
        state.seen = seen.saturating_add(1);
        (seen.is_power_of_two() && seen < MANY || seen > 0 && seen.is_multiple_of(MANY)).then_some(tree)
    }
}

/// Asks the engine again. Elsewhere, for where nothing failed that waits as long as the other; what it hears the other hears too.
fn wake(tree: ::sled::Db) {
    let _ = thread::Builder::new().name("store-wake".into()).spawn(move || tree.flush().is_ok());
}

/// Writes what was applied to `tree`.
///
/// # Errors
/// A write failed, now or before.
pub(super) fn flushed(tree: &::sled::Db) -> Result<(), StoreError> {
    let flushes = Flushes::default();
    flushes.kept_awake(|| flushes.flush(tree))
}
