//! `homeward policy check`: what was proved of the reference data, and every fault with what to do.

use std::path::Path;

use jiff::{Span, civil::Date};
use serde_json::{Value, json};

use super::{failure::Failure, page::Page, print, rulebook};
use crate::{
    domain::proof::{Finding, Proof, prove},
    platform::{Clock, SystemClock},
};

/// Proves the reference data of `folder` from `from` until `until`; exit 65 where a fault was found.
pub(super) fn check(folder: Option<&Path>, from: Option<Date>, until: Option<Date>, json: bool) -> Result<(), Failure> {
    let policy = rulebook::rulebook(folder)?.policy;
    let from = from.unwrap_or_else(|| policy.calendar.date(SystemClock.now()));
    let until = until.unwrap_or_else(|| from.saturating_add(Span::new().years(1)));
    if until < from {
        return Err(Failure::usage("--until is before --from"));
    }
    let proof = prove(&policy, from, until, &|| true);
    if json {
        print::line(&as_json(&proof).to_string());
    } else {
        page(&proof).iter().for_each(|line| print::line(line));
    }
    match proof.faults.len() {
        0 => Ok(()),
        1 => Err(Failure::bad_data("the reference data has a fault; do not put it in force")),
        faults => Err(Failure::bad_data(format!("the reference data has {faults} faults; do not put it in force"))),
    }
}

fn as_json(proof: &Proof) -> Value {
    let finding = |one: &Finding| json!({ "file": one.file, "at": one.at, "what": one.what, "to_do": one.to_do, "since": one.since.to_string() });
    let proven = proof.proven.iter().map(|one| json!({ "name": one.name, "count": one.count, "words": one.words }));
    json!({
        "ok": proof.faults.is_empty(),
        "from": proof.from.to_string(),
        "until": proof.until.to_string(),
        "proven": proven.collect::<Vec<_>>(),
        "faults": proof.faults.iter().map(finding).collect::<Vec<_>>(),
        "warnings": proof.warnings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn page(proof: &Proof) -> Vec<String> {
    let mut page = Page::default();
    page.line(format!("Looked at, for {} to {}", proof.from, proof.until));
    for one in &proof.proven {
        page.entry(8, &format!("{:>7}", one.count), one.words);
    }
    for (findings, heading) in [(&proof.warnings, "Warnings"), (&proof.faults, "Faults")] {
        if !findings.is_empty() {
            page.heading(heading);
        }
        for one in findings {
            page.entry(0, "", &format!("{}: {}, from {}: {}", one.file, one.at, one.since, one.what));
            page.entry(4, "", one.to_do);
        }
    }
    if proof.faults.is_empty() {
        page.heading("No fault.");
    }
    page.lines
}
