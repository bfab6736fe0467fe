//! Verifying what was exported or filed, without a broker and with nothing but the ledger's public key.

use std::{fs, path::Path};

use serde_json::{Value, json};

use crate::{
    app::{client, failure::Failure, print},
    ledger::{
        Checkpoint, Entry, FiledErasure, FiledReceipt, VerifierKey, base64_bytes, export_line, sha256, verify_export,
    },
    wire::offline::{reporter_in, request_bytes},
};

/// The bytes of a base64 text.
pub(super) fn bytes(text: &str) -> Option<Vec<u8>> {
    base64_bytes(text)
}

/// The line of an entry, which came as base64.
pub(super) fn entry_line(index: u64, encoded: &str) -> Result<String, Failure> {
    let entry = bytes(encoded).ok_or_else(|| Failure::bad_data(format!("entry {index} cannot be read")))?;
    Ok(format!("{}\n", export_line(index, &entry)))
}

/// `homeward audit verify`.
pub(super) fn verify(file: &Path, key: &VerifierKey, since: Option<&Path>, as_json: bool) -> Result<(), Failure> {
    let since = since.map(|since| older(since, key)).transpose()?;
    let text = client::read(file)?;
    let about = |damage: String| Failure::bad_data(format!("{}: {damage}", file.display()));
    let verified = verify_export(&text, key, since).map_err(|damage| {
        about(damage.to_string()).advise("keep the file as it is, and compare it with an earlier export or a backup")
    })?;
    let Checkpoint { size, root } = verified.checkpoint;
    let older = verified.since.map(|since| since.size);
    if as_json {
        print::line(&json!({"size": size, "root": hex::encode(root), "continues": older}).to_string());
    } else {
        let continues =
            older.map_or_else(String::new, |older| format!(", continues the checkpoint of {older} entries"));
        print::line(&format!("whole: {size} entries, root {}, signed{continues}", hex::encode(root)));
    }
    Ok(())
}

/// Whether an exported ledger continues a checkpoint.
pub(super) fn continues(file: &Path, key: &VerifierKey, old: &Checkpoint) -> Result<(), Failure> {
    let verified = verify_export(&client::read(file)?, key, Some(old.clone()));
    verified.map(|_| ()).map_err(|damage| Failure::bad_data(format!("{}: {damage}", file.display())))
}

/// The checkpoint in a file: a checkpoint by itself, or at the end of a receipt or of an export.
pub(super) fn older(file: &Path, key: &VerifierKey) -> Result<Checkpoint, Failure> {
    let text = client::read(file)?;
    let parts: Vec<&str> = text.split("\n\n").collect();
    let note = match parts.as_slice() {
        [.., words, signature] => format!("{words}\n\n{}\n", signature.trim_end()),
        _ => text.clone(),
    };
    key.open(&note).map_err(|error| Failure::bad_data(format!("{}: the checkpoint is {error}", file.display())))
}

/// What holds.
pub(super) enum Checked {
    /// A receipt, and of the submission that was given, which it is about, the name of its reporter.
    Receipt(FiledReceipt, Entry, Checkpoint, Option<String>),
    /// A certificate of destruction.
    Destruction(FiledErasure, Entry, Checkpoint),
}

