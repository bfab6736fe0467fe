//! What each rule sends where: the table of domain 5.4, rule by rule. The units that rules name are in [`super::doors`].

use std::collections::BTreeSet;

use super::{
    doors::{council, front_door, hold_place, located_items, name_force_rule, owner, refdesk, safeguarding},
    plan::{Load, Matter, Plan},
};
use crate::domain::{
    classify::{
        facts::{ItemFacts, LinkedChild},
        rules::{placed_by_another, r07_exploitation, sent_by_r08, sent_by_r09, sent_by_r11},
    },
    code::PersonRole,
    decision::{
        Content::{Alert, CopyNote, EpisodeCard, Notice, Prompt},
        Flag, HoldReason, PromptKind, RuleId,
    },
    directory::{ForceRole, Police},
    queue::QueueId,
    text::Text,
};

/// Sends what `rule` sends. R19 and R20 have no leg of their own; R23's is the closure.
pub(super) fn send(rule: RuleId, plan: &mut Plan<'_>) {
    match rule {
        "R00" => r00(plan),
        "R01" => r01(plan),
        "R02" => offence("R02", plan, |item| item.sexual_offence),
        "R03" => offence("R03", plan, |item| item.images()),
        "R04" => refdesk("R04", plan, Load::default().prompt(PromptKind::Fgm101)),
        "R05" => r05(plan),
        "R06" => r06(plan),
        "R07" => r07(plan),
        "R08" => r08(plan),
        "R09" => r09(plan),
        "R10" => r10(plan),
        "R11" => r11(plan),
        "R12" => r12(plan),
        "R13" => r13(plan),
        "R14" => r14(plan),
        "R15" => r15(plan),
        "R16" => r16(plan),
        "R17" => r17(plan),
        "R18" => r18(plan),
        "R21" => owner("R21", plan, Load::default()),
        "R22" => r22(plan),
        _ => {}
    }
}

/// Front door, REFDESK and MPU are paged with an alert; 999 is prompted where nobody has answered for it (D14).
fn r00(plan: &mut Plan<'_>) {
    let mut alert = Load::of([Alert]);
    if plan.assessment.flags.contains(&Flag::EmergencyReferenceMissing) {
        alert = alert.prompt(PromptKind::Call999);
    }
    front_door("R00", plan, alert.clone());
    refdesk("R00", plan, alert.clone());
    owner("R00", plan, alert);
}

fn r01(plan: &mut Plan<'_>) {
    front_door("R01", plan, Load::default().prompt(PromptKind::Strategy));
    refdesk("R01", plan, Load::default().prompt(PromptKind::Strategy));
}

/// R02 and R03: the Referral Desk of where it happened gets that item, coded or not; online or without a place it is the
/// child's own; where the place is uncertain, the child's own and HOLD for that item (D16).
fn offence(rule: RuleId, plan: &mut Plan<'_>, is: fn(&ItemFacts<'_>) -> bool) {
    let facts = plan.facts;
    for item in facts.items.iter().filter(|item| is(item)) {
        if item.police.is_empty() || item.police.iter().any(Result::is_err) {
            refdesk(rule, plan, Load::default().items([item.number]));
        }
        for police in item.police.iter().flatten() {
            plan.send(rule, police.refdesk(), Load::of([EpisodeCard]).items([item.number]));
        }
        hold_place(plan, item);
    }
}

fn r05(plan: &mut Plan<'_>) {
    front_door("R05", plan, Load::default());
    refdesk("R05", plan, Load::default());
}

fn r06(plan: &mut Plan<'_>) {
    let nrm = Load::default().prompt(PromptKind::Nrm);
    owner("R06", plan, nrm.clone());
    front_door("R06", plan, nrm.clone());
    refdesk("R06", plan, nrm);
}

/// The owner gets every intelligence item; at P2 the front door opens too (D26). An item whose place is uncertain is
/// with the owner at once and with HOLD for the other unit that may need it.
fn r07(plan: &mut Plan<'_>) {
    let facts = plan.facts;
    owner("R07", plan, Load::default());
    if r07_exploitation(facts) {
        front_door("R07", plan, Load::default());
    }
    for item in facts.items.iter().filter(|item| item.intelligence) {
        hold_place(plan, item);
    }
}

