//! The only place that makes a `tonic::Status`: fixed words, a reason for machines, a reference for people.
//!
//! What went wrong inside is logged under the reference and never sent.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

use tonic::{Code, Status};
use tonic_types::{ErrorDetails, FieldViolation, StatusExt};

use crate::{
    broker::Error,
    domain::{grants::Refusal, violation::Violations},
    platform::{SystemEntropy, entropy},
    wire::received::TOO_LARGE,
};

/// The domain of every `ErrorInfo` we send.
pub const DOMAIN: &str = "homeward";

/// Room for the violations of one status, in bytes. They travel base64-encoded in a trailer, and gRPC's C core, under
/// Python and others, may drop an answer whose trailers pass 8 KiB.
const DETAILS_BYTES: usize = 5_000;
/// What one entry takes besides its two texts.
const ENTRY_BYTES: usize = 8;
/// Kept for the entry that says how many more there are.
const MORE_BYTES: usize = 120;
/// Advice that an earlier entry has in full.
const AS_ABOVE: &str = "as above";

/// After this long a call of the caller's may have ended.
const CALL_AGAIN: Duration = Duration::from_millis(100);
/// After this long some of what waits will have been done.
const LOAD_AGAIN: Duration = Duration::from_secs(1);
/// After this long a stream of the caller's may have ended.
const STREAM_AGAIN: Duration = Duration::from_secs(5);

/// A reason for machines, UPPER_SNAKE, fixed.
pub type Reason = &'static str;

/// Every way in which a call does not succeed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refused {
    /// The certificate is no longer good.
    Unauthenticated(Reason),
    /// Who they are is known; this is not for them.
    PermissionDenied(Reason),
    /// Every offending field, with what to do.
    InvalidArgument(Violations),
    /// The bytes are not a message of the contract.
    Malformed,
    /// No such record, or not theirs: the two look alike.
    NotFound,
    /// The same `request_id` with another body.
    RequestIdReused,
    /// The lease has expired or somebody else has it now.
    LeaseLost,
    /// The record is not in a state for this; and what to do.
    FailedPrecondition(Reason, &'static str),
    /// Over a limit.
    ResourceExhausted(Reason),
    /// More calls in a second than one identity may; again after this long.
    TooFast(Duration),
    /// As many calls of the identity are being answered as may be.
    TooManyCalls,
    /// As many streams of the identity are open as may be.
    TooManyStreams,
    /// More is asked of the server than it can do, and as many calls of the identity wait as is its share.
    Overloaded,
    /// Another stream of the same principal for the same queue and session has begun.
    TakenOver,
    /// Not now; again after this long.
    Unavailable(Reason, Duration),
    /// The caller's time is up.
    DeadlineExceeded,
    /// Our own fault; the text is for the log alone.
    Internal(String),
}

