//! The policy in the store: which set of files is in force, who put it there, and every set that ever was. Until two persons
//! have activated one, the files that this replica was started with are in force; from then on the store decides, on
//! every replica and after every restart.

mod activation;
mod beginning;
mod check;
mod following;
mod kept;
mod refused;

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{Mutex, Semaphore};
use uuid::Uuid;

pub use beginning::{Begin, Folder};
pub use check::{Checked, Fault};
pub use refused::PolicyRefused;

use following::Followed;

use super::Broker;
use crate::{
    broker::Error,
    domain::grants::CallPermit,
    reference::FileSet,
    store::{Document, Shelf},
};

/// Most activations that are told.
const MOST_TOLD: u64 = 50;

/// A set of files was put in force.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Activation {
    /// 1, and one more each time.
    pub number: u64,
    /// The set.
    pub fingerprint: [u8; 32],
    /// When.
    pub at: Timestamp,
    /// Who proposed it.
    pub proposer: String,
    /// Who approved it.
    pub approver: String,
    /// The proposal.
    pub proposal: Uuid,
}

/// A set of files that the broker keeps.
#[derive(Debug, Clone)]
pub struct KeptPolicy {
    /// Its fingerprint.
    pub fingerprint: [u8; 32],
    /// The files.
    pub files: FileSet,
    /// Decisions are made by it now.
    pub in_force: bool,
    /// What was put in force by two persons, newest first.
    pub activations: Vec<Activation>,
}

/// What is known of the policy between two looks.
#[derive(Debug)]
pub(in crate::broker) struct Policies {
    /// One check at a time: it may take a core for long.
    checks: Arc<Semaphore>,
    followed: Mutex<Followed>,
}

impl Default for Policies {
    fn default() -> Self {
        Self { checks: Arc::new(Semaphore::new(1)), followed: Mutex::default() }
    }
}

impl Broker {
    /// The policy in force, or a kept one by its fingerprint.
    pub async fn policy(&self, _permit: &CallPermit, fingerprint: Option<[u8; 32]>) -> Result<KeptPolicy, Error> {
        self.follow_policy().await?;
        let now = self.rulebook();
        let fingerprint = fingerprint.unwrap_or(now.fingerprint);
        let in_force = fingerprint == now.fingerprint;
        let files = if in_force {
            FileSet::clone(&now.files)
        } else {
            self.kept_policy(fingerprint).await?.ok_or(Error::NotFound)?
        };
        let mut activations = Vec::new();
        let newest = self.in_force().await?.map_or(0, |(activation, _)| activation.number);
        for number in (newest.saturating_sub(MOST_TOLD) + 1..=newest).rev() {
            activations.extend(self.activation(number).await?);
        }
        Ok(KeptPolicy { fingerprint, files, in_force, activations })
    }

    /// The files of a kept set.
    async fn kept_policy(&self, fingerprint: [u8; 32]) -> Result<Option<FileSet>, Error> {
        let document = self.store.document(Shelf::PolicyVersion, &kept::set_name(fingerprint)).await?;
        document.map(|document| kept::take_set(&document.bytes)).transpose()
    }

    /// What was activated last, whether it can be read here or not; before that, what is in force here.
    async fn put_in_force(&self) -> Result<[u8; 32], Error> {
        Ok(self.in_force().await?.map_or(self.rulebook().fingerprint, |(activation, _)| activation.fingerprint))
    }

    /// The newest activation, with the version of its document.
    async fn in_force(&self) -> Result<Option<(Activation, u64)>, Error> {
        let document = self.store.document(Shelf::PolicyVersion, kept::IN_FORCE).await?;
        let read = |Document { bytes, version, .. }| Ok((kept::take_activation(&bytes)?, version));
        document.map(read).transpose()
    }

    /// An activation by its number.
    pub(super) async fn activation(&self, number: u64) -> Result<Option<Activation>, Error> {
        let document = self.store.document(Shelf::PolicyVersion, &kept::activation_name(number)).await?;
        document.map(|document| kept::take_activation(&document.bytes)).transpose()
    }
}
