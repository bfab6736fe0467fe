//! When the council's office is closed, its Emergency Duty Team gets a copy of what cannot wait (D01).

use super::plan::{Collected, Load, Plan};
use crate::domain::{
    code::Class,
    decision::{Content, PromptKind},
    queue::QueueId,
};

/// Copies every P0 or P1 council leg with content to the duty team of a closed office; the day queue keeps its own.
pub(super) fn copy_to_duty_team(plan: &mut Plan<'_>) {
    let policy = plan.facts.policy;
    let keeps_hours = |queue: &QueueId| policy.queues.kind_of(queue).is_some_and(|kind| !kind.always_open);
    let copies: Vec<(QueueId, Collected)> = plan
        .legs
        .iter()
        .filter(|(queue, _)| keeps_hours(queue))
        .filter(|(queue, leg)| {
            plan.class_of(leg) <= Class::P1 && !policy.calendar.office_open(queue.suffix(), plan.facts.now)
        })
        .map(|(queue, leg)| (QueueId::of("EDT", queue.suffix()), urgent(plan, leg)))
        .filter(|(_, copy)| has_content(&copy.load))
        .collect();
    for (queue, copy) in copies {
        for rule in copy.rules {
            plan.send(rule, queue.clone(), copy.load.clone());
        }
    }
}

/// What cannot wait: alert, card, Part C, items, and linked records of P1. Notices and prompts wait for the day queue,
/// save the one to ring 999.
fn urgent(plan: &Plan<'_>, leg: &Collected) -> Collected {
    let links = leg.load.links.iter().copied().filter(|link| plan.facts.linked[*link].significant_harm);
    let mut load = Load { links: links.collect(), items: leg.load.items.clone(), ..Load::default() };
    load.provisional = leg.load.provisional && !load.links.is_empty();
    load.prompts = leg.load.prompts.iter().copied().filter(|prompt| *prompt == PromptKind::Call999).collect();
    load.contents = leg.load.contents.iter().copied().filter(|content| waits_for_nobody(*content, &load)).collect();
    Collected { rules: leg.rules.clone(), load }
}

fn waits_for_nobody(content: Content, urgent: &Load) -> bool {
    match content {
        Content::Alert | Content::EpisodeCard | Content::Safeguarding | Content::Items => true,
        Content::Link => !urgent.links.is_empty(),
        Content::Closure | Content::Notice | Content::Prompt | Content::CopyNote => false,
    }
}

fn has_content(load: &Load) -> bool {
    let content = [Content::Alert, Content::Safeguarding, Content::Items, Content::Link];
    content.iter().any(|content| load.contents.contains(content))
}
