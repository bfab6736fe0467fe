//! What a person on HOLD must decide besides uncertain places (R24): conflicts, empty desks, text that a view gave up.

use std::collections::BTreeSet;

use super::plan::{Collected, Load, Matter, Plan};
use crate::domain::{
    classify::{accused, facts::ItemFacts},
    decision::{Content, HoldReason},
    policy::Destination,
    queue::QueueId,
    stage::Degraded,
    submission::Person,
    unit::Part,
};

/// Whatever the table says: an intelligence item or a coded one that no send took is for a person, and so is a
/// submission that nobody would hear of. A leg that carries nothing is none.
pub(super) fn what_the_table_left_out(plan: &mut Plan<'_>) {
    plan.legs.retain(|_, leg| !leg.is_empty());
    let held = plan.held.values().flat_map(|(load, _)| load.items.iter().copied());
    let taken: BTreeSet<u16> = plan.legs.values().flat_map(Collected::items).chain(held).collect();
    let linked = plan.fired.iter().flat_map(|rule| &rule.sends).any(|send| send.to == Destination::LinkedChild);
    let matters = |item: &&ItemFacts<'_>| item.intelligence || item.coded;
    let nowhere = |item: &&ItemFacts<'_>| !(taken.contains(&item.number) || (linked && item.linked.is_some()));
    let left: Vec<u16> = plan.facts.items.iter().filter(matters).filter(nowhere).map(|item| item.number).collect();
    let unheard_of = plan.legs.is_empty() && plan.held.is_empty();
    if unheard_of || !left.is_empty() {
        let load = Load::of((unheard_of && left.is_empty()).then_some(Content::Closure)).items(left);
        plan.hold(Matter::of(HoldReason::RulesConflict, &["MPU"]), load);
    }
}

/// A leg to a queue in which an accused works goes to HOLD instead, and nobody of that unit or BCU may ever resolve it
/// (D08). Other legs stand.
pub(super) fn where_the_accused_works(plan: &mut Plan<'_>) {
    for queue in queues_of_the_accused(plan) {
        let Some(leg) = plan.legs.remove(&queue) else { continue };
        let colleagues = same_unit(plan, &queue);
        for (link, load) in apart(leg.load()) {
            let matter = of_queue(HoldReason::RulesConflict, &queue, link);
            plan.held.insert(matter, (load, colleagues.clone()));
        }
    }
}

/// Where an accused works on HOLD itself, what waits there stays, for it has no other place; but nobody of their own
/// organisation may ever resolve it, and every matter says so (D08).
pub(super) fn where_the_accused_decides(plan: &mut Plan<'_>) {
    let hold = QueueId::hold();
    let works_there =
        |person: &Person| person.works_in_queue.as_ref().is_some_and(|queue| queue.reveal() == hold.as_str());
    if accused(plan.facts.draft).any(works_there) {
        plan.held.values_mut().for_each(|(_, never_by)| never_by.push(QueueId::hold()));
    }
}

/// A queue known to have nobody keeps its copy; HOLD gets the same (D21). So it is where nobody has verified for so long
/// that anybody is there, and where the entry of the unit or of the queue has ended and no other has followed.
pub(super) fn unattended(plan: &mut Plan<'_>) {
    let facts = plan.facts;
    let day = facts.geography.day();
    let nobody = |queue: &QueueId| {
        let (directory, contacts) = (&facts.policy.directory, &facts.policy.contacts);
        directory.is_unattended(queue, day) || contacts.is_stale(queue, day) || !directory.has(queue, day)
    };
    let empty = plan.legs.iter().filter(|(queue, _)| nobody(queue));
    let copies: Vec<(QueueId, Load)> = empty.map(|(queue, leg)| (queue.clone(), leg.load())).collect();
    for (queue, load) in copies {
        for (link, load) in apart(load) {
            plan.hold(of_queue(HoldReason::QueueUnattended, &queue, link), load);
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
    plan.hold(Matter::of(HoldReason::RulesConflict, &[]), load);
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
    let of = |link| load.shows.iter().filter(|shown| shown.link == link).copied().collect();
    let linked = |link: &usize| (Some(*link), Load { shows: of(Some(*link)), ..Load::link(*link) });
    let mut matters: Vec<(Option<usize>, Load)> = load.links.iter().map(linked).collect();
    let mut rest = Load { links: BTreeSet::new(), shows: of(None), ..load };
    rest.contents.remove(&Content::Link);
    if rest.contents.is_empty() {
        return matters;
    }
    matters.push((None, rest));
    matters
}

/// What one queue would have had: the matter of that queue.
fn of_queue(reason: HoldReason, queue: &QueueId, link: Option<usize>) -> Matter {
    const KINDS: [&str; 6] = ["MPU", "REFDESK", "MASH", "ALLOC", "EDT", "FORCE"];
    let kind: Vec<&'static str> = KINDS.into_iter().filter(|kind| *kind == queue.kind()).collect();
    Matter { link, queue: Some(queue.clone()), ..Matter::of(reason, &kind) }
}
