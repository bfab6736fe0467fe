//! Confirmed grades as messages and back.

use super::{moment, pb, time, uuid};
use crate::domain::{
    decision::{InformationGrade, SourceGrade},
    grading::{ConfirmedGrade, HandlingCode},
};

/// To its message.
pub(super) fn put(grade: &ConfirmedGrade) -> pb::Confirmed {
    pb::Confirmed {
        item: u32::from(grade.item),
        version: grade.version,
        id: grade.id.as_bytes().to_vec(),
        source: grade.source.code().to_owned(),
        information: grade.information.code().to_owned(),
        handling: grade.handling.to_string(),
        instructions: grade.instructions.clone(),
        reason: grade.reason.clone(),
        by: grade.by.clone(),
        at: Some(time(grade.at)),
        leg: grade.leg.map(u32::from),
    }
}

/// From its message.
pub(super) fn take(from: pb::Confirmed) -> Option<ConfirmedGrade> {
    let leg = match from.leg {
        None => None,
        Some(leg) => Some(u16::try_from(leg).ok()?),
    };
    Some(ConfirmedGrade {
        item: u16::try_from(from.item).ok()?,
        version: from.version,
        id: uuid(&from.id)?,
        source: SourceGrade::from_code(&from.source)?,
        information: InformationGrade::from_code(&from.information)?,
        handling: HandlingCode::from_code(&from.handling)?,
        instructions: from.instructions,
        reason: from.reason,
        by: from.by,
        at: moment(from.at)?,
        leg,
    })
}
