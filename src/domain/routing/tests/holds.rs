//! What goes to HOLD and why (R24, D03, D04, D08, D16, D21), and that certain legs go at once.

use super::{leg, line, lines, queues};
use crate::domain::{
    classify::class_of,
    code::{Class, HarmCode, MarkingLevel, PersonRole},
    decision::{Content, Decision, HoldReason},
    directory::{Effective, Unattended},
    geography::Area,
    grading,
    policy::Policy,
    queue::QueueId,
    routing::{route, unsupported_marking_alert},
    stage::Degraded,
    submission::{Draft, Person},
    testing::{
        area, at, coded, decide, draft, ids, intelligence, person, place, policy, referral, routed, tuesday, unrendered,
    },
    unit::{Audience, Part, UnitLabel},
};

const YES: Option<bool> = Some(true);

fn decided(change: impl FnOnce(&mut Draft)) -> Decision {
    let mut draft = draft();
    change(&mut draft);
    decide(draft, "2026-11-17T10:00:00Z")
}

fn reasons(decision: &Decision) -> Vec<(HoldReason, Vec<String>)> {
    let hold = decision.legs.iter().find(|leg| leg.queue == QueueId::hold());
    hold.map(|leg| leg.held.iter().map(|held| (held.reason, held.meant_for.clone())).collect()).unwrap_or_default()
}

#[test]
fn d03_only_the_uncertain_leg_is_held_and_the_class_is_kept() {
    let decision = decided(|d| {
        d.answers.significant_harm_suspected = YES;
        d.lives_now = Area::Unknown;
        d.items = vec![coded(&[HarmCode::Cse])];
    });
    assert_eq!(lines(&decision), ["HOLD.human P1 E C items [1] +STRATEGY page", "MPU.SE P1 E items [1]"]);
    let unknown = HoldReason::GeographyUnknown;
    assert_eq!(reasons(&decision), [(unknown, vec!["MASH".to_owned()]), (unknown, vec!["REFDESK".to_owned()])]);
    assert!(leg(&decision, "HOLD.human").ack_due.is_some());
}

#[test]
fn d03_a_code_or_name_that_nobody_has_and_a_contradiction_are_held() {
    let owner = |area: Area| reasons(&decided(|d| d.missing_from = area));
    let named = |code: Option<&str>, name: Option<&str>| Area::Stated {
        code: code.map(Into::into),
        name: name.map(Into::into),
    };
    let mpu = || vec!["MPU".to_owned()];
    assert_eq!(owner(area("E08000003")), [(HoldReason::OrganisationUnknown, mpu())]);
    assert_eq!(owner(named(None, Some("Manchester"))), [(HoldReason::OrganisationUnknown, mpu())]);
    assert_eq!(owner(named(Some("E09000023"), Some("Croydon"))), [(HoldReason::GeographyUnknown, mpu())]);
    assert_eq!(owner(area("E23000001")), [(HoldReason::GeographyUnknown, mpu())], "the Met names no BCU");
    assert_eq!(owner(named(Some("E09000023"), Some("LB Lewisham"))), []);
}

#[test]
fn d04_the_alert_is_without_content_and_names_only_r24() {
    let (policy, now) = (policy(), tuesday());
    let mut secret = draft();
    secret.envelope.marking.level = MarkingLevel::Secret;
    secret.answers.significant_harm_suspected = YES;
    let class = class_of(&secret, &policy, now);
    assert_eq!(class, Class::P1);
    let alert = unsupported_marking_alert(class, &policy, now);
    assert_eq!(
        (alert.rules.as_slice(), lines(&alert)),
        (["R24"].as_slice(), vec!["HOLD.human P1 alert page".to_owned()])
    );
    assert_eq!(reasons(&alert), [(HoldReason::UnsupportedMarking, vec![])]);
    assert!(alert.items.is_empty() && alert.linked.is_empty() && alert.flags.is_empty());
}