fn r08(plan: &mut Plan<'_>) {
    let facts = plan.facts;
    for (item, police) in located_items(plan) {
        if sent_by_r08(item, &facts.geography, &police) {
            plan.send("R08", police.mpu(), Load::default().items([item.number]));
        }
    }
}

/// Each item to the force where it is, with a copy-note to home police; a linked child's force gets the link by R15.
fn r09(plan: &mut Plan<'_>) {
    let facts = plan.facts;
    for (item, police) in located_items(plan) {
        if sent_by_r09(item, &facts.geography, &police) {
            let force = police.mpu();
            plan.send("R09", force.clone(), Load::default().items([item.number]));
            copy_note(plan, item.number, force);
        }
    }
}

fn copy_note(plan: &mut Plan<'_>, item: u16, went_to: QueueId) {
    let home = plan.facts.geography.home_police().map(|police| police.mpu());
    if home.as_ref() != Ok(&went_to) {
        let mut note = Load::of([CopyNote]);
        note.copy_notes.insert((item, went_to));
        plan.send_or_hold("R09", home, "MPU", note);
    }
}

fn r10(plan: &mut Plan<'_>) {
    let facts = plan.facts;
    let day = facts.policy.calendar.date(facts.now);
    let rail = facts.policy.directory.force_with_role(ForceRole::Rail, day);
    let items: Vec<u16> = facts.items.iter().filter(|item| item.rail()).map(|item| item.number).collect();
    match rail {
        Some(force) => plan.send("R10", QueueId::of("FORCE", &force.code), Load::default().items(items)),
        None => plan.hold(Matter::of(HoldReason::OrganisationUnknown, "FORCE"), Load::default().items(items)),
    }
}

/// The City's police in place of R09, without a copy-note (D17).
fn r11(plan: &mut Plan<'_>) {
    let facts = plan.facts;
    for (item, police) in located_items(plan) {
        if sent_by_r11(item, &facts.geography, &police) {
            plan.send("R11", police.mpu(), Load::default().items([item.number]));
        }
    }
}

/// The prompt goes to one council leg, the allocated team if the case is open, and to the owner (D02).
fn r12(plan: &mut Plan<'_>) {
    let geography = &plan.facts.geography;
    let council = if geography.case_open {
        council("ALLOC", geography.responsible.authority())
    } else {
        council("MASH", geography.lives.authority())
    };
    let kind = if geography.case_open { "ALLOC" } else { "MASH" };
    let owner = geography.owner().map(|police| police.mpu());
    let prompt = Load::of([Prompt]).prompt(PromptKind::Strategy);
    plan.send_or_hold("R12", council, kind, prompt.clone());
    plan.send_or_hold("R12", owner, "MPU", prompt);
}

/// The placing authority's team, a notice to the host MASH, and one to home police unless they own the episode (D22).
fn r13(plan: &mut Plan<'_>) {
    let geography = &plan.facts.geography;
    let responsible = council("ALLOC", geography.responsible.authority());
    let host = council("MASH", geography.lives.authority());
    let owner = geography.owner().map(|police| police.mpu());
    let home = geography.home_police().map(|police| police.mpu());
    let whole = safeguarding(plan);
    plan.send_or_hold("R13", responsible, "ALLOC", whole);
    plan.send_or_hold("R13", host, "MASH", Load::of([Notice]));
    if home != owner {
        plan.send_or_hold("R13", home, "MPU", Load::of([Notice]));
    }
    plan.send_or_hold("R13", owner, "MPU", Load::default());
}

/// A notice about the child to the authority that placed it here, and nothing to its police (D10). Where that authority
/// is uncertain, each child is a matter of its own.
fn r14(plan: &mut Plan<'_>) {
    let facts = plan.facts;
    for (index, person) in facts.draft.persons.iter().enumerate() {
        let Some(by) = placed_by_another(facts, person) else { continue };
        let load = Load { placed: BTreeSet::from([index]), ..Load::of([Notice]) };
        match council("ALLOC", by.authority()) {
            Ok(queue) => plan.send("R14", queue, load),
            Err(reason) => plan.hold(Matter { placed: Some(index), ..Matter::of(reason, "ALLOC") }, load),
        }
    }
}

