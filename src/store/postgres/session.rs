//! The connection that commits, and what a batch is to it.

use std::{cmp::Reverse, sync::atomic::Ordering};

use tokio::sync::mpsc;
use tokio_postgres::{AsyncMessage, Client, SimpleQueryMessage, Statement, types::ToSql};

use super::{
    commit::Shared,
    connect::{Fault, NAME, Settings, Use, in_time},
    keys::Asks,
    listen::CHANNEL,
};
use crate::store::{
    StoreError,
    ordered::{Command, Write},
};

/// Writes keys.
pub(super) const PUT: &str = "INSERT INTO homeward_keys (k, v) SELECT * FROM unnest($1::bytea[], $2::bytea[]) \
     ON CONFLICT (k) DO UPDATE SET v = excluded.v";
/// Takes keys away.
pub(super) const REMOVE: &str = "DELETE FROM homeward_keys WHERE k = ANY ($1::bytea[])";
/// Says which batch is the last.
pub(super) const FORWARD: &str = "UPDATE homeward_head SET sequence = $1";
/// Locks the head.
pub(super) const HEAD: &str = "SELECT sequence FROM homeward_head FOR UPDATE";
/// A connection that commits.
pub(super) struct Session {
    /// The connection.
    pub client: Client,
    /// The questions.
    pub asks: Asks,
    /// What the database says unasked.
    words: mpsc::Receiver<AsyncMessage>,
    /// Something was committed by it, so that what was committed before is as durable.
    pub confirmed: bool,
    traces: Statement,
    put: Statement,
    remove: Statement,
    forward: Statement,
    note: Statement,
    tell: Statement,
}

impl Session {
    /// Connects; `shared` knows from then on whose word is our own.
    pub async fn begin(settings: &Settings, shared: &Shared) -> Result<Self, StoreError> {
        let (client, words) = settings.words("commit").await?;
        let limits = settings.limits(Use::Commits);
        let made = async {
            client.batch_execute(&limits).await?;
            let (asks, traces, put, remove, forward, note, tell) = tokio::try_join!(
                Asks::prepared(&client),
                client.prepare("SELECT sequence, trace FROM homeward_changes WHERE sequence > $1 ORDER BY sequence"),
                client.prepare(PUT),
                client.prepare(REMOVE),
                client.prepare(FORWARD),
                client.prepare("INSERT INTO homeward_changes (sequence, trace) VALUES ($1, $2)"),
                client.prepare("SELECT pg_notify($1, $2)"),
            )?;
            Ok((asks, traces, put, remove, forward, note, tell))
        };
        let (asks, traces, put, remove, forward, note, tell) = in_time(made).await?;
        let backend = in_time(client.query_one("SELECT pg_backend_pid()", &[])).await?;
        shared.backend.store(backend.get(0), Ordering::Release);
        Ok(Self { client, asks, words, confirmed: false, traces, put, remove, forward, note, tell })
    }

    /// Begins a batch of this name: nobody else can until it ends. Answers with the sequence of the last one.
    pub async fn lock(&self, name: &str) -> Result<i64, Fault> {
        let said = in_time(self.client.simple_query(&format!("{}; {HEAD}", begins("BEGIN", name)))).await?;
        let sequence = said.iter().find_map(|word| match word {
            SimpleQueryMessage::Row(row) => row.get(0)?.parse().ok(),
            _ => None,
        });
        Ok(sequence.ok_or_else(|| StoreError::Damaged("there is no head".into()))?)
    }

    /// The sequence of the last batch, as this transaction sees it.
    pub async fn sequence(&self) -> Result<i64, tokio_postgres::Error> {
        self.client.query_one("SELECT sequence FROM homeward_head", &[]).await.map(|row| row.get(0))
    }

    /// What batches behind this one changed.
    pub async fn traces(&self, after: i64) -> Result<Vec<(i64, Vec<u8>)>, tokio_postgres::Error> {
        let rows = self.client.query(&self.traces, &[&after]).await?;
        Ok(rows.iter().map(|row| (row.get(0), row.get(1))).collect())
    }

