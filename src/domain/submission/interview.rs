//! The interview by its PEACE phases.

use jiff::Timestamp;

use crate::domain::{
    code::{CarerAgreement, DangerReason, EmergencyCall, Engagement, HistoryRead, Mode, QuestionType},
    text::Text,
};

/// The five phases. Clarify is per item ([`super::Provenance`]) and `contradictions`.
#[derive(Debug, Clone)]
pub struct Interview {
    /// When held; absent when none was held.
    pub held_at: Option<Timestamp>,
    /// How held.
    pub mode: Option<Mode>,
    /// Why not face to face.
    pub mode_reason: Option<Text>,
    /// A neutral place.
    pub place_neutral: Option<bool>,
    /// Work device confirmed.
    pub work_device: Option<bool>,
    /// Plan and prepare: what was read.
    pub history_read: Vec<HistoryRead>,
    /// Plan and prepare: who interviews.
    pub interviewer: Interviewer,
    /// Engage and explain.
    pub engage: Engage,
    /// Account.
    pub account: Account,
    /// Clarify: contradictions.
    pub contradictions: Option<Text>,
    /// Clarify: what the child denied.
    pub denied: Option<Text>,
    /// Evaluate.
    pub evaluate: Evaluate,
}

/// Who interviews, and independence.
#[derive(Debug, Clone, Default)]
pub struct Interviewer {
    /// Name.
    pub name: Option<Text>,
    /// Role.
    pub role: Option<Text>,
    /// Organisation.
    pub organisation: Option<Text>,
    /// Independent of the placement.
    pub independent_of_placement: Option<bool>,
    /// Independent of the responsible authority.
    pub independent_of_responsible: Option<bool>,
    /// Exception, e.g. the child prefers a known person.
    pub exception_reason: Option<Text>,
    /// Trained.
    pub trained: Option<bool>,
}

/// Engage and explain.
#[derive(Debug, Clone, Default)]
pub struct Engage {
    /// Purpose explained.
    pub purpose_explained: Option<bool>,
    /// Told that it may go to police.
    pub sharing_explained: Option<bool>,
    /// The child's view on sharing.
    pub child_view_on_sharing: Option<Text>,
    /// Carer's agreement to meet.
    pub carer_agreement: Option<CarerAgreement>,
    /// Who was present.
    pub present: Vec<Text>,
    /// Safe to talk.
    pub safe_to_talk: Option<bool>,
    /// Parent or carer in the room.
    pub carer_in_room: Option<bool>,
    /// Engagement.
    pub engagement: Option<Engagement>,
}

/// Account.
#[derive(Debug, Clone, Default)]
pub struct Account {
    /// The child's words, quotes marked.
    pub first_account: Option<Text>,
    /// Questions asked.
    pub questions: Vec<Question>,
    /// Push and pull factors.
    pub reasons: Option<Text>,
}

/// One question asked.
#[derive(Debug, Clone)]
pub struct Question {
    /// Wording.
    pub text: Text,
    /// Type.
    pub kind: QuestionType,
}

/// Evaluate.
#[derive(Debug, Clone, Default)]
pub struct Evaluate {
    /// Facts.
    pub facts: Option<Text>,
    /// Practitioner's assessment, kept apart from facts.
    pub assessment: Option<Text>,
    /// Needs.
    pub needs: Option<Text>,
    /// Wishes of the child.
    pub wishes: Option<Text>,
    /// Plan.
    pub plan: Option<Text>,
    /// Significant disclosure.
    pub significant_disclosure: Option<bool>,
    /// Immediate safety action taken.
    pub immediate_safety_action: Option<Text>,
    /// Line manager consulted.
    pub line_manager: Option<LineManager>,
    /// Sharing would be more detrimental to the child (s.16LA(3)).
    pub detriment: Option<bool>,
    /// Why.
    pub detriment_reason: Option<Text>,
    /// Shareable with the carer: structured fields of the carer copy.
    pub carer_plan: Option<Text>,
}

/// Line manager's advice.
#[derive(Debug, Clone)]
pub struct LineManager {
    /// Name.
    pub name: Text,
    /// When consulted.
    pub at: Option<Timestamp>,
    /// Advice.
    pub advice: Option<Text>,
}

/// The 999 stop screen.
#[derive(Debug, Clone)]
pub struct StopScreen {
    /// Danger now.
    pub danger_now: Option<bool>,
    /// Reasons.
    pub reasons: Vec<DangerReason>,
    /// Emergency call; absent is missing.
    pub emergency_call: Option<EmergencyCall>,
    /// CAD or other reference.
    pub reference: Option<Text>,
    /// When the call was made.
    pub at: Option<Timestamp>,
}
