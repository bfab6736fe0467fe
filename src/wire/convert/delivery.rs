//! Deliveries, leases, queues and opened units, for the wire.

use jiff::Timestamp;

use super::{prompt::of_delivery, reader::wire_time, view::view_of};
use crate::{
    broker::{ItemGrading, Opened, QueueCounts, Released},
    domain::{
        delivery::{Delivery, HeldHeader, ItemHeader, Lease, PromptDue, State},
        grading::ConfirmedGrade,
        history::Step,
        policy::QueueKind,
        retraction::{Retraction, RetractionKind},
        text::Text,
        transfer::Offer,
        unit::{Part, UnitLabel},
    },
    wire::pb,
};

/// The marking of every page that shows content of an RHI (domain 2.5).
pub const MARKING: &str = "OFFICIAL-SENSITIVE - PERSONAL DATA - RECIPIENTS ONLY";
/// The fixed caveat on intelligence (domain 2.5).
const CAVEAT: &str = "For intelligence use only. This must not be disclosed in criminal proceedings unless the originator \
                      has authorised it.";

/// A header; overdue as at `now`, where one is given.
pub fn delivery(found: &Delivery, openable: &[UnitLabel], now: Option<Timestamp>) -> pb::Delivery {
    let header = &found.header;
    pb::Delivery {
        delivery_id: found.id.to_string(),
        referral_id: found.id.record.hyphenated().to_string(),
        queue: header.queue.to_string(),
        class: found.class().code().to_owned(),
        state: state(found.state).into(),
        rules: header.rules.clone(),
        rule_set: header.rule_set.clone(),
        contents: header.contents.iter().map(|content| content.code().to_owned()).collect(),
        items: header.items.iter().map(|item| delivery_item(item, found.confirmed(item.number))).collect(),
        prompts: header.prompts.iter().map(|due| prompt_due(due, now)).collect(),
        ack_due_time: header.ack_due.map(wire_time),
        decide_due_time: header.decide_due.map(wire_time),
        received_time: Some(wire_time(header.received)),
        opened_time: found.opened.map(wire_time),
        settled_time: found.settled.as_ref().map(|settled| wire_time(settled.at)),
        acquired_count: found.acquired,
        failed_count: found.failed,
        openable: openable.iter().map(|unit| openable_unit(*unit)).collect(),
        linked_from: header.linked_from.map(|id| id.hyphenated().to_string()).unwrap_or_default(),
        provisional: header.provisional,
        held: header.held.as_ref().map(|held| held_header(found, held)),
        overdue: now.is_some_and(|now| found.overdue(now)),
        page: found.page(),
        available_time: found.not_before.map(wire_time),
        outcome: found.settled.as_ref().map(|settled| settled.outcome.clone()).unwrap_or_default(),
        history: found.history.iter().map(step).collect(),
        transfer: found.transfer.as_ref().map(|offer| transfer(found, offer)),
        offered: found.offered.as_ref().map(|offer| transfer(found, offer)),
        corrects_referral_id: header.corrects.map(|id| id.hyphenated().to_string()).unwrap_or_default(),
        notice: header.notice.as_ref().map(retraction),
        tracked_prompts: found.prompts.iter().map(|prompt| of_delivery(found, prompt, now)).collect(),
    }
}

/// That a referral was corrected or recalled.
pub fn retraction(found: &Retraction) -> pb::Retraction {
    let kind = match found.kind {
        RetractionKind::Corrected => pb::RetractionKind::Corrected,
        RetractionKind::Recalled => pb::RetractionKind::Recalled,
    };
    pb::Retraction {
        kind: kind.into(),
        retract_time: Some(wire_time(found.at)),
        successor_referral_id: found.successor.map(|id| id.hyphenated().to_string()).unwrap_or_default(),
    }
}

/// An offer, as either side's header shows it.
fn transfer(found: &Delivery, offer: &Offer) -> pb::Transfer {
    pb::Transfer {
        queue: offer.queue.to_string(),
        delivery_id: found.other_side(offer).to_string(),
        offered_time: Some(wire_time(offer.at)),
        by: offer.by.clone(),
        answer_due_time: Some(wire_time(offer.answer_by)),
        accepted_time: offer.accepted.map(wire_time),
    }
}

/// A step of a history as a header shows it: no words.
fn step(step: &Step) -> pb::DeliveryStep {
    pb::DeliveryStep {
        kind: step.kind.code().to_owned(),
        step_time: Some(wire_time(step.at)),
        by: step.by.clone(),
        code: step.code.clone(),
        failed_count: step.failed,
        note: String::new(),
    }
}

fn delivery_item(item: &ItemHeader, confirmed: Option<&ConfirmedGrade>) -> pb::DeliveryItem {
    pb::DeliveryItem {
        index: u32::from(item.number),
        proposed: item.proposed.clone(),
        handling: item.handling.clone(),
        instruction: item.instruction.clone(),
        confirmed: confirmed.map(confirmed_codes),
    }
}

/// A confirmed grade as a header shows it: no words.
fn confirmed_codes(grade: &ConfirmedGrade) -> pb::ConfirmedGrading {
    pb::ConfirmedGrading {
        grade: grade.grade(),
        handling: grade.handling.to_string(),
        version: grade.version,
        confirmed_by: grade.by.clone(),
        confirmed_time: Some(wire_time(grade.at)),
        ..pb::ConfirmedGrading::default()
    }
}

/// A lease.
pub fn lease(lease: &Lease) -> pb::Lease {
    pb::Lease { token: lease.token.clone(), expire_time: Some(wire_time(lease.expires)) }
}

