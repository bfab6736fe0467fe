//! The conditions that the rule table names, one small predicate each (domain 5.4, read with 5.5). Each answers with the
//! fields that make it hold, so that what fires a rule and what explains it are the same.

use jiff::{SignedDuration, Timestamp};

use super::{
    choices::reaches,
    evidence::{Evidence, Field, by, by_record, codes, either, items, on_record, persons},
    facts::{Facts, ItemFacts, may_be_child},
};
use crate::domain::{
    code::{EmergencyCall, Fgm, HarmCode, InterviewOutcome, PersonRole, RiskLevel, Sex, SourceRole, YesNoUnknown},
    directory::Located,
    geography::Area,
    policy::{Condition, Destination, Owed, Rule},
    submission::Person,
};

/// The fields that make `condition` hold, where it does; `fired` are the rules found to fire before.
pub(in crate::domain) fn evidence(condition: Condition, facts: &Facts<'_>, fired: &[&Rule]) -> Evidence {
    use HarmCode::{Calfb, Fm, Hba, Rad, SelfHarm};
    let answers = &facts.draft.answers;
    match condition {
        Condition::DangerNow => danger_now(facts),
        Condition::EmergencyAnswerMissing => {
            by_record("answers.stop_screen.emergency_call", emergency_answer_missing(facts))
        }
        Condition::SignificantHarm => significant_harm(facts),
        Condition::SexualOffence => sexual_offence(facts),
        Condition::IndecentImages => by(items(facts, "images", |item| item.images())),
        Condition::FgmKnown => fgm_known(facts),
        Condition::ForcedMarriageOrHonour => codes(facts, &[Fm, Hba]),
        Condition::FamilyContactDangerous => codes(facts, &[Fm, Hba, HarmCode::Fgm, Calfb]),
        Condition::Trafficking => codes(facts, facts.r06_codes()),
        Condition::TraffickingOngoing => trafficking_ongoing(facts),
        Condition::IntelligenceItem => by(items(facts, "kind", |item| item.intelligence)),
        Condition::ExploitationIndicator => exploitation_indicator(facts),
        Condition::ItemInAnotherBcu => by(items_at(facts, Destination::MpuOfPlace)),
        Condition::OtherForce => by(elsewhere(facts, Destination::ForceOfPlace)),
        Condition::ItemOnRailway => by(items(facts, "rail", |item| item.rail())),
        Condition::Enclave => by(elsewhere(facts, Destination::CityOfPlace)),
        Condition::LongFrequentOrHighRisk => long_frequent_or_high_risk(facts),
        Condition::PlacedAway => facts.geography.placed_away.then(|| looked_after(facts)),
        Condition::PlacingAuthorityUncertain => {
            facts.geography.placing_authority_uncertain.map(|_| vec![Field::Record("responsible_authority")])
        }
        Condition::PlacedByAnother => {
            by(persons(facts, "looked_after_by", |person| placed_by_another(facts, person).is_some()))
        }
        Condition::OtherChildAtRisk => by(other_child_at_risk(facts)),
        Condition::OtherChildHarmed => {
            let said = |person: &Person| person.significant_harm == Some(true);
            let harmed = facts.linked.iter().filter(|child| said(&facts.draft.persons[child.person]));
            let answered = harmed.map(|child| Field::Person(child.person, "significant_harm")).collect();
            let danger = |item: &ItemFacts<'_>| item.linked.is_some() && item.item.danger_now == Some(true);
            either(by(answered), by(items(facts, "danger_now", danger)))
        }
        Condition::AdultAtRisk => adult_at_risk(facts),
        Condition::Radicalisation => codes(facts, &[Rad]),
        Condition::Allegation => either(
            by(items(facts, "allegation", |item| item.allegation)),
            by(persons(facts, "allegation", |person| person.allegation == Some(true))),
        ),
        Condition::HarmSourceAtHome => {
            by_record("answers.harm_source_at_home", answers.harm_source_at_home == Some(true))
        }
        Condition::CarerReportsAfterRefusal => carer_reports_after_refusal(facts),
        Condition::Wanted => by_record("answers.wanted", answers.wanted == Some(true)),
        Condition::SelfHarmOrUnreached => either(codes(facts, &[SelfHarm]), unreached(facts, fired)),
        Condition::SelfHarm => codes(facts, &[SelfHarm]),
        Condition::SelfHarmRisk => self_harm_risk(facts, fired),
        Condition::SuicidalIntent => by_record("answers.suicidal_intent", answers.suicidal_intent == Some(true)),
        Condition::NothingElse => fired.iter().all(|rule| rule.id == "R13").then(Vec::new),
        // Routing finds the one, and the caretaker the other, when there is something to find.
        Condition::Undecided | Condition::Late => None,
    }
}