#[test]
fn d08_where_the_accused_works_is_held_from_their_whole_unit() {
    let decision = decided(|d| {
        let officer = person("officer", PersonRole::Police);
        d.persons = vec![Person { allegation: YES, works_in_queue: Some("REFDESK.SE".into()), ..officer }];
        d.items = vec![referral()];
        d.items[0].who = ids(&["officer"]);
    });
    assert_eq!(decision.rules, ["R18", "R24"]);
    let legs = ["HOLD.human P1 E C items [1] page", "MASH.E09000023 P1 E C items [1] +LADO", "MPU.SE P1 closure"];
    assert_eq!(lines(&decision), legs);
    let held = &leg(&decision, "HOLD.human").held[0];
    assert_eq!((held.reason, held.items.as_slice()), (HoldReason::RulesConflict, [1].as_slice()));
    assert_eq!(held.never_by, [QueueId::of("MPU", "SE"), QueueId::of("REFDESK", "SE")]);
}

#[test]
fn d08_a_council_officer_accused_by_an_item_alone() {
    let decision = decided(|d| {
        let worker = person("worker", PersonRole::Professional);
        d.persons = vec![Person { works_in_queue: Some("MASH.E09000023".into()), ..worker }];
        d.items = vec![referral()];
        d.items[0].who = ids(&["worker"]);
        d.items[0].allegation = YES;
    });
    assert_eq!(queues(&decision), ["HOLD.human", "MPU.SE", "REFDESK.SE"]);
    assert!(leg(&decision, "HOLD.human").held[0].never_by.contains(&QueueId::of("ALLOC", "E09000023")));
}

#[test]
fn d08_the_duty_team_gets_no_copy_of_what_is_held_from_its_colleagues() {
    for (queue, to_edt) in [("MASH.E09000023", false), ("EDT.E09000023", false), ("REFDESK.SE", true)] {
        let mut draft = draft();
        let worker = person("worker", PersonRole::Professional);
        draft.persons = vec![Person { works_in_queue: Some(queue.into()), allegation: YES, ..worker }];
        draft.items = vec![referral()];
        draft.items[0].who = ids(&["worker"]);
        let decision = crate::domain::testing::decide(draft, "2026-11-21T23:30:00Z");
        assert_eq!(queues(&decision).contains(&"EDT.E09000023".to_owned()), to_edt, "{queue}: {decision:?}");
        assert!(!queues(&decision).contains(&queue.to_owned()), "{queue}");
        let held = &leg(&decision, "HOLD.human").held;
        assert!(held.iter().any(|held| held.items == [1]), "{queue}: {held:?}");
    }
}

#[test]
fn d16_an_offence_at_an_uncertain_place() {
    let with_place = |places: Vec<Area>| {
        decided(|d| {
            d.items = vec![referral()];
            d.items[0].sexual_offence = YES;
            let names: Vec<String> = (0..places.len()).map(|n| format!("p{n}")).collect();
            d.places = names.iter().zip(places).map(|(name, area)| place(name, area)).collect();
            d.items[0].at = names.iter().map(|name| name.as_str().into()).collect();
        })
    };
    assert_eq!(reasons(&with_place(vec![])), [], "online or no place: no hold");
    let unknown = with_place(vec![Area::Unknown]);
    assert_eq!(reasons(&unknown), [(HoldReason::GeographyUnknown, vec!["REFDESK".to_owned()])]);
    assert_eq!(leg(&unknown, "REFDESK.SE").rules, ["R01", "R02"]);
    let two = with_place(vec![area("E09000019"), Area::Unknown]);
    assert_eq!(line(leg(&two, "REFDESK.CN")), "REFDESK.CN P1 E items [1]");
    assert_eq!(leg(&two, "HOLD.human").items, [1]);
}

#[test]
fn an_intelligence_item_at_an_uncertain_place_is_with_the_owner_and_on_hold() {
    let decision = decided(|d| {
        d.places = vec![place("somewhere", Area::Absent)];
        d.items = vec![intelligence(), intelligence()];
        d.items[1].at = ids(&["somewhere"]);
    });
    assert_eq!(lines(&decision), ["HOLD.human P3 items [2] page", "MPU.SE P3 E items [1 2]"]);
}

