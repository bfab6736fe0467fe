//! What administrators do: certificates, and whatever needs two persons. All of it lies on the store's shelves, so that
//! every replica knows, and every step is in the ledger.

mod approval;
mod backup;
mod beside;
mod certificates;
mod copies;
mod documents;
mod epochs;
mod erasure;
mod holder;
mod holds;
mod impact;
mod issuer;
mod key_shelf;
mod keys;
mod listed;
mod openable;
mod outer;
mod overheard;
mod policy;
mod renewal;
mod retention;
mod revocation;
mod rewrap;
mod since;
mod taint;
mod unlisted;

use jiff::SignedDuration;

pub use approval::{Approved, Effect};
pub use backup::{BackupSet, BackupStep, GivenOut, Manifest, moved_entry, restored_entry};
pub(super) use beside::Remembered;
pub use beside::{Beside, stated_lines};
pub use certificates::Certificate;
pub(super) use certificates::TakenOver;
pub use epochs::{EpochRow, Epochs};
pub use erasure::{ErasedRow, Erasure};
pub use holds::HeldRecord;
pub use impact::Impact;
pub use issuer::{Asked, Issuer, IssuerError, Looks, NewCertificate, Register, SignedList};
pub use key_shelf::KeyShelf;
pub use keys::{Keys, KeysError, Lifespan};
pub use outer::{OuterKeys, OuterRotation, OuterRow, OuterState};
pub(super) use policy::Policies;
pub use policy::{Activation, Begin, Checked, Fault, Folder, KeptPolicy, PolicyRefused};
pub(super) use retention::Looked;
pub use revocation::{Ended, Revocation};
pub use rewrap::{Progress, Proof, Stage, Steer};
pub use since::{Later, is_of_another, later_than, lists_since};
pub use taint::{Standing, Tainted};
pub use unlisted::Shown;

use super::{Broker, Error, Request};
use crate::{
    domain::grants::CallPermit,
    ledger::{Entry, Verb},
    store::{Accepted, Amendment, Change, Keep, Once, Seen, StoreError},
};

/// Answers to administrators' calls are replayed for 24 hours.
const REPLAY: SignedDuration = SignedDuration::from_hours(24);

impl Broker {
    /// What makes an administrator's call happen once.
    fn once_by(&self, permit: &CallPermit, request: Request) -> Once {
        let until = self.clock.now().checked_add(REPLAY).unwrap_or(jiff::Timestamp::MAX);
        Once {
            caller: permit.identity().as_str().to_owned(),
            method: permit.action().code(),
            request: request.id,
            digest: request.digest,
            keep: Keep::Until(until),
        }
    }

    /// One step of an administrator: the documents, its ledger entry, and the answer to keep, as one.
    async fn step(&self, once: Once, changes: Vec<Change>, entry: Entry, answer: Vec<u8>) -> Result<Accepted, Error> {
        let amendment = Amendment { once: Some(once), changes, entries: vec![entry], answer };
        Ok(self.store.amend(amendment).await?)
    }

    /// An amendment that is made only while a document is of the version that was seen.
    async fn amend_while(&self, seen: Option<Seen>, amendment: Amendment) -> Result<Accepted, StoreError> {
        self.store.rewrap(Vec::new(), seen, amendment).await
    }

    /// The entry of a step; `who` is empty for the broker itself.
    fn step_entry(&self, who: &str, action: &str, details: Vec<String>) -> Entry {
        Entry {
            at: self.clock.now(),
            verb: Verb::Administration,
            action: action.to_owned(),
            who: who.to_owned(),
            actor: None,
            record: None,
            deliveries: Vec::new(),
            recipients: Vec::new(),
            details,
            commitment: None,
        }
    }
}
