//! Promises that hold for any submission: nothing ends nowhere, and nobody gets what is not theirs.

use std::sync::LazyLock;

use proptest::prelude::*;

use crate::domain::{
    code::{CaseStatus, Class, HarmCode, ItemKind, PersonRole, RiskLevel, YesNoUnknown},
    decision::{Content, Decision, Leg},
    geography::Area,
    policy::Policy,
    queue::QueueId,
    submission::{Draft, Item, Person},
    testing::{area, at, draft, ids, item, person, place, policy, routed},
};

pub(super) static POLICY: LazyLock<Policy> = LazyLock::new(policy);

fn an_area() -> impl Strategy<Value = Area> {
    let codes =
        ["E09000023", "E09000004", "E09000007", "E09000001", "E08000025", "E23000028", "E23000001", "E08000003"];
    prop_oneof![4 => prop::sample::select(codes.to_vec()).prop_map(area), 1 => Just(Area::Unknown), 1 => Just(Area::Absent)]
}

fn an_answer() -> impl Strategy<Value = Option<bool>> {
    prop_oneof![4 => Just(None), 1 => Just(Some(true)), 1 => Just(Some(false))]
}

fn some_codes() -> impl Strategy<Value = Vec<HarmCode>> {
    prop::collection::vec(prop::sample::select(HarmCode::ALL.to_vec()), 0..3)
}

pub(super) fn an_item() -> impl Strategy<Value = Item> {
    let answers = prop::array::uniform8(an_answer());
    let kind = prop::sample::select(ItemKind::ALL.to_vec());
    let still = prop::option::of(prop::sample::select(YesNoUnknown::ALL.to_vec()));
    (kind, some_codes(), answers, still, 0..4_usize).prop_map(|(kind, codes, answers, still_happening, n)| {
        let [rail, journey_only, sexual_offence, images, danger, adult_at_risk, allegation, who] = answers;
        Item {
            rail,
            journey_only,
            sexual_offence,
            images,
            danger_now: if n == 0 { danger } else { None },
            adult_at_risk,
            allegation,
            still_happening,
            about: (n > 1).then(|| format!("p{}", n % 2).into()),
            at: if n % 2 == 0 { ids(&["here"]) } else { ids(&["here", "there"]) },
            who: if who == Some(true) { ids(&["p0"]) } else { Vec::new() },
            ..item(kind, &codes)
        }
    })
}

fn a_person() -> impl Strategy<Value = Person> {
    let role = prop::sample::select(PersonRole::ALL.to_vec());
    let queues = ["MPU.SE", "MASH.E09000023", "REFDESK.CN"].map(|queue| Some(queue.into()));
    let works_in = prop_oneof![3 => Just(None), 1 => prop::sample::select(queues.to_vec())];
    let answers = prop::array::uniform5(an_answer());
    (role, an_area(), an_area(), answers, works_in).prop_map(
        |(role, lives, looked_after_by, answers, works_in_queue)| {
            let [at_risk, significant_harm, identifiable, missing_with_subject, allegation] = answers;
            Person {
                lives,
                looked_after_by,
                at_risk,
                significant_harm,
                identifiable,
                missing_with_subject,
                allegation,
                works_in_queue,
                ..person("", role)
            }
        },
    )
}

pub(super) fn a_draft() -> impl Strategy<Value = Draft> {
    let places = prop::array::uniform5(an_area());
    let items = prop::collection::vec(an_item(), 0..4);
    let persons = prop::array::uniform2(a_person());
    let answers = prop::array::uniform6(an_answer());
    let case = prop::sample::select(CaseStatus::ALL.to_vec());
    let risk = prop::option::of(prop::sample::select(RiskLevel::ALL.to_vec()));
    (places, items, persons, answers, case, some_codes(), risk).prop_map(
        |(places, items, persons, answers, case, codes, risk)| {
            let [missing_from, lives_now, responsible_authority, here, there] = places;
            let mut draft = Draft { missing_from, lives_now, responsible_authority, items, ..draft() };
            draft.places = vec![place("here", here), place("there", there)];
            draft.persons = (0..).zip(persons).map(|(n, p)| Person { id: format!("p{n}").into(), ..p }).collect();
            draft.episode.risk = risk;
            draft.answers.case = case;
            draft.answers.codes = codes;
            [
                draft.answers.looked_after,
                draft.answers.significant_harm_suspected,
                draft.answers.county_lines,
                draft.answers.suicidal_intent,
                draft.answers.missing_again_now,
                draft.answers.wanted,
            ] = answers;
            draft
        },
    )
}

