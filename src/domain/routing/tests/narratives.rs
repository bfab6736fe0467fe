//! N1 to N8 of domain section 9 with the answers of 9.2: class, grades, rules, destinations, prompts and flags.

use super::{leg, line, lines};
use crate::domain::{
    code::{
        CaseStatus, Class, EmergencyCall,
        HarmCode::{self, Cce, Csa, Cse, Debt, Emo, Gang, Hidden, Msht, Ocse, Phys, Syv},
        HowKnown, InterviewOutcome, PersonRole, SourceRole,
    },
    decision::{Decision, Flag, PromptKind},
    geography::Area,
    grading::Handling,
    submission::{Draft, Item, Person, StopScreen},
    testing::{area, at, coded, decide, draft_in, ids, intelligence, item, person, place, referral},
};

const YES: Option<bool> = Some(true);

fn told(mut item: Item, how: HowKnown) -> Item {
    item.provenance.how_known = how;
    item
}

fn from(mut item: Item, role: SourceRole) -> Item {
    item.provenance.source_role = role;
    item
}

fn at_place(mut item: Item, place: &str) -> Item {
    item.at = ids(&[place]);
    item
}

fn about(mut item: Item, id: &str) -> Item {
    item.about = Some(id.into());
    item
}

fn offence(mut item: Item) -> Item {
    item.sexual_offence = YES;
    item
}

fn images(mut item: Item) -> Item {
    item.images = YES;
    item
}

fn rail(mut item: Item) -> Item {
    item.rail = YES;
    item
}

fn harmed_child(id: &str, role: PersonRole, lives: Area) -> Person {
    Person { lives, significant_harm: YES, ..person(id, role) }
}

/// Times of the episode, and whether harm is suspected.
fn episode(mut draft: Draft, started: &str, returned: &str, harm: bool) -> Draft {
    draft.episode.started = Some(at(started));
    draft.episode.returned = Some(at(returned));
    draft.interview.held_at = None;
    draft.answers.significant_harm_suspected = Some(harm);
    draft
}

fn expect(decision: &Decision, class: Class, rules: &str, grades: &str, legs: &[&str]) {
    assert_eq!(decision.rules.join(" "), rules);
    let proposed: Vec<String> = decision.items.iter().map(|grade| grade.proposed()).collect();
    assert_eq!(proposed.join(" "), grades);
    assert_eq!(lines(decision), legs);
    assert_eq!(decision.class, class);
    assert_eq!(decision.rule_set, "2026-11-3");
}

fn flags(decision: &Decision) -> String {
    decision.flags.iter().map(|flag| flag.code()).collect::<Vec<_>>().join(" ")
}

fn prompts(decision: &Decision) -> Vec<(PromptKind, &str, Option<String>, bool)> {
    let prompt =
        |p: &crate::domain::decision::Prompt| (p.kind, p.rule, p.due.map(|due| due.to_string()), p.overdue_on_arrival);
    decision.prompts.iter().map(prompt).collect()
}

#[test]
fn n1_photographer_in_lewisham() {
    let draft = draft_in("E09000023");
    let mut draft = episode(draft, "2026-11-18T21:00:00Z", "2026-11-19T14:00:00Z", true);
    draft.answers.codes = vec![Cse, Csa, Hidden];
    draft.places = vec![place("parade", area("E09000011"))];
    draft.persons = vec![harmed_child("jas", PersonRole::OtherChild, Area::Unknown)];
    draft.items = vec![
        at_place(images(offence(coded(&[Cse, Csa]))), "parade"),
        told(about(images(coded(&[Cse])), "jas"), HowKnown::ToldByOther),
        told(coded(&[Cse]), HowKnown::MessageFromPersonConcerned),
    ];
    let decision = decide(draft, "2026-11-20T16:30:00Z");
    let legs = [
        "HOLD.human P1 link page",
        "MASH.E09000023 P1 E C items link [1 3] +STRATEGY provisional",
        "MPU.SE P1 E items [1 2 3]",
        "REFDESK.SE P1 E C items link [1 2 3] +STRATEGY provisional",
    ];
    expect(&decision, Class::P1, "R01 R02 R03 R07 R15 R24", "2A 2C 2A", &legs);
    assert_eq!(decision.linked[0].items, [2]);
    assert_eq!(flags(&decision), "statutory_notification evidence_warning attachments_refused online_abuse");
    assert!(decision.items.iter().all(|grade| grade.handling == Handling::standing()));
    let held = &leg(&decision, "HOLD.human").held[0];
    assert_eq!((held.reason.code(), held.link), ("geography_unknown", Some(0)));
    assert_eq!(held.meant_for, ["MASH", "REFDESK"]);
    let mash = leg(&decision, "MASH.E09000023");
    assert_eq!((mash.ack_due, mash.decide_due), (Some(at("2026-11-20T17:30:00Z")), Some(at("2026-11-20T20:30:00Z"))));
}

