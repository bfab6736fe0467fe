//! D01 to D26 where neither a narrative nor a predicate's test has them already.

use super::{leg, line, lines, queues};
use crate::domain::{
    code::{
        CaseStatus, Class, EmergencyCall, Fgm,
        HarmCode::{self, Cce, Cse, Debt, Neg, SelfHarm},
        ItemKind, PersonRole, RiskLevel, YesNoUnknown,
    },
    decision::{Decision, Flag, PromptKind},
    geography::Area,
    submission::{Draft, Person, StopScreen},
    testing::{area, at, coded, decide, draft, ids, intelligence, item, person, place, referral},
};

const YES: Option<bool> = Some(true);
const TUESDAY: &str = "2026-11-17T10:00:00Z";
const NIGHT: &str = "2026-11-17T22:00:00Z";

fn decided(now: &str, change: impl FnOnce(&mut Draft)) -> Decision {
    let mut draft = draft();
    change(&mut draft);
    decide(draft, now)
}

fn harm(draft: &mut Draft) {
    draft.answers.significant_harm_suspected = YES;
}

fn harmed(lives: Area) -> Person {
    Person { significant_harm: YES, lives, ..person("other", PersonRole::OtherChild) }
}

#[test]
fn d01_the_duty_team_gets_urgent_content_when_the_office_is_closed() {
    let edt = |now: &str| queues(&decided(now, harm)).iter().any(|queue| queue == "EDT.E09000023");
    assert!(!edt("2026-11-17T09:00:00Z"));
    assert!(!edt("2026-11-17T16:59:59Z"));
    assert!(edt("2026-11-17T17:00:00Z"));
    assert!(edt("2026-12-28T10:00:00Z"), "bank holiday");
    assert!(!edt("2026-07-06T08:00:00Z"), "09:00 in summer time");
    let p2 = decided(NIGHT, |d| d.answers.codes = vec![Neg]);
    assert_eq!(queues(&p2), ["MASH.E09000023", "MPU.SE"], "P2 waits");
}

#[test]
fn d01_a_linked_record_of_p2_notices_and_prompts_wait_for_the_day() {
    let decision = decided(NIGHT, |d| {
        harm(d);
        d.episode.risk = Some(RiskLevel::High);
        d.persons = vec![Person { at_risk: YES, significant_harm: None, ..harmed(area("E09000019")) }];
    });
    let legs = [
        "EDT.E09000023 P1 E C",
        "MASH.E09000019 P1 link",
        "MASH.E09000023 P1 E C prompt +STRATEGY",
        "MPU.SE P1 closure prompt +STRATEGY",
        "REFDESK.SE P1 E C +STRATEGY",
    ];
    assert_eq!(lines(&decision), legs);
}

#[test]
fn d02_the_front_door_follows_the_open_case() {
    let door = |case, responsible: &str, looked_after| {
        let decision = decided(TUESDAY, |d| {
            harm(d);
            d.answers.case = case;
            d.answers.looked_after = looked_after;
            d.responsible_authority = area(responsible);
        });
        queues(&decision)
            .into_iter()
            .filter(|queue| !queue.contains("MPU") && !queue.contains("REFDESK"))
            .collect::<Vec<_>>()
    };
    let no = Some(false);
    assert_eq!(door(CaseStatus::Closed, "E09000023", no), ["MASH.E09000023"]);
    assert_eq!(door(CaseStatus::Unknown, "E09000023", no), ["MASH.E09000023"]);
    assert_eq!(door(CaseStatus::Open, "E09000023", no), ["ALLOC.E09000023"]);
    assert_eq!(door(CaseStatus::Open, "E09000007", no), ["ALLOC.E09000007", "MASH.E09000023"]);
    assert_eq!(door(CaseStatus::Closed, "E09000023", YES), ["ALLOC.E09000023"], "looked after is always open");
}

