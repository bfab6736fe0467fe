//! Items: one matter, one source each.

use jiff::Timestamp;

use crate::domain::{
    code::{Frequency, HarmCode, HowKnown, ItemKind, SourceRole, YesNoUnknown},
    text::Text,
};

/// One matter from one source.
#[derive(Debug, Clone)]
pub struct Item {
    /// Intelligence report or safeguarding referral.
    pub kind: ItemKind,
    /// What happened.
    pub text: Text,
    /// Exact words, quotes.
    pub exactly: Option<Text>,
    /// The sender's own wording for police; read by the mpu view if given.
    pub sanitised_text: Option<Text>,
    /// Person id the item is about; absent: the child.
    pub about: Option<Text>,
    /// Codes this item is evidence for.
    pub codes: Vec<HarmCode>,
    /// Place ids where it happened.
    pub at: Vec<Text>,
    /// It happened online.
    pub online: bool,
    /// On the railway or Underground (R10).
    pub rail: Option<bool>,
    /// Only travelled through (R11, D17).
    pub journey_only: Option<bool>,
    /// Sexual offence disclosed or witnessed (R02).
    pub sexual_offence: Option<bool>,
    /// Indecent images held, shared, threatened (R03).
    pub images: Option<bool>,
    /// Danger to life or serious harm now (R00).
    pub danger_now: Option<bool>,
    /// Still happening; absent is unknown, read as yes.
    pub still_happening: Option<YesNoUnknown>,
    /// Vulnerable adult (R16).
    pub adult_at_risk: Option<bool>,
    /// Allegation about a carer, staff, police or professional (R18).
    pub allegation: Option<bool>,
    /// Person ids who appear in it.
    pub who: Vec<Text>,
    /// Vehicle, phone, account and object ids that appear in it.
    pub things: Vec<Text>,
    /// When, as said: "about 3am", "last week".
    pub when: Option<Text>,
    /// Once, repeated, planned.
    pub frequency: Option<Frequency>,
    /// Where it is from: sealed as Part A.
    pub provenance: Provenance,
}

/// Source and provenance of an item: Part A, police intelligence only.
#[derive(Debug, Clone)]
pub struct Provenance {
    /// Person id of the source; absent: the child, or the practitioner, by `source_role`.
    pub source: Option<Text>,
    /// Role of the source.
    pub source_role: SourceRole,
    /// How known.
    pub how_known: HowKnown,
    /// Told by whom, in words.
    pub told_by: Option<Text>,
    /// When learned.
    pub learned: Option<Timestamp>,
    /// Who else knows.
    pub who_else_knows: Option<Text>,
    /// Relationship of the source to those concerned.
    pub relationship: Option<Text>,
    /// The source is at risk if this is used.
    pub source_at_risk: Option<bool>,
    /// Independent support.
    pub corroboration: Vec<Corroboration>,
    /// The source took it back.
    pub retracted: Option<bool>,
    /// Contradicted by another account.
    pub contradicted: Option<bool>,
    /// The practitioner doubts it.
    pub practitioner_doubts: Option<bool>,
    /// Why; required with a doubt.
    pub doubt_reason: Option<Text>,
    /// Practitioner's opinion of reliability, with reason.
    pub opinion: Option<Text>,
    /// Child or carer identifiable as the source; absent is yes.
    pub source_identifiable: Option<bool>,
}

/// One piece of corroboration.
#[derive(Debug, Clone)]
pub struct Corroboration {
    /// By whom, a person id.
    pub by: Text,
    /// In this record.
    pub in_this_record: Option<bool>,
    /// A different person than the source.
    pub different_person: Option<bool>,
    /// Own knowledge.
    pub own_knowledge: Option<bool>,
}
