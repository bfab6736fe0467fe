//! The one thread of this broker that writes: it gathers waiting commands into one batch, locks the head, follows what other
//! brokers did, commits, and then answers all of them.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use tokio::{
    runtime::Handle,
    sync::{mpsc, watch},
};
use tokio_postgres::{Client, Statement, types::ToSql};

use super::{
    connect::{Settings, engine, in_time},
    keys::{Asks, Keys},
    listen::CHANNEL,
    schema::has_arrived,
};
use crate::{
    platform::clock::Stopwatch,
    store::{
        Claim, Head, Outbox, StoreError,
        ordered::{Books, Command, Message, Reply, Trace, Transaction, Write, gather, prove::prove},
    },
};

/// Limits of every connection that commits. A broker that is stopped in the middle of a batch must not keep the head from the
/// others: the database lets go of it.
const LIMITS: &str = "SET lock_timeout = '10s'; SET statement_timeout = '10s'; \
     SET idle_in_transaction_session_timeout = '3s'; SET tcp_user_timeout = '5s'; SET synchronous_commit = on; \
     SET default_transaction_isolation = 'read committed'";
/// Writes keys.
pub(super) const PUT: &str = "INSERT INTO homeward_keys (k, v) SELECT * FROM unnest($1::bytea[], $2::bytea[]) \
     ON CONFLICT (k) DO UPDATE SET v = excluded.v";
/// Takes keys away.
pub(super) const REMOVE: &str = "DELETE FROM homeward_keys WHERE k = ANY ($1::bytea[])";
/// Says which batch is the last.
pub(super) const FORWARD: &str = "UPDATE homeward_head SET sequence = $1";
/// Locks the head.
pub(super) const HEAD: &str = "SELECT sequence FROM homeward_head FOR UPDATE";
/// So many batches back another broker finds what was changed; one that was away for longer reads everything again.
const KEPT: i64 = 10_000;
/// How often what is older is taken away, in batches.
const SWEPT: u64 = 500;
/// A batch that takes longer than this may never end.
const STUCK: Duration = Duration::from_secs(10);
/// Before the database is tried again after it was lost; whoever calls meanwhile is told at once; while it is tried, in a moment.
const REST: Duration = Duration::from_millis(200);

/// What the thread and those who call share.
pub(super) struct Shared {
    /// Sequence of the last batch that is known to be committed, whoever committed it.
    pub committed: watch::Sender<u64>,
    /// The pages that wait, as of that batch.
    pub pages: watch::Sender<Outbox>,
    /// Why nothing can be written now; `None` where it can.
    lost: Mutex<Option<StoreError>>,
    /// Since when a batch is at work.
    working: Mutex<Option<Stopwatch>>,
    closed: AtomicBool,
    /// The database is no longer the one whose batches were answered for: nothing more is said in its name.
    ended: AtomicBool,
}

impl Default for Shared {
    fn default() -> Self {
        let (committed, pages) = (watch::Sender::new(0), watch::Sender::new(Outbox::default()));
        let (lost, working) = (Mutex::default(), Mutex::default());
        Self { committed, pages, lost, working, closed: AtomicBool::new(false), ended: AtomicBool::new(false) }
    }
}

