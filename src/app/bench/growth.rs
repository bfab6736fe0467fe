//! `homeward bench growth`: what a submission, a pull and a start cost when so many records are stored.

use std::time::Duration;

use serde_json::{Value, json};

use super::{
    args::BenchGrowthArgs,
    measure::Budget,
    room,
    rounds::{settled, streamed, submitted},
    world::{self, World},
};
use crate::{
    app::{failure::Failure, print, progress::Progress},
    wire::load::{Load, Prepared},
};

const CALLERS: usize = 16;
const CONNECTIONS: usize = 4;
/// Messages on their way while the store is filled.
const FILLING: usize = 256;
/// The store is filled in such steps.
const STEP: Duration = Duration::from_secs(1);
/// Other sizes are held against this one, where it is measured.
const AGAINST: u64 = 10_000;

/// Fills and measures.
pub(super) async fn run(args: &BenchGrowthArgs) -> Result<(), Failure> {
    let mut sizes = args.records.clone();
    sizes.sort_unstable();
    sizes.dedup();
    let most = sizes.last().copied().unwrap_or_default();
    let mut world = World::start(args.folder.as_deref()).await?;
    room::for_all(world.folder(), most.saturating_add(measured_at(most)))?;
    let submission = world::submission(None)?;
    let progress = Progress::new(most);
    let (mut stored, mut rows) = (0, Vec::new());
    for size in sizes {
        progress.says(&format!("filling to {size}"));
        let council = world.council(CONNECTIONS).await?;
        while stored < size {
            stored += filled(&council, &submission, size - stored).await?;
            progress.at(stored);
        }
        progress.says(&format!("measuring at {size}"));
        let row = row(&mut world, &submission, stored, Duration::from_secs_f64(args.seconds)).await?;
        stored += row["submit"]["done"].as_u64().unwrap_or_default();
        rows.push(row);
    }
    drop(progress);
    let report = json!({ "callers": CALLERS, "growth": compared(rows) });
    if args.json {
        print::line(&report.to_string());
    } else {
        told(&report).iter().for_each(|line| print::line(line));
    }
    Ok(())
}

/// Submissions and deliveries of a measurement at most, so that the size is what it is said to be.
fn measured_at(size: u64) -> u64 {
    (size / 5).max(500)
}

/// Submits for a moment, at most so many; says how many. Never for nothing.
async fn filled(council: &[Load], submission: &Prepared, most: u64) -> Result<u64, Failure> {
    let tally = streamed(council, submission, FILLING, STEP, &Budget::of(most)).await?;
    if tally.done() == 0 {
        return Err(Failure::unavailable("the broker accepts nothing"));
    }
    Ok(tally.done())
}

/// Measures at this size. The broker is killed at the end, and the time until it serves again is taken.
async fn row(world: &mut World, submission: &Prepared, stored: u64, time: Duration) -> Result<Value, Failure> {
    let (council, officer) = (world.council(CONNECTIONS).await?, world.officer(CONNECTIONS).await?);
    let budget = || Budget::of(measured_at(stored));
    let mut submit = submitted(&council, submission, CALLERS, time, &budget()).await;
    let mut settle = settled(&officer, 1, CALLERS, time, &budget()).await;
    let megabytes = world.broker.as_ref().and_then(super::child::Process::megabytes);
    let store = world.store_bytes();
    drop((council, officer));
    let start = world.kill_and_start().await?;
    Ok(json!({
        "records": stored,
        "submit": submit.json(),
        "pull_open_complete": settle.json(),
        "megabytes": megabytes,
        "store_bytes": store,
        "start_after_kill_seconds": start.as_secs_f64(),
    }))
}

/// With what each costs, held against the size that others are held against, or else the first.
fn compared(mut rows: Vec<Value>) -> Vec<Value> {
    let at = |row: &&Value| row["records"].as_u64() >= Some(AGAINST);
    let against = rows.iter().find(at).or_else(|| rows.first()).cloned().unwrap_or_default();
    for row in &mut rows {
        for part in ["submit", "pull_open_complete"] {
            let rate = |row: &Value| row[part]["per_second"].as_f64();
            let cost = rate(&against).zip(rate(row)).map(|(against, here)| against / here);
            row[part]["cost"] = json!(cost.filter(|cost| cost.is_finite()));
        }
    }
    rows
}

fn told(report: &Value) -> Vec<String> {
    let mut lines = vec![format!(
        "{:>9} {:>9} {:>8} {:>8} {:>5} {:>22} {:>8} {:>8} {:>5} {:>7} {:>8} {:>12}",
        "records",
        "submit/s",
        "p50 ms",
        "p99 ms",
        "cost",
        "pull+open+complete/s",
        "p50 ms",
        "p99 ms",
        "cost",
        "MB",
        "disk MB",
        "start s"
    )];
    for row in report["growth"].as_array().into_iter().flatten() {
        let number = |part: &str, name: &str| row[part][name].as_f64().unwrap_or_default();
        let own = |name: &str| row[name].as_f64().unwrap_or_default();
        let (submit, settle) = ("submit", "pull_open_complete");
        lines.push(format!(
            "{:>9} {:>9.0} {:>8.2} {:>8.2} {:>5.2} {:>22.0} {:>8.2} {:>8.2} {:>5.2} {:>7.0} {:>8.0} {:>12.2}",
            row["records"],
            number(submit, "per_second"),
            number(submit, "p50_ms"),
            number(submit, "p99_ms"),
            number(submit, "cost"),
            number(settle, "per_second"),
            number(settle, "p50_ms"),
            number(settle, "p99_ms"),
            number(settle, "cost"),
            own("megabytes"),
            own("store_bytes") / 1e6,
            own("start_after_kill_seconds"),
        ));
    }
    lines.push(format!(
        "{CALLERS} callers. cost: of one, held against that at {AGAINST} records (or the first size): floor 1.3, goal 1.1 at \
         1000000. start: until it serves, after it was killed."
    ));
    lines
}
