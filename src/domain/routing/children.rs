//! Other children of the record: a linked record for each at risk (R15, D11), a notice to whoever placed them (R14, D10).
//! Who gets a child's record depends on where each lives and how grave it is, so this destination is code.

use std::collections::BTreeSet;

use super::{
    doors::council,
    plan::{Load, Matter, Plan},
};
use crate::domain::{
    classify::{conditions::placed_by_another, facts::LinkedChild},
    decision::{Prompt, PromptKind, RuleId, Shown},
    directory::Police,
    queue::QueueId,
};

/// A notice about each placed child to the authority that placed it, and nothing to its police. Where that authority is
/// uncertain, each child is a matter of its own.
pub(super) fn placing_teams(rule: RuleId, notice: &Load, plan: &mut Plan<'_>) {
    let facts = plan.facts;
    for (index, person) in facts.draft.persons.iter().enumerate() {
        let Some(by) = placed_by_another(facts, person) else { continue };
        let load = Load { placed: BTreeSet::from([index]), ..notice.clone() };
        match council("ALLOC", by.authority()) {
            Ok(queue) => plan.send(rule, queue, load),
            Err(reason) => plan.hold(Matter { placed: Some(index), ..Matter::of(reason, &["ALLOC"]) }, load),
        }
    }
}

/// Each linked record on its way.
pub(super) fn linked(rule: RuleId, plan: &mut Plan<'_>) {
    for (index, child) in plan.facts.linked.iter().enumerate() {
        link(rule, plan, index, child);
    }
}

/// The MASH where the child lives and at P1 its Referral Desk; the force outside the Met in any case. Where the residence
/// is uncertain, HOLD, and provisionally where the subject lives.
fn link(rule: RuleId, plan: &mut Plan<'_>, index: usize, child: &LinkedChild<'_>) {
    let matter = |reason, meant_for: &[&'static str]| Matter { link: Some(index), ..Matter::of(reason, meant_for) };
    let load = Load { shows: shows(plan, index), ..Load::link(index) };
    match child.lives.police() {
        Ok(police) => {
            match council("MASH", child.lives.authority()) {
                Ok(mash) => plan.send(rule, mash, load.clone()),
                Err(reason) => plan.hold(matter(reason, &["MASH"]), load.clone()),
            }
            if child.significant_harm || matches!(police, Police::Force(_)) {
                plan.send(rule, police.refdesk(), for_police(load));
            }
        }
        Err(reason) => {
            let kinds: &[&'static str] = if child.significant_harm { &["MASH", "REFDESK"] } else { &["MASH"] };
            plan.hold(matter(reason, kinds), load.clone());
            provisionally(rule, plan, child, Load { provisional: true, ..load });
        }
    }
}

/// What whoever gets the record of this child is asked to do, by the items about them.
fn shows(plan: &Plan<'_>, index: usize) -> BTreeSet<Shown> {
    let facts = plan.facts;
    let about = |prompt: &&Prompt| {
        facts.items.iter().any(|item| item.linked == Some(index) && facts.is_matter(prompt.kind, item))
    };
    let shown = |prompt: &Prompt| Shown { kind: prompt.kind, rule: prompt.rule, link: Some(index) };
    plan.prompts.iter().filter(about).map(shown).collect()
}

/// The subject's council can find a school friend today (D11).
fn provisionally(rule: RuleId, plan: &mut Plan<'_>, child: &LinkedChild<'_>, load: Load) {
    let geography = &plan.facts.geography;
    let (mash, police) = (geography.lives.authority(), geography.child_police());
    if let Ok(authority) = mash {
        plan.send(rule, QueueId::of("MASH", &authority.gss), load.clone());
    }
    if let (true, Ok(police)) = (child.significant_harm, police) {
        plan.send(rule, police.refdesk(), for_police(load));
    }
}

/// The prompt about health stays on the council and health route (D20).
fn for_police(mut load: Load) -> Load {
    load.shows.retain(|shown| shown.kind != PromptKind::Health);
    load
}
