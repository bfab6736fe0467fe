//! `homeward audit verify --deep`: a store is walked whole, and every disagreement named with what mends it.

use std::path::Path;

use serde_json::json;

use crate::{
    app::{failure::Failure, print, progress::Progress, wiring},
    ledger::Checkpoint,
    store::{Examining, Finding, Mend},
};

/// Walks the store in `dir`.
pub(super) fn verify(dir: &Path, since: Option<Checkpoint>, as_json: bool) -> Result<(), Failure> {
    let older = since.as_ref().map(|since| since.size);
    let mut teller = Teller { dir, as_json, progress: Progress::new(1), lost: false };
    teller.progress.says("walking the store");
    let examined = wiring::examine(dir, since, &mut teller)?;
    let lost = teller.lost;
    drop(teller);
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
    match (findings, lost) {
        (0, _) => {
            if !as_json {
                let continues = older.map_or_else(String::new, |size| format!(", and continues {size} entries"));
                print::line(&format!("whole: everything agrees{continues}"));
            }
            Ok(())
        }
        (_, lost) => Err(Failure::bad_data(format!("{}: {findings} disagreements", dir.display()))
            .advise("keep a copy of the folder as it is, for examination")
            .advise(advice(dir, if lost { Mend::Lost } else { Mend::Derived }))),
    }
}

/// The command that mends it.
fn advice(_dir: &Path, mend: Mend) -> &'static str {
    match mend {
        Mend::Derived => "nothing is lost, but the daemon does not serve it: restore the store from its last backup",
        Mend::Lost => {
            "restore the store from its last backup; senders repeat what that has not, with the same request ids"
        }
    }
}

/// Prints findings as they are made.
struct Teller<'d> {
    dir: &'d Path,
    as_json: bool,
    progress: Progress,
    lost: bool,
}

impl Examining for Teller<'_> {
    fn at(&mut self, done: u64, of: u64) {
        self.progress.of(of);
        self.progress.at(done);
    }

    fn found(&mut self, finding: Finding) {
        let mend = finding.relation.mend();
        self.lost |= mend == Mend::Lost;
        let Finding { relation, about, says } = finding;
        let text = if self.as_json {
            let mends = advice(self.dir, mend);
            json!({"relation": relation.code(), "about": about, "says": says, "mend": mends}).to_string()
        } else {
            format!("{relation:<10}  {about}: {says}")
        };
        self.progress.aside(|| print::line(&text));
    }
}
