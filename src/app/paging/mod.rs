//! The `[paging]` of the configuration: by which hooks whom a page is for is reached.

mod ways;

use std::{collections::BTreeSet, path::Path, sync::Arc, time::Duration};

use serde::Deserialize;

use self::ways::{HttpsConfig, MailConfig};
use super::failure::Failure;
use crate::{
    broker::Hook,
    domain::{grants::is_authority_code, history::Escalation},
    paging::Common,
};

/// The longest time that one attempt may take, in seconds.
const MOST_SECONDS: u64 = 60;
/// Failed attempts after which hooks that stand by are used too, at most.
const MOST_FAILED: u32 = 20;
/// Hooks, at most: a page goes through all that reach its unit.
const MOST_HOOKS: usize = 32;

/// Paging.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Paging {
    /// Attempts that fail before hooks with `fallback = true` are used too; 1 to 20.
    #[serde(default = "default_fallback_after")]
    pub fallback_after: u32,
    /// The hooks.
    #[serde(default)]
    pub hooks: Vec<HookConfig>,
}

impl Default for Paging {
    fn default() -> Self {
        Self { fallback_after: default_fallback_after(), hooks: Vec::new() }
    }
}

/// One hook.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HookConfig {
    /// What it is called in logs, alarms and the ledger: small letters, digits and hyphens.
    pub name: String,
    /// Queues whose units it reaches, by how their names begin; none: all of them.
    #[serde(default)]
    pub queues: Vec<String>,
    /// Whom of those above a late unit it reaches: `queue_supervisor`, `bcu_duty`, `council_manager` (R25); none: the units themselves.
    #[serde(default)]
    pub escalations: Vec<String>,
    /// Councils, GSS, whose children's referrals it is for; none: all of them.
    #[serde(default)]
    pub councils: Vec<String>,
    /// Used only once the others have failed, or where no other reaches the unit.
    #[serde(default)]
    pub fallback: bool,
    /// The longest time that one attempt takes; 1 to 60.
    #[serde(default = "default_seconds")]
    pub timeout_seconds: u64,
    /// A program with its arguments; it has the page on its standard input and ends with 0 when it is delivered.
    #[serde(default)]
    pub command: Option<Vec<String>>,
    /// A service that takes the page over HTTPS.
    #[serde(default)]
    pub https: Option<HttpsConfig>,
    /// A mailbox.
    #[serde(default)]
    pub mail: Option<MailConfig>,
}

impl Paging {
    /// Paths are relative to `folder`.
    pub(super) fn relative_to(&mut self, folder: &Path) {
        for hook in &mut self.hooks {
            hook.https.iter_mut().for_each(|https| https.relative_to(folder));
            hook.mail.iter_mut().for_each(|mail| mail.relative_to(folder));
        }
    }

    /// The hooks, ready.
    ///
    /// # Errors
    /// Exit 65, with everything that is wrong.
    pub(super) fn hooks(&self) -> Result<Vec<Arc<dyn Hook>>, Failure> {
        let mut wrong = Vec::new();
        if !(1..=MOST_FAILED).contains(&self.fallback_after) {
            let given = self.fallback_after;
            wrong.push(format!("paging.fallback_after is {given}: 1 to {MOST_FAILED} is possible"));
        }
        if self.hooks.len() > MOST_HOOKS {
            wrong.push(format!("there are {} [[paging.hooks]]: {MOST_HOOKS} are possible", self.hooks.len()));
        }
        let mut names = BTreeSet::new();
        let mut hooks = Vec::new();
        for config in &self.hooks {
            let mut faults = config.faults();
            if !names.insert(&config.name) {
                faults.push("there is another of this name".to_owned());
            }
            hooks.extend(config.hook(&mut faults));
            wrong.extend(faults.into_iter().map(|fault| format!("paging hook `{}`: {fault}", config.name)));
        }
        if wrong.is_empty() { Ok(hooks) } else { Err(Failure::bad_data(wrong.join("; "))) }
    }
}

