//! `homeward policy`: which rules send a submission where and why, whether the reference data is whole, and what a running
//! daemon goes by.

use std::path::{Path, PathBuf};

use clap::Subcommand;
use jiff::{Timestamp, civil::Date};
use serde_json::Value;

use super::{cli::ClientArgs, client, compared, explained, failure::Failure, policies, proved, rulebook, wiring};
use crate::{
    broker::{Fault, Rulebook},
    platform::{Clock, SystemClock},
    wire::offline::{explanation_json, judge_json},
};

#[derive(Debug, Subcommand)]
pub(super) enum PolicyCommand {
    /// Prove the reference data before it is put in force: every place, rule, class and hour has a destination that exists, with
    /// deadlines and somebody there, on every day on which something changes. Exit 65 if there is a fault.
    Check {
        /// First day, e.g. 2027-01-01. Default: today.
        #[arg(long, value_name = "DAY", conflicts_with = "profile")]
        from: Option<Date>,
        /// Last day. Default: a year after the first.
        #[arg(long, value_name = "DAY", conflicts_with = "profile")]
        until: Option<Date>,
        /// Print JSON, one line.
        #[arg(long)]
        json: bool,
        /// Reference data to prove in place of the embedded one.
        #[arg(long, value_name = "DIR")]
        policy: Option<PathBuf>,
        /// Hold it also against the grants of this configuration: whoever is granted a queue must be vetted as it asks.
        #[arg(long, value_name = "FILE", conflicts_with = "profile")]
        config: Option<PathBuf>,
        /// Profile folder of a policy administrator: have the running daemon check it, against what is in force there.
        #[arg(long, value_name = "DIR")]
        profile: Option<PathBuf>,
    },
    /// Show the policy that a running daemon goes by, or one that it keeps: its fingerprint, the version of each file, and what
    /// was activated when and by whom.
    Get {
        #[command(flatten)]
        client: ClientArgs,
        /// Fingerprint of a kept policy: one that was in force, or is proposed. Default: that in force.
        #[arg(value_name = "FINGERPRINT", default_value = "", hide_default_value = true)]
        version: String,
        /// Print the text of this file, e.g. directory.toml or rules/2026-11-3.toml.
        #[arg(long, value_name = "NAME", conflicts_with = "out")]
        file: Option<String>,
        /// Write all its files into this new folder, to be compared, checked, or changed.
        #[arg(long, value_name = "DIR")]
        out: Option<PathBuf>,
    },
    /// Propose to put reference data in force on a running daemon; a second policy administrator approves.
    Activate {
        #[command(flatten)]
        client: ClientArgs,
        /// Folder of reference data.
        #[arg(long, value_name = "DIR", required_unless_present = "kept")]
        policy: Option<PathBuf>,
        /// In place of a folder: a policy that the daemon keeps, e.g. the one before, by its fingerprint.
        #[arg(long, value_name = "FINGERPRINT", conflicts_with = "policy")]
        kept: Option<String>,
    },
    /// Say in words what changes from one folder of reference data to another: rows and fields, before and after.
    ///
    /// As with diff, exit 0: the same, to the last character; 1: they differ; 65: one of them cannot be read.
    #[command(allow_missing_positional = true)]
    Diff {
        /// The folder before. Default: what the binary carries.
        #[arg(value_name = "OLD")]
        old: Option<PathBuf>,
        /// The folder after.
        #[arg(value_name = "NEW")]
        new: PathBuf,
        /// Print JSON, one line.
        #[arg(long)]
        json: bool,
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
        /// Judge by a policy that a running daemon keeps: the fingerprint that a receipt names.
        #[arg(long, value_name = "FINGERPRINT", requires = "profile", conflicts_with = "policy")]
        kept: Option<String>,
        /// Profile folder of a policy administrator, for --kept.
        #[arg(long, value_name = "DIR", requires = "kept")]
        profile: Option<PathBuf>,
    },
}

pub(super) async fn run(command: PolicyCommand) -> Result<(), Failure> {
    match command {
        PolicyCommand::Check { json, policy, profile: Some(profile), .. } => {
            proved::check_there(policy.as_deref(), &profile, json).await
        }
        PolicyCommand::Check { from, until, json, policy, config, profile: None } => {
            let against = config.as_deref().map(wiring::grants_of).transpose()?;
            proved::check(policy.as_deref(), (from, until), against, json)
        }
        PolicyCommand::Get { client, version, file, out } => {
            policies::get(&client, &version, file.as_deref(), out.as_deref()).await
        }
        PolicyCommand::Activate { client, policy, kept } => {
            policies::activate(&client, policy.as_deref(), kept.as_deref()).await
        }
        PolicyCommand::Diff { old, new, json } => compared::diff(old.as_deref(), &new, json),
        PolicyCommand::Explain { files, at, rule_set, json, policy, kept, profile } => {
            let (mut rulebook, faults) = match (kept, profile) {
                (Some(version), Some(profile)) => (policies::rulebook_of(&profile, &version).await?, Vec::new()),
                _ => rulebook::proved(policy.as_deref())?,
            };
            if let Some(version) = rule_set {
                by_version(&mut rulebook, &version)?;
            }
            let explainer = Explainer { rulebook, faults, folder: policy, at };
            explainer.each(&files, |text| client::answer(json, text, explained::explanation))
        }
    }
}

/// Explains submissions by reference data that may be none a broker would go by.
pub(super) struct Explainer {
    pub(super) rulebook: Rulebook,
    /// What `policy check` finds wrong with it.
    pub(super) faults: Vec<Fault>,
    pub(super) folder: Option<PathBuf>,
    /// As if received at this time; now where it is not said.
    pub(super) at: Option<Timestamp>,
}

impl Explainer {
    /// Judges each file and gives the explanation's JSON to `tell`. Where the reference data does not pass the check, that is
    /// said first, stands in the JSON, and the command fails at its end: nobody should take what it shows for what would be. What is
    /// wrong with one file keeps no other from being judged; each is told, and the command fails at its end.
    pub(super) fn each(&self, files: &[PathBuf], tell: impl Fn(&str)) -> Result<(), Failure> {
        let refused = !self.faults.is_empty();
        if refused {
            rulebook::not_sound(&self.faults, self.folder.as_deref()).tell();
        }
        let mut failed = None;
        for file in files {
            match self.one(file) {
                Ok(explained) => tell(&explained),
                Err(failure) => {
                    if let Some(before) = failed.replace(failure) {
                        before.tell();
                    }
                }
            }
        }
        match failed {
            Some(failure) => Err(failure),
            None if refused => Err(Failure::bad_data(
                "what is shown is by reference data that does not pass the check: no broker goes by it",
            )),
            None => Ok(()),
        }
    }

    /// The explanation of one file.
    fn one(&self, file: &Path) -> Result<String, Failure> {
        let text = client::read(file)?;
        let now = self.at.unwrap_or_else(|| SystemClock.now());
        let judged = judge_json(&text, &self.rulebook, now);
        let routed = judged.map_err(|error| Failure::from(error).about(&file.display().to_string()))?;
        let explained = explanation_json(&routed, &self.rulebook, now);
        let explained = explained.map_err(|error| Failure::other(error.to_string()))?;
        Ok(if self.faults.is_empty() { explained } else { self.with_faults(&explained) })
    }

    fn with_faults(&self, explained: &str) -> String {
        let mut value: Value = serde_json::from_str(explained).unwrap_or_default();
        value["policy_faults"] = self.faults.iter().map(ToString::to_string).collect();
        value.to_string()
    }
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
