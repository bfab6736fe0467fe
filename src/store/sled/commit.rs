//! The one thread that writes: it gathers waiting commands into one batch, makes it durable, then answers them all.

use std::{
    collections::HashSet,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Mutex, OnceLock, PoisonError, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use tokio::sync::{mpsc, watch};

use super::{
    durable::{Durable, HeadMark},
    open::open_sled,
    view::{batch, engine},
    waking::Flushes,
};
use crate::{
    platform::{clock::Stopwatch, meters::METERS},
    store::{
        Outbox, StoreError,
        ordered::{Books, Command, Message, Transaction, gather},
    },
};

/// What the commit thread and the readers share.
pub(super) struct Shared {
    /// The tree; gone when closed or stopped. Held for writing only while a batch is applied, so that a reader who holds
    /// it sees whole batches.
    pub tree: RwLock<Option<::sled::Db>>,
    /// Sequence of the last batch applied, durable or not.
    pub applied: AtomicU64,
    /// The keys of that batch. Changed only while the tree is held for writing.
    pub in_flight: RwLock<HashSet<Vec<u8>>>,
    /// Sequence of the last durable batch.
    pub durable: watch::Sender<u64>,
    /// The pages that wait, as of that batch.
    pub pages: watch::Sender<Outbox>,
    /// Why the engine stopped.
    pub stopped: OnceLock<String>,
    /// Keys that were changed since a copy under way last looked; `None` where none is. Changed by batches only while the tree is held.
    pub changed: Mutex<Option<HashSet<Vec<u8>>>>,
}

impl Shared {
    /// Ends every wait and every later call.
    fn stop(&self, why: &str) {
        let first = self.stopped.set(why.to_owned()).is_ok();
        let tree = self.tree.write().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        // Letting go of the engine would write and sync once more, and panic where that fails: it ends with the process.
        std::mem::forget(tree);
        self.durable.send_modify(|_| {});
        if first {
            tracing::error!(reason = why, "the store stopped");
        }
    }

    /// Reads what stands in the tree, whole batches only: whoever calls this holds it.
    pub fn looked<T>(
        &self,
        tree: Option<&::sled::Db>,
        read: impl FnOnce(&::sled::Tree, &HashSet<Vec<u8>>) -> (Result<T, StoreError>, bool),
    ) -> Result<Looked<T>, StoreError> {
        let tree = tree.ok_or_else(|| self.unavailable())?;
        let in_flight = self.in_flight.read().map_err(|_| self.unavailable())?;
        // The engine panics on a damaged page.
        let (result, may_be_undone) = catch_unwind(AssertUnwindSafe(|| read(tree, &in_flight)))
            .map_err(|_| StoreError::Damaged("the engine failed on what it read".into()))?;
        Ok(Looked { result, may_be_undone, applied: self.applied.load(Ordering::Acquire) })
    }

    /// Answers when what was seen is durable, if it may not have been yet.
    pub async fn told<T>(&self, looked: Looked<T>) -> Result<T, StoreError> {
        let Looked { result, may_be_undone, applied } = looked;
        if !may_be_undone {
            return result;
        }
        let mut durable = self.durable.subscribe();
        let stopped = || self.stopped.get().is_some();
        let reached = durable.wait_for(|durable| *durable >= applied || stopped()).await.map(|durable| *durable);
        match reached {
            Ok(durable) if durable >= applied => result,
            _ => Err(self.unavailable()),
        }
    }

    /// What calls answer once it stopped.
    pub fn unavailable(&self) -> StoreError {
        StoreError::Unavailable(self.stopped.get().map_or("closed", String::as_str).to_owned())
    }
}

/// What was read.
pub(super) struct Looked<T> {
    /// The answer.
    pub result: Result<T, StoreError>,
    /// Something of it may be of a batch that a power cut takes back.
    pub may_be_undone: bool,
    /// The batch that was applied last.
    pub applied: u64,
}

/// What the commit thread owns.
pub(super) struct Writer<'s> {
    /// Shared with readers.
    pub shared: &'s Shared,
    /// Sequence, ledger, counts.
    pub books: Books,
    /// The files that are synced.
    pub durable: Durable,
    /// What the engine is told to write.
    pub flushes: &'s Flushes,
}

