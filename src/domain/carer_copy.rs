//! Whether a record's carer copy may be released at all (domain 2.4, R05, R18, R19): what is kept of it beside the sealed units,
//! without content.

use super::{
    code::{TellCarer, vocabulary},
    decision::Flag,
};

vocabulary! {
    /// What the decision and the sender say about the carer copy.
    CarerCopy {
        /// A word home may be a danger, an accused is excluded from every copy, or the record has no carer copy: never released.
        Suppressed = "suppressed",
        /// The sender proposes to tell the carer nothing.
        NotProposed = "not_proposed",
        /// The sender proposes the redacted copy.
        Proposed = "proposed",
    }
}

/// A word home may be a danger (D19, R19), or the accused may be whoever reads it: that person and their home are kept from
/// every copy (R18).
const SUPPRESSING: [Flag; 3] = [Flag::NoFamilyContact, Flag::SafeContactNo, Flag::ExcludeAccused];

impl CarerCopy {
    /// Of a record with these flags whose sender proposes `tell`.
    pub fn of(flags: &[Flag], tell: TellCarer) -> Self {
        if flags.iter().any(|flag| SUPPRESSING.contains(flag)) {
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
                let suppressed = ["no_family_contact", "safe_contact_no", "exclude_accused"].contains(&flag.code());
                let found = CarerCopy::of(&[Flag::EvidenceWarning, *flag], tell);
                assert_eq!(found == CarerCopy::Suppressed, suppressed, "{flag}");
            }
        }
        assert_eq!(CarerCopy::of(&[], TellCarer::Nothing), CarerCopy::NotProposed);
        assert_eq!(CarerCopy::of(&[], TellCarer::RedactedCopy), CarerCopy::Proposed);
    }
}
