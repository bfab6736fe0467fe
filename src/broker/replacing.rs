//! Replacing what is in force while the house is open: grants and rulebook. The ledger says when, and by what.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use ring::digest::{SHA256, digest};

use super::{Broker, Error, Rulebook};
use crate::{
    domain::grants::Grants,
    ledger::{Entry, Verb},
};

/// Before the name of a queue: nobody is vetted for what they are granted there.
const NOBODY_VETTED: &str = "NOBODY_VETTED ";

impl Broker {
    /// From now on these grants are in force; gives back what was. [`Self::enter_grants`] belongs to it.
    pub fn replace_grants(&self, grants: Grants) -> Arc<Grants> {
        self.grants.change(|_| grants.under(self.rulebook().vetting().clone()))
    }

    /// From now on the broker goes by this: judgements, and what vetting is asked for.
    pub(super) fn go_by(&self, rulebook: Arc<Rulebook>) {
        self.rulebook.replace(rulebook);
        self.grants.change(|grants| grants.clone().under(self.rulebook().vetting().clone()));
    }

    /// Says where nobody is vetted for what they are granted. A check keeps such a policy out; grants that were given, or that
    /// ran out, are told of.
    pub(super) fn look_at_vetting(&self, now: Timestamp) {
        let mut stranded: BTreeMap<String, Vec<String>> = BTreeMap::new();
        for one in self.grants().stranded(now) {
            stranded.entry(format!("{NOBODY_VETTED}{}", one.queue)).or_default().push(one.to_string());
        }
        let was_on = self.alarms.names().into_iter().filter(|name| name.starts_with(NOBODY_VETTED));
        was_on.filter(|name| !stranded.contains_key(name)).for_each(|name| self.alarms.clear(&name));
        for (name, what) in stranded {
            let words = format!("{}: record the level in the grants of somebody who has it", what.join("; "));
            self.alarms.raise(&name, &words, now);
        }
    }

    /// Enters in the ledger that grants were replaced; `text` is what they were read from.
    pub async fn enter_grants(&self, text: &str) -> Result<(), Error> {
        self.enter("GRANTS_REPLACED", vec![format!("sha256={}", hex::encode(digest(&SHA256, text.as_bytes())))]).await
    }

    /// From now on judgements read this; those going on finish by what they began with.
    pub(super) async fn replace_rulebook(&self, rulebook: Arc<Rulebook>) -> Result<(), Error> {
        let details = self.words_of(&rulebook);
        self.go_by(rulebook);
        self.enter("REFERENCE_REPLACED", details).await
    }

    /// What the ledger says of a rulebook.
    pub(super) fn words_of(&self, rulebook: &Rulebook) -> Vec<String> {
        vec![
            format!("rules={}", rulebook.policy.rules_at(self.now()).version),
            format!("redaction={}", rulebook.redaction.version()),
            format!("redaction_sha256={}", hex::encode(rulebook.redaction_digest)),
            format!("policy_sha256={}", hex::encode(rulebook.fingerprint)),
        ]
    }

    /// The house itself did it, for whoever can write its files.
    pub(super) async fn enter(&self, action: &str, details: Vec<String>) -> Result<(), Error> {
        let entry = Entry {
            at: self.clock.now(),
            verb: Verb::Administration,
            action: action.to_owned(),
            who: String::new(),
            actor: None,
            record: None,
            deliveries: Vec::new(),
            recipients: Vec::new(),
            details,
            commitment: None,
        };
        self.store.record_entry(entry).await?;
        Ok(())
    }
}