impl Refused {
    /// An inner error: logged with its causes, never sent.
    pub fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        let mut text = error.to_string();
        let mut cause = error.source();
        while let Some(inner) = cause {
            text.push_str(": ");
            text.push_str(&inner.to_string());
            cause = inner.source();
        }
        Self::Internal(text)
    }

    /// One invalid field.
    pub fn field(field: &str, advice: &str) -> Self {
        let mut violations = Violations::default();
        violations.add(field, advice);
        Self::InvalidArgument(violations)
    }

    /// The status that says so.
    pub fn into_status(self) -> Status {
        let reference = reference();
        self.log(&reference);
        let Words { code, reason, text } = self.words();
        let metadata = HashMap::from([("reference".to_owned(), reference.clone())]);
        let mut details = ErrorDetails::with_error_info(reason, DOMAIN, metadata);
        match self {
            Self::InvalidArgument(violations) => {
                details.set_bad_request(bounded(violations));
            }
            Self::Unavailable(_, retry) | Self::TooFast(retry) => {
                details.set_retry_info(Some(retry));
            }
            Self::TooManyCalls => {
                details.set_retry_info(Some(CALL_AGAIN));
            }
            Self::Overloaded => {
                details.set_retry_info(Some(LOAD_AGAIN));
            }
            Self::TooManyStreams => {
                details.set_retry_info(Some(STREAM_AGAIN));
            }
            Self::Unauthenticated(_)
            | Self::PermissionDenied(_)
            | Self::Malformed
            | Self::NotFound
            | Self::RequestIdReused
            | Self::LeaseLost
            | Self::TakenOver
            | Self::FailedPrecondition(..)
            | Self::ResourceExhausted(_)
            | Self::DeadlineExceeded
            | Self::Internal(_) => {}
        }
        Status::with_error_details(code, format!("{text} (reference {reference})"), details)
    }

    fn words(&self) -> Words {
        let (code, reason, text) = match self {
            Self::Unauthenticated(reason) => (Code::Unauthenticated, *reason, "the certificate is no longer accepted"),
            Self::PermissionDenied(reason) => (Code::PermissionDenied, *reason, "this is not granted to the caller"),
            Self::InvalidArgument(_) => (
                Code::InvalidArgument,
                "INVALID_FIELDS",
                "the request has invalid fields, each is named in the details",
            ),
            Self::Malformed => {
                (Code::InvalidArgument, "MALFORMED_MESSAGE", "the bytes are not a message of this method")
            }
            Self::NotFound => (Code::NotFound, "NOT_FOUND", "there is no such record for the caller"),
            Self::RequestIdReused => {
                (Code::AlreadyExists, "REQUEST_ID_REUSED", "this request_id was used with another body")
            }
            Self::LeaseLost => (Code::FailedPrecondition, "LEASE_LOST", "the lease has expired or was superseded"),
            Self::FailedPrecondition(reason, advice) => (Code::FailedPrecondition, *reason, *advice),
            Self::ResourceExhausted(reason) if *reason == TOO_LARGE => {
                (Code::ResourceExhausted, TOO_LARGE, "a message has at most 1 MiB: send less at once")
            }
            Self::ResourceExhausted(reason) => (Code::ResourceExhausted, *reason, "a limit of the server was exceeded"),
            Self::TooFast(_) => {
                (Code::ResourceExhausted, "RATE_LIMITED", "too many calls in a second, try again later")
            }
            Self::TooManyCalls => (
                Code::ResourceExhausted,
                "TOO_MANY_CALLS",
                "as many calls of yours are being answered as may be: wait for one",
            ),
            Self::TooManyStreams => (
                Code::ResourceExhausted,
                "TOO_MANY_STREAMS",
                "as many streams of yours are open as may be: end one, or send more on one that is open",
            ),
            Self::Overloaded => (
                Code::ResourceExhausted,
                "OVERLOADED",
                "as many calls of yours wait as is your share: try again later, or send many on a stream",
            ),
            Self::TakenOver => (
                Code::FailedPrecondition,
                "SESSION_TAKEN_OVER",
                "a newer stream of yours has this queue and session: a second program needs a session of its own",
            ),
            Self::Unavailable(reason, _) => (Code::Unavailable, *reason, "the server cannot answer now, try again"),
            Self::DeadlineExceeded => (Code::DeadlineExceeded, "DEADLINE_EXCEEDED", "the time for this call is up"),
            Self::Internal(_) => {
                (Code::Internal, "INTERNAL", "the server failed; the operator finds it by the reference")
            }
        };
        Words { code, reason, text }
    }

    fn log(&self, reference: &str) {
        let reason = self.words().reason;
        match self {
            Self::Internal(inner) => tracing::error!(reference, inner, "call failed"),
            // As many as somebody likes to ask for: its allowance tells of them, once a minute.
            Self::TooFast(_) | Self::TooManyCalls | Self::TooManyStreams | Self::Overloaded => {
                tracing::debug!(reference, reason, "call refused");
            }
            _ => tracing::info!(reference, reason, "call refused"),
        }
    }
}

struct Words {
    code: Code,
    reason: Reason,
    text: &'static str,
}

impl From<Refused> for Status {
    fn from(refused: Refused) -> Self {
        refused.into_status()
    }
}

