//! The documents of the shelf of policies: their names, their bytes.

use jiff::Timestamp;
use prost::Message;
use uuid::Uuid;

use super::{super::documents::kept, Activation};
use crate::{broker::Error, reference::FileSet};

/// The newest activation.
pub(super) const IN_FORCE: &str = "in_force";
/// Sets that were never in force.
pub(super) const WAITING: &str = "waiting";

/// Name of a set.
pub(super) fn set_name(fingerprint: [u8; 32]) -> String {
    format!("set/{}", hex::encode(fingerprint))
}

/// Name of an activation.
pub(super) fn activation_name(number: u64) -> String {
    format!("activation/{number:020}")
}

/// A set that waits to be put in force, and until when.
pub(super) type Waiting = ([u8; 32], Timestamp);

fn damaged<T>(read: Option<T>) -> Result<T, Error> {
    read.ok_or_else(|| Error::Internal("a document of the policy cannot be read".into()))
}

/// A set as bytes.
pub(super) fn put_set(files: &FileSet) -> Vec<u8> {
    let file = |(name, text): (&str, &str)| kept::KeptPolicyFile { name: name.to_owned(), text: text.to_owned() };
    kept::KeptPolicy { files: files.iter().map(file).collect() }.encode_to_vec()
}

/// Reads a set.
pub(super) fn take_set(bytes: &[u8]) -> Result<FileSet, Error> {
    let kept = damaged(kept::KeptPolicy::decode(bytes).ok())?;
    Ok(FileSet::gather(kept.files.into_iter().map(|file| (file.name, file.text))).0)
}

/// An activation as bytes.
pub(super) fn put_activation(one: &Activation) -> Vec<u8> {
    kept::KeptActivation {
        number: one.number,
        fingerprint: one.fingerprint.to_vec(),
        activated_micros: one.at.as_microsecond(),
        proposer: one.proposer.clone(),
        approver: one.approver.clone(),
        proposal: one.proposal.as_bytes().to_vec(),
    }
    .encode_to_vec()
}

/// Reads an activation.
pub(super) fn take_activation(bytes: &[u8]) -> Result<Activation, Error> {
    let read = || {
        let kept = kept::KeptActivation::decode(bytes).ok()?;
        Some(Activation {
            number: kept.number,
            fingerprint: kept.fingerprint.try_into().ok()?,
            at: Timestamp::from_microsecond(kept.activated_micros).ok()?,
            proposer: kept.proposer,
            approver: kept.approver,
            proposal: Uuid::from_slice(&kept.proposal).ok()?,
        })
    };
    damaged(read())
}

/// What waits, as bytes.
pub(super) fn put_waiting(waiting: &[Waiting]) -> Vec<u8> {
    let one = |(fingerprint, expires): &Waiting| kept::KeptWaitingPolicy {
        fingerprint: fingerprint.to_vec(),
        expires_micros: expires.as_microsecond(),
    };
    kept::KeptWaiting { policies: waiting.iter().map(one).collect() }.encode_to_vec()
}

/// Reads what waits.
pub(super) fn take_waiting(bytes: &[u8]) -> Result<Vec<Waiting>, Error> {
    let one = |kept: kept::KeptWaitingPolicy| {
        Some((kept.fingerprint.try_into().ok()?, Timestamp::from_microsecond(kept.expires_micros).ok()?))
    };
    let read = || kept::KeptWaiting::decode(bytes).ok()?.policies.into_iter().map(one).collect();
    damaged(read())
}
