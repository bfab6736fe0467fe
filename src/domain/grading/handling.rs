//! Handling, the 2 of 3x5x2: `P`, or `C` with exactly one action code, one sanitisation code and written instructions
//! (domain 2.1). No value of these types is inconsistent.

use std::fmt;

use crate::domain::{code::vocabulary, text::Text};

/// Goes with the proposed conditions C A1 S2, so that C is never without an instruction (domain 2.2).
const STANDING: &str = "No direct action on this alone; ask the originator before acting on it or sharing it further, \
because the child or carer may be identified as the source. This never delays protecting anyone.";

vocabulary! {
    /// What may be done with it; only with conditions.
    ActionCode {
        /// May be combined and corroborated; no direct action; ask the originator first.
        NoDirectAction = "A1",
        /// Covert action allowed; protect source and technique; not alone as evidence or for arrest.
        Covert = "A2",
        /// Overt action allowed as the owner specifies.
        Overt = "A3",
    }
}

vocabulary! {
    /// Who may sanitise it further; only with conditions.
    SanitisationCode {
        /// The originator allows others to sanitise unsupervised.
        Unsupervised = "S1",
        /// The originator must be consulted before wider sanitised sharing.
        Consult = "S2",
    }
}

impl ActionCode {
    /// What it allows, in words (domain 2.1).
    pub const fn words(self) -> &'static str {
        match self {
            Self::NoDirectAction => "no direct action, ask the originator first",
            Self::Covert => "covert action allowed, not alone as evidence or for arrest",
            Self::Overt => "overt action allowed as the owner specifies",
        }
    }
}

impl SanitisationCode {
    /// What it asks, in words (domain 2.1).
    pub const fn words(self) -> &'static str {
        match self {
            Self::Unsupervised => "others may sanitise unsupervised",
            Self::Consult => "consult the originator first",
        }
    }
}

/// The codes alone, as a header shows them: `P` or `C A1 S2`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandlingCode {
    /// Lawful sharing permitted.
    Permitted,
    /// Lawful sharing permitted with conditions.
    Conditions(ActionCode, SanitisationCode),
}

impl HandlingCode {
    /// Its two letters, each with what it says.
    pub const LETTERS: [(&'static str, &'static str); 2] =
        [("P", "lawful sharing permitted"), ("C", "lawful sharing permitted with conditions")];

    /// What the codes say, in words.
    pub fn words(self) -> String {
        let [(_, permitted), (_, conditions)] = Self::LETTERS;
        match self {
            Self::Permitted => permitted.to_owned(),
            Self::Conditions(action, sanitisation) => {
                format!("{conditions}: {}; to sanitise it further: {}", action.words(), sanitisation.words())
            }
        }
    }

    /// Reads what [`fmt::Display`] writes.
    pub fn from_code(code: &str) -> Option<Self> {
        if code == "P" {
            return Some(Self::Permitted);
        }
        let (action, sanitisation) = code.strip_prefix("C ")?.split_once(' ')?;
        Some(Self::Conditions(ActionCode::from_code(action)?, SanitisationCode::from_code(sanitisation)?))
    }
}

impl fmt::Display for HandlingCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Permitted => f.write_str("P"),
            Self::Conditions(action, sanitisation) => write!(f, "C {action} {sanitisation}"),
        }
    }
}

/// Handling with its written instructions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Handling {
    /// Lawful sharing permitted: no codes and no instructions.
    Permitted,
    /// With conditions.
    Conditions(Conditions),
}

/// One action code, one sanitisation code and what they mean here, in words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Conditions {
    action: ActionCode,
    sanitisation: SanitisationCode,
    instructions: Text,
}

impl Conditions {
    /// Conditions with their written instructions; `None` where there is nothing written.
    pub fn new(action: ActionCode, sanitisation: SanitisationCode, instructions: Text) -> Option<Self> {
        (!instructions.is_blank()).then_some(Self { action, sanitisation, instructions })
    }
}

impl Handling {
    /// What the broker proposes where the child or carer would be identifiable as the source: C A1 S2.
    pub fn standing() -> Self {
        let (action, sanitisation) = (ActionCode::NoDirectAction, SanitisationCode::Consult);
        Self::Conditions(Conditions { action, sanitisation, instructions: STANDING.into() })
    }

    /// The codes without the instructions.
    pub fn code(&self) -> HandlingCode {
        match self {
            Self::Permitted => HandlingCode::Permitted,
            Self::Conditions(with) => HandlingCode::Conditions(with.action, with.sanitisation),
        }
    }

    /// The written instructions; with `P` there are none.
    pub fn instructions(&self) -> Option<&Text> {
        match self {
            Self::Permitted => None,
            Self::Conditions(with) => Some(&with.instructions),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::decision::{InformationGrade, SourceGrade};

    #[test]
    fn codes_come_back_and_nothing_inconsistent_is_read() {
        let conditions = ActionCode::ALL
            .iter()
            .flat_map(|action| SanitisationCode::ALL.iter().map(|by| HandlingCode::Conditions(*action, *by)));
        let all: Vec<HandlingCode> = conditions.chain([HandlingCode::Permitted]).collect();
        assert_eq!(all.len(), 7);
        for code in all {
            assert_eq!(HandlingCode::from_code(&code.to_string()), Some(code));
        }
        for not in ["", "C", "C A1", "C S2", "P A1 S2", "C A4 S2", "C A1 S3", "C S2 A1", "C A1 S2 ", "C A1 A2 S1"] {
            assert_eq!(HandlingCode::from_code(not), None, "{not:?}");
        }
    }

    /// What an officer does by a code, on the child's behalf or behind the child's back: one wording, that of the contract.
    #[test]
    fn codes_mean_what_the_contract_says() {
        let contract = include_str!("../../../proto/homeward/v1/queue.proto");
        let contract = contract.split_whitespace().filter(|word| *word != "//").collect::<Vec<_>>().join(" ");
        let said = |code: &str, words: &str| {
            assert!(contract.contains(&format!("`{code}` {words}")), "`{code}` {words}");
        };
        ActionCode::ALL.iter().for_each(|code| said(code.code(), code.words()));
        SanitisationCode::ALL.iter().for_each(|code| said(code.code(), code.words()));
        SourceGrade::ALL.iter().for_each(|code| said(code.code(), code.words()));
        InformationGrade::ALL.iter().for_each(|code| said(code.code(), code.words()));
        let standing = Handling::standing().code().words();
        assert!(standing.contains("with conditions: no direct action, ask the originator first; "), "{standing}");
    }

    #[test]
    fn conditions_are_never_without_instructions() {
        let with = |words: &str| Conditions::new(ActionCode::Covert, SanitisationCode::Unsupervised, words.into());
        assert_eq!(with(" \n"), None);
        assert!(with("Ask the desk.").is_some());
        assert!(Handling::standing().instructions().is_some_and(|words| !words.is_blank()));
        assert_eq!(Handling::Permitted.instructions(), None);
    }
}
