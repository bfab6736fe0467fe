//! Corrections and recalls (DPA s.38): whoever has read a referral is told that its sender has put another in its place, or takes it
//! back, and says that they have heard it. What nobody had read is closed.

use jiff::Timestamp;
use uuid::Uuid;

use super::{
    code::vocabulary,
    delivery::{Delivery, State},
    queue::QueueId,
};

vocabulary! {
    /// What became of a referral by its sender's will.
    RetractionKind {
        /// Another one stands in its place.
        Corrected = "CORRECTED",
        /// It is taken back.
        Recalled = "RECALLED",
    }
}

/// That a referral was corrected or recalled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retraction {
    /// Which.
    pub kind: RetractionKind,
    /// When.
    pub at: Timestamp,
    /// The sender's request, which names it.
    pub id: Uuid,
    /// The referral that stands in its place; the subject's record, also for a linked one.
    pub successor: Option<Uuid>,
}

impl Retraction {
    /// What its reason is sealed for, for the readers of one queue.
    pub fn purpose(&self, queue: &QueueId) -> String {
        purpose(self.id, queue)
    }
}

/// What the reason of the retraction of this name is sealed for, for the readers of one queue.
pub fn purpose(id: Uuid, queue: &QueueId) -> String {
    format!("retraction/{}/{queue}", id.hyphenated())
}

impl Delivery {
    /// Somebody of its unit has read it, or taken what has nothing to open: they are told when it is corrected or recalled.
    pub fn was_read(&self) -> bool {
        self.opened.is_some() || (self.header.units.is_empty() && self.delivered.is_some())
    }

    /// It is a notice that a referral was corrected or recalled, and carries nothing else.
    pub fn is_notice(&self) -> bool {
        self.header.notice.is_some()
    }

    /// Closed before anybody had read it, because it was corrected or recalled; or whoever had is kept from it since (D08).
    pub fn is_closed_unread(&self) -> bool {
        matches!(self.state, State::Superseded | State::Recalled)
    }
}