#[test]
fn n2_county_line_to_essex() {
    let mut draft = episode(draft_in("E09000010"), "2026-11-08T20:15:00Z", "2026-11-12T21:40:00Z", true);
    draft.episode.episodes_30d = Some(3);
    draft.episode.found_at = Some(area("E23000028"));
    draft.answers.case = CaseStatus::Unknown;
    draft.answers.county_lines = YES;
    draft.answers.codes = vec![Cce, Gang, Debt, Msht];
    draft.persons = vec![
        person("deano", PersonRole::AdultAtRisk),
        harmed_child("brother", PersonRole::Sibling, area("E09000010")),
        person("aunt", PersonRole::OtherAdult),
    ];
    draft.places = vec![place("flat", area("E23000028")), place("station", area("E09000001"))];
    let mut journey = at_place(rail(intelligence()), "station");
    journey.journey_only = YES;
    let mut second_phone = from(coded(&[Cce]), SourceRole::Carer);
    second_phone.provenance.source = Some("aunt".into());
    let mut cuckooed = at_place(coded(&[Cce]), "flat");
    cuckooed.adult_at_risk = YES;
    draft.items = vec![
        cuckooed,
        at_place(coded(&[Cce]), "flat"),
        at_place(coded(&[Debt, Msht]), "flat"),
        told(coded(&[Cce, Gang]), HowKnown::EveryoneKnows),
        second_phone,
        told(about(coded(&[Debt]), "brother"), HowKnown::ToldToFace),
        journey,
    ];
    let decision = decide(draft, "2026-11-14T15:00:00Z");
    let legs = [
        "EDT.E09000010 P1 E C items link [1 2 3 4 5]",
        "FORCE.BTP P3 items [7]",
        "FORCE.E23000028 P1 items [1 2 3]",
        "MASH.E09000010 P1 E C items prompt link [1 2 3 4 5] +STRATEGY +NRM +ADULT_SAFEGUARDING",
        "MPU.NA P1 E items prompt copy_note [1 2 3 4 5 6 7] +STRATEGY +NRM +ADULT_SAFEGUARDING \
         1->FORCE.E23000028 2->FORCE.E23000028 3->FORCE.E23000028",
        "REFDESK.NA P1 E C items link [1 2 3 4 5 6] +STRATEGY +NRM +ADULT_SAFEGUARDING",
    ];
    expect(&decision, Class::P1, "R01 R06 R07 R09 R10 R12 R15 R16", "2A 2A 2A 2D 2A 2A 2A", &legs);
    let due = |kind, rule| {
        let found = prompts(&decision).into_iter().find(|prompt| (prompt.0, prompt.1) == (kind, rule));
        found.map(|prompt| (prompt.2, prompt.3))
    };
    assert_eq!(due(PromptKind::Strategy, "R12"), Some((Some("2026-11-15T23:59:59Z".to_owned()), false)));
    assert_eq!(due(PromptKind::Nrm, "R06"), Some((Some("2026-11-14T19:00:00Z".to_owned()), false)));
    assert_eq!(decision.linked[0].items, [6]);
}

