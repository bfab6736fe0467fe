//! A submission: what a council sends about one Return Home Interview (domain 3 and 3.1).
//!
//! [`Draft`] is a submission as it was read from the wire: every field has its type, nothing is checked yet.
//! `Option<bool>` answers mean yes, no, or *not answered*; not answered is never stored as a no.

mod episode;
mod interview;
mod item;
mod object;
mod person;
mod reading;

pub use episode::{Child, Episode, Offer};
pub use interview::{Account, Engage, Evaluate, Interview, Interviewer, LineManager, Question, StopScreen};
pub use item::{Corroboration, Item, Provenance};
pub use object::{OnlineAccount, OtherObject, Phone, Place, Vehicle};
pub use person::{Description, Person};
pub use reading::Reading;

use jiff::Timestamp;

use super::{
    code::{HarmCode, LawfulBasis, MarkingLevel, ShareMark},
    geography::Area,
    text::Text,
};

/// A submission as read from the wire. Content lives in [`Text`], so `Debug` is safe.
#[derive(Debug, Clone)]
pub struct Draft {
    /// Who sends, for whom, under which marking.
    pub envelope: Envelope,
    /// Where the child went missing from: decides the owning MPU or force.
    pub missing_from: Area,
    /// Where the child is living at submission; a placement counts.
    pub lives_now: Area,
    /// Legal or care responsibility.
    pub responsible_authority: Area,
    /// The subject child.
    pub child: Child,
    /// The missing episode.
    pub episode: Episode,
    /// Plan and prepare, engage and explain, account, evaluate.
    pub interview: Interview,
    /// One matter and one source each; index is the item number minus one.
    pub items: Vec<Item>,
    /// Everyone named, the child included or not.
    pub persons: Vec<Person>,
    /// Places named.
    pub places: Vec<Place>,
    /// Vehicles named.
    pub vehicles: Vec<Vehicle>,
    /// Telephones named.
    pub phones: Vec<Phone>,
    /// Online accounts, e-mail addresses included.
    pub accounts: Vec<OnlineAccount>,
    /// Money, drugs, weapons and other objects.
    pub objects: Vec<OtherObject>,
    /// The explicit answers that rules read.
    pub answers: Answers,
}

/// Envelope: sender, actor, reporter, marking.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// GSS code of the authority whose child it is; the grant was checked on it.
    pub on_behalf_of: Text,
    /// Organisation that signs.
    pub submitting_organisation: Text,
    /// The sender's own case reference.
    pub sender_reference: Option<Text>,
    /// The person behind a system certificate.
    pub actor: Actor,
    /// Who reports; the name stays sealed in the record.
    pub reporter: Reporter,
    /// Protective marking.
    pub marking: Marking,
    /// Lawful basis for sharing.
    pub lawful_basis: LawfulBasis,
    /// Marks on free text, by field path and offset.
    pub marks: Vec<Mark>,
}

/// Who acted, behind a system certificate (contract 2).
#[derive(Debug, Clone)]
pub struct Actor {
    /// Identifier scheme, e.g. `staff-number`.
    pub scheme: Text,
    /// Identifier in that scheme.
    pub id: Text,
    /// Role of the actor.
    pub role: Text,
}

/// The individual reporter (domain 6, receipts).
#[derive(Debug, Clone)]
pub struct Reporter {
    /// Name.
    pub name: Text,
    /// Role.
    pub role: Text,
    /// Telephone to ring back.
    pub call_back: Text,
}

/// Protective marking (domain 2.5).
#[derive(Debug, Clone)]
pub struct Marking {
    /// Level.
    pub level: MarkingLevel,
    /// Descriptors.
    pub descriptors: Vec<Text>,
    /// Handling instruction.
    pub handling: Option<Text>,
    /// Why the level is lower than OFFICIAL-SENSITIVE.
    pub lowering_reason: Option<Text>,
}

/// A share or withhold mark on a passage of free text.
#[derive(Debug, Clone)]
pub struct Mark {
    /// Path of the free-text field, e.g. `account.first_account` or `items[0].text`.
    pub field: Text,
    /// First Unicode scalar value of the passage.
    pub start: u32,
    /// One past the last.
    pub end: u32,
    /// Share or withhold.
    pub mark: ShareMark,
}

/// The record answers of domain 3.1 that no other struct holds.
#[derive(Debug, Clone)]
pub struct Answers {
    /// Whether a case is open with the responsible authority.
    pub case: super::code::CaseStatus,
    /// Looked after; absent is derived from the geographies.
    pub looked_after: Option<bool>,
    /// Harm and exploitation codes; the items' codes are added by the reader.
    pub codes: Vec<HarmCode>,
    /// Reasonable cause to suspect significant harm (R01, D23).
    pub significant_harm_suspected: Option<bool>,
    /// County lines (R06).
    pub county_lines: Option<bool>,
    /// FGM; absent with an FGM code is read as suspected.
    pub fgm: Option<super::code::Fgm>,
    /// When FGM was disclosed; absent: interview, else receipt.
    pub fgm_disclosed_at: Option<Timestamp>,
    /// Harm source is a parent, carer or anyone living at home (R19).
    pub harm_source_at_home: Option<bool>,
    /// What the carer may be told; a proposal only.
    pub tell_carer: super::code::TellCarer,
    /// The child says that they want to die, or has a plan (R22).
    pub suicidal_intent: Option<bool>,
    /// Wanted by police (R21).
    pub wanted: Option<bool>,
    /// Missing again now (R00, R22).
    pub missing_again_now: Option<bool>,
    /// The 999 stop screen.
    pub stop_screen: Option<StopScreen>,
    /// Statistics and closure only.
    pub nil_intelligence: Option<bool>,
}