impl Shared {
    /// What calls answer that had no answer.
    pub fn unavailable(&self) -> StoreError {
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner).clone();
        match lost {
            _ if self.is_closed() => StoreError::Unavailable("closed".into()),
            Some(why) => StoreError::Unavailable(why.to_string()),
            None => StoreError::Unavailable("the database did not answer".into()),
        }
    }

    /// Closed by us, or ended.
    pub fn is_closed(&self) -> bool {
        self.closed.load(Ordering::Acquire) || self.has_ended()
    }

    /// No batch is ever committed again.
    pub fn has_ended(&self) -> bool {
        self.ended.load(Ordering::Acquire)
    }

    /// Whether batches are committed, as far as can be told: the last one was, and none is at work for too long.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where they are not.
    pub fn writable(&self) -> Result<(), StoreError> {
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        let working = self.working.lock().unwrap_or_else(PoisonError::into_inner);
        let stuck = working.as_ref().is_some_and(|since| since.spent() > STUCK);
        if lost || stuck || self.is_closed() { Err(self.unavailable()) } else { Ok(()) }
    }

    fn set_working(&self, working: Option<Stopwatch>) {
        *self.working.lock().unwrap_or_else(PoisonError::into_inner) = working;
    }

    fn set_lost(&self, why: Option<StoreError>) {
        let before = std::mem::replace(&mut *self.lost.lock().unwrap_or_else(PoisonError::into_inner), why.clone());
        match (before, why) {
            (None, Some(why)) => tracing::error!(%why, "the database is lost; nothing is accepted until it is back"),
            (Some(_), None) => tracing::info!("the database is back"),
            _ => {}
        }
    }
}

/// A connection that commits.
struct Session {
    client: Client,
    asks: Asks,
    lock: Statement,
    traces: Statement,
    put: Statement,
    remove: Statement,
    forward: Statement,
    note: Statement,
    tell: Statement,
}

impl Session {
    async fn begin(settings: &Settings) -> Result<Self, StoreError> {
        let client = settings.connect().await?;
        let made = async {
            client.batch_execute(LIMITS).await?;
            let (asks, lock, traces, put, remove, forward, note, tell) = tokio::try_join!(
                Asks::prepared(&client),
                client.prepare(HEAD),
                client.prepare("SELECT sequence, trace FROM homeward_changes WHERE sequence > $1 ORDER BY sequence"),
                client.prepare(PUT),
                client.prepare(REMOVE),
                client.prepare(FORWARD),
                client.prepare("INSERT INTO homeward_changes (sequence, trace) VALUES ($1, $2)"),
                client.prepare("SELECT pg_notify($1, $2)"),
            )?;
            Ok((asks, lock, traces, put, remove, forward, note, tell))
        };
        let (asks, lock, traces, put, remove, forward, note, tell) =
            made.await.map_err(|error: tokio_postgres::Error| engine(&error))?;
        Ok(Self { client, asks, lock, traces, put, remove, forward, note, tell })
    }

    /// Begins a batch: nobody else can until it ends. Answers with the sequence of the last one.
    async fn lock(&self) -> Result<i64, tokio_postgres::Error> {
        let (_, head) = tokio::try_join!(self.client.batch_execute("BEGIN"), self.client.query_one(&self.lock, &[]))?;
        Ok(head.get(0))
    }

