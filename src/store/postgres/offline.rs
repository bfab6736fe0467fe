//! A command at work on the database by itself, without a broker: it waits for every answer.

use tokio::runtime::{Builder, Runtime};
use tokio_postgres::{Client, types::ToSql};

use super::{
    PostgresStore,
    ahead::Ahead,
    arriving::{self, Moving, goes_on_from},
    connect::{Settings, in_time},
    keys::{Asks, Keys, SNAPSHOT},
    schema::has_arrived,
};
use crate::{
    ledger::Checkpoint,
    store::{
        Examined, Examining, MovedPart, Origin, Relation, Restoring, StoreError,
        ordered::{
            Look,
            deep::{Deep, Whole},
            parts::scan,
        },
    },
};

impl PostgresStore {
    /// Examines the store in a database as of one moment, without changing anything, also while brokers serve from it; with `since`,
    /// also whether its ledger continues that checkpoint. Not on the threads of a runtime.
    ///
    /// # Errors
    /// [`StoreError::NotFound`] where there is none; [`StoreError::Unavailable`]. Damage is no error: it is told.
    pub fn examine(
        settings: &Settings,
        since: Option<Checkpoint>,
        watch: &mut dyn Examining,
    ) -> Result<Examined, StoreError> {
        let desk = Desk::open(settings, "verify")?;
        if !desk.one::<bool>("SELECT to_regclass('homeward_head') IS NOT NULL")? {
            return Err(StoreError::NotFound);
        }
        desk.at_one_moment(|tree, desk| {
            let sequence: i64 = desk.one("SELECT sequence FROM homeward_head")?;
            has_arrived(sequence)?;
            examined(tree, Some(sequence), since, watch)
        })
    }

    /// A store on its way back into a database in which there is none; what an earlier attempt left is taken away.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] where there is one; [`StoreError::Unavailable`].
    pub fn restoring(settings: &Settings) -> Result<Box<dyn Restoring>, StoreError> {
        arriving::restoring(Desk::open(settings, "restore")?)
    }

    /// A store on its way from another engine into a database in which there is none. It goes on where an earlier attempt ended;
    /// `None` where that had done all of it.
    ///
    /// # Errors
    /// [`StoreError::WrongState`] where there is another; [`StoreError::Unavailable`].
    pub fn moving(settings: &Settings, origin: &Origin) -> Result<Option<Moving>, StoreError> {
        match Moving::begin(Desk::open(settings, MOVES)?, origin) {
            Err(StoreError::WrongState) if goes_on_from(&Desk::open(settings, MOVES)?, origin)? => Ok(None),
            begun => begun.map(Some),
        }
    }
}

/// What the connection of a command is called that moves a store.
const MOVES: &str = "migrate";

/// Walks keys that nobody changes meanwhile and whose head says `sequence`, where it says anything.
pub(super) fn examined(
    tree: &dyn Look,
    sequence: Option<i64>,
    since: Option<Checkpoint>,
    watch: &mut dyn Examining,
) -> Result<Examined, StoreError> {
    let ahead = Ahead::of(tree);
    let tree = &ahead;
    let mut deep = Deep::new(watch);
    let meta = deep.meta(tree)?;
    if let Some(said) = sequence.filter(|said| i64::try_from(meta.sequence) != Ok(*said)) {
        let says = format!("it says that {said} batches were committed, and the keys that {} were", meta.sequence);
        deep.found(Relation::Head, "homeward_head", says);
    }
    match deep.walk(&Whole { tree, meta, head: None, since }) {
        Err(StoreError::Damaged(words)) => deep.found(Relation::File, "homeward_keys", words),
        walked => walked?,
    }
    Ok(deep.examined)
}

/// One connection and what serves it.
pub(super) struct Desk {
    runtime: Runtime,
    client: Client,
}

impl Desk {
    /// Connects, under this name.
    pub fn open(settings: &Settings, name: &str) -> Result<Self, StoreError> {
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build();
        let runtime =
            runtime.map_err(|error| StoreError::Unavailable(format!("the runtime did not start: {error}")))?;
        let client = runtime.block_on(settings.connect(name))?;
        Ok(Self { runtime, client })
    }

    /// Waits for whatever is asked of it.
    pub fn waits<'d, T>(
        &'d mut self,
        asked: impl AsyncFnOnce(&'d mut Client) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.runtime.block_on(asked(&mut self.client))
    }

    /// Does what needs no answer.
    pub fn said(&self, words: &str) -> Result<(), StoreError> {
        Ok(self.runtime.block_on(in_time(self.client.batch_execute(words)))?)
    }

    /// One value.
    pub fn one<T: for<'v> tokio_postgres::types::FromSql<'v>>(&self, words: &str) -> Result<T, StoreError> {
        let row = self.runtime.block_on(in_time(self.client.query_one(words, &[])))?;
        row.try_get(0).map_err(|_| StoreError::Damaged("a table is of another form".into()))
    }

    /// One statement; answers with how many rows it concerned.
    pub fn does(&self, words: &str, given: &[&(dyn ToSql + Sync)]) -> Result<u64, StoreError> {
        Ok(self.runtime.block_on(in_time(self.client.execute(words, given)))?)
    }

    /// The keys as this connection sees them.
    pub fn keys<T>(&self, read: impl FnOnce(&dyn Look) -> Result<T, StoreError>) -> Result<T, StoreError> {
        let asks = self.runtime.block_on(in_time(Asks::prepared(&self.client)))?;
        read(&Keys::of(&self.client, &asks, self.runtime.handle()))
    }

    /// The keys as of one moment, whoever writes meanwhile.
    pub fn at_one_moment<T>(
        &self,
        read: impl FnOnce(&dyn Look, &Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.said(SNAPSHOT)?;
        let read = self.keys(|tree| read(tree, self));
        self.said("ROLLBACK")?;
        read
    }

    /// What is to be done or not done as one.
    pub fn as_one<T>(&self, done: impl FnOnce() -> Result<T, StoreError>) -> Result<T, StoreError> {
        self.said("BEGIN")?;
        match done() {
            Ok(done) => self.said("COMMIT").map(|()| done),
            Err(error) => {
                let _ = self.said("ROLLBACK");
                Err(error)
            }
        }
    }

    /// Some of the keys, as another engine would give them.
    pub fn part(&self, from: &[u8]) -> Result<MovedPart, StoreError> {
        self.keys(|tree| {
            let (bytes, keys, next) = scan(&tree, from)?;
            Ok(MovedPart { bytes, keys, next })
        })
    }
}
