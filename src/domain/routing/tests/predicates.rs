//! Each rule R00 to R24 once firing and once not.

use super::lines;
use crate::domain::{
    code::{CaseStatus, Class, DangerReason, Fgm, HarmCode, InterviewOutcome, PersonRole, RiskLevel, Sex, SourceRole},
    decision::Decision,
    geography::Area,
    submission::{Draft, Person, StopScreen},
    testing::{area, at, coded, decide, draft, ids, intelligence, person, place, referral},
};

const YES: Option<bool> = Some(true);
const NO: Option<bool> = Some(false);

fn decided(change: impl FnOnce(&mut Draft)) -> Decision {
    let mut draft = draft();
    change(&mut draft);
    decide(draft, "2026-11-17T10:00:00Z")
}

fn rules(change: impl FnOnce(&mut Draft)) -> Vec<&'static str> {
    decided(change).rules
}

/// Asserts that `rule` fires after the first change and not after the second.
fn fires(rule: &str, yes: impl FnOnce(&mut Draft), no: impl FnOnce(&mut Draft)) {
    let (with, without) = (rules(yes), rules(no));
    assert!(with.contains(&rule), "{rule} must fire: {with:?}");
    assert!(!without.contains(&rule), "{rule} must not fire: {without:?}");
}

fn child_at_risk(lives: Area) -> Person {
    Person { at_risk: YES, lives, ..person("other", PersonRole::OtherChild) }
}

fn located(draft: &mut Draft, code: &str) {
    draft.places = vec![place("there", area(code))];
    draft.items = vec![intelligence()];
    draft.items[0].at = ids(&["there"]);
}

#[test]
fn r00_danger_or_missing_again_at_high_risk() {
    let screen = |danger, reasons: &[DangerReason]| {
        Some(StopScreen {
            danger_now: danger,
            reasons: reasons.to_vec(),
            emergency_call: None,
            reference: None,
            at: None,
        })
    };
    fires("R00", |d| d.answers.stop_screen = screen(YES, &[]), |d| d.answers.stop_screen = screen(NO, &[]));
    fires("R00", |d| d.answers.stop_screen = screen(None, &[DangerReason::ThreatTonight]), |_| ());
    fires(
        "R00",
        |d| {
            d.items = vec![intelligence()];
            d.items[0].danger_now = YES;
        },
        |d| d.items = vec![intelligence()],
    );
    fires(
        "R00",
        |d| {
            d.episode.outcome = InterviewOutcome::NotOfferedMissingAgain;
            d.episode.risk = Some(RiskLevel::High);
        },
        |d| {
            d.answers.missing_again_now = YES;
            d.episode.risk = Some(RiskLevel::Medium);
        },
    );
}

#[test]
fn r01_by_answer_only_and_never_by_risk() {
    fires("R01", |d| d.answers.significant_harm_suspected = YES, |d| d.episode.risk = Some(RiskLevel::High));
    fires("R01", |d| d.items = vec![coded(&[HarmCode::Csa])], |d| d.items = vec![coded(&[HarmCode::Cse])]);
}

#[test]
fn r02_csa_is_a_crime_unless_the_answer_says_no() {
    let csa = |answer| {
        move |d: &mut Draft| {
            d.items = vec![coded(&[HarmCode::Csa])];
            d.items[0].sexual_offence = answer;
        }
    };
    fires("R02", csa(None), csa(NO));
}

#[test]
fn r03_images_name_r01_but_not_r02() {
    let images = |answer| {
        move |d: &mut Draft| {
            d.items = vec![intelligence()];
            d.items[0].images = answer;
        }
    };
    fires("R03", images(YES), images(None));
    assert_eq!(rules(images(YES)), ["R01", "R03", "R07"]);
}

