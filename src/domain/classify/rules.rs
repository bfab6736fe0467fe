//! The rules R00 to R23 as predicates, each named by its number (domain 5.4, read with 5.5).

use jiff::{SignedDuration, Timestamp};

use super::{
    facts::{Facts, ItemFacts, is_other_child},
    geography::Geography,
};
use crate::domain::{
    code::{Fgm, HarmCode, InterviewOutcome, PersonRole, RiskLevel, Sex, SourceRole, YesNoUnknown},
    decision::RuleId,
    directory::{Located, Police},
    geography::Area,
    submission::Person,
};

/// A rule and its predicate.
pub(in crate::domain) struct Rule {
    /// Id.
    pub id: RuleId,
    /// Whether it fires.
    pub fires: fn(&Facts<'_>) -> bool,
}

/// The rules that are predicates over facts, in order. R23 reads which others fired, R24 is found in routing, and R25
/// belongs to a delivery, not to a submission.
pub(in crate::domain) const TABLE: [Rule; 23] = [
    Rule { id: "R00", fires: r00 },
    Rule { id: "R01", fires: r01 },
    Rule { id: "R02", fires: r02 },
    Rule { id: "R03", fires: r03 },
    Rule { id: "R04", fires: r04 },
    Rule { id: "R05", fires: r05 },
    Rule { id: "R06", fires: r06 },
    Rule { id: "R07", fires: r07 },
    Rule { id: "R08", fires: r08 },
    Rule { id: "R09", fires: r09 },
    Rule { id: "R10", fires: r10 },
    Rule { id: "R11", fires: r11 },
    Rule { id: "R12", fires: r12 },
    Rule { id: "R13", fires: r13 },
    Rule { id: "R14", fires: r14 },
    Rule { id: "R15", fires: r15 },
    Rule { id: "R16", fires: r16 },
    Rule { id: "R17", fires: r17 },
    Rule { id: "R18", fires: r18 },
    Rule { id: "R19", fires: r19 },
    Rule { id: "R20", fires: r20 },
    Rule { id: "R21", fires: r21 },
    Rule { id: "R22", fires: r22 },
];

/// Whether a rule fires in the graver case that the rule table prices apart.
pub(super) fn raised(id: &str, facts: &Facts<'_>) -> bool {
    match id {
        "R06" => r06_ongoing(facts),
        "R07" => r07_exploitation(facts),
        "R15" => facts.linked.iter().any(|child| child.significant_harm),
        "R22" => facts.draft.answers.suicidal_intent == Some(true),
        _ => false,
    }
}

/// Danger on the stop screen or on any item, or missing again now at high risk (D14). A reason ticked on the stop
/// screen is a danger stated, whatever the answer beside it.
pub(in crate::domain) fn r00(facts: &Facts<'_>) -> bool {
    let screen = facts.draft.answers.stop_screen.as_ref();
    let danger = screen.is_some_and(|screen| screen.danger_now == Some(true) || !screen.reasons.is_empty())
        || facts.draft.items.iter().any(|item| item.danger_now == Some(true));
    danger || (facts.missing_again() && facts.draft.episode.risk == Some(RiskLevel::High))
}

/// Significant harm suspected, as a professional answered, or by R02 or R03 (D23).
pub(in crate::domain) fn r01(facts: &Facts<'_>) -> bool {
    facts.draft.answers.significant_harm_suspected == Some(true) || r02(facts) || r03(facts)
}

/// A sexual offence disclosed or witnessed; an item coded CSA is one unless the answer says no (D16).
pub(in crate::domain) fn r02(facts: &Facts<'_>) -> bool {
    facts.items.iter().any(|item| item.sexual_offence)
}

/// Indecent images held, shared or threatened.
pub(in crate::domain) fn r03(facts: &Facts<'_>) -> bool {
    facts.items.iter().any(ItemFacts::images)
}

/// FGM known in a girl under 18; a sex that is not recorded is read as not male (D19).
pub(in crate::domain) fn r04(facts: &Facts<'_>) -> bool {
    facts.fgm() == Fgm::Known && facts.draft.child.sex != Some(Sex::Male) && under_18(facts)
}

/// Forced marriage or honour-based abuse.
pub(in crate::domain) fn r05(facts: &Facts<'_>) -> bool {
    facts.has_code(HarmCode::Fm) || facts.has_code(HarmCode::Hba)
}

/// MSHT, DEBT, or CCE with county lines (D05).
pub(in crate::domain) fn r06(facts: &Facts<'_>) -> bool {
    facts.r06_codes().iter().any(|code| facts.has_code(*code))
}

/// Only an explicit no on every item with such a code ends it; silence is not an end (D05).
fn r06_ongoing(facts: &Facts<'_>) -> bool {
    let mut carriers = facts.items.iter().filter(|item| item.has_any(facts.r06_codes())).peekable();
    carriers.peek().is_none() || carriers.any(|item| item.item.still_happening != Some(YesNoUnknown::No))
}

/// There is an intelligence item (D06).
pub(in crate::domain) fn r07(facts: &Facts<'_>) -> bool {
    facts.items.iter().any(|item| item.intelligence)
}

/// An exploitation indicator on an intelligence item makes R07 P2 and opens the front door (D06, D26).
pub(in crate::domain) fn r07_exploitation(facts: &Facts<'_>) -> bool {
    use HarmCode::{Cce, Cse, Debt, Gang, Msht, Ocse, Rad, Syv};
    const INDICATORS: [HarmCode; 8] = [Cse, Ocse, Cce, Gang, Debt, Msht, Syv, Rad];
    facts.items.iter().any(|item| item.intelligence && item.has_any(&INDICATORS))
}

/// An item in another BCU than the owner's.
fn r08(facts: &Facts<'_>) -> bool {
    sends(facts, "R08")
}

/// An item, the subject or a linked child in another force (D09).
fn r09(facts: &Facts<'_>) -> bool {
    sends(facts, "R09") || child_where(facts, |geography, police| geography.is_other_force(police))
}

/// An item on the railway or Underground.
fn r10(facts: &Facts<'_>) -> bool {
    sends(facts, "R10")
}

/// An item, the subject or a linked child in the City (D17).
fn r11(facts: &Facts<'_>) -> bool {
    sends(facts, "R11") || child_where(facts, |geography, police| geography.is_city(police))
}

/// Whether R08 sends `item` to `police`: that of another BCU than the owner's.
pub(in crate::domain) fn sent_by_r08(item: &ItemFacts<'_>, geography: &Geography<'_>, police: &Police) -> bool {
    item.intelligence && matches!(police, Police::Bcu(_)) && geography.owner().as_ref() != Ok(police)
}

/// Whether R09 sends `item` to `police`: another force, the City apart.
pub(in crate::domain) fn sent_by_r09(item: &ItemFacts<'_>, geography: &Geography<'_>, police: &Police) -> bool {
    item.intelligence && geography.is_other_force(police)
}

/// Whether R11 sends `item` to `police`: the City's, unless the item only passed through (D17).
pub(in crate::domain) fn sent_by_r11(item: &ItemFacts<'_>, geography: &Geography<'_>, police: &Police) -> bool {
    item.intelligence && geography.is_city(police) && item.item.journey_only != Some(true)
}

/// Missing 72 hours or more, three episodes in 30 days, or the force's own level HIGH (D12).
pub(in crate::domain) fn r12(facts: &Facts<'_>) -> bool {
    let episode = &facts.draft.episode;
    let long = missing_for(facts).is_some_and(|hours| hours >= SignedDuration::from_hours(72));
    long || episode.episodes_30d.is_some_and(|count| count >= 3) || episode.risk == Some(RiskLevel::High)
}

/// Looked after and placed away from the responsible authority.
pub(in crate::domain) fn r13(facts: &Facts<'_>) -> bool {
    facts.geography.placed_away
}

/// Another child, at risk or missing with ours, whom an authority looks after that is not the one where they live (D10).
pub(in crate::domain) fn r14(facts: &Facts<'_>) -> bool {
    facts.draft.persons.iter().any(|person| placed_by_another(facts, person).is_some())
}

/// Who placed `person`, where R14 is about them: not the council in which they are known to live.
pub(in crate::domain) fn placed_by_another<'a>(facts: &Facts<'a>, person: &Person) -> Option<Located<'a>> {
    let with_ours = is_other_child(person) && person.missing_with_subject == Some(true);
    if person.looked_after_by == Area::Absent || !(with_ours || facts.at_risk(person)) {
        return None;
    }
    let by = facts.geography.locate(&person.looked_after_by);
    match (by.authority(), facts.geography.locate(&person.lives).authority()) {
        (Ok(by), Ok(lives)) if by.gss == lives.gss => None,
        _ => Some(by),
    }
}

