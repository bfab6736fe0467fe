//! Reads single fields and collects every fault by path. Faults name fields, never values.

use jiff::{SignedDuration, Timestamp, civil::Date};
use thiserror::Error;

use super::choice::Choice;
use crate::{
    domain::{
        geography::Area,
        text::Text,
        violation::{Violation, Violations},
    },
    wire::pb,
};

/// What can be wrong with a field on its way in.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Fault {
    /// A required field is not there.
    #[error("{0}: required")]
    Missing(String),
    /// A field cannot be read; the second part says what to do.
    #[error("{0}: {1}")]
    Invalid(String, String),
}

impl From<Fault> for Violation {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Missing(field) => Self::new(field, "required"),
            Fault::Invalid(field, why) => Self::new(field, why),
        }
    }
}

/// Collects faults while a message is read.
#[derive(Debug, Default)]
pub struct Reader {
    faults: Vec<Fault>,
}

impl Reader {
    /// Notes that `field` is required and not there.
    pub fn missing(&mut self, field: impl Into<String>) {
        self.faults.push(Fault::Missing(field.into()));
    }

    /// Notes that `field` cannot be read and what to do.
    pub fn invalid(&mut self, field: impl Into<String>, why: impl Into<String>) {
        self.faults.push(Fault::Invalid(field.into(), why.into()));
    }

    /// Everything noted, in reading order.
    pub fn violations(self) -> Violations {
        Violations(self.faults.into_iter().map(Violation::from).collect())
    }

    /// A text that must be there.
    pub fn text(&mut self, field: &str, value: String) -> Text {
        let text = Text::new(value);
        if text.is_blank() {
            self.missing(field);
        }
        text
    }

    /// A message that must be there; its default stands in for a missing one.
    pub fn message<T: Default>(&mut self, field: &str, value: Option<T>) -> T {
        value.unwrap_or_else(|| {
            self.missing(field);
            T::default()
        })
    }

    /// A value of a closed vocabulary that may be absent.
    pub fn choice<C: Choice>(&mut self, field: &str, raw: i32) -> Option<C> {
        match C::from_wire(raw) {
            Ok(choice) => choice,
            Err(()) => {
                self.invalid(field, "not a value of this enum");
                None
            }
        }
    }

    /// A value of a closed vocabulary that must be there; the first value stands in for a missing one.
    pub fn required_choice<C: Choice>(&mut self, field: &str, raw: i32) -> C {
        match C::from_wire(raw) {
            Ok(Some(choice)) => choice,
            Ok(None) => {
                self.missing(field);
                C::FIRST
            }
            Err(()) => {
                self.invalid(field, "not a value of this enum");
                C::FIRST
            }
        }
    }

    /// A list of a closed vocabulary; the unspecified value is no entry.
    pub fn choices<C: Choice>(&mut self, field: &str, raw: Vec<i32>) -> Vec<C> {
        let mut read = Vec::new();
        for (index, raw) in self.bounded(field, raw, super::limits::CODES).into_iter().enumerate() {
            match C::from_wire(raw) {
                Ok(Some(choice)) => read.push(choice),
                Ok(None) | Err(()) => self.invalid(format!("{field}[{index}]"), "not a value of this enum"),
            }
        }
        read
    }

    /// Yes, no, or not answered.
    pub fn yes_no(&mut self, field: &str, raw: i32) -> Option<bool> {
        match pb::YesNo::try_from(raw) {
            Ok(pb::YesNo::Unspecified) => None,
            Ok(pb::YesNo::Yes) => Some(true),
            Ok(pb::YesNo::No) => Some(false),
            Err(_) => {
                self.invalid(field, "not a value of this enum");
                None
            }
        }
    }

    /// A time that may be absent.
    pub fn time(&mut self, field: &str, value: Option<prost_types::Timestamp>) -> Option<Timestamp> {
        let read = house_time(&value?);
        if read.is_none() {
            self.invalid(field, "not a time: seconds from year 1 to 9999, nanos from 0 to 999999999");
        }
        read
    }

    /// A date in ISO form that may be absent.
    pub fn date(&mut self, field: &str, value: &str) -> Option<Date> {
        if value.is_empty() {
            return None;
        }
        let read = iso_date(value);
        if read.is_none() {
            self.invalid(field, "not a date: write YYYY-MM-DD");
        }
        read
    }

    /// At most `limit` entries of a list; one fault if there are more.
    pub fn bounded<T>(&mut self, field: &str, mut values: Vec<T>, limit: usize) -> Vec<T> {
        if values.len() > limit {
            self.invalid(field, format!("at most {limit}"));
            values.truncate(limit);
        }
        values
    }

    /// A list of texts, each of which must be there.
    pub fn texts(&mut self, field: &str, values: Vec<String>, limit: usize) -> Vec<Text> {
        let values = self.bounded(field, values, limit);
        values.into_iter().enumerate().map(|(index, value)| self.text(&format!("{field}[{index}]"), value)).collect()
    }
}

/// A text that may be absent; the empty string is how the wire says so.
pub(super) fn optional(value: String) -> Option<Text> {
    (!value.is_empty()).then(|| Text::new(value))
}

/// An area as stated. "Unknown" beside a code or a name is a contradiction: unknown, so that a person looks (D03). The
/// word *unknown* in place of a name says the same as the answer.
pub(super) fn area(value: Option<pb::Area>) -> Area {
    let Some(area) = value else { return Area::Absent };
    if area.unknown || area.name.trim().eq_ignore_ascii_case("unknown") {
        return Area::Unknown;
    }
    match (optional(area.code), optional(area.name)) {
        (None, None) => Area::Absent,
        (code, name) => Area::Stated { code, name },
    }
}

/// A span for the wire.
pub fn wire_span(span: SignedDuration) -> prost_types::Duration {
    prost_types::Duration { seconds: span.as_secs(), nanos: span.subsec_nanos() }
}

/// A time for the wire.
pub fn wire_time(time: Timestamp) -> prost_types::Timestamp {
    // jiff keeps the sign on both parts; the wire wants nanos that count forward.
    let (seconds, nanos) = (time.as_second(), time.subsec_nanosecond());
    if nanos < 0 {
        prost_types::Timestamp { seconds: seconds - 1, nanos: nanos + 1_000_000_000 }
    } else {
        prost_types::Timestamp { seconds, nanos }
    }
}

/// A time from the wire; `None` outside what protobuf and the calendar allow.
fn house_time(value: &prost_types::Timestamp) -> Option<Timestamp> {
    /// 0001-01-01T00:00:00Z, the first second that protobuf allows; the last one is the calendar's own.
    const FIRST_SECOND: i64 = -62_135_596_800;
    if value.seconds < FIRST_SECOND || !(0..1_000_000_000).contains(&value.nanos) {
        return None;
    }
    let whole = Timestamp::from_second(value.seconds).ok()?;
    whole.checked_add(SignedDuration::from_nanos(i64::from(value.nanos))).ok()
}

/// `YYYY-MM-DD` and nothing else.
fn iso_date(value: &str) -> Option<Date> {
    let bytes = value.as_bytes();
    let shaped = bytes.len() == 10
        && bytes.iter().enumerate().all(|(index, byte)| match index {
            4 | 7 => *byte == b'-',
            _ => byte.is_ascii_digit(),
        });
    if shaped { value.parse().ok() } else { None }
}
