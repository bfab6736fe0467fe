//! The grade that police intelligence confirms (domain 2.2): checked as one whole, kept beside what was proposed, and
//! never over an earlier one.

use std::fmt;

use jiff::Timestamp;
use uuid::Uuid;

use super::handling::{ActionCode, Conditions, Handling, HandlingCode, SanitisationCode};
use crate::domain::{
    decision::{InformationGrade, SourceGrade},
    delivery::ItemHeader,
    text::Text,
    violation::Violations,
};

/// A grade as police intelligence states it, by the names of its fields. Not `Debug`: what was typed may be anything.
#[derive(Clone, Default)]
pub struct Stated {
    /// `1` to `3`.
    pub source: String,
    /// `A` to `E`.
    pub information: String,
    /// `P` or `C`.
    pub handling: String,
    /// `A1` to `A3`, with `C` only.
    pub action_code: String,
    /// `S1` or `S2`, with `C` only.
    pub sanitisation_code: String,
    /// Written instructions, with `C` only.
    pub instructions: Text,
    /// Why: with 3, with E, and where it differs from what was proposed.
    pub reason: Text,
}

/// A consistent grade.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grade {
    /// Source.
    pub source: SourceGrade,
    /// Information.
    pub information: InformationGrade,
    /// Handling with its instructions.
    pub handling: Handling,
    /// Why; blank where none was asked for and none given.
    pub reason: Text,
}

/// A confirmed grade as it is kept: who and when in clear, words sealed.
#[derive(Clone, PartialEq, Eq)]
pub struct ConfirmedGrade {
    /// Item number, 1-based.
    pub item: u16,
    /// 1 for the first of this item, then one more each time. The store gives it.
    pub version: u32,
    /// Names this confirmation: what was sealed for it opens for no other.
    pub id: Uuid,
    /// Source.
    pub source: SourceGrade,
    /// Information.
    pub information: InformationGrade,
    /// Handling without its instructions.
    pub handling: HandlingCode,
    /// The instructions, sealed; empty with `P`.
    pub instructions: Vec<u8>,
    /// The reason, sealed; empty where there is none.
    pub reason: Vec<u8>,
    /// Identity of who confirmed.
    pub by: String,
    /// When.
    pub at: Timestamp,
    /// The leg of this record under whose lease it was confirmed; `None` where that was a leg of a linked record.
    pub leg: Option<u16>,
}

/// Nothing of who confirmed it, nor of its words.
impl fmt::Debug for ConfirmedGrade {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ConfirmedGrade")
            .field("item", &self.item)
            .field("version", &self.version)
            .finish_non_exhaustive()
    }
}

impl ConfirmedGrade {
    /// Source and information, e.g. `2B`.
    pub fn grade(&self) -> String {
        format!("{}{}", self.source, self.information)
    }
}

impl Stated {
    /// Checks everything together and names every offending field. `proposed` is the item as the broker graded it;
    /// absent where it is not known, and then nothing is compared with it.
    pub fn check(&self, proposed: Option<&ItemHeader>) -> Result<Grade, Violations> {
        let mut wrong = Violations::default();
        let source = SourceGrade::from_code(&self.source);
        if source.is_none() {
            wrong.add("source", "1 reliable, 2 untested or 3 not reliable");
        }
        let information = InformationGrade::from_code(&self.information);
        if information.is_none() {
            wrong.add("information", "A, B, C, D or E; categories only, never a score");
        }
        let handling = self.handling(&mut wrong);
        if let (Some(source), Some(information)) = (source, information)
            && let Some(why) = reason_needed(source, information, handling.as_ref(), proposed)
            && self.reason.is_blank()
        {
            wrong.add("reason", why);
        }
        match (source, information, handling) {
            (Some(source), Some(information), Some(handling)) if wrong.is_empty() => {
                Ok(Grade { source, information, handling, reason: self.reason.clone() })
            }
            _ => Err(wrong),
        }
    }

    fn handling(&self, wrong: &mut Violations) -> Option<Handling> {
        match self.handling.as_str() {
            "P" => {
                let codes = [("action_code", &self.action_code), ("sanitisation_code", &self.sanitisation_code)];
                for (field, _) in codes.into_iter().filter(|(_, code)| !code.is_empty()) {
                    wrong.add(field, "leave it empty: it goes with conditions (C) only");
                }
                if !self.instructions.is_blank() {
                    wrong.add("instructions", "leave them empty: they go with conditions (C) only");
                }
                Some(Handling::Permitted)
            }
            "C" => {
                let action = ActionCode::from_code(&self.action_code);
                if action.is_none() {
                    wrong.add("action_code", "exactly one of A1, A2 and A3 goes with conditions (C)");
                }
                let sanitisation = SanitisationCode::from_code(&self.sanitisation_code);
                if sanitisation.is_none() {
                    wrong.add("sanitisation_code", "exactly one of S1 and S2 goes with conditions (C)");
                }
                if self.instructions.is_blank() {
                    wrong.add("instructions", "conditions (C) need written instructions");
                }
                Conditions::new(action?, sanitisation?, self.instructions.clone()).map(Handling::Conditions)
            }
            _ => {
                wrong.add("handling", "P lawful sharing permitted, or C with conditions");
                None
            }
        }
    }
}