/// Another child at risk who can be identified (D11).
pub(in crate::domain) fn r15(facts: &Facts<'_>) -> bool {
    !facts.linked.is_empty()
}

/// A vulnerable adult: said so on an item, or by a person of the record where no item says no.
pub(in crate::domain) fn r16(facts: &Facts<'_>) -> bool {
    let items = &facts.draft.items;
    let in_record = facts.draft.persons.iter().any(|person| person.role == PersonRole::AdultAtRisk);
    let denied = !items.is_empty() && items.iter().all(|item| item.adult_at_risk == Some(false));
    items.iter().any(|item| item.adult_at_risk == Some(true)) || (in_record && !denied)
}

/// Radicalisation.
pub(in crate::domain) fn r17(facts: &Facts<'_>) -> bool {
    facts.has_code(HarmCode::Rad)
}

/// An allegation about a carer, staff, police or professional.
pub(in crate::domain) fn r18(facts: &Facts<'_>) -> bool {
    facts.items.iter().any(|item| item.allegation)
        || facts.draft.persons.iter().any(|person| person.allegation == Some(true))
}

/// The source of harm is at home.
pub(in crate::domain) fn r19(facts: &Facts<'_>) -> bool {
    facts.draft.answers.harm_source_at_home == Some(true)
}

/// The child declined and a carer or parent gives information (D13).
pub(in crate::domain) fn r20(facts: &Facts<'_>) -> bool {
    let from_carer = |role| matches!(role, SourceRole::Carer | SourceRole::Parent);
    facts.draft.episode.outcome == InterviewOutcome::DeclinedChild
        && facts.draft.items.iter().any(|item| from_carer(item.provenance.source_role))
}

