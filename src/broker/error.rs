//! Why the broker did not do it. Translated once, in `wire/status.rs`.

use crate::{
    domain::{grants::Refusal, violation::Violations},
    platform::EntropyError,
    sealing::SealError,
    store::StoreError,
};

/// What a caller may learn. The words of `Unavailable`, `KeyUnavailable` and `Internal` are for the log, never for the caller.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Error {
    /// Not granted.
    #[error("not granted: {0}")]
    Refused(#[from] Refusal),
    /// Every offending field.
    #[error("{}", .0.summary())]
    Invalid(Violations),
    /// Unknown, or another's: both look alike.
    #[error("not found")]
    NotFound,
    /// The request id was used with another body.
    #[error("the request id was used with another body")]
    RequestIdReused,
    /// The lease is not live.
    #[error("the lease is lost")]
    LeaseLost,
    /// Not possible as things stand; the reason is a fixed UPPER_SNAKE word and what to do.
    #[error("{reason}: {advice}")]
    Precondition {
        /// Fixed word, e.g. `OPEN_FIRST`.
        reason: &'static str,
        /// What to do.
        advice: &'static str,
    },
    /// The store cannot be written or read now; trying again helps.
    #[error("the store is not available: {0}")]
    Unavailable(String),
    /// The key outside the store cannot be used now; trying again helps once it can.
    #[error("the key outside the store is not available: {0}")]
    KeyUnavailable(String),
    /// A fault of ours.
    #[error("internal: {0}")]
    Internal(String),
}

/// So often it is decided anew who is to have something that a correction came between.
pub(super) const DECIDED: usize = 4;

impl Error {
    /// Somebody changed it between the look and the decision.
    pub(super) fn is_conflict(&self) -> bool {
        matches!(self, Self::Precondition { reason: CHANGED, .. })
    }
}

/// Somebody changed it between the look and the decision.
const CHANGED: &str = "CHANGED_MEANWHILE";

impl From<StoreError> for Error {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::RequestIdReused => Self::RequestIdReused,
            StoreError::LeaseLost => Self::LeaseLost,
            StoreError::NotFound => Self::NotFound,
            StoreError::WrongState => Self::Precondition {
                reason: "WRONG_STATE",
                advice: "the delivery is not in a state where this can be done; list the queue again",
            },
            StoreError::Conflict => Self::Precondition {
                reason: CHANGED,
                advice: "somebody else changed it in the meantime; look at it again and decide anew",
            },
            StoreError::Unavailable(why) => Self::Unavailable(why),
            StoreError::Damaged(why) => Self::Internal(why),
        }
    }
}

impl From<SealError> for Error {
    fn from(error: SealError) -> Self {
        match error {
            SealError::Erased => {
                Self::Precondition { reason: "ERASED", advice: "its content was erased; nobody reads it any longer" }
            }
            SealError::Exhausted => Self::KeyUnavailable(error.to_string()),
            error => Self::Internal(error.to_string()),
        }
    }
}

impl From<EntropyError> for Error {
    fn from(error: EntropyError) -> Self {
        Self::Unavailable(error.to_string())
    }
}