#[test]
fn r04_known_in_a_girl_under_18() {
    let known = |sex, born: &'static str| {
        move |d: &mut Draft| {
            d.answers.fgm = Some(Fgm::Known);
            d.child.sex = sex;
            d.child.date_of_birth = Some(born.parse().unwrap());
        }
    };
    fires("R04", known(None, "2012-03-04"), known(Some(Sex::Male), "2012-03-04"));
    fires("R04", known(Some(Sex::Female), "2008-11-18"), known(Some(Sex::Female), "2008-11-17"));
    // Born on 29 February, she turns 18 on 1 March of a common year.
    let leapling = |today: &str| {
        let mut draft = draft();
        known(Some(Sex::Female), "2008-02-29")(&mut draft);
        decide(draft, today).rules.contains(&"R04")
    };
    assert!(leapling("2026-02-28T10:00:00Z") && !leapling("2026-03-01T10:00:00Z"));
    fires("R04", known(Some(Sex::Other), "2012-03-04"), |d| d.answers.fgm = Some(Fgm::Suspected));
}

#[test]
fn r05_forced_marriage_or_honour() {
    fires("R05", |d| d.answers.codes = vec![HarmCode::Fm], |d| d.answers.codes = vec![HarmCode::Calfb]);
    fires("R05", |d| d.items = vec![coded(&[HarmCode::Hba])], |d| d.items = vec![coded(&[HarmCode::Neg])]);
}

#[test]
fn r06_trafficking_debt_or_county_lines() {
    let cce = |county_lines| {
        move |d: &mut Draft| {
            d.answers.codes = vec![HarmCode::Cce];
            d.answers.county_lines = county_lines;
        }
    };
    fires("R06", cce(YES), cce(None));
    fires("R06", |d| d.answers.codes = vec![HarmCode::Debt], |d| d.answers.codes = vec![HarmCode::Gang]);
}

#[test]
fn r07_an_intelligence_item_that_is_no_allegation_and_not_health_alone() {
    fires("R07", |d| d.items = vec![intelligence()], |d| d.items = vec![referral()]);
    fires(
        "R07",
        |d| d.items = vec![coded(&[HarmCode::SelfHarm, HarmCode::Cse])],
        |d| d.items = vec![coded(&[HarmCode::SelfHarm])],
    );
    let accused = |d: &mut Draft| {
        d.items = vec![intelligence()];
        d.items[0].allegation = YES;
    };
    fires("R07", |d| d.items = vec![intelligence()], accused);
}

#[test]
fn r08_another_bcu_than_the_owners() {
    fires("R08", |d| located(d, "E09000019"), |d| located(d, "E09000004"));
}

#[test]
fn r09_an_item_or_a_child_in_another_force() {
    fires("R09", |d| located(d, "E23000032"), |d| located(d, "E09000019"));
    fires("R09", |d| d.lives_now = area("E23000032"), |d| d.lives_now = area("E09000019"));
    fires(
        "R09",
        |d| d.persons = vec![child_at_risk(area("E08000025"))],
        |d| {
            d.persons = vec![child_at_risk(area("E09000001"))];
        },
    );
}

#[test]
fn r10_rail() {
    fires(
        "R10",
        |d| {
            d.items = vec![intelligence()];
            d.items[0].rail = YES;
        },
        |d| {
            d.items = vec![referral()];
            d.items[0].rail = YES;
        },
    );
}

#[test]
fn r11_the_city_but_not_a_journey_through_it() {
    fires(
        "R11",
        |d| located(d, "E09000001"),
        |d| {
            located(d, "E09000001");
            d.items[0].journey_only = YES;
        },
    );
    fires("R11", |d| located(d, "E23000034"), |d| located(d, "E09000030"));
}

#[test]
fn r12_72_hours_three_episodes_or_high() {
    let until = |returned: &'static str| move |d: &mut Draft| d.episode.returned = Some(at(returned));
    fires("R12", until("2026-11-10T20:00:00Z"), until("2026-11-10T19:59:59Z"));
    fires("R12", |d| d.episode.episodes_30d = Some(3), |d| d.episode.episodes_30d = Some(2));
    fires("R12", |d| d.episode.risk = Some(RiskLevel::High), |d| d.episode.risk = Some(RiskLevel::Medium));
    fires(
        "R12",
        |d| d.episode.returned = None,
        |d| {
            d.episode.started = None;
            d.episode.returned = None;
        },
    );
}

