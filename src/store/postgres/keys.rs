//! The table of keys, read as an engine's keys are: within the transaction that commits, or as of one moment.

use std::cell::Cell;

use deadpool_postgres::{GenericClient, Object};
use tokio::runtime::Handle;
use tokio_postgres::{Client, Statement, types::ToSql};

use super::{
    connect::{Fault, in_time},
    session::begins,
};
use crate::store::{
    StoreError,
    ordered::{Look, Pairs},
};

/// Begins a transaction that reads as of one moment.
pub(super) const SNAPSHOT: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";
const GET: &str = "SELECT v FROM homeward_keys WHERE k = $1";
const RANGE: &str = "SELECT k, v FROM homeward_keys WHERE k >= $1 AND k < $2 ORDER BY k LIMIT $3";
const LAST: &str = "SELECT k, v FROM homeward_keys WHERE k >= $1 AND k < $2 ORDER BY k DESC LIMIT $3";

/// The three questions, prepared on one connection.
pub(super) struct Asks {
    get: Statement,
    range: Statement,
    last: Statement,
}

impl Asks {
    /// On a connection of the pool, which keeps them.
    pub async fn cached(client: &Object) -> Result<Self, tokio_postgres::Error> {
        let (get, range, last) =
            (client.prepare_cached(GET), client.prepare_cached(RANGE), client.prepare_cached(LAST));
        let (get, range, last) = tokio::try_join!(get, range, last)?;
        Ok(Self { get, range, last })
    }

    /// On a connection of its own.
    pub async fn prepared(client: &Client) -> Result<Self, tokio_postgres::Error> {
        let (get, range, last) = tokio::try_join!(client.prepare(GET), client.prepare(RANGE), client.prepare(LAST))?;
        Ok(Self { get, range, last })
    }
}

/// The keys as a transaction of this connection sees them. Not for the threads of a runtime: whoever asks waits.
pub(super) struct Keys<'c> {
    /// The connection.
    pub client: &'c Client,
    /// The questions.
    pub asks: &'c Asks,
    /// Where the connection is served.
    pub runtime: &'c Handle,
    /// Why the first question that had no answer had none: whatever was made of it is nothing to go by.
    failed: Cell<Option<Fault>>,
}

impl<'c> Keys<'c> {
    /// Nothing asked yet.
    pub fn of(client: &'c Client, asks: &'c Asks, runtime: &'c Handle) -> Self {
        Self { client, asks, runtime, failed: Cell::new(None) }
    }

    fn pairs(&self, ask: &Statement, from: &[u8], to: &[u8], limit: usize) -> Result<Pairs, StoreError> {
        if from >= to {
            return Ok(Vec::new());
        }
        let limit = i64::try_from(limit).unwrap_or(i64::MAX);
        let rows = self.rows(ask, &[&from, &to, &limit])?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    fn rows(&self, ask: &Statement, given: &[&(dyn ToSql + Sync)]) -> Result<Vec<tokio_postgres::Row>, StoreError> {
        let asked = self.runtime.block_on(in_time(self.client.query(ask, given)));
        Ok(asked.inspect_err(|fault| self.failed.set(self.failed.take().or_else(|| Some(fault.clone()))))?)
    }

    /// What came of reading, unless a question had no answer on the way.
    pub fn told<T>(&self, read: Result<T, StoreError>) -> Result<T, Fault> {
        match self.failed.take() {
            Some(fault) => Err(fault),
            None => Ok(read?),
        }
    }
}

impl Look for Keys<'_> {
    fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>, StoreError> {
        Ok(self.rows(&self.asks.get, &[&key])?.first().map(|row| row.get(0)))
    }

    fn range(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Pairs, StoreError> {
        self.pairs(&self.asks.range, from, to, limit)
    }

    fn last(&self, from: &[u8], to: &[u8], limit: usize) -> Result<Pairs, StoreError> {
        self.pairs(&self.asks.last, from, to, limit)
    }
}

/// A connection that reads as of one moment.
pub(super) struct Snapshot {
    client: Object,
    asks: Asks,
    runtime: Handle,
}

impl Snapshot {
    /// Over a connection of the pool.
    pub fn of(client: Object, asks: Asks, runtime: Handle) -> Self {
        Self { client, asks, runtime }
    }

    /// Reads, by a transaction of this name, and gives the connection back only as clean as it came.
    pub fn read<T>(self, name: &str, read: impl FnOnce(&dyn Look) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let said = |words: &str| self.runtime.block_on(in_time(self.client.batch_execute(words)));
        said(&begins(SNAPSHOT, name))?;
        let result = {
            let keys = Keys::of(&self.client, &self.asks, &self.runtime);
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| read(&keys)))
        };
        let ended = said("ROLLBACK");
        if ended.is_err() {
            // Whatever state it is in, nobody else gets it.
            drop(Object::take(self.client));
        }
        result.unwrap_or_else(|_| Err(StoreError::Damaged("what was read cannot be made sense of".into())))
    }
}
