//! The client's side of questions to the sender.

use super::{Answer, Caller, Holding, answer};
use crate::wire::pb;

/// A question, as it was typed. Not `Debug`: it is content.
#[derive(Clone)]
pub struct Asked {
    /// The question.
    pub question: String,
    /// Item number; 0 for the whole.
    pub item: u32,
    /// It asks nothing of the child.
    pub nothing_of_the_child: bool,
}

/// An answer, as it was typed. Not `Debug`: it is content.
#[derive(Clone)]
pub struct Answering {
    /// Id of the referral.
    pub referral: String,
    /// Id of the question.
    pub question: String,
    /// The answer.
    pub answer: String,
    /// Who answers: scheme, id, role.
    pub actor: [String; 3],
}

impl Caller {
    /// Asks the sender something.
    pub async fn ask(&mut self, request_id: &str, holding: Holding, asked: Asked) -> Answer {
        let request = pb::RequestClarificationRequest {
            request_id: request_id.to_owned(),
            delivery_id: holding.delivery,
            lease_token: holding.token,
            question: asked.question,
            item: asked.item,
            nothing_of_the_child: asked.nothing_of_the_child,
        };
        answer("RequestClarificationResponse", self.queues.request_clarification(request).await)
    }

    /// What is held in referrals about one child.
    pub async fn export_subject(&mut self, referrals: &[String], reason: &str, unconfirmed: bool) -> Answer {
        let request = pb::ExportSubjectRequest {
            referral_ids: referrals.to_vec(),
            reason: reason.to_owned(),
            neither_confirm_nor_deny: unconfirmed,
        };
        answer("ExportSubjectResponse", self.referrals.export_subject(request).await)
    }

    /// Answers a question.
    pub async fn answer_question(&mut self, request_id: &str, answering: Answering) -> Answer {
        let [scheme, id, role] = answering.actor;
        let request = pb::AnswerClarificationRequest {
            request_id: request_id.to_owned(),
            referral_id: answering.referral,
            clarification_id: answering.question,
            answer: answering.answer,
            actor: Some(pb::Actor { scheme, id, role }),
        };
        answer("AnswerClarificationResponse", self.referrals.answer_clarification(request).await)
    }
}
