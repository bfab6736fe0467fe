//! What must hold for every place, every rule and every order of lists.

use std::collections::BTreeSet;

use super::lines;
use crate::domain::{
    code::{CaseStatus, Fgm, HarmCode, PersonRole},
    decision::{Content, Decision},
    geography::Area,
    policy::Policy,
    queue::QueueId,
    submission::{Draft, Person, StopScreen},
    testing::{area, at, coded, draft_in, ids, intelligence, person, place, policy, referral, routed},
};

const YES: Option<bool> = Some(true);

type Situation = (&'static str, fn(&mut Draft));

/// A change for each rule class, and one that does everything at once.
fn situations() -> Vec<Situation> {
    vec![
        ("nil", |_| ()),
        ("danger", |d| {
            d.answers.stop_screen = Some(StopScreen {
                danger_now: YES,
                reasons: Vec::new(),
                emergency_call: None,
                reference: None,
                at: None,
            });
        }),
        ("harm", |d| d.answers.significant_harm_suspected = YES),
        ("offence", |d| {
            d.items = vec![coded(&[HarmCode::Csa])];
            d.items[0].images = YES;
        }),
        ("fgm", |d| d.answers.fgm = Some(Fgm::Known)),
        ("debt", |d| d.items = vec![coded(&[HarmCode::Debt, HarmCode::Rad])]),
        ("report", |d| d.items = vec![intelligence(), referral()]),
        ("wanted", |d| d.answers.wanted = YES),
        ("self", |d| d.answers.suicidal_intent = YES),
        ("allegation", |d| {
            d.items = vec![referral()];
            d.items[0].allegation = YES;
        }),
        ("other child", |d| {
            let child = person("other", PersonRole::OtherChild);
            let lives = d.lives_now.clone();
            d.persons = vec![Person { significant_harm: YES, lives, looked_after_by: area("E08000025"), ..child }];
        }),
        ("all", |d| {
            d.answers.significant_harm_suspected = YES;
            d.answers.case = CaseStatus::Open;
            d.episode.episodes_30d = Some(3);
            d.items = vec![coded(&HarmCode::ALL[..18])];
            d.items[0].rail = YES;
            d.items[0].sexual_offence = YES;
        }),
    ]
}

/// Every code the directory has, and what it does not have.
fn areas(policy: &Policy) -> Vec<Area> {
    let authorities = policy.directory.authorities.iter().map(|entry| area(&entry.gss));
    let forces = policy.directory.forces.iter().map(|entry| area(&entry.code));
    authorities.chain(forces).chain([Area::Unknown, Area::Absent, area("E07000076"), area("W06000015")]).collect()
}

pub(super) fn check(decision: &Decision, policy: &Policy, now: &str, situation: &str) {
    let known = policy.directory.queues(policy.calendar.date(at(now)));
    let unique: BTreeSet<&QueueId> = decision.legs.iter().map(|leg| &leg.queue).collect();
    assert_eq!(unique.len(), decision.legs.len(), "{situation}: one leg a queue");
    assert!(!decision.legs.is_empty(), "{situation}: nothing is dropped");
    assert!(!decision.rules.is_empty());
    for leg in &decision.legs {
        assert!(known.contains(&leg.queue), "{situation}: {} is not in the directory", leg.queue);
        assert!(policy.queues.kind_of(&leg.queue).is_some());
        assert!(!leg.contents.is_empty() && !leg.rules.is_empty(), "{situation}: {leg:?}");
        assert!(leg.rules.iter().all(|rule| decision.rules.contains(rule)), "{situation}: {leg:?}");
        assert_eq!(leg.contents.contains(&Content::Items), !leg.items.is_empty());
        assert!(leg.contents.contains(&Content::Link) || leg.links.is_empty(), "{situation}: {leg:?}");
        assert_eq!(leg.held.is_empty(), leg.queue != QueueId::hold());
        let no_police_content = leg.queue.kind() != "MPU" || !leg.contents.contains(&Content::Safeguarding);
        assert!(no_police_content, "{situation}: an MPU never gets Part C");
    }
    assert_eq!(decision.rules.contains(&"R24"), unique.contains(&QueueId::hold()));
    assert!(decision.rules.windows(2).all(|pair| pair[0] < pair[1]), "{situation}: {:?}", decision.rules);
}

#[test]
fn every_authority_and_every_rule_yield_a_decision_with_queues_that_exist() {
    let policy = policy();
    for authority in &policy.directory.authorities {
        for (name, change) in situations() {
            for now in ["2026-11-17T10:00:00Z", "2026-11-21T23:30:00Z"] {
                let mut draft = draft_in(&authority.gss);
                change(&mut draft);
                check(routed(draft, &policy, at(now)).decision(), &policy, now, name);
            }
        }
    }
}

#[test]
fn every_mix_of_places_yields_a_decision() {
    let policy = policy();
    let now = "2026-11-21T23:30:00Z";
    let all = areas(&policy);
    for (n, lives) in all.iter().enumerate() {
        for (m, responsible) in all.iter().enumerate().step_by(5) {
            for (name, change) in situations().into_iter().skip((n + m) % 4).step_by(4) {
                let mut draft = draft_in("E09000023");
                draft.missing_from = all[(n + 7) % all.len()].clone();
                draft.lives_now = lives.clone();
                draft.responsible_authority = responsible.clone();
                change(&mut draft);
                draft.places = vec![place("there", all[(n + m) % all.len()].clone())];
                for item in &mut draft.items {
                    item.at = ids(&["there"]);
                }
                check(routed(draft, &policy, at(now)).decision(), &policy, now, name);
            }
        }
    }
}

#[test]
fn the_order_of_lists_changes_no_leg() {
    let policy = policy();
    let mut draft = draft_in("E09000010");
    draft.answers.significant_harm_suspected = YES;
    let child = |id: &str, lives: &str| Person {
        significant_harm: YES,
        lives: area(lives),
        ..person(id, PersonRole::OtherChild)
    };
    draft.persons = vec![child("a", "E09000007"), child("b", "E23000028"), person("c", PersonRole::AdultAtRisk)];
    draft.places = vec![place("x", area("E09000019")), place("y", area("E23000028")), place("z", Area::Unknown)];
    draft.items = vec![coded(&[HarmCode::Csa]), intelligence(), coded(&[HarmCode::Cse])];
    draft.items[0].at = ids(&["x", "y"]);
    draft.items[1].at = ids(&["y", "z", "y"]);
    draft.items[2].about = Some("b".into());
    let mut turned = draft.clone();
    turned.persons.reverse();
    turned.places.reverse();
    turned.items[0].at.reverse();
    turned.items[1].at.reverse();
    let decide = |draft: Draft| routed(draft, &policy, at("2026-11-21T23:30:00Z")).decision().clone();
    let (first, second) = (decide(draft), decide(turned));
    assert_eq!(lines(&first), lines(&second));
    assert_eq!(first.rules, second.rules);
    assert_eq!((first.prompts, first.flags, first.items), (second.prompts, second.flags, second.items));
    let matters = |decision: &[crate::domain::decision::Leg]| {
        let hold = decision.iter().find(|leg| leg.queue == QueueId::hold()).unwrap();
        hold.held.iter().map(|held| (held.reason, held.meant_for.clone(), held.items.clone())).collect::<Vec<_>>()
    };
    assert_eq!(matters(&first.legs), matters(&second.legs));
}
