//! `homeward compact`: a store that no daemon has open is written anew, without what sled never gives back and without anything
//! that was sealed in what was erased.

use std::path::PathBuf;

use serde_json::json;

use super::{
    config::{Config, Engine},
    examining::{Teller, Where},
    failure::Failure,
    print, wiring,
};
use crate::{
    platform::{Clock, SystemClock},
    store::Compaction,
};

#[derive(Debug, clap::Args)]
pub(super) struct CompactArgs {
    /// Folder of the store, as store.path names it. No daemon may have it open.
    #[arg(value_name = "STORE", required_unless_present = "config")]
    store: Option<PathBuf>,
    /// The store that this configuration of a daemon names. One in a database needs no compaction.
    #[arg(long, value_name = "FILE", conflicts_with = "store")]
    config: Option<PathBuf>,
    /// Where queues, lists, kept roots or counts do not agree with records and ledger, make them again from those.
    #[arg(long)]
    rebuild: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(args: &CompactArgs) -> Result<(), Failure> {
    let store = place(args)?;
    let how = Compaction { at: SystemClock.now(), rebuild: args.rebuild };
    let mut teller = Teller::new(Where::Folder(&store), args.json, "writing the store anew");
    let compacted = wiring::compact(&store, &how, &mut teller);
    let advice = teller.ends();
    let compacted = compacted.map_err(|failure| advice.into_iter().fold(failure, Failure::advise))?;
    if args.json {
        let told = json!({
            "before": compacted.before, "after": compacted.after, "records": compacted.records,
            "entries": compacted.entries, "erased": compacted.erased, "rebuilt": compacted.rebuilt,
        });
        print::line(&told.to_string());
        return Ok(());
    }
    let mega = |bytes: u64| format!("{}.{} MB", bytes / 1_000_000, bytes / 100_000 % 10);
    print::line(&format!(
        "compacted: {} records and {} entries, {} where there were {}",
        compacted.records,
        compacted.entries,
        mega(compacted.after),
        mega(compacted.before)
    ));
    if compacted.erased > 0 {
        print::line(&format!("gone from the disk: what was sealed in {} erased records", compacted.erased));
    }
    if compacted.rebuilt > 0 {
        print::line(&format!("made again: {} that did not agree", compacted.rebuilt));
    }
    Ok(())
}

/// The folder of the store.
fn place(args: &CompactArgs) -> Result<PathBuf, Failure> {
    let Some(file) = &args.config else {
        return args.store.clone().ok_or_else(|| Failure::usage("give the folder of a store, or --config"));
    };
    let config = Config::load(file)?;
    match config.store.engine {
        Engine::Sled => Ok(config.store.path),
        Engine::Postgres => Err(Failure::bad_data("store.url: a store in a database needs no compaction")
            .advise("PostgreSQL gives room back by itself (autovacuum); what was erased cannot be read from the moment of its erasure, for its keys are gone")
            .advise("to have that gone from the database's files too: VACUUM FULL homeward_keys with every broker stopped, and let replicas, backups and archived WAL of the database from before expire")),
    }
}
