//! Keys of what is followed after everybody has settled it.

use jiff::Timestamp;
use uuid::Uuid;

use super::{read_time, time};

/// A record about which nothing is open any longer, and since when; the first byte of every such key is [`FINISHED`].
pub(in crate::store) fn finished(since: Timestamp, record: Uuid) -> Vec<u8> {
    [FINISHED, time(since).as_slice(), record.as_bytes()].concat()
}

/// The first byte of every [`finished`] key.
pub(in crate::store) const FINISHED: &[u8; 1] = b"f";

/// What a [`finished`] key says.
pub(in crate::store) fn read_finished(key: &[u8]) -> Option<(Timestamp, Uuid)> {
    Some((read_time(key.get(1..13)?)?, Uuid::from_slice(key.get(13..)?).ok()?))
}