/// `homeward audit check`: all that needs no ledger.
pub(super) fn check(
    file: &Path,
    key: &VerifierKey,
    submission: Option<&Path>,
    request_id: Option<&str>,
) -> Result<Checked, Failure> {
    let about = |why: String| Failure::bad_data(format!("{}: {why}", file.display()));
    let text = client::read(file)?;
    if FiledErasure::is_one(&text) {
        if submission.is_some() {
            return Err(Failure::usage("a certificate of destruction is about no submission: leave --submission out"));
        }
        let (filed, entry, checkpoint) = FiledErasure::verify(&text, key).map_err(|error| about(error.to_string()))?;
        return Ok(Checked::Destruction(filed, entry, checkpoint));
    }
    let (receipt, entry, checkpoint) = FiledReceipt::verify(&text, key).map_err(|error| about(error.to_string()))?;
    let mut reporter = None;
    if let Some(submission) = submission {
        let sent = match request_id {
            Some(id) => request_bytes(id, &client::read(submission)?)?,
            None => {
                fs::read(submission).map_err(|error| Failure::bad_data(format!("{}: {error}", submission.display())))?
            }
        };
        if sha256(&[&sent]) != receipt.digest {
            return Err(about(format!("it is not about {}", submission.display()))
                .advise("a submission in JSON needs the --request-id under which it was sent"));
        }
        // The digest is that of these bytes: the name in them is the one that was submitted.
        reporter = Some(reporter_in(&sent).unwrap_or_default());
    }
    Ok(Checked::Receipt(receipt, entry, checkpoint, reporter))
}

impl Checked {
    /// Its checkpoint.
    pub(super) fn checkpoint(&self) -> &Checkpoint {
        match self {
            Self::Receipt(_, _, checkpoint, _) | Self::Destruction(_, _, checkpoint) => checkpoint,
        }
    }

    /// Says what was proven.
    pub(super) fn print(&self, continued: bool, as_json: bool) {
        let (lines, value) = match self {
            Self::Receipt(receipt, entry, _, submission) => submitted(receipt, entry, submission.as_deref()),
            Self::Destruction(_, entry, _) => destroyed(entry),
        };
        let index = match self {
            Self::Receipt(receipt, ..) => receipt.index,
            Self::Destruction(filed, ..) => filed.index,
        };
        let size = self.checkpoint().size;
        if as_json {
            let mut value = value;
            (value["index"], value["size"], value["continued"]) = (json!(index), json!(size), json!(continued));
            print::line(&value.to_string());
            return;
        }
        lines.iter().for_each(|line| print::line(line));
        let then = if continued { ", which the ledger continues" } else { "" };
        print::line(&format!("  entry {index} of a signed ledger of {size} entries{then}"));
    }
}

fn record_of(entry: &Entry) -> String {
    entry.record.map(|id| id.hyphenated().to_string()).unwrap_or_default()
}

/// `named`: the name of the reporter in the submission that was given, empty where it has none.
fn submitted(receipt: &FiledReceipt, entry: &Entry, named: Option<&str>) -> (Vec<String>, Value) {
    let (record, digest) = (record_of(entry), hex::encode(receipt.digest));
    let queues: Vec<&str> = entry.recipients.iter().map(|queue| queue.as_str()).collect();
    let reporter = entry.actor.map(hex::encode).unwrap_or_default();
    let name = named.filter(|name| !name.is_empty()).map_or_else(String::new, |name| format!(", who is {name}"));
    let lines = vec![
        format!("proven: referral {record} was submitted at {}", entry.at),
        format!("  by {}, reporter {reporter}{name}", entry.who),
        format!("  to {}", queues.join(" ")),
        format!("  digest {digest}{}", if named.is_some() { ", that of the submission" } else { "" }),
    ];
    let value = json!({
        "referral_id": record, "submitted_time": entry.at.to_string(), "by": entry.who, "reporter": reporter,
        "reporter_name": named.unwrap_or_default(), "queues": queues, "digest": digest, "submission": named.is_some(),
    });
    (lines, value)
}

fn destroyed(entry: &Entry) -> (Vec<String>, Value) {
    let record = record_of(entry);
    let by = if entry.who.is_empty() { "the broker, by itself" } else { &entry.who };
    let lines = vec![
        format!("proven: the content of referral {record} was destroyed at {}", entry.at),
        format!("  by {by}: {}", entry.details.join(" ")),
    ];
    let value = json!({
        "referral_id": record, "erased_time": entry.at.to_string(), "by": entry.who, "details": entry.details,
    });
    (lines, value)
}
