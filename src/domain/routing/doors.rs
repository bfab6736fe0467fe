//! The units that rules name: front door, Referral Desk, owner; and what each of them is given (D02, D06, D09).

use super::plan::{Load, Matter, Plan};
use crate::domain::{
    classify::facts::ItemFacts,
    decision::{
        Content::{EpisodeCard, Safeguarding},
        HoldReason, RuleId,
    },
    directory::{Authority, Police},
    queue::QueueId,
};

/// The front door (D02): episode card, Part C and every coded item that stays with the child (D06), and `extra`.
pub(super) fn front_door(rule: RuleId, plan: &mut Plan<'_>, extra: Load) {
    let door = plan.facts.geography.front_door();
    let mut load = safeguarding(plan);
    load.contents.extend(extra.contents);
    load.prompts.extend(extra.prompts);
    if let Some(mash) = door.mash {
        plan.send_or_hold(rule, council("MASH", mash), "MASH", load.clone());
    }
    if let Some(alloc) = door.alloc {
        plan.send_or_hold(rule, council("ALLOC", alloc), "ALLOC", load);
    }
}

/// Episode card, Part C, and the coded items that no linked record has taken (D06, D11).
pub(super) fn safeguarding(plan: &Plan<'_>) -> Load {
    let items = plan.facts.items.iter().filter(|item| item.coded && item.linked.is_none());
    Load::of([EpisodeCard, Safeguarding]).items(items.map(|item| item.number))
}

/// The child's Referral Desk: episode card, Part C and every coded item except health alone (D06, D20), and `extra`.
pub(super) fn refdesk(rule: RuleId, plan: &mut Plan<'_>, extra: Load) {
    let items = plan.facts.items.iter().filter(|item| item.coded && !item.health_only);
    let mut load = Load::of([EpisodeCard, Safeguarding]).items(items.map(|item| item.number)).items(extra.items);
    load.contents.extend(extra.contents);
    load.prompts.extend(extra.prompts);
    let desk = plan.facts.geography.child_police().map(|police| police.refdesk());
    plan.send_or_hold(rule, desk, "REFDESK", load);
}

/// The owner of the episode: the card and every intelligence item (D06), and `extra`.
pub(super) fn owner(rule: RuleId, plan: &mut Plan<'_>, extra: Load) {
    let items = plan.facts.items.iter().filter(|item| item.intelligence).map(|item| item.number);
    let mut load = Load::of([EpisodeCard]).items(items).items(extra.items);
    load.contents.extend(extra.contents);
    load.prompts.extend(extra.prompts);
    let queue = plan.facts.geography.owner().map(|police| police.mpu());
    plan.send_or_hold(rule, queue, "MPU", load);
}

/// An item with an uncertain place: a matter of its own for the unit of that place, once however many rules ask (D16).
pub(super) fn hold_place(plan: &mut Plan<'_>, item: &ItemFacts<'_>) {
    let mut kinds = Vec::new();
    if item.intelligence {
        kinds.push("MPU");
    }
    if item.offence() {
        kinds.push("REFDESK");
    }
    for reason in item.police.iter().filter_map(|police| police.as_ref().err()) {
        let matter = Matter {
            reason: *reason,
            meant_for: kinds.clone(),
            item: Some(item.number),
            link: None,
            placed: None,
            queue: None,
        };
        plan.hold(matter, Load::default().items([item.number]));
    }
}

/// Each item with each certain police of where it happened.
pub(super) fn located_items<'a>(plan: &Plan<'a>) -> Vec<(&'a ItemFacts<'a>, Police)> {
    let facts = plan.facts;
    let pairs = |item: &'a ItemFacts<'a>| item.police.iter().flatten().map(move |police| (item, police.clone()));
    facts.items.iter().flat_map(pairs).collect()
}

/// The queue of this kind of a council.
pub(super) fn council(kind: &str, authority: Result<&Authority, HoldReason>) -> Result<QueueId, HoldReason> {
    authority.map(|authority| QueueId::of(kind, &authority.gss))
}

/// Names R09 or R11 on the leg of a child's force.
pub(super) fn name_force_rule(plan: &mut Plan<'_>, police: &Police) {
    let geography = &plan.facts.geography;
    if geography.is_city(police) {
        plan.send("R11", police.mpu(), Load::default());
    } else if geography.is_other_force(police) {
        plan.send("R09", police.mpu(), Load::default());
    }
}
