//! When the council's office is closed, its Emergency Duty Team gets a copy of what cannot wait (D01).

use super::plan::{Load, Plan};
use crate::domain::{
    code::Class,
    decision::{Content, PromptKind, RuleId},
    queue::QueueId,
};

/// Copies every P0 or P1 council leg with content to the duty team of a closed office; the day queue keeps its own. The
/// copy names the rules that sent what cannot wait.
pub(super) fn copy_to_duty_team(plan: &mut Plan<'_>, class: Class) {
    let policy = plan.facts.policy;
    let closed = |queue: &QueueId| {
        let keeps_hours = policy.queues.kind_of(queue).is_some_and(|kind| !kind.always_open);
        keeps_hours && !policy.calendar.office_open(queue.suffix(), plan.facts.now)
    };
    let mut copies = Vec::new();
    for (queue, leg) in plan.legs.iter().filter(|(queue, leg)| closed(queue) && plan.class_of(leg, class) <= Class::P1)
    {
        let parts = leg.by_rule().iter().map(|(rule, load)| (*rule, urgent(plan, load)));
        let parts: Vec<(RuleId, Load)> = parts.filter(|(_, load)| *load != Load::default()).collect();
        if parts.iter().any(|(_, load)| has_content(load)) {
            copies.push((QueueId::of("EDT", queue.suffix()), parts));
        }
    }
    for (queue, parts) in copies {
        for (rule, load) in parts {
            plan.send(rule, queue.clone(), load);
        }
    }
}

/// What cannot wait: alert, card, Part C, items, and linked records of P1. Notices and prompts wait for the day queue,
/// save the one to ring 999.
fn urgent(plan: &Plan<'_>, whole: &Load) -> Load {
    let links = whole.links.iter().copied().filter(|link| plan.facts.linked[*link].significant_harm);
    let mut load = Load { links: links.collect(), items: whole.items.clone(), ..Load::default() };
    load.provisional = whole.provisional && !load.links.is_empty();
    load.shows = whole.shows.iter().copied().filter(|shown| shown.kind == PromptKind::Call999).collect();
    load.contents = whole.contents.iter().copied().filter(|content| waits_for_nobody(*content, &load)).collect();
    load
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
