//! Custody of epoch keys: turn to a new one, wrap every record anew in bounded batches, count by looking, destroy what
//! wraps nothing any longer.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ring::digest::{SHA256, digest};
use uuid::Uuid;

use super::{
    approval::{Effect, Proposing, details},
    documents::{self, put_rewrap, take_epoch, take_rewrap},
    keys::Keys,
};
use crate::{
    broker::{Broker, Error, Request},
    domain::{
        approval::{Proposal, ProposalKind},
        grants::CallPermit,
        violation::Violations,
    },
    sealing::{Place, rewrap, wrapped_under},
    store::{Amendment, Change, Document, Expect, Rewrap, Shelf, StoreError, Wraps},
};

/// Name of the one document of a rewrapping.
const NAME: &str = "rewrap";
/// Records wrapped anew in one transaction.
const BATCH: usize = 128;
/// Records looked at in one round of the caretaker.
const ROUND: usize = 2_048;
/// Documents and wraps read at a time while counting.
const PAGE: usize = 512;

/// An epoch key without the key.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EpochRow {
    /// Its id.
    pub id: String,
    /// When it was made.
    pub made: Timestamp,
    /// It wraps now.
    pub current: bool,
    /// How many records are wrapped under it.
    pub records: u64,
}

/// How far a rewrapping has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Progress {
    /// When it was asked for.
    pub started: Timestamp,
    /// Which record was looked at last.
    pub after: Option<Uuid>,
    /// How many were looked at.
    pub examined: u64,
    /// How many were wrapped anew.
    pub rewrapped: u64,
    /// When it was done.
    pub finished: Option<Timestamp>,
}

impl Broker {
    /// A new epoch key, which wraps from now on; all records are wrapped anew in the background. Answers with its id.
    pub async fn rotate_key(&self, permit: &CallPermit, request: Request) -> Result<String, Error> {
        let once = self.once_by(permit, request);
        if let Some(first) = self.store.answered(&once).await? {
            return Ok(String::from_utf8_lossy(&first.answer).into_owned());
        }
        let now = self.clock.now();
        let progress = Progress { started: now, after: None, examined: 0, rewrapped: 0, finished: None };
        let expect = self.rewrapping().await?.map_or(Expect::New, |(version, _)| Expect::Version(version));
        let entry = self.step_entry(permit.identity().as_str(), "ROTATE_KEY", Vec::new());
        let amendment = Amendment {
            once: Some(once),
            changes: vec![change(expect, &progress)],
            entries: vec![entry],
            answer: Vec::new(),
        };
        let accepted = self.keys.turn(now, amendment).await?;
        Ok(String::from_utf8_lossy(&accepted.answer).into_owned())
    }

    /// Every epoch key with the number of records under it, counted now, and the last rewrapping.
    pub async fn epoch_keys(&self, _permit: &CallPermit) -> Result<(Vec<EpochRow>, Option<Progress>), Error> {
        self.keys.tend(self.clock.now()).await?;
        let current = self.keyring.current().key.id().to_owned();
        let mut counts = self.counts_by_key().await?;
        let (mut rows, mut after) = (Vec::new(), String::new());
        loop {
            let page = self.store.documents(Shelf::EpochKey, &after, PAGE).await?;
            let Some(last) = page.last() else { break };
            after.clone_from(&last.name);
            for Document { name, bytes, .. } in page {
                let (made, records) = (take_epoch(&bytes)?.made, counts.remove(&name).unwrap_or(0));
                rows.push(EpochRow { current: name == current, id: name, made, records });
            }
        }
        rows.sort_by_key(|row| (row.made, row.current));
        Ok((rows, self.rewrapping().await?.map(|(_, progress)| progress)))
    }

    /// Proposes the end of an epoch key that wraps nothing any longer.
    pub async fn propose_destruction(
        &self,
        permit: &CallPermit,
        request: Request,
        id: &str,
    ) -> Result<Proposal, Error> {
        let document = self.destructible(id).await?;
        let mut fingerprint = [0; 32];
        fingerprint.copy_from_slice(digest(&SHA256, &[id.as_bytes(), &document.bytes].concat()).as_ref());
        let what = Proposing {
            kind: ProposalKind::KeyDestruction,
            subject: id.to_owned(),
            digest: fingerprint,
            reason: String::new(),
            body: Vec::new(),
        };
        self.propose(permit, request, what).await
    }

