//! The receipt: what was submitted, when, as what it was judged, where it went; and the form in which it is kept.

use jiff::Timestamp;
use prost::Message;
use uuid::Uuid;

use super::Error;
use crate::ledger::LogKey;

/// Generated messages of the kept form.
mod kept {
    #![allow(missing_docs, clippy::all, reason = "generated code")]
    include!(concat!(env!("OUT_DIR"), "/homeward.receipt.rs"));
}

/// Proof of acceptance. The same bytes come back for the same request, always.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The record.
    pub record: Uuid,
    /// When the broker received it.
    pub received: Timestamp,
    /// SHA-256 of the request bytes as received.
    pub digest: [u8; 32],
    /// SHA-256 of the opening and the digest; what the ledger holds.
    pub commitment: [u8; 32],
    /// 32 random bytes: without them the ledger's commitment says nothing about the digest.
    pub opening: [u8; 32],
    /// Place in the ledger, from 0.
    pub ledger_index: u64,
    /// Class code.
    pub class: String,
    /// Rule-set version.
    pub rule_set: String,
    /// Rules that fired.
    pub rules: Vec<String>,
    /// Destinations, linked records' included.
    pub legs: Vec<ReceiptLeg>,
    /// Records of other children (R15).
    pub linked: Vec<Uuid>,
    /// Flag codes.
    pub flags: Vec<String>,
    /// Prompts.
    pub prompts: Vec<ReceiptPrompt>,
    /// Fingerprint of the policy that decided.
    pub policy: [u8; 32],
    /// Signed checkpoint of the ledger with this submission as its last entry.
    pub checkpoint: String,
}

/// One destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptLeg {
    /// Queue.
    pub queue: String,
    /// Class code.
    pub class: String,
    /// Acknowledge by.
    pub ack_due: Option<Timestamp>,
    /// Decide by.
    pub decide_due: Option<Timestamp>,
    /// The record it belongs to.
    pub record: Uuid,
}

/// One prompt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReceiptPrompt {
    /// Kind code.
    pub kind: String,
    /// Rule that raised it.
    pub rule: String,
    /// Due by.
    pub due: Option<Timestamp>,
    /// Was due before it was received.
    pub overdue_on_arrival: bool,
}

impl Receipt {
    /// The kept form; the ledger index lies beside it in the store.
    pub(super) fn encode(&self) -> Vec<u8> {
        kept::KeptReceipt {
            record: self.record.as_bytes().to_vec(),
            received_micros: self.received.as_microsecond(),
            digest: self.digest.to_vec(),
            commitment: self.commitment.to_vec(),
            opening: self.opening.to_vec(),
            class: self.class.clone(),
            rule_set: self.rule_set.clone(),
            rules: self.rules.clone(),
            legs: self.legs.iter().map(keep_leg).collect(),
            linked: self.linked.iter().map(|id| id.as_bytes().to_vec()).collect(),
            flags: self.flags.clone(),
            prompts: self.prompts.iter().map(keep_prompt).collect(),
            policy: self.policy.to_vec(),
        }
        .encode_to_vec()
    }

    /// Reads the kept form; `None` for the answer of a content-free alert (D04), which is empty.
    pub(super) fn decode(
        bytes: &[u8],
        ledger_index: u64,
        root: &[u8; 32],
        log: &LogKey,
    ) -> Result<Option<Self>, Error> {
        if bytes.is_empty() {
            return Ok(None);
        }
        let damaged = || Error::Internal("a kept receipt cannot be read".to_owned());
        let kept = kept::KeptReceipt::decode(bytes).map_err(|_| damaged())?;
        let checkpoint = log.sign(ledger_index + 1, root);
        Self::read(kept, ledger_index, checkpoint).map(Some).ok_or_else(damaged)
    }

    fn read(kept: kept::KeptReceipt, ledger_index: u64, checkpoint: String) -> Option<Self> {
        Some(Self {
            record: Uuid::from_slice(&kept.record).ok()?,
            received: Timestamp::from_microsecond(kept.received_micros).ok()?,
            digest: kept.digest.try_into().ok()?,
            commitment: kept.commitment.try_into().ok()?,
            opening: kept.opening.try_into().ok()?,
            ledger_index,
            class: kept.class,
            rule_set: kept.rule_set,
            rules: kept.rules,
            legs: kept.legs.into_iter().map(read_leg).collect::<Option<_>>()?,
            linked: kept.linked.iter().map(|id| Uuid::from_slice(id).ok()).collect::<Option<_>>()?,
            flags: kept.flags,
            prompts: kept.prompts.into_iter().map(read_prompt).collect::<Option<_>>()?,
            policy: kept.policy.try_into().ok()?,
            checkpoint,
        })
    }
}

fn keep_leg(leg: &ReceiptLeg) -> kept::KeptLeg {
    kept::KeptLeg {
        queue: leg.queue.clone(),
        class: leg.class.clone(),
        ack_due_micros: leg.ack_due.map(Timestamp::as_microsecond),
        decide_due_micros: leg.decide_due.map(Timestamp::as_microsecond),
        record: leg.record.as_bytes().to_vec(),
    }
}

fn keep_prompt(prompt: &ReceiptPrompt) -> kept::KeptPrompt {
    kept::KeptPrompt {
        kind: prompt.kind.clone(),
        rule: prompt.rule.clone(),
        due_micros: prompt.due.map(Timestamp::as_microsecond),
        overdue_on_arrival: prompt.overdue_on_arrival,
    }
}

fn read_leg(kept: kept::KeptLeg) -> Option<ReceiptLeg> {
    Some(ReceiptLeg {
        queue: kept.queue,
        class: kept.class,
        ack_due: moment(kept.ack_due_micros)?,
        decide_due: moment(kept.decide_due_micros)?,
        record: Uuid::from_slice(&kept.record).ok()?,
    })
}

fn read_prompt(kept: kept::KeptPrompt) -> Option<ReceiptPrompt> {
    Some(ReceiptPrompt {
        kind: kept.kind,
        rule: kept.rule,
        due: moment(kept.due_micros)?,
        overdue_on_arrival: kept.overdue_on_arrival,
    })
}

/// `Some(None)` where there is no moment, `None` where it cannot be one.
fn moment(micros: Option<i64>) -> Option<Option<Timestamp>> {
    micros.map_or(Some(None), |micros| Timestamp::from_microsecond(micros).ok().map(Some))
}
