//! Prompts to people and flags on the record that follow from the rules that fired (domain 5.4).

use jiff::Timestamp;

use super::{
    class_of_rule,
    conditions::{holds, is_owed},
    facts::Facts,
};
use crate::domain::{
    decision::{Flag, Prompt},
    policy::{Condition, DueBy, Rule},
    queue::QueueId,
};

/// Prompts in the order of the rules that raise them.
pub(super) fn prompts(facts: &Facts<'_>, fired: &[&Rule]) -> Vec<Prompt> {
    let mut prompts = Vec::new();
    for rule in fired {
        for raised in rule.prompts.iter().filter(|prompt| applies(prompt.when, facts, fired)) {
            let due = raised.due.and_then(|by| due(by, rule, facts, fired));
            let overdue_on_arrival = due.is_some_and(|due| due < facts.now);
            prompts.push(Prompt { kind: raised.kind, rule: rule.id, due, overdue_on_arrival });
        }
    }
    prompts
}

/// Flags, in declared order.
pub(super) fn flags(facts: &Facts<'_>, fired: &[&Rule]) -> Vec<Flag> {
    let by_rule = fired.iter().flat_map(|rule| &rule.flags).filter(|(_, when)| applies(*when, facts, fired));
    let owed = facts.rules.owed.iter().filter(|owed| !owed.flags.is_empty() && is_owed(owed, facts, fired));
    let mut flags: Vec<Flag> = by_rule.map(|(flag, _)| *flag).chain(owed.flat_map(|owed| owed.flags.clone())).collect();
    flags.sort_unstable();
    flags.dedup();
    flags
}

fn applies(when: Option<Condition>, facts: &Facts<'_>, fired: &[&Rule]) -> bool {
    when.is_none_or(|when| holds(when, facts, fired))
}

fn due(by: DueBy, rule: &Rule, facts: &Facts<'_>, fired: &[&Rule]) -> Option<Timestamp> {
    let calendar = &facts.policy.calendar;
    let sender = facts.draft.envelope.on_behalf_of.reveal();
    match by {
        // The disclosure as stated, else the interview, else receipt.
        DueBy::NextWorkingDay => {
            let disclosed = facts.draft.answers.fgm_disclosed_at.or(facts.draft.interview.held_at).unwrap_or(facts.now);
            Some(calendar.close_of_next_working_day(sender, disclosed))
        }
        // The last second of that day: a day before that of receipt is overdue on arrival, that day is not (D12).
        DueBy::ThirdDayAfterReturn => {
            let returned = calendar.date(facts.draft.episode.returned.unwrap_or(facts.now));
            Some(calendar.end_of(calendar.days_after(returned, 3)))
        }
        // As the council at the front door has to decide, by its own numbers; where it is not certain, by those of the class.
        DueBy::Decision => {
            let class = class_of_rule(rule, facts, fired)?;
            let door = facts.geography.front_door();
            let mash = door.mash.map(|council| ("MASH", council));
            let doors = mash.into_iter().chain(door.alloc.map(|council| ("ALLOC", council)));
            let queues = doors.filter_map(|(kind, council)| Some(QueueId::of(kind, &council.ok()?.gss)));
            let agreed = queues.filter_map(|queue| facts.policy.due(&queue, class, facts.now).1).min();
            agreed.or_else(|| {
                let decide = facts.policy.queues.deadlines.of_class(class, calendar.date(facts.now)).decide?;
                Some(calendar.after(sender, facts.now, decide.minutes, decide.basis))
            })
        }
    }
}
