//! Police intelligence confirms grades: beside what was proposed, for later readers, never for the sender.

use homeward::{
    ledger::Verb,
    wire::pb::{self, Part},
};
use jiff::SignedDuration;
use prost::Message;
use tonic::Code;

use crate::{
    house::{House, INTELLIGENCE, LEWISHAM, MASH, MPU, MPU_NE, REFDESK, narrative},
    person::{Person, Taken, bytes, fresh, queue, refusal, submission, why},
};

/// Words that only police may read.
const INSTRUCTIONS: &str = "Zephyr: ring the desk before anything is done.";
const REASON: &str = "Quartz: item three says the same.";

async fn submitted(house: &House) -> String {
    house.person(LEWISHAM).await.submit(submission(&narrative(1))).await.unwrap().referral_id
}

async fn taken(person: &mut Person, queue: &str, of: &str) -> Taken {
    let taken = person.pull(queue).await.unwrap();
    taken.into_iter().find(|taken| taken.header.referral_id == of).unwrap()
}

/// Item 2 as 2B C A2 S1.
fn grading(taken: &Taken) -> pb::ConfirmGradingRequest {
    pb::ConfirmGradingRequest {
        request_id: fresh(),
        delivery_id: taken.id.clone(),
        lease_token: taken.token.clone(),
        item: 2,
        source: "2".into(),
        information: "B".into(),
        handling: "C".into(),
        action_code: "A2".into(),
        sanitisation_code: "S1".into(),
        instructions: INSTRUCTIONS.into(),
        reason: REASON.into(),
    }
}

fn item(header: &pb::Delivery, number: u32) -> &pb::DeliveryItem {
    header.items.iter().find(|item| item.index == number).unwrap()
}

fn codes(item: &pb::DeliveryItem) -> (&str, &str, &str, &str, u32) {
    let confirmed = item.confirmed.as_ref().unwrap();
    (&item.proposed, &item.handling, &confirmed.grade, &confirmed.handling, confirmed.version)
}

async fn opened(person: &mut Person, taken: &Taken, part: Part) -> pb::ItemGrading {
    person.open(taken, (part, 2), "To see the grade.").await.unwrap().grading.unwrap()
}

#[tokio::test]
async fn a_confirmed_grade_stands_beside_the_proposed_one_for_every_later_reader() {
    let mut house = House::open().await;
    let id = submitted(&house).await;
    let mut officer = house.person(INTELLIGENCE).await;
    let own = taken(&mut officer, "MPU.SE", &id).await;
    assert!(item(&own.header, 2).confirmed.is_none());
    let graded = officer.queues.confirm_grading(grading(&own)).await.unwrap().into_inner().delivery.unwrap();
    assert_eq!(codes(item(&graded, 2)), ("2C", "C A1 S2", "2B", "C A2 S1", 1));
    assert!(item(&graded, 1).confirmed.is_none());
    let confirmed = item(&graded, 2).confirmed.clone().unwrap();
    assert!(confirmed.confirmed_by.ends_with(INTELLIGENCE) && confirmed.confirmed_time.is_some());
    assert!(confirmed.instructions.is_empty() && confirmed.reason.is_empty(), "a header has no words");

    house.later(SignedDuration::from_mins(2));
    let again = pb::ConfirmGradingRequest { information: "D".into(), handling: "P".into(), ..grading(&own) };
    let again = pb::ConfirmGradingRequest {
        action_code: String::new(),
        sanitisation_code: String::new(),
        instructions: String::new(),
        ..again
    };
    officer.queues.confirm_grading(again).await.unwrap();
    let versions = opened(&mut officer, &own, Part::A).await;
    assert_eq!((versions.proposed.as_str(), versions.handling.as_str()), ("2C", "C A1 S2"));
    let told: Vec<_> = versions
        .confirmed
        .iter()
        .map(|each| (each.version, each.grade.as_str(), each.handling.as_str(), each.instructions.as_str()))
        .collect();
    assert_eq!(told, [(1, "2B", "C A2 S1", INSTRUCTIONS), (2, "2D", "P", "")], "the first stays as it was");
    assert!(versions.confirmed.iter().all(|each| each.reason == REASON));
    assert!(
        versions.confirmed[0].confirmed_time.unwrap().seconds < versions.confirmed[1].confirmed_time.unwrap().seconds
    );

    house.reopen().await;
    let (mut desk, mut mash) = (house.person(REFDESK).await, house.person(MASH).await);
    let elsewhere = taken(&mut desk, "REFDESK.SE", &id).await;
    assert_eq!(codes(item(&elsewhere.header, 2)), ("2C", "C A1 S2", "2D", "P", 2));
    let seen = opened(&mut desk, &elsewhere, Part::B).await;
    assert_eq!(seen.confirmed[0].instructions, INSTRUCTIONS, "instructions travel with the item");
    assert!(seen.confirmed.iter().all(|each| each.reason.is_empty()), "the reason belongs to the source side");
    let linked = mash.pull("MASH.E09000023").await.unwrap();
    let linked = linked.iter().find(|taken| taken.header.linked_from == id).unwrap();
    assert_eq!(codes(item(&linked.header, 2)).2, "2D", "the linked child's record carries the same item");
    assert_eq!(opened(&mut mash, linked, Part::B).await.confirmed[0].instructions, INSTRUCTIONS);
}

