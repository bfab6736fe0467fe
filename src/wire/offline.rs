//! Judging a submission file without a server: the same conversion, the same judgement, the same explanation.

use jiff::Timestamp;
use prost::Message;

use super::{
    convert,
    json::{self, JsonError, Unprintable},
    pb,
};
use crate::{
    broker::{Rulebook, judge, would_keep},
    domain::{stage::Routed, violation::Violations},
};

/// Why a file was not judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OfflineError {
    /// Not the JSON form of a submission.
    #[error("not the JSON form of a submission: {0}")]
    Json(#[from] JsonError),
    /// Every offending field.
    #[error("{}", .0.summary())]
    Invalid(Violations),
}

/// Judges the JSON form of a submission as if it were received at `now`.
pub fn judge_json(text: &str, rulebook: &Rulebook, now: Timestamp) -> Result<Routed, OfflineError> {
    let submission: pb::Submission = json::from_json("Submission", text)?;
    let judged = convert::submission(submission).finish_with(|draft| judge(draft, rulebook, now));
    judged.map_err(OfflineError::Invalid)
}

/// The request that `homeward submit` sends for the JSON form of a submission: what a receipt's digest is of.
///
/// # Errors
/// It is not that form.
pub fn request_bytes(request_id: &str, text: &str) -> Result<Vec<u8>, OfflineError> {
    let submission = Some(json::from_json("Submission", text)?);
    Ok(pb::SubmitReferralRequest { request_id: request_id.to_owned(), submission }.encode_to_vec())
}

/// The explanation as one line of JSON, the shape that `PreviewReferral` answers with (contract 5).
pub fn explanation_json(routed: &Routed, rulebook: &Rulebook, now: Timestamp) -> Result<String, Unprintable> {
    let on_behalf_of = routed.draft().envelope.on_behalf_of.reveal();
    // Nobody is connected.
    let ledger = would_keep(routed, rulebook, "", on_behalf_of, now);
    json::to_json("Explanation", &convert::previewed(routed, rulebook, &ledger))
}
