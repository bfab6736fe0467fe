//! Places as a sender states them (domain 1.3). What they resolve to is the directory's to say.

use super::text::Text;

/// An area as stated. A code is well-formed or the submission is refused; whether anybody has it is decided in routing (D03).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Area {
    /// Not stated.
    #[default]
    Absent,
    /// Stated as unknown: accepted and held.
    Unknown,
    /// A GSS or PFA code, a council or force name, or both; both that disagree are a contradiction and held.
    Stated {
        /// GSS authority code (`E09000023`) or police force area code (`E23000028`).
        code: Option<Text>,
        /// Name in any spelling the directory knows.
        name: Option<Text>,
    },
}