#[test]
fn r13_looked_after_and_placed_away() {
    fires(
        "R13",
        |d| d.lives_now = area("E09000008"),
        |d| {
            d.lives_now = area("E09000008");
            d.answers.looked_after = NO;
        },
    );
    fires("R13", |d| d.lives_now = area("E23000032"), |d| d.answers.looked_after = YES);
}

/// 3.1: `looked_after`, where nobody answered, is yes if the two places are known and differ; a force's code is a known place.
#[test]
fn r13_where_the_placing_authority_or_the_placement_is_known_by_its_force_only() {
    let placed = |lives: &'static str, by: &'static str| {
        move |d: &mut Draft| (d.lives_now, d.responsible_authority) = (area(lives), area(by))
    };
    fires("R13", placed("E09000023", "E23000028"), placed("E09000023", "E23000001"));
    fires("R13", placed("E23000032", "E23000028"), placed("E23000032", "E23000032"));
    fires("R13", placed("E23000001", "E08000025"), placed("E23000001", "E09000023"));
    fires("R13", placed("E08000025", "E23000028"), placed("E08000025", "E23000014"));
    assert_eq!(
        lines(&decided(placed("E09000023", "E23000028"))),
        ["FORCE.E23000028 P4 notice", "HOLD.human P4 E C page", "MASH.E09000023 P4 notice", "MPU.SE P4 closure"],
        "home police and the host are told, and a person finds the allocated team (D09, D22)"
    );
}

#[test]
fn r14_another_authoritys_child_with_ours() {
    let placed = |by: &'static str, missing| {
        move |d: &mut Draft| {
            let child = person("other", PersonRole::OtherChild);
            let lives = area("E09000023");
            d.persons = vec![Person { lives, looked_after_by: area(by), missing_with_subject: missing, ..child }];
        }
    };
    fires("R14", placed("E08000025", YES), placed("E09000023", YES));
    fires("R14", placed("E08000025", YES), placed("E08000025", None));
    // Whoever may be a child by role or date of birth.
    let born = |role, year| {
        move |d: &mut Draft| {
            placed("E08000025", YES)(d);
            d.persons[0].role = role;
            d.persons[0].date_of_birth = Some(jiff::civil::date(year, 3, 1));
        }
    };
    fires("R14", born(PersonRole::Friend, 2011), born(PersonRole::Friend, 1990));
    fires("R14", born(PersonRole::Suspect, 2011), born(PersonRole::Suspect, 1990));
}

#[test]
fn r15_another_child_at_risk_who_can_be_identified() {
    fires(
        "R15",
        |d| d.persons = vec![child_at_risk(Area::Unknown)],
        |d| {
            d.persons = vec![Person { identifiable: NO, ..child_at_risk(Area::Unknown) }];
        },
    );
    let about = |at_risk| {
        move |d: &mut Draft| {
            d.persons = vec![Person { at_risk, ..person("other", PersonRole::Sibling) }];
            d.items = vec![coded(&[HarmCode::Neg])];
            d.items[0].about = Some("other".into());
        }
    };
    fires("R15", about(None), about(NO));
    fires("R15", about(None), |d| d.persons = vec![person("other", PersonRole::Sibling)]);
    // An item with an allegation is a referral, and so is coded, whatever it was sent as (D06, D08).
    let alleged = |allegation| {
        move |d: &mut Draft| {
            d.persons = vec![Person { lives: area("E09000007"), ..person("other", PersonRole::OtherChild) }];
            d.items = vec![intelligence()];
            d.items[0].about = Some("other".into());
            d.items[0].allegation = allegation;
        }
    };
    fires("R15", alleged(YES), alleged(None));
}

#[test]
fn r16_a_vulnerable_adult() {
    let adult = |answer| {
        move |d: &mut Draft| {
            d.persons = vec![person("tenant", PersonRole::AdultAtRisk)];
            d.items = vec![intelligence()];
            d.items[0].adult_at_risk = answer;
        }
    };
    fires("R16", adult(None), adult(NO));
}

