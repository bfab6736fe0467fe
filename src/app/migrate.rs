//! `homeward migrate`: an embedded store is moved into a database that several brokers share, verified key by key before any of them
//! serves from it. Killed at any moment, the same command goes on.

use std::path::PathBuf;

use serde_json::json;

use super::{
    config::Config,
    database,
    examining::{Teller, Where},
    failure::Failure,
    print,
    progress::Progress,
    wiring,
};
use crate::{
    broker::moved_entry,
    platform::{Clock, SystemClock},
    store::{Origin, StoreError, postgres::Moving, sled::Still},
};

#[derive(Debug, clap::Args)]
#[command(after_help = MIGRATE_HELP)]
pub(super) struct MigrateArgs {
    /// Where to.
    #[arg(long, value_enum)]
    to: Target,
    /// Configuration of the daemon, which must not be running: store.path is the store to be moved, store.url the database.
    #[arg(long, value_name = "FILE")]
    config: PathBuf,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Target {
    /// The PostgreSQL database that store.url names.
    Postgres,
}

const MIGRATE_HELP: &str = "\
The database must be there and empty; its owner is the user of store.url. What was moved is held against the store key by key, and
its ledger says MIGRATION, before a broker serves from it. Then the old store opens no longer; set store.engine = \"postgres\" and start.
Killed or broken off, run the same command again: it goes on where it was.
Back: shut the doors first, for what is accepted after the backup stays behind (deploy/RUNBOOK.md, Moving): one broker on a loopback
address alone, `homeward audit checkpoint` and `homeward backup` of it, then `homeward restore --at-least` with store.engine = \"sled\".";

/// Moves a store.
pub(super) fn run(args: &MigrateArgs) -> Result<(), Failure> {
    let Target::Postgres = args.to;
    let config = Config::load(&args.config)?;
    let dir = &config.store.path;
    let mut teller = Teller::new(Where::Folder(dir), args.json, "walking the store");
    let still = wiring::still(dir, &mut teller);
    let advice = teller.ends();
    let still = still.map_err(|failure| advice.into_iter().fold(failure, Failure::advise))?;
    let origin = still.origin();
    let moved = match database::moving(&config, origin)? {
        Some(moving) => {
            let resumed = moving.from().is_none_or(|from| !from.is_empty());
            Some((moved(&still, moving, origin)?, resumed))
        }
        None => None,
    };
    // It was done, also where this is said a second time.
    still.is_moved().map_err(|error| Failure::unavailable(format!("{}: {error}", dir.display())))?;
    told(args, &config, origin, moved);
    Ok(())
}

/// Moves what is not there yet and verifies all of it; answers with how many keys there are.
fn moved(still: &Still, mut moving: Moving, origin: &Origin) -> Result<u64, Failure> {
    let broken = |error: StoreError| {
        Failure::unavailable(format!("the store is where it was: {error}"))
            .advise("run the same command again: it goes on where it was")
    };
    let progress = Progress::new(2 * origin.keys);
    progress.says("moving");
    let (mut from, mut keys) = (Some(Vec::new()), 0);
    while let Some(at) = from {
        let part = still.part(&at).map_err(broken)?;
        // What an earlier attempt has moved is read past.
        let is_new = |reached: &[u8]| part.next.as_deref().is_none_or(|next| next > reached);
        if moving.from().is_some_and(is_new) {
            moving.take(&part).map_err(broken)?;
        }
        keys += part.keys;
        progress.of(2 * origin.keys.max(keys));
        progress.at(keys);
        from = part.next;
    }
    progress.says("verifying what was moved");
    let (mut from, mut same) = (Some(Vec::new()), 0);
    while let Some(at) = from {
        let part = still.part(&at).map_err(broken)?;
        if moving.part(&at).map_err(broken)? != part {
            return Err(Failure::other("what is in the database is not what was moved; the store is where it was")
                .advise("somebody else writes to this database, or it is damaged: take another"));
        }
        same += part.keys;
        progress.at(keys + same);
        from = part.next;
    }
    // Two that go on from the same ledger would be a fork: from here on the old one opens no longer, come what may.
    still.is_moved().map_err(broken)?;
    let entry = moved_entry(SystemClock.now(), "postgres", &origin.copied.head);
    moving.arrives(&entry).map_err(|error| {
        Failure::unavailable(format!("all of it is in the database, and the last step had no answer: {error}"))
            .advise("run the same command again: it ends what was begun")
    })?;
    Ok(keys)
}

fn told(args: &MigrateArgs, config: &Config, origin: &Origin, moved: Option<(u64, bool)>) {
    let (head, records) = (&origin.copied.head, origin.copied.records);
    let root = hex::encode(head.root);
    if args.json {
        let told = json!({
            "records": records, "entries": head.size, "root": root, "keys": moved.map(|(keys, _)| keys),
            "resumed": moved.is_some_and(|(_, resumed)| resumed), "already": moved.is_none(),
        });
        print::line(&told.to_string());
        return;
    }
    match moved {
        Some((keys, resumed)) => {
            let resumed = if resumed { ", going on where it was broken off" } else { "" };
            print::line(&format!("moved: {records} records and {} entries ({keys} keys){resumed}", head.size));
            print::line(&format!("verified: every key is in the database as it was; root {root}"));
        }
        None => {
            print::line(&format!("moved before: {records} records and {} entries", head.size));
            print::line(&format!("the database's ledger goes on from root {root}; whether all agrees in it says"));
            print::line("  homeward audit verify --deep --config FILE");
        }
    }
    print::line("next: store.engine = \"postgres\", then start the brokers");
    print::line(&format!(
        "{} opens no longer; remove what is in it once you rely on the database, for what is erased from now on is still there",
        config.store.path.display()
    ));
}
