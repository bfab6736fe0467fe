//! `homeward bench`: how fast, and how far from what this machine could do at all. It measures; no test waits for it.

mod args;
mod child;
mod disk;
mod echo;
mod growth;
mod measure;
mod pgmq;
mod redact;
mod report;
mod room;
mod rounds;
mod stores;
mod targets;
mod texts;
mod world;

use std::time::Duration;

use super::{client, failure::Failure, print};
use crate::{platform::shutdown::shutdown_signal, wire::profile::Profile};
pub(super) use args::BenchArgs;
use args::{BenchCommand, BenchLoadArgs};
use measure::Budget;
use rounds::Rounds;
use world::World;

/// Whether it needs a runtime.
pub(super) fn online(args: &BenchArgs) -> bool {
    !matches!(args.what, Some(BenchCommand::Redact(_)))
}

/// What needs none.
pub(super) fn run(args: &BenchArgs) -> Result<(), Failure> {
    match &args.what {
        Some(BenchCommand::Redact(args)) => redact::run(args),
        _ => Ok(()),
    }
}

/// What drives a broker. Ctrl-C ends it, and the folder goes.
pub(super) async fn load(args: &BenchArgs) -> Result<(), Failure> {
    let stop = shutdown_signal().map_err(|error| Failure::other(format!("signals cannot be heard: {error}")))?;
    let measured = async {
        match &args.what {
            Some(BenchCommand::Growth(args)) => growth::run(args).await,
            Some(BenchCommand::Stores(args)) => stores::run(args).await,
            Some(BenchCommand::Echo { folder, trust_domain }) => echo::run(folder, trust_domain).await,
            Some(BenchCommand::Redact(_)) => Ok(()),
            None => compared(&args.load).await,
        }
    };
    tokio::select! {
        measured = measured => measured,
        () = stop => Err(Failure::other("stopped")),
    }
}

/// The broker beside the limits of the machine, in one run.
async fn compared(args: &BenchLoadArgs) -> Result<(), Failure> {
    let place = args.folder.as_deref();
    let world = match &args.profile {
        None => World::start(place).await?,
        Some(council) => {
            let officer = args.officer.as_deref().map(Profile::load).transpose()?;
            World::against(place, Profile::load(council)?, officer).await?
        }
    };
    let text = args.submission.as_deref().map(client::read).transpose()?;
    let submission = world::submission(text.as_deref())?;
    let mut callers: Vec<usize> = args.callers.iter().map(|&callers| callers.into()).collect();
    callers.sort_unstable();
    callers.dedup();
    let budget = Budget::of(room::for_at_most(world.folder(), args.records)?);
    let rounds = Rounds { world: &world, submission, callers, each: Duration::from_secs_f64(args.seconds), budget };
    let report = report::of(rounds.run().await?);
    if args.json {
        print::line(&report.to_string());
    } else {
        report::told(&report).iter().for_each(|line| print::line(line));
    }
    Ok(())
}
