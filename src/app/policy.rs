//! `homeward policy explain`: which rules send a submission where, and why.

use std::path::{Path, PathBuf};

use jiff::Timestamp;

use super::{cli::PolicyCommand, client, failure::Failure, show, wiring};
use crate::{
    platform::{Clock, SystemClock},
    wire::offline::{explanation_json, judge_json},
};

pub(super) fn run(command: PolicyCommand) -> Result<(), Failure> {
    let PolicyCommand::Explain { files, at, json, policy } = command;
    let rulebook = wiring::rulebook(policy.as_deref())?;
    explain_each(&files, at, policy.as_deref(), |text| {
        client::answer(json, text, |value| show::explanation(value, &rulebook.policy.rules));
    })
}

/// Judges each file as received at `at`, now where it is not said, and gives the explanation's JSON to `each`.
pub(super) fn explain_each(
    files: &[PathBuf],
    at: Option<Timestamp>,
    policy: Option<&Path>,
    each: impl Fn(&str),
) -> Result<(), Failure> {
    let rulebook = wiring::rulebook(policy)?;
    for file in files {
        let text = client::read(file)?;
        let now = at.unwrap_or_else(|| SystemClock.now());
        let judged = judge_json(&text, &rulebook, now);
        let routed = judged.map_err(|error| Failure::from(error).about(&file.display().to_string()))?;
        each(&explanation_json(&routed, &rulebook, now).map_err(|error| Failure::other(error.to_string()))?);
    }
    Ok(())
}
