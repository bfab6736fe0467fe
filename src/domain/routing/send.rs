//! What the rule table sends, done: each send to its destination, with the parts, items and prompts that it names.

use std::collections::BTreeSet;

use super::{
    doors,
    plan::{Load, Matter, Plan},
};
use crate::domain::{
    classify::{
        choices::{reaches, takes},
        conditions::{holds, is_owed},
        facts::ItemFacts,
    },
    decision::{Content, Prompt, RuleId, Shown},
    directory::Police,
    policy::{Choice, Destination, Sending},
    queue::QueueId,
};

/// Every send of every rule that fired, and what is owed besides. Those that look at the legs of others come last.
pub(super) fn all(plan: &mut Plan<'_>) {
    let due = sends(plan);
    let (last, first): (Vec<_>, Vec<_>) = due.into_iter().partition(|(_, send)| looks_at_legs(send.to));
    for (rule, send) in first.into_iter().chain(last) {
        one(rule, send, plan);
    }
}

/// Each send that applies, under the rule that the leg will name: what is owed goes by R23, or by the first that fired.
fn sends<'a>(plan: &Plan<'a>) -> Vec<(RuleId, &'a Sending)> {
    let (facts, fired) = (plan.facts, &plan.fired);
    let of_rules = fired.iter().flat_map(|rule| rule.sends.iter().map(|send| (rule.id, send)));
    let first = fired.first().map_or("R23", |rule| rule.id);
    let name = if plan.has_fired("R23") { "R23" } else { first };
    let owed = facts.rules.owed.iter().filter(|owed| is_owed(owed, facts, fired));
    let besides = owed.flat_map(|owed| owed.sends.iter().map(move |send| (name, send)));
    let applies = |send: &Sending| send.when.is_none_or(|when| holds(when, facts, fired));
    of_rules.chain(besides).filter(|(_, send)| applies(send)).collect()
}

fn looks_at_legs(to: Destination) -> bool {
    matches!(to, Destination::ForceOfChild | Destination::CityOfChild | Destination::LegsWithPartC)
}

fn one(rule: RuleId, send: &Sending, plan: &mut Plan<'_>) {
    match send.to {
        Destination::FrontDoor => to_units(rule, send, doors::front_door(plan), plan),
        Destination::Refdesk => to_units(rule, send, vec![doors::refdesk(plan)], plan),
        Destination::Owner => to_units(rule, send, vec![doors::owner(plan)], plan),
        Destination::OneCouncil => to_units(rule, send, vec![doors::one_council(plan)], plan),
        Destination::ResponsibleTeam => to_units(rule, send, vec![doors::responsible_team(plan)], plan),
        Destination::HostMash => to_units(rule, send, vec![doors::host_mash(plan)], plan),
        Destination::RailForce => to_units(rule, send, vec![doors::rail_force(plan)], plan),
        Destination::HomePolice => notes(rule, plan),
        Destination::HomePoliceNotOwner => to_units(rule, send, doors::home_police_not_owner(plan), plan),
        Destination::RefdeskOfPlace => to_refdesk_of_place(rule, send, plan),
        Destination::MpuOfPlace | Destination::ForceOfPlace | Destination::CityOfPlace => to_place(rule, send, plan),
        Destination::HoldForPlace => hold_for_place(send, plan),
        Destination::ForceOfChild | Destination::CityOfChild => to_force_of_child(rule, send, plan),
        Destination::PlacingTeam => super::children::placing_teams(rule, &load(rule, send, plan), plan),
        Destination::LinkedChild => super::children::linked(rule, plan),
        Destination::LegsWithPartC => show_with_part_c(rule, send, plan),
    }
}

/// What a send of `rule` carries: its parts, the items that its choices take, and those of its prompts that are raised.
fn load(rule: RuleId, send: &Sending, plan: &Plan<'_>) -> Load {
    let items: Vec<u16> = chosen(&send.items, plan).map(|item| item.number).collect();
    let raised = plan.prompts.iter().filter(|prompt| prompt.rule == rule && send.shows.contains(&prompt.kind));
    // The council of the subject does not get an item about a child with a record of their own, so it gets no prompt of it.
    let to_act = |prompt: &&Prompt| send.to != Destination::FrontDoor || !plan.facts.is_anothers(prompt.kind);
    let shows = raised.filter(to_act).map(|prompt| Shown { kind: prompt.kind, rule, link: None }).collect();
    Load { shows, ..Load::of(send.carries.iter().copied()) }.items(items)
}

fn chosen<'a>(choices: &'a [Choice], plan: &Plan<'a>) -> impl Iterator<Item = &'a ItemFacts<'a>> + use<'a> {
    let facts = plan.facts;
    facts.items.iter().filter(move |item| choices.iter().any(|choice| takes(*choice, item, facts)))
}

