//! Erasure: the wraps of a record's keys are deleted, and with them everything that was sealed under those keys, notes included. It
//! is irrecoverable once every key that ever wrapped them is destroyed, too, or once the store was written anew since and two
//! custodians have certified that no older copy of it is left.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use uuid::Uuid;

use super::{
    approval::{Effect, Proposing, details},
    documents::{put_erasure, put_proposal, take_epoch, take_erasure},
};
use crate::{
    broker::{Broker, Error, Request},
    domain::{
        approval::{Proposal, ProposalKind},
        erasure::{ErasureReason, ErasureState},
        grants::CallPermit,
    },
    ledger::{Entry, Verb},
    sealing::wrapped_under,
    store::{Amendment, Change, Expect, Rewrap, Shelf, StoreError, Stored, Wraps},
};

/// What the names begin with under which erased records are counted; their key's number, the compactions by then and its id follow.
pub(super) const ERASED: &str = "erased";
/// How often it is tried while a rewrapping is at the same record.
const TRIES: usize = 16;

/// That a record was erased: kept for good, without content.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Erasure {
    /// When.
    pub at: Timestamp,
    /// The epoch key that wrapped it then.
    pub key: String,
    /// That key's number. Only it and those of lower numbers can ever have wrapped the record.
    pub key_number: u64,
    /// Why.
    pub reason: ErasureReason,
    /// How often the store had been written anew by then: each time since has taken what was sealed off the disk.
    pub compactions: u64,
}

/// Records that were erased while the same epoch key wrapped them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ErasedRow {
    /// The key's id.
    pub key: String,
    /// How many.
    pub records: u64,
    /// How far they are gone.
    pub state: ErasureState,
}

