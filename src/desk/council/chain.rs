//! The receipt chain of a referral: per destination received, taken, opened, outcome; the two clocks; what is to be done.

use jiff::Timestamp;
use maud::{Markup, html};

use super::super::{calls::Visit, words};
use crate::wire::{
    convert,
    pb::{self, PromptState},
};

/// What stands in the receipt, and the clocks.
pub(super) fn summary(visit: &Visit, referral: &pb::Referral, now: Timestamp) -> Markup {
    let Some(receipt) = &referral.receipt else { return html! {} };
    let rulebook = visit.desk.broker.rulebook();
    let rules = rulebook.policy.rules_at(now);
    let said = |id: &String| rules.rule(id).map(|rule| rule.words.clone()).unwrap_or_default();
    html! {
        dl {
            dt { "Received" } dd { (words::moment(receipt.received_time.as_ref()).unwrap_or_default()) }
            dt { "Class" } dd { (receipt.class) " " (words::class(&receipt.class)) }
            @if let Some(clocks) = &referral.clocks {
                dt { "Offered" } dd { (clock(clocks.offered.as_ref(), now)) }
                dt { "Interview" } dd { (clock(clocks.carried_out.as_ref(), now)) }
            }
            @if !referral.prompts.is_empty() { dt { "To be done" } dd { ul.plain { @for prompt in &referral.prompts { li { (to_do(prompt, now)) } } } } }
            @if !receipt.flags.is_empty() { dt { "Marked" } dd { (receipt.flags.iter().map(|flag| words::plain(flag)).collect::<Vec<_>>().join(", ")) } }
            @if !receipt.rules.is_empty() { dt { "Why there" } dd { ul.plain { @for rule in &receipt.rules { li { strong { (rule) } " " (said(rule)) } } } } }
            @if let Some(told) = &referral.retraction { dt { "Taken back" } dd { (words::moment(told.retract_time.as_ref()).unwrap_or_default()) @if !told.successor_referral_id.is_empty() { ", in its place " a href={ "/referrals/" (told.successor_referral_id) } { "this referral" } } } }
            @if !referral.corrects_referral_id.is_empty() { dt { "Corrects" } dd { a href={ "/referrals/" (referral.corrects_referral_id) } { "an earlier referral" } } }
            @if let Some(erased) = &referral.erasure { dt { "Erased" } dd { (words::moment(erased.erase_time.as_ref()).unwrap_or_default()) ", " (words::plain(&erased.reason)) } }
            dt { "Referral" } dd { (receipt.referral_id) }
            dt { "Ledger entry" } dd { (receipt.ledger_index) }
        }
    }
}

/// One clock in words: what was done when, and how that stands to 72 hours.
fn clock(clock: Option<&pb::Clock>, now: Timestamp) -> Markup {
    let Some(clock) = clock else { return html! {} };
    let due = words::moment(clock.due_time.as_ref()).unwrap_or_default();
    let hours = clock.hours.map_or_else(String::new, |hours| format!(", {hours} hours after the return"));
    html! {
        (stands(clock, now)) (hours) span.quiet { " (72 hours: " (due) ")" }
    }
}

/// How a clock stands; one that ran at receipt has gone on since.
fn stands(clock: &pb::Clock, now: Timestamp) -> Markup {
    let left = words::counts_down("due ", clock.due_time.as_ref(), now);
    match (clock.state.as_str(), left) {
        ("running", Some(when)) => html! { (when) " as far as we were told" },
        (state, _) => html! { span.late[clock.late] { (words::plain(state)) } },
    }
}

/// Both clocks on a line.
pub(super) fn clocks_in_short(clocks: Option<&pb::Clocks>, now: Timestamp) -> Markup {
    let Some(clocks) = clocks else { return html! { "no return recorded" } };
    html! {
        @for (name, clock) in [("offer", &clocks.offered), ("interview", &clocks.carried_out)] {
            @if let Some(clock) = clock { div { (name) ": " (stands(clock, now)) } }
        }
    }
}

