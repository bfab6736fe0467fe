//! The client's side of corrections and recalls.

use super::{Answer, Caller, answer};
use crate::wire::{json, pb};

/// Why a referral is taken back, as it was typed. Not `Debug`: it is content.
#[derive(Clone)]
pub struct Recall {
    /// Id of the referral.
    pub referral: String,
    /// Why.
    pub reason: String,
    /// Who: scheme, id, role.
    pub actor: [String; 3],
}

impl Caller {
    /// Puts the JSON form of a submission in the place of a referral.
    pub async fn correct(&mut self, request_id: &str, referral: &str, submission: &str, reason: &str) -> Answer {
        let request = pb::CorrectReferralRequest {
            request_id: request_id.to_owned(),
            submission: Some(json::from_json("Submission", submission)?),
            referral_id: referral.to_owned(),
            reason: reason.to_owned(),
        };
        answer("CorrectReferralResponse", self.referrals.correct_referral(request).await)
    }

    /// Takes a referral back.
    pub async fn recall(&mut self, request_id: &str, recall: Recall) -> Answer {
        let [scheme, id, role] = recall.actor;
        let request = pb::RecallReferralRequest {
            request_id: request_id.to_owned(),
            referral_id: recall.referral,
            reason: recall.reason,
            actor: Some(pb::Actor { scheme, id, role }),
        };
        answer("RecallReferralResponse", self.referrals.recall_referral(request).await)
    }
}