fn to_units(rule: RuleId, send: &Sending, units: Vec<doors::Unit>, plan: &mut Plan<'_>) {
    let load = load(rule, send, plan);
    for unit in units {
        plan.send_or_hold(rule, unit.queue, unit.kind, load.clone());
    }
}

/// Each chosen item to each of its places that this destination reaches.
fn to_place(rule: RuleId, send: &Sending, plan: &mut Plan<'_>) {
    for (item, police) in placed(send, plan) {
        if reaches(send.to, police, &plan.facts.geography) {
            plan.send(rule, police.mpu(), Load::of(send.carries.iter().copied()).items([item.number]));
        }
    }
}

/// Each chosen item with each certain police of where it happened.
fn placed<'a>(send: &'a Sending, plan: &Plan<'a>) -> Vec<(&'a ItemFacts<'a>, &'a Police)> {
    let pairs = |item: &'a ItemFacts<'a>| item.police.iter().flatten().map(move |police| (item, police));
    chosen(&send.items, plan).flat_map(pairs).collect()
}

/// The desk of where it happened gets that item, coded or not; online, also beside a place, or without
/// one it is the child's own; where the place is uncertain, the child's own and HOLD for that item (D16).
fn to_refdesk_of_place(rule: RuleId, send: &Sending, plan: &mut Plan<'_>) {
    let desk = doors::refdesk(plan);
    for item in chosen(&send.items, plan) {
        let load = Load::of(send.carries.iter().copied()).items([item.number]);
        if item.item.online || item.police.is_empty() || item.police.iter().any(Result::is_err) {
            plan.send_or_hold(rule, desk.queue.clone(), desk.kind, load.clone());
        }
        for police in item.police.iter().flatten() {
            plan.send(rule, police.refdesk(), load.clone());
        }
    }
    hold_for_place(send, plan);
}

/// An uncertain place is a matter of its own for the unit of that place, once however many rules ask (D16).
fn hold_for_place(send: &Sending, plan: &mut Plan<'_>) {
    for item in chosen(&send.items, plan) {
        let kinds = [("MPU", item.intelligence), ("REFDESK", item.offence())];
        let meant_for: Vec<&'static str> =
            kinds.into_iter().filter(|(_, meant)| *meant).map(|(kind, _)| kind).collect();
        for reason in item.police.iter().filter_map(|police| police.as_ref().err()) {
            let matter = Matter { item: Some(item.number), ..Matter::of(*reason, &meant_for) };
            plan.hold(matter, Load::default().items([item.number]));
        }
    }
}

/// "Item n went to X", for each item that this rule sends to a place, to the home police, unless they are X (D09).
fn notes(rule: RuleId, plan: &mut Plan<'_>) {
    let home = doors::home_police(plan);
    let sends: Vec<&Sending> =
        plan.fired.iter().filter(|fired| fired.id == rule).flat_map(|rule| &rule.sends).collect();
    for send in sends.into_iter().filter(|send| send.to == Destination::ForceOfPlace) {
        for (item, police) in placed(send, plan) {
            let force = police.mpu();
            if reaches(send.to, police, &plan.facts.geography) && home.queue.as_ref() != Ok(&force) {
                let copy_notes = BTreeSet::from([(item.number, force)]);
                let note = Load { copy_notes, ..Load::of([Content::CopyNote]) };
                plan.send_or_hold(rule, home.queue.clone(), home.kind, note);
            }
        }
    }
}

/// The leg of each child's force is named by this rule; the subject's own force gets at least this much (D09, D17).
fn to_force_of_child(rule: RuleId, send: &Sending, plan: &mut Plan<'_>) {
    let geography = &plan.facts.geography;
    let is = |police: &Police| match send.to {
        Destination::CityOfChild => geography.is_city(police),
        _ => geography.is_other_force(police),
    };
    let linked = plan.facts.linked.iter().map(|child| child.lives.police());
    let forces: Vec<QueueId> = linked.flatten().filter(&is).map(|police| police.mpu()).collect();
    for force in forces {
        plan.send(rule, force, Load::default());
    }
    if let Some(force) = geography.child_police().ok().filter(is).map(|police| police.mpu()) {
        let told = plan.legs.get(&force).is_some_and(|leg| leg.carries(Content::EpisodeCard));
        let load = if told { Load::default() } else { load(rule, send, plan) };
        plan.send(rule, force, load);
    }
}

fn show_with_part_c(rule: RuleId, send: &Sending, plan: &mut Plan<'_>) {
    let shown = load(rule, send, plan).shows;
    for leg in plan.legs.values_mut().filter(|leg| leg.carries(Content::Safeguarding)) {
        leg.show(&shown);
    }
}