    async fn traces(&self, after: i64) -> Result<Vec<(i64, Vec<u8>)>, tokio_postgres::Error> {
        let rows = self.client.query(&self.traces, &[&after]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// Writes a batch and commits it. They go out together and are done in this order.
    async fn commit(&self, sequence: i64, writes: &Writes, trace: &[u8]) -> Result<(), tokio_postgres::Error> {
        let (client, told) = (&self.client, sequence.to_string());
        let (put, remove): (Given<'_, 2>, Given<'_, 1>) = ([&writes.keys, &writes.values], [&writes.gone]);
        let (forward, note, tell): (Given<'_, 1>, Given<'_, 2>, Given<'_, 2>) =
            ([&sequence], [&sequence, &trace], [&CHANNEL, &told]);
        tokio::try_join!(
            client.execute(&self.put, &put),
            client.execute(&self.remove, &remove),
            client.execute(&self.forward, &forward),
            client.execute(&self.note, &note),
            client.execute(&self.tell, &tell),
            client.batch_execute("COMMIT"),
        )?;
        Ok(())
    }

    async fn sweep(&self, sequence: i64) -> Result<(), tokio_postgres::Error> {
        let gone = sequence - KEPT;
        self.client.execute("DELETE FROM homeward_changes WHERE sequence <= $1", &[&gone]).await.map(|_| ())
    }
}

/// What a statement is given.
type Given<'g, const N: usize> = [&'g (dyn ToSql + Sync); N];

/// A batch as the database takes it.
#[derive(Default)]
pub(super) struct Writes {
    /// Keys that are written,
    pub keys: Vec<Vec<u8>>,
    /// with their values,
    pub values: Vec<Vec<u8>>,
    /// and keys that go.
    pub gone: Vec<Vec<u8>>,
}

impl Writes {
    /// What is done to each key.
    pub fn of(all: impl IntoIterator<Item = (Vec<u8>, Write)>) -> Self {
        let mut writes = Self::default();
        for (key, write) in all {
            match write {
                Some(value) => {
                    writes.keys.push(key);
                    writes.values.push(value);
                }
                None => writes.gone.push(key),
            }
        }
        writes
    }
}

/// What the thread owns.
pub(super) struct Writer {
    shared: Arc<Shared>,
    settings: Settings,
    runtime: Handle,
    session: Option<Session>,
    /// Sequence, ledger, counts, as of the batch that we saw last; `None` where they are to be read again.
    books: Option<Books>,
    /// The ledger as it was when the last batch was committed or followed.
    seen: Option<Head>,
    /// Since the database was lost, if it was; it is not tried again at once.
    rests: Option<Stopwatch>,
}

impl Writer {
    /// Not connected yet.
    pub fn new(shared: Arc<Shared>, settings: Settings, runtime: Handle) -> Self {
        Self { shared, settings, runtime, session: None, books: None, seen: None, rests: None }
    }

    /// Reads what is in the database.
    pub fn catch_up(&mut self) -> Result<(), StoreError> {
        self.batch(Vec::new()).map(|_| ())
    }

    /// Works until it is told to close, or the last sender is gone.
    pub fn work(mut self, mut inbox: mpsc::Receiver<Message>) {
        let mut closing = Vec::new();
        while let Some(message) = inbox.blocking_recv() {
            let commands = gather(message, &mut inbox, &mut closing);
            if !closing.is_empty() {
                inbox.close();
            }
            self.shared.set_working(Some(Stopwatch::start()));
            self.commit(commands);
            self.shared.set_working(None);
            if self.shared.has_ended() {
                // What still waits is dropped, which answers it.
                inbox.close();
                while inbox.try_recv().is_ok() {}
                break;
            }
        }
        self.session = None;
        self.shared.closed.store(true, Ordering::Release);
        self.shared.committed.send_modify(|_| {});
        for done in closing {
            let _ = done.send(());
        }
    }

    /// Does a batch and answers; where there is no database, whoever waits learns that.
    fn commit(&mut self, commands: Vec<Command>) {
        if self.rests.as_ref().is_some_and(|since| since.spent() < REST) {
            return;
        }
        // A panic over what was read must not end the thread.
        let done = catch_unwind(AssertUnwindSafe(|| self.batch(commands)));
        let done =
            done.unwrap_or_else(|_| Err(StoreError::Unavailable("what was read cannot be made sense of".into())));
        match done {
            Ok(replies) => {
                self.rests = None;
                self.shared.set_lost(None);
                replies.into_iter().for_each(|reply| reply(Ok(())));
            }
            Err(error) => {
                // Whatever the transaction was, it is over with its connection.
                (self.session, self.books) = (None, None);
                self.rests = Some(Stopwatch::start());
                self.shared.set_lost(Some(error));
            }
        }
    }

    /// One batch. What is not answered by what this gives back has no answer: the callers learn why from [`Shared`].
    fn batch(&mut self, commands: Vec<Command>) -> Result<Vec<Reply>, StoreError> {
        let runtime = self.runtime.clone();
        let session = match self.session.take() {
            Some(session) if !session.client.is_closed() => session,
            _ => {
                // Another primary may have taken over since, and not have all that the last one had.
                self.books = None;
                runtime.block_on(Session::begin(&self.settings))?
            }
        };
        let last = runtime.block_on(in_time(session.lock()))?;
        has_arrived(last)?;
        let keys = Keys::of(&session.client, &session.asks, &runtime);
        let books = self.books.take();
        let mut books = match books {
            Some(books) => followed(books, last, &session, &runtime, &keys)?,
            None => {
                self.same_history(&keys)?;
                Books::read(&keys)?
            }
        };
        let mut tx = Transaction::new(&keys, &mut books);
        let replies: Vec<Reply> = commands.into_iter().map(|command| (command.run)(&mut tx)).collect();
        if keys.failed.get() {
            return Err(StoreError::Unavailable("the database was lost on the way".into()));
        }
        if tx.view.is_empty() {
            runtime.block_on(in_time(session.client.batch_execute("ROLLBACK")))?;
        } else {
            tx.seal();
            let trace = std::mem::take(&mut tx.trace).encode();
            let writes = Writes::of(tx.view.into_writes());
            let sequence = signed(books.meta.sequence)?;
            runtime.block_on(in_time(session.commit(sequence, &writes, &trace)))?;
            if books.meta.sequence.is_multiple_of(SWEPT) {
                // What cannot be taken away now goes the next time.
                let _ = runtime.block_on(in_time(session.sweep(sequence)));
            }
        }
        self.tell(&books);
        self.seen = Some(Head { size: books.meta.frontier.size(), root: books.meta.frontier.root() });
        (self.session, self.books) = (Some(session), Some(books));
        Ok(replies)
    }

    /// The ledger that we have answered for is part of the one that is there. It is not where a database was put back to an
    /// earlier moment, or another took over without the last batches: then nothing of what this process knows can be relied on.
    fn same_history(&self, keys: &Keys<'_>) -> Result<(), StoreError> {
        let Some(&Head { size, root }) = self.seen.as_ref().filter(|seen| seen.size > 0) else { return Ok(()) };
        let there = prove(keys, Claim::Inclusion(size - 1), Some(size))?;
        if there.is_some_and(|there| there.head.root == root) {
            return Ok(());
        }
        self.shared.ended.store(true, Ordering::Release);
        tracing::error!(
            entries = size,
            "the database is not the one that was written: its ledger does not go on from these entries"
        );
        Err(StoreError::Damaged("the database has gone back in time, or is another".into()))
    }

    fn tell(&self, books: &Books) {
        let sequence = books.meta.sequence;
        self.shared.committed.send_if_modified(|before| std::mem::replace(before, sequence) != sequence);
        let pages = books.pages.outbox();
        self.shared.pages.send_if_modified(|before| std::mem::replace(before, pages) != pages);
    }
}

/// The books as the last batch left them, whoever made it.
fn followed(
    mut books: Books,
    last: i64,
    session: &Session,
    runtime: &Handle,
    keys: &Keys<'_>,
) -> Result<Books, StoreError> {
    let ours = signed(books.meta.sequence)?;
    if ours == last {
        return Ok(books);
    }
    let traces = runtime.block_on(in_time(session.traces(ours)))?;
    let unbroken = (ours + 1..).zip(&traces).all(|(expected, (sequence, _))| expected == *sequence);
    if last < ours || !unbroken || traces.last().map(|(sequence, _)| *sequence) != Some(last) {
        return Books::read(keys);
    }
    let traces = traces.iter().map(|(_, trace)| Trace::decode(trace)).collect::<Result<Vec<_>, _>>()?;
    books.follow(&traces, keys)?;
    Ok(books)
}

/// A sequence as the database has it.
pub(super) fn signed(sequence: u64) -> Result<i64, StoreError> {
    i64::try_from(sequence).map_err(|_| StoreError::Damaged("the sequence is no number of batches".into()))
}
