//! One field of the form: what it asks, how it is answered, and what its answer is on the wire. Its name is its path in the contract,
//! so that what is wrong with a submission is told at the very field.

use jiff::{civil::DateTime, tz::TimeZone};
use serde_json::{Value, json};

use crate::domain::validate::is_code;

/// A value and what it is called.
pub(super) type Option = (&'static str, &'static str);

/// How a field is answered.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// On one line.
    Line,
    /// In sentences, on so many lines.
    Long(u8),
    /// Several, one a line.
    Lines,
    /// A council or force, or "not known".
    Area,
    /// Date and time, as the clock in London shows it.
    Time,
    /// A day.
    Day,
    /// A whole number.
    Number,
    /// Yes, or nothing said.
    Flag,
    /// One of a few.
    One(&'static [Option]),
    /// Any of a few.
    Any(&'static [Option]),
    /// The authority whose child it is: one of those that they may submit for.
    Authority,
    /// One entry of another list, by its id.
    OneOf(&'static str),
    /// Any entries of other lists, by their ids.
    AnyOf(&'static [&'static str]),
}

/// A field.
#[derive(Debug, Clone, Copy)]
pub(super) struct Field {
    /// Path below the submission, or below the entry of a list.
    pub(super) path: &'static str,
    pub(super) label: &'static str,
    pub(super) help: &'static str,
    pub(super) kind: Kind,
    /// Nothing is sent without it.
    pub(super) needed: bool,
    /// Its help asks for detail: not shown once a crime is disclosed.
    pub(super) probes: bool,
    /// Few know it or need it: folded away until it says something.
    pub(super) rare: bool,
}

/// Entries of the same kind, each with these fields.
#[derive(Debug, Clone, Copy)]
pub(super) struct List {
    /// Name of the list in the submission.
    pub(super) path: &'static str,
    /// What one of them is called.
    pub(super) one: &'static str,
    /// What its ids begin with; empty where its entries have none.
    pub(super) id: &'static str,
    pub(super) help: &'static str,
    pub(super) fields: &'static [Field],
    /// No more than these.
    pub(super) most: usize,
}

/// A part of a step, under a heading of its own.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    /// Fields.
    Fields(&'static str, &'static [Field]),
    /// A list.
    List(&'static List),
}

impl Field {
    const fn of(path: &'static str, label: &'static str, kind: Kind) -> Self {
        Self { path, label, help: "", kind, needed: false, probes: false, rare: false }
    }

    pub(super) const fn help(self, help: &'static str) -> Self {
        Self { help, ..self }
    }

    pub(super) const fn needed(self) -> Self {
        Self { needed: true, ..self }
    }

    pub(super) const fn probes(self) -> Self {
        Self { probes: true, ..self }
    }

    pub(super) const fn rare(self) -> Self {
        Self { rare: true, ..self }
    }
}

pub(super) const fn line(path: &'static str, label: &'static str) -> Field {
    Field::of(path, label, Kind::Line)
}

pub(super) const fn long(path: &'static str, label: &'static str, rows: u8) -> Field {
    Field::of(path, label, Kind::Long(rows))
}

pub(super) const fn asks(path: &'static str, label: &'static str, kind: Kind) -> Field {
    Field::of(path, label, kind)
}

pub(super) const fn yes_no(path: &'static str, label: &'static str) -> Field {
    Field::of(path, label, Kind::One(YES_NO))
}

/// Every yes or no may be left open: that is no "no".
pub(super) const YES_NO: &[Option] = &[("YES_NO_YES", "Yes"), ("YES_NO_NO", "No")];

impl Kind {
    /// What the answers are on the wire; nothing where there are none.
    ///
    /// # Errors
    /// What to do about it.
    pub(super) fn read(self, given: &[String]) -> Result<std::option::Option<Value>, &'static str> {
        let first = given.first().map(|text| text.trim()).unwrap_or_default();
        if given.iter().all(|text| text.trim().is_empty()) {
            return Ok(None);
        }
        Ok(Some(match self {
            // As it was written, its line breaks as the contract has them.
            Self::Long(_) => json!(given.first().map(|text| text.replace("\r\n", "\n"))),
            Self::Line | Self::Day | Self::Authority | Self::OneOf(_) => json!(first),
            Self::Lines => json!(first.lines().map(str::trim).filter(|line| !line.is_empty()).collect::<Vec<_>>()),
            Self::Area => area(first),
            Self::Time => json!(moment(first).ok_or("give the day and the time, as the clock showed it")?),
            Self::Number => json!(first.parse::<u32>().map_err(|_| "give a whole number")?),
            Self::Flag => json!(first == "YES_NO_YES"),
            Self::One(options) => match options.iter().any(|(value, _)| *value == first) {
                true => json!(first),
                false => return Err("choose one of those shown"),
            },
            Self::Any(options) => {
                let known = |text: &&String| options.iter().any(|(value, _)| value == text);
                json!(given.iter().filter(known).collect::<Vec<_>>())
            }
            Self::AnyOf(_) => json!(given.iter().filter(|id| !id.is_empty()).collect::<Vec<_>>()),
        }))
    }
}

fn area(text: &str) -> Value {
    match text.to_lowercase().as_str() {
        "unknown" | "not known" => json!({ "unknown": true }),
        _ if is_code(text) => json!({ "code": text }),
        _ => json!({ "name": text }),
    }
}

/// What the clock in London showed, as the contract writes it.
fn moment(text: &str) -> std::option::Option<String> {
    let zone = TimeZone::get("Europe/London").ok()?;
    let clock: DateTime = text.replace(' ', "T").parse().ok()?;
    Some(clock.to_zoned(zone).ok()?.timestamp().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: Kind, text: &str) -> Result<std::option::Option<Value>, &'static str> {
        kind.read(&[text.to_owned()])
    }

    #[test]
    fn answers_are_read_as_they_are_meant() {
        for (kind, text, value) in [
            (Kind::Line, " Ella ", json!("Ella")),
            (Kind::Long(3), "one\r\n two ", json!("one\n two ")),
            (Kind::Lines, "Elle\r\n\r\n Mae", json!(["Elle", "Mae"])),
            (Kind::Area, "Not known", json!({ "unknown": true })),
            (Kind::Area, "E09000023", json!({ "code": "E09000023" })),
            (Kind::Area, "Lewisham", json!({ "name": "Lewisham" })),
            (Kind::Time, "2026-07-06T17:00", json!("2026-07-06T16:00:00Z")),
            (Kind::Time, "2026-11-20 14:00", json!("2026-11-20T14:00:00Z")),
            (Kind::Number, "3", json!(3)),
            (Kind::One(YES_NO), "YES_NO_NO", json!("YES_NO_NO")),
        ] {
            assert_eq!(read(kind, text), Ok(Some(value)), "{text}");
        }
        assert_eq!(read(Kind::Long(3), " \r\n"), Ok(None));
        for (kind, text) in [(Kind::Time, "yesterday"), (Kind::Number, "-1"), (Kind::One(YES_NO), "MAYBE")] {
            assert!(read(kind, text).is_err(), "{text}");
        }
    }
}
