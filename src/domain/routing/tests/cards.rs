//! What the structured cards of closures and notices say (D07, D10, D22).

use crate::domain::{
    code::{HarmCode, InterviewOutcome, OfferMethod, OfferResult, PersonRole},
    dossier::Dossier,
    geography::Area,
    submission::{Draft, Offer, Person},
    testing::{area, at, draft, person, policy, routed, tuesday},
    unit::{Part, View},
};

/// The card of the one leg of `queue` in the subject's dossier, or of each of them on HOLD.
fn cards(queue: &str, change: impl FnOnce(&mut Draft)) -> Vec<View> {
    let mut draft = draft();
    change(&mut draft);
    let dossier = Dossier::file(&routed(draft, &policy(), tuesday())).remove(0);
    let numbers = (1_u16..).zip(dossier.legs()).filter(|(_, leg)| leg.queue.as_str() == queue);
    let card = |(number, _)| {
        let found = dossier.units().iter().find(|(label, _)| label.part == Part::Card && label.item == Some(number));
        found.map(|(_, view)| view.clone()).unwrap()
    };
    numbers.map(card).collect()
}

fn named(card: &View) -> Vec<&str> {
    card.fields.iter().filter(|field| field.name == "notice.child").map(|field| field.value.reveal()).collect()
}

fn placed(id: &str, by: Area) -> Person {
    let lives = area("E09000008");
    let child = person(id, PersonRole::OtherChild);
    Person { name: id.into(), missing_with_subject: Some(true), looked_after_by: by, lives, ..child }
}

/// The episode card of the first linked record.
fn linked_card(change: impl FnOnce(&mut Draft)) -> View {
    let mut draft = draft();
    change(&mut draft);
    let dossier = Dossier::file(&routed(draft, &policy(), tuesday())).remove(1);
    let card = dossier.units().iter().find(|(label, _)| label.part == Part::EpisodeCard);
    card.map(|(_, view)| view.clone()).unwrap()
}

fn flags(card: &View) -> Vec<&str> {
    card.fields.iter().filter(|field| field.name == "flag").map(|field| field.value.reveal()).collect()
}

fn called(name: &str) -> Area {
    Area::Stated { code: None, name: Some(name.into()) }
}

#[test]
fn d07_a_closure_says_that_a_referral_was_made_only_where_one_was() {
    let referred = |change: fn(&mut Draft)| {
        cards("MPU.SE", change)[0].get("closure.safeguarding_referral_made").map(str::to_owned).unwrap()
    };
    assert_eq!(referred(|_| ()), "no");
    assert_eq!(referred(|d| d.answers.looked_after = Some(true)), "no");
    assert_eq!(referred(|d| d.lives_now = area("E09000008")), "no", "R13 tells of a nil return too (D22)");
    assert_eq!(referred(|d| d.answers.codes = vec![HarmCode::Neg]), "yes");
    assert_eq!(referred(|d| d.answers.significant_harm_suspected = Some(true)), "yes");
    let at_risk = |d: &mut Draft| {
        d.persons = vec![Person { at_risk: Some(true), ..placed("k", Area::Absent) }];
    };
    assert_eq!(referred(at_risk), "yes", "of the other child");
}

#[test]
fn d07_a_closure_has_a_date_though_no_interview_was_held() {
    let dated = |outcome, offers: &[&str]| {
        let closed = |d: &mut Draft| {
            d.interview.held_at = None;
            d.episode.outcome = outcome;
            let offer = |moment: &&str| Offer {
                at: at(moment),
                method: OfferMethod::ALL[0],
                to: None,
                result: OfferResult::ALL[0],
            };
            d.episode.offers = offers.iter().map(offer).collect();
        };
        cards("MPU.SE", closed)[0].get("closure.date").map(str::to_owned).unwrap()
    };
    let offers = ["2026-11-09T23:30:00Z", "2026-11-10T23:30:00Z", "2026-11-09T12:00:00Z"];
    assert_eq!(dated(InterviewOutcome::DeclinedChild, &offers), "2026-11-10", "the last offer");
    assert_eq!(dated(InterviewOutcome::NotOfferedNoContact, &[]), "2026-11-17", "of receipt");
    assert_eq!(cards("MPU.SE", |_| ())[0].get("closure.date"), Some("2026-11-08"));
}

#[test]
fn d10_each_placing_authority_is_told_of_its_own_child_however_it_is_named() {
    for (camden, birmingham) in
        [(called("Camden"), called("Birmingham")), (area("E09000007"), called("Birmingham City Council"))]
    {
        let persons = vec![placed("k1", camden), placed("k2", birmingham)];
        for (queue, name) in [("ALLOC.E09000007", "k1"), ("ALLOC.E08000025", "k2")] {
            let persons = persons.clone();
            assert_eq!(named(&cards(queue, |d| d.persons = persons)[0]), [name], "{queue}");
        }
    }
}

#[test]
fn d10_on_hold_each_placed_child_is_a_matter_of_its_own_and_the_subject_is_not_named() {
    let held = cards("HOLD.human", |d| d.persons = vec![placed("k1", Area::Unknown), placed("k2", area("E08000026"))]);
    let mut names: Vec<Vec<&str>> = held.iter().map(named).collect();
    names.sort_unstable();
    assert_eq!(names, [["k1"], ["k2"]]);
}

#[test]
fn a_prompt_alone_says_for_which_child_and_whom_to_ring() {
    let card = &cards("MASH.E09000023", |d| d.episode.episodes_30d = Some(3))[0];
    assert_eq!(card.get("prompt.child"), Some("Sam Example"));
    assert!(card.get("prompt").is_some_and(|prompt| prompt.starts_with("STRATEGY by 2026-")));
    assert!(card.get("call_back").is_some());
}

#[test]
fn whoever_holds_a_card_sees_that_a_call_home_is_a_danger() {
    let danger = |d: &mut Draft| {
        d.answers.harm_source_at_home = Some(true);
        d.answers.codes = vec![HarmCode::Fm];
        d.persons = vec![Person { at_risk: Some(true), ..placed("k", area("E08000025")) }];
    };
    let warned = ["no_family_contact", "safe_contact_no"];
    assert_eq!(flags(&cards("MPU.SE", danger)[0]), warned, "the closure: whoever closes the episode may ring home");
    assert_eq!(flags(&linked_card(danger)), warned, "the other child's record");
    assert!(
        flags(&cards("ALLOC.E08000025", danger)[0]).is_empty(),
        "a notice about another child says nothing of ours"
    );
    assert!(flags(&cards("MPU.SE", |_| ())[0]).is_empty());
}