fn council(leg: &Leg) -> bool {
    matches!(leg.queue.kind(), "MASH" | "ALLOC" | "EDT")
}

fn somewhere(decision: &Decision, number: u16, is: fn(&Leg) -> bool) -> bool {
    let here = |leg: &&Leg| is(leg) || leg.queue == QueueId::hold();
    decision.legs.iter().filter(here).any(|leg| leg.items.contains(&number))
        || decision.linked.iter().any(|linked| linked.items.contains(&number))
}

/// Nothing recorded as harm or as intelligence ends nowhere.
fn nothing_is_lost(draft: &Draft, decision: &Decision) {
    assert!(!decision.legs.is_empty());
    for (number, item) in (1..).zip(&draft.items) {
        let coded = item.codes.iter().any(|code| *code != HarmCode::None);
        assert!(!coded || somewhere(decision, number, council), "coded item {number}: {decision:?}");
        let report = item.kind == ItemKind::Intelligence && item.allegation != Some(true);
        let named = item.allegation.is_none() && !item.who.is_empty();
        let health = item.codes.contains(&HarmCode::SelfHarm);
        if report && !named && !health {
            let police = somewhere(decision, number, |leg| !council(leg));
            assert!(police, "report {number}: {decision:?}");
        }
    }
    let owner_or_hold = |leg: &Leg| matches!(leg.queue.kind(), "MPU" | "FORCE" | "HOLD");
    assert!(decision.legs.iter().any(owner_or_hold), "the owner always gets something");
}

/// Each reader gets what the job needs and no more.
fn nobody_gets_too_much(draft: &Draft, decision: &Decision, now: &str) {
    for leg in &decision.legs {
        let holds = |content| leg.contents.contains(&content);
        assert!(leg.queue.kind() != "MPU" || !holds(Content::Safeguarding), "{leg:?}");
        assert!(!leg.contents.is_empty() && !leg.rules.is_empty(), "{leg:?}");
        assert!(!council(leg) || !holds(Content::CopyNote), "{leg:?}");
        let linked = decision.linked.iter().flat_map(|linked| &linked.items);
        assert!(!council(leg) || linked.clone().all(|number| !leg.items.contains(number)), "{leg:?}");
        for number in &leg.items {
            let item = &draft.items[usize::from(*number) - 1];
            let plain =
                ![item.sexual_offence, item.images, item.allegation].contains(&Some(true)) && item.who.is_empty();
            let clinical = plain && !item.codes.is_empty() && item.codes.iter().all(|code| *code == HarmCode::SelfHarm);
            assert!(council(leg) || leg.queue == QueueId::hold() || !clinical, "{leg:?}");
        }
        let open = POLICY.calendar.office_open(leg.queue.suffix(), at(now));
        assert!(leg.queue.kind() != "EDT" || (!open && leg.class <= Class::P1), "{leg:?}");
        assert!(leg.class >= decision.class, "{leg:?}");
    }
}

/// The accused's queue has nothing: it is on HOLD, from all of their unit.
fn the_accused_reads_nothing(draft: &Draft, decision: &Decision) {
    for person in draft.persons.iter().filter(|person| person.allegation == Some(true)) {
        let Some(queue) = person.works_in_queue.as_ref().and_then(|queue| QueueId::parse(queue.reveal())) else {
            continue;
        };
        assert!(decision.legs.iter().all(|leg| leg.queue != queue), "{queue}: {decision:?}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn promises_hold_for_any_submission(draft in a_draft(), night in any::<bool>()) {
        let now = if night { "2026-11-21T23:30:00Z" } else { "2026-11-17T10:00:00Z" };
        let decision = routed(draft.clone(), &POLICY, at(now)).decision().clone();
        super::everywhere::check(&decision, &POLICY, now, "any");
        nothing_is_lost(&draft, &decision);
        nobody_gets_too_much(&draft, &decision, now);
        the_accused_reads_nothing(&draft, &decision);
    }
}
