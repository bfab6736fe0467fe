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

vocabulary! {
    /// Why a delivery lies on the dead-letter side of its queue.
    DeadReason {
        /// A part cannot be opened or read.
        Unreadable = "UNREADABLE",
        /// It is not for this kind of unit, and nobody here knows for whom.
        WrongUnit = "WRONG_UNIT",
        /// The unit has it already.
        Duplicate = "DUPLICATE",
        /// It cannot be acted on as it stands.
        CannotBeActedOn = "CANNOT_BE_ACTED_ON",
        /// The broker's own: so many leases on it ran out.
        AttemptLimit = "ATTEMPT_LIMIT",
    }
}

impl DeadReason {
    /// May an officer give it?
    pub const fn is_officers(self) -> bool {
        !matches!(self, Self::AttemptLimit)
    }

    /// The words a sender reads.
    pub const fn words(self) -> &'static str {
        match self {
            Self::Unreadable => "it could not be read",
            Self::WrongUnit => "not for this unit",
            Self::Duplicate => "the unit has it already",
            Self::CannotBeActedOn => "it cannot be acted on as it stands",
            Self::AttemptLimit => "taken several times and not settled",
        }
    }
}

/// The words of a reason code; empty for a code that is not on the list.
pub fn reason_words(code: &str) -> &'static str {
    NoActionReason::from_code(code).map_or("", NoActionReason::words)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_contract_names_every_reason_and_outcomes_as_they_are_written() {
        let contract = include_str!("../../proto/homeward/v1/queue.proto");
        let officers = DeadReason::ALL.iter().filter(|reason| reason.is_officers()).map(|reason| reason.code());
        for code in NoActionReason::ALL.iter().map(|reason| reason.code()).chain(officers) {
            assert!(contract.contains(&format!("`{code}`")), "{code}");
        }
        let data = include_str!("../../deploy/reference/queues.toml");
        for code in ["arrest", "s47_enquiry", "accepted", "no_further_action"] {
            assert!(contract.contains(&format!("`{code}`")) && data.contains(&format!("\"{code}\"")), "{code}");
        }
    }
}