#[test]
fn d05_only_an_explicit_no_on_every_item_ends_it() {
    let class = |answers: &[Option<YesNoUnknown>]| {
        let decision = decided(TUESDAY, |d| {
            d.items = answers
                .iter()
                .map(|answer| {
                    let mut item = coded(&[Debt]);
                    item.still_happening = *answer;
                    item
                })
                .collect();
        });
        decision.class
    };
    let no = Some(YesNoUnknown::No);
    assert_eq!(class(&[no, no]), Class::P2);
    assert_eq!(class(&[no, None]), Class::P1);
    assert_eq!(class(&[Some(YesNoUnknown::Unknown)]), Class::P1);
    assert_eq!(decided(TUESDAY, |d| d.answers.codes = vec![Cce]).class, Class::P2, "CCE alone is an indicator");
}

#[test]
fn d06_an_uncoded_report_is_for_police_and_a_coded_one_for_the_front_door_too() {
    let decision = decided(TUESDAY, |d| {
        d.items = vec![intelligence(), coded(&[HarmCode::None]), coded(&[Cse]), referral()];
    });
    assert_eq!(lines(&decision), ["MASH.E09000023 P2 E C items [3 4]", "MPU.SE P2 E items [1 2 3]"]);
}

#[test]
fn d07_the_owner_always_gets_something() {
    let closure = decided(TUESDAY, |d| d.answers.codes = vec![Neg]);
    assert_eq!(lines(&closure), ["MASH.E09000023 P2 E C", "MPU.SE P2 closure"]);
    let outside = decided(TUESDAY, |d| d.missing_from = area("E08000025"));
    assert_eq!(lines(&outside), ["FORCE.E23000014 P4 closure"]);
}

#[test]
fn d09_outside_the_met_the_control_room_stands_for_mpu_and_referral_desk() {
    let decision = decided(TUESDAY, |d| {
        harm(d);
        d.missing_from = area("E23000032");
        d.lives_now = area("E23000032");
        d.answers.looked_after = YES;
        d.items = vec![coded(&[Cse])];
    });
    assert_eq!(line(leg(&decision, "FORCE.E23000032")), "FORCE.E23000032 P1 E C items [1] +STRATEGY");
    assert_eq!(line(leg(&decision, "MPU.SE")), "MPU.SE P1 notice", "home police by R13");
    assert_eq!(leg(&decision, "HOLD.human").held[0].meant_for, ["MASH"], "Kent's council is not in section 1");
}

#[test]
fn d09_the_force_where_the_subject_lives_gets_at_least_a_notice() {
    let decision = decided(TUESDAY, |d| {
        d.lives_now = area("E08000025");
        d.responsible_authority = area("E08000025");
    });
    assert_eq!(decision.rules, ["R09"]);
    assert_eq!(lines(&decision), ["FORCE.E23000014 P4 notice", "MPU.SE P4 closure"]);
}

#[test]
fn d10_the_placing_authority_is_told_and_its_police_are_not() {
    let decision = decided(TUESDAY, |d| {
        let child = Person { missing_with_subject: YES, ..person("other", PersonRole::OtherChild) };
        d.persons = vec![Person { lives: area("E09000023"), looked_after_by: area("E08000025"), ..child }];
    });
    assert_eq!(lines(&decision), ["ALLOC.E08000025 P2 notice", "MPU.SE P2 closure"]);
}

#[test]
fn d11_a_linked_child_in_another_force_goes_to_it_at_any_class() {
    let lines_for = |significant, lives: &str| {
        let decision = decided(TUESDAY, |d| {
            d.persons = vec![Person { at_risk: YES, significant_harm: significant, ..harmed(area(lives)) }];
        });
        lines(&decision)
    };
    let essex = ["FORCE.E23000028 P2 link", "HOLD.human P2 link page", "MPU.SE P2 closure"];
    assert_eq!(lines_for(None, "E23000028"), essex);
    assert_eq!(
        lines_for(None, "E08000025"),
        ["FORCE.E23000014 P2 link", "MASH.E08000025 P2 link", "MPU.SE P2 closure"]
    );
    assert_eq!(lines_for(YES, "E09000019"), ["MASH.E09000019 P1 link", "MPU.SE P1 closure", "REFDESK.CN P1 link"]);
}