impl Writer<'_> {
    /// Works until it is told to close, or the last sender is gone, or something fails.
    pub fn work(mut self, mut inbox: mpsc::Receiver<Message>) {
        let mut closing = Vec::new();
        while let Some(message) = inbox.blocking_recv() {
            let commands = gather(message, &mut inbox, &mut closing);
            if !closing.is_empty() {
                inbox.close();
            }
            // A panic of the engine on a damaged page must not leave callers waiting for ever.
            let done = catch_unwind(AssertUnwindSafe(|| self.commit(commands)));
            match done {
                Ok(Ok(())) => {}
                Ok(Err(error)) => self.shared.stop(&error.to_string()),
                Err(_) => self.shared.stop("the engine failed on what it read"),
            }
            if self.shared.stopped.get().is_some() {
                // What still waits is dropped, which answers it.
                inbox.close();
                while inbox.try_recv().is_ok() {}
                break;
            }
        }
        self.close(!closing.is_empty());
        for done in closing {
            let _ = done.send(());
        }
    }

    /// Runs the commands in order, makes the batch durable, answers.
    fn commit(&mut self, mut commands: Vec<Command>) -> Result<(), StoreError> {
        let (watch, size) = (Stopwatch::start(), commands.len());
        let Some(tree) = self.shared.tree.read().ok().and_then(|tree| (*tree).clone()) else {
            return Err(StoreError::Unavailable("closed".into()));
        };
        let mut tx = Transaction::new(&*tree, &mut self.books);
        commands.iter_mut().for_each(|command| command.run(&mut tx));
        let result = if tx.view.is_empty() {
            Ok(())
        } else {
            tx.seal();
            let keys = tx.view.keys();
            let batch = batch(tx.view.into_writes());
            let written = self.write(&tree, batch, keys);
            METERS.batch.observe(size as f64);
            METERS.commit.observe(watch.spent().as_secs_f64());
            written
        };
        commands.into_iter().for_each(|command| command.answer(result.clone()));
        result
    }

    fn write(&mut self, tree: &::sled::Db, batch: ::sled::Batch, keys: HashSet<Vec<u8>>) -> Result<(), StoreError> {
        let sequence = self.books.meta.sequence;
        {
            let _alone = self.shared.tree.write().map_err(|_| self.shared.unavailable())?;
            self.shared.applied.store(sequence, Ordering::Release);
            if let Some(changed) = self.shared.changed.lock().unwrap_or_else(PoisonError::into_inner).as_mut() {
                changed.extend(keys.iter().cloned());
            }
            *self.shared.in_flight.write().map_err(|_| self.shared.unavailable())? = keys;
            tree.apply_batch(batch).map_err(engine)?;
        }
        let watch = Stopwatch::start();
        self.flushes.flush(tree)?;
        self.durable
            .commit(HeadMark::of(&self.books.meta, false))
            .map_err(|error| StoreError::Unavailable(format!("a sync failed: {error}")))?;
        METERS.sync.observe(watch.spent().as_secs_f64());
        self.shared.durable.send_replace(sequence);
        let pages = self.books.pages.outbox();
        self.shared.pages.send_if_modified(|before| std::mem::replace(before, pages) != pages);
        Ok(())
    }

    /// Lets the engine read its log once more and keep where everything is: what rots in a log that is still to be read is silently
    /// missing, and what rots behind a snapshot is noticed whenever it is read.
    fn snapshot(&self) -> bool {
        let dir = self.durable.dir();
        catch_unwind(AssertUnwindSafe(|| open_sled(dir).map(drop).is_ok())).unwrap_or(false)
    }

    /// Lets go of the files; marks the store as closed in order, if it was asked to and nothing failed.
    fn close(&mut self, in_order: bool) {
        let tree = self.shared.tree.write().unwrap_or_else(std::sync::PoisonError::into_inner).take();
        if let Some(tree) = tree {
            if self.flushes.flush(&tree).is_err() || self.durable.sync().is_err() {
                // As where it stops.
                std::mem::forget(tree);
            } else {
                drop(tree);
                if in_order && self.snapshot() {
                    // Without the mark the next start walks the store, which is only slower.
                    let _ = self.durable.close(&self.books.meta);
                }
            }
        }
        let _ = self.shared.stopped.set("closed".into());
        self.shared.durable.send_modify(|_| {});
    }
}
