//! `homeward bench stores`: what it costs that the store is in a database, and what more brokers over it bring, in one run.

use std::{collections::BTreeMap, fs, time::Duration};

use serde_json::{Value, json};

use super::{
    args::BenchStoresArgs,
    disk,
    measure::{Budget, Tally},
    pgmq::{self, Pgmq},
    room,
    rounds::{CONNECTIONS, ROUNDS, echoed, settled, submitted},
    world::{self, Another, World},
};
use crate::{
    app::{failure::Failure, print, progress::Progress},
    wire::load::Prepared,
};

/// Brokers over the database.
const BROKERS: [usize; 3] = [1, 2, 3];

/// Where it is kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Kept {
    Embedded,
    Postgres(usize),
    Pgmq,
}

/// What is measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum What {
    Disk,
    Echo,
    Submit(Kept),
    Settle(Kept),
}

impl What {
    fn words(self) -> String {
        match self {
            Self::Disk => "append and fdatasync".into(),
            Self::Echo => "echo over mutual TLS".into(),
            Self::Submit(Kept::Pgmq) => "send: pgmq".into(),
            Self::Settle(Kept::Pgmq) => "read, delete: pgmq".into(),
            Self::Submit(kept) => format!("submit: {}", kept.words()),
            Self::Settle(kept) => format!("pull, open, complete: {}", kept.words()),
        }
    }

    /// The same in another place.
    fn at(self, kept: Kept) -> Option<Self> {
        match self {
            Self::Submit(_) => Some(Self::Submit(kept)),
            Self::Settle(_) => Some(Self::Settle(kept)),
            Self::Disk | Self::Echo => None,
        }
    }
}

impl Kept {
    fn words(self) -> String {
        match self {
            Self::Embedded => "embedded store".into(),
            Self::Postgres(1) => "PostgreSQL, 1 broker".into(),
            Self::Postgres(brokers) => format!("PostgreSQL, {brokers} brokers"),
            Self::Pgmq => "pgmq".into(),
        }
    }
}

type Tallies = BTreeMap<(What, usize), Tally>;

/// What all measurements share.
struct Stores<'a> {
    args: &'a BenchStoresArgs,
    world: World,
    submission: Prepared,
    callers: Vec<usize>,
    pgmq: Option<Pgmq>,
    /// Time for each in one round.
    each: Duration,
    /// Records that there is room for, in each store.
    room: [Budget; 2],
}

pub(super) async fn run(args: &BenchStoresArgs) -> Result<(), Failure> {
    let world = World::start(args.folder.as_deref()).await?;
    let submission = world::submission(None)?;
    let mut callers: Vec<usize> = args.callers.iter().map(|&callers| callers.into()).collect();
    callers.sort_unstable();
    callers.dedup();
    let pgmq = args.pgmq.as_deref().map(|sql| Pgmq::made(&args.database, sql, world.folder(), submission.bytes()));
    let room = room::for_at_most(world.folder(), args.records)?;
    let (each, room) = (Duration::from_secs_f64(args.seconds) / ROUNDS, [Budget::of(room), Budget::of(room)]);
    let stores = Stores { args, world, submission, callers, pgmq: pgmq.transpose()?, each, room };
    let report = report(stores.measured().await?, &args.database)?;
    if args.json {
        print::line(&report.to_string());
    } else {
        told(&report).iter().for_each(|line| print::line(line));
    }
    Ok(())
}

impl Stores<'_> {
    async fn measured(&self) -> Result<Tallies, Failure> {
        let mut tallies = Tallies::new();
        let progress = Progress::new(u64::from(ROUNDS) * (1 + 11 * self.callers.len() as u64));
        for _ in 0..ROUNDS {
            progress.says(&What::Disk.words());
            let disk = disk::appended(self.world.folder(), self.each).await?;
            tallies.entry((What::Disk, 1)).or_default().add(disk);
            progress.step();
            for &callers in &self.callers {
                let echoes = self.world.echoes(callers.min(CONNECTIONS)).await?;
                let echoed = echoed(&echoes, callers, self.each).await;
                tallies.entry((What::Echo, callers)).or_default().add(echoed);
                progress.step();
            }
            for kept in [Kept::Embedded].into_iter().chain(BROKERS.map(Kept::Postgres)).chain([Kept::Pgmq]) {
                self.round(kept, &mut tallies, &progress).await?;
            }
        }
        Ok(tallies)
    }

    /// One round of one place; brokers over the database run no longer than it takes.
    async fn round(&self, kept: Kept, tallies: &mut Tallies, progress: &Progress) -> Result<(), Failure> {
        let mut brokers = Vec::new();
        if let Kept::Postgres(number) = kept {
            for number in 1..=number {
                brokers.push(self.world.another(number, &self.args.database).await?);
            }
        }
        for &callers in &self.callers {
            for what in [What::Submit(kept), What::Settle(kept)] {
                progress.says(&format!("{}, {callers}", what.words()));
                let before = self.cpu(kept, &brokers);
                let mut tally = self.one(what, &brokers, callers).await?;
                tally.cpu = before.zip(self.cpu(kept, &brokers)).map(|(before, after)| after.saturating_sub(before));
                tallies.entry((what, callers)).or_default().add(tally);
                progress.step();
            }
        }
        Ok(())
    }

    /// Time of the processors that the brokers of a place have used.
    fn cpu(&self, kept: Kept, brokers: &[Another]) -> Option<Duration> {
        match kept {
            Kept::Embedded => self.world.broker.as_ref()?.cpu(),
            Kept::Postgres(_) => brokers.iter().map(|one| one.broker.cpu()).sum(),
            Kept::Pgmq => None,
        }
    }

    async fn one(&self, what: What, brokers: &[Another], callers: usize) -> Result<Tally, Failure> {
        let connections = callers.min(CONNECTIONS);
        let [embedded, shared] = &self.room;
        match what {
            What::Submit(Kept::Pgmq) => match &self.pgmq {
                Some(pgmq) => pgmq.sent(callers, self.each).await,
                None => Ok(Tally::default()),
            },
            What::Settle(Kept::Pgmq) => match &self.pgmq {
                Some(pgmq) => pgmq.settled(callers, self.each).await,
                None => Ok(Tally::default()),
            },
            What::Submit(kept) => {
                let mut all = Vec::new();
                if kept == Kept::Embedded {
                    all = self.world.council(connections).await?;
                }
                for broker in brokers {
                    all.extend(broker.council(connections.div_ceil(brokers.len())).await?);
                }
                let budget = if kept == Kept::Embedded { embedded } else { shared };
                Ok(submitted(&all, &self.submission, callers, self.each, budget).await)
            }
            What::Settle(kept) => {
                let mut all = Vec::new();
                if kept == Kept::Embedded {
                    all = self.world.officer(connections).await?;
                }
                for broker in brokers {
                    all.extend(broker.officer(connections.div_ceil(brokers.len())).await?);
                }
                Ok(settled(&all, 1, callers, self.each, &Budget::endless()).await)
            }
            What::Disk | What::Echo => Ok(Tally::default()),
        }
    }
}