#[test]
fn d11_without_a_linked_record_the_item_stays_with_the_subject() {
    let decision = decided(TUESDAY, |d| {
        d.persons = vec![Person { identifiable: Some(false), ..harmed(Area::Unknown) }];
        d.items = vec![item(ItemKind::Safeguarding, &[Neg])];
        d.items[0].about = Some("other".into());
    });
    assert_eq!(decision.rules, ["R22"]);
    assert_eq!(leg(&decision, "MASH.E09000023").items, [1]);
}

#[test]
fn d12_the_meeting_is_due_three_days_after_the_return_and_may_be_overdue() {
    let prompt = |returned: Option<&str>, received: &str| {
        let decision = decided(received, |d| {
            d.episode.returned = returned.map(at);
            d.episode.episodes_30d = Some(3);
        });
        let prompt = decision.prompts[0].clone();
        (prompt.due.unwrap().to_string(), prompt.overdue_on_arrival)
    };
    let day = |date: &str| format!("{date}T23:59:59Z");
    assert_eq!(prompt(Some("2026-11-14T03:25:00Z"), TUESDAY), (day("2026-11-17"), false));
    assert_eq!(prompt(Some("2026-11-13T23:25:00Z"), TUESDAY), (day("2026-11-16"), true));
    assert_eq!(prompt(None, TUESDAY), (day("2026-11-20"), false));
    // 23:30 UTC on 24 June is the 25th in London.
    assert_eq!(prompt(Some("2026-06-24T23:30:00Z"), "2026-06-25T10:00:00Z").0, "2026-06-28T22:59:59Z");
}

#[test]
fn d14_a_missing_999_answer_is_flagged_and_never_refused() {
    let flagged = |call, reference: Option<&str>, moment: Option<&str>| {
        let decision = decided(TUESDAY, |d| {
            d.answers.stop_screen = Some(StopScreen {
                danger_now: YES,
                reasons: Vec::new(),
                emergency_call: call,
                reference: reference.map(Into::into),
                at: moment.map(at),
            });
        });
        let prompt = leg(&decision, "MPU.SE").prompts().contains(&PromptKind::Call999);
        assert_eq!(decision.flags.contains(&Flag::EmergencyReferenceMissing), prompt);
        prompt
    };
    let ten = Some("2026-11-17T09:50:00Z");
    assert!(!flagged(Some(EmergencyCall::Made), Some("CAD 1"), ten));
    assert!(!flagged(Some(EmergencyCall::Cannot), None, None));
    assert!(flagged(Some(EmergencyCall::Made), None, ten));
    assert!(flagged(Some(EmergencyCall::Made), Some("CAD 1"), None));
    assert!(flagged(Some(EmergencyCall::NotNeeded), None, None));
    assert!(flagged(None, None, None));
}

#[test]
fn d16_the_desk_that_owns_an_offence_has_the_item_with_or_without_a_code() {
    type Crime = fn(&mut Draft);
    let crimes: [Crime; 2] = [|d| d.items[0].sexual_offence = YES, |d| d.items[0].images = YES];
    for crime in crimes {
        for place_of in [None, Some(Area::Unknown), Some(area("E09000023"))] {
            let decision = decided(TUESDAY, |d| {
                d.items = vec![intelligence()];
                crime(d);
                if let Some(place_of) = &place_of {
                    d.places = vec![place("here", place_of.clone())];
                    d.items[0].at = ids(&["here"]);
                }
            });
            assert_eq!(line(leg(&decision, "REFDESK.SE")), "REFDESK.SE P1 E C items [1] +STRATEGY", "{place_of:?}");
            assert_eq!(line(leg(&decision, "MASH.E09000023")), "MASH.E09000023 P1 E C +STRATEGY", "{place_of:?}");
        }
    }
}