    /// Writes a batch and commits it. They go out together and are done in this order.
    pub async fn commit(&mut self, sequence: i64, writes: &Writes, trace: &[u8]) -> Result<(), Fault> {
        self.forget_words();
        let (client, told) = (&self.client, sequence.to_string());
        let (put, remove): (Given<'_, 2>, Given<'_, 1>) = ([&writes.keys, &writes.values], [&writes.gone]);
        let (forward, note, tell): (Given<'_, 1>, Given<'_, 2>, Given<'_, 2>) =
            ([&sequence], [&sequence, &trace], [&CHANNEL, &told]);
        let all = async {
            tokio::try_join!(
                client.execute(&self.put, &put),
                client.execute(&self.remove, &remove),
                client.execute(&self.forward, &forward),
                client.execute(&self.note, &note),
                client.execute(&self.tell, &tell),
                client.batch_execute("COMMIT"),
            )
        };
        in_time(all).await?;
        Ok(self.is_replicated()?)
    }

    /// Commits something that changes nothing: what was committed before is then as durable as this.
    pub async fn confirm(&mut self, sequence: i64) -> Result<(), Fault> {
        self.forget_words();
        let (client, forward): (_, Given<'_, 1>) = (&self.client, [&sequence]);
        in_time(async { tokio::try_join!(client.execute(&self.forward, &forward), client.batch_execute("COMMIT")) })
            .await?;
        Ok(self.is_replicated()?)
    }

    fn forget_words(&mut self) {
        while self.words.try_recv().is_ok() {}
    }

    /// Nobody has cancelled the wait for a standby: the database says so only in a warning, and answers as if all were well.
    fn is_replicated(&mut self) -> Result<(), StoreError> {
        while let Ok(word) = self.words.try_recv() {
            // The words are in the language of the server; what waits has one name.
            if matches!(word, AsyncMessage::Notice(notice) if notice.routine() == Some("SyncRepWaitForLSN")) {
                return Err(StoreError::Unavailable(UNREPLICATED.into()));
            }
        }
        self.confirmed = true;
        Ok(())
    }

    /// Takes away what no other broker asks for.
    pub async fn sweep(&self, upto: i64) -> Result<(), tokio_postgres::Error> {
        self.client.execute("DELETE FROM homeward_changes WHERE sequence <= $1", &[&upto]).await.map(|_| ())
    }
}

const UNREPLICATED: &str = "the wait for a standby was cancelled: what was committed is on one machine only";

/// The database keeps no more of a name.
const MOST_NAME: usize = 63;

/// Begins a transaction that is shown by its name in `pg_stat_activity`, whatever statement of it is at work. In one message, so that
/// the name costs no answer of its own.
pub(super) fn begins(begin: &str, name: &str) -> String {
    format!("{begin}; SET LOCAL application_name = '{NAME} {name}'")
}

/// What a batch is called: its commands, the most frequent first, with how many there are of each where there are several.
pub(super) fn name_of(commands: &[Command]) -> String {
    let mut kinds: Vec<(&str, usize)> = Vec::new();
    for command in commands {
        match kinds.iter_mut().find(|(name, _)| *name == command.name) {
            Some((_, count)) => *count += 1,
            None => kinds.push((command.name, 1)),
        }
    }
    kinds.sort_by_key(|(_, count)| Reverse(*count));
    let mut name = String::new();
    for (kind, count) in kinds {
        let more = if count == 1 { kind.to_owned() } else { format!("{kind}*{count}") };
        if NAME.len() + name.len() + more.len() + " , ...".len() > MOST_NAME {
            name.push_str("...");
            break;
        }
        let between = if name.is_empty() { "" } else { ", " };
        name.extend([between, &more]);
    }
    if name.is_empty() { "follow".into() } else { name }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn named(names: &[&'static str]) -> String {
        let commands = names.iter().map(|&name| Command::asked(name, 0, |_| Ok(())).0);
        name_of(&commands.collect::<Vec<_>>())
    }

    #[test]
    fn a_batch_is_called_by_its_commands_as_far_as_a_name_goes() {
        assert_eq!(named(&[]), "follow");
        assert_eq!(named(&["accept"]), "accept");
        assert_eq!(named(&["pull", "accept", "settle", "accept"]), "accept*2, pull, settle");
        let long = named(&["forget_answers", "tell_late_prompts", "expire_leases", "record_entry", "class_counts"]);
        assert_eq!(long, "forget_answers, tell_late_prompts, expire_leases...");
        assert!(NAME.len() + 1 + long.len() <= MOST_NAME);
    }
}
