//! Writing so that a write that fails is always heard of. sled 0.34 wakes nobody where the write that fails is the one a batch begins with
//! (`exit_reservation` keeps the error and does not notify): whoever writes, and looked a moment before, waits for ever. Asked once more,
//! the engine sees the error that it keeps and wakes everybody.

use std::{
    sync::{Mutex, MutexGuard, PoisonError},
    thread::{self, Thread},
    time::Duration,
};

use super::view::engine;
use crate::store::StoreError;

/// How often somebody looks whether a flush stands still.
const EVERY: Duration = Duration::from_secs(1);

/// The writes of one engine, one at a time.
#[derive(Default)]
pub(super) struct Writes(Mutex<State>);

#[derive(Default)]
struct State {
    under_way: Option<::sled::Db>,
    /// How many looks have found it.
    seen: u32,
    /// Nobody writes any longer.
    ended: bool,
}

/// Ends the looking when it is let go.
struct Until<'f>(&'f Writes, Thread);

impl Drop for Until<'_> {
    fn drop(&mut self) {
        self.0.state().ended = true;
        self.1.unpark();
    }
}

impl Writes {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does `work`, and wakes what of its writes the engine forgot.
    pub fn kept_awake<T>(&self, work: impl FnOnce() -> T) -> T {
        thread::scope(|scope| {
            let watches = scope.spawn(|| self.watch());
            let _until = Until(self, watches.thread().clone());
            work()
        })
    }

    /// Lets `tree` write something, while it is [kept awake](Self::kept_awake).
    ///
    /// # Errors
    /// A write failed, now or before.
    pub fn during<T>(&self, tree: &::sled::Db, write: impl FnOnce() -> ::sled::Result<T>) -> Result<T, StoreError> {
        *self.state() = State { under_way: Some(tree.clone()), ..State::default() };
        let done = write().map_err(engine);
        self.state().under_way = None;
        done
    }

    /// Writes what was applied to `tree`, while it is [kept awake](Self::kept_awake).
    ///
    /// # Errors
    /// A write failed, now or before.
    pub fn flush(&self, tree: &::sled::Db) -> Result<(), StoreError> {
        self.during(tree, || tree.flush()).map(drop)
    }

    fn watch(&self) {
        loop {
            thread::park_timeout(EVERY);
            if let Some(tree) = self.stands_still() {
                // Not here: where nothing failed it waits as long as the other. What it hears the other hears too.
                let _ = thread::Builder::new().name("store-wake".into()).spawn(move || tree.flush().is_ok());
            }
            if self.state().ended {
                break;
            }
        }
    }

    /// What has been under way for a second, two, four, eight and so on: each question is a thread that may wait.
    fn stands_still(&self) -> Option<::sled::Db> {
        let mut state = self.state();
        let tree = state.under_way.clone()?;
        state.seen += 1;
        (state.seen > 1 && (state.seen - 1).is_power_of_two()).then_some(tree)
    }
}

/// Writes what was applied to `tree`.
///
/// # Errors
/// A write failed, now or before.
pub(super) fn flushed(tree: &::sled::Db) -> Result<(), StoreError> {
    let writes = Writes::default();
    writes.kept_awake(|| writes.flush(tree))
}