/// Missing and wanted.
pub(in crate::domain) fn r21(facts: &Facts<'_>) -> bool {
    facts.draft.answers.wanted == Some(true)
}

/// Self-harm recorded, or a code or coded item of the child that no other rule brings to the front door (D20).
pub(in crate::domain) fn r22(facts: &Facts<'_>) -> bool {
    facts.has_code(HarmCode::SelfHarm) || (facts.child_has_coded_matter() && !front_door_without_r22(facts))
}

/// Whether any rule but R22 opens the front door (D02, D26).
fn front_door_without_r22(facts: &Facts<'_>) -> bool {
    let doors: [fn(&Facts<'_>) -> bool; 7] = [r00, r01, r05, r06, r07_exploitation, r17, r18];
    doors.iter().any(|opens| opens(facts))
}

/// Nothing else fires: no rule but R13 (or R24, which is not known yet) is among `fired` (D07).
pub(super) fn r23(fired: &[RuleId]) -> bool {
    fired.iter().all(|id| *id == "R13")
}

/// Elapsed time missing, to receipt if not yet returned (D12).
fn missing_for(facts: &Facts<'_>) -> Option<SignedDuration> {
    let episode = &facts.draft.episode;
    let from: Timestamp = episode.started.or(episode.reported)?;
    Some(episode.returned.unwrap_or(facts.now).duration_since(from))
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

fn sends(facts: &Facts<'_>, rule: RuleId) -> bool {
    facts.items.iter().any(|item| item.sent_by.contains(&rule))
}

fn child_where(facts: &Facts<'_>, is: fn(&Geography<'_>, &Police) -> bool) -> bool {
    let subject = facts.geography.child_police();
    let linked = facts.linked.iter().map(|child| child.lives.police());
    std::iter::once(subject).chain(linked).flatten().any(|police| is(&facts.geography, &police))
}
