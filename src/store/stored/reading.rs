//! Readings as messages and back.

use super::{
    delivery::{put_unit, take_unit},
    moment, pb, time,
};
use crate::domain::reading::Reading;

/// To its message.
pub(super) fn put(reading: &Reading) -> pb::Reading {
    pb::Reading {
        leg: u32::from(reading.leg),
        unit: Some(put_unit(&reading.unit)),
        by: reading.by.clone(),
        first: Some(time(reading.first)),
        last: Some(time(reading.last)),
        times: reading.times,
        index: reading.index,
    }
}

/// From its message.
pub(super) fn take(from: pb::Reading) -> Option<Reading> {
    Some(Reading {
        leg: u16::try_from(from.leg).ok()?,
        unit: take_unit(from.unit?)?,
        by: from.by,
        first: moment(from.first)?,
        last: moment(from.last)?,
        times: from.times,
        index: from.index,
    })
}
