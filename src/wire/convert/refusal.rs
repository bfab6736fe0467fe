//! A status as a message of a stream that goes on.

use std::time::Duration;

use tonic::Status;
use tonic_types::StatusExt;

use crate::wire::pb;

/// What the status of a call would have said, word for word.
pub fn refusal(status: &Status) -> pb::Refusal {
    let details = status.get_error_details();
    let violations = details.bad_request().map_or(&[][..], |bad| &bad.field_violations);
    let field = |field: &str, description: &str| pb::FieldViolation {
        field: field.to_owned(),
        description: description.to_owned(),
    };
    pb::Refusal {
        code: status.code().into(),
        reason: details.error_info().map(|info| info.reason.clone()).unwrap_or_default(),
        message: status.message().to_owned(),
        field_violations: violations.iter().map(|one| field(&one.field, &one.description)).collect(),
        retry_delay: details.retry_info().and_then(|info| info.retry_delay).map(wire_duration),
    }
}

fn wire_duration(span: Duration) -> prost_types::Duration {
    // A wait is seconds long, and nanoseconds of a second are within the type.
    prost_types::Duration {
        seconds: i64::try_from(span.as_secs()).unwrap_or(i64::MAX),
        nanos: i32::try_from(span.subsec_nanos()).unwrap_or_default(),
    }
}
