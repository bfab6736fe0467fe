//! pgmq, a queue in PostgreSQL, driven by PostgreSQL's own load generator: what the same database does for a message that nobody judges,
//! redacts, seals or enters in a ledger.

use std::{
    fs,
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::Duration,
};

use super::measure::Tally;
use crate::app::failure::Failure;

/// Sends one message: durable when it is answered.
const SEND: &str = "SELECT pgmq.send('bench', '{\"text\": \"TEXT\"}'::jsonb);\n";
/// Takes one for half a minute, then settles it.
const SETTLE: &str = "SELECT coalesce(max(msg_id), 0) AS id FROM pgmq.read('bench', 30, 1) \\gset\n\
                      SELECT pgmq.delete('bench', :id::bigint);\n";

/// A queue in a database.
pub(super) struct Pgmq {
    database: String,
    folder: PathBuf,
}

impl Pgmq {
    /// Makes it there by its own SQL; its messages are of so many bytes.
    pub(super) fn made(database: &str, sql: &Path, folder: &Path, bytes: usize) -> Result<Self, Failure> {
        let made = Self { database: database.to_owned(), folder: folder.to_owned() };
        psql(database, &["-f", &sql.display().to_string()])?;
        psql(database, &["-c", "SELECT pgmq.create('bench')"])?;
        let send = SEND.replace("TEXT", &"h".repeat(bytes));
        for (name, text) in [("send", send.as_str()), ("settle", SETTLE)] {
            fs::write(folder.join(name), text).map_err(|error| Failure::other(error.to_string()))?;
        }
        Ok(made)
    }

    /// Sends for `time`.
    pub(super) async fn sent(&self, callers: usize, time: Duration) -> Result<Tally, Failure> {
        self.driven("send", callers, time).await
    }

    /// Takes and settles for `time`.
    pub(super) async fn settled(&self, callers: usize, time: Duration) -> Result<Tally, Failure> {
        self.driven("settle", callers, time).await
    }

    async fn driven(&self, script: &str, callers: usize, time: Duration) -> Result<Tally, Failure> {
        let log = tempfile::tempdir_in(&self.folder).map_err(|error| Failure::other(error.to_string()))?;
        let seconds = time.as_secs().max(1);
        let mut command = Command::new("pgbench");
        let prefix = format!("--log-prefix={}", log.path().join("t").display());
        command.args(["-n", "-M", "prepared", "-l", &prefix, "-c", &callers.to_string(), "-j", "2"]);
        command.args(["-T", &seconds.to_string(), "-f"]).arg(self.folder.join(script)).arg(&self.database);
        let done = tokio::task::spawn_blocking(move || ended(&mut command)).await;
        done.map_err(|error| Failure::other(error.to_string()))??;
        read(log.path()).map(|tally| tally.took(Duration::from_secs(seconds)))
    }
}

/// What the database says of itself: its version, and whether what is committed is on the disk.
pub(super) fn said(database: &str, setting: &str) -> Result<String, Failure> {
    psql(database, &["-c", &format!("SHOW {setting}")])
}

fn psql(database: &str, args: &[&str]) -> Result<String, Failure> {
    let mut command = Command::new("psql");
    command.args(["-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1", "-d", database]).args(args);
    Ok(ended(&mut command)?.trim().to_owned())
}

fn ended(command: &mut Command) -> Result<String, Failure> {
    let name = command.get_program().to_string_lossy().into_owned();
    let missing = |error| Failure::unavailable(format!("{name}: {error}")).advise("install PostgreSQL's programs");
    let done = command.stdin(Stdio::null()).output().map_err(missing)?;
    if done.status.success() {
        return Ok(String::from_utf8_lossy(&done.stdout).into_owned());
    }
    let why = String::from_utf8_lossy(&done.stderr);
    Err(Failure::unavailable(format!("{name}: {}", why.trim().lines().next_back().unwrap_or_default())))
}

/// Every line of its logs is a transaction: the third word is how many microseconds it took.
fn read(folder: &Path) -> Result<Tally, Failure> {
    let failed = |error: std::io::Error| Failure::other(format!("pgbench's log: {error}"));
    let mut tally = Tally::default();
    for file in fs::read_dir(folder).map_err(failed)? {
        let text = fs::read_to_string(file.map_err(failed)?.path()).map_err(failed)?;
        for spent in text.lines().filter_map(|line| line.split(' ').nth(2)?.parse().ok()) {
            tally.note(Duration::from_micros(spent), 1);
        }
    }
    Ok(tally)
}