    /// Destroys an epoch key as it was proposed.
    pub(super) async fn destroy_as_proposed(
        &self,
        permit: &CallPermit,
        request: Request,
        proposal: &Proposal,
        approval: Change,
    ) -> Result<Effect, Error> {
        let id = &proposal.subject;
        let document = self.destructible(id).await?;
        let gone =
            Change { shelf: Shelf::EpochKey, name: id.clone(), expect: Expect::Version(document.version), bytes: None };
        let entry = self.step_entry(permit.identity().as_str(), "DESTROY_KEY", details(proposal));
        let once = self.once_by(permit, request);
        self.step(once, vec![approval, gone], entry, documents::put_proposal(proposal)).await?;
        self.keyring.drop_key(id);
        Ok(Effect::KeyDestroyed(id.clone()))
    }

    /// Goes on with a rewrapping, if one is under way, for one round. What it did and how far it came are one transaction.
    pub(in crate::broker) async fn go_on_rewrapping(&self) -> Result<u64, Error> {
        let mut done = 0;
        for _ in 0..ROUND / BATCH {
            match self.rewrap_batch().await {
                Ok(Some(number)) => done += number,
                Ok(None) => break,
                // Another replica was quicker, or the keys turned: the next round goes on from there.
                Err(Error::Precondition { reason: "CHANGED_MEANWHILE", .. }) => break,
                Err(error) => return Err(error),
            }
        }
        Ok(done)
    }

    async fn rewrap_batch(&self) -> Result<Option<u64>, Error> {
        let Some((version, mut progress)) = self.rewrapping().await? else { return Ok(None) };
        if progress.finished.is_some() {
            return Ok(None);
        }
        let now = self.clock.now();
        self.keys.ready(now).await?;
        let page = self.store.wraps(progress.after, BATCH).await?;
        let seen = Keys::seen(&self.keyring);
        let mut rewraps = Vec::new();
        for one in &page {
            rewraps.extend(self.wrapped_anew(one).await?);
        }
        match page.last() {
            Some(last) => progress.after = Some(last.record),
            None => progress.finished = Some(now),
        }
        let number = rewraps.len() as u64;
        progress.examined += page.len() as u64;
        progress.rewrapped += number;
        let changes = vec![change(Expect::Version(version), &progress)];
        let amendment = Amendment { once: None, changes, entries: Vec::new(), answer: Vec::new() };
        self.store.rewrap(rewraps, Some(seen), amendment).await?;
        Ok(Some(number))
    }

    /// A record's wraps under the key that wraps now; `None` where they are so already.
    async fn wrapped_anew(&self, one: &Wraps) -> Result<Option<Rewrap>, Error> {
        if wrapped_under(&one.bytes)? == [self.keyring.current().key.id()] {
            return Ok(None);
        }
        self.keys.admit(&one.bytes).await?;
        let place = Place { record: one.record, version: 1, organisation: one.organisation.clone() };
        let after = rewrap(&one.bytes, &place, &self.keyring, &*self.entropy)?;
        Ok(Some(Rewrap { record: one.record, before: one.bytes.clone(), after }))
    }

    async fn rewrapping(&self) -> Result<Option<(u64, Progress)>, Error> {
        let found = self.store.document(Shelf::Rewrap, NAME).await?;
        found.map(|found| Ok((found.version, take_rewrap(&found.bytes)?))).transpose()
    }

    /// The document of an epoch key that exists, does not wrap now and wraps nothing.
    async fn destructible(&self, id: &str) -> Result<Document, Error> {
        self.keys.tend(self.clock.now()).await?;
        let document = match self.store.document(Shelf::EpochKey, id).await {
            Ok(Some(document)) => document,
            Ok(None) | Err(StoreError::WrongState) => {
                let mut violations = Violations::default();
                violations.add("key_id", "there is no such key; give an id that ListKeys gave");
                return Err(Error::Invalid(violations));
            }
            Err(error) => return Err(error.into()),
        };
        if self.keyring.current().key.id() == id || self.counts_by_key().await?.contains_key(id) {
            return Err(Error::Precondition {
                reason: "KEY_IN_USE",
                advice: "it wraps, or records are wrapped under it; rotate, and wait until ListKeys counts none",
            });
        }
        Ok(document)
    }

    /// How many records are wrapped under each key: every record is looked at.
    async fn counts_by_key(&self) -> Result<BTreeMap<String, u64>, Error> {
        let (mut counts, mut after) = (BTreeMap::new(), None);
        loop {
            let page = self.store.wraps(after, PAGE).await?;
            let Some(last) = page.last() else { return Ok(counts) };
            after = Some(last.record);
            for one in &page {
                for id in wrapped_under(&one.bytes)? {
                    *counts.entry(id).or_default() += 1;
                }
            }
        }
    }
}

fn change(expect: Expect, progress: &Progress) -> Change {
    Change { shelf: Shelf::Rewrap, name: NAME.to_owned(), expect, bytes: Some(put_rewrap(progress)) }
}
