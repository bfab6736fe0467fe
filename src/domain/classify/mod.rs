//! Which rules fire, and what follows for class, prompts and flags (domain 5.3, 5.4).
//!
//! Each rule is one predicate in `rules`, named by its number. Answers that are absent are read in `facts` as domain 3.1
//! says; no rule reads free text.

pub(in crate::domain) mod facts;
pub(in crate::domain) mod geography;
mod notices;
pub(in crate::domain) mod rules;

use jiff::Timestamp;

use super::{
    code::Class,
    decision::{Assessment, RuleId},
    policy::Policy,
    stage::{Classified, Graded},
    submission::Draft,
    validate::{MAX_ITEMS, MAX_PERSONS, MAX_THINGS},
};
use facts::Facts;
pub use facts::accused;

/// Classifies a graded submission received at `now`.
pub fn classify(graded: Graded, policy: &Policy, now: Timestamp) -> Classified {
    let assessment = assess(&Facts::of(graded.redacted().draft(), policy, now));
    Classified::new(graded, assessment)
}

/// The class that a draft would have, valid or not: what the D04 alert names. Of lists over their limit (domain 3.2)
/// only what is within it is read, so that an oversized draft costs no more than a valid one.
pub fn class_of(draft: &Draft, policy: &Policy, now: Timestamp) -> Class {
    let mut within = draft.clone();
    within.items.truncate(MAX_ITEMS);
    within.persons.truncate(MAX_PERSONS);
    within.places.truncate(MAX_THINGS);
    assess(&Facts::of(&within, policy, now)).class
}

/// Rules, class, prompts and flags. R24 is routing's to add: it alone finds out what has no certain destination.
pub(in crate::domain) fn assess(facts: &Facts<'_>) -> Assessment {
    let rules = fired(facts);
    Assessment {
        class: class(facts, &rules),
        item_classes: facts.items.iter().map(|item| item.class).collect(),
        prompts: notices::prompts(facts, &rules),
        flags: notices::flags(facts, &rules),
        rules,
    }
}

fn fired(facts: &Facts<'_>) -> Vec<RuleId> {
    let mut rules: Vec<RuleId> = rules::TABLE.iter().filter(|rule| (rule.fires)(facts)).map(|rule| rule.id).collect();
    if rules::r23(&rules) {
        rules.push("R23");
    }
    rules
}

/// The highest class of the rules that fired; R08 to R11 have that of the worst item they send (D18).
fn class(facts: &Facts<'_>, rules: &[RuleId]) -> Class {
    let of_rules = rules.iter().filter_map(|id| facts.policy.rules.class(id, rules::raised(id, facts)));
    let of_items = facts.items.iter().filter(|item| item.travels()).map(|item| item.class);
    of_rules.chain(of_items).min().unwrap_or(Class::P4)
}
