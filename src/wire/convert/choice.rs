//! Closed vocabularies on the wire: each value's name there is a prefix and the house's code, so one rule reads them all.

use crate::{domain::code, wire::pb};

/// A closed vocabulary with an enum on the wire.
pub trait Choice: Copy + Sized + 'static {
    /// The first value: stands in for a missing required one, beside the fault that says so.
    const FIRST: Self;

    /// `Ok(None)` where it is unspecified; `Err` where the number is no value of the enum.
    #[expect(clippy::result_unit_err, reason = "the reader knows the field and words the fault")]
    fn from_wire(raw: i32) -> Result<Option<Self>, ()>;

    /// The number on the wire.
    fn to_wire(self) -> i32;
}

/// Ties a vocabulary to its enum: `domain type => enum, prefix of its values`.
macro_rules! choices {
    ($($house:path => $wire:path, $prefix:literal;)+) => {$(
        impl Choice for $house {
            const FIRST: Self = <$house>::ALL[0];

            fn from_wire(raw: i32) -> Result<Option<Self>, ()> {
                let value = <$wire>::try_from(raw).map_err(|_| ())?;
                if raw == 0 {
                    return Ok(None);
                }
                let code = value.as_str_name().strip_prefix($prefix).ok_or(())?;
                <$house>::from_code(code).map(Some).ok_or(())
            }

            fn to_wire(self) -> i32 {
                <$wire>::from_str_name(&format!(concat!($prefix, "{}"), self.code())).map_or(0, |value| value as i32)
            }
        }
    )+

    /// Every vocabulary: its name, how many values each side has (the wire's unspecified one apart), and whether each
    /// comes back as itself. The tests walk it.
    #[cfg(test)]
    pub(super) fn all_agree() -> Vec<(&'static str, usize, usize, bool)> {
        vec![$({
            let wire = (1..).take_while(|raw| <$wire>::try_from(*raw).is_ok()).count();
            let same = <$house>::ALL.iter().all(|value| <$house>::from_wire(value.to_wire()) == Ok(Some(*value)));
            (stringify!($house), <$house>::ALL.len(), wire, same)
        }),+]
    }};
}

choices! {
    code::HarmCode => pb::HarmCode, "HARM_CODE_";
    code::MarkingLevel => pb::MarkingLevel, "MARKING_LEVEL_";
    code::EpisodeKind => pb::EpisodeKind, "EPISODE_KIND_";
    code::RiskLevel => pb::RiskLevel, "RISK_LEVEL_";
    code::InterviewOutcome => pb::InterviewOutcome, "INTERVIEW_OUTCOME_";
    code::Mode => pb::Mode, "MODE_";
    code::ItemKind => pb::ItemKind, "ITEM_KIND_";
    code::SourceRole => pb::SourceRole, "SOURCE_ROLE_";
    code::HowKnown => pb::HowKnown, "HOW_KNOWN_";
    code::PersonRole => pb::PersonRole, "PERSON_ROLE_";
    code::DataSubjectCategory => pb::DataSubjectCategory, "DATA_SUBJECT_CATEGORY_";
    code::Fgm => pb::Fgm, "FGM_";
    code::CaseStatus => pb::CaseStatus, "CASE_STATUS_";
    code::YesNoUnknown => pb::YesNoUnknown, "YES_NO_UNKNOWN_";
    code::Sex => pb::Sex, "SEX_";
    code::TellCarer => pb::TellCarer, "TELL_CARER_";
    code::EmergencyCall => pb::EmergencyCall, "EMERGENCY_CALL_";
    code::DangerReason => pb::DangerReason, "DANGER_REASON_";
    code::Engagement => pb::Engagement, "ENGAGEMENT_";
    code::QuestionType => pb::QuestionType, "QUESTION_TYPE_";
    code::Frequency => pb::Frequency, "FREQUENCY_";
    code::CarerAgreement => pb::CarerAgreement, "CARER_AGREEMENT_";
    code::OfferMethod => pb::OfferMethod, "OFFER_METHOD_";
    code::OfferResult => pb::OfferResult, "OFFER_RESULT_";
    code::HistoryRead => pb::HistoryRead, "HISTORY_READ_";
    code::PlaceKind => pb::PlaceKind, "PLACE_KIND_";
    code::ShareMark => pb::ShareMark, "SHARE_MARK_";
    code::LawfulBasis => pb::LawfulBasis, "LAWFUL_BASIS_";
}