/// Whether `condition` holds.
pub(in crate::domain) fn holds(condition: Condition, facts: &Facts<'_>, fired: &[&Rule]) -> bool {
    evidence(condition, facts, fired).is_some()
}

/// Whether what is owed besides the rules applies: on its condition, and not where one of its exceptions fired.
pub(in crate::domain) fn is_owed(owed: &Owed, facts: &Facts<'_>, fired: &[&Rule]) -> bool {
    let excepted = fired.iter().any(|rule| owed.unless.contains(&rule.id));
    !excepted && owed.when.is_none_or(|when| holds(when, facts, fired))
}

/// A reason ticked on the stop screen is a danger stated, whatever the answer beside it (D14).
fn danger_now(facts: &Facts<'_>) -> Evidence {
    let screen = facts.draft.answers.stop_screen.as_ref();
    let mut fields = Vec::new();
    if screen.is_some_and(|screen| screen.danger_now == Some(true)) {
        fields.push(Field::Record("answers.stop_screen.danger_now"));
    }
    if screen.is_some_and(|screen| !screen.reasons.is_empty()) {
        fields.push(Field::Record("answers.stop_screen.reasons"));
    }
    fields.extend(items(facts, "danger_now", |item| item.item.danger_now == Some(true)));
    if facts.missing_again() && facts.draft.episode.risk == Some(RiskLevel::High) {
        fields.extend([missing_again_field(facts), Field::Record("episode.risk")]);
    }
    by(fields)
}

fn missing_again_field(facts: &Facts<'_>) -> Field {
    let answered = facts.draft.answers.missing_again_now.is_some();
    Field::Record(if answered { "answers.missing_again_now" } else { "episode.outcome" })
}

/// Made needs a reference and a time that has come; not needed is no answer in danger (D14).
fn emergency_answer_missing(facts: &Facts<'_>) -> bool {
    let Some(screen) = &facts.draft.answers.stop_screen else { return true };
    match screen.emergency_call {
        Some(EmergencyCall::Made) => {
            let reference = screen.reference.as_ref().is_some_and(|reference| !reference.is_blank());
            !(reference && screen.at.is_some_and(|at| at <= facts.now))
        }
        Some(EmergencyCall::Cannot) => false,
        Some(EmergencyCall::NotNeeded) | None => true,
    }
}

/// As a professional answered, or by R02 or R03; never by the force's risk level (D23).
fn significant_harm(facts: &Facts<'_>) -> Evidence {
    let answered = facts.draft.answers.significant_harm_suspected == Some(true);
    let crime = either(sexual_offence(facts), by(items(facts, "images", |item| item.images())));
    either(by_record("answers.significant_harm_suspected", answered), crime)
}

/// An item coded CSA is one unless the answer says no (D16).
fn sexual_offence(facts: &Facts<'_>) -> Evidence {
    let said = |item: &ItemFacts<'_>| item.item.sexual_offence == Some(true);
    let coded = items(facts, "codes", |item| item.sexual_offence && !said(item));
    either(by(items(facts, "sexual_offence", said)), by(coded))
}

