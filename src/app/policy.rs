//! `homeward policy`: which rules send a submission where and why, and whether the reference data is whole.

use std::path::PathBuf;

use clap::Subcommand;
use jiff::{Timestamp, civil::Date};

use super::{client, explained, failure::Failure, proved, rulebook};
use crate::{
    broker::Rulebook,
    platform::{Clock, SystemClock},
    wire::offline::{explanation_json, judge_json},
};

#[derive(Debug, Subcommand)]
pub(super) enum PolicyCommand {
    /// Prove the reference data before it is put in force: every place, rule, class and hour has a destination that exists, with
    /// deadlines and somebody there, on every day on which something changes. Exit 65 if there is a fault.
    Check {
        /// First day, e.g. 2027-01-01. Default: today.
        #[arg(long, value_name = "DAY")]
        from: Option<Date>,
        /// Last day. Default: a year after the first.
        #[arg(long, value_name = "DAY")]
        until: Option<Date>,
        /// Print JSON, one line.
        #[arg(long)]
        json: bool,
        /// Reference data to prove in place of the embedded one.
        #[arg(long, value_name = "DIR")]
        policy: Option<PathBuf>,
    },
    /// Say which rules send a submission where, and why.
    Explain {
        /// Submissions in protobuf JSON; `-` is stdin.
        #[arg(required = true, value_name = "FILE")]
        files: Vec<PathBuf>,
        /// As if received at this time, e.g. 2026-11-20T16:30:00Z. Default: now.
        #[arg(long, value_name = "TIME")]
        at: Option<Timestamp>,
        /// Judge by this version of the rule table, whatever the time: what it decided then, or would decide.
        #[arg(long, value_name = "VERSION")]
        rule_set: Option<String>,
        /// Print protobuf JSON, one explanation a line.
        #[arg(long)]
        json: bool,
        /// Reference data to use in place of the embedded one.
        #[arg(long, value_name = "DIR")]
        policy: Option<PathBuf>,
    },
}

pub(super) fn run(command: PolicyCommand) -> Result<(), Failure> {
    let (files, at, rule_set, json, policy) = match command {
        PolicyCommand::Check { from, until, json, policy } => {
            return proved::check(policy.as_deref(), from, until, json);
        }
        PolicyCommand::Explain { files, at, rule_set, json, policy } => (files, at, rule_set, json, policy),
    };
    let mut rulebook = rulebook::rulebook(policy.as_deref())?;
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