impl Broker {
    /// Proposes to erase a record and those linked from it; everything of them must be settled.
    pub async fn propose_erasure(
        &self,
        permit: &CallPermit,
        request: Request,
        record: Uuid,
        reason: ErasureReason,
    ) -> Result<Proposal, Error> {
        if let Some(first) = self.proposed_before(permit, request).await? {
            return Ok(first);
        }
        let records = self.erasable(record).await?;
        let named: String = records.iter().map(Uuid::to_string).chain([reason.code().to_owned()]).collect();
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest(&SHA256, format!("homeward/erase/1/{named}").as_bytes()).as_ref());
        let what = Proposing {
            kind: ProposalKind::Erasure,
            subject: record.to_string(),
            digest: fingerprint,
            reason: reason.code().to_owned(),
            body: Vec::new(),
            changes: Vec::new(),
        };
        self.propose(permit, request, what).await
    }

    /// Erases as it was proposed.
    pub(super) async fn erase_as_proposed(
        &self,
        permit: &CallPermit,
        request: Request,
        proposal: &Proposal,
        approval: Change,
    ) -> Result<Effect, Error> {
        let unreadable = || Error::Internal("a proposal of an erasure cannot be read".to_owned());
        let record = Uuid::try_parse(&proposal.subject).map_err(|_| unreadable())?;
        let reason = ErasureReason::from_code(&proposal.reason).ok_or_else(unreadable)?;
        for _ in 0..TRIES {
            let mut rewraps = Vec::new();
            let (mut changes, mut named) = (vec![approval.clone()], BTreeSet::new());
            let mut entries = Vec::new();
            let records = self.erasable(record).await?;
            for record in records.iter().copied() {
                let (rewrap, erasure) = self.erasing(record, reason).await?;
                let guards = self.not_held(record).await?.ok_or_else(held)?;
                // Each is named once: those linked from it are of the same referral.
                changes.extend(guards.into_iter().filter(|guard| named.insert(guard.name.clone())));
                entries.push(self.erasure_entry(permit, record, proposal, &erasure));
                let bytes = Some(put_erasure(&erasure));
                changes.push(Change { shelf: Shelf::Erasure, name: record.to_string(), expect: Expect::New, bytes });
                rewraps.push(rewrap);
            }
            let once = Some(self.once_by(permit, request));
            let amendment = Amendment { once, changes, entries, answer: put_proposal(proposal) };
            match self.store.rewrap(rewraps, None, amendment).await {
                Ok(_) => {
                    self.remember_erased(&records);
                    return Ok(Effect::Erased(record));
                }
                // It was wrapped anew at the same moment: once more, as it is now wrapped.
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// Whether and how far a record is erased.
    pub(in crate::broker) async fn erasure(&self, record: Uuid) -> Result<Option<(Erasure, ErasureState)>, Error> {
        let Some(found) = self.store.document(Shelf::Erasure, &record.to_string()).await? else { return Ok(None) };
        let erasure = take_erasure(&found.bytes)?;
        let state = self.limits_of_gone().await?.state(erasure.key_number, erasure.compactions);
        Ok(Some((erasure, state)))
    }

    /// The erased records, by the key that wrapped them.
    pub async fn erased(&self, _permit: &CallPermit) -> Result<Vec<ErasedRow>, Error> {
        let counts: BTreeMap<_, _> = self.store.wrapped().await?.into_iter().collect();
        let limits = self.limits_of_gone().await?;
        let mut rows = BTreeMap::new();
        for (name, records) in &counts {
            let Some((key_number, compactions, key)) = counted(name) else { continue };
            let irrecoverable = limits.state(key_number, compactions) == ErasureState::Irrecoverable;
            *rows.entry((key_number, key.to_owned(), irrecoverable)).or_insert(0) += records;
        }
        let row = |((_, key, irrecoverable), records)| {
            let state = if irrecoverable { ErasureState::Irrecoverable } else { ErasureState::Erased };
            ErasedRow { key, records, state }
        };
        Ok(rows.into_iter().map(row).collect())
    }

    /// The record and those linked from it, but for those that are erased already, each with everything settled and every prompt ended: what waits for somebody, or somebody has,
    /// is never taken from them.
    async fn erasable(&self, record: Uuid) -> Result<Vec<Uuid>, Error> {
        let Stored { record: subject, .. } = self.store.find(record).await?.ok_or(Error::NotFound)?;
        let mut records = Vec::new();
        for one in std::iter::once(record).chain(subject.linked) {
            if self.store.document(Shelf::Erasure, &one.to_string()).await?.is_some() {
                continue;
            }
            let stored = self.store.find(one).await?.ok_or(Error::NotFound)?;
            if stored.deliveries.iter().any(|delivery| delivery.settled.is_none()) {
                return Err(Error::Precondition {
                    reason: "REFERRAL_NOT_SETTLED",
                    advice: "it, or one linked from it, still waits at a destination or is worked on there; erase it \
                             when every destination has settled it",
                });
            }
            if stored.prompts.iter().any(|prompt| prompt.end.is_none()) {
                return Err(Error::Precondition {
                    reason: "PROMPT_OPEN",
                    advice: "what a prompt of it, or of one linked from it, asks is not done: whoever does it reads why in the record; GetReferral shows which, and each queue that has it ends it with MarkPrompt",
                });
            }
            if self.not_held(one).await?.is_none() {
                return Err(held());
            }
            records.push(one);
        }
        if records.contains(&record) { Ok(records) } else { Err(erased_already()) }
    }

    /// What erases one record, as it is wrapped now.
    pub(super) async fn erasing(&self, record: Uuid, reason: ErasureReason) -> Result<(Rewrap, Erasure), Error> {
        let before = record.as_u128().checked_sub(1).map(Uuid::from_u128);
        let found = self.store.wraps(before, 1).await?.into_iter().find(|one| one.record == record);
        let Wraps { bytes, .. } = found.ok_or(Error::NotFound)?;
        let key = wrapped_under(&bytes)?.into_iter().next().ok_or_else(erased_already)?;
        let document = self.store.document(Shelf::EpochKey, &key).await?;
        let lost = || Error::Internal(format!("the epoch key {key} is not on the shelf"));
        let key_number = take_epoch(&document.ok_or_else(lost)?.bytes)?.number;
        // No compaction comes in between: while one is at work, no broker is.
        let compactions = self.compactions().await?;
        let under = format!("{ERASED}/{key_number}/{compactions}/{key}");
        let rewrap = Rewrap { record, before: bytes, after: Vec::new(), under };
        Ok((rewrap, Erasure { at: self.clock.now(), key, key_number, reason, compactions }))
    }

    fn erasure_entry(&self, permit: &CallPermit, record: Uuid, proposal: &Proposal, erasure: &Erasure) -> Entry {
        let mut entry = self.step_entry(permit.identity().as_str(), "ERASE_REFERRAL", details(proposal));
        (entry.verb, entry.record) = (Verb::Erasure, Some(record));
        let compactions = format!("compactions={}", erasure.compactions);
        entry.details.extend([format!("proposer={}", proposal.proposer), format!("key={}", erasure.key), compactions]);
        entry
    }

    /// From where on erased records can be opened by nobody.
    async fn limits_of_gone(&self) -> Result<Gone, Error> {
        let numbers = self.epoch_documents().await?.into_iter().map(|one| Ok(take_epoch(&one.bytes)?.number));
        let oldest = numbers.collect::<Result<Vec<_>, Error>>()?.into_iter().min();
        Ok(Gone { oldest, certified: self.copies_gone().await? })
    }
}

/// From where on erased records can be opened by nobody. No clock has a part in it: one that is set back makes nothing older.
struct Gone {
    /// Number of the oldest epoch key that is not destroyed.
    oldest: Option<u64>,
    /// The compaction from before which no copy of the store is left.
    certified: u64,
}

impl Gone {
    /// How far a record is gone that was last wrapped under the key of this number, after so many compactions: a record is wrapped
    /// anew under keys of higher numbers only, and what was erased before a compaction is not in what it wrote.
    fn state(&self, key_number: u64, compactions: u64) -> ErasureState {
        let key_is_there = self.oldest.is_some_and(|oldest| oldest <= key_number);
        if key_is_there && compactions >= self.certified { ErasureState::Erased } else { ErasureState::Irrecoverable }
    }
}

/// Reads the name under which erased records are counted: number of their key, compactions by then, and the key.
fn counted(name: &str) -> Option<(u64, u64, &str)> {
    let (number, rest) = name.strip_prefix(ERASED)?.strip_prefix('/')?.split_once('/')?;
    let (compactions, key) = rest.split_once('/')?;
    Some((number.parse().ok()?, compactions.parse().ok()?, key))
}

fn held() -> Error {
    Error::Precondition {
        reason: "LEGAL_HOLD",
        advice: "it, or one linked from it, is under legal hold; ListLegalHolds says why, and whom to ask",
    }
}

pub(super) fn erased_already() -> Error {
    Error::Precondition { reason: "ERASED", advice: "its content was erased; nobody reads it any longer" }
}