fn r15(plan: &mut Plan<'_>) {
    for (index, child) in plan.facts.linked.iter().enumerate() {
        link(plan, index, child);
    }
}

/// One linked record (D11): the MASH where the child lives and at P1 its Referral Desk; the force outside the Met in
/// any case. Where the residence is uncertain, HOLD, and provisionally where the subject lives.
fn link(plan: &mut Plan<'_>, index: usize, child: &LinkedChild<'_>) {
    let matter =
        |reason, meant_for| Matter { reason, meant_for, item: None, link: Some(index), placed: None, queue: None };
    let load = Load::link(index);
    match child.lives.police() {
        Ok(police) => {
            match child.lives.authority() {
                Ok(authority) => plan.send("R15", QueueId::of("MASH", &authority.gss), load.clone()),
                Err(reason) => plan.hold(matter(reason, vec!["MASH"]), load.clone()),
            }
            if child.significant_harm || matches!(police, Police::Force(_)) {
                plan.send("R15", police.refdesk(), load.clone());
            }
            name_force_rule(plan, &police);
        }
        Err(reason) => {
            let kinds = if child.significant_harm { vec!["MASH", "REFDESK"] } else { vec!["MASH"] };
            plan.hold(matter(reason, kinds), load.clone());
            provisionally(plan, child, Load { provisional: true, ..load });
        }
    }
}

/// The subject's council can find a school friend today (D11).
fn provisionally(plan: &mut Plan<'_>, child: &LinkedChild<'_>, load: Load) {
    let geography = &plan.facts.geography;
    let (mash, police) = (geography.lives.authority(), geography.child_police());
    if let Ok(authority) = mash {
        plan.send("R15", QueueId::of("MASH", &authority.gss), load.clone());
    }
    if let (true, Ok(police)) = (child.significant_harm, police) {
        plan.send("R15", police.refdesk(), load);
    }
}

/// Adult safeguarding is prompted; the item about the adult goes to the owner, unless it is health alone (D20) or an
/// allegation (D08). Where nobody answered, it is an item that names the adult (3.1).
fn r16(plan: &mut Plan<'_>) {
    let persons = &plan.facts.draft.persons;
    let is_adult_at_risk =
        |id: &Text| persons.iter().any(|person| person.id == *id && person.role == PersonRole::AdultAtRisk);
    let about_adult = |item: &&ItemFacts<'_>| {
        let names_one = || item.item.about.iter().chain(&item.item.who).any(is_adult_at_risk);
        item.item.adult_at_risk.unwrap_or_else(names_one) && !item.health_only && !item.allegation
    };
    let items: Vec<u16> = plan.facts.items.iter().filter(about_adult).map(|item| item.number).collect();
    owner("R16", plan, Load::default().items(items).prompt(PromptKind::AdultSafeguarding));
}

fn r17(plan: &mut Plan<'_>) {
    let prevent = Load::default().prompt(PromptKind::Prevent);
    owner("R17", plan, prevent.clone());
    front_door("R17", plan, prevent);
}

fn r18(plan: &mut Plan<'_>) {
    front_door("R18", plan, Load::default().prompt(PromptKind::Lado));
    refdesk("R18", plan, Load::default());
}

/// Front door only; police get no Part C by it, at most the bare fact on the episode card (D20).
fn r22(plan: &mut Plan<'_>) {
    let health = plan.assessment.prompts.iter().any(|prompt| prompt.kind == PromptKind::Health);
    let load = if health { Load::default().prompt(PromptKind::Health) } else { Load::default() };
    front_door("R22", plan, load);
    if plan.assessment.flags.contains(&Flag::SelfHarmRisk) {
        let card = Load::of([EpisodeCard]);
        let geography = &plan.facts.geography;
        let (owner, desk) = (geography.owner(), geography.child_police());
        plan.send_or_hold("R22", owner.map(|police| police.mpu()), "MPU", card.clone());
        plan.send_or_hold("R22", desk.map(|police| police.refdesk()), "REFDESK", card);
    }
}
