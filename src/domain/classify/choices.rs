//! Which items a send takes, and which of their places: the choices that the rule table names.

use super::{
    facts::{Facts, ItemFacts},
    geography::Geography,
};
use crate::domain::{
    code::PersonRole,
    directory::Police,
    policy::{Choice, Destination, Sending},
    text::Text,
};

/// Whether `choice` takes this item.
pub(in crate::domain) fn takes(choice: Choice, item: &ItemFacts<'_>, facts: &Facts<'_>) -> bool {
    match choice {
        Choice::Coded => item.coded && item.linked.is_none(),
        Choice::CodedNotHealth => item.coded && !item.health_only,
        Choice::Intelligence => item.intelligence,
        Choice::IntelligenceStaying => item.intelligence && item.item.journey_only != Some(true),
        Choice::OnRailway => item.rail(),
        Choice::SexualOffences => item.sexual_offence,
        Choice::Images => item.images(),
        Choice::AboutAdult => about_adult_at_risk(item, facts),
    }
}

/// Whether a send to `to` reaches `police`, of a place where an item happened.
pub(in crate::domain) fn reaches(to: Destination, police: &Police, geography: &Geography<'_>) -> bool {
    match to {
        Destination::MpuOfPlace => matches!(police, Police::Bcu(_)) && geography.owner().as_ref() != Ok(police),
        Destination::ForceOfPlace => geography.is_other_force(police),
        Destination::CityOfPlace => geography.is_city(police),
        _ => true,
    }
}

/// Whether `sending` sends this item anywhere: chosen, and, where it goes by place, at a place that it reaches.
pub(in crate::domain) fn sends(sending: &Sending, item: &ItemFacts<'_>, facts: &Facts<'_>) -> bool {
    let by_place = matches!(sending.to, Destination::MpuOfPlace | Destination::ForceOfPlace | Destination::CityOfPlace);
    let reached = || item.police.iter().flatten().any(|police| reaches(sending.to, police, &facts.geography));
    sending.items.iter().any(|choice| takes(*choice, item, facts)) && (!by_place || reached())
}

/// Said so, or, where nobody answered, an item that names an adult at risk (3.1); health alone (D20) and allegations
/// (D08) apart.
fn about_adult_at_risk(item: &ItemFacts<'_>, facts: &Facts<'_>) -> bool {
    let persons = &facts.draft.persons;
    let is_adult_at_risk =
        |id: &Text| persons.iter().any(|person| person.id == *id && person.role == PersonRole::AdultAtRisk);
    let names_one = || item.item.about.iter().chain(&item.item.who).any(is_adult_at_risk);
    item.item.adult_at_risk.unwrap_or_else(names_one) && !item.health_only && !item.allegation
}