#[test]
fn r17_radicalisation() {
    fires("R17", |d| d.answers.codes = vec![HarmCode::Rad], |d| d.answers.codes = vec![HarmCode::Syv]);
}

#[test]
fn r18_an_allegation_on_a_person_or_on_an_item_that_names_them() {
    let accused = |answer| {
        move |d: &mut Draft| {
            d.persons = vec![Person { allegation: answer, ..person("staff", PersonRole::Professional) }];
            d.items = vec![intelligence()];
            d.items[0].who = ids(&["staff"]);
        }
    };
    fires("R18", accused(YES), accused(None));
    assert!(!rules(accused(YES)).contains(&"R07"), "an allegation is a referral (D08)");
}

#[test]
fn r19_r20_r21() {
    fires("R19", |d| d.answers.harm_source_at_home = YES, |d| d.answers.harm_source_at_home = NO);
    let carer = |outcome| {
        move |d: &mut Draft| {
            d.episode.outcome = outcome;
            d.items = vec![intelligence()];
            d.items[0].provenance.source_role = SourceRole::Carer;
        }
    };
    fires("R20", carer(InterviewOutcome::DeclinedChild), carer(InterviewOutcome::Partial));
    fires("R21", |d| d.answers.wanted = YES, |d| d.answers.wanted = None);
}

#[test]
fn r22_self_harm_or_a_code_that_reaches_no_front_door() {
    fires("R22", |d| d.answers.codes = vec![HarmCode::Neg], |d| d.answers.codes = vec![HarmCode::None]);
    fires(
        "R22",
        |d| d.answers.codes = vec![HarmCode::Neg],
        |d| {
            d.answers.codes = vec![HarmCode::Neg];
            d.answers.significant_harm_suspected = YES;
        },
    );
    fires("R22", |d| d.answers.suicidal_intent = YES, |d| d.answers.suicidal_intent = NO);
    fires("R22", |d| d.items = vec![referral()], |d| d.items = vec![intelligence()]);
    assert_eq!(decided(|d| d.answers.suicidal_intent = YES).class, Class::P1);
    assert_eq!(decided(|d| d.answers.codes = vec![HarmCode::SelfHarm]).class, Class::P2);
}

#[test]
fn r23_nothing_else_but_r13_and_r24() {
    fires("R23", |_| (), |d| d.items = vec![intelligence()]);
    fires("R23", |d| d.lives_now = area("E09000008"), |d| d.answers.wanted = YES);
    fires("R23", |d| d.missing_from = Area::Unknown, |d| d.answers.harm_source_at_home = YES);
}

#[test]
fn r24_only_where_something_is_undecided() {
    fires("R24", |d| d.missing_from = Area::Unknown, |_| ());
    let harm_with = |lives: Area, responsible: Area| {
        move |d: &mut Draft| {
            d.answers.significant_harm_suspected = YES;
            d.lives_now = lives;
            d.responsible_authority = responsible;
        }
    };
    // No leg needs the responsible authority of a closed case, so nothing is held for it.
    let lewisham = || area("E09000023");
    fires("R24", harm_with(Area::Unknown, lewisham()), harm_with(lewisham(), Area::Unknown));
}

#[test]
fn classes_of_the_rules() {
    let class = |change: &dyn Fn(&mut Draft)| decided(change).class;
    assert_eq!(class(&|d| d.answers.stop_screen = None), Class::P4);
    assert_eq!(class(&|d| d.items = vec![intelligence()]), Class::P3);
    assert_eq!(class(&|d| d.items = vec![coded(&[HarmCode::Gang])]), Class::P2);
    assert_eq!(class(&|d| d.answers.codes = vec![HarmCode::Msht]), Class::P1);
    assert_eq!(class(&|d| d.answers.wanted = YES), Class::P2);
    assert_eq!(class(&|d| d.answers.case = CaseStatus::Open), Class::P4);
}
