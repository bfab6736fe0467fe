//! What nobody gets, or one side does not, and why: the other half of a decision.

use std::collections::BTreeSet;

use crate::domain::{
    code::TellCarer,
    decision::{Content, Decision, Flag, Leg},
    policy::{Policy, QueueSide},
    stage::Routed,
};

/// In words, the carer copy first.
pub fn nobody_gets(routed: &Routed, policy: &Policy) -> Vec<String> {
    let decision = routed.decision();
    let tell = routed.draft().answers.tell_carer;
    let mut words = vec![format!("the carer copy: {}", carer_copy(&decision.flags, tell))];
    let police = items_of(decision, policy, QueueSide::Police);
    let councils = items_of(decision, policy, QueueSide::Council);
    let linked: BTreeSet<u16> = decision.linked.iter().flat_map(|linked| linked.items.iter().copied()).collect();
    let held: BTreeSet<u16> =
        decision.legs.iter().filter(|leg| !leg.held.is_empty()).flat_map(|leg| leg.items.clone()).collect();
    for item in (1_u16..).zip(&routed.draft().items).map(|(number, _)| number) {
        let (police, council) = (police.contains(&item), councils.contains(&item));
        let why = match (linked.contains(&item), police, council) {
            (true, _, false) => "is not on the child's own council legs: it travels in the other child's record (R15)",
            (false, false, true) => {
                "goes to no police unit: no rule sends it there (self-harm alone stays on the health route, D20)"
            }
            (false, true, false) => "goes to no council: intelligence without a code of harm stays with police (D06)",
            (false, false, false) if !held.contains(&item) => {
                "goes nowhere: it says that there is nothing for anybody (NONE)"
            }
            _ => continue,
        };
        words.push(format!("item {item} {why}"));
    }
    if !decision.legs.iter().any(carries_part_c) {
        words.push("Part C (the account): no rule opens the front door".to_owned());
    }
    words
}

fn carer_copy(flags: &[Flag], tell: TellCarer) -> &'static str {
    if flags.contains(&Flag::NoFamilyContact) {
        "suppressed, no_family_contact: no copy, letter or call home"
    } else if flags.contains(&Flag::SafeContactNo) {
        "suppressed, safe_contact_no: no copy, letter or call home"
    } else if tell == TellCarer::Nothing {
        "the sender proposes nothing; only the lead practitioner may decide otherwise, never in full"
    } else {
        "until the lead practitioner releases it by a recorded act, never in full"
    }
}

fn items_of(decision: &Decision, policy: &Policy, side: QueueSide) -> BTreeSet<u16> {
    let of_side = |leg: &&Leg| policy.queues.kind_of(&leg.queue).is_some_and(|kind| kind.side == side);
    decision.legs.iter().filter(of_side).flat_map(|leg| leg.items.iter().copied()).collect()
}

fn carries_part_c(leg: &Leg) -> bool {
    leg.contents.contains(&Content::Safeguarding)
}
