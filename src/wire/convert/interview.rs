//! The interview by its PEACE phases, read from the wire.

use super::{
    limits,
    reader::{Reader, optional},
    submission::each,
};
use crate::{
    domain::submission::{Account, Engage, Evaluate, Interview, Interviewer, LineManager, Question},
    wire::pb,
};

/// The interview.
pub(super) fn interview(r: &mut Reader, message: Option<pb::Interview>) -> Interview {
    let message = r.message("submission.interview", message);
    Interview {
        held_at: r.time("submission.interview.held_at", message.held_at),
        mode: r.choice("submission.interview.mode", message.mode),
        mode_reason: optional(message.mode_reason),
        place_neutral: r.yes_no("submission.interview.place_neutral", message.place_neutral),
        work_device: r.yes_no("submission.interview.work_device", message.work_device),
        history_read: r.choices("submission.interview.history_read", message.history_read),
        interviewer: interviewer(r, message.interviewer.unwrap_or_default()),
        engage: engage(r, message.engage.unwrap_or_default()),
        account: account(r, message.account.unwrap_or_default()),
        contradictions: optional(message.contradictions),
        denied: optional(message.denied),
        evaluate: evaluate(r, message.evaluate.unwrap_or_default()),
    }
}

fn interviewer(r: &mut Reader, message: pb::Interviewer) -> Interviewer {
    let at = |field: &str| format!("submission.interview.interviewer.{field}");
    Interviewer {
        name: optional(message.name),
        role: optional(message.role),
        organisation: optional(message.organisation),
        independent_of_placement: r.yes_no(&at("independent_of_placement"), message.independent_of_placement),
        independent_of_responsible: r.yes_no(&at("independent_of_responsible"), message.independent_of_responsible),
        exception_reason: optional(message.exception_reason),
        trained: r.yes_no(&at("trained"), message.trained),
    }
}

fn engage(r: &mut Reader, message: pb::Engage) -> Engage {
    let at = |field: &str| format!("submission.interview.engage.{field}");
    Engage {
        purpose_explained: r.yes_no(&at("purpose_explained"), message.purpose_explained),
        sharing_explained: r.yes_no(&at("sharing_explained"), message.sharing_explained),
        child_view_on_sharing: optional(message.child_view_on_sharing),
        carer_agreement: r.choice(&at("carer_agreement"), message.carer_agreement),
        present: r.texts(&at("present"), message.present, limits::SHORT),
        safe_to_talk: r.yes_no(&at("safe_to_talk"), message.safe_to_talk),
        carer_in_room: r.yes_no(&at("carer_in_room"), message.carer_in_room),
        engagement: r.choice(&at("engagement"), message.engagement),
    }
}

fn account(r: &mut Reader, message: pb::Account) -> Account {
    let questions = "submission.interview.account.questions";
    Account {
        first_account: optional(message.first_account),
        questions: each(r, questions, message.questions, limits::QUESTIONS, question),
        reasons: optional(message.reasons),
    }
}

fn question(r: &mut Reader, path: &str, message: pb::Question) -> Question {
    Question {
        text: r.text(&format!("{path}.text"), message.text),
        kind: r.required_choice(&format!("{path}.kind"), message.kind),
    }
}

fn evaluate(r: &mut Reader, message: pb::Evaluate) -> Evaluate {
    let at = |field: &str| format!("submission.interview.evaluate.{field}");
    Evaluate {
        facts: optional(message.facts),
        assessment: optional(message.assessment),
        needs: optional(message.needs),
        wishes: optional(message.wishes),
        plan: optional(message.plan),
        significant_disclosure: r.yes_no(&at("significant_disclosure"), message.significant_disclosure),
        immediate_safety_action: optional(message.immediate_safety_action),
        line_manager: message.line_manager.map(|manager| LineManager {
            name: r.text(&at("line_manager.name"), manager.name),
            at: r.time(&at("line_manager.at"), manager.at),
            advice: optional(manager.advice),
        }),
        detriment: r.yes_no(&at("detriment"), message.detriment),
        detriment_reason: optional(message.detriment_reason),
        carer_plan: optional(message.carer_plan),
    }
}
