//! Judging a submission file without a server: the same conversion, the same judgement, the same explanation.

use jiff::Timestamp;
use prost::Message;
use uuid::Uuid;

use super::{
    convert,
    json::{self, JsonError, JsonFault, Unprintable},
    pb,
    received::{MAX_MESSAGE_BYTES, TOO_LARGE},
};
use crate::{
    broker::{Rulebook, judge, would_keep},
    domain::{stage::Routed, validate::validate, violation::Violations},
};

/// Why a file was not judged.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum OfflineError {
    /// Not the JSON form of a submission; and what is wrong in the rest of it, as far as that can be told.
    #[error("not the JSON form of a submission: {0}")]
    Json(JsonError, Violations),
    /// Over the size of one message (domain 3.2), as a request whose id is a UUID: no daemon would read it.
    #[error("{TOO_LARGE}: a submission has at most 1 MiB: send less at once")]
    TooLarge,
    /// Every offending field.
    #[error("{}", .0.summary())]
    Invalid(Violations),
}

/// Judges the JSON form of a submission as if it were received at `now`.
pub fn judge_json(text: &str, rulebook: &Rulebook, now: Timestamp) -> Result<Routed, OfflineError> {
    let (submission, faults) = json::read_what_can_be::<pb::Submission>("Submission", text);
    let request = pb::SubmitReferralRequest { request_id: Uuid::nil().to_string(), submission };
    let too_large = request.encoded_len() > MAX_MESSAGE_BYTES;
    let Some(submission) = request.submission else {
        return Err(OfflineError::Json(JsonError(faults), Violations::default()));
    };
    let judged = convert::submission(submission).finish_with(|draft| match too_large {
        true => validate(draft, &rulebook.policy, now).map(|_| None),
        false => judge(draft, rulebook, now).map(Some),
    });
    if faults.is_empty() {
        return judged.map_err(OfflineError::Invalid)?.ok_or(OfflineError::TooLarge);
    }
    let rest = judged.err().map(|wrong| not_by(&faults, wrong)).unwrap_or_default();
    Err(OfflineError::Json(JsonError(faults), rest))
}

/// What of `wrong` does not come of leaving out the fields with `faults`: nothing in them, around them or beside them.
fn not_by(faults: &[JsonFault], wrong: Violations) -> Violations {
    let outer = |path: &str| path.rfind(['.', '[']).map(|end| path[..end].to_owned());
    let inside = |path: &str, of: &str| {
        path.strip_prefix(of).is_some_and(|rest| rest.is_empty() || rest.starts_with(['.', '[']))
    };
    let by = |field: &str, fault: &str| {
        inside(field, fault) || inside(fault, field) || outer(fault).is_some_and(|outer| inside(field, &outer))
    };
    let of_itself = |field: &str| {
        let field = field.strip_prefix("submission.").unwrap_or(field);
        !faults.iter().any(|fault| by(field, &fault.path))
    };
    Violations(wrong.0.into_iter().filter(|one| of_itself(&one.field)).collect())
}

/// The name of the reporter in the bytes of a request to submit a referral; none where they are no such request.
pub fn reporter_in(request: &[u8]) -> Option<String> {
    let asked = pb::SubmitReferralRequest::decode(request).ok()?;
    Some(asked.submission?.envelope?.reporter?.name)
}

/// The request that `homeward submit` sends for the JSON form of a submission: what a receipt's digest is of.
///
/// # Errors
/// It is not that form.
pub fn request_bytes(request_id: &str, text: &str) -> Result<Vec<u8>, OfflineError> {
    let submission = json::from_json("Submission", text);
    let submission = Some(submission.map_err(|faults| OfflineError::Json(faults, Violations::default()))?);
    Ok(pb::SubmitReferralRequest { request_id: request_id.to_owned(), submission }.encode_to_vec())
}

/// The submission in the bytes of the request that brought it, in hex as part O has them, in its JSON form over several lines,
/// without what is empty. `None` where they are not such bytes.
pub fn submission_as_received(hex: &str) -> Option<String> {
    let received = pb::SubmitReferralRequest::decode(hex::decode(hex).ok()?.as_slice()).ok()?;
    let short = json::to_short_json("Submission", &received.submission?).ok()?;
    serde_json::to_string_pretty(&serde_json::from_str::<serde_json::Value>(&short).ok()?).ok()
}

/// The explanation as one line of JSON, the shape that `PreviewReferral` answers with (contract 5).
pub fn explanation_json(routed: &Routed, rulebook: &Rulebook, now: Timestamp) -> Result<String, Unprintable> {
    let on_behalf_of = routed.draft().envelope.on_behalf_of.reveal();
    // Nobody is connected.
    let ledger = would_keep(routed, rulebook, "", on_behalf_of, now);
    json::to_json("Explanation", &convert::previewed(routed, rulebook, &ledger))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_received_is_read_as_it_was_written() {
        let text = include_str!("../../tests/narratives/n1.json");
        let request = request_bytes("5f0c1c2e-6f0f-4a57-9b32-2b7f6c1f9a11", text).unwrap();
        let read = submission_as_received(&hex::encode(&request)).unwrap();
        assert_eq!(request_bytes("5f0c1c2e-6f0f-4a57-9b32-2b7f6c1f9a11", &read).unwrap(), request);
        assert!(read.lines().count() > 50 && read.contains("\n  \"child\": {"), "{read}");
        for not in ["", "00", "zz", "ff"] {
            assert_eq!(submission_as_received(not), None, "{not}");
        }
    }
}