/// Why a reason is needed, if it is.
fn reason_needed(
    source: SourceGrade,
    information: InformationGrade,
    handling: Option<&Handling>,
    proposed: Option<&ItemHeader>,
) -> Option<&'static str> {
    let differs = proposed.is_some_and(|proposed| {
        let handled = handling.is_some_and(|handling| handling.code().to_string() != proposed.handling);
        handled || format!("{source}{information}") != proposed.proposed
    });
    if source == SourceGrade::NotReliable {
        Some("say why the source is not reliable")
    } else if information == InformationGrade::SuspectedFalse {
        Some("say why it is suspected to be false; a child's retraction is no proof of falsity")
    } else if differs {
        Some("say why it differs from what was proposed")
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn proposed() -> ItemHeader {
        ItemHeader {
            number: 1,
            proposed: "2A".into(),
            handling: "C A1 S2".into(),
            instruction: "Ask the originator.".into(),
        }
    }

    /// `2A C A1 S2 | instructions | reason`.
    fn stated(codes: &str, instructions: &str, reason: &str) -> Stated {
        let mut words = codes.split(' ').map(str::to_owned);
        let grade = words.next().unwrap();
        let (source, information) = grade.split_at(1);
        let mut next = || words.next().unwrap_or_default();
        Stated {
            source: source.into(),
            information: information.into(),
            handling: next(),
            action_code: next(),
            sanitisation_code: next(),
            instructions: instructions.into(),
            reason: reason.into(),
        }
    }

    fn wrong(stated: &Stated) -> Vec<String> {
        let found = stated.check(Some(&proposed())).err().unwrap_or_default();
        found.0.into_iter().map(|violation| violation.field).collect()
    }

    #[test]
    fn every_consistent_grade_is_taken_and_comes_back_as_it_was_said() {
        for source in SourceGrade::ALL {
            for information in InformationGrade::ALL {
                for (handling, words) in [("P", ""), ("C A1 S1", "Ask."), ("C A2 S2", "Ask."), ("C A3 S1", "Ask.")] {
                    let said = stated(&format!("{source}{information} {handling}"), words, "Because.");
                    let grade = said.check(Some(&proposed())).unwrap();
                    assert_eq!((grade.source, grade.information), (*source, *information));
                    assert_eq!(grade.handling.code().to_string(), handling);
                    assert_eq!(grade.handling.instructions().map_or("", Text::reveal), words);
                }
            }
        }
    }

    #[test]
    fn every_offending_field_is_named_at_once() {
        assert_eq!(wrong(&stated("4F X", "", "")), ["source", "information", "handling"]);
        assert_eq!(
            wrong(&stated("2A P A1 S2", "Ask.", "Because.")),
            ["action_code", "sanitisation_code", "instructions"]
        );
        assert_eq!(wrong(&stated("2A C", " ", "Because.")), ["action_code", "sanitisation_code", "instructions"]);
        assert_eq!(wrong(&stated("2A C A4 S3", "Ask.", "")), ["action_code", "sanitisation_code"]);
        assert_eq!(wrong(&stated("3A C A1 S2", "", "")), ["instructions", "reason"]);
    }

    #[test]
    fn a_reason_goes_with_3_with_e_and_with_what_differs() {
        let same = "C A1 S2";
        for (codes, needed) in [
            (format!("2A {same}"), false),
            (format!("3A {same}"), true),
            (format!("2E {same}"), true),
            (format!("1A {same}"), true),
            (format!("2B {same}"), true),
            ("2A C A2 S2".to_owned(), true),
        ] {
            let asked = wrong(&stated(&codes, "Ask.", " ")) == ["reason"];
            assert_eq!(asked, needed, "{codes}");
            assert!(wrong(&stated(&codes, "Ask.", "Because.")).is_empty(), "{codes}");
        }
        assert_eq!(wrong(&stated("2A P", "", "")), ["reason"], "conditions are not dropped without a word");
    }
}