#[test]
fn n3_camden_child_placed_in_croydon() {
    let mut draft = episode(draft_in("E09000008"), "2026-11-06T23:30:00Z", "2026-11-07T06:10:00Z", true);
    draft.responsible_authority = area("E09000007");
    draft.answers.case = CaseStatus::Open;
    draft.answers.looked_after = YES;
    draft.answers.codes = vec![Cse, Phys];
    draft.places = vec![place("flat", area("E09000019"))];
    let kayleigh = harmed_child("kayleigh", PersonRole::OtherChild, area("E09000008"));
    draft.persons = vec![Person { looked_after_by: area("E08000025"), missing_with_subject: YES, ..kayleigh }];
    draft.items = vec![
        at_place(coded(&[Cse]), "flat"),
        at_place(told(about(offence(coded(&[Cse])), "kayleigh"), HowKnown::ToldByOther), "flat"),
        from(item(crate::domain::code::ItemKind::Safeguarding, &[Phys]), SourceRole::Practitioner),
        referral(),
    ];
    let decision = decide(draft, "2026-11-09T18:30:00Z");
    let legs = [
        "ALLOC.E08000025 P1 notice",
        "ALLOC.E09000007 P1 E C items [1 3 4] +STRATEGY",
        "EDT.E09000007 P1 E C items [1 3 4]",
        "EDT.E09000008 P1 E C items link [1 3 4]",
        "MASH.E09000008 P1 E C items notice link [1 3 4] +STRATEGY",
        "MPU.CN P1 items notice [1 2]",
        "MPU.SN P1 E items [1 2]",
        "REFDESK.CN P1 E items [2]",
        "REFDESK.SN P1 E C items link [1 2 3 4] +STRATEGY",
    ];
    expect(&decision, Class::P1, "R01 R02 R07 R08 R13 R14 R15", "2A 2C 1A 2A", &legs);
    assert_eq!(leg(&decision, "REFDESK.CN").rules, ["R02"]);
    assert_eq!(decision.linked[0].items, [2]);
}

#[test]
fn n4_sibling_disclosure_in_newham() {
    let mut draft = episode(draft_in("E09000025"), "2026-11-12T15:30:00Z", "2026-11-12T22:50:00Z", true);
    draft.answers.harm_source_at_home = YES;
    draft.answers.codes = vec![Phys, Emo];
    draft.persons = vec![harmed_child("theo", PersonRole::Sibling, area("E09000025"))];
    let referral = |codes: &[HarmCode]| item(crate::domain::code::ItemKind::Safeguarding, codes);
    draft.items = vec![about(referral(&[Phys]), "theo"), referral(&[Emo])];
    let decision = decide(draft, "2026-11-16T11:30:00Z");
    let legs = [
        "MASH.E09000025 P1 E C items link [2] +STRATEGY",
        "MPU.NE P1 closure",
        "REFDESK.NE P1 E C items link [1 2] +STRATEGY",
    ];
    expect(&decision, Class::P1, "R01 R15 R19", "2A 2A", &legs);
    assert_eq!(flags(&decision), "safe_contact_no");
    assert_eq!(leg(&decision, "MPU.NE").rules, ["R01"]);
}

#[test]
fn n5_live_threat_in_lambeth() {
    let mut draft = episode(draft_in("E09000022"), "2026-11-17T21:00:00Z", "2026-11-20T18:00:00Z", true);
    draft.answers.case = CaseStatus::Unknown;
    draft.answers.codes = vec![Debt, Gang, Cce, Msht, Syv];
    draft.answers.stop_screen = Some(StopScreen {
        danger_now: YES,
        reasons: Vec::new(),
        emergency_call: Some(EmergencyCall::Made),
        reference: Some("CAD 0412".into()),
        at: Some(at("2026-11-21T10:52:00Z")),
    });
    draft.places = vec![place("stairwell", area("E09000022")), place("peckham", area("E09000028"))];
    let sister = |id| harmed_child(id, PersonRole::Sibling, area("E09000022"));
    draft.persons = vec![sister("older"), sister("younger")];
    let mut threat = told(from(coded(&[Debt, Gang]), SourceRole::Practitioner), HowKnown::HeardDirectly);
    threat.danger_now = YES;
    threat.provenance.retracted = YES;
    draft.items = vec![
        threat,
        at_place(coded(&[Syv]), "stairwell"),
        at_place(coded(&[Cce, Debt]), "peckham"),
        told(coded(&[Gang]), HowKnown::Experienced),
    ];
    let decision = decide(draft, "2026-11-21T11:10:00Z");
    let legs = [
        "EDT.E09000022 P0 alert E C items link [1 2 3 4] page",
        "MASH.E09000022 P0 alert E C items link [1 2 3 4] +STRATEGY +NRM page",
        "MPU.AS P0 alert E items [1 2 3 4] +NRM page",
        "REFDESK.AS P0 alert E C items link [1 2 3 4] +STRATEGY +NRM page",
    ];
    expect(&decision, Class::P0, "R00 R01 R06 R07 R15", "1A 2A 2A 2A", &legs);
    assert!(decision.flags.is_empty(), "999 was answered: {:?}", decision.flags);
    assert_eq!(leg(&decision, "EDT.E09000022").links, [0, 1]);
    assert_eq!(leg(&decision, "MPU.AS").ack_due, Some(at("2026-11-21T11:25:00Z")));
}

