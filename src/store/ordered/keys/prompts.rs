//! Keys of the prompts that are followed: in the list of a queue, and by when somebody is to be told.

use jiff::Timestamp;
use uuid::Uuid;

use super::{queue_kind, time};
use crate::{
    domain::{decision::PromptKind, prompt::TrackedPrompt, queue::QueueId},
    store::PromptSide,
};

/// The first byte of every [`prompt`] key.
pub(in crate::store) const PROMPTS: &[u8; 1] = b"j";

/// The first byte of every [`awaited`] key.
pub(in crate::store) const AWAITED: &[u8; 1] = b"y";

/// One side of a queue's list; a moment and which prompt follow.
pub(in crate::store) fn prompts(queue: &QueueId, side: PromptSide) -> Vec<u8> {
    let mut key = queue_kind(PROMPTS[0], queue);
    key.push(match side {
        PromptSide::Open => 0,
        PromptSide::Ended => 1,
    });
    key
}

/// A prompt in the list of a queue: while it is open by its date, the first first; then by its end, the latest first.
pub(in crate::store) fn prompt(queue: &QueueId, record: Uuid, prompt: &TrackedPrompt) -> Vec<u8> {
    let (side, moment) = match &prompt.end {
        None => (PromptSide::Open, time(prompt.due)),
        Some(end) => (PromptSide::Ended, time(end.at).map(|byte| !byte)),
    };
    [prompts(queue, side).as_slice(), &moment, &which(record, prompt.kind)].concat()
}

/// A prompt about which somebody is to be told once `due` is past.
pub(in crate::store) fn awaited(due: Timestamp, record: Uuid, kind: PromptKind) -> Vec<u8> {
    [AWAITED.as_slice(), &time(due), &which(record, kind)].concat()
}

/// Everything that was due before `now` lies below this key.
pub(in crate::store) fn awaited_before(now: Timestamp) -> Vec<u8> {
    [AWAITED.as_slice(), &time(now)].concat()
}

/// Which prompt stands at the end of a key of either kind.
pub(in crate::store) fn read_prompt(key: &[u8]) -> Option<(Uuid, PromptKind)> {
    let (kind, rest) = key.split_last()?;
    let record = Uuid::from_slice(rest.get(rest.len().checked_sub(16)?..)?).ok()?;
    Some((record, *PromptKind::ALL.get(usize::from(*kind))?))
}

fn which(record: Uuid, kind: PromptKind) -> Vec<u8> {
    let place = PromptKind::ALL.iter().position(|known| *known == kind).unwrap_or(PromptKind::ALL.len());
    [record.as_bytes().as_slice(), &[u8::try_from(place).unwrap_or(u8::MAX)]].concat()
}