#[tokio::test]
async fn the_sender_learns_that_it_was_graded_and_not_how() {
    let house = House::open().await;
    let mut council = house.person(LEWISHAM).await;
    let id = submitted(&house).await;
    let mut officer = house.person(INTELLIGENCE).await;
    let own = taken(&mut officer, "MPU.SE", &id).await;
    let at = house.later(SignedDuration::from_mins(3)).as_second();
    officer.queues.confirm_grading(grading(&own)).await.unwrap();
    let referral = council.referral(&id).await.unwrap();
    let graded: Vec<_> = referral.destinations.iter().filter(|each| each.graded_time.is_some()).collect();
    assert_eq!(graded.len(), 1, "the destination where it was done");
    assert_eq!((graded[0].queue.as_str(), graded[0].graded_time.unwrap().seconds), ("MPU.SE", at));
    let asked = pb::WatchReferralsRequest { resume_token: "0".into(), on_behalf_of: String::new() };
    let mut watch = council.referrals.watch_referrals(asked).await.unwrap().into_inner();
    let event = loop {
        let message = watch.message().await.unwrap().unwrap();
        if message.event() == pb::ReferralEvent::Graded {
            break message;
        }
    };
    assert_eq!((event.referral_id.as_str(), event.event_time.unwrap().seconds), (id.as_str(), at));
    assert_eq!(event.destination.as_ref().unwrap().queue, "MPU.SE");
    for told in [referral.encode_to_vec(), event.encode_to_vec()] {
        for never in ["Zephyr", "Quartz", "C A2 S1", INTELLIGENCE] {
            assert!(!told.windows(never.len()).any(|window| window == never.as_bytes()), "{never}");
        }
    }
}

#[tokio::test]
async fn the_ledger_names_who_and_which_item_and_holds_no_word_of_it() {
    let house = House::open().await;
    let id = submitted(&house).await;
    let mut officer = house.person(INTELLIGENCE).await;
    let own = taken(&mut officer, "MPU.SE", &id).await;
    let before = house.ledger_size().await;
    officer.queues.confirm_grading(grading(&own)).await.unwrap();
    let entries = house.ledger().await.split_off(usize::try_from(before).unwrap());
    let [entry] = entries.as_slice() else { panic!("one entry: {entries:?}") };
    assert_eq!((entry.verb, entry.action.as_str()), (Verb::Alteration, "CONFIRM_GRADING"));
    assert!(entry.who.ends_with(INTELLIGENCE));
    assert_eq!(entry.deliveries.iter().map(ToString::to_string).collect::<Vec<_>>(), [own.id]);
    assert_eq!(entry.details, ["item=2"]);
}

#[tokio::test]
async fn every_offending_field_is_named_at_once() {
    let house = House::open().await;
    let id = submitted(&house).await;
    let mut officer = house.person(INTELLIGENCE).await;
    let own = taken(&mut officer, "MPU.SE", &id).await;
    let before = house.ledger_size().await;
    let mut named = Vec::new();
    for wrong in [
        pb::ConfirmGradingRequest::default(),
        pb::ConfirmGradingRequest {
            item: 9,
            source: "4".into(),
            information: "F".into(),
            handling: "c".into(),
            ..grading(&own)
        },
        pb::ConfirmGradingRequest { handling: "P".into(), reason: String::new(), ..grading(&own) },
        pb::ConfirmGradingRequest {
            action_code: "S1".into(),
            sanitisation_code: String::new(),
            instructions: "\u{7}".into(),
            reason: "x".repeat(5_001),
            ..grading(&own)
        },
        pb::ConfirmGradingRequest { item: 70_000, ..grading(&own) },
        pb::ConfirmGradingRequest { source: "3".into(), reason: " ".into(), ..grading(&own) },
    ] {
        let refused = refusal(officer.queues.confirm_grading(wrong).await);
        assert_eq!(refused.code, Code::InvalidArgument);
        named.push(refused.fields.into_iter().map(|(field, _)| field).collect::<Vec<_>>().join(" "));
    }
    assert_eq!(
        named,
        [
            "request_id delivery_id lease_token item source information handling",
            "item source information handling",
            "action_code sanitisation_code instructions reason",
            "instructions reason action_code sanitisation_code",
            "item",
            "reason",
        ]
    );
    assert_eq!(house.ledger_size().await, before);
}

