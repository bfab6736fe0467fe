//! The one thread of this broker that writes: it gathers waiting commands into one batch, locks the head, follows what other
//! brokers did, commits, and then answers all of them.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI32, Ordering},
    },
    time::Duration,
};

use tokio::{
    runtime::Handle,
    sync::{mpsc, watch},
    time::timeout,
};

use super::{
    connect::{Fault, Settings, in_time},
    keys::{Keys, SNAPSHOT},
    schema::has_arrived,
    session::{Session, Writes, begins, name_of},
};
use crate::{
    platform::{
        clock::Stopwatch,
        meters::{METERS, Meters},
    },
    store::{
        Claim, Head, Outbox, StoreError,
        ordered::{Books, Command, Message, Trace, Transaction, gather, prove::prove},
    },
};

/// So many batches back another broker finds what was changed; one that was away for longer reads everything again.
const KEPT: i64 = 10_000;
/// Before a batch is given up that cannot begin because others are faster.
const TRIES: u32 = 5;
/// How often a batch is done in all that the database takes back.
const AGAIN: u32 = 4;
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
    /// Who we are to the database as we commit: word of that is our own.
    pub backend: AtomicI32,
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
        let (closed, ended, backend) = (AtomicBool::new(false), AtomicBool::new(false), AtomicI32::new(0));
        Self { committed, pages, backend, lost, working, closed, ended }
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

    /// What is read may be told: it was not after a commit that had no answer, and nothing was confirmed since.
    pub fn readable(&self) -> Result<(), StoreError> {
        let lost = self.lost.lock().unwrap_or_else(PoisonError::into_inner).is_some();
        if lost || self.is_closed() { Err(self.unavailable()) } else { Ok(()) }
    }

    /// Whether batches are committed, as far as can be told: the last one was, and none is at work for too long.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where they are not.
    pub fn writable(&self) -> Result<(), StoreError> {
        self.readable()?;
        let working = self.working.lock().unwrap_or_else(PoisonError::into_inner);
        let stuck = working.as_ref().is_some_and(|since| since.spent() > STUCK);
        if stuck { Err(self.unavailable()) } else { Ok(()) }
    }

    fn set_working(&self, working: Option<Stopwatch>) {
        *self.working.lock().unwrap_or_else(PoisonError::into_inner) = working;
    }

    fn set_lost(&self, name: &str, why: Option<StoreError>) {
        let before = std::mem::replace(&mut *self.lost.lock().unwrap_or_else(PoisonError::into_inner), why.clone());
        match (before, why) {
            (None, Some(why)) => {
                tracing::error!(transaction = name, %why, "the database is lost; nothing is accepted until it is back")
            }
            (Some(_), None) => tracing::info!("the database is back"),
            _ => {}
        }
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
        Ok(self.batch(&mut Vec::new(), "begin")?)
    }

    /// Works until it is told to close, or the last sender is gone.
    pub fn work(mut self, mut inbox: mpsc::Receiver<Message>) {
        let mut closing = Vec::new();
        while let Some(message) = self.next(&mut inbox) {
            let commands = message.map_or_else(Vec::new, |message| gather(message, &mut inbox, &mut closing));
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

    /// What comes next, if anything will; `Some(None)` where nothing has, and the database is to be tried again.
    fn next(&self, inbox: &mut mpsc::Receiver<Message>) -> Option<Option<Message>> {
        if self.rests.is_none() {
            return inbox.blocking_recv().map(Some);
        }
        self.runtime.block_on(async {
            match timeout(REST, inbox.recv()).await {
                Ok(message) => message.map(Some),
                Err(_) => Some(None),
            }
        })
    }

    /// Does a batch and answers; where there is no database, whoever waits learns that.
    fn commit(&mut self, mut commands: Vec<Command>) {
        if self.rests.as_ref().is_some_and(|since| since.spent() < REST) {
            return;
        }
        let name = name_of(&commands);
        let mut tries = 1;
        let done = loop {
            // A panic over what was read must not end the thread.
            let done = catch_unwind(AssertUnwindSafe(|| self.batch(&mut commands, &name)));
            let senseless = || Err(StoreError::Unavailable("what was read cannot be made sense of".into()).into());
            match done.unwrap_or_else(|_| senseless()) {
                Err(fault) if fault.taken_back && tries < AGAIN => {
                    tracing::warn!(transaction = name, why = %fault.why, "the database took it back: it is done again");
                    commands.iter().for_each(|command| Meters::count(&METERS.again, "command", command.name));
                    tries += 1;
                }
                done => break done,
            }
        };
        match done {
            Ok(()) => {
                self.rests = None;
                self.shared.set_lost(&name, None);
                commands.into_iter().for_each(|command| command.answer(Ok(())));
            }
            Err(fault) => {
                // Whatever the transaction was, it is over with its connection.
                (self.session, self.books) = (None, None);
                self.shared.backend.store(0, Ordering::Release);
                self.rests = Some(Stopwatch::start());
                // Whoever is dropped without an answer asks why: none of these goes before that is known.
                self.shared.set_lost(&name, Some(fault.why));
                drop(commands);
            }
        }
    }

    /// One batch. Where it failed nobody is answered: the callers learn why from [`Shared`], unless it is done again. That is so where
    /// the database itself took it back, at whatever statement, the last one included: nothing of it is there, so the whole is done
    /// anew, from the lock of the head on, and every command sees what others did in between. After any other failure of a commit
    /// (the connection, the time) nobody can tell whether it is there; whoever asks again by the same request id learns that.
    fn batch(&mut self, commands: &mut Vec<Command>, name: &str) -> Result<(), Fault> {
        let mut session = match self.session.take() {
            Some(session) if !session.client.is_closed() => session,
            _ => {
                // Another primary may have taken over since, and not have all that the last one had.
                self.books = None;
                self.runtime.block_on(Session::begin(&self.settings, &self.shared))?
            }
        };
        let done = self.batch_on(&mut session, commands, name);
        let clean = match &done {
            Ok(()) => true,
            Err(fault) => fault.taken_back && self.said(&session, "ROLLBACK").is_ok(),
        };
        self.session = clean.then_some(session);
        done
    }

    fn batch_on(&mut self, session: &mut Session, commands: &mut Vec<Command>, name: &str) -> Result<(), Fault> {
        let runtime = self.runtime.clone();
        let mut books = self.locked(session, name)?;
        let keys = Keys::of(&session.client, &session.asks, &runtime);
        let mut tx = Transaction::new(&keys, &mut books);
        let asked = commands.len();
        tx.run_all(commands);
        keys.told(Ok(()))?;
        let sequence = if tx.view.is_empty() {
            None
        } else {
            tx.seal();
            let trace = std::mem::take(&mut tx.trace).encode();
            Some((Writes::of(tx.view.into_writes()), trace))
        };
        let last = signed(books.meta.sequence)?;
        match sequence {
            Some((writes, trace)) => {
                let watch = Stopwatch::start();
                runtime.block_on(session.commit(last, &writes, &trace))?;
                METERS.batch.observe(asked as f64);
                METERS.commit.observe(watch.spent().as_secs_f64());
                if books.meta.sequence.is_multiple_of(SWEPT) {
                    // What cannot be taken away now goes the next time.
                    let _ = runtime.block_on(in_time(session.sweep(last - KEPT)));
                }
            }
            // What was committed before may be on one machine only.
            None if !session.confirmed || self.rests.is_some() => runtime.block_on(session.confirm(last))?,
            None => self.said(session, "ROLLBACK")?,
        }
        self.tell(&books);
        self.seen = Some(Head { size: books.meta.frontier.size(), root: books.meta.frontier.root() });
        // What a command that panicked had begun to count is counted again from what is kept.
        self.books = (commands.len() == asked).then_some(books);
        Ok(())
    }

    fn said(&self, session: &Session, words: &str) -> Result<(), Fault> {
        self.runtime.block_on(in_time(session.client.batch_execute(words)))
    }

    /// Begins a batch: nobody else can until it ends. The books are as the last one left them, whoever made it; where they are to be
    /// read whole, that is done before, so that nobody waits for it.
    fn locked(&mut self, session: &Session, name: &str) -> Result<Books, Fault> {
        for _ in 0..TRIES {
            let books = match self.books.take() {
                Some(books) => books,
                None => self.read(session)?,
            };
            let last = self.runtime.block_on(session.lock(name))?;
            has_arrived(last)?;
            if let Some(books) = followed(books, last, session, &self.runtime)? {
                return Ok(books);
            }
            self.said(session, "ROLLBACK")?;
        }
        Err(StoreError::Unavailable("others write more than this broker can follow".into()).into())
    }

    /// Reads the books whole, as of one moment.
    fn read(&self, session: &Session) -> Result<Books, Fault> {
        self.said(session, &begins(SNAPSHOT, "read books"))?;
        let sequence = self.runtime.block_on(in_time(session.sequence()))?;
        has_arrived(sequence)?;
        let keys = Keys::of(&session.client, &session.asks, &self.runtime);
        keys.told(self.same_history(&keys))?;
        let books = keys.told(Books::read(&keys))?;
        self.said(session, "ROLLBACK")?;
        Ok(books)
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

/// The books as the last batch left them, whoever made it; `None` where they are to be read whole.
fn followed(mut books: Books, last: i64, session: &Session, runtime: &Handle) -> Result<Option<Books>, Fault> {
    let ours = signed(books.meta.sequence)?;
    if ours == last {
        return Ok(Some(books));
    }
    let traces = runtime.block_on(in_time(session.traces(ours)))?;
    let unbroken = (ours + 1..).zip(&traces).all(|(expected, (sequence, _))| expected == *sequence);
    if last < ours || !unbroken || traces.last().map(|(sequence, _)| *sequence) != Some(last) {
        return Ok(None);
    }
    let traces = traces.iter().map(|(_, trace)| Trace::decode(trace)).collect::<Result<Vec<_>, _>>()?;
    let keys = Keys::of(&session.client, &session.asks, runtime);
    keys.told(books.follow(&traces, &keys))?;
    Ok(Some(books))
}

/// A sequence as the database has it.
pub(super) fn signed(sequence: u64) -> Result<i64, StoreError> {
    i64::try_from(sequence).map_err(|_| StoreError::Damaged("the sequence is no number of batches".into()))
}
