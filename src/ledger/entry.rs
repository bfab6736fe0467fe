//! One ledger entry: who did what to which record, never content (DPA 2018 s.62).

use jiff::Timestamp;
use uuid::Uuid;

use crate::domain::{code::vocabulary, delivery::DeliveryId, queue::QueueId};

vocabulary! {
    /// The six verbs of DPA 2018 s.62, administration, and refusals.
    Verb {
        /// A submission was accepted.
        Collection = "collection",
        /// Something stored was changed.
        Alteration = "alteration",
        /// Content was read.
        Consultation = "consultation",
        /// Content was given to a recipient.
        Disclosure = "disclosure",
        /// Records were linked.
        Combination = "combination",
        /// Something was erased.
        Erasure = "erasure",
        /// The broker or an administrator did something of its own.
        Administration = "administration",
        /// An authenticated peer was refused.
        Refusal = "refusal",
    }
}

/// An entry before it has its place in the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When.
    pub at: Timestamp,
    /// Verb.
    pub verb: Verb,
    /// What was done, an UPPER_SNAKE word, e.g. `SUBMIT`, `OPEN_PART`, `LEASE_EXPIRED`.
    pub action: String,
    /// Identity from the certificate; empty for the broker itself.
    pub who: String,
    /// Keyed reference to the actor behind a system certificate.
    pub actor: Option<[u8; 32]>,
    /// The record concerned.
    pub record: Option<Uuid>,
    /// Deliveries concerned.
    pub deliveries: Vec<DeliveryId>,
    /// Recipients, for a disclosure.
    pub recipients: Vec<QueueId>,
    /// Closed words that say more: unit labels, rule-set and policy versions, field names of a refusal. Never content.
    pub details: Vec<String>,
    /// Commitment to a submission's digest (SHA-256 of 32 random bytes and the digest).
    pub commitment: Option<[u8; 32]>,
}
