//! Steps of a delivery's history as messages and back.

use super::{moment, pb, time, uuid};
use crate::domain::history::{Step, StepKind};

/// To its message.
pub(super) fn put(step: &Step) -> pb::Step {
    pb::Step {
        id: step.id.as_bytes().to_vec(),
        kind: step.kind.code().to_owned(),
        at: Some(time(step.at)),
        by: step.by.clone(),
        code: step.code.clone(),
        note: step.note.clone(),
        given: step.given.clone(),
        failed: step.failed,
    }
}

/// From its message.
pub(super) fn take(from: pb::Step) -> Option<Step> {
    Some(Step {
        id: uuid(&from.id)?,
        kind: StepKind::from_code(&from.kind)?,
        at: moment(from.at)?,
        by: from.by,
        code: from.code,
        note: from.note,
        given: from.given,
        failed: from.failed,
    })
}
