//! Nothing that is added lowers a class or takes a protective destination away; neither the force's risk level nor a
//! retraction nor coaching does anything of the kind (domain 5.1, D24, 3).

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::properties::{POLICY, a_draft, an_item};
use crate::domain::{
    code::{
        Class, DangerReason, Fgm, HarmCode, InterviewOutcome, ItemKind, PersonRole, QuestionType, RiskLevel,
        YesNoUnknown,
    },
    decision::{Content, Decision, HoldReason, Leg},
    submission::{Draft, Item, Person, Question, StopScreen},
    testing::{area, at, person, routed},
};

const NOW: &str = "2026-11-17T10:00:00Z";
/// A Saturday night: what cannot wait goes to the Emergency Duty Team too (D01).
const NIGHT: &str = "2026-11-21T23:30:00Z";

fn decided(draft: &Draft) -> Decision {
    decided_at(draft, false)
}

fn decided_at(draft: &Draft, night: bool) -> Decision {
    routed(draft.clone(), &POLICY, at(if night { NIGHT } else { NOW })).decision().clone()
}

/// Something that a draft may say more than before.
type Fact = (&'static str, fn(&mut Draft));

fn first(draft: &mut Draft, change: fn(&mut Item)) {
    draft.items.iter_mut().take(1).for_each(change);
}

fn last(draft: &mut Draft, change: fn(&mut Person)) {
    draft.persons.iter_mut().rev().take(1).for_each(change);
}

/// An answer of yes in place of none or no, a further code, person or place, one for each field that a rule reads.
/// Answers that say where something is (`missing_from`, `case`, `at`, `lives` …) move it and are no addition.
const FACTS: &[Fact] = &[
    ("significant_harm_suspected", |draft| draft.answers.significant_harm_suspected = Some(true)),
    ("county_lines", |draft| draft.answers.county_lines = Some(true)),
    ("fgm", |draft| draft.answers.fgm = Some(Fgm::Known)),
    ("harm_source_at_home", |draft| draft.answers.harm_source_at_home = Some(true)),
    ("suicidal_intent", |draft| draft.answers.suicidal_intent = Some(true)),
    ("wanted", |draft| draft.answers.wanted = Some(true)),
    ("missing_again_now", |draft| draft.answers.missing_again_now = Some(true)),
    ("episodes_30d", |draft| draft.episode.episodes_30d = Some(9)),
    ("outcome", |draft| draft.episode.outcome = InterviewOutcome::NotOfferedMissingAgain),
    ("stop_screen", |draft| {
        draft.answers.stop_screen = Some(StopScreen {
            danger_now: Some(true),
            reasons: vec![DangerReason::WeaponAboutToBeUsed],
            emergency_call: None,
            reference: None,
            at: None,
        });
    }),
    ("item.rail", |draft| first(draft, |item| item.rail = Some(true))),
    ("item.sexual_offence", |draft| first(draft, |item| item.sexual_offence = Some(true))),
    ("item.images", |draft| first(draft, |item| item.images = Some(true))),
    ("item.danger_now", |draft| first(draft, |item| item.danger_now = Some(true))),
    ("item.still_happening", |draft| first(draft, |item| item.still_happening = Some(YesNoUnknown::Yes))),
    ("item.adult_at_risk", |draft| first(draft, |item| item.adult_at_risk = Some(true))),
    ("person.at_risk", |draft| last(draft, |person| person.at_risk = Some(true))),
    ("person.significant_harm", |draft| last(draft, |person| person.significant_harm = Some(true))),
    ("person.missing_with_subject", |draft| last(draft, |person| person.missing_with_subject = Some(true))),
    ("person: another child at risk", |draft| {
        let other = Person { at_risk: Some(true), lives: area("E09000004"), ..person("more", PersonRole::OtherChild) };
        draft.persons.push(other);
    }),
    ("person: an adult at risk", |draft| draft.persons.push(person("more", PersonRole::AdultAtRisk))),
];

/// Adds one of [`FACTS`], or a code to the child or to a coded item; says which.
fn one_more(draft: &mut Draft, pick: usize) -> String {
    let codes = HarmCode::ALL.len();
    let pick = pick % (FACTS.len() + 2 * codes);
    if let Some((name, add)) = FACTS.get(pick) {
        // A child at risk has a file of their own, and what is about them moves into it (D11).
        if !(name.starts_with("person.") && draft.items.iter().any(|item| item.about.is_some())) {
            add(draft);
        }
        return (*name).to_owned();
    }
    let code = HarmCode::ALL[(pick - FACTS.len()) % codes];
    if pick - FACTS.len() < codes {
        draft.answers.codes.push(code);
        return code.to_string();
    }
    // Health alone goes another way (D20), NONE says nothing, and what has ended by an explicit no (D05) has ended.
    if !matches!(code, HarmCode::SelfHarm | HarmCode::None) {
        let goes_on = |item: &&mut Item| !item.codes.is_empty() && item.still_happening != Some(YesNoUnknown::No);
        draft.items.iter_mut().take(1).filter(goes_on).for_each(|item| item.codes.push(code));
    }
    format!("item {code}")
}

/// A council's legs stand for each other: the front door moves between its teams as the case is open or not (D02).
fn same_door(before: &Leg, after: &Leg) -> bool {
    let council = |leg: &Leg| matches!(leg.queue.kind(), "MASH" | "ALLOC");
    let same_place = before.queue.suffix() == after.queue.suffix();
    before.queue == after.queue || (council(before) && council(after) && same_place)
}

/// What a leg protects by: whoever had the alert, the narrative, an item or another child still has it.
fn still_told(before: &Decision, after: &Decision, fact: &str) {
    assert!(after.class <= before.class, "{fact}: {} became {}", before.class, after.class);
    for leg in before.legs.iter().filter(|leg| leg.queue.kind() != "HOLD") {
        let there = after.legs.iter().find(|found| same_door(leg, found));
        let there = there.unwrap_or_else(|| panic!("{fact}: {} is gone\n{before:?}\n{after:?}", leg.queue));
        for content in [Content::Alert, Content::Safeguarding] {
            let mut doors = after.legs.iter().filter(|found| same_door(leg, found));
            let still = doors.any(|found| found.contents.contains(&content));
            assert!(
                still || !leg.contents.contains(&content),
                "{fact}: {} lost {content}\n{before:?}\n{after:?}",
                leg.queue
            );
        }
        // By the place of its items alone, a leg has the class of the worst of them (D18).
        let by_place = there.rules.iter().all(|rule| ["R08", "R09", "R10", "R11"].contains(rule));
        assert!(
            by_place || there.class <= leg.class,
            "{fact}: {} fell from {} to {}",
            leg.queue,
            leg.class,
            there.class
        );
    }
    still_held(before, after, fact);
    for prompt in &before.prompts {
        assert!(after.prompts.iter().any(|found| found.kind == prompt.kind), "{fact}: {} is gone", prompt.kind);
    }
    for flag in &before.flags {
        assert!(after.flags.contains(flag), "{fact}: {flag} is gone");
    }
}

/// What waited on HOLD for want of a certain place still does, for every kind of queue that it was meant for.
fn still_held(before: &Decision, after: &Decision, fact: &str) {
    let meant = |decision: &Decision| {
        let held = decision.legs.iter().flat_map(|leg| &leg.held);
        let uncertain = held.filter(|held| held.reason != HoldReason::RulesConflict);
        let kinds = uncertain.flat_map(|held| held.meant_for.iter().map(|kind| (held.reason, kind.clone())));
        kinds.collect::<BTreeSet<_>>()
    };
    let (before, after) = (meant(before), meant(after));
    assert!(before.is_subset(&after), "{fact}: held {before:?} became {after:?}");
}

/// Where an accused works, a person decides what goes there (D08): its leg is not certain.
fn nobody_accused_works_in_a_queue(draft: &mut Draft) {
    for person in &mut draft.persons {
        person.works_in_queue = None;
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn more_facts_never_mean_less_protection(
        mut draft in a_draft(),
        picks in prop::array::uniform4(0..1000_usize),
        of_the_child in any::<bool>(),
        night in any::<bool>(),
    ) {
        nobody_accused_works_in_a_queue(&mut draft);
        draft.items.iter_mut().filter(|_| of_the_child).for_each(|item| item.about = None);
        let before = decided_at(&draft, night);
        for pick in picks {
            let mut more = draft.clone();
            let name = one_more(&mut more, pick);
            still_told(&before, &decided_at(&more, night), &name);
        }
    }

    #[test]
    fn another_item_never_means_less_protection(
        mut draft in a_draft(),
        mut more in an_item(),
        night in any::<bool>(),
    ) {
        nobody_accused_works_in_a_queue(&mut draft);
        more.about = None;
        more.allegation = None;
        // An explicit no is an answer that may end something (D05, D16), and no addition.
        more.adult_at_risk = more.adult_at_risk.filter(|yes| *yes);
        more.still_happening = more.still_happening.filter(|answer| *answer != YesNoUnknown::No);
        let before = decided_at(&draft, night);
        draft.items.push(more);
        let after = decided_at(&draft, night);
        // R23's closure is for an episode with nothing else in it, and its owner then has the item itself.
        still_told(&before, &after, "another item");
    }

    #[test]
    fn an_item_about_another_child_takes_nothing_from_the_subject(
        mut draft in a_draft(),
        mut more in an_item(),
        fgm in prop::option::of(prop::sample::select(Fgm::ALL.to_vec())),
        same_code in any::<bool>(),
        night in any::<bool>(),
    ) {
        nobody_accused_works_in_a_queue(&mut draft);
        draft.answers.fgm = fgm;
        more.about = Some("other".into());
        more.allegation = None;
        more.adult_at_risk = more.adult_at_risk.filter(|yes| *yes);
        more.still_happening = more.still_happening.filter(|answer| *answer != YesNoUnknown::No);
        if same_code {
            more.codes.push(HarmCode::Fgm);
        }
        // A code of the record belongs to whomever the items that carry it are about (D20); an answer is the subject's.
        draft.answers.codes.retain(|code| !more.codes.contains(code));
        let before = decided_at(&draft, night);
        draft.persons.push(Person { lives: area("E09000004"), ..person("other", PersonRole::OtherChild) });
        draft.items.push(more);
        still_told(&before, &decided_at(&draft, night), "an item about another child");
    }

    #[test]
    fn the_forces_risk_level_never_lowers_anything(mut draft in a_draft()) {
        draft.episode.risk = None;
        let unknown = decided(&draft);
        for risk in RiskLevel::ALL {
            draft.episode.risk = Some(*risk);
            let known = decided(&draft);
            still_told(&unknown, &known, risk.code());
            if *risk != RiskLevel::High {
                prop_assert_eq!(&known, &unknown, "{} decides nothing", risk);
            }
        }
    }

    #[test]
    fn retraction_contradiction_and_doubt_change_no_class_and_no_destination(mut draft in a_draft()) {
        let before = decided(&draft);
        for item in &mut draft.items {
            item.provenance.retracted = Some(true);
            item.provenance.contradicted = Some(true);
        }
        let retracted = decided(&draft);
        let grades = |decision: &Decision| decision.items.iter().map(|grade| grade.proposed()).collect::<Vec<_>>();
        prop_assert_eq!(grades(&retracted), grades(&before));
        for item in &mut draft.items {
            item.provenance.practitioner_doubts = Some(true);
            item.provenance.doubt_reason = Some("The times cannot both be right.".into());
        }
        let doubted = decided(&draft);
        for after in [retracted, doubted] {
            prop_assert_eq!(Decision { items: before.items.clone(), ..after }, before.clone());
        }
    }

    #[test]
    fn coaching_feeds_nothing(draft in a_draft(), kinds in prop::collection::vec(0..QuestionType::ALL.len(), 0..6)) {
        let before = decided(&draft);
        let mut asked = draft;
        let question = |kind: usize| Question { text: "What happened then?".into(), kind: QuestionType::ALL[kind] };
        asked.interview.account.questions = kinds.into_iter().map(question).collect();
        asked.interview.account.first_account = Some("I went to the park.".into());
        asked.interview.engage.safe_to_talk = Some(false);
        asked.interview.evaluate.assessment = Some("I am not sure.".into());
        asked.interview.contradictions = Some("None.".into());
        for item in &mut asked.items {
            item.when = Some("last week".into());
        }
        prop_assert_eq!(decided(&asked), before);
    }
}

#[test]
fn nil_intelligence_lowers_nothing_that_was_said() {
    let mut draft = crate::domain::testing::draft();
    draft.answers.significant_harm_suspected = Some(true);
    draft.items = vec![crate::domain::testing::item(ItemKind::Safeguarding, &[HarmCode::Emo])];
    let before = decided(&draft);
    draft.answers.nil_intelligence = Some(true);
    let after = decided(&draft);
    assert_eq!((after.class, before.class), (Class::P1, Class::P1));
    still_told(&before, &after, "nil_intelligence");
}

/// Drawn at random, something else nearly always opens the front door: here the answer is all there is.
#[test]
fn an_answer_alone_keeps_its_front_door_beside_the_same_harm_to_another_child() {
    const ALONE: [(HarmCode, Fact); 3] = [
        (HarmCode::Fgm, ("fgm known", |draft| draft.answers.fgm = Some(Fgm::Known))),
        (HarmCode::Fgm, ("fgm suspected", |draft| draft.answers.fgm = Some(Fgm::Suspected))),
        (HarmCode::SelfHarm, ("suicidal_intent", |draft| draft.answers.suicidal_intent = Some(true))),
    ];
    for (code, (name, answer)) in ALONE {
        for kind in ItemKind::ALL {
            let mut draft = crate::domain::testing::draft();
            answer(&mut draft);
            let before = decided(&draft);
            let door = |decision: &Decision| decision.legs.iter().any(|leg| leg.queue.kind() == "MASH");
            assert!(door(&before), "{name}: {before:?}");
            let about = Some("other".into());
            draft.items = vec![Item { about, ..crate::domain::testing::item(*kind, &[code]) }];
            draft.persons = vec![Person { lives: area("E09000004"), ..person("other", PersonRole::OtherChild) }];
            still_told(&before, &decided(&draft), name);
        }
    }
}
