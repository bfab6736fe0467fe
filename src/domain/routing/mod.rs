//! Every destination of a submission (domain 5.4, read with 5.5). The rules run all; the result is their union.
//!
//! `rules` reads like the table, rule by rule, with the units it names in `doors`; `plan` collects one leg a queue and
//! what has no certain destination; `closing` is owed whichever rules fired; `night` copies to the Emergency Duty Team;
//! `hold` is what a person must decide.

mod closing;
mod doors;
mod hold;
mod night;
mod plan;
mod rules;

use jiff::Timestamp;

use super::{
    classify::facts::Facts,
    code::Class,
    decision::{Assessment, Content, Decision, Held, HoldReason, ItemGrade, Leg, Linked},
    policy::Policy,
    queue::QueueId,
    stage::{Classified, Degraded, Routed},
};
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
        prompts: Vec::new(),
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
        rule_set: policy.rules.version.clone(),
        prompts: Vec::new(),
        flags: Vec::new(),
        items: Vec::new(),
        legs: vec![leg],
        linked: Vec::new(),
    }
}

fn decide(facts: &Facts<'_>, assessment: &Assessment, grades: &[ItemGrade], degraded: &[Degraded]) -> Decision {
    let mut plan = Plan::new(facts, assessment);
    for rule in &assessment.rules {
        rules::send(rule, &mut plan);
    }
    closing::closure(&mut plan);
    closing::show_adult_prompt(&mut plan);
    closing::at_least_a_notice(&mut plan);
    hold::uncertain_placing_authority(&mut plan);
    night::copy_to_duty_team(&mut plan);
    hold::where_the_accused_works(&mut plan);
    hold::unattended(&mut plan);
    hold::degraded(&mut plan, degraded);
    let mut rules = assessment.rules.clone();
    let legs = plan.into_legs();
    if legs.iter().any(|leg| leg.queue == QueueId::hold()) {
        rules.push("R24");
    }
    Decision {
        class: assessment.class,
        rules,
        rule_set: facts.policy.rules.version.clone(),
        prompts: assessment.prompts.clone(),
        flags: assessment.flags.clone(),
        items: grades.to_vec(),
        legs,
        linked: linked(facts),
    }
}

/// The linked records (R15): P1 where significant harm is suspected, with every item about that child.
fn linked(facts: &Facts<'_>) -> Vec<Linked> {
    let class = |harm| facts.policy.rules.class("R15", harm).unwrap_or(Class::P1);
    (0..)
        .zip(&facts.linked)
        .map(|(index, child)| Linked {
            person: child.person,
            class: class(child.significant_harm),
            items: facts.items.iter().filter(|item| item.linked == Some(index)).map(|item| item.number).collect(),
        })
        .collect()
}

#[cfg(test)]
mod tests;
