//! `homeward audit verify --deep`: a store is walked whole, and every disagreement named with what mends it.

use std::path::Path;

use serde_json::json;

use crate::{
    app::{examining::Teller, failure::Failure, print, wiring},
    ledger::Checkpoint,
};

/// Walks the store in `dir`.
pub(super) fn verify(dir: &Path, since: Option<Checkpoint>, as_json: bool) -> Result<(), Failure> {
    let older = since.as_ref().map(|since| since.size);
    let mut teller = Teller::new(dir, as_json, "walking the store");
    let examined = wiring::examine(dir, since, &mut teller)?;
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
        let failure = Failure::bad_data(format!("{}: {findings} disagreements", dir.display()));
        return Err(advice.into_iter().fold(failure, Failure::advise));
    }
    if !as_json {
        let continues = older.map_or_else(String::new, |size| format!(", and continues {size} entries"));
        print::line(&format!("whole: everything agrees{continues}"));
    }
    Ok(())
}
