//! Reasons for taking no further action: a closed list with the words a sender reads (domain 8, row 4).

use super::code::vocabulary;

vocabulary! {
    /// Why no further action was taken.
    NoActionReason {
        /// The unit already knew.
        AlreadyKnown = "ALREADY_KNOWN",
        /// Not enough to act on.
        InsufficientInformation = "INSUFFICIENT_INFORMATION",
        /// Not for this unit.
        NotForThisUnit = "NOT_FOR_THIS_UNIT",
        /// The threshold is not met.
        ThresholdNotMet = "THRESHOLD_NOT_MET",
        /// Others are acting on it.
        OthersActing = "OTHERS_ACTING",
        /// Acting would put the child at risk.
        RiskToChild = "RISK_TO_CHILD",
    }
}

impl NoActionReason {
    /// The words a sender reads.
    pub const fn words(self) -> &'static str {
        match self {
            Self::AlreadyKnown => "already known to the unit",
            Self::InsufficientInformation => "not enough information to act on",
            Self::NotForThisUnit => "not for this unit",
            Self::ThresholdNotMet => "the threshold is not met",
            Self::OthersActing => "others are acting on it",
            Self::RiskToChild => "acting would put the child at risk",
        }
    }
}

/// The words of a reason code; empty for a code that is not on the list.
pub fn reason_words(code: &str) -> &'static str {
    NoActionReason::from_code(code).map_or("", NoActionReason::words)
}