#[test]
fn r16_an_item_that_names_the_adult_goes_to_the_owner_unless_the_answer_is_no() {
    let owners = |answer: Option<bool>, who: &[&str], about: Option<&str>| {
        let decision = decided(TUESDAY, |d| {
            d.persons = vec![person("deano", PersonRole::AdultAtRisk), person("k", PersonRole::Friend)];
            d.items = vec![coded(&[Neg]), referral()];
            d.items[0].kind = ItemKind::Safeguarding;
            d.items[1].adult_at_risk = answer;
            d.items[1].who = ids(who);
            d.items[1].about = about.map(Into::into);
        });
        leg(&decision, "MPU.SE").items.clone()
    };
    assert_eq!(owners(None, &["deano"], None), [2]);
    assert_eq!(owners(None, &[], Some("deano")), [2]);
    assert_eq!(owners(YES, &[], None), [2]);
    assert!(owners(None, &["k"], None).is_empty());
    assert!(owners(Some(false), &["deano"], None).is_empty());
}

#[test]
fn d16_online_beside_a_place_is_the_childs_own_desk_and_that_of_the_place() {
    let decision = |online| {
        decided(TUESDAY, move |d| {
            d.places = vec![place("there", area("E09000019"))];
            d.items = vec![intelligence()];
            d.items[0].at = ids(&["there"]);
            d.items[0].sexual_offence = YES;
            d.items[0].online = online;
        })
    };
    let both = decision(true);
    for queue in ["REFDESK.CN", "REFDESK.SE"] {
        assert_eq!(leg(&both, queue).items, [1], "{queue}");
    }
    assert_eq!(leg(&decision(false), "REFDESK.CN").items, [1]);
    assert!(leg(&decision(false), "REFDESK.SE").items.is_empty());
}

#[test]
fn d17_a_journey_through_the_city_is_for_btp_alone_and_an_event_there_for_its_police() {
    let in_city = |journey_only| {
        let decision = decided(TUESDAY, |d| {
            d.places = vec![place("bank", area("E09000001"))];
            d.items = vec![intelligence()];
            d.items[0].at = ids(&["bank"]);
            d.items[0].rail = YES;
            d.items[0].journey_only = journey_only;
        });
        queues(&decision)
    };
    assert_eq!(in_city(YES), ["FORCE.BTP", "MPU.SE"]);
    assert_eq!(in_city(None), ["FORCE.BTP", "FORCE.E23000034", "MPU.SE"]);
}

#[test]
fn d18_a_neighbour_is_woken_by_its_own_items_only() {
    let decision = decided(TUESDAY, |d| {
        harm(d);
        d.places = vec![place("there", area("E09000019"))];
        d.items = vec![intelligence(), coded(&[Cse])];
        d.items[0].at = ids(&["there"]);
    });
    assert_eq!(line(leg(&decision, "MPU.CN")), "MPU.CN P3 items [1]");
    assert_eq!(leg(&decision, "MPU.SE").class, Class::P1);
}

#[test]
fn d19_no_family_contact_follows_the_codes_and_the_101_report_the_disclosure() {
    for code in [HarmCode::Fm, HarmCode::Hba, HarmCode::Fgm, HarmCode::Calfb] {
        assert!(decided(TUESDAY, |d| d.answers.codes = vec![code]).flags.contains(&Flag::NoFamilyContact), "{code}");
    }
    let known = decided(TUESDAY, |d| {
        d.answers.fgm = Some(Fgm::Known);
        d.answers.fgm_disclosed_at = Some(at("2026-11-13T15:00:00Z"));
    });
    assert_eq!(known.prompts[0].due, Some(at("2026-11-16T17:00:00Z")));
    assert!(known.prompts[0].overdue_on_arrival);
    assert_eq!(queues(&known), ["MASH.E09000023", "MPU.SE", "REFDESK.SE"], "and by R22 to the front door");
    assert!(
        decided(TUESDAY, |d| d.answers.fgm = Some(Fgm::ReportedByThirdParty)).flags.contains(&Flag::NoFamilyContact)
    );
}