/// The document.
fn report(mut tallies: Tallies, database: &str) -> Result<Value, Failure> {
    let keys: Vec<(What, usize)> = tallies.keys().copied().collect();
    let mut rows = Vec::new();
    for (what, callers) in keys {
        let rate = |other: Option<What>| Some(tallies.get(&(other?, callers))?.per_second()).filter(|rate| *rate > 0.0);
        let others = [Some(What::Echo), what.at(Kept::Embedded), what.at(Kept::Postgres(1)), what.at(Kept::Pgmq)];
        let [echo, embedded, one, pgmq] = others.map(rate);
        let Some(tally) = tallies.get_mut(&(what, callers)).filter(|tally| tally.done() > 0) else { continue };
        let of = |other: Option<f64>| other.map(|other| tally.per_second() / other);
        let ratios = json!({ "echo": of(echo), "embedded": of(embedded), "one_broker": of(one), "pgmq": of(pgmq) });
        let mut row = tally.json();
        row["what"] = json!(what.words());
        row["callers"] = json!(callers);
        row["of"] = ratios;
        rows.push(row);
    }
    let load = fs::read_to_string("/proc/loadavg").unwrap_or_default();
    Ok(json!({
        "machine": {
            "processors": std::thread::available_parallelism().map_or(1, std::num::NonZero::get),
            "load_at_the_end": load.split(' ').next().and_then(|load| load.parse::<f64>().ok()),
        },
        "database": {
            "version": pgmq::said(database, "server_version")?,
            "fsync": pgmq::said(database, "fsync")?,
            "synchronous_commit": pgmq::said(database, "synchronous_commit")?,
        },
        "measured": rows,
    }))
}

/// The table.
fn told(report: &Value) -> Vec<String> {
    let mut lines = vec![format!(
        "{:42} {:>7} {:>9} {:>8} {:>8} {:>7} {:>7} {:>8} {:>8} {:>7}",
        "", "callers", "a second", "p50 ms", "p99 ms", "CPU s", "of echo", "of embed", "of one", "of pgmq"
    )];
    for row in report["measured"].as_array().into_iter().flatten() {
        let number = |value: &Value, digits: usize| {
            value.as_f64().map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
        };
        lines.push(format!(
            "{:42} {:>7} {:>9} {:>8} {:>8} {:>7} {:>7} {:>8} {:>8} {:>7}",
            row["what"].as_str().unwrap_or_default(),
            row["callers"],
            number(&row["per_second"], 0),
            number(&row["p50_ms"], 2),
            number(&row["p99_ms"], 2),
            number(&row["server_cpu_seconds_per_10000"], 2),
            number(&row["of"]["echo"], 3),
            number(&row["of"]["embedded"], 3),
            number(&row["of"]["one_broker"], 3),
            number(&row["of"]["pgmq"], 3),
        ));
        for (reason, times) in row["refused"].as_object().into_iter().flatten() {
            lines.push(format!("    refused: {times} {reason}"));
        }
    }
    let (machine, database) = (&report["machine"], &report["database"]);
    lines.push(format!(
        "{} processors, load {} at the end; PostgreSQL {}, fsync {}, synchronous_commit {}. CPU: of the brokers alone, for 10 000. Only \
         ratios within one run mean anything.",
        machine["processors"],
        machine["load_at_the_end"],
        database["version"].as_str().unwrap_or_default(),
        database["fsync"].as_str().unwrap_or_default(),
        database["synchronous_commit"].as_str().unwrap_or_default(),
    ));
    lines
}
