//! Rows of the outbox as messages and back; which page it is, is in the key.

use jiff::Timestamp;
use prost::Message;

use super::{moment, pb, time};
use crate::{
    domain::{code::Class, queue::QueueId},
    store::StoreError,
};

/// A page that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PageRow {
    /// The rule or class that pages.
    pub why: String,
    /// Since when.
    pub since: Timestamp,
    /// Attempts that failed.
    pub attempts: u32,
    /// When the next is due.
    pub next: Timestamp,
    /// The queue of its delivery.
    pub queue: QueueId,
    /// The delivery's class when it was written.
    pub class: Class,
}

impl PageRow {
    /// To its bytes.
    pub fn encode(&self) -> Vec<u8> {
        let (since, next) = (Some(time(self.since)), Some(time(self.next)));
        let (queue, class) = (self.queue.as_str().to_owned(), self.class.code().to_owned());
        pb::Page { why: self.why.clone(), since, attempts: self.attempts, next, queue, class }.encode_to_vec()
    }

    /// From its bytes.
    pub fn decode(bytes: &[u8]) -> Result<Self, StoreError> {
        let read = || {
            let pb::Page { why, since, attempts, next, queue, class } = pb::Page::decode(bytes).ok()?;
            let (queue, class) = (QueueId::parse(&queue)?, Class::from_code(&class)?);
            Some(Self { why, since: moment(since)?, attempts, next: moment(next)?, queue, class })
        };
        read().ok_or_else(|| StoreError::Damaged("a page cannot be read".into()))
    }
}
