//! Decisions, for the wire: the explanation, and the pieces that receipts and headers show.

use super::{coaching, reader::wire_time, view::view_of};
use crate::{
    domain::{
        decision::{Decision, Held, ItemGrade, Leg, Prompt},
        queue::QueueId,
        text::Text,
        unit::{Audience, UnitLabel, View},
    },
    wire::pb,
};

/// The decision in the words of contract 5, with what each audience would read.
pub fn explanation(decision: &Decision, views: &[(UnitLabel, View)]) -> pb::Explanation {
    pb::Explanation {
        class: decision.class.code().to_owned(),
        rules: words(&decision.rules),
        prompts: kinds(&decision.prompts),
        flags: decision.flags.iter().map(|flag| flag.code().to_owned()).collect(),
        rule_set: decision.rule_set.clone(),
        items: decision.items.iter().map(explained_item).collect(),
        legs: decision.legs.iter().map(explained_leg).collect(),
        views: Some(by_audience(views)),
        prompt_details: decision.prompts.iter().map(prompt).collect(),
        clocks: decision.clocks.as_ref().map(coaching::clocks),
        ..pb::Explanation::default()
    }
}

/// The units under the audience that each was rendered for.
fn by_audience(views: &[(UnitLabel, View)]) -> pb::Views {
    let of = |audience| {
        let its = views.iter().filter(move |(label, _)| label.audience == audience);
        its.map(|(label, view)| view_of(*label, view)).collect()
    };
    pb::Views {
        mpu: of(Audience::Mpu),
        mash: of(Audience::Mash),
        carer: of(Audience::Carer),
        none: of(Audience::Nobody),
    }
}

/// Kinds of prompts, each once: two rules may ask for the same thing.
fn kinds(prompts: &[Prompt]) -> Vec<String> {
    let mut kinds: Vec<String> = Vec::new();
    for prompt in prompts {
        let kind = prompt.kind.code();
        if !kinds.iter().any(|known| known == kind) {
            kinds.push(kind.to_owned());
        }
    }
    kinds
}

/// A prompt; overdue if it was on arrival.
fn prompt(prompt: &Prompt) -> pb::Prompt {
    pb::Prompt {
        kind: prompt.kind.code().to_owned(),
        rule: prompt.rule.to_owned(),
        due_time: prompt.due.map(wire_time),
        overdue: prompt.overdue_on_arrival,
    }
}

/// One undecided matter on HOLD.
fn held_matter(held: &Held) -> pb::HeldMatter {
    pb::HeldMatter {
        reason: held.reason.code().to_owned(),
        meant_for: held.meant_for.clone(),
        contents: held.contents.iter().map(|content| content.code().to_owned()).collect(),
        items: numbers(&held.items),
        never_by: held.never_by.iter().map(ToString::to_string).collect(),
    }
}

/// Both deadlines of a leg, acknowledge and decide; none for P4.
fn due_times(leg: &Leg) -> (Option<prost_types::Timestamp>, Option<prost_types::Timestamp>) {
    (leg.ack_due.map(wire_time), leg.decide_due.map(wire_time))
}

fn explained_item(grade: &ItemGrade) -> pb::ExplainedItem {
    pb::ExplainedItem {
        index: u32::from(grade.item),
        proposed: grade.proposed(),
        handling: grade.handling.code().to_string(),
        why: words(&grade.why),
        instruction: grade.handling.instructions().map_or("", Text::reveal).to_owned(),
    }
}

fn explained_leg(leg: &Leg) -> pb::ExplainedLeg {
    let (ack_due, decide_due) = due_times(leg);
    pb::ExplainedLeg {
        queue: leg.queue.to_string(),
        class: leg.class.code().to_owned(),
        rules: words(&leg.rules),
        contents: leg.contents.iter().map(|content| content.code().to_owned()).collect(),
        items: numbers(&leg.items),
        page: leg.page,
        ack_due,
        decide_due,
        provisional: leg.provisional,
        held: leg.held.iter().map(held_matter).collect(),
        prompts: leg.prompts().iter().map(|kind| kind.code().to_owned()).collect(),
        copy_notes: leg.copy_notes.iter().map(copy_note).collect(),
    }
}

fn copy_note((item, queue): &(u16, QueueId)) -> pb::CopyNote {
    pb::CopyNote { item: u32::from(*item), queue: queue.to_string() }
}

fn words(rules: &[&'static str]) -> Vec<String> {
    rules.iter().map(|rule| (*rule).to_owned()).collect()
}

fn numbers(items: &[u16]) -> Vec<u32> {
    items.iter().map(|item| u32::from(*item)).collect()
}
