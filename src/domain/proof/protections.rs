//! What a rule table may never leave out, whatever else it changes: who must be rung, who must not be told, how urgent it is
//! (domain 5.4 and 5.5). Each is made to hold at every place and hour and must show in what is decided.

use jiff::civil::{Time, time};

use super::{
    Notes,
    routes::{Place, places},
    situations::Setting,
};
use crate::domain::{
    classify::{assess, facts::Facts},
    code::Class,
    decision::{Flag, PromptKind},
    directory::Authority,
    policy::{Condition, Policy},
};

/// Where something holds, what must follow.
struct Protection {
    when: Condition,
    /// At least as urgent as this.
    class: Option<Class>,
    flags: &'static [Flag],
    prompts: &'static [PromptKind],
}

const fn protects(
    when: Condition,
    class: Option<Class>,
    flags: &'static [Flag],
    prompts: &'static [PromptKind],
) -> Protection {
    Protection { when, class, flags, prompts }
}

/// Kept in code, for it is what the data is held to.
const PROTECTIONS: &[Protection] = &[
    protects(Condition::DangerNow, Some(Class::P0), &[Flag::EmergencyReferenceMissing], &[PromptKind::Call999]),
    protects(Condition::SignificantHarm, Some(Class::P1), &[], &[PromptKind::Strategy]),
    protects(Condition::SexualOffence, Some(Class::P1), &[Flag::StatutoryNotification], &[]),
    protects(
        Condition::IndecentImages,
        Some(Class::P1),
        &[Flag::StatutoryNotification, Flag::EvidenceWarning, Flag::AttachmentsRefused],
        &[],
    ),
    protects(Condition::FgmKnown, Some(Class::P1), &[Flag::NoFamilyContact], &[PromptKind::Fgm101]),
    protects(Condition::ForcedMarriageOrHonour, Some(Class::P1), &[Flag::NoFamilyContact], &[]),
    protects(Condition::FamilyContactDangerous, None, &[Flag::NoFamilyContact], &[]),
    protects(Condition::TraffickingOngoing, Some(Class::P1), &[], &[PromptKind::Nrm]),
    protects(Condition::Radicalisation, None, &[Flag::PreventFlag], &[PromptKind::Prevent]),
    protects(Condition::Allegation, Some(Class::P1), &[Flag::ExcludeAccused], &[PromptKind::Lado]),
    protects(Condition::HarmSourceAtHome, None, &[Flag::SafeContactNo], &[]),
    protects(Condition::AdultAtRisk, None, &[], &[PromptKind::AdultSafeguarding]),
    protects(Condition::Wanted, None, &[Flag::SafeguardingFirst], &[]),
    protects(Condition::SuicidalIntent, Some(Class::P1), &[], &[]),
    protects(Condition::SelfHarmRisk, None, &[Flag::SelfHarmRisk], &[PromptKind::Health]),
    protects(Condition::OtherChildHarmed, Some(Class::P1), &[], &[]),
];

const HOURS: [Time; 2] = [time(12, 0, 0, 0), time(3, 0, 0, 0)];

/// Proves the day of `notes`; false where `go_on` ended it.
pub(super) fn all(policy: &Policy, notes: &mut Notes, go_on: &dyn Fn() -> bool) -> bool {
    let day = notes.day;
    let places = places(policy, notes);
    let councils: Vec<&Authority> =
        policy.directory.authorities.iter().filter(|one| one.effective.covers(day)).collect();
    for (place, n) in places.iter().zip(1..) {
        let Some(there) = councils.get(n % councils.len().max(1)) else { return true };
        let setting = Setting { here: &place.area, there, policy, day };
        for protection in PROTECTIONS {
            for hour in HOURS {
                held(&setting, place, protection, hour, notes);
            }
        }
        if !go_on() {
            return false;
        }
    }
    true
}

fn held(setting: &Setting<'_>, place: &Place, protection: &Protection, hour: Time, notes: &mut Notes) {
    let zone = &setting.policy.calendar.zone;
    let Ok(now) = zone.to_timestamp(notes.day.to_datetime(hour)) else { return };
    let draft = setting.with(&[protection.when]);
    let assessment = assess(&Facts::of(&draft, setting.policy, now));
    notes.count("protections", 1);
    let mut missing: Vec<String> = Vec::new();
    if let Some(class) = protection.class.filter(|class| assessment.class > *class) {
        missing.push(format!("class {class} (it is {})", assessment.class));
    }
    let flags = protection.flags.iter().filter(|flag| !assessment.flags.contains(flag));
    missing.extend(flags.map(|flag| format!("flag {flag}")));
    let prompted = |kind: &PromptKind| assessment.prompts.iter().any(|prompt| prompt.kind == *kind);
    missing.extend(protection.prompts.iter().filter(|kind| !prompted(kind)).map(|kind| format!("prompt {kind}")));
    if !missing.is_empty() {
        let to_do = ("rules/", "put it back: it protects somebody, and the table may not leave it out");
        let what = format!("does not give {} at {}", missing.join(", "), place.name);
        notes.fault(to_do, protection.when.code(), what);
    }
}
