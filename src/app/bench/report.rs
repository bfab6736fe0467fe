//! One document for programs, and the same as a table for people.

use serde_json::{Value, json};

use super::{
    rounds::{Measured, What},
    targets,
};

/// What each measurement is called.
pub(super) fn words(what: What) -> &'static str {
    match what {
        What::Disk => "append and fdatasync",
        What::Echo => "echo, one call each",
        What::EchoStream => "echo, streams",
        What::BareHandshake => "bare handshakes",
        What::Handshake => "new connections",
        What::Submit => "submit, one call each",
        What::SubmitStream => "submit, streams",
        What::Settle => "pull, open, complete",
        What::SettleMany => "the same by 16",
    }
}

/// The document.
pub(super) fn of(mut measured: Measured) -> Value {
    let targets = targets::of(&mut measured);
    let keys: Vec<(What, usize)> = measured.tallies.keys().copied().collect();
    let mut rows = Vec::new();
    for (what, callers) in keys {
        let against = what.limit().and_then(|limit| measured.rate(limit, callers));
        let Some(tally) = measured.tallies.get_mut(&(what, callers)) else { continue };
        let mut row = tally.json();
        row["what"] = json!(words(what));
        row["callers"] = json!(callers);
        row["limit"] = json!(what.limit().map(words));
        row["of_the_limit"] = json!(against.map(|against| tally.per_second() / against));
        rows.push(row);
    }
    json!({
        "machine": { "processors": std::thread::available_parallelism().map_or(1, std::num::NonZero::get) },
        "measured": rows,
        "memory": {
            "idle_megabytes": measured.idle_megabytes,
            "after_megabytes": measured.after_megabytes,
        },
        "records": {
            "submitted": measured.records,
            "no_room_for_more": measured.full,
            "submission_bytes": measured.submission_bytes,
            "store_bytes": measured.store_bytes,
        },
        "targets": targets,
    })
}

/// The table.
pub(super) fn told(report: &Value) -> Vec<String> {
    let mut lines = vec![format!(
        "{:24} {:>7} {:>10} {:>9} {:>9} {:>12} {:>13}",
        "", "callers", "a second", "p50 ms", "p99 ms", "CPU s/10000", "of the limit"
    )];
    for row in report["measured"].as_array().into_iter().flatten() {
        let number = |name: &str, digits: usize| {
            row[name].as_f64().map_or_else(|| "-".to_owned(), |value| format!("{value:.digits$}"))
        };
        lines.push(format!(
            "{:24} {:>7} {:>10} {:>9} {:>9} {:>12} {:>13}",
            row["what"].as_str().unwrap_or_default(),
            row["callers"],
            number("per_second", 0),
            number("p50_ms", 2),
            number("p99_ms", 2),
            number("server_cpu_seconds_per_10000", 2),
            number("of_the_limit", 3),
        ));
        for (reason, times) in row["refused"].as_object().into_iter().flatten() {
            lines.push(format!("    refused: {times} {reason}"));
        }
    }
    lines.push(String::new());
    lines.push(format!("{:72} {:>8} {:>8} {:>8}", "", "is", "floor", "goal"));
    for target in report["targets"].as_array().into_iter().flatten() {
        let number = |name: &str| target[name].as_f64().unwrap_or_default();
        lines.push(format!(
            "{:72} {:>8.3} {:>8.3} {:>8.3}  {} {}",
            target["what"].as_str().unwrap_or_default(),
            number("value"),
            number("floor"),
            number("goal"),
            target["unit"].as_str().unwrap_or_default(),
            match target["met"].as_str() {
                Some("goal") => "- goal met",
                Some("floor") => "- floor met",
                _ => "- NOT MET",
            },
        ));
    }
    let records = &report["records"];
    let full = if records["no_room_for_more"] == true { ", the most that there was room for," } else { "" };
    let disk =
        records["store_bytes"].as_f64().map_or_else(String::new, |bytes| format!(", {:.0} MB on disk", bytes / 1e6));
    lines.push(format!(
        "{} records{full} were submitted, of {} bytes each{disk}. Only ratios within one run mean anything.",
        records["submitted"], records["submission_bytes"],
    ));
    lines
}