/// A sex that is not recorded is read as not male (D19).
fn fgm_known(facts: &Facts<'_>) -> Evidence {
    let girl = facts.draft.child.sex != Some(Sex::Male) && under_18(facts);
    by_record("answers.fgm", facts.fgm() == Fgm::Known && girl)
}

/// On the day of receipt; born on 29 February, the child turns 18 on 1 March.
fn under_18(facts: &Facts<'_>) -> bool {
    let child = &facts.draft.child;
    match (child.date_of_birth, child.age) {
        (Some(born), _) => {
            let today = facts.policy.calendar.date(facts.now);
            (today.year() - 18, today.month(), today.day()) < (born.year(), born.month(), born.day())
        }
        (None, Some(age)) => age < 18,
        (None, None) => true,
    }
}

/// Only an explicit no on every item with such a code ends it; silence is not an end (D05).
fn trafficking_ongoing(facts: &Facts<'_>) -> Evidence {
    let carries = |item: &ItemFacts<'_>| item.has_any(facts.r06_codes());
    let ongoing = |item: &ItemFacts<'_>| item.item.still_happening != Some(YesNoUnknown::No);
    if !facts.items.iter().any(carries) {
        return codes(facts, facts.r06_codes());
    }
    by(items(facts, "still_happening", |item| carries(item) && ongoing(item)))
}

fn exploitation_indicator(facts: &Facts<'_>) -> Evidence {
    use HarmCode::{Cce, Cse, Debt, Gang, Msht, Ocse, Rad, Syv};
    const INDICATORS: [HarmCode; 8] = [Cse, Ocse, Cce, Gang, Debt, Msht, Syv, Rad];
    by(items(facts, "codes", |item| item.intelligence && item.has_any(&INDICATORS)))
}

/// The intelligence items at a place that a send to `to` reaches.
fn items_at(facts: &Facts<'_>, to: Destination) -> Vec<Field> {
    // Only the City takes a journey for no event there (D17).
    let counts = |item: &ItemFacts<'_>| {
        item.intelligence && !(to == Destination::CityOfPlace && item.item.journey_only == Some(true))
    };
    let there = |item: &ItemFacts<'_>| item.police.iter().flatten().any(|police| reaches(to, police, &facts.geography));
    items(facts, "at", |item| counts(item) && there(item))
}

/// Items at such a place, and the subject or a linked child who lives under such police (D09, D17).
fn elsewhere(facts: &Facts<'_>, to: Destination) -> Vec<Field> {
    let lives = |located: &Located<'_>| located.police().is_ok_and(|police| reaches(to, &police, &facts.geography));
    let mut fields = items_at(facts, to);
    if lives(&facts.geography.lives) {
        fields.push(Field::Record("lives_now"));
    }
    let linked = facts.linked.iter().filter(|child| lives(&child.lives));
    fields.extend(linked.map(|child| Field::Person(child.person, "lives")));
    fields
}

/// D12. The force's own level, as received.
fn long_frequent_or_high_risk(facts: &Facts<'_>) -> Evidence {
    let episode = &facts.draft.episode;
    let mut fields = Vec::new();
    if missing_for(facts).is_some_and(|hours| hours >= SignedDuration::from_hours(72)) {
        let start = if episode.started.is_some() { "episode.started" } else { "episode.reported" };
        fields.extend([Field::Record(start), Field::Record("episode.returned")]);
    }
    if episode.episodes_30d.is_some_and(|count| count >= 3) {
        fields.push(Field::Record("episode.episodes_30d"));
    }
    if episode.risk == Some(RiskLevel::High) {
        fields.push(Field::Record("episode.risk"));
    }
    by(fields)
}

/// Elapsed time missing, to receipt if not yet returned (D12).
fn missing_for(facts: &Facts<'_>) -> Option<SignedDuration> {
    let episode = &facts.draft.episode;
    let from: Timestamp = episode.started.or(episode.reported)?;
    Some(episode.returned.unwrap_or(facts.now).duration_since(from))
}

