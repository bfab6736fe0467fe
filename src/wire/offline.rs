//! Judging a submission file without a server: the same conversion, the same judgement, the same explanation.

use jiff::Timestamp;

use super::{
    convert,
    json::{self, JsonError, Unprintable},
    pb,
};
use crate::{
    broker::{Rulebook, judge},
    domain::{stage::Routed, violation::Violations},
};

/// Why a file was not judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OfflineError {
    /// Not the JSON form of a submission.
    #[error("not the JSON form of a submission: {0}")]
    Json(#[from] JsonError),
    /// Every offending field.
    #[error("{} fields are not right", .0.0.len())]
    Invalid(Violations),
}

/// Judges the JSON form of a submission as if it were received at `now`.
pub fn judge_json(text: &str, rulebook: &Rulebook, now: Timestamp) -> Result<Routed, OfflineError> {
    let submission: pb::Submission = json::from_json("Submission", text)?;
    let judged = convert::submission(submission).finish_with(|draft| judge(draft, rulebook, now));
    judged.map_err(OfflineError::Invalid)
}

/// The explanation as one line of JSON, the shape that `PreviewReferral` answers with (contract 5).
pub fn explanation_json(routed: &Routed) -> Result<String, Unprintable> {
    json::to_json("Explanation", &convert::explanation(routed.decision(), routed.redacted().views()))
}