#[tokio::test]
async fn only_police_intelligence_grades_and_only_under_a_live_lease_on_a_police_delivery() {
    let house = House::open().await;
    let id = submitted(&house).await;
    let (mut officer, mut other) = (house.person(INTELLIGENCE).await, house.person(MPU_NE).await);
    let own = taken(&mut officer, "MPU.SE", &id).await;
    for person in [LEWISHAM, MPU, REFDESK, MASH] {
        let refused = why(house.person(person).await.call(&queue("ConfirmGrading"), bytes(&grading(&own))).await);
        assert_eq!(refused, (Code::PermissionDenied, "METHOD_NOT_GRANTED".to_owned()), "{person}");
    }
    assert_eq!(why(other.queues.confirm_grading(grading(&own)).await).0, Code::PermissionDenied);
    let mut foreign = house.person("met/HQ/police_intelligence/i9").await;
    let unknown = pb::ConfirmGradingRequest { delivery_id: own.id.replace(&id, &fresh()), ..grading(&own) };
    for (request, person) in [(grading(&own), &mut foreign), (unknown, &mut officer)] {
        assert_eq!(why(person.queues.confirm_grading(request).await).0, Code::NotFound);
    }
    let council = foreign.pull("MASH.E09000023").await.unwrap();
    let council = council.iter().find(|taken| taken.header.linked_from == id).unwrap();
    let not_police = why(foreign.queues.confirm_grading(grading(council)).await);
    assert_eq!(not_police, (Code::FailedPrecondition, "NOT_A_POLICE_DELIVERY".to_owned()));
    let lost = (Code::FailedPrecondition, "LEASE_LOST".to_owned());
    let stale = pb::ConfirmGradingRequest { lease_token: "0".repeat(32), ..grading(&own) };
    assert_eq!(why(officer.queues.confirm_grading(stale).await), lost);
    house.later(SignedDuration::from_mins(11));
    assert_eq!(why(officer.queues.confirm_grading(grading(&own)).await), lost);
    let header = officer.deliveries("MPU.SE").await.unwrap().remove(0);
    assert!(header.items.iter().all(|item| item.confirmed.is_none()), "nothing refused has left anything");
}

#[tokio::test]
async fn the_same_request_has_the_same_answer_for_as_long_as_the_record_is_kept() {
    let mut house = House::open().await;
    let id = submitted(&house).await;
    let mut officer = house.person(INTELLIGENCE).await;
    let own = taken(&mut officer, "MPU.SE", &id).await;
    let request = grading(&own);
    let first = officer.call(&queue("ConfirmGrading"), bytes(&request)).await.unwrap();
    officer.queues.confirm_grading(pb::ConfirmGradingRequest { request_id: fresh(), ..request.clone() }).await.unwrap();
    house.later(SignedDuration::from_hours(60));
    house.reopen().await;
    let officer = house.person(INTELLIGENCE).await;
    assert_eq!(officer.call(&queue("ConfirmGrading"), bytes(&request)).await.unwrap(), first);
    let other = pb::ConfirmGradingRequest { information: "C".into(), ..request };
    let reused = why(officer.call(&queue("ConfirmGrading"), bytes(&other)).await);
    assert_eq!(reused, (Code::AlreadyExists, "REQUEST_ID_REUSED".to_owned()));
}

#[tokio::test]
async fn whoever_the_record_accuses_grades_nothing_of_it() {
    let house = House::open().await;
    let mut against = submission(&narrative(1));
    against.persons.push(pb::Person {
        id: "accused".into(),
        name: "Robin Example".into(),
        role: pb::PersonRole::Police.into(),
        category: pb::DataSubjectCategory::Suspect.into(),
        allegation: pb::YesNo::Yes.into(),
        identity: format!("homeward://pilot.example/{INTELLIGENCE}"),
        ..Default::default()
    });
    let id = house.person(LEWISHAM).await.submit(against).await.unwrap().referral_id;
    let (mut officer, mut colleague) = (house.person(INTELLIGENCE).await, house.person(MPU).await);
    assert!(officer.pull("MPU.SE").await.unwrap().is_empty());
    let theirs = taken(&mut colleague, "MPU.SE", &id).await;
    let refused = why(officer.queues.confirm_grading(grading(&theirs)).await);
    assert_eq!(refused, (Code::FailedPrecondition, "LEASE_LOST".to_owned()), "as anybody who has no lease");
}
