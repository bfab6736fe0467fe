//! Policies to the wire.

use super::wire_time;
use crate::{
    broker::{Activation, Checked, Fault, KeptPolicy},
    reference::version_of,
    wire::{pb, received::sha256},
};

/// Most faults that are told, and most warnings.
const MOST_FINDINGS: usize = 500;

/// An activation.
pub fn activation(one: &Activation) -> pb::PolicyActivation {
    pb::PolicyActivation {
        number: one.number,
        fingerprint: hex::encode(one.fingerprint),
        activate_time: Some(wire_time(one.at)),
        proposer: one.proposer.clone(),
        approver: one.approver.clone(),
        proposal_id: one.proposal.to_string(),
    }
}

/// A kept set of files, with the texts of those that were asked for.
pub fn kept_policy(kept: &KeptPolicy, with_text: &[String]) -> pb::Policy {
    let file = |(name, text): (&str, &str)| pb::PolicyFileVersion {
        name: name.to_owned(),
        version: version_of(text),
        sha256: hex::encode(sha256(text.as_bytes())),
        size_bytes: text.len() as u64,
        text: if with_text.iter().any(|wanted| wanted == name) { text.to_owned() } else { String::new() },
    };
    pb::Policy {
        fingerprint: hex::encode(kept.fingerprint),
        in_force: kept.in_force,
        files: kept.files.iter().map(file).collect(),
    }
}

/// What a check found.
pub fn checked_policy(checked: &Checked) -> pb::CheckPolicyResponse {
    let some = |findings: &[Fault]| findings.iter().take(MOST_FINDINGS).map(finding).collect::<Vec<_>>();
    let more = |findings: &[Fault]| findings.len().saturating_sub(MOST_FINDINGS);
    let more_findings = more(&checked.faults) + more(&checked.warnings);
    pb::CheckPolicyResponse {
        fingerprint: hex::encode(checked.fingerprint),
        sound: checked.faults.is_empty(),
        faults: some(&checked.faults),
        warnings: some(&checked.warnings),
        more_findings: u32::try_from(more_findings).unwrap_or(u32::MAX),
        proven: checked
            .proven
            .iter()
            .map(|one| pb::PolicyProof {
                name: one.name.to_owned(),
                count: one.count as u64,
                words: one.words.to_owned(),
            })
            .collect(),
    }
}

fn finding(one: &Fault) -> pb::PolicyFinding {
    pb::PolicyFinding {
        file: one.file.clone(),
        at: one.at.clone(),
        what: one.what.clone(),
        to_do: one.to_do.clone(),
        since: one.since.map_or_else(String::new, |day| day.to_string()),
    }
}
