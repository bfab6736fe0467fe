//! Replacing what is in force while the house is open: grants and rulebook. The ledger says when, and by what.

use std::sync::Arc;

use ring::digest::{SHA256, digest};

use super::{Broker, Error, Rulebook};
use crate::{
    domain::grants::Grants,
    ledger::{Entry, Verb},
};

impl Broker {
    /// From now on these grants are in force; gives back what was. [`Self::enter_grants`] belongs to it.
    pub fn replace_grants(&self, grants: Grants) -> Arc<Grants> {
        self.grants.replace(grants)
    }

    /// Enters in the ledger that grants were replaced; `text` is what they were read from.
    pub async fn enter_grants(&self, text: &str) -> Result<(), Error> {
        self.enter("GRANTS_REPLACED", vec![format!("sha256={}", hex::encode(digest(&SHA256, text.as_bytes())))]).await
    }

    /// From now on judgements read this; those going on finish by what they began with.
    pub(super) async fn replace_rulebook(&self, rulebook: Arc<Rulebook>) -> Result<(), Error> {
        let details = self.words_of(&rulebook);
        self.rulebook.replace(rulebook);
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