/// A prompt that is followed: who will do it, by when, or how it ended.
fn to_do(prompt: &pb::TrackedPrompt, now: Timestamp) -> Markup {
    let owner = prompt.owner.as_ref().map(|owner| format!("{} will do it", owner.queue));
    let end = prompt.end.as_ref().map(|end| end.wording.clone());
    let stands = end.or(owner).unwrap_or_else(|| "nobody is named to do it".to_owned());
    html! {
        (words::plain(&prompt.kind)) ", "
        @if prompt.state() != PromptState::Ended { @if let Some(when) = words::counts_down("", prompt.due_time.as_ref(), now) { (when) ", " } }
        (stands)
    }
}

/// Where no more readings are kept.
const MORE_READINGS: &str =
    "as many readings are listed as are kept: whoever read something since is in the ledger alone";

/// Every destination with what happened there.
pub(super) fn destinations(visit: &Visit, referral: &pb::Referral, now: Timestamp) -> Markup {
    let own = referral.receipt.as_ref().map_or("", |receipt| &receipt.referral_id);
    html! {
        table {
            caption { "Where it went" }
            thead { tr { th scope="col" { "Unit" } th scope="col" { "What happened" } th scope="col" { "Due" } th scope="col" { "Outcome" } } }
            tbody { @for found in &referral.destinations {
                tr.overdue[found.overdue] {
                    th scope="row" {
                        (found.queue) " " span.quiet { (visit.label(&found.queue)) }
                        @if found.referral_id != own { br; span.quiet { "for another child" } }
                    }
                    td { (happened(found)) }
                    td { (due(found, now)) }
                    td { @if found.outcome.is_empty() { "none yet" } @else { (found.outcome) } }
                }
            } }
        }
    }
}

/// What happened at one destination, and who read something there, as far as its sender is shown it.
pub(in crate::desk) fn happened(found: &pb::Destination) -> Markup {
    html! {
        ul.plain {
            @for step in steps(found) { li { (step) } }
            @for read in &found.readings { li.quiet { (reading(read)) } }
            @if found.more_readings { li.quiet { (MORE_READINGS) } }
        }
    }
}

/// The chain in order, as far as it has come.
fn steps(found: &pb::Destination) -> Vec<String> {
    let mut steps: Vec<(i64, String)> = [
        (&found.received_time, "received"),
        (&found.delivered_time, "taken"),
        (&found.opened_time, "opened: acknowledged"),
        (&found.graded_time, "graded"),
        (&found.outcome_time, "settled"),
    ]
    .into_iter()
    .filter_map(|(time, word)| step(time.as_ref(), word))
    .collect();
    let late = found.escalations.iter();
    steps.extend(late.filter_map(|to| step(to.step_time.as_ref(), &format!("escalated to {}", words::plain(&to.to)))));
    if let Some(offer) = &found.transfer {
        steps.extend(step(offer.offered_time.as_ref(), &format!("offered to {}", offer.queue)));
        steps.extend(step(offer.accepted_time.as_ref(), &format!("taken over by {}", offer.queue)));
    }
    if found.notice.is_some() {
        steps.push((i64::MAX, "a notice of what you took back".to_owned()));
    }
    steps.sort_by_key(|(at, _)| *at);
    steps.into_iter().map(|(_, words)| words).collect()
}

fn step(time: Option<&prost_types::Timestamp>, word: &str) -> Option<(i64, String)> {
    Some((time?.seconds, format!("{word} {}", words::moment(time)?)))
}

fn reading(read: &pb::Reading) -> String {
    let unit = read.unit.as_ref();
    let part = unit.and_then(|unit| convert::part(unit.part)).map_or("", words::part);
    let item = unit.filter(|unit| unit.item > 0).map_or_else(String::new, |unit| format!(" (item {})", unit.item));
    let by = if read.organisation.is_empty() { String::new() } else { format!(" of {}", read.organisation) };
    let first = words::moment(read.first_time.as_ref()).unwrap_or_default();
    format!("“{part}”{item} read by {}{by}, first {first}", words::plain(&read.role))
}

/// The deadline that still runs.
fn due(found: &pb::Destination, now: Timestamp) -> Markup {
    let (what, time) = match (found.outcome_time.as_ref(), found.opened_time.as_ref()) {
        (Some(_), _) => return html! { "settled" },
        (None, None) if found.ack_due_time.is_some() => ("acknowledge ", found.ack_due_time.as_ref()),
        _ => ("decide ", found.decide_due_time.as_ref()),
    };
    html! { @match words::counts_down(what, time, now) { Some(when) => (when), None => "none" } }
}
