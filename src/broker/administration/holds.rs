//! Legal holds: what is under one is erased by nobody. One custodian places a hold, and it is in force at once; two end it.

use std::collections::{BTreeMap, BTreeSet};

use ring::digest::{SHA256, digest};
use uuid::Uuid;

use super::{
    approval::{Effect, Proposing, details},
    beside::{hold_line, released_line},
    documents::{put_hold, put_holds, put_proposal, take_hold, take_holds},
};
use crate::{
    broker::{Broker, Error, Request},
    domain::{
        approval::{Proposal, ProposalKind},
        erasure::{LegalHold, LegalHoldReason, MOST_HOLDS},
        grants::CallPermit,
    },
    ledger::Entry,
    store::{Amendment, Change, Document, Expect, Shelf, StoreError, Stored},
};

/// Documents that are read at once.
const PAGE: usize = 500;
/// How often it is tried while somebody else is at the same record.
const TRIES: usize = 16;

/// A hold with the record that it is on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HeldRecord {
    /// The record.
    pub record: Uuid,
    /// The hold.
    pub hold: LegalHold,
}

impl Broker {
    /// Places a hold on a record and those linked from it.
    pub async fn place_hold(
        &self,
        permit: &CallPermit,
        request: Request,
        record: Uuid,
        (reason, reference): (LegalHoldReason, String),
    ) -> Result<LegalHold, Error> {
        if let Some(first) = self.store.answered(&self.once_by(permit, request)).await? {
            return take_hold(&first.answer);
        }
        let by = permit.identity().as_str().to_owned();
        let hold = LegalHold { id: request.id, reason, reference, by, at: self.clock.now() };
        for _ in 0..TRIES {
            let (mut changes, mut entries, mut lines) = (Vec::new(), Vec::new(), Vec::new());
            for one in self.family(record).await? {
                let erased = self.store.document(Shelf::Erasure, &one.to_string()).await?;
                if erased.is_some() {
                    if one == record {
                        return Err(super::erasure::erased_already());
                    }
                    continue;
                }
                let (found, mut holds) = self.holds_of(one).await?;
                if holds.len() >= MOST_HOLDS {
                    return Err(Error::Precondition {
                        reason: "TOO_MANY_HOLDS",
                        advice: "it is under as many legal holds as there can be: one of them is enough to keep it",
                    });
                }
                holds.push(hold.clone());
                changes.extend([not_erased(one), kept(one, found.as_ref(), &holds)]);
                entries.push(self.hold_entry(permit.identity().as_str(), "PLACE_LEGAL_HOLD", one, &hold));
                lines.push(hold_line(&one, &hold));
            }
            let once = Some(self.once_by(permit, request));
            match self.store.amend(Amendment { once, changes, entries, answer: put_hold(&hold) }).await {
                Ok(accepted) => {
                    self.remember(lines);
                    return take_hold(&accepted.answer);
                }
                // Another hold was placed, or it was erased, at the same moment.
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// Proposes to end a hold on a record and those linked from it.
    pub async fn propose_release(
        &self,
        permit: &CallPermit,
        request: Request,
        (record, hold): (Uuid, Uuid),
    ) -> Result<Proposal, Error> {
        if let Some(first) = self.proposed_before(permit, request).await? {
            return Ok(first);
        }
        let (_, holds) = self.holds_of(record).await?;
        let hold = holds.into_iter().find(|one| one.id == hold).ok_or(Error::NotFound)?;
        let named = format!("homeward/release-hold/1/{record}/{}", hold.id);
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest(&SHA256, named.as_bytes()).as_ref());
        let what = Proposing {
            kind: ProposalKind::HoldRelease,
            subject: format!("{record}/{}", hold.id),
            digest: fingerprint,
            reason: hold.reason.code().to_owned(),
            body: Vec::new(),
            changes: Vec::new(),
        };
        self.propose(permit, request, what).await
    }

    /// Ends a hold as it was proposed.
    pub(super) async fn release_as_proposed(
        &self,
        permit: &CallPermit,
        request: Request,
        proposal: &Proposal,
        approval: Change,
    ) -> Result<Effect, Error> {
        let (record, id) = subject_of(proposal)?;
        for _ in 0..TRIES {
            let (mut changes, mut entries, mut lines) = (vec![approval.clone()], Vec::new(), Vec::new());
            for one in self.family(record).await? {
                let (found, mut holds) = self.holds_of(one).await?;
                let Some(at) = holds.iter().position(|hold| hold.id == id) else { continue };
                let hold = holds.remove(at);
                changes.push(kept(one, found.as_ref(), &holds));
                let mut entry = self.hold_entry(permit.identity().as_str(), "RELEASE_LEGAL_HOLD", one, &hold);
                lines.push(released_line(&one, &hold.id.to_string(), entry.at));
                entry.details.extend(details(proposal));
                entry.details.push(format!("proposer={}", proposal.proposer));
                entries.push(entry);
            }
            if entries.is_empty() {
                return Err(Error::NotFound);
            }
            let once = Some(self.once_by(permit, request));
            match self.store.amend(Amendment { once, changes, entries, answer: put_proposal(proposal) }).await {
                Ok(_) => {
                    self.remember(lines);
                    return Ok(Effect::HoldReleased(id));
                }
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Err(StoreError::Conflict.into())
    }

    /// Holds in the order of their records, those on records after `after`, of at most `limit` records; and the record to go on from,
    /// if there may be more.
    pub async fn holds(
        &self,
        _permit: &CallPermit,
        after: &str,
        limit: usize,
    ) -> Result<(Vec<HeldRecord>, Option<String>), Error> {
        let page = self.store.documents(Shelf::LegalHold, after, limit).await?;
        let next = page.get(limit - 1).map(|last| last.name.clone());
        let mut held = Vec::new();
        for document in &page {
            held.extend(read(document)?);
        }
        Ok((held, next))
    }

    /// All of them.
    pub(super) async fn every_hold(&self) -> Result<Vec<HeldRecord>, Error> {
        let (mut all, mut after) = (Vec::new(), String::new());
        loop {
            let page = self.store.documents(Shelf::LegalHold, &after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(all) };
            after.clone_from(&last.name);
            all.extend(page.iter().map(read).collect::<Result<Vec<_>, _>>()?.into_iter().flatten());
        }
    }

    /// Places again what the list beside the store has and an older store does not, before anything is erased by itself. What had
    /// ended and is back stays until it is ended again: too long kept is not lost.
    pub(super) async fn take_over_holds(
        &self,
        held: &BTreeMap<(Uuid, Uuid), LegalHold>,
        released: &BTreeSet<(Uuid, Uuid)>,
    ) -> Result<(), Error> {
        for ((record, id), hold) in held.iter().filter(|(on, _)| !released.contains(on)) {
            if self.store.find(*record).await?.is_none()
                || self.store.document(Shelf::Erasure, &record.to_string()).await?.is_some()
            {
                continue;
            }
            let (found, mut holds) = self.holds_of(*record).await?;
            if holds.iter().any(|one| one.id == *id) {
                continue;
            }
            holds.push(hold.clone());
            let changes = vec![not_erased(*record), kept(*record, found.as_ref(), &holds)];
            let mut entry = self.hold_entry("", "PLACE_LEGAL_HOLD", *record, hold);
            entry.details.push(format!("placed_by={}", hold.by));
            match self.store.amend(Amendment { once: None, changes, entries: vec![entry], answer: Vec::new() }).await {
                Ok(_) => tracing::warn!(%record, hold = %id, "a legal hold that the store had lost is in force again"),
                // Another broker has done it.
                Err(StoreError::Conflict) => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(())
    }

    /// The holds on a record, with the document that says so.
    pub(super) async fn holds_of(&self, record: Uuid) -> Result<(Option<Document>, Vec<LegalHold>), Error> {
        let found = self.store.document(Shelf::LegalHold, &record.to_string()).await?;
        let holds = found.as_ref().map(|found| take_holds(&found.bytes)).transpose()?.unwrap_or_default();
        Ok((found, holds))
    }

    /// What holds an erasure of a record to there being no hold on it, nor on any other version of its referral, when it is done; `None`
    /// where there is one.
    pub(super) async fn not_held(&self, record: Uuid) -> Result<Option<Vec<Change>>, Error> {
        let versions: BTreeSet<_> = self.versions(record).await?.into_iter().chain([record]).collect();
        let mut guards = Vec::new();
        for version in versions {
            let (found, holds) = self.holds_of(version).await?;
            if !holds.is_empty() {
                return Ok(None);
            }
            let (expect, bytes) = match found {
                None => (Expect::New, None),
                Some(found) => (Expect::Version(found.version), Some(found.bytes)),
            };
            guards.push(Change { shelf: Shelf::LegalHold, name: version.to_string(), expect, bytes });
        }
        Ok(Some(guards))
    }

    /// The referral that a record is of, with what it corrects and what corrects it: as many as there can be of them.
    async fn versions(&self, record: Uuid) -> Result<Vec<Uuid>, Error> {
        let find = async |id: Uuid| self.store.find(id).await?.ok_or(Error::NotFound);
        let record = find(record).await?.record;
        let subject = match record.linked_from {
            Some(subject) => find(subject).await?,
            None => find(record.id).await?,
        };
        // Each names the newest, and each that is newer what it corrects: none in between is left out.
        let mut newest = subject.record.id;
        while let Some(later) = successor(&find(newest).await?) {
            newest = later;
        }
        let (mut versions, mut earlier) = (Vec::new(), Some(newest));
        while let Some(id) = earlier {
            versions.push(id);
            earlier = find(id).await?.record.corrects;
        }
        Ok(versions)
    }

    /// A record and those linked from it.
    async fn family(&self, record: Uuid) -> Result<Vec<Uuid>, Error> {
        let Stored { record: found, .. } = self.store.find(record).await?.ok_or(Error::NotFound)?;
        Ok(std::iter::once(record).chain(found.linked).collect())
    }

    fn hold_entry(&self, who: &str, action: &str, record: Uuid, hold: &LegalHold) -> Entry {
        let words = vec![
            format!("hold={}", hold.id),
            format!("reason={}", hold.reason),
            format!("reference={}", hold.reference),
        ];
        Entry { record: Some(record), ..self.step_entry(who, action, words) }
    }
}

/// The referral that stands in the place of this one.
fn successor(stored: &Stored) -> Option<Uuid> {
    stored.retractions.iter().rev().find_map(|retraction| retraction.successor)
}

/// The record and the hold that a proposal is about.
pub(super) fn subject_of(proposal: &Proposal) -> Result<(Uuid, Uuid), Error> {
    let read = || {
        let (record, hold) = proposal.subject.split_once('/')?;
        Some((Uuid::try_parse(record).ok()?, Uuid::try_parse(hold).ok()?))
    };
    read().ok_or_else(|| Error::Internal("a proposal to end a legal hold cannot be read".to_owned()))
}

/// The holds that a document says.
fn read(document: &Document) -> Result<Vec<HeldRecord>, Error> {
    let record = Uuid::try_parse(&document.name)
        .map_err(|_| Error::Internal("the name of a legal hold cannot be read".to_owned()))?;
    Ok(take_holds(&document.bytes)?.into_iter().map(|hold| HeldRecord { record, hold }).collect())
}

fn kept(record: Uuid, found: Option<&Document>, holds: &[LegalHold]) -> Change {
    let expect = found.map_or(Expect::New, |found| Expect::Version(found.version));
    Change { shelf: Shelf::LegalHold, name: record.to_string(), expect, bytes: Some(put_holds(holds)) }
}

/// It is not erased when this is done.
fn not_erased(record: Uuid) -> Change {
    Change { shelf: Shelf::Erasure, name: record.to_string(), expect: Expect::New, bytes: None }
}
