//! What goes on to somebody else: nothing that its sender has taken back.

use super::Error;
use crate::domain::retraction::{Retraction, RetractionKind};

/// What the sender has taken back goes to nobody else.
pub(super) fn not_recalled(retractions: &[Retraction]) -> Result<(), Error> {
    if retractions.last().is_none_or(|last| last.kind != RetractionKind::Recalled) {
        return Ok(());
    }
    Err(Error::Precondition {
        reason: "RECALLED",
        advice: "the sender has taken the referral back: it goes to nobody else; settle it with an outcome of your queue",
    })
}
