//! `homeward audit verify --deep`: a store is walked whole, and every disagreement named with what mends it.

use std::path::Path;

use serde_json::json;

use crate::{
    app::{
        config::{Config, Engine},
        database,
        examining::{Teller, Where},
        failure::Failure,
        print, wiring,
    },
    ledger::Checkpoint,
};

/// Walks the store in `dir`, or the one that a configuration names.
pub(super) fn verify(
    dir: Option<&Path>,
    config: Option<&Path>,
    since: Option<Checkpoint>,
    as_json: bool,
) -> Result<(), Failure> {
    let config = config.map(Config::load).transpose()?;
    let there = match (dir, &config) {
        (_, Some(config)) if config.store.engine == Engine::Postgres => Where::Database,
        (_, Some(config)) => Where::Folder(&config.store.path),
        (Some(dir), None) => Where::Folder(dir),
        (None, None) => return Err(Failure::usage("give the folder of a store, or --config")),
    };
    let older = since.as_ref().map(|since| since.size);
    let mut teller = Teller::new(there, as_json, "walking the store");
    let examined = match (there, &config) {
        (Where::Folder(dir), _) => wiring::examine(dir, since, &mut teller)?,
        (Where::Database, Some(config)) => database::examine(config, since, &mut teller)?,
        (Where::Database, None) => return Err(Failure::usage("--config names the database")),
    };
    let advice = teller.ends();
    let (size, root) = (examined.head.size, hex::encode(examined.head.root));
    let (records, deliveries, answers) = (examined.records, examined.deliveries, examined.answers);
    let findings = examined.findings;
    if as_json {
        let whole = json!({
            "entries": size, "root": root, "continues": older.filter(|_| findings == 0), "records": records,
            "deliveries": deliveries, "answers": answers, "findings": findings,
        });
        print::line(&whole.to_string());
    } else {
        print::line(&format!(
            "walked: {size} entries, {records} records, {deliveries} deliveries, {answers} answers, root {root}"
        ));
    }
    if findings > 0 {
        let failure = Failure::bad_data(format!("{there}: {findings} disagreements"));
        return Err(advice.into_iter().fold(failure, Failure::advise));
    }
    if !as_json {
        let continues = older.map_or_else(String::new, |size| format!(", and continues {size} entries"));
        print::line(&format!("whole: everything agrees{continues}"));
    }
    Ok(())
}