impl From<Refusal> for Refused {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Expired => Self::Unauthenticated("CERTIFICATE_EXPIRED"),
            Refusal::Revoked => Self::Unauthenticated("CERTIFICATE_REVOKED"),
            Refusal::Method => Self::PermissionDenied("METHOD_NOT_GRANTED"),
            Refusal::Unlisted => Self::PermissionDenied("CERTIFICATE_UNKNOWN"),
            Refusal::AuthorityMalformed => {
                Self::field("submission.envelope.on_behalf_of", "give the GSS code of the authority, e.g. E09000006")
            }
            Refusal::Authority => Self::PermissionDenied("AUTHORITY_NOT_GRANTED"),
            Refusal::Queue => Self::PermissionDenied("QUEUE_NOT_GRANTED"),
            // The accused must not learn from the answer that a record accuses them (D08).
            Refusal::Unit | Refusal::Excluded => Self::PermissionDenied("UNIT_NOT_GRANTED"),
            Refusal::SecondPerson => Self::PermissionDenied("SECOND_PERSON_NEEDED"),
            Refusal::ReasonMissing => Self::field("reason", "state in words why this part must be opened"),
        }
    }
}

impl From<Error> for Refused {
    fn from(error: Error) -> Self {
        match error {
            Error::Refused(refusal) => refusal.into(),
            Error::Invalid(violations) => Self::InvalidArgument(violations),
            Error::NotFound => Self::NotFound,
            Error::RequestIdReused => Self::RequestIdReused,
            Error::LeaseLost => Self::LeaseLost,
            Error::Precondition { reason, advice } => Self::FailedPrecondition(reason, advice),
            Error::Unavailable(inner) => {
                tracing::error!(inner, "the store is not available");
                Self::Unavailable("STORE_UNAVAILABLE", Duration::from_secs(2))
            }
            Error::KeyUnavailable(inner) => {
                tracing::error!(inner, "the key outside the store is not available");
                Self::Unavailable("KEY_UNAVAILABLE", Duration::from_secs(30))
            }
            Error::Internal(inner) => Self::Internal(inner),
        }
    }
}

/// The violations as they fit: all of them with their advice where there is room; else advice that was given before is
/// given as [`AS_ABOVE`], and the last entry says how many more there are. A list that a client's HTTP/2 stack throws away
/// would name nothing at all.
fn bounded(violations: Violations) -> Vec<FieldViolation> {
    let cost = |field: &str, advice: &str| field.len() + advice.len() + ENTRY_BYTES;
    let all: usize = violations.0.iter().map(|one| cost(&one.field, &one.advice)).sum();
    if all <= DETAILS_BYTES {
        return violations.0.into_iter().map(|one| FieldViolation::new(one.field, one.advice)).collect();
    }
    let (mut left, mut said, mut named) = (DETAILS_BYTES - MORE_BYTES, HashSet::new(), Vec::new());
    let count = violations.0.len();
    for one in violations.0 {
        let advice = if said.contains(&one.advice) { AS_ABOVE.to_owned() } else { one.advice };
        let Some(rest) = left.checked_sub(cost(&one.field, &advice)) else { break };
        left = rest;
        named.push(FieldViolation::new(one.field, advice.clone()));
        said.insert(advice);
    }
    if let more @ 1.. = count - named.len() {
        let fields = if more == 1 { "1 more field is".to_owned() } else { format!("{more} more fields are") };
        let advice = format!("{fields} not right: correct these, then send it again to see the rest");
        named.push(FieldViolation::new("", advice));
    }
    named
}

