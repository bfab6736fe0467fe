//! `homeward demo`: eight fictional interviews through real parts, in one command, from any directory.
//!
//! Throwaway certificates and keys, a daemon on loopback with the embedded store, mutual TLS, councils and officers with
//! their own certificates. The clock is the narratives' own week. Everything that comes out is held against what the
//! specification expects; the command ends 0 only if all of it matched.

mod account;
mod check;
mod expect;
mod people;
mod story;
mod world;

use super::{cli::DemoArgs, failure::Failure, print, telemetry};
use crate::app::config::{Format, Level, Log};
use account::Account;
use world::World;

pub(super) async fn run(args: &DemoArgs) -> Result<(), Failure> {
    drop(telemetry::start(&Log { level: Level::Warn, format: Format::Text }, None));
    let narratives = expect::narratives()?;
    let folder = tempfile::Builder::new()
        .prefix("homeward-demo-")
        .tempdir()
        .map_err(|error| Failure::other(format!("no folder for the demo: {error}")))?;
    let mut world = World::build(folder.path(), &narratives, args.keep).await?;
    let mut accounts = Vec::new();
    for narrative in &narratives {
        if !args.json {
            print::problem(&format!("{}  {} …", narrative.name, narrative.expect.title));
        }
        accounts.push(Account::of(narrative, story::tell(&mut world, narrative).await?));
    }
    for account in &accounts {
        print::line(&if args.json { account.json() } else { account.text() });
    }
    let wrong: Vec<String> = accounts.iter().flat_map(Account::wrong).collect();
    if !args.json {
        account::summary(&accounts, &wrong).iter().for_each(|line| print::line(line));
    }
    if args.keep {
        story::leave_waiting(&mut world, &narratives).await?;
        keep(world, folder).await?;
    } else {
        world.stop().await?;
    }
    if wrong.is_empty() {
        return Ok(());
    }
    Err(wrong.iter().fold(Failure::other("the demo did not come out as specified"), |failure, one| failure.advise(one)))
}

/// Leaves the daemon running until Ctrl-C, with commands to paste and pages to open.
async fn keep(world: World, folder: tempfile::TempDir) -> Result<(), Failure> {
    for line in world.commands().into_iter().chain(world.pages().await?) {
        print::line(&line);
    }
    let stop = crate::platform::shutdown::shutdown_signal()
        .map_err(|error| Failure::other(format!("signals cannot be heard: {error}")))?;
    stop.await;
    world.stop().await?;
    folder.close().map_err(|error| Failure::other(format!("the demo's folder remains: {error}")))
}