impl HookConfig {
    /// What is wrong with what every hook has.
    fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        let word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
        if !(1..=40).contains(&self.name.len()) || !self.name.bytes().all(word) {
            faults.push("`name` is 1 to 40 small letters, digits and hyphens".to_owned());
        }
        if !(1..=MOST_SECONDS).contains(&self.timeout_seconds) {
            faults.push(format!("`timeout_seconds` is {}: 1 to {MOST_SECONDS} is possible", self.timeout_seconds));
        }
        let beginning =
            |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'.';
        for queue in self.queues.iter().filter(|queue| queue.is_empty() || !queue.bytes().all(beginning)) {
            faults.push(format!(
                "`{queue}` under `queues` is not how the name of a queue begins, e.g. `MPU.` or `EDT.E09000023`"
            ));
        }
        for to in self.escalations.iter().filter(|to| Escalation::from_code(to).is_none()) {
            let known = Escalation::ALL.iter().map(|to| to.code()).collect::<Vec<_>>().join(", ");
            faults.push(format!("`{to}` under `escalations` is nobody: {known} are possible"));
        }
        for council in self.councils.iter().filter(|code| !is_authority_code(code)) {
            faults.push(format!("`{council}` under `councils` is not a GSS code, e.g. E09000023"));
        }
        faults
    }

    fn common(&self) -> Common {
        Common {
            name: self.name.clone(),
            queues: self.queues.clone(),
            escalations: self.escalations.iter().filter_map(|to| Escalation::from_code(to)).collect(),
            councils: self.councils.clone(),
            fallback: self.fallback,
            timeout: Duration::from_secs(self.timeout_seconds),
        }
    }

    /// The hook itself, or what is wrong with it.
    fn hook(&self, faults: &mut Vec<String>) -> Option<Arc<dyn Hook>> {
        let common = self.common();
        match (&self.command, &self.https, &self.mail) {
            (Some(argv), None, None) => ways::command(common, argv, faults),
            (None, Some(https), None) => https.hook(common, faults),
            (None, None, Some(mail)) => mail.hook(common, faults),
            (None, None, None) => {
                faults.push("has none of `command`, `https` and `mail`: say how it delivers".to_owned());
                None
            }
            _ => {
                faults.push("has more than one of `command`, `https` and `mail`: make a hook of each".to_owned());
                None
            }
        }
    }
}

const fn default_fallback_after() -> u32 {
    3
}

const fn default_seconds() -> u64 {
    10
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_fault_is_told_at_once() {
        let paging: Paging = toml::from_str(
            r#"
            fallback_after = 0
            [[hooks]]
            name = "Duty SMS"
            timeout_seconds = 0
            queues = ["MPU.", "the desk"]
            command = []
            [[hooks]]
            name = "second"
            command = ["page-somebody"]
            [[hooks]]
            name = "second"
            [[hooks]]
            name = "both"
            command = ["/bin/true"]
            https = { url = "https://pager.example/" }
            [[hooks]]
            name = "web"
            https = { url = "http://pager.example/", authorities = "/nowhere/ca.pem", authorization = "/nowhere/key" }
            [[hooks]]
            name = "post"
            mail = { server = "mail.example", tls = "none", from = "homeward", to = "duty@", user = "homeward" }
            "#,
        )
        .unwrap();
        let told = format!("{:?}", paging.hooks().err().unwrap());
        for part in [
            "fallback_after is 0",
            "`Duty SMS`: `name`",
            "`timeout_seconds` is 0",
            "`the desk` under `queues`",
            "is a program and its arguments",
            "begins with page-somebody",
            "another of this name",
            "has none of `command`, `https` and `mail`",
            "has more than one of",
            "`web`: `url` is not an address that begins with https://",
            "`web`: `authorities` /nowhere/ca.pem",
            "`web`: `authorization` /nowhere/key",
            "`post`: `server` is not a host and a port",
            "`post`: `tls` is ",
            "`post`: `from` is not a mail address",
            "`post`: `to` is not a mail address",
            "`post`: `user` and `password` belong together",
        ] {
            assert!(told.contains(part), "{part} in {told}");
        }
    }

    #[test]
    fn nothing_said_is_no_hook_and_a_program_is_one() {
        let paging: Paging = toml::from_str("").unwrap();
        assert!(paging.hooks().unwrap().is_empty() && paging.fallback_after == 3);
        let paging: Paging = toml::from_str("hooks = [{ name = \"duty\", command = [\"/bin/true\"] }]").unwrap();
        assert_eq!(paging.hooks().unwrap()[0].name(), "duty");
    }
}
