//! Every place, rule, class and hour through the router: nothing may end nowhere, at a queue that does not exist, that
//! cannot open what it gets or that has nobody, or wait for an office at night.

use std::collections::BTreeSet;

use jiff::{
    Timestamp,
    civil::{Time, time},
};

use super::{
    Notes,
    dues::Dues,
    nil,
    situations::{self, Setting},
};
use crate::domain::{
    classify::{assess, facts::Facts},
    code::Class,
    decision::{Content, Decision, HoldReason, Leg},
    directory::{Authority, ForceRole},
    geography::Area,
    policy::{Condition, Policy, QueueKind},
    queue::QueueId,
    routing::{finish, planned},
    unit::Part,
};

/// An open and a closed office.
const HOURS: [Time; 2] = [time(12, 0, 0, 0), time(3, 0, 0, 0)];
const CLASSES: [Class; 5] = [Class::P0, Class::P1, Class::P2, Class::P3, Class::P4];

/// A place in which everything of a submission lies.
pub(super) struct Place {
    pub name: String,
    pub area: Area,
    /// A council: then every destination is certain.
    certain: bool,
}

/// What is the same at every place of a day.
struct Day<'a> {
    /// Every queue.
    known: BTreeSet<QueueId>,
    /// An open and a closed office.
    hours: Vec<Dues<'a>>,
}

/// One decision under proof.
struct Case<'a> {
    policy: &'a Policy,
    place: &'a Place,
    rule: &'static str,
    now: Timestamp,
    /// Every queue of the day.
    known: &'a BTreeSet<QueueId>,
}

/// Proves the day of `notes`; false where `go_on` ended it.
pub(super) fn all(policy: &Policy, notes: &mut Notes, go_on: &dyn Fn() -> bool) -> bool {
    let day = notes.day;
    let places = places(policy, notes);
    let councils: Vec<&Authority> =
        policy.directory.authorities.iter().filter(|one| one.effective.covers(day)).collect();
    let situations = situations::all(policy.rules.in_force(day));
    let hours = HOURS.iter().filter_map(|hour| Dues::at(policy, day, *hour)).collect();
    let same = Day { known: policy.directory.queues(day), hours };
    notes.most("places", places.len());
    notes.most("situations", situations.len());
    for (place, n) in places.iter().zip(1..) {
        // Each council in turn is the other one, never the place itself.
        let Some(there) = councils.get(n % councils.len().max(1)) else { return true };
        let setting = Setting { here: &place.area, there, policy, day };
        for shown in &situations {
            situation(&setting, place, shown, &same, notes);
        }
        if !go_on() {
            return false;
        }
    }
    true
}

pub(super) fn places(policy: &Policy, notes: &Notes) -> Vec<Place> {
    let (directory, day) = (&policy.directory, notes.day);
    let place = |code: &str, certain| Place { name: code.to_owned(), area: nil::area(code), certain };
    let councils = directory.authorities.iter().filter(|one| one.effective.covers(day));
    let ground = directory.forces.iter().filter(|force| force.role != ForceRole::Rail && force.effective.covers(day));
    let mut places: Vec<Place> = councils.map(|one| place(&one.gss, true)).collect();
    places.extend(ground.map(|force| place(&force.code, false)));
    places.push(Place { name: "an unknown area".to_owned(), area: Area::Unknown, certain: false });
    places
}