#[test]
fn d20_self_harm_is_for_council_and_health_and_police_get_the_bare_fact() {
    let quiet = decided(TUESDAY, |d| d.items = vec![coded(&[SelfHarm])]);
    assert_eq!(lines(&quiet), ["MASH.E09000023 P2 E C items [1] +HEALTH", "MPU.SE P2 closure"]);
    let stated = decided(TUESDAY, |d| {
        d.items = vec![coded(&[SelfHarm])];
        d.answers.suicidal_intent = YES;
    });
    let legs = ["MASH.E09000023 P1 E C items [1] +HEALTH", "MPU.SE P1 E closure", "REFDESK.SE P1 E"];
    assert_eq!(lines(&stated), legs);
    assert_eq!(stated.flags, [Flag::SelfHarmRisk]);
    let with_harm = decided(TUESDAY, |d| {
        harm(d);
        d.items = vec![coded(&[SelfHarm]), coded(&[SelfHarm, Cse])];
    });
    assert_eq!(leg(&with_harm, "REFDESK.SE").items, [2], "health alone never goes to police");
    assert_eq!(leg(&with_harm, "MPU.SE").items, [2]);
    assert!(with_harm.flags.is_empty());
}

#[test]
fn d20_another_childs_self_harm_is_not_the_subjects_risk() {
    let decision = decided(TUESDAY, |d| {
        d.answers.codes = vec![SelfHarm];
        d.answers.missing_again_now = YES;
        d.persons = vec![harmed(area("E09000023"))];
        d.items = vec![coded(&[SelfHarm])];
        d.items[0].about = Some("other".into());
    });
    assert!(!decision.flags.contains(&Flag::SelfHarmRisk));
    assert_eq!(decision.linked[0].items, [1]);
}

#[test]
fn d22_a_nil_return_of_a_placed_child_tells_everyone_and_stays_p4() {
    let decision = decided(NIGHT, |d| {
        d.missing_from = area("E09000008");
        d.lives_now = area("E09000008");
    });
    let legs = ["ALLOC.E09000023 P4 E C", "MASH.E09000008 P4 notice", "MPU.SE P4 notice", "MPU.SN P4 closure"];
    assert_eq!(lines(&decision), legs);
    assert_eq!(decision.rules, ["R13", "R23"]);
    let at_home = decided(NIGHT, |d| d.lives_now = area("E09000008"));
    assert_eq!(leg(&at_home, "MPU.SE").contents.len(), 1, "home and owner are one queue: closure only");
}

#[test]
fn d26_exploitation_radicalisation_and_allegations_open_the_front_door() {
    let doors = |change: &dyn Fn(&mut Draft)| line(leg(&decided(TUESDAY, change), "MASH.E09000023"));
    assert_eq!(doors(&|d| d.items = vec![coded(&[Cse])]), "MASH.E09000023 P2 E C items [1]");
    assert_eq!(doors(&|d| d.answers.codes = vec![HarmCode::Rad]), "MASH.E09000023 P2 E C +PREVENT");
    let accused = |d: &mut Draft| {
        d.items = vec![intelligence()];
        d.items[0].allegation = YES;
    };
    assert_eq!(doors(&accused), "MASH.E09000023 P1 E C items [1] +LADO");
    let unit = decided(TUESDAY, |d| d.items = vec![coded(&[Cse])]);
    assert!(!queues(&unit).contains(&"REFDESK.SE".to_owned()), "not by R07");
}