#[test]
fn n6_online_grooming_in_harrow() {
    let mut draft = episode(draft_in("E09000015"), "2026-11-14T10:00:00Z", "2026-11-14T16:00:00Z", true);
    draft.answers.codes = vec![Ocse, Csa];
    draft.places = vec![place("station", area("E09000015"))];
    draft.persons = vec![person("father", PersonRole::Parent)];
    let mut leo = images(offence(coded(&[Ocse, Csa])));
    leo.online = true;
    let mut plate = from(at_place(rail(coded(&[Ocse])), "station"), SourceRole::Parent);
    plate.provenance.source = Some("father".into());
    draft.items =
        vec![leo, at_place(rail(coded(&[Ocse])), "station"), plate, told(intelligence(), HowKnown::ToldByOther)];
    let decision = decide(draft, "2026-11-17T15:00:00Z");
    let legs = [
        "FORCE.BTP P1 items [2 3]",
        "MASH.E09000015 P1 E C items [1 2 3] +STRATEGY",
        "MPU.NW P1 E items [1 2 3 4]",
        "REFDESK.NW P1 E C items [1 2 3] +STRATEGY",
    ];
    expect(&decision, Class::P1, "R01 R02 R03 R07 R10", "2A 2A 2A 2C", &legs);
    assert!(!decision.flags.contains(&Flag::SafeContactNo));
}

#[test]
fn n7_refusal_in_ealing() {
    let mut draft = episode(draft_in("E09000009"), "2026-11-13T21:00:00Z", "2026-11-14T03:25:00Z", false);
    draft.episode.outcome = InterviewOutcome::DeclinedChild;
    draft.episode.episodes_30d = Some(4);
    draft.answers.case = CaseStatus::Open;
    draft.answers.looked_after = YES;
    draft.answers.county_lines = Some(false);
    draft.answers.codes = vec![Cce];
    draft.persons = vec![person("carer", PersonRole::Carer)];
    let mut seen = from(coded(&[Cce]), SourceRole::Carer);
    seen.provenance.source = Some("carer".into());
    let heard = told(seen.clone(), HowKnown::HeardDirectly);
    draft.items = vec![seen.clone(), heard, seen.clone(), seen];
    let decision = decide(draft, "2026-11-17T10:00:00Z");
    let legs =
        ["ALLOC.E09000009 P2 E C items prompt [1 2 3 4] +STRATEGY", "MPU.WA P2 E items prompt [1 2 3 4] +STRATEGY"];
    expect(&decision, Class::P2, "R07 R12 R20", "2A 2A 2A 2A", &legs);
    assert_eq!(prompts(&decision), [(PromptKind::Strategy, "R12", Some("2026-11-17T23:59:59Z".to_owned()), false)]);
    assert_eq!(leg(&decision, "MPU.WA").ack_due, Some(at("2026-11-17T14:00:00Z")));
    assert!(decision.items.iter().all(|grade| grade.handling == Handling::standing()));
}

#[test]
fn n8_home_conflict_in_kingston() {
    let mut draft = episode(draft_in("E09000021"), "2026-11-18T22:00:00Z", "2026-11-19T08:15:00Z", false);
    draft.answers.nil_intelligence = YES;
    draft.answers.codes = vec![HarmCode::None];
    let decision = decide(draft, "2026-11-20T17:10:00Z");
    expect(&decision, Class::P4, "R23", "", &["MPU.SW P4 closure"]);
    assert_eq!(line(leg(&decision, "MPU.SW")), "MPU.SW P4 closure");
    assert_eq!((leg(&decision, "MPU.SW").ack_due, leg(&decision, "MPU.SW").decide_due), (None, None));
    assert!(decision.prompts.is_empty() && decision.flags.is_empty());
}