fn looked_after(facts: &Facts<'_>) -> Vec<Field> {
    let mut fields = vec![Field::Record("lives_now"), Field::Record("responsible_authority")];
    if facts.draft.answers.looked_after.is_some() {
        fields.push(Field::Record("answers.looked_after"));
    }
    fields
}

/// Who placed `person`, where R14 is about them: not the council in which they are known to live (D10).
pub(in crate::domain) fn placed_by_another<'a>(facts: &Facts<'a>, person: &Person) -> Option<Located<'a>> {
    let with_ours = person.missing_with_subject == Some(true) && may_be_child(person, facts.geography.day());
    if person.looked_after_by == Area::Absent || !(with_ours || facts.at_risk(person)) {
        return None;
    }
    let by = facts.geography.locate(&person.looked_after_by);
    match (by.authority(), facts.geography.locate(&person.lives).authority()) {
        (Ok(by), Ok(lives)) if by.gss == lives.gss => None,
        _ => Some(by),
    }
}

/// Each linked child by what says that they are at risk: an answer, or an item about them (3.1).
fn other_child_at_risk(facts: &Facts<'_>) -> Vec<Field> {
    let mut fields = Vec::new();
    for (index, child) in facts.linked.iter().enumerate() {
        let person = &facts.draft.persons[child.person];
        let about = |item: &ItemFacts<'_>| item.linked == Some(index);
        match (person.at_risk, person.significant_harm) {
            (Some(true), _) => fields.push(Field::Person(child.person, "at_risk")),
            (_, Some(true)) => fields.push(Field::Person(child.person, "significant_harm")),
            _ if child.danger => {
                fields.extend(items(facts, "danger_now", |item| about(item) && item.item.danger_now == Some(true)))
            }
            _ => fields.extend(items(facts, "about", |item| item.coded && about(item))),
        }
    }
    fields
}

/// Said so on an item, or by a person of the record where not every item says no.
fn adult_at_risk(facts: &Facts<'_>) -> Evidence {
    let drafted = &facts.draft.items;
    let denied = !drafted.is_empty() && drafted.iter().all(|item| item.adult_at_risk == Some(false));
    let in_record = |person: &Person| person.role == PersonRole::AdultAtRisk && !denied;
    let said = items(facts, "adult_at_risk", |item| item.item.adult_at_risk == Some(true));
    either(by(said), by(persons(facts, "role", in_record)))
}

fn carer_reports_after_refusal(facts: &Facts<'_>) -> Evidence {
    let from_carer =
        |item: &ItemFacts<'_>| matches!(item.item.provenance.source_role, SourceRole::Carer | SourceRole::Parent);
    let sources = items(facts, "provenance.source_role", from_carer);
    let declined = facts.draft.episode.outcome == InterviewOutcome::DeclinedChild && !sources.is_empty();
    declined.then(|| std::iter::once(Field::Record("episode.outcome")).chain(sources).collect())
}

/// A code or coded item of the child that no rule of `fired` brings to the front door (D02, D20, D26).
fn unreached(facts: &Facts<'_>, fired: &[&Rule]) -> Evidence {
    let opens = |rule: &&Rule| {
        let mut doors = rule.sends.iter().filter(|send| send.to == Destination::FrontDoor);
        doors.any(|send| send.when.is_none_or(|when| holds(when, facts, fired)))
    };
    if fired.iter().any(opens) {
        return None;
    }
    let on_items = items(facts, "codes", |item| item.coded && item.linked.is_none());
    either(by(on_record(facts, &facts.childs_own_codes())), by(on_items))
}

/// D20: the child's own SELF together with danger, missing again, or stated intent.
fn self_harm_risk(facts: &Facts<'_>, fired: &[&Rule]) -> Evidence {
    let danger = fired.iter().any(|rule| rule.id == "R00");
    let stated = facts.draft.answers.suicidal_intent == Some(true);
    let grave = danger || facts.missing_again() || stated;
    if grave && facts.child_self_harm() { codes(facts, &[HarmCode::SelfHarm]) } else { None }
}