#[test]
fn d21_an_unattended_queue_keeps_its_copy() {
    let mut policy = policy();
    let from = "2026-11-17".parse().unwrap();
    let queue = QueueId::of("MPU", "SE");
    policy.directory.unattended = vec![Unattended { queue, effective: Effective { from, until: None } }];
    let mut draft = draft();
    draft.items = vec![intelligence()];
    let decision = routed(draft, &policy, tuesday()).decision().clone();
    assert_eq!(lines(&decision), ["HOLD.human P3 E items [1] page", "MPU.SE P3 E items [1]"]);
    assert_eq!(reasons(&decision), [(HoldReason::QueueUnattended, vec!["MPU".to_owned()])]);
}

/// D21 is of queues that have nobody. The same reference data decides on an earlier day, as of the clock change that D12 names.
#[test]
fn no_queue_counts_as_empty_on_a_day_before_its_contact_was_verified() {
    let mut draft = draft();
    draft.items = vec![intelligence()];
    for moment in ["2025-01-01T12:00:00Z", "2026-08-31T12:00:00Z", "2026-10-26T12:00:00Z"] {
        assert_eq!(
            lines(routed(draft.clone(), &policy(), at(moment)).decision()),
            ["MPU.SE P3 E items [1]"],
            "{moment}"
        );
    }
}

#[test]
fn a_queue_that_nobody_has_verified_for_too_long_is_as_one_without_people() {
    let mut draft = draft();
    draft.items = vec![intelligence()];
    let on = |moment: &str| lines(routed(draft.clone(), &policy(), at(moment)).decision());
    // Verified on 2 November 2026; ageing is no more than a warning.
    assert_eq!(on("2028-11-02T12:00:00Z"), ["MPU.SE P3 E items [1]"]);
    assert_eq!(on("2028-11-03T12:00:00Z"), ["HOLD.human P3 E items [1] page", "MPU.SE P3 E items [1]"]);
}

#[test]
fn a_looked_after_child_of_nobody_known_is_held_for_the_placing_authority() {
    let decision = decided(|d| {
        d.answers.looked_after = YES;
        d.responsible_authority = Area::Unknown;
    });
    assert_eq!(decision.rules, ["R23", "R24"]);
    assert_eq!(lines(&decision), ["HOLD.human P4 E C page", "MPU.SE P4 closure"]);
}

#[test]
fn a_degraded_view_adds_a_matter_removes_no_leg_and_pages() {
    let decide = |policy: &Policy| {
        let mut draft = draft();
        draft.items = vec![intelligence(), intelligence()];
        let unit = UnitLabel { item: Some(2), part: Part::Item, audience: Audience::Mpu };
        let gap = Degraded { unit, field: "text".to_owned(), text: "taken out".into() };
        let redacted = unrendered(draft, vec![gap]);
        let classified = crate::domain::classify::classify(grading::grade(redacted), policy, tuesday());
        route(classified, policy, tuesday()).decision().clone()
    };
    let policy = policy();
    let quiet = decide(&policy);
    assert_eq!(lines(&quiet), ["HOLD.human P3 items [2] page", "MPU.SE P3 E items [1 2]"]);
    let held = &leg(&quiet, "HOLD.human").held[0];
    assert_eq!((held.reason, held.contents.as_slice()), (HoldReason::RulesConflict, [Content::Items].as_slice()));
}

#[test]
fn each_undecided_matter_can_be_resolved_apart() {
    let decision = decided(|d| {
        d.missing_from = Area::Unknown;
        d.places = vec![place("a", Area::Unknown)];
        d.items = vec![intelligence(), intelligence()];
        d.items[0].at = ids(&["a"]);
        d.items[1].at = ids(&["a"]);
        let unknown = |id| Person { at_risk: YES, ..person(id, PersonRole::OtherChild) };
        d.persons = vec![unknown("x"), unknown("y")];
    });
    let held = &leg(&decision, "HOLD.human").held;
    assert_eq!(held.len(), 5, "the owner, two items, two linked records: {held:?}");
    assert_eq!(leg(&decision, "HOLD.human").ack_due, Some(at("2026-11-17T14:00:00Z")));
}
