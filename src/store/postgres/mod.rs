//! The engine beyond one machine: any number of brokers over one PostgreSQL, which is made highly available by those who make
//! it (Patroni with synchronous replication, or a managed service), never by us.
//!
//! The keys are those of the embedded engine, in one table. Every broker has one thread that commits: it locks the one row of
//! the head, follows what other brokers have committed since, runs all commands that wait, writes what they changed and
//! commits. So there is one order of batches, one ledger without a gap, and each command sees all before it, whoever ran it.
//! Who reads sees what is committed, of one moment; where replication is synchronous, that is on two machines.

mod ahead;
mod arriving;
mod commit;
mod connect;
mod copying;
mod keys;
mod listen;
mod offline;
mod schema;
mod session;

use std::{sync::Arc, thread};

use deadpool_postgres::Pool;
use tokio::{
    runtime::Handle,
    sync::{mpsc, watch},
    task::{AbortHandle, spawn_blocking},
};

pub use self::{
    arriving::Moving,
    connect::{Settings, Tls},
};
use self::{
    commit::{Shared, Writer},
    connect::in_time,
    keys::Snapshot,
};
use super::{
    Copied, CopyPart, Outbox, StoreError,
    ordered::{Engine, Look, Message, OrderedStore, WAITING},
};

/// A store in one database of PostgreSQL 15 or later.
pub type PostgresStore = OrderedStore<PostgresEngine>;

/// The engine of a [`PostgresStore`].
pub struct PostgresEngine {
    shared: Arc<Shared>,
    inbox: mpsc::Sender<Message>,
    pool: Pool,
    listening: AbortHandle,
}

impl PostgresStore {
    /// Opens the store of a database, making its tables where there are none. Call it on a runtime.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] when the database cannot be reached, or is of a later version than this program knows;
    /// [`StoreError::Damaged`] when what is in it cannot be read.
    pub async fn open(settings: &Settings) -> Result<Self, StoreError> {
        let pool = settings.pool()?;
        let mut client = settings.connect("tables").await?;
        schema::prepare(&mut client).await?;
        drop(client);
        let shared = Arc::new(Shared::default());
        let (inbox, waiting) = mpsc::channel(WAITING);
        let (ours, runtime, settings) = (Arc::clone(&shared), Handle::current(), settings.clone());
        let listening =
            tokio::spawn(listen::listen(settings.clone(), Arc::clone(&shared), inbox.clone())).abort_handle();
        let mut writer = Writer::new(ours, settings, runtime);
        // What is in it is read before anybody is told that it is open.
        let writer = spawn_blocking(move || writer.catch_up().map(|()| writer));
        let writer = writer.await.map_err(|_| shared.unavailable())??;
        thread::Builder::new()
            .name("store-commit".into())
            .spawn(move || writer.work(waiting))
            .map_err(|error| StoreError::Unavailable(format!("no thread: {error}")))?;
        Ok(Self(PostgresEngine { shared, inbox, pool, listening }))
    }
}

impl Drop for PostgresEngine {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

impl Engine for PostgresEngine {
    fn recovers(&self) -> bool {
        !self.shared.is_closed()
    }

    fn writable(&self) -> Result<(), StoreError> {
        self.shared.writable()
    }

    fn inbox(&self) -> &mpsc::Sender<Message> {
        &self.inbox
    }

    fn unavailable(&self) -> StoreError {
        self.shared.unavailable()
    }

    async fn look<T: Send + 'static>(
        &self,
        name: &'static str,
        read: impl FnOnce(&dyn Look) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.read(name, read).await
    }

    async fn read<T: Send + 'static>(
        &self,
        name: &'static str,
        read: impl FnOnce(&dyn Look) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        self.shared.readable()?;
        let client = self.pool.get().await.map_err(|error| connect::pooled(&error))?;
        let asks = in_time(keys::Asks::cached(&client)).await?;
        let runtime = Handle::current();
        let reading = spawn_blocking(move || Snapshot::of(client, asks, runtime).read(name, read));
        let read = reading.await.map_err(|_| StoreError::Unavailable("the reading failed".into()))?;
        read.inspect_err(|why| {
            if matches!(why, StoreError::Unavailable(_)) {
                tracing::warn!(transaction = name, %why, "nothing was read");
            }
        })
    }

    fn outbox(&self) -> watch::Receiver<Outbox> {
        self.shared.pages.subscribe()
    }

    fn changes(&self) -> watch::Receiver<u64> {
        self.shared.committed.subscribe()
    }

    async fn copy(&self, parts: mpsc::Sender<CopyPart>) -> Result<Copied, StoreError> {
        self.read("copy", move |tree| copying::copy(tree, &parts)).await
    }
}
