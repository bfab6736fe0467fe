//! What a person on HOLD must decide besides uncertain places (R24): conflicts, empty desks, text that a view gave up.

use std::collections::BTreeSet;

use super::{
    doors::safeguarding,
    plan::{Load, Matter, Plan},
};
use crate::domain::{
    classify::accused,
    decision::{Content, HoldReason},
    queue::QueueId,
    stage::Degraded,
    unit::Part,
};

/// A looked-after child whose responsible authority is not certain may be placed away from it: nobody can tell, so R13's
/// leg is held (D03, D22).
pub(super) fn uncertain_placing_authority(plan: &mut Plan<'_>) {
    if let Some(reason) = plan.facts.geography.placing_authority_uncertain {
        let load = safeguarding(plan);
        plan.hold(Matter::of(reason, "ALLOC"), load);
    }
}

/// A leg to a queue in which an accused works goes to HOLD instead, and nobody of that unit or BCU may ever resolve it
/// (D08). Other legs stand.
pub(super) fn where_the_accused_works(plan: &mut Plan<'_>) {
    for queue in queues_of_the_accused(plan) {
        let Some(leg) = plan.legs.remove(&queue) else { continue };
        let colleagues = same_unit(plan, &queue);
        for (link, load) in apart(leg.load) {
            let matter = Matter {
                reason: HoldReason::RulesConflict,
                meant_for: kind_of(&queue),
                item: None,
                link,
                placed: None,
                queue: Some(queue.clone()),
            };
            plan.held.insert(matter, (load, colleagues.clone()));
        }
    }
}

/// A queue known to have nobody keeps its copy; HOLD gets the same (D21).
pub(super) fn unattended(plan: &mut Plan<'_>) {
    let facts = plan.facts;
    let day = facts.policy.calendar.date(facts.now);
    let empty = plan.legs.iter().filter(|(queue, _)| facts.policy.directory.is_unattended(queue, day));
    let copies: Vec<(QueueId, Load)> = empty.map(|(queue, leg)| (queue.clone(), leg.load.clone())).collect();
    for (queue, load) in copies {
        for (link, load) in apart(load) {
            let matter = Matter {
                reason: HoldReason::QueueUnattended,
                meant_for: kind_of(&queue),
                item: None,
                link,
                placed: None,
                queue: Some(queue.clone()),
            };
            plan.hold(matter, load);
        }
    }
}

/// Text that the re-scan took out of a view waits for a person; no leg is removed or delayed for it.
pub(super) fn degraded(plan: &mut Plan<'_>, degraded: &[Degraded]) {
    if degraded.is_empty() {
        return;
    }
    let contents = degraded.iter().filter_map(|gap| match gap.unit.part {
        Part::Safeguarding => Some(Content::Safeguarding),
        Part::EpisodeCard => Some(Content::EpisodeCard),
        _ => None,
    });
    let load = Load::of(contents).items(degraded.iter().filter_map(|gap| gap.unit.item));
    let matter = Matter {
        reason: HoldReason::RulesConflict,
        meant_for: Vec::new(),
        item: None,
        link: None,
        placed: None,
        queue: None,
    };
    plan.hold(matter, load);
}

/// Queues in which somebody works about whom there is an allegation, on the person or on an item that names them.
fn queues_of_the_accused(plan: &Plan<'_>) -> BTreeSet<QueueId> {
    let queues = accused(plan.facts.draft).filter_map(|person| person.works_in_queue.as_ref());
    queues.filter_map(|queue| QueueId::parse(queue.reveal())).filter(|queue| *queue != QueueId::hold()).collect()
}

/// The accused's own unit: every queue of the same BCU, council or force.
fn same_unit(plan: &Plan<'_>, queue: &QueueId) -> Vec<QueueId> {
    let facts = plan.facts;
    let all = facts.policy.directory.queues(facts.policy.calendar.date(facts.now));
    all.into_iter().filter(|other| other.suffix() == queue.suffix()).collect()
}

/// Each linked record is a matter of its own; the rest is one.
fn apart(load: Load) -> Vec<(Option<usize>, Load)> {
    let mut matters: Vec<(Option<usize>, Load)> =
        load.links.iter().map(|link| (Some(*link), Load::link(*link))).collect();
    let mut rest = load;
    rest.links.clear();
    rest.contents.remove(&Content::Link);
    if rest.contents.is_empty() {
        return matters;
    }
    matters.push((None, rest));
    matters
}

fn kind_of(queue: &QueueId) -> Vec<&'static str> {
    const KINDS: [&str; 6] = ["MPU", "REFDESK", "MASH", "ALLOC", "EDT", "FORCE"];
    KINDS.into_iter().filter(|kind| *kind == queue.kind()).collect()
}
