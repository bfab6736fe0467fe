//! `homeward policy explain`: which rules send a submission where, and why.

use std::path::PathBuf;

use jiff::Timestamp;

use super::{cli::PolicyCommand, client, explained, failure::Failure, wiring};
use crate::{
    broker::Rulebook,
    platform::{Clock, SystemClock},
    wire::offline::{explanation_json, judge_json},
};

pub(super) fn run(command: PolicyCommand) -> Result<(), Failure> {
    let PolicyCommand::Explain { files, at, rule_set, json, policy } = command;
    let mut rulebook = wiring::rulebook(policy.as_deref())?;
    if let Some(version) = rule_set {
        by_version(&mut rulebook, &version)?;
    }
    explain_each(&files, at, &rulebook, |text| client::answer(json, text, explained::explanation))
}

/// Judges each file as received at `at`, now where it is not said, and gives the explanation's JSON to `each`.
pub(super) fn explain_each(
    files: &[PathBuf],
    at: Option<Timestamp>,
    rulebook: &Rulebook,
    each: impl Fn(&str),
) -> Result<(), Failure> {
    for file in files {
        let text = client::read(file)?;
        let now = at.unwrap_or_else(|| SystemClock.now());
        let judged = judge_json(&text, rulebook, now);
        let routed = judged.map_err(|error| Failure::from(error).about(&file.display().to_string()))?;
        each(&explanation_json(&routed, rulebook, now).map_err(|error| Failure::other(error.to_string()))?);
    }
    Ok(())
}

/// Leaves only this version of the rule table in force.
fn by_version(rulebook: &mut Rulebook, version: &str) -> Result<(), Failure> {
    let rules = &mut rulebook.policy.rules;
    let Some(only) = rules.only(version) else {
        let known: Vec<&str> = rules.all().iter().map(|set| set.version.as_str()).collect();
        let advice = format!("there are: {}", known.join(", "));
        return Err(Failure::bad_data("there is no such version of the rule table").advise(advice));
    };
    *rules = only;
    Ok(())
}
