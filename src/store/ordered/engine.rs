//! What an engine does for the commands and the questions: it runs commands in batches, each durable before it is answered, and
//! lets whole batches be read.

use std::future::Future;

use jiff::Timestamp;
use tokio::sync::{mpsc, oneshot, watch};

use super::{Look, Transaction};
use crate::{
    platform::meters::{METERS, Meters},
    store::{Copied, CopyPart, Outbox, Room, StoreError},
};

/// Commands in one batch, at most: more gains nothing, measured.
const GATHER: usize = 64;
/// Bytes in one batch, about.
const GATHER_BYTES: usize = 4 << 20;
/// Commands that may wait before callers do.
pub(in crate::store) const WAITING: usize = 1024;
/// What a command writes beside its own values, about.
pub(in crate::store) const OVERHEAD: usize = 1024;
/// Leases ended, or answers forgotten, in one command: what else waits gets its turn in between.
const SWEEP: usize = 256;

/// A command on its way to the thread that commits.
pub(in crate::store) struct Command {
    /// What a transaction with it is called, in the database and in the log.
    pub name: &'static str,
    /// About how much it writes.
    pub bytes: usize,
    /// What is done.
    work: Box<dyn Work>,
}

/// What is done within a batch, and answered once that is durable. Whoever is dropped without an answer asks why.
trait Work: Send {
    /// Does it; anew, in another batch, where the database took the first back.
    fn run(&mut self, tx: &mut Transaction<'_>);
    /// Gives the answer, or the reason why there is none.
    fn answer(self: Box<Self>, durable: Result<(), StoreError>);
}

/// Somebody waits for what comes of it.
struct Asked<R, T> {
    run: R,
    result: Option<Result<T, StoreError>>,
    answer: oneshot::Sender<Result<T, StoreError>>,
}

impl<R, T> Work for Asked<R, T>
where
    R: FnMut(&mut Transaction<'_>) -> Result<T, StoreError> + Send,
    T: Send,
{
    fn run(&mut self, tx: &mut Transaction<'_>) {
        self.result = None;
        self.result = Some(tx.run(&mut self.run));
    }

    fn answer(self: Box<Self>, durable: Result<(), StoreError>) {
        if let Some(result) = self.result {
            // A caller that has gone away does not undo what is committed.
            let _ = self.answer.send(durable.and(result));
        }
    }
}

impl Command {
    /// One, and where its answer comes.
    pub fn asked<T: Send + 'static>(
        name: &'static str,
        bytes: usize,
        run: impl FnMut(&mut Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> (Self, oneshot::Receiver<Result<T, StoreError>>) {
        let (answer, answered) = oneshot::channel();
        (Self { name, bytes, work: Box::new(Asked { run, result: None, answer }) }, answered)
    }

    /// Does it, within a batch; what an earlier run came to is forgotten.
    pub fn run(&mut self, tx: &mut Transaction<'_>) {
        self.work.run(tx);
    }

    /// Answers it.
    pub fn answer(self, durable: Result<(), StoreError>) {
        if durable.is_ok() {
            Meters::count(&METERS.committed, "command", self.name);
        }
        self.work.answer(durable);
    }
}

/// What the thread that commits is sent.
pub(in crate::store) enum Message {
    /// A command.
    Command(Command),
    /// Finish what waits and close.
    Close(oneshot::Sender<()>),
}

/// Keeps ordered keys, and changes them in batches.
pub(in crate::store) trait Engine: Send + Sync + 'static {
    /// Whether it may be written again by and by where it cannot now.
    fn recovers(&self) -> bool;

    /// Whether it can be written, as far as can be told without doing it.
    ///
    /// # Errors
    /// [`StoreError::Unavailable`] where it cannot.
    fn writable(&self) -> Result<(), StoreError>;

    /// Leads to the thread that commits.
    fn inbox(&self) -> &mpsc::Sender<Message>;

    /// What calls answer once it stopped.
    fn unavailable(&self) -> StoreError;

    /// Looks at single keys, by a transaction of this name, and answers when what was seen is durable.
    fn look<T: Send + 'static>(
        &self,
        name: &'static str,
        read: impl FnOnce(&dyn Look) -> Result<T, StoreError> + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send;

    /// Reads whole batches off the async threads, by a transaction of this name, and answers when what was seen is durable.
    fn read<T: Send + 'static>(
        &self,
        name: &'static str,
        read: impl FnOnce(&dyn Look) -> Result<T, StoreError> + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send;

    /// The pages that wait, as of the last batch.
    fn outbox(&self) -> watch::Receiver<Outbox>;

    /// The sequence of the last batch that is durable.
    fn changes(&self) -> watch::Receiver<u64>;

    /// How much room it takes, and how much of it is in use; an engine in a database leaves that to the database.
    fn measure(&self, _now: Timestamp) -> impl Future<Output = Result<Option<Room>, StoreError>> + Send {
        std::future::ready(Ok(None))
    }

    /// Sends all of one moment in parts.
    fn copy(&self, parts: mpsc::Sender<CopyPart>) -> impl Future<Output = Result<Copied, StoreError>> + Send;

    /// Sends a command and waits until it is durable. Where the database took it back it may be run once more.
    fn command<T: Send + 'static>(
        &self,
        name: &'static str,
        bytes: usize,
        run: impl FnMut(&mut Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> impl Future<Output = Result<T, StoreError>> + Send {
        async move {
            let (command, answered) = Command::asked(name, bytes + OVERHEAD, run);
            self.inbox().send(Message::Command(command)).await.map_err(|_| self.unavailable())?;
            answered.await.map_err(|_| self.unavailable())?
        }
    }

    /// Repeats a command that does at most [`SWEEP`] of something until there is no more.
    fn sweep(
        &self,
        name: &'static str,
        step: impl Fn(&mut Transaction<'_>, usize) -> Result<u64, StoreError> + Copy + Send + 'static,
    ) -> impl Future<Output = Result<u64, StoreError>> + Send {
        async move {
            let mut total = 0;
            loop {
                let done = self.command(name, 0, move |tx| step(tx, SWEEP)).await?;
                total += done;
                if done < SWEEP as u64 {
                    return Ok(total);
                }
            }
        }
    }

    /// Finishes what waits and closes.
    fn close(&self) -> impl Future<Output = ()> + Send {
        async move {
            let (done, closed) = oneshot::channel();
            if self.inbox().send(Message::Close(done)).await.is_ok() {
                let _ = closed.await;
            }
        }
    }
}

/// The first command and those that wait behind it, up to the limits.
pub(in crate::store) fn gather(
    first: Message,
    inbox: &mut mpsc::Receiver<Message>,
    closing: &mut Vec<oneshot::Sender<()>>,
) -> Vec<Command> {
    let mut commands = Vec::new();
    let mut bytes = 0;
    let mut next = Some(first);
    while let Some(message) = next {
        match message {
            Message::Command(command) => {
                bytes += command.bytes;
                commands.push(command);
            }
            Message::Close(done) => closing.push(done),
        }
        next = if commands.len() < GATHER && bytes < GATHER_BYTES { inbox.try_recv().ok() } else { None };
    }
    commands
}
