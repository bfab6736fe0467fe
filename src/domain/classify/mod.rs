//! Which rules fire, and what follows for class, prompts and flags (domain 5.3, 5.4).
//!
//! The rule table names conditions; each is one predicate in `conditions` and answers with the fields that make it hold.
//! Answers that are absent are read in `facts` as domain 3.1 says; nothing reads free text.

pub(in crate::domain) mod choices;
pub(in crate::domain) mod conditions;
mod evidence;
pub(in crate::domain) mod facts;
pub(in crate::domain) mod geography;
mod notices;

use jiff::Timestamp;

use super::{
    code::Class,
    decision::{Assessment, Fired},
    policy::{Policy, Rule},
    stage::{Classified, Graded},
    submission::Draft,
    validate::{MAX_ITEMS, MAX_PERSONS, MAX_THINGS},
};
pub use evidence::Field;
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
    let mut rules: Vec<&Rule> = Vec::new();
    let mut fired = Vec::new();
    for rule in &facts.rules.rules {
        if let Some(because) = conditions::evidence(rule.when, facts, &rules) {
            rules.push(rule);
            fired.push(Fired { rule: rule.id, because });
        }
    }
    Assessment {
        class: class(facts, &rules),
        prompts: notices::prompts(facts, &rules),
        flags: notices::flags(facts, &rules),
        rules: rules.iter().map(|rule| rule.id).collect(),
        fired,
    }
}

/// The highest class of the rules that fired; of those that have none but their items', the worst item they send (D18).
fn class(facts: &Facts<'_>, fired: &[&Rule]) -> Class {
    let own = fired.iter().filter_map(|rule| class_of_rule(rule, facts, fired));
    let as_item = fired.iter().filter(|rule| rule.is_as_item()).flat_map(|rule| &rule.sends);
    let sent = as_item.flat_map(|send| facts.items.iter().filter(move |item| choices::sends(send, item, facts)));
    own.chain(sent.map(|item| item.class)).min().unwrap_or(Class::P4)
}

/// The class of a rule that fired, in its graver case where that holds.
fn class_of_rule(rule: &Rule, facts: &Facts<'_>, fired: &[&Rule]) -> Option<Class> {
    rule.class(rule.raised.is_some_and(|(_, when)| conditions::holds(when, facts, fired)))
}