/// A queue with its counts and its closed list of outcomes.
pub fn queue(counts: &QueueCounts, kind: Option<&QueueKind>) -> pb::Queue {
    let count = |number: u64| u32::try_from(number).unwrap_or(u32::MAX);
    pb::Queue {
        queue: counts.queue.to_string(),
        waiting_count: count(counts.live.saturating_sub(counts.leased)),
        leased_count: count(counts.leased),
        unopened_count: count(counts.unopened),
        overdue_count: count(counts.overdue),
        outcomes: kind
            .map(|kind| kind.outcomes.iter().map(|outcome| outcome.code.clone()).collect())
            .unwrap_or_default(),
        dead_letter_count: count(counts.dead),
    }
}

/// One unit, opened, with the words for top and bottom of the page.
pub fn opened(opened: &Opened) -> pb::OpenPartResponse {
    let intelligence = matches!(opened.unit.part, Part::Item | Part::Provenance | Part::Original);
    pb::OpenPartResponse {
        view: Some(view_of(opened.unit, &opened.view)),
        marking: MARKING.to_owned(),
        caveat: if intelligence { CAVEAT.to_owned() } else { String::new() },
        opened_time: opened.delivery.opened.map(wire_time),
        grading: opened.grading.as_ref().map(item_grading),
        history: opened.delivery.history.iter().zip(&opened.notes).map(with_note).collect(),
    }
}

fn with_note((found, note): (&Step, &Text)) -> pb::DeliveryStep {
    pb::DeliveryStep { note: note.reveal().to_owned(), ..step(found) }
}

/// The carer copy, released, between its markings.
pub fn carer_copy(released: &Released) -> pb::ReleaseCarerCopyResponse {
    pb::ReleaseCarerCopyResponse {
        marking_top: MARKING.to_owned(),
        copy: Some(view_of(released.unit, &released.copy)),
        marking_bottom: MARKING.to_owned(),
        delivery: None,
    }
}

fn item_grading(grading: &ItemGrading) -> pb::ItemGrading {
    let confirmed = grading.confirmed.iter().map(|version| pb::ConfirmedGrading {
        instructions: version.instructions.reveal().to_owned(),
        reason: version.reason.reveal().to_owned(),
        ..confirmed_codes(&version.grade)
    });
    pb::ItemGrading {
        proposed: grading.item.proposed.clone(),
        handling: grading.item.handling.clone(),
        instruction: grading.item.instruction.clone(),
        confirmed: confirmed.collect(),
    }
}

/// The part a caller chose; `None` where they chose none.
pub fn part(number: i32) -> Option<Part> {
    match pb::Part::try_from(number).ok()? {
        pb::Part::Unspecified => None,
        pb::Part::O => Some(Part::Original),
        pb::Part::E => Some(Part::EpisodeCard),
        pb::Part::A => Some(Part::Provenance),
        pb::Part::B => Some(Part::Item),
        pb::Part::C => Some(Part::Safeguarding),
        pb::Part::Carer => Some(Part::Carer),
        pb::Part::Card => Some(Part::Card),
        pb::Part::Withheld => Some(Part::Withheld),
    }
}

/// A part as the wire names it.
pub fn wire_part(part: Part) -> pb::Part {
    match part {
        Part::Original => pb::Part::O,
        Part::EpisodeCard => pb::Part::E,
        Part::Provenance => pb::Part::A,
        Part::Item => pb::Part::B,
        Part::Safeguarding => pb::Part::C,
        Part::Carer => pb::Part::Carer,
        Part::Card => pb::Part::Card,
        Part::Withheld => pb::Part::Withheld,
        // Never in a header: it is for the sender alone.
        Part::Sender => pb::Part::Unspecified,
    }
}

pub(super) fn openable_unit(unit: UnitLabel) -> pb::OpenableUnit {
    // A card is numbered by its leg inside; outside it is the delivery's own.
    let item = if unit.part == Part::Card { 0 } else { unit.item.map_or(0, u32::from) };
    pb::OpenableUnit { part: wire_part(unit.part).into(), item }
}

fn prompt_due(due: &PromptDue, now: Option<Timestamp>) -> pb::Prompt {
    let late = now.zip(due.due).is_some_and(|(now, by)| now > by);
    pb::Prompt {
        kind: due.kind.code().to_owned(),
        rule: due.rule.clone(),
        due_time: due.due.map(wire_time),
        overdue: due.overdue_on_arrival || late,
    }
}

fn held_header(found: &Delivery, held: &HeldHeader) -> pb::HeldMatter {
    pb::HeldMatter {
        reason: held.reason.code().to_owned(),
        meant_for: held.meant_for.clone(),
        contents: found.header.contents.iter().map(|content| content.code().to_owned()).collect(),
        items: found.header.items.iter().map(|item| u32::from(item.number)).collect(),
        never_by: held.never_by.iter().map(ToString::to_string).collect(),
    }
}

fn state(state: State) -> pb::DeliveryState {
    match state {
        State::Waiting => pb::DeliveryState::Waiting,
        State::Leased => pb::DeliveryState::Leased,
        State::Completed => pb::DeliveryState::Completed,
        State::Resolved => pb::DeliveryState::Resolved,
        State::DeadLetter => pb::DeliveryState::DeadLetter,
        State::Transferred => pb::DeliveryState::Transferred,
        State::Declined => pb::DeliveryState::Declined,
        State::Superseded => pb::DeliveryState::Superseded,
        State::Recalled => pb::DeliveryState::Recalled,
    }
}
