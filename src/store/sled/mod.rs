//! The embedded engine: sled 0.34 with its known limits handled. One tree, one commit thread, one durable flush a batch.
//!
//! A call that changes something is a command sent to the commit thread; it is answered after its batch is on disk. A
//! call that only reads sees whole batches, and is answered once what it saw is on disk: so nobody is ever told something
//! that a power cut takes back. A look at single keys waits only if they are in the batch that is on its way there.

mod anew;
mod commit;
mod compact;
mod copying;
mod durable;
mod examined;
mod measured;
mod moving;
mod offline;
mod open;
mod restoring;
mod seeing;
mod view;
mod waking;

use std::{
    path::Path,
    sync::{Arc, Mutex, OnceLock, RwLock, atomic::AtomicU64},
    thread,
};

use jiff::Timestamp;
use tokio::sync::{Semaphore, mpsc, watch};

pub use self::moving::Still;
use self::view::Look;
use self::{
    commit::{Shared, Writer},
    measured::Measuring,
    waking::Flushes,
};
use super::{
    Copied, CopyPart, Outbox, Room, StoreError,
    ordered::{Engine, Message, OrderedStore, WAITING, keys, late, pages, prompts, read, rows, shelf, transaction},
};

/// Threads that read at the same time. All of them wait while a batch is applied: without a bound there was one for each
/// call, two hundred at a time.
const READERS: usize = 8;

/// A store in one directory of the local disk (ext4 or xfs). One process at a time.
pub type SledStore = OrderedStore<SledEngine>;

/// The engine of a [`SledStore`].
pub struct SledEngine {
    shared: Arc<Shared>,
    inbox: mpsc::Sender<Message>,
    readers: Arc<Semaphore>,
    measuring: Measuring,
}

impl SledStore {
    /// Opens the store in `dir`, creating it if there is none. Blocks: after an unclean stop for as long as it takes to
    /// walk the ledger.
    ///
    /// # Errors
    /// [`StoreError::Damaged`] naming what is missing and what to do, [`StoreError::Unavailable`] when another process
    /// has the store open or the disk refuses.
    pub fn open(dir: &Path) -> Result<Self, StoreError> {
        let opened = open::open(dir)?;
        let sequence = opened.books.meta.sequence;
        let shared = Arc::new(Shared {
            tree: RwLock::new(Some(opened.db)),
            applied: AtomicU64::new(sequence),
            in_flight: RwLock::default(),
            durable: watch::Sender::new(sequence),
            pages: watch::Sender::new(opened.books.pages.outbox()),
            stopped: OnceLock::new(),
            changed: Mutex::default(),
        });
        let (inbox, waiting) = mpsc::channel(WAITING);
        let engine = Arc::clone(&shared);
        thread::Builder::new()
            .name("store-commit".into())
            .spawn(move || {
                let flushes = Flushes::default();
                let (books, durable) = (opened.books, opened.durable);
                flushes.kept_awake(|| Writer { shared: &engine, books, durable, flushes: &flushes }.work(waiting));
            })
            .map_err(|error| StoreError::Unavailable(format!("no thread: {error}")))?;
        let (readers, measuring) = (Arc::new(Semaphore::new(READERS)), Measuring::new(dir.to_owned()));
        Ok(Self(SledEngine { shared, inbox, readers, measuring }))
    }
}

impl Engine for SledEngine {
    fn recovers(&self) -> bool {
        false
    }

    fn writable(&self) -> Result<(), StoreError> {
        if self.shared.stopped.get().is_some() { Err(self.unavailable()) } else { Ok(()) }
    }

    fn inbox(&self) -> &mpsc::Sender<Message> {
        &self.inbox
    }

    fn unavailable(&self) -> StoreError {
        self.shared.unavailable()
    }

    async fn look<T: Send + 'static>(
        &self,
        _name: &'static str,
        read: impl FnOnce(&dyn Look) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.look_at(move |tree| read(tree)).await
    }

    async fn read<T: Send + 'static>(
        &self,
        _name: &'static str,
        read: impl FnOnce(&dyn Look) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.read_whole(move |tree| read(tree)).await
    }

    fn outbox(&self) -> watch::Receiver<Outbox> {
        self.shared.pages.subscribe()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.shared.durable.subscribe()
    }

    async fn measure(&self, now: Timestamp) -> Result<Option<Room>, StoreError> {
        self.measured(now).await
    }

    async fn copy(&self, parts: mpsc::Sender<CopyPart>) -> Result<Copied, StoreError> {
        copying::copy(self, parts).await
    }
}
