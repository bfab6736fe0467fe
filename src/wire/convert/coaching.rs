//! Clocks and coaching, for the wire.

use super::reader::wire_time;
use crate::{
    domain::{
        clocks::{Clock, Clocks},
        coaching::{Coaching, Completeness},
    },
    wire::pb,
};

/// Both clocks.
pub(super) fn clocks(clocks: &Clocks) -> pb::Clocks {
    pb::Clocks { offered: Some(clock(&clocks.offered)), carried_out: Some(clock(&clocks.carried_out)) }
}

fn clock(clock: &Clock) -> pb::Clock {
    pb::Clock {
        due_time: Some(wire_time(clock.due)),
        done_time: clock.at.map(wire_time),
        hours: clock.hours().map(|hours| i32::try_from(hours).unwrap_or(i32::MAX)),
        state: clock.state.code().to_owned(),
        late: clock.late,
    }
}

/// What the author is told about the interview.
pub(super) fn coaching(coaching: &Coaching) -> pb::Coaching {
    let phases = coaching.phases.iter().map(|(phase, points)| pb::CoachedPhase {
        phase: phase.code().to_owned(),
        filled: filled(points),
        missing: missing(points),
    });
    let count = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    pb::Coaching {
        phases: phases.collect(),
        open_ratio: coaching.open_ratio(),
        questions: count(coaching.questions),
        open_questions: count(coaching.open_questions),
    }
}

fn filled(points: &Completeness) -> Vec<String> {
    points.filled.iter().map(|field| (*field).to_owned()).collect()
}

fn missing(points: &Completeness) -> Vec<pb::CoachingNote> {
    let note =
        |(field, words): &(&str, &str)| pb::CoachingNote { field: (*field).to_owned(), words: (*words).to_owned() };
    points.missing.iter().map(note).collect()
}
