//! Whether a record's carer copy may be released at all (domain 2.4, R05, R19): what is kept of it beside the sealed units,
//! without content.

use super::{
    code::{TellCarer, vocabulary},
    decision::Flag,
};

vocabulary! {
    /// What the decision and the sender say about the carer copy.
    CarerCopy {
        /// A word home may be a danger, or the record has no carer copy: never released.
        Suppressed = "suppressed",
        /// The sender proposes to tell the carer nothing.
        NotProposed = "not_proposed",
        /// The sender proposes the redacted copy.
        Proposed = "proposed",
    }
}

impl CarerCopy {
    /// Of a record with these flags whose sender proposes `tell`.
    pub fn of(flags: &[Flag], tell: TellCarer) -> Self {
        if flags.iter().any(|flag| matches!(flag, Flag::NoFamilyContact | Flag::SafeContactNo)) {
            return Self::Suppressed;
        }
        match tell {
            TellCarer::Nothing => Self::NotProposed,
            TellCarer::RedactedCopy => Self::Proposed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_flag_suppresses_whatever_the_sender_proposes() {
        for tell in [TellCarer::Nothing, TellCarer::RedactedCopy] {
            for flag in Flag::ALL {
                let suppressed = matches!(flag, Flag::NoFamilyContact | Flag::SafeContactNo);
                let found = CarerCopy::of(&[Flag::EvidenceWarning, *flag], tell);
                assert_eq!(found == CarerCopy::Suppressed, suppressed, "{flag}");
            }
        }
        assert_eq!(CarerCopy::of(&[], TellCarer::Nothing), CarerCopy::NotProposed);
        assert_eq!(CarerCopy::of(&[], TellCarer::RedactedCopy), CarerCopy::Proposed);
    }
}
