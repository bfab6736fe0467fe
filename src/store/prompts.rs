//! Prompts that are followed: as a queue lists them, and as somebody marks them.

use jiff::Timestamp;
use uuid::Uuid;

use super::Record;
use crate::domain::{
    code::Class,
    decision::PromptKind,
    delivery::DeliveryId,
    prompt::{PromptEnd, PromptOwner, TrackedPrompt},
    queue::QueueId,
};

/// A prompt as one queue has it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Prompted {
    /// The prompt.
    pub prompt: TrackedPrompt,
    /// The queues that follow it, in order of name; HOLD apart, which does nothing but find them.
    pub queues: Vec<QueueId>,
    /// The delivery by which this queue has it; the first, where it has several.
    pub delivery: DeliveryId,
    /// That delivery's class.
    pub class: Class,
}

/// Which prompts of a queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PromptSide {
    /// What is to be done: what is due first, first, so that what is late is before all else.
    Open,
    /// What has ended, the latest first.
    Ended,
}

/// One page of [`super::Store::prompts`].
#[derive(Debug, Clone)]
pub struct PromptPage {
    /// The prompts, each with its record.
    pub prompts: Vec<(Record, Prompted)>,
    /// Where the next page begins; `None` at the end.
    pub next: Option<Vec<u8>>,
}

/// A prompt is marked.
#[derive(Debug, Clone)]
pub struct Marking {
    /// The record.
    pub record: Uuid,
    /// Which of its prompts.
    pub kind: PromptKind,
    /// The queue the caller's permit is for; what that one does not follow is not found.
    pub queue: QueueId,
    /// The version that the caller saw: [`super::StoreError::Conflict`] where it has another by now.
    pub version: u32,
    /// As what.
    pub mark: Mark,
}

/// What somebody says of a prompt.
#[derive(Debug, Clone)]
pub enum Mark {
    /// Who will do it: one of the queues that follow it.
    Owner(PromptOwner),
    /// That it has ended.
    End(PromptEnd),
}

impl Mark {
    /// When.
    pub fn at(&self) -> Timestamp {
        match self {
            Self::Owner(owner) => owner.at,
            Self::End(end) => end.at,
        }
    }
}
