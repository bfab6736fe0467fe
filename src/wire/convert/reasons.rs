//! Why a decision is what it is: rules in the words of their own version, what fired them, what did not fire.

use crate::{
    broker::Rulebook,
    domain::{
        decision::{Decision, Leg},
        policy::{Condition, Policy, RuleSet},
    },
    wire::pb,
};

/// The rules that fired, with their words and the fields that fired them.
pub(super) fn rule_details(decision: &Decision, policy: &Policy) -> Vec<pb::ExplainedRule> {
    let detail = |id: &&'static str| {
        let row = decided_by(decision, policy).and_then(|set| set.rule(id));
        let fired = decision.fired.iter().find(|fired| fired.rule == *id);
        pb::ExplainedRule {
            rule: (*id).to_owned(),
            words: row.map_or_else(String::new, |rule| rule.words.clone()),
            source: row.map_or_else(String::new, |rule| rule.source.clone()),
            because: fired.into_iter().flat_map(|fired| &fired.because).map(ToString::to_string).collect(),
        }
    };
    decision.rules.iter().map(detail).collect()
}

/// The rules that did not fire, with what would have fired them; R25 is about deliveries, not about submissions.
pub(super) fn not_fired(decision: &Decision, policy: &Policy) -> Vec<pb::RuleNotFired> {
    let all = decided_by(decision, policy).into_iter().flat_map(|set| &set.rules);
    let silent = all.filter(|rule| !decision.rules.contains(&rule.id) && rule.when != Condition::Late);
    silent.map(|rule| pb::RuleNotFired { rule: rule.id.to_owned(), unless: rule.when.words().to_owned() }).collect()
}

/// The unit behind the queue of each leg, as the directory of contacts has it on the day of receipt.
pub(super) fn units(decision: &Decision, policy: &Policy) -> Vec<pb::UnitContact> {
    let day = policy.calendar.date(decision.received);
    let entry = |leg: &Leg| {
        policy.contacts.of(&leg.queue, day).map(|contact| pb::UnitContact {
            queue: leg.queue.to_string(),
            unit: contact.unit.clone(),
            cover: contact.cover.words().to_owned(),
            phone: contact.phone.clone(),
            email: contact.email.clone(),
            verified: contact.verified.to_string(),
            standing: policy.contacts.standing(contact, day).code().to_owned(),
            fallback: contact.fallback.as_ref().map_or_else(String::new, ToString::to_string),
        })
    };
    decision.legs.iter().filter_map(entry).collect()
}

/// Versions of the reference data besides the rule set.
pub(super) fn versions(rulebook: &Rulebook) -> Vec<pb::PolicyVersion> {
    let (policy, whole) = (&rulebook.policy, hex::encode(rulebook.fingerprint));
    let named = [
        ("policy", &whole),
        ("directory", &policy.directory.version),
        ("calendar", &policy.calendar.version),
        ("queues", &policy.queues.version),
        ("deadlines", &policy.queues.deadlines.version),
        ("contacts", &policy.contacts.version),
    ];
    let version =
        |(name, version): (&str, &String)| pb::PolicyVersion { name: name.to_owned(), version: version.clone() };
    named.into_iter().map(version).collect()
}

fn decided_by<'a>(decision: &Decision, policy: &'a Policy) -> Option<&'a RuleSet> {
    policy.rules.all().iter().find(|set| set.version == decision.rule_set)
}
