//! Custody of epoch keys: list them with the records under each, and destroy one that wraps nothing any longer.

use std::collections::BTreeMap;

use jiff::Timestamp;
use ring::digest::{SHA256, digest};

use super::{
    approval::{Effect, Proposing, details},
    documents::{self, take_epoch},
    rewrap::Progress,
};
use crate::{
    broker::{Broker, Error, Request},
    domain::{
        approval::{Proposal, ProposalKind},
        grants::CallPermit,
        violation::Violations,
    },
    store::{Change, Document, Expect, Shelf, StoreError},
};

/// Documents read at a time.
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
    /// How many the last scan of every record found under it, if it had ceased to wrap before.
    pub proven: Option<u64>,
}

/// The epoch keys and the last rewrapping.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Epochs {
    /// The keys, oldest first.
    pub keys: Vec<EpochRow>,
    /// The rewrapping, if there was one.
    pub progress: Option<Progress>,
}

impl Epochs {
    /// Records that are not under the key that wraps now.
    pub fn left(&self) -> u64 {
        self.keys.iter().filter(|key| !key.current).map(|key| key.records).sum()
    }
}

impl Broker {
    /// Every epoch key with the number of records under it, and the last rewrapping. Costs nothing that grows with the records.
    pub async fn epoch_keys(&self, _permit: &CallPermit) -> Result<Epochs, Error> {
        self.keys.tend(self.clock.now()).await?;
        let current = self.keyring.current().key.id().to_owned();
        let progress = self.rewrap_progress().await?.map(|(_, progress)| progress);
        let counts: BTreeMap<_, _> = self.store.wrapped().await?.into_iter().collect();
        let row = |Document { name, bytes, .. }: Document| {
            let epoch = take_epoch(&bytes)?;
            let row = EpochRow {
                made: epoch.made,
                current: name == current,
                records: counts.get(&name).copied().unwrap_or(0),
                proven: progress.as_ref().and_then(|progress| progress.proven(&name)),
                id: name,
            };
            Ok((epoch.number, row))
        };
        let mut rows = self.epoch_documents().await?.into_iter().map(row).collect::<Result<Vec<_>, Error>>()?;
        rows.sort_by_key(|(number, row)| (*number, row.made));
        let keys = rows.into_iter().map(|(_, row)| row).collect();
        Ok(Epochs { keys, progress })
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
            changes: Vec::new(),
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
        self.remember_destroyed(id);
        Ok(Effect::KeyDestroyed(id.clone()))
    }

    /// The epoch keys that have ceased to wrap, each with no record found under it yet.
    pub(super) async fn retired(&self) -> Result<BTreeMap<String, u64>, Error> {
        let current = self.keyring.current();
        let names = self.epoch_documents().await?.into_iter().map(|document| document.name);
        Ok(names.filter(|name| name != current.key.id()).map(|name| (name, 0)).collect())
    }

    pub(in crate::broker) async fn epoch_documents(&self) -> Result<Vec<Document>, Error> {
        let mut all = Vec::new();
        loop {
            let after = all.last().map_or("", |last: &Document| last.name.as_str());
            let page = self.store.documents(Shelf::EpochKey, after, PAGE).await?;
            if page.is_empty() {
                return Ok(all);
            }
            all.extend(page);
        }
    }

    /// The document of an epoch key that exists, does not wrap now, wraps nothing, and is proven to.
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
        let used = self.store.wrapped().await?.iter().any(|(key, records)| key == id && *records > 0);
        if self.keyring.current().key.id() == id || used {
            return Err(Error::Precondition {
                reason: "KEY_IN_USE",
                advice: "it wraps, or records are wrapped under it; rotate, and wait until ListKeys counts none",
            });
        }
        let proven = self.rewrap_progress().await?.and_then(|(_, progress)| progress.proven(id));
        if proven != Some(0) {
            return Err(Error::Precondition {
                reason: "KEY_NOT_PROVEN",
                advice: "no scan of every record since it ceased to wrap has found it unused; rotate, and wait until \
                         RewrapStatus says finished",
            });
        }
        Ok(document)
    }
}
