//! Kinds of queue, what they open and how they can end (domain 5.4, 8 row 4; contract 4).

use super::Deadlines;
use crate::domain::{
    queue::QueueId,
    unit::{Audience, Part},
    vetting::Vetting,
};

/// On which side of the house a queue stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum QueueSide {
    /// Police.
    Police,
    /// Council.
    Council,
    /// Triage: HOLD.
    Triage,
}

/// What the sender is told about an outcome; detail only where the unit releases it (domain 8 row 4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SenderWording {
    /// "acted on".
    ActedOn,
    /// "recorded".
    Recorded,
    /// "no further action: " and the reason.
    NoFurtherAction,
}

impl SenderWording {
    /// The words a sender reads; `reason` is used only where no further action is taken.
    pub fn words(self, reason: &str) -> String {
        match self {
            Self::ActedOn => "acted on".to_owned(),
            Self::Recorded => "recorded".to_owned(),
            Self::NoFurtherAction => format!("no further action: {reason}"),
        }
    }
}

/// One way a delivery can end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    /// Stable code, e.g. `warning_notice`.
    pub code: String,
    /// What an officer reads.
    pub label: String,
    /// What the sender reads.
    pub wording: SenderWording,
    /// A reason must be given.
    pub reason_required: bool,
}

/// A kind of queue.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct QueueKind {
    /// The part of a queue's name before the dot.
    pub kind: String,
    /// What people call it.
    pub label: String,
    /// Police, council or triage.
    pub side: QueueSide,
    /// Open at every hour (D01).
    pub always_open: bool,
    /// What can be opened on such a queue at all; a leg's contents and the reader's role narrow it (contract 4).
    pub opens: Vec<(Part, Audience)>,
    /// The closed list of outcomes.
    pub outcomes: Vec<Outcome>,
}

impl QueueKind {
    /// The outcome with this code, if the kind has it.
    pub fn outcome(&self, code: &str) -> Option<&Outcome> {
        self.outcomes.iter().find(|outcome| outcome.code == code)
    }

    /// Whether this unit can be opened on such a queue at all.
    pub fn may_open(&self, part: Part, audience: Audience) -> bool {
        self.opens.contains(&(part, audience))
    }
}

/// Kinds and deadlines together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queues {
    /// Version of the data.
    pub version: String,
    /// The kinds.
    pub kinds: Vec<QueueKind>,
    /// The deadlines.
    pub deadlines: Deadlines,
    /// Levels of vetting, and what asks for one.
    pub vetting: Vetting,
}

impl Queues {
    /// The kind of a queue.
    pub fn kind_of(&self, queue: &QueueId) -> Option<&QueueKind> {
        self.kinds.iter().find(|kind| kind.kind == queue.kind())
    }
}