fn situation(
    setting: &Setting<'_>,
    place: &Place,
    (rule, conditions): &(&'static str, Vec<Condition>),
    same: &Day<'_>,
    notes: &mut Notes,
) {
    let (rule, policy) = (*rule, setting.policy);
    let draft = setting.with(conditions);
    for dues in &same.hours {
        let facts = Facts::of(&draft, policy, dues.now);
        let assessment = assess(&facts);
        if rule != "owed" && !assessment.rules.contains(&rule) && can_always_hold(conditions[0], place) {
            let to_do = ("rules/", "look at `when` of this rule, and at the rules before it");
            notes.fault(to_do, format!("rule {rule}"), "does not fire though its condition holds");
        }
        let plan = planned(&facts, &assessment);
        for class in CLASSES {
            notes.count("routes", 1);
            let due = |queue: &QueueId, class| dues.of(queue, class);
            let decision = finish(plan.clone(), (&assessment, class), (&[], &[]), &due);
            check(&Case { policy, place, rule, now: dues.now, known: &same.known }, &decision, notes);
        }
    }
}

/// Of a place that is not certain nobody can say that a child is placed away from it or an item lies elsewhere; and in
/// another force, where the child lives is something else.
fn can_always_hold(condition: Condition, place: &Place) -> bool {
    match condition {
        Condition::NothingElse => false,
        Condition::ItemInAnotherBcu | Condition::PlacedAway => place.certain,
        _ => true,
    }
}

fn check(case: &Case<'_>, decision: &Decision, notes: &mut Notes) {
    let at = format!("rule {}", case.rule).replace("rule owed", "[[owed]]");
    if decision.legs.is_empty() {
        notes.fault_at(("rules/", "give the rule a destination under `sends`"), &at, "goes nowhere", &case.place.name);
    }
    for leg in &decision.legs {
        notes.count("legs", 1);
        reachable(case, leg, notes);
        openable(case, leg, notes);
        tonight(case, leg, decision, notes);
        for held in &leg.held {
            match held.reason {
                HoldReason::RulesConflict => {
                    let to_do = ("rules/", "name a send of a rule, or of [[owed]], that takes it");
                    notes.fault(to_do, &at, "leaves something to HOLD that no send takes");
                }
                HoldReason::GeographyUnknown | HoldReason::OrganisationUnknown if certain(case) => {
                    let to_do = ("directory.toml", "see what this place names and what of it is in force");
                    let kinds = held.meant_for.join(" or ");
                    let what = format!("is held for {kinds}, though the place is a known council");
                    notes.fault_at(to_do, &at, what, &case.place.name);
                }
                _ => {}
            }
        }
    }
    attended(case, decision, notes);
}

/// Some rules are about what is not certain.
fn certain(case: &Case<'_>) -> bool {
    case.place.certain && !matches!(case.rule, "R14" | "owed")
}

fn reachable(case: &Case<'_>, leg: &Leg, notes: &mut Notes) {
    if !case.known.contains(&leg.queue) {
        let to_do = ("directory.toml", "add the unit, or end what still names it");
        notes.fault(to_do, leg.queue.as_str(), "is a destination, but no such queue is in force");
    }
}

/// The kind of queue opens every part that the leg carries.
fn openable(case: &Case<'_>, leg: &Leg, notes: &mut Notes) {
    let Some(kind) = case.policy.queues.kind_of(&leg.queue) else { return };
    for content in &leg.contents {
        let part = part_of(*content);
        if !opens(kind, part) {
            let to_do = ("queues.toml", "add the part to `opens` of the kind, or send something else there");
            notes.fault(to_do, &kind.kind, format!("gets {content} by {} and cannot open part {part}", case.rule));
        }
    }
}

fn opens(kind: &QueueKind, part: Part) -> bool {
    kind.opens.iter().any(|(opened, _)| *opened == part)
}

fn part_of(content: Content) -> Part {
    match content {
        Content::EpisodeCard => Part::EpisodeCard,
        Content::Safeguarding => Part::Safeguarding,
        Content::Items => Part::Item,
        Content::Alert | Content::Closure | Content::Notice | Content::Prompt | Content::CopyNote | Content::Link => {
            Part::Card
        }
    }
}

/// What cannot wait does not wait for a closed office: somebody awake has it too (D01).
fn tonight(case: &Case<'_>, leg: &Leg, decision: &Decision, notes: &mut Notes) {
    let policy = case.policy;
    let keeps_hours = |queue: &QueueId| policy.queues.kind_of(queue).is_some_and(|kind| !kind.always_open);
    let content = leg.contents.iter().any(|one| matches!(one, Content::Alert | Content::Safeguarding | Content::Items));
    let urgent = leg.class <= Class::P1 && content;
    if urgent && keeps_hours(&leg.queue) && !policy.calendar.office_open(leg.queue.suffix(), case.now) {
        let night = QueueId::of("EDT", leg.queue.suffix());
        if keeps_hours(&night) || !decision.legs.iter().any(|other| other.queue == night) {
            let to_do = ("queues.toml", "look at `always_open`: a duty team has it, and so has a kind without one");
            notes.fault(to_do, leg.queue.as_str(), "keeps something of P0 or P1 while the office is closed");
        }
    }
}

/// What goes to a queue without people goes to HOLD too (D21).
fn attended(case: &Case<'_>, decision: &Decision, notes: &mut Notes) {
    let (directory, day) = (&case.policy.directory, notes.day);
    let empty = decision.legs.iter().filter(|leg| directory.is_unattended(&leg.queue, day));
    let copied = decision.legs.iter().flat_map(|leg| &leg.held).any(|held| held.reason == HoldReason::QueueUnattended);
    for leg in empty.filter(|leg| leg.queue != QueueId::hold()) {
        if !copied {
            let to_do = ("directory.toml", "say `until` when somebody is back");
            notes.fault(to_do, leg.queue.as_str(), format!("has nobody and {} reaches nobody else", case.rule));
        }
    }
}
