//! How a call becomes a command of the commit thread.

use tokio::sync::oneshot;

use super::{
    OVERHEAD, SledStore,
    commit::{Command, Message, Reply},
    transaction::Transaction,
};
use crate::store::StoreError;

/// Leases ended, or answers forgotten, in one command: what else waits gets its turn in between.
const SWEEP: usize = 256;

impl SledStore {
    /// Sends a command to the commit thread and waits until it is durable.
    pub(super) async fn command<T: Send + 'static>(
        &self,
        bytes: usize,
        run: impl FnOnce(&mut Transaction<'_>) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let (answer, answered) = oneshot::channel();
        let run = Box::new(move |tx: &mut Transaction<'_>| {
            let result = tx.run(run);
            Box::new(move |durable: Result<(), StoreError>| {
                // A caller that has gone away does not undo what is committed.
                let _ = answer.send(durable.and(result));
            }) as Reply
        });
        let command = Message::Command(Command { bytes: bytes + OVERHEAD, run });
        self.inbox.send(command).await.map_err(|_| self.shared.unavailable())?;
        answered.await.map_err(|_| self.shared.unavailable())?
    }

    /// Repeats a command that does at most [`SWEEP`] of something until there is no more.
    pub(super) async fn sweep(
        &self,
        step: impl Fn(&mut Transaction<'_>, usize) -> Result<u64, StoreError> + Copy + Send + 'static,
    ) -> Result<u64, StoreError> {
        let mut total = 0;
        loop {
            let done = self.command(0, move |tx| step(tx, SWEEP)).await?;
            total += done;
            if done < SWEEP as u64 {
                return Ok(total);
            }
        }
    }
}
