//! What is owed whichever rules fired: the owner's closure, a notice to the child's force, the adult prompt.

use super::{
    doors::name_force_rule,
    plan::{Collected, Load, Plan},
};
use crate::domain::{
    decision::{
        Content::{Closure, EpisodeCard, Notice, Safeguarding},
        PromptKind,
    },
    directory::Police,
};

/// The owner always gets something: items, the alert, or else a closure without narrative (D07). The leg is named after
/// R23, or after the first rule that fired where R23 is not named.
pub(super) fn closure(plan: &mut Plan<'_>) {
    if plan.fired("R07") || plan.fired("R00") {
        return;
    }
    let first = plan.assessment.rules.first().copied().unwrap_or("R23");
    let rule = if plan.fired("R23") { "R23" } else { first };
    let owner = plan.facts.geography.owner().map(|police| police.mpu());
    plan.send_or_hold(rule, owner, "MPU", Load::of([Closure]));
}

/// The adult safeguarding prompt shows on the front door as well, where another rule has opened it (R16).
pub(super) fn show_adult_prompt(plan: &mut Plan<'_>) {
    if !plan.fired("R16") {
        return;
    }
    for leg in plan.legs.values_mut().filter(|leg| leg.load.contents.contains(&Safeguarding)) {
        leg.load.prompts.insert(PromptKind::AdultSafeguarding);
    }
}

/// The force where the subject lives gets at least a notice, the City's by R11 (D09, D17).
pub(super) fn at_least_a_notice(plan: &mut Plan<'_>) {
    let Ok(police) = plan.facts.geography.child_police() else { return };
    name_force_rule(plan, &police);
    let queue = police.mpu();
    let told = |leg: &Collected| leg.load.contents.contains(&EpisodeCard);
    if matches!(police, Police::Force(_)) && !plan.legs.get(&queue).is_some_and(told) {
        let rule = if plan.facts.geography.is_city(&police) { "R11" } else { "R09" };
        plan.send(rule, queue, Load::of([Notice]));
    }
}
