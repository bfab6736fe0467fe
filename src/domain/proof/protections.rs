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
    /// The rule that gives it, or what is owed besides.
    rule: &'static str,
    when: Condition,
    /// At least as urgent as this.
    class: Option<Class>,
    flags: &'static [Flag],
    prompts: &'static [PromptKind],
}

const fn protects(
    rule: &'static str,
    when: Condition,
    class: Option<Class>,
    flags: &'static [Flag],
    prompts: &'static [PromptKind],
) -> Protection {
    Protection { rule, when, class, flags, prompts }
}

/// Kept in code, for it is what the data is held to.
const PROTECTIONS: &[Protection] = &[
    protects(
        "rule R00",
        Condition::DangerNow,
        Some(Class::P0),
        &[Flag::EmergencyReferenceMissing],
        &[PromptKind::Call999],
    ),
    protects("rule R01", Condition::SignificantHarm, Some(Class::P1), &[], &[PromptKind::Strategy]),
    protects("rule R02", Condition::SexualOffence, Some(Class::P1), &[Flag::StatutoryNotification], &[]),
    protects(
        "rule R03",
        Condition::IndecentImages,
        Some(Class::P1),
        &[Flag::StatutoryNotification, Flag::EvidenceWarning, Flag::AttachmentsRefused],
        &[],
    ),
    protects("rule R04", Condition::FgmKnown, Some(Class::P1), &[Flag::NoFamilyContact], &[PromptKind::Fgm101]),
    protects("rule R05", Condition::ForcedMarriageOrHonour, Some(Class::P1), &[Flag::NoFamilyContact], &[]),
    protects("[[owed]]", Condition::FamilyContactDangerous, None, &[Flag::NoFamilyContact], &[]),
    protects("rule R06", Condition::TraffickingOngoing, Some(Class::P1), &[], &[PromptKind::Nrm]),
    protects("rule R17", Condition::Radicalisation, None, &[Flag::PreventFlag], &[PromptKind::Prevent]),
    protects("rule R18", Condition::Allegation, Some(Class::P1), &[Flag::ExcludeAccused], &[PromptKind::Lado]),
    protects("rule R19", Condition::HarmSourceAtHome, None, &[Flag::SafeContactNo], &[]),
    protects("rule R16", Condition::AdultAtRisk, None, &[], &[PromptKind::AdultSafeguarding]),
    protects("rule R21", Condition::Wanted, None, &[Flag::SafeguardingFirst], &[]),
    protects("rule R22", Condition::SuicidalIntent, Some(Class::P1), &[], &[]),
    protects("rule R22", Condition::SelfHarmRisk, None, &[Flag::SelfHarmRisk], &[PromptKind::Health]),
    protects("rule R15", Condition::OtherChildHarmed, Some(Class::P1), &[], &[]),
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
        let what = format!("does not give {} where {}", missing.join(", "), protection.when.code());
        notes.fault_at(to_do, protection.rule, what, &place.name);
    }
}
