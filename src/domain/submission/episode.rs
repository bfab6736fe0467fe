//! The child and the missing episode.

use jiff::{Timestamp, civil::Date};

use crate::domain::{
    code::{EpisodeKind, InterviewOutcome, OfferMethod, OfferResult, RiskLevel, Sex},
    geography::Area,
    text::Text,
};

/// The subject child.
#[derive(Debug, Clone)]
pub struct Child {
    /// Full name.
    pub name: Text,
    /// Other names, nicknames.
    pub aliases: Vec<Text>,
    /// Date of birth, if known.
    pub date_of_birth: Option<Date>,
    /// Age in years, where the date is not known.
    pub age: Option<u32>,
    /// Recorded sex; absent is read as not male (R04).
    pub sex: Option<Sex>,
    /// Self-defined ethnicity, 18+1 code.
    pub ethnicity: Option<Text>,
    /// Home address.
    pub home_address: Option<Text>,
    /// Home postcode.
    pub home_postcode: Option<Text>,
    /// Name of the placement, if any.
    pub placement: Option<Text>,
    /// School.
    pub school: Option<Text>,
    /// NHS number.
    pub nhs_number: Option<Text>,
    /// Random reference per child per organisation (domain 2.4).
    pub source_reference: Option<Text>,
    /// Communication need, interpreter, SEND.
    pub communication_need: Option<Text>,
}

/// The missing episode and its interview offers.
#[derive(Debug, Clone)]
pub struct Episode {
    /// Kind of episode.
    pub kind: EpisodeKind,
    /// System of the police reference.
    pub police_system: Option<Text>,
    /// Police reference.
    pub police_reference: Option<Text>,
    /// Reported missing.
    pub reported: Option<Timestamp>,
    /// Went missing.
    pub started: Option<Timestamp>,
    /// Returned; absent while still missing.
    pub returned: Option<Timestamp>,
    /// Force's risk level, stored as received.
    pub risk: Option<RiskLevel>,
    /// Who found the child.
    pub found_by: Option<Text>,
    /// Where police found the child: routes nothing.
    pub found_at: Option<Area>,
    /// Free description of where found.
    pub found_place: Option<Text>,
    /// Presentation on return.
    pub presentation: Option<Text>,
    /// Episodes in 30 days, the current one included (D12).
    pub episodes_30d: Option<u32>,
    /// Episodes in 12 months, the current one included.
    pub episodes_12m: Option<u32>,
    /// Offers of an interview.
    pub offers: Vec<Offer>,
    /// Outcome of the interview.
    pub outcome: InterviewOutcome,
    /// Reason where the outcome asks for one.
    pub outcome_reason: Option<Text>,
}

/// One offer of an interview.
#[derive(Debug, Clone)]
pub struct Offer {
    /// When.
    pub at: Timestamp,
    /// How.
    pub method: OfferMethod,
    /// To whom.
    pub to: Option<Text>,
    /// What came of it.
    pub result: OfferResult,
}
