//! `homeward policy check`: what was proved of the reference data, and every fault with what to do.

use std::path::Path;

use jiff::{Span, civil::Date};
use serde_json::{Value, json};

use super::{client, failure::Failure, page::Page, print, rulebook};
use crate::{
    domain::{
        grants::Grants,
        proof::{Finding, Proof},
    },
    platform::{Clock, SystemClock},
    reference::ReferenceError,
};

/// Proves the reference data of `folder` from one day until another, also against `grants`; exit 65 where a fault was found.
pub(super) fn check(
    folder: Option<&Path>,
    (from, until): (Option<Date>, Option<Date>),
    grants: Option<Grants>,
    json: bool,
) -> Result<(), Failure> {
    let rulebook = rulebook::read(folder).map_err(|wrong| unread(wrong, json))?;
    let from = from.unwrap_or_else(|| rulebook.policy.calendar.date(SystemClock.now()));
    let until = until.unwrap_or_else(|| from.saturating_add(Span::new().years(1)));
    if until < from {
        return Err(Failure::usage("--until is before --from"));
    }
    let mut proof = rulebook.proof_of(from, until, &|| true);
    if let Some(grants) = grants {
        proof.hold_to(&grants.under(rulebook.vetting().clone()), SystemClock.now());
    }
    let value = as_json(&proof, &hex::encode(rulebook.fingerprint));
    tell(&value.to_string(), json, proof.faults.len())
}

/// Has a running daemon check the reference data of `folder`, as it would before it puts it in force.
pub(super) async fn check_there(folder: Option<&Path>, profile: &Path, json: bool) -> Result<(), Failure> {
    let files = rulebook::sendable(folder).map_err(|wrong| unread(wrong, json))?;
    let text = client::connect_to(profile).await?.check_policy(&files).await?;
    let value: Value = serde_json::from_str(&text).unwrap_or_default();
    tell(&text, json, list(&value["faults"]).count())
}

/// Files that cannot be read have faults as well, and a program is told them in the same form.
fn unread(wrong: Vec<ReferenceError>, json: bool) -> Failure {
    if json {
        let to_do = "mend it: nothing is proved of files that cannot be read";
        let faults = wrong.iter().map(|one| json!({ "file": one.file, "at": one.at, "what": one.what, "places": [], "to_do": to_do, "since": "" }));
        let faults = faults.collect::<Vec<_>>();
        print::line(&json!({ "ok": false, "proven": [], "faults": faults, "warnings": [] }).to_string());
    }
    rulebook::refused(wrong)
}

fn tell(text: &str, json: bool, faults: usize) -> Result<(), Failure> {
    client::answer(json, text, page);
    match faults {
        0 => Ok(()),
        faults => Err(Failure::bad_data(format!(
            "the reference data has {}; do not put it in force",
            rulebook::counted(faults)
        ))),
    }
}

fn as_json(proof: &Proof, fingerprint: &str) -> Value {
    let finding = |one: &Finding| json!({ "file": one.file, "at": one.at, "what": one.told(), "places": one.places, "to_do": one.to_do, "since": one.since.to_string() });
    let proven = proof.proven.iter().map(|one| json!({ "name": one.name, "count": one.count, "words": one.words }));
    json!({
        "ok": proof.faults.is_empty(),
        "fingerprint": fingerprint,
        "from": proof.from.to_string(),
        "until": proof.until.to_string(),
        "proven": proven.collect::<Vec<_>>(),
        "faults": proof.faults.iter().map(finding).collect::<Vec<_>>(),
        "warnings": proof.warnings.iter().map(finding).collect::<Vec<_>>(),
    })
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn page(value: &Value) -> Vec<String> {
    let word = |of: &Value, name: &str| of[name].as_str().unwrap_or_default().to_owned();
    let mut page = Page::default();
    if value.get("from").is_some() {
        page.line(format!("Looked at, for {} to {}", word(value, "from"), word(value, "until")));
    }
    for one in list(&value["proven"]) {
        let count = one["count"].as_str().map_or_else(|| one["count"].to_string(), str::to_owned);
        page.entry(8, &format!("{count:>7}"), &word(one, "words"));
    }
    for (findings, heading) in [(&value["warnings"], "Warnings"), (&value["faults"], "Faults")] {
        if list(findings).next().is_some() {
            page.heading(heading);
        }
        for one in list(findings) {
            let since = Some(word(one, "since")).filter(|day| !day.is_empty());
            let since = since.map_or_else(String::new, |day| format!(", from {day}"));
            page.entry(0, "", &format!("{}: {}{since}: {}", word(one, "file"), word(one, "at"), word(one, "what")));
            page.entry(4, "", &word(one, "to_do"));
        }
    }
    if let more @ 1.. = value["more_findings"].as_u64().unwrap_or_default() {
        page.line(format!("and {more} more"));
    }
    if list(&value["faults"]).next().is_none() {
        page.heading("No fault.");
    }
    page.line(format!("fingerprint {}", word(value, "fingerprint")));
    page.lines
}
