//! Every destination of a submission (domain 5.4, read with 5.5). The rules run all; the result is their union.
//!
//! The table says what goes where; `send` does it, to the units that `doors` finds and to those of other children in
//! `children`. `plan` collects one leg a queue and what has no certain destination; `night` copies to the Emergency Duty
//! Team; `hold` is what a person must decide; `nobody` says what was kept from whom.

mod children;
mod doors;
mod hold;
mod night;
mod nobody;
mod plan;
mod send;

use jiff::Timestamp;

use super::{
    classify::facts::Facts,
    clocks::Clocks,
    code::Class,
    decision::{Assessment, Content, Decision, Flag, Held, HoldReason, ItemGrade, Leg, Linked},
    policy::{Destination, Policy, Rule},
    queue::QueueId,
    stage::{Classified, Degraded, Routed},
};
pub use nobody::nobody_gets;
pub(in crate::domain) use plan::Due;
use plan::Plan;

/// Decides every destination of a submission received at `now`. Nothing is dropped and nothing guessed: what has no
/// certain destination is a matter on HOLD (R24).
pub fn route(classified: Classified, policy: &Policy, now: Timestamp) -> Routed {
    let graded = classified.graded();
    let facts = Facts::of(graded.redacted().draft(), policy, now);
    let decision = decide(&facts, classified.assessment(), graded.grades(), graded.redacted().degraded());
    Routed::new(classified, decision)
}

/// What goes to HOLD when SECRET or above was refused (D04): an alert without content, so that somebody rings the
/// sender. `class` is what the submission would have had, from [`super::classify::class_of`].
pub fn unsupported_marking_alert(class: Class, policy: &Policy, now: Timestamp) -> Decision {
    let (ack_due, decide_due) = policy.due(&QueueId::hold(), class, now);
    let held = Held {
        reason: HoldReason::UnsupportedMarking,
        meant_for: Vec::new(),
        contents: vec![Content::Alert],
        items: Vec::new(),
        link: None,
        placed: Vec::new(),
        never_by: Vec::new(),
    };
    let leg = Leg {
        queue: QueueId::hold(),
        class,
        rules: vec!["R24"],
        contents: vec![Content::Alert],
        items: Vec::new(),
        shows: Vec::new(),
        copy_notes: Vec::new(),
        links: Vec::new(),
        placed: Vec::new(),
        provisional: false,
        page: true,
        ack_due,
        decide_due,
        held: vec![held],
    };
    Decision {
        class,
        rules: vec!["R24"],
        received: now,
        rule_set: policy.rules_at(now).version.clone(),
        prompts: Vec::new(),
        flags: Vec::new(),
        items: Vec::new(),
        legs: vec![leg],
        linked: Vec::new(),
        fired: Vec::new(),
        referral: false,
        clocks: None,
    }
}

/// The decision on what was assessed.
pub(in crate::domain) fn decide(
    facts: &Facts<'_>,
    assessment: &Assessment,
    grades: &[ItemGrade],
    degraded: &[Degraded],
) -> Decision {
    let due = |queue: &QueueId, class| facts.policy.due(queue, class, facts.now);
    let class = assessment.class;
    finish(planned(facts, assessment), (assessment, class), (grades, degraded), &due)
}

/// What goes where, whatever its class.
#[derive(Clone)]
pub(in crate::domain) struct Planned<'a>(Plan<'a>);

/// Plans what goes where.
pub(in crate::domain) fn planned<'a>(facts: &'a Facts<'a>, assessment: &'a Assessment) -> Planned<'a> {
    let mut plan = Plan::new(facts, assessment);
    send::all(&mut plan);
    hold::what_the_table_left_out(&mut plan);
    // Before the copy for the night, so that colleagues in the duty team get none of what is held from them, and after
    // it, for whoever works in that team.
    hold::where_the_accused_works(&mut plan);
    Planned(plan)
}

/// The decision of a plan in a class, with the rules and notices of the assessment from which it was planned.
pub(in crate::domain) fn finish(
    Planned(mut plan): Planned<'_>,
    (assessment, class): (&Assessment, Class),
    (grades, degraded): (&[ItemGrade], &[Degraded]),
    due: &Due<'_>,
) -> Decision {
    let facts = plan.facts;
    night::copy_to_duty_team(&mut plan, class);
    hold::where_the_accused_works(&mut plan);
    hold::unattended(&mut plan);
    hold::degraded(&mut plan, degraded);
    hold::where_the_accused_decides(&mut plan);
    let mut rules = assessment.rules.clone();
    let referral = plan.fired.iter().any(|rule| rule.referral);
    let legs = plan.into_legs(class, due);
    if legs.iter().any(|leg| leg.queue == QueueId::hold()) {
        rules.push("R24");
    }
    Decision {
        class,
        rules,
        received: facts.now,
        rule_set: facts.rules.version.clone(),
        prompts: assessment.prompts.clone(),
        flags: assessment.flags.clone(),
        items: grades.to_vec(),
        legs,
        linked: linked(facts, &assessment.flags),
        fired: assessment.fired.clone(),
        referral,
        clocks: Clocks::of(facts.draft, facts.now),
    }
}

/// The linked records (R15): in the graver class where significant harm is suspected, in the
/// gravest where they are in danger now, with every item about that child.
fn linked(facts: &Facts<'_>, flags: &[Flag]) -> Vec<Linked> {
    let links = |rule: &&Rule| rule.sends.iter().any(|send| send.to == Destination::LinkedChild);
    let rule = facts.rules.rules.iter().find(links);
    let is_flagged = |flag, index| facts.items.iter().any(|item| item.linked == Some(index) && item.raises(flag));
    let class = |harm| rule.and_then(|rule| rule.class(harm)).unwrap_or(Class::P1);
    (0..)
        .zip(&facts.linked)
        .map(|(index, child)| Linked {
            person: child.person,
            class: if child.danger { Class::P0 } else { class(child.significant_harm) },
            items: facts.items.iter().filter(|item| item.linked == Some(index)).map(|item| item.number).collect(),
            flags: flags.iter().copied().filter(|flag| is_flagged(*flag, index)).collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests;