/// Eight bytes of chance in hex: enough to find one line in a log. Without chance the answer still goes out.
fn reference() -> String {
    entropy::random::<8>(&SystemEntropy::new()).map_or_else(|_| "none".to_owned(), hex::encode)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::violation::Violation;

    #[test]
    fn every_status_has_a_reason_our_domain_and_a_reference() {
        let mut violations = Violations::default();
        violations.add("submission.items[2].how_known", "choose a value");
        for (refused, code, reason) in [
            (Refused::Unauthenticated("CERTIFICATE_EXPIRED"), Code::Unauthenticated, "CERTIFICATE_EXPIRED"),
            (Refusal::Queue.into(), Code::PermissionDenied, "QUEUE_NOT_GRANTED"),
            (Refused::InvalidArgument(violations), Code::InvalidArgument, "INVALID_FIELDS"),
            (Refused::Malformed, Code::InvalidArgument, "MALFORMED_MESSAGE"),
            (Refused::NotFound, Code::NotFound, "NOT_FOUND"),
            (Refused::RequestIdReused, Code::AlreadyExists, "REQUEST_ID_REUSED"),
            (Refused::LeaseLost, Code::FailedPrecondition, "LEASE_LOST"),
            (
                Refused::FailedPrecondition("ALREADY_SETTLED", "list the queue again"),
                Code::FailedPrecondition,
                "ALREADY_SETTLED",
            ),
            (Refused::ResourceExhausted("MESSAGE_TOO_LARGE"), Code::ResourceExhausted, "MESSAGE_TOO_LARGE"),
            (Refused::TooManyCalls, Code::ResourceExhausted, "TOO_MANY_CALLS"),
            (Refused::TooManyStreams, Code::ResourceExhausted, "TOO_MANY_STREAMS"),
            (Refused::Overloaded, Code::ResourceExhausted, "OVERLOADED"),
            (Refused::TakenOver, Code::FailedPrecondition, "SESSION_TAKEN_OVER"),
            (Refused::Unavailable("DRAINING", Duration::from_secs(2)), Code::Unavailable, "DRAINING"),
            (Refused::DeadlineExceeded, Code::DeadlineExceeded, "DEADLINE_EXCEEDED"),
            (Refused::Internal("disk on fire".into()), Code::Internal, "INTERNAL"),
        ] {
            let status = refused.clone().into_status();
            let details = status.get_error_details();
            let info = details.error_info().unwrap();
            assert_eq!((status.code(), info.reason.as_str(), info.domain.as_str()), (code, reason, DOMAIN));
            assert!(status.message().contains(&info.metadata["reference"]));
            assert!(!status.message().contains("fire"), "inner text is never sent");
            assert_eq!(status.message().contains("1 MiB"), reason == TOO_LARGE, "a limit is named");
            let again = [Refused::TooManyCalls, Refused::TooManyStreams, Refused::Overloaded].contains(&refused);
            assert_eq!(details.retry_info().is_some(), again || matches!(refused, Refused::Unavailable(..)));
            let named = details.bad_request().map(|bad| bad.field_violations[0].field.clone());
            let expected =
                matches!(refused, Refused::InvalidArgument(_)).then(|| "submission.items[2].how_known".into());
            assert_eq!(named, expected);
        }
    }

    fn many(count: usize) -> Violations {
        Violations((0..count).map(|n| Violation::new(format!("submission.items[{n}].text"), "is required")).collect())
    }

    #[test]
    fn as_many_fields_are_named_as_a_trailer_holds_and_the_rest_is_counted() {
        for count in [1, 120, 121, 1_000, 100_000] {
            let status = Refused::InvalidArgument(many(count)).into_status();
            assert!(status.details().len() < 5_400, "{} bytes for {count}", status.details().len());
            let named = status.get_error_details().bad_request().unwrap().field_violations.clone();
            let (last, fields) = named.split_last().unwrap();
            let more: usize = last.description.split(" more").next().unwrap().parse().unwrap_or_default();
            let listed = if more == 0 { named.len() } else { fields.len() };
            assert_eq!(listed + more, count);
            assert!(listed >= count.min(110), "{listed} of {count}");
            assert!(named[0].description == "is required" && named.iter().all(|one| !one.description.is_empty()));
        }
    }

    #[test]
    fn the_accused_sees_what_anyone_without_the_unit_sees() {
        assert_eq!(Refused::from(Refusal::Excluded), Refused::from(Refusal::Unit));
    }
}
